"""Where it hurts and what that costs: plain numbers and words, without a frame or a chart."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from customer_centric.audit.plain import Estimate, JsonValue, LogCount, plain_mapping

__all__ = ["JourneyReport", "journey_mapping"]


@dataclass(frozen=True, slots=True, kw_only=True)
class JourneySettings:
    """What was asked of the events: everything that is needed to ask it again."""

    source: str
    columns: tuple[str, ...]
    """Columns by their names, and by their roles where these are others: "case_id=session"."""
    goal: tuple[str, ...]
    lost: tuple[str, ...]
    contact: tuple[str, ...]
    closed_after: str | None
    """Length of a silence, such as "24h"."""
    end: datetime
    """Until when events were watched."""
    steps: tuple[str, ...]
    prerequisites: tuple[str, ...]
    """What comes after and before: "purchase=payment"."""
    value: float | None
    confidence_level: float
    n_resamples: int
    version: str
    command: str
    """The command that repeats it; empty where it is part of an audit."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcomes:
    """How journeys ended."""

    journeys: int
    converted: int
    abandoned: int
    escalated: int
    open: int
    left_truncated: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TouchpointScore:
    """Friction that is blamed on a touchpoint, from 0 to 100."""

    name: str
    visits: int
    score: Estimate
    share: float
    """Points of the score of all journeys."""
    main_signal: str
    """Signal with the most points; empty where there is none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TouchpointLoss:
    """Journeys that meet friction first at a touchpoint, what they lose, and what fixing it alone brings."""

    name: str
    first_flags: int
    lost: Estimate | None
    """None where there is no visit without friction to compare with."""
    money: Estimate | None
    main_signal: str
    gain: Estimate | None
    """Journeys that fixing this touchpoint alone would bring."""
    gain_money: float | None
    e_value: float | None
    """How strong a hidden cause would have to be to explain the loss away, as a risk ratio."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Losses:
    """Journeys lost to system signals before the goal."""

    total: Estimate | None
    """None where nothing can be compared."""
    index: Estimate | None
    """Percent of what there would be without friction."""
    money: Estimate | None
    touchpoints: tuple[TouchpointLoss, ...]
    best_fix: str | None
    unmatched: int
    """First flags that had nothing to be compared with."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """A step of the funnel: who reached it, of those who reached the one before and are not on the way."""

    name: str
    reached: int
    in_progress: int
    rate: Estimate | None


@dataclass(frozen=True, slots=True, kw_only=True)
class JourneyReport:
    """Where it hurts, what that costs, and what to fix first.

    Parameters
    ----------
    settings : JourneySettings
        What was asked.
    log : tuple of LogCount
        What was read.
    problems : tuple of str
        What may be wrong with the log, in plain words; empty where nothing was found.
    not_looked_for : tuple of str
        Signals that the log cannot show, and why.
    outcomes : Outcomes
        How journeys ended.
    score : Estimate
        Friction of all journeys, from 0 to 100, with expert weights.
    scores : tuple of TouchpointScore
        The same by touchpoint, the largest share first.
    losses : Losses or None
        Journeys lost to friction; None where `losses_reason` says why.
    losses_reason : str
        Why no loss can be told, empty where it can.
    funnel : tuple of Step
        Journeys by step; empty without steps.
    notes : tuple of str
        What limits these numbers, in plain words.
    """

    settings: JourneySettings
    log: tuple[LogCount, ...]
    problems: tuple[str, ...]
    not_looked_for: tuple[str, ...]
    outcomes: Outcomes
    score: Estimate
    scores: tuple[TouchpointScore, ...]
    losses: Losses | None
    losses_reason: str = ""
    funnel: tuple[Step, ...] = ()
    notes: tuple[str, ...]


def journey_mapping(report: JourneyReport) -> dict[str, JsonValue]:
    """The report as dictionaries, lists and numbers that strict JSON can hold.

    Parameters
    ----------
    report : JourneyReport
        Where it hurts.

    Returns
    -------
    dict
        Same names as the fields; moments as ISO 8601 text; a number that is undefined as None.
    """
    return plain_mapping(report)

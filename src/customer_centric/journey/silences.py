"""How long customers of a log were away, how long they are still out, and what they came to first."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from customer_centric._core.checks import check_choice
from customer_centric.errors import InvalidInputError
from customer_centric.journey.journeys import ABANDONED, ESCALATED, LEFT_TRUNCATED, OPEN, Journeys
from customer_centric.typing import BoolArray, FloatArray

__all__ = ["FirstOutcomes", "Silences", "find_first_outcomes", "find_silences"]

ClockUnit: TypeAlias = Literal["second", "minute", "hour", "day"]
_SECONDS: Final = {"second": 1.0, "minute": 60.0, "hour": 3600.0, "day": 86400.0}


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Silences:
    """Gaps that ended, and silences that have not.

    Parameters
    ----------
    gaps : ndarray of shape (n_gaps,)
        From the end of a visit to the next visit of the journey, in `unit`.
    silences : ndarray of shape (n_open,)
        From the end of the last visit of an open journey to the end of the log, in `unit`.
    open : ndarray of bool of shape (n_journeys,)
        Which journeys the silences are of.
    n_instant : int
        Gaps of no time, left out: the clock of the log is too coarse for them.
    unit : str
        Unit of the times, in words.
    """

    gaps: FloatArray
    silences: FloatArray
    open: BoolArray
    n_instant: int
    unit: str


def find_silences(
    journeys: Journeys, *, unit: ClockUnit, at: str | Collection[str] | None = None
) -> Silences:
    """Gaps between visits, and silences of open journeys: what `soft_abandonment` is fitted to.

    Parameters
    ----------
    journeys : Journeys
        From `find_journeys`, without `closed_after`: a timeout would have judged silences already.
    unit : {"second", "minute", "hour", "day"}
        Unit of the times.
    at : str or collection of str, optional
        Touchpoints after which the customer was silent; all by default. Silence after a search is not
        silence after a payment: fit the steps that matter one by one.

    Returns
    -------
    Silences
        Gaps before the goal is reached, and silences, after visits to these touchpoints.

    Raises
    ------
    InvalidInputError
        If the unit or a touchpoint is unknown.

    Examples
    --------
    >>> import pandas as pd
    >>> from customer_centric import find_journeys, prepare_log
    >>> events = pd.DataFrame(
    ...     {
    ...         "case_id": ["a", "a", "b"],
    ...         "touchpoint": ["cart", "purchase", "cart"],
    ...         "timestamp": pd.to_datetime(
    ...             ["2026-03-01 10:00", "2026-03-01 10:02", "2026-03-01 10:05"]
    ...         ),
    ...     }
    ... )
    >>> journeys = find_journeys(prepare_log(events), goal="purchase", end="2026-03-01 11:05")
    >>> found = find_silences(journeys, unit="minute")
    >>> found.gaps.tolist(), found.silences.tolist()
    ([2.0], [60.0])
    """
    v = journeys.visits
    per_unit = _SECONDS[check_choice("unit", unit, tuple(_SECONDS))] * v.clock.ticks_per_second
    names = v.touchpoints if at is None else (at,) if isinstance(at, str) else tuple(at)
    for name in names:
        if name not in v.touchpoints:
            raise InvalidInputError(
                f"`at` must be touchpoints of the log, got {name!r}; its touchpoints are "
                + ", ".join(repr(other) for other in v.touchpoints)
            )
    here = np.array([name in names for name in v.touchpoints], dtype=np.bool_)[v.touchpoint]
    last = np.zeros(v.n_visits, dtype=np.bool_)
    last[v.starts[1:] - 1] = True
    goes_on = np.flatnonzero(here & ~last)
    goes_on = goes_on[~v.after_goal[goes_on + 1]]
    gap = (v.begin[goes_on + 1] - v.finish[goes_on]) / per_unit
    end = v.starts[1:] - 1
    still_open = (journeys.status == OPEN) & here[end]
    watched_until = int(journeys.log_end.astype(f"datetime64[{v.clock.unit}]").astype(np.int64))
    silence = (watched_until - v.finish[end[still_open]]) / per_unit
    return Silences(
        gaps=gap[gap > 0].astype(np.float64),
        silences=silence.astype(np.float64),
        open=np.asarray(still_open),
        n_instant=int((gap <= 0).sum()),
        unit=unit,
    )


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class FirstOutcomes:
    """What each journey came to first, and when.

    Parameters
    ----------
    duration : ndarray of shape (n_counted,)
        From the first visit to the outcome, or to the end of the log, in `unit`.
    outcome : ndarray of shape (n_counted,)
        "convert", "contact" or "leave"; None where the journey is still open.
    unit : str
        Unit of the durations, in words.
    n_left_out : int
        Journeys that began before the log: nobody knows when.
    """

    duration: FloatArray
    outcome: NDArray[np.object_]
    unit: str
    n_left_out: int


def find_first_outcomes(journeys: Journeys, *, unit: ClockUnit) -> FirstOutcomes:
    """Whether journeys converted, turned to the company or left first: what `outcome_incidence` is made of.

    Parameters
    ----------
    journeys : Journeys
        From `find_journeys`.
    unit : {"second", "minute", "hour", "day"}
        Unit of the durations.

    Returns
    -------
    FirstOutcomes
        One entry a journey that began in the log. Those who left did so, as far as anybody knows, at the end
        of their last visit.

    Raises
    ------
    InvalidInputError
        If the unit is unknown.

    Examples
    --------
    >>> from customer_centric import EventSchema, find_journeys, outcome_incidence, prepare_log
    >>> from customer_centric.simulate import hotel_story
    >>> log = prepare_log(hotel_story(), EventSchema.full())
    >>> found = find_first_outcomes(
    ...     find_journeys(log, goal=(), contact="call_centre"), unit="minute"
    ... )
    >>> found.duration.tolist(), found.outcome.tolist()
    ([10.0], ['contact'])
    """
    v = journeys.visits
    per_unit = _SECONDS[check_choice("unit", unit, tuple(_SECONDS))] * v.clock.ticks_per_second
    never = v.n_visits
    goal = np.where(journeys.goal_visit >= 0, journeys.goal_visit, never)
    contacts = np.flatnonzero(v.contact)[::-1]
    contact = np.full(journeys.n_journeys, never, dtype=np.int64)
    # Backwards, so that the first one of each journey stays.
    contact[v.journey[contacts]] = contacts
    gone = np.isin(journeys.status, [ABANDONED, ESCALATED])
    end = v.starts[1:] - 1
    watched_until = int(journeys.log_end.astype(f"datetime64[{v.clock.unit}]").astype(np.int64))
    outcome = np.full(journeys.n_journeys, None, dtype=object)
    until = np.full(journeys.n_journeys, watched_until, dtype=np.int64)
    outcome[gone], until[gone] = "leave", v.finish[end[gone]]
    for name, first in (("contact", contact), ("convert", goal)):
        came = (first < never) & (first <= np.minimum(contact, goal))
        outcome[came], until[came] = name, v.begin[first[came]]
    counted = journeys.status != LEFT_TRUNCATED
    duration = (until - v.begin[v.starts[:-1]]) / per_unit
    return FirstOutcomes(
        duration=np.asarray(duration[counted], dtype=np.float64),
        outcome=outcome[counted],
        unit=unit,
        n_left_out=int((~counted).sum()),
    )

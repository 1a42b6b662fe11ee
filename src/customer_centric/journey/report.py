"""Where it hurts, what that costs and what to fix first: one call from a log to the answers."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from customer_centric._core.checks import check_number
from customer_centric._core.words import as_html, counted
from customer_centric.errors import InvalidInputError
from customer_centric.journey.journeys import Journeys, find_journeys
from customer_centric.journey.log import EventLog
from customer_centric.journey.loss import FrictionLoss, fix_gain, friction_loss
from customer_centric.journey.quality import LogQuality, check_log
from customer_centric.journey.score import FrictionScore, friction_score
from customer_centric.journey.signals import DEFAULT_SIGNALS, Signal, SignalTable, detect_signals

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["FrictionReport", "friction_report"]


@dataclass(frozen=True, slots=True, eq=False)
class FrictionReport:
    r"""Touchpoints by what they lose, and the one fix that pays most.

    Parameters
    ----------
    quality : LogQuality
        What is wrong with the log.
    journeys : Journeys
        The journeys, and how they ended.
    signals : SignalTable
        What was seen, and whom it is blamed on.
    score : FrictionScore
        Friction by touchpoint.
    loss : FrictionLoss
        Journeys lost, by touchpoint of the first flag.
    gains : mapping from str to FrictionLoss
        What fixing each touchpoint alone would bring, the others left as they are.
    costs : mapping from str to float
        What each fix costs, in money; 0 where it was not said.
    best_fix : str or None
        The touchpoint whose fix brings most after its cost; None where none brings anything.
    """

    quality: LogQuality
    journeys: Journeys
    signals: SignalTable
    score: FrictionScore
    loss: FrictionLoss
    gains: Mapping[str, FrictionLoss]
    costs: Mapping[str, float]
    best_fix: str | None

    @property
    def has_value(self) -> bool:
        """Whether losses are in money too."""
        return self.loss.clv_interval is not None

    def to_frame(self) -> pd.DataFrame:
        """One row a touchpoint with a first flag, the largest loss first."""
        import pandas as pd

        losses = self.loss.to_frame()
        names = self.score.names.tolist()
        scores = [float(self.score.score[names.index(name)]) for name in self.loss.touchpoints]
        fixes = [self.gains[name] for name in self.loss.touchpoints]
        return pd.DataFrame(
            {
                "touchpoint": losses["touchpoint"],
                "score": scores,
                "n_first": losses["n_first"],
                "lost": losses["lost"],
                "lower": losses["lower"],
                "upper": losses["upper"],
                "clv_at_risk": losses["clv_at_risk"],
                "clv_lower": losses["clv_lower"],
                "clv_upper": losses["clv_upper"],
                "main_signal": losses["main_signal"],
                "fix_gain": [fix.total for fix in fixes],
                "fix_lower": [fix.interval.lower for fix in fixes],
                "fix_upper": [fix.interval.upper for fix in fixes],
                "fix_value": [fix.clv_total for fix in fixes],
                "fix_cost": [self.costs.get(name, 0.0) for name in self.loss.touchpoints],
                "e_value": losses["e_value"],
            }
        )

    @property
    def summary(self) -> tuple[str, ...]:
        """The answers in sentences."""
        ended = self.journeys.counts()
        loss, level = self.loss, f"{100 * self.loss.interval.confidence_level:g} %"
        others = f"{ended['abandoned'] + ended['escalated']:,} ended without it, {ended['open']:,} are open"
        journeys = counted(self.journeys.n_journeys, "journey")
        said = [f"{journeys}: {ended['converted']:,} reached the goal, {others}."]
        if not loss.touchpoints:
            return (
                *said,
                "No touchpoint shows a system signal before the goal: nothing is lost to friction.",
            )
        said.append(
            f"Friction is associated with {loss.total:,.0f} lost journeys ({level} interval "
            f"{loss.interval.lower:,.0f} to {loss.interval.upper:,.0f}), {loss.index:.1f} % of what could "
            "have converted."
        )
        worst = loss.to_frame().iloc[0]
        said.append(
            f"It hurts most at {worst['touchpoint']}: {worst['lost']:,.0f} journeys lost, mostly to "
            f"{worst['main_signal']}."
        )
        if loss.clv_interval is not None:
            low, high = loss.clv_interval.lower, loss.clv_interval.upper
            said.append(f"At risk in money: {loss.clv_total:,.0f} ({low:,.0f} to {high:,.0f}).")
        if self.best_fix is not None:
            said.append(_fix_in_words(self, self.best_fix))
        return (*said, *(f"Note: {note.rstrip('.')}." for note in (*loss.warnings, *self.quality.problems)))

    def __str__(self) -> str:
        return " ".join(self.summary)

    def _repr_html_(self) -> str:
        return as_html(self, frame=self.to_frame())


def friction_report(
    log: EventLog,
    *,
    goal: str | Collection[str],
    lost: str | Collection[str] = (),
    contact: str | Collection[str] = (),
    entry: str | Collection[str] = (),
    end: datetime | str | None = None,
    closed_after: timedelta | None = None,
    rng: np.random.Generator,
    signals: Sequence[Signal] = DEFAULT_SIGNALS,
    answer_within: timedelta | None = None,
    steps: Sequence[str] = (),
    waits_at: Collection[str] = (),
    prerequisites: Mapping[str, str] | None = None,
    value: ArrayLike | None = None,
    costs: Mapping[str, float] | None = None,
    confidence_level: float = 0.90,
    n_resamples: int = 500,
) -> FrictionReport:
    r"""Where it hurts, what that costs and what to fix first.

    Parameters
    ----------
    log : EventLog
        From `prepare_log`.
    goal, lost, contact, entry, end, closed_after
        As in `find_journeys`: what journeys are for, and when they are over without it.
    rng : numpy.random.Generator
        Draws customers for the limits.
    signals, answer_within, steps, waits_at
        As in `detect_signals`.
    prerequisites : mapping from str to str, optional
        As in `check_log`: what must have been visited before a touchpoint.
    value : float or array_like of shape (n_journeys,), optional
        Money that a converted journey brings more than a lost one, for all or for each journey in the order
        of `find_journeys`.
    costs : mapping from str to float, optional
        What fixing a touchpoint costs, in money for the time that the log spans; needs `value`.
    confidence_level : float, default 0.90
        Nominal coverage of the intervals, strictly between 0 and 1.
    n_resamples : int, default 500
        Draws of customers, at least 1.

    Returns
    -------
    FrictionReport
        Ranked touchpoints, and the single fix that pays most; `summary` says it in sentences.

    Raises
    ------
    InvalidInputError
        If no journey has a known outcome, costs come without values or are of unknown touchpoints, or an
        argument of the steps on the way is wrong.

    Notes
    -----
    Losses are those of `friction_loss` with all system signals under study; fixes are those of `fix_gain`,
    touchpoint by touchpoint, so they do not add up to the loss. The best fix is the one with the largest
    expected gain, in money after its cost where values are given.

    Examples
    --------
    >>> import numpy as np
    >>> from customer_centric import EventSchema, prepare_log
    >>> from customer_centric.simulate import simulate_journeys
    >>> world = simulate_journeys(3_000, rng=np.random.default_rng(1))
    >>> report = friction_report(
    ...     prepare_log(world.log, EventSchema.full()),
    ...     goal="purchase",
    ...     contact="support",
    ...     end=world.end,
    ...     closed_after=timedelta(hours=1),
    ...     value=90.0,
    ...     n_resamples=100,
    ...     rng=np.random.default_rng(2),
    ... )
    >>> report.best_fix
    'payment'
    """
    journeys = find_journeys(
        log, goal=goal, lost=lost, contact=contact, entry=entry, end=end, closed_after=closed_after
    )
    found = detect_signals(journeys, signals, answer_within=answer_within, steps=steps, waits_at=waits_at)
    money = None if value is None else _values(value, journeys.n_journeys)
    paid = _costs(costs, log.touchpoints, has_value=money is not None)
    loss = friction_loss(
        found, rng=rng, value=money, confidence_level=confidence_level, n_resamples=n_resamples
    )
    gains = {
        name: fix_gain(
            found, name, rng=rng, value=money, confidence_level=confidence_level, n_resamples=n_resamples
        )
        for name in loss.touchpoints
    }
    net = {
        name: gain.total if money is None else gain.clv_total - paid.get(name, 0.0)
        for name, gain in gains.items()
    }
    best = max(net, key=net.__getitem__, default=None)
    return FrictionReport(
        quality=check_log(log, prerequisites=prerequisites, journeys=journeys),
        journeys=journeys,
        signals=found,
        score=friction_score(found, confidence_level=confidence_level),
        loss=loss,
        gains=gains,
        costs=paid,
        best_fix=best if best is not None and net[best] > 0 else None,
    )


def _values(value: ArrayLike, n: int) -> ArrayLike:
    return np.full(n, check_number("value", value)) if isinstance(value, int | float) else value


def _costs(
    costs: Mapping[str, float] | None, touchpoints: tuple[str, ...], *, has_value: bool
) -> dict[str, float]:
    if costs and not has_value:
        raise InvalidInputError("`costs` must come with `value`; journeys and money cannot be compared")
    paid: dict[str, float] = {}
    for name, cost in (costs or {}).items():
        if name not in touchpoints:
            listed = ", ".join(map(repr, touchpoints))
            raise InvalidInputError(
                f"`costs` must name touchpoints of the log, got {name!r}; they are {listed}"
            )
        paid[name] = check_number(f"costs[{name!r}]", cost, minimum=0.0)
    return paid


def _fix_in_words(report: FrictionReport, name: str) -> str:
    gain = report.gains[name]
    low, high = gain.interval.lower, gain.interval.upper
    said = (
        f"Fix {name} first: {gain.total:,.0f} more journeys would reach the goal ({low:,.0f} to {high:,.0f})"
    )
    if not report.has_value:
        return said + "."
    cost = report.costs.get(name, 0.0)
    after = f", {gain.clv_total - cost:,.0f} after its cost" if cost else ""
    return f"{said}, worth {gain.clv_total:,.0f}{after}."

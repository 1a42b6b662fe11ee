"""Estimators of what friction costs, the package's own and those that are in use, on one table of signals.

Each takes a table and gives the loss in conversions: in total, and at one touchpoint where that is another
question. Formulas of vendors are those they publish; where one gives points and no loss, only the order in
which it puts touchpoints is judged.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

import numpy as np

from customer_centric.journey import (
    SignalTable,
    fix_gain,
    friction_loss,
    single_fix_gain,
    transition_model,
    without_friction,
)
from customer_centric.typing import BoolArray, FloatArray, IntArray

OURS: Final = "**risk set of first flags, weighted**"
CHAIN: Final = "first-order Markov chain"


@dataclass(frozen=True, slots=True, eq=False)
class Rows:
    """Visits before the goal: touchpoint, journey, whether flagged, and what became of the journey."""

    table: SignalTable
    studied: tuple[str, ...]
    strata: Mapping[str, Any] | None
    step: IntArray
    journey: IntArray
    flagged: BoolArray
    outcome: FloatArray

    @classmethod
    def of(cls, table: SignalTable, studied: tuple[str, ...], strata: Mapping[str, Any] | None) -> Rows:
        visits = table.journeys.visits
        hit = np.zeros(visits.n_visits, dtype=np.bool_)
        codes = [table.names.index(name) for name in studied]
        hit[table.visit[np.isin(table.signal, codes)]] = True
        kept = np.flatnonzero(~visits.after_goal)
        journey = visits.journey[kept].astype(np.int64)
        step = visits.touchpoint[kept].astype(np.int64)
        return cls(table, studied, strata, step, journey, hit[kept], table.journeys.outcome)

    @property
    def y(self) -> FloatArray:
        """Outcome of the journey of each visit."""
        return self.outcome[self.journey]

    @property
    def steps(self) -> list[int]:
        """Touchpoints with flags."""
        return np.unique(self.step[self.flagged]).tolist()

    def name(self, step: int) -> str:
        return self.table.journeys.visits.touchpoints[step]

    def ever(self, visits: BoolArray) -> BoolArray:
        """Journeys with such a visit."""
        return np.bincount(self.journey, visits, self.outcome.size) > 0


Estimator: TypeAlias = Callable[[Rows, int | None], float]


def _gap(n: float, clean: FloatArray, flagged: FloatArray) -> float:
    return float(n * (clean.mean() - flagged.mean())) if clean.size and flagged.size else 0.0


def _by_step(one: Callable[[Rows, int], float]) -> Estimator:
    """At one touchpoint, or the sum over all."""
    return lambda rows, at: one(rows, at) if at is not None else sum(one(rows, s) for s in rows.steps)


def exposed(rows: Rows, at: int | None) -> float:
    """Journeys with a flag anywhere against journeys without any."""
    hit = rows.ever(rows.flagged if at is None else rows.flagged & (rows.step == at))
    return _gap(hit.sum(), rows.outcome[~hit], rows.outcome[hit])


def every_visit(rows: Rows, at: int) -> float:
    """Visits with a flag against visits without: a journey counts as often as it comes by."""
    here = rows.step == at
    hit, clean = here & rows.flagged, here & ~rows.flagged
    return _gap(hit.sum(), rows.y[clean], rows.y[hit])


def landmark(rows: Rows, at: int) -> float:
    """Of the journeys that reached a touchpoint, those ever flagged there against those never."""
    reached, hit = rows.ever(rows.step == at), rows.ever((rows.step == at) & rows.flagged)
    return _gap(hit.sum(), rows.outcome[reached & ~hit], rows.outcome[hit])


def first_flag(rows: Rows, at: int | None) -> float:
    """First flags against all visits without one, neither in strata nor weighted."""
    flags = rows.flagged if at is None else rows.flagged & (rows.step == at)
    before = np.concatenate([[0], np.cumsum(flags)])[:-1]
    opens = np.searchsorted(rows.journey, rows.journey)
    at_risk = before == before[opens]
    return sum(
        _gap((first := at_risk & flags & here).sum(), rows.y[at_risk & ~flags & here], rows.y[first])
        for here in (rows.step == s for s in (rows.steps if at is None else [at]))
    )


def impacted_revenue(rows: Rows, at: int | None) -> float:
    """WebEyez: flagged sessions that did not convert, at the conversion rate of the others."""
    hit = rows.ever(rows.flagged if at is None else rows.flagged & (rows.step == at))
    if hit.all():
        return 0.0
    return float((hit & (rows.outcome == 0)).sum() * rows.outcome[~hit].mean())


def chain(rows: Rows, at: int | None) -> float:
    """The absorbing chain of this package: all friction taken away, or that of one touchpoint."""
    model = transition_model(rows.table, signals=rows.studied)
    if at is None:
        return float(rows.outcome.size * (without_friction(model).conversion - model.conversion))
    gains = single_fix_gain(model, rng=np.random.default_rng(1), n_resamples=1).by("touchpoint")
    return float(gains["journeys"][gains["touchpoint"] == rows.name(at)].sum())


def ours(rows: Rows, at: int | None) -> float:
    """`friction_loss` and `fix_gain`; no limits are needed here."""
    options: dict[str, Any] = {
        "studied": rows.studied,
        "strata": rows.strata,
        "rng": np.random.default_rng(1),
        "n_resamples": 1,
    }
    if at is None:
        return friction_loss(rows.table, **options).total
    return fix_gain(rows.table, rows.name(at), **options).total


ESTIMATORS: Final[dict[str, Estimator]] = {
    OURS: ours,
    CHAIN: chain,
    "session landmark": _by_step(landmark),
    "first flags, no strata, no weights": first_flag,
    "every visit": _by_step(every_visit),
    "impacted revenue (WebEyez)": impacted_revenue,
    "exposed against unexposed": exposed,
}


def _units_at(rows: Rows, points: Mapping[str, float]) -> FloatArray:
    """Points of signals by touchpoint."""
    table, visits = rows.table, rows.table.journeys.visits
    per_signal = np.array([points.get(name, 0.0) for name in table.names])
    kept = ~visits.after_goal[table.visit]
    step = visits.touchpoint[table.visit[kept]]
    return np.bincount(step, per_signal[table.signal[kept]], len(visits.touchpoints)).astype(np.float64)


def sum_of_points(rows: Rows) -> FloatArray:
    """Noibu: the value of a symptom times how often it occurs, with the weights of the package as values."""
    return _units_at(
        rows, {name: float(w) for name, w in zip(rows.table.names, rows.table.weights, strict=True)}
    )


def error_points(rows: Rows) -> FloatArray:
    """Netaj: 5 an error; rage and dead clicks are not in these logs, emotions stand for them with 4."""
    return _units_at(rows, {"error": 5.0, "negative_emotion": 4.0})


def points_a_minute(rows: Rows) -> FloatArray:
    """UserActivity: 2 an error and 1 a turn back, over the minutes at the touchpoint."""
    visits = rows.table.journeys.visits
    points = _units_at(rows, {"error": 2.0, "negative_emotion": 3.0, "rework": 1.0})
    nxt = np.append(visits.begin[1:], visits.finish[-1:])
    spent = np.where(np.append(visits.journey[1:] == visits.journey[:-1], False), nxt - visits.begin, 0)
    minutes = np.bincount(visits.touchpoint, spent / visits.clock.ticks_per_second / 60, points.size)
    return np.divide(points, minutes, out=np.zeros(points.size), where=minutes > 0)


RANKINGS: Final[dict[str, Callable[[Rows], FloatArray]]] = {
    "sum of value x occurrences (Noibu)": sum_of_points,
    "points (Netaj)": error_points,
    "points a minute (UserActivity)": points_a_minute,
}

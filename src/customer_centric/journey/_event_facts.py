"""What events alone tell about a log: how fine its clock is, how fast and how many they are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import narwhals.stable.v2 as nw
import numpy as np

from customer_centric._core.frames.lazy import flag
from customer_centric.journey._events import EventArrays
from customer_centric.journey._lazy_events import LazyEvents
from customer_centric.journey.log import EventLog
from customer_centric.typing import FloatArray, IntArray

_DAY: Final = 86_400 * 10**9
# Steps that clocks are set to, in nanoseconds, coarsest first.
CLOCK_STEPS: Final = (_DAY, 3_600 * 10**9, 60 * 10**9, 10**9, 10**8, 10**7, 10**6, 10**3, 1)
_FIRST_ROWS: Final = 1_000


@dataclass(frozen=True, slots=True, eq=False)
class EventFacts:
    """Counts of a log, and sums over the events of each journey.

    Parameters
    ----------
    n_rows, n_duplicates, n_bots, n_ties : int
        Rows of the table; those that repeat another one; those marked as a machine's; events at the moment
        of the one before in their journey.
    n_missing_outcome : int or None
        Events without an outcome; None in a log without outcomes.
    n_events : ndarray of shape (n_journeys,)
        Events of each journey.
    lasted, squared_gaps : ndarray of shape (n_journeys,)
        Seconds from the first event to the last, and the sum of the squares of the gaps between events.
    resolution, smallest_step : float
        Seconds of the coarsest usual clock that shows every moment of the log, and the shortest time other
        than none between two events of a journey; NaN where there is none.
    """

    n_rows: int
    n_duplicates: int
    n_bots: int
    n_ties: int
    n_missing_outcome: int | None
    n_events: IntArray
    lasted: FloatArray
    squared_gaps: FloatArray
    resolution: float
    smallest_step: float


def facts_of(log: EventLog) -> EventFacts:
    """The facts of a log, wherever its events are."""
    return _in_engine(log.events) if isinstance(log.events, LazyEvents) else _in_memory(log.events)


def _in_memory(log: EventArrays) -> EventFacts:
    """The facts of a log whose events are in memory."""
    per_second = float(log.clock.ticks_per_second)
    gaps = np.diff(log.ticks, prepend=log.ticks[:1]).astype(np.float64)
    first = log.starts[:-1]
    gaps[first] = 0.0
    gaps /= per_second
    outcome = log.texts.get("outcome")
    return EventFacts(
        n_rows=log.counts.n_rows,
        n_duplicates=log.counts.n_duplicates,
        n_bots=log.counts.n_bots,
        n_ties=log.counts.n_ties,
        n_missing_outcome=None if outcome is None else int(np.count_nonzero(outcome.codes < 0)),
        n_events=np.diff(log.starts),
        lasted=(log.ticks[log.starts[1:] - 1] - log.ticks[first]) / per_second,
        squared_gaps=np.add.reduceat(gaps * gaps, first) if first.size else np.zeros(0),
        resolution=_resolution(log),
        smallest_step=float(np.min(gaps, where=gaps > 0, initial=np.inf)),
    )


def _resolution(log: EventArrays) -> float:
    if log.ticks.size == 0:
        return float("nan")
    nanoseconds = 10**9 // log.clock.ticks_per_second
    for step in CLOCK_STEPS:
        ticks = step // nanoseconds
        # A few events tell most steps that are too coarse.
        if ticks and not (log.ticks[:_FIRST_ROWS] % ticks).any() and not (log.ticks % ticks).any():
            return step / 1e9
    return nanoseconds / 1e9


def _in_engine(events: LazyEvents) -> EventFacts:
    """The facts of a lazy frame: sums by journey, in its engine."""
    n_rows, n_bots = events.check()
    nanoseconds = 10**9 // events.clock.ticks_per_second
    steps = {f"off{i}": max(step // nanoseconds, 1) for i, step in enumerate(CLOCK_STEPS)}
    per_second = float(events.clock.ticks_per_second)
    has_outcome = "outcome" in events.keys
    rows = events.placed().with_columns(gap=(nw.col("ticks") - nw.col("ticks_before")).cast(nw.Float64))
    rows = rows.with_columns(
        squared=nw.when(nw.col("gap") > 0).then(nw.col("gap") * nw.col("gap")).otherwise(nw.lit(0.0)),
        step=nw.when(nw.col("gap") > 0).then(nw.col("gap")),
        silent=flag(nw.col("outcome") < 0) if has_outcome else nw.lit(0),
        **{name: flag(nw.col("ticks") % ticks != 0) for name, ticks in steps.items()},
    )
    sums = ("squared", "silent", "tied", *steps)
    found = events.frame.collect(
        rows.group_by("journey").agg(
            n=nw.len(),
            low=nw.col("ticks").min(),
            high=nw.col("ticks").max(),
            step=nw.col("step").min(),
            **{name: nw.col(name).sum() for name in sums},
        )
    )
    place = np.argsort(found.ids("journey", "case_id").codes, kind="stable")
    values = {name: found.floats(name)[place] for name in found.columns if name != "journey"}
    fine = [step for step, name in zip(CLOCK_STEPS, steps, strict=True) if not values[name].any()]
    n_events = np.rint(values["n"]).astype(np.int64)
    return EventFacts(
        n_rows=n_rows,
        n_duplicates=events.n_duplicates(n_rows, n_bots, int(n_events.sum())),
        n_bots=n_bots,
        n_ties=int(values["tied"].sum()),
        n_missing_outcome=int(values["silent"].sum()) if has_outcome else None,
        n_events=n_events,
        lasted=(values["high"] - values["low"]) / per_second,
        squared_gaps=values["squared"] / per_second**2,
        resolution=max(fine[0], nanoseconds) / 1e9 if place.size else float("nan"),
        smallest_step=float(np.nanmin(values["step"], initial=np.inf)) / per_second,
    )

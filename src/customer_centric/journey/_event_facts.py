"""What events alone tell about a log: how fine its clock is, how fast and how many they are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

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


def facts_in_memory(log: EventLog) -> EventFacts:
    """The facts of a log whose events are in memory."""
    per_second = float(log.clock.ticks_per_second)
    gaps = np.diff(log.ticks, prepend=log.ticks[:1]).astype(np.float64)
    first = log.starts[:-1]
    gaps[first] = 0.0
    gaps /= per_second
    outcome = log.texts.get("outcome")
    return EventFacts(
        n_rows=log.n_rows,
        n_duplicates=log.n_duplicates,
        n_bots=log.n_bots,
        n_ties=log.n_ties,
        n_missing_outcome=None if outcome is None else int(np.count_nonzero(outcome.codes < 0)),
        n_events=np.diff(log.starts),
        lasted=(log.ticks[log.starts[1:] - 1] - log.ticks[first]) / per_second,
        squared_gaps=np.add.reduceat(gaps * gaps, first) if first.size else np.zeros(0),
        resolution=_resolution(log),
        smallest_step=float(np.min(gaps, where=gaps > 0, initial=np.inf)),
    )


def _resolution(log: EventLog) -> float:
    nanoseconds = 10**9 // log.clock.ticks_per_second
    for step in CLOCK_STEPS:
        ticks = max(step // nanoseconds, 1)
        # A few events tell most steps that are too coarse.
        if not (log.ticks[:_FIRST_ROWS] % ticks).any() and not (log.ticks % ticks).any():
            break
    return max(step, nanoseconds) / 1e9 if log.n_events else float("nan")

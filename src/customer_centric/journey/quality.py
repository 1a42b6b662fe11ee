"""Can a log be trusted: order, ties, machines, loops, and journeys that are not seen whole."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from customer_centric._core.frames.codes import as_series
from customer_centric._core.words import as_html, counted
from customer_centric.errors import InvalidInputError
from customer_centric.journey._event_facts import EventFacts, facts_of
from customer_centric.journey.journeys import Journeys, visits_of
from customer_centric.journey.log import EventLog
from customer_centric.journey.visits import NEVER
from customer_centric.typing import BoolArray, IntArray

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["LogQuality", "OrderViolation", "check_log"]

_N_EXAMPLES: Final = 3
# A machine: so many events or more, less than a second apart on average, all gaps nearly alike.
_FAST_EVENTS: Final = 10
_FAST_SPREAD: Final = 0.25
# A long journey: beyond this share of the others, where there are so many, and this many typical ones.
_LONG_QUANTILE: Final = 0.999
_LONG_JOURNEYS: Final = 1_000
_LONG_TIMES: Final = 10
_LOOP_VISITS: Final = 20


@dataclass(frozen=True, slots=True)
class OrderViolation:
    """Visits to a touchpoint that come before what must come first.

    Parameters
    ----------
    touchpoint, prerequisite : str
        What was visited, and what must have been visited before.
    n_visits : int
        Visits to the touchpoint.
    n_before : int
        Those of them that come before the first visit to the prerequisite, which follows later.
    n_without : int
        Those of them in journeys that never visit the prerequisite.
    n_journeys : int
        Journeys with a visit of either kind.
    examples : tuple
        Ids of the first few such journeys.
    """

    touchpoint: str
    prerequisite: str
    n_visits: int
    n_before: int
    n_without: int
    n_journeys: int
    examples: tuple[object, ...]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LogQuality:
    """What is wrong with a log, or may be; nothing was changed.

    Parameters
    ----------
    n_rows, n_events, n_journeys : int
        Rows of the table, events and journeys of the log.
    n_duplicates : int
        Rows that agree with another one in every column.
    n_bots : int
        Rows marked as made by a machine.
    n_ties : int
        Events at the moment of the one before in their journey, with no `order` to tell them apart.
    n_missing_outcome : int or None
        Events without an outcome; None in a log without outcomes.
    resolution : float
        Seconds of the coarsest usual clock that shows every moment: 60.0 where all fall on whole minutes.
    smallest_step : float
        Shortest time other than none between two events of a journey, in seconds; NaN without any.
    violations : tuple of OrderViolation
        One for each stated prerequisite, also where all is well.
    fast_journeys : ndarray of int
        Positions of journeys of 10 events or more, less than a second apart on average, with a standard
        deviation of the gaps of at most a quarter of their mean: machines do that.
    long_journeys : ndarray of int
        Positions of journeys with more events than 99.9 % of all, and ten times the median; not looked for
        in fewer than 1,000 journeys.
    longest_loop : int
        Most visits of one journey to one touchpoint.
    n_looping : int
        Journeys with more than 20 visits to one touchpoint.
    n_open, n_left_truncated : int or None
        Journeys whose end, or begin, is not in the log; None without `journeys`.
    problems : tuple of str
        What should be looked at, in plain words; empty where nothing was found.
    """

    n_rows: int
    n_events: int
    n_journeys: int
    n_duplicates: int
    n_bots: int
    n_ties: int
    n_missing_outcome: int | None
    resolution: float
    smallest_step: float
    violations: tuple[OrderViolation, ...]
    fast_journeys: IntArray = field(repr=False)
    long_journeys: IntArray = field(repr=False)
    longest_loop: int
    n_looping: int
    n_open: int | None
    n_left_truncated: int | None
    problems: tuple[str, ...]

    def to_frame(self) -> pd.DataFrame:
        """One row a check: `check`, `count`, `total`, and `share`, NaN where there is nothing to count."""
        import pandas as pd

        rows = [
            ("duplicates", self.n_duplicates, self.n_rows),
            ("marked_bots", self.n_bots, self.n_rows),
            ("ties", self.n_ties, self.n_events),
            ("missing_outcome", self.n_missing_outcome, self.n_events),
            ("fast_journeys", self.fast_journeys.size, self.n_journeys),
            ("long_journeys", self.long_journeys.size, self.n_journeys),
            ("looping_journeys", self.n_looping, self.n_journeys),
            ("open_journeys", self.n_open, self.n_journeys),
            ("left_truncated_journeys", self.n_left_truncated, self.n_journeys),
        ]
        for found in self.violations:
            name = f"{found.touchpoint}_before_{found.prerequisite}"
            rows.append((name, found.n_before, found.n_visits))
            rows.append((f"{found.touchpoint}_without_{found.prerequisite}", found.n_without, found.n_visits))
        frame = pd.DataFrame(
            [(name, count, total) for name, count, total in rows if count is not None],
            columns=["check", "count", "total"],
        )
        return frame.assign(share=frame["count"] / frame["total"].where(frame["total"] > 0))

    def __str__(self) -> str:
        text = f"{counted(self.n_events, 'event')} of {counted(self.n_journeys, 'journey')}: "
        if not self.problems:
            return text + "nothing wrong was found"
        return text + f"{counted(len(self.problems), 'problem')}. " + " ".join(self.problems)

    def _repr_html_(self) -> str:
        return as_html(self, frame=self.to_frame())


def check_log(
    log: EventLog,
    *,
    prerequisites: Mapping[str, str] | None = None,
    journeys: Journeys | None = None,
) -> LogQuality:
    r"""What is wrong with a log: order, duplicates, ties, machines, loops, and journeys not seen whole.

    Parameters
    ----------
    log : EventLog
        Events in order, from `prepare_log`.
    prerequisites : mapping from str to str, optional
        What must have been visited before a touchpoint: `{"purchase": "payment"}`.
    journeys : Journeys, optional
        From `find_journeys` of the same log: tells which journeys are still open and which began before the
        log. Neither can be known without it.

    Returns
    -------
    LogQuality
        Counts, examples and problems in plain words.

    Raises
    ------
    InvalidInputError
        If a touchpoint is not in the log, or `journeys` are not those of the log.

    Notes
    -----
    A visit violates a prerequisite if its first event is before the first event of the prerequisite in its
    journey; events of one moment do not, since their order is not known.

    Examples
    --------
    >>> import pandas as pd
    >>> from customer_centric import prepare_log
    >>> events = pd.DataFrame(
    ...     {
    ...         "case_id": ["a", "a", "b", "b"],
    ...         "touchpoint": ["payment", "purchase", "purchase", "payment"],
    ...         "timestamp": pd.to_datetime(
    ...             [
    ...                 "2026-03-01 10:00",
    ...                 "2026-03-01 10:02",
    ...                 "2026-03-01 10:05",
    ...                 "2026-03-01 10:06",
    ...             ]
    ...         ),
    ...     }
    ... )
    >>> quality = check_log(prepare_log(events), prerequisites={"purchase": "payment"})
    >>> quality.violations[0].n_before, quality.violations[0].examples
    (1, ('b',))
    """
    facts = facts_of(log)
    steps = _steps_of(log, journeys, facts.n_events.size)
    violations = tuple(_violation(steps, later, earlier) for later, earlier in (prerequisites or {}).items())
    loops = _most_visits(steps)
    fast = _fast(facts)
    long = _long(facts)
    counts = journeys.counts() if journeys is not None else {}
    found = LogQuality(
        n_rows=facts.n_rows,
        n_events=int(facts.n_events.sum()),
        n_journeys=facts.n_events.size,
        n_duplicates=facts.n_duplicates,
        n_bots=facts.n_bots,
        n_ties=facts.n_ties,
        n_missing_outcome=facts.n_missing_outcome,
        resolution=facts.resolution,
        smallest_step=facts.smallest_step if np.isfinite(facts.smallest_step) else float("nan"),
        violations=violations,
        fast_journeys=np.flatnonzero(fast),
        long_journeys=np.flatnonzero(long),
        longest_loop=int(loops.max(initial=0)),
        n_looping=int(np.count_nonzero(loops > _LOOP_VISITS)),
        n_open=counts.get("open"),
        n_left_truncated=counts.get("left_truncated"),
        problems=(),
    )
    return replace(found, problems=tuple(_problems(found)))


@dataclass(frozen=True, slots=True, eq=False)
class _Steps:
    """Visits by journey and time."""

    journey: NDArray[Any]
    touchpoint: NDArray[Any]
    begin: IntArray
    n_journeys: int
    touchpoints: tuple[str, ...]
    ids: Callable[[IntArray], object]


def _steps_of(log: EventLog, journeys: Journeys | None, n_journeys: int) -> _Steps:
    if journeys is None:
        rows = visits_of(log)
        journey, touchpoint, begin = (rows.fields[name] for name in ("journey", "touchpoint", "begin"))
        return _Steps(journey, touchpoint, begin, n_journeys, rows.touchpoints, rows.journey_ids)
    if journeys.n_journeys != n_journeys:
        raise InvalidInputError(
            f"`journeys` must be those of the log, got {counted(journeys.n_journeys, 'journey')} for "
            f"{n_journeys:,}; use `find_journeys` on the same log"
        )
    v = journeys.visits
    return _Steps(v.journey, v.touchpoint, v.begin, n_journeys, v.touchpoints, journeys.ids)


def _violation(steps: _Steps, later: str, earlier: str) -> OrderViolation:
    for name in (later, earlier):
        if name not in steps.touchpoints:
            listed = ", ".join(repr(known) for known in steps.touchpoints) or "none"
            raise InvalidInputError(
                f"`prerequisites` must be touchpoints of the log, got {name!r}; its touchpoints are {listed}"
            )
    required = np.flatnonzero(steps.touchpoint == steps.touchpoints.index(earlier))
    first = np.full(steps.n_journeys, NEVER)
    # Backwards, so that the first one stays.
    first[steps.journey[required[::-1]]] = steps.begin[required[::-1]]
    visits = np.flatnonzero(steps.touchpoint == steps.touchpoints.index(later))
    known = first[steps.journey[visits]]
    without = known == NEVER
    before = ~without & (steps.begin[visits] < known)
    concerned = np.unique(steps.journey[visits[before | without]]).astype(np.int64)
    return OrderViolation(
        touchpoint=later,
        prerequisite=earlier,
        n_visits=visits.size,
        n_before=int(before.sum()),
        n_without=int(without.sum()),
        n_journeys=concerned.size,
        examples=tuple(as_series(steps.ids(concerned[:_N_EXAMPLES])).to_list()),
    )


def _most_visits(steps: _Steps) -> IntArray:
    """For each journey and touchpoint that it visits, how often."""
    n_touchpoints = len(steps.touchpoints)
    cell = steps.journey.astype(np.int64) * n_touchpoints + steps.touchpoint
    if steps.n_journeys * n_touchpoints <= 4 * cell.size:
        return np.bincount(cell)
    return np.unique(cell, return_counts=True)[1]


def _fast(facts: EventFacts) -> BoolArray:
    gaps = np.maximum(facts.n_events - 1, 1)
    mean = facts.lasted / gaps
    variance = np.maximum(facts.squared_gaps / gaps - mean**2, 0.0)
    regular = variance <= (_FAST_SPREAD * mean) ** 2
    return (facts.n_events >= _FAST_EVENTS) & (mean > 0) & (mean < 1) & regular


def _long(facts: EventFacts) -> BoolArray:
    n = facts.n_events
    if n.size < _LONG_JOURNEYS:
        return np.zeros(n.size, dtype=np.bool_)
    return np.asarray(n > max(np.quantile(n, _LONG_QUANTILE), _LONG_TIMES * np.median(n)))


def _problems(found: LogQuality) -> Iterator[str]:
    """What should be looked at, most misleading first."""
    for violation in found.violations:
        yield from _order_problems(violation)
    if found.n_ties:
        yield (
            f"{counted(found.n_ties, 'event')} ({found.n_ties / found.n_events:.1%}) have the moment of the "
            f"one before (the clock shows steps of {found.resolution:g} s): their order is that of the "
            "rows; give `order`."
        )
    if found.n_duplicates:
        yield f"{counted(found.n_duplicates, 'row')} of {found.n_rows:,} repeat another one."
    if found.n_bots:
        yield f"{counted(found.n_bots, 'row')} of {found.n_rows:,} are marked as made by a machine."
    if found.fast_journeys.size:
        yield (
            f"{counted(found.fast_journeys.size, 'journey')} look like a machine's: events less than a "
            "second apart, at regular gaps."
        )
    if found.long_journeys.size:
        yield (
            f"{counted(found.long_journeys.size, 'journey')} have more events than 99.9 % of all and ten "
            "times as many as is usual: see whether people made them."
        )
    if found.n_looping:
        yield (
            f"Touchpoints are visited more than {_LOOP_VISITS} times by one journey in "
            f"{counted(found.n_looping, 'case')}, up to {found.longest_loop:,} times: see whether a case is "
            "one journey."
        )
    yield from _unseen_problems(found)


def _order_problems(found: OrderViolation) -> Iterator[str]:
    instance = f", for instance in journey {found.examples[0]!r}" if found.examples else ""
    of = f"of {counted(found.n_visits, 'visit')} to {found.touchpoint!r}"
    if found.n_before:
        verb = "precedes" if found.n_before == 1 else "precede"
        yield (
            f"{found.n_before:,} {of} {verb} {found.prerequisite!r}{instance}: the moments of the log are "
            "wrong, or the prerequisite is."
        )
    if found.n_without:
        verb = "is" if found.n_without == 1 else "are"
        yield f"{found.n_without:,} {of} {verb} in journeys without {found.prerequisite!r}{instance}."


def _unseen_problems(found: LogQuality) -> Iterator[str]:
    if found.n_missing_outcome:
        share = found.n_missing_outcome / found.n_events
        yield (
            f"{counted(found.n_missing_outcome, 'event')} ({share:.1%}) have no outcome, which is not the "
            "same as having gone well."
        )
    if found.n_open:
        yield (
            f"{counted(found.n_open, 'journey')} ({found.n_open / found.n_journeys:.1%}) are still open: "
            "they are not lost; see `soft_abandonment`."
        )
    if found.n_left_truncated:
        yield (
            f"{counted(found.n_left_truncated, 'journey')} "
            f"({found.n_left_truncated / found.n_journeys:.1%}) began before the log."
        )

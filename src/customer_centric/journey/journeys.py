"""Journeys and how they ended: reached, left, still open."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from customer_centric.errors import InvalidInputError
from customer_centric.journey._columns import OUTCOMES
from customer_centric.journey._lazy_events import LazyEvents
from customer_centric.journey._lazy_visits import visits_in_engine
from customer_centric.journey.log import EventLog
from customer_centric.journey.visits import VisitRows, Visits, visits_in_memory
from customer_centric.typing import BoolArray, FloatArray, IntArray

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["STATUSES", "Journeys", "find_journeys"]

STATUSES: Final = ("converted", "abandoned", "escalated", "open", "left_truncated")
CONVERTED, ABANDONED, ESCALATED, OPEN, LEFT_TRUNCATED = range(5)
# What an event at the goal must not be to have reached it; a missing outcome is not one of these.
_FAILED: Final = tuple(OUTCOMES.index(name) for name in ("error", "declined", "unresolved", "pending"))


@dataclass(frozen=True, slots=True, eq=False)
class Journeys:
    r"""Journeys, their visits, and how each ended.

    Parameters
    ----------
    goal, lost, contact : tuple of str
        The touchpoints that are the goal, the end without it, and contacts with the company.
    visits : Visits
        One row a visit, by journey and time.
    status : ndarray of int of shape (n_journeys,)
        Code in `STATUSES`: converted, abandoned, escalated, open, left_truncated.
    outcome : ndarray of shape (n_journeys,)
        1 where the goal was reached, 0 where it was not and will not be, NaN where that is unknown.
    goal_visit : ndarray of int of shape (n_journeys,)
        The visit that reached the goal; -1 where none did.
    customer : ndarray of int of shape (n_journeys,)
        Code of each journey's customer.
    log_end : numpy.datetime64
        Until when the log was watched.
    ids, customer_ids : callable
        From positions of journeys to a native series of their ids, and of those of their customers.
    build : callable
        Makes a frame of the kind that the log came from.
    """

    goal: tuple[str, ...]
    lost: tuple[str, ...]
    contact: tuple[str, ...]
    visits: Visits
    status: NDArray[Any]
    outcome: FloatArray
    goal_visit: IntArray
    customer: NDArray[Any]
    log_end: np.datetime64
    ids: Callable[[IntArray], object] = field(repr=False)
    customer_ids: Callable[[IntArray], object] = field(repr=False)
    build: Callable[..., Any] = field(repr=False)

    @property
    def n_journeys(self) -> int:
        """Number of journeys."""
        return int(self.status.size)

    def counts(self) -> dict[str, int]:
        """Journeys of each status."""
        counted = np.bincount(self.status, minlength=len(STATUSES))
        return {name: int(n) for name, n in zip(STATUSES, counted, strict=True)}

    def to_frame(self) -> pd.DataFrame:
        """One row a journey: its id, customer, status, outcome, moments and number of visits.

        Moments are in UTC where those of the log have a time zone.
        """
        import pandas as pd

        every = np.arange(self.n_journeys)
        v = self.visits
        return pd.DataFrame(
            {
                "case_id": self.ids(every),
                "customer_id": self.customer_ids(every),
                "status": np.array(STATUSES, dtype=object)[self.status],
                "outcome": self.outcome,
                "start": v.clock.moments(v.begin[v.starts[:-1]]),
                "end": v.clock.moments(v.finish[v.starts[1:] - 1]),
                "n_visits": np.diff(v.starts),
            }
        )


def find_journeys(
    log: EventLog,
    *,
    goal: str | Collection[str],
    lost: str | Collection[str] = (),
    contact: str | Collection[str] = (),
    entry: str | Collection[str] = (),
    end: datetime | str | None = None,
    closed_after: timedelta | None = None,
) -> Journeys:
    r"""The journeys of a log, and how each ended.

    Parameters
    ----------
    log : EventLog
        Events in order, from `prepare_log`.
    goal : str or collection of str
        Touchpoints that are what the customer came for. One is reached by an event there whose outcome is
        "ok" or missing. What comes after it is kept apart. An empty one where the goal is not in the log,
        such as a renewal: outcomes are given to `friction_loss` then.
    lost : str or collection of str, default ()
        Touchpoints that say that the customer gave up.
    contact : str or collection of str, default ()
        Touchpoints where customers turn to the company: the call centre, the chat.
    entry : str or collection of str, default ()
        Touchpoints at which journeys begin. If given, a journey that begins elsewhere began before the log.
    end : datetime or str, optional
        Until when the log was watched; the last event by default.
    closed_after : timedelta, optional
        A journey that has been silent for as long at `end` is over. Without it only `lost` ends a journey
        short of the goal, and the others are open: `soft_abandonment` says how likely they are to be over.

    Returns
    -------
    Journeys
        Visits, and the status and outcome of each journey.

    Raises
    ------
    InvalidInputError
        If a touchpoint is not in the log, one has two meanings, `end` is before the last event, or
        `closed_after` is not positive.

    Notes
    -----
    "converted": reached the goal. "abandoned": reached `lost`, or fell silent for `closed_after`.
    "escalated": the same, with a contact as the last visit. "left_truncated": began elsewhere than at
    `entry`. "open": everything else, whatever its last event is.

    Examples
    --------
    >>> import pandas as pd
    >>> events = pd.DataFrame(
    ...     {
    ...         "case_id": ["a", "a", "b"],
    ...         "touchpoint": ["cart", "purchase", "cart"],
    ...         "timestamp": pd.to_datetime(
    ...             ["2026-03-01 10:00", "2026-03-01 10:02", "2026-03-01 10:05"]
    ...         ),
    ...     }
    ... )
    >>> from customer_centric import prepare_log
    >>> find_journeys(prepare_log(events), goal="purchase").counts()["open"]
    1
    """
    rows = visits_of(log)
    named = _named(rows, {"goal": goal, "lost": lost, "contact": contact, "entry": entry})
    last_tick = _end_of(rows, end)
    fields = rows.fields
    touchpoint, starts = fields["touchpoint"], fields["starts"]
    goal_visit = _goal_visits(named["goal"][touchpoint], fields.get("outcome"), starts)
    visits = Visits(
        touchpoints=rows.touchpoints,
        clock=rows.clock,
        contact=named["contact"][touchpoint],
        after_goal=_after(goal_visit, starts),
        end=np.array(last_tick),
        **fields,
    )
    status = _statuses(visits, goal_visit, named, last_tick, closed_after)
    outcome = np.array([1.0, 0.0, 0.0, np.nan, np.nan])[status]
    return Journeys(
        goal=_names(goal),
        lost=_names(lost),
        contact=_names(contact),
        visits=visits,
        status=status,
        outcome=outcome,
        goal_visit=goal_visit,
        customer=rows.customer,
        log_end=rows.clock.moment(last_tick),
        ids=rows.journey_ids,
        customer_ids=rows.customer_ids,
        build=rows.build,
    )


def visits_of(log: EventLog) -> VisitRows:
    """The visits of a log, wherever its events are."""
    return (
        visits_in_engine(log.events) if isinstance(log.events, LazyEvents) else visits_in_memory(log.events)
    )


def _after(goal_visit: IntArray, starts: IntArray) -> BoolArray:
    """Whether each visit comes after the one that reached the goal of its journey."""
    after = np.zeros(int(starts[-1]), dtype=np.bool_)
    reached = np.flatnonzero(goal_visit >= 0)
    if reached.size == 0:
        return after
    n_after = starts[reached + 1] - goal_visit[reached] - 1
    # From the visit after the goal to the end of the journey.
    edge = np.zeros(after.size + 1, dtype=np.int8)
    edge[goal_visit[reached[n_after > 0]] + 1] += 1
    edge[starts[reached[n_after > 0] + 1]] -= 1
    return np.cumsum(edge[:-1], dtype=np.int8).astype(np.bool_)


def _names(value: str | Collection[str]) -> tuple[str, ...]:
    return (value,) if isinstance(value, str) else tuple(value)


def _named(rows: VisitRows, given: dict[str, str | Collection[str]]) -> dict[str, BoolArray]:
    """For each role, whether each touchpoint code has it."""
    found: dict[str, BoolArray] = {}
    meaning: dict[str, str] = {}
    for role, value in given.items():
        names = _names(value)
        for name in names:
            if name not in rows.touchpoints and rows.touchpoints:
                listed = ", ".join(repr(known) for known in rows.touchpoints)
                raise InvalidInputError(
                    f"`{role}` must be touchpoints of the log, got {name!r}; its touchpoints are {listed}"
                )
            other = meaning.setdefault(name, role)
            if other != role and "entry" not in {other, role}:
                raise InvalidInputError(f"`{role}` must not share touchpoints with `{other}`, got {name!r}")
        found[role] = np.array([known in names for known in rows.touchpoints], dtype=np.bool_)
    return found


def _end_of(rows: VisitRows, end: datetime | str | None) -> int:
    latest = rows.latest
    if end is None:
        return latest
    import pandas as pd

    moment = pd.Timestamp(end)
    if (moment.tzinfo is not None) != rows.clock.is_utc:
        with_zone = "with" if rows.clock.is_utc else "without"
        raise InvalidInputError(f"`end` must be {with_zone} a time zone as the log is, got {end}")
    if moment.tzinfo is not None:
        moment = moment.tz_convert("UTC").tz_localize(None)
    ticks = int(moment.to_datetime64().astype(f"datetime64[{rows.clock.unit}]").astype(np.int64))
    if ticks < latest:
        last = rows.clock.moment(latest)
        raise InvalidInputError(f"`end` must not be before the last event ({last}), got {end}")
    return ticks


def _goal_visits(at_goal: BoolArray, outcome: NDArray[Any] | None, starts: IntArray) -> IntArray:
    """The first visit of each journey that reached the goal; -1 where none did."""
    n_journeys = starts.size - 1
    hits = np.flatnonzero(at_goal)
    if outcome is not None and hits.size:
        hits = hits[~np.isin(outcome[hits], _FAILED)]
    found = np.full(n_journeys, -1, dtype=np.int64)
    if hits.size:
        owner = np.searchsorted(starts, hits, side="right") - 1
        # Backwards, so that the first one stays.
        found[owner[::-1]] = hits[::-1]
    return found


def _statuses(
    visits: Visits,
    goal_visit: IntArray,
    named: dict[str, BoolArray],
    end: int,
    closed_after: timedelta | None,
) -> NDArray[Any]:
    last = visits.starts[1:] - 1
    over = np.zeros(last.size, dtype=np.bool_)
    if named["lost"].any():
        gave_up = np.flatnonzero(named["lost"][visits.touchpoint])
        over[visits.journey[gave_up]] = True
    if closed_after is not None:
        seconds = closed_after.total_seconds()
        if not seconds > 0:
            raise InvalidInputError(f"`closed_after` must be positive, got {closed_after}")
        over |= end - visits.finish[last] >= seconds * visits.clock.ticks_per_second
    status = np.full(last.size, OPEN, dtype=np.int8)
    status[over] = ABANDONED
    status[over & visits.contact[last]] = ESCALATED
    status[goal_visit >= 0] = CONVERTED
    if named["entry"].any():
        status[~named["entry"][visits.touchpoint[visits.starts[:-1]]]] = LEFT_TRUNCATED
    return status

"""The rules of the default signals: which visits show each, and how severely."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from customer_centric._core.checks import check_number
from customer_centric.errors import InvalidInputError
from customer_centric.journey.log import OUTCOMES
from customer_centric.journey.visits import NEVER, Visits
from customer_centric.typing import BoolArray, FloatArray, IntArray

_ERROR, _DECLINED, _UNRESOLVED, _PENDING = (
    OUTCOMES.index(name) for name in ("error", "declined", "unresolved", "pending")
)
# So many requests are a wall, whatever the contact ended in.
_WALL: Final = 2
# Fewer clean visits do not tell what is usual at a touchpoint.
_ENOUGH: Final = 20
# Up to here a table with a cell for each journey and touchpoint is cheaper than sorting the visits.
_TABLE_CELLS: Final = 1 << 20


@dataclass(frozen=True, slots=True, eq=False)
class Sparse:
    """Occurrences of one signal: the visits, ascending, their severities, and who is to blame."""

    visit: IntArray
    severity: FloatArray
    blamed: IntArray | None = None

    @property
    def cause(self) -> IntArray:
        """Who is to blame: the visit itself unless somebody else is."""
        return self.visit if self.blamed is None else self.blamed

    def where(self, kept: BoolArray) -> Sparse:
        """Some of the occurrences."""
        return Sparse(
            self.visit[kept], self.severity[kept], None if self.blamed is None else self.blamed[kept]
        )


@dataclass(frozen=True, slots=True, eq=False)
class Settings:
    """What rules are told, in ticks and codes."""

    retry_within: float
    repeat_within: float
    price_scale: float
    answer_within: float | None
    ranks: NDArray[Any] | None
    waits_at: BoolArray

    @classmethod
    def of(
        cls,
        visits: Visits,
        *,
        retry_within: timedelta,
        repeat_within: timedelta,
        price_scale: float,
        answer_within: timedelta | None,
        steps: Sequence[str],
        waits_at: Collection[str],
    ) -> Settings:
        """The settings, checked."""
        known = visits.touchpoints
        for role, names in {"steps": steps, "waits_at": waits_at}.items():
            check_touchpoints(role, names, visits)
        if len(set(steps)) < len(steps):
            raise InvalidInputError(f"`steps` must be different touchpoints, got {list(steps)}")
        ranks = None
        if steps:
            ranks = np.array([steps.index(name) if name in steps else -1 for name in known])
        return cls(
            retry_within=_ticks("retry_within", retry_within, visits),
            repeat_within=_ticks("repeat_within", repeat_within, visits),
            price_scale=check_number("price_scale", price_scale, minimum=0.0, open_minimum=True),
            answer_within=None if answer_within is None else _ticks("answer_within", answer_within, visits),
            ranks=ranks,
            waits_at=np.array([name in waits_at for name in known], dtype=np.bool_),
        )


def check_touchpoints(name: str, given: Collection[str], visits: Visits) -> None:
    """Several touchpoints of the log; a log without an event has none to compare with."""
    if isinstance(given, str):
        raise InvalidInputError(
            f"`{name}` must be several touchpoints, got the text {given!r}; write [{given!r}]"
        )
    unknown = [step for step in given if step not in visits.touchpoints]
    if unknown and visits.n_visits:
        raise InvalidInputError(
            f"`{name}` must be touchpoints of the log, got {unknown[0]!r}; its touchpoints are "
            + ", ".join(repr(step) for step in visits.touchpoints)
        )


def _ticks(name: str, value: timedelta, visits: Visits) -> float:
    if not isinstance(value, timedelta) or not value.total_seconds() > 0:
        raise InvalidInputError(f"`{name}` must be a positive timedelta, got {value!r}")
    return value.total_seconds() * visits.clock.ticks_per_second


def _ones(where: BoolArray) -> Sparse:
    hits = np.flatnonzero(where)
    return Sparse(hits, np.ones(hits.size))


def steps_before(visits: Visits, which: IntArray) -> IntArray:
    """The last visit before each that is no contact; the visit itself where there is none."""
    steps = np.flatnonzero(~visits.contact)
    place = np.searchsorted(steps, which) - 1
    first = visits.starts[visits.journey[which]]
    found = steps[np.maximum(place, 0)] if steps.size else which
    return np.where((place >= 0) & (found >= first), found, which)


def _error(visits: Visits, _: Settings, __: Sequence[Sparse]) -> Sparse | str:
    if visits.outcome is None:
        return "the log has no `outcome`"
    return _ones((visits.outcome == _ERROR) | (visits.outcome == _DECLINED))


def _same_as_before(visits: Visits) -> BoolArray:
    """Whether each visit is at the touchpoint of the one before in its journey."""
    same = np.zeros(visits.n_visits, dtype=np.bool_)
    np.equal(visits.touchpoint[1:], visits.touchpoint[:-1], out=same[1:])
    same[visits.starts[:-1]] = False
    return same


def _retry(visits: Visits, settings: Settings, _: Sequence[Sparse]) -> Sparse | str:
    again = np.flatnonzero(_same_as_before(visits))
    again = again[~visits.contact[again]]
    if visits.outcome is not None:
        before = visits.outcome[again - 1]
        again = again[(before == _ERROR) | (before == _DECLINED) | (before < 0)]
    again = again[visits.begin[again] - visits.finish[again - 1] <= settings.retry_within]
    return Sparse(again, np.ones(again.size))


def _rework(visits: Visits, _: Settings, __: Sequence[Sparse]) -> Sparse | str:
    seen = _seen_before(visits)
    seen &= ~_same_as_before(visits)
    seen &= ~visits.contact
    return _ones(seen)


def _seen_before(visits: Visits) -> BoolArray:
    """Whether each visit's touchpoint was visited before in its journey."""
    n_steps, n_journeys = len(visits.touchpoints), visits.starts.size - 1
    narrow = np.int32 if n_journeys * n_steps < 2**31 else np.int64
    cell = visits.journey.astype(narrow)
    np.multiply(cell, n_steps, out=cell)
    np.add(cell, visits.touchpoint, out=cell)
    place = np.arange(visits.n_visits, dtype=np.int32 if visits.n_visits < 2**31 else np.int64)
    if n_journeys * n_steps <= max(4 * visits.n_visits, _TABLE_CELLS):
        first = np.empty(n_journeys * n_steps, dtype=place.dtype)
        # Backwards, so that the first visit to each is what stays.
        first[cell[::-1]] = place[::-1]
        return np.asarray(first[cell] < place)
    order = np.argsort(cell, kind="stable")
    seen = np.zeros(visits.n_visits, dtype=np.bool_)
    seen[order[1:]] = cell[order[1:]] == cell[order[:-1]]
    return seen


def _backtrack(visits: Visits, settings: Settings, _: Sequence[Sparse]) -> Sparse | str:
    if settings.ranks is None:
        return "`steps` does not say in which order touchpoints are meant to be passed"
    rank = settings.ranks[visits.touchpoint].astype(np.int64)
    # Journeys one above the other, so that one running maximum serves all.
    level = visits.journey.astype(np.int64) * (int(settings.ranks.max()) + 2)
    highest = np.maximum.accumulate(rank + 1 + level) - level - 1
    return _ones((rank >= 0) & (rank < highest))


def _price_change(visits: Visits, settings: Settings, _: Sequence[Sparse]) -> Sparse | str:
    if visits.price is None or visits.item is None:
        return "the log has no `price` and `item`"
    priced = np.flatnonzero(~np.isnan(visits.price) & (visits.item.codes >= 0))
    owner = visits.journey[priced].astype(np.int64) * len(visits.item.names) + visits.item.codes[priced]
    order = np.argsort(owner, kind="stable")
    priced, owner = priced[order], owner[order]
    price = visits.price[priced]
    new = np.concatenate([[True], owner[1:] != owner[:-1]])[: owner.size]
    group = np.cumsum(new) - 1
    first = price[new][group] if group.size else price
    with np.errstate(divide="ignore", invalid="ignore"):
        rise = np.minimum(1.0, np.maximum(0.0, price / first - 1.0) / settings.price_scale)
    rise[(first == 0) & (price > 0)] = 1.0
    raised = np.flatnonzero(rise > 0)
    severity = _beyond_before(rise[raised], group[raised])
    kept = severity > 0
    visit, severity = priced[raised[kept]], severity[kept]
    ascending = np.argsort(visit)
    return Sparse(visit[ascending], severity[ascending])


def _beyond_before(rise: FloatArray, group: IntArray) -> FloatArray:
    """By how much each rise is above the highest before: a price that stays does not hurt again."""
    if rise.size == 0:
        return rise
    levels, rank = np.unique(rise, return_inverse=True)
    highest = np.maximum.accumulate(group * levels.size + rank) - group * levels.size
    before = np.concatenate([[-1], highest[:-1]])
    before[np.concatenate([[True], group[1:] != group[:-1]])] = -1
    return np.asarray(levels[highest] - np.where(before >= 0, levels[before], 0.0))


def _availability_loss(visits: Visits, _: Settings, __: Sequence[Sparse]) -> Sparse | str:
    if visits.unavailable is None:
        return "the log has no `intent`"
    return _ones(visits.unavailable)


def _contact(visits: Visits, _: Settings, __: Sequence[Sparse]) -> Sparse | str:
    if not visits.contact.any():
        return "no touchpoint is a `contact`"
    return _ones(visits.contact & ~visits.after_goal)


def _repeat_contact(visits: Visits, settings: Settings, _: Sequence[Sparse]) -> Sparse | str:
    if not visits.contact.any():
        return "no touchpoint is a `contact`"
    calls = np.flatnonzero(visits.contact)
    reason = np.zeros(calls.size, dtype=np.int64)
    if visits.intent is not None:
        reason = visits.intent.codes[calls].astype(np.int64) + 1
    order = np.lexsort((calls, reason, visits.journey[calls]))
    calls, reason = calls[order], reason[order]
    new = np.ones(calls.size, dtype=np.bool_)
    new[1:] = (visits.journey[calls[1:]] != visits.journey[calls[:-1]]) | (reason[1:] != reason[:-1])
    # A contact that goes on elsewhere is not closed: the one before it may be.
    closed = np.ones(calls.size, dtype=np.bool_)
    if visits.outcome is not None:
        closed = visits.outcome[calls] != _PENDING
    place = np.where(closed, np.arange(calls.size), -1)
    earlier = np.concatenate([[-1], np.maximum.accumulate(place)[:-1]])
    again = earlier >= np.maximum.accumulate(np.where(new, np.arange(calls.size), 0))
    # Reasons that nobody wrote down are not known to be the same.
    again &= (reason > 0) | (visits.intent is None)
    later, earlier = calls[again], calls[earlier[again]]
    soon = visits.begin[later] - visits.finish[earlier] <= settings.repeat_within
    later, earlier = later[soon], earlier[soon]
    ascending = np.argsort(later)
    return Sparse(later[ascending], np.ones(ascending.size), earlier[ascending])


def _unresolved(visits: Visits, _: Settings, __: Sequence[Sparse]) -> Sparse | str:
    if visits.outcome is None and visits.n_requests is None:
        return "the log has neither `outcome` nor `intent`"
    hit = np.zeros(visits.n_visits, dtype=np.bool_)
    if visits.outcome is not None:
        hit |= visits.outcome == _UNRESOLVED
    if visits.n_requests is not None:
        hit |= visits.contact & (visits.n_requests >= _WALL)
    return _ones(hit)


def _info_request(visits: Visits, _: Settings, __: Sequence[Sparse]) -> Sparse | str:
    if visits.n_requests is None:
        return "the log has no `intent`"
    hits = np.flatnonzero(visits.n_requests)
    return Sparse(hits, visits.n_requests[hits].astype(np.float64))


def _missing_response(visits: Visits, settings: Settings, _: Sequence[Sparse]) -> Sparse | str:
    if settings.answer_within is None:
        return "`answer_within` does not say how soon the company promises to answer"
    if visits.asked is None or visits.answered is None:
        return "the log has no `actor`"
    asked = np.flatnonzero(visits.contact & (visits.asked != NEVER))
    until = np.minimum(visits.answered[asked], visits.end)
    late = until - visits.asked[asked] > settings.answer_within
    return Sparse(asked[late], np.ones(int(late.sum())))


def _channel_switch(visits: Visits, _: Settings, before: Sequence[Sparse]) -> Sparse | str:
    if visits.channel is None:
        return "the log has no `channel`"
    channel = visits.channel.codes
    switched = np.zeros(visits.n_visits, dtype=np.bool_)
    switched[1:] = (channel[1:] != channel[:-1]) & (channel[1:] >= 0) & (channel[:-1] >= 0)
    switched[visits.starts[:-1]] = False
    hits = np.flatnonzero(switched)
    # A contact is counted as one; a customer who moves without a reason is not fleeing.
    hits = hits[~visits.contact[hits]]
    hits = hits[_signalled(visits, before)[hits - 1]]
    return Sparse(hits, np.ones(hits.size))


def _signalled(visits: Visits, before: Sequence[Sparse]) -> BoolArray:
    """Whether each visit shows any of these signals."""
    seen = np.zeros(visits.n_visits, dtype=np.bool_)
    for sparse in before:
        seen[sparse.visit] = True
    return seen


def _negative_emotion(visits: Visits, _: Settings, __: Sequence[Sparse]) -> Sparse | str:
    if visits.emotion is None:
        return "the log has no `emotion`"
    hits = np.flatnonzero(visits.emotion < 0)
    return Sparse(hits, -visits.emotion[hits])


def _wait(visits: Visits, settings: Settings, before: Sequence[Sparse]) -> Sparse | str:
    waited = visits.company_time
    if settings.waits_at.any():
        waited = np.where(
            settings.waits_at[visits.touchpoint], _time_there(visits), 0.0 if waited is None else waited
        )
    if waited is None:
        return "the log has no `actor`, and `waits_at` names no touchpoint"
    return _beyond_usual(visits, np.asarray(waited), ~_signalled(visits, before))


def _time_there(visits: Visits) -> FloatArray:
    """How long each visit took: to its last event, or to the next visit where it is one event."""
    spent = (visits.finish - visits.begin).astype(np.float64)
    until = np.append(visits.begin[1:], visits.begin[-1:]) - visits.begin
    until[visits.starts[1:] - 1] = 0
    return np.where(spent > 0, spent, until)


def _effort(visits: Visits, _: Settings, before: Sequence[Sparse]) -> Sparse | str:
    if visits.n_visits == 0 or visits.n_events.max() == 1:
        return "each visit is one event"
    return _beyond_usual(visits, visits.n_events.astype(np.float64), ~_signalled(visits, before))


def _beyond_usual(visits: Visits, amount: FloatArray, clean: BoolArray) -> Sparse | str:
    """How far each amount is from the median of clean visits to their 99th percentile, on a log scale."""
    counted = np.flatnonzero(clean & (amount > 0))
    order = counted[np.lexsort((amount[counted], visits.touchpoint[counted]))]
    n_steps = len(visits.touchpoints)
    size = np.bincount(visits.touchpoint[order], minlength=n_steps)
    begin = np.concatenate([[0], np.cumsum(size)])
    middle, far = np.full(n_steps, np.nan), np.full(n_steps, np.nan)
    for s in np.flatnonzero(size >= _ENOUGH):
        middle[s], far[s] = np.quantile(amount[order[begin[s] : begin[s + 1]]], (0.5, 0.99))
    # Where all are alike there is no scale.
    far[far <= middle] = np.nan
    if np.isnan(far).all():
        return (
            f"no touchpoint has {_ENOUGH} visits without another signal, not all alike, to tell what is usual"
        )
    hits = np.flatnonzero(amount > middle[visits.touchpoint])
    where = visits.touchpoint[hits]
    severity = np.minimum(1.0, np.log(amount[hits] / middle[where]) / np.log(far[where] / middle[where]))
    known = severity > 0
    return Sparse(hits[known], severity[known])


RULES: Final[dict[str, Callable[[Visits, Settings, Sequence[Sparse]], Sparse | str]]] = {
    "error": _error,
    "retry": _retry,
    "rework": _rework,
    "backtrack": _backtrack,
    "price_change": _price_change,
    "availability_loss": _availability_loss,
    "contact": _contact,
    "repeat_contact": _repeat_contact,
    "unresolved": _unresolved,
    "info_request": _info_request,
    "missing_response": _missing_response,
    "negative_emotion": _negative_emotion,
    "channel_switch": _channel_switch,
    "wait": _wait,
    "effort": _effort,
}
# Rules that look at the occurrences of those before them; all others are 0 and look at visits alone.
STAGES: Final = {"channel_switch": 1, "wait": 2, "effort": 2}

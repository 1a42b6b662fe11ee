"""From visits and what happened at them to the events of a log."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from customer_centric.simulate._journey_friction import Played
from customer_centric.simulate._journey_paths import Cases, Paths, Shop
from customer_centric.typing import BoolArray, FloatArray, IntArray

if TYPE_CHECKING:
    import pandas as pd

OUTCOMES: Final = ("ok", "error", "unresolved", "pending")
_OK, _ERROR, _UNRESOLVED, _PENDING, _MISSING = 0, 1, 2, 3, -1
INTENTS: Final = ("question", "complaint")
_QUESTION, _COMPLAINT = 0, 1
NOISE: Final = "notification"
# Ranks of the events of one visit: failed attempts from 0 on, three each, then what follows.
_CALL_BEFORE, _FINAL, _ANSWER, _CALL_AFTER = 1 << 20, 1 << 21, 1 << 22, 1 << 23


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Degraded:
    """How the log is worse than the world: where it is cut, and whether errors are written down late.

    `events` is the number of events that are kept of each journey, None for all; `late` says at which visits
    a noise event comes between an error and its marker, None where errors are outcomes of their visits.
    """

    events: IntArray | None = None
    late: BoolArray | None = None


@dataclass(frozen=True, slots=True, eq=False)
class _Extra:
    """Events beside the visits of the path: at which visit, in which place, and what they are."""

    visit: IntArray
    rank: IntArray
    touchpoint: NDArray[Any]
    outcome: NDArray[Any]
    company: BoolArray


def reached(shop: Shop, paths: Paths, played: Played, degraded: Degraded) -> BoolArray:
    """Whether each journey reaches the goal, and reaches it before its log is cut."""
    last = paths.begin[1:] - 1
    found = (paths.touchpoint[last] == shop.goal) & played.kept(paths)[last]
    if degraded.events is None:
        return np.asarray(found)
    final, extra = _events_of(shop, paths, played, degraded, frozenset())
    count = final + np.bincount(extra.visit, minlength=final.size)
    return np.asarray(found & (np.add.reduceat(count, paths.begin[:-1]) <= degraded.events))


def _events_of(
    shop: Shop, paths: Paths, played: Played, degraded: Degraded, waits_at: frozenset[int]
) -> tuple[BoolArray, _Extra]:
    """Which visits of the path come to their own event, and the events beside them."""
    kept = played.kept(paths)
    final = kept & ~np.isin(played.leaves, (1, 2))
    parts = [_failed_attempts(shop, paths, played, degraded, kept)]
    for state, rank, codes in (
        (played.call_before, _CALL_BEFORE, (1,)),
        (played.call_after, _CALL_AFTER, (1, 2, 3)),
    ):
        at = np.flatnonzero((state > 0) & kept & ~np.isin(played.leaves, codes))
        parts.append(
            _Extra(
                at,
                np.full(at.size, rank),
                np.full(at.size, shop.contact),
                np.where(state[at] == 2, _UNRESOLVED, _OK),
                np.zeros(at.size, dtype=np.bool_),
            )
        )
    if waits_at:
        at = np.flatnonzero(final & np.isin(paths.touchpoint, sorted(waits_at)))
        parts.append(
            _Extra(
                at,
                np.full(at.size, _ANSWER),
                paths.touchpoint[at],
                np.full(at.size, _OK),
                np.ones(at.size, dtype=np.bool_),
            )
        )
    columns = [
        np.concatenate([getattr(part, name) for part in parts])
        for name in ("visit", "rank", "touchpoint", "outcome", "company")
    ]
    order = np.lexsort((columns[1], columns[0]))
    return final, _Extra(*(column[order] for column in columns))


def _failed_attempts(shop: Shop, paths: Paths, played: Played, degraded: Degraded, kept: BoolArray) -> _Extra:
    """Each failed attempt as one event or, where errors are written down late, as up to three."""
    failed = np.flatnonzero(kept & (played.errors > 0))
    times = played.errors[failed].astype(np.int64)
    visit = np.repeat(failed, times)
    attempt = np.arange(visit.size) - np.repeat(np.cumsum(times) - times, times)
    place = paths.touchpoint[visit]
    if degraded.late is None:
        rows = [(visit, 3 * attempt, place, np.full(visit.size, _ERROR))]
    else:
        noisy = degraded.late[visit]
        rows = [
            (visit, 3 * attempt, place, np.full(visit.size, _MISSING)),
            (
                visit[noisy],
                3 * attempt[noisy] + 1,
                np.full(int(noisy.sum()), shop.contact + 1),
                np.full(int(noisy.sum()), _MISSING),
            ),
            (visit, 3 * attempt + 2, place, np.full(visit.size, _ERROR)),
        ]
    columns = [np.concatenate([row[k] for row in rows]) for k in range(4)]
    return _Extra(columns[0], columns[1], columns[2], columns[3], np.zeros(columns[0].size, dtype=np.bool_))


@dataclass(frozen=True, slots=True, eq=False)
class _Events:
    """Events in order; `finals` are the visits of the path that have their own, at `place_of_final`."""

    visit: IntArray
    journey: NDArray[Any]
    order: IntArray
    touchpoint: NDArray[Any]
    outcome: NDArray[Any]
    company: BoolArray
    finals: IntArray
    place_of_final: IntArray

    def where(self, visits: BoolArray) -> IntArray:
        """The own events of some visits."""
        return np.asarray(self.place_of_final[visits[self.finals]])


def _lay_out(
    shop: Shop, paths: Paths, played: Played, degraded: Degraded, waits_at: frozenset[int]
) -> _Events:
    """Every event at its place: by journey, by visit, and within the visit."""
    final, extra = _events_of(shop, paths, played, degraded, waits_at)
    finals = np.flatnonzero(final)
    place, place_of_extra, size = _places(final, extra)
    visit = np.empty(size, dtype=np.int64)
    visit[place], visit[place_of_extra] = finals, extra.visit
    touchpoint = np.empty(size, dtype=np.int8)
    touchpoint[place], touchpoint[place_of_extra] = paths.touchpoint[finals], extra.touchpoint
    outcome = np.full(size, _OK, dtype=np.int8)
    outcome[place[played.flags["unresolved"][finals]]] = _UNRESOLVED
    if waits_at:
        outcome[place[np.isin(paths.touchpoint[finals], sorted(waits_at))]] = _PENDING
    outcome[place_of_extra] = extra.outcome
    company = np.zeros(size, dtype=np.bool_)
    company[place_of_extra] = extra.company
    journey = paths.journey[visit]
    order = np.arange(size) - _first_of(journey, paths.begin.size - 1)[journey]
    return _Events(visit, journey, order, touchpoint, outcome, company, finals, place)


def write_log(
    shop: Shop,
    paths: Paths,
    played: Played,
    cases: Cases,
    *,
    degraded: Degraded,
    prices: tuple[FloatArray, int],
    waits_at: frozenset[int],
    channels: tuple[str, ...],
    origin: str,
    rng: np.random.Generator,
) -> pd.DataFrame:
    """The events of a log, by journey and in order."""
    import pandas as pd

    events = _lay_out(shop, paths, played, degraded, waits_at)
    journey, contact = events.journey, events.touchpoint == shop.contact
    moment = _moments(events, played, cases, rng)
    items = rng.integers(prices[0].size, size=cases.start.size).astype(np.int8)
    raised = events.where(played.flags["price_change"])
    item, price, amount = _money(shop, events.touchpoint, journey, raised, prices, items)
    emotion = np.full(journey.size, np.nan)
    emotion[events.where(played.flags["negative_emotion"])] = -1.0
    channel = np.where(contact, len(channels), cases.channel[journey]).astype(np.int8)
    # Contacts on the path are questions; those that friction caused are complaints.
    intent = np.full(journey.size, -1, dtype=np.int8)
    intent[contact] = _COMPLAINT
    intent[events.where(paths.touchpoint == shop.contact)] = _QUESTION
    frame = pd.DataFrame(
        {
            "case_id": journey.astype(np.int64),
            "customer_id": cases.customer[journey],
            "touchpoint": category(events.touchpoint, (*shop.names, NOISE)),
            "timestamp": np.datetime64(origin, "ms") + moment.astype("timedelta64[ms]"),
            "order": events.order,
            "channel": category(channel, (*channels, "phone")),
            "actor": category(events.company.astype(np.int8), ("customer", "company")),
            "outcome": category(events.outcome, OUTCOMES),
            "item": category(item, tuple(f"item {number + 1}" for number in range(prices[0].size))),
            "price": price,
            "amount": amount,
            "emotion": emotion,
            "intent": category(intent, INTENTS),
            "value": cases.value[journey],
        },
        # Columns as they are: gathering them into blocks would take as long as drawing them.
        copy=False,
    )
    if degraded.events is not None:
        frame = frame[events.order < degraded.events[journey]].reset_index(drop=True)
    return frame


def category(codes: NDArray[Any], names: tuple[str, ...]) -> pd.Categorical[str]:
    """Codes with their names; -1 is missing."""
    import pandas as pd

    return pd.Categorical.from_codes(codes, categories=pd.Index(list(names)))


def _places(final: BoolArray, extra: _Extra) -> tuple[IntArray, IntArray, int]:
    """Where each event stands when those of a visit follow one another."""
    early = extra.rank < _FINAL
    before = np.bincount(extra.visit[early], minlength=final.size)
    count = np.bincount(extra.visit, minlength=final.size)
    begin = np.concatenate([[0], np.cumsum(count + final)])
    finals = np.flatnonzero(final)
    among = np.arange(extra.visit.size) - (np.cumsum(count) - count)[extra.visit]
    place = begin[extra.visit] + among + (~early & final[extra.visit])
    return begin[finals] + before[finals], place, int(begin[-1])


def _first_of(journey: NDArray[Any], n: int) -> IntArray:
    """First event of each journey, all of which have one."""
    return np.concatenate([[0], np.cumsum(np.bincount(journey, minlength=n))[:-1]])


def _moments(events: _Events, played: Played, cases: Cases, rng: np.random.Generator) -> IntArray:
    """Milliseconds since the beginning: half a minute between events, and the answers of the company."""
    gap = 1000.0 + 1000.0 * np.rint(30.0 * rng.standard_exponential(events.journey.size))
    answers = np.flatnonzero(events.company)
    usual = 2000.0 * np.exp(0.3 * rng.standard_normal(answers.size))
    gap[answers] = np.rint(usual * np.where(played.flags["wait"][events.visit[answers]], 30.0, 1.0))
    gap[events.order == 0] = 0.0
    total = np.cumsum(gap)
    since = total - total[events.order == 0][events.journey]
    return np.asarray(since + cases.start[events.journey], dtype=np.int64)


def _money(
    shop: Shop,
    touchpoint: NDArray[Any],
    journey: NDArray[Any],
    raised: IntArray,
    prices: tuple[FloatArray, int],
    item: NDArray[Any],
) -> tuple[NDArray[Any], FloatArray, FloatArray]:
    """Item, price quoted and amount charged; a price that has doubled stays so."""
    of_item, quoted_from = prices
    since = np.full(item.size, journey.size)
    since[journey[raised]] = raised
    high = np.arange(journey.size) >= since[journey]
    quoted = (touchpoint >= quoted_from) & (touchpoint <= shop.goal)
    worth = of_item[item[journey]] * np.where(high, 2.0, 1.0)
    return (
        np.where(quoted, item[journey], -1),
        np.where(quoted, worth, np.nan),
        np.where(touchpoint == shop.goal, worth, np.nan),
    )

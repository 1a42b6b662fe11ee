"""Visits: runs of events at one touchpoint, one row each, by journey and time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from customer_centric._core.frames.labels import Labels
from customer_centric._core.frames.moments import Clock
from customer_centric.journey._columns import ACTORS, OUTCOMES
from customer_centric.journey._events import EventArrays
from customer_centric.typing import BoolArray, FloatArray, IntArray

__all__ = ["Visits"]

PENDING: Final = OUTCOMES.index("pending")
CUSTOMER: Final = 0
COMPANY: Final = ACTORS.index("company")
# Intents that are no reason of a customer: what the company asks for, and what it no longer has.
INFO_REQUEST: Final = "info_request"
UNAVAILABLE: Final = "unavailable"
COMPANY_INTENTS: Final = (INFO_REQUEST, UNAVAILABLE)
NEVER: Final = np.iinfo(np.int64).max


@dataclass(frozen=True, slots=True, eq=False)
class Visits:
    r"""One row a visit, by journey, then time: what rules of signals look at.

    A visit is a run of consecutive events of one journey at one touchpoint in which every event but the
    last is pending: an error and the second try are two visits, a call with its requests is one.

    Parameters
    ----------
    touchpoints : tuple of str
        Name of each touchpoint code.
    clock : Clock
        What ticks mean.
    journey : ndarray of int of shape (n_visits,)
        Which journey, from 0.
    starts : ndarray of int of shape (n_journeys + 1,)
        First visit of each journey, and the number of visits.
    touchpoint : ndarray of int of shape (n_visits,)
        Code of the touchpoint.
    begin, finish : ndarray of int of shape (n_visits,)
        Moments of the first and the last event, in ticks.
    n_events : ndarray of int of shape (n_visits,)
        Events of the visit.
    contact : ndarray of bool of shape (n_visits,)
        Whether the touchpoint is a contact with the company.
    after_goal : ndarray of bool of shape (n_visits,)
        Whether the journey had reached its goal before.
    end : ndarray of int of shape ()
        Until when the log was watched, in ticks.
    outcome : ndarray of int of shape (n_visits,) or None
        Code of the last event's outcome in `OUTCOMES`; -1 where it is missing.
    channel, item, intent : Labels or None
        Codes of the first event's channel, the last item, and the first intent that a customer had.
    price : ndarray of shape (n_visits,) or None
        Last price quoted or, if there is one, charged; NaN without either.
    charged : ndarray of shape (n_visits,) or None
        Last amount charged; NaN without one.
    emotion : ndarray of shape (n_visits,) or None
        The worst one; NaN without any.
    n_requests : ndarray of int of shape (n_visits,) or None
        Requests of the company for information.
    unavailable : ndarray of bool of shape (n_visits,) or None
        Whether the item turned out to be unavailable.
    company_time : ndarray of shape (n_visits,) or None
        Ticks until the company's events of this visit: what the customer waited for it.
    asked, answered : ndarray of int of shape (n_visits,) or None
        First moment the customer acted, and the first of the company after it; `NEVER` where there is none.
    """

    touchpoints: tuple[str, ...]
    clock: Clock
    journey: NDArray[Any]
    starts: IntArray
    touchpoint: NDArray[Any]
    begin: IntArray
    finish: IntArray
    n_events: NDArray[Any]
    contact: BoolArray
    after_goal: BoolArray
    end: IntArray
    outcome: NDArray[Any] | None = None
    channel: Labels | None = None
    item: Labels | None = None
    intent: Labels | None = None
    price: FloatArray | None = None
    emotion: FloatArray | None = None
    n_requests: NDArray[Any] | None = None
    unavailable: BoolArray | None = None
    company_time: FloatArray | None = None
    asked: IntArray | None = None
    answered: IntArray | None = None
    charged: FloatArray | None = None

    @property
    def n_visits(self) -> int:
        """Number of visits."""
        return int(self.touchpoint.size)

    @property
    def opens(self) -> BoolArray:
        """Whether each visit is the first of its journey."""
        first = np.zeros(self.n_visits, dtype=np.bool_)
        first[self.starts[:-1]] = True
        return first

    def codes_of(self, names: tuple[str, ...] | frozenset[str]) -> BoolArray:
        """For each touchpoint code, whether its name is one of these."""
        return np.array([name in names for name in self.touchpoints], dtype=np.bool_)


@dataclass(frozen=True, slots=True, eq=False)
class VisitRows:
    """Visits before anybody says what the goal is, and whose journeys they are.

    Parameters
    ----------
    fields : dict
        The fields of `Visits` that do not depend on the goal.
    touchpoints : tuple of str
        Every touchpoint, ascending.
    clock : Clock
        What ticks mean.
    latest : int
        Moment of the last event, in ticks.
    customer : ndarray of shape (n_journeys,)
        Code of each journey's customer.
    journey_ids, customer_ids : callable
        From positions of journeys to a native series of their ids, and of those of their customers.
    build : callable
        Makes a frame of the kind that the events came from.
    """

    fields: dict[str, Any]
    touchpoints: tuple[str, ...]
    clock: Clock
    latest: int
    customer: NDArray[Any]
    journey_ids: Callable[[IntArray], object]
    customer_ids: Callable[[IntArray], object]
    build: Callable[..., Any]


def visits_in_memory(log: EventArrays) -> VisitRows:
    """The visits that events in memory make."""
    return VisitRows(
        fields=collapse(log, find_runs(log)),
        touchpoints=log.touchpoints,
        clock=log.clock,
        latest=int(log.ticks.max()) if log.ticks.size else 0,
        customer=log.customer,
        journey_ids=log.journey_ids,
        customer_ids=log.customer_ids,
        build=log.build,
    )


@dataclass(frozen=True, slots=True, eq=False)
class Runs:
    """Which events make one visit."""

    first: NDArray[Any]
    last: NDArray[Any]
    journey: NDArray[Any]
    starts: IntArray

    @property
    def is_identity(self) -> bool:
        """Whether each visit is one event."""
        return self.first is self.last


def find_runs(log: EventArrays) -> Runs:
    """The runs of events that are one visit each."""
    n, n_journeys = log.ticks.size, log.starts.size - 1
    narrow = np.int32 if n < 2**31 else np.int64
    of_journey = np.repeat(np.arange(n_journeys, dtype=narrow), np.diff(log.starts))
    outcome = log.texts.get("outcome")
    goes_on = np.zeros(n, dtype=np.bool_)
    if outcome is not None and n:
        np.equal(outcome.codes[:-1], PENDING, out=goes_on[1:])
        goes_on[1:] &= log.touchpoint[1:] == log.touchpoint[:-1]
        goes_on[log.starts[:-1]] = False
    if not goes_on.any():
        every = np.arange(n, dtype=narrow)
        return Runs(every, every, of_journey, log.starts)
    first = np.flatnonzero(~goes_on)
    last = np.append(first[1:] - 1, n - 1)
    before = np.concatenate([[0], np.cumsum(~goes_on)])
    return Runs(first, last, of_journey[first], before[log.starts])


def collapse(log: EventArrays, runs: Runs) -> dict[str, Any]:
    """The fields of visits that do not depend on the goal, from events in memory."""
    first, last = runs.first, runs.last
    size = np.ones(first.size, dtype=np.int8) if runs.is_identity else last - first + 1
    fields: dict[str, Any] = {
        "journey": runs.journey,
        "starts": runs.starts,
        "touchpoint": _at(log.touchpoint, runs, first),
        "begin": _at(log.ticks, runs, first),
        "finish": _at(log.ticks, runs, last),
        "n_events": size,
    }
    texts = log.texts
    if "outcome" in texts:
        fields["outcome"] = _at(texts["outcome"].codes, runs, last)
    if "channel" in texts:
        fields["channel"] = Labels(_at(texts["channel"].codes, runs, first), texts["channel"].names)
    if "item" in texts:
        fields["item"] = _items(texts, runs)
    if "intent" in texts:
        fields |= _intents(texts, runs)
    if "price" in log.numbers or "amount" in log.numbers:
        fields["price"] = _prices(log, runs)
    if "amount" in log.numbers:
        amount = log.numbers["amount"]
        fields["charged"] = _last_present(amount, ~np.isnan(amount), runs, np.nan)
    if "emotion" in log.numbers:
        fields["emotion"] = _lowest(log.numbers["emotion"], runs)
    if "actor" in texts:
        fields |= _answers(log, texts["actor"], runs)
    return fields


def _at(values: NDArray[Any], runs: Runs, which: NDArray[Any]) -> NDArray[Any]:
    return values if runs.is_identity else values[which]


def _last_present(values: NDArray[Any], present: BoolArray, runs: Runs, absent: Any) -> NDArray[Any]:
    """The last value that is there in each run."""
    if runs.is_identity:
        return values
    place = np.where(present, np.arange(values.size), -1)
    latest = np.maximum.reduceat(place, runs.first) if place.size else place
    return np.where(latest >= 0, values[np.maximum(latest, 0)], absent)


def _items(texts: Any, runs: Runs) -> Labels:
    """The last item of each visit, in its currency."""
    found = [
        Labels(_last_present(labels.codes, labels.codes >= 0, runs, -1), labels.names)
        for labels in (texts[role] for role in ("item", "currency") if role in texts)
    ]
    return found[0] if len(found) == 1 else priced_in(*found)


def priced_in(item: Labels, money: Labels) -> Labels:
    """Items in one currency: those in another are other ones."""
    currency = money.codes.astype(np.int64)
    both = np.where(item.codes >= 0, item.codes.astype(np.int64) * (len(money.names) + 1) + currency + 1, -1)
    names = tuple(f"{name} {unit}".strip() for name in item.names for unit in ("", *money.names))
    return Labels(both, names)


def _intents(texts: Any, runs: Runs) -> dict[str, Any]:
    intent: Labels = texts["intent"]
    asks, gone = (
        np.array([*(n == name for n in intent.names), False])[intent.codes] for name in COMPANY_INTENTS
    )
    if "actor" in texts:
        # A customer who asks for information has a reason of his own.
        asks &= texts["actor"].codes != CUSTOMER
    why = np.where(asks | gone, -1, intent.codes)
    # The first reason that is there.
    place = np.where(why >= 0, np.arange(why.size), why.size)
    if not runs.is_identity and why.size:
        place = np.minimum.reduceat(place, runs.first)
        asks = np.add.reduceat(asks, runs.first, dtype=np.int64)
        gone = np.logical_or.reduceat(gone, runs.first)
    return {
        "intent": Labels(np.append(why, -1)[place], intent.names),
        "n_requests": asks.astype(np.int64),
        "unavailable": gone,
    }


def _prices(log: EventArrays, runs: Runs) -> FloatArray:
    quoted, charged = log.numbers.get("price"), log.numbers.get("amount")
    absent = np.full(runs.first.size, np.nan)
    found = absent
    for values in (quoted, charged):
        if values is not None:
            last = _last_present(values, ~np.isnan(values), runs, np.nan)
            found = np.where(np.isnan(last), found, last)
    return found


def _lowest(values: FloatArray, runs: Runs) -> FloatArray:
    return values if runs.is_identity else np.asarray(np.fmin.reduceat(values, runs.first))


def _answers(log: EventArrays, actor: Labels, runs: Runs) -> dict[str, Any]:
    """How long the customer waited for the company, when he first acted, and when he was answered."""
    ticks, n = log.ticks, log.ticks.size
    company = actor.codes == COMPANY
    gap = np.zeros(n)
    gap[1:] = ticks[1:] - ticks[:-1]
    gap[log.starts[:-1]] = 0.0
    gap[~company] = 0.0
    waited = gap if runs.is_identity else np.add.reduceat(gap, runs.first)
    place = np.arange(n)
    of_company = np.append(np.where(company, place, n), n)
    # The next event of the company at or after each one, where it is of the same journey.
    following = np.minimum.accumulate(of_company[::-1])[::-1][:n]
    of_customer = np.where(company, n, place)
    first_own = of_customer if runs.is_identity else np.minimum.reduceat(of_customer, runs.first)
    last_of_journey = log.starts[1:][runs.journey] - 1
    known = first_own < n
    own = np.minimum(first_own, max(n - 1, 0))
    reply = following[own]
    answered = known & (reply <= last_of_journey)
    never = np.full(own.size, NEVER)
    return {
        "company_time": waited,
        "asked": np.where(known, ticks[own], never),
        "answered": np.where(answered, ticks[np.minimum(reply, max(n - 1, 0))], never),
    }

"""The journeys of a simulated world as they would go without friction: who visits what, in which order."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from customer_centric.typing import BoolArray, FloatArray, IntArray


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Shop:
    """A world as arrays: steps by code, then the goal, then the contact."""

    names: tuple[str, ...]
    n_steps: int
    leave: FloatArray
    back: float
    contact_rate: float

    @property
    def goal(self) -> int:
        return self.n_steps

    @property
    def contact(self) -> int:
        return self.n_steps + 1


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Cases:
    """What is fixed of each journey before it starts."""

    customer: IntArray
    channel: NDArray[Any]
    motivated: BoolArray
    start: IntArray
    value: FloatArray
    restless: FloatArray


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Paths:
    """Visits without friction, by journey and in order.

    Parameters
    ----------
    begin : ndarray of int of shape (n_journeys + 1,)
        First visit of each journey, and the number of visits.
    journey, touchpoint : ndarray of int of shape (n_visits,)
        Journey and touchpoint of each visit.
    """

    begin: IntArray
    journey: NDArray[Any]
    touchpoint: NDArray[Any]


def draw_paths(shop: Shop, restless: FloatArray, rng: np.random.Generator) -> Paths:
    """Walk all journeys at once, one visit after the other, until each converts or leaves."""
    n = restless.size
    active = np.arange(n, dtype=np.int32)
    at = np.zeros(n, dtype=np.int8)
    resume = np.zeros(n, dtype=np.int8)
    length = np.zeros(n, dtype=np.int32)
    walked: list[tuple[NDArray[Any], NDArray[Any]]] = []
    while active.size:
        length[active] += 1
        walked.append((active, at))
        # The odds to leave, times how restless the customer is.
        odds = (shop.leave / (1.0 - shop.leave))[at] * restless[active]
        stays = rng.random(active.size) * (1.0 + odds) >= odds
        stays &= at != shop.goal
        active, at = active[stays], at[stays]
        turn = rng.random(active.size)
        calls = (turn < shop.contact_rate) & (at != shop.contact)
        returns = (turn >= shop.contact_rate) & (turn < shop.contact_rate + shop.back) & (at > 0)
        returns &= at != shop.contact
        resume[active[calls]] = at[calls]
        at = np.where(at == shop.contact, resume[active], np.where(returns, at - 1, at + 1)).astype(np.int8)
        at[calls] = shop.contact
    begin = np.concatenate([[0], np.cumsum(length, dtype=np.int64)])
    touchpoint = np.empty(int(begin[-1]), dtype=np.int8)
    for step, (journeys, places) in enumerate(walked):
        touchpoint[begin[journeys] + step] = places
    journey = np.repeat(np.arange(n, dtype=np.int32), length)
    return Paths(begin=begin, journey=journey, touchpoint=touchpoint)

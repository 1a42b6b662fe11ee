"""What happened to the customers of a period: who was there, came, came back, and left."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from customer_centric.churn._spells import Spells
from customer_centric.typing import BoolArray, FloatArray


@dataclass(frozen=True, slots=True)
class Ledger:
    """Counts of one period; days and customers, not shares.

    `opening` + `gained` + `reactivated` - `lost` is `closing`. Of the lost, `lost_opening` were customers
    when the period began; the others came within it.
    """

    opening: int
    gained: int
    reactivated: int
    lost: int
    lost_opening: int
    closing: int
    exposure: float
    """Customer-days in the period."""
    days: int


def ledger_of(spells: Spells, start: int, end: int) -> Ledger:
    """The ledger of the period from the day `start` up to the day `end`.

    A spell is active on the days from its begin up to, and without, its end. The opening is who is active
    on `start`, the closing who is active on `end`, so what happens on `start` belongs to the period before
    and what happens on `end` to this one: adjacent periods share no event and miss none.
    """
    begin, stop, n = spells.begin, spells.end, spells.n
    opening = (begin <= start) & (start < stop)
    came = (start < begin) & (begin <= end)
    left = (start < stop) & (stop <= end)
    overlap = np.clip(np.minimum(stop, end) - np.maximum(begin, start), 0.0, None)

    def count(which: BoolArray) -> int:
        return int(n[which].sum())

    return Ledger(
        opening=count(opening),
        gained=count(came & ~spells.returning),
        reactivated=count(came & spells.returning),
        lost=count(left),
        lost_opening=count(left & opening),
        closing=count((begin <= end) & (end < stop)),
        exposure=float(n @ overlap),
        days=end - start,
    )


def without_same_period(spells: Spells, start: int, end: int) -> Spells:
    """The spells without those that begin and end within the period."""
    kept = ~((start < spells.begin) & (spells.end <= end))
    return Spells(
        spells.begin[kept],
        spells.end[kept],
        spells.returning[kept],
        spells.n[kept],
        spells.n_rows,
        spells.n_merged,
    )


def customers_on(spells: Spells, days: FloatArray) -> FloatArray:
    """Customers who are active on each day."""
    come = np.searchsorted(np.sort(spells.begin), days, side="right")
    gone = np.searchsorted(np.sort(spells.end), days, side="right")
    begun = np.append(0.0, np.cumsum(spells.n[np.argsort(spells.begin, kind="stable")]))
    ended = np.append(0.0, np.cumsum(spells.n[np.argsort(spells.end, kind="stable")]))
    return np.asarray(begun[come] - ended[gone])


def lost_on(spells: Spells, days: FloatArray) -> FloatArray:
    """Customers whose first day without a subscription is each day."""
    ends, place = np.unique(spells.end, return_inverse=True)
    counts = np.bincount(place, spells.n)
    at = np.searchsorted(ends, days)
    found = (at < ends.size) & (ends[np.minimum(at, ends.size - 1)] == days) if ends.size else at < 0
    return np.where(found, counts[np.minimum(at, ends.size - 1)] if ends.size else 0.0, 0.0)

"""From transactions in memory to one row a customer: the work of millions of rows, behind one function.

The log is a sparse matrix of customers by periods whose entries are purchases. Building it row by row is a
counting sort in compiled code, stable, so that a log in time order needs no further sorting, and merging
equal entries sums the transactions of one customer in one period. The rest is arithmetic on neighbours.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from customer_centric.typing import BoolArray, FloatArray, IntArray

# What is left of a purchase after refunds counts as nothing below this share of the money moved:
# 0.1 + 0.2 - 0.3 is 5.6e-17, in one order of rows, and 2.8e-17 in another.
NOTHING_LEFT: Final = 1e-9


@dataclass(frozen=True, slots=True, eq=False)
class PurchaseSummary:
    """One entry a customer whose first purchase is not after the last slot of calibration, by ascending code.

    Parameters
    ----------
    code : ndarray of shape (n_customers,)
        Code of each customer.
    first, last : ndarray of shape (n_customers,)
        Slot of the first and of the last purchase of calibration.
    n_purchases, n_holdout : ndarray of shape (n_customers,)
        Purchases of calibration, the first included, and of holdout.
    repeat_value, holdout_value : ndarray of shape (n_customers,) or None
        Value of the purchases of calibration after the first, and of those of holdout.
    first_purchases, repeat_purchases : ndarray of shape (n_slots,)
        First and later purchases of these customers in each slot.
    n_entries : int
        Purchases of all customers, before refunds took some away.
    n_refunded : int
        Purchases of which refunds left nothing.
    n_emptied : int
        Customers of whose purchases refunds left none.
    n_late : int
        Customers whose first purchase is after the last slot of calibration.
    """

    code: IntArray
    first: IntArray
    last: IntArray
    n_purchases: IntArray
    n_holdout: IntArray
    repeat_value: FloatArray | None
    holdout_value: FloatArray | None
    first_purchases: IntArray
    repeat_purchases: IntArray
    n_entries: int = 0
    n_refunded: int = 0
    n_emptied: int = 0
    n_late: int = 0


@dataclass(frozen=True, slots=True, eq=False)
class _Purchases:
    """Compressed rows: the purchases of customer `c` are the entries from `start[c]` to `start[c + 1]`."""

    start: NDArray[Any]
    slot: NDArray[Any]
    value: NDArray[Any]

    def sizes(self) -> NDArray[Any]:
        """Purchases of each code."""
        return np.diff(self.start)

    def customers(self) -> IntArray:
        """Codes with at least one purchase."""
        return np.flatnonzero(self.sizes())

    def where(self, kept: BoolArray) -> _Purchases:
        """Only the purchases that are kept."""
        if kept.all():
            return self
        before = np.concatenate([[0], np.cumsum(kept)])
        return _Purchases(before[self.start], self.slot[kept], self.value[kept])


def summarise_purchases(
    codes: NDArray[Any],
    slots: NDArray[Any],
    amounts: FloatArray | None,
    *,
    n_codes: int,
    n_slots: int,
    last_slot: int,
    net_refunds: bool = False,
) -> PurchaseSummary:
    """Merge transactions into purchases, and purchases into one entry a customer.

    Parameters
    ----------
    codes : ndarray of int of shape (n_rows,)
        Customer of each row, from 0 to `n_codes` - 1; codes that do not occur give no entry.
    slots : ndarray of int of shape (n_rows,)
        Period of each row, from 0 to `n_slots` - 1.
    amounts : ndarray of shape (n_rows,) or None
        Finite value of each row.
    n_codes, n_slots : int
        One more than the largest code and slot.
    last_slot : int
        Last slot of calibration; later ones are holdout.
    net_refunds : bool
        Whether purchases with negative amounts of which nothing is left are taken away.

    Returns
    -------
    PurchaseSummary
        One entry a customer, by ascending code.
    """
    purchases = _merge(codes, slots, amounts, n_codes, n_slots, net_refunds=net_refunds)
    n_entries, n_seen = purchases.slot.size, purchases.customers().size
    if net_refunds:
        purchases = _without_refunded(purchases)
    n_left, n_kept = purchases.slot.size, purchases.customers().size
    if last_slot < n_slots - 1:
        purchases = _without_late(purchases, last_slot)
    summary = _reduce(purchases, n_slots, last_slot, with_value=amounts is not None)
    return replace(
        summary,
        n_entries=n_entries,
        n_refunded=n_entries - n_left,
        n_emptied=n_seen - n_kept,
        n_late=n_kept - summary.code.size,
    )


def _merge(
    codes: NDArray[Any],
    slots: NDArray[Any],
    amounts: FloatArray | None,
    n_codes: int,
    n_slots: int,
    *,
    net_refunds: bool,
) -> _Purchases:
    from scipy.sparse import coo_array

    value: NDArray[Any]
    if amounts is None:
        value = np.ones(codes.size, dtype=np.int8)
    elif net_refunds:
        # One pass sums both: the amounts, and how much of them was refunded.
        value = amounts - 1j * np.minimum(amounts, 0.0)
    else:
        value = amounts
    matrix = coo_array((value, (codes, slots)), shape=(n_codes, n_slots)).tocsr()
    return _Purchases(matrix.indptr, matrix.indices, matrix.data)


def _without_refunded(purchases: _Purchases) -> _Purchases:
    net: FloatArray = np.real(purchases.value)
    refunded: FloatArray = np.imag(purchases.value)
    kept = (refunded == 0.0) | (net > NOTHING_LEFT * (net + 2.0 * refunded))
    return _Purchases(purchases.start, purchases.slot, np.ascontiguousarray(net)).where(kept)


def _without_late(purchases: _Purchases, last_slot: int) -> _Purchases:
    customers = purchases.customers()
    late = purchases.slot[purchases.start[customers]] > last_slot
    if not late.any():
        return purchases
    return purchases.where(np.repeat(~late, purchases.sizes()[customers]))


def _reduce(purchases: _Purchases, n_slots: int, last_slot: int, *, with_value: bool) -> PurchaseSummary:
    slot, value = purchases.slot, purchases.value
    customers = purchases.customers()
    begin = purchases.start[customers].astype(np.intp)
    size = purchases.sizes()[customers].astype(np.int64)
    n_holdout = np.zeros(customers.size, dtype=np.int64)
    holdout_value = np.zeros(customers.size)
    if last_slot < n_slots - 1 and customers.size:
        held = slot > last_slot
        n_holdout = np.add.reduceat(held, begin, dtype=np.int64)
        if with_value:
            holdout_value = np.add.reduceat(np.where(held, value, 0.0), begin)
            value[held] = 0.0
    # Without the first purchase from the start: subtracting it from a total would cancel digits.
    value[begin] = 0
    repeat_value = (
        np.add.reduceat(value, begin) if with_value and customers.size else np.zeros(customers.size)
    )
    first_purchases = np.bincount(slot[begin], minlength=n_slots)
    return PurchaseSummary(
        code=customers,
        first=slot[begin].astype(np.int64),
        last=slot[begin + size - n_holdout - 1].astype(np.int64),
        n_purchases=size - n_holdout,
        n_holdout=n_holdout,
        repeat_value=repeat_value if with_value else None,
        holdout_value=holdout_value if with_value else None,
        first_purchases=first_purchases,
        repeat_purchases=np.bincount(slot, minlength=n_slots) - first_purchases,
    )

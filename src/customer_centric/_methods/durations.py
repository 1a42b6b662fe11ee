"""Customers by how long they stayed: the counting of millions of durations, behind one function."""

from __future__ import annotations

from typing import Final

import numpy as np

from customer_centric.typing import BoolArray, FloatArray

# Whole durations up to here, or up to a few times their number, are counted in a table.
_ALWAYS_NARROW: Final = 1 << 16
_BLOCK: Final = 1 << 15


def count_durations(
    stay: FloatArray, gone: BoolArray, weight: FloatArray
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Distinct durations, ascending, with the weight that ends at each, and that of who left then."""
    if stay.size == 0:
        nothing = np.zeros(0)
        return nothing, nothing, nothing
    even = weight.strides == (0,) or float(weight.min()) == float(weight.max())
    longest = float(stay.max())
    if longest <= max(_ALWAYS_NARROW, 4 * stay.size):
        table = _table_of_days(stay, gone, None if even else weight, int(longest) + 1)
        if table is not None:
            stayed, lost = (float(weight[0]) * table if even else table).reshape(-1, 2).T
            days = np.flatnonzero(stayed + lost > 0)
            return days.astype(np.float64), (stayed + lost)[days], lost[days]
    if even:
        times, left, lost = _count_by_sorting(stay, gone)
        return times, left * weight[0], lost * weight[0]
    order = np.argsort(stay, kind="stable")
    times, starts = _steps(stay[order])
    if times.size == stay.size:
        return times, weight[order], (weight * gone)[order]
    ends = np.add.reduceat(weight[order], starts, dtype=np.float64)
    return times, ends, np.add.reduceat((weight * gone)[order], starts, dtype=np.float64)


def _table_of_days(
    stay: FloatArray, gone: BoolArray, weight: FloatArray | None, size: int
) -> FloatArray | None:
    """Whole durations as positions in a table, with two entries each: still there, and left.

    Nothing where a duration is not whole. Rows are counted in blocks that stay in the cache, and are no
    shorter than the table.
    """
    table = np.zeros(2 * size)
    block = max(_BLOCK, 2 * size)
    for begin in range(0, stay.size, block):
        part = slice(begin, begin + block)
        keys = stay[part].astype(np.int64)
        if not np.array_equal(keys, stay[part]):
            return None
        keys <<= 1
        keys |= gone[part]
        table += np.bincount(keys, None if weight is None else weight[part], 2 * size)
    return table


def _count_by_sorting(stay: FloatArray, gone: BoolArray) -> tuple[FloatArray, FloatArray, FloatArray]:
    """One sort of whole numbers, which is several times faster than sorting positions.

    The bits of floats of at least 0 sort as the floats do and leave the sign bit free: shifted by one they
    make room for whether the customer left. Adding 0 turns -0 into 0.
    """
    keys = (stay + 0.0).view(np.uint64)
    keys <<= np.uint64(1)
    keys |= gone
    keys.sort()
    left = np.bitwise_and(keys, np.uint64(1), out=np.empty(keys.size), casting="unsafe")
    keys >>= np.uint64(1)
    times, starts = _steps(keys.view(np.float64))
    if times.size == keys.size:
        return times, np.ones(times.size), left
    ends = np.append(starts[1:], keys.size)
    lost = np.append(0.0, np.cumsum(left))
    return times, (ends - starts).astype(np.float64), lost[ends] - lost[starts]


def _steps(ascending: FloatArray) -> tuple[FloatArray, np.ndarray[tuple[int, ...], np.dtype[np.intp]]]:
    """Distinct values, and where each begins; where all are distinct that goes without saying."""
    first = np.empty(ascending.size, dtype=np.bool_)
    first[0] = True
    np.not_equal(ascending[1:], ascending[:-1], out=first[1:])
    if first.all():
        return ascending, np.zeros(0, dtype=np.intp)
    starts = np.flatnonzero(first)
    return ascending[starts], starts

"""Customers by how long they stayed: the counting of millions of durations, behind one function."""

from __future__ import annotations

from typing import Final

import numpy as np

from customer_centric._core.tabulate import sum_by
from customer_centric.typing import FloatArray, IntArray

# Whole durations up to here, or up to a few times their number, are counted in a table.
_ALWAYS_NARROW: Final = 1 << 16


def count_durations(
    stay: FloatArray, gone: FloatArray, weight: FloatArray
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Distinct durations, ascending, with the weight that ends at each, and that of who left then."""
    if stay.size == 0:
        nothing = np.zeros(0)
        return nothing, nothing, nothing
    even = weight.strides == (0,) or float(weight.min()) == float(weight.max())
    longest = float(stay.max())
    if longest <= max(_ALWAYS_NARROW, 4 * stay.size):
        whole = stay.astype(np.int64)
        if np.array_equal(whole, stay):
            return _count_in_a_table(whole, gone, None if even else weight, float(weight[0]))
    if even:
        times, left, lost = _count_by_sorting(stay, gone)
        return times, left * weight[0], lost * weight[0]
    order = np.argsort(stay, kind="stable")
    times, starts = _steps(stay[order])
    ends = np.add.reduceat(weight[order], starts, dtype=np.float64)
    return times, ends, np.add.reduceat((weight * gone)[order], starts, dtype=np.float64)


def _count_in_a_table(
    whole: IntArray, gone: FloatArray, weight: FloatArray | None, each: float
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Whole durations as positions in a table, with two entries each: still there, and left."""
    keys = whole << 1
    keys |= gone.astype(np.int64)
    size = 2 * (int(whole.max()) + 1)
    table = np.bincount(keys, minlength=size) * each if weight is None else sum_by(keys, weight, size)
    stayed, lost = table.reshape(-1, 2).T
    times = np.flatnonzero(stayed + lost > 0)
    return times.astype(np.float64), (stayed + lost)[times], lost[times].astype(np.float64)


def _count_by_sorting(stay: FloatArray, gone: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
    """One sort of whole numbers, which is several times faster than sorting positions.

    The bits of floats of at least 0 sort as the floats do and leave the sign bit free: shifted by one they
    make room for whether the customer left. Adding 0 turns -0 into 0.
    """
    keys = (stay + 0.0).view(np.uint64) << np.uint64(1)
    keys |= gone.astype(np.uint64)
    keys.sort()
    times, starts = _steps((keys >> np.uint64(1)).view(np.float64))
    ends = np.append(starts[1:], keys.size)
    lost = np.append(0, np.cumsum(keys & np.uint64(1), dtype=np.int64))
    return times, (ends - starts).astype(np.float64), (lost[ends] - lost[starts]).astype(np.float64)


def _steps(ascending: FloatArray) -> tuple[FloatArray, np.ndarray[tuple[int, ...], np.dtype[np.intp]]]:
    """Distinct values, and where each begins."""
    first = np.empty(ascending.size, dtype=np.bool_)
    first[0] = True
    np.not_equal(ascending[1:], ascending[:-1], out=first[1:])
    starts = np.flatnonzero(first)
    return ascending[starts], starts

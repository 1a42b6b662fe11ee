"""Work once for each distinct row: exact tabulation in place of interpolation."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from customer_centric.typing import FloatArray, IntArray

# Ages and recencies are whole numbers of days written in days, weeks (days / 7) or months: these
# factors turn them back into integers, which sort many times faster than floats.
_SCALES = (1.0, 7.0, 365.25 / 12)
_WHOLE_TOLERANCE = 1e-7


def distinct_rows(*columns: FloatArray) -> tuple[tuple[FloatArray, ...], IntArray]:
    """The distinct rows in ascending order (first column first), and where each row went.

    Parameters
    ----------
    *columns : ndarray of shape (n_rows,)
        Finite columns of one length.

    Returns
    -------
    distinct : tuple of ndarray of shape (n_distinct,)
        One array a column.
    inverse : ndarray of int64 of shape (n_rows,)
        `distinct[j][inverse]` is `columns[j]`, up to 1e-7 of a day where the column is whole days.
    """
    packed = _pack(columns)
    if packed is None:
        return _distinct_floats(columns)
    codes, size = packed
    first, inverse = _distinct_table(codes, size) if size <= max(4 * codes.size, 1 << 16) else _distinct_sorted(codes)
    return tuple(column[first] for column in columns), inverse


def _pack(columns: tuple[FloatArray, ...]) -> tuple[IntArray, int] | None:
    """One integer a row that sorts as the rows do, or None where a column is not whole in any scale."""
    codes = np.zeros(columns[0].size, dtype=np.int64)
    size = 1
    for column in columns:
        whole = _whole(column)
        if whole is None:
            return None
        low = int(whole.min()) if whole.size else 0
        span = (int(whole.max()) if whole.size else 0) - low + 1
        if size * span > 2**62:
            return None
        codes *= span
        codes += whole - low
        size *= span
    return codes, size


def _whole(column: FloatArray) -> IntArray | None:
    for scale in _SCALES:
        scaled = column * scale
        rounded = np.rint(scaled)
        if np.abs(scaled - rounded).max(initial=0.0) <= _WHOLE_TOLERANCE and np.abs(rounded).max(initial=0.0) < 2**52:
            return rounded.astype(np.int64)
    return None


def _distinct_table(codes: IntArray, size: int) -> tuple[IntArray, IntArray]:
    rows = np.full(size, -1, dtype=np.int64)
    rows[codes] = np.arange(codes.size)
    present = np.flatnonzero(rows >= 0)
    rank = np.empty(size, dtype=np.int64)
    rank[present] = np.arange(present.size)
    return rows[present], rank[codes]


def _distinct_sorted(codes: IntArray) -> tuple[IntArray, IntArray]:
    _, first, inverse = np.unique(codes, return_index=True, return_inverse=True)
    return first.astype(np.int64), inverse.astype(np.int64)


def _distinct_floats(columns: tuple[FloatArray, ...]) -> tuple[tuple[FloatArray, ...], IntArray]:
    order = np.lexsort(columns[::-1])
    if order.size == 0:
        return columns, order.astype(np.int64)
    boundary = np.zeros(order.size, dtype=bool)
    for column in columns:
        ordered = column[order]
        boundary[1:] |= ordered[1:] != ordered[:-1]
    inverse = np.empty(order.size, dtype=np.int64)
    inverse[order] = np.cumsum(boundary)
    boundary[0] = True
    first = order[boundary]
    return tuple(column[first] for column in columns), inverse


def on_distinct_rows(
    function: Callable[..., FloatArray], *columns: FloatArray
) -> FloatArray:
    """`function` of the columns, computed once for each distinct row."""
    if columns[0].size < 64:
        return function(*columns)
    distinct, inverse = distinct_rows(*(column.ravel() for column in columns))
    return function(*distinct)[inverse].reshape(columns[0].shape)

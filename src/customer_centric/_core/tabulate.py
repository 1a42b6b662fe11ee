"""Work once for each distinct row: exact tabulation in place of interpolation."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np

from customer_centric.typing import FloatArray, IntArray

# Ages and recencies are whole numbers of days written in days, weeks (days / 7) or months: these
# factors turn them back into integers, which sort many times faster than floats.
_SCALES: Final = (1.0, 7.0, 365.25 / 12)
_WHOLE_TOLERANCE: Final = 1e-12
# Up to here a table with a cell for every possible row is faster than sorting the rows.
_TABLE_CELLS: Final = 1 << 16


@dataclass(frozen=True, slots=True, eq=False)
class _Packed:
    """One integer a row that sorts as the rows do, and the way back."""

    codes: IntArray
    size: int
    lows: tuple[int, ...]
    spans: tuple[int, ...]
    scales: tuple[float, ...]

    def unpack(self, codes: IntArray) -> tuple[FloatArray, ...]:
        """The columns of the rows with these codes.

        Whole numbers divided by their scale: the same bits whichever of several rows that agree up to
        the tolerance came first.
        """
        columns: list[FloatArray] = []
        for low, span, scale in zip(self.lows[::-1], self.spans[::-1], self.scales[::-1], strict=True):
            codes, digit = np.divmod(codes, span)
            columns.append((digit + low) / scale)
        return tuple(columns[::-1])

    def is_dense(self) -> bool:
        """Whether a table of all possible rows is small beside the rows there are."""
        return self.size <= max(4 * self.codes.size, _TABLE_CELLS)


def distinct_rows(*columns: FloatArray) -> tuple[tuple[FloatArray, ...], IntArray]:
    """The distinct rows in ascending order (first column first), and where each row went.

    Parameters
    ----------
    *columns : ndarray of shape (n_rows,)
        Finite columns of one length.

    Returns
    -------
    distinct : tuple of ndarray of shape (n_distinct,)
        One array a column. The same bits for every order of the rows.
    inverse : ndarray of int64 of shape (n_rows,)
        `distinct[j][inverse]` is `columns[j]`, up to 1e-12 relative where the column is whole days.
    """
    packed = _pack(columns)
    if packed is None:
        return _distinct_floats(columns)
    if packed.is_dense():
        present = np.zeros(packed.size, dtype=np.bool_)
        present[packed.codes] = True
        codes = np.flatnonzero(present)
        rank = np.cumsum(present, dtype=np.int64)
        return packed.unpack(codes), rank[packed.codes] - 1
    codes, inverse = _sorted_factors(packed.codes)
    return packed.unpack(codes), inverse


def _sorted_factors(codes: IntArray) -> tuple[IntArray, IntArray]:
    """Distinct codes in ascending order and where each went; by hashing, which takes a third of the time."""
    import pandas as pd

    position, distinct = pd.factorize(codes)
    order = np.argsort(distinct)
    rank = np.empty(order.size, dtype=np.int64)
    rank[order] = np.arange(order.size)
    return np.asarray(distinct)[order], rank[position]


def count_rows(
    *columns: FloatArray, weights: FloatArray | None = None
) -> tuple[tuple[FloatArray, ...], FloatArray]:
    """The distinct rows in ascending order (first column first), and the sum of the weights of each.

    Parameters
    ----------
    *columns : ndarray of shape (n_rows,)
        Finite columns of one length.
    weights : ndarray of shape (n_rows,), optional
        What each row counts; 1 by default.

    Returns
    -------
    distinct : tuple of ndarray of shape (n_distinct,)
        One array a column.
    total : ndarray of shape (n_distinct,)
        Sum of the weights; added in ascending order of the weights, so that the order of rows is irrelevant.
    """
    packed = _pack(columns) if weights is None else None
    if packed is None:
        distinct, inverse = distinct_rows(*columns)
        n_distinct = distinct[0].size
        if weights is None:
            return distinct, np.bincount(inverse, minlength=n_distinct).astype(np.float64)
        order = np.argsort(weights, kind="stable")
        total = np.bincount(inverse[order], weights=weights[order], minlength=n_distinct)
        return distinct, np.asarray(total, dtype=np.float64)
    if packed.is_dense():
        table = np.bincount(packed.codes, minlength=packed.size)
        present = np.flatnonzero(table)
        return packed.unpack(present), table[present].astype(np.float64)
    codes, counts = np.unique(packed.codes, return_counts=True)
    return packed.unpack(codes), counts.astype(np.float64)


def _pack(columns: tuple[FloatArray, ...]) -> _Packed | None:
    """The rows as integers, or None where a column is not whole in any scale or they do not fit."""
    codes = np.zeros(columns[0].size, dtype=np.int64)
    size = 1
    lows: list[int] = []
    spans: list[int] = []
    scales: list[float] = []
    for column in columns:
        whole = _whole(column)
        if whole is None:
            return None
        digits, scale = whole
        low = int(digits.min()) if digits.size else 0
        span = (int(digits.max()) if digits.size else 0) - low + 1
        if size * span > 2**62:
            return None
        codes *= span
        codes += digits
        codes -= low
        size *= span
        lows.append(low)
        spans.append(span)
        scales.append(scale)
    return _Packed(codes, size, tuple(lows), tuple(spans), tuple(scales))


def _are_whole(columns: tuple[FloatArray, ...]) -> bool:
    """At a glance: whether the first values of each column are whole in some scale."""
    return all(any(_is_whole(column.flat[:1024] * scale) for scale in _SCALES) for column in columns)


def _whole(column: FloatArray) -> tuple[IntArray, float] | None:
    if np.abs(column).max(initial=0.0) >= 2**45:
        return None
    for scale in _SCALES:
        # A glance at a few values spares a pass over all of them in a scale that does not fit.
        if not _is_whole(column[:1024] * scale):
            continue
        scaled = column * scale
        if _is_whole(scaled):
            return np.rint(scaled).astype(np.int64), scale
    return None


def _is_whole(values: FloatArray) -> bool:
    # Relative, so that nothing but 0 becomes 0.
    return bool(np.all(np.abs(values - np.rint(values)) <= _WHOLE_TOLERANCE * np.abs(values)))


def _distinct_floats(columns: tuple[FloatArray, ...]) -> tuple[tuple[FloatArray, ...], IntArray]:
    order = np.lexsort(columns[::-1])
    if order.size == 0:
        return columns, order.astype(np.int64)
    boundary = np.zeros(order.size, dtype=np.bool_)
    for column in columns:
        ordered = column[order]
        boundary[1:] |= ordered[1:] != ordered[:-1]
    inverse = np.empty(order.size, dtype=np.int64)
    inverse[order] = np.cumsum(boundary)
    boundary[0] = True
    first = order[boundary]
    # -0.0 equals 0.0: adding 0.0 leaves one of the two, whichever row came first.
    return tuple(column[first] + 0.0 for column in columns), inverse


def on_distinct_rows(
    function: Callable[..., FloatArray], *columns: FloatArray, only_whole: bool = False
) -> FloatArray:
    """`function` of the columns, computed once for each distinct row.

    `only_whole`: once for each row after all where the rows are not whole numbers, which take long to sort.
    """
    if columns[0].size < 64 or (only_whole and not _are_whole(columns)):
        return function(*columns)
    distinct, inverse = distinct_rows(*(column.ravel() for column in columns))
    return function(*distinct)[inverse].reshape(columns[0].shape)


def sum_by(codes: IntArray, values: FloatArray, size: int) -> FloatArray:
    """Sums of the values of each code from 0 to `size` - 1."""
    return np.asarray(np.bincount(codes, values, size), dtype=np.float64)

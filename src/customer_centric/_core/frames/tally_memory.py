"""Counting the rows of a frame in memory: one packed code a row, and a table with a cell for each code."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

import narwhals.stable.v2 as nw
import numpy as np
from numpy.typing import NDArray

from customer_centric._core.frames.codes import AnySeries, CodeArray
from customer_centric._core.frames.memory import MemoryFrame
from customer_centric._core.frames.periods import first_days, periods_of
from customer_centric._core.frames.problems import in_column, raise_where, wrong_type
from customer_centric._core.frames.tally_cells import (
    RATING_REMEDY,
    WEIGHT_REMEDY,
    WEIGHT_RULE,
    Cells,
    Key,
    KeyCodes,
    day_labels,
)
from customer_centric._core.ratings import Invalid, check_ratings
from customer_centric._core.tabulate import sum_by
from customer_centric.errors import InvalidInputError
from customer_centric.typing import FloatArray, IntArray

# As many rows at a time as stay in the cache of a processor with their codes.
_BLOCK: Final = 1 << 17
# Up to here, or four cells a row, a table with a cell for every possible code beats hashing the codes.
_TABLE_CELLS: Final = 1 << 16
_LARGEST_CODE: Final = 1 << 62

_Columns: TypeAlias = "list[tuple[CodeArray, int]]"


@dataclass(frozen=True, slots=True, eq=False)
class _Digits:
    """Codes of ratings: from the lowest answer up, then no answer, then an answer off the scale."""

    codes: CodeArray
    n_answers: int


def count_cells(
    frame: MemoryFrame[Any],
    keys: Sequence[Key],
    *,
    rating: str,
    minimum: int,
    maximum: int,
    invalid: Invalid,
    weight: str | None,
) -> Cells:
    """The cells of a frame in memory."""
    coded = [_encode(frame, key) for key in keys]
    digits = _rating_digits(frame.series(rating), minimum, maximum, invalid)
    weights = None if weight is None else _weights(frame, weight)
    columns = [(key.codes, key.size) for key in coded]
    columns.append((digits.codes, digits.n_answers + 2))
    size = math.prod(max(width, 1) for _, width in columns)
    count = _count_in_table if size <= max(4 * frame.n_rows, _TABLE_CELLS) else _count_by_hashing
    found, (n, total, squared) = count(columns, weights)
    answer = found[-1]
    return Cells(
        keys=tuple(
            KeyCodes(codes, key.size, key.labels).compact()
            for codes, key in zip(found[:-1], coded, strict=True)
        ),
        rating=np.where(answer < digits.n_answers, answer + float(minimum), np.nan),
        invalid=np.asarray(answer > digits.n_answers),
        n=n,
        weight=total,
        squared_weight=squared,
    )


def _encode(frame: MemoryFrame[Any], key: Key) -> KeyCodes:
    if key.period is None:
        ids = frame.ids(key.column, key.role)
        return KeyCodes(ids.codes, ids.size, ids.labels)
    period = key.period
    ordinals = periods_of(frame.days(key.column, key.role, key.time_zone), period)
    if ordinals.size == 0:
        return KeyCodes(ordinals, 0, lambda codes: day_labels(codes, frame.engine))
    first, last = int(ordinals.min()), int(ordinals.max())
    return KeyCodes(
        ordinals - first,
        last - first + 1,
        lambda codes: day_labels(first_days(codes + first, period), frame.engine),
    )


def _weights(frame: MemoryFrame[Any], column: str) -> FloatArray:
    weights = frame.amounts(column, "weight")
    raise_where(in_column("weight", column), WEIGHT_RULE, weights < 0, weights, remedy=WEIGHT_REMEDY)
    return weights


def _rating_digits(series: AnySeries, minimum: int, maximum: int, invalid: Invalid) -> _Digits:
    n_answers = maximum - minimum + 1
    narrow = np.int16 if minimum > -(2**14) and maximum < 2**14 else np.int64
    raw = _raw_ratings(series)
    digits = None
    if raw.dtype.kind in "iu":
        digits = _digits_of_integers(raw, minimum, maximum, narrow)
    elif raw.dtype.kind == "f":
        digits = _digits_of_floats(raw, minimum, maximum, narrow)
    if digits is None:
        digits = _digits_of_anything(series.name, raw, minimum, maximum, invalid)
    return _Digits(digits, n_answers)


def _raw_ratings(series: AnySeries) -> NDArray[Any]:
    dtype = series.dtype
    native: Any = series.to_native()
    # Narwhals calls a pandas column of objects text where it finds text, or nothing at all, in it.
    if str(getattr(native, "dtype", "")) == "object" or isinstance(dtype, nw.Unknown):
        values = np.empty(len(series), dtype=object)
        values[:] = series.to_list()
        return values
    if dtype.is_numeric():
        if isinstance(dtype, nw.Decimal) or (dtype.is_integer() and series.null_count()):
            series = series.cast(nw.Float64)
        return series.to_numpy()
    raise wrong_type(in_column("rating", series.name), "whole numbers", dtype, RATING_REMEDY)


def _digits_of_integers(
    raw: NDArray[Any], minimum: int, maximum: int, narrow: type[np.signedinteger[Any]]
) -> CodeArray | None:
    """Codes, or None where a value is off the scale."""
    if raw.size and not (minimum <= int(raw.min()) and int(raw.max()) <= maximum):
        return None
    codes: CodeArray = raw.astype(narrow, copy=False)
    return codes if minimum == 0 else codes - narrow(minimum)


def _digits_of_floats(
    raw: NDArray[Any], minimum: int, maximum: int, narrow: type[np.signedinteger[Any]]
) -> CodeArray | None:
    """Codes, or None where a value is off the scale."""
    gone = maximum + 1
    codes: CodeArray = np.empty(raw.size, dtype=narrow)
    # What has no whole number of this width becomes one that differs from it.
    with np.errstate(invalid="ignore"):
        for start in range(0, raw.size, _BLOCK):
            block, whole = raw[start : start + _BLOCK], codes[start : start + _BLOCK]
            whole[:] = block
            agrees = whole == block
            missing = None if agrees.all() else np.isnan(block)
            if missing is not None:
                if not (agrees | missing).all():
                    return None
                whole[missing] = minimum
            if whole.min() < minimum or whole.max() > maximum:
                return None
            if missing is not None:
                whole[missing] = gone
    return codes if minimum == 0 else codes - narrow(minimum)


def _digits_of_anything(
    column: str, raw: NDArray[Any], minimum: int, maximum: int, invalid: Invalid
) -> CodeArray:
    import pandas as pd

    try:
        checked = check_ratings("rating", raw, minimum=minimum, maximum=maximum, invalid=invalid)
    except InvalidInputError as error:
        named = str(error).replace("`rating`", in_column("rating", column), 1)
        raise InvalidInputError(named) from None
    off_scale = ~checked.answered & ~np.asarray(pd.isna(raw), dtype=np.bool_)
    gone = maximum - minimum + 1
    codes = np.where(checked.answered, checked.values - minimum, gone).astype(np.int64)
    return codes + off_scale


def _count_in_table(
    columns: _Columns, weights: FloatArray | None
) -> tuple[list[IntArray], tuple[FloatArray, FloatArray, FloatArray]]:
    """Cells of a table with a place for every combination."""
    size = math.prod(width for _, width in columns)
    counts = np.zeros(size, dtype=np.int64)
    narrow = np.int32 if size < 2**31 else np.int64
    sums = np.zeros((2, size))
    n_rows = columns[0][0].size
    for start in range(0, n_rows, _BLOCK):
        rows = slice(start, start + _BLOCK)
        code = _pack([(codes[rows], width) for codes, width in columns], narrow)
        counts += np.bincount(code, minlength=size)
        if weights is not None:
            block = weights[rows]
            sums[0] += np.bincount(code, block, size)
            sums[1] += np.bincount(code, block * block, size)
    present = np.flatnonzero(counts)
    n = counts[present].astype(np.float64)
    total, squared = (n, n) if weights is None else sums[:, present]
    return _unpack(present, [width for _, width in columns]), (n, total, squared)


def _count_by_hashing(
    columns: _Columns, weights: FloatArray | None
) -> tuple[list[IntArray], tuple[FloatArray, FloatArray, FloatArray]]:
    """Cells of the combinations that occur."""
    position, found = _distinct(columns)
    order = np.lexsort(found[::-1])
    size = order.size
    n = np.bincount(position, minlength=size)[order].astype(np.float64)
    total = squared = n
    if weights is not None:
        total = sum_by(position, weights, size)[order]
        squared = sum_by(position, weights * weights, size)[order]
    return [codes[order] for codes in found], (n, total, squared)


def _distinct(columns: _Columns) -> tuple[IntArray, list[IntArray]]:
    """Where each row went, and the distinct rows."""
    import pandas as pd

    *head, last = columns
    if math.prod(width for _, width in columns) < _LARGEST_CODE:
        position, code = pd.factorize(_pack(columns))
        return np.asarray(position, dtype=np.int64), _unpack(
            np.asarray(code), [width for _, width in columns]
        )
    # Combinations are too many to number: number those of all columns but the last that occur.
    position, found = _distinct(head)
    position, (row, tail) = _distinct([(position, found[0].size), last])
    return position, [*(codes[row] for codes in found), tail]


def _pack(columns: _Columns, narrow: type[np.signedinteger[Any]] = np.int64) -> CodeArray:
    (codes, _), *rest = columns
    packed: CodeArray = codes.astype(narrow)
    for more, width in rest:
        packed *= width
        packed += more
    return packed


def _unpack(packed: IntArray, widths: Sequence[int]) -> list[IntArray]:
    columns: list[IntArray] = []
    for width in reversed(widths):
        packed, codes = np.divmod(packed, width)
        columns.append(codes)
    return columns[::-1]

"""Answers on a rating scale as numbers: whole, in range, missing ones counted, anything else refused."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from numbers import Real
from typing import Any, Final, Literal, TypeAlias, cast

import numpy as np
from numpy.typing import ArrayLike, NDArray

from customer_centric._core.checks import check_choice
from customer_centric.errors import InvalidInputError
from customer_centric.typing import BoolArray, FloatArray

Invalid: TypeAlias = Literal["raise", "missing"]
"""What happens to answers that the question does not allow."""
OFF_SCALE_REMEDY: Final = (
    'state another scale if the question had one, or pass invalid="missing" to leave such answers out and '
    "count them"
)


@dataclass(frozen=True, slots=True, eq=False)
class Ratings:
    """Answers, and how many there were not.

    Parameters
    ----------
    values : ndarray of shape (n_rows,)
        Whole numbers on the scale; NaN where there is no answer.
    n_missing, n_invalid : int
        Rows without an answer, and rows whose answer is not on the scale.
    """

    values: FloatArray
    n_missing: int
    n_invalid: int

    @property
    def answered(self) -> BoolArray:
        """Which rows have an answer."""
        return ~np.isnan(self.values)


def check_ratings(
    name: str, ratings: ArrayLike, *, minimum: int, maximum: int, invalid: Invalid = "raise"
) -> Ratings:
    """Whole numbers from `minimum` to `maximum`; missing ones are NaN."""
    check_choice("invalid", invalid, ("raise", "missing"))
    raw = _as_array(ratings)
    if raw.ndim != 1:
        raise InvalidInputError(f"`{name}` must be one-dimensional, got an array of shape {raw.shape}")
    values, missing, bad = _as_numbers(raw)
    with np.errstate(invalid="ignore"):
        bad |= ~missing & ((values < minimum) | (values > maximum) | (values != np.rint(values)))
    if bad.any() and invalid == "raise":
        position = int(np.flatnonzero(bad)[0])
        raise InvalidInputError(
            f"`{name}` must be whole numbers from {minimum} to {maximum}, got {_shown(raw[position])} at "
            f"position {position} ({int(bad.sum())} of {raw.size} values); {OFF_SCALE_REMEDY}"
        )
    values[bad] = np.nan
    return Ratings(values, int(missing.sum()), int(bad.sum()))


def _as_array(ratings: ArrayLike) -> NDArray[Any]:
    # NumPy makes one type of a list: 1 of True, and text of 9 next to text.
    if isinstance(ratings, list | tuple):
        items = list(cast("Iterable[object]", ratings))
        if all(type(item) in {int, float} for item in items):
            return np.asarray([_as_float(item) for item in items], dtype=np.float64)
        return np.fromiter(items, dtype=np.dtype(object), count=len(items))
    if isinstance(ratings, np.ma.MaskedArray):
        # What is masked is no answer; as an ordinary array it would be one.
        return _as_array(cast("list[Any]", ratings.tolist()))
    return np.asarray(ratings)


def _as_numbers(raw: NDArray[Any]) -> tuple[FloatArray, BoolArray, BoolArray]:
    """The values as new floats, which of them are missing, and which are no numbers."""
    if raw.dtype.kind in "iuf":
        values = raw.astype(np.float64)
        return values, np.isnan(values), np.zeros(raw.size, dtype=np.bool_)
    if raw.dtype.kind != "O":
        missing = np.isnat(raw) if raw.dtype.kind in "mM" else np.zeros(raw.size, dtype=np.bool_)
        return np.full(raw.size, np.nan), missing, ~missing
    import pandas as pd

    missing = np.asarray(pd.isna(raw), dtype=np.bool_)
    is_number = np.fromiter((_is_number(item) for item in raw), dtype=np.bool_, count=raw.size)
    values = np.full(raw.size, np.nan)
    kept = is_number & ~missing
    values[kept] = [_as_float(item) for item in raw[kept]]
    return values, missing, ~is_number & ~missing


def _is_number(item: object) -> bool:
    return isinstance(item, Real | Decimal) and not isinstance(item, bool | np.bool_)


def _as_float(item: object) -> float:
    """A number as a float; infinite, which is on no scale, where there is no such float."""
    try:
        return float(cast("Real", item))
    except OverflowError:
        return np.inf


def _shown(item: object) -> str:
    # Scalars of NumPy would show their types.
    if isinstance(item, bool | np.bool_):
        return "True" if item else "False"
    if isinstance(item, str):
        return repr(str(item))
    return f"{_as_float(item):g}" if isinstance(item, Real) else repr(item)

"""What a tally is made of: the columns that name a cell, and the counts of its rows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np

from customer_centric._core.frames.codes import CodeArray
from customer_centric._core.frames.engines import Engine
from customer_centric._core.frames.periods import Period
from customer_centric.typing import BoolArray, FloatArray, IntArray

RATING_REMEDY: Final = "convert it first"
WEIGHT_RULE: Final = "0 or more"
WEIGHT_REMEDY: Final = "a weight is how many customers an answer stands for"


@dataclass(frozen=True, slots=True)
class Key:
    """A column by which rows are counted.

    Parameters
    ----------
    column : str
        Ids: text, whole numbers or categories; dates where there is a `period`.
    role : str
        The argument that named the column, for messages.
    period : {"day", "week", "month", "quarter", "year"}, optional
        Rows are counted by the periods of a column of dates, datetimes or ISO text.
    time_zone : str, optional
        Zone in which days are counted, for moments with a time zone or an offset.
    """

    column: str
    role: str
    period: Period | None = None
    time_zone: str | None = None


@dataclass(frozen=True, slots=True, eq=False)
class KeyCodes:
    """The values of a key as codes from 0 to `size` - 1 in ascending order, and the way back."""

    codes: CodeArray
    size: int
    labels: Callable[[IntArray], object]

    def compact(self) -> KeyCodes:
        """The same with no code that does not occur."""
        seen = np.unique(self.codes)
        if seen.size == self.size:
            return self
        labels = self.labels
        return KeyCodes(
            np.searchsorted(seen, self.codes), seen.size, lambda codes: labels(seen[codes].astype(np.int64))
        )


@dataclass(frozen=True, slots=True, eq=False)
class Cells:
    """Distinct combinations of keys and rating, in ascending order, with what their rows sum to.

    Parameters
    ----------
    keys : tuple of KeyCodes
        The values of each key, one code a cell.
    rating : ndarray of shape (n_cells,)
        Whole numbers; NaN where there is no answer or one that is not on the scale.
    invalid : ndarray of shape (n_cells,)
        Whether the answers are not on the scale.
    n, weight, squared_weight : ndarray of shape (n_cells,)
        Rows, and the sums of their weights and of the squares of these.
    """

    keys: tuple[KeyCodes, ...]
    rating: FloatArray
    invalid: BoolArray
    n: FloatArray
    weight: FloatArray
    squared_weight: FloatArray


def day_labels(days: IntArray, engine: Engine) -> object:
    """Days since 1970-01-01 as a native series of dates."""
    moments = days.astype("datetime64[D]")
    if engine == "pyarrow":
        import pyarrow as pa

        return pa.chunked_array([pa.array(moments, type=pa.date32())])
    if engine == "polars":
        import polars as pl

        return pl.Series(moments, dtype=pl.Date)
    import pandas as pd

    return pd.Series(moments.astype("datetime64[us]"))

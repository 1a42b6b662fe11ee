"""Small tables of results as frames of the kind that came in."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias, cast

import narwhals.stable.v2 as nw
import numpy as np

from customer_centric._core.frames import LazyFrame, MemoryFrame
from customer_centric.typing import FloatArray, FrameT, IntArray

if TYPE_CHECKING:
    import pandas as pd

Column: TypeAlias = FloatArray | IntArray | Sequence[str | None] | Sequence[bool]


def table_like(frame: MemoryFrame[FrameT] | LazyFrame[FrameT], columns: Mapping[str, Column]) -> FrameT:
    """The columns as a frame of the same kind; NaN and None are missing."""
    if frame.engine in {"pandas", "duckdb"}:
        made = _pandas(columns)
        if isinstance(frame, LazyFrame):
            return _relation(frame, made)
        return cast("FrameT", made)
    lists = {name: _plain(column) for name, column in columns.items()}
    schema = {name: _type_of(column) for name, column in columns.items()}
    built: Any = nw.from_dict(lists, schema, backend="pyarrow" if frame.engine == "pyarrow" else "polars")
    native: FrameT = (built.lazy() if isinstance(frame, LazyFrame) else built).to_native()
    return native


def _pandas(columns: Mapping[str, Column]) -> pd.DataFrame:
    """As pandas infers the types: a cast to text would turn what is missing into the word None."""
    import pandas as pd

    series: dict[str, Any] = {}
    for name, column in columns.items():
        values: Any = column
        series[name] = pd.Series(values, dtype=None if len(column) else object)
    return pd.DataFrame(series)


def _relation(frame: LazyFrame[FrameT], small: object) -> FrameT:
    """A pandas frame as a relation on the connection of the survey."""
    relation: Any = frame.frame.to_native()
    # DuckDB finds the frame by the name of this variable, and keeps it alive with the relation.
    beside: FrameT = relation.query("_beside", "from small")
    del small
    return beside


def _plain(column: Column) -> list[Any]:
    if isinstance(column, np.ndarray):
        values: list[float] = column.tolist()
        return [None if math.isnan(value) else value for value in values]
    return list(column)


def _type_of(column: Column) -> nw.dtypes.DType:
    if isinstance(column, np.ndarray):
        return nw.Float64() if column.dtype.kind == "f" else nw.Int64()
    return nw.Boolean() if any(isinstance(value, bool) for value in column) else nw.String()

"""Frames in memory: columns become NumPy arrays, results become a frame of the same kind."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final, Generic, cast

import narwhals.stable.v2 as nw
import numpy as np
from numpy.typing import NDArray

from customer_centric._core.frames.codes import AnySeries, Codes, encode_ids, refuse_missing
from customer_centric._core.frames.days import encode_days
from customer_centric._core.frames.engines import Engine
from customer_centric._core.frames.problems import in_column, raise_rows, raise_where, wrong_type
from customer_centric.typing import BoolArray, FloatArray, FrameT, IntArray

_NOT_A_DAY: Final = np.iinfo(np.int64).min
AMOUNT_RULE: Final = "finite numbers"
AMOUNT_REMEDY: Final = "remove these rows or correct them"


class MemoryFrame(Generic[FrameT]):
    """A frame whose rows are in memory: pandas, Polars or PyArrow."""

    def __init__(self, native: FrameT, engine: Engine) -> None:
        self.engine: Engine = engine
        self._frame: nw.DataFrame[Any] = nw.from_native(native, eager_only=True)

    @property
    def columns(self) -> list[str]:
        """Names of the columns."""
        return self._frame.columns

    @property
    def n_rows(self) -> int:
        """Number of rows."""
        return len(self._frame)

    def ids(self, column: str, role: str) -> Codes:
        """Ids as codes that sort as the ids do."""
        return encode_ids(self._frame[column], engine=self.engine, role=role)

    def days(self, column: str, role: str, time_zone: str | None) -> IntArray:
        """Calendar days since 1970-01-01."""
        return encode_days(self._frame[column], engine=self.engine, role=role, time_zone=time_zone)

    def optional_days(self, column: str, role: str, time_zone: str | None) -> tuple[IntArray, BoolArray]:
        """Calendar days since 1970-01-01, and which rows have none."""
        series = self._frame[column]
        if isinstance(series.dtype, nw.Datetime) and series.dtype.time_zone is None and time_zone is None:
            # NumPy's datetimes have a value for missing ones: no need to fill and to look twice.
            days = series.to_numpy().astype("datetime64[D]").view(np.int64)
            return days, np.asarray(days == _NOT_A_DAY)
        missing = np.asarray(series.is_null().to_numpy(), dtype=np.bool_)
        if missing.all():
            return np.zeros(missing.size, dtype=np.int64), missing
        # Any day that is there stands in for the missing ones, so that positions in messages are right.
        filled = series.fill_null(series.drop_nulls()[0]) if missing.any() else series
        return encode_days(filled, engine=self.engine, role=role, time_zone=time_zone), missing

    def amounts(self, column: str, role: str) -> FloatArray:
        """Finite numbers as float64."""
        return finite_numbers(self._frame[column], role)

    def flags(self, column: str, role: str) -> FloatArray:
        """0 and 1 as float64, from booleans or numbers."""
        series = self._frame[column]
        values = finite_numbers(series.cast(nw.Int8) if series.dtype == nw.Boolean else series, role)
        name, bad = in_column(role, column), np.asarray((values != 0) & (values != 1))
        raise_where(name, "0 or 1", bad, values, remedy="make it true or false first")
        return values

    def floats(self, column: str) -> FloatArray:
        """Numbers as float64; NaN where one is missing."""
        return _to_floats(self._frame[column])

    def series(self, column: str) -> AnySeries:
        """The column behind Narwhals' interface."""
        return self._frame[column]

    def value(self, column: str) -> object:
        """The value in the first row."""
        value: object = self._frame[column].to_list()[0]
        return value

    def native(self, column: str) -> object:
        """The column as its engine holds it."""
        return self._frame[column].to_native()

    def rows_where(self, column: str, value: int | str) -> MemoryFrame[FrameT]:
        """The rows whose `column` is `value`."""
        ids = self._frame[column]
        is_value: AnySeries | nw.Expr | None
        if ids.dtype.is_integer():
            # NumPy compares whole numbers of every width.
            is_value = nw.new_series(column, ids.to_numpy() == value, backend=ids.implementation)
        elif self.engine == "pandas":
            is_value = nw.col(column) == value
        else:
            is_value = is_id(self._frame.schema, column, value)
        rows = self._frame.head(0) if is_value is None else self._frame.filter(is_value)
        return MemoryFrame(rows.to_native(), self.engine)

    def with_column(self, column: str, values: FloatArray) -> FrameT:
        """The frame with one column more, whatever the labels of its rows."""
        series = nw.new_series(column, values, nw.Float64, backend=self._frame.implementation)
        return cast("FrameT", self._frame.with_columns(series).to_native())

    def with_series(self, columns: Sequence[AnySeries]) -> FrameT:
        """The frame with some columns more, whatever the labels of its rows."""
        return cast("FrameT", self._frame.with_columns(*columns).to_native())

    def build(
        self,
        *,
        labels: Mapping[str, object],
        arrays: Mapping[str, NDArray[Any]],
        missing: Mapping[str, BoolArray],
    ) -> FrameT:
        """A frame of the same kind: native series, then arrays, some of whose values are missing."""
        return cast("FrameT", build_frame(self.engine, labels, arrays, missing))


def build_frame(
    engine: Engine,
    labels: Mapping[str, object],
    arrays: Mapping[str, NDArray[Any]],
    missing: Mapping[str, BoolArray],
) -> object:
    """A frame in memory: native series, then arrays, some of whose values are missing."""
    makers = {"polars": _build_polars, "pyarrow": _build_pyarrow}
    return makers.get(engine, _build_pandas)(labels, arrays, missing)


def is_id(schema: Mapping[str, nw.dtypes.DType], column: str, value: int | str) -> nw.Expr | None:
    """Whether a column of ids is `value`; None where it is of another type."""
    dtype = schema[column]
    if isinstance(value, int):
        return nw.col(column) == nw.lit(value, dtype) if dtype.is_integer() else None
    return None if dtype.is_integer() else nw.col(column).cast(nw.String) == nw.lit(value)


def _build_pandas(
    labels: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]], _: Mapping[str, BoolArray]
) -> object:
    import pandas as pd

    # Missing is NaN there already; columns that stay apart are not copied into one block.
    return pd.DataFrame({**labels, **arrays}, copy=False)


def _build_polars(
    labels: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]], missing: Mapping[str, BoolArray]
) -> object:
    import polars as pl

    columns: dict[str, pl.Series] = dict(labels)
    for name, values in arrays.items():
        column = pl.Series(name, values)
        columns[name] = column.set(pl.Series(missing[name]), None) if name in missing else column
    return pl.DataFrame(columns)


def _build_pyarrow(
    labels: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]], missing: Mapping[str, BoolArray]
) -> object:
    import pyarrow as pa

    columns = {name: pa.array(values, mask=missing.get(name)) for name, values in arrays.items()}
    return pa.table({**labels, **columns})


def _to_floats(series: AnySeries) -> FloatArray:
    if isinstance(series.dtype, nw.Decimal):
        series = series.cast(nw.Float64)
    values = series.to_numpy()
    return np.asarray(values, dtype=np.float64)


def finite_numbers(series: AnySeries, role: str) -> FloatArray:
    """The column as float64, each value present and finite."""
    name = in_column(role, series.name)
    if not (series.dtype.is_numeric() or isinstance(series.dtype, nw.Object)):
        raise wrong_type(name, "numbers", series.dtype, "convert it first")
    if not isinstance(series.dtype, nw.Float64 | nw.Float32):
        refuse_missing(name, series, AMOUNT_REMEDY, rule=AMOUNT_RULE)
    try:
        values = _to_floats(series)
    except (TypeError, ValueError):
        raise wrong_type(name, "numbers", series.dtype, "convert it first") from None
    # The extremes alone tell whether all is well: NaN spreads through them.
    if values.size and not (np.isfinite(values.min()) and np.isfinite(values.max())):
        bad = ~np.isfinite(values)
        position = int(np.flatnonzero(bad)[0])
        raise_rows(
            name,
            AMOUNT_RULE,
            value="null"
            if np.isnan(values[position]) and series.is_null()[position]
            else f"{values[position]:g}",
            count=int(bad.sum()),
            total=values.size,
            position=position,
            remedy=AMOUNT_REMEDY,
        )
    return values

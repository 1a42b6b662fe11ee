"""Frames that stay in their engine: columns become expressions, and only small results are collected."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeAlias

import narwhals.stable.v2 as nw
import numpy as np
from numpy.typing import NDArray

from customer_centric._core.frames.codes import ID_REMEDY, ID_RULE
from customer_centric._core.frames.dates import ISO_WITH_OFFSET, ISO_WITHOUT_OFFSET
from customer_centric._core.frames.days import DATE_REMEDY, DATE_RULE, refuse_aware, refuse_zone
from customer_centric._core.frames.engines import Engine
from customer_centric._core.frames.memory import MemoryFrame, build_frame, is_id
from customer_centric._core.frames.problems import in_column, wrong_type
from customer_centric.typing import BoolArray, FrameT, IntArray

AnyLazyFrame: TypeAlias = "nw.LazyFrame[Any]"


@dataclass(frozen=True, slots=True, eq=False)
class DayColumns:
    """Expressions for a column of dates; days and months count from January 1970."""

    day: nw.Expr
    month: nw.Expr
    is_bad: nw.Expr
    has_offset: nw.Expr


class LazyFrame(Generic[FrameT]):
    """A frame whose rows stay where they are: Polars lazy or DuckDB."""

    def __init__(self, native: FrameT, engine: Engine) -> None:
        self.engine: Engine = engine
        opaque: Any = native
        self.frame: AnyLazyFrame = as_lazy(opaque)
        self.schema: Mapping[str, nw.dtypes.DType] = self.frame.collect_schema()

    @property
    def columns(self) -> list[str]:
        """Names of the columns."""
        return list(self.schema)

    def check_ids(self, column: str, role: str) -> None:
        """Refuse a column of a type that is no id."""
        dtype = self.schema[column]
        if not (dtype.is_integer() or isinstance(dtype, nw.String | nw.Categorical | nw.Enum)):
            raise wrong_type(in_column(role, column), ID_RULE, dtype, ID_REMEDY)

    def check_numbers(self, column: str, role: str) -> None:
        """Refuse a column of a type that is no number."""
        dtype = self.schema[column]
        if not dtype.is_numeric():
            raise wrong_type(in_column(role, column), "numbers", dtype, "convert it first")

    def is_empty_type(self, column: str) -> bool:
        """Whether the column has the type of nulls alone, which Narwhals has no name for."""
        native: Any = self.frame.to_native()
        if not isinstance(self.schema[column], nw.Unknown):
            return False
        if self.engine == "duckdb":
            return str(native.types[self.columns.index(column)]) == '"NULL"'
        return str(native.collect_schema()[column]) == "Null"

    def in_zone(self, column: str, role: str, time_zone: str | None) -> LazyFrame[FrameT]:
        """The same frame with datetimes as the clocks of a zone show them."""
        dtype = self.schema[column]
        name = in_column(role, column)
        if not isinstance(dtype, nw.Datetime) or dtype.time_zone is None:
            refuse_zone(name, "dates without a time zone", time_zone)
            return self
        if time_zone is None:
            refuse_aware(name, dtype.time_zone)
        local = _local_time(self.frame, self.engine, column, time_zone)
        return LazyFrame(local.to_native(), self.engine)

    def days(self, column: str, role: str) -> DayColumns:
        """Calendar days of a column of dates, datetimes without a zone, or ISO text."""
        dtype = self.schema[column]
        if isinstance(dtype, nw.Date | nw.Datetime):
            return _days_of_dates(nw.col(column))
        if isinstance(dtype, nw.String | nw.Categorical | nw.Enum):
            return _days_of_texts(nw.col(column).cast(nw.String))
        raise wrong_type(in_column(role, column), DATE_RULE, dtype, DATE_REMEDY)

    def rows_where(self, column: str, value: int | str) -> MemoryFrame[Any]:
        """The rows whose `column` is `value`, in memory."""
        is_value = is_id(self.schema, column, value)
        return self.collect(self.frame.head(0) if is_value is None else self.frame.filter(is_value))

    def collect(self, query: AnyLazyFrame) -> MemoryFrame[Any]:
        """The rows of a small result, in memory."""
        # DuckDB hands results over as pandas frames: pandas is always there, PyArrow is not.
        if self.engine == "duckdb":
            return MemoryFrame(query.collect(backend="pandas").to_native(), "pandas")
        return MemoryFrame(query.collect(backend="polars").to_native(), "polars")

    def collect_arrays(self, query: AnyLazyFrame) -> dict[str, NDArray[Any]]:
        """The columns of a small result as float64; NaN where a value is missing."""
        rows = self.collect(query)
        return {name: rows.floats(name) for name in rows.columns}


def as_lazy(native: Any) -> AnyLazyFrame:
    """A native lazy frame behind Narwhals' interface."""
    frame: AnyLazyFrame = nw.from_native(native).lazy()
    return frame


def _local_time(frame: AnyLazyFrame, engine: Engine, column: str, time_zone: str) -> AnyLazyFrame:
    if engine == "duckdb":
        # Narwhals has no conversion for DuckDB, which keeps one zone for a whole connection.
        import duckdb

        relation: duckdb.DuckDBPyRelation = frame.to_native()
        moment = duckdb.FunctionExpression(
            "timezone", duckdb.ConstantExpression(time_zone), duckdb.ColumnExpression(column)
        )
        others = duckdb.StarExpression(exclude=[column])
        return as_lazy(relation.select(others, moment.alias(column)))
    local = nw.col(column).dt.convert_time_zone(time_zone).dt.replace_time_zone(None)
    return frame.with_columns(local)


def _days_of_dates(moment: nw.Expr) -> DayColumns:
    year = moment.dt.year().cast(nw.Int64)
    month = moment.dt.month().cast(nw.Int64)
    day = moment.dt.day().cast(nw.Int64)
    number = _day_number(year, month, day)
    return DayColumns(
        number, _month_number(year, month), number.is_null() & ~moment.is_null(), nw.lit(value=False)
    )


def _days_of_texts(text: nw.Expr) -> DayColumns:
    is_iso = text.str.contains(ISO_WITHOUT_OFFSET)
    digits = text.str.slice(0, 10).str.replace_all("-", "", literal=True).str.slice(0, 8)
    digits = nw.when(is_iso).then(digits).otherwise(nw.lit("19700101"))
    year = digits.str.slice(0, 4).cast(nw.Int64)
    month = digits.str.slice(4, 2).cast(nw.Int64)
    day = digits.str.slice(6, 2).cast(nw.Int64)
    is_leap = (_divides(4, year) & ~_divides(100, year)) | _divides(400, year)
    is_bad = ~is_iso | ((month == 2) & (day == 29) & ~is_leap)
    has_offset = text.str.contains(ISO_WITH_OFFSET)
    return DayColumns(
        _day_number(year, month, day), _month_number(year, month), is_bad & ~has_offset, has_offset
    )


def _month_number(year: nw.Expr, month: nw.Expr) -> nw.Expr:
    return year * 12 + month - (1970 * 12 + 1)


def _day_number(year: nw.Expr, month: nw.Expr, day: nw.Expr) -> nw.Expr:
    # Years that start in March put the leap day last.
    is_early = flag(month <= 2)
    year, month = year - is_early, month + is_early * 12 - 3
    leap_days = floor_divide(year, 4) - floor_divide(year, 100) + floor_divide(year, 400)
    return year * 365 + leap_days + floor_divide(month * 306 + 5, 10) + day - 719_469


def floor_divide(dividend: nw.Expr, divisor: int) -> nw.Expr:
    """The quotient of whole numbers, rounded down.

    Through floats, which are exact here: `//` means different things in different engines, and what
    Narwhals writes to make up for it repeats its operands many times.
    """
    return (dividend / float(divisor)).floor().cast(nw.Int64)


def _divides(divisor: int, dividend: nw.Expr) -> nw.Expr:
    return floor_divide(dividend, divisor) * divisor == dividend


def sort_by(frame: AnyLazyFrame, column: str) -> AnyLazyFrame:
    """The rows by ascending ids: categories as text, whatever order their type gives them."""
    dtype = frame.collect_schema()[column]
    if not isinstance(dtype, nw.Categorical | nw.Enum):
        return frame.sort(column)
    key = "_as_text"
    return frame.with_columns(nw.col(column).cast(nw.String).alias(key)).sort(key).drop(key)


def flag(condition: nw.Expr) -> nw.Expr:
    """1 where the condition holds, 0 where it does not or is unknown: for plain sums."""
    return nw.when(condition).then(nw.lit(1)).otherwise(nw.lit(0)).cast(nw.Int64)


def to_integers(values: NDArray[Any]) -> IntArray:
    """Whole numbers that an engine gave as floats."""
    whole: IntArray = np.rint(values).astype(np.int64)
    return whole


def attach_table(frame: AnyLazyFrame, engine: Engine, table: Mapping[str, NDArray[Any]]) -> AnyLazyFrame:
    """A small table of arrays as a lazy frame of the same engine, and connection, as `frame`."""
    if engine == "duckdb":
        import pandas as pd

        relation: Any = frame.to_native()
        # DuckDB finds the frame by the name of this variable, and keeps it alive with the relation.
        small = pd.DataFrame(dict(table))
        attached: AnyLazyFrame = as_lazy(relation.query("_beside", "from small"))
        del small
        return attached
    return nw.from_dict(dict(table), backend="polars").lazy()


def attach_frame(
    frame: LazyFrame[Any],
    labels: Mapping[str, object],
    arrays: Mapping[str, NDArray[Any]],
    missing: Mapping[str, BoolArray],
) -> object:
    """A small frame in memory as a lazy frame of the same engine, and connection, as `frame`.

    The labels are native series of a frame that `frame` collected, named as the columns they are from.
    """
    if frame.engine != "duckdb":
        built: Any = build_frame("polars", labels, arrays, missing)
        return built.lazy()
    # DuckDB finds the frame by the name of this variable, and keeps it alive with the relation.
    small = build_frame("pandas", labels, arrays, missing)
    relation: Any = frame.frame.to_native()
    attached = as_lazy(relation.query("_beside", "from small"))
    del small
    # pandas has no dates, and no type for the text of no rows.
    found = attached.collect_schema()
    types = {
        name: nw.Date() if isinstance(found[name], nw.Datetime) else frame.schema[name] for name in labels
    }
    return attached.with_columns(nw.col(name).cast(dtype) for name, dtype in types.items()).to_native()

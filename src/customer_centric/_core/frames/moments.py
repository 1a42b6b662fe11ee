"""Columns of datetimes in memory as whole ticks of a clock, in UTC where they have a zone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal

import narwhals.stable.v2 as nw
import numpy as np

from customer_centric._core.frames.codes import MISSING_RULE, AnySeries, as_series
from customer_centric._core.frames.days import raise_mixed
from customer_centric._core.frames.engines import Engine
from customer_centric._core.frames.lazy import LazyFrame, as_lazy
from customer_centric._core.frames.problems import in_column, raise_rows, wrong_type
from customer_centric.typing import FrameT, IntArray

if TYPE_CHECKING:
    import pandas as pd

MOMENT_RULE: Final = "datetimes"
MOMENT_REMEDY: Final = "convert it to datetimes first, all with a time zone or all without"
MISSING_MOMENT_REMEDY: Final = "remove these rows or give them a moment"
_NOT_A_TIME: Final = np.iinfo(np.int64).min
_TICKS: Final = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}


@dataclass(frozen=True, slots=True)
class Clock:
    """What ticks mean: how many there are in a second, and whether they are moments of UTC."""

    ticks_per_second: int
    is_utc: bool

    @property
    def unit(self) -> str:
        """Name of a tick in NumPy."""
        return {ticks: unit for unit, ticks in _TICKS.items()}[self.ticks_per_second]

    def moment(self, ticks: int) -> np.datetime64:
        """The moment that is so many ticks after 1970-01-01."""
        moment: np.datetime64 = np.asarray([ticks], dtype=np.int64).view(f"datetime64[{self.unit}]")[0]
        return moment

    def moments(self, ticks: IntArray) -> pd.DatetimeIndex:
        """The moments that are so many ticks after 1970-01-01, with a zone if they are moments of UTC."""
        import pandas as pd

        found = pd.DatetimeIndex(np.ascontiguousarray(ticks).view(f"datetime64[{self.unit}]"))
        return found.tz_localize("UTC") if self.is_utc else found


def encode_moments(series: AnySeries, *, engine: Engine, role: str) -> tuple[IntArray, Clock]:
    """Ticks since 1970-01-01 of a column of dates or datetimes; missing moments are refused."""
    name = in_column(role, series.name)
    if isinstance(series.dtype, nw.Object) and engine == "pandas":
        series = _moments_of_objects(name, series)
    if isinstance(series.dtype, nw.Date):
        series = series.cast(nw.Datetime("ms"))
    if not isinstance(series.dtype, nw.Datetime):
        raise wrong_type(name, MOMENT_RULE, series.dtype, MOMENT_REMEDY)
    is_utc = series.dtype.time_zone is not None
    if is_utc:
        series = series.dt.convert_time_zone("UTC").dt.replace_time_zone(None)
    values = series.to_numpy()
    unit = np.datetime_data(values.dtype)[0]
    ticks: IntArray = values.view(np.int64)
    if ticks.size and int(ticks.min()) == _NOT_A_TIME:
        missing = np.flatnonzero(ticks == _NOT_A_TIME)
        raise_rows(
            name,
            MISSING_RULE,
            value="null",
            count=missing.size,
            total=ticks.size,
            position=int(missing[0]),
            remedy=MISSING_MOMENT_REMEDY,
        )
    return ticks, Clock(_TICKS[unit], is_utc)


def _moments_of_objects(name: str, series: AnySeries) -> AnySeries:
    """Pandas keeps datetimes of several zones, and those beside none, as objects."""
    import pandas as pd

    native: pd.Series[Any] = series.to_native()
    kind = pd.api.types.infer_dtype(native, skipna=True)
    if kind not in {"datetime", "datetime64", "date", "empty"}:
        raise wrong_type(name, MOMENT_RULE, f"{native.dtype} holding {kind} values", MOMENT_REMEDY)
    zones = {str(getattr(moment, "tzinfo", None)) for moment in native[native.notna()]}
    if len(zones) > 1 and "None" in zones:
        raise_mixed(name, sorted(zones))
    return as_series(pd.to_datetime(native, utc=bool(zones - {"None"})))


def moment_column(frame: LazyFrame[FrameT], column: str, role: str) -> tuple[LazyFrame[FrameT], str, Clock]:
    """A lazy frame with ticks since 1970-01-01 of a column of dates or datetimes, and their name."""
    dtype = frame.schema[column]
    if not isinstance(dtype, nw.Date | nw.Datetime):
        raise wrong_type(in_column(role, column), MOMENT_RULE, dtype, MOMENT_REMEDY)
    is_utc = isinstance(dtype, nw.Datetime) and dtype.time_zone is not None
    unit: Literal["us", "ns"] = (
        "ns" if isinstance(dtype, nw.Datetime) and dtype.time_unit == "ns" and not is_utc else "us"
    )
    name = f"_ticks_of_{column}"
    if frame.engine == "duckdb":
        # Narwhals has no numbers for DuckDB's datetimes.
        import duckdb

        relation: duckdb.DuckDBPyRelation = frame.frame.to_native()
        ticks = duckdb.FunctionExpression(f"epoch_{unit}", duckdb.ColumnExpression(column)).alias(name)
        dated = as_lazy(relation.select(duckdb.StarExpression(), ticks))
    else:
        ticks_of = nw.col(column).cast(nw.Datetime(unit)) if isinstance(dtype, nw.Date) else nw.col(column)
        dated = frame.frame.with_columns(ticks_of.dt.timestamp(unit).alias(name))
    native: FrameT = dated.to_native()
    return LazyFrame(native, frame.engine), name, Clock(_TICKS[unit], is_utc)

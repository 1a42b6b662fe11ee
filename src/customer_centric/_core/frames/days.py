"""Columns of dates in memory, in whichever type, as calendar days since 1970-01-01."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NoReturn

import narwhals.stable.v2 as nw
import numpy as np
from numpy.typing import NDArray

from customer_centric._core.frames.codes import (
    MISSING_RULE,
    AnySeries,
    as_series,
    encode_texts,
    refuse_missing,
)
from customer_centric._core.frames.dates import check_time_zone, parse_texts
from customer_centric._core.frames.engines import Engine
from customer_centric._core.frames.problems import (
    DATE_TEXT_REMEDY,
    ISO_RULE,
    ZONE_REMEDY,
    in_column,
    raise_rows,
    wrong_type,
)
from customer_centric.errors import InvalidInputError
from customer_centric.typing import IntArray

DATE_RULE: Final = "dates, datetimes or ISO text"
DATE_REMEDY: Final = "convert it to dates first"
MISSING_DATE_REMEDY: Final = "remove these rows or give them a date"
if TYPE_CHECKING:
    import pandas as pd

_NOT_A_TIME: Final = np.iinfo(np.int64).min


def encode_days(series: AnySeries, *, engine: Engine, role: str, time_zone: str | None) -> IntArray:
    """Days since 1970-01-01 of a column of dates, datetimes or ISO text."""
    name = in_column(role, series.name)
    zone = check_time_zone(time_zone)
    dtype = series.dtype
    if isinstance(dtype, nw.Date):
        refuse_zone(name, "dates", time_zone)
        # pandas has dates only as Arrow's, which it gives to NumPy as objects.
        moments = series.cast(nw.Datetime("us")) if engine == "pandas" else series
        return _days_of_moments(name, moments.to_numpy())
    if isinstance(dtype, nw.Datetime):
        if dtype.time_zone is None:
            refuse_zone(name, "datetimes without a time zone", time_zone)
        elif zone is None:
            refuse_aware(name, dtype.time_zone)
        else:
            series = _local_time(series, engine, str(zone))
        return _days_of_moments(name, series.to_numpy())
    if engine == "pandas" and isinstance(dtype, nw.Object | nw.String):
        return _days_of_objects(name, series, engine, time_zone)
    if isinstance(dtype, nw.String | nw.Categorical | nw.Enum):
        return _days_of_texts(name, series, engine, time_zone)
    raise wrong_type(name, DATE_RULE, dtype, DATE_REMEDY)


def _local_time(series: AnySeries, engine: Engine, time_zone: str) -> AnySeries:
    if engine == "pandas":
        # Arrow's datetimes lose the zone by going back to UTC in pandas; NumPy's keep the local time.
        native: pd.Series[Any] = series.to_native()
        return as_series(native.astype("datetime64[us, UTC]").dt.tz_convert(time_zone).dt.tz_localize(None))
    return series.dt.convert_time_zone(time_zone).dt.replace_time_zone(None)


def refuse_aware(name: str, zone: object, remedy: str = ZONE_REMEDY) -> NoReturn:
    """Refuse datetimes of a zone where the caller does not say in which one days are counted."""
    raise InvalidInputError(
        f"{name} must be without a time zone unless `time_zone` is given, got datetimes in {zone}; {remedy}"
    )


def refuse_zone(name: str, kind: str, time_zone: str | None) -> None:
    """Refuse a zone for dates that have none: they are calendar days already."""
    if time_zone is not None:
        raise InvalidInputError(
            f"`time_zone` must be None where {name} holds {kind}, got {time_zone!r}; "
            "only moments with a time zone or an offset can be moved to another zone"
        )


def _days_of_moments(name: str, values: NDArray[Any]) -> IntArray:
    days: IntArray = values.astype("datetime64[D]").view(np.int64)
    if days.size and int(days.min()) == _NOT_A_TIME:
        missing = np.flatnonzero(days == _NOT_A_TIME)
        _raise_missing(name, missing, days.size)
    return days


def _raise_missing(name: str, missing: NDArray[np.intp], total: int) -> None:
    raise_rows(
        name,
        MISSING_RULE,
        value="null",
        count=missing.size,
        total=total,
        position=int(missing[0]),
        remedy=MISSING_DATE_REMEDY,
    )


def _days_of_objects(name: str, series: AnySeries, engine: Engine, time_zone: str | None) -> IntArray:
    import pandas as pd

    native: pd.Series[Any] = series.to_native()
    kind = pd.api.types.infer_dtype(native, skipna=True)
    if kind in {"string", "empty", "mixed"}:
        return _days_of_texts(name, series, engine, time_zone)
    if kind == "date":
        refuse_zone(name, "dates", time_zone)
        return _days_of_moments(name, native.to_numpy().astype("datetime64[D]"))
    if kind not in {"datetime", "datetime64"}:
        raise wrong_type(name, DATE_RULE, f"{native.dtype} holding {kind} values", DATE_REMEDY)
    present = native[native.notna()]
    zones = {str(moment.tzinfo) for moment in present}
    aware = zones - {"None"}
    if len(zones) > 1 and (time_zone is None or "None" in zones):
        raise_mixed(name, sorted(zones))
    if aware and time_zone is None:
        refuse_aware(name, aware.pop())
    moments = pd.to_datetime(native, utc=bool(aware))
    if aware:
        moments = moments.dt.tz_convert(time_zone).dt.tz_localize(None)
    else:
        refuse_zone(name, "datetimes without a time zone", time_zone)
    return _days_of_moments(name, moments.to_numpy())


def raise_mixed(name: str, zones: list[str]) -> NoReturn:
    """Refuse a column in several time zones, or with and without one."""
    listed = ", ".join(zones).replace("None", "no time zone")
    raise InvalidInputError(
        f"{name} must be in one time zone, got mixed time zones ({listed}); convert all to one zone first"
    )


def _days_of_texts(name: str, series: AnySeries, engine: Engine, time_zone: str | None) -> IntArray:
    positions, texts = _distinct_texts(name, series, engine)
    parsed = parse_texts(texts, check_time_zone(time_zone))
    bad = parsed.bad[positions]
    if bad.any():
        first = int(np.flatnonzero(bad)[0])
        raise_rows(
            name,
            ISO_RULE,
            value=repr(texts[positions[first]]),
            count=int(bad.sum()),
            total=positions.size,
            position=first,
            remedy=DATE_TEXT_REMEDY,
        )
    n_offset = int(parsed.has_offset.sum())
    if 0 < n_offset < len(texts):
        raise_mixed(name, ["some values with an offset from UTC", "some with None"])
    if n_offset and time_zone is None:
        refuse_aware(name, f"an offset from UTC ({texts[0]!r})")
    if texts and not n_offset:
        refuse_zone(name, "dates without a time zone", time_zone)
    return parsed.days[positions]


def _distinct_texts(name: str, series: AnySeries, engine: Engine) -> tuple[IntArray, list[object]]:
    if engine == "pandas":
        import pandas as pd

        native: pd.Series[Any] = series.to_native()
        positions, distinct = pd.factorize(native)
        missing = np.flatnonzero(positions < 0)
        if missing.size:
            _raise_missing(name, missing, positions.size)
        return positions.astype(np.int64, copy=False), list(distinct)
    refuse_missing(name, series, MISSING_DATE_REMEDY)
    encoded = encode_texts(series, engine)
    labels = as_series(encoded.labels(np.arange(encoded.size)))
    return encoded.codes.astype(np.int64, copy=False), labels.cast(nw.String).to_list()

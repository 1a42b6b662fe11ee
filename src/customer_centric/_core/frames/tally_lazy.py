"""Counting the rows of a lazy frame: one group-by in its engine; the checks look at the cells it gives."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import narwhals.stable.v2 as nw
import numpy as np

from customer_centric._core.frames.codes import MISSING_ID_REMEDY, MISSING_RULE
from customer_centric._core.frames.days import MISSING_DATE_REMEDY, raise_mixed, refuse_aware
from customer_centric._core.frames.lazy import AnyLazyFrame, LazyFrame, flag, to_integers
from customer_centric._core.frames.memory import AMOUNT_REMEDY, AMOUNT_RULE, MemoryFrame
from customer_centric._core.frames.periods import first_days, period_expression
from customer_centric._core.frames.problems import (
    DATE_TEXT_REMEDY,
    ISO_RULE,
    OFFSET_REMEDY,
    in_column,
    raise_rows,
    wrong_type,
)
from customer_centric._core.frames.tally_cells import (
    RATING_REMEDY,
    WEIGHT_REMEDY,
    WEIGHT_RULE,
    Cells,
    Key,
    KeyCodes,
    day_labels,
)
from customer_centric._core.ratings import OFF_SCALE_REMEDY, Invalid
from customer_centric.typing import FloatArray


def collect_cells(
    frame: LazyFrame[Any],
    keys: Sequence[Key],
    *,
    rating: str,
    minimum: int,
    maximum: int,
    invalid: Invalid,
    weight: str | None,
) -> Cells:
    """The cells of a lazy frame; nothing but they leaves the engine."""
    dtype = frame.schema[rating]
    if not (dtype.is_numeric() or frame.is_empty_type(rating)):
        raise wrong_type(in_column("rating", rating), "whole numbers", dtype, RATING_REMEDY)
    cells = frame.collect(_query(frame, keys, rating, (minimum, maximum), weight))
    n = cells.floats("n")
    off_scale = cells.floats("off_scale") > 0
    coded = tuple(_key_codes(cells, key, i, n) for i, key in enumerate(keys))
    if invalid == "raise":
        raise_rows(
            in_column("rating", rating),
            f"whole numbers from {minimum} to {maximum}",
            value=f"{_least(cells, 'off_value'):g}",
            count=int(n[off_scale].sum()),
            total=int(n.sum()),
            remedy=OFF_SCALE_REMEDY,
        )
    if weight is not None:
        _check_weights(cells, weight, int(n.sum()))
    ratings = cells.floats("rating")
    order = np.lexsort((off_scale, ratings, *(key.codes for key in coded[::-1])))
    total, squared = (n, n) if weight is None else (cells.floats("weight"), cells.floats("squared"))
    return Cells(
        keys=tuple(KeyCodes(key.codes[order], key.size, key.labels).compact() for key in coded),
        rating=ratings[order],
        invalid=off_scale[order],
        n=n[order],
        weight=total[order],
        squared_weight=squared[order],
    )


def _query(
    frame: LazyFrame[Any], keys: Sequence[Key], rating: str, scale: tuple[int, int], weight: str | None
) -> AnyLazyFrame:
    for key in keys:
        if key.period is not None:
            frame = frame.in_zone(key.column, key.role, key.time_zone)
    columns: dict[str, nw.Expr] = {}
    for i, key in enumerate(keys):
        columns |= _key_columns(frame, key, i)
    if weight is not None:
        frame.check_numbers(weight, "weight")
        columns |= _weight_columns(weight)
    named = [f"key_{i}" for i in range(len(keys))]
    # Columns first, plain aggregates then: an aggregate of a condition is not safe in every engine.
    least = [name for name in columns if name.startswith("least_")]
    sums = [name for name in columns if name not in {*named, *least}]
    rows = frame.frame.select(**columns, given=nw.col(rating))
    # Ratings are looked at once for each that was given, not once for each row.
    given = rows.group_by(*named, "given").agg(*_aggregates(sums, least), n=nw.len())
    return (
        given.with_columns(**_rating_columns(nw.col("given").cast(nw.Float64), scale))
        .group_by(*named, "rating", "off_scale")
        .agg(*_aggregates(["n", *sums], ["least_off_value", *least]))
    )


def _aggregates(sums: Sequence[str], least: Sequence[str]) -> list[nw.Expr]:
    return [*(nw.col(name).sum() for name in sums), *(nw.col(name).min() for name in least)]


def _key_columns(frame: LazyFrame[Any], key: Key, i: int) -> dict[str, nw.Expr]:
    column = nw.col(key.column)
    if key.period is None:
        frame.check_ids(key.column, key.role)
        # No engine hands over whole numbers of 128 bits.
        is_wide = isinstance(frame.schema[key.column], nw.Int128 | nw.UInt128)
        return {f"key_{i}": column.cast(nw.Int64) if is_wide else column}
    days = frame.days(key.column, key.role)
    return {
        f"key_{i}": period_expression(days, key.period),
        f"missing_{i}": flag(column.is_null()),
        f"bad_{i}": flag(days.is_bad),
        f"with_offset_{i}": flag(days.has_offset),
        f"least_text_{i}": nw.when(days.is_bad).then(column.cast(nw.String)),
    }


def _rating_columns(value: nw.Expr, scale: tuple[int, int]) -> dict[str, nw.Expr]:
    missing = value.is_null() | value.is_nan()
    on_scale = (value >= scale[0]) & (value <= scale[1]) & (value.floor() == value) & ~missing
    off_scale = ~missing & ~on_scale
    return {
        # Whole numbers know one 0.
        "rating": nw.when(on_scale).then(value).cast(nw.Int64),
        "off_scale": flag(off_scale),
        "least_off_value": nw.when(off_scale).then(value),
    }


def _weight_columns(column: str) -> dict[str, nw.Expr]:
    weight = nw.col(column).cast(nw.Float64)
    return {
        "weight": weight,
        "squared": weight * weight,
        "weight_missing": flag(weight.is_null()),
        "weight_not_finite": flag(~weight.is_finite()),
        "weight_is_nan": flag(weight.is_nan()),
        "weight_negative": flag(weight < 0),
        "least_weight": weight,
    }


def _key_codes(cells: MemoryFrame[Any], key: Key, i: int, n: FloatArray) -> KeyCodes:
    column, name, total = f"key_{i}", in_column(key.role, key.column), int(n.sum())
    if key.period is None:
        missing = int(n[cells.series(column).is_null().to_numpy()].sum())
        raise_rows(name, MISSING_RULE, value="null", count=missing, total=total, remedy=MISSING_ID_REMEDY)
        ids = cells.ids(column, key.role)
        return KeyCodes(ids.codes, ids.size, ids.labels)
    period = key.period
    _refuse_dates(cells, name, i, total)
    ordinals = to_integers(cells.floats(column))
    first = int(ordinals.min(initial=0))
    return KeyCodes(
        ordinals - first,
        int(ordinals.max(initial=-1)) - first + 1,
        lambda codes: day_labels(first_days(codes + first, period), cells.engine),
    )


def _refuse_dates(cells: MemoryFrame[Any], name: str, i: int, total: int) -> None:
    missing, bad, with_offset = (_sum(cells, f"{kind}_{i}") for kind in ("missing", "bad", "with_offset"))
    raise_rows(name, MISSING_RULE, value="null", count=missing, total=total, remedy=MISSING_DATE_REMEDY)
    if bad:
        text = min(str(text) for text in cells.series(f"least_text_{i}").drop_nulls().to_list())
        raise_rows(name, ISO_RULE, value=repr(text), count=bad, total=total, remedy=DATE_TEXT_REMEDY)
    if 0 < with_offset < total:
        raise_mixed(name, ["an offset from UTC", "None"])
    if with_offset:
        refuse_aware(name, "text with an offset from UTC", OFFSET_REMEDY)


def _check_weights(cells: MemoryFrame[Any], column: str, total: int) -> None:
    name = in_column("weight", column)
    missing, odd = _sum(cells, "weight_missing"), _sum(cells, "weight_not_finite")
    value = "null" if missing else "nan" if _sum(cells, "weight_is_nan") else "inf"
    raise_rows(name, AMOUNT_RULE, value=value, count=missing + odd, total=total, remedy=AMOUNT_REMEDY)
    raise_rows(
        name,
        WEIGHT_RULE,
        value=f"{_least(cells, 'weight'):g}",
        count=_sum(cells, "weight_negative"),
        total=total,
        remedy=WEIGHT_REMEDY,
    )


def _sum(cells: MemoryFrame[Any], column: str) -> int:
    return int(np.nansum(cells.floats(column)))


def _least(cells: MemoryFrame[Any], name: str) -> float:
    """The least value; NaN where there is none."""
    values = cells.floats(f"least_{name}")
    return float(np.fmin.reduce(values, initial=np.nan))

"""Promoters, passives and detractors who mention each theme, counted where the rows are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import narwhals.stable.v2 as nw
import numpy as np
from numpy.typing import NDArray

from customer_centric._core.frames import LazyFrame, MemoryFrame
from customer_centric._core.frames.codes import AnySeries, as_series
from customer_centric._core.frames.lazy import AnyLazyFrame, flag
from customer_centric._core.frames.problems import in_column, raise_rows, wrong_type
from customer_centric._core.ratings import OFF_SCALE_REMEDY, Invalid, Ratings, check_ratings
from customer_centric._core.tabulate import sum_by
from customer_centric.errors import InvalidInputError
from customer_centric.nps.scale import RatingScale
from customer_centric.typing import FloatArray, IntArray

_THEME_RULE: Final = "0 or 1 for every answer"
_THEME_REMEDY: Final = "write 1 where the answer mentions the theme and 0 where it does not"
_RATING_REMEDY: Final = "convert it first"


@dataclass(frozen=True, slots=True)
class ThemeColumns:
    """Which columns to read, and how answers are understood."""

    rating: str
    themes: tuple[str, ...]
    cluster: str | None
    scale: RatingScale
    invalid: Invalid


@dataclass(frozen=True, slots=True, eq=False)
class ThemeCounts:
    """Answers by class, and those that mention each theme.

    Parameters
    ----------
    everybody : ndarray of shape (3,)
        Detractors, passives and promoters.
    mentioning : ndarray of shape (n_themes, 3)
        Those of them who mention each theme.
    n_missing, n_invalid : int
        Rows without an answer, and with one that is not on the scale.
    n_units : float
        Independent units: clusters, or answers.
    squares : ndarray of shape (n_themes, 4, 4) or None
        Sums over clusters of the products of their answers, net answers, mentions and net mentions.
    """

    everybody: FloatArray
    mentioning: FloatArray
    n_missing: int
    n_invalid: int
    n_units: float
    squares: FloatArray | None


def count_memory(frame: MemoryFrame[Any], columns: ThemeColumns) -> ThemeCounts:
    """Counts of a frame in memory."""
    checked = _ratings(frame, columns)
    answered = checked.answered
    net = columns.scale.net_values(checked.values[answered])
    code = (net + 1.0).astype(np.int64)
    mentions = [_mentions(frame, theme, answered) for theme in columns.themes]
    unit = None
    if columns.cluster is not None:
        unit = frame.ids(columns.cluster, "cluster").codes[answered]
        unit = np.unique(unit, return_inverse=True)[1].astype(np.int64)
    return ThemeCounts(
        everybody=np.bincount(code, minlength=3).astype(np.float64),
        mentioning=np.stack([sum_by(code, mentioned, 3) for mentioned in mentions]),
        n_missing=checked.n_missing,
        n_invalid=checked.n_invalid,
        n_units=float(net.size if unit is None else unit.max(initial=-1) + 1),
        squares=None if unit is None else unit_squares(unit, net, mentions),
    )


def unit_squares(unit: IntArray, net: FloatArray, mentions: Sequence[FloatArray]) -> FloatArray:
    """Sums over clusters of products of their totals: answers, net, mentions, net of these."""
    size = int(unit.max(initial=-1)) + 1
    n, total = sum_by(unit, np.ones_like(net), size), sum_by(unit, net, size)
    squares = np.empty((len(mentions), 4, 4))
    for j, mentioned in enumerate(mentions):
        own = np.stack([n, total, sum_by(unit, mentioned, size), sum_by(unit, mentioned * net, size)])
        squares[j] = own @ own.T
    return squares


def _ratings(frame: MemoryFrame[Any], columns: ThemeColumns) -> Ratings:
    series = as_series(frame.native(columns.rating))
    scale, name = columns.scale, in_column("rating", columns.rating)
    try:
        return check_ratings(
            "rating",
            _raw(series, name, "whole numbers", _RATING_REMEDY),
            minimum=scale.minimum,
            maximum=scale.maximum,
            invalid=columns.invalid,
        )
    except InvalidInputError as error:
        raise InvalidInputError(str(error).replace("`rating` must", f"{name} must", 1)) from None


def _raw(series: AnySeries, name: str, rule: str, remedy: str) -> NDArray[Any]:
    dtype = series.dtype
    if dtype.is_numeric():
        return np.asarray(series.cast(nw.Float64).to_numpy(), dtype=np.float64)
    native: Any = series.to_native()
    # Narwhals calls a pandas column of objects text where it finds text, or nothing at all, in it.
    if str(getattr(native, "dtype", "")) == "object" or isinstance(dtype, nw.Unknown):
        values = np.empty(len(series), dtype=object)
        values[:] = series.to_list()
        return values
    raise wrong_type(name, rule, dtype, remedy)


def _mentions(frame: MemoryFrame[Any], column: str, answered: NDArray[np.bool_]) -> FloatArray:
    """1 where an answer mentions the theme, 0 where it does not."""
    series = as_series(frame.native(column))
    name = in_column("themes", column)
    if isinstance(series.dtype, nw.Boolean):
        series = series.cast(nw.Int64)
    raw = _raw(series, name, "0 or 1", _THEME_REMEDY)
    try:
        values = np.asarray(raw, dtype=np.float64)
    except (TypeError, ValueError):
        raise wrong_type(name, "0 or 1", series.dtype, _THEME_REMEDY) from None
    bad = answered & (values != 0) & (values != 1)
    if bad.any():
        position = int(np.flatnonzero(bad)[0])
        raise_rows(
            name,
            _THEME_RULE,
            value=_shown(values[position]),
            count=int(bad.sum()),
            total=values.size,
            position=position,
            remedy=_THEME_REMEDY,
        )
    return values[answered]


def _shown(value: float) -> str:
    return "null" if np.isnan(value) else f"{value:g}"


def count_lazy(frame: LazyFrame[Any], columns: ThemeColumns) -> ThemeCounts:
    """Counts of a lazy frame: sums by rating, and by cluster where there are any, leave the engine."""
    frame.check_numbers(columns.rating, "rating")
    for theme in columns.themes:
        dtype = frame.schema[theme]
        if not (dtype.is_numeric() or isinstance(dtype, nw.Boolean)):
            raise wrong_type(in_column("themes", theme), "0 or 1", dtype, _THEME_REMEDY)
    if columns.cluster is not None:
        frame.check_ids(columns.cluster, "cluster")
    rows = _rows(frame, columns)
    n_themes = len(columns.themes)
    least = ["off_value", *[f"bad_value{j}" for j in range(n_themes)]]
    sums = ["off", "no_unit", *[f"{kind}{j}" for kind in ("m", "bad") for j in range(n_themes)]]
    by_class = frame.collect_arrays(
        rows.group_by("net").agg(nw.col(*sums).sum(), nw.col(*least).min(), n=nw.len())
    )
    _refuse(by_class, columns)
    net, n = by_class["net"], by_class["n"]
    counts = [n, *[by_class[f"m{j}"] for j in range(n_themes)]]
    table = np.array([[column[net == value].sum() for value in (-1.0, 0.0, 1.0)] for column in counts])
    n_invalid = int(by_class["off"].sum())
    answered = rows.filter(~nw.col("net").is_null())
    squares, n_units = None, float(table[0].sum())
    if columns.cluster is not None:
        squares, n_units = _lazy_squares(frame, answered, n_themes)
    return ThemeCounts(
        everybody=table[0],
        mentioning=table[1:],
        n_missing=int(n[np.isnan(net)].sum()) - n_invalid,
        n_invalid=n_invalid,
        n_units=n_units,
        squares=squares,
    )


def _rows(frame: LazyFrame[Any], columns: ThemeColumns) -> AnyLazyFrame:
    """Net answers, mentions, and what is wrong with a row."""
    value = nw.col(columns.rating).cast(nw.Float64)
    scale, unit = columns.scale, columns.cluster
    given = ~(value.is_null() | value.is_nan())
    on_scale = given & (value >= scale.minimum) & (value <= scale.maximum) & (value.floor() == value)
    rows = frame.frame.select(
        *([] if unit is None else [nw.col(unit).alias("unit")]),
        no_unit=nw.lit(0) if unit is None else flag(nw.col(unit).is_null()),
        net=nw.when(on_scale).then(flag(value >= scale.promoter_min) - flag(value <= scale.detractor_max)),
        off=flag(given & ~on_scale),
        off_value=nw.when(given & ~on_scale).then(value),
        **{
            f"m{j}": nw.col(theme).cast(nw.Int64 if frame.schema[theme] == nw.Boolean else nw.Float64)
            for j, theme in enumerate(columns.themes)
        },
    )
    themes = range(len(columns.themes))
    is_bad = {
        j: ~nw.col("net").is_null()
        & ~((nw.col(f"m{j}") == 0) | (nw.col(f"m{j}") == 1)).fill_null(value=False)
        for j in themes
    }
    return rows.select(
        *([] if unit is None else ["unit"]),
        "no_unit",
        "net",
        "off",
        "off_value",
        *[flag(nw.col(f"m{j}") == 1).alias(f"m{j}") for j in themes],
        *[flag(is_bad[j]).alias(f"bad{j}") for j in themes],
        *[nw.when(is_bad[j]).then(nw.col(f"m{j}")).alias(f"bad_value{j}") for j in themes],
    )


def _refuse(seen: dict[str, NDArray[Any]], columns: ThemeColumns) -> None:
    """Refuse what is wrong with the rows, in the words of frames in memory."""
    total, scale = int(seen["n"].sum()), columns.scale
    if columns.invalid == "raise":
        raise_rows(
            in_column("rating", columns.rating),
            f"whole numbers from {scale.minimum} to {scale.maximum}",
            value=_shown(_least(seen["off_value"])),
            count=int(seen["off"].sum()),
            total=total,
            remedy=OFF_SCALE_REMEDY,
        )
    for j, theme in enumerate(columns.themes):
        raise_rows(
            in_column("themes", theme),
            _THEME_RULE,
            value=_shown(_least(seen[f"bad_value{j}"])),
            count=int(seen[f"bad{j}"].sum()),
            total=total,
            remedy=_THEME_REMEDY,
        )
    if columns.cluster is not None:
        raise_rows(
            in_column("cluster", columns.cluster),
            "present in every row",
            value="null",
            count=int(seen["no_unit"].sum()),
            total=total,
            remedy="remove these rows or give them an id",
        )


def _least(values: FloatArray) -> float:
    known = values[~np.isnan(values)]
    return float(known.min()) if known.size else np.nan


def _lazy_squares(frame: LazyFrame[Any], rows: AnyLazyFrame, n_themes: int) -> tuple[FloatArray, float]:
    """Sums over clusters of products of their totals, and the number of clusters."""
    themes = range(n_themes)
    net_mentions = [(nw.col("net") * nw.col(f"m{j}")).alias(f"x{j}") for j in themes]
    totals = ["n", "net", *[f"m{j}" for j in themes], *[f"x{j}" for j in themes]]
    units = (
        rows.with_columns(*net_mentions, n=nw.lit(1))
        .group_by("unit")
        .agg(*[nw.col(name).sum() for name in totals])
        .select(*[nw.col(name).cast(nw.Float64) for name in totals])
    )
    products: dict[str, nw.Expr] = {}
    names = [("n", "net", f"m{j}", f"x{j}") for j in themes]
    for own in names:
        products |= {
            f"{a}_{b}": nw.col(a) * nw.col(b) for a in own for b in own if f"{b}_{a}" not in products
        }
    query = units.select(units=nw.lit(1.0), **products)
    query = query.select(*[nw.col(name).sum() for name in ("units", *products)])
    sums = {name: float(values[0]) for name, values in frame.collect_arrays(query).items()}
    squares = np.array(
        [[[sums.get(f"{a}_{b}", sums.get(f"{b}_{a}", 0.0)) for a in own] for b in own] for own in names]
    )
    return np.nan_to_num(squares), float(np.nan_to_num(sums["units"]))

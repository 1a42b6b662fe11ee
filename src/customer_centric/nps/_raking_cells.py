"""Rows of a survey counted by the labels that raking looks at, and weights handed back to the rows."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from typing import Any, Final, Generic, cast

import narwhals.stable.v2 as nw
import numpy as np
from numpy.typing import NDArray

from customer_centric._core.frames import LazyFrame, MemoryFrame
from customer_centric._core.frames.codes import MISSING_RULE, Codes, as_series
from customer_centric._core.frames.lazy import AnyLazyFrame, attach_table, flag
from customer_centric._core.frames.problems import in_column, raise_rows
from customer_centric._core.tabulate import distinct_rows, sum_by
from customer_centric.errors import InvalidInputError
from customer_centric.nps._raking_margins import role_of
from customer_centric.typing import FloatArray, FrameT, IntArray

_FACTOR: Final = "_raking_factor"
_WEIGHT_RULE: Final = "finite numbers of 0 or more"
_WEIGHT_REMEDY: Final = "remove these rows or correct them"
_LABEL_REMEDY: Final = "remove these rows, or give them a label that has a margin of its own"


@dataclass(frozen=True, slots=True, eq=False)
class Cells(Generic[FrameT]):
    """Rows that agree in all the columns raked on, counted.

    Parameters
    ----------
    labels : tuple of list
        Labels that occur, one list a column.
    codes : tuple of ndarray of shape (n_cells,)
        Positions in `labels`, one array a column.
    n, weight, squared_weight : ndarray of shape (n_cells,)
        Rows, and the sums of the weights that they came with and of the squares of these.
    smallest, largest : ndarray of shape (n_cells,)
        Extremes of these weights.
    weighted : callable
        The survey with one more column: the weight of each row times the factor of its cell. Takes the
        name of the column and the factors.
    """

    labels: tuple[list[Hashable], ...]
    codes: tuple[IntArray, ...]
    n: FloatArray
    weight: FloatArray
    squared_weight: FloatArray
    smallest: FloatArray
    largest: FloatArray
    weighted: Callable[[str, FloatArray], FrameT]


def cells_in_memory(survey: MemoryFrame[FrameT], columns: Sequence[str], weight: str | None) -> Cells[FrameT]:
    """Cells of a survey whose rows are in memory."""
    base = np.ones(survey.n_rows) if weight is None else _base_weights(survey, weight)
    _refuse_empty(survey.n_rows)
    encoded = [survey.ids(column, role_of(column)) for column in columns]
    distinct, cell = distinct_rows(*(np.asarray(ids.codes, dtype=np.float64) for ids in encoded))
    labels, codes = _label(encoded, distinct)
    size = distinct[0].size
    smallest, largest = np.full(size, np.inf), np.zeros(size)
    np.minimum.at(smallest, cell, base)
    np.maximum.at(largest, cell, base)

    def weighted(column: str, factor: FloatArray) -> FrameT:
        return survey.with_column(column, base * factor[cell])

    with np.errstate(over="ignore", under="ignore"):
        squared = base**2
    return Cells(
        labels=labels,
        codes=codes,
        n=sum_by(cell, np.ones(cell.size), size),
        weight=sum_by(cell, base, size),
        squared_weight=sum_by(cell, squared, size),
        smallest=smallest,
        largest=largest,
        weighted=weighted,
    )


def cells_in_engine(survey: LazyFrame[FrameT], columns: Sequence[str], weight: str | None) -> Cells[FrameT]:
    """Cells of a survey that stays in its engine; only they leave it."""
    for column in columns:
        survey.check_ids(column, role_of(column))
    if weight is not None:
        survey.check_numbers(weight, "weight")
    keys = {f"_raking_label_{i}": _as_key(survey, column) for i, column in enumerate(columns)}
    found = survey.collect(_count(survey, keys, weight))
    sums = {name: found.floats(name) for name in ("n", "weight", "squared", "smallest", "largest")}
    total = int(sums["n"].sum())
    _refuse_empty(total)
    _refuse_missing(found, dict(zip(keys, columns, strict=True)), sums["n"])
    if weight is not None:
        _refuse_bad_weights(weight, found.floats("bad"), found.floats("bad_value"), total)
    encoded = [found.ids(key, role_of(column)) for key, column in zip(keys, columns, strict=True)]
    labels, codes = _label(encoded, tuple(np.asarray(ids.codes, dtype=np.float64) for ids in encoded))
    base = nw.lit(1.0) if weight is None else nw.col(weight).cast(nw.Float64)
    named = {
        key: np.asarray(values, dtype=object)[code]
        for key, values, code in zip(keys, labels, codes, strict=True)
    }

    def weighted(column: str, factor: FloatArray) -> FrameT:
        beside = attach_table(survey.frame, survey.engine, _typed(named) | {_FACTOR: factor})
        joined = survey.frame.with_columns(**keys).join(beside, on=list(keys), how="left")
        raked = joined.with_columns((base * nw.col(_FACTOR)).alias(column)).drop(*keys, _FACTOR)
        return cast("FrameT", raked.to_native())

    return Cells(
        labels=labels,
        codes=codes,
        n=sums["n"],
        weight=sums["weight"],
        squared_weight=sums["squared"],
        smallest=sums["smallest"],
        largest=sums["largest"],
        weighted=weighted,
    )


def _refuse_empty(n_rows: int) -> None:
    if n_rows == 0:
        raise InvalidInputError("`survey` must have at least one row, got none")


def _base_weights(survey: MemoryFrame[Any], column: str) -> FloatArray:
    base = survey.amounts(column, "weight")
    negative = np.flatnonzero(base < 0)
    if negative.size:
        position = int(negative[0])
        raise_rows(
            in_column("weight", column),
            _WEIGHT_RULE,
            value=f"{base[position]:g}",
            count=negative.size,
            total=base.size,
            position=position,
            remedy=_WEIGHT_REMEDY,
        )
    return base


def _label(
    encoded: Sequence[Codes], columns: tuple[FloatArray, ...]
) -> tuple[tuple[list[Hashable], ...], tuple[IntArray, ...]]:
    """Labels that occur in each column, and the cells' positions among them."""
    labels: list[list[Hashable]] = []
    codes: list[IntArray] = []
    for ids, column in zip(encoded, columns, strict=True):
        present, position = np.unique(column.astype(np.int64), return_inverse=True)
        labels.append(as_series(ids.labels(present)).to_list())
        codes.append(np.asarray(position, dtype=np.int64))
    return tuple(labels), tuple(codes)


def _as_key(survey: LazyFrame[Any], column: str) -> nw.Expr:
    """Text and whole numbers of one width, so that a table of labels matches whatever the type was."""
    return nw.col(column).cast(nw.Int64 if survey.schema[column].is_integer() else nw.String)


def _count(survey: LazyFrame[Any], keys: dict[str, nw.Expr], weight: str | None) -> AnyLazyFrame:
    base = nw.lit(1.0) if weight is None else nw.col(weight).cast(nw.Float64)
    rows = survey.frame.select(weight=base, **keys)
    value = nw.col("weight")
    bad = value.is_null() | ~value.is_finite() | (value < 0)
    rows = rows.with_columns(squared=value * value, bad=flag(bad), bad_value=nw.when(bad).then(value))
    return rows.group_by(*keys).agg(
        n=nw.len(),
        smallest=value.min(),
        largest=value.max(),
        weight=value.sum(),
        squared=nw.col("squared").sum(),
        bad=nw.col("bad").sum(),
        bad_value=nw.col("bad_value").min(),
    )


def _refuse_missing(found: MemoryFrame[Any], columns: dict[str, str], n: FloatArray) -> None:
    for key, column in columns.items():
        missing = as_series(found.native(key)).is_null().to_numpy()
        raise_rows(
            in_column(role_of(column), column),
            MISSING_RULE,
            value="null",
            count=int(n[missing].sum()),
            total=int(n.sum()),
            remedy=_LABEL_REMEDY,
        )


def _refuse_bad_weights(column: str, bad: FloatArray, values: FloatArray, total: int) -> None:
    found = values[(bad > 0) & ~np.isnan(values)]
    raise_rows(
        in_column("weight", column),
        _WEIGHT_RULE,
        value=f"{found.min():g}" if found.size else "null or NaN",
        count=int(bad.sum()),
        total=total,
        remedy=_WEIGHT_REMEDY,
    )


def _typed(named: dict[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
    """Whole numbers as such; text stays as objects, which every engine reads."""
    return {
        key: values.astype(np.int64) if all(isinstance(value, int) for value in values) else values
        for key, values in named.items()
    }

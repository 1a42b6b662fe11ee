"""Labels of customers before and after, counted in pairs where they are."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, TypeAlias

import narwhals.stable.v2 as nw
import numpy as np
from numpy.typing import ArrayLike, NDArray

from customer_centric._core.frames import LazyFrame, MemoryFrame, check_columns, engine_of, is_lazy
from customer_centric._core.frames.lazy import flag, to_integers
from customer_centric._core.frames.lazy_checks import Broken, no_id, refuse_broken
from customer_centric._core.frames.memory import is_id
from customer_centric._core.frames.problems import in_column, raise_rows
from customer_centric.errors import InvalidInputError
from customer_centric.typing import FrameT, IntArray

Label: TypeAlias = str | int

_UNKNOWN_REMEDY: Final = "list every segment in `states`, or label it as one of them"
_RULE: Final = "one of `states` or missing"
_ONE_ROW: Final = "keep one label a customer and period"


def pairs_of_arrays(before: ArrayLike, after: ArrayLike, states: Sequence[Label]) -> IntArray:
    """Customers by code before and after; the last code of each stands for no label."""
    first, second = (
        _codes(name, _array(values), states) for name, values in (("before", before), ("after", after))
    )
    if first.shape != second.shape or first.ndim != 1:
        raise InvalidInputError(
            f"`before` and `after` must be one label a customer, got shapes {first.shape} and "
            f"{second.shape}; give frames and `customer` to join customers by their ids"
        )
    return _count(first, second, len(states))


def pairs_of_frames(
    before: FrameT, after: FrameT, *, customer: str, segment: str, states: Sequence[Label]
) -> IntArray:
    """The same, of two frames joined by customer."""
    engine, other = engine_of("before", before), engine_of("after", after)
    if engine != other:
        raise InvalidInputError(
            f"`after` must be a frame of the engine of `before`, got {other} beside {engine}; convert one"
        )
    columns: dict[str, str | None] = {"customer": customer, "segment": segment}
    if is_lazy(engine):
        lazy = [LazyFrame(before, engine), LazyFrame(after, engine)]
        for frame in lazy:
            check_columns(frame.columns, columns)
            frame.check_ids(customer, "customer")
        return _lazy_pairs(lazy, customer, segment, states)
    memory = [MemoryFrame(before, engine), MemoryFrame(after, engine)]
    for part in memory:
        check_columns(part.columns, columns)
        part.ids(customer, "customer")
    ids = MemoryFrame(_stacked([before, after], customer), engine).ids(customer, "customer")
    n = len(states)
    labels = np.full((2, ids.size), n, dtype=np.int64)
    start = 0
    for k, (role, part) in enumerate(zip(("before", "after"), memory, strict=True)):
        codes = ids.codes[start : start + part.n_rows]
        start += part.n_rows
        _refuse_repeated(role, np.bincount(codes, minlength=ids.size))
        labels[k, codes] = _codes(
            in_column("segment", segment) + f" of `{role}`", part.series(segment).to_numpy(), states
        )
    seen = np.zeros(ids.size, dtype=np.bool_)
    seen[ids.codes] = True
    return _count(labels[0, seen], labels[1, seen], n)


def _array(values: ArrayLike) -> NDArray[Any]:
    # A list of text with a NaN would become text altogether.
    return np.asarray(values) if hasattr(values, "dtype") else np.asarray(values, dtype=object)


def _stacked(frames: Sequence[Any], column: str) -> Any:
    """One column of ids of frames below one another."""
    parts: list[nw.DataFrame[Any]] = [nw.from_native(f, eager_only=True).select(column) for f in frames]
    id_of = _common_id(column, [part.schema[column] for part in parts])
    return nw.concat([part.select(id_of) for part in parts]).to_native()


def _common_id(column: str, dtypes: Sequence[nw.dtypes.DType]) -> nw.Expr:
    """The column of ids, cast where the frames hold the same kind of ids in different types."""
    first, second = dtypes
    if first == second:
        return nw.col(column)
    if first.is_integer() != second.is_integer():
        raise InvalidInputError(
            f"{in_column('customer', column)} must be of one kind in `before` and `after`, got {first} and "
            f"{second}; cast one of them, or nobody would be found again"
        )
    return nw.col(column).cast(nw.Int64 if first.is_integer() else nw.String)


def _count(first: IntArray, second: IntArray, n: int) -> IntArray:
    width = n + 1
    return np.bincount(first * width + second, minlength=width * width).reshape(width, width)


def _codes(name: str, values: NDArray[Any], states: Sequence[Label]) -> IntArray:
    """Positions in `states`; as many as there are states where the label is missing."""
    import pandas as pd

    shown = name if name.startswith("`") else f"`{name}`"
    where, found = pd.factorize(values.ravel())
    known = pd.Index(list(states), dtype=object).get_indexer(pd.Index(found, dtype=object))
    bad = np.append(known < 0, np.zeros(1, dtype=np.bool_))[where]
    if bad.any():
        position = int(np.flatnonzero(bad)[0])
        raise_rows(
            shown,
            _RULE,
            value=repr(np.asarray(found[where[position]]).item()),
            count=int(bad.sum()),
            total=bad.size,
            position=position,
            remedy=_UNKNOWN_REMEDY,
        )
    codes: IntArray = np.append(known, len(states))[where].astype(np.int64)
    return codes.reshape(values.shape)


def _refuse_repeated(role: str, rows: IntArray) -> None:
    raise_rows(
        f"`{role}`",
        "one row a customer",
        value=f"{int(rows.max(initial=0))} rows of one",
        count=int((rows > 1).sum()),
        total=int((rows > 0).sum()),
        remedy=_ONE_ROW,
    )


def _lazy_pairs(
    frames: Sequence[LazyFrame[Any]], customer: str, segment: str, states: Sequence[Label]
) -> IntArray:
    n = len(states)
    parts: list[nw.LazyFrame[Any]] = []
    id_of = _common_id(customer, [frame.schema[customer] for frame in frames])
    for k, frame in enumerate(frames):
        code = nw.lit(0)
        known = nw.lit(value=False)
        for i, state in enumerate(states):
            is_state = is_id(frame.schema, segment, state)
            if is_state is not None:
                code = code + flag(is_state) * (i + 1)
                known = known | is_state
        missing = nw.col(segment).is_null()
        unknown = Broken("segment", segment, ~missing & ~known, _RULE, "something else", _UNKNOWN_REMEDY)
        refuse_broken(frame, [no_id("customer", customer), unknown])
        code = nw.when(missing).then(nw.lit(0)).otherwise(code).cast(nw.Int64)
        empty = nw.lit(0).cast(nw.Int64)
        parts.append(
            frame.frame.select(
                id_of.alias("customer"),
                (code if k == 0 else empty).alias("first"),
                (code if k == 1 else empty).alias("second"),
                nw.lit(1 - k).cast(nw.Int64).alias("n_first"),
                nw.lit(k).cast(nw.Int64).alias("n_second"),
            )
        )
    names = ("first", "second", "n_first", "n_second")
    joined = nw.concat(parts).group_by("customer").agg(*(nw.col(name).sum() for name in names))
    counted = joined.with_columns(
        again_first=flag(nw.col("n_first") > 1), again_second=flag(nw.col("n_second") > 1)
    )
    # Codes of customers with several rows are sums, and not looked at.
    cells = counted.group_by("first", "second").agg(
        nw.col("again_first").sum(),
        nw.col("again_second").sum(),
        nw.col("n_first").sum(),
        nw.col("n_second").sum(),
        n=nw.len(),
    )
    table = frames[0].collect_arrays(cells)
    for role, name in (("before", "first"), ("after", "second")):
        raise_rows(
            f"`{role}`",
            "one row a customer",
            value="several",
            count=int(table[f"again_{name}"].sum()),
            total=int(table["n"].sum()),
            remedy=_ONE_ROW,
        )
    counts = np.zeros((n + 1, n + 1), dtype=np.int64)
    first, second = (to_integers(table[name]) for name in ("first", "second"))
    counts[np.where(first > 0, first - 1, n), np.where(second > 0, second - 1, n)] = to_integers(table["n"])
    return counts

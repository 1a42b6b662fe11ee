"""Customer ids as whole numbers that sort as the ids do: text by code point, whole numbers by value."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

import narwhals.stable.v2 as nw
import numpy as np
from numpy.typing import NDArray

from customer_centric._core.frames.engines import Engine
from customer_centric._core.frames.problems import in_column, raise_rows, raise_where, wrong_type
from customer_centric.typing import IntArray

# A series of whichever engine: Narwhals has no narrower name for it.
AnySeries: TypeAlias = "nw.Series[Any]"
CodeArray: TypeAlias = NDArray[np.signedinteger[Any]]

ID_RULE: Final = "text, whole numbers or categories"
ID_REMEDY: Final = "cast it to text or whole numbers"
MISSING_RULE: Final = "present in every row"
MISSING_ID_REMEDY: Final = "remove these rows or give them an id"
_WIDEST_TEXT: Final = 64
_FIRST_ROWS: Final = 1 << 16


@dataclass(frozen=True, slots=True, eq=False)
class Codes:
    """Ids as codes from 0 to `size` - 1, ascending as the ids do; not every code need occur.

    `labels` gives the ids of codes as a native series of the engine and type of the column.
    """

    codes: CodeArray
    size: int
    labels: Callable[[IntArray], object]


def encode_ids(series: AnySeries, *, engine: Engine, role: str) -> Codes:
    """Codes of a column of ids; missing ids and types that are no ids are refused."""
    name = in_column(role, series.name)
    dtype = series.dtype
    textual = isinstance(dtype, nw.String | nw.Categorical | nw.Enum | nw.Object)
    if textual and engine == "pandas":
        return _encode_pandas(name, series)
    refuse_missing(name, series, MISSING_ID_REMEDY)
    if dtype.is_integer():
        return _encode_integers(series, engine)
    if not textual or isinstance(dtype, nw.Object):
        raise wrong_type(name, ID_RULE, dtype, ID_REMEDY)
    return encode_texts(series, engine)


def encode_texts(series: AnySeries, engine: Engine) -> Codes:
    """Codes of a Polars or PyArrow column of texts or categories without missing values."""
    return _encode_polars(series) if engine == "polars" else _encode_pyarrow(series)


def as_series(native: Any) -> AnySeries:
    """A native series behind Narwhals' interface."""
    series: AnySeries = nw.from_native(native, series_only=True)
    return series


def refuse_missing(name: str, series: AnySeries, remedy: str, rule: str = MISSING_RULE) -> None:
    """Refuse a column that lacks values."""
    count = int(series.null_count())
    if count:
        position = int(np.flatnonzero(series.is_null().to_numpy())[0])
        raise_rows(name, rule, value="null", count=count, total=len(series), position=position, remedy=remedy)


def _encode_integers(series: AnySeries, engine: Engine) -> Codes:
    values = series.to_numpy()
    if values.size == 0:
        return Codes(np.zeros(0, dtype=np.int64), 0, lambda codes: _like(series, engine, codes))
    low, high = int(values.min()), int(values.max())
    if high - low < 4 * values.size + 65_536:
        codes = _from_low(values, low, np.int32 if high - low < 2**31 else np.int64)
        return Codes(
            codes, high - low + 1, lambda codes: _like(series, engine, _shift(codes, low, values.dtype))
        )
    positions, distinct = _factorise_numbers(values)
    order = np.argsort(distinct, kind="stable")
    return Codes(
        _rank(order)[positions], order.size, lambda codes: _like(series, engine, distinct[order[codes]])
    )


def _from_low(values: NDArray[Any], low: int, narrow: type[np.signedinteger[Any]]) -> CodeArray:
    if low == 0:
        return values.astype(narrow, copy=False)
    codes: CodeArray = np.empty(values.size, dtype=narrow)
    # Differences fit; the values themselves need not.
    np.subtract(values, values.dtype.type(low), out=codes, casting="unsafe", dtype=values.dtype)
    return codes


def _shift(codes: IntArray, low: int, dtype: np.dtype[Any]) -> NDArray[Any]:
    return np.asarray(codes.astype(dtype) + dtype.type(low))


def _factorise_numbers(values: NDArray[Any]) -> tuple[IntArray, NDArray[Any]]:
    import pandas as pd

    positions, distinct = pd.factorize(values)
    return np.asarray(positions, dtype=np.int64), np.asarray(distinct)


def _like(series: AnySeries, engine: Engine, values: NDArray[Any]) -> object:
    if engine == "pandas":
        import pandas as pd

        native: pd.Series[Any] = series.to_native()
        return pd.Series(values, name=native.name).astype(native.dtype)
    return nw.new_series(series.name, values, series.dtype, backend=series.implementation).to_native()


def _rank(order: NDArray[np.intp]) -> CodeArray:
    rank: CodeArray = np.empty(order.size, dtype=np.int32 if order.size < 2**31 else np.int64)
    rank[order] = np.arange(order.size)
    return rank


def _encode_pandas(name: str, series: AnySeries) -> Codes:
    import pandas as pd

    native: pd.Series[Any] = series.to_native()
    positions, distinct = pd.factorize(native)
    raise_where(name, MISSING_RULE, np.asarray(positions < 0), "null", remedy=MISSING_ID_REMEDY)
    ids = np.asarray(distinct, dtype=object)
    kind = pd.api.types.infer_dtype(ids, skipna=False)
    if kind not in {"string", "integer", "empty"}:
        raise wrong_type(name, ID_RULE, f"{native.dtype} holding {kind} values", ID_REMEDY)
    order = _argsort_texts(ids) if kind == "string" else np.argsort(ids, kind="stable")
    return Codes(_rank(order)[positions], order.size, lambda codes: pd.Series(distinct.take(order[codes])))


def _argsort_texts(texts: NDArray[np.object_]) -> NDArray[np.intp]:
    # Text of fixed width sorts four times as fast as objects, and takes as much room as the longest.
    if max(map(len, texts), default=0) <= _WIDEST_TEXT:
        return np.argsort(texts.astype(np.str_), kind="stable")
    return np.argsort(texts, kind="stable")


def _encode_polars(series: AnySeries) -> Codes:
    import polars as pl

    native: pl.Series = series.to_native()
    texts = native.cast(pl.String)
    # Where values repeat, a few rows often have them all, which spares a pass over the others.
    few = texts.head(_FIRST_ROWS)
    distinct = few.unique().sort()
    encoded = texts.head(0).cast(pl.Enum([]))
    if distinct.len() < few.len() // 8:
        encoded = texts.cast(pl.Enum(distinct), strict=False)
    if encoded.len() < texts.len() or encoded.null_count():
        distinct = texts.unique().sort()
        encoded = texts.cast(pl.Enum(distinct))
    positions = encoded.to_physical().to_numpy()
    narrow = np.int32 if distinct.len() < 2**31 else np.int64
    return Codes(
        positions.astype(narrow),
        distinct.len(),
        lambda codes: distinct.gather(codes).cast(native.dtype),
    )


def _encode_pyarrow(series: AnySeries) -> Codes:
    import pyarrow as pa

    # Typed loosely: PyArrow's stubs do not follow its arrays from one type to the next.
    arrow: Any = pa
    native: Any = series.to_native()
    if len(native) == 0:
        return Codes(np.zeros(0, dtype=np.int32), 0, lambda _: native)
    is_dictionary: bool = arrow.types.is_dictionary(native.type)
    texts = native.cast(native.type.value_type) if is_dictionary else native
    encoded = texts.dictionary_encode().unify_dictionaries().combine_chunks()
    distinct = encoded.dictionary
    order: NDArray[np.intp] = arrow.compute.sort_indices(distinct).to_numpy().astype(np.intp)

    def labels(codes: IntArray) -> object:
        ids = distinct.take(arrow.array(order[codes]))
        return arrow.chunked_array([ids.dictionary_encode() if is_dictionary else ids])

    return Codes(_rank(order)[encoded.indices.to_numpy()], order.size, labels)

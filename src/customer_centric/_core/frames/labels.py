"""Columns of few different values in memory, as codes; missing values have a code of their own."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import narwhals.stable.v2 as nw
import numpy as np
from numpy.typing import NDArray

from customer_centric._core.frames.codes import ID_REMEDY, ID_RULE, AnySeries, encode_texts
from customer_centric._core.frames.engines import Engine
from customer_centric._core.frames.problems import in_column, wrong_type
from customer_centric.typing import BoolArray, IntArray

if TYPE_CHECKING:
    import pandas as pd

# Sorts before every text, so that it can be taken away again.
_ABSENT: Final = "\x00"
_FIRST_ROWS: Final = 1 << 16


@dataclass(frozen=True, slots=True, eq=False)
class Labels:
    """Values as codes from 0 in ascending order of the labels; -1 where one is missing.

    Parameters
    ----------
    codes : ndarray of signed int of shape (n_rows,)
        As narrow as the number of labels allows.
    names : tuple of str
        The label of each code; each occurs.
    """

    codes: NDArray[Any]
    names: tuple[str, ...]


def encode_labels(series: AnySeries, *, engine: Engine, role: str) -> Labels:
    """Codes of a column of text, categories or whole numbers."""
    dtype = series.dtype
    if not (dtype.is_integer() or isinstance(dtype, nw.String | nw.Categorical | nw.Enum | nw.Object)):
        if not (series.is_null().all()):
            raise wrong_type(in_column(role, series.name), ID_RULE, dtype, ID_REMEDY)
        return Labels(np.full(len(series), -1, dtype=np.int8), ())
    if engine == "pandas":
        return _labels_of_pandas(in_column(role, series.name), series)
    texts = series.cast(nw.String).fill_null(_ABSENT)
    if len(texts) == 0:
        return Labels(np.zeros(0, dtype=np.int8), ())
    encoded = encode_texts(texts, engine)
    names = [str(name) for name in _texts(encoded.labels(np.arange(encoded.size)))]
    return _compact(encoded.codes, names)


def _texts(native: Any) -> list[Any]:
    values: list[Any] = nw.from_native(native, series_only=True).to_list()
    return values


def _labels_of_pandas(name: str, series: AnySeries) -> Labels:
    import pandas as pd

    native: pd.Series[Any] = series.to_native()
    codes: Any
    values: Any
    if isinstance(native.dtype, pd.CategoricalDtype):
        codes, values = native.cat.codes.to_numpy(), native.cat.categories
    else:
        codes, values = pd.factorize(native)
    kind = pd.api.types.infer_dtype(values, skipna=False)
    if kind not in {"string", "integer", "empty"}:
        raise wrong_type(name, ID_RULE, f"{series.dtype} holding {kind} values", ID_REMEDY)
    return _compact(np.asarray(codes), [str(value) for value in values])


def _compact(codes: NDArray[Any], names: list[str]) -> Labels:
    """Ascending labels that all occur; codes of labels that are absent become -1."""
    n = len(names)
    # A few rows often have all labels, which spares a pass over the others.
    there = _occur(codes[:_FIRST_ROWS], n)
    if not there.all():
        there = _occur(codes, n)
    kept = [i for i in sorted(range(n), key=names.__getitem__) if there[i] and names[i] != _ABSENT]
    narrow = np.min_scalar_type(-max(len(kept), 1))
    if kept == list(range(n)):
        return Labels(codes.astype(narrow), tuple(names))
    table = np.full(n + 1, -1, dtype=narrow)
    table[kept] = np.arange(len(kept), dtype=narrow)
    # The last entry stands for -1.
    return Labels(table[codes], tuple(names[i] for i in kept))


def _occur(codes: NDArray[Any], n: int) -> BoolArray:
    """Which codes occur; -1 is none."""
    counts: IntArray = np.bincount(codes.astype(np.int64) + 1, minlength=n + 1)
    return np.asarray(counts[1:] > 0)

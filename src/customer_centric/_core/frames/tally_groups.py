"""Groups of a tally, and the groups of two tallies side by side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeAlias, cast

import narwhals.stable.v2 as nw
import numpy as np
from numpy.typing import NDArray

from customer_centric._core.frames.tally import Tally
from customer_centric._core.frames.tally_cells import Key
from customer_centric.errors import InvalidInputError
from customer_centric.typing import FrameT, IntArray

# A frame of whichever engine, lazy or not: Narwhals has no narrower name for it.
_AnyFrame: TypeAlias = "nw.DataFrame[Any] | nw.LazyFrame[Any]"


@dataclass(frozen=True, slots=True, eq=False)
class TwoSides(Generic[FrameT]):
    """Groups of either table, those of the first in ascending order, then those that are new.

    Parameters
    ----------
    counted : tuple of Tally
        Both tables.
    codes : tuple of tuple of ndarray
        Codes of the keys that name the groups of each table.
    places : tuple of ndarray
        For each table, where its groups are among all.
    names : tuple of tuple
        For each group of either, its value of every key.
    """

    counted: tuple[Tally[FrameT], Tally[FrameT]]
    codes: tuple[tuple[IntArray, ...], tuple[IntArray, ...]]
    places: tuple[IntArray, IntArray]
    names: tuple[tuple[Any, ...], ...]

    @property
    def n_groups(self) -> int:
        """Groups of either."""
        return len(self.names)

    def frame(self, arrays: Mapping[str, NDArray[Any]]) -> FrameT:
        """One row a group, of the kind of the tables; NaN is missing."""
        names = self.counted[0].key_names
        taken = set(arrays) & set(names)
        if taken:
            raise InvalidInputError(
                f"`by` must name columns other than those of the result, got {min(taken)!r}; rename it"
            )
        n_first = self.places[0].size
        head = _rows(self.counted[0], self.codes[0], arrays, slice(0, n_first))
        if n_first == self.n_groups:
            return head
        new = self.places[1] >= n_first
        codes = tuple(code[new] for code in self.codes[1])
        tail = _rows(self.counted[1], codes, arrays, slice(n_first, None))
        return _stack(head, tail, names)


def by_keys(by: str | Sequence[str], cluster: str | None) -> list[Key]:
    """The keys of groups, each with a role of its own, and of clusters."""
    columns = [by] if isinstance(by, str) else by
    if not isinstance(columns, Sequence) or not all(isinstance(column, str) for column in columns):
        raise InvalidInputError(f"`by` must be the name of a column or several of them, got {by!r}")
    roles = ["by"] if len(columns) == 1 else [f"by[{i}]" for i in range(len(columns))]
    keys = [Key(column, role) for column, role in zip(columns, roles, strict=True)]
    return keys if cluster is None else [*keys, Key(cluster, "cluster")]


def groups_of(counted: Tally[Any], n_by: int) -> tuple[tuple[IntArray, ...], IntArray, int]:
    """Codes of the keys of each group, the group of each cell, and the number of groups."""
    if n_by == 0:
        # Everybody is one group, even where nobody is.
        return (), np.zeros(counted.n.shape, dtype=np.int64), 1
    keys = counted.keys[:n_by]
    starts = np.ones(counted.n.shape, dtype=np.bool_)
    starts[1:] = np.logical_or.reduce([codes[1:] != codes[:-1] for codes in keys])
    return tuple(codes[starts] for codes in keys), np.cumsum(starts) - 1, int(starts.sum())


def match_groups(
    counted: tuple[Tally[FrameT], Tally[FrameT]], codes: tuple[tuple[IntArray, ...], tuple[IntArray, ...]]
) -> TwoSides[FrameT]:
    """The groups of two tables, from the codes of their keys, matched by their names."""
    named = [_names(cells, of_groups) for cells, of_groups in zip(counted, codes, strict=True)]
    for i, column in enumerate(counted[0].key_names):
        _refuse_two_kinds(column, [{isinstance(name[i], str) for name in names} for names in named])
    position = {name: i for i, name in enumerate(named[0])}
    for name in named[1]:
        position.setdefault(name, len(position))
    places = tuple(np.array([position[name] for name in names], dtype=np.int64) for names in named)
    return TwoSides(counted, codes, (places[0], places[1]), tuple(position))


def _names(counted: Tally[FrameT], codes: tuple[IntArray, ...]) -> list[tuple[Any, ...]]:
    if not codes:
        return [()]
    values = [counted.values(i) for i in range(len(codes))]
    return [tuple(v[c[g]] for v, c in zip(values, codes, strict=True)) for g in range(codes[0].size)]


def _refuse_two_kinds(column: str, textual: list[set[bool]]) -> None:
    before, after = textual
    if before and after and before != after:
        kinds = ["text" if True in side else "numbers" for side in textual]
        raise InvalidInputError(
            f"`by` (column {column!r}) must hold ids of one kind in both frames, got {kinds[0]} before and "
            f"{kinds[1]} after; convert both to text"
        )


def _rows(
    counted: Tally[FrameT], codes: tuple[IntArray, ...], arrays: Mapping[str, NDArray[Any]], rows: slice
) -> FrameT:
    part = {name: values[rows] for name, values in arrays.items()}
    missing = {name: np.isnan(values) for name, values in part.items() if values.dtype.kind == "f"}
    return counted.frame(codes, part, missing)


def _stack(head: FrameT, tail: FrameT, names: tuple[str, ...]) -> FrameT:
    frames: list[_AnyFrame] = [nw.from_native(cast("Any", native)) for native in (head, tail)]
    schemas = [frame.collect_schema() for frame in frames]
    for name in names:
        first, second = (schema[name] for schema in schemas)
        if first != second or isinstance(first, nw.Categorical | nw.Enum):
            # Categories differ from frame to frame; whole numbers may have other widths.
            common = nw.Int64() if first.is_integer() else nw.String()
            frames = [frame.with_columns(nw.col(name).cast(common)) for frame in frames]
    stacked: Any = nw.concat(cast("Any", frames), how="vertical")
    return cast("FrameT", _renumbered(stacked.to_native()))


def _renumbered(native: Any) -> Any:
    # pandas keeps the row numbers of both.
    return native.reset_index(drop=True) if hasattr(native, "reset_index") else native

"""The rows of a survey, counted by the values of some columns: all that a statistic of groups needs.

Frames in memory become one packed code a row; lazy frames run one group-by in their engine. Either way
what is left is small: a cell for each combination of keys and rating that occurs.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, cast

import numpy as np
from numpy.typing import NDArray

from customer_centric._core.checks import check_choice
from customer_centric._core.frames.codes import as_series
from customer_centric._core.frames.engines import check_columns, engine_of, is_lazy
from customer_centric._core.frames.lazy import LazyFrame, attach_frame
from customer_centric._core.frames.memory import MemoryFrame
from customer_centric._core.frames.periods import check_period
from customer_centric._core.frames.tally_cells import Cells, Key
from customer_centric._core.frames.tally_lazy import collect_cells
from customer_centric._core.frames.tally_memory import count_cells
from customer_centric._core.ratings import Invalid
from customer_centric.typing import BoolArray, FloatArray, FrameT, IntArray


@dataclass(frozen=True, slots=True, eq=False)
class Tally(Generic[FrameT]):
    """Rows counted by keys and rating, one entry a cell, in ascending order of the keys, then the rating.

    Parameters
    ----------
    keys : tuple of ndarray of shape (n_cells,)
        For each key, codes from 0 to its size - 1 in ascending order of its values (text by code point);
        every code occurs.
    sizes : tuple of int
        Distinct values of each key.
    rating : ndarray of shape (n_cells,)
        Whole numbers; NaN where there is no answer or one that is not on the scale.
    invalid : ndarray of shape (n_cells,)
        Whether the answers of the cell are not on the scale; only with `invalid="missing"`.
    n, weight, squared_weight : ndarray of shape (n_cells,)
        Rows, and the sums of their weights and of the squares of these; all alike without a weight.
    """

    keys: tuple[IntArray, ...]
    sizes: tuple[int, ...]
    rating: FloatArray
    invalid: BoolArray
    n: FloatArray
    weight: FloatArray
    squared_weight: FloatArray
    _cells: Cells = field(repr=False)
    _names: tuple[str, ...] = field(repr=False)
    _frame: MemoryFrame[FrameT] | LazyFrame[FrameT] = field(repr=False)

    @property
    def answered(self) -> BoolArray:
        """Which cells hold answers."""
        return ~np.isnan(self.rating)

    @property
    def n_rows(self) -> int:
        """Rows of the frame."""
        return int(self.n.sum())

    @property
    def n_invalid(self) -> int:
        """Rows whose answer is not on the scale."""
        return int(self.n[self.invalid].sum())

    @property
    def n_missing(self) -> int:
        """Rows without an answer."""
        return int(self.n[~self.answered].sum()) - self.n_invalid

    @property
    def key_names(self) -> tuple[str, ...]:
        """The columns of the keys."""
        return self._names

    def values(self, key: int) -> list[Any]:
        """The values of a key by ascending code: ids, or the first days of periods as dates."""
        native = self._cells.keys[key].labels(np.arange(self.sizes[key]))
        values: list[Any] = as_series(native).to_list()
        return [value.date() if hasattr(value, "date") else value for value in values]

    def frame(
        self,
        codes: Sequence[IntArray],
        arrays: Mapping[str, NDArray[Any]],
        missing: Mapping[str, BoolArray] | None = None,
    ) -> FrameT:
        """A small frame of the kind that was counted.

        Parameters
        ----------
        codes : sequence of ndarray of shape (n_rows,)
            Codes of the first keys, which become columns of their own names and types; periods become
            their first days.
        arrays : mapping from str to ndarray of shape (n_rows,)
            The columns after them.
        missing : mapping from str to ndarray of shape (n_rows,), optional
            Where values of the arrays are null, which pandas shows as NaN.

        Returns
        -------
        data frame
            In memory, or lazy where the rows were.
        """
        labels = {
            name: key.labels(row)
            for name, key, row in zip(self._names, self._cells.keys, codes, strict=False)
        }
        absent = missing or {}
        if isinstance(self._frame, MemoryFrame):
            return self._frame.build(labels=labels, arrays=arrays, missing=absent)
        return cast("FrameT", attach_frame(self._frame, labels, arrays, absent))


def open_frame(name: str, native: FrameT) -> MemoryFrame[FrameT] | LazyFrame[FrameT]:
    """A data frame of any engine that works; others are refused by name."""
    engine = engine_of(name, native)
    return LazyFrame(native, engine) if is_lazy(engine) else MemoryFrame(native, engine)


def tally(
    frame: MemoryFrame[FrameT] | LazyFrame[FrameT],
    *,
    keys: Sequence[Key],
    rating: str,
    minimum: int,
    maximum: int,
    invalid: Invalid = "raise",
    weight: str | None = None,
) -> Tally[FrameT]:
    """Rows counted by the values of some columns and the rating.

    Parameters
    ----------
    frame : MemoryFrame or LazyFrame
        One row an answer; see `open_frame`.
    keys : sequence of Key
        The columns that name a cell, each with a role of its own: "by", "cluster", "date".
    rating : str
        Column of whole numbers from `minimum` to `maximum`; NaN and null are no answer.
    minimum, maximum : int
        Ends of the scale.
    invalid : {"raise", "missing"}, default "raise"
        What happens to answers off the scale: an error, or they are counted apart.
    weight : str, optional
        Column of finite numbers, 0 or more.

    Returns
    -------
    Tally
        A cell for each combination that occurs.

    Raises
    ------
    MissingColumnError
        If a column is not in the frame.
    InvalidInputError
        If the values of a column break a rule: names the value, the count, and the position for frames in
        memory.
    """
    check_choice("invalid", invalid, ("raise", "missing"))
    wanted: dict[str, str | None] = {key.role: key.column for key in keys}
    check_columns(frame.columns, wanted | {"rating": rating, "weight": weight})
    for key in keys:
        if key.period is not None:
            check_period("period", key.period)
    count = count_cells if isinstance(frame, MemoryFrame) else collect_cells
    cells = count(
        cast("Any", frame),
        keys,
        rating=rating,
        minimum=minimum,
        maximum=maximum,
        invalid=invalid,
        weight=weight,
    )
    return Tally(
        keys=tuple(key.codes.astype(np.int64) for key in cells.keys),
        sizes=tuple(key.size for key in cells.keys),
        rating=cells.rating,
        invalid=cells.invalid,
        n=cells.n,
        weight=cells.weight,
        squared_weight=cells.squared_weight,
        _cells=cells,
        _names=tuple(key.column for key in keys),
        _frame=frame,
    )

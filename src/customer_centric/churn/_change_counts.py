"""Customers of a period counted by group and whether they were lost, where the rows are."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, cast

import narwhals.stable.v2 as nw
import numpy as np

from customer_centric._core.frames import (
    Key,
    LazyFrame,
    MemoryFrame,
    Tally,
    check_columns,
    open_frame,
    tally,
)
from customer_centric._core.frames.lazy import flag
from customer_centric._core.frames.problems import in_column, raise_rows, raise_where
from customer_centric.errors import InvalidInputError
from customer_centric.typing import FloatArray, FrameT

_LOST_REMEDY: Final = "make it true or false first"
_EXPOSURE_RULE: Final = "finite numbers of at least 0"
_EXPOSURE_REMEDY: Final = "an exposure is the part of the period that a customer was there"


def count_customers(
    name: str, native: FrameT, keys: Sequence[Key], lost: str, exposure: str | None
) -> Tally[FrameT]:
    """Customers counted by group and whether they were lost, where the rows are."""
    frame = open_frame(name, native)
    roles: dict[str, str | None] = {key.role: key.column for key in keys}
    check_columns(frame.columns, roles | {"lost": lost, "exposure": exposure})
    if isinstance(frame, MemoryFrame):
        frame.flags(lost, "lost")
        if exposure is not None:
            _refuse_negative(frame.amounts(exposure, "exposure"), exposure)
    else:
        _check_lazy(frame, lost, exposure)
    table: Any = nw.from_native(cast("Any", native))
    if table.collect_schema()[lost] == nw.Boolean:
        # Counted as 0 and 1, in the engine where the rows are.
        whole = table.with_columns(nw.col(lost).cast(nw.Int64)).to_native()
        frame = open_frame(name, cast("FrameT", whole))
    cells = tally(frame, keys=keys, rating=lost, minimum=0, maximum=1, weight=exposure)
    if not cells.weight.any():
        what = "customers" if exposure is None else "customers with an exposure greater than 0"
        raise InvalidInputError(f"`{name}` must have {what}, got none")
    return cells


def _refuse_negative(values: FloatArray, column: str) -> None:
    name = in_column("exposure", column)
    raise_where(name, _EXPOSURE_RULE, values < 0, values, remedy=_EXPOSURE_REMEDY)


def _check_lazy(frame: LazyFrame[Any], lost: str, exposure: str | None) -> None:
    """Refuse what is no flag and no exposure, by one aggregate in the engine."""
    if frame.schema[lost] != nw.Boolean:
        frame.check_numbers(lost, "lost")
    there = nw.col(lost).cast(nw.Float64)
    time = nw.lit(0.0)
    if exposure is not None:
        frame.check_numbers(exposure, "exposure")
        time = nw.col(exposure).cast(nw.Float64)
    rows = frame.frame.select(there.alias("lost"), time.alias("exposure"))
    flags = {
        "bad_lost": flag(nw.col("lost").is_null() | ~((nw.col("lost") == 0) | (nw.col("lost") == 1))),
        "bad_exposure": flag(
            nw.col("exposure").is_null() | ~((nw.col("exposure") >= 0) & (nw.col("exposure") < float("inf")))
        ),
    }
    query = rows.with_columns(**flags).select(*(nw.col(name).sum() for name in flags), n=nw.len())
    found = {name: int(np.nan_to_num(values[0])) for name, values in frame.collect_arrays(query).items()}
    for role, column, rule, remedy in (
        ("lost", lost, "0 or 1", _LOST_REMEDY),
        ("exposure", exposure or "", _EXPOSURE_RULE, _EXPOSURE_REMEDY),
    ):
        raise_rows(
            in_column(role, column),
            rule,
            value="something else",
            count=found[f"bad_{role}"],
            total=found["n"],
            remedy=remedy,
        )

"""What no row of a lazy frame may be, asked in one aggregate."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import narwhals.stable.v2 as nw
import numpy as np

from customer_centric._core.frames.codes import MISSING_ID_REMEDY, MISSING_RULE
from customer_centric._core.frames.days import MISSING_DATE_REMEDY
from customer_centric._core.frames.lazy import DayColumns, LazyFrame, flag
from customer_centric._core.frames.problems import DATE_TEXT_REMEDY, ISO_RULE, in_column, raise_rows


@dataclass(frozen=True, slots=True, eq=False)
class Broken:
    """Rows that break a rule, and the words in which they are refused.

    Parameters
    ----------
    role, column : str
        The argument, and the column that it names.
    where : narwhals.Expr
        Which rows break the rule.
    rule, value, remedy : str
        What they must be, what they are, and what can be done.
    """

    role: str
    column: str
    where: nw.Expr
    rule: str
    value: str
    remedy: str


def no_id(role: str, column: str) -> Broken:
    """Rows without an id."""
    return Broken(role, column, nw.col(column).is_null(), MISSING_RULE, "null", MISSING_ID_REMEDY)


def no_date(role: str, column: str) -> Broken:
    """Rows without a date."""
    return Broken(role, column, nw.col(column).is_null(), MISSING_RULE, "null", MISSING_DATE_REMEDY)


def bad_date(role: str, column: str, days: DayColumns) -> Broken:
    """Rows whose text is no date."""
    return Broken(role, column, days.is_bad | days.has_offset, ISO_RULE, "other text", DATE_TEXT_REMEDY)


def not_finite(value: nw.Expr) -> nw.Expr:
    """Whether a float is missing, NaN or infinite."""
    # NaN is neither below nor above; a negated literal does not exist in older Narwhals.
    return value.is_null() | ~(value < nw.lit(float("inf"))) | ~(value > nw.lit(float("-inf")))


def refuse_broken(
    frame: LazyFrame[Any], broken: Sequence[Broken], *, counted: nw.Expr | None = None
) -> tuple[int, int]:
    """The number of rows, and of those to be counted; rows that break a rule are refused by the first."""
    flags = {f"broken{i}": flag(rule.where) for i, rule in enumerate(broken)}
    if counted is not None:
        flags["counted"] = flag(counted)
    rows = frame.frame.select(**flags)
    found = frame.collect_arrays(rows.select(*(nw.col(name).sum() for name in flags), n=nw.len()))
    # A sum of no rows is missing in some engines.
    counts = {name: int(np.nan_to_num(values[0])) for name, values in found.items()}
    for i, rule in enumerate(broken):
        raise_rows(
            in_column(rule.role, rule.column),
            rule.rule,
            value=rule.value,
            count=counts[f"broken{i}"],
            total=counts["n"],
            remedy=rule.remedy,
        )
    return counts["n"], counts.get("counted", 0)

"""Spells as customers: one row a subscription becomes distinct stretches of time, counted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import narwhals.stable.v2 as nw
import numpy as np

from customer_centric._core.checks import check_number
from customer_centric._core.frames import (
    LazyFrame,
    MemoryFrame,
    check_columns,
    day_of_number,
    engine_of,
    is_lazy,
)
from customer_centric._core.frames.lazy import AnyLazyFrame, flag
from customer_centric._core.frames.problems import DATE_TEXT_REMEDY, ISO_RULE, in_column, raise_rows
from customer_centric._core.tabulate import count_rows
from customer_centric.typing import BoolArray, FloatArray, FrameT, IntArray

# A day after every calendar day: the end of a spell that goes on.
NEVER: Final = 4_000_000
_ORDER_RULE: Final = "after the begin of the subscription"
_ORDER_REMEDY: Final = (
    "a subscription is active from its begin up to, and without, its end; correct these rows"
)


@dataclass(frozen=True, slots=True, eq=False)
class Spells:
    """Distinct spells of being a customer, half-open in days, and how many there are of each.

    Parameters
    ----------
    begin, end : ndarray of shape (n_distinct,)
        First day, and the day after the last; `NEVER` for customers who are still there.
    returning : ndarray of shape (n_distinct,)
        Whether these customers were customers before.
    n : ndarray of shape (n_distinct,)
        Spells, greater than 0.
    n_rows, n_merged : int
        Subscriptions, and those that were merged into another spell of the same customer.
    """

    begin: FloatArray
    end: FloatArray
    returning: BoolArray
    n: FloatArray
    n_rows: int
    n_merged: int


def read_spells(
    subscriptions: FrameT,
    *,
    customer: str,
    begins: str,
    ends: str,
    grace_days: int = 0,
    time_zone: str | None = None,
) -> Spells:
    """Spells of the customers of a table of subscriptions, of any engine."""
    grace = int(check_number("grace_days", grace_days, minimum=0.0, whole=True))
    engine = engine_of("subscriptions", subscriptions)
    if is_lazy(engine):
        lazy = LazyFrame(subscriptions, engine)
        check_columns(lazy.columns, {"customer": customer, "begins": begins, "ends": ends})
        return _lazy_spells(lazy, customer, begins, ends, grace, time_zone)
    memory = MemoryFrame(subscriptions, engine)
    check_columns(memory.columns, {"customer": customer, "begins": begins, "ends": ends})
    codes = memory.ids(customer, "customer")
    begin = memory.days(begins, "begins", time_zone)
    end, missing = memory.optional_days(ends, "ends", time_zone)
    end = np.where(missing, NEVER, end)
    wrong = np.flatnonzero(end <= begin)
    if wrong.size:
        raise_rows(
            in_column("ends", ends),
            _ORDER_RULE,
            value=_pair(int(begin[wrong[0]]), int(end[wrong[0]])),
            count=wrong.size,
            total=end.size,
            position=int(wrong[0]),
            remedy=_ORDER_REMEDY,
        )
    return merge_spells(np.asarray(codes.codes, dtype=np.int64), begin, end, grace)


def _pair(begin: int, end: int) -> str:
    return f"{day_of_number(end)} for a subscription that begins on {day_of_number(begin)}"


def merge_spells(customer: IntArray, begin: IntArray, end: IntArray, grace: int) -> Spells:
    """Subscriptions of a customer that overlap, follow one another, or leave at most the grace, as one."""
    if customer.size == 0:
        nothing = np.zeros(0)
        return Spells(nothing, nothing, np.zeros(0, dtype=np.bool_), nothing, 0, 0)
    order = np.lexsort((begin, customer))
    customer, begin, end = customer[order], begin[order], end[order]
    # Each customer gets a stretch of the axis, so that the latest end so far is one running maximum.
    low = int(begin.min())
    stretch = NEVER - low + grace + 1
    offset = customer * stretch
    latest = np.maximum.accumulate(end - low + offset)
    first = np.append(True, customer[1:] != customer[:-1])
    opens = first.copy()
    opens[1:] |= (begin[1:] - low + offset[1:]) > latest[:-1] + grace
    starts = np.flatnonzero(opens)
    ends = latest[np.append(starts[1:], customer.size) - 1] - offset[starts] + low
    (b, e, back), n = count_rows(
        begin[starts].astype(np.float64), ends.astype(np.float64), (~first[starts]).astype(np.float64)
    )
    return Spells(b, e, back > 0, n, customer.size, customer.size - starts.size)


def _lazy_spells(
    frame: LazyFrame[FrameT], customer: str, begins: str, ends: str, grace: int, time_zone: str | None
) -> Spells:
    frame.check_ids(customer, "customer")
    frame = frame.in_zone(begins, "begins", time_zone).in_zone(ends, "ends", time_zone)
    first, last = frame.days(begins, "begins"), frame.days(ends, "ends")
    rows = frame.frame.select(
        nw.col(customer).alias("customer"),
        first.day.alias("begin"),
        nw.when(nw.col(ends).is_null()).then(nw.lit(NEVER)).otherwise(last.day).alias("end"),
        flag(nw.col(customer).is_null()).alias("no_customer"),
        flag(nw.col(begins).is_null()).alias("no_begin"),
        flag(first.is_bad | first.has_offset).alias("bad_begin"),
        flag(last.is_bad | last.has_offset).alias("bad_end"),
    )
    n_rows = _check_lazy(frame, rows, {"customer": customer, "begins": begins, "ends": ends})
    rows = rows.select("customer", "begin", "end")
    latest = nw.col("end").cum_max().over("customer", order_by=["begin", "end"])
    rows = rows.with_columns(latest.alias("latest"))
    before = nw.col("latest").shift(1).over("customer", order_by=["begin", "end"])
    rows = rows.with_columns(before.alias("before"))
    opens = nw.when(nw.col("before") + grace >= nw.col("begin")).then(nw.lit(0)).otherwise(nw.lit(1))
    rows = rows.with_columns(opens.alias("opens"))
    number = nw.col("opens").cum_sum().over("customer", order_by=["begin", "end"])
    spells = (
        rows.with_columns(number.alias("number"))
        .group_by("customer", "number")
        .agg(nw.col("begin").min(), nw.col("end").max())
        .with_columns(flag(nw.col("number") > 1).alias("returning"))
        .group_by("begin", "end", "returning")
        .agg(nw.len().alias("n"))
    )
    found = frame.collect_arrays(spells)
    (b, e, back), n = count_rows(found["begin"], found["end"], found["returning"], weights=found["n"])
    return Spells(b, e, back > 0, n, n_rows, n_rows - int(n.sum()))


def _check_lazy(frame: LazyFrame[Any], rows: AnyLazyFrame, columns: dict[str, str]) -> int:
    """Refuse what cannot be a spell, by one aggregate in the engine; the number of rows."""
    found = frame.collect_arrays(
        rows.with_columns(flag(nw.col("end") <= nw.col("begin")).alias("reversed")).select(
            *(nw.col(name).sum() for name in ("no_customer", "no_begin", "bad_begin", "bad_end", "reversed")),
            n=nw.len(),
        )
    )
    counts = {name: int(np.nan_to_num(values[0])) for name, values in found.items()}
    total = counts["n"]
    present = "present in every row"
    for role, problem, rule, value, remedy in (
        ("customer", "no_customer", present, "null", "remove these rows or give them an id"),
        ("begins", "no_begin", present, "null", "remove these rows or give them a date"),
        ("begins", "bad_begin", ISO_RULE, "other text", DATE_TEXT_REMEDY),
        ("ends", "bad_end", ISO_RULE, "other text", DATE_TEXT_REMEDY),
        ("ends", "reversed", _ORDER_RULE, "an earlier day", _ORDER_REMEDY),
    ):
        raise_rows(
            in_column(role, columns[role]),
            rule,
            value=value,
            count=counts[problem],
            total=total,
            remedy=remedy,
        )
    return total

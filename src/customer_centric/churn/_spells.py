"""Spells as customers: one row a subscription becomes distinct stretches of time, counted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import narwhals.stable.v2 as nw
import numpy as np
from numpy.typing import NDArray

from customer_centric._core.checks import check_number
from customer_centric._core.frames import (
    LazyFrame,
    MemoryFrame,
    check_columns,
    day_of_number,
    engine_of,
    is_lazy,
)
from customer_centric._core.frames.codes import CodeArray
from customer_centric._core.frames.lazy import flag
from customer_centric._core.frames.lazy_checks import Broken, bad_date, no_date, no_id, refuse_broken
from customer_centric._core.frames.problems import in_column, raise_rows
from customer_centric._core.tabulate import count_rows
from customer_centric.typing import BoolArray, FloatArray, FrameT, IntArray

# A day after every calendar day: the end of a spell that goes on.
NEVER: Final = 4_000_000
# Tables of counts up to here are cheaper than sorting, whatever there is to count.
_ALWAYS_DENSE: Final = 1 << 16
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


def spells_of(
    subscriptions: FrameT,
    *,
    customer: str,
    begins: str,
    ends: str,
    grace_days: int = 0,
    time_zone: str | None = None,
) -> Spells:
    """Spells of the customers of a table of subscriptions, of any engine."""
    grace = int(check_number("grace_days", grace_days, minimum=0.0, maximum=NEVER, whole=True))
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
    return merge_spells(codes.codes, begin, end, grace)


def _pair(begin: int, end: int) -> str:
    return f"{day_of_number(end)} for a subscription that begins on {day_of_number(begin)}"


def merge_spells(customer: IntArray, begin: IntArray, end: IntArray, grace: int) -> Spells:
    """Subscriptions of a customer that overlap, follow one another, or leave at most the grace, as one.

    Customers are codes from 0 that should leave few out; ends are after begins.
    """
    if customer.size == 0:
        nothing = np.zeros(0)
        return Spells(nothing, nothing, np.zeros(0, dtype=np.bool_), nothing, 0, 0)
    # Days from the first begin on; whoever is still there leaves after every day that matters.
    low = int(begin.min())
    stop = 1 + max(int(begin.max()), int(np.where(end < NEVER, end, low).max())) - low
    span = stop + 1
    narrow = np.int32 if 2 * span * span < 2**31 else np.int64
    since: CodeArray = (begin - low).astype(narrow)
    days: CodeArray = since * narrow(span)
    days += np.minimum(end - low, stop).astype(narrow)
    if _are_distinct(customer):
        spells = np.left_shift(days, 1, out=days)
    else:
        # All rows: leaving out those of customers with one row costs more than it spares.
        spells = _merged(customer, since, days, span, grace)
    found, n = _count_codes(spells, 2 * span * span)
    pairs, returning = found >> 1, (found & 1) > 0
    begins, ends = pairs // span, pairs % span
    return Spells(
        (begins + low).astype(np.float64),
        np.where(ends == stop, NEVER, ends + low).astype(np.float64),
        returning,
        n.astype(np.float64),
        customer.size,
        customer.size - spells.size,
    )


def _are_distinct(customer: CodeArray) -> bool:
    seen = np.zeros(int(customer.max()) + 1, dtype=np.bool_)
    seen[customer] = True
    return int(np.count_nonzero(seen)) == customer.size


def _merged(customer: CodeArray, begin: CodeArray, days: CodeArray, span: int, grace: int) -> CodeArray:
    """Spells as twice their packed days, plus 1 where the customer had one before."""
    if np.any(begin[1:] < begin[:-1]):
        order = np.argsort(begin.astype(np.uint16) if span < 2**16 else begin, kind="stable")
        customer, days = customer[order], days[order]
    days, starts = _by_customer(customer, days)
    first = np.zeros(days.size, dtype=np.bool_)
    first[starts] = True
    begin = days // days.dtype.type(span)
    latest = days - begin * days.dtype.type(span)
    if np.any((latest[1:] < latest[:-1]) & ~first[1:]):
        latest = _latest_so_far(latest, first, span)
    opens = first.copy()
    opens[1:] |= begin[1:] > latest[:-1] + days.dtype.type(min(grace, span))
    at = np.flatnonzero(opens)
    spells = begin[at] * days.dtype.type(span) + latest[np.append(at[1:], days.size) - 1]
    spells <<= 1
    spells |= ~first[at]
    return np.asarray(spells, dtype=days.dtype)


def _latest_so_far(end: CodeArray, first: BoolArray, span: int) -> CodeArray:
    """Latest end of the customer so far, where a subscription lies within an earlier one."""
    # Each customer gets a stretch of the axis, so that it is one running maximum.
    stretch = np.cumsum(first, dtype=np.int64)
    stretch *= span
    latest = np.maximum.accumulate(end + stretch)
    latest -= stretch
    return np.asarray(latest, dtype=end.dtype)


def _by_customer(customer: CodeArray, days: CodeArray) -> tuple[CodeArray, IntArray]:
    """Packed days by customer, in the order of rows, and where each customer starts.

    Turning a sparse matrix from rows to columns is a counting sort in compiled code that keeps the order of
    rows, so that a table in the order of begins needs no other.
    """
    from scipy.sparse import csr_array

    n_rows, n_codes = customer.size, int(customer.max()) + 1
    narrow = np.int32 if n_rows < 2**31 else np.int64
    one_each = np.arange(n_rows + 1, dtype=narrow)
    payload: NDArray[Any] = days
    rows = csr_array((payload, customer.astype(narrow, copy=False), one_each), shape=(n_rows, n_codes))
    columns = rows.tocsc()
    starts = columns.indptr[:-1][np.diff(columns.indptr) > 0]
    return np.asarray(columns.data), np.asarray(starts, dtype=np.int64)


def _count_codes(codes: CodeArray, size: int) -> tuple[IntArray, IntArray]:
    """Distinct codes below the size, ascending, and how often each occurs."""
    if size <= max(_ALWAYS_DENSE, 2 * codes.size):
        table = np.bincount(codes, minlength=size)
        found = np.flatnonzero(table)
        return found, table[found]
    ascending = np.sort(codes)
    starts = np.flatnonzero(np.append(True, ascending[1:] != ascending[:-1]))
    return ascending[starts].astype(np.int64), np.diff(np.append(starts, codes.size))


def _lazy_spells(
    frame: LazyFrame[FrameT], customer: str, begins: str, ends: str, grace: int, time_zone: str | None
) -> Spells:
    frame.check_ids(customer, "customer")
    frame = frame.in_zone(begins, "begins", time_zone).in_zone(ends, "ends", time_zone)
    frame = _dated(frame, ends)
    first, last = frame.days(begins, "begins"), frame.days(ends, "ends")
    end = nw.when(nw.col(ends).is_null()).then(nw.lit(NEVER)).otherwise(last.day)
    broken = (
        no_id("customer", customer),
        no_date("begins", begins),
        bad_date("begins", begins, first),
        bad_date("ends", ends, last),
        Broken("ends", ends, end <= first.day, _ORDER_RULE, "an earlier day", _ORDER_REMEDY),
    )
    n_rows, _ = refuse_broken(frame, broken)
    rows = frame.frame.select(nw.col(customer).alias("customer"), first.day.alias("begin"), end.alias("end"))
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


def _dated(frame: LazyFrame[FrameT], ends: str) -> LazyFrame[FrameT]:
    """A column without any end has whichever type its engine gives to nothing: make it dates."""
    if isinstance(frame.schema[ends], nw.Date | nw.Datetime | nw.String | nw.Categorical | nw.Enum):
        return frame
    found = frame.collect_arrays(frame.frame.select(nw.col(ends).count().alias("n")))
    if found["n"][0] > 0:
        return frame
    dated = frame.frame.with_columns(nw.lit(None, nw.Date).alias(ends)).to_native()
    return LazyFrame(dated, frame.engine)

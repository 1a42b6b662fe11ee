"""Times between purchases, the last one still running, counted where the rows are."""

from __future__ import annotations

from dataclasses import dataclass

import narwhals.stable.v2 as nw
import numpy as np

from customer_centric._core.frames import LazyFrame, MemoryFrame, check_columns, engine_of, is_lazy
from customer_centric._core.frames.lazy import AnyLazyFrame, to_integers
from customer_centric._core.frames.lazy_checks import bad_date, no_date, no_id, refuse_broken
from customer_centric._core.tabulate import count_rows
from customer_centric.typing import BoolArray, FloatArray, FrameT, IntArray


@dataclass(frozen=True, slots=True, eq=False)
class Gaps:
    """Distinct gaps in days, and customers by their last one.

    Parameters
    ----------
    days : ndarray of shape (n_distinct,)
        Length of the gap.
    ended : ndarray of shape (n_distinct,)
        Whether a purchase ended it; otherwise it is still running at the end.
    n, weight : ndarray of shape (n_distinct,)
        Gaps, and gaps weighted so that those of each customer sum to 1.
    n_customers, n_later : int
        Customers, and rows after the end, which are left out.
    """

    days: FloatArray
    ended: BoolArray
    n: FloatArray
    weight: FloatArray
    n_customers: int
    n_later: int


def gaps_of(log: FrameT, *, customer: str, date: str, last: int, time_zone: str | None) -> Gaps:
    """Gaps between the days on which customers bought, the running ones included."""
    engine = engine_of("log", log)
    columns: dict[str, str | None] = {"customer": customer, "date": date}
    if is_lazy(engine):
        lazy = LazyFrame(log, engine)
        check_columns(lazy.columns, columns)
        return _lazy_gaps(lazy, customer, date, last, time_zone)
    memory = MemoryFrame(log, engine)
    check_columns(memory.columns, columns)
    codes = memory.ids(customer, "customer")
    days = memory.days(date, "date", time_zone)
    kept = days <= last
    return _gaps(np.asarray(codes.codes, dtype=np.int64)[kept], days[kept], last, int((~kept).sum()))


def _gaps(code: IntArray, day: IntArray, last: int, n_later: int) -> Gaps:
    if code.size == 0:
        nothing = np.zeros(0)
        return Gaps(nothing, np.zeros(0, dtype=np.bool_), nothing, nothing, 0, n_later)
    low = int(day.min())
    width = last - low + 1
    # Days of a customer, in order and each once.
    pairs = np.unique(code * width + (day - low))
    code, day = pairs // width, pairs % width + low
    ends = np.append(code[1:] != code[:-1], True)
    following = np.where(ends, last, np.append(day[1:], last))
    _, index, sizes = np.unique(code, return_inverse=True, return_counts=True)
    gap = (following - day).astype(np.float64)
    ended = (~ends).astype(np.float64)
    weight = 1.0 / sizes[index]
    (days, is_ended), n = count_rows(gap, ended)
    (_, _), total = count_rows(gap, ended, weights=weight)
    return Gaps(days, is_ended > 0, n, total, sizes.size, n_later)


def _lazy_gaps(frame: LazyFrame[FrameT], customer: str, date: str, last: int, time_zone: str | None) -> Gaps:
    frame.check_ids(customer, "customer")
    frame = frame.in_zone(date, "date", time_zone)
    days = frame.days(date, "date")
    broken = (no_id("customer", customer), no_date("date", date), bad_date("date", date, days))
    _, n_later = refuse_broken(frame, broken, counted=days.day > last)
    rows = frame.frame.select(nw.col(customer).alias("customer"), days.day.alias("day"))
    once = rows.filter(nw.col("day") <= last).group_by("customer", "day").agg(nw.len().alias("rows"))
    previous = nw.col("day").shift(1).over("customer", order_by="day")
    gapped = once.with_columns(previous.alias("previous"))
    ended = (
        gapped.filter(~nw.col("previous").is_null())
        .with_columns((nw.col("day") - nw.col("previous")).alias("gap"))
        .select("customer", "gap", nw.lit(1).alias("ended"))
    )
    per_customer = once.group_by("customer").agg(nw.col("day").max().alias("final"), nw.len().alias("size"))
    running = per_customer.with_columns((nw.lit(last) - nw.col("final")).alias("gap")).select(
        "customer", "gap", nw.lit(0).alias("ended")
    )
    sized = per_customer.select("customer", "size")
    gaps = nw.concat([ended, running], how="vertical").join(sized, on="customer", how="inner")
    return _collect(frame, gaps, n_later)


def _collect(frame: LazyFrame[FrameT], gaps: AnyLazyFrame, n_later: int) -> Gaps:
    table = frame.collect_arrays(
        gaps.with_columns((1.0 / nw.col("size")).alias("weight"))
        .group_by("gap", "ended")
        .agg(nw.len().alias("n"), nw.col("weight").sum())
    )
    order = np.lexsort((table["ended"], table["gap"]))
    ended = to_integers(table["ended"][order]) > 0
    n = table["n"][order]
    return Gaps(table["gap"][order], ended, n, table["weight"][order], int(n[~ended].sum()), n_later)

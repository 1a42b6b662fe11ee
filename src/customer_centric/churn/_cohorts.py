"""Rows of activity or contracts as cells of cohorts and ages, counted where the rows are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import narwhals.stable.v2 as nw
import numpy as np

from customer_centric._core.frames import LazyFrame, MemoryFrame, check_columns, engine_of, is_lazy
from customer_centric._core.frames.codes import CodeArray
from customer_centric._core.frames.lazy import to_integers
from customer_centric._core.frames.lazy_checks import Broken, bad_date, no_date, no_id, refuse_broken
from customer_centric._core.frames.memory import AMOUNT_REMEDY, AMOUNT_RULE
from customer_centric._core.frames.periods import (
    Period,
    check_period,
    check_width,
    period_expression,
    periods_of,
)
from customer_centric._core.tabulate import sum_by
from customer_centric.churn._spells import NEVER, Spells, spells_of
from customer_centric.typing import FloatArray, FrameT, IntArray

# A table of customers by periods with so many entries a row of the log is cheaper than sorting the log.
_DENSEST: Final = 32


@dataclass(frozen=True, slots=True, eq=False)
class CohortCells:
    """What there is of each cohort (ordinal of a period) at each age (periods since).

    Parameters
    ----------
    cohort, age : ndarray of shape (n_cells,)
        Cells, some of which may come more than once.
    value : ndarray of shape (n_cells,)
        Customers or money.
    n_later : int
        Rows that are left out because they come after the last day.
    """

    cohort: IntArray
    age: IntArray
    value: FloatArray
    n_later: int


def activity_of(
    log: FrameT,
    *,
    customer: str,
    date: str,
    amount: str | None,
    period: Period,
    last: int,
    time_zone: str | None,
) -> CohortCells:
    """Customers active, or the sum of their amounts, by cohort and age."""
    check_period("period", period)
    engine = engine_of("log", log)
    columns = {"customer": customer, "date": date, "amount": amount}
    if is_lazy(engine):
        lazy = LazyFrame(log, engine)
        check_columns(lazy.columns, columns)
        return _lazy_activity(lazy, customer, date, amount, period, last, time_zone)
    memory = MemoryFrame(log, engine)
    check_columns(memory.columns, columns)
    codes = memory.ids(customer, "customer")
    days = memory.days(date, "date", time_zone)
    money = None if amount is None else memory.amounts(amount, "amount")
    kept = days <= last
    everything = bool(kept.all())
    code = codes.codes if everything else codes.codes[kept]
    slot = periods_of(days if everything else days[kept], period)
    n_later = int(days.size - code.size)
    if code.size == 0:
        nothing = np.zeros(0, dtype=np.int64)
        return CohortCells(nothing, nothing, np.zeros(0), n_later)
    low, width = int(slot.min()), int(np.ptp(slot)) + 1
    check_width(width, period)
    slot = slot - low
    if money is None and width * codes.size <= _DENSEST * code.size:
        return _active_cells(code, slot, codes.size, width, low, n_later)
    first = np.full(codes.size, width, dtype=np.int64)
    np.minimum.at(first, code, slot)
    if money is None:
        # A customer counts once in a period, however often there is activity.
        pairs = code * np.int64(width) + slot
        pairs.sort()
        pairs = pairs[np.append(True, pairs[1:] != pairs[:-1])]
        code, slot = pairs // width, pairs % width
    cohort = first[code]
    cell = cohort * width + (slot - cohort)
    counts = np.bincount(cell, minlength=width * width)
    sums = counts.astype(np.float64) if money is None else sum_by(cell, money[kept], width * width)
    found = np.flatnonzero(counts)
    return CohortCells(found // width + low, found % width, sums[found], n_later)


def _active_cells(
    code: CodeArray, slot: IntArray, n_codes: int, width: int, low: int, n_later: int
) -> CohortCells:
    """Customers active by cohort and age, from a table of who was active in which period.

    A row of the table is a period: what a log in the order of time writes stays close together.
    """
    active = np.zeros((width, n_codes), dtype=np.bool_)
    active.ravel()[slot * np.int64(n_codes) + code] = True
    cohort = np.full(n_codes, width, dtype=np.int16 if width < 2**15 else np.int64)
    counts = np.zeros((width, width))
    for period, there in enumerate(active):
        who = np.flatnonzero(there)
        since = cohort[who]
        cohort[who] = np.minimum(since, period)
        by_cohort = np.bincount(cohort[who], minlength=width)[: period + 1]
        counts[np.arange(period + 1), period - np.arange(period + 1)] = by_cohort
    rows, ages = np.nonzero(counts)
    return CohortCells(rows + low, ages, counts[rows, ages], n_later)


def _lazy_activity(
    frame: LazyFrame[FrameT],
    customer: str,
    date: str,
    amount: str | None,
    period: Period,
    last: int,
    time_zone: str | None,
) -> CohortCells:
    frame.check_ids(customer, "customer")
    if amount is not None:
        frame.check_numbers(amount, "amount")
    frame = frame.in_zone(date, "date", time_zone)
    days = frame.days(date, "date")
    money = nw.lit(1.0) if amount is None else nw.col(amount).cast(nw.Float64)
    broken = [no_id("customer", customer), no_date("date", date), bad_date("date", date, days)]
    if amount is not None:
        odd = ~((money >= -1e300) & (money <= 1e300)) | money.is_null()
        broken.append(Broken("amount", amount, odd, AMOUNT_RULE, "something else", AMOUNT_REMEDY))
    _, n_later = refuse_broken(frame, broken, counted=days.day > last)
    rows = frame.frame.select(
        nw.col(customer).alias("customer"),
        days.day.alias("day"),
        period_expression(days, period).alias("slot"),
        money.alias("value"),
    )
    rows = rows.filter(nw.col("day") <= last).select("customer", "slot", "value")
    per_period = rows.group_by("customer", "slot").agg(nw.col("value").sum())
    first = rows.group_by("customer").agg(nw.col("slot").min().alias("cohort"))
    joined = per_period.join(first, on="customer", how="inner")
    if amount is None:
        joined = joined.with_columns(nw.lit(1.0).alias("value"))
    cells = (
        joined.with_columns((nw.col("slot") - nw.col("cohort")).alias("age"))
        .group_by("cohort", "age")
        .agg(nw.col("value").sum())
    )
    table = frame.collect_arrays(cells)
    return CohortCells(to_integers(table["cohort"]), to_integers(table["age"]), table["value"], n_later)


def contracts_of(
    subscriptions: FrameT,
    *,
    customer: str,
    begins: str,
    ends: str,
    period: Period,
    last: int,
    grace_days: int,
    time_zone: str | None,
) -> CohortCells:
    """Customers who had not left before a period began, by the period in which they joined and age."""
    check_period("period", period)
    spells = spells_of(
        subscriptions,
        customer=customer,
        begins=begins,
        ends=ends,
        grace_days=grace_days,
        time_zone=time_zone,
    )
    return contract_cells(spells, period, last)


def contract_cells(spells: Spells, period: Period, last: int) -> CohortCells:
    """Cells of the first spell of each customer."""
    mine = ~spells.returning & (spells.begin <= last)
    begin, end, n = spells.begin[mine].astype(np.int64), spells.end[mine].astype(np.int64), spells.n[mine]
    n_later = int(spells.n[~spells.returning & (spells.begin > last)].sum())
    if begin.size == 0:
        nothing = np.zeros(0, dtype=np.int64)
        return CohortCells(nothing, nothing, np.zeros(0), n_later)
    cohort = periods_of(begin, period)
    newest = int(periods_of(np.array([last + 1]), period)[0]) - 1
    # The last period at whose first day the customer was still there; ends after the last day are not known.
    stayed = np.where(end > last, newest, periods_of(np.minimum(end, NEVER) - 1, period))
    longest = np.maximum(stayed - cohort, 0)
    size = int(longest.max()) + 1
    check_width(size, period)
    low = int(cohort.min())
    width = int(cohort.max()) - low + 1
    by_longest = np.bincount((cohort - low) * size + longest, n, width * size).reshape(width, size)
    # Who stays longest for k periods is there at every age up to k.
    there = by_longest[:, ::-1].cumsum(axis=1)[:, ::-1]
    row, age = np.indices(there.shape)
    return CohortCells(
        (row.ravel() + low).astype(np.int64), age.ravel().astype(np.int64), there.ravel(), n_later
    )

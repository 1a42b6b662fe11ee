"""Histories of a log in memory: columns to NumPy, one kernel, a frame of the same kind."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Generic

import numpy as np
from numpy.typing import NDArray

from customer_centric._core.frames import MemoryFrame
from customer_centric._core.frames.problems import in_column, raise_where
from customer_centric._core.summary_kernel import PurchaseSummary, summarise_purchases
from customer_centric.clv._explain import explain_customer
from customer_centric.clv._rules import REFUND_REMEDY, REFUND_RULE, SummaryRules, check_span
from customer_centric.clv._table import HistoryTable, frame_columns
from customer_centric.clv.counts import HistoryCounts, HoldoutCounts, SpendCounts
from customer_centric.clv.coverage import Coverage, PurchaseTiming
from customer_centric.typing import BoolArray, FloatArray, FrameT, IntArray


@dataclass(frozen=True, slots=True, eq=False)
class MemorySource(Generic[FrameT]):
    """Histories of a log in memory, all computed."""

    log: MemoryFrame[FrameT]
    rules: SummaryRules
    native: FrameT
    table: HistoryTable
    covered: Coverage
    timed: PurchaseTiming

    @property
    def has_amounts(self) -> bool:
        """Whether the spend of the customers with repeat purchases is known."""
        return self.table.mean_spend is not None

    def frame(self) -> FrameT:
        """One row a customer."""
        return self.native

    def history_counts(self) -> HistoryCounts:
        """Distinct histories."""
        return self.table.history_counts()

    def holdout_counts(self) -> HoldoutCounts:
        """Distinct histories with what came after them."""
        return self.table.holdout_counts()

    def spend_counts(self) -> SpendCounts:
        """Repeat purchases and their mean value."""
        return self.table.spend_counts()

    def timing(self) -> PurchaseTiming:
        """First and repeat purchases in each period."""
        return self.timed

    def coverage(self) -> Coverage:
        """What became of rows and customers."""
        return self.covered

    def explain(self, customer: int | str) -> str:
        """How the numbers of one customer come about."""
        return explain_customer(
            self.log.rows_where(self.rules.customer_column, customer), customer, self.rules
        )


@dataclass(frozen=True, slots=True, eq=False)
class _Rows:
    """Transactions as arrays."""

    codes: NDArray[Any]
    days: IntArray
    amounts: FloatArray | None

    def where(self, kept: BoolArray) -> _Rows:
        return _Rows(self.codes[kept], self.days[kept], None if self.amounts is None else self.amounts[kept])

    def n_customers(self, n_codes: int) -> int:
        seen = np.zeros(n_codes, dtype=np.bool_)
        seen[self.codes] = True
        return int(np.count_nonzero(seen))


def reduce_memory(log: MemoryFrame[FrameT], rules: SummaryRules) -> MemorySource[FrameT]:
    """Histories of the customers of a log, by ascending id."""
    ids = log.ids(rules.customer_column, "customer")
    days = log.days(rules.date_column, "date", rules.time_zone)
    amounts = None if rules.amount_column is None else log.amounts(rules.amount_column, "amount")
    if rules.refunds == "raise" and rules.amount_column is not None and amounts is not None:
        _refuse_refunds(rules.amount_column, amounts)
    read = _Rows(ids.codes, days, amounts)
    if days.size:
        check_span(rules, int(days.min()))
    seen = read if not days.size or days.max() <= rules.end else read.where(days <= rules.end)
    used, n_refunds, n_zero = _apply_policies(seen, rules)
    first_day = int(used.days.min()) if used.days.size else rules.last_day
    check_span(rules, first_day, name="calibration_end")
    summary = _summarise(used, rules, first_day, ids.size)
    table = _table(summary, rules, first_day)
    arrays, missing = frame_columns(table)
    frame = log.build(labels={"customer": ids.labels(summary.code)}, arrays=arrays, missing=missing)
    coverage = _coverage(rules, (read, seen, used), ids.size, summary, table, n_refunds, n_zero)
    return MemorySource(log, rules, frame, table, coverage, _timing(summary, rules, first_day))


def _refuse_refunds(column: str, amounts: FloatArray) -> None:
    raise_where(in_column("amount", column), REFUND_RULE, amounts < 0, amounts, remedy=REFUND_REMEDY)


def _apply_policies(rows: _Rows, rules: SummaryRules) -> tuple[_Rows, int, int]:
    """The rows that become purchases, and how many refunds and zero amounts there are."""
    if rows.amounts is None or not rows.amounts.size or rows.amounts.min() > 0:
        return rows, 0, 0
    refund, zero = rows.amounts < 0, rows.amounts == 0
    dropped = np.zeros(rows.amounts.shape, dtype=np.bool_)
    if rules.refunds == "drop":
        dropped |= refund
    if rules.zero_amounts == "drop":
        dropped |= zero
    used = rows.where(~dropped) if dropped.any() else rows
    return used, int(np.count_nonzero(refund)), int(np.count_nonzero(zero))


def _summarise(rows: _Rows, rules: SummaryRules, first_day: int, n_codes: int) -> PurchaseSummary:
    # One table for every day of the log spares calendar arithmetic on every row. A period that
    # calibration_end cuts has two slots: one on each side.
    days = np.arange(first_day, rules.end + 1)
    slot_of_day = rules.periods(days) - rules.period_of(first_day) + (days > rules.last_day)
    slot_of_day = slot_of_day.astype(np.int32)
    return summarise_purchases(
        rows.codes,
        slot_of_day[rows.days - first_day],
        rows.amounts,
        n_codes=n_codes,
        n_slots=int(slot_of_day[-1]) + 1,
        last_slot=int(slot_of_day[rules.last_day - first_day]),
        net_refunds=rules.refunds == "net",
    )


def _table(summary: PurchaseSummary, rules: SummaryRules, first_day: int) -> HistoryTable:
    x = summary.n_purchases - 1
    age = rules.period_of(rules.last_day) - rules.period_of(first_day) - summary.first
    holdout = rules.calibration_end is not None
    return HistoryTable(
        unit=rules.unit,
        frequency=x.astype(np.float64),
        recency=rules.in_unit(summary.last - summary.first),
        age=rules.in_unit(age),
        mean_spend=_mean(summary.repeat_value, x),
        frequency_holdout=summary.n_holdout.astype(np.float64) if holdout else None,
        age_holdout=np.full(x.shape, rules.holdout_length) if holdout else None,
        mean_spend_holdout=_mean(summary.holdout_value, summary.n_holdout) if holdout else None,
    )


def _mean(total: FloatArray | None, count: IntArray) -> FloatArray | None:
    if total is None:
        return None
    mean = np.full(count.shape, np.nan)
    np.divide(total, count, out=mean, where=count > 0)
    return mean


def _timing(summary: PurchaseSummary, rules: SummaryRules, first_day: int) -> PurchaseTiming:
    first_period = rules.period_of(first_day)
    n_calibration = rules.period_of(rules.last_day) - first_period + 1
    n_periods = rules.period_of(rules.end) - first_period + 1
    first_purchases, repeat_purchases = summary.first_purchases, summary.repeat_purchases
    if first_purchases.size > n_periods:
        # calibration_end cuts a period: its two parts are one step again.
        first_purchases, repeat_purchases = (
            np.add.reduceat(counts, np.delete(np.arange(counts.size), n_calibration))
            for counts in (first_purchases, repeat_purchases)
        )
    return PurchaseTiming(
        first_period=rules.first_day_of(first_period),
        period=rules.period,
        first_purchases=first_purchases,
        repeat_purchases=repeat_purchases,
        n_calibration=n_calibration,
    )


def _coverage(
    rules: SummaryRules,
    stages: tuple[_Rows, _Rows, _Rows],
    n_codes: int,
    summary: PurchaseSummary,
    table: HistoryTable,
    n_refunds: int,
    n_zero: int,
) -> Coverage:
    read, seen, used = stages
    n_used = summary.code.size + summary.n_late + summary.n_emptied
    n_seen = n_used if seen is used else seen.n_customers(n_codes)
    n_read = n_seen if read is seen else read.n_customers(n_codes)
    repeat = table.frequency >= 1
    worthless = 0 if table.mean_spend is None else int(np.count_nonzero(repeat & ~(table.mean_spend > 0)))
    return Coverage(
        end=rules.end_date,
        calibration_end=rules.calibration_date,
        period=rules.period,
        refunds=rules.refunds,
        zero_amounts=rules.zero_amounts,
        n_rows=read.days.size,
        n_rows_after_end=read.days.size - seen.days.size,
        n_rows_used=used.days.size,
        n_purchases=summary.n_entries,
        n_refunds=n_refunds,
        n_refunds_dropped=n_refunds if rules.refunds == "drop" else 0,
        n_purchases_refunded=summary.n_refunded,
        n_zero_amounts=n_zero,
        n_zero_amounts_dropped=n_zero if rules.zero_amounts == "drop" else 0,
        n_customers_read=n_read,
        n_customers=summary.code.size,
        n_customers_after_end=n_read - n_seen,
        n_customers_without_purchase=n_seen - n_used + summary.n_emptied,
        n_customers_after_calibration=summary.n_late,
        n_repeat_customers=int(np.count_nonzero(repeat)),
        n_customers_zero_spend=worthless,
    )

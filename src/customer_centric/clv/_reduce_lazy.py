"""Histories of a lazy log: nothing is computed before a result is asked for, and rows stay in the engine."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Generic, cast

import narwhals.stable.v2 as nw
import numpy as np

from customer_centric._core.frames.lazy import AnyLazyFrame, LazyFrame, flag, sort_by, to_integers
from customer_centric.clv import _lazy_plan as plan
from customer_centric.clv._explain import explain_customer
from customer_centric.clv._inspect import LogInspection, inspect_log
from customer_centric.clv._rules import SummaryRules, warn_unless_poisson
from customer_centric.clv._table import NO_AMOUNT, NO_HOLDOUT, HistoryTable
from customer_centric.clv.counts import HistoryCounts, HoldoutCounts, SpendCounts
from customer_centric.clv.coverage import Coverage, PurchaseTiming
from customer_centric.errors import InvalidInputError
from customer_centric.typing import FrameT, IntArray


@dataclass(frozen=True, slots=True, eq=False)
class LazySource(Generic[FrameT]):
    """Histories of a log that stays in its engine."""

    log: LazyFrame[FrameT]
    rows: AnyLazyFrame  # `plan.transactions` of the log: planned once, because its expressions are long
    rules: SummaryRules
    # The one thing remembered: the data passed the checks.
    inspections: list[LogInspection] = field(default_factory=list[LogInspection])

    @property
    def has_amounts(self) -> bool:
        """Whether the spend of the customers with repeat purchases is known."""
        return self.rules.amount_column is not None

    def frame(self) -> FrameT:
        """One row a customer, still lazy."""
        self._inspect()
        return cast("FrameT", sort_by(plan.frame_of(self._customers(), self.rules), "customer").to_native())

    def history_counts(self) -> HistoryCounts:
        """Distinct histories."""
        self._inspect()
        counts = self._table("frequency", "recency", "age").history_counts()
        total_frequency = float(counts.weight @ counts.frequency)
        warn_unless_poisson(total_frequency, float(counts.weight @ counts.age), self.rules, stacklevel=4)
        return counts

    def holdout_counts(self) -> HoldoutCounts:
        """Distinct histories with what came after them."""
        if self.rules.calibration_end is None:
            raise InvalidInputError(NO_HOLDOUT)
        self._inspect()
        return self._table("frequency", "recency", "age", "frequency_holdout").holdout_counts()

    def spend_counts(self) -> SpendCounts:
        """Repeat purchases and their mean value."""
        if self.rules.amount_column is None:
            raise InvalidInputError(NO_AMOUNT)
        self._inspect()
        repeaters = self._customers().filter(nw.col("frequency") > 0).select("frequency", "mean_spend")
        columns = self.log.collect_arrays(repeaters)
        nothing = np.zeros(columns["frequency"].shape)
        return HistoryTable(
            unit=self.rules.unit,
            frequency=columns["frequency"],
            recency=nothing,
            age=nothing,
            mean_spend=columns["mean_spend"],
        ).spend_counts()

    def timing(self) -> PurchaseTiming:
        """First and repeat purchases in each period."""
        first_day = self._inspect().first_day
        last_slot = self.rules.period_of(self.rules.last_day)
        kept = self._with_first().filter(nw.col("first") <= last_slot)
        # The two slots of a period that calibration_end cuts are one step again.
        by_period = (
            kept.select(
                period=nw.col("slot") - flag(nw.col("slot") > last_slot),
                is_first=flag(nw.col("slot") == nw.col("first")),
            )
            .group_by("period")
            .agg(nw.col("is_first").sum(), purchases=nw.len())
        )
        columns = self.log.collect_arrays(by_period)
        first_period = self.rules.period_of(self.rules.last_day if first_day is None else first_day)
        step = to_integers(columns["period"]) - first_period
        n_periods = self.rules.period_of(self.rules.end) - first_period + 1
        first_purchases = _spread(step, columns["is_first"], n_periods)
        return PurchaseTiming(
            first_period=self.rules.first_day_of(first_period),
            period=self.rules.period,
            first_purchases=first_purchases,
            repeat_purchases=_spread(step, columns["purchases"], n_periods) - first_purchases,
            n_calibration=last_slot - first_period + 1,
        )

    def coverage(self) -> Coverage:
        """What became of rows and customers."""
        seen, rules = self._inspect(), self.rules
        n_read, n_after_end = self._count(self._first_days(), after=nw.col("day") > rules.end)
        merged = self._purchases()
        n_purchases, n_refunded = self._count(merged, refunded=nw.col("refunded") == 1)
        firsts = self._kept().group_by("customer").agg(first=nw.col("slot").min())
        n_left, n_late = self._count(firsts, late=nw.col("first") > rules.period_of(rules.last_day))
        repeat = nw.col("frequency") > 0
        n_customers, n_repeat = self._count(self._counts(), repeat=repeat)
        n_paid = n_repeat
        if rules.amount_column is not None:
            _, n_paid = self._count(self._customers(), paid=repeat & (nw.col("mean_spend") > 0))
        return Coverage(
            end=rules.end_date,
            calibration_end=rules.calibration_date,
            period=rules.period,
            refunds=rules.refunds,
            zero_amounts=rules.zero_amounts,
            n_rows=seen.n_rows,
            n_rows_after_end=seen.n_rows_after_end,
            n_rows_used=seen.n_rows_used,
            n_purchases=n_purchases,
            n_refunds=seen.n_refunds,
            n_refunds_dropped=seen.n_refunds if rules.refunds == "drop" else 0,
            n_purchases_refunded=n_refunded if rules.refunds == "net" else 0,
            n_zero_amounts=seen.n_zero_amounts,
            n_zero_amounts_dropped=seen.n_zero_amounts if rules.zero_amounts == "drop" else 0,
            n_customers_read=n_read,
            n_customers=n_customers,
            n_customers_after_end=n_after_end,
            n_customers_without_purchase=n_read - n_after_end - n_left,
            n_customers_after_calibration=n_late,
            n_repeat_customers=n_repeat,
            n_customers_zero_spend=n_repeat - n_paid,
        )

    def explain(self, customer: int | str) -> str:
        """How the numbers of one customer come about."""
        self._inspect()
        rows = self.log.rows_where(self.rules.customer_column, customer)
        return explain_customer(rows, customer, self.rules)

    def _inspect(self) -> LogInspection:
        if not self.inspections:
            self.inspections.append(inspect_log(self.log, self.rows, self.rules))
        return self.inspections[0]

    def _first_days(self) -> AnyLazyFrame:
        return self.rows.group_by("customer").agg(nw.col("day").min())

    def _used(self) -> AnyLazyFrame:
        return plan.used_transactions(self.rows, self.rules)

    def _purchases(self) -> AnyLazyFrame:
        return plan.purchases(self._used(), self.rules)

    def _with_first(self) -> AnyLazyFrame:
        return plan.with_first(self._used(), self._kept(), self.rules)

    def _kept(self) -> AnyLazyFrame:
        return plan.kept_purchases(self._purchases(), self.rules)

    def _counts(self) -> AnyLazyFrame:
        return plan.customer_counts(self._kept(), self.rules)

    def _customers(self) -> AnyLazyFrame:
        return plan.customers(self._with_first(), self.rules)

    def _count(self, rows: AnyLazyFrame, **condition: nw.Expr) -> tuple[int, int]:
        """Rows, and rows that meet the condition."""
        ((name, expression),) = condition.items()
        told_apart = rows.with_columns(flag(expression).alias(name))
        columns = self.log.collect_arrays(told_apart.select(nw.col(name).sum(), n=nw.len()))
        n = int(columns["n"][0])
        return n, int(columns[name][0]) if n else 0

    def _table(self, *names: str) -> HistoryTable:
        counts = self._counts().group_by(*names).agg(weight=nw.len())
        columns = self.log.collect_arrays(counts)
        holdout = columns.get("frequency_holdout")
        n_rows = columns["weight"].size
        return HistoryTable(
            unit=self.rules.unit,
            frequency=columns["frequency"],
            recency=self.rules.in_unit(to_integers(columns["recency"])),
            age=self.rules.in_unit(to_integers(columns["age"])),
            weight=columns["weight"],
            frequency_holdout=holdout,
            age_holdout=None if holdout is None else np.full(n_rows, self.rules.holdout_length),
        )


def _spread(step: IntArray, counts: Any, n_periods: int) -> IntArray:
    return to_integers(np.bincount(step, weights=counts, minlength=n_periods))


def plan_lazy(log: LazyFrame[FrameT], rules: SummaryRules) -> LazySource[FrameT]:
    """The histories of a lazy log, not yet computed; columns of a type that cannot be used are refused."""
    log.check_ids(rules.customer_column, "customer")
    if rules.amount_column is not None:
        log.check_numbers(rules.amount_column, "amount")
    local = log.in_zone(rules.date_column, "date", rules.time_zone)
    return LazySource(log, plan.transactions(local, rules), rules)

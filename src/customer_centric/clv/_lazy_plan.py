"""The definitions of histories as queries: transactions, purchases, customers.

Only plain sums, minima, maxima and counts of groups and one join by customer are used: they mean the same in
every engine. Whole numbers are exact, so counts equal those of the path in memory; sums of money
differ in the last bits, because engines add in different orders.
"""

from __future__ import annotations

from typing import Any

import narwhals.stable.v2 as nw

from customer_centric._core.frames.lazy import AnyLazyFrame, LazyFrame, flag, floor_divide
from customer_centric._core.summary_kernel import NOTHING_LEFT
from customer_centric.clv._rules import DAYS_BEFORE_EPOCH_IN_WEEK, SummaryRules


def transactions(log: LazyFrame[Any], rules: SummaryRules) -> AnyLazyFrame:
    """Customer, day, period and amount of every row, and what is wrong with it."""
    days = log.days(rules.date_column, "date")
    date = nw.col(rules.date_column)
    periods = {
        "day": days.day,
        "week": floor_divide(days.day + DAYS_BEFORE_EPOCH_IN_WEEK, 7),
        "month": days.month,
    }
    amount = nw.lit(0.0) if rules.amount_column is None else nw.col(rules.amount_column).cast(nw.Float64)
    return log.frame.select(
        customer=nw.col(rules.customer_column),
        day=days.day,
        period=periods[rules.period],
        amount=amount,
        date_missing=flag(date.is_null()),
        date_bad=flag(days.is_bad),
        date_with_offset=flag(days.has_offset),
        bad_text=nw.when(days.is_bad).then(date.cast(nw.String)),
    )


def used_transactions(rows: AnyLazyFrame, rules: SummaryRules) -> AnyLazyFrame:
    """The rows that become purchases; a slot is a period on one side of the end of calibration."""
    amount = nw.col("amount")
    used = rows.filter(nw.col("day") <= rules.end)
    if rules.amount_column is not None and rules.refunds == "drop":
        used = used.filter(amount >= 0)
    if rules.amount_column is not None and rules.zero_amounts == "drop":
        used = used.filter(amount != 0)
    slot = nw.col("period")
    if rules.calibration_end is not None:
        slot = slot + flag(nw.col("day") > rules.last_day)
    refund = nw.when(amount < 0).then(amount * -1.0).otherwise(nw.lit(0.0))
    return used.select("customer", "amount", slot=slot, refund=refund)


def purchases(used: AnyLazyFrame, rules: SummaryRules) -> AnyLazyFrame:
    """One row a customer and slot; whether refunds left nothing of it."""
    groups = used.group_by("customer", "slot")
    if rules.refunds != "net":
        return groups.agg(nw.col("amount").sum()).with_columns(refunded=nw.lit(0))
    amount, refund = nw.col("amount"), nw.col("refund")
    merged = groups.agg(amount.sum(), refund.sum())
    is_nothing = (refund > 0) & (amount <= (amount + refund * 2.0) * NOTHING_LEFT)
    return merged.select("customer", "slot", "amount", refunded=flag(is_nothing))


def kept_purchases(merged: AnyLazyFrame, rules: SummaryRules) -> AnyLazyFrame:
    """The purchases of which refunds left something."""
    kept = merged.filter(nw.col("refunded") == 0) if rules.refunds == "net" else merged
    return kept.select("customer", "slot", "amount")


def customer_counts(kept: AnyLazyFrame, rules: SummaryRules) -> AnyLazyFrame:
    """Counts and slots of each customer first seen by the end of calibration: groups alone, no window."""
    last_slot = rules.period_of(rules.last_day)
    slot = nw.col("slot")
    seen = nw.when(slot <= last_slot).then(slot)
    merged = (
        kept.select("customer", "slot", seen=seen)
        .group_by("customer")
        .agg(first=slot.min(), last=nw.col("seen").max(), n_seen=nw.col("seen").count(), n=nw.len())
    )
    return merged.filter(nw.col("first") <= last_slot).select(
        "customer",
        frequency=nw.col("n_seen").cast(nw.Int64) - 1,
        recency=nw.col("last") - nw.col("first"),
        age=last_slot - nw.col("first"),
        frequency_holdout=nw.col("n").cast(nw.Int64) - nw.col("n_seen").cast(nw.Int64),
    )


def with_first(used: AnyLazyFrame, kept: AnyLazyFrame, rules: SummaryRules) -> AnyLazyFrame:
    """The purchases, each with the slot of its customer's first."""
    # Unless refunds take purchases away, the first transaction tells: merging need not be done twice.
    slots = kept if rules.refunds == "net" else used
    firsts = slots.group_by("customer").agg(first=nw.col("slot").min())
    return kept.join(firsts, on="customer", how="inner")


def customers(purchased: AnyLazyFrame, rules: SummaryRules) -> AnyLazyFrame:
    """Counts, slots and means of each customer first seen by the end of calibration.

    `purchased` comes from `with_first`.
    """
    last_slot = rules.period_of(rules.last_day)
    slot, first, amount = nw.col("slot"), nw.col("first"), nw.col("amount")
    # The first purchase is told apart before the sum: taking it away afterwards would cancel digits.
    told_apart = purchased.select(
        "customer",
        "first",
        seen=nw.when(slot <= last_slot).then(slot),
        repeat=nw.when((slot > first) & (slot <= last_slot)).then(amount),
        holdout=nw.when(slot > last_slot).then(amount),
    )
    repeat, holdout = nw.col("repeat"), nw.col("holdout")
    merged = told_apart.group_by("customer").agg(
        first.min(),
        last=nw.col("seen").max(),
        repeat_amount=repeat.sum(),
        frequency=repeat.count(),
        holdout_amount=holdout.sum(),
        frequency_holdout=holdout.count(),
    )
    return merged.filter(first <= last_slot).select(
        "customer",
        nw.col("frequency", "frequency_holdout").cast(nw.Int64),
        recency=nw.col("last") - first,
        age=last_slot - first,
        mean_spend=_mean("repeat_amount", "frequency", rules),
        mean_spend_holdout=_mean("holdout_amount", "frequency_holdout", rules),
    )


def _mean(total: str, count: str, rules: SummaryRules) -> nw.Expr:
    if rules.amount_column is None:
        return nw.lit(None, nw.Float64)
    return nw.when(nw.col(count) > 0).then(nw.col(total) / nw.col(count).cast(nw.Float64))


def frame_of(histories: AnyLazyFrame, rules: SummaryRules) -> AnyLazyFrame:
    """The frame of histories: times in `unit`, the columns of the documentation."""
    in_unit = {name: nw.col(name).cast(nw.Float64) / rules.periods_per_unit for name in ("recency", "age")}
    names = ["customer", "frequency", "recency", "age", "mean_spend", "weight"]
    columns = histories.with_columns(weight=nw.lit(1.0), **in_unit)
    if rules.calibration_end is not None:
        columns = columns.with_columns(age_holdout=nw.lit(rules.holdout_length))
        names += ["frequency_holdout", "age_holdout", "mean_spend_holdout"]
    return columns.select(*names)

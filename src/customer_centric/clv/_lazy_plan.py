"""The definitions of histories as queries: transactions, purchases, customers.

Only plain sums, minima, maxima and counts of groups, and one minimum over a window, are used: they mean the
same in every engine. Whole numbers are exact, so counts equal those of the path in memory; sums of money
differ in the last bits, because engines add in different orders.
"""

from __future__ import annotations

from typing import Any

import narwhals.stable.v2 as nw

from customer_centric._core.frames.lazy import AnyLazyFrame, LazyFrame, flag
from customer_centric._core.summary_kernel import NOTHING_LEFT
from customer_centric.clv._rules import DAYS_BEFORE_EPOCH_IN_WEEK, SummaryRules

# Full weeks added before a division and taken away after it: engines round quotients of negative
# numbers in different directions.
_WEEKS_BEFORE_EPOCH = 110_000


def transactions(log: LazyFrame[Any], rules: SummaryRules) -> AnyLazyFrame:
    """Customer, day, period and amount of every row, and what is wrong with it."""
    days = log.days(rules.date_column, "date")
    date = nw.col(rules.date_column)
    periods = {
        "day": days.day,
        "week": (days.day + (DAYS_BEFORE_EPOCH_IN_WEEK + 7 * _WEEKS_BEFORE_EPOCH)) // 7 - _WEEKS_BEFORE_EPOCH,
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
    used = rows.filter(nw.col("day") <= rules.end)
    if rules.amount_column is not None and rules.refunds == "drop":
        used = used.filter(nw.col("amount") >= 0)
    if rules.amount_column is not None and rules.zero_amounts == "drop":
        used = used.filter(nw.col("amount") != 0)
    return used.select(
        "customer",
        "amount",
        slot=nw.col("period") + flag(nw.col("day") > rules.last_day),
        refund=nw.when(nw.col("amount") < 0).then(-nw.col("amount")).otherwise(nw.lit(0.0)),
    )


def purchases(used: AnyLazyFrame) -> AnyLazyFrame:
    """One row a customer and slot; whether refunds left nothing of it."""
    merged = used.group_by("customer", "slot").agg(nw.col("amount").sum(), nw.col("refund").sum())
    amount, refund = nw.col("amount"), nw.col("refund")
    is_nothing = (refund > 0) & (amount <= (amount + refund * 2.0) * NOTHING_LEFT)
    return merged.select("customer", "slot", "amount", refunded=flag(is_nothing))


def kept_purchases(merged: AnyLazyFrame, rules: SummaryRules) -> AnyLazyFrame:
    """The purchases that count, each with the slot of its customer's first."""
    kept = merged.filter(nw.col("refunded") == 0) if rules.refunds == "net" else merged
    return kept.with_columns(first=nw.col("slot").min().over("customer"))


def customers(kept: AnyLazyFrame, rules: SummaryRules) -> AnyLazyFrame:
    """Counts, slots and sums of each customer first seen by the end of calibration."""
    last_slot = rules.period_of(rules.last_day)
    slot, first, amount = nw.col("slot"), nw.col("first"), nw.col("amount")
    nothing = nw.lit(0.0)
    told_apart = kept.filter(first <= last_slot).select(
        "customer",
        "first",
        last=nw.when(slot <= last_slot).then(slot).otherwise(first),
        repeat=flag((slot > first) & (slot <= last_slot)),
        holdout=flag(slot > last_slot),
        repeat_amount=nw.when((slot > first) & (slot <= last_slot)).then(amount).otherwise(nothing),
        holdout_amount=nw.when(slot > last_slot).then(amount).otherwise(nothing),
    )
    merged = told_apart.group_by("customer").agg(
        nw.col("first").min(),
        nw.col("last").max(),
        nw.col("repeat", "holdout", "repeat_amount", "holdout_amount").sum(),
    )
    return merged.select(
        "customer",
        frequency=nw.col("repeat").cast(nw.Int64),
        recency=nw.col("last") - nw.col("first"),
        age=last_slot - nw.col("first"),
        mean_spend=_mean("repeat_amount", "repeat", rules),
        frequency_holdout=nw.col("holdout").cast(nw.Int64),
        mean_spend_holdout=_mean("holdout_amount", "holdout", rules),
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

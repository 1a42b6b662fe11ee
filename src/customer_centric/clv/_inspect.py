"""What the rows of a lazy log hold, in one aggregate: enough to refuse bad data by value and count."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import narwhals.stable.v2 as nw

from customer_centric._core.frames.codes import MISSING_ID_REMEDY, MISSING_RULE
from customer_centric._core.frames.days import MISSING_DATE_REMEDY, raise_mixed, refuse_aware
from customer_centric._core.frames.lazy import AnyLazyFrame, LazyFrame, flag
from customer_centric._core.frames.memory import AMOUNT_REMEDY, AMOUNT_RULE
from customer_centric._core.frames.problems import (
    DATE_TEXT_REMEDY,
    ISO_RULE,
    OFFSET_REMEDY,
    in_column,
    raise_rows,
)
from customer_centric.clv._rules import REFUND_REMEDY, REFUND_RULE, SummaryRules, check_span


@dataclass(frozen=True, slots=True, kw_only=True)
class LogInspection:
    """Counts of rows that obey every rule; `first_day` is None where no row becomes a purchase."""

    n_rows: int
    n_rows_after_end: int
    n_rows_used: int
    n_refunds: int
    n_zero_amounts: int
    first_day: int | None


def inspect_log(log: LazyFrame[Any], rows: AnyLazyFrame, rules: SummaryRules) -> LogInspection:
    """One pass over the rows; bad data are refused."""
    seen = log.collect(_aggregate(rows, rules))
    found = {name: float(seen.floats(name)[0]) for name in seen.columns if name != "bad_text"}
    count = {name: 0 if value != value else int(value) for name, value in found.items()}  # noqa: PLR0124
    n_rows = count["n_rows"]
    _refuse_bad_rows(count, seen.value("bad_text"), n_rows, rules)
    if rules.amount_column is not None:
        _refuse_bad_amounts(found, count, n_rows, rules, rules.amount_column)
    if n_rows:
        check_span(rules, count["first_day"])
    first_used = count["first_used_day"] if count["n_rows_used"] else None
    if first_used is not None:
        check_span(rules, first_used, name="calibration_end")
    return LogInspection(
        n_rows=n_rows,
        n_rows_after_end=count["after_end"],
        n_rows_used=count["n_rows_used"],
        n_refunds=count["refund_seen"],
        n_zero_amounts=count["zero_seen"],
        first_day=first_used,
    )


def _aggregate(rows: AnyLazyFrame, rules: SummaryRules) -> AnyLazyFrame:
    amount, is_seen = nw.col("amount"), nw.col("day") <= rules.end
    is_used = is_seen
    if rules.amount_column is not None and rules.refunds == "drop":
        is_used = is_used & (amount >= 0)
    if rules.amount_column is not None and rules.zero_amounts == "drop":
        is_used = is_used & (amount != 0)
    has_amount = nw.lit(value=rules.amount_column is not None)
    # Columns first, plain aggregates then: an aggregate of a condition is not safe in every engine.
    told_apart = rows.with_columns(
        id_missing=flag(nw.col("customer").is_null()),
        amount_missing=flag(amount.is_null()),
        amount_not_finite=flag(~amount.is_finite()),
        is_nan=flag(amount.is_nan()),
        negative=flag(amount < 0),
        after_end=flag(~is_seen),
        refund_seen=flag(is_seen & (amount < 0)),
        zero_seen=flag(is_seen & (amount == 0) & has_amount),
        n_rows_used=flag(is_used),
        used_day=nw.when(is_used).then(nw.col("day")),
        finite_amount=nw.when(amount.is_finite()).then(amount),
    )
    sums = [
        "id_missing",
        "date_missing",
        "date_bad",
        "date_with_offset",
        "amount_missing",
        "amount_not_finite",
        "is_nan",
        "negative",
        "after_end",
        "refund_seen",
        "zero_seen",
        "n_rows_used",
    ]
    return told_apart.select(
        nw.col(*sums).sum(),
        n_rows=nw.len(),
        first_day=nw.col("day").min(),
        first_used_day=nw.col("used_day").min(),
        least_amount=nw.col("finite_amount").min(),
        bad_text=nw.col("bad_text").min(),
    )


def _refuse_bad_rows(count: dict[str, int], bad_text: object, n_rows: int, rules: SummaryRules) -> None:
    raise_rows(
        in_column("customer", rules.customer_column),
        MISSING_RULE,
        value="null",
        count=count["id_missing"],
        total=n_rows,
        remedy=MISSING_ID_REMEDY,
    )
    name = in_column("date", rules.date_column)
    raise_rows(
        name,
        MISSING_RULE,
        value="null",
        count=count["date_missing"],
        total=n_rows,
        remedy=MISSING_DATE_REMEDY,
    )
    raise_rows(
        name,
        ISO_RULE,
        value=repr(bad_text),
        count=count["date_bad"],
        total=n_rows,
        remedy=DATE_TEXT_REMEDY,
    )
    if 0 < count["date_with_offset"] < n_rows:
        raise_mixed(name, ["an offset from UTC", "None"])
    if count["date_with_offset"]:
        refuse_aware(name, "text with an offset from UTC", OFFSET_REMEDY)


def _refuse_bad_amounts(
    found: dict[str, float], count: dict[str, int], n_rows: int, rules: SummaryRules, column: str
) -> None:
    name = in_column("amount", column)
    missing, odd = count["amount_missing"], count["amount_not_finite"]
    value = "null" if missing else "nan" if count["is_nan"] else "inf"
    raise_rows(name, AMOUNT_RULE, value=value, count=missing + odd, total=n_rows, remedy=AMOUNT_REMEDY)
    if rules.refunds == "raise":
        raise_rows(
            name,
            REFUND_RULE,
            value=f"{found['least_amount']:g}",
            count=count["negative"],
            total=n_rows,
            remedy=REFUND_REMEDY,
        )

"""How the numbers of one customer come from the transactions, step by step and in plain Python."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any

from customer_centric._core.frames import MemoryFrame, day_of_number
from customer_centric._core.summary_kernel import NOTHING_LEFT
from customer_centric.clv._rules import SummaryRules
from customer_centric.errors import InvalidInputError

_MOST_LINES = 40


@dataclass(slots=True)
class _Purchase:
    """Transactions of one period, on one side of the end of calibration."""

    days: list[int] = field(default_factory=list[int])
    amounts: list[float] = field(default_factory=list[float])

    @property
    def value(self) -> float:
        return sum(self.amounts)

    def is_refunded(self) -> bool:
        moved = sum(abs(amount) for amount in self.amounts)
        return any(amount < 0 for amount in self.amounts) and self.value <= NOTHING_LEFT * moved


def explain_customer(rows: MemoryFrame[Any], customer: int | str, rules: SummaryRules) -> str:
    """The transactions of one customer, what became of each, and the numbers that follow."""
    if rows.n_rows == 0:
        raise InvalidInputError(f"`customer` must be an id of the log, got {customer!r}")
    days = [int(day) for day in rows.days(rules.date_column, "date", rules.time_zone)]
    amounts = [1.0] * len(days)
    if rules.amount_column is not None:
        amounts = [float(amount) for amount in rows.amounts(rules.amount_column, "amount")]
    purchases, left_out = _collect(sorted(zip(days, amounts, strict=True)), rules)
    lines = [f"Customer {customer!r}: {len(days)} transactions read", *left_out]
    calibration = [p for p in purchases if p.days[0] <= rules.last_day and not p.is_refunded()]
    holdout = [p for p in purchases if p.days[0] > rules.last_day and not p.is_refunded()]
    lines += _purchase_lines(purchases, calibration, rules)
    return "\n".join(lines + _number_lines(calibration, holdout, rules))


def _collect(rows: list[tuple[int, float]], rules: SummaryRules) -> tuple[list[_Purchase], list[str]]:
    purchases: defaultdict[tuple[bool, int], _Purchase] = defaultdict(_Purchase)
    left_out: list[str] = []
    for day, amount in rows:
        reason = ""
        if day > rules.end:
            reason = f"after the end of observation ({rules.end_date})"
        elif rules.refunds == "drop" and amount < 0:
            reason = "a refund"
        elif rules.zero_amounts == "drop" and amount == 0:
            reason = "an amount of zero"
        if reason:
            left_out.append(f"  {day_of_number(day)}  left out: {reason}")
            continue
        purchase = purchases[day > rules.last_day, rules.period_of(day)]
        purchase.days.append(day)
        purchase.amounts.append(amount)
    return list(purchases.values()), _shortened(left_out)


def _shortened(lines: list[str]) -> list[str]:
    if len(lines) <= _MOST_LINES:
        return lines
    half = _MOST_LINES // 2
    return [*lines[:half], f"  ... {len(lines) - 2 * half} more ...", *lines[-half:]]


def _purchase_lines(
    purchases: list[_Purchase], calibration: list[_Purchase], rules: SummaryRules
) -> list[str]:
    lines: list[str] = []
    for purchase in purchases:
        if purchase.is_refunded():
            what = "refunds left nothing: no purchase"
        elif calibration and purchase is calibration[0]:
            what = "first purchase: starts the age, counts in no mean"
        elif purchase.days[0] > rules.last_day:
            what = "holdout"
        else:
            what = "repeat purchase"
        value = "" if rules.amount_column is None else f"  {purchase.value:12,.2f}"
        n = len(purchase.days)
        merged = f", {n} transactions of one {rules.period} merged" if n > 1 else ""
        lines.append(f"  {day_of_number(purchase.days[0])}{value}  {what}{merged}")
    return _shortened(lines)


def _number_lines(calibration: list[_Purchase], holdout: list[_Purchase], rules: SummaryRules) -> list[str]:
    if not calibration:
        split = rules.calibration_date
        why = (
            "no purchase is left" if split is None or not holdout else f"the first purchase is after {split}"
        )
        return [f"no history: {why}"]
    first, last = calibration[0].days[0], calibration[-1].days[0]
    x = len(calibration) - 1
    start, stop = rules.period_of(first), rules.period_of(rules.last_day)
    recency = (rules.period_of(last) - start) / rules.periods_per_unit
    age = (stop - start) / rules.periods_per_unit
    end = day_of_number(rules.last_day)
    lines = [
        f"frequency {x}: {x + 1} purchases less the first",
        f"recency {recency:.6g} {rules.unit}s: {day_of_number(first)} to {day_of_number(last)}",
        f"age {age:.6g} {rules.unit}s: {day_of_number(first)} to {end}",
    ]
    if rules.amount_column is not None:
        lines.append(_mean_line("mean_spend", calibration[1:], "repeat"))
    if rules.calibration_end is not None:
        length = (rules.period_of(rules.end) - stop) / rules.periods_per_unit
        lines.append(f"frequency_holdout {len(holdout)}: purchases after {end}")
        lines.append(f"age_holdout {length:.6g} {rules.unit}s: {end} to {rules.end_date}")
        if rules.amount_column is not None:
            lines.append(_mean_line("mean_spend_holdout", holdout, "holdout"))
    return lines


def _mean_line(name: str, purchases: list[_Purchase], kind: str) -> str:
    if not purchases:
        return f"{name} missing: no {kind} purchase"
    mean = sum(purchase.value for purchase in purchases) / len(purchases)
    noun = "purchase" if len(purchases) == 1 else "purchases"
    return f"{name} {mean:.6g}: mean of {len(purchases)} {kind} {noun}"

"""The definitions by which transactions become histories, in one place for every engine."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from datetime import date

import numpy as np

from customer_centric._core.checks import check_choice
from customer_centric._core.frames import check_day, check_time_zone, day_number, day_of_number
from customer_centric.clv.coverage import RefundPolicy, ZeroPolicy
from customer_centric.errors import DataWarning, InvalidInputError
from customer_centric.typing import FloatArray, IntArray, TimeUnit
from customer_centric.units import DAYS_PER_UNIT, check_unit

# Monday 1969-12-29 starts week 0, so that 1970-01-01, a Thursday, is its fourth day.
DAYS_BEFORE_EPOCH_IN_WEEK = 3
REFUND_RULE = "0 or more"
REFUND_REMEDY = (
    'choose `refunds="net"` to sum them within their purchase or `refunds="drop"` to leave them out'
)
# Above this share of periods with a purchase, merging makes counts visibly less variable than Poisson.
_MOST_PURCHASES_PER_PERIOD = 0.3
# Fewer repeat purchases than this say nothing about a rate.
_FEWEST_PURCHASES = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class SummaryRules:
    """Columns, spans, units and policies of a summary; days are numbers since 1970-01-01."""

    customer_column: str
    date_column: str
    amount_column: str | None
    end: int
    calibration_end: int | None
    unit: TimeUnit
    period: TimeUnit
    refunds: RefundPolicy
    zero_amounts: ZeroPolicy
    time_zone: str | None

    @property
    def last_day(self) -> int:
        """Last day that frequency, recency and age see."""
        return self.end if self.calibration_end is None else self.calibration_end

    @property
    def end_date(self) -> date:
        """Last day of observation."""
        return day_of_number(self.end)

    @property
    def calibration_date(self) -> date | None:
        """Last day of calibration."""
        return None if self.calibration_end is None else day_of_number(self.calibration_end)

    def periods(self, days: IntArray) -> IntArray:
        """Ordinal of the period of each day: days, weeks from Monday, or calendar months, since 1970."""
        if self.period == "week":
            return (days + DAYS_BEFORE_EPOCH_IN_WEEK) // 7
        if self.period == "month":
            return days.astype("datetime64[D]").astype("datetime64[M]").astype(np.int64)
        return days

    def period_of(self, day: int) -> int:
        """Ordinal of the period of one day."""
        return int(self.periods(np.array([day], dtype=np.int64))[0])

    def first_day_of(self, period: int) -> date:
        """First day of a period."""
        if self.period == "week":
            return day_of_number(7 * period - DAYS_BEFORE_EPOCH_IN_WEEK)
        if self.period == "month":
            return date(1970 + period // 12, period % 12 + 1, 1)
        return day_of_number(period)

    @property
    def periods_per_unit(self) -> float:
        """How many periods make a unit."""
        return DAYS_PER_UNIT[self.unit] if self.period == "day" else 1.0

    @property
    def holdout_length(self) -> float:
        """End of calibration to end of observation, in `unit`."""
        return (self.period_of(self.end) - self.period_of(self.last_day)) / self.periods_per_unit

    def in_unit(self, periods: IntArray) -> FloatArray:
        """A number of periods, expressed in `unit`."""
        return periods / self.periods_per_unit


def check_rules(
    *,
    customer: str,
    date_column: str,
    amount: str | None,
    end: date | str,
    unit: TimeUnit,
    period: TimeUnit,
    calibration_end: date | str | None,
    refunds: RefundPolicy,
    zero_amounts: ZeroPolicy,
    time_zone: str | None,
) -> SummaryRules:
    """The rules, each argument checked on its own and against the others."""
    check_unit("unit", unit)
    check_unit("period", period)
    if period not in {"day", unit}:
        raise InvalidInputError(
            f"`unit` must be the period ({period!r}) where purchases are merged by {period}, got {unit!r}; "
            'only `period="day"` can be expressed in every unit'
        )
    check_choice("refunds", refunds, ("raise", "net", "drop"))
    check_choice("zero_amounts", zero_amounts, ("keep", "drop"))
    check_time_zone(time_zone)
    last = check_day("end", end)
    split = None if calibration_end is None else check_day("calibration_end", calibration_end)
    if split is not None and split >= last:
        raise InvalidInputError(f"`calibration_end` must be before `end` ({last}), got {split}")
    return SummaryRules(
        customer_column=customer,
        date_column=date_column,
        amount_column=amount,
        end=day_number(last),
        calibration_end=None if split is None else day_number(split),
        unit=unit,
        period=period,
        refunds=refunds,
        zero_amounts=zero_amounts,
        time_zone=time_zone,
    )


def check_span(rules: SummaryRules, first_day: int, *, name: str = "end") -> None:
    """Refuse an `end` or `calibration_end` before the first purchase."""
    day = rules.end if name == "end" else rules.calibration_end
    if day is not None and day < first_day:
        raise InvalidInputError(
            f"`{name}` must not be before the first purchase ({day_of_number(first_day)}), "
            f"got {day_of_number(day)}"
        )


def warn_unless_poisson(frequency: float, age: float, rules: SummaryRules, *, stacklevel: int = 3) -> None:
    """Warn where total frequency and age (in `unit`) say that periods are too long to count in."""
    per_period = frequency / (age * rules.periods_per_unit) if age > 0 else 0.0
    if per_period > _MOST_PURCHASES_PER_PERIOD and frequency >= _FEWEST_PURCHASES:
        shorter = "" if rules.period == "day" else 'a shorter `period`, such as "day", or '
        warnings.warn(
            f"customers buy in {per_period:.2f} of their {rules.period}s after the first purchase: "
            f"a {rules.period} counts once however often they buy in it, so frequencies are less variable "
            f"than the Poisson counts of the models; use {shorter}a model of purchase opportunities",
            DataWarning,
            stacklevel=stacklevel,
        )

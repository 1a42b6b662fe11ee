"""Time units, horizons and discount rates: typed, and converted in this one place.

A year has 365.25 days, 365.25/7 weeks and 12 months everywhere in the package.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

from customer_centric._core.checks import check_choice, check_number, check_offers
from customer_centric.typing import TimeUnit

__all__ = ["DiscountRate", "Horizon"]

DAYS_PER_YEAR: Final = 365.25
DAYS_PER_UNIT: Final[dict[TimeUnit, float]] = {"day": 1.0, "week": 7.0, "month": DAYS_PER_YEAR / 12}
UNITS_PER_YEAR: Final[dict[TimeUnit, float]] = {
    "day": DAYS_PER_YEAR,
    "week": DAYS_PER_YEAR / 7,
    "month": 12.0,
}


def check_unit(name: str, unit: TimeUnit) -> TimeUnit:
    """Refuse a unit of time other than day, week and month."""
    return check_choice(name, unit, ("day", "week", "month"))


@dataclass(frozen=True, slots=True)
class Horizon:
    """Length of a forecast window, with its unit.

    Parameters
    ----------
    length : float
        Number of units, 0 or more; `math.inf` for the whole future.
    unit : {"day", "week", "month"}
        Unit of `length`.

    Examples
    --------
    >>> Horizon(1, "month").in_unit("day")
    30.4375
    >>> Horizon.years(2).in_unit("month")
    24.0
    """

    length: float
    unit: TimeUnit

    def __post_init__(self) -> None:
        check_number("length", self.length, minimum=0.0, finite=False)
        check_unit("unit", self.unit)

    @classmethod
    def years(cls, years: float) -> Horizon:
        """A horizon of so many years (12 months each)."""
        return cls(12.0 * check_number("years", years, minimum=0.0, finite=False), "month")

    @classmethod
    def infinite(cls) -> Horizon:
        """The whole future."""
        return cls(math.inf, "day")

    def in_unit(self, unit: TimeUnit) -> float:
        """Length in `unit`; infinite stays infinite."""
        check_unit("unit", unit)
        if unit == self.unit:
            return float(self.length)
        return self.length * DAYS_PER_UNIT[self.unit] / DAYS_PER_UNIT[unit]


@dataclass(frozen=True, slots=True)
class DiscountRate:
    r"""A discount rate that knows its period, so that nobody feeds an annual rate to a weekly model.

    Build it with `DiscountRate.annual` or `DiscountRate.continuous`.

    Parameters
    ----------
    log_annual_factor : float
        \(\ln(1 + d)\) with \(d\) the effective rate per year; greater than or equal to 0.

    Notes
    -----
    With \(d\) the effective annual rate and \(k\) the number of units in a year, the continuous rate
    per unit is

    \[ \delta = \ln(1 + d) / k . \]

    Examples
    --------
    >>> round(DiscountRate.annual(0.15).per("week"), 7)
    0.0026785
    >>> round(DiscountRate.continuous(0.0027, per="week").annual_rate, 4)
    0.1513
    """

    log_annual_factor: float

    def __post_init__(self) -> None:
        check_number("log_annual_factor", self.log_annual_factor, minimum=0.0)

    @classmethod
    def annual(cls, rate: float) -> DiscountRate:
        """Effective rate per year: 0.1 makes 110 in a year worth 100 today."""
        return cls(math.log1p(check_number("rate", rate, minimum=0.0)))

    @classmethod
    def continuous(cls, rate: float, *, per: TimeUnit) -> DiscountRate:
        """Continuously compounded rate per day, week or month, as the papers use it."""
        check_unit("per", per)
        return cls(check_number("rate", rate, minimum=0.0) * UNITS_PER_YEAR[per])

    @property
    def annual_rate(self) -> float:
        """Effective rate per year."""
        return math.expm1(self.log_annual_factor)

    def per(self, unit: TimeUnit) -> float:
        """Continuous rate per `unit`."""
        check_unit("unit", unit)
        return self.log_annual_factor / UNITS_PER_YEAR[unit]


def check_discount_rate(discount_rate: DiscountRate) -> DiscountRate:
    """A rate that knows its period; a bare number is refused."""
    check_offers(
        "discount_rate",
        discount_rate,
        ("per",),
        rule="a DiscountRate",
        remedy="10 % a year is written DiscountRate.annual(0.1)",
    )
    return discount_rate


def horizon_in_unit(horizon: float | Horizon, unit: TimeUnit) -> float:
    """Length of `horizon` in `unit`; a plain number is in that unit already."""
    if isinstance(horizon, Horizon):
        return horizon.in_unit(unit)
    return check_number("horizon", horizon, minimum=0.0, finite=False)

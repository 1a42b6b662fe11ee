"""Calendar periods as whole numbers since January 1970, for columns of days and for expressions."""

from __future__ import annotations

from typing import Final, Literal, TypeAlias

import narwhals.stable.v2 as nw
import numpy as np

from customer_centric._core.checks import check_choice
from customer_centric._core.frames.lazy import DayColumns, floor_divide
from customer_centric.errors import InvalidInputError
from customer_centric.typing import IntArray

Period: TypeAlias = Literal["day", "week", "month", "quarter", "year"]
"""Weeks start on Monday; the others are those of the calendar."""

PERIODS: Final[tuple[Period, ...]] = ("day", "week", "month", "quarter", "year")
# Monday 1969-12-29 starts week 0, so that 1970-01-01, a Thursday, is its fourth day.
_DAYS_BEFORE_EPOCH_IN_WEEK: Final = 3
_MONTHS: Final = {"month": 1, "quarter": 3, "year": 12}
# Cohorts by ages: 200 MB. Days of 13 years.
_MOST_PERIODS: Final = 5000
# A table of this many days covers 5,000 years and takes less room than the rows it spares.
_LONGEST_TABLE: Final = 1 << 21


def check_period(name: str, period: Period) -> Period:
    """Refuse what is no calendar period."""
    return check_choice(name, period, PERIODS)


def check_width(n_periods: int, period: Period) -> None:
    """Refuse a triangle of cohorts that nobody can read and hardly a machine can hold."""
    if n_periods > _MOST_PERIODS:
        raise InvalidInputError(
            f"`period` must divide the observation into at most {_MOST_PERIODS:,} periods, got {n_periods:,} "
            f"of a {period}; take longer periods, or look for a date that is wrong"
        )


def periods_of(days: IntArray, period: Period) -> IntArray:
    """Ordinal of the period of each day since 1970-01-01."""
    if period == "day" or days.size == 0:
        return days
    if period == "week":
        return (days + _DAYS_BEFORE_EPOCH_IN_WEEK) // 7
    first, last = int(days.min()), int(days.max())
    if last - first >= min(_LONGEST_TABLE, 2 * days.size):
        return _months_of(days) // _MONTHS[period]
    # One table for every day spares calendar arithmetic on every row.
    table = _months_of(np.arange(first, last + 1)) // _MONTHS[period]
    return table[days - first]


def first_days(ordinals: IntArray, period: Period) -> IntArray:
    """First day of each period, in days since 1970-01-01."""
    if period == "day":
        return ordinals
    if period == "week":
        return 7 * ordinals - _DAYS_BEFORE_EPOCH_IN_WEEK
    months = (ordinals * _MONTHS[period]).astype("datetime64[M]")
    return months.astype("datetime64[D]").astype(np.int64)


def period_expression(days: DayColumns, period: Period) -> nw.Expr:
    """Ordinal of the period of a lazy column of dates."""
    if period == "day":
        return days.day
    if period == "week":
        return floor_divide(days.day + _DAYS_BEFORE_EPOCH_IN_WEEK, 7)
    return days.month if period == "month" else floor_divide(days.month, _MONTHS[period])


def _months_of(days: IntArray) -> IntArray:
    return days.astype("datetime64[D]").astype("datetime64[M]").astype(np.int64)

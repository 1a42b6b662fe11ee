"""Churn of a period, from a table of subscriptions."""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from typing import TYPE_CHECKING, Literal, TypeAlias

import numpy as np

from customer_centric._core.checks import check_choice, check_confidence_level
from customer_centric._core.frames import check_day, day_number, day_of_number
from customer_centric.churn._ledger import Ledger, customers_on, ledger_of, without_same_period
from customer_centric.churn._spells import Spells, spells_of
from customer_centric.churn.rates import average_customers
from customer_centric.errors import InvalidInputError
from customer_centric.intervals import Interval, garwood_interval, wilson_interval
from customer_centric.typing import FrameT

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["ChurnRate", "churn_by_period", "period_churn"]

Base: TypeAlias = Literal["exposure", "month_ends", "two_point", "start", "start_plus_new", "end"]
_BASES: tuple[Base, ...] = ("exposure", "month_ends", "two_point", "start", "start_plus_new", "end")


@dataclass(frozen=True, slots=True, kw_only=True)
class ChurnRate:
    """Churn of one period: the rate, its base by name, its interval, and the counts behind it.

    Parameters
    ----------
    rate : float
        Customers lost over the base, per period. NaN where the base is 0.
    probability : float
        Share of the customers at the start who were lost within the period, in [0, 1]; NaN without any.
    interval : Interval or None
        Of `rate`: exact Poisson for the averages and the base "end", Wilson for the others; None where
        `reason` says why there is none.
    lost, lost_opening : int
        Customers lost in the period, and those of them who were customers at its start.
    base : float
        What the rate is per.
    base_kind : {"exposure", "month_ends", "two_point", "start", "start_plus_new", "end"}
        Which base it is: customers on average over all days; over month-ends; the average of start and end;
        customers at the start; those and all who came; customers at the end.
    opening, gained, reactivated, closing : int
        Customers at the start, new ones, returning ones, customers at the end.
    start, end : date
        The period: events after `start`, up to and on `end`.
    n_subscriptions, n_merged : int
        Rows of the table, and those that are a part of another spell of their customer: they overlap it,
        repeat it, or follow it within the grace.
    reason : str or None
        Why the rate or its interval is missing.

    Notes
    -----
    `opening + gained + reactivated - lost == closing`.
    """

    rate: float
    probability: float
    interval: Interval | None
    lost: int
    lost_opening: int
    base: float
    base_kind: Base
    opening: int
    gained: int
    reactivated: int
    closing: int
    start: date
    end: date
    n_subscriptions: int
    n_merged: int
    reason: str | None = None

    def __str__(self) -> str:
        bounds = (
            f"no interval: {self.reason}"
            if self.interval is None
            else f"{100 * self.interval.confidence_level:g} % interval {self.interval.lower:.4f} to "
            f"{self.interval.upper:.4f}"
        )
        return (
            f"churn rate {self.rate:.4f} ({bounds}): {self.lost:,} lost, base {self.base:,.1f} "
            f"({self.base_kind}), {self.start} to {self.end}"
        )

    def _repr_html_(self) -> str:
        return f"<p>{self}</p>"


def period_churn(
    subscriptions: FrameT,
    start: date | str,
    end: date | str,
    *,
    base: Base = "exposure",
    customer: str,
    begins: str,
    ends: str,
    same_period: Literal["count", "ignore"] = "count",
    grace_days: int = 0,
    time_zone: str | None = None,
    confidence_level: float = 0.95,
) -> ChurnRate:
    r"""Churn rate of a period, with its interval and the counts behind it.

    Parameters
    ----------
    subscriptions : data frame
        One row a subscription: pandas, Polars (eager or lazy), PyArrow or DuckDB. Subscriptions of a
        customer that overlap or follow one another are one spell.
    start, end : date or str
        The period: who is active on `start` opens it, who is active on `end` closes it. 12 months are
        `"2024-01-01"` to `"2025-01-01"`.
    base : {"exposure", "month_ends", "two_point", "start", "start_plus_new", "end"}, default "exposure"
        What the rate is per: customers on average over all days of the period, which is the founding
        definition; on average over the ends of its months, 13 for a year, for a period of whole months;
        the average of start and end; customers at the start (and then only those are counted as lost);
        customers at the start and all who came; customers at the end.
    customer : str
        Column of customer ids: text, whole numbers or categories; none missing.
    begins, ends : str
        Columns of the first day of a subscription, and of the first day without it: dates, datetimes or
        ISO text. A missing end is a subscription that goes on.
    same_period : {"count", "ignore"}, default "count"
        Whether customers who came and left within the period are counted, or left out altogether.
    grace_days : int, default 0
        Gaps of at most so many days between subscriptions of a customer are no churn.
    time_zone : str, optional
        Zone in which days are counted, for datetimes with a time zone.
    confidence_level : float, default 0.95
        Nominal coverage of the interval, strictly between 0 and 1.

    Returns
    -------
    ChurnRate
        Rate, probability, interval and counts. A base of 0 gives NaN and a reason.

    Raises
    ------
    MissingColumnError
        If a column is not in the table.
    InvalidInputError
        If the period is empty, a subscription ends before or when it begins, or a value is missing or of
        the wrong type; names the value, the count, and the position for frames in memory.

    Notes
    -----
    With \(D\) customers lost in a period of length \(L\) and \(A\) customer-days in it,

    \[ m = \frac{D}{A / L} , \]

    customers lost over the average number of customers. It does not move with growth; most other ratios
    do while nobody behaves differently.

    References
    ----------
    Preston, S. H., Heuveline, P. and Guillot, M. (2001), Demography: Measuring and Modeling Population
    Processes. Blackwell, chapter 1: occurrence/exposure rates.

    Garwood, F. (1936), Fiducial limits for the Poisson distribution.
    [doi:10.1093/biomet/28.3-4.437](https://doi.org/10.1093/biomet/28.3-4.437).

    Examples
    --------
    >>> import pandas as pd
    >>> contracts = pd.DataFrame(
    ...     {
    ...         "id": ["a", "b", "c", "c"],
    ...         "from": ["2023-06-01", "2024-03-01", "2022-01-01", "2024-11-01"],
    ...         "until": [None, "2024-09-01", "2024-05-01", None],
    ...     }
    ... )
    >>> churn = period_churn(
    ...     contracts,
    ...     "2024-01-01",
    ...     "2025-01-01",
    ...     customer="id",
    ...     begins="from",
    ...     ends="until",
    ... )
    >>> churn.lost, churn.reactivated, round(churn.base, 3), round(churn.rate, 3)
    (2, 1, 2.0, 1.0)
    """
    first, last = check_period(start, end)
    _check_choices(base, same_period, confidence_level)
    spells = spells_of(
        subscriptions,
        customer=customer,
        begins=begins,
        ends=ends,
        grace_days=grace_days,
        time_zone=time_zone,
    )
    return _rate(spells, first, last, base, same_period, confidence_level)


def churn_by_period(
    subscriptions: FrameT,
    boundaries: Sequence[date | str],
    *,
    base: Base = "exposure",
    customer: str,
    begins: str,
    ends: str,
    same_period: Literal["count", "ignore"] = "count",
    grace_days: int = 0,
    time_zone: str | None = None,
    confidence_level: float = 0.95,
) -> pd.DataFrame:
    r"""Churn rates of periods that follow one another.

    Parameters
    ----------
    subscriptions : data frame
        One row a subscription, of any engine.
    boundaries : sequence of date or str
        The start of the first period, the end of each, in ascending order: the first days of 13 months for
        the 12 months between them, for instance from `pandas.date_range`.
    base, customer, begins, ends, same_period, grace_days, time_zone, confidence_level
        As in `period_churn`.

    Returns
    -------
    pandas.DataFrame
        A row a period: `start`, `end`, `rate`, `lower`, `upper`, `probability`, `lost`, `lost_opening`,
        `base`, `opening`, `gained`, `reactivated`, `closing`. Rates are per period, whatever its length.

    Raises
    ------
    InvalidInputError
        If there are fewer than two boundaries, they do not ascend, or the table breaks a rule.

    Notes
    -----
    Losses and exposures add up over periods, rates do not: the rate of the whole is the mean of the rates
    weighted by exposure.

    References
    ----------
    Preston, S. H., Heuveline, P. and Guillot, M. (2001), Demography: Measuring and Modeling Population
    Processes. Blackwell, chapter 1.

    Examples
    --------
    >>> import pandas as pd
    >>> contracts = pd.DataFrame(
    ...     {
    ...         "id": [1, 2, 3],
    ...         "from": ["2024-01-01"] * 3,
    ...         "until": [None, "2024-02-11", None],
    ...     }
    ... )
    >>> months = churn_by_period(
    ...     contracts,
    ...     ["2024-01-01", "2024-02-01", "2024-03-01"],
    ...     customer="id",
    ...     begins="from",
    ...     ends="until",
    ... )
    >>> months[["lost", "opening", "closing"]].to_numpy().tolist()
    [[0, 3, 3], [1, 3, 2]]
    """
    import pandas as pd

    days = [check_day("boundaries", boundary) for boundary in boundaries]
    if len(days) < 2:
        raise InvalidInputError(
            f"`boundaries` must be at least two days, got {len(days)}; 12 months need 13 days"
        )
    for place, (before, after) in enumerate(pairwise(days), 1):
        if before >= after:
            raise InvalidInputError(
                f"`boundaries` must ascend, got {after} after {before} at position {place}; each is the end "
                "of a period and the start of the next"
            )
    _check_choices(base, same_period, confidence_level)
    spells = spells_of(
        subscriptions,
        customer=customer,
        begins=begins,
        ends=ends,
        grace_days=grace_days,
        time_zone=time_zone,
    )
    numbers = [day_number(day) for day in days]
    rates = [
        _rate(spells, first, last, base, same_period, confidence_level) for first, last in pairwise(numbers)
    ]
    return pd.DataFrame([_row(rate) for rate in rates])


def _row(churn: ChurnRate) -> dict[str, object]:
    bounds = churn.interval
    return {
        "start": churn.start,
        "end": churn.end,
        "rate": churn.rate,
        "lower": np.nan if bounds is None else bounds.lower,
        "upper": np.nan if bounds is None else bounds.upper,
        "probability": churn.probability,
        "lost": churn.lost,
        "lost_opening": churn.lost_opening,
        "base": churn.base,
        "opening": churn.opening,
        "gained": churn.gained,
        "reactivated": churn.reactivated,
        "closing": churn.closing,
    }


def check_period(start: date | str, end: date | str) -> tuple[int, int]:
    """Day numbers of a period that is not empty."""
    first, last = check_day("start", start), check_day("end", end)
    if first >= last:
        raise InvalidInputError(f"`end` must be after `start`, got {last} and {first}")
    return day_number(first), day_number(last)


def _check_choices(base: Base, same_period: str, confidence_level: float) -> None:
    check_choice("base", base, _BASES)
    check_choice("same_period", same_period, ("count", "ignore"))
    check_confidence_level(confidence_level)


def _rate(
    spells: Spells, first: int, last: int, base: Base, same_period: str, confidence_level: float
) -> ChurnRate:
    counted = spells if same_period == "count" else without_same_period(spells, first, last)
    ledger = ledger_of(counted, first, last)
    lost = ledger.lost_opening if base == "start" else ledger.lost
    size = _month_end_average(counted, first, last) if base == "month_ends" else _base_size(ledger, base)
    interval, reason = _interval(lost, size, base, confidence_level)
    return ChurnRate(
        rate=lost / size if size > 0 else float("nan"),
        probability=ledger.lost_opening / ledger.opening if ledger.opening else float("nan"),
        interval=interval,
        lost=ledger.lost,
        lost_opening=ledger.lost_opening,
        base=size,
        base_kind=base,
        opening=ledger.opening,
        gained=ledger.gained,
        reactivated=ledger.reactivated,
        closing=ledger.closing,
        start=day_of_number(first),
        end=day_of_number(last),
        n_subscriptions=spells.n_rows,
        n_merged=spells.n_merged,
        reason=reason,
    )


def _base_size(ledger: Ledger, base: Base) -> float:
    """What a rate is per."""
    return {
        "exposure": ledger.exposure / ledger.days,
        "two_point": 0.5 * (ledger.opening + ledger.closing),
        "start": float(ledger.opening),
        "start_plus_new": float(ledger.opening + ledger.gained + ledger.reactivated),
        "end": float(ledger.closing),
    }[base]


def _month_end_average(spells: Spells, first: int, last: int) -> float:
    """Customers on average over the first day and the same day of each month up to the last."""
    start, end = day_of_number(first), day_of_number(last)
    months = 12 * (end.year - start.year) + end.month - start.month
    counted = [_months_later(start, k) for k in range(months + 1)]
    if months < 1 or counted[-1] != end:
        raise InvalidInputError(
            f'`base` "month_ends" must have a period of whole months, got {start} to {end}; "exposure" takes '
            "any period"
        )
    return average_customers(customers_on(spells, np.array([float(day_number(day)) for day in counted])))


def _months_later(start: date, months: int) -> date:
    """The same day of a later month, or its last one where it has no such day."""
    year, month = start.year + (start.month - 1 + months) // 12, (start.month - 1 + months) % 12 + 1
    return date(year, month, min(start.day, monthrange(year, month)[1]))


def _interval(
    lost: int, size: float, base: Base, confidence_level: float
) -> tuple[Interval | None, str | None]:
    if size <= 0:
        return None, f"there are no customers in the base ({base})"
    if base in {"start", "start_plus_new"}:
        if lost > size:
            return None, "more were lost than the base counts, so it is no share of it"
        lower, upper = wilson_interval(lost, size, confidence_level=confidence_level)
    else:
        lower, upper = garwood_interval(lost, exposure=size, confidence_level=confidence_level)
    return Interval(float(lower), float(upper), confidence_level), None

"""What a new customer costs, and how that compares with what one is worth."""

from __future__ import annotations

import math
from dataclasses import dataclass

from customer_centric._core.checks import check_confidence_level, check_number
from customer_centric._core.words import as_html, counted
from customer_centric.economics._inputs import (
    COST_REMEDY,
    check_gap,
    check_retention_rate,
    discounted_length,
    log_factor,
    net_of,
)
from customer_centric.economics.lifetime import clv_annuity
from customer_centric.economics.payback import payback_period
from customer_centric.errors import InvalidInputError
from customer_centric.intervals import Interval, garwood_interval, wilson_interval
from customer_centric.typing import Timing

__all__ = ["AcquisitionCost", "LtvToCac", "customer_acquisition_cost", "ltv_to_cac"]


@dataclass(frozen=True, slots=True, kw_only=True)
class AcquisitionCost:
    """What a new customer costs, over all of them and over those who did not come by themselves.

    Parameters
    ----------
    fully_loaded : float
        All costs over all new customers, in money. Infinite where there was spending and nobody came.
    interval : Interval or None
        Bounds of `fully_loaded`; None where it is undefined.
    paid : float
        All costs over the new customers who did not come by themselves: closer to what one more costs.
    paid_interval : Interval or None
        Bounds of `paid`; None where it is undefined.
    marketing_only : float
        Marketing alone over all new customers: what is often quoted, and leaves out the rest.
    organic_share : float
        Share of the new customers who came by themselves, in [0, 1].
    organic_interval : Interval or None
        Bounds of the share; None without new customers.
    total_cost : float
        Marketing, sales and incentives, in money.
    new_customers, organic : int
        New customers of the cohort, and how many of them came by themselves.
    reason : str or None
        Why a number is NaN, None where none is.
    """

    fully_loaded: float
    interval: Interval | None
    paid: float
    paid_interval: Interval | None
    marketing_only: float
    organic_share: float
    organic_interval: Interval | None
    total_cost: float
    new_customers: int
    organic: int
    reason: str | None = None

    def __str__(self) -> str:
        bounds = self.interval
        sure = "" if bounds is None else f" ({_bounds(bounds)})"
        why = f"; {self.reason}" if self.reason else ""
        came = counted(self.new_customers, "new customer")
        return (
            f"acquisition cost {self.fully_loaded:,.2f}{sure} over {came}, "
            f"{self.paid:,.2f} without the {100 * self.organic_share:.0f} % who came by themselves; "
            f"marketing alone {self.marketing_only:,.2f}{why}"
        )

    def _repr_html_(self) -> str:
        return as_html(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class LtvToCac:
    """Lifetime value over acquisition cost, with the two numbers without which it says nothing.

    Parameters
    ----------
    ratio : float
        Lifetime value over acquisition cost; infinite where the cost is 0 and the value positive.
    interval : Interval or None
        Bounds of the ratio from those of the acquisition cost; None where that was one number.
    lifetime_value : float
        Discounted margin within the horizon, before the acquisition cost, in money.
    acquisition_cost : float
        What it cost to win the customer, in money.
    horizon : float
        Periods that the lifetime value counts; may be infinite.
    payback : float
        Periodic margins until the cost is paid back; infinite if never.
    reason : str or None
        Why the ratio is NaN, None where it is not.
    """

    ratio: float
    interval: Interval | None
    lifetime_value: float
    acquisition_cost: float
    horizon: float
    payback: float
    reason: str | None = None

    def __str__(self) -> str:
        sure = "" if self.interval is None else f" ({_bounds(self.interval)})"
        span = "an endless horizon" if math.isinf(self.horizon) else counted(self.horizon, "period")
        back = "never paid back" if math.isinf(self.payback) else f"paid back after {self.payback:,.4g}"
        why = f"; {self.reason}" if self.reason else ""
        return f"LTV/CAC {self.ratio:.2f}{sure} over {span}, {back}{why}"

    def _repr_html_(self) -> str:
        return as_html(self)


def customer_acquisition_cost(
    new_customers: int,
    *,
    marketing: float,
    sales: float = 0.0,
    incentives: float = 0.0,
    organic: int = 0,
    confidence_level: float = 0.90,
) -> AcquisitionCost:
    r"""What a new customer costs: fully loaded, without those who came by themselves, and marketing alone.

    Parameters
    ----------
    new_customers : int
        New customers of the cohort that the costs were spent on, 0 or more; organic ones included.
    marketing : float
        Acquisition marketing, in money, 0 or more. Not what was spent on existing customers.
    sales : float, default 0.0
        Salaries, commissions and tools of selling to new customers, in money.
    incentives : float, default 0.0
        Welcome discounts, onboarding and referral bonuses, in money. A bonus that the value of referrals
        has counted already does not belong here too.
    organic : int, default 0
        New customers who came by themselves, at most `new_customers`.
    confidence_level : float, default 0.90
        Nominal coverage of the intervals, strictly between 0 and 1.

    Returns
    -------
    AcquisitionCost
        The costs with intervals, and the organic share.

    Raises
    ------
    InvalidInputError
        If a cost is negative, a count negative or not whole, or more came by themselves than came at all.

    Notes
    -----
    With marketing \(M\), sales \(S\), incentives \(B\), \(N\) new customers and \(O\) organic ones,

    \[ \text{fully loaded} = \frac{M + S + B}{N}, \qquad \text{paid} = \frac{M + S + B}{N - O} . \]

    The money is what was spent; how many customers came for it is chance as well, so the intervals are the
    costs over Garwood's exact bounds of a Poisson count. That of the organic share is Wilson's.

    Examples
    --------
    >>> cost = customer_acquisition_cost(
    ...     400, marketing=60_000, sales=30_000, incentives=10_000, organic=100
    ... )
    >>> cost.fully_loaded, round(cost.paid, 2), cost.marketing_only, cost.organic_share
    (250.0, 333.33, 150.0, 0.25)
    >>> round(cost.interval.lower, 1), round(cost.interval.upper, 1)
    (230.2, 272.0)
    """
    n = int(check_number("new_customers", new_customers, minimum=0.0, whole=True))
    free = int(
        check_number(
            "organic",
            organic,
            minimum=0.0,
            maximum=float(n),
            whole=True,
            remedy="organic customers are some of `new_customers`",
        )
    )
    costs = [
        check_number(name, value, minimum=0.0, remedy=COST_REMEDY)
        for name, value in (("marketing", marketing), ("sales", sales), ("incentives", incentives))
    ]
    check_confidence_level(confidence_level)
    total = sum(costs)
    return AcquisitionCost(
        fully_loaded=_per_customer(total, n),
        interval=_cost_interval(total, n, confidence_level),
        paid=_per_customer(total, n - free),
        paid_interval=_cost_interval(total, n - free, confidence_level),
        marketing_only=_per_customer(costs[0], n),
        organic_share=free / n if n else math.nan,
        organic_interval=_share_interval(free, n, confidence_level),
        total_cost=total,
        new_customers=n,
        organic=free,
        reason=_why_undefined(total, n, n - free),
    )


def ltv_to_cac(
    margin: float,
    acquisition_cost: float | AcquisitionCost,
    *,
    horizon: float,
    timing: Timing,
    discount_rate: float,
    retention_rate: float = 1.0,
) -> LtvToCac:
    r"""Lifetime value over acquisition cost, with its horizon and the payback beside it.

    Parameters
    ----------
    margin : float
        Margin per period of a customer who is still there, in money; may be negative.
    acquisition_cost : float or AcquisitionCost
        What it cost to win the customer, 0 or more; of a result, `fully_loaded` with its interval.
    horizon : float
        Whole periods that count, at least 1; infinite for an endless life. It has no default, because the
        ratio grows with it.
    timing : {"start", "mid", "end", "continuous"}
        When the margin of a period arrives.
    discount_rate : float
        Effective rate per period, greater than -1.
    retention_rate : float, default 1.0
        Probability of staying from one period to the next, in [0, 1].

    Returns
    -------
    LtvToCac
        Ratio, value, horizon and payback.

    Raises
    ------
    InvalidInputError
        If an argument is outside its range, or an endless life is worth infinitely much.

    Notes
    -----
    With \(q = r / (1 + d)\) and \(a\) the value of one unit of margin in one certain period,

    \[ \frac{\mathrm{LTV}}{\mathrm{CAC}} = \frac{m\,a}{C}\,\frac{1 - q^n}{1 - q} . \]

    The value is before the acquisition cost: a ratio of 1 earns exactly its cost. The payback counts all
    periods, also those past the horizon.

    Examples
    --------
    The same customer is a bargain over ten years, and not worth it over one:

    >>> terms = {"timing": "start", "discount_rate": 0.1, "retention_rate": 0.9}
    >>> print(ltv_to_cac(500, 1000, horizon=10, **terms))
    LTV/CAC 2.38 over 10 periods, paid back after 3
    >>> print(ltv_to_cac(500, 1000, horizon=1, **terms))
    LTV/CAC 0.50 over 1 period, paid back after 3
    """
    measured = acquisition_cost if isinstance(acquisition_cost, AcquisitionCost) else None
    cost = (
        acquisition_cost.fully_loaded if isinstance(acquisition_cost, AcquisitionCost) else acquisition_cost
    )
    if measured is not None and not math.isfinite(cost):
        raise InvalidInputError(
            f"`acquisition_cost` must be a finite number at least 0, got {cost:g}; there are no new customers"
        )
    n = check_number("horizon", horizon, minimum=1.0, finite=False)
    if math.isfinite(n):
        check_number("horizon", horizon, whole=True)
    payback = payback_period(
        margin, cost, timing=timing, retention_rate=retention_rate, discount_rate=discount_rate
    )
    value = _value_within(margin, n, timing, retention_rate, discount_rate)
    interval = None
    if measured is not None and (bounds := measured.interval) is not None and cost > 0:
        ends = sorted((value / bounds.lower, value / bounds.upper))
        interval = Interval(ends[0], ends[1], bounds.confidence_level)
    return LtvToCac(
        ratio=_ratio(value, cost),
        interval=interval,
        lifetime_value=value,
        acquisition_cost=cost,
        horizon=n,
        payback=payback,
        reason="the value and the cost are both 0" if value == 0 and cost == 0 else None,
    )


def _value_within(
    margin: float, n: float, timing: Timing, retention_rate: float, discount_rate: float
) -> float:
    """Value of a geometric life cut at a horizon."""
    one = clv_annuity(margin, 1, discount_rate=discount_rate, timing=timing)
    r, delta = check_retention_rate(retention_rate), log_factor(discount_rate)
    if one == 0.0 or r == 0.0 or n == 1.0:
        return one
    if math.isinf(n):
        return net_of(one * ((1.0 + discount_rate) / check_gap(r, discount_rate)), 0.0)
    # The sum of q^t is a ratio of continuous flows, which has no division by zero at q = 1.
    fall = delta - math.log(r)
    return net_of(one * (discounted_length(n, fall) / discounted_length(1.0, fall)), 0.0)


def _ratio(value: float, cost: float) -> float:
    if cost > 0:
        return value / cost
    return math.nan if value == 0 else math.copysign(math.inf, value)


def _per_customer(cost: float, n: float) -> float:
    if n:
        return cost / n
    return math.inf if cost > 0 else math.nan


def _why_undefined(cost: float, new: int, paid: int) -> str | None:
    """Why a cost per customer is NaN or infinite."""
    nobody = [what for what, count in (("new", new), ("paid", paid)) if count == 0]
    if nobody and cost == 0:
        return f"nothing was spent and there are no {' or '.join(nobody)} customers"
    return "there are no new customers" if new == 0 else None


def _cost_interval(cost: float, n: int, confidence_level: float) -> Interval | None:
    if cost == 0 and n == 0:
        return None
    fewest, most = (float(bound) for bound in garwood_interval(n, confidence_level=confidence_level))
    return Interval(cost / most, cost / fewest if fewest else math.inf, confidence_level)


def _share_interval(part: int, whole: int, confidence_level: float) -> Interval | None:
    if whole == 0:
        return None
    low, high = wilson_interval(part, whole, confidence_level=confidence_level)
    return Interval(float(low), float(high), confidence_level)


def _bounds(interval: Interval) -> str:
    return f"{100 * interval.confidence_level:g} % interval {interval.lower:,.2f} to {interval.upper:,.2f}"

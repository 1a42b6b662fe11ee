"""Lifetime value from a handful of numbers: the founding formula and the ladder of refinements above it."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from customer_centric._core.checks import check_choice, check_number
from customer_centric.economics._inputs import (
    RETENTION_TIMINGS,
    SHIFTS,
    RetentionTiming,
    check_curve,
    check_gap,
    check_rate,
    check_retention_rate,
    curve_of,
    discounted_length,
    log_factor,
    net_of,
    remedy_share,
)
from customer_centric.typing import SurvivalModel, Timing

__all__ = ["clv_annuity", "clv_from_survival", "clv_ladder", "clv_retention", "clv_simple"]

_ANNUITY_RUNGS: tuple[Timing, ...] = ("end", "mid", "continuous", "start")
_RUNGS = [
    ("founding formula", "m n - C"),
    ("discounted, margins at period end", "m (1 - (1+d)^-n) / d - C"),
    ("discounted, margins at mid-period", "m (1+d)^.5 (1 - (1+d)^-n) / d - C"),
    ("discounted, continuous margins", "m (1 - (1+d)^-n) / ln(1+d) - C"),
    ("discounted, margins at period start", "m (1+d) (1 - (1+d)^-n) / d - C"),
    ("random life, first margin now", "m (1+d) / (1+d-r) - C"),
    ("random life, margins at period end", "m / (1+d-r) - C"),
    ("random life, margins after renewal", "m r / (1+d-r) - C"),
    ("margin in place of revenue", "g m n - C"),
    ("margin, random life, first margin now", "g m (1+d) / (1+d-r) - C"),
]


def clv_simple(revenue_per_period: float, periods: float, acquisition_cost: float = 0.0) -> float:
    r"""Customer lifetime value by its founding definition: revenue per period x periods - acquisition cost.

    Parameters
    ----------
    revenue_per_period : float
        What the customer brings in one period, in money. Put a margin here for a value in profit.
    periods : float
        Number of periods the customer stays, 0 or more; fractions count in proportion.
    acquisition_cost : float, default 0.0
        What it cost to win the customer, 0 or more. Leave it at 0 for a customer you already have: that
        cost is sunk.

    Returns
    -------
    float
        Value in money; negative where the customer never earns back the acquisition cost.

    Raises
    ------
    InvalidInputError
        If an argument is not a finite number, or the periods or the cost are negative.

    Notes
    -----
    With revenue \(m\) per period, \(n\) periods and acquisition cost \(C\),

    \[ \mathrm{CLV} = m\,n - C . \]

    Examples
    --------
    500 a year for 10 years, 1,000 to acquire:

    >>> clv_simple(500, 10, 1000)
    4000.0
    """
    revenue = check_number("revenue_per_period", revenue_per_period)
    length = check_number("periods", periods, minimum=0.0)
    return net_of(revenue * length, acquisition_cost)


def clv_annuity(
    margin: float,
    periods: float,
    *,
    discount_rate: float,
    timing: Timing,
    acquisition_cost: float = 0.0,
) -> float:
    r"""Lifetime value of a fixed life: the same margin every period, discounted.

    Parameters
    ----------
    margin : float
        Margin per period, in money; may be negative.
    periods : float
        Length of the life in periods, 0 or more. Of a last, partial period the same part of the margin
        is earned, at the time a whole one would be; the continuous formula is exact.
    discount_rate : float
        Effective rate per period, greater than -1; 0.1 for 10 %.
    timing : {"start", "mid", "end", "continuous"}
        When the margin of a period arrives.
    acquisition_cost : float, default 0.0
        What it cost to win the customer, 0 or more.

    Returns
    -------
    float
        Discounted value in money at the start of the first period.

    Raises
    ------
    InvalidInputError
        If an argument is not finite or outside its range, or the value is too large for a float.

    Notes
    -----
    With margin \(m\), \(n\) whole periods, rate \(d\), \(\delta = \ln(1 + d)\), \(k = 0, 1/2, 1\) for the
    start, middle and end of a period, and acquisition cost \(C\),

    \[ m \sum_{t=0}^{n-1} (1+d)^{-(t+k)} - C = m\,(1+d)^{1-k}\,\frac{1-(1+d)^{-n}}{d} - C, \]

    and \(m\,(1 - e^{-\delta n})/\delta - C\) for a continuous flow. At \(d = 0\) all of them are
    \(m n - C\).

    Examples
    --------
    >>> value = clv_annuity(500, 10, discount_rate=0.1, timing="end", acquisition_cost=1000)
    >>> round(value, 4)
    2072.2836
    """
    m = check_number("margin", margin)
    n = check_number("periods", periods, minimum=0.0)
    delta = log_factor(discount_rate)
    check_choice("timing", timing, tuple(SHIFTS))
    if m == 0.0:
        return net_of(0.0, acquisition_cost)
    if timing == "continuous":
        return net_of(m * discounted_length(n, delta), acquisition_cost)
    whole = math.floor(n)
    try:
        # The geometric sum is a ratio of continuous flows, which has no division by zero at delta = 0.
        count = discounted_length(whole, delta) / discounted_length(1.0, delta)
        count += (n - whole) * math.exp(-delta * whole)
        gross = m * count * math.exp(-delta * SHIFTS[timing])
    except OverflowError:
        gross = math.inf
    return net_of(gross, acquisition_cost)


def clv_retention(
    margin: float,
    retention_rate: float,
    *,
    discount_rate: float,
    timing: RetentionTiming,
    acquisition_cost: float = 0.0,
) -> float:
    r"""Lifetime value of an endless, geometric life: the same chance of staying every period.

    Parameters
    ----------
    margin : float
        Margin per period, in money; may be negative.
    retention_rate : float
        Probability of staying from one period to the next, in [0, 1].
    discount_rate : float
        Effective rate per period, greater than -1 and greater than `retention_rate` - 1.
    timing : {"start", "end", "after_renewal"}
        "start": a margin at the start of every period begun, the first one now. "end": at the end of
        every period begun. "after_renewal": only after each survived renewal, so nothing is certain.
    acquisition_cost : float, default 0.0
        What it cost to win the customer, 0 or more.

    Returns
    -------
    float
        Expected discounted value in money at the start of the first period.

    Raises
    ------
    InvalidInputError
        If an argument is not finite or outside its range, or if the sum diverges:
        `retention_rate` / (1 + `discount_rate`) of 1 or more.

    Notes
    -----
    With margin \(m\), retention rate \(r\), rate \(d\) and acquisition cost \(C\),

    \[ m\,\frac{1+d}{1+d-r} - C, \qquad m\,\frac{1}{1+d-r} - C, \qquad m\,\frac{r}{1+d-r} - C \]

    for "start", "end" and "after_renewal". Undiscounted these are \(1/(1-r)\), \(1/(1-r)\) and
    \(r/(1-r)\) margins.

    One rate for customers who differ understates their value, because those who stay are the better
    ones: average the values, not the rates, or use `clv_from_survival` (Fader and Hardie 2010).

    References
    ----------
    Fader, P. S. and Hardie, B. G. S. (2010), Customer-base valuation in a contractual setting: the perils
    of ignoring heterogeneity. [doi:10.1287/mksc.1080.0482](https://doi.org/10.1287/mksc.1080.0482).

    Gupta, S. and Lehmann, D. R. (2003), Customers as assets: the margin multiple r / (1 + d - r).
    [doi:10.1002/dir.10045](https://doi.org/10.1002/dir.10045).

    Examples
    --------
    >>> value = clv_retention(
    ...     500, 0.9, discount_rate=0.1, timing="start", acquisition_cost=1000
    ... )
    >>> round(value, 6)
    1750.0
    """
    m = check_number("margin", margin)
    r = check_retention_rate(retention_rate)
    d = check_rate(discount_rate)
    check_choice("timing", timing, RETENTION_TIMINGS)
    gap = check_gap(r, d)
    weight = {"start": 1.0 + d, "end": 1.0, "after_renewal": r}[timing]
    return net_of(m * (weight / gap) if m else 0.0, acquisition_cost)


def clv_from_survival(
    survival: ArrayLike | SurvivalModel,
    margin: ArrayLike,
    *,
    discount_rate: float,
    timing: Timing,
    acquisition_cost: float = 0.0,
    periods: int | None = None,
    tenure: float = 0,
) -> float:
    r"""Lifetime value from any survival curve: the one engine of which the other formulas are special cases.

    Parameters
    ----------
    survival : array_like of shape (n_periods,) or SurvivalModel
        Probability of being a customer at the start of period 0, 1, ...: 1 first, never increasing,
        in [0, 1]. The life ends with the curve, so give as many periods as matter. Or a model of retention,
        such as the `model` of a fit, which gives `periods` of it.
    margin : array_like of shape (n_periods,) or scalar
        Margin of a surviving customer in each period, in money; may be negative.
    discount_rate : float
        Effective rate per period, greater than -1.
    timing : {"start", "mid", "end", "continuous"}
        When the margin of a period arrives; "continuous" spreads it evenly over the period.
    acquisition_cost : float, default 0.0
        What it cost to win the customer, 0 or more.
    periods : int, optional
        Number of periods that count, at least 1; required for a model, refused for a curve.
    tenure : float, default 0
        Renewals that the customer made already, for a model: what is left grows with it.

    Returns
    -------
    float
        Expected discounted value in money at the start of period 0.

    Raises
    ------
    InvalidInputError
        If the curve does not start at 1, increases or leaves [0, 1]; if an argument is not finite or
        outside its range; if the lengths differ, or the value is too large for a float.

    Notes
    -----
    With survival \(S(t)\), margin \(m(t)\), rate \(d\), acquisition cost \(C\) and \(k = 0, 1/2, 1\) for
    the start, middle and end of a period,

    \[ \sum_{t=0}^{n-1} \frac{S(t)\,m(t)}{(1+d)^{t+k}} - C ; \]

    for a continuous flow \((1+d)^{-k}\) is \((1-e^{-\delta})/\delta\) with \(\delta = \ln(1+d)\).

    Examples
    --------
    Half of the customers leave after the first year, the others after the third:

    >>> value = clv_from_survival([1.0, 0.5, 0.5], 100.0, discount_rate=0.0, timing="end")
    >>> value
    200.0

    Ten periods of a fitted model of retention, for a customer who renewed twice:

    >>> from customer_centric import Sbg
    >>> model = Sbg(alpha=0.704, beta=1.182)
    >>> value = clv_from_survival(
    ...     model, 100.0, discount_rate=0.1, timing="start", periods=10, tenure=2
    ... )
    >>> round(value, 2)
    431.17
    """
    share, money = check_curve(curve_of(survival, periods, tenure), margin)
    delta = log_factor(discount_rate)
    check_choice("timing", timing, tuple(SHIFTS))
    share, money = (share[kept := (share * money) != 0], money[kept])
    times = np.flatnonzero(kept) + SHIFTS[timing]
    with np.errstate(over="ignore", invalid="ignore"):
        gross = float(np.sum(share * money * np.exp(-delta * times)))
    if timing == "continuous" and gross:
        gross *= discounted_length(1.0, delta)
    return net_of(gross, acquisition_cost)


def clv_ladder(
    revenue_per_period: float,
    periods: float,
    *,
    retention_rate: float,
    margin_rate: float,
    discount_rate: float,
    acquisition_cost: float = 0.0,
) -> pd.DataFrame:
    r"""From the founding formula to a discounted, margin-true, retention-true value, one rung at a time.

    Parameters
    ----------
    revenue_per_period : float
        What the customer brings in one period, in money.
    periods : float
        Number of periods of the fixed life, 0 or more.
    retention_rate : float
        Probability of staying from one period to the next, in [0, 1]; 1 - 1 / `periods` gives a random
        life with the mean of the fixed one.
    margin_rate : float
        Margin as a share of revenue, at most 1; negative where every sale loses money.
    discount_rate : float
        Effective rate per period, greater than -1 and greater than `retention_rate` - 1.
    acquisition_cost : float, default 0.0
        What it cost to win the customer, 0 or more.

    Returns
    -------
    pandas.DataFrame
        Ten rows, with the columns `step` (what changed), `formula` and `value` (money, after the
        acquisition cost).

    Raises
    ------
    InvalidInputError
        If an argument is not finite or outside its range, or the retention sum diverges.

    Notes
    -----
    In the formulas m is the revenue per period, n the number of periods, C the acquisition cost, d the
    discount rate, r the retention rate and g the margin rate. Revenue is taken for margin until the last
    two rungs, as the founding formula does.

    Examples
    --------
    >>> ladder = clv_ladder(
    ...     500,
    ...     10,
    ...     retention_rate=0.9,
    ...     margin_rate=0.4,
    ...     discount_rate=0.1,
    ...     acquisition_cost=1000,
    ... )
    >>> ladder["value"].round(2).tolist()
    [4000.0, 2072.28, 2222.24, 2223.46, 2379.51, 1750.0, 1500.0, 1250.0, 1000.0, 100.0]
    """
    share = check_number("margin_rate", margin_rate, maximum=1.0, remedy=remedy_share(margin_rate))
    simple = clv_simple(revenue_per_period, periods, acquisition_cost)
    margin = share * revenue_per_period
    values = [
        simple,
        *(
            clv_annuity(
                revenue_per_period,
                periods,
                discount_rate=discount_rate,
                timing=timing,
                acquisition_cost=acquisition_cost,
            )
            for timing in _ANNUITY_RUNGS
        ),
        *(
            _retention_rung(revenue_per_period, retention_rate, discount_rate, timing, acquisition_cost)
            for timing in RETENTION_TIMINGS
        ),
        clv_simple(margin, periods, acquisition_cost),
        _retention_rung(margin, retention_rate, discount_rate, "start", acquisition_cost),
    ]
    ladder = pd.DataFrame(_RUNGS, columns=["step", "formula"])
    return ladder.assign(value=values)


def _retention_rung(
    margin: float, rate: float, discount_rate: float, timing: RetentionTiming, cost: float
) -> float:
    return clv_retention(margin, rate, discount_rate=discount_rate, timing=timing, acquisition_cost=cost)

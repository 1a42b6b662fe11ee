"""When a customer has paid back what it cost to win one."""

from __future__ import annotations

import math
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import ArrayLike

from customer_centric._core.checks import check_choice, check_number
from customer_centric.economics._inputs import (
    COST_REMEDY,
    SHIFTS,
    check_curve,
    check_retention_rate,
    curve_of,
    discounted_length,
    log_factor,
)
from customer_centric.typing import FloatArray, SurvivalModel, Timing

__all__ = ["payback_from_survival", "payback_period"]

PaybackTiming: TypeAlias = Literal["start", "mid", "end", "continuous", "after_renewal"]

_TIMINGS: tuple[PaybackTiming, ...] = ("start", "mid", "end", "continuous", "after_renewal")
# 24 margins of 500 / 12 are 1,000 on paper and a last bit less in a float: they have paid back 1,000.
_LAST_BITS = 1e-12
# Over a whole life less than this is no change at all, and a quotient of such numbers would lose its digits.
_FLAT = 1e-14


def payback_period(
    margin: float,
    acquisition_cost: float,
    *,
    timing: PaybackTiming,
    retention_rate: float = 1.0,
    discount_rate: float = 0.0,
) -> float:
    r"""Number of periodic margins until their sum reaches the acquisition cost; infinite if it never does.

    Parameters
    ----------
    margin : float
        Margin per period of a customer who is still there, in money.
    acquisition_cost : float
        What it cost to win the customer, 0 or more.
    timing : {"start", "mid", "end", "continuous", "after_renewal"}
        When the margin of a period arrives. With "start" the first one comes at once and is not discounted;
        "continuous" spreads it evenly over the period. "end" is the end of every period begun,
        "after_renewal" the end of those that the customer stayed through: nothing is certain.
    retention_rate : float, default 1.0
        Probability of staying from one period to the next, in [0, 1].
    discount_rate : float, default 0.0
        Effective rate **per period**, greater than -1: 10 % a year is \(1.1^{1/12} - 1\) a month.

    Returns
    -------
    float
        Periods, 0 where nothing was paid. A whole number, except with "continuous", where the last period
        counts in part. Infinite where all margins to come together are less than the cost.

    Raises
    ------
    InvalidInputError
        If an argument is not finite or outside its range.

    Notes
    -----
    With margin \(m\), cost \(C\), \(q = r / (1 + d)\) and the worth \(w\) today of one unit of margin in the
    first period (1, \((1+d)^{-1/2}\), \((1+d)^{-1}\), \((1 - e^{-\delta})/\delta\) with
    \(\delta = \ln(1+d)\), or \(q\)), it is the smallest whole \(n\) with

    \[ m\,w\,\frac{1 - q^n}{1 - q} \ge C, \qquad\text{so}\qquad
       n = \left\lceil \frac{\ln\bigl(1 - (1 - q)\,C / (m w)\bigr)}{\ln q} \right\rceil , \]

    and infinite where \(C \ge m w / (1 - q)\). A sum that misses the cost by less than \(10^{-12}\) of it has
    reached it.

    It follows exactly from numbers that are taken as known, so there is no interval: put the bounds of an
    uncertain margin or rate in instead, the answer is monotone in each.

    Examples
    --------
    500 a year, in months, against a cost of 1,000; then with a margin of 40 %:

    >>> payback_period(500 / 12, 1000, timing="start")
    24.0
    >>> payback_period(200 / 12, 1000, timing="start")
    60.0

    Customers leave (0.9 a year stay), and money costs 10 % a year:

    >>> stay, cost = 0.9 ** (1 / 12), 1.1 ** (1 / 12) - 1
    >>> payback_period(200 / 12, 1000, timing="start", retention_rate=stay)
    85.0
    >>> payback_period(200 / 12, 1000, timing="start", retention_rate=stay, discount_rate=cost)
    317.0
    >>> payback_period(200 / 12, 1000, timing="end", retention_rate=stay, discount_rate=cost)
    inf
    """
    m = check_number("margin", margin)
    cost = check_number("acquisition_cost", acquisition_cost, minimum=0.0, remedy=COST_REMEDY)
    check_choice("timing", timing, _TIMINGS)
    r = check_retention_rate(retention_rate)
    delta = log_factor(discount_rate)
    if cost == 0.0:
        return 0.0
    unit = m * (r * math.exp(-delta) if timing == "after_renewal" else _first_worth(delta, timing))
    if unit <= 0.0 or not math.isfinite(cost / unit):
        return math.inf
    log_q = (math.log(r) if r else -math.inf) - delta
    n = _periods(cost / unit, log_q)
    return n if timing != "continuous" or math.isinf(n) else _in_part(n, cost / unit, log_q, delta)


def payback_from_survival(
    survival: ArrayLike | SurvivalModel,
    margin: ArrayLike,
    acquisition_cost: float,
    *,
    timing: Timing,
    discount_rate: float = 0.0,
    periods: int | None = None,
) -> float:
    r"""Payback under any survival curve, and with margins that change.

    Parameters
    ----------
    survival : array_like of shape (n_periods,) or SurvivalModel
        Probability of being a customer at the start of period 0, 1, ...: 1 first, never increasing. Or a
        model of retention, which gives `periods` of it.
    margin : array_like of shape (n_periods,) or scalar
        Margin of a surviving customer in each period, in money; may be negative.
    acquisition_cost : float
        What it cost to win the customer, 0 or more.
    timing : {"start", "mid", "end", "continuous"}
        When the margin of a period arrives.
    discount_rate : float, default 0.0
        Effective rate per period, greater than -1.
    periods : int, optional
        Number of periods that count, at least 1; required for a model, refused for a curve.

    Returns
    -------
    float
        Whole periods until the sum of margins first reaches the cost; infinite where it does not within the
        curve, although it may after its end.

    Raises
    ------
    InvalidInputError
        If the curve does not start at 1, increases or leaves [0, 1]; if an argument is not finite or
        outside its range; if the lengths differ.

    Notes
    -----
    The smallest \(n\) with \(\sum_{t=0}^{n-1} S(t)\,m(t)\,(1+d)^{-(t+k)} \ge C\), with the letters of
    `clv_from_survival`. A sum that misses the cost by less than \(10^{-12}\) of it has reached it.

    Examples
    --------
    Half of the customers leave after the first year, nobody after that:

    >>> payback_from_survival([1.0, 0.5, 0.5, 0.5], 100, 190, timing="start")
    3.0
    """
    share, money = check_curve(curve_of(survival, periods, 0), margin)
    cost = check_number("acquisition_cost", acquisition_cost, minimum=0.0, remedy=COST_REMEDY)
    check_choice("timing", timing, tuple(SHIFTS))
    delta = log_factor(discount_rate)
    if cost == 0.0:
        return 0.0
    with np.errstate(over="ignore", invalid="ignore"):
        present: FloatArray = np.where(share * money == 0, 0.0, share * money * _discounts(share.size, delta))
        reached = np.cumsum(present) * _first_worth(delta, timing) >= cost * (1.0 - _LAST_BITS)
    return float(np.argmax(reached)) + 1.0 if reached.any() else math.inf


def _discounts(n: int, delta: float) -> FloatArray:
    return np.asarray(np.exp(-delta * np.arange(n)))


def _first_worth(delta: float, timing: Timing) -> float:
    """What one unit of margin in the first period is worth at its start."""
    if timing == "continuous":
        return discounted_length(1.0, delta)
    return math.exp(-delta * SHIFTS[timing])


def _periods(needed: float, log_q: float) -> float:
    """Smallest whole n whose geometric sum of factors q is at least `needed`."""
    least = needed * (1.0 - _LAST_BITS)
    if log_q == -math.inf:
        return 1.0 if least <= 1.0 else math.inf
    if abs(log_q) * max(needed, 1.0) < _FLAT:
        return float(math.ceil(least))
    # 1 - q^n = (1 - q) * needed, with 1 - q = -expm1(log q), which keeps its digits near q = 1.
    slope = math.expm1(log_q)
    if needed * slope <= -1.0:
        return math.inf
    left = least * slope
    return max(float(math.ceil(math.log1p(left) / log_q)), 1.0)


def _in_part(n: float, needed: float, log_q: float, delta: float) -> float:
    """The last period of a continuous flow up to the moment at which it has paid back."""
    whole = n - 1.0
    flat = abs(log_q) * n < _FLAT or not whole
    before = whole if flat else math.expm1(whole * log_q) / math.expm1(log_q)
    factor = math.exp(whole * log_q) if whole else 1.0
    part = min(max((needed - before) / factor, 0.0), 1.0)  # of the last period's worth
    if abs(delta) < _FLAT:
        return whole + part
    # The part u of a period with (1 - e^(-delta u)) / (1 - e^(-delta)) = part.
    return whole + min(-math.log1p(part * math.expm1(-delta)) / delta, 1.0)

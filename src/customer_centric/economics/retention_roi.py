"""Does a retention programme pay? Its return on investment, and the gain at which it breaks even."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.optimize import bisect

from customer_centric._core.checks import (
    check_array,
    check_choice,
    check_confidence_level,
    check_number,
    check_same_shape,
    raise_broken,
)
from customer_centric._core.words import as_html
from customer_centric.economics._inputs import (
    COST_REMEDY,
    RETENTION_TIMINGS,
    RetentionTiming,
    check_rate,
)
from customer_centric.errors import InvalidInputError
from customer_centric.intervals import Interval
from customer_centric.typing import FloatArray

__all__ = ["RetentionRoi", "retention_roi"]


@dataclass(frozen=True, slots=True, kw_only=True)
class RetentionRoi:
    """What a retention programme returns on its cost.

    Parameters
    ----------
    roi : float
        Value gained less cost, over cost: 0 breaks even, 1 doubles the money. Infinite where it is free.
    interval : Interval or None
        Bounds of `roi`; None where the gain was given as one number.
    value_gained : float
        Lifetime value that the programme adds, in money.
    cost : float
        Cost of the programme, in money.
    break_even_gain : float
        Gain in the retention rate, the same for all customers, at which the programme pays exactly its cost.
        NaN where no possible gain does.
    probability_of_profit : float or None
        Share of the draws in which the programme pays; None without draws.
    reason : str or None
        Why a number is NaN, None where none is.
    """

    roi: float
    interval: Interval | None
    value_gained: float
    cost: float
    break_even_gain: float
    probability_of_profit: float | None = None
    reason: str | None = None

    def __str__(self) -> str:
        bounds = self.interval
        sure = (
            ""
            if bounds is None
            else f" ({100 * bounds.confidence_level:g} % interval {bounds.lower:.0%} to {bounds.upper:.0%})"
        )
        why = f"; {self.reason}" if self.reason else ""
        return (
            f"return {self.roi:.0%}{sure}: {self.value_gained:,.0f} gained for {self.cost:,.0f}, breaks even "
            f"at {100 * self.break_even_gain:.2f} points of retention{why}"
        )

    def _repr_html_(self) -> str:
        return as_html(self)


def retention_roi(
    retention_rate: ArrayLike,
    gain: ArrayLike,
    *,
    margin: ArrayLike,
    cost: float,
    discount_rate: float,
    timing: RetentionTiming = "start",
    n_customers: ArrayLike = 1.0,
    gain_interval: Interval | None = None,
    gain_draws: ArrayLike | None = None,
    confidence_level: float = 0.90,
) -> RetentionRoi:
    r"""Return on the investment in a retention programme, with its break-even gain.

    Parameters
    ----------
    retention_rate : array_like
        Probability of staying from one period to the next without the programme, in [0, 1]: one number, or
        one for each customer or group.
    gain : array_like
        What the programme adds to the rate: 0.01 is one point, not one percent of the rate. May be
        negative. Measure it with a group that was left out at random.
    margin : array_like
        Margin per period of a customer, in money.
    cost : float
        What the whole programme costs today, 0 or more.
    discount_rate : float
        Effective rate per period, greater than -1; with it every rate must give a finite value.
    timing : {"start", "end", "after_renewal"}, default "start"
        When margins arrive, as in `clv_retention`. "start" and "after_renewal" give the same gain.
    n_customers : array_like, default 1
        Customers that each number stands for, 0 or more.
    gain_interval : Interval, optional
        Bounds of the gain, the same for all customers, around a `gain` that is one number.
    gain_draws : array_like of shape (n_draws,), optional
        Draws of that gain instead, from a posterior or a bootstrap.
    confidence_level : float, default 0.90
        Nominal coverage of the interval from draws, strictly between 0 and 1. An interval keeps its own.

    Returns
    -------
    RetentionRoi
        Return, value gained, break-even gain.

    Raises
    ------
    InvalidInputError
        If an argument is outside its range; if a rate with its gain leaves [0, 1] or makes a lifetime value
        infinite; if the lengths differ; if both bounds and draws are given, or for a gain by customer.

    Notes
    -----
    With \(V_i(r) = m_i (1+d) / (1+d-r)\), gain \(\Delta\) and cost \(K\),

    \[ \mathrm{ROI} = \frac{\sum_i \bigl(V_i(r_i + \Delta) - V_i(r_i)\bigr) - K}{K}, \qquad
       V_i(r_i + \Delta) - V_i(r_i) = \frac{m_i\,(1+d)\,\Delta}{(1+d-r_i)(1+d-r_i-\Delta)} . \]

    The value is convex in the rate, so the draws return on average a little more than the mean gain does.
    The gain is taken to last: for one renewal only it is worth a fraction of that.

    Examples
    --------
    2,000 customers of 200 a year; the programme costs 60,000 and adds between 0.5 and 2.5 points:

    >>> from customer_centric import Interval
    >>> print(
    ...     retention_roi(
    ...         0.8,
    ...         0.015,
    ...         margin=200,
    ...         cost=60_000,
    ...         discount_rate=0.1,
    ...         n_customers=2000,
    ...         gain_interval=Interval(0.005, 0.025, 0.9),
    ...     )
    ... )
    return 29% (90 % interval -59% to 122%): 77,193 gained for 60,000, breaks even at 1.18 points of retention
    """
    check_choice("timing", timing, RETENTION_TIMINGS)
    check_confidence_level(confidence_level)
    spent = check_number("cost", cost, minimum=0.0, remedy=COST_REMEDY)
    d = check_rate(discount_rate)
    r = _check_rates(retention_rate, d)
    more = check_array("gain", gain)
    money = check_array("margin", margin) * check_array("n_customers", n_customers, minimum=0.0)
    r, more, money = check_same_shape({"retention_rate": r, "gain": more, "margin": money})
    base = _Base(r, money * (1.0 if timing == "end" else 1.0 + d), d)
    gained = float(base.gained("gain", more[None, ...])[0])
    bounds, share = _uncertain(base, np.ndim(gain), spent, gain_interval, gain_draws, confidence_level)
    even = base.break_even(spent)
    return RetentionRoi(
        roi=_roi(gained, spent),
        interval=bounds,
        value_gained=gained,
        cost=spent,
        break_even_gain=even,
        probability_of_profit=share,
        reason=_reason(gained, spent, even),
    )


def _check_rates(retention_rate: ArrayLike, discount_rate: float) -> FloatArray:
    """Rates of at least one customer, under all of which a lifetime value is finite."""
    rates = check_array("retention_rate", retention_rate, minimum=0.0, maximum=1.0)
    if rates.size == 0:
        raise InvalidInputError("`retention_rate` must be of at least one customer, got none")
    raise_broken(
        "retention_rate",
        "less than 1 + `discount_rate`",
        rates,
        np.asarray(rates >= 1.0 + discount_rate),
        "the lifetime value is infinite: give a higher discount rate",
    )
    return rates


@dataclass(frozen=True, slots=True, eq=False)
class _Base:
    """Customers before the programme: their rates, and their margins times the worth of the first one."""

    rate: FloatArray
    worth: FloatArray
    discount_rate: float

    def gained(self, name: str, gain: FloatArray) -> FloatArray:
        """Value gained by each gain: the first axis is kept, the others are those of the customers."""
        after = self.rate + gain
        broken = (after < 0.0) | (after > 1.0) | (after >= 1.0 + self.discount_rate)
        raise_broken(
            name,
            "such that every rate with its gain is in [0, 1] and less than 1 + `discount_rate`",
            np.broadcast_to(gain, after.shape),
            np.asarray(broken),
            "one point is written 0.01",
        )
        return self._sum(gain)

    def _sum(self, gain: FloatArray) -> FloatArray:
        gap = self.discount_rate + (1.0 - self.rate)
        with np.errstate(divide="ignore", invalid="ignore"):
            each = np.where(self.worth == 0, 0.0, self.worth * gain / (gap * (gap - gain)))
        return np.asarray(each.sum(axis=tuple(range(1, each.ndim))))

    def break_even(self, cost: float) -> float:
        """Common gain that is worth the cost; NaN where none is."""
        if cost == 0.0:
            return 0.0
        most = float(np.minimum(1.0 - self.rate, self.discount_rate + (1.0 - self.rate)).min())

        def left(gain: float) -> float:
            return float(self._sum(np.full((1, *[1] * self.rate.ndim), gain))[0]) - cost

        if most <= 0.0 or not left(most) >= 0.0:
            return math.nan
        return float(bisect(left, 0.0, most, xtol=1e-300, rtol=1e-15, maxiter=1100))


def _uncertain(
    base: _Base,
    dimensions: int,
    cost: float,
    interval: Interval | None,
    draws: ArrayLike | None,
    confidence_level: float,
) -> tuple[Interval | None, float | None]:
    """Bounds of the return, and the share of draws that pay."""
    if interval is None and draws is None:
        return None, None
    if dimensions or (interval is not None and draws is not None):
        raise InvalidInputError(
            "`gain_interval` or `gain_draws` must be given alone, and for a `gain` that is one number; "
            "with a gain by customer give neither"
        )
    apart = (-1, *[1] * base.rate.ndim)
    if interval is not None:
        ends = base.gained("gain_interval", np.array([interval.lower, interval.upper]).reshape(apart))
        confidence_level = interval.confidence_level
    else:
        drawn = check_array("gain_draws", [] if draws is None else draws)
        if drawn.ndim != 1 or drawn.size == 0:
            raise InvalidInputError(f"`gain_draws` must be one row of draws, got shape {drawn.shape}")
        ends = base.gained("gain_draws", drawn.reshape(apart))
    returns = np.array([_roi(float(end), cost) for end in ends])
    if np.isnan(returns).any():
        return None, None
    if interval is not None:
        return Interval(float(returns.min()), float(returns.max()), confidence_level), None
    tail = 0.5 * (1.0 - confidence_level)
    # Quantiles that are draws: one between two infinite returns would be NaN.
    low, high = np.quantile(returns, [tail, 1.0 - tail], method="inverted_cdf")
    return Interval(float(low), float(high), confidence_level), float(np.mean(returns > 0))


def _roi(gained: float, cost: float) -> float:
    if cost > 0:
        return (gained - cost) / cost
    return math.copysign(math.inf, gained) if gained else math.nan


def _reason(gained: float, cost: float, break_even: float) -> str | None:
    if cost == 0 and gained == 0:
        return "nothing was spent and nothing gained"
    return "no gain in retention is worth the cost" if math.isnan(break_even) else None

"""How unevenly value is spread over customers: the Gini coefficient and the Lorenz curve, losses included."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

import numpy as np
from numpy.typing import ArrayLike

from customer_centric._core.checks import check_choice
from customer_centric._core.words import as_html, counted
from customer_centric.intervals import Interval
from customer_centric.segments._curve import curve_frame, is_positive, running_total, shares_at
from customer_centric.segments._spread import (
    ALL_ALIKE,
    ONE_CUSTOMER,
    IntervalMethod,
    check_interval,
    check_values,
    distances,
    drawn_bounds,
    mean_difference,
    reach,
    share_bounds,
    standard_error,
)
from customer_centric.typing import FloatArray

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Gini", "LorenzCurve", "gini", "lorenz_curve"]

GiniMethod: TypeAlias = Literal["normalised", "raw"]

# One half gains what the other loses, say: to first order nobody moves the coefficient.
_ALL_ADD_ALIKE: Final = "all customers add alike to it, so nothing shows how much it may differ"


@dataclass(frozen=True, slots=True, kw_only=True)
class Gini:
    """How unevenly value is spread: 0 where all customers are alike.

    Parameters
    ----------
    coefficient : float
        In [0, 1] by the method "normalised"; 0 or more by "raw". NaN where it is not defined.
    interval : Interval or None
        Interval of the coefficient, for customers drawn from many like them; None where `reason` says why.
    method : {"normalised", "raw"}
        What the mean difference is divided by: twice the mean absolute value, or twice the mean.
    mean_difference : float
        Mean absolute difference of all pairs of customers, in money.
    n_customers, n_negative : int
        Customers, and those of them with a value below 0.
    reason : str or None
        Why the coefficient or its interval is missing.
    """

    coefficient: float
    interval: Interval | None
    method: GiniMethod
    mean_difference: float
    n_customers: int
    n_negative: int
    reason: str | None = None

    def __str__(self) -> str:
        bounds = (
            f"no interval: {self.reason}"
            if self.interval is None
            else f"{100 * self.interval.confidence_level:g} % interval {self.interval.lower:.3f} to "
            f"{self.interval.upper:.3f}"
        )
        return (
            f"Gini coefficient ({self.method}) {self.coefficient:.3f} ({bounds}), "
            f"{counted(self.n_customers, 'customer')}, {self.n_negative:,} below 0"
        )

    def _repr_html_(self) -> str:
        return as_html(self)


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class LorenzCurve:
    """Share of the value that the least valuable customers hold.

    Parameters
    ----------
    cumulative : ndarray of shape (n_customers + 1,)
        Value of the 0, 1, 2, ... least valuable customers together, in money.
    total : float
        Value of all customers.
    reason : str or None
        Why there are no shares: a total that is not greater than 0.
    """

    cumulative: FloatArray
    total: float
    reason: str | None = None

    @property
    def n_customers(self) -> int:
        """Number of customers."""
        return self.cumulative.size - 1

    def share_of_value(self, share_of_customers: ArrayLike) -> FloatArray:
        """Share of the value held by the least valuable customers; NaN where `reason` says why.

        Between two customers the curve is straight.
        """
        return shares_at(self.cumulative, self.total, share_of_customers)

    def to_frame(self) -> pd.DataFrame:
        """A row a point of the curve: customers, their share, their value, its share."""
        return curve_frame(self.cumulative, self.total, "value")

    def __str__(self) -> str:
        half = float(self.share_of_value(0.5))
        return (
            f"the less valuable half of {counted(self.n_customers, 'customer')} holds {100 * half:.1f} % of "
            f"the value of {self.total:,.2f}"
            if self.reason is None
            else f"no Lorenz curve: {self.reason}"
        )

    def _repr_html_(self) -> str:
        return as_html(self)


def gini(
    value: ArrayLike,
    *,
    method: GiniMethod = "normalised",
    interval: IntervalMethod = "linearised",
    rng: np.random.Generator | None = None,
    n_resamples: int = 2000,
    confidence_level: float = 0.95,
) -> Gini:
    r"""Gini coefficient of values that may be negative, with its interval.

    Parameters
    ----------
    value : array_like of shape (n_customers,)
        Profit, revenue or lifetime value of each customer, in money; losses stay in.
    method : {"normalised", "raw"}, default "normalised"
        "normalised" divides by the mean absolute value and stays in [0, 1]; "raw" divides by the mean,
        exceeds 1 where there are losses, and has no meaning where the total is not greater than 0. Both
        are the same where no value is negative.
    interval : {"linearised", "bootstrap"}, default "linearised"
        From what each customer adds to the coefficient, which takes one pass; or by drawing the customers
        again, for thousands of them.
    rng : numpy.random.Generator, optional
        Where the draws of "bootstrap" come from; required there.
    n_resamples : int, default 2000
        Number of draws of "bootstrap".
    confidence_level : float, default 0.95
        Nominal coverage of the interval, strictly between 0 and 1.

    Returns
    -------
    Gini
        Coefficient and interval; NaN and a reason where every value is 0, or, for "raw", where the total is
        not greater than 0.

    Raises
    ------
    InvalidInputError
        If there is no customer, a value is missing or not finite, or "bootstrap" has no `rng`.

    Notes
    -----
    With \(\pi_i\) the value of customer \(i\) of \(n\), and all \(n^2\) pairs,

    \[ \Delta = \frac{1}{n^2} \sum_i \sum_j |\pi_i - \pi_j| , \qquad
       G_\text{raw} = \frac{\Delta}{2 \bar\pi} , \qquad
       G = \frac{\Delta}{2\,\overline{|\pi|}} . \]

    \(G_\text{raw}\) is twice the area between the whale curve and the diagonal. The linearised interval of
    \(G\) uses its logarithmic odds; that of \(G_\text{raw}\) with losses uses
    \(\arctan G_\text{raw}\), and has no upper bound where the mean may be 0.

    References
    ----------
    Raffinetti, E., Siletti, E. and Vernizzi, A. (2015), On the Gini coefficient normalization when attributes
    with negative values are considered. Statistical Methods & Applications 24.
    [doi:10.1007/s10260-014-0293-4](https://doi.org/10.1007/s10260-014-0293-4).

    Examples
    --------
    >>> profit = [500, 300, 200, 100, 50, 0, -20, -30, -100, -200]
    >>> round(gini(profit).coefficient, 6), round(gini(profit, method="raw").coefficient, 4)
    (0.710667, 1.3325)
    """
    check_choice("method", method, ("normalised", "raw"))
    check_interval(interval, confidence_level)
    values = np.sort(check_values("value", value))
    largest = float(np.abs(values[[0, -1]]).max())
    # Shares of the largest value: no sum of products overflows.
    x = values / largest if largest > 0 else values
    difference = mean_difference(x)
    reason = _undefined(x, method)
    base = _base(x, method)
    coefficient = math.nan if reason else difference / (2.0 * base)
    bounds: Interval | None = None
    reason = reason or (ONE_CUSTOMER if x.size == 1 else None) or (ALL_ALIKE if difference == 0 else None)
    if reason is None and interval == "bootstrap":
        angles = drawn_bounds(
            lambda drawn: _drawn_angle(x, drawn, method),
            x.size,
            rng=rng,
            n_resamples=n_resamples,
            confidence_level=confidence_level,
        )
        bounds = Interval(_of_angle(angles[0]), _of_angle(angles[1]), confidence_level)
    elif reason is None:
        found = _linearised(x, method, confidence_level)
        bounds = None if found is None else Interval(*found, confidence_level)
        reason = _ALL_ADD_ALIKE if found is None else None
    return Gini(
        coefficient=coefficient,
        interval=bounds,
        method=method,
        mean_difference=largest * difference,
        n_customers=values.size,
        n_negative=int(np.searchsorted(values, 0.0)),
        reason=reason,
    )


def lorenz_curve(value: ArrayLike) -> LorenzCurve:
    r"""Lorenz curve: the share of the value that the least valuable customers hold.

    Parameters
    ----------
    value : array_like of shape (n_customers,)
        Profit, revenue or lifetime value of each customer, in money; losses stay in, and the curve dips
        below 0 before it rises.

    Returns
    -------
    LorenzCurve
        The curve, least valuable customers first. Shares are NaN, with a reason, where the total is not
        greater than 0; the money is always there.

    Raises
    ------
    InvalidInputError
        If there is no customer, or a value is missing or not finite.

    Notes
    -----
    With \(\pi_{(1)} \le \dots \le \pi_{(n)}\) the sorted values,

    \[ L(i / n) = \frac{\sum_{j \le i} \pi_{(j)}}{\sum_j \pi_j} . \]

    The whale curve is the same curve read from the other end: \(W(p) = 1 - L(1 - p)\). The raw Gini
    coefficient is \(1 - 2 \int_0^1 L\).

    References
    ----------
    Lorenz, M. O. (1905), Methods of measuring the concentration of wealth. Publications of the American
    Statistical Association 9(70). [doi:10.2307/2276207](https://doi.org/10.2307/2276207).

    Examples
    --------
    >>> curve = lorenz_curve([1, 2, 3, 4])
    >>> curve.share_of_value([0.25, 0.5, 1.0]).tolist()
    [0.1, 0.3, 1.0]
    """
    values = np.sort(check_values("value", value))
    cumulative, total, reason = running_total(values)
    return LorenzCurve(cumulative=cumulative, total=total, reason=reason)


def _base(x: FloatArray, method: GiniMethod) -> float:
    return float(x.mean()) if method == "raw" else float(np.abs(x).mean())


def _undefined(x: FloatArray, method: GiniMethod) -> str | None:
    if x[0] == 0 and x[-1] == 0:
        return "every value is 0"
    if method == "raw" and not is_positive(float(x.mean()), float(np.abs(x).mean())):
        return "the total is not greater than 0, and only the normalised coefficient is defined"
    return None


def _linearised(x: FloatArray, method: GiniMethod, confidence_level: float) -> tuple[float, float] | None:
    difference, base = mean_difference(x), _base(x, method)
    by_customer = 2.0 * (distances(x) - difference)
    base_by_customer = 2.0 * ((x if method == "raw" else np.abs(x)) - base)
    coefficient = difference / (2.0 * base)
    if method == "normalised" or x[0] >= 0:
        error = standard_error((by_customer - coefficient * base_by_customer) / (2.0 * base), coefficient)
        return share_bounds(coefficient, error, x.size, confidence_level) if error > 0 else None
    # The angle knows no mean too close to 0.
    steepness = difference**2 + 4.0 * base**2
    influence = (2.0 * base * by_customer - difference * base_by_customer) / steepness
    angle = math.atan2(difference, 2.0 * base)
    error = standard_error(influence, angle)
    far = reach(error, x.size, confidence_level)
    return (_of_angle(angle - far), _of_angle(angle + far)) if error > 0 else None


def _drawn_angle(x: FloatArray, drawn: FloatArray, method: GiniMethod) -> float:
    base = float(drawn @ (x if method == "raw" else np.abs(x))) / x.size
    return math.atan2(mean_difference(x, drawn), 2.0 * base)


def _of_angle(angle: float) -> float:
    """The coefficient of an angle; infinite where the mean is not above 0."""
    return math.inf if angle >= 0.5 * math.pi else math.tan(max(angle, 0.0))

"""How often customers come, beside how often it would be best that they came."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from customer_centric._core.checks import check_array, check_choice, check_confidence_level, check_same_shape
from customer_centric._core.words import as_html
from customer_centric.errors import InvalidInputError
from customer_centric.intervals import Interval
from customer_centric.segments._ratio import Moments, fieller
from customer_centric.typing import FloatArray

__all__ = ["OptimalFrequency", "optimal_frequency", "relative_frequency"]

# Three coefficients, and something left to judge them by.
_FEWEST = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class OptimalFrequency:
    """The frequency at which a customer's net contribution is greatest.

    Parameters
    ----------
    optimum : float
        Purchases per period; NaN where there is no optimum between the least and the greatest seen.
    interval : Interval or None
        Fieller's, cut at the frequencies that were seen; None where `reason` says why.
    contribution_at_optimum : float
        Expected net contribution there, in money per period.
    curvature : float
        Coefficient of the squared frequency; an optimum needs it to be below 0.
    lowest, highest : float
        Frequencies between which it was looked for.
    n_customers : int
        Customers.
    reason : str or None
        Why there is no optimum, or what its interval lacks.
    """

    optimum: float
    interval: Interval | None
    contribution_at_optimum: float
    curvature: float
    lowest: float
    highest: float
    n_customers: int
    reason: str | None = None

    def __str__(self) -> str:
        if math.isnan(self.optimum):
            return f"no optimal frequency between {self.lowest:g} and {self.highest:g}: {self.reason}"
        bounds = (
            f"no interval: {self.reason}"
            if self.interval is None
            else f"{100 * self.interval.confidence_level:g} % interval {self.interval.lower:.2f} to "
            f"{self.interval.upper:.2f}"
        )
        return f"optimal frequency {self.optimum:.2f} per period ({bounds})"

    def _repr_html_(self) -> str:
        return as_html(self)


def relative_frequency(
    frequency_per_period: ArrayLike,
    optimum: ArrayLike,
    *,
    method: Literal["capped", "two_sided"] = "capped",
) -> FloatArray:
    r"""How near customers are to the best frequency of their sector, in [0, 1].

    Parameters
    ----------
    frequency_per_period : array_like
        Purchases per period of each customer, 0 or more.
    optimum : array_like
        Best number of purchases per period, greater than 0, broadcast against it: from a benchmark of the
        sector, or from `optimal_frequency`.
    method : {"capped", "two_sided"}, default "capped"
        Whether more than the optimum is as good as the optimum, or as far off as as much less would be: for
        claims, returns or visits to a doctor.

    Returns
    -------
    ndarray of float64
        1 at the optimum, of the broadcast shape.

    Raises
    ------
    InvalidInputError
        If a frequency is negative, an optimum is not greater than 0, or the shapes do not fit.

    Notes
    -----
    With \(\varphi = f / f^*\), \(\min(1, \varphi)\) or \(\min(\varphi, 1 / \varphi)\).

    Examples
    --------
    >>> relative_frequency([0, 6, 12, 24], 12).tolist()
    [0.0, 0.5, 1.0, 1.0]
    >>> relative_frequency([0, 6, 12, 24], 12, method="two_sided").tolist()
    [0.0, 0.5, 1.0, 0.5]
    """
    check_choice("method", method, ("capped", "two_sided"))
    f, best = check_same_shape(
        {
            "frequency_per_period": check_array("frequency_per_period", frequency_per_period, minimum=0.0),
            "optimum": check_array("optimum", optimum, minimum=0.0, open_minimum=True),
        }
    )
    # Each ratio is at most 1 where it counts: neither overflows.
    below = np.minimum(f, best) / best
    if method == "capped":
        return np.asarray(below)
    return np.asarray(np.where(f > best, best / np.maximum(f, best), below))


def optimal_frequency(
    frequency_per_period: ArrayLike, net_contribution: ArrayLike, *, confidence_level: float = 0.95
) -> OptimalFrequency:
    r"""The frequency at which a customer's contribution, net of the cost of serving, is greatest.

    Parameters
    ----------
    frequency_per_period : array_like of shape (n_customers,)
        Purchases, visits or contacts per period of each customer, 0 or more.
    net_contribution : array_like of shape (n_customers,)
        Margin of each per period, less the cost of serving them, in money.
    confidence_level : float, default 0.95
        Nominal coverage of the interval, strictly between 0 and 1.

    Returns
    -------
    OptimalFrequency
        The optimum with its interval, or the reason why there is none among the frequencies seen.

    Raises
    ------
    InvalidInputError
        If a value breaks its rule, lengths differ, or there are fewer than 5 customers.

    Notes
    -----
    Least squares of \(c = a + b f + g f^2\). Where \(g < 0\), its maximum is at

    \[ f^* = -\frac{b}{2 g} , \]

    and the interval is Fieller's for this ratio, with the covariance of the coefficients that allows for
    contributions that scatter more at some frequencies (HC3). An optimum outside the frequencies seen is
    none: nobody was there.

    It describes customers, and need not be a cause: who comes twelve times a year may be another person than
    who comes four times. That coming more often *makes* them worth more takes an experiment.

    References
    ----------
    MacKinnon, J. G. and White, H. (1985), Some heteroskedasticity-consistent covariance matrix estimators
    with improved finite sample properties, Journal of Econometrics 29(3).
    [doi:10.1016/0304-4076(85)90158-7](https://doi.org/10.1016/0304-4076%2885%2990158-7).

    Examples
    --------
    >>> found = optimal_frequency([1, 2, 3, 4, 5, 6, 7], [5, 8.1, 9.9, 11, 9.8, 8.2, 5])
    >>> round(found.optimum, 2), round(found.interval.lower, 2), round(found.interval.upper, 2)
    (4.0, 3.96, 4.05)
    """
    check_confidence_level(confidence_level)
    f = check_array("frequency_per_period", frequency_per_period, minimum=0.0)
    c = check_array("net_contribution", net_contribution)
    if f.ndim != 1 or f.shape != c.shape or f.size < _FEWEST:
        raise InvalidInputError(
            "`frequency_per_period` and `net_contribution` must be one number a customer, for at least "
            f"{_FEWEST} customers, got shapes {f.shape} and {c.shape}"
        )
    low, high = float(f.min()), float(f.max())
    if np.unique(f).size < 3:
        reason = "a curve needs three different frequencies or more"
        return _answer(f, math.nan, None, math.nan, math.nan, reason)
    # Around the middle and in units of the range, so that the three columns are far from collinear.
    middle, unit = 0.5 * (low + high), 0.5 * (high - low)
    z = (f - middle) / unit
    coefficients, covariance = _quadratic(z, c)
    a, b, g = (float(x) for x in coefficients)
    rounding = 1e-12 * (abs(a) + abs(b) + abs(g))
    curvature = g / unit**2
    best = -b / (2.0 * g) if g < -rounding else math.nan
    if math.isnan(best) or abs(best) >= 1:
        better = "highest" if a + b + g >= a - b + g else "lowest"
        reason = f"the contribution is greatest at the {better} frequency seen"
        return _answer(f, math.nan, None, math.nan, curvature, reason)
    vbb, vbg, vgg = (float(covariance[i, j]) for i, j in ((1, 1), (1, 2), (2, 2)))
    moments = Moments(-b, 2.0 * g, vbb, -2.0 * vbg, 4.0 * vgg)
    bounds, lacking = _bounds(moments, f.size, confidence_level)
    interval = None
    if bounds is not None:
        interval = Interval(middle + unit * bounds[0], middle + unit * bounds[1], confidence_level)
    optimum = middle + unit * best
    return _answer(f, optimum, interval, a + b * best + g * best**2, curvature, lacking)


def _answer(
    f: FloatArray,
    optimum: float,
    interval: Interval | None,
    contribution: float,
    curvature: float,
    reason: str | None,
) -> OptimalFrequency:
    return OptimalFrequency(
        optimum=optimum,
        interval=interval,
        contribution_at_optimum=contribution,
        curvature=curvature,
        lowest=float(f.min()),
        highest=float(f.max()),
        n_customers=f.size,
        reason=reason,
    )


def _bounds(
    moments: Moments, n: int, confidence_level: float
) -> tuple[tuple[float, float] | None, str | None]:
    """Fieller's bounds on the scale from -1 to 1, the lowest and the highest frequency."""
    ratio = moments.y / moments.x
    if moments.vyy - 2 * ratio * moments.vxy + ratio**2 * moments.vxx <= 1e-24 * moments.x**2:
        return None, "all customers lie on one curve, so nothing shows how much others may scatter"
    found = fieller(moments, n - 3.0, confidence_level)
    if found is None:
        return (-1.0, 1.0), "the curve may not bend at all: every frequency seen may be the best"
    return (max(found[0], -1.0), min(found[1], 1.0)), None


def _quadratic(z: FloatArray, c: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Coefficients of the curve, and their HC3 covariance."""
    design = np.stack([np.ones_like(z), z, z**2], axis=1)
    inverse = np.linalg.inv(design.T @ design)
    coefficients = inverse @ (design.T @ c)
    leverage = ((design @ inverse) * design).sum(axis=1)
    residual = c - design @ coefficients
    # A customer alone at a frequency lies on the curve: leverage 1, and no residual to blow up.
    scaled = residual / np.maximum(1.0 - leverage, 1e-8)
    scaled = np.where(np.abs(residual) <= 1e-12 * np.abs(c).max(initial=0.0), 0.0, scaled)
    half = design @ inverse * scaled[:, None]
    return np.asarray(coefficients), np.asarray(half.T @ half)

"""The interval of a sum or difference, recovered from the intervals of its parts."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from customer_centric._core.checks import check_array, check_same_shape, raise_broken
from customer_centric.errors import InvalidInputError
from customer_centric.typing import FloatArray

__all__ = ["mover_interval"]


def mover_interval(
    estimate: ArrayLike,
    lower: ArrayLike,
    upper: ArrayLike,
    *,
    coefficients: ArrayLike = (1.0, -1.0),
    correlation: ArrayLike = 0.0,
) -> tuple[FloatArray, FloatArray]:
    r"""Interval of a weighted sum of estimates from the interval of each (MOVER).

    Parameters
    ----------
    estimate, lower, upper : array_like of shape (n_parts, ...)
        The parts: estimates and the bounds of their intervals, all of one confidence level, which the
        result inherits. Each estimate lies between its bounds.
    coefficients : array_like of shape (n_parts,), default (1, -1)
        Weight of each part; by default the first less the second.
    correlation : array_like, default 0
        Correlation of the estimates of two parts, in [-1, 1], broadcast against one part; 0 where there
        are more than two.

    Returns
    -------
    lower, upper : ndarray of float64
        Bounds of the sum, of the shape of one part; infinite where those of a part are.

    Raises
    ------
    InvalidInputError
        If an estimate lies outside its bounds, the shapes do not fit, or parts that are not two have a
        correlation.

    Notes
    -----
    "Method of variance estimates recovery": each bound says how variable its estimate is near that
    bound. With \(\hat\theta_i \in [l_i, u_i]\), weights \(c_i\) and
    \([l_i', u_i']\) the bounds of \(c_i \theta_i\), the lower bound of \(\sum_i c_i \theta_i\) is

    \[ \sum_i c_i \hat\theta_i - \sqrt{\sum_i (c_i \hat\theta_i - l_i')^2
       + 2 \rho\, \operatorname{sign}(c_1 c_2)\,(c_1 \hat\theta_1 - l_1')(c_2 \hat\theta_2 - l_2')} , \]

    and the upper one likewise, with \(\rho\) the correlation of two estimates.

    References
    ----------
    Zou, G. Y. and Donner, A. (2008), Construction of confidence limits about effect measures: a general
    approach. [doi:10.1002/sim.3095](https://doi.org/10.1002/sim.3095).

    Examples
    --------
    Two groups with NPS 30 (13.955 to 44.339) and 23.333 (10.800 to 35.055):

    >>> lower, upper = mover_interval([30, 70 / 3], [13.955, 10.8], [44.339, 35.055])
    >>> round(float(lower), 2), round(float(upper), 2)
    (-13.2, 25.71)
    """
    centre, low, high = check_same_shape(
        {
            "estimate": check_array("estimate", estimate),
            "lower": check_array("lower", lower, finite=False),
            "upper": check_array("upper", upper, finite=False),
        }
    )
    rho = check_array("correlation", correlation, minimum=-1.0, maximum=1.0)
    weights = check_array("coefficients", coefficients)
    if centre.ndim == 0 or weights.shape != centre.shape[:1]:
        raise InvalidInputError(
            f"`coefficients` must be one number a part, got {weights.size} for an estimate of shape "
            f"{centre.shape}"
        )
    if rho.any() and weights.size != 2:
        raise InvalidInputError(
            f"`correlation` must be 0 unless there are two parts, got {weights.size} parts"
        )
    raise_broken("estimate", "between `lower` and `upper`", centre, (centre < low) | (centre > high))
    rho = check_same_shape({"estimate": centre[0], "correlation": rho})[1]
    weights = weights.reshape(-1, *[1] * (centre.ndim - 1))
    total = (weights * centre).sum(axis=0)
    up, down = high - centre, centre - low
    below = _reach(weights, np.where(weights >= 0, down, up), rho)
    above = _reach(weights, np.where(weights >= 0, up, down), rho)
    return total - below, total + above


def _reach(weights: FloatArray, distance: FloatArray, correlation: FloatArray) -> FloatArray:
    """How far the bound of the sum is from the sum, given how far those of the parts are from them."""
    counted = weights != 0
    limited = (np.isfinite(distance) | ~counted).all(axis=0)
    parts = np.abs(weights) * np.where(counted & limited, distance, 0.0)
    squared = (parts**2).sum(axis=0)
    if weights.size == 2:
        squared = squared + 2.0 * correlation * np.sign(weights[0] * weights[1]) * parts[0] * parts[1]
    return np.where(limited, np.sqrt(np.maximum(squared, 0.0)), np.inf)

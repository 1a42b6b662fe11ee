"""Intervals from an estimate and its standard error."""

from __future__ import annotations

import math
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import erfinv, expit, logit, ndtri

from customer_centric._core.checks import (
    check_array,
    check_choice,
    check_confidence_level,
    check_same_shape,
)
from customer_centric.typing import FloatArray

__all__ = ["normal_interval"]

IntervalScale: TypeAlias = Literal["identity", "log", "logit"]


def normal_interval(
    estimate: ArrayLike,
    standard_error: ArrayLike,
    *,
    confidence_level: float = 0.95,
    scale: IntervalScale = "identity",
) -> tuple[FloatArray, FloatArray]:
    r"""Delta-method interval, symmetric on the scale where the estimate is most nearly normal.

    Parameters
    ----------
    estimate : array_like
        Estimates: any finite number on the identity scale, 0 or more on the log scale, between 0 and 1
        on the logit scale.
    standard_error : array_like
        Standard errors of the estimates *on their own scale*, 0 or more; infinite where nothing is known.
        Broadcast against `estimate`.
    confidence_level : float, default 0.95
        Nominal coverage, strictly between 0 and 1.
    scale : {"identity", "log", "logit"}, default "identity"
        "log" for positive quantities such as counts and money, "logit" for probabilities: the bounds
        then stay in the range of the quantity.

    Returns
    -------
    lower, upper : ndarray of float64
        Of the broadcast shape; never NaN, and `lower <= estimate <= upper`. A standard error of 0 gives
        the estimate itself. On the log scale an upper bound overflows to infinity where the standard
        error is hundreds of times the estimate.

    Raises
    ------
    InvalidInputError
        If an estimate is outside the range of the scale, a standard error is negative or NaN, or the
        shapes do not fit.

    Notes
    -----
    With \(g\) the identity, logarithm or logit, \(\hat\theta\) the estimate, \(s\) its standard error
    and \(z\) the normal quantile,

    \[ g^{-1}\bigl(g(\hat\theta) \pm z\, s\, \lvert g'(\hat\theta)\rvert\bigr). \]

    At the end of a range, where \(g\) is infinite (a count of 0, a probability of 0 or 1), the interval
    is \(\hat\theta \pm z s\), cut at the range.

    Examples
    --------
    >>> lower, upper = normal_interval([100.0], [10.0], scale="log")
    >>> lower.round(2), upper.round(2)
    (array([82.2]), array([121.65]))
    """
    check_confidence_level(confidence_level)
    check_choice("scale", scale, ("identity", "log", "logit"))
    least, most = {"identity": (None, None), "log": (0.0, None), "logit": (0.0, 1.0)}[scale]
    centre, error = check_same_shape(
        {
            "estimate": check_array("estimate", estimate, minimum=least, maximum=most),
            "standard_error": check_array("standard_error", standard_error, minimum=0.0, finite=False),
        }
    )
    # A product 0 * inf cannot occur: z is finite and positive for a level inside (0, 1).
    reach = normal_quantile(confidence_level) * error
    lower, upper = centre - reach, centre + reach
    if scale == "log":
        lower, upper = _log_bounds(centre, reach, lower, upper)
    elif scale == "logit":
        lower, upper = _logit_bounds(centre, reach, lower, upper)
    still = error == 0
    return np.where(still, centre, lower), np.where(still, centre, upper)


def normal_quantile(confidence_level: float) -> float:
    """Standard errors on each side of a two-sided normal interval: 1.96 at 0.95."""
    if confidence_level < 0.5:
        # One minus a small level would lose its digits.
        return math.sqrt(2.0) * float(erfinv(confidence_level))
    return float(-ndtri((1.0 - confidence_level) / 2.0))


def _log_bounds(
    centre: FloatArray, reach: FloatArray, lower: FloatArray, upper: FloatArray
) -> tuple[FloatArray, FloatArray]:
    inside = centre > 0
    scale = np.where(inside, centre, 1.0)
    with np.errstate(over="ignore", under="ignore"):
        relative = reach / scale
        return (
            np.where(inside, scale * np.exp(-relative), np.maximum(lower, 0.0)),
            np.where(inside, scale * np.exp(relative), upper),
        )


def _logit_bounds(
    centre: FloatArray, reach: FloatArray, lower: FloatArray, upper: FloatArray
) -> tuple[FloatArray, FloatArray]:
    spread = centre * (1.0 - centre)
    inside = spread > 0
    position = logit(np.where(inside, centre, 0.5))
    with np.errstate(over="ignore"):
        distance = reach / np.where(inside, spread, 1.0)
    # The round trip through the logit may miss the estimate by its last bit.
    return (
        np.minimum(np.where(inside, expit(position - distance), np.maximum(lower, 0.0)), centre),
        np.maximum(np.where(inside, expit(position + distance), np.minimum(upper, 1.0)), centre),
    )

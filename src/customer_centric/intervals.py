"""Intervals: what every estimate carries, and the methods that give one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import expit, gammainccinv, gammaincinv, logit, ndtri

from customer_centric._core.checks import (
    check_array,
    check_choice,
    check_confidence_level,
    check_number,
    check_same_shape,
    raise_broken,
)
from customer_centric.errors import InvalidInputError
from customer_centric.typing import FloatArray

__all__ = ["Interval", "garwood_interval", "normal_interval", "wilson_interval"]

IntervalScale: TypeAlias = Literal["identity", "log", "logit"]


@dataclass(frozen=True, slots=True)
class Interval:
    """Two bounds and the coverage they are meant to have.

    Parameters
    ----------
    lower, upper : float
        The bounds, `lower` at most `upper`; infinite where nothing limits that side.
    confidence_level : float
        Nominal coverage, strictly between 0 and 1.

    Raises
    ------
    InvalidInputError
        If a bound is NaN, the bounds are in the wrong order, or the level is not inside (0, 1).

    Examples
    --------
    >>> interval = Interval(2.0, 5.0, 0.95)
    >>> interval.contains(3.0), interval.width
    (True, 3.0)
    """

    lower: float
    upper: float
    confidence_level: float

    def __post_init__(self) -> None:
        check_number("lower", self.lower, finite=False)
        check_number("upper", self.upper, finite=False)
        check_confidence_level(self.confidence_level)
        if self.lower > self.upper:
            raise InvalidInputError(f"`lower` must be at most `upper`, got {self.lower:g} and {self.upper:g}")

    @property
    def width(self) -> float:
        """Distance between the bounds."""
        return 0.0 if self.lower == self.upper else self.upper - self.lower

    def contains(self, value: float) -> bool:
        """Whether `value` lies between the bounds, both included."""
        return self.lower <= value <= self.upper


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


def wilson_interval(
    successes: ArrayLike, n: ArrayLike, *, confidence_level: float = 0.95
) -> tuple[FloatArray, FloatArray]:
    r"""Wilson's score interval for a proportion.

    Parameters
    ----------
    successes : array_like
        Successes, from 0 to `n`; sums of weights are allowed.
    n : array_like
        Trials, 0 or more. Broadcast against `successes`.
    confidence_level : float, default 0.95
        Nominal coverage, strictly between 0 and 1.

    Returns
    -------
    lower, upper : ndarray of float64
        Of the broadcast shape, in [0, 1], with the observed share between them. No trials say nothing:
        0 and 1.

    Raises
    ------
    InvalidInputError
        If a count is negative or not finite, or there are more successes than trials.

    Notes
    -----
    With \(p = s / n\) and \(z\) the normal quantile,

    \[ \frac{s + z^2/2 \pm z \sqrt{n\,p\,(1 - p) + z^2/4}}{n + z^2}. \]

    References
    ----------
    Wilson, E. B. (1927), Probable inference, the law of succession, and statistical inference.
    [doi:10.1080/01621459.1927.10502953](https://doi.org/10.1080/01621459.1927.10502953).

    Newcombe, R. G. (1998), Two-sided confidence intervals for the single proportion, method 3.
    [doi:10.1002/(SICI)1097-0258(19980430)17:8<857::AID-SIM777>3.0.CO;2-E](https://doi.org/10.1002/%28SICI%291097-0258%2819980430%2917%3A8%3C857%3A%3AAID-SIM777%3E3.0.CO%3B2-E).

    Examples
    --------
    >>> lower, upper = wilson_interval(81, 263)
    >>> round(float(lower), 4), round(float(upper), 4)
    (0.2553, 0.3662)
    """
    check_confidence_level(confidence_level)
    hits, trials = check_same_shape(
        {"successes": check_array("successes", successes, minimum=0.0), "n": check_array("n", n, minimum=0.0)}
    )
    raise_broken("successes", "at most `n`", hits, np.asarray(hits > trials))
    z = normal_quantile(confidence_level)
    some = trials > 0
    total = np.where(some, trials, 1.0)
    share = hits / total
    middle = hits + z**2 / 2
    reach = z * np.sqrt(hits * (1.0 - share) + z**2 / 4)
    # Rounding may push a bound past 0, 1 or the share by its last bit.
    lower = np.where(hits == 0, 0.0, np.clip((middle - reach) / (total + z**2), 0.0, share))
    upper = np.where(hits == trials, 1.0, np.clip((middle + reach) / (total + z**2), share, 1.0))
    return np.where(some, lower, 0.0), np.where(some, upper, 1.0)


def garwood_interval(
    count: ArrayLike, *, exposure: ArrayLike = 1.0, confidence_level: float = 0.95
) -> tuple[FloatArray, FloatArray]:
    r"""Exact interval for the rate of a Poisson count.

    Parameters
    ----------
    count : array_like
        Events seen, 0 or more.
    exposure : array_like, default 1.0
        What the rate is per (customers, days, customer-weeks), greater than 0. Broadcast against `count`.
    confidence_level : float, default 0.95
        Coverage, at least this for every true rate; strictly between 0 and 1.

    Returns
    -------
    lower, upper : ndarray of float64
        Rate per unit of exposure. No events give a lower bound of 0 and an honest upper bound.

    Raises
    ------
    InvalidInputError
        If a count is negative or not whole, or an exposure is not greater than 0.

    Notes
    -----
    With \(k\) events in exposure \(E\), \(\alpha\) one minus the level and \(G^{-1}(a, p)\) the quantile
    of the gamma distribution with shape \(a\),

    \[ \Bigl[ G^{-1}(k, \alpha/2),\; G^{-1}(k + 1, 1 - \alpha/2) \Bigr] / E . \]

    References
    ----------
    Garwood, F. (1936), Fiducial limits for the Poisson distribution.
    [doi:10.1093/biomet/28.3-4.437](https://doi.org/10.1093/biomet/28.3-4.437).

    Examples
    --------
    >>> lower, upper = garwood_interval([0, 10])
    >>> lower.round(3), upper.round(3)
    (array([0.   , 4.795]), array([ 3.689, 18.39 ]))
    """
    check_confidence_level(confidence_level)
    events, base = check_same_shape(
        {
            "count": check_array("count", count, minimum=0.0, whole=True),
            "exposure": check_array("exposure", exposure, minimum=0.0, open_minimum=True),
        }
    )
    tail = (1.0 - confidence_level) / 2.0
    lower = np.where(events > 0, gammaincinv(np.maximum(events, 1.0), tail), 0.0)
    return lower / base, np.asarray(gammainccinv(events + 1.0, tail)) / base

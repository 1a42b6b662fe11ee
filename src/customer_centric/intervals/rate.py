"""Intervals for a rate: so many events in so much exposure."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import gammainccinv, gammaincinv

from customer_centric._core.checks import check_array, check_confidence_level, check_same_shape
from customer_centric.typing import FloatArray

__all__ = ["garwood_interval"]


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

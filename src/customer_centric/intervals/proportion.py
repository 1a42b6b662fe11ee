"""Intervals for a proportion: so many of so many."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from customer_centric._core.checks import check_array, check_confidence_level, check_same_shape, raise_broken
from customer_centric.intervals.normal import normal_quantile
from customer_centric.typing import FloatArray

__all__ = ["wilson_interval"]


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

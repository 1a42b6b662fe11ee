"""The score interval for the mean of answers on a scale of a few values."""

from __future__ import annotations

import math
from typing import Final

import numpy as np
from numpy.typing import ArrayLike

from customer_centric._core.checks import check_array, check_confidence_level
from customer_centric.errors import InvalidInputError
from customer_centric.intervals._roots import bisect
from customer_centric.intervals.normal import normal_quantile
from customer_centric.typing import BoolArray, FloatArray

__all__ = ["multinomial_score_interval"]

# Halvings of the distance to the multiplier that would leave nothing but the largest value.
_MOST_TILT: Final = 1000.0


def multinomial_score_interval(
    counts: ArrayLike, values: ArrayLike, *, confidence_level: float = 0.95
) -> tuple[FloatArray, FloatArray]:
    r"""Score interval for the mean of answers that take a few known values.

    Parameters
    ----------
    counts : array_like of shape (..., n_values)
        Answers with each value, 0 or more; sums of weights are allowed.
    values : array_like of shape (n_values,)
        The values that an answer can take, those included that nobody gave; at least two different ones.
    confidence_level : float, default 0.95
        Nominal coverage, strictly between 0 and 1.

    Returns
    -------
    lower, upper : ndarray of float64
        Of shape `(...)`, within the smallest and the largest value, with the observed mean between them
        and never of width zero. No answers say nothing: the smallest and the largest value.

    Raises
    ------
    InvalidInputError
        If a count is negative or not finite, there are fewer than two values, or their number is not
        that of the counts.

    Notes
    -----
    The interval holds every mean \(\mu\) that a score test would not reject: with \(n_k\) of \(n\)
    answers at value \(x_k\) and \(\bar x\) their mean,

    \[ \lvert \bar x - \mu \rvert \le z \sqrt{\frac{1}{n} \sum_k \tilde p_k (x_k - \mu)^2}, \qquad
       \tilde p_k = \frac{n_k}{n\,(1 + \lambda (x_k - \mu))} , \]

    where \(\tilde p\) are the probabilities of mean \(\mu\) that make the answers most likely. Values
    that nobody gave get a probability where the mean cannot be reached without: this is what keeps the
    interval honest where all answers are alike. For two values it is Wilson's interval, for
    -1, 0 and 1 Tango's.

    References
    ----------
    Tango, T. (1998), Equivalence test and confidence interval for the difference in proportions for the
    paired-sample design. Statistics in Medicine 17(8).
    [doi:10.1002/(SICI)1097-0258(19980430)17:8<891::AID-SIM780>3.0.CO;2-B](https://doi.org/10.1002/%28SICI%291097-0258%2819980430%2917%3A8%3C891%3A%3AAID-SIM780%3E3.0.CO%3B2-B).

    Owen, A. B. (1988), Empirical likelihood ratio confidence intervals for a single functional.
    [doi:10.1093/biomet/75.2.237](https://doi.org/10.1093/biomet/75.2.237), which has the probabilities.

    Examples
    --------
    Ten answers of 5 on a scale from 1 to 5:

    >>> lower, upper = multinomial_score_interval([0, 0, 0, 0, 10], [1, 2, 3, 4, 5])
    >>> round(float(lower), 3), round(float(upper), 3)
    (3.89, 5.0)
    """
    check_confidence_level(confidence_level)
    x = check_array("values", values)
    n = check_array("counts", counts, minimum=0.0)
    if x.ndim != 1 or np.unique(x).size < 2:
        raise InvalidInputError(
            f"`values` must be at least two different numbers, got an array of shape {x.shape}"
        )
    if n.ndim == 0 or n.shape[-1] != x.size:
        raise InvalidInputError(
            f"`counts` must have one number a value, got shape {n.shape} for {x.size} values"
        )
    # In units of the range, so that the halvings end at the same digit whatever the scale.
    least, most = float(x.min()), float(x.max())
    span = most - least
    if not math.isfinite(span):
        raise InvalidInputError(
            f"`values` must be less than 1.8e308 apart, got {least:g} to {most:g}; use another unit"
        )
    position = (x - least) / span
    total = n.sum(axis=-1)
    some = total > 0
    size = np.where(some, total, 1.0)
    weights = np.where(some[..., None], n / size[..., None], 1.0 / x.size)
    z2 = normal_quantile(confidence_level) ** 2 / size
    mean = np.clip(weights @ position, 0.0, 1.0)
    upper = _upper(weights, position, mean, z2)
    lower = 1.0 - _upper(weights, 1.0 - position, 1.0 - mean, z2)
    lower, upper = np.where(some, lower, 0.0), np.where(some, upper, 1.0)
    return least + span * np.minimum(lower, mean), least + span * np.maximum(upper, mean)


def _upper(weights: FloatArray, x: FloatArray, mean: FloatArray, z2: FloatArray) -> FloatArray:
    """The largest mean in [0, 1] that is not rejected; `z2` is the squared quantile over n.

    The likeliest shares of a larger and larger mean first tilt towards the values on top that were seen;
    where these are not the largest value, the rest then moves to that one.
    """

    def tilted(steps: FloatArray) -> tuple[FloatArray, FloatArray]:
        tilt = (1.0 - x) + np.exp2(-steps)[..., None] * x
        shares = weights / tilt
        shares /= shares.sum(axis=-1, keepdims=True)
        at = np.asarray(shares @ x)
        return at, (shares * (x - at[..., None]) ** 2).sum(axis=-1)

    def keeps_tilt(steps: FloatArray) -> BoolArray:
        at, variance = tilted(steps)
        return np.asarray((at - mean) ** 2 <= z2 * variance)

    below = x < 1.0
    seen = weights[..., below] / (1.0 - x[below])

    def keeps_mean(at: FloatArray) -> BoolArray:
        on_top = np.maximum(1.0 - (1.0 - at) * seen.sum(axis=-1), 0.0)
        around = (seen * (x[below] - at[..., None]) ** 2).sum(axis=-1)
        variance = (1.0 - at) * around + on_top * (1.0 - at) ** 2
        return np.asarray((at - mean) ** 2 <= z2 * variance)

    furthest = np.full_like(mean, _MOST_TILT)
    by_tilt = tilted(bisect(keeps_tilt, np.zeros_like(mean), furthest))[0]
    beyond = bisect(keeps_mean, tilted(furthest)[0], np.ones_like(mean))
    unseen = weights[..., ~below].sum(axis=-1) == 0
    upper = np.where(unseen & keeps_tilt(furthest), beyond, by_tilt)
    # Nothing but the largest value was seen: no mean beyond it can be tested.
    return np.where(mean < 1.0, upper, 1.0)

"""Intervals for a net share: the share of positive answers less the share of negative ones.

Promoters less detractors is the difference of two proportions of the same answers, as in a table of
matched pairs, so every method for matched proportions applies.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import betainc, betaincc, betainccinv

from customer_centric._core.checks import (
    check_array,
    check_confidence_level,
    check_same_shape,
    raise_broken,
)
from customer_centric._core.quadrature import gauss_legendre
from customer_centric.errors import InvalidInputError
from customer_centric.intervals._roots import bisect, crossing
from customer_centric.intervals.normal import normal_quantile
from customer_centric.typing import FloatArray, IntArray

__all__ = ["jeffreys_net_interval", "tango_interval", "wald_net_interval"]

# Of Jeffreys' integral: 9 digits of the tail beyond a bound, 12 where no class is empty.
_NODES: Final = 96


def tango_interval(
    positive: ArrayLike, negative: ArrayLike, n: ArrayLike, *, confidence_level: float = 0.95
) -> tuple[FloatArray, FloatArray]:
    r"""Tango's score interval for the share of positive answers less the share of negative ones.

    Parameters
    ----------
    positive, negative : array_like
        Answers of either kind (promoters and detractors), 0 or more; sums of weights are allowed.
    n : array_like
        All answers, at least `positive + negative`. Broadcast against the others.
    confidence_level : float, default 0.95
        Nominal coverage, strictly between 0 and 1.

    Returns
    -------
    lower, upper : ndarray of float64
        Of the broadcast shape, in [-1, 1], with the observed net share between them and never of width
        zero. No answers say nothing: -1 and 1.

    Raises
    ------
    InvalidInputError
        If a count is negative or not finite, or there are more positive and negative answers than `n`.

    Notes
    -----
    With \(p\) positive and \(d\) negative answers of \(n\), the interval holds every difference
    \(\Delta\) that a score test would not reject,

    \[ \frac{\lvert p - d - n \Delta \rvert}{\sqrt{n\,(2 q + \Delta (1 - \Delta))}} \le z, \]

    where \(q\), the probability of a negative answer that is most likely given \(\Delta\), solves
    \(2 n q^2 + \bigl((2 n - p + d) \Delta - p - d\bigr) q - d \Delta (1 - \Delta) = 0\).

    References
    ----------
    Tango, T. (1998), Equivalence test and confidence interval for the difference in proportions for the
    paired-sample design, equation 6. Statistics in Medicine 17(8).
    [doi:10.1002/(SICI)1097-0258(19980430)17:8<891::AID-SIM780>3.0.CO;2-B](https://doi.org/10.1002/%28SICI%291097-0258%2819980430%2917%3A8%3C891%3A%3AAID-SIM780%3E3.0.CO%3B2-B).

    Examples
    --------
    >>> lower, upper = tango_interval([50, 10], [20, 0], [100, 10])
    >>> (100 * lower).round(3), (100 * upper).round(3)
    (array([13.955, 44.493]), array([ 44.339, 100.   ]))
    """
    check_confidence_level(confidence_level)
    p, d, total = _check_counts(positive, negative, n)
    z = normal_quantile(confidence_level)
    some = total > 0
    size = np.where(some, total, 1.0)
    positive_share, negative_share = p / size, d / size
    estimate = np.clip(positive_share - negative_share, -1.0, 1.0)
    per_answer = z / np.sqrt(size)

    def statistic(difference: FloatArray) -> FloatArray:
        return _score_statistic(positive_share, negative_share, difference)

    lower = bisect(lambda x: statistic(x) > per_answer, np.full_like(estimate, -1.0), estimate)
    upper = bisect(lambda x: statistic(x) >= -per_answer, estimate, np.ones_like(estimate))
    # Nothing but one answer was seen: no difference beyond it can be tested.
    lower = np.where(some & (estimate > -1.0), lower, -1.0)
    upper = np.where(some & (estimate < 1.0), upper, 1.0)
    return np.minimum(lower, estimate), np.maximum(upper, estimate)


def _score_statistic(p: FloatArray, d: FloatArray, difference: FloatArray) -> FloatArray:
    """Tango's statistic of shares, for one answer; it falls as the difference grows."""
    size = np.abs(difference)
    # Solved for the share on the side that the difference is not on: then nothing cancels.
    less = np.where(difference < 0, p, d)
    spread = size * (1.0 - size)
    b = (2.0 - p - d + 2.0 * less) * size - p - d
    c = -less * spread
    large = np.abs(b) + np.sqrt(b * b - 8.0 * c)
    with np.errstate(divide="ignore", invalid="ignore"):
        q = np.where(b > 0, np.where(large > 0, -2.0 * c / large, 0.0), large / 4.0)
        variance = 2.0 * q + spread
        distance = p - d - difference
        t = np.where(variance > 0, distance / np.sqrt(variance), np.sign(distance) * np.inf)
    return np.where(distance == 0, 0.0, t)


def wald_net_interval(
    positive: ArrayLike,
    negative: ArrayLike,
    n: ArrayLike,
    *,
    added: tuple[float, float, float] = (0.0, 0.0, 0.0),
    confidence_level: float = 0.95,
) -> tuple[FloatArray, FloatArray]:
    r"""Wald's interval for a net share, plain or with answers added to what was seen.

    Parameters
    ----------
    positive, negative : array_like
        Answers of either kind (promoters and detractors), 0 or more; sums of weights are allowed.
    n : array_like
        All answers, at least `positive + negative`. Broadcast against the others.
    added : tuple of float, default (0, 0, 0)
        Positive, neutral and negative answers added before the formula, each 0 or more:
        (0.75, 1.5, 0.75) is the adjusted Wald interval for NPS, (0.5, 1, 0.5) is Agresti and Min's,
        (1, 0, 1) Bonett and Price's.
    confidence_level : float, default 0.95
        Nominal coverage, strictly between 0 and 1.

    Returns
    -------
    lower, upper : ndarray of float64
        Of the broadcast shape, as the formula gives them: they may leave [-1, 1], and have width zero
        where all answers are alike and none were added. No answers, seen or added, give -1 and 1.

    Raises
    ------
    InvalidInputError
        If a count is negative or not finite, or there are more positive and negative answers than `n`.

    Notes
    -----
    With \(p\), \(d\) and \(n\) the counts after the addition and \(e = (p - d) / n\),

    \[ e \pm z \sqrt{\frac{(p + d) / n - e^2}{n}} . \]

    References
    ----------
    Rocks, B. (2016), Interval estimation for the "Net Promoter Score". The American Statistician 70(4).
    [arXiv:1601.07235](https://arxiv.org/abs/1601.07235).

    Agresti, A. and Min, Y. (2005), Simple improved confidence intervals for comparing matched proportions.
    [doi:10.1002/sim.1781](https://doi.org/10.1002/sim.1781).

    Bonett, D. G. and Price, R. M. (2012), Adjusted Wald confidence interval for a difference of binomial
    proportions based on paired data. [doi:10.3102/1076998611411915](https://doi.org/10.3102/1076998611411915).

    Examples
    --------
    >>> lower, upper = wald_net_interval(50, 20, 100)
    >>> round(100 * float(lower), 3), round(100 * float(upper), 3)
    (14.692, 45.308)
    >>> lower, upper = wald_net_interval(50, 20, 100, added=(0.75, 1.5, 0.75))
    >>> round(100 * float(lower), 3), round(100 * float(upper), 3)
    (14.051, 44.201)
    """
    check_confidence_level(confidence_level)
    p, d, total = _check_counts(positive, negative, n)
    more = check_array("added", added, minimum=0.0)
    if more.shape != (3,):
        raise InvalidInputError(f"`added` must be three numbers, got an array of shape {more.shape}")
    p, d, total = p + more[0], d + more[2], total + more.sum()
    some = total > 0
    size = np.where(some, total, 1.0)
    estimate = (p - d) / size
    reach = normal_quantile(confidence_level) * np.sqrt(np.maximum((p + d) / size - estimate**2, 0.0) / size)
    return np.where(some, estimate - reach, -1.0), np.where(some, estimate + reach, 1.0)


def jeffreys_net_interval(
    positive: ArrayLike, negative: ArrayLike, n: ArrayLike, *, confidence_level: float = 0.95
) -> tuple[FloatArray, FloatArray]:
    r"""Credible interval of a net share under Jeffreys' prior: half an answer added to each class.

    Parameters
    ----------
    positive, negative : array_like
        Answers of either kind (promoters and detractors), 0 or more; sums of weights are allowed.
    n : array_like
        All answers, at least `positive + negative`. Broadcast against the others.
    confidence_level : float, default 0.95
        Posterior probability between the bounds, as much beyond one as beyond the other; strictly
        between 0 and 1.

    Returns
    -------
    lower, upper : ndarray of float64
        Of the broadcast shape, inside [-1, 1] and never of width zero. Where all answers are alike the
        observed share lies outside: the posterior has no mass on it.

    Raises
    ------
    InvalidInputError
        If a count is negative or not finite, or there are more positive and negative answers than `n`.

    Notes
    -----
    With \(p\), \(q\) and \(d\) positive, neutral and negative answers, the posterior of the three shares
    is a Dirichlet distribution with \(\tfrac12\) added to each count. The share that is not neutral,
    \(S \sim \mathrm{Beta}(p + d + 1, q + \tfrac12)\), and the positive part of it,
    \(R \sim \mathrm{Beta}(p + \tfrac12, d + \tfrac12)\), are independent, and the net share is
    \(S (2 R - 1)\):

    \[ P(S (2 R - 1) \le x) = \int f_S(s)\, F_R\!\left(\frac{1 + x / s}{2}\right) ds . \]

    References
    ----------
    Jeffreys, H. (1946), An invariant form for the prior probability in estimation problems.
    [doi:10.1098/rspa.1946.0056](https://doi.org/10.1098/rspa.1946.0056).

    Examples
    --------
    >>> lower, upper = jeffreys_net_interval(50, 20, 100)
    >>> round(100 * float(lower), 4), round(100 * float(upper), 4)
    (14.0167, 44.2727)
    """
    check_confidence_level(confidence_level)
    p, d, total = _check_counts(positive, negative, n)
    shape = p.shape
    p, d, q = (np.atleast_1d(x).ravel() for x in (p, d, np.maximum(total - p - d, 0.0)))
    # An upper bound is a lower one of the answers turned round.
    p, d, q = np.concatenate([p, d]), np.concatenate([d, p]), np.concatenate([q, q])
    tail = 0.5 * (1.0 - confidence_level)

    def beyond_tail(x: FloatArray, rows: IntArray) -> FloatArray:
        return _posterior(x, p[rows], q[rows], d[rows]) - tail

    bound = crossing(beyond_tail, np.full(p.shape, -1.0), np.ones(p.shape))
    lower, upper = bound[: p.size // 2], -bound[p.size // 2 :]
    return lower.reshape(shape), upper.reshape(shape)


def _posterior(x: FloatArray, p: FloatArray, q: FloatArray, d: FloatArray) -> FloatArray:
    """Posterior probability of a net share of at most `x`."""
    a, b = p + d + 1.0, q + 0.5
    u, weights = gauss_legendre(_NODES)
    # Smoother at both ends than u itself: what is integrated may have square roots there.
    v, weights = u * u * (3.0 - 2.0 * u), weights * 6.0 * u * (1.0 - u)
    # A share S below |x| cannot give a net share beyond it: only what is above is integrated.
    above = betaincc(a, b, np.abs(x))
    s = betainccinv(a[:, None], b[:, None], above[:, None] * v)
    r = np.clip(0.5 * (1.0 + x[:, None] / s), 0.0, 1.0)
    mean = betainc((p + 0.5)[:, None], (d + 0.5)[:, None], r) @ weights
    return np.asarray(above * mean + np.where(x > 0, betainc(a, b, np.abs(x)), 0.0))


def _check_counts(
    positive: ArrayLike, negative: ArrayLike, n: ArrayLike
) -> tuple[FloatArray, FloatArray, FloatArray]:
    p, d, total = check_same_shape(
        {
            "positive": check_array("positive", positive, minimum=0.0),
            "negative": check_array("negative", negative, minimum=0.0),
            "n": check_array("n", n, minimum=0.0),
        }
    )
    # Sums of weights may miss their total by the last bits.
    beyond = p + d > total * (1.0 + 1e-12)
    raise_broken("n", "at least `positive + negative`", total, np.asarray(beyond))
    return p, d, np.maximum(total, p + d)

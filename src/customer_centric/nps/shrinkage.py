"""Scores of groups that borrow strength from one another."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from customer_centric._core.checks import check_array, check_confidence_level, check_same_shape
from customer_centric._methods.shrinkage import FEWEST_MEANS, shrink_means
from customer_centric.errors import InvalidInputError
from customer_centric.intervals.net_share import tango_interval
from customer_centric.intervals.normal import normal_quantile
from customer_centric.nps._estimates import ADDED
from customer_centric.typing import FloatArray

__all__ = ["ShrunkenNps", "shrink_nps"]


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class ShrunkenNps:
    """Scores of groups, each drawn towards all of them by as much as its few answers deserve.

    Parameters
    ----------
    score : ndarray of shape (n_groups,)
        The score of the answers of each group alone, in points; NaN where it has none.
    shrunken : ndarray of shape (n_groups,)
        What the score is likely to be, in points: between `score` and `grand_mean`.
    lower, upper : ndarray of shape (n_groups,)
        Bounds of the score, in points within [-100, 100].
    weight : ndarray of shape (n_groups,)
        Weight of the own answers in `shrunken`, in [0, 1]; the rest is that of `grand_mean`.
    grand_mean : float
        What the groups are drawn to, in points; NaN where no group has answers.
    between_sd : float
        Standard deviation of the true scores between groups, in points; 0 where chance explains the
        differences.
    confidence_level : float
        Nominal coverage of the bounds.
    """

    score: FloatArray
    shrunken: FloatArray
    lower: FloatArray
    upper: FloatArray
    weight: FloatArray
    grand_mean: float
    between_sd: float
    confidence_level: float


def shrink_nps(
    promoters: ArrayLike, passives: ArrayLike, detractors: ArrayLike, *, confidence_level: float = 0.95
) -> ShrunkenNps:
    r"""Scores of groups of which many are small: extremes of few answers are drawn to the rest.

    Parameters
    ----------
    promoters, passives, detractors : array_like of shape (n_groups,)
        Answers of each group in each class, 0 or more; effective numbers of answers need not be whole.
    confidence_level : float, default 0.95
        Nominal coverage of the bounds, strictly between 0 and 1.

    Returns
    -------
    ShrunkenNps
        Raw and shrunken scores with bounds, in points. A group without answers has the grand mean, and
        bounds that say nothing: -100 and 100.

    Raises
    ------
    InvalidInputError
        If a count is negative or not finite, or the counts are not one number a group.

    Notes
    -----
    With \(e_i\) the score of a group of \(n_i\) answers, \(s^2\) the variance of all answers together
    (so that a unanimous group is not taken for a certain one; 0.75 promoters, 1.5 passives and 0.75
    detractors are added to it), \(V_i = s^2 / n_i\), \(\tau^2\) the variance of the true scores between
    the \(k\) groups and \(\hat\mu\) their mean, weighted by \(1 / (V_i + \tau^2)\),

    \[ \hat\theta_i = b_i\, e_i + (1 - b_i)\, \hat\mu, \qquad
       1 - b_i = \frac{k - 3}{k - 1} \frac{V_i}{V_i + \tau^2} . \]

    \(\tau^2\) maximises the restricted likelihood, and is 0 where the scores differ no more than chance
    would have it. The bounds are \(\hat\theta_i \pm z s_i\) with Morris's posterior standard deviation, which
    allows for \(\hat\mu\) and \(\tau^2\) being estimated, cut at -100 and 100. With three groups or fewer
    there is nothing to learn about how groups differ: scores stay as they are, with their score intervals.

    References
    ----------
    Morris, C. N. (1983), Parametric empirical Bayes inference: theory and applications. Journal of the
    American Statistical Association 78(381), section 5.
    [doi:10.1080/01621459.1983.10477920](https://doi.org/10.1080/01621459.1983.10477920).

    Efron, B. and Morris, C. (1975), Data analysis using Stein's estimator and its generalizations. Journal
    of the American Statistical Association 70(350).
    [doi:10.1080/01621459.1975.10479864](https://doi.org/10.1080/01621459.1975.10479864).

    Examples
    --------
    Five shops; the best and the worst of them have four answers each:

    >>> found = shrink_nps([4, 120, 70, 90, 0], [0, 60, 50, 70, 1], [0, 60, 60, 40, 3])
    >>> found.score.round(1)
    array([100. ,  25. ,   5.6,  25. , -75. ])
    >>> found.shrunken.round(1)
    array([ 62.2,  24.4,   6.9,  24.3, -31.8])
    """
    check_confidence_level(confidence_level)
    counts = {
        name: check_array(name, values, minimum=0.0)
        for name, values in (("promoters", promoters), ("passives", passives), ("detractors", detractors))
    }
    p, q, d = check_same_shape(counts)
    if p.ndim != 1:
        raise InvalidInputError(f"`promoters` must be one number a group, got an array of shape {p.shape}")
    score, variance = pooled_scores(p, q, d)
    found = shrink_means(np.nan_to_num(score), variance)
    reach = normal_quantile(confidence_level) * found.standard_error
    lower, upper = (np.clip(np.nan_to_num(found.mean) + side * reach, -1.0, 1.0) for side in (-1.0, 1.0))
    if np.count_nonzero(np.isfinite(variance)) < FEWEST_MEANS:
        lower, upper = tango_interval(p, d, p + q + d, confidence_level=confidence_level)
    return ShrunkenNps(
        score=100.0 * score,
        shrunken=100.0 * found.mean,
        lower=100.0 * lower,
        upper=100.0 * upper,
        weight=found.weight,
        grand_mean=100.0 * found.centre,
        between_sd=100.0 * float(np.sqrt(found.between_variance)),
        confidence_level=confidence_level,
    )


def pooled_scores(
    promoters: FloatArray, passives: FloatArray, detractors: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Net share of each group, and its variance as if all answers varied alike; NaN and infinite for none.

    The variance of all answers together is never 0: some of each class are added.
    """
    n = promoters + passives + detractors
    p, q, d = np.array([promoters.sum(), passives.sum(), detractors.sum()]) + ADDED
    total = p + q + d
    spread = (p + d) / total - ((p - d) / total) ** 2
    score, variance = np.full(n.shape, np.nan), np.full(n.shape, np.inf)
    np.divide(promoters - detractors, n, out=score, where=n > 0)
    np.divide(spread, n, out=variance, where=n > 0)
    return score, variance

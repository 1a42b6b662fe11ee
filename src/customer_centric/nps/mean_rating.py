"""The mean of answers on a rating scale, with an interval that is honest where all answers are alike."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from customer_centric._core.checks import check_confidence_level
from customer_centric._core.ratings import Invalid, Ratings, check_ratings
from customer_centric._core.tabulate import sum_by
from customer_centric._core.words import as_html, counted
from customer_centric._methods.survey_design import design_means, effective_answers
from customer_centric.intervals import Interval, multinomial_score_interval
from customer_centric.nps._estimates import sample_effect
from customer_centric.nps._sample import sample_of
from customer_centric.nps.top_box import check_scale
from customer_centric.typing import FloatArray

__all__ = ["MeanRating", "mean_rating"]


@dataclass(frozen=True, slots=True, kw_only=True)
class MeanRating:
    """The mean of ratings, the shares behind it and how sure it is.

    Parameters
    ----------
    mean : float
        Mean answer, weighted where there are weights, on the scale of the question; not rounded.
    interval : Interval
        Bounds of the mean, on the scale of the question.
    standard_error : float
        Standard error of the mean. NaN where there is one answer, or all answers are of one cluster.
    values : tuple of int
        All answers that the question allows, in ascending order.
    shares : tuple of float
        Share of each of them, weighted where there are weights; they sum to 1.
    counts : tuple of int
        Answers with each of them, not weighted.
    n_missing, n_invalid : int
        Rows without an answer, and with one that is not on the scale; neither is in the mean.
    effective_n : float
        Answers of a simple random sample with the same variance.
    design_effect : float
        Variance over that of a simple random sample with as many answers; 1 without a design.
    interval_n : float
        Answers that the interval counts. Infinite where a whole population answered.
    """

    mean: float
    interval: Interval
    standard_error: float
    values: tuple[int, ...]
    shares: tuple[float, ...]
    counts: tuple[int, ...]
    n_missing: int
    n_invalid: int
    effective_n: float
    design_effect: float
    interval_n: float

    @property
    def n(self) -> int:
        """Answers in the mean, not weighted."""
        return sum(self.counts)

    def __str__(self) -> str:
        bounds = self.interval
        return (
            f"mean {self.mean:.2f} ({100 * bounds.confidence_level:g} % interval {bounds.lower:.2f} to "
            f"{bounds.upper:.2f}) of {counted(self.n, 'answer')} from {self.values[0]} to {self.values[-1]}"
        )

    def _repr_html_(self) -> str:
        return as_html(self)


def mean_rating(
    ratings: ArrayLike,
    *,
    minimum: int,
    maximum: int,
    weights: ArrayLike | None = None,
    clusters: ArrayLike | None = None,
    strata: ArrayLike | None = None,
    population: float | Mapping[Hashable, float] | None = None,
    invalid: Invalid = "raise",
    confidence_level: float = 0.95,
) -> MeanRating:
    r"""Mean of answers on a rating scale, with a score interval.

    Parameters
    ----------
    ratings : array_like of shape (n_rows,)
        Answers: whole numbers from `minimum` to `maximum`. Missing ones are left out and counted.
    minimum, maximum : int
        Lowest and highest answer that the question allows, whether or not somebody gave them.
    weights : array_like of shape (n_rows,), optional
        How many customers each answer stands for, 0 or more, up to a constant.
    clusters : array_like of shape (n_rows,), optional
        What each answer belongs to (an account, a household): answers of one cluster are not independent.
    strata : array_like of shape (n_rows,), optional
        Groups that were sampled separately, each with at least two answers, or clusters.
    population : float or mapping, optional
        Customers, or clusters, in the whole finite population; by stratum where there are strata.
    invalid : {"raise", "missing"}, default "raise"
        What happens to answers off the scale: an error, or they are left out and counted.
    confidence_level : float, default 0.95
        Nominal coverage of the interval, strictly between 0 and 1.

    Returns
    -------
    MeanRating
        Mean and interval on the scale of the question, shares and counts of each answer.

    Raises
    ------
    InvalidInputError
        If an answer is a fraction, off the scale, text or a boolean (the first one is named), nobody
        answered, or the design does not fit the answers.

    Notes
    -----
    With \(w_i\) the weight of answer \(r_i\), and equal weights for the second formula,

    \[ \bar r = \frac{\sum_i w_i r_i}{\sum_i w_i}, \qquad
       \mathrm{se} = \sqrt{\frac{\sum_i (r_i - \bar r)^2}{n (n - 1)}} . \]

    The interval holds every mean that a score test would not reject, given the ends of the scale, which
    is why `minimum` and `maximum` must be said: ten answers of 5 say more where the scale ends at 5. With
    a design it counts `interval_n` answers, those of a simple random sample that would tell as much, and
    the standard error is that of the linearised mean between sampling units.

    References
    ----------
    Tango, T. (1998), Equivalence test and confidence interval for the difference in proportions for the
    paired-sample design. Statistics in Medicine 17(8), of which this is the extension to more values.
    [doi:10.1002/(SICI)1097-0258(19980430)17:8<891::AID-SIM780>3.0.CO;2-B](https://doi.org/10.1002/%28SICI%291097-0258%2819980430%2917%3A8%3C891%3A%3AAID-SIM780%3E3.0.CO%3B2-B).

    Lumley, T. (2004), Analysis of complex survey samples. Journal of Statistical Software 9(8).
    [doi:10.18637/jss.v009.i08](https://doi.org/10.18637/jss.v009.i08).

    Examples
    --------
    >>> print(mean_rating([5, 4, 4, 3, 5, 2, 5, None], minimum=1, maximum=5))
    mean 4.00 (95 % interval 2.94 to 4.58) of 7 answers from 1 to 5
    """
    values = check_scale(minimum, maximum)
    checked = check_ratings("ratings", ratings, minimum=values[0], maximum=values[-1], invalid=invalid)
    return mean_of(
        checked,
        values,
        weights=weights,
        clusters=clusters,
        strata=strata,
        population=population,
        confidence_level=confidence_level,
    )


def mean_of(
    checked: Ratings,
    values: tuple[int, ...],
    *,
    weights: ArrayLike | None,
    clusters: ArrayLike | None,
    strata: ArrayLike | None,
    population: float | Mapping[Hashable, float] | None,
    confidence_level: float,
) -> MeanRating:
    """The mean of checked answers."""
    check_confidence_level(confidence_level)
    answers = sample_of(
        checked, checked.values, weights=weights, clusters=clusters, strata=strata, population=population
    )
    means = design_means(answers)
    box = (answers.value - values[0]).astype(np.int64)
    counts, totals = (sum_by(box, part, len(values)) for part in (answers.n, answers.weight))
    shares = totals / totals.sum()
    n = float(effective_answers(means, confidence_level)[0])
    effective_n, effect = sample_effect(means)
    mean = float(np.clip(means.mean[0], values[0], values[-1]))
    return MeanRating(
        mean=mean,
        interval=_interval(mean, shares, values, n, confidence_level),
        standard_error=float(np.sqrt(means.variance[0])),
        values=values,
        shares=tuple(shares.tolist()),
        counts=tuple(int(count) for count in counts),
        n_missing=checked.n_missing,
        n_invalid=checked.n_invalid,
        effective_n=float(effective_n[0]),
        design_effect=float(effect[0]),
        interval_n=n,
    )


def _interval(
    mean: float, shares: FloatArray, values: tuple[int, ...], n: float, confidence_level: float
) -> Interval:
    if not np.isfinite(n):
        # Everybody of a finite population answered: nothing is left to be unsure of.
        return Interval(mean, mean, confidence_level)
    lower, upper = multinomial_score_interval(shares * n, values, confidence_level=confidence_level)
    return Interval(min(float(lower), mean), max(float(upper), mean), confidence_level)

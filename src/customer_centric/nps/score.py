"""The Net Promoter Score, with the shares behind it and its interval."""

from __future__ import annotations

import math
from collections.abc import Hashable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from customer_centric._core.checks import check_choice, check_confidence_level, check_number
from customer_centric._core.ratings import Invalid, Ratings, check_ratings
from customer_centric._core.words import as_html, counted
from customer_centric._methods.survey_design import Answers
from customer_centric.errors import InvalidInputError
from customer_centric.intervals import Interval
from customer_centric.nps._estimates import METHODS, CountMethod, Method, net_shares
from customer_centric.nps._resample import resampled_net
from customer_centric.nps._sample import sample_of
from customer_centric.nps.scale import NPS_SCALE, RatingScale, check_scale

__all__ = ["NetPromoterScore", "net_promoter_score", "net_promoter_score_from_counts"]


@dataclass(frozen=True, slots=True, kw_only=True)
class NetPromoterScore:
    """A Net Promoter Score with the shares behind it and how sure it is.

    Parameters
    ----------
    score : float
        Share of promoters less share of detractors, in points from -100 to 100; not rounded.
    interval : Interval
        Bounds of the score, in points.
    standard_error : float
        Standard error of the score, in points. NaN where all answers are of one cluster, which shows
        nothing about others.
    promoter_share, passive_share, detractor_share : float
        Shares of the answers, weighted where there are weights; they sum to 1.
    promoters, passives, detractors : int
        Answers in each class, not weighted.
    n_missing, n_invalid : int
        Rows without an answer, and with one that is not on the scale; neither is in the score.
    effective_n : float
        Answers of a simple random sample with the same variance.
    design_effect : float
        Variance over that of a simple random sample with as many answers; 1 without a design.
    interval_n : float
        Answers that the score interval counts: fewer than `effective_n` where the variance itself rests
        on few clusters or uneven weights. Infinite where a whole population answered.
    invited : int or None
        Customers who were asked, where this is known.
    method : {"score", "adjusted_wald", "wald", "jeffreys", "bootstrap"}
        How the interval was made.
    """

    score: float
    interval: Interval
    standard_error: float
    promoter_share: float
    passive_share: float
    detractor_share: float
    promoters: int
    passives: int
    detractors: int
    n_missing: int = 0
    n_invalid: int = 0
    effective_n: float
    design_effect: float
    interval_n: float
    invited: int | None = None
    method: Method = "score"

    @property
    def n(self) -> int:
        """Answers in the score, not weighted."""
        return self.promoters + self.passives + self.detractors

    @property
    def response_rate(self) -> float | None:
        """Answers over customers who were asked, in [0, 1]; None where these are not known."""
        return None if self.invited is None else self.n / self.invited

    def __str__(self) -> str:
        bounds, level = self.interval, f"{100 * self.interval.confidence_level:g} %"
        return (
            f"NPS {self.score:.1f} ({level} interval {bounds.lower:.1f} to {bounds.upper:.1f}) from "
            f"{counted(self.n, 'answer')}: {100 * self.promoter_share:.1f} % promoters, "
            f"{100 * self.passive_share:.1f} % passives, {100 * self.detractor_share:.1f} % detractors"
        )

    def _repr_html_(self) -> str:
        return as_html(self).replace(f"NPS {self.score:.1f}", f"<strong>NPS {self.score:.1f}</strong>", 1)


def net_promoter_score(
    ratings: ArrayLike,
    *,
    weights: ArrayLike | None = None,
    clusters: ArrayLike | None = None,
    strata: ArrayLike | None = None,
    population: float | Mapping[Hashable, float] | None = None,
    invited: int | None = None,
    scale: RatingScale = NPS_SCALE,
    invalid: Invalid = "raise",
    method: Method = "score",
    confidence_level: float = 0.95,
    rng: np.random.Generator | None = None,
    n_resamples: int = 2000,
) -> NetPromoterScore:
    r"""Net Promoter Score of ratings, with an interval that holds what it promises.

    Parameters
    ----------
    ratings : array_like of shape (n_rows,)
        Answers to "how likely are you to recommend us to a friend?": whole numbers from 0 to 10. Missing
        answers are non-responses: left out and counted, never passives.
    weights : array_like of shape (n_rows,), optional
        How many customers each answer stands for, 0 or more, up to a constant. Not frequencies: doubling
        all of them changes nothing.
    clusters : array_like of shape (n_rows,), optional
        What each answer belongs to (an account, a household): answers of one cluster are not independent.
    strata : array_like of shape (n_rows,), optional
        Groups that were sampled separately, each with at least two answers, or clusters.
    population : float or mapping, optional
        Customers, or clusters, in the whole finite population that the score is for; by stratum where
        there are strata. Non-response is taken as random.
    invited : int, optional
        Customers who were asked, at least the number of answers. It gives the response rate.
    scale : RatingScale, default 0 to 10
        The answers that the question allows, and where the classes end.
    invalid : {"raise", "missing"}, default "raise"
        What happens to answers off the scale: an error, or they are left out and counted.
    method : {"score", "adjusted_wald", "wald", "jeffreys", "bootstrap"}, default "score"
        How the interval is made. With a design, all but "wald" and "bootstrap" count `interval_n` answers.
    confidence_level : float, default 0.95
        Nominal coverage of the interval, strictly between 0 and 1.
    rng : numpy.random.Generator, optional
        Where the draws of the bootstrap come from; required for it, and for nothing else.
    n_resamples : int, default 2000
        Draws of the bootstrap.

    Returns
    -------
    NetPromoterScore
        Score and interval in points on [-100, 100], shares and counts of the classes, what was left out.

    Raises
    ------
    InvalidInputError
        If an answer is a fraction, off the scale, text or a boolean (the first one is named), nobody
        answered, or the design does not fit the answers.

    Notes
    -----
    With \(p\) and \(d\) the (weighted) shares of promoters and detractors among \(n\) answers,

    \[ \mathrm{NPS} = 100\,(p - d), \qquad \mathrm{se} = 100 \sqrt{\frac{p + d - (p - d)^2}{n}} . \]

    It is the difference of two proportions of the same answers, so the interval inverts Tango's score
    test. With a design the standard error is that of the linearised weighted mean between sampling units,
    and the interval counts the answers of a simple random sample that would tell as much.

    References
    ----------
    Reichheld, F. F. (2003), The one number you need to grow. Harvard Business Review 81(12), 46-54.

    Tango, T. (1998), Equivalence test and confidence interval for the difference in proportions for the
    paired-sample design, equation 6. Statistics in Medicine 17(8).
    [doi:10.1002/(SICI)1097-0258(19980430)17:8<891::AID-SIM780>3.0.CO;2-B](https://doi.org/10.1002/%28SICI%291097-0258%2819980430%2917%3A8%3C891%3A%3AAID-SIM780%3E3.0.CO%3B2-B).

    Korn, E. L. and Graubard, B. I. (1998), Confidence intervals for proportions with small expected number
    of positive counts estimated from survey data. Survey Methodology 24(2), 193-201.

    Examples
    --------
    >>> print(net_promoter_score([10, 9, 10, 9, 8, 7, 10, 3, 9, None]))
    NPS 55.6 (95 % interval -2.2 to 84.2) from 9 answers: 66.7 % promoters, 22.2 % passives, 11.1 % detractors
    """
    check_scale(scale)
    checked = check_ratings("ratings", ratings, minimum=scale.minimum, maximum=scale.maximum, invalid=invalid)
    answers = sample_of(
        checked,
        scale.net_values(checked.values),
        weights=weights,
        clusters=clusters,
        strata=strata,
        population=population,
    )
    return score_answers(
        answers,
        checked,
        invited=invited,
        method=method,
        confidence_level=confidence_level,
        rng=rng,
        n_resamples=n_resamples,
    )


def net_promoter_score_from_counts(
    promoters: int,
    passives: int,
    detractors: int,
    *,
    population: float | None = None,
    invited: int | None = None,
    method: Method = "score",
    confidence_level: float = 0.95,
    rng: np.random.Generator | None = None,
    n_resamples: int = 2000,
) -> NetPromoterScore:
    r"""Net Promoter Score of answers that were counted elsewhere.

    Parameters
    ----------
    promoters, passives, detractors : int
        Answers in each class, 0 or more, at least one in all.
    population : float, optional
        Customers in the whole finite population that the score is for.
    invited : int, optional
        Customers who were asked, at least the number of answers.
    method : {"score", "adjusted_wald", "wald", "jeffreys", "bootstrap"}, default "score"
        How the interval is made.
    confidence_level : float, default 0.95
        Nominal coverage of the interval, strictly between 0 and 1.
    rng : numpy.random.Generator, optional
        Where the draws of the bootstrap come from; required for it, and for nothing else.
    n_resamples : int, default 2000
        Draws of the bootstrap.

    Returns
    -------
    NetPromoterScore
        The same as `net_promoter_score` of the answers themselves.

    Raises
    ------
    InvalidInputError
        If a count is negative or not whole, or there are no answers.

    Notes
    -----
    With \(p\) and \(d\) the shares of promoters and detractors, \(\mathrm{NPS} = 100\,(p - d)\).

    References
    ----------
    Reichheld, F. F. (2003), The one number you need to grow. Harvard Business Review 81(12), 46-54.

    Examples
    --------
    >>> nps = net_promoter_score_from_counts(50, 30, 20)
    >>> nps.score, round(nps.interval.lower, 1), round(nps.interval.upper, 1)
    (30.0, 14.0, 44.3)
    """
    counts = [
        check_number(name, value, minimum=0.0, whole=True)
        for name, value in (("promoters", promoters), ("passives", passives), ("detractors", detractors))
    ]
    n = np.array(counts)
    if not n.any():
        raise InvalidInputError(
            "`promoters`, `passives` and `detractors` must count at least one answer, got none"
        )
    size = None
    if population is not None:
        size = check_number("population", population, minimum=float(n.sum()))
    answers = Answers(
        value=np.array([1.0, 0.0, -1.0]),
        n=n,
        weight=n,
        squared_weight=n,
        group=np.zeros(3, dtype=np.int64),
        n_groups=1,
        population=None if size is None else np.array([size]),
    )
    return score_answers(
        answers,
        Ratings(np.zeros(0), 0, 0),
        invited=invited,
        method=method,
        confidence_level=confidence_level,
        rng=rng,
        n_resamples=n_resamples,
    )


def score_answers(
    answers: Answers,
    checked: Ratings,
    *,
    invited: int | None = None,
    method: Method,
    confidence_level: float,
    rng: np.random.Generator | None = None,
    n_resamples: int = 0,
) -> NetPromoterScore:
    """The score of one group of answers; of `checked` only what was left out is read."""
    check_confidence_level(confidence_level)
    check_choice("method", method, METHODS)
    counting: CountMethod = "score" if method == "bootstrap" else method
    found = net_shares(answers, method=counting, confidence_level=confidence_level)
    # A hundred times the sum before the division: 57 less 12 of 100 is 45 and not 44.99999999999999.
    total = float(answers.weight.sum())
    score = 100.0 * float(answers.weight @ answers.value) / total if total > 0 else math.nan
    score = float(np.clip(score, -100.0, 100.0))  # weights may miss their own sum by the last bit
    lower, upper = 100.0 * float(found.lower[0]), 100.0 * float(found.upper[0])
    if method == "bootstrap":
        drawn = resampled_net(answers, rng, n_resamples, confidence_level)
        lower, upper = 100.0 * drawn[0], 100.0 * drawn[1]
    elif np.isinf(found.interval_n[0]):
        lower = upper = score
    elif method == "score":
        lower, upper = min(lower, score), max(upper, score)
    n = [int(answers.n[answers.value == value].sum()) for value in (1.0, 0.0, -1.0)]
    if invited is not None:
        check_number("invited", invited, minimum=float(sum(n)), whole=True)
    return NetPromoterScore(
        score=score,
        interval=Interval(lower, upper, confidence_level),
        standard_error=100.0 * float(found.standard_error[0]),
        promoter_share=float(found.promoters[0]),
        passive_share=float(found.passives[0]),
        detractor_share=float(found.detractors[0]),
        promoters=n[0],
        passives=n[1],
        detractors=n[2],
        n_missing=checked.n_missing,
        n_invalid=checked.n_invalid,
        effective_n=float(found.effective_n[0]),
        design_effect=float(found.design_effect[0]),
        interval_n=float(found.interval_n[0]),
        invited=None if invited is None else int(invited),
        method=method,
    )

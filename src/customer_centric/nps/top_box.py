"""The share of answers in the top boxes of a scale: customer satisfaction (CSAT) as it is mostly reported."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from customer_centric._core.checks import check_confidence_level, check_number
from customer_centric._core.ratings import Invalid, Ratings, check_ratings
from customer_centric._core.words import as_html, counted
from customer_centric._methods.survey_design import Answers, design_means, effective_answers
from customer_centric.errors import InvalidInputError
from customer_centric.intervals import Interval, wilson_interval
from customer_centric.nps._estimates import sample_effect, share_error
from customer_centric.nps._sample import sample_of

__all__ = ["TopBox", "top_box_score"]


@dataclass(frozen=True, slots=True, kw_only=True)
class TopBox:
    """The share of answers in some boxes of a scale, in percent, and how sure it is.

    Parameters
    ----------
    score : float
        Answers in the boxes, weighted where there are weights, in percent from 0 to 100; not rounded.
    interval : Interval
        Bounds of the score, in percent.
    standard_error : float
        Standard error of the score, in percentage points. NaN where all answers are of one cluster.
    boxes : tuple of int
        The answers that count.
    in_boxes, n : int
        Answers in the boxes, and all answers, not weighted.
    n_missing, n_invalid : int
        Rows without an answer, and with one that is not on the scale; neither is in the score.
    effective_n : float
        Answers of a simple random sample with the same variance.
    design_effect : float
        Variance over that of a simple random sample with as many answers; 1 without a design.
    interval_n : float
        Answers that the interval counts. Infinite where a whole population answered.
    """

    score: float
    interval: Interval
    standard_error: float
    boxes: tuple[int, ...]
    in_boxes: int
    n: int
    n_missing: int
    n_invalid: int
    effective_n: float
    design_effect: float
    interval_n: float

    def __str__(self) -> str:
        bounds, first, last = self.interval, self.boxes[0], self.boxes[-1]
        boxes = {1: f"{first}", 2: f"{first} or {last}"}.get(len(self.boxes), f"{first} to {last}")
        return (
            f"{self.score:.1f} % ({100 * bounds.confidence_level:g} % interval {bounds.lower:.1f} to "
            f"{bounds.upper:.1f}) of {counted(self.n, 'answer')} {'is' if self.n == 1 else 'are'} {boxes}"
        )

    def _repr_html_(self) -> str:
        return as_html(self)


def top_box_score(
    ratings: ArrayLike,
    *,
    minimum: int,
    maximum: int,
    boxes: int = 2,
    weights: ArrayLike | None = None,
    clusters: ArrayLike | None = None,
    strata: ArrayLike | None = None,
    population: float | Mapping[Hashable, float] | None = None,
    invalid: Invalid = "raise",
    confidence_level: float = 0.95,
) -> TopBox:
    r"""Percent of answers in the top boxes of a scale, such as CSAT, with Wilson's interval.

    Parameters
    ----------
    ratings : array_like of shape (n_rows,)
        Answers: whole numbers from `minimum` to `maximum`. Missing ones are left out and counted.
    minimum, maximum : int
        Lowest and highest answer that the question allows, whether or not somebody gave them.
    boxes : int, default 2
        How many answers from the top count, at least 1 and fewer than there are.
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
    TopBox
        Score and interval in percent on [0, 100], what was counted and what was left out.

    Raises
    ------
    InvalidInputError
        If an answer is a fraction, off the scale, text or a boolean (the first one is named), nobody
        answered, there are too many boxes, or the design does not fit the answers.

    Notes
    -----
    With \(w_i\) the weight of answer \(r_i\) on a scale up to \(M\), and \(k\) boxes,

    \[ 100\, \frac{\sum_i w_i\, [r_i > M - k]}{\sum_i w_i} . \]

    The interval is Wilson's for this share of `interval_n` answers: those of a simple random sample
    that would tell as much.

    References
    ----------
    Morgan, N. A. and Rego, L. L. (2006), The value of different customer satisfaction and loyalty metrics
    in predicting business performance. Marketing Science 25(5), 426-439.
    [doi:10.1287/mksc.1050.0180](https://doi.org/10.1287/mksc.1050.0180).

    Wilson, E. B. (1927), Probable inference, the law of succession, and statistical inference.
    [doi:10.1080/01621459.1927.10502953](https://doi.org/10.1080/01621459.1927.10502953).

    Examples
    --------
    >>> print(top_box_score([5, 4, 4, 3, 5, 2, 5, None], minimum=1, maximum=5))
    71.4 % (95 % interval 35.9 to 91.8) of 7 answers are 4 or 5
    """
    values = check_scale(minimum, maximum)
    checked = check_ratings("ratings", ratings, minimum=values[0], maximum=values[-1], invalid=invalid)
    count = check_boxes(boxes, values)
    return share_in_boxes(
        checked,
        values[-count:],
        weights=weights,
        clusters=clusters,
        strata=strata,
        population=population,
        confidence_level=confidence_level,
    )


def check_scale(minimum: int, maximum: int) -> tuple[int, ...]:
    """All answers of a scale, at least two."""
    low = int(check_number("minimum", minimum, whole=True))
    high = int(check_number("maximum", maximum, whole=True))
    if low >= high:
        raise InvalidInputError(f"`minimum` must be less than `maximum`, got {low} and {high}")
    return tuple(range(low, high + 1))


def check_boxes(boxes: int, values: tuple[int, ...]) -> int:
    """How many answers count: some, and not all."""
    return int(check_number("boxes", boxes, minimum=1.0, maximum=len(values) - 1.0, whole=True))


def share_in_boxes(
    checked: Ratings,
    boxes: tuple[int, ...],
    *,
    weights: ArrayLike | None,
    clusters: ArrayLike | None,
    strata: ArrayLike | None,
    population: float | Mapping[Hashable, float] | None,
    confidence_level: float,
) -> TopBox:
    """The share of checked answers that are in some boxes."""
    check_confidence_level(confidence_level)
    inside = np.where(checked.answered, np.isin(checked.values, boxes).astype(np.float64), np.nan)
    answers = sample_of(
        checked, inside, weights=weights, clusters=clusters, strata=strata, population=population
    )
    means = design_means(answers)
    n = float(effective_answers(means, confidence_level)[0])
    share = float(np.clip(means.mean[0], 0.0, 1.0))
    effective_n, effect = sample_effect(means)
    return TopBox(
        score=100.0 * share,
        interval=_interval(share, n, confidence_level),
        standard_error=100.0 * float(share_error(means)[0]),
        boxes=boxes,
        in_boxes=_count(answers),
        n=int(means.n[0]),
        n_missing=checked.n_missing,
        n_invalid=checked.n_invalid,
        effective_n=float(effective_n[0]),
        design_effect=float(effect[0]),
        interval_n=n,
    )


def _count(answers: Answers) -> int:
    return int(answers.n[answers.value > 0].sum())


def _interval(share: float, n: float, confidence_level: float) -> Interval:
    if not np.isfinite(n):
        # Everybody of a finite population answered: nothing is left to be unsure of.
        return Interval(100.0 * share, 100.0 * share, confidence_level)
    lower, upper = wilson_interval(share * n, n, confidence_level=confidence_level)
    return Interval(100.0 * float(lower), 100.0 * float(upper), confidence_level)

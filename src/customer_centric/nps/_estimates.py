"""Shares, scores and intervals of any number of groups at once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np

from customer_centric._methods.survey_design import (
    Answers,
    DesignMeans,
    design_means,
    effective_answers,
)
from customer_centric.intervals.net_share import (
    jeffreys_net_interval,
    tango_interval,
    wald_net_interval,
)
from customer_centric.intervals.normal import normal_quantile
from customer_centric.typing import FloatArray

CountMethod: TypeAlias = Literal["score", "adjusted_wald", "wald", "jeffreys"]
Method: TypeAlias = Literal["score", "adjusted_wald", "wald", "jeffreys", "bootstrap"]
METHODS: tuple[Method, ...] = ("score", "adjusted_wald", "wald", "jeffreys", "bootstrap")
# Promoters, passives and detractors added by the adjusted Wald interval for NPS (Rocks 2016).
ADDED = (0.75, 1.5, 0.75)


@dataclass(frozen=True, slots=True, eq=False)
class NetShares:
    """Shares of the three classes and the net share, by group, as fractions.

    Parameters
    ----------
    promoters, passives, detractors : ndarray of shape (n_groups,)
        Weighted shares that sum to 1; NaN where a group has no answers.
    net : ndarray of shape (n_groups,)
        Promoters less detractors, in [-1, 1].
    lower, upper : ndarray of shape (n_groups,)
        Bounds of the net share; -1 and 1 where a group has no answers.
    standard_error : ndarray of shape (n_groups,)
        Of the net share; NaN where all answers are of one cluster.
    n, effective_n, design_effect : ndarray of shape (n_groups,)
        Answers, those of a simple random sample with the same variance, and the first over the second.
    interval_n : ndarray of shape (n_groups,)
        Answers that the score interval counts: fewer than `effective_n` where the variance itself is
        uncertain.
    """

    promoters: FloatArray
    passives: FloatArray
    detractors: FloatArray
    net: FloatArray
    lower: FloatArray
    upper: FloatArray
    standard_error: FloatArray
    n: FloatArray
    effective_n: FloatArray
    design_effect: FloatArray
    interval_n: FloatArray


def net_shares(answers: Answers, *, method: CountMethod, confidence_level: float) -> NetShares:
    """Estimates by group of answers whose value is 1, 0 or -1."""
    means = design_means(answers)
    total = answers.sums(answers.weight)
    divisor = np.where(total > 0, total, np.nan)
    promoters = answers.sums(answers.weight * (answers.value > 0)) / divisor
    detractors = answers.sums(answers.weight * (answers.value < 0)) / divisor
    passives = answers.sums(answers.weight * (answers.value == 0)) / divisor
    net = promoters - detractors
    standard_error = share_error(means)
    interval_n = effective_answers(means, confidence_level)
    lower, upper = count_interval(promoters, detractors, interval_n, method, confidence_level)
    if method == "wald":
        reach = normal_quantile(confidence_level) * standard_error
        # Answers of one cluster show nothing about others: no reach is known.
        lower, upper = (np.where(np.isnan(reach), side, net + side * reach) for side in (-1.0, 1.0))
    effective_n, design_effect = sample_effect(means)
    return NetShares(
        promoters,
        passives,
        detractors,
        net,
        lower,
        upper,
        standard_error,
        means.n,
        effective_n,
        design_effect,
        interval_n,
    )


def count_interval(
    promoters: FloatArray, detractors: FloatArray, n: FloatArray, method: str, confidence_level: float
) -> tuple[FloatArray, FloatArray]:
    """Bounds of the net share from shares and a number of answers, which may be infinite."""
    known = np.isfinite(n)
    size = np.where(known & (n > 0), n, 0.0)
    p, d = np.nan_to_num(promoters) * size, np.nan_to_num(detractors) * size
    if method == "jeffreys":
        lower, upper = jeffreys_net_interval(p, d, size, confidence_level=confidence_level)
    elif method == "adjusted_wald":
        lower, upper = wald_net_interval(p, d, size, added=ADDED, confidence_level=confidence_level)
    else:
        lower, upper = tango_interval(p, d, size, confidence_level=confidence_level)
    net = promoters - detractors
    # Where everybody of a finite population answered nothing is left to be unsure of.
    return np.where(known, lower, net), np.where(known, upper, net)


def share_error(means: DesignMeans) -> FloatArray:
    """Standard error of a share: without a design the one of textbooks, with n and not n - 1."""
    simple = np.sqrt(means.unsampled * means.spread / np.maximum(means.n, 1.0))
    return np.asarray(np.where(means.simple, simple, np.sqrt(means.variance)))


def sample_effect(means: DesignMeans) -> tuple[FloatArray, FloatArray]:
    """Effective number of answers, and the design effect."""
    with np.errstate(divide="ignore", invalid="ignore"):
        simple = means.spread / (means.n - 1.0)
        effect = np.where(means.variance > 0, means.variance / simple, means.n / means.unit_n)
        effect = np.where(means.simple, means.unsampled, effect)
        return means.n / effect, effect

"""Means of answers that were weighted, clustered or stratified, and how sure they are.

The variance is that of the linearised mean between primary sampling units (clusters, or answers where
there are none), as survey packages compute it. Many groups are done in one pass; answers that are alike
may come counted in one cell.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import stdtrit

from customer_centric._core.tabulate import sum_by
from customer_centric.typing import BoolArray, FloatArray, IntArray


@dataclass(frozen=True, slots=True, eq=False)
class Answers:
    """Answers of one or more groups, one entry an answer or a cell of answers that are alike.

    Parameters
    ----------
    value : ndarray of shape (n_cells,)
        What is averaged.
    n, weight, squared_weight : ndarray of shape (n_cells,)
        Answers in the cell, and the sums of their weights and of the squares of these.
    group : ndarray of shape (n_cells,)
        Code of the group, from 0.
    n_groups : int
        Number of groups; some may have no answers.
    cluster : ndarray of shape (n_cells,) or None
        Code of the cluster, from 0; None where each answer stands for itself. A cluster that has answers
        in two groups is a unit of each.
    stratum : ndarray of shape (n_cells,) or None
        Code of the stratum, from 0.
    population : ndarray of shape (n_strata,) or None
        Units in each stratum of a finite population; infinite where it is not finite.
    """

    value: FloatArray
    n: FloatArray
    weight: FloatArray
    squared_weight: FloatArray
    group: IntArray
    n_groups: int
    cluster: IntArray | None = None
    stratum: IntArray | None = None
    population: FloatArray | None = None

    def sums(self, per_cell: FloatArray) -> FloatArray:
        """Sums by group of a number for each cell."""
        return sum_by(self.group, per_cell, self.n_groups)


@dataclass(frozen=True, slots=True, eq=False)
class DesignMeans:
    """Weighted means by group, with the variance that the design gives them.

    Parameters
    ----------
    mean : ndarray of shape (n_groups,)
        Weighted mean; NaN where there are no answers.
    spread : ndarray of shape (n_groups,)
        Weighted variance of the answers, from 0 to a quarter of the squared range.
    n, n_units : ndarray of shape (n_groups,)
        Answers, and primary sampling units.
    variance : ndarray of shape (n_groups,)
        Linearised variance of the mean; NaN where one unit shows no spread between units.
    degrees_of_freedom : ndarray of shape (n_groups,)
        Units less strata.
    weighted_n, unit_n : ndarray of shape (n_groups,)
        Kish's effective number of answers, and of units: what unequal weights leave of them.
    unit_degrees_of_freedom : ndarray of shape (n_groups,)
        Effective units less strata.
    unsampled : ndarray of shape (n_groups,)
        What a finite population leaves of the variance: 0 where everybody answered, 1 without one.
    simple : ndarray of shape (n_groups,)
        Whether weights are equal and units are answers: a simple random sample.
    """

    mean: FloatArray
    spread: FloatArray
    n: FloatArray
    n_units: FloatArray
    variance: FloatArray
    degrees_of_freedom: FloatArray
    weighted_n: FloatArray
    unit_n: FloatArray
    unit_degrees_of_freedom: FloatArray
    unsampled: FloatArray
    simple: BoolArray


def design_means(answers: Answers) -> DesignMeans:
    """Means by group, with the variance between their units."""
    n, total = answers.sums(answers.n), answers.sums(answers.weight)
    some = total > 0
    divisor = np.where(some, total, 1.0)
    mean = np.where(some, answers.sums(answers.weight * answers.value) / divisor, np.nan)
    away = answers.value - mean[answers.group]
    spread = np.where(some, answers.sums(answers.weight * away**2) / divisor, np.nan)
    n_units, u, u_squared, share_squared = _unit_sums(answers, away, divisor[answers.group])
    with np.errstate(divide="ignore", invalid="ignore"):
        between = n_units / (n_units - 1.0) * np.maximum(u_squared - u**2 / n_units, 0.0)
    between = np.where(n_units > 1, between, 0.0)
    unsampled = _unsampled(answers, n_units)
    free = between.sum(axis=1)
    variance = (between * unsampled).sum(axis=1)
    all_units, n_strata = n_units.sum(axis=1), (n_units > 0).sum(axis=1)
    squared = answers.sums(answers.squared_weight)
    weighted_n = _inverse(squared / divisor**2)
    unit_n = _inverse(share_squared.sum(axis=1))
    even = np.abs(squared * n - total**2) <= 1e-9 * total**2
    return DesignMeans(
        mean=mean,
        spread=spread,
        n=n,
        n_units=all_units,
        variance=np.where((n_units == 1).any(axis=1), np.nan, variance),
        degrees_of_freedom=all_units - n_strata,
        weighted_n=weighted_n,
        unit_n=unit_n,
        unit_degrees_of_freedom=unit_n - n_strata,
        unsampled=np.divide(variance, free, out=_mean_unsampled(n_units, unsampled), where=free > 0),
        simple=even & (all_units == n) & (n_strata <= 1),
    )


def effective_answers(means: DesignMeans, confidence_level: float) -> FloatArray:
    r"""Answers of a simple random sample that would tell as much, for a score interval.

    With \(V\) the variance of the mean, \(s^2\) the spread of \(n\) answers, \(t_k\) the quantile of the
    t-distribution with \(k\) degrees of freedom, \(m\) Kish's effective number of units, \(h\) the number
    of strata and \(n_w\) Kish's effective number of answers,

    \[ n^* = \min\!\left(n_w,\; \frac{s^2}{V}\,\frac{n}{n - 1}\,
       \Bigl(\frac{t_{n-1}}{t_{m-h}}\Bigr)^2\right) , \]

    which is \(n\) for equal weights and no clusters. Where units do not differ at all, or there is only
    one, \(n^* = m\). A finite population divides it by the part of the variance that is left.
    """
    n = means.n
    with np.errstate(divide="ignore", invalid="ignore"):
        free = means.variance / means.unsampled
        simple_t = _t_quantile(n - 1.0, confidence_level)
        ratio = simple_t / _t_quantile(means.unit_degrees_of_freedom, confidence_level)
        adjusted = means.spread / free * n / (n - 1.0) * ratio**2
        sampled = np.where(free > 0, np.minimum(adjusted, means.weighted_n), means.unit_n)
        return np.asarray(np.where(means.simple, n, sampled) / means.unsampled)


def _t_quantile(degrees_of_freedom: FloatArray, confidence_level: float) -> FloatArray:
    free = np.maximum(degrees_of_freedom, 1.0)
    return np.asarray(-stdtrit(free, 0.5 * (1.0 - confidence_level)), dtype=np.float64)


def _unit_sums(
    answers: Answers, away: FloatArray, divisor: FloatArray
) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
    """By group and stratum: units, and sums of deviations, of their squares, and of squared shares."""
    n_strata = 1 if answers.stratum is None else int(answers.stratum.max(initial=0)) + 1
    # The last strata of a population may have no answers here.
    n_strata = n_strata if answers.population is None else max(n_strata, answers.population.size)
    pair = answers.group * n_strata + (0 if answers.stratum is None else answers.stratum)
    share = answers.weight / divisor
    if answers.cluster is None:
        squared_share = answers.squared_weight / divisor**2
        parts = (answers.n, share * away, squared_share * away**2, squared_share)
    else:
        n_clusters = int(answers.cluster.max(initial=0)) + 1
        units, unit = np.unique(pair * n_clusters + answers.cluster, return_inverse=True)
        pair = units // n_clusters
        deviation = sum_by(unit, share * away, units.size)
        unit_share = sum_by(unit, share, units.size)
        parts = (np.ones(units.size), deviation, deviation**2, unit_share**2)
    shape = (answers.n_groups, n_strata)
    n_units, u, u_squared, share_squared = (
        sum_by(pair, part, answers.n_groups * n_strata).reshape(shape) for part in parts
    )
    return n_units, u, u_squared, share_squared


def _inverse(values: FloatArray) -> FloatArray:
    """One over each value; 0 for 0."""
    return np.where(values > 0, 1.0 / np.where(values > 0, values, 1.0), 0.0)


def _unsampled(answers: Answers, n_units: FloatArray) -> FloatArray:
    if answers.population is None:
        return np.ones_like(n_units)
    return 1.0 - n_units / answers.population


def _mean_unsampled(n_units: FloatArray, unsampled: FloatArray) -> FloatArray:
    total = n_units.sum(axis=1)
    weighted = (n_units * unsampled).sum(axis=1)
    mean: FloatArray = np.ones_like(total)
    np.divide(weighted, total, out=mean, where=total > 0)
    return mean

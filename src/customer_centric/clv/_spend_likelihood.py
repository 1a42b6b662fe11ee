"""The likelihood of the Gamma-Gamma model, row by row, with its derivatives."""

from __future__ import annotations

from typing import Final

import numpy as np

from customer_centric._core.likelihood import Score
from customer_centric._core.special import digamma_rise, log_beta, trigamma, trigamma_rise
from customer_centric.clv.counts import SpendCounts
from customer_centric.typing import FloatArray

_CHUNK: Final = 8192


def log_density(p: float, q: float, gamma: float, x: FloatArray, mean_spend: FloatArray) -> FloatArray:
    """Log density of the mean of x purchases."""
    total = x * mean_spend
    return np.asarray(
        -log_beta(p * x, q)
        - q * np.log1p(total / gamma)
        - p * x * np.log1p(gamma / total)
        - np.log(mean_spend)
    )


def score(parameters: FloatArray, counts: SpendCounts, stride: int) -> Score:
    """Log-likelihood of every `stride`-th customer, with derivatives by (p, q, gamma)."""
    columns = (counts.frequency, counts.mean_spend, counts.weight)
    x, mean_spend, weight = (column[::stride] for column in columns)
    total = _score_of_frequencies(parameters, x, weight)
    for first in range(0, x.size, _CHUNK):
        rows = slice(first, first + _CHUNK)
        total += _score_of_spend(parameters, x[rows], mean_spend[rows], weight[rows])
    return total


def _score_of_frequencies(parameters: FloatArray, x: FloatArray, weight: FloatArray) -> Score:
    """The part of the likelihood that depends on frequency alone, once for each run of one frequency."""
    p, q, _ = parameters.tolist()
    first = np.flatnonzero(np.diff(x, prepend=-1.0))
    x, w = x[first], np.add.reduceat(weight, first)
    of_sum = trigamma(p * x + q)
    gradient = np.array([w @ (x * digamma_rise(p * x, q)), w @ digamma_rise(q, p * x), 0.0])
    hessian = np.zeros((3, 3))
    hessian[0, 0] = w @ (x**2 * trigamma_rise(p * x, q))
    hessian[0, 1] = hessian[1, 0] = w @ (x * of_sum)
    hessian[1, 1] = w @ trigamma_rise(q, p * x)
    return Score(-float(w @ log_beta(p * x, q)), gradient, hessian)


def _score_of_spend(
    parameters: FloatArray, x: FloatArray, mean_spend: FloatArray, weight: FloatArray
) -> Score:
    """The part that depends on spend: two logarithms a row, each exact where it is small."""
    p, q, gamma = parameters.tolist()
    total = x * mean_spend
    above, below = np.log1p(total / gamma), np.log1p(gamma / total)
    share = 1 / (gamma + total)
    w_x = weight * x
    of_purchases, of_customers = w_x @ below, weight @ above
    cross = weight @ (total * share) / gamma
    gradient = np.array([-of_purchases, -of_customers, q * cross - p * (w_x @ share)])
    hessian = np.zeros((3, 3))
    hessian[0, 2] = hessian[2, 0] = -(w_x @ share)
    hessian[1, 2] = hessian[2, 1] = cross
    hessian[2, 2] = weight @ ((p * x - q * total * (2 * gamma + total) / gamma**2) * share**2)
    value = -q * of_customers - p * of_purchases - weight @ np.log(mean_spend)
    return Score(float(value), gradient, hessian)

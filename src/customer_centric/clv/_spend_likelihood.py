"""The likelihood of the Gamma-Gamma model, row by row, with its derivatives."""

from __future__ import annotations

import numpy as np
from scipy.special import betaln

from customer_centric._core.likelihood import Score
from customer_centric._core.special import digamma_rise, trigamma, trigamma_rise
from customer_centric.clv.counts import SpendCounts
from customer_centric.typing import FloatArray


def log_density(p: float, q: float, gamma: float, x: FloatArray, mean_spend: FloatArray) -> FloatArray:
    """Log density of the mean of x purchases."""
    total = x * mean_spend
    return np.asarray(
        -betaln(p * x, q) - q * np.log1p(total / gamma) - p * x * np.log1p(gamma / total) - np.log(mean_spend)
    )


def gradient_rows(
    p: float, q: float, gamma: float, x: FloatArray, mean_spend: FloatArray
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Derivatives of the log density of each row by p, q and gamma."""
    total = x * mean_spend
    by_p = x * (digamma_rise(p * x, q) - np.log1p(gamma / total))
    by_q = digamma_rise(q, p * x) - np.log1p(total / gamma)
    by_gamma = (q * total - p * x * gamma) / (gamma * (gamma + total))
    return by_p, by_q, by_gamma


def score(parameters: FloatArray, counts: SpendCounts, stride: int) -> Score:
    """Log-likelihood of every `stride`-th customer, with derivatives by (p, q, gamma)."""
    p, q, gamma = parameters
    x, mean_spend, w = (column[::stride] for column in (counts.frequency, counts.mean_spend, counts.weight))
    total, shape = x * mean_spend, p * x + q
    gradient = np.array([w @ row for row in gradient_rows(p, q, gamma, x, mean_spend)])
    share = 1 / (gamma + total)
    pp = w @ (x**2 * trigamma_rise(p * x, q))
    pq = w @ (x * trigamma(shape))
    qq = w @ trigamma_rise(q, p * x)
    pg = -(w @ (x * share))
    qg = w @ (total * share) / gamma
    gg = w @ (shape * share**2) - w.sum() * q / gamma**2
    hessian = np.array([[pp, pq, pg], [pq, qq, qg], [pg, qg, gg]])
    return Score(float(w @ log_density(p, q, gamma, x, mean_spend)), gradient, hessian)

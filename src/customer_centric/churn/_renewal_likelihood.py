"""Log-likelihood of renewals with its derivatives: beta-distributed churn, changing with tenure or not.

A customer with churn probability theta survives `t` renewals with probability (1 - theta)^u, u = t^shape;
over customers that is B(alpha, beta + u) / B(alpha, beta).
"""

from __future__ import annotations

from typing import Final

import numpy as np

from customer_centric._core.likelihood import Score
from customer_centric._core.special import digamma_rise, log_rising, trigamma_rise
from customer_centric.churn.renewals import RenewalCounts
from customer_centric.typing import FloatArray

# A power of a tenure, beyond which nobody is left.
_MOST: Final = 1e300


def log_survival(
    alpha: FloatArray | float, beta: FloatArray | float, shape: FloatArray | float, tenure: FloatArray
) -> FloatArray:
    """Log of the share of a cohort that is left after so many renewals; broadcast."""
    with np.errstate(over="ignore"):
        u = np.minimum(tenure**shape, _MOST)
    return _log_share(alpha, beta, u)


def _log_share(alpha: FloatArray | float, beta: FloatArray | float, u: FloatArray) -> FloatArray:
    """Log of B(alpha, beta + u) / B(alpha, beta), by rises of the smaller of alpha and u.

    A rise by a large number is large itself, and the difference of two of them has lost its digits.
    """
    rises = log_rising(beta, u) - log_rising(alpha + beta, u)
    return np.where(u > alpha, log_rising(beta, alpha) - log_rising(beta + u, alpha), rises)


def score(parameters: FloatArray, counts: RenewalCounts) -> Score:
    """Log-likelihood with derivatives by (alpha, beta) or (alpha, beta, shape)."""
    stay = _Survival(parameters, counts.tenure)
    entry = _Survival(parameters, counts.entry_tenure)
    before = _Survival(parameters, np.where(counts.lost, counts.tenure - 1.0, counts.tenure))
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        # ln(S(t - 1) - S(t)) = ln S(t - 1) + ln(1 - e^step), without the difference of close numbers.
        step = np.where(counts.lost, stay.value - before.value, -1.0)
        log_loss = np.where(counts.lost, _log1mexp(step), 0.0)
        first = np.where(counts.lost, -1.0 / np.expm1(-step), 0.0)
        second = np.where(counts.lost, -np.exp(step) / np.expm1(step) ** 2, 0.0)
    weight = counts.weight
    move = stay.gradient - before.gradient
    gradient = before.gradient + first * move - entry.gradient
    hessian = before.hessian + first * (stay.hessian - before.hessian) - entry.hessian
    hessian = hessian + second * move[:, None] * move[None, :]
    return Score(float(weight @ (before.value + log_loss - entry.value)), gradient @ weight, hessian @ weight)


def _log1mexp(x: FloatArray) -> FloatArray:
    """ln(1 - e^x) for x < 0."""
    return np.where(x > -np.log(2.0), np.log(-np.expm1(x)), np.log1p(-np.exp(x)))


class _Survival:
    """ln S with its derivatives, each with the rows last."""

    def __init__(self, parameters: FloatArray, tenure: FloatArray) -> None:
        alpha, beta = float(parameters[0]), float(parameters[1])
        shape = float(parameters[2]) if parameters.size > 2 else 1.0
        u = tenure**shape
        total = alpha + beta
        self.value = _log_share(alpha, beta, u)
        slope_beta, slope_total = digamma_rise(beta, u), digamma_rise(total, u)
        bend_beta, bend_total = trigamma_rise(beta, u), trigamma_rise(total, u)
        rows = [[-slope_total], [slope_beta - slope_total]]
        block = [[-bend_total, -bend_total], [-bend_total, bend_beta - bend_total]]
        if parameters.size > 2:
            rows, block = self._with_shape(beta, total, u, tenure, rows, block)
        self.gradient = np.array([row[0] for row in rows])
        self.hessian = np.array(block)

    @staticmethod
    def _with_shape(
        beta: float,
        total: float,
        u: FloatArray,
        tenure: FloatArray,
        rows: list[list[FloatArray]],
        block: list[list[FloatArray]],
    ) -> tuple[list[list[FloatArray]], list[list[FloatArray]]]:
        from scipy.special import digamma, polygamma

        log_t = np.log(np.where(tenure > 0, tenure, 1.0))
        by_u = np.asarray(digamma(beta + u) - digamma(total + u))
        trigamma_beta, trigamma_total = polygamma(1, beta + u), polygamma(1, total + u)
        du = u * log_t
        by_alpha = -trigamma_total * du
        by_beta = (trigamma_beta - trigamma_total) * du
        by_shape = (trigamma_beta - trigamma_total) * du**2 + by_u * du * log_t
        return (
            [*rows, [by_u * du]],
            [[*block[0], by_alpha], [*block[1], by_beta], [by_alpha, by_beta, by_shape]],
        )

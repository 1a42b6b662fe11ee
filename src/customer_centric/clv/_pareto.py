r"""The kernel of the Pareto/NBD and the derivatives of its likelihood.

Letters as in the paper: \(x, t_x, T\) history; \(r, \alpha\) purchase rate; \(s, \beta\) dropout rate. Given
the history and alive, \(\lambda \sim \mathrm{Gamma}(r + x, \alpha + T)\) and
\(\mu \sim \mathrm{Gamma}(s, \beta + T)\).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from customer_centric._core.likelihood import Score
from customer_centric._core.special import (
    digamma_rise,
    log_beta,
    log_negative_binomial,
    log_rising,
    trigamma_rise,
)
from customer_centric.clv import _death_time
from customer_centric.clv._counted import part_of
from customer_centric.clv.counts import HistoryCounts
from customer_centric.typing import FloatArray


@dataclass(frozen=True, slots=True)
class Pareto:
    """What the Pareto/NBD knows of a customer."""

    integrates_death: ClassVar[bool] = True

    r: float
    alpha: float
    s: float
    beta: float

    def log_odds_alive(self, x: FloatArray, t_x: FloatArray, age: FloatArray) -> FloatArray:
        """Log odds of being alive at the end of observation; inf where the last purchase was just then."""
        log_alive, log_dead = self._alternatives(x, t_x, age)
        return log_alive - log_dead

    def log_likelihood(self, x: FloatArray, t_x: FloatArray, age: FloatArray) -> FloatArray:
        """K + logaddexp(A, D), with A and D relative to the time of the last purchase."""
        log_k = (
            log_rising(self.r, x)
            - self.r * np.log1p(t_x / self.alpha)
            - x * np.log(self.alpha + t_x)
            - self.s * np.log1p(t_x / self.beta)
        )
        return log_k + np.logaddexp(*self._alternatives(x, t_x, age))

    def survival(self, x: FloatArray, age: FloatArray, horizon: float) -> FloatArray:
        """Alive at the end of the horizon, given alive at its start."""
        if horizon == np.inf:
            return np.zeros(x.shape)
        return np.exp(-self.s * np.log1p(horizon / (self.beta + age)))

    def purchases(self, x: FloatArray, age: FloatArray, horizon: float, delta: float) -> FloatArray:
        """Expected discounted purchases in the horizon, given alive at its start."""
        s, big_n = np.full(x.shape, self.s), self.beta + age
        integral = _death_time.discount_integral(s, big_n, horizon, delta, pairs=False)
        return (self.r + x) / (self.alpha + age) * integral

    def pairs(self, x: FloatArray, age: FloatArray, horizon: float, delta: float) -> FloatArray:
        """Expected ordered pairs of different purchases, both discounted, given alive at the start."""
        shape, rate, big_n = self.r + x, self.alpha + age, self.beta + age
        square = shape / rate * (shape + 1) / rate
        if delta == 0 and horizon == np.inf:
            if self.s <= 2:
                return np.full(x.shape, np.inf)
            return 2 * square * big_n**2 / ((self.s - 1) * (self.s - 2))
        s = np.full(x.shape, self.s)
        return square * _death_time.discount_integral(s, big_n, horizon, delta, pairs=True)

    def pmf(self, n: FloatArray, x: FloatArray, age: FloatArray, horizon: float) -> FloatArray:
        """Exactly n purchases: alive to the end, or dead after the n-th and before the next."""
        shape, rate, big_n = self.r + x, self.alpha + age, self.beta + age
        through = np.exp(log_negative_binomial(n, shape, horizon / rate) - self.s * np.log1p(horizon / big_n))
        s = np.full(x.shape, self.s)
        log_time = _death_time.log_arrival(n, shape, s, rate, big_n, horizon, extra=1)
        log_ways = np.where(n >= 1, -np.log(np.maximum(n, 1.0)) - log_beta(np.maximum(n, 1.0), shape), 0.0)
        return through + self.s / big_n * np.exp(log_ways + log_time)

    def tail(self, n: FloatArray, x: FloatArray, age: FloatArray, horizon: float) -> FloatArray:
        """At least n >= 1 purchases: the n-th came in time, and alive."""
        shape, s = self.r + x, np.full(x.shape, self.s)
        log_time = _death_time.log_arrival(n, shape, s, self.alpha + age, self.beta + age, horizon, extra=0)
        return np.minimum(np.exp(log_time - log_beta(n, shape)), 1.0)

    def _alternatives(self, x: FloatArray, t_x: FloatArray, age: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Log weights of being alive at the end, and of having died since the last purchase."""
        shape, s = self.r + x, np.full(x.shape, self.s)
        alpha, beta, span = self.alpha + t_x, self.beta + t_x, age - t_x
        log_alive = -shape * np.log1p(span / alpha) - s * np.log1p(span / beta)
        return log_alive, _death_time.log_death(shape, s, alpha, beta, span)


def score(parameters: FloatArray, counts: HistoryCounts, stride: int) -> Score:
    """Log-likelihood of about every `stride`-th history, with derivatives by (r, alpha, s, beta)."""
    x, t_x, age, weight = part_of(counts, stride)
    r, alpha, s, beta = parameters
    total = _score_of_frequencies(parameters, x, weight)
    shape, ones = r + x, np.ones(x.shape)
    for rows, y, node_weight in _death_time.death_panels(shape, s * ones, alpha + t_x, beta + t_x, age - t_x):
        total += _score_of_times(parameters, x[rows], t_x[rows], age[rows], weight[rows], y, node_weight)
    return total


def _score_of_frequencies(parameters: FloatArray, x: FloatArray, weight: FloatArray) -> Score:
    """The part of the likelihood that depends on frequency alone, once for each frequency."""
    r, alpha = parameters[:2].tolist()
    first = np.flatnonzero(np.diff(x, prepend=-1.0))
    x, w = x[first], np.add.reduceat(weight, first)
    gradient, hessian = np.zeros(4), np.zeros((4, 4))
    gradient[0] = w @ digamma_rise(r, x)
    hessian[0, 0] = w @ trigamma_rise(r, x)
    return Score(float(w @ log_rising(r, x) - (w @ x) * np.log(alpha)), gradient, hessian)


def _score_of_times(
    parameters: FloatArray,
    x: FloatArray,
    t_x: FloatArray,
    age: FloatArray,
    weight: FloatArray,
    y: FloatArray,
    node_weight: FloatArray,
) -> Score:
    r"""The part logaddexp(A, D): the end of observation is one more node beside those of the death time.

    By Fisher's identity the gradient is the mean, and by Louis' formula the Hessian the mean plus the
    covariance, of the complete-data derivatives over the posterior of the time \(\tau\) until which the
    customer was alive. Times are relative to alpha and beta, and differences of large numbers are taken
    on paper, so that the derivatives keep their digits where parameters run to infinity together.
    """
    r, alpha, s, beta = parameters.tolist()
    shape = (r + x)[:, None]
    until = np.concatenate([t_x[:, None] + y, age[:, None]], axis=1)
    log_a, log_b = np.log1p(until / alpha), np.log1p(until / beta)
    by_a, by_b = 1 / (alpha + until), 1 / (beta + until)
    died = np.ones(until.shape[1])
    died[-1] = 0.0
    # The joint density falls with time, so it is relative to the first node: nothing overflows.
    log_joint = -shape * log_a - s * log_b
    peak = log_joint[:, 0].copy()
    posterior = np.exp(log_joint - peak[:, None])
    posterior[:, :-1] *= node_weight * (s * by_b[:, :-1])
    total = posterior.sum(axis=1)
    posterior *= (weight / total)[:, None]
    slopes = np.stack(
        [
            -log_a,
            (r * until - x[:, None] * alpha) * by_a / alpha,
            died / s - log_b,
            (s * until - died * beta) * by_b / beta,
        ]
    )
    weighted = slopes * posterior
    means = weighted.sum(axis=2)
    hessian = weighted.reshape(4, -1) @ slopes.reshape(4, -1).T - (means / weight) @ means.T
    hessian[:2, :2] += _curvature(posterior, until, by_a, r, alpha, x[:, None])
    hessian[2:, 2:] += _curvature(posterior, until, by_b, s, beta, died)
    hessian[2, 2] -= posterior[:, :-1].sum() / s**2
    return Score(float(weight @ (np.log(total) + peak)), means.sum(axis=1), hessian)


def _curvature(
    posterior: FloatArray, until: FloatArray, by: FloatArray, shape: float, rate: float, events: FloatArray
) -> FloatArray:
    r"""Mean second derivatives of \(k \ln m - (k + n) \ln(m + \tau)\) by k and m, n the events."""
    share = posterior * by
    cross = np.einsum("ij,ij->", share, until) / rate
    bend = (events - until * (until * (shape / rate**2) + 2 * shape / rate)) * by
    return np.array([[0.0, cross], [cross, np.einsum("ij,ij->", share, bend)]])

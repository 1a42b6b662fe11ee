r"""The kernel of the NBD: purchases at a gamma-mixed rate, for ever."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from scipy.special import betainc

from customer_centric._core.likelihood import Score
from customer_centric._core.special import (
    digamma_rise,
    exponential_average,
    log_negative_binomial,
    log_rising,
    trigamma_rise,
)
from customer_centric.clv._counted import part_of
from customer_centric.clv.counts import HistoryCounts
from customer_centric.typing import FloatArray


@dataclass(frozen=True, slots=True)
class GammaPoisson:
    """What the NBD knows of a customer."""

    integrates_death: ClassVar[bool] = False

    r: float
    alpha: float

    def log_odds_alive(self, x: FloatArray, t_x: FloatArray, age: FloatArray) -> FloatArray:
        """Nobody dies."""
        return np.full(x.shape, np.inf)

    def log_likelihood(self, x: FloatArray, t_x: FloatArray, age: FloatArray) -> FloatArray:
        """Log-likelihood; recency carries no information."""
        return log_rising(self.r, x) - self.r * np.log1p(age / self.alpha) - x * np.log(self.alpha + age)

    def survival(self, x: FloatArray, age: FloatArray, horizon: float) -> FloatArray:
        """Nobody dies."""
        return np.ones(x.shape)

    def purchases(self, x: FloatArray, age: FloatArray, horizon: float, delta: float) -> FloatArray:
        """Expected discounted purchases in the horizon."""
        return (self.r + x) / (self.alpha + age) * _discounted_time(horizon, delta)

    def pairs(self, x: FloatArray, age: FloatArray, horizon: float, delta: float) -> FloatArray:
        """Expected ordered pairs of different purchases, both discounted."""
        shape, rate = self.r + x, self.alpha + age
        return shape / rate * (shape + 1) / rate * np.float64(_discounted_time(horizon, delta)) ** 2

    def pmf(self, n: FloatArray, x: FloatArray, age: FloatArray, horizon: float) -> FloatArray:
        """Exactly n purchases."""
        return np.exp(log_negative_binomial(n, self.r + x, horizon / (self.alpha + age)))

    def tail(self, n: FloatArray, x: FloatArray, age: FloatArray, horizon: float) -> FloatArray:
        """At least n >= 1 purchases."""
        return np.asarray(betainc(n, self.r + x, horizon / (self.alpha + age + horizon)), dtype=np.float64)


def _discounted_time(horizon: float, delta: float) -> float:
    """Length of the horizon, later parts counting less."""
    if horizon == np.inf:
        return 1 / delta if delta > 0 else np.inf
    return horizon * float(exponential_average(np.asarray(delta * horizon)))


def score(parameters: FloatArray, counts: HistoryCounts, stride: int) -> Score:
    """Log-likelihood of about every `stride`-th history, with derivatives by (r, alpha)."""
    r, alpha = parameters.tolist()
    x, _, age, w = part_of(counts, stride)
    at_end, log_growth = 1 / (alpha + age), np.log1p(age / alpha)
    # What depends on frequency alone is worked out once for each run of one frequency.
    first = np.flatnonzero(np.diff(x, prepend=-1.0))
    x_run, w_run = x[first], np.add.reduceat(w, first)
    value = w_run @ log_rising(r, x_run) - w @ (r * log_growth + x * np.log(alpha + age))
    by_r = w_run @ digamma_rise(r, x_run) - w @ log_growth
    by_alpha = w @ ((r * age - x * alpha) * at_end) / alpha
    cross = w @ (age * at_end) / alpha
    bend = w @ ((x - r * age * (2 * alpha + age) / alpha**2) * at_end**2)
    hessian = np.array([[w_run @ trigamma_rise(r, x_run), cross], [cross, bend]])
    return Score(float(value), np.array([by_r, by_alpha]), hessian)

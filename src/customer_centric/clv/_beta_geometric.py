r"""What BG/NBD and MBG/NBD share: dropout at purchases, with a beta-distributed probability.

Letters as in the papers: \(x, t_x, T\) history; \(r, \alpha\) purchase rate; \(a, b\) dropout; `z` is 0 for
BG (nobody leaves before a repeat purchase) and 1 for MBG (a customer may leave at the first purchase). Given
the history and alive, \(\lambda \sim \mathrm{Gamma}(r + x, \alpha + T)\) and
\(p \sim \mathrm{Beta}(a, b + x + z)\).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Final

import numpy as np
from scipy.special import betainc, expit

from customer_centric._core.likelihood import Score
from customer_centric._core.special import digamma_rise, log_negative_binomial, log_rising, trigamma_rise
from customer_centric.clv import _beta_mixture
from customer_centric.clv._counted import part_of
from customer_centric.clv.counts import HistoryCounts
from customer_centric.typing import FloatArray

_CHUNK: Final = 8192


@dataclass(frozen=True, slots=True)
class BetaGeometric:
    """The kernel of BG/NBD (`z` 0) and MBG/NBD (`z` 1)."""

    integrates_death: ClassVar[bool] = False

    r: float
    alpha: float
    a: float
    b: float
    z: int

    def log_odds_alive(self, x: FloatArray, t_x: FloatArray, age: FloatArray) -> FloatArray:
        """Log odds of being alive at the end of observation; inf where leaving was impossible."""
        mortal = x + self.z > 0
        trials = np.where(mortal, self.b + (x - 1 + self.z), 1.0)
        log_odds = np.log(trials / self.a) - (self.r + x) * np.log1p((age - t_x) / (self.alpha + t_x))
        return np.where(mortal, log_odds, np.inf)

    def log_likelihood(self, x: FloatArray, t_x: FloatArray, age: FloatArray) -> FloatArray:
        """K + logaddexp(A, D), with A and D relative to the time of the last purchase."""
        log_alive = -(self.r + x) * np.log1p((age - t_x) / (self.alpha + t_x))
        log_k = (
            log_rising(self.r, x)
            - self.r * np.log1p(t_x / self.alpha)
            - x * np.log(self.alpha + t_x)
            + (log_rising(self.b, x + self.z) - log_rising(self.a + self.b, x + self.z))
        )
        return log_k + log_alive + np.logaddexp(0.0, -self.log_odds_alive(x, t_x, age))

    def survival(self, x: FloatArray, age: FloatArray, horizon: float) -> FloatArray:
        """Alive at the end of the horizon, given alive at its start."""
        if horizon == np.inf:
            return np.zeros(x.shape)
        return _beta_mixture.survival(*self._posterior(x), self.r + x, horizon / (self.alpha + age))

    def purchases(self, x: FloatArray, age: FloatArray, horizon: float, delta: float) -> FloatArray:
        """Expected discounted purchases in the horizon, given alive at its start."""
        a, b = self._posterior(x)
        shape, rate = self.r + x, self.alpha + age
        if delta > 0:
            integral = _beta_mixture.discount_integral(
                a, b, shape + 1, horizon / rate, delta * rate, pairs=False
            )
            return shape * integral
        if horizon < np.inf:
            return _beta_mixture.purchases(a, b, shape, horizon / rate)
        return (a + b - 1) / (self.a - 1) if self.a > 1 else np.full(x.shape, np.inf)

    def pairs(self, x: FloatArray, age: FloatArray, horizon: float, delta: float) -> FloatArray:
        """Expected ordered pairs of different purchases, both discounted, given alive at the start."""
        a, b = self._posterior(x)
        shape, rate = self.r + x, self.alpha + age
        if delta == 0 and horizon == np.inf:
            if self.a <= 2:
                return np.full(x.shape, np.inf)
            return 2 * b * (a + b - 1) / ((a - 1) * (a - 2))
        integral = _beta_mixture.discount_integral(
            a, b + 1, shape + 2, horizon / rate, delta * rate, pairs=True
        )
        return shape * (shape + 1) * b / (a + b) * integral

    def pmf(self, n: FloatArray, x: FloatArray, age: FloatArray, horizon: float) -> FloatArray:
        """Exactly n purchases: all survived, or the n-th was the last."""
        a, b = self._posterior(x)
        shape, rate = self.r + x, self.alpha + age
        survived = np.exp(
            log_rising(b, n) - log_rising(a + b, n) + log_negative_binomial(n, shape, horizon / rate)
        )
        before = np.maximum(n, 1.0) - 1
        last = a / (a + b + before) * np.exp(log_rising(b, before) - log_rising(a + b, before))
        last = np.where(n >= 1, last * betainc(before + 1, shape, horizon / (rate + horizon)), 0.0)
        return np.asarray(survived + last, dtype=np.float64)

    def tail(self, n: FloatArray, x: FloatArray, age: FloatArray, horizon: float) -> FloatArray:
        """At least n >= 1 purchases: the first n - 1 were survived, and time was enough for n."""
        a, b = self._posterior(x)
        survived = np.exp(log_rising(b, n - 1) - log_rising(a + b, n - 1))
        in_time = betainc(n, self.r + x, horizon / (self.alpha + age + horizon))
        return np.asarray(survived * in_time, dtype=np.float64)

    def _posterior(self, x: FloatArray) -> tuple[FloatArray, FloatArray]:
        return np.full(x.shape, self.a), self.b + x + self.z


def score(parameters: FloatArray, counts: HistoryCounts, stride: int, *, z: int) -> Score:
    """Log-likelihood of about every `stride`-th history, with derivatives by (r, alpha, a, b)."""
    x, t_x, age, weight = part_of(counts, stride)
    total = _score_of_frequencies(parameters, x, weight, z)
    for first in range(0, x.size, _CHUNK):
        rows = slice(first, first + _CHUNK)
        total += _score_of_times(parameters, x[rows], t_x[rows], age[rows], weight[rows], z)
    return total


def _score_of_frequencies(parameters: FloatArray, x: FloatArray, weight: FloatArray, z: int) -> Score:
    """The part of the likelihood that depends on frequency alone, once for each frequency."""
    r, alpha, a, b = parameters.tolist()
    first = np.flatnonzero(np.diff(x, prepend=-1.0))
    x, w = x[first], np.add.reduceat(weight, first)
    n = x + z
    of_sum = w @ digamma_rise(a + b, n)
    gradient = np.array([w @ digamma_rise(r, x), 0.0, -of_sum, w @ digamma_rise(b, n) - of_sum])
    hessian = np.zeros((4, 4))
    hessian[0, 0] = w @ trigamma_rise(r, x)
    hessian[2:, 2:] = -(w @ trigamma_rise(a + b, n))
    hessian[3, 3] += w @ trigamma_rise(b, n)
    value = w @ (log_rising(r, x) + log_rising(b, n) - log_rising(a + b, n))
    return Score(float(value - (w @ x) * np.log(alpha)), gradient, hessian)


def _score_of_times(
    parameters: FloatArray, x: FloatArray, t_x: FloatArray, age: FloatArray, weight: FloatArray, z: int
) -> Score:
    """The part logaddexp(A, D), by Fisher's identity and Louis' formula for the latent death.

    Times are relative to alpha, and differences of large numbers are taken on paper, so that the
    derivatives keep their digits where r and alpha run to infinity together.
    """
    r, alpha, a, b = parameters.tolist()
    shape = r + x
    log_last, log_end = np.log1p(t_x / alpha), np.log1p(age / alpha)
    at_last, at_end = 1 / (alpha + t_x), 1 / (alpha + age)
    mortal = x + z > 0
    trials = np.where(mortal, b + (x - 1 + z), 1.0)
    log_odds = np.where(mortal, np.log(trials / a) - shape * (log_end - log_last), np.inf)
    alive, dead = expit(log_odds), expit(-log_odds)
    value = weight @ (-shape * log_end + np.logaddexp(0.0, -log_odds))
    w_alive, w_dead = weight * alive, weight * dead
    contrast = np.stack(
        [log_last - log_end, shape * (t_x - age) * -at_last * at_end, np.full(x.shape, -1 / a), 1 / trials]
    )
    hessian = (contrast * (w_alive * dead)) @ contrast.T
    gradient = np.array([0.0, 0.0, w_dead.sum() / a, -(w_dead @ (1 / trials))])
    for w, time, log_time, at in ((w_alive, age, log_end, at_end), (w_dead, t_x, log_last, at_last)):
        gradient[0] -= w @ log_time
        gradient[1] += w @ ((r * time - x * alpha) * at) / alpha
        cross = w @ (time * at) / alpha
        hessian[0, 1] += cross
        hessian[1, 0] += cross
        hessian[1, 1] += w @ ((x - r * time * (2 * alpha + time) / alpha**2) * at**2)
    hessian[2, 2] -= w_dead.sum() / a**2
    hessian[3, 3] += w_dead @ (1 / trials**2)
    return Score(float(value), gradient, hessian)

"""Slow twins of the transaction models: adaptive quadrature over what nobody sees.

Each is written from the story of its model (who buys at which rate, and when he leaves) and shares no line
with the package: other variables of integration, another quadrature, no closed form that the story does not
give at once. Letters as in the papers.
"""

from __future__ import annotations

import itertools
import math
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.integrate import quad
from scipy.optimize import minimize_scalar
from scipy.special import betainc, betaln, gammaln

from customer_centric import BgNbd, MbgNbd, Nbd, ParetoNbd
from customer_centric.typing import TransactionModel

_FALL = 50.0
_PANELS = 8
_GRID = 401


def log_integral(log_f: Callable[[float], float], low: float, high: float) -> float:
    """Log of the integral of a function with one peak, by adaptive quadrature where it can be seen."""
    if high <= low:
        return -math.inf
    grid = np.linspace(low, high, _GRID)
    best = int(np.argmax([log_f(float(v)) for v in grid]))
    around = (float(grid[max(best - 1, 0)]), float(grid[min(best + 1, _GRID - 1)]))
    found = minimize_scalar(lambda v: -log_f(v), bounds=around, method="bounded", options={"xatol": 1e-10})
    mode = max((float(found.x), float(grid[best])), key=log_f)
    peak = log_f(mode)
    start, stop = _edge(log_f, mode, low, peak - _FALL), _edge(log_f, mode, high, peak - _FALL)
    edges = sorted({*np.linspace(start, mode, _PANELS), *np.linspace(mode, stop, _PANELS)})
    area = 0.0
    for left, right in itertools.pairwise(edges):
        area += quad(lambda v: math.exp(log_f(v) - peak), left, right, epsabs=0, epsrel=1e-12, limit=200)[0]
    return math.log(area) + peak


def _edge(log_f: Callable[[float], float], inside: float, outside: float, height: float) -> float:
    if log_f(outside) >= height:
        return outside
    for _ in range(60):
        middle = (inside + outside) / 2
        inside, outside = (middle, outside) if log_f(middle) > height else (inside, middle)
    return outside


def log_add(*terms: float) -> float:
    """Log of a sum of exponentials."""
    largest = max(terms)
    return largest if largest == -math.inf else largest + math.log(sum(math.exp(t - largest) for t in terms))


def log_mean_exponent(r: float, alpha: float, power: float, time: float) -> float:
    """Log of E[rate^power exp(-rate time)] over a gamma distribution of rates."""
    log_power = float(gammaln(r + power) - gammaln(r)) - power * math.log(alpha)
    return log_power - (r + power) * math.log1p(time / alpha)


def log_negative_binomial(n: int, r: float, alpha: float, time: float) -> float:
    """Log probability of n purchases in a time, at gamma rates."""
    if time == 0:
        return 0.0 if n == 0 else -math.inf
    return log_mean_exponent(r, alpha, n, time) + n * math.log(time) - float(gammaln(n + 1))


@dataclass(frozen=True)
class Twin(ABC):
    """One history under one model, the slow way."""

    x: int
    t_x: float
    age: float

    @abstractmethod
    def log_likelihood(self) -> float: ...

    @abstractmethod
    def probability_alive(self, after: float) -> float: ...

    @abstractmethod
    def expected_purchases(self, horizon: float, delta: float = 0.0) -> float: ...

    @abstractmethod
    def pmf(self, n: int, horizon: float) -> float: ...


@dataclass(frozen=True)
class LeavesAtPurchases(Twin):
    """BG/NBD (z = 0) and MBG/NBD (z = 1): quadrature over the logit of the dropout probability."""

    r: float
    alpha: float
    a: float
    b: float
    z: int

    def _mean(self, log_h: Callable[[float], float]) -> float:
        """Log of E[h(p)] over the prior, h positive."""

        def log_f(logit: float) -> float:
            log_p, log_q = -_softplus(-logit), -_softplus(logit)
            return self.a * log_p + self.b * log_q + log_h(logit)

        reach = 200.0 + 120.0 / min(self.a, self.b, 1.0)
        return log_integral(log_f, -reach, reach) - float(betaln(self.a, self.b))

    def _alternatives(self) -> tuple[float, float]:
        survived = self.x + self.z
        alive = self._mean(lambda v: -survived * _softplus(v))
        alive += log_mean_exponent(self.r, self.alpha, self.x, self.age)
        if survived == 0:
            return alive, -math.inf
        dead = self._mean(lambda v: -_softplus(-v) - (survived - 1) * _softplus(v))
        return alive, dead + log_mean_exponent(self.r, self.alpha, self.x, self.t_x)

    def log_likelihood(self) -> float:
        return log_add(*self._alternatives())

    def _given_alive(self, log_h: Callable[[float], float]) -> float:
        survived = self.x + self.z
        whole = self._mean(lambda v: -survived * _softplus(v))
        return math.exp(self._mean(lambda v: -survived * _softplus(v) + log_h(v)) - whole)

    def _alive_now(self) -> float:
        alive, dead = self._alternatives()
        return math.exp(alive - log_add(alive, dead))

    def probability_alive(self, after: float) -> float:
        shape, u = self.r + self.x, after / (self.alpha + self.age)
        later = self._given_alive(lambda v: -shape * math.log1p(u * math.exp(-_softplus(-v))))
        return self._alive_now() * later

    def expected_purchases(self, horizon: float, delta: float = 0.0) -> float:
        shape, rate = self.r + self.x, self.alpha + self.age

        def bought(logit: float) -> float:
            p = math.exp(-_softplus(-logit))
            if delta == 0:
                most = shape * math.log1p(p * horizon / rate)
                # While leaving is that unlikely, purchases just go on.
                return math.log(-math.expm1(-most) / p * rate / shape) if most > 1e-20 else math.log(horizon)
            last = math.log(min(horizon, 60 / delta))

            def still_buying(log_t: float) -> float:
                t = math.exp(log_t)
                return math.exp(log_t - delta * t - (shape + 1) * math.log1p(p * t / rate))

            edges = [last - 50, last - 20, last - 8, last - 3, last]
            panels = itertools.pairwise(edges)
            return math.log(sum(quad(still_buying, *panel, epsabs=0, epsrel=1e-11)[0] for panel in panels))

        return self._alive_now() * self._given_alive(bought) * shape / rate

    def pmf(self, n: int, horizon: float) -> float:
        shape, rate = self.r + self.x, self.alpha + self.age
        log_exactly = log_negative_binomial(n, shape, rate, horizon)
        alive = self._alive_now()
        through = self._given_alive(lambda v: -n * _softplus(v)) * math.exp(log_exactly)
        if n == 0:
            return alive * through + 1 - alive
        at_least = float(betainc(n, shape, horizon / (rate + horizon)))
        last = self._given_alive(lambda v: -_softplus(-v) - (n - 1) * _softplus(v))
        return alive * (through + at_least * last)


def _softplus(v: float) -> float:
    return max(v, 0.0) + math.log1p(math.exp(-abs(v)))


def _log_time_integral(log_f: Callable[[float], float], horizon: float, delta: float) -> float:
    """Log of an integral from now on, in the logarithm of time."""
    last = min(horizon, 60 / delta) if delta > 0 else horizon
    return log_integral(lambda w: log_f(math.exp(w)) + w, math.log(last) - 60, math.log(last))


@dataclass(frozen=True)
class LeavesInTime(Twin):
    """Pareto/NBD: the past by quadrature over the time of death, the future over the dropout rate."""

    r: float
    alpha: float
    s: float
    beta: float

    def _alternatives(self) -> tuple[float, float]:
        def log_death(y: float) -> float:
            time = self.t_x + y
            log_density = math.log(self.s / self.beta) - (self.s + 1) * math.log1p(time / self.beta)
            return log_density + log_mean_exponent(self.r, self.alpha, self.x, time)

        alive = log_mean_exponent(self.r, self.alpha, self.x, self.age)
        alive -= self.s * math.log1p(self.age / self.beta)
        if self.age == self.t_x:
            return alive, -math.inf
        return alive, _log_time_integral(log_death, self.age - self.t_x, 0.0)

    def log_likelihood(self) -> float:
        return log_add(*self._alternatives())

    def _alive_now(self) -> float:
        alive, dead = self._alternatives()
        return math.exp(alive - log_add(alive, dead))

    def _given_alive(self, log_h: Callable[[float], float]) -> float:
        """E[h(mu)] over the dropout rates of those who are alive."""
        rate = self.beta + self.age

        def log_f(log_mu: float) -> float:
            return self.s * (log_mu + math.log(rate)) - math.exp(log_mu) * rate + log_h(math.exp(log_mu))

        middle = math.log(self.s / rate)
        whole = float(gammaln(self.s))
        return math.exp(log_integral(log_f, middle - 120 / min(self.s, 1.0), middle + 12) - whole)

    def probability_alive(self, after: float) -> float:
        return self._alive_now() * self._given_alive(lambda mu: -mu * after)

    def expected_purchases(self, horizon: float, delta: float = 0.0) -> float:
        def log_time(mu: float) -> float:
            off = (mu + delta) * horizon
            return math.log(horizon) + (math.log(-math.expm1(-off) / off) if off > 1e-300 else 0.0)

        return self._alive_now() * self._given_alive(log_time) * (self.r + self.x) / (self.alpha + self.age)

    def pmf(self, n: int, horizon: float) -> float:
        shape, rate = self.r + self.x, self.alpha + self.age
        big_n = self.beta + self.age

        def dead_at(y: float) -> float:
            density = math.log(self.s / big_n) - (self.s + 1) * math.log1p(y / big_n)
            return density + log_negative_binomial(n, shape, rate, y)

        through = log_negative_binomial(n, shape, rate, horizon) - self.s * math.log1p(horizon / big_n)
        alive = self._alive_now()
        given_alive = math.exp(log_add(through, _log_time_integral(dead_at, horizon, 0.0)))
        return alive * given_alive + (1 - alive if n == 0 else 0.0)


@dataclass(frozen=True)
class NeverLeaves(Twin):
    """NBD: quadrature over the purchase rate."""

    r: float
    alpha: float

    def _mean(self, log_h: Callable[[float], float]) -> float:
        def log_f(log_rate: float) -> float:
            return (
                self.r * (log_rate + math.log(self.alpha)) - math.exp(log_rate) * self.alpha + log_h(log_rate)
            )

        reach = 120 / min(self.r, 1.0)
        # The data may pull far above or below the prior.
        low = (
            min(math.log(self.r / self.alpha), math.log((self.r + self.x) / (self.alpha + self.age))) - reach
        )
        return log_integral(log_f, low, math.log((self.r + self.x + 1e4) / self.alpha) + 8) - float(
            gammaln(self.r)
        )

    def _seen(self, log_rate: float) -> float:
        return self.x * log_rate - math.exp(log_rate) * self.age

    def log_likelihood(self) -> float:
        return self._mean(self._seen)

    def probability_alive(self, after: float) -> float:
        return 1.0

    def expected_purchases(self, horizon: float, delta: float = 0.0) -> float:
        time = -math.expm1(-delta * horizon) / delta if delta > 0 else horizon
        return math.exp(self._mean(lambda v: self._seen(v) + v) - self.log_likelihood()) * time

    def pmf(self, n: int, horizon: float) -> float:
        def exactly(v: float) -> float:
            return self._seen(v) + n * (v + math.log(horizon)) - math.exp(v) * horizon - float(gammaln(n + 1))

        return math.exp(self._mean(exactly) - self.log_likelihood())


def twin_of(model: TransactionModel, x: int, t_x: float, age: float) -> Twin:
    """The slow twin of a model, for one history."""
    match model:
        case BgNbd(r=r, alpha=alpha, a=a, b=b):
            return LeavesAtPurchases(x, t_x, age, r, alpha, a, b, 0)
        case MbgNbd(r=r, alpha=alpha, a=a, b=b):
            return LeavesAtPurchases(x, t_x, age, r, alpha, a, b, 1)
        case ParetoNbd(r=r, alpha=alpha, s=s, beta=beta):
            return LeavesInTime(x, t_x, age, r, alpha, s, beta)
        case Nbd(r=r, alpha=alpha):
            return NeverLeaves(x, t_x, age, r, alpha)
    raise TypeError(type(model).__name__)

"""Intervals for an NPS by many methods, and how often each holds the truth, by counting every outcome."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, TypeAlias

import numpy as np
from scipy.special import chdtri, gammaln, stdtrit, xlogy

from customer_centric.intervals import (
    jeffreys_net_interval,
    mover_interval,
    tango_interval,
    wald_net_interval,
    wilson_interval,
)
from customer_centric.typing import FloatArray, IntArray

Bounds: TypeAlias = tuple[FloatArray, FloatArray]
Method: TypeAlias = Callable[[FloatArray, FloatArray, float], Bounds]

LEVEL: Final = 0.95
Z: Final = 1.959963984540054


def _centred(estimate: FloatArray, reach: FloatArray) -> Bounds:
    return estimate - reach, estimate + reach


def _spread(p: FloatArray, d: FloatArray, n: float) -> FloatArray:
    return np.sqrt(np.maximum((p + d) / n - ((p - d) / n) ** 2, 0.0))


def wald(p: FloatArray, d: FloatArray, n: float) -> Bounds:
    return wald_net_interval(p, d, n, confidence_level=LEVEL)


def wald_t(p: FloatArray, d: FloatArray, n: float) -> Bounds:
    """Student's t on answers of -1, 0 and 1."""
    t = -float(stdtrit(n - 1, (1 - LEVEL) / 2))
    return _centred((p - d) / n, t * _spread(p, d, n) / np.sqrt(n - 1))


def added(positive: float, neutral: float, negative: float) -> Method:
    def method(p: FloatArray, d: FloatArray, n: float) -> Bounds:
        return wald_net_interval(p, d, n, added=(positive, neutral, negative), confidence_level=LEVEL)

    return method


def score(p: FloatArray, d: FloatArray, n: float) -> Bounds:
    return tango_interval(p, d, n, confidence_level=LEVEL)


def mover_wilson(p: FloatArray, d: FloatArray, n: float) -> Bounds:
    """Wilson's intervals of both shares, and the correlation that shares of the same answers have."""
    parts = np.stack([p, d])
    lower, upper = wilson_interval(parts, n, confidence_level=LEVEL)
    odds = p * d / np.maximum((n - p) * (n - d), 1.0)
    correlation = -np.sqrt(np.where((n > p) & (n > d), odds, 0.0))
    return mover_interval(parts / n, lower, upper, correlation=correlation)


def dirichlet_flat(p: FloatArray, d: FloatArray, n: float) -> Bounds:
    """One answer added to each class: Jeffreys' half, and half an answer more."""
    return jeffreys_net_interval(p + 0.5, d + 0.5, n + 1.5, confidence_level=LEVEL)


def jeffreys(p: FloatArray, d: FloatArray, n: float) -> Bounds:
    return jeffreys_net_interval(p, d, n, confidence_level=LEVEL)


def bootstrap(p: FloatArray, d: FloatArray, n: float) -> Bounds:
    """Percentiles over infinitely many resamples: the distribution of a resampled NPS, by its transform."""
    size = 2 * int(n) + 1
    angle = 2 * np.pi * np.arange(size) / size
    lower, upper = np.empty(p.size), np.empty(p.size)
    tail = (1 - LEVEL) / 2
    for first in range(0, p.size, 4096):
        part = slice(first, first + 4096)
        share, other = p[part, None] / n, d[part, None] / n
        step = share * np.exp(1j * angle) + other * np.exp(-1j * angle) + (1 - share - other)
        mass = np.fft.fft(step ** int(n), axis=1).real / size
        # Totals from -n to n, in order.
        below = np.cumsum(np.roll(mass, int(n), axis=1), axis=1)
        lower[part] = (np.argmax(below >= tail - 1e-12, axis=1) - n) / n
        upper[part] = (np.argmax(below >= 1 - tail - 1e-12, axis=1) - n) / n
    return lower, upper


def atanh(p: FloatArray, d: FloatArray, n: float) -> Bounds:
    """The adjusted Wald interval on the scale of the inverse hyperbolic tangent."""
    p, d, n = p + 0.75, d + 0.75, n + 3.0
    estimate = (p - d) / n
    reach = Z * _spread(p, d, n) / np.sqrt(n) / (1 - estimate**2)
    return tuple(np.tanh(bound) for bound in _centred(np.arctanh(estimate), reach))  # type: ignore[return-value]


def goodman(p: FloatArray, d: FloatArray, n: float) -> Bounds:
    """Simultaneous for every contrast of the three shares."""
    return _centred((p - d) / n, np.sqrt(chdtri(2, 1 - LEVEL)) * _spread(p, d, n) / np.sqrt(n))


def independent_shares(p: FloatArray, d: FloatArray, n: float) -> Bounds:
    """Wrong: promoters and detractors as if they were of different samples."""
    variance = p / n * (1 - p / n) + d / n * (1 - d / n)
    return _centred((p - d) / n, Z * np.sqrt(variance / n))


def binomial(p: FloatArray, d: FloatArray, n: float) -> Bounds:
    """Wrong: the size of the score as if it were a share."""
    size = np.abs(p - d) / n
    return _centred((p - d) / n, Z * np.sqrt(size * (1 - size) / n))


def without_passives(p: FloatArray, d: FloatArray, n: float) -> Bounds:  # noqa: ARG001 - called like the others
    """Wrong: passives dropped, the score and its interval from promoters and detractors alone."""
    return wald_net_interval(p, d, p + d, confidence_level=LEVEL)


METHODS: Final[dict[str, Method]] = {
    "Wald": wald,
    "Wald with t": wald_t,
    "adjusted Wald": added(0.75, 1.5, 0.75),
    "Agresti-Min": added(0.5, 1.0, 0.5),
    "Bonett-Price": added(1.0, 0.0, 1.0),
    "**score (Tango)**": score,
    "MOVER, Wilson": mover_wilson,
    "Jeffreys": jeffreys,
    "flat prior": dirichlet_flat,
    "bootstrap": bootstrap,
    "atanh scale": atanh,
    "Goodman": goodman,
    "*independent*": independent_shares,
    "*binomial*": binomial,
    "*no passives*": without_passives,
}
# What takes an hour for the half million outcomes of 1,000 answers.
SLOW: Final = frozenset({"Jeffreys", "flat prior", "bootstrap"})


@dataclass(frozen=True, slots=True, eq=False)
class Outcomes:
    """Every count of promoters and detractors among `n` answers."""

    n: int
    p: FloatArray
    d: FloatArray

    @classmethod
    def of(cls, n: int) -> Outcomes:
        p, d = np.meshgrid(np.arange(n + 1), np.arange(n + 1), indexing="ij")
        kept = p + d <= n
        return cls(n, p[kept].astype(np.float64), d[kept].astype(np.float64))

    def intervals(self, method: Method) -> Bounds:
        """Bounds of every outcome; half of them are the others turned round."""
        most = self.p >= self.d
        lower, upper = np.empty(self.p.size), np.empty(self.p.size)
        lower[most], upper[most] = method(self.p[most], self.d[most], float(self.n))
        place: IntArray = np.full((self.n + 1, self.n + 1), -1)
        p, d = self.p.astype(np.int64), self.d.astype(np.int64)
        place[p, d] = np.arange(p.size)
        turned = place[d[~most], p[~most]]
        lower[~most], upper[~most] = -upper[turned], -lower[turned]
        return lower, upper

    def probabilities(self, shares: FloatArray) -> FloatArray:
        """How likely each outcome is where promoters, passives and detractors have these shares."""
        q = self.n - self.p - self.d
        ways = gammaln(self.n + 1) - gammaln(self.p + 1) - gammaln(q + 1) - gammaln(self.d + 1)
        chances = xlogy(self.p, shares[0]) + xlogy(q, shares[1]) + xlogy(self.d, shares[2])
        return np.exp(ways + chances)

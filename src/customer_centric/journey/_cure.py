"""The likelihood of gaps and silences when some never come back, and where it is highest."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Literal, Self, TypeAlias

import numpy as np
from scipy.optimize import brentq, minimize
from scipy.special import expit, log_ndtr, ndtr
from scipy.stats import chi2

from customer_centric.errors import ConvergenceError
from customer_centric.typing import FloatArray

Law: TypeAlias = Literal["lognormal", "weibull"]
LAWS: Final[tuple[Law, ...]] = ("lognormal", "weibull")
_LOG_2_PI: Final = math.log(2.0 * math.pi)
# Logits beyond which nobody leaves, or nobody returns, as far as numbers can tell.
_FARTHEST: Final = 18.0
# Spread of logarithms below which the density of equal gaps grows without bounds.
_NARROWEST: Final = -12.0


def log_survival(law: Law, z: FloatArray) -> FloatArray:
    """Logarithm of the share of those who return that takes longer, at standardised logarithms of time."""
    return np.asarray(log_ndtr(-z) if law == "lognormal" else -np.exp(np.minimum(z, 300.0)))


def share_returned(law: Law, z: FloatArray) -> FloatArray:
    """Share of those who return that is back."""
    return np.asarray(ndtr(z) if law == "lognormal" else -np.expm1(-np.exp(np.minimum(z, 300.0))))


def density(law: Law, z: FloatArray) -> FloatArray:
    """Density of the standardised logarithm of the gap."""
    if law == "lognormal":
        return np.asarray(np.exp(-0.5 * z**2) / np.sqrt(2.0 * np.pi))
    z = np.minimum(z, 300.0)
    return np.asarray(np.exp(z - np.exp(z)))


@dataclass(frozen=True, slots=True, eq=False)
class Data:
    """Logarithms of gaps, with mean and variance, and of distinct silences, with their numbers."""

    law: Law
    log_gap: FloatArray
    log_silence: FloatArray
    n_silent: FloatArray
    mean: float
    variance: float

    @classmethod
    def of(cls, law: Law, gap: FloatArray, silence: FloatArray) -> Self:
        """Gaps and silences in time; silences of 0 say nothing, being as likely under any model."""
        log_gap = np.log(gap)
        distinct, count = np.unique(silence[silence > 0], return_counts=True)
        return cls(
            law,
            log_gap,
            np.log(distinct),
            count.astype(np.float64),
            float(log_gap.mean()),
            float(log_gap.var()),
        )

    def score(self, theta: FloatArray) -> tuple[float, FloatArray]:
        """Log-likelihood of (logit of returning, location, log of the spread), and its gradient."""
        a, mu, s = (float(value) for value in theta)
        p, sigma = float(expit(a)), float(np.exp(s))
        y = (self.log_silence - mu) / sigma
        n = self.log_gap.size
        level, slope, moment = self._gap_sums(mu, sigma)
        returned, weight = share_returned(self.law, y), self.n_silent
        # 1 - p F as (1 - p) + p S keeps its digits where nearly all are back.
        still = expit(-a) + p * np.exp(log_survival(self.law, y))
        value = level - n * (float(np.logaddexp(0.0, -a)) + s) + float(weight @ np.log(still))
        pull = weight * p * density(self.law, y) / still
        return value, np.array(
            [
                n * (1.0 - p) - float(weight @ (p * (1.0 - p) * returned / still)),
                (float(pull.sum()) - slope) / sigma,
                float((pull * np.where(pull > 0, y, 0.0)).sum()) - n - moment,
            ]
        )

    def _gap_sums(self, mu: float, sigma: float) -> tuple[float, float, float]:
        """Sums over the gaps of ln f, of its slope, and of the slope times the standardised logarithm."""
        n, mean = self.log_gap.size, self.mean
        if self.law == "lognormal":
            squares = n * ((mean - mu) ** 2 + self.variance) / sigma**2
            return -0.5 * (squares + n * _LOG_2_PI) - n * mean, -n * (mean - mu) / sigma, -squares
        z = (self.log_gap - mu) / sigma
        # Capped where a product would not be a number: such parameters are far from any optimum.
        growth = np.exp(np.minimum(z, 300.0))
        slope = 1.0 - growth
        return float((z - growth).sum()) - n * mean, float(slope.sum()), float((z * slope).sum())

    def information(self, theta: FloatArray) -> FloatArray:
        """Minus the second derivatives, by differences of the gradient."""
        step = 1e-5
        rows = [
            (self.score(theta - step * unit)[1] - self.score(theta + step * unit)[1]) / (2.0 * step)
            for unit in np.eye(3)
        ]
        hessian = np.stack(rows)
        return np.asarray(0.5 * (hessian + hessian.T))


@dataclass(frozen=True, slots=True, eq=False)
class Peak:
    """Where the likelihood is highest: its parameters, its value, whether nobody leaves there."""

    theta: FloatArray
    value: float
    nobody_leaves: bool


def find_peak(data: Data) -> Peak:
    """The best of the optima that two starts lead to: few leave, or as many as are silent."""
    centre = data.mean
    spread = 0.5 * math.log(max(data.variance, 1e-6))
    silent = float(data.n_silent.sum())
    starts = [np.log(data.log_gap.size / max(silent, 0.5)), 3.0]
    found = [_climb(data.score, np.array([a, centre, spread])) for a in starts]
    theta, value = max(found, key=lambda one: one[1])
    edge = np.array([_FARTHEST, *theta[1:]])
    at_edge = _climb(lambda t: data.score(np.append(_FARTHEST, t)), edge[1:], fixed=True)
    if at_edge[1] >= value - 1e-9 * max(1.0, abs(value)):
        return Peak(np.append(_FARTHEST, at_edge[0]), at_edge[1], nobody_leaves=True)
    return Peak(theta, value, nobody_leaves=False)


def _climb(
    score: Callable[[FloatArray], tuple[float, FloatArray]], start: FloatArray, *, fixed: bool = False
) -> tuple[FloatArray, float]:
    """A quasi-Newton climb within bounds; with the logit fixed, over the two others."""
    bounds = [(_NARROWEST - 30.0, 60.0), (_NARROWEST, 6.0)]
    if not fixed:
        bounds = [(-_FARTHEST, _FARTHEST), *bounds]

    def downhill(theta: FloatArray) -> tuple[float, FloatArray]:
        value, gradient = score(theta)
        gradient = gradient[1:] if fixed else gradient
        return -value, -gradient

    found = minimize(
        downhill,
        start,
        jac=True,
        method="L-BFGS-B",
        bounds=bounds,
        options={"maxiter": 2000, "ftol": 1e-14, "gtol": 1e-8},
    )
    if not np.isfinite(found.fun):
        raise ConvergenceError(f"no optimum: log-likelihood {-found.fun} at {found.x.tolist()}")
    return np.asarray(found.x), -float(found.fun)


def profile_bounds(data: Data, peak: Peak, confidence_level: float) -> tuple[float, float]:
    """Probabilities of returning at which the likelihood, the law refitted, has fallen by the quantile."""
    drop = 0.5 * float(chi2.ppf(confidence_level, 1))
    inner = peak.theta[1:]

    def fallen(a: float) -> float:
        best = _climb(lambda t: data.score(np.append(a, t)), inner, fixed=True)[1]
        return peak.value - best - drop

    here = float(peak.theta[0])
    lower, upper = 0.0, 1.0
    if fallen(-_FARTHEST) > 0:
        lower = float(expit(brentq(fallen, -_FARTHEST, here, xtol=1e-6)))
    if not peak.nobody_leaves and fallen(_FARTHEST) > 0:
        upper = float(expit(brentq(fallen, here, _FARTHEST, xtol=1e-6)))
    return lower, upper

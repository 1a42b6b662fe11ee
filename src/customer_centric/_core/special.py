"""Small functions that SciPy does not have in a form that neither overflows nor cancels."""

from __future__ import annotations

from typing import Final

import numpy as np
from scipy.special import digamma, gammaln, zeta

from customer_centric.typing import FloatArray

# From here on four terms of Stirling's series are exact to the last bit.
_LARGE: Final = 48.0


def exponential_average(y: FloatArray) -> FloatArray:
    r"""\((1 - e^{-y}) / y\), the mean of \(e^{-s}\) over \(0 \le s \le y\); 1 at 0."""
    safe = np.where(y == 0, 1.0, y)
    return np.where(y == 0, 1.0, -np.expm1(-safe) / safe)


def log_rising(a: FloatArray | float, n: FloatArray | float) -> FloatArray:
    r"""\(\ln \Gamma(a + n) - \ln \Gamma(a)\), without the cancellation of the two for large \(a\)."""
    base = np.asarray(a, dtype=np.float64)
    large = np.maximum(base, _LARGE)
    top = large + n
    # Stirling's series of both, the large terms subtracted on paper.
    series = (large - 0.5) * np.log1p(n / large) + n * (np.log(top) - 1)
    for power, coefficient in ((1, 1 / 12), (3, -1 / 360), (5, 1 / 1260)):
        series = series + coefficient * (top**-power - large**-power)
    return np.where(base >= _LARGE, series, gammaln(base + n) - gammaln(base))


def log_beta(a: FloatArray | float, b: FloatArray | float) -> FloatArray:
    r"""\(\ln B(a, b)\); `scipy.special.betaln` is off by 2e-9 where one argument passes a million."""
    small, large = np.minimum(a, b), np.maximum(a, b)
    # Stirling's series of all three, the large terms subtracted on paper.
    few, many = np.maximum(small, _LARGE), np.maximum(large, _LARGE)
    total = few + many
    series = 0.5 * (np.log(2 * np.pi) + np.log(total / few) - np.log(many))
    series = series - few * np.log1p(many / few) - many * np.log1p(few / many)
    for power, coefficient in ((1, 1 / 12), (3, -1 / 360), (5, 1 / 1260)):
        series = series + coefficient * (few**-power + many**-power - total**-power)
    return np.where(small >= _LARGE, series, gammaln(small) - log_rising(large, small))


def digamma_rise(a: FloatArray | float, n: FloatArray | float) -> FloatArray:
    r"""\(\psi(a + n) - \psi(a)\), to full relative accuracy for large \(a\)."""
    base = np.asarray(a, dtype=np.float64)
    large = np.maximum(base, _LARGE)
    top = large + n
    series = np.log1p(n / large) + 0.5 * n / (large * top) + n * (large + top) / (12 * large**2 * top**2)
    series = series + (top**-4 - large**-4) / 120 - (top**-6 - large**-6) / 252
    return np.where(base >= _LARGE, series, digamma(base + n) - digamma(base))


def trigamma(a: FloatArray | float) -> FloatArray:
    r"""\(\psi'(a)\), as Hurwitz's zeta function."""
    return np.asarray(zeta(2.0, np.asarray(a, dtype=np.float64)))


def trigamma_rise(a: FloatArray | float, n: FloatArray | float) -> FloatArray:
    r"""\(\psi'(a + n) - \psi'(a)\), to full relative accuracy for large \(a\)."""
    base = np.asarray(a, dtype=np.float64)
    large = np.maximum(base, _LARGE)
    top = large + n
    series = -n / (large * top) - n * (large + top) / (2 * large**2 * top**2)
    for power, coefficient in ((3, 1 / 6), (5, -1 / 30), (7, 1 / 42)):
        series = series + coefficient * (top**-power - large**-power)
    return np.where(base >= _LARGE, series, trigamma(base + n) - trigamma(base))


def log_negative_binomial(n: FloatArray, shape: FloatArray, odds: FloatArray) -> FloatArray:
    r"""Log probability of n events of a gamma-mixed Poisson process.

    The rate is gamma with shape \(k\) and rate \(m\), the time is \(t\), and `odds` is \(u = t / m\):

    \[ \ln \frac{\Gamma(k + n)}{\Gamma(k)\, n!} - k \ln(1 + u) - n \ln(1 + 1/u) . \]
    """
    positive = odds > 0
    safe = np.where(positive, odds, 1.0)
    # -ln(n B(n, k)) keeps its digits where the difference of two log-gammas of large numbers does not.
    past = np.maximum(n, 1.0)
    log_choose = np.where(n >= 1, -np.log(past) - log_beta(past, shape), 0.0)
    log_mass = log_choose - shape * np.log1p(safe) - n * np.log1p(1 / safe)
    return np.where(positive, log_mass, np.where(n == 0, 0.0, -np.inf))

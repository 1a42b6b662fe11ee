r"""Integrals over the latent time of death that the Pareto/NBD needs.

Letters as in the papers: \(R = r + x\), \(M = \alpha + T\), \(N = \beta + T\). Every integrand is positive,
so nothing cancels: there are no branches for \(\alpha\) above or below \(\beta\), and no special cases at
\(\alpha = \beta\), \(s = 1\) or \(t_x = T\).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np
from scipy.special import expit

from customer_centric._core.quadrature import DROP, bisect, decay_panels, gauss_legendre
from customer_centric._core.special import exponential_average
from customer_centric.typing import BoolArray, FloatArray, IntArray

_ROWS_A_PASS: Final = 2048


def _death_upper(
    big_r: FloatArray, s: FloatArray, alpha: FloatArray, beta: FloatArray, span: FloatArray
) -> FloatArray:
    r"""Where the death integral may stop.

    Beyond c at most \(\frac{\alpha}{R-1} (1 + c/\alpha)^{1-R}\) and \(\frac{\beta}{s} (1 + c/\beta)^{-s}\)
    are left, and the whole is of the order of one over the fastest decay.
    """
    fastest = big_r / alpha + (s + 1) / beta
    upper = span
    for scale, power in ((alpha, big_r - 1), (beta, s)):
        falls = power > 0.05
        safe = np.where(falls, power, 1.0)
        drop = DROP + np.log(1 + scale / safe * fastest)
        upper = np.where(falls, np.minimum(upper, scale * np.expm1(np.minimum(drop / safe, 600.0))), upper)
    return upper


def death_panels(
    big_r: FloatArray, s: FloatArray, alpha: FloatArray, beta: FloatArray, span: FloatArray
) -> Iterator[tuple[IntArray, FloatArray, FloatArray]]:
    """Nodes and weights for the death integral, in blocks of rows."""
    # (1 + y/alpha)^-R mixes the decay rates of a gamma distribution, up to some 1/alpha above its mean.
    return decay_panels((big_r + 1) / alpha + (s + 1) / beta, _death_upper(big_r, s, alpha, beta, span))


def log_death(
    big_r: FloatArray, s: FloatArray, alpha: FloatArray, beta: FloatArray, span: FloatArray
) -> FloatArray:
    r"""\(\ln \frac{s}{\beta} \int_0^{c} (1 + y/\alpha)^{-R} (1 + y/\beta)^{-s-1} dy\); -inf where c is 0."""
    total = np.empty(span.shape)
    for rows, y, weight in death_panels(big_r, s, alpha, beta, span):
        log_height = -big_r[rows, None] * np.log1p(y / alpha[rows, None])
        log_height -= (s[rows, None] + 1) * np.log1p(y / beta[rows, None])
        total[rows] = np.einsum("ij,ij->i", weight, np.exp(log_height))
    with np.errstate(divide="ignore"):
        return np.log(s) - np.log(beta) + np.log(total)


def discount_integral(
    s: FloatArray, big_n: FloatArray, horizon: float, delta: float, *, pairs: bool
) -> FloatArray:
    r"""Integral over time of discounted survival.

    \[ \int_0^H e^{-\delta t} \kappa(t) (1 + t/N)^{-s}\, dt , \]

    with \(\kappa = 1\), or \(2 (1 - e^{-\delta t}) / \delta\) for pairs of purchases.
    """
    if delta == 0 and not pairs:
        return _undiscounted(s, big_n, horizon)
    upper = np.full(big_n.shape, min(horizon, DROP / delta) if delta > 0 else horizon)
    total = np.empty(big_n.shape)
    for rows, t, weight in decay_panels(delta + (s + 1) / big_n, upper):
        height = np.exp(-delta * t - s[rows, None] * np.log1p(t / big_n[rows, None]))
        if pairs:
            height *= 2 * t * exponential_average(delta * t)
        total[rows] = np.einsum("ij,ij->i", weight, height)
    return total


def _undiscounted(s: FloatArray, big_n: FloatArray, horizon: float) -> FloatArray:
    if horizon == np.inf:
        return np.where(s > 1, big_n / np.where(s > 1, s - 1, 1.0), np.inf)
    log_growth = np.log1p(horizon / big_n)
    return np.asarray(big_n * log_growth * exponential_average((s - 1) * log_growth))


def log_arrival(
    n: FloatArray,
    big_r: FloatArray,
    s: FloatArray,
    big_m: FloatArray,
    big_n: FloatArray,
    horizon: float,
    *,
    extra: int,
) -> FloatArray:
    r"""Log integral over the time of an event, for the distribution of the number of purchases.

    With \(e\) the `extra` (0: the n-th purchase comes alive; 1: death comes after exactly n purchases),

    \[ \ln \int_0^H y^{n - 1 + e} M^R (M + y)^{-R-n} (1 + y/N)^{-s-e}\, dy , \qquad n + e \ge 1 . \]

    Notes
    -----
    In \(\psi = \ln(y / M)\) the integrand is log-concave: its support is found by bisection, and
    Gauss-Legendre does the rest.
    """
    log_area = np.empty(n.shape)
    for first in range(0, n.size, _ROWS_A_PASS):
        rows = slice(first, first + _ROWS_A_PASS)
        k, falls, tilt = n[rows] + extra, big_r[rows] + n[rows], s[rows] + extra
        shift = np.log(big_m[rows]) - np.log(big_n[rows])
        top = np.log(horizon) - np.log(big_m[rows])
        log_area[rows] = _log_bump(k, falls, tilt, shift, top) + extra * np.log(big_m[rows])
    return log_area


def _log_bump(
    k: FloatArray, falls: FloatArray, tilt: FloatArray, shift: FloatArray, top: FloatArray
) -> FloatArray:
    r"""Log of \(\int_{-\infty}^{c} e^{k \psi} (1 + e^\psi)^{-f} (1 + e^{\psi + h})^{-g} d\psi\)."""

    def height(psi: FloatArray) -> FloatArray:
        logs: FloatArray = k * psi - falls * np.logaddexp(0.0, psi) - tilt * np.logaddexp(0.0, psi + shift)
        return logs

    def is_falling(psi: FloatArray) -> BoolArray:
        return np.asarray(k - falls * expit(psi) - tilt * expit(psi + shift) < 0)

    low = np.minimum(top, 0.0) - 700.0
    mode = bisect(is_falling, low, top)
    peak = height(mode)
    start = bisect(lambda psi: height(psi) > peak - DROP, low, mode)
    stop = bisect(lambda psi: height(psi) < peak - DROP, mode, top)
    unit_nodes, unit_weights = gauss_legendre(16 * int(4.5 + (stop - start).max(initial=0.0) * 6 / 16))
    # A node a row of the transpose, so that the parameters broadcast.
    log_heights = height(start + unit_nodes[:, None] * (stop - start))
    area = (unit_weights @ np.exp(log_heights - peak)) * (stop - start)
    return np.asarray(np.log(area) + peak)

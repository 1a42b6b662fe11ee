"""Means over a beta distribution, and integrals of log-concave functions, that do not overflow.

The quadratures are chosen so that every term is positive: nothing cancels, and a result is as accurate
relative to its own size as the terms are.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import numpy as np
from numpy.polynomial.legendre import leggauss

from customer_centric.typing import BoolArray, FloatArray, IntArray

# e^-42 = 6e-19: what lies beyond is below the last bit.
DROP: Final = 42.0
# Blocks of this size stay in the cache, and below the size from which BLAS starts threads.
VALUES_A_PASS: Final = 12_000
# The trapezoidal rule converges like exp(-2 pi d / step) times a power of 1 / step that grows with a and b,
# d the distance of the nearest singularity from the real line; here d is pi/2, less a little for the
# stretched tails. A quarter, or half a standard deviation of the logit, gives 1e-13.
_STEP: Final = 0.25
_LOWEST_LOGIT: Final = -600.0
_KNEE_GRID: Final = 4.0
_PANEL_SIZES: Final = (
    *(6, 8, 10, 12, 14, 16, 20, 24, 28, 32, 40, 48, 56, 64),
    *(80, 96, 112, 128, 160, 192, 256),
)


@lru_cache(maxsize=64)
def gauss_legendre(n_nodes: int) -> tuple[FloatArray, FloatArray]:
    """Nodes and weights on [0, 1]; read-only, because they are shared."""
    nodes, weights = leggauss(n_nodes)
    nodes, weights = (nodes + 1) / 2, weights / 2
    nodes.flags.writeable = weights.flags.writeable = False
    return nodes, weights


def decay_panels(
    fastest: FloatArray, upper: FloatArray, *, n_other: int = 1
) -> Iterator[tuple[IntArray, FloatArray, FloatArray]]:
    r"""Nodes and weights for \(\int_0^{c} f(y)\, dy\) of mixtures of decaying exponentials.

    Parameters
    ----------
    fastest : ndarray of shape (n_rows,)
        Fastest decay rate that counts in each row, greater than 0.
    upper : ndarray of shape (n_rows,)
        Upper limit \(c\) of each row, 0 or more, finite.
    n_other : int
        Values that the caller makes of each node; blocks are small enough for the cache.

    Yields
    ------
    rows, y, weight
        Indices of the block's rows, and nodes and weights of shape (n_block, n_nodes).

    Notes
    -----
    Gauss-Legendre in \(\omega = \ln(1 + y \cdot \mathrm{fastest})\), in which such functions vary on the
    scale of one, whatever rates they mix; 6 nodes and 5 more for each unit of \(\omega\) give 4e-13 at worst.
    """
    width = np.log1p(upper * fastest)
    sizes = np.array(_PANEL_SIZES)
    size = np.minimum(np.searchsorted(sizes, 6.0 + 5.0 * width), sizes.size - 1)
    for index in np.unique(size):
        of_size = np.flatnonzero(size == index)
        unit_nodes, unit_weights = gauss_legendre(int(sizes[index]))
        a_pass = max(1, VALUES_A_PASS // (unit_nodes.size * n_other))
        for first in range(0, of_size.size, a_pass):
            rows = of_size[first : first + a_pass]
            scale = 1 / fastest[rows, None]
            y = np.expm1(width[rows, None] * unit_nodes) * scale
            yield rows, y, width[rows, None] * unit_weights * (y + scale)


@dataclass(frozen=True, slots=True, eq=False)
class BetaNodes:
    """Nodes for means over beta distributions, one row a distinct distribution.

    Parameters
    ----------
    p : ndarray of shape (n_distinct, n_nodes)
        Nodes in (0, 1].
    weight : ndarray of shape (n_distinct, n_nodes)
        Non-negative, each row sums to 1.
    row : ndarray of int of shape (n_rows,)
        Which of the distinct rows belongs to each input row.
    """

    p: FloatArray
    weight: FloatArray
    row: IntArray


def beta_nodes(a: FloatArray, b: FloatArray, log_knee: FloatArray) -> BetaNodes:
    r"""Nodes for \(E[h(p)]\), \(p \sim \mathrm{Beta}(a, b)\), of h that is smooth in \(\ln p\) with one knee.

    Parameters
    ----------
    a, b : ndarray of shape (n_rows,)
        Shape parameters, greater than 0.
    log_knee : ndarray of shape (n_rows,)
        \(h\) is constant for \(\ln p\) well below this, and falls no faster than \(1/p\) while it counts.

    Notes
    -----
    The trapezoidal rule in \(\tau\), \(\mathrm{logit}\, p = \tau - e^{l - \tau} + e^{\tau - u}\): evenly
    spaced where the density and the knee are, double-exponentially stretched in the tails beyond \(l\)
    and \(u\), which may be as thin as \(p^{10^{-4}}\).
    """
    knee = np.floor(np.clip(log_knee, _LOWEST_LOGIT / 2, 8.0) / _KNEE_GRID) * _KNEE_GRID
    first, row = _distinct(a, b, knee)
    a, b, knee = a[first], b[first], knee[first]
    lower = np.minimum(-np.log1p(b), knee) - 3.0
    upper = np.maximum(np.log1p(a), lower + 6.0) + 3.0
    start, stop = _support(a, b, knee, lower, upper)
    step = np.minimum(_STEP, 0.5 * np.sqrt(1 / a + 1 / b))
    n_nodes = int(np.ceil(((stop - start) / step).max(initial=1.0))) + 1
    tau = start[:, None] + (stop - start)[:, None] * np.linspace(0.0, 1.0, n_nodes)
    logit, slope = _stretch(tau, lower[:, None], upper[:, None])
    log_density = _log_density(logit, a[:, None], b[:, None])
    weight = slope * np.exp(log_density - log_density.max(axis=1, keepdims=True))
    weight /= weight.sum(axis=1, keepdims=True)
    logit = np.maximum(logit, _LOWEST_LOGIT)
    return BetaNodes(1 / (1 + np.exp(-logit)), weight, row)


def _distinct(*columns: FloatArray) -> tuple[IntArray, IntArray]:
    """First of each distinct row, to the last bit, and which of them belongs to each row."""
    codes = np.zeros(columns[0].size, dtype=np.int64)
    for column in columns:
        values, code = np.unique(column, return_inverse=True)
        codes = codes * values.size + code
    _, first, row = np.unique(codes, return_index=True, return_inverse=True)
    return first.astype(np.int64, copy=False), row.astype(np.int64, copy=False)


def _stretch(tau: FloatArray, lower: FloatArray, upper: FloatArray) -> tuple[FloatArray, FloatArray]:
    left, right = np.exp(np.minimum(lower - tau, 40.0)), np.exp(np.minimum(tau - upper, 40.0))
    return tau - left + right, 1 + left + right


def _log_density(logit: FloatArray, a: FloatArray, b: FloatArray) -> FloatArray:
    """Log density of the logit, up to a constant, without cancellation for extreme logits."""
    return -a * np.logaddexp(0.0, -logit) - b * np.logaddexp(0.0, logit)


def _support(
    a: FloatArray, b: FloatArray, knee: FloatArray, lower: FloatArray, upper: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Where, in tau, neither the density nor the density over max(p, knee) is negligible."""

    def density(tau: FloatArray) -> FloatArray:
        return _log_density(_stretch(tau, lower, upper)[0], a, b)

    def lifted(tau: FloatArray) -> FloatArray:
        logit = _stretch(tau, lower, upper)[0]
        return _log_density(logit, a, b) - np.maximum(logit, knee)

    mode = np.log(a) - np.log(b)
    with np.errstate(invalid="ignore", divide="ignore"):
        lifted_mode = np.where(a > 1, np.log(np.maximum(a - 1, 0)) - np.log(b + 1), -np.inf)
    lifted_mode = np.minimum(np.maximum(lifted_mode, knee), mode)
    at_mode = _log_density(mode, a, b)
    at_lifted = _log_density(lifted_mode, a, b) - np.maximum(lifted_mode, knee)
    far_left, far_right = lower - 39.0, upper + 39.0
    # A hundredth of the width of the density is near enough: all that is cut there is below e^-41.
    tolerance = 0.01 * np.minimum(np.sqrt(1 / a + 1 / b), 1.0)
    n_steps = int(np.ceil(np.log2((far_right - far_left) / tolerance)).max(initial=1.0))
    middle, lifted_middle = (_unstretch(logit, lower, upper, n_steps) for logit in (mode, lifted_mode))
    start = np.minimum(
        bisect(lambda tau: density(tau) > at_mode - DROP, far_left, middle, n_steps=n_steps),
        bisect(lambda tau: lifted(tau) > at_lifted - DROP, far_left, lifted_middle, n_steps=n_steps),
    )
    return start, bisect(lambda tau: density(tau) < at_mode - DROP, middle, far_right, n_steps=n_steps)


def _unstretch(logit: FloatArray, lower: FloatArray, upper: FloatArray, n_steps: int) -> FloatArray:
    return bisect(
        lambda tau: _stretch(tau, lower, upper)[0] > logit, lower - 39.0, upper + 39.0, n_steps=n_steps
    )


def bisect(
    is_past_at: Callable[[FloatArray], BoolArray], low: FloatArray, high: FloatArray, *, n_steps: int = 40
) -> FloatArray:
    """Where a condition that is false at `low` and true at `high` turns true."""
    for _ in range(n_steps):
        middle = (low + high) / 2
        is_past = is_past_at(middle)
        low, high = np.where(is_past, low, middle), np.where(is_past, middle, high)
    return (low + high) / 2

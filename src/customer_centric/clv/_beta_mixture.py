r"""Forecasts of a gamma-mixed Poisson process that a beta-mixed share of its events ends.

Given alive, purchases come at rate \(\lambda \sim \mathrm{Gamma}(R, M)\) and each ends the relationship with
probability \(p \sim \mathrm{Beta}(a, b)\). Time is measured in \(M\): \(u = t / M\). Every forecast is a mean
over p of a positive function of \((1 + p u)\), taken by quadrature: the textbook forms in \({}_2F_1\)
overflow or cancel (`scipy.special.hyp2f1` is not finite on a third of the domain supported here).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import numpy as np

from customer_centric._core.quadrature import DROP, VALUES_A_PASS, BetaNodes, beta_nodes, decay_panels
from customer_centric._core.special import exponential_average
from customer_centric.typing import FloatArray, IntArray

_UNSEEN: Final = 1e-14


def survival(a: FloatArray, b: FloatArray, shape: FloatArray, u: FloatArray) -> FloatArray:
    r"""\(E[(1 + p u)^{-R}]\): the probability of being alive at u. Arrays of one length; \(R\) is `shape`."""
    alive = _mean_over_p(a, b, shape, u, lambda p, u, shape: np.exp(-shape * np.log1p(p * u)))
    return np.minimum(alive, 1.0)


def purchases(a: FloatArray, b: FloatArray, shape: FloatArray, u: FloatArray) -> FloatArray:
    r"""\(E[(1 - (1 + p u)^{-R}) / p]\): expected purchases until u."""
    return _mean_over_p(a, b, shape, u, lambda p, u, shape: -np.expm1(-shape * np.log1p(p * u)) / p)


def discount_integral(
    a: FloatArray, b: FloatArray, power: FloatArray, u: FloatArray, epsilon: FloatArray, *, pairs: bool
) -> FloatArray:
    r"""Integral over time of discounted survival.

    \[ \int_0^u e^{-\epsilon v} \kappa(v)\, E[(1 + p v)^{-k}]\, dv , \]

    with \(k\) the `power`, \(\kappa = 1\), or \(2 (1 - e^{-\epsilon v}) / \epsilon\) for pairs of purchases.
    """
    # Purchases further off than this many discount periods are below the last bit.
    u = np.where(epsilon > 0, np.minimum(u, DROP / np.where(epsilon > 0, epsilon, 1.0)), u)
    nodes = beta_nodes(a, b, -np.log(power) - np.log(u))
    fastest = epsilon + power * _largest_p(nodes)
    total = np.empty(u.shape)
    for rows, v, weight in decay_panels(fastest, u, n_other=nodes.p.shape[1]):
        elapsed = epsilon[rows, None] * v
        height = np.exp(-elapsed) * _survival_at(nodes, rows, v, power[rows])
        if pairs:
            height *= 2 * v * exponential_average(elapsed)
        total[rows] = np.einsum("ij,ij->i", weight, height)
    return total


def _largest_p(nodes: BetaNodes) -> FloatArray:
    """The p that next to nobody exceeds: the fastest decay that can be seen."""
    seen = np.cumsum(nodes.weight[:, ::-1], axis=1)[:, ::-1] > _UNSEEN
    largest: FloatArray = np.where(seen, nodes.p, 0.0).max(axis=1)
    return largest[nodes.row]


def _survival_at(nodes: BetaNodes, rows: IntArray, v: FloatArray, power: FloatArray) -> FloatArray:
    p, weight = nodes.p[nodes.row[rows]], nodes.weight[nodes.row[rows]]
    log_power = np.log1p(p[:, None, :] * v[:, :, None])
    log_power *= -power[:, None, None]
    return np.asarray(np.einsum("ik,ijk->ij", weight, np.exp(log_power, out=log_power)))


def _mean_over_p(
    a: FloatArray,
    b: FloatArray,
    shape: FloatArray,
    u: FloatArray,
    function: Callable[[FloatArray, FloatArray, FloatArray], FloatArray],
) -> FloatArray:
    nodes = beta_nodes(a, b, -np.log(shape) - np.log(u))
    mean = np.empty(u.shape)
    a_pass = max(1, VALUES_A_PASS // nodes.p.shape[1])
    for first in range(0, u.size, a_pass):
        rows = slice(first, first + a_pass)
        row = nodes.row[rows]
        values = function(nodes.p[row], u[rows, None], shape[rows, None])
        mean[rows] = np.einsum("ij,ij->i", nodes.weight[row], values)
    return mean

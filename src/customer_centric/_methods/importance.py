"""How much of R squared each driver accounts for, from correlations alone.

Correlations come as full matrices of the drivers and, last, the outcome. A driver that never varies has
a row of zeros, its diagonal included; it and a driver that is a sum of others add nothing to R squared.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np

from customer_centric.typing import FloatArray, IntArray

# Drivers up to which all subsets are gone through; beyond, orders are drawn.
MOST_EXACT: Final = 15
# What is left of a driver's variance below which the drivers before it are taken to say all it says.
_TOLERANCE: Final = 1e-10
# Numbers held at once: 16 MB of them.
_CHUNK: Final = 1 << 21


@dataclass(frozen=True, slots=True, eq=False)
class Importance:
    """Parts of R squared, and how each moves with the data.

    Parameters
    ----------
    parts : ndarray of shape (n_drivers,)
        Parts of R squared, which they sum to.
    forms : ndarray of shape (n_drivers, n_drivers + 1, n_drivers + 1)
        Symmetric matrices: with `z` a row of standardised drivers and, last, the outcome, `z @ form @ z` is
        the influence of the row on the part, of mean zero over all rows.
    sampling_errors : ndarray of shape (n_drivers,)
        Standard errors that come from drawing orders; 0 where there was no need to.
    """

    parts: FloatArray
    forms: FloatArray
    sampling_errors: FloatArray


def shapley_r_squared(correlations: FloatArray, with_outcome: FloatArray) -> FloatArray:
    r"""Shapley values of R squared (Lindeman, Merenda and Gold), over all orders of up to 15 drivers.

    `correlations` are of shape (..., p, p), `with_outcome` of shape (..., p), as is the result. With
    \(R^2_S\) that of the drivers in \(S\), driver \(k\) gets

    \[ \sum_{S \not\ni k} \frac{|S|!\,(p - |S| - 1)!}{p!}\,(R^2_{S \cup \{k\}} - R^2_S) . \]

    All subsets come from a tree: at each driver either it is left out, or the others and the outcome are
    replaced by what it leaves of them. Each step shrinks the matrices, so that all takes about
    \(6 \cdot 2^p\) multiplications.
    """
    batch, p = with_outcome.shape[:-1], with_outcome.shape[-1]
    full = full_matrix(correlations, with_outcome).reshape(-1, p + 1, p + 1)
    coefficients = _subset_coefficients(p)
    parts = np.empty((full.shape[0], p))
    step = max(1, _CHUNK // (9 << p))
    for start in range(0, full.shape[0], step):
        chunk = full[start : start + step]
        _, residual = _sweep_subsets(np.moveaxis(chunk, 0, -1), keep=False)
        parts[start : start + step] = -(coefficients @ residual.reshape(-1, chunk.shape[0])).T
    # Never negative in exact arithmetic; the last bits may be.
    return np.maximum(parts, 0.0).reshape(*batch, p)


def shapley_importance(correlation: FloatArray, *, order: IntArray | None = None) -> Importance:
    """Shapley values of R squared with their influence, over all orders or those in the rows of `order`.

    Where orders are given, each is gone through backwards too, which evens out much of the noise.
    """
    if order is not None:
        return _sampled_shapley(correlation, order)
    p: int = correlation.shape[-1] - 1
    coefficients = _subset_coefficients(p)
    slopes, residual = _sweep_subsets(correlation[..., None], keep=True)
    contrast = np.vstack([-slopes, np.ones(residual.size)])
    forms = np.stack([-(contrast * row) @ contrast.T for row in coefficients])
    parts = -(coefficients @ residual.ravel())
    forms[:, p, p] -= parts
    return Importance(np.maximum(parts, 0.0), forms, np.zeros(p))


def relative_weights(correlations: FloatArray, with_outcome: FloatArray) -> FloatArray:
    r"""Johnson's relative weights: R squared by way of the nearest uncorrelated variables.

    Shapes are those of `shapley_r_squared`. With \(L\) the symmetric square root of the correlations of the
    drivers and \(r\) those with the outcome, driver \(k\) gets \(\sum_j L_{kj}^2 (L^{+} r)_j^2\)
    (Johnson 2000, [doi:10.1207/S15327906MBR3501_1](https://doi.org/10.1207/S15327906MBR3501_1)).
    """
    values, vectors = np.linalg.eigh(correlations)
    root, inverse = _roots(values)
    square_root = (vectors * root[..., None, :]) @ np.swapaxes(vectors, -1, -2)
    slopes = np.swapaxes(vectors, -1, -2) @ with_outcome[..., None]
    slopes = vectors @ (inverse[..., None] * slopes)
    return np.asarray((square_root**2 @ slopes**2)[..., 0])


def relative_importance(correlation: FloatArray) -> Importance:
    """Johnson's relative weights with their influence."""
    p: int = correlation.shape[-1] - 1
    values, vectors = np.linalg.eigh(correlation[:p, :p])
    root, inverse = _roots(values)
    square_root = (vectors * root) @ vectors.T
    pseudo_inverse = (vectors * inverse) @ vectors.T
    slopes = pseudo_inverse @ correlation[:p, p]
    # The derivative of the root solves L dL + dL L = dR, which the eigenvectors make a division.
    total = root[:, None] + root
    division = np.divide(1.0, total, out=np.zeros_like(total), where=total > 0)
    forms = np.zeros((p, p + 1, p + 1))
    for k in range(p):
        by_slopes = pseudo_inverse @ (2.0 * square_root[k] ** 2 * slopes)
        by_root = -np.outer(by_slopes, slopes)
        by_root[k] += 2.0 * square_root[k] * slopes**2
        turned = vectors.T @ (by_root + by_root.T) @ vectors
        forms[k, :p, :p] = 0.5 * vectors @ (turned * division) @ vectors.T
        forms[k, :p, p] = forms[k, p, :p] = 0.5 * by_slopes
    # From covariances of standardised variables to correlations: these do not move with the variances.
    own = (forms * correlation).sum(axis=-1)
    forms[:, np.arange(p + 1), np.arange(p + 1)] -= own
    return Importance(square_root**2 @ slopes**2, forms, np.zeros(p))


def slopes_of(correlation: FloatArray) -> FloatArray:
    """Standardised coefficients of the regression on all drivers; least squares where these are collinear."""
    p: int = correlation.shape[-1] - 1
    inverse = np.linalg.pinv(correlation[:p, :p], rcond=_TOLERANCE, hermitian=True)
    return np.asarray(inverse @ correlation[:p, p])


def full_matrix(correlations: FloatArray, with_outcome: FloatArray) -> FloatArray:
    """Correlations of the drivers and, last, the outcome."""
    p = with_outcome.shape[-1]
    full = np.ones((*with_outcome.shape[:-1], p + 1, p + 1))
    full[..., :p, :p] = correlations
    full[..., :p, p] = full[..., p, :p] = with_outcome
    return full


def _subset_coefficients(p: int) -> FloatArray:
    """What each driver's value counts of R squared of each subset, of shape (p, 2**p).

    Driver `j` is in the subsets whose number has bit `j`.
    """
    bits = np.arange(1 << p)[None, :] >> np.arange(p)[:, None] & 1
    size = bits.sum(axis=0)
    weight = np.array([1.0 / (p * math.comb(p - 1, s)) for s in range(p)])
    return np.asarray(np.where(bits == 1, weight[size - 1], -weight[np.minimum(size, p - 1)]))


def _sweep_subsets(full: FloatArray, *, keep: bool) -> tuple[FloatArray, FloatArray]:
    """Regressions of the outcome on every subset of the drivers.

    `full` is of shape (p + 1, p + 1, n). Slopes come back of shape (p, 2**p * n), if kept, and shares of
    variance that are left of shape (2**p * n,), the number of the subset first.
    """
    p = full.shape[0] - 1
    state = full
    for j in range(p):
        row = j if keep else 0
        left_out = state[:, 1:].copy()
        if keep:
            left_out[row] = 0.0
        state = np.concatenate([left_out, _sweep(state, row)], axis=-1)
        if not keep:
            state = state[1:]
    return state[:-1, 0], state[-1, 0]


def _sweep(state: FloatArray, row: int) -> FloatArray:
    """Regress all columns on the first, which is driver `row`; its own row becomes the slopes."""
    pivot = state[row, 0]
    some = pivot > _TOLERANCE
    ratio = np.divide(state[row, 1:], pivot, out=np.zeros_like(state[row, 1:]), where=some)
    swept = state[:, 1:] - state[:, :1] * ratio
    swept[row] = ratio
    return np.asarray(swept)


def _sampled_shapley(correlation: FloatArray, order: IntArray) -> Importance:
    """Shapley values over drawn orders and their reverses."""
    p: int = correlation.shape[-1] - 1
    n: int = order.shape[0]
    orders = np.concatenate([order, order[:, ::-1]])
    increments = np.zeros((2 * n, p))
    forms = np.zeros((p, p + 1, p + 1))
    step = max(1, _CHUNK // (p + 1) ** 2)
    for start in range(0, 2 * n, step):
        chunk = orders[start : start + step]
        increments[start : start + step], sums = _along_orders(correlation, chunk)
        forms += sums
    forms /= 2 * n
    pairs = 0.5 * (increments[:n] + increments[n:])
    parts = pairs.mean(axis=0)
    forms[:, p, p] -= parts
    return Importance(parts, forms, pairs.std(axis=0, ddof=1) / math.sqrt(n))


def _along_orders(correlation: FloatArray, orders: IntArray) -> tuple[FloatArray, FloatArray]:
    """Increments of R squared by driver along each order, and the sums of their forms."""
    n: int = orders.shape[0]
    p: int = orders.shape[1]
    with_outcome = np.column_stack([orders, np.full(n, p)])
    state = np.moveaxis(correlation[with_outcome[:, :, None], with_outcome[:, None, :]], 0, -1)
    increments = np.zeros((n, p))
    forms = np.zeros((p, p + 1, p + 1))
    each = np.arange(n)
    contrast = np.zeros((n, p + 1))
    contrast[:, p] = 1.0
    for j in range(p):
        before, left = contrast.copy(), state[-1, -1]
        state = _sweep(state, j)
        increments[each, orders[:, j]] = np.maximum(left - state[-1, -1], 0.0)
        contrast[each[:, None], orders[:, : j + 1]] = -state[: j + 1, -1].T
        for k in range(p):
            mine = orders[:, j] == k
            forms[k] += before[mine].T @ before[mine] - contrast[mine].T @ contrast[mine]
    return increments, forms


def _roots(values: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Square roots of eigenvalues, and one over them; both 0 where a driver says nothing of its own."""
    some = values > _TOLERANCE
    root = np.sqrt(np.where(some, values, 0.0))
    return root, np.divide(1.0, root, out=np.zeros_like(root), where=some)

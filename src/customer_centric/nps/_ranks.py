"""Which groups differ, allowing for all the comparisons made: pairwise tests, Holm's rule, ranks."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np
from scipy.special import ndtr, ndtri

from customer_centric.nps._estimates import ADDED
from customer_centric.typing import BoolArray, FloatArray, IntArray

# As many pairs at a time as take a few megabytes.
_PAIRS_AT_A_TIME: Final = 1 << 18
_PAIRS_KEPT: Final = 1 << 22


def adjusted_net(
    promoters: FloatArray, detractors: FloatArray, n: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Net share and its variance after 0.75 promoters, 1.5 passives and 0.75 detractors were added."""
    total = n + sum(ADDED)
    p = (np.nan_to_num(promoters) * n + ADDED[0]) / total
    d = (np.nan_to_num(detractors) * n + ADDED[2]) / total
    return p - d, (p + d - (p - d) ** 2) / total


def rank_intervals(
    estimate: FloatArray, variance: FloatArray, seen: BoolArray, confidence_level: float
) -> tuple[IntArray, IntArray]:
    """Bounds of the rank of each group, 1 the highest, that hold for all groups at once.

    A group that was not `seen` differs from none.
    """
    size = estimate.size
    lower, upper = np.ones(size, dtype=np.int64), np.full(size, size, dtype=np.int64)
    where = np.flatnonzero(seen)
    y, v = estimate[where], variance[where]
    n_pairs = y.size * (y.size - 1) // 2
    kept = list(_squared_z(y, v)) if y.size**2 <= _PAIRS_KEPT else None
    # Holm's rule: as long as more tests pass, those that are left are held to less.
    n_different, n_before = 0, -1
    threshold = np.inf
    while n_before < n_different < n_pairs:
        alone = 0.5 * (1.0 - confidence_level) / (n_pairs - n_different)
        threshold = max(float(ndtri(alone)) ** 2, np.finfo(np.float64).tiny)
        n_before = n_different
        squares = _squared_z(y, v) if kept is None else kept
        n_different = sum(int(np.count_nonzero(squared >= threshold)) for _, squared in squares)
    for rows, squared in _squared_z(y, v) if kept is None else kept:
        lower_than_row = squared >= threshold
        upper[where[rows]] -= np.count_nonzero(lower_than_row, axis=1)
        lower[where] += np.count_nonzero(lower_than_row, axis=0)
    return lower, upper


def _squared_z(y: FloatArray, v: FloatArray) -> Iterator[tuple[slice, FloatArray]]:
    """For some rows at a time: squared z of each other group, negative where that is the higher one."""
    step = max(1, _PAIRS_AT_A_TIME // max(y.size, 1))
    for start in range(0, y.size, step):
        rows = slice(start, start + step)
        difference = y[rows, None] - y
        yield rows, difference * np.abs(difference) / (v[rows, None] + v)


def holm(p_value: FloatArray) -> FloatArray:
    """Holm's adjusted p-values: the level at which each of many tests is the first to fail."""
    order = np.argsort(p_value, kind="stable")
    factor = np.arange(p_value.size, 0, -1, dtype=np.float64)
    adjusted: FloatArray = np.empty_like(p_value)
    adjusted[order] = np.minimum(np.maximum.accumulate(p_value[order] * factor), 1.0)
    return adjusted


def two_sided(z: FloatArray) -> FloatArray:
    """Probability of a standard normal value at least as far from 0."""
    return np.asarray(2.0 * ndtr(-np.abs(z)))

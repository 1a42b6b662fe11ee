"""Which groups differ, allowing for all the comparisons made: pairwise tests, Holm's rule, ranks."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri, stdtr, stdtrit

from customer_centric.nps._estimates import ADDED
from customer_centric.typing import FloatArray, IntArray

# As many pairs at a time as take a few megabytes, and as many as are kept from one step to the next.
_PAIRS_AT_A_TIME: Final = 1 << 18
_PAIRS_KEPT: Final = 1 << 22
_NODES: Final = 1025


@dataclass(frozen=True, slots=True, eq=False)
class AdjustedScores:
    """Net shares after 0.75 promoters, 1.5 passives and 0.75 detractors were added, as fractions.

    Parameters
    ----------
    net, variance : ndarray of shape (n_groups,)
        The net share and the variance of it.
    n : ndarray of shape (n_groups,)
        Answers, without those that were added.
    """

    net: FloatArray
    variance: FloatArray
    n: FloatArray

    def take(self, groups: NDArray[Any]) -> AdjustedScores:
        """The scores of some groups."""
        return AdjustedScores(self.net[groups], self.variance[groups], self.n[groups])

    def degrees_of_freedom(self, one: NDArray[Any], two: NDArray[Any]) -> FloatArray:
        """Welch and Satterthwaite's, of the difference of two groups each of which has n + 3 answers."""
        first, second = self.variance[one], self.variance[two]
        shares = first**2 / (self.n[one] + 2.0) + second**2 / (self.n[two] + 2.0)
        return np.asarray((first + second) ** 2 / shares, dtype=np.float64)


def adjusted_scores(promoters: FloatArray, detractors: FloatArray, n: FloatArray) -> AdjustedScores:
    """Adjusted net shares from the shares of promoters and detractors among n answers."""
    total = n + sum(ADDED)
    p = (np.nan_to_num(promoters) * n + ADDED[0]) / total
    d = (np.nan_to_num(detractors) * n + ADDED[2]) / total
    return AdjustedScores(p - d, (p + d - (p - d) ** 2) / total, n)


def student_p_values(t: FloatArray, degrees_of_freedom: FloatArray) -> FloatArray:
    """Probability of a value of Student's distribution at least as far from 0."""
    return np.asarray(2.0 * stdtr(degrees_of_freedom, -np.abs(t)))


def rank_intervals(scores: AdjustedScores, confidence_level: float) -> tuple[IntArray, IntArray]:
    """Bounds of the rank of each group, 1 the highest, that hold for all groups at once.

    A group without answers differs from none.
    """
    size = scores.n.size
    lower, upper = np.ones(size, dtype=np.int64), np.full(size, size, dtype=np.int64)
    where = np.flatnonzero(scores.n > 0)
    seen = scores.take(where)
    n_pairs = where.size * (where.size - 1) // 2
    kept = list(_squared_t(seen)) if where.size**2 <= _PAIRS_KEPT else None
    # Holm's rule: as long as more tests pass, those that are left are held to less.
    higher = other = np.zeros(0, dtype=np.int64)
    n_before = -1
    while n_before < higher.size < n_pairs:
        n_before = higher.size
        tail = 0.5 * (1.0 - confidence_level) / (n_pairs - n_before)
        squares = _squared_t(seen) if kept is None else kept
        higher, other = _told_apart(squares, seen, tail)
    upper[where] -= np.bincount(higher, minlength=where.size)
    lower[where] += np.bincount(other, minlength=where.size)
    return lower, upper


def _squared_t(scores: AdjustedScores) -> Iterator[tuple[int, FloatArray]]:
    """For some rows at a time: squared t of each other group, negative where that is the higher one."""
    y, v = scores.net, scores.variance
    step = max(1, _PAIRS_AT_A_TIME // max(y.size, 1))
    for start in range(0, y.size, step):
        difference = y[start : start + step, None] - y
        yield start, difference * np.abs(difference) / (v[start : start + step, None] + v)


def _told_apart(
    squares: Iterator[tuple[int, FloatArray]] | list[tuple[int, FloatArray]],
    scores: AdjustedScores,
    tail: float,
) -> tuple[IntArray, IntArray]:
    """Pairs whose t is beyond the quantile that leaves `tail` above it: the higher group and the other."""
    quantile = _squared_quantiles(tail)
    # No t-distribution has lighter tails than the normal one; groups do not differ from themselves.
    least = max(float(ndtri(tail)) ** 2, np.finfo(np.float64).tiny)
    found: list[NDArray[np.int64]] = []
    for start, squared in squares:
        rows, columns = np.nonzero(squared >= least)
        beyond = squared[rows, columns] >= quantile(scores.degrees_of_freedom(start + rows, columns))
        found.append(np.array([start + rows[beyond], columns[beyond]], dtype=np.int64))
    higher, other = np.concatenate(found, axis=1) if found else np.zeros((2, 0), dtype=np.int64)
    return higher, other


def _squared_quantiles(tail: float) -> Callable[[FloatArray], FloatArray]:
    """Squared quantiles of Student's distribution as a function of 2 or more degrees of freedom.

    The logarithm of a quantile is so smooth a function of 1 / degrees that a line between 1,025 of them is
    right to six digits, and takes a tenth of the time.
    """
    inverse = np.linspace(0.0, 0.5, _NODES)
    quantiles = -stdtrit(1.0 / np.maximum(inverse, 1e-12), tail)
    logarithm = 2.0 * np.log(np.maximum(quantiles, np.finfo(np.float64).tiny))
    return lambda degrees: np.exp(np.interp(1.0 / degrees, inverse, logarithm))

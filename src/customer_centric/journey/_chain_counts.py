"""From counted moves between states to the probabilities of a chain, and draws of what they might be."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

import numpy as np

from customer_centric.journey._chain_math import Solved, reaches_end, solve
from customer_centric.typing import BoolArray, FloatArray, IntArray

if TYPE_CHECKING:
    from scipy.sparse import csr_array

Draws: TypeAlias = Literal["customers", "rows"]
# In the draws each state may convert and be lost, as if half a visit had: none seen is not none possible.
_ADDED: Final = 0.5
# Chains that are drawn at a time, by the size of their tables: what is computed for them stays in memory.
_CELLS_AT_ONCE: Final = 1 << 21


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class ChainCounts:
    """Counted starts and moves.

    Parameters
    ----------
    start : ndarray of shape (n_states,)
        Journeys by their first state.
    moves : ndarray of shape (n_states, n_states + 2)
        Moves to each state, to converted and to lost.
    touchpoint : ndarray of shape (n_states,)
        Code of the touchpoint of each state, from 0.
    prior : float
        Visits added to each state, spread as all visits at its touchpoint.
    customers : csr_array of shape (n_customers, n_states + n_states * (n_states + 2)), optional
        Starts and moves of each customer, in the order of the two arrays.
    """

    start: FloatArray
    moves: FloatArray
    touchpoint: IntArray
    prior: float
    customers: csr_array | None = None

    @property
    def drawn(self) -> Draws:
        """What is drawn again: customers where they are known and more than one, rows otherwise."""
        return "customers" if self.customers is not None and self.customers.shape[0] > 1 else "rows"

    def probabilities(self) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Start, moves between states, and conversion, as shares."""
        return _shares(self.start, self.moves, self.touchpoint, self.prior)

    def draws(self, n_resamples: int, rng: np.random.Generator) -> Iterator[Solved]:
        """Chains as they might be, given what was counted, some at a time."""
        at_once = max(1, _CELLS_AT_ONCE // self.moves.size)
        for begin in range(0, n_resamples, at_once):
            size = min(at_once, n_resamples - begin)
            yield solve(*(self._by_customer if self.drawn == "customers" else self._by_row)(size, rng))

    def _by_customer(self, size: int, rng: np.random.Generator) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Customers with exponential weights: a bootstrap in which nobody is missing altogether."""
        n = self.start.size
        drawn = np.zeros((size, n * (n + 3)))
        if self.customers is not None:
            by_cell = self.customers.T
            for one in range(size):
                drawn[one] = by_cell @ rng.standard_exponential(by_cell.shape[1])
        start, moves = drawn[:, :n], drawn[:, n:].reshape(size, n, n + 2)
        moves[..., n:] += rng.gamma(_ADDED, size=(size, n, 2))
        return _shares(start, moves, self.touchpoint, self.prior)

    def _by_row(self, size: int, rng: np.random.Generator) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Each row from the Dirichlet distribution of its counts."""
        n = self.start.size
        parameters = self.moves + self.prior * _pooled(self.moves, self.touchpoint)
        parameters[:, n:] += _ADDED
        moves = rng.gamma(parameters, size=(size, n, n + 2))
        # Gammas of half an event may be so small that they round to 0.
        moves[..., n:] = np.maximum(moves[..., n:], np.finfo(np.float64).tiny)
        start = np.maximum(rng.gamma(self.start, size=(size, n)), np.finfo(np.float64).tiny)
        return _shares(np.where(self.start > 0, start, 0.0), moves, self.touchpoint, 0.0)


def _pooled(moves: FloatArray, touchpoint: IntArray) -> FloatArray:
    """For each state, where the visits at its touchpoint go next, as shares."""
    # Sums over the states of a touchpoint as a product, for any number of leading axes.
    same = (touchpoint[:, None] == touchpoint).astype(np.float64)
    total = same @ moves
    seen = total.sum(axis=-1, keepdims=True)
    return np.asarray(np.divide(total, seen, out=np.zeros_like(total), where=seen > 0))


def _shares(
    start: FloatArray, moves: FloatArray, touchpoint: IntArray, prior: float
) -> tuple[FloatArray, FloatArray, FloatArray]:
    n = start.shape[-1]
    total = moves.sum(axis=-1, keepdims=True)
    # A state that nobody was seen to leave is left as others leave its touchpoint.
    weight = np.where(total > 0, prior, 1.0)
    rows = (moves + weight * _pooled(moves, touchpoint)) / (total + weight)
    return start / start.sum(axis=-1, keepdims=True), rows[..., :n], rows[..., n]


def states_with_an_end(moves: FloatArray, touchpoint: IntArray) -> BoolArray:
    """States from which an end was seen, at once or later; of others it is only known that they go on."""
    n = moves.shape[0]
    # A state without moves is left as its touchpoint.
    leads = np.where((moves.sum(axis=1) > 0)[:, None], moves, _pooled(moves, touchpoint))
    return reaches_end(leads[:, :n] > 0, leads[:, n:].sum(axis=1) > 0)

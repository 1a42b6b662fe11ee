"""The mathematics of an absorbing chain, on arrays: visits, values, and what moving its mass does.

Arrays may have leading axes, so that many chains of the same states are one call.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from customer_centric.errors import InvalidInputError
from customer_centric.typing import BoolArray, FloatArray, IntArray

# Expected visits above this lose more than nine of their sixteen digits in the inverse.
_MOST_VISITS: Final = 1e9


@dataclass(frozen=True, slots=True, eq=False)
class Solved:
    """A chain with its inverse.

    Parameters
    ----------
    start, converts : ndarray of shape (..., n_states)
        Distribution of the first state, and probability to convert next.
    moves : ndarray of shape (..., n_states, n_states)
        Probability to visit each state next.
    inverse : ndarray of shape (..., n_states, n_states)
        Expected visits to each state from each state on, the state itself included.
    visits, value : ndarray of shape (..., n_states)
        Expected visits of a journey, and probability to convert from each state on.
    """

    start: FloatArray
    moves: FloatArray
    converts: FloatArray
    inverse: FloatArray
    visits: FloatArray
    value: FloatArray

    @property
    def conversion(self) -> FloatArray:
        return np.asarray((self.start * self.value).sum(axis=-1))


def solve(start: FloatArray, moves: FloatArray, converts: FloatArray) -> Solved:
    """Visits and values of a chain all of whose states lead to an end."""
    inverse = np.asarray(np.linalg.inv(np.eye(start.shape[-1]) - moves), dtype=np.float64)
    return Solved(start, moves, converts, inverse, _row(start, inverse), _column(inverse, converts))


def _row(row: FloatArray, matrix: FloatArray) -> FloatArray:
    return np.asarray((row[..., None, :] @ matrix)[..., 0, :])


def _column(matrix: FloatArray, column: FloatArray) -> FloatArray:
    return np.asarray((matrix @ column[..., None])[..., 0])


def solve_checked(start: FloatArray, moves: FloatArray, converts: FloatArray, names: list[str]) -> Solved:
    """The same, refusing a chain that goes round for ever, or as good as that."""
    leaves = 1.0 - moves.sum(axis=1)
    stuck = ~reaches_end(moves > 0, leaves > 0)
    if stuck.any():
        raise InvalidInputError(
            f"`moves` must lead to an end from every state, got none from {names[int(np.argmax(stuck))]} "
            f"({int(stuck.sum())} of {stuck.size} states); a row whose sum is less than 1 loses the rest"
        )
    try:
        solved = solve(start, moves, converts)
    except np.linalg.LinAlgError:
        solved = None
    if solved is None or not bool((np.abs(solved.inverse) <= _MOST_VISITS).all()):
        worst = int(np.argmin(leaves))
        raise InvalidInputError(
            f"`moves` must end after at most {_MOST_VISITS:g} visits on average, got more: the probability "
            f"to end at {names[worst]} is {leaves[worst]:g}"
        )
    return solved


def reaches_end(leads: BoolArray, ends: BoolArray) -> BoolArray:
    """From which states an end can be reached: at once, or through other states."""
    found = ends.copy()
    while True:
        more = found | (leads @ found)
        if np.array_equal(more, found):
            return np.asarray(found)
        found = more


def moved(
    start: FloatArray, moves: FloatArray, flagged: IntArray, clean: IntArray
) -> tuple[FloatArray, FloatArray]:
    """Start and moves with the mass of each flagged state at its clean twin, in every row."""
    start, moves = start.copy(), moves.copy()
    # One after the other, as several flagged states may have one twin.
    for state, twin in zip(flagged.tolist(), clean.tolist(), strict=True):
        for array in (start, moves):
            array[..., twin] += array[..., state]
            array[..., state] = 0.0
    return start, moves


def contributions(
    actual: Solved, flagged: IntArray, clean: IntArray
) -> tuple[FloatArray, FloatArray, Solved]:
    """What each flagged state takes from conversion, in the two exact forms, and the clean chain."""
    ideal = solve(*moved(actual.start, actual.moves, flagged, clean), actual.converts)
    primal = actual.visits[..., flagged] * (ideal.value[..., clean] - ideal.value[..., flagged])
    arrivals = actual.start[..., flagged] + _row(ideal.visits, actual.moves[..., flagged])
    dual = arrivals * (actual.value[..., clean] - actual.value[..., flagged])
    return primal, dual, ideal


def gain_of_fixing(solved: Solved, flagged: IntArray, clean: IntArray) -> FloatArray:
    """Conversion gained if all arrows into the flagged states went to their twins, from the one inverse.

    The Woodbury form of the rank of the flagged states: because N Q = N - I, what has to be solved is the
    difference of rows of N.
    """
    rows = solved.inverse[..., flagged, :] - solved.inverse[..., clean, :]
    gap = solved.value[..., clean] - solved.value[..., flagged]
    fixed = np.linalg.solve(rows[..., flagged], gap[..., None])[..., 0]
    return np.asarray((solved.visits[..., flagged] * fixed).sum(axis=-1))

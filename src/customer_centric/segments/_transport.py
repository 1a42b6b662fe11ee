"""The most profitable assignment of customers to policies with a capacity each, exactly, for millions.

The dual of the transportation problem has one price a policy. It is convex and piecewise linear: at prices
that are not yet optimal, some policies together are asked for by more customers than they have room for, or
by fewer. Which ones says a small transportation problem between the *kinds* of customers (those with the same
best choices) and the policies; how far their prices can move at once says a partition of the customers.
Prices start from those of a sample, and customers far from changing their minds are left out of most steps.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from scipy.optimize import linprog
from scipy.sparse import csr_array, hstack, vstack

from customer_centric.errors import ConvergenceError
from customer_centric.typing import BoolArray, FloatArray, IntArray

_MAX_STEPS: Final = 5000
# Profits that differ by less than this share of the largest one are a tie.
_TIE: Final = 1e-12
_SAMPLE: Final = 4096
_SAMPLE_GROWTH: Final = 8


@dataclass(frozen=True, slots=True, eq=False)
class Transport:
    """Choice of each customer, the price of each column, and customers between choices that are as good."""

    choice: IntArray
    price: FloatArray
    n_tied: int


def solve_transport(profit: FloatArray, capacity: FloatArray) -> Transport:
    """Choose a column for each row with the largest sum, no column more often than its capacity.

    Parameters
    ----------
    profit : ndarray of shape (n, m)
        Finite. Among rows that are equally good for a place, the first ones get it.
    capacity : ndarray of shape (m,)
        Whole numbers; the first column, nothing, has room for all rows.
    """
    n, m = profit.shape
    tie = _TIE * max(float(np.abs(profit).max(initial=0.0)), float(np.finfo(np.float64).tiny))
    price = np.zeros(m)
    stride = 1
    while n // stride > _SAMPLE_GROWTH * _SAMPLE:
        stride *= _SAMPLE_GROWTH
    reach = np.inf
    while stride > 1:
        sample = profit[::stride]
        rooms = np.floor(capacity * (len(sample) / n))
        rooms[0] += max(0.0, len(sample) - rooms.sum())
        price = _settle(sample, rooms, price, tie, reach)
        stride //= _SAMPLE_GROWTH
        reach = 0.0
    price = _settle(profit, capacity, price, tie, reach)
    tight = _tight(profit - price, tie)
    kinds, kind = _kinds(tight)
    counts = np.bincount(kind, minlength=len(kinds))
    placed, _, _ = _place(kinds, counts, capacity, price > 0, is_settled=True)
    choice, n_tied = _choose(kind, placed)
    return Transport(choice, price, n_tied)


def _settle(
    profit: FloatArray, capacity: FloatArray, price: FloatArray, tie: float, reach: float
) -> FloatArray:
    """Prices at which every column with a price is full and none is asked for too often."""
    while True:
        near, fixed, room = _undecided(profit - price, reach)
        left = capacity - np.bincount(fixed, minlength=capacity.size)
        price, is_settled = _descend(profit[near], left, price, tie, room)
        if is_settled:
            return price
        reach = 4.0 * room


def _descend(
    profit: FloatArray, capacity: FloatArray, base: FloatArray, tie: float, room: float
) -> tuple[FloatArray, bool]:
    """Prices of least dual value at most `room` away from the first ones, and whether they settled there.

    Of two customers close to changing their minds each would stop the prices of the other, in ever shorter
    steps. So customers as good as undecided count as undecided, with less and less tolerance.
    """
    price, surplus = base, profit - base
    dual = float(surplus.max(axis=1).sum() + price @ capacity)
    tolerance = max(float(np.ptp(surplus, axis=1).mean()) / 16.0, tie) if len(profit) else tie
    for _ in range(_MAX_STEPS):
        tight, direction, excess = _asked(surplus, capacity, price, tolerance)
        if excess == 0:
            # Often the exact ties are settled too; if not, look closer.
            if tolerance <= tie or _asked(surplus, capacity, price, tie)[2] == 0:
                return price, True
            tolerance = max(tolerance / 8.0, tie)
            continue
        limit, is_edge = _room_to_move(price, base, direction, room)
        move = _step(surplus, tight, direction, excess)
        new_price = np.maximum(price + min(move, limit) * direction, 0.0)
        new_surplus = profit - new_price
        new_dual = float(new_surplus.max(axis=1).sum() + new_price @ capacity)
        if new_dual < dual or tolerance <= tie:
            price, surplus, dual = new_price, new_surplus, new_dual
            if is_edge and move >= limit:
                return price, False
        else:
            tolerance = max(tolerance / 8.0, tie)
    raise ConvergenceError(
        f"the prices of {capacity.size} policies did not settle in {_MAX_STEPS} steps; round the expected "
        "profits to what they are known to"
    )


def _asked(
    surplus: FloatArray, capacity: FloatArray, price: FloatArray, tolerance: float
) -> tuple[BoolArray, FloatArray, int]:
    """The best choices of each customer, in which direction prices must move for them, and how urgently."""
    tight = _tight(surplus, tolerance)
    kinds, kind = _kinds(tight)
    _, direction, excess = _place(kinds, np.bincount(kind, minlength=len(kinds)), capacity, price > 0)
    return tight, direction, excess


def _room_to_move(
    price: FloatArray, base: FloatArray, direction: FloatArray, room: float
) -> tuple[float, bool]:
    """How far prices may move, and whether customers who were left out stop them, not a price of 0."""
    falling, rising = direction < 0, direction > 0
    to_zero = float(price[falling].min(initial=np.inf))
    down, up = (price - base + room)[falling], (base + room - price)[rising]
    to_edge = max(0.0, float(min(down.min(initial=np.inf), up.min(initial=np.inf))))
    return min(to_zero, to_edge), to_edge <= to_zero


def _undecided(surplus: FloatArray, reach: float) -> tuple[IntArray, IntArray, float]:
    """Rows that may change their choice, the choices of the others, and how far prices may move meanwhile."""
    n = len(surplus)
    if reach == np.inf or surplus.shape[1] == 1:
        return np.arange(n), np.zeros(0, dtype=np.int64), np.inf
    best = np.argmax(surplus, axis=1)
    two = np.partition(surplus, -2, axis=1)[:, -2:]
    gap = two[:, 1] - two[:, 0]
    near = min(n - 1, int(20.0 * np.sqrt(n)))
    # Where many customers are undecided exactly, prices still need room to move.
    reach = max(reach, float(np.partition(gap, near)[near]), 0.01 * float(gap.mean()))
    is_near = gap <= reach
    if is_near.all():
        return np.arange(n), np.zeros(0, dtype=np.int64), np.inf
    return np.flatnonzero(is_near), best[~is_near], 0.5 * reach


def _tight(surplus: FloatArray, tie: float) -> BoolArray:
    return np.asarray(surplus >= surplus.max(axis=1, keepdims=True) - tie)


def _kinds(tight: BoolArray) -> tuple[BoolArray, IntArray]:
    """The distinct sets of best columns, in an order that rows do not change, and that of each row."""
    m = tight.shape[1]
    if m <= 16:
        code = tight.astype(np.int64) @ (1 << np.arange(m, dtype=np.int64))
        present = np.zeros(1 << m, dtype=np.bool_)
        present[code] = True
        place = np.cumsum(present) - 1
        bits = np.bitwise_and(np.flatnonzero(present)[:, None] >> np.arange(m, dtype=np.int64), 1)
        return np.asarray(bits, dtype=np.bool_), place[code]
    found, inverse = np.unique(tight, axis=0, return_inverse=True)
    return found, inverse.reshape(-1)


def _place(
    kinds: BoolArray, counts: IntArray, capacity: FloatArray, paid: BoolArray, *, is_settled: bool = False
) -> tuple[IntArray, FloatArray, int]:
    """Customers of each kind by column, the direction in which prices must move, and how urgently.

    As few as possible are placed beyond the capacity of a column, or missing from one with a price: those
    must be full, while the others may have places to spare. Where prices are settled nobody is, and among
    the ways to place everybody that is taken which prefers the earlier columns.
    """
    of_kind, column = np.nonzero(kinds)
    m, edges = capacity.size, of_kind.size
    ones = np.ones(edges)
    everybody = csr_array((ones, (of_kind, np.arange(edges))), shape=(len(kinds), edges))
    asked = csr_array((ones, (column, np.arange(edges))), shape=(m, edges))
    unit = csr_array((np.ones(m), (np.arange(m), np.arange(m))), shape=(m, m))
    nothing = csr_array((len(kinds), 2 * m))
    most = np.full(edges + 2 * m, np.inf)
    if is_settled:
        most[edges:] = np.append(np.zeros(m), np.where(paid, 0.0, np.inf))
    bounds: Any = np.column_stack([np.zeros(edges + 2 * m), most])
    # The stubs of SciPy know neither sparse constraints nor what comes back.
    constraints: Any = vstack([hstack([everybody, nothing]), hstack([asked, -unit, unit])], format="csr")
    found: Any = linprog(
        np.concatenate([column * float(is_settled), np.ones(m), paid.astype(np.float64)]),
        A_eq=constraints,
        b_eq=np.concatenate([counts, capacity]),
        bounds=bounds,
        method="highs-ds",
    )
    if found.status != 0:
        raise ConvergenceError(f"the customers could not be placed: {found.message}")
    placed = np.zeros(kinds.shape, dtype=np.int64)
    placed[of_kind, column] = np.rint(found.x[:edges])
    direction = -np.rint(found.eqlin.marginals[len(kinds) :])
    return placed, direction, round(float(found.fun))


def _step(surplus: FloatArray, tight: BoolArray, direction: FloatArray, excess: int) -> float:
    """How far prices move in a direction until the dual falls no more."""

    def best(sign: int) -> FloatArray:
        columns = surplus[:, direction == sign]
        return columns.max(axis=1) if columns.shape[1] else np.full(len(surplus), -np.inf)

    dearer, same, cheaper = best(1), best(0), best(-1)
    arrived = tight[:, direction == -1].any(axis=1)
    stays = ~arrived & ~tight[:, direction == 0].any(axis=1)
    with np.errstate(invalid="ignore"):
        # Where a customer leaves the columns that become dearer, and where one reaches the cheaper ones.
        half = 0.5 * (dearer - cheaper)
        leave = np.minimum(dearer - same, half)[stays]
        reach = np.maximum(same - cheaper, half)[~arrived]
    turns = np.concatenate([leave[np.isfinite(leave)], reach[np.isfinite(reach)]])
    # Each turn takes one off the slope, which is minus the excess at the start.
    if turns.size < excess:
        return np.inf
    return float(np.partition(turns, excess - 1)[excess - 1])


def _choose(kind: IntArray, placed: IntArray) -> tuple[IntArray, int]:
    """A column for each row; of a kind that is divided, the first rows get the first columns, none last."""
    choice = np.asarray(np.argmax(placed > 0, axis=1)[kind], dtype=np.int64)
    last_none = np.append(np.arange(1, placed.shape[1], dtype=np.int64), 0)
    n_tied = 0
    for divided in np.flatnonzero((placed > 0).sum(axis=1) > 1):
        members = np.flatnonzero(kind == divided)
        choice[members] = np.repeat(last_none, placed[int(divided)][last_none])
        n_tied += members.size
    return choice, n_tied

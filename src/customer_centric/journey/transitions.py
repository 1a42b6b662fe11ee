"""From journeys and their signals to a chain of visits."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from customer_centric.errors import InvalidInputError
from customer_centric.journey.chain import JourneyChain, chain_of_counts
from customer_centric.journey.signals import SignalTable
from customer_centric.typing import BoolArray, IntArray

if TYPE_CHECKING:
    from scipy.sparse import csr_array

__all__ = ["transition_model"]


def transition_model(
    table: SignalTable,
    *,
    signals: Collection[str] | None = None,
    subset: ArrayLike | None = None,
    prior: float = 0.5,
) -> JourneyChain:
    r"""The chain of visits that journeys make, with flagged visits as states of their own.

    Parameters
    ----------
    table : SignalTable
        From `detect_signals`.
    signals : collection of str, optional
        Signals that make a visit a flagged one; system signals by default. Signals of behaviour are symptoms:
        without a second try there is nothing to retry.
    subset : array_like of bool of shape (n_journeys,), optional
        Journeys that count; all by default. One chain for each channel, or for the days of an incident and
        the others, is closer to what happens than one for all.
    prior : float, default 0.5
        Visits added to each state, spread as all visits at its touchpoint go on; see `from_counts`.

    Returns
    -------
    JourneyChain
        Its states are touchpoints with the main signal of the visit, or none. Intervals draw customers.

    Raises
    ------
    InvalidInputError
        If a signal is unknown, the subset does not fit, or no journey ended.

    Notes
    -----
    The main signal of a visit is the one with the most friction units, \(-\ln(1 - w_k)\, x_k\); of equal ones
    the first in the order of the signals. The visit that reaches the goal converts, and visits after it are
    cut. Journeys that were abandoned are lost after their last visit; open ones count with the moves that
    were seen. Journeys that began before the log count with their moves, and not among the starts.

    Examples
    --------
    >>> from datetime import timedelta
    >>> from customer_centric import EventSchema, detect_signals, find_journeys, prepare_log
    >>> from customer_centric.simulate import simulate_journeys
    >>> world = simulate_journeys(2000, rng=np.random.default_rng(1))
    >>> log = prepare_log(world.log, EventSchema.full())
    >>> journeys = find_journeys(
    ...     log,
    ...     goal="purchase",
    ...     contact="support",
    ...     end=world.end,
    ...     closed_after=timedelta(hours=2),
    ... )
    >>> print(transition_model(detect_signals(journeys)))
    12 states, 44.52 % of journeys convert, from 2,000 journeys
    """
    journeys, v = table.journeys, table.journeys.visits
    studied = _studied(table, signals)
    counts = np.ones(journeys.n_journeys, dtype=np.bool_)
    if subset is not None:
        counts = np.asarray(subset)
        if counts.dtype != np.bool_ or counts.shape != (journeys.n_journeys,):
            raise InvalidInputError(
                f"`subset` must have True or False for each of {journeys.n_journeys:,} journeys, got "
                f"{counts.dtype} of shape {counts.shape}"
            )
    kept = counts[v.journey] & ~v.after_goal
    state = v.touchpoint.astype(np.int64) * (len(table.signals) + 1)
    visit, main = _main_signals(table, studied)
    state[visit] += main + 1
    rows = np.flatnonzero(kept)
    if not rows.size:
        raise InvalidInputError("`table` must have at least one visit that counts, got none")
    found, code = _distinct(state[rows])
    starts, moves = _moves(table, rows, code, found.size)
    n = found.size
    cell = np.concatenate([starts[1], n + moves[1] * (n + 2) + moves[2]])
    customer = journeys.customer[np.concatenate([starts[0], moves[0]])]
    by_cell = np.bincount(cell, minlength=n * (n + 3)).astype(np.float64)
    places: list[int] = (found // (len(table.signals) + 1)).tolist()
    kinds: list[int] = (found % (len(table.signals) + 1)).tolist()
    return chain_of_counts(
        by_cell[n:].reshape(n, n + 2),
        by_cell[:n],
        tuple(v.touchpoints[place] for place in places),
        tuple(None if kind == 0 else table.names[kind - 1] for kind in kinds),
        prior,
        _table_of_customers(customer, cell, n * (n + 3)),
    )


def _studied(table: SignalTable, signals: Collection[str] | None) -> BoolArray:
    if signals is None:
        return np.array([signal.kind == "system" for signal in table.signals], dtype=np.bool_)
    wanted = (signals,) if isinstance(signals, str) else tuple(signals)
    for name in wanted:
        if name not in table.names:
            raise InvalidInputError(
                f"`signals` must be signals of the table, got {name!r}; it has "
                + ", ".join(repr(other) for other in table.names)
            )
    return np.array([name in wanted for name in table.names], dtype=np.bool_)


def _main_signals(table: SignalTable, studied: BoolArray) -> tuple[IntArray, NDArray[Any]]:
    """Flagged visits, and the signal with the most units at each."""
    hits = np.flatnonzero(studied[table.signal])
    visit, signal = table.visit[hits], table.signal[hits]
    units = -np.log1p(-table.weights)[signal] * table.severity[hits]
    order = np.lexsort((signal, -units, visit))
    visit, signal = visit[order], signal[order]
    first = np.ones(visit.size, dtype=np.bool_)
    first[1:] = visit[1:] != visit[:-1]
    return visit[first], signal[first].astype(np.int64)


def _moves(
    table: SignalTable, rows: IntArray, code: IntArray, n: int
) -> tuple[tuple[IntArray, IntArray], tuple[IntArray, IntArray, IntArray]]:
    """Journey and state of each start; journey, state and what came next of each move."""
    journeys, v = table.journeys, table.journeys.visits
    journey = v.journey[rows].astype(np.int64)
    last = np.ones(rows.size, dtype=np.bool_)
    last[:-1] = journey[1:] != journey[:-1]
    opens = np.roll(last, 1)
    closed = np.isin(journeys.status, [1, 2])
    begun_in_log = journeys.status != 4
    following = np.where(last, -1, np.roll(code, -1))
    following[last & closed[journey]] = n + 1
    following[last & (journeys.goal_visit[journey] == rows)] = n
    first = np.flatnonzero(opens & begun_in_log[journey])
    seen = np.flatnonzero(following >= 0)
    return (journey[first], code[first]), (journey[seen], code[seen], following[seen])


def _table_of_customers(customer: NDArray[Any], cell: IntArray, n_cells: int) -> csr_array:
    """How often each customer was seen to make each move."""
    from scipy.sparse import csr_array

    _, row = _distinct(customer)
    narrow = np.int32 if max(cell.size, n_cells) < 2**31 else np.int64
    place = row.astype(narrow), cell.astype(narrow)
    return csr_array((np.ones(cell.size), place), shape=(int(row.max(initial=-1)) + 1, n_cells))


def _distinct(codes: NDArray[Any]) -> tuple[IntArray, IntArray]:
    """Distinct codes, ascending, and the position of each among them: without sorting, as there are few."""
    there = np.bincount(codes) > 0
    return np.flatnonzero(there), (np.cumsum(there) - 1)[codes]

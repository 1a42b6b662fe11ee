"""The first visit of each journey to each touchpoint, with its flag and what became of the journey."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from customer_centric._core.checks import as_floats, raise_broken
from customer_centric._core.words import counted
from customer_centric.errors import InvalidInputError
from customer_centric.journey._clusters import effective_number
from customer_centric.journey.excess import studied_mask
from customer_centric.journey.signals import SignalTable
from customer_centric.typing import BoolArray, FloatArray, IntArray


@dataclass(frozen=True, slots=True, eq=False)
class FirstVisits:
    """One row a journey with a known outcome and a touchpoint it came to before the goal.

    Parameters
    ----------
    journey, visit, touchpoint, channel, customer : ndarray of int of shape (n_rows,)
        Where the row comes from; channel 0 throughout for logs without any.
    flagged : ndarray of bool of shape (n_rows,)
        Whether the visit shows a signal under study.
    outcome : ndarray of shape (n_rows,)
        What became of the journey.
    channels : tuple of str
        Names of the channels.
    """

    journey: IntArray
    visit: IntArray
    touchpoint: IntArray
    channel: IntArray
    customer: NDArray[Any]
    flagged: BoolArray
    outcome: FloatArray
    channels: tuple[str, ...]


def first_visits(
    signals: SignalTable, studied: Collection[str] | None, outcome: ArrayLike | None
) -> FirstVisits:
    """First visits up to the goal, of journeys whose outcome is known."""
    journeys, v = signals.journeys, signals.journeys.visits
    y = as_floats("outcome", journeys.outcome if outcome is None else outcome)
    if y.shape != (journeys.n_journeys,):
        raise InvalidInputError(
            f"`outcome` must have one number a journey, got shape {y.shape} for "
            f"{counted(journeys.n_journeys, 'journey')}"
        )
    raise_broken("outcome", "between 0 and 1, or NaN", y, (y < 0) | (y > 1))
    known = ~np.isnan(y)
    if not known.any():
        raise InvalidInputError(
            f"`outcome` must be known for at least one journey, got none of {y.size}; give `lost` or "
            "`closed_after` to `find_journeys`, or outcomes of your own"
        )
    rows = np.flatnonzero(~v.after_goal & known[v.journey])
    key = v.journey[rows].astype(np.int64) * len(v.touchpoints) + v.touchpoint[rows]
    _, first = np.unique(key, return_index=True)
    visit = rows[first]
    flagged = np.zeros(v.n_visits, dtype=np.bool_)
    flagged[signals.visit[studied_mask(signals, studied)[signals.signal]]] = True
    journey = v.journey[visit].astype(np.int64)
    codes = np.zeros(v.n_visits, dtype=np.int64)
    names: tuple[str, ...] = ("all",)
    if v.channel is not None:
        missing = v.channel.codes < 0
        codes = np.where(missing, len(v.channel.names), v.channel.codes).astype(np.int64)
        names = (*v.channel.names, *(["(unknown)"] if missing.any() else []))
    return FirstVisits(
        journey=journey,
        visit=visit,
        touchpoint=v.touchpoint[visit].astype(np.int64),
        channel=codes[visit],
        customer=journeys.customer[journey],
        flagged=flagged[visit],
        outcome=y[journey],
        channels=names,
    )


@dataclass(frozen=True, slots=True, eq=False)
class Means:
    """Mean outcome of each cell, with limits."""

    n: IntArray
    mean: FloatArray
    effective: FloatArray


def cell_means(outcome: FloatArray, cell: IntArray, n_cells: int, customer: NDArray[Any]) -> Means:
    """Mean outcome of each cell, NaN where it is empty, and the independent journeys it stands for."""
    n = np.bincount(cell, minlength=n_cells)
    total = np.bincount(cell, outcome, n_cells)
    mean = np.divide(total, n, out=np.full(n_cells, np.nan), where=n > 0)
    # Sums may pass the count by their last bit.
    mean = np.minimum(mean, 1.0)
    return Means(n, mean, effective_number(outcome, cell, mean, n, customer))

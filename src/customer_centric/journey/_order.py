"""Events in the order of journeys and time: a total order, by as little sorting as the rows need."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from customer_centric.typing import BoolArray, FloatArray, IntArray


def total_order(
    journey: NDArray[Any], ticks: IntArray, order: FloatArray | None, n_journeys: int
) -> NDArray[Any] | None:
    """Which row comes first, second, ... by journey, time, `order`, then row; None where they do already."""
    same = journey[1:] == journey[:-1]
    later = _not_before(ticks, order)
    if np.all(journey[1:] >= journey[:-1]) and np.all(later | ~same):
        return None
    if later.all():
        return _by_journey(journey, n_journeys)
    by_time = np.argsort(ticks, kind="stable") if order is None else np.lexsort((order, ticks))
    return np.asarray(by_time[_by_journey(journey[by_time], n_journeys)])


def _not_before(ticks: IntArray, order: FloatArray | None) -> BoolArray:
    """Whether each row but the first is not before the one above it."""
    if order is None:
        return np.asarray(ticks[1:] >= ticks[:-1])
    tied = (ticks[1:] == ticks[:-1]) & (order[1:] >= order[:-1])
    return np.asarray((ticks[1:] > ticks[:-1]) | tied)


def _by_journey(journey: NDArray[Any], n_journeys: int) -> NDArray[Any]:
    """A stable counting sort, in compiled code: the transpose of one entry a row."""
    from scipy.sparse import csr_array

    n = journey.size
    narrow = np.int32 if max(n, n_journeys) < 2**31 else np.int64
    one_a_row = csr_array(
        (np.ones(n, dtype=np.int8), journey.astype(narrow, copy=False), np.arange(n + 1, dtype=narrow)),
        shape=(n, n_journeys),
    )
    return np.asarray(one_a_row.tocsc().indices)


def starts_of(journey: NDArray[Any]) -> IntArray:
    """Where each run of equal codes begins, and one past the last."""
    if journey.size == 0:
        return np.zeros(1, dtype=np.int64)
    inner = np.flatnonzero(journey[1:] != journey[:-1]) + 1
    return np.concatenate([[0], inner, [journey.size]]).astype(np.int64)

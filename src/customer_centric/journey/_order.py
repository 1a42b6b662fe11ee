"""Events in the order of journeys and time: a total order, by as little sorting as the rows need."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from customer_centric.typing import BoolArray, FloatArray, IntArray

# Codes of one byte that travel together.
_PACKED: Final = 4


def arrange(columns: Mapping[str, NDArray[Any]], n_journeys: int) -> dict[str, NDArray[Any]]:
    """The columns by "journey", "ticks", "order" if there is one, then row."""
    journey, ticks, order = columns["journey"], columns["ticks"], columns.get("order")
    rows = total_order(journey, ticks, order, n_journeys)
    if rows is None:
        return dict(columns)
    arranged = _take({role: values for role, values in columns.items() if role != "journey"}, rows)
    # Journeys follow one another: nothing has to be looked up.
    counts = np.bincount(journey, minlength=n_journeys)
    return {"journey": np.repeat(np.arange(n_journeys, dtype=journey.dtype), counts)} | arranged


def total_order(
    journey: NDArray[Any], ticks: IntArray, order: FloatArray | None, n_journeys: int
) -> NDArray[Any] | None:
    """Which row comes first, second, ... by journey, time, `order`, then row; None where they do already."""
    same = journey[1:] == journey[:-1]
    later = _not_before(ticks, order)
    if np.all(journey[1:] >= journey[:-1]) and np.all(later | ~same):
        return None
    if later.all():
        return np.asarray(_by_journey(journey, n_journeys, np.ones(journey.size, dtype=np.int8)).indices)
    rows = _by_journey_and_time(journey, ticks, n_journeys)
    return rows if order is None else _untied(rows, journey, ticks, order)


def _not_before(ticks: IntArray, order: FloatArray | None) -> BoolArray:
    """Whether each row but the first is not before the one above it."""
    if order is None:
        return np.asarray(ticks[1:] >= ticks[:-1])
    tied = (ticks[1:] == ticks[:-1]) & (order[1:] >= order[:-1])
    return np.asarray((ticks[1:] > ticks[:-1]) | tied)


def _by_journey(journey: NDArray[Any], n_journeys: int, payload: NDArray[Any]) -> Any:
    """A stable counting sort, in compiled code: the transpose of one entry a row."""
    from scipy.sparse import csr_array

    n = journey.size
    narrow = np.int32 if max(n, n_journeys) < 2**31 else np.int64
    one_a_row = csr_array(
        (payload, journey.astype(narrow, copy=False), np.arange(n + 1, dtype=narrow)), shape=(n, n_journeys)
    )
    return one_a_row.tocsc()


def _by_journey_and_time(journey: NDArray[Any], ticks: IntArray, n_journeys: int) -> NDArray[Any]:
    """Journeys are short: rows are counted into them, and each is sorted by itself."""
    from scipy.sparse import csr_array

    grouped = _by_journey(journey, n_journeys, ticks)
    starts: NDArray[Any] = grouped.indptr
    counts = np.diff(starts)
    low = int(ticks.min())
    bits = int(counts.max() - 1).bit_length()
    if (int(ticks.max()) - low).bit_length() + bits > 62:
        by_time = np.argsort(ticks, kind="stable")
        ones = np.ones(ticks.size, dtype=np.int8)
        return np.asarray(by_time[_by_journey(journey[by_time], n_journeys, ones).indices])
    begin = np.repeat(starts[:-1], counts)
    # The place within the journey breaks ties, and is what is left to read off.
    key: IntArray = grouped.data - low
    key <<= bits
    key |= np.arange(ticks.size, dtype=starts.dtype) - begin
    shape = (n_journeys, 2**62)
    by_key = csr_array((np.zeros(ticks.size, dtype=np.int8), key, starts.astype(np.int64)), shape=shape)
    by_key.sort_indices()
    place = by_key.indices & ((1 << bits) - 1)
    place += begin
    return np.asarray(grouped.indices.take(place))


def _untied(rows: NDArray[Any], journey: NDArray[Any], ticks: IntArray, order: FloatArray) -> NDArray[Any]:
    """The same rows, those of one moment by their order."""
    of_row, moment = journey[rows], ticks[rows]
    tied = (of_row[1:] == of_row[:-1]) & (moment[1:] == moment[:-1])
    if not tied.any():
        return rows
    near = np.flatnonzero(np.append(tied, False) | np.append(False, tied))
    among = rows[near]
    rows = rows.copy()
    rows[near] = among[np.lexsort((order[among], moment[near], of_row[near]))]
    return rows


def _take(columns: dict[str, NDArray[Any]], rows: NDArray[Any]) -> dict[str, NDArray[Any]]:
    """The rows of each column; columns of one byte share their way to memory, which is what takes time."""
    small = [role for role, values in columns.items() if values.dtype == np.int8]
    found = {role: values.take(rows) for role, values in columns.items() if values.dtype != np.int8}
    for first in range(0, len(small), _PACKED):
        together = small[first : first + _PACKED]
        packed = np.zeros((rows.size, _PACKED), dtype=np.int8)
        for i, role in enumerate(together):
            packed[:, i] = columns[role]
        taken = packed.view(np.int32).ravel().take(rows).view(np.int8).reshape(-1, _PACKED)
        found |= {role: np.ascontiguousarray(taken[:, i]) for i, role in enumerate(together)}
    return {role: found[role] for role in columns}


def starts_of(journey: NDArray[Any]) -> IntArray:
    """Where each run of equal codes begins, and one past the last."""
    if journey.size == 0:
        return np.zeros(1, dtype=np.int64)
    inner = np.flatnonzero(journey[1:] != journey[:-1]) + 1
    return np.concatenate([[0], inner, [journey.size]]).astype(np.int64)

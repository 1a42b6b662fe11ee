"""From which value on a customer has which score: cuts of mid-ranks, exact, wherever the rows are.

A score is a function of the mid-rank, and the mid-rank one of the value. So all scores of a column follow
from k - 1 cuts, and nothing else has to leave an engine; in memory no sorting is needed either.
"""

from __future__ import annotations

from typing import Any

import narwhals.stable.v2 as nw
import numpy as np

from customer_centric._core.frames import LazyFrame
from customer_centric.typing import FloatArray, IntArray


def cuts_in_memory(values: FloatArray, k: int) -> tuple[float, ...]:
    """The smallest value whose score exceeds 1, 2, ..., k - 1; infinite where none does.

    A value with `below` smaller values and `upto` values that are not larger has twice its mid-rank, less
    one, at `below + upto`; its score exceeds j where k (below + upto) > 2 n j.
    """
    n = values.size
    if n == 0:
        return (np.inf,) * (k - 1)
    whole = _cuts_of_whole(values, k)
    if whole is not None:
        return whole
    places = [n * j // k for j in range(1, k)]
    around = np.partition(values, sorted(set(places))) if places else values
    cuts: list[float] = []
    for j, place in enumerate(places, 1):
        value = float(around[place])
        below, upto = int(np.count_nonzero(values < value)), int(np.count_nonzero(values <= value))
        if k * (below + upto) <= 2 * n * j:
            # The next larger value is the first to exceed: all up to this one are below it.
            value = float(values[values > value].min(initial=np.inf))
        cuts.append(value)
    return tuple(cuts)


def _cuts_of_whole(values: FloatArray, k: int) -> tuple[float, ...] | None:
    """The cuts of whole numbers close to one another, which are counted in a table; None for others."""
    low, span = float(values.min()), float(values.max() - values.min())
    few = values[:1024]
    if span >= max(values.size, 1 << 16) or not np.array_equal(few, np.rint(few)):
        return None
    places = (values - low).astype(np.int64)
    if not np.array_equal(places, values - low):
        return None
    counts = np.bincount(places)
    present = np.flatnonzero(counts)
    upto = np.cumsum(counts[present])
    reached = k * (2 * upto - counts[present])
    first = np.searchsorted(reached, 2 * values.size * np.arange(1, k), side="right")
    # Past the last value nobody exceeds a score.
    return tuple(np.append(low + present, np.inf)[first].tolist())


def cuts_in_engine(frame: LazyFrame[Any], value: nw.Expr, n: int, k: int) -> tuple[float, ...]:
    """The same cuts from counts of distinct values, which stay in the engine too."""
    if n == 0 or k == 1:
        return (np.inf,) * (k - 1)
    by_value = frame.frame.select(value=value.cast(nw.Float64)).group_by("value").agg(n=nw.len())
    by_value = by_value.with_columns(nw.col("n").cast(nw.Int64))
    ranked = by_value.with_columns(upto=nw.col("n").cum_sum().over(order_by="value"))
    twice = 2 * nw.col("upto").cast(nw.Int64) - nw.col("n")
    exceeds = {f"cut{j}": nw.when(k * twice > 2 * n * j).then(nw.col("value")) for j in range(1, k)}
    found = frame.collect_arrays(
        ranked.with_columns(**exceeds).select(*(nw.col(name).min() for name in exceeds))
    )
    return tuple(float(np.nan_to_num(found[name][0], nan=np.inf)) for name in exceeds)


def score_by_cuts(values: FloatArray, cuts: tuple[float, ...], *, low_is_good: bool = False) -> IntArray:
    """1 and the number of cuts that each value reaches."""
    score = np.ones(values.size, dtype=np.int8 if len(cuts) < 127 else np.int64)
    for cut in cuts:
        np.add(score, values <= cut if low_is_good else values >= cut, out=score, casting="unsafe")
    return score.astype(np.int64)

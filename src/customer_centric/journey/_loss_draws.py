"""Sums behind a loss for the customers there are, and for customers drawn again: never from the events."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from customer_centric._core.tabulate import sum_by
from customer_centric.journey._risk_set import HIGHEST_RATE, RiskSet
from customer_centric.typing import FloatArray, IntArray

# Up to so many visits each draw goes through them; beyond, customers are drawn in groups.
_FEW_VISITS: Final = 20_000
_GROUPS: Final = 1_000
# Journeys from which the effect of rates on weights is taken; it is a correction of a correction.
_JOURNEYS_FOR_SLOPES: Final = 20_000
# What comes so many visits later says next to nothing about a weight.
_FARTHEST: Final = 200
# A clean journey of thousands of visits would have infinite weight; this much makes it alone in its strata.
_HIGHEST_LOG_WEIGHT: Final = 300.0
_NAMES: Final = (
    "flagged", "flagged_sum", "flagged_squares", "value",
    "clean", "clean_sum", "clean_squares", "clean_weights2",
)  # fmt: skip


@dataclass(frozen=True, slots=True, eq=False)
class CellSums:
    """What the values of flagged and clean visits are computed from; the first axis is the draw.

    The first draw is the customers there are, once each.

    Parameters
    ----------
    flagged, flagged_sum, flagged_squares : ndarray of shape (n_draws, n_cells)
        First flags of each cell, and the sums of their outcomes and squared outcomes.
    value : ndarray of shape (n_draws, n_cells)
        Sum of the values of journeys first flagged in each cell.
    clean, clean_sum, clean_squares, clean_weights2 : ndarray of shape (n_draws, n_cells)
        Weights of clean visits, and sums of weight times outcome and squared outcome, and of squared weights.
    total : ndarray of shape (n_draws,)
        Sum of the outcomes of all journeys.
    highest_weight : float
        Largest weight of a clean visit among the customers there are.
    """

    flagged: FloatArray
    flagged_sum: FloatArray
    flagged_squares: FloatArray
    value: FloatArray
    clean: FloatArray
    clean_sum: FloatArray
    clean_squares: FloatArray
    clean_weights2: FloatArray
    total: FloatArray
    highest_weight: float


@dataclass(frozen=True, slots=True, eq=False)
class _Rows:
    """At-risk visits by what they serve for: rates, first flags, and clean visits with weights."""

    rate_cell: NDArray[Any]
    flag: IntArray
    flag_cell: NDArray[Any]
    flag_outcome: FloatArray
    flag_value: FloatArray
    clean: IntArray
    clean_cell: NDArray[Any]
    clean_rate: NDArray[Any]
    clean_outcome: FloatArray
    last: IntArray


def draw_sums(
    risk: RiskSet,
    customer: NDArray[Any],
    outcome: FloatArray,
    value: FloatArray,
    *,
    n_resamples: int,
    rng: np.random.Generator,
) -> CellSums:
    """The sums for the customers there are, then for each draw of as many customers."""
    rows = _rows_of(risk, outcome, value)
    owner, n_owners = owners_of(customer, risk.known)
    if risk.visit.size <= _FEW_VISITS:
        return _draw_customers(risk, rows, owner, n_owners, outcome, n_resamples, rng)
    group, n_groups = groups_of(owner, n_owners)
    return _draw_groups(risk, rows, group, n_groups, outcome, n_resamples, rng)


def sums_of_all(
    risk: RiskSet, customer: NDArray[Any], outcome: FloatArray, rng: np.random.Generator
) -> CellSums:
    """The sums for the customers there are, and no draws."""
    owner, n_owners = owners_of(customer, risk.known)
    rows = _rows_of(risk, outcome, np.zeros(outcome.size))
    return _draw_customers(risk, rows, owner, n_owners, outcome, 0, rng)


def clean_weights(risk: RiskSet) -> tuple[IntArray, FloatArray]:
    """At-risk visits of journeys that are never flagged, and their weights."""
    rows = _rows_of(risk, np.zeros(risk.known.size), np.zeros(risk.known.size))
    n = risk.rate_of.size
    one = np.ones(rows.rate_cell.size)
    seen, flags = sum_by(rows.rate_cell, one, n), sum_by(rows.rate_cell[rows.flag], one[rows.flag], n)
    return rows.clean, _weights(rows, flag_rates(risk, seen, flags))


def groups_of(owner: IntArray, n_owners: int) -> tuple[NDArray[np.int32], int]:
    """Customers in at most a thousand groups of about one size; everybody is one where there are fewer."""
    if n_owners <= _GROUPS:
        return owner.astype(np.int32), n_owners
    # Neighbours have ids that are alike: a multiplication scatters them over the groups.
    scattered = (owner.astype(np.uint64) * np.uint64(0x9E3779B1)) >> np.uint64(12)
    return (scattered % np.uint64(_GROUPS)).astype(np.int32), _GROUPS


def _rows_of(risk: RiskSet, outcome: FloatArray, value: FloatArray) -> _Rows:
    flag, clean = np.flatnonzero(risk.flagged), np.flatnonzero(risk.clean)
    own = risk.journey[clean]
    ends = np.flatnonzero(np.append(own[1:] != own[:-1], True)[: own.size])
    return _Rows(
        rate_cell=risk.rate_cell,
        flag=flag,
        flag_cell=risk.cell[flag],
        flag_outcome=outcome[risk.journey[flag]],
        flag_value=value[risk.journey[flag]],
        clean=clean,
        clean_cell=risk.cell[clean],
        clean_rate=risk.rate_cell[clean],
        clean_outcome=outcome[own],
        last=np.repeat(ends, np.diff(np.concatenate([[-1], ends]))),
    )


def owners_of(customer: NDArray[Any], known: NDArray[np.bool_]) -> tuple[IntArray, int]:
    """Customers of journeys with a known outcome, as codes from 0; -1 for the others."""
    size = int(customer.max(initial=-1)) + 1
    present = np.flatnonzero(np.bincount(customer[known], minlength=size))
    table = np.full(size, -1, dtype=np.int64)
    table[present] = np.arange(present.size)
    return table[customer], present.size


def _weights(rows: _Rows, rate: FloatArray) -> FloatArray:
    """Weight of each clean visit: one over the chance that the later ones stayed clean."""
    return censoring_weights(rate[rows.clean_rate], rows.last)


def censoring_weights(rate: FloatArray, last: IntArray) -> FloatArray:
    """One over the chance that no visit after each one, up to the `last` of its journey, is flagged."""
    along = np.cumsum(-np.log1p(-rate))
    if along.size:
        along = np.exp(np.minimum(along[last] - along, _HIGHEST_LOG_WEIGHT))
    return along


def flag_rates(risk: RiskSet, seen: FloatArray, flags: FloatArray) -> FloatArray:
    """Flag rate of each rate cell, from itself or the smallest group that is large enough."""
    rate = np.zeros(seen.shape)
    every = np.arange(risk.rate_of.size)
    for level, group in enumerate((every, *risk.rate_groups)):
        mine = risk.rate_of == level
        if mine.any():
            size = int(group.max()) + 1
            into = np.zeros((group.size, size))
            into[every, group] = 1.0
            below = seen @ into
            pooled = np.divide(flags @ into, below, out=np.zeros_like(below), where=below > 0)
            rate[..., mine] = pooled[..., group[mine]]
    return np.minimum(rate, HIGHEST_RATE)


def _draw_customers(
    risk: RiskSet,
    rows: _Rows,
    owner: IntArray,
    n_owners: int,
    outcome: FloatArray,
    n_resamples: int,
    rng: np.random.Generator,
) -> CellSums:
    """Each draw goes through all visits: exact, and quick where they are few."""
    n, n_rates = risk.n_cells, risk.rate_of.size
    sums = {name: np.zeros((n_resamples + 1, n)) for name in _NAMES}
    total = np.zeros(n_resamples + 1)
    own = owner[risk.journey]
    of_flag, of_clean = own[rows.flag], own[rows.clean]
    by_owner = np.bincount(owner[risk.known], outcome[risk.known], n_owners)
    highest = 1.0
    for b in range(n_resamples + 1):
        drawn = np.ones(n_owners) if b == 0 else _multiplicities(rng, n_owners)
        total[b] = drawn @ by_owner
        m = drawn[own]
        seen = sum_by(rows.rate_cell, m, n_rates)
        flags = sum_by(rows.rate_cell[rows.flag], m[rows.flag], n_rates)
        weight = _weights(rows, flag_rates(risk, seen, flags))
        if b == 0:
            highest = float(weight.max(initial=1.0))
        terms = _terms(rows, weight)
        for name in _NAMES:
            cell, mine = (
                (rows.clean_cell, of_clean) if name.startswith("clean") else (rows.flag_cell, of_flag)
            )
            amount = drawn[mine] if terms[name] is None else drawn[mine] * terms[name]
            sums[name][b] = np.bincount(cell, amount, n)
    return CellSums(**sums, total=total, highest_weight=highest)


def _multiplicities(rng: np.random.Generator, n: int) -> FloatArray:
    return np.bincount(rng.integers(0, n, n), minlength=n).astype(np.float64)


def _terms(rows: _Rows, weight: FloatArray) -> dict[str, Any]:
    """What is summed over flagged and clean visits; None counts them."""
    y, clean_y = rows.flag_outcome, rows.clean_outcome
    weighted = weight * clean_y
    return {
        "flagged": None,
        "flagged_sum": y,
        "flagged_squares": y * y,
        "value": rows.flag_value,
        "clean": weight,
        "clean_sum": weighted,
        "clean_squares": weighted * clean_y,
        "clean_weights2": weight * weight,
    }


def _draw_groups(
    risk: RiskSet,
    rows: _Rows,
    group: NDArray[Any],
    n_groups: int,
    outcome: FloatArray,
    n_resamples: int,
    rng: np.random.Generator,
) -> CellSums:
    """Draws of groups of customers, from sums by group and cell made once.

    The variance between groups is that between customers. Rates are computed anew for each draw, and their
    effect on the weights to first order: there are many visits.
    """
    n, n_rates = risk.n_cells, risk.rate_of.size
    own = group[risk.journey]
    seen = sums_by_group(own, rows.rate_cell, None, n_groups, n_rates)
    flags = sums_by_group(own[rows.flag], rows.rate_cell[rows.flag], None, n_groups, n_rates)
    rate = flag_rates(risk, seen.sum(axis=0), flags.sum(axis=0))
    weight = _weights(rows, rate)
    drawn = rng.multinomial(n_groups, np.full(n_groups, 1.0 / n_groups), n_resamples).astype(np.float64)

    def all_and_draws(table: FloatArray) -> FloatArray:
        # Apart, so that what is found does not depend on the number of draws, not even in the last bits.
        return np.concatenate([table.sum(axis=0)[None], drawn @ table])

    sums: dict[str, FloatArray] = {}
    of_flag, of_clean = own[rows.flag], own[rows.clean]
    for name, amount in _terms(rows, weight).items():
        cell, mine = (rows.clean_cell, of_clean) if name.startswith("clean") else (rows.flag_cell, of_flag)
        sums[name] = all_and_draws(sums_by_group(mine, cell, amount, n_groups, n))
    step = np.log1p(-rate) - np.log1p(-flag_rates(risk, all_and_draws(seen), all_and_draws(flags)))
    slopes, slopes_sum = _slopes(risk, rows, weight)
    sums["clean"] = np.maximum(sums["clean"] + step @ slopes, 0.0)
    sums["clean_sum"] = sums["clean_sum"] + step @ slopes_sum
    known = risk.known
    return CellSums(
        **sums,
        total=all_and_draws(sum_by(group[known].astype(np.int64), outcome[known], n_groups)),
        highest_weight=float(weight.max(initial=1.0)),
    )


def sums_by_group(
    group: NDArray[Any], cell: NDArray[Any], amount: FloatArray | None, n_groups: int, n_cells: int
) -> FloatArray:
    """Sums by group and cell."""
    key: NDArray[Any] = group.astype(np.int32 if n_groups * n_cells < 2**31 else np.int64)
    np.multiply(key, n_cells, out=key)
    np.add(key, cell, out=key)
    sums = np.bincount(key, amount, n_groups * n_cells)
    return np.asarray(sums, dtype=np.float64).reshape(n_groups, n_cells)


def _slopes(risk: RiskSet, rows: _Rows, weight: FloatArray) -> tuple[FloatArray, FloatArray]:
    """How the weights of cells, and their sums with outcomes, grow with -ln(1 - rate) of rate cells."""
    n, n_rates = risk.n_cells, risk.rate_of.size
    ends = np.flatnonzero(rows.last == np.arange(rows.last.size))
    begins = np.concatenate([[0], ends[:-1] + 1]) if ends.size else ends
    every = max(1, ends.size // _JOURNEYS_FOR_SLOPES)
    ends, begins = ends[::every], begins[::every]
    slopes, slopes_sum = np.zeros((n_rates, n)), np.zeros((n_rates, n))
    lag, place = 1, begins
    left = ends
    while True:
        # All pairs of a visit and the one `lag` visits later, journey by journey.
        longer = left - place >= lag
        if lag > _FARTHEST or not longer.any():
            break
        place, left = place[longer], left[longer]
        size = left - place - lag + 1
        offset = np.arange(int(size.sum())) - np.repeat(np.cumsum(size) - size, size)
        early = np.repeat(place, size) + offset
        key = rows.clean_rate[early + lag].astype(np.int64) * n + rows.clean_cell[early]
        w = weight[early]
        slopes += np.bincount(key, w, n_rates * n).reshape(n_rates, n)
        slopes_sum += np.bincount(key, w * rows.clean_outcome[early], n_rates * n).reshape(n_rates, n)
        lag += 1
    share = rows.clean.size / max(int((ends - begins + 1).sum()), 1)
    return slopes * share, slopes_sum * share

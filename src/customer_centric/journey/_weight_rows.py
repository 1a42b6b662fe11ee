"""The rows from which weights of signals are learned."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from customer_centric._core.tabulate import distinct_rows, sum_by
from customer_centric.journey._loss_draws import (
    censoring_weights,
    flag_rates,
    groups_of,
    owners_of,
    sums_by_group,
)
from customer_centric.journey._risk_set import RiskSet, build_risk_set, flagged_visits
from customer_centric.journey.signals import SignalTable
from customer_centric.typing import BoolArray, FloatArray, IntArray


@dataclass(frozen=True, slots=True, eq=False)
class WeightRows:
    """Clean visits as sums by group of customers and stratum, and first-flagged visits by kind.

    Parameters
    ----------
    converted, lost : ndarray of shape (n_groups, n_cells)
        Weighted sums over clean visits of the outcome, and of what it is short of 1.
    group, kind : ndarray of shape (n_flagged,)
        Group of customers and kind of each first-flagged visit.
    weight : ndarray of shape (n_flagged,)
        Its censoring weight.
    cell, outcome : ndarray of shape (n_kinds,)
        Stratum of a kind, and what became of its journeys.
    severity : ndarray of shape (n_kinds, n_signals)
        Severities of the signals under study.
    n_first : ndarray of shape (n_signals,)
        First-flagged visits that show each signal.
    """

    converted: FloatArray
    lost: FloatArray
    group: NDArray[Any]
    kind: IntArray
    weight: FloatArray
    cell: IntArray
    outcome: FloatArray
    severity: FloatArray
    n_first: IntArray

    @property
    def n_groups(self) -> int:
        """Groups of customers."""
        return int(self.converted.shape[0])

    @property
    def n_cells(self) -> int:
        """Strata with a first flag."""
        return int(self.converted.shape[1])


def weight_rows(
    signals: SignalTable,
    which: BoolArray,
    outcome: FloatArray,
    *,
    period_ticks: float,
    labels: Mapping[str, NDArray[Any]],
) -> WeightRows:
    """The rows of journeys that meet no flag after the first, each weighted for those who did."""
    risk = build_risk_set(
        signals,
        flagged_visits(signals, which, None),
        outcome,
        period_ticks=period_ticks,
        labels=labels,
        after_flag=True,
    )
    y = np.nan_to_num(outcome)
    weight, first = _row_weights(risk)
    hit = np.flatnonzero(first & (weight > 0))
    cells, cell = np.unique(risk.cell[hit], return_inverse=True)
    table = np.full(risk.n_cells, -1, dtype=np.int64)
    table[cells] = np.arange(cells.size)
    # Strata without a flag say nothing about weights.
    clean = np.flatnonzero(risk.clean & (table[risk.cell] >= 0))
    owner, n_owners = owners_of(signals.journeys.customer, risk.known)
    group, n_groups = groups_of(owner, n_owners)
    own, clean_cell = group[risk.journey[clean]], table[risk.cell[clean]]
    clean_y = y[risk.journey[clean]]
    sides = (weight[clean] * clean_y, weight[clean] * (1.0 - clean_y))
    converted, lost = (sums_by_group(own, clean_cell, side, n_groups, cells.size) for side in sides)
    severity = _severities(signals, which, risk.visit[hit])
    # Visits of one kind are one term of the likelihood, however many there are.
    (cell_of, outcome_of, *columns), kind = distinct_rows(
        cell.astype(np.float64), y[risk.journey[hit]], *np.ascontiguousarray(severity.T)
    )
    return WeightRows(
        converted=converted,
        lost=lost,
        group=group[risk.journey[hit]],
        kind=kind,
        weight=weight[hit],
        cell=np.rint(cell_of).astype(np.int64),
        outcome=outcome_of,
        severity=np.stack(columns, axis=1),
        n_first=(severity > 0).sum(axis=0),
    )


def _row_weights(risk: RiskSet) -> tuple[FloatArray, BoolArray]:
    """Weight of each monitored visit, 0 before another flag; and which are first flags."""
    own = risk.journey
    ends = np.flatnonzero(np.append(own[1:] != own[:-1], True)[: own.size])
    length = np.diff(np.concatenate([[-1], ends]))
    last = np.repeat(ends, length)
    flags = np.cumsum(risk.flagged)
    before = np.repeat(np.concatenate([[0], flags[ends[:-1]]]) if ends.size else ends, length)
    so_far = flags - before
    at_risk = (so_far == 0) | (risk.flagged & (so_far == 1))
    n_rates = risk.rate_of.size
    seen = sum_by(risk.rate_cell, at_risk.astype(np.float64), n_rates)
    hits = sum_by(risk.rate_cell, (at_risk & risk.flagged).astype(np.float64), n_rates)
    weight = censoring_weights(flag_rates(risk, seen, hits)[risk.rate_cell], last)
    return np.where(flags[last] == flags, weight, 0.0), risk.flagged & at_risk


def _severities(signals: SignalTable, which: BoolArray, visits: IntArray) -> FloatArray:
    mine = np.flatnonzero(which[signals.signal] & np.isin(signals.visit, visits))
    row = np.searchsorted(visits, signals.visit[mine])
    n = int(which.sum())
    column = (np.cumsum(which) - 1)[signals.signal[mine]]
    return sum_by(row * n + column, signals.severity[mine], visits.size * n).reshape(visits.size, n)

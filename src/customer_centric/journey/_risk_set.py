"""Who was at risk of a first flag, where, and what became of the journey: the rows behind a loss."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from customer_centric.journey.signals import SignalTable
from customer_centric.journey.visits import Visits
from customer_centric.typing import BoolArray, FloatArray, IntArray

# Later attempts are as alike as the third.
_ATTEMPTS: Final = 3
# A flag rate from fewer visits is taken from a larger group.
_ENOUGH: Final = 20
# No weight beyond 20 for one visit.
HIGHEST_RATE: Final = 0.95


@dataclass(frozen=True, slots=True, eq=False)
class RiskSet:
    """At-risk visits: monitored ones of journeys with a known outcome, up to the first flag.

    Parameters
    ----------
    journey : ndarray of shape (n_rows,)
        Position of the journey, ascending.
    visit : ndarray of shape (n_rows,)
        The visit.
    cell : ndarray of shape (n_rows,)
        Stratum: touchpoint, attempt, channel and further labels.
    rate_cell : ndarray of shape (n_rows,)
        Touchpoint, channel and period, within which flags come at one rate.
    flagged : ndarray of shape (n_rows,)
        Whether the visit is its journey's first flag.
    clean : ndarray of shape (n_rows,)
        Whether the journey is never flagged.
    touchpoint, parent : ndarray of shape (n_cells,)
        Touchpoint of each cell, and the group of touchpoint and channel that it belongs to.
    rate_of : ndarray of shape (n_rate_cells,)
        The group of visits whose flag rate each rate cell takes; see `rate_groups`.
    rate_groups : tuple of ndarray
        For each rate cell: itself, its touchpoint and channel, its touchpoint, as codes of one numbering.
    known : ndarray of shape (n_journeys,)
        Which journeys have an outcome.
    n_unknown : int
        Journeys left out because theirs is not known.
    """

    journey: NDArray[Any]
    visit: IntArray
    cell: IntArray
    rate_cell: IntArray
    flagged: BoolArray
    clean: BoolArray
    touchpoint: IntArray
    parent: IntArray
    rate_of: IntArray
    rate_groups: tuple[IntArray, IntArray]
    known: BoolArray
    n_unknown: int

    @property
    def n_cells(self) -> int:
        """Number of strata."""
        return int(self.touchpoint.size)


def flagged_visits(table: SignalTable, studied: BoolArray, touchpoint: int | None) -> BoolArray:
    """Whether each visit shows a studied signal; at one touchpoint alone where it is given."""
    hit = table.visit[studied[table.signal]]
    flagged = np.zeros(table.journeys.visits.n_visits, dtype=np.bool_)
    flagged[hit] = True
    if touchpoint is not None:
        flagged &= table.journeys.visits.touchpoint == touchpoint
    return flagged


def build_risk_set(
    table: SignalTable,
    flagged: BoolArray,
    outcome: FloatArray,
    *,
    period_ticks: float,
    labels: Mapping[str, NDArray[Any]],
    monitored: Sequence[int] | None = None,
    after_flag: bool = False,
) -> RiskSet:
    """The at-risk visits of journeys whose outcome is known.

    Parameters
    ----------
    table : SignalTable
        Visits and journeys.
    flagged : ndarray of shape (n_visits,)
        Which visits show a signal under study.
    outcome : ndarray of shape (n_journeys,)
        Outcome of each journey; NaN where it is not known.
    period_ticks : float
        Length of the periods within which flags come at one rate.
    labels : mapping from str to ndarray of shape (n_journeys,)
        Further strata, as codes from 0.
    monitored : sequence of int, optional
        Touchpoints at which flags would have been seen; those with a flag by default.
    after_flag : bool, default False
        Whether the monitored visits after the first flag are kept too, with their flags.
    """
    journeys, visits = table.journeys, table.journeys.visits
    known = ~np.isnan(outcome)
    usable = ~visits.after_goal
    if not known.all():
        usable &= known[visits.journey]
    flags = np.flatnonzero(flagged & usable)
    watched = np.zeros(len(visits.touchpoints), dtype=np.bool_)
    watched[visits.touchpoint[flags] if monitored is None else np.asarray(monitored, dtype=np.int64)] = True
    flags = flags[watched[visits.touchpoint[flags]]]
    # Places and codes are kept narrow: there may be ten million of them.
    narrow = np.int32 if visits.n_visits < 2**31 - 1 else np.int64
    first_flag = np.full(journeys.n_journeys, visits.n_visits, dtype=narrow)
    # Backwards, so that the first one stays.
    first_flag[visits.journey[flags][::-1]] = flags[::-1]
    if not watched.all():
        usable &= watched[visits.touchpoint]
    limit = first_flag[visits.journey]
    if not after_flag:
        usable &= np.arange(visits.n_visits, dtype=narrow) <= limit
    rows = np.flatnonzero(usable)
    limit = limit[rows]
    grid = _grid(visits, labels, period_ticks)
    hits = flagged[rows] if after_flag else rows == limit
    return _with_cells(visits, rows, hits, limit == visits.n_visits, known, grid)


@dataclass(frozen=True, slots=True, eq=False)
class _Grid:
    """Sizes and codes of what strata and rate cells are made of."""

    channel: NDArray[Any] | None
    n_channels: int
    label: NDArray[Any] | None
    n_labels: int
    period: NDArray[Any]
    n_periods: int


def _grid(visits: Visits, labels: Mapping[str, NDArray[Any]], period_ticks: float) -> _Grid:
    label, n_labels = None, 1
    for codes in labels.values():
        size = int(codes.max(initial=0)) + 1
        label = codes if label is None else label * size + codes
        n_labels *= size
    start = visits.begin[visits.starts[:-1]]
    period = np.zeros(start.size, dtype=np.int32)
    if start.size:
        period = np.floor((start - start.min()) / period_ticks).astype(np.int32)
    # Unknown channels are one of their own.
    channel = None if visits.channel is None else visits.channel.codes
    n_channels = 1 if visits.channel is None else len(visits.channel.names) + 1
    return _Grid(channel, n_channels, label, n_labels, period, int(period.max(initial=0)) + 1)


def _with_cells(
    visits: Visits, rows: IntArray, flagged: BoolArray, clean: BoolArray, known: BoolArray, grid: _Grid
) -> RiskSet:
    journey = visits.journey[rows]
    step = visits.touchpoint[rows]
    n_parents = len(visits.touchpoints) * grid.n_channels
    widest = max(n_parents * _ATTEMPTS * grid.n_labels, n_parents * grid.n_periods)
    parent: NDArray[Any] = step.astype(np.int32 if widest < 2**31 else np.int64)
    if grid.channel is not None:
        np.multiply(parent, grid.n_channels, out=parent)
        np.add(parent, grid.channel[rows], out=parent)
        np.add(parent, 1, out=parent)
    cell: NDArray[Any] = np.multiply(parent, _ATTEMPTS)
    np.add(cell, _attempts(journey, step, len(visits.touchpoints)), out=cell)
    if grid.label is not None:
        cell = cell * grid.n_labels + grid.label[journey]
    rate_cell: NDArray[Any] = np.multiply(parent, grid.n_periods)
    np.add(rate_cell, grid.period[journey], out=rate_cell)
    cell, cells = _dense(cell)
    rate_cell, rate_cells = _dense(rate_cell)
    counts = np.bincount(rate_cell, minlength=rate_cells.size)
    of_parent = rate_cells // grid.n_periods
    in_parent = np.bincount(of_parent, counts, n_parents)[of_parent]
    own_parent = cells // (_ATTEMPTS * grid.n_labels)
    return RiskSet(
        journey=journey,
        visit=rows,
        cell=cell,
        rate_cell=rate_cell,
        flagged=flagged,
        clean=clean,
        touchpoint=own_parent // grid.n_channels,
        parent=own_parent,
        rate_of=np.where(counts >= _ENOUGH, 0, np.where(in_parent >= _ENOUGH, 1, 2)),
        rate_groups=(of_parent, of_parent // grid.n_channels),
        known=known,
        n_unknown=int(known.size - known.sum()),
    )


def _attempts(journey: NDArray[Any], step: NDArray[Any], n_steps: int) -> NDArray[np.int8]:
    """0 for a journey's first visit to a touchpoint, 1 for the second, 2 for all later ones."""
    attempt = np.zeros(step.size, dtype=np.int8)
    if step.size == 0:
        return attempt
    n_cells = (int(journey[-1]) + 1) * n_steps
    cell: NDArray[Any] = journey.astype(np.int32 if n_cells < 2**31 else np.int64)
    np.multiply(cell, n_steps, out=cell)
    np.add(cell, step, out=cell)
    if n_cells > max(8 * step.size, 1 << 20):
        cell = np.unique(cell, return_inverse=True)[1]
        n_cells = int(cell.max()) + 1
    narrow = np.int32 if step.size < 2**31 else np.int64
    rest = np.arange(step.size, dtype=narrow)
    first = np.empty(n_cells, dtype=narrow)
    for level in range(1, _ATTEMPTS):
        # Backwards, so that the first visit to each is what stays.
        first[cell[::-1]] = rest[::-1]
        later = first[cell] < rest
        rest, cell = rest[later], cell[later]
        attempt[rest] = level
    return attempt


def _dense(codes: NDArray[Any]) -> tuple[NDArray[Any], IntArray]:
    """Codes from 0 without gaps, in ascending order, and what each was."""
    size = int(codes.max(initial=-1)) + 1
    if size > max(4 * codes.size, 1 << 20):
        present, dense = np.unique(codes, return_inverse=True)
        return dense, present.astype(np.int64)
    present = np.flatnonzero(np.bincount(codes, minlength=size))
    table = np.zeros(size, dtype=np.int32)
    table[present] = np.arange(present.size)
    return table[codes], present

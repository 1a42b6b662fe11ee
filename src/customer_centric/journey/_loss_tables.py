"""From draws of losses to what is told: limits, also where all draws are alike, signals and warnings."""

from __future__ import annotations

import math
from typing import Final

import numpy as np

from customer_centric._core.tabulate import sum_by
from customer_centric._core.words import counted
from customer_centric.intervals import Interval
from customer_centric.journey._loss_draws import CellSums
from customer_centric.journey._risk_set import RiskSet
from customer_centric.journey.signals import SignalTable
from customer_centric.typing import BoolArray, FloatArray, IntArray

# Below this many effective clean visits a stratum's value rests on few.
_FEW: Final = 30
_ALIKE: Final = 1e-12


def percentiles(draws: FloatArray, level: float) -> tuple[FloatArray, FloatArray]:
    """Limits from all draws but the first, which is the customers there are."""
    low, high = np.quantile(draws[1:], ((1 - level) / 2, (1 + level) / 2), axis=0)
    return np.asarray(low), np.asarray(high)


def whole(draws: FloatArray, level: float) -> tuple[float, Interval]:
    """The total of the customers there are, and its limits."""
    low, high = percentiles(draws[:, None], level)
    return float(draws[0]), Interval(float(low[0]), float(high[0]), level)


def all_alike(draws: FloatArray) -> BoolArray:
    """Whether drawing customers again changes nothing, for lack of differences and not of uncertainty."""
    if draws.shape[0] < 3:
        return np.zeros(draws.shape[1:], dtype=np.bool_)
    spread = draws.max(axis=0) - draws.min(axis=0)
    return np.asarray(spread <= _ALIKE * np.maximum(np.abs(draws).max(axis=0), 1.0))


def limits_of_alike(
    n_first: float, n_clean: float, flagged: float, clean: float, *, level: float, n_customers: int
) -> tuple[float, float]:
    """Limits of a loss where flagged and clean journeys ended alike: exact binomial ones of both shares."""
    tail = (1.0 - level) / 2.0
    flagged_low, flagged_high = _share_limits(flagged, min(n_first, n_customers), tail)
    clean_low, clean_high = _share_limits(clean, min(n_clean, n_customers), tail)
    return n_first * (clean_low - flagged_high), n_first * (clean_high - flagged_low)


def limits_without_flags(outcome: float, level: float) -> tuple[float, float]:
    """Limits of a loss where none was flagged: the Poisson limit of a count of none, whatever a flag does."""
    count = -math.log((1.0 - level) / 2.0)
    return -count * (1.0 - outcome), count * outcome


def _share_limits(share: float, n: float, tail: float) -> tuple[float, float]:
    """Exact limits of a share of 0 or 1; any share is possible where there is no other evidence."""
    if n <= 0 or not (share < _ALIKE or share > 1.0 - _ALIKE):
        return 0.0, 1.0
    room = 1.0 - tail ** (1.0 / n)
    return (0.0, room) if share < 0.5 else (1.0 - room, 1.0)


def e_values(flagged: FloatArray, clean: FloatArray) -> FloatArray:
    """E-values of the risk of not converting."""
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = (1.0 - flagged) / (1.0 - clean)
        ratio = np.where(ratio < 1.0, 1.0 / ratio, ratio)
        return np.asarray(ratio + np.sqrt(ratio * (ratio - 1.0)))


def by_signal(
    signals: SignalTable, which: BoolArray, risk: RiskSet, excess: FloatArray, steps: IntArray
) -> FloatArray:
    """Losses by signal: each first-flagged visit in proportion to the units of its signals."""
    first = np.flatnonzero(risk.flagged)
    mine = which[signals.signal] & np.isin(signals.visit, risk.visit[first])
    row = first[np.searchsorted(risk.visit[first], signals.visit[mine])]
    amount = -np.log1p(-signals.weights)[signals.signal[mine]] * signals.severity[mine]
    # A signal of weight 0 counts for something where it is alone.
    amount = np.maximum(amount, np.finfo(np.float64).tiny)
    units = np.bincount(row, amount, risk.journey.size)
    points = amount / units[row] * excess[risk.cell[row]]
    column = (np.cumsum(which) - 1)[signals.signal[mine]]
    place = np.searchsorted(np.sort(steps), risk.touchpoint[risk.cell[row]])
    n_signals = int(which.sum())
    table = sum_by(place * n_signals + column, points, steps.size * n_signals).reshape(steps.size, n_signals)
    return np.asarray(table[np.argsort(np.argsort(steps))])


def warnings_of(sums: CellSums, n_eff: FloatArray, unmatched: BoolArray, lost: FloatArray) -> tuple[str, ...]:
    """What to know before a loss is used."""
    said: list[str] = []
    hit = sums.flagged[0] > 0
    if not hit.any():
        said.append(
            "no at-risk visit shows a studied signal: nothing is lost to them, and the limits are those of a "
            "count of none"
        )
    if sums.total[0] <= 0:
        said.append("no journey reached the goal: there is no conversion to lose")
    few = hit & (n_eff < _FEW) & ~unmatched
    if few.any():
        said.append(
            f"{int(few.sum())} of {int(hit.sum())} strata with flags have fewer than {_FEW} effective clean "
            "visits"
        )
    if unmatched.any():
        n = counted(sums.flagged[0][unmatched].sum(), "first flag")
        said.append(f"{n} without any clean visit of the touchpoint to compare with: left out of the total")
    if hit.any() and np.array_equal(hit, unmatched):
        said.append("no first flag can be compared with a clean visit: the total is not known")
    if sums.total[0] > 0 and sums.total[0] + lost.sum() <= 0:
        said.append("without the signals nobody would have converted: the index is not known")
    if (lost < 0).any():
        said.append("flagged journeys did better than clean ones at some touchpoints: confounded?")
    return tuple(said)

"""The result of a loss: by touchpoint and in total, from the sums of all draws."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from customer_centric._core.words import as_html
from customer_centric.intervals import Interval
from customer_centric.journey._loss_draws import CellSums
from customer_centric.journey._loss_tables import (
    all_alike,
    by_signal,
    e_values,
    limits_of_alike,
    limits_without_flags,
    percentiles,
    warnings_of,
    whole,
)
from customer_centric.journey._loss_values import CellValues
from customer_centric.journey._risk_set import RiskSet
from customer_centric.journey.signals import SignalTable
from customer_centric.typing import BoolArray, FloatArray, IntArray

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, slots=True, kw_only=True)
class Study:
    """What the result needs to know of the question and the outcomes."""

    level: float
    is_share: bool
    has_value: bool
    mean_outcome: float
    n_customers: int
    warnings: tuple[str, ...]

    @staticmethod
    def unknown_total(lacking: BoolArray) -> bool:
        """Whether there are flags, and none can be compared."""
        return bool(lacking.size and lacking.all())


@dataclass(frozen=True, slots=True, eq=False)
class FrictionLoss:
    r"""Journeys lost to friction, by touchpoint, with limits.

    Parameters
    ----------
    touchpoints : tuple of str
        Touchpoints with a first flag, by the loss, largest first.
    n_first : ndarray of shape (n_touchpoints,)
        Journeys whose first flag is there.
    n_clean : ndarray of shape (n_touchpoints,)
        Effective number of clean visits there, \((\sum w)^2 / \sum w^2\) summed over strata.
    value_flagged, value_clean : ndarray of shape (n_touchpoints,)
        Mean outcome after a first flag, and of a visit of the same strata without any.
    lost : ndarray of shape (n_touchpoints,)
        Journeys (or money, where outcomes are money) lost there; negative where the flagged did better; NaN
        where there is no clean visit to compare with.
    lower, upper : ndarray of shape (n_touchpoints,)
        Limits of `lost`.
    probability_positive : ndarray of shape (n_touchpoints,)
        Share of the draws in which something is lost.
    clv_at_risk, clv_lower, clv_upper : ndarray of shape (n_touchpoints,)
        The same in money, by the value of each journey; NaN without values.
    e_value : ndarray of shape (n_touchpoints,)
        How strongly a hidden cause would have to be tied to both flag and outcome, as a risk ratio, to
        explain the loss away (VanderWeele and Ding 2017); NaN where outcomes are money.
    by_signal : ndarray of shape (n_touchpoints, n_signals)
        `lost` by signal, in proportion to the friction units of first-flagged visits.
    signals : tuple of str
        Signals under study: the columns of `by_signal`.
    total : float
        Sum of `lost`: what would be gained if no signal under study ever occurred. NaN where no flag can be
        compared with a clean visit.
    interval : Interval
        Limits of `total`, without bounds where it is NaN.
    total_unshrunk : float
        `total` with the strata's own values.
    index : float
        100 total / (converted + total): the share of what there would be without friction that is lost to
        it, in percent; NaN where that would be nothing.
    index_interval : Interval or None
        Its limits.
    clv_total : float
        Sum of `clv_at_risk`.
    clv_interval : Interval or None
        Its limits.
    converted : float
        Sum of the outcomes.
    n_journeys, n_unknown : int
        Journeys with a known outcome, and those left out because theirs is not.
    n_unmatched : int
        First flags for which no clean visit of their touchpoint exists: left out of the total.
    highest_weight : float
        Largest weight of a clean visit.
    warnings : tuple of str
        What to know before the numbers are used.
    """

    touchpoints: tuple[str, ...]
    n_first: IntArray
    n_clean: FloatArray
    value_flagged: FloatArray
    value_clean: FloatArray
    lost: FloatArray
    lower: FloatArray
    upper: FloatArray
    probability_positive: FloatArray
    clv_at_risk: FloatArray
    clv_lower: FloatArray
    clv_upper: FloatArray
    e_value: FloatArray
    by_signal: FloatArray
    signals: tuple[str, ...]
    total: float
    interval: Interval
    total_unshrunk: float
    index: float
    index_interval: Interval | None
    clv_total: float
    clv_interval: Interval | None
    converted: float
    n_journeys: int
    n_unknown: int
    n_unmatched: int
    highest_weight: float
    warnings: tuple[str, ...]

    def __str__(self) -> str:
        """The total, what it is a share of, and where most of it is lost."""
        level = f"{100 * self.interval.confidence_level:g} %"
        if np.isnan(self.total):
            return f"loss to friction not known: {'; '.join(self.warnings)}"
        said = (
            f"lost to friction: {self.total:,.1f} ({level} interval {self.interval.lower:,.1f} to "
            f"{self.interval.upper:,.1f})"
        )
        if not np.isnan(self.index):
            said += f", {self.index:.1f} % of what there would be without it"
        if self.lost.size and self.lost[0] > 0:
            signal = self.signals[int(self.by_signal[0].argmax())]
            said += f"; most at {self.touchpoints[0]} ({self.lost[0]:,.1f}, {signal})"
        return said

    def _repr_html_(self) -> str:
        return as_html(self, frame=self.to_frame())

    def _main_signals(self) -> list[str | None]:
        """The signal with most of each loss, or gain; None where there is neither."""
        size = np.abs(self.by_signal)
        return [self.signals[int(row.argmax())] if row.any() else None for row in size]

    def to_frame(self) -> pd.DataFrame:
        """One row a touchpoint, the largest loss first."""
        import pandas as pd

        return pd.DataFrame(
            {
                "touchpoint": list(self.touchpoints),
                "n_first": self.n_first,
                "n_clean": self.n_clean,
                "value_flagged": self.value_flagged,
                "value_clean": self.value_clean,
                "lost": self.lost,
                "lower": self.lower,
                "upper": self.upper,
                "probability_positive": self.probability_positive,
                "clv_at_risk": self.clv_at_risk,
                "clv_lower": self.clv_lower,
                "clv_upper": self.clv_upper,
                "e_value": self.e_value,
                "main_signal": self._main_signals(),
            }
        )


def loss_result(
    signals: SignalTable,
    which: BoolArray,
    risk: RiskSet,
    sums: CellSums,
    values: CellValues,
    raw: CellValues,
    *,
    study: Study,
) -> FrictionLoss:
    level = study.level
    found = _by_touchpoint(risk, sums, values, level)
    lost, lacking = found.lost, found.lacking
    lower, upper = _limits(found, study)
    total, interval = _total(lost, lower, upper, lacking, study)
    money_low, money_high = percentiles(found.money, level)
    blank = lacking | (not study.has_value)
    clv = whole(found.money.sum(axis=1), level) if study.has_value and not np.isnan(total) else None
    index, index_interval = _index(lost.sum(axis=1), sums.total, total, level)
    return FrictionLoss(
        touchpoints=tuple(signals.journeys.visits.touchpoints[int(s)] for s in found.steps.tolist()),
        n_first=found.n_first.astype(np.int64),
        n_clean=found.n_clean,
        value_flagged=found.flagged,
        value_clean=found.clean,
        lost=np.where(lacking, np.nan, lost[0]),
        lower=np.where(lacking, np.nan, lower),
        upper=np.where(lacking, np.nan, upper),
        probability_positive=np.where(lacking, np.nan, (lost[1:] > 0).mean(axis=0)),
        clv_at_risk=np.where(blank, np.nan, found.money[0]),
        clv_lower=np.where(blank, np.nan, money_low),
        clv_upper=np.where(blank, np.nan, money_high),
        e_value=np.where(study.is_share, e_values(found.flagged, found.clean), np.nan),
        by_signal=by_signal(signals, which, risk, found.excess, found.steps),
        signals=tuple(name for name, kept in zip(signals.names, which, strict=True) if kept),
        total=total,
        interval=interval,
        total_unshrunk=total if study.unknown_total(lacking) else _unshrunk(sums, raw),
        index=index,
        index_interval=index_interval,
        clv_total=float("nan") if clv is None else clv[0],
        clv_interval=None if clv is None else clv[1],
        converted=float(sums.total[0]),
        n_journeys=int(risk.known.sum()),
        n_unknown=risk.n_unknown,
        n_unmatched=int(sums.flagged[0][found.unmatched].sum()),
        highest_weight=sums.highest_weight,
        warnings=(*study.warnings, *warnings_of(sums, found.n_eff, found.unmatched, lost[0])),
    )


def _unshrunk(sums: CellSums, raw: CellValues) -> float:
    return float((sums.flagged[0] * np.nan_to_num(raw.excess[0])).sum())


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Found:
    """Losses by draw and touchpoint, and what the touchpoints of the customers there are look like."""

    steps: IntArray
    lost: FloatArray
    money: FloatArray
    n_first: FloatArray
    n_clean: FloatArray
    flagged: FloatArray
    clean: FloatArray
    lacking: BoolArray
    excess: FloatArray
    n_eff: FloatArray
    unmatched: BoolArray


def _by_touchpoint(risk: RiskSet, sums: CellSums, values: CellValues, level: float) -> _Found:
    """Touchpoints by their loss, then by its lower limit; those that cannot be compared come last."""
    n = sums.flagged[0]
    unmatched = (n > 0) & np.isnan(values.clean[0])
    excess = np.nan_to_num(values.excess)
    steps = np.unique(risk.touchpoint[n > 0])
    member = (risk.touchpoint[:, None] == steps[None, :]).astype(np.float64)
    lost, matched = (sums.flagged * excess) @ member, (n * ~unmatched) @ member
    order = np.lexsort((-percentiles(lost, level)[0], -lost[0], matched == 0))
    member, lost, matched = member[:, order], lost[:, order], matched[order]
    mean = [np.nan_to_num(side[0] * n * ~unmatched) for side in (values.flagged, values.clean)]
    with np.errstate(divide="ignore", invalid="ignore"):
        flagged, clean = (side @ member / matched for side in mean)
        n_eff = np.nan_to_num(sums.clean[0] ** 2 / sums.clean_weights2[0])
    return _Found(
        steps=steps[order],
        lost=lost,
        money=(sums.value * excess) @ member,
        n_first=n @ member,
        n_clean=n_eff @ member,
        flagged=flagged,
        clean=clean,
        lacking=matched == 0,
        excess=excess[0],
        n_eff=n_eff,
        unmatched=unmatched,
    )


def _limits(found: _Found, study: Study) -> tuple[FloatArray, FloatArray]:
    """Limits by touchpoint: percentiles of the draws, or exact ones where all draws are alike."""
    lower, upper = percentiles(found.lost, study.level)
    if study.is_share:
        for s in np.flatnonzero(all_alike(found.lost) & ~found.lacking).tolist():
            lower[s], upper[s] = limits_of_alike(
                found.n_first[s],
                found.n_clean[s],
                found.flagged[s],
                found.clean[s],
                level=study.level,
                n_customers=study.n_customers,
            )
    return lower, upper


def _total(
    lost: FloatArray, lower: FloatArray, upper: FloatArray, lacking: BoolArray, study: Study
) -> tuple[float, Interval]:
    """The total and its limits, also where no draw differs from another."""
    draws = lost.sum(axis=1)
    total, interval = whole(draws, study.level)
    if study.unknown_total(lacking):
        return float("nan"), Interval(-np.inf, np.inf, study.level)
    if not study.is_share or not bool(all_alike(draws[:, None])[0]):
        return total, interval
    if lost.shape[1] == 0:
        return total, Interval(*limits_without_flags(study.mean_outcome, study.level), study.level)
    known = ~lacking
    return total, Interval(float(lower[known].sum()), float(upper[known].sum()), study.level)


def _index(
    lost: FloatArray, converted: FloatArray, total: float, level: float
) -> tuple[float, Interval | None]:
    """Lost of what there would be without friction, in percent; NaN where that is nothing."""
    without = converted + lost
    if np.isnan(total) or without[0] <= 0:
        return float("nan"), None
    usable = without > 0
    low, high = (
        percentiles(100.0 * lost[usable] / without[usable], level) if usable.sum() > 1 else (0.0, 100.0)
    )
    return float(100.0 * lost[0] / without[0]), Interval(float(low), float(high), level)

"""What is found where friction costs nothing: the same method on shuffled signals."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from customer_centric._core.checks import check_confidence_level, check_number
from customer_centric._core.words import as_html, counted
from customer_centric.errors import InvalidInputError
from customer_centric.intervals import Interval
from customer_centric.journey._loss_draws import clean_weights, sums_of_all
from customer_centric.journey._loss_values import cell_values
from customer_centric.journey._risk_set import RiskSet, build_risk_set, flagged_visits
from customer_centric.journey.loss import (
    check_period_length,
    check_random,
    codes_of_labels,
    known_outcomes,
    studied_signals,
)
from customer_centric.journey.signals import SignalTable
from customer_centric.journey.visits import Visits
from customer_centric.typing import BoolArray, FloatArray, IntArray

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["PlaceboLoss", "placebo_loss"]

_SECONDS_A_DAY: Final = 86_400


@dataclass(frozen=True, slots=True, eq=False)
class PlaceboLoss:
    """What the method finds where nothing is to be found.

    Parameters
    ----------
    total : float
        The loss with the signals where they are.
    mean : float
        Mean loss with shuffled signals: about 0, or the method makes up as much.
    standard_error : float
        Standard error of `mean`, which falls with the number of shuffles.
    interval : Interval
        The central part of the losses with shuffled signals.
    p_value : float
        Share of shuffles with a loss as far from 0 as `total`, this one counted.
    touchpoints : tuple of str
        Touchpoints with flags, in the order of their names.
    lost : ndarray of shape (n_touchpoints,)
        The loss of each with the signals where they are.
    placebo_mean, placebo_lower, placebo_upper : ndarray of shape (n_touchpoints,)
        Mean and limits of the losses with shuffled signals.
    draws : ndarray of shape (n_shuffles,)
        Total loss of each shuffle.
    n_flags, n_fixed : int
        Flagged visits, and those among them that have no other visit to move to: all visits of their
        touchpoint on that day are flagged.
    """

    total: float
    mean: float
    standard_error: float
    interval: Interval
    p_value: float
    touchpoints: tuple[str, ...]
    lost: FloatArray
    placebo_mean: FloatArray
    placebo_lower: FloatArray
    placebo_upper: FloatArray
    draws: FloatArray
    n_flags: int
    n_fixed: int

    def __str__(self) -> str:
        """The loss beside what it is with shuffled signals."""
        level = f"{100 * self.interval.confidence_level:g} %"
        said = (
            f"lost to friction: {self.total:,.1f}; with shuffled signals {self.mean:,.1f} on average, "
            f"{level} of them from {self.interval.lower:,.1f} to {self.interval.upper:,.1f} "
            f"(p = {self.p_value:.2g})"
        )
        if self.n_fixed:
            said += f"; {self.n_fixed:,} of {counted(self.n_flags, 'flag')} had nowhere to move"
        return said

    def _repr_html_(self) -> str:
        return as_html(self, frame=self.to_frame())

    def to_frame(self) -> pd.DataFrame:
        """One row a touchpoint."""
        import pandas as pd

        return pd.DataFrame(
            {
                "touchpoint": list(self.touchpoints),
                "lost": self.lost,
                "placebo_mean": self.placebo_mean,
                "placebo_lower": self.placebo_lower,
                "placebo_upper": self.placebo_upper,
            }
        )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Question:
    """What is asked of each shuffle: everything but the flags."""

    signals: SignalTable
    is_share: bool
    labels: Mapping[str, NDArray[Any]]
    period_ticks: float
    shrink: bool
    touchpoints: IntArray
    rng: np.random.Generator

    def risk_set(self, flagged: BoolArray, outcome: FloatArray) -> RiskSet:
        """Who is at risk of these flags."""
        return build_risk_set(
            self.signals, flagged, outcome, period_ticks=self.period_ticks, labels=self.labels
        )

    def lost(self, flagged: BoolArray, outcome: FloatArray) -> FloatArray:
        """Loss at each touchpoint with these flags and outcomes."""
        risk = self.risk_set(flagged, outcome)
        customer = self.signals.journeys.customer
        sums = sums_of_all(risk, customer, np.nan_to_num(outcome), self.rng)
        values = cell_values(risk, sums, shrink=self.shrink, is_share=self.is_share)
        hit = (sums.flagged[0] > 0) & ~np.isnan(values.clean[0])
        lost = np.where(hit, sums.flagged[0] * np.nan_to_num(values.excess[0]), 0.0)
        return np.array([lost[risk.touchpoint == s].sum() for s in self.touchpoints.tolist()])


def placebo_loss(
    signals: SignalTable,
    *,
    rng: np.random.Generator,
    studied: str | Collection[str] | None = None,
    outcome: ArrayLike | None = None,
    strata: Mapping[str, ArrayLike] | None = None,
    period: timedelta = timedelta(days=10),
    shrink: bool = True,
    confidence_level: float = 0.90,
    n_shuffles: int = 200,
) -> PlaceboLoss:
    r"""What `friction_loss` finds where friction costs nothing and signals are shuffled.

    Parameters
    ----------
    signals : SignalTable
        From `detect_signals`.
    rng : numpy.random.Generator
        Shuffles.
    studied, outcome, strata, period, shrink
        As in `friction_loss`.
    confidence_level : float, default 0.90
        Share of the shuffles between the limits, strictly between 0 and 1.
    n_shuffles : int, default 200
        How often signals are shuffled, at least 2. Each takes about as long as a loss without limits.

    Returns
    -------
    PlaceboLoss
        The loss, and what it is with shuffled signals.

    Raises
    ------
    InvalidInputError
        If no visit of a journey with a known outcome shows a studied signal, or as in `friction_loss`.

    Notes
    -----
    First what friction did is undone: journeys with a flag get the outcome of a clean visit of the stratum of
    their first flag, drawn by its weight. Then signals are shuffled among the visits of a touchpoint and day:
    they are as frequent as the real ones there, and know nothing of customers. A loss that is found all the
    same is made up by whom the method compares with whom. The usual reason is time: days on which there are
    more errors and, for another reason, fewer conversions; give the week as one of the `strata` then.

    With \(m\) shuffles and losses \(L_1, \dots, L_m\),

    \[ p = \frac{1 + \sum_i 1\{|L_i| \ge |L|\}}{m + 1}. \]

    A small \(p\) says that signals and outcomes go together beyond touchpoint and day, not that one is the
    cause of the other: what made a customer meet friction and leave is torn apart by shuffling too.

    Examples
    --------
    >>> import numpy as np
    >>> from customer_centric import EventSchema, detect_signals, find_journeys, prepare_log
    >>> from customer_centric.simulate import simulate_journeys
    >>> world = simulate_journeys(2_000, rng=np.random.default_rng(1))
    >>> log = prepare_log(world.log, EventSchema.full())
    >>> journeys = find_journeys(
    ...     log,
    ...     goal="purchase",
    ...     contact="support",
    ...     end=world.end,
    ...     closed_after=timedelta(hours=1),
    ... )
    >>> placebo = placebo_loss(
    ...     detect_signals(journeys), rng=np.random.default_rng(2), n_shuffles=50
    ... )
    >>> bool(placebo.interval.contains(0.0)), bool(placebo.interval.upper < placebo.total)
    (True, True)
    """
    level = check_confidence_level(confidence_level)
    m = int(check_number("n_shuffles", n_shuffles, minimum=2.0, whole=True))
    check_random(rng)
    journeys = signals.journeys
    y, is_share = known_outcomes(journeys, outcome)
    labels = {
        name: codes_of_labels(name, given, journeys.n_journeys) for name, given in (strata or {}).items()
    }
    flagged = flagged_visits(signals, studied_signals(signals, studied, has_strata=bool(labels)), None)
    flagged &= ~journeys.visits.after_goal & ~np.isnan(y)[journeys.visits.journey]
    pool = _Pool.of(journeys.visits, flagged, ~np.isnan(y))
    question = _Question(
        signals=signals,
        is_share=is_share,
        labels=labels,
        period_ticks=check_period_length(period) * journeys.visits.clock.ticks_per_second,
        shrink=shrink,
        touchpoints=np.unique(journeys.visits.touchpoint[flagged]).astype(np.int64),
        rng=rng,
    )
    lost = question.lost(flagged, y)
    donors = _Donors.of(question.risk_set(flagged, y), y)
    draws = np.stack([question.lost(pool.shuffled(rng), donors.lend(y, rng)) for _ in range(m)])
    return _result(question, pool, lost, draws, level)


def _result(
    question: _Question, pool: _Pool, lost: FloatArray, draws: FloatArray, level: float
) -> PlaceboLoss:
    tails = ((1 - level) / 2, (1 + level) / 2)
    totals = draws.sum(axis=1)
    total, m = float(lost.sum()), totals.size
    low, high = np.quantile(totals, tails)
    lower, upper = np.quantile(draws, tails, axis=0)
    # What is equal must count as equal, whatever the order in which it was added.
    as_far = np.abs(totals) >= abs(total) * (1 - 1e-12)
    names = question.signals.journeys.visits.touchpoints
    return PlaceboLoss(
        total=total,
        mean=float(totals.mean()),
        standard_error=float(totals.std(ddof=1) / np.sqrt(m)),
        interval=Interval(float(low), float(high), level),
        p_value=float((1 + as_far.sum()) / (m + 1)),
        touchpoints=tuple(names[int(s)] for s in question.touchpoints.tolist()),
        lost=lost,
        placebo_mean=draws.mean(axis=0),
        placebo_lower=np.asarray(lower),
        placebo_upper=np.asarray(upper),
        draws=totals,
        n_flags=pool.n_flags,
        n_fixed=pool.n_fixed,
    )


@dataclass(frozen=True, slots=True, eq=False)
class _Donors:
    """Clean visits that lend their outcomes to flagged journeys of their stratum, by their weights."""

    journey: IntArray
    low: FloatArray
    high: FloatArray
    cumulated: FloatArray
    outcome: FloatArray

    @classmethod
    def of(cls, risk: RiskSet, outcome: FloatArray) -> _Donors:
        """For each flagged journey the clean visits of its stratum, or of the smallest group that has any."""
        rows, weight = clean_weights(risk)
        flag = np.flatnonzero(risk.flagged)
        low, high = np.zeros(flag.size), np.zeros(flag.size)
        cumulated: list[FloatArray] = []
        lent: list[FloatArray] = []
        every = np.arange(risk.n_cells)
        for level, group in enumerate((every, risk.parent, risk.touchpoint)):
            own = group[risk.cell[rows]]
            order = np.argsort(own, kind="stable")
            along = np.cumsum(weight[order]) + level * weight.sum()
            ends = np.cumsum(np.bincount(own, minlength=int(group.max()) + 1))
            edges = np.append(level * weight.sum(), along)[np.append(0, ends)]
            mine = group[risk.cell[flag]]
            lacking = low == high
            low[lacking], high[lacking] = edges[mine][lacking], edges[mine + 1][lacking]
            cumulated.append(along)
            lent.append(outcome[risk.journey[rows[order]]])
        has = high > low
        return cls(
            np.asarray(risk.journey[flag][has], dtype=np.int64),
            low[has],
            high[has],
            np.concatenate(cumulated),
            np.concatenate(lent),
        )

    def lend(self, outcome: FloatArray, rng: np.random.Generator) -> FloatArray:
        """The outcomes, with those of flagged journeys lent by clean ones."""
        changed = outcome.copy()
        if self.journey.size:
            at = np.searchsorted(
                self.cumulated, self.low + rng.random(self.low.size) * (self.high - self.low)
            )
            changed[self.journey] = self.outcome[np.minimum(at, self.outcome.size - 1)]
        return changed


@dataclass(frozen=True, slots=True, eq=False)
class _Pool:
    """Visits among which signals are shuffled, by touchpoint and day."""

    visit: IntArray
    group: IntArray
    flag: BoolArray
    n_visits: int

    @classmethod
    def of(cls, visits: Visits, flagged: BoolArray, known: BoolArray) -> _Pool:
        """The visits of touchpoints with flags, before the goal, of journeys with a known outcome."""
        if not flagged.any():
            raise InvalidInputError(
                "`signals` must flag at least one visit of a journey with a known outcome, got none: there "
                "is nothing to shuffle"
            )
        watched = np.zeros(len(visits.touchpoints), dtype=np.bool_)
        watched[visits.touchpoint[flagged]] = True
        usable = np.flatnonzero(watched[visits.touchpoint] & ~visits.after_goal & known[visits.journey])
        day = visits.begin[usable] // (_SECONDS_A_DAY * visits.clock.ticks_per_second)
        day -= day.min()
        group = visits.touchpoint[usable] * (day.max() + 1) + day
        order = np.argsort(group, kind="stable")
        place = usable[order]
        dense = np.cumsum(np.append(False, np.diff(group[order]) > 0))
        return cls(place, dense, flagged[place], visits.n_visits)

    @property
    def n_flags(self) -> int:
        """Flagged visits."""
        return int(self.flag.sum())

    @property
    def n_fixed(self) -> int:
        """Flags where every visit of the touchpoint and day is flagged."""
        flags = np.bincount(self.group, self.flag)
        full = flags == np.bincount(self.group)
        return int(flags[full].sum())

    def shuffled(self, rng: np.random.Generator) -> BoolArray:
        """As many flags in each group as there are, at other visits."""
        flagged = np.zeros(self.n_visits, dtype=np.bool_)
        # Groups ascend already; the fraction orders the visits within them at random.
        order = np.argsort(self.group + rng.random(self.group.size))
        flagged[self.visit] = self.flag[order]
        return flagged

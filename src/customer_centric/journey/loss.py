"""What friction costs: journeys lost at the first flag, against visits of the same kind without one."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from customer_centric._core.checks import as_floats, check_confidence_level, check_number
from customer_centric._core.tabulate import sum_by
from customer_centric.errors import InvalidInputError
from customer_centric.intervals import Interval
from customer_centric.journey._loss_draws import CellSums, draw_sums
from customer_centric.journey._loss_values import CellValues, cell_values
from customer_centric.journey._risk_set import RiskSet, build_risk_set, flagged_visits
from customer_centric.journey.signals import SignalTable
from customer_centric.typing import BoolArray, FloatArray, IntArray

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["FrictionLoss", "fix_gain", "friction_loss"]

# Below this many effective clean visits a stratum's value rests on few.
_FEW: Final = 30


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
        Effective number of clean visits they are compared with.
    value_flagged, value_clean : ndarray of shape (n_touchpoints,)
        Mean outcome after a first flag, and of a visit of the same strata without any.
    lost : ndarray of shape (n_touchpoints,)
        Journeys (or money, where outcomes are money) lost there; negative where the flagged did better.
    lower, upper : ndarray of shape (n_touchpoints,)
        Limits of `lost`.
    probability_positive : ndarray of shape (n_touchpoints,)
        Share of the draws in which something is lost.
    clv_at_risk, clv_lower, clv_upper : ndarray of shape (n_touchpoints,)
        The same in money, by the value of each journey; NaN without values.
    e_value : ndarray of shape (n_touchpoints,)
        How strongly a hidden cause would have to be tied to both flag and outcome, as a risk ratio, to
        explain the loss away (VanderWeele and Ding 2017).
    by_signal : ndarray of shape (n_touchpoints, n_signals)
        `lost` by signal, in proportion to the friction units of first-flagged visits.
    signals : tuple of str
        Signals under study: the columns of `by_signal`.
    total : float
        Sum of `lost`: what would be gained if no signal under study ever occurred.
    interval : Interval
        Limits of `total`.
    total_unshrunk : float
        `total` with the strata's own values.
    index : float
        100 total / (converted + total); NaN where nobody converted.
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
    clv_total: float
    clv_interval: Interval | None
    converted: float
    n_journeys: int
    n_unknown: int
    n_unmatched: int
    highest_weight: float
    warnings: tuple[str, ...]

    def to_frame(self) -> pd.DataFrame:
        """One row a touchpoint, the largest loss first."""
        import pandas as pd

        main: list[int] = self.by_signal.argmax(axis=1).tolist() if self.by_signal.size else []
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
                "main_signal": [self.signals[k] for k in main],
            }
        )


def friction_loss(
    signals: SignalTable,
    *,
    rng: np.random.Generator,
    studied: Collection[str] | None = None,
    outcome: ArrayLike | None = None,
    value: ArrayLike | None = None,
    strata: Mapping[str, ArrayLike] | None = None,
    period: timedelta = timedelta(days=10),
    shrink: bool = True,
    confidence_level: float = 0.90,
    n_resamples: int = 500,
) -> FrictionLoss:
    r"""Journeys lost to friction: what would be gained if no signal under study ever occurred.

    Parameters
    ----------
    signals : SignalTable
        From `detect_signals`.
    rng : numpy.random.Generator
        Draws customers for the limits.
    studied : collection of str, optional
        Signals under study; all system signals by default. Behaviour signals are shown by those who were
        eager or annoyed before, and are refused unless `strata` says who they are.
    outcome : array_like of shape (n_journeys,), optional
        What became of each journey: 1 and 0, a probability (of being alive, for open journeys), or money; NaN
        where it is not known. By default `journeys.outcome`.
    value : array_like of shape (n_journeys,), optional
        Money that a converted journey brings more than a lost one: lifetime values make `clv_at_risk`.
    strata : mapping from str to array_like of shape (n_journeys,), optional
        Further labels within which journeys are compared, beside attempt and channel.
    period : timedelta, default 10 days
        Within a touchpoint, a channel and so long a period flags are taken to come at one rate.
    shrink : bool, default True
        Whether the values of strata are drawn to that of their touchpoint as far as they are few.
    confidence_level : float, default 0.90
        Nominal coverage of the intervals, strictly between 0 and 1.
    n_resamples : int, default 500
        Draws of customers, at least 1.

    Returns
    -------
    FrictionLoss
        Loss by touchpoint and in total. The shares of touchpoints say where journeys are hit first, not what
        fixing one of them brings: that is `fix_gain`.

    Raises
    ------
    InvalidInputError
        If there is no journey with a known outcome, an argument has the wrong length or range, a signal is
        not in the table, or a behaviour signal is studied without `strata`.

    Notes
    -----
    A journey is at risk at each monitored visit (a touchpoint at which a studied signal occurs) up to its
    first flag. With \(z\) the stratum (attempt, channel, `strata`), \(V^1_{sz}\) the mean outcome of journeys
    first flagged at touchpoint \(s\), and \(V^0_{sz}\) the weighted mean outcome of clean visits,

    \[ \mathrm{lost}_s = \sum_z n_{sz}\,(V^0_{sz} - V^1_{sz}), \qquad
       w_j = \prod_{l > j} \frac{1}{1 - p(v_l)} \]

    for visit \(j\) of a journey that is never flagged, 0 for one that is flagged later, where \(p\) is the
    share of at-risk visits that are flagged, by touchpoint, channel and period. The weights stand for
    journeys that would have stayed clean had they not been flagged later (inverse probability of
    censoring). Limits are percentiles over draws of customers, in which rates, weights, values and shrinkage
    are computed anew.

    It is an association: a hidden cause of both flags and outcomes is not seen. `e_value` says how strong
    one would have to be, `placebo_loss` what the method finds where nothing is to be found.

    References
    ----------
    Robins, J. M. and Finkelstein, D. M. (2000), Correcting for noncompliance and dependent censoring with
    inverse probability of censoring weighted log-rank tests.
    [doi:10.1111/j.0006-341X.2000.00779.x](https://doi.org/10.1111/j.0006-341X.2000.00779.x).

    VanderWeele, T. J. and Ding, P. (2017), Sensitivity analysis in observational research: introducing the
    E-value. [doi:10.7326/M16-2607](https://doi.org/10.7326/M16-2607).

    Examples
    --------
    1,000 visits to the payment page, 120 of which end in an error. Of those customers 51 % buy later, of the
    others 93 %, and a customer is worth 180:

    >>> import numpy as np
    >>> import pandas as pd
    >>> from customer_centric import EventSchema, detect_signals, find_journeys, prepare_log
    >>> failed = np.arange(1000) < 120
    >>> payments = pd.DataFrame(
    ...     {
    ...         "case_id": np.arange(1000),
    ...         "touchpoint": "payment",
    ...         "timestamp": pd.Timestamp("2026-03-01"),
    ...         "outcome": np.where(failed, "error", "ok"),
    ...     }
    ... )
    >>> log = prepare_log(payments, EventSchema(outcome="outcome"))
    >>> found = detect_signals(find_journeys(log, goal=()))
    >>> loss = friction_loss(
    ...     found,
    ...     outcome=np.where(failed, 0.51, 0.93),
    ...     value=np.full(1000, 180.0),
    ...     rng=np.random.default_rng(1),
    ... )
    >>> round(loss.total, 1), round(loss.clv_total)
    (50.4, 9072)
    """
    return _loss(
        signals,
        None,
        rng=rng,
        studied=studied,
        outcome=outcome,
        value=value,
        strata=strata,
        period=period,
        shrink=shrink,
        confidence_level=confidence_level,
        n_resamples=n_resamples,
    )


def fix_gain(
    signals: SignalTable,
    touchpoint: str,
    *,
    rng: np.random.Generator,
    studied: Collection[str] | None = None,
    outcome: ArrayLike | None = None,
    value: ArrayLike | None = None,
    strata: Mapping[str, ArrayLike] | None = None,
    period: timedelta = timedelta(days=10),
    shrink: bool = True,
    confidence_level: float = 0.90,
    n_resamples: int = 500,
) -> FrictionLoss:
    r"""Journeys gained if the signals of one touchpoint never occurred, and all others as they do.

    Parameters
    ----------
    signals : SignalTable
        From `detect_signals`.
    touchpoint : str
        The touchpoint to fix.
    rng : numpy.random.Generator
        Draws customers for the limits.
    studied, outcome, value, strata, period, shrink, confidence_level, n_resamples
        As in `friction_loss`.

    Returns
    -------
    FrictionLoss
        One row; `total` is the gain.

    Raises
    ------
    InvalidInputError
        If the touchpoint is not in the log; otherwise as in `friction_loss`.

    Notes
    -----
    The estimator of `friction_loss` with the signals of one touchpoint under study, so that a journey is at
    risk there until its first flag there. Gains of touchpoints do not add up to the total of
    `friction_loss`: who is saved at one may be lost at another.

    Examples
    --------
    >>> import numpy as np
    >>> from customer_centric import EventSchema, detect_signals, find_journeys, prepare_log
    >>> from customer_centric.simulate import hotel_story
    >>> log = prepare_log(hotel_story(), EventSchema.full())
    >>> found = detect_signals(find_journeys(log, goal="stay", lost="call_centre"))
    >>> gain = fix_gain(found, "card_entry", rng=np.random.default_rng(1))
    >>> gain.n_unmatched
    1
    """
    known = signals.journeys.visits.touchpoints
    if touchpoint not in known:
        raise InvalidInputError(
            f"`touchpoint` must be one of the log, got {touchpoint!r}; they are {', '.join(map(repr, known))}"
        )
    return _loss(
        signals,
        known.index(touchpoint),
        rng=rng,
        studied=studied,
        outcome=outcome,
        value=value,
        strata=strata,
        period=period,
        shrink=shrink,
        confidence_level=confidence_level,
        n_resamples=n_resamples,
    )


def _loss(
    signals: SignalTable,
    touchpoint: int | None,
    *,
    rng: np.random.Generator,
    studied: Collection[str] | None,
    outcome: ArrayLike | None,
    value: ArrayLike | None,
    strata: Mapping[str, ArrayLike] | None,
    period: timedelta,
    shrink: bool,
    confidence_level: float,
    n_resamples: int,
) -> FrictionLoss:
    level = check_confidence_level(confidence_level)
    n_draws = int(check_number("n_resamples", n_resamples, minimum=1.0, whole=True))
    journeys = signals.journeys
    y = check_per_journey("outcome", journeys.outcome if outcome is None else outcome, journeys.n_journeys)
    if not np.isfinite(y).any():
        raise InvalidInputError(
            f"`outcome` must be known for at least one journey, got none of {y.size}; give `lost` or "
            "`closed_after` to `find_journeys`, or outcomes of your own"
        )
    money = None if value is None else check_per_journey("value", value, journeys.n_journeys)
    if money is not None and np.isnan(money).any():
        raise InvalidInputError(
            f"`value` must be known for each journey, got {int(np.isnan(money).sum())} missing"
        )
    labels = {
        name: codes_of_labels(name, given, journeys.n_journeys) for name, given in (strata or {}).items()
    }
    which = studied_signals(signals, studied, has_strata=bool(labels))
    risk = build_risk_set(
        signals,
        flagged_visits(signals, which, touchpoint),
        y,
        period_ticks=check_period_length(period) * journeys.visits.clock.ticks_per_second,
        labels=labels,
    )
    sums = draw_sums(
        risk,
        journeys.customer,
        np.nan_to_num(y),
        np.zeros(y.size) if money is None else money,
        n_resamples=n_draws,
        rng=rng,
    )
    known = y[risk.known]
    is_share = bool(np.all((known >= 0) & (known <= 1)))
    raw = cell_values(risk, sums, shrink=False, is_share=is_share)
    values = cell_values(risk, sums, shrink=True, is_share=is_share) if shrink else raw
    return _result(signals, which, risk, sums, values, raw, level=level, has_value=money is not None)


def check_per_journey(name: str, values: ArrayLike, n: int) -> FloatArray:
    array = as_floats(name, values)
    if np.isinf(array).any():
        raise InvalidInputError(f"`{name}` must be finite or missing, got an infinite value")
    if array.shape != (n,):
        raise InvalidInputError(
            f"`{name}` must have one entry a journey, got shape {array.shape} for {n} journeys"
        )
    return array


def codes_of_labels(name: str, values: ArrayLike, n: int) -> NDArray[Any]:
    array = np.asarray(values)
    if array.shape != (n,):
        raise InvalidInputError(
            f"`strata[{name!r}]` must have one entry a journey, got shape {array.shape} for {n} journeys"
        )
    import pandas as pd

    codes, _ = pd.factorize(array, sort=True, use_na_sentinel=False)
    return np.asarray(codes, dtype=np.int64)


def check_period_length(period: timedelta) -> float:
    if not isinstance(period, timedelta) or not period.total_seconds() > 0:
        raise InvalidInputError(f"`period` must be a positive timedelta, got {period!r}")
    return period.total_seconds()


def studied_signals(signals: SignalTable, given: Collection[str] | None, *, has_strata: bool) -> BoolArray:
    """Which signals are under study."""
    if given is None:
        return np.array([signal.kind == "system" for signal in signals.signals], dtype=np.bool_)
    for name in given:
        if name not in signals.names:
            raise InvalidInputError(
                f"`studied` must name signals of the table, got {name!r}; they are {', '.join(signals.names)}"
            )
    behaviour = [s.name for s in signals.signals if s.name in given and s.kind == "behaviour"]
    if behaviour and not has_strata:
        raise InvalidInputError(
            f"`studied` must hold system signals unless `strata` is given, got {behaviour[0]!r}, which "
            "customers show themselves: those who do may be the eager ones; give labels of how eager each was"
        )
    return np.array([name in given for name in signals.names], dtype=np.bool_)


def _result(
    signals: SignalTable,
    which: BoolArray,
    risk: RiskSet,
    sums: CellSums,
    values: CellValues,
    raw: CellValues,
    *,
    level: float,
    has_value: bool,
) -> FrictionLoss:
    hit = sums.flagged[0] > 0
    unmatched = hit & np.isnan(values.clean[0])
    excess = np.nan_to_num(values.excess)
    steps = np.unique(risk.touchpoint[hit])
    member = (risk.touchpoint[:, None] == steps[None, :]).astype(np.float64)
    lost = (sums.flagged * excess) @ member
    money = (sums.value * excess) @ member
    order = np.argsort(-lost[0], kind="stable")
    steps, lost, money, member = steps[order], lost[:, order], money[:, order], member[:, order]
    n_first = sums.flagged[0] @ member
    matched = (sums.flagged[0] * ~unmatched) @ member
    mean = [np.nan_to_num(side[0] * sums.flagged[0] * ~unmatched) for side in (values.flagged, values.clean)]
    with np.errstate(divide="ignore", invalid="ignore"):
        flagged, clean = (side @ member / matched for side in mean)
        n_eff = np.nan_to_num(sums.clean[0] ** 2 / sums.clean_weights2[0])
    lost_at = np.where(matched > 0, lost[0], np.nan)
    low, high = _percentiles(lost, level)
    total, interval = _whole(lost.sum(axis=1), level)
    clv, clv_interval = _whole(money.sum(axis=1), level)
    clv_low, clv_high = _percentiles(money, level)
    blank = np.full(steps.size, np.nan)
    converted = float(sums.total[0])
    studied = tuple(name for name, kept in zip(signals.names, which, strict=True) if kept)
    return FrictionLoss(
        touchpoints=tuple(signals.journeys.visits.touchpoints[int(s)] for s in steps.tolist()),
        n_first=n_first.astype(np.int64),
        n_clean=n_eff @ member,
        value_flagged=flagged,
        value_clean=clean,
        lost=lost_at,
        lower=low,
        upper=high,
        probability_positive=(lost[1:] > 0).mean(axis=0),
        clv_at_risk=money[0] if has_value else blank,
        clv_lower=clv_low if has_value else blank,
        clv_upper=clv_high if has_value else blank,
        e_value=_e_values(flagged, clean),
        by_signal=_by_signal(signals, which, risk, excess[0], steps),
        signals=studied,
        total=total,
        interval=interval,
        total_unshrunk=float((sums.flagged[0] * np.nan_to_num(raw.excess[0])).sum()),
        index=100.0 * total / (converted + total) if converted > 0 else float("nan"),
        clv_total=clv if has_value else float("nan"),
        clv_interval=clv_interval if has_value else None,
        converted=converted,
        n_journeys=int(risk.known.sum()),
        n_unknown=risk.n_unknown,
        n_unmatched=int(sums.flagged[0][unmatched].sum()),
        highest_weight=sums.highest_weight,
        warnings=_warnings(sums, risk, n_eff, unmatched, lost[0], converted),
    )


def _percentiles(draws: FloatArray, level: float) -> tuple[FloatArray, FloatArray]:
    low, high = np.quantile(draws[1:], ((1 - level) / 2, (1 + level) / 2), axis=0)
    return np.asarray(low), np.asarray(high)


def _whole(draws: FloatArray, level: float) -> tuple[float, Interval]:
    low, high = _percentiles(draws[:, None], level)
    return float(draws[0]), Interval(float(low[0]), float(high[0]), level)


def _e_values(flagged: FloatArray, clean: FloatArray) -> FloatArray:
    """E-values of the risk of not converting."""
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = (1.0 - flagged) / (1.0 - clean)
        ratio = np.where(ratio < 1.0, 1.0 / ratio, ratio)
        return np.asarray(ratio + np.sqrt(ratio * (ratio - 1.0)))


def _by_signal(
    signals: SignalTable, which: BoolArray, risk: RiskSet, excess: FloatArray, steps: IntArray
) -> FloatArray:
    """Losses by signal: each first-flagged visit in proportion to the units of its signals."""
    first = np.flatnonzero(risk.flagged)
    mine = which[signals.signal] & np.isin(signals.visit, risk.visit[first])
    row = first[np.searchsorted(risk.visit[first], signals.visit[mine])]
    amount = -np.log1p(-signals.weights)[signals.signal[mine]] * signals.severity[mine]
    # A signal of weight 0 counts for something where it is alone.
    amount = np.maximum(amount, np.finfo(np.float64).tiny)
    whole = np.bincount(row, amount, risk.journey.size)
    points = amount / whole[row] * excess[risk.cell[row]]
    column = (np.cumsum(which) - 1)[signals.signal[mine]]
    place = np.searchsorted(np.sort(steps), risk.touchpoint[risk.cell[row]])
    n_signals = int(which.sum())
    table = sum_by(place * n_signals + column, points, steps.size * n_signals).reshape(steps.size, n_signals)
    return np.asarray(table[np.argsort(np.argsort(steps))])


def _warnings(
    sums: CellSums,
    risk: RiskSet,
    n_eff: FloatArray,
    unmatched: BoolArray,
    lost: FloatArray,
    converted: float,
) -> tuple[str, ...]:
    said: list[str] = []
    if not risk.flagged.any():
        said.append("no at-risk visit shows a studied signal: nothing is lost to them")
    if converted <= 0:
        said.append("no journey reached the goal: there is no conversion to lose")
    few = (sums.flagged[0] > 0) & (n_eff < _FEW) & ~unmatched
    if few.any():
        said.append(
            f"{int(few.sum())} of {int((sums.flagged[0] > 0).sum())} strata with flags have fewer than "
            f"{_FEW} effective clean visits"
        )
    if unmatched.any():
        n = int(sums.flagged[0][unmatched].sum())
        said.append(f"{n} first flags have no clean visit to compare with and are left out of the total")
    if (lost < 0).any():
        said.append("flagged journeys did better than clean ones at some touchpoints: confounded?")
    return tuple(said)

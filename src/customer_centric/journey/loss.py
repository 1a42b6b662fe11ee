"""What friction costs: journeys lost at the first flag, against visits of the same kind without one."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import timedelta
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from customer_centric._core.checks import as_floats, check_confidence_level, check_number
from customer_centric.errors import InvalidInputError
from customer_centric.journey._loss_draws import draw_sums
from customer_centric.journey._loss_result import FrictionLoss, Study, loss_result
from customer_centric.journey._loss_values import cell_values
from customer_centric.journey._risk_set import build_risk_set, flagged_visits
from customer_centric.journey.journeys import LEFT_TRUNCATED, Journeys
from customer_centric.journey.signals import SignalTable
from customer_centric.typing import BoolArray, FloatArray

__all__ = ["FrictionLoss", "fix_gain", "friction_loss"]


def friction_loss(
    signals: SignalTable,
    *,
    rng: np.random.Generator,
    studied: str | Collection[str] | None = None,
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
    studied : str or collection of str, optional
        Signals under study; all system signals by default. Behaviour signals are shown by those who were
        eager or annoyed before, and are refused unless `strata` says who they are.
    outcome : array_like of shape (n_journeys,), optional
        What became of each journey: 1 and 0, a probability (of having converted, for open journeys), or
        money; NaN where it is not known. By default `journeys.outcome`. Journeys that began before the log
        are left out whatever became of them: their first flag may be missing.
    value : array_like of shape (n_journeys,), optional
        Money that a converted journey brings more than a lost one: lifetime values make `clv_at_risk`. Not
        together with outcomes that are money.
    strata : mapping from str to array_like of shape (n_journeys,), optional
        Further labels within which journeys are compared, beside attempt and channel.
    period : timedelta, default 10 days
        Within a touchpoint, a channel and so long a period flags are taken to come at one rate.
    shrink : bool, default True
        Whether the values of strata are drawn to that of their touchpoint as far as they are few.
    confidence_level : float, default 0.90
        Nominal coverage of the intervals, strictly between 0 and 1.
    n_resamples : int, default 500
        Draws of customers, at least 1; some hundreds for limits to rely on.

    Returns
    -------
    FrictionLoss
        Loss by touchpoint and in total. The shares of touchpoints say where journeys are hit first, not what
        fixing one of them brings: that is `fix_gain`.

    Raises
    ------
    InvalidInputError
        If there is no journey with a known outcome, an argument has the wrong length or range, a signal is
        not in the table, a behaviour signal is studied without `strata`, or `value` is given for outcomes
        that are money.

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
    censoring). Rates of fewer than 20 visits are taken from the touchpoint and channel, then from the
    touchpoint, and none is above 0.95. A stratum with flags and no clean visit borrows \(V^0\) in the same
    order; where the touchpoint has none either, its flags are left out and counted.

    With `shrink`, \(V^1\) and \(V^0\) are drawn to the mean of their touchpoint by a beta-binomial prior
    fitted to all strata by maximum likelihood (for money by a normal one, with the variance between strata of
    DerSimonian and Laird).

    Limits are percentiles over draws of customers, in which rates, weights, values and shrinkage
    are computed anew; where no draw differs from another, because all ended alike or none was flagged, exact
    binomial and Poisson limits take their place.

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
    studied: str | Collection[str] | None = None,
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
    >>> found = detect_signals(find_journeys(log, goal=(), lost="call_centre"))
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
    studied: str | Collection[str] | None,
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
    check_random(rng)
    journeys = signals.journeys
    y, is_share = known_outcomes(journeys, outcome)
    money = None if value is None else _known_values(value, journeys.n_journeys, is_share=is_share)
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
    raw = cell_values(risk, sums, shrink=False, is_share=is_share)
    values = cell_values(risk, sums, shrink=True, is_share=is_share) if shrink else raw
    study = Study(
        level=level,
        is_share=is_share,
        has_value=money is not None,
        mean_outcome=float(np.nanmean(y)),
        n_customers=int((np.bincount(journeys.customer[risk.known]) > 0).sum()),
        warnings=() if studied is None else _absent(signals, which),
    )
    return loss_result(signals, which, risk, sums, values, raw, study=study)


def known_outcomes(journeys: Journeys, outcome: ArrayLike | None) -> tuple[FloatArray, bool]:
    """Outcomes, NaN for journeys that began before the log, and whether all are shares."""
    y = check_per_journey("outcome", journeys.outcome if outcome is None else outcome, journeys.n_journeys)
    y = np.where(journeys.status == LEFT_TRUNCATED, np.nan, y)
    known = y[~np.isnan(y)]
    if known.size == 0:
        raise InvalidInputError(
            f"`outcome` must be known for at least one journey, got none of {y.size}; give `lost` or "
            "`closed_after` to `find_journeys`, or outcomes of your own"
        )
    return y, bool(known.min() >= 0 and known.max() <= 1)


def _known_values(value: ArrayLike, n: int, *, is_share: bool) -> FloatArray:
    money = check_per_journey("value", value, n)
    missing = np.isnan(money)
    if missing.any():
        raise InvalidInputError(
            f"`value` must be known for each journey, got none at position {int(missing.argmax())} "
            f"({int(missing.sum())} of {n} values)"
        )
    if not is_share:
        raise InvalidInputError(
            "`value` must not be given where outcomes are money, got outcomes beyond 0 and 1; then "
            "`lost` is money"
        )
    return money


def _absent(signals: SignalTable, which: BoolArray) -> tuple[str, ...]:
    """Signals that were asked for by name and could not be looked for."""
    asked = [name for name, kept in zip(signals.names, which, strict=True) if kept]
    return tuple(
        f"{name} could not be looked for: {signals.absent[name]}" for name in asked if name in signals.absent
    )


def check_random(rng: np.random.Generator) -> None:
    if not isinstance(rng, np.random.Generator):
        raise InvalidInputError(
            f"`rng` must be a NumPy random generator, got {rng!r}; pass for instance np.random.default_rng(1)"
        )


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


def studied_signals(
    signals: SignalTable, given: str | Collection[str] | None, *, has_strata: bool
) -> BoolArray:
    """Which signals are under study."""
    if given is None:
        return np.array([signal.kind == "system" for signal in signals.signals], dtype=np.bool_)
    given = (given,) if isinstance(given, str) else given
    if not given:
        raise InvalidInputError("`studied` must name at least one signal, got none")
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

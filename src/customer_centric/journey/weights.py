"""Weights of signals, learned from what became of journeys, with the expert's guesses as prior."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import ArrayLike

from customer_centric._core.checks import check_confidence_level, check_number
from customer_centric._core.tabulate import sum_by
from customer_centric.errors import InvalidInputError
from customer_centric.journey._weight_rows import WeightRows, weight_rows
from customer_centric.journey.loss import (
    check_period_length,
    codes_of_labels,
    known_outcomes,
    studied_signals,
)
from customer_centric.journey.signals import SignalTable
from customer_centric.typing import FloatArray, IntArray

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["WeightFit", "fit_weights"]

# exp(-36) is where 1 - exp(-x) stops to differ from 1.
_MOST_UNITS: Final = 36.0


@dataclass(frozen=True, slots=True, eq=False)
class WeightFit:
    r"""Weights of signals: how likely one occurrence alone loses a customer who would have converted.

    Parameters
    ----------
    signals : tuple of str
        Signals under study.
    weight : ndarray of shape (n_signals,)
        Learned weights, in [0, 1); NaN where nothing was seen and there is no prior.
    lower, upper : ndarray of shape (n_signals,)
        Limits; NaN where no first flag shows the signal, so that the weight is the expert's.
    prior : ndarray of shape (n_signals,)
        The expert's weights.
    n_first : ndarray of shape (n_signals,)
        First-flagged visits that show each signal and count: those of journeys that were not flagged again.
    strength : float
        How many occurrences the expert's guess counts for.
    log_posterior : float
        At the optimum.
    confidence_level : float
        Nominal coverage of the limits.
    """

    signals: tuple[str, ...]
    weight: FloatArray
    lower: FloatArray
    upper: FloatArray
    prior: FloatArray
    n_first: IntArray
    strength: float
    log_posterior: float
    confidence_level: float

    def as_mapping(self) -> dict[str, float]:
        """The weights that are known, as `friction_score` takes them."""
        pairs = zip(self.signals, (float(value) for value in self.weight), strict=True)
        return {name: value for name, value in pairs if not np.isnan(value)}

    def learned(self) -> dict[str, float]:
        """The weights that outcomes had a say in; the others are still the expert's."""
        known = self.as_mapping()
        return {name: known[name] for name, n in zip(self.signals, self.n_first, strict=True) if n > 0}

    def to_frame(self) -> pd.DataFrame:
        """One row a signal."""
        import pandas as pd

        return pd.DataFrame(
            {
                "signal": list(self.signals),
                "weight": self.weight,
                "lower": self.lower,
                "upper": self.upper,
                "prior": self.prior,
                "n_first": self.n_first,
            }
        )


def fit_weights(
    signals: SignalTable,
    *,
    rng: np.random.Generator,
    studied: Collection[str] | None = None,
    outcome: ArrayLike | None = None,
    strata: Mapping[str, ArrayLike] | None = None,
    period: timedelta = timedelta(days=10),
    strength: float = 20.0,
    confidence_level: float = 0.90,
    n_resamples: int = 200,
) -> WeightFit:
    r"""Weights of signals, from the outcomes of journeys and the expert's guesses.

    Parameters
    ----------
    signals : SignalTable
        From `detect_signals`; the weights of its signals are the expert's.
    rng : numpy.random.Generator
        Draws customers for the limits.
    studied : collection of str, optional
        Signals to learn about; all system signals by default. Behaviour signals need `strata`.
    outcome : array_like of shape (n_journeys,), optional
        1, 0, or a probability between; NaN where it is not known. By default `journeys.outcome`.
    strata : mapping from str to array_like of shape (n_journeys,), optional
        Further labels within which journeys are compared.
    period : timedelta, default 10 days
        Within a touchpoint, a channel and so long a period flags are taken to come at one rate.
    strength : float, default 20
        How many occurrences the expert's guess counts for, 0 or more; 0 is maximum likelihood.
    confidence_level : float, default 0.90
        Nominal coverage of the limits, strictly between 0 and 1.
    n_resamples : int, default 200
        Draws of customers, at least 1.

    Returns
    -------
    WeightFit
        Weights on the scale of `Signal.weight`.

    Raises
    ------
    InvalidInputError
        If an outcome is outside [0, 1], no journey has one, no signal can be studied, a signal of behaviour
        is without `strata`, or an argument is out of range.

    Notes
    -----
    The rows are the at-risk visits of `friction_loss`, up to the first flag, each weighted as if the journey
    had met no further flag. With \(\alpha_z \ge 0\) for stratum \(z\), \(\beta_k \ge 0\) friction units and
    \(x_k\) severities,

    \[ P(\text{converts}) = e^{-\alpha_z} \prod_k (1 - w_k)^{x_k} = e^{-\eta}, \qquad
       \eta = \alpha_z + \sum_k \beta_k x_k, \]

    a log-binomial model whose weighted log-likelihood is concave, so that it has one optimum. The expert's
    \(\beta_{0k}\) enters as \(n_0 (\beta_{0k} \ln \beta_k - \beta_k)\): as \(n_0\) further occurrences.
    Limits are percentiles over draws of customers at fixed censoring weights, never closer than what \(n\)
    visits that were all kept, or all lost, can tell. Of 350 simulated worlds with 2,000 journeys each, limits
    of 90 % held the truth in 84 to 87 %.

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
    >>> fit = fit_weights(
    ...     detect_signals(journeys), rng=np.random.default_rng(2), n_resamples=20
    ... )
    >>> fit.signals[0], bool(0.2 < fit.weight[0] < 0.5)
    ('error', True)
    """
    level = check_confidence_level(confidence_level)
    n_draws = int(check_number("n_resamples", n_resamples, minimum=1.0, whole=True))
    n0 = check_number("strength", strength, minimum=0.0)
    n_journeys = signals.journeys.n_journeys
    y, is_share = known_outcomes(signals.journeys, outcome)
    if not is_share:
        raise InvalidInputError(
            f"`outcome` must hold values from 0 to 1, got values from {np.nanmin(y):g} to {np.nanmax(y):g}"
        )
    labels = {name: codes_of_labels(name, given, n_journeys) for name, given in (strata or {}).items()}
    which = studied_signals(signals, studied, has_strata=bool(labels))
    if not which.any():
        raise InvalidInputError(
            "`signals` must hold a system signal, got behaviour alone; name `studied` and give `strata`"
        )
    ticks = check_period_length(period) * signals.journeys.visits.clock.ticks_per_second
    rows = weight_rows(signals, which, y, period_ticks=ticks, labels=labels)
    prior = signals.weights[which]
    beta0 = -np.log1p(-prior)
    best, value = _optimum(rows, np.ones(rows.n_groups), n0, beta0, None)
    draws = np.empty((n_draws, prior.size))
    for b in range(n_draws):
        drawn = rng.multinomial(rows.n_groups, np.full(rows.n_groups, 1.0 / rows.n_groups)).astype(np.float64)
        draws[b] = _optimum(rows, drawn, n0, beta0, best)[0][rows.n_cells :]
    known = np.where((rows.n_first == 0) & (n0 == 0), np.nan, best[rows.n_cells :])
    low, high = _limits(rows, best, draws, (1.0 - level) / 2.0)
    weight, lower, upper = (-np.expm1(-units) for units in (known, low, high))
    return WeightFit(
        signals=tuple(name for name, kept in zip(signals.names, which, strict=True) if kept),
        weight=weight,
        lower=lower,
        upper=upper,
        prior=prior,
        n_first=rows.n_first,
        strength=n0,
        log_posterior=value,
        confidence_level=level,
    )


def _limits(
    rows: WeightRows, best: FloatArray, draws: FloatArray, tail: float
) -> tuple[FloatArray, FloatArray]:
    """Limits of units: percentiles of the draws, and no closer than what so few visits can tell."""
    alpha, beta = best[: rows.n_cells], best[rows.n_cells :]
    low, high = np.quantile(draws, (tail, 1.0 - tail), axis=0)
    low, high = np.minimum(low, beta), np.maximum(high, beta)
    count = np.bincount(rows.kind, minlength=rows.cell.size)
    shown = rows.severity > 0
    n = count @ shown
    with np.errstate(divide="ignore", invalid="ignore"):
        # None of n visits lost bounds the units from above, all of them lost from below.
        highest_of_none = -np.log(tail) / (count @ rows.severity)
        without = (count * np.exp(-alpha[rows.cell])) @ shown / n
        lowest_of_all = np.maximum(-np.log((1.0 - tail ** (1.0 / n)) / without), 0.0)
    low, high = np.minimum(low, lowest_of_all), np.maximum(high, highest_of_none)
    if rows.n_groups == 1:
        # One customer says nothing about others.
        low, high = np.zeros_like(beta), np.full(beta.size, np.inf)
    # Where no visit shows a signal there is but the expert, who has no limits.
    return np.where(n == 0, np.nan, low), np.where(n == 0, np.nan, high)


@dataclass(frozen=True, slots=True, eq=False)
class _Sums:
    """The sums of one draw of customers: clean visits by stratum, and first flags by kind."""

    good: FloatArray
    bad: FloatArray
    first: FloatArray


def _sums_of(rows: WeightRows, drawn: FloatArray) -> _Sums:
    first = sum_by(rows.kind, drawn[rows.group] * rows.weight, rows.cell.size)
    return _Sums(np.asarray(drawn @ rows.converted), np.asarray(drawn @ rows.lost), first)


def _log_posterior(
    parameters: FloatArray, rows: WeightRows, sums: _Sums, strength: float, beta0: FloatArray
) -> tuple[float, FloatArray]:
    """The weighted log-likelihood with the expert's part, and its gradient."""
    alpha, beta = parameters[: rows.n_cells], parameters[rows.n_cells :]
    lost, slope = _log_failure(alpha)
    value = float((sums.bad * lost - sums.good * alpha).sum())
    of_alpha = sums.bad * slope - sums.good
    eta = alpha[rows.cell] + rows.severity @ beta
    lost, slope = _log_failure(eta)
    y = rows.outcome
    value += float((sums.first * ((1 - y) * lost - y * eta)).sum())
    of_eta = sums.first * ((1 - y) * slope - y)
    of_alpha = of_alpha + sum_by(rows.cell, of_eta, rows.n_cells)
    of_beta = of_eta @ rows.severity
    if strength > 0:
        value += float(strength * (beta0 * np.log(beta) - beta).sum())
        of_beta = of_beta + strength * (beta0 / beta - 1.0)
    return value, np.concatenate([of_alpha, of_beta])


def _log_failure(eta: FloatArray) -> tuple[FloatArray, FloatArray]:
    """ln(1 - exp(-eta)) and its slope."""
    gone = -np.expm1(-eta)
    return np.log(gone), np.exp(-eta) / gone


def _optimum(
    rows: WeightRows, drawn: FloatArray, strength: float, beta0: FloatArray, start: FloatArray | None
) -> tuple[FloatArray, float]:
    """The one optimum of a concave function of units that are not negative."""
    from scipy.optimize import minimize

    floor = 1e-9
    sums = _sums_of(rows, drawn)
    if start is None:
        share = (sums.good + 0.5) / (sums.good + sums.bad + 1.0)
        start = np.concatenate([-np.log(share), np.maximum(beta0, 0.01)])
    # The optimiser's tolerances are for a function of the size of 1.
    scale = max(float(sums.good.sum() + sums.bad.sum() + sums.first.sum()), 1.0)

    start = np.clip(start, floor, _MOST_UNITS)
    # In units of its own curvature each parameter is as steep as the others.
    stretch = np.sqrt(_curvature(start, rows, sums, strength, beta0) / scale + 1e-12)

    def negative(stretched: FloatArray) -> tuple[float, FloatArray]:
        value, slope = _log_posterior(stretched / stretch, rows, sums, strength, beta0)
        return -value / scale, -slope / stretch / scale

    found = minimize(
        negative,
        start * stretch,
        jac=True,
        method="L-BFGS-B",
        bounds=[(floor * unit, _MOST_UNITS * unit) for unit in stretch.tolist()],
        options={"maxiter": 2_000, "maxcor": 30, "ftol": 1e-14, "gtol": 1e-9},
    )
    return np.asarray(found.x / stretch, dtype=np.float64), float(-found.fun * scale)


def _curvature(
    parameters: FloatArray, rows: WeightRows, sums: _Sums, strength: float, beta0: FloatArray
) -> FloatArray:
    """Minus the second derivative by each parameter."""
    alpha, beta = parameters[: rows.n_cells], parameters[rows.n_cells :]
    slope = _log_failure(alpha)[1]
    of_alpha = sums.bad * slope * (1.0 + slope)
    slope = _log_failure(alpha[rows.cell] + rows.severity @ beta)[1]
    of_eta = sums.first * (1 - rows.outcome) * slope * (1.0 + slope)
    of_beta = of_eta @ rows.severity**2 + strength * beta0 / beta**2
    return np.concatenate([of_alpha + sum_by(rows.cell, of_eta, rows.n_cells), of_beta])

"""Which of several outcomes came first, and how soon, when some are still open (Aalen-Johansen)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from customer_centric._core.checks import check_confidence_level
from customer_centric._methods.survival import kaplan_meier, risk_sets
from customer_centric._methods.survival_bounds import no_event_bounds
from customer_centric.intervals.normal import normal_quantile
from customer_centric.typing import FloatArray, IntArray


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Incidence:
    """Share of each outcome by each duration.

    Parameters
    ----------
    duration : ndarray of shape (n_times,)
        Distinct durations at which an outcome came or somebody was last seen, ascending.
    at_risk, censored, survival : ndarray of shape (n_times,)
        Those without an outcome just before, those last seen at it, and the share without one after it.
    events, incidence, standard_error, lower, upper : ndarray of shape (n_causes, n_times)
        Outcomes at the duration, and the share that has had each by then, with its error and bounds.
    """

    duration: FloatArray
    at_risk: FloatArray
    censored: FloatArray
    survival: FloatArray
    events: FloatArray
    incidence: FloatArray
    standard_error: FloatArray
    lower: FloatArray
    upper: FloatArray


def aalen_johansen(
    duration: ArrayLike,
    cause: IntArray,
    *,
    n_causes: int,
    weights: ArrayLike | None = None,
    confidence_level: float = 0.95,
) -> Incidence:
    r"""Cumulative incidence of competing outcomes.

    Parameters
    ----------
    duration : array_like of shape (n_units,)
        Time to the outcome, or until last seen: 0 or more.
    cause : ndarray of int of shape (n_units,)
        Which outcome, from 0; -1 where there is none yet.
    n_causes : int
        Number of outcomes.
    weights : array_like of shape (n_units,), optional
        Units that each row stands for, 0 or more.
    confidence_level : float, default 0.95
        Nominal coverage of the bounds, at each duration.

    Returns
    -------
    Incidence
        Shares at each distinct duration; with the survival they sum to 1.

    Notes
    -----
    With \(n_j\) at risk at \(t_j\), \(d_{kj}\) outcomes of kind \(k\), \(d_j\) of any, and \(S\) the
    Kaplan-Meier curve of having none,

    \[ F_k(t) = \sum_{t_j \le t} S(t_{j-1}) \frac{d_{kj}}{n_j} , \]

    \[ \operatorname{Var} F_k(t) = \sum_{t_j \le t} \Bigl( (F_k(t) - F_k(t_j))^2 \frac{d_j}{n_j (n_j - d_j)}
       + S(t_{j-1})^2 \frac{(n_j - d_{kj})\, d_{kj}}{n_j^3}
       - 2\,(F_k(t) - F_k(t_j))\, S(t_{j-1}) \frac{d_{kj}}{n_j^2} \Bigr) . \]

    Bounds are symmetric in \(\ln(-\ln(1 - F))\), so that those of a single outcome are one less the bounds of
    the Kaplan-Meier curve. While an outcome has not been seen they are \([0, 1 - (\alpha/2)^{1/n}]\), \(n\)
    being those whose state is known.

    References
    ----------
    Aalen, O. O. and Johansen, S. (1978), An empirical transition matrix for non-homogeneous Markov chains
    based on censored observations. Scandinavian Journal of Statistics 5(3).

    Marubini, E. and Valsecchi, M. G. (1995), Analysing survival data from clinical trials and observational
    studies, section 10.2. Wiley.
    """
    check_confidence_level(confidence_level)
    curve = kaplan_meier(duration, cause >= 0, weights=weights, confidence_level=confidence_level)
    events = np.array([risk_sets(duration, cause == k, None, weights).lost for k in range(n_causes)])
    events = events.reshape(n_causes, curve.duration.size)
    before = np.concatenate([[1.0], curve.survival])[:-1]
    n, d = curve.at_risk, curve.lost
    at_risk = np.where(n > 0, n, 1.0)
    incidence = np.cumsum(before * events / at_risk, axis=1)
    # Once all had an outcome nothing moves any more, so that an infinite term would meet a factor of 0.
    left = n - d
    total = np.divide(d, at_risk * left, out=np.zeros_like(d), where=left > 0)
    own = before**2 * (at_risk - events) * events / at_risk**3
    cross = before * events / at_risk**2
    variance = (
        incidence**2 * np.cumsum(total)
        - 2.0 * incidence * np.cumsum(total * incidence + cross, axis=1)
        + np.cumsum(total * incidence**2 + own + 2.0 * cross * incidence, axis=1)
    )
    error = np.sqrt(np.maximum(variance, 0.0))
    known = n[:1].sum() - np.cumsum(curve.censored)
    lower, upper = _bounds(incidence, error, events, known, confidence_level)
    return Incidence(
        duration=curve.duration,
        at_risk=n,
        censored=curve.censored,
        survival=curve.survival,
        events=events,
        incidence=incidence,
        standard_error=error,
        lower=lower,
        upper=upper,
    )


def _bounds(
    incidence: FloatArray, error: FloatArray, events: FloatArray, known: FloatArray, confidence_level: float
) -> tuple[FloatArray, FloatArray]:
    rest = 1.0 - incidence
    some = (incidence > 0.0) & (rest > 1e-12)
    log_rest = np.log(np.where(some, rest, 0.5))
    reach = normal_quantile(confidence_level) * error / (np.where(some, rest, 0.5) * log_rest)
    with np.errstate(over="ignore"):
        lower = np.where(some, -np.expm1(log_rest * np.exp(reach)), 0.0)
        upper = np.where(some, -np.expm1(log_rest * np.exp(-reach)), 1.0)
    unseen = np.cumsum(events, axis=1) == 0
    upper = np.where(
        unseen, 1.0 - no_event_bounds(np.broadcast_to(known, unseen.shape), confidence_level), upper
    )
    # All had this outcome: another one may still have been missed. What was known before does not vanish.
    every = ~unseen & (rest <= 1e-12)
    floor = np.maximum.accumulate(lower, axis=1)
    sure = no_event_bounds(np.broadcast_to(events.sum(axis=1, keepdims=True), every.shape), confidence_level)
    lower = np.where(every, np.minimum(np.maximum(floor, sure), 1.0), lower)
    return np.minimum(lower, incidence), np.maximum(upper, incidence)

"""How long customers stay, from durations of which some are still running (Kaplan-Meier)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import expit, logit

from customer_centric._core.checks import (
    as_floats,
    check_array,
    check_confidence_level,
    check_same_shape,
    raise_broken,
)
from customer_centric._core.tabulate import sum_by
from customer_centric._methods.durations import count_durations
from customer_centric._methods.survival_bounds import Transform, n_above, no_event_bounds, survival_bounds
from customer_centric.errors import InvalidInputError
from customer_centric.intervals.normal import normal_quantile
from customer_centric.typing import BoolArray, FloatArray


@dataclass(frozen=True, slots=True, eq=False)
class RiskSets:
    """Who was there and who left at each distinct duration.

    Parameters
    ----------
    duration : ndarray of shape (n_times,)
        Distinct durations at which somebody was lost or last seen, ascending.
    at_risk, lost, censored : ndarray of shape (n_times,)
        Customers present just before the duration, lost at it, and last seen at it (sums of weights).
    after : ndarray of shape (n_times,)
        Customers present just after the duration; only read while nobody was lost.
    """

    duration: FloatArray
    at_risk: FloatArray
    lost: FloatArray
    censored: FloatArray
    after: FloatArray


@dataclass(frozen=True, slots=True, eq=False)
class KaplanMeier:
    """A survival curve: the share of customers who stay longer than each duration.

    Parameters
    ----------
    duration : ndarray of shape (n_times,)
        Distinct durations at which somebody was lost or last seen, ascending.
    at_risk, lost, censored : ndarray of shape (n_times,)
        Customers present just before the duration, lost at it, and last seen at it (sums of weights).
    survival : ndarray of shape (n_times,)
        Share who stay longer; a step function that falls where somebody was lost, 1 before the first.
    greenwood : ndarray of shape (n_times,)
        Variance of `survival` over its square; infinite once nobody is left.
    lower, upper : ndarray of shape (n_times,)
        Bounds of `survival`.
    confidence_level : float
        Nominal coverage of the bounds, at each duration.
    """

    duration: FloatArray
    at_risk: FloatArray
    lost: FloatArray
    censored: FloatArray
    survival: FloatArray
    greenwood: FloatArray
    lower: FloatArray
    upper: FloatArray
    confidence_level: float

    @property
    def standard_error(self) -> FloatArray:
        """Greenwood's standard error of `survival`; 0 where nobody is left."""
        # Survival never rises, so that where somebody is left is one slice.
        error = np.zeros(self.survival.size)
        some = slice(0, n_above(self.survival, 0.0))
        np.sqrt(self.greenwood[some], out=error[some])
        error *= self.survival
        return error

    @property
    def follow_up(self) -> float:
        """Longest duration; NaN without customers. The curve says nothing beyond, unless it is at 0."""
        return float(self.duration[-1]) if self.duration.size else np.nan

    def at(self, horizon: float) -> tuple[float, float, float]:
        """Survival at a duration, and its bounds.

        Beyond the follow-up of a curve that is not at 0 the estimate is NaN: it can only have
        fallen since, so the upper bound is the last one and the lower bound 0.
        """
        step = int(np.searchsorted(self.duration, horizon, side="right")) - 1
        if self.duration.size == 0:
            return np.nan, 0.0, 1.0
        if horizon > self.follow_up and self.survival[-1] > 0:
            return np.nan, 0.0, float(self.upper[-1])
        if step < 0:
            start = self.at_risk[0]
            return 1.0, _no_event_bound(start, self.confidence_level), 1.0
        return float(self.survival[step]), float(self.lower[step]), float(self.upper[step])

    def restricted_mean(self, horizon: float) -> tuple[float, float]:
        r"""Mean duration up to a horizon, and its standard error.

        NaN beyond the follow-up, unless the curve is at 0. With \(\tau\) the horizon, \(d_j\) of \(n_j\)
        customers at risk lost at \(t_j\),

        \[ \mu = \int_0^{\tau} S(t)\,dt, \qquad \mathrm{se}^2 = \sum_{t_j < \tau}
           \Bigl(\int_{t_j}^{\tau} S(t)\,dt\Bigr)^2 \frac{d_j}{n_j (n_j - d_j)} , \]

        where the term of a duration at which all were lost is 0.
        """
        if not self.reaches(horizon):
            return np.nan, np.nan
        before = self.duration < horizon
        edges = np.concatenate([[0.0], self.duration[before], [horizon]])
        heights = np.concatenate([[1.0], self.survival[before]])
        areas = np.diff(edges) * heights
        beyond = np.cumsum(areas[::-1])[::-1][1:]
        at_risk, lost = self.at_risk[before], self.lost[before]
        left = at_risk - lost
        term = np.zeros_like(left)
        np.divide(beyond**2 * lost, at_risk * left, out=term, where=left > 0)
        return float(areas.sum()), float(np.sqrt(term.sum()))

    def restricted_mean_bounds(self, horizon: float) -> tuple[float, float]:
        r"""Bounds of the restricted mean, in [0, horizon].

        Normal on the scale of \(\operatorname{logit}(\mu / \tau)\): symmetric bounds leave the range and miss
        where few were lost. Where nobody was, the mean is at least \(\tau\) times the lower bound of the
        survival at \(\tau\), because the curve falls. The horizon is greater than 0.
        """
        if not self.reaches(horizon):
            # The time up to the follow-up is a part of it; nothing is known of the rest.
            known = self.duration.size > 0 and self.follow_up > 0
            return self.restricted_mean_bounds(self.follow_up)[0] if known else 0.0, float(horizon)
        mean, error = self.restricted_mean(horizon)
        share = mean / horizon
        if share >= 1.0:
            return horizon * self.at(horizon)[1], float(horizon)
        if error == 0.0:
            # All were lost at one time: customers who leave at another may have been missed.
            common = _no_event_bound(float(self.at_risk[self.lost > 0][0]), self.confidence_level)
            return mean * common, mean + (horizon - mean) * (1.0 - common)
        reach = normal_quantile(self.confidence_level) * error / horizon / (share * (1.0 - share))
        lower, upper = expit(logit(share) - reach), expit(logit(share) + reach)
        return horizon * min(float(lower), share), horizon * max(float(upper), share)

    def reaches(self, horizon: float) -> bool:
        """Whether somebody was followed to the horizon, or nobody is left to follow."""
        return self.duration.size > 0 and (horizon <= self.follow_up or self.survival[-1] == 0.0)


def kaplan_meier(
    duration: ArrayLike,
    lost: ArrayLike,
    *,
    entry: ArrayLike | None = None,
    weights: ArrayLike | None = None,
    confidence_level: float = 0.95,
) -> KaplanMeier:
    r"""Survival curve of customers some of whom are still there, and may have been seen late.

    Parameters
    ----------
    duration : array_like of shape (n_customers,)
        How long each customer stayed, or has stayed so far: 0 or more, in any unit.
    lost : array_like of shape (n_customers,)
        Whether the customer left at that duration; False (0) where the customer was still there.
    entry : array_like of shape (n_customers,), optional
        Duration at which the customer was first watched, less than `duration`: one who had left before would
        not be in the data. At risk after it.
    weights : array_like of shape (n_customers,), optional
        Customers that each row stands for, 0 or more.
    confidence_level : float, default 0.95
        Nominal coverage of the bounds at each duration.

    Returns
    -------
    KaplanMeier
        The curve at each distinct duration.

    Notes
    -----
    With \(d_j\) lost of \(n_j\) at risk at \(t_j\) and \(z\) the normal quantile,

    \[ S(t) = \prod_{t_j \le t} \Bigl(1 - \frac{d_j}{n_j}\Bigr), \quad
       G(t) = \sum_{t_j \le t} \frac{d_j}{n_j (n_j - d_j)}, \quad
       S(t)^{\exp(\pm z \sqrt{G(t)} / \ln S(t))} . \]

    While nobody has been lost the bounds are \([(\alpha/2)^{1/n}, 1]\), with \(n\) at risk just after \(t\)
    and \(\alpha\) one minus the level; once nobody is left they are 0 and the last upper bound.

    References
    ----------
    Kaplan, E. L. and Meier, P. (1958), Nonparametric estimation from incomplete observations, equation 2b.
    Journal of the American Statistical Association 53(282).
    [doi:10.1080/01621459.1958.10501452](https://doi.org/10.1080/01621459.1958.10501452).

    Fay, M. P., Brittain, E. H. and Proschan, M. A. (2013), Pointwise confidence intervals for a survival
    distribution with small samples or heavy censoring, for the bounds without events.
    [doi:10.1093/biostatistics/kxt016](https://doi.org/10.1093/biostatistics/kxt016).
    """
    check_confidence_level(confidence_level)
    return curve_of(risk_sets(duration, lost, entry, weights), confidence_level=confidence_level)


def risk_sets(
    duration: ArrayLike, lost: ArrayLike, entry: ArrayLike | None, weights: ArrayLike | None
) -> RiskSets:
    """The customers at risk and lost at each distinct duration."""
    stay, gone, late, weight = _checked(duration, lost, entry, weights)
    times, left_at, lost_at = count_durations(stay, gone, weight)
    at_risk = np.empty(times.size)
    np.cumsum(left_at[::-1], out=at_risk[::-1])
    if late is not None:
        # Watched only after `entry`: those who enter at a time or later are not at risk at it.
        entered = np.searchsorted(times, late, side="right").astype(np.int64)
        at_risk = at_risk - (
            float(weight.sum()) - np.cumsum(sum_by(entered, weight, times.size + 1))[: times.size]
        )
    return RiskSets(
        duration=times,
        at_risk=at_risk,
        lost=lost_at,
        censored=left_at - lost_at,
        after=at_risk - left_at if late is None else _at_risk_after(times, stay, late, weight),
    )


def curve_of(sets: RiskSets, *, confidence_level: float, transform: Transform = "log-log") -> KaplanMeier:
    """The curve through risk sets, with bounds on the scale of the transform."""
    at_risk, lost = sets.at_risk, sets.lost
    left = at_risk - lost
    nobody = np.flatnonzero((left <= 0) & (lost > 0))
    # Whatever follows the first time at which all were lost is 0.
    some = slice(0, int(nobody[0]) if nobody.size else at_risk.size)
    survival, greenwood = np.zeros(at_risk.size), np.zeros(at_risk.size)
    greenwood[some.stop :] = np.inf
    # Masks cost several times as much as the arithmetic, and are needed only if sums of weights were rounded.
    where: BoolArray | bool = True
    if at_risk[some].min(initial=1.0) <= 0:
        where = at_risk[some] > 0
        survival[some] = 1.0
    np.divide(left[some], at_risk[some], out=survival[some], where=where)
    np.cumprod(survival[some], out=survival[some])
    left *= at_risk
    np.divide(lost[some], left[some], out=greenwood[some], where=where)
    np.cumsum(greenwood[some], out=greenwood[some])
    lower, upper = survival_bounds(
        survival, greenwood, sets.after, confidence_level=confidence_level, transform=transform
    )
    return KaplanMeier(
        duration=sets.duration,
        at_risk=at_risk,
        lost=lost,
        censored=sets.censored,
        survival=survival,
        greenwood=greenwood,
        lower=lower,
        upper=upper,
        confidence_level=confidence_level,
    )


def _checked(
    duration: ArrayLike, lost: ArrayLike, entry: ArrayLike | None, weights: ArrayLike | None
) -> tuple[FloatArray, BoolArray, FloatArray | None, FloatArray]:
    """The four columns; rows of weight 0 are nobody."""
    gone = _flags(lost)
    arrays = {
        "duration": check_array("duration", duration, minimum=0.0),
        # Only for its shape: flags stay flags.
        "lost": np.broadcast_to(np.zeros(()), gone.shape),
        "weights": np.ones(()) if weights is None else check_array("weights", weights, minimum=0.0),
    }
    if entry is not None:
        arrays["entry"] = check_array("entry", entry, minimum=0.0)
    stay, _, weight, *late = check_same_shape(arrays)
    gone = np.broadcast_to(gone, stay.shape)
    if stay.ndim != 1:
        raise InvalidInputError(f"`duration` must be one-dimensional, got an array of shape {stay.shape}")
    if late:
        raise_broken(
            "entry",
            "less than `duration`",
            late[0],
            np.asarray(late[0] >= stay),
            "leave out customers who were not watched for any time",
        )
    if weights is not None and not (some := weight > 0).all():
        stay, gone, weight = stay[some], gone[some], weight[some]
        late = [column[some] for column in late]
    return stay, gone, (late[0] if late else None), weight


def _flags(lost: ArrayLike) -> BoolArray:
    """True and False, or 1 and 0, as flags."""
    raw = np.asarray(lost)
    if raw.dtype.kind == "b":
        return np.asarray(raw, dtype=np.bool_)
    numbers = as_floats("lost", raw)
    gone = numbers != 0.0
    raise_broken("lost", "True or False", numbers, np.asarray(gone & (numbers != 1.0)))
    return np.asarray(gone)


def _at_risk_after(times: FloatArray, stay: FloatArray, late: FloatArray, weight: FloatArray) -> FloatArray:
    """Customers present just after each duration: entered at it or before, and staying longer."""
    entered = np.searchsorted(times, late, side="left").astype(np.int64)
    gone = np.searchsorted(times, stay, side="left").astype(np.int64)
    size = times.size
    return np.asarray(
        np.cumsum(sum_by(entered, weight, size + 1))[:size] - np.cumsum(sum_by(gone, weight, size + 1))[:size]
    )


def _no_event_bound(at_risk: FloatArray | float, confidence_level: float) -> float:
    """Least survival that would lose none of so many customers often enough; 0 without customers."""
    return float(no_event_bounds(np.asarray(at_risk, dtype=np.float64), confidence_level))

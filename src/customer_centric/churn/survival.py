"""How long customers stay: survival curves with late entry, weights and honest bounds."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import ndtr

from customer_centric._core.checks import check_array, check_choice, check_confidence_level, check_number
from customer_centric._methods.survival import KaplanMeier, RiskSets, curve_of, risk_sets
from customer_centric._methods.survival_bounds import TRANSFORMS, Transform
from customer_centric.errors import InvalidInputError
from customer_centric.intervals import Interval, wilson_interval
from customer_centric.intervals.normal import normal_quantile
from customer_centric.typing import FloatArray

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "RestrictedMean",
    "RestrictedMeanDifference",
    "SurvivalCurve",
    "restricted_mean_difference",
    "survival_curve",
]


@dataclass(frozen=True, slots=True)
class RestrictedMean:
    """Mean time that customers stay, counted up to a horizon.

    Parameters
    ----------
    mean : float
        In the unit of the durations, from 0 to the horizon.
    standard_error : float
        Of the mean over samples, by Greenwood's formula; not the spread of durations between customers.
    interval : Interval
        Bounds of the mean, in [0, horizon].
    horizon : float
        Up to which time is counted.
    """

    mean: float
    standard_error: float
    interval: Interval
    horizon: float


@dataclass(frozen=True, slots=True)
class RestrictedMeanDifference:
    """Difference of two restricted means, first less second.

    Parameters
    ----------
    difference : float
        In the unit of the durations.
    interval : Interval
        Bounds of the difference.
    z, p_value : float
        Test of no difference, two-sided.
    """

    difference: float
    interval: Interval
    z: float
    p_value: float


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class SurvivalCurve:
    """Share of customers who stay longer than each duration: a step function, 1 at the start.

    Parameters
    ----------
    duration : ndarray of shape (n_times,)
        Distinct durations at which somebody was lost or last seen, ascending, in `unit`.
    at_risk, lost, censored : ndarray of shape (n_times,)
        Customers there just before the duration, lost at it, and last seen at it.
    survival, standard_error, lower, upper : ndarray of shape (n_times,)
        Share who stay longer, with Greenwood's standard error and bounds at each duration.
    unit : str
        Unit of the durations, in words.
    transform : {"log-log", "log", "logit", "arcsin", "plain"}
        Scale of the bounds.
    confidence_level : float
        Nominal coverage of the bounds at each duration.
    tenure : float
        How long these customers had stayed before the durations begin; 0 for all customers.
    reason : str or None
        Why the curve is at 0 although some stayed longer: customers who were watched late may leave a time
        at which all of the few who were there by then are lost. `conditional` starts after it.
    """

    duration: FloatArray
    at_risk: FloatArray
    lost: FloatArray
    censored: FloatArray
    survival: FloatArray
    standard_error: FloatArray
    lower: FloatArray
    upper: FloatArray
    unit: str
    transform: Transform
    confidence_level: float
    tenure: float = 0.0
    reason: str | None = None
    _curve: KaplanMeier

    def at(self, duration: ArrayLike) -> FloatArray:
        """Share of customers who stay longer than each duration.

        Parameters
        ----------
        duration : array_like
            Durations, 0 or more.

        Returns
        -------
        ndarray of float64
            Survival; NaN beyond the longest duration, where nobody was watched, unless it is 0.

        Raises
        ------
        InvalidInputError
            If a duration is negative or not finite.
        """
        asked = check_array("duration", duration, minimum=0.0)
        step = np.searchsorted(self.duration, asked, side="right")
        value = np.append(1.0, self.survival)[step]
        beyond = asked > (self.duration[-1] if self.duration.size else 0.0)
        return np.where(beyond & (value > 0), np.nan, value)

    def quantile(self, share_left: float = 0.5) -> tuple[float, Interval]:
        """Duration at which no more than a share of customers is left; the median by default.

        Parameters
        ----------
        share_left : float, default 0.5
            Share that is left, strictly between 0 and 1.

        Returns
        -------
        float
            First duration at which survival is at most the share; NaN where it never is.
        Interval
            Durations at which the bounds of the curve reach the share: it depends on their transform. The
            upper bound is infinite where the curve is not known to fall so far.

        Raises
        ------
        InvalidInputError
            If the share is not strictly between 0 and 1.
        """
        share = check_number(
            "share_left", share_left, minimum=0.0, maximum=1.0, open_minimum=True, open_maximum=True
        )
        # Products of shares may miss a half by the last bit.
        found, low, high = (
            self._first(bound <= share * (1 + 1e-12)) for bound in (self.survival, self.lower, self.upper)
        )
        value = found if math.isfinite(found) else float("nan")
        return value, Interval(low, high, self.confidence_level)

    def _first(self, reached: np.ndarray[tuple[int, ...], np.dtype[np.bool_]]) -> float:
        at = np.flatnonzero(reached)
        return float(self.duration[at[0]]) if at.size else float("inf")

    def restricted_mean(self, horizon: float) -> RestrictedMean:
        r"""Mean time that customers stay, counted up to a horizon.

        Parameters
        ----------
        horizon : float
            Greater than 0, and within the time that customers were watched.

        Returns
        -------
        RestrictedMean
            Mean with Greenwood's standard error and bounds.

        Raises
        ------
        InvalidInputError
            If the horizon is not greater than 0, or longer than anybody was watched.
        """
        tau = check_number("horizon", horizon, minimum=0.0, open_minimum=True)
        if not self._curve.reaches(tau):
            longest = self.duration[-1] if self.duration.size else 0.0
            raise InvalidInputError(
                f"`horizon` must be at most the longest duration watched, {longest:g}, got {tau:g}; "
                "what lies beyond needs a model"
            )
        mean, error = self._curve.restricted_mean(tau)
        lower, upper = self._curve.restricted_mean_bounds(tau)
        return RestrictedMean(mean, error, Interval(lower, upper, self.confidence_level), tau)

    def hazard(self) -> pd.DataFrame:
        """Share of the customers at risk who are lost at each duration, with Wilson's interval.

        Returns
        -------
        pandas.DataFrame
            A row a duration: `duration`, `at_risk`, `lost`, `hazard`, `lower`, `upper`.
        """
        import pandas as pd

        share = np.divide(
            self.lost, self.at_risk, out=np.full_like(self.lost, np.nan), where=self.at_risk > 0
        )
        lower, upper = wilson_interval(
            np.minimum(self.lost, self.at_risk), self.at_risk, confidence_level=self.confidence_level
        )
        return pd.DataFrame(
            {
                "duration": self.duration,
                "at_risk": self.at_risk,
                "lost": self.lost,
                "hazard": share,
                "lower": lower,
                "upper": upper,
            }
        )

    def conditional(self, tenure: float) -> SurvivalCurve:
        """The curve of customers who have stayed for a time already, counted from then on.

        Parameters
        ----------
        tenure : float
            How long they have stayed, 0 or more.

        Returns
        -------
        SurvivalCurve
            Durations from now; only losses after the tenure count. Where late entry left nobody at risk early
            on, and the whole curve fell to 0 for that reason, this is the part that can be known.

        Raises
        ------
        InvalidInputError
            If nobody was watched for longer.
        """
        so_far = check_number("tenure", tenure, minimum=0.0)
        kept = self.duration > so_far
        if not kept.any():
            raise InvalidInputError(
                f"`tenure` must be less than the longest stay watched, got {so_far:g}; nobody is left to "
                "follow"
            )
        part = self._curve
        sets = RiskSets(
            duration=self.duration[kept] - so_far,
            at_risk=part.at_risk[kept],
            lost=part.lost[kept],
            censored=part.censored[kept],
            after=part.at_risk[kept],
        )
        sets = replace(sets, after=_after(sets))
        return _shown(
            curve_of(sets, confidence_level=self.confidence_level, transform=self.transform),
            unit=self.unit,
            transform=self.transform,
            tenure=self.tenure + so_far,
        )

    def to_frame(self) -> pd.DataFrame:
        """A row a duration, as a pandas frame."""
        import pandas as pd

        names = ("duration", "at_risk", "lost", "censored", "survival", "standard_error", "lower", "upper")
        return pd.DataFrame({name: getattr(self, name) for name in names})

    def _repr_html_(self) -> str:
        median, bounds = self.quantile()
        # Not those at risk first: some may have entered later.
        seen = f"{(self.lost + self.censored).sum():,.0f} customers, {self.lost.sum():,.0f} lost"
        if math.isnan(median):
            return f"<p>{seen}; more than half of them are left throughout</p>"
        until = f"to {bounds.upper:g}" if math.isfinite(bounds.upper) else "or more"
        return (
            f"<p>{seen}; half of them are left after {median:g} {self.unit}s ({bounds.lower:g} {until})</p>"
        )


def survival_curve(
    duration: ArrayLike,
    lost: ArrayLike,
    *,
    unit: str,
    entry: ArrayLike | None = None,
    weights: ArrayLike | None = None,
    transform: Transform = "log-log",
    confidence_level: float = 0.95,
) -> SurvivalCurve:
    r"""Survival curve of customers, some of whom are still there (Kaplan-Meier).

    Parameters
    ----------
    duration : array_like of shape (n_customers,)
        How long each customer stayed, or has stayed so far: 0 or more, in `unit`.
    lost : array_like of shape (n_customers,)
        Whether the customer left then; False where the customer is still there. Leaving the latter out
        makes every life look short.
    unit : str
        Unit of the durations, in words: "day", "month", "renewal".
    entry : array_like of shape (n_customers,), optional
        Duration at which each customer was first watched, less than `duration`: customers of an acquired
        company, for instance, are in the data only if they had not left before.
    weights : array_like of shape (n_customers,), optional
        Customers that each row stands for, 0 or more. The standard errors take them for counts.
    transform : {"log-log", "log", "logit", "arcsin", "plain"}, default "log-log"
        Scale on which the bounds are symmetric. The default and "logit" keep their promise in small samples;
        "plain", "log" and "arcsin" miss more often where few are left or few were lost.
    confidence_level : float, default 0.95
        Nominal coverage of the bounds at each duration, strictly between 0 and 1.

    Returns
    -------
    SurvivalCurve
        The curve at each distinct duration.

    Raises
    ------
    InvalidInputError
        If there are no customers, a duration is negative, an entry is not before its duration, or the
        lengths differ.

    Notes
    -----
    With \(d_j\) lost of \(n_j\) at risk at duration \(t_j\),

    \[ S(t) = \prod_{t_j \le t} \Bigl(1 - \frac{d_j}{n_j}\Bigr), \qquad
       \operatorname{Var} S(t) \approx S(t)^2 \sum_{t_j \le t} \frac{d_j}{n_j (n_j - d_j)} . \]

    While nobody was lost the bounds are \([(\alpha/2)^{1/n}, 1]\); a width of zero would be a promise that
    nobody ever leaves.

    References
    ----------
    Kaplan, E. L. and Meier, P. (1958), Nonparametric estimation from incomplete observations.
    [doi:10.1080/01621459.1958.10501452](https://doi.org/10.1080/01621459.1958.10501452).

    Examples
    --------
    >>> curve = survival_curve([2, 5, 5, 8, 10], [True, True, False, True, False], unit="month")
    >>> curve.survival.round(2).tolist()
    [0.8, 0.6, 0.3, 0.3]
    >>> curve.quantile()[0]
    8.0
    """
    check_choice("transform", transform, TRANSFORMS)
    check_confidence_level(confidence_level)
    sets = risk_sets(duration, lost, entry, weights)
    if sets.duration.size == 0:
        raise InvalidInputError("`duration` must have at least one customer, got none")
    sets = replace(sets, after=_after(sets))
    curve = curve_of(sets, confidence_level=confidence_level, transform=transform)
    return _shown(curve, unit=unit, transform=transform, tenure=0.0)


def restricted_mean_difference(
    first: SurvivalCurve, second: SurvivalCurve, horizon: float
) -> RestrictedMeanDifference:
    r"""Difference of the mean stays of two groups up to a horizon, with a test.

    Parameters
    ----------
    first, second : SurvivalCurve
        Curves of two groups of different customers, in one unit and with one confidence level.
    horizon : float
        Up to which time is counted; within both curves.

    Returns
    -------
    RestrictedMeanDifference
        First less second, in the unit of the durations.

    Raises
    ------
    InvalidInputError
        If the units or levels differ, or the horizon is beyond a curve.

    Notes
    -----
    With restricted means \(\mu_1, \mu_2\) and their standard errors, \(z = (\mu_1 - \mu_2) /
    \sqrt{\mathrm{se}_1^2 + \mathrm{se}_2^2}\). Unlike a hazard ratio it needs no assumption about how the
    curves differ, and says how much time is won. Where a curve shows no spread, because nobody was lost or
    all were at one time, half the width of the bounds of its mean over \(z_{\alpha/2}\) is the error:
    samples that look alike are no proof that customers do.

    References
    ----------
    Royston, P. and Parmar, M. K. B. (2013), Restricted mean survival time: an alternative to the hazard
    ratio. [doi:10.1186/1471-2288-13-152](https://doi.org/10.1186/1471-2288-13-152).

    Examples
    --------
    >>> long = survival_curve([5, 9, 10, 12], [True, True, False, False], unit="month")
    >>> short = survival_curve([1, 2, 6, 10], [True, True, True, False], unit="month")
    >>> round(restricted_mean_difference(long, short, 10).difference, 2)
    3.75
    """
    if first.unit != second.unit:
        raise InvalidInputError(f"`second` must be in the unit of `first`, {first.unit}, got {second.unit}")
    if first.confidence_level != second.confidence_level:
        raise InvalidInputError(
            f"`second` must have the confidence level of `first`, {first.confidence_level:g}, got "
            f"{second.confidence_level:g}"
        )
    means = [curve.restricted_mean(horizon) for curve in (first, second)]
    difference = means[0].mean - means[1].mean
    quantile = normal_quantile(first.confidence_level)
    error = math.hypot(*(_honest_error(mean, quantile) for mean in means))
    # Of more customers than a number can count the error may be 0.
    z = difference / error if error > 0 else (math.copysign(math.inf, difference) if difference else 0.0)
    return RestrictedMeanDifference(
        difference,
        Interval(difference - quantile * error, difference + quantile * error, first.confidence_level),
        z,
        float(2.0 * ndtr(-abs(z))),
    )


def _honest_error(mean: RestrictedMean, quantile: float) -> float:
    """Standard error of a mean; where nobody's loss shows one, that which its bounds amount to."""
    return mean.standard_error or 0.5 * mean.interval.width / quantile


def _after(sets: RiskSets) -> FloatArray:
    """Customers at risk just after each duration."""
    after = np.zeros(sets.lost.size)
    # Only read while nobody was lost.
    lost = sets.lost > 0
    some = slice(0, int(lost.argmax()) if lost.any() else lost.size)
    after[some] = sets.at_risk[some] - sets.censored[some]
    # Nothing is said of what lies beyond the last duration; at it, all who were last seen then had stayed.
    after[-1] = sets.at_risk[-1] - sets.lost[-1]
    return np.asarray(after, dtype=np.float64)


def _shown(curve: KaplanMeier, *, unit: str, transform: Transform, tenure: float) -> SurvivalCurve:
    """A curve with the words that belong to it."""
    return SurvivalCurve(
        duration=curve.duration,
        at_risk=curve.at_risk,
        lost=curve.lost,
        censored=curve.censored,
        survival=curve.survival,
        standard_error=curve.standard_error,
        lower=curve.lower,
        upper=curve.upper,
        unit=unit,
        transform=transform,
        confidence_level=curve.confidence_level,
        tenure=tenure,
        reason=_emptied(curve.duration, curve.survival),
        _curve=curve,
    )


def _emptied(duration: FloatArray, survival: FloatArray) -> str | None:
    """Why a curve is at 0 before its end."""
    gone = np.flatnonzero(survival <= 0) if survival[-1] <= 0 else np.zeros(0, dtype=np.intp)
    if not gone.size or gone[0] == duration.size - 1:
        return None
    return (
        f"all who were watched at {duration[gone[0]]:g} were lost then, while others were watched only "
        "later; `conditional` gives the curve from a later time on"
    )

"""Gone, or only silent? How likely a customer who has not come back yet never will."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import ArrayLike

from customer_centric._core.checks import check_array, check_choice, check_confidence_level, check_number
from customer_centric._core.words import counted
from customer_centric.errors import InvalidInputError
from customer_centric.intervals import Interval
from customer_centric.intervals.normal import normal_quantile
from customer_centric.journey._cure import (
    LAWS,
    Data,
    Law,
    Peak,
    density,
    find_peak,
    log_survival,
    profile_bounds,
    share_returned,
)
from customer_centric.typing import FloatArray

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["AbandonmentFit", "SoftAbandonment", "soft_abandonment"]

# Where fewer of those who return are back by the longest silence, the silent could be slow as well as gone.
_KNOWN: Final = 0.80


@dataclass(frozen=True, slots=True, kw_only=True)
class SoftAbandonment:
    r"""Customers who return after a random time, or never.

    Parameters
    ----------
    probability_return : float
        Share of customers who ever act again, strictly between 0 and 1; 1 if all do.
    location : float
        Location of the logarithm of the time until they do; its exponential is a time in the unit of the
        gaps: the median if lognormal, the scale if Weibull.
    spread : float
        Scale of the logarithm, greater than 0: its standard deviation if lognormal, one over the shape if
        Weibull.
    law : {"lognormal", "weibull"}, default "lognormal"
        Distribution of the time.

    Notes
    -----
    With \(p\) the probability to return and \(F\) the distribution of the time,

    \[ P(\text{gone} \mid \text{silent for } u) = \frac{1 - p}{1 - p F(u)} . \]

    It is \(1 - p\) at once, and goes to 1. No timeout is needed: nobody is gone after 30 minutes and there
    after 29.

    References
    ----------
    Berkson, J. and Gage, R. P. (1952), Survival curve for cancer patients following treatment. Journal of the
    American Statistical Association 47(259).
    [doi:10.1080/01621459.1952.10501187](https://doi.org/10.1080/01621459.1952.10501187).

    Examples
    --------
    Six of ten return, half of them within a day.

    >>> model = SoftAbandonment(probability_return=0.6, location=0.0, spread=1.5)
    >>> model.probability_abandoned([1 / 24, 1, 7, 30]).round(3).tolist()
    [0.404, 0.571, 0.873, 0.983]
    """

    probability_return: float
    location: float
    spread: float
    law: Law = "lognormal"

    def __post_init__(self) -> None:
        check_number(
            "probability_return", self.probability_return, minimum=0.0, maximum=1.0, open_minimum=True
        )
        check_number("location", self.location)
        check_number("spread", self.spread, minimum=0.0, open_minimum=True)
        check_choice("law", self.law, LAWS)

    def probability_abandoned(self, silence: ArrayLike) -> FloatArray:
        """Probability that a customer who has been silent for so long never returns.

        Parameters
        ----------
        silence : array_like
            Time since the last sign, 0 or more, in the unit of the gaps.

        Returns
        -------
        ndarray of float64
            In [0, 1], rising with the silence.

        Raises
        ------
        InvalidInputError
            If a silence is negative or not finite.
        """
        p = self.probability_return
        there = p * np.exp(log_survival(self.law, _standardised(self, silence)))
        return np.asarray((1.0 - p) / ((1.0 - p) + there)) if p < 1 else np.zeros(np.shape(silence))

    def share_returned(self, silence: ArrayLike) -> FloatArray:
        """Share of those who return that is back by then.

        Parameters
        ----------
        silence : array_like
            Time since the last sign, 0 or more, in the unit of the gaps.

        Returns
        -------
        ndarray of float64
            In [0, 1].

        Raises
        ------
        InvalidInputError
            If a silence is negative or not finite.
        """
        return share_returned(self.law, _standardised(self, silence))


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class AbandonmentFit:
    """The model that fits gaps and silences best, and how sure it is.

    Parameters
    ----------
    model : SoftAbandonment
        At the maximum of the likelihood.
    interval : Interval
        Bounds of the probability to return, where its profile likelihood has fallen: they need no normal
        distribution, and are honest where nobody left or nobody was seen to return for long.
    log_likelihood : float
        At the maximum.
    covariance : ndarray of shape (3, 3)
        Of the logit of the probability to return, the location, and the logarithm of the spread; NaN at a
        boundary.
    n_returned, n_silent : int
        Gaps that ended, and silences that have not.
    longest_silence : float
        In `unit`.
    unit : str
        Unit of the times, in words.
    identified : bool
        Whether silences are long enough to tell those who are gone from those who are slow.
    reason : str or None
        Why they are not, or why the fit is at a boundary.
    """

    model: SoftAbandonment
    interval: Interval
    log_likelihood: float
    covariance: FloatArray
    n_returned: int
    n_silent: int
    longest_silence: float
    unit: str
    identified: bool
    reason: str | None

    @property
    def abandoned(self) -> float:
        """Share of customers who never act again, in [0, 1]."""
        return 1.0 - self.model.probability_return

    def probability_abandoned(self, silence: ArrayLike) -> FloatArray:
        """Probability that a customer who has been silent for so long never returns: the weight of a loss.

        Parameters
        ----------
        silence : array_like
            Time since the last sign, 0 or more, in `unit`.

        Returns
        -------
        ndarray of float64
            In [0, 1]. One less it is the expected outcome of an open journey that would convert on return.

        Raises
        ------
        InvalidInputError
            If a silence is negative or not finite.
        """
        return self.model.probability_abandoned(silence)

    def weight_interval(self, silence: ArrayLike) -> tuple[FloatArray, FloatArray]:
        """Bounds of the probability that a silent customer never returns.

        Parameters
        ----------
        silence : array_like
            Time since the last sign, 0 or more, in `unit`.

        Returns
        -------
        lower, upper : ndarray of float64
            By the delta method on the logit. At a boundary, where that method says nothing: the weights at
            the ends of `interval`.

        Raises
        ------
        InvalidInputError
            If a silence is negative or not finite.
        """
        m = self.model
        z = _standardised(m, silence)
        if not np.isfinite(self.covariance).all():
            ends = (self.interval.lower, self.interval.upper)
            upper, lower = (_weight(p, np.exp(log_survival(m.law, z))) for p in ends)
            return lower, upper
        log_s = log_survival(m.law, z)
        with np.errstate(over="ignore", invalid="ignore"):
            hazard = np.exp(np.log(np.maximum(density(m.law, z), 1e-300)) - log_s)
        # Logarithms of the odds: -logit(p) - ln S, whose slopes are the hazard of the logarithm of time.
        slopes = np.stack([-np.ones_like(z), -hazard / m.spread, -hazard * np.where(hazard > 0, z, 0.0)], -1)
        slopes[~np.isfinite(slopes)] = 0.0
        variance = np.einsum("...i,ij,...j->...", slopes, self.covariance, slopes)
        reach = normal_quantile(self.interval.confidence_level) * np.sqrt(np.maximum(variance, 0.0))
        odds = math.log(self.abandoned / m.probability_return) - log_s
        # The logistic function, which does not overflow in this form.
        low, high = (0.5 * (1.0 + np.tanh(0.5 * side)) for side in (odds - reach, odds + reach))
        return np.asarray(low), np.asarray(high)

    def to_frame(self) -> pd.DataFrame:
        """A row a parameter: `estimate`, `lower`, `upper`.

        The probability to return has the bounds of its profile likelihood, the two others those of the delta
        method.
        """
        import pandas as pd

        m, z = self.model, normal_quantile(self.interval.confidence_level)
        with np.errstate(invalid="ignore"):
            error = z * np.sqrt(np.diag(self.covariance))
        return pd.DataFrame(
            {
                "estimate": [m.probability_return, m.location, m.spread],
                "lower": [self.interval.lower, m.location - error[1], m.spread * np.exp(-error[2])],
                "upper": [self.interval.upper, m.location + error[1], m.spread * np.exp(error[2])],
            },
            index=pd.Index(["probability_return", "location", "spread"], name="parameter"),
        )

    def __str__(self) -> str:
        bounds = self.interval
        text = (
            f"{100 * self.abandoned:.1f} % never return ({100 * (1 - bounds.upper):.1f} to "
            f"{100 * (1 - bounds.lower):.1f}), from {counted(self.n_returned, 'gap')} and "
            f"{counted(self.n_silent, 'silence')} of up to {self.longest_silence:g} {self.unit}s"
        )
        return f"{text}; {self.reason}" if self.reason else text

    def _repr_html_(self) -> str:
        return f"<p>{self}</p>"


def soft_abandonment(
    gaps: ArrayLike,
    silences: ArrayLike,
    *,
    unit: str,
    law: Law = "lognormal",
    confidence_level: float = 0.95,
) -> AbandonmentFit:
    r"""How likely customers who have not come back yet are gone, without a timeout.

    Parameters
    ----------
    gaps : array_like of shape (n_returned,)
        Time from a step to the next sign of the customers who gave one, greater than 0; at least two
        different ones.
    silences : array_like of shape (n_silent,)
        Time from the step to the end of observation of the others, 0 or more. Leaving them out is to say
        that nobody ever leaves.
    unit : str
        Unit of both, in words: "hour", "day".
    law : {"lognormal", "weibull"}, default "lognormal"
        Distribution of the gaps of those who return.
    confidence_level : float, default 0.95
        Nominal coverage of the intervals, strictly between 0 and 1.

    Returns
    -------
    AbandonmentFit
        The model, the share who never return with its interval, weights for open journeys. `identified` is
        False where the longest silence is below the 80th percentile of the gaps of those who return: a gap
        law with a longer tail would explain the silences as well.

    Raises
    ------
    InvalidInputError
        If a time is out of range, or there are not two different gaps.
    ConvergenceError
        If no optimum is found.

    Notes
    -----
    With \(p\) the probability to return, \(f\) and \(F\) the density and distribution of gaps,

    \[ \ell = \sum_{\text{gaps } g} \bigl( \ln p + \ln f(g) \bigr)
            + \sum_{\text{silences } u} \ln \bigl( 1 - p\, F(u) \bigr) . \]

    The maximum is found by a quasi-Newton method; the expectation-maximisation of the mixture goes to the
    same point, more slowly.

    References
    ----------
    Boag, J. W. (1949), Maximum likelihood estimates of the proportion of patients cured by cancer therapy.
    Journal of the Royal Statistical Society B 11(1).
    [doi:10.1111/j.2517-6161.1949.tb00020.x](https://doi.org/10.1111/j.2517-6161.1949.tb00020.x).

    Farewell, V. T. (1982), The use of mixture models for the analysis of survival data with long-term
    survivors. Biometrics 38(4). [doi:10.2307/2529885](https://doi.org/10.2307/2529885).

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> gap = np.where(rng.random(4000) < 0.6, rng.lognormal(0.0, 1.5, 4000), np.inf)
    >>> watched = rng.uniform(0, 30, 4000)
    >>> fit = soft_abandonment(gap[gap <= watched], watched[gap > watched], unit="day")
    >>> print(fit)
    39.4 % never return (37.6 to 41.1), from 2,201 gaps and 1,799 silences of up to
    29.9933 days
    """
    check_confidence_level(confidence_level)
    check_choice("law", law, LAWS)
    gap = check_array("gaps", gaps, minimum=0.0, open_minimum=True).ravel()
    silence = check_array("silences", silences, minimum=0.0).ravel()
    if gap.size < 2 or float(gap.min()) == float(gap.max()):
        raise InvalidInputError(
            f"`gaps` must have at least two different values, got {np.unique(gap).size}; how long a silence "
            "is usual cannot be learnt from fewer"
        )
    data = Data.of(law, gap, silence)
    peak = find_peak(data)
    lower, upper = profile_bounds(data, peak, confidence_level)
    longest = float(silence.max(initial=0.0))
    model = _model_at(peak, law)
    identified, reason = _judged(model, peak, longest, unit)
    p = model.probability_return
    return AbandonmentFit(
        model=model,
        interval=Interval(min(lower, p), max(upper, p), confidence_level),
        log_likelihood=peak.value,
        covariance=_covariance(data, peak),
        n_returned=gap.size,
        n_silent=silence.size,
        longest_silence=longest,
        unit=unit,
        identified=identified,
        reason=reason,
    )


def _standardised(model: SoftAbandonment, silence: ArrayLike) -> FloatArray:
    time = check_array("silence", silence, minimum=0.0)
    with np.errstate(divide="ignore"):
        return np.asarray((np.log(time) - model.location) / model.spread)


def _model_at(peak: Peak, law: Law) -> SoftAbandonment:
    _, mu, s = (float(value) for value in peak.theta)
    p = 1.0 if peak.nobody_leaves else 1.0 / (1.0 + math.exp(-float(peak.theta[0])))
    return SoftAbandonment(probability_return=p, location=mu, spread=math.exp(s), law=law)


def _judged(model: SoftAbandonment, peak: Peak, longest: float, unit: str) -> tuple[bool, str | None]:
    """Whether the longest silence tells those who are gone from those who are slow."""
    share = float(model.share_returned(longest))
    if share < _KNOWN:
        return False, (
            f"hardly identified: by the longest silence, {longest:g} {unit}s, only {100 * share:.0f} % of "
            "those who return would be back, so that the silent may be slow as well as gone; observe longer"
        )
    return True, "no sign that anybody is gone for good" if peak.nobody_leaves else None


def _covariance(data: Data, peak: Peak) -> FloatArray:
    unknown = np.full((3, 3), np.nan)
    if peak.nobody_leaves:
        return unknown
    information = data.information(peak.theta)
    curvatures = np.linalg.eigvalsh(information)
    if not curvatures.min() > 1e-9 * curvatures.max():
        return unknown
    return np.asarray(np.linalg.inv(information), dtype=np.float64)


def _weight(p: float, survival: FloatArray) -> FloatArray:
    """Probability to be gone, at a probability to return."""
    return np.asarray((1.0 - p) / ((1.0 - p) + p * survival)) if p < 1 else np.zeros(survival.shape)

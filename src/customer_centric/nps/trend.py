"""Which way a score is going, and whether waves differ by more than chance."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Final, Generic

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri, stdtr, stdtrit

from customer_centric._core.checks import check_confidence_level
from customer_centric._core.frames import Key, Period, Tally, check_period, day_number, open_frame, tally
from customer_centric._core.frames.periods import first_days, periods_of
from customer_centric._core.ratings import Invalid
from customer_centric._core.words import as_html, counted
from customer_centric.errors import InvalidInputError
from customer_centric.intervals import Interval
from customer_centric.intervals.normal import normal_quantile
from customer_centric.nps._estimates import ADDED, NetShares, net_shares
from customer_centric.nps._tallied import GroupedAnswers, group_answers
from customer_centric.nps._waves import fit_line, wave_errors
from customer_centric.nps.comparison import check_power
from customer_centric.nps.scale import NPS_SCALE, RatingScale, check_scale
from customer_centric.typing import FloatArray, FrameT

__all__ = ["NpsTrend", "nps_trend"]

_DAYS_PER_YEAR: Final = 365.25


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class NpsTrend(Generic[FrameT]):
    """How a Net Promoter Score moves over waves.

    Parameters
    ----------
    slope : float
        Points per year; NaN where there is one wave, which has no trend.
    interval : Interval
        Bounds of the slope; infinite where there is one wave.
    standard_error : float
        Of the slope, with the scatter of waves beyond sampling where there is some.
    p_value : float
        Two-sided probability of a slope at least as far from 0 where there is none.
    detectable : float
        Smallest true slope, in points per year, that such waves find with probability `power`.
    power : float
        The probability that `detectable` is for.
    dispersion : float
        Scatter of the waves around the line over what their sampling errors explain, as a ratio of
        squares (the square of the Birge ratio). NaN for fewer than three waves.
    between_sd : float
        Standard deviation, in points, of what moves waves besides the line and sampling; 0 where
        `dispersion` is at most 1.
    degrees_of_freedom : float
        Waves less 2 where waves scatter beyond sampling: the interval is then one of the t-distribution.
        Infinite where it rests on the answers alone.
    centre : float
        Score of all answers, in points: the middle of the control limits.
    n, n_waves : int
        Answers, and waves that have some.
    n_missing, n_invalid : int
        Rows without an answer, and with one that is not on the scale; neither is in the scores.
    reason : str or None
        Why there is no slope, where there is none.
    frame : data frame
        One row a wave, of the kind of the survey: the column of `answered`, the first day of the period; `n`,
        `n_missing`; `promoter_share`, `passive_share`, `detractor_share`; `score`, `lower`, `upper`,
        `standard_error` in points; `limit_lower`, `limit_upper`, the limits in points between which
        waves stay if nothing but chance moves them. Periods without rows are absent.
    """

    slope: float
    interval: Interval
    standard_error: float
    p_value: float
    detectable: float
    power: float
    dispersion: float
    between_sd: float
    degrees_of_freedom: float
    centre: float
    n: int
    n_waves: int
    n_missing: int
    n_invalid: int
    reason: str | None
    frame: FrameT

    def __str__(self) -> str:
        seen = f"{counted(self.n, 'answer')} in {counted(self.n_waves, 'wave')}"
        if self.reason is not None:
            return f"NPS {self.centre:.1f} from {seen}: no trend, {self.reason}"
        bounds, level = self.interval, f"{100 * self.interval.confidence_level:g} %"
        text = (
            f"NPS trend {self.slope:+.1f} points per year ({level} interval {bounds.lower:+.1f} to "
            f"{bounds.upper:+.1f}, p = {self.p_value:.3f}) from {seen}; smallest trend found with "
            f"{100 * self.power:g} % power: {self.detectable:.1f} points per year"
        )
        if math.isfinite(self.degrees_of_freedom):
            text += (
                f"; waves scatter {self.dispersion:.1f} times as much as sampling explains "
                f"(standard deviation {self.between_sd:.1f} points)"
            )
        return text

    def _repr_html_(self) -> str:
        strong = f"{self.slope:+.1f} points per year"
        return as_html(self, frame=self.frame).replace(strong, f"<strong>{strong}</strong>", 1)


def nps_trend(
    survey: FrameT,
    *,
    rating: str,
    answered: str,
    period: Period,
    weight: str | None = None,
    cluster: str | None = None,
    time_zone: str | None = None,
    scale: RatingScale = NPS_SCALE,
    invalid: Invalid = "raise",
    confidence_level: float = 0.95,
    power: float = 0.8,
) -> NpsTrend[FrameT]:
    r"""Whether a score rises or falls over the waves of a survey, in points per year.

    Parameters
    ----------
    survey : data frame
        One row an answer: pandas, Polars (eager or lazy), PyArrow or DuckDB.
    rating : str
        Column of answers: whole numbers on the scale. Missing ones are left out and counted.
    answered : str
        Column of the days of the answers: dates, datetimes or ISO text; none missing.
    period : {"day", "week", "month", "quarter", "year"}
        What a wave is. Weeks start on Monday.
    weight : str, optional
        Column of how many customers each answer stands for: finite, 0 or more.
    cluster : str, optional
        Column of what each answer belongs to (a customer, an account): text, whole numbers or categories;
        none missing. Needed where customers answer more than once: their answers, in one wave or several,
        are not independent.
    time_zone : str, optional
        Zone in which days are counted. Required for datetimes with a time zone, refused for others.
    scale : RatingScale, default 0 to 10
        The answers that the question allows, and where the classes end.
    invalid : {"raise", "missing"}, default "raise"
        What happens to answers off the scale: an error, or they are left out and counted.
    confidence_level : float, default 0.95
        Nominal coverage of the intervals and of the control limits, strictly between 0 and 1.
    power : float, default 0.8
        Probability with which `detectable` is to be found, strictly between 0 and 1.

    Returns
    -------
    NpsTrend
        Slope with interval and test, and the waves with their intervals and control limits.

    Raises
    ------
    MissingColumnError
        If a column is not in the survey.
    InvalidInputError
        If nobody answered, or a value breaks a rule.

    Notes
    -----
    A line through the scores \(e_k\) of waves in the middle of their periods \(t_k\), by least squares
    weighted by their effective number of answers \(n_k\), has the slope

    \[ b = \sum_k a_k e_k, \qquad a_k = \frac{n_k (t_k - \bar t)}{\sum_l n_l (t_l - \bar t)^2}, \qquad
       \operatorname{Var}(b) = \sum_k \sum_l a_k a_l C_{kl} , \]

    with \(C_{kk}\) the sampling variance of a wave and \(C_{kl}\) the covariance that customers
    who are in both cause, from the sums of influence by customer. The variance within a wave is drawn
    towards that of all waves by the weight of 3 answers, so that unanimous waves do not look sure.

    Let \(D\) be the weighted sum of squared distances from the line over its expectation given \(C\). Where
    \(D > 1\), waves have effects of their own. Their variance \(\tau^2\) is what makes the expectation meet
    the sum; the weights become \(1 / (s^2 / n_k + \tau^2)\) with \(s^2\) the typical variance of an answer,
    and the variance of the slope, to which \(\tau^2 \sum_k a_k^2\) is added, is multiplied by the same ratio
    with these weights where that is greater than 1. The interval is then one of the t-distribution with two
    degrees of freedom fewer than waves. For waves of equal size this is Birge's rule: the variance of the
    slope times \(D\).

    The control limits of a wave are the score of all answers plus and minus \(z\) standard errors of a
    wave of its size. They come from the answers, not from the scatter of past waves.

    References
    ----------
    Birge, R. T. (1932), The calculation of errors by the method of least squares. Physical Review 40(2).
    [doi:10.1103/PhysRev.40.207](https://doi.org/10.1103/PhysRev.40.207).

    Knapp, G. and Hartung, J. (2003), Improved tests for a random effects meta-regression with a single
    covariate. [doi:10.1002/sim.1482](https://doi.org/10.1002/sim.1482).

    Examples
    --------
    >>> import pandas as pd
    >>> survey = pd.DataFrame(
    ...     {
    ...         "day": ["2024-01-15"] * 6 + ["2024-02-15"] * 6 + ["2024-04-15"] * 6,
    ...         "answer": [9, 10, 7, 5, 3, 9, 10, 8, 7, 9, 6, 9, 10, 9, 9, 8, 9, 5],
    ...     }
    ... )
    >>> trend = nps_trend(survey, rating="answer", answered="day", period="month")
    >>> print(trend.frame[["day", "n", "score"]].to_string(index=False, float_format="%.1f"))
           day  n  score
    2024-01-01  6   16.7
    2024-02-01  6   33.3
    2024-04-01  6   50.0
    >>> round(trend.slope), round(trend.interval.lower), round(trend.interval.upper)
    (130, -265, 524)
    """
    check_scale(scale)
    check_confidence_level(confidence_level)
    check_power(power)
    check_period("period", period)
    keys = [Key(answered, "answered", period, time_zone)]
    if cluster is not None:
        keys.append(Key(cluster, "cluster"))
    counted = tally(
        open_frame("survey", survey),
        keys=keys,
        rating=rating,
        minimum=scale.minimum,
        maximum=scale.maximum,
        invalid=invalid,
        weight=weight,
    )
    grouped = group_answers(counted, scale, n_by=1, clustered=cluster is not None)
    everybody = net_shares(grouped.everybody(), method="score", confidence_level=confidence_level)
    if np.isnan(everybody.net[0]):
        raise InvalidInputError(
            f"`survey` must have at least one answer with a weight greater than 0, got {counted.n_rows} rows "
            "without one"
        )
    shares = net_shares(grouped.answers, method="score", confidence_level=confidence_level)
    found = _slope(counted, grouped, shares, period, confidence_level, power)
    limits = _limits(everybody, shares, confidence_level)
    return _result(counted, shares, found, _frame(counted, grouped, shares, limits), everybody, power)


@dataclass(frozen=True, slots=True)
class _Slope:
    """The slope in points per year and what can be said of it."""

    slope: float
    interval: Interval
    standard_error: float
    p_value: float
    detectable: float
    dispersion: float
    between_sd: float
    degrees_of_freedom: float


def _result(
    counted: Tally[FrameT],
    shares: NetShares,
    found: _Slope,
    frame: FrameT,
    everybody: NetShares,
    power: float,
) -> NpsTrend[FrameT]:
    n_waves = int(np.count_nonzero(~np.isnan(shares.net)))
    return NpsTrend(
        slope=found.slope,
        interval=found.interval,
        standard_error=found.standard_error,
        p_value=found.p_value,
        detectable=found.detectable,
        power=power,
        dispersion=found.dispersion,
        between_sd=found.between_sd,
        degrees_of_freedom=found.degrees_of_freedom,
        centre=100.0 * float(everybody.net[0]),
        n=int(shares.n.sum()),
        n_waves=n_waves,
        n_missing=counted.n_missing,
        n_invalid=counted.n_invalid,
        reason=None if n_waves > 1 else "one wave shows none",
        frame=frame,
    )


def _slope(
    counted: Tally[FrameT],
    grouped: GroupedAnswers,
    shares: NetShares,
    period: Period,
    confidence_level: float,
    power: float,
) -> _Slope:
    seen = ~np.isnan(shares.net)
    if seen.sum() < 2:
        whole = Interval(-math.inf, math.inf, confidence_level)
        return _Slope(math.nan, whole, math.inf, math.nan, math.inf, math.nan, 0.0, math.inf)
    days = np.array([day_number(day) for day in counted.values(0)], dtype=np.int64)
    ordinals = periods_of(days, period)[grouped.codes[0]]
    ends = first_days(np.concatenate([ordinals, ordinals + 1]), period).astype(np.float64).reshape(2, -1)
    middle = ends.mean(axis=0) / _DAYS_PER_YEAR
    errors = wave_errors(grouped.answers, shares.net).take(seen)
    line = fit_line(middle[seen], shares.net[seen], errors)
    slope, standard_error = 100.0 * line.slope, 100.0 * line.standard_error
    tail, free = 0.5 * (1.0 - confidence_level), line.degrees_of_freedom
    if math.isfinite(free):
        reach, p_value = float(-stdtrit(free, tail)), 2.0 * float(stdtr(free, -abs(slope / standard_error)))
    else:
        reach, p_value = normal_quantile(confidence_level), 2.0 * float(ndtr(-abs(slope / standard_error)))
    return _Slope(
        slope=slope,
        interval=Interval(slope - reach * standard_error, slope + reach * standard_error, confidence_level),
        standard_error=standard_error,
        p_value=p_value,
        detectable=max(0.0, (reach + float(ndtri(power))) * standard_error),
        dispersion=line.dispersion,
        between_sd=100.0 * line.between_sd,
        degrees_of_freedom=free,
    )


def _limits(
    everybody: NetShares, shares: NetShares, confidence_level: float
) -> tuple[FloatArray, FloatArray]:
    """Bounds of the score of each wave if all waves were alike, as fractions."""
    n, net = everybody.interval_n, everybody.net
    counts = np.array([everybody.promoters, everybody.detractors]) * n + np.array([[ADDED[0]], [ADDED[2]]])
    promoters, detractors = counts / (n + sum(ADDED))
    spread = promoters + detractors - (promoters - detractors) ** 2
    wave_n = np.where(shares.interval_n > 0, shares.interval_n, np.nan)
    reach = np.nan_to_num(normal_quantile(confidence_level) * np.sqrt(spread / wave_n), nan=2.0)
    return np.maximum(net - reach, -1.0), np.minimum(net + reach, 1.0)


def _frame(
    counted: Tally[FrameT],
    grouped: GroupedAnswers,
    shares: NetShares,
    limits: tuple[FloatArray, FloatArray],
) -> FrameT:
    columns: dict[str, NDArray[Any]] = {
        "n": shares.n.astype(np.int64),
        "n_missing": grouped.n_missing.astype(np.int64),
        "promoter_share": shares.promoters,
        "passive_share": shares.passives,
        "detractor_share": shares.detractors,
        "score": 100.0 * shares.net,
        "lower": 100.0 * shares.lower,
        "upper": 100.0 * shares.upper,
        "standard_error": 100.0 * shares.standard_error,
        "limit_lower": 100.0 * limits[0],
        "limit_upper": 100.0 * limits[1],
    }
    name = counted.key_names[0]
    if name in columns:
        raise InvalidInputError(
            f"`answered` must name a column other than those of the result, got {name!r}; rename it"
        )
    missing = {name: np.isnan(values) for name, values in columns.items() if values.dtype.kind == "f"}
    return counted.frame(grouped.codes, columns, missing)

"""Churn as a rate and as a probability, from two numbers."""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from customer_centric._core.checks import check_array, check_choice, check_number
from customer_centric.errors import InvalidInputError
from customer_centric.intervals import Interval, garwood_interval
from customer_centric.typing import FloatArray

__all__ = [
    "average_customers",
    "churn_rate",
    "churn_rate_interval",
    "probability_over_periods",
    "probability_to_rate",
    "rate_to_probability",
]


def churn_rate(lost: float, average_customers: float) -> float:
    r"""Customers lost in a period over the average number of customers in the same period.

    Parameters
    ----------
    lost : float
        Customers lost in the period, 0 or more: all of them, those gained in the same period included.
        The founding definition takes the last 12 months.
    average_customers : float
        Average number of customers in the same period, 0 or more.

    Returns
    -------
    float
        Churn rate per period. A rate, not a probability: it may exceed 1. NaN where there were no
        customers, because a rate over nothing is not defined.

    Raises
    ------
    InvalidInputError
        If a number is negative or not finite, or somebody was lost of an average of 0.

    Notes
    -----
    With \(D\) customers lost in a period of 12 months and \(\bar N\) customers in it on average,

    \[ m = \frac{D}{\bar N} , \]

    the rate of events per customer and period: occurrence over exposure. The share of customers who
    leave within the period is `rate_to_probability` of it.

    References
    ----------
    Preston, S. H., Heuveline, P. and Guillot, M. (2001), Demography: Measuring and Modeling Population
    Processes. Blackwell, chapter 1: occurrence/exposure rates.

    Examples
    --------
    180 of on average 1,500 customers left in 12 months:

    >>> churn_rate(180, 1500)
    0.12
    """
    events, base = _check_counts(lost, average_customers)
    return events / base if base > 0 else float("nan")


def churn_rate_interval(lost: float, average_customers: float, *, confidence_level: float = 0.95) -> Interval:
    r"""Exact interval for a churn rate.

    Parameters
    ----------
    lost : float
        Customers lost in the period: a whole number, 0 or more.
    average_customers : float
        Average number of customers in the same period, greater than 0.
    confidence_level : float, default 0.95
        Coverage, at least this for every true rate; strictly between 0 and 1.

    Returns
    -------
    Interval
        Bounds of the rate per period. Nobody lost gives 0 and an honest upper bound.

    Raises
    ------
    InvalidInputError
        If `lost` is negative or a fraction, or `average_customers` is not greater than 0.

    Notes
    -----
    The number lost is Poisson with mean \(m \bar N\), and the interval is Garwood's. It is about the
    rate that customers like these have, not about the count of a finished year, which is known.

    References
    ----------
    Garwood, F. (1936), Fiducial limits for the Poisson distribution.
    [doi:10.1093/biomet/28.3-4.437](https://doi.org/10.1093/biomet/28.3-4.437).

    Examples
    --------
    >>> interval = churn_rate_interval(180, 1500)
    >>> round(interval.lower, 4), round(interval.upper, 4)
    (0.1031, 0.1389)
    """
    check_number("lost", lost, minimum=0.0, whole=True)
    check_number("average_customers", average_customers, minimum=0.0, open_minimum=True)
    lower, upper = garwood_interval(lost, exposure=average_customers, confidence_level=confidence_level)
    return Interval(float(lower), float(upper), confidence_level)


def average_customers(
    counts: ArrayLike, *, method: Literal["trapezoid", "mean", "two_point"] = "trapezoid"
) -> float:
    r"""Average number of customers in a period, from counts at equal distances.

    Parameters
    ----------
    counts : array_like of shape (n_counts,)
        Customers at the start of the period, at equal distances through it, and at its end, 0 or more:
        13 month-ends for 12 months, the first of them the month-end before. At least two.
    method : {"trapezoid", "mean", "two_point"}, default "trapezoid"
        Half weight on the first and the last count, which is exact where customers grow evenly between
        counts; the plain mean; or the first and the last count only.

    Returns
    -------
    float
        Average number of customers.

    Raises
    ------
    InvalidInputError
        If there are fewer than two counts, or one is negative or not finite.

    Notes
    -----
    With counts \(N_0, \dots, N_k\),

    \[ \bar N = \frac{1}{k} \Bigl( \tfrac12 N_0 + N_1 + \dots + N_{k-1} + \tfrac12 N_k \Bigr) . \]

    The average of the first and the last count alone is biased where customers grow: at 10 % a month it
    turns a churn rate of 0.60 a year into 0.54.

    References
    ----------
    Preston, S. H., Heuveline, P. and Guillot, M. (2001), Demography: Measuring and Modeling Population
    Processes. Blackwell, section 1.4: estimating person-years.

    Examples
    --------
    >>> average_customers([100, 110, 130])
    112.5
    """
    check_choice("method", method, ("trapezoid", "mean", "two_point"))
    seen = check_array("counts", counts, minimum=0.0)
    if seen.ndim != 1 or seen.size < 2:
        raise InvalidInputError(
            f"`counts` must be at least two counts in a row, got an array of shape {seen.shape}; "
            "12 months need 13 month-ends"
        )
    ends = 0.5 * (seen[0] + seen[-1])
    if method == "two_point":
        return float(ends)
    if method == "mean":
        return float(seen.mean())
    return float((ends + seen[1:-1].sum()) / (seen.size - 1))


def rate_to_probability(rate: ArrayLike, *, periods: float = 1.0) -> FloatArray:
    r"""Share of customers who leave within some periods, at a constant churn rate.

    Parameters
    ----------
    rate : array_like
        Churn rate per period, 0 or more.
    periods : float, default 1
        Number of periods, 0 or more; fractions are allowed.

    Returns
    -------
    ndarray of float64
        Probability of leaving within the periods, in [0, 1], of the shape of `rate`.

    Raises
    ------
    InvalidInputError
        If a rate or the number of periods is negative or not finite.

    Notes
    -----
    At a constant rate \(m\) the probability of leaving within \(k\) periods is \(1 - e^{-m k}\). A rate of
    0.12 a year is not a probability of 12 % but of 11.3 %.

    References
    ----------
    Preston, S. H., Heuveline, P. and Guillot, M. (2001), Demography: Measuring and Modeling Population
    Processes. Blackwell, chapter 3: from rates to probabilities.

    Examples
    --------
    >>> round(float(rate_to_probability(0.12)), 6)
    0.11308
    """
    m = check_array("rate", rate, minimum=0.0)
    k = check_number("periods", periods, minimum=0.0)
    # A product that overflows is a share of 1.
    with np.errstate(over="ignore"):
        return np.asarray(-np.expm1(-m * k))


def probability_to_rate(probability: ArrayLike, *, periods: float = 1.0) -> FloatArray:
    r"""The constant churn rate per period at which a share of customers leaves within some periods.

    Parameters
    ----------
    probability : array_like
        Probability of leaving within the periods, from 0 to less than 1.
    periods : float, default 1
        Number of periods, greater than 0; fractions are allowed.

    Returns
    -------
    ndarray of float64
        Churn rate per period, 0 or more, of the shape of `probability`.

    Raises
    ------
    InvalidInputError
        If a probability is not in [0, 1), or the number of periods is not greater than 0.

    Notes
    -----
    The inverse of `rate_to_probability`: \(m = -\ln(1 - q) / k\).

    References
    ----------
    Preston, S. H., Heuveline, P. and Guillot, M. (2001), Demography: Measuring and Modeling Population
    Processes. Blackwell, chapter 3.

    Examples
    --------
    5 % a month is a rate of 0.62 a year:

    >>> round(float(12 * probability_to_rate(0.05)), 4)
    0.6155
    """
    q = check_array("probability", probability, minimum=0.0, maximum=1.0, open_maximum=True)
    return np.asarray(-np.log1p(-q) / check_number("periods", periods, minimum=0.0, open_minimum=True))


def probability_over_periods(probability: ArrayLike, *, periods: float) -> FloatArray:
    r"""Share of customers who leave within several periods, or a part of one.

    Parameters
    ----------
    probability : array_like
        Probability of leaving within one period, in [0, 1].
    periods : float
        Number of periods, 0 or more: 12 turns a month into a year, 1 / 12 a year into a month.

    Returns
    -------
    ndarray of float64
        Probability of leaving within the periods, in [0, 1], of the shape of `probability`.

    Raises
    ------
    InvalidInputError
        If a probability is not in [0, 1], or the number of periods is negative or not finite.

    Notes
    -----
    Probabilities compound: with \(q\) per period, \(1 - (1 - q)^k\) in \(k\) periods. Adding up 5 % a month
    to 60 % a year counts customers who left twice.

    References
    ----------
    Preston, S. H., Heuveline, P. and Guillot, M. (2001), Demography: Measuring and Modeling Population
    Processes. Blackwell, chapter 3.

    Examples
    --------
    >>> round(float(probability_over_periods(0.05, periods=12)), 4)
    0.4596
    >>> round(float(probability_over_periods(0.2, periods=1 / 12)), 5)
    0.01842
    """
    q = check_array("probability", probability, minimum=0.0, maximum=1.0)
    k = check_number("periods", periods, minimum=0.0)
    certain = q == 1.0
    log_stay = np.log1p(-np.where(certain, 0.0, q))
    # Who leaves for certain has left after any time, and after none has not.
    return np.where(certain, float(k > 0), -np.expm1(k * log_stay))


def _check_counts(lost: float, average: float) -> tuple[float, float]:
    events = check_number("lost", lost, minimum=0.0)
    base = check_number("average_customers", average, minimum=0.0)
    if base == 0 and events > 0:
        raise InvalidInputError(
            "`average_customers` must be greater than 0 where customers were lost, got 0 with "
            f"{events:g} lost"
        )
    return events, base

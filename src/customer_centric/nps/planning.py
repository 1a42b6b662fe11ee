"""How many answers does it take? For a score that is sure enough, and for a difference that shows."""

from __future__ import annotations

import math
from dataclasses import dataclass

from scipy.special import ndtri

from customer_centric._core.checks import check_confidence_level, check_number
from customer_centric._core.words import as_html, counted
from customer_centric.errors import InvalidInputError
from customer_centric.intervals.normal import normal_quantile

__all__ = ["SampleSize", "nps_comparison_size", "nps_detectable_difference", "nps_sample_size"]


@dataclass(frozen=True, slots=True, kw_only=True)
class SampleSize:
    """How many answers a survey needs, and how many customers to ask for them.

    Parameters
    ----------
    respondents : int
        Answers that are needed, rounded up.
    invitations : int
        Customers to ask at the response rate that was given, rounded up.
    """

    respondents: int
    invitations: int

    def __str__(self) -> str:
        return f"{counted(self.respondents, 'answer')}, {counted(self.invitations, 'invitation')}"

    def _repr_html_(self) -> str:
        return as_html(self)


def nps_sample_size(
    margin: float,
    *,
    variance: float = 0.7,
    confidence_level: float = 0.95,
    population: float | None = None,
    response_rate: float = 1.0,
    design_effect: float = 1.0,
) -> SampleSize:
    r"""Answers that a Net Promoter Score needs to be sure to within a margin.

    Parameters
    ----------
    margin : float
        Half the width of the interval, in points, greater than 0 and at most 100: 5 for "30 plus or minus
        5".
    variance : float, default 0.7
        Variance of an answer counted 1, 0 or -1, in (0, 1]: promoters plus detractors less the squared
        score, as shares. 1 is the worst case, half promoters and half detractors; 0.5 to 0.7 is usual.
    confidence_level : float, default 0.95
        Nominal coverage of the interval, strictly between 0 and 1.
    population : float, optional
        Customers in the whole finite population that the score is for. By default it is endless.
    response_rate : float, default 1.0
        Expected share of the invited who answer, in (0, 1].
    design_effect : float, default 1.0
        Expected variance over that of a simple random sample as large, greater than 0; more than 1 for
        unequal weights and several answers an account.

    Returns
    -------
    SampleSize
        Answers needed, at least 1, and invitations, both rounded up.

    Raises
    ------
    InvalidInputError
        If a number is out of its range, or more invitations are needed than there are customers.

    Notes
    -----
    With \(E\) the margin over 100, \(s^2\) the variance and \(z\) the normal quantile, the adjusted Wald
    interval, which adds three answers, is as wide as it should be from

    \[ n_0 = \Bigl(\frac{z}{E}\Bigr)^2 s^2 - 3 \]

    answers on. This is multiplied by the design effect \(d\), cut for a population of \(N\), divided by the
    response rate, and rounded up at the end:

    \[ n = \frac{d\,n_0}{1 + (d\,n_0 - 1)/N} . \]

    More answers do not cure a response that depends on the answer: see `nonresponse_bounds`.

    References
    ----------
    Rocks, B. (2016), Interval estimation for the "net promoter score". The American Statistician 70(4).
    [arXiv:1601.07235](https://arxiv.org/abs/1601.07235).

    Cochran, W. G. (1977), Sampling Techniques, 3rd edition, section 4.4 (finite populations). Wiley.

    Examples
    --------
    >>> nps_sample_size(5)
    SampleSize(respondents=1073, invitations=1073)
    >>> print(nps_sample_size(5, population=5000, response_rate=0.25))
    884 answers, 3,534 invitations
    """
    half = check_number("margin", margin, minimum=0.0, open_minimum=True, maximum=100.0) / 100.0
    check_confidence_level(confidence_level)
    needed = (normal_quantile(confidence_level) / half) ** 2 * _variance(variance) - 3.0
    return _size(needed, "margin", population, response_rate, design_effect)


def nps_comparison_size(
    difference: float,
    *,
    variance: float = 0.7,
    correlation: float = 0.0,
    power: float = 0.8,
    confidence_level: float = 0.95,
    population: float | None = None,
    response_rate: float = 1.0,
    design_effect: float = 1.0,
) -> SampleSize:
    r"""Answers that each of two groups needs for a difference of scores to show.

    Parameters
    ----------
    difference : float
        The true difference that should be found, in points, greater than 0 and at most 200.
    variance : float, default 0.7
        Variance of an answer counted 1, 0 or -1, in (0, 1], the same in both groups.
    correlation : float, default 0.0
        Correlation of the two answers of one customer where the same customers answer twice, in [0, 1);
        0 where the groups are different people.
    power : float, default 0.8
        Chance that the difference is found, strictly between 0 and 1, and greater than the chance of a
        false alarm.
    confidence_level : float, default 0.95
        Nominal coverage of the interval of the difference, strictly between 0 and 1: the difference is
        found where it leaves out 0.
    population : float, optional
        Customers in the whole finite population behind each group. By default it is endless.
    response_rate : float, default 1.0
        Expected share of the invited who answer (twice, where they are asked twice), in (0, 1].
    design_effect : float, default 1.0
        Expected variance over that of a simple random sample as large, greater than 0.

    Returns
    -------
    SampleSize
        Answers and invitations for *each* of the groups, rounded up; customers who answer twice, where
        there is a correlation.

    Raises
    ------
    InvalidInputError
        If a number is out of its range, or more invitations are needed than there are customers.

    Notes
    -----
    With \(\delta\) the difference over 100, \(s^2\) the variance, \(\rho\) the correlation, \(z\) the
    normal quantile of the level and \(z_\beta\) that of the power,

    \[ n_0 = \frac{2 s^2 (1 - \rho) (z + z_\beta)^2}{\delta^2} , \]

    and then as in `nps_sample_size`. The same customers twice cost only \(1 - \rho\) of the answers: use
    the comparison for panels to get what they are worth.

    References
    ----------
    Cohen, J. (1988), Statistical Power Analysis for the Behavioral Sciences, 2nd edition, chapter 2.
    [doi:10.4324/9780203771587](https://doi.org/10.4324/9780203771587).

    Examples
    --------
    >>> nps_comparison_size(5).respondents, nps_comparison_size(10).respondents
    (4396, 1099)
    >>> nps_comparison_size(10, correlation=0.5).respondents
    550
    """
    delta = check_number("difference", difference, minimum=0.0, open_minimum=True, maximum=200.0) / 100.0
    reach = _reach(power, confidence_level)
    needed = 2.0 * _variance(variance) * (1.0 - _correlation(correlation)) * (reach / delta) ** 2
    return _size(needed, "difference", population, response_rate, design_effect)


def nps_detectable_difference(
    n_first: float,
    n_second: float,
    *,
    variance: float = 0.7,
    correlation: float = 0.0,
    power: float = 0.8,
    confidence_level: float = 0.95,
) -> float:
    r"""Smallest difference of two scores that so many answers would show.

    Parameters
    ----------
    n_first, n_second : float
        Answers in each group, at least 1; effective numbers of answers where there are weights or
        clusters.
    variance : float, default 0.7
        Variance of an answer counted 1, 0 or -1, in (0, 1], the same in both groups.
    correlation : float, default 0.0
        Correlation of the two answers of one customer where the same customers answer twice, in [0, 1);
        0 where the groups are different people.
    power : float, default 0.8
        Chance that such a difference is found, strictly between 0 and 1, and greater than the chance of a
        false alarm.
    confidence_level : float, default 0.95
        Nominal coverage of the interval of the difference, strictly between 0 and 1.

    Returns
    -------
    float
        True difference in points, greater than 0; infinite where not even one of 200 points, all promoters
        against all detractors, would be found.

    Raises
    ------
    InvalidInputError
        If a number is out of its range, or customers who answer twice are not equally many.

    Notes
    -----
    The inverse of `nps_comparison_size`: with \(n_1\) and \(n_2\) answers,

    \[ \delta = 100\,(z + z_\beta) \sqrt{s^2 (1 - \rho)
       \Bigl(\frac{1}{n_1} + \frac{1}{n_2}\Bigr)} . \]

    References
    ----------
    Cohen, J. (1988), Statistical Power Analysis for the Behavioral Sciences, 2nd edition, chapter 2.
    [doi:10.4324/9780203771587](https://doi.org/10.4324/9780203771587).

    Examples
    --------
    >>> round(nps_detectable_difference(300, 300), 1)
    19.1
    """
    first = check_number("n_first", n_first, minimum=1.0)
    second = check_number("n_second", n_second, minimum=1.0)
    shared = _correlation(correlation)
    if shared > 0.0 and first != second:
        raise InvalidInputError(
            "`n_first` and `n_second` must be equal where `correlation` is not 0: the same customers answer "
            f"twice, got {first:g} and {second:g}"
        )
    variance_of_difference = _variance(variance) * (1.0 - shared) * (1.0 / first + 1.0 / second)
    points = 100.0 * _reach(power, confidence_level) * math.sqrt(variance_of_difference)
    return points if points <= 200.0 else math.inf


def _variance(variance: float) -> float:
    return check_number(
        "variance",
        variance,
        minimum=0.0,
        open_minimum=True,
        maximum=1.0,
        remedy="it is that of answers counted 1, 0 and -1, not of points",
    )


def _correlation(correlation: float) -> float:
    return check_number("correlation", correlation, minimum=0.0, maximum=1.0, open_maximum=True)


def _reach(power: float, confidence_level: float) -> float:
    """Standard errors from no difference to one that is found so often."""
    check_confidence_level(confidence_level)
    check_number("power", power, minimum=0.0, maximum=1.0, open_minimum=True, open_maximum=True)
    reach = normal_quantile(confidence_level) + float(ndtri(power))
    if reach <= 0.0:
        raise InvalidInputError(
            f"`power` must be greater than {(1.0 - confidence_level) / 2.0:g}, the chance of a false alarm "
            f"on one side, got {power:g}"
        )
    return reach


def _size(
    needed: float, cause: str, population: float | None, response_rate: float, design_effect: float
) -> SampleSize:
    """From answers of a simple random sample to answers and invitations of this one."""
    rate = check_number("response_rate", response_rate, minimum=0.0, open_minimum=True, maximum=1.0)
    effect = check_number("design_effect", design_effect, minimum=0.0, open_minimum=True)
    answers = max(needed, 1.0) * effect
    if population is not None:
        everybody = check_number("population", population, minimum=1.0)
        answers /= 1.0 + (answers - 1.0) / everybody
    answers = max(answers, 1.0)
    size = SampleSize(respondents=_round_up(answers), invitations=_round_up(answers / rate))
    if population is not None and size.invitations > population:
        raise InvalidInputError(
            f"`{cause}` must be within reach of the customers there are, got one that takes "
            f"{size.invitations:,} invitations at a response rate of {rate:g}, of {population:,g} customers; "
            f"allow a larger `{cause}`, or raise the response rate"
        )
    return size


def _round_up(number: float) -> int:
    # A whole number may have come out of the arithmetic a few last bits too large.
    nearest = round(number)
    return nearest if abs(number - nearest) <= 1e-9 * number else math.ceil(number)

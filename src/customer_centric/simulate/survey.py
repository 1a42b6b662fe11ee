"""Surveys of customers whose true score is known."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Final, Literal, TypeAlias

import numpy as np
import pandas as pd
from scipy.stats import norm

from customer_centric._core.checks import check_choice, check_number
from customer_centric.nps import NPS_SCALE
from customer_centric.simulate._draw import draw_customers, draw_rows
from customer_centric.simulate._plan import CLASSES, Plan, check_rng, plan_of
from customer_centric.typing import FloatArray, IntArray

__all__ = ["SurveyTruth", "SurveyWorld", "simulate_survey"]

Asked: TypeAlias = Literal["once", "every_wave"]

_SEGMENTS: Final = {"DE": (0.4, 7.9), "FR": (0.3, 7.4), "NL": (0.2, 8.6), "SE": (0.1, 7.0)}
_DRIVERS: Final = {"delivery": 1.0, "price": 0.6, "support": 0.3, "website": 0.0}
_THEMES: Final = {"late": (0.15, -1.5), "friendly": (0.25, 0.75), "app": (0.1, 0.0)}


@dataclass(frozen=True, slots=True, kw_only=True)
class SurveyTruth:
    """What a survey should find, computed from the probabilities it was drawn from.

    Parameters
    ----------
    nps : float
        Expected Net Promoter Score, in points.
    class_shares : mapping from class to float
        Expected shares of detractors, passives and promoters; they sum to 1.
    nps_by_segment : mapping from segment to float
        Expected score of each segment, in points.
    nps_by_wave : tuple of float
        Expected score of each wave, in points, in the order of the waves.
    theme_impacts : mapping from theme to float
        Expected score less that of the answers that do not mention the theme, in points.
    """

    nps: float
    class_shares: Mapping[str, float]
    nps_by_segment: Mapping[str, float]
    nps_by_wave: tuple[float, ...]
    theme_impacts: Mapping[str, float]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SurveyWorld:
    """A drawn survey, and the truth behind it.

    Parameters
    ----------
    survey : pandas.DataFrame
        One row a customer asked in a wave, by date: `customer`, `account`, `segment`, `date`, `rating`
        (0 to 10; NaN where there was no answer), one column a driver (1 to 5; NaN where there was none),
        and one a theme (1 where the comment mentions it, else 0).
    answers : ndarray of shape (n_rows,)
        What each customer answered or would have answered, 0 to 10.
    everybody : SurveyTruth
        The truth of all customers who were asked.
    respondents : SurveyTruth
        The truth of those who answer: what an unweighted survey finds however large it is.
    wave_dates : tuple of pandas.Timestamp
        Day of each wave.
    response_rate : float
        Expected share who answer, in [0, 1].
    driver_weights : mapping from driver to float
        Rating points for one standard deviation of the driver, all others the same.
    theme_effects : mapping from theme to float
        Rating points for a mention.
    trend : float
        Rating points a year.
    account_correlation : float
        Correlation of the attitudes of two customers of one account in one wave, in [0, 1].
    customer_correlation : float
        Correlation of the attitudes of one customer in two waves, in [0, 1].
    """

    survey: pd.DataFrame
    answers: IntArray
    everybody: SurveyTruth
    respondents: SurveyTruth
    wave_dates: tuple[pd.Timestamp, ...]
    response_rate: float
    driver_weights: Mapping[str, float]
    theme_effects: Mapping[str, float]
    trend: float
    account_correlation: float
    customer_correlation: float


def simulate_survey(
    n_customers: int,
    *,
    rng: np.random.Generator,
    segments: Mapping[str, tuple[float, float]] = _SEGMENTS,
    drivers: Mapping[str, float] = _DRIVERS,
    themes: Mapping[str, tuple[float, float]] = _THEMES,
    waves: Sequence[str] = ("2025-01-15",),
    asked: Asked = "once",
    trend: float = 0.0,
    account_size: float = 1.0,
    account_sd: float = 0.0,
    customer_sd: float = 1.0,
    noise_sd: float = 1.0,
    halo: float = 0.4,
    response_rates: float | Mapping[str, float] = 0.4,
    segment_response: Mapping[str, float] | None = None,
    not_applicable: float = 0.0,
) -> SurveyWorld:
    r"""A survey of customers whose true score is known.

    Parameters
    ----------
    n_customers : int
        Customers who are asked, at least 1.
    rng : numpy.random.Generator
        Where the draws come from; the same generator gives the same survey.
    segments : mapping from label to (share, attitude), optional
        Share of the customers (up to a constant), and mean attitude on the scale of the ratings where no
        theme is mentioned, at the first wave.
    drivers : mapping from name to float, optional
        Rating points for one standard deviation of the driver.
    themes : mapping from name to (probability, float), optional
        Probability that a comment mentions the theme, and rating points for a mention.
    waves : sequence of str, default one
        Days on which customers are asked, in ascending order.
    asked : {"once", "every_wave"}, default "once"
        Whether each customer is asked in one wave, drawn at random, or in all of them.
    trend : float, default 0.0
        Rating points that attitudes gain a year.
    account_size : float, default 1.0
        Mean number of customers of an account, at least 1.
    account_sd, customer_sd, noise_sd : float
        Standard deviations, in rating points, of what customers of an account share, of what is a
        customer's own in all waves, and of the rest.
    halo : float, default 0.4
        Correlation between drivers, in [0, 1).
    response_rates : float or mapping from class to float, default 0.4
        Probability of an answer, for everybody or for `"detractor"`, `"passive"` and `"promoter"`.
    segment_response : mapping from segment to float, optional
        What the probability of an answer is multiplied by in each segment.
    not_applicable : float, default 0.0
        Share of the answers about drivers that are missing at random.

    Returns
    -------
    SurveyWorld
        The survey, what those who did not answer would have said, and the expected scores.

    Raises
    ------
    InvalidInputError
        If a number is out of its range, `rng` is not a generator, or a label is unknown.

    Notes
    -----
    The attitude of customer \(i\) of segment \(s\) and account \(a\), \(t\) years after the first wave, is

    \[ A_{it} = \mu_s + \tau t + u_a + c_i + \sum_j \beta_j z_{ijt} + \sum_k \gamma_k m_{ikt}
       + \varepsilon_{it} , \]

    with normal \(u\), \(c\), \(\varepsilon\), standard normal drivers \(z\) and mentions \(m\) of themes;
    the rating is the nearest whole number from 0 to 10. All but the mentions is normal given segment and
    wave, so the probability of each class is a finite sum of normal probabilities, which is where the
    truth comes from. Answers to drivers are 3.5 + z, rounded to 1 to 5.

    Examples
    --------
    >>> world = simulate_survey(500, rng=np.random.default_rng(1))
    >>> int(world.survey["rating"].notna().sum()), round(world.everybody.nps, 1)
    (177, 8.7)
    """
    plan = plan_of(
        segments=segments,
        drivers=drivers,
        themes=themes,
        waves=waves,
        trend=trend,
        sds=(account_sd, customer_sd, noise_sd),
        halo=halo,
        response_rates=response_rates,
        segment_response=segment_response,
    )
    n = int(check_number("n_customers", n_customers, minimum=1.0, whole=True))
    check_number("not_applicable", not_applicable, minimum=0.0, maximum=1.0)
    check_rng(rng)
    customers = draw_customers(plan, n, check_number("account_size", account_size, minimum=1.0), rng)
    if check_choice("asked", asked, ("once", "every_wave")) == "once":
        wave, customer = np.sort(rng.integers(len(plan.dates), size=n)), rng.permutation(n)
    else:
        wave, customer = np.repeat(np.arange(len(plan.dates)), n), np.tile(np.arange(n), len(plan.dates))
    survey, answers = draw_rows(plan, customers, wave, customer, not_applicable, rng)
    joint = _joint(plan)
    answering = joint * plan.response[:, None, None, :]
    return SurveyWorld(
        survey=survey,
        answers=answers,
        everybody=_truth(plan, joint),
        respondents=_truth(plan, answering),
        wave_dates=plan.dates,
        response_rate=float(answering.sum()),
        driver_weights=dict(drivers),
        theme_effects={name: effect for name, (_, effect) in themes.items()},
        trend=trend,
        account_correlation=account_sd**2 / plan.variance,
        customer_correlation=(account_sd**2 + customer_sd**2) / plan.variance,
    )


def _joint(plan: Plan) -> FloatArray:
    """Probabilities by segment, wave, set of themes mentioned, and class."""
    sets = np.array(list(product((0, 1), repeat=plan.gamma.size)), dtype=np.float64).reshape(
        2**plan.gamma.size, plan.gamma.size
    )
    chance = np.where(sets == 1, plan.mentions, 1.0 - plan.mentions).prod(axis=1)
    mean = plan.means[..., None] + sets @ plan.gamma
    # Ratings are rounded attitudes: classes end half-way between two of them.
    cuts = np.array([NPS_SCALE.detractor_max, NPS_SCALE.promoter_min - 1]) + 0.5
    below = np.asarray(norm.cdf(cuts, mean[..., None], np.sqrt(plan.variance)), dtype=np.float64)
    classes = np.diff(below, prepend=0.0, append=1.0, axis=-1)
    return np.asarray(plan.shares[:, None, None, None] / len(plan.dates) * chance[:, None] * classes)


def _nps(joint: FloatArray) -> float:
    total = joint.sum()
    return 100.0 * float((joint[..., 2].sum() - joint[..., 0].sum()) / total) if total > 0 else np.nan


def _truth(plan: Plan, joint: FloatArray) -> SurveyTruth:
    classes = joint.sum(axis=(0, 1, 2)) / joint.sum() if joint.sum() > 0 else np.full(3, np.nan)
    sets = list(product((False, True), repeat=len(plan.themes)))
    silent = [np.array([not mentioned[k] for mentioned in sets]) for k in range(len(plan.themes))]
    return SurveyTruth(
        nps=_nps(joint),
        class_shares=dict(zip(CLASSES, classes.tolist(), strict=True)),
        nps_by_segment={label: _nps(joint[i]) for i, label in enumerate(plan.segments)},
        nps_by_wave=tuple(_nps(joint[:, i]) for i in range(len(plan.dates))),
        theme_impacts={
            name: _nps(joint) - _nps(joint[:, :, without])
            for name, without in zip(plan.themes, silent, strict=True)
        },
    )

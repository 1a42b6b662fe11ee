"""Planned surveys are as precise, and as powerful, as they were planned to be."""

from __future__ import annotations

import math
import re
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from customer_centric import net_promoter_score_from_counts
from customer_centric.errors import InvalidInputError
from customer_centric.intervals import mover_interval, tango_interval
from customer_centric.nps import (
    SampleSize,
    nps_comparison_size,
    nps_detectable_difference,
    nps_sample_size,
)

POINTS = st.floats(0.5, 60.0)
VARIANCES = st.floats(0.05, 1.0)


# ── Published and independent numbers ───────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("margin", "variance", "expected"),
    [
        (5, 1.0, 1534), (5, 0.7, 1073), (5, 0.5, 766),
        (10, 1.0, 382), (10, 0.7, 266), (3, 1.0, 4266), (3, 0.7, 2985),
    ],
)  # fmt: skip
def test_answers_for_a_margin(margin: float, variance: float, expected: int) -> None:
    """The usual table of margins, from the worst case to the usual one."""
    assert nps_sample_size(margin, variance=variance) == SampleSize(
        respondents=expected, invitations=expected
    )


def test_answers_for_a_difference() -> None:
    assert nps_comparison_size(5).respondents == 4396
    assert nps_comparison_size(10).respondents == 1099


def test_the_worst_case_is_the_poll_of_textbooks() -> None:
    """A score of half promoters, half detractors is a share of 1/2 on a scale twice as long: +-5 points are
    +-2.5 percentage points, for which 0.25 (1.96 / 0.025)^2 = 1536.6 answers are needed; 3 fewer here."""
    textbook = 0.25 * (1.959963984540054 / 0.025) ** 2
    assert nps_sample_size(5, variance=1.0).respondents == math.ceil(textbook - 3)


def test_steps_come_in_this_order() -> None:
    """Design effect, then population, then response rate, and rounding last."""
    n = (1.959963984540054 / 0.05) ** 2 * 0.7 - 3
    n = 1.8 * n
    n = n / (1 + (n - 1) / 9000)
    size = nps_sample_size(5, design_effect=1.8, population=9000, response_rate=0.3)
    assert size == SampleSize(respondents=math.ceil(n), invitations=math.ceil(n / 0.3))
    assert str(size) == f"{math.ceil(n):,} answers, {math.ceil(n / 0.3):,} invitations"


# ── Plans keep what they promise ────────────────────────────────────────────────────────────────────

# Shares of promoters and detractors whose variance is 0.7: 0.79 - 0.3^2.
PROMOTERS, DETRACTORS = 0.545, 0.245


@pytest.mark.parametrize("margin", [3.0, 5.0, 10.0, 15.0])
@pytest.mark.parametrize("method", ["score", "adjusted_wald"])
def test_the_interval_of_the_planned_survey_has_the_planned_margin(margin: float, method: Any) -> None:
    n = nps_sample_size(margin).respondents
    promoters, detractors = round(PROMOTERS * n), round(DETRACTORS * n)
    nps = net_promoter_score_from_counts(promoters, n - promoters - detractors, detractors, method=method)
    assert nps.interval.width / 2 == pytest.approx(margin, rel=0.02)


def test_the_planned_part_of_a_population_has_the_planned_margin() -> None:
    n = nps_sample_size(5, population=2000).respondents
    promoters, detractors = round(PROMOTERS * n), round(DETRACTORS * n)
    nps = net_promoter_score_from_counts(promoters, n - promoters - detractors, detractors, population=2000)
    assert nps.interval.width / 2 == pytest.approx(5.0, rel=0.02)


@pytest.mark.parametrize("power", [0.5, 0.8, 0.95])
def test_the_planned_comparison_has_the_planned_power(power: float) -> None:
    """The interval of the difference leaves out 0 as often as planned."""
    rng = np.random.default_rng(7)
    n = nps_comparison_size(10, variance=0.7, power=power).respondents
    first = rng.multinomial(n, [PROMOTERS, 1 - PROMOTERS - DETRACTORS, DETRACTORS], size=2000)
    # 10 points lower with nearly the same variance: 0.755 - 0.2^2 = 0.715.
    second = rng.multinomial(n, [0.4725, 0.255, 0.2725], size=2000)
    found = power_of(first, second, n)
    assert found == pytest.approx(power, abs=0.03)


def power_of(first: np.ndarray[Any, Any], second: np.ndarray[Any, Any], n: int) -> float:
    counts = np.stack([first, second])
    estimate = (counts[..., 0] - counts[..., 2]) / n
    lower, upper = tango_interval(counts[..., 0], counts[..., 2], n)
    low, high = mover_interval(estimate, lower, upper)
    return float(((low > 0) | (high < 0)).mean())


def test_the_planned_panel_has_the_planned_power() -> None:
    """The same people twice, by the standard error of their own changes."""
    rng = np.random.default_rng(8)
    rho = 0.6
    n = nps_comparison_size(10, variance=0.7, correlation=rho).respondents
    # With probability rho nobody changes but by the shift; else the two answers are independent.
    stay = rng.random((1000, n)) < rho
    answers = rng.choice([1, 0, -1], size=(2, 1000, n), p=[PROMOTERS, 0.21, DETRACTORS])
    changes = np.where(stay, 0, answers[1] - answers[0]) + 0.1
    z = changes.mean(axis=1) / (changes.std(axis=1, ddof=1) / math.sqrt(n))
    assert float((np.abs(z) > 1.96).mean()) == pytest.approx(0.8, abs=0.04)


# ── Laws ────────────────────────────────────────────────────────────────────────────────────────────


@given(POINTS, VARIANCES, st.floats(0.0, 0.9), st.floats(0.3, 0.99))
def test_the_detectable_difference_is_the_inverse_of_the_size(
    difference: float, variance: float, correlation: float, power: float
) -> None:
    """To the rounding up of one answer."""
    plan = {"variance": variance, "correlation": correlation, "power": power}
    n = nps_comparison_size(difference, **plan).respondents
    assert nps_detectable_difference(n, n, **plan) <= difference * (1 + 1e-9)
    if n > 1:
        assert nps_detectable_difference(n - 1, n - 1, **plan) >= difference * (1 - 1e-9)


@given(POINTS, VARIANCES, st.floats(0.05, 1.0), st.floats(1.0, 5.0), st.integers(1, 10**9))
def test_populations_spare_answers_and_silence_costs_invitations(
    margin: float, variance: float, response_rate: float, design_effect: float, population: int
) -> None:
    plain = nps_sample_size(margin, variance=variance, design_effect=design_effect)
    finite = nps_sample_size(margin, variance=variance, design_effect=design_effect, population=population)
    assert 1 <= finite.respondents <= min(plain.respondents, population)
    silent = nps_sample_size(
        margin, variance=variance, design_effect=design_effect, response_rate=response_rate
    )
    assert silent.respondents == plain.respondents
    assert silent.invitations >= silent.respondents
    assert silent.invitations * response_rate <= silent.respondents + 1


@given(POINTS, POINTS, VARIANCES, VARIANCES)
def test_more_is_asked_of_smaller_margins_and_larger_variances(
    margin: float, other: float, variance: float, larger: float
) -> None:
    low, high = sorted((margin, other))
    small, large = sorted((variance, larger))
    assert nps_sample_size(low).respondents >= nps_sample_size(high).respondents
    for size in (nps_sample_size, nps_comparison_size):
        assert size(low, variance=large).respondents >= size(low, variance=small).respondents
    assert nps_comparison_size(low).respondents >= nps_comparison_size(high).respondents


@given(st.integers(50, 10**6), st.integers(50, 10**6))
def test_the_smaller_group_limits_what_shows(first: int, second: int) -> None:
    found = nps_detectable_difference(first, second)
    assert found == pytest.approx(nps_detectable_difference(second, first))
    both = sorted(nps_detectable_difference(n, n) for n in (first, second))
    assert both[0] <= found * (1 + 1e-12)
    assert found <= both[1] * (1 + 1e-12)


# ── Edges and errors ────────────────────────────────────────────────────────────────────────────────


def test_at_least_one_answer_is_needed() -> None:
    assert nps_sample_size(100, variance=0.05) == SampleSize(respondents=1, invitations=1)
    assert nps_comparison_size(200, variance=0.05).respondents == 1
    assert nps_sample_size(5, population=1).respondents == 1


def test_whole_results_are_not_rounded_up_further() -> None:
    """Everybody of three customers, and no fourth invitation from the last bit of 3 / 0.3."""
    assert nps_sample_size(1e-7, population=3, response_rate=1.0).respondents == 3
    assert nps_sample_size(1e-9, population=300, response_rate=1.0).invitations == 300


def test_two_answers_show_no_difference_there_can_be() -> None:
    assert nps_detectable_difference(1, 1) == math.inf
    assert nps_detectable_difference(3, 3, variance=1.0) == math.inf
    assert nps_detectable_difference(4, 4, variance=1.0) == pytest.approx(198.1, abs=0.01)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"margin": 0.0}, "`margin` must be a finite number greater than 0 and at most 100, got 0"),
        ({"margin": 101.0}, "`margin` must be a finite number greater than 0 and at most 100, got 101"),
        ({"margin": math.nan}, "`margin` must be a finite number greater than 0 and at most 100, got nan"),
        ({"variance": 0.0}, "`variance` must be a finite number greater than 0 and at most 1, got 0"),
        ({"variance": 70.0}, "got 70; it is that of answers counted 1, 0 and -1, not of points"),
        ({"response_rate": 0.0}, "`response_rate` must be a finite number greater than 0 and at most 1, got"),
        ({"response_rate": 30.0}, "`response_rate` must be a finite number greater than 0 and at most 1"),
        ({"design_effect": 0.0}, "`design_effect` must be a finite number greater than 0, got 0"),
        ({"population": 0.0}, "`population` must be a finite number at least 1, got 0"),
        ({"confidence_level": 95}, "`confidence_level` must be a finite number greater than 0 and less than"),
        (
            {"population": 1000, "response_rate": 0.2},
            ("`margin` must be within reach of the customers there are, got one that takes 2,589 invitations "
            "at a response rate of 0.2, of 1,000 customers; allow a larger `margin`, or raise"),
        ),
    ],
)  # fmt: skip
def test_plans_that_make_no_sense_are_refused(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(InvalidInputError, match=re.escape(message)):
        nps_sample_size(**({"margin": 5.0} | arguments))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"difference": 0.0}, "`difference` must be a finite number greater than 0 and at most 200, got 0"),
        ({"difference": 201.0}, "`difference` must be a finite number greater than 0 and at most 200"),
        ({"correlation": 1.0}, "`correlation` must be a finite number at least 0 and less than 1, got 1"),
        ({"correlation": -0.1}, "`correlation` must be a finite number at least 0 and less than 1, got -0.1"),
        ({"power": 1.0}, "`power` must be a finite number greater than 0 and less than 1, got 1"),
        ({"power": 0.02}, "`power` must be greater than 0.025, the chance of a false alarm on one side, got"),
        ({"population": 500, "response_rate": 0.5}, "`difference` must be within reach of the customers"),
    ],
)
def test_comparisons_that_make_no_sense_are_refused(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(InvalidInputError, match=re.escape(message)):
        nps_comparison_size(**({"difference": 5.0} | arguments))


def test_differences_that_make_no_sense_are_refused() -> None:
    with pytest.raises(InvalidInputError, match="`n_first` must be a finite number at least 1, got 0"):
        nps_detectable_difference(0, 10)
    with pytest.raises(InvalidInputError, match="`n_second` must be a finite number at least 1, got nan"):
        nps_detectable_difference(10, math.nan)
    with pytest.raises(InvalidInputError, match="must be equal where `correlation` is not 0: the same"):
        nps_detectable_difference(10, 20, correlation=0.5)

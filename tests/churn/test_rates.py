"""Churn as a rate and as a probability: laws, edges and words of refusal."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from customer_centric.churn import (
    average_customers,
    churn_rate,
    churn_rate_interval,
    probability_over_periods,
    probability_to_rate,
    rate_to_probability,
)
from customer_centric.errors import InvalidInputError

COUNT = st.integers(0, 10**6)
BASE = st.floats(1e-3, 1e9)
RATE = st.floats(0, 30)
PERIODS = st.floats(1e-3, 100)


def test_the_founding_definition_is_exact() -> None:
    assert churn_rate(180, 1500) == 0.12


@given(COUNT, BASE)
def test_a_rate_is_lost_over_average(lost: int, base: float) -> None:
    assert churn_rate(lost, base) == lost / base


def test_no_customers_have_no_rate() -> None:
    assert math.isnan(churn_rate(0, 0))
    with pytest.raises(InvalidInputError, match=r"`average_customers` must be greater than 0 .* 3 lost"):
        churn_rate(3, 0)


def test_a_rate_may_exceed_one() -> None:
    """Customers turned over more than once: a rate is no share."""
    assert churn_rate(300, 200) == 1.5


@given(COUNT, BASE, st.floats(0.01, 0.999))
def test_the_interval_holds_the_rate_and_is_never_of_width_zero(lost: int, base: float, level: float) -> None:
    interval = churn_rate_interval(lost, base, confidence_level=level)
    assert 0 <= interval.lower <= churn_rate(lost, base) <= interval.upper
    assert interval.width > 0
    assert (interval.lower == 0) == (lost == 0)


def test_nobody_lost_of_forty_has_an_upper_bound() -> None:
    interval = churn_rate_interval(0, 40)
    assert interval.lower == 0
    assert interval.upper == pytest.approx(-math.log(0.025) / 40)


@given(st.integers(0, 200), st.sampled_from([0.8, 0.95]))
def test_the_interval_inverts_the_poisson_test(lost: int, level: float) -> None:
    """At the bounds exactly the tail of the test is left, by SciPy's Poisson distribution."""
    interval = churn_rate_interval(lost, 10.0, confidence_level=level)
    tail = (1 - level) / 2
    assert stats.poisson.cdf(lost, 10 * interval.upper) == pytest.approx(tail, rel=1e-6)
    if lost:
        assert stats.poisson.sf(lost - 1, 10 * interval.lower) == pytest.approx(tail, rel=1e-6)


@given(RATE, PERIODS)
def test_conversions_invert(rate: float, periods: float) -> None:
    probability = rate_to_probability(rate, periods=periods)
    if probability < 1:
        # What is left of a probability near 1 has few digits.
        assert float(probability_to_rate(probability, periods=periods)) == pytest.approx(
            rate, rel=1e-6, abs=1e-12 * math.exp(min(rate * periods, 30.0))
        )


@given(st.floats(0, 1), st.floats(0, 50), st.floats(0, 50))
def test_probabilities_compound(probability: float, first: float, second: float) -> None:
    """Surviving two stretches is surviving one and then the other."""
    one, two, both = (
        1 - float(probability_over_periods(probability, periods=periods))
        for periods in (first, second, first + second)
    )
    assert both == pytest.approx(one * two, abs=1e-12)


@given(RATE)
def test_a_probability_is_below_its_rate(rate: float) -> None:
    probability = float(rate_to_probability(rate))
    assert 0 <= probability <= min(rate, 1.0) * (1 + 1e-15)


def test_rates_beyond_all_measure_lose_everybody() -> None:
    assert float(rate_to_probability(1e300, periods=1e300)) == 1.0


def test_one_lost_for_certain_stays_lost() -> None:
    assert float(probability_over_periods(1.0, periods=3)) == 1.0
    assert float(probability_over_periods(1.0, periods=0)) == 0.0
    assert float(probability_over_periods(0.0, periods=1e9)) == 0.0


@given(st.lists(st.floats(0, 1e6), min_size=2, max_size=30))
def test_averages_lie_between_the_counts(counts: list[float]) -> None:
    for method in ("trapezoid", "mean", "two_point"):
        average = average_customers(counts, method=method)
        assert min(counts) * (1 - 1e-12) <= average <= max(counts) * (1 + 1e-12)


@given(st.floats(0, 1e6), st.floats(0, 1e3), st.integers(2, 20))
def test_even_growth_has_one_average(start: float, step: float, n: int) -> None:
    counts = start + step * np.arange(n)
    trapezoid, two_point = (average_customers(counts, method=m) for m in ("trapezoid", "two_point"))
    assert trapezoid == pytest.approx(two_point, rel=1e-12, abs=1e-9)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: churn_rate(-1, 10), "`lost` must be a finite number at least 0, got -1"),
        (lambda: churn_rate(1, math.inf), "`average_customers` must be a finite number at least 0, got inf"),
        (lambda: churn_rate_interval(1.5, 10), "`lost` must be a whole number at least 0, got 1.5"),
        (lambda: churn_rate_interval(0, 0), "`average_customers` must be a finite number greater than 0"),
        (lambda: average_customers([100]), "`counts` must be at least two counts in a row, .* 13 month-ends"),
        (lambda: average_customers([100, -1]), "got -1 at position 1 .1 of 2 values."),
        (lambda: average_customers([1, 2], method="median"), "`method` must be one of 'trapezoid'"),
        (lambda: rate_to_probability(-0.1), "`rate` must be a finite number at least 0, got -0.1"),
        (lambda: probability_to_rate(1.0), "`probability` must be .* less than 1, got 1"),
        (lambda: probability_to_rate(0.1, periods=0), "`periods` must be .* greater than 0, got 0"),
        (lambda: probability_over_periods(1.1, periods=1), "`probability` must be .* at most 1, got 1.1"),
    ],
)
def test_refusals(call: object, message: str) -> None:
    with pytest.raises(InvalidInputError, match=message):
        call()  # type: ignore[operator]

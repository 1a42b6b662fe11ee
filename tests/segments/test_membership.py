"""Membership probabilities against the distributions that they come from."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from customer_centric.errors import InvalidInputError
from customer_centric.segments import (
    tier_probability,
    tier_probability_from_distribution,
    tier_probability_from_quantiles,
    value_tiers,
)
from effort import examples

CUTS = [50.0, 200.0]


@given(st.integers(1, 20), st.integers(1, 30), st.integers(0, 2**32 - 1))
@examples(40)
def test_probabilities_are_shares_of_the_draws(n: int, n_draws: int, state: int) -> None:
    draws = np.random.default_rng(state).integers(0, 5, (n, n_draws)) * 50.0
    found = tier_probability(draws, CUTS)
    tiers = np.array([value_tiers(row, CUTS).tier for row in draws])
    for k in range(3):
        assert found.probability[:, k] == pytest.approx((tiers == k).mean(axis=1))
    assert found.expected_tier == pytest.approx(tiers.mean(axis=1))
    assert found.probability.sum(axis=1) == pytest.approx(np.ones(n))
    assert found.expected_customers.sum() == pytest.approx(n)
    assert (found.is_sure == (found.probability.max(axis=1) >= 0.8 - 1e-12)).all()
    assert (found.expected_customers_lower < found.expected_customers_upper).all()


def test_draws_and_distribution_agree() -> None:
    scale = np.random.default_rng(2).lognormal(4.5, 0.7, 300)
    value = stats.expon(scale=scale)
    exact = tier_probability_from_distribution(value.cdf, CUTS)
    draws = np.random.default_rng(3).exponential(scale[:, None], (300, 4000))
    drawn = tier_probability(draws, CUTS)
    assert drawn.probability == pytest.approx(exact.probability, abs=0.04)
    assert drawn.expected_customers_lower == pytest.approx(exact.expected_customers_lower, abs=2)
    assert drawn.expected_customers_upper == pytest.approx(exact.expected_customers_upper, abs=2)
    given_as_table = tier_probability_from_distribution(np.column_stack([value.cdf(c) for c in CUTS]), CUTS)
    assert (given_as_table.probability == exact.probability).all()


def test_quantiles_give_the_distribution_back() -> None:
    """Exponential values: the tail beyond the last quantile is exact, the middle within the gaps."""
    scale = np.array([20.0, 80.0, 150.0])
    q = np.array([0.05, 0.25, 0.5, 0.75, 0.95])
    quantiles = np.column_stack([stats.expon(scale=scale).ppf(p) for p in q])
    found = tier_probability_from_quantiles(quantiles, q, CUTS)
    exact = tier_probability_from_distribution(stats.expon(scale=scale).cdf, CUTS)
    assert found.probability == pytest.approx(exact.probability, abs=0.05)
    assert found.probability[0, 2] == pytest.approx(np.exp(-10), rel=1e-6)


def test_a_lump_at_nothing_stays_below_every_threshold() -> None:
    never = tier_probability_from_quantiles([[0.0, 0.0]], [0.2, 0.8], [0.0, 10.0])
    assert never.probability.tolist() == [[0.0, 1.0, 0.0]]
    half = tier_probability_from_quantiles([[0.0, 100.0]], [0.5, 0.9], [10.0])
    assert half.probability[0, 0] == pytest.approx(0.5 + 0.4 * 0.1)


def test_sure_is_a_matter_of_0_8() -> None:
    found = tier_probability([[1, 1, 1, 1, 9], [1, 1, 1, 9, 9]], [5], labels=["low", "high"])
    assert found.names().tolist() == ["low", "undecided"]
    assert str(found) == "1 customer of 2 have a tier with a probability of at least 80%"
    assert found.to_frame()["sure"].tolist() == [1, 0]
    assert "<table" in found._repr_html_()
    assert tier_probability([[1, 1, 1, 9, 9]], [5], sure=0.6).is_sure.tolist() == [True]


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: tier_probability([1, 2], CUTS), "`draws` must have a row a customer and a column a draw"),
        (lambda: tier_probability([[1]], CUTS, sure=1.5), "`sure` must be a finite number greater than 0"),
        (
            lambda: tier_probability_from_distribution([[0.5]], CUTS),
            "`probability_below` must have a row a customer and a column a threshold",
        ),
        (
            lambda: tier_probability_from_distribution([[0.5, 0.4]], CUTS),
            "`probability_below` must be no lower at a higher threshold, got 0.4 at position 1",
        ),
        (
            lambda: tier_probability_from_quantiles([[1, 2]], [0.5], CUTS),
            "`quantiles` must have a row a customer and a column for each",
        ),
        (
            lambda: tier_probability_from_quantiles([[2, 1]], [0.5, 0.9], CUTS),
            "`quantiles` must be no lower at a higher probability, got 1",
        ),
        (
            lambda: tier_probability_from_quantiles([[-2, 1]], [0.5, 0.9], CUTS),
            "`quantiles` must be a finite number at least 0, got -2",
        ),
    ],
)
def test_refusals(call: object, message: str) -> None:
    with pytest.raises(InvalidInputError, match=message):
        call()  # type: ignore[operator]

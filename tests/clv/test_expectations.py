"""The half of valuing that sees no frame: sensitivities, quantiles of counts and of values."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from clv._valuing import BG, HISTORIES, MBG, MODELS, NBD, PARETO, TENTH
from customer_centric import (
    BgNbd,
    DiscountRate,
    Fit,
    PurchaseHistories,
    value_customers,
    value_portfolio,
)
from customer_centric.clv import HistoryCounts
from customer_centric.clv._expectations import (
    Spread,
    Terms,
    forecast,
    purchase_quantile,
    seen_horizon,
    sensitivities,
    spread,
    standard_error,
    value_quantile,
)
from effort import examples

models = pytest.mark.parametrize("name", MODELS)
COUNTS = HistoryCounts.from_arrays(*HISTORIES, unit="week")


def a_spread(some: float = 1.0, mean: float = 3.0, variation: float = 0.5, squares: float = 3.0) -> Spread:
    return Spread(*(np.array([number]) for number in (some, mean, variation, squares)))


# ── Sensitivities ───────────────────────────────────────────────────────────────────────────────────


def test_sensitivities_of_the_nbd_are_its_derivatives() -> None:
    """(r + x) / (alpha + T) t moves by r / (r + x) and -alpha / (alpha + T); nobody's survival moves."""
    terms = Terms(39.0, TENTH)
    found = sensitivities(NBD, COUNTS, terms, forecast(NBD, COUNTS, terms))
    expected = np.stack([NBD.r / (NBD.r + COUNTS.frequency), -NBD.alpha / (NBD.alpha + COUNTS.age)])
    np.testing.assert_allclose(found.log_expected, expected, rtol=1e-7)
    np.testing.assert_allclose(found.log_discounted, expected, rtol=1e-7)
    assert (found.alive == 0).all()


@models
@pytest.mark.parametrize("horizon", [0.0, np.inf])
def test_nothing_and_infinity_do_not_move(name: str, horizon: float) -> None:
    model, terms = MODELS[name], Terms(horizon, TENTH)
    centre = forecast(model, COUNTS, terms)
    found = sensitivities(model, COUNTS, terms, centre)
    still = (centre.expected_purchases == 0) | np.isinf(centre.expected_purchases)
    assert (found.log_expected[:, still] == 0).all()
    assert np.isfinite(found.log_discounted).all()


def test_standard_error_is_the_quadratic_form() -> None:
    gradient = np.array([[1.0, 0.0], [2.0, 3.0]])
    covariance = np.array([[4.0, 1.0], [1.0, 9.0]])
    expected = [np.sqrt(g @ covariance @ g) for g in gradient.T]
    np.testing.assert_allclose(standard_error(gradient, covariance), expected)
    # A direction that the data do not identify may be a rounding error below 0.
    assert standard_error(np.ones((2, 1)), np.array([[1.0, -1 - 1e-15], [-1 - 1e-15, 1.0]])) == 0


# ── Quantiles of counts ─────────────────────────────────────────────────────────────────────────────


@examples(30)
@given(
    st.sampled_from([BG, MBG, PARETO, NBD]),
    st.integers(0, 60),
    st.floats(0, 1),
    st.floats(0.5, 200),
    st.one_of(st.just(0.0), st.floats(0.01, 300)),
    st.floats(0.001, 0.999),
)
def test_a_count_quantile_is_where_the_distribution_function_passes(
    model: Any, x: int, share: float, age: float, horizon: float, probability: float
) -> None:
    """P(N <= n) reaches the probability at the quantile, and not one purchase earlier."""
    history = (float(x), share * age if x else 0.0, age)
    counts = HistoryCounts.from_arrays(*([column] for column in history), unit="week")
    n = purchase_quantile(model, probability, counts, horizon)
    at_least = model.purchase_tail(np.concatenate([n, n + 1]), *history, horizon=horizon)
    assert at_least[1] <= 1 - probability
    assert n[0] == 0 or at_least[0] > 1 - probability


def test_an_infinite_horizon_is_watched_until_purchases_are_worth_nothing() -> None:
    assert seen_horizon(PARETO, Terms(39.0, TENTH)) == 39.0
    seen = seen_horizon(PARETO, Terms(np.inf, TENTH))
    assert 0 < np.exp(-seen * TENTH.per("week")) < 1e-18
    assert seen_horizon(PARETO, Terms(np.inf, DiscountRate.annual(1e-14))) == 1e15


def test_no_history_no_quantile() -> None:
    none = np.zeros(0)
    assert purchase_quantile(MBG, 0.9, HistoryCounts(none, none, none, none, "week"), 39.0).shape == (0,)


# ── Quantiles of values ─────────────────────────────────────────────────────────────────────────────


def test_customers_who_are_unlikely_to_buy_are_likely_worth_nothing() -> None:
    for probability in (0.01, 0.5, 0.69):
        assert value_quantile(probability, a_spread(some=0.3), 0.2, np.array([4.0])) == 0
    assert value_quantile(0.71, a_spread(some=0.3), 0.2, np.array([4.0])) > 0
    assert value_quantile(0.99, a_spread(some=0.0, mean=0.0, squares=0.0), 0.2, np.array([4.0])) == 0


def test_without_spend_the_value_is_gamma() -> None:
    """Mean 3 and squared variation .5 of those who buy, 60 % of all."""
    expected = stats.gamma.ppf((0.9 - 0.4) / 0.6, 2.0, scale=3 / 2)
    found = value_quantile(0.9, a_spread(some=0.6), None, None)
    assert found == pytest.approx(expected, rel=1e-12)


@examples(50)
@given(st.floats(0.02, 0.98), st.floats(1e-4, 1e3), st.floats(1.01, 1e4), st.floats(0, 5))
def test_with_spend_the_value_is_beta_prime(
    probability: float, variation: float, shape: float, purchases_vary: float
) -> None:
    """A gamma with the variation of counts and of purchases, over a gamma of shape q'."""
    found = value_quantile(probability, a_spread(variation=variation), purchases_vary, np.array([shape]))
    own = 1 / (variation + purchases_vary * 3 / 9)
    expected = 3 * stats.betaprime.ppf(probability, own, shape) / own
    assert found == pytest.approx(expected, rel=1e-8, abs=1e-290)


def test_certain_counts_of_certain_purchases_vary_with_the_mean_alone() -> None:
    """Nothing but 1 / nu varies: quantiles of an inverse gamma, to all digits."""
    found = value_quantile(0.9, a_spread(variation=0.0), 0.0, np.array([3.74]))
    assert found == pytest.approx(3 * stats.invgamma.ppf(0.9, 3.74), rel=1e-9)


def test_quantiles_rise_with_the_probability() -> None:
    for spend in ((None, None), (0.2, np.array([1.3]))):
        found = [float(value_quantile(p, a_spread(some=0.8), *spend)[0]) for p in np.linspace(0.01, 0.99, 50)]
        assert found == sorted(found)


@models
def test_the_spread_of_buyers_gives_back_that_of_everybody(name: str) -> None:
    model, terms = MODELS[name], Terms(52.0, TENTH)
    centre = forecast(model, COUNTS, terms)
    found = spread(model, COUNTS, terms, centre)
    columns = (COUNTS.frequency, COUNTS.recency, COUNTS.age)
    none = model.purchase_pmf(0, *columns, horizon=52.0)
    np.testing.assert_allclose(found.any_purchase, 1 - none, rtol=1e-9)
    np.testing.assert_allclose(found.any_purchase * found.mean, centre.discounted_purchases)
    second = found.any_purchase * found.mean**2 * (1 + found.squared_variation)
    variance = model.purchase_variance(*columns, discount_rate=TENTH, horizon=52.0)
    np.testing.assert_allclose(second - centre.discounted_purchases**2, variance, rtol=1e-9)
    twice = DiscountRate(2 * TENTH.log_annual_factor)
    squares = model.discounted_purchases(*columns, discount_rate=twice, horizon=52.0)
    np.testing.assert_allclose(found.any_purchase * found.squares, squares, rtol=1e-12)


def test_next_to_an_infinite_expectation_nothing_is_sure() -> None:
    """With a barely above 1 the purchases of the whole future are finite, and infinite for a touch less."""
    model = BgNbd(r=1.0, alpha=1.0, a=1.0 + 1e-7, b=1.0, unit="week")
    histories = PurchaseHistories.from_arrays([1], [1], [2], unit="week")
    fit = Fit(model, -1.0, 0.01 * np.eye(4), 100.0, 1)
    terms: Any = {"horizon": np.inf, "discount_rate": DiscountRate.annual(0.1)}
    row = value_customers(histories, fit, **terms).iloc[0]
    assert np.isfinite(row["expected_purchases"])
    assert (row["expected_purchases_lower"], row["expected_purchases_upper"]) == (0.0, np.inf)
    assert np.isfinite(row["lifetime_value_upper"])
    total = value_portfolio(histories, fit, **terms)
    assert (total.purchases_interval.lower, total.purchases_interval.upper) == (0.0, np.inf)

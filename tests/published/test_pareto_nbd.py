"""Published numbers of the Pareto/NBD and the NBD, each test named after where the numbers stand."""

from __future__ import annotations

import numpy as np
import pytest

import cdnow
from customer_centric import DiscountRate, ParetoNbd

WEEKLY = DiscountRate.continuous(0.0027, per="week")
# The estimates of CLVTools and BTYD, rounded to seven digits.
ROUNDED = ParetoNbd(r=0.553277, alpha=10.577683, s=0.606240, beta=11.668735, unit="week")
# The parameters of Fader, Hardie and Lee's note on the Pareto/NBD in BTYD's documentation.
PRINTED = ParetoNbd(r=0.55, alpha=10.56, s=0.61, beta=11.64, unit="week")


def test_parameters_and_standard_errors_of_clvtools_test_correctness_pnbd() -> None:
    fit = cdnow.pareto_nbd()
    np.testing.assert_allclose(fit.model.parameters, [0.553277, 10.577683, 0.606240, 11.668735], rtol=1e-3)
    np.testing.assert_allclose(fit.standard_errors, [0.0476264, 0.8427222, 0.1872594, 6.2105448], rtol=1e-3)
    assert fit.log_likelihood == pytest.approx(-9594.97618, abs=1e-3)
    assert fit.boundary is None


def test_log_likelihood_of_btyd_walkthrough() -> None:
    assert cdnow.pareto_nbd().log_likelihood == pytest.approx(-9594.976, abs=1e-3)


def test_probability_alive_of_btyd() -> None:
    alive = ROUNDED.probability_alive([0, 2, 26], [0, 30.428571, 30.857143], [39, 38.857143, 31])
    np.testing.assert_allclose(alive, [0.294276296, 0.869134248, 0.997873404], rtol=1e-6)


def test_expected_purchases_of_btyd() -> None:
    np.testing.assert_allclose(
        ROUNDED.expected_purchases(26, 30.857143, 31, horizon=52), 25.4551827, rtol=1e-6
    )
    np.testing.assert_allclose(
        ROUNDED.expected_purchases(2, 30.428571, 38.857143, horizon=39), 1.45520162, rtol=1e-6
    )


def test_expected_purchases_of_btyd_walkthrough() -> None:
    """The walkthrough's optimiser stops a little off the maximum: 25.45647."""
    assert cdnow.pareto_nbd().model.expected_purchases(*cdnow.OFTEN, horizon=52) == pytest.approx(
        25.45647, rel=1e-3
    )


def test_discounted_residual_purchases_of_btyd_example() -> None:
    model = ParetoNbd(r=0.5629966, alpha=12.5590370, s=0.4081095, beta=10.5148048, unit="week")
    np.testing.assert_allclose(
        model.discounted_purchases(7, 35, 77.86, discount_rate=WEEKLY), 1.86418333, rtol=1e-6
    )


def test_discounted_residual_purchases_at_the_maximum() -> None:
    model = cdnow.pareto_nbd().model
    residual = [
        float(model.discounted_purchases(*history, discount_rate=WEEKLY))
        for history in (cdnow.NEVER, cdnow.TWICE, cdnow.OFTEN)
    ]
    np.testing.assert_allclose(residual, [0.476959544, 6.482402490, 86.024366], rtol=2e-6)
    new = model.new_customer().discounted_purchases(discount_rate=WEEKLY)
    assert new == pytest.approx(3.954705736, rel=2e-6)


def test_unconditional_pmf_of_btyd() -> None:
    new = PRINTED.new_customer()
    np.testing.assert_allclose(new.purchase_pmf(0, horizon=39), 0.595938070, rtol=1e-6)
    np.testing.assert_allclose(new.purchase_pmf(10, horizon=2), 1.893708e-9, rtol=1e-6)
    np.testing.assert_allclose(new.purchase_pmf(100, horizon=30), 1.38493984e-15, rtol=1e-6)


def test_pmf_of_150_purchases_that_clvtools_and_btyd_return_as_nan() -> None:
    pmf = float(PRINTED.new_customer().purchase_pmf(150, horizon=30))
    assert 0 < pmf < float(PRINTED.new_customer().purchase_pmf(149, horizon=30)) < 1e-20


def test_unconditional_expectation_of_btyd() -> None:
    new = PRINTED.new_customer()
    expected = [new.expected_purchases(horizon=t) for t in (2, 39, 52)]
    np.testing.assert_allclose(expected, [0.0991608842, 1.20366373, 1.46074146], rtol=1e-6)


def test_conditional_expectation_of_btyd() -> None:
    np.testing.assert_allclose(PRINTED.expected_purchases(10, 35, 39, horizon=2), 0.388411723, rtol=1e-6)


def test_log_likelihood_of_btyd() -> None:
    np.testing.assert_allclose(PRINTED.log_likelihood(3, 4, 6), -8.05311593, rtol=1e-6)


def test_likelihood_that_overflows_in_lifetimes() -> None:
    """lifetimes returns NaN for alpha far below beta and 2,000 purchases."""
    model = ParetoNbd(r=2, alpha=0.01, s=0.5, beta=50, unit="week")
    assert np.isfinite(model.log_likelihood(2000, 30, 40))
    assert 0 <= float(model.probability_alive(2000, 30, 40)) <= 1


def test_discounting_where_clvtools_and_scipy_hyperu_fail() -> None:
    """DERT is NA for large beta in CLVTools (issue 163); U(s, s, y) is infinite for s of 20 and more."""
    model = ParetoNbd(r=0.5, alpha=10, s=25, beta=5000, unit="week")
    # Dropout is all but exponential: the integral of exp(-(delta + s / beta) t) is close.
    residual = float(model.discounted_purchases(0, 0, 0, discount_rate=WEEKLY))
    assert residual == pytest.approx(0.5 / 10 / (0.0027 + 25 / 5000), rel=0.02)


def test_holdout_total_and_customers_alive() -> None:
    x, t_x, age = cdnow.histories().frame[["frequency", "recency", "age"]].to_numpy().T
    model = cdnow.pareto_nbd().model
    assert model.expected_purchases(x, t_x, age, horizon=39).sum() == pytest.approx(1665.513, abs=1e-2)
    assert model.probability_alive(x, t_x, age).sum() == pytest.approx(1051.875, abs=1e-2)


def test_nbd_loses_to_every_model_with_dropout() -> None:
    """Ehrenberg's NBD is nested in the others, and far behind on CDNOW."""
    fit = cdnow.nbd()
    np.testing.assert_allclose(fit.model.parameters, [0.384763, 12.07196], rtol=1e-3)
    for other in (cdnow.bg_nbd(), cdnow.mbg_nbd(), cdnow.pareto_nbd()):
        assert other.log_likelihood > fit.log_likelihood + 100
        assert other.aic < fit.aic
        assert other.bic < fit.bic

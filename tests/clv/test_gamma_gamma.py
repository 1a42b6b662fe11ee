"""The Gamma-Gamma model of spend: laws, edges, limits and refusals."""

from __future__ import annotations

import math

import mpmath as mp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.integrate import quad
from scipy.stats import invgamma

import cdnow
from clv._models import powers
from customer_centric import GammaGamma, InvalidInputError, SpendCounts, fit_gamma_gamma
from customer_centric.clv import _spend_likelihood
from effort import examples

MODEL = GammaGamma(p=6.25, q=3.74, gamma=15.44)


def wild_models() -> st.SearchStrategy[GammaGamma]:
    return st.builds(
        lambda p, q, gamma: GammaGamma(p=p, q=1 + q, gamma=gamma),
        powers(-4, 4),
        powers(-4, 4),
        powers(-4, 4),
    )


def counts(x: object, mean_spend: object) -> SpendCounts:
    x, mean_spend = np.asarray(x, dtype=float), np.asarray(mean_spend, dtype=float)
    return SpendCounts(x, mean_spend, np.ones(x.size))


@given(wild_models(), powers(0, 4).map(np.floor), powers(-4, 6))
@examples(100)
def test_spend_is_between_the_customers_mean_and_everybodys(
    model: GammaGamma, x: float, mean_spend: float
) -> None:
    """Never negative, never NaN: lifetimes and pymc-marketing return negative values for q below 1."""
    expected = float(model.expected_spend(x, mean_spend))
    low, high = sorted([mean_spend, model.population_mean])
    assert low * (1 - 1e-9) <= expected <= high * (1 + 1e-9)
    variance = float(model.spend_variance(x, mean_spend))
    assert variance > 0
    assert math.isinf(variance) == (model.p * x + model.q <= 2)
    assert np.isfinite(model.log_likelihood(x, mean_spend))
    assert float(model.expected_spend(0, np.nan)) == pytest.approx(model.population_mean, rel=1e-12)


@given(wild_models(), powers(0, 3).map(np.floor), powers(-2, 4), powers(-3, 3))
@examples(60)
def test_spend_does_not_depend_on_the_currency(
    model: GammaGamma, x: float, mean_spend: float, rate: float
) -> None:
    other = GammaGamma(p=model.p, q=model.q, gamma=model.gamma * rate)
    expected = model.expected_spend(x, mean_spend)
    np.testing.assert_allclose(other.expected_spend(x, mean_spend * rate), expected * rate, rtol=1e-12)
    density = float(model.log_likelihood(x, mean_spend))
    size = 1e-11 * (1 + abs(density) + (model.p * x + model.q) * 10)
    assert float(other.log_likelihood(x, mean_spend * rate)) == pytest.approx(
        density - math.log(rate), abs=size
    )


@pytest.mark.parametrize("parameters", [(6.25, 3.74, 15.44), (0.8, 1.5, 2.0), (30.0, 8.0, 0.5)])
@pytest.mark.parametrize("x", [1, 3])
def test_the_density_is_that_of_the_story(parameters: tuple[float, float, float], x: int) -> None:
    """Integrated over the rates by adaptive quadrature; it sums to one, its mean is that of everybody."""
    p, q, gamma = parameters
    model = GammaGamma(p=p, q=q, gamma=gamma)

    def slow(mean: float) -> float:
        def of_rate(log_rate: float) -> float:
            rate = math.exp(log_rate)
            of_mean = p * x * math.log(x * rate) + (p * x - 1) * math.log(mean) - x * rate * mean
            of_mean -= math.lgamma(p * x)
            return math.exp(of_mean + q * math.log(gamma * rate) - gamma * rate - math.lgamma(q))

        return quad(of_rate, -25, 12, epsabs=0, epsrel=1e-11, limit=500)[0]

    for mean in (0.3, 5.0, 40.0):
        assert math.exp(float(model.log_likelihood(x, mean))) == pytest.approx(slow(mean), rel=1e-8)

    def density(log_mean: float) -> float:
        return math.exp(float(model.log_likelihood(x, math.exp(log_mean))) + log_mean)

    assert quad(density, -40, 60, limit=500)[0] == pytest.approx(1, abs=1e-7)
    mean = quad(lambda v: density(v) * math.exp(v), -40, 60, limit=500)[0]
    assert mean == pytest.approx(model.population_mean, rel=1e-5)


@given(
    powers(-2, 2),
    powers(-2, 2),
    powers(-2, 2),
    st.lists(st.tuples(powers(0, 3).map(np.floor), powers(-2, 3)), min_size=1, max_size=3),
)
@examples(20)
def test_the_score_is_the_derivative_at_50_digits(p: float, q: float, gamma: float, rows: list) -> None:
    x, mean_spend = np.array(rows).T
    ours = _spend_likelihood.score(np.array([p, q, gamma]), counts(x, mean_spend), 1)

    def log_density(p: mp.mpf, q: mp.mpf, gamma: mp.mpf) -> mp.mpf:
        total = mp.mpf(0)
        for count, mean in rows:
            n, m = mp.mpf(float(count)), mp.mpf(mean)
            total += mp.loggamma(p * n + q) - mp.loggamma(p * n) - mp.loggamma(q) + q * mp.log(gamma)
            total += (p * n - 1) * mp.log(m) + p * n * mp.log(n) - (p * n + q) * mp.log(gamma + n * m)
        return total

    theta = np.array([p, q, gamma])
    with mp.workdps(50):
        at = [mp.mpf(float(value)) for value in theta]
        orders = np.eye(3, dtype=int)
        value = float(log_density(*at))
        gradient = np.array([float(mp.diff(log_density, at, tuple(map(int, row)))) for row in orders])
        hessian = np.array(
            [
                [float(mp.diff(log_density, at, tuple(map(int, one + two)))) for two in orders]
                for one in orders
            ]
        )
    size = 1 + abs(value) + float(np.max(x)) * p
    assert ours.value == pytest.approx(value, rel=1e-10, abs=1e-11 * size)
    np.testing.assert_allclose(ours.gradient * theta, gradient * theta, rtol=1e-7, atol=1e-9 * size)
    scale = np.outer(theta, theta)
    np.testing.assert_allclose(ours.hessian * scale, hessian * scale, rtol=1e-6, atol=1e-8 * size)


def test_quantiles_are_those_of_an_inverse_gamma() -> None:
    level = np.array([0.01, 0.5, 0.99])
    posterior = invgamma(MODEL.p * 2 + MODEL.q, scale=MODEL.p * (MODEL.gamma + 2 * 22.35))
    np.testing.assert_allclose(MODEL.spend_quantile(level, 2, 22.35), posterior.ppf(level), rtol=1e-10)
    assert float(MODEL.expected_spend(2, 22.35)) == pytest.approx(posterior.mean(), rel=1e-12)
    assert float(MODEL.spend_variance(2, 22.35)) == pytest.approx(posterior.var(), rel=1e-10)


def test_elasticities_are_log_derivatives() -> None:
    x, mean_spend = np.array([0.0, 2.0, 50.0]), np.array([np.nan, 22.35, 9.0])
    found = MODEL.spend_elasticities(x, mean_spend)
    for position in range(3):
        up, down = (
            MODEL.with_parameters(MODEL.parameters * np.where(np.arange(3) == position, np.exp(h), 1.0))
            for h in (1e-5, -1e-5)
        )
        numeric = np.log(up.expected_spend(x, mean_spend) / down.expected_spend(x, mean_spend)) / 2e-5
        np.testing.assert_allclose(found[position], numeric, rtol=1e-7, atol=1e-9)


def test_constant_spend_within_customers() -> None:
    """A fixed price a customer: p without bound, and everybody's forecast is his own mean."""
    rng = np.random.default_rng(3)
    x = rng.integers(1, 8, 500).astype(float)
    fit = fit_gamma_gamma(counts(x, 50 / rng.gamma(4, 1, 500)))
    # Means do not vary less where there are more purchases: nothing varies within a customer.
    assert fit.boundary == "equal purchases within a customer"
    np.testing.assert_allclose(fit.model.expected_spend([1, 9], [5.0, 80.0]), [5.0, 80.0], rtol=1e-4)
    assert np.isfinite(fit.covariance).all()


def test_customers_who_are_all_alike() -> None:
    """The means vary less than the purchases would make them: q without bound, and one forecast for all."""
    x = np.tile([1.0, 4.0], 300)
    spread = np.tile([0.3, 0.3, 0.03, 0.03], 150) * np.tile([1, -1, -1, 1], 150)
    fit = fit_gamma_gamma(counts(x, 20 * (1 + np.where(x == 1, spread, spread / 10))))
    assert fit.boundary == "equal customers"
    expected = fit.model.expected_spend([0, 1, 100], [np.nan, 5.0, 500.0])
    np.testing.assert_allclose(expected, fit.model.population_mean, rtol=1e-2)


def test_means_without_a_mean() -> None:
    """Heavier than any gamma mixture with q above 1: the limit is named, and q stays above 1."""
    rng = np.random.default_rng(3)
    x = rng.integers(1, 8, 500).astype(float)
    fit = fit_gamma_gamma(counts(x, GammaGamma(p=5, q=1 + 1e-6, gamma=9).simulate(x, rng=rng) ** 1.6))
    assert fit.boundary == "no finite mean over customers"
    assert fit.model.q > 1
    assert (fit.model.expected_spend([0, 1], [np.nan, 5]) > 0).all()


@pytest.mark.parametrize("factor", [1e-9, 1e-3, 1e3, 1e9])
def test_fits_do_not_depend_on_the_currency(factor: float) -> None:
    spend = cdnow.histories().spend_statistics()
    fit = fit_gamma_gamma(SpendCounts(spend.frequency, spend.mean_spend * factor, spend.weight))
    expected = cdnow.gamma_gamma().model.parameters * [1, 1, factor]
    np.testing.assert_allclose(fit.model.parameters, expected, rtol=1e-6)


def test_single_purchases_are_enough() -> None:
    """All x = 1: p and q are weakly identified, the fit says how weakly."""
    rng = np.random.default_rng(3)
    x = np.ones(400)
    fit = fit_gamma_gamma(counts(x, MODEL.simulate(x, rng=rng)))
    assert np.isfinite(fit.standard_errors).all()
    assert fit.model.population_mean == pytest.approx(MODEL.population_mean, rel=0.15)


def test_amounts_that_are_all_equal_are_refused() -> None:
    with pytest.raises(
        InvalidInputError,
        match=r"`mean_spend` must differ between customers, got 5 for all 3; .*`spend=None`",
    ):
        fit_gamma_gamma(counts([1, 2, 3], [5, 5, 5]))
    with pytest.raises(
        InvalidInputError, match="`mean_spend` must differ between customers, got 5 for all 1"
    ):
        fit_gamma_gamma(counts([3], [5]))


def test_nobody_with_repeat_purchases_is_refused() -> None:
    with pytest.raises(
        InvalidInputError, match="must have customers with repeat purchases of a known amount"
    ):
        fit_gamma_gamma(counts([], []))


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ((0, 3, 15), "`p` must be a finite number greater than 0, got 0"),
        ((6, 1, 15), "`q` must be a finite number greater than 1, got 1; with q <= 1 the mean spend"),
        ((6, 3, np.nan), "`gamma` must be a finite number greater than 0, got nan"),
    ],
)
def test_parameters_are_refused_by_name(parameters: tuple[float, float, float], message: str) -> None:
    p, q, gamma = parameters
    with pytest.raises(InvalidInputError, match=message):
        GammaGamma(p=p, q=q, gamma=gamma)


def test_impossible_spend_is_refused_by_name() -> None:
    with pytest.raises(InvalidInputError, match="`frequency` must be a whole number at least 1, got 0"):
        MODEL.log_likelihood(0, 5)
    with pytest.raises(InvalidInputError, match="`mean_spend` must be a finite number greater than 0, got 0"):
        MODEL.log_likelihood(1, 0)
    with pytest.raises(
        InvalidInputError, match=r"`mean_spend` must be .* got nan at position 1 .* may lack it"
    ):
        MODEL.expected_spend([1, 2], [5, np.nan])
    with pytest.raises(InvalidInputError, match="`mean_spend` must be a finite number at least 0, got -3"):
        MODEL.spend_variance(1, -3)
    with pytest.raises(
        InvalidInputError, match=r"`probability` must be .* greater than 0 and less than 1, got 1"
    ):
        MODEL.spend_quantile(1.0, 1, 5)
    with pytest.raises(InvalidInputError, match="`frequency` must be a whole number at least 0, got -1"):
        MODEL.simulate(-1, rng=np.random.default_rng(0))
    with pytest.raises(InvalidInputError, match=r"`parameters` must be \(p, q, gamma\), got shape \(2,\)"):
        MODEL.with_parameters([1.0, 2.0])

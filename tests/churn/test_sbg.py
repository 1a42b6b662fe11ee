"""The shifted beta-geometric model: laws of its curve, its fit, and what it says about itself."""

from __future__ import annotations

import math

import mpmath
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import integrate, stats

from churn._contracts import draw_contracts
from customer_centric.churn import RenewalCounts, Sbg, fit_sbg
from customer_centric.errors import InvalidInputError
from effort import examples

PARAMETER = st.floats(0.05, 200.0)
RATE = st.floats(0.001, 2.0)


@given(PARAMETER, PARAMETER, st.integers(0, 40))
def test_the_curve_is_the_mean_of_geometric_lives(alpha: float, beta: float, t: int) -> None:
    """By numerical integration over the beta distribution."""
    model = Sbg(alpha=alpha, beta=beta)
    mean = float(mpmath.beta(alpha, beta + t) / mpmath.beta(alpha, beta))
    assert float(model.survival(t)) == pytest.approx(mean, rel=1e-9, abs=1e-300)


def test_a_slow_twin_integrates_over_customers() -> None:
    model = Sbg(alpha=1.3, beta=2.4)
    density = stats.beta(1.3, 2.4).pdf
    for t in (1, 4, 9):
        value, _ = integrate.quad(lambda theta, t=t: (1 - theta) ** t * density(theta), 0, 1)
        assert float(model.survival(t)) == pytest.approx(value, rel=1e-7)


@given(PARAMETER, PARAMETER)
def test_curves_fall_and_retention_rises(alpha: float, beta: float) -> None:
    model = Sbg(alpha=alpha, beta=beta)
    t = np.arange(30)
    survival, retention = model.survival(t), model.retention_rate(t[1:])
    assert survival[0] == 1.0
    assert (np.diff(survival) <= 0).all()
    assert (np.diff(retention) >= -1e-12).all(), "those who leave easily are gone first"
    assert survival[1:] == pytest.approx(np.cumprod(retention), rel=1e-9)
    assert retention == pytest.approx((beta + t[1:] - 1) / (alpha + beta + t[1:] - 1))


@given(st.floats(0.01, 0.99), st.floats(1e-12, 1e-8))
def test_customers_who_are_alike_leave_geometrically(mean: float, polarisation: float) -> None:
    """Without polarisation the model is one churn probability for all."""
    model = Sbg.from_mean(mean_churn=mean, polarisation=polarisation)
    t = np.arange(10)
    assert model.survival(t) == pytest.approx((1 - mean) ** t, rel=1e-5)


@given(st.floats(0.01, 0.99), st.floats(0.01, 0.99))
def test_mean_and_polarisation_are_parameters_too(mean: float, polarisation: float) -> None:
    model = Sbg.from_mean(mean_churn=mean, polarisation=polarisation)
    assert (model.mean_churn, model.polarisation) == pytest.approx((mean, polarisation))
    assert 1 - float(model.survival(1)) == pytest.approx(mean)


@given(PARAMETER, PARAMETER, RATE)
@examples(40)
def test_discounted_lifetimes_are_hypergeometric(alpha: float, beta: float, rate: float) -> None:
    """Fader and Hardie (2010), equation 6, in 30 digits."""
    found = Sbg(alpha=alpha, beta=beta).discounted_lifetime(discount_rate_per_period=rate)
    with mpmath.workdps(30):
        exact = mpmath.hyp2f1(1, beta, alpha + beta, 1 / (1 + mpmath.mpf(rate)))
    assert found == pytest.approx(float(exact), rel=1e-9)


@given(PARAMETER, PARAMETER, RATE, RATE, st.integers(0, 20))
@examples(40)
def test_lifetimes_shrink_with_the_rate_and_grow_with_tenure(
    alpha: float, beta: float, rate: float, more: float, tenure: int
) -> None:
    model = Sbg(alpha=alpha, beta=beta)
    here = model.discounted_lifetime(discount_rate_per_period=rate, tenure=tenure)
    assert model.discounted_lifetime(discount_rate_per_period=rate + more, tenure=tenure) <= here * (
        1 + 1e-12
    )
    assert model.discounted_lifetime(discount_rate_per_period=rate, tenure=tenure + 1) >= here * (1 - 1e-12)
    assert here <= (1 + rate) / rate * (1 + 1e-12)


def test_small_rates_and_horizons() -> None:
    model = Sbg(alpha=0.704, beta=1.182)
    with mpmath.workdps(30):
        exact = float(mpmath.hyp2f1(1, 1.182, 1.886, 1 / (1 + mpmath.mpf("1e-7"))))
    assert model.discounted_lifetime(discount_rate_per_period=1e-7) == pytest.approx(exact, rel=1e-6)
    capped = model.discounted_lifetime(discount_rate_per_period=0, horizon=3)
    assert capped == pytest.approx(model.survival([0, 1, 2]).sum())
    assert model.expected_lifetime == math.inf
    assert Sbg(alpha=3.0, beta=4.0).expected_lifetime == 3.0


@given(st.integers(0, 10**6), st.floats(0.3, 4), st.floats(0.5, 8))
@examples(15)
def test_the_fit_is_a_maximum(seed: int, alpha: float, beta: float) -> None:
    """No parameters nearby, nor those of the world, make the customers more likely."""
    counts = draw_contracts(np.random.default_rng(seed), n=2000, alpha=alpha, beta=beta)
    fit = fit_sbg(counts)
    best = fit.log_likelihood
    assert best >= Sbg(alpha=alpha, beta=beta).log_likelihood(counts) - 1e-9
    for factor in (0.99, 1.01):
        for index in range(2):
            moved = fit.model.parameters.copy()
            moved[index] *= factor
            assert fit.model.with_parameters(moved).log_likelihood(counts) <= best + 1e-6


def test_intervals_of_the_fit_hold_what_they_promise() -> None:
    """In 300 worlds of 1,500 customers 95 % intervals hold the parameters at least 92 times in 100."""
    rng = np.random.default_rng(11)
    held = np.zeros(2)
    for _ in range(300):
        table = fit_sbg(draw_contracts(rng, n=1500, alpha=1.0, beta=3.0)).summary()
        held += (table["lower"] <= [1.0, 3.0]) & (table["upper"] >= [1.0, 3.0])
    assert (held / 300 >= 0.92).all(), held / 300


def test_cohorts_seen_late_share_the_model() -> None:
    """A cohort first seen after two renewals adds what the same customers would, had they been left."""
    model = Sbg(alpha=1.0, beta=3.0)
    early = RenewalCounts.from_survivors([1000, 750, 600])
    late = RenewalCounts.from_survivors([600, 500], entry_tenure=2)
    together = RenewalCounts.from_survivors([1000, 750, 600, 500])
    assert model.log_likelihood(early) + model.log_likelihood(late) == pytest.approx(
        model.log_likelihood(together)
    )


def test_customers_who_are_alike_put_the_fit_at_its_limit() -> None:
    counts = RenewalCounts.from_survivors([100_000, 80_000, 64_000, 51_200, 40_960])
    fit = fit_sbg(counts)
    assert fit.boundary == "equal churn probabilities"
    assert fit.model.mean_churn == pytest.approx(0.2, abs=1e-5)
    assert fit.model.polarisation < 1e-5


@pytest.mark.parametrize(
    ("survivors", "message"),
    [
        ([100, 100, 100], "`counts` must have at least one lost customer, got none of 100"),
        ([100, 60], "`counts` must cover at least 2 different renewals for the sBG model, got 1"),
        ([100, 0, 0], "`counts` must have at least one renewal, got none"),
    ],
)
def test_what_cannot_be_learnt_is_said(survivors: list[int], message: str) -> None:
    with pytest.raises(InvalidInputError, match=message):
        fit_sbg(RenewalCounts.from_survivors(survivors))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: Sbg(alpha=0, beta=1), "`alpha` must be a finite number greater than 0, got 0"),
        (lambda: Sbg.from_mean(mean_churn=1, polarisation=0.5), "`mean_churn` must be .* less than 1, got 1"),
        (
            lambda: Sbg(alpha=1, beta=1).survival(-1),
            "`periods` must be a finite number at least 0 and at most .*, got -1",
        ),
        (
            lambda: Sbg(alpha=1, beta=1).retention_rate(0),
            "`renewal` must be a whole number at least 1 and at most .*, got 0",
        ),
        (
            lambda: Sbg(alpha=1, beta=1).discounted_lifetime(discount_rate_per_period=0),
            "`discount_rate_per_period` must be greater than 0 where `horizon` is None, got 0",
        ),
        (
            lambda: Sbg(alpha=1, beta=1).discounted_lifetime(discount_rate_per_period=0.1, horizon=0),
            "`horizon` must be a whole number at least 1 and at most .*, got 0",
        ),
    ],
)
def test_refusals(call: object, message: str) -> None:
    with pytest.raises(InvalidInputError, match=message):
        call()  # type: ignore[operator]


@given(st.floats(-25, 25), st.floats(-25, 25), st.floats(0, 34))
@examples(60)
def test_shares_keep_their_digits_however_long_customers_stay(
    alpha: float, beta: float, tenure: float
) -> None:
    """Gamma functions in 50 digits; differences of float ones were off by 100 % after 1e14 renewals."""
    a, b, t = (math.exp(power) for power in (alpha, beta, tenure))
    with mpmath.workdps(50):
        m, n, u = mpmath.mpf(a), mpmath.mpf(b), mpmath.mpf(t)
        log = (
            mpmath.loggamma(n + u) + mpmath.loggamma(m + n) - mpmath.loggamma(n) - mpmath.loggamma(m + n + u)
        )
        expected = float(mpmath.exp(log))
    found = float(Sbg(alpha=a, beta=b).survival(min(t, 1e15)))
    assert found == pytest.approx(expected, rel=1e-7, abs=1e-300)
    assert found <= 1.0


def test_lifetimes_at_next_to_no_discount() -> None:
    """At 1e-9 a period and alpha = 2 the sum is next to the expected lifetime."""
    model = Sbg(alpha=2.0, beta=3.0)
    assert model.discounted_lifetime(discount_rate_per_period=1e-9) == pytest.approx(4.0, rel=1e-6)
    with pytest.raises(InvalidInputError, match="`discount_rate_per_period` must be at least 4e-14 where"):
        model.discounted_lifetime(discount_rate_per_period=1e-320)
    with pytest.raises(InvalidInputError, match=r"`horizon` must be .* at most 1e\+15, got 1e\+300"):
        model.discounted_lifetime(discount_rate_per_period=0, horizon=1e300)

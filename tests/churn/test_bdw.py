"""The beta-discrete-Weibull model: the sBG model at shape 1, and what the shape adds."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import integrate, stats

from churn._contracts import draw_contracts
from customer_centric.churn import Bdw, RenewalCounts, Sbg, fit_bdw, fit_sbg
from customer_centric.errors import InvalidInputError
from effort import examples

PARAMETER = st.floats(0.05, 100.0)


@given(PARAMETER, PARAMETER, st.integers(0, 30), st.integers(0, 10))
def test_shape_one_is_the_shifted_beta_geometric(alpha: float, beta: float, t: int, tenure: int) -> None:
    here = Bdw(alpha=alpha, beta=beta, shape=1.0).survival(t, tenure=tenure)
    assert float(here) == pytest.approx(float(Sbg(alpha=alpha, beta=beta).survival(t, tenure=tenure)))


def test_a_slow_twin_integrates_over_customers() -> None:
    model = Bdw(alpha=0.9, beta=2.0, shape=1.4)
    density = stats.beta(0.9, 2.0).pdf
    for t in (1, 3, 8):
        value, _ = integrate.quad(lambda theta, t=t: (1 - theta) ** (t**1.4) * density(theta), 0, 1)
        assert float(model.survival(t)) == pytest.approx(value, rel=1e-6)


@given(PARAMETER, PARAMETER, st.floats(0.2, 3))
def test_curves_fall(alpha: float, beta: float, shape: float) -> None:
    model = Bdw(alpha=alpha, beta=beta, shape=shape)
    survival = model.survival(np.arange(25))
    assert survival[0] == 1.0
    assert (np.diff(survival) <= 0).all()
    assert model.retention_rate([1, 2]) == pytest.approx([survival[1], survival[2] / survival[1]], rel=1e-6)
    assert model.discounted_lifetime(discount_rate_per_period=0.2, horizon=25) == pytest.approx(
        (survival / 1.2 ** np.arange(25)).sum()
    )


def test_mean_and_polarisation_are_parameters_too() -> None:
    model = Bdw.from_mean(mean_churn=0.3, polarisation=0.4, shape=1.5)
    assert (model.mean_churn, model.polarisation, model.shape) == pytest.approx((0.3, 0.4, 1.5))


@given(st.integers(0, 10**6))
@examples(8)
def test_the_fit_is_a_maximum_above_that_of_shape_one(seed: int) -> None:
    counts = draw_contracts(np.random.default_rng(seed), n=3000, alpha=0.8, beta=2.5, shape=1.3, periods=9)
    fit = fit_bdw(counts)
    assert fit.log_likelihood >= fit_sbg(counts).log_likelihood - 1e-9
    assert fit.log_likelihood >= Bdw(alpha=0.8, beta=2.5, shape=1.3).log_likelihood(counts) - 1e-9
    for factor in (0.98, 1.02):
        for index in range(3):
            moved = fit.model.parameters.copy()
            moved[index] *= factor
            assert fit.model.with_parameters(moved).log_likelihood(counts) <= fit.log_likelihood + 1e-6


def test_what_cannot_be_learnt_is_said() -> None:
    with pytest.raises(
        InvalidInputError, match="`counts` must cover at least 3 different renewals for the BdW model, got 2"
    ):
        fit_bdw(RenewalCounts.from_survivors([100, 80, 70]))
    with pytest.raises(InvalidInputError, match="`shape` must be a finite number greater than 0, got 0"):
        Bdw(alpha=1, beta=1, shape=0)

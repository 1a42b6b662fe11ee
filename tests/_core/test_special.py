"""Special functions against mpmath at 50 digits, where SciPy's lose digits above all."""

from __future__ import annotations

import mpmath as mp
import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from customer_centric._core.special import (
    digamma_rise,
    exponential_average,
    log_beta,
    log_negative_binomial,
    log_rising,
    trigamma,
    trigamma_rise,
)
from effort import examples


def powers(low: float, high: float) -> st.SearchStrategy[float]:
    return st.floats(low, high).map(lambda e: float(10.0**e))


@given(powers(-8, 13), st.one_of(st.integers(0, 100).map(float), powers(0, 6).map(np.floor)))
@examples(150)
def test_rises_keep_their_digits(a: float, n: float) -> None:
    """ln Gamma, psi and psi' of a + n less those of a, which cancel in SciPy for large a."""
    with mp.workdps(50):
        at, up = mp.mpf(a), mp.mpf(a) + mp.mpf(n)
        log, first, second = (
            mp.loggamma(up) - mp.loggamma(at),
            mp.psi(0, up) - mp.psi(0, at),
            mp.psi(1, up) - mp.psi(1, at),
        )
    # Below 48 the differences are of numbers of the size of one.
    loose = 1e-12 if a < 48 else 0.0
    np.testing.assert_allclose(log_rising(a, np.array(n)), float(log), rtol=1e-12, atol=3 * loose)
    np.testing.assert_allclose(digamma_rise(a, np.array(n)), float(first), rtol=2e-12, atol=loose)
    np.testing.assert_allclose(trigamma_rise(a, np.array(n)), float(second), rtol=2e-12, atol=loose)


@given(powers(-8, 13), powers(-8, 13))
@examples(150)
def test_log_beta(a: float, b: float) -> None:
    with mp.workdps(50):
        exact = float(mp.loggamma(a) + mp.loggamma(b) - mp.loggamma(mp.mpf(a) + mp.mpf(b)))
    np.testing.assert_allclose(log_beta(a, b), exact, rtol=3e-13, atol=1e-12)


def test_log_beta_where_scipy_is_off_by_2e_minus_9() -> None:
    with mp.workdps(50):
        exact = float(mp.log(mp.beta(mp.mpf("51.8"), 10**6)))
    np.testing.assert_allclose(log_beta(51.8, 1e6), exact, atol=1e-12)


@given(powers(-6, 8))
@examples(50)
def test_trigamma(a: float) -> None:
    np.testing.assert_allclose(trigamma(a), float(mp.psi(1, a)), rtol=1e-13)


@given(st.one_of(st.just(0.0), powers(-300, 300)))
@examples(100)
def test_exponential_average(y: float) -> None:
    """(1 - exp(-y)) / y, from 1 at 0 down."""
    exact = float(-mp.expm1(-mp.mpf(y)) / mp.mpf(y)) if y else 1.0
    np.testing.assert_allclose(exponential_average(np.array(y)), exact, rtol=1e-15)


def test_exponential_average_of_negative_exponents() -> None:
    """s < 1 gives them: growth instead of decay."""
    y = np.array([-1e-9, -1.0, -30.0])
    np.testing.assert_allclose(exponential_average(y), np.expm1(-y) / -y, rtol=1e-15)


@given(st.integers(0, 10_000), powers(-8, 10), powers(-8, 8))
@examples(150)
def test_log_negative_binomial(n: int, shape: float, odds: float) -> None:
    with mp.workdps(50):
        k, u = mp.mpf(shape), mp.mpf(odds)
        exact = mp.loggamma(k + n) - mp.loggamma(k) - mp.loggamma(n + 1)
        exact += -k * mp.log1p(u) - n * mp.log1p(1 / u)
    size = 1 + n + shape * min(odds, 50)
    ours = log_negative_binomial(np.array(float(n)), np.array(shape), np.array(odds))
    np.testing.assert_allclose(ours, float(exact), rtol=1e-12, atol=1e-13 * size)


def test_no_time_no_events() -> None:
    np.testing.assert_array_equal(
        log_negative_binomial(np.array([0.0, 1.0]), np.array(2.0), np.array(0.0)), [0.0, -np.inf]
    )

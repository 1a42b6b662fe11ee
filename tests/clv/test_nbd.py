"""The NBD: purchases for ever."""

from __future__ import annotations

import numpy as np
from scipy.stats import nbinom

from clv._errors import check_edges, check_refusals
from customer_centric import DiscountRate, Nbd

MODEL = Nbd(r=0.385, alpha=12.07, unit="week")


def test_impossible_input_is_refused_by_name() -> None:
    check_refusals(MODEL)


def test_edges() -> None:
    check_edges(MODEL)


def test_nobody_ever_leaves() -> None:
    np.testing.assert_array_equal(MODEL.probability_alive([0, 3], [0, 1], [1e5, 1e5], after=np.inf), 1.0)
    assert np.isinf(MODEL.expected_purchases(0, 0, 5, horizon=np.inf))


def test_counts_are_those_of_scipy_stats_nbinom() -> None:
    """Given x in T: r + x and (alpha + T) / (alpha + T + t)."""
    n = np.arange(20)
    other = nbinom(0.385 + 2, (12.07 + 39) / (12.07 + 39 + 26))
    np.testing.assert_allclose(MODEL.purchase_pmf(n, 2, 30, 39, horizon=26), other.pmf(n), rtol=1e-12)
    np.testing.assert_allclose(MODEL.purchase_tail(n, 2, 30, 39, horizon=26), other.sf(n - 1), rtol=1e-12)
    none = DiscountRate.annual(0)
    np.testing.assert_allclose(MODEL.expected_purchases(2, 30, 39, horizon=26), other.mean(), rtol=1e-13)
    variance = MODEL.purchase_variance(2, 30, 39, discount_rate=none, horizon=26)
    np.testing.assert_allclose(variance, other.var(), rtol=1e-12)


def test_recency_says_nothing() -> None:
    np.testing.assert_array_equal(*(MODEL.log_likelihood(3, t_x, 39) for t_x in (1, 38)))


def test_the_discounted_future_is_a_perpetuity() -> None:
    weekly = DiscountRate.continuous(0.0027, per="week")
    rate = (0.385 + 2) / (12.07 + 39)
    residual = MODEL.discounted_purchases(2, 30, 39, discount_rate=weekly)
    np.testing.assert_allclose(residual, rate / 0.0027, rtol=1e-12)


def test_next_purchase_quantiles_invert_the_distribution() -> None:
    wait = float(MODEL.next_purchase_quantile(0.9, 2, 30, 39))
    np.testing.assert_allclose(MODEL.purchase_tail(1, 2, 30, 39, horizon=wait), 0.9, rtol=1e-12)

"""Many means at once: published numbers, a slow twin of the likelihood, and laws."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import minimize_scalar

from customer_centric._methods.shrinkage import between_variance, heterogeneity, shrink_means
from effort import examples

# Thirteen trials of the BCG vaccine: cases and others, vaccinated and not; the data of Colditz et al. (1994)
# as Viechtbauer (2010, Journal of Statistical Software 36(3)) prints them.
VACCINATED = np.array(
    [[4, 119], [6, 300], [3, 228], [62, 13536], [33, 5036], [180, 1361], [8, 2537], [505, 87886], [29, 7470],
     [17, 1699], [186, 50448], [5, 2493], [27, 16886]]
)  # fmt: skip
CONTROL = np.array(
    [[11, 128], [29, 274], [11, 209], [248, 12619], [47, 5761], [372, 1079], [10, 619], [499, 87892],
     [45, 7232], [65, 1600], [141, 27197], [3, 2338], [29, 17825]]
)  # fmt: skip
# Batting averages of 18 players after 45 times at bat (Efron and Morris 1975, table 1).
BATTING = np.array(
    [0.400, 0.378, 0.356, 0.333, 0.311, 0.311, 0.289, 0.267, 0.244, 0.244, 0.222, 0.222, 0.222, 0.222, 0.222,
     0.200, 0.178, 0.156]
)  # fmt: skip


def log_risk_ratios() -> tuple[Any, Any]:
    (a, b), (c, d) = VACCINATED.T, CONTROL.T
    return np.log(a / (a + b) / (c / (c + d))), 1 / a - 1 / (a + b) + 1 / c - 1 / (c + d)


def test_the_vaccine_trials_of_viechtbauer() -> None:
    """Section 3: tau^2 0.3132 by restricted likelihood, Q 152.2330, mean -0.7145; 0.3088 by moments."""
    y, v = log_risk_ratios()
    assert between_variance(y, v) == pytest.approx(0.3132, abs=5e-5)
    assert between_variance(y, v, method="dersimonian_laird") == pytest.approx(0.3088, abs=5e-5)
    assert heterogeneity(y, v) == pytest.approx(152.2330, abs=5e-5)
    assert shrink_means(y, v).centre == pytest.approx(-0.7145, abs=5e-5)


def test_the_batters_of_efron_and_morris() -> None:
    """Averages keep 0.212 of their distance from the mean: Clemente's 0.400 becomes 0.294."""
    mean = BATTING.mean()
    found = shrink_means(BATTING, np.full(18, mean * (1 - mean) / 45))
    assert found.weight == pytest.approx(np.full(18, 0.212), abs=5e-4)
    assert found.mean[0] == pytest.approx(0.294, abs=5e-4)
    assert found.mean[-1] == pytest.approx(0.242, abs=5e-4)


def test_equal_variances_have_closed_forms() -> None:
    """Morris (1983), equations 1.10 to 1.17, for means of one variance."""
    rng = np.random.default_rng(2)
    k, v = 12, 0.5
    y = rng.normal(3.0, 1.0, k)
    squares = ((y - y.mean()) ** 2).sum()
    pull = (k - 3) * v / squares
    found = shrink_means(y, np.full(k, v))
    np.testing.assert_allclose(found.mean, y.mean() + (1 - pull) * (y - y.mean()), rtol=1e-9)
    squared = v * (1 - (k - 1) / k * pull) + 2 / (k - 3) * pull**2 * (y - y.mean()) ** 2
    np.testing.assert_allclose(found.standard_error, np.sqrt(squared), rtol=1e-9)
    assert found.between_variance == pytest.approx(squares / (k - 1) - v, rel=1e-9)


means = st.lists(
    st.tuples(st.floats(-3, 3), st.floats(0.01, 5).map(lambda v: round(v, 3))), min_size=2, max_size=15
)


def restricted_log_likelihood(spread: float, y: Any, v: Any) -> float:
    """From the density of the residuals, term by term."""
    w = 1 / (v + spread)
    centre = (w * y).sum() / w.sum()
    return float(-0.5 * (np.log(v + spread).sum() + math.log(w.sum()) + (w * (y - centre) ** 2).sum()))


@given(rows=means)
@examples(60)
def test_nothing_nearby_is_more_likely(rows: list[tuple[float, float]]) -> None:
    y, v = np.array(rows).T
    spread = between_variance(y, v)
    assert spread >= 0
    span = (max(spread - 0.5, 0.0), spread + 0.5)
    best = minimize_scalar(
        lambda x: -restricted_log_likelihood(x, y, v), bounds=span, method="bounded", options={"xatol": 1e-6}
    )
    assert restricted_log_likelihood(spread, y, v) >= -best.fun - 1e-6


@given(rows=means, shift=st.floats(-5, 5), scale=st.floats(0.1, 10))
@examples(60)
def test_laws_of_shrinking(rows: list[tuple[float, float]], shift: float, scale: float) -> None:
    """Between what was seen and the centre; the same in other units and any order."""
    y, v = np.array(rows).T
    found = shrink_means(y, v)
    assert (found.mean >= np.minimum(y, found.centre)).all()
    assert (found.mean <= np.maximum(y, found.centre)).all()
    assert ((found.weight >= 0) & (found.weight <= 1)).all()
    assert (found.standard_error > 0).all()
    moved = shrink_means(shift + scale * y, scale**2 * v)
    np.testing.assert_allclose(moved.mean, shift + scale * found.mean, rtol=1e-6, atol=1e-6)
    np.testing.assert_allclose(moved.standard_error, scale * found.standard_error, rtol=1e-5)
    turned = shrink_means(y[::-1], v[::-1])
    np.testing.assert_allclose(turned.mean[::-1], found.mean, rtol=1e-7, atol=1e-9)


@pytest.mark.parametrize("k", [1, 2, 3])
def test_a_few_means_stay_as_they_are(k: int) -> None:
    y, v = np.array([1.0, -2.0, 0.5])[:k], np.array([0.1, 0.2, 0.3])[:k]
    found = shrink_means(y, v)
    assert np.array_equal(found.mean, y)
    assert np.array_equal(found.weight, np.ones(k))
    assert np.array_equal(found.standard_error, np.sqrt(v))


def test_what_was_not_observed_is_unknown() -> None:
    y, v = np.array([1.0, 2.0, 4.0, 3.0, 0.0]), np.array([0.1, 0.2, 0.3, 0.4, np.inf])
    found, without = shrink_means(y, v), shrink_means(y[:-1], v[:-1])
    assert np.array_equal(found.mean[:-1], without.mean)
    assert (found.mean[-1], found.standard_error[-1], found.weight[-1]) == (found.centre, np.inf, 0.0)


def test_nothing_at_all() -> None:
    found = shrink_means(np.zeros(2), np.full(2, np.inf))
    assert np.isnan(found.mean).all()
    assert np.isnan(found.centre)
    assert np.isinf(found.standard_error).all()
    assert heterogeneity(np.array([1.0]), np.array([1.0])) == 0.0
    assert between_variance(np.array([1.0]), np.array([1.0])) == 0.0


def test_means_that_differ_no_more_than_chance_are_all_but_one() -> None:
    found = shrink_means(np.array([0.1, -0.1, 0.05, 0.0, -0.05]), np.ones(5))
    assert found.between_variance == 0.0
    # Two of four degrees of freedom are what five means say about their spread.
    assert found.weight == pytest.approx(np.full(5, 0.5))

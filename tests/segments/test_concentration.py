"""The Gini coefficient and the Lorenz curve of values that may be losses."""

from __future__ import annotations

import math
from itertools import product
from random import Random
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from customer_centric.errors import InvalidInputError
from customer_centric.segments import gini, lorenz_curve, whale_curve
from effort import examples

TEN = np.array([500, 300, 200, 100, 50, 0, -20, -30, -100, -200])
money = st.lists(st.integers(-1000, 1000), min_size=1, max_size=12)


def slow_gini(value: list[int], *, raw: bool) -> float:
    """By the definition: all pairs, in whole numbers."""
    pairs = sum(abs(x - y) for x, y in product(value, value))
    return pairs / (2 * len(value) * (sum(value) if raw else sum(map(abs, value))))


class TestPublished:
    def test_ten_customers_with_losses(self) -> None:
        """Raw above 1, normalised within [0, 1]."""
        assert gini(TEN, method="raw").coefficient == pytest.approx(1.3325, abs=1e-12)
        assert gini(TEN).coefficient == pytest.approx(0.710667, abs=5e-7)

    def test_the_same_less_70_each(self) -> None:
        """Near a total of 0 the raw coefficient explodes and the normalised one does not."""
        assert gini(TEN - 70, method="raw").coefficient == pytest.approx(10.66, abs=1e-12)
        assert gini(TEN - 70).coefficient == pytest.approx(0.69, abs=0.005)


@examples(100)
@given(money)
def test_coefficients_are_those_of_all_pairs(value: list[int]) -> None:
    assert gini(value).n_negative == sum(v < 0 for v in value)
    if any(value):
        assert gini(value).coefficient == pytest.approx(slow_gini(value, raw=False), abs=1e-12)
        assert 0 <= gini(value).coefficient < 1
        bounds = gini(value).interval
        assert bounds is None or bounds.lower < gini(value).coefficient < bounds.upper
    if sum(value) > 0:
        assert gini(value, method="raw").coefficient == pytest.approx(slow_gini(value, raw=True), rel=1e-9)


@examples(60)
@given(money, st.sampled_from([1e-200, 0.1, 3.0, 1e200]), st.randoms(use_true_random=False))
def test_neither_unit_nor_copies_nor_order_matter(value: list[int], unit: float, random: Random) -> None:
    """The same in cents, in a company of three of each customer, and in any order."""
    shuffled = sorted(value, key=lambda _: random.random())
    for method in ("raw", "normalised"):
        expected = gini(value, method=method)
        for other in (np.array(value) * unit, value * 3, shuffled):
            found = gini(other, method=method)
            np.testing.assert_allclose(found.coefficient, expected.coefficient, rtol=1e-9, atol=1e-15)


@examples(60)
@given(money.filter(lambda value: sum(value) > 0))
def test_raw_is_twice_the_area_between_the_whale_curve_and_the_diagonal(value: list[int]) -> None:
    for share in (
        whale_curve(value).to_frame()["share_of_profit"].to_numpy(),
        1.0 - lorenz_curve(value).to_frame()["share_of_value"].to_numpy()[::-1],
    ):
        area = np.trapezoid(share, dx=1.0 / len(value)) - 0.5
        assert gini(value, method="raw").coefficient == pytest.approx(2.0 * area, rel=1e-9, abs=1e-9)


class TestIntervals:
    @pytest.mark.parametrize("method", ["raw", "normalised"])
    def test_both_ways_agree_for_many_customers(self, method: str) -> None:
        value = np.random.default_rng(3).normal(3.0, 2.0, 800)
        plain = gini(value, method=method).interval  # type: ignore[arg-type]
        rng = np.random.default_rng(4)
        drawn = gini(value, method=method, interval="bootstrap", rng=rng, n_resamples=400).interval  # type: ignore[arg-type]
        assert plain is not None
        assert drawn is not None
        assert plain.width == pytest.approx(drawn.width, rel=0.15)
        assert plain.lower == pytest.approx(drawn.lower, abs=0.2 * plain.width)

    def test_hold_about_as_often_as_they_say(self) -> None:
        """Exponential values have a Gini of one half; 95 % intervals of 50 customers."""
        rng = np.random.default_rng(5)
        found = [gini(rng.exponential(1.0, 50)).interval for _ in range(400)]
        assert 0.90 <= np.mean([i is not None and i.contains(0.5) for i in found]) <= 0.98

    def test_have_no_upper_bound_where_the_mean_may_be_0(self) -> None:
        interval = gini(TEN, method="raw").interval
        assert interval is not None
        assert interval.upper == math.inf
        assert 0 < interval.lower < 1.3325

    def test_are_repeated_by_the_same_generator(self) -> None:
        drawn = [gini(TEN, interval="bootstrap", rng=np.random.default_rng(1), n_resamples=50) for _ in "ab"]
        assert drawn[0] == drawn[1]


class TestEdges:
    @pytest.mark.parametrize(
        ("value", "coefficient", "reason"),
        [
            ([7.0], 0.0, "one customer shows nothing about others"),
            ([0.1] * 7, 0.0, "all customers are alike, so nothing shows how much others may differ"),
            ([0.0, 0.0], math.nan, "every value is 0"),
        ],
    )
    def test_one_and_all_alike(self, value: list[float], coefficient: float, reason: str) -> None:
        for method in ("raw", "normalised"):
            found = gini(value, method=method)
            np.testing.assert_equal(found.coefficient, coefficient)
            assert (found.interval, found.reason) == (None, reason)

    def test_customers_who_all_add_alike_have_no_interval_of_width_0(self) -> None:
        found = gini([-1.0, 1.0])
        assert (found.coefficient, found.interval) == (0.5, None)
        assert found.reason == "all customers add alike to it, so nothing shows how much it may differ"

    def test_a_total_of_0_or_less_has_no_raw_coefficient(self) -> None:
        for value in ([1.0, -1.0], [0.1, 0.2, -0.3], [-5.0, 1.0]):
            found = gini(value, method="raw")
            assert math.isnan(found.coefficient)
            assert found.reason == (
                "the total is not greater than 0, and only the normalised coefficient is defined"
            )

    def test_lorenz_curve(self) -> None:
        curve = lorenz_curve(TEN)
        assert curve.share_of_value([0, 0.5, 0.95, 1]).tolist() == [0.0, -0.4375, 0.6875, 1.0]
        assert str(curve).startswith("the less valuable half of 10 customers holds -43.8 %")
        assert curve.n_customers == 10
        nothing = lorenz_curve([1.0, -1.0])
        assert np.isnan(nothing.share_of_value(0.5))
        assert "no Lorenz curve: the total is not greater than 0" in nothing._repr_html_()
        assert nothing.to_frame()["cumulative_value"].tolist() == [0.0, -1.0, 0.0]

    def test_says_itself(self) -> None:
        assert str(gini(TEN)).startswith("Gini coefficient (normalised) 0.711 (95 % interval 0.")
        assert "no interval: one customer" in gini([1])._repr_html_()


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ([], "`value` must have at least one customer, got none"),
        ([[1.0]], "`value` must be one value a customer, got an array of shape (1, 1)"),
        ([1.0, math.nan, math.inf], "`value` must be finite numbers, got nan at position 1 (2 of 3 values)"),
    ],
)
def test_refused_values(value: Any, message: str) -> None:
    for function in (gini, lorenz_curve):
        with pytest.raises(InvalidInputError) as caught:
            function(value)
        assert str(caught.value).startswith(message)


def test_refused_arguments() -> None:
    with pytest.raises(InvalidInputError, match="`method` must be one of 'normalised', 'raw', got 'gross'"):
        gini(TEN, method="gross")  # type: ignore[arg-type]
    with pytest.raises(InvalidInputError, match="`interval` must be one of 'linearised', 'bootstrap'"):
        gini(TEN, interval="jackknife")  # type: ignore[arg-type]
    with pytest.raises(InvalidInputError, match='`rng` must be given for `interval` "bootstrap"'):
        gini(TEN, interval="bootstrap")
    with pytest.raises(InvalidInputError, match="`confidence_level` must be"):
        gini(TEN, confidence_level=95)

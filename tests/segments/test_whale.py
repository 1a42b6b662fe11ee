"""The whale curve: its peak, what is destroyed after it, and totals of which nothing is a share."""

from __future__ import annotations

import math
from random import Random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from customer_centric.errors import InvalidInputError
from customer_centric.segments import whale_curve
from effort import examples

TEN = [500, 300, 200, 100, 50, 0, -20, -30, -100, -200]


def test_ten_customers_published() -> None:
    """.625, 1, 1.25, 1.375, 1.4375, ..., 1: half the customers earn 143.8 %, 350 are destroyed."""
    whale = whale_curve(np.array(TEN)[[3, 9, 0, 5, 7, 1, 8, 2, 6, 4]])
    curve = whale.to_frame()
    assert curve["share_of_profit"].tolist()[:6] == [0.0, 0.625, 1.0, 1.25, 1.375, 1.4375]
    assert curve["share_of_profit"].tolist()[-1] == 1.0
    assert (whale.peak, whale.share_at_peak, whale.drag) == (1.4375, 0.5, 0.4375)
    assert (whale.gained, whale.destroyed, whale.total) == (1150.0, 350.0, 800.0)
    assert (whale.n_profitable, whale.n_unprofitable, whale.n_customers) == (5, 4, 10)
    assert whale.share_of_profit([0.05, 0.2, 1.0]).tolist() == [0.3125, 1.0, 1.0]


@examples(80)
@given(st.lists(st.integers(-100, 100), min_size=1, max_size=20), st.randoms(use_true_random=False))
def test_laws(profit: list[int], random: Random) -> None:
    """The peak is the maximum of the curve; order, unit and copies of everybody are no matter."""
    whale = whale_curve(profit)
    assert whale.gained - whale.destroyed == whale.total == sum(profit)
    assert whale.gained == whale.cumulative.max()
    other = whale_curve(sorted(profit, key=lambda _: random.random()))
    assert np.array_equal(whale.cumulative, other.cumulative)
    tripled = whale_curve(np.array(profit * 3) * 0.01)
    np.testing.assert_allclose(tripled.peak, whale.peak, rtol=1e-9)
    assert tripled.share_at_peak == whale.share_at_peak
    if sum(profit) > 0:
        assert whale.peak == np.nanmax(whale.to_frame()["share_of_profit"]) >= 1.0
        if whale.peak_interval is not None:
            assert 1.0 <= whale.peak_interval.lower <= whale.peak <= whale.peak_interval.upper


class TestIntervals:
    def test_both_ways_agree_for_many_customers(self) -> None:
        profit = np.random.default_rng(3).normal(2.0, 2.0, 800)
        plain = whale_curve(profit).peak_interval
        rng = np.random.default_rng(4)
        drawn = whale_curve(profit, interval="bootstrap", rng=rng, n_resamples=400).peak_interval
        assert plain is not None
        assert drawn is not None
        assert plain.width == pytest.approx(drawn.width, rel=0.15)

    def test_hold_about_as_often_as_they_say(self) -> None:
        """Normal profits of mean 1 and deviation 2: the peak is E[max(x, 0)] over the mean."""
        true = 0.5 * math.erfc(-0.5 / math.sqrt(2)) + 2.0 * math.exp(-0.125) / math.sqrt(2 * math.pi)
        rng = np.random.default_rng(5)
        found = [whale_curve(rng.normal(1.0, 2.0, 60)).peak_interval for _ in range(400)]
        assert 0.92 <= np.mean([i is not None and i.contains(true) for i in found]) <= 0.99

    def test_have_no_upper_bound_where_nothing_may_be_earned(self) -> None:
        interval = whale_curve(TEN).peak_interval
        assert interval is not None
        assert interval.upper == math.inf

    def test_of_customers_who_may_be_drawn_at_0(self) -> None:
        whale = whale_curve([3, 0, -1], interval="bootstrap", rng=np.random.default_rng(1), n_resamples=99)
        assert whale.peak_interval is not None


class TestEdges:
    @pytest.mark.parametrize("profit", [[5.0], [5.0, 5.0]])
    def test_one_and_all_alike_peak_at_1(self, profit: list[float]) -> None:
        whale = whale_curve(profit)
        assert (whale.peak, whale.drag, whale.share_at_peak, whale.peak_interval) == (1.0, 0.0, 1.0, None)
        assert whale.reason is not None
        assert whale.share_interval.lower < 1.0

    @pytest.mark.parametrize("profit", [[0.1, 0.2, -0.3], [1.0, -2.0], [0.0], [-4.0]])
    def test_a_total_of_0_or_less_has_money_only(self, profit: list[float]) -> None:
        whale = whale_curve(profit)
        assert math.isnan(whale.peak)
        assert math.isnan(whale.drag)
        assert np.isnan(whale.share_of_profit(0.5))
        assert np.isnan(whale.to_frame()["share_of_profit"]).all()
        assert whale.destroyed == pytest.approx(sum(-p for p in profit if p < 0))
        assert whale.reason == "the total is not greater than 0, so nothing is a share of it"
        assert whale.reason in str(whale)

    def test_says_itself(self) -> None:
        assert str(whale_curve(TEN)).startswith(
            "5 customers of 10 earn 1,150.00, 4 destroy 350.00: the curve peaks at 143.8 % of the profit ("
        )
        assert "no interval: no customer loses money" in whale_curve([1, 2])._repr_html_()

    def test_errors(self) -> None:
        with pytest.raises(InvalidInputError, match="`profit` must be finite numbers, got nan at position 0"):
            whale_curve([math.nan])
        with pytest.raises(
            InvalidInputError, match="`share_of_customers` must be a finite number at least 0"
        ):
            whale_curve(TEN).share_of_profit(20)
        with pytest.raises(InvalidInputError, match='`rng` must be given for `interval` "bootstrap"'):
            whale_curve(TEN, interval="bootstrap")

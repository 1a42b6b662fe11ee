"""Two orders of the same customers."""

from __future__ import annotations

import math
from random import Random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import rankdata, spearmanr

from customer_centric.errors import InvalidInputError
from customer_centric.segments import rank_reversal
from effort import examples

pairs = st.lists(st.tuples(st.integers(0, 9), st.integers(-9, 9)), min_size=4, max_size=20)


@examples(60)
@given(pairs)
def test_ranks_and_correlation_are_those_of_scipy(rows: list[tuple[int, int]]) -> None:
    revenue, profit = map(np.array, zip(*rows, strict=True))
    found = rank_reversal(revenue, profit, k=len(rows))
    table = found.to_frame().set_index("customer").sort_index()
    np.testing.assert_array_equal(table["revenue_rank"], rankdata(-revenue))
    np.testing.assert_array_equal(table["profit_rank"], rankdata(-profit))
    assert found.n_displaced == 0
    if np.ptp(revenue) and np.ptp(profit):
        assert found.rank_correlation == pytest.approx(spearmanr(revenue, profit).statistic, abs=1e-12)
        assert found.interval is not None
        assert found.interval.lower < found.interval.upper
        assert found.interval.contains(found.rank_correlation)
    else:
        assert math.isnan(found.rank_correlation)
        assert "have no order" in str(found)


@examples(40)
@given(pairs, st.integers(1, 4), st.randoms(use_true_random=False))
def test_the_order_of_the_customers_is_no_matter(rows: list[tuple[int, int]], k: int, random: Random) -> None:
    other = sorted(rows, key=lambda _: random.random())
    told = [rank_reversal(*map(np.array, zip(*r, strict=True)), k=k) for r in (rows, other)]
    columns = ["revenue", "profit", "revenue_rank", "profit_rank", "stays"]
    assert told[0].to_frame()[columns].equals(told[1].to_frame()[columns])
    assert str(told[0]) == str(told[1])


def test_the_biggest_buyer_is_not_the_most_valuable() -> None:
    found = rank_reversal([900, 500, 400, 100], [-50, 200, 90, 30], k=2, customer=list("abcd"))
    assert found.to_frame().to_numpy().tolist() == [
        ["a", 900.0, -50.0, 1.0, 4.0, False],
        ["b", 500.0, 200.0, 2.0, 1.0, True],
    ]
    assert (found.n_displaced, found.displaced_share, found.rank_correlation) == (1, 0.5, pytest.approx(-0.2))
    assert found.displaced_interval.lower > 0
    assert str(found).startswith(
        "1 of the 2 biggest buyers of 4 customers are not among the 2 most profitable"
    )


def test_bonett_and_wright() -> None:
    """The interval by hand for 30 customers."""
    rng = np.random.default_rng(1)
    revenue = rng.normal(size=30)
    found = rank_reversal(revenue, revenue + rng.normal(size=30), k=3)
    rho = found.rank_correlation
    far = 1.959964 * math.sqrt((1 + rho**2 / 2) / 27)
    assert found.interval is not None
    assert found.interval.upper == pytest.approx(math.tanh(math.atanh(rho) + far), abs=1e-6)


def test_edges() -> None:
    agree, against = rank_reversal(range(9), range(9), k=2), rank_reversal(range(9), range(9, 0, -1), k=2)
    assert agree.interval is not None
    assert against.interval is not None
    assert agree.interval.upper == 1.0
    assert agree.interval.lower == -against.interval.upper
    assert 0.7 < agree.interval.lower < 0.95
    few = rank_reversal([3, 2, 1], [3, 2, 1], k=1)
    assert (few.interval, few.reason) == (None, "3 customers are too few: 4 are needed")
    ties = rank_reversal([5, 5, 5, 1], [1, 2, 3, 4], k=1)
    assert ties.to_frame()["customer"].tolist() == [2, 1, 0]
    assert "no interval: " in few._repr_html_()


def test_errors() -> None:
    with pytest.raises(InvalidInputError, match="must be of one length, got 2, 1"):
        rank_reversal([1, 2], [1], k=1)
    with pytest.raises(InvalidInputError, match="`k` must be a whole number at least 1 and at most 2, got 3"):
        rank_reversal([1, 2], [1, 2], k=3)
    with pytest.raises(InvalidInputError, match="`profit` must be finite numbers, got nan at position 1"):
        rank_reversal([1, 2], [1, math.nan], k=1)

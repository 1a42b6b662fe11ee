"""Tiers by value: half-open, the same for everybody whoever else is there, with honest shares."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from customer_centric.errors import InvalidInputError
from customer_centric.segments import quantile_thresholds, value_tiers
from effort import examples

MONEY = st.floats(-1e9, 1e9, allow_subnormal=False).map(lambda v: round(v, 2))
VALUES = st.lists(MONEY, min_size=1, max_size=40)
CUTS = st.lists(MONEY, min_size=1, max_size=5, unique=True).map(sorted)


@given(VALUES, VALUES, CUTS)
@examples(60)
def test_a_tier_never_moves_because_others_joined(
    value: list[float], others: list[float], cuts: list[float]
) -> None:
    alone = value_tiers(value, cuts)
    together = value_tiers([*others, *value], cuts)
    assert together.tier[len(others) :].tolist() == alone.tier.tolist()
    assert together.labels == alone.labels


@given(VALUES, CUTS)
@examples(60)
def test_tiers_are_those_of_pandas(value: list[float], cuts: list[float]) -> None:
    """Half-open intervals, closed on the left, and the sums of a plain group-by."""
    found = value_tiers(value, cuts)
    tier = pd.cut(value, [-np.inf, *cuts, np.inf], right=False, labels=False)
    assert found.tier.tolist() == list(tier)
    sums = pd.Series(value).groupby(tier).sum().reindex(range(len(cuts) + 1), fill_value=0.0)
    assert found.value == pytest.approx(sums.to_numpy(), rel=1e-12, abs=1e-6)
    assert found.customers.sum() == len(value)
    if found.reason is None:
        assert found.value_share.sum() == pytest.approx(1.0)
        assert (found.value_share_lower <= found.value_share + 1e-12).all()
        assert (found.value_share_upper >= found.value_share - 1e-12).all()


def test_many_customers_are_counted_in_pieces() -> None:
    value = np.random.default_rng(1).lognormal(4, 1, 30_001)
    found = value_tiers(value, [50, 200])
    tier = np.searchsorted([50, 200], value, side="right")
    assert (found.tier == tier).all()
    assert found.value == pytest.approx(np.bincount(tier, weights=value))


def test_the_error_of_a_share_is_that_of_the_jackknife() -> None:
    """The linearised ratio against leaving customers out one by one."""
    value = np.random.default_rng(3).lognormal(3, 0.8, 400)
    found = value_tiers(value, [40])
    shares = [value_tiers(np.delete(value, i), [40]).value_share[1] for i in range(400)]
    error = np.sqrt(399 / 400 * ((shares - np.mean(shares)) ** 2).sum())
    share = found.value_share[1]
    reach = np.log(found.value_share_upper[1] / (1 - found.value_share_upper[1])) - np.log(
        share / (1 - share)
    )
    assert reach * share * (1 - share) / 1.959963984540054 == pytest.approx(error, rel=0.02)


def test_nobody_and_everybody_have_bounds() -> None:
    """An empty tier may hold as much as the customers that Wilson's interval allows; no width is zero."""
    found = value_tiers([10.0] * 50, [5, 20])
    assert found.value_share.tolist() == [0, 1, 0]
    assert found.value_share_lower.tolist() == [0, 0, 0]
    assert 0 < found.value_share_upper[0] < 0.05
    assert found.value_share_upper[2] == 1
    top = value_tiers([10.0] * 50, [5])
    assert top.value_share_lower[1] == pytest.approx(1 - top.value_share_upper[0])
    one = value_tiers([10.0], [5])
    assert one.value_share_lower[1] < one.value_share[1] == 1
    losses = value_tiers([10.0, 20.0, -5.0], [50])
    assert losses.value_share_upper[1] == np.inf


def test_names_and_words() -> None:
    found = value_tiers([0, 49.99, 50, 1500], [50, 1500])
    assert found.names().tolist() == ["below 50", "below 50", "50 to 1,500", "1,500 or more"]
    assert str(found).startswith("4 customers in 3 tiers: 1,500 or more has 25.0% of the customers")
    assert "<table" in found._repr_html_()
    assert found.to_frame()["mean_value"].tolist() == pytest.approx([24.995, 50, 1500])


def test_no_customers_and_no_total() -> None:
    empty = value_tiers([], [5])
    assert empty.customers.tolist() == [0, 0]
    assert "no customers" in str(empty)
    assert np.isnan(empty.to_frame()["mean_value"]).all()
    lost = value_tiers([-5, 3], [0])
    assert np.isnan(lost.value_share).all()
    assert "add up to nothing or less" in str(lost)


@given(st.lists(MONEY, min_size=2, max_size=60, unique=True), st.integers(1, 9))
@examples(40)
def test_quantile_thresholds_cut_where_asked(value: list[float], tenths: int) -> None:
    cut = quantile_thresholds(value, [tenths / 10])
    below = sum(v < cut[0] for v in value)
    assert below == tenths * len(value) // 10
    assert cut[0] in value


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: value_tiers([1, np.nan], [5]), "`value` must be a finite number, got nan at position 1"),
        (lambda: value_tiers([[1]], [5]), "`value` must have one number a customer"),
        (lambda: value_tiers([1], []), "`thresholds` must be a list of at least one number"),
        (lambda: value_tiers([1], [5, 5]), "`thresholds` must ascend, got 5 after 5 at position 1"),
        (lambda: value_tiers([1], [5], labels=["a"]), "`labels` must be 2 different names"),
        (lambda: quantile_thresholds([], [0.5]), "`value` must have one number a customer and at least one"),
        (lambda: quantile_thresholds([1, 2], [0.5, 0.2]), "`probabilities` must ascend"),
        (lambda: quantile_thresholds([0, 0, 0, 9], [0.2, 0.5]), "must give different thresholds, got 0 for"),
    ],
)
def test_refusals(call: object, message: str) -> None:
    with pytest.raises(InvalidInputError, match=message):
        call()  # type: ignore[operator]

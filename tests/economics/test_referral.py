"""Referrals: a whole customer or only the saving, and an equity that counts nobody twice."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from customer_centric.economics import customer_equity, referral_value
from customer_centric.errors import InvalidInputError
from customer_centric.intervals import wilson_interval

MONEY = st.floats(-1e4, 1e4)
SHARE = st.floats(0, 1)


def test_the_stated_example_is_worth_1000() -> None:
    """2 x (400 + 50) + 3 x 50 - 5 x 10 = 1,000."""
    found = referral_value(5, lifetime_value=400, acquisition_cost=50, type1_share=0.4, incentive=10)
    assert found.value == pytest.approx(2 * (400 + 50) + 3 * 50 - 5 * 10) == 1000
    assert (found.new_value, found.acquisition_saved, found.incentives, found.n_type1) == (800, 250, 50, 2)
    assert found.interval is None
    assert found.to_frame()["value"].tolist() == [800, 250, -50, 1000]
    assert str(found) == "5 referrals, 2.0 of them new, are worth 1,000.00"
    assert "<table" in found._repr_html_()


@given(st.lists(st.floats(0, 100), min_size=1, max_size=8), MONEY, SHARE, st.floats(-0.5, 1))
def test_the_value_is_the_sum_over_referrals_type_by_type(
    counts: list[float], value: float, share: float, rate: float
) -> None:
    """Kumar, Petersen and Leone (2010): each of type 1 in full, each of type 2 by the saving."""
    found = referral_value(
        counts, lifetime_value=value, acquisition_cost=30, type1_share=share, incentive=4, discount_rate=rate
    )
    expected = sum(
        (share * n * (value + 30 - 4) + (1 - share) * n * (30 - 4)) / (1 + rate) ** t
        for t, n in enumerate(counts)
    )
    assert found.value == pytest.approx(expected, rel=1e-9, abs=1e-6)
    assert found.new_value + found.acquisition_saved - found.incentives == pytest.approx(
        found.value, rel=1e-9, abs=1e-6
    )


@given(SHARE, st.integers(1, 500), st.sampled_from([-300.0, 0.0, 400.0]))
def test_the_interval_is_that_of_the_share(share: float, asked: int, value: float) -> None:
    found = referral_value(5, lifetime_value=value, acquisition_cost=50, type1_share=share, n_asked=asked)
    low, high = wilson_interval(share * asked, asked, confidence_level=0.90)
    assert found.interval is not None
    bounds = sorted([5 * (float(low) * value + 50), 5 * (float(high) * value + 50)])
    assert [found.interval.lower, found.interval.upper] == pytest.approx(bounds)
    assert found.interval.lower - 1e-9 <= found.value <= found.interval.upper + 1e-9
    assert "90% interval" in str(found)


def test_nobody_of_few_would_have_come_anyway_is_not_certainty() -> None:
    found = referral_value(5, lifetime_value=400, acquisition_cost=50, type1_share=1.0, n_asked=8)
    assert found.interval is not None
    assert found.interval.upper == pytest.approx(found.value)
    assert found.interval.width > 400
    nothing = referral_value(0, lifetime_value=400, acquisition_cost=50, type1_share=0.4, n_asked=8)
    assert (nothing.value, nothing.n_referrals) == (0, 0)


@st.composite
def forests(draw: st.DrawFn) -> tuple[list[float], list[int], list[float]]:
    """Customers in any order, each referred by somebody who came before or by nobody."""
    n = draw(st.integers(1, 30))
    place = draw(st.permutations(range(n)))
    referrer = [-1] * n
    for i in range(1, n):
        who = draw(st.integers(-1, i - 1))
        referrer[place[i]] = place[who] if who >= 0 else -1
    values = draw(st.lists(MONEY, min_size=n, max_size=n))
    return values, referrer, draw(st.lists(SHARE, min_size=n, max_size=n))


@given(forests())
def test_customer_equity_counts_nobody_twice(forest: tuple[list[float], list[int], list[float]]) -> None:
    """Credits sum to the values, whoever referred whom; and match a count by hand."""
    values, referrer, share = forest
    found = customer_equity(values, referrer, type1_share=share)
    assert found.total == pytest.approx(sum(values), rel=1e-12, abs=1e-8)
    assert found.credited.sum() == pytest.approx(sum(values), rel=1e-9, abs=1e-6)
    by_hand = list(values)
    for j, i in enumerate(referrer):
        if i >= 0:
            by_hand[j] -= share[j] * values[j]
            by_hand[i] += share[j] * values[j]
    assert found.credited.tolist() == pytest.approx(by_hand, rel=1e-9, abs=1e-8)
    # Lifetime values plus referral values have what was moved once too much.
    naive = sum(values) + found.brought.sum()
    assert naive - found.double_counted == pytest.approx(found.total, rel=1e-9, abs=1e-6)
    assert found.n_referred.sum() == sum(i >= 0 for i in referrer)


@given(forests(), st.randoms(use_true_random=False))
def test_the_order_of_customers_is_irrelevant(
    forest: tuple[list[float], list[int], list[float]], random: object
) -> None:
    values, referrer, share = (np.array(column) for column in forest)
    order = np.array(random.sample(range(values.size), values.size))  # type: ignore[attr-defined]
    place = np.append(np.argsort(order), -1)
    moved = customer_equity(values[order], place[referrer[order]], type1_share=share[order])
    straight = customer_equity(values, referrer, type1_share=share)
    assert moved.credited.tolist() == pytest.approx(straight.credited[order].tolist(), abs=1e-8)


def test_credit_goes_one_step() -> None:
    chain = customer_equity([100, 300, 50], [-1, 0, 1])
    assert chain.credited.tolist() == [400, 50, 0]
    half = customer_equity([100, 300, 50], [-1, 0, 1], type1_share=0.5)
    assert half.credited.tolist() == [250, 175, 25]
    assert half.double_counted == 175
    assert "3 customers are worth 450.00, 175.00 of it owed to referrals" in str(half)
    assert half.to_frame()["share"].sum() == pytest.approx(1)
    assert "worth 450.00" in half._repr_html_()


def test_nobody_one_and_all() -> None:
    empty = customer_equity([], [])
    assert (empty.total, empty.double_counted, len(empty.to_frame())) == (0, 0, 0)
    alone = customer_equity([7.0])
    assert alone.credited.tolist() == [7.0]
    star = customer_equity([1.0] * 5, [-1, 0, 0, 0, 0])
    assert star.credited.tolist() == [5, 0, 0, 0, 0]
    loss = customer_equity([1.0, -1.0], [-1, 0])
    assert loss.to_frame()["share"].isna().all()


def test_a_long_chain_is_no_circle() -> None:
    n = 100_000
    chain = customer_equity(np.ones(n), np.arange(n) - 1)
    assert chain.credited[[0, 1, -1]].tolist() == [2, 1, 0]
    ring = (np.arange(n) - 1) % n
    with pytest.raises(
        InvalidInputError, match=r"got 0 <- 99999 <- 99998 <- 99997 <- 99996 <- ... <- 0 at pos"
    ):
        customer_equity(np.ones(n), ring)


@pytest.mark.parametrize(
    ("referrer", "message"),
    [
        (
            [-1, 1, 0],
            r"`referred_by` must be another customer, got 1 at position 1 \(1 of 3 values\); nobody",
        ),
        (
            [2, 0, 1],
            r"must not run in a circle, got 0 <- 2 <- 1 <- 0 at position 0 \(3 of 3 values\); a cust",
        ),
        ([1, 2, 1], r"must not run in a circle, got 1 <- 2 <- 1 at position 1 \(2 of 3 values\)"),
        ([-1, 3, 0], r"`referred_by` must be .* at most 2, got 3 at position 1 .*; positions in `values`"),
        ([-2, 0, 0], r"`referred_by` must be a whole number at least -1"),
        ([-1, 0.5, 0], r"`referred_by` must be a whole number .* got 0.5"),
        ([-1, 0], r"`referred_by` must be one position a customer, got shape \(2,\) for 3 customers"),
    ],
)
def test_referrals_are_checked(referrer: list[float], message: str) -> None:
    with pytest.raises(InvalidInputError, match=message):
        customer_equity([1.0, 2.0, 3.0], referrer)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"referrals": [1, -1]}, r"`referrals` must be .* at least 0, got -1 at position 1"),
        ({"referrals": []}, r"`referrals` must be one number, or one a period, got an array of shape \(0,\)"),
        ({"lifetime_value": math.nan}, "`lifetime_value` must be a finite number, got nan"),
        ({"acquisition_cost": -1}, "`acquisition_cost` must be a finite number at least 0, got -1"),
        ({"type1_share": 40}, r"`type1_share` must be .* at most 1, got 40; 40 % is written 0.4"),
        ({"incentive": -1}, "`incentive` must be a finite number at least 0, got -1"),
        ({"discount_rate": -1}, "`discount_rate` must be a finite number greater than -1, got -1"),
        ({"n_asked": 0}, "`n_asked` must be a finite number greater than 0, got 0"),
        ({"confidence_level": 95}, r"`confidence_level` must be .* 95 % is written 0.95"),
    ],
)
def test_refusals(arguments: dict[str, object], message: str) -> None:
    call: dict[str, object] = {
        "referrals": 5, "lifetime_value": 400, "acquisition_cost": 50, "type1_share": 0.4
    } | arguments  # fmt: skip
    with pytest.raises(InvalidInputError, match=message):
        referral_value(**call)  # type: ignore[arg-type]


def test_values_are_checked() -> None:
    with pytest.raises(InvalidInputError, match="`values` must be a finite number, got nan at position 1"):
        customer_equity([1.0, math.nan])
    with pytest.raises(
        InvalidInputError, match=r"`values` must be one number a customer, got .* shape \(1, 1\)"
    ):
        customer_equity([[1.0]])
    with pytest.raises(
        InvalidInputError, match=r"`type1_share` must be one number or one a customer, got shape"
    ):
        customer_equity([1.0, 2.0], type1_share=[1.0, 1.0, 1.0])

"""What customers get against what it costs them: the hotel, and sums that add up."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import ttest_1samp, ttest_ind

from customer_centric.economics import CostPrices, PerceivedValue, compare_perceived_value, perceived_value
from customer_centric.errors import InvalidInputError

PRICES = CostPrices(per_hour=20, per_data_field=0.5, per_knowledge=5)
AMOUNT = st.floats(0, 1e4)
ROW = st.tuples(st.floats(-1e4, 1e4), AMOUNT, AMOUNT, AMOUNT, AMOUNT)
ROWS = st.lists(ROW, min_size=2, max_size=8)


def value_of(rows: list[tuple[float, ...]]) -> PerceivedValue:
    benefit, money, hours, fields, known = (list(column) for column in zip(*rows, strict=True))
    return perceived_value(benefit, money, hours=hours, data_fields=fields, knowledge=known, prices=PRICES)


def hotel() -> tuple[PerceivedValue, PerceivedValue]:
    before = perceived_value(300, 120, hours=0.1, data_fields=12, knowledge=1, prices=PRICES)
    after = perceived_value(300, 240, hours=1.2, data_fields=12, knowledge=3, prices=PRICES)
    return before, after


def test_the_hotel_before_and_after() -> None:
    before, after = hotel()
    assert (before.cost, before.surplus) == (133, 167)
    assert before.ratio == pytest.approx(2.2556, abs=5e-5)
    assert (before.money, before.time, before.data, before.knowledge) == (120, 2, 6, 5)
    assert (after.cost, after.surplus) == (285, 15)
    assert after.ratio == pytest.approx(1.0526, abs=5e-5)
    assert (after.money, after.time, after.data, after.knowledge) == (240, 24, 6, 15)
    assert str(after) == "A benefit of 300.00 at a cost of 285.00 leaves 15.00; ratio 1.05"
    assert before.to_frame()["value"].tolist() == [300, -120, -2, -6, -5, 167]


def test_friction_took_152_from_the_guest() -> None:
    change = compare_perceived_value(*hotel(), customers="same")
    assert change.loss == 152
    assert (change.benefit, change.money, change.time, change.data, change.knowledge) == (0, 120, 22, 0, 10)
    assert change.interval is None
    assert str(change) == "Customers lose 152.00 each: 167.00 was left to them, now it is 15.00"
    assert change.to_frame()["loss"].tolist() == [0, 120, 22, 0, 10, 152]
    assert "<table" in change._repr_html_()
    assert "<table" in change.before._repr_html_()
    back = compare_perceived_value(*hotel()[::-1], customers="different")
    assert (back.loss, back.interval) == (-152, None)
    assert str(back).startswith("Customers gain 152.00 each")


@given(ROWS)
def test_surplus_is_additive_over_customers_and_parts(rows: list[tuple[float, ...]]) -> None:
    whole = value_of(rows)
    each = [
        perceived_value(b, m, hours=h, data_fields=f, knowledge=k, prices=PRICES) for b, m, h, f, k in rows
    ]
    total = sum(one.surplus for one in each)
    assert whole.surplus * len(rows) == pytest.approx(total, rel=1e-9, abs=1e-5)
    parts = whole.benefit - whole.money - whole.time - whole.data - whole.knowledge
    assert whole.surplus == pytest.approx(parts, rel=1e-9, abs=1e-5)


@given(ROWS, ROWS)
def test_the_parts_of_a_loss_add_up_and_it_turns_its_sign(
    one: list[tuple[float, ...]], other: list[tuple[float, ...]]
) -> None:
    before, after = value_of(one), value_of(other)
    change = compare_perceived_value(before, after, customers="different")
    parts = change.benefit + change.money + change.time + change.data + change.knowledge
    assert change.loss == pytest.approx(parts, rel=1e-9, abs=1e-5)
    back = compare_perceived_value(after, before, customers="different")
    assert back.loss == -change.loss
    assert change.interval is not None
    assert back.interval is not None
    assert (back.interval.lower, back.interval.upper) == pytest.approx(
        (-change.interval.upper, -change.interval.lower), rel=1e-9, abs=1e-6
    )


def test_intervals_are_those_of_student_and_welch() -> None:
    rng = np.random.default_rng(3)
    first, second = rng.normal(100, 30, 25), rng.normal(80, 50, 25)
    before, after = perceived_value(first, 60), perceived_value(second, 60)
    expected = ttest_1samp(first - 60, 0).confidence_interval(0.95)
    assert before.interval is not None
    assert (before.interval.lower, before.interval.upper) == pytest.approx(tuple(expected))
    for customers, test in (
        ("same", ttest_1samp(first - second, 0)),
        ("different", ttest_ind(first, second, equal_var=False)),
    ):
        change = compare_perceived_value(before, after, customers=customers)  # type: ignore[arg-type]
        expected = test.confidence_interval(0.90)
        assert change.interval is not None
        assert (change.interval.lower, change.interval.upper) == pytest.approx(tuple(expected))
        assert f"90% interval {expected.low:,.2f} to {expected.high:,.2f}" in str(change)
        back = compare_perceived_value(after, before, customers=customers)  # type: ignore[arg-type]
        assert f"gain {change.loss:,.2f}" in str(back)
        assert f"90% interval {expected.low:,.2f} to {expected.high:,.2f}" in str(back)


def test_no_spread_is_not_certainty() -> None:
    """One customer, or customers who are all alike, do not bound what others get."""
    for benefit, reason in (([5.0], "one customer"), ([5.0] * 4, "all customers are alike")):
        found = perceived_value(benefit, 3)
        assert found.interval is not None
        assert (found.interval.lower, found.interval.upper) == (-math.inf, math.inf)
        assert found.reason.startswith(reason)
        for customers in ("same", "different"):
            change = compare_perceived_value(found, found, customers=customers)  # type: ignore[arg-type]
            assert change.loss == 0
            assert change.interval is not None
            assert change.interval.width == math.inf
            assert "says nothing on the spread" in str(change)


def test_ratios_of_nothing() -> None:
    nothing = perceived_value(0, 0)
    assert nothing.surplus == 0
    assert math.isnan(nothing.ratio)
    assert nothing.reason == "a ratio to a cost of 0 says nothing"
    assert perceived_value(5, 0).ratio == math.inf
    assert perceived_value(-5, 0).ratio == -math.inf
    free = perceived_value(5, 0, hours=1, prices=CostPrices())
    assert (free.cost, free.surplus) == (0, 5)


def test_ratio_and_surplus_can_rank_differently() -> None:
    """A coffee of 6 for 2 against a night of 300 for 133."""
    coffee, night = perceived_value(6, 2), hotel()[0]
    assert coffee.ratio > night.ratio
    assert coffee.surplus < night.surplus


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"money": -1}, "`money` must be a finite number at least 0, got -1"),
        ({"benefit": [1, math.nan]}, "`benefit` must be a finite number, got nan at position 1"),
        ({"benefit": []}, "`benefit` must be one number, or one a customer, got none"),
        ({"benefit": [[1.0]]}, r"`benefit` must be one number, or one a customer, got shape \(1, 1\)"),
        ({"benefit": [1, 2], "money": [1, 2, 3]}, r"lengths must agree or be 1, got `benefit` \(2,\)"),
        ({"hours": 1}, "`prices` must be given where `hours` is greater than 0, got None; CostPrices"),
        ({"knowledge": 1}, "`prices` must be given where `knowledge` is greater than 0"),
        ({"prices": 20}, "`prices` must be CostPrices, got int"),
        ({"confidence_level": 95}, r"`confidence_level` must be .* 95 % is written 0.95"),
    ],
)
def test_refusals(arguments: dict[str, object], message: str) -> None:
    call: dict[str, object] = {"benefit": 300, "money": 120} | arguments
    with pytest.raises(InvalidInputError, match=message):
        perceived_value(**call)  # type: ignore[arg-type]


def test_prices_and_comparisons_are_checked() -> None:
    with pytest.raises(InvalidInputError, match="`per_hour` must be a finite number at least 0, got -1"):
        CostPrices(per_hour=-1)
    one, two = perceived_value([1, 2], 1), perceived_value([1, 2, 3], 1)
    with pytest.raises(InvalidInputError, match="must have the same customers, got 2 and 3; other customers"):
        compare_perceived_value(one, two, customers="same")
    with pytest.raises(InvalidInputError, match="`customers` must be one of 'same', 'different', got 'all'"):
        compare_perceived_value(one, two, customers="all")  # type: ignore[arg-type]
    with pytest.raises(InvalidInputError, match="`after` must be a PerceivedValue, got float"):
        compare_perceived_value(one, 1.0, customers="same")  # type: ignore[arg-type]

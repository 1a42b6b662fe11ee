"""What a point of retention is worth: the published table, and the derivative."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from customer_centric.churn import retention_value
from customer_centric.economics import clv_retention
from customer_centric.errors import InvalidInputError


@pytest.mark.parametrize(("rate", "gain"), [(0.6, 0.020), (0.8, 0.034), (0.9, 0.053), (0.95, 0.071)])
def test_a_point_is_worth_more_where_retention_is_high(rate: float, gain: float) -> None:
    """Gains of one point at a discount rate of 10 %, from the closed form."""
    assert retention_value(rate, discount_rate_per_period=0.1).per_point_share == pytest.approx(
        gain, abs=6e-4
    )


@given(st.floats(0.01, 0.98), st.floats(0.01, 1), st.floats(1, 1e4))
def test_the_elasticity_is_the_derivative(rate: float, discount: float, margin: float) -> None:
    found = retention_value(rate, margin=margin, discount_rate_per_period=discount)
    step = 1e-7
    moved = retention_value(rate + step, margin=margin, discount_rate_per_period=discount)
    slope = (moved.lifetime_value / found.lifetime_value - 1) / (step / rate)
    assert found.elasticity == pytest.approx(slope, rel=1e-3)
    assert found.per_point == pytest.approx(found.lifetime_value * found.per_point_share)


@given(st.floats(0, 0.99), st.floats(0.01, 1), st.floats(-100, 100).filter(lambda margin: abs(margin) > 1e-3))
def test_the_value_is_that_of_a_geometric_life(rate: float, discount: float, margin: float) -> None:
    expected = clv_retention(margin, rate, discount_rate=discount, timing="start")
    found = retention_value(rate, margin=margin, discount_rate_per_period=discount)
    assert found.lifetime_value == pytest.approx(expected)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"retention_rate": 1.0}, "`retention_rate` must be .* at most 0.99, got 1"),
        ({"discount_rate_per_period": 0}, "`discount_rate_per_period` must be .* greater than 0, got 0"),
        ({"margin": 0}, "`margin` must not be 0, got 0"),
    ],
)
def test_refusals(arguments: dict[str, float], message: str) -> None:
    call = {"retention_rate": 0.5, "discount_rate_per_period": 0.1} | arguments
    with pytest.raises(InvalidInputError, match=message):
        retention_value(call.pop("retention_rate"), **call)

"""What moves lifetime value, and by how much."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from customer_centric.churn import retention_value
from customer_centric.economics import clv_elasticities, clv_retention, retention_elasticity
from customer_centric.errors import InvalidInputError

TIMINGS = st.sampled_from(["start", "end", "after_renewal"])


def test_elasticities_of_gupta_lehmann_and_stuart_2004() -> None:
    """Retention, margin and acquisition cost move value by about 5, 1 and 0.1 %; the formula has 4.5."""
    assert retention_elasticity(0.9, discount_rate=0.1) == pytest.approx(4.5)
    assert retention_elasticity(0.9, discount_rate=0.1, timing="after_renewal") == pytest.approx(5.5)
    moved = clv_elasticities(200, 0.9, discount_rate=0.1, timing="start", acquisition_cost=100)
    assert moved.retention_rate == pytest.approx(5, abs=0.1)
    assert moved.margin == pytest.approx(1, abs=0.11)
    assert moved.acquisition_cost == pytest.approx(-0.1)


def test_one_percent_more_retention_is_4_71_percent_more_value() -> None:
    before, after = (
        clv_retention(200, rate, discount_rate=0.1, timing="start") for rate in (0.9, 0.9 * 1.01)
    )
    assert after / before - 1 == pytest.approx(0.0471, abs=5e-5)


@given(st.floats(0.01, 0.98), st.floats(0.01, 1), TIMINGS, st.floats(1, 1e3), st.floats(0, 500))
def test_elasticities_are_the_numerical_derivatives(
    rate: float, discount: float, timing: Any, margin: float, cost: float
) -> None:
    """Each of the four, by central differences of the value itself."""

    def value(r: float, m: float, c: float, d: float) -> float:
        return clv_retention(m, r, discount_rate=d, timing=timing, acquisition_cost=c)

    base = [rate, margin, cost, discount]
    here = value(*base)
    gross = here + cost
    assume(abs(here) > 1e-2 * gross)
    found = clv_elasticities(margin, rate, discount_rate=discount, timing=timing, acquisition_cost=cost)
    assert found.value == pytest.approx(here)
    step = 1e-6
    slopes = []
    for i in range(4):
        up, down = base.copy(), base.copy()
        up[i] *= 1 + step
        down[i] *= 1 - step
        slopes.append((value(*up) - value(*down)) / (2 * step * here))
    expected = [found.retention_rate, found.margin, found.acquisition_cost, found.discount_rate]
    assert slopes == pytest.approx(expected, rel=1e-4, abs=1e-6)


@given(st.floats(0, 0.99), st.floats(0.01, 1))
def test_the_elasticity_agrees_with_the_worth_of_a_point(rate: float, discount: float) -> None:
    one = retention_elasticity(rate, discount_rate=discount)
    other = retention_value(rate, discount_rate_per_period=discount).elasticity
    assert one == pytest.approx(other)


def test_edges_have_plain_answers() -> None:
    assert retention_elasticity(0.0, discount_rate=0.1) == 0.0
    loss = clv_elasticities(-10, 0.5, discount_rate=0.1, timing="start")
    assert loss.value < 0
    assert loss.retention_rate == pytest.approx(retention_elasticity(0.5, discount_rate=0.1))
    assert (loss.margin, loss.acquisition_cost) == (1.0, 0.0)
    even = clv_elasticities(10, 0.0, discount_rate=0.1, timing="start", acquisition_cost=10)
    assert math.isnan(even.retention_rate)
    assert even.reason == "the value is 0, of which there are no percentages"
    assert "retention +4.95 %, margin +1.10 %" in str(
        clv_elasticities(200, 0.9, discount_rate=0.1, timing="start", acquisition_cost=100)
    )
    assert even.reason in even._repr_html_()


def test_refusals() -> None:
    with pytest.raises(InvalidInputError, match=r"`retention_rate` must be .* at most 1, got 90; 40 %"):
        retention_elasticity(90, discount_rate=0.1)
    with pytest.raises(InvalidInputError, match=r"the sum diverges"):
        retention_elasticity(1.0, discount_rate=0.0)
    with pytest.raises(InvalidInputError, match=r"`timing` must be one of .*, got 'mid'"):
        retention_elasticity(0.9, discount_rate=0.1, timing="mid")  # type: ignore[arg-type]
    with pytest.raises(InvalidInputError, match=r"`acquisition_cost` must be .* at least 0, got -1"):
        clv_elasticities(10, 0.5, discount_rate=0.1, timing="end", acquisition_cost=-1)

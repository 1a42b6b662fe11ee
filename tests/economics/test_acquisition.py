"""What a new customer costs, and the ratio of value to cost with what belongs beside it."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import chi2

from customer_centric.economics import (
    clv_from_survival,
    customer_acquisition_cost,
    ltv_to_cac,
    payback_period,
)
from customer_centric.errors import InvalidInputError


def test_costs_per_customer_count_what_their_names_say() -> None:
    cost = customer_acquisition_cost(400, marketing=60_000, sales=30_000, incentives=10_000, organic=100)
    assert (cost.fully_loaded, cost.marketing_only, cost.organic_share) == (250.0, 150.0, 0.25)
    assert cost.paid == pytest.approx(100_000 / 300)
    assert (cost.total_cost, cost.new_customers, cost.organic, cost.reason) == (100_000, 400, 100, None)
    assert str(cost).startswith(
        "acquisition cost 250.00 (90 % interval 230.15 to 271.97) over 400 new customers, 333.33 without"
    )
    assert "<p>acquisition cost" in cost._repr_html_()


@given(st.integers(0, 500), st.floats(0, 1), st.floats(1, 1e6), st.floats(0.5, 0.99))
def test_intervals_are_the_cost_over_exact_bounds_of_the_count(
    n: int, share: float, cost: float, level: float
) -> None:
    """Garwood's bounds by chi-squared quantiles; with nobody the cost may be anything above one bound."""
    organic = int(share * n)
    found = customer_acquisition_cost(n, marketing=cost, organic=organic, confidence_level=level)
    for interval, count in ((found.interval, n), (found.paid_interval, n - organic)):
        assert interval is not None
        most = chi2.ppf(0.5 + level / 2, 2 * count + 2) / 2
        fewest = chi2.ppf(0.5 - level / 2, 2 * count) / 2 if count else 0.0
        assert interval.lower == pytest.approx(cost / most)
        assert interval.upper == (pytest.approx(cost / fewest) if fewest else math.inf)
    assert found.paid >= found.fully_loaded >= found.marketing_only


def test_nobody_came_or_nothing_was_spent() -> None:
    nobody = customer_acquisition_cost(0, marketing=100)
    assert nobody.fully_loaded == math.inf
    assert nobody.organic_interval is None
    assert nobody.reason == "there are no new customers"
    free = customer_acquisition_cost(5, marketing=0, organic=5)
    assert free.fully_loaded == 0.0
    assert math.isnan(free.paid)
    assert free.reason == "nothing was spent and there are no paid customers"
    nothing = customer_acquisition_cost(0, marketing=0)
    assert math.isnan(nothing.fully_loaded)
    assert nothing.interval is None
    assert nothing.reason == "nothing was spent and there are no new or paid customers"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"new_customers": 1.5}, "`new_customers` must be a whole number at least 0, got 1.5"),
        ({"organic": 11}, "`organic` must be .* at most 10, got 11; organic customers are some of"),
        ({"sales": -1}, "`sales` must be .* at least 0, got -1; a cost is written as a positive number"),
        ({"confidence_level": 90}, "`confidence_level` must be .*, got 90; 95 % is written 0.95"),
    ],
)
def test_cost_refuses(arguments: dict[str, Any], message: str) -> None:
    call: dict[str, Any] = {"new_customers": 10, "marketing": 1.0} | arguments
    with pytest.raises(InvalidInputError, match=message):
        customer_acquisition_cost(call.pop("new_customers"), **call)


@given(
    st.floats(-1e3, 1e3),
    st.floats(1, 1e4),
    st.integers(1, 80),
    st.sampled_from(["start", "mid", "end", "continuous"]),
    st.floats(-0.2, 1),
    st.floats(0, 1),
)
def test_the_ratio_is_the_engine_over_the_cost(
    margin: float, cost: float, horizon: int, timing: str, discount: float, stay: float
) -> None:
    found = ltv_to_cac(
        margin, cost, horizon=horizon, timing=timing, discount_rate=discount, retention_rate=stay
    )
    value = clv_from_survival(stay ** np.arange(horizon), margin, discount_rate=discount, timing=timing)
    assert found.lifetime_value == pytest.approx(value, rel=1e-9, abs=1e-9)
    assert found.ratio == pytest.approx(value / cost, rel=1e-9, abs=1e-9)
    assert found.payback == payback_period(
        margin, cost, timing=timing, discount_rate=discount, retention_rate=stay
    )


def test_a_measured_cost_brings_its_interval() -> None:
    cost = customer_acquisition_cost(400, marketing=400_000)
    found = ltv_to_cac(500, cost, horizon=math.inf, timing="start", discount_rate=0.1, retention_rate=0.9)
    assert cost.interval is not None
    assert found.interval is not None
    assert found.ratio == pytest.approx(2.75)
    assert found.interval.lower == pytest.approx(2750 / cost.interval.upper)
    assert found.interval.upper == pytest.approx(2750 / cost.interval.lower)
    assert (
        str(found) == "LTV/CAC 2.75 (90 % interval 2.53 to 2.99) over an endless horizon, paid back after 3"
    )
    assert "LTV/CAC" in found._repr_html_()


def test_the_ratio_at_a_cost_of_nothing_is_infinite_and_of_nothing_to_nothing_undefined() -> None:
    terms: dict[str, Any] = {"horizon": 3, "timing": "end", "discount_rate": 0.0}
    assert ltv_to_cac(10, 0, **terms).ratio == math.inf
    assert ltv_to_cac(10, 0, **terms).payback == 0.0
    assert ltv_to_cac(-10, 0, **terms).ratio == -math.inf
    nothing = ltv_to_cac(0, 0, **terms)
    assert math.isnan(nothing.ratio)
    assert nothing.reason == "the value and the cost are both 0"
    assert "never paid back" in str(ltv_to_cac(-10, 5, **terms))
    assert ltv_to_cac(10, 5, **terms, retention_rate=0.0).ratio == 2.0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"horizon": 0}, "`horizon` must be .* at least 1, got 0"),
        ({"horizon": 1.5}, "`horizon` must be a whole number, got 1.5"),
        ({"horizon": math.inf, "discount_rate": 0.0}, "the sum diverges"),
        (
            {"acquisition_cost": customer_acquisition_cost(0, marketing=9)},
            "`acquisition_cost` must be .*, got inf; there are no new customers",
        ),
        ({"margin": 1e308, "horizon": 1000}, "the value must be within the range of a float"),
    ],
)
def test_ratio_refuses(arguments: dict[str, Any], message: str) -> None:
    call: dict[str, Any] = {
        "margin": 1.0,
        "acquisition_cost": 1.0,
        "horizon": 2,
        "timing": "end",
        "discount_rate": 0.0,
    } | arguments
    with pytest.raises(InvalidInputError, match=message):
        ltv_to_cac(call.pop("margin"), call.pop("acquisition_cost"), **call)

"""Whether a retention programme pays, and at what gain it would."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from customer_centric.churn import retention_value
from customer_centric.economics import clv_retention, retention_roi
from customer_centric.errors import InvalidInputError
from customer_centric.intervals import Interval

TERMS: dict[str, Any] = {"margin": 200, "cost": 60_000, "discount_rate": 0.1, "n_customers": 2000}


def test_the_return_is_value_gained_less_cost_over_cost() -> None:
    """From .8 to .815: 220 / .285 less 220 / .3 is 38.596 a customer."""
    roi = retention_roi(0.8, 0.015, **TERMS)
    assert roi.value_gained == pytest.approx(2000 * (220 / 0.285 - 220 / 0.3))
    assert roi.roi == pytest.approx((77_192.98 - 60_000) / 60_000, abs=1e-6)
    assert (roi.interval, roi.probability_of_profit, roi.reason) == (None, None, None)


def test_a_point_is_worth_what_retention_value_says() -> None:
    point = retention_value(0.8, margin=200, discount_rate_per_period=0.1).per_point
    assert retention_roi(0.8, 0.01, **TERMS).value_gained == pytest.approx(2000 * point)


@given(
    st.lists(st.tuples(st.floats(0, 0.9), st.floats(1, 100), st.integers(1, 50)), min_size=1, max_size=5),
    st.floats(-0.05, 0.1),
    st.floats(1, 1e4),
    st.floats(0.01, 0.5),
    st.sampled_from(["start", "end", "after_renewal"]),
)
def test_the_gain_is_the_difference_of_lifetime_values(
    groups: list[tuple[float, float, int]], gain: float, cost: float, discount: float, timing: Any
) -> None:
    """Summed over groups that differ; and at the break-even gain the return is 0."""
    rates, margins, counts = (np.array(column) for column in zip(*groups, strict=True))
    rates = np.maximum(rates, 0.05)
    call: dict[str, Any] = {
        "margin": margins,
        "cost": cost,
        "discount_rate": discount,
        "timing": timing,
        "n_customers": counts,
    }
    expected = sum(
        n
        * (
            clv_retention(m, r + gain, discount_rate=discount, timing=timing)
            - clv_retention(m, r, discount_rate=discount, timing=timing)
        )
        for r, m, n in zip(rates, margins, counts, strict=True)
    )
    found = retention_roi(rates, gain, **call)
    assert found.value_gained == pytest.approx(expected, rel=1e-6, abs=1e-6)
    if not math.isnan(found.break_even_gain):
        even = retention_roi(rates, found.break_even_gain, **call)
        assert even.value_gained == pytest.approx(cost, rel=1e-8)
        assert (found.roi > 0) == (gain > found.break_even_gain)
    else:
        best = retention_roi(rates, float(1 - rates.max()), **call)
        assert best.value_gained < cost
        assert found.reason == "no gain in retention is worth the cost"


def test_bounds_of_the_gain_are_bounds_of_the_return() -> None:
    ends = [retention_roi(0.8, gain, **TERMS).roi for gain in (0.005, 0.025)]
    roi = retention_roi(0.8, 0.015, **TERMS, gain_interval=Interval(0.005, 0.025, 0.8))
    assert roi.interval is not None
    assert [roi.interval.lower, roi.interval.upper] == pytest.approx(ends)
    assert roi.interval.confidence_level == 0.8
    assert str(roi) == (
        "return 29% (80 % interval -59% to 122%): 77,193 gained for 60,000, "
        "breaks even at 1.18 points of retention"
    )
    assert "return 29%" in roi._repr_html_()
    losing = retention_roi(
        0.8, 0.015, **TERMS | {"margin": -200}, gain_interval=Interval(0.005, 0.025, 0.8)
    ).interval
    assert losing is not None
    assert losing.lower < losing.upper < -1


def test_draws_of_the_gain_are_quantiles_of_the_return() -> None:
    draws = np.linspace(0, 0.04, 101)
    roi = retention_roi(0.8, 0.02, **TERMS, gain_draws=draws, confidence_level=0.9)
    assert roi.interval is not None
    assert roi.interval.lower == pytest.approx(retention_roi(0.8, draws[5], **TERMS).roi)
    assert roi.interval.upper == pytest.approx(retention_roi(0.8, draws[95], **TERMS).roi)
    assert roi.probability_of_profit == pytest.approx(np.mean(draws > roi.break_even_gain))


def test_edges_have_plain_answers() -> None:
    free = retention_roi(0.8, 0.01, margin=1, cost=0, discount_rate=0.1)
    assert (free.roi, free.break_even_gain) == (math.inf, 0.0)
    nothing = retention_roi(0.8, 0.0, margin=1, cost=0, discount_rate=0.1, gain_draws=[0.0, 0.0])
    assert math.isnan(nothing.roi)
    assert nothing.interval is None
    assert nothing.reason == "nothing was spent and nothing gained"
    assert retention_roi(0.8, 0.0, margin=1, cost=5, discount_rate=0.1).roi == -1.0
    worthless = retention_roi(0.8, 0.1, margin=-1, cost=5, discount_rate=0.1)
    assert math.isnan(worthless.break_even_gain)
    full = retention_roi(1.0, 0.0, margin=1, cost=5, discount_rate=0.1)
    assert math.isnan(full.break_even_gain)
    undiscounted = retention_roi(0.5, 0.25, margin=1, cost=1e9, discount_rate=0.0)
    assert undiscounted.value_gained == pytest.approx(2.0)
    assert undiscounted.break_even_gain == pytest.approx(0.5, abs=1e-8)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            {"gain": 5},
            "`gain` must be such that every rate with its gain is in .*, got 5 .*one point",
        ),
        ({"gain": [0.01, 0.9], "retention_rate": [0.1, 0.2]}, r"got 0\.9 at position 1 \(1 of 2 values\)"),
        ({"discount_rate": -0.3}, r"`retention_rate` must be less than 1 \+ `discount_rate`, got 0\.8"),
        ({"cost": -1}, "`cost` must be .* at least 0, got -1; a cost is written as a positive number"),
        ({"retention_rate": []}, "`retention_rate` must be of at least one customer, got none"),
        ({"gain_draws": []}, r"`gain_draws` must be one row of draws, got shape \(0,\)"),
        (
            {"gain_draws": [0.1], "gain_interval": Interval(0, 0.1, 0.9)},
            "`gain_interval` or `gain_draws` must be given alone",
        ),
        ({"gain": [0.01], "gain_draws": [0.1]}, "for a `gain` that is one number"),
    ],
)
def test_refusals(arguments: dict[str, Any], message: str) -> None:
    call = TERMS | {"retention_rate": 0.8, "gain": 0.01} | arguments
    with pytest.raises(InvalidInputError, match=message):
        retention_roi(call.pop("retention_rate"), call.pop("gain"), **call)

"""Winning against keeping: on average, and for one more."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from customer_centric.economics import SpendResponse, acquisition_retention_ratio, response_cost_ratio
from customer_centric.errors import InvalidInputError

CEILINGS: dict[str, Any] = {
    "prospects": 20_000,
    "customers": 10_000,
    "acquisition_ceiling": 0.2,
    "retention_ceiling": 0.9,
}


def test_budget_of_blattberg_and_deighton_1996_has_equal_marginal_and_unequal_average_costs() -> None:
    """At A* = 32.437 and R* = 45.897: average 130.4 against 56.7 (2.3 times), one more 220.5 either way."""
    ratio = response_cost_ratio(
        SpendResponse(0.4, 0.03),
        SpendResponse(0.9, 0.05),
        acquisition_spend=32.437,
        retention_spend=45.897,
    )
    assert ratio.average_acquisition == pytest.approx(130.4, abs=0.06)
    assert ratio.average_retention == pytest.approx(56.7, abs=0.06)
    assert ratio.average == pytest.approx(2.3, abs=0.01)
    assert ratio.marginal_acquisition == pytest.approx(220.5, abs=0.05)
    assert ratio.marginal_retention == pytest.approx(220.5, abs=0.05)
    assert ratio.marginal == pytest.approx(1, abs=1e-4)
    assert (ratio.average_interval, ratio.marginal_interval, ratio.reason) == (None, None, None)


@given(st.floats(0.02, 0.9), st.floats(0.02, 0.9), st.floats(1, 1e3), st.floats(0, 0.9))
def test_counts_and_curves_through_them_agree(won: float, kept: float, spend: float, base: float) -> None:
    """Spending and counts calibrate the same curve as `SpendResponse.from_point`."""
    n = 10_000
    new, stay = round(won * n), round(kept * n)
    base *= stay / n * 0.99
    found = acquisition_retention_ratio(
        spend * n,
        new,
        2 * spend * n,
        stay,
        prospects=n,
        customers=n,
        acquisition_ceiling=0.95,
        retention_ceiling=0.95,
        retention_base=base,
    )
    curves = response_cost_ratio(
        SpendResponse.from_point(spend, new / n, ceiling=0.95),
        SpendResponse.from_point(2 * spend, stay / n, ceiling=0.95, base=base),
        acquisition_spend=spend,
        retention_spend=2 * spend,
    )
    assert found.average == pytest.approx(curves.average)
    assert found.marginal_acquisition == pytest.approx(curves.marginal_acquisition)
    assert found.marginal_retention == pytest.approx(curves.marginal_retention)
    assert found.marginal == pytest.approx(curves.marginal)
    for value, interval in (
        (found.average, found.average_interval),
        (found.marginal, found.marginal_interval),
    ):
        assert interval is not None
        assert interval.lower < value < interval.upper


@given(st.integers(0, 50), st.integers(0, 50), st.floats(1, 100), st.floats(1, 100))
def test_the_average_ratio_holds_its_interval_the_other_way_round(
    new: int, stay: int, one: float, other: float
) -> None:
    """Swapping both sides turns the ratio and its bounds over."""
    found = acquisition_retention_ratio(one, new, other, stay)
    swapped = acquisition_retention_ratio(other, stay, one, new)
    if new == stay == 0:
        assert found.average_interval is None
        return
    assert found.average_interval is not None
    assert swapped.average_interval is not None
    low, high = found.average_interval.lower, found.average_interval.upper
    assert (1 / swapped.average_interval.upper if stay else 0.0) == pytest.approx(low, abs=1e-12)
    assert (1 / swapped.average_interval.lower if new else math.inf) == pytest.approx(high)
    assert low <= found.average <= high


def test_intervals_of_the_average_hold_what_they_promise() -> None:
    """400 draws of Poisson counts: nine of ten intervals hold the true ratio."""
    rng = np.random.default_rng(5)
    new, stay = rng.poisson(40, 400), rng.poisson(300, 400)
    held = [
        (found := acquisition_retention_ratio(500, int(a), 300, int(b)).average_interval) is not None
        and found.contains((500 / 40) / (300 / 300))
        for a, b in zip(new, stay, strict=True)
    ]
    assert np.mean(held) == pytest.approx(0.9, abs=0.04)


def test_results_say_themselves_in_words_and_rows() -> None:
    ratio = acquisition_retention_ratio(500_000, 1_000, 850_000, 8_500, **CEILINGS)
    assert str(ratio) == (
        "winning costs 5.00 times as much as keeping on average (90 % interval 4.73 to 5.28), "
        "0.99 times for one more (90 % interval 0.90 to 1.07)"
    )
    frame = ratio.to_frame()
    assert frame["cost"].tolist() == ["average", "marginal"]
    assert frame["ratio"].tolist() == [ratio.average, ratio.marginal]
    assert frame["acquisition"].tolist() == [500.0, ratio.marginal_acquisition]
    assert "<table" in ratio._repr_html_()
    alone = acquisition_retention_ratio(500, 1, 100, 1)
    assert math.isnan(alone.marginal)
    assert alone.marginal_interval is None
    assert alone.reason == "one more customer has no price without prospects, customers and ceilings"
    assert np.isnan(alone.to_frame().loc[1, "lower"])


def test_nobody_or_nothing_has_honest_bounds() -> None:
    nobody = acquisition_retention_ratio(500, 0, 100, 10, **CEILINGS)
    assert nobody.average == math.inf
    assert nobody.average_interval is not None
    assert 0 < nobody.average_interval.lower < nobody.average_interval.upper == math.inf
    assert nobody.marginal_acquisition == math.inf
    assert nobody.marginal_interval is not None
    assert (nobody.marginal_interval.lower, nobody.marginal_interval.upper) == (0.0, math.inf)
    free = acquisition_retention_ratio(500, 5, 0, 10, **CEILINGS)
    assert (free.average, free.average_interval, free.marginal_interval) == (math.inf, None, None)
    nothing = acquisition_retention_ratio(0, 0, 0, 0)
    assert math.isnan(nothing.average)
    assert nothing.reason is not None
    assert nothing.reason.startswith("a cost per customer is undefined on average")
    both = acquisition_retention_ratio(0, 5, 0, 5, **CEILINGS)
    assert math.isnan(both.marginal)
    assert both.reason is not None
    assert "undefined: nothing was spent, or it moved nobody" in both.reason


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"retention_ceiling": None}, "the marginal ratio needs .*, got no `retention_ceiling`; give all of"),
        ({"retention_ceiling": 0.8}, r"`retention_ceiling` must be .* greater than 0\.85 .*, got 0\.8"),
        ({"acquisition_ceiling": 1.1}, r"`acquisition_ceiling` must be .* at most 1, got 1\.1"),
        ({"prospects": 10}, "`prospects` must be a whole number at least 1000, got 10"),
        ({"retention_base": 0.9}, r"`retention_base` must be .* at most 0\.85, got 0\.9"),
        ({"new_customers": 1.5}, r"`new_customers` must be a whole number at least 0, got 1\.5"),
        ({"retention_spend": -1}, "`retention_spend` must be .* at least 0, got -1; a cost is written"),
    ],
)
def test_refusals(arguments: dict[str, Any], message: str) -> None:
    call: dict[str, Any] = {
        "acquisition_spend": 500_000,
        "new_customers": 1000,
        "retention_spend": 850_000,
        "retained_customers": 8500,
        **CEILINGS,
    } | arguments
    with pytest.raises(InvalidInputError, match=message):
        acquisition_retention_ratio(**call)


def test_curves_that_are_none_are_refused() -> None:
    curve = SpendResponse(0.4, 0.03)
    with pytest.raises(InvalidInputError, match=r"`retention` must be a response curve, got 0\.9; pass for"):
        response_cost_ratio(curve, 0.9, acquisition_spend=1, retention_spend=1)  # type: ignore[arg-type]
    with pytest.raises(InvalidInputError, match=r"`acquisition_spend` must be .* greater than 0, got 0"):
        response_cost_ratio(curve, curve, acquisition_spend=0, retention_spend=1)

"""The best spending on winning and on keeping customers: its numbers, its conditions, its neighbours."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import minimize_scalar

from customer_centric.economics import BudgetPlan, SpendResponse, clv_from_survival, optimal_budget
from customer_centric.errors import InvalidInputError
from effort import examples

SHARES = st.builds(
    lambda base, reach, k: SpendResponse(base + reach * (0.98 - base), k, base),
    st.one_of(st.just(0.0), st.floats(0, 0.5)),
    st.floats(0.01, 1),
    st.floats(1e-4, 1),
)
MARGIN = st.floats(1, 1e3)
DISCOUNT = st.floats(0, 0.5)


def example() -> BudgetPlan:
    return optimal_budget(SpendResponse(0.4, 0.03), SpendResponse(0.9, 0.05), margin=100, discount_rate=0.1)


def test_blattberg_deighton_1996_the_stated_example() -> None:
    """ca=.4 ka=.03 cr=.9 kr=.05 m=100 d=.1."""
    plan = example()
    assert plan.acquisition_spend == pytest.approx(32.437, abs=6e-4)
    assert plan.retention_spend == pytest.approx(45.897, abs=6e-4)
    assert plan.lifetime_value == pytest.approx(220.513, abs=6e-4)
    assert plan.equity_per_prospect == pytest.approx(22.4, abs=0.05)
    assert (plan.acquisition_rate, plan.retention_rate) == pytest.approx((0.249, 0.809), abs=6e-4)
    assert plan.marginal_acquisition_cost == pytest.approx(220.5, abs=0.05)
    assert plan.marginal_retention_cost == pytest.approx(220.5, abs=0.05)
    assert plan.average_acquisition_cost == pytest.approx(130.4, abs=0.05)
    assert plan.average_retention_cost == pytest.approx(56.7, abs=0.05)
    assert plan.average_acquisition_cost / plan.average_retention_cost == pytest.approx(2.3, abs=0.05)
    assert plan.reason == ""


@given(SHARES, st.floats(0, 1.2), MARGIN, DISCOUNT)
@examples(40)
def test_the_value_of_a_customer_is_the_sum_of_what_comes_and_goes(
    retention: SpendResponse, share: float, margin: float, discount: float
) -> None:
    """A margin now, then R on everybody and m from those who stay; and the textbook's form of it."""
    spend = share * margin
    r = float(retention.response(spend))
    plan = optimal_budget(SpendResponse(0.5, 1.0), retention, margin=margin, discount_rate=discount)
    found = float(plan.equity_at(1e3, spend) + 1e3) / 0.5
    life = r ** np.arange(3000.0)
    flow = np.append(margin, np.full(2999, margin - spend / r if r > 0 else 0.0))
    summed = clv_from_survival(life, flow, discount_rate=discount, timing="start")
    if r > 0:
        assert found == pytest.approx(summed, rel=1e-9, abs=1e-7)
        discounted = r / (1 + discount)
        textbook = margin + (margin - spend / r) * discounted / (1 - discounted)
        assert found == pytest.approx(textbook, rel=1e-9, abs=1e-7)


@given(SHARES, SHARES, MARGIN, DISCOUNT)
@examples(60)
def test_the_optimum_beats_everything_a_search_finds(
    acquisition: SpendResponse, retention: SpendResponse, margin: float, discount: float
) -> None:
    """A grid over all sensible spending, and a bounded search: the value has one peak, and this is it."""
    plan = optimal_budget(acquisition, retention, margin=margin, discount_rate=discount)
    money = margin * (1 + discount)
    spends = np.concatenate([np.geomspace(1e-6 * money, money, 300), np.linspace(0, money, 300)])
    best = plan.equity_per_prospect
    slack = 1e-9 * max(1.0, plan.lifetime_value)
    at_best_a = plan.equity_at(plan.acquisition_spend, spends)
    assert np.all(at_best_a <= best + slack)
    top = max(1.0, plan.lifetime_value)
    grid = np.concatenate([[0.0], np.geomspace(1e-6, top, 300)])
    assert np.all(plan.equity_at(grid[:, None], np.sort(spends)[None, ::10]) <= best + slack)
    value = minimize_scalar(
        lambda spend: -float(plan.equity_at(0.0, spend) if acquisition.base else plan.equity_at(1.0, spend)),
        bounds=(0, money),
        method="bounded",
        options={"xatol": 1e-10 * money},
    )
    reached = float(plan.equity_at(0.0 if acquisition.base else 1.0, plan.retention_spend))
    assert reached >= -value.fun - slack


@given(SHARES, SHARES, MARGIN, DISCOUNT)
def test_within_its_bounds_one_more_customer_costs_what_one_is_worth(
    acquisition: SpendResponse, retention: SpendResponse, margin: float, discount: float
) -> None:
    plan = optimal_budget(acquisition, retention, margin=margin, discount_rate=discount)
    for spend, cost in (
        (plan.acquisition_spend, plan.marginal_acquisition_cost),
        (plan.retention_spend, plan.marginal_retention_cost),
    ):
        if spend > 0:
            assert cost == pytest.approx(plan.lifetime_value, rel=1e-8)
        else:
            assert cost >= plan.lifetime_value * (1 - 1e-12)
            assert "the first one costs" in plan.reason


def test_money_has_no_unit() -> None:
    """Cents instead of euros: a hundred times the spending, the same customers."""
    cents = optimal_budget(
        SpendResponse(0.4, 0.0003), SpendResponse(0.9, 0.0005), margin=1e4, discount_rate=0.1
    )
    assert cents.retention_spend == pytest.approx(100 * example().retention_spend, rel=1e-12)
    assert cents.acquisition_rate == pytest.approx(example().acquisition_rate, rel=1e-12)


def test_the_peak_is_flat() -> None:
    """A fifth too much or too little on one side costs a few percent."""
    plan = example()
    best = plan.equity_per_prospect
    lost = [
        1 - float(plan.equity_at(plan.acquisition_spend * f, plan.retention_spend)) / best for f in (0.8, 1.2)
    ]
    assert lost == pytest.approx([0.0301, 0.0264], abs=1e-4)
    lost = [
        1 - float(plan.equity_at(plan.acquisition_spend, plan.retention_spend * f)) / best for f in (0.8, 1.2)
    ]
    assert lost == pytest.approx([0.0797, 0.0784], abs=1e-4)


def test_nothing_is_spent_where_the_first_customer_costs_too_much() -> None:
    poor = optimal_budget(SpendResponse(0.4, 0.003), SpendResponse(0.9, 0.005), margin=100, discount_rate=0.1)
    assert (poor.acquisition_spend, poor.retention_spend, poor.equity_per_prospect) == (0, 0, 0)
    assert poor.lifetime_value == 100
    assert math.isnan(poor.average_acquisition_cost)
    assert math.isnan(poor.average_retention_cost)
    assert poor.reason == (
        "nothing on winning customers: the first one costs 833.33, and one is worth 100.00; "
        "nothing on keeping customers: the first one costs 222.22, and one is worth 100.00"
    )
    loss = optimal_budget(SpendResponse(0.4, 3), SpendResponse(0.9, 5), margin=-1, discount_rate=0.1)
    assert (loss.acquisition_spend, loss.retention_spend, loss.lifetime_value) == (0, 0, -1)
    only_keeping = optimal_budget(
        SpendResponse(0.4, 0.001), SpendResponse(0.9, 0.05), margin=100, discount_rate=0.1
    )
    assert only_keeping.acquisition_spend == 0 < only_keeping.retention_spend
    free = optimal_budget(
        SpendResponse(0.4, 1e-3, 0.3), SpendResponse(0.9, 1e-9, 0.8), margin=100, discount_rate=0.1
    )
    assert free.equity_per_prospect == pytest.approx(0.3 * 100 * 1.1 / 0.3)


@pytest.mark.parametrize("gap", [0.0, 1e-300, 1e-17, 1e-9, 1e-3])
def test_everybody_can_be_kept_without_a_discount(gap: float) -> None:
    """1 + d - ceiling of 0 in the limit: the peak is at m - 1/k, and finite."""
    plan = optimal_budget(SpendResponse(0.4, 0.03), SpendResponse(1 - gap, 0.05), margin=100, discount_rate=0)
    assert plan.retention_spend == pytest.approx(80, abs=1100 * gap + 1e-6)
    assert plan.lifetime_value == pytest.approx(20 * math.exp(4), rel=60 * gap + 1e-9)


def test_extreme_curves_keep_their_digits() -> None:
    """Money that reaches the ceiling at once, and curves of a billion customers in one."""
    for k in (1e-9, 1.0, 1e6, 1e100):
        plan = optimal_budget(SpendResponse(0.4, k), SpendResponse(0.9, k), margin=1e3 / k, discount_rate=0.1)
        assert plan.marginal_retention_cost == pytest.approx(plan.lifetime_value, rel=1e-9)
    assert float(SpendResponse(0.5, 1e-18).response(1.0)) == pytest.approx(5e-19, rel=1e-12)
    assert float(SpendResponse(0.5, 1.0).marginal_cost(1e4)) == math.inf


@given(st.floats(0.1, 1e4), st.floats(0.01, 0.99), st.floats(1e-3, 1e3), st.floats(0, 0.9))
def test_a_curve_goes_through_its_point(spend: float, share: float, ceiling: float, base: float) -> None:
    floor = base * ceiling
    answer = floor + share * (ceiling - floor)
    curve = SpendResponse.from_point(spend, answer, ceiling=ceiling, base=floor)
    assert float(curve.response(spend)) == pytest.approx(answer, rel=1e-9)
    assert curve.response([0.0, 1e9 / curve.k]).tolist() == pytest.approx([floor, ceiling])
    product = curve.marginal_cost([0.0, spend]) * curve.marginal_response([0.0, spend])
    assert product.tolist() == pytest.approx([1, 1])
    step = 1e-6 * spend
    slope = float(curve.response(spend + step) - curve.response(spend)) / step
    assert slope == pytest.approx(float(curve.marginal_response(spend)), rel=1e-3, abs=1e-9 * ceiling / step)


def test_a_plan_says_itself() -> None:
    plan = example()
    assert str(plan).startswith("Spend 32.44 a prospect and 45.90 a customer and period: it wins 24.9%")
    assert plan.to_frame()["marginal_cost"].tolist() == pytest.approx([220.513] * 2, abs=6e-4)
    assert "<table" in plan._repr_html_()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((0.1, 0.0), "`k` must be a finite number greater than 0, got 0"),
        ((0.0, 1.0), "`ceiling` must be a finite number greater than 0, got 0; the ceiling is what no"),
        ((0.3, 1.0, 0.3), "`ceiling` must be a finite number greater than 0.3, got 0.3"),
        ((0.3, 1.0, -0.1), "`base` must be a finite number at least 0, got -0.1"),
    ],
)
def test_curves_are_checked(arguments: tuple[float, ...], message: str) -> None:
    with pytest.raises(InvalidInputError, match=message):
        SpendResponse(*arguments)


def test_inputs_are_checked() -> None:
    with pytest.raises(
        InvalidInputError, match=r"`response` must be .* less than 0.1, got 0.1; what is spent"
    ):
        SpendResponse.from_point(5, 0.1, ceiling=0.1)
    with pytest.raises(InvalidInputError, match="`spend` must be a finite number greater than 0, got 0"):
        SpendResponse.from_point(0, 0.05, ceiling=0.1)
    good = SpendResponse(0.4, 0.03)
    with pytest.raises(InvalidInputError, match=r"`spend` must be .* at least 0, got -1 at position 1"):
        good.response([0, -1])
    with pytest.raises(InvalidInputError, match=r"`retention.ceiling` must be .* at most 1, got 90; 40 %"):
        optimal_budget(good, SpendResponse(90, 1), margin=1, discount_rate=0.1)
    with pytest.raises(InvalidInputError, match=r"at most 1 \+ `discount_rate`, got 0.9 and 0.8; the value"):
        optimal_budget(good, SpendResponse(0.9, 1), margin=1, discount_rate=-0.2)
    with pytest.raises(InvalidInputError, match="`acquisition` must be a SpendResponse, got float; `SpendR"):
        optimal_budget(0.4, good, margin=1, discount_rate=0.1)  # type: ignore[arg-type]
    with pytest.raises(InvalidInputError, match=r"`discount_rate` must be .* greater than -1, got -1; 10 %"):
        optimal_budget(good, good, margin=1, discount_rate=-1)
    with pytest.raises(InvalidInputError, match="`margin` must be a finite number, got nan"):
        optimal_budget(good, good, margin=math.nan, discount_rate=0.1)
    for margin, k in ((1e200, 1e200), (1e5, 1.0)):
        with pytest.raises(
            InvalidInputError, match="within the range of a float; use a larger unit of money"
        ):
            optimal_budget(good, SpendResponse(1.0, k), margin=margin, discount_rate=0)

"""The drawing of a budget is the hill around its plan."""

from __future__ import annotations

import pytest

from customer_centric import InvalidInputError, plot
from customer_centric.economics import SpendResponse, optimal_budget
from plot._of_segments import DRAWINGS, budget


def test_the_point_is_the_plan_and_lies_within() -> None:
    axes, plan = DRAWINGS["budget"](), budget()
    (point,) = axes.lines
    assert (point.get_xdata()[0], point.get_ydata()[0]) == (plan.acquisition_spend, plan.retention_spend)
    assert axes.get_xlim()[1] > 2 * plan.acquisition_spend
    assert axes.get_ylim()[1] > 2 * plan.retention_spend


def test_a_side_without_spending_is_drawn_too() -> None:
    nothing_kept = optimal_budget(
        SpendResponse.from_point(5, 0.03, ceiling=0.1),
        SpendResponse(0.75, 0.001, base=0.7),
        margin=150,
        discount_rate=0.1,
    )
    assert nothing_kept.retention_spend == 0
    assert "<svg" in plot.figure_svg(plot.plot_budget(nothing_kept), label="x")


def test_a_plan_that_is_worth_nothing_is_refused() -> None:
    poor = optimal_budget(
        SpendResponse(0.1, 0.001), SpendResponse(0.75, 0.001, base=0.1), margin=1, discount_rate=0.1
    )
    assert poor.equity_per_prospect == 0
    with pytest.raises(
        InvalidInputError, match="`plan` must have a value greater than 0, got 0 per prospect"
    ):
        plot.plot_budget(poor)

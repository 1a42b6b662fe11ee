"""What an investment is worth and yields: every rate, whatever the flows."""

from __future__ import annotations

import itertools
import math
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from customer_centric.economics import clv_annuity, investment_case, payback_period
from customer_centric.errors import InvalidInputError
from effort import examples

FLOWS = st.lists(st.integers(-1000, 1000), min_size=1, max_size=12)


def npv(flows: Any, rate: Any) -> Any:
    """Horner's rule in the discount factor."""
    total = 0.0 * rate
    for flow in reversed(list(flows)):
        total = total / (1 + rate) + flow
    return total


def test_internal_rate_of_the_opening_case_is_49_1_percent() -> None:
    case = investment_case([-1000] + [500] * 10, discount_rate=0.1)
    assert case.irr == pytest.approx(0.491, abs=5e-4)
    assert case.npv == pytest.approx(2072.2836, abs=5e-5)
    assert (case.payback, case.discounted_payback, case.reason) == (2, 3, None)
    assert case.profitability == pytest.approx(3.0722836, abs=5e-8)
    assert (case.npv_interval, case.irr_interval, case.probability_of_profit, case.n_draws) == (None,) * 3 + (
        0,
    )


@pytest.mark.parametrize(
    ("flows", "rates"),
    [
        # Lorie and Savage (1955), the oil pump: 25 % and 400 %.
        ([-1600, 10000, -10000], [0.25, 4.0]),
        ([-100, 230, -132], [0.1, 0.2]),
        # (1 + i - 1.1)(1 + i - 1.2)(1 + i - 1.3), times 1,000
        ([-1000, 3600, -4310, 1716], [0.1, 0.2, 0.3]),
        ([-1, 3, -3, 1], [0.0]),
        ([1, -2, 1], [0.0]),
        ([-1, 0, 0, 8], [1.0]),
        ([0, 0, -1, 2], [1.0]),
        ([-100, 50], [-0.5]),
        ([100, -50], [-0.5]),
        ([1, 1, 1], []),
        ([1, -1, 1], []),
        ([-5], []),
        ([0, 0], []),
        ([-1e-150, 1e150], [1e300]),
    ],
)
def test_flows_have_exactly_these_internal_rates(flows: list[float], rates: list[float]) -> None:
    assert investment_case(flows, discount_rate=0.1).irrs.tolist() == pytest.approx(rates, rel=1e-6, abs=1e-5)


@given(FLOWS)
def test_at_every_internal_rate_the_net_present_value_is_zero(flows: list[int]) -> None:
    """And there are at most as many as changes of sign, in order, all above -1 (Descartes)."""
    found = investment_case(flows, discount_rate=0.1).irrs
    signs = [np.sign(flow) for flow in flows if flow]
    assert len(found) <= sum(a != b for a, b in itertools.pairwise(signs))
    assert (np.diff(found) > 0).all()
    assert (found > -1).all()
    for rate in found:
        assert abs(npv(flows, rate)) <= 1e-9 * npv(np.abs(flows), rate)


@examples(40)
@given(FLOWS)
def test_all_internal_rates_are_found(flows: list[int]) -> None:
    """Against the eigenvalues of the companion matrix, and the changes of sign of the value on a grid."""
    found = investment_case(flows, discount_rate=0.1).irrs
    rates = np.expm1(np.linspace(-3, 3, 1001))
    values = npv(flows, rates)
    crossed = np.flatnonzero(values[:-1] * values[1:] < 0)
    for i in crossed:
        assert ((found >= rates[i]) & (found <= rates[i + 1])).any()
    roots = np.roots(np.trim_zeros(flows, "f")) if any(flows) else np.zeros(0)
    factors = roots[(np.abs(roots.imag) < 1e-12 * np.abs(roots)) & (roots.real > 1e-6)].real
    # A pair of roots that nearly meet may be called real by one side and not by the other.
    apart = [r for r in factors if np.sort(np.abs(roots - r))[1:2].sum() > 1e-3 * r or roots.size == 1]
    for root in apart:
        assert np.abs((1 + found) / root - 1).min() < 1e-6


@given(st.floats(1, 100), st.floats(1, 500), st.floats(0, 0.5), st.integers(1, 30))
def test_a_customer_is_an_investment(margin: float, cost: float, discount: float, n: int) -> None:
    """The net present value is the lifetime value, and the payback the payback."""
    case = investment_case([-cost] + [margin] * n, discount_rate=discount)
    value = clv_annuity(margin, n, discount_rate=discount, timing="end", acquisition_cost=cost)
    assert case.npv == pytest.approx(value, rel=1e-9, abs=1e-9 * cost)
    for found, rate in ((case.payback, 0.0), (case.discounted_payback, discount)):
        expected = payback_period(margin, cost, timing="end", discount_rate=rate)
        assert found == (expected if expected <= n else math.inf)
    assert case.profitability == pytest.approx(1 + value / cost)
    assert (case.npv > 0) == (case.irr > discount) or abs(case.npv) < 1e-6 * cost


def test_payback_is_when_the_flows_stay_above_water() -> None:
    assert investment_case([-10, 20, -15, 10], discount_rate=0.0).payback == 3
    assert investment_case([5, 5], discount_rate=0.0).payback == 0
    assert investment_case([-10, 9], discount_rate=0.0).payback == math.inf
    assert investment_case([5, 5], discount_rate=0.0).profitability == math.inf
    assert investment_case([0.0, -3.0], discount_rate=0.0).profitability == 0.0


def test_draws_give_intervals() -> None:
    """Quantiles over the draws, around the measures of the mean flows."""
    gains = np.linspace(300, 700, 101)
    flows = np.column_stack([np.full(101, -1000.0), gains, gains, gains])
    case = investment_case(flows, discount_rate=0.1)
    each = [investment_case(row, discount_rate=0.1) for row in flows]
    assert case.npv == pytest.approx(each[50].npv)
    for name in ("npv", "irr", "payback", "discounted_payback", "profitability"):
        interval = getattr(case, f"{name}_interval")
        expected = sorted(getattr(one, name) for one in each)
        assert [interval.lower, interval.upper] == pytest.approx([expected[5], expected[95]], rel=1e-9)
        assert interval.confidence_level == 0.9
    assert case.discounted_payback_interval is not None
    assert case.discounted_payback_interval.upper == math.inf
    assert case.probability_of_profit == np.mean([one.npv > 0 for one in each])
    assert (case.n_draws, case.reason) == (101, None)
    assert str(case).startswith(
        "NPV 243.43 (90 % interval -204.21 to 691.06) at 10 %, IRR 23.4%, paid back after"
    )
    assert "NPV 243.43" in case._repr_html_()


def test_draws_without_one_rate_are_counted_not_dropped() -> None:
    case = investment_case([[-100, 230, -132], [-100, 100, 50], [-100, -1, -1]], discount_rate=0.1)
    assert case.irr_interval is None
    assert case.npv_interval is not None
    assert case.reason is not None
    assert "2 of 3 draws have not exactly one internal rate of return" in case.reason
    two = investment_case([[-100, 150, -20]] * 3, discount_rate=0.1)
    assert two.npv_interval is not None
    assert two.npv_interval.width == pytest.approx(0)


@examples(40)
@given(st.lists(st.lists(st.integers(-50, 50), min_size=4, max_size=4), min_size=1, max_size=6))
def test_draws_one_by_one_and_together_have_the_same_rates(rows: list[list[int]]) -> None:
    """Rates of many draws are found at once; they are those of each draw alone."""
    each = [investment_case(row, discount_rate=0.1).irr for row in rows]
    together = investment_case(rows, discount_rate=0.1)
    if np.isnan(each).any():
        assert together.irr_interval is None
    else:
        assume(max(each) < 1e6)
        assert together.irr_interval is not None
        low, high = np.quantile(each, [0.05, 0.95], method="inverted_cdf")
        assert together.irr_interval.lower == pytest.approx(low, abs=1e-9)
        assert together.irr_interval.upper == pytest.approx(high, abs=1e-9)


@pytest.mark.parametrize(
    ("flows", "reason"),
    [
        ([1, 2], "no internal rate of return: the flows never change sign"),
        ([1, -1, 1], "the net present value is 0 at no rate"),
        ([-100, 230, -132], "2 internal rates of return: decide by the net present value"),
        ([0, 0], "all flows are 0"),
    ],
)
def test_a_missing_rate_has_a_reason(flows: list[float], reason: str) -> None:
    case = investment_case(flows, discount_rate=0.1)
    assert math.isnan(case.irr)
    assert case.reason == reason


@pytest.mark.parametrize(
    ("flows", "rate", "message"),
    [
        ([], 0.1, r"`cashflows` must be one row of flows, or one row a draw, got shape \(0,\)"),
        (5.0, 0.1, r"`cashflows` must be one row of flows, .* got shape \(\)"),
        ([1, math.nan], 0.1, r"`cashflows` must be a finite number, got nan at position 1 \(1 of 2 values\)"),
        ([1, 2], -1, "`discount_rate` must be .* greater than -1, got -1"),
        ([1e308, 1e308], 0.0, "the net present value must be within the range of a float"),
    ],
)
def test_refusals(flows: Any, rate: float, message: str) -> None:
    with pytest.raises(InvalidInputError, match=message):
        investment_case(flows, discount_rate=rate)

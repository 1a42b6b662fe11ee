"""Cuts that follow from money, against the profit on both sides of them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from customer_centric.churn import campaign_profit
from customer_centric.errors import InvalidInputError
from customer_centric.segments import (
    decision_threshold,
    incremental_profit,
    offer_profit,
    service_threshold,
)
from effort import examples

OFFER = {"incentive": 30.0, "contact_cost": 2.0, "success": 0.3}
MONEY, SHARE = st.floats(0, 1000), st.floats(0, 1)


def test_neslin_et_al_thresholds() -> None:
    """V = 300, incentive 30, contact 2, success 0.3: 0.288288 where all take it, 0.122222 where 0.3 do."""
    assert float(decision_threshold(300, **OFFER)) == pytest.approx(0.288288, abs=5e-7)
    assert float(decision_threshold(300, **OFFER, take_up=0.3)) == pytest.approx(0.122222, abs=5e-7)


@given(st.floats(-500, 1000), MONEY, MONEY, SHARE, SHARE, SHARE)
@examples(100)
def test_profit_is_positive_exactly_above_the_threshold(
    value: float, incentive: float, contact: float, success: float, take_up: float, risk: float
) -> None:
    offer = {"incentive": incentive, "contact_cost": contact, "success": success, "take_up": take_up}
    cut = float(decision_threshold(value, **offer))
    profit = float(offer_profit(risk, value, **offer))
    if risk > cut + 1e-9 * (1 + cut):
        assert profit >= -1e-6
    if risk < cut - 1e-9:
        assert profit <= 1e-6
    if cut <= 1:
        assert float(offer_profit(cut, value, **offer)) == pytest.approx(0, abs=1e-6)


def test_a_value_up_to_the_incentive_is_never_treated() -> None:
    assert decision_threshold([30, 29.9, -5], **OFFER).tolist() == [np.inf] * 3
    assert float(decision_threshold(100, incentive=0, contact_cost=0, success=0)) == np.inf
    assert float(decision_threshold(100, incentive=0, contact_cost=0, success=0.5)) == 0


def test_it_is_the_profit_of_a_campaign() -> None:
    """All contacted customers who leave, or all who stay: the same money as a campaign of one customer."""
    for left in (0, 1):
        campaign = campaign_profit([left], [0.5], lifetime_value=300, offer_cost=30, contact_cost=2)
        assert float(offer_profit(left, 300, **OFFER)) == pytest.approx(campaign.profits[-1])


def test_uplift_is_not_risk() -> None:
    assert incremental_profit([0.1, -0.1], 300, expected_cost=5) == pytest.approx([25, -35])


@given(st.floats(0, 1e6), st.floats(0.001, 1), st.floats(0, 0.5))
@examples(50)
def test_a_service_level_breaks_even_at_its_threshold(cost: float, uplift: float, error: float) -> None:
    found = service_threshold(cost=cost, uplift=uplift, uplift_standard_error=error)
    assert uplift * found.value == pytest.approx(cost)
    assert found.interval is not None
    assert found.interval.contains(found.value)
    assert (found.interval.upper == np.inf) == (uplift <= 1.959963984540054 * error)


def test_a_level_that_adds_nothing_never_pays() -> None:
    found = service_threshold(cost=0, uplift=0)
    assert found.value == np.inf
    assert found.interval is None
    assert found.reason is not None
    assert found.to_frame().isna().sum().sum() == 2


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda: decision_threshold(300, **OFFER | {"success": 1.5}),
            "`success` must be a finite number at le",
        ),
        (
            lambda: decision_threshold(300, **OFFER | {"incentive": -1}),
            "`incentive` must be a finite number at",
        ),
        (
            lambda: decision_threshold([1, 2], **OFFER | {"incentive": [1, 2, 3]}),
            "lengths must agree or be 1",
        ),
        (
            lambda: offer_profit(2, 300, **OFFER),
            "`probability` must be a finite number at least 0 and at most",
        ),
        (lambda: incremental_profit(2, 1, expected_cost=0), "`uplift` must be a finite number at least -1"),
        (lambda: service_threshold(cost=-1, uplift=0.1), "`cost` must be a finite number at least 0, got -1"),
    ],
)
def test_refusals(call: object, message: str) -> None:
    with pytest.raises(InvalidInputError, match=message):
        call()  # type: ignore[operator]


def test_a_service_threshold_reads_as_a_sentence() -> None:
    found = service_threshold(cost=40, uplift=0.05, uplift_standard_error=0.01)
    assert str(found) == "the level pays from a value of 800.00 (95 % interval 574.72 to 1,315.77)"
    assert str(service_threshold(cost=40, uplift=0.05)) == (
        "the level pays from a value of 800.00; an interval needs `uplift_standard_error`"
    )
    assert str(service_threshold(cost=40, uplift=0.0)).startswith("the level pays from no value; ")
    assert "800.00" in found._repr_html_()

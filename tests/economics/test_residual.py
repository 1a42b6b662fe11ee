"""What a customer whom one has is still worth."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from customer_centric.churn import Sbg
from customer_centric.economics import clv_from_survival, clv_retention, residual_clv
from customer_centric.errors import InvalidInputError


@pytest.mark.parametrize(("renewals", "expected"), [(1, 2.9646621), (2, 4.1034586), (5, 5.8944229)])
def test_residual_lifetimes_of_fader_and_hardie_2010(renewals: int, expected: float) -> None:
    """DERL of the "Regular" segment just before a renewal at 10 %: a period after the current payment."""
    model = Sbg(alpha=0.704, beta=1.182)
    after = residual_clv(
        model, 1.0, tenure=renewals - 1, discount_rate=0.1, timing="after_renewal", periods=400
    )
    assert 1.1 * after == pytest.approx(expected, abs=2e-6)


@given(st.floats(0.05, 0.95), st.integers(0, 30), st.floats(0.01, 1), st.floats(-100, 100))
def test_one_constant_rate_has_no_memory(rate: float, tenure: int, discount: float, margin: float) -> None:
    """Under a geometric life a customer of any tenure is worth what a new one is."""
    curve = rate ** np.arange(400.0 + tenure)
    curve = np.maximum.accumulate(curve[::-1])[::-1]
    for timing in ("start", "end", "after_renewal"):
        new = clv_retention(margin, rate, discount_rate=discount, timing=timing)
        found = residual_clv(curve, margin, tenure=tenure, discount_rate=discount, timing=timing)
        assert found == pytest.approx(new, rel=1e-7, abs=1e-9)


@given(st.floats(0.3, 0.95), st.floats(0.3, 0.95), st.integers(0, 20))
def test_where_customers_differ_who_has_stayed_is_worth_more(one: float, other: float, tenure: int) -> None:
    t = np.arange(300.0)
    curve = (one**t + other**t) / 2
    values = [
        residual_clv(curve[: 200 + k], 1, tenure=k, discount_rate=0.1, timing="start")
        for k in (tenure, tenure + 1)
    ]
    assert values[1] >= values[0] * (1 - 1e-9)


def test_a_new_customer_is_worth_what_the_engine_says_and_margins_follow_the_curve() -> None:
    curve, margins = [1.0, 0.5, 0.25], [1.0, 10.0, 100.0]
    terms = {"discount_rate": 0.1, "timing": "mid"}
    assert residual_clv(curve, margins, tenure=0, **terms) == clv_from_survival(curve, margins, **terms)
    assert residual_clv(curve, margins, tenure=1, discount_rate=0.0, timing="end") == 10 + 0.5 * 100
    assert residual_clv(curve, margins, tenure=2, discount_rate=0.0, timing="after_renewal") == 0.0


def test_refusals() -> None:
    terms = {"discount_rate": 0.1, "timing": "end"}
    with pytest.raises(InvalidInputError, match=r"`tenure` must be one that customers get to, got 2"):
        residual_clv([1.0, 0.5, 0.0], 1, tenure=2, **terms)
    with pytest.raises(InvalidInputError, match=r"`tenure` must be a whole number at least 0, got 0.5"):
        residual_clv([1.0, 0.5], 1, tenure=0.5, **terms)
    with pytest.raises(InvalidInputError, match=r"`timing` must be one of .*, got 'now'"):
        residual_clv([1.0, 0.5], 1, tenure=0, discount_rate=0.1, timing="now")
    with pytest.raises(InvalidInputError, match=r"`periods` must be given where `survival` is a model"):
        residual_clv(Sbg(alpha=1.0, beta=1.0), 1, tenure=0, **terms)

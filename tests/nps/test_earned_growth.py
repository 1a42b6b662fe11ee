"""Earned growth: the published example, bounds for what is not known, refusals."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from customer_centric.errors import InvalidInputError
from customer_centric.nps import earned_growth_rate

SHARE = st.floats(0, 5)


def test_winning_on_purpose_appendix_b_earns_a_third_of_its_growth() -> None:
    """Revenue of 100 becomes 130: 85 kept, 25 earned, 20 bought."""
    growth = earned_growth_rate(0.85, 0.25)
    assert growth.rate == pytest.approx(0.10)
    assert growth.rate / 0.30 == pytest.approx(0.33, abs=0.005)
    assert growth.highest == growth.rate


def test_unknown_reasons_give_bounds_from_none_earned_to_all_earned() -> None:
    growth = earned_growth_rate(0.85, 0.25, unknown_new_share=0.2)
    assert (growth.rate, growth.highest) == pytest.approx((0.1, 0.3))
    assert (growth.net_retention, growth.earned_new_share, growth.unknown_new_share) == (0.85, 0.25, 0.2)
    assert str(growth).startswith(
        "Earned growth rate between 10.0 % and 30.0 %: last year's customers bring 85.0 %"
    )
    assert str(earned_growth_rate(1.0, 0.0)).startswith("Earned growth rate 0.0 %: ")


def test_the_end_of_a_business() -> None:
    assert earned_growth_rate(0.0, 0.0).rate == -1.0


@given(SHARE, SHARE, SHARE)
def test_earned_growth_lies_between_no_and_all_unknown_revenue(
    kept: float, earned: float, unknown: float
) -> None:
    growth = earned_growth_rate(kept, earned, unknown_new_share=unknown)
    assert -1 <= growth.rate <= growth.highest
    assert growth.highest == pytest.approx(earned_growth_rate(kept, earned + unknown).rate)


@pytest.mark.parametrize(
    ("shares", "message"),
    [
        (
            (-0.1, 0.2, 0.0),
            "`net_retention` must be a finite number at least 0, got -0.1; shares are fractions",
        ),
        ((0.9, math.nan, 0.0), "`earned_new_share` must be a finite number at least 0, got nan"),
        ((0.9, 0.1, math.inf), "`unknown_new_share` must be a finite number at least 0, got inf"),
        (("0.9", 0.1, 0.0), "`net_retention` must be numbers, got values of type text"),
    ],
)
def test_impossible_shares_are_refused(shares: tuple[float, float, float], message: str) -> None:
    with pytest.raises(InvalidInputError, match=message):
        earned_growth_rate(shares[0], shares[1], unknown_new_share=shares[2])

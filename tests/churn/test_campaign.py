"""The profit of a campaign against a slow twin that tries every cut and integrates numerically."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import integrate, stats

from customer_centric.churn import campaign_profit
from customer_centric.errors import InvalidInputError
from effort import examples

CUSTOMERS = st.lists(
    st.tuples(st.booleans(), st.integers(0, 10).map(lambda p: p / 10), st.floats(0, 500)),
    min_size=1,
    max_size=12,
)


def slow(customers: list[tuple[bool, float, float]], offer: float, contact: float) -> tuple[float, float]:
    """Maximum at the mean acceptance, and its mean over acceptances, by trying every threshold."""

    def best(acceptance: float) -> float:
        profits = [
            sum(
                acceptance * (value - offer) - contact if left else -offer - contact
                for left, risk, value in customers
                if risk >= cut
            )
            for cut in {risk for _, risk, _ in customers}
        ]
        return max(0.0, *profits) / len(customers)

    density = stats.beta(6, 14).pdf
    grid = np.linspace(0, 1, 401)
    mean = integrate.trapezoid([best(g) * density(g) for g in grid], grid)
    return best(0.3), float(mean)


@given(CUSTOMERS, st.floats(0, 50), st.floats(0, 5))
@examples(40)
def test_profits_are_those_of_trying_every_cut(
    customers: list[tuple[bool, float, float]], offer: float, contact: float
) -> None:
    left, risk, value = zip(*customers, strict=True)
    found = campaign_profit(left, risk, lifetime_value=value, offer_cost=offer, contact_cost=contact)
    mpc, empc = slow(customers, offer, contact)
    assert found.max_profit == pytest.approx(mpc, abs=1e-9)
    assert found.expected_max_profit == pytest.approx(empc, rel=2e-3, abs=2e-3 * max(value))
    assert found.expected_max_profit >= found.max_profit - 1e-9, "to know the acceptance is worth something"
    assert 0 <= found.target_fraction <= 1
    assert found.profits[found.fractions == found.target_fraction][0] == pytest.approx(found.max_profit)


def test_equal_values_are_one_number() -> None:
    left, risk = [1, 0, 1, 0], [0.9, 0.5, 0.4, 0.1]
    one = campaign_profit(left, risk, lifetime_value=200, offer_cost=10, contact_cost=1)
    each = campaign_profit(left, risk, lifetime_value=[200] * 4, offer_cost=[10] * 4, contact_cost=1)
    assert one.expected_max_profit == each.expected_max_profit
    assert one.n == 4


def test_individual_values_move_the_cut() -> None:
    """The riskiest customers are worth nothing: contacting them does not pay, although most of them leave."""
    left, risk = [1, 1, 0, 1], [0.9, 0.8, 0.3, 0.2]
    average = campaign_profit(left, risk, lifetime_value=100, offer_cost=10, contact_cost=1)
    own = campaign_profit(left, risk, lifetime_value=[0, 0, 200, 200], offer_cost=10, contact_cost=1)
    assert average.target_fraction > 0
    assert own.profits[2] < 0


def test_a_campaign_that_never_pays_reaches_nobody() -> None:
    found = campaign_profit([0, 0], [0.5, 0.4], lifetime_value=10, offer_cost=5, contact_cost=1)
    assert (found.max_profit, found.target_fraction, found.expected_max_profit) == (0.0, 0.0, 0.0)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"lifetime_value": -1}, "`lifetime_value` must be a finite number at least 0, got -1"),
        ({"offer_cost": [1.0, 2.0, 3.0]}, "`offer_cost` must be one number or one a customer, got shape"),
        ({"contact_cost": float("nan")}, "`contact_cost` must be a finite number at least 0, got nan"),
        ({"acceptance": 0.3}, r"`acceptance` must be the two parameters of a beta .* got an array of shape"),
        ({"acceptance": (1, 2, 3)}, r"`acceptance` must be the two parameters .* of shape \(3,\)"),
        ({"acceptance": (0, 1)}, "`acceptance` must be a finite number greater than 0, got 0"),
    ],
)
def test_refusals(change: dict[str, object], message: str) -> None:
    arguments = {"lifetime_value": 100, "offer_cost": 10, "contact_cost": 1} | change
    with pytest.raises(InvalidInputError, match=message):
        campaign_profit([1, 0], [0.5, 0.4], **arguments)  # type: ignore[arg-type]

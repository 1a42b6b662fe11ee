"""Four kinds of customers: by thresholds in money, each customer in one, sums that add up."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from customer_centric.errors import InvalidInputError
from customer_centric.segments import CustomerMatrix, clv_crv_matrix, loyalty_profit_matrix
from effort import examples

MONEY = st.floats(-1e4, 1e4)
PAIRS = st.lists(st.tuples(MONEY, MONEY), min_size=1, max_size=30)


def matrix(pairs: list[tuple[float, float]], thresholds: Any) -> CustomerMatrix:
    return clv_crv_matrix([x for x, _ in pairs], [y for _, y in pairs], thresholds=thresholds)


def test_the_four_kinds_of_kumar_petersen_and_leone() -> None:
    """Harvard Business Review 85(10): champions, affluents, advocates, misers; a value at the cut is high."""
    found = clv_crv_matrix([500, 500, 499, 499], [200, 199, 200, 199], thresholds=(500, 200))
    assert found.segment.tolist() == ["champion", "affluent", "advocate", "miser"]
    assert found.table["lifetime_value"].tolist() == ["high", "high", "low", "low"]
    assert found.table["referral_value"].tolist() == ["high", "low", "high", "low"]
    assert "1 champion, 1 affluent, 1 advocate, 1 miser" in found._repr_html_()


def test_the_four_kinds_of_reinartz_and_kumar() -> None:
    """Harvard Business Review 80(7): barnacles stay for long, and earn nothing."""
    found = loyalty_profit_matrix([9, 9, 1, 1], [10, -10, 10, -10], thresholds=(3, 0))
    assert found.segment.tolist() == ["true friend", "barnacle", "butterfly", "stranger"]
    assert found.table["segment"].tolist() == ["true friend", "barnacle", "butterfly", "stranger"]


@given(PAIRS, st.tuples(MONEY, MONEY))
@examples(50)
def test_everybody_is_of_one_kind_and_sums_add_up(
    pairs: list[tuple[float, float]], thresholds: tuple[float, float]
) -> None:
    found = matrix(pairs, thresholds)
    table = found.to_frame()
    assert table["customers"].sum() == len(pairs)
    assert table["share"].sum() == pytest.approx(1)
    assert table["sum_lifetime_value"].sum() == pytest.approx(sum(x for x, _ in pairs), abs=1e-6)
    assert table["sum_referral_value"].sum() == pytest.approx(sum(y for _, y in pairs), abs=1e-6)
    for kind, (x, y) in zip(found.segment, pairs, strict=True):
        assert (
            kind
            == {(1, 1): "champion", (1, 0): "affluent", (0, 1): "advocate", (0, 0): "miser"}[
                (x >= thresholds[0], y >= thresholds[1])
            ]
        )


@given(PAIRS, PAIRS)
@examples(30)
def test_nobody_moves_because_others_came(
    pairs: list[tuple[float, float]], others: list[tuple[float, float]]
) -> None:
    assert (
        matrix(pairs + others, (10, 5)).segment[: len(pairs)].tolist()
        == matrix(pairs, (10, 5)).segment.tolist()
    )


def test_medians_are_a_choice_that_is_made() -> None:
    found = matrix([(1, 10), (2, 20), (3, 30), (4, 40)], "medians")
    assert found.thresholds == (2.5, 25.0)
    assert found.table["customers"].tolist() == [2, 0, 0, 2]
    assert np.isnan(found.table["mean_lifetime_value"][1])
    with pytest.raises(TypeError):
        clv_crv_matrix([1], [1])  # type: ignore[call-arg]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"thresholds": "means"}, "`thresholds` must be two numbers or \"medians\", got 'means'"),
        ({"thresholds": (1, 2, 3)}, '`thresholds` must be two numbers or "medians", got shape'),
        ({"thresholds": (1, np.nan)}, "`thresholds` must be a finite number"),
        ({"referral_value": [1]}, "must be one number a customer, for one customer or more"),
        ({"lifetime_value": [np.inf, 1]}, "`lifetime_value` must be a finite number, got inf at position 0"),
        ({"lifetime_value": [], "referral_value": []}, "for one customer or more"),
    ],
)
def test_refusals(arguments: dict[str, Any], message: str) -> None:
    call: dict[str, Any] = {
        "lifetime_value": [1, 2],
        "referral_value": [1, 2],
        "thresholds": (1, 1),
    } | arguments
    with pytest.raises(InvalidInputError, match=message):
        clv_crv_matrix(call["lifetime_value"], call["referral_value"], thresholds=call["thresholds"])

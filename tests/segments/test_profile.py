"""What makes a customer valuable: money adds up, traits that are no money are never added."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import ttest_ind

from customer_centric.errors import InvalidInputError
from customer_centric.segments import ValueProfile, value_profile
from effort import examples

MONEY = st.floats(0, 1e4)
ROWS = st.lists(st.tuples(st.floats(0, 50), st.floats(0, 1), *[MONEY] * 5), min_size=1, max_size=20)
NAMES = (
    "years_as_customer",
    "relative_frequency",
    "core_margin",
    "cross_sell_margin",
    "referral_value",
    "service_cost",
    "concessions",
)


def profile(rows: list[tuple[float, ...]]) -> ValueProfile:
    return value_profile(**dict(zip(NAMES, np.array(rows).T, strict=True)))


def test_the_biggest_buyer_is_not_the_most_valuable() -> None:
    """Who buys most, with too much attention and too many concessions, leaves less than half the size."""
    found = profile([(12, 1.0, 5000, 0, 0, 3500, 1800), (4, 0.8, 1200, 600, 400, 150, 0)])
    assert found.money.tolist() == [-300, 2050]
    assert found.cross_sell_share.tolist() == [0, 1 / 3]
    assert "2 customers worth 875.00 a year on average, 1 of them a loss" in found._repr_html_()


@given(ROWS)
@examples(40)
def test_money_is_the_sum_of_money_and_of_nothing_else(rows: list[tuple[float, ...]]) -> None:
    found = profile(rows)
    _, _, core, cross, referral, service, concessions = np.array(rows).T
    np.testing.assert_allclose(found.money, core + cross + referral - service - concessions, atol=1e-9)
    older = profile([(row[0] + 1, 0.0, *row[2:]) for row in rows])
    np.testing.assert_array_equal(older.money, found.money)
    frame = found.to_frame()
    assert list(frame) == [*NAMES, "money", "cross_sell_share"]
    assert len(frame) == len(rows)


def test_the_selected_beside_the_others_is_welchs_test() -> None:
    rng = np.random.default_rng(1)
    found = profile(rng.uniform(0, 1, (40, 7)).tolist())
    chosen = rng.random(40) < 0.5
    table = found.compare(chosen).set_index("trait")
    welch = ttest_ind(found.money[chosen], found.money[~chosen], equal_var=False).confidence_interval()
    assert table.loc["money", ["lower", "upper"]].tolist() == pytest.approx(list(welch))
    assert table.loc["money", "difference"] == pytest.approx(
        table.loc["money", "selected"] - table.loc["money", "others"]
    )
    summary = found.summary().set_index("trait")
    assert (summary["lower"] < summary["mean"]).all()
    nobody = found.compare(np.zeros(40, dtype=bool))
    assert nobody["selected"].isna().all()
    assert set(nobody["reason"]) == {"there are no customers in one of the groups"}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"years_as_customer": [-1, 2]}, "`years_as_customer` must be .* at least 0, got -1"),
        ({"years_as_customer": []}, "for one customer or more"),
        ({"relative_frequency": [1.5, 0]}, "`relative_frequency` must be .* at most 1"),
        ({"concessions": [-1, 0]}, "`concessions` must be .* at least 0"),
        ({"core_margin": [1, 2, 3]}, "`core_margin` must be one number a customer, got shape"),
    ],
)
def test_refusals(arguments: dict[str, Any], message: str) -> None:
    call: dict[str, Any] = {
        "years_as_customer": [1, 2],
        "relative_frequency": [1, 1],
        "core_margin": [1, 2],
    } | arguments
    with pytest.raises(InvalidInputError, match=message):
        value_profile(**call)


def test_a_selection_is_true_or_false() -> None:
    with pytest.raises(InvalidInputError, match="`selected` must be one true or false a customer, got int64"):
        profile([(1, 1, 1, 1, 1, 1, 1)]).compare([1])

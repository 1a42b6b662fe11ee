"""Profit of each customer in every engine: nothing lost, nothing counted twice, nothing silently 0."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from churn._engines import LAZY, engines, in_engine
from customer_centric.errors import InvalidInputError, MissingColumnError
from customer_centric.segments import customer_profit
from effort import examples

SALES = pd.DataFrame(
    {
        "id": ["d", "a", "b", "a"],
        "paid": [50.0, 600.0, 300.0, 400.0],
        "goods": [4.0, 1.0, 3.0, 2.0],
        "back": [0.0, 1.0, 0.0, 0.0],
        "discount": [0.0, 0.0, 1.0, 0.0],
        "gift": [0.0, 0.0, 2.0, 0.0],
        "won": [0.0, 100.0, 50.0, 0.0],
    }
)
CALLS = pd.DataFrame({"who": ["a", "c", "a"], "kind": ["call", "visit", "call"], "units": [10.0, 1.0, 20.0]})
SERVICE: dict[str, Any] = {
    "contact_customer": "who",
    "activity": "kind",
    "quantity": "units",
    "unit_costs": {"call": 1.5, "visit": 20.0, "letter": 1.0},
}


def rows_of(frame: Any) -> pd.DataFrame:
    if hasattr(frame, "collect"):
        frame = frame.collect()
    if isinstance(frame, pd.DataFrame):
        return frame
    return frame.df() if hasattr(frame, "df") else frame.to_pandas()


def profit(sales: Any, contacts: Any = None, **arguments: Any) -> Any:
    service = {} if contacts is None else {"contacts": contacts, **SERVICE}
    return customer_profit(sales, **({"customer": "id", "amount": "paid"} | service | arguments))


@engines
class TestEngines:
    def test_everything_that_a_customer_costs(self, engine: str) -> None:
        native = in_engine(SALES, engine)
        found = profit(
            native,
            in_engine(CALLS, engine),
            cost="goods",
            returns="back",
            concessions=["discount", "gift"],
            acquisition_cost="won",
        )
        assert type(found) is type(native)
        expected = pd.DataFrame(
            {
                "customer": list("abcd"),
                "revenue": [1000.0, 300.0, 0.0, 50.0],
                "product_cost": [3.0, 3.0, 0.0, 4.0],
                "returns": [1.0, 0.0, 0.0, 0.0],
                "concessions": [0.0, 3.0, 0.0, 0.0],
                "cost_to_serve": [45.0, 0.0, 20.0, 0.0],
                "profit": [951.0, 294.0, -20.0, 46.0],
                "acquisition_cost": [100.0, 50.0, 0.0, 0.0],
                "n_transactions": [2, 1, 0, 1],
                "n_contacts": [2, 0, 1, 0],
            }
        )
        pd.testing.assert_frame_equal(rows_of(found), expected, check_dtype=False)

    def test_a_margin_in_place_of_costs(self, engine: str) -> None:
        """Only what was given comes out: a column that nobody filled is not 0."""
        found = rows_of(profit(in_engine(SALES, engine), margin_rate=0.4))
        columns = ["customer", "revenue", "product_cost", "profit", "n_transactions"]
        assert found.columns.tolist() == columns
        assert found["profit"].tolist() == pytest.approx([400.0, 120.0, 20.0])

    def test_no_rows(self, engine: str) -> None:
        found = profit(in_engine(SALES[:0], engine), in_engine(CALLS[:0], engine), cost="goods")
        assert len(rows_of(found)) == 0
        only_served = profit(in_engine(SALES[:0], engine), in_engine(CALLS, engine), cost="goods")
        assert rows_of(only_served)["profit"].tolist() == [-45.0, -20.0]

    def test_an_activity_without_a_unit_cost(self, engine: str) -> None:
        frames = in_engine(SALES, engine), in_engine(CALLS, engine)
        message = (
            r"`activity` \(column 'kind'\) must be activities with a unit cost, got 'visit' "
            r"\(1 of 3 values\); add it to `unit_costs`; what costs nothing is 0"
        )
        with pytest.raises(InvalidInputError, match=message):
            profit(*frames, cost="goods", unit_costs={"call": 1.0})
        with pytest.raises(InvalidInputError, match=r"got 'call' and 1 more \(3 of 3 values\)"):
            profit(*frames, cost="goods", unit_costs={})

    @pytest.mark.parametrize(
        ("column", "value", "role", "rule"),
        [
            ("paid", None, "amount", "finite numbers"),
            ("goods", np.inf, "cost", "finite numbers"),
            ("back", -1.0, "returns", "finite numbers of at least 0"),
            ("gift", -1.0, r"concessions\[1\]", "finite numbers of at least 0"),
            ("won", -1.0, "acquisition_cost", "finite numbers of at least 0"),
            ("id", None, "customer", "present in every row"),
        ],
    )
    def test_refused_sales(self, engine: str, column: str, value: Any, role: str, rule: str) -> None:
        sales = SALES.copy()
        sales.loc[2, column] = value
        where = "" if engine in LAZY else " at position 2"
        message = rf"`{role}` \(column '{column}'\) must be {rule}.*, got .*{where} \(1 of 4 values\)"
        with pytest.raises(InvalidInputError, match=message):
            profit(
                in_engine(sales, engine),
                cost="goods",
                returns="back",
                concessions=["discount", "gift"],
                acquisition_cost="won",
            )

    @pytest.mark.parametrize(
        ("column", "value", "role"),
        [("who", None, "contact_customer"), ("kind", None, "activity"), ("units", -1.0, "quantity")],
    )
    def test_refused_contacts(self, engine: str, column: str, value: Any, role: str) -> None:
        calls = CALLS.copy()
        calls.loc[1, column] = value
        with pytest.raises(
            InvalidInputError, match=rf"`{role}` \(column '{column}'\) must be .* \(1 of 3 val"
        ):
            profit(in_engine(SALES, engine), in_engine(calls, engine), cost="goods")

    def test_refunds_have_no_margin(self, engine: str) -> None:
        refunded = in_engine(SALES.assign(paid=[50.0, -5.0, 1.0, 1.0]), engine)
        message = (
            r"`amount` \(column 'paid'\) must be finite numbers of at least 0, got .*; give what was paid"
        )
        with pytest.raises(InvalidInputError, match=message):
            profit(refunded, margin_rate=0.4)
        assert rows_of(profit(refunded, cost="goods"))["revenue"].tolist() == [-4.0, 1.0, 50.0]

    def test_ids_of_another_type(self, engine: str) -> None:
        calls = in_engine(CALLS.assign(who=[1, 2, 3]), engine)
        message = r"`contact_customer` \(column 'who'\) must be of the type of `customer`, got .*; cast one"
        with pytest.raises(InvalidInputError, match=message):
            profit(in_engine(SALES, engine), calls, cost="goods")

    def test_whole_numbers_of_other_widths_are_the_same_ids(self, engine: str) -> None:
        sales = SALES.assign(id=np.array([7, 3, 5, 3], dtype=np.int32))
        calls = in_engine(CALLS.assign(who=np.array([3, 9, 3], dtype=np.int64)), engine)
        found = rows_of(profit(in_engine(sales, engine), calls, cost="goods"))
        assert found["customer"].tolist() == [3, 5, 7, 9]
        assert found["n_contacts"].tolist() == [2, 0, 0, 1]


@examples(40)
@given(
    st.lists(st.tuples(st.integers(0, 9), st.integers(0, 100)), max_size=20),
    st.lists(st.tuples(st.integers(0, 12), st.sampled_from(["call", "visit"])), max_size=20),
)
def test_money_adds_up_and_nobody_is_missing(
    sold: list[tuple[int, int]], served: list[tuple[int, str]]
) -> None:
    sales = pd.DataFrame(sold, columns=["id", "paid"]).astype({"id": int, "paid": float})
    calls = pd.DataFrame(served, columns=["who", "kind"]).astype({"who": int, "kind": str})
    costs = {"call": 2.0, "visit": 50.0}
    found = profit(sales, calls, margin_rate=0.5, quantity=None, unit_costs=costs)
    assert found["customer"].tolist() == sorted({*sales["id"], *calls["who"]})
    assert found["profit"].sum() == 0.5 * sales["paid"].sum() - calls["kind"].map(costs).astype(float).sum()
    assert (found["n_transactions"].sum(), found["n_contacts"].sum()) == (len(sales), len(calls))


class TestArguments:
    @pytest.mark.parametrize(
        ("arguments", "message"),
        [
            ({}, "`cost` or `margin_rate` must be given, got neither"),
            ({"cost": "goods", "margin_rate": 0.4}, "`margin_rate` must be left out where `cost` is given"),
            ({"margin_rate": 40}, "`margin_rate` must be a finite number at most 1, got 40; 40 % is 0.4"),
            ({"cost": "goods", "activity": "kind"}, "`contacts` must be given with `activity`, got none"),
            ({"cost": "paid"}, "`cost` must be another column than `amount`, got 'paid'"),
        ],
    )
    def test_of_sales(self, arguments: dict[str, Any], message: str) -> None:
        with pytest.raises(InvalidInputError) as caught:
            profit(SALES, **arguments)
        assert str(caught.value).startswith(message)

    def test_of_contacts(self) -> None:
        with pytest.raises(InvalidInputError, match="`unit_costs` must be given with `contacts`, got none"):
            profit(SALES, CALLS, cost="goods", unit_costs=None)
        with pytest.raises(
            InvalidInputError, match=r"`unit_costs\['call'\]` must be a finite number at least 0"
        ):
            profit(SALES, CALLS, cost="goods", unit_costs={"call": -1.0})
        with pytest.raises(InvalidInputError, match="`unit_costs` must have names of activities, got 3"):
            profit(SALES, CALLS, cost="goods", unit_costs={3: 1.0})
        with pytest.raises(
            InvalidInputError, match="`contacts` must be of the same engine as `transactions`"
        ):
            profit(SALES, in_engine(CALLS, "polars"), cost="goods")
        with pytest.raises(MissingColumnError, match="`quantity` must be a column of the frame, got 'hours'"):
            profit(SALES, CALLS, cost="goods", quantity="hours")

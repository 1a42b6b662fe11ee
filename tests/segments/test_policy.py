"""Assignments against trying everything, against a linear programme, and against themselves."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import linprog

from customer_centric.errors import InvalidInputError
from customer_centric.segments import assign_policy
from customer_centric.typing import FloatArray
from effort import examples

STATES = st.integers(0, 2**32 - 1)


def world(state: int, n: int, m: int) -> tuple[FloatArray, FloatArray]:
    """Profits with many ties, or none, and capacities from nothing to everybody."""
    rng = np.random.default_rng(state)
    profit = rng.integers(-3, 6, (n, m)).astype(float) if state % 2 else rng.normal(size=(n, m))
    return profit, rng.integers(0, n + 1, m).astype(float)


def best_by_trying(profit: FloatArray, allowed: object) -> float:
    """The largest total of all assignments that are allowed."""
    n, m = profit.shape
    full = np.column_stack([np.zeros(n), profit])
    totals = [
        full[np.arange(n), choice].sum()
        for choice in product(range(m + 1), repeat=n)
        if allowed(np.array(choice))  # type: ignore[operator]
    ]
    return float(max(totals))


@given(STATES, st.integers(1, 5), st.integers(1, 3))
@examples(30)
def test_capacities_against_trying_everything(state: int, n: int, m: int) -> None:
    profit, rooms = world(state, n, m)
    found = assign_policy(profit, capacity=rooms)
    best = best_by_trying(profit, lambda c: (np.bincount(c, minlength=m + 1)[1:] <= rooms).all())
    assert found.total == pytest.approx(best, abs=1e-9)
    assert found.duality_gap == pytest.approx(0, abs=1e-9)
    assert (found.customers[1:] <= rooms).all()
    assert (found.customers[1:][found.shadow_price[1:] > 0] == rooms[found.shadow_price[1:] > 0]).all()


@given(STATES, st.integers(1, 5), st.integers(1, 3), st.floats(0, 8))
@examples(30)
def test_a_budget_is_exact_to_one_customer(state: int, n: int, m: int, budget: float) -> None:
    profit, _ = world(state, n, m)
    use = np.random.default_rng(state).integers(0, 4, (n, m)).astype(float)
    found = assign_policy(profit, use=use, budget=budget)
    spent = np.column_stack([np.zeros(n), use])
    assert spent[np.arange(n), found.assigned].sum() <= budget
    best = best_by_trying(profit, lambda c: spent[np.arange(n), c].sum() <= budget)
    assert found.total <= best + 1e-9
    assert best <= found.upper_bound + 1e-9
    assert best - found.total <= profit.max(initial=0) - min(profit.min(), 0) + 1e-9
    assert found.duality_gap >= 0


def test_equal_uses_are_filled_exactly() -> None:
    """Fractional knapsack with whole places: the customers with the highest profit, no gap."""
    profit = np.random.default_rng(1).normal(5, 5, (2000, 1))
    found = assign_policy(profit, use=[1.0], budget=300)
    assert found.total == pytest.approx(np.sort(profit[:, 0])[-300:].sum())
    assert found.customers[1] == 300
    places = assign_policy(profit, capacity=[300])
    assert (places.assigned == found.assigned).all()
    assert found.budget_price == pytest.approx(places.shadow_price[1], rel=0.01)


@pytest.mark.parametrize("state", [10, 11])
def test_many_customers_against_highs(state: int) -> None:
    """A sample starts the prices; the linear programme of SciPy has no more profit."""
    rng = np.random.default_rng(state)
    n, m = 40_000, 3
    kinds = rng.normal(1, 1, (200, m)) * 20
    kind = rng.integers(0, 200, n)
    profit = np.rint(kinds[kind]) if state % 2 else kinds[kind]
    rooms = np.array([2000.0, 8000.0, 9000.0])
    found = assign_policy(profit, capacity=rooms)
    # Customers of a kind are one row of a transportation problem.
    shape = np.column_stack([np.zeros(200), np.rint(kinds) if state % 2 else kinds])
    place = np.arange(200 * (m + 1)).reshape(200, m + 1)
    rows, columns = np.zeros((200, shape.size)), np.zeros((m, shape.size))
    for k in range(200):
        rows[k, place[k]] = 1
    for j in range(m):
        columns[j, place[:, j + 1]] = 1
    twin = linprog(-shape.ravel(), A_ub=columns, b_ub=rooms, A_eq=rows, b_eq=np.bincount(kind, minlength=200))
    assert found.total == pytest.approx(-twin.fun, rel=1e-9)
    assert found.duality_gap == pytest.approx(0, abs=1e-6)


@given(STATES, st.integers(1, 30), st.integers(1, 4))
@examples(20)
def test_the_order_of_rows_is_irrelevant(state: int, n: int, m: int) -> None:
    profit, rooms = world(state, n, m)
    ids = np.arange(n)
    turned = np.random.default_rng(state).permutation(n)
    for limits in ({"capacity": rooms}, {"use": np.arange(1.0, m + 1), "budget": n / 2}):
        one = assign_policy(profit, customer=ids, **limits)  # type: ignore[arg-type]
        other = assign_policy(profit[turned], customer=ids[turned], **limits)  # type: ignore[arg-type]
        assert other.assigned.tolist() == one.assigned[turned].tolist()


@given(STATES, st.integers(2, 12), st.integers(1, 3))
@examples(15)
def test_a_shadow_price_bounds_what_a_place_more_brings(state: int, n: int, m: int) -> None:
    profit, rooms = world(state, n, m)
    found = assign_policy(profit, capacity=rooms)
    for j in range(m):
        more = assign_policy(profit, capacity=rooms + np.eye(m)[j])
        assert -1e-9 <= more.total - found.total <= found.shadow_price[j + 1] + 1e-9


def test_no_limits_take_the_best_and_nothing_for_losses() -> None:
    profit = {"call": [5.0, -1.0, 2.0, 0.0], "mail": [3.0, -2.0, 2.0, 0.0]}
    found = assign_policy(profit)
    assert found.names().tolist() == ["call", "none", "call", "none"]
    assert found.total == 7
    assert found.margin.tolist() == [2, 1, 0, 0]
    assert (found.shadow_price == 0).all()
    assert found.interval is None
    assert found.reason is not None
    assert str(found) == "2 of 4 customers get a policy: expected profit 7.00"
    assert found.to_frame()["customers"].tolist() == [2, 2, 0]
    assert "<table" in found._repr_html_()


def test_equal_customers_wait_in_the_order_of_their_ids() -> None:
    found = assign_policy([[4.0]] * 3, capacity=[1], customer=["c", "a", "b"])
    assert found.assigned.tolist() == [0, 1, 0]
    assert found.n_tied == 3
    assert assign_policy([[4.0]] * 3, capacity={"policy 1": 1}).assigned.tolist() == [1, 0, 0]


def test_nobody_is_an_ordinary_input() -> None:
    found = assign_policy(np.zeros((0, 2)), capacity=[1, 1])
    assert (found.total, found.assigned.size, found.duality_gap) == (0, 0, 0)


def test_intervals_from_errors_and_from_draws() -> None:
    """Independent errors add up in squares; draws that move together do not shrink."""
    rng = np.random.default_rng(1)
    profit, error = np.full((400, 1), 5.0), np.full((400, 1), 2.0)
    found = assign_policy(profit, standard_error=error)
    assert found.interval is not None
    assert found.interval.width == pytest.approx(2 * 1.959963984540054 * 40)
    assert "95% interval 1,921.60 to 2,078.40" in str(found)
    together = profit + rng.normal(0, 2, (2000, 1, 1))
    drawn = assign_policy(profit, draws=together)
    assert drawn.interval is not None
    assert drawn.interval.width == pytest.approx(2 * 1.96 * 800, rel=0.1)


PROFIT = [[1.0, 2.0], [3.0, 4.0]]


@pytest.mark.parametrize(
    ("profit", "arguments", "message"),
    [
        ([1.0], {}, "`expected_profit` must have a row a customer and a column a policy"),
        ([[np.nan]], {}, "`expected_profit` must be a finite number, got nan"),
        ({"a": [1], "b": [1, 2]}, {}, "`expected_profit` must have one number a customer for each policy"),
        ({"a": [1]}, {"policies": ["a"]}, "`policies` must be left out"),
        (PROFIT, {"policies": ["none", "b"]}, "`policies` must be 2 different names other than 'none'"),
        (PROFIT, {"capacity": [1]}, "`capacity` must have one number a policy, got shape"),
        (PROFIT, {"capacity": [1, 0.5]}, "`capacity` must be a whole number, got 0.5 at position 1"),
        (PROFIT, {"capacity": {"z": 1}}, "`capacity` must name policies, got 'z'"),
        (PROFIT, {"capacity": [1, 1], "budget": 1}, "`capacity` and `budget` must not be given together"),
        (PROFIT, {"budget": 1}, "`use` and `budget` must be given together"),
        (PROFIT, {"budget": 1, "use": [1]}, "`use` must have one number a policy"),
        (PROFIT, {"customer": [1, 1]}, "`customer` must have one id a customer, all different"),
        (PROFIT, {"standard_error": [1]}, "`standard_error` must have the shape"),
        (PROFIT, {"draws": PROFIT}, "`draws` must have one table"),
        (PROFIT, {"draws": [PROFIT], "standard_error": PROFIT}, "must not be given together"),
    ],
)
def test_refusals(profit: object, arguments: dict[str, object], message: str) -> None:
    with pytest.raises(InvalidInputError, match=message):
        assign_policy(profit, **arguments)  # type: ignore[arg-type]

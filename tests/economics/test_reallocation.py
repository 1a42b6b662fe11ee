"""The same money where it brings most: one multiplier, and nothing nearby is better."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import minimize

from customer_centric.economics import Reallocation, SpendResponse, optimal_budget, reallocate_budget
from customer_centric.errors import InvalidInputError
from effort import examples

CHANNELS = (SpendResponse(1000, 0.002), SpendResponse(1000, 0.0005))
ROW = st.tuples(
    st.floats(1, 1e4),  # ceiling
    st.floats(1e-4, 1e-1),  # k
    st.floats(0.1, 100),  # value
    st.floats(0, 500),  # floor
    st.one_of(st.just(math.inf), st.floats(0, 1e3)),  # cap above the floor
)


@st.composite
def problems(draw: st.DrawFn) -> Reallocation:
    rows = draw(st.lists(ROW, min_size=1, max_size=6))
    ceiling, k, value, floor, room = (np.array(column) for column in zip(*rows, strict=True))
    cap = floor + room
    share = draw(st.floats(0, 1))
    most = cap.sum() if np.isfinite(cap).all() else floor.sum() + 5e3
    total = min(floor.sum() + share * (most - floor.sum()), cap.sum())
    curves = [SpendResponse(c, rate) for c, rate in zip(ceiling, k, strict=True)]
    found = reallocate_budget(curves, value, total=max(total, floor.sum()), floors=floor, caps=cap)
    assert np.all(found.spend >= floor - 1e-9 * found.total)
    assert np.all(found.spend <= cap + 1e-9 * found.total)
    free_up = found.spend < cap * (1 - 1e-9) - 1e-9
    free_down = found.spend > floor * (1 + 1e-9) + 1e-9
    # Where nothing binds the marginal returns are equal; at a cap they are higher, at a floor lower.
    if not math.isnan(found.marginal_return):
        tolerance = found.marginal_return * 1e-6
        assert np.all(found.marginal_returns[free_up] <= found.marginal_return + tolerance)
        assert np.all(found.marginal_returns[free_down] >= found.marginal_return - tolerance)
    i, j = draw(st.integers(0, len(rows) - 1)), draw(st.integers(0, len(rows) - 1))
    if i != j and free_up[i] and free_down[j]:
        step = draw(st.floats(1e-3, 1)) * min(cap[i] - found.spend[i], found.spend[j] - floor[j])
        other = found.spend.copy()
        other[i] += step
        other[j] -= step
        brought = sum(v * float(c.response(x)) for v, c, x in zip(value, curves, other, strict=True))
        assert brought <= found.returns.sum() * (1 + 1e-12)
    return found


@given(problems())
def test_the_budget_is_spent_marginal_returns_are_equal_and_no_move_is_better(found: Reallocation) -> None:
    assert found.spend.sum() == pytest.approx(found.total, rel=1e-9, abs=1e-9)
    assert found.equal_average_loss >= 0
    if math.isfinite(found.marginal_return):
        assert found.equal_average_spend.sum() == pytest.approx(found.total, rel=1e-6, abs=1e-6)


def test_two_channels_by_hand() -> None:
    """k of .002 and .0005: ln(20) - .002 x = ln(5) - .0005 (3000 - x) gives x = (ln 4 + 1.5) / .0025."""
    found = reallocate_budget(CHANNELS, 10, present=[1500, 1500], names=["search", "partners"])
    x = (math.log(4) + 1.5) / 0.0025
    assert found.spend.tolist() == pytest.approx([x, 3000 - x], rel=1e-12)
    assert found.marginal_return == pytest.approx(20 * math.exp(-0.002 * x), rel=1e-12)
    assert found.marginal_returns.tolist() == pytest.approx([found.marginal_return] * 2, rel=1e-12)
    now = 10 * (1000 * (1 - math.exp(-3)) + 1000 * (1 - math.exp(-0.75)))
    then = 10 * (1000 * (1 - math.exp(-0.002 * x)) + 1000 * (1 - math.exp(-0.0005 * (3000 - x))))
    assert found.gain == pytest.approx(then - now, rel=1e-12)
    frame = found.to_frame()
    assert frame["change"].sum() == pytest.approx(0, abs=1e-9)
    assert list(frame["name"]) == ["search", "partners"]
    assert "against the present spread of the same money" in str(found)
    assert "<table" in found._repr_html_()


def test_a_general_optimiser_finds_the_same() -> None:
    curves = [
        SpendResponse(300, 0.01, 20),
        SpendResponse(50, 0.2),
        SpendResponse(900, 0.001),
        SpendResponse(5, 9),
    ]
    values = np.array([3.0, 40.0, 7.0, 100.0])
    found = reallocate_budget(curves, values, total=900, floors=[0, 30, 0, 0], caps=[200, 500, 900, 900])

    def lost(x: np.ndarray) -> float:
        return -sum(v * float(c.response(max(s, 0))) for v, c, s in zip(values, curves, x, strict=True))

    other = minimize(
        lost,
        np.array([200.0, 100.0, 500.0, 100.0]),
        bounds=[(0, 200), (30, 500), (0, 900), (0, 900)],
        constraints={"type": "eq", "fun": lambda x: x.sum() - 900},
        method="SLSQP",
        options={"ftol": 1e-13, "maxiter": 500},
    )
    assert found.returns.sum() == pytest.approx(-other.fun, rel=1e-9)
    assert found.spend.tolist() == pytest.approx(other.x.tolist(), abs=0.05)


def test_equal_average_returns_feed_the_channel_that_is_worn_out() -> None:
    found = reallocate_budget(CHANNELS, 10, total=3000)
    spend = found.equal_average_spend
    returns = [10 * float(c.response(x)) for c, x in zip(CHANNELS, spend, strict=True)]
    assert returns[0] / spend[0] == pytest.approx(returns[1] / spend[1], rel=1e-9)
    assert found.equal_average_loss == pytest.approx(found.returns.sum() - sum(returns))
    assert spend[0] > 1500 > found.spend[0]


@given(st.floats(0.01, 0.99), st.floats(1, 100))
@examples(25)
def test_a_multiplier_of_one_is_the_best_budget_for_acquisition(ceiling: float, factor: float) -> None:
    """Given the money that `optimal_budget` asks for, the last unit brings exactly itself."""
    curve = SpendResponse(ceiling, 0.03 * factor)
    plan = optimal_budget(curve, SpendResponse(0.9, 0.05), margin=100, discount_rate=0.1)
    if plan.acquisition_spend > 0:
        found = reallocate_budget([curve], plan.lifetime_value, total=plan.acquisition_spend)
        assert found.marginal_return == pytest.approx(1, rel=1e-9)


def test_edges() -> None:
    nothing = reallocate_budget(CHANNELS, [10, 0], total=0)
    assert nothing.spend.tolist() == [0, 0]
    assert nothing.marginal_return == pytest.approx(20)
    worthless = reallocate_budget(CHANNELS, [10, 0], total=500, floors=[0, 100])
    assert worthless.spend.tolist() == pytest.approx([400, 100])
    fixed = reallocate_budget(CHANNELS, 10, total=700, floors=[300, 400], caps=[300, 400])
    assert fixed.spend.tolist() == [300, 400]
    assert math.isnan(fixed.marginal_return)
    assert fixed.reason == "floors and caps leave no choice"
    too_much = reallocate_budget(CHANNELS, 10, total=1e5)
    assert too_much.marginal_return < 1
    assert "a smaller budget would earn more" in str(too_much)
    alike = reallocate_budget([CHANNELS[0]] * 7, 1, total=700)
    assert alike.spend.tolist() == pytest.approx([100] * 7)


def test_a_gain_is_an_interval_where_the_curves_are_not_known() -> None:
    found = reallocate_budget(CHANNELS, 10, present=[1500, 1500])
    others = [[SpendResponse(1000, 0.002 * f), SpendResponse(1000, 0.0005 / f)] for f in (0.5, 1, 2)]
    interval = found.gain_interval(others)
    assert interval.contains(found.gain)
    assert (interval.confidence_level, interval.lower < 0 < interval.upper) == (0.9, True)
    with pytest.raises(InvalidInputError, match="`draws` must hold at least two sets of curves, got 1"):
        found.gain_interval(others[:1])
    with pytest.raises(InvalidInputError, match=r"`draws\[1\]` must hold 2 SpendResponse, got 1"):
        found.gain_interval([others[0], others[0][:1]])
    with pytest.raises(InvalidInputError, match="`present` must be given to `reallocate_budget`"):
        reallocate_budget(CHANNELS, 10, total=3000).gain_interval(others)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"responses": []}, "`responses` must hold at least one SpendResponse, got 0"),
        ({"responses": [1.0]}, "`responses` must be SpendResponse, got float at position 0"),
        ({"values": [1, -1]}, r"`values` must be .* at least 0, got -1 at position 1"),
        ({"values": 0}, "`values` must hold a value greater than 0, got none"),
        ({"values": [1, 2, 3]}, r"`values` must be one number or one a response, got shape \(3,\) for 2"),
        ({"total": None}, "`total` must be given where `present` is not, got None"),
        ({"present": [10, 20]}, "`present` must sum to `total`, got 30 and 100; money moves"),
        ({"floors": [5, 0], "caps": [4, 9]}, "`floors` must be at most `caps`, got 5 and 4 at position 0"),
        ({"floors": 60}, "`total` must be within what floors and caps allow, 120 to inf, got 100"),
        ({"caps": 10}, "`total` must be within what floors and caps allow, 0 to 20, got 100"),
        ({"caps": [10, 500], "values": [1, 0]}, "`caps` must leave room .* got 90 of money without use"),
        ({"names": ["a", "a"]}, "`names` must be 2 different names, got 2, 1 of them different"),
    ],
)
def test_refusals(arguments: dict[str, object], message: str) -> None:
    call: dict[str, object] = {"responses": CHANNELS, "values": 10, "total": 100} | arguments
    with pytest.raises(InvalidInputError, match=message):
        reallocate_budget(**call)  # type: ignore[arg-type]

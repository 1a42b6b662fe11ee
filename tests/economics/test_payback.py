"""After how many margins a customer has paid back: closed form against counting, and its edges."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from customer_centric.churn import Sbg
from customer_centric.economics import (
    clv_from_survival,
    clv_retention,
    payback_from_survival,
    payback_period,
)
from customer_centric.errors import InvalidInputError

STAY = 0.9 ** (1 / 12)
COST = 1.1 ** (1 / 12) - 1
TIMINGS = st.sampled_from(["start", "mid", "end", "after_renewal"])
SHIFTS = {"start": 0.0, "mid": 0.5, "end": 1.0}


@pytest.mark.parametrize(
    ("margin", "stay", "discount", "start", "after_renewal"),
    [
        (500 / 12, 1.0, 0.0, 24, 24),
        (200 / 12, 1.0, 0.0, 60, 60),
        (200 / 12, STAY, 0.0, 85, 86),
        (200 / 12, STAY, COST, 317, math.inf),
    ],
)
def test_payback_of_the_founding_example_in_months(
    margin: float, stay: float, discount: float, start: float, after_renewal: float
) -> None:
    """Months with margins at the start of each, and with one only at the end of those stayed through."""
    terms = {"retention_rate": stay, "discount_rate": discount}
    assert payback_period(margin, 1000, timing="start", **terms) == start
    assert payback_period(margin, 1000, timing="after_renewal", **terms) == after_renewal


def test_the_margins_of_the_founding_example_converge_to_988() -> None:
    """So 1,000 is never paid back after renewals, nor by 997 at the end of every month begun."""
    value = clv_retention(200 / 12, STAY, discount_rate=COST, timing="after_renewal")
    assert value == pytest.approx(988, abs=0.6)
    assert payback_period(200 / 12, 988, timing="after_renewal", retention_rate=STAY, discount_rate=COST) < (
        math.inf
    )
    assert payback_period(200 / 12, 1000, timing="end", retention_rate=STAY, discount_rate=COST) == math.inf


@given(
    st.floats(1, 100),
    st.one_of(st.just(0.0), st.floats(1e-3, 500)),
    TIMINGS,
    st.floats(0, 1),
    st.floats(-0.05, 0.5),
)
def test_the_closed_form_counts_what_adding_up_counts(
    margin: float, cost: float, timing: str, stay: float, discount: float
) -> None:
    """Adding margins one by one reaches the cost at the same count, or not within 400."""
    n = np.arange(400)
    shift = SHIFTS.get(timing, 1.0)
    kept = stay ** (n + (timing == "after_renewal"))
    so_far = np.cumsum(margin * kept / (1 + discount) ** (n + shift))
    # A sum that is the cost but for rounding belongs to either side.
    assume(cost == 0 or np.abs(so_far / cost - 1).min() > 1e-9)
    found = payback_period(margin, cost, timing=timing, retention_rate=stay, discount_rate=discount)
    expected = 0.0 if cost == 0 else float((so_far < cost).sum()) + 1
    if expected <= 400:
        assert found == expected
    else:
        assert found > 400


@given(st.floats(1, 100), st.floats(1, 500), TIMINGS, st.floats(0, 1), st.floats(0, 0.5), st.floats(0.5, 1))
def test_payback_comes_later_with_less_margin_retention_or_patience(
    margin: float, cost: float, timing: str, stay: float, discount: float, less: float
) -> None:
    base = payback_period(margin, cost, timing=timing, retention_rate=stay, discount_rate=discount)
    terms: dict[str, Any] = {"timing": timing, "retention_rate": stay, "discount_rate": discount}
    assert payback_period(margin * less, cost, **terms) >= base
    assert payback_period(margin, cost / less, **terms) >= base
    assert payback_period(margin, cost, **terms | {"retention_rate": stay * less}) >= base
    assert payback_period(margin, cost, **terms | {"discount_rate": discount + 1 - less}) >= base


@given(st.floats(1, 100), st.floats(1, 500), st.floats(0, 1), st.floats(-0.05, 0.5))
def test_a_continuous_flow_has_paid_exactly_the_cost_at_payback(
    margin: float, cost: float, stay: float, discount: float
) -> None:
    """The flow up to that moment, period by period, is the cost."""
    found = payback_period(margin, cost, timing="continuous", retention_rate=stay, discount_rate=discount)
    assume(found < 300)
    delta = math.log1p(discount)

    def flow(begin: float, end: float) -> float:
        if abs(delta) < 1e-14:
            return end - begin
        return math.exp(-delta * begin) * -math.expm1(-delta * (end - begin)) / delta

    paid = sum(margin * stay**k * flow(k, min(k + 1, found)) for k in range(math.ceil(found)))
    assert paid == pytest.approx(cost, rel=1e-6)


@given(st.floats(1, 100), st.floats(1, 500), st.floats(0.5, 1), st.floats(0, 0.2))
def test_a_geometric_curve_pays_back_like_a_constant_rate(
    margin: float, cost: float, stay: float, discount: float
) -> None:
    for timing in ("start", "mid", "end"):
        closed = payback_period(margin, cost, timing=timing, retention_rate=stay, discount_rate=discount)
        curve = stay ** np.arange(200.0)
        # What the margins only converge to is never paid back; sums of floats cannot tell.
        whole = clv_from_survival(curve, margin, discount_rate=discount, timing=timing)
        assume(abs(whole / cost - 1) > 1e-9)
        found = payback_from_survival(curve, margin, cost, timing=timing, discount_rate=discount)
        assert found == closed or (closed > 200 and found == math.inf)


def test_margins_may_change_and_a_model_gives_the_curve() -> None:
    assert payback_from_survival([1.0, 1.0, 1.0], [-50, 100, 100], 50, timing="end") == 2.0
    assert payback_from_survival([1.0, 1.0], [100, 1], 102, timing="end") == math.inf
    model = Sbg(alpha=0.704, beta=1.182)
    curve = model.survival(np.arange(30.0))
    found = payback_from_survival(model, 100, 350, timing="start", discount_rate=0.1, periods=30)
    assert found == payback_from_survival(curve, 100, 350, timing="start", discount_rate=0.1)
    assert 4 < found < 30


@pytest.mark.parametrize("tiny", [5e-324, 1e-300, 1e-16, 1e-13])
def test_a_discount_of_next_to_nothing_is_none(tiny: float) -> None:
    for discount in (tiny, -tiny):
        assert payback_period(2, 3, timing="end", discount_rate=discount) == 2.0
        assert payback_period(2, 3, timing="continuous", discount_rate=discount) == pytest.approx(1.5)


def test_edges_have_plain_answers() -> None:
    """Nothing paid is back at once; nothing, or less, coming in never pays."""
    for timing in ("start", "mid", "end", "continuous", "after_renewal"):
        assert payback_period(10, 0, timing=timing) == 0.0
        assert payback_period(-10, 0, timing=timing) == 0.0
        assert payback_period(0, 10, timing=timing) == math.inf
        assert payback_period(-10, 10, timing=timing) == math.inf
    assert payback_period(10, 10, timing="start", retention_rate=0.0) == 1.0
    assert payback_period(10, 10.1, timing="start", retention_rate=0.0) == math.inf
    assert payback_period(10, 10, timing="after_renewal", retention_rate=0.0) == math.inf
    assert payback_period(10, 25, timing="continuous") == 2.5
    assert payback_period(10, 20, timing="start", retention_rate=0.5) == math.inf
    assert payback_from_survival([1.0], 5, 0, timing="start") == 0.0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"margin": math.nan}, "`margin` must be a finite number, got nan"),
        (
            {"acquisition_cost": -1},
            "`acquisition_cost` must be .* at least 0, got -1; a cost is",
        ),
        ({"retention_rate": 90}, "`retention_rate` must be .* at most 1, got 90; 40 % is written 0.4"),
        ({"discount_rate": -1}, "`discount_rate` must be .* greater than -1, got -1; 10 % is written 0.1"),
        ({"timing": "now"}, "`timing` must be one of 'start', 'mid', 'end', 'continuous', 'after_renewal'"),
    ],
)
def test_payback_refuses(arguments: dict[str, Any], message: str) -> None:
    call = {"margin": 10.0, "acquisition_cost": 100.0, "timing": "start"} | arguments
    with pytest.raises(InvalidInputError, match=message):
        payback_period(call.pop("margin"), call.pop("acquisition_cost"), **call)


def test_payback_from_survival_refuses_what_the_engine_refuses() -> None:
    with pytest.raises(InvalidInputError, match=r"`survival` must start at 1, got 0\.5"):
        payback_from_survival([0.5], 1, 1, timing="start")
    with pytest.raises(InvalidInputError, match="`periods` must be given where `survival` is a model"):
        payback_from_survival(Sbg(alpha=1.0, beta=2.0), 1, 1, timing="start")

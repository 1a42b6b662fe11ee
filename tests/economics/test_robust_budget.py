"""One budget for many possible curves: the best common one, and the price of not knowing."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import minimize

from customer_centric.economics import (
    RobustBudget,
    SpendResponse,
    draw_responses,
    optimal_budget,
    robust_budget,
)
from customer_centric.errors import InvalidInputError
from effort import examples

CURVE = st.builds(SpendResponse, st.floats(0.05, 0.98), st.floats(1e-3, 0.5))
PAIRS = st.lists(st.tuples(CURVE, CURVE), min_size=2, max_size=5)


def plan_of(pairs: list[tuple[SpendResponse, SpendResponse]]) -> RobustBudget:
    won, kept = zip(*pairs, strict=True)
    return robust_budget(won, kept, margin=100, discount_rate=0.1)


def mean_equity(pairs: list[tuple[SpendResponse, SpendResponse]], a: float, r: float) -> float:
    """From scratch: m now, then R on everybody and m from those who stay."""
    values = [float(won.response(a)) * (110 - r) / (1.1 - float(kept.response(r))) - a for won, kept in pairs]
    return float(np.mean(values))


@given(PAIRS)
@examples(20)
def test_no_other_spending_is_better_on_average(pairs: list[tuple[SpendResponse, SpendResponse]]) -> None:
    found = plan_of(pairs)
    assert found.equity_per_prospect == pytest.approx(
        mean_equity(pairs, found.acquisition_spend, found.retention_spend), rel=1e-9, abs=1e-9
    )
    for a in np.append(0, np.geomspace(0.1, 500, 12)):
        for r in np.linspace(0, 110, 12):
            assert mean_equity(pairs, a, r) <= found.equity_per_prospect + 1e-7
    assert found.regret >= 0
    assert (
        found.retention_interval.lower - 1e-9
        <= found.retention_spend
        <= found.retention_interval.upper + 1e-9
    )
    assert found.interval.lower <= found.equity_per_prospect + 1e-9 <= found.interval.upper + 2e-9


def test_a_general_optimiser_finds_the_same() -> None:
    pairs = [
        (SpendResponse(0.3, 0.05), SpendResponse(0.85, 0.06)),
        (SpendResponse(0.6, 0.01), SpendResponse(0.95, 0.03)),
        (SpendResponse(0.4, 0.03), SpendResponse(0.7, 0.2)),
    ]
    found = plan_of(pairs)
    other = minimize(lambda x: -mean_equity(pairs, *np.abs(x)), [20.0, 40.0], method="Nelder-Mead", tol=1e-10)
    assert found.equity_per_prospect == pytest.approx(-other.fun, rel=1e-9)
    assert [found.acquisition_spend, found.retention_spend] == pytest.approx(other.x.tolist(), rel=1e-4)
    best = np.mean(
        [optimal_budget(won, kept, margin=100, discount_rate=0.1).equity_per_prospect for won, kept in pairs]
    )
    assert found.regret == pytest.approx(best + other.fun, rel=1e-6)


def test_managers_who_agree_leave_nothing_to_learn() -> None:
    pair = (SpendResponse(0.4, 0.03), SpendResponse(0.9, 0.05))
    found = plan_of([pair] * 3)
    assert found.acquisition_spend == pytest.approx(32.437, abs=6e-4)
    assert found.retention_spend == pytest.approx(45.897, abs=6e-4)
    assert found.regret == pytest.approx(0, abs=1e-9)
    nothing = plan_of([(SpendResponse(0.4, 1e-4), SpendResponse(0.9, 1e-4))] * 2)
    assert (nothing.acquisition_spend, nothing.retention_spend, nothing.equity_per_prospect) == (0, 0, 0)


def test_a_plan_says_itself() -> None:
    found = plan_of([(SpendResponse(c, 0.03), SpendResponse(0.9, 0.05)) for c in (0.3, 0.5)])
    assert "and knowing the curves would be worth" in str(found)
    frame = found.to_frame()
    assert list(frame.columns) == ["quantity", "value", "lower", "upper"]
    assert (frame["lower"] <= frame["upper"]).all()
    assert "<table" in found._repr_html_()
    # Few answers are bounded by the lowest and the highest.
    alone = [
        optimal_budget(SpendResponse(c, 0.03), SpendResponse(0.9, 0.05), margin=100, discount_rate=0.1)
        for c in (0.3, 0.5)
    ]
    assert found.acquisition_interval.lower == alone[0].acquisition_spend
    assert found.acquisition_interval.upper == alone[1].acquisition_spend


def test_draws_have_the_means_and_errors_asked_for() -> None:
    curves = draw_responses(
        20,
        0.18,
        ceiling=0.4,
        response_error=0.01,
        ceiling_error=0.05,
        n_draws=4000,
        rng=np.random.default_rng(2),
    )
    answers = np.array([float(curve.response(20)) for curve in curves])
    ceilings = np.array([curve.ceiling for curve in curves])
    assert (answers.mean(), answers.std()) == pytest.approx((0.18, 0.01), rel=0.05)
    assert (ceilings.mean(), ceilings.std()) == pytest.approx((0.4, 0.05), rel=0.05)
    assert np.all(ceilings > answers)
    fixed = draw_responses(
        20, 0.18, ceiling=0.4, response_error=0, ceiling_error=0, n_draws=2, rng=np.random.default_rng(2)
    )
    point = SpendResponse.from_point(20, 0.18, ceiling=0.4)
    assert fixed[0] == fixed[1]
    assert (fixed[0].ceiling, fixed[0].k) == pytest.approx((point.ceiling, point.k))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"spend": 0}, "`spend` must be a finite number greater than 0, got 0"),
        ({"response": 1}, "`response` must be .* less than 1, got 1"),
        ({"ceiling": 0.1}, "`ceiling` must be .* greater than 0.18 and less than 1, got 0.1"),
        ({"response_error": -1}, "`response_error` must be a finite number at least 0, got -1"),
        ({"response_error": 0.3}, "`response_error` must be small enough for a share with one peak, got 0.3"),
        ({"ceiling_error": 0.5}, "`ceiling_error` must be small enough"),
        ({"n_draws": 0}, "`n_draws` must be a whole number at least 1, got 0"),
    ],
)
def test_draws_are_checked(arguments: dict[str, float], message: str) -> None:
    call: dict[str, float] = {
        "spend": 20, "response": 0.18, "ceiling": 0.4, "response_error": 0.01,
        "ceiling_error": 0.05, "n_draws": 3
    } | arguments  # fmt: skip
    with pytest.raises(InvalidInputError, match=message):
        draw_responses(call.pop("spend"), call.pop("response"), rng=np.random.default_rng(1), **call)  # type: ignore[arg-type]


def test_one_pair_is_refused() -> None:
    one = SpendResponse(0.4, 0.03)
    with pytest.raises(
        InvalidInputError, match=r"must hold at least two curves.* got 1 and 1; for one pair use"
    ):
        robust_budget([one], [one], margin=100, discount_rate=0.1)
    with pytest.raises(InvalidInputError, match="got 2 and 1; for one pair"):
        robust_budget([one, one], [one], margin=100, discount_rate=0.1)

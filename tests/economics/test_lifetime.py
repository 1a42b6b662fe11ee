"""The founding formula, the ladder above it, and the one engine they are special cases of."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from customer_centric.economics import clv_annuity, clv_from_survival, clv_ladder, clv_retention, clv_simple
from customer_centric.errors import InvalidInputError

TIMINGS = ("start", "mid", "end", "continuous")
MONEY = st.floats(-1e6, 1e6, allow_subnormal=False)
COST = st.floats(0, 1e6)
RATE = st.one_of(st.just(0.0), st.floats(-0.5, 2.0), st.floats(-1e-9, 1e-9))
PERIODS = st.integers(0, 60)


def close(expected: float, scale: float) -> object:
    return pytest.approx(expected, rel=1e-9, abs=1e-11 * max(abs(scale), 1.0) * 1e3)


# ── Published and stated numbers ────────────────────────────────────────────────────────────────────


def test_founding_formula_gives_exactly_4000_for_the_opening_case() -> None:
    assert clv_simple(500, 10, 1000) == 4000.0
    assert clv_simple(500, 10) == 5000.0


def test_ladder_reproduces_every_rung_of_the_opening_case() -> None:
    ladder = clv_ladder(
        500, 10, retention_rate=0.9, margin_rate=0.4, discount_rate=0.1, acquisition_cost=1000
    )
    assert list(ladder.columns) == ["step", "formula", "value"]
    expected = [4000, 2072.2836, 2222.24, 2223.46, 2379.5119, 1750, 1500, 1250, 1000, 100]
    assert ladder["value"].tolist() == pytest.approx(expected, abs=6e-3)
    assert ladder["value"].tolist()[1] == pytest.approx(2072.2836, abs=6e-5)
    assert ladder["value"].tolist()[4] == pytest.approx(2379.5119, abs=6e-5)
    assert ladder["step"].is_unique


def test_replacing_a_random_life_by_its_mean_overstates_by_23_percent() -> None:
    fixed = clv_annuity(500, 10, discount_rate=0.1, timing="start")
    random_life = clv_retention(500, 0.9, discount_rate=0.1, timing="start")
    assert fixed == pytest.approx(3379.51, abs=6e-3)
    assert random_life == pytest.approx(2750.0)
    assert fixed / random_life - 1 == pytest.approx(0.23, abs=5e-3)


def test_internal_rate_of_return_of_the_opening_case_is_49_1_percent() -> None:
    assert clv_annuity(500, 10, discount_rate=0.4905, timing="end", acquisition_cost=1000) > 0
    assert clv_annuity(500, 10, discount_rate=0.4915, timing="end", acquisition_cost=1000) < 0


def test_one_average_retention_rate_understates_customers_who_differ() -> None:
    """Half the customers stay with .98, half with .70: the values average, the rates do not."""
    loyal = clv_retention(200, 0.98, discount_rate=0.1, timing="start")
    fickle = clv_retention(200, 0.70, discount_rate=0.1, timing="start")
    pooled = clv_retention(200, 0.84, discount_rate=0.1, timing="start")
    assert (loyal + fickle) / 2 == pytest.approx(1191.7, abs=0.05)
    assert pooled == pytest.approx(846.2, abs=0.05)
    assert pooled / ((loyal + fickle) / 2) - 1 == pytest.approx(-0.29, abs=5e-3)
    t = np.arange(2000)
    curve = clv_from_survival((0.98**t + 0.70**t) / 2, 200, discount_rate=0.1, timing="start")
    assert curve == pytest.approx((loyal + fickle) / 2)


# ── The closed forms are special cases of the engine ────────────────────────────────────────────────


@given(MONEY, PERIODS.filter(lambda n: n > 0), RATE, st.sampled_from(TIMINGS), COST)
def test_annuity_is_the_engine_with_certain_survival(
    margin: float, n: int, rate: float, timing: str, cost: float
) -> None:
    engine = clv_from_survival(np.ones(n), margin, discount_rate=rate, timing=timing, acquisition_cost=cost)
    closed = clv_annuity(margin, n, discount_rate=rate, timing=timing, acquisition_cost=cost)
    assert closed == close(engine, engine + cost)


@given(MONEY, st.floats(0, 60), RATE, st.sampled_from(("start", "mid", "end")))
def test_a_partial_last_period_earns_its_part_of_the_margin(
    margin: float, n: float, rate: float, timing: str
) -> None:
    whole = math.floor(n)
    curve = [1.0] * (whole + 1)
    margins = [margin] * whole + [margin * (n - whole)]
    engine = clv_from_survival(curve, margins, discount_rate=rate, timing=timing)
    assert clv_annuity(margin, n, discount_rate=rate, timing=timing) == close(engine, engine)


@given(MONEY, st.floats(0, 0.9), st.floats(0, 2), st.sampled_from(("start", "end")))
def test_retention_is_the_engine_with_geometric_survival(
    margin: float, rate: float, discount: float, timing: str
) -> None:
    curve = rate ** np.arange(400.0)
    engine = clv_from_survival(curve, margin, discount_rate=discount, timing=timing)
    assert clv_retention(margin, rate, discount_rate=discount, timing=timing) == close(engine, engine)


@given(MONEY, st.floats(0, 0.9), st.floats(0, 2))
def test_margins_after_renewal_leave_out_the_first_one_now(
    margin: float, rate: float, discount: float
) -> None:
    margins = np.full(400, margin)
    margins[0] = 0.0
    engine = clv_from_survival(rate ** np.arange(400.0), margins, discount_rate=discount, timing="start")
    closed = clv_retention(margin, rate, discount_rate=discount, timing="after_renewal")
    assert closed == close(engine, engine)


@given(MONEY, st.floats(0, 1e3), COST, st.sampled_from(TIMINGS))
def test_without_discount_an_annuity_is_the_founding_formula(
    margin: float, n: float, cost: float, timing: str
) -> None:
    simple = clv_simple(margin, n, cost)
    closed = clv_annuity(margin, n, discount_rate=0.0, timing=timing, acquisition_cost=cost)
    assert closed == close(simple, simple + cost)


@pytest.mark.parametrize("timing", TIMINGS)
def test_the_discount_rate_goes_to_zero_without_a_jump(timing: str) -> None:
    """No division by zero and no cancellation on the way to the limit."""
    for rate in (1e-3, 1e-8, 1e-12, 1e-16, 1e-300, 5e-324, -1e-12):
        value = clv_annuity(500, 10, discount_rate=rate, timing=timing)
        assert value == pytest.approx(5000.0, rel=11 * abs(rate) + 1e-14)


@given(st.floats(0, 1e6), st.floats(0, 100), st.floats(0, 2), st.floats(0, 2), st.sampled_from(TIMINGS))
def test_a_higher_discount_rate_never_raises_the_value_of_positive_margins(
    margin: float, n: float, one: float, other: float, timing: str
) -> None:
    low, high = sorted((one, other))
    at_low = clv_annuity(margin, n, discount_rate=low, timing=timing)
    assert clv_annuity(margin, n, discount_rate=high, timing=timing) <= at_low * (1 + 1e-12)


@given(MONEY, st.floats(0, 30), st.floats(0, 1), st.floats(0.01, 2), st.floats(-1, 1))
def test_the_rungs_of_the_ladder_are_the_functions_of_this_module(
    revenue: float, n: float, retention: float, discount: float, margin_rate: float
) -> None:
    values = clv_ladder(
        revenue,
        n,
        retention_rate=retention,
        margin_rate=margin_rate,
        discount_rate=discount,
        acquisition_cost=9.0,
    )["value"].tolist()
    assert values[0] == clv_simple(revenue, n, 9.0)
    assert values[1:5] == [
        clv_annuity(revenue, n, discount_rate=discount, timing=timing, acquisition_cost=9.0)
        for timing in ("end", "mid", "continuous", "start")
    ]
    assert values[7] == clv_retention(
        revenue, retention, discount_rate=discount, timing="after_renewal", acquisition_cost=9.0
    )
    assert np.isfinite(values).all()


# ── Edges ───────────────────────────────────────────────────────────────────────────────────────────


def test_edges_have_plain_answers() -> None:
    assert clv_simple(500, 0, 1000) == -1000.0
    assert clv_simple(-5, 10) == -50.0
    assert clv_annuity(500, 0, discount_rate=0.1, timing="end") == 0.0
    assert clv_annuity(0, 1e300, discount_rate=-0.9, timing="mid") == 0.0
    assert clv_retention(500, 0.0, discount_rate=0.1, timing="start") == 500.0
    assert clv_retention(500, 0.9, discount_rate=0.0, timing="start") == pytest.approx(5000.0)
    assert clv_retention(500, 1.0, discount_rate=0.1, timing="end") == pytest.approx(5000.0)
    assert clv_retention(500, 0.2, discount_rate=-0.5, timing="end") == pytest.approx(500 / 0.3)
    assert clv_retention(0, 0.9, discount_rate=0.1, timing="end") == 0.0
    assert clv_from_survival([1.0], 7.0, discount_rate=0.5, timing="start") == 7.0
    assert clv_from_survival([1.0, 0.0], 7.0, discount_rate=-0.99, timing="end") == pytest.approx(700.0)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((math.nan, 10), "`revenue_per_period` must be a finite number, got nan"),
        ((500, -1), "`periods` must be a finite number at least 0, got -1"),
        ((500, math.inf), "`periods` must be a finite number at least 0, got inf"),
        (
            (500, 10, -1000),
            "`acquisition_cost` must be .* at least 0, got -1000; a cost is written as a positive",
        ),
        ((1e308, 10), "the value must be within the range of a float"),
        (("500", 10), "`revenue_per_period` must be numbers, got values of type text"),
    ],
)
def test_founding_formula_refuses(arguments: tuple[float, ...], message: str) -> None:
    with pytest.raises(InvalidInputError, match=message):
        clv_simple(*arguments)


def test_discount_rate_must_be_above_minus_one() -> None:
    message = "`discount_rate` must be a finite number greater than -1, got -1; 10 % is written 0.1"
    with pytest.raises(InvalidInputError, match=message):
        clv_annuity(500, 10, discount_rate=-1.0, timing="end")
    with pytest.raises(InvalidInputError, match="`discount_rate`"):
        clv_retention(500, 0.5, discount_rate=math.nan, timing="end")
    with pytest.raises(InvalidInputError, match="`discount_rate`"):
        clv_from_survival([1.0], 1.0, discount_rate=-2.0, timing="end")


@pytest.mark.parametrize(("retention", "discount"), [(1.0, 0.0), (1.0, -0.1), (0.5, -0.5), (0.9, -0.2)])
def test_a_diverging_retention_sum_is_refused(retention: float, discount: float) -> None:
    message = r"`retention_rate` / \(1 \+ `discount_rate`\) must be less than 1, .*; the sum diverges"
    with pytest.raises(InvalidInputError, match=message):
        clv_retention(500, retention, discount_rate=discount, timing="start")


def test_shares_and_timings_are_checked() -> None:
    with pytest.raises(
        InvalidInputError, match=r"`retention_rate` must be .* at most 1, got 90; 40 % is written 0.4"
    ):
        clv_retention(500, 90, discount_rate=0.1, timing="start")
    with pytest.raises(
        InvalidInputError, match=r"`margin_rate` must be .* at most 1, got 40; 40 % is written 0.4"
    ):
        clv_ladder(500, 10, retention_rate=0.9, margin_rate=40, discount_rate=0.1)
    with pytest.raises(
        InvalidInputError, match="`timing` must be one of 'start', 'mid', 'end', 'continuous', got 'now'"
    ):
        clv_annuity(500, 10, discount_rate=0.1, timing="now")  # type: ignore[arg-type]
    with pytest.raises(
        InvalidInputError, match="`timing` must be one of 'start', 'end', 'after_renewal', got 'mid'"
    ):
        clv_retention(500, 0.9, discount_rate=0.1, timing="mid")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("survival", "margin", "message"),
    [
        ([], 1.0, r"`survival` must be one row of at least one period, got shape \(0,\)"),
        ([[1.0]], 1.0, r"`survival` must be one row of at least one period, got shape \(1, 1\)"),
        ([0.9, 0.8], 1.0, "`survival` must start at 1, got 0.9; everybody is a customer"),
        (
            [1.0, 0.5, 0.6],
            1.0,
            r"`survival` must be nowhere increasing, got 0.6 at position 2 \(1 of 3 values\)",
        ),
        ([1.0, -0.1], 1.0, "`survival` must be .* at least 0 .*, got -0.1 at position 1"),
        ([1.0, math.nan], 1.0, "`survival` must be .*, got nan at position 1"),
        ([1.0, 0.5], [1.0, math.nan], "`margin` must be a finite number, got nan at position 1"),
        (
            [1.0, 0.5],
            [1.0, 2.0, 3.0],
            r"`margin` must be one number or one a period, got shape \(3,\) for 2 periods",
        ),
    ],
)
def test_engine_refuses(survival: list[float], margin: float, message: str) -> None:
    with pytest.raises(InvalidInputError, match=message):
        clv_from_survival(survival, margin, discount_rate=0.1, timing="end")


@pytest.mark.parametrize("timing", TIMINGS)
def test_values_beyond_a_float_are_refused_not_returned_as_infinity(timing: str) -> None:
    with pytest.raises(InvalidInputError, match="the value must be within the range of a float"):
        clv_annuity(500, 1e6, discount_rate=-0.9, timing=timing)
    with pytest.raises(InvalidInputError, match="the value must be within the range of a float"):
        clv_from_survival(np.ones(1000), [1.0, -1.0] * 500, discount_rate=-0.99, timing=timing)

"""Laws that every transaction model obeys, to the accuracy that ordinary data deserve."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from clv._high_precision import derivatives
from clv._models import Case, Family, every_family, ordinary_cases, powers
from clv._twins import twin_of
from customer_centric import DiscountRate, HistoryCounts, Horizon
from customer_centric.units import DAYS_PER_UNIT
from effort import examples

NEVER_DISCOUNTED = DiscountRate.annual(0.0)
MOST_COUNTS = 3000


@every_family
@given(data=st.data())
@examples(16)
def test_answers_do_not_depend_on_the_unit(family: Family, data: Any) -> None:
    """Weeks or days: the same customers, and a likelihood that is a density per unit."""
    case = data.draw(ordinary_cases(family))
    days = DAYS_PER_UNIT["week"]
    in_days = [
        value * days if name in family.times else value
        for name, value in zip(family.names, case.model.parameters, strict=True)
    ]
    daily = family.build(*in_days, unit="day")
    x, t_x, age = case.history
    history = x, np.minimum(t_x * days, age * days), age * days
    per_week = case.model.log_likelihood(*case.history)
    size = 1e-11 * (1 + np.abs(per_week).max() + 20 * x.max())
    np.testing.assert_allclose(
        daily.log_likelihood(*history), per_week - x * np.log(days), atol=size, rtol=1e-11
    )
    rate = DiscountRate.annual(0.1)
    window = Horizon(case.horizon, "week")
    for weekly_answer, daily_answer in (
        (case.model.probability_alive(*case.history), daily.probability_alive(*history)),
        (
            case.model.discounted_purchases(*case.history, discount_rate=rate, horizon=window),
            daily.discounted_purchases(*history, discount_rate=rate, horizon=window),
        ),
        (
            case.model.purchase_tail(1, *case.history, horizon=window),
            daily.purchase_tail(1, *history, horizon=window),
        ),
    ):
        np.testing.assert_allclose(daily_answer, weekly_answer, rtol=1e-9, atol=1e-13)


def support(case: Case) -> int | None:
    """How many counts hold all but 1e-12 of the probability; None where they are too many to sum."""
    count = 16
    while float(case.model.purchase_tail(count, *one_history(case), horizon=case.horizon)) > 1e-13:
        count *= 2
        if count > MOST_COUNTS:
            return None
    return count


def one_history(case: Case) -> tuple[float, float, float]:
    return float(case.frequency[0]), float(case.recency[0]), float(case.age[0])


@every_family
@given(data=st.data())
@examples(20)
def test_counts_have_a_distribution(family: Family, data: Any) -> None:
    """The pmf sums to one, its tail sums are `purchase_tail`, its mean is that of the model."""
    case = data.draw(ordinary_cases(family, n_rows=1))
    history = one_history(case)
    n_counts = support(case) or MOST_COUNTS
    count = np.arange(n_counts + 1.0)
    pmf = case.model.purchase_pmf(count, *history, horizon=case.horizon)
    tail = case.model.purchase_tail(count, *history, horizon=case.horizon)
    np.testing.assert_allclose(pmf[:-1].sum() + tail[-1], 1.0, atol=1e-11)
    np.testing.assert_allclose(1 - np.cumsum(pmf[:-1]), tail[1:], atol=1e-11)
    assert (np.diff(tail) <= 1e-13).all()
    expected = float(case.model.expected_purchases(*history, horizon=case.horizon))
    assert count @ pmf <= expected * (1 + 1e-9)


@every_family
@given(data=st.data())
@examples(20)
def test_moments_are_those_of_the_distribution(family: Family, data: Any) -> None:
    case = data.draw(ordinary_cases(family, n_rows=1, most=2))
    history = one_history(case)
    n_counts = support(case)
    assume(n_counts is not None)
    count = np.arange(1.0, n_counts + 1)
    tail = case.model.purchase_tail(count, *history, horizon=case.horizon)
    expected = float(case.model.expected_purchases(*history, horizon=case.horizon))
    variance = case.model.purchase_variance(*history, discount_rate=NEVER_DISCOUNTED, horizon=case.horizon)
    # Sum over n of n pmf(n) is the sum of the tail; of n^2 pmf(n), of (2n - 1) times the tail.
    np.testing.assert_allclose(tail.sum(), expected, rtol=1e-9, atol=1e-8)
    square = float((2 * count - 1) @ tail)
    np.testing.assert_allclose(variance, square - expected**2, rtol=1e-7, atol=1e-5)


@every_family
@given(data=st.data())
@examples(16)
def test_expected_purchases_are_the_limit_of_discounted_ones(family: Family, data: Any) -> None:
    case = data.draw(ordinary_cases(family))
    vanishing = DiscountRate.continuous(1e-13 / case.horizon, per="week")
    np.testing.assert_allclose(
        case.model.discounted_purchases(*case.history, discount_rate=vanishing, horizon=case.horizon),
        case.model.expected_purchases(*case.history, horizon=case.horizon),
        rtol=1e-10,
    )
    np.testing.assert_allclose(
        case.model.purchase_variance(*case.history, discount_rate=vanishing, horizon=case.horizon),
        case.model.purchase_variance(*case.history, discount_rate=NEVER_DISCOUNTED, horizon=case.horizon),
        rtol=1e-7,
    )


@every_family
@given(data=st.data())
@examples(16)
def test_a_forecast_is_its_three_parts(family: Family, data: Any) -> None:
    case, rate = data.draw(ordinary_cases(family)), DiscountRate.annual(0.1)
    model, history, horizon = case.model, case.history, case.horizon
    together = model.forecast(*history, horizon=horizon, discount_rate=rate)
    np.testing.assert_array_equal(together.probability_alive, model.probability_alive(*history))
    np.testing.assert_array_equal(
        together.expected_purchases, model.expected_purchases(*history, horizon=horizon)
    )
    np.testing.assert_array_equal(
        together.discounted_purchases,
        model.discounted_purchases(*history, discount_rate=rate, horizon=horizon),
    )


@every_family
@given(data=st.data())
@examples(16)
def test_the_slow_twin_agrees(family: Family, data: Any) -> None:
    """Adaptive quadrature over what nobody sees: the dropout probability, the time of death, the rate."""
    case = data.draw(ordinary_cases(family, n_rows=1))
    x, t_x, age = one_history(case)
    twin, model = twin_of(case.model, int(x), t_x, age), case.model
    count = data.draw(st.sampled_from([0, 1, 2, 30]))
    np.testing.assert_allclose(
        model.log_likelihood(x, t_x, age), twin.log_likelihood(), rtol=1e-10, atol=1e-10 * (1 + x)
    )
    for ours, slow in (
        (model.probability_alive(x, t_x, age), twin.probability_alive(0.0)),
        (model.probability_alive(x, t_x, age, after=case.horizon), twin.probability_alive(case.horizon)),
        (model.expected_purchases(x, t_x, age, horizon=case.horizon), twin.expected_purchases(case.horizon)),
        (model.purchase_pmf(count, x, t_x, age, horizon=case.horizon), twin.pmf(count, case.horizon)),
    ):
        np.testing.assert_allclose(ours, slow, rtol=1e-8, atol=1e-12)


@every_family
@given(data=st.data())
@examples(4)
def test_the_slow_twin_agrees_on_discounting(family: Family, data: Any) -> None:
    case = data.draw(ordinary_cases(family, n_rows=1))
    x, t_x, age = one_history(case)
    delta = data.draw(powers(-4, -0.5))
    rate = DiscountRate.continuous(delta, per="week")
    slow = twin_of(case.model, int(x), t_x, age).expected_purchases(case.horizon, delta)
    ours = case.model.discounted_purchases(x, t_x, age, discount_rate=rate, horizon=case.horizon)
    np.testing.assert_allclose(ours, slow, rtol=1e-8, atol=1e-12)


@every_family
@given(data=st.data())
@examples(16)
def test_a_new_customer_is_the_empty_history(family: Family, data: Any) -> None:
    case, rate = data.draw(ordinary_cases(family)), DiscountRate.annual(0.1)
    model, new, horizon = case.model, case.model.new_customer(), case.horizon
    nothing = (0, 0, 0)
    assert new.probability_alive(after=horizon) == model.probability_alive(*nothing, after=horizon)
    assert new.expected_purchases(horizon=horizon) == model.expected_purchases(*nothing, horizon=horizon)
    assert new.discounted_purchases(discount_rate=rate) == model.discounted_purchases(
        *nothing, discount_rate=rate
    )
    assert new.purchase_variance(discount_rate=rate, horizon=horizon) == model.purchase_variance(
        *nothing, discount_rate=rate, horizon=horizon
    )
    np.testing.assert_array_equal(
        new.purchase_pmf([0, 1, 5], horizon=horizon),
        model.purchase_pmf([0, 1, 5], *nothing, horizon=horizon),
    )


@every_family
@given(data=st.data())
@examples(6)
def test_scores_are_the_derivatives_at_50_digits(family: Family, data: Any) -> None:
    """Gradient and Hessian against differences of a likelihood at 50 digits, which lose none of ours."""
    case = data.draw(ordinary_cases(family, n_rows=2))
    counts = HistoryCounts.from_arrays(*case.history, unit="week")
    ours = family.score(case.model.parameters, counts, 1)
    value, gradient, hessian = derivatives(case.model, counts)
    size = 1 + abs(value)
    parameters = case.model.parameters
    # In logarithms of the parameters, where all of them have one scale.
    assert ours.value == pytest.approx(value, rel=1e-10, abs=1e-10 * size)
    np.testing.assert_allclose(ours.gradient * parameters, gradient * parameters, rtol=1e-7, atol=1e-9 * size)
    scale = np.outer(parameters, parameters)
    np.testing.assert_allclose(ours.hessian * scale, hessian * scale, rtol=1e-6, atol=1e-8 * size)

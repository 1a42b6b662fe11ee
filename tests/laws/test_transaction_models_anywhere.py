"""Laws that every transaction model obeys on any data whatever."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from clv._models import FAMILIES, Case, Family, every_family, powers, wild_cases
from customer_centric import BgNbd, DiscountRate, HistoryCounts, MbgNbd
from effort import examples

NEVER_DISCOUNTED = DiscountRate.annual(0.0)
# A rounding, and no more.
BIT = 1e-12


def discounts() -> st.SearchStrategy[DiscountRate]:
    return powers(-5, 0).map(lambda rate: DiscountRate.continuous(rate, per="week"))


@every_family
@given(data=st.data())
@examples(36)
def test_every_answer_is_a_number_in_its_range(family: Family, data: Any) -> None:
    case, rate = data.draw(wild_cases(family)), data.draw(discounts())
    count = data.draw(st.one_of(st.integers(0, 3), powers(0, 4).map(np.floor)))
    check_ranges(case, rate, count)


@pytest.mark.parametrize(
    ("parameters", "age", "horizon"),
    [((3260.35, 3.7e-8, 3.8e-8, 5.2e-8), 1.0, 0.0075), ((4.5e-7, 3.08e7, 0.03887, 0.4041), 1476.54, 0.00118)],
)
def test_what_once_was_not_a_number_in_its_range(
    parameters: tuple[float, ...], age: float, horizon: float
) -> None:
    """Tiny parameters were rounded to zero; the chance of being alive later exceeded 1 by a rounding."""
    zero = np.zeros(1)
    for family in FAMILIES[:2]:
        case = Case(family.build(*parameters), zero, zero, zero + age, horizon)
        check_ranges(case, DiscountRate.annual(0.1), 3.0)


def check_ranges(case: Case, rate: DiscountRate, count: float) -> None:
    model, history, horizon = case.model, case.history, case.horizon
    assert np.isfinite(model.log_likelihood(*history)).all()
    expected = model.expected_purchases(*history, horizon=horizon)
    discounted = model.discounted_purchases(*history, discount_rate=rate, horizon=horizon)
    amounts = [
        expected,
        discounted,
        expected * (1 + BIT) - discounted,
        model.discounted_purchases(*history, discount_rate=rate) * (1 + BIT) - discounted,
        model.purchase_variance(*history, discount_rate=rate, horizon=horizon),
        model.purchase_variance(*history, discount_rate=rate),
        model.purchase_variance(*history, discount_rate=NEVER_DISCOUNTED, horizon=horizon),
    ]
    shares = [
        model.probability_alive(*history),
        model.probability_alive(*history, after=horizon),
        model.probability_alive(*history, after=np.inf),
        model.purchase_pmf(count, *history, horizon=horizon),
        model.purchase_tail(count, *history, horizon=horizon),
    ]
    for amount in amounts:
        assert np.isfinite(amount).all()
        assert (amount >= 0).all()
    for share in shares:
        assert ((share >= 0) & (share <= 1 + BIT)).all()


@every_family
@given(data=st.data())
@examples(25)
def test_infinite_only_where_the_expectation_is(family: Family, data: Any) -> None:
    """No discount, no end, and a <= 1 or s <= 1."""
    case = data.draw(wild_cases(family))
    whole = case.model.expected_purchases(*case.history, horizon=np.inf)
    name = family.finite_above_one
    finite = name is not None and getattr(case.model, name) > 1
    assert (np.isfinite(whole) == finite).all()
    again = case.model.discounted_purchases(*case.history, discount_rate=NEVER_DISCOUNTED)
    np.testing.assert_array_equal(again, whole)


@every_family
@given(data=st.data())
@examples(25)
def test_longer_horizons_hold_more(family: Family, data: Any) -> None:
    case, rate = data.draw(wild_cases(family)), data.draw(discounts())
    longer = case.horizon * (1 + data.draw(powers(-6, 2)))
    model, history = case.model, case.history
    for question in (
        lambda horizon: model.expected_purchases(*history, horizon=horizon),
        lambda horizon: model.discounted_purchases(*history, discount_rate=rate, horizon=horizon),
        lambda horizon: -model.probability_alive(*history, after=horizon),
        lambda horizon: model.purchase_tail(2, *history, horizon=horizon),
    ):
        shorter, more = question(case.horizon), question(longer)
        assert (more >= shorter - BIT * np.abs(shorter)).all()


@every_family
@given(data=st.data())
@examples(20)
def test_nothing_happens_in_no_time(family: Family, data: Any) -> None:
    case, rate = data.draw(wild_cases(family)), data.draw(discounts())
    model, history = case.model, case.history
    zeros = np.zeros(case.frequency.shape)
    np.testing.assert_array_equal(model.expected_purchases(*history, horizon=0), zeros)
    np.testing.assert_array_equal(model.discounted_purchases(*history, discount_rate=rate, horizon=0), zeros)
    np.testing.assert_array_equal(model.purchase_variance(*history, discount_rate=rate, horizon=0), zeros)
    np.testing.assert_array_equal(model.purchase_pmf(0, *history, horizon=0), zeros + 1)
    np.testing.assert_array_equal(model.purchase_pmf(2, *history, horizon=0), zeros)
    np.testing.assert_array_equal(model.purchase_tail(0, *history, horizon=0), zeros + 1)
    np.testing.assert_array_equal(model.purchase_tail(1, *history, horizon=0), zeros)
    np.testing.assert_array_equal(
        model.probability_alive(*history, after=0), model.probability_alive(*history)
    )


@every_family
@given(data=st.data())
@examples(20)
def test_customers_do_not_depend_on_one_another(family: Family, data: Any) -> None:
    """Unlike in packages that take totals over a batch: alone or in company, in whatever order."""
    case = data.draw(wild_cases(family))
    model, (x, t_x, age) = case.model, case.history
    together = model.expected_purchases(x, t_x, age, horizon=case.horizon)
    for row in range(x.size):
        alone = model.expected_purchases(x[row], t_x[row], age[row], horizon=case.horizon)
        np.testing.assert_allclose(alone, together[row], rtol=1e-11)
    backwards = model.expected_purchases(x[::-1], t_x[::-1], age[::-1], horizon=case.horizon)
    np.testing.assert_array_equal(backwards[::-1], together)


@every_family
@given(data=st.data())
@examples(20)
def test_a_weight_of_k_is_k_copies(family: Family, data: Any) -> None:
    case = data.draw(wild_cases(family))
    copies = np.array([data.draw(st.integers(1, 5)) for _ in case.frequency])
    order = data.draw(st.permutations(range(int(copies.sum()))))
    repeated = [np.repeat(column, copies)[order] for column in case.history]
    weighted = HistoryCounts.from_arrays(*case.history, unit="week", weights=copies)
    copied = HistoryCounts.from_arrays(*repeated, unit="week")
    one, other = (family.score(case.model.parameters, c, 1) for c in (weighted, copied))
    assert one.value == other.value
    np.testing.assert_array_equal(one.gradient, other.gradient)
    np.testing.assert_array_equal(one.hessian, other.hessian)
    total = copies @ case.model.log_likelihood(*case.history)
    # Terms cancel: the sizes that count are those of the largest.
    size = copies @ (1 + np.abs(case.model.log_likelihood(*case.history)) + case.frequency * 20)
    assert one.value == pytest.approx(total, rel=1e-9, abs=1e-11 * size)


OUTSIDE = [0.0, -1.0, np.nan, np.inf, 1e16, 1e-16]


@every_family
@pytest.mark.parametrize("value", OUTSIDE)
def test_parameters_outside_the_supported_range_are_refused_by_name(family: Family, value: float) -> None:
    for position, name in enumerate(family.names):
        parameters = [1.0] * len(family.names)
        parameters[position] = value
        with pytest.raises(ValueError, match=f"`{name}` must be a finite number"):
            family.build(*parameters)


@every_family
def test_times_and_counts_outside_the_supported_range_are_refused_by_name(family: Family) -> None:
    model = family.build(*[1.0] * len(family.names))
    with pytest.raises(ValueError, match=r"`age` must be a finite number at most 1e\+15, got 1e\+16"):
        model.probability_alive(0, 0, 1e16)
    with pytest.raises(ValueError, match=r"`frequency` must be .* at most 1e\+15, got 1e\+16"):
        model.log_likelihood(1e16, 1, 2)
    with pytest.raises(ValueError, match=r"`horizon` must be .* at least 1e-15 and at most 1e\+15"):
        model.expected_purchases(0, 0, 1, horizon=1e-200)
    with pytest.raises(ValueError, match="`after` must be a number at least 0, got -1"):
        model.probability_alive(0, 0, 1, after=-1)


@every_family
def test_the_whole_supported_range_gives_numbers(family: Family) -> None:
    """Corners of the range in which parameters are accepted."""
    rng = np.random.default_rng(7)
    x = np.array([0.0, 1.0, 1e15, 0.0])
    for _ in range(20):
        parameters = 10 ** rng.uniform(-15, 15, len(family.names))
        age = 10 ** rng.uniform(-15, 15, x.size)
        history = np.where(age < 1e-10, 0.0, x), np.where((x > 0) & (age >= 1e-10), age / 3, 0.0), age
        case = Case(family.build(*parameters), *history, float(10 ** rng.uniform(-15, 15)))
        model = case.model
        for answer in (
            model.log_likelihood(*history),
            model.probability_alive(*history, after=case.horizon),
            model.expected_purchases(*history, horizon=case.horizon),
            model.discounted_purchases(*history, discount_rate=DiscountRate.annual(0.1)),
            model.purchase_pmf(3, *history, horizon=case.horizon),
        ):
            assert np.isfinite(answer).all()


@pytest.mark.parametrize("model", [BgNbd, MbgNbd])
def test_nothing_breaks_at_a_equal_to_one(model: type) -> None:
    """The published closed form divides by a - 1."""
    at, near = (model(r=0.5, alpha=3, a=a, b=2, unit="week") for a in (1.0, 1.0 + 1e-12))
    np.testing.assert_allclose(
        at.expected_purchases([0, 3], [0, 5], [9, 9], horizon=30),
        near.expected_purchases([0, 3], [0, 5], [9, 9], horizon=30),
        rtol=1e-10,
    )

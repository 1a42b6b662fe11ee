"""Horizons and discount rates: published conversions, laws, and refusals by their words."""

from __future__ import annotations

import dataclasses
import math
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from customer_centric import DiscountRate, Horizon
from customer_centric.errors import InvalidInputError
from customer_centric.units import DAYS_PER_UNIT, UNITS_PER_YEAR, horizon_in_unit

UNITS = ("day", "week", "month")
units = st.sampled_from(UNITS)
lengths = st.one_of(st.just(0.0), st.floats(1e-6, 1e6))


def refusal(message: str) -> Any:
    return pytest.raises(InvalidInputError, match=f"^{re.escape(message)}$")


# ── Horizons ────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("horizon", "unit", "length"),
    [
        (Horizon(1, "week"), "day", 7.0),
        (Horizon(39, "week"), "day", 273.0),
        (Horizon(1, "month"), "day", 30.4375),
        (Horizon(12, "month"), "day", 365.25),
        (Horizon(1, "day"), "week", 1 / 7),
        (Horizon(272, "day"), "week", 272 / 7),
        (Horizon(365.25, "day"), "month", 12.0),
        (Horizon.years(1), "week", 365.25 / 7),
        (Horizon.years(2), "month", 24.0),
        (Horizon.years(0.5), "day", 182.625),
        (Horizon(0, "week"), "month", 0.0),
    ],
)
def test_a_year_has_12_months_and_365_and_a_quarter_days(horizon: Horizon, unit: Any, length: float) -> None:
    """To the last bit: a whole number of weeks is a whole number of days."""
    assert horizon.in_unit(unit) == length


def test_units_and_years_agree() -> None:
    for unit in UNITS:
        assert DAYS_PER_UNIT[unit] * UNITS_PER_YEAR[unit] == pytest.approx(365.25, rel=1e-15)


@given(lengths, units, units)
def test_there_and_back_is_where_it_was(length: float, unit: Any, other: Any) -> None:
    there = Horizon(length, unit).in_unit(other)
    assert Horizon(there, other).in_unit(unit) == pytest.approx(length, rel=1e-14)
    assert Horizon(length, unit).in_unit(unit) == length


@given(lengths, lengths, units, units)
def test_a_longer_horizon_is_longer_in_every_unit(one: float, two: float, unit: Any, other: Any) -> None:
    short, long = sorted((one, two))
    assert Horizon(short, unit).in_unit(other) <= Horizon(long, unit).in_unit(other)


@pytest.mark.parametrize("unit", UNITS)
def test_the_whole_future_is_infinite_in_every_unit(unit: Any) -> None:
    assert Horizon.infinite().in_unit(unit) == math.inf
    assert Horizon.years(math.inf).in_unit(unit) == math.inf
    assert Horizon(math.inf, unit).in_unit("day") == math.inf


def test_a_plain_number_is_in_the_unit_already() -> None:
    assert horizon_in_unit(39, "week") == 39.0
    assert horizon_in_unit(Horizon(39, "week"), "day") == 273.0
    assert horizon_in_unit(math.inf, "month") == math.inf
    with refusal("`horizon` must be a number at least 0, got -1"):
        horizon_in_unit(-1, "week")


@pytest.mark.parametrize("length", [-1.0, math.nan])
def test_impossible_lengths_are_refused(length: float) -> None:
    with refusal(f"`length` must be a number at least 0, got {length:g}"):
        Horizon(length, "week")
    with refusal(f"`years` must be a number at least 0, got {length:g}"):
        Horizon.years(length)


def test_other_units_are_refused() -> None:
    plural: Any = "weeks"
    with refusal("`unit` must be one of 'day', 'week', 'month', got 'weeks'"):
        Horizon(1, plural)
    with refusal("`unit` must be one of 'day', 'week', 'month', got 'weeks'"):
        Horizon(1, "week").in_unit(plural)
    with refusal("`unit` must be one of 'day', 'week', 'month', got 'weeks'"):
        DiscountRate.annual(0.1).per(plural)
    with refusal("`per` must be one of 'day', 'week', 'month', got 'weeks'"):
        DiscountRate.continuous(0.1, per=plural)


def test_text_is_no_length() -> None:
    text: Any = "52"
    with refusal("`length` must be numbers, got values of type text; convert them first"):
        Horizon(text, "week")


# ── Discount rates ──────────────────────────────────────────────────────────────────────────────────


def test_the_weekly_rate_of_the_papers_is_15_percent_a_year() -> None:
    """ln(1.15) * 7 / 365.25 = .0026785; 52 weeks a year would give .0026877; the papers round to .0027."""
    assert DiscountRate.annual(0.15).per("week") == pytest.approx(0.0026785, abs=5e-8)
    assert math.log(1.15) / 52 == pytest.approx(0.0026877, abs=5e-8)
    papers = DiscountRate.continuous(0.0027, per="week")
    assert papers.per("week") == pytest.approx(0.0027, rel=1e-15)
    assert papers.annual_rate == pytest.approx(math.exp(0.0027 * 365.25 / 7) - 1, rel=1e-14)


@given(st.floats(0, 100), units)
def test_money_in_a_year_is_worth_one_over_one_plus_the_rate(rate: float, unit: Any) -> None:
    discount = DiscountRate.annual(rate)
    assert discount.annual_rate == pytest.approx(rate, rel=1e-13, abs=1e-300)
    factor = math.exp(-discount.per(unit) * Horizon.years(1).in_unit(unit))
    assert factor == pytest.approx(1 / (1 + rate), rel=1e-13)


@given(st.floats(0, 10), units, units)
def test_a_rate_means_the_same_in_every_unit(rate: float, unit: Any, other: Any) -> None:
    discount = DiscountRate.continuous(rate, per=unit)
    ratio = DAYS_PER_UNIT[other] / DAYS_PER_UNIT[unit]
    assert discount.per(other) == pytest.approx(rate * ratio, rel=1e-13, abs=1e-300)


def test_a_small_rate_keeps_its_digits() -> None:
    assert DiscountRate.annual(1e-12).per("month") == pytest.approx(1e-12 / 12, rel=1e-11)
    assert DiscountRate.annual(1e-12).annual_rate == pytest.approx(1e-12, rel=1e-15)


def test_no_discount_is_no_discount() -> None:
    for unit in UNITS:
        assert DiscountRate.annual(0).per(unit) == 0.0
    assert DiscountRate(0.0) == DiscountRate.annual(0) == DiscountRate.continuous(0, per="day")


@pytest.mark.parametrize("rate", [-0.01, math.inf, math.nan])
def test_impossible_rates_are_refused(rate: float) -> None:
    with refusal(f"`rate` must be a finite number at least 0, got {rate:g}"):
        DiscountRate.annual(rate)
    with refusal(f"`rate` must be a finite number at least 0, got {rate:g}"):
        DiscountRate.continuous(rate, per="week")
    with refusal(f"`log_annual_factor` must be a finite number at least 0, got {rate:g}"):
        DiscountRate(rate)


def test_both_are_values() -> None:
    """Equal where they mean the same numbers, usable as keys, and not to be changed."""
    assert len({DiscountRate.annual(0.1), DiscountRate.annual(0.1), DiscountRate.annual(0.2)}) == 2
    assert len({Horizon(1, "week"), Horizon(1.0, "week"), Horizon(7, "day")}) == 2
    with pytest.raises(dataclasses.FrozenInstanceError):
        Horizon(1, "week").length = 2  # type: ignore[misc]

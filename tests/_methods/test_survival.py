"""Survival curves against published numbers, against counting by hand, and where nothing has happened yet."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from customer_centric._methods.survival import KaplanMeier, kaplan_meier
from customer_centric.errors import InvalidInputError
from effort import examples

# Freireich et al. (1963): weeks of remission under 6-MP; 9 of 21 relapses seen.
WEEKS = [6, 6, 6, 6, 7, 9, 10, 10, 11, 13, 16, 17, 19, 20, 22, 23, 25, 32, 32, 34, 35]
RELAPSED = [1, 1, 1, 0, 1, 0, 1, 0, 0, 1, 1, 0, 0, 0, 1, 1, 0, 0, 0, 0, 0]


@st.composite
def histories(draw: st.DrawFn, *, max_size: int = 30) -> tuple[list[float], list[bool]]:
    n = draw(st.integers(1, max_size))
    days = st.integers(0, 12).map(float)
    return (
        draw(st.lists(days, min_size=n, max_size=n)),
        draw(st.lists(st.booleans(), min_size=n, max_size=n)),
    )


def slow_survival(
    duration: list[float], lost: list[bool], at: float, entry: list[float] | None = None
) -> float:
    """The product, one customer after the other."""
    late = [-1.0] * len(duration) if entry is None else entry
    survival = 1.0
    for moment in sorted({stay for stay, gone in zip(duration, lost, strict=True) if gone and stay <= at}):
        at_risk = sum(start < moment <= stay for start, stay in zip(late, duration, strict=True))
        gone = sum(stay == moment and out for stay, out in zip(duration, lost, strict=True))
        survival *= 1.0 - gone / at_risk
    return survival


# ── Published numbers ───────────────────────────────────────────────────────────────────────────────


def test_freireich_6mp_curve_and_log_log_bounds() -> None:
    curve = kaplan_meier(WEEKS, RELAPSED)
    for week, expected in (
        (6, (0.857143, 0.6197, 0.9516)),
        (10, (0.752941, 0.5032, 0.8894)),
        (23, (0.448179, 0.1881, 0.6801)),
    ):
        assert curve.at(week) == pytest.approx(expected, abs=6e-5)
    assert curve.standard_error[curve.duration == 6] == pytest.approx(0.0764, abs=5e-5)
    assert curve.standard_error[curve.duration == 23] == pytest.approx(0.1346, abs=5e-5)


def test_freireich_6mp_restricted_means() -> None:
    curve = kaplan_meier(WEEKS, RELAPSED)
    assert curve.restricted_mean(35) == pytest.approx((23.287395, 2.827468), abs=6e-7)
    assert curve.restricted_mean(23) == pytest.approx((17.909244, 1.553190), abs=6e-7)


@pytest.mark.parametrize(
    ("entry", "expected"),
    [
        ([1.9, 0, 0, 0, 0], [0.8, 0.6, 0.4, 0.2, 0.0]),
        ([1, 2, 4, 0, 0], [0.667, 0.444, 0.222, 0.111, 0.0]),
    ],
)
def test_late_entry_of_the_tests_of_lifelines(entry: list[float], expected: list[float]) -> None:
    curve = kaplan_meier([2, 10, 5, 4, 3], np.ones(5), entry=entry)
    assert curve.duration.tolist() == [2, 3, 4, 5, 10]
    np.testing.assert_allclose(curve.survival, expected, atol=5e-4)


# ── Laws ────────────────────────────────────────────────────────────────────────────────────────────


@given(histories(), st.integers(0, 13))
def test_the_curve_is_the_product_counted_by_hand(history: tuple[list[float], list[bool]], at: int) -> None:
    duration, lost = history
    curve = kaplan_meier(duration, lost)
    if at <= curve.follow_up:
        assert curve.at(at)[0] == pytest.approx(slow_survival(duration, lost, at), abs=1e-12)


@given(histories(), st.data())
def test_late_entry_is_counted_as_by_hand(
    history: tuple[list[float], list[bool]], data: st.DataObject
) -> None:
    stays, lost = history
    duration = [stay + 1.0 for stay in stays]
    entry = [float(data.draw(st.integers(0, int(stay) - 1))) for stay in duration]
    curve = kaplan_meier(duration, lost, entry=entry)
    for moment in curve.duration.tolist():
        assert curve.at(moment)[0] == pytest.approx(slow_survival(duration, lost, moment, entry), abs=1e-12)
    assert (curve.at_risk >= curve.lost + curve.censored).all()


@given(histories(), st.integers(1, 12))
def test_the_restricted_mean_is_the_area_under_the_steps(
    history: tuple[list[float], list[bool]], horizon: int
) -> None:
    duration, lost = history
    curve = kaplan_meier(duration, lost)
    mean, error = curve.restricted_mean(horizon)
    if not curve.reaches(horizon):
        assert math.isnan(mean)
        assert math.isnan(error)
        return
    steps = [slow_survival(duration, lost, day) for day in range(horizon)]
    assert mean == pytest.approx(sum(steps), abs=1e-10)
    lower, upper = curve.restricted_mean_bounds(horizon)
    assert 0 <= lower <= mean <= upper <= horizon
    assert lower < upper


@given(histories())
def test_the_curve_falls_and_its_bounds_hold_it(history: tuple[list[float], list[bool]]) -> None:
    curve = kaplan_meier(*history)
    assert (np.diff(curve.survival) <= 1e-15).all()
    assert (curve.lower <= curve.survival).all()
    assert (curve.survival <= curve.upper).all()
    assert (curve.lower < curve.upper).all()
    assert ((curve.lower >= 0) & (curve.upper <= 1)).all()


@given(histories(), st.sampled_from([0.25, 7.0, 365.25]))
def test_the_unit_of_time_does_not_matter(history: tuple[list[float], list[bool]], unit: float) -> None:
    duration, lost = history
    days, others = kaplan_meier(duration, lost), kaplan_meier(np.array(duration) * unit, lost)
    np.testing.assert_allclose(days.survival, others.survival)
    np.testing.assert_allclose(days.upper, others.upper)
    end = max(days.follow_up, 1.0)
    scaled = [value * unit for value in (*days.restricted_mean(end), *days.restricted_mean_bounds(end))]
    found = *others.restricted_mean(end * unit), *others.restricted_mean_bounds(end * unit)
    np.testing.assert_allclose(found, scaled, atol=1e-9)


@given(st.lists(st.integers(0, 9).map(float), min_size=1, max_size=30))
def test_without_censoring_it_is_the_share_who_stay_longer(duration: list[float]) -> None:
    curve = kaplan_meier(duration, np.ones(len(duration), dtype=bool))
    shares = [sum(stay > moment for stay in duration) / len(duration) for moment in curve.duration]
    np.testing.assert_allclose(curve.survival, shares, atol=1e-12)
    binomial = curve.survival * (1 - curve.survival) / len(duration)
    np.testing.assert_allclose(curve.standard_error**2, binomial, atol=1e-12)


@given(histories(), st.lists(st.integers(0, 4), min_size=30, max_size=30))
def test_weights_are_as_many_customers(history: tuple[list[float], list[bool]], weights: list[int]) -> None:
    duration, lost = history
    counts = weights[: len(duration)]
    weighted = kaplan_meier(duration, lost, weights=counts)
    repeated = kaplan_meier(np.repeat(duration, counts), np.repeat(lost, counts))
    for name in ("duration", "at_risk", "lost", "censored", "survival", "lower", "upper"):
        np.testing.assert_allclose(getattr(weighted, name), getattr(repeated, name), err_msg=name)


@given(histories(), st.randoms(use_true_random=False))
@examples(50)
def test_the_order_of_customers_does_not_matter(
    history: tuple[list[float], list[bool]], random: object
) -> None:
    order = np.random.default_rng(1).permutation(len(history[0]))
    first = kaplan_meier(*history)
    second = kaplan_meier(np.array(history[0])[order], np.array(history[1])[order])
    np.testing.assert_array_equal(first.survival, second.survival)


# ── Edges ───────────────────────────────────────────────────────────────────────────────────────────


def test_nobody_lost_gives_the_beta_product_bound_of_20_customers() -> None:
    curve = kaplan_meier(np.arange(10, 30), np.zeros(20))
    assert curve.at(5) == pytest.approx((1.0, 0.025 ** (1 / 20), 1.0))
    assert curve.at(5)[1] == pytest.approx(0.8316, abs=5e-5)
    # Later fewer are at risk, so that less is known.
    assert curve.at(25)[1] == pytest.approx(0.025 ** (1 / 4))
    assert curve.restricted_mean(5) == (5.0, 0.0)
    assert curve.restricted_mean_bounds(5) == pytest.approx((5 * 0.025 ** (1 / 20), 5.0))


def test_when_everybody_is_lost_the_last_upper_bound_stays() -> None:
    curve = kaplan_meier([1, 2, 3, 4], np.ones(4))
    assert curve.at(4) == (0.0, 0.0, curve.at(3)[2])
    assert curve.at(99)[0] == 0.0
    assert curve.restricted_mean(99)[0] == pytest.approx(2.5)


def test_one_customer() -> None:
    lost = kaplan_meier([10], [True])
    assert lost.at(5) == pytest.approx((1.0, 0.025, 1.0))
    assert lost.at(10) == (0.0, 0.0, 1.0)
    mean, error = lost.restricted_mean(30)
    lower, upper = lost.restricted_mean_bounds(30)
    assert (mean, error) == (10.0, 0.0)
    assert (lower, upper) == pytest.approx((0.25, 10 + 20 * 0.975))
    there = kaplan_meier([10], [False])
    assert there.at(10) == (1.0, 0.0, 1.0)


def test_beyond_the_follow_up_nothing_is_known_but_that_it_falls() -> None:
    curve = kaplan_meier([5, 8, 10], [True, False, False])
    survival, lower, upper = curve.at(11)
    assert math.isnan(survival)
    assert (lower, upper) == (0.0, curve.at(10)[2])
    assert not curve.reaches(11)
    assert curve.restricted_mean_bounds(11) == (curve.restricted_mean_bounds(10)[0], 11.0)


def test_nobody_at_all() -> None:
    curve = kaplan_meier([], [])
    survival, lower, upper = curve.at(3)
    assert math.isnan(survival)
    assert (lower, upper) == (0.0, 1.0)
    assert math.isnan(curve.follow_up)
    assert not curve.reaches(1)


def test_a_loss_on_the_first_day_is_a_loss() -> None:
    assert kaplan_meier([0, 5], [True, False]).at(0)[0] == 0.5


def test_bounds_hold_the_truth_where_few_are_lost() -> None:
    """Coverage of the restricted mean of 15 and 60 customers, most of whom stay."""
    rng = np.random.default_rng(4)
    for n, hazard in ((15, 0.3), (60, 0.1)):
        truth = (1 - math.exp(-hazard)) / hazard
        hits = 0
        for _ in range(400):
            stay, seen = rng.exponential(1 / hazard, n), rng.uniform(0.5, 2.5, n)
            curve = kaplan_meier(np.minimum(stay, seen), stay <= seen)
            lower, upper = curve.restricted_mean_bounds(1.0) if curve.reaches(1.0) else (0.0, 1.0)
            hits += lower <= truth <= upper
        assert hits / 400 >= 0.92


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            {"duration": [1, -1], "lost": [0, 0]},
            "`duration` must be a finite number at least 0, got -1 at position 1",
        ),
        (
            {"duration": [1, math.nan], "lost": [0, 0]},
            "`duration` must be a finite number at least 0, got nan",
        ),
        ({"duration": [1, 2], "lost": [0, 2]}, "`lost` must be True or False, got 2 at position 1"),
        ({"duration": [1, 2], "lost": ["no", "yes"]}, "`lost` must be numbers, got values of type text"),
        (
            {"duration": [1, 2], "lost": [0, 0], "entry": [0, 2]},
            "`entry` must be less than `duration`, got 2 at position 1 .1 of 2 values.; leave out customers",
        ),
        (
            {"duration": [1, 2], "lost": [0, 0], "weights": [1, -1]},
            "`weights` must be a finite number at least 0",
        ),
        ({"duration": [1, 2], "lost": [0, 0, 0]}, "lengths must agree or be 1"),
        ({"duration": [[1, 2]], "lost": [[0, 0]]}, "`duration` must be one-dimensional"),
        ({"duration": [1], "lost": [0], "confidence_level": 95}, "`confidence_level` must be"),
    ],
)
def test_impossible_histories_are_refused(arguments: dict[str, object], message: str) -> None:
    with pytest.raises(InvalidInputError, match=message):
        kaplan_meier(**arguments)  # type: ignore[arg-type]


def test_the_result_says_at_which_level_its_bounds_are() -> None:
    wide, narrow = (kaplan_meier(WEEKS, RELAPSED, confidence_level=level) for level in (0.99, 0.5))
    assert isinstance(wide, KaplanMeier)
    assert (wide.confidence_level, narrow.confidence_level) == (0.99, 0.5)
    assert (wide.lower <= narrow.lower).all()

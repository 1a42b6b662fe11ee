"""Survival curves: laws, edges, bounds that hold, and words of refusal."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from customer_centric.churn import SurvivalCurve, restricted_mean_difference, survival_curve
from customer_centric.errors import InvalidInputError

TRANSFORMS = ("log-log", "log", "logit", "arcsin", "plain")
CUSTOMERS = st.lists(st.tuples(st.integers(0, 30), st.booleans()), min_size=1, max_size=40)


def curve_of(customers: list[tuple[int, bool]], transform: str = "log-log") -> SurvivalCurve:
    duration, lost = zip(*customers, strict=True)
    return survival_curve(duration, lost, unit="month", transform=transform)  # type: ignore[arg-type]


@given(CUSTOMERS, st.sampled_from(TRANSFORMS))
def test_curves_fall_and_stay_between_their_bounds(customers: list[tuple[int, bool]], transform: str) -> None:
    curve = curve_of(customers, transform)
    assert (np.diff(curve.survival) <= 0).all()
    assert ((curve.survival >= 0) & (curve.survival <= 1)).all()
    assert (curve.lower <= curve.survival + 1e-12).all()
    assert (curve.upper >= curve.survival - 1e-12).all()
    assert ((curve.lower >= 0) & (curve.upper <= 1)).all()
    assert (curve.upper > curve.lower).all(), "never of width zero"


@given(CUSTOMERS)
def test_without_customers_who_are_still_there_it_is_the_share_left(
    customers: list[tuple[int, bool]],
) -> None:
    curve = curve_of([(duration, True) for duration, _ in customers])
    lives = np.array([duration for duration, _ in customers])
    for time in range(31):
        assert float(curve.at(time)) == pytest.approx((lives > time).mean(), abs=1e-12)


@given(CUSTOMERS, st.floats(0.01, 100))
def test_the_unit_of_time_does_not_matter(customers: list[tuple[int, bool]], scale: float) -> None:
    duration, lost = zip(*customers, strict=True)
    here = survival_curve(duration, lost, unit="month")
    there = survival_curve(np.array(duration) * scale, lost, unit="month")
    assert there.survival.tolist() == here.survival.tolist()
    assert there.upper.tolist() == here.upper.tolist()


@given(CUSTOMERS, st.integers(1, 4))
def test_weights_are_customers(customers: list[tuple[int, bool]], times: int) -> None:
    duration, lost = zip(*customers, strict=True)
    weighted = survival_curve(duration, lost, unit="month", weights=[times] * len(duration))
    repeated = survival_curve(duration * times, lost * times, unit="month")
    assert weighted.survival == pytest.approx(repeated.survival)
    assert weighted.lower == pytest.approx(repeated.lower)


@given(CUSTOMERS, st.integers(0, 20))
def test_the_rest_of_a_life_is_a_ratio_of_survivals(customers: list[tuple[int, bool]], tenure: int) -> None:
    curve = curve_of(customers)
    alive = float(curve.at(tenure))
    if not (curve.duration > tenure).any():
        with pytest.raises(InvalidInputError, match="`tenure` must be less than the longest stay watched"):
            curve.conditional(tenure)
        return
    rest = curve.conditional(tenure)
    assert rest.tenure == tenure
    for time in rest.duration:
        assert float(rest.at(time)) == pytest.approx(float(curve.at(tenure + time)) / alive)


@given(CUSTOMERS, st.integers(1, 31))
def test_a_restricted_mean_is_the_area_under_the_curve(
    customers: list[tuple[int, bool]], horizon: int
) -> None:
    curve = curve_of(customers)
    if horizon > curve.duration[-1] and curve.survival[-1] > 0:
        with pytest.raises(
            InvalidInputError, match=f"`horizon` must be at most the longest .* got {horizon}"
        ):
            curve.restricted_mean(horizon)
        return
    found = curve.restricted_mean(horizon)
    area = sum(float(curve.at(time)) for time in range(horizon))
    assert found.mean == pytest.approx(area)
    assert 0 <= found.interval.lower <= found.mean <= found.interval.upper <= horizon


def test_nobody_lost_is_no_promise() -> None:
    """Twenty customers at risk, none lost: the lower bound is the 20th root of 0.025 (Fay et al. 2013)."""
    curve = survival_curve([5] * 20 + [9], [False] * 21, unit="month")
    assert curve.survival.tolist() == [1.0, 1.0]
    assert curve.lower[0] == pytest.approx(0.025)
    many = survival_curve([1] + [5] * 20, [False] * 21, unit="month")
    assert many.lower[0] == pytest.approx(0.025 ** (1 / 20))
    assert many.upper.tolist() == [1.0, 1.0]


def test_quantiles_are_where_no_more_is_left() -> None:
    """A flat step exactly at a half starts the quantile, as in lifelines; R takes the middle of the step."""
    curve = survival_curve([1, 2, 3, 4], [True] * 4, unit="month")
    assert curve.quantile()[0] == 2.0
    assert curve.quantile(0.25)[0] == 3.0
    never, bounds = survival_curve([1, 2, 3], [True, False, False], unit="month").quantile()
    assert math.isnan(never)
    assert bounds.upper == math.inf


def test_who_came_late_was_not_at_risk_before() -> None:
    """Simulated truth: customers seen only if they lasted; ignoring that flatters the curve."""
    rng = np.random.default_rng(6)
    life, entry = rng.exponential(10, 40_000), rng.uniform(0, 20, 40_000)
    seen = life > entry
    stop = np.minimum(life[seen], entry[seen] + 15)
    lost = life[seen] <= entry[seen] + 15
    used = survival_curve(stop, lost, entry=entry[seen], unit="month")
    ignored = survival_curve(stop, lost, unit="month")
    assert float(used.at(10)) == pytest.approx(math.exp(-1), abs=0.02)
    assert float(ignored.at(10)) > math.exp(-1) + 0.1


def test_a_risk_set_that_empties_early_does_not_hide_what_came_later() -> None:
    """One customer from the start, lost before others enter: the curve is 0, the part from then on is not."""
    curve = survival_curve([2, 10, 5, 4, 3], [True] * 5, entry=[1.9, 2, 2, 2, 2], unit="month")
    assert curve.survival.tolist() == [0.0] * 5
    assert curve.conditional(2).survival == pytest.approx([0.75, 0.5, 0.25, 0.0])
    with pytest.raises(
        InvalidInputError, match="`tenure` must be less than the longest stay watched, got 10"
    ):
        curve.conditional(10)


def test_nobody_lost_to_the_last_day_is_known_of_all() -> None:
    """20 customers who were all there after 12 months: at least 0.025^(1/20) of all such customers stay."""
    curve = survival_curve([12] * 20, [False] * 20, unit="month")
    assert (curve.lower.tolist(), curve.upper.tolist()) == (pytest.approx([0.8316], abs=5e-5), [1.0])
    assert curve.restricted_mean(12).interval.lower == pytest.approx(12 * 0.8316, abs=1e-3)


def test_curves_introduce_themselves() -> None:
    """Customers are all of them, whenever they entered; a median that was not reached is no number."""
    late = survival_curve([2, 10], [True, True], entry=[0, 5], unit="month")
    assert "2 customers, 2 lost" in late._repr_html_()
    few = survival_curve([2, 3, 9], [True, False, False], unit="month")
    assert few._repr_html_() == "<p>3 customers, 1 lost; more than half of them are left throughout</p>"
    some = survival_curve([2, 3, 9], [True, True, False], unit="month")
    assert "left after 3 months (2 or more)" in some._repr_html_()


def test_a_risk_set_that_empties_early_is_explained() -> None:
    """The only customer there at 2 is lost then: the curve is at 0, and a later start tells the rest."""
    curve = survival_curve([2, 6, 7, 8], [True, True, True, False], entry=[0, 4, 4, 4], unit="month")
    assert curve.survival.tolist() == [0.0, 0.0, 0.0, 0.0]
    assert "all who were watched at 2 were lost then" in str(curve.reason)
    later = curve.conditional(4)
    assert later.survival == pytest.approx([2 / 3, 1 / 3, 1 / 3])
    assert later.reason is None
    assert survival_curve([1, 2], [True, True], unit="month").reason is None


def test_the_difference_of_two_means_is_tested() -> None:
    rng = np.random.default_rng(7)
    lives = [rng.exponential(mean, 400) for mean in (10, 14)]
    curves = [survival_curve(np.minimum(life, 12), life <= 12, unit="month") for life in lives]
    found = restricted_mean_difference(curves[1], curves[0], 12)
    back = restricted_mean_difference(curves[0], curves[1], 12)
    assert found.difference == -back.difference
    assert found.p_value == back.p_value < 0.05
    assert found.interval.contains(14 * (1 - math.exp(-12 / 14)) - 10 * (1 - math.exp(-1.2)))
    same = restricted_mean_difference(curves[0], curves[0], 12)
    assert (same.difference, same.p_value) == (0.0, 1.0)


def test_curves_without_losses_do_not_prove_a_difference() -> None:
    """Two customers each, none or all of them lost at one time: no error by Greenwood, yet no certainty."""
    stay = survival_curve([5, 5], [False, False], unit="month")
    leave = survival_curve([4, 4], [True, True], unit="month")
    for found in (restricted_mean_difference(stay, stay, 5), restricted_mean_difference(stay, leave, 4)):
        assert found.interval.lower < found.difference < found.interval.upper
        assert found.p_value > 0.05


@pytest.mark.parametrize("asked", [[-1.0], [math.nan], ["a"]])
def test_durations_asked_for_are_checked(asked: list[object]) -> None:
    with pytest.raises(InvalidInputError, match="`duration` must be"):
        survival_curve([1, 2], [True, True], unit="month").at(asked)  # type: ignore[arg-type]


def test_bounds_hold_what_they_promise() -> None:
    """Log-log bounds in 600 worlds of 50 customers, 30 % still there: nominal 95, at least 93."""
    rng = np.random.default_rng(9)
    held = np.zeros(3)
    for _ in range(600):
        life, stop = rng.exponential(10, 50), rng.uniform(0, 40, 50)
        curve = survival_curve(np.minimum(life, stop), life <= stop, unit="month")
        for i, time in enumerate((2.0, 7.0, 14.0)):
            step = int(np.searchsorted(curve.duration, time, side="right")) - 1
            truth = math.exp(-time / 10)
            held[i] += step < 0 or curve.lower[step] <= truth <= curve.upper[step]
    assert (held / 600 >= 0.93).all(), held / 600


def test_hazards_have_wilson_bounds() -> None:
    curve = survival_curve([1, 1, 2, 3], [True, False, True, False], unit="month")
    table = curve.hazard()
    assert table["hazard"].tolist() == [0.25, 0.5, 0.0]
    assert (table["upper"] > table["hazard"]).all()
    assert curve.to_frame()["censored"].tolist() == [1.0, 0.0, 1.0]
    assert "4 customers, 2 lost" in curve._repr_html_()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"duration": [], "lost": []}, "`duration` must have at least one customer, got none"),
        ({"duration": [-1.0], "lost": [True]}, "`duration` must be a finite number at least 0, got -1"),
        ({"duration": [1.0, 2.0], "lost": [True] * 3}, "lengths must agree or be 1"),
        ({"duration": [1.0], "lost": [2]}, "`lost` must be True or False, got 2"),
        ({"duration": [1.0], "lost": [True], "entry": [1.0]}, "`entry` must be less than `duration`, got 1"),
        ({"duration": [1.0], "lost": [True], "weights": [-1]}, "`weights` must be .* at least 0, got -1"),
        ({"duration": [1.0], "lost": [True], "transform": "probit"}, "`transform` must be one of 'log-log'"),
        ({"duration": [1.0], "lost": [True], "confidence_level": 0}, "`confidence_level` must be"),
    ],
)
def test_refusals(arguments: dict[str, object], message: str) -> None:
    with pytest.raises(InvalidInputError, match=message):
        survival_curve(**arguments, unit="month")  # type: ignore[arg-type]


def test_curves_that_cannot_be_compared() -> None:
    one = survival_curve([1, 2], [True, False], unit="month")
    with pytest.raises(InvalidInputError, match="`second` must be in the unit of `first`, month, got day"):
        restricted_mean_difference(one, survival_curve([1, 2], [True, False], unit="day"), 1)
    other = survival_curve([1, 2], [True, False], unit="month", confidence_level=0.9)
    with pytest.raises(InvalidInputError, match=r"confidence level of `first`, 0\.95, got 0\.9"):
        restricted_mean_difference(one, other, 1)
    with pytest.raises(InvalidInputError, match=r"`share_left` must be .* less than 1, got 1"):
        one.quantile(1.0)

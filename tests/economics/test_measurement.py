"""A number with its meaning and its bounds."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest, t

from customer_centric.economics import Measurement
from customer_centric.economics.measurement import exact_share_interval
from customer_centric.errors import InvalidInputError
from customer_centric.intervals import Interval
from effort import examples


def test_share_has_the_limits_that_newcombe_1998_prints_for_81_of_263() -> None:
    share = Measurement.of_share(81, 263, definition="x")
    assert share.interval is not None
    assert (share.interval.lower, share.interval.upper) == pytest.approx((0.2553, 0.3662), abs=5e-5)
    assert (share.value, share.n, share.successes) == (81 / 263, 263, 81)


def test_rate_has_the_limits_that_garwood_1936_prints_for_10_events() -> None:
    rate = Measurement.of_rate(10, 2.0, definition="x")
    assert rate.interval is not None
    assert (rate.interval.lower, rate.interval.upper) == pytest.approx((4.795 / 2, 18.39 / 2), abs=1e-3)


def test_mean_has_student_limits() -> None:
    mean = Measurement.of_mean(7.2, standard_deviation=2.1, n=9, definition="x", confidence_level=0.9)
    assert mean.interval is not None
    bounds = (mean.interval.lower, mean.interval.upper)
    assert bounds == pytest.approx(t.interval(0.9, df=8, loc=7.2, scale=0.7))


@pytest.mark.parametrize(("k", "n"), [(0, 1), (1, 1), (0, 20), (20, 20), (3, 7), (663, 1000)])
def test_exact_bounds_are_those_of_scipy(k: int, n: int) -> None:
    ours = exact_share_interval(k, n, 0.95)
    theirs = binomtest(k, n).proportion_ci(0.95, method="exact")
    assert (ours.lower, ours.upper) == pytest.approx((theirs.low, theirs.high))


@given(n=st.floats(1e-3, 1e6), part=st.floats(0, 1))
@examples(40)
def test_bounds_of_a_share_hold_it_and_are_never_of_width_zero(n: float, part: float) -> None:
    share = Measurement.of_share(part * n, n, definition="x")
    exact = exact_share_interval(part * n, n, 0.95)
    assert share.interval is not None
    assert share.interval.contains(share.value)
    assert share.interval.width > 0
    assert exact.lower <= share.value + 1e-9
    assert share.value - 1e-9 <= exact.upper
    assert 0 <= exact.lower < exact.upper <= 1


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Measurement(value=float("nan"), definition="x"), "`value` must be a finite number, got nan"),
        (lambda: Measurement(value=1.0, definition=" "), "`definition` must be words, got ' '; say what"),
        (
            lambda: Measurement(value=66, interval=Interval(0.6, 0.7, 0.95), definition="x"),
            "`interval` must be of `value`, got 66 far from 0.6 to 0.7; give both in one unit",
        ),
        (lambda: Measurement(value=1, interval=(0, 2), definition="x"), "must be an Interval, got tuple"),
        (lambda: Measurement(value=1.0, definition="x", n=0), "`n` must be a finite number greater than 0"),
        (
            lambda: Measurement(value=1.0, definition="x", successes=1.0),
            "`n` must be given with `successes`, got None; use of_share",
        ),
        (
            lambda: Measurement.of_share(3, 2, definition="x"),
            "`successes` must be a finite number at least 0 and at most 2, got 3",
        ),
        (lambda: Measurement.of_share(0, 0, definition="x"), "`n` must be a finite number greater than 0"),
        (lambda: Measurement.of_rate(1.5, 2, definition="x"), "`events` must be a whole number at least 0"),
        (
            lambda: Measurement.of_rate(1, 0, definition="x"),
            "`exposure` must be a finite number greater than",
        ),
        (
            lambda: Measurement.of_mean(1, standard_deviation=1, n=1, definition="x"),
            "`n` must be a whole number at least 2, got 1; one value does not show how much they differ",
        ),
        (
            lambda: Measurement.of_mean(1, standard_deviation=0, n=9, definition="x"),
            "got 0; where all values are alike, nothing shows how far the next one is off",
        ),
    ],
)
def test_what_is_refused(make: Callable[[], object], message: str) -> None:
    with pytest.raises(InvalidInputError) as error:
        make()
    assert message in str(error.value)

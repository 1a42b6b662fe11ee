"""Gaps to benchmarks carry the uncertainty of both numbers, and say what they take for granted."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from customer_centric.economics import Measurement, benchmark_gap
from customer_centric.errors import InvalidInputError
from customer_centric.intervals import Interval
from effort import examples

SHARES = st.integers(1, 500).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))


def share(k: float, n: float, definition: str = "satisfied") -> Measurement:
    return Measurement.of_share(k, n, definition=definition)


def number(value: float, lower: float, upper: float, level: float = 0.95) -> Measurement:
    return Measurement(value=value, interval=Interval(lower, upper, level), definition="satisfied")


@pytest.mark.parametrize(
    ("ours", "theirs", "lower", "upper"),
    [
        ((56, 70), (48, 80), 0.0524, 0.3339),
        ((9, 10), (3, 10), 0.1705, 0.8090),
        ((10, 10), (0, 10), 0.6075, 1.0),
    ],
)
def test_gap_of_two_shares_has_the_limits_of_newcombe_1998_table_2(
    ours: tuple[int, int], theirs: tuple[int, int], lower: float, upper: float
) -> None:
    """Differences between independent proportions, method 10, without continuity correction."""
    gap = benchmark_gap(share(*ours), share(*theirs), better="higher")
    assert (gap.interval.lower, gap.interval.upper) == pytest.approx((lower, upper), abs=5e-5)
    assert gap.verdict == "better"


@given(ours=SHARES, theirs=SHARES)
@examples(40)
def test_the_other_side_sees_the_same_gap_with_the_other_sign(
    ours: tuple[int, int], theirs: tuple[int, int]
) -> None:
    there = benchmark_gap(share(*ours), share(*theirs), better="higher")
    back = benchmark_gap(share(*theirs), share(*ours), better="higher")
    lower_is_better = benchmark_gap(share(*ours), share(*theirs), better="lower")
    assert (back.interval.lower, back.interval.upper) == pytest.approx(
        (-there.interval.upper, -there.interval.lower)
    )
    other = {"better": "worse", "worse": "better", "undecided": "undecided"}
    assert back.verdict == lower_is_better.verdict == other[there.verdict]
    assert there.interval.contains(there.gap)


@given(ours=SHARES, theirs=SHARES)
@examples(40)
def test_a_benchmark_taken_as_exact_never_makes_a_gap_less_sure(
    ours: tuple[int, int], theirs: tuple[int, int]
) -> None:
    both = benchmark_gap(share(*ours), share(*theirs), better="higher")
    exact = Measurement(value=theirs[0] / theirs[1], n=theirs[1], definition="satisfied")
    one = benchmark_gap(share(*ours), exact, better="higher")
    assert both.interval.lower <= one.interval.lower + 1e-12
    assert one.interval.upper <= both.interval.upper + 1e-12
    assert "taken as exact" in one.assumptions[0]
    assert f"n = {theirs[1]:,g} is known" in str(one)
    assert not both.assumptions


def test_equal_numbers_are_told_apart_in_one_of_20_samples_at_most() -> None:
    """Counted over all outcomes of 60 and 90 answers with one true share, by their probabilities."""
    from scipy.stats import binom

    for p in (0.2, 0.5):
        wrong = 0.0
        first, second = binom.pmf(range(61), 60, p), binom.pmf(range(91), 90, p)
        for i in np.flatnonzero(first > 4e-3):
            for j in np.flatnonzero(second > 4e-3):
                gap = benchmark_gap(share(int(i), 60), share(int(j), 90), better="higher")
                wrong += first[i] * second[j] * (gap.verdict != "undecided")
        assert wrong < 0.055


def test_definitions_that_differ_get_a_number_and_no_verdict() -> None:
    ours, theirs = share(90, 100, "satisfied"), share(50, 100, "very satisfied")
    gap = benchmark_gap(ours, theirs, better="higher", mismatch="theirs counts the top box only")
    assert gap.verdict == "not comparable"
    assert gap.gap == pytest.approx(0.4)
    assert str(gap).endswith("the definitions differ: theirs counts the top box only")
    assert "<p>not comparable" in gap._repr_html_()


def test_writing_does_not_make_another_definition() -> None:
    assert benchmark_gap(
        share(9, 10, "Kept  12 months"), share(1, 10, "kept 12 months"), better="lower"
    ).verdict


def test_bounds_may_be_infinite_and_need_not_hold_a_resampled_estimate() -> None:
    gap = benchmark_gap(number(5, 5.5, math.inf), number(2, 1, 3), better="higher")
    assert gap.interval.upper == math.inf
    assert gap.interval.lower == pytest.approx(3 - 1)
    assert gap.verdict == "better"


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda: benchmark_gap(share(1, 2, "a"), share(1, 2, "b"), better="higher"),
            "`ours` and `benchmark` must have one definition, got 'a' and 'b'; write them alike",
        ),
        (
            lambda: benchmark_gap(
                Measurement(value=1.0, definition="satisfied"), share(1, 2), better="higher"
            ),
            "`ours` must have an interval, got None; without one nothing tells a gap from chance",
        ),
        (
            lambda: benchmark_gap(share(1, 2), number(0, 0, 1, 0.9), better="higher"),
            "must have intervals of one confidence level, got 0.95 and 0.9",
        ),
        (lambda: benchmark_gap(0.5, share(1, 2), better="higher"), "`ours` must be a Measurement, got float"),
        (lambda: benchmark_gap(share(1, 2), share(1, 2), better="more"), "`better` must be one of 'higher',"),
        (
            lambda: benchmark_gap(share(1, 2), share(1, 2), better="lower", mismatch=""),
            "`mismatch` must be words, got ''",
        ),
    ],
)
def test_what_is_refused(call: Callable[[], object], message: str) -> None:
    with pytest.raises(InvalidInputError) as error:
        call()
    assert message in str(error.value)

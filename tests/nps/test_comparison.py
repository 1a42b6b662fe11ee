"""Two scores of different people: how far apart, how surely, and what could have been found."""

from __future__ import annotations

import math
import re
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import norm

from customer_centric.errors import InvalidInputError
from customer_centric.nps import compare_nps, net_promoter_score, net_promoter_score_from_counts
from effort import examples

COUNTS = st.tuples(*[st.integers(0, 60)] * 3).filter(any)
SPRING = net_promoter_score_from_counts(50, 30, 20)
AUTUMN = net_promoter_score_from_counts(65, 55, 30)


# ── Published numbers ───────────────────────────────────────────────────────────────────────────────


def test_the_published_two_sample_example_is_reproduced() -> None:
    """50/30/20 against 65/55/30: MOVER on score limits, and the adjusted Wald test."""
    found = compare_nps(SPRING, AUTUMN)
    assert found.difference == pytest.approx(20 / 3)
    assert (found.interval.lower, found.interval.upper) == pytest.approx((-13.204, 25.711), abs=5e-4)
    assert found.z * found.standard_error == pytest.approx(6.2504, abs=5e-5)
    assert found.standard_error == pytest.approx(9.8470, abs=5e-5)
    assert found.z == pytest.approx(0.6348, abs=5e-5)
    assert found.p_value == pytest.approx(0.5256, abs=5e-5)
    adjusted = np.array([-1, 1]) * 1.959964 * found.standard_error + found.z * found.standard_error
    assert adjusted == pytest.approx([-13.049, 25.550], abs=5e-4)


def test_scores_with_wald_intervals_have_the_wald_interval_of_a_difference() -> None:
    """The published Wald interval: standard error 9.9796, -12.893 to 26.226."""
    waves = [
        net_promoter_score_from_counts(*counts, method="wald") for counts in ((50, 30, 20), (65, 55, 30))
    ]
    found = compare_nps(*waves)
    assert (found.interval.lower, found.interval.upper) == pytest.approx((-12.893, 26.226), abs=5e-4)
    assert math.hypot(*(nps.standard_error for nps in waves)) == pytest.approx(9.9796, abs=5e-5)


def test_the_detectable_difference_is_found_as_often_as_it_says() -> None:
    found = compare_nps(SPRING, AUTUMN, power=0.8)
    assert found.detectable == pytest.approx((1.959964 + 0.841621) * found.standard_error, rel=1e-6)
    assert norm.cdf(found.detectable / found.standard_error - norm.ppf(0.975)) == pytest.approx(0.8)


# ── Laws ────────────────────────────────────────────────────────────────────────────────────────────


@given(COUNTS, COUNTS)
@examples(50)
def test_exchanging_the_groups_changes_the_sign(first: tuple[int, ...], second: tuple[int, ...]) -> None:
    one, two = net_promoter_score_from_counts(*first), net_promoter_score_from_counts(*second)
    there, back = compare_nps(one, two), compare_nps(two, one)
    assert back.difference == -there.difference
    assert (back.interval.lower, back.interval.upper) == pytest.approx(
        (-there.interval.upper, -there.interval.lower)
    )
    assert back.p_value == pytest.approx(there.p_value)
    assert back.detectable == pytest.approx(there.detectable)


@given(COUNTS, COUNTS)
@examples(50)
def test_bounds_are_honest_for_any_counts(first: tuple[int, ...], second: tuple[int, ...]) -> None:
    found = compare_nps(net_promoter_score_from_counts(*first), net_promoter_score_from_counts(*second))
    assert -200 - 1e-9 <= found.interval.lower <= found.difference <= found.interval.upper <= 200 + 1e-9
    assert found.interval.width > 1
    assert found.standard_error > 0
    assert 0 <= found.p_value <= 1
    assert not found.paired


@given(COUNTS, COUNTS, st.integers(2, 6))
@examples(30)
def test_more_of_the_same_answers_narrow_everything(
    first: tuple[int, ...], second: tuple[int, ...], times: int
) -> None:
    once = compare_nps(net_promoter_score_from_counts(*first), net_promoter_score_from_counts(*second))
    more = compare_nps(
        *(net_promoter_score_from_counts(*(times * n for n in counts)) for counts in (first, second))
    )
    assert more.difference == pytest.approx(once.difference)
    assert more.interval.width < once.interval.width
    assert more.detectable < once.detectable


# ── Edges ───────────────────────────────────────────────────────────────────────────────────────────


def test_two_unanimous_answers_prove_nothing() -> None:
    found = compare_nps(net_promoter_score_from_counts(1, 0, 0), net_promoter_score_from_counts(0, 0, 1))
    assert found.difference == 200
    assert found.interval.lower < 0
    assert found.p_value > 0.3


def test_two_whole_populations_differ_surely_or_not_at_all() -> None:
    first = net_promoter_score_from_counts(5, 3, 2, population=10)
    other = compare_nps(first, net_promoter_score_from_counts(5, 2, 3, population=10))
    assert (other.interval.lower, other.interval.upper) == (other.difference, other.difference)
    assert (other.z, other.p_value, other.detectable) == (math.inf, 0.0, 0.0)
    assert "p < 0.001" in str(other)
    same = compare_nps(first, first)
    assert (same.difference, same.z, same.p_value) == (0.0, 0.0, 1.0)


def test_one_whole_population_leaves_the_uncertainty_of_the_other() -> None:
    census = net_promoter_score_from_counts(50, 30, 20, population=100)
    found = compare_nps(census, AUTUMN)
    assert found.interval.upper - found.difference == pytest.approx(AUTUMN.score - AUTUMN.interval.lower)


def test_answers_of_a_design_count_as_what_they_tell() -> None:
    """Twenty answers of five accounts tell less than twenty answers of twenty customers."""
    ratings = [10, 9, 10, 9, 8, 7, 8, 7, 3, 4, 5, 3, 10, 10, 9, 9, 6, 6, 7, 5]
    clustered = net_promoter_score(ratings, clusters=np.repeat(np.arange(5), 4))
    simple = net_promoter_score(ratings)
    by_account, by_customer = compare_nps(clustered, AUTUMN), compare_nps(simple, AUTUMN)
    assert by_account.difference == by_customer.difference
    assert by_account.standard_error > by_customer.standard_error
    assert by_account.interval.width > by_customer.interval.width


def test_bootstrap_intervals_can_be_compared() -> None:
    rng = np.random.default_rng(1)
    waves = [
        net_promoter_score_from_counts(*counts, method="bootstrap", rng=rng)
        for counts in ((50, 30, 20), (65, 55, 30))
    ]
    assert compare_nps(*waves).interval.width == pytest.approx(39, abs=3)


def test_rows_without_an_answer_are_counted() -> None:
    found = compare_nps(net_promoter_score([10, None, 3]), net_promoter_score([9, 11], invalid="missing"))
    assert (found.n_missing, found.n_invalid) == (1, 1)
    assert (found.n_first, found.n_second, found.n_pairs) == (2, 1, 0)


def test_the_sentence_always_says_what_could_have_been_found() -> None:
    assert str(compare_nps(SPRING, AUTUMN)) == (
        "NPS 30.0 less 23.3: difference +6.7 (95 % interval -13.2 to +25.7, p = 0.526) from 100 and 150 "
        "answers; smallest difference found with 80 % power: 27.6 points"
    )
    html: str = compare_nps(SPRING, AUTUMN)._repr_html_()
    assert "<strong>difference +6.7</strong>" in html
    assert "smallest difference found with 80 % power: 27.6 points" in html


def test_samples_too_small_to_find_anything_say_so() -> None:
    one = net_promoter_score_from_counts(1, 0, 0, confidence_level=0.999)
    assert "no difference at all could be found with 99 % power" in str(compare_nps(one, one, power=0.99))


# ── Refusals ────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("first", "second", "power", "message"),
    [
        (
            [10, 9],
            AUTUMN,
            0.8,
            (
                "`first` must be a NetPromoterScore, got list; score the answers first with "
                "net_promoter_score or net_promoter_score_from_counts"
            ),
        ),
        (SPRING, 23.3, 0.8, "`second` must be a NetPromoterScore, got float"),
        (
            SPRING,
            net_promoter_score_from_counts(1, 1, 1, confidence_level=0.9),
            0.8,
            (
                "`first` and `second` must have intervals of one confidence level, got 0.95 and 0.9; score "
                "both again with one `confidence_level`"
            ),
        ),
        (SPRING, AUTUMN, 1.0, "`power` must be a finite number greater than 0 and less than 1, got 1"),
        (SPRING, AUTUMN, 0.0, "`power` must be a finite number greater than 0 and less than 1, got 0"),
    ],
)
def test_what_cannot_be_compared_is_refused(first: Any, second: Any, power: float, message: str) -> None:
    with pytest.raises(InvalidInputError, match=f"^{re.escape(message)}"):
        compare_nps(first, second, power=power)

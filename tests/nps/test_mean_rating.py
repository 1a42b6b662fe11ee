"""The mean of ratings, with the textbook standard error and an interval that knows the ends of the scale."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from customer_centric.errors import InvalidInputError
from customer_centric.intervals import tango_interval
from customer_centric.nps import MeanRating, mean_rating, top_box_score
from effort import examples

FIVE = st.lists(st.integers(1, 5), min_size=1, max_size=40)


def mean_of(ratings: object, **design: object) -> MeanRating:
    return mean_rating(ratings, minimum=1, maximum=5, **design)  # type: ignore[arg-type]


def bounds(found: MeanRating) -> list[float]:
    return [found.interval.lower, found.interval.upper]


# The data set `fpc` of the R package survey: five units of one stratum and three of another, here times 10.
FPC = [28, 41, 68, 68, 92, 37, 66, 42]
STRATA = [1] * 5 + [2] * 3


def test_r_survey_weighted_stratified_mean_of_fpc() -> None:
    """`svymean(~x, svydesign(id=~psuid, strata=~stratid, weight=~weight, data=fpc))`: 5.4481, .7413."""
    found = mean_rating(FPC, minimum=0, maximum=100, weights=[3] * 5 + [4] * 3, strata=STRATA)
    assert found.mean / 10 == pytest.approx(5.4481, abs=5e-5)
    assert found.standard_error / 10 == pytest.approx(0.7413, abs=5e-5)


def test_r_survey_stratified_mean_of_fpc_with_equal_weights() -> None:
    found = mean_rating(FPC, minimum=0, maximum=100, strata=STRATA)
    assert found.mean / 10 == pytest.approx(5.525)
    assert found.standard_error / 10 == pytest.approx(0.7796, abs=5e-5)


def test_the_interval_of_three_answers_from_minus_1_to_1_is_tangos() -> None:
    found = mean_rating([1] * 18 + [0] * 11 + [-1] * 2, minimum=-1, maximum=1)
    lower, upper = tango_interval(18, 2, 31)
    assert bounds(found) == pytest.approx([float(lower), float(upper)])
    assert [100 * bound for bound in bounds(found)] == pytest.approx([26.092, 69.916], abs=5e-4)


def test_the_interval_of_yes_and_no_is_that_of_their_share() -> None:
    answers = [1] * 15 + [0] * 85
    share = top_box_score(answers, minimum=0, maximum=1, boxes=1)
    found = mean_rating(answers, minimum=0, maximum=1)
    assert [100 * bound for bound in bounds(found)] == pytest.approx(
        [share.interval.lower, share.interval.upper]
    )


def test_ten_answers_of_five_are_not_certain() -> None:
    assert bounds(mean_of([5] * 10)) == pytest.approx([3.890, 5.0], abs=5e-4)
    wider = mean_rating([5] * 10, minimum=1, maximum=7)
    assert wider.interval.lower < 5 < wider.interval.upper


def test_many_answers_have_the_interval_of_the_normal_curve() -> None:
    ratings = np.random.default_rng(1).integers(1, 6, size=5000)
    found = mean_of(ratings)
    error = ratings.std(ddof=1) / np.sqrt(ratings.size)
    assert found.standard_error == pytest.approx(error)
    assert bounds(found) == pytest.approx([found.mean - 1.96 * error, found.mean + 1.96 * error], abs=1e-3)


@examples(20)
@given(FIVE)
def test_mean_and_shares_are_those_of_the_answers(ratings: list[int]) -> None:
    found = mean_of(ratings)
    assert found.mean == pytest.approx(np.mean(ratings))
    assert found.counts == tuple(ratings.count(value) for value in range(1, 6))
    assert sum(found.shares) == pytest.approx(1.0)
    assert found.n == len(ratings)
    assert 1 <= found.interval.lower <= found.mean <= found.interval.upper <= 5
    assert found.interval.width > 0


@examples(8)
@given(FIVE)
def test_the_scale_turned_round_mirrors_the_interval(ratings: list[int]) -> None:
    found, turned = mean_of(ratings), mean_of([6 - rating for rating in ratings])
    assert [turned.mean, *bounds(turned)] == pytest.approx(
        [6 - found.mean, 6 - found.interval.upper, 6 - found.interval.lower]
    )


@examples(8)
@given(FIVE, st.integers(2, 5))
def test_more_answers_of_the_same_kind_narrow_the_interval(ratings: list[int], times: int) -> None:
    few, many = mean_of(ratings), mean_of(ratings * times)
    assert many.mean == pytest.approx(few.mean)
    assert few.interval.lower <= many.interval.lower + 1e-12
    assert many.interval.upper <= few.interval.upper + 1e-12


@examples(8)
@given(FIVE, st.floats(0.1, 10))
def test_a_design_that_is_none_changes_nothing(ratings: list[int], weight: float) -> None:
    plain = mean_of(ratings)
    for same in (
        mean_of(ratings, weights=np.full(len(ratings), weight)),
        mean_of(ratings, clusters=np.arange(len(ratings))),
    ):
        assert [same.mean, *bounds(same)] == pytest.approx([plain.mean, *bounds(plain)])
        assert same.standard_error == pytest.approx(plain.standard_error, nan_ok=True)


def test_clusters_and_a_census() -> None:
    ratings = [5, 5, 5, 1, 1, 1, 4, 4, 4, 2, 2, 2]
    clustered = mean_of(ratings, clusters=np.repeat(np.arange(4), 3))
    assert clustered.interval.width > 1.3 * mean_of(ratings).interval.width
    assert bounds(mean_of(ratings, population=12)) == [3.0, 3.0]
    assert mean_of(ratings, clusters=[1] * 12).interval.width > 3
    assert np.isnan(mean_of(ratings, clusters=[1] * 12).standard_error)


def test_one_answer_and_missing_ones() -> None:
    one = mean_of([4, None])
    assert (one.mean, one.n, one.n_missing) == (4.0, 1, 1)
    assert np.isnan(one.standard_error)
    assert 1 <= one.interval.lower < 2
    assert one.interval.upper > 4.5
    assert str(mean_of([4, 4])) == "mean 4.00 (95 % interval 2.03 to 4.66) of 2 answers from 1 to 5"


def test_refuses() -> None:
    with pytest.raises(InvalidInputError, match="`ratings` must be whole numbers from 1 to 5, got 0 at pos"):
        mean_of([0, 5])
    with pytest.raises(InvalidInputError, match="`ratings` must have at least one answer, got none"):
        mean_of([])
    with pytest.raises(InvalidInputError, match="`minimum` must be less than `maximum`, got 5 and 1"):
        mean_rating([3], minimum=5, maximum=1)
    with pytest.raises(InvalidInputError, match=r"`confidence_level` must be .*, got 0"):
        mean_of([3], confidence_level=0.0)

"""Customer effort: which end is easy must be said, and the share who found it easy never flips."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from customer_centric.errors import InvalidInputError
from customer_centric.nps import customer_effort_score, mean_rating, top_box_score
from effort import examples

SEVEN = st.lists(st.integers(1, 7), min_size=1, max_size=30)


def test_the_second_version_counts_the_top_three_of_seven() -> None:
    ratings = [7] * 20 + [6] * 30 + [5] * 10 + [4] * 15 + [2] * 25
    found = customer_effort_score(ratings, direction="high_is_easy", minimum=1, maximum=7)
    assert found.easy == top_box_score(ratings, minimum=1, maximum=7, boxes=3)
    assert found.easy.score == pytest.approx(60.0)
    assert found.easy.boxes == (5, 6, 7)
    assert found.mean == mean_rating(ratings, minimum=1, maximum=7)


def test_the_first_version_counts_the_bottom_two_of_five() -> None:
    """Little effort is good: a mean of 2 is better than one of 4."""
    ratings = [1] * 40 + [2] * 25 + [3] * 20 + [5] * 15
    found = customer_effort_score(ratings, direction="low_is_easy", minimum=1, maximum=5)
    assert found.easy.boxes == (1, 2)
    assert found.easy.score == pytest.approx(65.0)
    assert found.mean.mean == pytest.approx(2.25)
    assert "(less is easier)" in str(found)


def test_how_many_answers_are_easy_can_be_said() -> None:
    found = customer_effort_score([1, 2, 3], direction="low_is_easy", minimum=1, maximum=5, boxes=1)
    assert found.easy.boxes == (1,)
    halves = customer_effort_score([1, 2, 3], direction="high_is_easy", minimum=1, maximum=10)
    assert halves.easy.boxes == (6, 7, 8, 9, 10)


@examples(10)
@given(SEVEN)
def test_turning_scale_and_direction_round_changes_no_share(ratings: list[int]) -> None:
    high = customer_effort_score(ratings, direction="high_is_easy", minimum=1, maximum=7)
    turned = [8 - rating for rating in ratings]
    low = customer_effort_score(turned, direction="low_is_easy", minimum=1, maximum=7)
    assert low.easy.score == pytest.approx(high.easy.score)
    assert low.easy.interval.lower == pytest.approx(high.easy.interval.lower)
    assert low.mean.mean == pytest.approx(8 - high.mean.mean)
    assert low.easy.interval.width > 0
    assert low.mean.interval.width > 0


def test_the_design_reaches_both_numbers() -> None:
    ratings, accounts = [7, 7, 7, 2, 2, 2, None], ["a", "a", "a", "b", "b", "b", "b"]
    plain = customer_effort_score(ratings, direction="high_is_easy", minimum=1, maximum=7)
    found = customer_effort_score(
        ratings, direction="high_is_easy", minimum=1, maximum=7, clusters=accounts, confidence_level=0.9
    )
    assert found.mean.effective_n < plain.mean.effective_n
    assert found.easy.effective_n < plain.easy.effective_n
    assert (found.easy.n_missing, found.mean.n_missing) == (1, 1)
    assert found.easy.interval.confidence_level == found.mean.interval.confidence_level == 0.9


def test_refuses() -> None:
    with pytest.raises(TypeError, match="direction"):
        customer_effort_score([1], minimum=1, maximum=7)  # type: ignore[call-arg]
    with pytest.raises(
        InvalidInputError, match="`direction` must be one of 'low_is_easy', 'high_is_easy', got 'up'"
    ):
        customer_effort_score([1], direction="up", minimum=1, maximum=7)  # type: ignore[arg-type]
    with pytest.raises(InvalidInputError, match="`ratings` must be whole numbers from 1 to 7, got 0"):
        customer_effort_score([0], direction="low_is_easy", minimum=1, maximum=7)
    with pytest.raises(InvalidInputError, match=r"`boxes` must be a whole number .* at most 6, got 7"):
        customer_effort_score([1], direction="low_is_easy", minimum=1, maximum=7, boxes=7)

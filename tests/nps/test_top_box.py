"""The share of answers in the top boxes, in percent, with an interval that never has width zero."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from customer_centric.errors import InvalidInputError
from customer_centric.intervals import wilson_interval
from customer_centric.nps import TopBox, top_box_score
from effort import examples

FIVE = st.lists(st.integers(1, 5), min_size=1, max_size=40)


def csat(ratings: object, **design: object) -> TopBox:
    return top_box_score(ratings, minimum=1, maximum=5, **design)  # type: ignore[arg-type]


def bounds(box: TopBox) -> list[float]:
    return [box.interval.lower, box.interval.upper]


def test_15_of_100_have_the_interval_of_wilson_1927() -> None:
    found = csat([5] * 15 + [3] * 85)
    assert found.score == pytest.approx(15.0)
    assert bounds(found) == pytest.approx([9.3060, 23.2836], abs=5e-5)
    assert (found.boxes, found.in_boxes, found.n) == ((4, 5), 15, 100)
    assert found.standard_error == pytest.approx(100 * np.sqrt(0.15 * 0.85 / 100))


def test_newcombe_1998_table_1_with_81_of_263() -> None:
    found = top_box_score([1] * 81 + [0] * 182, minimum=0, maximum=1, boxes=1)
    assert bounds(found) == pytest.approx([25.53, 36.62], abs=5e-3)


def test_satisfied_customers_are_counted_and_not_their_points() -> None:
    """Points over possible points are another number: (4 x 3) / (4 x 5) is 60 %, and nobody is satisfied."""
    assert csat([3, 3, 3, 3]).score == 0.0
    assert csat([5, 5, 1, 1]).score == 50.0


@given(FIVE, st.integers(1, 4))
def test_without_a_design_it_is_wilson_of_the_counts(ratings: list[int], boxes: int) -> None:
    found = csat(ratings, boxes=boxes)
    hits = sum(rating > 5 - boxes for rating in ratings)
    assert found.score == pytest.approx(100 * hits / len(ratings))
    lower, upper = wilson_interval(hits, len(ratings))
    assert bounds(found) == pytest.approx([100 * float(lower), 100 * float(upper)])
    assert 0 <= found.interval.lower <= found.score <= found.interval.upper <= 100
    assert found.interval.width > 0


@examples(30)
@given(FIVE, st.integers(1, 4))
def test_the_scale_turned_round_has_the_mirrored_interval(ratings: list[int], boxes: int) -> None:
    top, rest = csat(ratings, boxes=boxes), csat([6 - rating for rating in ratings], boxes=5 - boxes)
    assert rest.score == pytest.approx(100 - top.score)
    assert bounds(rest) == pytest.approx([100 - top.interval.upper, 100 - top.interval.lower])


@examples(30)
@given(FIVE, st.floats(0.1, 10))
def test_a_design_that_is_none_changes_nothing(ratings: list[int], weight: float) -> None:
    plain = csat(ratings)
    for same in (
        csat(ratings, weights=np.full(len(ratings), weight)),
        csat(ratings, clusters=np.arange(len(ratings))),
        csat(ratings, strata=["all"] * len(ratings)) if len(ratings) > 1 else plain,
    ):
        assert [same.score, *bounds(same)] == pytest.approx([plain.score, *bounds(plain)])
        assert same.design_effect == pytest.approx(1.0)


def test_answers_of_one_account_tell_less() -> None:
    ratings = [5, 5, 5, 1, 1, 1, 4, 4, 4, 2, 2, 2]
    clustered = csat(ratings, clusters=np.repeat(np.arange(4), 3))
    assert clustered.score == csat(ratings).score
    assert clustered.interval.width > 1.3 * csat(ratings).interval.width
    assert clustered.effective_n < 5
    assert clustered.design_effect > 2.5


def test_a_census_leaves_nothing_to_be_unsure_of() -> None:
    whole = csat([5, 5, 1, 2], population=4)
    assert (whole.score, bounds(whole)) == (50.0, [50.0, 50.0])
    assert whole.interval_n == np.inf
    half = csat([5, 5, 1, 2], population=8)
    assert 0 < half.interval.width < csat([5, 5, 1, 2]).interval.width


def test_nothing_one_and_all_alike() -> None:
    one = csat([5])
    assert (one.score, bounds(one)) == (100.0, [pytest.approx(20.65, abs=5e-3), 100.0])
    assert bounds(csat([1] * 10)) == [0.0, pytest.approx(27.75, abs=5e-3)]
    silent = csat([5, None, np.nan, 2, None])
    assert (silent.n, silent.n_missing, silent.n_invalid) == (2, 3, 0)
    loose = csat([5, 9, 2.5, True], invalid="missing")
    assert (loose.n, loose.n_missing, loose.n_invalid) == (1, 0, 3)


def test_it_reads_like_a_sentence() -> None:
    assert str(csat([5, 1])) == "50.0 % (95 % interval 9.5 to 90.5) of 2 answers are 4 or 5"
    assert str(csat([5, 1], boxes=1)).endswith("of 2 answers are 5")
    assert str(csat([5, 1], boxes=3)).endswith("of 2 answers are 3 to 5")


@pytest.mark.parametrize(
    ("ratings", "arguments", "message"),
    [
        ([], {}, "`ratings` must have at least one answer, got none"),
        ([None], {}, "`ratings` must have at least one answer, got 1 rows without one"),
        (
            [5, 6, 7],
            {},
            r"`ratings` must be whole numbers from 1 to 5, got 6 at position 1 \(2 of 3 values\)",
        ),
        ([5], {"boxes": 0}, "`boxes` must be a whole number at least 1 and at most 4, got 0"),
        ([5], {"boxes": 5}, "`boxes` must be a whole number at least 1 and at most 4, got 5"),
        ([5], {"maximum": 1}, "`minimum` must be less than `maximum`, got 1 and 1"),
        ([5], {"minimum": 0.5}, "`minimum` must be a whole number, got 0.5"),
        ([5], {"confidence_level": 95}, "`confidence_level` must be .*, got 95; 95 % is written 0.95"),
        ([5, 4], {"weights": [1.0]}, r"`weights` must have one value a rating, got shape \(1,\) for 2"),
    ],
)
def test_refuses(ratings: list[object], arguments: dict[str, object], message: str) -> None:
    with pytest.raises(InvalidInputError, match=message):
        top_box_score(ratings, **{"minimum": 1, "maximum": 5, **arguments})  # type: ignore[arg-type]

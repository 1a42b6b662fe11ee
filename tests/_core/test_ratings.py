"""Ratings are whole numbers on the scale or missing; what is neither is refused by value, position, count."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from customer_centric._core.ratings import Ratings, check_ratings
from customer_centric.errors import InvalidInputError


def check(ratings: object, invalid: str = "raise") -> Ratings:
    return check_ratings("ratings", ratings, minimum=0, maximum=10, invalid=invalid)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "ratings",
    [
        pytest.param([9, None, 3], id="None"),
        pytest.param([9, float("nan"), 3], id="NaN"),
        pytest.param((9, pd.NA, 3), id="pd.NA"),
        pytest.param([9, pd.NaT, 3], id="NaT"),
        pytest.param([np.int8(9), np.float32("nan"), np.uint64(3)], id="NumPy scalars"),
        pytest.param([Decimal(9), Decimal("NaN"), Fraction(3)], id="exact numbers"),
        pytest.param(np.array([9.0, np.nan, 3.0]), id="array"),
        pytest.param(np.array([9, None, 3], dtype=object), id="objects"),
        pytest.param(np.ma.array([9, 7, 3], mask=[0, 1, 0]), id="masked array"),
        pytest.param(pd.Series([9, None, 3], index=[7, 7, 7]), id="pandas"),
        pytest.param(pd.Series([9, pd.NA, 3], dtype="Int64"), id="pandas nullable integers"),
        pytest.param(pd.Series([9, pd.NA, 3], dtype="Float64"), id="pandas nullable floats"),
        pytest.param(pd.Series([9, None, 3], dtype="int64[pyarrow]"), id="pandas on PyArrow"),
        pytest.param(pd.Categorical([9, None, 3]), id="categorical"),
        pytest.param(pd.Series([9, None, 3], dtype="category"), id="pandas categorical"),
        pytest.param(pl.Series([9, None, 3]), id="Polars"),
        pytest.param(pl.Series([9.0, float("nan"), 3.0]), id="Polars floats"),
        pytest.param(pa.array([9, None, 3]), id="PyArrow"),
        pytest.param(pa.chunked_array([[9], [None, 3]]), id="PyArrow in chunks"),
    ],
)
def test_missing_answers_are_counted_whatever_they_are_called(ratings: object) -> None:
    found = check(ratings)
    np.testing.assert_array_equal(found.values, [9.0, np.nan, 3.0])
    assert (found.n_missing, found.n_invalid) == (1, 0)
    assert found.answered.tolist() == [True, False, True]


@pytest.mark.parametrize(
    ("ratings", "shown"),
    [
        pytest.param([9, 8.5, 3, 6.5], r"8.5 at position 1 \(2 of 4 values\)", id="between two classes"),
        pytest.param([9, 3, 11], r"11 at position 2 \(1 of 3 values\)", id="above"),
        pytest.param(np.array([-1, 0, 10]), r"-1 at position 0 \(1 of 3 values\)", id="below"),
        pytest.param([np.inf], "inf at position 0", id="infinite"),
        pytest.param([10**400], "inf at position 0", id="beyond a float"),
        pytest.param([9, None, 10**400], "inf at position 2", id="beyond a float, among objects"),
        pytest.param([9, True], r"True at position 1 \(1 of 2 values\)", id="bool in a list"),
        pytest.param(np.array([True, False]), r"True at position 0 \(2 of 2 values\)", id="bools"),
        pytest.param(pd.Series([pd.NA, True], dtype="boolean"), "True at position 1", id="nullable bools"),
        pytest.param(pl.Series([None, True]), "True at position 1", id="Polars bools"),
        pytest.param(["9", "10"], r"'9' at position 0 \(2 of 2 values\)", id="text"),
        pytest.param([9, "10"], r"'10' at position 1 \(1 of 2 values\)", id="text among numbers"),
        pytest.param(np.array(["9"]), "'9' at position 0", id="array of text"),
        pytest.param(pl.Series(["9"]), "'9' at position 0", id="Polars text"),
        pytest.param(pa.array([None, "9"]), "'9' at position 1", id="PyArrow text"),
        pytest.param(pd.Categorical(["nine", None]), "'nine' at position 0", id="categories of text"),
        pytest.param([" "], "' ' at position 0", id="blank"),
        pytest.param([[9], [3]], r"\[9\] at position 0 \(2 of 2 values\)", id="nested"),
        pytest.param([np.array([9, 3])], r"array\(\[9, 3\]\) at position 0", id="arrays"),
        pytest.param(np.array([9 + 0j]), "9.0j? at position 0|.*9.* at position 0", id="complex"),
        pytest.param(np.array(["2025-01-01"], dtype="M8[D]"), ".*2025-01-01.* at position 0", id="dates"),
    ],
)
def test_answers_off_the_scale_are_refused(ratings: object, shown: str) -> None:
    message = f"^`ratings` must be whole numbers from 0 to 10, got {shown}"
    with pytest.raises(InvalidInputError, match=message):
        check(ratings)


def test_the_message_says_what_to_do() -> None:
    remedy = (
        'state another scale if the question had one, or pass invalid="missing" to leave such answers out'
    )
    with pytest.raises(InvalidInputError, match=remedy):
        check([11])


def test_on_request_they_are_left_out_and_counted() -> None:
    found = check([9, 8.5, None, "3", True, 11, 7, float("nan")], invalid="missing")
    np.testing.assert_array_equal(found.values, [9, *[np.nan] * 5, 7, np.nan])
    assert (found.n_missing, found.n_invalid) == (2, 4)


@pytest.mark.parametrize("ratings", [9, None, "9", {9, 3}, np.zeros((2, 2)), pd.DataFrame({"rating": [9]})])
def test_one_row_of_answers_is_asked_for(ratings: object) -> None:
    with pytest.raises(
        InvalidInputError, match=r"^`ratings` must be one-dimensional, got an array of shape \("
    ):
        check(ratings)


def test_what_happens_to_invalid_answers_has_two_names() -> None:
    with pytest.raises(InvalidInputError, match="`invalid` must be one of 'raise', 'missing', got 'drop'"):
        check([9], invalid="drop")


def test_no_answers_are_none() -> None:
    for empty in ([], (), np.array([]), pd.Series([], dtype="Int64"), pl.Series([], dtype=pl.String)):
        found = check(empty)
        assert (found.values.shape, found.n_missing, found.n_invalid) == ((0,), 0, 0)


def test_the_caller_keeps_their_array() -> None:
    ratings = np.array([9.0, 8.5])
    check(ratings, invalid="missing")
    assert ratings.tolist() == [9.0, 8.5]


@given(st.lists(st.one_of(st.integers(-20, 20), st.floats(), st.none(), st.booleans(), st.text(max_size=2))))
def test_every_row_is_an_answer_missing_or_invalid(ratings: list[object]) -> None:
    """Nothing gets lost: the three counts add up, and what is kept is on the scale and in its place."""
    found = check(ratings, invalid="missing")
    assert int(found.answered.sum()) + found.n_missing + found.n_invalid == len(ratings)
    for value, raw in zip(found.values, ratings, strict=True):
        assert np.isnan(value) or (value == raw and value in range(11) and not isinstance(raw, bool))

"""Rows counted by keys and rating: the same cells from every engine as from a dictionary."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import duckdb
import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from clv._logs import EAGER, ENGINES, LAZY, columns_of
from customer_centric._core.frames import Key, Tally, open_frame, tally
from customer_centric._core.frames.periods import PERIODS, first_days, periods_of
from customer_centric._core.ratings import check_ratings
from customer_centric.errors import InvalidInputError, MissingColumnError
from effort import examples

engines = pytest.mark.parametrize("engine", ENGINES)
eager = pytest.mark.parametrize("engine", EAGER)
lazy = pytest.mark.parametrize("engine", LAZY)

SURVEY = pl.DataFrame(
    {
        "shop": ["b", "a", "é", "a", "a", "Z", "b", "a"],
        "account": [7, -3, 7, 7, -3, 10**12, 7, -3],
        "when": [date(2024, 3, 31), date(2024, 4, 1), *[date(2023, 12, 31)] * 3, *[date(2025, 1, 1)] * 3],
        "rating": [10.0, 9.0, None, 9.0, 0.0, None, 10.0, 9.0],
        "weight": [1.0, 0.5, 2.0, 0.0, 1.25, 3.0, 0.1, 0.2],
    }
)


def count(survey: Any, *keys: Key, rating: str = "rating", **arguments: Any) -> Tally[Any]:
    scale = {"minimum": 0, "maximum": 10} | arguments
    return tally(open_frame("survey", survey), keys=keys, rating=rating, **scale)


def cells(found: Tally[Any]) -> dict[tuple[Any, ...], float]:
    """Rows by the values of the keys, the rating (None for none) and whether it is off the scale."""
    names = [[found.values(i)[code] for code in codes] for i, codes in enumerate(found.keys)]
    ratings = [None if math.isnan(rating) else rating for rating in found.rating]
    keys = zip(*names, ratings, found.invalid.tolist(), strict=True)
    return dict(zip(keys, found.n.tolist(), strict=True))


def slow_cells(columns: list[list[Any]], ratings: list[Any]) -> dict[tuple[Any, ...], float]:
    """The same from a dictionary, for ratings on the scale."""
    return dict(Counter((*row, rating, False) for *row, rating in zip(*columns, ratings, strict=True)))


@engines
class TestParity:
    def test_cells_are_those_of_a_dictionary(self, engine: str) -> None:
        keys = (Key("shop", "by"), Key("account", "cluster"))
        found = count(ENGINES[engine](SURVEY), *keys)
        columns = [SURVEY["shop"].to_list(), SURVEY["account"].to_list()]
        assert cells(found) == slow_cells(columns, SURVEY["rating"].to_list())
        assert found.sizes == (4, 3)
        assert found.values(0) == ["Z", "a", "b", "é"]
        assert found.values(1) == [-3, 7, 10**12]
        assert (found.n_rows, found.n_missing, found.n_invalid) == (8, 2, 0)

    def test_cells_are_in_order_and_bit_identical(self, engine: str) -> None:
        keys = (Key("account", "by"), Key("when", "date", "quarter"))
        expected = count(SURVEY, *keys, weight="weight")
        found = count(ENGINES[engine](SURVEY), *keys, weight="weight")
        order = np.lexsort((found.invalid, found.rating, found.keys[1], found.keys[0]))
        assert np.array_equal(order, np.arange(order.size))
        for name in ("rating", "invalid", "n"):
            assert np.array_equal(getattr(found, name), getattr(expected, name), equal_nan=name == "rating")
        assert all(np.array_equal(*pair) for pair in zip(found.keys, expected.keys, strict=True))
        np.testing.assert_allclose(found.weight, expected.weight, rtol=1e-12)
        np.testing.assert_allclose(found.squared_weight, expected.squared_weight, rtol=1e-12)
        assert found.weight.sum() == pytest.approx(SURVEY["weight"].sum(), rel=1e-12)

    @pytest.mark.parametrize("period", PERIODS)
    def test_periods_are_those_of_the_calendar(self, engine: str, period: Any) -> None:
        found = count(ENGINES[engine](SURVEY), Key("when", "date", period))
        days = [first_day(day, period) for day in SURVEY["when"].to_list()]
        assert cells(found) == slow_cells([days], SURVEY["rating"].to_list())
        assert found.values(0) == sorted(set(days))

    def test_the_frame_is_of_the_kind_that_came_in(self, engine: str) -> None:
        survey = ENGINES[engine](SURVEY)
        found = count(survey, Key("shop", "by"), Key("when", "date", "month"))
        gone = np.isnan(found.rating)
        frame = found.frame(
            found.keys, {"rating": found.rating, "n": found.n.astype(np.int64)}, {"rating": gone}
        )
        assert type(frame) is type(survey)
        columns = columns_of(frame)
        assert list(columns) == ["shop", "when", "rating", "n"]
        assert columns["shop"] == [found.values(0)[code] for code in found.keys[0]]
        days = [day.date() if isinstance(day, datetime) else day for day in columns["when"]]
        assert days == [found.values(1)[code] for code in found.keys[1]]
        assert columns["rating"] == [None if math.isnan(r) else r for r in found.rating]
        assert columns["n"] == found.n.tolist()

    def test_nothing_but_a_rating(self, engine: str) -> None:
        found = count(ENGINES[engine](SURVEY))
        assert found.keys == ()
        assert cells(found) == slow_cells([], SURVEY["rating"].to_list())

    def test_an_empty_survey(self, engine: str) -> None:
        survey = ENGINES[engine](SURVEY.head(0))
        keys = (Key("shop", "by"), Key("account", "cluster"), Key("when", "date", "week"))
        found = count(survey, *keys, weight="weight")
        assert found.n_rows == 0
        assert found.sizes == (0, 0, 0)
        columns = columns_of(found.frame(found.keys, {"n": found.n}))
        assert columns == {"shop": [], "account": [], "when": [], "n": []}

    def test_answers_off_the_scale_are_counted_apart(self, engine: str) -> None:
        ratings = [10.0, 11.0, None, 8.5, 0.0, -1.0, math.nan, 10.0]
        survey = SURVEY.with_columns(pl.Series("rating", ratings))
        found = count(ENGINES[engine](survey), Key("shop", "by"), invalid="missing")
        assert (found.n_missing, found.n_invalid, found.n_rows) == (2, 3, 8)
        assert cells(found)["b", None, False] == 1.0
        assert cells(found)["a", None, True] == 2.0
        assert not (found.answered & found.invalid).any()

    def test_a_missing_column_is_named(self, engine: str) -> None:
        with pytest.raises(MissingColumnError, match="`by` must be a column of the frame, got 'store'"):
            count(ENGINES[engine](SURVEY), Key("store", "by"))
        with pytest.raises(MissingColumnError, match="`rating` must be a column of the frame, got 'score'"):
            count(ENGINES[engine](SURVEY), rating="score")
        with pytest.raises(InvalidInputError, match="`rating` must be another column than `by`"):
            count(ENGINES[engine](SURVEY), Key("rating", "by"))

    def test_missing_ids_are_refused(self, engine: str) -> None:
        survey = SURVEY.with_columns(shop=pl.Series(["b", None, "é", None, "a", "Z", "b", "a"]))
        with pytest.raises(
            InvalidInputError, match=r"`by` \(column 'shop'\) must be present in every row.*2 of 8"
        ):
            count(ENGINES[engine](survey), Key("shop", "by"))
        survey = SURVEY.with_columns(account=pl.Series([None, 1, 2, 3, 4, 5, 6, 7]))
        with pytest.raises(InvalidInputError, match=r"`cluster` \(column 'account'\) must be .*1 of 8"):
            count(ENGINES[engine](survey), Key("account", "cluster"))

    def test_dates_that_are_none_are_refused(self, engine: str) -> None:
        texts = ["2024-02-29", "2023-02-29", "29.2.2024", *["2024-01-01"] * 5]
        survey = SURVEY.with_columns(when=pl.Series(texts))
        with pytest.raises(InvalidInputError, match=r"`date` \(column 'when'\) must be ISO dates.*2 of 8"):
            count(ENGINES[engine](survey), Key("when", "date", "month"))
        survey = SURVEY.with_columns(when=pl.Series([None, *SURVEY["when"][1:]], dtype=pl.Date))
        with pytest.raises(
            InvalidInputError, match=r"`date` \(column 'when'\) must be present in every row.*1 of 8"
        ):
            count(ENGINES[engine](survey), Key("when", "date", "month"))
        survey = SURVEY.with_columns(when=pl.Series([f"{text}T10:00Z" for text in ["2024-02-29"] * 8]))
        with pytest.raises(
            InvalidInputError, match="must be without a time zone unless `time_zone` is given"
        ):
            count(ENGINES[engine](survey), Key("when", "date", "month"))

    @pytest.mark.parametrize(
        ("ratings", "rule"),
        [
            ([10, 11, 9, 9, 0, 5, 11, 9], r"got 11.*\(2 of 8 values\)"),
            ([10, 8.5, 9, 9, 0, 5, 10, 9], r"got 8.5.*\(1 of 8 values\)"),
            ([10, math.inf, 9, 9, 0, 5, 10, 9], r"got inf.*\(1 of 8 values\)"),
            ([10, 3, 9, 9, 0, -1, 10, 9], r"got -1.*\(1 of 8 values\)"),
        ],
    )
    def test_ratings_off_the_scale_are_refused(self, engine: str, ratings: list[float], rule: str) -> None:
        survey = SURVEY.with_columns(rating=pl.Series(ratings, strict=False))
        expected = rf"`rating` \(column 'rating'\) must be whole numbers from 0 to 10, {rule}.*another scale"
        with pytest.raises(InvalidInputError, match=expected):
            count(ENGINES[engine](survey), Key("shop", "by"))

    @pytest.mark.parametrize(
        ("values", "kind"), [([True, False] * 4, "Boolean"), (["2024-01-01"] * 8, "Date")]
    )
    def test_ratings_of_another_type_are_refused(self, engine: str, values: list[Any], kind: str) -> None:
        column = pl.Series("rating", values)
        survey = SURVEY.with_columns(column.str.to_date() if kind == "Date" else column)
        with pytest.raises(InvalidInputError, match=r"`rating` \(column 'rating'\) must be whole numbers"):
            count(ENGINES[engine](survey), invalid="missing" if kind == "Boolean" else "raise")

    @pytest.mark.parametrize(
        ("weights", "message"),
        [
            ([1.0, -2.0, *[1.0] * 6], r"0 or more, got -2.*\(1 of 8 values\); a weight is how many"),
            ([1.0, None, *[1.0] * 6], r"finite numbers, got (null|nan).*\(1 of 8 values\)"),
            ([1.0, math.nan, *[1.0] * 6], r"finite numbers, got (null|nan).*\(1 of 8 values\)"),
            ([1.0, math.inf, *[1.0] * 6], r"finite numbers, got inf.*\(1 of 8 values\)"),
        ],
    )
    def test_weights_that_are_none_are_refused(self, engine: str, weights: list[float], message: str) -> None:
        survey = SURVEY.with_columns(weight=pl.Series(weights))
        with pytest.raises(InvalidInputError, match=r"`weight` \(column 'weight'\) must be " + message):
            count(ENGINES[engine](survey), weight="weight")

    def test_keys_of_another_type_are_refused(self, engine: str) -> None:
        with pytest.raises(InvalidInputError, match=r"`by` \(column 'weight'\) must be text, whole numbers"):
            count(ENGINES[engine](SURVEY), Key("weight", "by"))
        with pytest.raises(InvalidInputError, match=r"`date` \(column 'weight'\) must be dates, datetimes"):
            count(ENGINES[engine](SURVEY), Key("weight", "date", "year"))
        with pytest.raises(InvalidInputError, match="`period` must be one of 'day', 'week'"):
            count(ENGINES[engine](SURVEY), Key("when", "date", "decade"))  # type: ignore[arg-type]
        with pytest.raises(InvalidInputError, match="`invalid` must be one of 'raise', 'missing'"):
            count(ENGINES[engine](SURVEY), invalid="drop")

    def test_moments_of_a_zone_are_days_of_the_zone_asked_for(self, engine: str) -> None:
        moments = [datetime(2024, 3, 31, 23, 30, tzinfo=UTC) + timedelta(days=i) for i in range(8)]
        survey = SURVEY.with_columns(when=pl.Series(moments))
        found = count(ENGINES[engine](survey), Key("when", "date", "month", time_zone="Asia/Tokyo"))
        assert found.values(0) == [date(2024, 4, 1)]
        found = count(ENGINES[engine](survey), Key("when", "date", "month", time_zone="UTC"))
        assert found.values(0) == [date(2024, 3, 1), date(2024, 4, 1)]


def first_day(day: date, period: str) -> date:
    """First day of the period of a day."""
    if period == "week":
        return day - timedelta(days=day.weekday())
    month = {"day": day.month, "month": day.month, "quarter": (day.month - 1) // 3 * 3 + 1, "year": 1}[period]
    return date(day.year, month, day.day if period == "day" else 1)


RATING_TYPES: dict[str, Callable[[pl.Series], pl.Series]] = {
    "8 bits": lambda ratings: ratings.fill_null(3).cast(pl.Int8),
    "unsigned 8 bits": lambda ratings: ratings.fill_null(3).cast(pl.UInt8),
    "64 bits": lambda ratings: ratings.fill_null(3).cast(pl.Int64),
    "8 bits with nulls": lambda ratings: ratings.cast(pl.Int8),
    "64 bits with nulls": lambda ratings: ratings.cast(pl.Int64),
    "32-bit floats": lambda ratings: ratings.cast(pl.Float32),
    "floats with NaN": lambda ratings: ratings.fill_null(math.nan),
    "decimals": lambda ratings: ratings.cast(pl.Decimal(10, 2)),
}


@engines
@pytest.mark.parametrize("kind", RATING_TYPES)
@pytest.mark.parametrize("scale", [(0, 10), (-2, 12)])
def test_every_type_of_rating(engine: str, kind: str, scale: tuple[int, int]) -> None:
    survey = SURVEY.with_columns(RATING_TYPES[kind](SURVEY["rating"]))
    found = count(ENGINES[engine](survey), Key("shop", "by"), minimum=scale[0], maximum=scale[1])
    ratings = [None if r is None or math.isnan(r) else float(r) for r in survey["rating"].to_list()]
    assert cells(found) == slow_cells([SURVEY["shop"].to_list()], ratings)


@pytest.mark.parametrize(
    "values",
    [
        [10, None, 3.0, "9", 4],
        [10, None, True, 3, 4],
        [10, math.nan, pd.NA, Decimal(3), np.int8(4)],
        [10, 11, 3.5, None, Decimal("2.5")],
        [None] * 5,
    ],
)
@pytest.mark.parametrize("invalid", ["raise", "missing"])
def test_columns_of_objects_are_read_as_ratings_are(values: list[Any], invalid: Any) -> None:
    """What is no rating in an array is none in a column."""
    survey = pd.DataFrame({"shop": list("aabba"), "rating": pd.Series(values, dtype=object)})
    try:
        expected = check_ratings("ratings", values, minimum=0, maximum=10, invalid=invalid)
    except InvalidInputError as error:
        message = str(error).replace("`ratings`", "`rating` (column 'rating')")
        with pytest.raises(InvalidInputError, match=re.escape(message)):
            count(survey, Key("shop", "by"), invalid=invalid)
        return
    found = count(survey, Key("shop", "by"), invalid=invalid)
    assert (found.n_missing, found.n_invalid) == (expected.n_missing, expected.n_invalid)
    answered = found.answered
    assert found.n[answered].sum() == expected.answered.sum()
    assert found.n[answered] @ found.rating[answered] == np.nansum(expected.values)


@engines
def test_a_column_without_any_value_is_no_answer(engine: str) -> None:
    survey = SURVEY.with_columns(rating=pl.Series([None] * 8))
    found = count(ENGINES[engine](survey), Key("shop", "by"))
    assert (found.n_missing, found.n_rows) == (8, 8)


@pytest.mark.parametrize("values", [["9", "10", "x", None, "3"], [True, False, True, True, False]])
def test_a_column_of_text_or_truth_is_no_rating(values: list[Any]) -> None:
    survey = pd.DataFrame({"rating": values})
    with pytest.raises(InvalidInputError, match=r"`rating` \(column 'rating'\) must be whole numbers"):
        count(survey)


@lazy
def test_a_text_column_of_a_lazy_frame_is_refused_by_its_type(engine: str) -> None:
    survey = SURVEY.with_columns(rating=pl.lit("9"))
    with pytest.raises(InvalidInputError, match="got a column of type String; convert it first"):
        count(ENGINES[engine](survey))


@eager
def test_frames_in_memory_tell_the_position(engine: str) -> None:
    survey = SURVEY.with_columns(rating=pl.Series([10, 9, 8, 7, 12, 1, 2, 13]))
    with pytest.raises(InvalidInputError, match=r"got 12 at position 4 \(2 of 8 values\)"):
        count(ENGINES[engine](survey))
    survey = SURVEY.with_columns(weight=pl.Series([1.0, 1, 1, -3, 1, 1, -5, 1]))
    with pytest.raises(InvalidInputError, match=r"got -3 at position 3 \(2 of 8 values\)"):
        count(ENGINES[engine](survey), weight="weight")


def test_a_wide_integer_of_an_aggregate_is_a_key() -> None:
    """Sums are 128 bits wide in DuckDB."""
    survey = duckdb.sql("select sum(i)::hugeint as shop, 9 as rating from range(5) t(i) group by i")
    assert count(survey, Key("shop", "by")).values(0) == [0, 1, 2, 3, 4]


rows = st.lists(
    st.tuples(
        st.sampled_from(["a", "B", "é", "10", "9"]),
        st.integers(-2, 2).map(lambda i: i * 10**17),
        st.integers(0, 900).map(lambda i: date(2023, 1, 1) + timedelta(days=i)),
        st.none() | st.integers(0, 10),
    ),
    min_size=1,
    max_size=30,
)


@given(rows=rows, engine=st.sampled_from([*ENGINES]), period=st.sampled_from(PERIODS))
@examples(60)
def test_any_survey_counts_as_a_dictionary_does(rows: list[Any], engine: str, period: Any) -> None:
    shops, accounts, days, ratings = (list(column) for column in zip(*rows, strict=True))
    survey = pl.DataFrame(
        {"shop": shops, "account": accounts, "when": days, "rating": ratings},
        schema_overrides={"rating": pl.Float64},
    )
    found = count(
        ENGINES[engine](survey), Key("shop", "by"), Key("when", "date", period), Key("account", "cluster")
    )
    periods = [first_day(day, period) for day in days]
    assert cells(found) == slow_cells([shops, periods, accounts], ratings)


def test_keys_too_many_for_a_table_are_hashed() -> None:
    """Two keys of 100,000 values have 10^10 combinations, of which few occur."""
    rng = np.random.default_rng(3)
    size = 200_000
    one, two = rng.integers(0, 100_000, (2, size)) * 10**6
    weights = rng.random(size)
    survey = pd.DataFrame({"one": one, "two": two, "rating": rng.integers(0, 11, size), "w": weights})
    found = count(survey, Key("one", "by[0]"), Key("two", "by[1]"), weight="w")
    grouped = survey.groupby(["one", "two", "rating"])["w"].agg(["size", "sum"]).reset_index()
    names = [np.array(found.values(i))[codes] for i, codes in enumerate(found.keys)]
    assert np.array_equal(names[0], grouped["one"])
    assert np.array_equal(names[1], grouped["two"])
    assert np.array_equal(found.rating, grouped["rating"])
    assert np.array_equal(found.n, grouped["size"])
    np.testing.assert_allclose(found.weight, grouped["sum"], rtol=1e-12)


def test_keys_whose_combinations_have_no_number_of_64_bits() -> None:
    """Six keys of 2,000 values have 6 10^19 combinations."""
    rng = np.random.default_rng(4)
    values = {f"key{i}": rng.permutation(2000) for i in range(6)}
    survey = pd.DataFrame(values | {"rating": rng.integers(0, 11, 2000)})
    twice = pd.concat([survey, survey])
    found = count(twice, *(Key(name, f"by[{i}]") for i, name in enumerate(values)))
    ordered = survey.sort_values([*values])
    assert (found.n == 2).all()
    for i, name in enumerate(values):
        assert np.array_equal(np.array(found.values(i))[found.keys[i]], ordered[name])
    assert np.array_equal(found.rating, ordered["rating"])


def test_columns_are_not_changed() -> None:
    """Codes may share the memory of the columns they come from."""
    survey = pd.DataFrame({"shop": np.arange(8, dtype=np.int32), "rating": np.arange(8, dtype=np.int16)})
    before = survey.copy(deep=True)
    count(survey, Key("shop", "by"))
    pd.testing.assert_frame_equal(survey, before)


@given(
    days=st.lists(st.integers(-800_000, 1_000_000), min_size=1, max_size=20), period=st.sampled_from(PERIODS)
)
@examples(60)
def test_the_first_day_of_a_period_is_in_it(days: list[int], period: Any) -> None:
    """And the day before is in the one before."""
    ordinals = periods_of(np.array(days), period)
    first = first_days(ordinals, period)
    assert (first <= days).all()
    assert np.array_equal(periods_of(first, period), ordinals)
    assert np.array_equal(periods_of(first - 1, period), ordinals - 1)


@pytest.mark.parametrize("engine", ["Polars", "PyArrow", "pandas"])
def test_text_of_which_later_rows_have_new_values(engine: str) -> None:
    """The first rows of a long column need not hold all of its values."""
    names = ["b"] * 70_000 + ["c", "a"] * 50
    survey = pl.DataFrame({"shop": names, "rating": [9] * len(names)})
    found = count(ENGINES[engine](survey), Key("shop", "by"))
    assert cells(found) == {("a", 9.0, False): 50.0, ("b", 9.0, False): 70_000.0, ("c", 9.0, False): 50.0}

"""The same surveys and logs through every engine: counts equal, money to 1e-9, bad data in the same words."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import narwhals.stable.v2 as nw
import numpy as np
import pandas as pd
import polars as pl
import pytest

from clv._logs import ENGINES, LAZY, columns_of
from customer_centric.errors import InvalidInputError
from nps._links import bounds, churn, day, premium, spend, value_gap

engines = pytest.mark.parametrize("engine", ENGINES)
lazy = pytest.mark.parametrize("engine", LAZY)


def survey(n: int = 120) -> pl.DataFrame:
    rng = np.random.default_rng(6)
    asked = rng.integers(0, 250, n)
    stays = rng.exponential(150, n).astype(int)
    rating = [int(r) if r < 11 else None for r in rng.integers(0, 12, n)]
    # Every tenth customer answers twice; who did not answer has no date.
    ids = [f"c{i if i % 10 else i + 1:03}" for i in range(n)]
    leaves = {
        name: day(a + stay + 250) if stay < 200 else None
        for name, a, stay in zip(ids, asked, stays, strict=True)
    }
    return pl.DataFrame(
        {
            "id": ids,
            "rating": rating,
            "asked": [day(a) if r is not None else None for a, r in zip(asked, rating, strict=True)],
            "left": [leaves[name] for name in ids],
        },
        schema={"id": pl.String, "rating": pl.Int64, "asked": pl.Date, "left": pl.Date},
    )


def log(n: int = 600) -> pl.DataFrame:
    rng = np.random.default_rng(7)
    price = np.exp(rng.normal(2, 0.3, n)).round(4)
    return pl.DataFrame(
        {
            "id": [f"c{i:03}" for i in rng.integers(0, 150, n)],
            "when": [day(number) for number in rng.integers(0, 365, n)],
            "paid": np.exp(rng.normal(3, 1, n)).round(2),
            "item": [f"item {i}" for i in rng.integers(0, 5, n)],
            "price": price,
            "units": np.exp(-np.log(price) + rng.normal(2, 0.3, n)).round(4),
        }
    )


def values() -> pl.DataFrame:
    rng = np.random.default_rng(8)
    return pl.DataFrame({"id": [f"c{i:03}" for i in range(30, 150)], "clv": rng.gamma(1, 100, 120).round(2)})


def one_answer() -> pl.DataFrame:
    return survey().unique("id", keep="first", maintain_order=True)


CALLS: dict[str, Callable[[Callable[[pl.DataFrame], Any]], Any]] = {
    "churn": lambda make: churn(make(survey()), end=day(600), horizon=300),
    "spend": lambda make: spend(make(survey()), make(log())),
    "purchases": lambda make: spend(make(survey()), make(log()), amount=None, horizon=30),
    "value": lambda make: value_gap(make(one_answer()), make(values())),
    "premium": lambda make: premium(make(survey()), make(log()), item="item"),
    "elasticity": lambda make: premium(
        make(survey()), make(log()), item="item", quantity="units", method="elasticity"
    ),
}


def assert_same(found: Any, expected: Any) -> None:
    got, wanted = columns_of(found.frame), columns_of(expected.frame)
    assert list(got) == list(wanted)
    for name, column in wanted.items():
        for value, other in zip(got[name], column, strict=True):
            assert value == (pytest.approx(other, rel=1e-9) if isinstance(other, float) else other)
    for name in expected.__slots__:
        value = getattr(expected, name)
        if name.startswith("n") or name == "reason":
            assert getattr(found, name) == value, name
        elif name.endswith("interval"):
            assert bounds(getattr(found, name)) == pytest.approx(bounds(value), rel=1e-9)


@engines
@pytest.mark.parametrize("call", CALLS)
def test_every_engine_gives_the_same(engine: str, call: str) -> None:
    """And the table comes back as the kind of frame that went in."""
    found = CALLS[call](ENGINES[engine])
    assert_same(found, CALLS[call](ENGINES["pandas"]))
    assert type(found.frame) is type(ENGINES[engine](values()))


@engines
def test_whole_numbers_categories_and_text_dates_read_alike(engine: str) -> None:
    make = ENGINES[engine]
    texts = survey().with_columns(pl.col("asked", "left").cast(pl.String))
    numbers = survey().with_columns(
        pl.col("id").str.slice(1).cast(pl.Int32), pl.col("rating").cast(pl.Float64)
    )
    expected = CALLS["churn"](ENGINES["pandas"])
    for frame in (texts, numbers):
        assert_same(churn(make(frame), end=day(600), horizon=300), expected)
    if engine != "PyArrow":
        categories = survey().with_columns(pl.col("id").cast(pl.Categorical))
        assert_same(spend(make(categories), make(log())), CALLS["spend"](ENGINES["pandas"]))


@engines
def test_an_empty_log_and_nobody_lost(engine: str) -> None:
    make = ENGINES[engine]
    found = spend(make(survey()), make(log().head(0)), amount=None)
    assert columns_of(found.frame)["mean"] == [0.0, 0.0, 0.0]
    stayed = survey().with_columns(left=pl.lit(None, pl.Date))
    assert columns_of(churn(make(stayed)).frame)["lost"] == [0, 0, 0]
    if engine.startswith("Polars"):
        untyped = stayed.with_columns(left=pl.lit(None, pl.Null))
        assert columns_of(churn(make(untyped)).frame)["lost"] == [0, 0, 0]


BAD: dict[str, tuple[pl.DataFrame, str]] = {
    "rating": (
        survey().with_columns(rating=pl.when(pl.col("id") == "c011").then(12).otherwise(pl.col("rating"))),
        r"`rating` \(column 'rating'\) must be whole numbers from 0 to 10, got 12 .*of 120 values\)",
    ),
    "answered": (
        survey().with_columns(asked=pl.when(pl.col("id") == "c013").then(None).otherwise(pl.col("asked"))),
        r"`answered` \(column 'asked'\) must be present wherever there is a rating, got null.*\(1 of 120 ",
    ),
    "early loss": (
        survey().with_columns(left=pl.lit(day(-1))),
        r"`lost` \(column 'left'\) must be the day of the answer or later, got a day [0-9]+ days before it",
    ),
    "customer": (
        survey().with_columns(id=pl.when(pl.col("id") == "c013").then(None).otherwise(pl.col("id"))),
        r"`customer` \(column 'id'\) must be present in every row, got null.*\(1 of 120 values\)",
    ),
    "text": (
        survey().with_columns(asked=pl.lit("31/12/2024")),
        r"`answered` \(column 'asked'\) must be ISO dates .*, got '31/12/2024'",
    ),
    "two dates": (
        survey().with_columns(left=pl.when(pl.col("asked") > day(100)).then(None).otherwise(day(400))),
        "`lost` must be one date a customer, got more than one for [0-9]+ of",
    ),
}


@engines
@pytest.mark.parametrize("case", BAD)
def test_bad_surveys_are_refused_in_the_same_words(engine: str, case: str) -> None:
    frame, message = BAD[case]
    with pytest.raises(InvalidInputError, match=message):
        churn(ENGINES[engine](frame), end=day(600))


@engines
def test_bad_logs_are_refused_in_the_same_words(engine: str) -> None:
    make = ENGINES[engine]
    with pytest.raises(
        InvalidInputError, match=r"`price` \(column 'price'\) must be a finite number greater than 0, got -1 "
    ):
        premium(make(survey()), make(log().with_columns(price=pl.lit(-1.0))))
    with pytest.raises(
        InvalidInputError, match=r"`amount` \(column 'paid'\) must be finite numbers, got inf "
    ):
        spend(make(survey()), make(log().with_columns(paid=pl.lit(float("inf")))))
    with pytest.raises(
        InvalidInputError, match=r"`values` must have one row a customer .* got more for 'c030'"
    ):
        value_gap(make(one_answer()), make(pl.concat([values(), values().head(1)])))
    numbers = values().with_columns(pl.col("id").str.slice(1).cast(pl.Int64))
    with pytest.raises(InvalidInputError, match="`customer` must be of the same type in both frames"):
        value_gap(make(one_answer()), make(numbers))


def test_frames_of_two_engines_are_refused() -> None:
    with pytest.raises(
        InvalidInputError, match="`log` must be a frame of the same engine as `survey`, which is of "
    ):
        spend(survey(), log().to_pandas())


def test_moments_with_a_zone_are_days_of_that_zone() -> None:
    frame = pd.DataFrame({"id": ["a", "b"], "rating": [10, 3], "left": pd.to_datetime([None, "2024-02-01"])})
    frame["asked"] = pd.to_datetime(["2024-01-01 23:30", "2024-01-01 12:00"]).tz_localize("UTC")
    with pytest.raises(
        InvalidInputError, match=r"`answered` .* must be without a time zone unless `time_zone` is"
    ):
        churn(frame)
    rows = pd.DataFrame(
        {"id": ["a", "a"], "when": pd.to_datetime(["2024-01-02", "2024-01-03"]), "paid": [1.0, 2.0]}
    )
    for zone, expected in (("UTC", 3.0), ("Europe/Berlin", 2.0)):
        found = spend(frame, rows, time_zone=zone)
        assert found.frame["mean"].tolist()[2] == expected
    assert churn(frame, time_zone="Europe/Berlin").frame["lost"].tolist() == [1, 0, 0]


@lazy
def test_rows_stay_in_the_engine(engine: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is collected is a few rows by class, or counts of whole days."""
    collected: list[int] = []
    original = nw.LazyFrame.collect

    def counting(self: Any, *arguments: Any, **options: Any) -> Any:
        frame = original(self, *arguments, **options)
        collected.append(len(frame))
        return frame

    monkeypatch.setattr(nw.LazyFrame, "collect", counting)
    make = ENGINES[engine]
    spend(make(survey()), make(log()))
    premium(make(survey()), make(log()), item="item")
    value_gap(make(one_answer()), make(values()))
    assert collected
    assert max(collected) <= 3

"""The same small logs through every engine: counts equal, money to 1e-9, bad data in the same words."""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any

import duckdb
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from narwhals.exceptions import ComputeError

from clv._logs import (
    EAGER,
    ENGINES,
    LAZY,
    Row,
    assert_same_histories,
    columns_of,
    duckdb_log,
    polars_log,
    refundable,
    rows_strategy,
    slow_histories,
)
from customer_centric.clv import PurchaseHistories, summarise_transactions
from customer_centric.errors import DataWarning, InvalidInputError, MissingColumnError
from effort import examples

END = date(2024, 6, 30)
START = date(2023, 12, 20)
ROWS = [
    Row("b", date(2024, 1, 5), 5.0),
    Row("a", date(2024, 1, 1), 10.0),
    Row("a", date(2024, 1, 15), 7.0),
    Row("é", date(2024, 2, 29), 2.5),
    Row("a", date(2024, 1, 15), 1.0),
    Row("Z", date(2024, 3, 1), 0.0),
    Row("a", date(2024, 3, 1), 4.0),
    Row("Z", date(2024, 5, 31), 8.0),
    Row("late", date(2024, 5, 1), 8.0),
    Row("gone", date(2024, 7, 1), 8.0),
]
engines = pytest.mark.parametrize("engine", ENGINES)
eager = pytest.mark.parametrize("engine", EAGER)
lazy = pytest.mark.parametrize("engine", LAZY)


def summarise(log: Any, **arguments: Any) -> PurchaseHistories[Any]:
    defaults = {"customer": "id", "date": "when", "amount": "paid", "end": END, "unit": "day"}
    return summarise_transactions(log, **(defaults | arguments))


def fetch(histories: PurchaseHistories[Any]) -> dict[str, list[Any]]:
    """Every number that a fit, a backtest and an audit ask for."""
    counts, holdout = histories.sufficient_statistics(), histories.holdout_statistics()
    spend, timing = histories.spend_statistics(), histories.timing()
    return {
        "counts": [counts.frequency, counts.recency, counts.age, counts.weight],
        "holdout": [
            holdout.frequency,
            holdout.recency,
            holdout.age,
            holdout.weight,
            holdout.frequency_holdout,
        ],
        "timing": [
            timing.first_purchases,
            timing.repeat_purchases,
            timing.n_calibration,
            timing.first_period,
        ],
        "coverage": [histories.coverage()],
        "spend": [spend.frequency, spend.mean_spend, spend.weight],
    }


@engines
class TestParity:
    def test_the_kind_that_came_in_comes_out(self, engine: str) -> None:
        log = ENGINES[engine](polars_log(ROWS))
        assert type(summarise(log).frame) is type(log)

    @pytest.mark.parametrize("period", ["day", "week", "month"])
    def test_counts_and_money_are_those_of_the_definitions(self, engine: str, period: Any) -> None:
        arguments = {"calibration_end": date(2024, 4, 10), "period": period}
        histories = summarise(ENGINES[engine](polars_log(ROWS)), unit=period, **arguments)
        assert_same_histories(histories, slow_histories(ROWS, end=END, **arguments))

    def test_sufficient_statistics_are_bit_identical(self, engine: str) -> None:
        arguments: dict[str, Any] = {"calibration_end": "2024-04-10", "unit": "week"}
        expected = fetch(summarise(polars_log(ROWS), **arguments))
        found = fetch(summarise(ENGINES[engine](polars_log(ROWS)), **arguments))
        for name in ("counts", "holdout", "timing", "coverage"):
            for left, right in zip(found[name], expected[name], strict=True):
                assert np.array_equal(left, right), name
        for left, right in zip(found["spend"], expected["spend"], strict=True):
            np.testing.assert_allclose(left, right, rtol=1e-9)

    @pytest.mark.parametrize("refunds", ["net", "drop"])
    @pytest.mark.parametrize("zero_amounts", ["keep", "drop"])
    def test_policies(self, engine: str, refunds: str, zero_amounts: str) -> None:
        rows = [*ROWS, Row("b", date(2024, 1, 5), -5.0), Row("a", date(2024, 3, 1), -1.0)]
        rows += [Row("tiny", date(2024, 3, 1), amount) for amount in (0.1, 0.2, -0.3)]
        policies = {"refunds": refunds, "zero_amounts": zero_amounts}
        histories = summarise(ENGINES[engine](polars_log(rows)), **policies)
        assert_same_histories(histories, slow_histories(rows, end=END, **policies))
        assert histories.coverage() == summarise(polars_log(rows), **policies).coverage()

    def test_the_explanation_is_the_same(self, engine: str) -> None:
        expected = summarise(polars_log(ROWS)).explain("a")
        histories = summarise(ENGINES[engine](polars_log(ROWS)))
        assert histories.explain("a") == expected
        for unknown in ("x", 1):
            with pytest.raises(InvalidInputError, match="`customer` must be an id of the log, got"):
                histories.explain(unknown)

    def test_without_amounts(self, engine: str) -> None:
        histories = summarise(ENGINES[engine](polars_log(ROWS)), amount=None)
        columns = columns_of(histories.frame)
        assert columns["mean_spend"] == [None] * 5
        assert columns["frequency"] == columns_of(summarise(polars_log(ROWS)).frame)["frequency"]
        assert histories.coverage().n_zero_amounts == 0
        with pytest.raises(InvalidInputError, match="`amount` must be given"):
            histories.spend_statistics()

    def test_an_empty_log(self, engine: str) -> None:
        histories = summarise(ENGINES[engine](polars_log([])))
        assert set(map(len, columns_of(histories.frame).values())) == {0}
        assert histories.coverage().n_rows == 0
        assert histories.timing().first_purchases.sum() == 0
        with pytest.raises(InvalidInputError, match="at least one customer, got none"):
            histories.sufficient_statistics()
        with pytest.raises(InvalidInputError, match="at least one customer"):
            histories.spend_statistics()

    def test_no_split(self, engine: str) -> None:
        with pytest.raises(InvalidInputError, match="`calibration_end` must be given"):
            summarise(ENGINES[engine](polars_log(ROWS))).holdout_statistics()


IDS: dict[str, Callable[[pl.Series], pl.Series]] = {
    "text": lambda ids: ids,
    "8 bits": lambda ids: ids.replace_strict({"a": -3, "b": 7, "Z": 100, "é": 0}, return_dtype=pl.Int8),
    "unsigned 64 bits": lambda ids: pl.Series(
        "id", [{"a": 2**63 + 5, "b": 7, "Z": 2**64 - 1, "é": 0}[name] for name in ids], dtype=pl.UInt64
    ),
    "spread out": lambda ids: ids.replace_strict(
        {"a": 2**62, "b": -(2**62), "Z": 0, "é": 3}, return_dtype=pl.Int64
    ),
    "categories": lambda ids: ids.cast(pl.Categorical),
    "ordered categories": lambda ids: ids.cast(pl.Enum(["é", "unused", "b", "a", "Z"])),
}
FOUR = [row for row in ROWS if row.customer not in {"late", "gone"}]


@engines
@pytest.mark.parametrize("kind", IDS)
def test_every_kind_of_id(engine: str, kind: str) -> None:
    """Ids come back as they were, in ascending order: text by code point, categories as text."""
    frame = polars_log(FOUR).with_columns(IDS[kind](polars_log(FOUR)["id"]))
    ids = frame["id"].to_list()
    histories = summarise(ENGINES[engine](frame))
    renamed = [Row(str(name), row.day, row.amount) for name, row in zip(ids, FOUR, strict=True)]
    expected = slow_histories(renamed, end=END)
    columns = columns_of(histories.frame)
    assert columns["customer"] == sorted(set(ids))
    assert columns["frequency"] == [expected[str(name)]["frequency"] for name in columns["customer"]]
    assert histories.explain(ids[1]).startswith(f"Customer {ids[1]!r}: 4 transactions read")


DATES: dict[str, Callable[[pl.Expr], pl.Expr]] = {
    "dates": lambda when: when,
    "datetimes": lambda when: when.cast(pl.Datetime("us")) + pl.duration(hours=23, minutes=59),
    "nanoseconds": lambda when: when.cast(pl.Datetime("ns")) + pl.duration(hours=12),
    "milliseconds": lambda when: when.cast(pl.Datetime("ms")),
    "ISO dates": lambda when: when.dt.to_string("%Y-%m-%d"),
    "basic ISO dates": lambda when: when.dt.to_string("%Y%m%d"),
    "ISO datetimes": lambda when: when.dt.to_string("%Y-%m-%dT23:59:59.999"),
    "ISO datetimes with a blank": lambda when: when.dt.to_string("%Y-%m-%d 00:00"),
    "categories": lambda when: when.dt.to_string("%Y-%m-%d").cast(pl.Categorical),
}


@engines
@pytest.mark.parametrize("kind", DATES)
def test_every_kind_of_date(engine: str, kind: str) -> None:
    rows = [
        *ROWS,
        Row("old", date(1969, 12, 31), 1.0),
        Row("old", date(1900, 2, 28), 1.0),
        Row("old", date(1900, 3, 1), 2.0),
    ]
    frame = polars_log(rows).with_columns(DATES[kind](pl.col("when")))
    assert_same_histories(summarise(ENGINES[engine](frame)), slow_histories(rows, end=END))


@engines
def test_every_day_of_the_calendar_is_itself(engine: str) -> None:
    """Days, weeks and months of many years around the leap days, as dates and as text."""
    days = [
        date(year, 1, 1) + timedelta(days=step) for year in (1600, 1896, 2000, 2099) for step in range(430)
    ]
    rows = [Row(f"{i:05}", day, 1.0) for i, day in enumerate(days)]
    frame = polars_log(rows)
    for log in (frame, frame.with_columns(pl.col("when").dt.to_string("%Y-%m-%d"))):
        for period in ("day", "week", "month"):
            histories = summarise(ENGINES[engine](log), period=period, unit=period, end="2150-01-01")
            expected = slow_histories(rows, end=date(2150, 1, 1), period=period)
            assert columns_of(histories.frame)["age"] == [history["age"] for history in expected.values()]


@engines
class TestTimeZones:
    MOMENTS = (datetime(2024, 1, 1, 23, 30), datetime(2024, 1, 2, 1, 0), datetime(2024, 7, 1, 22, 30))

    def log(self, engine: str) -> Any:
        frame = pl.DataFrame({"id": ["a"] * 3, "when": self.MOMENTS, "paid": [1.0] * 3})
        return ENGINES[engine](frame.with_columns(pl.col("when").dt.replace_time_zone("UTC")))

    def test_are_refused_unless_the_caller_says_which(self, engine: str) -> None:
        message = (
            r"\(column 'when'\) must be without a time zone unless `time_zone` is given, got datetimes in"
        )
        with pytest.raises(InvalidInputError, match=message):
            summarise(self.log(engine))

    @pytest.mark.parametrize(
        ("zone", "frequency", "recency"),
        [("UTC", 2, 182), ("Europe/Berlin", 1, 182), ("America/New_York", 1, 182), ("Asia/Tokyo", 1, 182)],
    )
    def test_days_are_those_of_the_zone(self, engine: str, zone: str, frequency: int, recency: int) -> None:
        columns = columns_of(summarise(self.log(engine), time_zone=zone, end="2024-12-31").frame)
        assert (columns["frequency"], columns["recency"]) == ([frequency], [recency])

    def test_an_unknown_zone(self, engine: str) -> None:
        message = (
            "`time_zone` must be the name of a time zone such as 'UTC' or 'Europe/Berlin', got 'Atlantis'"
        )
        with pytest.raises(InvalidInputError, match=re.escape(message)):
            summarise(self.log(engine), time_zone="Atlantis")

    @pytest.mark.parametrize("kind", ["dates", "datetimes", "ISO dates"])
    def test_a_zone_for_dates_without_one(self, engine: str, kind: str) -> None:
        frame = polars_log(ROWS).with_columns(DATES[kind](pl.col("when")))
        with pytest.raises(InvalidInputError, match=r"`time_zone` must be None where .* got 'UTC'"):
            summarise(ENGINES[engine](frame), time_zone="UTC")

    def test_text_with_an_offset(self, engine: str) -> None:
        frame = polars_log(ROWS).with_columns(pl.col("when").dt.to_string("%Y-%m-%dT10:00:00+02:00"))
        with pytest.raises(
            InvalidInputError, match="must be without a time zone unless `time_zone` is given"
        ):
            summarise(ENGINES[engine](frame)).sufficient_statistics()

    def test_mixed_time_zones(self, engine: str) -> None:
        texts = ["2024-01-01T10:00:00Z", "2024-01-02T10:00:00", "2024-01-02T10:00:00"]
        frame = pl.DataFrame({"id": ["a"] * 3, "when": texts, "paid": [1.0] * 3})
        message = r"must be in one time zone, got mixed time zones \(.*offset.*no time zone\)"
        with pytest.raises(InvalidInputError, match=message):
            summarise(ENGINES[engine](frame)).sufficient_statistics()


@eager
def test_text_with_offsets_is_days_of_the_zone(engine: str) -> None:
    texts = ["2024-01-01T23:30:00Z", "2024-01-02T01:00+01:00", "2024-07-02 00:30:00.25+0200"]
    frame = pl.DataFrame({"id": ["a"] * 3, "when": texts, "paid": [1.0] * 3})
    columns = columns_of(summarise(ENGINES[engine](frame), time_zone="Europe/Berlin", end="2024-12-31").frame)
    assert (columns["frequency"], columns["recency"]) == ([1], [182.0])


BAD: dict[str, tuple[str, list[Any], str, str]] = {
    "null ids": (
        "id",
        ["a", None, None],
        "`customer` (column 'id') must be present in every row, got null{1} (2 of 3 values)",
        "remove these rows or give them an id",
    ),
    "null dates": (
        "when",
        [date(2024, 1, 1), date(2024, 1, 2), None],
        "`date` (column 'when') must be present in every row, got null{2} (1 of 3 values)",
        "remove these rows or give them a date",
    ),
    "null text dates": (
        "when",
        ["2024-01-01", None, "2024-01-01"],
        "`date` (column 'when') must be present in every row, got null{1} (1 of 3 values)",
        "remove these rows or give them a date",
    ),
    "a day that does not exist": (
        "when",
        ["2024-02-29", "2024-02-29", "2023-02-29"],
        "2024-12-31, 20241231 or 2024-12-31T18:30:00, got '2023-02-29'{2} (1 of 3 values)",
        "convert other formats to dates first",
    ),
    "another format": (
        "when",
        ["2024-01-01", "01/02/2024", "01/02/2024"],
        "got '01/02/2024'{1} (2 of 3 values)",
        "convert other formats to dates first",
    ),
    "no date at all": (
        "when",
        ["", "", ""],
        "got ''{0} (3 of 3 values)",
        "convert other formats to dates first",
    ),
    "negative amounts": (
        "paid",
        [1.0, -2.5, 0.0],
        "`amount` (column 'paid') must be 0 or more, got -2.5{1} (1 of 3 values)",
        'choose `refunds="net"` to sum them within their purchase or `refunds="drop"` to leave them out',
    ),
    "infinite amounts": (
        "paid",
        [float("inf"), 1.0, 1.0],
        "`amount` (column 'paid') must be finite numbers, got inf{0} (1 of 3 values)",
        "remove these rows or correct them",
    ),
    "missing whole amounts": (
        "paid",
        [1, 2, None],
        "`amount` (column 'paid') must be finite numbers, got ",
        "remove these rows or correct them",
    ),
    "an end before the first purchase": (
        "when",
        [date(2024, 7, 1), date(2024, 7, 2), date(2024, 7, 2)],
        "`end` must not be before the first purchase (2024-07-01), got 2024-06-30",
        "",
    ),
}


@engines
@pytest.mark.parametrize("name", BAD)
def test_bad_data_are_refused_by_value_and_count(engine: str, name: str) -> None:
    """Frames in memory say where the first is; lazy ones check when the first result is asked for."""
    column, values, message, remedy = BAD[name]
    good = {"id": ["a", "b", "a"], "when": [date(2024, 1, 1)] * 3, "paid": [1.0, 2.0, 3.0]}
    log = ENGINES[engine](pl.DataFrame(good | {column: values}))
    position = "" if engine in LAZY else r" at position \1"
    pattern = re.sub(r"\\\{(\d)\\\}", position, re.escape(message)) + ".*" + re.escape(remedy)
    if engine in EAGER:
        with pytest.raises(InvalidInputError, match=pattern):
            summarise(log)
        return
    with pytest.raises(InvalidInputError, match=pattern):
        summarise(log).sufficient_statistics()


@lazy
@pytest.mark.parametrize(
    "ask",
    [
        lambda histories: histories.frame,
        lambda histories: histories.spend_statistics(),
        lambda histories: histories.holdout_statistics(),
        lambda histories: histories.timing(),
        lambda histories: histories.coverage(),
        lambda histories: histories.explain("a"),
    ],
)
def test_no_result_of_bad_data_escapes(engine: str, ask: Callable[[PurchaseHistories[Any]], object]) -> None:
    log = ENGINES[engine](polars_log([*ROWS, Row("a", END, -1.0)]))
    with pytest.raises(InvalidInputError, match="must be 0 or more, got -1"):
        ask(summarise(log, calibration_end="2024-04-10"))


@engines
def test_amounts_that_are_nan(engine: str) -> None:
    log = ENGINES[engine](pl.DataFrame({"id": ["a"] * 2, "when": [START] * 2, "paid": [1.0, float("nan")]}))
    with pytest.raises(
        InvalidInputError, match=r"must be finite numbers, got (nan|null).* \(1 of 2 values\)"
    ):
        summarise(log).sufficient_statistics()


@engines
def test_calibration_before_the_first_purchase(engine: str) -> None:
    message = "`calibration_end` must not be before the first purchase (2024-01-01), got 2023-12-31"
    with pytest.raises(InvalidInputError, match=re.escape(message)):
        summarise(ENGINES[engine](polars_log(ROWS)), calibration_end="2023-12-31").sufficient_statistics()


@engines
class TestTypes:
    """Columns of a type that cannot be meant are refused before anything is computed."""

    def test_missing_column(self, engine: str) -> None:
        message = "`amount` must be a column of the frame, got 'price'; its columns are 'id', 'when', 'paid'"
        with pytest.raises(MissingColumnError, match=re.escape(message)):
            summarise(ENGINES[engine](polars_log(ROWS)), amount="price")

    def test_ids(self, engine: str) -> None:
        frame = polars_log(ROWS).with_columns(pl.col("paid").alias("id"))
        message = (
            r"`customer` \(column 'id'\) must be text, whole numbers or categories, got a column of type"
        )
        with pytest.raises(InvalidInputError, match=message):
            summarise(ENGINES[engine](frame))

    def test_dates(self, engine: str) -> None:
        frame = polars_log(ROWS).with_columns(pl.lit(20240101).alias("when"))
        message = r"`date` \(column 'when'\) must be dates, datetimes or ISO text, got a column of type .*nt"
        with pytest.raises(InvalidInputError, match=message):
            summarise(ENGINES[engine](frame))

    def test_amounts(self, engine: str) -> None:
        frame = polars_log(ROWS).with_columns(pl.lit("12.50").alias("paid"))
        with pytest.raises(
            InvalidInputError, match=r"`amount` \(column 'paid'\) must be numbers, got a column of type"
        ):
            summarise(ENGINES[engine](frame))

    @pytest.mark.parametrize("dtype", [pl.Int32, pl.UInt8, pl.Float32, pl.Decimal(12, 2)])
    def test_amounts_of_any_number(self, engine: str, dtype: Any) -> None:
        rows = [Row(row.customer, row.day, float(round(row.amount))) for row in ROWS]
        frame = polars_log(rows).with_columns(pl.col("paid").cast(dtype))
        assert_same_histories(summarise(ENGINES[engine](frame)), slow_histories(rows, end=END))


class TestLazy:
    @lazy
    def test_the_checks_run_once(self, engine: str) -> None:
        histories = summarise(ENGINES[engine](polars_log(ROWS)))
        histories.sufficient_statistics()
        assert len(histories._source.inspections) == 1
        histories.spend_statistics()
        assert len(histories._source.inspections) == 1

    def test_building_the_query_computes_nothing(self) -> None:
        """A column that fails when it is read: it is read when a result is asked for, not before."""

        def fail(_: pl.Series) -> pl.Series:
            raise RuntimeError("read")

        log = polars_log(ROWS).lazy().with_columns(pl.col("paid").map_batches(fail, return_dtype=pl.Float64))
        histories = summarise(log)
        with pytest.raises((RuntimeError, pl.exceptions.ComputeError, ComputeError), match="read"):
            histories.sufficient_statistics()

    def test_a_relation_is_read_when_a_result_is_asked_for(self) -> None:
        connection = duckdb.connect()
        connection.execute('create table log (id varchar, "when" date, paid decimal(10, 2))')
        histories = summarise(connection.table("log"))
        connection.execute("insert into log values ('a', '2024-01-01', 1.50)")
        assert histories.sufficient_statistics().n_customers == 1.0

    @lazy
    def test_counts_that_cannot_be_poisson(self, engine: str) -> None:
        rows = [Row("a", date(2024, 6, day), 1.0) for day in range(1, 20)]
        histories = summarise(ENGINES[engine](polars_log(rows)))
        with pytest.warns(DataWarning, match=r"customers buy in 0\.62 of their days") as record:
            histories.sufficient_statistics()
        assert record[0].filename == __file__


class TestPandas:
    """Columns that only pandas has: objects of several kinds."""

    def frame(self, **columns: Any) -> pd.DataFrame:
        return pd.DataFrame(
            {"id": ["a", "b", "a"], "when": ["2024-01-01"] * 3, "paid": [1.0, 2.0, 3.0]} | columns
        )

    @pytest.mark.parametrize(
        "when",
        [
            [date(2024, 1, 1), date(2024, 1, 1), date(2024, 1, 9)],
            [datetime(2024, 1, 1, 23), datetime(2024, 1, 1, 5), datetime(2024, 1, 9)],
            [pd.Timestamp("2024-01-01"), pd.Timestamp("2024-01-01 05:00"), pd.Timestamp("2024-01-09")],
        ],
    )
    def test_objects_that_are_dates(self, when: list[Any]) -> None:
        assert list(summarise(self.frame(when=pd.Series(when, dtype=object))).frame["recency"]) == [8.0, 0.0]

    def test_objects_in_several_zones(self) -> None:
        when = pd.Series(
            [
                pd.Timestamp("2024-01-01 23:30", tz="UTC"),
                pd.Timestamp("2024-01-01", tz="UTC"),
                pd.Timestamp("2024-01-02 00:30", tz="Europe/Berlin"),
            ],
            dtype=object,
        )
        with pytest.raises(InvalidInputError, match=r"got mixed time zones \(Europe/Berlin, UTC\)"):
            summarise(self.frame(when=when))
        histories = summarise(self.frame(when=when), time_zone="Europe/Berlin")
        assert histories.frame["frequency"].tolist() == [0, 0]

    def test_objects_in_one_zone(self) -> None:
        when = pd.Series([pd.Timestamp("2024-01-01", tz="UTC")] * 3, dtype=object)
        with pytest.raises(InvalidInputError, match="got datetimes in UTC"):
            summarise(self.frame(when=when))

    def test_objects_with_and_without_a_zone(self) -> None:
        when = pd.Series(
            [pd.Timestamp("2024-01-01", tz="UTC"), *[pd.Timestamp("2024-01-01")] * 2], dtype=object
        )
        with pytest.raises(InvalidInputError, match=r"got mixed time zones \(no time zone, UTC\)"):
            summarise(self.frame(when=when), time_zone="UTC")

    def test_a_zone_for_objects_without_one(self) -> None:
        for when in ([date(2024, 1, 1)] * 3, [datetime(2024, 1, 1)] * 3):
            with pytest.raises(InvalidInputError, match="`time_zone` must be None where"):
                summarise(self.frame(when=pd.Series(when, dtype=object)), time_zone="UTC")

    def test_missing_datetimes(self) -> None:
        when = pd.to_datetime(["2024-01-01", None, None])
        with pytest.raises(InvalidInputError, match=r"got null at position 1 \(2 of 3 values\)"):
            summarise(self.frame(when=when))

    def test_objects_of_several_kinds(self) -> None:
        with pytest.raises(InvalidInputError, match="holding mixed-integer values"):
            summarise(self.frame(id=pd.Series(["a", 1, "a"], dtype=object)))
        with pytest.raises(InvalidInputError, match=r"dates, datetimes or ISO text, got .* mixed-integer"):
            summarise(self.frame(when=pd.Series(["2024-01-01", 3, "2024-01-01"], dtype=object)))
        with pytest.raises(InvalidInputError, match="must be numbers, got a column of type"):
            summarise(self.frame(paid=pd.Series(["x", 1, 2], dtype=object)))

    def test_objects_that_are_whole_numbers(self) -> None:
        frame = summarise(self.frame(id=pd.Series([2**70, 3, 2**70], dtype=object))).frame
        assert frame["customer"].tolist() == [3, 2**70]

    @pytest.mark.parametrize(
        "dtype", ["Int16", "int32", "uint8", "int64[pyarrow]", "category", "string", "str"]
    )
    def test_the_type_of_the_ids_is_kept(self, dtype: str) -> None:
        log = self.frame(id=pd.Series([5, 3, 5]).astype(dtype))
        assert summarise(log).frame["customer"].dtype == log["id"].dtype

    def test_categories_of_whole_numbers_are_in_order(self) -> None:
        log = self.frame(id=pd.Categorical([10, 9, 10], categories=[10, 9, 1]))
        assert summarise(log).frame["customer"].tolist() == [9, 10]

    def test_long_text_ids_are_in_order(self) -> None:
        long = ["b" * 100, "a" * 100, "b" * 100]
        assert summarise(self.frame(id=long)).frame["customer"].tolist() == sorted(set(long))

    def test_the_log_is_left_alone(self) -> None:
        log = self.frame(id=pd.Categorical(["a", "b", "a"]))
        before = log.copy(deep=True)
        summarise(log, refunds="net")
        pd.testing.assert_frame_equal(log, before)

    def test_any_index(self) -> None:
        log = self.frame()
        log.index = pd.Index([7, 7, 7])
        pd.testing.assert_frame_equal(summarise(log).frame, summarise(self.frame()).frame)


def test_chunked_dictionaries_of_arrow_are_one() -> None:
    """Each chunk has a dictionary of its own."""
    chunks = [pa.array(ids).dictionary_encode() for ids in (["b", "a"], ["a", "c"])]
    table = pa.table(
        {"id": pa.chunked_array(chunks), "when": pa.array([START] * 4), "paid": pa.array([1.0] * 4)}
    )
    assert columns_of(summarise(table).frame)["customer"] == ["a", "b", "c"]


@examples(8)
@given(rows=rows_strategy(amounts=refundable()), calibrated=st.booleans())
def test_a_lazy_log_is_a_log(rows: list[Row], calibrated: bool) -> None:
    """Random logs in memory and lazy: counts the same bits, money to 1e-9."""
    frame = polars_log([*rows, Row("b", START, 1.0)])
    arguments: dict[str, Any] = {"refunds": "net", "calibration_end": "2024-03-31" if calibrated else None}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DataWarning)
        expected, found = (columns_of(summarise(log, **arguments).frame) for log in (frame, frame.lazy()))
    for name, values in expected.items():
        if name.startswith("mean_spend"):
            assert [value is None for value in found[name]] == [value is None for value in values]
            pairs = [(a, b) for a, b in zip(found[name], values, strict=True) if a is not None]
            np.testing.assert_allclose([a for a, _ in pairs], [b for _, b in pairs], rtol=1e-9, atol=1e-12)
        else:
            assert found[name] == values


def test_duckdb_needs_no_pyarrow_to_hand_over_results() -> None:
    """Results come as pandas frames."""
    relation = duckdb_log(polars_log(ROWS))
    histories = summarise(relation)
    assert histories._source.log.collect(histories._source.log.frame).engine == "pandas"

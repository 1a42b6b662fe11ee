"""The door for frames: which engine, which column, which day. What goes through it is in tests/clv."""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import narwhals.stable.v2 as nw
import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from clv._logs import EAGER, ENGINES, LAZY
from customer_centric._core.frames import (
    MemoryFrame,
    check_columns,
    check_day,
    check_time_zone,
    day_number,
    day_of_number,
    engine_of,
    is_lazy,
)
from customer_centric._core.frames.dates import parse_texts
from customer_centric._core.frames.problems import raise_rows
from customer_centric.errors import InvalidInputError, MissingColumnError

FRAME = pl.DataFrame({"id": ["b", "a", "b"], "paid": [1.0, 2.5, 4.0]})


class TestEngines:
    @pytest.mark.parametrize("engine", ENGINES)
    def test_are_known_and_lazy_or_not(self, engine: str) -> None:
        assert is_lazy(engine_of("log", ENGINES[engine](FRAME))) == (engine in LAZY)

    @pytest.mark.parametrize(
        ("module", "name"),
        [
            ("pyspark.sql.dataframe", "PySpark"),
            ("pyspark.sql.connect.dataframe", "PySpark"),
            ("dask.dataframe.core", "Dask"),
            ("dask_expr._collection", "Dask"),
            ("ibis.expr.types.relations", "Ibis"),
            ("modin.pandas.dataframe", "Modin"),
            ("cudf.core.dataframe", "cuDF"),
            ("sqlframe.base.dataframe", "SQLFrame"),
        ],
    )
    def test_that_do_not_work_yet_are_refused_by_name(self, module: str, name: str) -> None:
        """Subclasses too, and without importing the engine."""
        base = type("DataFrame", (), {"__module__": module})
        for frame in (base(), type("Mine", (base,), {})()):
            message = (
                "`log` must be a pandas or Polars data frame, a Polars lazy frame, a PyArrow table or a "
                f"DuckDB relation, got a frame of {name}, which is not supported yet; "
                "convert it to one of these first"
            )
            with pytest.raises(InvalidInputError, match=re.escape(message)):
                engine_of("log", frame)

    def test_frames_of_narwhals_are_what_they_wrap(self) -> None:
        with pytest.raises(InvalidInputError, match="got a frame of Narwhals"):
            engine_of("log", nw.from_native(FRAME))

    @pytest.mark.parametrize(
        ("thing", "name"),
        [
            ([1, 2], "list"),
            (None, "NoneType"),
            ({"id": [1]}, "dict"),
            (np.zeros(3), "numpy.ndarray"),
            (pd.Series([1]), f"{pd.Series.__module__}.Series"),
        ],
    )
    def test_other_things_are_no_frames(self, thing: object, name: str) -> None:
        with pytest.raises(InvalidInputError, match=f"or a DuckDB relation, got {re.escape(name)}$"):
            engine_of("log", thing)


class TestColumns:
    def test_are_listed_where_one_is_missing(self) -> None:
        with pytest.raises(MissingColumnError, match=r"got 'x'; its columns are 'id', 'when'$"):
            check_columns(["id", "when"], {"customer": "id", "date": "x"})
        with pytest.raises(MissingColumnError, match="its columns are none"):
            check_columns([], {"customer": "id"})

    def test_that_are_not_asked_for_may_be_missing(self) -> None:
        check_columns(["id"], {"customer": "id", "amount": None})


@pytest.mark.parametrize("engine", EAGER)
class TestMemoryFrame:
    def frame(self, engine: str, data: pl.DataFrame = FRAME) -> MemoryFrame[Any]:
        native = ENGINES[engine](data)
        return MemoryFrame(native, engine_of("log", native))

    def test_codes_sort_as_the_ids_do(self, engine: str) -> None:
        codes = self.frame(engine).ids("id", "customer")
        assert codes.codes.tolist() == [1, 0, 1]
        assert nw.from_native(codes.labels(np.array([0, 1])), series_only=True).to_list() == ["a", "b"]

    def test_missing_values_are_missing_again(self, engine: str) -> None:
        """Null where the engine has nulls, NaN in pandas."""
        frame = self.frame(engine)
        built = frame.build(
            labels={"id": frame.ids("id", "customer").labels(np.array([0, 1]))},
            arrays={"x": np.array([1.5, np.nan]), "n": np.array([3, 4])},
            missing={"x": np.array([False, True])},
        )
        columns = nw.from_native(built, eager_only=True)
        assert columns.columns == ["id", "x", "n"]
        assert columns["x"].is_null().to_list() == [False, True]
        assert columns["n"].to_list() == [3, 4]

    def test_floats_are_nan_where_missing(self, engine: str) -> None:
        frame = self.frame(engine, pl.DataFrame({"x": [1, None]}))
        assert np.array_equal(frame.floats("x"), [1.0, np.nan], equal_nan=True)

    @given(ids=st.lists(st.text(min_size=1, max_size=3).filter(lambda text: "\0" not in text), min_size=1))
    def test_any_text_is_an_id(self, engine: str, ids: list[str]) -> None:
        """In the order of Python, whatever the alphabet."""
        frame = self.frame(engine, pl.DataFrame({"id": ids}))
        codes = frame.ids("id", "customer")
        labels = nw.from_native(codes.labels(np.arange(codes.size)), series_only=True).to_list()
        assert labels == sorted(set(ids))
        assert [labels[code] for code in codes.codes] == ids

    @given(ids=st.lists(st.integers(-(2**63), 2**63 - 1), min_size=1))
    def test_any_whole_number_is_an_id(self, engine: str, ids: list[int]) -> None:
        frame = self.frame(engine, pl.DataFrame({"id": ids}, schema={"id": pl.Int64}))
        codes = frame.ids("id", "customer")
        seen = np.unique(codes.codes)
        labels = nw.from_native(codes.labels(seen), series_only=True).to_list()
        assert labels == sorted(set(ids))
        assert [labels[rank] for rank in np.searchsorted(seen, codes.codes)] == ids


class TestDays:
    @given(day=st.dates())
    def test_numbers_and_days_are_one_to_one(self, day: date) -> None:
        assert day_of_number(day_number(day)) == day
        assert day_number(day) == (day - date(1970, 1, 1)).days

    @given(day=st.dates(), time=st.sampled_from(["", "T23:59", " 00:00:00", "T12:30:59.123456789"]))
    def test_iso_text_is_a_day(self, day: date, time: str) -> None:
        texts = [f"{day.year:04}-{day:%m-%d}{time}", f"{day.year:04}{day:%m%d}{time}"]
        parsed = parse_texts(texts, None)
        assert parsed.days.tolist() == [day_number(day)] * 2
        assert not parsed.bad.any()
        assert not parsed.has_offset.any()

    @pytest.mark.parametrize(
        "text",
        [
            "2024-1-1", "2024-13-01", "2024-04-31", "2023-02-29", "1900-02-29", "0000-01-01", "24-01-01",
            "2024-01", "01.02.2024", "2024/01/02", "2024-01-01T", "2024-01-01T24:00", "2024-01-01T10",
            "2024-01-01 10:60", "2024-01-01T10:00+1", "2024-01-01Z", " 2024-01-01", "2024-01-01\n",
            "20240101-", "2024-0101", "", "NaT", "\u0662\u0660\u0662\u0664-01-01", 20240101, None,
        ],
    )  # fmt: skip
    def test_other_text_is_none(self, text: object) -> None:
        assert parse_texts([text], None).bad.tolist() == [True]

    @pytest.mark.parametrize("offset", ["Z", "+00", "-0000", "+00:00"])
    def test_an_offset_is_seen(self, offset: str) -> None:
        parsed = parse_texts([f"2024-01-01T23:30:00{offset}"], ZoneInfo("Asia/Tokyo"))
        assert parsed.has_offset.tolist() == [True]
        assert parsed.days.tolist() == [day_number(date(2024, 1, 2))]

    def test_a_moment_outside_the_calendar_is_none(self) -> None:
        assert parse_texts(["9999-12-31T23:30:00-12:00"], ZoneInfo("Asia/Tokyo")).bad.tolist() == [True]

    @given(day=st.dates())
    def test_arguments_may_be_dates_datetimes_or_text(self, day: date) -> None:
        assert check_day("end", day) == day
        assert check_day("end", datetime.combine(day, datetime.min.time()) + timedelta(hours=5)) == day
        assert check_day("end", day.isoformat()) == day

    @pytest.mark.parametrize("zone", ["Mars", "", "../etc", 3])
    def test_an_unknown_zone_is_refused(self, zone: Any) -> None:
        with pytest.raises(InvalidInputError, match="`time_zone` must be the name of a time zone"):
            check_time_zone(zone)


def test_nothing_is_raised_where_no_row_is_bad() -> None:
    raise_rows("`x`", "good", value=1, count=0, total=5)

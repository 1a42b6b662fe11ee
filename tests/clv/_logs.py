"""Small transaction logs in every engine, and a slow twin that summarises them in plain Python."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import duckdb
import narwhals.stable.v2 as nw
import numpy as np
import pandas as pd
import polars as pl
from hypothesis import strategies as st

from customer_centric.clv import PurchaseHistories

EPOCH = date(1970, 1, 1)


@dataclass(frozen=True)
class Row:
    """One transaction."""

    customer: str
    day: date
    amount: float


def rows_strategy(
    *, min_size: int = 1, max_size: int = 25, amounts: st.SearchStrategy[float] | None = None
) -> st.SearchStrategy[list[Row]]:
    """Transactions of a handful of customers within half a year, so that days and weeks coincide."""
    cents = st.integers(0, 500_00).map(lambda whole: whole / 100)
    row = st.builds(
        Row,
        customer=st.sampled_from(["a", "b", "B", "é", "zz", "10", "9"]),
        day=st.integers(0, 180).map(lambda days: date(2023, 12, 20) + timedelta(days=days)),
        amount=cents if amounts is None else amounts,
    )
    return st.lists(row, min_size=min_size, max_size=max_size)


def refundable() -> st.SearchStrategy[float]:
    """Amounts that often cancel."""
    return st.sampled_from([-0.3, -0.2, -0.1, 0.0, 0.1, 0.2, 0.3, 1.0, 7.25])


def pandas_log(rows: list[Row]) -> pd.DataFrame:
    """The rows as a pandas frame of text, datetimes and floats."""
    return pd.DataFrame(
        {
            "id": pd.Series([row.customer for row in rows], dtype=object),
            "when": pd.Series(pd.to_datetime([row.day for row in rows]), dtype="datetime64[ns]"),
            "paid": pd.Series([row.amount for row in rows], dtype=float),
        }
    )


def polars_log(rows: list[Row]) -> pl.DataFrame:
    """The rows as a Polars frame of text, dates and floats."""
    return pl.DataFrame(
        {
            "id": [row.customer for row in rows],
            "when": [row.day for row in rows],
            "paid": [row.amount for row in rows],
        },
        schema={"id": pl.String, "when": pl.Date, "paid": pl.Float64},
    )


def duckdb_log(frame: pl.DataFrame) -> duckdb.DuckDBPyRelation:
    """A relation on the default connection, which stays open."""
    return duckdb.from_arrow(frame.to_arrow())


# One row an engine: another engine that works is one line here.
ENGINES: dict[str, Callable[[pl.DataFrame], Any]] = {
    "pandas": lambda frame: frame.to_pandas(),
    "pandas with PyArrow": lambda frame: frame.to_pandas(use_pyarrow_extension_array=True),
    "Polars": lambda frame: frame,
    "PyArrow": lambda frame: frame.to_arrow(),
    "Polars lazy": lambda frame: frame.lazy(),
    "DuckDB": duckdb_log,
}
EAGER = ["pandas", "pandas with PyArrow", "Polars", "PyArrow"]
LAZY = ["Polars lazy", "DuckDB"]


def columns_of(native: Any) -> dict[str, list[Any]]:
    """The columns of a frame of any engine as lists; None where a value is missing."""
    frame = nw.from_native(native)
    if isinstance(frame, nw.LazyFrame):
        frame = frame.collect(backend="pyarrow")
    columns: dict[str, list[Any]] = {}
    for name in frame.columns:
        values = frame[name].to_list()
        missing = [value is None or (isinstance(value, float) and math.isnan(value)) for value in values]
        columns[name] = [None if gone else value for value, gone in zip(values, missing, strict=True)]
    return columns


def slow_histories(
    rows: list[Row],
    *,
    end: date,
    period: str = "day",
    calibration_end: date | None = None,
    refunds: str = "raise",
    zero_amounts: str = "keep",
) -> dict[str, dict[str, Any]]:
    """What `summarise_transactions` must give, in periods, from the definitions and one dictionary."""
    last = calibration_end or end
    purchases: defaultdict[str, defaultdict[tuple[bool, int], list[float]]] = defaultdict(
        lambda: defaultdict(list)
    )
    for row in rows:
        if row.day > end or (row.amount < 0 and refunds == "drop"):
            continue
        if row.amount == 0 and zero_amounts == "drop":
            continue
        purchases[row.customer][row.day > last, ordinal(row.day, period)].append(row.amount)
    histories: dict[str, dict[str, Any]] = {}
    for customer in sorted(purchases):
        kept = {
            key: math.fsum(amounts)
            for key, amounts in sorted(purchases[customer].items())
            if min(amounts) >= 0 or math.fsum(amounts) > 1e-9 * math.fsum(map(abs, amounts))
        }
        seen = [(when, value) for (after, when), value in kept.items() if not after]
        later = [value for (after, _), value in kept.items() if after]
        if seen:
            history = {
                "frequency": len(seen) - 1,
                "recency": seen[-1][0] - seen[0][0],
                "age": ordinal(last, period) - seen[0][0],
                "mean_spend": _mean([value for _, value in seen[1:]]),
            }
            if calibration_end is not None:
                history["frequency_holdout"] = len(later)
                history["age_holdout"] = ordinal(end, period) - ordinal(last, period)
                history["mean_spend_holdout"] = _mean(later)
            histories[customer] = history
    return histories


def ordinal(day: date, period: str) -> int:
    """Number of a period: days, weeks from Monday, calendar months."""
    if period == "week":
        return (day - timedelta(days=day.weekday()) - date(1969, 12, 29)).days // 7
    if period == "month":
        return day.year * 12 + day.month
    return day.toordinal()


def _mean(values: list[float]) -> float | None:
    return math.fsum(values) / len(values) if values else None


def assert_same_histories(
    histories: PurchaseHistories[Any], expected: dict[str, dict[str, Any]], *, per_unit: float = 1.0
) -> None:
    """Counts equal exactly, times as quotients of whole numbers, money to 1e-9."""
    columns = columns_of(histories.frame)
    assert columns["customer"] == list(expected)
    assert columns["weight"] == [1.0] * len(expected)
    for name in [name for name in columns if name not in {"customer", "weight"}]:
        wanted = [history[name] for history in expected.values()]
        if name.startswith("mean_spend"):
            assert [value is None for value in columns[name]] == [value is None for value in wanted]
            got = [value for value in columns[name] if value is not None]
            np.testing.assert_allclose(
                got, [value for value in wanted if value is not None], rtol=1e-9, atol=1e-12
            )
        elif name in {"recency", "age", "age_holdout"}:
            assert columns[name] == [value / per_unit for value in wanted], name
        else:
            assert columns[name] == wanted, name

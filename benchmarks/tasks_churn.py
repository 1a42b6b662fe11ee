"""What is measured of churn: this package, reading the columns alone, and queries by hand."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np
from inputs_churn import FIRST_DAY

import customer_centric as cc

Task: TypeAlias = tuple[Callable[[], Any], Callable[[Any], dict[str, Any]]]
Options: TypeAlias = dict[str, Any]

YEAR = ("2024-01-01", "2025-01-01")
COLUMNS = {
    "subscriptions": ["customer", "begin", "end"],
    "log": ["customer", "date"],
}


def survival(path: str, _: Options) -> Task:
    """The curve with its bounds."""
    with np.load(path) as columns:
        duration, lost = columns["duration"], columns["lost"]

    def told(curve: Any) -> dict[str, Any]:
        return {f"survival_{days}": float(curve.at(float(days))) for days in (30, 365, 1000)}

    return lambda: cc.survival_curve(duration, lost, unit="day"), told


def period_churn(path: str, options: Options) -> Task:
    """Churn of a year with its interval and ledger."""
    frame = read_columns(path, options)

    def work() -> Any:
        return cc.period_churn(frame, *YEAR, customer="customer", begins="begin", ends="end")

    return work, lambda churn: _told_churn(churn.lost, churn.base)


def read_columns(path: str, options: Options) -> Any:
    """The columns of the task from their file, as a frame of pandas."""
    import pandas as pd

    return pd.read_parquet(path, columns=COLUMNS[options["columns"]])


def reading(path: str, options: Options) -> Task:
    """Reading alone."""
    return lambda: read_columns(path, options), lambda _: {}


def churn_by_pandas(path: str, options: Options) -> Task:
    """The rate alone: spells of a customer joined by a cumulative maximum, then counted."""
    import pandas as pd

    frame = read_columns(path, options)
    start, end = map(pd.Timestamp, YEAR)

    def work() -> tuple[int, float]:
        rows = frame.sort_values(["customer", "begin"])
        rows["end"] = rows["end"].fillna(pd.Timestamp("2100-01-01"))
        latest = rows.groupby("customer", sort=False)["end"].cummax()
        before = latest.groupby(rows["customer"], sort=False).shift()
        number = (~(before >= rows["begin"])).cumsum()
        by = rows.groupby(number.to_numpy(), sort=False)
        begins, ends = by["begin"].first(), by["end"].max()
        lost = int(((ends > start) & (ends <= end)).sum())
        days = (ends.clip(upper=end) - begins.clip(lower=start)).dt.days.clip(lower=0)
        return lost, float(days.sum()) / (end - start).days

    return work, lambda found: _told_churn(*found)


def _told_churn(lost: int, base: float) -> dict[str, Any]:
    return {"lost": lost, "base": base}


def triangle(path: str, _: Options) -> Task:
    """Customers active by month of their first transaction and months since."""
    frame = _months_log(path)
    as_of = "2023-12-31"

    def work() -> Any:
        return cc.retention_triangle(frame, customer="customer", date="date", period="month", as_of=as_of)

    return work, lambda found: _told_triangle(found.values)


def triangle_by_pandas(path: str, _: Options) -> Task:
    """The same cells by two group-bys of pandas."""
    frame = _months_log(path)

    def work() -> Any:
        month = frame["date"].dt.year * 12 + frame["date"].dt.month
        cohort = month.groupby(frame["customer"]).transform("min")
        cells = frame["customer"].groupby([cohort.rename("cohort"), (month - cohort).rename("age")])
        return cells.nunique().unstack()

    return work, lambda found: _told_triangle(found.to_numpy())


def _months_log(path: str) -> Any:
    import pandas as pd

    with np.load(path) as log:
        date = (FIRST_DAY + log["day"].astype("timedelta64[D]")).astype("datetime64[us]")
        return pd.DataFrame({"customer": log["customer"], "date": date})


def _told_triangle(cells: Any) -> dict[str, Any]:
    return {"customers": float(np.nansum(cells[:, 0])), "active": float(np.nansum(cells))}


TASKS = {
    "survival": survival,
    "period churn": period_churn,
    "period churn pandas": churn_by_pandas,
    "period churn reading the columns": reading,
    "triangle": triangle,
    "triangle pandas": triangle_by_pandas,
}

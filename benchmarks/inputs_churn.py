"""Durations and subscriptions that are measured: drawn once, the same for everybody."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

CHURN_INPUTS = ("parquet-subscriptions-", "durations-")
FIRST_DAY = np.datetime64("2022-01-01")
DAYS_OBSERVED = 1096


def make_churn_input(name: str, path: Path) -> None:
    """Write the input of that name: `durations-KIND-ROWS` or `parquet-subscriptions-KIND-ROWS`."""
    kind, _, n_rows = name.removeprefix("parquet-").partition("-")[2].partition("-")
    rng = np.random.default_rng(6)
    if name.startswith("durations-"):
        np.savez(path, allow_pickle=False, **draw_durations(kind, int(n_rows), rng=rng))
    else:
        write_subscriptions(kind, int(n_rows), path, rng=rng)


def draw_durations(kind: str, n_rows: int, *, rng: np.random.Generator) -> dict[str, NDArray[Any]]:
    """How long customers stayed, in days, of whom about 40 % are still there."""
    stay = rng.exponential(500.0, n_rows) * rng.gamma(2.0, 0.5, n_rows)
    watched = rng.uniform(0.0, DAYS_OBSERVED, n_rows)
    duration = np.minimum(stay, watched)
    return {"duration": np.ceil(duration) if kind == "days" else duration, "lost": stay <= watched}


def write_subscriptions(kind: str, n_rows: int, path: Path, *, rng: np.random.Generator) -> None:
    """Subscriptions in the order in which they began: one a customer, or with changes of plan and returns.

    Of the latter there are 0.8 customers a row: a subscription is followed by another in 60 % of the cases,
    half of them on the day the first one ends, half after a gap.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    n_first = n_rows if kind == "single" else int(0.8 * n_rows)
    who = np.arange(n_first)
    begin = rng.integers(0, DAYS_OBSERVED, n_first)
    rows = [_subscriptions(who, begin, rng)]
    while kind != "single" and sum(row[0].size for row in rows) < n_rows:
        customer, _, end = rows[-1]
        again = rng.random(customer.size) < 0.6
        again &= end < DAYS_OBSERVED
        gap = np.where(rng.random(int(again.sum())) < 0.5, 0, rng.integers(1, 120, int(again.sum())))
        seen = end[again] + gap < DAYS_OBSERVED
        rows.append(_subscriptions(customer[again][seen], (end[again] + gap)[seen], rng))
    customer, begin, end = (np.concatenate(column)[:n_rows] for column in zip(*rows, strict=True))
    order = np.argsort(begin, kind="stable")
    known = end < DAYS_OBSERVED
    dates = (FIRST_DAY + end.astype("timedelta64[D]")).astype("datetime64[us]")
    table = {
        "customer": pa.array(customer[order]),
        "begin": pa.array((FIRST_DAY + begin[order].astype("timedelta64[D]")).astype("datetime64[us]")),
        "end": pa.array(dates[order], mask=~known[order]),
    }
    pq.write_table(pa.table(table), path)


def _subscriptions(
    customer: NDArray[Any], begin: NDArray[Any], rng: np.random.Generator
) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any]]:
    return customer, begin, begin + 1 + rng.exponential(400.0, customer.size).astype(np.int64)

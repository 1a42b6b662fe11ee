"""Transactions as cells of cohorts and periods, and as pairs of the last two periods, where the rows are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import narwhals.stable.v2 as nw
import numpy as np
from numpy.typing import NDArray

from customer_centric._core.frames import LazyFrame, MemoryFrame, check_columns, engine_of, is_lazy
from customer_centric._core.frames.lazy import flag, to_integers
from customer_centric._core.frames.lazy_checks import Broken, bad_date, no_date, no_id, refuse_broken
from customer_centric._core.frames.memory import AMOUNT_REMEDY, AMOUNT_RULE
from customer_centric._core.frames.periods import (
    Period,
    check_width,
    first_days,
    period_expression,
    periods_of,
)
from customer_centric._core.tabulate import sum_by
from customer_centric.typing import FloatArray, FrameT, IntArray

# What is added up: purchases, amounts, and margins, which are 0 where no column says more.
SUMS = ("purchases", "amount", "margin")


@dataclass(frozen=True, slots=True, eq=False)
class AuditRows:
    """What the five lenses need.

    Parameters
    ----------
    cohort, slot : ndarray of shape (n_cells,)
        Periods, as ordinals: of the first purchase, and of the purchases counted; each pair once.
    active : ndarray of shape (n_cells,)
        Customers of the cohort who bought in the period.
    cells : dict of ndarray of shape (n_cells,)
        Sums of purchases, amounts, margins.
    born : ndarray of shape (n_customers,)
        Cohorts of the customers who bought in one of the last two periods.
    before, after : dict of ndarray of shape (n_customers,)
        Their purchases, amounts and margins in the two.
    whole : int
        The last period that is over.
    n_later : int
        Rows after it.
    """

    cohort: IntArray
    slot: IntArray
    active: FloatArray
    cells: dict[str, FloatArray]
    born: IntArray
    before: dict[str, FloatArray]
    after: dict[str, FloatArray]
    whole: int
    n_later: int


def audit_rows(
    log: FrameT,
    *,
    customer: str,
    date: str,
    amount: str,
    margin: str | None,
    period: Period,
    last: int,
    time_zone: str | None,
) -> AuditRows:
    """The log as sums, up to the end of the last period that is over on the last day."""
    engine = engine_of("transactions", log)
    columns: dict[str, str | None] = {"customer": customer, "date": date, "amount": amount, "margin": margin}
    whole = int(periods_of(np.array([last + 1]), period)[0]) - 1
    cutoff = int(first_days(np.array([whole + 1]), period)[0]) - 1
    if is_lazy(engine):
        lazy = LazyFrame(log, engine)
        check_columns(lazy.columns, columns)
        return _lazy_rows(lazy, columns, period, whole, cutoff, time_zone)
    memory = MemoryFrame(log, engine)
    check_columns(memory.columns, columns)
    codes = memory.ids(customer, "customer").codes
    days = memory.days(date, "date", time_zone)
    money = {"amount": memory.amounts(amount, "amount")}
    money["margin"] = np.zeros(0) if margin is None else memory.amounts(margin, "margin")
    kept = days <= cutoff
    code, day = codes[kept].astype(np.int64), days[kept]
    sums = {name: values[kept] if values.size else np.zeros(code.size) for name, values in money.items()}
    return _memory_rows(code, day, sums, period, whole, int(days.size - code.size))


def _memory_rows(
    code: IntArray, day: IntArray, sums: dict[str, FloatArray], period: Period, whole: int, n_later: int
) -> AuditRows:
    if code.size == 0:
        none, empty = np.zeros(0, dtype=np.int64), {name: np.zeros(0) for name in SUMS}
        return AuditRows(none, none, np.zeros(0), empty, none, empty, empty, whole, n_later)
    order = np.lexsort((day, code))
    code, day = code[order], day[order]
    slot = periods_of(day, period)
    low, width = int(slot.min()), whole - int(slot.min()) + 1
    check_width(width, period)
    is_customer = np.append(True, code[1:] != code[:-1])
    is_cell = is_customer | np.append(True, slot[1:] != slot[:-1])
    is_day = is_cell | np.append(True, day[1:] != day[:-1])
    start = np.flatnonzero(is_cell)
    # A row for each customer and period; rows of one day are one purchase.
    rows = {"purchases": np.add.reduceat(is_day, start, dtype=np.float64)}
    rows |= {name: np.add.reduceat(values[order], start) for name, values in sums.items()}
    slot, is_first = slot[start], is_customer[start]
    who = np.cumsum(is_first) - 1
    cohort = slot[is_first][who]
    cell = (cohort - low) * width + (slot - low)
    active = np.bincount(cell, minlength=width * width).astype(np.float64)
    found = np.flatnonzero(active)
    recent = slot >= whole - 1
    names, at = np.unique(who[recent], return_inverse=True)
    pair = [
        {
            name: sum_by(at, np.where(slot[recent] == s, v[recent], 0.0), names.size)
            for name, v in rows.items()
        }
        for s in (whole - 1, whole)
    ]
    return AuditRows(
        cohort=found // width + low,
        slot=found % width + low,
        active=active[found],
        cells={name: sum_by(cell, values, width * width)[found] for name, values in rows.items()},
        born=slot[is_first][names],
        before=pair[0],
        after=pair[1],
        whole=whole,
        n_later=n_later,
    )


def _lazy_rows(
    frame: LazyFrame[FrameT],
    columns: dict[str, str | None],
    period: Period,
    whole: int,
    cutoff: int,
    time_zone: str | None,
) -> AuditRows:
    customer, date = str(columns["customer"]), str(columns["date"])
    frame.check_ids(customer, "customer")
    frame = frame.in_zone(date, "date", time_zone)
    days = frame.days(date, "date")
    broken = [no_id("customer", customer), no_date("date", date), bad_date("date", date, days)]
    money = {"amount": nw.lit(0.0), "margin": nw.lit(0.0)}
    for role in money:
        column = columns[role]
        if column is not None:
            frame.check_numbers(column, role)
            money[role] = value = nw.col(column).cast(nw.Float64)
            odd = ~((value >= -1e300) & (value <= 1e300)) | value.is_null()
            broken.append(Broken(role, column, odd, AMOUNT_RULE, "something else", AMOUNT_REMEDY))
    _, n_later = refuse_broken(frame, broken, counted=days.day > cutoff)
    rows = frame.frame.select(
        nw.col(customer).alias("customer"),
        days.day.alias("day"),
        period_expression(days, period).alias("slot"),
        money["amount"].alias("amount"),
        money["margin"].alias("margin"),
    ).filter(nw.col("day") <= cutoff)
    daily = rows.group_by("customer", "day", "slot").agg(nw.col("amount").sum(), nw.col("margin").sum())
    per_period = daily.group_by("customer", "slot").agg(
        nw.col("amount").sum(), nw.col("margin").sum(), purchases=nw.len()
    )
    first = per_period.group_by("customer").agg(nw.col("slot").min().alias("cohort"))
    joined = per_period.join(first, on="customer", how="inner")
    cells = joined.group_by("cohort", "slot").agg(*(nw.col(name).sum() for name in SUMS), active=nw.len())
    table = _sorted(frame.collect_arrays(cells), "cohort", "slot")
    check_width(whole - int(table["cohort"].min(initial=whole)) + 1, period)
    halves = [
        (nw.col(name) * flag(nw.col("slot") == s)).alias(f"{name}_{s - whole + 1}")
        for s in (whole - 1, whole)
        for name in SUMS
    ]
    names = [f"{name}_{k}" for k in (0, 1) for name in SUMS]
    pairs = (
        joined.filter(nw.col("slot") >= whole - 1)
        .select("customer", "cohort", *halves)
        .group_by("customer", "cohort")
        .agg(*(nw.col(name).sum() for name in names))
        .select("cohort", *names)
    )
    pair = _sorted(frame.collect_arrays(pairs), *names, "cohort")
    return AuditRows(
        cohort=to_integers(table["cohort"]),
        slot=to_integers(table["slot"]),
        active=table["active"],
        cells={name: table[name] for name in SUMS},
        born=to_integers(pair["cohort"]),
        before={name: pair[f"{name}_0"] for name in SUMS},
        after={name: pair[f"{name}_1"] for name in SUMS},
        whole=whole,
        n_later=n_later,
    )


def _sorted(table: dict[str, NDArray[Any]], *keys: str) -> dict[str, NDArray[Any]]:
    """The rows in an order that does not depend on the engine."""
    order = np.lexsort([table[name] for name in reversed(keys)])
    return {name: values[order] for name, values in table.items()}

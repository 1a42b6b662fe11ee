"""Churn of a period from subscriptions, against a ledger kept day by day."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import pandas as pd
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from churn._engines import LAZY, engines, in_engine
from customer_centric.churn import churn_by_period, churn_rate_interval, period_churn
from customer_centric.churn._spells import NEVER, spells_of
from customer_centric.errors import InvalidInputError, MissingColumnError
from effort import examples

COLUMNS = {"customer": "id", "begins": "from", "ends": "until"}
FIRST = date(2024, 1, 1)


@dataclass(frozen=True)
class Row:
    """A subscription: days after the first day, the end None where it goes on."""

    customer: int
    begin: int
    end: int | None


def table(rows: list[Row]) -> pd.DataFrame:
    def day(number: int | None) -> pd.Timestamp:
        return pd.NaT if number is None else pd.Timestamp(FIRST + timedelta(days=number))

    return pd.DataFrame(
        {
            "id": pd.Series([row.customer for row in rows], dtype="int64"),
            "from": pd.Series([day(row.begin) for row in rows], dtype="datetime64[us]"),
            "until": pd.Series([day(row.end) for row in rows], dtype="datetime64[us]"),
        }
    )


@st.composite
def rows_strategy(draw: st.DrawFn, *, most: int = 12) -> list[Row]:
    rows = []
    for _ in range(draw(st.integers(0, most))):
        begin = draw(st.integers(-40, 60))
        length = draw(st.one_of(st.none(), st.integers(1, 60)))
        rows.append(Row(draw(st.integers(1, 4)), begin, None if length is None else begin + length))
    return rows


def active_days(rows: list[Row], customer: int, grace: int, until: int) -> set[int]:
    """Days on which a customer is one, gaps of at most the grace filled, one day at a time."""
    days = {
        day
        for row in rows
        if row.customer == customer
        for day in range(row.begin, until if row.end is None else min(row.end, until))
    }
    filled = set(days)
    for day in days:
        for ahead in range(1, grace + 2):
            if day + ahead in days:
                filled.update(range(day, day + ahead))
    return filled


def slow_ledger(rows: list[Row], start: int, end: int, grace: int) -> dict[str, int]:
    """The ledger by looking at each customer on each day."""
    far = 400
    counts = dict.fromkeys(("opening", "gained", "reactivated", "lost", "lost_opening", "closing", "days"), 0)
    for customer in {row.customer for row in rows}:
        days = active_days(rows, customer, grace, far)
        seen = min(days) < start
        counts["opening"] += start in days
        counts["closing"] += end in days
        counts["days"] += len(days & set(range(start, end)))
        seen = any(day <= start for day in days)
        from_start = start in days
        for day in range(start + 1, end + 1):
            now, before = day in days, day - 1 in days
            if now and not before:
                counts["reactivated" if seen else "gained"] += 1
                seen = True
            if before and not now:
                counts["lost"] += 1
                counts["lost_opening"] += from_start
                from_start = False
    return counts


CASES = [
    [Row(1, 0, None)],
    [Row(1, -5, 0)],
    [Row(1, -5, 10), Row(1, 10, 20)],
    [Row(1, -5, 10), Row(1, 8, 20), Row(1, 9, 12)],
    [Row(1, -5, 10), Row(1, 14, None)],
    [Row(1, 5, 9)],
    [Row(1, 30, None), Row(2, -3, 30)],
]


@given(rows_strategy(), st.sampled_from([0, 3, 10]))
@examples(60)
@example(rows=CASES[2], grace=0)
@example(rows=CASES[3], grace=0)
@example(rows=CASES[4], grace=4)
def test_the_ledger_is_that_of_looking_every_day(rows: list[Row], grace: int) -> None:
    churn = period_churn(
        table(rows), FIRST, FIRST + timedelta(days=30), **COLUMNS, grace_days=grace, base="exposure"
    )
    slow = slow_ledger(rows, 0, 30, grace)
    found = {name: getattr(churn, name) for name in slow if name != "days"}
    assert found == {name: count for name, count in slow.items() if name != "days"}
    assert churn.base * 30 == pytest.approx(slow["days"])


@given(rows_strategy())
@examples(40)
def test_movements_add_up(rows: list[Row]) -> None:
    """Opening and all that came less all that left is the closing, which opens the next period."""
    months = churn_by_period(
        table(rows), [FIRST, FIRST + timedelta(days=20), FIRST + timedelta(days=45)], **COLUMNS
    )
    sums = months["opening"] + months["gained"] + months["reactivated"] - months["lost"]
    assert sums.tolist() == months["closing"].tolist()
    assert months["closing"][0] == months["opening"][1]


@given(rows_strategy(), st.integers(-300, 300))
@examples(30)
def test_the_calendar_does_not_matter(rows: list[Row], shift: int) -> None:
    """Customers and period moved by some days have the same churn."""
    moved = [Row(r.customer, r.begin + shift, None if r.end is None else r.end + shift) for r in rows]
    here = period_churn(table(rows), FIRST, FIRST + timedelta(days=30), **COLUMNS)
    day = FIRST + timedelta(days=shift)
    there = period_churn(table(moved), day, day + timedelta(days=30), **COLUMNS)
    assert (here.lost, here.base, here.probability) == pytest.approx(
        (there.lost, there.base, there.probability), nan_ok=True
    )


@engines
@pytest.mark.parametrize("grace", [0, 5])
def test_every_engine_has_the_same_spells(engine: str, grace: int) -> None:
    rows = [row for case in CASES for row in case] + [Row(7, -30, -3), Row(7, 2, 12), Row(8, 1, 2)]
    rows = [Row(row.customer + 10 * i, row.begin, row.end) for i, row in enumerate(rows)] + rows
    expected = spells_of(table(rows), customer="id", begins="from", ends="until", grace_days=grace)
    found = spells_of(
        in_engine(table(rows), engine), customer="id", begins="from", ends="until", grace_days=grace
    )
    for name in ("begin", "end", "returning", "n"):
        assert getattr(found, name).tolist() == getattr(expected, name).tolist(), name
    assert (found.n_rows, found.n_merged) == (expected.n_rows, expected.n_merged)
    assert NEVER in found.end


@engines
def test_dates_may_be_text(engine: str) -> None:
    log = pd.DataFrame({"id": ["a", "b"], "from": ["2023-05-01"] * 2, "until": ["2024-01-16", None]})
    churn = period_churn(in_engine(log, engine), "2024-01-01", "2024-01-31", **COLUMNS)
    assert (churn.opening, churn.lost, churn.closing, churn.base) == (2, 1, 1, 1.5)


@engines
@pytest.mark.parametrize("missing", [None, float("nan"), pd.NaT])
def test_nobody_may_have_left(engine: str, missing: object) -> None:
    """A column without any end has no type to speak of."""
    log = pd.DataFrame(
        {"id": ["a", "b", "b"], "from": [FIRST] * 3, "until": pd.Series([missing] * 3, dtype=object)}
    )
    churn = period_churn(in_engine(log, engine), FIRST, FIRST + timedelta(days=10), **COLUMNS)
    assert (churn.opening, churn.lost, churn.rate) == (2, 0, 0.0)
    assert (churn.n_subscriptions, churn.n_merged) == (3, 1), "what is the same spell is counted"


def test_bases_have_their_intervals() -> None:
    """Exact Poisson per customers on average, Wilson for shares, none where it is no share."""
    log = table([Row(1, -9, 3), Row(2, -9, 9), Row(3, -9, None), Row(4, 2, 5), Row(5, 3, 6), Row(6, 4, 7)])
    end = FIRST + timedelta(days=10)
    found = {
        base: period_churn(log, FIRST, end, **COLUMNS, base=base)
        for base in ("exposure", "two_point", "start", "start_plus_new", "end")
    }
    assert {base: churn.base for base, churn in found.items()} == pytest.approx(
        {"exposure": 3.1, "two_point": 2.0, "start": 3.0, "start_plus_new": 6.0, "end": 1.0}
    )
    assert found["start"].rate == pytest.approx(2 / 3), "only those of the start count as lost"
    assert found["end"].rate == 5.0
    assert found["exposure"].interval == churn_rate_interval(5, found["exposure"].base)
    assert all(churn.interval is not None for churn in found.values())
    assert "churn rate" in str(found["start"])
    assert "base" in found["start"]._repr_html_()


def test_month_ends_are_thirteen_for_a_year() -> None:
    """One customer all year, one from the middle of June: half weight on the first and the last count."""
    log = table([Row(1, -9, None), Row(2, 166, None)])
    churn = period_churn(log, "2024-01-01", "2025-01-01", **COLUMNS, base="month_ends")
    assert churn.base == pytest.approx(1 + (0.5 + 6) / 12)
    assert churn.base_kind == "month_ends"
    assert churn.interval == churn_rate_interval(0, churn.base)
    with pytest.raises(
        InvalidInputError, match="must have a period of whole months, got 2024-01-01 to 2024-01-31"
    ):
        period_churn(log, "2024-01-01", "2024-01-31", **COLUMNS, base="month_ends")


def test_month_ends_may_be_the_last_days_of_months() -> None:
    """From 31 December to 31 December there are 13 of them, February's the 29th."""
    log = table([Row(1, -99, None), Row(2, -99, 59)])
    churn = period_churn(log, "2023-12-31", "2024-12-31", **COLUMNS, base="month_ends")
    # The second customer is there on three of them, and left on the third.
    assert churn.base == pytest.approx(1 + (0.5 + 1) / 12)
    short = period_churn(log, "2024-01-31", "2024-02-29", **COLUMNS, base="month_ends")
    assert short.base == pytest.approx(1.5)


def test_same_period_joins_may_be_left_out() -> None:
    log = table([Row(1, -9, None), Row(2, 2, 5)])
    end = FIRST + timedelta(days=10)
    counted = period_churn(log, FIRST, end, **COLUMNS)
    ignored = period_churn(log, FIRST, end, **COLUMNS, same_period="ignore")
    assert (counted.lost, counted.gained, counted.base) == (1, 1, pytest.approx(1.3))
    assert (ignored.lost, ignored.gained, ignored.base) == (0, 0, 1.0)


@engines
def test_an_empty_table_has_no_rate_and_says_why(engine: str) -> None:
    empty = table([Row(1, 0, 5)]).head(0)
    churn = period_churn(in_engine(empty, engine), "2024-01-01", "2025-01-01", **COLUMNS)
    assert math.isnan(churn.rate)
    assert churn.interval is None
    assert churn.reason == "there are no customers in the base (exposure)"


@engines
def test_an_end_before_the_begin_is_refused(engine: str) -> None:
    log = table([Row(1, 0, 5), Row(2, 3, 3), Row(3, 4, 1)])
    where = (
        "an earlier day"
        if engine in LAZY
        else "2024-01-04 for a subscription that begins on 2024-01-04 at position 1"
    )
    with pytest.raises(
        InvalidInputError, match=rf"`ends` \(column 'until'\) must be after .* got {where} \(2 of 3"
    ):
        period_churn(in_engine(log, engine), "2024-01-01", "2025-01-01", **COLUMNS)


@engines
@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            {"from": ["2024-01-01", None]},
            r"`begins` \(column 'from'\) must be present in every row, got null",
        ),
        ({"id": ["a", None]}, r"`customer` \(column 'id'\) must be present in every row, got null"),
        ({"until": ["2024-02-01", "soon"]}, r"`ends` \(column 'until'\) must be ISO dates"),
    ],
)
def test_missing_and_odd_values_are_refused(engine: str, change: dict[str, list[Any]], message: str) -> None:
    log = pd.DataFrame({"id": ["a", "b"], "from": ["2024-01-01"] * 2, "until": ["2024-02-01", None]} | change)
    with pytest.raises(InvalidInputError, match=message):
        period_churn(in_engine(log, engine), "2024-01-01", "2025-01-01", **COLUMNS)


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        (
            {"end": "2024-01-01"},
            InvalidInputError,
            "`end` must be after `start`, got 2024-01-01 and 2024-01-01",
        ),
        ({"base": "average"}, InvalidInputError, "`base` must be one of 'exposure'"),
        ({"same_period": "drop"}, InvalidInputError, "`same_period` must be one of 'count', 'ignore'"),
        (
            {"grace_days": -1},
            InvalidInputError,
            "`grace_days` must be a whole number at least 0 and at most .*, got -1",
        ),
        ({"customer": "who"}, MissingColumnError, "`customer` must be a column of the frame, got 'who'"),
        ({"confidence_level": 95}, InvalidInputError, "95 % is written 0.95"),
    ],
)
def test_refusals(arguments: dict[str, Any], error: type[Exception], message: str) -> None:
    call = {"start": "2024-01-01", "end": "2025-01-01", **COLUMNS} | arguments
    start, end = call.pop("start"), call.pop("end")
    with pytest.raises(error, match=message):
        period_churn(table([Row(1, 0, None)]), start, end, **call)


def test_boundaries_ascend() -> None:
    log = table([Row(1, 0, None)])
    with pytest.raises(InvalidInputError, match="`boundaries` must be at least two days, got 1"):
        churn_by_period(log, ["2024-01-01"], **COLUMNS)
    with pytest.raises(
        InvalidInputError, match="`boundaries` must ascend, got 2024-01-01 after 2024-02-01 at position 1"
    ):
        churn_by_period(log, ["2024-02-01", "2024-01-01"], **COLUMNS)
    months = churn_by_period(log, list(pd.date_range("2024-01-01", "2025-01-01", freq="MS")), **COLUMNS)
    assert len(months) == 12
    assert months["rate"].tolist() == [0.0] * 12
    assert (months["upper"] > 0).all(), "nobody lost is no promise"

"""Cohorts by age: not yet observed is missing, nobody is 0, and pooled contracts are Kaplan-Meier."""

from __future__ import annotations

import math
from datetime import date, timedelta
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from churn._engines import LAZY, engines, in_engine
from churn.test_period import COLUMNS, FIRST, Row, rows_strategy, table
from customer_centric.churn import (
    fit_sbg,
    retention_triangle,
    revenue_triangle,
    survival_curve,
    survived_triangle,
)
from customer_centric.errors import InvalidInputError, MissingColumnError
from effort import examples

LOG = {"customer": "id", "date": "when"}


def log_of(rows: list[tuple[int, int, float]]) -> pd.DataFrame:
    """Transactions: customer, days after the first day, amount."""
    return pd.DataFrame(
        {
            "id": pd.Series([row[0] for row in rows], dtype="int64"),
            "when": pd.Series(
                [pd.Timestamp(FIRST + timedelta(days=row[1])) for row in rows], dtype="datetime64[us]"
            ),
            "paid": pd.Series([row[2] for row in rows], dtype="float64"),
        }
    )


ROWS = st.lists(
    st.tuples(st.integers(1, 6), st.integers(0, 150), st.integers(0, 100).map(float)), min_size=1, max_size=30
)


def slow_triangle(
    rows: list[tuple[int, int, float]], as_of: date
) -> dict[tuple[date, int], tuple[int, float]]:
    """Customers and money of each cell, by looking at each row."""
    kept = [(c, FIRST + timedelta(days=d), v) for c, d, v in rows if FIRST + timedelta(days=d) <= as_of]
    month = {c: min(day for cc, day, _ in kept if cc == c) for c, _, _ in kept}
    cells: dict[tuple[date, int], tuple[set[int], float]] = {}
    for c, day, value in kept:
        first = month[c]
        age = 12 * (day.year - first.year) + day.month - first.month
        who, money = cells.get((first.replace(day=1), age), (set(), 0.0))
        cells[first.replace(day=1), age] = (who | {c}, money + value)
    return {key: (len(who), money) for key, (who, money) in cells.items()}


@given(ROWS, st.integers(31, 170))
@examples(60)
def test_cells_are_those_of_looking_at_each_row(rows: list[tuple[int, int, float]], last: int) -> None:
    as_of = FIRST + timedelta(days=last)
    whole = as_of + timedelta(days=1)
    slow = slow_triangle(rows, as_of)
    if not slow or min(cohort for cohort, _ in slow) >= whole.replace(day=1):
        return
    counts = retention_triangle(log_of(rows), **LOG, period="month", as_of=as_of)
    money = revenue_triangle(log_of(rows), **LOG, amount="paid", period="month", as_of=as_of)
    over = 12 * whole.year + whole.month - 1
    assert counts.n_later == sum(FIRST + timedelta(days=row[1]) > as_of for row in rows)
    for i, cohort in enumerate(counts.cohorts):
        for age in range(counts.values.shape[1]):
            observed = 12 * cohort.year + cohort.month - 1 + age < over
            who, paid = slow.get((cohort, age), (0, 0.0))
            assert counts.values[i, age] == pytest.approx(who if observed else math.nan, nan_ok=True)
            assert money.values[i, age] == pytest.approx(paid if observed else math.nan, nan_ok=True)


@engines
@pytest.mark.parametrize("period", ["day", "week", "month", "quarter", "year"])
def test_every_engine_and_period_has_the_same_cells(engine: str, period: Any) -> None:
    rng = np.random.default_rng(4)
    rows = [
        (int(c), int(d), float(v))
        for c, d, v in zip(
            rng.integers(1, 40, 300), rng.integers(0, 700, 300), rng.integers(0, 99, 300), strict=True
        )
    ]
    as_of = FIRST + timedelta(days=760)
    arguments = {**LOG, "period": period, "as_of": as_of}
    for function, more in ((retention_triangle, {}), (revenue_triangle, {"amount": "paid"})):
        found = function(in_engine(log_of(rows), engine), **arguments, **more)  # type: ignore[operator]
        expected = function(log_of(rows), **arguments, **more)  # type: ignore[operator]
        assert found.cohorts == expected.cohorts
        np.testing.assert_array_equal(found.values, expected.values)


def test_a_period_that_is_not_over_is_not_observed() -> None:
    """On 30 March the month of March says nothing yet; on 31 March it does."""
    rows = [(1, 0, 1.0), (1, 80, 1.0), (2, 40, 1.0)]
    before = retention_triangle(log_of(rows), **LOG, period="month", as_of="2024-03-30")
    after = retention_triangle(log_of(rows), **LOG, period="month", as_of="2024-03-31")
    np.testing.assert_array_equal(before.values, [[1, 0], [1, math.nan]])
    np.testing.assert_array_equal(after.values, [[1, 0, 1], [1, 0, math.nan], [0, math.nan, math.nan]])
    assert after.cohorts == (date(2024, 1, 1), date(2024, 2, 1), date(2024, 3, 1))


@given(rows_strategy(), st.integers(40, 120))
@examples(60)
def test_pooled_contracts_are_the_kaplan_meier_curve(rows: list[Row], last: int) -> None:
    """On the grid of weeks: the product of the pooled factors is the curve of the first spells."""
    as_of = FIRST + timedelta(days=last)
    first: dict[int, tuple[int, float]] = {}
    for customer in {row.customer for row in rows}:
        mine = sorted((r.begin, math.inf if r.end is None else r.end) for r in rows if r.customer == customer)
        begin, end = mine[0]
        for b, e in mine[1:]:
            if b <= end:
                end = max(end, e)
        first[customer] = (begin, end)
    joined = {c: spell for c, spell in first.items() if spell[0] <= last}
    if not joined or min(week(begin) for begin, _ in joined.values()) > week(last + 1) - 1:
        return
    triangle = survived_triangle(table(rows), **COLUMNS, period="week", as_of=as_of)
    newest = week(last + 1) - 1
    duration, lost = [], []
    for begin, end in joined.values():
        if week(begin) > newest:
            continue
        # The first week at whose first day the customer is gone, if it was over on the last day.
        gone = math.inf if math.isinf(end) or end > last else week(int(end) - 1) + 1
        lost.append(gone <= newest)
        duration.append(min(gone, newest) - week(begin) + (0 if gone <= newest else 0.5))
    curve = survival_curve(duration, lost, unit="week")
    pooled = triangle.pooled
    for age in range(len(pooled)):
        known = pooled["survival"][age]
        if not math.isnan(known) and age <= max(duration):
            assert known == pytest.approx(float(curve.at(float(age))), abs=1e-12)


def week(day: int) -> int:
    """Monday 2024-01-01, the first day, starts week 0."""
    return day // 7


@given(rows_strategy())
@examples(40)
def test_contracts_never_rise(rows: list[Row]) -> None:
    as_of = FIRST + timedelta(days=200)
    triangle = survived_triangle(table(rows), **COLUMNS, period="month", as_of=as_of)
    steps = np.diff(triangle.values, axis=1)
    assert not (steps > 0).any()
    pooled = triangle.pooled
    inside = pooled.dropna()
    assert (inside["lower"] <= inside["survival"] + 1e-12).all()
    assert (inside["upper"] >= inside["survival"] - 1e-12).all()
    assert triangle.n_later == len(
        {r.customer for r in rows if min(q.begin for q in rows if q.customer == r.customer) > 200}
    )


def test_small_cohorts_do_not_weigh_as_large_ones() -> None:
    """90 of 100 and 0 of 1 stay: 89 % of all, not the mean of 90 % and 0 %."""
    rows = [Row(i, 0, 40 if i < 10 else None) for i in range(100)] + [Row(500, 31, 62)]
    triangle = survived_triangle(table(rows), **COLUMNS, period="month", as_of="2024-03-31")
    assert triangle.pooled["factor"][1] == pytest.approx((100 + 1) / (100 + 1))
    assert triangle.pooled["survival"][2] == pytest.approx(0.9)


def test_contracts_feed_the_retention_models() -> None:
    rng = np.random.default_rng(2)
    rows = []
    for i in range(3000):
        churn = rng.beta(1.0, 3.0)
        begin = int(rng.integers(0, 90))
        months = int(rng.geometric(churn))
        rows.append(Row(i, begin, begin + 30 * months + 5))
    triangle = survived_triangle(table(rows), **COLUMNS, period="month", as_of="2025-03-31")
    counts = triangle.renewal_counts()
    assert counts.n_customers == 3000
    assert fit_sbg(counts).model.survival(3) == pytest.approx(triangle.pooled["survival"][3], abs=0.05)
    active = retention_triangle(log_of([(1, 0, 1.0)]), **LOG, period="month", as_of="2024-03-31")
    with pytest.raises(
        InvalidInputError, match="`kind` must be \"survived\" for counts of renewals, got 'active'"
    ):
        active.renewal_counts()


def test_results_can_be_looked_at() -> None:
    rows = [(1, 0, 10.0), (1, 40, 30.0), (2, 20, 10.0)]
    triangle = retention_triangle(log_of(rows), **LOG, period="month", as_of="2024-02-29")
    np.testing.assert_array_equal(triangle.to_frame(), [[2, 1], [0, math.nan]])
    assert triangle.to_frame(rates=True).iloc[0].tolist() == [1.0, 0.5]
    assert "2024-01-01" in triangle._repr_html_()
    money = revenue_triangle(log_of(rows), **LOG, amount="paid", period="month", as_of="2024-02-29")
    assert money.rates[0].tolist() == [1.0, 1.5]
    assert "20" in money._repr_html_()
    assert list(money.pooled.columns) == ["at_risk", "retained", "factor", "survival"]


@engines
def test_an_empty_log_is_an_empty_triangle(engine: str) -> None:
    empty = in_engine(log_of([(1, 0, 1.0)]).head(0), engine)
    triangle = retention_triangle(empty, **LOG, period="month", as_of="2024-03-31")
    assert triangle.cohorts == ()
    assert triangle.values.shape == (0, 0)
    assert triangle.pooled.empty


@engines
@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"when": ["2024-01-01", None]}, r"`date` \(column 'when'\) must be present in every row, got null"),
        ({"id": ["a", None]}, r"`customer` \(column 'id'\) must be present in every row, got null"),
        ({"when": ["2024-01-01", "today"]}, r"`date` \(column 'when'\) must be ISO dates"),
        ({"paid": [1.0, math.inf]}, r"`amount` \(column 'paid'\) must be finite numbers"),
    ],
)
def test_odd_rows_are_refused(engine: str, change: dict[str, list[Any]], message: str) -> None:
    log = pd.DataFrame({"id": ["a", "b"], "when": ["2024-01-01"] * 2, "paid": [1.0, 2.0]} | change)
    with pytest.raises(InvalidInputError, match=message):
        revenue_triangle(in_engine(log, engine), **LOG, amount="paid", period="month", as_of="2024-03-31")


@pytest.mark.parametrize("engine", ["pandas", *LAZY])
def test_refusals(engine: str) -> None:
    log = in_engine(log_of([(1, 0, 1.0)]), engine)
    with pytest.raises(InvalidInputError, match="`period` must be one of 'day', 'week', 'month'"):
        retention_triangle(log, **LOG, period="decade", as_of="2024-03-31")  # type: ignore[arg-type]
    with pytest.raises(
        InvalidInputError, match=r"`as_of` must be after the end of the first month .* 2024-01-20"
    ):
        retention_triangle(log, **LOG, period="month", as_of="2024-01-20")
    with pytest.raises(MissingColumnError, match="`customer` must be a column of the frame, got 'who'"):
        retention_triangle(log, customer="who", date="when", period="month", as_of="2024-03-31")
    with pytest.raises(InvalidInputError, match="`as_of` must be a date or ISO text"):
        retention_triangle(log, **LOG, period="month", as_of="yesterday")


@engines
def test_a_wrong_date_is_no_reason_to_fill_the_memory(engine: str) -> None:
    """One transaction of 1900 among those of 2024, by day."""
    message = r"`period` must divide the observation into at most 5,000 periods, got 4\d,\d+ of a day"
    log = pd.DataFrame({"id": [1, 2], "when": ["1900-01-05", "2024-02-10"], "until": [None, None]})
    with pytest.raises(InvalidInputError, match=message):
        retention_triangle(in_engine(log, engine), **LOG, period="day", as_of="2024-03-31")
    with pytest.raises(InvalidInputError, match=message):
        survived_triangle(
            in_engine(log, engine),
            customer="id",
            begins="when",
            ends="until",
            period="day",
            as_of="2024-03-31",
        )
    years = retention_triangle(in_engine(log, engine), **LOG, period="year", as_of="2024-12-31")
    assert years.values.shape == (125, 125)


@engines
def test_no_contracts_are_an_empty_triangle(engine: str) -> None:
    """None at all, or none before the last day; the latter are counted."""
    for begins, later in (([], 0), (["2025-01-01"], 1)):
        log = pd.DataFrame({"who": pd.Series([7] * later, dtype="int64"), "from": begins, "until": begins})
        log = log.astype({"from": "datetime64[us]", "until": "datetime64[us]"}).assign(until=pd.NaT)
        triangle = survived_triangle(
            in_engine(log, engine),
            customer="who",
            begins="from",
            ends="until",
            period="month",
            as_of="2024-03-31",
        )
        assert triangle.values.shape == (0, 0)
        assert triangle.n_later == later

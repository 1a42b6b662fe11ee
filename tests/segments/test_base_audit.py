"""Five lenses on one base: they add up, to the cent, in every engine, and to what a slow look finds."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from churn._engines import engines, in_engine
from customer_centric.datasets import load_cdnow_sample
from customer_centric.errors import InvalidInputError, MissingColumnError
from customer_centric.intervals import wilson_interval
from customer_centric.segments import BaseAudit, base_audit
from effort import examples

FIRST = date(2022, 1, 1)
COLUMNS = {"customer": "id", "date": "when", "amount": "paid"}
Row = tuple[int, int, int, int]
# Customer, day, amount in cents (returns are negative), margin in cents.
ROWS = st.lists(
    st.tuples(st.integers(1, 8), st.integers(0, 500), st.integers(-500, 5000), st.integers(-500, 2000)),
    min_size=1,
    max_size=40,
)


def log_of(rows: list[Row]) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "id": pd.Series([row[0] for row in rows], dtype="int64"),
            "when": pd.Series(
                [pd.Timestamp(FIRST + timedelta(days=row[1])) for row in rows], dtype="datetime64[us]"
            ),
            "paid": pd.Series([row[2] / 100 for row in rows], dtype="float64"),
            "left": pd.Series([row[3] / 100 for row in rows], dtype="float64"),
        }
    )


def audit_of(rows: list[Row], **more: Any) -> BaseAudit:
    call = {**COLUMNS, "end": "2023-05-31", "period": "quarter", "margin": "left"} | more
    return base_audit(log_of(rows), **call)


def quarter(day: date) -> date:
    return date(day.year, 3 * ((day.month - 1) // 3) + 1, 1)


@given(ROWS)
@examples(60)
def test_the_tables_add_up_to_the_same_totals_to_the_cent(rows: list[Row]) -> None:
    kept = [row for row in rows if FIRST + timedelta(days=row[1]) <= date(2023, 3, 31)]
    if not kept:
        with pytest.raises(InvalidInputError, match="`end` must be after the end of the first quarter"):
            audit_of(rows)
        return
    found = audit_of(rows)
    assert (found.start, found.end) == (date(2023, 1, 1), date(2023, 3, 31))
    assert found.n_later == len(rows) - len(kept)
    last = [row for row in kept if FIRST + timedelta(days=row[1]) >= date(2023, 1, 1)]
    stack = found.whole_base
    newest = stack[stack["period"] == pd.Timestamp(2023, 1, 1)]
    for column, place in (("amount", 2), ("margin", 3)):
        cents, now = (sum(row[place] for row in part) for part in (kept, last))
        for table in (found.same_age, stack):
            assert round(100 * table[column].sum()) == cents
        for value in (
            found.one_period[column].sum(),
            found.two_periods[f"{column}_after"].sum(),
            newest[column].sum(),
        ):
            assert round(100 * value) == now
    moves = found.two_periods.set_index("group")
    assert moves["change"].sum() == pytest.approx((moves["amount_after"] - moves["amount_before"]).sum())
    assert found.one_period["customers"].sum() == moves["customers"].drop("lost").sum()
    assert newest["active"].sum() == moves["customers"].drop("lost").sum()
    assert stack["purchases"].sum() == len({row[:2] for row in kept})
    assert found.n_customers == len({row[0] for row in kept})
    assert found.n_customers == found.same_age.loc[found.same_age["age"] == 0, "acquired"].sum()


@given(ROWS)
@examples(40)
def test_cohorts_and_moves_are_those_of_looking_at_each_customer(rows: list[Row]) -> None:
    kept = [(c, FIRST + timedelta(days=d), p) for c, d, p, _ in rows]
    kept = [row for row in kept if row[1] <= date(2023, 3, 31)]
    if not kept:
        return
    found = audit_of(rows)
    born = {c: quarter(min(day for who, day, _ in kept if who == c)) for c, _, _ in kept}
    for row in found.same_age.itertuples(index=False):
        mine = [x for x in kept if born[x[0]] == row.cohort.date() and quarter(x[1]) == row.period.date()]
        assert row.active == len({x[0] for x in mine})
        assert row.acquired == sum(b == row.cohort.date() for b in born.values())
        assert row.amount == pytest.approx(sum(x[2] for x in mine) / 100)
        assert row.lower <= row.active_share <= row.upper
    spent = {
        (c, q): sum(x[2] for x in kept if x[0] == c and quarter(x[1]) == q)
        for c, q in {(x[0], quarter(x[1])) for x in kept}
    }
    before, now = date(2022, 10, 1), date(2023, 1, 1)
    moves = []
    for c, cohort in born.items():
        was, there = spent.get((c, before)), spent.get((c, now))
        if was is None and there is not None:
            moves.append("new" if cohort == now else "returned")
        elif was is not None and there is None:
            moves.append("lost")
        elif was is not None and there is not None:
            moves.append("up" if there > was else "down" if there < was else "level")
    counts = found.two_periods.set_index("group")["customers"]
    assert {name: int(n) for name, n in counts.items() if n} == {m: moves.count(m) for m in set(moves)}
    n, stayed = (
        sum(m in group for m in moves) for group in (("up", "level", "down", "lost"), ("up", "level", "down"))
    )
    if n:
        lower, upper = wilson_interval(stayed, n)
        assert found.kept_share == stayed / n
        assert found.kept_interval is not None
        assert (found.kept_interval.lower, found.kept_interval.upper) == (lower, upper)
    else:
        assert found.reason == "nobody bought in the quarter before"


@given(ROWS, st.randoms(use_true_random=False))
@examples(30)
def test_neither_ids_nor_the_order_of_rows_matter(rows: list[Row], random: Any) -> None:
    if not any(row[1] < 450 for row in rows):
        return
    names = random.sample(range(100), 9)
    other = [(names[row[0]], *row[1:]) for row in rows]
    random.shuffle(other)
    for (name, table), again in zip(
        audit_of(rows).lenses().items(), audit_of(other).lenses().values(), strict=True
    ):
        pd.testing.assert_frame_equal(table, again, rtol=1e-9, atol=1e-9, obj=name)


@engines
@pytest.mark.parametrize("period", ["week", "month", "quarter", "year"])
def test_every_engine_and_period_has_the_same_tables(engine: str, period: Any) -> None:
    rng = np.random.default_rng(6)
    rows = [
        (int(c), int(d), int(p), int(p) // 3)
        for c, d, p in zip(
            rng.integers(1, 40, 300), rng.integers(0, 800, 300), rng.integers(-99, 999, 300), strict=True
        )
    ]
    call: dict[str, Any] = {**COLUMNS, "end": "2024-01-20", "period": period, "margin": "left"}
    expected = base_audit(log_of(rows), **call)
    found = base_audit(in_engine(log_of(rows), engine), **call)
    for name, table in found.lenses().items():
        pd.testing.assert_frame_equal(table, expected.lenses()[name], rtol=1e-9, obj=name)
    assert (found.n_later, found.n_customers) == (expected.n_later, expected.n_customers)
    assert found.n_later > 0
    plain = base_audit(in_engine(log_of(rows), engine), **{**call, "margin": None})
    assert not {"margin", "margin_rate", "margin_after"} & {
        column for table in plain.lenses().values() for column in table
    }


def test_an_amount_is_the_product_of_its_factors() -> None:
    rng = np.random.default_rng(1)
    rows = [
        (int(rng.integers(1, 60)), int(rng.integers(0, 450)), int(rng.integers(1, 999)), 5)
        for _ in range(400)
    ]
    for table, customers in ((audit_of(rows).one_period, "customers"), (audit_of(rows).same_age, "active")):
        some = table[table["purchases"] > 0]
        product = some[customers] * some["purchases_per_customer"] * some["amount_per_purchase"]
        np.testing.assert_allclose(product, some["amount"])
        np.testing.assert_allclose(some["amount"] * some["margin_rate"], some["margin"])


def test_the_cdnow_sample_has_the_cohorts_of_its_papers() -> None:
    """Fader and Hardie (2001): 2,357 customers, all of whom came in the first quarter of 1997."""
    found = base_audit(
        load_cdnow_sample(),
        customer="customer",
        date="date",
        amount="amount",
        end="1998-06-30",
        period="quarter",
    )
    assert len(found.one_cohort) == len(found.same_age) == 6
    assert found.one_cohort["acquired"].unique().tolist() == [2357]
    assert found.n_customers == 2357
    assert found.two_periods.set_index("group").loc["new", "customers"] == 0
    assert round(found.whole_base["amount"].sum(), 2) == round(load_cdnow_sample()["amount"].sum(), 2)
    assert "customers bought for" in found._repr_html_()
    assert (found.one_period["cumulative_share"].diff().dropna() >= 0).all()


def test_nothing_one_and_losses_are_ordinary() -> None:
    empty = base_audit(log_of([]), **COLUMNS, end="2023-12-31")
    assert [len(table) for table in empty.lenses().values()] == [0, 6, 0, 0, 0]
    assert set(empty.whole_base) == {"period", "cohort", "active", "purchases", "amount", "share_of_amount"}
    one = audit_of([(1, 400, 500, 100)])
    assert one.one_period["share_of_amount"].tolist() == [1.0]
    assert one.reason == "nobody bought in the quarter before"
    returned = audit_of([(1, 400, -500, -100)])
    assert np.isnan(returned.one_period["share_of_amount"]).all()
    assert returned.one_period["amount"].tolist() == [-5.0]


def test_a_cohort_can_be_chosen_by_any_of_its_days() -> None:
    rows = [(1, 10, 1, 1), (2, 120, 1, 1), (2, 300, 1, 1)]
    assert audit_of(rows).one_cohort["cohort"].dt.date.unique().tolist() == [date(2022, 1, 1)]
    chosen = audit_of(rows, cohort="2022-06-30").one_cohort
    assert chosen["cohort"].dt.date.unique().tolist() == [date(2022, 4, 1)]
    assert chosen["active"].tolist() == [1, 0, 1, 0]
    assert chosen["cumulative_per_acquired"].tolist() == [0.01, 0.01, 0.02, 0.02]


@engines
def test_refusals(engine: str) -> None:
    def audit(log: pd.DataFrame, **more: Any) -> BaseAudit:
        return base_audit(in_engine(log, engine), **{**COLUMNS, "end": "2023-12-31", **more})

    log = log_of([(1, 10, 1, 1), (2, 120, 1, 1)])
    with pytest.raises(MissingColumnError):
        audit(log, margin="profit")
    with pytest.raises(InvalidInputError, match=r"`amount` \(column 'paid'\) must be finite numbers"):
        audit(log.assign(paid=[1.0, np.inf]))
    with pytest.raises(InvalidInputError, match=r"`date` .* must be present in every row"):
        audit(log.assign(when=[pd.NaT, log["when"][1]]))
    with pytest.raises(InvalidInputError, match="`end` must be after the end of the first year"):
        audit(log, end="2022-12-30")
    with pytest.raises(InvalidInputError, match="`cohort` must be a day of a year in which customers came"):
        audit(log, cohort="2023-05-05")
    with pytest.raises(InvalidInputError, match="`period` must be one of"):
        audit(log, period="decade")
    with pytest.raises(InvalidInputError, match="`n_groups` must be a whole number at least 1"):
        audit(log, n_groups=0)
    with pytest.raises(InvalidInputError, match="`period` must divide the observation into at most 5,000"):
        audit(log, period="day", end="2099-01-01")

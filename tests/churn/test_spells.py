"""The counting of spells and cells against the few lines that say what they mean."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from customer_centric.churn import retention_triangle
from customer_centric.churn._spells import NEVER, merge_spells

ROWS = st.lists(
    st.tuples(st.integers(0, 5), st.integers(-20, 40), st.integers(1, 30) | st.just(NEVER)), max_size=25
)


def one_by_one(rows: list[tuple[int, int, int]], grace: int) -> dict[tuple[int, int, bool], int]:
    """Spells of each customer, row after row."""
    found: dict[tuple[int, int, bool], int] = {}
    for customer in {who for who, _, _ in rows}:
        spells: list[list[int]] = []
        for begin, end in sorted((begin, end) for who, begin, end in rows if who == customer):
            if spells and begin <= spells[-1][1] + grace:
                spells[-1][1] = max(spells[-1][1], end)
            else:
                spells.append([begin, end])
        for place, (begin, end) in enumerate(spells):
            key = (begin, end, place > 0)
            found[key] = found.get(key, 0) + 1
    return found


@pytest.mark.parametrize("wide", [1, 400], ids=["days", "centuries"])
@given(ROWS, st.integers(0, 12))
def test_spells_are_those_of_each_customer_in_turn(
    wide: int, rows: list[tuple[int, int, int]], grace: int
) -> None:
    """Whatever the order of rows, nested, abutting or open; and where the days need wider numbers."""
    rows = [
        (who, wide * begin, NEVER if length == NEVER else wide * (begin + length))
        for who, begin, length in rows
    ]
    columns = (np.array(column, dtype=np.int64) for column in (zip(*rows, strict=True) if rows else [()] * 3))
    spells = merge_spells(*columns, wide * grace)
    table = zip(
        spells.begin.tolist(), spells.end.tolist(), spells.returning.tolist(), spells.n.tolist(), strict=True
    )
    assert {(begin, end, back): n for begin, end, back, n in table} == one_by_one(rows, wide * grace)
    assert spells.n_rows - spells.n_merged == spells.n.sum()


@pytest.mark.parametrize("days_apart", [1, 30], ids=["dense", "sparse"])
@given(st.lists(st.tuples(st.integers(0, 6), st.integers(0, 20)), min_size=1, max_size=40))
def test_cells_are_those_of_pandas(days_apart: int, rows: list[tuple[int, int]]) -> None:
    """Customers by first day and days since, counted in a table or by sorting."""
    log = pd.DataFrame(rows, columns=["id", "day"])
    log["day"] = pd.Timestamp("2024-01-01") + pd.to_timedelta(days_apart * log["day"], unit="D")
    as_of = log["day"].max()
    triangle = retention_triangle(log, customer="id", date="day", period="day", as_of=str(as_of.date()))
    first = log.groupby("id")["day"].transform("min")
    cells = log.groupby([first, (log["day"] - first).dt.days])["id"].nunique()
    expected = np.zeros_like(triangle.values)
    for (cohort, age), customers in cells.items():  # type: ignore[misc]  # labels of two levels
        expected[(cohort - log["day"].min()).days, age] = customers
    assert np.array_equal(np.nan_to_num(triangle.values), expected)

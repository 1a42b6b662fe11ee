"""What the future cells of a triangle are expected to hold, and how sure that is."""

from __future__ import annotations

from datetime import date
from typing import Literal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from customer_centric.churn import complete_triangle
from customer_centric.churn.triangle import RetentionTriangle
from customer_centric.errors import InvalidInputError
from effort import examples


def triangle_of(values: np.ndarray, kind: Literal["survived", "revenue"] = "survived") -> RetentionTriangle:
    return RetentionTriangle(
        cohorts=tuple(date(2000 + i, 1, 1) for i in range(len(values))),
        values=values,
        kind=kind,
        period="year",
        as_of=date(2050, 1, 1),
        n_later=0,
    )


def draw_triangle(rng: np.random.Generator, n: int, size: int, stay: float) -> np.ndarray:
    """Cohorts of one size whose customers stay with one probability, complete."""
    values = np.full((n, n), float(size))
    for age in range(1, n):
        values[:, age] = rng.binomial(values[:, age - 1].astype(int), stay)
    return values


def unseen(values: np.ndarray) -> np.ndarray:
    row, age = np.indices(values.shape)
    return np.where(row + age >= len(values), np.nan, values)


def test_factors_are_weighted_by_volume() -> None:
    """200 of 300 and 10 of 100 stay: of the third cohort of 40 the share of all is expected, 21 of 40."""
    values = unseen(np.array([[300.0, 200, 150], [100, 10, 0], [40, 0, 0]]))
    table = complete_triangle(triangle_of(values))
    first = table.iloc[1]
    assert (first["cohort"], first["age"]) == (date(2002, 1, 1), 1)
    assert first["expected"] == pytest.approx(40 * 210 / 400)
    assert table.iloc[0]["expected"] == pytest.approx(10 * 150 / 200)


@given(st.integers(1, 1000), st.floats(0.1, 10))
@examples(30)
def test_twice_the_money_is_expected_twice(seed: int, scale: float) -> None:
    values = unseen(draw_triangle(np.random.default_rng(seed), 5, 200, 0.8))
    here, there = (complete_triangle(triangle_of(v, "revenue")) for v in (values, values * scale))
    assert there["expected"].to_numpy() == pytest.approx(scale * here["expected"].to_numpy(), nan_ok=True)
    assert there["standard_error"].to_numpy() == pytest.approx(
        scale * here["standard_error"].to_numpy(), nan_ok=True
    )


def test_errors_hold_what_they_promise() -> None:
    """In 400 worlds the last age of the last cohort lies within two errors nine times in ten."""
    rng = np.random.default_rng(8)
    held = 0
    for _ in range(400):
        values = draw_triangle(rng, 8, 300, 0.85)
        table = complete_triangle(triangle_of(unseen(values)))
        last = table.iloc[-1]
        held += abs(last["expected"] - values[-1, -1]) <= 2 * last["standard_error"]
    assert held / 400 >= 0.93


def test_customers_who_stay_or_leave_vary_at_least_by_chance() -> None:
    """Cohorts that happen to shrink alike still have the binomial error of the next step."""
    values = unseen(np.array([[100.0, 80, 64], [100, 80, 0], [100, 0, 0]]))
    table = complete_triangle(triangle_of(values))
    step = 0.8 * 0.2 * 100 + 100**2 * 0.8 * 0.2 / 200
    assert table.iloc[1]["standard_error"] == pytest.approx(np.sqrt(step))


def test_empty_cohorts_expect_nothing_they_can_know() -> None:
    values = unseen(np.array([[100.0, 50, 25], [0, 0, 0], [40, 0, 0]]))
    table = complete_triangle(triangle_of(values))
    assert table.iloc[0]["expected"] == 0
    assert table.iloc[1]["expected"] == pytest.approx(20)


def test_nobody_left_in_any_cohort_is_expected_to_stay_so() -> None:
    """A factor of 0 has no relative error, and in absolute numbers none."""
    values = unseen(np.array([[100.0, 50, 0, 0], [80, 30, 0, 0], [60, 40, 0, 0], [40, 0, 0, 0]]))
    table = complete_triangle(triangle_of(values)).set_index(["cohort", "age"])
    last = table.loc[date(2003, 1, 1)]
    assert last.loc[1, "standard_error"] > 0
    assert last.loc[2].tolist() == [0.0, 0.0]


def test_one_cohort_has_no_factor() -> None:
    with pytest.raises(InvalidInputError, match="`triangle` must have at least two cohorts, got 1"):
        complete_triangle(triangle_of(np.array([[10.0]])))

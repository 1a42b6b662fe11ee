"""Distinct rows: the way back is exact, and neither order nor rounding of the rows shows."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from customer_centric._core.tabulate import count_rows, distinct_rows, on_distinct_rows

SCALES = (1.0, 7.0, 365.25 / 12)


def columns(kind: str) -> st.SearchStrategy[tuple[np.ndarray[Any, Any], ...]]:
    """Two columns of one length: whole days in some unit, spread-out whole numbers, or any floats."""
    elements: dict[str, st.SearchStrategy[float]] = {
        "days": st.integers(0, 40).map(float),
        "weeks": st.integers(0, 40).map(lambda day: day / 7.0),
        "months": st.integers(0, 40).map(lambda day: day / (365.25 / 12)),
        "wide": st.sampled_from([0.0, 1.0, -(2.0**44), 2.0**44]),
        "floats": st.sampled_from([0.0, -0.0, 0.1, 1e-300, 1e300, -3.3, 1e-9]),
    }
    return st.integers(1, 40).flatmap(
        lambda n: st.tuples(*(hnp.arrays(np.float64, n, elements=elements[kind]) for _ in range(2)))
    )


@pytest.mark.parametrize("kind", ["days", "weeks", "months", "wide", "floats"])
class TestDistinctRows:
    @given(data=st.data())
    def test_agree_with_a_set(self, kind: str, data: st.DataObject) -> None:
        left, right = data.draw(columns(kind))
        distinct, inverse = distinct_rows(left, right)
        assert list(zip(*distinct, strict=True)) == sorted(set(zip(left, right, strict=True)))
        assert distinct[0][inverse].tolist() == left.tolist()
        assert distinct[1][inverse].tolist() == right.tolist()

    @given(data=st.data())
    def test_counts_agree_with_the_inverse(self, kind: str, data: st.DataObject) -> None:
        left, right = data.draw(columns(kind))
        distinct, inverse = distinct_rows(left, right)
        counted, total = count_rows(left, right)
        assert [column.tolist() for column in counted] == [column.tolist() for column in distinct]
        assert total.tolist() == np.bincount(inverse).tolist()
        weighted, twice = count_rows(left, right, weights=np.full(left.shape, 2.0))
        assert [column.tolist() for column in weighted] == [column.tolist() for column in distinct]
        assert twice.tolist() == (2 * total).tolist()

    @given(data=st.data(), order=st.randoms(use_true_random=False))
    def test_order_of_rows_leaves_the_same_bits(self, kind: str, data: st.DataObject, order: Any) -> None:
        """Also where rows agree only up to rounding, and where weights do not add exactly."""
        left, right = data.draw(columns(kind))
        noise = data.draw(hnp.arrays(np.float64, left.size, elements=st.sampled_from([0.0, 1e-15, -1e-15])))
        weights = data.draw(hnp.arrays(np.float64, left.size, elements=st.sampled_from([0.1, 0.3, 1e9])))
        permutation = np.array(order.sample(range(left.size), left.size))
        left = left + noise * np.abs(left)
        one, total = count_rows(left, right, weights=weights)
        other, again = count_rows(left[permutation], right[permutation], weights=weights[permutation])
        assert [column.tobytes() for column in one] == [column.tobytes() for column in other]
        assert total.tobytes() == again.tobytes()


def test_no_rows_are_no_distinct_rows() -> None:
    nothing = np.zeros(0)
    for distinct, rest in (distinct_rows(nothing, nothing), count_rows(nothing, nothing)):
        assert [column.size for column in distinct] == [0, 0]
        assert rest.size == 0


def test_rounded_weeks_are_one_history() -> None:
    """Digits lost in a text file do not make two histories of one, nor does a last bit."""
    (weeks,), _ = distinct_rows(np.array([30.428571428571427, 30.42857142857143, 30.42857142857]))
    assert weeks.tolist() == [213 / 7]


@pytest.mark.parametrize("n_rows", [3, 200])
def test_a_function_is_computed_for_distinct_rows_and_spread_again(n_rows: int) -> None:
    column = np.arange(n_rows * 2.0).reshape(n_rows, 2) % 5
    sizes: list[int] = []

    def double(values: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
        sizes.append(values.size)
        return 2 * values

    assert (on_distinct_rows(double, column) == 2 * column).all()
    assert sizes == [6 if n_rows == 3 else 5]


@pytest.mark.parametrize(("step", "n_computed"), [(1.0, 5), (1 / 7, 5), (0.3, 400)])
def test_only_whole_rows_are_collected_where_sorting_others_costs_more(step: float, n_computed: int) -> None:
    column = np.arange(400.0) % 5 * step
    sizes: list[int] = []

    def double(values: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
        sizes.append(values.size)
        return 2 * values

    assert on_distinct_rows(double, column, only_whole=True) == pytest.approx(2 * column, rel=1e-12)
    assert sizes == [n_computed]

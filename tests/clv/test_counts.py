"""Sufficient statistics: distinct histories, their weights, and what is refused."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from customer_centric.clv import HistoryCounts, PurchaseHistories, SpendCounts
from customer_centric.errors import InvalidInputError

HISTORIES = st.lists(
    st.tuples(st.integers(0, 3), st.integers(0, 20), st.integers(0, 20)).map(
        lambda h: (h[0], (h[1] / 7 if h[0] else 0.0), (h[1] + h[2]) / 7)
    ),
    min_size=1,
    max_size=30,
)


def counts_of(histories: list[tuple[int, float, float]], **arguments: Any) -> HistoryCounts:
    x, recency, age = zip(*histories, strict=True)
    return HistoryCounts.from_arrays(x, recency, age, unit="week", **arguments)


@given(histories=HISTORIES)
def test_distinct_histories_are_in_ascending_order_with_their_counts(
    histories: list[tuple[int, float, float]],
) -> None:
    counts = counts_of(histories)
    found = list(zip(counts.frequency, counts.recency, counts.age, strict=True))
    assert found == sorted(set(histories))
    assert counts.weight.tolist() == [histories.count(history) for history in found]
    assert counts.n_customers == len(histories)


@given(histories=HISTORIES, order=st.randoms(use_true_random=False))
def test_order_of_rows_leaves_the_same_bits(histories: list[tuple[int, float, float]], order: Any) -> None:
    shuffled = histories.copy()
    order.shuffle(shuffled)
    for name in ("frequency", "recency", "age", "weight"):
        left, right = getattr(counts_of(histories), name), getattr(counts_of(shuffled), name)
        assert left.tobytes() == right.tobytes()


def test_customers_of_weight_0_are_not_there() -> None:
    counts = counts_of([(0, 0.0, 1.0), (1, 1.0, 2.0)], weights=[0, 2.5])
    assert (counts.frequency.tolist(), counts.n_customers) == ([1.0], 2.5)


@pytest.mark.parametrize(
    ("weights", "message"),
    [
        ([0, 0], "`weights` must have a sum greater than 0, got 0"),
        ([1, -1], "`weights` must be a finite number at least 0, got -1 at position 1 (1 of 2 values)"),
        ([1, np.nan], "`weights` must be a finite number at least 0, got nan at position 1"),
        ([1, 1, 1], "lengths must agree or be 1"),
    ],
)
def test_weights_that_count_nobody_are_refused(weights: list[float], message: str) -> None:
    with pytest.raises(InvalidInputError, match=re.escape(message)):
        counts_of([(0, 0.0, 1.0), (1, 1.0, 2.0)], weights=weights)


def test_no_history_is_refused() -> None:
    with pytest.raises(InvalidInputError, match="`frequency` must have at least one history, got none"):
        HistoryCounts.from_arrays([], [], [], unit="week")


def test_an_unknown_unit_is_refused() -> None:
    with pytest.raises(InvalidInputError, match="`unit` must be one of 'day', 'week', 'month', got 'year'"):
        HistoryCounts.from_arrays([0], [0], [1], unit="year")  # type: ignore[arg-type]


def test_one_weight_holds_for_all() -> None:
    assert counts_of([(0, 0.0, 1.0), (1, 1.0, 2.0)], weights=3).weight.tolist() == [3.0, 3.0]


def test_holdout_counts_give_back_the_calibration() -> None:
    histories = PurchaseHistories.from_arrays(
        [0, 0, 1],
        [0, 0, 2],
        [3, 3, 3],
        unit="week",
        frequency_holdout=[0, 4, 1],
        age_holdout=2,
        weights=[1, 2, 3],
    )
    holdout = histories.holdout_statistics()
    assert holdout.n_customers == 6.0
    assert holdout.weight @ holdout.frequency_holdout == 11.0
    assert holdout.calibration.weight.tolist() == [3.0, 3.0]


def test_spend_counts_know_their_customers() -> None:
    counts = SpendCounts(np.array([1.0, 2.0]), np.array([3.0, 4.0]), np.array([1.0, 5.0]))
    assert counts.n_customers == 6.0


@given(
    spends=st.lists(
        st.tuples(st.integers(0, 3), st.sampled_from([0.0, 0.1, 2.0, 3.5]), st.sampled_from([0.0, 1.0, 0.5])),
        min_size=1,
    ),
    order=st.randoms(use_true_random=False),
    weighted=st.booleans(),
)
def test_spend_is_in_one_order_whatever_the_order_of_rows(
    spends: list[tuple[int, float, float]], order: Any, weighted: bool
) -> None:
    def statistics(rows: list[tuple[int, float, float]]) -> list[list[float]]:
        x, mean, weight = (np.array(column) for column in zip(*rows, strict=True))
        histories = PurchaseHistories.from_arrays(
            x, np.minimum(x, 1), np.ones(x.size), mean, unit="week", weights=weight if weighted else None
        )
        counts = histories.spend_statistics()
        return [counts.frequency.tolist(), counts.mean_spend.tolist(), counts.weight.tolist()]

    rows = [*spends, (1, 1.0, 1.0), (70_000, 1.0, 1.0)] if weighted else [*spends, (1, 1.0, 1.0)]
    shuffled = rows.copy()
    order.shuffle(shuffled)
    frequency, mean, weight = statistics(rows)
    assert statistics(shuffled) == [frequency, mean, weight]
    assert list(zip(frequency, mean, weight, strict=True)) == sorted(
        zip(frequency, mean, weight, strict=True)
    )

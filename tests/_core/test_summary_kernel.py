"""The kernel against a loop over rows."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from customer_centric._core.summary_kernel import PurchaseSummary, summarise_purchases

N_CODES, N_SLOTS = 6, 9
ROWS = st.lists(
    st.tuples(
        st.integers(0, N_CODES - 1), st.integers(0, N_SLOTS - 1), st.sampled_from([-2.0, 0.0, 1.0, 2.0, 4.0])
    ),
    max_size=40,
)


def run(rows: list[tuple[int, int, float]], last_slot: int, **arguments: Any) -> PurchaseSummary:
    codes = np.array([row[0] for row in rows], dtype=np.int32)
    slots = np.array([row[1] for row in rows], dtype=np.int32)
    amounts = np.array([row[2] for row in rows], dtype=np.float64)
    return summarise_purchases(
        codes, slots, amounts, n_codes=N_CODES, n_slots=N_SLOTS, last_slot=last_slot, **arguments
    )


@given(rows=ROWS, last_slot=st.integers(0, N_SLOTS - 1), net=st.booleans())
def test_agrees_with_a_loop(rows: list[tuple[int, int, float]], last_slot: int, net: bool) -> None:
    purchases: defaultdict[int, dict[int, list[float]]] = defaultdict(dict)
    for code, slot, amount in rows:
        purchases[code].setdefault(slot, []).append(amount)
    expected, timing, n_refunded, n_emptied, n_late = [], np.zeros((2, N_SLOTS), dtype=int), 0, 0, 0
    for code in sorted(purchases):
        kept = {
            slot: sum(amounts)
            for slot, amounts in sorted(purchases[code].items())
            if not net or min(amounts) >= 0 or sum(amounts) > 0
        }
        n_refunded += len(purchases[code]) - len(kept)
        seen = [slot for slot in kept if slot <= last_slot]
        later = [slot for slot in kept if slot > last_slot]
        n_emptied += not kept
        n_late += bool(kept) and not seen
        if seen:
            repeat, holdout = (sum(kept[slot] for slot in some) for some in (seen[1:], later))
            expected.append((code, seen[0], seen[-1], len(seen), len(later), repeat, holdout))
            for slot in kept:
                timing[int(slot != seen[0]), slot] += 1
    found = run(rows, last_slot, net_refunds=net)
    names = ("code", "first", "last", "n_purchases", "n_holdout", "repeat_value", "holdout_value")
    assert list(zip(*(getattr(found, name).tolist() for name in names), strict=True)) == expected
    assert found.first_purchases.tolist() == timing[0].tolist()
    assert found.repeat_purchases.tolist() == timing[1].tolist()
    assert found.n_entries == sum(map(len, purchases.values()))
    assert (found.n_refunded, found.n_emptied, found.n_late) == (n_refunded, n_emptied, n_late)


@given(rows=ROWS, last_slot=st.integers(0, N_SLOTS - 1))
def test_without_amounts_the_counts_are_the_same(rows: list[tuple[int, int, float]], last_slot: int) -> None:
    codes, slots = (np.array([row[column] for row in rows], dtype=np.int64) for column in (0, 1))
    found = summarise_purchases(codes, slots, None, n_codes=N_CODES, n_slots=N_SLOTS, last_slot=last_slot)
    assert (found.repeat_value, found.holdout_value) == (None, None)
    assert found.n_purchases.tolist() == run(rows, last_slot).n_purchases.tolist()


def test_amounts_are_left_alone() -> None:
    amounts = np.array([1.0, 2.0, 3.0])
    summarise_purchases(np.array([0, 0, 0]), np.array([0, 1, 2]), amounts, n_codes=1, n_slots=3, last_slot=1)
    assert amounts.tolist() == [1.0, 2.0, 3.0]


@pytest.mark.parametrize("n_rows", [200, 300, 70_000])
def test_many_rows_of_one_purchase_do_not_overflow(n_rows: int) -> None:
    zeros = np.zeros(n_rows, dtype=np.int32)
    for amounts in (None, np.ones(n_rows)):
        found = summarise_purchases(zeros, zeros, amounts, n_codes=1, n_slots=1, last_slot=0)
        assert (found.n_purchases.tolist(), found.n_entries) == ([1], 1)

"""A change in two parts that add up: mix and rate."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from customer_centric._methods.decomposition import decompose_change
from customer_centric.errors import InvalidInputError

NAN = math.nan
SIDE = st.integers(1, 6).flatmap(
    lambda size: st.tuples(
        *[st.lists(st.integers(0, 50), min_size=size, max_size=size).filter(any) for _ in range(2)],
        *[st.lists(st.floats(-100, 100), min_size=size, max_size=size) for _ in range(2)],
    )
)


def shares(counts: list[int]) -> np.ndarray:
    return np.array(counts) / sum(counts)


def test_kitagawa_takes_apart_a_rise_that_every_segment_contradicts() -> None:
    """Churn falls in both segments, .10 to .09 and .30 to .28, and rises in all."""
    change = decompose_change([0.6, 0.4], [0.10, 0.30], [0.4, 0.6], [0.09, 0.28])
    assert change.total == pytest.approx(0.024, abs=1e-15)
    assert change.mix == pytest.approx(0.039, abs=1e-15)
    assert change.rate == pytest.approx(-0.015, abs=1e-15)
    assert change.group_rate == pytest.approx([-0.005, -0.01])
    assert not change.one_sided.any()
    assert str(change) == "total +0.024 = mix +0.039 + rate -0.015"


@given(SIDE)
def test_parts_add_up_to_the_change_of_the_average(
    side: tuple[list[int], list[int], list[float], list[float]],
) -> None:
    w0, w1, r0, r1 = shares(side[0]), shares(side[1]), np.array(side[2]), np.array(side[3])
    change = decompose_change(w0, r0, w1, r1)
    assert change.total == change.mix + change.rate
    assert change.total == pytest.approx(w1 @ r1 - w0 @ r0, abs=1e-11)
    assert change.group_mix.sum() == change.mix
    assert change.group_rate.sum() == change.rate
    # The sums as they stand in the paper.
    assert change.mix == pytest.approx((w1 - w0) @ (r0 + r1) / 2, abs=1e-11)
    assert change.rate == pytest.approx((r1 - r0) @ (w0 + w1) / 2, abs=1e-11)


@given(SIDE)
def test_exchanging_before_and_after_changes_signs_only(
    side: tuple[list[int], list[int], list[float], list[float]],
) -> None:
    w0, w1, r0, r1 = shares(side[0]), shares(side[1]), side[2], side[3]
    there, back = decompose_change(w0, r0, w1, r1), decompose_change(w1, r1, w0, r0)
    assert back.mix == pytest.approx(-there.mix, abs=1e-11)
    assert back.rate == pytest.approx(-there.rate, abs=1e-11)
    assert back.group_mix == pytest.approx(-there.group_mix, abs=1e-11)


@given(SIDE, st.floats(-50, 50))
def test_a_constant_added_to_all_values_changes_nothing(
    side: tuple[list[int], list[int], list[float], list[float]], constant: float
) -> None:
    w0, w1, r0, r1 = shares(side[0]), shares(side[1]), np.array(side[2]), np.array(side[3])
    change, moved = decompose_change(w0, r0, w1, r1), decompose_change(w0, r0 + constant, w1, r1 + constant)
    assert moved.group_mix == pytest.approx(change.group_mix, abs=1e-10)
    assert moved.group_rate == pytest.approx(change.group_rate, abs=1e-10)


def test_a_group_of_one_side_is_mix() -> None:
    """A new group of 10 % with a value of .5 where the others have .2 moves the average by .03."""
    change = decompose_change([1, 0], [0.2, NAN], [0.9, 0.1], [0.2, 0.5])
    assert change.one_sided.tolist() == [False, True]
    assert (change.total, change.mix, change.rate) == pytest.approx((0.03, 0.03, 0.0))
    assert str(change).endswith("; 1 of 2 groups on one side only")


def test_a_value_of_a_group_without_a_share_is_used() -> None:
    known = decompose_change([1, 0], [0.2, 0.1], [0.9, 0.1], [0.2, 0.5])
    assert not known.one_sided.any()
    assert known.rate == pytest.approx(0.02)


def test_a_group_that_is_nowhere_does_nothing() -> None:
    change = decompose_change([1, 0], [2, NAN], [1, 0], [3, NAN])
    assert (change.mix, change.rate) == (0.0, 1.0)


def test_one_group_has_no_mix() -> None:
    change = decompose_change([1], [2], [1], [5])
    assert (change.total, change.mix, change.rate) == (3.0, 0.0, 3.0)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ([0.6, 0.5], [1, 2], [0.5, 0.5], [1, 2]),
            "`shares_before` must sum to 1, got a sum of 1.1; divide counts by their sum",
        ),
        (
            ([0.5, 0.5], [1, 2], [1.5, -0.5], [1, 2]),
            "`shares_after` must be a finite number at least 0, got -0.5 at position 1 (1 of 2 values)",
        ),
        (
            ([0.5, 0.5], [1, NAN], [1, 0], [1, NAN]),
            (
                "`values_before` must be a finite number for each group that has a share, got nan at "
                "position 1 (1 of 2 values)"
            ),
        ),
        (
            ([1, 0], [1, math.inf], [1, 0], [1, 1]),
            (
                "`values_before` must be a finite number for each group that has a share, got inf at "
                "position 1 (1 of 2 values)"
            ),
        ),
        (
            ([1], [1, 2], [1], [1]),
            "`shares_before` and `values_before` must have one number a group, got shapes (1,) and (2,)",
        ),
        (
            ([], [], [1], [1]),
            "`shares_before` and `values_before` must have one number a group, got shapes (0,) and (0,)",
        ),
        (
            ([1], [1], [0.5, 0.5], [1, 2]),
            (
                "before and after must have the same groups, got 1 and 2; give a group that is absent a "
                "share of 0 and a value of NaN"
            ),
        ),
        (
            (["a"], [1], [1], [1]),
            "`shares_before` must be numbers, got values of type text; convert them first",
        ),
    ],
)
def test_what_cannot_be_taken_apart_is_refused(arguments: tuple[list[float], ...], message: str) -> None:
    with pytest.raises(InvalidInputError) as error:
        decompose_change(*arguments)
    assert str(error.value) == message

"""Customers by the renewal at which they were lost: counted in two ways that agree."""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from customer_centric.churn import RenewalCounts
from customer_centric.errors import InvalidInputError

COHORT = st.lists(st.integers(0, 50), min_size=1, max_size=8).map(lambda steps: list(np.cumsum(steps)[::-1]))


def rows(counts: RenewalCounts) -> list[tuple[float, bool, float, float]]:
    return list(
        zip(
            counts.tenure.tolist(),
            counts.lost.tolist(),
            counts.entry_tenure.tolist(),
            counts.weight.tolist(),
            strict=True,
        )
    )


@given(COHORT)
def test_survivors_and_losses_are_the_same_customers(survivors: list[int]) -> None:
    if survivors[0] == 0:
        return
    one = RenewalCounts.from_survivors(survivors)
    lost = [before - after for before, after in pairwise(survivors)]
    two = RenewalCounts.from_losses(lost, survivors[-1]) if lost else one
    assert rows(one) == rows(two)
    assert one.n_customers == survivors[0]
    assert one.n_lost == survivors[0] - survivors[-1]


@given(st.lists(COHORT, min_size=1, max_size=4))
def test_cohorts_add_up(cohorts: list[list[int]]) -> None:
    """Cohorts of different length, padded by NaN, in any order."""
    width = max(map(len, cohorts))
    table = [[*map(float, cohort), *[math.nan] * (width - len(cohort))] for cohort in cohorts]
    if not any(cohort[0] for cohort in cohorts):
        return
    counts = RenewalCounts.from_survivors(table)
    assert counts.n_customers == sum(cohort[0] for cohort in cohorts)
    assert rows(RenewalCounts.from_survivors(table[::-1])) == rows(counts)


def test_late_cohorts_keep_their_tenure() -> None:
    counts = RenewalCounts.from_survivors([[100, 90], [50, 48]], entry_tenure=[0, 3])
    assert rows(counts) == [
        (1.0, False, 0.0, 90.0),
        (1.0, True, 0.0, 10.0),
        (4.0, False, 3.0, 48.0),
        (4.0, True, 3.0, 2.0),
    ]


@pytest.mark.parametrize(
    ("survivors", "message"),
    [
        ([100.0, 63.1, 46.8], "`survivors` must be a whole number at least 0, got 63.1 .* not percentages"),
        ([100, 80, 90], "`survivors` must not rise, got 90 after 80 in cohort 0 at renewal 2"),
        ([[100, math.nan, 80]], "observed from the start without a gap, got NaN before a count"),
        ([[math.nan, 80]], "observed from the start without a gap"),
        ([-1, -2], "`survivors` must be a whole number at least 0, got -1"),
        ([0, 0], "`lost` and `active` must count at least one customer, got none"),
        (["many"], "`survivors` must be numbers, got values of type text"),
    ],
)
def test_survivors_that_cannot_be(survivors: list[object], message: str) -> None:
    with pytest.raises(InvalidInputError, match=message):
        RenewalCounts.from_survivors(survivors)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("lost", "active", "more", "message"),
    [
        ([1.5], 3, {}, "`lost` must be a whole number .* not percentages"),
        ([1, 2], [3, 4], {}, "`active` must be one number a cohort, got shape .2,. for 1 cohorts"),
        ([[1, math.nan, 2]], 3, {}, "`lost` must be observed without a gap"),
        ([1, 2], 0.5, {}, "`active` must be a whole number"),
        ([1, 2], 3, {"entry_tenure": -1}, "`entry_tenure` must be a whole number at least 0, got -1"),
    ],
)
def test_losses_that_cannot_be(lost: object, active: object, more: dict[str, int], message: str) -> None:
    with pytest.raises(InvalidInputError, match=message):
        RenewalCounts.from_losses(lost, active, **more)  # type: ignore[arg-type]

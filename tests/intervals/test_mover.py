"""The interval of a sum of parts: published, symmetric, and never wider than its parts laid end to end."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from customer_centric.errors import InvalidInputError
from customer_centric.intervals import mover_interval, normal_interval, wilson_interval
from effort import examples

NUMBER = st.floats(-1e3, 1e3)
REACH = st.floats(0, 1e3)
PART = st.tuples(NUMBER, REACH, REACH).map(lambda part: (part[0], part[0] - part[1], part[0] + part[2]))
WEIGHT = st.floats(-10, 10)
RHO = st.floats(-1, 1)


def bounds(parts: list[tuple[float, float, float]], **terms: object) -> list[float]:
    found = mover_interval(*np.array(parts).T, **terms)  # type: ignore[arg-type]
    return [float(bound) for bound in found]


def test_difference_of_proportions_of_newcombe_1998_table_2() -> None:
    """Method 10, by Wilson's intervals: 56/70 less 48/80."""
    lower, upper = wilson_interval([56, 48], [70, 80])
    found = [float(bound) for bound in mover_interval([0.8, 0.6], lower, upper)]
    assert found == pytest.approx([0.0524, 0.3339], abs=5e-5)


@given(PART, PART, WEIGHT, WEIGHT)
@examples(60)
def test_symmetric_intervals_add_as_variances_do(
    one: tuple[float, float, float], other: tuple[float, float, float], c: float, k: float
) -> None:
    """Where the parts are normal, the result is the delta method's."""
    centres, errors = np.array([one[0], other[0]]), np.array([one[2] - one[0], other[2] - other[0]])
    parts = [
        (x, *(float(bound) for bound in normal_interval(x, s))) for x, s in zip(centres, errors, strict=True)
    ]
    error = math.hypot(c * errors[0], k * errors[1])
    expected = normal_interval(float(c * centres[0] + k * centres[1]), error)
    found = bounds(parts, coefficients=(c, k))
    assert found == pytest.approx([float(bound) for bound in expected], rel=1e-9, abs=1e-7)


@given(PART, PART, RHO)
@examples(60)
def test_the_other_way_round_the_difference_is_turned_round(
    one: tuple[float, float, float], other: tuple[float, float, float], rho: float
) -> None:
    lower, upper = bounds([one, other], correlation=rho)
    assert bounds([other, one], correlation=rho) == pytest.approx([-upper, -lower], rel=1e-9, abs=1e-6)
    assert lower <= one[0] - other[0] <= upper


@given(PART, PART, RHO, RHO)
@examples(60)
def test_what_goes_together_cancels_in_a_difference(
    one: tuple[float, float, float], other: tuple[float, float, float], rho: float, more: float
) -> None:
    """A larger correlation narrows it, from the parts end to end at -1 to their difference at 1."""
    loose = bounds([one, other], correlation=min(rho, more))
    tight = bounds([one, other], correlation=max(rho, more))
    assert loose[0] <= tight[0] + 1e-6
    assert tight[1] <= loose[1] + 1e-6
    assert bounds([one, other], correlation=-1) == pytest.approx(
        [one[1] - other[2], one[2] - other[1]], abs=1e-6
    )


@given(st.lists(PART, min_size=1, max_size=5))
@examples(60)
def test_one_part_alone_keeps_its_interval(parts: list[tuple[float, float, float]]) -> None:
    for at, part in enumerate(parts):
        alone = [float(other == at) for other in range(len(parts))]
        assert bounds(parts, coefficients=alone) == pytest.approx(part[1:], rel=1e-9, abs=1e-6)


def test_parts_without_a_limit() -> None:
    """They leave the sum without one on that side, unless they do not count; never NaN."""
    endless = (1.0, -math.inf, 2.0)
    part = (3.0, 2.0, 5.0)
    assert bounds([part, endless]) == [pytest.approx(2 - math.sqrt(2)), math.inf]
    assert bounds([endless, part]) == [-math.inf, pytest.approx(-2 + math.sqrt(2))]
    assert bounds([endless, endless], correlation=1.0) == [-math.inf, math.inf]
    assert bounds([part, endless], coefficients=(2, 0)) == [4.0, 10.0]


def test_columns_of_parts() -> None:
    """Many pairs at once, each with its correlation."""
    estimate, lower, upper = (
        np.array([[3.0, 3.0], [1.0, 1.0]]),
        np.array([[2.0], [0.5]]),
        np.array([[4.0], [2.0]]),
    )
    low, high = mover_interval(estimate, lower, upper, correlation=[0.0, 0.5])
    assert low.shape == high.shape == (2,)
    for at, rho in enumerate((0.0, 0.5)):
        assert (low[at], high[at]) == pytest.approx(tuple(bounds([(3, 2, 4), (1, 0.5, 2)], correlation=rho)))


@pytest.mark.parametrize(
    ("arguments", "terms", "message"),
    [
        (
            ([1, 5], [0, 0], [2, 4]),
            {},
            r"`estimate` must be between `lower` and `upper`, got 5 at position 1 \(1 of 2",
        ),
        (([1, 2, 3], 0, 4), {}, "`coefficients` must be one number a part, got 2 for an estimate of shape"),
        ((1, 0, 2), {}, "`coefficients` must be one number a part"),
        (
            ([1, 2, 3], 0, 4),
            {"coefficients": (1, 1, 1), "correlation": 0.5},
            "`correlation` must be 0 unless there are two parts, got 3 parts",
        ),
        (
            ([1, 2], 0, 4),
            {"correlation": 1.5},
            "`correlation` must be a finite number at least -1 and at most 1",
        ),
        (
            ([[1, 1], [2, 2]], 0, 4),
            {"correlation": [0.1, 0.2, 0.3]},
            "lengths must agree or be 1, got `estimate`",
        ),
        (([1, math.nan], 0, 4), {}, "`estimate` must be a finite number, got nan at position 1"),
        (([1, 2], math.nan, 4), {}, "`lower` must be a number, got nan"),
        (([1, 2], [0, 0, 0], 4), {}, "lengths must agree or be 1"),
    ],
)
def test_parts_that_do_not_fit_are_refused(
    arguments: tuple[object, object, object], terms: dict[str, object], message: str
) -> None:
    with pytest.raises(InvalidInputError, match=message):
        mover_interval(*arguments, **terms)  # type: ignore[arg-type]

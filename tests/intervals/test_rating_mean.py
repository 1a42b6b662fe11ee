"""The score interval of a mean: Wilson's for two values, Tango's for three, and honest where all agree."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy import optimize, stats

from customer_centric.errors import InvalidInputError
from customer_centric.intervals import multinomial_score_interval, tango_interval, wilson_interval
from customer_centric.typing import FloatArray
from effort import examples

LEVEL = st.floats(0.05, 0.9999)
COUNT = st.one_of(st.sampled_from([0.0, 0.0, 1.0]), st.integers(0, 500).map(float), st.floats(1e-6, 1e6))
COUNTS = st.lists(COUNT, min_size=2, max_size=7)


def bounds(counts: list[float], values: list[float], level: float = 0.95) -> list[float]:
    return [float(bound) for bound in multinomial_score_interval(counts, values, confidence_level=level)]


@given(COUNT, COUNT, LEVEL)
@examples(60)
def test_two_values_give_wilsons_interval(no: float, yes: float, level: float) -> None:
    expected = wilson_interval(yes, no + yes, confidence_level=level)
    assert bounds([no, yes], [0, 1], level) == pytest.approx([float(bound) for bound in expected], abs=1e-9)


@given(COUNT, COUNT, COUNT, LEVEL)
@examples(60)
def test_minus_one_zero_and_one_give_tangos_interval(
    down: float, same: float, up: float, level: float
) -> None:
    expected = tango_interval(up, down, down + same + up, confidence_level=level)
    found = bounds([down, same, up], [-1, 0, 1], level)
    assert found == pytest.approx([float(bound) for bound in expected], abs=1e-9)


@given(COUNTS, LEVEL, st.floats(0.01, 100), st.floats(-100, 100), st.sampled_from([1.0, -1.0]))
@examples(50)
def test_another_scale_moves_the_interval_with_it(
    counts: list[float], level: float, stretch: float, shift: float, direction: float
) -> None:
    """Answers of 0 to 4, of 1 to 5, in percent or turned round: one interval."""
    values = np.arange(len(counts), dtype=float) ** 1.5
    lower, upper = bounds(counts, values.tolist(), level)
    moved = bounds(counts, (direction * stretch * values + shift).tolist(), level)
    expected = sorted((direction * stretch * lower + shift, direction * stretch * upper + shift))
    assert moved == pytest.approx(expected, rel=1e-9, abs=1e-9 * stretch * values[-1])


@given(COUNTS, LEVEL)
@examples(50)
def test_the_interval_stays_on_the_scale_with_a_width_around_the_mean(
    counts: list[float], level: float
) -> None:
    values = list(range(1, len(counts) + 1))
    lower, upper = bounds(counts, values, level)
    assert 1 <= lower < upper <= len(counts)
    if sum(counts):
        assert lower - 1e-12 <= np.dot(counts, values) / sum(counts) <= upper + 1e-12
    else:
        assert (lower, upper) == (1, len(counts))


@given(COUNTS, st.floats(1, 100), LEVEL)
@examples(50)
def test_the_same_answers_again_narrow_the_interval(counts: list[float], times: float, level: float) -> None:
    values = list(range(len(counts)))
    lower, upper = bounds(counts, values, level)
    inner = bounds([times * count for count in counts], values, level)
    assert lower - 1e-9 <= inner[0]
    assert inner[1] <= upper + 1e-9


@given(st.permutations(range(5)), st.lists(COUNT, min_size=5, max_size=5))
@examples(30)
def test_the_order_of_the_values_and_cutting_one_in_two_change_nothing(
    order: list[int], counts: list[float]
) -> None:
    values = [1.0, 2.0, 3.0, 4.0, 5.0]
    expected = pytest.approx(bounds(counts, values), abs=1e-9)
    assert bounds([counts[at] for at in order], [values[at] for at in order]) == expected
    halves = [counts[0] / 2, counts[0] / 2, *counts[1:]]
    assert bounds(halves, [1.0, *values]) == expected


def constrained_variance(counts: FloatArray, values: FloatArray, mean: float) -> float:
    """Variance under the most likely shares of a given mean: the dual problem, solved value by value.

    Mass on the end that nobody named is tried by itself, by a search over how much of it there is.
    """
    n, seen = counts.sum(), counts > 0
    side = 1.0 if mean >= counts @ values / n else -1.0
    end = values.max() if side > 0 else values.min()

    def inner(target: float) -> tuple[float, FloatArray]:
        away = values[seen] - target
        if np.ptp(values[seen]) == 0 or away.max() <= 1e-12 or away.min() >= -1e-12:
            return -math.inf, np.zeros(away.size)
        least, most = -1 / away.max(), -1 / away.min()
        room = 1e-10 * (most - least)
        slope = optimize.brentq(
            lambda t: np.sum(counts[seen] * away / (1 + t * away)), least + room, most - room
        )
        shares = counts[seen] / n / (1 + slope * away)
        return float(counts[seen] @ np.log(shares)), shares

    def with_end(mass: float) -> tuple[float, float]:
        """Log-likelihood and variance with some mass on the end, on top of what the answers have."""
        rest = (mean - mass * end) / (1 - mass)
        if np.ptp(values[seen]) == 0:
            level = -abs(rest - values[seen][0]) * 1e12
            return level, mass * (end - mean) ** 2 + (1 - mass) * (rest - mean) ** 2
        log_likelihood, shares = inner(rest)
        spread = (1 - mass) * shares @ (values[seen] - mean) ** 2 + mass * (end - mean) ** 2
        return log_likelihood + n * math.log1p(-mass), float(spread)

    if np.ptp(values[seen]) == 0:
        only = values[seen][0]
        mass = (mean - only) / (end - only)
        return float(mass * (end - mean) ** 2 + (1 - mass) * (only - mean) ** 2)
    most = (
        (mean - values[seen].min()) / (end - values[seen].min())
        if side > 0
        else ((values[seen].max() - mean) / (values[seen].max() - end))
    )
    grid = np.linspace(0, most * (1 - 1e-9), 400)
    best = int(np.argmax([with_end(mass)[0] for mass in grid]))
    found = optimize.minimize_scalar(
        lambda mass: -with_end(mass)[0],
        bounds=(grid[max(best - 1, 0)], grid[min(best + 1, 399)]),
        method="bounded",
        options={"xatol": 1e-12},
    ).x
    return max((with_end(0.0), with_end(float(found))))[1]


@pytest.mark.parametrize(
    "counts",
    [[3, 0, 2, 5, 9], [0, 0, 0, 0, 10], [0, 0, 7, 0, 0], [0, 3, 4, 0, 0], [1, 0, 0, 0, 12], [0, 2, 0, 5, 0]],
)
@pytest.mark.parametrize("level", [0.5, 0.95])
def test_bounds_solve_the_score_equation_of_a_slow_twin(counts: list[float], level: float) -> None:
    z, n, values = stats.norm.isf((1 - level) / 2), np.array(counts, dtype=float), np.arange(1.0, 6.0)
    mean = n @ values / n.sum()
    for bound in bounds(counts, values.tolist(), level):
        if bound in {1.0, 5.0}:
            continue
        variance = constrained_variance(n, values, bound)
        assert abs(mean - bound) == pytest.approx(z * math.sqrt(variance / n.sum()), rel=2e-4)


@given(COUNTS)
@examples(30)
def test_between_the_bounds_no_mean_is_rejected_and_outside_every_one(counts: list[float]) -> None:
    """More confidence never narrows it, so that what is held is one stretch."""
    assume(sum(counts) > 0)
    values = list(range(len(counts)))
    found = np.array([bounds(counts, values, level) for level in (0.3, 0.6, 0.9, 0.99)])
    assert (np.diff(found[:, 0]) <= 1e-12).all()
    assert (np.diff(found[:, 1]) >= -1e-12).all()


def test_coverage_of_the_mean_of_five_values_by_counting_every_outcome() -> None:
    """Eight answers on a scale from 1 to 5: at least 92 % for every kind of answers tried here."""
    n, values = 8, np.arange(1.0, 6.0)
    grids = np.meshgrid(*4 * [np.arange(n + 1)], indexing="ij")
    outcomes = np.stack([grid.ravel() for grid in grids], axis=1)
    outcomes = outcomes[outcomes.sum(axis=1) <= n]
    outcomes = np.column_stack([outcomes, n - outcomes.sum(axis=1)])
    lower, upper = multinomial_score_interval(outcomes, values)
    held = []
    for shares in (
        [0.2] * 5,
        [0.1, 0.1, 0.2, 0.3, 0.3],
        [0.5, 0, 0, 0, 0.5],
        [0.02, 0.02, 0.04, 0.2, 0.72],
        [0, 0, 0.9, 0.1, 0],
    ):
        chance = stats.multinomial.pmf(outcomes, n, shares)
        truth = np.dot(shares, values)
        held.append(chance @ ((lower <= truth + 1e-12) & (truth - 1e-12 <= upper)))
    assert min(held) > 0.92


def test_arrays_of_counts_agree_with_one_by_one() -> None:
    counts = np.random.default_rng(3).integers(0, 9, size=(4, 3, 5))
    lower, upper = multinomial_score_interval(counts, [1, 2, 3, 4, 5])
    assert lower.shape == upper.shape == (4, 3)
    for index in np.ndindex(4, 3):
        alone = bounds(counts[index].tolist(), [1, 2, 3, 4, 5])
        assert (lower[index], upper[index]) == pytest.approx(tuple(alone), abs=1e-12)
    assert multinomial_score_interval(np.zeros((0, 2)), [0, 1])[0].shape == (0,)


@pytest.mark.parametrize("level", [0.5, 0.95, 0.999999])
def test_a_billion_answers_and_next_to_none(level: float) -> None:
    lower, upper = bounds([0, 0, 1e9], [1, 3, 5], level)
    assert 5 - 1e-6 < lower < upper == 5
    lower, upper = bounds([2e8, 3e8, 5e8], [-1, 0, 1], level)
    error = math.sqrt((0.7 - 0.09) / 1e9) * stats.norm.isf((1 - level) / 2)
    assert (lower, upper) == pytest.approx((0.3 - error, 0.3 + error), abs=1e-8)
    lower, upper = bounds([1e-9, 0, 1e-9], [1, 3, 5], level)
    assert (lower, upper) == pytest.approx((1, 5), abs=1e-6)


@pytest.mark.parametrize(
    ("counts", "values", "message"),
    [
        ([1, 2, 3], [1, 2], r"`counts` must have one number a value, got shape \(3,\) for 2 values"),
        (7, [1, 2], r"`counts` must have one number a value, got shape \(\) for 2 values"),
        ([1, 2], [3, 3], r"`values` must be at least two different numbers, got an array of shape \(2,\)"),
        ([1], [3], "`values` must be at least two different numbers"),
        (
            [[1, 2]],
            [[1, 2]],
            r"`values` must be at least two different numbers, got an array of shape \(1, 2\)",
        ),
        (
            [1, -2],
            [0, 1],
            r"`counts` must be a finite number at least 0, got -2 at position 1 \(1 of 2 values\)",
        ),
        ([1, 2], [0, math.inf], "`values` must be a finite number, got inf at position 1"),
        ([1, 2], [-1e308, 1e308], "`values` must be less than 1.8e308 apart, got -1e[+]308 to 1e[+]308"),
    ],
)
def test_counts_and_values_that_do_not_fit_are_refused(counts: object, values: object, message: str) -> None:
    with pytest.raises(InvalidInputError, match=message):
        multinomial_score_interval(counts, values)  # type: ignore[arg-type]


def test_a_level_outside_0_and_1_is_refused() -> None:
    with pytest.raises(InvalidInputError, match="`confidence_level` must be"):
        multinomial_score_interval([1, 2], [0, 1], confidence_level=0.0)

"""Scores that borrow strength: laws, small groups, and how often the bounds hold the truth."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from customer_centric.errors import InvalidInputError
from customer_centric.intervals import tango_interval
from customer_centric.nps import shrink_nps
from effort import examples

counts = st.lists(st.tuples(*[st.integers(0, 40)] * 3), min_size=1, max_size=12)


@given(rows=counts)
@examples(80)
def test_laws(rows: list[tuple[int, int, int]]) -> None:
    """Between the score and the grand mean, inside the scale, never certain, whatever the groups."""
    p, q, d = np.array(rows).T
    found = shrink_nps(p, q, d)
    some = p + q + d > 0
    if not some.any():
        assert np.isnan(found.shrunken).all()
        return
    score = found.score[some]
    assert (found.shrunken[some] >= np.minimum(score, found.grand_mean) - 1e-9).all()
    assert (found.shrunken[some] <= np.maximum(score, found.grand_mean) + 1e-9).all()
    assert found.shrunken[~some] == pytest.approx(np.full(int((~some).sum()), found.grand_mean))
    assert ((found.lower >= -100) & (found.upper <= 100)).all()
    assert (found.lower <= found.shrunken + 1e-9).all()
    assert (found.shrunken <= found.upper + 1e-9).all()
    assert (found.upper > found.lower).all()
    assert ((found.weight >= 0) & (found.weight <= 1)).all()
    assert found.between_sd >= 0


@given(rows=counts)
@examples(40)
def test_promoters_and_detractors_mirror(rows: list[tuple[int, int, int]]) -> None:
    p, q, d = np.array(rows).T
    found, mirrored = shrink_nps(p, q, d), shrink_nps(d, q, p)
    np.testing.assert_allclose(mirrored.shrunken, -found.shrunken, rtol=1e-6, atol=1e-6)
    np.testing.assert_allclose(mirrored.lower, -found.upper, rtol=1e-6, atol=1e-6)
    np.testing.assert_allclose(mirrored.weight, found.weight, rtol=1e-6, atol=1e-9)


def test_small_groups_are_drawn_more_than_large_ones() -> None:
    found = shrink_nps([4, 40, 400, 100, 60], [0, 0, 0, 60, 60], [0, 0, 0, 60, 80])
    assert (np.diff(found.weight[:3]) > 0).all()
    assert (np.diff(found.shrunken[:3]) > 0).all()
    assert (np.diff(found.upper - found.lower)[:2] < 0).all()


def test_a_unanimous_small_group_is_not_certain() -> None:
    """Two promoters among groups around 0 tell next to nothing."""
    found = shrink_nps([2, 30, 35, 28, 32], [0, 30, 30, 30, 30], [0, 30, 25, 32, 28])
    assert found.score[0] == 100
    assert found.shrunken[0] < 60
    assert found.lower[0] < 0


def test_groups_that_are_all_unanimous_are_not_certain_either() -> None:
    found = shrink_nps([5] * 6, [0] * 6, [0] * 6)
    assert found.shrunken == pytest.approx(np.full(6, 100.0))
    assert (found.lower < 95).all()


@pytest.mark.parametrize("k", [1, 2, 3])
def test_a_few_groups_keep_their_scores_and_score_intervals(k: int) -> None:
    p, q, d = (np.array(values[:k]) for values in ([10, 3, 50], [0, 4, 30], [0, 5, 20]))
    found = shrink_nps(p, q, d)
    lower, upper = tango_interval(p, d, p + q + d)
    np.testing.assert_allclose(found.shrunken, 100 * (p - d) / (p + q + d))
    np.testing.assert_allclose(found.lower, 100 * lower)
    np.testing.assert_allclose(found.upper, 100 * upper)


def test_a_group_without_answers_has_the_grand_mean() -> None:
    found = shrink_nps([5, 8, 2, 9, 0], [3, 3, 3, 3, 0], [2, 0, 7, 1, 0])
    assert np.isnan(found.score[-1])
    assert found.shrunken[-1] == found.grand_mean
    assert (found.lower[-1], found.upper[-1], found.weight[-1]) == (-100, 100, 0)


def test_no_group_at_all() -> None:
    found = shrink_nps([], [], [])
    assert found.shrunken.size == 0
    assert np.isnan(found.grand_mean)


@pytest.mark.parametrize("spread", [0.1, 0.25])
@pytest.mark.parametrize("k", [6, 30])
def test_the_bounds_hold_the_truth_as_often_as_they_say(k: int, spread: float) -> None:
    """Groups of 5 to 60 answers; shrunken scores are also nearer to the truth than raw ones."""
    rng = np.random.default_rng(7)
    held, shrunken_error, raw_error = [], [], []
    for _ in range(200):
        n = rng.integers(5, 61, k)
        net = np.clip(0.2 + spread * rng.standard_normal(k), -0.74, 0.74)
        shares = np.column_stack([(0.75 + net) / 2, np.full(k, 0.25), (0.75 - net) / 2])
        p, q, d = rng.multinomial(n, shares).T
        found = shrink_nps(p, q, d)
        held.append(((found.lower <= 100 * net) & (100 * net <= found.upper)).mean())
        shrunken_error.append(((found.shrunken - 100 * net) ** 2).mean())
        raw_error.append(((found.score - 100 * net) ** 2).mean())
    assert np.mean(held) > 0.93
    assert np.mean(shrunken_error) < 0.9 * np.mean(raw_error)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (([-1, 2], [0, 0], [1, 1]), "`promoters` must be a finite number at least 0, got -1 at position 0"),
        (([1, 2], [0, np.nan], [1, 1]), "`passives` must be a finite number at least 0, got nan"),
        (([1, 2], [0, 0], ["x", "y"]), "`detractors` must be numbers"),
        (([1, 2], [0, 0, 0], [1, 1]), "lengths must agree"),
        ((1, 2, 3), "`promoters` must be one number a group"),
    ],
)
def test_counts_that_are_none_are_refused(arguments: Any, message: str) -> None:
    with pytest.raises(InvalidInputError, match=message):
        shrink_nps(*arguments)


def test_a_confidence_level_in_percent_is_refused() -> None:
    with pytest.raises(InvalidInputError, match=r"`confidence_level` must be .* 95 % is written 0.95"):
        shrink_nps([1], [1], [1], confidence_level=95)

"""Competing outcomes: by hand, by one less the survival curve, and by resampling."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from customer_centric._methods.incidence import aalen_johansen
from customer_centric._methods.survival import kaplan_meier
from effort import examples


@st.composite
def outcomes(draw: st.DrawFn, *, n_causes: int = 3, max_size: int = 25) -> tuple[list[float], list[int]]:
    n = draw(st.integers(1, max_size))
    return (
        draw(st.lists(st.integers(0, 10).map(float), min_size=n, max_size=n)),
        draw(st.lists(st.integers(-1, n_causes - 1), min_size=n, max_size=n)),
    )


def slow_incidence(duration: list[float], cause: list[int], which: int, at: float) -> float:
    """The sum, one moment after the other."""
    survival, total = 1.0, 0.0
    for moment in sorted(set(duration)):
        if moment > at:
            break
        at_risk = sum(stay >= moment for stay in duration)
        here = [c for stay, c in zip(duration, cause, strict=True) if stay == moment and c >= 0]
        total += survival * here.count(which) / at_risk
        survival *= 1 - len(here) / at_risk
    return total


@given(outcomes())
@examples(60)
def test_incidences_and_survival_sum_to_one_and_are_those_counted_by_hand(
    world: tuple[list[float], list[int]],
) -> None:
    duration, cause = world
    found = aalen_johansen(duration, np.array(cause), n_causes=3)
    assert found.incidence.sum(axis=0) + found.survival == pytest.approx(np.ones(found.duration.size))
    for k in range(3):
        slow = [slow_incidence(duration, cause, k, at) for at in found.duration]
        assert found.incidence[k] == pytest.approx(slow, abs=1e-12)
    assert (found.lower >= 0).all()
    assert (found.upper <= 1).all()
    assert (found.lower <= found.incidence).all()
    assert (found.incidence <= found.upper).all()
    # Of so few nothing is known for sure.
    assert (found.upper - found.lower > 0.01).all()


@given(outcomes(n_causes=1))
@examples(60)
def test_one_outcome_is_one_less_the_survival_curve(world: tuple[list[float], list[int]]) -> None:
    """With its error and its bounds, wherever some are left."""
    duration, cause = world
    found = aalen_johansen(duration, np.array(cause), n_causes=1)
    curve = kaplan_meier(duration, np.array(cause) >= 0)
    assert found.incidence[0] == pytest.approx(1 - curve.survival)
    inside = (curve.survival > 0) & (curve.survival < 1)
    assert found.standard_error[0][inside] == pytest.approx(curve.standard_error[inside])
    assert found.lower[0][inside] == pytest.approx(1 - curve.upper[inside])
    assert found.upper[0][inside] == pytest.approx(1 - curve.lower[inside])


def test_weights_are_copies() -> None:
    duration, cause = [1.0, 2.0, 2.0, 4.0], np.array([0, 1, -1, 0])
    heavy = aalen_johansen(duration, cause, n_causes=2, weights=[3, 1, 2, 2])
    copies = np.repeat(np.arange(4), [3, 1, 2, 2])
    plain = aalen_johansen(np.array(duration)[copies], cause[copies], n_causes=2)
    for name in ("incidence", "standard_error", "lower", "upper", "survival"):
        assert getattr(heavy, name) == pytest.approx(getattr(plain, name))


def test_without_censoring_errors_are_binomial() -> None:
    """Everybody is followed: shares of each outcome by each time are plain proportions."""
    rng = np.random.default_rng(1)
    duration, cause = rng.integers(1, 8, 200).astype(float), rng.integers(0, 2, 200)
    found = aalen_johansen(duration, cause, n_causes=2)
    for k in range(2):
        share = np.array([((duration <= t) & (cause == k)).mean() for t in found.duration])
        assert found.incidence[k] == pytest.approx(share)
        assert found.standard_error[k] == pytest.approx(np.sqrt(share * (1 - share) / 200))


def test_bounds_hold_the_truth_as_often_as_they_say() -> None:
    """95 % bounds of two exponential outcomes, rates 1 and 0.5, censored at random: 300 worlds of 60."""
    rng = np.random.default_rng(2)
    truth = np.array([2 / 3, 1 / 3]) * (1 - math.exp(-1.5 * 0.8))
    held = np.zeros(2)
    for _ in range(300):
        life, cause = rng.exponential(1 / 1.5, 60), (rng.random(60) < 1 / 3).astype(int)
        seen = rng.uniform(0.2, 2.5, 60)
        found = aalen_johansen(np.minimum(life, seen), np.where(life <= seen, cause, -1), n_causes=2)
        step = np.searchsorted(found.duration, 0.8, side="right") - 1
        held += (found.lower[:, step] <= truth) & (truth <= found.upper[:, step])
    assert (held >= 300 * 0.95 - 3 * math.sqrt(300 * 0.0475)).all()

"""Wilson's interval: published numbers, the equation that it solves, and its edges."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from customer_centric.errors import InvalidInputError
from customer_centric.intervals import wilson_interval

LEVEL = st.floats(0.01, 0.999)


@pytest.mark.parametrize(
    ("successes", "n", "lower", "upper"),
    [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611), (1, 29, 0.0061, 0.1718)],
)
def test_wilson_matches_newcombe_1998_table_1(successes: int, n: int, lower: float, upper: float) -> None:
    bounds = wilson_interval(successes, n)
    assert [float(bound) for bound in bounds] == [
        pytest.approx(lower, abs=5e-5),
        pytest.approx(upper, abs=5e-5),
    ]


@given(st.integers(1, 10**6), st.data(), LEVEL)
def test_wilson_solves_the_score_equation_and_mirrors(n: int, data: st.DataObject, level: float) -> None:
    """At a bound the score statistic is the normal quantile; failures have the mirrored interval."""
    hits = data.draw(st.integers(0, n))
    lower, upper = (float(bound) for bound in wilson_interval(hits, n, confidence_level=level))
    assert 0 <= lower <= hits / n <= upper <= 1
    z = stats.norm.isf((1 - level) / 2)
    for bound in (lower, upper):
        if 0 < bound < 1:
            assert (hits / n - bound) ** 2 * n == pytest.approx(
                z**2 * bound * (1 - bound), rel=1e-6, abs=1e-9
            )
    mirrored = [1 - float(bound) for bound in wilson_interval(n - hits, n, confidence_level=level)]
    assert mirrored == [pytest.approx(upper, abs=1e-12), pytest.approx(lower, abs=1e-12)]


def test_wilson_edges() -> None:
    lower, upper = wilson_interval([0, 0, 5, 2.5], [0, 5, 5, 5])
    assert lower[:2].tolist() == [0.0, 0.0]
    assert upper[[0, 2]].tolist() == [1.0, 1.0]
    assert 0 < lower[2] < 1
    assert 0 < upper[1] < 1
    with pytest.raises(
        InvalidInputError, match=r"`successes` must be at most `n`, got 3 at position 1 \(1 of 2"
    ):
        wilson_interval([1, 3], 2)
    with pytest.raises(InvalidInputError, match="`n` must be a finite number at least 0, got nan"):
        wilson_interval(0, math.nan)


@pytest.mark.parametrize("level", [0.5, 0.95, 0.999999])
def test_wilson_of_a_billion_and_of_next_to_nothing(level: float) -> None:
    hits, n = np.array([0, 1, 5e8, 1e9, 0, 5e-10, 1e-9]), np.array([1e9] * 4 + [1e-9] * 3)
    lower, upper = wilson_interval(hits, n, confidence_level=level)
    assert ((lower >= 0) & (lower <= hits / n) & (hits / n <= upper) & (upper <= 1)).all()
    assert (lower < upper).all()
    assert (upper[:4] - lower[:4] < 2e-4).all()
    assert (upper[4:] - lower[4:] > 0.9999999).all()

"""Garwood's interval: published limits, and half of the error on either side."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from customer_centric.errors import InvalidInputError
from customer_centric.intervals import garwood_interval

LEVEL = st.floats(0.01, 0.999)


@pytest.mark.parametrize(
    ("count", "lower", "upper"),
    [(0, 0.0, 3.689), (1, 0.0253, 5.572), (2, 0.242, 7.225), (5, 1.623, 11.668), (10, 4.795, 18.390)],
)
def test_garwood_matches_the_published_95_percent_limits(count: int, lower: float, upper: float) -> None:
    bounds = [float(bound) for bound in garwood_interval(count)]
    assert bounds == [pytest.approx(lower, abs=5e-4), pytest.approx(upper, abs=5e-4)]


@given(st.integers(0, 10**5), st.floats(1e-3, 1e6), LEVEL)
def test_garwood_bounds_leave_half_the_error_on_each_side(count: int, exposure: float, level: float) -> None:
    lower, upper = (
        float(bound) for bound in garwood_interval(count, exposure=exposure, confidence_level=level)
    )
    assert 0 <= lower <= count / exposure <= upper or level < 0.5
    tail = (1 - level) / 2
    assert stats.poisson.cdf(count, upper * exposure) == pytest.approx(tail, rel=1e-6)
    if count:
        assert stats.poisson.sf(count - 1, lower * exposure) == pytest.approx(tail, rel=1e-6)


def test_garwood_refuses() -> None:
    with pytest.raises(InvalidInputError, match=r"`count` must be a whole number at least 0, got 1.5"):
        garwood_interval(1.5)
    with pytest.raises(InvalidInputError, match="`exposure` must be a finite number greater than 0, got 0"):
        garwood_interval(np.array([1]), exposure=0.0)

"""The delta method: on its scale symmetric, in its range, never NaN."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from customer_centric.errors import InvalidInputError
from customer_centric.intervals import normal_interval
from customer_centric.intervals.normal import normal_quantile

LEVEL = st.floats(0.01, 0.999)


def test_normal_interval_is_symmetric_on_its_scale() -> None:
    z = 1.959963984540054
    lower, upper = normal_interval(10.0, 2.0)
    assert (lower, upper) == (pytest.approx(10 - 2 * z), pytest.approx(10 + 2 * z))
    lower, upper = normal_interval(10.0, 2.0, scale="log")
    assert (lower, upper) == (pytest.approx(10 * math.exp(-0.2 * z)), pytest.approx(10 * math.exp(0.2 * z)))
    lower, upper = normal_interval(0.2, 0.05, scale="logit")
    odds = 0.25
    ratio = math.exp(0.05 / 0.16 * z)
    assert lower == pytest.approx(odds / ratio / (1 + odds / ratio))
    assert upper == pytest.approx(odds * ratio / (1 + odds * ratio))


@given(
    st.floats(0, 1),
    st.one_of(st.just(0.0), st.floats(0, 1e6), st.just(math.inf)),
    LEVEL,
    st.sampled_from(("identity", "log", "logit")),
)
def test_normal_interval_is_never_nan_and_holds_the_estimate(
    estimate: float, error: float, level: float, scale: str
) -> None:
    lower, upper = normal_interval(estimate, error, confidence_level=level, scale=scale)
    assert lower <= estimate <= upper
    if scale != "identity":
        assert lower >= 0
    if scale == "logit":
        assert upper <= 1
    if error == 0:
        assert lower == estimate == upper


def test_ends_of_the_range_get_an_interval_with_a_width() -> None:
    z = 1.959963984540054
    assert [float(bound) for bound in normal_interval(0.0, 0.1, scale="log")] == [0.0, pytest.approx(0.1 * z)]
    assert [float(bound) for bound in normal_interval(0.0, 0.1, scale="logit")] == [
        0.0,
        pytest.approx(0.1 * z),
    ]
    assert [float(bound) for bound in normal_interval(1.0, 0.1, scale="logit")] == [
        pytest.approx(1 - 0.1 * z),
        1.0,
    ]
    assert [float(bound) for bound in normal_interval(1e-300, 1.0, scale="log")] == [0.0, math.inf]
    assert [float(bound) for bound in normal_interval(0.0, 1e6, scale="log")] == [0.0, pytest.approx(1e6 * z)]
    assert [float(bound) for bound in normal_interval(0.0, math.inf, scale="log")] == [0.0, math.inf]
    assert [float(bound) for bound in normal_interval(1.0, math.inf, scale="logit")] == [0.0, 1.0]


def test_normal_interval_takes_columns() -> None:
    lower, upper = normal_interval([1.0, 2.0, 0.0], 0.5, scale="log")
    assert lower.shape == upper.shape == (3,)
    assert (lower < upper).all()


@pytest.mark.parametrize(
    ("estimate", "error", "scale", "message"),
    [
        (-1.0, 1.0, "log", "`estimate` must be a finite number at least 0, got -1"),
        (1.5, 1.0, "logit", "`estimate` must be a finite number at least 0 and at most 1, got 1.5"),
        (1.0, -1.0, "identity", "`standard_error` must be a number at least 0, got -1"),
        (1.0, math.nan, "identity", "`standard_error` must be a number at least 0, got nan"),
        (1.0, 1.0, "probit", "`scale` must be one of 'identity', 'log', 'logit', got 'probit'"),
        ([1.0, 2.0], [1.0, 2.0, 3.0], "log", "lengths must agree or be 1"),
    ],
)
def test_normal_interval_refuses(estimate: float, error: float, scale: str, message: str) -> None:
    with pytest.raises(InvalidInputError, match=message):
        normal_interval(estimate, error, scale=scale)  # type: ignore[arg-type]


@pytest.mark.parametrize("level", [5e-324, 1e-300, 1e-17, 1e-9, 0.3, 0.5, 0.95, 1 - 2**-53])
def test_quantile_is_positive_at_every_level(level: float) -> None:
    """Were it 0 at a tiny level, an infinite standard error would give NaN."""
    z = normal_quantile(level)
    assert z > 0
    if level > 1e-10:
        assert z == pytest.approx(stats.norm.isf((1 - level) / 2), rel=1e-9)
    elif level > 1e-300:
        assert z == pytest.approx(level * math.sqrt(math.pi / 2), rel=1e-12)
    lower, upper = normal_interval(0.0, np.inf, confidence_level=level)
    assert (lower, upper) == (-np.inf, np.inf)

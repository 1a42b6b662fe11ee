"""Every interval holds its estimate, stays in range and is never NaN; the methods match published numbers."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from customer_centric.errors import InvalidInputError
from customer_centric.intervals import Interval, garwood_interval, normal_interval, wilson_interval

LEVEL = st.floats(0.01, 0.999)


# ── Interval ────────────────────────────────────────────────────────────────────────────────────────


def test_interval_holds_its_bounds_and_knows_its_width() -> None:
    interval = Interval(2.0, 5.0, 0.9)
    assert [interval.contains(value) for value in (1.9, 2.0, 5.0, 5.1, math.nan)] == [
        False,
        True,
        True,
        False,
        False,
    ]
    assert interval.width == 3.0
    assert Interval(math.inf, math.inf, 0.9).width == 0.0
    assert Interval(-math.inf, math.inf, 0.9).width == math.inf


@pytest.mark.parametrize(
    ("bounds", "message"),
    [
        ((2.0, 1.0, 0.9), "`lower` must be at most `upper`, got 2 and 1"),
        ((math.nan, 1.0, 0.9), "`lower` must be a number, got nan"),
        ((0.0, math.nan, 0.9), "`upper` must be a number, got nan"),
        ((0.0, 1.0, 95), "`confidence_level` must be .*, got 95; 95 % is written 0.95"),
    ],
)
def test_interval_refuses(bounds: tuple[float, float, float], message: str) -> None:
    with pytest.raises(InvalidInputError, match=message):
        Interval(*bounds)


# ── Delta method ────────────────────────────────────────────────────────────────────────────────────


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


# ── Wilson ──────────────────────────────────────────────────────────────────────────────────────────


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


# ── Garwood ─────────────────────────────────────────────────────────────────────────────────────────


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

"""How often is best: the top of a curve, its interval, and the honest answer that there is none."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import t as student

from customer_centric.errors import InvalidInputError
from customer_centric.segments import optimal_frequency, relative_frequency
from effort import examples


@given(st.floats(0, 1e3), st.floats(0.01, 1e3), st.floats(0.1, 10))
def test_nearness_is_between_0_and_1_whatever_the_unit(f: float, best: float, unit: float) -> None:
    """phi = f / f*: min(1, phi), or min(phi, 1 / phi)."""
    capped = float(relative_frequency(f, best))
    two_sided = float(relative_frequency(f, best, method="two_sided"))
    phi = f / best
    assert capped == pytest.approx(min(1.0, phi))
    assert two_sided == pytest.approx(min(phi, 1 / phi) if phi else 0.0)
    assert 0 <= two_sided <= capped <= 1
    assert float(relative_frequency(f * unit, best * unit)) == pytest.approx(capped)
    assert float(relative_frequency(f * 1.5, best)) >= capped


@given(st.floats(2, 10), st.floats(0.1, 5), st.floats(-50, 50), st.integers(0, 99), st.floats(0.2, 20))
@examples(40)
def test_the_optimum_of_a_curve_is_found_in_any_unit(
    best: float, bend: float, top: float, chance: int, unit: float
) -> None:
    rng = np.random.default_rng(chance)
    f = rng.uniform(0, 12, 60)
    c = top - bend * (f - best) ** 2
    exact = optimal_frequency(f, c)
    assert exact.optimum == pytest.approx(best, abs=1e-6)
    assert exact.contribution_at_optimum == pytest.approx(top, abs=1e-6)
    assert exact.curvature == pytest.approx(-bend)
    noisy = c + rng.normal(0, 1, 60)
    found, other = optimal_frequency(f, noisy), optimal_frequency(f * unit, 3 * noisy)
    if np.isnan(found.optimum):
        return
    assert other.optimum == pytest.approx(unit * found.optimum, rel=1e-6)
    assert found.interval is not None
    assert other.interval is not None
    assert other.interval.upper == pytest.approx(unit * found.interval.upper, rel=1e-6)
    assert found.interval.contains(found.optimum)
    assert found.lowest <= found.interval.lower
    assert found.interval.upper <= found.highest


def test_the_bounds_are_where_the_slope_is_not_significant() -> None:
    """Fieller's bounds by their definition, with the textbook's HC3 covariance of the raw powers."""
    rng = np.random.default_rng(3)
    f = rng.uniform(1, 12, 80)
    c = 40 - (f - 6) ** 2 + rng.normal(0, 2 + f / 4, 80)
    found = optimal_frequency(f, c)
    x = np.vander(f, 3, increasing=True)
    inverse = np.linalg.inv(x.T @ x)
    beta = inverse @ x.T @ c
    hat = np.einsum("ij,jk,ik->i", x, inverse, x)
    covariance = inverse @ (x.T * ((c - x @ beta) / (1 - hat)) ** 2) @ x @ inverse
    assert found.interval is not None
    for bound in (found.interval.lower, found.interval.upper):
        slope = np.array([0, 1, 2 * bound])
        ratio = abs(slope @ beta) / np.sqrt(slope @ covariance @ slope)
        assert ratio == pytest.approx(student.ppf(0.975, 77), rel=1e-6)


def test_no_optimum_is_said_and_not_made_up() -> None:
    more = optimal_frequency([1, 2, 3, 4, 5, 6], [1, 2, 3.1, 4, 5.2, 6])
    assert np.isnan(more.optimum)
    assert more.interval is None
    assert more.reason == "the contribution is greatest at the highest frequency seen"
    assert "no optimal frequency between 1 and 6" in more._repr_html_()
    less = optimal_frequency([1, 2, 3, 4, 5], [9, 4, 2, 1, 0.9])
    assert less.reason == "the contribution is greatest at the lowest frequency seen"
    two = optimal_frequency([1, 1, 2, 2, 2], [1, 2, 3, 4, 5])
    assert two.reason == "a curve needs three different frequencies or more"
    exact = optimal_frequency([1, 2, 3, 4, 5], [0, 3, 4, 3, 0])
    assert exact.optimum == pytest.approx(3)
    assert exact.interval is None
    assert "all customers lie on one curve" in str(exact.reason)
    noise = np.random.default_rng(0).normal(0, 5, 12)
    vague = optimal_frequency(np.arange(12.0), noise - 0.02 * (np.arange(12) - 6) ** 2)
    if not np.isnan(vague.optimum):
        assert vague.interval is not None
        assert vague.interval.width > 5
        assert "optimal frequency" in str(vague)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"f": [1, 2, 3, 4]}, "for at least 5 customers"),
        ({"f": [-1, 2, 3, 4, 5]}, "`frequency_per_period` must be .* at least 0, got -1"),
        ({"c": [1, 2, 3, 4, np.nan]}, "`net_contribution` must be a finite number"),
    ],
)
def test_refusals(arguments: dict[str, Any], message: str) -> None:
    call: dict[str, Any] = {"f": [1, 2, 3, 4, 5], "c": [1, 2, 3, 4, 5]} | arguments
    with pytest.raises(InvalidInputError, match=message):
        optimal_frequency(call["f"], call["c"])
    with pytest.raises(InvalidInputError, match=r"`optimum` must be .* greater than 0"):
        relative_frequency([1], 0)
    with pytest.raises(InvalidInputError, match="`method` must be one of"):
        relative_frequency([1], 1, method="both")  # type: ignore[arg-type]

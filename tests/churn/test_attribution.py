"""Shares of churn that go with a cause: stated by customers, and seen in who leaves."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from customer_centric.churn import attributable_churn, stated_cause
from customer_centric.errors import InvalidInputError

COUNTS = st.tuples(st.integers(0, 50), st.integers(0, 50), st.integers(0, 50)).filter(
    lambda c: c[0] + c[1] > 0
)


@given(COUNTS)
def test_bounds_need_no_assumption(counts: tuple[int, int, int]) -> None:
    """Whatever those who gave no reason would have said, the share of all lies between the bounds."""
    named, other, silent = counts
    found = stated_cause(named, named + other, named + other + silent)
    for of_silent in (0, silent // 2, silent):
        whole = (named + of_silent) / (named + other + silent)
        assert found.lowest - 1e-12 <= whole <= found.highest + 1e-12
    assert found.interval.contains(found.share)
    assert found.interval.width > 0


def test_two_thirds_for_bad_service() -> None:
    found = stated_cause(66, 100, 100)
    assert found.share == found.lowest == found.highest == 0.66
    assert (found.interval.lower, found.interval.upper) == pytest.approx((0.5628, 0.7454), abs=5e-5)


SIDES = st.tuples(st.integers(1, 200), st.integers(0, 200)).map(lambda pair: (min(pair), max(pair)))


@given(SIDES, SIDES)
def test_the_fraction_is_what_would_be_missing(exposed: tuple[int, int], others: tuple[int, int]) -> None:
    a, n1 = min(exposed[0], exposed[1]), max(exposed[1], 1)
    b, n0 = min(others[0], others[1]), max(others[1], 1)
    found = attributable_churn(a, n1, b, n0)
    if a + b == 0:
        assert math.isnan(found.fraction)
        assert found.reason == "nobody was lost"
        return
    expected = b / n0 * (n1 + n0)
    assert found.customers == pytest.approx(a + b - expected)
    assert found.fraction == pytest.approx(found.customers / (a + b))
    assert found.interval is not None
    assert found.interval.lower - 1e-12 <= found.fraction <= found.interval.upper + 1e-12
    assert found.interval.width > 0


def test_levin_and_miettinen_have_the_same_fraction() -> None:
    """p (R - 1) / (1 + p (R - 1)), p the share exposed; and p_c (R - 1) / R, p_c the share of the lost."""
    found = attributable_churn(60, 200, 80, 800)
    p, ratio = 0.2, found.risk_ratio
    assert ratio == pytest.approx(3.0)
    assert found.fraction == pytest.approx(p * (ratio - 1) / (1 + p * (ratio - 1)))
    assert found.fraction == pytest.approx(60 / 140 * (ratio - 1) / ratio)


def test_intervals_hold_what_they_promise() -> None:
    rng = np.random.default_rng(5)
    truth = 1 - 0.1 / (0.2 * 0.3 + 0.8 * 0.1)
    held = 0
    for _ in range(400):
        found = attributable_churn(int(rng.binomial(200, 0.3)), 200, int(rng.binomial(800, 0.1)), 800)
        assert found.interval is not None
        held += found.interval.contains(truth)
    assert held / 400 >= 0.92


def test_edges_are_explained() -> None:
    alone = attributable_churn(5, 10, 0, 10)
    assert (alone.fraction, alone.risk_ratio) == (1.0, math.inf)
    assert alone.interval is not None
    assert alone.interval.lower < 0.5
    assert alone.interval.upper == 1.0
    everybody = attributable_churn(10, 10, 10, 10)
    assert everybody.interval is not None
    assert everybody.interval.lower < everybody.fraction == 0 < everybody.interval.upper


def test_exposed_who_lose_nobody_have_bounds_too() -> None:
    """0 of 10 with the exposure and 5 of 10 without: it may still do harm."""
    found = attributable_churn(0, 10, 5, 10)
    assert found.fraction == -1.0, "twice as many would have been lost without it"
    assert found.reason is None
    assert found.interval is not None
    assert found.interval.lower == -1.0
    assert found.interval.upper > 0


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: stated_cause(5, 4, 10), "`named` <= `answered` <= `lost` must hold, got 5, 4 and 10"),
        (lambda: stated_cause(0, 0, 10), "`answered` must be a whole number at least 1, got 0"),
        (lambda: stated_cause(0.5, 4, 10), "`named` must be a whole number at least 0, got 0.5"),  # type: ignore[arg-type]
        (lambda: attributable_churn(5, 4, 1, 10), "`lost_exposed` must be .* at most 4, got 5"),
        (lambda: attributable_churn(1, 4, 1, 0), "`n_unexposed` must be a whole number at least 1, got 0"),
    ],
)
def test_refusals(call: object, message: str) -> None:
    with pytest.raises(InvalidInputError, match=message):
        call()  # type: ignore[operator]

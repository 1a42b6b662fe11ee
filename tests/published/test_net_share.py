"""Intervals of net shares that others have published or printed, in points."""

from __future__ import annotations

import numpy as np
import pytest

from customer_centric.intervals import (
    jeffreys_net_interval,
    mover_interval,
    tango_interval,
    wald_net_interval,
    wilson_interval,
)
from customer_centric.typing import FloatArray

ROCKS, AGRESTI_MIN, BONETT_PRICE = (0.75, 1.5, 0.75), (0.5, 1.0, 0.5), (1.0, 0.0, 1.0)

# Promoters, passives and detractors; then the bounds by Wald, adjusted Wald, Agresti-Min, Bonett-Price,
# Tango's score and MOVER of Wilson's intervals.
ANSWERS = [
    (50, 30, 20),
    (18, 11, 2),
    (7, 2, 1),
    (10, 0, 0),
    (0, 5, 0),
    (400, 350, 250),
]
BOUNDS = {
    "wald": [(14.692, 45.308), (29.948, 73.278), (18.887, 101.113), (100, 100), (0, 0), (10.090, 19.910)],
    "adjusted_wald": [
        (14.051, 44.201),
        (25.512, 68.605),
        (7.039, 85.268),
        (47.504, 106.343),
        (-30.006, 30.006),
        (10.054, 19.856),
    ],
    "agresti_min": [
        (14.260, 44.563),
        (26.872, 70.098),
        (9.992, 90.008),
        (56.662, 110.005),
        (-27.999, 27.999),
        (10.066, 19.874),
    ],
    "bonett_price": [
        (14.139, 44.685),
        (26.071, 70.899),
        (6.787, 93.213),
        (52.058, 114.609),
        (-39.597, 39.597),
        (10.062, 19.878),
    ],
    "score": [
        (13.955, 44.339),
        (26.092, 69.916),
        (4.892, 85.886),
        (44.493, 100),
        (-43.448, 43.448),
        (10.053, 19.864),
    ],
    "mover": [
        (13.975, 44.176),
        (26.014, 69.145),
        (7.239, 84.446),
        (60.751, 100),
        (-43.448, 43.448),
        (10.051, 19.856),
    ],
}
COUNTS = np.array(ANSWERS, dtype=float)
N = COUNTS.sum(axis=1)


def mover_of_wilson(p: FloatArray, d: FloatArray, n: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Newcombe's square-and-add for two shares of the same answers, with their correlation."""
    shares = np.stack([p, d]) / n
    lower, upper = wilson_interval(np.stack([p, d]), n)
    both = np.prod(1 - shares, axis=0)
    odds = np.divide(np.prod(shares, axis=0), both, out=np.zeros_like(both), where=both > 0)
    return mover_interval(shares, lower, upper, correlation=-np.sqrt(odds))


def assert_bounds(found: tuple[FloatArray, FloatArray], method: str) -> None:
    np.testing.assert_allclose(100 * np.stack(found, axis=1), BOUNDS[method], atol=6e-4)


@pytest.mark.parametrize(
    ("method", "added"),
    [
        ("wald", (0.0, 0.0, 0.0)),
        ("adjusted_wald", ROCKS),
        ("agresti_min", AGRESTI_MIN),
        ("bonett_price", BONETT_PRICE),
    ],
)
def test_wald_family_of_rocks_2016_agresti_min_2005_and_bonett_price_2012(
    method: str, added: tuple[float, float, float]
) -> None:
    assert_bounds(wald_net_interval(COUNTS[:, 0], COUNTS[:, 2], N, added=added), method)


def test_score_interval_of_tango_1998() -> None:
    assert_bounds(tango_interval(COUNTS[:, 0], COUNTS[:, 2], N), "score")


def test_mover_of_wilson_intervals_of_tang_2010() -> None:
    assert_bounds(mover_of_wilson(COUNTS[:, 0], COUNTS[:, 2], N), "mover")


def test_agresti_min_interval_printed_by_the_manual_of_propcis() -> None:
    """`diffpropci.mp(b=40, c=20, n=160)`: the difference c - b of matched proportions."""
    bounds = wald_net_interval(20, 40, 160, added=AGRESTI_MIN)
    assert [float(bound) for bound in bounds] == pytest.approx([-0.21601726, -0.03089632], abs=5e-9)
    assert float(sum(bounds)) / 2 == pytest.approx(-0.1234568, abs=5e-8)


@pytest.mark.parametrize(
    ("positive", "negative", "n", "expected"),
    [(3, 0, 3, (-0.1230, 1.0)), (1, 7, 21, (-0.51723, -0.02600))],
)
def test_tango_intervals_printed_by_contingencytables(
    positive: int, negative: int, n: int, expected: tuple[float, float]
) -> None:
    """The R package of Fagerland, Lydersen and Laake; the second are the airway data of its chapter 8."""
    bounds = tango_interval(positive, negative, n)
    assert [float(bound) for bound in bounds] == pytest.approx(expected, abs=5e-5)


def test_standard_error_and_variance_of_50_30_20_answers() -> None:
    """Half the width over 1.96; and Student's with n - 1."""
    lower, upper = wald_net_interval(50, 20, 100)
    error = 100 * float(upper - lower) / 2 / 1.959963984540054
    assert error == pytest.approx(7.8102, abs=5e-5)
    assert error * np.sqrt(100 / 99) == pytest.approx(7.8496, abs=5e-5)


def test_jeffreys_interval_of_50_30_20_answers() -> None:
    lower, upper = jeffreys_net_interval(50, 20, 100)
    assert (100 * float(lower), 100 * float(upper)) == pytest.approx((14.0167, 44.2727), abs=5e-5)


def test_two_samples_of_zou_and_donner_with_score_limits() -> None:
    """50/30/20 against 65/55/30: a difference of 6.67 points."""
    p, d, n = np.array([50, 65]), np.array([20, 30]), np.array([100, 150])
    lower, upper = tango_interval(p, d, n)
    bounds = mover_interval((p - d) / n, lower, upper)
    assert [100 * float(bound) for bound in bounds] == pytest.approx([-13.204, 25.711], abs=6e-4)


def test_whubers_worked_example_on_cross_validated() -> None:
    """Shares of 1/2, 1/3 and 1/6: an NPS of 1/3 with variance 5/9 an answer."""
    lower, upper = wald_net_interval(3, 1, 6)
    assert float(lower + upper) / 2 == pytest.approx(1 / 3)
    reach = 1.959963984540054 * np.sqrt(5 / 9 / 6)
    assert float(upper - lower) / 2 == pytest.approx(reach)


def test_distribution_of_the_manual_of_the_r_package_nps() -> None:
    """Shares .02 to .35 of the answers 0 to 10: a score of 45 and a variance of .4875."""
    shares = np.array([0.02, 0.01, 0.01, 0.01, 0.01, 0.03, 0.03, 0.09, 0.22, 0.22, 0.35])
    p, d = shares[9:].sum(), shares[:7].sum()
    lower, upper = wald_net_interval(1e4 * p, 1e4 * d, 1e4)
    assert float(lower + upper) / 2 == pytest.approx(0.45)
    assert float(upper - lower) / 2 == pytest.approx(1.959963984540054 * np.sqrt(0.4875 / 1e4))

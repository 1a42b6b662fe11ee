"""Quadratures against closed forms and mpmath."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import betaincinv, betaln

from customer_centric._core.quadrature import beta_nodes, bisect, decay_panels, gauss_legendre
from effort import examples


def powers(low: float, high: float) -> st.SearchStrategy[float]:
    return st.floats(low, high).map(lambda e: float(10.0**e))


@given(powers(-4, 6), powers(-4, 6), powers(-8, 3))
@examples(100)
def test_beta_moments(a: float, b: float, knee: float) -> None:
    """E[p], E[1 - p] and E[p (1 - p)] are known; the weights are a distribution."""
    nodes = beta_nodes(np.array([a]), np.array([b]), np.array([np.log(knee)]))
    p, weight = nodes.p[0], nodes.weight[0]
    assert weight.min() >= 0
    assert weight.sum() == pytest.approx(1, abs=1e-13)
    # The nodes may miss what is below e^-42 of the peak, and no more.
    assert weight @ p == pytest.approx(a / (a + b), rel=1e-11, abs=1e-17)
    assert weight @ (1 - p) == pytest.approx(b / (a + b), rel=1e-9, abs=1e-14)
    assert weight @ (p * (1 - p)) == pytest.approx(a * b / ((a + b) * (a + b + 1)), rel=1e-9, abs=1e-14)


@given(powers(-2, 3), powers(-2, 3), powers(-2, 2), powers(-3, 3))
@examples(60)
def test_means_that_fall_with_p(a: float, b: float, shape: float, u: float) -> None:
    """E[(1 + p u)^-R] by quantiles: the integral over probabilities, with 20,000 of them."""
    nodes = beta_nodes(np.array([a]), np.array([b]), np.array([-np.log(shape) - np.log(u)]))
    ours = float(nodes.weight[0] @ np.exp(-shape * np.log1p(nodes.p[0] * u)))
    level = (np.arange(20_000) + 0.5) / 20_000
    quantile = betaincinv(a, b, level)
    assert ours == pytest.approx(np.exp(-shape * np.log1p(quantile * u)).mean(), rel=2e-3, abs=2e-3)


def test_rows_that_agree_share_their_nodes_to_the_last_bit() -> None:
    a = np.array([1.0, 1.0, 1.0 + 1e-9, 3.7e-8])
    nodes = beta_nodes(a, np.full(4, 2.0), np.zeros(4))
    assert nodes.row[0] == nodes.row[1]
    assert len({int(row) for row in nodes.row}) == 3
    tiny = nodes.weight[nodes.row[3]] @ nodes.p[nodes.row[3]]
    assert tiny == pytest.approx(3.7e-8 / 2, rel=1e-6)
    assert betaln(3.7e-8, 2) > 0


@given(st.lists(st.tuples(powers(-3, 3), powers(-3, 6), powers(-6, 6)), min_size=1, max_size=5))
@examples(60)
def test_decay_panels_integrate_mixtures_of_decays(rows: list[tuple[float, float, float]]) -> None:
    """A fast decay and slower ones in one integrand, over short and long spans."""
    fast, upper, ratio = (np.array(column) for column in zip(*rows, strict=True))
    slow = fast * np.minimum(ratio, 1.0)
    total = np.empty(fast.size)
    for index, y, weight in decay_panels(fast, upper):
        height = np.exp(-fast[index, None] * y) + np.exp(-slow[index, None] * y)
        total[index] = np.einsum("ij,ij->i", weight, height)
    # Where the slow part outlasts what the panels reach, callers cut the span off first.
    inside = np.log1p(fast * upper) < 40
    exact = -np.expm1(-fast * upper) / fast - np.expm1(-slow * upper) / slow
    np.testing.assert_allclose(total[inside], exact[inside], rtol=1e-9)


def test_decay_panels_integrate_powers() -> None:
    """(1 + y)^-2 over spans from nothing to a trillion."""
    upper = np.array([0.0, 1e-9, 1.0, 1e3, 1e12])
    total = np.empty(5)
    for index, y, weight in decay_panels(np.full(5, 3.0), upper):
        total[index] = (weight * (1 + y) ** -2).sum(axis=1)
    np.testing.assert_allclose(total, upper / (1 + upper), rtol=1e-12)


def test_gauss_legendre_is_shared_and_read_only() -> None:
    nodes, weights = gauss_legendre(5)
    assert weights @ nodes**9 == pytest.approx(1 / 10, rel=1e-14)
    assert gauss_legendre(5)[0] is nodes
    with pytest.raises(ValueError, match="read-only"):
        nodes[0] = 1


def test_bisection_finds_the_turn() -> None:
    found = bisect(lambda v: v**2 > 2, np.zeros(3), np.array([2.0, 4.0, 9.0]))
    np.testing.assert_allclose(found, np.sqrt(2), rtol=1e-10)

"""Parts of histories: what large fits start from."""

from __future__ import annotations

import numpy as np
import pytest

from customer_centric import HistoryCounts
from customer_centric.clv._counted import part_of


def counts(weight: np.ndarray) -> HistoryCounts:
    x = np.sort(np.random.default_rng(1).poisson(2.0, weight.size)).astype(float)
    return HistoryCounts(x, x, x + 1, weight, "week")


@pytest.mark.parametrize("stride", [12, 144])
def test_a_part_looks_like_the_whole(stride: int) -> None:
    """Customers and their purchases keep their proportion, however unevenly they share histories."""
    weight = np.random.default_rng(2).pareto(1.0, 20_000) + 1
    whole = counts(weight)
    x, _, age, share = part_of(whole, stride)
    assert x.size < 3 * weight.size / stride
    assert share.sum() * stride == pytest.approx(weight.sum(), rel=1e-3)
    assert (share @ x) / share.sum() == pytest.approx((weight @ whole.frequency) / weight.sum(), rel=0.01)
    assert (np.diff(x) >= 0).all()
    assert (age == x + 1).all()


def test_equal_weights_are_taken_in_steps() -> None:
    x, _, _, share = part_of(counts(np.full(1200, 3.0)), 12)
    assert x.size == 100
    assert (share == 3.0).all()


def test_one_history_of_nearly_all_customers_does_not_hide_the_rest() -> None:
    weight = np.ones(12_000)
    weight[5] = 1e9
    x, _, _, share = part_of(counts(weight), 12)
    assert x.size == pytest.approx(1001, abs=1)
    assert share.max() == pytest.approx(1e9 / 12)


def test_the_whole_is_no_part() -> None:
    whole = counts(np.ones(10))
    assert part_of(whole, 1)[3] is whole.weight

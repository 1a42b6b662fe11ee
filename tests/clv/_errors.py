"""What every transaction model refuses, with its message."""

from __future__ import annotations

import numpy as np
import pytest

from customer_centric import DiscountRate, InvalidInputError
from customer_centric.typing import TransactionModel

IMPOSSIBLE = [
    ((-1, 0, 5), "`frequency` must be a whole number at least 0, got -1"),
    ((1.5, 1, 5), "`frequency` must be a whole number at least 0, got 1.5"),
    ((np.nan, 0, 5), "`frequency` must be a whole number at least 0, got nan"),
    ((1, 6, 5), "`recency` must be at most `age`, got 6"),
    ((1, -1, 5), "`recency` must be a finite number at least 0, got -1"),
    ((0, 1, 5), "`recency` must be 0 where `frequency` is 0, got 1"),
    ((0, 0, -5), "`age` must be a finite number at least 0, got -5"),
    ((0, 0, np.inf), "`age` must be a finite number at least 0, got inf"),
    (("two", 0, 5), "`frequency` must be numbers, got values of type text"),
]


def check_refusals(model: TransactionModel) -> None:
    """Impossible histories, windows and counts are refused by name, wherever they are passed."""
    rate = DiscountRate.annual(0.1)
    for history, message in IMPOSSIBLE:
        for ask in (
            lambda h: model.log_likelihood(*h),
            lambda h: model.probability_alive(*h),
            lambda h: model.expected_purchases(*h, horizon=1),
            lambda h: model.discounted_purchases(*h, discount_rate=rate),
            lambda h: model.purchase_variance(*h, discount_rate=rate),
            lambda h: model.purchase_pmf(0, *h, horizon=1),
            lambda h: model.purchase_tail(0, *h, horizon=1),
        ):
            with pytest.raises(InvalidInputError) as refused:
                ask(history)
            assert str(refused.value).startswith(message)
    for horizon, message in (
        (-1, "`horizon` must be a number at least 0, got -1"),
        (np.nan, "`horizon` must be a number at least 0, got nan"),
    ):
        with pytest.raises(InvalidInputError, match=message):
            model.expected_purchases(0, 0, 5, horizon=horizon)
    with pytest.raises(InvalidInputError, match="`horizon` must be a finite number at least 0, got inf"):
        model.purchase_pmf(0, 0, 0, 5, horizon=np.inf)
    with pytest.raises(InvalidInputError, match=r"`n` must be a whole number at least 0, got 0\.5"):
        model.purchase_pmf(0.5, 0, 0, 5, horizon=1)
    with pytest.raises(InvalidInputError, match="lengths must agree or be 1"):
        model.probability_alive([0, 0], [0, 0, 0], 5)
    with pytest.raises(InvalidInputError, match=r"`parameters` must be \(r, alpha.*\), got shape \(1,\)"):
        model.with_parameters([1.0])


def check_edges(model: TransactionModel) -> None:
    """T = 0; t_x = T; shapes; a million purchases."""
    assert float(model.log_likelihood(0, 0, 0)) == pytest.approx(0.0, abs=1e-15)
    grid = np.zeros((2, 3))
    assert model.probability_alive(grid, grid, grid + 5).shape == (2, 3)
    assert model.expected_purchases(0, 0, [[1.0], [2.0]], horizon=3).shape == (2, 1)
    assert model.purchase_pmf([0, 1, 2], 0, 0, 5, horizon=3).shape == (3,)
    assert model.probability_alive([], [], []).shape == (0,)
    assert model.expected_purchases([], [], [], horizon=3).shape == (0,)
    expected = float(model.expected_purchases(1e6, 100, 100, horizon=1))
    assert 0 < expected < 1.1e4
    same = model.with_parameters(model.parameters)
    assert same == model
    assert hash(same) == hash(model)
    many = np.tile([0.0, 1.0, 2.0], 100)
    age = np.tile([9.0, 8.0, 7.0], 100)
    t_x = np.where(many > 0, age / 2, 0.0)
    one_by_one = [
        float(model.expected_purchases(*row, horizon=5)) for row in zip(many, t_x, age, strict=True)
    ]
    np.testing.assert_allclose(model.expected_purchases(many, t_x, age, horizon=5), one_by_one, rtol=1e-12)

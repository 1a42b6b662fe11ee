"""`Forecast`: one call that gives what three methods give."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from clv._valuing import HISTORIES, MODELS, TENTH
from customer_centric import DiscountRate, Horizon
from customer_centric.clv import Forecast

models = pytest.mark.parametrize("name", MODELS)


@models
@pytest.mark.parametrize("horizon", [0.0, 39.0, np.inf, Horizon.years(2)])
@pytest.mark.parametrize("rate", [TENTH, DiscountRate.annual(0)])
def test_one_call_gives_what_three_give(name: str, horizon: float | Horizon, rate: DiscountRate) -> None:
    model = MODELS[name]
    found = model.forecast(*HISTORIES, horizon=horizon, discount_rate=rate)
    assert isinstance(found, Forecast)
    np.testing.assert_array_equal(found.probability_alive, model.probability_alive(*HISTORIES))
    np.testing.assert_array_equal(
        found.expected_purchases, model.expected_purchases(*HISTORIES, horizon=horizon)
    )
    np.testing.assert_array_equal(
        found.discounted_purchases,
        model.discounted_purchases(*HISTORIES, horizon=horizon, discount_rate=rate),
    )


@models
def test_the_shape_is_that_of_the_histories(name: str) -> None:
    for shape in ((), (0,), (1,), (2, 3)):
        found = MODELS[name].forecast(
            np.full(shape, 2.0), np.full(shape, 5.0), 9.0, horizon=4, discount_rate=TENTH
        )
        for field in dataclasses.fields(found):
            assert getattr(found, field.name).shape == shape


@models
def test_discounting_takes_away_and_none_takes_nothing(name: str) -> None:
    found = MODELS[name].forecast(*HISTORIES, horizon=39, discount_rate=TENTH)
    assert (found.discounted_purchases < found.expected_purchases).all()
    plain = MODELS[name].forecast(*HISTORIES, horizon=39, discount_rate=DiscountRate.annual(0))
    np.testing.assert_array_equal(plain.discounted_purchases, plain.expected_purchases)

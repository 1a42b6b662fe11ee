"""Value of a customer on the day of the first purchase."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest

from clv._valuing import (
    MBG,
    MODELS,
    PARETO,
    SPEND,
    TENTH,
    WEEKLY,
    as_fit,
    cdnow_fit,
    correlated,
    spread_of,
)
from customer_centric import DiscountRate, Horizon, NewCustomer, value_new_customer
from customer_centric.clv import NewCustomerValue
from customer_centric.errors import InvalidInputError

models = pytest.mark.parametrize("name", MODELS)


def newcomer(purchases: Any, spend: Any = SPEND, **terms: Any) -> NewCustomerValue:
    return value_new_customer(purchases, spend, **({"horizon": 52.0, "discount_rate": TENTH} | terms))


def test_discounted_purchases_of_a_new_cdnow_customer() -> None:
    """BTYD's DET at the maximum likelihood, the first purchase not counted, times the mean spend, 35.17."""
    found = newcomer(cdnow_fit("Pareto/NBD"), cdnow_fit("spend"), horizon=np.inf, discount_rate=WEEKLY)
    assert found.repeat_purchases == pytest.approx(3.954705736, rel=1e-5)
    assert found.first_purchase == pytest.approx(35.17037, rel=1e-4)
    assert found.lifetime_value == pytest.approx(35.17037 * 4.954705736, rel=1e-4)


@models
def test_the_value_is_its_parts_put_together(name: str) -> None:
    model = MODELS[name]
    found = newcomer(model, margin=0.3, acquisition_cost=20)
    mean = 6.25 * 15.44 / 2.74
    repeat = NewCustomer(model).discounted_purchases(horizon=52, discount_rate=TENTH)
    assert found.first_purchase == pytest.approx(0.3 * mean)
    assert found.repeat_purchases == pytest.approx(repeat)
    assert found.repeat_value == pytest.approx(0.3 * mean * repeat)
    assert found.lifetime_value == pytest.approx(found.first_purchase + found.repeat_value - 20)
    assert found.acquisition_cost == 20


def test_leaving_at_the_first_purchase_counts() -> None:
    """The MBG/NBD lets b / (a + b) of the newcomers stay; undiscounted purchases say the same."""
    found = newcomer(MBG, None, discount_rate=DiscountRate.annual(0))
    assert found.repeat_purchases == pytest.approx(float(MBG.expected_purchases(0, 0, 0, horizon=52)))
    assert float(MBG.probability_alive(0, 0, 0)) == pytest.approx(1.614 / (0.891 + 1.614))


@models
def test_the_interval_is_how_far_the_value_moves_with_the_parameters(name: str) -> None:
    """On the log scale before the cost; the first purchase moves with the spend alone."""
    fit, spend = correlated(as_fit(MODELS[name], 1e-3)), correlated(as_fit(SPEND, [2e-3, 1e-3, 3e-3]))
    found = newcomer(fit, spend, margin=0.3, acquisition_cost=4, confidence_level=0.95)
    by_purchases = spread_of(lambda m: np.array(newcomer(m, margin=0.3).lifetime_value), fit)
    by_spend = spread_of(lambda m: np.array(newcomer(fit.model, m, margin=0.3).lifetime_value), spend)
    assert found.interval.width / (2 * 1.959964) == pytest.approx(np.hypot(by_purchases, by_spend), rel=1e-4)
    gross = found.lifetime_value + 4
    assert (found.interval.lower + 4) * (found.interval.upper + 4) == pytest.approx(gross**2)
    assert found.interval.confidence_level == 0.95


def test_a_bare_model_claims_to_know_its_parameters() -> None:
    """Each fitted model widens the interval, whichever of the two it is."""
    bare = newcomer(PARETO)
    assert bare.interval.lower == bare.interval.upper == bare.lifetime_value
    both = newcomer(as_fit(PARETO), as_fit(SPEND)).interval.width
    for pair in ((as_fit(PARETO), SPEND), (PARETO, as_fit(SPEND))):
        assert 0 < newcomer(*pair).interval.width < both


def test_the_cost_is_subtracted_once_and_moves_nothing_else() -> None:
    free, won = (newcomer(as_fit(PARETO), as_fit(SPEND), acquisition_cost=cost) for cost in (0, 500))
    assert won.lifetime_value == pytest.approx(free.lifetime_value - 500)
    assert won.interval.lower == pytest.approx(free.interval.lower - 500)
    assert won.interval.upper == pytest.approx(free.interval.upper - 500)
    assert won.lifetime_value < 0
    assert won.repeat_value == free.repeat_value


def test_horizon_zero_leaves_the_first_purchase() -> None:
    found = newcomer(as_fit(MBG), as_fit(SPEND), horizon=0)
    assert found.lifetime_value == found.first_purchase
    assert (found.repeat_purchases, found.repeat_value) == (0, 0)
    assert found.interval.contains(found.lifetime_value)


def test_the_unit_is_that_of_the_model() -> None:
    year = Horizon.years(1)
    assert newcomer(PARETO, horizon=year) == newcomer(PARETO, horizon=year.in_unit("week"))


@models
def test_value_grows_with_the_horizon_and_falls_with_the_rate(name: str) -> None:
    horizons = [newcomer(MODELS[name], horizon=h).lifetime_value for h in (0, 1, 52, 520, np.inf)]
    assert horizons == sorted(set(horizons))
    rates = [
        newcomer(MODELS[name], discount_rate=DiscountRate.annual(d)).lifetime_value for d in (0.5, 0.1, 0)
    ]
    assert rates == sorted(set(rates))


def test_no_margin_no_value() -> None:
    found = newcomer(as_fit(PARETO), as_fit(SPEND), margin=0)
    assert (found.lifetime_value, found.interval.lower, found.interval.upper) == (0, 0, 0)


@pytest.mark.parametrize(
    ("terms", "message"),
    [
        ({"acquisition_cost": -1}, "`acquisition_cost` must be a finite number at least 0, got -1"),
        ({"margin": -0.3}, "`margin` must be a finite number at least 0, got -0.3"),
        (
            {"horizon": np.inf, "discount_rate": DiscountRate.annual(0)},
            (
                "`discount_rate` must be greater than 0 where `horizon` is infinite, got 0; "
                "the undiscounted value of the whole future may be infinite"
            ),
        ),
        (
            {"discount_rate": 0.15},
            (
                "`discount_rate` must be a DiscountRate, got 0.15; "
                "10 % a year is written DiscountRate.annual(0.1)"
            ),
        ),
    ],
)
def test_terms_that_mean_nothing_are_refused(terms: dict[str, Any], message: str) -> None:
    with pytest.raises(InvalidInputError, match=f"^{re.escape(message)}$"):
        newcomer(PARETO, **terms)

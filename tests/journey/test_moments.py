"""Moments of truth: by hand, in a simulated world, and what cannot be known."""

from __future__ import annotations

import math
from datetime import timedelta

import numpy as np
import pytest

from customer_centric.errors import InvalidInputError
from customer_centric.journey import (
    EventSchema,
    detect_signals,
    find_journeys,
    moments_of_truth,
    prepare_log,
)
from customer_centric.simulate import Friction, JourneyWorld, simulate_journeys
from journey._paths import signals_of


def test_by_hand() -> None:
    """Ten came, of the six clean five converted, of the four flagged one: 10 x 0.583 are at stake."""
    paths = ["cart buy"] * 5 + ["cart bye"] + ["cart! cart buy"] + ["cart! bye"] * 3
    found = moments_of_truth(signals_of(paths))
    cart = found.to_frame().set_index("touchpoint").loc["cart"]
    assert (cart["n"], cart["n_flagged"]) == (10, 4)
    assert cart["gap"] == pytest.approx(5 / 6 - 1 / 4)
    assert cart["stake"] == pytest.approx(10 * (5 / 6 - 1 / 4))
    assert cart["loss"] == pytest.approx(4 * (5 / 6 - 1 / 4))
    assert found.touchpoints[0] == "cart"
    assert found.role[0] == "fix"
    money = moments_of_truth(signals_of(paths), value=np.full(10, 180.0))
    assert money.stake[0] == pytest.approx(180 * found.stake[0])
    assert money.stake_lower[0] == pytest.approx(180 * found.stake_lower[0])
    assert "5.83" not in str(money)
    assert "money, of which 420 are lost today" in money._repr_html_()


def test_channels_are_compared_within() -> None:
    """Errors where people convert anyway hide what they cost; within channels they do not."""
    paths = (
        ["cart buy"] * 10 + ["cart! buy"] * 20 + ["cart! bye"] * 10 + ["cart bye"] * 28 + ["cart buy"] * 10
    )
    found = moments_of_truth(signals_of([*paths, "cart! bye", "cart! bye"], channel=["a"] * 40 + ["b"] * 40))
    cart = found.to_frame().set_index("touchpoint").loc["cart"]
    assert cart["gap"] == pytest.approx(0.5 * (1 - 20 / 30) + 0.5 * (10 / 38))


def test_a_place_that_never_failed_has_a_stake_that_is_not_known() -> None:
    found = moments_of_truth(signals_of(["cart! bye", "cart pay buy", "cart buy"]))
    assert math.isnan(found.stake[found.touchpoints.index("pay")])
    row = found.to_frame().set_index("touchpoint").loc["pay"]
    assert row["stake_lower"] < 0 < row["stake_upper"]
    assert row["stake_upper"] == pytest.approx(1.0)
    assert (row["loss"], row["role"]) == (0.0, "watch")
    none = moments_of_truth(signals_of(["cart buy", "cart bye"]))
    assert str(none) == "moments of truth: no stake is known, from 2 journeys"


def test_rare_failures_of_what_matters_are_to_be_protected() -> None:
    """Payment errors cost most and are rare; cart errors are many and cost less."""
    world = JourneyWorld(
        frictions=(
            Friction(touchpoint="payment", kind="error", rate=0.02, loss=0.6),
            Friction(touchpoint="product", kind="error", rate=0.30, loss=0.4),
        )
    )
    shop = simulate_journeys(20_000, rng=np.random.default_rng(1), world=world)
    log = prepare_log(shop.log, EventSchema.full())
    journeys = find_journeys(
        log, goal="purchase", contact="support", end=shop.end, closed_after=timedelta(hours=2)
    )
    found = moments_of_truth(detect_signals(journeys), studied=["error"])
    role = dict(zip(found.touchpoints, found.role, strict=True))
    assert role["payment"] == "protect"
    assert role["product"] == "fix"
    # An error loses 40 of 100, and who stays may meet the next one: 0.6 x 0.7 / (1 - 0.3 x 0.6) are left.
    product = found.to_frame().set_index("touchpoint").loc["product"]
    assert product["gap_lower"] < (1 - 0.6 * 0.7 / 0.82) * product["p_clean"] < product["gap_upper"]
    assert found.n_unknown == 0


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"outcome": [1.0]}, "`outcome` must have one number a journey, got shape"),
        ({"outcome": [1.0, 2.0]}, "`outcome` must be between 0 and 1, or NaN, got 2"),
        ({"outcome": [np.nan, np.nan]}, "`outcome` must be known for at least one journey, got none of 2"),
        ({"value": [1.0]}, "`value` must have one number a journey"),
        ({"value": [1.0, -1.0]}, "`value` must be .* at least 0, got -1"),
    ],
)
def test_refusals(options: dict[str, object], message: str) -> None:
    with pytest.raises(InvalidInputError, match=message):
        moments_of_truth(signals_of(["cart buy", "cart bye"]), **options)  # type: ignore[arg-type]

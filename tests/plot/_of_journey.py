"""Every drawing of journeys, of one small world and of a hotel's chain."""

from __future__ import annotations

from datetime import timedelta
from functools import cache

import numpy as np

from customer_centric import plot
from customer_centric.journey import (
    EventSchema,
    FrictionLoss,
    JourneyChain,
    Journeys,
    detect_signals,
    find_journeys,
    friction_loss,
    prepare_log,
    transition_model,
)
from customer_centric.journey.funnel import Funnel, funnel
from customer_centric.simulate import simulate_journeys


@cache
def journeys() -> Journeys:
    world = simulate_journeys(1_500, rng=np.random.default_rng(1))
    return find_journeys(
        prepare_log(world.log, EventSchema.full()),
        goal="purchase",
        contact="support",
        end=world.end,
        closed_after=timedelta(days=20),
    )


@cache
def loss() -> FrictionLoss:
    return friction_loss(
        detect_signals(journeys()),
        rng=np.random.default_rng(2),
        value=np.full(journeys().n_journeys, 90.0),
        n_resamples=50,
    )


@cache
def chain() -> JourneyChain:
    return transition_model(detect_signals(journeys()))


@cache
def steps() -> Funnel:
    return funnel(journeys(), ["landing", "cart", "payment", "purchase"])


def hotel() -> JourneyChain:
    """Touchpoints in the wrong order, so that the drawing has to find it."""
    return JourneyChain(
        touchpoints=("contact", "pay", "pay", "pay", "cart"),
        signals=(None, None, "error", "price_up", None),
        start=np.array([0.0, 0, 0, 0, 1]),
        moves=np.array(
            [
                [0, 0.20, 0, 0, 0],
                [0, 0, 0, 0, 0.02],
                [0.10, 0.40, 0.05, 0.10, 0.05],
                [0.15, 0, 0, 0, 0.10],
                [0, 0.70, 0.12, 0.06, 0],
            ]
        ),
        converts=np.array([0.10, 0.93, 0, 0.30, 0]),
    )


DRAWINGS = {
    "friction": lambda ax=None: plot.plot_friction_loss(loss(), ax=ax),
    "waterfall": lambda ax=None: plot.plot_loss_waterfall(loss(), ax=ax),
    "journey graph": lambda ax=None: plot.plot_journey_graph(chain(), ax=ax),
    "funnel": lambda ax=None: plot.plot_funnel(steps(), ax=ax),
}

"""What one customer may do next, drawn from what a history says of them: an oracle that knows no formula."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from customer_centric import BgNbd, GammaGamma, MbgNbd, Nbd, ParetoNbd
from customer_centric.typing import FloatArray

Model = BgNbd | MbgNbd | Nbd | ParetoNbd


@dataclass(frozen=True)
class Futures:
    """Draws of one customer's future: purchases, discounted purchases, discounted value."""

    purchases: FloatArray
    discounted: FloatArray
    value: FloatArray


def draw_futures(
    model: Model,
    history: tuple[int, float, float],
    *,
    horizon: float,
    delta: float,
    n: int,
    rng: np.random.Generator,
    spend: GammaGamma | None = None,
    mean_spend: float = 0.0,
) -> Futures:
    """Rates from their posterior given alive, then arrival by arrival until the customer leaves.

    `horizon` and `delta` are in the unit of the model.
    """
    x, t_x, age = history
    alive = rng.random(n) < model.probability_alive(x, t_x, age)
    rate = rng.gamma(model.r + x, 1 / (model.alpha + age), n)
    n_arrivals = rng.poisson(rate * horizon)
    width = int(n_arrivals.max(initial=0))
    times = rng.random((n, width)) * horizon
    arrived = np.arange(width) < n_arrivals[:, None]
    times = np.sort(np.where(arrived, times, np.inf), axis=1)
    made = np.isfinite(times) & alive[:, None]
    match model:
        case BgNbd(a=a, b=b) | MbgNbd(a=a, b=b):
            # Leaves after each purchase with the same probability: all before have been survived.
            dropout = rng.beta(a, b + x + isinstance(model, MbgNbd), n)
            leaves = rng.random((n, width)) < dropout[:, None]
            made &= (np.cumsum(leaves, axis=1) - leaves) == 0
        case ParetoNbd(s=s, beta=beta):
            lifetime = rng.exponential(1 / rng.gamma(s, 1 / (beta + age), n))
            made &= times < lifetime[:, None]
        case Nbd():
            pass
    worth = np.where(made, np.exp(-delta * np.where(made, times, 0.0)), 0.0)
    amounts = np.ones((n, width))
    if spend is not None:
        scale = rng.gamma(spend.p * x + spend.q, 1 / (spend.gamma + x * mean_spend), n)
        amounts = rng.gamma(spend.p, 1.0, (n, width)) / scale[:, None]
    return Futures(made.sum(axis=1).astype(np.float64), worth.sum(axis=1), (worth * amounts).sum(axis=1))

"""Contracts drawn from a world whose churn is known."""

from __future__ import annotations

import numpy as np

from customer_centric.churn import RenewalCounts


def draw_contracts(
    rng: np.random.Generator, *, n: int, alpha: float, beta: float, shape: float = 1.0, periods: int = 7
) -> RenewalCounts:
    """Customers with a churn probability each, followed for some renewals."""
    theta = rng.beta(alpha, beta, n)
    # ln S of one customer after t renewals is t^shape ln(1 - theta): invert a uniform draw.
    life = (np.log(rng.random(n)) / np.log1p(-theta)) ** (1 / shape)
    survivors = [(life >= t).sum() for t in range(periods + 1)]
    return RenewalCounts.from_survivors(survivors)

"""Every drawing of segments and of what to spend, of a few customers."""

from __future__ import annotations

from functools import cache

import numpy as np

from customer_centric import plot
from customer_centric.economics import BudgetPlan, SpendResponse, optimal_budget
from customer_centric.segments import (
    CustomerMatrix,
    LorenzCurve,
    Migration,
    WhaleCurve,
    clv_crv_matrix,
    lorenz_curve,
    migration_matrix,
    whale_curve,
)

PROFIT = [500, 300, 200, 100, 50, 0, -20, -30, -100, -200]


@cache
def whale() -> WhaleCurve:
    return whale_curve(PROFIT)


@cache
def lorenz() -> LorenzCurve:
    return lorenz_curve(np.random.default_rng(2).lognormal(3, 1, 2500))


@cache
def moved() -> Migration:
    """Three segments; some customers come, others are lost."""
    rng = np.random.default_rng(5)
    names = np.array(["gold", "silver", "basic", None], dtype=object)
    before = rng.integers(0, 4, 600)
    after = np.where(rng.random(600) < 0.6, before, rng.integers(0, 4, 600))
    return migration_matrix(names[before], names[after], states=["gold", "silver", "basic"])


@cache
def matrix() -> CustomerMatrix:
    rng = np.random.default_rng(7)
    return clv_crv_matrix(rng.lognormal(5, 1, 300), rng.lognormal(3, 1.5, 300), thresholds=(200, 60))


@cache
def budget() -> BudgetPlan:
    return optimal_budget(
        SpendResponse.from_point(5, 0.03, ceiling=0.1),
        SpendResponse.from_point(20, 0.7, ceiling=0.85, base=0.4),
        margin=150,
        discount_rate=0.1,
    )


DRAWINGS = {
    "whale": lambda ax=None: plot.plot_whale(whale(), ax=ax),
    "lorenz": lambda ax=None: plot.plot_lorenz(lorenz(), ax=ax),
    "migration": lambda ax=None: plot.plot_migration(moved(), ax=ax),
    "matrix": lambda ax=None: plot.plot_customer_matrix(matrix(), ax=ax),
    "budget": lambda ax=None: plot.plot_budget(budget(), ax=ax),
}

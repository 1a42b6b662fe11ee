"""Forecasts for a customer on the day of the first purchase."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from customer_centric.typing import FloatArray, TransactionModel
from customer_centric.units import DiscountRate, Horizon

__all__ = ["NewCustomer"]


@dataclass(frozen=True, slots=True)
class NewCustomer:
    """What a model expects of a customer who has just bought for the first time.

    The first purchase itself is not counted. Every method equals that of the model for the history
    (0, 0, 0); where a customer may leave at the first purchase (MBG/NBD), that risk is included.

    Parameters
    ----------
    model : TransactionModel
        A transaction model.

    Examples
    --------
    >>> from customer_centric import NewCustomer, ParetoNbd
    >>> model = ParetoNbd(r=0.55, alpha=10.56, s=0.61, beta=11.64, unit="week")
    >>> round(NewCustomer(model).expected_purchases(horizon=52), 4)
    1.4607
    """

    model: TransactionModel

    def probability_alive(self, *, after: float | Horizon = 0.0) -> float:
        """Probability of being active `after` units past the first purchase."""
        return float(self.model.probability_alive(0, 0, 0, after=after))

    def expected_purchases(self, *, horizon: float | Horizon) -> float:
        """Expected repeat purchases in the horizon."""
        return float(self.model.expected_purchases(0, 0, 0, horizon=horizon))

    def discounted_purchases(
        self, *, discount_rate: DiscountRate, horizon: float | Horizon = np.inf
    ) -> float:
        """Expected repeat purchases in the horizon, discounted to the first purchase."""
        return float(self.model.discounted_purchases(0, 0, 0, discount_rate=discount_rate, horizon=horizon))

    def purchase_pmf(self, n: ArrayLike, *, horizon: float | Horizon) -> FloatArray:
        """Probability of exactly `n` repeat purchases in the horizon."""
        return self.model.purchase_pmf(n, 0, 0, 0, horizon=horizon)

    def purchase_variance(self, *, discount_rate: DiscountRate, horizon: float | Horizon = np.inf) -> float:
        """Variance of the discounted number of repeat purchases in the horizon."""
        return float(self.model.purchase_variance(0, 0, 0, discount_rate=discount_rate, horizon=horizon))

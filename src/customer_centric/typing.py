"""Public type aliases, and the protocols by which the topics meet."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Literal, Protocol, Self, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray
from typing_extensions import TypeVar

if TYPE_CHECKING:
    import pandas as pd

    from customer_centric.clv.forecast import Forecast
    from customer_centric.units import DiscountRate, Horizon

__all__ = [
    "BoolArray",
    "FloatArray",
    "FrameT",
    "IntArray",
    "SpendModel",
    "SurvivalModel",
    "TimeUnit",
    "Timing",
    "TransactionModel",
]

FloatArray: TypeAlias = NDArray[np.float64]
IntArray: TypeAlias = NDArray[np.int64]
BoolArray: TypeAlias = NDArray[np.bool_]

TimeUnit: TypeAlias = Literal["day", "week", "month"]
Timing: TypeAlias = Literal["start", "mid", "end", "continuous"]

FrameT = TypeVar("FrameT", default="pd.DataFrame")
"""A data frame of the caller's engine: pandas, Polars (eager or lazy), PyArrow or DuckDB."""


class TransactionModel(Protocol):
    """How customers buy, and stop buying, outside contracts; its parameters are published in `unit`."""

    parameter_names: ClassVar[tuple[str, ...]]

    @property
    def unit(self) -> TimeUnit:
        """Unit of recency, age and horizon."""
        ...

    @property
    def parameters(self) -> FloatArray:
        """The parameters in the order of `parameter_names`."""
        ...

    def with_parameters(self, parameters: ArrayLike) -> Self:
        """The same model with other parameters."""
        ...

    def log_likelihood(self, frequency: ArrayLike, recency: ArrayLike, age: ArrayLike) -> FloatArray:
        """Log-likelihood of each history."""
        ...

    def probability_alive(
        self, frequency: ArrayLike, recency: ArrayLike, age: ArrayLike, *, after: float | Horizon = 0.0
    ) -> FloatArray:
        """Probability of being active `after` units past the end of observation."""
        ...

    def expected_purchases(
        self, frequency: ArrayLike, recency: ArrayLike, age: ArrayLike, *, horizon: float | Horizon
    ) -> FloatArray:
        """Expected purchases in the horizon, given the history."""
        ...

    def discounted_purchases(
        self,
        frequency: ArrayLike,
        recency: ArrayLike,
        age: ArrayLike,
        *,
        discount_rate: DiscountRate,
        horizon: float | Horizon = ...,
    ) -> FloatArray:
        """Expected discounted purchases in the horizon, given the history."""
        ...

    def forecast(
        self,
        frequency: ArrayLike,
        recency: ArrayLike,
        age: ArrayLike,
        *,
        horizon: float | Horizon,
        discount_rate: DiscountRate,
    ) -> Forecast:
        """Probability of being alive, expected and discounted purchases at once."""
        ...

    def purchase_pmf(
        self,
        n: ArrayLike,
        frequency: ArrayLike,
        recency: ArrayLike,
        age: ArrayLike,
        *,
        horizon: float | Horizon,
    ) -> FloatArray:
        """Probability of exactly `n` purchases in the horizon, given the history."""
        ...

    def purchase_tail(
        self,
        n: ArrayLike,
        frequency: ArrayLike,
        recency: ArrayLike,
        age: ArrayLike,
        *,
        horizon: float | Horizon,
    ) -> FloatArray:
        """Probability of at least `n` purchases in the horizon, given the history."""
        ...

    def purchase_variance(
        self,
        frequency: ArrayLike,
        recency: ArrayLike,
        age: ArrayLike,
        *,
        discount_rate: DiscountRate,
        horizon: float | Horizon = ...,
    ) -> FloatArray:
        """Variance of the discounted number of purchases in the horizon, given the history."""
        ...


class SpendModel(Protocol):
    """What a purchase is worth, given the purchases seen."""

    parameter_names: ClassVar[tuple[str, ...]]

    @property
    def parameters(self) -> FloatArray:
        """The parameters in the order of `parameter_names`."""
        ...

    @property
    def squared_variation(self) -> float:
        """Squared coefficient of variation of a customer's purchases around their mean."""
        ...

    def with_parameters(self, parameters: ArrayLike) -> Self:
        """The same model with other parameters."""
        ...

    def expected_spend(self, frequency: ArrayLike, mean_spend: ArrayLike) -> FloatArray:
        """Expected value of a purchase, given the repeat purchases seen."""
        ...

    def spend_variance(self, frequency: ArrayLike, mean_spend: ArrayLike) -> FloatArray:
        """Posterior variance of a customer's mean purchase value."""
        ...

    def spend_shape(self, frequency: ArrayLike) -> FloatArray:
        """Shape of the gamma distribution of one over a customer's mean, given the repeat purchases seen."""
        ...

    def spend_elasticities(self, frequency: ArrayLike, mean_spend: ArrayLike) -> FloatArray:
        """Derivatives of the log of `expected_spend` by the logs of the parameters, a row a parameter."""
        ...


class SurvivalModel(Protocol):
    """How long customers with contracts stay, in periods from one renewal to the next."""

    def survival(self, periods: ArrayLike, *, tenure: ArrayLike = 0) -> FloatArray:
        """Share of the customers with a tenure who are left after so many more renewals."""
        ...

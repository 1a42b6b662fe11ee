"""What the customers of an audit are worth: all of them in short, the best of them in full."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final, TypeAlias

import narwhals.stable.v2 as nw
import numpy as np
from numpy.typing import NDArray

from customer_centric.clv.gamma_gamma import GammaGamma
from customer_centric.clv.histories import PurchaseHistories
from customer_centric.clv.portfolio import PortfolioValue, value_portfolio
from customer_centric.clv.value import value_customers
from customer_centric.fitting import Fit
from customer_centric.typing import FloatArray, FrameT, TransactionModel
from customer_centric.units import DiscountRate

__all__: list[str] = []

Column: TypeAlias = NDArray[Any]  # of numbers, or of ids of whatever type the log has

N_TOP: Final = 10


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Values:
    """Customers by ascending id, and the most valuable ones with their intervals, best first."""

    customer: Column
    frequency: FloatArray
    mean_spend: FloatArray
    time_since_last: FloatArray
    lifetime_value: FloatArray
    top: dict[str, Column]


@dataclass(frozen=True, slots=True, eq=False)
class Terms:
    """Everything about a valuation but its customers and its horizon."""

    purchases: Fit[TransactionModel]
    spend: Fit[GammaGamma] | None
    margin: float
    discount_rate: DiscountRate
    confidence_level: float

    def portfolio(self, histories: PurchaseHistories[FrameT], horizon: float) -> PortfolioValue:
        """All customers together."""
        return value_portfolio(
            histories,
            self.purchases,
            self.spend,
            horizon=horizon,
            discount_rate=self.discount_rate,
            margin=self.margin,
            confidence_level=self.confidence_level,
        )

    def values(self, histories: PurchaseHistories[FrameT], far: float, near: float) -> Values:
        """Every customer over the far horizon; of the best, purchases over the near one."""
        seen = _arrays(histories.frame)
        # Intervals take most of the time, and a report shows those of the best customers only.
        every = _arrays(
            value_customers(
                histories,
                self.purchases.model,
                None if self.spend is None else self.spend.model,
                horizon=far,
                discount_rate=self.discount_rate,
                margin=self.margin,
            )
        )
        worth = every["lifetime_value"].astype(np.float64)
        best = np.argsort(-worth, kind="stable")[:N_TOP]
        return Values(
            customer=seen["customer"],
            frequency=seen["frequency"].astype(np.float64),
            mean_spend=seen["mean_spend"].astype(np.float64)
            if "mean_spend" in seen
            else np.full(worth.shape, np.nan),
            # Days that are equal must stay equal after both were divided by the unit.
            time_since_last=np.round((seen["age"] - seen["recency"]).astype(np.float64), 9).clip(min=0.0),
            lifetime_value=worth,
            top=self._in_full({name: column[best] for name, column in seen.items()}, histories, far, near),
        )

    def predicted(
        self, histories: PurchaseHistories[FrameT], horizon: float, level: float
    ) -> tuple[FloatArray, FloatArray]:
        """Bounds between which the margin of each customer will fall in that share of cases."""
        columns = _arrays(
            value_customers(
                histories,
                self.purchases,
                self.spend,
                horizon=horizon,
                discount_rate=self.discount_rate,
                margin=self.margin,
                confidence_level=level,
            )
        )
        low, high = (columns[f"predicted_value_{side}"].astype(np.float64) for side in ("lower", "upper"))
        return low, high

    def _in_full(
        self, seen: dict[str, Column], histories: PurchaseHistories[FrameT], far: float, near: float
    ) -> dict[str, Column]:
        few = PurchaseHistories.from_arrays(
            seen["frequency"],
            seen["recency"],
            seen["age"],
            None if self.spend is None else seen["mean_spend"],
            unit=histories.unit,
        )
        later = self._customers(few, far)
        sooner = {name: column for name, column in self._customers(few, near).items() if "purchases" in name}
        columns = {**later, **sooner, **seen}
        if self.spend is None:
            del columns["expected_spend"]  # it counts 1 a purchase there, which is no money
        return columns

    def _customers(self, histories: PurchaseHistories[FrameT], horizon: float) -> dict[str, Column]:
        return _arrays(
            value_customers(
                histories,
                self.purchases,
                self.spend,
                horizon=horizon,
                discount_rate=self.discount_rate,
                margin=self.margin,
                confidence_level=self.confidence_level,
            )
        )


def _arrays(frame: Any) -> dict[str, Column]:
    """The columns of a frame of any kind; customers stand in ascending order in all of them."""
    native = nw.from_native(frame)
    eager = native.collect() if isinstance(native, nw.LazyFrame) else native
    return {name: eager.get_column(name).to_numpy() for name in eager.columns}

"""What a purchase of each customer is worth, as arrays or as expressions of a lazy engine."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import narwhals.stable.v2 as nw
import numpy as np
from numpy.typing import NDArray

from customer_centric._core.frames import LazyFrame
from customer_centric._core.frames.lazy import AnyLazyFrame, attach_table
from customer_centric.clv._expectations import standard_error
from customer_centric.clv._valuation import Valuation
from customer_centric.clv.counts import HistoryCounts
from customer_centric.clv.gamma_gamma import GammaGamma
from customer_centric.clv.histories import PurchaseHistories, has_amounts
from customer_centric.errors import InvalidInputError
from customer_centric.typing import FloatArray, FrameT, TimeUnit
from customer_centric.units import DAYS_PER_UNIT

Column = TypeVar("Column", FloatArray, nw.Expr)

_KEYS = ("_frequency", "_recency", "_age")


@dataclass(frozen=True, slots=True, eq=False)
class SpendColumns(Generic[Column]):
    """Spend of each customer.

    Parameters
    ----------
    expected : array or expression
        Expected value of a purchase.
    log_variance : array or expression
        Variance of its logarithm, from the uncertainty of the parameters.
    scale : array or expression
        What quantiles of the value are multiples of.
    second_moment : array or expression
        Expected square of the customer's mean; may be infinite.
    elasticities : list of array or expression
        Derivatives of the log of `expected` by the logs of the parameters.
    """

    expected: Column
    log_variance: Column
    scale: Column
    second_moment: Column
    elasticities: list[Column]


def check_amounts(histories: PurchaseHistories[FrameT], valuation: Valuation) -> None:
    """A spend model needs amounts."""
    if valuation.spend is not None and not has_amounts(histories):
        raise InvalidInputError(
            "`histories` must have amounts for a spend model, got none; name the `amount` column when you "
            "summarise the transactions, or value purchases with `spend=None`"
        )


def spend_of_rows(valuation: Valuation, x: FloatArray, mean_spend: FloatArray) -> SpendColumns[FloatArray]:
    """Spend of customers in memory, by any spend model."""
    ones, model = np.ones(x.shape), valuation.spend
    if model is None:
        return SpendColumns(ones, 0 * ones, ones, ones, [])
    expected = model.expected_spend(x, mean_spend)
    log_variance, elasticities = 0 * ones, np.zeros((0, x.size))
    if valuation.spend_covariance is not None:
        elasticities = model.spend_elasticities(x, mean_spend)
        log_variance = standard_error(elasticities, valuation.spend_covariance) ** 2
    return SpendColumns(
        expected,
        log_variance,
        expected * (model.spend_shape(x) - 1),
        expected**2 + model.spend_variance(x, mean_spend),
        list(elasticities),
    )


def spend_expressions(valuation: Valuation) -> SpendColumns[nw.Expr]:
    """Spend of customers in a lazy engine: the formulas of the Gamma-Gamma model as expressions."""
    one, zero = nw.lit(1.0), nw.lit(0.0)
    model = valuation.spend
    if model is None:
        return SpendColumns(one, zero, one, one, [])
    if not isinstance(model, GammaGamma):
        raise InvalidInputError(
            "`spend` must be a Gamma-Gamma model for lazy histories, got "
            f"{type(model).__name__}; collect the transactions into memory first"
        )
    x = nw.col("frequency")
    total = nw.when(x > 0).then(nw.col("mean_spend") * x).otherwise(zero)
    shape = x * model.p + model.q
    expected = (total + model.gamma) * model.p / (shape - 1)
    squared = nw.when(shape > 2).then(expected**2 * (one + one / (shape - 2))).otherwise(nw.lit(np.inf))
    elasticities = [
        one - x * model.p / (shape - 1),
        zero - one * model.q / (shape - 1),
        one * model.gamma / (total + model.gamma),
    ]
    log_variance = zero
    if valuation.spend_covariance is not None:
        for row, one_elasticity in zip(valuation.spend_covariance.tolist(), elasticities, strict=True):
            for covariance, other in zip(row, elasticities, strict=True):
                log_variance = log_variance + one_elasticity * other * covariance
    return SpendColumns(expected, log_variance, expected * (shape - 1), squared, elasticities)


def join_histories(
    frame: LazyFrame[Any], counted: HistoryCounts, table: Mapping[str, FloatArray], period: TimeUnit
) -> AnyLazyFrame:
    """Lazy histories with the forecasts of each, joined by whole numbers of periods."""
    per_unit = DAYS_PER_UNIT[counted.unit] if period == "day" else 1.0
    small: dict[str, NDArray[Any]] = {
        key: np.rint(column * factor).astype(np.int64)
        for key, column, factor in zip(
            _KEYS,
            (counted.frequency, counted.recency, counted.age),
            (1.0, per_unit, per_unit),
            strict=True,
        )
    }
    beside = attach_table(frame.frame, frame.engine, small | dict(table))
    keyed = frame.frame.with_columns(history_keys(per_unit))
    return keyed.join(beside, on=list(_KEYS), how="left")


def history_keys(per_unit: float) -> list[nw.Expr]:
    """Frequency, recency and age as whole numbers, by which histories are matched."""
    return [
        nw.col("frequency").cast(nw.Int64).alias(_KEYS[0]),
        (nw.col("recency") * per_unit).round(0).cast(nw.Int64).alias(_KEYS[1]),
        (nw.col("age") * per_unit).round(0).cast(nw.Int64).alias(_KEYS[2]),
    ]

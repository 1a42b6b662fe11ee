"""Sums of spend over the customers who share a history: all that the value of a portfolio needs of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import narwhals.stable.v2 as nw
import numpy as np

from customer_centric._core.frames import LazyFrame
from customer_centric.clv._expectations import forecast, sensitivities
from customer_centric.clv._spend_columns import history_keys, spend_expressions, spend_of_rows
from customer_centric.clv._valuation import Valuation
from customer_centric.clv.counts import HistoryCounts
from customer_centric.typing import FloatArray, IntArray, TimeUnit
from customer_centric.units import DAYS_PER_UNIT


@dataclass(frozen=True, slots=True, eq=False)
class SpendSums:
    """Weighted sums over the customers of each distinct history.

    Parameters
    ----------
    expected : ndarray of shape (n_distinct,)
        Expected values of a purchase.
    squared : ndarray of shape (n_distinct,)
        Their squares.
    second_moment : ndarray of shape (n_distinct,)
        Expected squares of the customers' means.
    elasticities : ndarray of shape (n_parameters, n_distinct)
        Derivatives of `expected` by the logs of the parameters of the spend model.
    """

    expected: FloatArray
    squared: FloatArray
    second_moment: FloatArray
    elasticities: FloatArray


def sums_of_rows(
    valuation: Valuation,
    x: FloatArray,
    mean_spend: FloatArray,
    weight: FloatArray,
    row: IntArray,
    n_distinct: int,
) -> SpendSums:
    """Sums over rows in memory."""
    spend = spend_of_rows(valuation, x, mean_spend)

    def total(values: FloatArray) -> FloatArray:
        return np.bincount(row, weights=weight * values, minlength=n_distinct).astype(np.float64)

    moves = [total(spend.expected * elasticity) for elasticity in spend.elasticities]
    return SpendSums(
        total(spend.expected),
        total(spend.expected**2),
        total(spend.second_moment),
        np.array(moves).reshape(len(moves), n_distinct),
    )


def sums_in_engine(
    frame: LazyFrame[Any], counted: HistoryCounts, period: TimeUnit, valuation: Valuation
) -> SpendSums:
    """The same sums, as one aggregate in the engine."""
    per_unit = DAYS_PER_UNIT[counted.unit] if period == "day" else 1.0
    spend = spend_expressions(valuation)
    weight = nw.col("weight")
    values = {
        "expected": spend.expected * weight,
        "squared": spend.expected**2 * weight,
        "second_moment": spend.second_moment * weight,
    } | {
        f"move_{index}": spend.expected * elasticity * weight
        for index, elasticity in enumerate(spend.elasticities)
    }
    keys = history_keys(per_unit)
    names = ["_frequency", "_recency", "_age"]
    query = frame.frame.select(*keys, **values).group_by(names).agg(*(nw.col(name).sum() for name in values))
    found = frame.collect_arrays(query.sort(names))
    # Both are in ascending order of the same whole numbers.
    moves = [found[f"move_{index}"] for index in range(len(spend.elasticities))]
    return SpendSums(
        found["expected"],
        found["squared"],
        found["second_moment"],
        np.array(moves).reshape(len(moves), counted.frequency.size),
    )


def parameter_variances(
    histories: HistoryCounts, sums: SpendSums, valuation: Valuation
) -> tuple[float, float]:
    """Delta-method variances of the total value and of the total purchases; a bare model adds nothing."""
    model, terms = valuation.purchases, valuation.terms
    centre = forecast(model, histories, terms)
    of_value = of_count = 0.0
    if valuation.purchases_covariance is not None:
        moves = sensitivities(model, histories, terms, centre)
        finite = np.where(np.isfinite(centre.expected_purchases), centre.expected_purchases, 0.0)
        of_value = _variance(
            moves.log_discounted @ (valuation.margin * sums.expected * centre.discounted_purchases),
            valuation.purchases_covariance,
        )
        with np.errstate(invalid="ignore"):
            by_count = moves.log_expected @ (histories.weight * finite)
        of_count = _variance(by_count, valuation.purchases_covariance)
    if valuation.spend_covariance is not None:
        of_value += _variance(
            valuation.margin * (sums.elasticities @ centre.discounted_purchases), valuation.spend_covariance
        )
    return of_value, of_count


def _variance(gradient: FloatArray, covariance: FloatArray) -> float:
    """Delta-method variance of one number; infinite where its gradient is."""
    if not np.isfinite(gradient).all():
        return np.inf
    return max(float(gradient @ covariance @ gradient), 0.0)

"""Sufficient statistics of purchase histories: all that leaves an engine for a fit."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from customer_centric._core.checks import check_array, check_histories, check_same_shape
from customer_centric._core.tabulate import distinct_rows
from customer_centric.errors import InvalidInputError
from customer_centric.typing import FloatArray, TimeUnit
from customer_centric.units import check_unit

__all__ = ["HistoryCounts", "SpendCounts"]


@dataclass(frozen=True, slots=True, eq=False)
class HistoryCounts:
    """Distinct purchase histories in ascending order, and how many customers have each.

    Parameters
    ----------
    frequency, recency, age : ndarray of shape (n_distinct,)
        Purchases after the first, first to last purchase, first purchase to the end of observation;
        the last two in `unit`.
    weight : ndarray of shape (n_distinct,)
        Customers with that history, greater than 0.
    unit : {"day", "week", "month"}
        Unit of recency and age.
    """

    frequency: FloatArray
    recency: FloatArray
    age: FloatArray
    weight: FloatArray
    unit: TimeUnit

    @property
    def n_customers(self) -> float:
        """Sum of the weights."""
        return float(self.weight.sum())

    @classmethod
    def from_arrays(
        cls,
        frequency: ArrayLike,
        recency: ArrayLike,
        age: ArrayLike,
        *,
        unit: TimeUnit,
        weights: ArrayLike | None = None,
    ) -> HistoryCounts:
        """Collapse one row a customer to distinct histories, whatever the order of the rows."""
        check_unit("unit", unit)
        x, t_x, age_ = (np.atleast_1d(column) for column in check_histories(frequency, recency, age))
        if x.size == 0:
            raise InvalidInputError("`frequency` must have at least one history, got none")
        weight = np.ones(x.shape) if weights is None else check_array("weights", weights, minimum=0.0)
        check_same_shape({"frequency": x, "weights": weight})
        (x, t_x, age_), inverse = distinct_rows(x, t_x, age_)
        total = np.bincount(inverse, weights=weight, minlength=x.size)
        kept = total > 0
        if not kept.any():
            raise InvalidInputError("`weights` must have a sum greater than 0, got 0")
        return cls(x[kept], t_x[kept], age_[kept], total[kept], unit)


@dataclass(frozen=True, slots=True, eq=False)
class SpendCounts:
    """Repeat purchases and their mean value, of the customers who have at least one.

    Parameters
    ----------
    frequency : ndarray of shape (n_customers,)
        Repeat purchases, 1 or more.
    mean_spend : ndarray of shape (n_customers,)
        Mean value of the repeat purchases, greater than 0.
    weight : ndarray of shape (n_customers,)
        Customers the row stands for.
    """

    frequency: FloatArray
    mean_spend: FloatArray
    weight: FloatArray

    @property
    def n_customers(self) -> float:
        """Sum of the weights."""
        return float(self.weight.sum())

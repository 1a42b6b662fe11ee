"""Sufficient statistics of purchase histories: all that leaves an engine for a fit."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from customer_centric._core.checks import check_array, check_histories, check_same_shape
from customer_centric._core.tabulate import count_rows
from customer_centric.errors import InvalidInputError
from customer_centric.typing import FloatArray, TimeUnit
from customer_centric.units import check_unit

__all__ = ["HistoryCounts", "HoldoutCounts", "SpendCounts"]


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
        """Collapse one row a customer to distinct histories, whatever the order of the rows.

        Parameters
        ----------
        frequency, recency, age : array_like of shape (n_customers,)
            Purchases after the first, first to last purchase, first purchase to the end of observation.
        unit : {"day", "week", "month"}
            Unit of recency and age.
        weights : array_like of shape (n_customers,), optional
            Customers each row stands for, 0 or more; 1 by default.

        Returns
        -------
        HistoryCounts
            The distinct histories with a weight greater than 0.

        Raises
        ------
        InvalidInputError
            If a history is impossible, there is none, or all weights are 0.

        Examples
        --------
        >>> counts = HistoryCounts.from_arrays([0, 2, 0], [0, 3, 0], [5, 4, 5], unit="week")
        >>> counts.weight.tolist()
        [2.0, 1.0]
        """
        check_unit("unit", unit)
        x, t_x, age_ = (np.atleast_1d(column) for column in check_histories(frequency, recency, age))
        if x.size == 0:
            raise InvalidInputError("`frequency` must have at least one history, got none")
        weight = None if weights is None else check_weights(weights, x)
        (x, t_x, age_), total = count_rows(x, t_x, age_, weights=weight)
        kept = total > 0
        if not kept.any():
            raise InvalidInputError("`weights` must have a sum greater than 0, got 0")
        return cls(x[kept], t_x[kept], age_[kept], total[kept], unit)


@dataclass(frozen=True, slots=True, eq=False)
class HoldoutCounts:
    """Distinct pairs of a history and what came after it, and how many customers have each.

    Parameters
    ----------
    frequency, recency, age : ndarray of shape (n_distinct,)
        The history up to the end of calibration, as in `HistoryCounts`.
    frequency_holdout : ndarray of shape (n_distinct,)
        Purchases after the end of calibration.
    age_holdout : ndarray of shape (n_distinct,)
        Length of the holdout, in `unit`.
    weight : ndarray of shape (n_distinct,)
        Customers with that history and that holdout, greater than 0.
    unit : {"day", "week", "month"}
        Unit of recency, age and the length of the holdout.
    """

    frequency: FloatArray
    recency: FloatArray
    age: FloatArray
    frequency_holdout: FloatArray
    age_holdout: FloatArray
    weight: FloatArray
    unit: TimeUnit

    @property
    def n_customers(self) -> float:
        """Sum of the weights."""
        return float(self.weight.sum())

    @property
    def calibration(self) -> HistoryCounts:
        """The distinct histories alone, which is what a model is fitted to."""
        return HistoryCounts.from_arrays(
            self.frequency, self.recency, self.age, unit=self.unit, weights=self.weight
        )


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


def check_weights(weights: ArrayLike, like: FloatArray) -> FloatArray:
    """Weights of 0 or more, one for each of the histories."""
    weight = check_array("weights", weights, minimum=0.0)
    return check_same_shape({"weights": weight, "frequency": like})[0]

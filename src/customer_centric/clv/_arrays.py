"""Histories that were counted elsewhere: checked arrays in a pandas frame."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NoReturn

import numpy as np
from numpy.typing import ArrayLike

from customer_centric._core.checks import check_array, check_histories, check_same_shape, raise_broken
from customer_centric.clv._table import HistoryTable, frame_columns
from customer_centric.clv.counts import HistoryCounts, HoldoutCounts, SpendCounts, check_weights
from customer_centric.clv.coverage import Coverage, PurchaseTiming
from customer_centric.errors import InvalidInputError
from customer_centric.typing import FloatArray, TimeUnit
from customer_centric.units import check_unit

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, slots=True, eq=False)
class ArraySource:
    """Histories without the transactions they came from."""

    table: HistoryTable

    @property
    def has_amounts(self) -> bool:
        """Whether the spend of the customers with repeat purchases is known."""
        return self.table.mean_spend is not None or not np.any(self.table.frequency > 0)

    def frame(self) -> pd.DataFrame:
        """One row a customer, numbered from 0."""
        import pandas as pd

        columns, _ = frame_columns(self.table)
        return pd.DataFrame({"customer": np.arange(self.table.frequency.size), **columns})

    def history_counts(self) -> HistoryCounts:
        """Distinct histories."""
        return self.table.history_counts()

    def holdout_counts(self) -> HoldoutCounts:
        """Distinct histories with what came after them."""
        return self.table.holdout_counts()

    def spend_counts(self) -> SpendCounts:
        """Repeat purchases and their mean value."""
        return self.table.spend_counts()

    def timing(self) -> PurchaseTiming:
        """Arrays know no dates."""
        _refuse("the timing of purchases")

    def coverage(self) -> Coverage:
        """Arrays know no transactions."""
        _refuse("coverage")

    def explain(self, customer: int | str) -> str:
        """Arrays know no transactions."""
        _refuse(f"an explanation of {customer!r}")


def _refuse(what: str) -> NoReturn:
    raise InvalidInputError(
        f"histories must come from `summarise_transactions` for {what}, got histories from arrays"
    )


def check_table(
    frequency: ArrayLike,
    recency: ArrayLike,
    age: ArrayLike,
    mean_spend: ArrayLike | None,
    *,
    unit: TimeUnit,
    weights: ArrayLike | None,
    frequency_holdout: ArrayLike | None,
    age_holdout: ArrayLike | None,
    mean_spend_holdout: ArrayLike | None,
) -> HistoryTable:
    """Possible histories, each column of one length."""
    check_unit("unit", unit)
    x, t_x, age_ = (np.atleast_1d(column) for column in check_histories(frequency, recency, age))
    x_holdout = holdout = None
    if (frequency_holdout is None) != (age_holdout is None):
        raise InvalidInputError(
            "`frequency_holdout` and `age_holdout` must be given together, got one of them"
        )
    if frequency_holdout is not None and age_holdout is not None:
        x_holdout = _like(
            x,
            "frequency_holdout",
            check_array("frequency_holdout", frequency_holdout, minimum=0.0, whole=True),
        )
        holdout = _like(x, "age_holdout", check_array("age_holdout", age_holdout, minimum=0.0))
    elif mean_spend_holdout is not None:
        raise InvalidInputError("`mean_spend_holdout` must be given with `frequency_holdout`, got it alone")
    return HistoryTable(
        unit=unit,
        frequency=x,
        recency=t_x,
        age=age_,
        mean_spend=_check_mean("mean_spend", mean_spend, x),
        weight=None if weights is None else check_weights(weights, x),
        frequency_holdout=x_holdout,
        age_holdout=holdout,
        mean_spend_holdout=None
        if x_holdout is None
        else _check_mean("mean_spend_holdout", mean_spend_holdout, x_holdout),
    )


def _check_mean(name: str, mean: ArrayLike | None, count: FloatArray) -> FloatArray | None:
    """Means of 0 or more where there is something to average, NaN where there is nothing."""
    if mean is None:
        return None
    values = np.atleast_1d(np.asarray(mean, dtype=np.float64))
    values = _like(count, name, values)
    read = np.where(count > 0, values, 0.0)
    raise_broken(
        name,
        "a finite number at least 0 where there are purchases",
        read,
        np.asarray(~np.isfinite(read) | (read < 0)),
    )
    return np.where(count > 0, values, np.nan)


def _like(x: FloatArray, name: str, values: FloatArray) -> FloatArray:
    return check_same_shape({name: values, "frequency": x})[0]

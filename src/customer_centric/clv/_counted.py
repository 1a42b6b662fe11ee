"""From purchase histories, in whatever form they come, to the counts that a fit reads."""

from __future__ import annotations

from typing import Protocol, TypeAlias

import numpy as np

from customer_centric._core.checks import check_offers
from customer_centric.clv.counts import HistoryCounts, SpendCounts
from customer_centric.errors import InvalidInputError
from customer_centric.typing import FloatArray


class HasHistoryCounts(Protocol):
    """Anything that can be reduced to distinct purchase histories."""

    def sufficient_statistics(self) -> HistoryCounts:
        """Distinct histories with the number of customers of each."""
        ...


class HasSpendCounts(Protocol):
    """Anything that knows the spend of the customers who came back."""

    def spend_statistics(self) -> SpendCounts:
        """Frequency and mean spend of the customers with repeat purchases."""
        ...


HasHistories: TypeAlias = HasHistoryCounts | HistoryCounts
HasSpend: TypeAlias = HasSpendCounts | SpendCounts


def check_purchase_histories(histories: object) -> None:
    """Histories, not the transactions or a bare frame."""
    check_offers(
        "histories",
        histories,
        ("sufficient_statistics", "spend_statistics"),
        rule="purchase histories",
        remedy="`summarise_transactions` makes them of a log, `PurchaseHistories.from_arrays` of counts",
    )


def history_counts(histories: HasHistories) -> HistoryCounts:
    """The distinct histories, refused where no rate of purchases can be learnt from them."""
    if not isinstance(histories, HistoryCounts):
        check_purchase_histories(histories)
    counts = histories if isinstance(histories, HistoryCounts) else histories.sufficient_statistics()
    if counts.frequency.size == 0:
        raise InvalidInputError("`histories` must have at least one customer, got none")
    if not np.any(counts.frequency > 0):
        raise InvalidInputError(
            f"`histories` must have repeat purchases, got none among {counts.n_customers:,.0f} customers; "
            "observe them for longer, or reduce with a shorter `period`"
        )
    if not np.any(counts.age > 0):
        raise InvalidInputError(
            "`histories` must have an age greater than 0, "
            f"got 0 for all {counts.n_customers:,.0f} customers; "
            "age runs from the first purchase to the end of observation"
        )
    if not np.any(counts.recency > 0):
        raise InvalidInputError(
            "`histories` must have a recency greater than 0 where there are repeat purchases, got 0 for all; "
            "purchases at one instant have no rate, merge them with `period`"
        )
    return counts


def spend_counts(histories: HasSpend) -> SpendCounts:
    """Frequency and mean spend, refused where there are none."""
    if not isinstance(histories, SpendCounts):
        check_purchase_histories(histories)
    counts = histories if isinstance(histories, SpendCounts) else histories.spend_statistics()
    if counts.frequency.size == 0:
        raise InvalidInputError(
            "`histories` must have customers with repeat purchases of a known amount, got none; "
            "name the `amount` column, or value purchases with `spend=None`"
        )
    return counts


def part_of(counts: HistoryCounts, stride: int) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
    """Frequency, recency, age and weight of a part of the histories that looks like all of them.

    Histories that many customers share all stay; of the others about every `stride`-th, those of more
    customers sooner. The weights add up to those of all, divided by `stride`. Order is kept.
    """
    weight = counts.weight
    if stride == 1:
        return counts.frequency, counts.recency, counts.age, weight
    rare = weight < stride * weight.mean()
    passed = np.cumsum(np.where(rare, weight, 0.0))
    step = stride * passed[-1] / np.count_nonzero(rare)
    drawn = step * np.diff(np.floor(passed / step + 0.5), prepend=0.0)
    share = np.where(rare, drawn, weight) / stride
    kept = share > 0
    return counts.frequency[kept], counts.recency[kept], counts.age[kept], share[kept]


def weighted_sum(weight: FloatArray, values: FloatArray) -> float:
    """Their product summed; `@` would wake threads for long arrays, which then get in the way."""
    return float(np.einsum("i,i->", weight, values))


def repeat_rate(counts: HistoryCounts) -> float:
    """Repeat purchases per unit of age: where a fit starts."""
    total_age = weighted_sum(counts.weight, counts.age)
    return weighted_sum(counts.weight, counts.frequency) / max(total_age, np.finfo(float).tiny)


def mean_age(counts: HistoryCounts) -> float:
    """Mean time under observation: the scale on which dropout is looked for."""
    return max(weighted_sum(counts.weight, counts.age) / counts.n_customers, np.finfo(float).tiny)

"""Tiers by value: thresholds in money, and what the customers of each tier hold."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import ArrayLike

from customer_centric._core.checks import check_array, check_confidence_level
from customer_centric._core.words import as_html, counted
from customer_centric.errors import InvalidInputError
from customer_centric.intervals import normal_interval, wilson_interval
from customer_centric.typing import FloatArray, IntArray

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["TierTable", "quantile_thresholds", "value_tiers"]

# Customers at a time: what stays in the cache is several times faster than one pass after another.
_CHUNK: Final = 1 << 13
_NO_CUSTOMERS = "no customers: there are no shares"
_NO_TOTAL = "the values add up to nothing or less: shares of the total mean nothing"


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class TierTable:
    """Customers by tier, from the lowest to the highest.

    Parameters
    ----------
    labels : tuple of str
        Names of the tiers, lowest first.
    thresholds : ndarray of shape (n_tiers - 1,)
        Where each tier but the lowest begins, in money; the value itself belongs to the higher tier.
    tier : ndarray of int64 of shape (n_customers,)
        Tier of each customer: a place in `labels`, 0 for the lowest.
    customers : ndarray of int64 of shape (n_tiers,)
        Customers of each tier.
    value : ndarray of shape (n_tiers,)
        Sum of their values, in money.
    customer_share, customer_share_lower, customer_share_upper : ndarray of shape (n_tiers,)
        Share of the customers, with its interval; NaN where `reason` says why.
    value_share, value_share_lower, value_share_upper : ndarray of shape (n_tiers,)
        Share of the total value, with its interval; below 0 or above 1 where there are losses, NaN where
        `reason` says why.
    confidence_level : float
        Nominal coverage of each interval.
    reason : str or None
        Why something is missing.
    """

    labels: tuple[str, ...]
    thresholds: FloatArray
    tier: IntArray
    customers: IntArray
    value: FloatArray
    customer_share: FloatArray
    customer_share_lower: FloatArray
    customer_share_upper: FloatArray
    value_share: FloatArray
    value_share_lower: FloatArray
    value_share_upper: FloatArray
    confidence_level: float
    reason: str | None = None

    def names(self) -> np.ndarray[tuple[int, ...], np.dtype[np.str_]]:
        """Name of the tier of each customer."""
        return np.array(self.labels, dtype=np.str_)[self.tier]

    def to_frame(self) -> pd.DataFrame:
        """A row a tier, lowest first: bounds, customers, value, shares with their intervals."""
        import pandas as pd

        mean = np.divide(
            self.value, self.customers, out=np.full(self.value.size, np.nan), where=self.customers > 0
        )
        shares = (
            *("customer_share", "customer_share_lower", "customer_share_upper"),
            *("value_share", "value_share_lower", "value_share_upper"),
        )
        return pd.DataFrame(
            {
                "tier": self.labels,
                "at_least": np.append(-np.inf, self.thresholds),
                "below": np.append(self.thresholds, np.inf),
                "customers": self.customers,
                "value": self.value,
                "mean_value": mean,
                **{name: getattr(self, name) for name in shares},
            }
        )

    def __str__(self) -> str:
        text = f"{counted(self.tier.size, 'customer')} in {counted(len(self.labels), 'tier')}"
        if self.reason is not None:
            return f"{text}; {self.reason}"
        return (
            f"{text}: {self.labels[-1]} has {self.customer_share[-1]:.1%} of the customers and "
            f"{self.value_share[-1]:.1%} of the value "
            f"({self.confidence_level:.0%} interval {self.value_share_lower[-1]:.1%} to "
            f"{self.value_share_upper[-1]:.1%})"
        )

    def _repr_html_(self) -> str:
        return as_html(self, frame=self.to_frame())


def value_tiers(
    value: ArrayLike,
    thresholds: ArrayLike,
    *,
    labels: Sequence[str] | None = None,
    confidence_level: float = 0.95,
) -> TierTable:
    r"""Tiers of customers by thresholds in money.

    Parameters
    ----------
    value : array_like of shape (n_customers,)
        What each customer is worth, in money: profit, lifetime value. Losses are negative; a missing value
        is refused, because nobody's value is 0 for being unknown.
    thresholds : array_like of shape (n_tiers - 1,)
        Where each tier but the lowest begins, in money, ascending. A customer worth exactly a threshold
        belongs to the tier above it.
    labels : sequence of str, optional
        Names of the tiers, lowest first, all different. By default they say their numbers.
    confidence_level : float, default 0.95
        Nominal coverage of each interval, strictly between 0 and 1.

    Returns
    -------
    TierTable
        Tier of each customer; customers, value and shares of each tier.

    Raises
    ------
    InvalidInputError
        If a value is not a finite number, the thresholds do not ascend or the labels do not fit them.

    Notes
    -----
    With thresholds \(c_1 < \dots < c_{K-1}\), tier \(k\) holds the values in \([c_k, c_{k+1})\), with
    \(c_0 = -\infty\) and \(c_K = \infty\). The tier of a customer is a function of that customer's value
    alone: it does not move because others joined, left or changed.

    The interval of the share of customers is Wilson's. The share of value is a ratio of sums,
    \(s_k = \sum_{i \in k} v_i / \sum_i v_i\), with the standard error

    \[ \sqrt{\frac{n}{n - 1} \sum_i v_i^2 \,(1[i \in k] - s_k)^2} \Bigm/ \sum_i v_i , \]

    on the logit scale where there are no losses. Where nobody is in a tier, or everybody, the bound is what
    as many customers as Wilson's interval allows could hold there at most.

    References
    ----------
    Wilson, E. B. (1927), Probable inference, the law of succession, and statistical inference.
    [doi:10.1080/01621459.1927.10502953](https://doi.org/10.1080/01621459.1927.10502953).

    Examples
    --------
    >>> tiers = value_tiers(
    ...     [40, 50, 120, 300, 1500], [50, 300], labels=["basic", "plus", "top"]
    ... )
    >>> tiers.names().tolist()
    ['basic', 'plus', 'plus', 'top', 'top']
    >>> tiers.customers.tolist(), tiers.value.tolist()
    ([1, 2, 2], [40.0, 170.0, 1800.0])
    """
    check_confidence_level(confidence_level)
    worth = check_array("value", value, remedy="a customer without a value belongs to no tier; leave it out")
    if worth.ndim != 1:
        raise InvalidInputError(f"`value` must have one number a customer, got shape {worth.shape}")
    cuts = check_thresholds(thresholds)
    names = check_labels(labels, cuts)
    tier, customers, sums, squares = _tally(worth, cuts)
    size = len(names)
    n, total = worth.size, float(sums.sum())
    reason = _NO_CUSTOMERS if n == 0 else (_NO_TOTAL if total <= 0 else None)
    count_bounds = wilson_interval(customers, n, confidence_level=confidence_level)
    missing = np.full(size, np.nan)
    share = sums / total if reason is None else missing
    lower, upper = missing, missing
    if reason is None:
        has_losses = bool(worth.min() < 0)
        lower, upper = _share_bounds(share, squares, total, n, has_losses=has_losses, level=confidence_level)
        _bound_unseen(lower, upper, customers, count_bounds, cuts, total / n, has_losses=has_losses)
    return TierTable(
        labels=names,
        thresholds=cuts,
        tier=tier,
        customers=customers,
        value=sums,
        customer_share=customers / n if n else missing,
        customer_share_lower=count_bounds[0],
        customer_share_upper=count_bounds[1],
        value_share=share,
        value_share_lower=lower,
        value_share_upper=upper,
        confidence_level=confidence_level,
        reason=reason,
    )


def quantile_thresholds(value: ArrayLike, probabilities: ArrayLike) -> FloatArray:
    r"""Thresholds that cut *these* customers into given shares: numbers to look at, round and then keep.

    Parameters
    ----------
    value : array_like of shape (n_customers,)
        What each customer is worth, in money.
    probabilities : array_like of shape (n_tiers - 1,)
        Share of the customers below each threshold, ascending, strictly between 0 and 1: 0.8 for a top fifth.

    Returns
    -------
    ndarray of shape (n_tiers - 1,)
        Thresholds in money for `value_tiers`, each the value of a customer.

    Raises
    ------
    InvalidInputError
        If a number is out of range, there are no customers, or two thresholds coincide because too many
        customers are worth the same.

    Notes
    -----
    The threshold of probability \(q\) is the smallest value \(c\) with at least \(\lfloor q\,n \rfloor\)
    customers ranked before it. Ties stay together, so that a tier may hold more or fewer than asked. Compute
    thresholds once; recomputed every month they move customers who did nothing.

    Examples
    --------
    >>> quantile_thresholds([10, 20, 30, 40, 50], [0.4, 0.8]).tolist()
    [30.0, 50.0]
    """
    worth = check_array("value", value)
    if worth.ndim != 1 or worth.size == 0:
        raise InvalidInputError(
            f"`value` must have one number a customer and at least one customer, got shape {worth.shape}"
        )
    q = check_array(
        "probabilities", probabilities, minimum=0.0, maximum=1.0, open_minimum=True, open_maximum=True
    )
    if q.ndim != 1 or q.size == 0 or (np.diff(q) <= 0).any():
        raise InvalidInputError(f"`probabilities` must ascend, got {q.tolist()}")
    # The last bit of 0.8 * n must not cost a customer.
    places = np.floor(q * worth.size * (1.0 + 1e-12)).astype(np.int64).clip(0, worth.size - 1)
    cuts = np.partition(worth, places)[places]
    same = np.flatnonzero(np.diff(cuts) <= 0)
    if same.size:
        first = int(same[0])
        raise InvalidInputError(
            f"`probabilities` must give different thresholds, got {cuts[first]:g} for both {q[first]:g} and "
            f"{q[first + 1]:g}; too many customers are worth the same, so ask for fewer tiers"
        )
    return np.asarray(cuts)


def check_thresholds(thresholds: ArrayLike) -> FloatArray:
    """Finite numbers, each greater than the one before."""
    cuts = check_array("thresholds", thresholds)
    if cuts.ndim != 1 or cuts.size == 0:
        raise InvalidInputError(
            f"`thresholds` must be a list of at least one number, got shape {cuts.shape}; n thresholds make "
            "n + 1 tiers"
        )
    falls = np.flatnonzero(np.diff(cuts) <= 0)
    if falls.size:
        at = int(falls[0]) + 1
        raise InvalidInputError(
            f"`thresholds` must ascend, got {cuts[at]:g} after {cuts[at - 1]:g} at position {at}"
        )
    return cuts


def check_labels(labels: Sequence[str] | None, cuts: FloatArray) -> tuple[str, ...]:
    """One name a tier, or the numbers of the tiers as their names."""
    if labels is None:
        edges = [f"{cut:,.15g}" for cut in cuts]
        middle = [f"{low} to {high}" for low, high in pairwise(edges)]
        return (f"below {edges[0]}", *middle, f"{edges[-1]} or more")
    names = tuple(str(label) for label in labels)
    if isinstance(labels, str) or len(names) != cuts.size + 1 or len(set(names)) != len(names):
        raise InvalidInputError(
            f"`labels` must be {cuts.size + 1} different names, lowest tier first, got {labels!r}; "
            f"{counted(cuts.size, 'threshold')} make {cuts.size + 1} tiers"
        )
    return names


def _tally(worth: FloatArray, cuts: FloatArray) -> tuple[IntArray, IntArray, FloatArray, FloatArray]:
    """Tier of each customer; customers, sum and sum of squares of each tier."""
    tier = np.zeros(worth.size, dtype=np.int64)
    customers = np.zeros(cuts.size + 1, dtype=np.int64)
    sums, squares = np.zeros((2, cuts.size + 1))
    for start in range(0, worth.size, _CHUNK):
        some = worth[start : start + _CHUNK]
        of_some, squared = tier[start : start + _CHUNK], some * some
        above = np.ones(some.size)
        for k in range(cuts.size + 1):
            higher = some >= cuts[k] if k < cuts.size else np.zeros(some.size, dtype=np.bool_)
            of_some += higher
            # Not by taking the sums of higher tiers off: beside them, a low tier would lose its digits.
            inside = above - higher
            customers[k] += np.count_nonzero(inside)
            sums[k] += inside @ some
            squares[k] += inside @ squared
            above = higher.astype(np.float64)
    return tier, customers, sums, squares


def _share_bounds(
    share: FloatArray, squares: FloatArray, total: float, n: int, *, has_losses: bool, level: float
) -> tuple[FloatArray, FloatArray]:
    """Interval of each share of the total, by linearising the ratio."""
    others = squares.sum() - squares
    spread = (1.0 - share) ** 2 * squares + share**2 * others.clip(min=0.0)
    error = np.sqrt(spread * n / max(n - 1, 1)) / total
    if has_losses:
        return normal_interval(share, error, confidence_level=level)
    return normal_interval(share.clip(0.0, 1.0), error, confidence_level=level, scale="logit")


def _bound_unseen(
    lower: FloatArray,
    upper: FloatArray,
    customers: IntArray,
    count_bounds: tuple[FloatArray, FloatArray],
    cuts: FloatArray,
    mean: float,
    *,
    has_losses: bool,
) -> None:
    """Bounds where a tier has nobody or everybody, in place: customers who were not seen may still exist."""
    n = int(customers.sum())
    for k in np.flatnonzero((customers == 0) | (customers == n)):
        if has_losses:
            lower[k], upper[k] = -math.inf, math.inf
        elif customers[k] == 0:
            most = cuts[k] if k < cuts.size else math.inf
            upper[k] = _most_held(float(count_bounds[1][k]), float(most), mean)
        else:
            # The others lie below its lower threshold if it is the highest tier; else nothing bounds them.
            most = cuts[-1] if k == cuts.size else math.inf
            lower[k] = 1.0 - _most_held(1.0 - float(count_bounds[0][k]), float(most), mean)


def _most_held(fraction: float, each: float, mean: float) -> float:
    """Share of the value that a share of the customers could hold, each worth at most so much."""
    if math.isinf(each):
        return 1.0
    held = fraction * max(each, 0.0)
    return held / (held + (1.0 - fraction) * mean)

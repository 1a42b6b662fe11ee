"""Who buys most and who is worth most: two orders of the same customers."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtri

from customer_centric._core.checks import check_confidence_level, check_number
from customer_centric._core.words import as_html, counted
from customer_centric.errors import InvalidInputError
from customer_centric.intervals import Interval, wilson_interval
from customer_centric.segments._spread import check_values
from customer_centric.typing import FloatArray, IntArray

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["RankReversal", "rank_reversal"]


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class RankReversal:
    """How far the order by profit departs from the order by revenue.

    Parameters
    ----------
    customer : ndarray of shape (n_listed,)
        The biggest buyers, first the one who buys most: ids where they were given, else positions.
    revenue, profit : ndarray of shape (n_listed,)
        Their revenue and profit, in money.
    revenue_rank, profit_rank : ndarray of shape (n_listed,)
        Their ranks among all customers, 1 the largest; customers who tie share the mean of their ranks.
    stays : ndarray of bool of shape (n_listed,)
        Whether they are also among the most profitable.
    rank_correlation : float
        Spearman's correlation of revenue and profit over all customers, in [-1, 1]; NaN with a reason.
    interval : Interval or None
        Interval of `rank_correlation`, for customers drawn from many like them.
    k : int
        How many customers are the top.
    n_customers : int
        Number of customers.
    displaced_share : float
        Share of the biggest buyers who are not among the most profitable, in [0, 1].
    displaced_interval : Interval
        Wilson interval of it.
    reason : str or None
        Why the correlation or its interval is missing.
    """

    customer: NDArray[np.generic]
    revenue: FloatArray
    profit: FloatArray
    revenue_rank: FloatArray
    profit_rank: FloatArray
    stays: NDArray[np.bool_]
    rank_correlation: float
    interval: Interval | None
    k: int
    n_customers: int
    displaced_share: float
    displaced_interval: Interval
    reason: str | None = None

    @property
    def n_displaced(self) -> int:
        """Biggest buyers who are not among the most profitable."""
        return int(np.count_nonzero(~self.stays))

    def to_frame(self) -> pd.DataFrame:
        """A row a customer among the biggest buyers, with both ranks."""
        import pandas as pd

        return pd.DataFrame(
            {
                "customer": self.customer,
                "revenue": self.revenue,
                "profit": self.profit,
                "revenue_rank": self.revenue_rank,
                "profit_rank": self.profit_rank,
                "stays": self.stays,
            }
        )

    def __str__(self) -> str:
        bounds = (
            f"no interval: {self.reason}"
            if self.interval is None
            else f"{100 * self.interval.confidence_level:g} % interval {self.interval.lower:.3f} to "
            f"{self.interval.upper:.3f}"
        )
        return (
            f"{self.n_displaced:,} of the {self.stays.size:,} biggest buyers of "
            f"{counted(self.n_customers, 'customer')} are not among the {self.k:,} most profitable; rank "
            f"correlation {self.rank_correlation:.3f} ({bounds})"
        )

    def _repr_html_(self) -> str:
        return as_html(self)


def rank_reversal(
    revenue: ArrayLike,
    profit: ArrayLike,
    *,
    k: int,
    customer: ArrayLike | None = None,
    confidence_level: float = 0.95,
) -> RankReversal:
    r"""Which of the biggest buyers are not among the most valuable customers.

    Parameters
    ----------
    revenue, profit : array_like of shape (n_customers,)
        Revenue and profit of each customer, in money.
    k : int
        How many customers are the top, from 1 to their number. Who ties with the last of them is among them,
        so that a list may be longer.
    customer : array_like of shape (n_customers,), optional
        Ids for the list; positions by default.
    confidence_level : float, default 0.95
        Nominal coverage of the intervals, strictly between 0 and 1.

    Returns
    -------
    RankReversal
        Rank correlation and the share of the biggest buyers who are displaced, with intervals, and the list
        with both ranks.

    Raises
    ------
    InvalidInputError
        If there is no customer, a number is missing or not finite, lengths differ, or `k` is not a whole
        number from 1 to the number of customers.

    Notes
    -----
    Spearman's \(\rho\) is the correlation of the mid-ranks. Its interval is that of Bonett and Wright,

    \[ \tanh\left( \operatorname{artanh} \rho \pm z \sqrt{\frac{1 + \rho^2 / 2}{n - 3}} \right) . \]

    Where both orders agree in full, \(\rho\) stands for the value with one pair of neighbours exchanged,
    \(1 - 12 / (n^3 - n)\), on the open side, and the other bound is 1. Expect a correlation: revenue is
    part of profit.

    References
    ----------
    Bonett, D. G. and Wright, T. A. (2000), Sample size requirements for estimating Pearson, Kendall and
    Spearman correlations. Psychometrika 65. [doi:10.1007/BF02294183](https://doi.org/10.1007/BF02294183).

    Examples
    --------
    >>> found = rank_reversal(
    ...     [900, 500, 400, 100], [-50, 200, 90, 30], k=2, customer=list("abcd")
    ... )
    >>> found.n_displaced, found.to_frame()["profit_rank"].tolist()
    (1, [4.0, 1.0])
    """
    check_confidence_level(confidence_level)
    bought, earned = check_values("revenue", revenue), check_values("profit", profit)
    n = bought.size
    ids = np.arange(n) if customer is None else np.asarray(customer)
    if earned.size != n or ids.shape != (n,):
        raise InvalidInputError(
            f"`revenue`, `profit` and `customer` must be of one length, got {n}, {earned.size} and {ids.size}"
        )
    top = int(check_number("k", k, minimum=1.0, maximum=float(n), whole=True))
    ranks = _mid_ranks(bought), _mid_ranks(earned)
    listed = _top(bought, top)
    # Ties in the list go by profit, then by where they stand.
    listed = listed[np.lexsort((listed, -earned[listed], -bought[listed]))]
    stays = earned[listed] >= np.partition(earned, n - top)[n - top]
    displaced = int(np.count_nonzero(~stays))
    share = wilson_interval(displaced, listed.size, confidence_level=confidence_level)
    correlation, bounds, reason = _correlation(*ranks, confidence_level)
    return RankReversal(
        customer=ids[listed],
        revenue=bought[listed],
        profit=earned[listed],
        revenue_rank=ranks[0][listed],
        profit_rank=ranks[1][listed],
        stays=stays,
        rank_correlation=correlation,
        interval=bounds,
        k=top,
        n_customers=n,
        displaced_share=displaced / listed.size,
        displaced_interval=Interval(float(share[0]), float(share[1]), confidence_level),
        reason=reason,
    )


def _top(values: FloatArray, k: int) -> IntArray:
    """Where the `k` largest values are, and those that tie with the last of them."""
    return np.flatnonzero(values >= np.partition(values, values.size - k)[values.size - k])


def _mid_ranks(values: FloatArray) -> FloatArray:
    """Ranks from 1, the largest; values that tie share the mean of their ranks."""
    order = np.argsort(values)[::-1]
    ordered = values[order]
    begins = np.flatnonzero(np.append([True], ordered[1:] != ordered[:-1]))
    sizes = np.diff(begins, append=values.size)
    ranks = np.empty(values.size)
    ranks[order] = np.repeat(begins + 0.5 * (sizes + 1.0), sizes)
    return ranks


def _correlation(
    first: FloatArray, second: FloatArray, confidence_level: float
) -> tuple[float, Interval | None, str | None]:
    n = first.size
    x, y = first - 0.5 * (n + 1.0), second - 0.5 * (n + 1.0)
    squares = math.sqrt(float(x @ x)) * math.sqrt(float(y @ y))
    if squares == 0:
        return math.nan, None, "all customers are alike in revenue or in profit, so they have no order"
    correlation = min(max(float(x @ y) / squares, -1.0), 1.0)
    if n < 4:
        return correlation, None, f"{counted(n, 'customer')} are too few: 4 are needed"
    nearest = 1.0 - 12.0 / (float(n) ** 3 - n)
    inner = min(max(correlation, -nearest), nearest)
    far = ndtri(0.5 + 0.5 * confidence_level) * math.sqrt((1.0 + 0.5 * inner**2) / (n - 3.0))
    lower, upper = math.tanh(math.atanh(inner) - far), math.tanh(math.atanh(inner) + far)
    if abs(correlation) > nearest:
        lower, upper = (lower, 1.0) if correlation > 0 else (-1.0, upper)
    return correlation, Interval(lower, upper, confidence_level), None

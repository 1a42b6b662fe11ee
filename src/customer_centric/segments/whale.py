"""The whale curve: how much of the profit the best customers make, and how much the others destroy."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from customer_centric._core.words import as_html, counted
from customer_centric.intervals import Interval, wilson_interval
from customer_centric.segments._curve import curve_frame, running_total, shares_at
from customer_centric.segments._spread import (
    ONE_CUSTOMER,
    IntervalMethod,
    check_interval,
    check_values,
    drawn_bounds,
    share_bounds,
)
from customer_centric.typing import FloatArray

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["WhaleCurve", "whale_curve"]


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class WhaleCurve:
    """Profit of the most profitable customers together, and what the others take away from it.

    Parameters
    ----------
    cumulative : ndarray of shape (n_customers + 1,)
        Profit of the 0, 1, 2, ... most profitable customers together, in money.
    total : float
        Profit of all customers.
    gained, destroyed : float
        Profit of the profitable customers; losses of the others, 0 or more. Their difference is `total`.
    peak : float
        `gained` over `total`: 1.44 is a peak of 144 %. NaN where the total is not greater than 0.
    peak_interval : Interval or None
        Interval of `peak`, for customers drawn from many like them; infinite above where they may earn
        nothing at all. None where `reason` says why.
    drag : float
        `peak` less 1: what loss-making customers destroy, as a share of the total.
    share_at_peak : float
        Share of the customers who are profitable, in [0, 1]; there whatever the total.
    share_interval : Interval
        Wilson interval of `share_at_peak`.
    n_customers, n_profitable, n_unprofitable : int
        Customers; those with a profit above 0; those below 0.
    reason : str or None
        Why the peak or its interval is missing.
    """

    cumulative: FloatArray
    total: float
    gained: float
    destroyed: float
    peak: float
    peak_interval: Interval | None
    drag: float
    share_at_peak: float
    share_interval: Interval
    n_customers: int
    n_profitable: int
    n_unprofitable: int
    reason: str | None = None

    def share_of_profit(self, share_of_customers: ArrayLike) -> FloatArray:
        """Share of the profit made by the most profitable customers; NaN where the total is not above 0.

        Between two customers the curve is straight.
        """
        return shares_at(self.cumulative, self.total, share_of_customers)

    def to_frame(self) -> pd.DataFrame:
        """A row a point of the curve: customers, their share, their profit, its share."""
        return curve_frame(self.cumulative, self.total, "profit")

    def __str__(self) -> str:
        money = (
            f"{counted(self.n_profitable, 'customer')} of {self.n_customers:,} earn {self.gained:,.2f}, "
            f"{self.n_unprofitable:,} destroy {self.destroyed:,.2f}"
        )
        if math.isnan(self.peak):
            return f"{money}: {self.reason}"
        found = self.peak_interval
        bounds = (
            f"no interval: {self.reason}"
            if found is None
            else f"{100 * found.confidence_level:g} % interval {100 * found.lower:.1f} to "
            f"{100 * found.upper:.1f}"
        )
        return (
            f"{money}: the curve peaks at {100 * self.peak:.1f} % of the profit ({bounds}) with "
            f"{100 * self.share_at_peak:.1f} % of the customers"
        )

    def _repr_html_(self) -> str:
        return as_html(self)


def whale_curve(
    profit: ArrayLike,
    *,
    interval: IntervalMethod = "linearised",
    rng: np.random.Generator | None = None,
    n_resamples: int = 2000,
    confidence_level: float = 0.95,
) -> WhaleCurve:
    r"""Whale curve: cumulative profit of the customers, the most profitable first.

    Parameters
    ----------
    profit : array_like of shape (n_customers,)
        Profit of each customer, in money; losses stay in.
    interval : {"linearised", "bootstrap"}, default "linearised"
        From what each customer adds to gains and losses, which takes one pass; or by drawing the customers
        again, for thousands of them.
    rng : numpy.random.Generator, optional
        Where the draws of "bootstrap" come from; required there.
    n_resamples : int, default 2000
        Number of draws of "bootstrap".
    confidence_level : float, default 0.95
        Nominal coverage of the intervals, strictly between 0 and 1.

    Returns
    -------
    WhaleCurve
        The curve, its peak, the share of the customers at the peak, and the money destroyed after it. Where
        the total is not greater than 0 there is only money: percentages are NaN, and `reason` says so.

    Raises
    ------
    InvalidInputError
        If there is no customer, a profit is missing or not finite, or "bootstrap" has no `rng`.

    Notes
    -----
    With \(\pi_{(1)} \ge \dots \ge \pi_{(n)}\) the sorted profits, \(P\) their positive part and \(L\) their
    losses,

    \[ W(i / n) = \frac{\sum_{j \le i} \pi_{(j)}}{P - L}, \qquad
       \max W = \frac{P}{P - L} = \frac{1 - s}{1 - 2 s}, \qquad s = \frac{L}{P + L} . \]

    The interval is one of \(s\), the share of all money moved that is lost, by its logarithmic odds; it is
    carried over to the peak, which is infinite from \(s = 1/2\) on.

    References
    ----------
    Kaplan, R. S. and Narayanan, V. G. (2001), Measuring and managing customer profitability. Journal of Cost
    Management 15(5): the whale curve.

    Examples
    --------
    >>> whale = whale_curve([500, 300, 200, 100, 50, 0, -20, -30, -100, -200])
    >>> whale.peak, whale.share_at_peak, whale.destroyed
    (1.4375, 0.5, 350.0)
    """
    check_interval(interval, confidence_level)
    values = np.sort(check_values("profit", profit))
    n = values.size
    n_unprofitable, not_above = (int(np.searchsorted(values, 0.0, side=side)) for side in ("left", "right"))
    n_profitable = n - not_above
    cumulative, total, reason = running_total(values[::-1])
    gained, destroyed = float(cumulative[n_profitable]), abs(float(values[:n_unprofitable].sum()))
    peak = gained / total if reason is None else math.nan
    reason = reason or _why_no_interval(n, n_unprofitable)
    bounds: Interval | None = None
    if reason is None:
        lost = (
            _loss_bounds(values, n_unprofitable, not_above, confidence_level)
            if interval == "linearised"
            else drawn_bounds(
                lambda drawn: _drawn_loss(values, n_unprofitable, not_above, drawn),
                n,
                rng=rng,
                n_resamples=n_resamples,
                confidence_level=confidence_level,
            )
        )
        bounds = _peaks(lost, confidence_level)
    lower, upper = wilson_interval(n_profitable, n, confidence_level=confidence_level)
    return WhaleCurve(
        cumulative=cumulative,
        total=total,
        gained=gained,
        destroyed=destroyed,
        peak=peak,
        peak_interval=bounds,
        drag=destroyed / total if not math.isnan(peak) else math.nan,
        share_at_peak=n_profitable / n,
        share_interval=Interval(float(lower), float(upper), confidence_level),
        n_customers=n,
        n_profitable=n_profitable,
        n_unprofitable=n_unprofitable,
        reason=reason,
    )


def _why_no_interval(n: int, n_unprofitable: int) -> str | None:
    if n == 1:
        return ONE_CUSTOMER
    if n_unprofitable == 0:
        return "no customer loses money, so nothing shows how much one who does would lose"
    return None


def _loss_bounds(
    values: FloatArray, n_unprofitable: int, not_above: int, confidence_level: float
) -> tuple[float, float]:
    """Bounds of the share of the money moved that is lost."""
    scale = max(float(values[-1]), -float(values[0]))
    losses, gains = values[:n_unprofitable] / scale, values[not_above:] / scale
    lost, gained = -float(losses.sum()), float(gains.sum())
    share, n = lost / (lost + gained), values.size
    # A customer adds loss (1 - s) - gain s to the share; nobody has both.
    squares = (1.0 - share) ** 2 * float(losses @ losses) + share**2 * float(gains @ gains)
    error = math.sqrt(n / (n - 1.0) * squares) / (lost + gained)
    return share_bounds(share, error, n, confidence_level)


def _drawn_loss(values: FloatArray, n_unprofitable: int, not_above: int, drawn: FloatArray) -> float:
    lost = -float(drawn[:n_unprofitable] @ values[:n_unprofitable])
    moved = lost + float(drawn[not_above:] @ values[not_above:])
    # Customers who neither earn nor lose lose nothing.
    return lost / moved if moved > 0 else 0.0


def _peaks(lost: tuple[float, float], confidence_level: float) -> Interval:
    lower, upper = ((1.0 - share) / (1.0 - 2.0 * share) if share < 0.5 else math.inf for share in lost)
    return Interval(lower, upper, confidence_level)

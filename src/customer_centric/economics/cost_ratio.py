"""Is winning a customer dearer than keeping one? On average, and for one more of each."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import pandas as pd

from customer_centric._core.checks import check_confidence_level, check_number, check_offers
from customer_centric._core.words import as_html
from customer_centric.economics._inputs import COST_REMEDY
from customer_centric.errors import InvalidInputError
from customer_centric.intervals import Interval, mover_interval, wilson_interval
from customer_centric.typing import FloatArray

__all__ = ["CostRatio", "acquisition_retention_ratio", "response_cost_ratio"]


class SpendCurve(Protocol):
    """What spending brings, and what one more costs there; `SpendResponse` is one."""

    def response(self, spend: float, /) -> float | FloatArray:
        """Share of customers won or kept at that spending per head."""
        ...

    def marginal_cost(self, spend: float, /) -> float | FloatArray:
        """Money for one more customer at that spending per head."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class CostRatio:
    """Cost of winning a customer over that of keeping one, as an average and for one more.

    Parameters
    ----------
    average : float
        Spending per new customer over spending per retained one.
    average_interval : Interval or None
        Its bounds; None where the ratio is undefined or rests on curves alone.
    marginal : float
        Cost of one more new customer over that of one more retained. NaN where no ceiling is known.
    marginal_interval : Interval or None
        Its bounds, given the ceilings; None likewise.
    average_acquisition, average_retention : float
        Spending per new and per retained customer, in money.
    marginal_acquisition, marginal_retention : float
        Cost of one more, in money; NaN where no ceiling is known.
    reason : str or None
        Why a number is NaN, None where none is.
    """

    average: float
    average_interval: Interval | None
    marginal: float
    marginal_interval: Interval | None
    average_acquisition: float
    average_retention: float
    marginal_acquisition: float
    marginal_retention: float
    reason: str | None = None

    def to_frame(self) -> pd.DataFrame:
        """Two rows, "average" and "marginal": the two costs, the ratio and its bounds."""
        bounds = [
            (math.nan, math.nan) if interval is None else (interval.lower, interval.upper)
            for interval in (self.average_interval, self.marginal_interval)
        ]
        return pd.DataFrame(
            {
                "cost": ["average", "marginal"],
                "acquisition": [self.average_acquisition, self.marginal_acquisition],
                "retention": [self.average_retention, self.marginal_retention],
                "ratio": [self.average, self.marginal],
                "lower": [low for low, _ in bounds],
                "upper": [high for _, high in bounds],
            }
        )

    def __str__(self) -> str:
        why = f"; {self.reason}" if self.reason else ""
        return (
            f"winning costs {self.average:.2f} times as much as keeping on average"
            f"{_said(self.average_interval)}, {self.marginal:.2f} times for one more"
            f"{_said(self.marginal_interval)}{why}"
        )

    def _repr_html_(self) -> str:
        return as_html(self, frame=self.to_frame())


def acquisition_retention_ratio(
    acquisition_spend: float,
    new_customers: int,
    retention_spend: float,
    retained_customers: int,
    *,
    prospects: int | None = None,
    customers: int | None = None,
    acquisition_ceiling: float | None = None,
    retention_ceiling: float | None = None,
    retention_base: float = 0.0,
    confidence_level: float = 0.90,
) -> CostRatio:
    r"""Cost of winning a customer over that of keeping one, average and marginal, from spending and counts.

    Parameters
    ----------
    acquisition_spend : float
        Spent on prospects in the period, in money, 0 or more.
    new_customers : int
        Customers won in it.
    retention_spend : float
        Spent on keeping existing customers in the same period, in money, 0 or more.
    retained_customers : int
        Existing customers who stayed.
    prospects : int, optional
        People whom the acquisition spending was for, at least `new_customers`.
    customers : int, optional
        Customers who could have left, at least `retained_customers`.
    acquisition_ceiling : float, optional
        Share of prospects that no spending would exceed, above the share won, at most 1.
    retention_ceiling : float, optional
        Share of customers that no spending would exceed, above the share kept, at most 1.
    retention_base : float, default 0.0
        Share of customers who would stay with no spending at all, below the share kept. 0, as in the paper,
        credits the spending with everybody who stays.
    confidence_level : float, default 0.90
        Nominal coverage of the intervals, strictly between 0 and 1.

    Returns
    -------
    CostRatio
        Average ratio, and the marginal one where prospects, customers and both ceilings are given.

    Raises
    ------
    InvalidInputError
        If an argument is outside its range, or some but not all of what the marginal ratio needs is given.

    Notes
    -----
    The average ratio is \(\frac{A}{N} / \frac{R}{M}\) for spending \(A, R\) on \(N\) new and \(M\) retained
    customers. Its interval takes both counts as Poisson: given their sum, \(M\) is binomial, and Wilson's
    bounds of its share give those of \(M / N\).

    The marginal costs are slopes. With spending \(s\) per head, ceiling \(c\), base \(b\), share \(p\)
    and \(\rho = (p - b)/(c - b)\), the curve \(b + (c - b)(1 - e^{-ks})\) through the observation has

    \[ k = -\frac{\ln(1 - \rho)}{s}, \qquad
       \text{cost of one more} = \frac{e^{ks}}{(c - b)\,k} = \frac{s}{-(c-b)(1-\rho)\ln(1-\rho)} . \]

    Their bounds come from Wilson's bounds of the shares, those of the ratio by the method of variance
    estimates recovery on logarithms. The ceilings are taken as known.

    That retention is cheaper on average implies nothing for the next unit of money: at the best budget
    both marginal costs equal the value of a customer, whatever the average ratio.

    References
    ----------
    Blattberg, R. C. and Deighton, J. (1996), Manage marketing by the customer equity test, Harvard Business
    Review 74(4), 136-144.

    Examples
    --------
    Five times as dear on average, and for one more it is retention that is dearer:

    >>> ratio = acquisition_retention_ratio(
    ...     500_000,
    ...     1_000,
    ...     850_000,
    ...     8_500,
    ...     prospects=20_000,
    ...     customers=10_000,
    ...     acquisition_ceiling=0.2,
    ...     retention_ceiling=0.9,
    ... )
    >>> round(ratio.average, 2), round(ratio.marginal, 2)
    (5.0, 0.99)
    """
    spends = [
        check_number(name, value, minimum=0.0, remedy=COST_REMEDY)
        for name, value in (("acquisition_spend", acquisition_spend), ("retention_spend", retention_spend))
    ]
    counts = [
        check_number(name, value, minimum=0.0, whole=True)
        for name, value in (("new_customers", new_customers), ("retained_customers", retained_customers))
    ]
    check_confidence_level(confidence_level)
    average = [_average(spend, count) for spend, count in zip(spends, counts, strict=True)]
    sides = _sides(
        spends, counts, (prospects, customers), (acquisition_ceiling, retention_ceiling), retention_base
    )
    marginal = [side.cost(side.share) for side in sides] or [math.nan, math.nan]
    return CostRatio(
        average=_over(*average),
        average_interval=_average_interval(spends, counts, confidence_level),
        marginal=_over(*marginal),
        marginal_interval=_marginal_interval(sides, confidence_level),
        average_acquisition=average[0],
        average_retention=average[1],
        marginal_acquisition=marginal[0],
        marginal_retention=marginal[1],
        reason=_reason(_over(*average), _over(*marginal), known=bool(sides)),
    )


def response_cost_ratio(
    acquisition: SpendCurve, retention: SpendCurve, *, acquisition_spend: float, retention_spend: float
) -> CostRatio:
    r"""The same ratio from two response curves, at a spending per head.

    Parameters
    ----------
    acquisition, retention : SpendResponse
        Share of prospects won, and of customers kept, by spending per head.
    acquisition_spend, retention_spend : float
        Spending per prospect and per customer, in money, greater than 0.

    Returns
    -------
    CostRatio
        Average and marginal, without intervals: curves are assumptions, not data.

    Raises
    ------
    InvalidInputError
        If a curve does not offer `response` and `marginal_cost`, or a spending is not greater than 0.

    Notes
    -----
    With a curve \(f\) at spending \(s\) the average cost is \(s / f(s)\) and the marginal one \(1 / f'(s)\).

    References
    ----------
    Blattberg, R. C. and Deighton, J. (1996), Manage marketing by the customer equity test, Harvard Business
    Review 74(4), 136-144.

    Examples
    --------
    At the best budget one more customer costs the same either way, and the average ratio is 2.3:

    >>> from customer_centric import SpendResponse
    >>> print(
    ...     response_cost_ratio(
    ...         SpendResponse(0.4, 0.03),
    ...         SpendResponse(0.9, 0.05),
    ...         acquisition_spend=32.437,
    ...         retention_spend=45.897,
    ...     )
    ... )
    winning costs 2.30 times as much as keeping on average, 1.00 times for one more
    """
    costs: list[tuple[float, float]] = []
    for name, curve, spend in (
        ("acquisition", acquisition, acquisition_spend),
        ("retention", retention, retention_spend),
    ):
        check_offers(
            name,
            curve,
            ("response", "marginal_cost"),
            rule="a response curve",
            remedy="pass for instance SpendResponse(ceiling=0.4, k=0.03)",
        )
        money = check_number(f"{name}_spend", spend, minimum=0.0, open_minimum=True)
        costs.append((_average(money, float(curve.response(money))), float(curve.marginal_cost(money))))
    (average_a, marginal_a), (average_r, marginal_r) = costs
    return CostRatio(
        average=_over(average_a, average_r),
        average_interval=None,
        marginal=_over(marginal_a, marginal_r),
        marginal_interval=None,
        average_acquisition=average_a,
        average_retention=average_r,
        marginal_acquisition=marginal_a,
        marginal_retention=marginal_r,
        reason=_reason(_over(average_a, average_r), _over(marginal_a, marginal_r), known=True),
    )


@dataclass(frozen=True, slots=True)
class _Side:
    """One of the two curves: spending per head, customers won or kept, and how many there could be."""

    spend: float
    count: float
    total: float
    ceiling: float
    base: float

    @classmethod
    def of(cls, name: str, spend: float, count: float, total: float, ceiling: float, base: float) -> _Side:
        """Checked against one another: base <= share < ceiling."""
        kind = "acquisition" if name == "prospects" else "retention"
        n = check_number(name, total, minimum=max(count, 1.0), whole=True)
        check_number(
            f"{kind}_ceiling",
            ceiling,
            minimum=count / n,
            open_minimum=True,
            maximum=1.0,
            remedy="no spending exceeds the ceiling, so it is above the share seen",
        )
        check_number(f"{kind}_base", base, minimum=0.0, maximum=count / n)
        return cls(spend / n, count, n, ceiling, base)

    @property
    def share(self) -> float:
        """Share won or kept."""
        return self.count / self.total

    def cost(self, share: float) -> float:
        """Money for one more at that share, at the same spending; infinite at the base and the ceiling."""
        left = (self.ceiling - share) / (self.ceiling - self.base)
        if not 0.0 < left < 1.0:
            return math.inf
        return self.spend / (-(self.ceiling - self.base) * left * math.log(left))

    def bounds(self, confidence_level: float) -> tuple[float, float]:
        """Lowest and highest cost over the bounds of the share."""
        low, high = (
            float(bound)
            for bound in wilson_interval(self.count, self.total, confidence_level=confidence_level)
        )
        # The cost is lowest where 1/e of the way to the ceiling is left, and rises on either side.
        cheapest = self.ceiling - (self.ceiling - self.base) / math.e
        costs = [self.cost(low), self.cost(high), self.cost(self.share)]
        return min([*costs, self.cost(min(max(cheapest, low), high))]), max(costs)


def _sides(
    spends: list[float],
    counts: list[float],
    totals: tuple[int | None, int | None],
    ceilings: tuple[float | None, float | None],
    base: float,
) -> list[_Side]:
    """Both curves, or none where nothing is known of them; what is known in part is refused."""
    names = ("prospects", "customers", "acquisition_ceiling", "retention_ceiling")
    absent = [f"`{name}`" for name, value in zip(names, totals + ceilings, strict=True) if value is None]
    if 0 < len(absent) < len(names):
        raise InvalidInputError(
            "the marginal ratio needs `prospects`, `customers` and both ceilings, got no "
            f"{' and no '.join(absent)}; give all of them or none"
        )
    return [
        _Side.of(name, spend, count, total, ceiling, least)
        for name, spend, count, total, ceiling, least in zip(
            names[:2], spends, counts, totals, ceilings, (0.0, base), strict=True
        )
        if total is not None and ceiling is not None
    ]


def _average(spend: float, count: float) -> float:
    if count:
        return spend / count
    return math.inf if spend > 0 else math.nan


def _over(acquisition: float, retention: float) -> float:
    """Ratio of two costs, infinite where only keeping is free; NaN where it is undefined."""
    if retention == 0.0:
        return math.inf if acquisition > 0 else math.nan
    return acquisition / retention


def _average_interval(spends: list[float], counts: list[float], confidence_level: float) -> Interval | None:
    if not (all(spends) and any(counts)):
        return None
    low, high = wilson_interval(counts[1], sum(counts), confidence_level=confidence_level)
    odds = [float(bound) / (1.0 - float(bound)) if bound < 1 else math.inf for bound in (low, high)]
    return Interval(spends[0] / spends[1] * odds[0], spends[0] / spends[1] * odds[1], confidence_level)


def _marginal_interval(sides: list[_Side], confidence_level: float) -> Interval | None:
    centre = [side.cost(side.share) for side in sides]
    if not sides or not all(side.spend for side in sides):
        return None
    if not np.isfinite(centre).all():
        return Interval(0.0, math.inf, confidence_level)
    bounds = np.log([side.bounds(confidence_level) for side in sides])
    low, high = mover_interval(np.log(centre), bounds[:, 0], bounds[:, 1])
    return Interval(math.exp(float(low)), math.exp(float(high)), confidence_level)


def _reason(average: float, marginal: float, *, known: bool) -> str | None:
    reasons: list[str] = []
    if math.isnan(average):
        reasons.append("a cost per customer is undefined on average")
    if not known:
        reasons.append("one more customer has no price without prospects, customers and ceilings")
    elif math.isnan(marginal):
        reasons.append("a cost of one more customer is undefined: nothing was spent, or it moved nobody")
    return "; ".join(reasons) or None


def _said(interval: Interval | None) -> str:
    if interval is None:
        return ""
    return f" ({100 * interval.confidence_level:g} % interval {interval.lower:.2f} to {interval.upper:.2f})"

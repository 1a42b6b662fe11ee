"""Service levels by tier: which level pays for the customers of each tier."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from customer_centric._core.checks import check_confidence_level, check_number
from customer_centric._core.words import as_html
from customer_centric.errors import InvalidInputError
from customer_centric.intervals import normal_interval
from customer_centric.segments.tiers import TierTable

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["ServiceLevel", "ServicePlan", "service_levels"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceLevel:
    """What a service level costs and adds, over having none.

    Parameters
    ----------
    cost : float
        Cost per customer, in money, over the time in which the value is earned; 0 or more.
    uplift : float
        Share of a customer's value that the level adds, from an experiment; negative where it annoys.
    uplift_standard_error : float or None
        Its standard error, 0 or more; None where it is not known.

    Raises
    ------
    InvalidInputError
        If a number is out of its range.

    Examples
    --------
    >>> ServiceLevel(cost=40, uplift=0.05).cost
    40
    """

    cost: float
    uplift: float
    uplift_standard_error: float | None = None

    def __post_init__(self) -> None:
        check_number("cost", self.cost, minimum=0.0)
        check_number("uplift", self.uplift)
        if self.uplift_standard_error is not None:
            check_number("uplift_standard_error", self.uplift_standard_error, minimum=0.0)


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class ServicePlan:
    """The level that pays best in each tier.

    Parameters
    ----------
    table : pandas.DataFrame
        A row a tier, lowest first: `tier`, `level`, `customers`, `cost` in all, `expected_return` after the
        cost, `lower` and `upper`, and `pays_from`, the customer value from which the level pays. The
        bounds are NaN where `reason` says why.
    total : float
        Sum of the expected returns, in money.
    confidence_level : float
        Nominal coverage of each interval.
    reason : str or None
        Why something is missing.
    """

    table: pd.DataFrame
    total: float
    confidence_level: float
    reason: str | None = None

    def to_frame(self) -> pd.DataFrame:
        """The table."""
        return self.table

    def __str__(self) -> str:
        rows = zip(self.table["tier"], self.table["level"], strict=True)
        chosen = ", ".join(f"{tier}: {level}" for tier, level in rows)
        return f"{chosen}; expected return {self.total:,.2f}"

    def _repr_html_(self) -> str:
        return as_html(self, frame=self.table)


def service_levels(
    tiers: TierTable,
    levels: Mapping[str, ServiceLevel],
    *,
    standard: str = "standard",
    confidence_level: float = 0.95,
) -> ServicePlan:
    r"""Service level of each tier with the largest expected return.

    Parameters
    ----------
    tiers : TierTable
        The tiers, from `value_tiers`.
    levels : mapping from str to ServiceLevel
        What each level beyond the standard costs and adds.
    standard : str, default "standard"
        Name of the level that costs and adds nothing more: what everybody gets.
    confidence_level : float, default 0.95
        Nominal coverage of each interval, strictly between 0 and 1.

    Returns
    -------
    ServicePlan
        Level, cost and expected return of each tier.

    Raises
    ------
    InvalidInputError
        If there are no levels, or one has the name of the standard.

    Notes
    -----
    In a tier of \(n_k\) customers who are worth \(S_k\) together, level \(j\) with uplift \(u_j\) and cost
    \(c_j\) returns

    \[ u_j S_k - n_k c_j , \qquad \text{standard error } s_j \lvert S_k \rvert , \]

    and pays for customers worth more than \(c_j / u_j\). Among levels that return the same the cheaper one
    is taken, and nothing beyond the standard where no level returns more than it costs. An uplift that is the
    same share in every tier is an assumption: measure it by tier where you can.

    Examples
    --------
    >>> from customer_centric import ServiceLevel, service_levels, value_tiers
    >>> tiers = value_tiers([100, 200, 900, 1100, 5000], [500, 2000], labels=["C", "B", "A"])
    >>> levels = {
    ...     "phone": ServiceLevel(cost=40, uplift=0.05),
    ...     "manager": ServiceLevel(cost=200, uplift=0.1),
    ... }
    >>> print(service_levels(tiers, levels))
    C: standard, B: phone, A: manager; expected return 320.00
    """
    import pandas as pd

    check_confidence_level(confidence_level)
    if not levels or standard in levels:
        raise InvalidInputError(
            f"`levels` must name at least one level beyond {standard!r}, got {list(levels)!r}"
        )
    offers = {standard: ServiceLevel(cost=0.0, uplift=0.0, uplift_standard_error=0.0), **levels}
    names = sorted(offers, key=lambda name: (offers[name].cost, name != standard))
    uplift = np.array([offers[name].uplift for name in names], dtype=np.float64)
    cost = np.array([offers[name].cost for name in names], dtype=np.float64)
    errors = [offers[name].uplift_standard_error for name in names]
    known = np.array([np.nan if error is None else error for error in errors], dtype=np.float64)
    returns = np.outer(tiers.value, uplift) - np.outer(tiers.customers, cost)
    best = np.argmax(returns, axis=1)
    expected = returns[np.arange(best.size), best]
    error = known[best] * np.abs(tiers.value)
    is_known = ~np.isnan(error)
    bounds = np.full((2, best.size), np.nan)
    bounds[:, is_known] = normal_interval(
        expected[is_known], error[is_known], confidence_level=confidence_level
    )
    with np.errstate(over="ignore"):
        pays = np.divide(cost, uplift, out=np.full(cost.size, np.inf), where=uplift > 0)
    pays[names.index(standard)] = -np.inf
    columns: dict[str, object] = {
        "tier": list(tiers.labels),
        "level": [names[place] for place in best.tolist()],
        "customers": tiers.customers,
        "cost": tiers.customers * cost[best],
        "expected_return": expected,
        "lower": bounds[0],
        "upper": bounds[1],
        "pays_from": pays[best],
    }
    table = pd.DataFrame(columns)
    return ServicePlan(
        table=table,
        total=float(expected.sum()),
        confidence_level=confidence_level,
        reason=None if is_known.all() else "an interval needs `uplift_standard_error` of the level",
    )

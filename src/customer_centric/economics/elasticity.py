"""What moves lifetime value: elasticities to retention, margin, discount rate and acquisition cost."""

from __future__ import annotations

import math
from dataclasses import dataclass

from customer_centric._core.checks import check_choice, check_number
from customer_centric._core.words import as_html
from customer_centric.economics._inputs import (
    COST_REMEDY,
    RETENTION_TIMINGS,
    RetentionTiming,
    check_gap,
    check_rate,
    check_retention_rate,
)
from customer_centric.economics.lifetime import clv_retention

__all__ = ["ClvElasticities", "clv_elasticities", "retention_elasticity"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ClvElasticities:
    """Percent by which the value of a prospect moves, for one percent more of each input.

    Parameters
    ----------
    value : float
        Lifetime value less the acquisition cost, in money.
    retention_rate, margin, acquisition_cost, discount_rate : float
        Elasticities to them: relative change of the value over relative change of the input. NaN where the
        value is 0.
    reason : str or None
        Why they are NaN, None where they are not.
    """

    value: float
    retention_rate: float
    margin: float
    acquisition_cost: float
    discount_rate: float
    reason: str | None = None

    def __str__(self) -> str:
        why = f"; {self.reason}" if self.reason else ""
        return (
            f"value {self.value:,.2f}; 1 % more moves it by: retention {self.retention_rate:+.2f} %, margin "
            f"{self.margin:+.2f} %, acquisition cost {self.acquisition_cost:+.2f} %, discount rate "
            f"{self.discount_rate:+.2f} %{why}"
        )

    def _repr_html_(self) -> str:
        return as_html(self)


def retention_elasticity(
    retention_rate: float, *, discount_rate: float, timing: RetentionTiming = "start"
) -> float:
    r"""Percent more lifetime value for one percent more retention, at a constant retention rate.

    Parameters
    ----------
    retention_rate : float
        Probability of staying from one period to the next, in [0, 1].
    discount_rate : float
        Effective rate per period, greater than -1 and greater than `retention_rate` - 1.
    timing : {"start", "end", "after_renewal"}, default "start"
        When margins arrive, as in `clv_retention`. "start" and "end" give the same.

    Returns
    -------
    float
        Elasticity, 0 or more.

    Raises
    ------
    InvalidInputError
        If an argument is outside its range, or the lifetime value is infinite.

    Notes
    -----
    With retention rate \(r\), discount rate \(d\) and \(V\) the lifetime value before acquisition cost,

    \[ \frac{\partial \ln V}{\partial \ln r} = \frac{r}{1 + d - r}, \qquad\text{after renewal}\qquad
       \frac{1 + d}{1 + d - r} . \]

    It is the slope: a whole percent adds a little more, because \(V\) is convex in \(r\). One percent of 0.90
    is 0.009, not a point. The elasticity to the margin is always 1.

    References
    ----------
    Gupta, S., Lehmann, D. R. and Stuart, J. A. (2004), Valuing customers. Journal of Marketing Research
    41(1). [doi:10.1509/jmkr.41.1.7.25084](https://doi.org/10.1509/jmkr.41.1.7.25084).

    Examples
    --------
    >>> round(retention_elasticity(0.9, discount_rate=0.1), 6)
    4.5
    >>> round(retention_elasticity(0.9, discount_rate=0.1, timing="after_renewal"), 6)
    5.5
    """
    r, d = check_retention_rate(retention_rate), check_rate(discount_rate)
    check_choice("timing", timing, RETENTION_TIMINGS)
    return ((1.0 + d) if timing == "after_renewal" else r) / check_gap(r, d)


def clv_elasticities(
    margin: float,
    retention_rate: float,
    *,
    discount_rate: float,
    timing: RetentionTiming,
    acquisition_cost: float = 0.0,
) -> ClvElasticities:
    r"""What one percent more retention, margin, acquisition cost or discount rate does to lifetime value.

    Parameters
    ----------
    margin : float
        Margin per period, in money; may be negative.
    retention_rate : float
        Probability of staying from one period to the next, in [0, 1].
    discount_rate : float
        Effective rate per period, greater than -1 and greater than `retention_rate` - 1.
    timing : {"start", "end", "after_renewal"}
        When margins arrive, as in `clv_retention`.
    acquisition_cost : float, default 0.0
        What it costs to win the customer, 0 or more; 0 for the value of customers whom one has.

    Returns
    -------
    ClvElasticities
        The value and its four elasticities.

    Raises
    ------
    InvalidInputError
        If an argument is outside its range, or the lifetime value is infinite.

    Notes
    -----
    With \(V\) the value before the acquisition cost \(C\) and \(N = V - C\), the elasticities of \(V\) are 1
    to the margin, \(\varepsilon_r\) of `retention_elasticity` to retention, and to the discount rate
    \(\varepsilon_d = -d\,r / \bigl((1+d)(1+d-r)\bigr)\) where the first margin comes now, otherwise
    \(-d / (1+d-r)\). Those of \(N\) are

    \[ \frac{V}{N}\,\varepsilon_r, \qquad \frac{V}{N}, \qquad -\frac{C}{N},
       \qquad \frac{V}{N}\,\varepsilon_d . \]

    A small \(N\) makes all of them large. Where \(N\) is negative their signs turn: "more percent" of a loss.

    References
    ----------
    Gupta, S., Lehmann, D. R. and Stuart, J. A. (2004), Valuing customers. Journal of Marketing Research
    41(1). [doi:10.1509/jmkr.41.1.7.25084](https://doi.org/10.1509/jmkr.41.1.7.25084): for the value of five
    firms, 1 % moves it by about 5 % (retention), 1 % (margin) and 0.1 % (acquisition cost).

    Examples
    --------
    >>> moved = clv_elasticities(
    ...     200, 0.9, discount_rate=0.1, timing="start", acquisition_cost=100
    ... )
    >>> round(moved.value), round(moved.retention_rate, 2), round(moved.margin, 2)
    (1000, 4.95, 1.1)
    >>> round(moved.acquisition_cost, 2), round(moved.discount_rate, 2)
    (-0.1, -0.45)
    """
    gross = clv_retention(margin, retention_rate, discount_rate=discount_rate, timing=timing)
    cost = check_number("acquisition_cost", acquisition_cost, minimum=0.0, remedy=COST_REMEDY)
    r, d = float(retention_rate), float(discount_rate)
    net = gross - cost
    by_discount = -d / check_gap(r, d) * (r / (1.0 + d) if timing == "start" else 1.0)
    lever = gross / net if net else math.nan
    return ClvElasticities(
        value=net,
        retention_rate=lever * retention_elasticity(r, discount_rate=d, timing=timing),
        margin=lever,
        acquisition_cost=-cost / net if net else math.nan,
        discount_rate=lever * by_discount,
        reason=None if net else "the value is 0, of which there are no percentages",
    )

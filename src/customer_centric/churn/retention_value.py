"""What a point of retention is worth, at a constant retention rate."""

from __future__ import annotations

from dataclasses import dataclass

from customer_centric._core.checks import check_number
from customer_centric.errors import InvalidInputError

__all__ = ["RetentionValue", "retention_value"]


@dataclass(frozen=True, slots=True, kw_only=True)
class RetentionValue:
    """Lifetime value at a constant retention rate, and how it moves with the rate.

    Parameters
    ----------
    lifetime_value : float
        Discounted margin of a customer who has just paid for the first period, in money.
    per_point : float
        Gain in money if the retention rate is one point (0.01) higher.
    per_point_share : float
        The same as a share of the lifetime value.
    elasticity : float
        Relative change of the lifetime value over the relative change of the retention rate.
    """

    lifetime_value: float
    per_point: float
    per_point_share: float
    elasticity: float


def retention_value(
    retention_rate: float, *, margin: float = 1.0, discount_rate_per_period: float
) -> RetentionValue:
    r"""Lifetime value at a constant retention rate, the worth of one more point, and the elasticity.

    Parameters
    ----------
    retention_rate : float
        Share of customers who stay from one period to the next, from 0 to 0.99, so that a point can be added.
    margin : float, default 1
        Margin of a period, in money; 1 counts periods.
    discount_rate_per_period : float
        Effective rate per period, greater than 0.

    Returns
    -------
    RetentionValue
        Value, gain from a point, elasticity.

    Raises
    ------
    InvalidInputError
        If a number is out of range.

    Notes
    -----
    With retention rate \(r\), margin \(m\) at the start of each period and discount rate \(d\),

    \[ V(r) = \frac{m}{1 - r / (1 + d)}, \qquad \text{elasticity} = \frac{r}{1 + d - r} . \]

    One rate for all understates both: where customers differ, more retention keeps those who would have
    stayed longest. With a fitted model compare `discounted_lifetime` under both.

    References
    ----------
    Gupta, S. and Lehmann, D. R. (2003), Customers as assets, Journal of Interactive Marketing 17(1).
    [doi:10.1002/dir.10045](https://doi.org/10.1002/dir.10045).

    Fader, P. S. and Hardie, B. G. S. (2010), Customer-base valuation in a contractual setting: the perils of
    ignoring heterogeneity. [doi:10.1287/mksc.1080.0482](https://doi.org/10.1287/mksc.1080.0482).

    Examples
    --------
    >>> value = retention_value(0.8, discount_rate_per_period=0.1)
    >>> round(value.per_point_share, 3), round(value.elasticity, 3)
    (0.034, 2.667)
    """
    r = check_number("retention_rate", retention_rate, minimum=0.0, maximum=0.99)
    d = check_number("discount_rate_per_period", discount_rate_per_period, minimum=0.0, open_minimum=True)
    m = check_number("margin", margin)
    if m == 0:
        raise InvalidInputError("`margin` must not be 0, got 0; shares of nothing mean nothing")
    value, more = (m / (1.0 - rate / (1.0 + d)) for rate in (r, r + 0.01))
    return RetentionValue(
        lifetime_value=value,
        per_point=more - value,
        per_point_share=more / value - 1.0,
        elasticity=r / (1.0 + d - r),
    )

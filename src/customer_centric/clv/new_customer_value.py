"""What a customer is worth on the day of the first purchase."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from customer_centric._core.checks import check_number
from customer_centric.clv._expectations import forecast
from customer_centric.clv._spend_sums import SpendSums, parameter_variances, sums_of_rows
from customer_centric.clv._valuation import M, Purchases, S, Spend, Valuation, check_valuation
from customer_centric.clv.counts import HistoryCounts
from customer_centric.intervals import Interval, normal_interval
from customer_centric.typing import FloatArray
from customer_centric.units import DiscountRate, Horizon

__all__ = ["NewCustomerValue", "value_new_customer"]


@dataclass(frozen=True, slots=True)
class NewCustomerValue:
    """What a customer is worth who buys for the first time today.

    Parameters
    ----------
    lifetime_value : float
        First purchase and everything after, less the acquisition cost, in money.
    interval : Interval
        How sure the model is of that expectation; of width 0 for bare models, which claim to know.
    first_purchase : float
        Margin of the first purchase.
    repeat_purchases : float
        Expected discounted number of later purchases.
    repeat_value : float
        Expected discounted margin of later purchases.
    acquisition_cost : float
        What was subtracted.
    """

    lifetime_value: float
    interval: Interval
    first_purchase: float
    repeat_purchases: float
    repeat_value: float
    acquisition_cost: float


def value_new_customer(
    purchases: Purchases[M],
    spend: Spend[S] = None,
    *,
    horizon: float | Horizon,
    discount_rate: DiscountRate,
    margin: float = 1.0,
    acquisition_cost: float = 0.0,
    confidence_level: float = 0.90,
) -> NewCustomerValue:
    r"""Value of a customer on the day of the first purchase.

    Parameters
    ----------
    purchases : Fit or TransactionModel
        How customers buy.
    spend : Fit, SpendModel or None
        What a purchase is worth; None counts each purchase as 1.
    horizon : float or Horizon
        Length of the future that counts, in the unit of the model; may be infinite where the discount
        rate is greater than 0.
    discount_rate : DiscountRate
        Later purchases are discounted to the first.
    margin : float, default 1
        Share of the spend that is kept, or money per purchase where `spend` is None; 0 or more.
    acquisition_cost : float, default 0
        What it cost to win the customer, 0 or more: subtracted once.
    confidence_level : float, default 0.90
        Nominal coverage of the interval, strictly between 0 and 1.

    Returns
    -------
    NewCustomerValue
        The value, its interval and its parts.

    Raises
    ------
    InvalidInputError
        If the margin or the cost is negative, or the horizon is infinite at a discount rate of 0.

    Notes
    -----
    \[ \text{margin} \times E[M] \times \Bigl\{ 1 + E\Bigl[\textstyle\sum_i e^{-\delta t_i}
    \,\Big|\, x = t_x = T = 0 \Bigr] \Bigr\} - \text{acquisition cost} , \]

    the first purchase valued at the mean over customers as all others are.

    Examples
    --------
    >>> from customer_centric import DiscountRate, GammaGamma, ParetoNbd, value_new_customer
    >>> value = value_new_customer(
    ...     ParetoNbd(r=0.553, alpha=10.578, s=0.606, beta=11.669, unit="week"),
    ...     GammaGamma(p=6.25, q=3.74, gamma=15.44),
    ...     horizon=52,
    ...     discount_rate=DiscountRate.annual(0.1),
    ...     margin=0.3,
    ...     acquisition_cost=20,
    ... )
    >>> round(value.lifetime_value, 2)
    5.53
    """
    cost = check_number("acquisition_cost", acquisition_cost, minimum=0.0)
    valuation = check_valuation(
        None,
        purchases,
        spend,
        horizon=horizon,
        discount_rate=discount_rate,
        margin=margin,
        confidence_level=confidence_level,
    )
    zero = np.zeros(1)
    newcomer = HistoryCounts(zero, zero, zero, np.ones(1), valuation.purchases.unit)
    sums = sums_of_rows(valuation, zero, zero, np.ones(1), np.zeros(1, dtype=np.int64), 1)
    mean = float(sums.expected[0])
    repeat = float(forecast(valuation.purchases, newcomer, valuation.terms).discounted_purchases[0])
    gross = margin * mean * (1 + repeat)
    error = _new_customer_error(newcomer, sums, valuation, repeat)
    lower, upper = normal_interval(gross, error, confidence_level=confidence_level, scale="log")
    return NewCustomerValue(
        lifetime_value=gross - cost,
        interval=Interval(float(lower) - cost, float(upper) - cost, confidence_level),
        first_purchase=margin * mean,
        repeat_purchases=repeat,
        repeat_value=margin * mean * repeat,
        acquisition_cost=cost,
    )


def _new_customer_error(
    newcomer: HistoryCounts, sums: SpendSums, valuation: Valuation, repeat: float
) -> float:
    """Standard error of the gross value; the first purchase moves with the spend model alone."""
    of_repeats, _ = parameter_variances(newcomer, _without_spend(sums), valuation)
    if valuation.spend_covariance is None:
        return float(np.sqrt(of_repeats))
    by_spend: FloatArray = valuation.margin * sums.elasticities[:, 0] * (1 + repeat)
    return float(np.sqrt(of_repeats + by_spend @ valuation.spend_covariance @ by_spend))


def _without_spend(sums: SpendSums) -> SpendSums:
    return SpendSums(sums.expected, sums.squared, sums.second_moment, np.zeros_like(sums.elasticities))

"""What all customers together are worth, and where the uncertainty comes from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from customer_centric._core.frames import LazyFrame, MemoryFrame, engine_of, is_lazy
from customer_centric._core.tabulate import distinct_rows
from customer_centric.clv._counted import check_purchase_histories
from customer_centric.clv._expectations import forecast
from customer_centric.clv._spend_columns import check_amounts
from customer_centric.clv._spend_sums import (
    SpendSums,
    parameter_variances,
    sums_in_engine,
    sums_of_rows,
)
from customer_centric.clv._table import NO_CUSTOMER
from customer_centric.clv._valuation import M, Purchases, S, Spend, Valuation, check_valuation
from customer_centric.clv.counts import HistoryCounts
from customer_centric.clv.histories import PurchaseHistories
from customer_centric.errors import InvalidInputError
from customer_centric.intervals import Interval, normal_interval
from customer_centric.typing import FrameT
from customer_centric.units import DiscountRate, Horizon

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["PortfolioValue", "value_portfolio"]


@dataclass(frozen=True, slots=True)
class PortfolioValue:
    """The value of all customers, and where its uncertainty comes from.

    Parameters
    ----------
    lifetime_value : float
        Expected discounted margin of all customers in the horizon, in money.
    interval : Interval
        Where the discounted margin will fall: both sources of spread together.
    parameter_standard_error : float
        Spread from not knowing the parameters; 0 for bare models, which claim to know them.
    process_standard_error : float
        Spread from the customers' own chances at known parameters; infinite where the spend of one of
        them has no variance.
    n_customers : float
        Sum of the weights.
    expected_alive : float
        Sum of the probabilities of being alive.
    expected_purchases : float
        Expected purchases of all customers in the horizon.
    purchases_interval : Interval
        Where the number of purchases will fall; unbounded above where the expectation is infinite.
    """

    lifetime_value: float
    interval: Interval
    parameter_standard_error: float
    process_standard_error: float
    n_customers: float
    expected_alive: float
    expected_purchases: float
    purchases_interval: Interval

    def to_frame(self) -> pd.DataFrame:
        """The numbers as one column of a pandas frame."""
        import pandas as pd

        rows = {
            "lifetime_value": self.lifetime_value,
            "lifetime_value_lower": self.interval.lower,
            "lifetime_value_upper": self.interval.upper,
            "parameter_standard_error": self.parameter_standard_error,
            "process_standard_error": self.process_standard_error,
            "n_customers": self.n_customers,
            "expected_alive": self.expected_alive,
            "expected_purchases": self.expected_purchases,
            "expected_purchases_lower": self.purchases_interval.lower,
            "expected_purchases_upper": self.purchases_interval.upper,
        }
        return pd.DataFrame({"value": rows})

    def _repr_html_(self) -> str:
        level = f"{self.interval.confidence_level:.0%}"
        return (
            f"<p><strong>{self.lifetime_value:,.2f}</strong> ({level} interval {self.interval.lower:,.2f} to "
            f"{self.interval.upper:,.2f}) from {self.n_customers:,.0f} customers, "
            f"{self.expected_alive:,.1f} of them alive</p>"
        )


def value_portfolio(
    histories: PurchaseHistories[FrameT],
    purchases: Purchases[M],
    spend: Spend[S] = None,
    *,
    horizon: float | Horizon,
    discount_rate: DiscountRate,
    margin: float = 1.0,
    confidence_level: float = 0.90,
) -> PortfolioValue:
    r"""Value of all customers together, with parameter and process spread apart.

    Parameters
    ----------
    histories : PurchaseHistories
        The customers, in the unit of the model.
    purchases : Fit or TransactionModel
        How they buy.
    spend : Fit, SpendModel or None
        What a purchase is worth; None counts each purchase as 1.
    horizon : float or Horizon
        Length of the future that counts, in the unit of the histories; may be infinite where the
        discount rate is greater than 0.
    discount_rate : DiscountRate
        Purchases are discounted from when they happen to the end of observation.
    margin : float, default 1
        Share of the spend that is kept, or money per purchase where `spend` is None; 0 or more.
    confidence_level : float, default 0.90
        Nominal coverage of the intervals, strictly between 0 and 1.

    Returns
    -------
    PortfolioValue
        The total, its interval, and both parts of its spread.

    Raises
    ------
    InvalidInputError
        If there is no customer, the model is in another unit, the margin is negative, the amounts are
        missing, or the horizon is infinite at a discount rate of 0.

    Notes
    -----
    With \(V = \sum_i V_i\) over customers that are independent given the parameters \(\theta\),

    \[ \mathrm{Var}(V) = \sum_i \mathrm{Var}(V_i \mid \theta) + \nabla E[V]^\top\, \Sigma\, \nabla E[V] . \]

    The first part counts the chances of purchases, of their values and of the customer's unknown mean; the
    second is the delta method with the covariance \(\Sigma\) of the fits. The interval is symmetric on the
    log scale.

    Examples
    --------
    >>> from customer_centric import (
    ...     DiscountRate,
    ...     GammaGamma,
    ...     ParetoNbd,
    ...     PurchaseHistories,
    ...     value_portfolio,
    ... )
    >>> histories = PurchaseHistories.from_arrays(
    ...     [0, 2], [0, 30.43], [38.86, 38.86], [0, 22.35], unit="week"
    ... )
    >>> total = value_portfolio(
    ...     histories,
    ...     ParetoNbd(r=0.553, alpha=10.578, s=0.606, beta=11.669, unit="week"),
    ...     GammaGamma(p=6.25, q=3.74, gamma=15.44),
    ...     horizon=52,
    ...     discount_rate=DiscountRate.annual(0.1),
    ...     margin=0.3,
    ... )
    >>> round(total.lifetime_value, 2), round(total.process_standard_error, 2)
    (14.49, 18.55)
    """
    check_purchase_histories(histories)
    valuation = check_valuation(
        histories.unit,
        purchases,
        spend,
        horizon=horizon,
        discount_rate=discount_rate,
        margin=margin,
        confidence_level=confidence_level,
    )
    counted, sums = _spend_sums(histories, valuation)
    return _total(counted, sums, valuation)


def _spend_sums(
    histories: PurchaseHistories[FrameT], valuation: Valuation
) -> tuple[HistoryCounts, SpendSums]:
    """The distinct histories, and the sums of the spend of those who share one."""
    check_amounts(histories, valuation)
    native: Any = histories.frame
    engine = engine_of("histories", native)
    if is_lazy(engine):
        counted = histories.sufficient_statistics()
        lazy: LazyFrame[Any] = LazyFrame(native, engine)
        return counted, sums_in_engine(lazy, counted, histories.period, valuation)
    frame: MemoryFrame[Any] = MemoryFrame(native, engine)
    kept = frame.floats("weight") > 0
    if not kept.any():
        raise InvalidInputError(NO_CUSTOMER)
    names = ("frequency", "recency", "age", "weight", "mean_spend")
    x, recency, age, weight, mean_spend = (frame.floats(name)[kept] for name in names)
    (f, t_x, age), row = distinct_rows(x, recency, age)
    shared = np.bincount(row, weights=weight, minlength=f.size).astype(np.float64)
    counted = HistoryCounts(f, t_x, age, shared, histories.unit)
    return counted, sums_of_rows(valuation, x, mean_spend, weight, row, f.size)


def _total(histories: HistoryCounts, sums: SpendSums, valuation: Valuation) -> PortfolioValue:
    model, terms, margin = valuation.purchases, valuation.terms, valuation.margin
    columns = (histories.frequency, histories.recency, histories.age)
    weight = histories.weight
    centre = forecast(model, histories, terms)
    discounted = centre.discounted_purchases
    value = margin * float(sums.expected @ discounted)
    n_variance = model.purchase_variance(*columns, discount_rate=terms.discount_rate, horizon=terms.horizon)
    twice = DiscountRate(2 * terms.discount_rate.log_annual_factor)
    squares = model.discounted_purchases(*columns, discount_rate=twice, horizon=terms.horizon)
    variation = 0.0 if valuation.spend is None else valuation.spend.squared_variation
    squared_count = n_variance + discounted**2 + variation * squares
    bought = squared_count > 0
    moment = sums.second_moment[bought] @ squared_count[bought]
    process = margin**2 * max(float(moment - sums.squared @ discounted**2), 0.0)
    parameter, purchases_parameter = parameter_variances(histories, sums, valuation)
    expected = float(weight @ centre.expected_purchases)
    undiscounted = model.purchase_variance(*columns, discount_rate=DiscountRate(0.0), horizon=terms.horizon)
    return PortfolioValue(
        lifetime_value=value,
        interval=_interval(value, parameter + process, valuation.confidence_level),
        parameter_standard_error=float(np.sqrt(parameter)),
        process_standard_error=float(np.sqrt(process)),
        n_customers=histories.n_customers,
        expected_alive=float(weight @ centre.probability_alive),
        expected_purchases=expected,
        purchases_interval=_interval(
            expected, purchases_parameter + float(weight @ undiscounted), valuation.confidence_level
        ),
    )


def _interval(estimate: float, variance: float, confidence_level: float) -> Interval:
    if not np.isfinite(estimate) or not np.isfinite(variance):
        return Interval(0.0, np.inf, confidence_level)
    lower, upper = normal_interval(
        estimate, np.sqrt(max(variance, 0.0)), confidence_level=confidence_level, scale="log"
    )
    return Interval(float(lower), float(upper), confidence_level)

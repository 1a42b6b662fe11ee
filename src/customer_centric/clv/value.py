"""What each customer is worth: purchases, spend, margin and discounting put together."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, cast

import narwhals.stable.v2 as nw
import numpy as np

from customer_centric._core.frames import LazyFrame, MemoryFrame, engine_of, is_lazy
from customer_centric._core.frames.lazy import sort_by
from customer_centric._core.tabulate import distinct_rows
from customer_centric.clv._counted import check_purchase_histories
from customer_centric.clv._expectations import (
    forecast,
    purchase_quantile,
    seen_horizon,
    sensitivities,
    spread,
    standard_error,
    value_quantile,
)
from customer_centric.clv._spend_columns import (
    Column,
    SpendColumns,
    check_amounts,
    join_histories,
    spend_expressions,
    spend_of_rows,
)
from customer_centric.clv._valuation import M, Purchases, S, Spend, Valuation, check_valuation
from customer_centric.clv.counts import HistoryCounts
from customer_centric.clv.forecast import Forecast
from customer_centric.clv.histories import PurchaseHistories, distinct_histories
from customer_centric.intervals import normal_interval
from customer_centric.intervals.normal import normal_quantile
from customer_centric.typing import FloatArray, FrameT
from customer_centric.units import DiscountRate, Horizon

__all__ = ["value_customers"]

_INTERVALS: Final = tuple(
    f"{name}_{side}"
    for name in (
        "probability_alive",
        "expected_purchases",
        "expected_spend",
        "lifetime_value",
        "predicted_purchases",
        "predicted_value",
    )
    for side in ("lower", "upper")
)


def value_customers(
    histories: PurchaseHistories[FrameT],
    purchases: Purchases[M],
    spend: Spend[S] = None,
    *,
    horizon: float | Horizon,
    discount_rate: DiscountRate,
    margin: float = 1.0,
    confidence_level: float = 0.90,
) -> FrameT:
    r"""Value each customer: alive or not, purchases, spend and discounted margin still to come.

    Parameters
    ----------
    histories : PurchaseHistories
        The customers, in the unit of the model.
    purchases : Fit or TransactionModel
        How they buy. A `Fit` brings its uncertainty; a bare model has none, and no interval columns.
    spend : Fit, SpendModel or None
        What a purchase is worth, given the customer's own purchases. None counts each purchase as 1, so
        that `lifetime_value` is the margin times the discounted purchases.
    horizon : float or Horizon
        Length of the future that counts, in the unit of the histories; may be infinite where the
        discount rate is greater than 0.
    discount_rate : DiscountRate
        Purchases are discounted from when they happen to the end of observation.
    margin : float, default 1
        Share of the spend that is kept, or money per purchase where `spend` is None; 0 or more.
    confidence_level : float, default 0.90
        Nominal coverage of every interval, strictly between 0 and 1.

    Returns
    -------
    data frame
        Of the kind of the log, one row a customer, with the columns

        | column | meaning | range |
        |---|---|---|
        | `customer` | the id | |
        | `probability_alive` | active at the end of observation | [0, 1] |
        | `expected_purchases` | purchases in the horizon | 0 or more, infinite only where the horizon is |
        | `expected_spend` | value of a purchase, in money | greater than 0 |
        | `lifetime_value` | discounted margin in the horizon, in money | 0 or more |
        | `<each>_lower`, `<each>_upper` | interval of the expectation: how sure the *model* is | |
        | `predicted_purchases_lower`, `_upper` | where the *count* of this customer will fall | |
        | `predicted_value_lower`, `_upper` | where the discounted margin of this customer will fall | |

    Raises
    ------
    InvalidInputError
        If the model is in another unit, the margin is negative, the amounts are missing, or the horizon
        is infinite at a discount rate of 0.

    Notes
    -----
    Spend is independent of how often a customer buys, so

    \[ \text{lifetime value} = \text{margin} \times E[M \mid x, \bar m] \times
    E\Bigl[\textstyle\sum_i e^{-\delta t_i} \mid x, t_x, T\Bigr] . \]

    Intervals of expectations are by the delta method on the log scale (logit for probabilities). The
    predicted intervals are of one customer's future at the fitted parameters: quantiles of the predictive
    distribution of the count; for the value, a mixture of nothing and a beta prime distribution with the
    exact mean and spread, its lower bound no higher than the fewest purchases at the expected spend. The
    count of an infinite horizon is that of the time until a purchase is worth less than 1e-18 of today's.

    References
    ----------
    Fader, P. S., Hardie, B. G. S. and Lee, K. L. (2005). RFM and CLV: using iso-value curves for customer
    base analysis. Journal of Marketing Research 42(4), 415-430. DOI 10.1509/jmkr.2005.42.4.415.

    Examples
    --------
    >>> from customer_centric import (
    ...     DiscountRate,
    ...     GammaGamma,
    ...     ParetoNbd,
    ...     PurchaseHistories,
    ...     value_customers,
    ... )
    >>> histories = PurchaseHistories.from_arrays(
    ...     [0, 2], [0, 30.43], [38.86, 38.86], [0, 22.35], unit="week"
    ... )
    >>> values = value_customers(
    ...     histories,
    ...     ParetoNbd(r=0.553, alpha=10.578, s=0.606, beta=11.669, unit="week"),
    ...     GammaGamma(p=6.25, q=3.74, gamma=15.44),
    ...     horizon=52,
    ...     discount_rate=DiscountRate.annual(0.1),
    ...     margin=0.3,
    ... )
    >>> print(values.round(3).to_string(index=False))
     customer  probability_alive  expected_purchases  expected_spend  lifetime_value
            0              0.295               0.136          35.219           1.377
            1              0.869               1.851          24.664          13.108
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
    check_amounts(histories, valuation)
    native = histories.frame
    engine = engine_of("histories", native)
    if is_lazy(engine):
        return _value_lazy(histories, LazyFrame(native, engine), valuation)
    return _value_in_memory(histories, MemoryFrame(native, engine), valuation)


def _value_in_memory(
    histories: PurchaseHistories[FrameT], frame: MemoryFrame[FrameT], valuation: Valuation
) -> FrameT:
    """Forecasts once a distinct history, spread over the rows; spend row by row."""
    x = frame.floats("frequency")
    (f, t_x, age), row = distinct_rows(x, frame.floats("recency"), frame.floats("age"))
    counted = HistoryCounts(f, t_x, age, np.ones(f.shape), histories.unit)
    of_history = {name: column[row] for name, column in _forecast_columns(counted, valuation).items()}
    spend = spend_of_rows(valuation, x, frame.floats("mean_spend") if valuation.spend else x)
    columns = _value_columns(spend, of_history, valuation, np.exp)
    return frame.build(labels={"customer": frame.native("customer")}, arrays=columns, missing={})


def _value_lazy(
    histories: PurchaseHistories[FrameT], frame: LazyFrame[FrameT], valuation: Valuation
) -> FrameT:
    """Forecasts of the distinct histories join the customers inside the engine; the rest is expressions."""
    counted = distinct_histories(histories)
    table = _forecast_columns(counted, valuation)
    joined = join_histories(frame, counted, table, histories.period)
    of_history = {name: nw.col(name) for name in table}
    columns = _value_columns(spend_expressions(valuation), of_history, valuation, nw.Expr.exp)
    ordered = sort_by(joined.select("customer", **columns), "customer")
    return cast("FrameT", ordered.to_native())


def _forecast_columns(histories: HistoryCounts, valuation: Valuation) -> dict[str, FloatArray]:
    """Everything about the distinct histories that does not depend on spend."""
    model, terms, level = valuation.purchases, valuation.terms, valuation.confidence_level
    centre = forecast(model, histories, terms)
    columns = {
        "probability_alive": centre.probability_alive,
        "expected_purchases": centre.expected_purchases,
        "discounted_purchases": centre.discounted_purchases,
    }
    covariance = valuation.purchases_covariance
    if not valuation.has_intervals or covariance is None:
        return columns
    moves = sensitivities(model, histories, terms, centre)
    columns["probability_alive_lower"], columns["probability_alive_upper"] = normal_interval(
        centre.probability_alive,
        standard_error(moves.alive, covariance),
        confidence_level=level,
        scale="logit",
    )
    spread_factor = np.exp(normal_quantile(level) * standard_error(moves.log_expected, covariance))
    columns["expected_purchases_lower"] = centre.expected_purchases / spread_factor
    columns["expected_purchases_upper"] = centre.expected_purchases * spread_factor
    columns["log_variance"] = standard_error(moves.log_discounted, covariance) ** 2
    return columns | _predictions(histories, valuation, centre)


def _predictions(histories: HistoryCounts, valuation: Valuation, centre: Forecast) -> dict[str, FloatArray]:
    """Where counts, and values in multiples of what scales them, will fall."""
    model, terms, spend = valuation.purchases, valuation.terms, valuation.spend
    counts = spread(model, histories, terms, centre)
    variation = None if spend is None else spend.squared_variation
    shape = None if spend is None else spend.spend_shape(histories.frequency)
    outside = (1 - valuation.confidence_level) / 2
    columns: dict[str, FloatArray] = {}
    for side, probability in (("lower", outside), ("upper", 1 - outside)):
        columns[f"predicted_purchases_{side}"] = purchase_quantile(
            model, probability, histories, seen_horizon(model, terms)
        )
        columns[f"predicted_value_{side}"] = value_quantile(probability, counts, variation, shape)
    # Who leaves soon makes a hump of small values that one distribution does not see, and the counts do.
    of_fewest = columns["predicted_purchases_lower"] / (1.0 if shape is None else shape - 1)
    columns["predicted_value_lower"] = np.minimum(columns["predicted_value_lower"], of_fewest)
    return columns


def _value_columns(
    spend: SpendColumns[Column],
    of_history: dict[str, Column],
    valuation: Valuation,
    exponential: Callable[[Column], Column],
) -> dict[str, Column]:
    """The columns of the result, a row a customer, as arrays or as expressions of an engine."""
    value = spend.expected * of_history["discounted_purchases"] * valuation.margin
    columns = {
        "probability_alive": of_history["probability_alive"],
        "expected_purchases": of_history["expected_purchases"],
        "expected_spend": spend.expected,
        "lifetime_value": value,
    }
    if not valuation.has_intervals:
        return columns
    reach = normal_quantile(valuation.confidence_level)
    bounds: dict[str, Column] = dict(of_history)
    for name, log_variance in (
        ("expected_spend", spend.log_variance),
        ("lifetime_value", spend.log_variance + of_history["log_variance"]),
    ):
        factor = exponential(log_variance**0.5 * reach)
        bounds[f"{name}_lower"] = columns[name] / factor
        bounds[f"{name}_upper"] = columns[name] * factor
    for side in ("predicted_value_lower", "predicted_value_upper"):
        bounds[side] = spend.scale * of_history[side] * valuation.margin
    return columns | {name: bounds[name] for name in _INTERVALS}

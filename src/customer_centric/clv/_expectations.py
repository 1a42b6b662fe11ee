"""Forecasts of the distinct histories, with their uncertainty: the half of valuing that sees no frame."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy.special import betainccinv, betaincinv, gammaincinv

from customer_centric._core.quadrature import DROP
from customer_centric.clv.counts import HistoryCounts
from customer_centric.clv.forecast import Forecast
from customer_centric.fitting import LARGEST
from customer_centric.typing import BoolArray, FloatArray, IntArray, TransactionModel
from customer_centric.units import DiscountRate

# Of the order of the cube root of the rounding error: central differences are then good to some 1e-9.
_STEP: Final = 1e-4


@dataclass(frozen=True, slots=True)
class Terms:
    """What is valued: `horizon` in the unit of the model, and how it is discounted."""

    horizon: float
    discount_rate: DiscountRate


@dataclass(frozen=True, slots=True, eq=False)
class Sensitivities:
    """Derivatives of the forecasts by the logarithms of the parameters, a row a parameter."""

    alive: FloatArray
    log_expected: FloatArray
    log_discounted: FloatArray


def sensitivities(
    model: TransactionModel, histories: HistoryCounts, terms: Terms, centre: Forecast
) -> Sensitivities:
    """Central differences; a forecast of 0 or infinity does not move."""
    rows: list[tuple[FloatArray, FloatArray, FloatArray]] = []
    for index in range(len(model.parameter_names)):
        up, down = (forecast(_shifted(model, index, step), histories, terms) for step in (_STEP, -_STEP))
        rows.append(
            (
                (up.probability_alive - down.probability_alive) / (2 * _STEP),
                _relative_change(up.expected_purchases, down.expected_purchases, centre.expected_purchases),
                _relative_change(
                    up.discounted_purchases, down.discounted_purchases, centre.discounted_purchases
                ),
            )
        )
    alive, expected, discounted = (np.stack(columns) for columns in zip(*rows, strict=True))
    return Sensitivities(alive, expected, discounted)


def forecast(model: TransactionModel, histories: HistoryCounts, terms: Terms) -> Forecast:
    """Forecasts of the distinct histories."""
    return model.forecast(
        histories.frequency,
        histories.recency,
        histories.age,
        horizon=terms.horizon,
        discount_rate=terms.discount_rate,
    )


def standard_error(gradient: FloatArray, covariance: FloatArray) -> FloatArray:
    """Delta-method standard error of each column of a gradient; infinite where the gradient is."""
    tame = np.isfinite(gradient)
    safe = np.where(tame, gradient, 0.0)
    variance: FloatArray = ((covariance @ safe) * safe).sum(axis=0)
    return np.where(tame.all(axis=0), np.sqrt(np.maximum(variance, 0.0)), np.inf)


def _shifted(model: TransactionModel, index: int, step: float) -> TransactionModel:
    parameters = model.parameters
    parameters[index] *= np.exp(step)
    return model.with_parameters(parameters)


def _relative_change(up: FloatArray, down: FloatArray, centre: FloatArray) -> FloatArray:
    moves = np.isfinite(centre) & (centre > 0)
    safe = np.where(moves, centre, 1.0)
    # An expectation next to the parameters at which it becomes infinite may be anything.
    tame = np.isfinite(up) & np.isfinite(down)
    change = np.where(tame, up, np.inf) - np.where(tame, down, 0.0)
    return np.asarray(np.where(moves, change / (2 * _STEP * safe), 0.0))


@dataclass(frozen=True, slots=True, eq=False)
class Spread:
    """How the number of purchases of one customer scatters around its expectation.

    Parameters
    ----------
    any_purchase : ndarray
        Probability of at least one purchase.
    mean, squared_variation : ndarray
        Mean, and squared coefficient of variation, of the discounted number of purchases of those who make
        any.
    squares : ndarray
        Expected sum of the squared discount factors of the purchases, of those who make any.
    """

    any_purchase: FloatArray
    mean: FloatArray
    squared_variation: FloatArray
    squares: FloatArray


def spread(model: TransactionModel, histories: HistoryCounts, terms: Terms, centre: Forecast) -> Spread:
    """Moments of the discounted number of purchases, given that there is any."""
    columns = (histories.frequency, histories.recency, histories.age)
    twice = DiscountRate(2 * terms.discount_rate.log_annual_factor)
    squares = model.discounted_purchases(*columns, discount_rate=twice, horizon=terms.horizon)
    variance = model.purchase_variance(*columns, discount_rate=terms.discount_rate, horizon=terms.horizon)
    some = model.purchase_tail(1, *columns, horizon=seen_horizon(model, terms))
    certain = np.where(some > 0, some, 1.0)
    mean = centre.discounted_purchases / certain
    second = (variance + centre.discounted_purchases**2) / certain
    positive = np.where(mean > 0, mean, 1.0)
    return Spread(some, mean, np.maximum(second / positive**2 - 1, 0.0), squares / certain)


def seen_horizon(model: TransactionModel, terms: Terms) -> float:
    """The horizon, or for an infinite one the time after which a purchase is worth nothing today."""
    if np.isfinite(terms.horizon):
        return terms.horizon
    return min(DROP / terms.discount_rate.per(model.unit), LARGEST)


def purchase_quantile(
    model: TransactionModel, probability: float, histories: HistoryCounts, horizon: float
) -> FloatArray:
    """Smallest n such that at most n purchases come with at least the given probability."""
    columns = (histories.frequency, histories.recency, histories.age)
    beyond = 1 - probability

    def is_enough(n: FloatArray, rows: IntArray) -> BoolArray:
        x, t_x, age = (column[rows] for column in columns)
        return model.purchase_tail(n + 1, x, t_x, age, horizon=horizon) <= beyond

    low = np.full(histories.frequency.shape, -1.0)
    high = np.zeros(histories.frequency.shape)
    open_rows = np.arange(high.size)
    while open_rows.size:
        reached = is_enough(high[open_rows], open_rows)
        open_rows = open_rows[~reached]
        low[open_rows] = high[open_rows]
        high[open_rows] = 2 * high[open_rows] + 1
    open_rows = np.flatnonzero(high - low > 1)
    while open_rows.size:
        middle = np.floor((low[open_rows] + high[open_rows]) / 2)
        reached = is_enough(middle, open_rows)
        high[open_rows[reached]] = middle[reached]
        low[open_rows[~reached]] = middle[~reached]
        open_rows = open_rows[high[open_rows] - low[open_rows] > 1]
    return high


def value_quantile(
    probability: float, counts: Spread, squared_variation: float | None, tail_shape: FloatArray | None
) -> FloatArray:
    r"""Quantile of the discounted value of a customer's purchases, relative to what scales it.

    Parameters
    ----------
    probability : float
        Between 0 and 1.
    counts : Spread
        Scatter of the discounted number of purchases.
    squared_variation : float or None
        Of the value of purchases around a customer's mean; None where each purchase counts 1.
    tail_shape : ndarray or None
        Shape \(q'\) of the gamma posterior of \(1 / M\), M the customer's mean spend.

    Returns
    -------
    ndarray
        With spend, multiples of \(\gamma' p\), where \(M = p / \nu\) and
        \(\nu \sim \mathrm{Gamma}(q', \gamma')\); else discounted purchases. 0 where no purchase is likely
        enough.

    Notes
    -----
    Given that there are purchases and given M, the value is taken to be gamma with its exact mean and
    variance; mixed over M that is a beta prime distribution, exact in the spread of M.
    """
    above = 1 - counts.any_purchase
    some = probability > above
    share = np.where(some, (probability - above) / np.where(some, counts.any_purchase, 1.0), 0.5)
    variation = counts.squared_variation
    if squared_variation is not None:
        mean = np.where(counts.mean > 0, counts.mean, 1.0)
        variation = variation + squared_variation * counts.squares / mean**2
    finite = np.isfinite(variation) & (variation > 0)
    shape = np.where(finite, 1 / np.where(finite, np.maximum(variation, 1e-12), 1.0), 1e12)
    if tail_shape is None:
        relative = gammaincinv(shape, share) / shape
    else:
        # Both parts by themselves: the smaller one would lose its digits in a subtraction from 1.
        part, rest = betaincinv(shape, tail_shape, share), betainccinv(tail_shape, shape, share)
        relative = part / np.maximum(rest, 1e-300) / shape
    return np.where(some, counts.mean * relative, 0.0)

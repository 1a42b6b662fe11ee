"""How many customers are still active, where nobody says goodbye."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from customer_centric._core.checks import check_array, check_confidence_level, check_number
from customer_centric.errors import InvalidInputError
from customer_centric.fitting import Fit
from customer_centric.intervals import Interval
from customer_centric.intervals.normal import normal_quantile
from customer_centric.typing import FloatArray, TransactionModel
from customer_centric.units import Horizon, horizon_in_unit

__all__ = ["ActiveCustomers", "active_customers"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ActiveCustomers:
    """Expected number of active customers, now and later, and the churn that lies between.

    Parameters
    ----------
    expected : float
        Expected number of active customers at the end of observation.
    interval : Interval
        Bounds between which their number lies.
    later : float
        Expected number of them who are still active after the horizon.
    probability : float
        Share of the active who will have left by then, in [0, 1].
    rate : float
        The constant churn rate per unit of the model that amounts to it.
    n : float
        All customers.
    rate_interval : Interval or None
        Bounds of the rate, of which a fit knows its parameters only so well; None for a bare model, and
        where the rate is 0 or infinite.
    reason : str or None
        Why the number has no width, or a share is missing.
    """

    expected: float
    interval: Interval
    later: float
    probability: float
    rate: float
    n: float
    rate_interval: Interval | None = None
    reason: str | None = None

    def __str__(self) -> str:
        return (
            f"{self.expected:,.1f} of {self.n:,.0f} customers active ({self.interval.lower:,.1f} to "
            f"{self.interval.upper:,.1f}), {self.later:,.1f} after the horizon: {self.probability:.1%} leave"
        )

    def _repr_html_(self) -> str:
        return f"<p>{self}</p>"


def active_customers(
    model: TransactionModel | Fit[TransactionModel],
    frequency: ArrayLike,
    recency: ArrayLike,
    age: ArrayLike,
    *,
    horizon: float | Horizon,
    weights: ArrayLike | None = None,
    confidence_level: float = 0.95,
) -> ActiveCustomers:
    r"""Expected number of active customers by a model of purchases, and how fast they leave.

    Parameters
    ----------
    model : TransactionModel or Fit
        A model of purchases and dropout, or its fit, which adds the uncertainty of its parameters.
    frequency, recency, age : array_like of shape (n_customers,)
        Purchase histories in the unit of the model.
    horizon : float or Horizon
        Time over which churn is counted, greater than 0, in the unit of the model.
    weights : array_like of shape (n_customers,), optional
        Customers each history stands for, 0 or more; 1 by default.
    confidence_level : float, default 0.95
        Nominal coverage of the interval, strictly between 0 and 1.

    Returns
    -------
    ActiveCustomers
        Expected numbers, share and rate of churn.

    Raises
    ------
    InvalidInputError
        If a history is impossible, there are none, or the horizon is not greater than 0.

    Notes
    -----
    With \(p_i\) the probability of being alive at the end of observation and \(p_i(h)\) after the horizon,

    \[ A = \sum_i p_i, \qquad q = 1 - \frac{\sum_i p_i(h)}{A}, \qquad m = -\frac{\ln(1 - q)}{h} . \]

    The variance of the number is \(\sum p_i (1 - p_i)\), and that of \(A\) over the parameters of a fit by
    the delta method on top; so are the bounds of the rate, on the scale of its logarithm. The BG/NBD gives
    everybody without a repeat purchase a probability of 1: look at the fit before the number.

    References
    ----------
    Schmittlein, D. C., Morrison, D. G. and Colombo, R. (1987), Counting your customers: who are they and what
    will they do next? [doi:10.1287/mnsc.33.1.1](https://doi.org/10.1287/mnsc.33.1.1).

    Examples
    --------
    >>> from customer_centric import MbgNbd
    >>> model = MbgNbd(r=0.52, alpha=6.18, a=0.89, b=1.61, unit="week")
    >>> active = active_customers(model, [0, 2, 5], [0, 20, 35], [38, 38, 36], horizon=13)
    >>> round(active.expected, 2), round(active.probability, 2)
    (1.78, 0.11)
    """
    check_confidence_level(confidence_level)
    fit = model if isinstance(model, Fit) else None
    counting: TransactionModel = model.model if isinstance(model, Fit) else model
    ahead = check_number("horizon", horizon_in_unit(horizon, counting.unit), minimum=0.0, open_minimum=True)
    now = counting.probability_alive(frequency, recency, age)
    if now.size == 0:
        raise InvalidInputError("`frequency` must have at least one customer, got none")
    weight = np.ones(now.shape) if weights is None else check_array("weights", weights, minimum=0.0)
    if weight.shape != now.shape:
        raise InvalidInputError(
            f"`weights` must have one number a customer, got shape {weight.shape} for {now.shape}"
        )
    then = counting.probability_alive(frequency, recency, age, after=ahead)
    expected, later = float((weight * now).sum()), float((weight * then).sum())
    variance = float((weight * now * (1.0 - now)).sum())
    rate_error = math.nan
    if fit is not None:
        of_number, of_rate = _parameter_variances(fit, frequency, recency, age, weight, ahead)
        variance += of_number
        rate_error = math.sqrt(of_rate)
    reach = normal_quantile(confidence_level) * math.sqrt(variance)
    total = float(weight.sum())
    left = max(1.0 - later / expected, 0.0) if expected > 0 else math.nan
    rate = -math.log(later / expected) / ahead if later > 0 else (math.inf if expected > 0 else math.nan)
    return ActiveCustomers(
        expected=expected,
        interval=Interval(max(expected - reach, 0.0), min(expected + reach, total), confidence_level),
        later=later,
        probability=left,
        rate=rate,
        n=total,
        rate_interval=_rate_interval(rate, rate_error, confidence_level),
        reason=_certain(expected, reach),
    )


def _certain(expected: float, reach: float) -> str | None:
    """Why a number has no width."""
    if reach > 0:
        return None
    if expected == 0:
        return "nobody is active by the model, or nobody counts"
    return "the model holds each of these customers for active for certain; look whether it fits"


def _rate_interval(rate: float, error: float, confidence_level: float) -> Interval | None:
    """Bounds of a rate from the standard error of its logarithm."""
    if not (math.isfinite(error) and math.isfinite(rate) and rate > 0):
        return None
    reach = math.exp(normal_quantile(confidence_level) * error)
    return Interval(rate / reach, rate * reach, confidence_level)


def _parameter_variances(
    fit: Fit[TransactionModel],
    frequency: ArrayLike,
    recency: ArrayLike,
    age: ArrayLike,
    weight: FloatArray,
    ahead: float,
) -> tuple[float, float]:
    """Variances of the number, and of the logarithm of the rate, over the log-parameters of a fit.

    By the delta method, with central differences; the second is NaN where there is no such logarithm.
    """
    step = 1e-4
    centre = fit.model.parameters
    slopes = np.zeros((2, centre.size))
    for index in range(centre.size):
        moved = np.zeros((2, 2))
        for side, sign in enumerate((1.0, -1.0)):
            parameters = centre.copy()
            parameters[index] *= math.exp(sign * step)
            model = fit.model.with_parameters(parameters)
            now, then = (
                float(weight @ model.probability_alive(frequency, recency, age, after=after))
                for after in (0.0, ahead)
            )
            certain = 0.0 < then < now
            moved[:, side] = now, math.log(math.log(now / then)) if certain else math.nan
        slopes[:, index] = (moved[:, 0] - moved[:, 1]) / (2.0 * step)
    of_number, of_rate = (float(row @ fit.covariance @ row) for row in slopes)
    return of_number, of_rate if of_rate >= 0 else math.nan

"""From which risk an offer pays, and from which value a service level does: cuts that follow from money."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from customer_centric._core.checks import (
    check_array,
    check_confidence_level,
    check_number,
    check_same_shape,
)
from customer_centric._core.words import as_html
from customer_centric.intervals import Interval, normal_interval
from customer_centric.typing import FloatArray

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "ServiceThreshold",
    "decision_threshold",
    "incremental_profit",
    "offer_profit",
    "service_threshold",
]


def decision_threshold(
    value: ArrayLike,
    *,
    incentive: ArrayLike,
    contact_cost: ArrayLike,
    success: ArrayLike,
    take_up: ArrayLike = 1.0,
) -> FloatArray:
    r"""Probability of leaving above which a retention offer pays, for each customer.

    Parameters
    ----------
    value : array_like
        What is saved if a customer who was leaving stays, in money.
    incentive : array_like
        Cost of the offer to whoever takes it, in money, 0 or more.
    contact_cost : array_like
        Cost of the contact to everybody contacted, in money, 0 or more.
    success : array_like
        Probability that the offer keeps a customer who was leaving, in [0, 1].
    take_up : array_like, default 1
        Share of the customers who would have stayed anyway that takes the offer too, in [0, 1].

    Returns
    -------
    ndarray of float64
        Of the broadcast shape. Treat where the probability of leaving is greater. Greater than 1 where not
        even a customer who is sure to leave is worth the offer; infinite where the value is at most the
        incentive, or where the offer keeps nobody and costs nothing.

    Raises
    ------
    InvalidInputError
        If a number is out of its range or the lengths do not fit.

    Notes
    -----
    With value \(V\), incentive \(\delta\), contact \(c\), success \(\gamma\) and take-up \(\psi\), an offer
    to a customer who leaves with probability \(p\) earns

    \[ p\,\gamma\,(V - \delta) - (1 - p)\,\psi\,\delta - c , \]

    which is greater than 0 above

    \[ p^* = \frac{c + \psi \delta}{\gamma (V - \delta) + \psi \delta} . \]

    It takes the success to be the same at every risk. Where the effect of the offer on each customer is known
    from an experiment, use `incremental_profit`.

    References
    ----------
    Neslin, S. A., Gupta, S., Kamakura, W., Lu, J. and Mason, C. H. (2006), Defection detection: measuring and
    understanding the predictive accuracy of customer churn models.
    [doi:10.1509/jmkr.43.2.204](https://doi.org/10.1509/jmkr.43.2.204).

    Lemmens, A. and Gupta, S. (2020), Managing churn to maximize profits.
    [doi:10.1287/mksc.2020.1229](https://doi.org/10.1287/mksc.2020.1229).

    Examples
    --------
    >>> offer = {"incentive": 30, "contact_cost": 2, "success": 0.3}
    >>> decision_threshold([300, 600, 30], **offer).round(3).tolist()
    [0.288, 0.159, inf]
    >>> round(float(decision_threshold(300, **offer, take_up=0.3)), 3)
    0.122
    """
    v, d, c, gamma, psi = _offer(value, incentive, contact_cost, success, take_up)
    cost = c + psi * d
    gain = gamma * (v - d) + psi * d
    # Where nothing can be gained by keeping somebody, no risk is high enough, whatever the formula says.
    pays = (v > d) & (gain > 0)
    with np.errstate(over="ignore"):
        return np.asarray(np.divide(cost, gain, out=np.full(v.shape, np.inf), where=pays))


def offer_profit(
    probability: ArrayLike,
    value: ArrayLike,
    *,
    incentive: ArrayLike,
    contact_cost: ArrayLike,
    success: ArrayLike,
    take_up: ArrayLike = 1.0,
) -> FloatArray:
    r"""Expected profit of a retention offer to each customer, over doing nothing.

    Parameters
    ----------
    probability : array_like
        Probability of leaving without the offer, in [0, 1].
    value : array_like
        What is saved if a customer who was leaving stays, in money.
    incentive : array_like
        Cost of the offer to whoever takes it, in money, 0 or more.
    contact_cost : array_like
        Cost of the contact to everybody contacted, in money, 0 or more.
    success : array_like
        Probability that the offer keeps a customer who was leaving, in [0, 1].
    take_up : array_like, default 1
        Share of the customers who would have stayed anyway that takes the offer too, in [0, 1].

    Returns
    -------
    ndarray of float64
        Money per customer, of the broadcast shape: a column for `assign_policy`.

    Raises
    ------
    InvalidInputError
        If a number is out of its range or the lengths do not fit.

    Notes
    -----
    \[ p\,\gamma\,(V - \delta) - (1 - p)\,\psi\,\delta - c , \]

    with the symbols of `decision_threshold`, at which it is 0.

    References
    ----------
    Neslin, S. A., Gupta, S., Kamakura, W., Lu, J. and Mason, C. H. (2006), Defection detection: measuring and
    understanding the predictive accuracy of customer churn models.
    [doi:10.1509/jmkr.43.2.204](https://doi.org/10.1509/jmkr.43.2.204).

    Examples
    --------
    >>> offer = {"incentive": 30, "contact_cost": 2, "success": 0.3}
    >>> offer_profit([0.1, 0.5], 300, **offer).round(2).tolist()
    [-20.9, 23.5]
    """
    p = check_array("probability", probability, minimum=0.0, maximum=1.0)
    v, d, c, gamma, psi = _offer(value, incentive, contact_cost, success, take_up)
    p, v, d, c, gamma, psi = check_same_shape(
        {
            "probability": p,
            "value": v,
            "incentive": d,
            "contact_cost": c,
            "success": gamma,
            "take_up": psi,
        }
    )
    return np.asarray(p * gamma * (v - d) - (1.0 - p) * psi * d - c)


def incremental_profit(uplift: ArrayLike, value: ArrayLike, *, expected_cost: ArrayLike) -> FloatArray:
    r"""Expected profit of a policy over doing nothing, from its effect on each customer.

    Parameters
    ----------
    uplift : array_like
        Effect of the policy on the probability of what earns the value (staying, buying), in [-1, 1]: from
        an experiment, not from a risk. Negative where the policy drives customers away.
    value : array_like
        What that is worth, in money.
    expected_cost : array_like
        Expected cost of the policy, in money, 0 or more: the contact, and the offer times the probability
        that it is taken.

    Returns
    -------
    ndarray of float64
        Money per customer, of the broadcast shape: a column for `assign_policy`.

    Raises
    ------
    InvalidInputError
        If a number is out of its range or the lengths do not fit.

    Notes
    -----
    \[ \tau_i V_i - E[\text{cost}_i] . \]

    With a standard error \(s_i\) of the uplift, that of the profit is \(s_i \lvert V_i \rvert\).

    References
    ----------
    Ascarza, E. (2018), Retention futility: targeting high-risk customers might be ineffective.
    [doi:10.1509/jmr.16.0163](https://doi.org/10.1509/jmr.16.0163).

    Examples
    --------
    >>> incremental_profit([0.02, 0.1, -0.05], 300, expected_cost=5).round(2).tolist()
    [1.0, 25.0, -20.0]
    """
    tau, v, cost = check_same_shape(
        {
            "uplift": check_array("uplift", uplift, minimum=-1.0, maximum=1.0),
            "value": check_array("value", value),
            "expected_cost": check_array("expected_cost", expected_cost, minimum=0.0),
        }
    )
    return np.asarray(tau * v - cost)


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceThreshold:
    """From which customer value a service level pays.

    Parameters
    ----------
    value : float
        Customer value in money from which the level earns more than it costs; infinite where it never does.
    interval : Interval or None
        Bounds of that value, from the uncertainty of the uplift; None where `reason` says why.
    reason : str or None
        Why something is missing.
    """

    value: float
    interval: Interval | None
    reason: str | None = None

    def to_frame(self) -> pd.DataFrame:
        """One row with `value`, `lower`, `upper`."""
        import pandas as pd

        bounds = (np.nan, np.nan) if self.interval is None else (self.interval.lower, self.interval.upper)
        return pd.DataFrame({"value": [self.value], "lower": [bounds[0]], "upper": [bounds[1]]})

    def __str__(self) -> str:
        found = self.interval
        if math.isinf(self.value):
            start = "the level pays from no value"
        else:
            start = f"the level pays from a value of {self.value:,.2f}"
        if found is None:
            return f"{start}; {self.reason}"
        level = f"{100 * found.confidence_level:g} % interval"
        return f"{start} ({level} {found.lower:,.2f} to {found.upper:,.2f})"

    def _repr_html_(self) -> str:
        return as_html(self)


def service_threshold(
    *,
    cost: float,
    uplift: float,
    uplift_standard_error: float | None = None,
    confidence_level: float = 0.95,
) -> ServiceThreshold:
    r"""Customer value from which a service level pays: a threshold for tiers that money chose.

    Parameters
    ----------
    cost : float
        What the level costs per customer more than the one below it, in money, over the time in which the
        value is earned; 0 or more.
    uplift : float
        Share of the customer's value that the level adds, from an experiment: 0.05 where it makes customers
        worth 5 % more. 0 or less never pays.
    uplift_standard_error : float, optional
        Its standard error, 0 or more; needed for an interval.
    confidence_level : float, default 0.95
        Nominal coverage of the interval, strictly between 0 and 1.

    Returns
    -------
    ServiceThreshold
        The value, and its bounds.

    Raises
    ------
    InvalidInputError
        If a number is out of its range.

    Notes
    -----
    A level that costs \(c\) and adds the share \(u\) to the value \(V\) earns \(u V - c\), more than 0 above

    \[ V^* = c / u . \]

    The bounds are those of \(u\) put into the same formula, so that a level whose uplift may be nothing
    may never pay: the upper bound is infinite.

    Examples
    --------
    >>> found = service_threshold(cost=40, uplift=0.05, uplift_standard_error=0.01)
    >>> round(found.value), round(found.interval.lower), round(found.interval.upper)
    (800, 575, 1316)
    """
    check_confidence_level(confidence_level)
    paid = check_number("cost", cost, minimum=0.0)
    gain = check_number("uplift", uplift)
    if uplift_standard_error is None:
        reason = "an interval needs `uplift_standard_error`"
        return ServiceThreshold(value=_break_even(paid, gain), interval=None, reason=reason)
    error = check_number("uplift_standard_error", uplift_standard_error, minimum=0.0)
    low, high = normal_interval(gain, error, confidence_level=confidence_level)
    return ServiceThreshold(
        value=_break_even(paid, gain),
        interval=Interval(_break_even(paid, float(high)), _break_even(paid, float(low)), confidence_level),
    )


def _break_even(cost: float, uplift: float) -> float:
    if uplift <= 0:
        return float("inf")
    with np.errstate(over="ignore"):
        return float(np.float64(cost) / uplift)


def _offer(
    value: ArrayLike, incentive: ArrayLike, contact_cost: ArrayLike, success: ArrayLike, take_up: ArrayLike
) -> tuple[FloatArray, ...]:
    """The economics of an offer, checked and of one shape."""
    return check_same_shape(
        {
            "value": check_array("value", value),
            "incentive": check_array("incentive", incentive, minimum=0.0),
            "contact_cost": check_array("contact_cost", contact_cost, minimum=0.0),
            "success": check_array("success", success, minimum=0.0, maximum=1.0),
            "take_up": check_array("take_up", take_up, minimum=0.0, maximum=1.0),
        }
    )

"""Whom to contact: the profit of a retention campaign by how many of the riskiest customers it reaches."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import betainc

from customer_centric._core.checks import check_array
from customer_centric.churn.forecast_score import check_outcomes
from customer_centric.errors import InvalidInputError
from customer_centric.typing import FloatArray

__all__ = ["CampaignProfit", "campaign_profit"]


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class CampaignProfit:
    """What a campaign that contacts the riskiest customers would earn.

    Parameters
    ----------
    max_profit : float
        Highest profit per customer of the whole base, at the mean acceptance; 0 where no campaign pays.
    target_fraction : float
        Share of customers to contact for it, in [0, 1].
    expected_max_profit : float
        Mean over acceptances of the highest profit at each, per customer of the whole base: what a score is
        worth to somebody who will know the acceptance when the campaign starts.
    expected_target_fraction : float
        Mean of the share to contact.
    fractions, profits : ndarray of shape (n_cuts,)
        Share contacted and profit per customer of the base at the mean acceptance, from nobody to everybody.
    n : int
        Customers.
    """

    max_profit: float
    target_fraction: float
    expected_max_profit: float
    expected_target_fraction: float
    fractions: FloatArray
    profits: FloatArray
    n: int


def campaign_profit(
    churned: ArrayLike,
    probability: ArrayLike,
    *,
    lifetime_value: ArrayLike,
    offer_cost: ArrayLike,
    contact_cost: ArrayLike,
    acceptance: tuple[float, float] = (6.0, 14.0),
) -> CampaignProfit:
    r"""Profit of contacting the customers with the highest probability of leaving.

    Parameters
    ----------
    churned : array_like of shape (n_customers,)
        Whether each customer left, where nobody was contacted.
    probability : array_like of shape (n_customers,)
        What was forecast; only its order counts. Customers with equal values are contacted together.
    lifetime_value : array_like
        What a customer who stays is worth, in money, 0 or more: one number, or one for each customer.
    offer_cost, contact_cost : array_like
        Cost of the offer to who accepts it, and of the contact, in money, 0 or more.
    acceptance : tuple of float, default (6, 14)
        Parameters of the beta distribution of the share of leaving customers who accept, each greater than
        0; the default has the mean 0.3. Customers who would stay anyway all accept.

    Returns
    -------
    CampaignProfit
        The best share to contact and what it earns.

    Raises
    ------
    InvalidInputError
        If a number is out of range or the lengths differ.

    Notes
    -----
    A contacted customer who was leaving earns \(\gamma (V_i - d_i) - f_i\), with \(\gamma\) the acceptance,
    \(V_i\) the lifetime value, \(d_i\) the offer and \(f_i\) the contact; one who was staying costs
    \(d_i + f_i\). With \(P(t; \gamma)\) the sum over those above the threshold \(t\), per customer of the
    base,

    \[ \mathrm{MPC} = \max_t P(t; E\gamma), \qquad
       \mathrm{EMPC} = \int \max_t P(t; \gamma)\, h(\gamma)\, d\gamma . \]

    The maximum over thresholds is piecewise linear in \(\gamma\), so the integral is a sum of incomplete beta
    functions. It is the value of a ranking, not of an intervention: that acceptance does not depend on the
    risk is an assumption, and contacting the riskiest is often not the best one can do.

    References
    ----------
    Verbraken, T., Verbeke, W. and Baesens, B. (2013), A novel profit maximizing metric for measuring
    classification performance of customer churn prediction models.
    [doi:10.1109/TKDE.2012.50](https://doi.org/10.1109/TKDE.2012.50).

    Ascarza, E. (2018), Retention futility: targeting high-risk customers might be ineffective.
    [doi:10.1509/jmr.16.0163](https://doi.org/10.1509/jmr.16.0163).

    Examples
    --------
    >>> left = [1, 0, 1, 0, 0, 1, 0, 0, 0, 0]
    >>> risk = [0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3, 0.2, 0.1, 0.05]
    >>> profit = campaign_profit(left, risk, lifetime_value=200, offer_cost=10, contact_cost=1)
    >>> round(profit.max_profit, 10), profit.target_fraction
    (13.5, 0.6)
    >>> round(profit.expected_max_profit, 7)
    13.5085462
    """
    y, p = check_outcomes(churned, probability)
    value, offer, contact = (
        _per_customer(name, given, y.size)
        for name, given in (
            ("lifetime_value", lifetime_value),
            ("offer_cost", offer_cost),
            ("contact_cost", contact_cost),
        )
    )
    a, b = _beta_parameters(acceptance)
    order = np.argsort(-p, kind="stable")
    gain = (y * (value - offer))[order]
    cost = (contact + (1.0 - y) * offer)[order]
    last = np.append(np.flatnonzero(np.diff(p[order])), y.size - 1)
    slope = np.append(0.0, np.cumsum(gain)[last]) / y.size
    level = np.append(0.0, np.cumsum(cost)[last]) / y.size
    fraction = np.append(0.0, (last + 1) / y.size)
    profits = slope * (a / (a + b)) - level
    best = int(np.argmax(profits))
    expected, expected_fraction = _expected_maximum(slope, level, fraction, a, b)
    return CampaignProfit(
        max_profit=float(profits[best]),
        target_fraction=float(fraction[best]),
        expected_max_profit=expected,
        expected_target_fraction=expected_fraction,
        fractions=fraction,
        profits=profits,
        n=y.size,
    )


def _beta_parameters(acceptance: tuple[float, float]) -> tuple[float, float]:
    pair = check_array("acceptance", acceptance, minimum=0.0, open_minimum=True)
    if pair.shape != (2,):
        raise InvalidInputError(
            f"`acceptance` must be the two parameters of a beta distribution, got an array of shape "
            f"{pair.shape}; a mean of 0.3 known as well as from 20 customers is (6, 14)"
        )
    return float(pair[0]), float(pair[1])


def _per_customer(name: str, given: ArrayLike, n: int) -> FloatArray:
    array = check_array(name, given, minimum=0.0)
    if array.shape not in {(), (n,)}:
        raise InvalidInputError(
            f"`{name}` must be one number or one a customer, got shape {array.shape} for {n} customers"
        )
    return np.broadcast_to(array, (n,))


def _expected_maximum(
    slope: FloatArray, level: FloatArray, fraction: FloatArray, a: float, b: float
) -> tuple[float, float]:
    """Mean over a beta distribution of the highest of the lines `slope * g - level`, and of its fraction."""
    lines = _upper_envelope(slope, level)
    s, c = slope[lines], level[lines]
    crossing = np.diff(c) / np.diff(s) if lines.size > 1 else np.zeros(0)
    edges = np.concatenate([[0.0], np.clip(crossing, 0.0, 1.0), [1.0]])
    mass = np.diff(betainc(a, b, edges))
    moment = np.diff(betainc(a + 1.0, b, edges)) * (a / (a + b))
    return float(s @ moment - c @ mass), float(fraction[lines] @ mass)


def _upper_envelope(slope: FloatArray, level: FloatArray) -> np.ndarray[tuple[int, ...], np.dtype[np.intp]]:
    """Lines that are highest somewhere, by ascending slope."""
    order = np.lexsort((level, slope))
    kept: list[int] = []
    for line in order.tolist():
        if kept and slope[kept[-1]] == slope[line]:
            continue  # the same slope at a higher cost
        while len(kept) > 1 and _hidden(slope, level, kept[-2], kept[-1], line):
            kept.pop()
        kept.append(line)
    # Of two neighbours the earlier is never needed where the later is higher from 0 on.
    first = 0
    while first + 1 < len(kept) and level[kept[first + 1]] <= level[kept[first]]:
        first += 1
    return np.array(kept[first:], dtype=np.intp)


def _hidden(slope: FloatArray, level: FloatArray, one: int, two: int, three: int) -> bool:
    """Whether the middle line is nowhere above both others."""
    left = (level[two] - level[one]) * (slope[three] - slope[two])
    right = (level[three] - level[two]) * (slope[two] - slope[one])
    return bool(left >= right)

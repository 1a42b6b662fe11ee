"""How sure the tier of a customer is, given the spread of what the customer will be worth."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import ArrayLike

from customer_centric._core.checks import (
    as_floats,
    check_array,
    check_confidence_level,
    check_number,
    raise_broken,
)
from customer_centric._core.words import as_html, counted
from customer_centric.errors import InvalidInputError
from customer_centric.intervals.normal import normal_quantile
from customer_centric.segments.tiers import check_labels, check_thresholds
from customer_centric.typing import BoolArray, FloatArray, IntArray

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "TierProbabilities",
    "tier_probability",
    "tier_probability_from_distribution",
    "tier_probability_from_quantiles",
]

_UNASSIGNED: Final = "undecided"


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class TierProbabilities:
    """Probability of each customer to be in each tier.

    Parameters
    ----------
    labels : tuple of str
        Names of the tiers, lowest first.
    thresholds : ndarray of shape (n_tiers - 1,)
        Where each tier but the lowest begins, in money.
    probability : ndarray of shape (n_customers, n_tiers)
        Probability of each tier; rows add up to 1.
    likeliest : ndarray of int64 of shape (n_customers,)
        Tier of the highest probability, a place in `labels`; the lower one of two that tie.
    expected_tier : ndarray of shape (n_customers,)
        Mean place, from 0 for the lowest: 1.5 is halfway between the second and the third tier.
    is_sure : ndarray of bool of shape (n_customers,)
        Whether the probability of the likeliest tier is at least `sure`.
    sure : float
        Probability from which a tier counts as sure.
    expected_customers, expected_customers_lower, expected_customers_upper : ndarray of shape (n_tiers,)
        Customers that each tier will hold, and where that number will fall.
    confidence_level : float
        Nominal coverage of each interval.
    """

    labels: tuple[str, ...]
    thresholds: FloatArray
    probability: FloatArray
    likeliest: IntArray
    expected_tier: FloatArray
    is_sure: BoolArray
    sure: float
    expected_customers: FloatArray
    expected_customers_lower: FloatArray
    expected_customers_upper: FloatArray
    confidence_level: float

    def names(self) -> np.ndarray[tuple[int, ...], np.dtype[np.str_]]:
        """Name of the tier of each customer, "undecided" where none is sure."""
        return np.where(self.is_sure, np.array(self.labels)[self.likeliest], _UNASSIGNED)

    def to_frame(self) -> pd.DataFrame:
        """A row a tier: customers expected, with the interval, and how many are surely in it."""
        import pandas as pd

        return pd.DataFrame(
            {
                "tier": self.labels,
                "expected_customers": self.expected_customers,
                "lower": self.expected_customers_lower,
                "upper": self.expected_customers_upper,
                "sure": np.bincount(self.likeliest[self.is_sure], minlength=len(self.labels)),
            }
        )

    def __str__(self) -> str:
        return (
            f"{counted(self.is_sure.sum(), 'customer')} of {self.is_sure.size:,} have a tier with a "
            f"probability of at least {self.sure:.0%}"
        )

    def _repr_html_(self) -> str:
        return as_html(self, frame=self.to_frame())


def tier_probability(
    draws: ArrayLike,
    thresholds: ArrayLike,
    *,
    labels: Sequence[str] | None = None,
    sure: float = 0.8,
    confidence_level: float = 0.90,
) -> TierProbabilities:
    r"""Probability of each tier from draws of what each customer will be worth.

    Parameters
    ----------
    draws : array_like of shape (n_customers, n_draws)
        Draws of the future value of each customer, in money, from a posterior, a simulation or a bootstrap:
        of the value itself, not of its mean. A column is one draw of all customers together.
    thresholds : array_like of shape (n_tiers - 1,)
        Where each tier but the lowest begins, in money, ascending, as for `value_tiers`.
    labels : sequence of str, optional
        Names of the tiers, lowest first; by default they say their numbers.
    sure : float, default 0.8
        Probability from which a tier counts as sure, greater than 0 and at most 1.
    confidence_level : float, default 0.90
        Nominal coverage of the intervals of `expected_customers`, strictly between 0 and 1.

    Returns
    -------
    TierProbabilities
        Probabilities, likeliest tier and whether it is sure; customers expected in each tier.

    Raises
    ------
    InvalidInputError
        If a draw is not a finite number, there are none, or the thresholds do not ascend.

    Notes
    -----
    \[ \Pr(i \in k) = \frac{1}{B} \sum_{b=1}^{B} 1\bigl[c_k \le v_i^{(b)} < c_{k+1}\bigr] . \]

    The error of a probability from \(B\) draws is at most \(0.5 / \sqrt{B}\): 0.016 with 1,000. The interval
    of the customers of a tier is that of the counts over the draws, one more on each side than was seen where
    the draws agree.

    Examples
    --------
    >>> draws = [[0, 20, 30, 40, 45], [30, 60, 70, 80, 400]]
    >>> found = tier_probability(draws, [50, 300], labels=["basic", "plus", "top"])
    >>> found.probability.round(3).tolist()
    [[1.0, 0.0, 0.0], [0.2, 0.6, 0.2]]
    >>> found.names().tolist()
    ['basic', 'undecided']
    """
    check_confidence_level(confidence_level)
    drawn = check_array("draws", draws)
    if drawn.ndim != 2 or 0 in drawn.shape:
        raise InvalidInputError(
            "`draws` must have a row a customer and a column a draw, at least one each, got shape "
            f"{drawn.shape}"
        )
    cuts = check_thresholds(thresholds)
    above = np.empty((drawn.shape[0], cuts.size))
    counts = np.empty((drawn.shape[1], cuts.size))
    for k, cut in enumerate(cuts):
        reached = drawn >= cut
        above[:, k] = reached.mean(axis=1)
        counts[:, k] = np.count_nonzero(reached, axis=0)
    n = drawn.shape[0]
    in_tier = -np.diff(counts, axis=1, prepend=n, append=0)
    tail = 0.5 * (1.0 - confidence_level)
    lower = np.quantile(in_tier, tail, axis=0, method="inverted_cdf")
    upper = np.quantile(in_tier, 1.0 - tail, axis=0, method="inverted_cdf")
    alike = lower == upper
    bounds = (lower - alike).clip(0, n), (upper + alike).clip(0, n)
    return _summary(above, cuts, labels, sure, bounds, confidence_level)


def tier_probability_from_distribution(
    probability_below: ArrayLike | Callable[[float], ArrayLike],
    thresholds: ArrayLike,
    *,
    labels: Sequence[str] | None = None,
    sure: float = 0.8,
    confidence_level: float = 0.90,
) -> TierProbabilities:
    r"""Probability of each tier from the distribution of what each customer will be worth.

    Parameters
    ----------
    probability_below : array_like of shape (n_customers, n_tiers - 1), or callable
        Probability that a customer will be worth *less* than each threshold; or a function that takes a
        threshold and returns it for all customers, such as `scipy.stats.norm(mean, spread).cdf`. Where
        a value can be exactly a threshold (nothing at all, with a threshold of 0), leave that value out.
    thresholds : array_like of shape (n_tiers - 1,)
        Where each tier but the lowest begins, in money, ascending, as for `value_tiers`.
    labels : sequence of str, optional
        Names of the tiers, lowest first; by default they say their numbers.
    sure : float, default 0.8
        Probability from which a tier counts as sure, greater than 0 and at most 1.
    confidence_level : float, default 0.90
        Nominal coverage of the intervals of `expected_customers`, strictly between 0 and 1.

    Returns
    -------
    TierProbabilities
        Probabilities, likeliest tier and whether it is sure; customers expected in each tier.

    Raises
    ------
    InvalidInputError
        If a probability is outside [0, 1], they fall from one threshold to the next, or the shapes do not
        fit.

    Notes
    -----
    With \(F_i(c) = \Pr(V_i < c)\), \(\Pr(i \in k) = F_i(c_{k+1}) - F_i(c_k)\). The interval of the customers
    of a tier takes customers as independent at known distributions: mean and variance
    \(\sum_i p_{ik}\) and \(\sum_i p_{ik}(1 - p_{ik})\), normal, to whole customers. What is unknown about
    the model itself moves all customers together and is not in it; draws bring it along.

    Examples
    --------
    >>> from scipy.stats import norm
    >>> value = norm([100, 300], [50, 50])
    >>> found = tier_probability_from_distribution(value.cdf, [200])
    >>> found.probability.round(3).tolist()
    [[0.977, 0.023], [0.023, 0.977]]
    """
    check_confidence_level(confidence_level)
    cuts = check_thresholds(thresholds)
    if callable(probability_below):
        columns = [
            np.atleast_1d(as_floats("probability_below", probability_below(cut))) for cut in cuts.tolist()
        ]
        below = np.column_stack(columns)
    else:
        below = as_floats("probability_below", probability_below)
    check_array("probability_below", below, minimum=0.0, maximum=1.0)
    if below.ndim != 2 or below.shape[0] == 0 or below.shape[1] != cuts.size:
        raise InvalidInputError(
            "`probability_below` must have a row a customer and a column a threshold, got shape "
            f"{below.shape} for {counted(cuts.size, 'threshold')}"
        )
    falls = np.zeros(below.shape, dtype=np.bool_)
    falls[:, 1:] = np.diff(below, axis=1) < 0
    raise_broken("probability_below", "no lower at a higher threshold", below, falls)
    above = 1.0 - below
    share = -np.diff(above, axis=1, prepend=1.0, append=0.0)
    mean = share.sum(axis=0)
    reach = normal_quantile(confidence_level) * np.sqrt((share * (1.0 - share)).sum(axis=0)) + 0.5
    bounds = np.ceil(mean - reach).clip(0, len(above)), np.floor(mean + reach).clip(0, len(above))
    return _summary(above, cuts, labels, sure, bounds, confidence_level)


def tier_probability_from_quantiles(
    quantiles: ArrayLike,
    probabilities: ArrayLike,
    thresholds: ArrayLike,
    *,
    minimum: float = 0.0,
    labels: Sequence[str] | None = None,
    sure: float = 0.8,
    confidence_level: float = 0.90,
) -> TierProbabilities:
    r"""Probability of each tier from quantiles of what each customer will be worth.

    Parameters
    ----------
    quantiles : array_like of shape (n_customers, n_quantiles)
        Quantiles of the future value of each customer, in money, ascending, at least two: for instance
        `predicted_value_lower` and `predicted_value_upper` of `value_customers`, at two or more
        confidence levels. Several may be the same, where a customer may well be worth nothing.
    probabilities : array_like of shape (n_quantiles,)
        Probability of staying at or below each quantile, ascending, strictly between 0 and 1: an interval of
        0.9 has the quantiles 0.05 and 0.95.
    thresholds : array_like of shape (n_tiers - 1,)
        Where each tier but the lowest begins, in money, ascending, as for `value_tiers`.
    minimum : float, default 0
        The least that a customer can be worth; 0 for lifetime values.
    labels : sequence of str, optional
        Names of the tiers, lowest first; by default they say their numbers.
    sure : float, default 0.8
        Probability from which a tier counts as sure, greater than 0 and at most 1.
    confidence_level : float, default 0.90
        Nominal coverage of the intervals of `expected_customers`, strictly between 0 and 1.

    Returns
    -------
    TierProbabilities
        Probabilities, likeliest tier and whether it is sure; customers expected in each tier.

    Raises
    ------
    InvalidInputError
        If the quantiles fall, lie below `minimum`, or do not fit the probabilities.

    Notes
    -----
    Between two quantiles, and between `minimum` and the first, the probability rises in a straight line;
    quantiles at `minimum` are a lump there. Above the last one it has an exponential tail,

    \[ \Pr(V \ge c) = (1 - q_J) \left( \frac{1 - q_J}{1 - q_{J-1}} \right)^{(c - v_J) / (v_J - v_{J-1})} . \]

    The error is at most the gap between the probabilities on both sides of a threshold: ask for more
    quantiles, not for a better curve.

    Examples
    --------
    >>> quantiles = [[0, 0, 40, 90, 120], [60, 90, 130, 180, 250]]
    >>> found = tier_probability_from_quantiles(
    ...     quantiles, [0.05, 0.25, 0.5, 0.75, 0.95], [50], labels=["basic", "plus"]
    ... )
    >>> found.probability.round(3).tolist()
    [[0.55, 0.45], [0.042, 0.958]]
    """
    q = check_array(
        "probabilities", probabilities, minimum=0.0, maximum=1.0, open_minimum=True, open_maximum=True
    )
    floor = check_number("minimum", minimum)
    known = check_array("quantiles", quantiles, minimum=floor, remedy="`minimum` is the least possible value")
    if known.ndim != 2 or q.shape != known.shape[1:] or q.size < 2 or (np.diff(q) <= 0).any():
        raise InvalidInputError(
            "`quantiles` must have a row a customer and a column for each of at least two ascending "
            f"`probabilities`, got shapes {known.shape} and {q.shape}"
        )
    falls = np.zeros(known.shape, dtype=np.bool_)
    falls[:, 1:] = np.diff(known, axis=1) < 0
    raise_broken("quantiles", "no lower at a higher probability", known, falls)
    cuts = check_thresholds(thresholds)
    below = np.column_stack([_below(known, q, floor, float(cut)) for cut in cuts])
    return tier_probability_from_distribution(
        below, cuts, labels=labels, sure=sure, confidence_level=confidence_level
    )


def _below(known: FloatArray, q: FloatArray, floor: float, cut: float) -> FloatArray:
    """Probability of less than one threshold, between the quantiles on its two sides."""
    if cut <= floor:
        return np.zeros(len(known))
    # A quantile at the threshold itself does not lie below it; all of the lump at the floor does.
    place = np.count_nonzero(known < cut, axis=1)
    rows = np.arange(len(known))
    edges = np.column_stack([np.full(len(known), floor), known])
    heights = np.append(0.0, q)
    left, right = edges[rows, place], edges[rows, np.minimum(place + 1, q.size)]
    low, high = heights[place], heights[np.minimum(place + 1, q.size)]
    inside = np.divide(cut - left, right - left, out=np.ones(len(known)), where=right > left)
    found = low + (high - low) * inside
    last = place == q.size
    if last.any():
        gap = known[last, -1] - known[last, -2]
        decay = np.log((1.0 - q[-1]) / (1.0 - q[-2]))
        beyond = np.full(gap.size, np.inf)
        with np.errstate(over="ignore"):
            steps = np.divide(cut - known[last, -1], gap, out=beyond, where=gap > 0)
        found[last] = 1.0 - (1.0 - q[-1]) * np.exp(decay * steps)
    return np.asarray(found)


def _summary(
    above: FloatArray,
    cuts: FloatArray,
    labels: Sequence[str] | None,
    sure: float,
    bounds: tuple[FloatArray, FloatArray],
    confidence_level: float,
) -> TierProbabilities:
    """The result, from the probabilities of reaching each threshold."""
    least = check_number("sure", sure, minimum=0.0, maximum=1.0, open_minimum=True)
    names = check_labels(labels, cuts)
    reached = np.column_stack([np.ones(len(above)), above, np.zeros(len(above))])
    probability = reached[:, :-1] - reached[:, 1:]
    likeliest = np.argmax(probability, axis=1)
    highest = probability[np.arange(len(probability)), likeliest]
    return TierProbabilities(
        labels=names,
        thresholds=cuts,
        probability=probability,
        likeliest=likeliest,
        expected_tier=above.sum(axis=1),
        # Differences of shares may miss 0.8 by their last bit.
        is_sure=highest >= least - 1e-12,
        sure=least,
        expected_customers=probability.sum(axis=0),
        expected_customers_lower=bounds[0],
        expected_customers_upper=bounds[1],
        confidence_level=confidence_level,
    )

"""Two scores: how far apart they are, and how far apart they would have to be to tell."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy.special import ndtr, ndtri

from customer_centric._core.checks import check_number
from customer_centric._core.words import as_html, counted
from customer_centric.errors import InvalidInputError
from customer_centric.intervals import Interval, mover_interval
from customer_centric.intervals.normal import normal_quantile
from customer_centric.nps._estimates import ADDED
from customer_centric.nps.score import NetPromoterScore

__all__ = ["NpsDifference", "compare_nps"]

_WIDEST: Final = 200.0
_LEAST_SHOWN: Final = 0.001


@dataclass(frozen=True, slots=True, kw_only=True)
class NpsDifference:
    """The difference of two Net Promoter Scores, and what difference could have been found at all.

    Parameters
    ----------
    difference : float
        First score less the second, in points from -200 to 200.
    interval : Interval
        Bounds of the difference, in points.
    standard_error : float
        Standard error behind `z` and `detectable`, in points; 0 only where both populations are known whole.
    z : float
        Statistic of the adjusted Wald test that there is no difference.
    p_value : float
        Two-sided probability of a statistic at least as far from 0 where there is none.
    detectable : float
        Smallest true difference, in points, that such samples find with probability `power`. Greater than
        200 where they are too small to find any.
    power : float
        The probability that `detectable` is for.
    score_first, score_second : float
        The two scores, in points.
    n_first, n_second : int
        Answers in each.
    n_pairs, n_first_only, n_second_only : int
        Customers who answered both times, and only once; all answers are single ones where the two groups
        are different people.
    n_missing, n_invalid : int
        Rows of both that have no answer, and one that is not on the scale; neither is in the scores.
    """

    difference: float
    interval: Interval
    standard_error: float
    z: float
    p_value: float
    detectable: float
    power: float
    score_first: float
    score_second: float
    n_first: int
    n_second: int
    n_pairs: int = 0
    n_first_only: int
    n_second_only: int
    n_missing: int = 0
    n_invalid: int = 0

    @property
    def paired(self) -> bool:
        """Whether some customers are in both groups."""
        return self.n_pairs > 0

    def __str__(self) -> str:
        bounds, level = self.interval, f"{100 * self.interval.confidence_level:g} %"
        p_value = f"p = {self.p_value:.3f}" if self.p_value >= _LEAST_SHOWN else f"p < {_LEAST_SHOWN:g}"
        who = f"{self.n_first:,} and {counted(self.n_second, 'answer')}"
        if self.paired:
            who += f", {counted(self.n_pairs, 'customer')} in both"
        return (
            f"NPS {self.score_first:.1f} less {self.score_second:.1f}: difference {self.difference:+.1f} "
            f"({level} interval {bounds.lower:+.1f} to {bounds.upper:+.1f}, {p_value}) from "
            f"{who}; {self._reach()}"
        )

    def _repr_html_(self) -> str:
        strong = f"difference {self.difference:+.1f}"
        return as_html(self).replace(strong, f"<strong>{strong}</strong>", 1)

    def _reach(self) -> str:
        chance = f"{100 * self.power:g} % power"
        if self.detectable > _WIDEST:
            return f"no difference at all could be found with {chance}"
        return f"smallest difference found with {chance}: {self.detectable:.1f} points"


def compare_nps(first: NetPromoterScore, second: NetPromoterScore, *, power: float = 0.8) -> NpsDifference:
    r"""Whether two groups of different people differ in their score, and by how much.

    Parameters
    ----------
    first, second : NetPromoterScore
        Scores of two independent groups, whatever their designs, with intervals of one confidence level.
    power : float, default 0.8
        Probability with which `detectable` is to be found, strictly between 0 and 1.

    Returns
    -------
    NpsDifference
        First less second, in points, with interval, test, and the smallest difference that such groups find.

    Raises
    ------
    InvalidInputError
        If an argument is not a score, the confidence levels differ, or `power` is not inside (0, 1).

    Notes
    -----
    With scores \(e_1, e_2\) and their intervals \([l_1, u_1], [l_2, u_2]\), the interval of
    \(e_1 - e_2\) is

    \[ \Bigl[e_1 - e_2 - \sqrt{(e_1 - l_1)^2 + (u_2 - e_2)^2},\;
             e_1 - e_2 + \sqrt{(u_1 - e_1)^2 + (e_2 - l_2)^2}\Bigr] . \]

    The test is Wald's after 0.75 promoters, 1.5 passives and 0.75 detractors were added to each group:
    \(z = (\tilde e_1 - \tilde e_2) / \mathrm{se}\) with
    \(\mathrm{se}^2 = \tilde s_1^2 / (n_1 + 3) + \tilde s_2^2 / (n_2 + 3)\). Answers of a design count as
    the `interval_n` answers that would tell as much. The smallest difference found with probability
    \(1 - \beta\) at a two-sided level \(\alpha\) is \((z_{\alpha/2} + z_\beta)\,\mathrm{se}\).

    References
    ----------
    Zou, G. Y. and Donner, A. (2008), Construction of confidence limits about effect measures: a general
    approach. [doi:10.1002/sim.3095](https://doi.org/10.1002/sim.3095).

    Rocks, B. (2016), Interval estimation for the "Net Promoter Score". The American Statistician 70(4).
    [arXiv:1601.07235](https://arxiv.org/abs/1601.07235).

    Examples
    --------
    >>> from customer_centric.nps import net_promoter_score_from_counts
    >>> spring = net_promoter_score_from_counts(50, 30, 20)
    >>> autumn = net_promoter_score_from_counts(65, 55, 30)
    >>> result = compare_nps(spring, autumn)
    >>> (
    ...     round(result.difference, 1),
    ...     round(result.interval.lower, 1),
    ...     round(result.interval.upper, 1),
    ... )
    (6.7, -13.2, 25.7)
    >>> round(result.p_value, 2), round(result.detectable)
    (0.53, 28)
    """
    for name, value in (("first", first), ("second", second)):
        if not isinstance(value, NetPromoterScore):
            raise InvalidInputError(
                f"`{name}` must be a NetPromoterScore, got {type(value).__name__}; score the answers first "
                "with net_promoter_score or net_promoter_score_from_counts"
            )
    if first.interval.confidence_level != second.interval.confidence_level:
        raise InvalidInputError(
            "`first` and `second` must have intervals of one confidence level, got "
            f"{first.interval.confidence_level:g} and {second.interval.confidence_level:g}; score both again "
            "with one `confidence_level`"
        )
    check_power(power)
    pair = (first, second)
    # A bootstrap interval need not hold the estimate.
    lower, upper = mover_interval(
        [nps.score for nps in pair],
        [min(nps.interval.lower, nps.score) for nps in pair],
        [max(nps.interval.upper, nps.score) for nps in pair],
    )
    (score_1, variance_1), (score_2, variance_2) = (_adjusted(nps) for nps in pair)
    return difference_of(
        scores=(first.score, second.score),
        bounds=(float(lower), float(upper)),
        adjusted=score_1 - score_2,
        standard_error=math.sqrt(variance_1 + variance_2),
        confidence_level=first.interval.confidence_level,
        power=power,
        counts=(0, first.n, second.n),
        n_missing=first.n_missing + second.n_missing,
        n_invalid=first.n_invalid + second.n_invalid,
    )


def difference_of(
    *,
    scores: tuple[float, float],
    bounds: tuple[float, float],
    adjusted: float,
    standard_error: float,
    confidence_level: float,
    power: float,
    counts: tuple[int, int, int],
    n_missing: int,
    n_invalid: int,
) -> NpsDifference:
    """The result of a comparison, all in points; `counts` are pairs, first only and second only."""
    z, p_value = wald_test(adjusted, standard_error)
    n_pairs, n_first_only, n_second_only = counts
    return NpsDifference(
        difference=scores[0] - scores[1],
        interval=Interval(*bounds, confidence_level),
        standard_error=standard_error,
        z=z,
        p_value=p_value,
        detectable=detectable_effect(standard_error, confidence_level, power),
        power=power,
        score_first=scores[0],
        score_second=scores[1],
        n_first=n_pairs + n_first_only,
        n_second=n_pairs + n_second_only,
        n_pairs=n_pairs,
        n_first_only=n_first_only,
        n_second_only=n_second_only,
        n_missing=n_missing,
        n_invalid=n_invalid,
    )


def check_power(power: float) -> float:
    """A probability strictly between 0 and 1."""
    return check_number("power", power, minimum=0.0, maximum=1.0, open_minimum=True, open_maximum=True)


def wald_test(estimate: float, standard_error: float) -> tuple[float, float]:
    """Statistic and two-sided p-value; what is known without error differs surely or not at all."""
    if standard_error > 0:
        z = estimate / standard_error
    else:
        z = math.copysign(math.inf, estimate) if estimate else 0.0
    return z, float(2.0 * ndtr(-abs(z)))


def detectable_effect(standard_error: float, confidence_level: float, power: float) -> float:
    """Smallest true effect that a two-sided test finds with probability `power`."""
    return max(0.0, (normal_quantile(confidence_level) + float(ndtri(power))) * standard_error)


def _adjusted(nps: NetPromoterScore) -> tuple[float, float]:
    """Score and its variance, in points, with the answers of the adjusted Wald test added."""
    if math.isinf(nps.interval_n):
        return nps.score, 0.0
    shares = np.array([nps.promoter_share, nps.passive_share, nps.detractor_share])
    counts = nps.interval_n * shares + ADDED
    n = float(counts.sum())
    net = float(counts[0] - counts[2]) / n
    spread = float(counts[0] + counts[2]) / n - net**2
    return 100.0 * net, 100.0**2 * spread / n

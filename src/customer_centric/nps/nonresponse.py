"""What those who did not answer could change."""

from __future__ import annotations

import math
from dataclasses import dataclass

from customer_centric._core.checks import check_number, check_offers
from customer_centric._core.words import as_html
from customer_centric.errors import InvalidInputError
from customer_centric.intervals import Interval
from customer_centric.nps.score import NetPromoterScore

__all__ = ["NonresponseBounds", "nonresponse_bounds"]

# Rounding may carry a tipping point of exactly 100 points this far beyond.
_ROUNDING = 1e-9


@dataclass(frozen=True, slots=True, kw_only=True)
class NonresponseBounds:
    """Where the score of everybody who was asked can lie, whatever the silent ones think.

    Parameters
    ----------
    score : float
        Score of those who answered, in points.
    response_rate : float
        Answers over customers who were asked, in (0, 1].
    lowest, highest : float
        Score of all who were asked if every silent customer is a detractor, and a promoter; in points.
    interval : Interval
        Bounds that hold both of these with the chance of the score's interval: its lower bound with
        detractors added, its upper bound with promoters added.
    target : float
        The score that matters, in points.
    tipping_point : float
        Score of the silent customers, in points, at which that of all would be `target`; NaN where no
        score between -100 and 100 does it.
    reason : str or None
        Why there is no tipping point; None where there is one.
    """

    score: float
    response_rate: float
    lowest: float
    highest: float
    interval: Interval
    target: float
    tipping_point: float
    reason: str | None = None

    def __str__(self) -> str:
        tipping = (
            f"no tipping point: {self.reason}"
            if self.reason
            else f"it is {self.target:g} if the silent ones score {self.tipping_point:.1f}"
        )
        return (
            f"NPS {self.score:.1f} at a response rate of {100 * self.response_rate:.1f} %: that of all who "
            f"were asked lies between {self.lowest:.1f} and {self.highest:.1f}; {tipping}"
        )

    def _repr_html_(self) -> str:
        return as_html(self)


def nonresponse_bounds(nps: NetPromoterScore, *, target: float = 0.0) -> NonresponseBounds:
    r"""How far those who did not answer could move a Net Promoter Score, in the worst case.

    Parameters
    ----------
    nps : NetPromoterScore
        A score that knows how many customers were asked (`invited`), of answers that weigh the same.
    target : float, default 0.0
        The score that matters, in points from -100 to 100: below 0 there are more detractors than
        promoters.

    Returns
    -------
    NonresponseBounds
        The lowest and the highest score that all who were asked can have, an interval that holds both, and
        the tipping point.

    Raises
    ------
    InvalidInputError
        If it is not known how many customers were asked, or the target is off the scale.

    Notes
    -----
    With \(r\) the response rate and \(s\) the score of those who answered, the score of all who were asked
    is \(r s + (1 - r) u\), where nothing is known of \(u\), that of the others, but that it lies between
    -100 and 100. So it is between

    \[ r s - 100\,(1 - r) \quad\text{and}\quad r s + 100\,(1 - r) , \]

    which are \(200\,(1 - r)\) points apart, however many answers there are. It is \(g\), the target, where

    \[ u = \frac{g - r s}{1 - r} . \]

    The interval puts the bounds of the score's interval in place of \(s\). It holds the whole range from
    lowest to highest with the score's chance, and so the score of everybody at least as often.

    References
    ----------
    Manski, C. F. (1990), Nonparametric bounds on treatment effects. The American Economic Review 80(2),
    319-323.

    Manski, C. F. (2003), Partial Identification of Probability Distributions, chapter 1. Springer.
    [doi:10.1007/b97478](https://doi.org/10.1007/b97478).

    Imbens, G. W. and Manski, C. F. (2004), Confidence intervals for partially identified parameters.
    Econometrica 72(6). [doi:10.1111/j.1468-0262.2004.00555.x](https://doi.org/10.1111/j.1468-0262.2004.00555.x).

    Examples
    --------
    >>> from customer_centric import net_promoter_score_from_counts
    >>> nps = net_promoter_score_from_counts(50, 30, 20, invited=250)
    >>> bounds = nonresponse_bounds(nps)
    >>> round(bounds.lowest, 1), round(bounds.highest, 1), round(bounds.tipping_point, 1)
    (-48.0, 72.0, -20.0)
    """
    check_offers(
        "nps",
        nps,
        ("response_rate",),
        rule="a NetPromoterScore",
        remedy="score the answers first with net_promoter_score or net_promoter_score_from_counts",
    )
    rate = nps.response_rate
    if rate is None:
        raise InvalidInputError(
            "`nps` must know how many customers were asked, got none; pass `invited` to "
            "`net_promoter_score`, or to `net_promoter_score_from_counts`"
        )
    goal = check_number("target", target, minimum=-100.0, maximum=100.0)
    silent = 1.0 - rate
    answered = rate * nps.score
    tipping_point, reason = _tipping_point(answered, silent, goal)
    return NonresponseBounds(
        score=nps.score,
        response_rate=rate,
        lowest=answered - 100.0 * silent,
        highest=answered + 100.0 * silent,
        interval=Interval(
            rate * nps.interval.lower - 100.0 * silent,
            rate * nps.interval.upper + 100.0 * silent,
            nps.interval.confidence_level,
        ),
        target=goal,
        tipping_point=tipping_point,
        reason=reason,
    )


def _tipping_point(answered: float, silent: float, goal: float) -> tuple[float, str | None]:
    """The score of the silent ones that makes the whole the goal, or why there is none."""
    if silent == 0.0:
        return math.nan, "everybody who was asked answered"
    needed = (goal - answered) / silent
    if abs(needed) > 100.0 * (1.0 + _ROUNDING):
        side = "above" if needed < 0.0 else "below"
        return math.nan, f"whatever the silent ones think, the score of all stays {side} {goal:g}"
    return min(max(needed, -100.0), 100.0) + 0.0, None

"""How much of churn a cause accounts for: by what customers say, and by who leaves."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from customer_centric._core.checks import check_confidence_level, check_number
from customer_centric.errors import InvalidInputError
from customer_centric.intervals import Interval, wilson_interval
from customer_centric.intervals.normal import normal_quantile

__all__ = ["AttributableChurn", "StatedCause", "attributable_churn", "stated_cause"]


@dataclass(frozen=True, slots=True, kw_only=True)
class StatedCause:
    """Share of lost customers who name a cause.

    Parameters
    ----------
    share : float
        Of those who gave a reason, in [0, 1].
    interval : Interval
        Wilson's, as if those who gave none were like them.
    lowest, highest : float
        The share among all lost customers if none, or all, of those who gave no reason had this one.
    n_named, n_answered, n_lost : int
        Customers who named the cause, who gave a reason, and who were lost.
    """

    share: float
    interval: Interval
    lowest: float
    highest: float
    n_named: int
    n_answered: int
    n_lost: int


def stated_cause(named: int, answered: int, lost: int, *, confidence_level: float = 0.95) -> StatedCause:
    r"""Share of lost customers who say that they left for a cause, such as poor service.

    Parameters
    ----------
    named : int
        Lost customers who named the cause.
    answered : int
        Lost customers who gave any reason, at least 1.
    lost : int
        All lost customers.
    confidence_level : float, default 0.95
        Nominal coverage of the interval, strictly between 0 and 1.

    Returns
    -------
    StatedCause
        Share with interval, and the bounds that need no assumption about those who did not answer.

    Raises
    ------
    InvalidInputError
        If a count is negative or a fraction, or they are not in this order.

    Notes
    -----
    With \(k\) of \(n\) answers naming the cause and \(N\) customers lost, the share is \(k / n\), and among
    all it is between \(k / N\) and \((k + N - n) / N\). What people say is not what would have kept them.

    References
    ----------
    Manski, C. F. (1989), Anatomy of the selection problem. [doi:10.2307/145818](https://doi.org/10.2307/145818).

    Examples
    --------
    >>> cause = stated_cause(66, 100, 400)
    >>> cause.share, cause.lowest, cause.highest
    (0.66, 0.165, 0.915)
    """
    k = check_number("named", named, minimum=0.0, whole=True)
    n = check_number("answered", answered, minimum=1.0, whole=True)
    everybody = check_number("lost", lost, minimum=1.0, whole=True)
    if not k <= n <= everybody:
        raise InvalidInputError(
            f"`named` <= `answered` <= `lost` must hold, got {k:g}, {n:g} and {everybody:g}"
        )
    lower, upper = wilson_interval(k, n, confidence_level=confidence_level)
    return StatedCause(
        share=k / n,
        interval=Interval(float(lower), float(upper), confidence_level),
        lowest=k / everybody,
        highest=(k + everybody - n) / everybody,
        n_named=int(k),
        n_answered=int(n),
        n_lost=int(everybody),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class AttributableChurn:
    """Share of churn that would be missing if the exposed left no more often than the others.

    Parameters
    ----------
    fraction : float
        Of all lost customers; negative where the exposed leave less often. NaN where nobody was lost.
    interval : Interval or None
        Bounds of the fraction; None where nobody was lost.
    risk_exposed, risk_unexposed : float
        Shares lost of both groups.
    risk_ratio : float
        The first over the second.
    customers : float
        Lost customers that the fraction amounts to.
    reason : str or None
        Why something is missing.
    """

    fraction: float
    interval: Interval | None
    risk_exposed: float
    risk_unexposed: float
    risk_ratio: float
    customers: float
    reason: str | None = None


def attributable_churn(
    lost_exposed: int,
    n_exposed: int,
    lost_unexposed: int,
    n_unexposed: int,
    *,
    confidence_level: float = 0.95,
) -> AttributableChurn:
    r"""Share of churn that goes with an exposure, such as a bad contact with the service.

    Parameters
    ----------
    lost_exposed, n_exposed : int
        Customers with the exposure who were lost in a period that began after it, and all of them, 1 or
        more.
    lost_unexposed, n_unexposed : int
        The same of customers without it.
    confidence_level : float, default 0.95
        Nominal coverage of the interval, strictly between 0 and 1.

    Returns
    -------
    AttributableChurn
        Fraction of all lost customers, with interval. It is causal only if both groups would have left
        alike without the exposure; otherwise compare within groups of like customers.

    Raises
    ------
    InvalidInputError
        If a count is negative or a fraction, or more were lost than there are.

    Notes
    -----
    With \(q\) the share lost of all customers and \(q_0\) of the unexposed, the fraction is
    \(1 - q_0 / q\). The interval is normal in \(\ln(q_0 / q)\) with the delta method. Where one group lost
    nobody, or both lost everybody, it runs between the fractions at the opposite bounds (Wilson's) of both
    shares, which is wider than it need be.

    References
    ----------
    Walter, S. D. (1976), The estimation and interpretation of attributable risk in health research.
    [doi:10.2307/2529268](https://doi.org/10.2307/2529268).

    Examples
    --------
    >>> found = attributable_churn(60, 200, 80, 800)
    >>> round(found.fraction, 3), round(found.customers, 1)
    (0.286, 40.0)
    """
    check_confidence_level(confidence_level)
    a, n1 = _pair("exposed", lost_exposed, n_exposed)
    b, n0 = _pair("unexposed", lost_unexposed, n_unexposed)
    risk1, risk0, total = a / n1, b / n0, (a + b) / (n1 + n0)
    if total == 0:
        return AttributableChurn(
            fraction=math.nan,
            interval=None,
            risk_exposed=0.0,
            risk_unexposed=0.0,
            risk_ratio=math.nan,
            customers=0.0,
            reason="nobody was lost",
        )
    fraction = 1.0 - risk0 / total
    return AttributableChurn(
        fraction=fraction,
        interval=_fraction_interval((a, n1), (b, n0), confidence_level),
        risk_exposed=risk1,
        risk_unexposed=risk0,
        risk_ratio=risk1 / risk0 if risk0 > 0 else math.inf,
        customers=fraction * (a + b),
    )


def _fraction_interval(
    exposed: tuple[float, float], unexposed: tuple[float, float], confidence_level: float
) -> Interval:
    """By the delta method; where a share of 0 or 1 leaves it none, by the bounds of both shares."""
    (a, n1), (b, n0) = exposed, unexposed
    risk1, risk0, total = a / n1, b / n0, (a + b) / (n1 + n0)
    share0 = n0 / (n1 + n0)
    if a > 0 and b > 0 and (a < n1 or b < n0):
        # ln(q0 / q): q is a mixture of both groups, whose shares are given.
        by0 = 1.0 / risk0 - share0 / total
        by1 = -(1.0 - share0) / total
        variance = by0**2 * risk0 * (1 - risk0) / n0 + by1**2 * risk1 * (1 - risk1) / n1
        reach = normal_quantile(confidence_level) * math.sqrt(variance)
        bounds = 1.0 - risk0 / total * np.exp([reach, -reach])
        return Interval(float(bounds[0]), float(bounds[1]), confidence_level)
    low, high = wilson_interval([a, b], [n1, n0], confidence_level=confidence_level)
    return Interval(
        _fraction(float(low[0]), float(high[1]), share0),
        _fraction(float(high[0]), float(low[1]), share0),
        confidence_level,
    )


def _fraction(risk1: float, risk0: float, share0: float) -> float:
    """Fraction due to the exposure: it rises with the first risk and falls with the second."""
    return 1.0 - risk0 / (share0 * risk0 + (1.0 - share0) * risk1)


def _pair(kind: str, lost: int, n: int) -> tuple[float, float]:
    total = check_number(f"n_{kind}", n, minimum=1.0, whole=True)
    return check_number(f"lost_{kind}", lost, minimum=0.0, maximum=total, whole=True), total

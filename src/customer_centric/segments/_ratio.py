"""Fieller's interval for a ratio of two means, from their values and covariances."""

from __future__ import annotations

import math
from dataclasses import dataclass

from customer_centric.intervals import Interval
from customer_centric.segments._means import student_quantile


@dataclass(frozen=True, slots=True)
class Moments:
    """Two estimates, numerator and denominator, with their variances and covariance."""

    y: float
    x: float
    vyy: float
    vxy: float
    vxx: float


def fieller(moments: Moments, freedom: float, confidence_level: float) -> tuple[float, float] | None:
    r"""The ratios \(R\) for which \(y - R x\) could be 0; None where they are not bounded."""
    t2 = student_quantile(freedom, confidence_level) ** 2
    a = moments.x**2 - t2 * moments.vxx
    if a <= 0:
        return None
    b = moments.x * moments.y - t2 * moments.vxy
    c = moments.y**2 - t2 * moments.vyy
    root = math.sqrt(max(b * b - a * c, 0.0))
    ratio = moments.y / moments.x
    return min((b - root) / a, ratio), max((b + root) / a, ratio)


def ratio_interval(
    moments: Moments, freedom: float, confidence_level: float
) -> tuple[Interval | None, str | None]:
    """The interval, and why there is none or why it has no end."""
    ratio = moments.y / moments.x
    # What is left of equal numbers after rounding is no spread.
    squares = moments.vyy - 2.0 * ratio * moments.vxy + ratio**2 * moments.vxx
    if squares <= 1e-24 * (moments.y**2 + ratio**2 * moments.x**2):
        return None, "all customers are alike, so nothing shows how much others may differ"
    bounds = fieller(moments, freedom, confidence_level)
    if bounds is None:
        reason = "the mean that it is divided by cannot be told from 0, so nothing bounds the ratio"
        return Interval(-math.inf, math.inf, confidence_level), reason
    return Interval(*bounds, confidence_level), None

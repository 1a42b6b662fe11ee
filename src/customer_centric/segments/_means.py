"""Means of customers and their differences, with Student's interval and a reason where there is none."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy.special import stdtrit

from customer_centric.intervals import Interval
from customer_centric.typing import FloatArray

# What is left of equal numbers after rounding is no spread.
_ROUNDING: Final = 1e-12


@dataclass(frozen=True, slots=True)
class Estimate:
    """A number, its interval, and why there is none."""

    value: float
    interval: Interval | None
    reason: str | None = None


def mean_of(values: FloatArray, confidence_level: float) -> Estimate:
    """The mean of independent customers."""
    if values.size == 0:
        return Estimate(math.nan, None, "there are no customers")
    mean = float(values.mean())
    if values.size < 2:
        return Estimate(mean, None, "one customer shows nothing about others")
    variance = variance_of_mean(values)
    if variance == 0:
        return Estimate(mean, None, "all customers are alike, so nothing shows how much others may differ")
    return Estimate(mean, around(mean, variance, values.size - 1.0, confidence_level))


def difference_of(first: FloatArray, second: FloatArray, confidence_level: float) -> Estimate:
    """The mean of `first` less that of `second`, by Welch."""
    if first.size == 0 or second.size == 0:
        return Estimate(math.nan, None, "there are no customers in one of the groups")
    difference = float(first.mean() - second.mean())
    if first.size < 2 or second.size < 2:
        return Estimate(difference, None, "one customer shows nothing about others")
    v, w = variance_of_mean(first), variance_of_mean(second)
    if v + w == 0:
        return Estimate(difference, None, "customers within both groups are all alike")
    return Estimate(
        difference, around(difference, v + w, welch_freedom(v, w, first.size, second.size), confidence_level)
    )


def variance_of_mean(values: FloatArray) -> float:
    """Squared standard error of the mean of two values or more."""
    variance = float(values.var(ddof=1)) / values.size
    largest = float(np.abs(values).max())
    return variance if variance > (_ROUNDING * largest) ** 2 else 0.0


def welch_freedom(v: float, w: float, n: int, m: int) -> float:
    """Degrees of freedom of the sum of two squared standard errors."""
    total = v + w
    return 1.0 / ((v / total) ** 2 / (n - 1.0) + (w / total) ** 2 / (m - 1.0))


def student_quantile(freedom: float, confidence_level: float) -> float:
    """How many standard errors an interval reaches to each side."""
    return -float(stdtrit(freedom, 0.5 * (1.0 - confidence_level)))


def around(value: float, variance: float, freedom: float, confidence_level: float) -> Interval:
    """Student's interval."""
    reach = student_quantile(freedom, confidence_level) * math.sqrt(variance)
    return Interval(value - reach, value + reach, confidence_level)

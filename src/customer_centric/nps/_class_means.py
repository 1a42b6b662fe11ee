"""Means of the three classes of customers, of which a few may be worth more than all others."""

from __future__ import annotations

from dataclasses import dataclass

import narwhals.stable.v2 as nw
import numpy as np
from scipy.special import stdtrit

from customer_centric._core.frames.lazy import AnyLazyFrame
from customer_centric.intervals import garwood_interval
from customer_centric.nps._link import CLASSES, AnyFrame, by_class, of_class
from customer_centric.typing import FloatArray, FrameT


@dataclass(frozen=True, slots=True, eq=False)
class ClassMoments:
    """Customers of each class and the moments of one number a customer: all that its mean needs.

    Parameters
    ----------
    n, mean, squares, cubes : ndarray of shape (3,)
        Customers, mean (NaN without customers), and sums of squared and cubed deviations from it over the
        scale.
    scale : float
        Largest value of all, whatever its sign: of deviations over it no power overflows.
    least : float
        Smallest value of all customers.
    n_rows : int
        Rows that were added up, where these were counted.
    """

    n: FloatArray
    mean: FloatArray
    squares: FloatArray
    cubes: FloatArray
    scale: float
    least: float
    n_rows: int = 0


def class_moments(frame: AnyFrame[FrameT], rows: AnyLazyFrame) -> ClassMoments:
    """Moments of the column `value` by `cls`: sums about the means, so that no digits cancel.

    A column `rows` counts what was added up for each customer.
    """
    counted = ["rows"] if "rows" in rows.collect_schema() else []
    sums = by_class(frame, rows, "value", *counted, least="value")
    n, mean = sums["n"], np.full(len(CLASSES), np.nan)
    np.divide(sums["value"], n, out=mean, where=n > 0)
    some = n > 0
    scale = float(np.abs([sums["least"][some], sums["most"][some]]).max(initial=0.0)) or 1.0
    away = rows.select("cls", away=(nw.col("value") - of_class(np.nan_to_num(mean))) / scale)
    powers = away.with_columns(
        squares=nw.col("away") * nw.col("away"), cubes=nw.col("away") * nw.col("away") * nw.col("away")
    )
    found = by_class(frame, powers, "squares", "cubes")
    least = float(sums["least"][some].min(initial=np.inf))
    n_rows = int(sums["rows"].sum()) if counted else 0
    return ClassMoments(n, mean, found["squares"], found["cubes"], scale, least, n_rows)


def mean_intervals(
    moments: ClassMoments, *, is_count: bool, confidence_level: float
) -> tuple[FloatArray, FloatArray]:
    r"""Bounds of the means, for customers a few of whom may be worth more than all others.

    Hall's transformation takes the skewness out of the t-statistic: with \(\bar v\) the mean, \(s\) the
    standard deviation, \(g\) the skewness of \(n\) customers and \(\gamma = g / \sqrt{n}\),

    \[ \bar v - \frac{s}{\sqrt n} \; \frac{3}{\gamma} \Bigl(
       \sqrt[3]{1 + \gamma \bigl(\pm t_{n-1} - \gamma / 6\bigr)} - 1 \Bigr) . \]

    A class whose customers are all alike, or of one customer, borrows the spread of all customers. Where
    all are alike, counts have the bounds of a Poisson number of events, and nothing limits other means but
    0 from below where no value is negative.
    """
    n, total = moments.n, moments.n.sum()
    pooled = _pooled_variance(moments)
    variance, cubes = np.full(n.shape, pooled), np.zeros(n.shape)
    free = np.full(n.shape, max(total - 1.0, 1.0))
    own = (n > 1) & (moments.squares > 0)
    np.divide(moments.squares, n - 1.0, out=variance, where=own)
    spread = np.sqrt(np.divide(moments.squares, n, out=np.ones(n.shape), where=own))
    np.divide(moments.cubes, n * spread**3, out=cubes, where=own)
    free = np.where(own, n - 1.0, free)
    size = np.maximum(n, 1.0)
    quantile: FloatArray = np.asarray(-stdtrit(free, 0.5 * (1.0 - confidence_level)), dtype=np.float64)
    error, skewness = np.sqrt(variance / size), cubes / np.sqrt(size)
    error *= moments.scale
    lower = moments.mean - error * _unskewed(quantile, skewness)
    upper = moments.mean - error * _unskewed(-quantile, skewness)
    known = (n > 0) & (variance > 0)
    lower, upper = np.where(known, lower, -np.inf), np.where(known, upper, np.inf)
    alike = (n > 0) & (variance <= 0)
    if is_count and alike.any():
        least, most = garwood_interval(
            np.rint(np.nan_to_num(moments.mean * n)), exposure=size, confidence_level=confidence_level
        )
        lower, upper = np.where(alike, least, lower), np.where(alike, most, upper)
    if moments.least >= 0:
        lower = np.maximum(lower, 0.0)
    centre = np.where(n > 0, moments.mean, 0.0)
    return (
        np.where(n > 0, np.minimum(lower, centre), lower),
        np.where(n > 0, np.maximum(upper, centre), upper),
    )


def _unskewed(quantile: FloatArray, skewness: FloatArray) -> FloatArray:
    """Where Hall's transformed statistic is at the quantile."""
    flat = np.abs(skewness) < 1e-6
    g = np.where(flat, 1.0, skewness)
    shifted = quantile - skewness / 6.0
    return np.where(flat, shifted, 3.0 / g * (np.cbrt(1.0 + g * shifted) - 1.0))


def _pooled_variance(moments: ClassMoments) -> float:
    """Variance of all customers, whatever their class, over the squared scale."""
    n, total = moments.n, moments.n.sum()
    if total < 2:
        return 0.0
    mean = np.nan_to_num(moments.mean) / moments.scale
    overall = (n * mean).sum() / total
    return float((moments.squares + n * (mean - overall) ** 2).sum() / (total - 1.0))


def empty_classes(moments: ClassMoments) -> str | None:
    """Which classes have no customers."""
    empty = [name for name, n in zip(CLASSES, moments.n.tolist(), strict=True) if not n]
    return f"no {' and no '.join(empty)} is left" if empty else None

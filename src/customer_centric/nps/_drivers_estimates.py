"""From moments and influences to parts of R squared with their intervals."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import stdtrit

from customer_centric._methods.importance import (
    Importance,
    relative_importance,
    shapley_importance,
    slopes_of,
)
from customer_centric.nps._drivers_rows import Moments, Rows, SlopeForms, Spread
from customer_centric.typing import BoolArray, FloatArray, IntArray

Bounds = tuple[FloatArray, FloatArray]
# Answers added for the interval of a mean on a known scale: at its ends, and half-way.
_ADDED = (0.75, 1.5, 0.75)


@dataclass(frozen=True, slots=True, eq=False)
class Estimates:
    """What is known of each driver, and of R squared; bounds are pairs of arrays."""

    part: FloatArray
    part_bounds: Bounds
    share: FloatArray
    share_bounds: Bounds
    r_squared: float
    r_squared_bounds: tuple[float, float]
    correlation: FloatArray
    slope: FloatArray
    slope_bounds: Bounds
    mean: FloatArray
    mean_bounds: Bounds


def estimate(
    rows: Rows,
    moments: Moments,
    *,
    method: str,
    order: IntArray | None,
    confidence_level: float,
    driver_range: tuple[float, float] | None,
) -> Estimates:
    """Parts of R squared, slopes and means of the drivers, with intervals."""
    scale = moments.scale
    correlation = moments.covariance / np.outer(scale, scale)
    np.fill_diagonal(correlation, np.isfinite(scale))
    p = scale.size - 1
    if method == "shapley":
        found = shapley_importance(correlation, order=order)
    else:
        found = relative_importance(correlation)
    inverse = np.asarray(np.linalg.pinv(correlation[:p, :p], rcond=1e-10, hermitian=True), dtype=np.float64)
    slope, own = slopes_of(correlation), np.diag(inverse)
    spread = rows.spread(found.forms, SlopeForms(inverse, np.append(-slope, 1.0)), moments)
    widening, t = _design(spread, moments.n, p, confidence_level)
    varies = np.isfinite(scale[:p])
    # By chance alone a driver would get what its slope varies, in units of its own variance.
    chance = np.divide(spread.slopes * widening, own, out=np.zeros(p), where=own > 0)
    parts = _part_intervals(found, spread.parts * widening, chance, t, varies, 1.0 / spread.effective_units)
    unit = np.where(varies, scale[p] / np.where(varies, scale[:p], 1.0), np.nan)
    reach = t * np.sqrt(spread.slopes * widening)
    return Estimates(
        *parts,
        correlation=np.where(varies, correlation[:p, p], np.nan),
        slope=slope * unit,
        slope_bounds=((slope - reach) * unit, (slope + reach) * unit),
        mean=moments.mean[:p],
        mean_bounds=_mean_bounds(moments, spread, t, driver_range),
    )


def _design(spread: Spread, n: int, p: int, confidence_level: float) -> tuple[float, float]:
    """What makes sums of squares of influences variances, and the quantile for intervals."""
    units = spread.n_units
    widening = np.inf if units < 2 else units / (units - 1.0) * (n - 1.0) / (n - p - 1.0)
    free = max(spread.effective_units - 1.0, 1.0)
    return widening, float(-stdtrit(free, 0.5 * (1.0 - confidence_level)))


def _part_intervals(
    found: Importance, products: FloatArray, chance: FloatArray, t: float, varies: BoolArray, least: float
) -> tuple[FloatArray, Bounds, FloatArray, Bounds, float, tuple[float, float]]:
    """Parts, shares and R squared with intervals; `products` are covariances of the parts."""
    part, p = found.parts, found.parts.size
    drawn = found.sampling_errors**2
    with np.errstate(invalid="ignore"):
        own, total = np.diag(products) + drawn, products.sum()
        with_total = products.sum(axis=1)
    low, high = root_interval(part, np.maximum(own, least**2), chance, chance, t)
    r_squared, all_chance = float(part.sum()), float(chance.sum())
    whole = root_interval(
        np.array([r_squared]),
        np.maximum(np.array([total]), least**2),
        np.array([all_chance]),
        np.sqrt((chance**2).sum(keepdims=True)),
        t,
    )
    share = part / r_squared if r_squared > 0 else np.full(p, np.nan)
    # Shares of what may be nothing may be anything.
    share_low, share_high = np.zeros(p), np.ones(p)
    if p == 1 and r_squared > 0:
        share_low = np.ones(1)
    elif whole[0][0] > 0.0 and np.isfinite(total):
        variance = own - 2 * share * with_total + share**2 * total
        # What is left of R squared without chance is what the parts are shares of among all customers.
        beyond = r_squared - all_chance
        shift = (chance - share * all_chance) / beyond
        share_low, share_high = root_interval(
            share, np.maximum(variance, 0.0) / beyond**2, shift, chance / beyond, t
        )
    # Nothing was seen of a driver that never varies.
    bounds = [
        np.where(varies, seen, end)
        for seen, end in ((low, 0.0), (high, 1.0), (share_low, 0.0), (share_high, 1.0))
    ]
    r_squared_bounds = float(whole[0][0]), float(whole[1][0])
    return part, (bounds[0], bounds[1]), share, (bounds[2], bounds[3]), r_squared, r_squared_bounds


def root_interval(
    value: FloatArray, variance: FloatArray, shift: FloatArray, chance: FloatArray, t: float
) -> Bounds:
    r"""Bounds in [0, 1] of a part \(v\) of R squared, symmetric for its root, where it is most nearly normal.

    With \(V\) the variance of linearisation, \(b\) what chance gives on average and \(c\) its spread,

    \[ \Bigl(\sqrt v \pm t \sqrt{\frac{V + 2 c^2}{4 \max(v, c)}}\Bigr)^2 - b . \]
    """
    if not np.isfinite(variance).all():
        return np.zeros_like(value), np.ones_like(value)
    floor = np.maximum(np.maximum(value, chance), np.finfo(np.float64).tiny)
    reach = t * np.sqrt((variance + 2.0 * chance**2) / (4.0 * floor))
    root = np.sqrt(np.maximum(value, 0.0))
    low = np.maximum(root - reach, 0.0) ** 2 - shift
    high = (root + reach) ** 2 - shift
    return np.clip(np.minimum(low, value), 0.0, 1.0), np.clip(np.maximum(high, value), 0.0, 1.0)


def _mean_bounds(
    moments: Moments, spread: Spread, t: float, driver_range: tuple[float, float] | None
) -> Bounds:
    """Bounds of the means of the drivers; on a known scale with a few answers added to what was seen."""
    p = moments.mean.size - 1
    mean, scale = moments.mean[:p], moments.scale[:p]
    varies = np.isfinite(scale)
    spread_of = np.where(varies, scale, 0.0)
    units = spread.n_units
    with np.errstate(invalid="ignore"):
        variance = np.where(
            varies, spread.means * spread_of**2 * units / (units - 1.0) if units > 1 else np.inf, 0.0
        )
    if driver_range is None:
        reach = np.where(varies, t * np.sqrt(variance), np.inf)
        return mean - reach, mean + reach
    low, high = driver_range
    if units < 2:
        return np.full(p, float(low)), np.full(p, float(high))
    # Answers that would tell as much, were they a simple random sample.
    n = np.divide(
        spread_of**2, variance, out=np.full(p, spread.effective_units), where=varies & (variance > 0)
    )
    ends, middle = np.array([low, 0.5 * (low + high), high]), np.array(_ADDED)
    size = n + middle.sum()
    centre = (n * mean + middle @ ends) / size
    second = (n * (spread_of**2 + mean**2) + middle @ ends**2) / size
    reach = t * np.sqrt(np.maximum(second - centre**2, 0.0) / size)
    return (
        np.clip(np.minimum(centre - reach, mean), low, high),
        np.clip(np.maximum(centre + reach, mean), low, high),
    )

"""Values of flagged and clean visits by stratum, drawn to those of their touchpoint where they are few."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np

from customer_centric.journey._loss_draws import CellSums
from customer_centric.journey._risk_set import RiskSet
from customer_centric.typing import FloatArray, IntArray

# The range of prior observations within which the best number is sought; beyond, all cells are alike.
_FEWEST: Final = 0.02
_MOST: Final = 1e6
_GOLDEN: Final = (math.sqrt(5.0) - 1.0) / 2.0


@dataclass(frozen=True, slots=True, eq=False)
class CellValues:
    """Value of a flagged and of a clean visit in each cell; the first axis is the draw.

    `clean` is NaN where a cell has flags but nothing to compare them with.
    """

    flagged: FloatArray
    clean: FloatArray

    @property
    def excess(self) -> FloatArray:
        """What a flag takes away."""
        return np.asarray(self.clean - self.flagged)


def cell_values(risk: RiskSet, sums: CellSums, *, shrink: bool, is_share: bool) -> CellValues:
    """Values by cell, shrunken or not."""
    n_eff = _ratio(sums.clean**2, sums.clean_weights2)
    flagged = _ratio(sums.flagged_sum, sums.flagged)
    clean = _ratio(sums.clean_sum, sums.clean)
    if shrink:
        step = risk.touchpoint
        flagged = shrunken(
            flagged, sums.flagged, _ratio(sums.flagged_squares, sums.flagged), step, is_share=is_share
        )
        clean = shrunken(clean, n_eff, _ratio(sums.clean_squares, sums.clean), step, is_share=is_share)
    for group in (risk.parent, risk.touchpoint):
        lacking = np.isnan(clean)
        if not lacking.any():
            break
        pooled = _ratio(_by_group(sums.clean_sum, group), _by_group(sums.clean, group))
        clean = np.where(lacking, pooled[:, group], clean)
    return CellValues(flagged, clean)


def _ratio(above: FloatArray, below: FloatArray) -> FloatArray:
    return np.asarray(np.divide(above, below, out=np.full(above.shape, np.nan), where=below > 0))


def _by_group(values: FloatArray, group: IntArray) -> FloatArray:
    """Sums over the cells of each group, for each draw."""
    into = np.zeros((group.size, int(group.max(initial=-1)) + 1))
    into[np.arange(group.size), group] = 1.0
    return np.asarray(values @ into)


def shrunken(
    value: FloatArray, n: FloatArray, squares: FloatArray, step: IntArray, *, is_share: bool
) -> FloatArray:
    known = np.nan_to_num(value)
    mean = _ratio(_by_group(n * known, step), _by_group(n, step))[:, step]
    if is_share:
        prior = prior_observations(known * n, n, np.nan_to_num(mean))
        with np.errstate(invalid="ignore"):
            drawn = np.where(
                np.isinf(prior)[:, None], mean, (prior[:, None] * mean + n * known) / (prior[:, None] + n)
            )
    else:
        noise = _ratio(np.maximum(squares - value**2, 0.0), n)
        between = _between(known, n, noise, step)
        with np.errstate(invalid="ignore", divide="ignore"):
            kept = np.where(noise > 0, between[:, None] / (between[:, None] + noise), 1.0)
        drawn = mean + kept * (known - mean)
    return np.where(n > 0, drawn, np.nan)


def prior_observations(hits: FloatArray, n: FloatArray, mean: FloatArray) -> FloatArray:
    """Pseudo-observations of the beta prior, by maximum likelihood over the cells of each draw."""
    from scipy.special import betaln

    # Cells of one touchpoint that all have 0 or all 1 say nothing about the spread.
    m = np.clip(mean, 1e-12, 1.0 - 1e-12)
    use = (n > 0) & (mean > 0) & (mean < 1)

    def loglik(log_prior: FloatArray) -> FloatArray:
        k = np.exp(log_prior)[:, None]
        terms = betaln(k * m + hits, k * (1 - m) + np.maximum(n - hits, 0.0)) - betaln(k * m, k * (1 - m))
        return np.asarray(np.where(use, terms, 0.0).sum(axis=1))

    grid = np.asarray(np.linspace(math.log(_FEWEST), math.log(_MOST), 24), dtype=np.float64)
    points: list[float] = grid.tolist()
    found = np.stack([loglik(np.zeros(n.shape[0]) + point) for point in points])
    best = found.argmax(axis=0)
    low, high = grid[np.maximum(best - 1, 0)], grid[np.minimum(best + 1, grid.size - 1)]
    for _ in range(24):
        left, right = high - _GOLDEN * (high - low), low + _GOLDEN * (high - low)
        is_left = loglik(left) >= loglik(right)
        high, low = np.where(is_left, right, high), np.where(is_left, low, left)
    return np.where(best == grid.size - 1, np.inf, np.exp((low + high) / 2))


def _between(value: FloatArray, n: FloatArray, noise: FloatArray, step: IntArray) -> FloatArray:
    """Variance between cells of one touchpoint (DerSimonian and Laird), over all touchpoints."""
    precision = np.where((n > 0) & (noise > 0), 1.0 / np.where(noise > 0, noise, 1.0), 0.0)
    centre = _ratio(_by_group(precision * value, step), _by_group(precision, step))[:, step]
    q = (precision * (value - np.nan_to_num(centre)) ** 2).sum(axis=1)
    groups = _by_group(precision, step)
    freedom = (precision > 0).sum(axis=1) - (groups > 0).sum(axis=1)
    scale = groups.sum(axis=1) - np.nan_to_num(_ratio(_by_group(precision**2, step), groups)).sum(axis=1)
    return np.asarray(np.maximum(0.0, np.divide(q - freedom, scale, out=np.zeros_like(q), where=scale > 0)))

"""A straight line through the scores of waves, some of whose answers come from the same customers."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np

from customer_centric._core.tabulate import sum_by
from customer_centric._methods.survey_design import Answers
from customer_centric.typing import BoolArray, FloatArray, IntArray

# What the variance of a wave is worth before any answer is seen: as many answers as the adjusted Wald
# interval adds, and their variance.
_PRIOR_ANSWERS: Final = 3.0
_PRIOR_VARIANCE: Final = 0.5


@dataclass(frozen=True, slots=True, eq=False)
class WaveErrors:
    """Sampling errors of the scores of waves, as fractions.

    Parameters
    ----------
    wave, unit : ndarray of shape (n_entries,)
        Who adds to the error of which wave: a customer, or an answer of its own.
    influence : ndarray of shape (n_entries,)
        How much.
    own : ndarray of shape (n_waves,)
        Variance that no other wave shares.
    units : ndarray of shape (n_waves,)
        Effective number of customers, or answers, of each wave.
    """

    wave: IntArray
    unit: IntArray
    influence: FloatArray
    own: FloatArray
    units: FloatArray

    @property
    def variance(self) -> FloatArray:
        """Variance of the score of each wave."""
        return sum_by(self.wave, self.influence**2, self.own.size) + self.own

    def of_sum(self, coefficients: FloatArray) -> float:
        """Variance of a weighted sum of the scores."""
        by_unit = np.bincount(self.unit, coefficients[self.wave] * self.influence)
        return float(by_unit @ by_unit + coefficients**2 @ self.own)

    def take(self, kept: BoolArray) -> WaveErrors:
        """The errors of some of the waves."""
        position = np.cumsum(kept) - 1
        used = kept[self.wave]
        return WaveErrors(
            position[self.wave[used]], self.unit[used], self.influence[used], self.own[kept], self.units[kept]
        )


@dataclass(frozen=True, slots=True, eq=False)
class Line:
    """A straight line by weighted least squares.

    Parameters
    ----------
    slope, standard_error : float
        Per unit of time.
    dispersion : float
        Squared distances from the line over what sampling errors make them; NaN for two waves.
    between_sd : float
        Standard deviation of what moves waves beside the line and sampling; 0 where nothing shows it.
    degrees_of_freedom : float
        Waves less 2 where waves have effects of their own; infinite where the error rests on the answers.
    """

    slope: float
    standard_error: float
    dispersion: float
    between_sd: float
    degrees_of_freedom: float


def wave_errors(answers: Answers, net: FloatArray) -> WaveErrors:
    """Sampling errors of the scores `net` of the groups of `answers`, which are waves."""
    n_waves = answers.n_groups
    total = answers.sums(answers.weight)
    total = np.where(total > 0, total, 1.0)
    away = answers.value - np.nan_to_num(net)[answers.group]
    if answers.cluster is None:
        wave = unit = np.zeros(0, dtype=np.int64)
        influence = np.zeros(0)
        squares = answers.sums(answers.squared_weight * away**2)
        weight_squares = answers.sums(answers.squared_weight)
    else:
        width = int(answers.cluster.max(initial=0)) + 1
        pairs, pair = np.unique(answers.group * width + answers.cluster, return_inverse=True)
        wave, unit = pairs // width, pairs % width
        influence = sum_by(pair, answers.weight * away, pairs.size)
        squares = sum_by(wave, influence**2, n_waves)
        weight_squares = sum_by(wave, sum_by(pair, answers.weight, pairs.size) ** 2, n_waves)
    some = weight_squares > 0
    units = np.divide(total**2, weight_squares, out=np.zeros(n_waves), where=some)
    one = (weight_squares / total) ** 2  # what the square of one typical weight is
    free = np.maximum(units - 1.0, 0.0)
    scaled = np.divide(squares, one, out=np.zeros(n_waves), where=some)
    pooled = (scaled.sum() + _PRIOR_ANSWERS * _PRIOR_VARIANCE) / (free.sum() + _PRIOR_ANSWERS)
    # Unbiased and drawn towards the pooled variance: units - 1 degrees of freedom and the prior ones.
    shrink = units / (free + _PRIOR_ANSWERS)
    own = _PRIOR_ANSWERS * pooled * one
    if answers.cluster is None:
        own = own + squares
    return WaveErrors(
        wave, unit, influence / total[wave] * np.sqrt(shrink[wave]), own * shrink / total**2, units
    )


def fit_line(moments: FloatArray, net: FloatArray, errors: WaveErrors) -> Line:
    """The line through the scores of at least two waves at different moments."""
    variance = errors.variance
    # By size and not by variance: the variance of a wave depends on its score, and weights that do pull the
    # line towards extreme waves.
    sampled = _weigh(moments, net, errors, errors.units, 0.0)
    free = moments.size - 2
    if free < 1 or sampled.distance <= sampled.expected:
        dispersion = sampled.distance / sampled.expected if free > 0 else math.nan
        return Line(sampled.slope, math.sqrt(sampled.variance), dispersion, 0.0, math.inf)
    between = (sampled.distance - sampled.expected) / sampled.per_effect
    typical = float((variance * errors.units).mean())
    found = _weigh(moments, net, errors, 1.0 / (typical / errors.units + between), between)
    inflated = found.variance * max(1.0, found.distance / found.expected)
    return Line(
        found.slope, math.sqrt(inflated), sampled.distance / sampled.expected, math.sqrt(between), float(free)
    )


@dataclass(frozen=True, slots=True)
class _Weighed:
    """A line with given weights, and squared distances from it beside what they should be."""

    slope: float
    variance: float
    distance: float
    expected: float
    per_effect: float  # what a variance of 1 between waves adds to the distances


def _weigh(
    moments: FloatArray, net: FloatArray, errors: WaveErrors, weight: FloatArray, between: float
) -> _Weighed:
    """The line where waves have errors, and effects of their own with the variance `between`."""
    total = float(weight.sum())
    centred = moments - weight @ moments / total
    spread = float(weight @ centred**2)
    slope = float((weight * centred) @ net) / spread
    away = net - weight @ net / total - slope * centred
    level, tilt = weight, weight * centred
    # What level and slope take out of the distances, with errors that waves share.
    sampled = weight @ errors.variance - errors.of_sum(level) / total - errors.of_sum(tilt) / spread
    per_effect = float(total - level @ level / total - tilt @ tilt / spread)
    return _Weighed(
        slope=slope,
        variance=errors.of_sum(tilt / spread) + between * float(tilt @ tilt) / spread**2,
        distance=float(weight @ away**2),
        expected=float(sampled) + between * per_effect,
        per_effect=per_effect,
    )

"""How sure the parts of a decomposed change are: variances by the delta method."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from customer_centric.typing import FloatArray

# Rows spread evenly over the groups, so that shares are never taken for sure.
_SPREAD_ROWS: Final = 2.0


@dataclass(frozen=True, slots=True, eq=False)
class GroupedSide:
    """The rows of one side by group; groups without any have a share of 0."""

    n: FloatArray
    weight: FloatArray
    squared_weight: FloatArray
    value: FloatArray  # NaN where there are no rows
    spread: FloatArray  # weighted variance within the group

    @property
    def average(self) -> float:
        """Value of everybody."""
        return float(self.share @ np.nan_to_num(self.value))

    @property
    def share(self) -> FloatArray:
        return np.asarray(self.weight / self.weight.sum())

    @property
    def effective_n(self) -> FloatArray:
        """Kish's effective number of rows of each group."""
        return ratio(self.weight**2, self.squared_weight)

    @property
    def _spread_squares(self) -> FloatArray:
        """Sums of squared weights, with a few rows spread over the groups."""
        mean = self.squared_weight.sum() / self.n.sum()
        return np.asarray(self.squared_weight + _SPREAD_ROWS * mean / self.n.size)

    def share_variance(self) -> FloatArray:
        """Variance of each share."""
        squares, w = self._spread_squares, self.share
        total = squares.sum()
        return np.asarray((squares * (1.0 - w) ** 2 + (total - squares) * w**2) / self.weight.sum() ** 2)

    def combined_variance(self, coefficients: FloatArray) -> float:
        """Variance of a weighted sum of the shares."""
        away = coefficients - self.share @ coefficients
        return float(self._spread_squares @ away**2 / self.weight.sum() ** 2)


@dataclass(frozen=True, slots=True, eq=False)
class PartVariances:
    """Variances of the two parts, in all and by group."""

    mix: float
    rate: float
    group_mix: FloatArray
    group_rate: FloatArray


def part_variances(sides: list[GroupedSide], within: list[FloatArray]) -> PartVariances:
    """Variances of the parts, in all and by group, from those of the values of each group and side."""
    one_sided = np.isnan(sides[0].value) | np.isnan(sides[1].value)
    r = [np.nan_to_num(np.where(np.isnan(s.value), o.value, s.value)) for s, o in (sides, sides[::-1])]
    # A group of one side lends its value to the other.
    moved = np.where(one_sided, 0.0, within[0] + within[1])
    centre = np.where(one_sided, within[0] + within[1], 0.25 * moved)
    middle, step = 0.5 * (r[0] + r[1]), 0.5 * (r[1] - r[0])
    w, gain = 0.5 * (sides[0].share + sides[1].share), sides[1].share - sides[0].share
    shares = sides[0].share_variance() + sides[1].share_variance()
    mix = sum(side.combined_variance(middle) for side in sides) + (gain**2 + shares) @ centre
    rate = sum(side.combined_variance(step) for side in sides) + w**2 @ moved
    average = 0.5 * sum(side.share @ value for side, value in zip(sides, r, strict=True))
    # The average contains the group itself.
    apart = w**2 @ centre + (1.0 - 2.0 * w) * centre
    return PartVariances(
        mix=float(mix),
        rate=float(rate),
        group_mix=(middle - average) ** 2 * shares + (gain**2 + shares) * apart,
        group_rate=w**2 * moved + step**2 * shares,
    )


def within_variances(
    sides: list[GroupedSide], *, prior_rows: float, prior_variance: float
) -> list[FloatArray]:
    """Variance of the mean of each group and side; 0 where there are no rows.

    Variances within groups are drawn towards that of all groups, and this towards `prior_variance`, by the
    weight of a few rows: unanimous groups are not sure.
    """
    squares = [side.effective_n * side.spread for side in sides]
    free = [np.maximum(side.effective_n - 1.0, 0.0) for side in sides]
    pooled = (sum(s.sum() for s in squares) + prior_rows * prior_variance) / (
        sum(f.sum() for f in free) + prior_rows
    )
    return [
        ratio((s + prior_rows * pooled) / (f + prior_rows), side.effective_n)
        for side, s, f in zip(sides, squares, free, strict=True)
    ]


def ratio(numerator: FloatArray, denominator: FloatArray, nothing: float = 0.0) -> FloatArray:
    """The quotient; `nothing` where the denominator is 0."""
    found = np.full(denominator.shape, nothing)
    np.divide(numerator, denominator, out=found, where=denominator > 0)
    return found

"""What a study of drivers needs to know of the rows: moments, and sums of squares of influences."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final, Protocol

import narwhals.stable.v2 as nw
import numpy as np

from customer_centric._core.frames import MemoryFrame
from customer_centric._core.frames.codes import as_series
from customer_centric._core.frames.problems import in_column, raise_rows, wrong_type
from customer_centric._core.tabulate import sum_by
from customer_centric.errors import InvalidInputError
from customer_centric.typing import BoolArray, FloatArray, IntArray

NUMBER_RULE: Final = "finite numbers, or missing"
NUMBER_REMEDY: Final = "leave the row out or correct it"
WEIGHT_RULE: Final = "finite numbers, 0 or more"
WEIGHT_REMEDY: Final = "give each row a weight"
NO_WEIGHT: Final = "`weight` must be greater than 0 in at least one complete row, got only 0"
_CHUNK: Final = 1 << 11


@dataclass(frozen=True, slots=True)
class Columns:
    """Which columns to read, and on which scale the drivers are, if they share one."""

    drivers: tuple[str, ...]
    outcome: str
    weight: str | None
    cluster: str | None
    driver_range: tuple[float, float] | None

    def named(self) -> Iterator[tuple[str, str]]:
        """Argument and column of each number, the outcome last."""
        for column in self.drivers:
            yield "drivers", column
        yield "outcome", self.outcome

    def range_rule(self) -> str:
        """The rule for drivers on one scale."""
        low, high = self.driver_range or (-np.inf, np.inf)
        return f"from {low:g} to {high:g}, which is `driver_range`, or missing"


@dataclass(frozen=True, slots=True, eq=False)
class Moments:
    """Means and covariances of the complete rows, the outcome last, and how many there are."""

    mean: FloatArray
    covariance: FloatArray
    total: float
    n: int
    n_rows: int

    @property
    def scale(self) -> FloatArray:
        """Standard deviations; infinite where a column does not vary."""
        variance = np.diag(self.covariance)
        # The mean of equal numbers may miss them by the last bits.
        varies = variance > 1e-24 * self.mean**2
        return np.sqrt(np.where(varies, variance, np.inf))


@dataclass(frozen=True, slots=True, eq=False)
class SlopeForms:
    """How standardised coefficients move with a row `z`: by `(inverse @ drivers of z) * (residual @ z)`."""

    inverse: FloatArray
    residual: FloatArray


@dataclass(frozen=True, slots=True, eq=False)
class Spread:
    """Sums over independent units of products of their influences.

    Parameters
    ----------
    parts : ndarray of shape (p, p)
        Of the influences on the parts of R squared.
    slopes, means : ndarray of shape (p,)
        Squares alone, of the influences on the coefficients and of the standardised drivers.
    n_units, effective_units : float
        Clusters, or rows, and what unequal weights leave of them (Kish).
    """

    parts: FloatArray
    slopes: FloatArray
    means: FloatArray
    n_units: float
    effective_units: float


class Rows(Protocol):
    """Complete rows of a survey, in memory or in an engine."""

    def moments(self) -> Moments:
        """Means and covariances."""
        ...

    def spread(self, forms: FloatArray, slopes: SlopeForms, moments: Moments) -> Spread:
        """Sums of products of the influences of units: `z @ form @ z` of each row, weighted."""
        ...


@dataclass(frozen=True, slots=True, eq=False)
class MemoryRows:
    """Complete rows as a matrix, the outcome last."""

    values: FloatArray
    weight: FloatArray
    unit: IntArray | None
    n_rows: int

    @property
    def n(self) -> int:
        """Complete rows."""
        return self.weight.size

    def moments(self) -> Moments:
        """Means and covariances."""
        total = float(self.weight.sum())
        mean = self.weight @ self.values / total
        n_columns = mean.size
        covariance = np.zeros((n_columns, n_columns))
        left = np.zeros(n_columns)
        for rows in self._chunks():
            away = self.values[rows] - mean
            weighted = away * self.weight[rows, None]
            covariance += weighted.T @ away
            left += weighted.sum(axis=0)
        covariance = covariance / total - np.outer(left, left) / total**2
        return Moments(mean, covariance, total, self.weight.size, self.n_rows)

    def spread(self, forms: FloatArray, slopes: SlopeForms, moments: Moments) -> Spread:
        """Sums of products of the influences of units."""
        p = forms.shape[0]
        packed = pack_forms(forms)
        n_units = self.weight.size if self.unit is None else int(self.unit.max()) + 1
        by_unit = np.zeros((3 * p + 1, n_units)) if self.unit is not None else None
        products = np.zeros((3 * p + 1, 3 * p + 1))
        for rows in self._chunks():
            # A row a column: what follows runs along long rows.
            z = np.ascontiguousarray(((self.values[rows] - moments.mean) / moments.scale).T)
            slope = (slopes.inverse @ z[:p]) * (slopes.residual @ z)
            influence = np.vstack([packed @ _pairs(z), slope, z[:p], np.ones(z.shape[1])])
            influence *= self.weight[rows] / moments.total
            if self.unit is None or by_unit is None:
                products += influence @ influence.T
            else:
                _add_by(by_unit, self.unit[rows], influence)
        if by_unit is not None:
            products = by_unit @ by_unit.T
        squares = np.diag(products)
        return Spread(
            parts=products[:p, :p],
            slopes=squares[p : 2 * p],
            means=squares[2 * p : 3 * p],
            n_units=float(n_units),
            effective_units=1.0 / float(squares[-1]),
        )

    def _chunks(self) -> Iterator[slice]:
        for start in range(0, self.weight.size, _CHUNK):
            yield slice(start, start + _CHUNK)


def pack_forms(forms: FloatArray) -> FloatArray:
    """What the product of each pair of columns, on and above the diagonal, counts in each form."""
    rows, columns = np.triu_indices(forms.shape[-1])
    doubled = np.where(rows == columns, 1.0, 2.0)
    return np.asarray(forms[:, rows, columns] * doubled)


def _pairs(z: FloatArray) -> FloatArray:
    """Products of each pair of rows, in the order of `pack_forms`."""
    return np.concatenate([z[j:] * z[j] for j in range(z.shape[0])])


def _add_by(sums: FloatArray, codes: IntArray, values: FloatArray) -> None:
    found, place = np.unique(codes, return_inverse=True)
    for i in range(values.shape[0]):
        sums[i, found] += sum_by(place, values[i], found.size)


def rows_in_memory(frame: MemoryFrame[Any], columns: Columns) -> MemoryRows:
    """The complete rows of a frame in memory."""
    values = np.column_stack([numbers(frame, column, role) for role, column in columns.named()])
    _check_range(values, columns)
    complete: BoolArray = np.asarray(~np.isnan(values).any(axis=1))
    unit = None
    if columns.cluster is not None:
        codes = frame.ids(columns.cluster, "cluster").codes
        unit = np.unique(codes[complete], return_inverse=True)[1].astype(np.int64)
    weight = _weights(frame, columns.weight, complete)
    return MemoryRows(values[complete], weight, unit, values.shape[0])


def numbers(frame: MemoryFrame[Any], column: str, role: str) -> FloatArray:
    """The column as float64; NaN where a value is missing, infinite ones refused."""
    name = in_column(role, column)
    series = as_series(frame.native(column))
    dtype = series.dtype
    # A column of objects may hold numbers; booleans are none.
    of_numbers = isinstance(dtype, nw.Object) and not any(isinstance(v, bool) for v in series.to_list())
    if not (dtype.is_numeric() or of_numbers):
        raise wrong_type(name, "numbers", dtype, "convert it first")
    try:
        values = frame.floats(column)
    except (TypeError, ValueError):
        raise wrong_type(name, "numbers", dtype, "convert it first") from None
    bad = np.isinf(values)
    if bad.any():
        position = int(np.flatnonzero(bad)[0])
        raise_rows(
            name,
            NUMBER_RULE,
            value=f"{values[position]:g}",
            count=int(bad.sum()),
            total=values.size,
            position=position,
            remedy=NUMBER_REMEDY,
        )
    return values


def _check_range(values: FloatArray, columns: Columns) -> None:
    if columns.driver_range is None:
        return
    low, high = columns.driver_range
    for j, column in enumerate(columns.drivers):
        own = values[:, j]
        bad = np.asarray((own < low) | (own > high))
        if bad.any():
            position = int(np.flatnonzero(bad)[0])
            raise_rows(
                in_column("drivers", column),
                columns.range_rule(),
                value=f"{own[position]:g}",
                count=int(bad.sum()),
                total=own.size,
                position=position,
            )


def _weights(frame: MemoryFrame[Any], column: str | None, complete: BoolArray) -> FloatArray:
    if column is None:
        return np.ones(int(complete.sum()))
    weight = numbers(frame, column, "weight")
    bad = complete & ~(weight >= 0)
    if bad.any():
        position = int(np.flatnonzero(bad)[0])
        raise_rows(
            in_column("weight", column),
            WEIGHT_RULE,
            value="null" if np.isnan(weight[position]) else f"{weight[position]:g}",
            count=int(bad.sum()),
            total=weight.size,
            position=position,
            remedy=WEIGHT_REMEDY,
        )
    if complete.any() and not weight[complete].any():
        raise InvalidInputError(NO_WEIGHT)
    return weight[complete]

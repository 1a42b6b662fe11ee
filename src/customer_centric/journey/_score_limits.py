"""Limits of mean friction: how far it may be off when customers, not visits, are drawn."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from customer_centric.typing import FloatArray, IntArray

# Up to here a table of all pairs of a customer and a row is cheaper than sorting those that occur.
_TABLE_CELLS: Final = 1 << 20


@dataclass(frozen=True, slots=True, eq=False)
class Spread:
    """How mean units of rows vary over customers.

    Parameters
    ----------
    variance : ndarray of shape (n_rows,)
        Squared standard error of the mean; infinite where one customer is all there is.
    largest : ndarray of shape (n_rows,)
        What the customer with the most units adds to the mean.
    n_customers : ndarray of shape (n_rows,)
        Customers with a visit.
    """

    variance: FloatArray
    largest: FloatArray
    n_customers: IntArray


def spread_over_customers(
    seen: tuple[IntArray, NDArray[Any]], hits: tuple[IntArray, IntArray], amount: FloatArray, n_rows: int
) -> Spread:
    """The spread of a ratio of sums over customers: of units to visits.

    Parameters
    ----------
    seen, hits : tuple of two ndarrays
        Customer and row of each visit, and of each occurrence.
    amount : ndarray
        Units of each occurrence.
    n_rows : int
        Number of rows.
    """
    base, hit = (owner * n_rows + row for owner, row in (seen, hits))
    cells = (int(seen[0].max(initial=-1)) + 1) * n_rows
    if cells > max(4 * base.size, _TABLE_CELLS):
        keys, base = np.unique(base, return_inverse=True)
        row = keys % n_rows
        visits_of = np.bincount(base, minlength=keys.size)
        units_of = np.bincount(np.searchsorted(keys, hit), amount, keys.size)
        columns = (units_of, visits_of, units_of**2, units_of * visits_of, visits_of**2, visits_of > 0)
        sums = [np.bincount(row, column, n_rows) for column in columns]
        largest = np.zeros(n_rows)
        np.maximum.at(largest, row, units_of)
    else:
        visits_of = np.bincount(base, minlength=cells).reshape(-1, n_rows)
        units_of = np.bincount(hit, amount, cells).reshape(-1, n_rows)
        pairs = ((units_of, units_of), (units_of, visits_of), (visits_of, visits_of))
        sums = [units_of.sum(axis=0), visits_of.sum(axis=0)]
        sums += [np.einsum("ij,ij->j", x, y) for x, y in pairs] + [(visits_of > 0).sum(axis=0)]
        largest = units_of.max(axis=0, initial=0.0)
    units, visits, squares, products, n_squares, n_owners = sums
    n = np.maximum(visits, 1)
    mean = units / n
    # The difference of squares that nearly agree may fall below 0 by rounding.
    off = np.maximum(squares - 2 * mean * products + mean**2 * n_squares, 0.0)
    with np.errstate(divide="ignore", invalid="ignore"):
        variance = np.where(n_owners > 1, off * n_owners / (n_owners - 1) / n**2, np.inf)
    return Spread(variance, largest / n, n_owners.astype(np.int64))


def mean_limits(
    mean: FloatArray, spread: Spread, heaviest: float, confidence_level: float
) -> tuple[FloatArray, FloatArray]:
    """Limits of a mean that is not negative, by the gamma method of Fay and Feuer (1997).

    `heaviest` is the units of one occurrence of the heaviest signal: what might have been seen where nothing
    was.
    """
    from scipy.special import gammaincinv

    tail = (1.0 - confidence_level) / 2.0
    known = np.isfinite(spread.variance)
    v = np.where(known, spread.variance, 0.0)
    m = np.maximum(spread.n_customers, 1)
    largest = np.where(mean > 0, spread.largest, heaviest / m)
    with np.errstate(divide="ignore", invalid="ignore"):
        low = np.where(v > 0, gammaincinv(mean**2 / v, tail) * v / mean, mean)
        # However alike m customers are, a share of 1 - tail^(1/m) of all may be free of friction.
        low = np.where(mean == 0, 0.0, np.minimum(low, mean * tail ** (1.0 / m)))
        wide, centre = v + largest**2, mean + largest
        high = np.where(wide > 0, gammaincinv(centre**2 / wide, 1.0 - tail) * wide / centre, mean)
    # One customer with friction says nothing about others.
    alone = ~known & (mean > 0)
    return np.where(alone, 0.0, low), np.where(alone, np.inf, high)

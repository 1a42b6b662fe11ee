"""Shares of visits, with limits that allow for customers who come with several."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from customer_centric.intervals import wilson_interval
from customer_centric.typing import BoolArray, FloatArray, IntArray


@dataclass(frozen=True, slots=True, eq=False)
class Shares:
    """So many of so many in each row.

    Parameters
    ----------
    n, hits : ndarray of int of shape (n_rows,)
        Visits, and those that count.
    share, lower, upper : ndarray of shape (n_rows,)
        Share, NaN where there is no visit, and its limits.
    n_effective : ndarray of shape (n_rows,)
        Independent visits that would say as much.
    """

    n: IntArray
    hits: IntArray
    share: FloatArray
    lower: FloatArray
    upper: FloatArray
    n_effective: FloatArray


def clustered_shares(
    hit: BoolArray, row: NDArray[Any], n_rows: int, cluster: NDArray[Any], *, confidence_level: float
) -> Shares:
    r"""Share of hits in each row, with Wilson's limits at the effective number of visits.

    With \(k_c\) hits among \(n_c\) visits of customer \(c\), \(p = \sum k_c / \sum n_c\) and \(G\) customers,
    the linearised variance is \(\frac{G}{G - 1} \sum (k_c - p\,n_c)^2 / n^2\), and the effective number
    \(p (1 - p)\, n / (n - 1)\) over it, at most
    \(n\). Where all visits or none are hits the data do not say how alike the
    visits of a customer are: they are taken to be all alike, \(n^2 / \sum n_c^2\).
    """
    n = np.bincount(row, minlength=n_rows)
    hits = np.bincount(row[hit], minlength=n_rows)
    share = np.divide(hits, n, out=np.full(n_rows, np.nan), where=n > 0)
    effective = effective_number(hit, row, share, n, cluster)
    lower, upper = wilson_interval(
        np.nan_to_num(share) * effective, effective, confidence_level=confidence_level
    )
    return Shares(
        n=n,
        hits=hits,
        share=share,
        lower=np.fmin(lower, share),
        upper=np.fmax(upper, share),
        n_effective=effective,
    )


def effective_number(
    hit: BoolArray | FloatArray, row: NDArray[Any], share: FloatArray, n: IntArray, cluster: NDArray[Any]
) -> FloatArray:
    """Independent visits that would say as much about each share; hits may be probabilities."""
    n_rows = share.size
    key = cluster.astype(np.int64) * n_rows + row
    pairs, place = np.unique(key, return_inverse=True)
    of_row = pairs % n_rows
    n_c = np.bincount(place, minlength=pairs.size)
    k_c = np.bincount(place, hit, pairs.size)
    off = k_c - np.nan_to_num(share)[of_row] * n_c
    owners = np.bincount(of_row, minlength=n_rows)
    spread = np.bincount(of_row, off * off, n_rows)
    squares = np.bincount(of_row, n_c.astype(np.float64) ** 2, n_rows)
    with np.errstate(divide="ignore", invalid="ignore"):
        variance = spread / n**2 * owners / (owners - 1)
        # Over n - 1 as the variance is over its customers less one: who come once each count in full.
        observed = share * (1.0 - share) / variance * n / (n - 1)
        all_alike = n.astype(np.float64) ** 2 / squares
    known = (spread > 0) & (owners > 1)
    effective = np.where(known, observed, all_alike)
    return np.where(n > 0, np.minimum(effective, n), 0.0)


def effective_size(values: FloatArray, cluster: NDArray[Any]) -> float:
    """Independent values that would say as much about their mean; see `clustered_shares`."""
    _, place = np.unique(cluster, return_inverse=True)
    n_c = np.bincount(place).astype(np.float64)
    off = np.bincount(place, values - values.mean())
    spread = float((off * off).sum())
    if spread == 0.0 or n_c.size == 1:
        return float(values.size**2 / (n_c**2).sum())
    variance = spread / values.size**2 * n_c.size / (n_c.size - 1)
    return float(min(values.var(ddof=1) / variance, values.size))

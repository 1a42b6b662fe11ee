"""Regressions within items, with the uncertainty between customers, from sums that an engine can make."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import narwhals.stable.v2 as nw
import numpy as np
from scipy.special import stdtrit

from customer_centric._core.frames.lazy import AnyLazyFrame
from customer_centric.nps._link import CLASSES, AnyFrame, by_class, collect
from customer_centric.typing import BoolArray, FloatArray, FrameT

# Logarithms that differ by less than this (1e-10, squared) are equal up to rounding.
_NO_SPREAD = 1e-20


@dataclass(frozen=True, slots=True, eq=False)
class Contrasts:
    """Estimates of a few contrasts of coefficients.

    Parameters
    ----------
    estimate, lower, upper : ndarray of shape (n_contrasts,)
        NaN where the rows do not tell; the bounds are infinite there, and where no spread is seen.
    known : ndarray of shape (n_contrasts,)
        Whether the rows tell.
    spread : ndarray of shape (n_contrasts,)
        Whether customers differ, so that the interval has a width to show.
    customers, rows : ndarray of shape (3,)
        Customers and rows of each class.
    """

    estimate: FloatArray
    lower: FloatArray
    upper: FloatArray
    known: BoolArray
    spread: BoolArray
    customers: FloatArray
    rows: FloatArray


def within(
    frame: AnyFrame[FrameT],
    rows: AnyLazyFrame,
    *,
    cell: Sequence[str],
    regressors: Sequence[str],
    contrasts: Sequence[Sequence[float]],
    compared: Sequence[Sequence[int]],
    confidence_level: float,
) -> Contrasts:
    r"""Least squares of `y` on regressors within cells, variances between customers.

    With \(\tilde x\) and \(\tilde y\) the deviations from the means of their cell, \(\tilde e\) the residuals
    and \(a = (\sum \tilde x \tilde x')^{-1} c\) for a contrast \(c\),

    \[ c'\hat\beta, \qquad V = \sum_{k} \frac{G_k}{G_k - 1} \sum_{g \in k}
       \Bigl(\sum_{i \in g} a'\tilde x_i \tilde e_i\Bigr)^2 , \]

    over the \(G_k\) customers \(g\) of class \(k\); degrees of freedom after Satterthwaite. A contrast needs
    two customers in each of the classes that it compares.
    """
    counts = by_class(
        frame, rows.group_by("customer", "cls").agg(nw.len().alias("rows")).drop("customer"), "rows"
    )
    moved = _deviations(rows, cell, regressors)
    gram, cross = _products(frame, moved, regressors)
    wanted = np.asarray(contrasts, dtype=np.float64)
    gram[np.abs(gram) <= _NO_SPREAD * max(counts["rows"].sum(), 1.0)] = 0.0
    inverse = np.linalg.pinv(gram, rcond=1e-10, hermitian=True)
    tellable = np.abs(wanted - wanted @ inverse @ gram).max(axis=1) <= 1e-6
    beta, loadings = inverse @ cross, wanted @ inverse
    squares = _squared_scores(frame, moved, regressors, beta, loadings)
    customers = counts["n"]
    enough = np.array([(customers[list(pair)] >= 2).all() for pair in compared])
    variance, free = _variance(squares, customers)
    spread = variance > _NO_SPREAD
    reach = np.where(
        spread & enough, -stdtrit(free, 0.5 * (1.0 - confidence_level)) * np.sqrt(variance), np.inf
    )
    estimate = np.where(tellable, wanted @ beta, np.nan)
    reach = np.where(tellable, reach, np.inf)
    centre = np.nan_to_num(estimate)
    return Contrasts(estimate, centre - reach, centre + reach, tellable, spread, customers, counts["rows"])


def _variance(squares: FloatArray, customers: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Variance of each contrast, and its degrees of freedom."""
    free = np.maximum(customers - 1.0, 1.0)
    parts = squares * customers / free
    total = parts.sum(axis=1)
    degrees = np.ones(total.shape)
    np.divide(total**2, (parts**2 / free).sum(axis=1), out=degrees, where=total > 0)
    return total, np.maximum(degrees, 1.0)


def _deviations(rows: AnyLazyFrame, cell: Sequence[str], regressors: Sequence[str]) -> AnyLazyFrame:
    names = [*regressors, "y"]
    means = rows.group_by(*cell).agg(**{f"{name}_mean": nw.col(name).mean() for name in names})
    moved = {name: nw.col(name) - nw.col(f"{name}_mean") for name in names}
    return (
        rows.join(means, on=list(cell), how="inner").with_columns(**moved).select("customer", "cls", *names)
    )


def _products(
    frame: AnyFrame[FrameT], moved: AnyLazyFrame, regressors: Sequence[str]
) -> tuple[FloatArray, FloatArray]:
    """Sums of products of the regressors with each other, and with `y`."""
    names = [*regressors, "y"]
    pairs = {
        f"p{i}_{j}": nw.col(regressors[i]) * nw.col(names[j])
        for i in range(len(regressors))
        for j in range(i, len(names))
    }
    sums = collect(frame, moved.select(**pairs).select(nw.col(*pairs).sum()))
    size = len(regressors)
    gram, cross = np.zeros((size, size)), np.zeros(size)
    for i in range(size):
        for j in range(i, size):
            gram[i, j] = gram[j, i] = float(np.nan_to_num(sums[f"p{i}_{j}"][0]))
        cross[i] = float(np.nan_to_num(sums[f"p{i}_{size}"][0]))
    return gram, cross


def _squared_scores(
    frame: AnyFrame[FrameT],
    moved: AnyLazyFrame,
    regressors: Sequence[str],
    beta: FloatArray,
    loadings: FloatArray,
) -> FloatArray:
    """Squares of the sums of each customer, added up by class: a row a contrast."""
    residual = nw.col("y")
    for name, slope in zip(regressors, beta.tolist(), strict=True):
        residual = residual - nw.col(name) * slope
    scores = {f"z{k}": _combined(regressors, loading) * residual for k, loading in enumerate(loadings)}
    sums = (
        moved.select("customer", "cls", **scores)
        .group_by("customer", "cls")
        .agg(*(nw.col(name).sum() for name in scores))
    )
    squares = sums.select("cls", **{name: nw.col(name) * nw.col(name) for name in scores})
    found = by_class(frame, squares, *scores)
    return np.array([found[name] for name in scores]).reshape(len(scores), len(CLASSES))


def _combined(regressors: Sequence[str], loading: FloatArray) -> nw.Expr:
    first, *others = zip(regressors, loading.tolist(), strict=True)
    combined: nw.Expr = nw.col(first[0]) * first[1]
    for name, weight in others:
        combined = combined + nw.col(name) * weight
    return combined

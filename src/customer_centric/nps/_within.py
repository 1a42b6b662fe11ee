"""Regressions within items, with the uncertainty between customers, from sums that an engine can make."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import narwhals.stable.v2 as nw
import numpy as np
from scipy.special import stdtrit

from customer_centric._core.frames.lazy import AnyLazyFrame, flag
from customer_centric.nps._link import AnyFrame, by_class, collect, of_class
from customer_centric.typing import BoolArray, FloatArray, FrameT

# Logarithms that differ by less than this (1e-10, squared) are equal up to rounding.
_NO_SPREAD: Final = 1e-20
# A customer who weighs all of a class.
_ALL: Final = 1.0 - 1e-9


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
    enough : ndarray of shape (n_contrasts,)
        Whether two customers or more of each of the compared classes weigh something.
    customers, rows : ndarray of shape (3,)
        Customers and rows of each class.
    """

    estimate: FloatArray
    lower: FloatArray
    upper: FloatArray
    known: BoolArray
    spread: BoolArray
    enough: BoolArray
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

    \[ c'\hat\beta, \qquad V = \sum_g \frac{1}{1 - h_g} \Bigl(\sum_{i \in g} a'\tilde x_i \tilde e_i\Bigr)^2,
       \qquad h_g = \frac{\sum_{i \in g} (a'\tilde x_i)^2}{\sum_{i \in k(g)} (a'\tilde x_i)^2} , \]

    over customers \(g\) of classes \(k\): what a customer weighs in its class pulls the fit towards it, and
    the residuals down. A class has \(1 / \sum_g h_g^2 - 1\) degrees of freedom, joined after Satterthwaite.
    A contrast needs two customers who weigh something in each of the classes that it compares.
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
    scores = _scores(frame, moved, regressors, beta, loadings)
    variance, free = _variance(scores)
    enough = np.array([not scores.alone[k, list(pair)].any() for k, pair in enumerate(compared)]) & np.array(
        [(counts["n"][list(pair)] >= 2).all() for pair in compared]
    )
    spread = variance > _NO_SPREAD
    quantile = -stdtrit(free, 0.5 * (1.0 - confidence_level))
    reach = np.where(tellable & spread & enough, quantile * np.sqrt(variance), np.inf)
    estimate = np.where(tellable, wanted @ beta, np.nan)
    centre = np.nan_to_num(estimate)
    return Contrasts(
        estimate, centre - reach, centre + reach, tellable, spread, enough, counts["n"], counts["rows"]
    )


@dataclass(frozen=True, slots=True, eq=False)
class _Scores:
    """By contrast and class: sums of squared scores, of squared weights, and whether one weighs all."""

    squares: FloatArray
    weights: FloatArray
    alone: BoolArray


def _variance(scores: _Scores) -> tuple[FloatArray, FloatArray]:
    """Variance of each contrast, and its degrees of freedom."""
    free = np.maximum(1.0 / np.where(scores.weights > 0, scores.weights, 0.5) - 1.0, 0.5)
    total: FloatArray = scores.squares.sum(axis=1)
    degrees: FloatArray = np.ones(len(scores.squares))
    np.divide(total**2, (scores.squares**2 / free).sum(axis=1), out=degrees, where=total > 0)
    return total, degrees


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


def _scores(
    frame: AnyFrame[FrameT],
    moved: AnyLazyFrame,
    regressors: Sequence[str],
    beta: FloatArray,
    loadings: FloatArray,
) -> _Scores:
    """What each customer contributes, added up by class: a row a contrast."""
    residual = nw.col("y")
    for name, slope in zip(regressors, beta.tolist(), strict=True):
        residual = residual - nw.col(name) * slope
    pulls = {k: _combined(regressors, loading) for k, loading in enumerate(loadings)}
    columns = {f"z{k}": pull * residual for k, pull in pulls.items()}
    columns |= {f"q{k}": pull * pull for k, pull in pulls.items()}
    customers = (
        moved.select("customer", "cls", **columns)
        .group_by("customer", "cls")
        .agg(*(nw.col(name).sum() for name in columns))
    )
    totals = by_class(frame, customers, *(f"q{k}" for k in pulls))
    shares = customers.select(
        "cls",
        *(f"z{k}" for k in pulls),
        **{f"h{k}": nw.col(f"q{k}") / of_class(np.where(v > 0, v, 1.0)) for k, v in _by_place(totals)},
    )
    told: dict[str, nw.Expr] = {}
    for k in pulls:
        share, is_alone = nw.col(f"h{k}"), nw.col(f"h{k}") > _ALL
        rest = nw.when(is_alone).then(nw.lit(1.0)).otherwise(1.0 - share)
        told |= {f"s{k}": nw.col(f"z{k}") * nw.col(f"z{k}") / rest, f"w{k}": share * share}
        told[f"a{k}"] = flag(is_alone)
    found = by_class(frame, shares.select("cls", **told), *told)
    squares, weights, alone = (np.array([found[f"{name}{k}"] for k in pulls]) for name in "swa")
    return _Scores(squares, weights, np.asarray(alone > 0))


def _by_place(totals: Mapping[str, FloatArray]) -> list[tuple[int, FloatArray]]:
    return [(int(name[1:]), values) for name, values in totals.items() if name != "n"]


def _combined(regressors: Sequence[str], loading: FloatArray) -> nw.Expr:
    first, *others = zip(regressors, loading.tolist(), strict=True)
    combined: nw.Expr = nw.col(first[0]) * first[1]
    for name, weight in others:
        combined = combined + nw.col(name) * weight
    return combined

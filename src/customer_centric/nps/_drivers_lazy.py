"""The rows of a study of drivers where they stay in their engine: three queries of plain sums."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import narwhals.stable.v2 as nw
import numpy as np

from customer_centric._core.frames import LazyFrame
from customer_centric._core.frames.lazy import AnyLazyFrame, flag
from customer_centric._core.frames.problems import in_column, raise_rows
from customer_centric.errors import InvalidInputError
from customer_centric.nps._drivers_rows import (
    NO_WEIGHT,
    NUMBER_REMEDY,
    NUMBER_RULE,
    WEIGHT_REMEDY,
    WEIGHT_RULE,
    Columns,
    Moments,
    SlopeForms,
    Spread,
    pack_forms,
)
from customer_centric.typing import FloatArray


@dataclass(frozen=True, slots=True, eq=False)
class LazyRows:
    """Complete rows that stay in their engine: `v0`, `v1`, ... with the outcome last, `w` and `unit`."""

    log: LazyFrame[Any]
    rows: AnyLazyFrame
    has_units: bool
    mean: FloatArray
    total: float
    n: int
    n_rows: int

    def moments(self) -> Moments:
        """Means and covariances: sums of products of what is left of the means."""
        n_columns = self.mean.size
        first, second = np.triu_indices(n_columns)
        away = self.rows.select("w", **{f"v{j}": nw.col(f"v{j}") - float(m) for j, m in enumerate(self.mean)})
        weight = nw.col("w")
        products = {
            f"p{k}": nw.col(f"v{a}") * nw.col(f"v{b}") * weight
            for k, (a, b) in enumerate(zip(first, second, strict=True))
        }
        left = {f"v{j}": nw.col(f"v{j}") * weight for j in range(n_columns)}
        sums = self._sums(away.select(**left, **products))
        covariance = np.zeros((n_columns, n_columns))
        for k, (a, b) in enumerate(zip(first, second, strict=True)):
            covariance[a, b] = covariance[b, a] = sums[f"p{k}"] / self.total
        shift = np.array([sums[f"v{j}"] for j in range(n_columns)]) / self.total
        return Moments(
            self.mean + shift, covariance - np.outer(shift, shift), self.total, self.n, self.n_rows
        )

    def spread(self, forms: FloatArray, slopes: SlopeForms, moments: Moments) -> Spread:
        """Sums of products of the influences of units."""
        p = self.mean.size - 1
        units = self._by_unit(forms, slopes, moments)
        pairs = [(a, b) for a in range(p) for b in range(a, p)]
        products = {f"p{a}_{b}": nw.col(f"f{a}") * nw.col(f"f{b}") for a, b in pairs}
        products |= {
            f"{kind}{j}": nw.col(f"{kind}{j}") * nw.col(f"{kind}{j}") for kind in "sv" for j in range(p)
        }
        sums = self._sums(units.select(w=nw.col("w") * nw.col("w"), n=nw.lit(1.0), **products))
        parts = np.zeros((p, p))
        for a, b in pairs:
            parts[a, b] = parts[b, a] = sums[f"p{a}_{b}"]
        return Spread(
            parts=parts,
            slopes=np.array([sums[f"s{j}"] for j in range(p)]),
            means=np.array([sums[f"v{j}"] for j in range(p)]),
            n_units=sums["n"],
            effective_units=1.0 / sums["w"],
        )

    def _by_unit(self, forms: FloatArray, slopes: SlopeForms, moments: Moments) -> AnyLazyFrame:
        """Weighted influences of each unit: on parts `f`, on slopes `s`, on means `v`; its weight `w`."""
        p = self.mean.size - 1
        kept = ["unit"] if self.has_units else []
        z = [nw.col(f"v{j}") for j in range(p + 1)]
        standardised = [
            ((z[j] - float(moments.mean[j])) / float(moments.scale[j])).alias(f"v{j}") for j in range(p + 1)
        ]
        rows = self.rows.select(*kept, *standardised, w=nw.col("w") / self.total)
        # Each product once, as a column of its own: every form needs it.
        first, second = np.triu_indices(p + 1)
        pairs = [
            (z[a] * z[b] * nw.col("w")).alias(f"q{k}")
            for k, (a, b) in enumerate(zip(first, second, strict=True))
        ]
        rows = rows.select(*kept, "w", *z[:p], *pairs, residual=_combine(z, slopes.residual) * nw.col("w"))
        products = [nw.col(f"q{k}") for k in range(len(pairs))]
        influences = {f"f{k}": _combine(products, row) for k, row in enumerate(pack_forms(forms))}
        influences |= {
            f"s{k}": _combine(z[:p], row) * nw.col("residual") for k, row in enumerate(slopes.inverse)
        }
        influences |= {f"v{j}": z[j] * nw.col("w") for j in range(p)}
        units = rows.select(*kept, "w", **influences)
        if not self.has_units:
            return units
        return units.group_by("unit").agg(*[nw.col(name).sum() for name in ["w", *influences]])

    def _sums(self, columns: AnyLazyFrame) -> dict[str, float]:
        names = columns.collect_schema().names()
        collected = self.log.collect_arrays(columns.select(*[nw.col(name).sum() for name in names]))
        return {name: float(values[0]) for name, values in collected.items()}


def _combine(columns: Sequence[nw.Expr], coefficients: FloatArray) -> nw.Expr:
    """The sum of columns times numbers, added in pairs: engines limit how deep an expression is."""
    terms = [column * float(c) for column, c in zip(columns, coefficients, strict=True)]
    while len(terms) > 1:
        odd = terms[-1:] if len(terms) % 2 else []
        terms = [a + b for a, b in zip(terms[::2], terms[1::2], strict=False)] + odd
    return terms[0]


def rows_in_engine(log: LazyFrame[Any], columns: Columns) -> LazyRows:
    """The complete rows of a lazy frame, checked in one query with their means."""
    for role, column in columns.named():
        log.check_numbers(column, role)
    if columns.weight is not None:
        log.check_numbers(columns.weight, "weight")
    if columns.cluster is not None:
        log.check_ids(columns.cluster, "cluster")
    rows = _with_flags(log, columns)
    n_columns = len(columns.drivers) + 1
    sums = [f"{kind}{j}" for kind in ("bad", "sum") for j in range(n_columns)] + ["complete", "w", "bad_w"]
    examples = [*[f"example{j}" for j in range(n_columns)], "example_w"]
    query = rows.select(
        *[nw.col(name).sum() for name in [*sums, "no_unit"]],
        *[nw.col(name).min() for name in examples],
        n=nw.len(),
    )
    seen = {name: float(values[0]) for name, values in log.collect_arrays(query).items()}
    n_rows, n = int(seen["n"]), int(np.nan_to_num(seen["complete"]))
    _refuse(seen, columns, n_rows, n)
    total = float(np.nan_to_num(seen["w"]))
    mean = np.array([seen[f"sum{j}"] for j in range(n_columns)]) / (total or 1.0)
    kept = rows.filter(nw.col("complete") == 1).select(
        *[f"v{j}" for j in range(n_columns)], "w", *(["unit"] if columns.cluster else [])
    )
    return LazyRows(log, kept, columns.cluster is not None, mean, total, n, n_rows)


def _with_flags(log: LazyFrame[Any], columns: Columns) -> AnyLazyFrame:
    """Values as floats, whether the row is complete, and what is wrong with it."""
    names = [column for _, column in columns.named()]
    weight = nw.lit(1.0) if columns.weight is None else nw.col(columns.weight).cast(nw.Float64)
    unit = [] if columns.cluster is None else [nw.col(columns.cluster).alias("unit")]
    no_unit = nw.lit(0) if columns.cluster is None else flag(nw.col(columns.cluster).is_null())
    rows = log.frame.select(
        *unit,
        w=weight,
        no_unit=no_unit,
        **{f"v{j}": nw.col(name).cast(nw.Float64) for j, name in enumerate(names)},
    )
    present = {j: flag(nw.col(f"v{j}").is_finite()) for j in range(len(names))}
    complete = present[0]
    for j in range(1, len(names)):
        complete = complete * present[j]
    wrong = {f"bad{j}": flag(_is_bad(j, columns)) for j in range(len(names))}
    rows = rows.with_columns(complete=complete, **wrong)
    is_used = nw.col("complete") == 1
    in_order = flag(nw.col("w").is_finite() & (nw.col("w") >= 0.0))
    rows = rows.with_columns(bad_w=nw.col("complete") * (1 - in_order))
    used_weight = nw.when(is_used & (nw.col("bad_w") == 0)).then(nw.col("w"))
    return rows.with_columns(
        w=used_weight,
        example_w=nw.when(nw.col("bad_w") == 1).then(nw.col("w")),
        **{f"example{j}": nw.when(nw.col(f"bad{j}") == 1).then(nw.col(f"v{j}")) for j in range(len(names))},
        **{f"sum{j}": used_weight * nw.when(is_used).then(nw.col(f"v{j}")) for j in range(len(names))},
    )


def _is_bad(j: int, columns: Columns) -> nw.Expr:
    value = nw.col(f"v{j}")
    bad = ~value.is_finite() & ~value.is_nan()
    if columns.driver_range is None or j == len(columns.drivers):
        return bad
    low, high = columns.driver_range
    return bad | ((~value.is_nan()) & ((value < low) | (value > high)))


def _refuse(seen: dict[str, float], columns: Columns, n_rows: int, n: int) -> None:
    """Refuse what is wrong with the rows, in the words of frames in memory."""
    for j, (role, column) in enumerate(columns.named()):
        example = seen[f"example{j}"]
        off_scale = role == "drivers" and columns.driver_range is not None and np.isfinite(example)
        raise_rows(
            in_column(role, column),
            columns.range_rule() if off_scale else NUMBER_RULE,
            value=f"{example:g}",
            count=int(np.nan_to_num(seen[f"bad{j}"])),
            total=n_rows,
            remedy="" if off_scale else NUMBER_REMEDY,
        )
    if columns.cluster is not None:
        raise_rows(
            in_column("cluster", columns.cluster),
            "present in every row",
            value="null",
            count=int(np.nan_to_num(seen["no_unit"])),
            total=n_rows,
            remedy="remove these rows or give them an id",
        )
    if columns.weight is not None:
        example = seen["example_w"]
        raise_rows(
            in_column("weight", columns.weight),
            WEIGHT_RULE,
            value="null" if np.isnan(example) else f"{example:g}",
            count=int(np.nan_to_num(seen["bad_w"])),
            total=n_rows,
            remedy=WEIGHT_REMEDY,
        )
        if n and not seen["w"] > 0:
            raise InvalidInputError(NO_WEIGHT)

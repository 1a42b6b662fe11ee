"""Weights that make a survey match what is known of all customers."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Generic

import numpy as np

from customer_centric._core.checks import check_number
from customer_centric._core.frames import LazyFrame, MemoryFrame, check_columns, engine_of, is_lazy
from customer_centric._core.tabulate import sum_by
from customer_centric._core.words import as_html, counted
from customer_centric.errors import ConvergenceError, InvalidInputError
from customer_centric.nps._raking_cells import Cells, cells_in_engine, cells_in_memory
from customer_centric.nps._raking_margins import check_margins, role_of
from customer_centric.typing import FloatArray, FrameT, IntArray

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["RakedWeights", "rake"]

# Sums of squares below it have lost digits.
_TINY: Final = 1e-280
# Sweeps after which the error must be smaller by this part; where it is not, margins contradict the survey.
_PATIENCE: Final = 250
_PROGRESS: Final = 1e-4


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class RakedWeights(Generic[FrameT]):
    """A survey with weights that match known margins, and what they cost.

    Parameters
    ----------
    frame : frame of the kind that came in
        The survey with one column more: the weights, of mean 1 over all rows.
    margins : pandas.DataFrame
        One row a label of a margin: `column`, `label`, `n` (rows), and its share `before` raking, `after`
        it, and the `target`.
    n : int
        Rows of the survey.
    n_iterations : int
        Sweeps over all margins; 0 where the weights that came in matched already.
    largest_error : float
        Largest relative difference between a share after raking and its target.
    design_effect : float
        Kish's: rows over `effective_n`, at least 1.
    smallest_weight, largest_weight : float
        Extremes of the weights. Few rows that weigh many times the mean carry the result.
    """

    frame: FrameT
    margins: pd.DataFrame
    n: int
    n_iterations: int
    largest_error: float
    design_effect: float
    smallest_weight: float
    largest_weight: float

    @property
    def effective_n(self) -> float:
        """Rows of equal weight that would tell as much, where weights have nothing to do with answers."""
        return self.n / self.design_effect

    def __str__(self) -> str:
        return (
            f"{counted(self.n, 'row')} raked to {counted(self.margins['column'].nunique(), 'margin')} in "
            f"{counted(self.n_iterations, 'iteration')}: weights from {self.smallest_weight:.3g} to "
            f"{self.largest_weight:.3g}, design effect {self.design_effect:.2f}, "
            f"as good as {self.effective_n:,.0f} rows of equal weight"
        )

    def _repr_html_(self) -> str:
        return as_html(self)


@dataclass(frozen=True, slots=True, eq=False)
class _Margin:
    """One margin: the target shares of its labels, and the position of each cell's label among them."""

    column: str
    labels: list[Hashable]
    target: FloatArray
    codes: IntArray

    def shares(self, weight: FloatArray) -> FloatArray:
        return np.asarray(sum_by(self.codes, weight, self.target.size) / weight.sum())


def rake(
    survey: FrameT,
    margins: Mapping[str, Mapping[Any, float] | pd.Series[Any]],
    *,
    weight: str | None = None,
    column: str = "weight",
    tolerance: float = 1e-10,
    max_iterations: int = 10_000,
) -> RakedWeights[FrameT]:
    r"""Weights by which the rows of a survey match known margins, such as shares of regions and ages.

    Parameters
    ----------
    survey : frame
        Rows that answered, one each: pandas, Polars (eager or lazy), PyArrow or DuckDB. Rows without an
        answer would be counted as if they had one: leave them out first.
    margins : mapping from column to mapping (or pandas.Series) from label to number
        For each column (text, whole numbers or categories) the shares of its labels among all customers,
        which sum to 1, or the numbers of customers, which have the same total in every column. Each greater
        than 0; every label of the survey has one.
    weight : str, optional
        Column of the weights to start from, 0 or more: one over the chance of being asked, say. By
        default all rows start alike.
    column : str, default "weight"
        Name of the new column of weights; not a column of the survey yet.
    tolerance : float, default 1e-10
        Largest relative difference allowed between a share and its target.
    max_iterations : int, default 10000
        Sweeps over all margins before giving up; where the error stops shrinking, it gives up earlier.

    Returns
    -------
    RakedWeights
        `frame` of the caller's kind with the weights, which have mean 1; the margins before and after;
        the design effect. Lazy frames stay lazy: their rows are counted in the engine at once, and
        weighted when the result is asked for.

    Raises
    ------
    InvalidInputError
        If a target is not greater than 0, totals differ, a label of a margin has no rows or a label of the
        survey no margin, or a column is not there or of the wrong kind.
    ConvergenceError
        If no weights were found that meet all margins; says which one is furthest off.

    Notes
    -----
    Iterative proportional fitting. With \(c\) a cell of rows that agree in all columns, \(W_c\) the sum of
    the weights they start with and \(t_{ml}\) the target share of label \(l\) of margin \(m\), a sweep
    takes one margin after the other and sets

    \[ w_c \leftarrow w_c \, \frac{t_{ml}}{\sum_{c' \in ml} w_{c'} \big/ \sum_{c'} w_{c'}}
       \qquad \text{for } c \in ml , \]

    until all shares are right. Of all weights that match the margins the limit is the one closest to the
    start, in the sense of \(\sum_c w_c \log(w_c / W_c)\); the order of the margins is irrelevant. For one
    margin it is post-stratification. Kish's design effect is \(n \sum w^2 / (\sum w)^2\).

    References
    ----------
    Deming, W. E. and Stephan, F. F. (1940), On a least squares adjustment of a sampled frequency table when
    the expected marginal totals are known. The Annals of Mathematical Statistics 11(4).
    [doi:10.1214/aoms/1177731829](https://doi.org/10.1214/aoms/1177731829).

    Ireland, C. T. and Kullback, S. (1968), Contingency tables with given marginals. Biometrika 55(1).
    [doi:10.1093/biomet/55.1.179](https://doi.org/10.1093/biomet/55.1.179).

    Examples
    --------
    >>> import pandas as pd
    >>> survey = pd.DataFrame(
    ...     {"region": ["north", "north", "north", "south"], "rating": [10, 9, 8, 3]}
    ... )
    >>> raked = rake(survey, {"region": {"north": 0.5, "south": 0.5}})
    >>> raked.frame["weight"].round(3).tolist(), round(raked.design_effect, 3)
    ([0.667, 0.667, 0.667, 2.0], 1.333)
    """
    limit = check_number("tolerance", tolerance, minimum=0.0, open_minimum=True)
    sweeps = int(check_number("max_iterations", max_iterations, minimum=1.0, whole=True))
    targets = check_margins(margins)
    # One order for any order of the caller's, so that the result is the same to the last bit.
    columns = sorted(targets)
    cells = _count_cells(survey, columns, weight, column)
    ordered = [
        _match(name, targets[name], labels, codes, cells)
        for name, labels, codes in zip(columns, cells.labels, cells.codes, strict=True)
    ]
    _check_size(weight, cells)
    fitted, n_iterations, error = _fit(cells.weight, ordered, limit, sweeps)
    n = float(cells.n.sum())
    factor = np.divide(fitted, cells.weight, out=np.zeros_like(fitted), where=cells.weight > 0)
    factor *= n / fitted.sum()
    return RakedWeights(
        frame=cells.weighted(column, factor),
        margins=_margin_table({margin.column: margin for margin in ordered}, list(margins), cells, fitted),
        n=int(n),
        n_iterations=n_iterations,
        largest_error=error,
        design_effect=float((factor**2 * cells.squared_weight).sum() / n),
        smallest_weight=float((factor * cells.smallest).min()),
        largest_weight=float((factor * cells.largest).max()),
    )


def _count_cells(survey: FrameT, columns: list[str], weight: str | None, column: str) -> Cells[FrameT]:
    engine = engine_of("survey", survey)
    frame = LazyFrame(survey, engine) if is_lazy(engine) else MemoryFrame(survey, engine)
    check_columns(frame.columns, {**{role_of(name): name for name in columns}, "weight": weight})
    if column in frame.columns:
        raise InvalidInputError(
            f"`column` must be the name of a new column, got {column!r}, which the survey has; name another"
        )
    if isinstance(frame, LazyFrame):
        return cells_in_engine(frame, columns, weight)
    return cells_in_memory(frame, columns, weight)


def _match(
    column: str, targets: dict[Hashable, float], labels: list[Hashable], codes: IntArray, cells: Cells[Any]
) -> _Margin:
    """The margin with the cells' labels in its own order; labels must agree on both sides."""
    unknown = [code for code, label in enumerate(labels) if label not in targets]
    if unknown:
        rows = cells.n[np.isin(codes, unknown)].sum()
        raise InvalidInputError(
            f"`{role_of(column)}` must have a target for each label of the survey, got none for "
            f"{labels[unknown[0]]!r} ({len(unknown)} of {len(labels)} labels, {rows:,.0f} of "
            f"{cells.n.sum():,.0f} rows); add it, or merge it in the survey with a label that has one"
        )
    position = {label: place for place, label in enumerate(targets)}
    places = np.array([position[label] for label in labels], dtype=np.int64)[codes]
    absent = np.flatnonzero(sum_by(places, cells.weight, len(targets)) <= 0)
    if absent.size:
        raise InvalidInputError(
            f"`{role_of(column)}` must name labels that rows of the survey have, got "
            f"{list(targets)[absent[0]]!r}, which none has with a weight above 0 ({absent.size} of "
            f"{len(targets)} labels); merge it with a label that is like it, here and in the survey"
        )
    return _Margin(column, list(targets), np.array(list(targets.values())), places)


def _check_size(weight: str | None, cells: Cells[Any]) -> None:
    squares = float(cells.squared_weight.sum())
    if not _TINY <= squares < np.inf:
        raise InvalidInputError(
            f"`weight` (column {weight!r}) must be numbers whose squares can be added, got squares that sum "
            f"to {squares:g}; only ratios of weights matter: divide them by their mean"
        )


def _fit(
    start: FloatArray, margins: list[_Margin], tolerance: float, max_iterations: int
) -> tuple[FloatArray, int, float]:
    """Sums of the weights by cell that meet the margins, the sweeps it took, and how far off they are."""
    weight, sweep = start / start.sum(), 0
    error, earlier = _largest_error(weight, margins), np.inf
    while error > tolerance and sweep < max_iterations:
        if sweep % _PATIENCE == 0:
            if error > earlier * (1.0 - _PROGRESS):
                break
            earlier = error
        moved = _sweep(weight, margins)
        moved_error = _largest_error(moved, margins)
        # Where margins contradict the survey, labels may lose all their weight to rounding.
        if not np.isfinite(moved_error):
            break
        weight, error, sweep = moved, moved_error, sweep + 1
    if error > tolerance:
        raise ConvergenceError(_not_met(weight, margins, sweep))
    return weight, sweep, error


def _sweep(weight: FloatArray, margins: list[_Margin]) -> FloatArray:
    with np.errstate(all="ignore"):
        for margin in margins:
            weight = weight * (margin.target / margin.shares(weight))[margin.codes]
    return weight


def _largest_error(weight: FloatArray, margins: list[_Margin]) -> float:
    with np.errstate(all="ignore"):
        return float(max(np.abs(margin.shares(weight) / margin.target - 1.0).max() for margin in margins))


def _not_met(weight: FloatArray, margins: list[_Margin], sweeps: int) -> str:
    away = [np.abs(margin.shares(weight) / margin.target - 1.0) for margin in margins]
    worst = int(np.argmax([errors.max() for errors in away]))
    margin, place = margins[worst], int(np.argmax(away[worst]))
    return (
        f"no weights were found that meet all margins, in {sweeps} iterations: the share of "
        f"{margin.labels[place]!r} in {margin.column!r} is {margin.shares(weight)[place]:.6g}, its target "
        f"{margin.target[place]:.6g}; some labels may never occur together in the survey: merge those with "
        "few rows, or rake to fewer margins; where it is nearly met, raise `max_iterations`"
    )


def _margin_table(
    margins: dict[str, _Margin], columns: list[str], cells: Cells[Any], fitted: FloatArray
) -> pd.DataFrame:
    import pandas as pd

    parts = [
        pd.DataFrame(
            {
                "column": name,
                "label": pd.Series(margin.labels, dtype=object),
                "n": sum_by(margin.codes, cells.n, margin.target.size).astype(np.int64),
                "before": margin.shares(cells.weight),
                "after": margin.shares(fitted),
                "target": margin.target,
            }
        )
        for name, margin in ((name, margins[name]) for name in columns)
    ]
    return pd.concat(parts, ignore_index=True)

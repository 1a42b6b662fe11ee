"""What drives the score: parts of R squared, with signs, intervals and a map of what to work on."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Generic, Literal, TypeAlias

import numpy as np

from customer_centric._core.checks import check_choice, check_confidence_level, check_number
from customer_centric._core.frames import LazyFrame, check_columns, open_frame
from customer_centric._core.words import as_html, counted
from customer_centric._methods.importance import MOST_EXACT
from customer_centric.errors import DataWarning, InvalidInputError
from customer_centric.intervals import Interval
from customer_centric.nps._drivers_estimates import Estimates, estimate
from customer_centric.nps._drivers_lazy import rows_in_engine
from customer_centric.nps._drivers_rows import Columns, Moments, rows_in_memory
from customer_centric.nps._tables import Column, table_like
from customer_centric.typing import BoolArray, FrameT, IntArray

__all__ = ["DriverImportance", "driver_importance"]

ImportanceMethod: TypeAlias = Literal["shapley", "relative_weights"]
# Rows left out above which the complete ones may be other customers.
_MANY_LEFT_OUT: Final = 0.2


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class DriverImportance(Generic[FrameT]):
    """How much of the outcome each driver accounts for.

    Parameters
    ----------
    frame : frame of the caller's kind
        One row a driver, the most important first.
    r_squared : float
        Part of the variance of the outcome that the drivers account for in these rows, in [0, 1]: the sum
        of the importances.
    r_squared_interval : Interval
        Bounds of what they account for among all customers, where it is less: some of what is seen in a
        sample is chance.
    outcome : str
        The column that is explained.
    method : {"shapley", "relative_weights"}
        How R squared is split.
    n, n_left_out : int
        Rows used, and rows left out because the outcome or a driver is missing.
    n_orders : int or None
        Orders drawn, each gone through forwards and backwards; None where there was no need to.

    Notes
    -----
    `frame` has these columns:

    | column | meaning | unit |
    |---|---|---|
    | `driver` | name of its column | |
    | `importance`, `lower`, `upper` | its part of R squared | [0, 1] |
    | `share`, `share_lower`, `share_upper` | importance over R squared | [0, 1] |
    | `correlation` | with the outcome | [-1, 1] |
    | `coefficient`, `coefficient_lower`, `coefficient_upper` | slope, all drivers in | outcome / driver |
    | `direction` | "positive" or "negative": the sign of the correlation | |
    | `suppressor` | whether the coefficient is surely of the other sign | |
    | `performance`, `performance_lower`, `performance_upper` | mean of the driver | driver |
    | `quadrant` | what to do about it, where drivers are on one scale | |

    A driver that never varies has no correlation, coefficient or direction, and bounds of 0 and 1.
    """

    frame: FrameT
    r_squared: float
    r_squared_interval: Interval
    outcome: str
    method: ImportanceMethod
    n: int
    n_left_out: int
    n_orders: int | None = None

    def __str__(self) -> str:
        bounds, level = self.r_squared_interval, f"{100 * self.r_squared_interval.confidence_level:g} %"
        return (
            f"The drivers account for {100 * self.r_squared:.1f} % of the variance of {self.outcome!r} "
            f"({level} interval {100 * bounds.lower:.1f} to {100 * bounds.upper:.1f} %) "
            f"in {counted(self.n, 'row')}; {counted(self.n_left_out, 'row')} left out"
        )

    def _repr_html_(self) -> str:
        return as_html(self, frame=self.frame)


def driver_importance(
    survey: FrameT,
    *,
    outcome: str,
    drivers: Sequence[str],
    method: ImportanceMethod = "shapley",
    weight: str | None = None,
    cluster: str | None = None,
    driver_range: tuple[float, float] | None = None,
    confidence_level: float = 0.95,
    rng: np.random.Generator | None = None,
    n_orders: int = 500,
) -> DriverImportance[FrameT]:
    r"""How much of an outcome each driver accounts for, with intervals, signs and a map of what to work on.

    Parameters
    ----------
    survey : frame of any engine
        One row an answer.
    outcome : str
        The column to explain, any numbers: ratings from 0 to 10, or 1, 0 and -1 for promoters, passives and
        detractors. The two answer different questions: what moves the rating, what moves the score.
    drivers : sequence of str
        Columns of numbers, such as ratings of parts of the service. Higher should mean better.
    method : {"shapley", "relative_weights"}, default "shapley"
        Shapley values of R squared (also known as LMG), or Johnson's relative weights.
    weight : str, optional
        Column with how many customers each row stands for, 0 or more, up to a constant.
    cluster : str, optional
        Column of what a row belongs to (an account, a customer): rows of one cluster are not independent.
    driver_range : tuple of float, optional
        Lowest and highest answer, where all drivers are on one scale. It makes the map of importance
        and performance, and checks the drivers.
    confidence_level : float, default 0.95
        Nominal coverage of each interval, strictly between 0 and 1.
    rng : numpy.random.Generator, optional
        Where the orders come from; required for Shapley values of more than 15 drivers, and for nothing else.
    n_orders : int, default 500
        Orders of the drivers to draw, at least 2; each is gone through forwards and backwards.

    Returns
    -------
    DriverImportance
        A table of the drivers, the most important first, and R squared.

    Raises
    ------
    MissingColumnError
        If a named column is not in the frame.
    InvalidInputError
        If a driver is named twice or is the outcome, a column does not hold finite numbers, the outcome does
        not vary, or fewer complete rows are left than there are drivers, plus 2.

    Warns
    -----
    DataWarning
        If more than a fifth of the rows are left out because a value is missing.

    Notes
    -----
    With \(R^2_S\) that of the regression on the drivers in \(S\), \(p\) drivers in all, the importance of
    driver \(k\) is what it adds to those before it, on average over all orders,

    \[ \phi_k = \sum_{S \not\ni k} \frac{|S|!\,(p - |S| - 1)!}{p!}\,
       \bigl(R^2_{S \cup \{k\}} - R^2_S\bigr), \qquad \sum_k \phi_k = R^2 . \]

    A row with residual \(e_S\) and outcome \(y\), both in standard deviations of the outcome, moves \(R^2_S\)
    by \(\psi_S = (1 - R^2_S)\,y^2 - e_S^2\) over the number of rows, and \(\phi_k\) by the same combination
    of these. The variance \(V\) of an importance is that of the sum of these influences over rows, or
    clusters. By chance alone a driver gets \(b\), the variance of its standardised coefficient over the
    diagonal of the inverse of the correlations. The interval is symmetric for the root of the importance and
    takes off what chance gives,

    \[ \Bigl(\sqrt{\phi} \pm t \sqrt{\frac{V + 2 b^2}{4 \max(\phi, b)}}\Bigr)^2 - b , \]

    cut at 0 and 1.

    References
    ----------
    Lindeman, R. H., Merenda, P. F. and Gold, R. Z. (1980), Introduction to bivariate and multivariate
    analysis, page 119.

    Groemping, U. (2007), Estimators of relative importance in linear regression based on variance
    decomposition. [doi:10.1198/000313007X188252](https://doi.org/10.1198/000313007X188252).

    Johnson, J. W. (2000), A heuristic method for estimating the relative weight of predictor variables in
    multiple regression. [doi:10.1207/S15327906MBR3501_1](https://doi.org/10.1207/S15327906MBR3501_1).

    Martilla, J. A. and James, J. C. (1977), Importance-performance analysis.
    [doi:10.1177/002224297704100112](https://doi.org/10.1177/002224297704100112).

    Examples
    --------
    >>> import numpy as np
    >>> import pandas as pd
    >>> rng = np.random.default_rng(1)
    >>> mood = rng.normal(size=400)
    >>> service, price = mood + rng.normal(size=(2, 400))
    >>> rating = 2 * service + price + rng.normal(scale=3, size=400)
    >>> survey = pd.DataFrame({"rating": rating, "service": service, "price": price})
    >>> found = driver_importance(survey, outcome="rating", drivers=["price", "service"])
    >>> found.frame[["driver", "importance", "lower", "upper"]].round(2)
        driver  importance  lower  upper
    0  service        0.36   0.30   0.43
    1    price        0.19   0.14   0.24
    """
    check_choice("method", method, ("shapley", "relative_weights"))
    check_confidence_level(confidence_level)
    frame = open_frame("survey", survey)
    columns = Columns(
        _check_drivers(frame.columns, drivers, outcome=outcome, weight=weight, cluster=cluster),
        outcome,
        weight,
        cluster,
        _check_range(driver_range),
    )
    order = _draw_orders(len(columns.drivers), method, rng, n_orders)
    rows = rows_in_engine(frame, columns) if isinstance(frame, LazyFrame) else rows_in_memory(frame, columns)
    _check_size(rows.n, rows.n_rows, len(columns.drivers))
    moments = rows.moments()
    _check_outcome(moments, outcome)
    found = estimate(
        rows,
        moments,
        method=method,
        order=order,
        confidence_level=confidence_level,
        driver_range=columns.driver_range,
    )
    return DriverImportance(
        frame=table_like(frame, _table(found, columns)),
        r_squared=found.r_squared,
        r_squared_interval=Interval(*found.r_squared_bounds, confidence_level),
        outcome=outcome,
        method=method,
        n=moments.n,
        n_left_out=moments.n_rows - moments.n,
        n_orders=None if order is None else order.shape[0],
    )


def _check_drivers(
    names: Sequence[str],
    drivers: Sequence[str],
    *,
    outcome: str,
    weight: str | None,
    cluster: str | None,
) -> tuple[str, ...]:
    if isinstance(drivers, str) or not isinstance(drivers, Sequence) or not drivers:
        raise InvalidInputError(f"`drivers` must be a list of at least one column, got {drivers!r}")
    others: dict[str, str | None] = {"outcome": outcome, "weight": weight, "cluster": cluster}
    check_columns(names, others)
    for driver in drivers:
        check_columns(names, {**others, "drivers": driver})
    twice = [driver for i, driver in enumerate(drivers) if driver in drivers[:i]]
    if twice:
        raise InvalidInputError(
            f"`drivers` must be different columns, got {twice[0]!r} twice ({len(twice)} of {len(drivers)} "
            "drivers)"
        )
    return tuple(drivers)


def _check_range(driver_range: tuple[float, float] | None) -> tuple[float, float] | None:
    if driver_range is None:
        return None
    if not isinstance(driver_range, tuple | list) or len(driver_range) != 2:
        raise InvalidInputError(
            f"`driver_range` must be the lowest and the highest answer, got {driver_range!r}"
        )
    low, high = (check_number("driver_range", value) for value in driver_range)
    if not low < high:
        raise InvalidInputError(
            f"`driver_range` must start below its end, got {low:g} and {high:g}; the lowest answer is first"
        )
    return low, high


def _draw_orders(
    n_drivers: int, method: ImportanceMethod, rng: np.random.Generator | None, n_orders: int
) -> IntArray | None:
    count = int(check_number("n_orders", n_orders, minimum=2.0, whole=True))
    if method != "shapley" or n_drivers <= MOST_EXACT:
        return None
    if not isinstance(rng, np.random.Generator):
        raise InvalidInputError(
            f"`rng` must be a NumPy random generator for Shapley values of more than {MOST_EXACT} drivers, "
            f"got {rng!r} for {n_drivers}; pass for instance rng=np.random.default_rng(1), or "
            'method="relative_weights"'
        )
    return rng.permuted(np.tile(np.arange(n_drivers, dtype=np.int64), (count, 1)), axis=1)


def _check_size(n: int, n_rows: int, n_drivers: int) -> None:
    if n < n_drivers + 2:
        raise InvalidInputError(
            f"`survey` must have at least {n_drivers + 2} complete rows for {n_drivers} drivers, got {n} "
            f"({n_rows - n} of {n_rows} rows miss the outcome or a driver)"
        )
    if n_rows - n > _MANY_LEFT_OUT * n_rows:
        warnings.warn(
            f"{n_rows - n} of {n_rows} rows miss the outcome or a driver and are left out; customers who can "
            "rate everything may differ from those who can not: leave out drivers that apply to few",
            DataWarning,
            stacklevel=3,
        )


def _check_outcome(moments: Moments, outcome: str) -> None:
    if not np.isfinite(moments.scale[-1]):
        raise InvalidInputError(
            f"`outcome` (column {outcome!r}) must vary, got {moments.mean[-1]:g} in all {moments.n} "
            "complete rows"
        )


def _table(found: Estimates, columns: Columns) -> dict[str, Column]:
    order = np.argsort(-found.part, kind="stable")
    rising, known = found.correlation >= 0, ~np.isnan(found.correlation)
    other_sign = np.where(rising, found.slope_bounds[1] < 0, found.slope_bounds[0] > 0)
    signs = [("positive" if up else "negative") for up in rising.tolist()]
    quadrants = _quadrants(found, rising) if columns.driver_range else [None] * order.size
    return {
        "driver": [columns.drivers[i] for i in order],
        "importance": found.part[order],
        "lower": found.part_bounds[0][order],
        "upper": found.part_bounds[1][order],
        "share": found.share[order],
        "share_lower": found.share_bounds[0][order],
        "share_upper": found.share_bounds[1][order],
        "correlation": found.correlation[order],
        "coefficient": found.slope[order],
        "coefficient_lower": found.slope_bounds[0][order],
        "coefficient_upper": found.slope_bounds[1][order],
        "direction": [signs[i] if known[i] else None for i in order],
        "suppressor": (known & other_sign)[order].tolist(),
        "performance": found.mean[order],
        "performance_lower": found.mean_bounds[0][order],
        "performance_upper": found.mean_bounds[1][order],
        "quadrant": [quadrants[i] for i in order],
    }


def _quadrants(found: Estimates, rising: BoolArray) -> list[str | None]:
    """Martilla and James's names; none where more of the driver goes with less of the outcome."""
    important = found.part >= found.part.mean()
    good = found.mean >= found.mean.mean()
    names = {
        (True, False): "concentrate here",
        (True, True): "keep up the good work",
        (False, False): "low priority",
        (False, True): "possible overkill",
    }
    return [names[bool(a), bool(b)] if up else None for a, b, up in zip(important, good, rising, strict=True)]

"""Drawings of who leaves: cohorts, survival curves and projections."""

# Matplotlib's own annotations leave keyword arguments open.
# pyright: reportUnknownMemberType=false

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import ArrayLike

from customer_centric._core.checks import check_array, check_number
from customer_centric.errors import InvalidInputError
from customer_centric.plot._drawing import (
    BAND,
    LABELLED,
    MODEL,
    MUTED,
    SMALL,
    end_labels,
    new_axes,
    percent,
    small_print,
)
from customer_centric.plot._labels import size_in_points
from customer_centric.typing import BoolArray, FloatArray

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

    from customer_centric.churn.survival import SurvivalCurve
    from customer_centric.churn.triangle import RetentionTriangle

__all__ = ["plot_cohort_curves", "plot_projection", "plot_survival", "plot_triangle"]

_ROW: Final = 0.25  # inches a cohort
_TALLEST: Final = 9.0
# Text in the colour of the page is read on the darkest cell, on a light page and on a dark one.
_PALEST, _DARKEST = 0.05, 0.45
_NARROW: Final = 0.6  # mean width of a figure over the size of the font
_MOST_TICKS: Final = 30
_SMALLEST: Final = 6.5


def plot_triangle(triangle: RetentionTriangle, *, rates: bool = True, ax: Axes | None = None) -> Axes:
    """Cohorts by age as a map: the darker a cell, the more of the cohort are there.

    Parameters
    ----------
    triangle : RetentionTriangle
        What `retention_triangle`, `revenue_triangle` or `survived_triangle` returned.
    rates : bool, default True
        Whether cells are shares of the first period of the cohort; else its customers, or its revenue.
    ax : Axes, optional
        Where to draw; a figure of its own by default.

    Returns
    -------
    Axes
        Cohorts downwards, ages to the right, numbers in the cells where they fit. Cells that were not
        observed are empty; a 0 is a period that was, and in which nobody was there. The first column is the
        size of the cohort, and the colours are those of the others. Cohorts of nobody are left out.

    Examples
    --------
    >>> from customer_centric import retention_triangle
    >>> from customer_centric.datasets import load_cdnow_sample
    >>> triangle = retention_triangle(
    ...     load_cdnow_sample(),
    ...     customer="customer",
    ...     date="date",
    ...     period="month",
    ...     as_of="1998-06-30",
    ... )
    >>> ax = plot_triangle(triangle)
    >>> [label.get_text() for label in ax.get_yticklabels()]
    ['Jan 1997', 'Feb 1997', 'Mar 1997']
    """
    from matplotlib.collections import PolyCollection

    kept = _with_customers(triangle)
    cells = triangle.rates[kept] if rates else triangle.values[kept]
    starts = triangle.values[kept, 0]
    n_rows, n_ages = cells.shape
    height = min(0.75 + _ROW * n_rows, _TALLEST)
    axes, ink = new_axes(ax, left=0.125, right=0.985, height=height, grid="x")
    axes.grid(visible=False)
    axes.spines["bottom"].set_visible(False)
    row, age = np.nonzero(~np.isnan(cells))
    later = age > 0
    corners = np.array([[-0.48, -0.46], [0.48, -0.46], [0.48, 0.46], [-0.48, 0.46]])
    boxes = np.stack([age, row], axis=1)[:, None, :] + corners
    for chosen, color, depth in (
        (later, MODEL, _depths(cells[row, age], later)[later]),
        (~later, ink, np.full(int((~later).sum()), 0.08)),
    ):
        axes.add_collection(
            PolyCollection(list(boxes[chosen]), facecolors=[(color, float(a)) for a in depth], linewidths=0)
        )
    axes.set_xlim(-0.5, n_ages - 0.5)
    axes.set_ylim(n_rows - 0.5, -0.5)
    _name_cells(axes, cells, starts, ink, rates=rates)
    _name_cohorts(axes, [triangle.cohorts[i] for i in np.flatnonzero(kept)], triangle.period)
    _name_ages(axes, n_ages)
    what = {"active": "active", "survived": "never left", "revenue": "revenue"}[triangle.kind]
    of_first = f"{what}, in % of the first" if rates else what
    first = "revenue" if triangle.kind == "revenue" else "customers"
    axes.set_xlabel(f"{triangle.period}s since the first ({of_first}; 0: {first})")
    return axes


def _with_customers(triangle: RetentionTriangle) -> BoolArray:
    """Cohorts that somebody, or some revenue, belongs to."""
    if not triangle.values.size:
        raise InvalidInputError("`triangle` must have at least one cohort, got none")
    return np.asarray(np.nan_to_num(triangle.values[:, 0]) != 0, dtype=np.bool_)


def _depths(values: FloatArray, counted: BoolArray) -> FloatArray:
    """How deep the colour of each cell is, from nothing to the largest that counts."""
    largest = float(values[counted].max(initial=0.0))
    shares = np.clip(values / largest, 0.0, 1.0) if largest > 0 else np.zeros_like(values)
    return _PALEST + (_DARKEST - _PALEST) * shares


def _name_cells(axes: Axes, cells: FloatArray, starts: FloatArray, ink: str, *, rates: bool) -> None:
    """Numbers in the cells, as large as they fit; none where they do not."""
    width, height = size_in_points(axes)
    n_rows, n_ages = cells.shape
    row, age = np.nonzero(~np.isnan(cells))
    texts = [
        _short(starts[i]) if k == 0 else (f"{100 * cells[i, k]:.0f}" if rates else _short(cells[i, k]))
        for i, k in zip(row.tolist(), age.tolist(), strict=True)
    ]
    longest = max(map(len, texts), default=1)
    font = min(SMALL, 0.84 * width / n_ages / (_NARROW * longest), 0.75 * height / n_rows)
    if font < _SMALLEST:
        return
    for i, k, text in zip(row.tolist(), age.tolist(), texts, strict=True):
        axes.text(k, i, text, ha="center", va="center", color=ink, fontsize=font)


def _short(value: float) -> str:
    """A number in at most four characters or so: 950, 1.2k, 35k."""
    for unit, size in (("M", 1e6), ("k", 1e3)):
        if abs(value) >= size:
            return f"{value / size:.{1 if abs(value) < 10 * size else 0}f}{unit}"
    return f"{value:.0f}"


def _name_cohorts(axes: Axes, cohorts: Sequence[date], period: str) -> None:
    """As many names of cohorts as there is room for."""
    _, height = size_in_points(axes)
    step = max(1, int(np.ceil(len(cohorts) * 1.25 * SMALL / height)))
    places = range(0, len(cohorts), step)
    axes.set_yticks(list(places), [_name(cohorts[i], period) for i in places])


def _name_ages(axes: Axes, n_ages: int) -> None:
    width, _ = size_in_points(axes)
    step = max(1, int(np.ceil(n_ages * 2.2 * SMALL / width)))
    axes.set_xticks(list(range(0, n_ages, step)))


_MONTHS: Final = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def _name(first_day: date, period: str) -> str:
    """Jan 1997, Q1 1997, 1997, or the first day."""
    if period == "month":
        return f"{_MONTHS[first_day.month - 1]} {first_day.year}"
    if period == "quarter":
        return f"Q{(first_day.month + 2) // 3} {first_day.year}"
    return str(first_day.year) if period == "year" else str(first_day)


def plot_cohort_curves(triangle: RetentionTriangle, *, ax: Axes | None = None) -> Axes:
    """The share of each cohort that is there, by age, and all cohorts together.

    Parameters
    ----------
    triangle : RetentionTriangle
        What `retention_triangle`, `revenue_triangle` or `survived_triangle` returned.
    ax : Axes, optional
        Where to draw; a figure of its own by default.

    Returns
    -------
    Axes
        A thin line a cohort and a bold one for the pooled ages, with its band where these customers never
        come back.

    Examples
    --------
    >>> import pandas as pd
    >>> from customer_centric import survived_triangle
    >>> contracts = pd.DataFrame(
    ...     {
    ...         "id": [1, 2, 3, 4],
    ...         "from": ["2024-01-05", "2024-01-20", "2024-02-11", "2024-02-12"],
    ...         "until": ["2024-02-10", None, "2024-03-01", None],
    ...     }
    ... )
    >>> triangle = survived_triangle(
    ...     contracts,
    ...     customer="id",
    ...     begins="from",
    ...     ends="until",
    ...     period="month",
    ...     as_of="2024-03-31",
    ... )
    >>> ax = plot_cohort_curves(triangle)
    >>> ax.get_xlabel()
    'months since the first'
    """
    kept = _with_customers(triangle)
    cohorts, pooled = triangle.rates[kept], triangle.pooled
    axes, ink = new_axes(ax, right=0.845)
    ages: FloatArray = np.arange(cohorts.shape[1], dtype=np.float64)
    for rates in cohorts:
        marker = "." if np.isfinite(rates).sum() == 1 else None
        axes.plot(ages, rates, color=ink, alpha=0.35, linewidth=0.9, marker=marker)
    together = pooled["survival"].to_numpy(dtype=np.float64)
    if "lower" in pooled:
        axes.fill_between(ages, pooled["lower"], pooled["upper"], color=MODEL, alpha=BAND, linewidth=0)
    axes.plot(ages, together, color=MODEL, linewidth=2.4)
    _from_zero(axes, float(np.nanmax([np.nanmax(cohorts), np.nanmax(together)])))
    axes.set_xlim(0, max(1.0, float(ages[-1])))
    _whole_numbers(axes)
    axes.set_xlabel(f"{triangle.period}s since the first")
    share = {"active": "share who are active", "survived": "share who never left", "revenue": "revenue"}
    axes.set_ylabel(share[triangle.kind] + (" over that of the first" if triangle.kind == "revenue" else ""))
    last = np.flatnonzero(np.isfinite(together))[-1]
    end_labels(axes, float(ages[-1]), [(float(together[last]), "all cohorts", MODEL)])
    return axes


def _whole_numbers(axes: Axes) -> None:
    from matplotlib.ticker import MaxNLocator

    axes.xaxis.set_major_locator(MaxNLocator(nbins=9, steps=[1, 2, 5, 10], integer=True))


def _from_zero(axes: Axes, top: float) -> None:
    """Shares upwards from 0, a little beyond the largest."""
    axes.set_ylim(0, max(1.02, 1.04 * top))
    percent(axes, "y")


def plot_survival(curve: SurvivalCurve, *, ax: Axes | None = None) -> Axes:
    """The share of customers who stay longer than each duration, with its bounds.

    Parameters
    ----------
    curve : SurvivalCurve
        What `survival_curve` returned.
    ax : Axes, optional
        Where to draw; a figure of its own by default.

    Returns
    -------
    Axes
        Steps from 1 downwards in a band, with ticks where customers who are still there were last seen: not
        all of them where they are many. A thin line marks the time after which half are left.

    Examples
    --------
    >>> from customer_centric import survival_curve
    >>> curve = survival_curve([2, 5, 5, 8, 10], [True, True, False, True, False], unit="month")
    >>> ax = plot_survival(curve)
    >>> ax.get_xlabel()
    'months'
    """
    axes, ink = new_axes(ax)
    time, share, lower, upper = (
        np.concatenate([[start], values])
        for start, values in (
            (0.0, curve.duration),
            (1.0, curve.survival),
            (float(curve.lower[0]) if curve.lost[0] == 0 else 1.0, curve.lower),
            (1.0, curve.upper),
        )
    )
    axes.fill_between(time, lower, upper, step="post", color=MODEL, alpha=BAND, linewidth=0)
    axes.step(time, share, where="post", color=MODEL, linewidth=2)
    seen = _sparse(curve.duration, curve.duration[curve.censored > 0])
    if seen.size:
        axes.plot(seen, curve.at(seen), color=MODEL, linestyle="none", marker="|", markersize=7)
        small_print(axes, "ticks: last seen, and still there", (0.99, 0.97), ink, ha="right", va="top")
    median = curve.quantile()[0]
    if np.isfinite(median):
        axes.vlines(median, 0, 0.5, color=ink, alpha=MUTED, linewidth=0.8, linestyle=(0, (4, 3)))
        side = -1 if median > 0.6 * time[-1] else 1
        axes.annotate(
            f"half are left after {median:,.3g} {curve.unit}{'' if median == 1 else 's'}",
            (median, 0.03),
            xytext=(5 * side, 0),
            textcoords="offset points",
            color=ink,
            alpha=MUTED,
            fontsize=SMALL,
            ha="right" if side < 0 else "left",
        )
    axes.set_xlim(0, max(float(time[-1]), 1e-9) * 1.01)
    _from_zero(axes, 1.0)
    axes.set_xlabel(f"{curve.unit}s" + (f" after the first {curve.tenure:,.4g}" if curve.tenure else ""))
    axes.set_ylabel("share who stay longer")
    return axes


def _sparse(durations: FloatArray, places: FloatArray) -> FloatArray:
    """The first of the places in each of so many stretches."""
    stretch = np.floor(_MOST_TICKS * places / max(float(durations[-1]), 1e-9))
    return places[np.unique(stretch, return_index=True)[1]]


def plot_projection(
    survivors: ArrayLike, projection: pd.DataFrame, *, renewals: float = 0, ax: Axes | None = None
) -> Axes:
    """Customers who were left after each renewal, and how many will be.

    Parameters
    ----------
    survivors : array_like of shape (n_periods,)
        Customers at the start, after the first renewal, the second, and so on.
    projection : pandas.DataFrame
        What `project_retention` returned.
    renewals : float, default 0
        Renewals that had been made where the projection begins: the `tenure` that was said there.
    ax : Axes, optional
        Where to draw; a figure of its own by default.

    Returns
    -------
    Axes
        A point a renewal for what happened, and a line in the band between whose bounds the number of
        customers will fall.

    Raises
    ------
    InvalidInputError
        If a number of customers is negative, there are none, or `renewals` is negative.

    Examples
    --------
    >>> import numpy as np
    >>> from customer_centric import RenewalCounts, fit_sbg, project_retention
    >>> survivors = [1000, 631, 468, 382, 326, 289, 262, 241]
    >>> fit = fit_sbg(RenewalCounts.from_survivors(survivors))
    >>> ahead = project_retention(fit, 1000, 12, rng=np.random.default_rng(1))
    >>> ax = plot_projection(survivors, ahead)
    >>> ax.get_ylabel()
    'customers left'
    """
    left = check_array("survivors", survivors, minimum=0.0)
    start = check_number("renewals", renewals, minimum=0.0)
    if left.ndim != 1 or left.size == 0:
        raise InvalidInputError(f"`survivors` must be one row of customers, got shape {left.shape}")
    axes, ink = new_axes(ax, right=LABELLED)
    period, expected, lower, upper = (
        projection[name].to_numpy(dtype=np.float64) for name in ("period", "expected", "lower", "upper")
    )
    share = float(projection["survival"].iloc[0])
    begun = expected[0] / share if share > 0 else expected[0]
    time = np.concatenate([[start], start + period])
    axes.fill_between(
        time,
        np.concatenate([[begun], lower]),
        np.concatenate([[begun], upper]),
        color=MODEL,
        alpha=BAND,
        linewidth=0,
    )
    axes.plot(time, np.concatenate([[begun], expected]), color=MODEL, linewidth=2)
    axes.plot(np.arange(left.size), left, color=ink, linestyle="none", marker="o", markersize=4.5, zorder=3)
    axes.set_ylim(0, 1.04 * max(float(left.max()), float(upper.max()), begun, 1.0))
    reach = max(float(time[-1]), left.size - 1.0)
    axes.set_xlim(-0.02 * reach, 1.01 * reach)
    _whole_numbers(axes)
    axes.set_xlabel("renewals")
    axes.set_ylabel("customers left")
    end_labels(axes, axes.get_xlim()[1], [(float(expected[-1]), "expected", MODEL)])
    small_print(axes, "points: what happened", (0.99, 0.97), ink, ha="right", va="top")
    return axes

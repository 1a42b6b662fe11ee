"""Drawings of who matters most: whale and Lorenz curves, migration, and kinds of customers."""

# Matplotlib's own annotations leave keyword arguments open.
# pyright: reportUnknownMemberType=false

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

import numpy as np

from customer_centric.errors import InvalidInputError
from customer_centric.plot._drawing import BAND, MODEL, MUTED, SMALL, new_axes, percent, small_print
from customer_centric.plot._labels import size_in_points
from customer_centric.typing import FloatArray, IntArray

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from customer_centric.segments.concentration import LorenzCurve
    from customer_centric.segments.matrix import CustomerMatrix
    from customer_centric.segments.migration import Migration
    from customer_centric.segments.whale import WhaleCurve

__all__ = ["plot_customer_matrix", "plot_lorenz", "plot_migration", "plot_whale"]

_MOST_POINTS: Final = 1000  # a line of a million points looks like one of a thousand
# Text in the colour of the page is read on the darkest cell, on a light page and on a dark one.
_PALEST, _DARKEST = 0.05, 0.45
_ROW: Final = 0.36  # inches a segment
_TALLEST: Final = 9.0
_NARROW: Final = 0.6  # mean width of a figure over the size of the font
_SMALLEST: Final = 6.5
_LONGEST: Final = 16
_DASHES: Final = (0, (4, 3))


def plot_whale(curve: WhaleCurve, *, ax: Axes | None = None) -> Axes:
    """How much of the profit the best customers earn, and what the others take away from it.

    Parameters
    ----------
    curve : WhaleCurve
        What `whale_curve` returned, of a total greater than 0.
    ax : Axes, optional
        Where to draw; a figure of its own by default.

    Returns
    -------
    Axes
        Share of the profit against share of the customers, most profitable first. A dashed line is what the
        company keeps; a point marks the peak where some customers lose money.

    Raises
    ------
    InvalidInputError
        If the total is not greater than 0: nothing is a share of it.

    Examples
    --------
    >>> from customer_centric import whale_curve
    >>> ax = plot_whale(whale_curve([500, 300, 200, 100, 50, 0, -20, -30, -100, -200]))
    >>> ax.texts[0].get_text().splitlines()
    ['peak: 144 % of the profit', 'with 50 % of the customers']
    """
    _check_shares(curve.total, curve.reason if math.isnan(curve.peak) else None)
    axes, ink = new_axes(ax, left=0.12)
    customers, share = _points(curve.cumulative, curve.total, curve.n_profitable)
    axes.axhline(1.0, color=ink, linewidth=0.8, alpha=MUTED, linestyle=_DASHES)
    axes.fill_between(customers, np.minimum(share, 1.0), share, color=MODEL, alpha=BAND, linewidth=0)
    axes.plot(customers, share, color=MODEL, linewidth=2)
    _frame_shares(axes, share, "share of customers, most profitable first", "share of profit")
    if curve.n_unprofitable:
        axes.plot([curve.share_at_peak], [curve.peak], color=MODEL, marker="o", markersize=6)
        # The curve is concave: the corner below it is free.
        told = f"peak: {curve.peak:.0%} of the profit\nwith {curve.share_at_peak:.0%} of the customers"
        small_print(axes, told.replace("%", " %"), (0.97, 0.12), ink, ha="right", alpha=1.0)
    else:
        small_print(axes, "nobody loses money", (0.97, 0.06), ink, ha="right")
    return axes


def plot_lorenz(curve: LorenzCurve, *, ax: Axes | None = None) -> Axes:
    """How little of the value the least valuable customers hold.

    Parameters
    ----------
    curve : LorenzCurve
        What `lorenz_curve` returned, of a total greater than 0.
    ax : Axes, optional
        Where to draw; a figure of its own by default.

    Returns
    -------
    Axes
        Share of the value against share of the customers, least valuable first; below 0 where some have a
        value below 0. A thin line is where all are worth the same, a point the half of the customers.

    Raises
    ------
    InvalidInputError
        If the total is not greater than 0: nothing is a share of it.

    Examples
    --------
    >>> from customer_centric import lorenz_curve
    >>> ax = plot_lorenz(lorenz_curve([1, 2, 3, 14]))
    >>> ax.get_xlabel()
    'share of customers, least valuable first'
    """
    _check_shares(curve.total, curve.reason)
    axes, ink = new_axes(ax, left=0.12)
    customers, share = _points(curve.cumulative, curve.total, 0)
    axes.fill_between(customers, share, customers, color=MODEL, alpha=BAND, linewidth=0)
    axes.plot([0, 1], [0, 1], color=ink, linewidth=0.8, alpha=MUTED, linestyle=_DASHES)
    axes.plot(customers, share, color=MODEL, linewidth=2)
    _frame_shares(axes, share, "share of customers, least valuable first", "share of value")
    axes.annotate(
        "all worth the same",
        (0.4, 0.4),
        xytext=(-6, 4),
        textcoords="offset points",
        ha="right",
        va="bottom",
        color=ink,
        alpha=MUTED,
        fontsize=SMALL,
    )
    half = float(curve.share_of_value(0.5))
    axes.plot([0.5], [half], color=MODEL, marker="o", markersize=6)
    axes.annotate(
        f"half of the customers\nhold {half:.0%} of the value".replace("%", " %"),
        (0.5, half),
        xytext=(11, -4),
        textcoords="offset points",
        va="top",
        color=ink,
        fontsize=SMALL,
    )
    return axes


def plot_migration(migration: Migration, *, ax: Axes | None = None) -> Axes:
    """Where the customers of each segment went: the darker a cell, the more of its row.

    Parameters
    ----------
    migration : Migration
        What `migration_matrix` returned.
    ax : Axes, optional
        Where to draw; a figure of its own by default.

    Returns
    -------
    Axes
        Segments before downwards, and last those who are new; segments after to the right, and last those
        who are lost. Cells are percentages of their row, whose number of customers stands with its name;
        frames mark those who stayed. Rows of nobody are empty.

    Examples
    --------
    >>> from customer_centric import migration_matrix
    >>> moved = migration_matrix(
    ...     ["gold", "gold", "gold", "basic", "basic", None],
    ...     ["gold", "basic", None, "basic", "gold", "basic"],
    ...     states=["gold", "basic"],
    ... )
    >>> ax = plot_migration(moved)
    >>> [label.get_text() for label in ax.get_yticklabels()]
    ['gold (3)', 'basic (2)', 'new (1)']
    """
    shares = migration.shares
    n = shares.shape[0]
    axes, ink = new_axes(ax, left=0.22, right=0.985, height=min(1.0 + _ROW * n, _TALLEST), grid="x")
    axes.grid(visible=False)
    axes.spines["bottom"].set_visible(False)
    # Nobody can be both new and lost: that cell is no observation.
    there = ~np.isnan(shares)
    there[-1, -1] = False
    _draw_cells(axes, shares, there)
    _frame_diagonal(axes, n - 1, ink)
    axes.set_xlim(-0.5, n - 0.5)
    axes.set_ylim(n - 0.5, -0.5)
    _write_cells(axes, shares, there, ink)
    sizes: IntArray = migration.counts.sum(axis=1)
    before = [*map(str, migration.states), "new"]
    axes.set_yticks(
        range(n), [f"{_cut(name)} ({size:,})" for name, size in zip(before, sizes.tolist(), strict=True)]
    )
    axes.set_xticks(range(n), [_cut(name) for name in [*map(str, migration.states), "lost"]])
    width, _ = size_in_points(axes)
    longest = max(len(label.get_text()) for label in axes.get_xticklabels())
    if longest * _NARROW * SMALL > 0.95 * width / n:
        axes.tick_params(axis="x", labelrotation=30)
    axes.set_xlabel("after, in % of those before (in brackets: customers)")
    return axes


def plot_customer_matrix(matrix: CustomerMatrix, *, ax: Axes | None = None) -> Axes:
    """Kinds of customers by two values: how many they are, and what they hold of each value.

    Parameters
    ----------
    matrix : CustomerMatrix
        What `clv_crv_matrix` or `loyalty_profit_matrix` returned.
    ax : Axes, optional
        Where to draw; a figure of its own by default.

    Returns
    -------
    Axes
        Four fields, the first value to the right and the second upwards: the kind, its customers, and the
        mean of each value. The darker a field, the more customers.

    Examples
    --------
    >>> from customer_centric import clv_crv_matrix
    >>> matrix = clv_crv_matrix([900, 1200, 90, 50], [30, 700, 600, 0], thresholds=(500, 200))
    >>> ax = plot_customer_matrix(matrix)
    >>> [label.get_text() for label in ax.get_xticklabels()]
    ['low, below 500', 'high']
    """
    axes, ink = new_axes(ax, left=0.2, right=0.985, grid="x")
    axes.grid(visible=False)
    axes.spines["bottom"].set_visible(False)
    across, up = matrix.axes
    shares: FloatArray = matrix.table["share"].to_numpy(dtype=np.float64).reshape(2, 2)
    # Rows of the table: both high, the first only, the second only, neither.
    fields: FloatArray = np.array([[shares[1, 0], shares[0, 0]], [shares[1, 1], shares[0, 1]]])
    _draw_cells(axes, fields, np.ones((2, 2), dtype=np.bool_))
    axes.set_xlim(-0.5, 1.5)
    axes.set_ylim(1.5, -0.5)
    for row in matrix.table.to_dict("records"):
        x, y = float(row[across] == "high"), float(row[up] == "low")
        means = "".join(
            f"\nmean {_plain(name)} {_number(float(row[f'mean_{name}']))}" for name in matrix.axes
        )
        axes.text(x, y - 0.22, str(row["segment"]), ha="center", va="center", color=ink, fontweight="bold")
        axes.text(
            x,
            y + 0.1,
            f"{int(row['customers']):,} customers, {100 * float(row['share']):.0f} %"
            + (means if row["customers"] else ""),
            ha="center",
            va="center",
            color=ink,
            fontsize=SMALL,
            linespacing=1.5,
        )
    names = [[f"low, below {_number(cut)}", "high"] for cut in matrix.thresholds]
    axes.set_xticks([0, 1], names[0])
    axes.set_yticks([0, 1], names[1][::-1])
    axes.set_xlabel(_plain(across))
    axes.set_ylabel(_plain(up))
    return axes


# ── What they share ─────────────────────────────────────────────────────────────────────────────────


def _check_shares(total: float, reason: str | None) -> None:
    if reason is not None:
        raise InvalidInputError(f"`curve` must have a total greater than 0, got {total:g}")


def _points(cumulative: FloatArray, total: float, kept: int) -> tuple[FloatArray, FloatArray]:
    """As many points of the curve as can be seen, and the one that must be."""
    n = cumulative.size - 1
    spread = np.linspace(0, n, min(n, _MOST_POINTS) + 1).astype(np.int64)
    at = np.unique(np.append(spread, kept))
    return at / n, cumulative[at] / total


def _frame_shares(axes: Axes, share: FloatArray, across: str, up: str) -> None:
    top = max(1.0, float(share.max()))
    axes.set_xlim(0, 1)
    axes.set_ylim(min(0.0, 1.05 * float(share.min())), 1.04 * top)
    axes.set_xlabel(across)
    axes.set_ylabel(up)
    percent(axes, "x")
    percent(axes, "y")


def _draw_cells(axes: Axes, shares: FloatArray, there: np.ndarray) -> None:
    from matplotlib.collections import PolyCollection

    row, column = np.nonzero(there)
    largest = float(np.nanmax(shares[there], initial=0.0))
    depth = _PALEST + (_DARKEST - _PALEST) * shares[there] / (largest or 1.0)
    corners = np.array([[-0.48, -0.46], [0.48, -0.46], [0.48, 0.46], [-0.48, 0.46]])
    boxes = np.stack([column, row], axis=1)[:, None, :] + corners
    colors = [(MODEL, float(alpha)) for alpha in depth]
    axes.add_collection(PolyCollection(list(boxes), facecolors=colors, linewidths=0))


def _frame_diagonal(axes: Axes, n: int, ink: str) -> None:
    """A thin frame around those who stayed."""
    for i in range(n):
        x = np.array([-0.48, 0.48, 0.48, -0.48, -0.48]) + i
        y = np.array([-0.46, -0.46, 0.46, 0.46, -0.46]) + i
        axes.plot(x, y, color=ink, alpha=MUTED, linewidth=0.8)


def _write_cells(axes: Axes, shares: FloatArray, there: np.ndarray, ink: str) -> None:
    """Percentages in the cells, as large as they fit; none where they do not."""
    width, height = size_in_points(axes)
    n = shares.shape[0]
    font = min(SMALL, 0.84 * width / n / (_NARROW * 3), 0.75 * height / n)
    if font < _SMALLEST:
        return
    for i, j in zip(*(place.tolist() for place in np.nonzero(there)), strict=True):
        axes.text(j, i, f"{100 * shares[i, j]:.0f}", ha="center", va="center", color=ink, fontsize=font)


def _cut(name: str) -> str:
    return name if len(name) <= _LONGEST else f"{name[: _LONGEST - 1]}…"


def _plain(name: str) -> str:
    return name.replace("_", " ")


def _number(value: float) -> str:
    """A number in as many digits as are read at a glance."""
    return f"{value:,.0f}" if abs(value) >= 100 or value % 1 == 0 else f"{value:,.3g}"

"""Drawings of what customers say: scores by group and over time, and what drives them."""

# Matplotlib's own annotations leave keyword arguments open.
# pyright: reportUnknownMemberType=false

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final, Literal, cast

import narwhals.stable.v2 as nw
import numpy as np

from customer_centric.plot._drawing import (
    BAND,
    MODEL,
    MUTED,
    SMALL,
    date_axis,
    end_labels,
    new_axes,
    percent,
    small_print,
)
from customer_centric.plot._labels import Box, name_points
from customer_centric.typing import FloatArray, FrameT

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from customer_centric.nps.drivers import DriverImportance
    from customer_centric.nps.groups import NpsByGroup
    from customer_centric.nps.trend import NpsTrend

__all__ = ["plot_driver_map", "plot_nps_groups", "plot_nps_shares", "plot_nps_trend"]

_ROW: Final = 0.36  # inches a group
_LONGEST: Final = 26
_QUIET: Final = 0.16
_COLUMNS: Final = 0.765  # leaves room for two columns of words at the right
_SLOPED: Final = 0.845  # leaves room for the slope at the end of its line
_DAYS_PER_YEAR: Final = 365.25
_FIRST, _SECOND = 46.0, 98.0  # points from the axes to where these columns end


def plot_nps_shares(groups: NpsByGroup[FrameT], *, ax: Axes | None = None) -> Axes:
    """Promoters, passives and detractors of each group, highest score first.

    Parameters
    ----------
    groups : NpsByGroup
        What `nps_by` returned.
    ax : Axes, optional
        Where to draw; a figure of its own by default.

    Returns
    -------
    Axes
        A bar a group with the passives in the middle, so that it leans to the side of the greater share;
        score and number of answers stand beside it.

    Examples
    --------
    >>> import pandas as pd
    >>> from customer_centric import nps_by
    >>> survey = pd.DataFrame({"shop": ["a"] * 4 + ["b"] * 3, "rating": [10, 9, 8, 3, 0, 7, 9]})
    >>> ax = plot_nps_shares(nps_by(survey, "shop", rating="rating"))
    >>> [label.get_text() for label in ax.get_yticklabels()]
    ['b', 'a']
    """
    rows = _Rows(groups)
    axes, ink = new_axes(ax, left=rows.left, right=_COLUMNS, height=rows.height, grid="x")
    promoters, passives, detractors = (
        np.nan_to_num(rows.numbers(f"{name}_share")) for name in ("promoter", "passive", "detractor")
    )
    start = -passives / 2
    for left, width, color, alpha in (
        (start - detractors, detractors, ink, MUTED),
        (start, passives, ink, _QUIET),
        (start + passives, promoters, MODEL, 1.0),
    ):
        axes.barh(rows.place, width, left=left, color=color, alpha=alpha, height=0.62, linewidth=0)
    reach = 1.02 * max(0.5, float((detractors + passives / 2).max()), float((promoters + passives / 2).max()))
    axes.set_xlim(-reach, reach)
    axes.set_xticks(
        [tick for tick in (-1.0, -0.75, -0.5, -0.25, 0, 0.25, 0.5, 0.75, 1.0) if abs(tick) <= reach]
    )
    axes.set_xticklabels([f"{abs(100 * tick):.0f} %" for tick in axes.get_xticks()])
    axes.set_xlabel("share of the answers, passives in the middle")
    rows.label(axes)
    rows.head(axes, "detractors", 0.0, ink)
    rows.head(axes, "passives", 0.5, ink, ha="center")
    rows.head(axes, "promoters", 1.0, MODEL, ha="right")
    rows.column(axes, "NPS", _scores(rows.numbers("score")), _FIRST, ink)
    rows.column(axes, "answers", [f"{n:,.0f}" for n in rows.numbers("n").tolist()], _SECOND, ink)
    return axes


def plot_nps_groups(groups: NpsByGroup[FrameT], *, ax: Axes | None = None) -> Axes:
    """Score of each group with its interval, and what it is likely to be given all groups.

    Parameters
    ----------
    groups : NpsByGroup
        What `nps_by` returned.
    ax : Axes, optional
        Where to draw; a figure of its own by default.

    Returns
    -------
    Axes
        A point and a line a group, highest score first, with the shrunken score below; a thin line across
        marks the score of everybody, and the bounds of the rank stand beside.

    Examples
    --------
    >>> import pandas as pd
    >>> from customer_centric import nps_by
    >>> survey = pd.DataFrame({"shop": ["a"] * 4 + ["b"] * 3, "rating": [10, 9, 8, 3, 0, 7, 9]})
    >>> ax = plot_nps_groups(nps_by(survey, "shop", rating="rating"))
    >>> ax.get_xlabel()
    'Net Promoter Score'
    """
    rows = _Rows(groups)
    axes, ink = new_axes(ax, left=rows.left, right=_COLUMNS, height=rows.height, grid="x")
    apart = 0.17
    for name, bounds, color, shift, marker in (
        ("score", ("lower", "upper"), ink, apart, "o"),
        ("shrunken", ("shrunken_lower", "shrunken_upper"), MODEL, -apart, "D"),
    ):
        place = rows.place + shift
        lower, upper = (rows.numbers(bound) for bound in bounds)
        axes.hlines(place, lower, upper, color=color, linewidth=1.6, alpha=MUTED)
        axes.plot(rows.numbers(name), place, linestyle="none", marker=marker, color=color, markersize=5)
    everybody = groups.overall.score
    axes.vlines(
        everybody, -0.55, rows.top - 0.35, color=ink, alpha=MUTED, linewidth=0.8, linestyle=(0, (4, 3))
    )
    axes.set_xlim(-104, 104)
    axes.set_xticks(np.arange(-100, 101, 50))
    axes.set_xlabel("Net Promoter Score")
    rows.label(axes)
    rows.head(
        axes, f"everybody {_scores(np.array([everybody]))[0]}", (everybody + 104) / 208, ink, ha="center"
    )
    # The names of the points stand on the side that everybody leaves free.
    first, second = (0.0, 0.17) if everybody > 0 else (0.66, 0.83)
    rows.head(axes, "score", first, ink)
    rows.head(axes, "shrunken", second, MODEL)
    lower, upper = rows.numbers("rank_lower").tolist(), rows.numbers("rank_upper").tolist()
    ranks = [f"{a:.0f}" if a == b else f"{a:.0f} to {b:.0f}" for a, b in zip(lower, upper, strict=True)]
    rows.column(axes, "rank", ranks, _FIRST, ink)
    rows.column(axes, "answers", [f"{n:,.0f}" for n in rows.numbers("n").tolist()], _SECOND, ink)
    return axes


def plot_nps_trend(trend: NpsTrend[FrameT], *, ax: Axes | None = None) -> Axes:
    """The score of each wave with its interval, and whether it goes anywhere.

    Parameters
    ----------
    trend : NpsTrend
        What `nps_trend` returned.
    ax : Axes, optional
        Where to draw; a figure of its own by default.

    Returns
    -------
    Axes
        A point a wave, with a ring where it lies outside the control limits, which are a band around the
        score of all waves; a line with the slope in points a year, where there is one.

    Examples
    --------
    >>> import pandas as pd
    >>> from customer_centric import nps_trend
    >>> survey = pd.DataFrame(
    ...     {"day": ["2024-01-09", "2024-02-09", "2024-03-09"] * 4, "rating": [9, 7, 10, 3] * 3}
    ... )
    >>> ax = plot_nps_trend(nps_trend(survey, rating="rating", answered="day", period="month"))
    >>> ax.get_ylabel()
    'Net Promoter Score'
    """
    columns = _columns(trend.frame)
    days = np.array(columns[next(iter(columns))], dtype="datetime64[D]")
    score, lower, upper, n, low, high = (
        _numbers(columns[name]) for name in ("score", "lower", "upper", "n", "limit_lower", "limit_upper")
    )
    axes, ink = new_axes(ax, right=_SLOPED)
    axes.fill_between(days, low, high, step="mid", color=ink, alpha=0.5 * BAND, linewidth=0)
    axes.axhline(trend.centre, color=ink, alpha=MUTED, linewidth=0.8, linestyle=(0, (4, 3)))
    axes.vlines(days, lower, upper, color=ink, linewidth=1.4, alpha=MUTED)
    axes.plot(days, score, color=ink, linestyle="none", marker="o", markersize=5)
    outside = (score < low) | (score > high)
    axes.plot(
        days[outside],
        score[outside],
        color=ink,
        linestyle="none",
        marker="o",
        markersize=11,
        fillstyle="none",
    )
    if np.isfinite(trend.slope):
        years = (days - days[0]).astype(np.float64) / _DAYS_PER_YEAR
        weight = np.where(np.isnan(score), 0.0, n)
        start = weight @ (np.nan_to_num(score) - trend.slope * years) / weight.sum()
        line = start + trend.slope * years
        axes.plot(days, line, color=MODEL, linewidth=2)
        slope = f"{trend.slope:+.1f}".replace("-", "\u2212")
        lines = [(float(line[-1]), f"{slope} a year", MODEL), (trend.centre, "all waves", ink)]
    else:
        lines = [(trend.centre, "all waves", ink)]
    bottom, top = float(np.nanmin([lower, low])), float(np.nanmax([upper, high]))
    room = 0.06 * max(top - bottom, 10.0)
    axes.set_ylim(max(bottom - 2 * room, -108.0), min(top + room, 104.0))
    axes.set_ylabel("Net Promoter Score")
    date_axis(axes, at_least=min(4, days.size))
    axes.margins(x=0.04)
    end_labels(axes, axes.get_xlim()[1], lines)
    small_print(
        axes, "band: control limits, where chance alone would keep a wave", (0.01, 0.025), ink, va="bottom"
    )
    return axes


def plot_driver_map(importance: DriverImportance[FrameT], *, ax: Axes | None = None) -> Axes:
    """What matters to customers against how well it is done: where to work first.

    Parameters
    ----------
    importance : DriverImportance
        What `driver_importance` returned; with `driver_range`, so that the drivers are on one scale.
    ax : Axes, optional
        Where to draw; a figure of its own by default.

    Returns
    -------
    Axes
        A point a driver: its share of what the drivers explain over its mean, with both intervals. Lines at
        the means part the quadrants, which are named. An open point is a driver more of which goes with
        less of the outcome: the quadrants do not speak of it.

    Examples
    --------
    >>> import numpy as np
    >>> import pandas as pd
    >>> from customer_centric import driver_importance
    >>> rng = np.random.default_rng(1)
    >>> ratings = rng.integers(1, 6, size=(200, 2))
    >>> survey = pd.DataFrame(ratings, columns=["price", "service"])
    >>> survey["rating"] = survey["price"] + 2 * survey["service"] + rng.normal(size=200)
    >>> found = driver_importance(
    ...     survey, outcome="rating", drivers=["price", "service"], driver_range=(1, 5)
    ... )
    >>> ax = plot_driver_map(found)
    >>> ax.get_xlabel()
    'performance (mean rating)'
    """
    table = _columns(importance.frame)
    names = [str(name) for name in table["driver"]]
    x, y = _numbers(table["performance"]), np.nan_to_num(_numbers(table["share"]))
    lower, upper = (np.nan_to_num(_numbers(table[f"share_{end}"])) for end in ("lower", "upper"))
    negative = np.array([direction == "negative" for direction in table["direction"]])
    axes, ink = new_axes(ax)
    left, right = (_numbers(table[f"performance_{end}"]) for end in ("lower", "upper"))
    left, right = np.where(np.isnan(left), x, left), np.where(np.isnan(right), x, right)
    axes.vlines(x, lower, upper, color=MODEL, linewidth=1.4, alpha=3 * BAND)
    axes.hlines(y, left, right, color=MODEL, linewidth=1.4, alpha=3 * BAND)
    for chosen, face in ((~negative, MODEL), (negative, "none")):
        axes.scatter(x[chosen], y[chosen], s=44, facecolor=face, edgecolor=MODEL, linewidth=1.4, zorder=3)
    start, end = float(left.min()), float(right.max())
    margin = max(0.12 * (end - start), 0.02 * abs(end))
    axes.set_xlim(start - margin, end + margin)
    top = 1.16 * max(float(upper.max()), 0.01)
    axes.set_ylim(-0.12 * top, top)
    axes.set_yticks([tick for tick in axes.get_yticks().tolist() if 0 <= tick <= top])
    axes.set_xlabel("performance (mean rating)")
    axes.set_ylabel(f"importance (share of R\u00b2 {importance.r_squared:.2f})")
    percent(axes, "y")
    lines = [*zip(x, lower, x, upper, strict=True), *zip(left, y, right, y, strict=True)]
    if any(isinstance(quadrant, str) for quadrant in table["quadrant"]):
        lines += _draw_quadrants(axes, float(x.mean()), float(y.mean()), ink)
    name_points(
        axes, x, y, names, ink, lines=[(float(a), float(b), float(c), float(d)) for a, b, c, d in lines]
    )
    return axes


def _draw_quadrants(axes: Axes, x: float, y: float, ink: str) -> list[Box]:
    """The lines between the quadrants, and their names in the corners; where the lines are."""
    for line in (axes.axvline(x), axes.axhline(y)):
        line.set(color=ink, alpha=MUTED, linewidth=0.8, linestyle=(0, (4, 3)))
    small_print(axes, "concentrate here", (0.01, 0.97), ink, va="top")
    small_print(axes, "keep up the good work", (0.99, 0.97), ink, ha="right", va="top")
    small_print(axes, "low priority", (0.01, 0.03), ink, va="bottom")
    small_print(axes, "possible overkill", (0.99, 0.03), ink, ha="right", va="bottom")
    (left, right), (bottom, top) = axes.get_xlim(), axes.get_ylim()
    return [(x, bottom, x, top), (left, y, right, y)]


class _Rows:
    """The groups of a drawing from the lowest score at the foot to the highest at the top."""

    def __init__(self, groups: NpsByGroup[Any]) -> None:
        columns = _columns(groups.frame)
        names = list(columns)
        by = names[: names.index("n")]
        score = _numbers(columns["score"])
        # Groups without an answer have no score and stand at the foot.
        order = np.argsort(np.nan_to_num(score, nan=-np.inf), kind="stable").tolist()
        self._columns = {name: [values[i] for i in order] for name, values in columns.items()}
        labels = [", ".join(str(columns[name][i]) for name in by) or "everybody" for i in order]
        self._labels = [_shortened(label) for label in labels]
        self.place = np.arange(len(order), dtype=np.float64)

    @property
    def left(self) -> float:
        """Share of the width that the names need."""
        return 0.035 + 0.0127 * max(map(len, self._labels), default=1)

    @property
    def height(self) -> float:
        """Inches that the rows need."""
        return 1.35 + _ROW * max(len(self._labels), 1)

    @property
    def top(self) -> float:
        """Where the heads of columns stand."""
        return len(self._labels) - 0.05

    def head(
        self, axes: Axes, text: str, x: float, color: str, *, ha: Literal["left", "center", "right"] = "left"
    ) -> None:
        """A word in the head, at a share of the width of the axes."""
        axes.annotate(
            text,
            (x, self.top),
            xycoords=("axes fraction", "data"),
            ha=ha,
            va="center",
            color=color,
            fontsize=SMALL,
            annotation_clip=False,
        )

    def numbers(self, name: str) -> FloatArray:
        """A column, in the order of the rows."""
        return _numbers(self._columns[name])

    def label(self, axes: Axes) -> None:
        """Names at the left, and room for the heads of columns at the top."""
        axes.set_ylim(-0.55, len(self._labels) + 0.4)
        axes.set_yticks(self.place, self._labels)

    def column(self, axes: Axes, head: str, texts: Sequence[str], points: float, ink: str) -> None:
        """Words at the right, one a row, under their head; they end so many points beside the axes."""
        places = [self.top, *self.place.tolist()]
        for i, (place, text) in enumerate(zip(places, [head, *texts], strict=True)):
            axes.annotate(
                text,
                (1.0, place),
                xycoords=("axes fraction", "data"),
                xytext=(points, 0.0),
                textcoords="offset points",
                ha="right",
                va="center",
                color=ink,
                alpha=1.0 if i else MUTED,
                fontsize=SMALL,
                annotation_clip=False,
            )


def _columns(frame: object) -> dict[str, list[Any]]:
    """The columns of a small frame of any kind."""
    native: nw.DataFrame[Any] | nw.LazyFrame[Any] = nw.from_native(cast("Any", frame))
    rows = native.lazy().collect()
    return {name: rows[name].to_list() for name in rows.columns}


def _numbers(values: Sequence[Any]) -> FloatArray:
    """Numbers as floats; NaN where one is missing."""
    return np.array([np.nan if value is None else value for value in values], dtype=np.float64)


def _scores(values: FloatArray) -> list[str]:
    """Scores with a proper minus; a dash where there is none."""
    return [
        "\u2013" if np.isnan(value) else f"{value:.1f}".replace("-", "\u2212") for value in values.tolist()
    ]


def _shortened(label: str) -> str:
    return label if len(label) <= _LONGEST else label[: _LONGEST - 1] + "\u2026"

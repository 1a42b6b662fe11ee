"""Names beside points, placed so that they keep clear of one another."""

# Matplotlib's own annotations leave keyword arguments open.
# pyright: reportUnknownMemberType=false

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Final, TypeAlias

import numpy as np

from customer_centric.plot._drawing import SMALL
from customer_centric.typing import FloatArray

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.text import Text

Box: TypeAlias = tuple[float, float, float, float]
"""Left, bottom, right and top."""

_POINT: Final = 5.0
_GAP: Final = 3.0
_FAR: Final = 17.0
_WIDE: Final = 0.56  # mean width of a character over the size of the font
# Where a name may stand: sideways and upwards from its point, -1 to 1; right first, far last.
_PLACES: Final = ((1, 0), (-1, 0), (0, 1), (0, -1), (1, 1), (1, -1), (-1, 1), (-1, -1))


def name_points(
    axes: Axes,
    x: FloatArray,
    y: FloatArray,
    names: Sequence[str],
    color: str,
    *,
    lines: Sequence[Box] = (),
) -> None:
    """Write the names beside the points, in the order given; where it is crowded, with a thin line.

    They keep clear of lines, each from a place to another, and of what stands in the axes already.
    """
    places = _in_points(axes, x, y)
    width, height = size_in_points(axes)
    taken: list[Box] = [(px - _POINT, py - _POINT, px + _POINT, py + _POINT) for px, py in places.tolist()]
    taken += [_box_of(note, width, height) for note in axes.texts]
    taken += [_around(axes, line) for line in lines]
    for (px, py), at, name in zip(
        places.tolist(), zip(x.tolist(), y.tolist(), strict=True), names, strict=True
    ):
        size = _text_size(name)
        tries = [_box(px, py, size, place, reach) for reach in (_POINT + _GAP, _FAR) for place in _PLACES]
        costs = [_crowding(box, taken, width, height) for box in tries]
        best = int(np.argmin(costs))
        box = tries[best]
        taken.append(box)
        axes.annotate(
            name,
            at,
            xytext=((box[0] + box[2]) / 2 - px, (box[1] + box[3]) / 2 - py),
            textcoords="offset points",
            ha="center",
            va="center",
            color=color,
            fontsize=SMALL,
            annotation_clip=False,
            arrowprops={"arrowstyle": "-", "color": color, "alpha": 0.4, "linewidth": 0.6, "shrinkB": 4}
            if best >= len(_PLACES)
            else None,
        )


def _around(axes: Axes, line: Box) -> Box:
    """The box around a level or upright line between two places of the data."""
    ends = _in_points(axes, np.array([line[0], line[2]]), np.array([line[1], line[3]]))
    (left, low), (right, high) = ends.min(axis=0).tolist(), ends.max(axis=0).tolist()
    return left - 1.0, low - 1.0, right + 1.0, high + 1.0


def _box_of(note: Text, width: float, height: float) -> Box:
    """Where a word stands that was placed by shares of the axes."""
    x, y = note.get_position()
    long, high = _text_size(note.get_text())
    left = width * x - {"left": 0.0, "center": 0.5, "right": 1.0}[note.get_horizontalalignment()] * long
    low = height * y - {"bottom": 0.0, "center": 0.5, "top": 1.0}[note.get_verticalalignment()] * high
    return left, low, left + long, low + high


def _text_size(text: str) -> tuple[float, float]:
    return _WIDE * SMALL * len(text), 1.25 * SMALL


def size_in_points(axes: Axes) -> tuple[float, float]:
    """Width and height of the axes, in points."""
    scale = 72.0 / float(axes.get_figure(root=True).dpi)  # type: ignore[union-attr]
    return float(axes.bbox.width) * scale, float(axes.bbox.height) * scale


def _in_points(axes: Axes, x: FloatArray, y: FloatArray) -> FloatArray:
    width, height = size_in_points(axes)
    (left, right), (bottom, top) = axes.get_xlim(), axes.get_ylim()
    return np.column_stack([width * (x - left) / (right - left), height * (y - bottom) / (top - bottom)])


def _box(px: float, py: float, size: tuple[float, float], place: tuple[int, int], reach: float) -> Box:
    sideways, upwards = place
    middle = px + sideways * (reach + size[0] / 2), py + upwards * (reach * 0.6 + size[1] / 2)
    return (
        middle[0] - size[0] / 2,
        middle[1] - size[1] / 2,
        middle[0] + size[0] / 2,
        middle[1] + size[1] / 2,
    )


def _crowding(box: Box, taken: Iterable[Box], width: float, height: float) -> float:
    """Area that the box shares with others, or that lies outside the axes."""
    inside = max(0.0, min(box[2], width) - max(box[0], 0.0)) * max(
        0.0, min(box[3], height) - max(box[1], 0.0)
    )
    outside = (box[2] - box[0]) * (box[3] - box[1]) - inside
    shared = sum(
        max(0.0, min(box[2], other[2]) - max(box[0], other[0]))
        * max(0.0, min(box[3], other[3]) - max(box[1], other[1]))
        for other in taken
    )
    return outside + shared

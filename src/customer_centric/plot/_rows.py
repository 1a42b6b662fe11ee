"""Rows of a drawing: names at the left, words in columns at the right."""

# Matplotlib's own annotations leave keyword arguments open.
# pyright: reportUnknownMemberType=false

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final, Literal

import numpy as np

from customer_centric.plot._drawing import MUTED, SMALL
from customer_centric.typing import FloatArray

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_ROW: Final = 0.36  # inches a row
_LONGEST: Final = 26


class Rows:
    """Names from the top to the foot, and where the rows are."""

    def __init__(self, names: Sequence[str]) -> None:
        self._names = [shortened(name) for name in names]
        self.place: FloatArray = np.arange(len(self._names), dtype=np.float64)[::-1]

    @property
    def left(self) -> float:
        """Share of the width that the names need."""
        return 0.035 + 0.0127 * max(map(len, self._names), default=1)

    @property
    def height(self) -> float:
        """Inches that the rows need."""
        return 1.35 + _ROW * max(len(self._names), 1)

    @property
    def top(self) -> float:
        """Where the heads of columns stand."""
        return len(self._names) - 0.05

    def label(self, axes: Axes) -> None:
        """Names at the left, and room for the heads of columns at the top."""
        axes.set_ylim(-0.55, len(self._names) + 0.4)
        axes.set_yticks(self.place, self._names)

    def column(
        self,
        axes: Axes,
        head: str,
        texts: Sequence[str],
        points: float,
        ink: str,
        *,
        ha: Literal["left", "right"] = "right",
    ) -> None:
        """Words at the right, one a row, under their head; they end or begin so far beside the axes."""
        places = [self.top, *self.place.tolist()]
        for i, (place, text) in enumerate(zip(places, [head, *texts], strict=True)):
            axes.annotate(
                text,
                (1.0, place),
                xycoords=("axes fraction", "data"),
                xytext=(points, 0.0),
                textcoords="offset points",
                ha=ha,
                va="center",
                color=ink,
                alpha=1.0 if i else MUTED,
                fontsize=SMALL,
                annotation_clip=False,
            )


def shortened(name: str) -> str:
    """A name that leaves room for the drawing."""
    return name if len(name) <= _LONGEST else name[: _LONGEST - 1].rstrip() + "\u2026"

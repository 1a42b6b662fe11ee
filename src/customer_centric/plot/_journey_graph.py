"""A chain of visits as touchpoints in a column and arcs between them."""

# Matplotlib's own annotations leave keyword arguments open.
# pyright: reportUnknownMemberType=false

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from customer_centric.errors import InvalidInputError
from customer_centric.journey.chain import JourneyChain, twins, without_friction
from customer_centric.journey.journeys import Journeys
from customer_centric.journey.signals import detect_signals
from customer_centric.journey.transitions import transition_model
from customer_centric.plot._drawing import MODEL, new_axes, small_print
from customer_centric.plot._rows import Rows
from customer_centric.typing import FloatArray, IntArray

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.path import Path

_RIGHT: Final = 0.69
_COLUMNS: Final = (40.0, 84.0, 132.0)  # points from the axes to where the columns end
_THICKEST: Final = 11.0  # points of an arc that every journey takes
_THINNEST: Final = 0.7
_QUIET: Final = 0.3
_TRACE: Final = 1e-9


@dataclass(frozen=True, slots=True, eq=False)
class Flows:
    """Touchpoints and the moves between them, per journey."""

    names: tuple[str, ...]
    visits: FloatArray
    moves: FloatArray
    """From row to column."""
    friction: FloatArray
    """Conversions lost on each of these moves."""
    hurt: FloatArray
    """Conversions lost at each touchpoint: on the moves to it, and by journeys that start there."""
    leaves: FloatArray
    """Journeys that end there without conversion."""
    step: FloatArray
    """At which step of a journey a touchpoint is visited, on average."""
    has_friction: bool

    def ordered(self, order: Sequence[str] | None) -> Flows:
        """From the first touchpoint to the last."""
        if order is None:
            place: IntArray = np.argsort(self.step, kind="stable")
        else:
            if sorted(order) != sorted(self.names):
                raise InvalidInputError(
                    f"`order` must name every touchpoint once, got {list(order)}; they are {list(self.names)}"
                )
            place = np.array([self.names.index(name) for name in order], dtype=np.int64)
        kept: list[int] = place.tolist()
        square = np.ix_(place, place)
        return Flows(
            names=tuple(self.names[i] for i in kept),
            visits=self.visits[place],
            moves=self.moves[square],
            friction=self.friction[square],
            hurt=self.hurt[place],
            leaves=self.leaves[place],
            step=self.step[place],
            has_friction=self.has_friction,
        )


def flows_of_chain(chain: JourneyChain) -> Flows:
    """Moves between touchpoints of a chain, and what friction takes on each."""
    names = tuple(dict.fromkeys(chain.touchpoints))
    member = np.zeros((len(chain.touchpoints), len(names)))
    member[np.arange(member.shape[0]), [names.index(place) for place in chain.touchpoints]] = 1.0
    moves = chain.visits[:, None] * chain.moves
    flagged, clean = twins(chain)
    value = without_friction(chain).value
    taken = np.zeros(member.shape[0])
    taken[flagged] = value[clean] - value[flagged]
    # Visits at each step, weighed by the step: pi Q N N, as N N = sum of (t + 1) Q^t.
    late = chain.visits @ chain.moves @ chain.visits_from
    visits = chain.visits @ member
    leaves = chain.visits * np.maximum(1.0 - chain.moves.sum(axis=1) - chain.converts, 0.0)
    with np.errstate(invalid="ignore"):
        step = np.where(visits > 0, (late @ member) / visits, np.inf)
    return Flows(
        names=names,
        visits=visits,
        moves=member.T @ moves @ member,
        friction=member.T @ (moves * taken) @ member,
        hurt=(chain.visits * taken) @ member,
        leaves=leaves @ member,
        step=step,
        has_friction=bool(flagged.size),
    )


def flows_of_journeys(journeys: Journeys) -> Flows:
    """Moves of journeys of which no friction is known."""
    return flows_of_chain(transition_model(detect_signals(journeys, ()), prior=0.0))


def draw_graph(flows: Flows, least: float, ax: Axes | None) -> Axes:
    rows = Rows(flows.names)
    axes, ink = new_axes(ax, left=rows.left, right=_RIGHT, height=rows.height + 0.3, grid="y")
    axes.grid(visible=False)
    axes.set_xlim(-1.0, 1.0)
    axes.set_xticks([])
    axes.spines["bottom"].set_visible(False)
    rows.label(axes)
    _arcs(axes, flows, least, rows.place, ink)
    size = 14.0 + 130.0 * np.minimum(flows.visits, 2.0)
    axes.scatter(np.zeros(rows.place.size), rows.place, s=size, color=ink, zorder=3, linewidth=0)
    hurt = _hundreds(flows.hurt) if flows.has_friction else None
    rows.column(axes, "visits", _hundreds(flows.visits), _COLUMNS[0], ink)
    rows.column(axes, "leave", _hundreds(flows.leaves), _COLUMNS[1], ink)
    if hurt is not None:
        rows.column(axes, "friction", hurt, _COLUMNS[2], MODEL)
    low, high = axes.get_ylim()
    head = (rows.top - low) / (high - low)
    small_print(axes, "back", (0.02, head), ink)
    small_print(axes, "onward", (0.98, head), ink, ha="right")
    words = "per 100 journeys; the thicker, the more moves"
    small_print(
        axes,
        words + ("; the deeper the colour, the more is lost" if hurt else ""),
        (0.0, -0.02),
        ink,
        va="top",
    )
    return axes


def _arcs(axes: Axes, flows: Flows, least: float, place: FloatArray, ink: str) -> None:
    from matplotlib.patches import PathPatch

    n = len(flows.names)
    worst = float(flows.friction.max(initial=0.0))
    pairs = [
        (i, j)
        for i in range(n)
        for j in range(n)
        if flows.moves[i, j] > _TRACE and flows.moves[i, j] >= least
    ]
    # What hurts is drawn last, so that it is seen.
    for i, j in sorted(pairs, key=lambda pair: (flows.friction[pair], -flows.moves[pair])):
        depth = flows.friction[i, j] / worst if worst > _TRACE else 0.0
        hurts = depth > 0.02
        axes.add_patch(
            PathPatch(
                _arc(place[i], place[j], n),
                fill=False,
                edgecolor=MODEL if hurts else ink,
                alpha=0.3 + 0.7 * depth if hurts else _QUIET,
                linewidth=max(_THINNEST, _THICKEST * min(float(flows.moves[i, j]), 1.0)),
                capstyle="butt",
                zorder=2 if hurts else 1,
            )
        )


def _arc(start: float, stop: float, n: int) -> Path:
    """Half an ellipse beside the column, wider the farther it leads; a ring where it leads back to itself."""
    from matplotlib.path import Path

    if start == stop:
        return _ring(start)
    side = 1.0 if stop < start else -1.0
    reach = side * (0.12 + 0.86 * abs(start - stop) / max(n - 1, 1))
    curves = [Path.MOVETO, Path.CURVE4, Path.CURVE4, Path.CURVE4]
    control = 4 / 3 * reach
    return Path([(0, start), (control, start), (control, stop), (0, stop)], curves)


def _ring(y: float) -> Path:
    from matplotlib.path import Path

    curves = [Path.MOVETO, Path.CURVE4, Path.CURVE4, Path.CURVE4]
    return Path([(0, y), (-0.22, y + 0.75), (0.22, y + 0.75), (0, y)], curves)


def _hundreds(shares: FloatArray) -> list[str]:
    return [f"{100 * value:,.1f}".replace("-", "\u2212") for value in shares.tolist()]

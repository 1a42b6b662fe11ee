"""Drawings of journeys: what friction costs and where, and how visits follow one another."""

# Matplotlib's own annotations leave keyword arguments open.
# pyright: reportUnknownMemberType=false

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from customer_centric._core.checks import check_number
from customer_centric.errors import InvalidInputError
from customer_centric.journey.chain import JourneyChain
from customer_centric.journey.journeys import Journeys
from customer_centric.plot._drawing import MODEL, MUTED, new_axes, small_print
from customer_centric.plot._journey_graph import draw_graph, flows_of_chain, flows_of_journeys
from customer_centric.plot._rows import Rows
from customer_centric.typing import FloatArray

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes

    from customer_centric.journey.funnel import Funnel
    from customer_centric.journey.loss import FrictionLoss

__all__ = ["plot_friction_loss", "plot_funnel", "plot_journey_graph", "plot_loss_waterfall"]

_ONE_COLUMN: Final = 0.86
_TWO_COLUMNS: Final = 0.68  # leaves room for numbers and the names of signals at the right
_THREE_COLUMNS: Final = 0.63
_NUMBERS, _WORDS = 46.0, 58.0  # points from the axes to where these columns end and begin
_RATE, _BOUNDS = 92.0, 160.0
_THICK: Final = 0.62


def plot_friction_loss(
    loss: FrictionLoss, *, money: bool = False, most: int = 12, ax: Axes | None = None
) -> Axes:
    """Journeys lost by touchpoint of the first flag, with their intervals, the largest loss first.

    Parameters
    ----------
    loss : FrictionLoss
        What `friction_loss` or `fix_gain` returned.
    money : bool, default False
        Whether money at risk is drawn in place of journeys.
    most : int, default 12
        Touchpoints to draw, at least 1; how many others there are is said.
    ax : Axes, optional
        Where to draw; a figure of its own by default.

    Returns
    -------
    Axes
        A bar a touchpoint with a line for its interval; the number and the signal that takes the most stand
        beside it. A grey bar to the left is a negative loss: those who met friction did better.

    Raises
    ------
    InvalidInputError
        If `most` is less than 1, or money is asked for and the loss has none.

    Examples
    --------
    >>> import numpy as np
    >>> from datetime import timedelta
    >>> from customer_centric import (
    ...     EventSchema,
    ...     detect_signals,
    ...     find_journeys,
    ...     friction_loss,
    ...     prepare_log,
    ... )
    >>> from customer_centric.simulate import simulate_journeys
    >>> world = simulate_journeys(1000, rng=np.random.default_rng(1))
    >>> journeys = find_journeys(
    ...     prepare_log(world.log, EventSchema.full()),
    ...     goal="purchase",
    ...     end=world.end,
    ...     closed_after=timedelta(hours=1),
    ... )
    >>> loss = friction_loss(
    ...     detect_signals(journeys), rng=np.random.default_rng(2), n_resamples=50
    ... )
    >>> ax = plot_friction_loss(loss)
    >>> ax.get_yticklabels()[0].get_text()
    'payment'
    """
    shown = _shown(loss, most)
    if money and loss.clv_interval is None:
        raise InvalidInputError("`money` must come with a loss in money; give `friction_loss` a `value`")
    sides = (
        (loss.clv_at_risk, loss.clv_lower, loss.clv_upper) if money else (loss.lost, loss.lower, loss.upper)
    )
    value, lower, upper = (side[:shown] for side in sides)
    top: list[int] = loss.by_signal[:shown].argmax(axis=1).tolist() if shown else []
    main = [loss.signals[k] for k in top]
    rows = Rows(loss.touchpoints[:shown])
    axes, ink = new_axes(ax, left=rows.left, right=_TWO_COLUMNS, height=rows.height, grid="x")
    found = np.nan_to_num(value)
    for side, color, alpha in ((np.maximum(found, 0.0), MODEL, 1.0), (np.minimum(found, 0.0), ink, MUTED)):
        axes.barh(rows.place, side, color=color, alpha=alpha, height=_THICK, linewidth=0)
    axes.hlines(rows.place, lower, upper, color=ink, linewidth=1.5)
    axes.axvline(0, color=ink, alpha=MUTED, linewidth=0.8)
    axes.margins(x=0.03)
    _thousands(axes)
    axes.set_xlabel("money at risk" if money else "journeys lost")
    rows.label(axes)
    rows.column(axes, "at risk" if money else "lost", _numbers(value), _NUMBERS, ink)
    rows.column(axes, "mostly to", main, _WORDS, ink, ha="left")
    _name_others(axes, len(loss.touchpoints) - shown, ink)
    return axes


def _shown(loss: FrictionLoss, most: int) -> int:
    return min(int(check_number("most", most, minimum=1.0, whole=True)), len(loss.touchpoints))


def _numbers(values: FloatArray) -> list[str]:
    """Whole numbers where they are large; a dash where there is none."""
    digits = 0 if np.nanmax(np.abs(values), initial=0.0) >= 10 else 1
    return [
        "\u2013" if np.isnan(value) else f"{value:,.{digits}f}".replace("-", "\u2212")
        for value in values.tolist()
    ]


def _thousands(axes: Axes) -> None:
    from matplotlib.ticker import MaxNLocator, StrMethodFormatter

    axes.xaxis.set_major_locator(MaxNLocator(nbins=6))
    axes.xaxis.set_major_formatter(StrMethodFormatter("{x:,g}"))


def _name_others(axes: Axes, others: int, ink: str) -> None:
    if others > 0:
        small_print(axes, f"{others:,} more below", (0.99, 0.02), ink, ha="right", va="bottom")


def plot_loss_waterfall(loss: FrictionLoss, *, most: int = 8, ax: Axes | None = None) -> Axes:
    """From the journeys that reached the goal to those that would have without friction.

    Parameters
    ----------
    loss : FrictionLoss
        What `friction_loss` or `fix_gain` returned.
    most : int, default 8
        Touchpoints to draw one by one, at least 1; the others are one step together.
    ax : Axes, optional
        Where to draw; a figure of its own by default.

    Returns
    -------
    Axes
        A bar for what was reached, a step a touchpoint where the last one ended, and a bar for what could
        have been, with the interval of the total. A grey step leads back: there the loss is negative.

    Raises
    ------
    InvalidInputError
        If `most` is less than 1, or no loss is known.

    Examples
    --------
    >>> import numpy as np
    >>> from datetime import timedelta
    >>> from customer_centric import (
    ...     EventSchema,
    ...     detect_signals,
    ...     find_journeys,
    ...     friction_loss,
    ...     prepare_log,
    ... )
    >>> from customer_centric.simulate import simulate_journeys
    >>> world = simulate_journeys(1000, rng=np.random.default_rng(1))
    >>> journeys = find_journeys(
    ...     prepare_log(world.log, EventSchema.full()),
    ...     goal="purchase",
    ...     end=world.end,
    ...     closed_after=timedelta(hours=1),
    ... )
    >>> loss = friction_loss(
    ...     detect_signals(journeys), rng=np.random.default_rng(2), n_resamples=50
    ... )
    >>> ax = plot_loss_waterfall(loss)
    >>> [label.get_text() for label in ax.get_yticklabels()][::-1][:1]
    ['without friction']
    """
    shown = _shown(loss, most)
    if np.isnan(loss.total):
        raise InvalidInputError(f"`loss` must have a total, got none: {'; '.join(loss.warnings)}")
    steps = np.nan_to_num(loss.lost)
    names, parts = list(loss.touchpoints[:shown]), steps[:shown]
    if others := steps.size - shown:
        names, parts = [*names, f"{others:,} others"], np.append(parts, steps[shown:].sum())
    rows = Rows(["reached the goal", *names, "without friction"])
    axes, ink = new_axes(ax, left=rows.left, right=_ONE_COLUMN, height=rows.height, grid="x")
    place = rows.place
    ends = loss.converted + np.cumsum(parts)
    starts = np.concatenate([[loss.converted], ends])[: parts.size]
    axes.barh(
        place[[0, -1]], [loss.converted, loss.converted + loss.total], height=_THICK, color=ink, alpha=0.45
    )
    for part, color, alpha in ((np.maximum(parts, 0.0), MODEL, 1.0), (np.minimum(parts, 0.0), ink, MUTED)):
        axes.barh(place[1:-1], part, left=starts, height=_THICK, color=color, alpha=alpha, linewidth=0)
    for i, x in enumerate([loss.converted, *ends.tolist()]):
        axes.vlines(
            x, place[i + 1] - _THICK / 2, place[i] + _THICK / 2, color=ink, alpha=MUTED, linewidth=0.7
        )
    low, high = (loss.converted + bound for bound in (loss.interval.lower, loss.interval.upper))
    axes.hlines(place[-1], low, high, color=ink, linewidth=1.5)
    axes.set_xlim(min(0.0, float(ends.min(initial=0.0))), 1.03 * max(high, float(ends.max(initial=0.0)), 1.0))
    _thousands(axes)
    axes.set_xlabel("journeys")
    rows.label(axes)
    signed = [text if text[0] in "\u2013\u2212" else f"+{text}" for text in _numbers(parts)]
    whole = _numbers(np.array([loss.converted, loss.converted + loss.total]))
    rows.column(axes, "journeys", [whole[0], *signed, whole[1]], _NUMBERS, ink)
    return axes


def plot_funnel(funnel: Funnel, *, ax: Axes | None = None) -> Axes:
    """Journeys that reach each step: those that go on, those still there, and those that stop.

    Parameters
    ----------
    funnel : Funnel
        What `funnel` returned.
    ax : Axes, optional
        Where to draw; a figure of its own by default.

    Returns
    -------
    Axes
        A bar a step, as long as the journeys that reached it: blue for those that reached the next one, pale
        blue for open journeys that may still do so, grey for those that went no further. Their number, and
        the rate of the step with its limits, stand beside.

    Examples
    --------
    >>> import pandas as pd
    >>> from customer_centric import find_journeys, funnel, prepare_log
    >>> events = pd.DataFrame(
    ...     {
    ...         "case_id": ["a", "a", "b", "c", "c"],
    ...         "touchpoint": ["cart", "purchase", "cart", "cart", "goodbye"],
    ...         "timestamp": pd.to_datetime(["2026-03-01"] * 5)
    ...         + pd.to_timedelta(range(5), unit="min"),
    ...     }
    ... )
    >>> journeys = find_journeys(prepare_log(events), goal="purchase", lost="goodbye")
    >>> ax = plot_funnel(funnel(journeys, ["cart", "purchase"]))
    >>> [label.get_text() for label in ax.get_yticklabels()]
    ['cart', 'purchase']
    """
    reached = funnel.reached.astype(np.float64)
    waiting = funnel.in_progress.astype(np.float64)
    # Whoever reached the last step has nothing left to go on to.
    onward, waiting = np.append(reached[1:], reached[-1]), np.append(waiting[:-1], 0.0)
    rows = Rows(funnel.steps)
    axes, ink = new_axes(ax, left=rows.left, right=_THREE_COLUMNS, height=rows.height, grid="x")
    start = np.zeros_like(reached)
    for part, color, alpha in (
        (onward, MODEL, 1.0),
        (waiting, MODEL, 0.4),
        (reached - onward - waiting, ink, 0.22),
    ):
        axes.barh(rows.place, part, left=start, height=_THICK, color=color, alpha=alpha, linewidth=0)
        start = start + part
    axes.set_xlim(0, 1.03 * max(float(reached.max(initial=0.0)), 1.0))
    _thousands(axes)
    words = (
        "journeys: go on, are still there (pale), stop (grey)"
        if waiting.any()
        else "journeys: go on, stop (grey)"
    )
    axes.set_xlabel(words)
    rows.label(axes)
    percent = 100 * np.column_stack([funnel.rate, funnel.lower, funnel.upper])
    known = ~np.isnan(funnel.rate)
    rates = [f"{row[0]:.1f} %" if ok else "\u2013" for ok, row in zip(known, percent, strict=True)]
    bounds = [
        f"{row[1]:.1f} to {row[2]:.1f}" if ok else "\u2013" for ok, row in zip(known, percent, strict=True)
    ]
    rows.column(axes, "reached", [f"{n:,.0f}" for n in reached.tolist()], _NUMBERS, ink)
    rows.column(axes, "rate", rates, _RATE, ink)
    rows.column(axes, "interval", bounds, _BOUNDS, ink)
    return axes


def plot_journey_graph(
    journeys: JourneyChain | Journeys,
    *,
    order: Sequence[str] | None = None,
    least: float = 0.01,
    ax: Axes | None = None,
) -> Axes:
    r"""Touchpoints in their order, what follows what, and where friction takes conversions away.

    Parameters
    ----------
    journeys : JourneyChain or Journeys
        A chain from `transition_model`, or the journeys of `find_journeys`, which know no friction.
    order : sequence of str, optional
        Touchpoints from the first to the last, all of them; by the mean step of a journey at which they are
        visited by default.
    least : float, default 0.01
        Transitions with fewer moves a journey are left out, 0 or more.
    ax : Axes, optional
        Where to draw; a figure of its own by default.

    Returns
    -------
    Axes
        A point a touchpoint, as large as its visits; an arc a transition, as thick as its moves: forward at
        the right, back at the left, a ring for a touchpoint that follows itself. The deeper its blue, the
        more conversions are lost on it. Visits, the journeys that end there without conversion, and the
        conversions lost there, all per 100 journeys, stand beside.

    Raises
    ------
    InvalidInputError
        If `order` does not name every touchpoint once, or `least` is negative.

    Notes
    -----
    With \(\nu_s\) the expected visits to a state, \(b^0\) the values of the states without friction, and
    \(c\) the clean state of the touchpoint of a flagged state \(f\), the arc from \(s\) to \(f\) carries
    \(\nu_s Q_{sf}\,(b^0_c - b^0_f)\). Together with the journeys that start flagged these are the exact
    parts of `decompose_loss`, by where the customer came from.

    Examples
    --------
    >>> from customer_centric import JourneyChain
    >>> chain = JourneyChain(
    ...     touchpoints=["cart", "pay", "pay"],
    ...     signals=[None, None, "error"],
    ...     start=[1, 0, 0],
    ...     moves=[[0, 0.7, 0.2], [0, 0, 0], [0.1, 0.5, 0]],
    ...     converts=[0, 0.9, 0],
    ... )
    >>> ax = plot_journey_graph(chain)
    >>> [label.get_text() for label in ax.get_yticklabels()]
    ['cart', 'pay']
    """
    floor = check_number("least", least, minimum=0.0)
    flows = flows_of_chain(journeys) if isinstance(journeys, JourneyChain) else flows_of_journeys(journeys)
    return draw_graph(flows.ordered(order), floor, ax)

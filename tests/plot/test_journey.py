"""Drawings of journeys: what is drawn is what was computed."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.colors import to_hex
from matplotlib.patches import PathPatch, Rectangle

from customer_centric import InvalidInputError, plot
from customer_centric.journey import decompose_loss
from customer_centric.plot._drawing import MODEL
from customer_centric.plot._journey_graph import flows_of_chain
from plot._of_journey import DRAWINGS, chain, hotel, journeys, loss, steps


def names(axes: Axes) -> list[str]:
    return [label.get_text() for label in axes.get_yticklabels()]


def words(axes: Axes) -> list[str]:
    return [note.get_text() for note in axes.texts]


def bars(axes: Axes) -> list[tuple[float, float]]:
    """Begin and length of each bar that is seen."""
    found = [(patch.get_x(), patch.get_width()) for patch in axes.patches if isinstance(patch, Rectangle)]
    return [bar for bar in found if bar[1] != 0]


def arcs(axes: Axes) -> list[PathPatch]:
    return [patch for patch in axes.patches if isinstance(patch, PathPatch)]


def test_bars_are_losses_largest_first() -> None:
    axes = DRAWINGS["friction"]()
    assert names(axes) == list(loss().touchpoints)
    assert [length for _, length in bars(axes)] == pytest.approx(loss().lost.tolist())
    lines = axes.collections[0].get_segments()  # type: ignore[attr-defined]
    assert [[end[0] for end in line] for line in lines] == [
        [low, high] for low, high in zip(loss().lower.tolist(), loss().upper.tolist(), strict=True)
    ]
    assert loss().to_frame()["main_signal"].iloc[0] in words(axes)
    assert f"{loss().lost[0]:,.0f}" in words(axes)


def test_money_is_drawn_where_asked() -> None:
    axes = plot.plot_friction_loss(loss(), money=True, most=1)
    assert [length for _, length in bars(axes)] == pytest.approx([loss().clv_at_risk[0]])
    assert f"{len(loss().touchpoints) - 1} more below" in words(axes)
    poor = dataclasses.replace(loss(), clv_interval=None)
    with pytest.raises(InvalidInputError, match=r"^`money` must come with a loss in money; give"):
        plot.plot_friction_loss(poor, money=True)
    with pytest.raises(InvalidInputError, match=r"^`most` must be"):
        plot.plot_friction_loss(loss(), most=0)


def test_negative_and_unknown_losses_are_told_apart() -> None:
    lost = loss().lost.copy()
    lost[-2:] = -5.0, np.nan
    axes = plot.plot_friction_loss(dataclasses.replace(loss(), lost=lost))
    rectangles = [patch for patch in axes.patches if isinstance(patch, Rectangle)]
    shown = [patch for patch in rectangles if patch.get_width() < 0]
    assert [to_hex(patch.get_facecolor()) != MODEL for patch in shown] == [True]
    assert "\N{MINUS SIGN}5" in words(axes)
    assert "\N{EN DASH}" in words(axes)


def test_a_loss_of_nothing_has_no_bars() -> None:
    none = {
        name: getattr(loss(), name)[:0]
        for name in ("touchpoints", "n_first", "lost", "lower", "upper", "clv_at_risk", "by_signal")
    }
    empty = dataclasses.replace(loss(), total=0.0, **none)
    assert names(plot.plot_friction_loss(empty)) == []
    assert names(plot.plot_loss_waterfall(empty)) == ["reached the goal", "without friction"]


@pytest.mark.parametrize("most", [1, 8])
def test_steps_of_the_waterfall_lead_from_what_was_to_what_could_have_been(most: int) -> None:
    axes = plot.plot_loss_waterfall(loss(), most=most)
    found = bars(axes)
    whole, parts = found[:2], sorted(found[2:])
    assert whole == [(0.0, loss().converted), (0.0, loss().converted + loss().total)]
    assert parts[0][0] == loss().converted
    for (start, length), (following, _) in pairwise(parts):
        assert start + length == pytest.approx(following)
    assert sum(parts[-1]) == pytest.approx(whole[1][1])
    if most == 1:
        assert names(axes)[2] == f"{len(loss().touchpoints) - 1} others"


def test_a_waterfall_needs_a_total() -> None:
    unknown = dataclasses.replace(loss(), total=float("nan"), warnings=("no clean visit",))
    with pytest.raises(InvalidInputError, match=r"^`loss` must have a total, got none: no clean visit$"):
        plot.plot_loss_waterfall(unknown)


def test_friction_on_the_arcs_adds_up_to_the_loss() -> None:
    for one in (chain(), hotel()):
        flows, parts = flows_of_chain(one), decompose_loss(one, rng=np.random.default_rng(1), n_resamples=1)
        assert flows.hurt.sum() == pytest.approx(parts.loss, abs=1e-12)
        # Nobody starts at a flagged visit here, so that all of it is on the way to somewhere.
        assert flows.friction.sum() == pytest.approx(parts.loss, abs=1e-12)
        assert flows.moves.sum() == pytest.approx(float(flows.visits.sum()) - 1.0)
        assert flows.leaves.sum() == pytest.approx(1.0 - one.conversion)


def test_touchpoints_stand_in_the_order_of_their_visits() -> None:
    axes = plot.plot_journey_graph(hotel())
    assert names(axes) == ["cart", "pay", "contact"]
    assert {"8.5", "12.4"} <= set(words(axes))
    assert names(plot.plot_journey_graph(hotel(), order=["pay", "cart", "contact"]))[0] == "pay"


@pytest.mark.parametrize("order", [["cart", "pay"], ["cart", "pay", "pay"], ["cart", "pay", "till"]])
def test_an_order_names_every_touchpoint(order: Sequence[str]) -> None:
    with pytest.raises(InvalidInputError, match=r"^`order` must name every touchpoint once, got \['cart'"):
        plot.plot_journey_graph(hotel(), order=order)


def test_small_transitions_are_left_out() -> None:
    every, some = (arcs(plot.plot_journey_graph(hotel(), least=least)) for least in (0.0, 0.02))
    assert len(every) == 5
    assert len(some) == 4
    thickest = max(every, key=lambda arc: arc.get_linewidth())
    assert to_hex(thickest.get_edgecolor()) == MODEL
    assert thickest.get_alpha() == pytest.approx(1.0)
    with pytest.raises(InvalidInputError, match=r"^`least` must be"):
        plot.plot_journey_graph(hotel(), least=-1.0)


def test_journeys_without_signals_have_no_friction() -> None:
    axes = plot.plot_journey_graph(journeys())
    assert "friction" not in words(axes)
    assert MODEL not in {to_hex(arc.get_edgecolor()) for arc in arcs(axes)}


def test_bars_of_a_funnel_are_who_reached_each_step() -> None:
    axes = DRAWINGS["funnel"]()
    assert names(axes) == list(steps().steps)
    ends: dict[float, float] = {}
    for patch in axes.patches:
        assert isinstance(patch, Rectangle)
        ends[patch.get_y()] = max(ends.get(patch.get_y(), 0.0), patch.get_x() + patch.get_width())
    assert [ends[y] for y in sorted(ends, reverse=True)] == steps().reached.tolist()
    assert steps().in_progress.any()
    assert "still there" in axes.get_xlabel()
    assert f"{100 * steps().rate[-1]:.1f} %" in words(axes)


def test_an_unknown_rate_is_a_dash() -> None:
    unknown = np.full(len(steps().steps), np.nan)
    assert "\N{EN DASH}" in words(plot.plot_funnel(dataclasses.replace(steps(), rate=unknown)))

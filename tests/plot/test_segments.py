"""Drawings of who matters most: what is drawn is what was computed."""

from __future__ import annotations

import numpy as np
import pytest
from matplotlib.axes import Axes

from customer_centric import InvalidInputError, plot
from customer_centric.segments import (
    clv_crv_matrix,
    lorenz_curve,
    loyalty_profit_matrix,
    migration_matrix,
    whale_curve,
)
from plot._of_segments import DRAWINGS, lorenz, matrix, moved, whale


def main_line(axes: Axes) -> tuple[np.ndarray, np.ndarray]:
    line = max(axes.lines, key=lambda line: line.get_linewidth())
    return np.asarray(line.get_xdata()), np.asarray(line.get_ydata())


def test_the_whale_is_the_curve_and_its_peak_is_marked() -> None:
    axes = DRAWINGS["whale"]()
    x, y = main_line(axes)
    np.testing.assert_allclose(y, whale().share_of_profit(x))
    point = next(line for line in axes.lines if line.get_marker() == "o")
    assert (point.get_xdata()[0], point.get_ydata()[0]) == (0.5, 1.4375)
    assert axes.get_ylim()[1] > 1.4375


def test_the_peak_of_many_customers_is_on_the_line() -> None:
    """A line of a thousand points keeps the one that the words are about."""
    profit = np.concatenate([np.ones(123_457), np.full(1_543, -1.0)])
    curve = whale_curve(profit)
    x, y = main_line(plot.plot_whale(curve))
    assert x.size < 1100
    assert curve.share_at_peak in x
    assert y.max() == pytest.approx(curve.peak)


def test_without_losses_the_whale_has_no_peak() -> None:
    axes = plot.plot_whale(whale_curve([3, 2, 1]))
    assert [text.get_text() for text in axes.texts] == ["nobody loses money"]
    assert not [line for line in axes.lines if line.get_marker() == "o"]


def test_the_lorenz_curve_says_what_half_of_the_customers_hold() -> None:
    axes = DRAWINGS["lorenz"]()
    x, y = main_line(axes)
    np.testing.assert_allclose(y, lorenz().share_of_value(x))
    held = float(lorenz().share_of_value(0.5))
    assert f"hold {100 * held:.0f} % of the value" in axes.texts[-1].get_text()


def test_values_below_0_are_below_the_foot() -> None:
    axes = plot.plot_lorenz(lorenz_curve([-3, 1, 2, 10]))
    assert axes.get_ylim()[0] < -0.3


@pytest.mark.parametrize(
    "draw", [lambda x: plot.plot_whale(whale_curve(x)), lambda x: plot.plot_lorenz(lorenz_curve(x))]
)
def test_shares_of_nothing_are_not_drawn(draw: object) -> None:
    with pytest.raises(InvalidInputError, match="`curve` must have a total greater than 0, got -1"):
        draw([1, -2])  # type: ignore[operator]


def test_cells_are_percentages_of_their_row() -> None:
    axes, shares = DRAWINGS["migration"](), moved().shares
    said = {
        (round(text.get_position()[1]), round(text.get_position()[0])): text.get_text() for text in axes.texts
    }
    expected = {(i, j): f"{100 * share:.0f}" for (i, j), share in np.ndenumerate(shares)}
    del expected[3, 3]  # new and lost at once
    assert said == expected
    assert [label.get_text() for label in axes.get_xticklabels()] == ["gold", "silver", "basic", "lost"]
    sizes = moved().counts.sum(axis=1)
    assert axes.get_yticklabels()[0].get_text() == f"gold ({sizes[0]})"


def test_darker_cells_are_larger_shares() -> None:
    depth = np.asarray(DRAWINGS["migration"]().collections[0].get_facecolor())[:, 3]
    there = np.isfinite(moved().shares)
    there[-1, -1] = False
    order = np.argsort(moved().shares[there], kind="stable")
    assert np.all(np.diff(depth[order]) >= 0)


def test_rows_of_nobody_are_empty_and_many_segments_fit() -> None:
    alone = plot.plot_migration(migration_matrix(["a"], ["a"], states=["a", "b"]))
    assert [text.get_text() for text in alone.texts] == ["100", "0", "0"]
    states = [f"a segment with a long name {i}" for i in range(40)]
    many = plot.plot_migration(migration_matrix(states, states[::-1], states=states))
    assert not many.texts
    assert "<svg" in plot.figure_svg(many, label="x")


def test_fields_hold_kinds_customers_and_means() -> None:
    axes, table = DRAWINGS["matrix"](), matrix().table.set_index("segment")
    said = [text.get_text() for text in axes.texts]
    assert said[::2] == ["champion", "affluent", "advocate", "miser"]
    assert said[1].startswith(f"{table.loc['champion', 'customers']} customers")
    where = {text.get_text(): text.get_position() for text in axes.texts[::2]}
    assert where["champion"][0] > where["advocate"][0]
    low, high = axes.get_ylim()
    assert low > high, "the first row is the upper one"
    assert where["champion"][1] < where["affluent"][1]


def test_a_field_of_nobody_says_so_without_means() -> None:
    axes = plot.plot_customer_matrix(clv_crv_matrix([900.0], [0.0], thresholds=(500, 200)))
    assert axes.texts[1].get_text() == "0 customers, 0 %"
    other = plot.plot_customer_matrix(loyalty_profit_matrix([8, 1], [120, -5], thresholds=(3, 0)))
    assert (other.get_xlabel(), other.get_ylabel()) == ("loyalty", "profit")

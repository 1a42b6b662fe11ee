"""Drawings of who leaves: what is drawn is what was computed."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from matplotlib.axes import Axes

from customer_centric import InvalidInputError, plot
from customer_centric._core.frames.periods import Period
from customer_centric.churn import (
    RetentionTriangle,
    retention_triangle,
    revenue_triangle,
    survival_curve,
    survived_triangle,
)
from plot._of_churn import DRAWINGS, SURVIVORS, active, contracts, curve, projected, survived


def cells(axes: Axes) -> dict[tuple[int, int], str]:
    """What is written in each cell: by row and age."""
    return {
        (round(float(text.get_position()[1])), round(float(text.get_position()[0]))): text.get_text()
        for text in axes.texts
    }


def rows(axes: Axes) -> list[str]:
    return [label.get_text() for label in axes.get_yticklabels()]


def test_cells_hold_percentages_and_those_not_observed_are_empty() -> None:
    said, triangle = cells(DRAWINGS["triangle"]()), survived()
    expected = {
        (i, k): f"{triangle.values[i, 0]:.0f}" if k == 0 else f"{100 * share:.0f}"
        for (i, k), share in np.ndenumerate(triangle.rates)
        if not np.isnan(share)
    }
    assert said == expected


def test_nobody_is_a_0_and_cohorts_of_nobody_are_left_out() -> None:
    axes = plot.plot_triangle(active())
    assert rows(axes) == ["Jan 2024", "Feb 2024", "Apr 2024"]
    said = cells(axes)
    assert [said[0, k] for k in range(5)] == ["2", "0", "50", "0", "0"]
    assert [said.get((2, k)) for k in range(3)] == ["1", "0", None]


def test_cells_hold_numbers_where_asked() -> None:
    assert cells(plot.plot_triangle(active(), rates=False))[0, 2] == "1"


def test_deeper_colours_are_larger_shares() -> None:
    axes = plot.plot_triangle(survived())
    depth = axes.collections[0].get_facecolor()
    row, age = np.nonzero(~np.isnan(survived().rates[:, 1:]))
    shares = survived().rates[row, age + 1]
    order = np.argsort(shares, kind="stable")
    assert np.all(np.diff(np.asarray(depth)[order, 3]) >= 0)


@pytest.mark.parametrize(
    ("period", "name"),
    [("day", "2024-01-05"), ("week", "2024-01-01"), ("quarter", "Q1 2024"), ("year", "2024")],
)
def test_cohorts_have_the_names_of_their_periods(period: Period, name: str) -> None:
    log = pd.DataFrame({"id": [1, 1, 2], "day": ["2024-01-05", "2025-02-05", "2024-11-09"]})
    triangle = retention_triangle(log, customer="id", date="day", period=period, as_of="2025-12-31")
    assert rows(plot.plot_triangle(triangle))[0] == name


def test_many_cells_have_no_numbers_and_some_names() -> None:
    log = pd.DataFrame({"id": np.arange(200), "day": pd.date_range("2024-01-01", periods=200)})
    triangle = retention_triangle(log, customer="id", date="day", period="day", as_of="2024-07-31")
    axes = plot.plot_triangle(triangle)
    assert not axes.texts
    assert 10 < len(rows(axes)) < 80


def test_revenue_is_written_short() -> None:
    log = pd.DataFrame(
        {
            "id": [1, 1, 1, 1],
            "day": ["2024-01-05", "2024-02-05", "2024-03-05", "2024-04-05"],
            "paid": [2_345_678.0, 12_345.0, 1_234.0, 45.0],
        }
    )
    triangle = revenue_triangle(
        log, customer="id", date="day", amount="paid", period="month", as_of="2024-04-30"
    )
    said = cells(plot.plot_triangle(triangle, rates=False))
    assert [said[0, k] for k in range(4)] == ["2.3M", "12k", "1.2k", "45"]


@pytest.mark.parametrize("draw", [plot.plot_triangle, plot.plot_cohort_curves])
def test_one_cohort_of_one_period_is_drawn_and_none_is_refused(draw: object) -> None:
    log = pd.DataFrame({"id": [1], "day": ["2024-01-05"]})
    one = retention_triangle(log, customer="id", date="day", period="month", as_of="2024-01-31")
    assert "<svg" in plot.figure_svg(draw(one), label="x")  # type: ignore[operator]
    none = retention_triangle(log[:0], customer="id", date="day", period="month", as_of="2024-01-31")
    with pytest.raises(InvalidInputError, match="`triangle` must have at least one cohort, got none"):
        draw(none)  # type: ignore[operator]


def test_a_thin_line_a_cohort_and_the_pooled_one_bold() -> None:
    axes, triangle = DRAWINGS["cohorts"](), survived()
    *thin, bold = axes.lines
    np.testing.assert_allclose(np.array([line.get_ydata() for line in thin]), triangle.rates)
    np.testing.assert_allclose(bold.get_ydata(), triangle.pooled["survival"])
    assert bold.get_linewidth() > 2 * thin[0].get_linewidth()
    assert len(axes.collections) == 1  # the band


def test_customers_who_come_and_go_have_no_band() -> None:
    assert not plot.plot_cohort_curves(active()).collections


def test_the_curve_starts_at_1_and_is_the_one_computed() -> None:
    axes, found = DRAWINGS["survival"](), curve()
    steps = axes.lines[0]
    np.testing.assert_allclose(steps.get_ydata(), [1.0, *found.survival])
    np.testing.assert_allclose(steps.get_xdata(), [0.0, *found.duration])
    assert f"half are left after {found.quantile()[0]:.3g} days" in axes.texts[-1].get_text()


def test_ticks_are_few_and_on_the_curve() -> None:
    ticks = next(line for line in DRAWINGS["survival"]().lines if line.get_marker() == "|")
    x = np.asarray(ticks.get_xdata())
    assert 0 < x.size <= 31
    assert set(x.tolist()) <= set(curve().duration[curve().censored > 0].tolist())
    np.testing.assert_allclose(ticks.get_ydata(), curve().at(x))


@pytest.mark.parametrize("lost", [True, False])
def test_one_customer_has_a_curve(lost: bool) -> None:
    axes = plot.plot_survival(survival_curve([3.0], [lost], unit="month"))
    assert "<svg" in plot.figure_svg(axes, label="x")


def test_the_projection_begins_where_observation_ends() -> None:
    axes, ahead = DRAWINGS["projection"](), projected()
    expected, happened = axes.lines
    np.testing.assert_allclose(expected.get_xdata(), 7 + np.arange(7))
    np.testing.assert_allclose(expected.get_ydata(), [241, *ahead["expected"]])
    np.testing.assert_allclose(happened.get_ydata(), SURVIVORS)


def test_survivors_must_be_customers() -> None:
    with pytest.raises(InvalidInputError, match="`survivors` must be a finite number at least 0, got -1"):
        plot.plot_projection([3, -1], projected())
    with pytest.raises(InvalidInputError, match="`survivors` must be one row of customers"):
        plot.plot_projection([[3, 2]], projected())
    with pytest.raises(InvalidInputError, match="`renewals` must be"):
        plot.plot_projection([3, 2], projected(), renewals=-1)


def test_drawing_does_not_change_the_triangle() -> None:
    triangle: RetentionTriangle = survived_triangle(
        contracts(), customer="id", begins="from", ends="until", period="quarter", as_of="2024-12-31"
    )
    before = triangle.values.copy()
    plot.plot_triangle(triangle)
    np.testing.assert_array_equal(triangle.values, before)

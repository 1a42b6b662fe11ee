"""Drawings of what customers say: what is drawn is what was computed, and every name can be read."""

from __future__ import annotations

import dataclasses
from itertools import combinations

import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from customer_centric import plot
from customer_centric.nps import driver_importance, nps_by, nps_trend
from customer_centric.plot._labels import _text_size, name_points, size_in_points
from effort import examples
from plot._of_nps import DRAWINGS, driven, followed, grouped, survey


def rows(axes: Axes) -> list[str]:
    return [label.get_text() for label in axes.get_yticklabels()]


def words(axes: Axes) -> list[str]:
    return [text.get_text() for text in axes.texts]


def test_groups_stand_highest_first_and_those_without_an_answer_last() -> None:
    frame = grouped().frame.sort_values("score", ascending=False)
    for name in ("shares", "groups"):
        top_down = rows(DRAWINGS[name]())[::-1]
        assert [label[:8] for label in top_down] == [str(shop)[:8] for shop in frame["shop"]]
        assert top_down[-1] == "silent"


def test_bars_are_the_shares_and_lie_around_the_middle_of_the_passives() -> None:
    axes = DRAWINGS["shares"]()
    frame = grouped().frame.sort_values("score", na_position="first").fillna(0.0)
    detractors, passives, promoters = axes.containers
    for bars, share in ((detractors, "detractor"), (passives, "passive"), (promoters, "promoter")):
        np.testing.assert_allclose([bar.get_width() for bar in bars], frame[f"{share}_share"])
    for left, middle, right in zip(detractors, passives, promoters, strict=True):
        assert left.get_x() + left.get_width() == pytest.approx(middle.get_x())
        assert middle.get_x() == pytest.approx(-middle.get_width() / 2)
        assert middle.get_x() + middle.get_width() == pytest.approx(right.get_x())
    said = words(axes)
    assert f"{frame['score'].iloc[-1]:.1f}" in said
    assert f"{frame['n'].iloc[-1]:,.0f}" in said
    assert "\u2013" in said


def test_scores_stand_with_their_shrunken_ones_and_ranks() -> None:
    axes = DRAWINGS["groups"]()
    frame = grouped().frame.sort_values("score", na_position="first")
    score, shrunken = (line.get_xdata() for line in axes.lines[:2])
    np.testing.assert_allclose(score, frame["score"])
    np.testing.assert_allclose(shrunken, frame["shrunken"])
    assert f"everybody {grouped().overall.score:.1f}" in words(axes)
    best = frame.iloc[-1]
    low, high = int(best["rank_lower"]), int(best["rank_upper"])
    assert (str(low) if low == high else f"{low} to {high}") in words(axes)


@pytest.mark.parametrize("ratings", [[10, 10], [0, 0], [10, 0], [8]])
def test_groups_that_agree_are_drawn(ratings: list[int]) -> None:
    """Also one group, and one answer."""
    found = nps_by(pd.DataFrame({"g": ["x"] * len(ratings), "rating": ratings}), "g", rating="rating")
    for draw in (plot.plot_nps_shares, plot.plot_nps_groups):
        assert "<svg" in plot.figure_svg(draw(found), label="x")


def test_groups_of_several_columns_and_of_none_have_names() -> None:
    frame = survey().assign(half=survey()["day"].dt.month > 6).astype({"half": "str"})
    both = nps_by(frame, ["shop", "half"], rating="rating")
    assert "north, True" in rows(plot.plot_nps_shares(both))
    assert rows(plot.plot_nps_shares(nps_by(frame, [], rating="rating"))) == ["everybody"]


def test_frames_of_another_kind_are_drawn_the_same() -> None:
    theirs = nps_by(pl.from_pandas(survey()), "shop", rating="rating")
    lazy = nps_by(pl.from_pandas(survey()).lazy(), "shop", rating="rating")
    for found in (theirs, lazy):
        assert plot.figure_svg(plot.plot_nps_shares(found), label="x") == plot.figure_svg(
            DRAWINGS["shares"](), label="x"
        )


def test_waves_are_drawn_with_their_limits_and_slope() -> None:
    axes, found = DRAWINGS["trend"](), followed()
    points = next(line for line in axes.lines if line.get_marker() == "o")
    np.testing.assert_allclose(points.get_ydata(), found.frame["score"])
    line = next(line for line in axes.lines if line.get_linewidth() == 2)
    x, y = np.asarray(line.get_xdata(), dtype="datetime64[D]").astype(float), np.asarray(line.get_ydata())
    np.testing.assert_allclose((y[-1] - y[0]) / (x[-1] - x[0]) * 365.25, found.slope)
    assert f"{found.slope:+.1f} a year".replace("-", "\u2212") in words(axes)


def test_waves_outside_their_limits_have_a_ring() -> None:
    days = np.repeat(pd.date_range("2024-01-15", periods=6, freq="MS"), 40)
    ratings = np.tile([10, 9, 8, 3], 60)
    ratings[-40:] = 2
    frame = pd.DataFrame({"day": days, "rating": ratings})
    found = nps_trend(frame, rating="rating", answered="day", period="month")
    rings = [line for line in plot.plot_nps_trend(found).lines if line.get_fillstyle() == "none"]
    waves = found.frame
    outside = (waves["score"] < waves["limit_lower"]) | (waves["score"] > waves["limit_upper"])
    assert outside.any()
    np.testing.assert_allclose(rings[0].get_ydata(), waves["score"][outside])


def test_one_wave_has_no_line() -> None:
    frame = pd.DataFrame({"day": ["2024-01-01"] * 3, "rating": [10, 8, 3]})
    axes = plot.plot_nps_trend(nps_trend(frame, rating="rating", answered="day", period="month"))
    assert "a year" not in " ".join(words(axes))
    assert "<svg" in plot.figure_svg(axes, label="x")


def test_the_map_names_quadrants_and_drivers() -> None:
    axes, table = DRAWINGS["drivers"](), driven().frame
    assert {
        "concentrate here",
        "keep up the good work",
        "low priority",
        "possible overkill",
        *table["driver"],
    } == set(words(axes))
    drawn = np.concatenate([dots.get_offsets() for dots in axes.collections if len(dots.get_offsets())])
    assert {tuple(np.round(at, 9)) for at in drawn} >= {
        tuple(np.round(at, 9)) for at in zip(table["performance"], table["share"], strict=True)
    }


def test_drivers_on_different_scales_have_no_quadrants() -> None:
    found = driver_importance(survey().dropna(), outcome="rating", drivers=["price", "service"])
    assert set(words(plot.plot_driver_map(found))) == {"price", "service"}


def test_a_driver_that_lowers_the_outcome_is_an_open_point() -> None:
    frame = survey().dropna().assign(waiting=lambda x: 6 - x["service"])
    found = driver_importance(frame, outcome="rating", drivers=["price", "waiting"], driver_range=(1, 5))
    axes = plot.plot_driver_map(found)
    open_points = [dots for dots in axes.collections if not len(getattr(dots, "get_facecolor")())]  # noqa: B009
    assert any(len(dots.get_offsets()) == 1 for dots in open_points)


def test_one_driver_is_drawn() -> None:
    found = driver_importance(survey().dropna(), outcome="rating", drivers=["price"], driver_range=(1, 5))
    assert "price" in words(plot.plot_driver_map(found))


@examples(40)
@given(st.lists(st.tuples(st.floats(0, 1), st.floats(0, 1)), min_size=1, max_size=8))
def test_names_of_few_points_do_not_cover_one_another(places: list[tuple[float, float]]) -> None:
    """Wherever the points lie, as long as there is room for their names."""
    axes = Figure(figsize=(6.4, 3.7)).add_subplot()
    axes.set_xlim(-0.3, 1.3)
    axes.set_ylim(-0.3, 1.3)
    x, y = np.array(places).T
    names = [f"driver {i}" for i in range(len(places))]
    name_points(axes, x, y, names, "black")
    width, height = size_in_points(axes)
    boxes = []
    for note, (px, py) in zip(axes.texts, places, strict=True):
        shift = note.get_position()
        long, high = _text_size(note.get_text())
        middle = width * (px + 0.3) / 1.6 + shift[0], height * (py + 0.3) / 1.6 + shift[1]
        boxes.append((middle[0] - long / 2, middle[1] - high / 2, middle[0] + long / 2, middle[1] + high / 2))
    crowded = sum(
        min(a[2], b[2]) - max(a[0], b[0]) > 1 and min(a[3], b[3]) - max(a[1], b[1]) > 1
        for a, b in combinations(boxes, 2)
    )
    far_apart = len(set(places)) == len(places) and all(
        max(abs(a[0] - b[0]), abs(a[1] - b[1])) > 0.05 for a, b in combinations(places, 2)
    )
    assert not crowded or not far_apart


def test_drawing_does_not_change_the_result() -> None:
    before = grouped().frame.copy()
    plot.plot_nps_groups(grouped())
    pd.testing.assert_frame_equal(grouped().frame, before)
    assert dataclasses.is_dataclass(grouped())

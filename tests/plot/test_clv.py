"""Drawings of histories and models: what is drawn is what was computed."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.axes import Axes

from customer_centric import BgNbd, InvalidInputError, Nbd, plot, summarise_transactions, tracking
from customer_centric.datasets import load_cdnow_sample
from effort import examples
from plot._of_clv import BOUGHT, DRAWINGS, MODEL, judged, tracked


def words(axes: Axes) -> list[str]:
    return [text.get_text() for text in axes.texts]


def test_the_path_of_a_customer() -> None:
    """P(alive) falls between purchases and jumps at each; the end is the model's answer for the history."""
    (path, ticks) = DRAWINGS["alive"]().lines[:2]
    alive = path.get_ydata()
    age, recency = 272 / 7, 213 / 7
    assert alive[-1] == pytest.approx(MODEL.probability_alive(2, recency, age))
    assert alive[0] == pytest.approx(MODEL.probability_alive(0, 0, 0))
    jumps = np.diff(alive) > 1e-3
    assert jumps.sum() == 2
    assert len(ticks.get_xdata()) == 3


def test_the_path_goes_on_past_the_end() -> None:
    ahead = DRAWINGS["ahead"]().lines[1].get_ydata()
    assert ahead[0] == pytest.approx(MODEL.probability_alive(2, 213 / 7, 272 / 7))
    assert ahead[-1] == pytest.approx(MODEL.probability_alive(2, 213 / 7, 272 / 7, after=26))
    assert "observed until here" in words(DRAWINGS["ahead"]())


def test_a_customer_seen_on_one_day() -> None:
    axes = plot.plot_probability_alive(MODEL, ["1997-01-01"], end="1997-01-01")
    assert "<svg" in plot.figure_svg(axes, label="x")


def test_frequency_and_tracking_show_their_numbers() -> None:
    axes, classes = DRAWINGS["frequency"](), judged().score().classes
    expected, actual = (line.get_ydata() for line in axes.lines[:2])
    np.testing.assert_array_equal(expected, classes.expected)
    np.testing.assert_array_equal(actual, classes.actual)
    assert words(axes) == ["MBG/NBD", "actual"] or words(axes) == ["actual", "MBG/NBD"]
    step, cumulative = DRAWINGS["tracking"](), DRAWINGS["cumulative"]()
    np.testing.assert_array_equal(step.lines[1].get_ydata(), tracked().actual)
    np.testing.assert_array_equal(cumulative.lines[0].get_ydata(), tracked().cumulative_expected)
    assert {"calibration", "holdout", "actual", "expected"} == set(words(step))
    assert step.get_xlabel() == "weeks since the first purchase"


def test_steps_of_several_weeks() -> None:
    histories = summarise_transactions(
        load_cdnow_sample(), customer="customer", date="date", end="1998-06-30", unit="week"
    )
    months = tracking(histories, Nbd(r=0.4, alpha=12.0, unit="week"), periods_per_step=28)
    axes = plot.plot_tracking(months)
    assert axes.get_ylabel() == "repeat purchases in 4 weeks"
    assert axes.get_xlabel() == "steps of 4 weeks"
    assert "holdout" not in words(axes)


@examples(20)
@given(st.lists(st.floats(0.0, 1e6), min_size=1, max_size=30).filter(lambda values: sum(values) > 1e-3))
def test_concentration_lies_above_equality_and_ends_at_one(values: list[float]) -> None:
    curve = plot.plot_concentration(values).lines[1]
    x, y = np.asarray(curve.get_xdata()), np.asarray(curve.get_ydata())
    assert y[0] == 0
    assert y[-1] == pytest.approx(1)
    assert np.all(y >= x - 1e-9)


def test_a_million_values_are_a_thousand_points() -> None:
    curve = plot.plot_concentration(np.arange(1_000_000.0)).lines[1]
    assert np.size(curve.get_xdata()) <= 1001


def test_calibration_of_the_baseline_knows_no_death() -> None:
    with pytest.raises(InvalidInputError, match=r"^`model` must know who is alive, got 'buys as before'"):
        plot.plot_calibration(judged(), model="buys as before", of="alive")


def test_errors() -> None:
    model = BgNbd(r=0.243, alpha=4.414, a=0.793, b=2.426, unit="week")
    with pytest.raises(InvalidInputError, match=r"^`purchases` must be dates, got \['soon'\]"):
        plot.plot_probability_alive(model, ["soon"], end="1997-09-30")
    with pytest.raises(InvalidInputError, match=r"^`purchases` must be at least one date, none missing"):
        plot.plot_probability_alive(model, [], end="1997-09-30")
    with pytest.raises(InvalidInputError, match=r"^`end` must be a date, got 'later'"):
        plot.plot_probability_alive(model, BOUGHT, end="later")
    with pytest.raises(
        InvalidInputError, match=r"^`end` must not be before the last purchase \(1997-08-02\), got 1997-08-01"
    ):
        plot.plot_probability_alive(model, BOUGHT, end="1997-08-01")
    with pytest.raises(InvalidInputError, match=r"^`horizon` must be a finite number at least 0, got inf"):
        plot.plot_probability_alive(model, BOUGHT, end="1997-09-30", horizon=np.inf)
    with pytest.raises(InvalidInputError, match=r"^`values` must have a sum greater than 0, got 0"):
        plot.plot_concentration([0.0, 0.0])
    with pytest.raises(InvalidInputError, match=r"^`values` must be a finite number, got nan at position 1"):
        plot.plot_concentration([1.0, np.nan])
    with pytest.raises(InvalidInputError, match=r"^`kind` must be one of 'step', 'cumulative', got 'daily'"):
        plot.plot_tracking(tracked(), kind="daily")  # type: ignore[arg-type]
    with pytest.raises(InvalidInputError, match=r"^`of` must be one of 'active', 'alive', got 'dead'"):
        plot.plot_calibration(judged(), of="dead")  # type: ignore[arg-type]
    with pytest.raises(
        InvalidInputError, match=r"^`name` must be one of 'MBG/NBD', 'buys as before', got 'x'"
    ):
        plot.plot_frequency(judged(), model="x")

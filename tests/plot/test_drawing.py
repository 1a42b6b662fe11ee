"""What all drawings keep: they fit into any page, go where they are asked to, and leave nothing behind."""

from __future__ import annotations

import re
import sys
import xml.etree.ElementTree as ET

import matplotlib as mpl
import pytest
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from customer_centric import InvalidInputError, MissingDependencyError, plot
from customer_centric.plot._drawing import end_labels
from plot import _of_churn, _of_clv, _of_journey, _of_nps, _of_segments

DRAWINGS = {
    **_of_clv.DRAWINGS,
    **_of_nps.DRAWINGS,
    **_of_churn.DRAWINGS,
    **_of_segments.DRAWINGS,
    **_of_journey.DRAWINGS,
}


@pytest.mark.parametrize("name", DRAWINGS)
def test_drawings_fit_into_any_page(name: str) -> None:
    """One well-formed element: no colour but the page's and one of its own, no font, no date, no stray id."""
    axes = DRAWINGS[name]()
    assert isinstance(axes, Axes)
    svg = plot.figure_svg(axes, label='A "drawing" & more')
    root = ET.fromstring(svg)
    assert root.tag.endswith("svg")
    assert root.get("aria-label") == 'A "drawing" & more'
    assert root.get("role") == "img"
    assert root.get("viewBox")
    assert root.get("width") is None
    assert {"text", "path"} <= {element.tag.split("}")[1] for element in root.iter()}
    colors = set(re.findall(r"#[0-9a-f]{6}", re.sub(r"var\([^)]*\)", "", svg)))
    assert not colors
    assert "currentColor" in svg
    assert "var(--plot-model, #3f83bd)" in svg
    assert not re.search(r"DejaVu|font:|font-family|<metadata|<style|\d{4}-\d\d-\d\dT", svg)
    named = set(re.findall(r' id="([^"]+)"', svg))
    assert named == {name for name in named if f"#{name}" in svg}
    assert svg == plot.figure_svg(axes.get_figure(), label='A "drawing" & more')
    assert svg == plot.figure_svg(DRAWINGS[name](), label='A "drawing" & more')


@pytest.mark.parametrize("name", DRAWINGS)
def test_drawings_go_where_they_are_asked_to(name: str) -> None:
    """Axes of one's own are drawn on, in the colour of text that is set."""
    ax = Figure().add_subplot()
    with mpl.rc_context({"text.color": "#123456"}):
        assert DRAWINGS[name](ax) is ax
    assert ax.xaxis.label.get_color() == "#123456"


def test_drawing_leaves_no_global_state() -> None:
    before = dict(mpl.rcParams)
    for draw in DRAWINGS.values():
        plot.figure_svg(draw(), label="x")
    assert dict(mpl.rcParams) == before
    if "matplotlib.pyplot" in sys.modules:
        assert not sys.modules["matplotlib.pyplot"].get_fignums()


@pytest.mark.parametrize(("bottom", "top"), [(0.0, 100.0), (100.0, 0.0), (50.0, 50.2)])
def test_names_of_lines_keep_apart(bottom: float, top: float) -> None:
    axes = Figure(figsize=(6.4, 3.7)).add_subplot()
    axes.set_ylim(0, 100)
    end_labels(axes, 1.0, [(bottom, "a", "black"), (top, "b", "black")])
    places = sorted(
        note.xy[1] / 100 * 3.7 * 72 * 0.8 + note.get_position()[1]  # type: ignore[attr-defined]
        for note in axes.texts
    )
    assert places[1] - places[0] >= 15 - 1e-9


def test_what_is_no_drawing_is_refused() -> None:
    with pytest.raises(InvalidInputError, match=r"^`drawing` must be Axes or a Figure, got str"):
        plot.figure_svg("a drawing", label="x")  # type: ignore[arg-type]


def test_without_matplotlib(monkeypatch: pytest.MonkeyPatch) -> None:
    """The message says what to install; results do without it."""
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    with pytest.raises(
        MissingDependencyError, match=r"get it with `pip install 'customer_centric\[plot\]'`$"
    ):
        plot.plot_concentration([1, 2])

"""What all drawings share: bare axes, names at the ends of lines, and the way into a page."""

# Matplotlib's own annotations leave keyword arguments open.
# pyright: reportUnknownMemberType=false

from __future__ import annotations

import io
import re
from collections.abc import Sequence
from html import escape
from typing import TYPE_CHECKING, Final, Literal

from customer_centric.errors import InvalidInputError, MissingDependencyError

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["figure_svg"]

# What happened is drawn in the colour of the text, what a model says in blue, which is told from grey with
# any colour vision and has a contrast of 3 and more on white and on dark grey.
INK: Final = "#24292f"
MODEL: Final = "#3f83bd"
BAND: Final = 0.2
MUTED: Final = 0.65
SMALL: Final = 9.0
SIZE: Final = (6.4, 3.7)
LABELLED: Final = 0.86  # leaves room for names at the ends of lines
_METADATA: Final = ("Creator", "Date", "Format", "Type")


def figure_svg(drawing: Axes | Figure, *, label: str) -> str:
    """The drawing as an `svg` element to put into a page.

    Parameters
    ----------
    drawing : Axes or Figure
        What a `plot_` function returned, or its figure.
    label : str
        What there is to see, for those who do not see it.

    Returns
    -------
    str
        One `svg` element of the width of its place: transparent, text as text in the font of the page, what
        is black in the colour of the text, blue as `var(--plot-model)` with a default. The same drawing
        gives the same text, without a date.

    Examples
    --------
    >>> from customer_centric.plot import plot_concentration
    >>> svg = figure_svg(plot_concentration([8, 1, 1, 0]), label="Value is concentrated")
    >>> svg[:38]
    '<svg role="img" aria-label="Value is c'
    >>> "currentColor" in svg
    True
    """
    import matplotlib as mpl
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    figure = drawing.get_figure(root=True) if isinstance(drawing, Axes) else drawing
    if not isinstance(figure, Figure):
        raise InvalidInputError(f"`drawing` must be Axes or a Figure, got {type(drawing).__name__}")
    picture = io.StringIO()
    with mpl.rc_context({"svg.fonttype": "none", "svg.hashsalt": "customer_centric"}):
        figure.savefig(
            picture,
            format="svg",
            transparent=True,
            metadata=dict.fromkeys(_METADATA),
        )
    return _for_page(picture.getvalue(), label)


def _for_page(svg: str, label: str) -> str:
    """One element that inherits font and colour, without what only a file needs."""
    box = re.search(r'viewBox="[^"]*"', svg)
    body = svg[svg.index(">", svg.index("<svg")) + 1 :]
    body = re.sub(r"<metadata>.*?</metadata>|<!--.*?-->", "", body, flags=re.DOTALL)
    # A style element would rule the whole page; what it says stands on the root below.
    body = re.sub(r"<defs>\s*<style.*?</style>\s*</defs>", "", body, flags=re.DOTALL)
    # Matplotlib writes the font in short or at length, depending on its version.
    body = re.sub(r"font: (?:\w+ )*([\d.]+px)[^;\"]*", r"font-size: \1", body)
    body = re.sub(r"font-family: [^;\"]*;?\s*", "", body)
    body = body.replace(MODEL, f"var(--plot-model, {MODEL})")
    body = re.sub(rf"{INK}|#000000", "currentColor", body)
    named = set(re.findall(r'(?:url\(|href=")#([^")]+)', body))
    body = re.sub(r' id="([^"]+)"', lambda found: found[0] if found[1] in named else "", body)
    body = re.sub(r"\s*\n\s*", " ", body).strip()
    return (
        f'<svg role="img" aria-label="{escape(label)}" {box[0] if box else ""} fill="currentColor" '
        'stroke-linejoin="round" stroke-linecap="butt" '
        f'xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink">{body}'
    )


def new_axes(
    ax: Axes | None,
    *,
    right: float = 0.965,
    left: float = 0.1,
    height: float = SIZE[1],
    grid: Literal["x", "y"] = "y",
) -> tuple[Axes, str]:
    """Bare axes with a quiet frame, and the colour of their text; the height is in inches."""
    if ax is None:
        try:
            from matplotlib.figure import Figure
        except ImportError as error:
            raise MissingDependencyError(
                "plots need Matplotlib, which is not installed; "
                "get it with `pip install 'customer_centric[plot]'`"
            ) from error
        # Margins in place of a layout engine, which moves the axes a little with every drawing.
        figure = Figure(figsize=(SIZE[0], height))
        below, above = 0.17 * SIZE[1] / height, 0.03 * SIZE[1] / height
        figure.subplots_adjust(left=left, right=right, bottom=below, top=1 - above)
        axes, ink = figure.add_subplot(), INK
    else:
        import matplotlib as mpl

        axes, ink = ax, str(mpl.rcParams["text.color"])
    axes.spines[["top", "right", "left"]].set_visible(False)
    axes.spines["bottom"].set_color(ink)
    axes.spines["bottom"].set_alpha(MUTED)
    axes.tick_params(colors=ink, labelsize=SMALL, length=0, pad=5)
    for label in (axes.xaxis.label, axes.yaxis.label):
        label.set_color(ink)
        label.set_fontsize(SMALL)
    axes.grid(axis=grid, color=ink, alpha=0.12, linewidth=0.8)
    axes.set_axisbelow(True)
    return axes, ink


def end_labels(axes: Axes, x: float, lines: Sequence[tuple[float, str, str]]) -> None:
    """Names at the ends of lines, in their colours, pushed apart where they would meet."""
    bottom, top = axes.get_ylim()
    ordered = sorted(lines)
    gap = 15.0  # points between two lines of text
    height = SIZE[1] * 72 * 0.8
    places = [height * (y - bottom) / (top - bottom) for y, _, _ in ordered]
    wanted = list(places)
    for i in range(1, len(places)):
        short = gap - (wanted[i] - wanted[i - 1])
        if short > 0:
            wanted[i - 1] -= short / 2
            wanted[i] += short / 2
    for (y, text, color), place, moved in zip(ordered, places, wanted, strict=True):
        axes.annotate(
            text,
            (x, y),
            xytext=(7, moved - place),
            textcoords="offset points",
            va="center",
            color=color,
            annotation_clip=False,
        )


def small_print(
    axes: Axes,
    text: str,
    at: tuple[float, float],
    ink: str,
    *,
    ha: Literal["left", "center", "right"] = "left",
    va: Literal["top", "center", "bottom"] = "center",
    alpha: float = MUTED,
) -> None:
    """A quiet word at a place of the axes, from (0, 0) at the lower left to (1, 1)."""
    axes.annotate(
        text,
        at,
        xycoords="axes fraction",
        ha=ha,
        va=va,
        color=ink,
        alpha=alpha,
        fontsize=SMALL,
        annotation_clip=False,
    )


def percent(axes: Axes, which: Literal["x", "y"]) -> None:
    from matplotlib.ticker import PercentFormatter

    axis = axes.xaxis if which == "x" else axes.yaxis
    axis.set_major_formatter(PercentFormatter(1.0, decimals=0, symbol=" %"))


def date_axis(axes: Axes, *, at_least: int = 4) -> None:
    """Dates along the foot, as few as are needed."""
    from matplotlib.dates import AutoDateLocator, ConciseDateFormatter

    locator = AutoDateLocator(minticks=at_least, maxticks=9)  # type: ignore[no-untyped-call]  # Matplotlib's
    axes.xaxis.set_major_locator(locator)
    labels = ConciseDateFormatter(locator)  # type: ignore[no-untyped-call]  # Matplotlib's
    axes.xaxis.set_major_formatter(labels)
    axes.margins(x=0.01)

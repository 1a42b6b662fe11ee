"""The plot of time against the number of transactions, as an SVG that reads on light and on dark."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

from cases import GROWTH_ROWS, OURS

Point: TypeAlias = tuple[float, float]

_GREY = "#808080"
_BLUE = "#4c78a8"
_OPENING = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 600 310" font-family="sans-serif" '
    f'font-size="13" fill="{_GREY}" role="img" aria-label="Time against transactions">'
)


def growth_plot(results: Mapping[str, Any]) -> str:
    """Time against rows on logarithmic scales, with a dashed line of exact proportion."""
    measured = {rows: results["cases"].get(f"growth/{rows}", {}).get(OURS, {}) for rows in GROWTH_ROWS}
    points = [
        (float(rows), float(found["seconds"])) for rows, found in measured.items() if "seconds" in found
    ]
    if not points:
        return f"{_OPENING}</svg>\n"
    low = math.floor(math.log10(min(time for _, time in points)))
    high = math.ceil(math.log10(max(time for _, time in points)))

    def place(rows: float, time: float) -> Point:
        height = (math.log10(time) - low) / (high - low)
        return 70 + 460 * (math.log10(rows) - 5) / 2, 260 - 230 * height

    last_rows, last_time = points[-1]
    straight = [
        place(max(1e5, last_rows * 10.0**low / last_time), max(10.0**low, last_time * 1e5 / last_rows))
    ]
    straight.append(place(last_rows, last_time))
    parts = [_OPENING, _text((300, 303), "transactions")]
    for power in range(low, high + 1):
        parts.append(_path([place(1e5, 10.0**power), place(1e7, 10.0**power)], _GREY, "stroke-opacity='0.3'"))
        parts.append(_text((62, place(1e5, 10.0**power)[1] + 4), f"{10.0**power:g} s", "end"))
    parts += [_text((place(rows, 1)[0], 280), f"{rows:,.0f}") for rows in (1e5, 1e6, 1e7)]
    parts.append(_path(straight, _GREY, "stroke-dasharray='5 4'"))
    dots = [place(*point) for point in points]
    parts.append(_path(dots, _BLUE, "stroke-width='2.5'"))
    parts += [f'<circle cx="{x:.1f}" cy="{y:.1f}" r="4" fill="{_BLUE}"/>' for x, y in dots]
    return "\n".join([*parts, "</svg>"]) + "\n"


def _text(at: Point, words: str, anchor: str = "middle") -> str:
    return f'<text x="{at[0]:.0f}" y="{at[1]:.0f}" text-anchor="{anchor}">{words}</text>'


def _path(points: Sequence[Point], colour: str, style: str) -> str:
    line = " L".join(f"{x:.1f} {y:.1f}" for x, y in points)
    return f'<path d="M{line}" fill="none" stroke="{colour}" {style}/>'

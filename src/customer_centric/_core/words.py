"""How results say themselves: numbers with their nouns, and sentences as a notebook shows them."""

from __future__ import annotations

from html import escape
from typing import Any

from customer_centric._core.frames.engines import engine_of, is_lazy


def counted(value: float, thing: str) -> str:
    """A count with its noun: 1 customer, 2,357 customers."""
    number = f"{value:,.0f}"
    return f"{number} {thing}" if number == "1" else f"{number} {thing}s"


def as_html(result: object, *, frame: Any = None) -> str:
    """The sentence of a result, with the rows below it where they are in memory."""
    sentence = f"<p>{escape(str(result), quote=False)}</p>"
    if frame is None or is_lazy(engine_of("frame", frame)):
        return sentence
    draw = getattr(frame, "_repr_html_", None)
    return sentence if draw is None else f"{sentence}{draw()}"

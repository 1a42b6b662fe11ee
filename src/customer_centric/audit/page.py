"""What pages are made of: the document, paragraphs, tables and charts, with nothing from the network."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from importlib.resources import files
from typing import Literal, TypeAlias

from customer_centric.audit import words
from customer_centric.audit.plain import Estimate
from customer_centric.audit.table import Table
from customer_centric.errors import MissingDependencyError

__all__ = ["Chart"]

Section: TypeAlias = Literal["test", "value", "back", "leave", "trend", "groups", "hurt", "follow"]


@dataclass(frozen=True, slots=True)
class Chart:
    """A drawing of the report.

    Parameters
    ----------
    section : {"test", "value", "back", "leave", "trend", "groups", "hurt", "follow"}
        Where it stands: in the test of the model, with who matters, with who comes back or who leaves, with
        the score over time or by group, or with where it hurts or what follows what.
    title : str
        What it shows.
    description : str
        What there is to see, for those who see it and those who do not.
    svg : str
        The drawing, an `svg` element.
    """

    section: Section
    title: str
    description: str
    svg: str


def drawn(section: Section, title: str, description: str, draw: Callable[[str], str]) -> Chart:
    """A chart with its words as its label."""
    return Chart(section, title, description, draw(f"{title}. {description}"))


def charts_or_reason(draw: Callable[[], Iterable[Chart]]) -> tuple[tuple[Chart, ...], str]:
    """The charts of a page, and why there are none where Matplotlib is missing."""
    try:
        return _numbered(draw()), ""
    except MissingDependencyError as error:
        return (), f"There are no charts: {error}"


def unwatched(_: str) -> None:
    """Progress that nobody watches."""


def _numbered(charts: Iterable[Chart]) -> tuple[Chart, ...]:
    """With ids that are unique in a page: two drawings may have the same ones."""
    return tuple(
        Chart(
            chart.section,
            chart.title,
            chart.description,
            re.sub(r'(\bid="|url\(#|href="#)', rf"\g<1>chart{i}-", chart.svg),
        )
        for i, chart in enumerate(charts)
    )


def document(title: str, header: str, sections: Iterable[tuple[str, str, str]], *, version: str) -> str:
    """A whole page: sections are their key, their title and what stands in them; empty ones are left out."""
    kept = [(key, title, body) for key, title, body in sections if body]
    links = "".join(f'<li><a href="#{key}">{escape(title)}</a></li>' for key, title, _ in kept)
    bodies = "\n".join(
        f'<section id="{key}" aria-labelledby="{key}-title">\n'
        f'<h2 id="{key}-title">{escape(title)}</h2>\n{body}\n</section>'
        for key, title, body in kept
    )
    return _DOCUMENT.format(
        title=escape(title),
        style=files("customer_centric.audit").joinpath("audit.css").read_text(encoding="utf-8"),
        header=header,
        links=links,
        sections=bodies,
        version=escape(version),
    )


_DOCUMENT = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>{title}</title>
<style>
{style}</style>
</head>
<body>
<header>
{header}
<nav aria-label="Contents"><ul>{links}</ul></nav>
</header>
<main>
{sections}
</main>
<footer><p>Made by customer_centric {version}.</p></footer>
</body>
</html>
"""


def header(
    kind: str,
    source: str,
    *,
    number: str,
    bounds: str,
    lead: str,
    figures: Iterable[tuple[str, str, str]],
) -> str:
    """The top of a page: what it is, the number that matters most, and those after it."""
    boxes = "".join(
        f'<div><dt>{typeset(label)}</dt><dd class="number">{typeset(value)}</dd>'
        f'<dd class="detail">{typeset(detail)}</dd></div>'
        for label, value, detail in figures
    )
    return (
        f"<h1>{escape(kind)}</h1>\n"
        f'<p class="source">{escape(source)}</p>\n'
        f'<p class="hero">{typeset(number)}</p>\n'
        f'<p class="bounds">{typeset(bounds)}</p>\n<p class="lead">{typeset(lead)}</p>\n'
        f'<dl class="figures">{boxes}</dl>'
    )


def heading(title: str) -> str:
    """The title of a part of a section."""
    return f"<h3>{escape(title)}</h3>\n"


def note(text: str) -> str:
    """A remark in small print."""
    return f'<p class="note">{escape(text)}</p>' if text else ""


def care(notes: Sequence[str]) -> str:
    """What limits the numbers."""
    if not notes:
        return ""
    items = "".join(f"<li>{typeset(item)}</li>" for item in notes)
    return f'<div class="care"><ul>{items}</ul></div>'


def method(paragraphs: Iterable[str], sources: Mapping[str, str]) -> str:
    """How the numbers come about, and where that is written."""
    items = "".join(f'<li><a href="{escape(link)}">{escape(name)}</a></li>' for link, name in sources.items())
    return "".join(map(paragraph, paragraphs)) + f"<h3>Sources</h3>\n<ul>{items}</ul>"


def asked(rows: Iterable[tuple[str, str]], command: str) -> str:
    """What was asked, name by name, and the command that asks it again."""
    items = "".join(f"<dt>{escape(name)}</dt><dd>{escape(value)}</dd>" for name, value in rows)
    listed = f'<dl class="asked">{items}</dl>'
    if not command:
        return listed
    return f'{listed}\n<h3>To repeat it</h3>\n<pre tabindex="0"><code>{escape(command)}</code></pre>'


def typeset(text: str) -> str:
    """Escaped, with the signs of good print in place of their ASCII stand-ins."""
    signed = re.sub(r"(?<![\w-])-(?=\d)", "\u2212", text).replace("+/-", "\u00b1")
    return escape(signed.replace(" %", "\u00a0%"))


def paragraph(sentence: str) -> str:
    return f"<p>{typeset(sentence)}</p>"


def charts(charts: Sequence[Chart], section: Section) -> str:
    drawn = "".join(
        f"<figure>{chart.svg}<figcaption><strong>{typeset(chart.title)}.</strong> "
        f"{typeset(chart.description)}</figcaption></figure>"
        for chart in charts
        if chart.section == section
    )
    return f'<div class="charts">{drawn}</div>' if drawn else ""


def table(table: Table, *, drawn: tuple[str, Sequence[str]] | None = None) -> str:
    if not table.rows:
        return ""
    kind, drawings = drawn or ("", [""] * len(table.rows))
    extra = f'<td class="{kind}" aria-hidden="true"></td>' if kind else ""
    wide = " wide" if kind else ""
    head = "".join(_cell("th", 'scope="col"', name, j in table.left) for j, name in enumerate(table.head))
    rows = "\n".join(
        _row(table, row, marked=i == table.marked)
        + (f'<td class="{kind}" aria-hidden="true">{drawing}</td>' if kind else "")
        + "</tr>"
        for i, (row, drawing) in enumerate(zip(table.rows, drawings, strict=True))
    )
    note = f'<p class="note">{typeset(table.note)}</p>' if table.note else ""
    title = escape(table.title)
    return (
        f'<div class="table{wide}" role="group" aria-label="{title}" tabindex="0">\n<table>\n'
        f"<caption>{title}</caption>\n<thead><tr>{head}{extra}</tr></thead>\n"
        f"<tbody>\n{rows}\n</tbody>\n</table>\n</div>\n{note}"
    )


def _row(table: Table, row: Iterable[str], *, marked: bool) -> str:
    cells = "".join(
        _cell("td" if j else "th", "" if j else 'scope="row"', value, j in table.left)
        for j, value in enumerate(row)
    )
    return f'<tr class="marked">{cells}' if marked else f"<tr>{cells}"


def _cell(tag: str, attributes: str, text: str, word: bool) -> str:  # noqa: FBT001 (a property of the column)
    kind = ' class="word"' if word else ""
    inside = escape(text) if word else typeset(text)
    if text == words.MISSING:
        inside = "\u2013"
    return f"<{tag}{' ' if attributes else ''}{attributes}{kind}>{inside}</{tag}>"


def bar(value: float, largest: float) -> str:
    width = 100 * max(value, 0.0) / largest if largest > 0 else 0.0
    return (
        '<svg viewBox="0 0 100 10" preserveAspectRatio="none">'
        f'<rect width="{width:.2f}" height="10" rx="0"/></svg>'
    )


def value_range(estimate: Estimate, end: float) -> str:
    if estimate.lower is None or estimate.upper is None or end <= 0:
        return ""
    low, middle, high = (
        100 * min(max(x / end, 0.0), 1.0) for x in (estimate.lower, estimate.value, estimate.upper)
    )
    return (
        '<svg viewBox="0 0 100 10" preserveAspectRatio="none">'
        f'<line x1="{low:.2f}" x2="{high:.2f}" y1="5" y2="5"/>'
        f'<rect x="{middle - 0.8:.2f}" y="1.5" width="1.6" height="7"/></svg>'
    )

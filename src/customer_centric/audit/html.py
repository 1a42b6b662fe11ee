"""The audit as one self-contained page: no script, nothing from the network, light and dark."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape
from importlib.resources import files
from typing import Literal, TypeAlias

from customer_centric.audit import tables, words
from customer_centric.audit.report import AuditReport, Estimate
from customer_centric.audit.tables import Table

__all__ = ["Chart", "render_html"]


Section: TypeAlias = Literal["test", "value"]


@dataclass(frozen=True, slots=True)
class Chart:
    """A drawing of the report.

    Parameters
    ----------
    section : {"test", "value"}
        Where it stands: in the test of the model, or with who matters.
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


def render_html(report: AuditReport, charts: Sequence[Chart] = (), *, missing_charts: str = "") -> str:
    """The report as a page of HTML.

    Parameters
    ----------
    report : AuditReport
        What an audit found.
    charts : sequence of Chart, optional
        Drawings.
    missing_charts : str, default ""
        Why there are no drawings and how to get them, where there are none.

    Returns
    -------
    str
        A whole document, with its styles and drawings inside.
    """
    sections = [
        ("data", "What the data are", _data(report)),
        ("model", "Which model, and why", _model(report)),
        ("test", "How well it predicts", _test(report, charts, missing_charts)),
        ("value", "Who matters", _value(report, charts)),
        ("certainty", "How certain", _certainty(report)),
        ("care", "Read with care", _care(report)),
        ("method", "Method and sources", _method()),
        ("asked", "How it was asked", _asked(report)),
    ]
    kept = [(key, title, body) for key, title, body in sections if body]
    links = "".join(f'<li><a href="#{key}">{escape(title)}</a></li>' for key, title, _ in kept)
    bodies = "\n".join(
        f'<section id="{key}" aria-labelledby="{key}-title">\n'
        f'<h2 id="{key}-title">{escape(title)}</h2>\n{body}\n</section>'
        for key, title, body in kept
    )
    return _DOCUMENT.format(
        title=escape(f"Customer audit: {report.settings.source}"),
        style=files("customer_centric.audit").joinpath("audit.css").read_text(encoding="utf-8"),
        header=_header(report),
        links=links,
        sections=bodies,
        version=escape(report.settings.version),
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


def _header(report: AuditReport) -> str:
    settings, value = report.settings, report.lifetime.value
    figures = "".join(
        f'<div><dt>{_typeset(label)}</dt><dd class="number">{_typeset(number)}</dd>'
        f'<dd class="detail">{_typeset(detail)}</dd></div>'
        for label, number, detail in words.key_figures(report)
    )
    bounds = f"{words.share(settings.confidence_level)} interval {words.interval(value)}"
    return (
        f"<h1>Customer audit</h1>\n"
        f'<p class="source">{escape(settings.source)}, until {words.day(settings.end)}</p>\n'
        f'<p class="hero">{_typeset(words.amount(value.value))}</p>\n'
        f'<p class="bounds">{_typeset(bounds)}</p>\n<p class="lead">{_typeset(words.meaning(report))}</p>\n'
        f'<dl class="figures">{figures}</dl>'
    )


def _typeset(text: str) -> str:
    """Escaped, with the signs of good print in place of their ASCII stand-ins."""
    signed = re.sub(r"(?<![\w-])-(?=\d)", "\u2212", text).replace("+/-", "\u00b1")
    return escape(signed.replace(" %", "\u00a0%"))


def _paragraph(sentence: str) -> str:
    return f"<p>{_typeset(sentence)}</p>"


def _data(report: AuditReport) -> str:
    return _paragraph(words.seen(report)) + _table(tables.log_table(report))


def _model(report: AuditReport) -> str:
    scores = tables.score_table(report)
    return _paragraph(report.reason) + ("" if scores is None else _table(scores))


def _test(report: AuditReport, charts: Sequence[Chart], missing_charts: str) -> str:
    classes = tables.class_table(report)
    reason = f'<p class="note">{escape(missing_charts)}</p>' if missing_charts else ""
    return (
        _paragraph(words.tested(report))
        + _charts(charts, "test")
        + reason
        + ("" if classes is None else _table(classes))
    )


def _value(report: AuditReport, charts: Sequence[Chart]) -> str:
    largest = max((group.value for group in report.groups), default=0.0)
    bars = [_bar(group.value, largest) for group in report.groups]
    top = [row.predicted_value for row in report.top]
    end = max((estimate.upper or estimate.value for estimate in top), default=0.0)
    ranges = [_range(estimate, end) for estimate in top]
    return (
        _paragraph(words.concentrated(report))
        + _charts(charts, "value")
        + _table(tables.group_table(report), drawn=("bar", bars))
        + _table(tables.customer_table(report), drawn=("range", ranges))
    )


def _certainty(report: AuditReport) -> str:
    models = [report.purchases] if report.spend is None else [report.purchases, report.spend]
    shown = "".join(_table(tables.parameter_table(model)) for model in models)
    verdict = "" if report.spend_verdict is None else _paragraph(report.spend_verdict)
    return _paragraph(words.spread(report)) + shown + verdict


def _care(report: AuditReport) -> str:
    if not report.notes:
        return ""
    notes = "".join(f"<li>{_typeset(note)}</li>" for note in report.notes)
    return f'<div class="care"><ul>{notes}</ul></div>'


def _method() -> str:
    sources = "".join(
        f'<li><a href="{escape(link)}">{escape(name)}</a></li>' for link, name in words.SOURCES.items()
    )
    return "".join(map(_paragraph, words.method())) + f"<h3>Sources</h3>\n<ul>{sources}</ul>"


def _asked(report: AuditReport) -> str:
    rows = "".join(
        f"<dt>{escape(name)}</dt><dd>{escape(value)}</dd>" for name, value in words.settings_rows(report)
    )
    asked = f'<dl class="asked">{rows}</dl>'
    if not report.settings.command:
        return asked
    command = escape(report.settings.command)
    return f'{asked}\n<h3>To repeat it</h3>\n<pre tabindex="0"><code>{command}</code></pre>'


def _charts(charts: Sequence[Chart], section: Section) -> str:
    drawn = "".join(
        f"<figure>{chart.svg}<figcaption><strong>{_typeset(chart.title)}.</strong> "
        f"{_typeset(chart.description)}</figcaption></figure>"
        for chart in charts
        if chart.section == section
    )
    return f'<div class="charts">{drawn}</div>' if drawn else ""


def _table(table: Table, *, drawn: tuple[str, Sequence[str]] | None = None) -> str:
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
    note = f'<p class="note">{_typeset(table.note)}</p>' if table.note else ""
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
    inside = escape(text) if word else _typeset(text)
    if text == words.MISSING:
        inside = "\u2013"
    return f"<{tag}{' ' if attributes else ''}{attributes}{kind}>{inside}</{tag}>"


def _bar(value: float, largest: float) -> str:
    width = 100 * max(value, 0.0) / largest if largest > 0 else 0.0
    return (
        '<svg viewBox="0 0 100 10" preserveAspectRatio="none">'
        f'<rect width="{width:.2f}" height="10" rx="0"/></svg>'
    )


def _range(estimate: Estimate, end: float) -> str:
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

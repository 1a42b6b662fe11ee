"""Where it hurts as a section of the page of an audit, and as a page of its own."""

from __future__ import annotations

from collections.abc import Sequence

from customer_centric.audit import page
from customer_centric.audit.journey import tables, words
from customer_centric.audit.journey.report import JourneyReport
from customer_centric.audit.page import Chart
from customer_centric.audit.table import Table

__all__ = ["render_journey_html"]


def render_journey_html(
    report: JourneyReport, charts: Sequence[Chart] = (), *, missing_charts: str = ""
) -> str:
    """The report as a page of HTML.

    Parameters
    ----------
    report : JourneyReport
        Where it hurts.
    charts : sequence of Chart, optional
        Drawings.
    missing_charts : str, default ""
        Why there are no drawings and how to get them, where there are none.

    Returns
    -------
    str
        A whole document, with its styles and drawings inside.
    """
    settings, losses = report.settings, report.losses
    total = None if losses is None else losses.total
    often = words.level(settings.confidence_level)
    return page.document(
        f"Journeys: {settings.source}",
        page.header(
            "Journeys lost to friction",
            f"{settings.source}, until {words.moment(settings.end)}",
            number=words.journeys(total),
            bounds=""
            if total is None
            else f"{often} interval {words.between(total, words.digits_of(total))}",
            lead=words.meaning(report),
            figures=words.key_figures(report),
        ),
        [
            ("hurt", "Where it hurts", lost(report, charts)),
            ("fix", "What to fix first", fixes(report)),
            ("score", "Friction by touchpoint", scores(report)),
            ("follow", "What follows what", followed(report, charts)),
            ("read", "What was read", page.note(missing_charts) + read(report)),
            ("care", "Read with care", page.care(report.notes)),
            ("method", "Method and sources", page.method(words.method(), words.sources())),
            ("asked", "How it was asked", page.asked(words.settings_rows(report), settings.command)),
        ],
        version=settings.version,
    )


def section(report: JourneyReport, charts: Sequence[Chart]) -> str:
    """Where it hurts, as a section of a page."""
    parts = (
        ("What to fix first", fixes(report)),
        ("Friction by touchpoint", scores(report)),
        ("What follows what", followed(report, charts)),
        ("What was read", read(report)),
    )
    return (
        page.paragraph(words.headline(report))
        + lost(report, charts)
        + "".join(page.heading(title) + body for title, body in parts if body)
    )


def lost(report: JourneyReport, charts: Sequence[Chart]) -> str:
    """What is lost, with its drawings."""
    table = tables.loss_table(report)
    if table is None:
        return ""
    return page.paragraph(words.worst(report)) + page.charts(charts, "hurt") + page.table(table)


def fixes(report: JourneyReport) -> str:
    """What single fixes bring."""
    return _said(words.fix(report)) + _shown(tables.fix_table(report))


def scores(report: JourneyReport) -> str:
    """The score of each touchpoint, with its share drawn."""
    table = tables.score_table(report)
    shares = [row.share for row in report.scores[: len(table.rows)]]
    largest = max(shares, default=0.0)
    bars = [page.bar(value, largest) for value in shares]
    return page.paragraph(words.scored(report)) + page.table(table, drawn=("bar", bars))


def followed(report: JourneyReport, charts: Sequence[Chart]) -> str:
    """What follows what, and how far journeys come."""
    return _said(words.passed(report)) + page.charts(charts, "follow") + _shown(tables.funnel_table(report))


def read(report: JourneyReport) -> str:
    """What was read, and whether it can be trusted."""
    said = [words.ended(report), *words.quality(report)]
    return "".join(map(page.paragraph, said)) + page.table(tables.log_table(report))


def _said(sentence: str) -> str:
    return page.paragraph(sentence) if sentence else ""


def _shown(table: Table | None) -> str:
    return "" if table is None else page.table(table)

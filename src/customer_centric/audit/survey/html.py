"""What a survey says as a page, and as a section of the page of an audit."""

from __future__ import annotations

from collections.abc import Sequence

from customer_centric.audit import page
from customer_centric.audit.page import Chart
from customer_centric.audit.survey import tables, words
from customer_centric.audit.survey.report import SurveyReport

__all__ = ["render_survey_html"]


def render_survey_html(
    report: SurveyReport, charts: Sequence[Chart] = (), *, missing_charts: str = ""
) -> str:
    """The report as a page of HTML.

    Parameters
    ----------
    report : SurveyReport
        What ratings say.
    charts : sequence of Chart, optional
        Drawings.
    missing_charts : str, default ""
        Why there are no drawings and how to get them, where there are none.

    Returns
    -------
    str
        A whole document, with its styles and drawings inside.
    """
    settings, score = report.settings, report.score.score
    return page.document(
        f"Net Promoter Score: {settings.source}",
        page.header(
            "Net Promoter Score",
            settings.source,
            number=words.points(score.value),
            bounds=f"{words.level(report)} interval {words.bounds(score)}",
            lead=words.shares(report),
            figures=words.key_figures(report),
        ),
        [
            ("certainty", "How certain", certain(report)),
            ("trend", "Over time", trend(report, charts)),
            ("groups", f"By {settings.group}", groups(report, charts)),
            ("read", "What was read", page.note(missing_charts) + page.table(tables.log_table(report))),
            ("care", "Read with care", page.care(report.notes)),
            ("method", "Method and sources", page.method(words.method(report), words.sources(report))),
            ("asked", "How it was asked", page.asked(words.settings_rows(report), settings.command)),
        ],
        version=settings.version,
    )


def section(report: SurveyReport, charts: Sequence[Chart]) -> str:
    """What customers say, as a section of a page."""
    parts = (
        ("Over time", trend(report, charts)),
        (f"By {report.settings.group}", groups(report, charts)),
        ("What those who answered are worth", value(report)),
        ("What was read", page.table(tables.log_table(report))),
    )
    return (
        page.paragraph(words.headline(report))
        + page.paragraph(words.shares(report))
        + certain(report)
        + "".join(page.heading(title) + body for title, body in parts if body)
    )


def certain(report: SurveyReport) -> str:
    """The shares behind the score, and how sure it is."""
    largest = max(part.share for part in report.score.classes)
    bars = [page.bar(part.share, largest) for part in report.score.classes]
    return "".join(map(page.paragraph, words.findings(report))) + page.table(
        tables.class_table(report), drawn=("bar", bars)
    )


def trend(report: SurveyReport, charts: Sequence[Chart]) -> str:
    """The score over time; empty where nobody asked."""
    table = tables.trend_table(report)
    if table is None:
        return ""
    return page.paragraph(words.trend(report)) + page.charts(charts, "trend") + page.table(table)


def groups(report: SurveyReport, charts: Sequence[Chart]) -> str:
    """The score by group; empty where nobody asked."""
    table = tables.group_table(report)
    if table is None:
        return ""
    return page.paragraph(words.groups(report)) + page.charts(charts, "groups") + page.table(table)


def value(report: SurveyReport) -> str:
    """Lifetime value by class; empty where nothing links the two."""
    table = tables.value_table(report)
    return "" if table is None else page.paragraph(words.value(report)) + page.table(table)

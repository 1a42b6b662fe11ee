"""The audit as one self-contained page: no script, nothing from the network, light and dark."""

from __future__ import annotations

from collections.abc import Sequence

from customer_centric.audit import composed, page, tables, words
from customer_centric.audit.churn import html as churn_html
from customer_centric.audit.journey import html as journey_html
from customer_centric.audit.page import Chart
from customer_centric.audit.report import AuditReport
from customer_centric.audit.segments import html as segment_html
from customer_centric.audit.segments import words as segment_words
from customer_centric.audit.survey import html as survey_html

__all__ = ["render_html"]


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
        ("cost", "What a new customer may cost", _cost(report)),
        ("base", "How the base changes", _base(report)),
        ("back", "Who comes back", _back(report, charts)),
        ("leave", "Who leaves", _leave(report, charts)),
        ("say", "What customers say", _say(report, charts)),
        ("hurt", "Where it hurts", _hurt(report, charts)),
        ("certainty", "How certain", _certainty(report)),
        ("care", "Read with care", page.care(composed.notes(report))),
        ("method", "Method and sources", page.method(composed.method(report), composed.sources(report))),
        ("asked", "How it was asked", page.asked(composed.settings_rows(report), report.settings.command)),
    ]
    return page.document(
        f"Customer audit: {report.settings.source}",
        _header(report),
        sections,
        version=report.settings.version,
    )


def _header(report: AuditReport) -> str:
    settings, value = report.settings, report.lifetime.value
    return page.header(
        "Customer audit",
        f"{settings.source}, until {words.day(settings.end)}",
        number=words.amount(value.value),
        bounds=f"{words.share(settings.confidence_level)} interval {words.interval(value)}",
        lead=words.meaning(report),
        figures=composed.key_figures(report),
    )


def _data(report: AuditReport) -> str:
    return page.paragraph(words.seen(report)) + page.table(tables.log_table(report))


def _model(report: AuditReport) -> str:
    scores = tables.score_table(report)
    return page.paragraph(report.reason) + ("" if scores is None else page.table(scores))


def _test(report: AuditReport, charts: Sequence[Chart], missing_charts: str) -> str:
    classes = tables.class_table(report)
    return (
        page.paragraph(words.tested(report))
        + page.charts(charts, "test")
        + page.note(missing_charts)
        + ("" if classes is None else page.table(classes))
    )


def _value(report: AuditReport, charts: Sequence[Chart]) -> str:
    segments = report.segments
    largest = max((group.value for group in report.groups), default=0.0)
    bars = [page.bar(group.value, largest) for group in report.groups]
    top = [row.predicted_value for row in report.top]
    end = max((estimate.upper or estimate.value for estimate in top), default=0.0)
    ranges = [page.value_range(estimate, end) for estimate in top]
    return (
        page.paragraph(words.concentrated(report))
        + ("" if segments is None else page.paragraph(segment_words.concentration(segments)))
        + page.charts(charts, "value")
        + page.table(tables.group_table(report), drawn=("bar", bars))
        + page.table(tables.customer_table(report), drawn=("range", ranges))
        + ("" if segments is None else segment_html.matter_section(segments, report.settings.unit))
    )


def _certainty(report: AuditReport) -> str:
    models = [report.purchases] if report.spend is None else [report.purchases, report.spend]
    shown = "".join(page.table(tables.parameter_table(model)) for model in models)
    verdict = "" if report.spend_verdict is None else page.paragraph(report.spend_verdict)
    return page.paragraph(words.spread(report)) + shown + verdict


def _cost(report: AuditReport) -> str:
    return "" if report.segments is None else segment_html.cost_section(report.segments, words.far(report))


def _base(report: AuditReport) -> str:
    return "" if report.segments is None else segment_html.change_section(report.segments)


def _back(report: AuditReport, charts: Sequence[Chart]) -> str:
    if report.returns is None:
        return ""
    return churn_html.return_section(report.returns, report.settings.end, charts)


def _leave(report: AuditReport, charts: Sequence[Chart]) -> str:
    return "" if report.contracts is None else churn_html.contract_section(report.contracts, charts)


def _say(report: AuditReport, charts: Sequence[Chart]) -> str:
    return "" if report.survey is None else survey_html.section(report.survey, charts)


def _hurt(report: AuditReport, charts: Sequence[Chart]) -> str:
    return "" if report.journeys is None else journey_html.section(report.journeys, charts)

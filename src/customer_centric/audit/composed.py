"""What an audit has in common with the survey and the contracts in it: notes, figures, settings, sources."""

from __future__ import annotations

from customer_centric.audit import words
from customer_centric.audit.churn import words as churn_words
from customer_centric.audit.journey import words as journey_words
from customer_centric.audit.report import AuditReport
from customer_centric.audit.segments import words as segment_words
from customer_centric.audit.survey import words as survey_words

__all__: list[str] = []


def notes(report: AuditReport) -> list[str]:
    """What limits the numbers."""
    return [
        *report.notes,
        *(() if report.contracts is None else report.contracts.notes),
        *(() if report.survey is None else report.survey.notes),
        *(() if report.journeys is None else report.journeys.notes),
    ]


def key_figures(report: AuditReport) -> list[tuple[str, str, str]]:
    """Label, number and detail of what matters most after the headline."""
    figures = words.key_figures(report)
    if report.contracts is not None:
        figures.append(churn_words.key_figure(report.contracts))
    if report.journeys is not None:
        figures.append(journey_words.key_figure(report.journeys))
    return figures if report.survey is None else [*figures, survey_words.key_figure(report.survey)]


def settings_rows(report: AuditReport) -> list[tuple[str, str]]:
    """What was asked, name by name."""
    rows = [*words.settings_rows(report), *segment_words.settings_rows(report.segments)]
    if report.contracts is not None:
        rows.extend(churn_words.settings_rows(report.contracts))
    if report.journeys is not None:
        rows.extend(journey_words.settings_rows(report.journeys))
    return rows if report.survey is None else [*rows, *survey_words.settings_rows(report.survey)]


def method(report: AuditReport) -> list[str]:
    """How the numbers come about, a paragraph each."""
    return [
        *words.method(),
        *segment_words.method(report.segments),
        *churn_words.method(report.returns, report.contracts),
        *(() if report.survey is None else survey_words.method(report.survey)),
        *(() if report.journeys is None else journey_words.method()),
    ]


def sources(report: AuditReport) -> dict[str, str]:
    """Where that is written: names by link."""
    return {
        **words.SOURCES,
        **segment_words.sources(report.segments),
        **churn_words.sources(report.returns, report.contracts),
        **({} if report.survey is None else survey_words.sources(report.survey)),
        **({} if report.journeys is None else journey_words.sources()),
    }

"""The audit as text for a terminal, at most 100 columns wide."""

from __future__ import annotations

from collections.abc import Iterator

from customer_centric.audit import composed, printed, tables, words
from customer_centric.audit.churn.text import contract_section, return_section
from customer_centric.audit.journey.text import journey_section
from customer_centric.audit.report import AuditReport
from customer_centric.audit.segments import text as segment_text
from customer_centric.audit.segments import words as segment_words
from customer_centric.audit.survey.text import survey_section

__all__ = ["render_text"]


def render_text(report: AuditReport) -> str:
    """The report as plain text.

    Parameters
    ----------
    report : AuditReport
        What an audit found.

    Returns
    -------
    str
        Paragraphs and tables, ending in a line break.
    """
    blocks = [
        f"CUSTOMER AUDIT\n{printed.plain(report.settings.source)}",
        printed.paragraph(words.headline(report)),
        printed.figures(composed.key_figures(report)),
        *printed.section("What the data are", words.seen(report), tables.log_table(report)),
        *printed.section("Which model, and why", report.reason, tables.score_table(report)),
        *printed.section("How well it predicts", words.tested(report), tables.class_table(report)),
        *printed.section("Who matters", _concentrated(report), tables.group_table(report)),
        printed.table(tables.customer_table(report)),
        *_segments(report),
        *(() if report.returns is None else return_section(report.returns, report.settings.end)),
        *(() if report.contracts is None else contract_section(report.contracts)),
        *printed.section("How certain", words.spread(report), tables.parameter_table(report.purchases)),
    ]
    if report.spend is not None:
        blocks.append(printed.table(tables.parameter_table(report.spend)))
    if report.spend_verdict is not None:
        blocks.append(printed.paragraph(report.spend_verdict))
    if report.survey is not None:
        blocks.extend(survey_section(report.survey))
    if report.journeys is not None:
        blocks.extend(journey_section(report.journeys))
    blocks.extend(printed.care(composed.notes(report)))
    blocks.extend(printed.asked(composed.settings_rows(report), report.settings.command))
    return "\n\n".join(blocks) + "\n"


def _concentrated(report: AuditReport) -> str:
    told = words.concentrated(report)
    return told if report.segments is None else f"{told} {segment_words.concentration(report.segments)}"


def _segments(report: AuditReport) -> Iterator[str]:
    if report.segments is None:
        return
    yield from segment_text.matter_section(report.segments, report.settings.unit)
    yield from segment_text.cost_section(report.segments, words.far(report))
    yield from segment_text.change_section(report.segments)

"""Who comes back and who leaves as sections of the page of an audit, and contracts as a page."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from customer_centric.audit import page
from customer_centric.audit.churn import tables, words
from customer_centric.audit.churn.report import ContractReport, ReturnReport
from customer_centric.audit.page import Chart
from customer_centric.audit.words import MISSING, day

__all__ = ["render_churn_html"]


def render_churn_html(
    report: ContractReport, charts: Sequence[Chart] = (), *, missing_charts: str = ""
) -> str:
    """The report as a page of HTML.

    Parameters
    ----------
    report : ContractReport
        Who leaves.
    charts : sequence of Chart, optional
        Drawings.
    missing_charts : str, default ""
        Why there are no drawings and how to get them, where there are none.

    Returns
    -------
    str
        A whole document, with its styles and drawings inside.
    """
    settings, rate = report.settings, report.year.rate
    level = words.level(settings.confidence_level)
    return page.document(
        f"Churn: {settings.source}",
        page.header(
            "Churn rate of the last 12 months",
            f"{settings.source}, until {day(settings.end)}",
            number=MISSING if rate is None else words.percent(rate.value),
            bounds="" if rate is None else f"{level} interval {words.bounds(rate)}",
            lead=words.meaning(report),
            figures=words.key_figures(report),
        ),
        [
            ("year", "The year", year(report)),
            ("definitions", "Other definitions", definitions(report)),
            ("months", "Month by month", months(report)),
            ("stays", "How long customers stay", stays(report, charts)),
            ("read", "What was read", page.note(missing_charts) + page.table(tables.log_table(report))),
            ("care", "Read with care", page.care(report.notes)),
            (
                "method",
                "Method and sources",
                page.method(words.method(None, report), words.sources(None, report)),
            ),
            ("asked", "How it was asked", page.asked(words.settings_rows(report), settings.command)),
        ],
        version=settings.version,
    )


def return_section(report: ReturnReport, end: date, charts: Sequence[Chart]) -> str:
    """Who comes back, as a section of a page."""
    table = tables.retention_table(report)
    return (
        "".join(map(page.paragraph, words.returns(report, end)))
        + page.charts(charts, "back")
        + ("" if table is None else page.table(table))
    )


def contract_section(report: ContractReport, charts: Sequence[Chart]) -> str:
    """Who leaves, as a section of a page."""
    parts = (
        ("Other definitions", definitions(report)),
        ("Month by month", months(report)),
        ("How long customers stay", stays(report, charts)),
        ("What was read", page.table(tables.log_table(report))),
    )
    return (
        page.paragraph(words.headline(report))
        + year(report)
        + "".join(page.heading(title) + body for title, body in parts if body)
    )


def year(report: ContractReport) -> str:
    """The customers of the 12 months."""
    return page.paragraph(words.ledger(report)) + page.table(tables.ledger_table(report))


def definitions(report: ContractReport) -> str:
    """The same customers by every published definition."""
    return page.paragraph(words.definitions(report)) + page.table(tables.definition_table(report))


def months(report: ContractReport) -> str:
    """The months one by one, with their rates drawn."""
    rates = [item.rate for item in report.months]
    end = max((rate.upper or rate.value for rate in rates if rate is not None), default=0.0)
    ranges = ["" if rate is None else page.value_range(rate, end) for rate in rates]
    return page.paragraph(words.months(report)) + page.table(
        tables.month_table(report), drawn=("range", ranges)
    )


def stays(report: ContractReport, charts: Sequence[Chart]) -> str:
    """How long customers stay; empty where nobody joined."""
    if report.stays is None:
        return ""
    table = tables.stay_table(report)
    return (
        page.paragraph(words.stays(report))
        + page.charts(charts, "leave")
        + ("" if table is None else page.table(table))
    )

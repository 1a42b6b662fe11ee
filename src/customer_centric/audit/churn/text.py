"""Who comes back and who leaves as text for a terminal."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from customer_centric.audit import printed
from customer_centric.audit.churn import tables, words
from customer_centric.audit.churn.report import ContractReport, ReturnReport

__all__ = ["render_churn_text"]


def render_churn_text(report: ContractReport) -> str:
    """The report as plain text.

    Parameters
    ----------
    report : ContractReport
        Who leaves.

    Returns
    -------
    str
        Paragraphs and tables, ending in a line break.
    """
    blocks = [
        f"CHURN\n{printed.plain(report.settings.source)}",
        *contract_section(report),
        *printed.care(report.notes),
        *printed.asked(words.settings_rows(report), report.settings.command),
    ]
    return "\n\n".join(blocks) + "\n"


def return_section(report: ReturnReport, end: date) -> Iterator[str]:
    """Active customers, the silence that is too long, and the cohorts."""
    yield printed.heading("Who comes back")
    yield from map(printed.paragraph, words.returns(report, end))
    table = tables.retention_table(report)
    if table is not None:
        yield printed.table(table)


def contract_section(report: ContractReport) -> Iterator[str]:
    """The churn rate and its ledger, other definitions, the months, and how long customers stay."""
    yield from printed.section("Who leaves", words.headline(report), None)
    yield printed.paragraph(words.ledger(report))
    yield printed.table(tables.ledger_table(report))
    parts = (
        ("Other definitions", words.definitions(report), tables.definition_table(report)),
        ("Month by month", words.months(report), tables.month_table(report)),
    )
    for title, sentence, table in parts:
        yield from printed.section(title, sentence, table)
    if report.stays is not None:
        yield from printed.section("How long customers stay", words.stays(report), tables.stay_table(report))
    yield printed.table(tables.log_table(report))

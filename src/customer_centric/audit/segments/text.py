"""Who matters most and how the base changes as text for a terminal."""

from __future__ import annotations

from collections.abc import Iterator

from customer_centric.audit import printed
from customer_centric.audit.churn.words import level
from customer_centric.audit.segments import tables, words
from customer_centric.audit.segments.report import SegmentReport

__all__: list[str] = []


def matter_section(report: SegmentReport, unit: str) -> Iterator[str]:
    """Tiers, names by recency and frequency."""
    for sentence, table in (
        (words.tiers(report), tables.tier_table(report)),
        (words.rfm(report), tables.rfm_table(report, unit)),
    ):
        yield printed.paragraph(sentence)
        if table is not None:
            yield printed.table(table)


def change_section(report: SegmentReport) -> Iterator[str]:
    """The five lenses in short."""
    yield printed.heading("How the base changes")
    yield from map(printed.paragraph, words.change(report))
    table = tables.move_table(report)
    if table is not None:
        yield printed.table(table)


def cost_section(report: SegmentReport, span: str) -> Iterator[str]:
    """What a new customer may cost; nothing where no cost was given."""
    if report.new_customer is None:
        return
    often = level(report.confidence_level)
    yield from printed.section(
        "What a new customer may cost", words.new_customer(report.new_customer, often, span), None
    )

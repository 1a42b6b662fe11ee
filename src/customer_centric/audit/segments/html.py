"""Who matters most and how the base changes as sections of the page of an audit."""

from __future__ import annotations

from customer_centric.audit import page
from customer_centric.audit.churn.words import level
from customer_centric.audit.segments import tables, words
from customer_centric.audit.segments.report import SegmentReport

__all__: list[str] = []


def matter_section(report: SegmentReport, unit: str) -> str:
    """Tiers and names by recency and frequency, below who holds the value."""
    largest = max((tier.value for tier in report.tiers), default=0.0)
    bars = [page.bar(tier.value, largest) for tier in report.tiers]
    tiers, rfm = tables.tier_table(report), tables.rfm_table(report, unit)
    most = max((row.value for row in report.rfm), default=0.0)
    held = [page.bar(row.value, most) for row in report.rfm]
    return (
        page.heading("Tiers in money")
        + page.paragraph(words.tiers(report))
        + ("" if tiers is None else page.table(tiers, drawn=("bar", bars)))
        + page.heading("Recency and frequency")
        + page.paragraph(words.rfm(report))
        + ("" if rfm is None else page.table(rfm, drawn=("bar", held)))
    )


def change_section(report: SegmentReport) -> str:
    """The five lenses in short."""
    table = tables.move_table(report)
    return "".join(map(page.paragraph, words.change(report))) + ("" if table is None else page.table(table))


def cost_section(report: SegmentReport, span: str) -> str:
    """What a new customer may cost; empty where no cost was given."""
    if report.new_customer is None:
        return ""
    return page.paragraph(words.new_customer(report.new_customer, level(report.confidence_level), span))

"""The tables of who matters most and how the base changes, as rows of words."""

from __future__ import annotations

from customer_centric.audit.churn.words import bounds, level
from customer_centric.audit.plain import Estimate
from customer_centric.audit.segments import words
from customer_centric.audit.segments.report import SegmentReport, Tier
from customer_centric.audit.table import Table
from customer_centric.audit.words import MISSING, amount, count, decimals, share

__all__: list[str] = []


def tier_table(report: SegmentReport) -> Table | None:
    """Tiers, highest first."""
    if not report.tiers:
        return None
    digits = decimals(tier.value for tier in report.tiers)
    often = level(report.confidence_level)
    asked = report.tiers[0].expected is not None
    rows = tuple(
        (
            _between(tier),
            count(tier.customers),
            share(tier.customer_share.value, 1),
            amount(tier.value, digits),
            MISSING if tier.value_share is None else share(tier.value_share.value, 1),
            bounds(tier.value_share),
            *((MISSING if tier.expected is None else _whole(tier.expected),) if asked else ()),
        )
        for tier in report.tiers
    )
    return Table(
        "Tiers by lifetime value",
        (
            "worth",
            "customers",
            "of all",
            "value",
            "share",
            f"{often} between",
            *((f"will end there ({often})",) if asked else ()),
        ),
        rows,
        note=(
            "Worth: expected discounted margin. Will end there: customers whose margin will fall in the tier."
        )
        if asked
        else "",
    )


def _between(tier: Tier) -> str:
    if tier.at_least is None:
        return f"below {words.money(tier.below or 0.0)}"
    if tier.below is None:
        return f"{words.money(tier.at_least)} or more"
    return f"{words.money(tier.at_least)} to {words.money(tier.below)}"


def _whole(estimate: Estimate) -> str:
    return f"{count(estimate.lower or 0.0)} to {count(estimate.upper or 0.0)}"


def rfm_table(report: SegmentReport, unit: str) -> Table | None:
    """Customers by recency and frequency, most valuable first."""
    if not report.rfm:
        return None
    digits = decimals(row.value for row in report.rfm)
    rows = tuple(
        (
            row.name,
            count(row.customers),
            share(row.share, 1),
            f"{row.time_since_last:,.1f}",
            f"{row.purchases:,.1f}",
            amount(row.value, digits),
            share(row.value_share, 1),
        )
        for row in report.rfm
    )
    return Table(
        "Customers by recency and frequency",
        ("name", "customers", "of all", f"{unit}s since", "purchases", "value", "share"),
        rows,
        note=(
            f"{unit.capitalize()}s since the last purchase and purchases are means. The names say what was "
            "seen: champions lately and often, loyal often but a while ago, at risk often but long ago, "
            "recent lately but seldom, dormant long ago and seldom."
        ),
    )


def move_table(report: SegmentReport) -> Table | None:
    """Customers of two periods by what became of them."""
    found = report.change
    if found is None or found.kept is None:
        return None
    digits = decimals(max(move.before, move.after) for move in found.movements)
    rows = tuple(
        (
            move.group,
            count(move.customers),
            amount(move.before, digits),
            amount(move.after, digits),
            _signed(move.after - move.before, digits),
        )
        for move in found.movements
        if move.customers
    )
    return Table(
        f"What changed from the {found.period} before to {words.stretch(found)}",
        ("customers who", "customers", "before", "after", "change"),
        rows,
        note=(
            "New: the first purchase ever. Returned: bought before, but not in the first of the two. Up, "
            "level, down: bought in both, for more, the same or less. Lost: bought in the first only."
        ),
    )


def _signed(value: float, digits: int) -> str:
    text = amount(abs(value), digits)
    return text if not any(figure in text for figure in "123456789") else f"{'+' if value > 0 else '-'}{text}"


def segment_tables(report: SegmentReport, unit: str) -> list[Table]:
    """Every table, in the order of the report."""
    tables = (tier_table(report), rfm_table(report, unit), move_table(report))
    return [table for table in tables if table is not None]

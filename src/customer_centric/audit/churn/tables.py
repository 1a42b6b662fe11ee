"""The tables of who comes back and who leaves, as rows of words."""

from __future__ import annotations

from customer_centric.audit.churn import words
from customer_centric.audit.churn.report import ContractReport, ReturnReport
from customer_centric.audit.table import Table
from customer_centric.audit.words import MISSING, amount, count, day

__all__: list[str] = []


def retention_table(report: ReturnReport) -> Table | None:
    """Shares of all cohorts together, by age."""
    found = report.retention
    if found is None or not found.ages:
        return None
    return Table(
        f"Customers who bought, by {found.period}s since the {found.period} of their first purchase",
        (
            f"{found.period}s since",
            "cohorts",
            "customers",
            "bought",
            "share",
            f"{words.level(report.confidence_level)} between",
        ),
        tuple(
            (
                str(row.age),
                count(row.cohorts),
                count(row.customers),
                count(row.active),
                words.percent(row.share.value),
                words.bounds(row.share),
            )
            for row in found.ages
        ),
        left=frozenset(),
    )


def ledger_table(report: ContractReport) -> Table:
    """From the customers of the start to those of the end."""
    year = report.year
    rows = (
        (f"customers on {day(year.start)}", count(year.opening)),
        ("joined", _signed(year.gained)),
        ("came back", _signed(year.reactivated)),
        ("were lost", _signed(-year.lost)),
        (f"customers on {day(year.end)}", count(year.closing)),
    )
    return Table("Customers of the 12 months", ("what", "count"), rows, marked=3)


def _signed(number: int) -> str:
    return f"{number:+,d}" if number else "0"


def definition_table(report: ContractReport) -> Table:
    """The 12 months by every published definition."""
    rows = tuple(
        (
            item.name,
            MISSING if item.rate is None else words.percent(item.rate),
            amount(item.lost, 2 if item.name == "daily sum" else 0),
            amount(item.base, 0 if item.base == round(item.base) else 1),
            item.source,
        )
        for item in report.definitions
    )
    return Table(
        "Churn of the 12 months by published definitions",
        ("definition", "churn", "lost", "base", "who publishes it"),
        rows,
        left=frozenset({0, 4}),
        marked=0,
        note=(
            "Exposure: customers on average over all days; 13 counts: over the ends of the months; daily "
            "sum: of the shares lost on each day."
        ),
    )


def month_table(report: ContractReport) -> Table:
    """The 12 months one by one."""
    rows = tuple(
        (
            words.month(item).removeprefix("the month to "),
            count(item.opening),
            count(item.gained + item.reactivated),
            count(item.lost),
            count(item.closing),
            MISSING if item.rate is None else words.percent(item.rate.value),
            words.bounds(item.rate),
        )
        for item in report.months
    )
    level = words.level(report.settings.confidence_level)
    first = "month" if words.month(report.months[0])[:3] != "the" else "month to"
    return Table(
        "Churn by month",
        (first, "at start", "gained", "lost", "at end", "churn", f"{level} between"),
        rows,
    )


def stay_table(report: ContractReport) -> Table | None:
    """Share of customers who stay longer, by months."""
    found = report.stays
    if found is None or not found.stays:
        return None
    rows = tuple(
        (
            f"{row.months:g}",
            count(row.at_risk),
            words.percent(row.share.value),
            words.bounds(row.share),
        )
        for row in found.stays
    )
    level = words.level(report.settings.confidence_level)
    return Table(
        "Customers who stay longer",
        ("months", "still watched", "stay longer", f"{level} between"),
        rows,
        left=frozenset(),
    )


def log_table(report: ContractReport) -> Table:
    """What was read."""
    rows = tuple((item.what, count(item.count)) for item in report.log)
    return Table("Subscriptions read", ("what", "count"), rows, widest=70)


def contract_tables(report: ContractReport) -> list[Table]:
    """Every table about contracts, in the order of the report."""
    tables = (
        ledger_table(report),
        definition_table(report),
        month_table(report),
        stay_table(report),
        log_table(report),
    )
    return [table for table in tables if table is not None]

"""Who matters most, how the base changes and what a new customer may cost in words."""

from __future__ import annotations

from datetime import date
from typing import Final

from customer_centric._core.words import counted
from customer_centric.audit.churn.words import bounds, level, percent
from customer_centric.audit.plain import Estimate
from customer_centric.audit.segments.report import BaseChange, NewCustomer, SegmentReport
from customer_centric.audit.words import MONTHS, amount, count, day, share, units

__all__: list[str] = []


def concentration(report: SegmentReport) -> str:
    """What the best customers hold, and how sure that is."""
    found, often = report.concentration, level(report.confidence_level)
    if found.share is None:
        return "Nobody is worth anything, so nothing is concentrated."
    uneven = ""
    if found.gini is not None:
        within = "" if found.gini.lower is None else f" ({often} interval {_plain_bounds(found.gini)})"
        uneven = (
            f" The Gini coefficient is {found.gini.value:.2f}{within}: 0 is the same value for all, 1 all of "
            "it in one hand."
        )
    return (
        f"The best {share(found.top)} of the customers, {count(found.customers)}, hold "
        f"{percent(found.share.value)} of the value{_often(found.share, often)}.{uneven}"
    )


def _often(estimate: Estimate, often: str) -> str:
    return "" if estimate.lower is None else f" ({often} interval {bounds(estimate)})"


def _plain_bounds(estimate: Estimate) -> str:
    return f"{estimate.lower or 0.0:.2f} to {estimate.upper or 0.0:.2f}"


def money(cut: float) -> str:
    """A threshold as it was written: 54, 1,200, 7.5."""
    return f"{cut:,.15g}"


def tiers(report: SegmentReport) -> str:
    """Where the tiers begin, and how sure they are."""
    if not report.tiers:
        return report.tier_reason
    cuts = [money(tier.at_least) for tier in reversed(report.tiers) if tier.at_least is not None]
    listed = cuts[0] if len(cuts) == 1 else f"{', '.join(cuts[:-1])} and {cuts[-1]}"
    whence = (
        "as asked."
        if report.tiers_given
        else "where the better half, fifth and twentieth of these customers begin. Keep these amounts: a "
        "customer then changes tier for what the customer does, not because others came or went."
    )
    known = [tier.sure for tier in report.tiers if tier.sure is not None]
    customers = sum(tier.customers for tier in report.tiers)
    sure = (
        ""
        if not known
        else f" {count(sum(known))} of {counted(customers, 'customer')} will end in one tier with a "
        f"probability of at least {share(report.sure)}; where the others will is open."
    )
    return f"Tiers of lifetime value begin at {listed}, {whence}{sure}"


def rfm(report: SegmentReport) -> str:
    """Which names hold more value than their share of the customers."""
    if not report.rfm:
        return "There are no customers to name."
    best = report.rfm[0]
    held = "" if best.value_share is None else f" and {share(best.value_share)} of the value"
    return (
        f"By when and how often they bought, {_are(best.customers)} {best.name}: {share(best.share)} of the "
        f"customers{held}."
    )


def _are(n: int) -> str:
    return f"{counted(n, 'customer')} {'is' if n == 1 else 'are'}"


# ── How the base changes ────────────────────────────────────────────────────────────────────────────


def change(report: SegmentReport) -> list[str]:
    """One period, two periods, cohorts, the whole base, a paragraph each."""
    found = report.change
    if found is None:
        return [report.change_reason]
    parts = [_one(found), _two(found, level(report.confidence_level)), _cohorts(found), _whole(found)]
    return [part for part in parts if part]


def stretch(found: BaseChange) -> str:
    """The last period by its name: June 1998, 1998, or its days."""
    if found.period == "month":
        return f"{MONTHS[found.start.month - 1]} {found.start.year}"
    if found.period == "quarter":
        return f"the quarter from {day(found.start)} to {day(found.end)}"
    return str(found.start.year) if found.period == "year" else f"the week to {day(found.end)}"


def _one(found: BaseChange) -> str:
    top = (
        ""
        if found.top_share is None
        else f" The best tenth of them brought {percent(found.top_share)} of it."
    )
    return (
        f"In {stretch(found)}, {counted(found.customers, 'customer')} made "
        f"{counted(found.purchases, 'purchase')} for {amount(found.amount)}.{top}"
    )


def _two(found: BaseChange, often: str) -> str:
    before = sum(move.before for move in found.movements)
    after = sum(move.after for move in found.movements)
    if found.kept is None:
        return f"There is nothing to compare it with: {found.kept_reason}."
    lost = sum(move.before - move.after for move in found.movements if move.after < move.before)
    won = sum(move.after - move.before for move in found.movements if move.after > move.before)
    return (
        f"Of those who bought in the {found.period} before, {percent(found.kept.value)} bought again "
        f"({often} interval {bounds(found.kept)}). The amount went from {amount(before)} to {amount(after)}: "
        f"{amount(won)} more from some customers, {amount(lost)} less from others."
    )


def _cohorts(found: BaseChange) -> str:
    if found.age is None:
        return ""
    old, new = found.cohorts
    return (
        f"Customers who first bought in {_named(old.first_day, found)} had brought "
        f"{amount(old.amount_per_acquired)} each {units(found.age, found.period)} after that "
        f"{found.period}; those of {_named(new.first_day, found)} at the same age, "
        f"{amount(new.amount_per_acquired)}."
    )


def _named(first: date, found: BaseChange) -> str:
    if found.period == "month":
        return f"{MONTHS[first.month - 1]} {first.year}"
    return str(first.year) if found.period == "year" else f"the {found.period} from {day(first)}"


def _whole(found: BaseChange) -> str:
    if found.newcomers is None:
        return ""
    recently = f"customers who first bought in the last {units(found.newcomer_periods, found.period)}"
    if found.newcomers == 0:
        return f"Of the amount of {stretch(found)}, nothing came from {recently}: older ones brought it all."
    part = percent(found.newcomers)
    return f"Of the amount of {stretch(found)}, {part} came from {recently}, the rest from older ones."


# ── What a new customer may cost ────────────────────────────────────────────────────────────────────


def new_customer(found: NewCustomer, often: str, span: str) -> str:
    """Value beside cost, and the time until it is paid back."""
    worth = (
        f"A new customer is worth {amount(found.lifetime_value.value)} on the day of the first purchase "
        f"({often} interval {amount(found.lifetime_value.lower or 0.0)} to "
        f"{amount(found.lifetime_value.upper or 0.0)}): {amount(found.first_purchase)} with that purchase, "
        f"the rest expected of {span}, discounted."
    )
    if found.ratio is None:
        return f"{worth} Winning one costs nothing."
    return (
        f"{worth} Winning one costs {amount(found.acquisition_cost)}, so each unit of money brings "
        f"{amount(found.ratio.value)} ({often} interval {amount(found.ratio.lower or 0.0)} to "
        f"{amount(found.ratio.upper or 0.0)}). {_paid_back(found)}"
    )


def _paid_back(found: NewCustomer) -> str:
    if found.payback is None:
        return "The margin expected of one customer does not reach that."
    if found.payback == 0:
        return "The first purchase pays it back."
    return f"It is paid back after {units(found.payback, found.unit)}."


_METHOD: Final = """\
The share of the best customers and the Gini coefficient have intervals for customers drawn from many like
these, with lifetime values taken as known. Tiers are by lifetime value; how many customers will end in each
comes from the spread of what each will be worth. Names by recency and frequency come from mid-rank scores
of 1 to 5, which give customers who are alike the same score.

How the base changes is counted, not modelled: amounts of whole calendar periods, and customers by the period
of their first purchase in the log.
"""
_METHOD_COST: Final = """\
The value of a new customer is the margin of the first purchase at the mean spend and the discounted margin of
all expected after it. Payback is the time in which this reaches the cost of winning the customer.
"""


def method(report: SegmentReport | None) -> list[str]:
    """How the numbers come about, a paragraph each."""
    if report is None:
        return []
    parts = _METHOD.split("\n\n") + ([] if report.new_customer is None else [_METHOD_COST])
    return [" ".join(paragraph.split()) for paragraph in parts]


def sources(report: SegmentReport | None) -> dict[str, str]:
    """Where that is written: names by link."""
    return {} if report is None else dict(_SOURCES)


_SOURCES: Final = {
    "https://doi.org/10.1287/mksc.14.4.378": (
        "Bult and Wansbeek (1995), Optimal selection for direct mail (recency, frequency and spend)"
    ),
}


def settings_rows(report: SegmentReport | None) -> list[tuple[str, str]]:
    """What was asked, name by name."""
    if report is None:
        return []
    rows: list[tuple[str, str]] = []
    if report.tiers_given:
        cuts = [tier.at_least for tier in reversed(report.tiers) if tier.at_least is not None]
        rows.append(("Tiers begin at", ", ".join(f"{cut:g}" for cut in cuts)))
    if report.new_customer is not None:
        rows.append(("Acquisition cost", amount(report.new_customer.acquisition_cost)))
    return rows

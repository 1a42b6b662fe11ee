"""Who comes back and who leaves in words, the same in the text and on the page."""

from __future__ import annotations

import calendar
import math
from datetime import date
from typing import Final

from customer_centric._core.words import counted
from customer_centric.audit.churn.report import ChurnPeriod, ContractReport, ReturnReport
from customer_centric.audit.plain import Estimate
from customer_centric.audit.words import MISSING, MONTHS, amount, count, day, share, units

__all__: list[str] = []


def level(confidence_level: float) -> str:
    """Nominal coverage of the intervals: 90 %, 99.5 %."""
    return f"{100 * confidence_level:g} %"


def percent(value: float) -> str:
    """A share or a rate with one decimal: 45.2 %."""
    return share(value, 1)


def bounds(estimate: Estimate | None) -> str:
    """The bounds of a share or a rate: 40.1 to 50.9 %."""
    if estimate is None or estimate.lower is None or estimate.upper is None:
        return MISSING
    return f"{amount(100 * estimate.lower, 1)} to {percent(estimate.upper)}"


# ── Who comes back ──────────────────────────────────────────────────────────────────────────────────


def returns(report: ReturnReport, end: date) -> list[str]:
    """What there is to say about those who come back, a paragraph each."""
    return [activity(report, end), silence(report), retention(report)]


def activity(report: ReturnReport, end: date) -> str:
    """How many customers are active, and how fast they leave."""
    found = report.activity
    expected, often = found.expected, level(report.confidence_level)
    if found.rate is None:
        return (
            f"{found.model} takes every customer for active, now and for ever, so it knows no churn: of "
            f"{counted(found.customers, 'customer')} it expects {count(expected.value)} to be active on "
            f"{day(end)}."
        )
    lost = 1.0 - math.exp(-found.rate.value)
    within = "" if found.rate.lower is None else f" ({often} interval {bounds(found.rate)})"
    return (
        f"Of {counted(found.customers, 'customer')}, {count(expected.value)} were still active on {day(end)} "
        f"as {found.model} sees it ({often} interval {count(expected.lower or 0.0)} to "
        f"{count(expected.upper or 0.0)}). It expects {percent(lost)} of these to have left a year later, a "
        f"churn rate of {percent(found.rate.value)} a year{within}."
    )


def silence(report: ReturnReport) -> str:
    """When to call a customer lost, and what that would have done."""
    found = report.silence
    if found is None:
        return report.silence_reason
    often = level(report.confidence_level)
    done = (
        "In this log nobody has been silent for longer, so nobody would have been called lost."
        if found.recovered_share is None
        else (
            f"In this log it would have called a customer lost {_times(found.declared)}, and been wrong "
            f"{_times(found.recovered)} so far ({percent(found.recovered_share.value)}, {often} interval "
            f"{bounds(found.recovered_share)}): these came back before the log ended, and more of them may."
        )
    )
    return (
        f"A customer may be called lost after a silence of {units(found.threshold, found.unit)}. Of the "
        "pauses of customers who come back, each customer counting the same, "
        f"{percent(found.false_churn.value)} are longer ({often} interval {bounds(found.false_churn)}); at "
        f"most {share(found.allowed)} were allowed. {done}"
    )


def _times(number: int) -> str:
    return "once" if number == 1 else f"{count(number)} times"


def retention(report: ReturnReport) -> str:
    """How many buy again a while after the first purchase."""
    found = report.retention
    if found is None:
        return report.retention_reason
    if not found.ages:
        return f"No {found.period} after the first is over yet."
    first, last = found.ages[0], found.ages[-1]
    later = (
        ""
        if last is first
        else f", and {units(last.age, found.period)} after it {percent(last.share.value)} of those who could "
        "be followed for so long"
    )
    return (
        f"{percent(first.share.value)} of the customers bought in the {found.period} after that of their "
        f"first purchase{later}. Who does not buy in one {found.period} may in the next: this is who buys, "
        "not who is left."
    )


_METHOD_RETURNS: Final = """\
Cohorts are the customers who first bought in the same calendar week, month, quarter or year; a period that is
not over on the last day is not observed. Shares of all cohorts together count each customer once.

The silence after which a customer may be called lost comes from the Kaplan-Meier curve of the time between
purchases: pauses that still last are known to be at least so long, and customers who never come back are no
false alarms. Active customers are the sum of the probabilities of being active, by the chosen model.
"""

_METHOD_CONTRACTS: Final = """\
The churn rate is the number of customers lost in 12 months over the average number of customers in the same
12 months, over all days. It is a rate, and does not move with growth. Its interval is the exact one for
counts. A customer is lost on the first day without a subscription, and counts as one however many
subscriptions there are.

The curve of stays is that of Kaplan and Meier, from first joining to the first loss; its bounds are
Greenwood's on the log-log scale.
"""


def method(report: ReturnReport | None, contracts: ContractReport | None) -> list[str]:
    """How the numbers come about, a paragraph each."""
    parts = [
        *([] if report is None else _METHOD_RETURNS.split("\n\n")),
        *([] if contracts is None else _METHOD_CONTRACTS.split("\n\n")),
    ]
    return [" ".join(paragraph.split()) for paragraph in parts]


def sources(report: ReturnReport | None, contracts: ContractReport | None) -> dict[str, str]:
    """Where that is written: names by link."""
    return {
        **({} if report is None else _SOURCES_RETURNS),
        **({} if contracts is None else _SOURCES_CONTRACTS),
        **_SOURCES,
    }


_SOURCES: Final = {
    "https://doi.org/10.1080/01621459.1958.10501452": (
        "Kaplan and Meier (1958), Nonparametric estimation from incomplete observations (silences and stays)"
    ),
}
_SOURCES_RETURNS: Final = {
    "https://doi.org/10.1093/biomet/79.4.731": (
        "Maller and Zhou (1992), Estimating the proportion of immunes in a censored sample (who never "
        "comes back)"
    ),
}
_SOURCES_CONTRACTS: Final = {
    "https://doi.org/10.1093/biomet/28.3-4.437": (
        "Garwood (1936), Fiducial limits for the Poisson distribution (interval of the churn rate)"
    ),
}


# ── Who leaves ──────────────────────────────────────────────────────────────────────────────────────


def headline(report: ContractReport) -> str:
    """The finding in one sentence."""
    year = report.year
    when = f"the 12 months to {day(year.end)}"
    lost = f"{counted(year.lost, 'customer')} lost"
    if year.rate is None:
        return f"There is no churn rate of {when}: {year.reason}. {lost.capitalize()}."
    return (
        f"Churn rate of {when}: {percent(year.rate.value)} ({level(report.settings.confidence_level)} "
        f"interval {bounds(year.rate)}): {lost}, of {amount(year.base, 1)} on average."
    )


def meaning(report: ContractReport) -> str:
    """What the headline number is, where the number stands above."""
    year = report.year
    when = f"the 12 months to {day(year.end)}"
    lost = f"{counted(year.lost, 'customer')} lost in {when}"
    if year.rate is None:
        return f"There is no churn rate of {when}: {year.reason}."
    return f"{lost}, over {amount(year.base, 1)} customers on average in the same time."


def ledger(report: ContractReport) -> str:
    """How the customers of the start became those of the end."""
    year = report.year
    back = f" and {count(year.reactivated)} came back" if year.reactivated else ""
    left = (
        f" Of the {count(year.opening)} of the start, {count(year.lost_opening)} were lost "
        f"({percent(year.lost_opening / year.opening)})."
        if year.opening
        else ""
    )
    return (
        f"{counted(year.opening, 'customer')} on {day(year.start)}; {count(year.gained)} joined{back}, "
        f"{count(year.lost)} were lost; {count(year.closing)} on {day(year.end)}.{left}"
    )


def definitions(report: ContractReport) -> str:
    """How far apart published definitions are, and which of them hold still."""
    rates = [item.rate for item in report.definitions if item.rate is not None]
    if not rates:
        return "No published definition gives a rate, for want of customers."
    moving = sum(item.kind == "ratio" for item in report.definitions)
    apart = (
        f"between {percent(min(rates))} and {percent(max(rates))}"
        if min(rates) < max(rates)
        else percent(rates[0])
    )
    return (
        f"What is published as a churn rate would be {apart} for these same customers. "
        f"{moving} of the {len(report.definitions)} definitions are ratios that "
        "move with growth while nobody behaves differently."
    )


def months(report: ContractReport) -> str:
    """Which months were the worst, and what to make of it."""
    rated = [item for item in report.months if item.rate is not None]
    if not rated:
        return "No month has customers on average."
    worst, best = max(rated, key=_rate), min(rated, key=_rate)
    if _rate(worst) == _rate(best):
        return f"Churn was {percent(_rate(worst))} in every month."
    low, high = best.rate, worst.rate
    apart = low is not None and high is not None and (high.lower or 0.0) > (low.upper or 0.0)
    verdict = (
        "Their intervals do not meet."
        if apart
        else "Their intervals meet, so chance alone may have set them apart."
    )
    return (
        f"Churn a month was highest in {month(worst)} ({percent(_rate(worst))}) and lowest in {month(best)} "
        f"({percent(_rate(best))}). {verdict}"
    )


def _rate(item: ChurnPeriod) -> float:
    return math.nan if item.rate is None else item.rate.value


def month(item: ChurnPeriod) -> str:
    """Name of a month of the ledger: January 2024, or the last of its days."""
    if item.end.day == calendar.monthrange(item.end.year, item.end.month)[1]:
        return f"{MONTHS[item.end.month - 1]} {item.end.year}"
    return f"the month to {day(item.end)}"


def stays(report: ContractReport) -> str:
    """How long customers stay."""
    found = report.stays
    if found is None:
        return ""
    watched = f"{counted(found.customers, 'customer')} joined, and {count(found.lost)} of them are gone"
    if found.median is None:
        return f"{watched}: more than half are left for as long as they were watched."
    until = (
        f"at least {amount(found.median.lower or 0.0, 1)}"
        if found.median.upper is None
        else f"{amount(found.median.lower or 0.0, 1)} to {amount(found.median.upper, 1)}"
    )
    return (
        f"{watched}. Half are still there after {amount(found.median.value, 1)} months "
        f"({level(report.settings.confidence_level)} interval {until})."
    )


def key_figures(report: ContractReport) -> list[tuple[str, str, str]]:
    """Label, number and detail of the customers of the year."""
    year = report.year
    gained = year.gained + year.reactivated
    return [
        ("Customers at the end", count(year.closing), f"{count(year.opening)} a year before"),
        ("Lost in 12 months", count(year.lost), f"{count(year.lost_opening)} of them of the start"),
        ("Gained in 12 months", count(gained), f"{count(year.reactivated)} of them came back"),
    ]


def key_figure(report: ContractReport) -> tuple[str, str, str]:
    """Label, number and detail of the churn rate."""
    rate = report.year.rate
    return "Churn rate, 12 months", MISSING if rate is None else percent(rate.value), bounds(rate)


def settings_rows(report: ContractReport) -> list[tuple[str, str]]:
    """What was asked, name by name."""
    s = report.settings
    rows = [
        ("Subscriptions", s.source),
        ("Columns of subscriptions", f"{s.customer}, {s.begins}, {s.ends}"),
        ("Last day of subscriptions", s.end.isoformat()),
        ("Pause that is no churn", units(s.grace_days, "day")),
        ("Zone of subscriptions", s.time_zone or "none"),
        ("Intervals of churn", level(s.confidence_level)),
    ]
    return rows if not s.command else [*rows, ("Version", f"customer_centric {s.version}")]

"""Numbers and findings in words, the same in the text and on the page."""

from __future__ import annotations

import math
from collections.abc import Iterable
from datetime import date
from typing import Final

from customer_centric._core.words import counted
from customer_centric.audit.plain import Estimate
from customer_centric.audit.report import AuditReport
from customer_centric.units import UNITS_PER_YEAR

__all__: list[str] = []

MONTHS: Final = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)
MISSING: Final = "-"


def day(value: date) -> str:
    """30 June 1998, whatever the locale."""
    return f"{value.day} {MONTHS[value.month - 1]} {value.year}"


def count(value: float) -> str:
    """A whole number with separators: 2,357."""
    return f"{value:,.0f}"


def decimals(values: Iterable[float | None]) -> int:
    """Digits after the point that make the largest of the values readable."""
    largest = max((abs(value) for value in values if value is not None), default=0.0)
    return 0 if largest >= 1000 else (1 if largest >= 100 else 2)


def amount(value: float, digits: int | None = None) -> str:
    """An amount with separators, and as many decimals as its size deserves."""
    text = f"{value:,.{decimals([value]) if digits is None else digits}f}"
    return text.removeprefix("-") if not any(digit in text for digit in "123456789") else text


def share(value: float | None, digits: int = 0) -> str:
    """A share in percent: 45 %."""
    return MISSING if value is None else f"{amount(100 * value, digits)} %"


def signed_share(value: float) -> str:
    """A change in percent, with its sign: -4.1 %."""
    return f"{100 * value:+,.1f} %"


def interval(estimate: Estimate, digits: int | None = None) -> str:
    """The bounds: 41,000 to 45,400."""
    places = decimals([estimate.value]) if digits is None else digits
    if estimate.lower is None:
        return MISSING
    if estimate.upper is None:
        return f"at least {amount(estimate.lower, places)}"
    return f"{amount(estimate.lower, places)} to {amount(estimate.upper, places)}"


def units(length: float, unit: str) -> str:
    """26 weeks, 1 month."""
    whole = f"{length:,.0f}" if length == round(length) else f"{length:,.1f}"
    return f"{whole} {unit}" if whole == "1" else f"{whole} {unit}s"


def far(report: AuditReport) -> str:
    """The stretch of the future that the lifetime value counts."""
    settings = report.settings
    if settings.horizon is None:
        return "the whole future"
    return f"the next {units(settings.horizon, settings.unit)}"


def near(report: AuditReport) -> str:
    """The stretch of the future that purchases are forecast for."""
    settings = report.settings
    if settings.horizon is not None and settings.horizon < UNITS_PER_YEAR[settings.unit]:
        return far(report)
    return "the next year"


def headline(report: AuditReport) -> str:
    """The finding in one sentence."""
    lifetime, settings = report.lifetime.value, report.settings
    return (
        f"{counted(report.base.customers, 'customer')}, seen until {day(settings.end)}: worth "
        f"{amount(lifetime.value)} ({share(settings.confidence_level)} interval {interval(lifetime)}): "
        f"{_definition(report)}."
    )


def meaning(report: AuditReport) -> str:
    """What the headline number is, where the number stands above."""
    return (
        f"The worth of {counted(report.base.customers, 'customer')} seen until {day(report.settings.end)}: "
        f"{_definition(report)}."
    )


def _definition(report: AuditReport) -> str:
    rate = 100 * report.settings.discount_rate
    return f"the margin expected of them in {far(report)}, discounted at {rate:g} % a year"


def key_figures(report: AuditReport) -> list[tuple[str, str, str]]:
    """Label, number and detail of what matters most after the headline."""
    base, near_term = report.base, report.next_year
    figures = [
        (f"Value in {near(report)}", amount(near_term.value.value), interval(near_term.value)),
    ]
    if near_term.purchases is not None:
        figures.append(
            (
                f"Purchases in {near(report)}",
                count(near_term.purchases.value),
                interval(near_term.purchases, 0),
            )
        )
    figures.append(
        (
            "Customers still active",
            share(base.alive / base.customers),
            f"{count(base.alive)} of {count(base.customers)} expected",
        )
    )
    if report.groups and report.groups[0].share is not None:
        first = report.groups[0]
        figures.append(("Held by the top group", share(first.share), first.label.lower() + " of customers"))
    return figures


def seen(report: AuditReport) -> str:
    """What the log holds, in a sentence or two."""
    base, settings = report.base, report.settings
    repeats = base.purchases - base.customers
    money = "" if base.repeat_spend is None else f", worth {amount(base.repeat_spend)} in all"
    return (
        f"From {day(base.first_day)} to {day(settings.end)}, {counted(base.customers, 'customer')} "
        f"made {counted(base.purchases, 'purchase')}. {count(base.repeat_customers)} of them "
        f"({share(base.repeat_customers / base.customers)}) bought more than once: "
        f"{counted(repeats, 'repeat purchase')}{money}."
    )


def tested(report: AuditReport) -> str:
    """How the chosen model did on what it had not seen."""
    holdout, settings = report.holdout, report.settings
    if holdout is None:
        return (
            "The log is too short to hold a part of it back, so nothing here has been tested on days "
            "that the model had not seen."
        )
    expected = holdout.expected
    error = f" ({signed_share(expected.value / holdout.actual - 1)})" if holdout.actual else ""
    bounds = (
        ""
        if expected.lower is None
        else f"; the {share(settings.confidence_level)} interval was {interval(expected, 0)}"
    )
    return (
        f"Fitted on the days up to {day(holdout.calibration_end)}, the chosen model expected "
        f"{counted(expected.value, 'purchase')} of {counted(holdout.customers, 'customer')} in the "
        f"{units(holdout.length, settings.unit)} that followed. There were "
        f"{count(holdout.actual)}{error}{bounds}."
    )


def spread(report: AuditReport) -> str:
    """Where the uncertainty of the total comes from."""
    life = report.lifetime
    chance = (
        f"would move the total by about {amount(life.process_error)} (one standard deviation)"
        if math.isfinite(life.process_error)
        else "could move the total without bound: the spend of some customers varies too much for a variance"
    )
    return (
        f"Were the parameters known exactly, chance alone {chance}. Not knowing them adds about "
        f"{amount(life.parameter_error)}. The interval of the total holds both; that the model itself "
        f"may be wrong is not in it{': that is what the test above is for' if report.holdout else ''}."
    )


def concentrated(report: AuditReport) -> str:
    """How much of the value the best customers hold."""
    if not report.groups or report.groups[0].share is None:
        return "The total is not positive, so shares of it mean nothing."
    first = report.groups[0]
    return (
        f"{first.label} of customers, {count(first.customers)} of {count(report.base.customers)}, "
        f"holds {share(first.share)} of the value."
    )


def settings_rows(report: AuditReport) -> list[tuple[str, str]]:
    """What was asked, name by name."""
    s = report.settings
    margin = f"{share(s.margin, 1)} of the amount" if s.amount else f"{amount(s.margin)} a purchase"
    split = "none" if report.holdout is None else report.holdout.calibration_end.isoformat()
    return [
        ("Source", s.source),
        ("Columns", ", ".join(name for name in (s.customer, s.date_column, s.amount) if name)),
        ("End of observation", s.end.isoformat()),
        ("Held back after", split),
        ("Purchase", f"all transactions of a customer in one {s.period}"),
        ("Unit of time", s.unit),
        ("Margin", margin),
        ("Discount rate", f"{share(s.discount_rate, 1)} a year"),
        ("Horizon", far(report)),
        ("Intervals", share(s.confidence_level)),
        ("Refunds", s.refunds),
        ("Zero amounts", s.zero_amounts),
        ("Time zone", s.time_zone or "none"),
        ("Version", f"customer_centric {s.version}"),
    ]


_METHOD: Final = """\
A purchase is everything one customer bought in one period. Frequency counts the purchases after the first,
recency runs from the first to the last, and age from the first to the end of observation.

Each model of purchases is fitted by maximum likelihood to the histories before the split, and scored by the
log-probability it gave to what every customer then did. The best score wins; among models within one standard
error of it, the one with the fewest parameters. That one is fitted again to everything.

Lifetime value is the expected number of future purchases, discounted, times the expected spend of a purchase,
times the margin. It leaves out the past, and what it cost to win the customer.

Intervals hold the uncertainty of the parameters (delta method) and the chance in what customers will do.
"""


def method() -> list[str]:
    """How the numbers come about, a paragraph each."""
    return [" ".join(paragraph.split()) for paragraph in _METHOD.split("\n\n")]


SOURCES: Final = {
    "https://doi.org/10.1287/mksc.1040.0098": (
        "Fader, Hardie and Lee (2005), Counting your customers the easy way (BG/NBD)"
    ),
    "https://doi.org/10.1016/j.ijresmar.2006.12.005": (
        "Batislam, Denizel and Filiztekin (2007), Empirical validation and comparison of models for customer "
        "base analysis (MBG/NBD)"
    ),
    "https://doi.org/10.1287/mnsc.33.1.1": (
        "Schmittlein, Morrison and Colombo (1987), Counting your customers (Pareto/NBD)"
    ),
    "https://doi.org/10.1509/jmkr.2005.42.4.415": (
        "Fader, Hardie and Lee (2005), RFM and CLV: using iso-value curves for customer base analysis "
        "(Gamma-Gamma, discounted expected purchases)"
    ),
}

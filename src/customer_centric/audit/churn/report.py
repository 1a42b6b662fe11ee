"""Who comes back and who leaves: plain numbers and words, without a frame or a chart."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Literal

from customer_centric._core.frames.periods import Period
from customer_centric.audit.plain import Estimate, JsonValue, LogCount, plain_mapping
from customer_centric.typing import TimeUnit

__all__ = ["ContractReport", "ReturnReport", "contract_mapping"]


@dataclass(frozen=True, slots=True)
class RetentionAge:
    """All cohorts together, so many periods after their first."""

    age: int
    cohorts: int
    customers: int
    """Customers of the cohorts that were observed at this age."""
    active: int
    """Those of them who bought in that period."""
    share: Estimate


@dataclass(frozen=True, slots=True, kw_only=True)
class Retention:
    """Customers who bought again, by periods since their first purchase."""

    period: Period
    cohorts: int
    first_day: date
    """First day of the first cohort."""
    ages: tuple[RetentionAge, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Silence:
    """How long a customer must be silent to be called lost."""

    threshold: float
    unit: TimeUnit
    allowed: float
    """Largest share of false alarms that was asked for."""
    false_churn: Estimate
    declared: int
    recovered: int
    recovered_share: Estimate | None
    """None where nobody was declared."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Activity:
    """Expected customers that are active, and how fast they leave, by the chosen model."""

    model: str
    customers: int
    expected: Estimate
    later: float
    """Of these, those who will be a year later."""
    rate: Estimate | None
    """Churn rate a year; None for a model in which nobody ever leaves, or where it is not finite."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReturnReport:
    """Who comes back, where nobody says goodbye.

    Parameters
    ----------
    retention : Retention or None
        Customers who bought again, by age; None where `retention_reason` says why.
    silence : Silence or None
        When to call a customer lost; None where `silence_reason` says why.
    activity : Activity
        What the model says about customers who are still active.
    confidence_level : float
        Nominal coverage of the intervals.
    retention_reason, silence_reason : str
        Why something is missing, empty where it is not.
    """

    retention: Retention | None
    silence: Silence | None
    activity: Activity
    confidence_level: float
    retention_reason: str = ""
    silence_reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ContractSettings:
    """What was asked of the subscriptions: everything that is needed to ask it again."""

    source: str
    customer: str
    begins: str
    ends: str
    end: date
    grace_days: int
    time_zone: str | None
    confidence_level: float
    version: str
    command: str
    """The command that repeats it; empty where it is part of an audit."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChurnPeriod:
    """Customers lost after `start`, up to and on `end`, over customers on average."""

    start: date
    end: date
    rate: Estimate | None
    """None where `reason` says why."""
    base: float
    lost: int
    lost_opening: int
    """Those of the lost who were customers on `start`."""
    opening: int
    gained: int
    reactivated: int
    closing: int
    reason: str | None


@dataclass(frozen=True, slots=True)
class PublishedRate:
    """One published definition of a churn rate, and what it makes of the same customers."""

    name: str
    lost: float
    base: float
    rate: float | None
    kind: Literal["rate", "probability", "ratio"]
    source: str


@dataclass(frozen=True, slots=True)
class Stay:
    """Share of customers who stay longer than so many months."""

    months: float
    at_risk: int
    """Customers who were watched for so long."""
    share: Estimate


@dataclass(frozen=True, slots=True, kw_only=True)
class Stays:
    """How long customers stay, from when they first joined to when they were first lost."""

    customers: int
    lost: int
    median: Estimate | None
    """Months after which half are left; None where more than half are left throughout."""
    stays: tuple[Stay, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ContractReport:
    """Who leaves, where contracts end.

    Parameters
    ----------
    settings : ContractSettings
        What was asked.
    log : tuple of LogCount
        What was read.
    year : ChurnPeriod
        The last 12 months: customers lost over customers on average.
    definitions : tuple of PublishedRate
        The same 12 months by every published definition.
    months : tuple of ChurnPeriod
        The 12 months one by one; rates are per month.
    stays : Stays or None
        How long customers stay; None where nobody joined before the last day.
    notes : tuple of str
        What limits these numbers, in plain words.
    """

    settings: ContractSettings
    log: tuple[LogCount, ...]
    year: ChurnPeriod
    definitions: tuple[PublishedRate, ...]
    months: tuple[ChurnPeriod, ...]
    stays: Stays | None
    notes: tuple[str, ...]


def contract_mapping(report: ContractReport) -> dict[str, JsonValue]:
    """The report as dictionaries, lists and numbers that strict JSON can hold.

    Parameters
    ----------
    report : ContractReport
        Who leaves.

    Returns
    -------
    dict
        Same names as the fields; dates as ISO 8601 text; a number that is undefined as None.
    """
    return plain_mapping(report)

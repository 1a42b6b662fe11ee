"""Who matters most, how the base changes, what a new customer may cost: plain numbers and words."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from customer_centric._core.frames.periods import Period
from customer_centric.audit.plain import Estimate
from customer_centric.typing import TimeUnit

__all__ = ["SegmentReport"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Concentration:
    """How unevenly lifetime value is spread."""

    top: float
    """Share of the customers, the most valuable ones."""
    customers: int
    share: Estimate | None
    """Share of the value that they hold; None where the total is 0."""
    gini: Estimate | None
    """0 where all are worth the same; None where the total is 0."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tier:
    """Customers between two thresholds in money, by lifetime value."""

    label: str
    at_least: float | None
    """Where the tier begins; None for the lowest."""
    below: float | None
    """Where the next one begins; None for the highest."""
    customers: int
    customer_share: Estimate
    value: float
    value_share: Estimate | None
    expected: Estimate | None
    """Customers whose margin will fall into the tier; None where there are too many customers to ask."""
    sure: int | None
    """Customers who will be in it with a probability of at least that of the report."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RfmSegment:
    """Customers of one name by recency and frequency."""

    name: str
    customers: int
    share: float
    time_since_last: float
    """Mean, in the unit of the audit."""
    purchases: float
    """Mean number."""
    value: float
    value_share: float | None


@dataclass(frozen=True, slots=True)
class Movement:
    """Customers by what became of them since the period before."""

    group: str
    customers: int
    before: float
    after: float


@dataclass(frozen=True, slots=True)
class CohortAtAge:
    """One cohort, so many periods after its first."""

    first_day: date
    acquired: int
    amount_per_acquired: float
    """What a customer had brought since the first purchase, in money."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BaseChange:
    """The five lenses in short: one period, two periods, one cohort, cohorts compared, the whole base."""

    period: Period
    start: date
    end: date
    customers: int
    purchases: int
    amount: float
    top_share: float | None
    """Share of the amount from the best tenth of the customers of the period."""
    kept: Estimate | None
    """Share of the customers of the period before who bought again; None where `kept_reason` says why."""
    kept_reason: str | None
    movements: tuple[Movement, ...]
    age: int | None
    """Periods after which two cohorts are compared; None where there are not two."""
    cohorts: tuple[CohortAtAge, ...]
    """The oldest and the newest of them."""
    newcomers: float | None
    """Share of the amount of the last period from customers who first bought in the last fifth of periods."""
    newcomer_periods: int


@dataclass(frozen=True, slots=True, kw_only=True)
class NewCustomer:
    """What a new customer is worth, beside what it costs to win one."""

    acquisition_cost: float
    lifetime_value: Estimate
    """Discounted margin of the first purchase and all after it, before the cost."""
    first_purchase: float
    """Margin of the first purchase alone."""
    ratio: Estimate | None
    """Lifetime value over cost; None where the cost is 0."""
    payback: int | None
    """Whole units until the discounted margin reaches the cost; None where it does not within the horizon."""
    unit: TimeUnit


@dataclass(frozen=True, slots=True, kw_only=True)
class SegmentReport:
    """Who matters most, how the base changes, and what a new customer may cost.

    Parameters
    ----------
    concentration : Concentration
        What the most valuable customers hold.
    tiers : tuple of Tier
        Customers by thresholds in money, highest first; empty where `tier_reason` says why.
    tier_reason : str
        Why there are no tiers, empty where there are.
    tiers_given : bool
        Whether the thresholds were given, and not found from these customers.
    sure : float
        Probability from which the tier of a customer counts as sure.
    rfm : tuple of RfmSegment
        Customers by recency and frequency, most valuable first.
    change : BaseChange or None
        The base in its last period; None where `change_reason` says why.
    change_reason : str
        Why there is no last period, empty where there is.
    new_customer : NewCustomer or None
        None without a cost of acquisition.
    confidence_level : float
        Nominal coverage of the intervals.
    """

    concentration: Concentration
    tiers: tuple[Tier, ...]
    tier_reason: str
    tiers_given: bool
    sure: float
    rfm: tuple[RfmSegment, ...]
    change: BaseChange | None
    change_reason: str
    new_customer: NewCustomer | None
    confidence_level: float

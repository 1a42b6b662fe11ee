"""What an audit found: plain numbers and words, without a frame, a model or a chart."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Literal

from customer_centric.audit.churn.report import ContractReport, ReturnReport
from customer_centric.audit.journey.report import JourneyReport
from customer_centric.audit.plain import Estimate, JsonValue, LogCount, plain_mapping
from customer_centric.audit.segments.report import SegmentReport
from customer_centric.audit.survey.report import SurveyReport
from customer_centric.typing import TimeUnit

__all__ = [
    "AuditReport",
    "CustomerBase",
    "CustomerValue",
    "Estimate",
    "FittedModel",
    "FrequencyClass",
    "Holdout",
    "LogCount",
    "ModelScore",
    "Parameter",
    "Portfolio",
    "Settings",
    "ValueGroup",
    "report_mapping",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What the audit was asked: everything that is needed to ask it again.

    Parameters
    ----------
    source : str
        What was read.
    customer, date_column : str
        Names of the columns.
    amount : str or None
        Name of the column of amounts; None where every purchase counts the same.
    end : date
        Last day of observation.
    unit, period : {"day", "week", "month"}
        Unit of recency, age and horizon, and the period whose transactions are one purchase.
    margin : float
        Margin as a share of the amount, or money per purchase where there is no amount.
    discount_rate : float
        Effective rate per year.
    horizon : float or None
        Length of the future that counts, in `unit`; None for the whole future.
    confidence_level : float
        Nominal coverage of every interval.
    refunds, zero_amounts : str
        Policies for negative and zero amounts.
    time_zone : str or None
        Zone that instants are converted to before they become days.
    version : str
        Version of the package.
    command : str
        The command that repeats the audit.
    """

    source: str
    customer: str
    date_column: str
    amount: str | None
    end: date
    unit: TimeUnit
    period: TimeUnit
    margin: float
    discount_rate: float
    horizon: float | None
    confidence_level: float
    refunds: Literal["raise", "net", "drop"]
    zero_amounts: Literal["keep", "drop"]
    time_zone: str | None
    version: str
    command: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomerBase:
    """Who was seen, until the end of observation."""

    customers: int
    repeat_customers: int
    purchases: int
    repeat_spend: float | None
    """What the purchases after the first were worth; None where the log has no amounts."""
    first_day: date
    alive: float
    """Expected number of customers that are still active."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelScore:
    """How one model, fitted before the holdout, did in the holdout."""

    name: str
    n_parameters: int
    log_likelihood: float | None
    """Of the calibration data."""
    log_score: float | None
    """Mean log-probability of what each customer did in the holdout; higher is better."""
    behind: float | None
    """Log-score of the best model less this one."""
    behind_error: float | None
    """Standard error of that difference."""
    expected: float | None
    """Purchases expected in the holdout."""
    total_error: float | None
    """Expected purchases over actual ones, minus 1."""
    mean_absolute_error: float | None
    boundary: str | None = None


@dataclass(frozen=True, slots=True)
class FrequencyClass:
    """Customers with the same number of repeat purchases before the holdout, and what they did in it."""

    label: str
    customers: int
    actual: float
    expected: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Holdout:
    """The test: fitted on what came before `calibration_end`, judged on what came after it."""

    calibration_end: date
    length: float
    """Length of the holdout, in the unit of the audit."""
    customers: int
    actual: int
    """Purchases of these customers in the holdout."""
    expected: Estimate
    """The same by the chosen model, with the interval in which the actual number should lie."""
    scores: tuple[ModelScore, ...]
    classes: tuple[FrequencyClass, ...]


@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter of a model; the standard error is None at a boundary."""

    name: str
    estimate: Estimate
    standard_error: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class FittedModel:
    """A model fitted to everything up to the end of observation."""

    name: str
    parameters: tuple[Parameter, ...]
    log_likelihood: float
    customers: int
    boundary: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Portfolio:
    """All customers together over one stretch of the future."""

    value: Estimate
    """Discounted margin, and the bounds between which it will fall."""
    purchases: Estimate | None
    """Purchases, undiscounted, and the bounds between which they will fall; None where there is no end."""
    parameter_error: float
    """Standard error of the value from not knowing the parameters."""
    process_error: float
    """Standard error of the value from chance, were the parameters known; may be infinite."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomerValue:
    """One customer: what was seen, and what is expected."""

    customer: str
    frequency: int
    recency: float
    age: float
    mean_spend: float | None
    probability_alive: Estimate
    expected_purchases: Estimate
    """In the next year, or in the horizon where that is shorter."""
    expected_spend: Estimate | None
    lifetime_value: Estimate
    """The expectation, and how sure the model is of it."""
    predicted_value: Estimate
    """The same, with the bounds between which the margin of this customer will fall."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ValueGroup:
    """A tenth of the customers, by lifetime value."""

    label: str
    customers: int
    value: float
    share: float | None
    cumulative_share: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditReport:
    """What a transaction log says about the value of its customers.

    Parameters
    ----------
    settings : Settings
        What was asked.
    log : tuple of LogCount
        What was read, merged and left out.
    base : CustomerBase
        Who was seen.
    holdout : Holdout or None
        How the models did on what they had not seen; None where the log is too short to split.
    reason : str
        Why the chosen model was chosen.
    purchases : FittedModel
        The chosen model of purchases.
    spend : FittedModel or None
        The model of spend; None where the log has no amounts, or one price.
    spend_verdict : str or None
        Whether spend depends on frequency, which the model of spend denies; None without that model.
    lifetime : Portfolio
        All customers over the horizon.
    next_year : Portfolio
        All customers over the next year, or the horizon where that is shorter.
    groups : tuple of ValueGroup
        Tenths of the customers, most valuable first.
    top : tuple of CustomerValue
        The most valuable customers.
    returns : ReturnReport or None
        Who comes back, and how fast customers leave without a word; None where nobody looked.
    segments : SegmentReport or None
        Who matters most, how the base changes, and what a new customer may cost; None where nobody looked.
    contracts : ContractReport or None
        Who leaves, where contracts end; None without subscriptions.
    survey : SurveyReport or None
        What customers say, and what those who say it are worth; None without ratings.
    journeys : JourneyReport or None
        Where it hurts, and what that costs; None without events.
    notes : tuple of str
        What limits these numbers, in plain words.
    """

    settings: Settings
    log: tuple[LogCount, ...]
    base: CustomerBase
    holdout: Holdout | None
    reason: str
    purchases: FittedModel
    spend: FittedModel | None
    spend_verdict: str | None
    lifetime: Portfolio
    next_year: Portfolio
    groups: tuple[ValueGroup, ...]
    top: tuple[CustomerValue, ...]
    returns: ReturnReport | None = None
    segments: SegmentReport | None = None
    contracts: ContractReport | None = None
    survey: SurveyReport | None = None
    journeys: JourneyReport | None = None
    notes: tuple[str, ...]


def report_mapping(report: AuditReport) -> dict[str, JsonValue]:
    """The report as dictionaries, lists and numbers that strict JSON can hold.

    Parameters
    ----------
    report : AuditReport
        What an audit found.

    Returns
    -------
    dict
        Same names as the fields; dates as ISO 8601 text; a number that is infinite or undefined as None.
    """
    return plain_mapping(report)

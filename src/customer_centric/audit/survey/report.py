"""What a survey says: plain numbers and words, without a frame or a chart."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Literal, TypeAlias

from customer_centric.audit.plain import Estimate, JsonValue, LogCount, plain_mapping

__all__ = ["SurveyReport", "survey_mapping"]

ClassName: TypeAlias = Literal["promoters", "passives", "detractors"]
Wave: TypeAlias = Literal["day", "week", "month", "quarter", "year"]


@dataclass(frozen=True, slots=True, kw_only=True)
class SurveySettings:
    """What was asked of the ratings: everything that is needed to ask it again."""

    source: str
    rating: str
    answered: str | None
    """Column of the days of the answers."""
    group: str | None
    customer: str | None
    wave: Wave | None
    """What the trend takes together; None without a trend."""
    confidence_level: float
    version: str
    command: str
    """The command that repeats it; empty where it is part of an audit."""


@dataclass(frozen=True, slots=True)
class SurveyClass:
    """Promoters, passives or detractors."""

    name: ClassName
    ratings: str
    answers: int
    share: float


@dataclass(frozen=True, slots=True, kw_only=True)
class SurveyScore:
    """The score of all answers together."""

    score: Estimate
    """In points from -100 to 100."""
    standard_error: float | None
    """None where all answers are of one customer."""
    answers: int
    missing: int
    """Rows without an answer."""
    classes: tuple[SurveyClass, ...]
    customers: int | None
    """Customers who answered; None where they have no names."""
    effective_answers: float | None
    """Answers of as many different customers that would tell as much."""
    detectable: float | None
    """Smallest change, in points, that as many answers next time find with `power`; None where none is."""
    power: float
    everybody: Estimate | None
    """Score and bounds if the rows without an answer were customers who thought anything."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SurveyWave:
    """The answers of one month, or another stretch of time."""

    first_day: date
    answers: int
    score: Estimate
    limits: Estimate
    """Score of all waves, and the limits within which chance alone would keep this one."""
    outside: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class SurveyTrend:
    """The score over time."""

    wave: Wave
    waves: tuple[SurveyWave, ...]
    slope: Estimate | None
    """Points a year; None where there are too few waves for one."""
    p_value: float | None
    detectable: float | None
    """Smallest slope, in points a year, that such waves find with `power`."""
    power: float


@dataclass(frozen=True, slots=True, kw_only=True)
class SurveyGroup:
    """The answers of one group of customers."""

    label: str
    answers: int
    missing: int
    promoter_share: float | None
    passive_share: float | None
    detractor_share: float | None
    score: Estimate | None
    """None where nobody of the group answered."""
    shrunken: Estimate | None
    """Drawn towards the other groups, the more so the fewer answers there are."""
    rank_lower: int | None
    rank_upper: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SurveyGroups:
    """The score by group, highest first."""

    column: str
    groups: tuple[SurveyGroup, ...]
    p_value: float | None
    """Of the test that all groups have the same score."""
    between: float | None
    """Standard deviation of the true scores of groups, in points."""


@dataclass(frozen=True, slots=True)
class ClassValue:
    """Lifetime value of the customers of one class."""

    name: ClassName
    customers: int
    mean_value: Estimate | None
    """None without customers."""
    value_share: Estimate | None
    """Share of the value of all who answered; None where that is not positive."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SurveyValue:
    """What those who answered are worth, by what they said last."""

    classes: tuple[ClassValue, ...]
    gap: Estimate | None
    """Mean lifetime value of promoters less that of detractors; None where there are none of either."""
    matched: int
    """Customers who answered and are in the log."""
    unmatched: int
    """Customers who answered and are not."""
    silent: int
    """Customers in the log who did not answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SurveyReport:
    """What ratings say about customers.

    Parameters
    ----------
    settings : SurveySettings
        What was asked.
    log : tuple of LogCount
        What was read and left out.
    score : SurveyScore
        The score of all answers, with the shares behind it.
    trend : SurveyTrend or None
        The score over time; None where nobody asked for it, or all answers are of one wave.
    groups : SurveyGroups or None
        The score by group; None where nobody asked for it.
    value : SurveyValue or None
        What promoters, passives and detractors are worth; None without transactions of the same customers.
    notes : tuple of str
        What limits these numbers, in plain words.
    """

    settings: SurveySettings
    log: tuple[LogCount, ...]
    score: SurveyScore
    trend: SurveyTrend | None
    groups: SurveyGroups | None
    value: SurveyValue | None
    notes: tuple[str, ...]


def survey_mapping(report: SurveyReport) -> dict[str, JsonValue]:
    """The report as dictionaries, lists and numbers that strict JSON can hold.

    Parameters
    ----------
    report : SurveyReport
        What ratings say.

    Returns
    -------
    dict
        Same names as the fields; dates as ISO 8601 text; a number that is undefined as None.
    """
    return plain_mapping(report)

"""Who comes back, of a log of transactions: cohorts, silences, and the customers that are left."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Final, cast

import narwhals.stable.v2 as nw
import numpy as np

from customer_centric._core.frames.periods import Period
from customer_centric.audit.churn.report import Activity, Retention, RetentionAge, ReturnReport, Silence
from customer_centric.audit.plain import Estimate
from customer_centric.audit.steps import Answer, Question
from customer_centric.churn.alive import active_customers
from customer_centric.churn.inactivity import inactivity_threshold
from customer_centric.churn.triangle import RetentionTriangle, retention_triangle
from customer_centric.errors import InvalidInputError
from customer_centric.intervals import Interval, wilson_interval
from customer_centric.typing import FrameT
from customer_centric.units import UNITS_PER_YEAR

__all__: list[str] = []

FALSE_CHURN: Final = 0.10
# Cohorts for at most so many days of log; longer ones make triangles that nobody can read.
_COHORTS: Final[tuple[tuple[Period, float], ...]] = (
    ("week", 123),
    ("month", 3 * 366),
    ("quarter", 12 * 366),
    ("year", math.inf),
)
_AGES: Final[dict[Period, tuple[int, ...]]] = {
    "week": (1, 2, 3, 4, 6, 8, 12, 16),
    "month": (1, 2, 3, 4, 5, 6, 9, 12, 18, 24, 30),
    "quarter": (1, 2, 3, 4, 8, 12, 16, 24, 32, 40),
    "year": (1, 2, 3, 4, 5, 6, 8, 10, 15, 20, 30),
}


@dataclass(frozen=True, slots=True, eq=False)
class ReturnAnswer:
    """What was found, and what a chart is drawn of."""

    report: ReturnReport
    triangle: RetentionTriangle | None


def answer_returning(question: Question[FrameT], found: Answer[FrameT]) -> ReturnAnswer:
    """From the log and the model that was fitted to it to who comes back."""
    question.progress("Following the cohorts")
    log = _purchases(question)
    triangle = _triangle(log, question, found)
    retention, silence = None, None
    reasons: dict[str, str] = {}
    if triangle is None:
        period = log_period(found)
        reasons["retention_reason"] = (
            f"Before the log ends there is no whole {period} after one in which somebody first bought, so "
            "there are no cohorts to follow."
        )
    else:
        retention = _retention(triangle, question.confidence_level)
    try:
        silence = _silence(log, question)
    except InvalidInputError:
        # The histories have been checked: what is left is that nobody came back.
        reasons["silence_reason"] = (
            "Nobody bought on two days, so nothing says how long a silence is too long."
        )
    report = ReturnReport(
        retention=retention,
        silence=silence,
        activity=_activity(question, found),
        confidence_level=question.confidence_level,
        **reasons,
    )
    return ReturnAnswer(report, triangle)


def _purchases(question: Question[FrameT]) -> FrameT:
    """The rows of the log that are purchases: refunds are none, and amounts of 0 where they are left out."""
    if question.amount is None or (question.refunds == "raise" and question.zero_amounts == "keep"):
        return question.log
    amount = nw.col(question.amount)
    bought = amount > 0 if question.zero_amounts == "drop" else amount >= 0
    frame = nw.from_native(cast("Any", question.log))
    return cast("FrameT", frame.filter(bought).to_native())


def log_period(found: Answer[FrameT]) -> Period:
    """The calendar period that cuts the log into readably many parts."""
    days = (found.end - found.first_day).days + 1
    return next(period for period, most in _COHORTS if days <= most)


def _triangle(log: FrameT, question: Question[FrameT], found: Answer[FrameT]) -> RetentionTriangle | None:
    """The cohorts, where at least one was seen a whole period later."""
    try:
        triangle = retention_triangle(
            log,
            customer=question.customer,
            date=question.date,
            period=log_period(found),
            as_of=question.end,
            time_zone=question.time_zone,
        )
    except InvalidInputError:
        # The histories have been checked: what is left is that the first period is not over.
        return None
    return triangle if triangle.values.shape[1] > 1 else None


def _retention(triangle: RetentionTriangle, confidence_level: float) -> Retention:
    values = triangle.values
    begun = np.nan_to_num(values[:, 0]) > 0
    last = values.shape[1] - 1
    ages = [age for age in _AGES[triangle.period] if age < last] + ([last] if last > 0 else [])
    rows: list[RetentionAge] = []
    for age in ages:
        seen = begun & ~np.isnan(values[:, age])
        customers, active = int(values[seen, 0].sum()), int(values[seen, age].sum())
        if customers:
            lower, upper = wilson_interval(active, customers, confidence_level=confidence_level)
            share = Estimate(active / customers, float(lower), float(upper))
            rows.append(RetentionAge(age, int(seen.sum()), customers, active, share))
    return Retention(
        period=triangle.period,
        cohorts=int(begun.sum()),
        first_day=triangle.cohorts[int(np.argmax(begun))],
        ages=tuple(rows),
    )


def _silence(log: FrameT, question: Question[FrameT]) -> Silence:
    found = inactivity_threshold(
        log,
        customer=question.customer,
        date=question.date,
        end=question.end,
        unit=question.unit,
        false_churn=FALSE_CHURN,
        time_zone=question.time_zone,
        confidence_level=question.confidence_level,
    )
    back = found.recovered_interval
    return Silence(
        threshold=found.threshold,
        unit=found.unit,
        allowed=FALSE_CHURN,
        false_churn=between(found.false_churn, found.interval),
        declared=found.declared,
        recovered=found.recovered,
        recovered_share=None if back is None else between(found.recovered_share, back),
    )


def _activity(question: Question[FrameT], found: Answer[FrameT]) -> Activity:
    counts = found.histories.sufficient_statistics()
    year = UNITS_PER_YEAR[question.unit]
    active = active_customers(
        found.purchases,
        counts.frequency,
        counts.recency,
        counts.age,
        weights=counts.weight,
        horizon=year,
        confidence_level=question.confidence_level,
    )
    rate = None
    if math.isfinite(active.rate) and active.rate > 0:
        bounds = active.rate_interval
        limits = () if bounds is None else (year * bounds.lower, year * bounds.upper)
        rate = Estimate(year * active.rate, *limits)
    return Activity(
        model=found.name,
        customers=round(active.n),
        expected=between(active.expected, active.interval),
        later=active.later,
        rate=rate,
    )


def between(value: float, interval: Interval) -> Estimate:
    """A number with its bounds."""
    return Estimate(value, interval.lower, interval.upper)

"""Who leaves, of a table of subscriptions: a year, its months, every definition, and how long they stay."""

from __future__ import annotations

import calendar
import datetime as dt
import math
from dataclasses import dataclass
from typing import Any, Final, Literal, TypedDict, cast

import numpy as np
import pandas as pd

from customer_centric._core.frames import day_number
from customer_centric._core.frames.periods import Period
from customer_centric._core.words import counted
from customer_centric.audit.churn.question import ContractQuestion
from customer_centric.audit.churn.report import (
    ChurnPeriod,
    ContractReport,
    ContractSettings,
    PublishedRate,
    Stay,
    Stays,
)
from customer_centric.audit.plain import Estimate, LogCount
from customer_centric.audit.version import package_version
from customer_centric.audit.words import day
from customer_centric.churn._spells import NEVER, Spells, spells_of
from customer_centric.churn.period import churn_by_period, period_churn
from customer_centric.churn.reconcile import reconcile_churn
from customer_centric.churn.survival import SurvivalCurve, survival_curve
from customer_centric.churn.triangle import RetentionTriangle, survived_triangle
from customer_centric.errors import InvalidInputError

__all__: list[str] = []

_DAYS_PER_MONTH: Final = 365.25 / 12
_MONTHS: Final = 12
_STAYS: Final = (1, 2, 3, 6, 9, 12, 18, 24, 36, 48, 60, 84, 120)
# Cohorts for at most so many months between the first begin and the end.
_COHORTS: Final[tuple[tuple[Period, float], ...]] = (("month", 36), ("quarter", 144), ("year", math.inf))


class _Columns(TypedDict):
    customer: str
    begins: str
    ends: str
    grace_days: int
    time_zone: str | None


@dataclass(frozen=True, slots=True, eq=False)
class ContractAnswer:
    """What was found, and what charts are drawn of."""

    report: ContractReport
    triangle: RetentionTriangle | None
    curve: SurvivalCurve | None


def answer_contracts(question: ContractQuestion, *, command: str = "") -> ContractAnswer:
    """From the subscriptions to who leaves."""
    rows, end = question.rows(), question.last_day()
    columns = _Columns(
        customer=question.customer,
        begins=question.begins,
        ends=question.ends,
        grace_days=question.grace_days,
        time_zone=question.time_zone,
    )
    level = question.confidence_level
    spells = spells_of(rows, **columns)
    first, last = int(spells.begin.min()), day_number(end)
    if first > last:
        raise InvalidInputError(
            f"`end` must be on or after the day on which the first subscription begins, got {end}; "
            "it is the last day that the data cover"
        )
    days = month_ends(end, _MONTHS)
    year = period_churn(rows, days[0], end, confidence_level=level, **columns)
    months = churn_by_period(rows, days, confidence_level=level, **columns)
    curve = _curve(spells, last, level)
    report = ContractReport(
        settings=ContractSettings(
            source=question.source,
            end=end,
            confidence_level=level,
            version=package_version(),
            command=command,
            **columns,
        ),
        log=_log(rows, spells, question, last),
        year=_period({**_fields(year), "reason": year.reason}),
        definitions=_definitions(rows, days[0], end, columns),
        months=tuple(_period(cast("dict[str, Any]", row)) for row in months.to_dict("records")),
        stays=None if curve is None else _stays(curve),
        notes=tuple(_notes(spells, days[0], end)),
    )
    return ContractAnswer(report, _triangle(rows, end, first, level, columns), curve)


def month_ends(end: dt.date, n: int) -> list[dt.date]:
    """The last day, and the same day of each of the months before it, ascending.

    The last day of a month is that of all of them.
    """
    final = end.day == calendar.monthrange(end.year, end.month)[1]
    days: list[dt.date] = []
    for back in range(n, -1, -1):
        year, month = divmod(12 * end.year + end.month - 1 - back, 12)
        longest = calendar.monthrange(year, month + 1)[1]
        days.append(dt.date(year, month + 1, longest if final else min(end.day, longest)))
    return days


def _fields(churn: Any) -> dict[str, Any]:
    bounds = churn.interval
    return {
        "lower": math.nan if bounds is None else bounds.lower,
        "upper": math.nan if bounds is None else bounds.upper,
        **{
            name: getattr(churn, name)
            for name in (
                "start",
                "end",
                "rate",
                "lost",
                "lost_opening",
                "base",
                "opening",
                "gained",
                "reactivated",
                "closing",
            )
        },
    }


def _period(row: dict[str, Any]) -> ChurnPeriod:
    known = math.isfinite(row["rate"]) and math.isfinite(row["lower"])
    return ChurnPeriod(
        start=row["start"],
        end=row["end"],
        rate=Estimate(float(row["rate"]), float(row["lower"]), float(row["upper"])) if known else None,
        base=float(row["base"]),
        reason=row.get("reason"),
        **{
            name: int(row[name])
            for name in ("lost", "lost_opening", "opening", "gained", "reactivated", "closing")
        },
    )


def _definitions(
    rows: pd.DataFrame, start: dt.date, end: dt.date, columns: _Columns
) -> tuple[PublishedRate, ...]:
    found = reconcile_churn(rows, start, end, **columns)
    return tuple(
        PublishedRate(
            name=item.name,
            lost=item.lost,
            base=item.base,
            rate=item.value if math.isfinite(item.value) else None,
            kind=cast("Literal['rate', 'probability', 'ratio']", item.kind),
            source=item.source,
        )
        for item in found.definitions
    )


def _curve(spells: Spells, last: int, confidence_level: float) -> SurvivalCurve | None:
    """From first joining to the first loss; who is still there, or left after the last day, was last seen."""
    kept = ~spells.returning & (spells.begin < last)
    if not kept.any():
        return None
    begin, end = spells.begin[kept], spells.end[kept]
    return survival_curve(
        (np.minimum(end, last) - begin) / _DAYS_PER_MONTH,
        end <= last,
        unit="month",
        weights=spells.n[kept],
        confidence_level=confidence_level,
    )


def _stays(curve: SurvivalCurve) -> Stays:
    median, bounds = curve.quantile()
    longest = float(curve.duration[-1])
    rows: list[Stay] = []
    for months in (float(stay) for stay in _STAYS if stay <= longest):
        # The step that the month stands on; before the first one nobody was lost or last seen.
        step = int(np.searchsorted(curve.duration, months, side="right")) - 1
        if step >= 0:
            watched = round(float(curve.at_risk[step + 1])) if step + 1 < curve.at_risk.size else 0
            share = Estimate(float(curve.survival[step]), float(curve.lower[step]), float(curve.upper[step]))
            rows.append(Stay(months, watched, share))
    return Stays(
        customers=round(float((curve.lost + curve.censored).sum())),
        lost=round(float(curve.lost.sum())),
        median=None
        if math.isnan(median)
        else Estimate(median, bounds.lower, bounds.upper if math.isfinite(bounds.upper) else None),
        stays=tuple(rows),
    )


def _triangle(
    rows: pd.DataFrame, end: dt.date, first: int, confidence_level: float, columns: _Columns
) -> RetentionTriangle | None:
    months = (day_number(end) - first) / _DAYS_PER_MONTH
    period: Period = next(period for period, most in _COHORTS if months <= most)
    try:
        triangle = survived_triangle(
            rows, period=period, as_of=end, confidence_level=confidence_level, **columns
        )
    except InvalidInputError:
        # The table has been read: what is left is that the first period is not over.
        return None
    return triangle if triangle.values.shape[1] > 1 else None


def _log(rows: pd.DataFrame, spells: Spells, question: ContractQuestion, last: int) -> tuple[LogCount, ...]:
    def count(which: Any) -> int:
        return int(spells.n[which].sum())

    known = spells.begin <= last
    counts = (
        LogCount("subscriptions that continue another of the same customer", spells.n_merged),
        LogCount("times that a customer came back", count(spells.returning & known)),
        LogCount("times that a customer joins or comes back after the last day, left out", count(~known)),
        LogCount("ends after the last day, not known yet", count((spells.end > last) & (spells.end < NEVER))),
    )
    return (
        LogCount("subscriptions read", spells.n_rows),
        LogCount("customers", int(rows[question.customer].nunique())),
        *(item for item in counts if item.count),
    )


def _notes(spells: Spells, start: dt.date, end: dt.date) -> list[str]:
    notes: list[str] = []
    first = dt.date(1970, 1, 1) + dt.timedelta(days=int(spells.begin.min()))
    if first > start:
        notes.append(
            f"The first subscription begins on {day(first)}, less than 12 months before the last day: the "
            "average of customers counts the days before it, on which there were none."
        )
    later = int(spells.n[(spells.end > day_number(end)) & (spells.end < NEVER)].sum())
    if later:
        notes.append(
            f"{counted(later, 'subscription')} will end after {day(end)}, as far as is known: nobody is "
            "counted as lost before that day."
        )
    return notes

"""The score over time, from the rows of a survey."""

from __future__ import annotations

from typing import Final, cast

import numpy as np
import pandas as pd

from customer_centric._core.frames.periods import periods_of
from customer_centric.audit.plain import Estimate
from customer_centric.audit.survey.question import SurveyQuestion, answer_days, answered
from customer_centric.audit.survey.report import SurveyTrend, SurveyWave, Wave
from customer_centric.audit.survey.steps import between, clusters_of, finite
from customer_centric.nps.trend import NpsTrend, nps_trend
from customer_centric.typing import IntArray

__all__: list[str] = []

_MOST_MONTHS: Final = 24


def trend_of(
    rows: pd.DataFrame, question: SurveyQuestion, notes: list[str]
) -> tuple[NpsTrend[pd.DataFrame], Wave] | None:
    """The score over time, and what a wave is; None where all answers are of one, and `notes` says so."""
    if question.answered is None:
        return None
    days = answer_days(rows, question, question.answered)
    said = rows[answered(rows, question)].reset_index(drop=True)
    wave = question.wave or usual_wave(days)
    if np.unique(periods_of(days, wave)).size == 1:
        notes.append(f"All answers are of one {wave}: there is no score over time.")
        return None
    survey = pd.DataFrame(
        {"day": days.astype("datetime64[D]").astype("datetime64[s]"), "rating": said[question.rating]}
    )
    clusters = clusters_of(said, question.customer)
    if clusters is not None:
        survey["customer"] = clusters
    found = nps_trend(
        survey,
        rating="rating",
        answered="day",
        period=wave,
        cluster=None if clusters is None else "customer",
        confidence_level=question.confidence_level,
    )
    return found, wave


def usual_wave(days: IntArray) -> Wave:
    """Months; quarters where they are more than two years of them."""
    months = periods_of(days, "month")
    return "month" if int(months.max() - months.min()) < _MOST_MONTHS else "quarter"


def trend_section(found: NpsTrend[pd.DataFrame], wave: Wave) -> SurveyTrend:
    """The score over time in plain numbers."""
    return SurveyTrend(
        wave=wave,
        waves=tuple(_wave(row, found.centre) for _, row in found.frame.iterrows()),
        slope=between(found.slope, found.interval) if np.isfinite(found.slope) else None,
        p_value=finite(found.p_value),
        detectable=finite(found.detectable),
        power=found.power,
    )


def _wave(row: pd.Series, centre: float) -> SurveyWave:
    n, score, lower, upper, low, high = (
        cast("float", row[name]) for name in ("n", "score", "lower", "upper", "limit_lower", "limit_upper")
    )
    return SurveyWave(
        first_day=cast("pd.Timestamp", row["day"]).date(),
        answers=int(n),
        score=Estimate(float(score), float(lower), float(upper)),
        limits=Estimate(centre, float(low), float(high)),
        outside=not low <= score <= high,
    )

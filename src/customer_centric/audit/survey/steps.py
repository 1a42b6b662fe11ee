"""The steps of a survey: the score, what its answers leave open, and what they look like."""

from __future__ import annotations

import math
from typing import Final

import numpy as np
import pandas as pd

from customer_centric._core.words import counted
from customer_centric.audit.plain import Estimate, LogCount
from customer_centric.audit.survey.question import SurveyQuestion, answered
from customer_centric.audit.survey.report import ClassName, SurveyClass, SurveyScore
from customer_centric.intervals import Interval
from customer_centric.nps.comparison import compare_nps
from customer_centric.nps.nonresponse import nonresponse_bounds
from customer_centric.nps.scale import NPS_SCALE
from customer_centric.nps.score import NetPromoterScore, net_promoter_score
from customer_centric.typing import IntArray

__all__: list[str] = []

POWER: Final = 0.8
_WIDEST: Final = 200.0
_FIVE: Final = 5
_MANY_ONES: Final = 10
_FEW: Final = 30


def clusters_of(rows: pd.DataFrame, customer: str | None) -> IntArray | None:
    """A code a customer; an answer without a name is of a customer of its own."""
    if customer is None:
        return None
    codes, known = pd.factorize(rows[customer])
    codes = codes.astype(np.int64)
    unknown = codes < 0
    codes[unknown] = len(known) + np.arange(int(unknown.sum()))
    return codes


def score_of(rows: pd.DataFrame, question: SurveyQuestion) -> NetPromoterScore:
    """The score of all answers."""
    ratings = rows[question.rating]
    clusters = clusters_of(rows, question.customer)
    if clusters is not None and pd.Series(clusters).is_unique:
        clusters = None  # nobody answered twice
    return net_promoter_score(
        ratings.to_numpy(),
        clusters=clusters,
        invited=len(rows),
        confidence_level=question.confidence_level,
    )


def score_section(nps: NetPromoterScore, rows: pd.DataFrame, question: SurveyQuestion) -> SurveyScore:
    """The score in plain numbers."""
    found = compare_nps(nps, nps, power=POWER).detectable
    customers = None
    if question.customer is not None:
        codes = clusters_of(rows[answered(rows, question)], question.customer)
        customers = None if codes is None else int(np.unique(codes).size)
    return SurveyScore(
        score=between(nps.score, nps.interval),
        standard_error=finite(nps.standard_error),
        answers=nps.n,
        missing=nps.n_missing,
        classes=_classes(nps),
        customers=customers,
        effective_answers=finite(nps.effective_n),
        detectable=found if found <= _WIDEST else None,
        power=POWER,
        everybody=_everybody(nps),
    )


def _classes(nps: NetPromoterScore) -> tuple[SurveyClass, ...]:
    low, cut, top, high = (
        NPS_SCALE.minimum,
        NPS_SCALE.detractor_max,
        NPS_SCALE.promoter_min,
        NPS_SCALE.maximum,
    )
    parts: tuple[tuple[ClassName, str, int, float], ...] = (
        ("promoters", f"{top}-{high}", nps.promoters, nps.promoter_share),
        ("passives", f"{cut + 1}-{top - 1}", nps.passives, nps.passive_share),
        ("detractors", f"{low}-{cut}", nps.detractors, nps.detractor_share),
    )
    return tuple(SurveyClass(*part) for part in parts)


def _everybody(nps: NetPromoterScore) -> Estimate | None:
    if not nps.n_missing:
        return None
    bounds = nonresponse_bounds(nps)
    return between(nps.score, bounds.interval)


def log_counts(rows: pd.DataFrame, nps: NetPromoterScore, question: SurveyQuestion) -> tuple[LogCount, ...]:
    """What became of every row."""
    counts = [
        LogCount("rows read", len(rows)),
        LogCount("rows without an answer, left out", nps.n_missing),
        LogCount("answers", nps.n),
    ]
    if question.customer is not None:
        said = rows[answered(rows, question)]
        unknown = int(said[question.customer].isna().sum())
        codes = clusters_of(said, question.customer)
        named = 0 if codes is None else int(np.unique(codes).size) - unknown
        counts.append(LogCount("customers who answered", named))
        if unknown:
            counts.append(LogCount("answers without a customer, taken for different ones", unknown))
    return tuple(counts)


def score_notes(rows: pd.DataFrame, nps: NetPromoterScore, question: SurveyQuestion) -> list[str]:
    """What makes one doubt that these are answers to the question."""
    ratings = rows[question.rating].dropna().to_numpy().astype(np.float64)
    notes: list[str] = []
    highest, lowest = int(ratings.max()), int(ratings.min())
    ones = int((ratings == 1).sum())
    if highest <= _FIVE:
        notes.append(
            f"No answer is above {highest}: was the question on another scale? The score is for answers from "
            "0 to 10, and takes every answer up to 6 for that of a detractor."
        )
    elif lowest == 1 and ones >= _MANY_ONES:
        notes.append(
            f"No answer is 0, and {ones} are 1: did the question start at 1? Its score is not comparable "
            "with those of a question from 0 to 10."
        )
    if nps.n < _FEW:
        notes.append(f"With {counted(nps.n, 'answer')} the interval says more than the score.")
    return notes


def between(value: float, interval: Interval) -> Estimate:
    """With the bounds that are finite."""
    return Estimate(value, finite(interval.lower), finite(interval.upper))


def finite(value: float) -> float | None:
    """The number, or None where there is none."""
    return float(value) if math.isfinite(value) else None

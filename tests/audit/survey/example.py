"""A report on a survey made by hand: every part of it filled, with hostile names where users write them."""

from __future__ import annotations

from datetime import date

from customer_centric.audit.plain import Estimate, LogCount
from customer_centric.audit.survey.report import (
    ClassValue,
    SurveyClass,
    SurveyGroup,
    SurveyGroups,
    SurveyReport,
    SurveyScore,
    SurveySettings,
    SurveyTrend,
    SurveyValue,
    SurveyWave,
)


def example_survey(name: str = "region") -> SurveyReport:
    return SurveyReport(
        settings=SurveySettings(
            source="survey.csv" if name == "region" else name,
            rating="score",
            answered="when",
            group=name,
            customer="id",
            wave="month",
            confidence_level=0.95,
            version="0.1.0",
            command="",
        ),
        log=(LogCount("rows read", 900), LogCount("rows without an answer, left out", 155)),
        score=_score(),
        trend=_trend(),
        groups=SurveyGroups(
            column=name,
            groups=(
                _group(name if name != "region" else "north", 301, 62.5, (1, 2)),
                _group("south", 243, 35.4, (2, 3)),
                _group("abroad", 39, 0.0, (3, 3)),
                SurveyGroup(
                    label="silent",
                    answers=0,
                    missing=12,
                    promoter_share=None,
                    passive_share=None,
                    detractor_share=None,
                    score=None,
                    shrunken=None,
                    rank_lower=None,
                    rank_upper=None,
                ),
            ),
            p_value=0.00001,
            between=21.3,
        ),
        value=SurveyValue(
            classes=(
                ClassValue("promoters", 346, Estimate(71.68, 57.42, 92.88), Estimate(0.77, 0.7, 0.82)),
                ClassValue("passives", 212, Estimate(29.33, 22.48, None), Estimate(0.19, 0.15, 0.25)),
                ClassValue("detractors", 0, None, None),
            ),
            gap=Estimate(54.43, 37.61, 76.15),
            matched=558,
            unmatched=67,
            silent=1732,
        ),
        notes=(f"A note on {name}.",),
    )


def _score() -> SurveyScore:
    return SurveyScore(
        score=Estimate(44.8, 39.6, 49.7),
        standard_error=2.58,
        answers=745,
        missing=155,
        classes=(
            SurveyClass("promoters", "9-10", 412, 0.553),
            SurveyClass("passives", "7-8", 255, 0.342),
            SurveyClass("detractors", "0-6", 78, 0.105),
        ),
        customers=625,
        effective_answers=690.8,
        detectable=10.2,
        power=0.8,
        everybody=Estimate(44.8, 15.6, 58.4),
    )


def _trend() -> SurveyTrend:
    waves = (
        (date(2024, 1, 1), 25, (44.0, 18.4, 64.2), False),
        (date(2024, 2, 1), 48, (33.3, 9.0, 53.5), False),
        (date(2024, 3, 1), 54, (67.6, 46.3, 81.1), True),
    )
    return SurveyTrend(
        wave="month",
        waves=tuple(
            SurveyWave(
                first_day=first_day,
                answers=n,
                score=Estimate(*score),
                limits=Estimate(44.8, 25.1, 64.6),
                outside=outside,
            )
            for first_day, n, score, outside in waves
        ),
        slope=Estimate(8.3, -4.1, 20.7),
        p_value=0.188,
        detectable=17.7,
        power=0.8,
    )


def _group(label: str, answers: int, score: float, ranks: tuple[int, int]) -> SurveyGroup:
    return SurveyGroup(
        label=label,
        answers=answers,
        missing=3,
        promoter_share=0.5,
        passive_share=0.3,
        detractor_share=0.2,
        score=Estimate(score, score - 9.1, score + 8.4),
        shrunken=Estimate(0.9 * score, 0.9 * score - 8.0, 0.9 * score + 8.0),
        rank_lower=ranks[0],
        rank_upper=ranks[1],
    )

"""The drawings of a survey."""

from __future__ import annotations

from dataclasses import dataclass

from customer_centric.audit.page import Chart
from customer_centric.audit.survey.report import SurveyReport

__all__: list[str] = []


@dataclass(frozen=True, slots=True, eq=False)
class SurveyAnswer:
    """What was found, and what charts are drawn of."""

    report: SurveyReport


def draw_survey_charts(found: SurveyAnswer) -> tuple[Chart, ...]:
    """The charts of what was found."""
    return ()

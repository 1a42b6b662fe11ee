"""A survey from its rows to a report."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from customer_centric.audit.page import Chart, charts_or_reason, unwatched
from customer_centric.audit.survey import steps
from customer_centric.audit.survey.charts import SurveyAnswer, draw_survey_charts
from customer_centric.audit.survey.groups import groups_of, groups_section
from customer_centric.audit.survey.question import SurveyQuestion
from customer_centric.audit.survey.report import SurveyReport, SurveySettings
from customer_centric.audit.survey.waves import trend_of, trend_section
from customer_centric.audit.survey.worth import Worth, value_section
from customer_centric.audit.version import package_version

__all__ = ["SurveyAudit", "run_survey"]


@dataclass(frozen=True, slots=True, kw_only=True)
class SurveyAudit:
    """What ratings say, and its drawings.

    Parameters
    ----------
    report : SurveyReport
        The numbers and words.
    charts : tuple of Chart
        The drawings; none without Matplotlib.
    missing_charts : str
        Why there are no drawings and how to get them, empty where there are.
    """

    report: SurveyReport
    charts: tuple[Chart, ...]
    missing_charts: str


def run_survey(
    question: SurveyQuestion, *, command: str = "", progress: Callable[[str], None] | None = None
) -> SurveyAudit:
    """What customers say: the Net Promoter Score, how sure it is, over time and by group.

    Parameters
    ----------
    question : SurveyQuestion
        The ratings, and what is asked of them.
    command : str, default ""
        How the report says that it can be repeated.
    progress : callable, optional
        Told in a few words what is being done.

    Returns
    -------
    SurveyAudit
        The report and its charts.

    Raises
    ------
    InvalidInputError
        If a column is missing, an answer is off the scale, or nobody answered.

    Examples
    --------
    >>> import pandas as pd
    >>> from customer_centric.audit import SurveyQuestion, run_survey
    >>> survey = pd.DataFrame({"score": [10, 9, 10, 7, 3, None]})
    >>> audit = run_survey(SurveyQuestion(survey=survey, rating="score"))
    >>> audit.report.score.answers, audit.report.score.missing
    (5, 1)
    """
    tell = progress or unwatched
    tell("Scoring the ratings")
    found = answer_survey(question, command=command)
    tell("Drawing the charts")
    charts, missing = charts_or_reason(lambda: draw_survey_charts(found))
    return SurveyAudit(report=found.report, charts=charts, missing_charts=missing)


def answer_survey(question: SurveyQuestion, worth: Worth | None = None, *, command: str = "") -> SurveyAnswer:
    """From the ratings to their report, with what charts are drawn of."""
    rows = question.rows()
    nps = steps.score_of(rows, question)
    notes = steps.score_notes(rows, nps, question)
    trend = trend_of(rows, question, notes)
    groups = groups_of(rows, question, notes)
    value = None if worth is None else value_section(rows, question, worth, notes)
    report = SurveyReport(
        settings=SurveySettings(
            source=question.source,
            rating=question.rating,
            answered=question.answered,
            group=question.group,
            customer=question.customer,
            wave=None if trend is None else trend[1],
            confidence_level=question.confidence_level,
            version=package_version(),
            command=command,
        ),
        log=steps.log_counts(rows, nps, question),
        score=steps.score_section(nps, rows, question),
        trend=None if trend is None else trend_section(*trend),
        groups=None if groups is None else groups_section(groups, str(question.group)),
        value=value,
        notes=tuple(notes),
    )
    return SurveyAnswer(report, None if trend is None else trend[0], groups)

"""The drawings of a survey."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from customer_centric.audit.page import Chart, drawn
from customer_centric.audit.survey import words
from customer_centric.audit.survey.report import SurveyReport
from customer_centric.nps.groups import NpsByGroup
from customer_centric.nps.trend import NpsTrend
from customer_centric.plot import figure_svg, plot_nps_groups, plot_nps_shares, plot_nps_trend

__all__: list[str] = []


@dataclass(frozen=True, slots=True, eq=False)
class SurveyAnswer:
    """What was found, and what charts are drawn of."""

    report: SurveyReport
    trend: NpsTrend[pd.DataFrame] | None
    groups: NpsByGroup[pd.DataFrame] | None


def draw_survey_charts(found: SurveyAnswer) -> tuple[Chart, ...]:
    """The charts of what was found."""
    charts: list[Chart] = []
    level = words.level(found.report)
    trend, groups = found.trend, found.groups
    if trend is not None and found.report.trend is not None:
        wave = found.report.trend.wave
        charts.append(
            drawn(
                "trend",
                f"Score by {wave}",
                f"Net Promoter Score of each {wave} with its {level} interval, and the line with the slope. "
                "The band is that of the control limits; a ring is a score outside them.",
                lambda label: figure_svg(plot_nps_trend(trend), label=label),
            )
        )
    if groups is not None and found.report.groups is not None:
        column = found.report.groups.column
        charts.append(
            drawn(
                "groups",
                f"Answers by {column}",
                "Shares of detractors, passives and promoters, with the passives in the middle: a bar leans "
                "to the side that is the greater.",
                lambda label: figure_svg(plot_nps_shares(groups), label=label),
            )
        )
        charts.append(
            drawn(
                "groups",
                f"Score by {column}",
                f"Scores with their {level} intervals, and below them shrunken scores, which are the better "
                "guess where there are few answers. A rank is given as the range that it may be in.",
                lambda label: figure_svg(plot_nps_groups(groups), label=label),
            )
        )
    return tuple(charts)

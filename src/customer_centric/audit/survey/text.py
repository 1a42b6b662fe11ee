"""What a survey says as text for a terminal."""

from __future__ import annotations

from collections.abc import Iterator

from customer_centric.audit import printed
from customer_centric.audit.survey import tables, words
from customer_centric.audit.survey.report import SurveyReport

__all__ = ["render_survey_text"]


def render_survey_text(report: SurveyReport) -> str:
    """The report as plain text.

    Parameters
    ----------
    report : SurveyReport
        What ratings say.

    Returns
    -------
    str
        Paragraphs and tables, ending in a line break.
    """
    blocks = [
        f"NET PROMOTER SCORE\n{printed.plain(report.settings.source)}",
        *survey_section(report),
        *printed.care(report.notes),
        *printed.asked(words.settings_rows(report), report.settings.command),
    ]
    return "\n\n".join(blocks) + "\n"


def survey_section(report: SurveyReport) -> Iterator[str]:
    """The score and its shares, how sure it is, over time, by group, and with value."""
    yield from printed.section("What customers say", words.headline(report), tables.class_table(report))
    yield from map(printed.paragraph, (words.shares(report), *words.findings(report)))
    parts = (
        ("The score over time", words.trend(report), tables.trend_table(report)),
        (f"The score by {report.settings.group}", words.groups(report), tables.group_table(report)),
        ("What those who answered are worth", words.value(report), tables.value_table(report)),
    )
    for title, sentence, table in parts:
        if table is not None:
            yield from printed.section(title, sentence, table)
    yield printed.table(tables.log_table(report))

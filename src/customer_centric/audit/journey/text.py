"""Where it hurts as text for a terminal."""

from __future__ import annotations

from collections.abc import Iterator

from customer_centric.audit import printed
from customer_centric.audit.journey import tables, words
from customer_centric.audit.journey.report import JourneyReport

__all__ = ["render_journey_text"]


def render_journey_text(report: JourneyReport) -> str:
    """The report as plain text.

    Parameters
    ----------
    report : JourneyReport
        Where it hurts.

    Returns
    -------
    str
        Paragraphs and tables, ending in a line break.
    """
    blocks = [
        f"JOURNEYS\n{printed.plain(report.settings.source)}",
        *journey_section(report),
        *printed.care(report.notes),
        *printed.asked(words.settings_rows(report), report.settings.command),
    ]
    return "\n\n".join(blocks) + "\n"


def journey_section(report: JourneyReport) -> Iterator[str]:
    """What is lost and where, what to fix, the scores, the funnel, and whether the log can be trusted."""
    yield from printed.section("Where it hurts", words.headline(report), None)
    parts = (
        (words.worst(report), tables.loss_table(report)),
        (words.fix(report), tables.fix_table(report)),
        (words.scored(report), tables.score_table(report)),
        (words.passed(report), tables.funnel_table(report)),
    )
    for sentence, table in parts:
        if sentence:
            yield printed.paragraph(sentence)
        if table is not None:
            yield printed.table(table)
    yield from printed.section("Can the events be trusted", words.ended(report), None)
    yield from map(printed.paragraph, words.quality(report))
    yield printed.table(tables.log_table(report))

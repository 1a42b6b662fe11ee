"""The tables of where it hurts, as rows of words."""

from __future__ import annotations

from customer_centric.audit.journey import words
from customer_centric.audit.journey.report import JourneyReport
from customer_centric.audit.table import Table
from customer_centric.audit.words import MISSING, amount, count, share

__all__: list[str] = []

_MOST = 15


def _title(text: str, shown: int, of: int) -> str:
    return text if shown == of else f"{text}, the first {shown} of {of}"


def loss_table(report: JourneyReport) -> Table | None:
    """What is lost at each touchpoint."""
    losses = report.losses
    if losses is None or not losses.touchpoints:
        return None
    rows = losses.touchpoints[:_MOST]
    has_money = losses.money is not None
    level = words.level(report.settings.confidence_level)
    money = ("money", f"{level} between") if has_money else ()
    return Table(
        _title("Journeys lost by touchpoint of the first friction", len(rows), len(losses.touchpoints)),
        ("touchpoint", "mostly to", "met first", "lost", f"{level} between", *money, "E-value"),
        tuple(
            (
                row.name,
                row.main_signal,
                count(row.first_flags),
                words.journeys(row.lost),
                words.between(row.lost, words.digits_of(row.lost)),
                *((words.number(row.money), words.between(row.money)) if has_money else ()),
                MISSING if row.e_value is None else amount(row.e_value, 1),
            )
            for row in rows
        ),
        left=frozenset({0, 1}),
        marked=0,
        note=(
            "E-value: how many times likelier a hidden cause would have to make both friction and loss to "
            "explain the loss away; 1 is nothing."
        ),
        widest=24,
    )


def fix_table(report: JourneyReport) -> Table | None:
    """What each fix alone would bring, the best first."""
    losses = report.losses
    if losses is None or not losses.touchpoints:
        return None
    rows = sorted(losses.touchpoints, key=lambda row: 0.0 if row.gain is None else -row.gain.value)[:_MOST]
    has_money = losses.money is not None
    level = words.level(report.settings.confidence_level)
    return Table(
        _title("Journeys that each fix alone would bring", len(rows), len(losses.touchpoints)),
        ("fix", "journeys", f"{level} between", *(("money",) if has_money else ())),
        tuple(
            (
                row.name,
                words.journeys(row.gain),
                words.between(row.gain, words.digits_of(row.gain)),
                *((MISSING if row.gain_money is None else amount(row.gain_money),) if has_money else ()),
            )
            for row in rows
        ),
        marked=next((i for i, row in enumerate(rows) if row.name == losses.best_fix), None),
    )


def score_table(report: JourneyReport) -> Table:
    """Friction by touchpoint, the largest share first."""
    rows = report.scores[:_MOST]
    level = words.level(report.settings.confidence_level)
    return Table(
        _title("Friction by the touchpoint that it is blamed on", len(rows), len(report.scores)),
        ("touchpoint", "mostly", "visits", "score", f"{level} between", "share"),
        tuple(
            (
                row.name,
                row.main_signal or MISSING,
                count(row.visits),
                amount(row.score.value, 1),
                words.between(row.score, 1),
                amount(row.share, 1),
            )
            for row in rows
        ),
        left=frozenset({0, 1}),
        widest=24,
    )


def funnel_table(report: JourneyReport) -> Table | None:
    """Journeys by step."""
    if not report.funnel:
        return None
    level = words.level(report.settings.confidence_level)
    return Table(
        "Journeys by step",
        ("step", "reached", "still there", "rate", f"{level} between"),
        tuple(
            (
                step.name,
                count(step.reached),
                count(step.in_progress),
                MISSING if step.rate is None else share(step.rate.value, 1),
                MISSING
                if step.rate is None
                else f"{amount(100 * (step.rate.lower or 0.0), 1)} to {share(step.rate.upper, 1)}",
            )
            for step in report.funnel
        ),
    )


def log_table(report: JourneyReport) -> Table:
    """What was read."""
    rows = tuple((item.what, count(item.count)) for item in report.log)
    return Table("Events read", ("what", "count"), rows, widest=70)


def journey_tables(report: JourneyReport) -> list[Table]:
    """Every table about journeys, in the order of the report."""
    tables = (
        loss_table(report),
        fix_table(report),
        score_table(report),
        funnel_table(report),
        log_table(report),
    )
    return [table for table in tables if table is not None]

"""The tables of a survey as rows of words."""

from __future__ import annotations

from customer_centric.audit.survey import words
from customer_centric.audit.survey.report import SurveyGroup, SurveyReport
from customer_centric.audit.table import Table
from customer_centric.audit.words import MISSING, amount, count, decimals, share

__all__: list[str] = []


def log_table(report: SurveyReport) -> Table:
    """What was read and left out."""
    rows = tuple((item.what, count(item.count)) for item in report.log)
    return Table("Ratings read", ("what", "count"), rows, widest=70)


def class_table(report: SurveyReport) -> Table:
    """The three classes."""
    rows = tuple(
        (part.name, part.ratings, count(part.answers), share(part.share, 1)) for part in report.score.classes
    )
    return Table("Answers by class", ("class", "ratings", "answers", "share"), rows)


def trend_table(report: SurveyReport) -> Table | None:
    """The score by wave, with its limits."""
    found = report.trend
    if found is None:
        return None
    any_outside = any(item.outside for item in found.waves)
    rows = tuple(
        (
            words.wave(item.first_day, found.wave),
            count(item.answers),
            words.points(item.score.value),
            words.bounds(item.score),
            words.bounds(item.limits),
            *(["outside" if item.outside else ""] if any_outside else []),
        )
        for item in found.waves
    )
    level = words.level(report)
    return Table(
        f"Score by {found.wave}",
        (
            found.wave,
            "answers",
            "score",
            f"{level} between",
            "control limits",
            *([""] if any_outside else []),
        ),
        rows,
        left=frozenset({0, 5}),
    )


def group_table(report: SurveyReport) -> Table | None:
    """The score by group, highest first."""
    found = report.groups
    if found is None:
        return None
    kinds = [part.ratings for part in report.score.classes]
    level = words.level(report)
    return Table(
        f"Score by {found.column}, highest first",
        (found.column, "answers", *kinds, "score", f"{level} between", "shrunken", "rank"),
        tuple(_group_row(group) for group in found.groups),
        widest=12,
    )


def _group_row(group: SurveyGroup) -> tuple[str, ...]:
    rank = MISSING
    if group.rank_lower is not None and group.rank_upper is not None:
        alone = group.rank_lower == group.rank_upper
        rank = str(group.rank_lower) if alone else f"{group.rank_lower} to {group.rank_upper}"
    return (
        group.label,
        count(group.answers),
        share(group.promoter_share),
        share(group.passive_share),
        share(group.detractor_share),
        MISSING if group.score is None else words.points(group.score.value),
        words.bounds(group.score),
        MISSING if group.shrunken is None else words.points(group.shrunken.value),
        rank,
    )


def value_table(report: SurveyReport) -> Table | None:
    """Lifetime value by class."""
    found = report.value
    if found is None:
        return None
    means = [part.mean_value for part in found.classes]
    digits = decimals(mean.value for mean in means if mean is not None)
    rows = tuple(
        (
            part.name,
            count(part.customers),
            MISSING if mean is None else amount(mean.value, digits),
            MISSING
            if mean is None or mean.lower is None or mean.upper is None
            else f"{amount(mean.lower, digits)} to {amount(mean.upper, digits)}",
            share(part.customers / found.matched),
            MISSING if part.value_share is None else share(part.value_share.value),
        )
        for part, mean in zip(found.classes, means, strict=True)
    )
    level = words.level(report)
    return Table(
        "Lifetime value by class of the last answer",
        ("class", "customers", "mean value", f"{level} between", "of customers", "of value"),
        rows,
    )


def all_tables(report: SurveyReport) -> list[Table]:
    """Every table, in the order of the report."""
    tables = (
        log_table(report),
        class_table(report),
        trend_table(report),
        group_table(report),
        value_table(report),
    )
    return [table for table in tables if table is not None]

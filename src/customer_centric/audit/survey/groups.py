"""The score by group of customers, from the rows of a survey."""

from __future__ import annotations

from typing import Final

import pandas as pd

from customer_centric.audit.plain import Estimate
from customer_centric.audit.survey.question import SurveyQuestion
from customer_centric.audit.survey.report import SurveyGroup, SurveyGroups
from customer_centric.audit.survey.steps import clusters_of, finite
from customer_centric.nps.groups import NpsByGroup, nps_by

__all__: list[str] = []

_UNNAMED: Final = "(none)"
_MOST: Final = 30


def groups_of(
    rows: pd.DataFrame, question: SurveyQuestion, notes: list[str]
) -> NpsByGroup[pd.DataFrame] | None:
    """The score by group; of very many groups those with the most answers, and `notes` says so."""
    if question.group is None:
        return None
    known = rows[question.group].notna()
    labels = rows[question.group].astype("str").where(known, _UNNAMED)
    survey = pd.DataFrame({"group": labels.astype("object"), "rating": rows[question.rating]})
    clusters = clusters_of(rows, question.customer)
    if clusters is not None:
        survey["customer"] = clusters
    kept = survey["group"][survey["rating"].notna()].value_counts().index
    if len(kept) > _MOST:
        notes.append(
            f"The ratings have {len(kept):,} groups with answers. Only the {_MOST} with the most answers are "
            "compared, so that the others have no part in ranks and shrunken scores."
        )
        survey = survey[survey["group"].isin(kept[:_MOST])].reset_index(drop=True)
    return nps_by(
        survey,
        "group",
        rating="rating",
        cluster=None if clusters is None else "customer",
        confidence_level=question.confidence_level,
    )


def groups_section(found: NpsByGroup[pd.DataFrame], column: str) -> SurveyGroups:
    """The score by group in plain numbers, highest first."""
    # Groups without an answer have no score and stand at the end.
    ordered = found.frame.sort_values("score", ascending=False, kind="stable", na_position="last")
    return SurveyGroups(
        column=column,
        groups=tuple(_group(row) for _, row in ordered.iterrows()),
        p_value=finite(found.p_value),
        between=finite(found.between_sd),
    )


def _group(row: pd.Series) -> SurveyGroup:
    numbers = {str(name): finite(float(value)) for name, value in row.items() if name != "group"}
    answered = bool(numbers["n"])

    def estimate(value: str, lower: str, upper: str) -> Estimate | None:
        middle = numbers[value]
        return None if middle is None or not answered else Estimate(middle, numbers[lower], numbers[upper])

    return SurveyGroup(
        label=str(row["group"]),
        answers=round(numbers["n"] or 0.0),
        missing=round(numbers["n_missing"] or 0.0),
        promoter_share=numbers["promoter_share"],
        passive_share=numbers["passive_share"],
        detractor_share=numbers["detractor_share"],
        score=estimate("score", "lower", "upper"),
        shrunken=estimate("shrunken", "shrunken_lower", "shrunken_upper"),
        rank_lower=_rank(numbers["rank_lower"]) if answered else None,
        rank_upper=_rank(numbers["rank_upper"]) if answered else None,
    )


def _rank(value: float | None) -> int | None:
    return None if value is None else round(value)

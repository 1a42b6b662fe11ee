"""What promoters, passives and detractors are worth: answers beside the values of the same customers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final, cast

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from customer_centric.audit.plain import Estimate
from customer_centric.audit.survey.question import SurveyQuestion, answer_days, answered
from customer_centric.audit.survey.report import ClassName, ClassValue, SurveyValue
from customer_centric.audit.survey.steps import between, finite
from customer_centric.nps.value_gap import nps_value_gap
from customer_centric.typing import FloatArray

__all__: list[str] = []

_CLASSES: Final[tuple[tuple[ClassName, str], ...]] = (
    ("promoters", "promoter"),
    ("passives", "passive"),
    ("detractors", "detractor"),
)


@dataclass(frozen=True, slots=True, eq=False)
class Worth:
    """Customers of a log and what each is worth."""

    customer: NDArray[Any]
    lifetime_value: FloatArray


def value_section(
    rows: pd.DataFrame, question: SurveyQuestion, worth: Worth, notes: list[str]
) -> SurveyValue | None:
    """Lifetime value by class; None where nothing links the two, and `notes` says why."""
    if question.customer is None:
        notes.append("The ratings name no customers, so nothing links what they say to what they are worth.")
        return None
    last = _last_answers(rows, question, question.customer, notes)
    values = pd.DataFrame({"customer": _texts(pd.Series(worth.customer)), "value": worth.lifetime_value})
    matched = int(last["customer"].isin(values["customer"]).sum())
    if not matched:
        notes.append(
            f"None of {len(last):,} customers who answered is in the log, so nothing links what they say to "
            f"what they are worth: the ratings have ids like {_example(last)}, "
            f"the log like {_example(values)}."
        )
        return None
    found = nps_value_gap(
        last,
        values,
        customer="customer",
        rating="rating",
        value="value",
        confidence_level=question.confidence_level,
    )
    table = found.frame.set_index("nps_class")
    return SurveyValue(
        classes=tuple(_class_value(name, cast("pd.Series", table.loc[row])) for name, row in _CLASSES),
        gap=between(found.difference, found.difference_interval) if np.isfinite(found.difference) else None,
        matched=matched,
        unmatched=len(last) - matched,
        silent=found.n_without_answer,
    )


def _class_value(name: ClassName, row: pd.Series) -> ClassValue:
    return ClassValue(
        name=name,
        customers=int(row["n"]),
        mean_value=_estimate(row, "mean", "lower", "upper"),
        value_share=_estimate(row, "value_share", "value_share_lower", "value_share_upper"),
    )


def _estimate(row: pd.Series, *names: str) -> Estimate | None:
    value, lower, upper = (finite(float(row[name])) for name in names)
    return None if value is None else Estimate(value, lower, upper)


def _last_answers(
    rows: pd.DataFrame, question: SurveyQuestion, customer: str, notes: list[str]
) -> pd.DataFrame:
    """One answer a customer: the last by day, or in the order of the rows where there are no days."""
    said = rows[answered(rows, question)]
    if question.answered is not None:
        said = said.iloc[np.argsort(answer_days(rows, question, question.answered), kind="stable")]
    said = said[said[customer].notna()]
    answers = pd.DataFrame({"customer": _texts(said[customer]), "rating": said[question.rating].to_numpy()})
    last = answers.drop_duplicates("customer", keep="last").reset_index(drop=True)
    if len(last) < len(answers):
        which = "the last row" if question.answered is None else "the last day"
        notes.append(
            f"{len(answers) - len(last):,} answers are followed by another of the same customer: for "
            f"lifetime value the answer of {which} counts."
        )
    return last


def _texts(ids: pd.Series) -> pd.Series:
    """Ids as text, so that 7 from one file is 7 from another; 007 stays another customer."""
    if pd.api.types.is_float_dtype(ids) and bool((ids.dropna() % 1 == 0).all()):
        ids = ids.astype("Int64")
    return ids.astype("str").reset_index(drop=True)


def _example(frame: pd.DataFrame) -> str:
    return repr(str(frame["customer"].iloc[0]))

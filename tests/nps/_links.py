"""Surveys and logs for the links between what customers say and what they do."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

import numpy as np
import pandas as pd

from customer_centric.nps import (
    ChurnAfterSurvey,
    NpsValueGap,
    PricePremium,
    SpendAfterSurvey,
    churn_after_survey,
    nps_value_gap,
    price_premium,
    spend_after_survey,
)

START = date(2024, 1, 1)
END = date(2024, 12, 31)
CLASSES = ["detractor", "passive", "promoter"]


def day(number: int) -> date:
    return START + timedelta(days=int(number))


def survey_frame(
    ratings: Sequence[float | None],
    *,
    days: Sequence[int] | None = None,
    stays: Sequence[int | None] | None = None,
    customers: Sequence[str] | None = None,
) -> pd.DataFrame:
    """One row an answer, on a day counted from the start, with how many days the customer stayed after it."""
    asked = [0] * len(ratings) if days is None else days
    frame = pd.DataFrame(
        {
            "id": [f"c{i:03}" for i in range(len(ratings))] if customers is None else list(customers),
            "rating": pd.Series(list(ratings), dtype="Float64"),
            "asked": pd.to_datetime([day(number) for number in asked]),
        }
    )
    if stays is not None:
        left = [None if stay is None else day(a + stay) for a, stay in zip(asked, stays, strict=True)]
        frame["left"] = pd.to_datetime(pd.Series(left, dtype=object))
    return frame


def log_frame(rows: Sequence[tuple[str, int, float]]) -> pd.DataFrame:
    """Customer, day counted from the start, and money."""
    return pd.DataFrame(
        {
            "id": pd.Series([customer for customer, _, _ in rows], dtype=object),
            "when": pd.Series(pd.to_datetime([day(number) for _, number, _ in rows]), dtype="datetime64[ns]"),
            "paid": np.array([amount for _, _, amount in rows], dtype=float),
        }
    )


def churn(survey: Any, **changes: Any) -> ChurnAfterSurvey[Any]:
    arguments = {"customer": "id", "rating": "rating", "answered": "asked", "lost": "left"}
    return churn_after_survey(survey, **(arguments | {"end": END, "horizon": 90} | changes))


def spend(survey: Any, log: Any, **changes: Any) -> SpendAfterSurvey[Any]:
    arguments = {"customer": "id", "rating": "rating", "answered": "asked", "date": "when", "amount": "paid"}
    return spend_after_survey(survey, log, **(arguments | {"end": END, "horizon": 90} | changes))


def value_gap(survey: Any, values: Any, **changes: Any) -> NpsValueGap[Any]:
    return nps_value_gap(survey, values, **({"customer": "id", "rating": "rating", "value": "clv"} | changes))


def premium(survey: Any, purchases: Any, **changes: Any) -> PricePremium[Any]:
    arguments = {"customer": "id", "rating": "rating", "answered": "asked", "date": "when", "price": "price"}
    return price_premium(survey, purchases, **(arguments | changes))


def bounds(interval: Any) -> tuple[float, float]:
    return interval.lower, interval.upper

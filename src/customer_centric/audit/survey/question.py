"""What is asked of a survey, and its rows in memory."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, cast

import narwhals.stable.v2 as nw
import numpy as np
import pandas as pd

from customer_centric._core.checks import check_choice, check_confidence_level
from customer_centric._core.frames import PERIODS, MemoryFrame, check_columns, engine_of
from customer_centric.audit.survey.report import Wave
from customer_centric.errors import InvalidInputError
from customer_centric.typing import BoolArray, IntArray

__all__ = ["SurveyQuestion"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SurveyQuestion:
    """Ratings, and what is asked of them.

    Parameters
    ----------
    survey : data frame
        One row an answer, of any kind that `nps_by` takes. Its columns are read into memory.
    rating : str
        Column of answers from 0 to 10; what is missing is no answer.
    answered : str, optional
        Column of the days of the answers, for the score over time.
    group : str, optional
        Column of the groups of customers to compare.
    customer : str, optional
        Column of customer ids. Answers of one customer are not independent.
    wave : {"day", "week", "month", "quarter", "year"}, optional
        What the score over time takes together; months by default, quarters where they are more than 24.
    time_zone : str, optional
        Zone in which days are counted. Required for datetimes with a time zone, refused for others.
    confidence_level : float, default 0.95
        Nominal coverage of the intervals of the ratings, strictly between 0 and 1.
    source : str, default "a data frame"
        What the report calls the ratings.
    """

    survey: object
    rating: str
    answered: str | None = None
    group: str | None = None
    customer: str | None = None
    wave: Wave | None = None
    time_zone: str | None = None
    confidence_level: float = 0.95
    source: str = "a data frame"

    def rows(self) -> pd.DataFrame:
        """The columns that are asked for, checked to be there."""
        check_confidence_level(self.confidence_level)
        if self.wave is not None:
            check_choice("wave", self.wave, PERIODS)
            if self.answered is None:
                raise InvalidInputError("`wave` must come with `answered`, the column of days, got none")
        engine_of("survey", self.survey)
        lazy = nw.from_native(cast("Any", self.survey)).lazy()
        wanted = {
            "rating": self.rating,
            "answered": self.answered,
            "group": self.group,
            "customer": self.customer,
        }
        check_columns(lazy.collect_schema().names(), wanted)
        names = dict.fromkeys(name for name in wanted.values() if name is not None)
        rows = lazy.select(*names).collect()
        if not len(rows):
            raise InvalidInputError("`survey` must have at least one row, got none")
        return cast("pd.DataFrame", rows.to_pandas()).reset_index(drop=True)


def answered(rows: pd.DataFrame, question: SurveyQuestion) -> BoolArray:
    """Which rows have an answer."""
    return rows[question.rating].notna().to_numpy(dtype=np.bool_)


def answer_days(rows: pd.DataFrame, question: SurveyQuestion, column: str) -> IntArray:
    """Days since 1970-01-01 of the rows with an answer; those without one need no day."""
    there = answered(rows, question)
    days = rows[column].copy()
    # In the place of the others stands any day, so that an error names the row that it is in.
    days[~there] = days[there].iloc[0]
    return MemoryFrame(days.to_frame(), "pandas").days(column, "answered", question.time_zone)[there]

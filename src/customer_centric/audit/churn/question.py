"""What is asked of subscriptions, and their rows in memory."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any, cast

import narwhals.stable.v2 as nw
import pandas as pd

from customer_centric._core.checks import check_confidence_level, check_number
from customer_centric._core.frames import check_columns, check_day, engine_of
from customer_centric.audit.steps import Day
from customer_centric.errors import InvalidInputError

__all__ = ["ContractQuestion"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ContractQuestion:
    """Subscriptions, and what is asked of them.

    Parameters
    ----------
    subscriptions : data frame
        One row a subscription, of any kind that `period_churn` takes. Its columns are read into memory.
    customer : str
        Column of customer ids. Subscriptions of a customer that overlap or follow one another are one.
    begins, ends : str
        Columns of the first day of a subscription, and of the first day without it; a missing end is a
        subscription that goes on.
    end : date or str
        Last day that the data cover completely. Ends after it are not known yet.
    grace_days : int, default 0
        Gaps of at most so many days between subscriptions of a customer are no churn.
    time_zone : str, optional
        Zone in which days are counted. Required for datetimes with a time zone, refused for others.
    confidence_level : float, default 0.95
        Nominal coverage of the intervals, strictly between 0 and 1.
    source : str, default "a data frame"
        What the report calls the subscriptions.
    """

    subscriptions: object
    customer: str
    begins: str
    ends: str
    end: Day
    grace_days: int = 0
    time_zone: str | None = None
    confidence_level: float = 0.95
    source: str = "a data frame"

    def last_day(self) -> dt.date:
        """Last day that the data cover."""
        return check_day("end", self.end)

    def rows(self) -> pd.DataFrame:
        """The columns that are asked for, checked to be there."""
        check_confidence_level(self.confidence_level)
        check_number("grace_days", self.grace_days, minimum=0.0, whole=True)
        engine_of("subscriptions", self.subscriptions)
        lazy = nw.from_native(cast("Any", self.subscriptions)).lazy()
        wanted: dict[str, str | None] = {"customer": self.customer, "begins": self.begins, "ends": self.ends}
        check_columns(lazy.collect_schema().names(), wanted)
        rows = lazy.select(*dict.fromkeys([self.customer, self.begins, self.ends])).collect()
        if not len(rows):
            raise InvalidInputError("`subscriptions` must have at least one row, got none")
        return cast("pd.DataFrame", rows.to_pandas()).reset_index(drop=True)

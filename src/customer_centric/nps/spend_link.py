"""Whether promoters spend more than detractors, buy more often, refer more friends."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date as Date  # noqa: N812  # `date` names a column here
from typing import Generic

import narwhals.stable.v2 as nw
import numpy as np

from customer_centric._core.checks import check_confidence_level
from customer_centric._core.frames import check_day, day_number
from customer_centric._core.frames.lazy import AnyLazyFrame
from customer_centric._core.ratings import Invalid
from customer_centric._core.words import as_html
from customer_centric.intervals import Interval
from customer_centric.nps._class_means import class_moments, empty_classes, mean_intervals
from customer_centric.nps._link import (
    check_horizon_days,
    class_frame,
    first_answers,
    gap_of,
    known,
    open_frames,
    ratio_of,
    refuse_nobody,
    sample_words,
    total,
)
from customer_centric.nps._link_read import SurveyColumns, answers_of, log_rows
from customer_centric.nps.scale import NPS_SCALE, RatingScale
from customer_centric.typing import FrameT
from customer_centric.units import Horizon

__all__ = ["SpendAfterSurvey", "spend_after_survey"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SpendAfterSurvey(Generic[FrameT]):
    """What customers of each class spend, or how often they act, within a horizon after their answer.

    Parameters
    ----------
    frame : data frame
        One row a class, of the kind of the survey: see the notes.
    difference : float
        Mean of promoters less mean of detractors, money or rows a customer; NaN where one class is empty.
    difference_interval : Interval
        Bounds of it; infinite where nothing limits it.
    ratio : float
        Mean of promoters over mean of detractors; NaN where one class is empty, a mean is negative, or that
        of detractors is 0.
    ratio_interval : Interval
        Bounds of it, 0 or more; infinite where the mean of detractors may be 0.
    horizon : float
        Days after the answer.
    n : int
        Customers whose window ends by the end, each once.
    n_open : int
        Customers left out because their window does not end by the end.
    n_repeated : int
        Later answers of the same customers, left out.
    n_missing, n_invalid : int
        Rows of the survey without an answer, and with one off the scale.
    n_log, n_log_used : int
        Rows of the log, and those in the window of one of the customers.
    reason : str or None
        Why an estimate is missing.

    Notes
    -----
    The columns of `frame`:

    | column | meaning | unit |
    |---|---|---|
    | `nps_class` | detractor, passive or promoter | |
    | `n` | customers | count |
    | `mean`, `lower`, `upper` | mean of a customer in the window | money, or count |
    """

    frame: FrameT
    difference: float
    difference_interval: Interval
    ratio: float
    ratio_interval: Interval
    horizon: float
    n: int
    n_open: int
    n_repeated: int
    n_missing: int
    n_invalid: int
    n_log: int
    n_log_used: int
    reason: str | None

    def __str__(self) -> str:
        bounds = self.difference_interval
        return (
            f"In {self.horizon:g} days after the answer, a promoter less a detractor: "
            f"{known(self.difference, ',.2f')} ({100 * bounds.confidence_level:g} % interval "
            f"{bounds.lower:,.2f} to {bounds.upper:,.2f}; "
            f"{sample_words(self.n, self.reason)})"
        )

    def _repr_html_(self) -> str:
        return as_html(self, frame=self.frame)


def spend_after_survey(
    survey: FrameT,
    log: FrameT,
    *,
    customer: str,
    rating: str,
    answered: str,
    date: str,
    amount: str | None = None,
    end: Date | str,
    horizon: float | Horizon,
    scale: RatingScale = NPS_SCALE,
    invalid: Invalid = "raise",
    time_zone: str | None = None,
    confidence_level: float = 0.95,
) -> SpendAfterSurvey[FrameT]:
    r"""Spend, purchases or referrals of promoters, passives and detractors, counted from their answer.

    The first answer of each customer counts, and what happens from the day after it until the horizon. A
    customer without any row in the log counts as 0. It is an association among those who answered.

    Parameters
    ----------
    survey : data frame
        One row an answer: pandas, Polars (eager or lazy), PyArrow or DuckDB. Of lazy frames only sums by
        class leave the engine.
    log : data frame
        One row a purchase, or a referral made: a frame of the same engine.
    customer : str
        Column of customer ids, in both frames: text, whole numbers or categories; none missing.
    rating : str
        Column of the survey with answers: whole numbers on the scale. Rows without one are left out and
        counted.
    answered : str
        Column of the survey with the date of each answer; not missing where there is a rating.
    date : str
        Column of the log with the date of each row; none missing.
    amount : str, optional
        Column of the log with money: finite numbers, negative ones (refunds) count against the others.
        Without it the rows of each customer are counted: purchases of a log of purchases, friends of a log
        of referrals.
    end : date or str
        Last day that the log covers. Customers whose window does not end by then are left out and counted.
    horizon : float or Horizon
        Length of the window: days, at least 1, or a `Horizon`. Part of a day is left off.
    scale : RatingScale, default 0 to 10
        The answers that the question allows, and where the classes end.
    invalid : {"raise", "missing"}, default "raise"
        What happens to answers off the scale: an error, or they are left out and counted.
    time_zone : str, optional
        Zone in which days are counted; required for datetimes with a time zone.
    confidence_level : float, default 0.95
        Nominal coverage of every interval, strictly between 0 and 1.

    Returns
    -------
    SpendAfterSurvey
        Means by class, promoters less and over detractors, with intervals, and what was left out.

    Raises
    ------
    MissingColumnError
        If a column is not in its frame.
    InvalidInputError
        If the frames are of two engines, no window ends by `end`, or a value breaks a rule: names the value,
        the count, and the position for frames in memory.

    Notes
    -----
    With \(v_i\) the sum of customer \(i\) in the window, the mean of a class of \(n\) customers is
    \(\bar v = \frac{1}{n} \sum_i v_i\). A few customers spend most, so that the usual t-interval is too low;
    Hall's transformation takes the skewness \(g\) out of it. With \(s\) the standard deviation and
    \(\gamma = g / \sqrt{n}\),

    \[ \bar v - \frac{s}{\sqrt n} \; \frac{3}{\gamma} \Bigl(
       \sqrt[3]{1 + \gamma \bigl(\pm t_{n-1} - \gamma / 6\bigr)} - 1 \Bigr) . \]

    A class whose customers are all alike borrows the spread of all customers. The intervals of the
    difference and of the ratio come from those of the means (MOVER).

    References
    ----------
    Hall, P. (1992), On the removal of skewness by transformation. Journal of the Royal Statistical Society B
    54(1). [doi:10.1111/j.2517-6161.1992.tb01876.x](https://doi.org/10.1111/j.2517-6161.1992.tb01876.x).

    Donner, A. and Zou, G. Y. (2012), Closed-form confidence intervals for functions of the normal mean and
    standard deviation. [doi:10.1177/0962280210383082](https://doi.org/10.1177/0962280210383082).

    Examples
    --------
    >>> import pandas as pd
    >>> survey = pd.DataFrame(
    ...     {"id": ["a", "b", "c", "d"], "rating": [10, 9, 3, 2], "day": "2024-01-10"}
    ... )
    >>> log = pd.DataFrame(
    ...     {"id": ["a", "a", "b", "c"], "when": "2024-02-01", "paid": [20.0, 5.0, 15.0, 10.0]}
    ... )
    >>> found = spend_after_survey(
    ...     survey,
    ...     log,
    ...     customer="id",
    ...     rating="rating",
    ...     answered="day",
    ...     date="when",
    ...     amount="paid",
    ...     end="2024-12-31",
    ...     horizon=90,
    ... )
    >>> found.frame[["nps_class", "n", "mean"]].to_dict("list")
    {'nps_class': ['detractor', 'passive', 'promoter'], 'n': [2, 0, 2], 'mean': [5.0, nan, 20.0]}
    >>> found.difference, found.ratio
    (15.0, 4.0)
    """
    check_confidence_level(confidence_level)
    days = int(check_horizon_days(horizon, minimum=1.0))
    last_day = day_number(check_day("end", end))
    frame, other = open_frames(
        survey=(survey, {"customer": customer, "rating": rating, "answered": answered}),
        log=(log, {"customer": customer, "date": date, "amount": amount}),
    )
    answers = answers_of(
        frame, SurveyColumns(customer, rating, scale, invalid, answered, time_zone=time_zone)
    )
    rows = log_rows(
        other, answers, customer=customer, date=date, numbers={"amount": amount}, time_zone=time_zone
    )
    firsts = first_answers(answers)
    closed = firsts.rows.filter(nw.col("day") + days <= last_day)
    n = total(frame, closed)["n"]
    refuse_nobody(n, f"whose window of {days} days ends by `end`")
    used = _in_window(closed, rows, days, is_count=amount is None)
    moments = class_moments(frame, _sums(closed, used))
    lower, upper = mean_intervals(moments, is_count=amount is None, confidence_level=confidence_level)
    means = np.column_stack([moments.mean, lower, upper])
    gap, ratio = gap_of(means, confidence_level), ratio_of(means, confidence_level)
    return SpendAfterSurvey(
        frame=class_frame(
            frame,
            {"n": moments.n.astype(np.int64), "mean": moments.mean, "lower": lower, "upper": upper},
        ),
        difference=gap[0],
        difference_interval=gap[1],
        ratio=ratio[0],
        ratio_interval=ratio[1],
        horizon=float(days),
        n=n,
        n_open=firsts.n - n,
        n_repeated=firsts.n_repeated,
        n_missing=answers.n_missing,
        n_invalid=answers.n_invalid,
        n_log=total(other, rows)["n"],
        n_log_used=moments.n_rows,
        reason=empty_classes(moments),
    )


def _in_window(closed: AnyLazyFrame, rows: AnyLazyFrame, days: int, *, is_count: bool) -> AnyLazyFrame:
    """The rows of the log in the window of their customer."""
    value = nw.lit(1.0) if is_count else nw.col("amount")
    return (
        rows.join(closed.select("customer", "day"), on="customer", how="inner")
        .with_columns(since=nw.col("when") - nw.col("day"))
        .filter((nw.col("since") > 0) & (nw.col("since") <= days))
        .select("customer", value=value)
    )


def _sums(closed: AnyLazyFrame, used: AnyLazyFrame) -> AnyLazyFrame:
    """One row a customer: the sum in the window, 0 without any."""
    sums = used.group_by("customer").agg(nw.col("value").sum(), rows=nw.len())
    joined = closed.select("customer", "cls").join(sums, on="customer", how="left")
    return joined.select("cls", value=nw.col("value").fill_null(0.0), rows=nw.col("rows").fill_null(0))

"""Whether promoters stay longer than detractors."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date as Date  # noqa: N812  # like the other modules that name columns `date`
from typing import Generic

import narwhals.stable.v2 as nw
import numpy as np

from customer_centric._core.checks import check_confidence_level
from customer_centric._core.frames import check_day, day_number
from customer_centric._core.frames.lazy import flag
from customer_centric._core.ratings import Invalid
from customer_centric._core.words import as_html
from customer_centric._methods.survival import KaplanMeier, kaplan_meier
from customer_centric.errors import InvalidInputError
from customer_centric.intervals import Interval
from customer_centric.nps._link import (
    CLASSES,
    AnyFrame,
    FirstAnswers,
    check_horizon_days,
    class_frame,
    collect,
    first_answers,
    gap_of,
    known,
    open_frames,
    refuse_nobody,
    sample_words,
)
from customer_centric.nps._link_read import SurveyColumns, answers_of
from customer_centric.nps.scale import NPS_SCALE, RatingScale
from customer_centric.typing import FloatArray, FrameT, IntArray
from customer_centric.units import Horizon

__all__ = ["ChurnAfterSurvey", "churn_after_survey"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ChurnAfterSurvey(Generic[FrameT]):
    """How many customers of each class are lost within a horizon after their answer.

    Parameters
    ----------
    frame : data frame
        One row a class, of the kind of the survey: see the notes.
    churn_difference : float
        Churn probability of promoters less that of detractors, in [-1, 1]; NaN where one is not known.
    churn_difference_interval : Interval
        Bounds of it.
    stay_difference : float
        Mean stay of promoters less that of detractors, in days; NaN where one is not known.
    stay_difference_interval : Interval
        Bounds of it.
    horizon : float
        Days after the answer.
    n : int
        Customers with an answer by the end, each once.
    n_repeated : int
        Later answers of the same customers, left out.
    n_after_end : int
        Answers after the end, left out.
    n_missing, n_invalid : int
        Rows without an answer, and with one off the scale.
    reason : str or None
        Why an estimate is missing.

    Notes
    -----
    The columns of `frame`:

    | column | meaning | unit |
    |---|---|---|
    | `nps_class` | detractor, passive or promoter | |
    | `n` | customers | count |
    | `lost` | those of them seen to be lost within the horizon | count |
    | `churn_probability`, `churn_lower`, `churn_upper` | lost within the horizon | share |
    | `mean_stay`, `stay_lower`, `stay_upper` | mean time from the answer to the loss or the horizon | days |
    """

    frame: FrameT
    churn_difference: float
    churn_difference_interval: Interval
    stay_difference: float
    stay_difference_interval: Interval
    horizon: float
    n: int
    n_repeated: int
    n_after_end: int
    n_missing: int
    n_invalid: int
    reason: str | None

    def __str__(self) -> str:
        bounds = self.churn_difference_interval
        difference = known(100 * self.churn_difference, ".1f", " points")
        return (
            f"Within {self.horizon:g} days of the answer, churn of promoters less that of detractors: "
            f"{difference} ({100 * bounds.confidence_level:g} % interval "
            f"{100 * bounds.lower:.1f} to {100 * bounds.upper:.1f}; {sample_words(self.n, self.reason)})"
        )

    def _repr_html_(self) -> str:
        return as_html(self, frame=self.frame)


def churn_after_survey(
    survey: FrameT,
    *,
    customer: str,
    rating: str,
    answered: str,
    lost: str,
    end: Date | str,
    horizon: float | Horizon,
    scale: RatingScale = NPS_SCALE,
    invalid: Invalid = "raise",
    time_zone: str | None = None,
    confidence_level: float = 0.95,
) -> ChurnAfterSurvey[FrameT]:
    r"""Churn of promoters, passives and detractors, counted from the day of their answer.

    The first answer of each customer counts: what follows it is what an answer can be held against. It is an
    association among those who answered, not the effect of a rating.

    Parameters
    ----------
    survey : data frame
        One row an answer: pandas, Polars (eager or lazy), PyArrow or DuckDB. Of lazy frames only counts
        leave the engine.
    customer : str
        Column of customer ids: text, whole numbers or categories; none missing.
    rating : str
        Column of answers: whole numbers on the scale. Rows without one are left out and counted.
    answered : str
        Column of the date of each answer; not missing where there is a rating.
    lost : str
        Column of the date on which the customer was lost: on the day of the answer or later, missing for
        customers who are still there, the same in all rows of a customer. A date after `end` has not
        happened yet.
    end : date or str
        Last day on which losses were seen. Later answers are left out and counted.
    horizon : float or Horizon
        How long after the answer: days, greater than 0, or a `Horizon`. Not longer than the time from the
        first answer to `end`.
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
    ChurnAfterSurvey
        By class and promoters less detractors: churn probability and mean stay, with intervals.

    Raises
    ------
    MissingColumnError
        If a column is not in the survey.
    InvalidInputError
        If a customer was lost before the answer, nobody answered by `end`, nobody could be followed to
        the horizon, or a value breaks a rule: names the value, the count, and the position for frames in
        memory.

    Notes
    -----
    Kaplan-Meier from the answer: customers who are still there at `end` are followed until then and no
    longer. With \(d_t\) of \(n_t\) customers lost \(t\) days after their answer and \(h\) the horizon, the
    churn probability and the mean stay of a class are

    \[ q = 1 - S(h), \qquad \mu = \int_0^h S(t)\,dt, \qquad S(t) = \prod_{u \le t} (1 - d_u / n_u) . \]

    The interval of \(S(h)\) is that of Greenwood's variance on the scale of \(\ln(-\ln S)\); where
    nobody was lost it is \([(\alpha/2)^{1/n}, 1]\). The interval of \(\mu\) is normal on the
    scale of its logit. Differences have intervals from those of their parts (MOVER).

    References
    ----------
    Kaplan, E. L. and Meier, P. (1958), Nonparametric estimation from incomplete observations, equation 2b.
    [doi:10.1080/01621459.1958.10501452](https://doi.org/10.1080/01621459.1958.10501452).

    Keiningham, T. L., Cooil, B., Andreassen, T. W. and Aksoy, L. (2007), A longitudinal examination of Net
    Promoter and firm revenue growth. Journal of Marketing 71(3).
    [doi:10.1509/jmkg.71.3.039](https://doi.org/10.1509/jmkg.71.3.039).

    Examples
    --------
    >>> import pandas as pd
    >>> survey = pd.DataFrame(
    ...     {
    ...         "id": ["a", "b", "c", "d", "e", "f"],
    ...         "rating": [10, 9, 3, 2, 9, 6],
    ...         "day": ["2024-01-10"] * 6,
    ...         "left": [None, None, "2024-02-09", None, "2024-05-01", "2024-03-10"],
    ...     }
    ... )
    >>> found = churn_after_survey(
    ...     survey,
    ...     customer="id",
    ...     rating="rating",
    ...     answered="day",
    ...     lost="left",
    ...     end="2024-12-31",
    ...     horizon=180,
    ... )
    >>> print(
    ...     found.frame[["nps_class", "n", "lost", "churn_probability"]]
    ...     .round(3)
    ...     .to_string(index=False)
    ... )
    nps_class  n  lost  churn_probability
    detractor  3     2              0.667
      passive  0     0                NaN
     promoter  3     1              0.333
    """
    check_confidence_level(confidence_level)
    days = check_horizon_days(horizon)
    last_day = day_number(check_day("end", end))
    wanted = {"customer": customer, "rating": rating, "answered": answered, "lost": lost}
    (frame,) = open_frames(survey=(survey, wanted))
    columns = SurveyColumns(customer, rating, scale, invalid, answered, lost, time_zone)
    answers = answers_of(frame, columns)
    firsts = first_answers(answers, last_day=last_day)
    refuse_nobody(firsts.n, "by `end`")
    curves = _curves(frame, firsts, last_day, confidence_level)
    longest = max(curve.follow_up for curve in curves if curve.duration.size)
    if days > longest and not any(curve.reaches(days) for curve in curves):
        raise InvalidInputError(
            f"`horizon` must be at most {longest:g} days, the longest that a customer was followed after an "
            f"answer, got {days:g}; move `end` or shorten the horizon"
        )
    churn = np.array([_churn(curve, days) for curve in curves])
    stay = np.array([_stay(curve, days) for curve in curves])
    churn_gap = gap_of(churn, confidence_level)
    stay_gap = gap_of(stay, confidence_level)
    return ChurnAfterSurvey(
        frame=class_frame(frame, _table(curves, days, churn, stay)),
        churn_difference=churn_gap[0],
        churn_difference_interval=churn_gap[1],
        stay_difference=stay_gap[0],
        stay_difference_interval=stay_gap[1],
        horizon=days,
        n=firsts.n,
        n_repeated=firsts.n_repeated,
        n_after_end=firsts.n_after_end,
        n_missing=answers.n_missing,
        n_invalid=answers.n_invalid,
        reason=_reason(curves, days),
    )


def _curves(
    frame: AnyFrame[FrameT], firsts: FirstAnswers, last_day: int, confidence_level: float
) -> list[KaplanMeier]:
    """The survival curve of each class, from counts of whole days."""
    seen = firsts.rows.with_columns(
        gone=flag(nw.col("lost") <= last_day),
        until=nw.when(nw.col("lost") <= last_day).then(nw.col("lost")).otherwise(nw.lit(last_day)),
    ).with_columns(stay=nw.col("until") - nw.col("day"))
    cells = collect(frame, seen.group_by("cls", "stay", "gone").agg(n=nw.len()))
    return [
        kaplan_meier(
            cells["stay"][rows],
            cells["gone"][rows],
            weights=cells["n"][rows],
            confidence_level=confidence_level,
        )
        for rows in (cells["cls"] == place for place in range(len(CLASSES)))
    ]


def _table(
    curves: list[KaplanMeier], days: float, churn: FloatArray, stay: FloatArray
) -> dict[str, FloatArray | IntArray]:
    counts = [
        (curve.at_risk[0] if curve.duration.size else 0.0, curve.lost[curve.duration <= days].sum())
        for curve in curves
    ]
    whole = np.rint(counts).astype(np.int64)
    columns: dict[str, FloatArray | IntArray] = {"n": whole[:, 0], "lost": whole[:, 1]}
    columns |= zip(("churn_probability", "churn_lower", "churn_upper"), churn.T, strict=True)
    columns |= zip(("mean_stay", "stay_lower", "stay_upper"), stay.T, strict=True)
    return columns


def _churn(curve: KaplanMeier, days: float) -> tuple[float, float, float]:
    survival, lower, upper = curve.at(days)
    return 1.0 - survival, 1.0 - upper, 1.0 - lower


def _stay(curve: KaplanMeier, days: float) -> tuple[float, float, float]:
    return curve.restricted_mean(days)[0], *curve.restricted_mean_bounds(days)


def _reason(curves: list[KaplanMeier], days: float) -> str | None:
    """Which classes could not be followed to the horizon."""
    reasons = [
        f"no {name} answered"
        if not curve.duration.size
        else f"no {name} was followed for more than {curve.follow_up:g} days"
        for name, curve in zip(CLASSES, curves, strict=True)
        if not curve.reaches(days)
    ]
    return "; ".join(reasons) or None

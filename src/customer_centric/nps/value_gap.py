"""Whether promoters are worth more than detractors, and how much of all value they hold."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Generic

import numpy as np

from customer_centric._core.checks import check_confidence_level
from customer_centric._core.ratings import Invalid
from customer_centric._core.words import as_html
from customer_centric.intervals import Interval, normal_interval, wilson_interval
from customer_centric.nps._class_means import ClassMoments, class_moments, empty_classes, mean_intervals
from customer_centric.nps._link import class_frame, gap_of, open_frames, refuse_nobody, sample_words, total
from customer_centric.nps._link_read import SurveyColumns, answers_of, customer_rows, log_rows, refuse_twice
from customer_centric.nps.scale import NPS_SCALE, RatingScale
from customer_centric.typing import FloatArray, FrameT, IntArray

__all__ = ["NpsValueGap", "nps_value_gap"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class NpsValueGap(Generic[FrameT]):
    """The value of customers beside what they say.

    Parameters
    ----------
    frame : data frame
        One row a class, of the kind of the survey: see the notes.
    difference : float
        Mean value of promoters less that of detractors, in money; NaN where one class is empty.
    difference_interval : Interval
        Bounds of it; infinite where nothing limits it.
    n : int
        Customers with an answer and a value.
    n_without_value : int
        Customers with an answer whose value is not known.
    n_without_answer : int
        Customers with a value who did not answer.
    n_missing, n_invalid : int
        Rows of the survey without an answer, and with one off the scale.
    reason : str or None
        Why an estimate is missing.

    Notes
    -----
    The columns of `frame`:

    | column | meaning | unit |
    |---|---|---|
    | `nps_class` | detractor, passive or promoter | |
    | `n` | customers | count |
    | `customer_share`, `customer_share_lower`, `customer_share_upper` | share of the customers | share |
    | `mean`, `lower`, `upper` | mean value of a customer | money |
    | `value_share`, `value_share_lower`, `value_share_upper` | share of their value | share |
    """

    frame: FrameT
    difference: float
    difference_interval: Interval
    n: int
    n_without_value: int
    n_without_answer: int
    n_missing: int
    n_invalid: int
    reason: str | None

    def __str__(self) -> str:
        bounds = self.difference_interval
        what = f"A promoter is worth {self.difference:,.2f} more than a detractor"
        if math.isnan(self.difference):
            what = "How much more a promoter is worth than a detractor is not known"
        return (
            f"{what} ({100 * bounds.confidence_level:g} % interval {bounds.lower:,.2f} to "
            f"{bounds.upper:,.2f}; {sample_words(self.n, self.reason)})"
        )

    def _repr_html_(self) -> str:
        return as_html(self, frame=self.frame)


def nps_value_gap(
    survey: FrameT,
    values: FrameT,
    *,
    customer: str,
    rating: str,
    value: str,
    scale: RatingScale = NPS_SCALE,
    invalid: Invalid = "raise",
    confidence_level: float = 0.95,
) -> NpsValueGap[FrameT]:
    r"""Lifetime value of promoters, passives and detractors, and their share of all of it.

    Parameters
    ----------
    survey : data frame
        One row a customer with an answer: pandas, Polars (eager or lazy), PyArrow or DuckDB. Of lazy frames
        only sums by class leave the engine.
    values : data frame
        One row a customer: a frame of the same engine, for instance from `value_customers`.
    customer : str
        Column of customer ids, in both frames: text, whole numbers or categories; none missing, each once.
    rating : str
        Column of the survey with answers: whole numbers on the scale. Rows without one are left out and
        counted.
    value : str
        Column of the values with money: finite numbers.
    scale : RatingScale, default 0 to 10
        The answers that the question allows, and where the classes end.
    invalid : {"raise", "missing"}, default "raise"
        What happens to answers off the scale: an error, or they are left out and counted.
    confidence_level : float, default 0.95
        Nominal coverage of every interval, strictly between 0 and 1.

    Returns
    -------
    NpsValueGap
        By class and promoters less detractors: mean value with interval, shares of customers and of value.

    Raises
    ------
    MissingColumnError
        If a column is not in its frame.
    InvalidInputError
        If a customer has two answers or two values, no customer has both, the frames are of two engines, or
        a value breaks a rule: names the value, the count, and the position for frames in memory.

    Notes
    -----
    With \(v_i\) the value of customer \(i\) and \(C\) the customers of a class,

    \[ \text{mean} = \frac{1}{|C|} \sum_{i \in C} v_i, \qquad
       \text{share} = R = \frac{\sum_{i \in C} v_i}{\sum_i v_i}, \qquad
       \mathrm{se}(R)^2 = \frac{n}{n-1} \frac{\sum_i v_i^2 \, ([i \in C] - R)^2}{(\sum_i v_i)^2} . \]

    Means have the interval of `spend_after_survey`, shares of customers Wilson's, shares of value a normal
    one on the logit scale; where the total value is not greater than 0 there are no shares of it. The
    values count as known: the uncertainty of a forecast of one customer averages out over many, that of its
    model does not.

    References
    ----------
    Hall, P. (1992), On the removal of skewness by transformation. Journal of the Royal Statistical Society B
    54(1). [doi:10.1111/j.2517-6161.1992.tb01876.x](https://doi.org/10.1111/j.2517-6161.1992.tb01876.x).

    Baehre, S., O'Dwyer, M., O'Malley, L. and Lee, N. (2022), The use of Net Promoter Score (NPS) to predict
    sales growth. Journal of the Academy of Marketing Science 50.
    [doi:10.1007/s11747-021-00790-2](https://doi.org/10.1007/s11747-021-00790-2).

    Examples
    --------
    >>> import pandas as pd
    >>> survey = pd.DataFrame({"id": ["a", "b", "c", "d"], "rating": [10, 9, 7, 2]})
    >>> values = pd.DataFrame(
    ...     {"id": ["a", "b", "c", "d", "e"], "clv": [300.0, 100.0, 60.0, 40.0, 90.0]}
    ... )
    >>> found = nps_value_gap(survey, values, customer="id", rating="rating", value="clv")
    >>> print(
    ...     found.frame[["nps_class", "customer_share", "value_share", "mean"]].to_string(
    ...         index=False
    ...     )
    ... )
    nps_class  customer_share  value_share  mean
    detractor            0.25         0.08  40.0
      passive            0.25         0.12  60.0
     promoter            0.50         0.80 200.0
    >>> found.difference, found.n_without_answer
    (160.0, 1)
    """
    check_confidence_level(confidence_level)
    frame, other = open_frames(
        survey=(survey, {"customer": customer, "rating": rating}),
        values=(values, {"customer": customer, "value": value}),
    )
    answers = answers_of(frame, SurveyColumns(customer, rating, scale, invalid))
    n_answers = refuse_twice(
        frame,
        answers.rows,
        answers.codes,
        name="survey",
        customer=customer,
        remedy="keep the answer that counts",
    )
    known = log_rows(other, answers, customer=customer, numbers={"value": value})
    every, codes = customer_rows(other, customer)
    n_values = refuse_twice(
        other, every, codes, name="values", customer=customer, remedy="add up the values of a customer"
    )
    both = answers.rows.join(known, on="customer", how="inner").select("cls", "value")
    n = total(frame, both)["n"]
    refuse_nobody(n, "of a customer whose value is known")
    moments = class_moments(frame, both)
    lower, upper = mean_intervals(moments, is_count=False, confidence_level=confidence_level)
    gap = gap_of(np.column_stack([moments.mean, lower, upper]), confidence_level)
    share, share_reason = _value_share(moments, confidence_level)
    customers = _customer_share(moments.n, confidence_level)
    means = {"mean": moments.mean, "lower": lower, "upper": upper}
    reasons = [reason for reason in (empty_classes(moments), share_reason) if reason]
    return NpsValueGap(
        frame=class_frame(frame, {**customers, **means, **share}),
        difference=gap[0],
        difference_interval=gap[1],
        n=n,
        n_without_value=n_answers - n,
        n_without_answer=n_values - n,
        n_missing=answers.n_missing,
        n_invalid=answers.n_invalid,
        reason="; ".join(reasons) or None,
    )


def _customer_share(n: FloatArray, confidence_level: float) -> dict[str, FloatArray | IntArray]:
    """Customers of each class, and their share of all."""
    least, most = wilson_interval(n, float(n.sum()), confidence_level=confidence_level)
    return {
        "n": n.astype(np.int64),
        "customer_share": n / n.sum(),
        "customer_share_lower": least,
        "customer_share_upper": most,
    }


def _value_share(moments: ClassMoments, confidence_level: float) -> tuple[dict[str, FloatArray], str | None]:
    """Shares of the value, with bounds in [0, 1]; missing where there is none to share."""
    names: tuple[str, ...] = ("value_share", "value_share_lower", "value_share_upper")
    n, mean = moments.n, np.nan_to_num(moments.mean) / moments.scale
    sums = n * mean
    value, size = sums.sum(), n.sum()
    if not value > 0 or moments.least < 0:
        nothing, all_of_it = np.zeros(n.shape), np.ones(n.shape)
        unknown = np.full(n.shape, np.nan)
        return dict(
            zip(names, (unknown, nothing, all_of_it), strict=True)
        ), "values are not all 0 or more with one greater than 0, so that none has a share"
    share = np.minimum(sums / value, 1.0)
    about_zero = moments.squares + n * mean**2
    others = about_zero.sum() - about_zero
    error = np.full(n.shape, np.inf)
    if size > 1:
        spread = about_zero * (1.0 - share) ** 2 + others * share**2
        error = np.sqrt(size / (size - 1.0) * spread) / value
    lower, upper = normal_interval(share, error, confidence_level=confidence_level, scale="logit")
    # Nobody of a class, or nobody of another: customers of the missing ones are few, not impossible.
    few, many = wilson_interval(n, size, confidence_level=confidence_level)
    lower = np.where(error > 0, lower, np.minimum(few, share))
    upper = np.where(error > 0, upper, np.maximum(many, share))
    return dict(zip(names, (share, lower, upper), strict=True)), None

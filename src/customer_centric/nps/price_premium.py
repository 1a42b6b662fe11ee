"""Whether promoters pay more for the same thing, and mind the price less."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Generic, Literal, TypeAlias

import narwhals.stable.v2 as nw
import numpy as np

from customer_centric._core.checks import check_choice, check_confidence_level
from customer_centric._core.frames.lazy import AnyLazyFrame, flag
from customer_centric._core.ratings import Invalid
from customer_centric._core.words import as_html
from customer_centric.errors import InvalidInputError
from customer_centric.intervals import Interval
from customer_centric.nps._link import (
    CLASSES,
    DETRACTOR,
    PASSIVE,
    PROMOTER,
    AnyFrame,
    class_frame,
    first_answers,
    gap_of,
    known,
    open_frames,
    refuse_nobody,
    sample_words,
    total,
)
from customer_centric.nps._link_read import SurveyColumns, answers_of, log_rows
from customer_centric.nps._within import Contrasts, within
from customer_centric.nps.scale import NPS_SCALE, RatingScale
from customer_centric.typing import FloatArray, FrameT, IntArray

__all__ = ["PricePremium", "price_premium"]

PriceMethod: TypeAlias = Literal["paid", "elasticity"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PricePremium(Generic[FrameT]):
    """What promoters pay beside detractors, or how their quantities move with the price.

    Parameters
    ----------
    frame : data frame
        One row a class, of the kind of the survey: see the notes.
    difference : float
        Method "paid": price that promoters pay over that of detractors, in percent. Method "elasticity":
        elasticity of promoters less that of detractors. NaN where the purchases do not tell.
    difference_interval : Interval
        Bounds of it; -100 (or minus infinity) and infinity where nothing limits it.
    method : {"paid", "elasticity"}
        What was compared.
    n : int
        Customers who bought after their answer.
    n_purchases, n_purchases_used : int
        Purchases read, and those of respondents after their answer.
    n_repeated : int
        Later answers of the same customers, left out.
    n_missing, n_invalid : int
        Rows of the survey without an answer, and with one off the scale.
    reason : str or None
        Why an estimate is missing or has no limit.

    Notes
    -----
    The columns of `frame`:

    | column | meaning | unit |
    |---|---|---|
    | `nps_class` | detractor, passive or promoter | |
    | `n`, `n_purchases` | customers and purchases after the answer | count |
    | `premium`, `lower`, `upper` | method "paid": price over that of detractors | percent |
    | `elasticity`, `lower`, `upper` | method "elasticity": percent of quantity for a percent of price | |
    """

    frame: FrameT
    difference: float
    difference_interval: Interval
    method: PriceMethod
    n: int
    n_purchases: int
    n_purchases_used: int
    n_repeated: int
    n_missing: int
    n_invalid: int
    reason: str | None

    def __str__(self) -> str:
        bounds = self.difference_interval
        level = f"{100 * bounds.confidence_level:g} % interval {bounds.lower:.2f} to {bounds.upper:.2f}"
        what = f"Promoters pay {self.difference:+.2f} % beside detractors"
        if self.method == "elasticity":
            what = f"Elasticity of promoters less that of detractors: {known(self.difference, '+.2f')}"
        elif math.isnan(self.difference):
            what = "What promoters pay beside detractors is not known"
        return f"{what} ({level}; {sample_words(self.n, self.reason)})"

    def _repr_html_(self) -> str:
        return as_html(self, frame=self.frame)


def price_premium(
    survey: FrameT,
    purchases: FrameT,
    *,
    customer: str,
    rating: str,
    answered: str,
    date: str,
    price: str,
    item: str | None = None,
    quantity: str | None = None,
    method: PriceMethod = "paid",
    scale: RatingScale = NPS_SCALE,
    invalid: Invalid = "raise",
    time_zone: str | None = None,
    confidence_level: float = 0.95,
) -> PricePremium[FrameT]:
    r"""Price paid by promoters beside detractors for the same items, or their sensitivity to price.

    The first answer of each customer counts, and purchases from the day after it. It is an association among
    those who answered and bought.

    Parameters
    ----------
    survey : data frame
        One row an answer: pandas, Polars (eager or lazy), PyArrow or DuckDB. Of lazy frames only sums by
        class leave the engine.
    purchases : data frame
        One row an item bought: a frame of the same engine.
    customer : str
        Column of customer ids, in both frames: text, whole numbers or categories; none missing.
    rating : str
        Column of the survey with answers: whole numbers on the scale. Rows without one are left out and
        counted.
    answered : str
        Column of the survey with the date of each answer; not missing where there is a rating.
    date : str
        Column of the purchases with dates; none missing.
    price : str
        Column of the purchases with the price of one unit: money, greater than 0.
    item : str, optional
        Column of the purchases with what was bought: text, whole numbers or categories. Prices are compared
        within an item; without it whoever buys dearer things pays a premium.
    quantity : str, optional
        Column of the purchases with the units bought, greater than 0: required for "elasticity", and for
        nothing else.
    method : {"paid", "elasticity"}, default "paid"
        What is compared: the price paid, or how quantity moves with price.
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
    PricePremium
        By class and promoters beside detractors, with intervals.

    Raises
    ------
    MissingColumnError
        If a column is not in its frame.
    InvalidInputError
        If the frames are of two engines, nobody bought after an answer, a price is not greater than 0, or a
        value breaks a rule: names the value, the count, and the position for frames in memory.

    Notes
    -----
    With \(p_{ij}\) the price of purchase \(j\) of item \(i\), \(q_{ij}\) its quantity and \(k\) the class of
    the customer,

    \[ \ln p_{ij} = \alpha_i + \beta_k + e_{ij}, \qquad \text{premium} = 100\,(e^{\beta_k - \beta_0} - 1)
       \quad\text{or}\quad \ln q_{ij} = \alpha_{ik} + \varepsilon_k \ln p_{ij} + e_{ij} , \]

    by least squares within items (and classes). Purchases of one customer are not independent: variances are
    those between customers of a class, corrected for what each weighs in it, and t-intervals have the degrees
    of freedom of Satterthwaite. With one purchase a customer and no items the premium is Welch's t-test of
    the logarithms.

    References
    ----------
    Reichheld, F. F. and Sasser, W. E. (1990), Zero defections: quality comes to services. Harvard Business
    Review 68(5), 105-111: customers who stay are said to pay more.

    Cameron, A. C. and Miller, D. L. (2015), A practitioner's guide to cluster-robust inference. Journal of
    Human Resources 50(2). [doi:10.3368/jhr.50.2.317](https://doi.org/10.3368/jhr.50.2.317).

    Examples
    --------
    >>> import pandas as pd
    >>> survey = pd.DataFrame(
    ...     {"id": ["a", "b", "c", "d"], "rating": [10, 9, 3, 2], "day": "2024-01-10"}
    ... )
    >>> purchases = pd.DataFrame(
    ...     {
    ...         "id": ["a", "b", "c", "d"],
    ...         "when": "2024-02-01",
    ...         "price": [11.0, 11.2, 10.0, 10.1],
    ...     }
    ... )
    >>> found = price_premium(
    ...     survey,
    ...     purchases,
    ...     customer="id",
    ...     rating="rating",
    ...     answered="day",
    ...     date="when",
    ...     price="price",
    ... )
    >>> found.frame[["nps_class", "n", "premium"]].round(2).to_dict("list")
    {'nps_class': ['detractor', 'passive', 'promoter'], 'n': [2, 0, 2], 'premium': [nan, nan, 10.44]}
    >>> round(found.difference_interval.lower, 2), round(found.difference_interval.upper, 2)
    (4.14, 17.13)
    """
    check_confidence_level(confidence_level)
    _check_method(method, quantity)
    frame, other = open_frames(
        survey=(survey, {"customer": customer, "rating": rating, "answered": answered}),
        purchases=(
            purchases,
            {"customer": customer, "date": date, "price": price, "item": item, "quantity": quantity},
        ),
    )
    answers = answers_of(
        frame, SurveyColumns(customer, rating, scale, invalid, answered, time_zone=time_zone)
    )
    numbers = {"price": price, "quantity": quantity}
    bought = log_rows(
        other, answers, customer=customer, date=date, item=item, numbers=numbers, time_zone=time_zone
    )
    firsts = first_answers(answers)
    used = bought.join(firsts.rows, on="customer", how="inner").filter(nw.col("when") > nw.col("day"))
    refuse_nobody(total(other, used)["n"], "of a customer who buys later")
    compare = _paid if method == "paid" else _elasticity
    contrasts, table, gap = compare(other, used, item, confidence_level)
    counts: dict[str, FloatArray | IntArray] = {
        "n": contrasts.customers.astype(np.int64),
        "n_purchases": contrasts.rows.astype(np.int64),
    }
    return PricePremium(
        frame=class_frame(frame, {**counts, **table}),
        difference=gap[0],
        difference_interval=gap[1],
        method=method,
        n=int(contrasts.customers.sum()),
        n_purchases=total(other, bought)["n"],
        n_purchases_used=int(contrasts.rows.sum()),
        n_repeated=firsts.n_repeated,
        n_missing=answers.n_missing,
        n_invalid=answers.n_invalid,
        reason=_reason(contrasts, method),
    )


def _check_method(method: PriceMethod, quantity: str | None) -> None:
    check_choice("method", method, ("paid", "elasticity"))
    if method == "elasticity" and quantity is None:
        raise InvalidInputError('`quantity` must name a column where `method` is "elasticity", got None')
    if method == "paid" and quantity is not None:
        raise InvalidInputError(f'`quantity` must be None where `method` is "paid", got {quantity!r}')


def _paid(
    frame: AnyFrame[FrameT], used: AnyLazyFrame, item: str | None, confidence_level: float
) -> tuple[Contrasts, dict[str, FloatArray], tuple[float, Interval]]:
    """Premium over detractors, in percent."""
    rows = used.select(
        "customer",
        "cls",
        item=nw.lit(0) if item is None else nw.col("item"),
        passive=flag(nw.col("cls") == PASSIVE).cast(nw.Float64),
        promoter=flag(nw.col("cls") == PROMOTER).cast(nw.Float64),
        y=nw.col("price").log(),
    )
    found = within(
        frame,
        rows,
        cell=["item"],
        regressors=["passive", "promoter"],
        contrasts=[(1.0, 0.0), (0.0, 1.0)],
        compared=[(DETRACTOR, PASSIVE), (DETRACTOR, PROMOTER)],
        confidence_level=confidence_level,
    )
    with np.errstate(over="ignore"):
        premium, lower, upper = (
            100.0 * np.expm1(values) for values in (found.estimate, found.lower, found.upper)
        )
    reference = [np.nan]
    table = {
        name: np.concatenate([reference, values])
        for name, values in (("premium", premium), ("lower", lower), ("upper", upper))
    }
    bounds = Interval(float(lower[1]), float(upper[1]), confidence_level)
    return found, table, (float(premium[1]), bounds)


def _elasticity(
    frame: AnyFrame[FrameT], used: AnyLazyFrame, item: str | None, confidence_level: float
) -> tuple[Contrasts, dict[str, FloatArray], tuple[float, Interval]]:
    """Elasticity of each class: the logarithm of the price of one class is a regressor of its own."""
    log_price = nw.col("price").log()
    rows = used.select(
        "customer",
        "cls",
        item=nw.lit(0) if item is None else nw.col("item"),
        y=nw.col("quantity").log(),
        **{
            name: nw.when(nw.col("cls") == place).then(log_price).otherwise(nw.lit(0.0))
            for place, name in enumerate(CLASSES)
        },
    )
    found = within(
        frame,
        rows,
        cell=["item", "cls"],
        regressors=CLASSES,
        contrasts=np.eye(len(CLASSES)).tolist(),
        compared=[(place,) for place in range(len(CLASSES))],
        confidence_level=confidence_level,
    )
    table = {"elasticity": found.estimate, "lower": found.lower, "upper": found.upper}
    gap = gap_of(np.column_stack(list(table.values())), confidence_level)
    return found, table, gap


def _reason(found: Contrasts, method: PriceMethod) -> str | None:
    """Why promoters and detractors cannot be compared, or not with limits."""
    reasons = [
        f"no {name} bought after the answer" if not n else f"only one {name} bought after the answer"
        for name, n in zip(CLASSES, found.customers.tolist(), strict=True)
        if n < 2 and name != CLASSES[PASSIVE]
    ]
    if not reasons and method == "paid" and not found.known[1]:
        reasons.append("promoters and detractors have no item in common")
    if not reasons and not found.enough[[DETRACTOR, PROMOTER] if method == "elasticity" else [1]].all():
        reasons.append("one customer alone bought all that can be compared")
    if not reasons and method == "paid" and not found.spread[1]:
        reasons.append("no price of an item differs, so that nothing shows by how much one could")
    if not reasons and method == "elasticity":
        reasons += [
            f"no price of an item differs among purchases of {name}s"
            if not known
            else f"quantities of {name}s follow their prices without any scatter"
            for name, known, spread in zip(CLASSES, found.known, found.spread, strict=True)
            if not (known and spread) and name != CLASSES[PASSIVE]
        ]
    return "; ".join(reasons) or None

"""What customers get, against what it costs them: money, time, data and knowledge."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import stdtrit

from customer_centric._core.checks import (
    check_array,
    check_choice,
    check_confidence_level,
    check_number,
    check_same_shape,
)
from customer_centric._core.words import as_html
from customer_centric.errors import InvalidInputError
from customer_centric.intervals import Interval
from customer_centric.typing import FloatArray

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "CostPrices",
    "PerceivedValue",
    "PerceivedValueChange",
    "compare_perceived_value",
    "perceived_value",
]

_PARTS = ("money", "time", "data", "knowledge")


@dataclass(frozen=True, slots=True, kw_only=True)
class CostPrices:
    """What an hour, a data field and a unit of knowledge cost the customer, in money.

    Parameters
    ----------
    per_hour : float, default 0
        An hour of the customer's time, 0 or more.
    per_data_field : float, default 0
        A field to fill in or a piece of data to give away, 0 or more.
    per_knowledge : float, default 0
        A unit of what the customer has to know or to find out: a document, a rule, a concept; 0 or more.

    Raises
    ------
    InvalidInputError
        If a price is negative or not finite.

    Examples
    --------
    >>> CostPrices(per_hour=20, per_data_field=0.5, per_knowledge=5).per_hour
    20
    """

    per_hour: float = 0.0
    per_data_field: float = 0.0
    per_knowledge: float = 0.0

    def __post_init__(self) -> None:
        check_number("per_hour", self.per_hour, minimum=0.0)
        check_number("per_data_field", self.per_data_field, minimum=0.0)
        check_number("per_knowledge", self.per_knowledge, minimum=0.0)


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class PerceivedValue:
    """What customers get, what it costs them, and what is left; means over customers, in money.

    Parameters
    ----------
    benefit : float
        What the action is worth to the customer.
    money, time, data, knowledge : float
        The four parts of the cost.
    cost : float
        Their sum.
    surplus : float
        Benefit less cost.
    ratio : float
        Benefit over cost; nan where both are 0, infinite where only the cost is.
    interval : Interval or None
        Where the mean surplus of such customers lies; None for one stated case.
    n_customers : int
        Customers, or 1 for a stated case.
    reason : str
        Why a ratio or an interval says nothing; empty where both do.
    surpluses : ndarray of shape (n_customers,)
        Surplus of each customer.
    """

    benefit: float
    money: float
    time: float
    data: float
    knowledge: float
    cost: float
    surplus: float
    ratio: float
    interval: Interval | None
    n_customers: int
    reason: str = ""
    surpluses: FloatArray = field(repr=False)

    def to_frame(self) -> pd.DataFrame:
        """Benefit, the four costs and the surplus, one row each."""
        import pandas as pd

        costs = [-getattr(self, part) for part in _PARTS]
        return pd.DataFrame(
            {"part": ["benefit", *_PARTS, "surplus"], "value": [self.benefit, *costs, self.surplus]}
        )

    def __str__(self) -> str:
        """The surplus in a sentence."""
        sentence = (
            f"A benefit of {self.benefit:,.2f} at a cost of {self.cost:,.2f} leaves {self.surplus:,.2f}; "
            f"ratio {self.ratio:.2f}"
        )
        return f"{sentence} ({self.reason})" if self.reason else sentence

    def _repr_html_(self) -> str:
        return as_html(self, frame=self.to_frame())


def perceived_value(
    benefit: ArrayLike,
    money: ArrayLike,
    *,
    hours: ArrayLike = 0.0,
    data_fields: ArrayLike = 0.0,
    knowledge: ArrayLike = 0.0,
    prices: CostPrices | None = None,
    confidence_level: float = 0.95,
) -> PerceivedValue:
    r"""What is left for the customer: the benefit less what it costs in money, time, data and knowledge.

    Parameters
    ----------
    benefit : array_like of shape (n_customers,) or scalar
        What the action (a purchase, a registration, a claim) is worth to the customer, in money: the most
        they would pay for it. One number for a stated case, one a customer where customers were asked.
    money : array_like of shape (n_customers,) or scalar
        What they pay, 0 or more.
    hours, data_fields, knowledge : array_like of shape (n_customers,) or scalar, default 0
        Hours spent; fields filled in; documents, rules or concepts to find out. 0 or more.
    prices : CostPrices, optional
        What each of these costs in money. Required where any of them is greater than 0; no price is assumed.
    confidence_level : float, default 0.95
        Nominal coverage of the interval, strictly between 0 and 1.

    Returns
    -------
    PerceivedValue
        Means of the benefit, the costs and the surplus, and their ratio.

    Raises
    ------
    InvalidInputError
        If a number is out of its range, lengths differ, nobody is there, or the prices are missing.

    Notes
    -----
    With benefit \(B\), money \(p\), \(h\) hours, \(f\) data fields, \(u\) units of knowledge and their prices
    \(\lambda\),

    \[ C = p + \lambda_t h + \lambda_d f + \lambda_k u, \qquad
       \text{surplus} = B - C, \qquad \text{ratio} = \frac{B}{C} . \]

    Surpluses add up over customers and actions, ratios do not: decide by the surplus. The interval is that of
    Student's t for a mean; where all customers are alike it is unbounded, as they do not show how far others
    may be off. The ratio of several customers is that of their sums.

    References
    ----------
    Zeithaml, V. A. (1988), Consumer perceptions of price, quality, and value: a means-end model and synthesis
    of evidence, Journal of Marketing 52(3).
    [doi:10.1177/002224298805200302](https://doi.org/10.1177/002224298805200302).

    Examples
    --------
    A hotel night worth 300 to the guest, at 120, six minutes, twelve fields and one document:

    >>> prices = CostPrices(per_hour=20, per_data_field=0.5, per_knowledge=5)
    >>> night = perceived_value(300, 120, hours=0.1, data_fields=12, knowledge=1, prices=prices)
    >>> night.cost, night.surplus, round(night.ratio, 4)
    (133.0, 167.0, 2.2556)
    """
    gain, parts = _check_parts(benefit, money, hours, data_fields, knowledge, prices)
    check_confidence_level(confidence_level)
    cost = parts.sum(axis=0)
    surpluses = gain - cost
    means = parts.mean(axis=1)
    B, C = float(gain.mean()), float(cost.mean())
    ratio = B / C if C > 0 else (math.nan if B == 0 else math.copysign(math.inf, B))
    interval, reason = _mean_interval(surpluses, confidence_level, stated=np.ndim(benefit) == 0)
    if C == 0:
        reason = "; ".join(filter(None, ["a ratio to a cost of 0 says nothing", reason]))
    return PerceivedValue(
        benefit=B,
        money=float(means[0]),
        time=float(means[1]),
        data=float(means[2]),
        knowledge=float(means[3]),
        cost=C,
        surplus=B - C,
        ratio=ratio,
        interval=interval,
        n_customers=surpluses.size,
        reason=reason,
        surpluses=surpluses,
    )


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class PerceivedValueChange:
    """What a change took from customers or gave them, in money a customer.

    Parameters
    ----------
    loss : float
        Surplus before less surplus after: positive where customers lost.
    interval : Interval or None
        Where the mean loss lies; None for two stated cases.
    benefit, money, time, data, knowledge : float
        Parts of the loss, which add up to it: benefit that went, and cost that came.
    before, after : PerceivedValue
        What was compared.
    reason : str
        Why the interval says nothing; empty where it does.
    """

    loss: float
    interval: Interval | None
    benefit: float
    money: float
    time: float
    data: float
    knowledge: float
    before: PerceivedValue
    after: PerceivedValue
    reason: str = ""

    def to_frame(self) -> pd.DataFrame:
        """One row a part: before, after, and what customers lost by it."""
        import pandas as pd

        parts = ["benefit", *_PARTS, "surplus"]
        return pd.DataFrame(
            {
                "part": parts,
                "before": [getattr(self.before, part) for part in parts],
                "after": [getattr(self.after, part) for part in parts],
                "loss": [*(getattr(self, part) for part in parts[:-1]), self.loss],
            }
        )

    def __str__(self) -> str:
        """The loss in a sentence."""
        word = "gain" if self.loss < 0 else "lose"
        sentence = (
            f"Customers {word} {abs(self.loss):,.2f} each: {self.before.surplus:,.2f} was left to them, "
            f"now it is {self.after.surplus:,.2f}"
        )
        if self.interval is not None and not self.reason:
            # The bounds of what the sentence speaks of: of a gain, those of the loss the other way round.
            bounds = sorted((-b if self.loss < 0 else b) for b in (self.interval.lower, self.interval.upper))
            sentence += (
                f" ({self.interval.confidence_level:.0%} interval {bounds[0]:,.2f} to {bounds[1]:,.2f})"
            )
        return f"{sentence} ({self.reason})" if self.reason else sentence

    def _repr_html_(self) -> str:
        return as_html(self, frame=self.to_frame())


def compare_perceived_value(
    before: PerceivedValue,
    after: PerceivedValue,
    *,
    customers: Literal["same", "different"],
    confidence_level: float = 0.90,
) -> PerceivedValueChange:
    r"""The customer-side loss: what a change took from customers, part by part.

    Parameters
    ----------
    before, after : PerceivedValue
        What customers got before and after the change.
    customers : {"same", "different"}
        Whether the same customers stand behind both, in the same order, or different ones. Of two stated
        cases say "same".
    confidence_level : float, default 0.90
        Nominal coverage of the interval, strictly between 0 and 1.

    Returns
    -------
    PerceivedValueChange
        The loss, its parts, and its interval.

    Raises
    ------
    InvalidInputError
        If the same customers are not as many before and after, or an argument breaks its rule.

    Notes
    -----
    \[ \text{loss} = (B_0 - C_0) - (B_1 - C_1) = (B_0 - B_1) + \sum_{\text{parts}} (C_1 - C_0) . \]

    The interval is Student's t: of the differences for the same customers, Welch's for different ones.

    References
    ----------
    Welch, B. L. (1947), The generalization of "Student's" problem when several different population variances
    are involved, Biometrika 34(1-2). [doi:10.1093/biomet/34.1-2.28](https://doi.org/10.1093/biomet/34.1-2.28).

    Examples
    --------
    The price doubles while the guest looks for the card, and it takes an hour and two more documents:

    >>> prices = CostPrices(per_hour=20, per_data_field=0.5, per_knowledge=5)
    >>> before = perceived_value(
    ...     300, 120, hours=0.1, data_fields=12, knowledge=1, prices=prices
    ... )
    >>> after = perceived_value(300, 240, hours=1.2, data_fields=12, knowledge=3, prices=prices)
    >>> change = compare_perceived_value(before, after, customers="same")
    >>> change.loss, change.money, change.time, change.knowledge
    (152.0, 120.0, 22.0, 10.0)
    """
    check_choice("customers", customers, ("same", "different"))
    check_confidence_level(confidence_level)
    for name, value in (("before", before), ("after", after)):
        if not isinstance(value, PerceivedValue):
            raise InvalidInputError(f"`{name}` must be a PerceivedValue, got {type(value).__name__}")
    if customers == "same" and before.n_customers != after.n_customers:
        raise InvalidInputError(
            f"`before` and `after` must have the same customers, got {before.n_customers} and "
            f"{after.n_customers}; other customers are customers='different'"
        )
    stated = before.interval is None and after.interval is None
    if customers == "same":
        interval, reason = _mean_interval(before.surpluses - after.surpluses, confidence_level, stated=stated)
    else:
        interval, reason = _welch(before, after, confidence_level, stated=stated)
    return PerceivedValueChange(
        loss=before.surplus - after.surplus,
        interval=interval,
        benefit=before.benefit - after.benefit,
        money=after.money - before.money,
        time=after.time - before.time,
        data=after.data - before.data,
        knowledge=after.knowledge - before.knowledge,
        before=before,
        after=after,
        reason=reason,
    )


def _check_parts(
    benefit: ArrayLike,
    money: ArrayLike,
    hours: ArrayLike,
    data_fields: ArrayLike,
    knowledge: ArrayLike,
    prices: CostPrices | None,
) -> tuple[FloatArray, FloatArray]:
    """The benefit of each customer, and the four costs in money, a row each."""
    arrays = {"benefit": check_array("benefit", benefit)}
    given = {"money": money, "hours": hours, "data_fields": data_fields, "knowledge": knowledge}
    arrays |= {name: check_array(name, values, minimum=0.0) for name, values in given.items()}
    for name, array in arrays.items():
        if array.ndim > 1:
            raise InvalidInputError(
                f"`{name}` must be one number, or one a customer, got shape {array.shape}"
            )
    gain, paid, time, data, known = check_same_shape(arrays)
    if gain.size == 0:
        raise InvalidInputError("`benefit` must be one number, or one a customer, got none")
    if prices is None:
        used = [name for name in ("hours", "data_fields", "knowledge") if np.any(arrays[name] > 0)]
        if used:
            raise InvalidInputError(
                f"`prices` must be given where `{used[0]}` is greater than 0, got None; "
                "CostPrices() says that it costs the customer nothing"
            )
        prices = CostPrices()
    elif not isinstance(prices, CostPrices):
        raise InvalidInputError(f"`prices` must be CostPrices, got {type(prices).__name__}")
    rows = [paid, prices.per_hour * time, prices.per_data_field * data, prices.per_knowledge * known]
    return np.atleast_1d(gain), np.stack([np.atleast_1d(row) for row in rows])


def _mean_interval(
    values: FloatArray, confidence_level: float, *, stated: bool
) -> tuple[Interval | None, str]:
    """Student's t; nothing for a stated case, and no bounds where no spread is seen."""
    n = values.size
    if stated and n == 1:
        return None, ""
    if (unseen := _unseen(values)) is not None:
        return Interval(-math.inf, math.inf, confidence_level), unseen
    half = _quantile(n - 1.0, confidence_level) * float(values.std(ddof=1)) / math.sqrt(n)
    center = float(values.mean())
    return Interval(center - half, center + half, confidence_level), ""


def _welch(
    before: PerceivedValue, after: PerceivedValue, confidence_level: float, *, stated: bool
) -> tuple[Interval | None, str]:
    if stated:
        return None, ""
    for value in (before, after):
        if (unseen := _unseen(value.surpluses)) is not None:
            return Interval(-math.inf, math.inf, confidence_level), unseen
    parts = [float(v.surpluses.var(ddof=1)) / v.n_customers for v in (before, after)]
    # Shares of the variance, whose squares do not overflow where the variances do.
    total = sum(parts)
    freedom = 1.0 / sum(
        (part / total) ** 2 / (v.n_customers - 1) for part, v in zip(parts, (before, after), strict=True)
    )
    half = _quantile(freedom, confidence_level) * math.sqrt(total)
    center = before.surplus - after.surplus
    return Interval(center - half, center + half, confidence_level), ""


def _unseen(values: FloatArray) -> str | None:
    """Why the spread of these values cannot be seen, if so."""
    if values.size == 1:
        return "one customer says nothing on the spread"
    # Sums of equal parts differ in their last bits.
    if float(np.ptp(values)) <= 1e-12 * float(np.max(np.abs(values))):
        return "all customers are alike, which says nothing on the spread"
    return None


def _quantile(freedom: float, confidence_level: float) -> float:
    return float(stdtrit(freedom, (1.0 + confidence_level) / 2.0))

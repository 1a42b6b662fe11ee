"""Two values a customer, four kinds of customers: worth and referrals, loyalty and profit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from customer_centric._core.checks import check_array
from customer_centric._core.words import as_html, counted
from customer_centric.errors import InvalidInputError
from customer_centric.typing import FloatArray

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["CustomerMatrix", "clv_crv_matrix", "loyalty_profit_matrix"]

Thresholds: TypeAlias = Sequence[float] | Literal["medians"]


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class CustomerMatrix:
    """Customers by two values, each high or low.

    Parameters
    ----------
    segment : ndarray of str of shape (n_customers,)
        The kind of each customer.
    axes : tuple of str
        Names of the two values.
    thresholds : tuple of float
        From where on each is high.
    table : pandas.DataFrame
        A row a kind: `segment`, whether each value is "high" or "low", `customers`, `share`, and of each
        value the sum and the mean (`sum_...`, `mean_...`; NaN where nobody is of the kind).
    """

    segment: NDArray[np.str_]
    axes: tuple[str, str]
    thresholds: tuple[float, float]
    table: pd.DataFrame

    def to_frame(self) -> pd.DataFrame:
        """The table: a row a kind."""
        return self.table

    def __str__(self) -> str:
        parts = ", ".join(
            f"{n:,} {name}"
            for name, n in zip(self.table["segment"], self.table["customers"].astype(int), strict=True)
        )
        return (
            f"{counted(self.segment.size, 'customer')}, high from {self.thresholds[0]:,.2f} of "
            f"{self.axes[0]} and {self.thresholds[1]:,.2f} of {self.axes[1]} on: {parts}"
        )

    def _repr_html_(self) -> str:
        return as_html(self, frame=self.table)


def clv_crv_matrix(
    lifetime_value: ArrayLike, referral_value: ArrayLike, *, thresholds: Thresholds
) -> CustomerMatrix:
    r"""Customers by what they are worth and by what those are worth whom they bring.

    Parameters
    ----------
    lifetime_value, referral_value : array_like of shape (n_customers,)
        Lifetime value, and value of the referrals, of each customer, in money over the same time.
    thresholds : sequence of two floats, or "medians"
        From where on each value is high, in money: where a policy starts to pay, such as the value from which
        a personal service, or a referral reward, earns its cost. "medians" halves the customers instead,
        which says who is better than most and nothing about what pays.

    Returns
    -------
    CustomerMatrix
        "champion" (both high), "affluent" (lifetime value only), "advocate" (referrals only), "miser"
        (neither), for each customer and as a table.

    Raises
    ------
    InvalidInputError
        If a value is not finite, lengths differ, there is no customer, or `thresholds` are not two numbers.

    Notes
    -----
    A value at its threshold is high. Kumar, Petersen and Leone cut at the medians of their sample, which
    moves everybody's kind when others come; a threshold in money does not.

    References
    ----------
    Kumar, V., Petersen, J. A. and Leone, R. P. (2007), How valuable is word of mouth? Harvard Business Review
    85(10), 139-146.

    Examples
    --------
    >>> found = clv_crv_matrix([900, 1200, 90, 50], [30, 700, 600, 0], thresholds=(500, 200))
    >>> found.segment.tolist()
    ['affluent', 'champion', 'advocate', 'miser']
    """
    names = ("champion", "affluent", "advocate", "miser")
    return _matrix("lifetime_value", lifetime_value, "referral_value", referral_value, thresholds, names)


def loyalty_profit_matrix(loyalty: ArrayLike, profit: ArrayLike, *, thresholds: Thresholds) -> CustomerMatrix:
    r"""Customers by how long they stay and by what they earn: the loyal are not always the profitable.

    Parameters
    ----------
    loyalty : array_like of shape (n_customers,)
        How long each customer has stayed, or is expected to stay, in any unit; or another measure of it.
    profit : array_like of shape (n_customers,)
        Profit of each per period, after the cost of serving, in money.
    thresholds : sequence of two floats, or "medians"
        From where on each value is high. For profit, 0 is the natural one.

    Returns
    -------
    CustomerMatrix
        "true friend" (stays, earns), "barnacle" (stays, does not earn), "butterfly" (earns, does not stay),
        "stranger" (neither), for each customer and as a table.

    Raises
    ------
    InvalidInputError
        If a value is not finite, lengths differ, there is no customer, or `thresholds` are not two numbers.

    Notes
    -----
    A value at its threshold is high. Each kind asks for its own policy: keep true friends, enjoy butterflies
    while they last, make barnacles cheaper to serve or dearer to be, and invest nothing in strangers.

    References
    ----------
    Reinartz, W. and Kumar, V. (2002), The mismanagement of customer loyalty, Harvard Business Review 80(7),
    86-94.

    Examples
    --------
    >>> found = loyalty_profit_matrix([8, 9, 1, 1], [120, -40, 90, -5], thresholds=(3, 0))
    >>> found.segment.tolist()
    ['true friend', 'barnacle', 'butterfly', 'stranger']
    """
    return _matrix(
        "loyalty", loyalty, "profit", profit, thresholds, ("true friend", "barnacle", "butterfly", "stranger")
    )


def _matrix(
    name: str,
    values: ArrayLike,
    other_name: str,
    others: ArrayLike,
    thresholds: Thresholds,
    kinds: Sequence[str],
) -> CustomerMatrix:
    """Kinds in the order both high, the first only, the second only, neither."""
    import pandas as pd

    x, y = check_array(name, values), check_array(other_name, others)
    if x.ndim != 1 or x.shape != y.shape or x.size == 0:
        raise InvalidInputError(
            f"`{name}` and `{other_name}` must be one number a customer, for one customer or more, got "
            f"shapes {x.shape} and {y.shape}"
        )
    first, second = _check_thresholds(thresholds, x, y)
    kind = 2 * (x < first) + (y < second)
    columns: dict[str, NDArray[Any]] = {
        "segment": np.array(kinds, dtype=object),
        name: np.array(["high", "high", "low", "low"], dtype=object),
        other_name: np.array(["high", "low", "high", "low"], dtype=object),
    }
    n = np.bincount(kind, minlength=4)
    columns |= {"customers": n, "share": n / x.size}
    for label, amounts in ((name, x), (other_name, y)):
        total = np.bincount(kind, amounts, 4)
        mean = np.full(4, np.nan)
        np.divide(total, n, out=mean, where=n > 0)
        columns |= {f"sum_{label}": total, f"mean_{label}": mean}
    return CustomerMatrix(
        segment=np.array(kinds)[kind],
        axes=(name, other_name),
        thresholds=(first, second),
        table=pd.DataFrame(columns),
    )


def _check_thresholds(thresholds: Thresholds, x: FloatArray, y: FloatArray) -> tuple[float, float]:
    if isinstance(thresholds, str):
        if thresholds != "medians":
            raise InvalidInputError(f'`thresholds` must be two numbers or "medians", got {thresholds!r}')
        return float(np.median(x)), float(np.median(y))
    found = check_array("thresholds", thresholds)
    if found.shape != (2,):
        raise InvalidInputError(f'`thresholds` must be two numbers or "medians", got shape {found.shape}')
    return float(found[0]), float(found[1])

"""Groups of customers by value: deciles of equally many customers or of equal value, and classes A, B, C."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from customer_centric._core.checks import check_array, check_choice, check_number, raise_broken
from customer_centric._core.words import as_html, counted
from customer_centric.errors import InvalidInputError
from customer_centric.segments._curve import is_positive
from customer_centric.segments._spread import (
    check_interval,
    check_values,
    reach,
    standard_error,
)
from customer_centric.typing import FloatArray, IntArray

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["AbcClasses", "DecileTable", "abc_classes", "decile_table"]

Equal: TypeAlias = Literal["count", "value"]
_CLASSES: Final = ("A", "B", "C", "none")


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class DecileTable:
    """Groups of customers from the most to the least valuable.

    Parameters
    ----------
    table : pandas.DataFrame
        A row a group: `group` (1 the most valuable), `customers`, `share_of_customers`, `lowest`, `highest`,
        `mean`, `total`, `share_of_total`, `cumulative_share`, and `lower` and `upper`, the interval of
        `share_of_total`, or of `share_of_customers` where the groups are of equal value.
    equal : {"count", "value"}
        What the groups have in common.
    confidence_level : float
        Nominal coverage of the intervals.
    n_customers : int
        Number of customers.
    reason : str or None
        Why shares or intervals are missing, or why there are fewer groups than asked for.
    """

    table: pd.DataFrame
    equal: Equal
    confidence_level: float
    n_customers: int
    reason: str | None = None

    def to_frame(self) -> pd.DataFrame:
        """The rows."""
        return self.table

    def __str__(self) -> str:
        alike = "equally many customers" if self.equal == "count" else "equal value"
        tail = "" if self.reason is None else f" ({self.reason})"
        groups = int(np.count_nonzero(self.table["customers"]))
        return f"{counted(self.n_customers, 'customer')} in {counted(groups, 'group')} of {alike}{tail}"

    def _repr_html_(self) -> str:
        return as_html(self, frame=self.table)


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class AbcClasses:
    """The class of each customer, and what the classes hold.

    Parameters
    ----------
    classes : ndarray of str of shape (n_customers,)
        "A", "B" or "C"; "none" for customers without a positive profit.
    table : pandas.DataFrame
        A row a class: `class`, `customers`, `share_of_customers`, `threshold` (the lowest profit in it),
        `total` and `share_of_positive`, the share of the profit of the profitable customers.
    """

    classes: NDArray[np.str_]
    table: pd.DataFrame

    def to_frame(self) -> pd.DataFrame:
        """A row a class."""
        return self.table

    def __str__(self) -> str:
        held = ", ".join(
            f"{row['class']} {row['customers']:,} with {100 * row['share_of_positive']:.1f} %"
            for row in self.table.to_dict("records")[:3]
        )
        return f"{counted(self.classes.size, 'customer')}: {held} of the positive profit"

    def _repr_html_(self) -> str:
        return as_html(self, frame=self.table)


def decile_table(
    value: ArrayLike, *, n_groups: int = 10, equal: Equal = "count", confidence_level: float = 0.95
) -> DecileTable:
    r"""Groups from the most to the least valuable customers: what each holds, with intervals.

    Parameters
    ----------
    value : array_like of shape (n_customers,)
        Profit, revenue or lifetime value of each customer, in money; losses stay in.
    n_groups : int, default 10
        Number of groups, 1 or more; 5 for the share of the top 20 %.
    equal : {"count", "value"}, default "count"
        Groups of equally many customers, up to one; or groups that hold the same share of all positive value,
        each customer in the group of the middle of his part. Customers without positive value stand in a row
        of their own then, `n_groups + 1`, if there are any.
    confidence_level : float, default 0.95
        Nominal coverage of the intervals, strictly between 0 and 1.

    Returns
    -------
    DecileTable
        A row a group. Shares of a total that is not greater than 0 are NaN, with a reason.

    Raises
    ------
    InvalidInputError
        If there is no customer, a value is missing or not finite, or an argument breaks its rule.

    Notes
    -----
    With \(q\) the value at a share \(p\) of the customers, most valuable first, \(\mu\) the mean and \(T\)
    the share of the total that they hold, a customer of value \(x\) adds

    \[ \frac{\max(x - q, 0) + p q - T x}{\mu} \]

    to \(T\), and the same times \(-\mu / q\) to the share of customers who hold \(T\). The groups are
    differences of these.

    References
    ----------
    Cowell, F. A. and Victoria-Feser, M.-P. (2003), Distribution-free inference for welfare indices under
    complete and incomplete information. The Journal of Economic Inequality 1(3).

    Examples
    --------
    >>> table = decile_table([50, 20, 10, 10, 5, 5], n_groups=3)
    >>> table.table[["group", "customers", "total", "share_of_total"]].to_numpy().tolist()
    [[1.0, 2.0, 70.0, 0.7], [2.0, 2.0, 20.0, 0.2], [3.0, 2.0, 10.0, 0.1]]
    """
    import pandas as pd

    groups = int(check_number("n_groups", n_groups, minimum=1.0, whole=True))
    check_choice("equal", equal, ("count", "value"))
    check_interval("linearised", confidence_level)
    x = np.sort(check_values("value", value))[::-1]
    n = x.size
    ends = _ends_by_count(n, groups) if equal == "count" else _ends_by_value(x, groups)
    total, moved = float(x.sum()), float(np.abs(x).sum())
    reason = (
        None if is_positive(total, moved) else "the total is not greater than 0, so nothing is a share of it"
    )
    if ends.size < groups:
        reason = reason or f"{counted(n, 'customer')} make no more than {counted(ends.size, 'group')}"
    sizes = np.diff(ends, prepend=0)
    sums = np.diff(np.concatenate([[0.0], np.cumsum(x)])[ends], prepend=0.0)
    there = sizes > 0
    shares = sums / total if is_positive(total, moved) else np.full(sums.shape, np.nan)
    lower, upper = _bounds(x, ends, sizes / n if equal == "value" else shares, equal, confidence_level)
    if reason is None and np.isnan(lower).any():
        reason = "groups of nobody, and customers who are all alike, show nothing about how shares may differ"
    frame = pd.DataFrame(
        {
            "group": np.arange(1, ends.size + 1),
            "customers": sizes,
            "share_of_customers": sizes / n,
            "lowest": np.where(there, x[ends - 1], np.nan),
            "highest": np.where(there, x[np.minimum(ends - sizes, n - 1)], np.nan),
            "mean": np.divide(sums, sizes, out=np.full(sums.shape, np.nan), where=there),
            "total": sums,
            "share_of_total": shares,
            "cumulative_share": np.cumsum(shares),
            "lower": lower,
            "upper": upper,
        }
    )
    return DecileTable(
        table=frame, equal=equal, confidence_level=confidence_level, n_customers=n, reason=reason
    )


def abc_classes(profit: ArrayLike, *, cuts: Sequence[float] = (0.8, 0.95)) -> AbcClasses:
    r"""Classes A, B and C by cumulative positive profit, the most profitable customers first.

    Parameters
    ----------
    profit : array_like of shape (n_customers,)
        Profit of each customer, in money; losses stay in, and do not count into the shares.
    cuts : sequence of 2 float, default (0.8, 0.95)
        Shares of the positive profit at which A and B end, ascending, strictly between 0 and 1.

    Returns
    -------
    AbcClasses
        The class of each customer in the order given, and a row a class. Equal customers are in one class.

    Raises
    ------
    InvalidInputError
        If there is no customer, a profit is missing or not finite, or the cuts are not two ascending shares.

    Notes
    -----
    A customer is in class A where those before him hold less than the first cut of

    \[ P = \sum_i \max(\pi_i, 0) , \]

    and so on. That 20 % of the customers hold 80 % is a claim to check, not a rule: the table says how many
    hold how much.

    Examples
    --------
    >>> found = abc_classes([60, 25, 8, 5, 2, 0, -40])
    >>> found.classes.tolist()
    ['A', 'A', 'B', 'B', 'C', 'none', 'none']
    """
    import pandas as pd

    values = check_values("profit", profit)
    shares = _check_cuts(cuts)
    x = np.sort(values[values > 0])[::-1]
    cumulative = np.cumsum(x)
    total = float(cumulative[-1]) if x.size else 0.0
    places = np.searchsorted(cumulative, shares * total) if x.size else np.zeros(2, dtype=np.int64)
    # Who ties with the last customer of a class is in it.
    lowest = [float(x[place]) if x.size else np.inf for place in places]
    code = 3 - (values > 0).astype(np.int64) - (values >= lowest[1]) - (values >= lowest[0])
    sizes, sums = np.bincount(code, minlength=4), np.bincount(code, values, 4)
    found = [values[code == place].min(initial=np.inf) for place in range(4)]
    frame = pd.DataFrame(
        {
            "class": list(_CLASSES),
            "customers": sizes,
            "share_of_customers": sizes / values.size,
            "threshold": np.where(sizes > 0, found, np.nan),
            "total": sums,
            "share_of_positive": np.append(sums[:3] / total if total > 0 else np.full(3, np.nan), 0.0),
        }
    )
    return AbcClasses(classes=np.array(_CLASSES)[code], table=frame)


def _check_cuts(cuts: Sequence[float]) -> FloatArray:
    shares = check_array("cuts", cuts, minimum=0.0, maximum=1.0, open_minimum=True, open_maximum=True)
    if shares.shape != (2,):
        raise InvalidInputError(f"`cuts` must be two shares, where A and B end, got shape {shares.shape}")
    raise_broken("cuts", "ascending", shares, np.array([False, bool(shares[1] <= shares[0])]))
    return shares


def _ends_by_count(n: int, k: int) -> IntArray:
    """How many customers are in the first 1, 2, ... groups."""
    groups = min(n, k)
    return np.arange(1, groups + 1, dtype=np.int64) * n // groups


def _ends_by_value(x: FloatArray, k: int) -> IntArray:
    positive = x[x > 0]
    if positive.size == 0:
        return np.append(np.zeros(k, dtype=np.int64), x.size)
    cumulative = np.cumsum(positive)
    middle = cumulative - 0.5 * positive
    ends: IntArray = np.full(k, positive.size, dtype=np.int64)
    ends[:-1] = np.searchsorted(middle, np.arange(1, k) * (cumulative[-1] / k))
    # A row more for the others, where there are any.
    return ends if positive.size == x.size else np.append(ends, x.size).astype(np.int64)


def _bounds(
    x: FloatArray, ends: IntArray, shares: FloatArray, equal: Equal, confidence_level: float
) -> tuple[FloatArray, FloatArray]:
    """Bounds of the share of each group, from what each customer adds to the shares up to its ends."""
    missing = np.full(shares.shape, np.nan)
    n = x.size
    if n == 1 or np.isnan(shares).all():
        return missing, missing.copy()
    money = np.maximum(x, 0.0) if equal == "value" else x
    mean = float(money.mean())
    errors = np.zeros(shares.size)
    before: FloatArray = np.zeros(n)
    for place, end in enumerate(ends):
        after = _added(money, int(end), mean, equal) if end < n else np.zeros(n)
        errors[place] = standard_error(after - before, 1.0)
        before = after
    far = np.where(errors > 0, reach(1.0, n, confidence_level) * errors, np.nan)
    lowest = 0.0 if x[-1] >= 0 or equal == "value" else -np.inf
    highest = 1.0 if x[-1] >= 0 or equal == "value" else np.inf
    return np.clip(shares - far, lowest, highest), np.clip(shares + far, lowest, highest)


def _added(money: FloatArray, end: int, mean: float, equal: Equal) -> FloatArray:
    """What each customer adds to the share held by the first `end`, or to the share that they are."""
    n = money.size
    share = end / n
    q = float(money[end - 1]) if end else float(money[0])
    if equal == "value" and not float(money[min(end, n - 1)]) > 0:
        # The end is where value ends: a plain share of customers.
        return np.asarray((np.arange(n) < end) - share, dtype=np.float64)
    held = float(money[:end].sum()) / (n * mean)
    added = np.maximum(money - q, 0.0) + share * q - held * money
    return np.asarray(-added / q if equal == "value" else added / mean)

"""What recommendations bring, and what all customers are worth with nobody counted twice."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from customer_centric._core.checks import check_array, check_confidence_level, check_number, raise_broken
from customer_centric._core.tabulate import sum_by
from customer_centric._core.words import as_html, counted
from customer_centric.errors import InvalidInputError
from customer_centric.intervals import Interval, wilson_interval
from customer_centric.typing import FloatArray, IntArray

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["CustomerEquity", "ReferralValue", "customer_equity", "referral_value"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReferralValue:
    """What the referrals of one customer, or of a programme, bring in money.

    Parameters
    ----------
    value : float
        Value of those who came only through a referral, and acquisition saved on all, less incentives.
    new_value : float
        Lifetime value of those who would not have come otherwise (type 1).
    acquisition_saved : float
        What it would have cost to win as many customers, of type 1 and 2.
    incentives : float
        What was paid for the referrals, 0 or more.
    n_referrals, n_type1 : float
        Customers referred, and those of them who would not have come otherwise; not discounted.
    interval : Interval or None
        Where the value lies, given how many referred customers were asked; None where that is not said.
    """

    value: float
    new_value: float
    acquisition_saved: float
    incentives: float
    n_referrals: float
    n_type1: float
    interval: Interval | None

    def to_frame(self) -> pd.DataFrame:
        """The parts of the value, one row each, and their sum."""
        import pandas as pd

        parts = ["new customers", "acquisition saved", "incentives", "referral value"]
        money = [self.new_value, self.acquisition_saved, -self.incentives, self.value]
        return pd.DataFrame({"part": parts, "value": money})

    def __str__(self) -> str:
        """The value in a sentence."""
        sentence = (
            f"{counted(self.n_referrals, 'referral')}, {self.n_type1:,.1f} of them new, "
            f"are worth {self.value:,.2f}"
        )
        if self.interval is None:
            return sentence
        bounds = f"{self.interval.lower:,.2f} to {self.interval.upper:,.2f}"
        return f"{sentence} ({self.interval.confidence_level:.0%} interval {bounds})"

    def _repr_html_(self) -> str:
        return as_html(self, frame=self.to_frame())


def referral_value(
    referrals: ArrayLike,
    *,
    lifetime_value: float,
    acquisition_cost: float,
    type1_share: float,
    incentive: float = 0.0,
    discount_rate: float = 0.0,
    n_asked: float | None = None,
    confidence_level: float = 0.90,
) -> ReferralValue:
    r"""What referrals are worth: a whole customer where nobody would have come, the saving where one would.

    Parameters
    ----------
    referrals : array_like of shape (n_periods,) or scalar
        Customers who came through referrals in periods 0 (now), 1, ...; 0 or more, expected numbers allowed.
    lifetime_value : float
        What a referred customer is worth on the day of joining, in money, *before* any cost of winning it.
    acquisition_cost : float
        What it costs to win a customer without a referral, 0 or more.
    type1_share : float
        Share of the referred who would not have come without the referral, in [0, 1].
    incentive : float, default 0
        What is paid for each referral, to either side, 0 or more. Count it here or in the acquisition cost
        of the referred, not in both.
    discount_rate : float, default 0
        Effective rate per period, greater than -1.
    n_asked : float, optional
        How many referred customers the share comes from, greater than 0; gives the interval.
    confidence_level : float, default 0.90
        Nominal coverage of the interval, strictly between 0 and 1.

    Returns
    -------
    ReferralValue
        The value, its parts, and its interval.

    Raises
    ------
    InvalidInputError
        If a number is out of its range.

    Notes
    -----
    With \(n_t\) referrals in period \(t\), share \(q\) of type 1, lifetime value \(V\), acquisition cost
    \(C\), incentive \(M\) and rate \(d\),

    \[ \mathrm{CRV} = \bigl(q\,V + C - M\bigr) \sum_t \frac{n_t}{(1+d)^t} . \]

    It is linear in \(q\), so the bounds are its values at those of Wilson's interval of \(q\). They leave out
    how uncertain \(V\) is.

    References
    ----------
    Kumar, V., Petersen, J. A. and Leone, R. P. (2010), Driving profitability by encouraging customer
    referrals: who, when, and how, Journal of Marketing 74(5).
    [doi:10.1509/jmkg.74.5.1](https://doi.org/10.1509/jmkg.74.5.1).

    Examples
    --------
    Five referrals paid with 10 each; two of the five would not have come:

    >>> found = referral_value(
    ...     5, lifetime_value=400, acquisition_cost=50, type1_share=0.4, incentive=10
    ... )
    >>> found.value, found.new_value, found.acquisition_saved, found.incentives
    (1000.0, 800.0, 250.0, 50.0)
    """
    counts = check_array("referrals", referrals, minimum=0.0)
    if counts.ndim > 1 or counts.size == 0:
        raise InvalidInputError(
            f"`referrals` must be one number, or one a period, got an array of shape {counts.shape}"
        )
    value = check_number("lifetime_value", lifetime_value)
    cost = check_number("acquisition_cost", acquisition_cost, minimum=0.0)
    paid = check_number("incentive", incentive, minimum=0.0)
    share = check_number("type1_share", type1_share, minimum=0.0, maximum=1.0, remedy="40 % is written 0.4")
    d = check_number("discount_rate", discount_rate, minimum=-1.0, open_minimum=True)
    check_confidence_level(confidence_level)
    n = float(np.sum(np.atleast_1d(counts) * (1.0 + d) ** -np.arange(counts.size, dtype=np.float64)))
    interval = None
    if n_asked is not None:
        asked = check_number("n_asked", n_asked, minimum=0.0, open_minimum=True)
        low, high = wilson_interval(share * asked, asked, confidence_level=confidence_level)
        ends = sorted((float(bound) * value + cost - paid) * n for bound in (low, high))
        interval = Interval(ends[0], ends[1], confidence_level)
    return ReferralValue(
        value=n * (share * value + cost - paid),
        new_value=n * share * value,
        acquisition_saved=n * cost,
        incentives=n * paid,
        n_referrals=float(np.sum(counts)),
        n_type1=share * float(np.sum(counts)),
        interval=interval,
    )


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class CustomerEquity:
    """What all customers are worth together, and to whom it is owed.

    Parameters
    ----------
    total : float
        Sum of the values of all customers: each once.
    values : ndarray of shape (n_customers,)
        What each customer is worth by its own purchases, in money.
    moved : ndarray of shape (n_customers,)
        Part of the own value that is owed to whoever referred the customer.
    brought : ndarray of shape (n_customers,)
        What was moved to each customer from those it referred.
    credited : ndarray of shape (n_customers,)
        Own value less what is moved away plus what is brought. Sums to `total`.
    n_referred : ndarray of int of shape (n_customers,)
        How many customers each referred.
    double_counted : float
        What the sum of lifetime values and referral values has too much: everything that was moved.
    """

    total: float
    values: FloatArray
    moved: FloatArray
    brought: FloatArray
    credited: FloatArray
    n_referred: IntArray
    double_counted: float

    def to_frame(self) -> pd.DataFrame:
        """One row a customer, in the order given."""
        import pandas as pd

        share = self.credited / self.total if self.total > 0 else np.full(self.values.size, np.nan)
        return pd.DataFrame(
            {
                "value": self.values,
                "n_referred": self.n_referred,
                "moved": self.moved,
                "brought": self.brought,
                "credited": self.credited,
                "share": share,
            }
        )

    def __str__(self) -> str:
        """The total in a sentence."""
        return (
            f"{counted(self.values.size, 'customer')} are worth {self.total:,.2f}, "
            f"{float(np.sum(self.moved)):,.2f} of it owed to referrals; adding referral values to lifetime "
            f"values would make it {self.total + self.double_counted:,.2f}"
        )

    def _repr_html_(self) -> str:
        return as_html(self)


def customer_equity(
    values: ArrayLike, referred_by: ArrayLike | None = None, *, type1_share: ArrayLike = 1.0
) -> CustomerEquity:
    r"""What all customers are worth together, with credit for referrals and nobody counted twice.

    Parameters
    ----------
    values : array_like of shape (n_customers,)
        Lifetime value of each customer by its own purchases, in money, after what was really paid to win it.
    referred_by : array_like of shape (n_customers,), optional
        Position in `values` of the customer who referred each, -1 for nobody; nobody was referred by default.
        `pandas.Index(ids).get_indexer(ids_of_referrers)` gives these positions.
    type1_share : array_like of shape (n_customers,) or scalar, default 1
        Probability that the referred customer would not have come otherwise, in [0, 1]: how much of its value
        is owed to the referral. Ignored for customers whom nobody referred.

    Returns
    -------
    CustomerEquity
        The total, and the credit of each customer.

    Raises
    ------
    InvalidInputError
        If a number is out of its range, a customer refers itself, or referrals run in a circle.

    Notes
    -----
    With values \(v_i\), \(p(j)\) who referred \(j\), and \(w_j\) the probability that \(j\) would not have
    come,

    \[ \text{credit}_i = v_i\,(1 - w_i) + \sum_{j : p(j) = i} w_j\,v_j, \qquad
       \sum_i \text{credit}_i = \sum_i v_i , \]

    where \(w_i = 0\) if nobody referred \(i\). Credit goes one step: to who made the recommendation, not to
    who recommended the recommender. Adding referral values to lifetime values counts \(\sum_j w_j v_j\)
    twice.
    The acquisition cost saved is in the values already: it was not paid. The credit moves value between
    customers and leaves the total alone, so the uncertainty of the total is that of the values.

    Examples
    --------
    Anna referred Ben and Carla; Carla referred Dario.

    >>> equity = customer_equity([100.0, 300.0, 50.0, 250.0], [-1, 0, 0, 2])
    >>> equity.total, equity.credited.tolist()
    (700.0, [450.0, 0.0, 250.0, 0.0])
    >>> equity.total + equity.double_counted
    1300.0
    """
    value = check_array("values", values)
    if value.ndim != 1:
        raise InvalidInputError(
            f"`values` must be one number a customer, got an array of shape {value.shape}"
        )
    n = value.size
    referrer = _check_referrers(referred_by, n)
    share = check_array("type1_share", type1_share, minimum=0.0, maximum=1.0, remedy="40 % is written 0.4")
    if share.shape not in {(), (n,)}:
        raise InvalidInputError(
            f"`type1_share` must be one number or one a customer, got shape {share.shape} for {n} customers"
        )
    referred = referrer >= 0
    moved = np.where(referred, share * value, 0.0)
    brought = sum_by(referrer[referred], moved[referred], n)
    return CustomerEquity(
        total=float(np.sum(value)),
        values=value,
        moved=moved,
        brought=brought,
        credited=value - moved + brought,
        n_referred=np.bincount(referrer[referred], minlength=n).astype(np.int64),
        double_counted=float(np.sum(moved)),
    )


def _check_referrers(referred_by: ArrayLike | None, n: int) -> IntArray:
    if referred_by is None:
        return np.full(n, -1, dtype=np.int64)
    given = check_array(
        "referred_by",
        referred_by,
        minimum=-1.0,
        maximum=n - 1.0,
        whole=True,
        remedy="positions in `values`, counted from 0, and -1 for nobody",
    )
    if given.shape != (n,):
        raise InvalidInputError(
            f"`referred_by` must be one position a customer, got shape {given.shape} for {n} customers"
        )
    referrer = given.astype(np.int64)
    raise_broken(
        "referred_by",
        "another customer",
        given,
        np.asarray(referrer == np.arange(n)),
        "nobody refers themselves; -1 says that nobody did",
    )
    _refuse_circles(referrer)
    return referrer


def _refuse_circles(referrer: IntArray) -> None:
    """Follow all referrers in steps that double; who comes to no end is in a circle, or behind one."""
    n = referrer.size
    ancestor = np.append(referrer, -1)  # position -1 is the last, and leads to itself
    steps = 1
    while steps <= n and np.any(ancestor >= 0):
        ancestor = ancestor[ancestor]
        steps *= 2
    lost = np.flatnonzero(ancestor >= 0)
    if lost.size == 0:
        return
    # After so many steps one stands inside the circle.
    start = position = int(ancestor[lost[0]])
    circle = [start]
    while (position := int(referrer[position])) != start:
        circle.append(position)
    first = circle.index(min(circle))
    ordered = circle[first:] + circle[: first + 1]
    shown = [str(p) for p in (ordered if len(ordered) <= 6 else [*ordered[:5], ordered[-1]])]
    if len(ordered) > 6:
        shown.insert(5, "...")
    raise InvalidInputError(
        f"`referred_by` must not run in a circle, got {' <- '.join(shown)} at position {ordered[0]} "
        f"({len(circle)} of {n} values); a customer is referred by somebody who came before"
    )

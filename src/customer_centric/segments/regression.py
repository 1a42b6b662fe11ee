"""Regression to the mean: what a selected group does although nobody does anything."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from customer_centric._core.checks import check_array, check_confidence_level, check_number
from customer_centric._core.words import as_html, counted
from customer_centric.errors import InvalidInputError
from customer_centric.intervals import Interval, wilson_interval
from customer_centric.segments._means import Estimate, difference_of, mean_of
from customer_centric.typing import BoolArray, FloatArray

__all__ = ["RegressionToMean", "regression_to_mean"]


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class RegressionToMean:
    """How the customers who were best before did after, and how they would have done anyway.

    Parameters
    ----------
    n_customers, n_selected : int
        All customers, and those who were selected: the best before.
    selected : ndarray of bool of shape (n_customers,)
        Who they are.
    threshold : float
        Value before, from which on customers are selected.
    mean_before, mean_after : float
        Mean value of the selected before and after.
    base_before, base_after : float
        Mean value of all customers before and after: a base that fades, or grows, takes the best along.
    change : float
        The mean of the selected after less the one before.
    change_interval : Interval or None
        Of the change.
    stayed_share, inactive_share : float
        Shares of the selected who are among the best again, and who brought nothing (0 or less) after.
    stayed_interval, inactive_interval : Interval
        Wilson's intervals of these shares.
    expected_change : float
        The change that was to be expected without any action; NaN where nothing tells.
    expected_interval : Interval or None
        Its interval; None for the expectation of a model, which is taken as known.
    unexplained_change : float
        The change less the one to be expected: what an action may have done, and chance.
    unexplained_interval : Interval or None
        Its interval.
    reason : str or None
        Why something is missing.
    """

    n_customers: int
    n_selected: int
    selected: BoolArray
    threshold: float
    mean_before: float
    mean_after: float
    base_before: float
    base_after: float
    change: float
    change_interval: Interval | None
    stayed_share: float
    stayed_interval: Interval
    inactive_share: float
    inactive_interval: Interval
    expected_change: float
    expected_interval: Interval | None
    unexplained_change: float
    unexplained_interval: Interval | None
    reason: str | None = None

    def __str__(self) -> str:
        text = (
            f"of the best {counted(self.n_selected, 'customer')} of {self.n_customers:,}, "
            f"{self.stayed_share:.1%} are among the best again and {self.inactive_share:.1%} brought "
            f"nothing; mean {self.mean_before:,.2f} to {self.mean_after:,.2f} (of all customers "
            f"{self.base_before:,.2f} to {self.base_after:,.2f})"
        )
        if math.isnan(self.expected_change):
            return f"{text}; {self.reason}"
        return (
            f"{text}: a change of {self.change:,.2f}, where {self.expected_change:,.2f} was to be expected "
            f"without any action"
        )

    def _repr_html_(self) -> str:
        return as_html(self)


def regression_to_mean(
    before: ArrayLike,
    after: ArrayLike,
    *,
    top_share: float,
    expected: ArrayLike | None = None,
    reference: tuple[ArrayLike, ArrayLike] | None = None,
    confidence_level: float = 0.95,
) -> RegressionToMean:
    r"""How far the best customers fall back, and how much of it was to be expected without any action.

    Parameters
    ----------
    before, after : array_like of shape (n_customers,)
        Value of each customer in the period by which the best are selected, and in a later one; 0 where a
        customer bought nothing. Customers who were lost belong to it with 0.
    top_share : float
        Share of customers who are selected, strictly between 0 and 1. Who is level with the last of them
        is selected too.
    expected : array_like of shape (n_customers,), optional
        What a model, fitted to the time before, expects of each customer after: expected purchases times
        expected spend, for instance.
    reference : tuple of two array_like, optional
        Values of a period and a later one in which nothing was done, for the same selection: an earlier pair
        of periods of the same length, two halves of the period before, or customers who were held out.
    confidence_level : float, default 0.95
        Nominal coverage of the intervals, strictly between 0 and 1.

    Returns
    -------
    RegressionToMean
        The change of the selected, the change to be expected, and the rest.

    Raises
    ------
    InvalidInputError
        If a value is not finite, lengths differ, or both `expected` and `reference` are given.

    Notes
    -----
    Who is best in a period is good, and was lucky. The good is there again in the next period, the luck is
    not. Besides, the whole base may fade or grow: its means are in the result, and an expectation has both
    in it. With \(S\) the selected, \(x_i\) and \(y_i\) their values before and after, and \(e_i\) the model's
    expectation,

    \[ \underbrace{\bar y_S - \bar x_S}_{\text{change}} =
       \underbrace{\bar e_S - \bar x_S}_{\text{expected}} +
       \underbrace{\bar y_S - \bar e_S}_{\text{unexplained}} . \]

    With a reference, the expected change is that of its own best. Intervals are Student's (Welch's for two
    groups) over customers.

    References
    ----------
    Barnett, A. G., van der Pols, J. C. and Dobson, A. J. (2005), Regression to the mean: what it is and how
    to deal with it, International Journal of Epidemiology 34(1).
    [doi:10.1093/ije/dyh299](https://doi.org/10.1093/ije/dyh299).

    Examples
    --------
    >>> found = regression_to_mean(
    ...     [90, 80, 30, 20, 10],
    ...     [50, 0, 40, 20, 10],
    ...     top_share=0.4,
    ...     expected=[45, 35, 30, 25, 15],
    ... )
    >>> found.change, found.expected_change, found.unexplained_change
    (-60.0, -45.0, -15.0)
    """
    check_confidence_level(confidence_level)
    share = check_number(
        "top_share", top_share, minimum=0.0, maximum=1.0, open_minimum=True, open_maximum=True
    )
    if expected is not None and reference is not None:
        raise InvalidInputError("`expected` and `reference` must not be given together; choose one")
    x, y = _pair("before", before, "after", after)
    selected, threshold = _best(x, share)
    stayed = int((_best(y, share)[0] & selected & (y > 0)).sum())
    none = int((selected & (y <= 0)).sum())
    n = int(selected.sum())
    lower, upper = wilson_interval([stayed, none], n, confidence_level=confidence_level)
    change = mean_of((y - x)[selected], confidence_level)
    awaited, rest = _expected((x, y), selected, share, expected, reference, confidence_level)
    return RegressionToMean(
        n_customers=x.size,
        n_selected=n,
        selected=selected,
        threshold=threshold,
        mean_before=float(x[selected].mean()),
        mean_after=float(y[selected].mean()),
        base_before=float(x.mean()),
        base_after=float(y.mean()),
        change=change.value,
        change_interval=change.interval,
        stayed_share=stayed / n,
        stayed_interval=Interval(float(lower[0]), float(upper[0]), confidence_level),
        inactive_share=none / n,
        inactive_interval=Interval(float(lower[1]), float(upper[1]), confidence_level),
        expected_change=awaited.value,
        expected_interval=awaited.interval,
        unexplained_change=rest.value,
        unexplained_interval=rest.interval,
        reason=change.reason or rest.reason,
    )


def _pair(name: str, values: ArrayLike, other: str, others: ArrayLike) -> tuple[FloatArray, FloatArray]:
    x, y = check_array(name, values), check_array(other, others)
    if x.ndim != 1 or x.shape != y.shape or x.size == 0:
        raise InvalidInputError(
            f"`{name}` and `{other}` must be one number a customer, for one customer or more, got shapes "
            f"{x.shape} and {y.shape}"
        )
    return x, y


def _best(values: FloatArray, share: float) -> tuple[BoolArray, float]:
    """Customers from the value on that the last of the best share has."""
    k = min(max(round(share * values.size), 1), values.size)
    threshold = float(np.partition(values, values.size - k)[values.size - k])
    return np.asarray(values >= threshold), threshold


def _expected(
    values: tuple[FloatArray, FloatArray],
    selected: BoolArray,
    share: float,
    expected: ArrayLike | None,
    reference: tuple[ArrayLike, ArrayLike] | None,
    confidence_level: float,
) -> tuple[Estimate, Estimate]:
    """The change to be expected, and what of the change it does not explain."""
    x, y = values
    if expected is not None:
        e = check_array("expected", expected)
        if e.shape != x.shape:
            raise InvalidInputError(
                f"`expected` must be one number a customer, got shape {e.shape} for {x.size} customers"
            )
        return Estimate(float((e - x)[selected].mean()), None), mean_of((y - e)[selected], confidence_level)
    if reference is not None:
        u, v = _pair("reference[0]", reference[0], "reference[1]", reference[1])
        anyway = (v - u)[_best(u, share)[0]]
        return mean_of(anyway, confidence_level), difference_of((y - x)[selected], anyway, confidence_level)
    reason = "nothing tells what would have happened anyway; give `expected` or `reference`"
    return Estimate(math.nan, None, reason), Estimate(math.nan, None, reason)

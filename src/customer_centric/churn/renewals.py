"""Sufficient statistics of contracts: how many were lost at each renewal, and how many are still there."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from customer_centric._core.checks import as_floats, check_array
from customer_centric._core.tabulate import count_rows
from customer_centric.errors import InvalidInputError
from customer_centric.typing import BoolArray, FloatArray

__all__ = ["RenewalCounts"]

_COUNT_REMEDY = "give numbers of customers, not percentages: a share says nothing about how sure it is"


@dataclass(frozen=True, slots=True, eq=False)
class RenewalCounts:
    """Customers by the renewal at which they were lost, or up to which they are known to have stayed.

    Parameters
    ----------
    tenure : ndarray of shape (n_distinct,)
        Renewals: for lost customers the one that they did not make (1 is the first), for the others the
        last that they made (0 before the first).
    lost : ndarray of shape (n_distinct,)
        Whether these customers were lost.
    entry_tenure : ndarray of shape (n_distinct,)
        Renewals already made when observation began: those who were lost before are not among them.
    weight : ndarray of shape (n_distinct,)
        Customers, greater than 0.

    Examples
    --------
    >>> counts = RenewalCounts.from_survivors([1000, 631, 468, 382])
    >>> counts.n_customers, counts.n_lost
    (1000.0, 618.0)
    """

    tenure: FloatArray
    lost: BoolArray
    entry_tenure: FloatArray
    weight: FloatArray

    @property
    def n_customers(self) -> float:
        """All customers."""
        return float(self.weight.sum())

    @property
    def n_lost(self) -> float:
        """Customers who were lost."""
        return float(self.weight[self.lost].sum())

    @classmethod
    def from_survivors(cls, survivors: ArrayLike, *, entry_tenure: ArrayLike = 0) -> RenewalCounts:
        """Counts of the customers of one or more cohorts who were left after each renewal.

        Parameters
        ----------
        survivors : array_like of shape (n_periods,) or (n_cohorts, n_periods)
            Customers at the start, after the first renewal, the second, and so on: whole numbers that do
            not rise. NaN where a cohort was not observed so long.
        entry_tenure : array_like, default 0
            Renewals that each cohort had made at the start of observation.

        Returns
        -------
        RenewalCounts
            The same customers, by when they were lost.

        Raises
        ------
        InvalidInputError
            If a count is a fraction, as percentages are, or negative, or rises; or there are no customers.

        Examples
        --------
        >>> RenewalCounts.from_survivors([[100, 80, 70], [50, 45, float("nan")]]).n_lost
        35.0
        """
        left = np.atleast_2d(as_floats("survivors", survivors))
        if left.ndim != 2 or left.shape[1] < 1:
            raise InvalidInputError(
                f"`survivors` must be one row a cohort, got an array of shape {left.shape}"
            )
        return cls.from_losses(*_losses(left), entry_tenure=entry_tenure)

    @classmethod
    def from_losses(cls, lost: ArrayLike, active: ArrayLike, *, entry_tenure: ArrayLike = 0) -> RenewalCounts:
        """Counts of the customers of one or more cohorts who were lost at each renewal, and who were not.

        Parameters
        ----------
        lost : array_like of shape (n_periods,) or (n_cohorts, n_periods)
            Customers lost at the first renewal of observation, the second, and so on: whole numbers, 0 or
            more. NaN where a cohort was not observed so long.
        active : array_like of shape () or (n_cohorts,)
            Customers still there after the last renewal that was observed of their cohort.
        entry_tenure : array_like, default 0
            Renewals that each cohort had made at the start of observation.

        Returns
        -------
        RenewalCounts
            Distinct tenures with their numbers of customers.

        Raises
        ------
        InvalidInputError
            If a count is a fraction, as percentages are, or negative; a cohort has a gap; or there are no
            customers.

        Examples
        --------
        >>> RenewalCounts.from_losses([369, 163, 86], 382).n_customers
        1000.0
        """
        losses = np.atleast_2d(as_floats("lost", lost))
        observed = ~np.isnan(losses)
        _check_counts("lost", losses[observed])
        if (observed[:, 1:] & ~observed[:, :-1]).any():
            raise InvalidInputError("`lost` must be observed without a gap, got NaN before a count")
        cohorts = losses.shape[0]
        stayed = _per_cohort("active", active, cohorts)
        entry = _per_cohort("entry_tenure", entry_tenure, cohorts)
        row, period = np.nonzero(observed)
        tenure = np.concatenate([entry[row] + period + 1.0, entry + observed.sum(axis=1)])
        is_lost = np.concatenate([np.ones(row.size), np.zeros(cohorts)])
        weight = np.concatenate([losses[observed], stayed])
        if not weight.any():
            raise InvalidInputError("`lost` and `active` must count at least one customer, got none")
        (tenure, is_lost, entry), total = count_rows(
            tenure, is_lost, np.concatenate([entry[row], entry]), weights=weight
        )
        kept = total > 0
        return cls(tenure[kept], is_lost[kept] > 0, entry[kept], total[kept])


def _losses(left: FloatArray) -> tuple[FloatArray, FloatArray]:
    observed = ~np.isnan(left)
    _check_counts("survivors", left[observed])
    if not observed[:, 0].all() or (observed[:, 1:] & ~observed[:, :-1]).any():
        raise InvalidInputError(
            "`survivors` must be observed from the start without a gap, got NaN before a count"
        )
    losses = left[:, :-1] - left[:, 1:]
    rising = np.flatnonzero(losses.ravel() < 0)
    if rising.size:
        row, column = divmod(int(rising[0]), losses.shape[1])
        raise InvalidInputError(
            f"`survivors` must not rise, got {left[row, column + 1]:g} after {left[row, column]:g} in cohort "
            f"{row} at renewal {column + 1}; customers who came back belong to another analysis"
        )
    last = observed.sum(axis=1) - 1
    return losses, left[np.arange(left.shape[0]), last]


def _check_counts(name: str, counts: FloatArray) -> None:
    check_array(name, counts, minimum=0.0, whole=True, remedy=_COUNT_REMEDY)


def _per_cohort(name: str, values: ArrayLike, n_cohorts: int) -> FloatArray:
    array = check_array(name, values, minimum=0.0, whole=True, remedy=_COUNT_REMEDY)
    if array.shape not in {(), (n_cohorts,)}:
        raise InvalidInputError(
            f"`{name}` must be one number a cohort, got shape {array.shape} for {n_cohorts} cohorts"
        )
    return np.broadcast_to(array, (n_cohorts,)).astype(np.float64)

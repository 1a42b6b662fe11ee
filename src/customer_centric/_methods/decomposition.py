"""What a change of an average is made of: other shares of groups, or other values within them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import ArrayLike

from customer_centric._core.checks import as_floats, check_array, raise_broken
from customer_centric.errors import InvalidInputError
from customer_centric.typing import BoolArray, FloatArray

__all__ = ["ChangeDecomposition", "decompose_change"]

# How far a sum of rounded shares may be from 1.
_TOLERANCE: Final = 1e-6


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class ChangeDecomposition:
    """A change of an average in two parts that add up: what the shares did, and what the values did.

    Parameters
    ----------
    total : float
        Average after less average before, in the unit of the values; `mix + rate`.
    mix : float
        The part that comes from other shares of the groups.
    rate : float
        The part that comes from other values within the groups.
    group_mix, group_rate : ndarray of shape (n_groups,)
        What each group adds to the two parts. A group adds to `mix` where its share grows and it is better
        than the average, or its share shrinks and it is worse.
    one_sided : ndarray of bool of shape (n_groups,)
        Groups without a value on one side. All that they change is mix: nothing is known of how their
        value moved.
    """

    total: float
    mix: float
    rate: float
    group_mix: FloatArray
    group_rate: FloatArray
    one_sided: BoolArray

    def __str__(self) -> str:
        text = f"total {self.total:+.4g} = mix {self.mix:+.4g} + rate {self.rate:+.4g}"
        count = int(self.one_sided.sum())
        return f"{text}; {count} of {self.one_sided.size} groups on one side only" if count else text


def decompose_change(
    shares_before: ArrayLike, values_before: ArrayLike, shares_after: ArrayLike, values_after: ArrayLike
) -> ChangeDecomposition:
    r"""How much of a change of an average comes from the mix of groups, and how much from within them.

    Parameters
    ----------
    shares_before, shares_after : array_like of shape (n_groups,)
        Share of each group, 0 or more, summing to 1. 0 where a group is absent.
    values_before, values_after : array_like of shape (n_groups,)
        Rate, score or mean of each group. NaN only where the share is 0.

    Returns
    -------
    ChangeDecomposition
        `total`, `mix` and `rate` in the unit of the values, and what each group adds. A group without a
        value on one side is taken to have had the other side's: its whole effect is mix.

    Raises
    ------
    InvalidInputError
        If shares are negative or do not sum to 1, a group that has a share has no value, or the lengths
        differ.

    Notes
    -----
    With shares \(w\) and values \(r\) before (0) and after (1),

    \[ \underbrace{\sum_g (w_{1g} - w_{0g})\,\frac{r_{0g} + r_{1g}}{2}}_{\text{mix}} +
       \underbrace{\sum_g (r_{1g} - r_{0g})\,\frac{w_{0g} + w_{1g}}{2}}_{\text{rate}}
       = \sum_g w_{1g} r_{1g} - \sum_g w_{0g} r_{0g} . \]

    Nothing is left over, and exchanging before and after changes nothing but signs. The parts of `mix` by
    group are measured from the mean of the two averages; as shares sum to 1, that leaves their sum.

    References
    ----------
    Kitagawa, E. M. (1955), Components of a difference between two rates. Journal of the American
    Statistical Association 50(272). [doi:10.2307/2281213](https://doi.org/10.2307/2281213).

    Examples
    --------
    Churn fell in both segments, and rose in all: customers moved to the segment that leaves more.

    >>> change = decompose_change([0.6, 0.4], [0.10, 0.30], [0.4, 0.6], [0.09, 0.28])
    >>> print(change)
    total +0.024 = mix +0.039 + rate -0.015
    """
    w0, r0, one0 = _side("before", shares_before, values_before)
    w1, r1, one1 = _side("after", shares_after, values_after)
    if w0.shape != w1.shape:
        raise InvalidInputError(
            f"before and after must have the same groups, got {w0.size} and {w1.size}; give a group that is "
            "absent a share of 0 and a value of NaN"
        )
    nowhere = one0 & one1
    r0, r1 = np.where(nowhere, 0.0, np.where(one0, r1, r0)), np.where(nowhere, 0.0, np.where(one1, r0, r1))
    middle = 0.5 * (r0 + r1)
    average = 0.5 * (w0 @ r0 + w1 @ r1)
    group_mix = (w1 - w0) * (middle - average)
    group_rate = (r1 - r0) * 0.5 * (w0 + w1)
    mix, rate = float(group_mix.sum()), float(group_rate.sum())
    return ChangeDecomposition(
        total=mix + rate,
        mix=mix,
        rate=rate,
        group_mix=group_mix,
        group_rate=group_rate,
        one_sided=one0 | one1,
    )


def _side(side: str, shares: ArrayLike, values: ArrayLike) -> tuple[FloatArray, FloatArray, BoolArray]:
    """Shares, values, and where there is no value."""
    w = check_array(f"shares_{side}", shares, minimum=0.0)
    r = as_floats(f"values_{side}", values)
    if w.ndim != 1 or r.shape != w.shape or not w.size:
        raise InvalidInputError(
            f"`shares_{side}` and `values_{side}` must have one number a group, got shapes {w.shape} and "
            f"{r.shape}"
        )
    if abs(w.sum() - 1.0) > _TOLERANCE:
        raise InvalidInputError(
            f"`shares_{side}` must sum to 1, got a sum of {w.sum():g}; divide counts by their sum"
        )
    rule = "a finite number for each group that has a share"
    raise_broken(f"values_{side}", rule, r, np.isinf(r) | (np.isnan(r) & (w > 0)))
    return w, r, np.isnan(r)

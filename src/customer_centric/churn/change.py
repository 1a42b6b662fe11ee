"""Why churn changed: other customers, or customers who leave otherwise."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Generic

import numpy as np
from numpy.typing import NDArray

from customer_centric._core.checks import check_confidence_level
from customer_centric._core.frames import Key, Tally, engine_of
from customer_centric._core.frames.tally_groups import TwoSides, by_keys, groups_of, match_groups
from customer_centric._core.tabulate import sum_by
from customer_centric._methods.decomposition import ChangeDecomposition, decompose_change
from customer_centric._methods.decomposition_errors import (
    GroupedSide,
    PartVariances,
    part_variances,
    ratio,
)
from customer_centric.churn._change_counts import count_customers
from customer_centric.churn._dimension_mix import dimension_mix, group_codes
from customer_centric.errors import InvalidInputError
from customer_centric.intervals import Interval, garwood_interval, mover_interval, wilson_interval
from customer_centric.intervals.normal import normal_quantile
from customer_centric.typing import FloatArray, FrameT, IntArray

__all__ = ["ChurnChange", "decompose_churn_change"]

# Losses, and for shares as many customers who stayed, added to each period and spread over its groups: none
# seen is not none possible. So many, because then 0 against 0 is as unsure as Wilson and Garwood say.
_ADDED_LOSSES: Final = 2.0
# Every further dimension doubles the number of tables.
_MOST_DIMENSIONS: Final = 6


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class ChurnChange(Generic[FrameT]):
    """A change of churn in two parts that add up.

    Parameters
    ----------
    total : float
        Churn after less churn before: a difference of shares, or of rates where there is an exposure;
        `mix + rate`.
    total_interval : Interval
        Its bounds.
    mix : float
        The part that comes from who the customers are: other shares of the groups.
    mix_interval : Interval
        Its bounds.
    rate : float
        The part that comes from how they leave: other churn within the groups.
    rate_interval : Interval
        Its bounds.
    churn_before, churn_after : float
        Customers lost over customers, or over their exposure.
    lost_before, lost_after : int
        Customers lost.
    n_before, n_after : int
        Customers.
    n_groups, n_one_sided : int
        Groups with customers, and those that have them on one side only: all that they change is mix.
    dimension_mix : mapping from str to float
        What each column of `by` adds to `mix`, whatever the order in which they are looked at: they add up
        to it.
    dimension_intervals : mapping from str to Interval
        Their bounds.
    frame : data frame
        One row a group, of the kind that was given: the columns of `by`; `n_before`, `n_after`,
        `lost_before`, `lost_after`; `share_before`, `share_after` of the customers or their exposure;
        `churn_before`, `churn_after`, missing where there was nobody; `mix`, `mix_lower`, `mix_upper`,
        `rate`, `rate_lower`, `rate_upper`. A group on one side has a rate of 0 without bounds: how its churn
        moved was not seen.
    """

    total: float
    total_interval: Interval
    mix: float
    mix_interval: Interval
    rate: float
    rate_interval: Interval
    churn_before: float
    churn_after: float
    lost_before: int
    lost_after: int
    n_before: int
    n_after: int
    n_groups: int
    n_one_sided: int
    dimension_mix: Mapping[str, float]
    dimension_intervals: Mapping[str, Interval]
    frame: FrameT

    def __str__(self) -> str:
        def part(value: float, bounds: Interval) -> str:
            return f"{value:+.4f} ({bounds.lower:+.4f} to {bounds.upper:+.4f})"

        text = (
            f"churn {self.churn_before:.4f} to {self.churn_after:.4f}: "
            f"{part(self.total, self.total_interval)} = mix {part(self.mix, self.mix_interval)} + rate "
            f"{part(self.rate, self.rate_interval)}, {100 * self.total_interval.confidence_level:g} % "
            f"intervals, {self.n_before:,} and {self.n_after:,} customers in {self.n_groups:,} groups"
        )
        return text + (f", {self.n_one_sided:,} of them on one side only" if self.n_one_sided else "")

    def _repr_html_(self) -> str:
        return f"<p>{self}</p>"


def decompose_churn_change(
    before: FrameT,
    after: FrameT,
    *,
    by: str | Sequence[str],
    lost: str,
    exposure: str | None = None,
    confidence_level: float = 0.95,
) -> ChurnChange[FrameT]:
    r"""How much of a change of churn comes from who the customers are, and how much from how they leave.

    Parameters
    ----------
    before, after : data frame
        The customers of two periods, one row a customer: pandas, Polars (eager or lazy), PyArrow or DuckDB,
        both of one kind.
    by : str or sequence of str
        Columns that name the groups, in both, at most six: text, whole numbers or categories; none missing.
        Of several columns every combination is a group.
    lost : str
        Column that says, by 1 or true, who was lost in the period; none missing.
    exposure : str, optional
        Column of the part of the period that each customer was there, 0 or more: 0.5 for half a year of one.
        With it churn is a rate, lost over exposure; without it, the share of the customers who were lost.
    confidence_level : float, default 0.95
        Nominal coverage of the intervals, strictly between 0 and 1.

    Returns
    -------
    ChurnChange
        Total, mix and rate, each with its interval; mix by dimension; all of it by group.

    Raises
    ------
    MissingColumnError
        If a column is not in one of the frames.
    InvalidInputError
        If there are no customers on a side, the frames are of two kinds, there are more than six dimensions,
        or a value breaks a rule.

    Notes
    -----
    With shares \(w\) of the customers (or their exposure) and churn \(r\) of the groups before (0) and
    after (1),

    \[ \text{mix} = \sum_g (w_{1g} - w_{0g})\,\frac{r_{0g} + r_{1g}}{2}, \qquad
       \text{rate} = \sum_g (r_{1g} - r_{0g})\,\frac{w_{0g} + w_{1g}}{2} . \]

    Nothing is left over, and exchanging before and after changes nothing but signs. Of several dimensions
    \(D\), let \(v(S)\) be the mix when customers are grouped by the columns \(S\) only. Dimension \(d\) adds

    \[ \phi_d = \sum_{S \subseteq D \setminus \{d\}} \frac{|S|!\,(|D| - |S| - 1)!}{|D|!}
       \bigl( v(S \cup \{d\}) - v(S) \bigr) , \]

    its mean over all orders in which the dimensions can be looked at, and \(\sum_d \phi_d\) is the mix.

    Intervals are by the delta method, customers drawn independently: shares are multinomial, losses within
    groups binomial (with an exposure: Poisson). Two losses are added to each period, spread over its groups
    (for shares as many who stayed), so that groups that nobody left do not look sure. The interval of the
    total is that of a difference of two independent shares (Wilson's) or rates (Garwood's).

    References
    ----------
    Kitagawa, E. M. (1955), Components of a difference between two rates. Journal of the American
    Statistical Association 50(272). [doi:10.2307/2281213](https://doi.org/10.2307/2281213).

    Shorrocks, A. F. (2013), Decomposition procedures for distributional analysis: a unified framework based
    on the Shapley value. Journal of Economic Inequality 11.
    [doi:10.1007/s10888-011-9214-z](https://doi.org/10.1007/s10888-011-9214-z).

    Examples
    --------
    Churn fell in both segments, and rose in all: customers moved to the segment that leaves more.

    >>> import pandas as pd
    >>> def customers(size, lost):
    ...     plan = ["annual"] * size[0] + ["monthly"] * size[1]
    ...     left = [i < lost[0] for i in range(size[0])] + [i < lost[1] for i in range(size[1])]
    ...     return pd.DataFrame({"plan": plan, "lost": left})
    >>> change = decompose_churn_change(
    ...     customers((600, 400), (60, 120)),
    ...     customers((400, 600), (36, 168)),
    ...     by="plan",
    ...     lost="lost",
    ... )
    >>> round(change.total, 3), round(change.mix, 3), round(change.rate, 3)
    (0.024, 0.039, -0.015)
    """
    check_confidence_level(confidence_level)
    keys = _dimensions(by)
    matched, sides = _read(before, after, keys, lost, exposure)
    parts = decompose_change(sides[0].share, sides[0].value, sides[1].share, sides[1].value)
    within = _within(sides, exposure)
    errors = part_variances(sides, within)
    z = normal_quantile(confidence_level)
    shares, variances = dimension_mix(sides, within, group_codes(matched.names, len(keys)))
    return ChurnChange(
        total=parts.total,
        total_interval=_total_interval(sides, exposure, confidence_level),
        mix=parts.mix,
        mix_interval=_around(parts.mix, errors.mix, z, confidence_level),
        rate=parts.rate,
        rate_interval=_around(parts.rate, errors.rate, z, confidence_level),
        churn_before=sides[0].average,
        churn_after=sides[1].average,
        lost_before=round(_lost(sides[0]).sum()),
        lost_after=round(_lost(sides[1]).sum()),
        n_before=int(sides[0].n.sum()),
        n_after=int(sides[1].n.sum()),
        n_groups=matched.n_groups,
        n_one_sided=int(parts.one_sided.sum()),
        dimension_mix={key.column: float(share) for key, share in zip(keys, shares, strict=True)},
        dimension_intervals={
            key.column: _around(float(share), float(variance), z, confidence_level)
            for key, share, variance in zip(keys, shares, variances, strict=True)
        },
        frame=matched.frame(_columns(sides, parts, errors, z)),
    )


def _dimensions(by: str | Sequence[str]) -> list[Key]:
    keys = by_keys(by, None)
    columns = [key.column for key in keys]
    if not 1 <= len(columns) <= _MOST_DIMENSIONS or len(set(columns)) < len(columns):
        raise InvalidInputError(
            f"`by` must be one to {_MOST_DIMENSIONS} different columns, got {columns}; join columns that "
            "belong together into one"
        )
    return keys


def _read(
    before: FrameT, after: FrameT, keys: Sequence[Key], lost: str, exposure: str | None
) -> tuple[TwoSides[FrameT], list[GroupedSide]]:
    """The groups of either period, and what they hold in each."""
    engines = engine_of("before", before), engine_of("after", after)
    if engines[0] != engines[1]:
        raise InvalidInputError(
            f"`before` and `after` must be frames of one kind, got {engines[0]} and {engines[1]}; convert one"
        )
    counted = [
        count_customers(name, frame, keys, lost, exposure)
        for name, frame in (("before", before), ("after", after))
    ]
    grouped = [groups_of(cells, len(keys)) for cells in counted]
    matched = match_groups((counted[0], counted[1]), (grouped[0][0], grouped[1][0]))
    sides = [
        _side(cells, place[of_cell], matched.n_groups, exposure)
        for cells, (_, of_cell, _), place in zip(counted, grouped, matched.places, strict=True)
    ]
    return matched, sides


def _side(cells: Tally[Any], group: IntArray, n_groups: int, exposure: str | None) -> GroupedSide:
    weight = sum_by(group, cells.weight, n_groups)
    lost = sum_by(group, cells.n * cells.rating, n_groups)
    if exposure is not None and (lost[weight == 0] > 0).any():
        raise InvalidInputError(
            f"`exposure` (column {exposure!r}) must be greater than 0 in a group that lost customers, got 0; "
            "count the time until they left"
        )
    churn = ratio(lost, weight, nothing=np.nan)
    return GroupedSide(
        n=sum_by(group, cells.n, n_groups),
        weight=weight,
        squared_weight=sum_by(group, cells.squared_weight, n_groups),
        value=churn,
        spread=np.nan_to_num(churn * (1.0 - churn)),
    )


def _lost(side: GroupedSide) -> FloatArray:
    return np.nan_to_num(side.value) * side.weight


def _within(sides: list[GroupedSide], exposure: str | None) -> list[FloatArray]:
    """Variance of the churn of each group and side; 0 where there is nobody."""
    variances: list[FloatArray] = []
    for side in sides:
        added = _ADDED_LOSSES * side.share
        if exposure is None:
            size = side.weight + 2.0 * added
            share = ratio(_lost(side) + added, size)
            variances.append(ratio(share * (1.0 - share), side.weight))
        else:
            variances.append(ratio(_lost(side) + added, side.weight**2))
    return variances


def _total_interval(sides: list[GroupedSide], exposure: str | None, confidence_level: float) -> Interval:
    """The interval of the difference of two independent shares, or rates."""
    lost = np.array([round(_lost(side).sum()) for side in sides[::-1]])
    size = np.array([side.weight.sum() for side in sides[::-1]])
    if exposure is None:
        lower, upper = wilson_interval(lost, size, confidence_level=confidence_level)
    else:
        lower, upper = garwood_interval(lost, exposure=size, confidence_level=confidence_level)
    bounds = mover_interval(lost / size, lower, upper)
    return Interval(float(bounds[0]), float(bounds[1]), confidence_level)


def _around(estimate: float, variance: float, z: float, confidence_level: float) -> Interval:
    reach = z * math.sqrt(variance)
    return Interval(estimate - reach, estimate + reach, confidence_level)


def _columns(
    sides: list[GroupedSide], parts: ChangeDecomposition, errors: PartVariances, z: float
) -> dict[str, NDArray[Any]]:
    columns: dict[str, NDArray[Any]] = {
        "n_before": sides[0].n.astype(np.int64),
        "n_after": sides[1].n.astype(np.int64),
        "lost_before": np.rint(_lost(sides[0])).astype(np.int64),
        "lost_after": np.rint(_lost(sides[1])).astype(np.int64),
        "share_before": sides[0].share,
        "share_after": sides[1].share,
        "churn_before": sides[0].value,
        "churn_after": sides[1].value,
    }
    for name, value, variance in (
        ("mix", parts.group_mix, errors.group_mix),
        ("rate", parts.group_rate, errors.group_rate),
    ):
        reach = z * np.sqrt(variance)
        if name == "rate":
            # How churn moved that was seen once is not known.
            reach = np.where(parts.one_sided, np.nan, reach)
        columns[name] = value
        columns[f"{name}_lower"] = value - reach
        columns[f"{name}_upper"] = value + reach
    return columns

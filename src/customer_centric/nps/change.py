"""Why a score changed: other people answered, or people answered otherwise."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, Generic

import numpy as np
from numpy.typing import NDArray

from customer_centric._core.checks import check_confidence_level
from customer_centric._core.frames import Key, Tally, engine_of, open_frame, tally
from customer_centric._core.frames.tally_groups import by_keys, match_groups
from customer_centric._core.ratings import Invalid
from customer_centric._core.tabulate import sum_by
from customer_centric._core.words import as_html, counted
from customer_centric._methods.decomposition import ChangeDecomposition, decompose_change
from customer_centric._methods.decomposition_errors import (
    GroupedSide,
    PartVariances,
    part_variances,
    ratio,
    within_variances,
)
from customer_centric._methods.survey_design import Answers
from customer_centric.errors import InvalidInputError
from customer_centric.intervals import Interval, mover_interval
from customer_centric.intervals.normal import normal_quantile
from customer_centric.nps._estimates import net_shares
from customer_centric.nps._ranks import adjusted_scores
from customer_centric.nps._tallied import GroupedAnswers, group_answers
from customer_centric.nps.comparison import check_power, detectable_effect
from customer_centric.nps.scale import NPS_SCALE, RatingScale, check_scale
from customer_centric.typing import FrameT, IntArray

__all__ = ["ChangeDecomposition", "NpsChange", "decompose_change", "decompose_nps_change"]

# What the variance within a group is worth before any answer is seen: as many answers as the adjusted
# Wald interval adds, and their variance.
_PRIOR_ANSWERS: Final = 3.0
_PRIOR_VARIANCE: Final = 0.5


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class NpsChange(Generic[FrameT]):
    """A change of the Net Promoter Score in two parts that add up.

    Parameters
    ----------
    total : float
        Score after less score before, in points; `mix + rate`.
    total_interval : Interval
        Bounds of the change, those of `compare_nps`.
    detectable : float
        Smallest true change of the score, in points, that such surveys find with probability `power`.
    power : float
        The probability that `detectable` is for.
    mix : float
        The part, in points, that comes from who answered: other shares of the groups.
    mix_interval : Interval
        Its bounds.
    rate : float
        The part, in points, that comes from how they answered: other scores within the groups.
    rate_interval : Interval
        Its bounds.
    score_before, score_after : float
        The scores, in points.
    n_before, n_after : int
        Answers, not weighted.
    n_groups, n_one_sided : int
        Groups with answers, and those that have them on one side only: all that they change is mix.
    n_missing, n_invalid : int
        Rows of both without an answer, and with one that is not on the scale.
    frame : data frame
        One row a group, of the kind that was given: the columns of `by`; `n_before`, `n_after`;
        `share_before`, `share_after`; `score_before`, `score_after` in points, missing where nobody
        answered; `mix`, `mix_lower`, `mix_upper`, `rate`, `rate_lower`, `rate_upper` in points. A group on
        one side has a rate of 0 without bounds: how its score moved was not seen.
    """

    total: float
    total_interval: Interval
    detectable: float
    power: float
    mix: float
    mix_interval: Interval
    rate: float
    rate_interval: Interval
    score_before: float
    score_after: float
    n_before: int
    n_after: int
    n_groups: int
    n_one_sided: int
    n_missing: int
    n_invalid: int
    frame: FrameT

    def __str__(self) -> str:
        def part(value: float, bounds: Interval) -> str:
            return f"{value:+.1f} ({bounds.lower:+.1f} to {bounds.upper:+.1f})"

        text = (
            f"NPS {self.score_before:.1f} to {self.score_after:.1f}: {part(self.total, self.total_interval)} "
            f"= mix {part(self.mix, self.mix_interval)} + rate {part(self.rate, self.rate_interval)} points, "
            f"{100 * self.total_interval.confidence_level:g} % intervals, {self.n_before:,} and "
            f"{counted(self.n_after, 'answer')} in {counted(self.n_groups, 'group')}"
        )
        one_sided = f", {self.n_one_sided:,} of them on one side only" if self.n_one_sided else ""
        reach = f"; smallest change found with {100 * self.power:g} % power: {self.detectable:.1f} points"
        return text + one_sided + reach

    def _repr_html_(self) -> str:
        return as_html(self, frame=self.frame)


def decompose_nps_change(
    before: FrameT,
    after: FrameT,
    *,
    by: str | Sequence[str],
    rating: str,
    weight: str | None = None,
    scale: RatingScale = NPS_SCALE,
    invalid: Invalid = "raise",
    confidence_level: float = 0.95,
    power: float = 0.8,
) -> NpsChange[FrameT]:
    r"""How much of a change of the score comes from who answered, and how much from how they answered.

    Parameters
    ----------
    before, after : data frame
        Two surveys of different people, one row an answer: pandas, Polars (eager or lazy), PyArrow or
        DuckDB, both of one kind.
    by : str or sequence of str
        Columns that name the groups, in both: text, whole numbers or categories; none missing.
    rating : str
        Column of answers, in both: whole numbers on the scale. Missing ones are left out and counted.
    weight : str, optional
        Column of how many customers each answer stands for, in both: finite, 0 or more.
    scale : RatingScale, default 0 to 10
        The answers that the question allows, and where the classes end.
    invalid : {"raise", "missing"}, default "raise"
        What happens to answers off the scale: an error, or they are left out and counted.
    confidence_level : float, default 0.95
        Nominal coverage of the intervals, strictly between 0 and 1.
    power : float, default 0.8
        Probability with which `detectable` is to be found, strictly between 0 and 1.

    Returns
    -------
    NpsChange
        Total, mix and rate in points, each with its interval, and the same by group.

    Raises
    ------
    MissingColumnError
        If a column is not in one of the frames.
    InvalidInputError
        If nobody answered on a side, the frames are of two kinds, or a value breaks a rule.

    Notes
    -----
    With shares \(w\) and scores \(r\) of the groups before (0) and after (1),
    \(\bar r_g = (r_{0g} + r_{1g}) / 2\) and \(\bar w_g = (w_{0g} + w_{1g}) / 2\),

    \[ \text{mix} = \sum_g (w_{1g} - w_{0g})\,\bar r_g, \qquad
       \text{rate} = \sum_g (r_{1g} - r_{0g})\,\bar w_g . \]

    Shares are multinomial and scores vary within their groups, independently, so

    \[ \operatorname{Var}(\text{mix}) \approx
       \sum_{s = 0, 1} \operatorname{Var}\Bigl(\sum_g \bar r_g w_{sg}\Bigr)
       + \sum_g \bigl\{ (w_{1g} - w_{0g})^2 + \operatorname{Var}(w_{1g} - w_{0g}) \bigr\}
         \operatorname{Var}(\bar r_g) , \]

    \[ \operatorname{Var}(\text{rate}) \approx
       \sum_{s = 0, 1} \operatorname{Var}\Bigl(\sum_g \tfrac{1}{2} (r_{1g} - r_{0g})\, w_{sg}\Bigr)
       + \sum_g \bar w_g^2 \operatorname{Var}(r_{1g} - r_{0g}) . \]

    The variance within a group is drawn towards that of all groups by the weight of 3 answers, so that
    unanimous groups do not look sure; with weights, answers count as Kish's effective number. The interval
    of the total is that of `compare_nps`.

    References
    ----------
    Kitagawa, E. M. (1955), Components of a difference between two rates. Journal of the American
    Statistical Association 50(272). [doi:10.2307/2281213](https://doi.org/10.2307/2281213).

    Examples
    --------
    >>> import pandas as pd
    >>> before = pd.DataFrame(
    ...     {"plan": ["pro"] * 6 + ["free"] * 4, "answer": [10, 9, 9, 8, 10, 7, 5, 7, 9, 6]}
    ... )
    >>> after = pd.DataFrame(
    ...     {"plan": ["pro"] * 3 + ["free"] * 7, "answer": [10, 9, 9, 9, 7, 6, 7, 5, 8, 4]}
    ... )
    >>> change = decompose_nps_change(before, after, by="plan", rating="answer")
    >>> round(change.total, 1), round(change.mix, 1), round(change.rate, 1)
    (-20.0, -33.0, 13.0)
    """
    check_scale(scale)
    check_confidence_level(confidence_level)
    check_power(power)
    _check_same_kind(before, after)
    keys = by_keys(by, None)
    counted = [
        _count(name, frame, keys, rating, weight, scale, invalid)
        for name, frame in (("before", before), ("after", after))
    ]
    grouped = [group_answers(cells, scale, n_by=len(keys), clustered=False) for cells in counted]
    matched = match_groups((counted[0], counted[1]), (grouped[0].codes, grouped[1].codes))
    sides = [
        _side(name, group.answers, place, matched.n_groups)
        for name, group, place in zip(("before", "after"), grouped, matched.places, strict=True)
    ]
    parts = decompose_change(sides[0].share, sides[0].value, sides[1].share, sides[1].value)
    within = within_variances(sides, prior_rows=_PRIOR_ANSWERS, prior_variance=_PRIOR_VARIANCE)
    errors = part_variances(sides, within)
    interval, error = _total_change(grouped, confidence_level)
    z = normal_quantile(confidence_level)
    return NpsChange(
        total=100.0 * parts.total,
        total_interval=interval,
        detectable=detectable_effect(error, confidence_level, power),
        power=power,
        mix=100.0 * parts.mix,
        mix_interval=_around(parts.mix, z * math.sqrt(errors.mix), confidence_level),
        rate=100.0 * parts.rate,
        rate_interval=_around(parts.rate, z * math.sqrt(errors.rate), confidence_level),
        score_before=100.0 * sides[0].average,
        score_after=100.0 * sides[1].average,
        n_before=int(sides[0].n.sum()),
        n_after=int(sides[1].n.sum()),
        n_groups=int(((sides[0].weight > 0) | (sides[1].weight > 0)).sum()),
        n_one_sided=int(((sides[0].weight > 0) != (sides[1].weight > 0)).sum()),
        n_missing=sum(cells.n_missing for cells in counted),
        n_invalid=sum(cells.n_invalid for cells in counted),
        frame=matched.frame(_columns(sides, parts, errors, z)),
    )


def _check_same_kind(before: object, after: object) -> None:
    engines = engine_of("before", before), engine_of("after", after)
    if engines[0] != engines[1]:
        raise InvalidInputError(
            f"`before` and `after` must be frames of one kind, got {engines[0]} and {engines[1]}; convert one"
        )


def _count(
    name: str,
    frame: FrameT,
    keys: Sequence[Key],
    rating: str,
    weight: str | None,
    scale: RatingScale,
    invalid: Invalid,
) -> Tally[FrameT]:
    return tally(
        open_frame(name, frame),
        keys=keys,
        rating=rating,
        minimum=scale.minimum,
        maximum=scale.maximum,
        invalid=invalid,
        weight=weight,
    )


def _side(name: str, answers: Answers, place: IntArray, n_groups: int) -> GroupedSide:
    weight = sum_by(place[answers.group], answers.weight, n_groups)
    if not weight.any():
        raise InvalidInputError(
            f"`{name}` must have at least one answer with a weight greater than 0, got none"
        )
    group = place[answers.group]
    net = ratio(sum_by(group, answers.weight * answers.value, n_groups), weight, nothing=np.nan)
    away = answers.value - np.nan_to_num(net)[group]
    return GroupedSide(
        n=sum_by(group, answers.n, n_groups),
        weight=weight,
        squared_weight=sum_by(group, answers.squared_weight, n_groups),
        value=net,
        spread=ratio(sum_by(group, answers.weight * away**2, n_groups), weight),
    )


def _total_change(grouped: list[GroupedAnswers], confidence_level: float) -> tuple[Interval, float]:
    """Interval of the difference of two independent scores and error of its test, in points."""
    before, after = (
        net_shares(group.everybody(), method="score", confidence_level=confidence_level) for group in grouped
    )
    lower, upper = mover_interval(
        np.array([after.net, before.net]),
        np.array([after.lower, before.lower]),
        np.array([after.upper, before.upper]),
    )
    adjusted = [adjusted_scores(side.promoters, side.detractors, side.interval_n) for side in (before, after)]
    error = math.sqrt(sum(float(side.variance[0]) for side in adjusted))
    return Interval(100.0 * float(lower[0]), 100.0 * float(upper[0]), confidence_level), 100.0 * error


def _around(estimate: float, reach: float, confidence_level: float) -> Interval:
    return Interval(100.0 * (estimate - reach), 100.0 * (estimate + reach), confidence_level)


def _columns(
    sides: list[GroupedSide], parts: ChangeDecomposition, errors: PartVariances, z: float
) -> dict[str, NDArray[Any]]:
    columns: dict[str, NDArray[Any]] = {
        "n_before": sides[0].n.astype(np.int64),
        "n_after": sides[1].n.astype(np.int64),
        "share_before": sides[0].share,
        "share_after": sides[1].share,
        "score_before": 100.0 * sides[0].value,
        "score_after": 100.0 * sides[1].value,
    }
    for name, value, variance in (
        ("mix", parts.group_mix, errors.group_mix),
        ("rate", parts.group_rate, errors.group_rate),
    ):
        reach = z * np.sqrt(variance)
        if name == "rate":
            # How a score moved that was seen once is not known.
            reach = np.where(parts.one_sided, np.nan, reach)
        columns[name] = 100.0 * value
        columns[f"{name}_lower"] = 100.0 * (value - reach)
        columns[f"{name}_upper"] = 100.0 * (value + reach)
    return columns

"""How much work a step takes, for all who try it; and what customers say about it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from customer_centric._core.checks import as_floats, check_array, check_confidence_level, raise_broken
from customer_centric._core.words import as_html, counted
from customer_centric._methods.survival import KaplanMeier, kaplan_meier
from customer_centric.errors import InvalidInputError
from customer_centric.intervals import (
    Interval,
    bootstrap_interval,
    multinomial_score_interval,
    wilson_interval,
)
from customer_centric.journey.funnel import check_subset, step_codes
from customer_centric.journey.journeys import LEFT_TRUNCATED, Journeys
from customer_centric.typing import BoolArray, FloatArray, IntArray

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["EffortCalibration", "EffortPerStep", "calibrate_effort", "effort_per_step"]


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class EffortPerStep:
    """Interactions that each step takes until customers advance or leave.

    Parameters
    ----------
    steps : tuple of str
        The touchpoints.
    n, n_advanced, n_left, n_open : ndarray of int of shape (n_steps,)
        Journeys that came to the step; those that went on from it, those whose last visit it was, and those
        that are still there.
    mean, lower, upper : ndarray of shape (n_steps,)
        Mean number of interactions, up to the most that was seen, and its limits.
    median, median_lower, median_upper : ndarray of shape (n_steps,)
        Interactions after which half have advanced or left, and its limits; NaN, and infinite, where that
        was not seen.
    mean_of_advanced : ndarray of shape (n_steps,)
        Mean over those that went on, for comparison: who gave up is not in it.
    confidence_level : float
        Nominal coverage of the limits.
    """

    steps: tuple[str, ...]
    n: IntArray
    n_advanced: IntArray
    n_left: IntArray
    n_open: IntArray
    mean: FloatArray
    lower: FloatArray
    upper: FloatArray
    median: FloatArray
    median_lower: FloatArray
    median_upper: FloatArray
    mean_of_advanced: FloatArray
    confidence_level: float

    def to_frame(self) -> pd.DataFrame:
        """One row a step."""
        import pandas as pd

        return pd.DataFrame(
            {
                "step": list(self.steps),
                "n": self.n,
                "n_advanced": self.n_advanced,
                "n_left": self.n_left,
                "n_open": self.n_open,
                "mean": self.mean,
                "lower": self.lower,
                "upper": self.upper,
                "median": self.median,
                "median_lower": self.median_lower,
                "median_upper": self.median_upper,
                "mean_of_advanced": self.mean_of_advanced,
            }
        )

    def __str__(self) -> str:
        known = np.flatnonzero(~np.isnan(self.mean))
        if not known.size:
            return "effort per step: no journey came to any"
        most = int(known[np.argmax(self.mean[known])])
        return (
            f"most effort at {self.steps[most]}: {self.mean[most]:.2f} interactions "
            f"({100 * self.confidence_level:g} % interval {self.lower[most]:.2f} to {self.upper[most]:.2f}), "
            f"{self.mean_of_advanced[most]:.2f} for those who went on"
        )

    def _repr_html_(self) -> str:
        return as_html(self, frame=self.to_frame())


def effort_per_step(
    journeys: Journeys,
    *,
    steps: Sequence[str] | None = None,
    subset: ArrayLike | None = None,
    confidence_level: float = 0.95,
) -> EffortPerStep:
    r"""Interactions at each step until the customer goes on or gives up.

    Parameters
    ----------
    journeys : Journeys
        From `find_journeys`.
    steps : sequence of str, optional
        Touchpoints to look at; by default all but goals and the ends without one.
    subset : array_like of bool of shape (n_journeys,), optional
        Journeys that count; all by default.
    confidence_level : float, default 0.95
        Nominal coverage of the limits, strictly between 0 and 1.

    Returns
    -------
    EffortPerStep
        Mean and median by step.

    Raises
    ------
    InvalidInputError
        If a step is not in the log or named twice, or `subset` has the wrong shape.

    Notes
    -----
    The interactions of a journey at a step are the events of its first stay there: of visits to it one right
    after another, up to the goal. With \(d_j\) journeys that advance or leave after \(j\) interactions and
    \(n_j\) that have made at least \(j\),

    \[ S(j) = \prod_{l \le j} \Bigl(1 - \frac{d_l}{n_l}\Bigr), \qquad \text{mean} = \sum_{j \ge 0} S(j), \]

    so that open journeys count for what they have done so far. Coming back later is rework, not effort; see
    `rework_rate`. Journeys that began before the log are left out.

    The mean over those who advance makes hard steps look easy: who gave up after ten tries is not in it.

    Examples
    --------
    Two customers need one and two tries; a third gives up after five:

    >>> import pandas as pd
    >>> from customer_centric import find_journeys, prepare_log
    >>> case = ["a", "a"] + ["b"] * 3 + ["c"] * 6
    >>> place = ["card", "purchase", "card", "card", "purchase"] + ["card"] * 5 + ["goodbye"]
    >>> moments = pd.Timestamp("2026-03-01") + pd.to_timedelta(range(11), unit="min")
    >>> events = pd.DataFrame({"case_id": case, "touchpoint": place, "timestamp": moments})
    >>> found = effort_per_step(
    ...     find_journeys(prepare_log(events), goal="purchase", lost="goodbye")
    ... )
    >>> round(float(found.mean[0]), 2), float(found.mean_of_advanced[0])
    (2.67, 1.5)
    """
    level = check_confidence_level(confidence_level)
    kept = check_subset(subset, journeys.n_journeys) & (journeys.status != LEFT_TRUNCATED)
    names = journeys.visits.touchpoints
    ends = {*journeys.goal, *journeys.lost}
    chosen = [name for name in names if name not in ends] if steps is None else list(steps)
    codes = step_codes(journeys, chosen, repeats=False) if chosen or steps is not None else []
    touchpoint, amount, fate = _stays(journeys, kept)
    rows = [_row(amount[touchpoint == code], fate[touchpoint == code], level) for code in codes]
    columns = np.array(rows, dtype=np.float64).reshape(len(codes), 11).T
    counts = columns[:4].astype(np.int64)
    return EffortPerStep(
        steps=tuple(chosen),
        n=counts[0],
        n_advanced=counts[1],
        n_left=counts[2],
        n_open=counts[3],
        mean=columns[4],
        lower=columns[5],
        upper=columns[6],
        median=columns[7],
        median_lower=columns[8],
        median_upper=columns[9],
        mean_of_advanced=columns[10],
        confidence_level=level,
    )


_ADVANCED, _LEFT, _OPEN = range(3)


def _stays(journeys: Journeys, kept: BoolArray) -> tuple[IntArray, FloatArray, IntArray]:
    """Touchpoint, interactions and end of the first stay of each journey at each touchpoint."""
    v = journeys.visits
    if not v.n_visits:
        nothing = np.zeros(0, dtype=np.int64)
        return nothing, np.zeros(0), nothing
    # A farewell is no step: who says so left from the step before.
    rows = np.flatnonzero(~v.after_goal & kept[v.journey] & ~v.codes_of(journeys.lost)[v.touchpoint])
    journey, touchpoint = v.journey[rows].astype(np.int64), v.touchpoint[rows].astype(np.int64)
    new = np.ones(rows.size, dtype=np.bool_)
    new[1:] = (journey[1:] != journey[:-1]) | (touchpoint[1:] != touchpoint[:-1])
    begin = np.flatnonzero(new)
    if not begin.size:
        return begin, np.zeros(0), begin
    amount = np.add.reduceat(v.n_events[rows].astype(np.float64), begin)
    journey, touchpoint = journey[begin], touchpoint[begin]
    last = np.ones(begin.size, dtype=np.bool_)
    last[:-1] = journey[1:] != journey[:-1]
    fate = np.full(begin.size, _ADVANCED)
    fate[last & (journeys.outcome[journey] == 0)] = _LEFT
    fate[last & np.isnan(journeys.outcome[journey])] = _OPEN
    _, first = np.unique(journey * len(v.touchpoints) + touchpoint, return_index=True)
    return touchpoint[first], amount[first], fate[first]


def _row(amount: FloatArray, fate: IntArray, level: float) -> list[float]:
    counts = [float(amount.size), *(float((fate == kind).sum()) for kind in (_ADVANCED, _LEFT, _OPEN))]
    if not amount.size:
        return [*counts, np.nan, 1.0, np.inf, np.nan, 1.0, np.inf, np.nan]
    curve = kaplan_meier(amount, fate != _OPEN, confidence_level=level)
    most = curve.follow_up
    mean, _ = curve.restricted_mean(most)
    low, high = curve.restricted_mean_bounds(most)
    # Beyond what was seen nothing limits the effort of those who are still there.
    if curve.survival[-1] > 0:
        high = np.inf
    advanced = amount[fate == _ADVANCED]
    usual = float(advanced.mean()) if advanced.size else np.nan
    # Nobody takes less than one.
    return [*counts, mean, max(low, 1.0), high, *_median(curve), usual]


def _median(curve: KaplanMeier) -> tuple[float, float, float]:
    """The median, and where the limits of the curve cross a half."""

    def first(values: FloatArray) -> float:
        below = np.flatnonzero(values <= 0.5 * (1 + 1e-12))
        return float(curve.duration[below[0]]) if below.size else np.inf

    middle, last = first(curve.survival), first(curve.upper)
    ended = float(curve.lost.sum())
    # The curve keeps its last limit where nobody is left; that so many end within it rules out a half.
    if curve.survival[-1] == 0 and 0.5**ended <= 0.5 * (1 - curve.confidence_level):
        last = min(last, curve.follow_up)
    return middle if np.isfinite(middle) else np.nan, first(curve.lower), last


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class EffortCalibration:
    """What customers say about the effort of journeys with so many friction units.

    Parameters
    ----------
    units : ndarray of shape (n_knots,)
        Distinct friction units of journeys with an answer, ascending.
    expected : ndarray of shape (n_knots,)
        Answer expected there; never rising with the units.
    n : ndarray of int of shape (n_knots,)
        Answers.
    mean : float
        Answer expected of all journeys, those without an answer included.
    interval : Interval
        Its limits, as far as silent customers answer as others with the same friction would.
    mean_answered : float
        Mean of the answers.
    response_rate : float
        Share of journeys with an answer.
    response_interval : Interval
        Its limits.
    n_journeys, n_answers : int
        Journeys, and answers.
    """

    units: FloatArray
    expected: FloatArray
    n: IntArray
    mean: float
    interval: Interval
    mean_answered: float
    response_rate: float
    response_interval: Interval
    n_journeys: int
    n_answers: int

    def predict(self, units: ArrayLike) -> FloatArray:
        """Answer expected of journeys with so many friction units.

        Parameters
        ----------
        units : array_like
            Friction units, 0 or more.

        Returns
        -------
        ndarray of float64
            Linear between the units seen, constant beyond them.

        Raises
        ------
        InvalidInputError
            If a number is negative or not finite.
        """
        return np.asarray(np.interp(check_array("units", units, minimum=0.0), self.units, self.expected))

    def to_frame(self) -> pd.DataFrame:
        """One row a number of units with an answer."""
        import pandas as pd

        return pd.DataFrame({"units": self.units, "expected": self.expected, "n": self.n})

    def __str__(self) -> str:
        bounds = self.interval
        return (
            f"expected answer {self.mean:.2f} ({100 * bounds.confidence_level:g} % interval "
            f"{bounds.lower:.2f} to {bounds.upper:.2f}) for {counted(self.n_journeys, 'journey')}, "
            f"{self.mean_answered:.2f} among the {100 * self.response_rate:.1f} % that answered"
        )

    def _repr_html_(self) -> str:
        return as_html(self)


def calibrate_effort(
    answers: ArrayLike,
    units: ArrayLike,
    *,
    rng: np.random.Generator,
    scale: tuple[float, float] = (1.0, 7.0),
    n_resamples: int = 500,
    confidence_level: float = 0.95,
) -> EffortCalibration:
    r"""From friction units to the answers that customers give when asked how easy it was.

    Parameters
    ----------
    answers : array_like of shape (n_journeys,)
        Answers on a scale on which more is easier, such as 1 to 7; NaN for journeys without one.
    units : array_like of shape (n_journeys,)
        Friction units of each journey, 0 or more: `units` of `friction_score(..., by="journey")`.
    rng : numpy.random.Generator
        Draws journeys for the interval.
    scale : (float, float), default (1, 7)
        The lowest and the highest answer.
    n_resamples : int, default 500
        Draws, at least 1.
    confidence_level : float, default 0.95
        Nominal coverage of the intervals, strictly between 0 and 1.

    Returns
    -------
    EffortCalibration
        The expected answer by friction units, and over all journeys.

    Raises
    ------
    InvalidInputError
        If nobody answered, an answer is outside the scale, units are missing, or the lengths differ.

    Notes
    -----
    With \(a_i\) the answer and \(H_i\) the units of journey \(i\), the curve \(g\) minimises

    \[ \sum_{i \text{ answered}} (a_i - g(H_i))^2 \quad \text{over all } g \text{ that do not rise.} \]

    Answers never change the weights of signals: those who answer are not like those who do not, and what
    customers say is there to be compared with the score.

    References
    ----------
    Barlow, R. E., Bartholomew, D. J., Bremner, J. M. and Brunk, H. D. (1972), Statistical inference under
    order restrictions. Wiley.

    Examples
    --------
    >>> import numpy as np
    >>> answers = [7, 6, 7, 4, np.nan, 2, np.nan, np.nan]
    >>> units = [0.0, 0.1, 0.2, 0.5, 0.5, 1.0, 1.5, 2.0]
    >>> found = calibrate_effort(answers, units, rng=np.random.default_rng(1))
    >>> found.expected.tolist(), found.mean
    ([7.0, 6.5, 6.5, 4.0, 2.0], 4.25)
    """
    level = check_confidence_level(confidence_level)
    given, amount, there = _answers(answers, units, scale)
    knots, place, n = np.unique(amount[there], return_inverse=True, return_counts=True)

    def mean_over(weight: FloatArray) -> float:
        return float(
            weight @ np.interp(amount, *_falling(knots, place, given[there], weight[there])) / weight.sum()
        )

    _, expected = _falling(knots, place, given[there], np.ones(int(there.sum())))
    lower, upper = (
        float(bound)
        for bound in bootstrap_interval(
            mean_over, given.size, rng=rng, strata=there, n_resamples=n_resamples, confidence_level=level
        )
    )
    mean = mean_over(np.ones(given.size))
    if np.ptp(given[there]) == 0.0:
        # Draws of answers that are all alike do not differ.
        counts, values = [0, int(there.sum()), 0], [scale[0], float(given[there][0]), scale[1]]
        lower, upper = map(float, multinomial_score_interval(counts, values, confidence_level=level))
    rate = wilson_interval(there.sum(), given.size, confidence_level=level)
    return EffortCalibration(
        units=knots,
        expected=expected,
        n=n,
        mean=mean,
        interval=Interval(min(lower, mean), max(upper, mean), level),
        mean_answered=float(given[there].mean()),
        response_rate=float(there.mean()),
        response_interval=Interval(float(rate[0]), float(rate[1]), level),
        n_journeys=given.size,
        n_answers=int(there.sum()),
    )


def _answers(
    answers: ArrayLike, units: ArrayLike, scale: tuple[float, float]
) -> tuple[FloatArray, FloatArray, BoolArray]:
    """Answers, units, and which journeys have an answer."""
    given, amount = as_floats("answers", answers), check_array("units", units, minimum=0.0)
    if given.ndim != 1 or given.shape != amount.shape:
        raise InvalidInputError(
            f"`answers` and `units` must have one number a journey, got shapes {given.shape} and "
            f"{amount.shape}"
        )
    low, high = scale
    there = ~np.isnan(given)
    raise_broken(
        "answers", f"from {low:g} to {high:g}, or NaN", given, there & ~((given >= low) & (given <= high))
    )
    if not there.any():
        raise InvalidInputError(f"`answers` must have at least one, got none of {given.size}")
    return given, amount, there


def _falling(
    knots: FloatArray, place: IntArray, answer: FloatArray, weight: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Knots with weight, and the answers there that never rise and are closest."""
    from scipy.optimize import isotonic_regression

    total = np.bincount(place, weight, knots.size)
    some = total > 0
    mean = np.bincount(place, weight * answer, knots.size)[some] / total[some]
    return knots[some], np.asarray(isotonic_regression(mean, weights=total[some], increasing=False).x)

"""The friction score: bounded, monotone, and the exact sum of its shares."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from customer_centric._core.checks import check_choice, check_confidence_level, check_number
from customer_centric.errors import InvalidInputError
from customer_centric.intervals import Interval
from customer_centric.intervals.normal import normal_quantile
from customer_centric.journey.signals import SignalTable
from customer_centric.typing import FloatArray, IntArray

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["FrictionScore", "friction_score"]

Unit: TypeAlias = Literal["touchpoint", "channel", "journey", "visit"]
_UNITS: Final = ("touchpoint", "channel", "journey", "visit")


@dataclass(frozen=True, slots=True, eq=False)
class FrictionScore:
    r"""Friction of touchpoints, channels, journeys or visits, and of all journeys together.

    Parameters
    ----------
    by : {"touchpoint", "channel", "journey", "visit"}
        What the rows are.
    names : ndarray of shape (n_rows,)
        Touchpoints or channels by name; journeys and visits by position.
    n : ndarray of shape (n_rows,)
        Visits of each touchpoint or channel; 1 for journeys and visits.
    units : ndarray of shape (n_rows,)
        Friction units, 0 or more: the mean over the visits of a touchpoint or channel.
    score : ndarray of shape (n_rows,)
        100 (1 - exp(-units)), in [0, 100].
    lower, upper : ndarray of shape (n_rows,)
        Limits of the scores of touchpoints and channels, as estimates of what other customers would meet;
        NaN for journeys and visits, whose scores are what happened.
    contribution : ndarray of shape (n_rows, n_signals)
        Points of each score by signal; rows add up to the score.
    share : ndarray of shape (n_rows,)
        Points of `overall` that each row is blamed for; they add up to it.
    overall : float
        Score of a journey of mean friction units.
    interval : Interval
        Limits of `overall`.
    signals : tuple of str
        What the columns of `contribution` are.
    weights : ndarray of shape (n_signals,)
        The weights used.
    n_journeys : int
        Journeys.
    """

    by: Unit
    names: NDArray[Any]
    n: IntArray
    units: FloatArray
    score: FloatArray
    lower: FloatArray
    upper: FloatArray
    contribution: FloatArray
    share: FloatArray
    overall: float
    interval: Interval
    signals: tuple[str, ...]
    weights: FloatArray
    n_journeys: int
    _by_signal: FloatArray = field(repr=False)

    @property
    def by_signal(self) -> dict[str, float]:
        """Points of `overall` by signal; they add up to it."""
        return dict(zip(self.signals, (float(points) for points in self._by_signal), strict=True))

    def to_frame(self) -> pd.DataFrame:
        """One row a touchpoint (channel, journey, visit): score, limits, share, and points by signal."""
        import pandas as pd

        frame = pd.DataFrame(
            {
                self.by: self.names,
                "n": self.n,
                "units": self.units,
                "score": self.score,
                "lower": self.lower,
                "upper": self.upper,
                "share": self.share,
            }
        )
        return frame.assign(**dict(zip(self.signals, self.contribution.T, strict=True)))


def friction_score(
    signals: SignalTable,
    *,
    by: Unit = "touchpoint",
    weights: Mapping[str, float] | None = None,
    confidence_level: float = 0.95,
) -> FrictionScore:
    r"""How much friction customers met, from 0 to 100, and what each signal and touchpoint adds.

    Parameters
    ----------
    signals : SignalTable
        From `detect_signals`. What comes after a goal does not count.
    by : {"touchpoint", "channel", "journey", "visit"}, default "touchpoint"
        What to score. Touchpoints and channels answer for what is blamed on them, journeys and visits for
        what was seen there.
    weights : mapping from str to float, optional
        Weights of some signals, in [0, 1), in place of those of the table: what `fit_weights` has learned.
    confidence_level : float, default 0.95
        Nominal coverage of the intervals, strictly between 0 and 1.

    Returns
    -------
    FrictionScore
        Scores in [0, 100], with shares that add up exactly.

    Raises
    ------
    InvalidInputError
        If there is no journey, a weight is outside [0, 1) or of an unknown signal, or channels are asked of
        a log without any.

    Notes
    -----
    With \(w_k\) the weight of signal \(k\) and \(x_{vk}\) its severity at visit \(v\),

    \[ \beta_k = -\ln(1 - w_k), \qquad h_v = \sum_k \beta_k x_{vk}, \qquad H_i = \sum_{v \in i} h_v, \qquad
       S_i = 100\,(1 - e^{-H_i}). \]

    A touchpoint has the score of its mean visit, \(100\,(1 - e^{-\bar h_s})\), where \(\bar h_s\) adds up
    what is blamed on its visits. Each occurrence answers for \(S\,\beta_k x_{vk} / H\) points, which is its
    Aumann-Shapley value: \(S\) depends on the signals through their sum alone. Limits allow for customers
    with several visits: the variance of \(\bar h\) is that of a ratio of sums over customers.

    The score says: of 100 customers who would have converted, so many are lost, if the weights are right.
    The default weights are expert guesses.

    Examples
    --------
    >>> from customer_centric import EventSchema, detect_signals, find_journeys, prepare_log
    >>> from customer_centric.simulate import hotel_story
    >>> log = prepare_log(hotel_story(), EventSchema.full())
    >>> found = detect_signals(find_journeys(log, goal=(), contact="call_centre"))
    >>> story = friction_score(found)
    >>> round(story.overall, 4)
    89.2267
    >>> dict(zip(story.names.tolist(), story.share.round(1).tolist()))
    {'call_centre': 41.8, 'card_entry': 10.7, 'cart': 0.0, 'payment': 36.7}
    """
    check_choice("by", by, _UNITS)
    level = check_confidence_level(confidence_level)
    visits = signals.journeys.visits
    n_journeys = signals.journeys.n_journeys
    if n_journeys == 0:
        raise InvalidInputError("`signals` must come from at least one journey, got none")
    weight = _weights(signals, weights)
    before = ~visits.after_goal[signals.visit]
    visit, blamed = signals.visit[before], signals.blamed[before]
    beta = -np.log1p(-weight)
    amount = beta[signals.signal[before]] * signals.severity[before]
    row_of, names = _rows(signals, by)
    at = row_of[blamed if by in {"touchpoint", "channel"} else visit].astype(np.int64)
    n_signals = weight.size
    units = np.bincount(at * n_signals + signals.signal[before], amount, names.size * n_signals)
    units = units.reshape(-1, n_signals)
    total = units.sum(axis=0)
    counted = np.flatnonzero(~visits.after_goal)
    n = np.ones(names.size, dtype=np.int64)
    if by in {"touchpoint", "channel"}:
        n = np.bincount(row_of[counted], minlength=names.size)
    mean = units / np.maximum(n, 1)[:, None]
    whole = total.sum() / n_journeys
    errors = np.full(names.size, np.nan)
    if by in {"touchpoint", "channel"}:
        errors = _errors(signals, row_of, at, amount, blamed, counted, mean.sum(axis=1), n)
    overall_error = _overall_error(signals, visit, amount, whole)
    z = normal_quantile(level)
    score, points = _points(mean)
    overall, by_signal = _points(total[None, :] / n_journeys)
    lower, upper = _limits(mean.sum(axis=1), errors, n, z)
    low, high = _limits(np.array([whole]), np.array([overall_error]), np.array([n_journeys]), z)
    share = units.sum(axis=1) * (overall[0] / total.sum() if total.sum() > 0 else 0.0)
    return FrictionScore(
        by=by,
        names=names,
        n=n,
        units=mean.sum(axis=1),
        score=score,
        lower=lower,
        upper=upper,
        contribution=points,
        share=share,
        overall=float(overall[0]),
        interval=Interval(float(low[0]), float(high[0]), level),
        signals=signals.names,
        weights=weight,
        n_journeys=n_journeys,
        _by_signal=by_signal[0],
    )


def _weights(signals: SignalTable, given: Mapping[str, float] | None) -> FloatArray:
    weight = signals.weights
    for name, value in (given or {}).items():
        if name not in signals.names:
            raise InvalidInputError(
                f"`weights` must name signals of the table, got {name!r}; they are {', '.join(signals.names)}"
            )
        weight[signals.names.index(name)] = check_number(
            f"weights[{name!r}]", value, minimum=0.0, maximum=1.0, open_maximum=True
        )
    return weight


def _rows(signals: SignalTable, by: Unit) -> tuple[NDArray[Any], NDArray[Any]]:
    """The row of each visit, and the names of the rows."""
    visits = signals.journeys.visits
    if by == "touchpoint":
        return visits.touchpoint, np.array(visits.touchpoints, dtype=object)
    if by == "journey":
        return visits.journey, np.arange(signals.journeys.n_journeys)
    if by == "visit":
        every = np.arange(visits.n_visits)
        return every, every
    if visits.channel is None:
        raise InvalidInputError(
            '`by` must not be "channel" for a log without channels; name the column in the schema'
        )
    # A row of their own for visits whose channel nobody wrote down, where there are any.
    unknown = bool((visits.channel.codes < 0).any())
    names = (*visits.channel.names, *(["(unknown)"] if unknown else []))
    codes = visits.channel.codes.astype(np.int64)
    return np.where(codes < 0, len(visits.channel.names), codes), np.array(names, dtype=object)


def _points(units: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Scores of rows, and the points of each signal."""
    total = units.sum(axis=1)
    score = -100.0 * np.expm1(-total)
    return score, units * np.divide(score, total, out=np.zeros_like(total), where=total > 0)[:, None]


def _errors(
    signals: SignalTable,
    row_of: NDArray[Any],
    at: IntArray,
    amount: FloatArray,
    blamed: IntArray,
    counted: IntArray,
    mean: FloatArray,
    n: IntArray,
) -> FloatArray:
    """Standard errors of mean units, with customers as they come."""
    journeys = signals.journeys
    n_rows = mean.size
    owner = journeys.customer.astype(np.int64)
    base = owner[journeys.visits.journey[counted]] * n_rows + row_of[counted]
    hit = owner[journeys.visits.journey[blamed]] * n_rows + at
    cells = (int(owner.max(initial=0)) + 1) * n_rows
    if cells > max(4 * counted.size, 1 << 20):
        # Too many customers and rows for a table of all pairs: only those that occur.
        row = np.unique(base) % n_rows
        keys, base = np.unique(base, return_inverse=True)
        hit = np.searchsorted(keys, hit)
        visits_of = np.bincount(base, minlength=keys.size)
        units_of = np.bincount(hit, amount, keys.size)
        sums = [
            np.bincount(row, x, n_rows)
            for x in (units_of**2, units_of * visits_of, visits_of**2, visits_of > 0)
        ]
    else:
        visits_of = np.bincount(base, minlength=cells).reshape(-1, n_rows)
        units_of = np.bincount(hit, amount, cells).reshape(-1, n_rows)
        # Sums over customers of each row.
        pairs = ((units_of, units_of), (units_of, visits_of), (visits_of, visits_of))
        sums = [np.einsum("ij,ij->j", x, y) for x, y in pairs] + [(visits_of > 0).sum(axis=0)]
    squares, products, n_squares, n_owners = sums
    # The difference of squares that nearly agree may fall below 0 by rounding.
    spread = np.maximum(squares - 2 * mean * products + mean**2 * n_squares, 0.0)
    with np.errstate(divide="ignore", invalid="ignore"):
        error = np.sqrt(spread * n_owners / (n_owners - 1)) / n
    # One customer says nothing about others.
    return np.where(n_owners == 1, np.inf, error)


def _overall_error(signals: SignalTable, visit: IntArray, amount: FloatArray, mean: float) -> float:
    journeys = signals.journeys
    owner = journeys.customer.astype(np.int64)
    size = int(owner.max(initial=0)) + 1
    units = np.bincount(owner[journeys.visits.journey[visit]], amount, size)
    n_of = np.bincount(owner, minlength=size)
    off = units - mean * n_of
    n_owners = int((n_of > 0).sum())
    if n_owners == 1:
        return np.inf
    return float(np.sqrt((off * off).sum() * n_owners / (n_owners - 1)) / journeys.n_journeys)


def _limits(units: FloatArray, error: FloatArray, n: IntArray, z: float) -> tuple[FloatArray, FloatArray]:
    """Limits of scores; units move on a log scale, so that they stay positive."""
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        step = np.where(units > 0, np.exp(z * error / units), np.nan)
        low, high = units / step, units * step
    # Nothing seen in n visits bounds the rate by the exact limit of a count of none; one full
    # occurrence of the heaviest default signal is one unit.
    none = units == 0
    high = np.where(none, -np.log1p(-_alone(z)) / np.maximum(n, 1), high)
    low = np.where(none, 0.0, low)
    known = ~np.isnan(error)
    return (
        np.where(known, -100.0 * np.expm1(-low), np.nan),
        np.where(known, -100.0 * np.expm1(-high), np.nan),
    )


def _alone(z: float) -> float:
    """The confidence level of a normal quantile."""
    from scipy.special import ndtr

    return float(2.0 * ndtr(z) - 1.0)

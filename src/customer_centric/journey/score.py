"""The friction score: bounded, monotone, and the exact sum of its shares."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from customer_centric._core.checks import check_choice, check_confidence_level, check_number
from customer_centric._core.tabulate import sum_by
from customer_centric._core.words import as_html, counted
from customer_centric.errors import InvalidInputError
from customer_centric.intervals import Interval
from customer_centric.journey._score_limits import Spread, mean_limits, spread_over_customers
from customer_centric.journey.signals import DEFAULT_SIGNALS, SignalTable
from customer_centric.journey.weights import WeightFit
from customer_centric.typing import FloatArray, IntArray

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["FrictionScore", "friction_score"]

Unit: TypeAlias = Literal["touchpoint", "channel", "journey", "visit"]
WeightSource: TypeAlias = Literal["expert", "learned", "given"]
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
        Visits of each touchpoint or channel up to the goal; 1 for journeys and visits.
    units : ndarray of shape (n_rows,)
        Friction units, 0 or more: the mean over the visits of a touchpoint or channel. NaN, and so the
        score, where all of them came after the goal.
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
    weight_sources : tuple of {"expert", "learned", "given"}
        Whose each weight is: a guess of an expert, as all defaults are; what `fit_weights` learned from
        outcomes; or the caller's.
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
    weight_sources: tuple[WeightSource, ...]
    n_journeys: int
    _by_signal: FloatArray = field(repr=False)

    @property
    def by_signal(self) -> dict[str, float]:
        """Points of `overall` by signal; they add up to it."""
        return dict(zip(self.signals, (float(points) for points in self._by_signal), strict=True))

    def __str__(self) -> str:
        """The score of all journeys, what adds most to it, and whose the weights are."""
        low, high = self.interval.lower, self.interval.upper
        text = (
            f"Friction {self.overall:.1f} of 100 ({100 * self.interval.confidence_level:g} % interval "
            f"{low:.1f} to {high:.1f}) in {counted(self.n_journeys, 'journey')}"
        )
        if self.overall > 0:
            name, points = max(self.by_signal.items(), key=lambda pair: pair[1])
            text += f"; most of it {name} ({points:.1f})"
        words = {"expert": "expert guesses", "learned": "learned from outcomes", "given": "given"}
        used = {source: self.weight_sources.count(source) for source in words}
        parts = [f"{used[source]} {words[source]}" for source in words if used[source]]
        whole = [words[source] for source in words if used[source] == len(self.weight_sources)]
        return f"{text}. Weights: {whole[0] if whole else ', '.join(parts)}."

    def _repr_html_(self) -> str:
        columns = [self.by, "n", "units", "score", "lower", "upper", "share"]
        frame = self.to_frame()[columns].sort_values("share", ascending=False, kind="stable")
        return as_html(self, frame=frame)

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
    weights: Mapping[str, float] | WeightFit | None = None,
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
    weights : WeightFit or mapping from str to float, optional
        Weights of some signals, in [0, 1), in place of those of the table: what `fit_weights` has learned, or
        your own.
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
    Aumann-Shapley value: \(S\) depends on the signals through their sum alone.

    Limits allow for customers with several visits: the variance \(v\) of \(\bar h\) is that of a ratio of
    sums over customers. With \(G\) the gamma distribution of a mean and a variance, and \(\delta\) what the
    customer with the most units adds to \(\bar h\), they are the quantiles of \(G(\bar h, v)\) below and of
    \(G(\bar h + \delta, v + \delta^2)\) above: Garwood's exact limits where all occurrences weigh the same.
    Where nothing was seen, \(\delta\) is that of one customer with the heaviest signal. However alike \(m\)
    customers are, the lower limit is at most \(\bar h\,(\tfrac{1 - \gamma}{2})^{1/m}\) at confidence level
    \(\gamma\), and one customer alone bounds nothing. Limits take the weights to be right.

    The score says: of 100 customers who would have converted, so many are lost, if the weights are right.
    The default weights are expert guesses; `weight_sources` tells.

    References
    ----------
    Fay and Feuer (1997), "Confidence intervals for directly standardized rates: a method based on the gamma
    distribution", Statistics in Medicine 16, 791-801.

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
    journeys = signals.journeys
    if journeys.n_journeys == 0:
        raise InvalidInputError("`signals` must come from at least one journey, got none")
    weight, sources = _weights(signals, weights)
    hits = _hits(signals, weight)
    rows = _rows_by(signals, hits, by)
    total = rows.units.sum(axis=0)
    whole = total[None, :] / journeys.n_journeys
    heaviest = float(-np.log1p(-max([0.0, *(weight[i] for i in _looked_for(signals))])))
    lower = upper = np.full(rows.names.size, np.nan)
    mean = rows.units / np.maximum(rows.n, 1)[:, None]
    mean[rows.n == 0] = np.nan
    if rows.spread is not None:
        lower, upper = _limits(mean.sum(axis=1), rows.spread, heaviest, level)
    low, high = _limits(whole.sum(axis=1), _spread_of_journeys(signals, hits), heaviest, level)
    score, points = _points(mean)
    overall, by_signal = _points(whole)
    return FrictionScore(
        by=by,
        names=rows.names,
        n=rows.n,
        units=mean.sum(axis=1),
        score=score,
        lower=lower,
        upper=upper,
        contribution=points,
        share=rows.units.sum(axis=1) * (overall[0] / total.sum() if total.sum() > 0 else 0.0),
        overall=float(overall[0]),
        interval=Interval(float(low[0]), float(high[0]), level),
        signals=signals.names,
        weights=weight,
        weight_sources=sources,
        n_journeys=journeys.n_journeys,
        _by_signal=by_signal[0],
    )


@dataclass(frozen=True, slots=True, eq=False)
class _Hits:
    """Occurrences before the goal, with their units."""

    visit: IntArray
    blamed: IntArray
    signal: NDArray[Any]
    amount: FloatArray


@dataclass(frozen=True, slots=True, eq=False)
class _Rows:
    """What is scored: names, visits, units by signal, and how they vary where they are estimates."""

    names: NDArray[Any]
    n: IntArray
    units: FloatArray
    spread: Spread | None


def _hits(signals: SignalTable, weight: FloatArray) -> _Hits:
    before = ~signals.journeys.visits.after_goal[signals.visit]
    signal = signals.signal[before]
    amount = -np.log1p(-weight)[signal] * signals.severity[before]
    return _Hits(signals.visit[before], signals.blamed[before], signal, amount)


def _looked_for(signals: SignalTable) -> list[int]:
    return [i for i, name in enumerate(signals.names) if name not in signals.absent]


def _rows_by(signals: SignalTable, hits: _Hits, by: Unit) -> _Rows:
    row_of, names = _rows(signals, by)
    averaged = by in {"touchpoint", "channel"}
    at = row_of[hits.blamed if averaged else hits.visit].astype(np.int64)
    n_signals = len(signals.signals)
    units = sum_by(at * n_signals + hits.signal, hits.amount, names.size * n_signals).reshape(-1, n_signals)
    if not averaged:
        return _Rows(names, np.ones(names.size, dtype=np.int64), units, None)
    visits = signals.journeys.visits
    counted = np.flatnonzero(~visits.after_goal)
    owner = signals.journeys.customer.astype(np.int64)
    seen = (owner[visits.journey[counted]], row_of[counted])
    spread = spread_over_customers(seen, (owner[visits.journey[hits.blamed]], at), hits.amount, names.size)
    return _Rows(names, np.bincount(row_of[counted], minlength=names.size), units, spread)


def _spread_of_journeys(signals: SignalTable, hits: _Hits) -> Spread:
    journeys = signals.journeys
    owner = journeys.customer.astype(np.int64)
    own = owner[journeys.visits.journey[hits.visit]]
    return spread_over_customers(
        (owner, np.zeros(owner.size, dtype=np.int64)), (own, np.zeros_like(own)), hits.amount, 1
    )


def _limits(
    mean: FloatArray, spread: Spread, heaviest: float, confidence_level: float
) -> tuple[FloatArray, FloatArray]:
    low, high = mean_limits(mean, spread, heaviest, confidence_level)
    return -100.0 * np.expm1(-low), -100.0 * np.expm1(-high)


def _weights(
    signals: SignalTable, given: Mapping[str, float] | WeightFit | None
) -> tuple[FloatArray, tuple[WeightSource, ...]]:
    """The weight of each signal, and whose it is."""
    guessed = {signal.name: signal.weight for signal in DEFAULT_SIGNALS}
    weight = signals.weights
    sources: list[WeightSource] = [
        "expert" if signal.rule is None and guessed.get(signal.name) == signal.weight else "given"
        for signal in signals.signals
    ]
    source: WeightSource = "learned" if isinstance(given, WeightFit) else "given"
    named = given.learned() if isinstance(given, WeightFit) else (given or {})
    for name, value in named.items():
        if name not in signals.names:
            raise InvalidInputError(
                f"`weights` must name signals of the table, got {name!r}; they are {', '.join(signals.names)}"
            )
        place = signals.names.index(name)
        sources[place] = source
        weight[place] = check_number(f"weights[{name!r}]", value, minimum=0.0, maximum=1.0, open_maximum=True)
    return weight, tuple(sources)


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

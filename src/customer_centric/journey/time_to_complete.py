"""How long it takes to reach the goal, for all who set out and not only for those who arrived."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias

import numpy as np
from numpy.typing import ArrayLike

from customer_centric._core.checks import check_choice, check_confidence_level, check_number
from customer_centric._core.words import as_html, counted
from customer_centric._methods.survival import KaplanMeier, kaplan_meier
from customer_centric.errors import InvalidInputError
from customer_centric.intervals import Interval
from customer_centric.journey.funnel import check_subset
from customer_centric.journey.journeys import LEFT_TRUNCATED, Journeys
from customer_centric.typing import BoolArray, FloatArray

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["TimeToComplete", "time_to_complete"]

TimeUnit: TypeAlias = Literal["second", "minute", "hour", "day"]
_SECONDS: Final = {"second": 1.0, "minute": 60.0, "hour": 3600.0, "day": 86400.0}


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class TimeToComplete:
    r"""Share of journeys that have reached the goal, by the time since they began.

    Parameters
    ----------
    duration : ndarray of shape (n_times,)
        Distinct durations at which a journey reached the goal, or the log ended, ascending, in `unit`.
    completed, lower, upper : ndarray of shape (n_times,)
        Share that has reached the goal by then, and its limits.
    median : float
        Duration by which half of all journeys have; NaN where they never do.
    median_interval : Interval
        Its limits; the upper one is infinite where half of them may never arrive.
    unit : str
        Unit of the durations.
    since : str or None
        The touchpoint at which the clock starts; None for the first visit.
    n_journeys, n_completed, n_left_out : int
        Journeys counted, those that reached the goal, and those left out: they began before the log, or have
        not been at `since`.
    median_of_completed : float
        Median over those that reached the goal, for comparison: who is slow or leaves is not in it.
    reason : str or None
        Why the median is missing.
    """

    duration: FloatArray
    completed: FloatArray
    lower: FloatArray
    upper: FloatArray
    median: float
    median_interval: Interval
    unit: str
    since: str | None
    n_journeys: int
    n_completed: int
    n_left_out: int
    median_of_completed: float
    reason: str | None
    _curve: KaplanMeier = field(repr=False)

    def at(self, duration: float) -> tuple[float, Interval]:
        """Share of all journeys that has reached the goal by a duration.

        Parameters
        ----------
        duration : float
            0 or more, in `unit`.

        Returns
        -------
        float
            NaN beyond the longest duration watched.
        Interval
            Its limits.

        Raises
        ------
        InvalidInputError
            If the duration is negative.
        """
        share, low, high = self._curve.at(check_number("duration", duration, minimum=0.0))
        return 1.0 - share, Interval(1.0 - high, 1.0 - low, self._curve.confidence_level)

    def time_until(self, share: float) -> tuple[float, Interval]:
        """Duration by which a share of all journeys has reached the goal.

        Parameters
        ----------
        share : float
            Share of all journeys, strictly between 0 and 1.

        Returns
        -------
        float
            NaN where it is never reached.
        Interval
            Durations at which the limits of the curve reach the share; infinite where they do not.

        Raises
        ------
        InvalidInputError
            If the share is not strictly between 0 and 1.
        """
        wanted = check_number("share", share, minimum=0.0, maximum=1.0, open_minimum=True, open_maximum=True)
        # Sums of shares may miss a half by the last bit.
        reached, first, last = (
            self._first(curve >= wanted * (1 - 1e-12)) for curve in (self.completed, self.upper, self.lower)
        )
        # The upper limit before anybody arrived is above 0: it has no step at which it gets there.
        if self.upper.size and self.upper[0] >= wanted and np.isfinite(first):
            first = 0.0
        value = reached if np.isfinite(reached) else float("nan")
        return value, Interval(first, last, self._curve.confidence_level)

    def _first(self, holds: BoolArray) -> float:
        where = np.flatnonzero(holds)
        return float(self.duration[where[0]]) if where.size else np.inf

    def to_frame(self) -> pd.DataFrame:
        """One row a duration at which anything happened."""
        import pandas as pd

        return pd.DataFrame(
            {
                "duration": self.duration,
                "at_risk": self._curve.at_risk,
                "completed": self.completed,
                "lower": self.lower,
                "upper": self.upper,
            }
        )

    def __str__(self) -> str:
        half = (
            f"half of them within {_readable(self.median)} {self.unit}s"
            if self.reason is None
            else f"no median: {self.reason}"
        )
        return (
            f"{100 * self.completed[-1]:.1f} % of {counted(self.n_journeys, 'journey')} complete within "
            f"{_readable(float(self.duration[-1]))} {self.unit}s, {half}"
        )

    def _repr_html_(self) -> str:
        return as_html(self)


def _readable(number: float) -> str:
    return f"{number:,.0f}" if number >= 100 else f"{number:.3g}"


def time_to_complete(
    journeys: Journeys,
    *,
    unit: TimeUnit,
    since: str | None = None,
    subset: ArrayLike | None = None,
    confidence_level: float = 0.95,
) -> TimeToComplete:
    r"""How long journeys take to reach the goal, those that never do included.

    Parameters
    ----------
    journeys : Journeys
        From `find_journeys`; its `end` is until when the log was watched.
    unit : {"second", "minute", "hour", "day"}
        Unit of the durations.
    since : str, optional
        Touchpoint at which the clock starts, at the first visit to it; the first visit of the journey by
        default.
    subset : array_like of bool of shape (n_journeys,), optional
        Journeys that count; all by default.
    confidence_level : float, default 0.95
        Nominal coverage of the limits at each duration, strictly between 0 and 1.

    Returns
    -------
    TimeToComplete
        The share that has arrived by each duration, and the median.

    Raises
    ------
    InvalidInputError
        If no journey counts, `unit` or `since` is unknown, or `subset` has the wrong shape.

    Notes
    -----
    With \(d_j\) journeys that reach the goal at duration \(t_j\), and \(n_j\) that began at least \(t_j\)
    before the end of the log and had not reached it before,

    \[ F(t) = 1 - \prod_{t_j \le t} \Bigl(1 - \frac{d_j}{n_j}\Bigr) . \]

    It is the cumulative incidence of arriving, with leaving as the competing outcome. Who has left can no
    longer arrive and stays among the \(n_j\) until the log ends: it is known for everybody how long he was
    watched, so that it need not be known when, or whether, he left. No timeout enters. Taking those who
    leave out of the \(n_j\) would be the curve of a world in which nobody leaves.

    The median is that of all journeys: it exists if half of them arrive.

    References
    ----------
    Fine, J. P. and Gray, R. J. (1999), A proportional hazards model for the subdistribution of a competing
    risk, for data in which censoring is complete.
    [doi:10.1080/01621459.1999.10474144](https://doi.org/10.1080/01621459.1999.10474144).

    Brookmeyer, R. and Crowley, J. (1982), A confidence interval for the median survival time. Biometrics
    38(1).

    Examples
    --------
    >>> import numpy as np
    >>> from customer_centric import EventSchema, find_journeys, prepare_log
    >>> from customer_centric.simulate import simulate_journeys
    >>> world = simulate_journeys(2000, rng=np.random.default_rng(1))
    >>> log = prepare_log(world.log, EventSchema.full())
    >>> found = time_to_complete(
    ...     find_journeys(log, goal="purchase", end=world.end), unit="minute"
    ... )
    >>> found.reason
    'only 44.5 % complete within the time watched'
    >>> round(found.median_of_completed, 1)
    3.5
    """
    check_choice("unit", unit, tuple(_SECONDS))
    level = check_confidence_level(confidence_level)
    kept = check_subset(subset, journeys.n_journeys)
    begin, started = _clock_starts(journeys, since)
    known = kept & started & (journeys.status != LEFT_TRUNCATED)
    if not known.any():
        raise InvalidInputError("`journeys` must have at least one that counts, got none")
    v = journeys.visits
    goal = journeys.goal_visit[known]
    begin = begin[known]
    arrived = goal >= 0
    finish = np.where(arrived, v.begin[np.maximum(goal, 0)] if v.n_visits else 0, int(v.end))
    duration = (finish - begin) / (v.clock.ticks_per_second * _SECONDS[unit])
    curve = kaplan_meier(duration, arrived, confidence_level=level)
    return _result(curve, duration, arrived, unit, since, int(kept.sum()))


def _clock_starts(journeys: Journeys, since: str | None) -> tuple[Any, BoolArray]:
    """The moment at which each journey's clock starts, and whether it does."""
    v = journeys.visits
    first = v.starts[:-1]
    if since is None:
        return v.begin[first], np.ones(first.size, dtype=np.bool_)
    check_choice("since", since, v.touchpoints)
    hits = np.flatnonzero((v.touchpoint == v.touchpoints.index(since)) & ~v.after_goal)
    place = np.append(hits, v.n_visits)[np.searchsorted(hits, first)]
    started = place < v.starts[1:]
    return v.begin[np.where(started, place, first)], started


def _result(
    curve: KaplanMeier, duration: FloatArray, arrived: BoolArray, unit: str, since: str | None, n_asked: int
) -> TimeToComplete:
    completed = 1.0 - curve.survival
    draft = TimeToComplete(
        duration=curve.duration,
        completed=completed,
        lower=1.0 - curve.upper,
        upper=1.0 - curve.lower,
        median=np.nan,
        median_interval=Interval(0.0, np.inf, curve.confidence_level),
        unit=unit,
        since=since,
        n_journeys=duration.size,
        n_completed=int(arrived.sum()),
        n_left_out=n_asked - duration.size,
        median_of_completed=float(np.median(duration[arrived])) if arrived.any() else np.nan,
        reason=None,
        _curve=curve,
    )
    median, bounds = draft.time_until(0.5)
    short = f"only {100 * completed[-1]:.1f} % complete within the time watched"
    return replace(draft, median=median, median_interval=bounds, reason=short if np.isnan(median) else None)

"""How long customers wait for the first answer, those who are still waiting included."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

import numpy as np

from customer_centric._core.checks import check_choice, check_confidence_level, check_number
from customer_centric._core.words import as_html, counted
from customer_centric._methods.survival import KaplanMeier
from customer_centric.errors import InvalidInputError
from customer_centric.intervals import Interval
from customer_centric.journey._shares import clustered_curve, duration_of, one_share
from customer_centric.journey.journeys import Journeys
from customer_centric.journey.log import OUTCOMES
from customer_centric.journey.visits import NEVER, Visits
from customer_centric.typing import BoolArray, FloatArray, IntArray

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["ResponseTime", "response_time"]

_OK: Final = OUTCOMES.index("ok")
ClockUnit: TypeAlias = Literal["second", "minute", "hour", "day"]
SECONDS: Final[dict[str, float]] = {"second": 1.0, "minute": 60.0, "hour": 3600.0, "day": 86400.0}


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class ResponseTime:
    """Time until the company first answers, from answered messages and those that still wait.

    Parameters
    ----------
    median : float
        Duration by which half of all messages are answered, in `unit`; NaN where fewer than half ever are.
    interval : Interval
        Its bounds; the upper one is infinite where the messages were not watched for long enough.
    share : float
        Share answered within the promise, among messages that were answered or watched for at least as long;
        NaN without a promise, or without such messages.
    share_interval : Interval or None
        Wilson's bounds of `share` for as many messages as the customers are worth.
    n, n_answered, n_untimed : int
        Messages, those with an answer, and those that are left out because the contact was closed as "ok"
        without an event of the company: they were answered, and the log does not say when.
    n_due, n_kept : int
        Messages behind `share`, and those of them that were answered in time.
    duration : ndarray of shape (n_times,)
        Distinct durations at which an answer came or a message was last seen waiting, ascending, in `unit`.
    at_risk, answered, censored : ndarray of shape (n_times,)
        Messages still waiting just before, answered at it, and last seen waiting at it.
    share_answered, lower, upper : ndarray of shape (n_times,)
        Share of messages that is answered by then, and bounds.
    unit : {"second", "minute", "hour", "day"}
        Unit of the durations.
    promise : timedelta or None
        How soon the company promises to answer.
    confidence_level : float
        Nominal coverage of the bounds.
    reason : str or None
        Why a number is missing.
    """

    median: float
    interval: Interval
    share: float
    share_interval: Interval | None
    n: int
    n_answered: int
    n_untimed: int
    n_due: int
    n_kept: int
    duration: FloatArray
    at_risk: FloatArray
    answered: FloatArray
    censored: FloatArray
    share_answered: FloatArray
    lower: FloatArray
    upper: FloatArray
    unit: ClockUnit
    promise: timedelta | None
    confidence_level: float
    reason: str | None = None
    _curve: KaplanMeier

    def quantile(self, share: float) -> tuple[float, Interval]:
        """Duration by which a share of all messages is answered.

        Parameters
        ----------
        share : float
            Share of all messages, strictly between 0 and 1.

        Returns
        -------
        float
            First duration at which so many are answered, in `unit`; NaN where they never are.
        Interval
            Durations at which the bounds of the curve reach the share; the upper one may be infinite.

        Raises
        ------
        InvalidInputError
            If the share is not strictly between 0 and 1.
        """
        asked = check_number("share", share, minimum=0.0, maximum=1.0, open_minimum=True, open_maximum=True)
        return duration_of(self._curve, 1.0 - asked)

    def at(self, duration: float) -> tuple[float, Interval]:
        """Share of all messages that is answered by a duration.

        Parameters
        ----------
        duration : float
            0 or more, in `unit`.

        Returns
        -------
        float
            NaN beyond the longest duration watched, unless no message waits there.
        Interval
            Its bounds.

        Raises
        ------
        InvalidInputError
            If the duration is negative.
        """
        waiting, low, high = self._curve.at(check_number("duration", duration, minimum=0.0))
        return 1.0 - waiting, Interval(1.0 - high, 1.0 - low, self.confidence_level)

    def to_frame(self) -> pd.DataFrame:
        """A row for each duration at which an answer came or a message was last seen waiting."""
        import pandas as pd

        names = ("duration", "at_risk", "answered", "censored", "share_answered", "lower", "upper")
        return pd.DataFrame({name: getattr(self, name) for name in names})

    def __str__(self) -> str:
        level = f"{100 * self.confidence_level:g} % interval"
        bounds = f"{level} {self.interval.lower:.3g} to {self.interval.upper:.3g}"
        half = f"half are answered within {self.median:.3g} {self.unit}s ({bounds})"
        if np.isnan(self.median):
            half = "fewer than half are known to be answered ever"
        kept = ""
        if self.share_interval is not None:
            low, high = 100 * self.share_interval.lower, 100 * self.share_interval.upper
            kept = f"; {100 * self.share:.1f} % in time ({low:.1f} to {high:.1f})"
        return f"{counted(self.n, 'message')}, {self.n - self.n_answered:,} still waiting: {half}{kept}"

    def _repr_html_(self) -> str:
        return as_html(self)


def response_time(
    journeys: Journeys,
    *,
    unit: ClockUnit,
    promise: timedelta | None = None,
    touchpoints: str | Collection[str] = (),
    confidence_level: float = 0.95,
) -> ResponseTime:
    r"""How long customers wait for the first answer, where messages without one are still waiting.

    Parameters
    ----------
    journeys : Journeys
        From `find_journeys`; the log must have an `actor`.
    unit : {"second", "minute", "hour", "day"}
        Unit of the durations.
    promise : timedelta, optional
        How soon the company promises to answer; no share in time without it.
    touchpoints : str or collection of str, default ()
        Where customers ask; the `contact` touchpoints by default.
    confidence_level : float, default 0.95
        Nominal coverage of the intervals, strictly between 0 and 1.

    Returns
    -------
    ResponseTime
        Median with interval, the share in time, and the curve behind them.

    Raises
    ------
    InvalidInputError
        If the log has no `actor`, no touchpoint is a contact and none is given, one is not in the log, or
        `promise` is not positive.

    Notes
    -----
    A message is the first event of the customer in a visit; its answer the first event of the company after
    it in the same journey. With \(n_j\) messages waiting just before \(t_j\), \(d_j\) of which are answered
    there, the share still waiting is Kaplan and Meier's

    \[ S(t) = \prod_{t_j \le t} \Bigl(1 - \frac{d_j}{n_j}\Bigr) , \]

    where messages without an answer wait until the log ends. The bounds allow for several messages of one
    customer. The share in time,

    \[ \frac{\text{answered within the promise}}
       {\text{answered, or watched for at least as long as the promise}} , \]

    takes messages of the last moments only if they were answered, and is too good by these; the curve at the
    promise, `at`, is not.

    References
    ----------
    Kaplan, E. L. and Meier, P. (1958), Nonparametric estimation from incomplete observations.
    [doi:10.1080/01621459.1958.10501452](https://doi.org/10.1080/01621459.1958.10501452).

    Brookmeyer, R. and Crowley, J. (1982), A confidence interval for the median survival time. Biometrics
    38(1). [doi:10.2307/2530286](https://doi.org/10.2307/2530286).

    Examples
    --------
    The call centre of the hotel asked its first question after two minutes:

    >>> from customer_centric import EventSchema, find_journeys, prepare_log
    >>> from customer_centric.simulate import hotel_story
    >>> log = prepare_log(hotel_story(), EventSchema.full())
    >>> found = response_time(find_journeys(log, goal=(), contact="call_centre"), unit="minute")
    >>> found.median, found.interval.lower
    (2.0, 2.0)
    """
    check_confidence_level(confidence_level)
    check_choice("unit", unit, tuple(SECONDS))
    v = journeys.visits
    asked, n_untimed = _messages(journeys, touchpoints)
    answered = v.answered[asked] != NEVER if v.answered is not None else np.zeros(asked.size, dtype=np.bool_)
    waited, watched = _waits(v, asked, answered)
    scale = SECONDS[unit] * v.clock.ticks_per_second
    customer = journeys.customer[v.journey[asked]]
    curve = clustered_curve(waited / scale, answered, customer, 0.5, confidence_level)
    median, interval = duration_of(curve, 0.5)
    due, kept = np.zeros(0, dtype=np.bool_), np.zeros(0, dtype=np.bool_)
    if promise is not None:
        limit = _promised(promise) * v.clock.ticks_per_second
        due = answered | (watched >= limit)
        kept = (answered & (waited <= limit))[due]
    share, share_interval = one_share(kept, customer[due] if kept.size else customer[:0], confidence_level)
    return ResponseTime(
        median=median,
        interval=interval,
        share=share,
        share_interval=share_interval,
        n=asked.size,
        n_answered=int(answered.sum()),
        n_untimed=n_untimed,
        n_due=kept.size,
        n_kept=int(kept.sum()),
        duration=curve.duration,
        at_risk=curve.at_risk,
        answered=curve.lost,
        censored=curve.censored,
        share_answered=1.0 - curve.survival,
        lower=1.0 - curve.upper,
        upper=1.0 - curve.lower,
        unit=unit,
        promise=promise,
        confidence_level=confidence_level,
        reason=_reason(asked.size, median, promise, kept.size),
        _curve=curve,
    )


def _reason(n: int, median: float, promise: timedelta | None, n_due: int) -> str | None:
    if n == 0:
        return "no customer asked for anything"
    if promise is not None and n_due == 0:
        return "no message was answered or watched for as long as the promise"
    return "fewer than half of the messages are known to be answered" if np.isnan(median) else None


def _promised(promise: timedelta) -> float:
    if not isinstance(promise, timedelta) or not promise.total_seconds() > 0:
        raise InvalidInputError(f"`promise` must be a positive timedelta, got {promise!r}")
    return promise.total_seconds()


def _messages(journeys: Journeys, touchpoints: str | Collection[str]) -> tuple[IntArray, int]:
    """Visits at which a customer asks, and how many more were answered at a moment that nobody noted."""
    v = journeys.visits
    if v.asked is None or v.answered is None:
        raise InvalidInputError(
            "`journeys` must know who acted, got a log without an `actor`; name its column in the schema"
        )
    names = (touchpoints,) if isinstance(touchpoints, str) else tuple(touchpoints)
    for name in names:
        check_choice("touchpoints", name, v.touchpoints)
    if not names and not journeys.contact:
        raise InvalidInputError(
            "`touchpoints` must be given where the journeys have no contacts, got none; say where they ask"
        )
    here = v.codes_of(names)[v.touchpoint] if names else v.contact
    asked = np.flatnonzero(here & (v.asked != NEVER))
    if v.outcome is None:
        return asked, 0
    untimed = (v.outcome[asked] == _OK) & (v.answered[asked] > v.finish[asked])
    return asked[~untimed], int(untimed.sum())


def _waits(visits: Visits, asked: IntArray, answered: BoolArray) -> tuple[FloatArray, FloatArray]:
    """Ticks that each message waited, and ticks from it to the end of the log."""
    begin = visits.asked[asked] if visits.asked is not None else asked
    reply = visits.answered[asked] if visits.answered is not None else asked
    watched = (visits.end - begin).astype(np.float64)
    return np.where(answered, np.where(answered, reply, 0) - begin, watched), watched

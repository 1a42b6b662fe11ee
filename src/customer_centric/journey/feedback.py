"""What becomes of feedback: routed, actioned, closed, and how soon."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from customer_centric._core.checks import check_confidence_level, check_number
from customer_centric._core.frames import MemoryFrame, check_columns, open_frame
from customer_centric._core.frames.moments import encode_moments
from customer_centric._core.frames.problems import in_column, raise_rows
from customer_centric._core.words import as_html, counted
from customer_centric._methods.survival import KaplanMeier, kaplan_meier
from customer_centric.errors import InvalidInputError
from customer_centric.intervals import Interval, wilson_interval
from customer_centric.journey._shares import duration_of
from customer_centric.typing import FloatArray, FrameT, IntArray

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["FeedbackLoop", "feedback_loop"]

_SECONDS_A_DAY: Final = 86400.0


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class FeedbackLoop:
    """How much feedback is routed, actioned and closed, and how many days that takes.

    Parameters
    ----------
    closure_rate : float
        Share closed of the feedback that is at least as old as the horizon; NaN where none is.
    interval : Interval or None
        Wilson's bounds of the closure rate; None where it is NaN.
    n, n_old : int
        Feedback received, and what is at least as old as the horizon.
    n_closed : int
        Feedback closed so far, young and old.
    horizon : timedelta
        Feedback younger than this is not asked for its closure yet.
    stages : tuple of str
        The stages that the table tells of: "routed", "actioned", "closed".
    reached : ndarray of int of shape (n_stages,)
        Old feedback that has come to each stage.
    share, lower, upper : ndarray of shape (n_stages,)
        Its share of the old feedback, and Wilson's bounds.
    median_days, median_lower, median_upper : ndarray of shape (n_stages,)
        Days until half of all feedback, young and old, comes to the stage, and bounds: NaN, and an infinite
        upper bound, where it is not known to.
    reason : str or None
        Why the closure rate is missing.
    """

    closure_rate: float
    interval: Interval | None
    n: int
    n_old: int
    n_closed: int
    horizon: timedelta
    stages: tuple[str, ...]
    reached: IntArray
    share: FloatArray
    lower: FloatArray
    upper: FloatArray
    median_days: FloatArray
    median_lower: FloatArray
    median_upper: FloatArray
    reason: str | None = None
    _curve: KaplanMeier

    def days_to_close(self, share: float = 0.5) -> tuple[float, Interval]:
        """Days until a share of all feedback is closed; the half by default.

        Parameters
        ----------
        share : float, default 0.5
            Share of all feedback, strictly between 0 and 1: not of what is closed in the end.

        Returns
        -------
        float
            First duration by which so much is closed; NaN where it is not known to be.
        Interval
            Its bounds, in days; the upper one may be infinite.

        Raises
        ------
        InvalidInputError
            If the share is not strictly between 0 and 1.
        """
        asked = check_number("share", share, minimum=0.0, maximum=1.0, open_minimum=True, open_maximum=True)
        return duration_of(self._curve, 1.0 - asked)

    def closed_within(self, days: float) -> tuple[float, Interval]:
        """Share of all feedback that is closed within some days of its arrival.

        Parameters
        ----------
        days : float
            0 or more.

        Returns
        -------
        float
            NaN beyond the longest time watched, unless all is closed by then.
        Interval
            Its bounds.

        Raises
        ------
        InvalidInputError
            If the number of days is negative.
        """
        open_share, low, high = self._curve.at(check_number("days", days, minimum=0.0))
        return 1.0 - open_share, Interval(1.0 - high, 1.0 - low, self._curve.confidence_level)

    def to_frame(self) -> pd.DataFrame:
        """One row a stage: old feedback that came to it, its share, and the median days until then."""
        import pandas as pd

        names = ("reached", "share", "lower", "upper", "median_days", "median_lower", "median_upper")
        return pd.DataFrame({"stage": self.stages, **{name: getattr(self, name) for name in names}})

    def __str__(self) -> str:
        if self.interval is None:
            return f"no closure rate: {self.reason}"
        level = f"{100 * self.interval.confidence_level:g} % interval"
        return (
            f"{100 * self.closure_rate:.1f} % closed ({level} {100 * self.interval.lower:.1f} to "
            f"{100 * self.interval.upper:.1f}) of {counted(self.n_old, 'piece')} of feedback at least "
            f"{self.horizon.total_seconds() / _SECONDS_A_DAY:g} days old"
        )

    def _repr_html_(self) -> str:
        return as_html(self, frame=self.to_frame())


def feedback_loop(
    feedback: FrameT,
    *,
    received: str,
    closed: str,
    routed: str | None = None,
    actioned: str | None = None,
    end: datetime | str,
    horizon: timedelta,
    confidence_level: float = 0.95,
) -> FeedbackLoop:
    r"""Share of feedback that is routed, actioned and closed, and the days until then.

    Parameters
    ----------
    feedback : data frame
        One row a piece of feedback, in memory: pandas, Polars or PyArrow.
    received, closed : str
        Columns of datetimes: when it came, none missing, and when whoever gave it was told what became of it;
        missing where that has not happened.
    routed, actioned : str, optional
        Columns of datetimes, missing where it has not happened: when it reached those who can act, and when
        something was changed.
    end : datetime or str
        When the table was made: nothing in it is later.
    horizon : timedelta
        Age from which feedback should be closed: younger feedback is not in the shares, closed or not.
    confidence_level : float, default 0.95
        Nominal coverage of the intervals, strictly between 0 and 1.

    Returns
    -------
    FeedbackLoop
        Closure rate with interval, each stage, and the days to close.

    Raises
    ------
    MissingColumnError
        If a column is not in the table.
    InvalidInputError
        If there are no rows or they are not in memory, a column has other things than datetimes, `received`
        is missing somewhere, or a moment is before `received` or after `end`; names the value, the position
        and the count.

    Notes
    -----
    \[ \text{closure rate} = \frac{\text{closed}}{\text{received}} \quad
       \text{among feedback at least as old as the horizon} . \]

    Days to close are the Kaplan-Meier quantiles over all feedback, where what is not closed is open until
    `end`. The mean over what is closed leaves out all that never will be.

    References
    ----------
    Kaplan, E. L. and Meier, P. (1958), Nonparametric estimation from incomplete observations.
    [doi:10.1080/01621459.1958.10501452](https://doi.org/10.1080/01621459.1958.10501452).

    Wilson, E. B. (1927), Probable inference, the law of succession, and statistical inference.
    [doi:10.1080/01621459.1927.10502953](https://doi.org/10.1080/01621459.1927.10502953).

    Examples
    --------
    >>> from datetime import timedelta
    >>> import pandas as pd
    >>> feedback = pd.DataFrame(
    ...     {
    ...         "came": pd.to_datetime(
    ...             ["2026-01-05", "2026-01-12", "2026-01-20", "2026-03-28"]
    ...         ),
    ...         "told": pd.to_datetime(["2026-01-15", None, "2026-02-20", None]),
    ...     }
    ... )
    >>> found = feedback_loop(
    ...     feedback,
    ...     received="came",
    ...     closed="told",
    ...     end="2026-03-31",
    ...     horizon=timedelta(days=30),
    ... )
    >>> round(found.closure_rate, 3), found.n_old, found.days_to_close()[0]
    (0.667, 3, 31.0)
    """
    check_confidence_level(confidence_level)
    if not isinstance(horizon, timedelta) or horizon.total_seconds() < 0:
        raise InvalidInputError(f"`horizon` must be a timedelta of 0 or more, got {horizon!r}")
    roles = {"received": received, "routed": routed, "actioned": actioned, "closed": closed}
    moments, last = _moments(_rows_of(feedback, roles), roles, end)
    came = moments.pop("received")
    age = last - came
    old = age >= horizon.total_seconds()
    curves = [
        kaplan_meier(
            np.where(np.isnan(at), age, at - came) / _SECONDS_A_DAY,
            ~np.isnan(at),
            confidence_level=confidence_level,
        )
        for at in moments.values()
    ]
    reached = np.array([int((~np.isnan(at) & old).sum()) for at in moments.values()])
    n_old = int(old.sum())
    lower, upper = wilson_interval(reached, n_old, confidence_level=confidence_level)
    halves = [duration_of(curve, 0.5) for curve in curves]
    share = reached / n_old if n_old else np.full(reached.size, np.nan)
    return FeedbackLoop(
        closure_rate=float(share[-1]),
        interval=Interval(float(lower[-1]), float(upper[-1]), confidence_level) if n_old else None,
        n=came.size,
        n_old=n_old,
        n_closed=int((~np.isnan(moments["closed"])).sum()),
        horizon=horizon,
        stages=tuple(moments),
        reached=reached,
        share=share,
        lower=lower,
        upper=upper,
        median_days=np.array([half for half, _ in halves]),
        median_lower=np.array([bounds.lower for _, bounds in halves]),
        median_upper=np.array([bounds.upper for _, bounds in halves]),
        reason=None if n_old else "no feedback is as old as the horizon",
        _curve=curves[-1],
    )


def _rows_of(feedback: FrameT, roles: dict[str, str | None]) -> MemoryFrame[FrameT]:
    frame = open_frame("feedback", feedback)
    check_columns(frame.columns, roles)
    if not isinstance(frame, MemoryFrame):
        raise InvalidInputError("`feedback` must be in memory, got a lazy frame; collect it first")
    if frame.n_rows == 0:
        raise InvalidInputError("`feedback` must have at least one row, got none")
    return frame


def _moments(
    frame: MemoryFrame[Any], roles: dict[str, str | None], end: datetime | str
) -> tuple[dict[str, FloatArray], float]:
    """Seconds since 1970 of each column, NaN where one is missing, and of the end."""
    columns = {role: column for role, column in roles.items() if column is not None}
    found: dict[str, FloatArray] = {}
    aware: dict[str, bool] = {}
    for role, column in columns.items():
        series = frame.series(column)
        absent = np.asarray(series.is_null().to_numpy(), dtype=np.bool_)
        seconds = np.full(frame.n_rows, np.nan)
        if role == "received" or not absent.all():
            present = series if role == "received" else series.filter((~absent).tolist())
            ticks, clock = encode_moments(present, engine=frame.engine, role=role)
            seconds[slice(None) if role == "received" else ~absent] = ticks / clock.ticks_per_second
            aware[role] = clock.is_utc
        found[role] = seconds
    for role, is_utc in aware.items():
        if is_utc != aware["received"]:
            with_zone = "with" if aware["received"] else "without"
            raise InvalidInputError(
                f"{in_column(role, columns[role])} must be {with_zone} a time zone as `received` is"
            )
    last = _end(end, is_utc=aware["received"])
    for role, seconds in found.items():
        name = in_column(role, columns[role])
        _refuse(name, "at or after `received`", seconds, seconds < found["received"], "correct these rows")
        _refuse(name, "at or before `end`", seconds, seconds > last, "say when the table was made")
    return found, last


def _refuse(name: str, rule: str, seconds: FloatArray, bad: Any, remedy: str) -> None:
    where = np.flatnonzero(bad)
    if where.size:
        raise_rows(
            name,
            rule,
            value=np.datetime64(int(seconds[where[0]]), "s"),
            count=where.size,
            total=seconds.size,
            position=int(where[0]),
            remedy=remedy,
        )


def _end(end: datetime | str, *, is_utc: bool) -> float:
    import pandas as pd

    moment = pd.Timestamp(end)
    if (moment.tzinfo is not None) != is_utc:
        raise InvalidInputError(
            f"`end` must be {'with' if is_utc else 'without'} a time zone as `received` is, got {end}"
        )
    # Whole microseconds: `timestamp` takes a moment without a zone for one of UTC.
    return float(moment.timestamp())

"""Excess drop-off: what a step loses beyond what it loses where things go well."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from customer_centric._core.checks import check_choice, check_confidence_level, check_number
from customer_centric._core.words import as_html
from customer_centric.errors import InvalidInputError
from customer_centric.intervals import mover_interval, wilson_interval
from customer_centric.journey.funnel import Funnel, check_subset, funnel
from customer_centric.journey.journeys import LEFT_TRUNCATED, OPEN, Journeys
from customer_centric.journey.signals import SignalTable
from customer_centric.typing import BoolArray, FloatArray

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["ExcessDropOff", "excess_drop_off"]

Baseline: TypeAlias = Literal["clean", "best_channel", "previous"]
BASELINES: Final = ("clean", "best_channel", "previous")


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class ExcessDropOff:
    r"""What each step loses, against a named baseline.

    Parameters
    ----------
    baseline : str
        What the steps are compared with.
    step, group, against : tuple of str of length n_rows
        The step that journeys were at, those that are looked at, and those they are compared with.
    n, dropped : ndarray of shape (n_rows,)
        Journeys whose fate is known, and those that did not reach the next step.
    drop_off : ndarray of shape (n_rows,)
        Their ratio; NaN where there is none.
    n_baseline : ndarray of shape (n_rows,)
        Journeys of the baseline; infinite where it was stated.
    baseline_drop_off : ndarray of shape (n_rows,)
        What the baseline loses.
    excess, lower, upper : ndarray of shape (n_rows,)
        The difference, negative where the baseline does worse, and its limits.
    confidence_level : float
        Nominal coverage of each interval.
    """

    baseline: str
    step: tuple[str, ...]
    group: tuple[str, ...]
    against: tuple[str, ...]
    n: FloatArray
    dropped: FloatArray
    drop_off: FloatArray
    n_baseline: FloatArray
    baseline_drop_off: FloatArray
    excess: FloatArray
    lower: FloatArray
    upper: FloatArray
    confidence_level: float

    @property
    def lost(self) -> FloatArray:
        """Journeys lost beyond the baseline: `n` times `excess`."""
        # Nobody there, nobody lost, whatever the excess would be.
        return np.where(self.n > 0, self.n * self.excess, 0.0)

    def to_frame(self) -> pd.DataFrame:
        """One row a step and group."""
        import pandas as pd

        return pd.DataFrame(
            {
                "step": list(self.step),
                "group": list(self.group),
                "against": list(self.against),
                "n": self.n,
                "dropped": self.dropped,
                "drop_off": self.drop_off,
                "n_baseline": self.n_baseline,
                "baseline_drop_off": self.baseline_drop_off,
                "excess": self.excess,
                "lower": self.lower,
                "upper": self.upper,
                "lost": self.lost,
                "lost_lower": self.n * self.lower,
                "lost_upper": self.n * self.upper,
            }
        )

    def __str__(self) -> str:
        known = np.flatnonzero(~np.isnan(self.excess))
        if not known.size:
            return f"drop-off against {self.baseline}: nothing to compare"
        worst = int(known[np.argmax(self.lost[known])])
        return (
            f"drop-off against {self.baseline}: most is lost at {self.step[worst]} ({self.group[worst]}), "
            f"{100 * self.drop_off[worst]:.1f} % against {100 * self.baseline_drop_off[worst]:.1f} %: "
            f"{self.lost[worst]:,.0f} of {self.n[worst]:,.0f} journeys"
        )

    def _repr_html_(self) -> str:
        return as_html(self, frame=self.to_frame())


def excess_drop_off(
    signals: SignalTable,
    steps: Sequence[str],
    *,
    baseline: Baseline | Mapping[str, float] = "clean",
    studied: Collection[str] | None = None,
    since: datetime | str | None = None,
    subset: ArrayLike | None = None,
    confidence_level: float = 0.95,
) -> ExcessDropOff:
    r"""What each step of a funnel loses beyond a baseline that is named.

    Parameters
    ----------
    signals : SignalTable
        From `detect_signals`.
    steps : sequence of str
        Touchpoints in the order in which they are passed; see `funnel`. The last one has no drop-off.
    baseline : {"clean", "best_channel", "previous"} or mapping from str to float, default "clean"
        "clean": journeys whose visit to the step shows a studied signal, against those whose visit does not.
        "best_channel": each channel against the one that loses the smallest share there. "previous": journeys
        that began at `since` or later, against those before. A mapping has a drop-off in [0, 1] for some of
        the steps that you know from elsewhere, taken as exact.
    studied : collection of str, optional
        Signals that make a visit a flagged one; all system signals by default.
    since : datetime or str, optional
        Where "previous" ends; needed for it.
    subset : array_like of bool of shape (n_journeys,), optional
        Journeys that count; all by default.
    confidence_level : float, default 0.95
        Nominal coverage of each interval, strictly between 0 and 1.

    Returns
    -------
    ExcessDropOff
        A row for each step and group.

    Raises
    ------
    InvalidInputError
        If there are fewer than two steps, a step, signal or baseline is unknown, channels or `since` are
        missing where they are needed, or a stated drop-off is outside [0, 1].

    Notes
    -----
    With \(q\) the share of the group's journeys at a step that do not reach the next one, open ones left out,
    and \(q_0\) that of the baseline,

    \[ \text{excess} = q - q_0, \qquad \text{lost} = n\,(q - q_0) . \]

    Limits of the difference are Newcombe's: those of the two shares (Wilson's), put together by squares. The
    best of many small channels looks better than it is; so does what it is best at.

    References
    ----------
    Newcombe, R. G. (1998), Interval estimation for the difference between independent proportions, method 10.
    Statistics in Medicine 17(8).

    Examples
    --------
    1,792 claims were called in to one office, of which 367 went no further, and 1,720 to another, of which
    195 did not. At the rate of the other office, 164 claims would not have been lost:

    >>> import numpy as np
    >>> import pandas as pd
    >>> from customer_centric import EventSchema, detect_signals, find_journeys, prepare_log
    >>> office = np.repeat(["Sydney", "Brisbane"], [1792, 1720])
    >>> gone = np.concatenate([np.arange(1792) < 367, np.arange(1720) < 195])
    >>> calls = pd.DataFrame(
    ...     {"case_id": np.arange(3512), "touchpoint": "call", "channel": office}
    ... )
    >>> after = calls.assign(touchpoint=np.where(gone, "nothing", "claim"))
    >>> events = pd.concat([calls.assign(at=0), after.assign(at=1)])
    >>> events["timestamp"] = pd.Timestamp("2026-03-01") + pd.to_timedelta(
    ...     events["at"], unit="h"
    ... )
    >>> log = prepare_log(events, EventSchema(channel="channel"))
    >>> table = detect_signals(find_journeys(log, goal="claim", lost="nothing"))
    >>> print(excess_drop_off(table, ["call", "claim"], baseline="best_channel"))
    drop-off against best_channel: most is lost at call (Sydney), 20.5 % against 11.3 %: 164 of 1,792 journeys
    """
    check_confidence_level(confidence_level)
    if isinstance(steps, str) or len(steps) < 2:
        raise InvalidInputError(f"`steps` must be at least two touchpoints, got {steps!r}")
    journeys = signals.journeys
    passed = funnel(journeys, steps, subset=subset)
    kept = check_subset(subset, journeys.n_journeys)
    if isinstance(baseline, str):
        check_choice("baseline", baseline, BASELINES)
        labels = _labels(signals, passed, baseline, studied, since)
        rows = _compared(journeys, passed, kept, labels, baseline)
    else:
        rows = _stated(journeys, passed, kept, baseline)
    name = baseline if isinstance(baseline, str) else "stated rates"
    return _result(name, rows, confidence_level)


_Row: TypeAlias = tuple[str, str, str, float, float, float, float]


def _fates(journeys: Journeys, passed: Funnel, kept: BoolArray, k: int) -> tuple[BoolArray, BoolArray]:
    """Journeys at step k whose fate is known, and those that did not reach the next."""
    gone = passed.visit[:, k + 1] < 0
    known = (
        kept
        & (passed.visit[:, k] >= 0)
        & (journeys.status != LEFT_TRUNCATED)
        & ~(gone & (journeys.status == OPEN))
    )
    return known, gone


def _labels(
    signals: SignalTable,
    passed: Funnel,
    baseline: Baseline,
    studied: Collection[str] | None,
    since: datetime | str | None,
) -> tuple[NDArray[Any], tuple[str, ...]]:
    """Group of each journey at each step, and names of the groups; -1 where it is not known."""
    journeys, v = signals.journeys, signals.journeys.visits
    if baseline == "clean":
        flagged = np.zeros(v.n_visits + 1, dtype=np.int64)
        flagged[signals.visit[studied_mask(signals, studied)[signals.signal]]] = 1
        return flagged[passed.visit], ("clean", "flagged")
    if baseline == "best_channel":
        if v.channel is None:
            raise InvalidInputError(
                '`baseline` must not be "best_channel" for a log without channels; name the column in '
                "the schema"
            )
        return np.append(v.channel.codes, -1)[passed.visit], v.channel.names
    if since is None:
        raise InvalidInputError('`since` must be given for the baseline "previous", got None')
    begin = v.begin[v.starts[:-1]]
    now = (begin >= _ticks(journeys, since)).astype(np.int64)
    return np.repeat(now[:, None], len(passed.steps), axis=1), ("previous", "now")


def _ticks(journeys: Journeys, since: datetime | str) -> int:
    import pandas as pd

    clock = journeys.visits.clock
    moment = pd.Timestamp(since)
    if (moment.tzinfo is not None) != clock.is_utc:
        with_zone = "with" if clock.is_utc else "without"
        raise InvalidInputError(f"`since` must be {with_zone} a time zone as the log is, got {since}")
    if moment.tzinfo is not None:
        moment = moment.tz_convert("UTC").tz_localize(None)
    return int(moment.to_datetime64().astype(f"datetime64[{clock.unit}]").astype(np.int64))


def studied_mask(signals: SignalTable, studied: Collection[str] | None) -> BoolArray:
    """Which signals are under study; system signals by default."""
    if studied is None:
        return np.array([signal.kind == "system" for signal in signals.signals], dtype=np.bool_)
    wanted = (studied,) if isinstance(studied, str) else tuple(studied)
    for name in wanted:
        check_choice("studied", name, signals.names)
    return np.array([name in wanted for name in signals.names], dtype=np.bool_)


def _compared(
    journeys: Journeys,
    passed: Funnel,
    kept: BoolArray,
    labels: tuple[NDArray[Any], tuple[str, ...]],
    baseline: Baseline,
) -> list[_Row]:
    code, names = labels
    rows: list[_Row] = []
    for k, step in enumerate(passed.steps[:-1]):
        known, gone = _fates(journeys, passed, kept, k)
        at = code[:, k]
        counts = np.bincount(at[known & (at >= 0)], minlength=len(names)).astype(np.float64)
        drops = np.bincount(at[known & gone & (at >= 0)], minlength=len(names)).astype(np.float64)
        some = np.flatnonzero(counts > 0)
        if baseline == "best_channel":
            base = int(some[np.argmin(drops[some] / counts[some])]) if some.size else 0
            others = [int(c) for c in some if c != base]
        else:
            base, others = 0, [1]
        rows += [
            (step, names[c], names[base], counts[c], drops[c], counts[base], drops[base]) for c in others
        ]
    return rows


def _stated(journeys: Journeys, passed: Funnel, kept: BoolArray, rates: Mapping[str, float]) -> list[_Row]:
    for name in rates:
        check_choice("baseline", name, passed.steps[:-1])
    rows: list[_Row] = []
    for k, step in enumerate(passed.steps[:-1]):
        if step not in rates:
            continue
        rate = check_number(f"baseline[{step!r}]", rates[step], minimum=0.0, maximum=1.0)
        known, gone = _fates(journeys, passed, kept, k)
        rows.append((step, "all", "stated", float(known.sum()), float((known & gone).sum()), np.inf, rate))
    return rows


def _result(name: str, rows: list[_Row], level: float) -> ExcessDropOff:
    n, dropped, n0, dropped0 = (np.array([row[i] for row in rows], dtype=np.float64) for i in range(3, 7))
    exact = np.isinf(n0)
    nothing = np.full(n.size, np.nan)
    own = np.divide(dropped, n, out=nothing.copy(), where=n > 0)
    base = np.divide(dropped0, n0, out=nothing.copy(), where=(n0 > 0) & ~exact)
    base[exact] = dropped0[exact]
    low, high = wilson_interval(dropped, n, confidence_level=level)
    counts = np.where(exact, 0.0, n0)
    low0, high0 = wilson_interval(np.where(exact, 0.0, dropped0), counts, confidence_level=level)
    low0, high0 = np.where(exact, base, low0), np.where(exact, base, high0)
    known = ~np.isnan(own) & ~np.isnan(base)
    lower, upper = low - high0, high - low0
    if known.any():
        lower[known], upper[known] = mover_interval(
            np.stack([own, base])[:, known],
            np.stack([low, low0])[:, known],
            np.stack([high, high0])[:, known],
        )
    return ExcessDropOff(
        baseline=name,
        step=tuple(row[0] for row in rows),
        group=tuple(row[1] for row in rows),
        against=tuple(row[2] for row in rows),
        n=n,
        dropped=dropped,
        drop_off=own,
        n_baseline=n0,
        baseline_drop_off=base,
        excess=own - base,
        lower=lower,
        upper=upper,
        confidence_level=level,
    )

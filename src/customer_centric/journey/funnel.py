"""Funnels: how many journeys come from step to step, with those still on the way counted apart."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

import numpy as np
from numpy.typing import ArrayLike

from customer_centric._core.checks import as_floats, check_choice, check_confidence_level, raise_broken
from customer_centric._core.words import as_html, counted
from customer_centric.errors import InvalidInputError
from customer_centric.intervals import Interval, wilson_interval
from customer_centric.journey.journeys import ABANDONED, ESCALATED, LEFT_TRUNCATED, OPEN, Journeys
from customer_centric.typing import BoolArray, FloatArray, IntArray

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Funnel", "funnel"]

FunnelMethod: TypeAlias = Literal["ordered", "unordered"]
METHODS: Final = ("ordered", "unordered")


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Funnel:
    r"""Journeys that reached each step, and the rate of each step.

    Parameters
    ----------
    steps : tuple of str
        The steps.
    method : {"ordered", "unordered"}
        Whether the steps had to come in this order.
    visited : ndarray of int of shape (n_steps,)
        Journeys that visited the step at all, whatever came before.
    reached : ndarray of int of shape (n_steps,)
        Journeys that came through all steps up to this one.
    in_progress : ndarray of int of shape (n_steps,)
        Open journeys among them that have not reached the next step: they may still do.
    decided : ndarray of shape (n_steps,)
        What the rate is a share of: journeys that reached the step before (all, for the first step), without
        those in progress there, or with the part of them that is likely to be over.
    rate, lower, upper : ndarray of shape (n_steps,)
        Share of `decided` that reached the step, NaN where there is none, and its limits.
    overall : float
        Share of all decided journeys that came through the last step.
    interval : Interval
        Its limits.
    not_started : int
        Open journeys that have not reached the first step.
    n_journeys, n_left_out : int
        Journeys counted, and those left out because they began before the log.
    visit : ndarray of int of shape (n_journeys, n_steps)
        The visit that reached each step; -1 where none did.
    warnings : tuple of str
        What to know before the numbers are used.
    """

    steps: tuple[str, ...]
    method: FunnelMethod
    visited: IntArray
    reached: IntArray
    in_progress: IntArray
    decided: FloatArray
    rate: FloatArray
    lower: FloatArray
    upper: FloatArray
    overall: float
    interval: Interval
    not_started: int
    n_journeys: int
    n_left_out: int
    visit: IntArray
    warnings: tuple[str, ...]

    @property
    def dropped(self) -> FloatArray:
        """Journeys lost on the way to each step: `decided` less `reached`."""
        return self.decided - self.reached

    def to_frame(self) -> pd.DataFrame:
        """One row a step."""
        import pandas as pd

        return pd.DataFrame(
            {
                "step": list(self.steps),
                "visited": self.visited,
                "reached": self.reached,
                "in_progress": self.in_progress,
                "decided": self.decided,
                "dropped": self.dropped,
                "rate": self.rate,
                "lower": self.lower,
                "upper": self.upper,
            }
        )

    def __str__(self) -> str:
        bounds = self.interval
        return (
            f"{self.reached[-1]:,} of {counted(self.n_journeys, 'journey')} came through "
            f"{counted(len(self.steps), 'step')} ({self.method}): {100 * self.overall:.1f} % of those "
            f"decided ({100 * bounds.confidence_level:g} % interval {100 * bounds.lower:.1f} to "
            f"{100 * bounds.upper:.1f})"
        )

    def _repr_html_(self) -> str:
        return as_html(self, frame=self.to_frame())


def funnel(
    journeys: Journeys,
    steps: Sequence[str],
    *,
    method: FunnelMethod = "ordered",
    subset: ArrayLike | None = None,
    probability_over: ArrayLike | None = None,
    confidence_level: float = 0.95,
) -> Funnel:
    r"""How many journeys come from step to step, and where the others stop.

    Parameters
    ----------
    journeys : Journeys
        From `find_journeys`. What comes after the goal does not count.
    steps : sequence of str
        Touchpoints of the log. A goal is reached where the journey reached it, not by a visit that failed.
    method : {"ordered", "unordered"}, default "ordered"
        "ordered": a journey reaches step k by visits to steps 1 to k one after another, with anything in
        between. "unordered": by visits to all of them, in any order. They answer two questions.
    subset : array_like of bool of shape (n_journeys,), optional
        Journeys that count; all by default.
    probability_over : array_like of shape (n_journeys,), optional
        Probability, in [0, 1], that an open journey is over, such as `soft_abandonment` gives; read for open
        journeys only. Without it, open journeys are left out of the rate of the step they wait at.
    confidence_level : float, default 0.95
        Nominal coverage of each interval, strictly between 0 and 1.

    Returns
    -------
    Funnel
        Counts and rates by step.

    Raises
    ------
    InvalidInputError
        If there is no step, a step is not in the log, an unordered step is named twice, or an argument has
        the wrong length or range.

    Notes
    -----
    With \(R_k\) journeys that reached step \(k\), \(R_0\) all of them, and \(P_k\) open ones that reached
    \(k\) and not \(k + 1\), the rate of a step and what it is a share of are

    \[ r_k = \frac{R_k}{D_k}, \qquad D_k = R_{k-1} - \sum_{i \in P_{k-1}} (1 - \pi_i), \]

    where \(\pi_i\) is the probability that journey \(i\) is over; 0 without any. Limits are Wilson's, for
    journeys that are independent of one another. A rate of none is NaN, with limits 0 and 1.

    Leaving open journeys out is right for those who will do as the others did, and too kind where those who
    are quick are those who convert; weights are better, and `time_to_complete` needs neither.

    Examples
    --------
    >>> import pandas as pd
    >>> from customer_centric import find_journeys, prepare_log
    >>> events = pd.DataFrame(
    ...     {
    ...         "case_id": ["a", "a", "a", "b", "b", "c"],
    ...         "touchpoint": ["cart", "payment", "purchase", "cart", "goodbye", "cart"],
    ...         "timestamp": pd.to_datetime(["2026-03-01"] * 6)
    ...         + pd.to_timedelta(range(6), unit="min"),
    ...     }
    ... )
    >>> found = funnel(
    ...     find_journeys(prepare_log(events), goal="purchase", lost="goodbye"),
    ...     ["cart", "payment", "purchase"],
    ... )
    >>> found.to_frame()[["step", "reached", "in_progress", "decided", "rate"]]
           step  reached  in_progress  decided  rate
    0      cart        3            1      3.0   1.0
    1   payment        1            0      2.0   0.5
    2  purchase        1            0      1.0   1.0
    """
    check_choice("method", method, METHODS)
    codes = step_codes(journeys, steps, repeats=method == "ordered")
    check_confidence_level(confidence_level)
    kept = check_subset(subset, journeys.n_journeys)
    over = _probabilities(probability_over, journeys)
    truncated = journeys.status == LEFT_TRUNCATED
    left_out = int((truncated & kept).sum())
    kept = kept & ~truncated
    hits = [hits_of(journeys, code) for code in codes]
    visit = _ordered(journeys, hits) if method == "ordered" else _unordered(journeys, hits)
    visited = np.array([(_first_of(journeys, at) >= 0)[kept].sum() for at in hits])
    depth = (visit >= 0).sum(axis=1)
    waiting = kept & (journeys.status == OPEN)
    reached = np.cumsum(np.bincount(depth[kept], minlength=len(codes) + 1)[::-1])[::-1]
    n_open = np.bincount(depth[waiting], minlength=len(codes) + 1)
    undecided = np.bincount(depth[waiting], 1.0 - over[waiting], len(codes) + 1)[:-1]
    # All together is a step of its own, from the first journey to the last step. A sum of weights may fall
    # short of the count by its last bit.
    arrived = np.append(reached[1:], reached[-1]).astype(np.float64)
    decided = np.maximum(np.append(reached[:-1] - undecided, reached[0] - undecided.sum()), arrived)
    rate = np.divide(arrived, decided, out=np.full(decided.size, np.nan), where=decided > 0)
    lower, upper = wilson_interval(arrived, decided, confidence_level=confidence_level)
    return Funnel(
        steps=tuple(steps),
        method=method,
        visited=visited,
        reached=reached[1:],
        in_progress=n_open[1:],
        decided=decided[:-1],
        rate=rate[:-1],
        lower=lower[:-1],
        upper=upper[:-1],
        overall=float(rate[-1]),
        interval=Interval(float(lower[-1]), float(upper[-1]), confidence_level),
        not_started=int(n_open[0]),
        n_journeys=int(reached[0]),
        n_left_out=left_out,
        visit=visit,
        warnings=_warnings(journeys, kept, weighted=probability_over is not None),
    )


def _warnings(journeys: Journeys, kept: BoolArray, *, weighted: bool) -> tuple[str, ...]:
    status = journeys.status[kept]
    ended = np.isin(status, [ABANDONED, ESCALATED])
    if weighted or ended.any() or not (status == OPEN).any():
        return ()
    warning = (
        "no journey is known to have ended short of the goal, so that nobody is counted as dropped; give "
        "`lost` or `closed_after` to `find_journeys`, or `probability_over`"
    )
    return (warning,)


def step_codes(journeys: Journeys, steps: Sequence[str], *, repeats: bool) -> list[int]:
    """Codes of touchpoints that are steps."""
    if isinstance(steps, str) or not len(steps):
        raise InvalidInputError(f"`steps` must be a sequence of at least one touchpoint, got {steps!r}")
    known = journeys.visits.touchpoints
    for step in steps:
        if step not in known:
            listed = ", ".join(repr(name) for name in known)
            raise InvalidInputError(
                f"`steps` must be touchpoints of the log, got {step!r}; its touchpoints are {listed}"
            )
    if not repeats and len(set(steps)) < len(steps):
        twice = next(step for step in steps if list(steps).count(step) > 1)
        raise InvalidInputError(f"`steps` must be different where they are unordered, got {twice!r} twice")
    return [known.index(step) for step in steps]


def check_subset(subset: ArrayLike | None, n: int) -> BoolArray:
    """Which journeys count."""
    if subset is None:
        return np.ones(n, dtype=np.bool_)
    kept = np.asarray(subset)
    if kept.dtype != np.bool_ or kept.shape != (n,):
        raise InvalidInputError(
            f"`subset` must have True or False for each of {counted(n, 'journey')}, got {kept.dtype} of "
            f"shape {kept.shape}"
        )
    return kept


def _probabilities(given: ArrayLike | None, journeys: Journeys) -> FloatArray:
    if given is None:
        return np.zeros(journeys.n_journeys)
    over = as_floats("probability_over", given)
    if over.shape != (journeys.n_journeys,):
        raise InvalidInputError(
            f"`probability_over` must have one number a journey, got shape {over.shape} for "
            f"{counted(journeys.n_journeys, 'journey')}"
        )
    bad = (journeys.status == OPEN) & ~((over >= 0) & (over <= 1))
    raise_broken("probability_over", "between 0 and 1 for open journeys", over, bad)
    return over


def hits_of(journeys: Journeys, code: int) -> IntArray:
    """Visits that reach a step, ascending; at a goal, those that did reach it."""
    v = journeys.visits
    if v.touchpoints[code] in journeys.goal:
        reached = journeys.goal_visit[journeys.goal_visit >= 0]
        return np.asarray(reached[v.touchpoint[reached] == code])
    return np.flatnonzero((v.touchpoint == code) & ~v.after_goal)


def _next_hit(hits: IntArray, after: IntArray, before: IntArray) -> IntArray:
    """For each journey, the first hit beyond `after` and before its end; -1 where there is none."""
    place = np.searchsorted(hits, after, side="right")
    found = np.append(hits, np.iinfo(np.int64).max)[place]
    return np.where(found < before, found, -1)


def _first_of(journeys: Journeys, hits: IntArray) -> IntArray:
    starts = journeys.visits.starts
    return _next_hit(hits, starts[:-1] - 1, starts[1:])


def _ordered(journeys: Journeys, hits: list[IntArray]) -> IntArray:
    starts = journeys.visits.starts
    visit = np.full((journeys.n_journeys, len(hits)), -1, dtype=np.int64)
    # Taking the first visit that fits leaves most room for the steps that follow.
    last, alive = starts[:-1] - 1, np.ones(journeys.n_journeys, dtype=np.bool_)
    for k, at in enumerate(hits):
        found = _next_hit(at, last, starts[1:])
        alive &= found >= 0
        visit[alive, k] = found[alive]
        last = np.where(alive, found, last)
    return visit


def _unordered(journeys: Journeys, hits: list[IntArray]) -> IntArray:
    first = np.stack([_first_of(journeys, at) for at in hits], axis=1)
    alive = np.logical_and.accumulate(first >= 0, axis=1)
    return np.where(alive, first, -1)

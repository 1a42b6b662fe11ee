"""How straight journeys are: their length against the shortest, and visits made again."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from customer_centric._core.checks import check_confidence_level
from customer_centric._core.words import as_html, counted
from customer_centric.errors import InvalidInputError
from customer_centric.intervals import Interval, multinomial_score_interval
from customer_centric.journey._clusters import Shares, clustered_shares, effective_size
from customer_centric.journey.funnel import check_subset
from customer_centric.journey.journeys import Journeys
from customer_centric.journey.visits import NEVER, Visits
from customer_centric.typing import BoolArray, FloatArray, IntArray

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["PathEfficiency", "ReworkRate", "path_efficiency", "rework_rate"]


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class PathEfficiency:
    r"""How straight the paths of those who arrived were, and how far away the others gave up.

    Parameters
    ----------
    shortest : float
        Visits of the shortest path that reached the goal, the goal included; NaN if none did.
    mean : float
        Mean efficiency of those who arrived, in (0, 1]; NaN if none did.
    interval : Interval
        Its limits.
    efficiency : ndarray of shape (n_journeys,)
        Efficiency of each journey; NaN for those that did not arrive.
    remaining : ndarray of shape (n_journeys,)
        Fewest further visits from where an abandoned journey stopped to the goal; NaN for all others, and
        where nobody who arrived had ever been.
    touchpoints : tuple of str
        Touchpoints.
    n_stopped : ndarray of int of shape (n_touchpoints,)
        Abandoned journeys that stopped there.
    distance : ndarray of shape (n_touchpoints,)
        Fewest further visits to the goal from there; NaN where nobody who arrived had been.
    mean_remaining : float
        Mean of `remaining`; NaN without any.
    remaining_interval : Interval
        Its limits.
    n_converted, n_abandoned, n_unknown : int
        Journeys that arrived, those that were given up, and those left out: open, or begun before the log.
    """

    shortest: float
    mean: float
    interval: Interval
    efficiency: FloatArray
    remaining: FloatArray
    touchpoints: tuple[str, ...]
    n_stopped: IntArray
    distance: FloatArray
    mean_remaining: float
    remaining_interval: Interval
    n_converted: int
    n_abandoned: int
    n_unknown: int

    def to_frame(self) -> pd.DataFrame:
        """One row a touchpoint: who stopped there, and how far from the goal."""
        import pandas as pd

        return pd.DataFrame(
            {"touchpoint": list(self.touchpoints), "n_stopped": self.n_stopped, "distance": self.distance}
        )

    def __str__(self) -> str:
        if not self.n_converted:
            return "path efficiency: no journey reached the goal"
        bounds = self.interval
        return (
            f"path efficiency {self.mean:.3f} ({100 * bounds.confidence_level:g} % interval "
            f"{bounds.lower:.3f} to {bounds.upper:.3f}) of {counted(self.n_converted, 'journey')} that "
            f"arrived, the shortest in {self.shortest:g} visits; "
            f"{counted(self.n_abandoned, 'journey')} stopped {self.mean_remaining:.1f} visits "
            "short of the goal"
        )

    def _repr_html_(self) -> str:
        return as_html(self, frame=self.to_frame())


def path_efficiency(
    journeys: Journeys, *, subset: ArrayLike | None = None, confidence_level: float = 0.95
) -> PathEfficiency:
    r"""Length of the shortest path to the goal over that of each journey, and how far the others got.

    Parameters
    ----------
    journeys : Journeys
        From `find_journeys`.
    subset : array_like of bool of shape (n_journeys,), optional
        Journeys that count; all by default. Those that begin at one place are more alike.
    confidence_level : float, default 0.95
        Nominal coverage of the limits, strictly between 0 and 1.

    Returns
    -------
    PathEfficiency
        Efficiency of journeys that arrived, remaining distance of those that were given up.

    Raises
    ------
    InvalidInputError
        If `subset` has the wrong shape, or the level is not inside (0, 1).

    Notes
    -----
    With \(l_i\) the visits of journey \(i\) up to the goal, and over journeys that reached it,

    \[ \text{efficiency}_i = \frac{\min_j l_j}{l_i} \in (0, 1] . \]

    One who gave up after two visits did not take a short path: for abandoned journeys it is the fewest
    further visits that anybody who arrived needed from the last place they were at. Limits are score
    intervals of a mean, which are not of width zero where all are alike, at the effective number of journeys
    where customers have several. They take the shortest path for given.

    Examples
    --------
    >>> import pandas as pd
    >>> from customer_centric import find_journeys, prepare_log
    >>> paths = {"a": "cart pay buy", "b": "cart help cart pay pay buy", "c": "cart goodbye"}
    >>> rows = [(case, step) for case, path in paths.items() for step in path.split()]
    >>> events = pd.DataFrame(rows, columns=["case_id", "touchpoint"])
    >>> events["timestamp"] = pd.Timestamp("2026-03-01") + pd.to_timedelta(
    ...     range(11), unit="min"
    ... )
    >>> found = path_efficiency(find_journeys(prepare_log(events), goal="buy", lost="goodbye"))
    >>> found.mean, found.mean_remaining
    (0.75, 2.0)
    """
    level = check_confidence_level(confidence_level)
    kept = check_subset(subset, journeys.n_journeys)
    arrived = kept & (journeys.outcome == 1)
    gave_up = kept & (journeys.outcome == 0)
    start = journeys.visits.starts[:-1]
    length = journeys.goal_visit - start + 1.0
    shortest = float(length[arrived].min()) if arrived.any() else np.nan
    efficiency = np.full(journeys.n_journeys, np.nan)
    efficiency[arrived] = shortest / length[arrived]
    distance = _distances(journeys, arrived)
    stop = _last_places(journeys)
    remaining = np.full(journeys.n_journeys, np.nan)
    stopped = gave_up & (stop >= 0)
    remaining[stopped] = distance[stop[stopped]]
    mean, bounds = _mean_of(efficiency, journeys.customer, (0.0, 1.0), level)
    far = float(np.nanmax(distance)) if (~np.isnan(distance)).any() else np.inf
    left, left_bounds = _mean_of(remaining, journeys.customer, (0.0, far), level)
    return PathEfficiency(
        shortest=shortest,
        mean=mean,
        interval=bounds,
        efficiency=efficiency,
        remaining=remaining,
        touchpoints=journeys.visits.touchpoints,
        n_stopped=np.bincount(stop[stopped], minlength=distance.size),
        distance=distance,
        mean_remaining=left,
        remaining_interval=left_bounds,
        n_converted=int(arrived.sum()),
        n_abandoned=int(gave_up.sum()),
        n_unknown=int((kept & ~arrived & ~gave_up).sum()),
    )


def _distances(journeys: Journeys, arrived: BoolArray) -> FloatArray:
    """Fewest further visits to the goal from each touchpoint, over journeys that arrived."""
    v = journeys.visits
    rows = np.flatnonzero(~v.after_goal & arrived[v.journey])
    distance = np.full(len(v.touchpoints), np.inf)
    np.minimum.at(distance, v.touchpoint[rows], journeys.goal_visit[v.journey[rows]] - rows)
    distance[np.isinf(distance)] = np.nan
    return distance


def _last_places(journeys: Journeys) -> IntArray:
    """Touchpoint of the last visit of each journey that is not a farewell; -1 where there is none."""
    v = journeys.visits
    rows = (
        np.flatnonzero(~v.codes_of(journeys.lost)[v.touchpoint])
        if v.n_visits
        else np.zeros(0, dtype=np.int64)
    )
    place = np.full(journeys.n_journeys, -1, dtype=np.int64)
    # In order, so that the last one stays.
    place[v.journey[rows]] = v.touchpoint[rows]
    return place


def _mean_of(
    values: FloatArray, customer: NDArray[Any], limits: tuple[float, float], level: float
) -> tuple[float, Interval]:
    known = ~np.isnan(values)
    if not known.any():
        return np.nan, Interval(*limits, level)
    found, n = np.unique(np.concatenate([values[known], limits]), return_counts=True)
    n = n.astype(np.float64)
    # The limits are possible, not observed.
    for limit in limits:
        n[np.searchsorted(found, limit)] -= 1.0
    x = values[known]
    if found.size < 2:
        return float(x[0]), Interval(*limits, level)
    share = effective_size(x, customer[known]) / x.size
    low, high = multinomial_score_interval(n * share, found, confidence_level=level)
    mean = float(x.mean())
    return mean, Interval(min(float(low), mean), max(float(high), mean), level)


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class ReworkRate:
    r"""Visits to places where the customer had been before.

    Parameters
    ----------
    touchpoints : tuple of str
        Touchpoints that are not benign, those most often visited again first.
    n : ndarray of int of shape (n_touchpoints,)
        Visits.
    n_self_loops, n_repetitions : ndarray of int of shape (n_touchpoints,)
        Visits right after another one to the same place, and those with other places in between.
    rate, lower, upper : ndarray of shape (n_touchpoints,)
        Share of visits that are either, and its limits.
    n_redo, n_repeat : ndarray of int of shape (n_touchpoints,) or None
        Of these, visits by the other side, and by the same side (customer or company) as the visit before to
        the same place; None for logs without an actor.
    overall : float
        Share over all touchpoints.
    interval : Interval
        Its limits.
    self_loop_rate, repetition_rate : float
        The two parts of `overall`.
    benign : tuple of str
        Touchpoints whose visits do not count.
    n_visits : int
        Visits that count.
    """

    touchpoints: tuple[str, ...]
    n: IntArray
    n_self_loops: IntArray
    n_repetitions: IntArray
    rate: FloatArray
    lower: FloatArray
    upper: FloatArray
    n_redo: IntArray | None
    n_repeat: IntArray | None
    overall: float
    interval: Interval
    self_loop_rate: float
    repetition_rate: float
    benign: tuple[str, ...]
    n_visits: int

    def to_frame(self) -> pd.DataFrame:
        """One row a touchpoint."""
        import pandas as pd

        frame = pd.DataFrame(
            {
                "touchpoint": list(self.touchpoints),
                "n": self.n,
                "n_self_loops": self.n_self_loops,
                "n_repetitions": self.n_repetitions,
                "rate": self.rate,
                "lower": self.lower,
                "upper": self.upper,
            }
        )
        if self.n_redo is None:
            return frame
        return frame.assign(n_redo=self.n_redo, n_repeat=self.n_repeat)

    def __str__(self) -> str:
        if not self.n_visits:
            return "rework rate: no visit counts"
        bounds = self.interval
        return (
            f"rework rate {100 * self.overall:.1f} % ({100 * bounds.confidence_level:g} % interval "
            f"{100 * bounds.lower:.1f} to {100 * bounds.upper:.1f}) of {counted(self.n_visits, 'visit')}: "
            f"{100 * self.self_loop_rate:.1f} % at once, {100 * self.repetition_rate:.1f} % later"
        )

    def _repr_html_(self) -> str:
        return as_html(self, frame=self.to_frame())


def rework_rate(
    journeys: Journeys,
    *,
    benign: Collection[str] = (),
    subset: ArrayLike | None = None,
    confidence_level: float = 0.95,
) -> ReworkRate:
    r"""Share of visits to touchpoints where the journey had been before.

    Parameters
    ----------
    journeys : Journeys
        From `find_journeys`. What comes after the goal does not count.
    benign : collection of str, default ()
        Touchpoints at which coming back is no rework, such as a catalogue: visits to them do not count.
    subset : array_like of bool of shape (n_journeys,), optional
        Journeys that count; all by default.
    confidence_level : float, default 0.95
        Nominal coverage of the limits, strictly between 0 and 1.

    Returns
    -------
    ReworkRate
        Rates by touchpoint and over all.

    Raises
    ------
    InvalidInputError
        If a benign touchpoint is not in the log, or `subset` has the wrong shape.

    Notes
    -----
    Over the visits of a journey,

    \[ \frac{\text{visits} - \text{distinct touchpoints}}{\text{visits}}
       = \frac{\text{self-loops} + \text{repetitions}}{\text{visits}} : \]

    a self-loop follows a visit to the same place at once, a repetition after visits elsewhere. Rates add up
    visits over journeys; limits allow for the visits of a customer being alike. A visit is the company's if
    no event of it is the customer's.

    Examples
    --------
    >>> import pandas as pd
    >>> from customer_centric import find_journeys, prepare_log
    >>> steps = "cart pay pay cart pay buy".split()
    >>> moments = pd.Timestamp("2026-03-01") + pd.to_timedelta(range(6), unit="min")
    >>> events = pd.DataFrame({"case_id": "a", "touchpoint": steps, "timestamp": moments})
    >>> found = rework_rate(find_journeys(prepare_log(events), goal="buy"))
    >>> found.overall, round(found.self_loop_rate, 3), round(found.repetition_rate, 3)
    (0.5, 0.167, 0.333)
    """
    level = check_confidence_level(confidence_level)
    v = journeys.visits
    left_out = (benign,) if isinstance(benign, str) else tuple(benign)
    for name in left_out:
        if name not in v.touchpoints:
            listed = ", ".join(repr(known) for known in v.touchpoints)
            raise InvalidInputError(
                f"`benign` must be touchpoints of the log, got {name!r}; they are {listed}"
            )
    kept = check_subset(subset, journeys.n_journeys)
    counts = (
        ~v.after_goal & kept[v.journey] & ~v.codes_of(left_out)[v.touchpoint] if v.n_visits else v.after_goal
    )
    rows = np.flatnonzero(counts)
    before = _visit_before(v)
    again = before[rows] >= 0
    loop = again & (before[rows] == rows - 1)
    at, customer = v.touchpoint[rows].astype(np.int64), journeys.customer[v.journey[rows]]
    n_codes = len(v.touchpoints)
    by = clustered_shares(again, at, n_codes, customer, confidence_level=level)
    whole = clustered_shares(again, np.zeros(rows.size, dtype=np.int64), 1, customer, confidence_level=level)
    shown = np.array(
        [c for c, name in enumerate(v.touchpoints) if name not in left_out and by.n[c]], dtype=np.int64
    )
    shown = shown[np.argsort(-by.hits[shown], kind="stable")]
    other = _other_side(v, rows, before)
    n_redo = None if other is None else np.bincount(at[again & other], minlength=n_codes)[shown]
    return _rework(v, by, whole, shown, np.bincount(at[loop], minlength=n_codes), n_redo, left_out, level)


def _rework(
    v: Visits,
    by: Shares,
    whole: Shares,
    shown: IntArray,
    loops: IntArray,
    n_redo: IntArray | None,
    benign: tuple[str, ...],
    level: float,
) -> ReworkRate:
    n = int(whole.n[0])
    listed: list[int] = shown.tolist()
    return ReworkRate(
        touchpoints=tuple(v.touchpoints[c] for c in listed),
        n=by.n[shown],
        n_self_loops=loops[shown],
        n_repetitions=(by.hits - loops)[shown],
        rate=by.share[shown],
        lower=by.lower[shown],
        upper=by.upper[shown],
        n_redo=n_redo,
        n_repeat=None if n_redo is None else by.hits[shown] - n_redo,
        overall=float(whole.share[0]),
        interval=Interval(float(whole.lower[0]), float(whole.upper[0]), level),
        self_loop_rate=float(loops.sum() / n) if n else np.nan,
        repetition_rate=float((by.hits - loops).sum() / n) if n else np.nan,
        benign=benign,
        n_visits=n,
    )


def _visit_before(v: Visits) -> IntArray:
    """The last visit before each one of its journey to the same touchpoint; -1 where there is none."""
    key = v.journey.astype(np.int64) * max(len(v.touchpoints), 1) + v.touchpoint
    order = np.argsort(key, kind="stable")
    before = np.full(v.n_visits, -1, dtype=np.int64)
    same = key[order][1:] == key[order][:-1]
    before[order[1:][same]] = order[:-1][same]
    return before


def _other_side(v: Visits, rows: IntArray, before: IntArray) -> BoolArray | None:
    """Whether a visit is by another side than the one before to the same place."""
    if v.asked is None:
        return None
    company = v.asked == NEVER
    return np.asarray(company[rows] != company[np.maximum(before[rows], 0)])

"""What customers do next, given where they have just been."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

import numpy as np
from numpy.typing import ArrayLike

from customer_centric._core.checks import check_choice, check_confidence_level
from customer_centric._core.words import as_html, counted
from customer_centric.intervals import wilson_interval
from customer_centric.journey._clusters import effective_number
from customer_centric.journey.funnel import check_subset, step_codes
from customer_centric.journey.journeys import OPEN, Journeys
from customer_centric.typing import FloatArray, IntArray

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["NextStep", "next_step"]

NextStepMethod: TypeAlias = Literal["together", "each"]
_METHODS: Final = ("together", "each")
_LEFT: Final = "(left)"


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class NextStep:
    """Where journeys go from a place that they came to in a stated way.

    Parameters
    ----------
    after : tuple of str
        The visits that came just before, the last one last.
    steps : tuple of str
        What came next, the most frequent first; "(left)" where nothing did and the journey is over.
    counts : ndarray of int of shape (n_steps,)
        How often it did.
    share, lower, upper : ndarray of shape (n_steps,)
        Share of those whose next step is known, and its limits.
    n : int
        Times that journeys were there and what came next is known.
    n_open : int
        Times that nothing has come yet: open journeys.
    method : {"together", "each"}
        Whether the limits hold for all shares at once, or for each alone.
    confidence_level : float
        Nominal coverage of the limits.
    """

    after: tuple[str, ...]
    steps: tuple[str, ...]
    counts: IntArray
    share: FloatArray
    lower: FloatArray
    upper: FloatArray
    n: int
    n_open: int
    method: NextStepMethod
    confidence_level: float

    def to_frame(self) -> pd.DataFrame:
        """One row a next step, the most frequent first."""
        import pandas as pd

        return pd.DataFrame(
            {
                "step": list(self.steps),
                "count": self.counts,
                "share": self.share,
                "lower": self.lower,
                "upper": self.upper,
            }
        )

    def __str__(self) -> str:
        where = " > ".join(self.after)
        if not self.n:
            return f"after {where}: nothing known"
        top = ", ".join(
            f"{name} {100 * share:.1f} %"
            for name, share in zip(self.steps[:3], self.share[:3].tolist(), strict=True)
        )
        return f"after {where}: {top}; from {counted(self.n, 'visit')}"

    def _repr_html_(self) -> str:
        return as_html(self, frame=self.to_frame())


def next_step(
    journeys: Journeys,
    after: Sequence[str],
    *,
    method: NextStepMethod = "together",
    subset: ArrayLike | None = None,
    confidence_level: float = 0.95,
) -> NextStep:
    r"""What comes next in journeys that have just visited these touchpoints, one right after another.

    Parameters
    ----------
    journeys : Journeys
        From `find_journeys`. What comes after the goal does not count.
    after : sequence of str
        The last touchpoints, the latest last: `["cart"]`, or `["details", "payment"]`.
    method : {"together", "each"}, default "together"
        "together": all limits hold at once with the stated probability, which is what a comparison of steps
        needs. "each": each one does, which is narrower.
    subset : array_like of bool of shape (n_journeys,), optional
        Journeys that count; all by default.
    confidence_level : float, default 0.95
        Nominal coverage of the limits, strictly between 0 and 1.

    Returns
    -------
    NextStep
        Counts and shares of what came next.

    Raises
    ------
    InvalidInputError
        If `after` is empty or not of the log, the method is unknown, or `subset` has the wrong shape.

    Notes
    -----
    Of \(n\) times that journeys were there, \(n_k\) went on to step \(k\): \(p_k = n_k / n\). Limits are
    Wilson's, at the effective number of independent visits where customers were there more than once; those
    that hold together are Goodman's, Wilson's at the level \(1 - \alpha / K\) for \(K\) steps. Open journeys
    that wait there are counted apart: who has not gone on has not left.

    References
    ----------
    Goodman, L. A. (1965), On simultaneous confidence intervals for multinomial proportions. Technometrics
    7(2). [doi:10.1080/00401706.1965.10490252](https://doi.org/10.1080/00401706.1965.10490252).

    Examples
    --------
    >>> from datetime import timedelta
    >>> import numpy as np
    >>> from customer_centric import EventSchema, find_journeys, prepare_log
    >>> from customer_centric.simulate import simulate_journeys
    >>> world = simulate_journeys(2000, rng=np.random.default_rng(1))
    >>> journeys = find_journeys(
    ...     prepare_log(world.log, EventSchema.full()),
    ...     goal="purchase",
    ...     end=world.end,
    ...     closed_after=timedelta(hours=2),
    ... )
    >>> found = next_step(journeys, ["details", "payment"])
    >>> found.steps[0], found.n_open
    ('purchase', 0)
    """
    check_choice("method", method, _METHODS)
    level = check_confidence_level(confidence_level)
    codes = step_codes(journeys, after, repeats=True)
    v = journeys.visits
    kept = check_subset(subset, journeys.n_journeys)
    place = _matches(journeys, codes)
    place = place[kept[v.journey[place]]]
    journey = v.journey[place]
    # The visit that reached the goal ends the journey.
    final = (place + 1 == v.starts[journey + 1]) | (journeys.goal_visit[journey] == place)
    at_goal = journeys.goal_visit[journey] == place
    # Who began before the log and has no goal is as undecided as who is open.
    waits = final & ~at_goal & ((journeys.status[journey] == OPEN) | np.isnan(journeys.outcome[journey]))
    known = ~waits & ~at_goal
    n_codes = len(v.touchpoints)
    gone = final[known]
    following = np.where(gone, n_codes, v.touchpoint[np.where(gone, place[known], place[known] + 1)])
    return _result(
        journeys, tuple(after), following, journeys.customer[journey[known]], int(waits.sum()), method, level
    )


def _matches(journeys: Journeys, codes: list[int]) -> IntArray:
    """The last visits of runs of these touchpoints, up to the goal."""
    v = journeys.visits
    place = np.flatnonzero((v.touchpoint == codes[-1]) & ~v.after_goal)
    for back, code in enumerate(reversed(codes[:-1]), start=1):
        place = place[place - back >= v.starts[v.journey[place]]]
        place = place[v.touchpoint[place - back] == code]
    return place


def _result(
    journeys: Journeys,
    after: tuple[str, ...],
    following: IntArray,
    customer: IntArray,
    n_open: int,
    method: NextStepMethod,
    level: float,
) -> NextStep:
    names = np.array([*journeys.visits.touchpoints, _LEFT], dtype=object)
    n = following.size
    total = np.bincount(following, minlength=names.size)
    seen = np.flatnonzero(total)
    seen = seen[np.argsort(-total[seen], kind="stable")]
    share = total[seen] / max(n, 1)
    whole = np.array([n])
    # Each next step is a share of the same visits: the row is one.
    row = np.zeros(n, dtype=np.int64)
    effective = np.array(
        [
            effective_number(following == code, row, share[[k]], whole, customer)[0]
            for k, code in enumerate(seen)
        ]
    )
    at = 1.0 - (1.0 - level) / max(seen.size, 1) if method == "together" else level
    lower, upper = wilson_interval(share * effective, effective, confidence_level=at)
    return NextStep(
        after=after,
        steps=tuple(names[seen].tolist()),
        counts=total[seen],
        share=share,
        lower=np.minimum(lower, share),
        upper=np.maximum(upper, share),
        n=n,
        n_open=n_open,
        method=method,
        confidence_level=level,
    )

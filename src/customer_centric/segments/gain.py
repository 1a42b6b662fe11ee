"""How many segments pay: held-out profit of a policy for each, over one policy for all."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from customer_centric._core.checks import check_array, check_confidence_level, check_number
from customer_centric._core.words import as_html
from customer_centric.errors import InvalidInputError
from customer_centric.intervals import normal_interval
from customer_centric.typing import BoolArray, FloatArray, IntArray

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["SegmentGain", "segment_gain"]


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class SegmentGain:
    """What each segmentation earns over one policy for all, in customers who did not choose the policies.

    Parameters
    ----------
    table : pandas.DataFrame
        A row a segmentation, in the order given: `segmentation`, `segments`, the `gain` over one policy for
        all with `standard_error`, `lower` and `upper`, and the `step`, the gain over the row before (over one
        policy for all in the first), with `step_lower` and `step_upper`: money, for all customers. The
        `step_cost` is what more policies cost, and `pays` says "yes", "no" or "undecided". `folds_agree` says
        whether all parts of the data chose the same policies; where they did not, intervals are too narrow.
    best : str or None
        The last segmentation before the first step that earns no more than it costs; None where the first
        one does.
    single_policy : str
        The best policy for all.
    n : int
        Customers of the experiment.
    confidence_level : float
        Nominal coverage of each interval.
    """

    table: pd.DataFrame
    best: str | None
    single_policy: str
    n: int
    confidence_level: float

    def to_frame(self) -> pd.DataFrame:
        """The table."""
        return self.table

    def __str__(self) -> str:
        if self.best is None:
            return f"one policy for all ({self.single_policy}): no segmentation earns what its policies cost"
        row = self.table[self.table["segmentation"] == self.best].iloc[0]
        return (
            f"{self.best} earns {row['gain']:,.0f} more than {self.single_policy} for all "
            f"({self.confidence_level:.0%} interval {row['lower']:,.0f} to {row['upper']:,.0f})"
        )

    def _repr_html_(self) -> str:
        return as_html(self, frame=self.table)


def segment_gain(
    profit: ArrayLike,
    policy: ArrayLike,
    segmentations: Mapping[str, ArrayLike],
    *,
    rng: np.random.Generator,
    probability: ArrayLike | None = None,
    policy_cost: float = 0.0,
    n_customers: float | None = None,
    n_folds: int = 5,
    confidence_level: float = 0.95,
) -> SegmentGain:
    r"""Profit of the best policy for each segment over the best single policy, on held-out customers.

    Parameters
    ----------
    profit : array_like of shape (n_customers,)
        What each customer earned in the experiment, in money, after the cost of the policy.
    policy : array_like of shape (n_customers,)
        Policy that each customer got **at random**; "none" is a policy too.
    segmentations : mapping from str to array_like of shape (n_customers,)
        Segment of each customer in each segmentation, coarsest first. Made from what was known before the
        experiment: a segment that knows the profit would find it again.
    rng : numpy.random.Generator
        Who is held out when.
    probability : array_like of shape (n_customers,), optional
        Probability with which each customer got the policy; by default its share among all customers.
    policy_cost : float, default 0
        What it costs to run one more policy or segment, in money for all customers, 0 or more.
    n_customers : float, optional
        Customers that the gain is for; by default those of the experiment.
    n_folds : int, default 5
        Parts that are held out in turn, at least 2.
    confidence_level : float, default 0.95
        Nominal coverage of each interval, strictly between 0 and 1.

    Returns
    -------
    SegmentGain
        Gain of each segmentation with its standard error, step by step, and where to stop.

    Raises
    ------
    InvalidInputError
        If a number is out of its range, the lengths differ, there are fewer than two policies or too few
        customers, or a policy is missing from a fold.

    Notes
    -----
    In all folds but one, the policy \(\pi(s)\) with the highest mean profit is chosen for each segment \(s\),
    and \(\pi_0\) for all. In the fold that was left out, with \(a_i\) the policy of customer \(i\),
    \(e_i\) its probability and \(\hat\mu\) the means of the other folds in the last segmentation, a policy
    \(a\) earns

    \[ \psi_i(a) = \hat\mu_{s_i, a} + \frac{1[a_i = a]}{e_i} (y_i - \hat\mu_{s_i, a}), \qquad
       \text{gain} = \frac{N}{n} \sum_i \bigl( \psi_i(\pi(s_i)) - \psi_i(\pi_0) \bigr) . \]

    It is what policies earn that were chosen from a few customers less, and its standard error is that of a
    mean over customers. That takes the choices as given: where the parts choose differently, they depend on
    one another, and the interval is too narrow. Segments that differ in what they buy, but not in what pays
    for them, gain nothing, whatever their silhouette.

    References
    ----------
    Dudík, M., Langford, J. and Li, L. (2011), Doubly robust policy evaluation and learning. Proceedings of
    the 28th International Conference on Machine Learning. [arXiv:1103.4601](https://arxiv.org/abs/1103.4601).

    Examples
    --------
    >>> import numpy as np
    >>> rng = np.random.default_rng(1)
    >>> young = rng.random(4000) < 0.5
    >>> policy = rng.choice(["call", "mail"], 4000)
    >>> profit = rng.normal(10, 5, 4000) + 2 * np.where(young == (policy == "mail"), 1, -1)
    >>> found = segment_gain(profit, policy, {"age": young}, rng=rng, policy_cost=1000)
    >>> found.best, found.table["pays"].tolist()
    ('age', ['yes'])
    """
    import pandas as pd

    check_confidence_level(confidence_level)
    names, code, y, chance = _experiment(profit, policy, probability)
    n = y.size
    cost = check_number("policy_cost", policy_cost, minimum=0.0)
    size = float(n) if n_customers is None else check_number("n_customers", n_customers, minimum=0.0)
    folds = _folds(rng, n, n_folds, code, names)
    if not segmentations:
        raise InvalidInputError("`segmentations` must name at least one segmentation, got none")
    segments = {str(name): _segments(str(name), given, n) for name, given in segmentations.items()}
    finest = list(segments.values())[-1]
    everybody = np.zeros(n, dtype=np.int64)
    one, one_agrees = _held_out(y, code, chance, everybody, finest, folds, len(names))
    rows: list[dict[str, object]] = []
    before, before_count = one, 1
    for name, segment in segments.items():
        earned, agrees = _held_out(y, code, chance, segment, finest, folds, len(names))
        count = int(segment.max()) + 1
        gain = _estimate(earned - one, size, confidence_level)
        step = _estimate(earned - before, size, confidence_level)
        step_cost = cost * (count - before_count)
        rows.append(
            {
                "segmentation": name,
                "segments": count,
                **dict(zip(("gain", "standard_error", "lower", "upper"), gain, strict=True)),
                **dict(zip(("step", "step_lower", "step_upper"), (step[0], *step[2:]), strict=True)),
                "step_cost": step_cost,
                "folds_agree": agrees and one_agrees,
                "pays": "yes" if step[2] > step_cost else ("no" if step[3] < step_cost else "undecided"),
            }
        )
        before, before_count = earned, count
    table = pd.DataFrame(rows)
    fails = np.flatnonzero(~(table["step"] > table["step_cost"]).to_numpy())
    last = int(fails[0]) if fails.size else len(rows)
    best = _means(y, code, everybody, np.ones(n, dtype=np.bool_), len(names))
    return SegmentGain(
        table=table,
        best=None if last == 0 else list(segments)[last - 1],
        single_policy=names[int(np.argmax(best[0]))],
        n=n,
        confidence_level=confidence_level,
    )


def _experiment(
    profit: ArrayLike, policy: ArrayLike, probability: ArrayLike | None
) -> tuple[tuple[str, ...], IntArray, FloatArray, FloatArray]:
    """Policies, that of each customer, profits, and the probability of each customer's policy."""
    y = check_array("profit", profit)
    given = np.asarray(policy)
    if y.ndim != 1 or y.size == 0 or given.shape != y.shape:
        raise InvalidInputError(
            f"`profit` and `policy` must have one value a customer, at least one, got shapes {y.shape} and "
            f"{given.shape}"
        )
    distinct, code = np.unique(given.astype(np.str_), return_inverse=True)
    if distinct.size < 2:
        raise InvalidInputError(
            f"`policy` must have at least two policies, got only {str(distinct[0])!r}; without an "
            "experiment nothing says which policy is better for whom"
        )
    if probability is None:
        chance = (np.bincount(code) / y.size)[code]
    else:
        chance = check_array("probability", probability, minimum=0.0, maximum=1.0, open_minimum=True)
        if chance.shape != y.shape:
            raise InvalidInputError(
                f"`probability` must have one value a customer, got shape {chance.shape} for {y.size:,}"
            )
    return tuple(str(name) for name in distinct), code, y, chance


def _folds(
    rng: np.random.Generator, n: int, n_folds: int, code: IntArray, names: tuple[str, ...]
) -> IntArray:
    """The fold of each customer; policies are spread evenly over the folds."""
    if not isinstance(rng, np.random.Generator):
        raise InvalidInputError(
            f"`rng` must be a NumPy random generator, got {rng!r}; pass for instance np.random.default_rng(1)"
        )
    parts = int(check_number("n_folds", n_folds, minimum=2.0, whole=True))
    counts = np.bincount(code)
    if counts.min() < parts:
        rare = int(np.argmin(counts))
        raise InvalidInputError(
            f"`policy` must have at least `n_folds` customers of each policy, got {counts[rare]} of "
            f"{names[rare]!r} for {parts} folds"
        )
    order = np.lexsort((rng.random(n), code))
    fold = np.empty(n, dtype=np.int64)
    fold[order] = np.arange(n) % parts
    return fold


def _segments(name: str, given: ArrayLike, n: int) -> IntArray:
    labels = np.asarray(given)
    if labels.shape != (n,):
        raise InvalidInputError(
            f"`segmentations[{name!r}]` must have one segment a customer, got shape {labels.shape} for {n:,}"
        )
    if labels.dtype.kind == "O":
        labels = labels.astype(np.str_)
    return np.unique(labels, return_inverse=True)[1]


def _means(
    y: FloatArray,
    code: IntArray,
    segment: IntArray,
    among: BoolArray,
    m: int,
) -> FloatArray:
    """Mean profit by segment and policy; that of the policy where a segment has nobody with it."""
    size = int(segment.max()) + 1
    cell = segment[among] * m + code[among]
    counts = np.bincount(cell, minlength=size * m).reshape(size, m)
    sums = np.bincount(cell, weights=y[among], minlength=size * m).reshape(size, m)
    everywhere = sums.sum(axis=0) / counts.sum(axis=0)
    return np.where(counts > 0, sums / np.maximum(counts, 1), everywhere)


def _held_out(
    y: FloatArray,
    code: IntArray,
    chance: FloatArray,
    segment: IntArray,
    finest: IntArray,
    fold: IntArray,
    m: int,
) -> tuple[FloatArray, bool]:
    """What each customer would earn under what the other folds choose, and whether all choose alike.

    All segmentations guess profits by the finest one, so that two which choose the same policy earn the same.
    """
    earned = np.empty(y.size)
    choices: set[tuple[int, ...]] = set()
    for part in range(int(fold.max()) + 1):
        held = fold == part
        best = np.argmax(_means(y, code, segment, ~held, m), axis=1)
        choices.add(tuple(best.tolist()))
        chosen = best[segment[held]]
        guess = _means(y, code, finest, ~held, m)[finest[held], chosen]
        got = code[held] == chosen
        earned[held] = guess + np.where(got, (y[held] - guess) / chance[held], 0.0)
    return earned, len(choices) == 1


def _estimate(gain: FloatArray, size: float, confidence_level: float) -> tuple[float, float, float, float]:
    """Total, standard error and bounds, from the gain of each customer."""
    total = size * float(gain.mean())
    error = size * float(gain.std(ddof=1)) / float(np.sqrt(gain.size))
    lower, upper = normal_interval(total, error, confidence_level=confidence_level)
    return total, error, float(lower), float(upper)

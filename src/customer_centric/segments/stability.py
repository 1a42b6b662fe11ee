"""Whether another sample gives the same segments, and the same thresholds still hold the same shares."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import chdtri

from customer_centric._core.checks import check_choice, check_confidence_level, check_number
from customer_centric._core.words import as_html
from customer_centric.errors import InvalidInputError
from customer_centric.intervals import Interval, mover_interval, wilson_interval
from customer_centric.segments.tiers import TierTable
from customer_centric.typing import FloatArray, IntArray

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["SegmentStability", "TierDrift", "adjusted_rand", "segment_stability", "tier_drift"]


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class SegmentStability:
    """How much a segmentation changes when its customers are drawn again.

    Parameters
    ----------
    adjusted_rand : float
        Mean agreement with the segments of all customers: 1 the same, 0 no better than chance.
    interval : Interval
        Where the agreement of one resample lies. A single point where the rule never changed: fixed
        thresholds do not depend on who was drawn.
    segments : tuple of str
        Names of the segments of all customers.
    jaccard, jaccard_lower, jaccard_upper : ndarray of shape (n_segments,)
        Mean overlap of each segment with itself, in [0, 1], and where that of one resample lies.
    n_resamples : int
        Draws of the bootstrap.
    """

    adjusted_rand: float
    interval: Interval
    segments: tuple[str, ...]
    jaccard: FloatArray
    jaccard_lower: FloatArray
    jaccard_upper: FloatArray
    n_resamples: int

    def to_frame(self) -> pd.DataFrame:
        """A row a segment: mean overlap and its range."""
        import pandas as pd

        return pd.DataFrame(
            {
                "segment": self.segments,
                "jaccard": self.jaccard,
                "lower": self.jaccard_lower,
                "upper": self.jaccard_upper,
            }
        )

    def __str__(self) -> str:
        weakest = int(np.argmin(self.jaccard))
        return (
            f"adjusted Rand {self.adjusted_rand:.2f} ({self.interval.confidence_level:.0%} of resamples from "
            f"{self.interval.lower:.2f} to {self.interval.upper:.2f}); least stable: "
            f"{self.segments[weakest]}, Jaccard {self.jaccard[weakest]:.2f}"
        )

    def _repr_html_(self) -> str:
        return as_html(self, frame=self.to_frame())


def segment_stability(
    assign: Callable[[IntArray], ArrayLike],
    n_customers: int,
    *,
    rng: np.random.Generator,
    n_resamples: int = 200,
    match: Literal["label", "overlap"] = "label",
    confidence_level: float = 0.95,
) -> SegmentStability:
    r"""Agreement of a segmentation with itself when it is fitted to customers drawn again.

    Parameters
    ----------
    assign : callable
        Takes positions of customers, with repetitions; fits the segmentation to those, and returns the
        segment of *every* customer under it, of shape `(n_customers,)`.
    n_customers : int
        Customers, at least 1.
    rng : numpy.random.Generator
        Where the draws come from.
    n_resamples : int, default 200
        Draws of the bootstrap, at least 1.
    match : {"label", "overlap"}, default "label"
        How segments of two fits are paired: by their label, which tiers have, or each with the one that
        overlaps most, for clusters whose numbers mean nothing from one fit to the next.
    confidence_level : float, default 0.95
        Share of the resamples inside each interval, strictly between 0 and 1.

    Returns
    -------
    SegmentStability
        Adjusted Rand index over all customers, and the Jaccard index of each segment.

    Raises
    ------
    InvalidInputError
        If an argument breaks its rule, or `assign` does not return one label a customer.

    Notes
    -----
    With \(A\) a segment of all customers and \(A^*\) the one paired with it in a resample, the Jaccard index
    is \(\lvert A \cap A^* \rvert / \lvert A \cup A^* \rvert\), 0 where there is none. Stable is not
    useful: any rule with fixed thresholds is perfectly stable. Unstable is useless.

    References
    ----------
    Hubert, L. and Arabie, P. (1985), Comparing partitions. Journal of Classification 2, 193-218.
    [doi:10.1007/BF01908075](https://doi.org/10.1007/BF01908075).

    Hennig, C. (2007), Cluster-wise assessment of cluster stability. Computational Statistics & Data Analysis
    52(1), 258-271. [doi:10.1016/j.csda.2006.11.025](https://doi.org/10.1016/j.csda.2006.11.025).

    Examples
    --------
    >>> import numpy as np
    >>> value = np.random.default_rng(1).lognormal(4, 1, 500)
    >>> def by_quantile(drawn):
    ...     return np.where(value >= np.quantile(value[drawn], 0.8), "top", "rest")
    >>> found = segment_stability(by_quantile, 500, rng=np.random.default_rng(2))
    >>> found.adjusted_rand > 0.85, found.segments
    (True, ('rest', 'top'))
    """
    check_confidence_level(confidence_level)
    check_choice("match", match, ("label", "overlap"))
    n = int(check_number("n_customers", n_customers, minimum=1.0, whole=True))
    size = int(check_number("n_resamples", n_resamples, minimum=1.0, whole=True))
    if not isinstance(rng, np.random.Generator):
        raise InvalidInputError(
            f"`rng` must be a NumPy random generator, got {rng!r}; pass for instance np.random.default_rng(1)"
        )
    labels, codes = _codes("assign", assign(np.arange(n)), n)
    rand = np.empty(size)
    jaccard = np.empty((size, labels.size))
    for b in range(size):
        other_labels, other = _codes("assign", assign(rng.integers(n, size=n)), n)
        table = _contingency(codes, other, labels.size, other_labels.size)
        rand[b] = _adjusted_rand(table)
        union = table.sum(axis=1)[:, None] + table.sum(axis=0) - table
        overlap = table / np.maximum(union, 1.0)
        if match == "label":
            overlap = np.where(labels.astype(str)[:, None] == other_labels.astype(str), overlap, 0.0)
        jaccard[b] = overlap.max(axis=1)
    tails = [0.5 * (1.0 - confidence_level), 0.5 * (1.0 + confidence_level)]
    low, high = np.quantile(jaccard, tails, axis=0)
    bounds = np.quantile(rand, tails)
    return SegmentStability(
        adjusted_rand=float(rand.mean()),
        interval=Interval(float(bounds[0]), float(bounds[1]), confidence_level),
        segments=tuple(str(label) for label in labels),
        jaccard=jaccard.mean(axis=0),
        jaccard_lower=low,
        jaccard_upper=high,
        n_resamples=size,
    )


def adjusted_rand(first: ArrayLike, second: ArrayLike) -> float:
    r"""Agreement of two segmentations of the same customers, corrected for chance.

    Parameters
    ----------
    first, second : array_like of shape (n_customers,)
        Segment of each customer in each; names need not agree.

    Returns
    -------
    float
        1 where they are the same up to names, 0 in the mean of random ones of the same sizes; may be less.

    Raises
    ------
    InvalidInputError
        If there are no customers, or the lengths differ.

    Notes
    -----
    With \(n_{ab}\) the customers in segment \(a\) of the first and \(b\) of the second, and dots for sums,

    \[ \frac{\sum_{ab} \binom{n_{ab}}{2} - E}{\frac12 \bigl(\sum_a \binom{n_{a\cdot}}{2} + \sum_b
       \binom{n_{\cdot b}}{2}\bigr) - E}, \qquad
       E = \sum_a \tbinom{n_{a\cdot}}{2} \sum_b \tbinom{n_{\cdot b}}{2} \Bigm/ \tbinom{n}{2} . \]

    References
    ----------
    Hubert, L. and Arabie, P. (1985), Comparing partitions. Journal of Classification 2, 193-218.
    [doi:10.1007/BF01908075](https://doi.org/10.1007/BF01908075).

    Examples
    --------
    >>> round(adjusted_rand([0, 0, 1, 1], [0, 0, 1, 2]), 2)
    0.57
    """
    n = np.asarray(first).size
    one, code = _codes("first", first, n)
    two, other = _codes("second", second, n)
    return _adjusted_rand(_contingency(code, other, one.size, two.size))


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class TierDrift:
    """Change of the shares of customers by tier, at the same thresholds.

    Parameters
    ----------
    table : pandas.DataFrame
        A row a tier, lowest first: `tier`, share of customers `before` and `after`, their `difference`
        with `lower` and `upper`.
    stability_index : float
        Population stability index: 0 where nothing changed; infinite where a tier has customers in one period
        only.
    stability_index_by_chance : float
        What it would stay below, with the probability `confidence_level`, if nothing had changed but the
        customers.
    confidence_level : float
        Nominal coverage of each interval.
    """

    table: pd.DataFrame
    stability_index: float
    stability_index_by_chance: float
    confidence_level: float

    @property
    def has_drifted(self) -> bool:
        """Whether the shares changed by more than chance explains."""
        return self.stability_index > self.stability_index_by_chance

    def to_frame(self) -> pd.DataFrame:
        """The table."""
        return self.table

    def __str__(self) -> str:
        words = "more than" if self.has_drifted else "no more than"
        return (
            f"population stability index {self.stability_index:.4f}, {words} chance explains "
            f"({self.stability_index_by_chance:.4f})"
        )

    def _repr_html_(self) -> str:
        return as_html(self, frame=self.table)


def tier_drift(before: TierTable, after: TierTable, *, confidence_level: float = 0.95) -> TierDrift:
    r"""Change of the shares of customers between two periods, at the same thresholds.

    Parameters
    ----------
    before, after : TierTable
        Tiers of two periods, by the same thresholds in the same money.
    confidence_level : float, default 0.95
        Nominal coverage of each interval, strictly between 0 and 1.

    Returns
    -------
    TierDrift
        Differences of shares with their intervals, and the population stability index beside chance.

    Raises
    ------
    InvalidInputError
        If the thresholds or the labels differ, or a period has no customers.

    Notes
    -----
    With shares \(p_k\) before and \(q_k\) after,

    \[ \mathrm{PSI} = \sum_k (q_k - p_k) \ln \frac{q_k}{p_k} . \]

    Without a change it is about \((1/n + 1/m)\,\chi^2_{K-1}\) for \(n\) and \(m\) independent customers, of
    which the quantile is given: the usual marks of 0.1 and 0.25 ignore how many customers there are. Each
    difference has Newcombe's interval. Both take the customers of the two periods as different ones; with
    the same customers in both, shares vary less than they say.

    References
    ----------
    Newcombe, R. G. (1998), Interval estimation for the difference between independent proportions, method 10.
    [doi:10.1002/(SICI)1097-0258(19980430)17:8<873::AID-SIM779>3.0.CO;2-I](https://doi.org/10.1002/%28SICI%291097-0258%2819980430%2917%3A8%3C873%3A%3AAID-SIM779%3E3.0.CO%3B2-I).

    Yurdakul, B. and Naranjo, J. (2020), Statistical properties of the population stability index. Journal of
    Risk Model Validation 14(4).

    Examples
    --------
    >>> import numpy as np
    >>> from customer_centric import tier_drift, value_tiers
    >>> rng = np.random.default_rng(1)
    >>> before, after = (value_tiers(rng.lognormal(4, 1, 2000), [50, 200]) for _ in range(2))
    >>> tier_drift(before, after).has_drifted
    False
    """
    import pandas as pd

    check_confidence_level(confidence_level)
    if before.labels != after.labels or not np.array_equal(before.thresholds, after.thresholds):
        raise InvalidInputError(
            "`before` and `after` must have the same thresholds and labels, got "
            f"{before.thresholds.tolist()} and {after.thresholds.tolist()}"
        )
    n, m = before.tier.size, after.tier.size
    if n == 0 or m == 0:
        raise InvalidInputError(f"`before` and `after` must have customers, got {n} and {m}")
    counts = np.array([after.customers, before.customers])
    sizes = np.array([[m], [n]])
    share = counts / sizes
    bounds = wilson_interval(counts, sizes, confidence_level=confidence_level)
    lower, upper = mover_interval(share, *bounds)
    present = counts.sum(axis=0) > 0
    q, p = share[:, present]
    with np.errstate(divide="ignore"):
        index = float(((q - p) * (np.log(q) - np.log(p))).sum())
    freedom = max(int(present.sum()) - 1, 1)
    return TierDrift(
        table=pd.DataFrame(
            {
                "tier": before.labels,
                "before": share[1],
                "after": share[0],
                "difference": share[0] - share[1],
                "lower": lower,
                "upper": upper,
            }
        ),
        stability_index=index,
        stability_index_by_chance=float(chdtri(freedom, 1.0 - confidence_level)) * (1.0 / n + 1.0 / m),
        confidence_level=confidence_level,
    )


def _codes(
    name: str, labels: ArrayLike, n: int
) -> tuple[np.ndarray[tuple[int, ...], np.dtype[np.generic]], IntArray]:
    """Distinct labels, and the place of each customer's."""
    given = np.asarray(labels)
    if given.shape != (n,) or n == 0:
        raise InvalidInputError(
            f"`{name}` must give one segment a customer, at least one, got shape {given.shape} for "
            f"{n:,} customers"
        )
    if given.dtype.kind == "O":
        given = given.astype(np.str_)
    distinct, code = np.unique(given, return_inverse=True)
    return distinct, code


def _contingency(first: IntArray, second: IntArray, n_first: int, n_second: int) -> FloatArray:
    cells = np.bincount(first * n_second + second, minlength=n_first * n_second)
    return cells.reshape(n_first, n_second).astype(np.float64)


def _adjusted_rand(table: FloatArray) -> float:
    def pairs(counts: FloatArray) -> float:
        return float((counts * (counts - 1.0) / 2.0).sum())

    together, one, two = pairs(table), pairs(table.sum(axis=1)), pairs(table.sum(axis=0))
    n = float(table.sum())
    by_chance = one * two / max(n * (n - 1.0) / 2.0, 1.0)
    most = 0.5 * (one + two)
    # Everybody in one segment, or each alone, in both: they agree, and chance could not do otherwise.
    return 1.0 if most == by_chance else (together - by_chance) / (most - by_chance)

"""The score of each group of customers, with what many groups at once call for."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Generic

import numpy as np
from numpy.typing import NDArray
from scipy.special import chdtrc, ndtr, ndtri

from customer_centric._core.checks import check_choice, check_confidence_level, check_number
from customer_centric._core.frames import Tally, open_frame, tally
from customer_centric._core.frames.tally_groups import by_keys
from customer_centric._core.ratings import Invalid, Ratings
from customer_centric._core.words import as_html, counted
from customer_centric._methods.multiplicity import holm
from customer_centric._methods.shrinkage import heterogeneity
from customer_centric.errors import InvalidInputError
from customer_centric.intervals import mover_interval
from customer_centric.intervals.normal import normal_quantile
from customer_centric.nps._estimates import METHODS, CountMethod, NetShares, net_shares
from customer_centric.nps._ranks import (
    AdjustedScores,
    adjusted_scores,
    rank_intervals,
    student_p_values,
)
from customer_centric.nps._tallied import GroupedAnswers, group_answers
from customer_centric.nps.scale import NPS_SCALE, RatingScale, check_scale
from customer_centric.nps.score import NetPromoterScore, score_answers
from customer_centric.nps.shrinkage import ShrunkenNps, pooled_scores, shrink_nps
from customer_centric.typing import BoolArray, FloatArray, FrameT, IntArray

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["NpsByGroup", "nps_by"]


@dataclass(frozen=True, slots=True, eq=False)
class _Groups:
    """What the tests between groups need, as fractions."""

    names: dict[str, list[Any]]
    shares: NetShares
    adjusted: AdjustedScores

    @property
    def seen(self) -> BoolArray:
        """Which groups have answers."""
        return self.adjusted.n > 0


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class NpsByGroup(Generic[FrameT]):
    """Scores by group, and whether they differ by more than chance.

    Parameters
    ----------
    frame : data frame
        One row a group, of the kind of the survey.
    overall : NetPromoterScore
        The score of everybody.
    heterogeneity, degrees_of_freedom, p_value : float
        Cochran's statistic Q of the hypothesis that all groups have one score, its degrees of freedom
        (groups with answers less one), and the probability of a statistic at least as large under it; NaN
        for fewer than two groups.
    between_sd : float
        Standard deviation of the true scores between groups, in points: what is left of the spread of the
        scores once chance is taken out.
    confidence_level : float
        Nominal coverage of all intervals.
    method : {"score", "adjusted_wald", "wald", "jeffreys"}
        How the intervals of the scores were made.

    Notes
    -----
    `frame` has the columns of `by` and these, one row a group in ascending order (text by code point):

    | column | meaning | unit |
    |---|---|---|
    | `n`, `n_missing` | rows with an answer, and without one on the scale | count |
    | `promoter_share`, `passive_share`, `detractor_share` | shares of the answers, weighted | [0, 1] |
    | `score` | promoters less detractors; missing where there is no answer | points |
    | `lower`, `upper` | bounds of the score of this group | points |
    | `standard_error` | of the score; missing where one cluster gave all answers | points |
    | `effective_n` | answers of a simple random sample with the same variance | count |
    | `shrunken` | what the score is likely to be, given all groups | points |
    | `shrunken_lower`, `shrunken_upper` | bounds of that | points |
    | `rank_lower`, `rank_upper` | bounds of the rank, 1 the highest, that hold for all groups at once | |
    """

    frame: FrameT
    overall: NetPromoterScore
    heterogeneity: float
    degrees_of_freedom: int
    p_value: float
    between_sd: float
    confidence_level: float
    method: CountMethod
    _groups: _Groups = field(repr=False)

    def __str__(self) -> str:
        seen, number = int(self._groups.seen.sum()), self._groups.seen.size
        words = counted(number, "group") + ("" if seen == number else f" ({seen:,} with answers)")
        text = f"{words}. Everybody: {self.overall}"
        if not self.degrees_of_freedom:
            return text
        return (
            f"{text}. Between groups: standard deviation {self.between_sd:.1f} points, "
            f"Q = {self.heterogeneity:.1f} with {counted(self.degrees_of_freedom, 'degree')} of freedom, "
            f"p = {self.p_value:.3g}"
        )

    def _repr_html_(self) -> str:
        return as_html(self, frame=self.frame)

    def pairs(self, *, power: float = 0.8) -> pd.DataFrame:
        r"""Every pair of groups: how far apart they are, and how sure that is.

        Parameters
        ----------
        power : float, default 0.8
            Probability with which `detectable` is to be found, strictly between 0 and 1.

        Returns
        -------
        pandas.DataFrame
            One row a pair of groups with answers, in the order of `frame`: the columns of `by` of the first
            and of the second group; `difference`, first less second, with `lower` and `upper`; `z` and
            `p_value` of the adjusted Wald test, as `compare_nps` has them; `p_adjusted`, which allows for
            all the pairs and for small groups, and which the ranks go by; `detectable`, the smallest true
            difference that the two samples find with probability `power` in a single test.

        Raises
        ------
        InvalidInputError
            If `power` is not inside (0, 1).
        """
        check_number("power", power, minimum=0.0, maximum=1.0, open_minimum=True, open_maximum=True)
        return _pairs(self._groups, self.confidence_level, power)


def nps_by(
    survey: FrameT,
    by: str | Sequence[str],
    *,
    rating: str,
    weight: str | None = None,
    cluster: str | None = None,
    scale: RatingScale = NPS_SCALE,
    invalid: Invalid = "raise",
    method: CountMethod = "score",
    confidence_level: float = 0.95,
) -> NpsByGroup[FrameT]:
    r"""Net Promoter Score of each group, with shrunken scores, ranks and tests that allow for many groups.

    Parameters
    ----------
    survey : data frame
        One row an answer: pandas, Polars (eager or lazy), PyArrow or DuckDB. Lazy frames stay in their
        engine, which runs one query; a small lazy frame comes out.
    by : str or sequence of str
        Columns that name the groups: text, whole numbers or categories, none missing. An empty sequence
        makes one group of everybody.
    rating : str
        Column of answers: whole numbers on the scale; NaN and null are no answer.
    weight : str, optional
        Column of how many customers each answer stands for: finite numbers, 0 or more.
    cluster : str, optional
        Column of what each answer belongs to (an account, a household): answers of one cluster are not
        independent.
    scale : RatingScale, default 0 to 10
        The answers that the question allows, and where the classes end.
    invalid : {"raise", "missing"}, default "raise"
        What happens to answers off the scale: an error, or they are left out and counted.
    method : {"score", "adjusted_wald", "wald", "jeffreys"}, default "score"
        How the interval of each score is made.
    confidence_level : float, default 0.95
        Nominal coverage of the intervals, and 1 less the level of the ranks; strictly between 0 and 1.

    Returns
    -------
    NpsByGroup
        `frame` has one row a group. Groups without an answer have a missing score and the bounds -100 and
        100.

    Raises
    ------
    MissingColumnError
        If a column is not in the survey.
    InvalidInputError
        If the values of a column break a rule: names the value, the count, and the position for frames in
        memory.

    Notes
    -----
    Each score has the interval of `net_promoter_score`, and is shrunken as by `shrink_nps`. With
    \(\tilde e_i\) the score after 0.75 promoters, 1.5 passives and 0.75 detractors were added to the
    \(n_i\) (effective) answers of a group and \(\tilde V_i\) its variance, two groups are compared by

    \[ z_{ij} = \frac{\tilde e_i - \tilde e_j}{\sqrt{\tilde V_i + \tilde V_j}}, \qquad
       \nu_{ij} = \frac{(\tilde V_i + \tilde V_j)^2}
                       {\tilde V_i^2 / (n_i + 2) + \tilde V_j^2 / (n_j + 2)}, \]

    and the rank of group \(i\) among \(k\) is, for all groups at once,

    \[ \bigl[\,1 + \#\{j : j \text{ significantly higher}\},\;
             k - \#\{j : j \text{ significantly lower}\}\,\bigr] \]

    where "significantly" is by Holm's rule over all \(k (k - 1) / 2\) pairs, with \(z_{ij}\) held to the
    t-distribution with \(\nu_{ij}\) degrees of freedom: with the normal one, groups of two or three answers
    would be told apart far too often.

    Whether groups differ at all is Cochran's \(Q = \sum_i n_i (e_i - \bar e)^2 / s^2\) with \(\bar e\) the
    mean of the scores weighted by answers and \(s^2\) the variance of all answers together, which is
    \(\chi^2_{k-1}\) where they do not.

    References
    ----------
    Mogstad, M., Romano, J. P., Shaikh, A. M. and Wilhelm, D. (2024), Inference for ranks with applications to
    mobility across neighbourhoods and academic achievement across countries. The Review of Economic
    Studies 91(1). [doi:10.1093/restud/rdad006](https://doi.org/10.1093/restud/rdad006).

    Holm, S. (1979), A simple sequentially rejective multiple test procedure. Scandinavian Journal of
    Statistics 6(2), 65-70.

    Welch, B. L. (1947), The generalization of "Student's" problem when several different population variances
    are involved. Biometrika 34(1-2). [doi:10.1093/biomet/34.1-2.28](https://doi.org/10.1093/biomet/34.1-2.28).

    Cochran, W. G. (1954), The combination of estimates from different experiments. Biometrics 10(1).
    [doi:10.2307/3001666](https://doi.org/10.2307/3001666).

    Examples
    --------
    >>> import pandas as pd
    >>> survey = pd.DataFrame(
    ...     {"shop": ["a"] * 6 + ["b"] * 3, "rating": [10, 9, 9, 8, 10, 3, 0, 7, None]}
    ... )
    >>> found = nps_by(survey, "shop", rating="rating")
    >>> print(
    ...     found.frame[["shop", "n", "n_missing", "score", "lower", "upper"]]
    ...     .round(1)
    ...     .to_string(index=False)
    ... )
    shop  n  n_missing  score  lower  upper
       a  6          0   50.0  -22.1   85.7
       b  2          1  -50.0  -90.5   48.6
    >>> found.frame[["rank_lower", "rank_upper"]].to_numpy().tolist()
    [[1, 2], [1, 2]]
    """
    check_scale(scale)
    check_confidence_level(confidence_level)
    check_choice("method", method, [name for name in METHODS if name != "bootstrap"])
    keys = by_keys(by, cluster)
    counted = tally(
        open_frame("survey", survey),
        keys=keys,
        rating=rating,
        minimum=scale.minimum,
        maximum=scale.maximum,
        invalid=invalid,
        weight=weight,
    )
    n_by = len(keys) - (cluster is not None)
    grouped = group_answers(counted, scale, n_by=n_by, clustered=cluster is not None)
    shares = net_shares(grouped.answers, method=method, confidence_level=confidence_level)
    effective = (
        np.nan_to_num(np.array([shares.promoters, shares.passives, shares.detractors])) * shares.interval_n
    )
    shrunken = shrink_nps(*effective, confidence_level=confidence_level)
    names = {key.column: _labels(counted, i, grouped.codes[i]) for i, key in enumerate(keys[:n_by])}
    adjusted = adjusted_scores(shares.promoters, shares.detractors, shares.interval_n)
    q, free, p_value = _heterogeneity(effective)
    return NpsByGroup(
        frame=_frame(counted, grouped, shares, shrunken, rank_intervals(adjusted, confidence_level)),
        overall=score_answers(
            grouped.everybody(),
            Ratings(np.zeros(0), counted.n_missing, counted.n_invalid),
            method=method,
            confidence_level=confidence_level,
        ),
        heterogeneity=q,
        degrees_of_freedom=free,
        p_value=p_value,
        between_sd=shrunken.between_sd,
        confidence_level=confidence_level,
        method=method,
        _groups=_Groups(names, shares, adjusted),
    )


def _labels(counted: Tally[Any], key: int, codes: IntArray) -> list[Any]:
    values = counted.values(key)
    return [values[code] for code in codes]


def _heterogeneity(effective: FloatArray) -> tuple[float, int, float]:
    score, variance = pooled_scores(*effective)
    seen = np.isfinite(variance)
    free = max(int(seen.sum()) - 1, 0)
    q = heterogeneity(score[seen], variance[seen])
    return q, free, float(chdtrc(free, q)) if free else math.nan


def _frame(
    counted: Tally[FrameT],
    grouped: GroupedAnswers,
    shares: NetShares,
    shrunken: ShrunkenNps,
    ranks: tuple[IntArray, IntArray],
) -> FrameT:
    cells = grouped.answers
    total = cells.sums(cells.weight)
    # A hundred times the sum before the division: 57 less 12 of 100 is 45 and not 44.99999999999999.
    score = np.full(total.shape, np.nan)
    np.divide(100.0 * cells.sums(cells.weight * cells.value), total, out=score, where=total > 0)
    points = {
        "lower": shares.lower,
        "upper": shares.upper,
        "standard_error": shares.standard_error,
    }
    columns: dict[str, NDArray[Any]] = {
        "n": shares.n.astype(np.int64),
        "n_missing": grouped.n_missing.astype(np.int64),
        "promoter_share": shares.promoters,
        "passive_share": shares.passives,
        "detractor_share": shares.detractors,
        "score": score,
        **{name: 100.0 * values for name, values in points.items()},
        "effective_n": shares.effective_n,
        "shrunken": shrunken.shrunken,
        "shrunken_lower": shrunken.lower,
        "shrunken_upper": shrunken.upper,
        "rank_lower": ranks[0],
        "rank_upper": ranks[1],
    }
    missing = {name: np.isnan(values) for name, values in columns.items() if values.dtype.kind == "f"}
    taken = set(columns) & set(counted.key_names[: len(grouped.codes)])
    if taken:
        raise InvalidInputError(
            f"`by` must name columns other than those of the result, got {min(taken)!r}; rename it"
        )
    return counted.frame(grouped.codes, columns, missing)


def _pairs(groups: _Groups, confidence_level: float, power: float) -> pd.DataFrame:
    import pandas as pd

    shares = groups.shares
    where = np.flatnonzero(groups.seen)
    one, two = (where[side] for side in np.triu_indices(where.size, 1))
    low, high = np.minimum(shares.lower, shares.net), np.maximum(shares.upper, shares.net)
    lower, upper = mover_interval(*(np.array([part[one], part[two]]) for part in (shares.net, low, high)))
    adjusted = groups.adjusted
    standard_error = np.sqrt(adjusted.variance[one] + adjusted.variance[two])
    z = (adjusted.net[one] - adjusted.net[two]) / standard_error
    reach = max(0.0, normal_quantile(confidence_level) + float(ndtri(power)))
    columns: dict[str, Any] = {}
    for name, values in groups.names.items():
        labels = pd.Series(values)
        columns[f"{name}_first"] = labels.take(one).to_numpy()
        columns[f"{name}_second"] = labels.take(two).to_numpy()
    return pd.DataFrame(
        {
            **columns,
            "difference": 100.0 * (shares.net[one] - shares.net[two]),
            "lower": 100.0 * lower,
            "upper": 100.0 * upper,
            "z": z,
            "p_value": 2.0 * ndtr(-np.abs(z)),
            "p_adjusted": holm(student_p_values(z, adjusted.degrees_of_freedom(one, two))),
            "detectable": 100.0 * reach * standard_error,
        }
    )

"""RFM: scores of recency, frequency and spend that ties cannot move, and names for them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Generic

import numpy as np
from numpy.typing import ArrayLike, NDArray

from customer_centric._core.checks import check_array, check_number, check_same_shape, raise_broken
from customer_centric._core.frames import check_columns, open_frame
from customer_centric._core.words import as_html, counted
from customer_centric.errors import InvalidInputError
from customer_centric.segments._rfm_rows import MEASURES, score_rows
from customer_centric.typing import FloatArray, FrameT, IntArray

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["RfmScores", "RfmThresholds", "rfm_scores", "rfm_segments"]

_DEFAULT_K: Final = 5
_SEGMENTS: Final = (
    ("dormant", "fading", "at risk"),
    ("occasional", "regular", "loyal"),
    ("recent", "active", "champions"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class RfmThresholds:
    """What a customer has to reach for a score of 2, 3, ..., lowest score first.

    Parameters
    ----------
    time_since_last : tuple of float
        Time since the last purchase, at most; never ascending. In the unit of the column.
    frequency : tuple of float
        Purchases, at least; never descending.
    spend : tuple of float
        Money, at least; never descending.

    Raises
    ------
    InvalidInputError
        If a threshold is missing, they are not in order, or the three are not equally many.

    Examples
    --------
    >>> thresholds = RfmThresholds(
    ...     time_since_last=(180, 30), frequency=(2, 6), spend=(100, 500)
    ... )
    >>> thresholds.k
    3
    """

    time_since_last: tuple[float, ...]
    frequency: tuple[float, ...]
    spend: tuple[float, ...]

    def __post_init__(self) -> None:
        for name in MEASURES:
            values = check_array(name, getattr(self, name), finite=False)
            falling = name == "time_since_last"
            before, after = values[:-1], values[1:]
            raise_broken(
                name,
                "never ascending: the longest time earns a score of 2"
                if falling
                else "never descending: the lowest threshold earns a score of 2",
                values,
                np.append(np.zeros(1, dtype=np.bool_), after > before if falling else after < before)[
                    : values.size
                ],
            )
        sizes = {len(self.time_since_last), len(self.frequency), len(self.spend)}
        if len(sizes) > 1:
            raise InvalidInputError(
                "the three thresholds must be equally many, got "
                f"{len(self.time_since_last)}, {len(self.frequency)} and {len(self.spend)}"
            )

    @property
    def k(self) -> int:
        """The highest score."""
        return len(self.spend) + 1


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class RfmScores(Generic[FrameT]):
    """Scores of the customers, and how many of the scores occur.

    Parameters
    ----------
    frame : data frame
        The customers as they came, with `r_score`, `f_score` and `m_score`: whole numbers from 1 to `k`.
    thresholds : RfmThresholds
        What each score takes: given to `rfm_scores`, it scores other customers, or the same ones later, on
        the same scale. Infinite where nobody reaches a score.
    customers : mapping of str to tuple of int
        For `time_since_last`, `frequency` and `spend`, the customers with score 1, 2, ..., `k`.
    k : int
        The highest score.
    n_customers : int
        Number of customers.
    """

    frame: FrameT
    thresholds: RfmThresholds
    customers: Mapping[str, tuple[int, ...]]
    k: int
    n_customers: int

    @property
    def occupied(self) -> dict[str, int]:
        """How many of the `k` scores occur, by measure: fewer where many customers are alike."""
        return {name: sum(count > 0 for count in counts) for name, counts in self.customers.items()}

    def to_frame(self) -> pd.DataFrame:
        """A row a measure and score: what it takes, and how many customers have it."""
        import pandas as pd

        worst = {"time_since_last": np.inf, "frequency": -np.inf, "spend": -np.inf}
        return pd.DataFrame(
            [
                {"measure": name, "score": place + 1, "threshold": threshold, "customers": counts[place]}
                for name, counts in self.customers.items()
                for place, threshold in enumerate((worst[name], *getattr(self.thresholds, name)))
            ]
        )

    def __str__(self) -> str:
        told = ", ".join(f"{name} {count} of {self.k}" for name, count in self.occupied.items())
        return f"{counted(self.n_customers, 'customer')}; scores that occur: {told}"

    def _repr_html_(self) -> str:
        return as_html(self, frame=self.to_frame())


def rfm_scores(
    customers: FrameT,
    *,
    time_since_last: str = "time_since_last",
    frequency: str = "frequency",
    spend: str = "spend",
    k: int | None = None,
    thresholds: RfmThresholds | None = None,
) -> RfmScores[FrameT]:
    r"""Scores of time since the last purchase, frequency and spend; customers who are alike score alike.

    Parameters
    ----------
    customers : data frame
        One row a customer: pandas, Polars (eager or lazy), PyArrow or DuckDB.
    time_since_last : str, default "time_since_last"
        Column of the time since the last purchase, 0 or more; a short time scores high.
    frequency : str, default "frequency"
        Column of the number of purchases, 0 or more; many score high.
    spend : str, default "spend"
        Column of the money spent, in all or a purchase; much scores high. Refunds may make it negative.
    k : int, optional
        The highest score, 1 or more; 5 without `thresholds`, which bring their own.
    thresholds : RfmThresholds, optional
        What a score takes, in days, purchases and money. Without them scores are relative: they divide the
        customers into `k` parts as equal as ties allow.

    Returns
    -------
    RfmScores
        The frame with three columns more, the thresholds, and the customers by score. Lazy frames stay
        lazy: the thresholds are found in the engine, and they and the counts are all that leaves it.

    Raises
    ------
    MissingColumnError
        If a column is not in the frame.
    InvalidInputError
        If a value is missing, not finite or negative where it cannot be, the frame has a column
        of scores already, or both `k` and `thresholds` are given.

    Notes
    -----
    With \(\rho_i\) the mid-rank of a customer among \(n\), worst first, customers who tie sharing the mean
    of their ranks,

    \[ \text{score}_i = \left\lceil \frac{k (\rho_i - 1/2)}{n} \right\rceil , \]

    in whole numbers \(\lceil k (b_i + u_i) / 2n \rceil\), with \(b_i\) the customers who are worse and
    \(u_i\) those who are not better. It does not depend on the order of the rows or on ids, and where half
    of the customers bought once, they all have the score of the middle of that half.

    References
    ----------
    Bult, J. R. and Wansbeek, T. (1995), Optimal selection for direct mail. Marketing Science 14(4): RFM
    among its rivals. [doi:10.1287/mksc.14.4.378](https://doi.org/10.1287/mksc.14.4.378).

    Examples
    --------
    >>> import pandas as pd
    >>> customers = pd.DataFrame(
    ...     {
    ...         "time_since_last": [5, 40, 40, 300],
    ...         "frequency": [9, 1, 1, 1],
    ...         "spend": [400.0, 20.0, 35.0, 10.0],
    ...     }
    ... )
    >>> scored = rfm_scores(customers, k=2)
    >>> scored.frame[["r_score", "f_score", "m_score"]].to_numpy().tolist()
    [[2, 2, 2], [1, 1, 1], [1, 1, 2], [1, 1, 1]]
    """
    if k is not None and thresholds is not None:
        raise InvalidInputError("`k` must be left out where `thresholds` are given, which bring their own")
    if thresholds is None:
        highest = _DEFAULT_K if k is None else int(check_number("k", k, minimum=1.0, whole=True))
    else:
        highest = thresholds.k
    source = open_frame("customers", customers)
    columns = {"time_since_last": time_since_last, "frequency": frequency, "spend": spend}
    check_columns(source.columns, dict(columns))
    given = None if thresholds is None else {name: tuple(getattr(thresholds, name)) for name in MEASURES}
    measured = score_rows(source, columns, highest, given)
    found = measured.cuts
    return RfmScores(
        frame=measured.frame,
        thresholds=RfmThresholds(
            time_since_last=found["time_since_last"], frequency=found["frequency"], spend=found["spend"]
        ),
        customers=measured.customers,
        k=highest,
        n_customers=sum(measured.customers["spend"]),
    )


def rfm_segments(
    r_score: ArrayLike, f_score: ArrayLike, m_score: ArrayLike | None = None, *, k: int = 5
) -> NDArray[np.str_]:
    r"""Names of segments by recency and frequency, which say what the scores say.

    Parameters
    ----------
    r_score, f_score : array_like of shape (n_customers,)
        Scores from 1 to `k`, as from `rfm_scores`.
    m_score : array_like of shape (n_customers,), optional
        Scores of spend; with them, the mean of both scores takes the place of the frequency.
    k : int, default 5
        The highest score, 2 or more.

    Returns
    -------
    ndarray of str of shape (n_customers,)
        One of nine names.

    Raises
    ------
    InvalidInputError
        If a score is not a whole number from 1 to `k`, or the lengths differ.

    Notes
    -----
    A score \(s\) is low where \((s - 1/2) / k\), the middle of its part of the customers, is at most 0.4,
    high from 0.6 on, and else middling: of five scores 1 and 2 are low, 4 and 5 high.

    | seen | few purchases | some | many |
    |---|---|---|---|
    | lately | recent | active | champions |
    | a while ago | occasional | regular | loyal |
    | long ago | dormant | fading | at risk |

    The names say what was seen and nothing else: who is "recent" may be new, or buy once a year.

    Examples
    --------
    >>> rfm_segments([5, 5, 1, 1], [5, 1, 5, 1]).tolist()
    ['champions', 'recent', 'at risk', 'dormant']
    """
    highest = int(check_number("k", k, minimum=2.0, whole=True))
    given = {"r_score": r_score, "f_score": f_score} | ({} if m_score is None else {"m_score": m_score})
    checked = {
        name: check_array(name, values, minimum=1.0, maximum=float(highest), whole=True)
        for name, values in given.items()
    }
    r, *others = check_same_shape(checked)
    recency = _third(r, 1, highest)
    activity = _third(np.sum(others, axis=0), len(others), highest)
    return np.array(_SEGMENTS)[recency, activity]


def _third(total: FloatArray, count: int, k: int) -> IntArray:
    """0 where the mean score is low, 1 where it is middling, 2 where it is high."""
    # Ten times the sum of the middles, in whole numbers: 0.4 k and 0.6 k would be rounded.
    middles = 5.0 * (2.0 * total - count)
    return (middles > 4.0 * k * count).astype(np.int64) + (middles >= 6.0 * k * count)

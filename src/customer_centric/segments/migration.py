"""Who moved between segments, who came, who was lost."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING, cast

import numpy as np
from numpy.typing import ArrayLike

from customer_centric._core.checks import check_confidence_level
from customer_centric._core.words import counted
from customer_centric.errors import InvalidInputError
from customer_centric.intervals import Interval, mover_interval, wilson_interval
from customer_centric.segments._labels import Label, pairs_of_arrays, pairs_of_frames
from customer_centric.typing import FloatArray, FrameT, IntArray

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Migration", "migration_matrix"]


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Migration:
    """Customers by segment before and after; who came and who was lost have a place of their own.

    Parameters
    ----------
    states : tuple
        The segments, in the order in which they were given.
    counts : ndarray of int64 of shape (n_states + 1, n_states + 1)
        Customers. Rows are the segments before, and last those who are new; columns are the segments after,
        and last those who are lost. Nobody is both new and lost.
    n_absent : int
        Customers without a label before and after, who are in no cell.
    mobility : float
        Share who did not stay where they were, on average over the segments, in [0, 1]; NaN where
        `reason` says why.
    mobility_interval : Interval or None
        Its interval.
    confidence_level : float
        Nominal coverage of every interval.
    reason : str or None
        Why there is no mobility.
    """

    states: tuple[Label, ...]
    counts: IntArray
    n_absent: int
    mobility: float
    mobility_interval: Interval | None
    confidence_level: float
    reason: str | None = None

    @property
    def shares(self) -> FloatArray:
        """Counts over the sum of their row: each row adds up to 1, or is NaN where nobody is in it."""
        total = self.counts.sum(axis=1, keepdims=True)
        found = np.full(self.counts.shape, np.nan)
        np.divide(self.counts, total, out=found, where=total > 0)
        return found

    @property
    def transition(self) -> FloatArray:
        """Probabilities between the segments and "lost", which nobody leaves: square, rows add up to 1."""
        matrix = self.shares
        matrix[-1] = np.append(np.zeros(len(self.states)), 1.0)
        return matrix

    @property
    def row_counts(self) -> FloatArray:
        """Customers behind each row of `transition`; infinite for "lost", whose row is a definition."""
        return np.append(self.counts[:-1].sum(axis=1).astype(np.float64), np.inf)

    def to_frame(self) -> pd.DataFrame:
        """A row a cell: `before`, `after`, `customers`, `share`, `lower`, `upper`."""
        import pandas as pd

        rows, columns = (*self.states, "new"), (*self.states, "lost")
        total = np.broadcast_to(self.counts.sum(axis=1, keepdims=True), self.counts.shape)
        lower, upper = wilson_interval(self.counts, total, confidence_level=self.confidence_level)
        table = pd.DataFrame(
            {
                "before": np.repeat(np.array(rows, dtype=object), len(columns)),
                "after": np.tile(np.array(columns, dtype=object), len(rows)),
                "customers": self.counts.ravel(),
                "share": self.shares.ravel(),
                "lower": lower.ravel(),
                "upper": upper.ravel(),
            }
        )
        # Nobody can be new and lost at once: that cell is no observation.
        return table.iloc[:-1]

    def flows(self) -> pd.DataFrame:
        """What left each segment beside what came: a row a segment.

        `before`, `stayed`, `moved_away`, `lost`, `moved_in`, `new`, `after`, `net`, and `stayed_share` with
        `lower` and `upper`. Where as many moved in as moved away, the segment is as large as before, with
        other customers.
        """
        import pandas as pd

        inner, stayed = self.counts[:-1, :-1], np.diag(self.counts)[:-1]
        before, after = self.counts[:-1].sum(axis=1), self.counts[:, :-1].sum(axis=0)
        lower, upper = wilson_interval(stayed, before, confidence_level=self.confidence_level)
        return pd.DataFrame(
            {
                "segment": np.array(self.states, dtype=object),
                "before": before,
                "stayed": stayed,
                "moved_away": inner.sum(axis=1) - stayed,
                "lost": self.counts[:-1, -1],
                "moved_in": inner.sum(axis=0) - stayed,
                "new": self.counts[-1, :-1],
                "after": after,
                "net": after - before,
                "stayed_share": np.diag(self.shares)[:-1],
                "lower": lower,
                "upper": upper,
            }
        )

    def against(self, reference: Migration) -> pd.DataFrame:
        """The share who stayed in each segment, beside that of a migration in which nothing was done.

        Parameters
        ----------
        reference : Migration
            Of the same states: other customers, or the same length of time earlier, without the action.

        Returns
        -------
        pandas.DataFrame
            A row a segment: `segment`, `stayed_share`, `reference_share`, `difference` with `lower` and
            `upper` (Newcombe's interval, by Wilson's of the two shares).

        Raises
        ------
        InvalidInputError
            If the states differ.
        """
        import pandas as pd

        if reference.states != self.states:
            raise InvalidInputError(
                f"`reference` must have the states {self.states!r}, got {reference.states!r}; "
                "label both with the same thresholds"
            )
        parts = [
            m.flows()[["stayed_share", "lower", "upper"]].to_numpy(np.float64).T for m in (self, reference)
        ]
        known = ~np.isnan(parts[0][0] + parts[1][0])
        shares, lowers, uppers = (np.where(known, [p[i] for p in parts], 0.5) for i in range(3))
        lower, upper = mover_interval(shares, np.minimum(lowers, shares), np.maximum(uppers, shares))
        return pd.DataFrame(
            {
                "segment": np.array(self.states, dtype=object),
                "stayed_share": parts[0][0],
                "reference_share": parts[1][0],
                "difference": parts[0][0] - parts[1][0],
                # Nobody to look at leaves every difference possible.
                "lower": np.where(known, lower, -1.0),
                "upper": np.where(known, upper, 1.0),
            }
        )

    def __str__(self) -> str:
        n = int(self.counts[:-1].sum())
        stayed = int(np.trace(self.counts[:-1, :-1]))
        return (
            f"{counted(n, 'customer')} before: {stayed:,} stayed in their segment, "
            f"{n - stayed - int(self.counts[:-1, -1].sum()):,} moved, {int(self.counts[:-1, -1].sum()):,} "
            f"were lost; {int(self.counts[-1, :-1].sum()):,} are new"
        )

    def _repr_html_(self) -> str:
        head = "".join(f"<th>{escape(str(name))}</th>" for name in (*self.states, "lost", "customers"))
        rows = ""
        for name, count, share in zip((*self.states, "new"), self.counts, self.shares, strict=True):
            cells = "".join("<td></td>" if math.isnan(p) else f"<td>{p:.1%}</td>" for p in share)
            rows += f"<tr><th>{escape(str(name))}</th>{cells}<td>{int(count.sum()):,}</td></tr>"
        return f"<p>{escape(str(self))}</p><table><tr><th>before / after</th>{head}</tr>{rows}</table>"


def migration_matrix(
    before: FrameT,
    after: FrameT,
    *,
    states: Sequence[Label],
    customer: str | None = None,
    segment: str | None = None,
    confidence_level: float = 0.95,
) -> Migration:
    r"""Where the customers of each segment are one period later.

    Parameters
    ----------
    before, after : array_like of shape (n_customers,), or data frame
        Labels of the same customers in the same order; a missing one is a customer who was not there. Or
        two frames of one engine (pandas, Polars eager or lazy, PyArrow, DuckDB) with one row a customer.
    states : sequence of str or int
        Every segment, in the order in which they will be shown: best first, for instance.
    customer, segment : str, optional
        Columns of the frames. Customers are joined by id: those who are only in `before` are lost, those
        who are only in `after` are new.
    confidence_level : float, default 0.95
        Nominal coverage of the intervals, strictly between 0 and 1.

    Returns
    -------
    Migration
        Counts, shares of rows, flows in and out of each segment, mobility.

    Raises
    ------
    MissingColumnError
        If a column is not in a frame.
    InvalidInputError
        If a label is not among the states, a customer has several rows, or the shapes do not fit.

    Notes
    -----
    With \(n_{ab}\) customers who went from \(a\) to \(b\), \(p_{ab} = n_{ab} / \sum_c n_{ac}\), each with
    Wilson's interval. It is the interval of one share; for statements about all cells of a row of \(m\) at
    once, ask for `confidence_level = 1 - 0.05 / m` (Bonferroni).

    Mobility is the index of Shorrocks over the segments and "lost", \(K\) states of which the last keeps
    everybody,

    \[ M = \frac{K - \operatorname{tr} P}{K - 1} , \]

    the mean over segments of the share who did not stay. Its interval is recovered from Wilson's of those
    shares (MOVER).

    Customers are counted, not modelled: shares describe this period's moves. They fall back to the mean
    without any cause; see `regression_to_mean` before a change of a selected segment is called an effect.

    References
    ----------
    Shorrocks, A. F. (1978), The measurement of mobility, Econometrica 46(5).
    [doi:10.2307/1911433](https://doi.org/10.2307/1911433).

    Zou, G. Y. and Donner, A. (2008), Construction of confidence limits about effect measures: a general
    approach. [doi:10.1002/sim.3095](https://doi.org/10.1002/sim.3095).

    Examples
    --------
    >>> moved = migration_matrix(
    ...     ["gold", "gold", "gold", "basic", "basic", None],
    ...     ["gold", "basic", None, "basic", "gold", "basic"],
    ...     states=["gold", "basic"],
    ... )
    >>> moved.counts.tolist()
    [[1, 1, 1], [1, 1, 0], [0, 1, 0]]
    >>> round(moved.mobility, 3)
    0.583
    """
    check_confidence_level(confidence_level)
    labels = _check_states(states)
    if (customer is None) != (segment is None):
        raise InvalidInputError("`customer` and `segment` must be given together, got one of them")
    if customer is None or segment is None:
        found = pairs_of_arrays(cast("ArrayLike", before), cast("ArrayLike", after), labels)
    else:
        found = pairs_of_frames(before, after, customer=customer, segment=segment, states=labels)
    absent = int(found[-1, -1])
    counts = found.copy()
    counts[-1, -1] = 0
    mobility, interval, reason = _mobility(counts, labels, confidence_level)
    return Migration(
        states=labels,
        counts=counts,
        n_absent=absent,
        mobility=mobility,
        mobility_interval=interval,
        confidence_level=confidence_level,
        reason=reason,
    )


def _check_states(states: Sequence[Label]) -> tuple[Label, ...]:
    labels = tuple(states)
    if isinstance(states, str) or not labels or not all(isinstance(x, str | int) for x in labels):
        raise InvalidInputError(
            f"`states` must be a sequence of segments, text or whole numbers, got {states!r}; "
            'for instance ["gold", "basic"]'
        )
    if len(set(labels)) < len(labels):
        raise InvalidInputError(f"`states` must be different from one another, got {list(labels)!r}")
    taken = sorted({"new", "lost"}.intersection(str(label) for label in labels))
    if taken:
        raise InvalidInputError(
            f'`states` must not contain "new" or "lost", got {taken[0]!r}; both are always there: leave '
            "customers without a label when they are not there yet, or no more"
        )
    return labels


def _mobility(
    counts: IntArray, labels: tuple[Label, ...], confidence_level: float
) -> tuple[float, Interval | None, str | None]:
    """The mean share who did not stay, and its interval."""
    n, stayed = counts[:-1].sum(axis=1), np.diag(counts)[:-1]
    empty = [label for label, size in zip(labels, n, strict=True) if size == 0]
    if empty:
        return math.nan, None, f"nobody was in segment {empty[0]!r} before"
    lower, upper = wilson_interval(n - stayed, n, confidence_level=confidence_level)
    moved = (n - stayed) / n
    low, high = mover_interval(moved, lower, upper, coefficients=np.full(n.size, 1.0 / n.size))
    bounds = Interval(max(float(low), 0.0), min(float(high), 1.0), confidence_level)
    return float(moved.mean()), bounds, None

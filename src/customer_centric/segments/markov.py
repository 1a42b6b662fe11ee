"""What a customer is worth who moves between segments: Markov chains of relationships."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from customer_centric._core.checks import (
    as_floats,
    check_array,
    check_confidence_level,
    check_number,
    raise_broken,
)
from customer_centric._core.words import as_html
from customer_centric.errors import InvalidInputError
from customer_centric.intervals import normal_interval
from customer_centric.segments.migration import Migration
from customer_centric.typing import FloatArray

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["MarkovValue", "clv_markov"]

# A row that does not add up by more was not meant to.
_TOLERANCE = 1e-9


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class MarkovValue:
    """Lifetime value of a customer by the segment in which the customer is now, in money.

    Parameters
    ----------
    states : tuple
        Names of the states, or their positions.
    lifetime_value : ndarray of shape (n_states,)
        Discounted rewards of now and all periods to come.
    lower, upper : ndarray of shape (n_states,)
        Bounds for the uncertainty of the transition shares; NaN where the counts behind them were not given.
    confidence_level : float
        Their nominal coverage.
    reason : str or None
        Why there are no bounds.
    """

    states: tuple[str | int, ...]
    lifetime_value: FloatArray
    lower: FloatArray
    upper: FloatArray
    confidence_level: float
    reason: str | None = None

    def to_frame(self) -> pd.DataFrame:
        """A row a state: `state`, `lifetime_value`, `lower`, `upper`."""
        import pandas as pd

        return pd.DataFrame(
            {
                "state": np.array(self.states, dtype=object),
                "lifetime_value": self.lifetime_value,
                "lower": self.lower,
                "upper": self.upper,
            }
        )

    def __str__(self) -> str:
        best = int(np.argmax(self.lifetime_value))
        value = self.lifetime_value[best]
        return f"lifetime value by segment: the best is {self.states[best]} with {value:,.2f}"

    def _repr_html_(self) -> str:
        return as_html(self, frame=self.to_frame())


def clv_markov(
    transition: Migration | ArrayLike,
    reward: ArrayLike,
    *,
    discount_rate_per_period: float,
    row_counts: ArrayLike | None = None,
    states: Sequence[str | int] | None = None,
    confidence_level: float = 0.9,
) -> MarkovValue:
    r"""Lifetime value of the customers of each segment, by the shares that move between segments.

    Parameters
    ----------
    transition : Migration or array_like of shape (n_states, n_states)
        Probabilities of moving from a state (row) to another (column) in a period; rows add up to 1. A
        `Migration` brings its shares, its counts, and "lost" as its last state.
    reward : array_like of shape (n_states,)
        Margin of a customer who is in the state, per period, in money; it is paid at the start of a period,
        the present one included. With a `Migration` the reward of "lost" may be left out: it is 0.
    discount_rate_per_period : float
        Effective rate per period, greater than 0.
    row_counts : array_like of shape (n_states,), optional
        Customers behind each row, for the interval; infinite where a row is known by definition.
    states : sequence of str or int, optional
        Names of the states of an array.
    confidence_level : float, default 0.9
        Nominal coverage of the intervals, strictly between 0 and 1.

    Returns
    -------
    MarkovValue
        A value a state, with bounds where counts are known.

    Raises
    ------
    InvalidInputError
        If rows do not add up to 1, shapes do not fit, or nobody was in a segment of the migration.

    Notes
    -----
    With \(P\) the probabilities, \(R\) the rewards and \(d\) the discount rate, equation 9 of Pfeifer and
    Carraway is

    \[ V = \sum_{t \ge 0} \frac{P^t R}{(1 + d)^t} = \Bigl(I - \frac{P}{1 + d}\Bigr)^{-1} R . \]

    Where \(n_a\) customers are behind row \(a\), the squared standard error of \(V_s\) is, to first order,

    \[ \frac{1}{(1 + d)^2} \sum_a M_{sa}^2\, \frac{\operatorname{Var}_a(V)}{n_a + k/2 + 1}, \qquad
       M = \Bigl(I - \frac{P}{1 + d}\Bigr)^{-1} , \]

    with \(\operatorname{Var}_a(V)\) the variance of the next state's value under the Dirichlet posterior of
    the row, half a customer added to each of its \(k\) cells (Jeffreys): a row in which all did the same
    still has a width. The rewards are taken as known.

    A chain has no memory: where a segment mixes customers of long and of short standing, it understates how
    long the best will stay. Segments of recency and frequency keep what matters of the past.

    References
    ----------
    Pfeifer, P. E. and Carraway, R. L. (2000), Modeling customer relationships as Markov chains, Journal of
    Interactive Marketing 14(2), 43-55.

    Examples
    --------
    >>> transition = [
    ...     [0.75, 0.15, 0.05, 0.05],
    ...     [0.20, 0.55, 0.15, 0.10],
    ...     [0.05, 0.15, 0.55, 0.25],
    ...     [0.00, 0.00, 0.00, 1.00],
    ... ]
    >>> value = clv_markov(transition, [300, 100, 10, 0], discount_rate_per_period=0.1)
    >>> value.lifetime_value.round(1).tolist()
    [1327.1, 778.9, 353.1, 0.0]
    """
    check_confidence_level(confidence_level)
    rate = check_number("discount_rate_per_period", discount_rate_per_period, minimum=0.0, open_minimum=True)
    matrix, sizes, names = _chain(transition, row_counts, states)
    money = check_array("reward", reward)
    if isinstance(transition, Migration) and money.shape == (len(names) - 1,):
        money = np.append(money, 0.0)
    if money.shape != (len(names),):
        raise InvalidInputError(
            f"`reward` must be one number a state, got shape {money.shape} for {len(names)} states"
        )
    kept = 1.0 / (1.0 + rate)
    multiplier = np.asarray(np.linalg.inv(np.eye(len(names)) - kept * matrix), dtype=np.float64)
    value: FloatArray = multiplier @ money
    if sizes is None:
        nothing = np.full(value.shape, np.nan)
        reason = "the customers behind the shares are not known; give `row_counts`"
        return MarkovValue(
            states=names,
            lifetime_value=value,
            lower=nothing,
            upper=nothing,
            confidence_level=confidence_level,
            reason=reason,
        )
    error = kept * np.sqrt(multiplier**2 @ _row_variances(matrix, sizes, value))
    lower, upper = normal_interval(value, error, confidence_level=confidence_level)
    return MarkovValue(
        states=names, lifetime_value=value, lower=lower, upper=upper, confidence_level=confidence_level
    )


def _row_variances(matrix: FloatArray, sizes: FloatArray, value: FloatArray) -> FloatArray:
    """Variance of the mean value one period later, by row, under the posterior of its shares."""
    k = value.size
    known = np.isinf(sizes)
    n = np.where(known, 0.0, sizes)[:, None]
    posterior = (matrix * n + 0.5) / (n + 0.5 * k)
    mean = posterior @ value
    spread = (posterior * (value - mean[:, None]) ** 2).sum(axis=1)
    return np.where(known, 0.0, spread / (n[:, 0] + 0.5 * k + 1.0))


def _chain(
    transition: Migration | ArrayLike, row_counts: ArrayLike | None, states: Sequence[str | int] | None
) -> tuple[FloatArray, FloatArray | None, tuple[str | int, ...]]:
    """Probabilities, the customers behind each row, and the names of the states."""
    if isinstance(transition, Migration):
        if row_counts is not None or states is not None:
            raise InvalidInputError(
                "`row_counts` and `states` must be left out where `transition` is a Migration, which has them"
            )
        if transition.reason is not None:
            raise InvalidInputError(
                f"`transition` must have customers in every segment, got none: {transition.reason}; "
                "merge segments, or leave it out of `states`"
            )
        return transition.transition, transition.row_counts, (*transition.states, "lost")
    matrix = check_array("transition", transition, minimum=0.0, maximum=1.0)
    if matrix.ndim != 2 or matrix.shape[0] != matrix.shape[1] or matrix.size == 0:
        raise InvalidInputError(f"`transition` must be a square matrix, got shape {matrix.shape}")
    total = matrix.sum(axis=1)
    raise_broken(
        "transition",
        "shares whose rows add up to 1",
        total,
        np.asarray(np.abs(total - 1.0) > _TOLERANCE),
        'customers who are lost go to a state of their own, which keeps them: "lost"',
    )
    names: tuple[str | int, ...] = tuple(range(total.size)) if states is None else tuple(states)
    if len(names) != total.size:
        raise InvalidInputError(
            f"`states` must be one name a row, got {len(names)} for {total.size} rows of `transition`"
        )
    if row_counts is None:
        return matrix, None, names
    sizes = as_floats("row_counts", row_counts)
    check_array("row_counts", sizes, minimum=0.0, finite=False)
    if sizes.shape != total.shape:
        raise InvalidInputError(
            f"`row_counts` must be one number a row, got shape {sizes.shape} for {total.size} rows"
        )
    return matrix, sizes, names

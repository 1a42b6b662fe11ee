"""A ladder of loyalty: the highest thing that each customer has been seen to do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from customer_centric._core.checks import check_array, check_confidence_level, raise_broken
from customer_centric._core.words import as_html, counted
from customer_centric.errors import InvalidInputError
from customer_centric.intervals import wilson_interval
from customer_centric.typing import BoolArray, IntArray

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["LoyaltyLadder", "loyalty_ladder"]


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class LoyaltyLadder:
    """How high each customer stands.

    Parameters
    ----------
    rungs : tuple of str
        Behaviours, from the lowest to the highest.
    rung : ndarray of int64 of shape (n_customers,)
        Position of the highest behaviour seen; -1 where none was.
    observed : ndarray of int64 of shape (n_rungs,)
        Customers who were seen to do each, whatever else they do.
    confidence_level : float
        Nominal coverage of the intervals in the table.
    """

    rungs: tuple[str, ...]
    rung: IntArray
    observed: IntArray
    confidence_level: float

    def to_frame(self) -> pd.DataFrame:
        """A row a rung from the top: `rung`, `customers` on it, `share` with `lower` and `upper`.

        And `at_least`, those on it or above, and `observed`, those who were seen to do it. Where many stand
        above a rung that they were not seen on, the order of the rungs is not that of your customers.
        """
        import pandas as pd

        names = (*reversed(self.rungs), "none")
        customers = np.bincount(self.rung + 1, minlength=len(names))[::-1]
        n = self.rung.size
        lower, upper = wilson_interval(customers, n, confidence_level=self.confidence_level)
        columns: dict[str, NDArray[Any]] = {
            "rung": np.array(names, dtype=object),
            "customers": customers,
            "share": customers / n,
            "lower": lower,
            "upper": upper,
            "at_least": np.cumsum(customers),
            "observed": np.append(self.observed[::-1], customers[-1]),
        }
        return pd.DataFrame(columns)

    def __str__(self) -> str:
        top = int((self.rung == len(self.rungs) - 1).sum())
        return f"{counted(self.rung.size, 'customer')}, {top:,} of them on the highest rung, {self.rungs[-1]}"

    def _repr_html_(self) -> str:
        return as_html(self, frame=self.to_frame())


def loyalty_ladder(behaviours: Mapping[str, ArrayLike], *, confidence_level: float = 0.95) -> LoyaltyLadder:
    r"""The highest behaviour on a ladder that each customer has been seen to do.

    Parameters
    ----------
    behaviours : mapping of str to array_like of shape (n_customers,)
        Behaviours from the lowest to the highest, in the order of the mapping: for each customer 1 or true
        where it was observed, 0 or false where it was not.
    confidence_level : float, default 0.95
        Nominal coverage of the intervals, strictly between 0 and 1.

    Returns
    -------
    LoyaltyLadder
        The rung of each customer, and a table by rung.

    Raises
    ------
    InvalidInputError
        If there is no behaviour or no customer, lengths differ, or a value is not 0 or 1.

    Notes
    -----
    Ranks, not amounts: rung 4 is above rung 2, and not twice as loyal. Which behaviours stand for loyalty in
    your trade, and in which order, is for you to say. In business markets Narayandas proposes a ladder of
    them, climbed from the bottom.

    References
    ----------
    Narayandas, D. (2005), Building loyalty in business markets, Harvard Business Review 83(9), 131-139.

    Examples
    --------
    >>> ladder = loyalty_ladder(
    ...     {"buys again": [1, 1, 1, 0], "recommends": [0, 1, 0, 0], "pays more": [0, 1, 1, 0]}
    ... )
    >>> ladder.rung.tolist()
    [0, 2, 2, -1]
    """
    check_confidence_level(confidence_level)
    if not behaviours:
        raise InvalidInputError("`behaviours` must name at least one behaviour, got none")
    seen = [_flags(name, values) for name, values in behaviours.items()]
    if len({flags.shape for flags in seen}) > 1 or seen[0].ndim != 1 or seen[0].size == 0:
        shapes = ", ".join(str(flags.shape) for flags in seen)
        raise InvalidInputError(
            f"`behaviours` must have one value a customer each, for one customer or more, got shapes {shapes}"
        )
    table = np.stack(seen)
    highest = len(seen) - 1 - np.argmax(table[::-1], axis=0)
    return LoyaltyLadder(
        rungs=tuple(behaviours),
        rung=np.where(table.any(axis=0), highest, -1).astype(np.int64),
        observed=table.sum(axis=1).astype(np.int64),
        confidence_level=confidence_level,
    )


def _flags(name: str, values: ArrayLike) -> BoolArray:
    array = np.asarray(values)
    if array.dtype == np.bool_:
        return array
    label = f"behaviours[{name!r}]"
    numbers = check_array(label, array)
    raise_broken(label, "0 or 1", numbers, np.asarray((numbers != 0) & (numbers != 1)))
    return np.asarray(numbers == 1)

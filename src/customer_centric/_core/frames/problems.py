"""What is wrong with a column: rule, value, position where rows have one, count, remedy."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from customer_centric.errors import InvalidInputError
from customer_centric.typing import BoolArray

ZONE_REMEDY = 'say in which zone days are counted, for instance `time_zone="Europe/Berlin"`'
ISO_RULE = "ISO dates such as 2024-12-31, 20241231 or 2024-12-31T18:30:00"

DATE_TEXT_REMEDY = "convert other formats to dates first"
OFFSET_REMEDY = "cast it to a type of your engine with a time zone, and give `time_zone`"


def raise_rows(
    name: str,
    rule: str,
    *,
    value: object,
    count: int,
    total: int,
    position: int | None = None,
    remedy: str = "",
) -> None:
    """Raise for `count` of `total` rows that break the rule; nothing where none does.

    Rows of a lazy frame have no position.
    """
    if count == 0:
        return
    where = "" if position is None else f" at position {position}"
    tail = f"; {remedy}" if remedy else ""
    raise InvalidInputError(f"{name} must be {rule}, got {value}{where} ({count} of {total} values){tail}")


def raise_where(
    name: str, rule: str, bad: BoolArray, values: NDArray[Any] | str, *, remedy: str = ""
) -> None:
    """Raise for the rows that are `bad`, with the first of them; nothing where none is.

    `values` are the numbers of all rows, or what to say of those that are bad.
    """
    if not bad.any():
        return
    rows = np.flatnonzero(bad)
    first = int(rows[0])
    raise_rows(
        name,
        rule,
        value=values if isinstance(values, str) else f"{values[first]:g}",
        count=rows.size,
        total=bad.size,
        position=first,
        remedy=remedy,
    )


def wrong_type(name: str, rule: str, got: object, remedy: str) -> InvalidInputError:
    """The error for a column of a type that cannot mean what it should."""
    return InvalidInputError(f"{name} must be {rule}, got a column of type {got}; {remedy}")


def in_column(role: str, column: str) -> str:
    """How messages name a column: the argument it was given for, and its own name."""
    return f"`{role}` (column {column!r})"

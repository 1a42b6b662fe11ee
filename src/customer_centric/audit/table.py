"""A table of words."""

from __future__ import annotations

from dataclasses import dataclass

__all__: list[str] = []


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of words under a title.

    Parameters
    ----------
    title : str
        What the rows are.
    head : tuple of str
        Names of the columns.
    rows : tuple of tuple of str
        One word or number a column.
    left : frozenset of int
        Columns that hold words; the others hold numbers.
    marked : int or None
        The row that matters most.
    note : str
        What must be known to read it.
    widest : int
        Characters that a word may have where space is short.
    """

    title: str
    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    left: frozenset[int] = frozenset({0})
    marked: int | None = None
    note: str = ""
    widest: int = 52

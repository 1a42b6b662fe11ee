"""What printed reports are made of: headings, paragraphs and aligned tables, safe for any terminal."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Sequence

from customer_centric.audit.table import Table

__all__: list[str] = []

_WIDTH = 79


def section(title: str, sentence: str, shown: Table | None) -> Iterable[str]:
    """A heading, a sentence, and a table where there is one."""
    yield heading(title)
    yield paragraph(sentence)
    if shown is not None and shown.rows:
        yield table(shown)


def heading(title: str) -> str:
    """A title with a line below it."""
    short = _shortened(plain(title), _WIDTH)
    return f"{short}\n{'-' * len(short)}"


def paragraph(sentence: str) -> str:
    """Sentences in lines of equal length."""
    return "\n".join(_wrapped(sentence))


def care(notes: Sequence[str]) -> Iterable[str]:
    """What limits the numbers, one point each."""
    if notes:
        yield heading("Read with care")
    for note in notes:
        yield "\n".join(_wrapped(note, "* ", "  "))


def figures(rows: Iterable[tuple[str, str, str]]) -> str:
    """Label, number and detail, one figure a line."""
    return "\n".join(_aligned(tuple(rows), left=frozenset({0, 2})))


def asked(rows: Iterable[tuple[str, str]], command: str) -> Iterable[str]:
    """What was asked, name by name, and the command that asks it again."""
    yield heading("How it was asked")
    yield "\n".join(_aligned(tuple(rows), left=frozenset({0, 1})))
    if command:
        yield "To repeat it:\n  " + plain(command)


def table(shown: Table) -> str:
    """A table in columns of equal width under its title."""
    head, *body = _aligned((shown.head, *shown.rows), left=shown.left, widest=shown.widest)
    if shown.marked is not None:
        body[shown.marked] = "> " + body[shown.marked][2:]
    lines = [
        _shortened(plain(shown.title), _WIDTH) + ":",
        head,
        "  " + "-" * (max(map(len, (head, *body))) - 2),
        *body,
    ]
    if shown.note:
        lines.extend(_wrapped(shown.note, "  ", "  "))
    return "\n".join(lines)


def _wrapped(text: str, first: str = "", later: str = "") -> list[str]:
    """Lines of a sentence, none of which starts with the sign of a percentage."""
    kept = plain(text).replace(" %", "\u00a0%")
    lines = textwrap.wrap(kept, _WIDTH, initial_indent=first, subsequent_indent=later)
    return [line.replace("\u00a0%", " %") for line in lines]


def _aligned(rows: tuple[tuple[str, ...], ...], *, left: frozenset[int], widest: int = _WIDTH) -> list[str]:
    cut = [
        tuple(_shortened(plain(cell), widest if j in left else _WIDTH) for j, cell in enumerate(row))
        for row in rows
    ]
    # The last column of words may run on: nothing stands behind it.
    last = len(rows[0]) - 1 if rows else 0
    if last in left:
        cut = [(*short[:-1], plain(row[-1])) for short, row in zip(cut, rows, strict=True)]
    widths = [max(len(row[j]) for row in cut) for j in range(last + 1)] if cut else []
    return [
        "  "
        + "  ".join(
            cell.ljust(width) if j in left else cell.rjust(width)
            for j, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in cut
    ]


def _shortened(text: str, width: int) -> str:
    return text if len(text) <= width else text[: width - 3] + "..."


def plain(text: str) -> str:
    """Without control characters, which could rewrite the terminal."""
    return "".join(character if character.isprintable() else " " for character in text)

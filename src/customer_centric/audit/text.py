"""The audit as text for a terminal, at most 100 columns wide."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable

from customer_centric.audit import tables, words
from customer_centric.audit.report import AuditReport
from customer_centric.audit.tables import Table

__all__ = ["render_text"]

_WIDTH = 92


def render_text(report: AuditReport) -> str:
    """The report as plain text.

    Parameters
    ----------
    report : AuditReport
        What an audit found.

    Returns
    -------
    str
        Paragraphs and tables, ending in a line break.
    """
    blocks = [
        f"CUSTOMER AUDIT\n{_plain(report.settings.source)}",
        _paragraph(words.headline(report)),
        _figures(report),
        *_section("What the data are", words.seen(report), tables.log_table(report)),
        *_section("Which model, and why", report.reason, tables.score_table(report)),
        *_section("How well it predicts", words.tested(report), tables.class_table(report)),
        *_section("Who matters", words.concentrated(report), tables.group_table(report)),
        _table(tables.customer_table(report)),
        *_section("How certain", words.spread(report), tables.parameter_table(report.purchases)),
    ]
    if report.spend is not None:
        blocks.append(_table(tables.parameter_table(report.spend)))
    if report.spend_verdict is not None:
        blocks.append(_paragraph(report.spend_verdict))
    if report.notes:
        blocks.append(_heading("Read with care"))
        blocks.extend(_bullet(note) for note in report.notes)
    blocks.append(_heading("How it was asked"))
    blocks.append(_pairs(words.settings_rows(report)))
    if report.settings.command:
        blocks.append("To repeat it:\n  " + _plain(report.settings.command))
    return "\n\n".join(blocks) + "\n"


def _section(title: str, sentence: str, table: Table | None) -> Iterable[str]:
    yield _heading(title)
    yield _paragraph(sentence)
    if table is not None and table.rows:
        yield _table(table)


def _heading(title: str) -> str:
    return f"{title}\n{'-' * len(title)}"


def _paragraph(sentence: str) -> str:
    return textwrap.fill(_plain(sentence), _WIDTH)


def _bullet(sentence: str) -> str:
    return textwrap.fill(_plain(sentence), _WIDTH, initial_indent="* ", subsequent_indent="  ")


def _figures(report: AuditReport) -> str:
    rows = tuple(words.key_figures(report))
    return "\n".join(_aligned(rows, left=frozenset({0, 2})))


def _pairs(rows: Iterable[tuple[str, str]]) -> str:
    return "\n".join(_aligned(tuple(rows), left=frozenset({0, 1})))


def _table(table: Table) -> str:
    head, *body = _aligned((table.head, *table.rows), left=table.left, widest=table.widest)
    if table.marked is not None:
        body[table.marked] = "> " + body[table.marked][2:]
    lines = [_plain(table.title) + ":", head, "  " + "-" * (max(map(len, (head, *body))) - 2), *body]
    if table.note:
        lines.extend(textwrap.wrap(_plain(table.note), _WIDTH, initial_indent="  ", subsequent_indent="  "))
    return "\n".join(lines)


def _aligned(rows: tuple[tuple[str, ...], ...], *, left: frozenset[int], widest: int = _WIDTH) -> list[str]:
    cut = [
        tuple(_shortened(_plain(cell), widest if j in left else _WIDTH) for j, cell in enumerate(row))
        for row in rows
    ]
    # The last column of words may run on: nothing stands behind it.
    last = len(rows[0]) - 1 if rows else 0
    if last in left:
        cut = [(*short[:-1], _plain(row[-1])) for short, row in zip(cut, rows, strict=True)]
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


def _plain(text: str) -> str:
    """Without control characters, which could rewrite the terminal."""
    return "".join(character if character.isprintable() else " " for character in text)

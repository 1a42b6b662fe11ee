"""Results say themselves in words that fit the numbers."""

from __future__ import annotations

import pandas as pd
import polars as pl

from customer_centric._core.words import as_html, counted


def test_one_is_singular() -> None:
    assert [counted(n, "answer") for n in (0, 1, 2, 2357)] == [
        "0 answers",
        "1 answer",
        "2 answers",
        "2,357 answers",
    ]


def test_names_in_a_sentence_are_text_and_not_markup() -> None:
    assert as_html("the column '<b>'") == "<p>the column '&lt;b&gt;'</p>"


def test_rows_in_memory_are_shown_and_queries_are_not_run() -> None:
    rows = pd.DataFrame({"shop": ["a"]})
    assert as_html("1 group", frame=rows).startswith("<p>1 group</p><div>")
    assert as_html("1 group", frame=pl.from_pandas(rows).lazy()) == "<p>1 group</p>"

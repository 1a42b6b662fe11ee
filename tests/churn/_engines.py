"""The same small table in every engine."""

from __future__ import annotations

from typing import Any

import duckdb
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

ENGINES = ("pandas", "polars", "pyarrow", "polars lazy", "duckdb")
LAZY = ("polars lazy", "duckdb")
engines = pytest.mark.parametrize("engine", ENGINES)


def in_engine(table: pd.DataFrame, engine: str) -> Any:
    """The rows as a frame of the engine."""
    if engine == "pandas":
        return table
    if table.empty:
        # Without a value pandas 2 does not say that objects are text.
        textual = [name for name in table.columns if pd.api.types.is_object_dtype(table[name])]
        table = table.astype(dict.fromkeys(textual, "string"))
    arrow = pa.Table.from_pandas(table, preserve_index=False)
    if engine == "pyarrow":
        return arrow
    if engine == "duckdb":
        return duckdb.from_arrow(arrow)
    frame = pl.from_arrow(arrow)
    assert isinstance(frame, pl.DataFrame)
    return frame.lazy() if engine == "polars lazy" else frame

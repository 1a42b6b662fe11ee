"""One small table as frames of every engine."""

from __future__ import annotations

from typing import Any

import duckdb
import pandas as pd
import polars as pl
import pyarrow as pa

ENGINES = ("pandas", "polars", "pyarrow", "polars lazy", "duckdb")
IN_MEMORY = ENGINES[:3]


def as_engine(frame: pd.DataFrame, engine: str) -> Any:
    """The same rows in another engine."""
    if engine == "pandas":
        return frame
    if engine == "pyarrow":
        return pa.Table.from_pandas(frame, preserve_index=False)
    if engine == "duckdb":
        return duckdb.connect(config={"threads": 1}).from_df(frame.reset_index(drop=True))
    eager = pl.from_pandas(frame.reset_index(drop=True))
    return eager.lazy() if engine == "polars lazy" else eager

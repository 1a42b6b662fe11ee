"""One small table as frames of every engine."""

from __future__ import annotations

from typing import Any

import pandas as pd

from churn._engines import in_engine

ENGINES = ("pandas", "polars", "pyarrow", "polars lazy", "duckdb")
IN_MEMORY = ENGINES[:3]


def as_engine(frame: pd.DataFrame, engine: str) -> Any:
    """The same rows in another engine."""
    return frame if engine == "pandas" else in_engine(frame.reset_index(drop=True), engine)

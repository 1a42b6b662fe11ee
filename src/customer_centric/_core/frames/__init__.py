"""The one door for data frames: what goes in comes out as the same kind.

Frames in memory (pandas, Polars, PyArrow) hand their columns to NumPy; lazy frames (Polars lazy, DuckDB)
stay where they are and only sufficient statistics leave them. Another engine is one line in `engines`
and one adapter: how its ids become codes and its dates days (in memory), or how its datetimes lose
their zone (lazy).
"""

from __future__ import annotations

from customer_centric._core.frames.dates import check_day, check_time_zone, day_number, day_of_number
from customer_centric._core.frames.engines import Engine, check_columns, engine_of, is_lazy
from customer_centric._core.frames.lazy import LazyFrame
from customer_centric._core.frames.memory import MemoryFrame

__all__ = [
    "Engine",
    "LazyFrame",
    "MemoryFrame",
    "check_columns",
    "check_day",
    "check_time_zone",
    "day_number",
    "day_of_number",
    "engine_of",
    "is_lazy",
]

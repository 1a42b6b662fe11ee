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
from customer_centric._core.frames.periods import PERIODS, Period, check_period
from customer_centric._core.frames.tally import Tally, open_frame, tally
from customer_centric._core.frames.tally_cells import Key

__all__ = [
    "PERIODS",
    "Engine",
    "Key",
    "LazyFrame",
    "MemoryFrame",
    "Period",
    "Tally",
    "check_columns",
    "check_day",
    "check_period",
    "check_time_zone",
    "day_number",
    "day_of_number",
    "engine_of",
    "is_lazy",
    "open_frame",
    "tally",
]

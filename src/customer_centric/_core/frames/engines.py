"""Which engine a frame belongs to, found out without importing any."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Final, Literal, TypeAlias

from customer_centric.errors import InvalidInputError, MissingColumnError

Engine: TypeAlias = Literal["pandas", "polars", "pyarrow", "polars lazy", "duckdb"]
"""An engine that works; the first three hold their rows in memory."""

# Where the class of an engine's frames is; another engine is one line here.
_EAGER: Final[dict[Engine, tuple[str, str]]] = {
    "pandas": ("pandas", "DataFrame"),
    "polars": ("polars", "DataFrame"),
    "pyarrow": ("pyarrow", "Table"),
}
_LAZY: Final[dict[Engine, tuple[str, str]]] = {
    "polars lazy": ("polars", "LazyFrame"),
    "duckdb": ("duckdb", "DuckDBPyRelation"),
}
# Known by the package their class is from, so that the message can name them.
_REFUSED: Final = {
    "pyspark": "PySpark",
    "dask": "Dask",
    "dask_expr": "Dask",
    "ibis": "Ibis",
    "modin": "Modin",
    "cudf": "cuDF",
    "sqlframe": "SQLFrame",
    "narwhals": "Narwhals",
}
_WORKING: Final = "a pandas or Polars data frame, a Polars lazy frame, a PyArrow table or a DuckDB relation"


def engine_of(name: str, frame: object) -> Engine:
    """The engine of a frame; a frame of an engine that does not work is refused by name."""
    for base in type(frame).__mro__:
        refused = _REFUSED.get(base.__module__.partition(".")[0])
        if refused:
            raise InvalidInputError(
                f"`{name}` must be {_WORKING}, got a frame of {refused}, which is not supported yet; "
                "convert it to one of these first"
            )
    for engine, (package, name_of_class) in (_EAGER | _LAZY).items():
        # A frame of a package that was never imported does not exist.
        frames = getattr(sys.modules.get(package), name_of_class, None)
        if frames is not None and isinstance(frame, frames):
            return engine
    kind = f"{type(frame).__module__}.{type(frame).__qualname__}".removeprefix("builtins.")
    raise InvalidInputError(f"`{name}` must be {_WORKING}, got {kind}")


def is_lazy(engine: Engine) -> bool:
    """Whether the rows stay where they are until a result is asked for."""
    return engine in _LAZY


def check_columns(columns: Sequence[str], wanted: dict[str, str | None]) -> None:
    """Every wanted column is in the frame; `wanted` maps argument names to column names."""
    named: dict[str, str] = {}
    for role, column in wanted.items():
        if column is None:
            continue
        if column not in columns:
            listed = ", ".join(repr(name) for name in columns) or "none"
            raise MissingColumnError(
                f"`{role}` must be a column of the frame, got {column!r}; its columns are {listed}"
            )
        if column in named:
            raise InvalidInputError(f"`{role}` must be another column than `{named[column]}`, got {column!r}")
        named[column] = role

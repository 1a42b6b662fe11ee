"""Which engine a frame belongs to, found out without importing any."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final, Literal, TypeAlias

import narwhals.stable.v2 as nw

from customer_centric.errors import InvalidInputError, MissingColumnError

Engine: TypeAlias = Literal["pandas", "polars", "pyarrow", "polars lazy", "duckdb"]
"""An engine that works; the first three hold their rows in memory."""

_EAGER: Final[dict[Engine, Callable[[object], bool]]] = {
    "pandas": nw.dependencies.is_pandas_dataframe,
    "polars": nw.dependencies.is_polars_dataframe,
    "pyarrow": nw.dependencies.is_pyarrow_table,
}
_LAZY: Final[dict[Engine, Callable[[object], bool]]] = {
    "polars lazy": nw.dependencies.is_polars_lazyframe,
    "duckdb": nw.dependencies.is_duckdb_relation,
}
_NOT_YET: Final[dict[str, Callable[[object], bool]]] = {
    "PySpark": nw.dependencies.is_pyspark_dataframe,
    "PySpark Connect": nw.dependencies.is_pyspark_connect_dataframe,
    "Dask": nw.dependencies.is_dask_dataframe,
    "Ibis": nw.dependencies.is_ibis_table,
    "Modin": nw.dependencies.is_modin_dataframe,
    "cuDF": nw.dependencies.is_cudf_dataframe,
    "SQLFrame": nw.dependencies.is_sqlframe_dataframe,
}
_WORKING: Final = "a pandas or Polars data frame, a Polars lazy frame, a PyArrow table or a DuckDB relation"


def engine_of(name: str, frame: object) -> Engine:
    """The engine of a frame; a frame of an engine that does not work is refused by name."""
    for engine, is_its in (_EAGER | _LAZY).items():
        if is_its(frame):
            return engine
    for refused, is_its in _NOT_YET.items():
        if is_its(frame):
            raise InvalidInputError(
                f"`{name}` must be {_WORKING}, got a {refused} frame; "
                f"{refused} is not supported yet: convert the frame to one of these first"
            )
    kind = f"{type(frame).__module__}.{type(frame).__qualname__}".removeprefix("builtins.")
    raise InvalidInputError(f"`{name}` must be {_WORKING}, got {kind}")


def is_lazy(engine: Engine) -> bool:
    """Whether the rows stay where they are until a result is asked for."""
    return engine in _LAZY


def check_columns(columns: Sequence[str], wanted: dict[str, str | None]) -> None:
    """Every wanted column is in the frame, once; `wanted` maps argument names to column names."""
    for role, column in wanted.items():
        if column is not None and column not in columns:
            listed = ", ".join(repr(name) for name in columns) or "none"
            raise MissingColumnError(
                f"`{role}` must be a column of the frame, got {column!r}; columns are: {listed}"
            )
    named = [column for column in wanted.values() if column is not None]
    for role, column in wanted.items():
        if named.count(column or "") > 1:
            raise InvalidInputError(f"`{role}` must be a column of its own, got {column!r} twice")

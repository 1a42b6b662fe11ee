"""Events that stay in their engine: which column means what, as a query that nobody has run yet."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

import narwhals.stable.v2 as nw
import numpy as np

from customer_centric._core.frames import LazyFrame, MemoryFrame
from customer_centric._core.frames.codes import MISSING_RULE
from customer_centric._core.frames.lazy import AnyLazyFrame, flag
from customer_centric._core.frames.lazy_checks import Broken, no_id, refuse_broken
from customer_centric._core.frames.memory import AMOUNT_REMEDY, AMOUNT_RULE
from customer_centric._core.frames.moments import MISSING_MOMENT_REMEDY, Clock, moment_column
from customer_centric._core.frames.problems import in_column, wrong_type
from customer_centric.journey._columns import (
    ACTORS,
    NUMBER_REMEDY,
    NUMBERS,
    OUTCOMES,
    STEP_REMEDY,
    TRANSLATE_REMEDY,
    number_rule,
    one_of,
)
from customer_centric.journey._events import LogCounts
from customer_centric.journey.schema import EventSchema

_PLAIN_TEXTS: Final = ("channel", "item", "currency", "intent")
_BOT_REMEDY: Final = "make it true or false first"
_HIGHEST: Final = float(np.finfo(np.float64).max)


@dataclass(frozen=True, slots=True, eq=False)
class LazyEvents:
    """The events of a lazy frame.

    Parameters
    ----------
    frame : LazyFrame
        The frame, with a column of ticks.
    schema : EventSchema
        Which column means what.
    clock : Clock
        What ticks mean.
    ticks : str
        The column of ticks.
    duplicates, bots : {"drop", "keep"}
        What happens to them.
    """

    frame: LazyFrame[Any]
    schema: EventSchema
    clock: Clock
    ticks: str
    duplicates: str
    bots: str

    def check(self) -> tuple[int, int]:
        """Rows of the frame, and those marked as made by a machine; what must not be is refused."""
        marked = None if self.schema.is_bot is None else _is_bot(self.frame, self.schema.is_bot)
        return refuse_broken(self.frame, list(self._broken()), counted=marked)

    def _broken(self) -> Iterator[Broken]:
        schema, named = self.schema, self.schema.named()
        yield no_id("case_id", schema.case_id)
        missing = nw.col(schema.timestamp).is_null()
        yield Broken("timestamp", schema.timestamp, missing, MISSING_RULE, "null", MISSING_MOMENT_REMEDY)
        missing = nw.col(schema.touchpoint).is_null()
        yield Broken("touchpoint", schema.touchpoint, missing, MISSING_RULE, "null", STEP_REMEDY)
        if schema.customer_id is not None:
            yield no_id("customer_id", schema.customer_id)
        for role, allowed in (("outcome", OUTCOMES), ("actor", ACTORS)):
            column = named.get(role)
            if column is not None:
                known = nw.col(column).cast(nw.String).is_in(allowed)
                other = ~known & ~nw.col(column).is_null()
                yield Broken(role, column, other, one_of(allowed), "other text", TRANSLATE_REMEDY)
        for role in NUMBERS:
            column = named.get(role)
            if column is not None:
                low, high = (-1.0, 1.0) if role == "emotion" else (0.0, _HIGHEST)
                value = _number(column)
                outside = (value < low) | (value > high)
                yield Broken(role, column, outside, number_rule(role), "another number", NUMBER_REMEDY)
        if schema.order is not None:
            value = _number(schema.order)
            wrong = value.is_null() | (value > _HIGHEST) | (value < -_HIGHEST)
            yield Broken("order", schema.order, wrong, AMOUNT_RULE, "null or infinite", AMOUNT_REMEDY)
        if schema.is_bot is not None:
            mark = nw.col(schema.is_bot)
            wrong = mark.is_null()
            if not isinstance(self.frame.schema[schema.is_bot], nw.Boolean):
                wrong = wrong | ((mark != 0) & (mark != 1))
            yield Broken("is_bot", schema.is_bot, wrong, "0 or 1", "null or another number", _BOT_REMEDY)

    def rows(self, *, distinct: bool | None = None) -> AnyLazyFrame:
        """One row an event, its columns named by their roles; without duplicates if they are dropped."""
        frame = self.frame.frame
        if self.schema.is_bot is not None and self.bots == "drop":
            frame = frame.filter(~_is_bot(self.frame, self.schema.is_bot))
        rows = frame.select(**self._columns())
        drop = self.duplicates == "drop" if distinct is None else distinct
        return rows.unique() if drop else rows

    def _columns(self) -> dict[str, nw.Expr]:
        schema, named = self.schema, self.schema.named()
        columns = {
            "journey": _id(self.frame, schema.case_id),
            "ticks": nw.col(self.ticks),
            "touchpoint": nw.col(schema.touchpoint).cast(nw.String),
        }
        if schema.customer_id is not None:
            columns["customer"] = _id(self.frame, schema.customer_id)
        if schema.order is not None:
            columns["order"] = nw.col(schema.order).cast(nw.Float64)
        if schema.outcome is not None or schema.lifecycle is not None:
            columns["outcome"] = _outcome(schema)
        if schema.actor is not None:
            columns["actor"] = _code(nw.col(schema.actor).cast(nw.String), ACTORS)
        elif schema.resource is not None:
            columns["actor"] = flag(~nw.col(schema.resource).is_null())
        columns |= {role: nw.col(named[role]).cast(nw.String) for role in _PLAIN_TEXTS if role in named}
        return columns | {role: _number(named[role]) for role in NUMBERS if role in named}

    @property
    def keys(self) -> list[str]:
        """What events of a journey are ordered by: a total order up to rows that agree in everything."""
        columns = self._columns()
        first = ["ticks", "order"] if "order" in columns else ["ticks"]
        return [*first, *(name for name in columns if name not in {"journey", "customer", *first})]

    def placed(self) -> AnyLazyFrame:
        """The rows with their place in the journey, what came before, and whether they tie with it."""
        rows = self.rows().with_columns(one=nw.lit(1))
        keys = self.keys
        place = nw.col("one").cum_sum().over("journey", order_by=keys)
        rows = rows.with_columns(place=place.cast(nw.Int64))
        moment = ["ticks", "order"] if "order" in keys else ["ticks"]
        # All windows of one kind at once: engines sort for them once.
        shifted = [*moment, "outcome", "touchpoint"] if "outcome" in keys else moment
        rows = rows.with_columns(
            nw.col(name).shift(1).over("journey", order_by="place").alias(f"{name}_before")
            for name in shifted
        )
        same = nw.all_horizontal(
            *(nw.col(name) == nw.col(f"{name}_before") for name in moment), ignore_nulls=False
        )
        return rows.with_columns(tied=flag(same))

    def counts(self) -> LogCounts:
        """What is in the log, and what was left out: asked in the engine."""
        n_rows, n_bots = self.check()
        columns = self._columns()
        journeys = self.placed().group_by("journey").agg(n=nw.len(), n_ties=nw.col("tied").sum())
        totals = journeys.select(
            n_events=nw.col("n").sum(), n_ties=nw.col("n_ties").sum(), n_journeys=nw.len()
        )
        found = {name: _whole(values) for name, values in self.frame.collect_arrays(totals).items()}
        n_customers = found["n_journeys"]
        if "customer" in columns:
            n_customers = self._size(self.rows().select("customer").unique())
        return LogCounts(
            n_rows=n_rows,
            n_events=found["n_events"],
            n_journeys=found["n_journeys"],
            n_customers=n_customers,
            n_duplicates=self.n_duplicates(n_rows, n_bots, found["n_events"]),
            n_bots=n_bots,
            n_ties=found["n_ties"],
        )

    def n_duplicates(self, n_rows: int, n_bots: int, n_events: int) -> int:
        """Rows that agree with another one in every column, of so many rows that became so many events."""
        kept = n_rows - (n_bots if self.bots == "drop" else 0)
        return kept - (n_events if self.duplicates == "drop" else self._size(self.rows(distinct=True)))

    def find_touchpoints(self) -> tuple[str, ...]:
        """Every touchpoint, ascending."""
        self.check()
        found: MemoryFrame[Any] = self.frame.collect(self.rows().select("touchpoint").unique())
        return tuple(sorted(found.series("touchpoint").to_list()))

    def _size(self, query: AnyLazyFrame) -> int:
        return _whole(self.frame.collect_arrays(query.select(n=nw.len()))["n"])


def open_events(frame: LazyFrame[Any], schema: EventSchema, *, duplicates: str, bots: str) -> LazyEvents:
    """The events of a lazy frame: columns of a type that cannot mean what they should are refused."""
    named = schema.named()
    for role in ("case_id", "touchpoint", "customer_id"):
        if role in named:
            frame.check_ids(named[role], role)
    for role in ("outcome", "actor", "resource", "lifecycle", *_PLAIN_TEXTS):
        if role in named and not frame.is_empty_type(named[role]):
            frame.check_ids(named[role], role)
    for role in ("order", *NUMBERS):
        if role in named and not frame.is_empty_type(named[role]):
            frame.check_numbers(named[role], role)
    if schema.is_bot is not None:
        dtype = frame.schema[schema.is_bot]
        if not (isinstance(dtype, nw.Boolean) or dtype.is_numeric()):
            raise wrong_type(in_column("is_bot", schema.is_bot), "0 or 1", dtype, _BOT_REMEDY)
    dated, ticks, clock = moment_column(frame, schema.timestamp, "timestamp")
    return LazyEvents(dated, schema, clock, ticks, duplicates, bots)


def _id(frame: LazyFrame[Any], column: str) -> nw.Expr:
    dtype = frame.schema[column]
    if isinstance(dtype, nw.Int128 | nw.UInt128):
        # No engine hands over whole numbers of 128 bits.
        return nw.col(column).cast(nw.Int64)
    # Categories are ordered in one way or another by engines: text is not.
    return nw.col(column) if dtype.is_integer() else nw.col(column).cast(nw.String)


def _number(column: str) -> nw.Expr:
    value = nw.col(column).cast(nw.Float64)
    return nw.when(~value.is_nan()).then(value)


def _is_bot(frame: LazyFrame[Any], column: str) -> nw.Expr:
    value = nw.col(column)
    return value if isinstance(frame.schema[column], nw.Boolean) else value != 0


def _code(text: nw.Expr, names: tuple[str, ...]) -> nw.Expr:
    code: nw.Expr = nw.lit(-1)
    for i, name in enumerate(names):
        code = nw.when(text == nw.lit(name)).then(nw.lit(i)).otherwise(code)
    return code.cast(nw.Int64)


def _outcome(schema: EventSchema) -> nw.Expr:
    code = nw.lit(-1).cast(nw.Int64)
    if schema.outcome is not None:
        code = _code(nw.col(schema.outcome).cast(nw.String), OUTCOMES)
    if schema.lifecycle is None:
        return code
    begun = nw.col(schema.lifecycle).cast(nw.String).str.to_lowercase() == nw.lit("start")
    return nw.when(begun).then(nw.lit(OUTCOMES.index("pending"))).otherwise(code).cast(nw.Int64)


def _whole(values: Any) -> int:
    return int(np.rint(np.nan_to_num(values[0])))

"""A table of events as a log: one order of events, each column checked once."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal

import numpy as np
from numpy.typing import NDArray

from customer_centric._core.checks import check_choice
from customer_centric._core.frames import MemoryFrame, check_columns, open_frame
from customer_centric._core.frames.labels import Labels, encode_labels
from customer_centric._core.frames.moments import Clock, encode_moments
from customer_centric._core.frames.problems import in_column, raise_rows
from customer_centric.errors import InvalidInputError
from customer_centric.journey._order import starts_of, total_order
from customer_centric.journey.schema import EventSchema
from customer_centric.typing import BoolArray, FloatArray, FrameT, IntArray

__all__ = ["OUTCOMES", "EventLog", "prepare_log"]

OUTCOMES: Final = ("ok", "error", "declined", "unresolved", "pending")
_ACTORS: Final = ("customer", "company")
_TEXTS: Final = ("channel", "actor", "outcome", "item", "currency", "intent")
_NUMBERS: Final = ("price", "amount", "emotion")


@dataclass(frozen=True, slots=True, eq=False)
class EventLog:
    r"""Events by journey, then time; what all questions about journeys start from.

    Parameters
    ----------
    n_events, n_journeys, n_customers : int
        What is in the log.
    n_rows : int
        Rows of the table.
    n_duplicates : int
        Rows left out because another one agrees with them in every column.
    n_bots : int
        Rows left out because a machine made them.
    n_ties : int
        Events at the moment of the one before in their journey, with no `order` to tell which came first:
        they keep the order of the rows.
    touchpoints : tuple of str
        Every touchpoint, ascending.
    schema : EventSchema
        Which column meant what.
    clock : Clock
        What the ticks of moments mean.
    starts : ndarray of shape (n_journeys + 1,)
        First event of each journey, and the number of events.
    touchpoint, ticks : ndarray of shape (n_events,)
        Code in `touchpoints` and moment of each event, by journey, then time.
    customer : ndarray of shape (n_journeys,)
        Code of the customer of each journey.
    texts, numbers : mapping
        The other columns by role: codes and labels, and numbers with NaN where one is missing.
    journey_ids, customer_ids : callable
        From positions of journeys to a native series of their ids, and of those of their customers.
    build : callable
        Makes a frame of the kind that the log came from.
    """

    n_events: int
    n_journeys: int
    n_customers: int
    n_rows: int
    n_duplicates: int
    n_bots: int
    n_ties: int
    touchpoints: tuple[str, ...]
    schema: EventSchema
    clock: Clock = field(repr=False)
    starts: IntArray = field(repr=False)
    touchpoint: NDArray[Any] = field(repr=False)
    ticks: IntArray = field(repr=False)
    customer: NDArray[Any] = field(repr=False)
    texts: Mapping[str, Labels] = field(repr=False)
    numbers: Mapping[str, FloatArray] = field(repr=False)
    journey_ids: Callable[[IntArray], object] = field(repr=False)
    customer_ids: Callable[[IntArray], object] = field(repr=False)
    build: Callable[..., Any] = field(repr=False)


def prepare_log(
    events: FrameT,
    schema: EventSchema | None = None,
    *,
    duplicates: Literal["drop", "keep"] = "drop",
    bots: Literal["drop", "keep"] = "keep",
) -> EventLog:
    r"""Events of any table in one total order: by journey, time, `order`, then row.

    Parameters
    ----------
    events : data frame
        One row an event: pandas, Polars (eager or lazy), PyArrow or DuckDB. Any order of rows.
    schema : EventSchema, optional
        Which column means what; by default "case_id", "touchpoint" and "timestamp" alone.
    duplicates : {"drop", "keep"}, default "drop"
        What happens to a row that agrees with an earlier one in every column of the schema. Either way
        `check_log` counts them.
    bots : {"drop", "keep"}, default "keep"
        What happens to rows whose `is_bot` is true.

    Returns
    -------
    EventLog
        The log; nothing of `events` is changed.

    Raises
    ------
    MissingColumnError
        If a column of the schema is not in the frame.
    InvalidInputError
        If an id, touchpoint or moment is missing, moments are not datetimes or some have a time zone and
        others not, an outcome or actor is unknown, an emotion is outside -1 to 1, a price is negative, or a
        journey has two customers. Names the value, the position and the count.

    Examples
    --------
    >>> import pandas as pd
    >>> events = pd.DataFrame(
    ...     {
    ...         "case_id": ["b", "a", "a"],
    ...         "touchpoint": ["cart", "payment", "cart"],
    ...         "timestamp": pd.to_datetime(
    ...             ["2026-03-01 10:05", "2026-03-01 10:02", "2026-03-01 10:00"]
    ...         ),
    ...     }
    ... )
    >>> log = prepare_log(events)
    >>> log.n_journeys, log.touchpoints
    (2, ('cart', 'payment'))
    """
    schema = EventSchema() if schema is None else schema
    check_choice("duplicates", duplicates, ("drop", "keep"))
    check_choice("bots", bots, ("drop", "keep"))
    frame = open_frame("events", events)
    check_columns(frame.columns, dict(schema.named()))
    if schema.actor is not None and schema.resource is not None:
        raise InvalidInputError("`actor` and `resource` must not both be given; they say the same")
    if not isinstance(frame, MemoryFrame):
        raise InvalidInputError("`events` must be in memory")
    return _log_in_memory(frame, schema, duplicates=duplicates, bots=bots)


def _log_in_memory(frame: MemoryFrame[Any], schema: EventSchema, *, duplicates: str, bots: str) -> EventLog:
    ids = frame.ids(schema.case_id, "case_id")
    ticks, clock = encode_moments(frame.series(schema.timestamp), engine=frame.engine, role="timestamp")
    columns: dict[str, NDArray[Any]] = {"journey": ids.codes, "ticks": ticks}
    steps = _required_labels(frame, schema)
    columns["touchpoint"] = steps.codes
    customers = ids if schema.customer_id is None else frame.ids(schema.customer_id, "customer_id")
    if customers is not ids:
        columns["customer"] = customers.codes
    texts = _texts_of(frame, schema)
    columns |= {role: labels.codes for role, labels in texts.items()}
    columns |= _numbers_of(frame, schema)
    order = frame.amounts(schema.order, "order") if schema.order is not None else None
    if order is not None:
        columns["order"] = order
    n_bots = 0
    if schema.is_bot is not None and bots == "drop":
        human = frame.flags(schema.is_bot, "is_bot") == 0
        n_bots = int(human.size - human.sum())
        columns = {role: values[human] for role, values in columns.items()}
    rows = total_order(columns["journey"], columns["ticks"], columns.get("order"), max(ids.size, 1))
    if rows is not None:
        columns = {role: values[rows] for role, values in columns.items()}
    repeated = _repeated(columns)
    if duplicates == "drop" and repeated.any():
        columns = {role: values[~repeated] for role, values in columns.items()}
    starts = starts_of(columns["journey"])
    present = columns["journey"][starts[:-1]]
    customer = _customer_of(columns, starts, schema)
    return EventLog(
        n_events=int(columns["ticks"].size),
        n_journeys=present.size,
        n_customers=present.size if customers is ids else int(np.unique(customer).size),
        n_rows=frame.n_rows,
        n_duplicates=int(repeated.sum()),
        n_bots=n_bots,
        n_ties=_ties(columns),
        touchpoints=steps.names,
        schema=schema,
        clock=clock,
        starts=starts,
        touchpoint=columns["touchpoint"],
        ticks=columns["ticks"],
        customer=customer,
        texts={role: Labels(columns[role], labels.names) for role, labels in texts.items()},
        numbers={role: columns[role] for role in _NUMBERS if role in columns},
        journey_ids=lambda which: ids.labels(present[which].astype(np.int64)),
        customer_ids=lambda which: customers.labels(customer[which].astype(np.int64)),
        build=frame.build,
    )


def _required_labels(frame: MemoryFrame[Any], schema: EventSchema) -> Labels:
    steps = encode_labels(frame.series(schema.touchpoint), engine=frame.engine, role="touchpoint")
    missing = np.flatnonzero(steps.codes < 0)
    raise_rows(
        in_column("touchpoint", schema.touchpoint),
        "present in every row",
        value="null",
        count=missing.size,
        total=steps.codes.size,
        position=int(missing[0]) if missing.size else None,
        remedy="remove these rows or name the touchpoint",
    )
    return steps


def _texts_of(frame: MemoryFrame[Any], schema: EventSchema) -> dict[str, Labels]:
    found: dict[str, Labels] = {}
    named = schema.named()
    for role in _TEXTS:
        if role in named:
            found[role] = encode_labels(frame.series(named[role]), engine=frame.engine, role=role)
    if schema.resource is not None:
        resource = encode_labels(frame.series(schema.resource), engine=frame.engine, role="resource")
        found["actor"] = Labels((resource.codes >= 0).astype(np.int8), _ACTORS)
    if "outcome" in found:
        found["outcome"] = _known(found["outcome"], OUTCOMES, in_column("outcome", named["outcome"]))
    if "actor" in named:
        found["actor"] = _known(found["actor"], _ACTORS, in_column("actor", named["actor"]))
    if schema.lifecycle is not None:
        found["outcome"] = _with_starts(found.get("outcome"), frame, schema.lifecycle)
    return found


def _known(labels: Labels, allowed: tuple[str, ...], name: str) -> Labels:
    """The labels in the codes of the allowed ones."""
    table = np.array([allowed.index(n) if n in allowed else -2 for n in labels.names] + [-1], dtype=np.int8)
    codes = table[labels.codes]
    if (table == -2).any():
        bad = np.flatnonzero(codes == -2)
        raise_rows(
            name,
            "one of " + ", ".join(repr(value) for value in allowed) + ", or missing",
            value=repr(labels.names[int(labels.codes[bad[0]])]),
            count=bad.size,
            total=codes.size,
            position=int(bad[0]),
            remedy="translate it first",
        )
    return Labels(codes, allowed)


def _with_starts(outcome: Labels | None, frame: MemoryFrame[Any], lifecycle: str) -> Labels:
    phase = encode_labels(frame.series(lifecycle), engine=frame.engine, role="lifecycle")
    codes = np.full(frame.n_rows, -1, dtype=np.int8) if outcome is None else outcome.codes.copy()
    begun = [i for i, name in enumerate(phase.names) if name.lower() == "start"]
    codes[np.isin(phase.codes, begun)] = OUTCOMES.index("pending")
    return Labels(codes, OUTCOMES)


def _numbers_of(frame: MemoryFrame[Any], schema: EventSchema) -> dict[str, NDArray[Any]]:
    found: dict[str, NDArray[Any]] = {}
    for role in _NUMBERS:
        column = schema.named().get(role)
        if column is None:
            continue
        values = frame.floats(column)
        low, high = (-1.0, 1.0) if role == "emotion" else (0.0, np.finfo(np.float64).max)
        bad = np.flatnonzero((values < low) | (values > high))
        raise_rows(
            in_column(role, column),
            "between -1 and 1" if role == "emotion" else "finite and 0 or more",
            value=f"{values[bad[0]]:g}" if bad.size else "",
            count=bad.size,
            total=values.size,
            position=int(bad[0]) if bad.size else None,
            remedy="correct these rows, or make the value missing",
        )
        found[role] = values
    return found


def _repeated(columns: Mapping[str, NDArray[Any]]) -> BoolArray:
    """Whether each event agrees in every column with one of the same moment before it."""
    n = columns["ticks"].size
    repeated = np.zeros(n, dtype=np.bool_)
    if n == 0:
        return repeated
    tied = (columns["ticks"][1:] == columns["ticks"][:-1]) & (
        columns["journey"][1:] == columns["journey"][:-1]
    )
    # Only events of one moment can agree: a few rows, sorted by what they hold.
    near = np.flatnonzero(np.concatenate([tied, [False]]) | np.concatenate([[False], tied]))
    if near.size == 0:
        return repeated
    # NaN differs from itself, so it is compared by its bits.
    parts = [_as_bits(values[near]) for values in columns.values()]
    by_content = np.lexsort((near, *parts))
    equal = np.logical_and.reduce([part[by_content][1:] == part[by_content][:-1] for part in parts])
    repeated[near[by_content[1:][equal]]] = True
    return repeated


def _as_bits(values: NDArray[Any]) -> NDArray[Any]:
    return values.view(np.int64) if values.dtype == np.float64 else values


def _ties(columns: Mapping[str, NDArray[Any]]) -> int:
    same = (columns["ticks"][1:] == columns["ticks"][:-1]) & (
        columns["journey"][1:] == columns["journey"][:-1]
    )
    if "order" in columns:
        same &= columns["order"][1:] == columns["order"][:-1]
    return int(same.sum())


def _customer_of(columns: Mapping[str, NDArray[Any]], starts: IntArray, schema: EventSchema) -> NDArray[Any]:
    """The customer of each journey."""
    if "customer" not in columns:
        return columns["journey"][starts[:-1]]
    of_event = columns["customer"]
    customer = of_event[starts[:-1]]
    bad = np.flatnonzero(of_event != np.repeat(customer, np.diff(starts)))
    raise_rows(
        in_column("customer_id", str(schema.customer_id)),
        "the same in all events of a journey",
        value="another one",
        count=bad.size,
        total=of_event.size,
        remedy="give each customer's journeys ids of their own",
    )
    return customer

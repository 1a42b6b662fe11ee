"""Events in memory: by journey, time, `order`, then row, as narrow arrays."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from customer_centric._core.frames import MemoryFrame
from customer_centric._core.frames.labels import Labels
from customer_centric._core.frames.moments import Clock, encode_moments
from customer_centric.journey._columns import (
    NUMBERS,
    customer_of,
    numbers_of,
    repeated,
    required_labels,
    texts_of,
    ties,
)
from customer_centric.journey._order import arrange, starts_of
from customer_centric.journey.schema import EventSchema
from customer_centric.typing import FloatArray, IntArray


@dataclass(frozen=True, slots=True)
class LogCounts:
    """What is in a log, and what was left out of it."""

    n_rows: int
    n_events: int
    n_journeys: int
    n_customers: int
    n_duplicates: int
    n_bots: int
    n_ties: int


@dataclass(frozen=True, slots=True, eq=False)
class EventArrays:
    """Events by journey, then time.

    Parameters
    ----------
    counts : LogCounts
        What is in them.
    clock : Clock
        What the ticks of moments mean.
    touchpoints : tuple of str
        Every touchpoint, ascending.
    starts : ndarray of shape (n_journeys + 1,)
        First event of each journey, and the number of events.
    touchpoint, ticks : ndarray of shape (n_events,)
        Code in `touchpoints` and moment of each event.
    customer : ndarray of shape (n_journeys,)
        Code of the customer of each journey.
    texts, numbers : mapping
        The other columns by role: codes and labels, and numbers with NaN where one is missing.
    journey_ids, customer_ids : callable
        From positions of journeys to a native series of their ids, and of those of their customers.
    build : callable
        Makes a frame of the kind that the events came from.
    """

    counts: LogCounts
    clock: Clock
    touchpoints: tuple[str, ...]
    starts: IntArray
    touchpoint: NDArray[Any]
    ticks: IntArray
    customer: NDArray[Any]
    texts: Mapping[str, Labels]
    numbers: Mapping[str, FloatArray]
    journey_ids: Callable[[IntArray], object]
    customer_ids: Callable[[IntArray], object]
    build: Callable[..., Any]


def arrange_events(
    frame: MemoryFrame[Any], schema: EventSchema, *, duplicates: str, bots: str
) -> EventArrays:
    """The events of a table in memory, each value checked."""
    ids = frame.ids(schema.case_id, "case_id")
    ticks, clock = encode_moments(frame.series(schema.timestamp), engine=frame.engine, role="timestamp")
    columns: dict[str, NDArray[Any]] = {"journey": ids.codes, "ticks": ticks}
    steps = required_labels(frame, schema)
    columns["touchpoint"] = steps.codes
    customers = ids if schema.customer_id is None else frame.ids(schema.customer_id, "customer_id")
    if customers is not ids:
        columns["customer"] = customers.codes
    texts = texts_of(frame, schema)
    columns |= {role: labels.codes for role, labels in texts.items()}
    columns |= numbers_of(frame, schema)
    if schema.order is not None:
        columns["order"] = frame.amounts(schema.order, "order")
    n_bots = 0
    if schema.is_bot is not None:
        human = frame.flags(schema.is_bot, "is_bot") == 0
        n_bots = int(human.size - human.sum())
        if n_bots and bots == "drop":
            columns = {role: values[human] for role, values in columns.items()}
    columns = arrange(columns, max(ids.size, 1))
    again = repeated(columns)
    n_duplicates = int(np.count_nonzero(again))
    if n_duplicates and duplicates == "drop":
        columns = {role: values[~again] for role, values in columns.items()}
    starts = starts_of(columns["journey"])
    present = columns["journey"][starts[:-1]]
    customer = customer_of(columns, starts, schema)
    counts = LogCounts(
        n_rows=frame.n_rows,
        n_events=int(columns["ticks"].size),
        n_journeys=present.size,
        n_customers=present.size if customers is ids else int(np.unique(customer).size),
        n_duplicates=n_duplicates,
        n_bots=n_bots,
        n_ties=ties(columns),
    )
    return EventArrays(
        counts=counts,
        clock=clock,
        touchpoints=steps.names,
        starts=starts,
        touchpoint=columns["touchpoint"],
        ticks=columns["ticks"],
        customer=customer,
        texts={role: Labels(columns[role], labels.names) for role, labels in texts.items()},
        numbers={role: columns[role] for role in NUMBERS if role in columns},
        journey_ids=lambda which: ids.labels(present[which].astype(np.int64)),
        customer_ids=lambda which: customers.labels(customer[which].astype(np.int64)),
        build=frame.build,
    )

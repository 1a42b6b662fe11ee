"""A table of events as a log: one order of events, each column checked once."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from customer_centric._core.checks import check_choice
from customer_centric._core.frames import LazyFrame, check_columns, open_frame
from customer_centric._core.words import counted
from customer_centric.errors import InvalidInputError
from customer_centric.journey._columns import OUTCOMES
from customer_centric.journey._events import EventArrays, LogCounts, arrange_events
from customer_centric.journey._lazy_events import LazyEvents, open_events
from customer_centric.journey.schema import EventSchema
from customer_centric.typing import FrameT

__all__ = ["OUTCOMES", "EventLog", "prepare_log"]


@dataclass(frozen=True, slots=True, eq=False)
class EventLog:
    """Events by journey, then time; what all questions about journeys start from.

    Parameters
    ----------
    schema : EventSchema
        Which column meant what.
    events : EventArrays or LazyEvents
        The events: arrays, or a query in the engine of a lazy frame.

    Notes
    -----
    Counts of the log of a lazy frame are asked for in its engine each time that one is looked at.
    """

    schema: EventSchema
    events: EventArrays | LazyEvents = field(repr=False)

    @property
    def is_lazy(self) -> bool:
        """Whether the events stay in the engine that they came from."""
        return isinstance(self.events, LazyEvents)

    @property
    def _counts(self) -> LogCounts:
        return self.events.counts() if isinstance(self.events, LazyEvents) else self.events.counts

    @property
    def n_rows(self) -> int:
        """Rows of the table."""
        return self._counts.n_rows

    @property
    def n_events(self) -> int:
        """Events of the log."""
        return self._counts.n_events

    @property
    def n_journeys(self) -> int:
        """Journeys of the log."""
        return self._counts.n_journeys

    @property
    def n_customers(self) -> int:
        """Customers of the log; one a journey if the schema names no customers."""
        return self._counts.n_customers

    @property
    def n_duplicates(self) -> int:
        """Rows that agree with another one in every column of the schema, dropped or kept."""
        return self._counts.n_duplicates

    @property
    def n_bots(self) -> int:
        """Rows marked as made by a machine, dropped or kept."""
        return self._counts.n_bots

    @property
    def n_ties(self) -> int:
        """Events at the moment of the one before in their journey, with no `order` to tell them apart.

        They keep the order of the rows; rows of lazy frames have none, so that the values of the other
        columns decide.
        """
        return self._counts.n_ties

    @property
    def touchpoints(self) -> tuple[str, ...]:
        """Every touchpoint, in ascending order."""
        events = self.events
        return events.find_touchpoints() if isinstance(events, LazyEvents) else events.touchpoints

    def __str__(self) -> str:
        if isinstance(self.events, LazyEvents):
            return f"a log whose events stay in {self.events.frame.engine}"
        return f"{counted(self.n_events, 'event')} of {counted(self.n_journeys, 'journey')}"


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
        One row an event: pandas, Polars (eager or lazy), PyArrow or DuckDB. Any order of rows. Of a lazy
        frame only the types of the columns are looked at now.
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
        The log; nothing of `events` is changed. That of a lazy frame is a question: `find_journeys` asks it
        in the engine, and checks the values then.

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
    if isinstance(frame, LazyFrame):
        return EventLog(schema, open_events(frame, schema, duplicates=duplicates, bots=bots))
    return EventLog(schema, arrange_events(frame, schema, duplicates=duplicates, bots=bots))

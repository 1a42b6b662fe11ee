"""What is asked of events, and the log of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from customer_centric.errors import InvalidInputError
from customer_centric.journey.log import EventLog, prepare_log
from customer_centric.journey.schema import EventSchema

__all__ = ["JourneyQuestion"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class JourneyQuestion:
    """Events of customers' journeys, and what is asked of them.

    Parameters
    ----------
    events : data frame
        One row an event, of any kind that `prepare_log` takes.
    goal : tuple of str
        Touchpoints that customers came for.
    schema : EventSchema, optional
        Which column means what; "case_id", "touchpoint" and "timestamp" by default.
    lost, contact : tuple of str, default ()
        Touchpoints that say that the customer gave up, and those where customers turn to the company.
    closed_after : timedelta, optional
        A journey that has been silent for as long is over. Without it and without `lost` no journey is known
        to have failed, and no loss can be told.
    end : datetime or str, optional
        Until when events were watched; the last event by default.
    steps : tuple of str, default ()
        Touchpoints in the order in which they are meant to be passed: makes a funnel.
    prerequisites : mapping from str to str, optional
        Touchpoints, and what must have come before each.
    value : float, optional
        Money that a journey that reaches the goal brings more than a lost one.
    confidence_level : float, default 0.90
        Nominal coverage of the intervals, strictly between 0 and 1.
    n_resamples : int, default 500
        Draws of customers for the limits, at least 1.
    source : str, default "a data frame"
        What the report calls the events.
    """

    events: object
    goal: tuple[str, ...]
    schema: EventSchema = field(default_factory=EventSchema)
    lost: tuple[str, ...] = ()
    contact: tuple[str, ...] = ()
    closed_after: timedelta | None = None
    end: datetime | str | None = None
    steps: tuple[str, ...] = ()
    prerequisites: Mapping[str, str] = field(default_factory=dict[str, str])
    value: float | None = None
    confidence_level: float = 0.90
    n_resamples: int = 500
    source: str = "a data frame"

    def log(self) -> EventLog:
        """The events in order, checked; there is at least one."""
        if not self.goal:
            raise InvalidInputError("`goal` must name at least one touchpoint, got none")
        log = prepare_log(self.events, self.schema)
        if not log.n_events:
            raise InvalidInputError("`events` must have at least one row, got none")
        return log

"""The arguments of the command line that ask where it hurts."""

from __future__ import annotations

import argparse
import math
from collections.abc import Callable, Sequence
from dataclasses import fields
from datetime import datetime, timedelta
from pathlib import Path
from typing import Protocol

from customer_centric.audit.journey.lengths import length_of, length_text
from customer_centric.journey.schema import EventSchema

__all__: list[str] = []

DESCRIPTION = """\
Where it hurts: how many journeys are lost to errors, risen prices, waits and unanswered
contacts, at which touchpoints, what that is worth, and which fix brings most, with
intervals; whether the log can be trusted comes with it. It needs no transactions. A
report is printed, and written as one HTML page.
"""

EXAMPLES = """\
example:
  python -m customer_centric journey events.csv --goal purchase --contact support \\
      --closed-after 24h --value 90 --output journey.html

Columns have the names of EventSchema (case_id, touchpoint, timestamp, outcome, ...);
others are named with --event-columns case_id=session touchpoint=page timestamp=at

exit codes: 0 done; 1 it could not be written; 2 wrong arguments or data.
"""


def roles() -> tuple[str, ...]:
    """What a column can mean."""
    return tuple(field.name for field in fields(EventSchema))


class Asked(Protocol):
    """What the command line says about events."""

    events: Path | None
    goal: list[str] | None
    lost: list[str] | None
    contact: list[str] | None
    closed_after: timedelta | None
    event_columns: list[tuple[str, str]] | None
    event_end: datetime | None
    steps: list[str] | None
    prerequisites: list[tuple[str, str]] | None
    value: float | None


class _Group(Protocol):
    """Where options are added: `argparse` keeps the name of its class to itself."""

    def add_argument(
        self,
        name: str,
        /,
        *,
        dest: str = ...,
        nargs: str = ...,
        action: str = ...,
        type: Callable[[str], object] = ...,  # noqa: A002 (its name)
        metavar: str = ...,
        required: bool = ...,
        help: str,  # noqa: A002 (its name)
    ) -> object: ...


def add_to_audit(audit: argparse.ArgumentParser) -> None:
    """The options of an audit."""
    group = audit.add_argument_group("where it hurts")
    group.add_argument(
        "--events",
        type=Path,
        metavar="FILE",
        help="events of journeys, one a row: CSV or Parquet; --goal goes with it",
    )
    group.add_argument(
        "--goal", nargs="+", action="extend", metavar="STEP", help="touchpoints that customers came for"
    )
    _add_choices(group, "--event-end")


def add_to_journey(journey: argparse.ArgumentParser) -> None:
    """The arguments of the command of its own."""
    group = journey.add_argument_group("what to read")
    group.add_argument(
        "events",
        type=Path,
        metavar="FILE",
        help="events, one a row: CSV, or Parquet with the extra 'parquet'",
    )
    group.add_argument(
        "--goal",
        nargs="+",
        action="extend",
        metavar="STEP",
        required=True,
        help="touchpoints that customers came for",
    )
    _add_choices(group, "--end")


def _add_choices(group: _Group, end: str) -> None:
    group.add_argument(
        "--lost",
        nargs="+",
        action="extend",
        metavar="STEP",
        help="touchpoints that say that the customer gave up",
    )
    group.add_argument(
        "--contact",
        nargs="+",
        action="extend",
        metavar="STEP",
        help="touchpoints where customers turn to the company",
    )
    group.add_argument(
        "--closed-after",
        type=_length,
        metavar="LENGTH",
        help="a journey that has been silent for as long is over: 30min, 24h, 7d",
    )
    group.add_argument(
        end,
        dest="event_end",
        type=_moment,
        metavar="MOMENT",
        help="until when events were watched, as 2024-12-31T23:59; default: the last event",
    )
    group.add_argument(
        "--event-columns",
        nargs="+",
        action="extend",
        type=_column,
        metavar="ROLE=COLUMN",
        help=f"columns with names of their own; ROLE= for one that is not to be read; {', '.join(roles())}",
    )
    group.add_argument(
        "--steps",
        nargs="+",
        action="extend",
        metavar="STEP",
        help="touchpoints in the order in which they are meant to be passed: makes a funnel",
    )
    group.add_argument(
        "--prerequisites",
        nargs="+",
        action="extend",
        type=_pair,
        metavar="STEP=EARLIER",
        help="what must come before what: purchase=payment",
    )
    group.add_argument(
        "--value",
        type=_money,
        metavar="MONEY",
        help="what a journey that reaches the goal brings more than a lost one",
    )


def _length(text: str) -> timedelta:
    length = length_of(text)
    if length is None:
        raise argparse.ArgumentTypeError(f"must be a length such as 30min, 24h or 7d, got {text!r}")
    return length


def _moment(text: str) -> datetime:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(
            f"must be a moment written as 2024-12-31T23:59, got {text!r}"
        ) from None


def _money(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not (math.isfinite(value) and value > 0):
        raise argparse.ArgumentTypeError(f"must be a number greater than 0, got {text!r}")
    return value


def _pair(text: str) -> tuple[str, str]:
    later, sign, earlier = text.partition("=")
    if not (sign and later and earlier):
        raise argparse.ArgumentTypeError(f"must be two touchpoints as STEP=EARLIER, got {text!r}")
    return later, earlier


def _column(text: str) -> tuple[str, str]:
    role, sign, column = text.partition("=")
    if not sign or role not in roles():
        raise argparse.ArgumentTypeError(
            f"must be ROLE=COLUMN with a role of {', '.join(roles())}, got {text!r}"
        )
    return role, column


def check_events(asked: Asked, parser: argparse.ArgumentParser) -> None:
    """End the program where the options of an audit do not go together."""
    options = spoken(asked)
    given = [name for name, value in options.items() if value is not None and name != "--events"]
    if asked.events is None and given:
        parser.error(f"{', '.join(given)}: asks about events, and there are none; --events FILE has them")
    if asked.events is not None and not asked.goal:
        parser.error("required with --events: --goal, the touchpoint that customers came for")


def spoken(asked: Asked, *, end: str = "--event-end") -> dict[str, object]:
    """What was said about events, option by option."""
    return {
        "--events": asked.events,
        **{
            name: tuple(values) if values else None
            for name, values in (("--goal", asked.goal), ("--lost", asked.lost), ("--contact", asked.contact))
        },
        "--closed-after": None if asked.closed_after is None else length_text(asked.closed_after),
        end: None if asked.event_end is None else asked.event_end.isoformat(),
        "--event-columns": _joined(asked.event_columns),
        "--steps": tuple(asked.steps) if asked.steps else None,
        "--prerequisites": _joined(asked.prerequisites),
        "--value": None if asked.value is None else f"{asked.value:g}",
    }


def _joined(pairs: Sequence[tuple[str, str]] | None) -> tuple[str, ...] | None:
    return tuple("=".join(pair) for pair in pairs) if pairs else None


def schema_of(columns: Sequence[str], named: Sequence[tuple[str, str]]) -> EventSchema:
    """Which column means what: as it was said, and by its own name where nothing was."""
    said = dict(named)
    found = {role: role for role in roles() if role not in said and role in columns}
    if "actor" in found or "actor" in said:
        found.pop("resource", None)
    return EventSchema(**{**found, **{role: column for role, column in said.items() if column}})

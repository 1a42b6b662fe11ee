"""What reports are made of: numbers with bounds, counts, and their way into JSON."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, fields, is_dataclass
from datetime import date
from typing import Any, ClassVar, Protocol, TypeAlias, cast

from customer_centric.errors import InvalidInputError

__all__: list[str] = []

JsonValue: TypeAlias = "bool | int | float | str | list[JsonValue] | dict[str, JsonValue] | None"


class Dataclass(Protocol):
    """Anything that `dataclasses.fields` takes."""

    __dataclass_fields__: ClassVar[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Estimate:
    """A number and the bounds around it; a bound is None where there is none."""

    value: float
    lower: float | None = None
    upper: float | None = None


@dataclass(frozen=True, slots=True)
class LogCount:
    """A count of rows, purchases or customers of the log, in words."""

    what: str
    count: int


def plain_mapping(report: Dataclass) -> dict[str, JsonValue]:
    """The fields of a report as dictionaries, lists and numbers that strict JSON can hold."""
    return {field.name: _json_ready(getattr(report, field.name)) for field in fields(report)}


def _json_ready(value: object) -> JsonValue:
    if value is None or isinstance(value, (bool, int, str)):
        return value
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else None
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, tuple):
        return [_json_ready(item) for item in cast("Sequence[object]", value)]
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: _json_ready(getattr(value, field.name)) for field in fields(value)}
    raise InvalidInputError(f"a report must hold plain values, got {type(value).__name__}")

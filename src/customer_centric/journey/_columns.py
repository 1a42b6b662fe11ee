"""The columns of a table of events in memory: read, checked, and as narrow arrays."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import narwhals.stable.v2 as nw
import numpy as np
from numpy.typing import NDArray

from customer_centric._core.frames import MemoryFrame
from customer_centric._core.frames.codes import AnySeries
from customer_centric._core.frames.labels import Labels, encode_labels
from customer_centric._core.frames.problems import in_column, raise_rows, wrong_type
from customer_centric.journey.schema import EventSchema
from customer_centric.typing import BoolArray, IntArray

OUTCOMES: Final = ("ok", "error", "declined", "unresolved", "pending")
ACTORS: Final = ("customer", "company")
TEXTS: Final = ("channel", "actor", "outcome", "item", "currency", "intent")
_KINDS_OF_NUMBERS: Final = ("floating", "integer", "mixed-integer-float", "decimal")
NUMBERS: Final = ("price", "amount", "emotion")
STEP_REMEDY: Final = "remove these rows or name the touchpoint"
TRANSLATE_REMEDY: Final = "translate it first"
NUMBER_REMEDY: Final = "correct these rows, or make the value missing"
CUSTOMER_RULE: Final = "the same in all events of a journey"
CUSTOMER_REMEDY: Final = "give each customer's journeys ids of their own"


def one_of(allowed: tuple[str, ...]) -> str:
    """The rule for a column of a few texts."""
    return "one of " + ", ".join(repr(value) for value in allowed) + ", or missing"


def number_rule(role: str) -> str:
    """The rule for a column of numbers."""
    return "between -1 and 1" if role == "emotion" else "finite and 0 or more"


def required_labels(frame: MemoryFrame[Any], schema: EventSchema) -> Labels:
    """The touchpoint of each event."""
    steps = encode_labels(frame.series(schema.touchpoint), engine=frame.engine, role="touchpoint")
    missing = np.flatnonzero(steps.codes < 0)
    raise_rows(
        in_column("touchpoint", schema.touchpoint),
        "present in every row",
        value="null",
        count=missing.size,
        total=steps.codes.size,
        position=int(missing[0]) if missing.size else None,
        remedy=STEP_REMEDY,
    )
    return steps


def texts_of(frame: MemoryFrame[Any], schema: EventSchema) -> dict[str, Labels]:
    """The columns of few different values, by role."""
    found: dict[str, Labels] = {}
    named = schema.named()
    for role in TEXTS:
        if role in named:
            found[role] = encode_labels(frame.series(named[role]), engine=frame.engine, role=role)
    if schema.resource is not None:
        resource = encode_labels(frame.series(schema.resource), engine=frame.engine, role="resource")
        found["actor"] = Labels((resource.codes >= 0).astype(np.int8), ACTORS)
    if "outcome" in found:
        found["outcome"] = _known(found["outcome"], OUTCOMES, in_column("outcome", named["outcome"]))
    if "actor" in named:
        found["actor"] = _known(found["actor"], ACTORS, in_column("actor", named["actor"]))
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
            one_of(allowed),
            value=repr(labels.names[int(labels.codes[bad[0]])]),
            count=bad.size,
            total=codes.size,
            position=int(bad[0]),
            remedy=TRANSLATE_REMEDY,
        )
    return Labels(codes, allowed)


def _with_starts(outcome: Labels | None, frame: MemoryFrame[Any], lifecycle: str) -> Labels:
    phase = encode_labels(frame.series(lifecycle), engine=frame.engine, role="lifecycle")
    codes = np.full(frame.n_rows, -1, dtype=np.int8) if outcome is None else outcome.codes.copy()
    begun = [i for i, name in enumerate(phase.names) if name.lower() == "start"]
    codes[np.isin(phase.codes, begun)] = OUTCOMES.index("pending")
    return Labels(codes, OUTCOMES)


def numbers_of(frame: MemoryFrame[Any], schema: EventSchema) -> dict[str, NDArray[Any]]:
    """The columns of numbers, by role; NaN where one is missing."""
    found: dict[str, NDArray[Any]] = {}
    for role in NUMBERS:
        column = schema.named().get(role)
        if column is None:
            continue
        series = frame.series(column)
        if not (series.dtype.is_numeric() or series.is_null().all() or _are_numbers(series)):
            raise wrong_type(in_column(role, column), "numbers", series.dtype, "convert it first")
        values = frame.floats(column)
        low, high = (-1.0, 1.0) if role == "emotion" else (0.0, np.finfo(np.float64).max)
        bad = np.flatnonzero((values < low) | (values > high))
        raise_rows(
            in_column(role, column),
            number_rule(role),
            value=f"{values[bad[0]]:g}" if bad.size else "",
            count=bad.size,
            total=values.size,
            position=int(bad[0]) if bad.size else None,
            remedy=NUMBER_REMEDY,
        )
        found[role] = values
    return found


def _are_numbers(series: AnySeries) -> bool:
    """Whether a column of pandas objects, such as numbers beside None, holds nothing but numbers."""
    if not isinstance(series.dtype, nw.Object):
        return False
    import pandas as pd

    return pd.api.types.infer_dtype(series.to_native(), skipna=True) in _KINDS_OF_NUMBERS


def repeated(columns: Mapping[str, NDArray[Any]]) -> BoolArray:
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


def ties(columns: Mapping[str, NDArray[Any]]) -> int:
    """Events at the moment of the one before in their journey, in the order of the log."""
    same = (columns["ticks"][1:] == columns["ticks"][:-1]) & (
        columns["journey"][1:] == columns["journey"][:-1]
    )
    if "order" in columns:
        same &= columns["order"][1:] == columns["order"][:-1]
    return int(same.sum())


def customer_of(columns: Mapping[str, NDArray[Any]], starts: IntArray, schema: EventSchema) -> NDArray[Any]:
    """The customer of each journey."""
    if "customer" not in columns:
        return columns["journey"][starts[:-1]]
    of_event = columns["customer"]
    customer = of_event[starts[:-1]]
    bad = np.flatnonzero(of_event != np.repeat(customer, np.diff(starts)))
    raise_rows(
        in_column("customer_id", str(schema.customer_id)),
        CUSTOMER_RULE,
        value="another one",
        count=bad.size,
        total=of_event.size,
        remedy=CUSTOMER_REMEDY,
    )
    return customer

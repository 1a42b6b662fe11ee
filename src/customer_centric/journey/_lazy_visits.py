"""Visits of events that stay in their engine: one query that orders, finds runs and makes them rows."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, Final

import narwhals.stable.v2 as nw
import numpy as np
from numpy.typing import NDArray

from customer_centric._core.frames import MemoryFrame
from customer_centric._core.frames.codes import Codes
from customer_centric._core.frames.labels import Labels, encode_labels
from customer_centric._core.frames.lazy import AnyLazyFrame, attach_frame, flag
from customer_centric._core.frames.problems import in_column, raise_rows
from customer_centric.journey._columns import CUSTOMER_REMEDY, CUSTOMER_RULE
from customer_centric.journey._lazy_events import LazyEvents
from customer_centric.journey._order import starts_of
from customer_centric.journey.visits import (
    COMPANY,
    CUSTOMER,
    INFO_REQUEST,
    NEVER,
    PENDING,
    UNAVAILABLE,
    VisitRows,
    priced_in,
)
from customer_centric.typing import IntArray

# Below every other outcome: the last event of a visit is the only one that need not be pending.
_STILL_PENDING: Final = -2
_NEVER: Final = int(NEVER)


def visits_in_engine(events: LazyEvents) -> VisitRows:
    """The visits of a lazy frame; its events stay where they are."""
    events.check()
    found = events.frame.collect(_query(events))
    ids = found.ids("journey", "case_id")
    place = np.lexsort((found.floats("number"), ids.codes))
    starts = starts_of(ids.codes[place])
    present = ids.codes[place][starts[:-1]].astype(np.int64)
    steps = encode_labels(found.series("touchpoint"), engine=found.engine, role="touchpoint")
    narrow = np.int32 if place.size < 2**31 else np.int64
    fields: dict[str, Any] = {
        "journey": np.repeat(np.arange(present.size, dtype=narrow), np.diff(starts)),
        "starts": starts,
        "touchpoint": steps.codes[place],
        "begin": _integers(found, "begin")[place],
        "finish": _integers(found, "finish")[place],
        "n_events": _integers(found, "n_events")[place],
    }
    fields |= _optional_fields(found, place)
    customer, customer_ids = _customers(events, found, place, starts)

    def journey_ids(which: IntArray) -> object:
        return ids.labels(present[which])

    return VisitRows(
        fields=fields,
        touchpoints=steps.names,
        clock=events.clock,
        latest=int(fields["finish"].max(initial=0)) if place.size else 0,
        customer=present if customer is None else customer,
        journey_ids=journey_ids,
        customer_ids=customer_ids or journey_ids,
        build=partial(attach_frame, events.frame),
    )


def _query(events: LazyEvents) -> AnyLazyFrame:
    """Visits by an explicit total order: plain windows, then plain aggregates."""
    rows = events.placed()
    roles = [*events.keys, *(["customer"] if events.schema.customer_id is not None else [])]
    number = nw.col("place")
    if "outcome" in roles:
        goes_on = (nw.col("outcome_before") == PENDING) & (
            nw.col("touchpoint_before") == nw.col("touchpoint")
        )
        rows = rows.with_columns(opens=1 - flag(goes_on))
        number = nw.col("opens").cum_sum().over("journey", order_by="place")
    rows = rows.with_columns(number=number)
    wanted: dict[str, nw.Expr] = {
        "touchpoint": nw.col("touchpoint").min(),
        "begin": nw.col("ticks").min(),
        "finish": nw.col("ticks").max(),
        "n_events": nw.len(),
    }
    for add in (_add_texts, _add_intents, _add_numbers, _add_answers):
        rows = add(rows, roles, wanted)
    return rows.group_by("journey", "number").agg(**wanted)


def _add_texts(rows: AnyLazyFrame, roles: list[str], wanted: dict[str, nw.Expr]) -> AnyLazyFrame:
    if "customer" in roles:
        wanted |= {"customer": nw.col("customer").min(), "customer_too": nw.col("customer").max()}
    if "outcome" in roles:
        pending = nw.col("outcome") == PENDING
        key = nw.when(pending).then(nw.lit(_STILL_PENDING)).otherwise(nw.col("outcome"))
        rows = rows.with_columns(outcome_key=key)
        wanted["outcome"] = nw.col("outcome_key").max()
    if "channel" in roles:
        first = nw.col("place").min().over("journey", "number")
        rows = rows.with_columns(first_channel=nw.when(nw.col("place") == first).then(nw.col("channel")))
        wanted["channel"] = nw.col("first_channel").min()
    for role in ("item", "currency"):
        if role in roles:
            rows = _with_last(rows, role)
            wanted[role] = nw.col(f"last_{role}").min()
    return rows


def _add_intents(rows: AnyLazyFrame, roles: list[str], wanted: dict[str, nw.Expr]) -> AnyLazyFrame:
    if "intent" not in roles:
        return rows
    intent = nw.col("intent")
    asks = intent == INFO_REQUEST
    if "actor" in roles:
        # A customer who asks for information has a reason of his own.
        asks = asks & (nw.col("actor") != CUSTOMER)
    rows = rows.with_columns(asks=flag(asks), gone=flag(intent == UNAVAILABLE))
    is_reason = (nw.col("asks") + nw.col("gone") == 0) & ~intent.is_null()
    rows = rows.with_columns(reason_place=nw.when(is_reason).then(nw.col("place")))
    first = nw.col("reason_place").min().over("journey", "number")
    rows = rows.with_columns(first_reason=nw.when(nw.col("reason_place") == first).then(intent))
    wanted |= {
        "intent": nw.col("first_reason").min(),
        "n_requests": nw.col("asks").sum(),
        "unavailable": nw.col("gone").max(),
    }
    return rows


def _add_numbers(rows: AnyLazyFrame, roles: list[str], wanted: dict[str, nw.Expr]) -> AnyLazyFrame:
    for role in ("price", "amount"):
        if role in roles:
            rows = _with_last(rows, role)
            wanted[role] = nw.col(f"last_{role}").min()
    if "emotion" in roles:
        wanted["emotion"] = nw.col("emotion").min()
    return rows


def _with_last(rows: AnyLazyFrame, role: str) -> AnyLazyFrame:
    """The value of a column at the last event of each visit that has one, and nothing elsewhere."""
    rows = rows.with_columns(there=nw.when(~nw.col(role).is_null()).then(nw.col("place")))
    last = nw.col("there").max().over("journey", "number")
    return rows.with_columns(nw.when(nw.col("there") == last).then(nw.col(role)).alias(f"last_{role}"))


def _add_answers(rows: AnyLazyFrame, roles: list[str], wanted: dict[str, nw.Expr]) -> AnyLazyFrame:
    if "actor" not in roles:
        return rows
    ticks, company = nw.col("ticks"), nw.col("actor") == COMPANY
    never = nw.lit(_NEVER)
    # Moments never go back within a journey: the next answer is the earliest one from here on.
    reply = nw.col("company_ticks").cum_min(reverse=True).over("journey", order_by="place")
    rows = rows.with_columns(
        company_ticks=nw.when(company).then(ticks).otherwise(never),
        own_ticks=nw.when(company).then(never).otherwise(ticks),
        gap=nw.when(company & ~nw.col("ticks_before").is_null())
        .then(ticks - nw.col("ticks_before"))
        .otherwise(nw.lit(0)),
    ).with_columns(reply=reply)
    own = nw.when(company).then(never).otherwise(nw.col("reply"))
    rows = rows.with_columns(own_reply=own)
    wanted |= {
        "company_time": nw.col("gap").sum(),
        "asked": nw.col("own_ticks").min(),
        "answered": nw.col("own_reply").min(),
    }
    return rows


def _optional_fields(found: MemoryFrame[Any], place: NDArray[Any]) -> dict[str, Any]:
    fields: dict[str, Any] = {}
    there = set(found.columns)
    if "outcome" in there:
        outcome = _integers(found, "outcome")[place]
        fields["outcome"] = np.where(outcome == _STILL_PENDING, PENDING, outcome).astype(np.int8)
    texts: dict[str, Labels] = {
        role: _labels(found, role, place)
        for role in ("channel", "item", "currency", "intent")
        if role in there
    }
    currency = texts.pop("currency", None)
    if currency is not None and "item" in texts:
        texts["item"] = priced_in(texts["item"], currency)
    fields |= texts
    if "intent" in there:
        fields["n_requests"] = _integers(found, "n_requests")[place]
        fields["unavailable"] = _integers(found, "unavailable")[place] > 0
    prices = [found.floats(role)[place] for role in ("amount", "price") if role in there]
    if prices:
        fields["price"] = np.where(np.isnan(prices[0]), prices[-1], prices[0])
    if "amount" in there:
        fields["charged"] = prices[0]
    if "emotion" in there:
        fields["emotion"] = found.floats("emotion")[place]
    if "company_time" in there:
        fields["company_time"] = found.floats("company_time")[place]
        fields["asked"] = _integers(found, "asked")[place]
        fields["answered"] = _integers(found, "answered")[place]
    return fields


def _labels(found: MemoryFrame[Any], role: str, place: NDArray[Any]) -> Labels:
    labels = encode_labels(found.series(role), engine=found.engine, role=role)
    return Labels(labels.codes[place], labels.names)


def _integers(found: MemoryFrame[Any], name: str) -> IntArray:
    return np.asarray(found.series(name).to_numpy()).astype(np.int64)


def _customers(
    events: LazyEvents, found: MemoryFrame[Any], place: NDArray[Any], starts: IntArray
) -> tuple[NDArray[Any] | None, Callable[[IntArray], object] | None]:
    """The customer of each journey, and their ids; nothing where each journey is its own."""
    if events.schema.customer_id is None:
        return None, None
    ids: Codes = found.ids("customer", "customer_id")
    of_visit = ids.codes[place]
    customer = of_visit[starts[:-1]]
    same = np.asarray((found.series("customer") == found.series("customer_too")).to_numpy(), dtype=np.bool_)
    bad = (of_visit != np.repeat(customer, np.diff(starts))) | ~same[place]
    raise_rows(
        in_column("customer_id", events.schema.customer_id),
        CUSTOMER_RULE,
        value="another one",
        count=int(bad.sum()),
        total=bad.size,
        remedy=CUSTOMER_REMEDY,
    )
    return customer, lambda which: ids.labels(customer[which].astype(np.int64))

"""Visits: runs of events at one touchpoint, as their definition says and in every engine."""

from __future__ import annotations

import dataclasses
from itertools import groupby
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from customer_centric import EventSchema, find_journeys, prepare_log
from customer_centric._core.frames.labels import Labels
from customer_centric.journey.log import OUTCOMES
from customer_centric.simulate import hotel_story
from effort import examples
from journey._engines import ENGINES, as_engine

START = pd.Timestamp("2026-03-01 10:00")
NEVER = np.iinfo(np.int64).max
CHOICES: dict[str, tuple[Any, ...]] = {
    "outcome": ("ok", "error", "pending", "pending", None),
    "channel": ("web", "phone", None),
    "actor": ("customer", "company", None),
    "item": ("room", "flight", None),
    "currency": ("EUR", "USD", None),
    "price": (None, 1.0, 2.0),
    "amount": (None, 3.0),
    "emotion": (None, -0.5, 1.0),
    "intent": ("question", "complaint", "info_request", "unavailable", None),
}


@st.composite
def tables(draw: st.DrawFn) -> pd.DataFrame:
    """Events of a few journeys, each with an order of its own, rows shuffled, some columns not there."""
    n = draw(st.integers(1, 30))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    frame = pd.DataFrame(
        {
            "case_id": rng.choice(["a", "b", "c"], n).astype(object),
            "touchpoint": rng.choice(["cart", "pay"], n, p=[0.3, 0.7]).astype(object),
            "timestamp": START + pd.to_timedelta(rng.integers(0, 8, n), unit="min"),
            "order": rng.permutation(n),
        }
    )
    for name, values in CHOICES.items():
        if draw(st.booleans()):
            kind = float if name in {"price", "amount", "emotion"} else object
            frame[name] = np.array(values, dtype=object)[rng.integers(0, len(values), n)].astype(kind)
    return frame


def slow_visits(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """The definition, one event after another."""
    rows = frame.astype(object).where(frame.notna(), None).to_dict("records")
    rows.sort(key=lambda row: (row["case_id"], row["timestamp"], row["order"]))
    found: list[dict[str, Any]] = []
    for number, (_, group) in enumerate(groupby(rows, key=lambda row: row["case_id"])):
        journey = list(group)
        runs: list[list[int]] = []
        for i, row in enumerate(journey):
            before = journey[i - 1]
            again = i > 0 and row["touchpoint"] == before["touchpoint"]
            if again and before.get("outcome") == "pending":
                runs[-1].append(i)
            else:
                runs.append([i])
        found += [{"journey": number} | slow_visit(journey, run) for run in runs]
    return found


def slow_visit(journey: list[dict[str, Any]], run: list[int]) -> dict[str, Any]:
    """The fields of one visit."""
    rows = [journey[i] for i in run]
    visit: dict[str, Any] = {
        "touchpoint": rows[0]["touchpoint"],
        "begin": seconds(rows[0]),
        "finish": seconds(rows[-1]),
        "n_events": len(rows),
    }
    if "outcome" in rows[0]:
        visit["outcome"] = -1 if rows[-1]["outcome"] is None else OUTCOMES.index(rows[-1]["outcome"])
    if "channel" in rows[0]:
        visit["channel"] = rows[0]["channel"]
    if "item" in rows[0]:
        item, unit = latest(rows, "item"), latest(rows, "currency")
        visit["item"] = None if item is None else " ".join(filter(None, [item, unit]))
    if "price" in rows[0] or "amount" in rows[0]:
        charged = latest(rows, "amount")
        visit["price"] = latest(rows, "price") if charged is None else charged
    if "amount" in rows[0]:
        visit["charged"] = latest(rows, "amount")
    if "emotion" in rows[0]:
        visit["emotion"] = min((row["emotion"] for row in rows if row["emotion"] is not None), default=None)
    if "intent" in rows[0]:
        # A customer who asks for information has a reason of his own.
        own = [
            "own " if row.get("actor") == "customer" and row["intent"] == "info_request" else ""
            for row in rows
        ]
        intents = [row["intent"] and mark + row["intent"] for mark, row in zip(own, rows, strict=True)]
        reasons = [why for why in intents if why not in {None, "info_request", "unavailable"}]
        visit["intent"] = reasons[0].removeprefix("own ") if reasons else None
        visit["n_requests"] = intents.count("info_request")
        visit["unavailable"] = "unavailable" in intents
    if "actor" in rows[0]:
        visit |= slow_answers(journey, run)
    return visit


def slow_answers(journey: list[dict[str, Any]], run: list[int]) -> dict[str, Any]:
    """What the customer waited for the company, when he first acted, and when he was answered."""
    waits = [
        seconds(journey[i]) - seconds(journey[i - 1])
        for i in run
        if i > 0 and journey[i]["actor"] == "company"
    ]
    own = [i for i in run if journey[i]["actor"] != "company"]
    replies = [i for i in range(len(journey)) if own and i > own[0] and journey[i]["actor"] == "company"]
    return {
        "company_time": sum(waits),
        "asked": seconds(journey[own[0]]) if own else None,
        "answered": seconds(journey[replies[0]]) if replies else None,
    }


def seconds(row: dict[str, Any]) -> float:
    """The moment of an event."""
    return float((row["timestamp"] - START).total_seconds())


def latest(rows: list[dict[str, Any]], name: str) -> Any:
    """The last value that is there."""
    return next((row[name] for row in reversed(rows) if row.get(name) is not None), None)


def our_visits(frame: pd.DataFrame, engine: str) -> list[dict[str, Any]]:
    """The same fields as the package finds them."""
    schema = EventSchema(**{name: name for name in ("order", *CHOICES) if name in frame})
    v = find_journeys(prepare_log(as_engine(frame, engine), schema), goal=()).visits
    moments = {"begin", "finish", "asked", "answered"}
    epoch = int(START.timestamp())
    columns: dict[str, list[Any]] = {}
    for name in (field.name for field in dataclasses.fields(v)):
        value = getattr(v, name)
        if isinstance(value, Labels):
            columns[name] = [None if code < 0 else value.names[code] for code in value.codes]
        elif name == "touchpoint":
            columns[name] = [v.touchpoints[code] for code in value]
        elif name in moments and value is not None:
            per_second = v.clock.ticks_per_second
            columns[name] = [None if t == NEVER else t / per_second - epoch for t in value.tolist()]
        elif name == "company_time" and value is not None:
            columns[name] = (value / v.clock.ticks_per_second).tolist()
        elif isinstance(value, np.ndarray) and name not in {"starts", "contact", "after_goal", "end"}:
            columns[name] = [None if x != x else x for x in value.tolist()]  # noqa: PLR0124
    assert np.array_equal(np.repeat(np.arange(v.starts.size - 1), np.diff(v.starts)), v.journey)
    return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]


@examples(80)
@given(tables(), st.sampled_from(ENGINES[:3]))
def test_visits_are_what_their_definition_says(frame: pd.DataFrame, engine: str) -> None:
    """Every field of every visit, from whichever columns there are."""
    assert our_visits(frame, engine) == slow_visits(frame)


@examples(12)
@given(tables(), st.sampled_from(ENGINES[3:]))
def test_engines_find_the_same_visits(frame: pd.DataFrame, engine: str) -> None:
    """Visits that an engine made of its rows are those of the definition."""
    assert our_visits(frame, engine) == slow_visits(frame)


@pytest.mark.parametrize("engine", ENGINES)
def test_the_hotel_story_is_five_visits(engine: str) -> None:
    """Nine events: the error and the second try are two visits, the call with its requests is one."""
    log = prepare_log(as_engine(hotel_story(), engine), EventSchema.full())
    v = find_journeys(log, goal=()).visits
    assert [v.touchpoints[code] for code in v.touchpoint] == [
        "cart",
        "card_entry",
        "card_entry",
        "payment",
        "call_centre",
    ]
    assert v.n_events.tolist() == [1, 1, 1, 1, 5]
    assert v.outcome is not None
    assert [OUTCOMES[code] for code in v.outcome] == ["ok", "error", "ok", "ok", "unresolved"]
    assert v.n_requests is not None
    assert v.n_requests.tolist() == [0, 0, 0, 0, 3]
    assert v.price is not None
    assert v.price[:4].tolist() == [120.0, 120.0, 120.0, 240.0]


def test_thousands_of_pending_events_are_one_visit() -> None:
    """A loop of 10,000 visits stays 10,000; pending ones are one, as long as they last."""
    events = pd.DataFrame(
        {
            "case_id": 1,
            "touchpoint": "call",
            "timestamp": START + pd.to_timedelta(np.arange(10_000), unit="s"),
            "outcome": "pending",
        }
    )
    v = find_journeys(prepare_log(events, EventSchema(outcome="outcome")), goal=()).visits
    assert (v.n_visits, v.n_events.tolist()) == (1, [10_000])
    assert find_journeys(prepare_log(events), goal=()).visits.n_visits == 10_000

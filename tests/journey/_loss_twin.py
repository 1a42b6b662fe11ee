"""The loss at the first flag once more, visit by visit in plain loops, and logs to try it on."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Literal, NamedTuple

import numpy as np
import pandas as pd
from hypothesis import strategies as st

from customer_centric.journey import EventSchema, SignalTable, detect_signals, find_journeys, prepare_log

SCHEMA = EventSchema(customer_id="customer_id", channel="channel", outcome="outcome")
FAILED = ("error", "declined")
START = pd.Timestamp("2026-03-01")


class Event(NamedTuple):
    case: int
    minute: int
    touchpoint: str
    channel: str
    outcome: str


@dataclass(frozen=True)
class Twin:
    lost: dict[str, float]
    n_first: dict[str, int]
    total: float
    index: float
    clv: float
    n_unmatched: int
    highest_weight: float


def signal_table(
    events: Sequence[Event],
    *,
    unit: Literal["min", "s"] = "min",
    origin: pd.Timestamp = START,
    copies: int = 1,
) -> SignalTable:
    """The package's own way from events to signals; every other case belongs to the customer before."""
    frame = pd.DataFrame(events)
    frame["timestamp"] = origin + frame.pop("minute") * pd.Timedelta(1, unit)
    frames = [frame.assign(case=frame["case"] + k * (frame["case"].max() + 1)) for k in range(copies)]
    frame = pd.concat(frames).rename(columns={"case": "case_id"})
    frame["customer_id"] = frame["case_id"] // 2
    log = prepare_log(frame, SCHEMA)
    end = frame["timestamp"].max() + pd.Timedelta(days=1)
    goal = "done" if "done" in log.touchpoints else ()
    return detect_signals(find_journeys(log, goal=goal, end=end, closed_after=timedelta(hours=1)))


def twin(  # noqa: PLR0912 - the definition, step by step
    events: Sequence[Event],
    outcome: Sequence[float],
    *,
    value: Sequence[float] | None = None,
    label: Sequence[int] | None = None,
    period: int = 10 * 1440,
    only: str | None = None,
) -> Twin:
    """Unshrunken losses, from the definition."""
    paths: dict[int, list[Event]] = defaultdict(list)
    for event in sorted(events, key=lambda e: (e.case, e.minute)):
        path = paths[event.case]
        if not any(e.touchpoint == "done" and e.outcome == "ok" for e in path):
            path.append(event)
    first_start = min(path[0].minute for path in paths.values())

    def is_flag(event: Event) -> bool:
        return event.outcome in FAILED and only in (None, event.touchpoint)

    known = {case: path for case, path in paths.items() if not math.isnan(outcome[case])}
    monitored = {e.touchpoint for path in known.values() for e in path if is_flag(e)}
    at_risk: dict[int, list[tuple[Event, tuple[Any, ...], bool]]] = {}
    seen: dict[Any, int] = defaultdict(int)
    hits: dict[Any, int] = defaultdict(int)

    def groups(event: Event) -> list[Any]:
        when = (paths[event.case][0].minute - first_start) // period
        return [
            (event.touchpoint, event.channel, when),
            (event.touchpoint, event.channel),
            (event.touchpoint,),
        ]

    for case, path in known.items():
        rows: list[tuple[Event, tuple[Any, ...], bool]] = []
        for event in path:
            if event.touchpoint not in monitored:
                continue
            attempt = min(1 + sum(row[0].touchpoint == event.touchpoint for row in rows), 3)
            stratum = (event.touchpoint, event.channel, attempt, 0 if label is None else label[case])
            rows.append((event, stratum, is_flag(event)))
            for group in groups(event):
                seen[group] += 1
                hits[group] += is_flag(event)
            if is_flag(event):
                break
        at_risk[case] = rows

    def rate(event: Event) -> float:
        own, channel, touchpoint = groups(event)
        group = own if seen[own] >= 20 else channel if seen[channel] >= 20 else touchpoint
        return min(hits[group] / seen[group], 0.95)

    flagged: dict[Any, list[int]] = defaultdict(list)
    clean: dict[Any, list[tuple[float, float]]] = defaultdict(list)
    highest = 1.0
    for case, rows in at_risk.items():
        if rows and rows[-1][2]:
            flagged[rows[-1][1]].append(case)
            continue
        for j, (_, stratum, _) in enumerate(rows):
            weight = math.prod(1 / (1 - rate(later[0])) for later in rows[j + 1 :])
            highest = max(highest, weight)
            clean[stratum].append((weight, outcome[case]))
    lost: dict[str, float] = {}
    n_first: dict[str, int] = defaultdict(int)
    clv, n_unmatched = 0.0, 0
    for stratum, cases in flagged.items():
        n_first[stratum[0]] += len(cases)
        lost.setdefault(stratum[0], math.nan)
        candidates = [
            clean[stratum],
            [pair for other, pairs in clean.items() if other[:2] == stratum[:2] for pair in pairs],
            [pair for other, pairs in clean.items() if other[:1] == stratum[:1] for pair in pairs],
        ]
        pairs = next((found for found in candidates if found), None)
        if pairs is None:
            n_unmatched += len(cases)
            continue
        v0 = sum(w * y for w, y in pairs) / sum(w for w, _ in pairs)
        v1 = sum(outcome[case] for case in cases) / len(cases)
        before = 0.0 if math.isnan(lost[stratum[0]]) else lost[stratum[0]]
        lost[stratum[0]] = before + len(cases) * (v0 - v1)
        if value is not None:
            clv += sum((v0 - v1) * value[case] for case in cases)
    total = sum(amount for amount in lost.values() if not math.isnan(amount))
    if lost and all(math.isnan(amount) for amount in lost.values()):
        total = math.nan
    converted = sum(outcome[case] for case in known)
    index = 100 * total / (converted + total) if converted + total > 0 else math.nan
    return Twin(lost, n_first, total, index, clv, n_unmatched, highest)


@st.composite
def event_logs(draw: st.DrawFn, max_journeys: int = 40) -> list[Event]:
    """Journeys over three steps and a goal, some of whose visits fail, some with visits after the goal."""
    n = draw(st.integers(1, max_journeys))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    failing = draw(st.sampled_from([0.0, 0.1, 0.3, 0.9]))
    events: list[Event] = []
    for case in range(n):
        minute = int(rng.integers(0, 25 * 1440))
        for _ in range(int(rng.integers(1, 7))):
            step = ("a", "b", "c", "done")[int(rng.choice(4, p=[0.3, 0.3, 0.25, 0.15]))]
            failed = rng.random() < failing * (1.0 if step in {"a", "b"} else 0.3)
            word = FAILED[int(rng.integers(2))] if failed else "ok"
            events.append(Event(case, minute, step, ("web", "app")[int(rng.random() < 0.3)], word))
            minute += int(rng.integers(1, 30))
    return events

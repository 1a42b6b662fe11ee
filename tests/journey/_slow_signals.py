"""The default signals once more, in plain loops over the events of one journey after another."""

from __future__ import annotations

from datetime import timedelta
from math import log
from typing import Any

import pandas as pd

from journey._logs import CONTACTS, GOAL

Event = dict[str, Any]
Found = dict[int, tuple[float, int]]
_LONG = timedelta(days=7)


def slow_visits(events: pd.DataFrame) -> list[Event]:
    """Runs of events of one journey at one touchpoint, all but the last pending."""
    visits: list[Event] = []
    rows = [
        {name: None if pd.isna(value) else value for name, value in row.items()}
        for row in events.to_dict("records")
    ]
    for place, row in enumerate(rows):
        last = visits[-1] if visits else None
        goes_on = last and last["rows"][-1].get("outcome") == "pending"
        if goes_on and (last["case"], last["step"]) == (row["case_id"], row["touchpoint"]):
            last["rows"].append(row)
            last["places"].append(place)
            continue
        visits.append({"case": row["case_id"], "step": row["touchpoint"], "rows": [row], "places": [place]})
    reached: set[str] = set()
    for visit in visits:
        own = visit["rows"]
        visit["after"] = visit["case"] in reached
        visit["outcome"] = own[-1].get("outcome")
        if visit["step"] == GOAL and visit["outcome"] in {"ok", None}:
            reached.add(visit["case"])
        visit["contact"] = visit["step"] in CONTACTS
        visit["begin"], visit["finish"] = own[0]["timestamp"], own[-1]["timestamp"]
        asks = [r.get("intent") == "info_request" and r.get("actor") != "customer" for r in own]
        gone = [r.get("intent") == "unavailable" for r in own]
        visit["asks"], visit["gone"] = sum(asks), any(gone)
        visit["reason"] = _first(
            r.get("intent") for r, a, g in zip(own, asks, gone, strict=True) if not a and not g
        )
        visit["item"] = _first(r.get("item") for r in reversed(own))
        visit["price"] = _first(r.get("amount") for r in reversed(own))
        if visit["price"] is None:
            visit["price"] = _first(r.get("price") for r in reversed(own))
        felt = [r["emotion"] for r in own if r.get("emotion") is not None]
        visit["emotion"] = min(felt, default=None)
        visit["waited"] = 0.0
        for place in visit["places"]:
            before = rows[place - 1] if place and rows[place - 1]["case_id"] == visit["case"] else None
            if rows[place].get("actor") == "company" and before:
                visit["waited"] += (rows[place]["timestamp"] - before["timestamp"]).total_seconds()
        asked = _first(p for p in visit["places"] if rows[p].get("actor") != "company")
        visit["asked"] = None if asked is None else rows[asked]["timestamp"]
        visit["answered"] = None
        if asked is not None:
            replies = (
                r["timestamp"]
                for r in rows[asked:]
                if r["case_id"] == visit["case"] and r.get("actor") == "company"
            )
            visit["answered"] = next(replies, None)
    return visits


def _first(values: Any) -> Any:
    return next((value for value in values if value is not None), None)


def slow_signals(
    events: pd.DataFrame, *, steps: tuple[str, ...], answer_within: timedelta, waits_at: tuple[str, ...]
) -> dict[str, Found]:
    """Severity and blamed visit of each occurrence, by signal and visit."""
    visits = slow_visits(events)
    end = events["timestamp"].max()
    has = set(events.columns)
    seen: dict[str, dict[int, float]] = {name: {} for name in ("wait", "effort", "channel_switch")}
    earlier_contact: dict[int, int] = {}

    def mark(name: str, visit: int, severity: float = 1.0) -> None:
        if severity > 0:
            seen.setdefault(name, {})[visit] = float(severity)

    for i, v in enumerate(visits):
        past = [j for j in range(i) if visits[j]["case"] == v["case"]]
        p = visits[past[-1]] if past else None
        same = p is not None and p["step"] == v["step"]
        mark("error", i, v["outcome"] in {"error", "declined"})
        if same and not v["contact"] and p["outcome"] in {"error", "declined", None}:
            mark("retry", i, v["begin"] - p["finish"] <= timedelta(minutes=10))
        if not v["contact"] and not same:
            mark("rework", i, any(visits[j]["step"] == v["step"] for j in past))
        if v["step"] in steps:
            passed = [steps.index(visits[j]["step"]) for j in past if visits[j]["step"] in steps]
            mark("backtrack", i, max(passed, default=-1) > steps.index(v["step"]))
        quotes = [visits[j]["price"] for j in past if visits[j]["item"] == v["item"] is not None]
        quotes = [price for price in quotes if price is not None]
        if quotes and v["price"] is not None:
            worst = max(_rise(price, quotes[0]) for price in quotes)
            mark("price_change", i, _rise(v["price"], quotes[0]) - worst)
        mark("availability_loss", i, v["gone"])
        mark("contact", i, v["contact"] and not v["after"])
        repeated = [j for j in past if _repeats(v, visits[j], reasons="intent" in has)]
        if repeated:
            mark("repeat_contact", i)
            earlier_contact[i] = repeated[-1]
        mark("missing_response", i, "actor" in has and _unanswered(v, end, answer_within))
        mark("unresolved", i, v["outcome"] == "unresolved" or (v["contact"] and v["asks"] >= 2))
        mark("info_request", i, v["asks"])
        mark("negative_emotion", i, -(v["emotion"] or 0.0))

    signalled = {i for name in seen for i in seen[name]}
    for i, v in enumerate(visits):
        p = visits[i - 1] if i and visits[i - 1]["case"] == v["case"] else None
        channels = {_channel(p), _channel(v)} if p else set()
        if len(channels) == 2 and None not in channels and not v["contact"] and i - 1 in signalled:
            mark("channel_switch", i)
    clean = set(range(len(visits))) - {i for name in seen for i in seen[name]}
    waits = [_time_there(visits, i) if v["step"] in waits_at else v["waited"] for i, v in enumerate(visits)]
    if "actor" in has or waits_at:
        seen["wait"] = _beyond(visits, waits, clean)
    if any(len(v["rows"]) > 1 for v in visits):
        seen["effort"] = _beyond(visits, [float(len(v["rows"])) for v in visits], clean)
    return _with_blame(visits, seen, earlier_contact)


def _channel(visit: Event) -> Any:
    return visit["rows"][0].get("channel")


def _rise(price: float, first: float) -> float:
    if first == 0:
        return 1.0 if price > 0 else 0.0
    return min(1.0, max(0.0, price / first - 1.0))


def _repeats(visit: Event, earlier: Event, *, reasons: bool) -> bool:
    alike = earlier["reason"] == visit["reason"] and (visit["reason"] is not None or not reasons)
    both = visit["contact"] and earlier["contact"] and earlier["outcome"] != "pending"
    return both and alike and visit["begin"] - earlier["finish"] <= _LONG


def _unanswered(visit: Event, end: pd.Timestamp, within: timedelta) -> bool:
    if visit["asked"] is None or not visit["contact"]:
        return False
    until = end if visit["answered"] is None else min(end, visit["answered"])
    return until - visit["asked"] > within


def _time_there(visits: list[Event], i: int) -> float:
    spent = (visits[i]["finish"] - visits[i]["begin"]).total_seconds()
    if spent == 0 and i + 1 < len(visits) and visits[i + 1]["case"] == visits[i]["case"]:
        spent = (visits[i + 1]["begin"] - visits[i]["begin"]).total_seconds()
    return spent


def _beyond(visits: list[Event], amounts: list[float], clean: set[int]) -> dict[int, float]:
    found: dict[int, float] = {}
    for i, visit in enumerate(visits):
        usual = sorted(amounts[j] for j in clean if visits[j]["step"] == visit["step"] and amounts[j] > 0)
        if len(usual) < 20 or amounts[i] <= 0:
            continue
        middle, far = _quantile(usual, 0.5), _quantile(usual, 0.99)
        if far > middle and amounts[i] > middle:
            found[i] = min(1.0, log(amounts[i] / middle) / log(far / middle))
    return found


def _quantile(ascending: list[float], share: float) -> float:
    place = share * (len(ascending) - 1)
    low = int(place)
    high = min(low + 1, len(ascending) - 1)
    return ascending[low] + (place - low) * (ascending[high] - ascending[low])


def _with_blame(
    visits: list[Event], seen: dict[str, dict[int, float]], earlier_contact: dict[int, int]
) -> dict[str, Found]:
    found: dict[str, Found] = {}
    for name in sorted(seen, key=lambda name: name == "negative_emotion"):
        found[name] = {}
        for i, severity in seen[name].items():
            past = [j for j in range(i) if visits[j]["case"] == visits[i]["case"]]
            blamed = i
            if name in {"retry", "backtrack", "channel_switch"} and past:
                blamed = past[-1]
            elif name == "contact":
                blamed = max((j for j in past if not visits[j]["contact"]), default=i)
            elif name == "repeat_contact":
                blamed = earlier_contact[i]
            elif name == "negative_emotion":
                for j in [i, *reversed(past)]:
                    causes = [found[other][j][1] for other in found if other != name and j in found[other]]
                    if causes:
                        blamed = max(causes)
                        break
            found[name][i] = (severity, blamed)
    return found

"""Small random logs of events, with columns that happen to be there and values that happen to be missing."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from hypothesis import strategies as st

from customer_centric.journey import EventSchema, Journeys, find_journeys, prepare_log

GOAL, CONTACTS = "stay", ("call", "chat")
STEPS = ("browse", "cart", "pay")
_MINUTES = (0, 1, 1, 2, 3, 9, 10, 11, 60, 60 * 24 * 7, 60 * 24 * 8)
_VALUES: dict[str, tuple[Any, ...]] = {
    "channel": ("web", "web", "phone", None),
    "actor": ("customer", "customer", "company", None),
    "outcome": ("ok", "ok", "ok", "ok", "error", "declined", "unresolved", "pending", "pending", None),
    "item": ("room", "room", "flight", None),
    "price": (100.0, 120.0, 150.0, 240.0, 0.0, None),
    "amount": (None, None, 100.0, 300.0),
    "emotion": (None, None, None, -0.8, -0.1, 0.5),
    "intent": (None, None, "question", "complaint", "info_request", "unavailable"),
}
OPTIONAL = tuple(_VALUES)


@st.composite
def event_logs(draw: st.DrawFn, *, columns: tuple[str, ...] | None = None) -> pd.DataFrame:
    """One row an event, by journey and time; one to six journeys of one to forty events."""
    kept = draw(st.sets(st.sampled_from(OPTIONAL))) if columns is None else set(columns)
    if columns is None and draw(st.booleans()):
        kept = set(OPTIONAL)
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    most = draw(st.sampled_from([1, 5, 20, 60]))
    # Few values of each make long runs of visits without a signal, from which what is usual is told.
    calm = draw(st.sampled_from([0.0, 0.5, 0.9, 0.95]))
    rows: list[dict[str, Any]] = []
    for case in range(draw(st.integers(1, 6))):
        moment = pd.Timestamp("2026-03-01")
        for _ in range(int(rng.integers(1, most + 1))):
            moment += pd.Timedelta(minutes=int(rng.choice(_MINUTES)))
            row = {"case_id": f"c{case}", "touchpoint": _pick(rng, (*STEPS, *CONTACTS, GOAL), calm)}
            row |= {"timestamp": moment, "customer_id": f"p{case // 2}"}
            row |= {name: _pick(rng, values, calm) for name, values in _VALUES.items() if name in kept}
            rows.append(row)
    frame = pd.DataFrame(rows)
    for name in ("price", "amount", "emotion"):
        if name in frame:
            frame[name] = frame[name].astype(float)
    return frame


def _pick(rng: np.random.Generator, values: tuple[Any, ...], calm: float) -> Any:
    return values[0] if rng.random() < calm else values[int(rng.integers(len(values)))]


def journeys_of(events: pd.DataFrame, **options: Any) -> Journeys:
    """The journeys of such a log; a goal or a contact that never occurs is left out."""
    named = {name: name for name in ("customer_id", *OPTIONAL) if name in events}
    log = prepare_log(events, EventSchema(**named), duplicates="keep")
    present = set(log.touchpoints)
    return find_journeys(
        log,
        goal=[name for name in (GOAL,) if name in present],
        contact=[name for name in CONTACTS if name in present],
        **options,
    )

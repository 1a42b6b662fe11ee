"""Journeys written as words, and random ones for laws."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

import numpy as np
import pandas as pd
from hypothesis import strategies as st

from customer_centric.journey import (
    EventSchema,
    Journeys,
    SignalTable,
    detect_signals,
    find_journeys,
    prepare_log,
)

PLACES = ("cart", "pay", "help", "buy", "bye")


def journeys_of(
    paths: Sequence[str],
    *,
    customer: Sequence[int] | None = None,
    channel: Sequence[str] | None = None,
    contact: str | tuple[str, ...] = (),
    minutes: Sequence[float] | None = None,
) -> Journeys:
    """One journey a string of touchpoints, a minute apart; "pay!" fails. The goal is "buy", the end "bye"."""
    rows = [(i, step) for i, path in enumerate(paths) for step in path.split()]
    events = pd.DataFrame(rows, columns=["case_id", "step"])
    events["touchpoint"] = events["step"].str.rstrip("!")
    events["outcome"] = np.where(events["step"].str.endswith("!"), "error", "ok")
    at = np.arange(len(rows)) if minutes is None else np.asarray(minutes)
    events["timestamp"] = pd.Timestamp("2026-03-01") + pd.to_timedelta(at, unit="min")
    named = {"outcome": "outcome"}
    if customer is not None:
        events["customer_id"] = [customer[i] for i in events["case_id"]]
        named["customer_id"] = "customer_id"
    if channel is not None:
        events["channel"] = [channel[i] for i in events["case_id"]]
        named["channel"] = "channel"
    log = prepare_log(events, EventSchema(**named))
    there = set(log.touchpoints)
    return find_journeys(
        log,
        goal="buy" if "buy" in there else (),
        lost="bye" if "bye" in there else (),
        contact=contact,
        end=pd.Timestamp("2026-03-01") + timedelta(minutes=float(max(at, default=0))),
    )


def signals_of(paths: Sequence[str], *, channel: Sequence[str] | None = None) -> SignalTable:
    return detect_signals(journeys_of(paths, channel=channel))


def random_paths(*, least: int = 1) -> st.SearchStrategy[list[str]]:
    """Journeys of up to seven visits, of which some end."""
    step = st.sampled_from(("cart", "pay", "pay!", "help"))
    ends = st.sampled_from((" buy", " bye", ""))
    path = st.builds(lambda steps, end: " ".join(steps) + end, st.lists(step, min_size=1, max_size=6), ends)
    return st.lists(path, min_size=least, max_size=12)

"""What is measured of journeys: events to signals, score and loss, and counting them by plain pandas."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np

Task: TypeAlias = tuple[Callable[[], Any], Callable[[Any], dict[str, Any]]]
Options: TypeAlias = dict[str, Any]

EVENTS_INPUT = "events-"
_CATEGORIES = ("touchpoint", "outcome", "channel")


def write_events(n_journeys: int, path: Path) -> None:
    """Journeys of a simulated shop, some six events each, journey by journey."""
    from customer_centric.simulate import simulate_journeys

    world = simulate_journeys(n_journeys, rng=np.random.default_rng(1))
    log = world.log
    columns: dict[str, Any] = {
        "case_id": log["case_id"],
        "timestamp": log["timestamp"],
        "end": [world.end.to_datetime64()],
    }
    for name in _CATEGORIES:
        columns[name] = log[name].cat.codes
        columns[f"{name}_names"] = np.array(log[name].cat.categories.tolist())
    np.savez(path, allow_pickle=False, **{name: np.asarray(values) for name, values in columns.items()})


def _events(path: str, order: str) -> tuple[Any, Any]:
    """The events, and until when they were watched."""
    import pandas as pd

    with np.load(path) as columns:
        frame = pd.DataFrame({name: columns[name] for name in ("case_id", "timestamp")})
        for name in _CATEGORIES:
            frame[name] = pd.Categorical.from_codes(columns[name], columns[f"{name}_names"])
        end = pd.Timestamp(columns["end"][0])
    if order == "time":
        frame = frame.sort_values("timestamp", kind="stable").reset_index(drop=True)
    return frame, end


def ours(path: str, options: Options) -> Task:
    """Order, visits, signals, score and loss; with limits where draws are asked for."""
    import customer_centric as cc

    events, end = _events(path, options["order"])

    def chain() -> Any:
        log = cc.prepare_log(events, cc.EventSchema(outcome="outcome", channel="channel"))
        journeys = cc.find_journeys(
            log, goal="purchase", contact="support", end=end, closed_after=timedelta(hours=1)
        )
        found = cc.detect_signals(journeys)
        loss = cc.friction_loss(found, n_resamples=options["draws"], rng=np.random.default_rng(1))
        return cc.friction_score(found), loss

    return chain, lambda made: {"score": made[0].overall, "lost": made[1].total}


def by_pandas(path: str, options: Options) -> Task:
    """Visits counted by journey and touchpoint: the first line of most analyses of journeys."""
    events, _ = _events(path, options["order"])

    def count() -> Any:
        return events.groupby(["case_id", "touchpoint"], sort=False, observed=True).size()

    return count, lambda counted: {"pairs": len(counted)}


TASKS = {"journeys": ours, "journeys pandas": by_pandas}

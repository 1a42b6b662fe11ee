"""Shuffled signals cost nothing, and the method finds nothing in them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import numpy as np
import pytest
from hypothesis import given

from customer_centric.errors import InvalidInputError
from customer_centric.journey import (
    EventSchema,
    SignalTable,
    detect_signals,
    find_journeys,
    friction_loss,
    placebo_loss,
    prepare_log,
)
from customer_centric.journey.placebo import _Pool  # pyright: ignore[reportPrivateUsage]
from customer_centric.simulate import simulate_journeys
from effort import examples
from journey._loss_twin import Event, event_logs, signal_table


def table_of_world(n: int, seed: int) -> tuple[SignalTable, int]:
    world = simulate_journeys(n, rng=np.random.default_rng(seed))
    log = prepare_log(world.log, EventSchema.full())
    journeys = find_journeys(
        log, goal="purchase", contact="support", end=world.end, closed_after=timedelta(hours=1)
    )
    return detect_signals(journeys), world.lost


def test_finds_nothing_in_shuffled_signals_and_the_loss_in_the_real_ones() -> None:
    table, lost = table_of_world(4000, 3)
    placebo = placebo_loss(table, rng=np.random.default_rng(1), n_shuffles=60)
    assert abs(placebo.mean) < 4 * placebo.standard_error + 0.02 * lost
    assert placebo.interval.contains(0.0)
    assert placebo.p_value == pytest.approx(1 / 61)
    loss = friction_loss(table, rng=np.random.default_rng(1), n_resamples=3)
    assert placebo.total == pytest.approx(loss.total)
    by_name = dict(zip(loss.touchpoints, loss.lost.tolist(), strict=True))
    frame = placebo.to_frame()
    assert frame["lost"].tolist() == pytest.approx([by_name[name] for name in frame["touchpoint"]])
    assert placebo.placebo_mean.sum() == pytest.approx(placebo.mean)
    assert str(placebo).startswith("lost to friction: ")
    assert "<table" in placebo._repr_html_()  # pyright: ignore[reportPrivateUsage]


@examples(15)
@given(event_logs())
def test_shuffling_keeps_the_flags_of_each_touchpoint_and_day(events: list[Event]) -> None:
    table = signal_table(events)
    visits = table.journeys.visits
    flagged = np.zeros(visits.n_visits, dtype=np.bool_)
    flagged[table.visit[~visits.after_goal[table.visit]]] = True
    if not flagged.any():
        return
    known = np.ones(table.journeys.n_journeys, dtype=np.bool_)
    pool = _Pool.of(visits, flagged, known)
    moved = pool.shuffled(np.random.default_rng(1))
    day = visits.begin // (86_400 * visits.clock.ticks_per_second)

    def counted(flags: Any) -> dict[tuple[int, int], int]:
        found: dict[tuple[int, int], int] = {}
        for v in np.flatnonzero(flags).tolist():
            key = (int(visits.touchpoint[v]), int(day[v]))
            found[key] = found.get(key, 0) + 1
        return found

    assert counted(moved) == counted(flagged)
    assert not (moved & visits.after_goal).any()


def test_says_how_many_flags_have_nowhere_to_move() -> None:
    events = [Event(0, 0, "a", "web", "error"), Event(1, 2000, "a", "web", "ok")]
    placebo = placebo_loss(signal_table(events), rng=np.random.default_rng(1), n_shuffles=5)
    assert (placebo.n_flags, placebo.n_fixed, placebo.p_value) == (1, 1, 1.0)
    assert str(placebo).endswith("1 of 1 flag had nowhere to move")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"n_shuffles": 1}, "`n_shuffles` must be a whole number at least 2, got 1"),
        ({"rng": 1}, "`rng` must be a NumPy random generator, got 1"),
        ({"studied": "retry"}, "`studied` must hold system signals unless `strata` is given"),
        ({"outcome": [np.nan] * 2}, "`outcome` must be known for at least one journey"),
        (
            {"outcome": [np.nan, 1.0]},
            "`signals` must flag at least one visit of a journey",
        ),
    ],
)
def test_says_what_is_wrong(options: dict[str, Any], message: str) -> None:
    table = signal_table([Event(0, 0, "a", "web", "error"), Event(1, 1, "a", "web", "ok")])
    settings: dict[str, Any] = {"rng": np.random.default_rng(1)}
    with pytest.raises(InvalidInputError, match=message):
        placebo_loss(table, **(settings | options))

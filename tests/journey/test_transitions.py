"""From journeys to a chain: it counts what happened, and finds what friction costs in simulated worlds."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import numpy as np
import pandas as pd
import pytest

from customer_centric.errors import InvalidInputError
from customer_centric.journey import (
    EventSchema,
    SignalTable,
    decompose_loss,
    detect_signals,
    find_journeys,
    friction_loss,
    prepare_log,
    single_fix_gain,
    transition_model,
)
from customer_centric.simulate import SimulatedJourneys, hotel_story, simulate_journeys


def signals_of(world: SimulatedJourneys) -> SignalTable:
    log = prepare_log(world.log, EventSchema.full())
    silent = timedelta(hours=2)
    return detect_signals(
        find_journeys(log, goal="purchase", contact="support", end=world.end, closed_after=silent)
    )


@pytest.fixture(scope="module")
def world() -> SimulatedJourneys:
    return simulate_journeys(30_000, rng=np.random.default_rng(1))


@pytest.fixture(scope="module")
def table(world: SimulatedJourneys) -> SignalTable:
    return signals_of(world)


def test_conversion_and_visits_are_those_of_the_log(world: SimulatedJourneys, table: SignalTable) -> None:
    chain = transition_model(table, prior=0.0)
    assert chain.n_journeys == 30_000
    assert chain.conversion == pytest.approx(world.journeys["converted"].mean(), abs=1e-12)
    visits = chain.to_frame().groupby("touchpoint")["visits"].sum()
    counted = world.log["touchpoint"].value_counts() / 30_000
    assert visits.to_dict() == pytest.approx(counted[counted > 0].to_dict())
    states = set(zip(chain.touchpoints, chain.signals, strict=True))
    assert ("payment", "error") in states
    assert ("support", "unresolved") in states


def test_the_loss_is_nearly_the_one_that_was_planted(world: SimulatedJourneys, table: SignalTable) -> None:
    """A chain forgets who the customer is, which costs some percent; both intervals are of customers."""
    chain = transition_model(table)
    found = decompose_loss(chain, rng=np.random.default_rng(1), n_resamples=100)
    assert found.drawn == "customers"
    assert found.lost == pytest.approx(world.lost, rel=0.06)
    fixes = single_fix_gain(chain, rng=np.random.default_rng(1), n_resamples=20)
    gains = fixes.by("touchpoint").set_index("touchpoint")["journeys"]
    assert gains["payment"] == pytest.approx(world.fix_gain["payment"], rel=0.07)
    assert gains["support"] == pytest.approx(world.fix_gain["support"], rel=0.20)
    other = friction_loss(table, rng=np.random.default_rng(1), n_resamples=2)
    assert abs(found.markov_gap(other.total)) < 0.06 * world.lost


def test_a_chain_for_each_channel_counts_its_own_journeys(
    world: SimulatedJourneys, table: SignalTable
) -> None:
    app = (world.journeys["channel"] == "app").to_numpy()
    chains = [transition_model(table, subset=part, prior=0.0) for part in (app, ~app)]
    assert [chain.n_journeys for chain in chains] == [app.sum(), (~app).sum()]
    for chain, part in zip(chains, (app, ~app), strict=True):
        assert chain.conversion == pytest.approx(world.journeys["converted"][part].mean(), abs=1e-12)


def test_the_hotel_story_has_a_state_for_each_main_signal() -> None:
    """The call centre's wall is one visit, whose main signal is that nothing was resolved."""
    log = prepare_log(hotel_story(), EventSchema.full())
    journeys = find_journeys(log, goal=(), lost="call_centre")
    chain = transition_model(detect_signals(journeys), prior=0.0)
    states = set(zip(chain.touchpoints, chain.signals, strict=True))
    assert {("call_centre", "unresolved"), ("card_entry", "error"), ("payment", "price_change")} < states
    assert chain.conversion == 0.0
    assert chain.n_journeys == 1
    assert set(chain.without_twin) == {"payment", "call_centre"}
    behaviour = transition_model(detect_signals(journeys), signals=["retry"], prior=0.0)
    assert ("card_entry", "retry") in set(zip(behaviour.touchpoints, behaviour.signals, strict=True))


def events(rows: list[tuple[str, str, int]]) -> pd.DataFrame:
    case, touchpoint, minute = zip(*rows, strict=True)
    at = pd.Timestamp("2026-03-01") + pd.to_timedelta(minute, unit="min")
    return pd.DataFrame({"case_id": case, "touchpoint": touchpoint, "timestamp": at})


def test_open_and_truncated_journeys_count_with_what_was_seen() -> None:
    """a converts, b leaves, c is open after the form, d began before the log and converts."""
    log = events(
        [
            *(("a", "form", 0), ("a", "pay", 1), ("a", "done", 2), ("a", "form", 3)),
            *(("b", "form", 0), ("b", "exit", 1)),
            *(("c", "form", 0), ("c", "pay", 1)),
            *(("d", "pay", 0), ("d", "done", 1)),
        ]
    )
    journeys = find_journeys(prepare_log(log), goal="done", lost="exit", entry="form")
    chain = transition_model(detect_signals(journeys), prior=0.0)
    frame = chain.to_frame().set_index("touchpoint")
    assert chain.n_journeys == 3
    assert frame["n_visits"].to_dict() == {"done": 2, "exit": 1, "form": 3, "pay": 2}
    assert chain.conversion == pytest.approx(2 / 3)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"signals": ["rage"]}, "`signals` must be signals of the table, got 'rage'; it has 'error'"),
        (
            {"subset": [True]},
            r"`subset` must have True or False for each of 1 journeys, got float64 of shape",
        ),
        ({"subset": [False]}, "`table` must have at least one visit that counts, got none"),
        ({}, "`start` must have at least one journey of a state from which some come to an end"),
    ],
)
def test_refusals(options: dict[str, Any], message: str) -> None:
    if "float64" in message:
        options = {"subset": [1.0]}
    journeys = find_journeys(prepare_log(hotel_story(), EventSchema.full()), goal=())
    with pytest.raises(InvalidInputError, match=message):
        transition_model(detect_signals(journeys), **options)

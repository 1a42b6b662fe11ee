"""Chains of visits: the published hotel, simulation by hand, counts, and chains that cannot be."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from customer_centric.errors import InvalidInputError
from customer_centric.journey import JourneyChain, without_friction
from effort import examples
from journey._chains import chains, walk
from journey._hotel_chain import CONVERTS, MOVES, SIGNALS, START, TOUCHPOINTS, hotel


def test_the_hotel_converts_visits_and_values_as_published() -> None:
    chain = hotel()
    assert chain.conversion == pytest.approx(0.747962, abs=5e-7)
    assert chain.visits == pytest.approx([1.029531, 0.777534, 0.130046, 0.074776, 0.024221], abs=5e-7)
    assert chain.value == pytest.approx([0.747962, 0.944959, 0.511679, 0.418145, 0.288992], abs=5e-7)


def test_the_hotel_without_friction_as_published() -> None:
    clean = without_friction(hotel())
    assert clean.conversion == pytest.approx(0.833062, abs=5e-7)
    assert clean.value == pytest.approx([0.833062, 0.946661, 0.591250, 0.426706, 0.289332], abs=5e-7)
    assert clean.visits[:2] == pytest.approx([1.017915, 0.895765], abs=5e-7)
    assert clean.visits[2:].tolist() == pytest.approx([0, 0, 0])


def test_scaling_rows_up_would_be_another_world() -> None:
    """Giving the mass of flagged states to all others sends customers elsewhere too: 0.8077 in the hotel."""
    rows = np.column_stack([MOVES, CONVERTS, 1 - MOVES.sum(axis=1) - CONVERTS])
    rows[:, [2, 3]] = 0
    rows /= rows.sum(axis=1, keepdims=True)
    scaled = JourneyChain(
        touchpoints=TOUCHPOINTS, signals=SIGNALS, start=START, moves=rows[:, :5], converts=rows[:, 5]
    )
    assert scaled.conversion == pytest.approx(0.8077, abs=5e-5)


@given(chains())
@examples(60)
def test_removing_friction_in_steps_is_removing_it_at_once(chain: JourneyChain) -> None:
    """Whatever the order; clean states and touchpoints without a twin stay as they are; ends stay ends."""
    signals = [s for s in dict.fromkeys(chain.signals) if s is not None]
    stepwise = chain
    for signal in reversed(signals):
        stepwise = without_friction(stepwise, signals=[signal])
    at_once = without_friction(chain)
    assert stepwise.conversion == pytest.approx(at_once.conversion, abs=1e-12)
    assert at_once.moves.sum(axis=1) == pytest.approx(chain.moves.sum(axis=1), abs=1e-12)
    assert without_friction(at_once).conversion == pytest.approx(at_once.conversion, abs=1e-12)
    twinless = [place in chain.without_twin for place in chain.touchpoints]
    assert at_once.moves[:, twinless] == pytest.approx(chain.moves[:, twinless])
    assert 0 <= at_once.conversion <= 1 + 1e-12


@given(chains(stays=0.8), st.integers(0, 10_000))
@examples(10)
def test_counts_without_a_prior_give_back_what_was_counted(chain: JourneyChain, number: int) -> None:
    """Conversion and visits of closed journeys are exactly those counted, whether they are a chain or not."""
    start, moves, converted, visits = walk(chain, 20, np.random.default_rng(number))
    counted = JourneyChain.from_counts(
        moves, start=start, touchpoints=chain.touchpoints, signals=chain.signals, prior=0.0
    )
    assert counted.conversion == pytest.approx(converted, abs=1e-9)
    places = list(zip(counted.touchpoints, counted.signals, strict=True))
    seen = dict(zip(zip(chain.touchpoints, chain.signals, strict=True), visits, strict=True))
    assert counted.visits == pytest.approx([seen[place] for place in places], abs=1e-9)
    assert counted.n_journeys == 20


def test_a_rare_signal_is_drawn_to_its_touchpoint_by_the_prior() -> None:
    """One error that lost a customer, among 98 clean visits that converted and one that did not."""
    counts = {"moves": [[0, 0, 98, 1], [0, 0, 0, 1]], "start": [99, 1]}
    names = {"touchpoints": ["pay", "pay"], "signals": [None, "error"]}
    raw = JourneyChain.from_counts(**counts, **names, prior=0.0)  # type: ignore[arg-type]
    drawn = JourneyChain.from_counts(**counts, **names)  # type: ignore[arg-type]
    assert raw.value.tolist() == pytest.approx([98 / 99, 0.0])
    assert drawn.value[1] == pytest.approx(0.5 * 0.98 / 1.5)
    assert drawn.value[0] == pytest.approx((98 + 0.5 * 0.98) / 99.5)
    assert "n_visits" in drawn.to_frame()
    assert str(drawn) == "2 states, 98.32 % of journeys convert, from 100 journeys"


def test_states_without_an_end_are_left_out_and_named() -> None:
    """Open journeys stop at `quote` and `wait`: nothing is known of what comes after."""
    chain = JourneyChain.from_counts(
        [[0, 5, 0, 3, 2], [0, 0, 4, 0, 0], [0, 0, 3, 0, 0]],
        start=[10, 0, 0],
        touchpoints=["form", "quote", "wait"],
        signals=[None, None, "wait"],
        prior=0.0,
    )
    assert chain.touchpoints == ("form",)
    assert chain.left_out == ("'quote'", "'wait' with 'wait'")
    assert chain.conversion == pytest.approx(0.6)


def test_a_state_that_was_only_reached_is_left_as_its_touchpoint() -> None:
    chain = JourneyChain.from_counts(
        [[0, 2, 6, 2], [0, 0, 0, 0]], start=[10, 0], touchpoints=["pay", "pay"], signals=[None, "error"]
    )
    assert chain.moves[1] == pytest.approx(chain.moves[0])


def test_loops_of_ten_thousand_visits_are_counted() -> None:
    """One journey that reloads ten thousand times, among a thousand that convert at once."""
    chain = JourneyChain.from_counts(
        [[9_999, 1_000, 0]], start=[1_000], touchpoints=["reload"], signals=[None], prior=0.0
    )
    assert chain.visits[0] == pytest.approx(10.999)
    assert chain.conversion == pytest.approx(1.0)
    slow = JourneyChain(
        touchpoints=["loop"], signals=[None], start=[1.0], moves=[[1 - 1e-7]], converts=[5e-8]
    )
    assert slow.conversion == pytest.approx(0.5, rel=1e-6)


def test_a_notebook_shows_the_states() -> None:
    shown = hotel()._repr_html_()
    assert "5 states, 74.80 % of journeys convert" in shown
    assert "price_up" in shown
    assert hotel().n_journeys is None
    assert math.isclose(hotel().to_frame()["visits"].sum(), hotel().visits.sum())


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"start": [0.5, 0.1]}, "`start` must sum to 1, got a sum of 0.6"),
        ({"start": [1.0]}, r"`start` must have shape \(2,\) for 2 states, got shape \(1,\)"),
        ({"moves": [[0.0, 1.0]]}, r"`moves` must have shape \(2, 2\) for 2 states"),
        ({"moves": [[0.0, 0.9], [0.5, 0.0]]}, "sum to at most 1, got 1.1 at position 0"),
        ({"moves": [[0.0, -0.1], [0.5, 0.0]]}, "`moves` must be .* at least 0"),
        ({"converts": [0.2, 1.2]}, "`converts` must be .* at most 1"),
        ({"signals": [None, None]}, "must name each state once, got 'pay' twice"),
        ({"signals": [None]}, "must have one entry a state, and at least one, got 2 and 1"),
        (
            {"moves": [[0.5, 0.0], [0.0, 1.0]], "converts": [0.2, 0.0]},
            "must lead to an end from every state, got none from 'pay' with 'error'",
        ),
        (
            {"moves": [[0.0, 1.0 - 1e-16], [1.0, 0.0]], "converts": [1e-16, 0.0]},
            "must end after at most 1e.09 visits on average, got more",
        ),
    ],
)
def test_a_chain_that_cannot_be_is_refused(changes: dict[str, object], message: str) -> None:
    arguments = {
        "touchpoints": ["pay", "pay"],
        "signals": [None, "error"],
        "start": [1.0, 0.0],
        "moves": [[0.0, 0.2], [0.5, 0.0]],
        "converts": [0.2, 0.1],
    }
    with pytest.raises(InvalidInputError, match=message):
        JourneyChain(**(arguments | changes))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"moves": [[0, 1]]}, r"`moves` must have shape \(1, 3\) for 1 states, converted and lost"),
        ({"moves": [[0, -1, 1]]}, "`moves` must be .* at least 0, got -1"),
        ({"start": [1, 1]}, r"`start` must have shape \(1,\)"),
        ({"prior": -1}, "`prior` must be .* at least 0, got -1"),
        ({"moves": [[5, 0, 0]]}, "`start` must have at least one journey of a state from which some come"),
        ({"start": [0]}, "`start` must have at least one journey"),
    ],
)
def test_counts_that_cannot_be_are_refused(changes: dict[str, object], message: str) -> None:
    arguments = {"moves": [[0, 1, 1]], "start": [2], "touchpoints": ["pay"], "signals": [None]} | changes
    with pytest.raises(InvalidInputError, match=message):
        JourneyChain.from_counts(arguments.pop("moves"), **arguments)  # type: ignore[arg-type]


def test_names_that_are_not_in_the_chain_are_refused() -> None:
    with pytest.raises(InvalidInputError, match="`signals` must be among those of the chain, got 'rage'"):
        without_friction(hotel(), signals=["rage"])
    with pytest.raises(InvalidInputError, match="`touchpoints` must be a sequence of names, got the text"):
        without_friction(hotel(), touchpoints="pay")

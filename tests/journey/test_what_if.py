"""What friction costs by a chain: the published hotel, brute force, Shapley by enumeration, and coverage."""

from __future__ import annotations

import itertools
import math
from random import Random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from customer_centric.errors import InvalidInputError
from customer_centric.intervals import Interval
from customer_centric.journey import JourneyChain, decompose_loss, single_fix_gain, without_friction
from effort import examples
from journey._chains import chains, walk
from journey._hotel_chain import CONVERTS, MOVES, SIGNALS, START, TOUCHPOINTS, hotel


def counted_hotel(n_journeys: int, rng: np.random.Generator, **options: float) -> JourneyChain:
    start, moves, _, _ = walk(hotel(), n_journeys, rng)
    return JourneyChain.from_counts(moves, start=start, touchpoints=TOUCHPOINTS, signals=SIGNALS, **options)


def rebuilt(chain: JourneyChain, states: list[int]) -> float:
    """Conversion when the arrows into some flagged states are sent to their twins by hand, one by one."""
    start, moves = chain.start.tolist(), chain.moves.tolist()
    for state in states:
        twin = [
            s
            for s, place in enumerate(chain.touchpoints)
            if place == chain.touchpoints[state] and chain.signals[s] is None
        ]
        for row in [start, *moves]:
            row[twin[0]] += row[state]
            row[state] = 0.0
    value = np.linalg.solve(np.eye(len(start)) - np.array(moves), chain.converts)
    return float(np.array(start) @ value)


def flagged_states(chain: JourneyChain) -> list[int]:
    """Flagged states with a clean twin."""
    return [
        state
        for state, (place, signal) in enumerate(zip(chain.touchpoints, chain.signals, strict=True))
        if signal is not None and place not in chain.without_twin
    ]


def shapley(chain: JourneyChain) -> list[float]:
    """Mean gain of each flagged state over all orders of fixing them."""
    states = flagged_states(chain)
    orders = list(itertools.permutations(states))
    total = dict.fromkeys(states, 0.0)
    for order in orders:
        for position, state in enumerate(order):
            before = rebuilt(chain, list(order[:position]))
            total[state] += rebuilt(chain, list(order[: position + 1])) - before
    return [total[state] / len(orders) for state in states]


def test_the_hotel_as_published() -> None:
    found = decompose_loss(hotel())
    table = found.by("signal").set_index("signal")
    assert found.loss == pytest.approx(0.085100, abs=5e-7)
    assert found.index == pytest.approx(10.215, abs=5e-4)
    assert 10_000 * found.loss == pytest.approx(851.0, abs=0.05)
    assert 10_000 * found.loss * 180 == pytest.approx(153_180, abs=0.5)
    assert table["contribution"].to_dict() == pytest.approx({"error": 0.0462, "price_up": 0.0389}, abs=5e-5)
    assert table["dual"].to_dict() == pytest.approx({"error": 0.0529, "price_up": 0.0322}, abs=5e-5)
    assert shapley(hotel()) == pytest.approx([0.049565, 0.035535], abs=5e-7)
    assert found.mean == pytest.approx(shapley(hotel()), abs=1e-5)
    assert found.without_twin == ()


def test_single_fixes_of_the_hotel_as_published() -> None:
    found = single_fix_gain(hotel())
    table = found.by("signal").set_index("signal")
    assert table["gain"].to_dict() == pytest.approx({"error": 0.053187, "price_up": 0.039157}, abs=5e-7)
    assert table["gain"].sum() == pytest.approx(0.092344, abs=1e-6)
    assert found.by("touchpoint")["gain"].tolist() == pytest.approx([decompose_loss(hotel()).loss])
    assert str(found) == "the fix that brings most: 'error' at 'pay', +5.32 points of conversion"


def test_changing_the_row_of_a_state_is_another_question() -> None:
    """Cleaning what follows the cart is nearly the whole loss, and what follows an error very little."""

    def cleaned(row: int) -> float:
        moves = hotel().moves.copy()
        moves[row, 1] += moves[row, [2, 3]].sum()
        moves[row, [2, 3]] = 0
        chain = JourneyChain(
            touchpoints=TOUCHPOINTS, signals=SIGNALS, start=START, moves=moves, converts=CONVERTS
        )
        return chain.conversion - hotel().conversion

    assert cleaned(2) == pytest.approx(0.0092, abs=5e-5)
    assert cleaned(0) > 0.07


@given(chains())
@examples(60)
def test_parts_add_up_and_single_fixes_are_those_of_a_chain_built_again(chain: JourneyChain) -> None:
    loss, fixes = decompose_loss(chain), single_fix_gain(chain)
    states = flagged_states(chain)
    target = without_friction(chain).conversion - chain.conversion
    assert loss.loss == pytest.approx(target, abs=1e-10)
    for group in ("state", "touchpoint", "signal"):
        table = loss.by(group)
        for form in ("contribution", "dual", "mean"):
            assert table[form].sum() == pytest.approx(target, abs=1e-10)
    gains = fixes.by("state").set_index(["touchpoint", "signal"])["gain"]
    names = list(zip(chain.touchpoints, chain.signals, strict=True))
    for state in states:
        assert gains[names[state]] == pytest.approx(rebuilt(chain, [state]) - chain.conversion, abs=1e-10)
    for group, label in (("touchpoint", chain.touchpoints), ("signal", chain.signals)):
        for name, gain in fixes.by(group).set_index(group)["gain"].items():
            members = [state for state in states if label[state] == name]
            assert gain == pytest.approx(rebuilt(chain, members) - chain.conversion, abs=1e-10)


@given(chains())
@examples(30)
def test_two_touchpoints_with_the_same_rows_can_be_one(chain: JourneyChain) -> None:
    """Splitting a touchpoint in two that behave alike splits its loss, and moves no other."""
    n = len(chain.touchpoints)
    first = chain.touchpoints[0]
    half = np.array([place == first for place in chain.touchpoints])
    halves = np.where(half, 0.5, 1.0)
    moves = np.block([[chain.moves * halves, (chain.moves * (1 - halves))[:, half]]])
    split = JourneyChain(
        touchpoints=(*chain.touchpoints, *["twin"] * int(half.sum())),
        signals=(*chain.signals, *[s for s, one in zip(chain.signals, half, strict=True) if one]),
        start=np.concatenate([chain.start * halves, (chain.start * (1 - halves))[half]]),
        moves=np.vstack([moves, moves[:n][half]]),
        converts=np.concatenate([chain.converts, chain.converts[half]]),
    )
    before = decompose_loss(chain).by("touchpoint").set_index("touchpoint")["contribution"]
    after = decompose_loss(split).by("touchpoint").set_index("touchpoint")["contribution"]
    assert after.sum() == pytest.approx(before.sum(), abs=1e-10)
    if first in before:
        assert after[first] + after["twin"] == pytest.approx(before[first], abs=1e-10)


@given(chains(stays=0.7), st.integers(2, 9))
@examples(10)
def test_customers_counted_twice_are_lost_twice(chain: JourneyChain, times: int) -> None:
    """The loss as a share, its index and its parts stay; journeys lost grow with the journeys."""
    start, moves, _, _ = walk(chain, 15, np.random.default_rng(times))
    names = {"touchpoints": chain.touchpoints, "signals": chain.signals, "prior": 0.0}
    once, often = (
        decompose_loss(
            JourneyChain.from_counts(k * moves, start=k * start, **names),  # type: ignore[arg-type]
            rng=np.random.default_rng(1),
            n_resamples=2,
        )
        for k in (1, times)
    )
    assert often.loss == pytest.approx(once.loss, abs=1e-12)
    assert often.index == pytest.approx(once.index, abs=1e-9, nan_ok=True)
    assert often.contribution == pytest.approx(once.contribution, abs=1e-12)
    assert often.lost == pytest.approx(times * once.lost, abs=1e-9)


@given(chains(), st.randoms(use_true_random=False))
@examples(20)
def test_the_order_of_states_means_nothing(chain: JourneyChain, random: Random) -> None:
    order = list(range(len(chain.touchpoints)))
    random.shuffle(order)
    turned = JourneyChain(
        touchpoints=tuple(chain.touchpoints[i] for i in order),
        signals=tuple(chain.signals[i] for i in order),
        start=chain.start[order],
        moves=chain.moves[np.ix_(order, order)],
        converts=chain.converts[order],
    )
    for group in ("touchpoint", "signal"):
        tables = [decompose_loss(one).by(group).set_index(group)["contribution"] for one in (chain, turned)]
        assert tables[0].to_dict() == pytest.approx(tables[1].to_dict(), abs=1e-10)


def test_friction_that_helps_is_a_negative_loss() -> None:
    chain = JourneyChain(
        touchpoints=["offer", "offer"],
        signals=[None, "call"],
        start=[0.5, 0.5],
        moves=np.zeros((2, 2)),
        converts=[0.2, 0.7],
    )
    assert decompose_loss(chain).loss == pytest.approx(-0.25)
    assert decompose_loss(chain).index == pytest.approx(-125.0)


def test_parts_can_be_looked_at_alone() -> None:
    """One signal alone is the gain of fixing it alone."""
    gain = single_fix_gain(hotel()).by("signal").set_index("signal")["gain"]
    for signal in ("error", "price_up"):
        assert decompose_loss(hotel(), signals=[signal]).loss == pytest.approx(gain[signal])
    assert decompose_loss(hotel(), touchpoints=["cart"]).loss == 0.0


def test_nothing_flagged_and_nobody_converting() -> None:
    """No friction: a loss of zero from empty tables. Nobody converts: no index, and why."""
    clean = JourneyChain(touchpoints=["a"], signals=[None], start=[1.0], moves=[[0.0]], converts=[0.5])
    assert decompose_loss(clean).loss == 0.0
    assert len(single_fix_gain(clean).to_frame()) == 0
    assert str(single_fix_gain(clean)) == "no friction to fix"
    hopeless = JourneyChain.from_counts(
        [[0, 0, 0, 3], [0, 0, 0, 2]], start=[3, 2], touchpoints=["a", "a"], signals=[None, "error"]
    )
    found = decompose_loss(hopeless, rng=np.random.default_rng(1), n_resamples=50)
    # The draws allow for conversions that were not seen.
    assert found.loss == 0.0
    assert math.isnan(found.index)
    assert found.index_interval is None
    assert found.loss_interval is not None
    assert found.loss_interval.width > 0.1
    assert found.reason == "nobody would convert without friction either"


def test_everything_flagged_has_no_twin() -> None:
    chain = JourneyChain(touchpoints=["a"], signals=["error"], start=[1.0], moves=[[0.0]], converts=[0.5])
    found = decompose_loss(chain)
    assert (found.loss, found.without_twin, len(found.to_frame())) == (0.0, ("a",), 0)


def test_intervals_hold_the_truth_as_often_as_they_say() -> None:
    """90 % intervals of the loss and of a fix, in 120 counts of 400 journeys of the hotel."""
    rng = np.random.default_rng(3)
    truth, fix = decompose_loss(hotel()).loss, single_fix_gain(hotel()).by("signal")["gain"][0]
    rows = np.column_stack([MOVES, CONVERTS, 1 - MOVES.sum(axis=1) - CONVERTS])
    visits = np.rint(400 * hotel().visits).astype(int)
    held = np.zeros(2)
    for _ in range(120):
        moves = np.stack([rng.multinomial(n, row) for n, row in zip(visits, rows, strict=True)])
        chain = JourneyChain.from_counts(moves, start=400 * START, touchpoints=TOUCHPOINTS, signals=SIGNALS)
        found = decompose_loss(chain, rng=rng, n_resamples=200)
        assert isinstance(found.loss_interval, Interval)
        held[0] += found.loss_interval.contains(truth)
        table = single_fix_gain(chain, rng=rng, n_resamples=200).by("signal").set_index("signal")
        held[1] += table.loc["error", "lower"] <= fix <= table.loc["error", "upper"]
    assert (held >= 120 * 0.90 - 2.5 * math.sqrt(120 * 0.09)).all()


def test_counts_say_journeys_and_compare_with_other_estimates() -> None:
    found = decompose_loss(counted_hotel(500, np.random.default_rng(1)), rng=np.random.default_rng(2))
    assert found.n_journeys == 500
    assert found.lost == pytest.approx(500 * found.loss)
    assert found.by("state")["lost"].sum() == pytest.approx(found.lost)
    assert found.markov_gap(found.lost + 3.0) == pytest.approx(3.0)
    assert math.isnan(decompose_loss(hotel()).markov_gap(3.0))
    assert found.drawn == "rows"
    assert found.reason is None
    table = found.by("state")
    assert (table["lower"] <= table["contribution"]).all()
    assert (table["contribution"] <= table["upper"]).all()
    assert "points lost (" in str(found)
    assert "price_up" in found._repr_html_()
    again = decompose_loss(counted_hotel(500, np.random.default_rng(1)), rng=np.random.default_rng(2))
    assert again.loss_interval == found.loss_interval
    fixes = single_fix_gain(counted_hotel(500, np.random.default_rng(1)), rng=np.random.default_rng(2))
    assert "journeys" in fixes.to_frame()
    assert "the fix that brings most" in fixes._repr_html_()


def test_a_stated_chain_has_no_intervals_and_says_so() -> None:
    for found in (decompose_loss(hotel()), single_fix_gain(hotel())):
        assert found.drawn == "nothing"
        assert found.reason == "probabilities were stated, not counted: there is nothing to draw again"
        assert found.to_frame()["lower"].isna().all()


def test_refusals() -> None:
    counted = counted_hotel(20, np.random.default_rng(1))
    with pytest.raises(InvalidInputError, match=r"`rng` must be .* for a chain of counts, got None"):
        decompose_loss(counted)
    with pytest.raises(InvalidInputError, match=r"`n_resamples` must be .* at least 1, got 0"):
        single_fix_gain(counted, rng=np.random.default_rng(1), n_resamples=0)
    with pytest.raises(InvalidInputError, match="`group` must be one of"):
        decompose_loss(hotel()).by("channel")  # type: ignore[arg-type]
    with pytest.raises(InvalidInputError, match="`lost` must be a finite number, got nan"):
        decompose_loss(hotel()).markov_gap(math.nan)

"""Learned weights: a slow twin, planted weights recovered, edges, and what is refused."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from functools import cache
from typing import Any

import numpy as np
import pytest

from customer_centric.errors import InvalidInputError
from customer_centric.journey import (
    DEFAULT_SIGNALS,
    EventSchema,
    SignalTable,
    WeightFit,
    detect_signals,
    find_journeys,
    fit_weights,
    friction_score,
    prepare_log,
)
from customer_centric.simulate import Friction, JourneyWorld, simulate_journeys
from journey._slow_weights import maximise, slow_rows

# Errors meet a customer at two steps, so that who stays is likely to meet another one.
WORLD = JourneyWorld(
    frictions=(
        Friction(touchpoint="details", kind="error", rate=0.25, loss=0.45),
        Friction(touchpoint="payment", kind="error", rate=0.25, loss=0.45),
        Friction(touchpoint="payment", kind="price_change", rate=0.2, loss=0.15),
    )
)
STUDIED = ["error", "price_change"]
EXPERT = np.array([0.15, 0.50])


@cache
def simulated(n: int) -> SignalTable:
    world = simulate_journeys(n, rng=np.random.default_rng(4), world=WORLD)
    log = prepare_log(world.log, EventSchema.full())
    return detect_signals(
        find_journeys(log, goal="purchase", end=world.end, closed_after=timedelta(hours=1)),
        [signal for signal in DEFAULT_SIGNALS if signal.kind == "system"],
    )


def fitted(signals: SignalTable, **options: Any) -> WeightFit:
    return fit_weights(signals, **({"rng": np.random.default_rng(1), "n_resamples": 5} | options))


@pytest.mark.parametrize("strength", [0.0, 20.0])
def test_the_optimum_is_where_expectation_maximisation_climbs_to(strength: float) -> None:
    """With rows made in plain loops. Each step climbs, and the expert pulls the weights towards his own."""
    signals = simulated(2_000)
    fit = fitted(signals, studied=STUDIED, strength=strength)
    weight, path = maximise(slow_rows(signals, STUDIED), EXPERT, strength, n_steps=500)
    np.testing.assert_allclose(fit.weight, weight, atol=1e-4)
    assert np.diff(path).min() > -1e-9
    assert fit.log_posterior == pytest.approx(path[-1], abs=1e-6)
    assert fit.signals == ("error", "price_change")
    np.testing.assert_array_equal(fit.prior, EXPERT)


def test_planted_weights_come_back_when_flagged_visits_are_weighted_too() -> None:
    """Who stays after a flag meets more: weighting clean visits alone blames the first for the others."""
    signals = simulated(12_000)
    fit = fitted(signals, studied=STUDIED, strength=0.0, n_resamples=40)
    np.testing.assert_allclose(fit.weight, [0.45, 0.15], atol=0.05)
    clean_alone, _ = maximise(slow_rows(signals, STUDIED, weighted="clean"), EXPERT, 0.0, n_steps=200)
    assert clean_alone[0] > fit.upper[0]
    assert clean_alone[0] > 0.45 + 0.08


def test_where_nothing_was_seen_there_is_the_expert_or_nothing() -> None:
    signals = simulated(500)
    studied = ["error", "availability_loss"]
    with_expert = fitted(signals, studied=studied)
    assert with_expert.weight[1] == pytest.approx(0.6, abs=1e-6)
    assert np.isnan([with_expert.lower[1], with_expert.upper[1]]).all()
    assert list(with_expert.learned()) == ["error"]
    alone = fitted(signals, studied=studied, strength=0.0)
    assert np.isnan(alone.weight[1])
    assert list(alone.as_mapping()) == ["error"]
    no_flag = fitted(signals, studied="availability_loss", strength=0.0)
    assert np.isnan(no_flag.weight).all()
    frame = with_expert.to_frame().set_index("signal")
    assert frame["n_first"].tolist() == with_expert.n_first.tolist()
    assert friction_score(signals, weights=with_expert).weight_sources.count("learned") == 1


@pytest.mark.parametrize("outcome", [0.0, 1.0])
def test_all_lost_and_all_kept_have_limits_of_some_width(outcome: float) -> None:
    """None of n visits lost is a weight of at most 1 - 0.05^(1/n) or so, and not of 0 for sure."""
    signals = simulated(300)
    n = signals.journeys.n_journeys
    fit = fitted(signals, studied=STUDIED, strength=0.0, outcome=np.full(n, outcome))
    assert np.all(
        (fit.weight >= 0) & (fit.weight <= 1) & (fit.lower <= fit.weight) & (fit.weight <= fit.upper)
    )
    if outcome == 1:
        np.testing.assert_allclose(fit.weight, 0, atol=1e-6)
        np.testing.assert_allclose(fit.upper, 1 - 0.05 ** (1 / fit.n_first))
    assert np.all(fit.upper - fit.lower > 0.01)


def test_half_an_outcome_is_half_of_each() -> None:
    """Outcomes between 0 and 1 count as parts of journeys: those of open ones."""
    signals = simulated(2_000)
    y = signals.journeys.outcome
    fit = fitted(signals, studied=STUDIED, outcome=0.5 * y + 0.2)
    weight, _ = maximise(
        slow_rows(replace_outcome(signals, 0.5 * y + 0.2), STUDIED), EXPERT, 20.0, n_steps=500
    )
    np.testing.assert_allclose(fit.weight, weight, atol=1e-4)


def replace_outcome(signals: SignalTable, outcome: Any) -> SignalTable:
    return replace(signals, journeys=replace(signals.journeys, outcome=outcome))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            {"outcome": np.full(300, 1.5)},
            "`outcome` must hold values from 0 to 1, got values from 1.5 to 1.5",
        ),
        (
            {"outcome": np.full(300, np.nan)},
            "`outcome` must be known for at least one journey, got none of 300",
        ),
        ({"outcome": [1.0]}, "`outcome` must have one entry a journey, got shape \\(1,\\) for 300"),
        ({"studied": ["rage"]}, "`studied` must name signals of the table, got 'rage'"),
        ({"strength": -1}, "`strength` must be .* at least 0, got -1"),
        ({"n_resamples": 0}, "`n_resamples` must be .* at least 1, got 0"),
        ({"confidence_level": 1}, "`confidence_level` must be .* less than 1, got 1"),
    ],
)
def test_questions_that_cannot_be_answered_are_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(InvalidInputError, match=message):
        fitted(simulated(300), **options)


def test_behaviour_is_not_learned_from_unless_the_eager_are_told_apart() -> None:
    journeys = simulated(300).journeys
    behaviour = detect_signals(journeys, [s for s in DEFAULT_SIGNALS if s.kind == "behaviour"])
    with pytest.raises(InvalidInputError, match="`signals` must hold a system signal, got behaviour alone"):
        fitted(behaviour)
    with pytest.raises(
        InvalidInputError, match="`studied` must hold system signals unless `strata` is given"
    ):
        fitted(behaviour, studied=["retry"])
    eager = np.arange(300) % 2
    assert fitted(behaviour, studied=["retry"], strata={"eager": eager}).signals == ("retry",)

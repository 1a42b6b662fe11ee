"""The friction score: the hotel story, laws, limits that hold the truth, and what is refused."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Literal

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from customer_centric.errors import InvalidInputError
from customer_centric.intervals import garwood_interval
from customer_centric.journey import (
    DEFAULT_SIGNALS,
    EventSchema,
    SignalTable,
    detect_signals,
    find_journeys,
    friction_score,
    prepare_log,
)
from customer_centric.journey.weights import WeightFit
from customer_centric.simulate import hotel_story
from effort import examples
from journey._logs import OPTIONAL, STEPS, event_logs, journeys_of

Unit = Literal["touchpoint", "channel", "journey", "visit"]
EVERY: tuple[Unit, ...] = ("touchpoint", "channel", "journey", "visit")


def hotel() -> SignalTable:
    log = prepare_log(hotel_story(), EventSchema.full())
    return detect_signals(find_journeys(log, goal=(), contact="call_centre"))


def signals_of(events: pd.DataFrame) -> SignalTable:
    journeys = journeys_of(events)
    return detect_signals(journeys, steps=[s for s in STEPS if s in journeys.visits.touchpoints])


def table(units: list[list[float]], weight: float = 0.5) -> SignalTable:
    """One touchpoint and one signal: the severities of the visits of each customer."""
    rows = [(f"{i:04d}", x) for i, visits in enumerate(units) for x in visits]
    events = pd.DataFrame(rows, columns=["case_id", "severity"]).assign(touchpoint="pay", outcome="ok")
    events["timestamp"] = pd.Timestamp("2026-03-01") + pd.to_timedelta(range(len(rows)), unit="min")
    error = replace(DEFAULT_SIGNALS[0], weight=weight, rule=lambda _: events["severity"].to_numpy())
    return detect_signals(
        find_journeys(prepare_log(events, EventSchema(outcome="outcome")), goal=()), [error]
    )


def test_the_hotel_story_scores_89_by_signal_visit_and_touchpoint() -> None:
    story = friction_score(hotel())
    assert story.overall == pytest.approx(89.2267, abs=5e-5)
    points = {name: round(value, 1) for name, value in story.by_signal.items() if value}
    assert points == {
        "price_change": 27.8,
        "unresolved": 23.9,
        "info_request": 12.7,
        "contact": 8.9,
        "error": 6.5,
        "negative_emotion": 5.2,
        "retry": 4.2,
    }
    visits = friction_score(hotel(), by="visit")
    np.testing.assert_allclose(visits.share, [0, 6.5, 4.2, 27.8, 50.7], atol=0.05)
    np.testing.assert_allclose(visits.score, [0, 15, 10, 50, 71.8], atol=0.05)
    frame = story.to_frame().set_index("touchpoint").loc[["card_entry", "payment", "call_centre"]]
    np.testing.assert_allclose(frame["units"] * frame["n"], [0.2679, 0.9163, 1.0439], atol=5e-5)
    np.testing.assert_allclose(frame["score"], [12.5, 60.0, 64.8], atol=0.05)
    np.testing.assert_allclose(frame["share"], [10.7, 36.7, 41.8], atol=0.05)
    # One guest says nothing about the next one.
    assert (story.interval.lower, story.interval.upper) == (0, 100)


@given(event_logs())
@examples(60)
def test_shares_add_up_to_the_score_whatever_is_scored(events: pd.DataFrame) -> None:
    """By signal, touchpoint, channel, journey and visit; and points by signal to the score of each row."""
    signals = signals_of(events)
    for by in EVERY:
        if by == "channel" and "channel" not in events:
            continue
        found = friction_score(signals, by=by)
        before = ~signals.journeys.visits.after_goal[signals.visit]
        assert (found.overall == 0) == (not before.any())
        assert 0 <= found.overall <= 100
        assert found.share.sum() == pytest.approx(found.overall, abs=1e-12 * 100)
        assert sum(found.by_signal.values()) == pytest.approx(found.overall, abs=1e-12 * 100)
        counted = found.n > 0
        np.testing.assert_allclose(found.contribution.sum(axis=1)[counted], found.score[counted], atol=1e-10)
        assert np.all((found.score[counted] >= 0) & (found.score[counted] <= 100))
        assert np.isnan(found.score[~counted]).all()
        if by in {"touchpoint", "channel"}:
            assert np.all(found.lower[counted] <= found.score[counted])
            assert np.all(found.score[counted] <= found.upper[counted])
    assert found.share.min() >= 0


@given(event_logs(columns=OPTIONAL), st.sampled_from(range(15)), st.floats(0, 0.99), st.floats(1, 3))
@examples(30)
def test_more_never_scores_less(events: pd.DataFrame, which: int, weight: float, factor: float) -> None:
    """Monotone in every weight and severity; a signal of weight 0 is as good as none."""
    signals = signals_of(events)
    name = signals.names[which]
    base = friction_score(signals)
    other = friction_score(signals, weights={name: weight})
    up = other.overall >= base.overall - 1e-10
    assert up if weight >= base.weights[which] else other.overall <= base.overall + 1e-10
    mine = signals.signal == which
    worse = replace(signals, severity=np.where(mine, factor * signals.severity, signals.severity))
    assert friction_score(worse).overall >= base.overall - 1e-10
    gone = replace(signals, severity=np.where(mine, 0.0, signals.severity))
    dummy = friction_score(signals, weights={name: 0.0})
    np.testing.assert_allclose(dummy.score, friction_score(gone).score, rtol=1e-12)
    assert dummy.by_signal[name] == 0


@given(event_logs(columns=OPTIONAL), st.integers(2, 3))
@examples(15)
def test_more_customers_of_the_same_kind_leave_scores_where_they_are(events: pd.DataFrame, k: int) -> None:
    """And another journey without a signal never raises a score."""
    names = [s for s in DEFAULT_SIGNALS if s.name not in {"wait", "effort"}]
    copies = [
        events.assign(case_id=f"{i}" + events["case_id"], customer_id=f"{i}" + events["customer_id"])
        for i in range(k)
    ]
    one, many = (detect_signals(journeys_of(frame), names) for frame in (events, pd.concat(copies)))
    for by in ("touchpoint", "channel"):
        a, b = friction_score(one, by=by), friction_score(many, by=by)
        np.testing.assert_allclose(a.score, b.score, atol=1e-10)
        np.testing.assert_allclose(a.share, b.share, atol=1e-10)
    calm = events.iloc[:1].assign(case_id="z", customer_id="z", outcome="ok", intent=None, emotion=np.nan)
    calm = calm.assign(touchpoint="browse", item=None, actor="customer")
    before = friction_score(detect_signals(journeys_of(events), names)).to_frame().set_index("touchpoint")
    after = friction_score(detect_signals(journeys_of(pd.concat([events, calm])), names))
    added = after.to_frame().set_index("touchpoint").loc[before.index]
    assert np.all((added["score"] <= before["score"] + 1e-10) | before["score"].isna())


def test_half_and_half_is_three_quarters_and_severity_is_counted_as_parts_of_one() -> None:
    assert friction_score(table([[1, 1]]), by="journey").score[0] == pytest.approx(75)
    halves = friction_score(table([[0.5, 0.5], [0, 0]]), by="touchpoint")
    whole = friction_score(table([[1.0, 0.0], [0, 0]]), by="touchpoint")
    assert halves.score[0] == whole.score[0] == pytest.approx(100 * (1 - 0.5**0.25))
    endless = friction_score(table([[1e6]]), by="visit")
    assert endless.score[0] == endless.overall == 100


def test_limits_of_counts_are_the_exact_ones() -> None:
    """Where occurrences weigh the same: the limits of Garwood for a count of a few and of none."""
    beta = np.log(2)
    for hits in (0, 1, 3):
        n = 10_000
        found = friction_score(table([[float(i < hits)] for i in range(n)]))
        exact = garwood_interval(hits, exposure=n)
        limits = -100 * np.expm1(-beta * np.array(exact))
        np.testing.assert_allclose([found.lower[0], found.upper[0]], limits, rtol=2e-3, atol=1e-12)
        np.testing.assert_allclose(
            [found.interval.lower, found.interval.upper], limits, rtol=2e-3, atol=1e-12
        )


def test_customers_who_are_all_alike_are_not_all_there_are() -> None:
    """No width of zero: a share of 1 - 0.025^(1/m) may be without friction, however alike m customers are."""
    found = friction_score(table([[1.0]] * 5))
    assert found.lower[0] == pytest.approx(100 * (1 - 0.5 ** (0.025**0.2)))
    assert found.lower[0] < found.score[0] < found.upper[0]
    alone = friction_score(table([[1.0]]))
    assert (alone.lower[0], alone.upper[0]) == (0, 100)
    none = friction_score(table([[0.0]]))
    assert none.upper[0] == pytest.approx(100 * (1 - 0.5 ** -np.log(0.025)))
    nothing = friction_score(table([[0.0]] * 3), weights={"error": 0.0})
    assert nothing.lower[0] == nothing.upper[0] == 0


def test_limits_hold_the_truth_as_often_as_they_say() -> None:
    """Customers differ in how often they meet friction, and in how many visits they make."""
    rng = np.random.default_rng(5)
    n, n_worlds, held = 50, 100, 0
    for _ in range(n_worlds):
        rates = np.minimum(0.1 * rng.gamma(1.0, 1.0, n), 1.0)
        made = 1 + rng.poisson(2, n)
        units = [(rng.random(v) < p).astype(float).tolist() for v, p in zip(made, rates, strict=True)]
        found = friction_score(table(units))
        held += found.lower[0] <= 100 * (1 - 0.5**0.1) <= found.upper[0]
    assert held >= 91


def test_it_says_whose_the_weights_are() -> None:
    signals = hotel()
    assert set(friction_score(signals).weight_sources) == {"expert"}
    assert str(friction_score(signals)) == (
        "Friction 89.2 of 100 (95 % interval 0.0 to 100.0) in 1 journey; most of it price_change (27.8). "
        "Weights: expert guesses."
    )
    given_one = friction_score(signals, weights={"error": 0.4})
    assert given_one.weight_sources[0] == "given"
    assert str(given_one).endswith("Weights: 14 expert guesses, 1 given.")
    one = np.array([0.3, 0.6])
    fit = WeightFit(
        signals=("error", "price_change"), weight=one, lower=one, upper=one, prior=one,
        n_first=np.array([9, 0]), strength=20.0, log_posterior=0.0, confidence_level=0.9,
    )  # fmt: skip
    learned = friction_score(signals, weights=fit)
    assert learned.weight_sources.count("learned") == 1
    assert (learned.weights[0], learned.weights[6]) == (0.3, 0.5)
    mine = replace(DEFAULT_SIGNALS[0], weight=0.2)
    assert friction_score(detect_signals(signals.journeys, [mine])).weight_sources == ("given",)
    html = friction_score(signals)._repr_html_()
    assert "expert guesses" in html
    assert html.index("call_centre") < html.index("payment") < html.index("card_entry")
    assert str(friction_score(table([[0.0]] * 3))).startswith("Friction 0.0 of 100 (95 % interval 0.0 to ")


def test_a_touchpoint_visited_after_the_goal_alone_has_no_score() -> None:
    rows = [("stay", "ok"), ("survey", "error")]
    events = pd.DataFrame(rows, columns=["touchpoint", "outcome"]).assign(case_id="c")
    events["timestamp"] = pd.date_range("2026-03-01", periods=2, freq="min")
    log = prepare_log(events, EventSchema(outcome="outcome"))
    found = friction_score(detect_signals(find_journeys(log, goal="stay")))
    assert found.n.tolist() == [1, 0]
    assert found.overall == 0
    assert np.isnan([found.score[1], found.lower[1], found.upper[1]]).all()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"by": "page"}, "`by` must be one of 'touchpoint', 'channel', 'journey', 'visit', got 'page'"),
        ({"weights": {"rage": 0.1}}, "`weights` must name signals of the table, got 'rage'; they are error"),
        ({"weights": {"error": 1.0}}, "`weights\\['error'\\]` must be .* less than 1, got 1"),
        ({"weights": {"error": -0.1}}, "`weights\\['error'\\]` must be .* at least 0 .*, got -0.1"),
        ({"confidence_level": 95}, "`confidence_level` must be .*; 95 % is written 0.95"),
        ({"by": "channel"}, '`by` must not be "channel" for a log without channels'),
    ],
)
def test_questions_that_cannot_be_answered_are_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(InvalidInputError, match=message):
        friction_score(table([[1.0]]), **options)


def test_a_score_of_no_journey_is_refused() -> None:
    events = hotel_story().iloc[:0]
    journeys = find_journeys(prepare_log(events, EventSchema.full()), goal="stay")
    with pytest.raises(InvalidInputError, match="`signals` must come from at least one journey, got none"):
        friction_score(detect_signals(journeys))

"""What friction costs: by a plain twin, by hand, by its laws, and in worlds whose truth is known."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from customer_centric.errors import InvalidInputError
from customer_centric.journey import (
    DEFAULT_SIGNALS,
    EventSchema,
    FrictionLoss,
    SignalTable,
    _loss_draws,
    detect_signals,
    find_journeys,
    fix_gain,
    friction_loss,
    prepare_log,
)
from customer_centric.journey._loss_values import prior_observations, shrunken
from customer_centric.simulate import JourneyWorld, SimulatedJourneys, simulate_journeys
from effort import examples
from journey._loss_twin import FAILED, START, Event, event_logs, signal_table, twin


def loss_of(table: SignalTable, **options: Any) -> FrictionLoss:
    """Without shrinkage and with few draws, unless told otherwise."""
    settings: dict[str, Any] = {"rng": np.random.default_rng(1), "shrink": False, "n_resamples": 3}
    return friction_loss(table, **(settings | options))


def table_of_world(world: SimulatedJourneys) -> SignalTable:
    log = prepare_log(world.log, EventSchema.full())
    contact = [name for name in ("support",) if name in log.touchpoints]
    return detect_signals(
        find_journeys(log, goal="purchase", contact=contact, end=world.end, closed_after=timedelta(hours=1))
    )


def lost_at(loss: FrictionLoss) -> dict[str, float]:
    return dict(zip(loss.touchpoints, loss.lost.tolist(), strict=True))


def agree(loss: FrictionLoss, slow: Any) -> None:
    assert lost_at(loss) == pytest.approx(slow.lost, abs=1e-9, nan_ok=True)
    assert dict(zip(loss.touchpoints, loss.n_first.tolist(), strict=True)) == slow.n_first
    assert loss.total == pytest.approx(slow.total, abs=1e-9, nan_ok=True)
    assert loss.total_unshrunk == pytest.approx(loss.total, abs=1e-9, nan_ok=True)
    assert loss.index == pytest.approx(slow.index, abs=1e-9, nan_ok=True)
    assert loss.n_unmatched == slow.n_unmatched
    assert loss.highest_weight == pytest.approx(slow.highest_weight)


@examples(40)
@given(event_logs(), st.randoms(use_true_random=False))
def test_equals_the_definition_worked_out_in_loops(events: list[Event], random: Any) -> None:
    table = signal_table(events)
    n = table.journeys.n_journeys
    outcome = [math.nan if random.random() < 0.1 else y for y in table.journeys.outcome.tolist()]
    outcome[0] = 1.0
    label = [random.randrange(2) for _ in range(n)]
    value = [random.uniform(0, 100) for _ in range(n)]
    loss = loss_of(table, outcome=outcome, strata={"label": label}, value=value, period=timedelta(days=5))
    slow = twin(events, outcome, value=value, label=label, period=5 * 1440)
    agree(loss, slow)
    assert loss.n_unknown == sum(math.isnan(y) for y in outcome)
    if not math.isnan(slow.total):
        assert loss.clv_total == pytest.approx(slow.clv, abs=1e-7)
    known = ~np.isnan(loss.lost)
    np.testing.assert_allclose(loss.by_signal.sum(axis=1)[known], loss.lost[known], atol=1e-9)
    assert np.all(np.diff(loss.lost[known]) <= 1e-9)


@examples(20)
@given(event_logs(), st.sampled_from(["a", "b", "c"]))
def test_fixing_one_touchpoint_is_the_same_with_its_flags_alone(events: list[Event], step: str) -> None:
    table = signal_table(events)
    if step not in table.journeys.visits.touchpoints:
        return
    gain = fix_gain(table, step, rng=np.random.default_rng(1), shrink=False, n_resamples=3)
    agree(gain, twin(events, table.journeys.outcome.tolist(), only=step))


@examples(15)
@given(event_logs(max_journeys=25), st.integers(2, 4))
def test_copies_of_every_customer_multiply_the_loss(events: list[Event], copies: int) -> None:
    """The index stays as it is. Rates are given one period, so that no cell grows beyond 20 visits."""
    once = [event._replace(channel="web") for event in events]
    few = twin(once, signal_table(once).journeys.outcome.tolist(), period=10**9)
    many = loss_of(signal_table(once, copies=copies), period=timedelta(days=10**5))
    assert many.total == pytest.approx(copies * few.total, rel=1e-9, abs=1e-9, nan_ok=True)
    assert many.index == pytest.approx(few.index, rel=1e-9, abs=1e-9, nan_ok=True)


@examples(15)
@given(event_logs(), st.integers(-(10**6), 10**6), st.randoms(use_true_random=False))
def test_names_row_order_and_clocks_do_not_matter(events: list[Event], shift: int, random: Any) -> None:
    plain = loss_of(signal_table(events), period=timedelta(minutes=14400))
    names = {"a": "z", "b": "m", "c": "k", "done": "done"}
    # Two cases are one customer's, and stay so when all are numbered backwards.
    last = 2 * (max(event.case for event in events) // 2) + 1
    other = [
        e._replace(touchpoint=names[e.touchpoint], channel=e.channel.upper(), case=last - e.case)
        for e in events
    ]
    random.shuffle(other)
    moved = signal_table(other, unit="s", origin=START + pd.Timedelta(minutes=shift))
    renamed = loss_of(moved, period=timedelta(seconds=14400))
    assert renamed.total == pytest.approx(plain.total, abs=1e-9, nan_ok=True)
    for step, amount in lost_at(plain).items():
        assert lost_at(renamed)[names[step]] == pytest.approx(amount, abs=1e-9, nan_ok=True)


def one_step(touchpoint: str, first_case: int, flagged: Sequence[int], clean: Sequence[int]) -> list[Event]:
    """Journeys with one visit each, of whom some reach the goal."""
    events: list[Event] = []
    ends = [("error", y) for y in flagged] + [("ok", y) for y in clean]
    for case, (word, reached) in enumerate(ends, start=first_case):
        events.append(Event(case, 10 * case, touchpoint, "web", word))
        if reached:
            events.append(Event(case, 10 * case + 1, "done", "web", "ok"))
    return events


def test_merging_touchpoints_with_identical_rates_adds_their_losses() -> None:
    flagged, clean = [1] * 5 + [0] * 25, [1] * 40 + [0] * 10
    parts = one_step("a", 0, flagged, clean) + one_step("b", 80, flagged, clean)
    apart = loss_of(signal_table(parts))
    merged = loss_of(signal_table([e._replace(touchpoint="m") if e.touchpoint in "ab" else e for e in parts]))
    assert lost_at(apart) == pytest.approx({"a": 30 * (0.8 - 1 / 6), "b": 30 * (0.8 - 1 / 6)})
    assert lost_at(merged) == pytest.approx({"m": 60 * (0.8 - 1 / 6)})


def test_a_thousand_payments_with_120_errors() -> None:
    """120 x (0.93 - 0.51) = 50.4 payments, at 180 each 9,072; RR 7, E-value 7 + sqrt(42)."""
    events = [Event(i, i, "payment", "web", "error" if i < 120 else "ok") for i in range(1000)]
    outcome = np.where(np.arange(1000) < 120, 0.51, 0.93)
    loss = friction_loss(
        signal_table(events), outcome=outcome, value=np.full(1000, 180.0), rng=np.random.default_rng(1)
    )
    assert loss.total == pytest.approx(50.4)
    assert loss.clv_total == pytest.approx(9072)
    assert loss.e_value[0] == pytest.approx(7 + math.sqrt(42))
    assert loss.interval.lower < 50.4 < loss.interval.upper
    assert loss.index == pytest.approx(100 * 50.4 / (0.51 * 120 + 0.93 * 880 + 50.4))
    assert loss.index_interval is not None
    assert loss.index_interval.contains(loss.index)
    assert str(loss).startswith("lost to friction: 50.4 (90 % interval")
    assert str(loss).endswith("most at payment (50.4, error)")
    assert "<p>" in loss._repr_html_()  # pyright: ignore[reportPrivateUsage]
    assert loss.to_frame()["main_signal"].tolist() == ["error"]


def test_money_is_lost_as_money() -> None:
    """Outcomes ten times as high lose ten times as much, and there is no E-value."""
    events = one_step("a", 0, [1, 0, 0, 0], [1, 1, 1, 0])
    table = signal_table(events)
    loss = loss_of(table, outcome=10.0 * table.journeys.outcome)
    assert loss.total == pytest.approx(20.0)
    assert np.isnan(loss.e_value).all()


def test_shrinks_by_the_beta_prior_of_highest_likelihood() -> None:
    """3/3, 150/500, 8/40, 40/100, 0/5, 12/90: the optimum is a = 3.9618, b = 10.2892."""
    hits = np.array([[3.0, 150, 8, 40, 0, 12]])
    n = np.array([[3.0, 500, 40, 100, 5, 90]])
    a, b = 3.9618, 10.2892
    (prior,) = prior_observations(hits, n, np.full(n.shape, a / (a + b)))
    assert prior == pytest.approx(a + b, rel=1e-3)
    drawn = (prior * a / (a + b) + hits) / (prior + n)
    assert drawn[0].round(3).tolist() == [0.404, 0.299, 0.220, 0.385, 0.206, 0.153]


def test_shrinks_to_the_pooled_rate_where_cells_are_alike() -> None:
    """No spread beyond chance sends the prior to infinity."""
    n = np.array([[10.0, 20, 30, 40]])
    rate = np.full((1, 4), 0.5)
    apart = np.add(rate, [[0.1, -0.05, 0, 0]])
    drawn = shrunken(apart, n, rate, np.zeros(4, dtype=np.int64), is_share=True)
    np.testing.assert_allclose(drawn, 0.5)


def test_shrinks_money_by_the_variance_between_strata() -> None:
    """DerSimonian and Laird by hand: means 0, 10, 20 of variance 4 each spread by 100 - 4 = 96."""
    value = np.array([[0.0, 10.0, 20.0]])
    n = np.full((1, 3), 25.0)
    squares = value**2 + 100.0
    drawn = shrunken(value, n, squares, np.zeros(3, dtype=np.int64), is_share=False)
    np.testing.assert_allclose(drawn, 10 + 0.96 * (value - 10))


def test_draws_of_groups_are_as_wide_as_draws_of_customers(monkeypatch: pytest.MonkeyPatch) -> None:
    """Eight hundred draws each: their widths differ by a few percent at most."""
    table = table_of_world(simulate_journeys(3000, rng=np.random.default_rng(7)))
    found: list[FrictionLoss] = []
    for few in (10**9, 0):
        monkeypatch.setattr(_loss_draws, "_FEW_VISITS", few)
        found.append(friction_loss(table, rng=np.random.default_rng(3), n_resamples=800))
        # What is found does not depend on the number of draws, not even in the last bit.
        assert friction_loss(table, rng=np.random.default_rng(4), n_resamples=1).total == found[-1].total
    exact, grouped = found
    assert grouped.total == pytest.approx(exact.total, rel=1e-12)
    assert grouped.interval.width == pytest.approx(exact.interval.width, rel=0.08)
    middle = [(loss.interval.lower + loss.interval.upper) / 2 for loss in found]
    assert abs(middle[1] - middle[0]) < 0.06 * exact.interval.width
    np.testing.assert_allclose(grouped.upper - grouped.lower, exact.upper - exact.lower, rtol=0.12)


def test_recovers_the_truth_of_a_world_and_of_fixing_one_touchpoint() -> None:
    """Whose friction is switched off with the same draws."""
    world = simulate_journeys(40_000, rng=np.random.default_rng(5))
    table = table_of_world(world)
    loss = friction_loss(table, rng=np.random.default_rng(1), n_resamples=100)
    assert loss.interval.contains(world.lost)
    assert loss.total == pytest.approx(world.lost, rel=0.06)
    gain = fix_gain(table, "payment", rng=np.random.default_rng(1), n_resamples=100)
    assert gain.total == pytest.approx(world.fix_gain["payment"], rel=0.06)
    assert loss.probability_positive[0] == 1.0


def test_behaviour_is_told_from_its_cause_by_strata_only() -> None:
    """Those who rage are those who want to buy: without knowing who does, rage seems to sell."""
    world = simulate_journeys(20_000, rng=np.random.default_rng(2), world=JourneyWorld.confounded())
    table = table_of_world(world)
    motivated = world.journeys["motivated"].to_numpy()
    naive = loss_of(table, studied="negative_emotion", strata={"nothing": np.zeros(motivated.size)})
    assert naive.total < 0
    assert "flagged journeys did better than clean ones at some touchpoints: confounded?" in naive.warnings
    told = loss_of(table, studied="negative_emotion", strata={"motivated": motivated})
    assert told.total == pytest.approx(world.lost, rel=0.2)


def test_nothing_flagged_has_the_limits_of_a_count_of_none() -> None:
    loss = loss_of(signal_table(one_step("a", 0, [], [1, 1, 0, 0])))
    assert (loss.total, loss.index, loss.touchpoints) == (0.0, 0.0, ())
    assert loss.interval.upper == pytest.approx(-math.log(0.05) * 0.5)
    assert loss.warnings[0].startswith("no at-risk visit shows a studied signal")
    assert loss.to_frame().empty


def test_everything_flagged_has_nothing_to_compare_with() -> None:
    loss = loss_of(signal_table(one_step("a", 0, [1, 0, 0], [])))
    assert np.isnan([loss.total, loss.index, loss.lower[0]]).all()
    assert loss.interval.upper == math.inf
    assert loss.n_unmatched == 3
    assert "no first flag can be compared with a clean visit: the total is not known" in loss.warnings
    assert "not known" in str(loss)


def test_no_goal_reached_loses_nothing_with_limits() -> None:
    loss = loss_of(signal_table(one_step("a", 0, [0] * 4, [0] * 6)))
    assert loss.total == 0
    assert math.isnan(loss.index)
    assert loss.index_interval is None
    assert loss.interval.lower == pytest.approx(-4 * (1 - 0.05 ** (1 / 4)))
    assert loss.interval.upper == pytest.approx(4 * (1 - 0.05 ** (1 / 5)))
    assert "no journey reached the goal: there is no conversion to lose" in loss.warnings


def test_a_loop_of_thousands_of_visits_has_a_finite_weight() -> None:
    """Its first visit stands for (10 / 9)^3000 others, more than there are numbers for."""
    loop = [Event(100, i, "a", "web", "ok") for i in range(3000)]
    others = [Event(i, 0, "a", "web", "error") for i in range(100)] * 4
    repeated = [e._replace(case=200 + i) for i, e in enumerate(others)]
    loss = loss_of(signal_table([*loop, *repeated]))
    assert loss.highest_weight == pytest.approx(math.exp(300))
    assert math.isfinite(loss.total)
    assert loss.warnings[1] == "1 of 1 strata with flags have fewer than 30 effective clean visits"


def test_no_index_where_only_flagged_journeys_convert() -> None:
    """Without the signals there would be nothing to lose a share of."""
    loss = loss_of(signal_table(one_step("a", 0, [1, 1], [0, 0])))
    assert loss.total == pytest.approx(-2.0)
    assert math.isnan(loss.index)
    assert "without the signals nobody would have converted: the index is not known" in loss.warnings


def test_a_negative_loss_is_told_and_flagged() -> None:
    loss = loss_of(signal_table(one_step("a", 0, [1] * 9 + [0], [0] * 9 + [1])))
    assert loss.total == pytest.approx(-8.0)
    assert loss.warnings[-1].endswith("confounded?")


def test_journeys_that_began_before_the_log_are_left_out_and_counted() -> None:
    late = [Event(9, 500, "b", "web", "ok"), Event(9, 501, "a", "web", "error")]
    events = [*one_step("a", 0, [1, 0], [1, 1]), *late]
    log = prepare_log(
        pd.DataFrame(events).assign(
            timestamp=START + pd.to_timedelta([e.minute for e in events], unit="min")
        ),
        EventSchema(case_id="case", channel="channel", outcome="outcome"),
    )
    journeys = find_journeys(log, goal="done", entry="a", end=START + pd.Timedelta(days=9))
    loss = loss_of(detect_signals(journeys), outcome=[1, 0, 1, 1, 0])
    assert (loss.n_journeys, loss.n_unknown) == (4, 1)
    assert loss.total == pytest.approx(1.0)


def test_signals_that_were_asked_for_and_not_looked_for_are_told() -> None:
    loss = loss_of(signal_table(one_step("a", 0, [0], [1])), studied=("error", "price_change"))
    assert loss.warnings[0].startswith("price_change could not be looked for: ")


SMALL = one_step("a", 0, [1, 0], [1, 1])


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"studied": "retry"}, "`studied` must hold system signals unless `strata` is given, got 'retry'"),
        ({"studied": "errors"}, "`studied` must name signals of the table, got 'errors'; they are error, "),
        ({"studied": ()}, "`studied` must name at least one signal, got none"),
        ({"outcome": [1.0]}, r"`outcome` must have one entry a journey, got shape \(1,\) for 4 journeys"),
        ({"outcome": [np.nan] * 4}, "`outcome` must be known for at least one journey, got none of 4"),
        ({"outcome": [np.inf, 0, 0, 0]}, "`outcome` must be finite or missing, got an infinite value"),
        (
            {"value": [1, 2, np.nan, 4]},
            r"`value` must be known for each journey, got none at position 2 \(1 of",
        ),
        ({"value": [1] * 4, "outcome": [9, 0, 0, 0]}, "`value` must not be given where outcomes are money"),
        ({"strata": {"x": [1]}}, r"`strata\['x'\]` must have one entry a journey"),
        ({"period": timedelta(0)}, "`period` must be a positive timedelta"),
        ({"n_resamples": 0}, "`n_resamples` must be a whole number at least 1, got 0"),
        ({"confidence_level": 1.0}, "`confidence_level` must be"),
        ({"rng": 1}, "`rng` must be a NumPy random generator, got 1"),
    ],
)
def test_says_what_is_wrong(options: dict[str, Any], message: str) -> None:
    with pytest.raises(InvalidInputError, match=message):
        loss_of(signal_table(SMALL), **options)


def test_a_touchpoint_to_fix_must_be_there() -> None:
    with pytest.raises(
        InvalidInputError, match="`touchpoint` must be one of the log, got 'x'; they are 'a', 'done'"
    ):
        fix_gain(signal_table(SMALL), "x", rng=np.random.default_rng(1))


def test_the_signals_of_the_twin_are_those_of_the_table() -> None:
    """Of all system signals only errors can be found in its logs."""
    table = signal_table([Event(0, 0, "a", "web", word) for word in FAILED])
    system = {signal.name for signal in DEFAULT_SIGNALS if signal.kind == "system"}
    assert system - set(table.absent) <= {"error", "unresolved"}

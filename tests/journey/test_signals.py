"""Signals: the same as in plain loops, the hotel story, edges, and what is refused."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given

from customer_centric.errors import InvalidInputError
from customer_centric.journey import (
    DEFAULT_SIGNALS,
    EventSchema,
    Signal,
    SignalTable,
    detect_signals,
    find_journeys,
    prepare_log,
)
from customer_centric.simulate import hotel_story
from effort import examples
from journey._logs import STEPS, event_logs, journeys_of
from journey._slow_signals import slow_signals

DAY = timedelta(days=1)


@given(event_logs())
@examples(100)
def test_rules_say_what_plain_loops_over_the_events_say(events: pd.DataFrame) -> None:
    """Severity and blame of every occurrence, whichever columns are there."""
    journeys = journeys_of(events)
    steps = tuple(step for step in STEPS if step in journeys.visits.touchpoints)
    waits_at = tuple(step for step in ("browse",) if step in steps)
    table = detect_signals(journeys, answer_within=DAY, steps=steps, waits_at=waits_at)
    slow = slow_signals(events, answer_within=DAY, steps=steps, waits_at=waits_at)
    expected = {(i, name): hit for name, found in slow.items() for i, hit in found.items()}
    got = {
        (int(v), table.names[s]): (float(x), int(b))
        for v, s, x, b in zip(table.visit, table.signal, table.severity, table.blamed, strict=True)
    }
    assert got.keys() == expected.keys()
    for key, (severity, blamed) in expected.items():
        assert got[key][0] == pytest.approx(severity, rel=1e-12), key
        assert got[key][1] == blamed, key
    assert not {name for _, name in expected} & table.absent.keys()


@given(event_logs())
@examples(30)
def test_neither_the_clock_nor_the_names_of_journeys_matter(events: pd.DataFrame) -> None:
    """Another epoch, another unit of time and other ids give the same occurrences."""
    moved = events.assign(
        timestamp=(events["timestamp"] + pd.Timedelta(days=400)).astype("datetime64[s]"),
        case_id="journey " + events["case_id"],
    )
    one, two = (detect_signals(journeys_of(frame), answer_within=DAY) for frame in (events, moved))
    for name in ("visit", "blamed", "signal"):
        np.testing.assert_array_equal(getattr(one, name), getattr(two, name))
    np.testing.assert_allclose(one.severity, two.severity, rtol=1e-12)


def test_the_hotel_story_is_seen_where_it_happened_and_blamed_where_it_began() -> None:
    log = prepare_log(hotel_story(), EventSchema.full())
    table = detect_signals(find_journeys(log, goal=(), contact="call_centre"))
    found = table.occurrences().drop(columns="case_id")
    assert list(found.itertuples(index=False, name=None)) == [
        ("error", 1.0, "card_entry", "card_entry"),
        ("retry", 1.0, "card_entry", "card_entry"),
        ("price_change", 1.0, "payment", "payment"),
        ("contact", 1.0, "call_centre", "payment"),
        ("unresolved", 1.0, "call_centre", "call_centre"),
        ("info_request", 3.0, "call_centre", "call_centre"),
        ("negative_emotion", 0.8, "call_centre", "call_centre"),
    ]
    frame = table.to_frame()
    np.testing.assert_array_equal(frame[list(table.names)].to_numpy(), table.dense())
    assert frame["touchpoint"].tolist() == ["cart", "card_entry", "card_entry", "payment", "call_centre"]
    assert table.dense()[0].sum() == 0


def events_of(rows: list[dict[str, Any]]) -> pd.DataFrame:
    """Events a minute apart, of one journey unless another is named."""
    moments = pd.Timestamp("2026-03-01") + pd.to_timedelta(range(len(rows)), unit="min")
    defaults = {"case_id": "c", "touchpoint": "cart"}
    return pd.DataFrame([defaults | row for row in rows]).assign(timestamp=moments)


def found_in(rows: list[dict[str, Any]], *signals: Signal, **options: Any) -> list[tuple[str, float]]:
    table = detect_signals(journeys_of(events_of(rows)), signals or DEFAULT_SIGNALS, **options)
    return [(table.names[s], float(x)) for s, x in zip(table.signal, table.severity, strict=True)]


def test_the_first_visit_can_be_blamed_for_what_has_no_visit_before() -> None:
    rows = [{"touchpoint": "call", "emotion": -1.0}]
    table = detect_signals(journeys_of(events_of(rows)))
    assert [table.names[s] for s in table.signal] == ["contact", "negative_emotion"]
    assert table.visit.tolist() == table.blamed.tolist() == [0, 0]


def test_a_price_hurts_when_it_rises_and_not_again_while_it_stays() -> None:
    """Rises beyond the highest price before, as shares of the first; other items and currencies apart."""
    prices = [100, 130, 130, 90, 120, 250, 300]
    rows = [{"item": "room", "price": float(price), "outcome": "ok"} for price in prices]
    assert [x for name, x in found_in(rows) if name == "price_change"] == pytest.approx([0.3, 0.7])
    half = [x for name, x in found_in(rows, price_scale=0.5) if name == "price_change"]
    assert half == pytest.approx([0.6, 0.4])
    money = events_of(rows[:2]).assign(currency=["EUR", "USD"])
    schema = EventSchema(item="item", price="price", currency="currency", outcome="outcome")
    assert detect_signals(find_journeys(prepare_log(money, schema), goal=())).visit.size == 0


def test_waits_need_visits_to_compare_with_and_visits_that_differ() -> None:
    """Twenty visits without another signal, not all alike; beyond the 99th percentile a wait is full."""
    minutes = [*range(1, 31), 300]
    rows = [
        {"case_id": f"{i:02d}", "actor": actor, "outcome": outcome}
        for i in range(len(minutes))
        for actor, outcome in (("customer", "pending"), ("company", "ok"))
    ]
    begin = pd.Timestamp("2026-03-01")
    moments = [begin + pd.Timedelta(minutes=m) for wait in minutes for m in (0, wait)]

    def waits(frame: pd.DataFrame) -> SignalTable:
        return detect_signals(journeys_of(frame), [s for s in DEFAULT_SIGNALS if s.name == "wait"])

    spread = waits(events_of(rows).assign(timestamp=moments))
    middle, far = np.quantile(minutes, (0.5, 0.99))
    assert spread.severity[0] == pytest.approx(np.log(17 / middle) / np.log(far / middle))
    assert spread.severity[-1] == 1
    assert spread.visit.size == 15
    too_few = waits(events_of(rows[:38]).assign(timestamp=moments[:38]))
    alike = waits(events_of(rows))
    for table in (too_few, alike):
        assert table.visit.size == 0
        assert table.absent == {
            "wait": "no touchpoint has 20 visits without another signal, not all alike, to tell what is usual"
        }


def test_what_comes_after_the_goal_is_no_contact_on_the_way_to_it() -> None:
    rows = [{"touchpoint": "call"}, {"touchpoint": "stay"}, {"touchpoint": "call"}]
    assert [name for name, _ in found_in(rows)] == ["contact", "repeat_contact"]
    assert journeys_of(events_of(rows)).visits.after_goal.tolist() == [False, False, True]


def test_a_loop_of_ten_thousand_visits_is_ten_thousand_visits() -> None:
    rows = [{"touchpoint": step, "outcome": "error"} for step in ("cart", "pay")] * 5_000
    names = [name for name, _ in found_in(rows, steps=("cart", "pay"))]
    counts = {name: names.count(name) for name in set(names)}
    assert counts == {"error": 10_000, "rework": 9_998, "backtrack": 4_999}


def test_all_alike_and_nothing_at_all_show_no_signal() -> None:
    calm = [{"case_id": f"{i}", "outcome": "ok"} for i in range(30)]
    assert found_in(calm) == []
    empty = events_of(calm).iloc[:0]
    table = detect_signals(find_journeys(prepare_log(empty, EventSchema(outcome="outcome")), goal="stay"))
    assert table.visit.size == 0
    assert table.dense().shape == (0, len(DEFAULT_SIGNALS))


def test_missing_channels_and_outcomes_prove_nothing() -> None:
    """A channel that nobody wrote down is no switch, and a missing outcome no error, but retried."""
    rows = [{"channel": "web", "outcome": "error"}, {"channel": None}, {"channel": "phone"}]
    assert [name for name, _ in found_in(rows)] == ["error", "retry", "retry"]
    rows[1]["touchpoint"] = rows[2]["touchpoint"] = "pay"
    rows[1] |= {"channel": "phone", "outcome": "ok"}
    assert [name for name, _ in found_in(rows)] == ["error", "channel_switch"]


def test_every_default_signal_says_what_it_lacks() -> None:
    bare = detect_signals(journeys_of(events_of([{}, {"touchpoint": "pay"}])))
    assert bare.absent == {
        "error": "the log has no `outcome`",
        "backtrack": "`steps` does not say in which order touchpoints are meant to be passed",
        "wait": "the log has no `actor`, and `waits_at` names no touchpoint",
        "effort": "each visit is one event",
        "price_change": "the log has no `price` and `item`",
        "availability_loss": "the log has no `intent`",
        "channel_switch": "the log has no `channel`",
        "contact": "no touchpoint is a `contact`",
        "repeat_contact": "no touchpoint is a `contact`",
        "unresolved": "the log has neither `outcome` nor `intent`",
        "info_request": "the log has no `intent`",
        "missing_response": "`answer_within` does not say how soon the company promises to answer",
        "negative_emotion": "the log has no `emotion`",
    }
    silent = detect_signals(journeys_of(events_of([{}])), answer_within=DAY)
    assert silent.absent["missing_response"] == "the log has no `actor`"


def own(of: Any, **changes: Any) -> Signal:
    return Signal(**({"name": "own", "kind": "system", "weight": 0.5, "rule": of} | changes))


def test_signals_of_your_own_have_severities_and_blame() -> None:
    rows = [{"touchpoint": step} for step in ("browse", "cart", "call")]
    mine = own(lambda _: np.array([0, 0.5, 2]), blame="previous")
    flags = own(lambda visits: visits.contact, name="flags", blame="cause")
    table = detect_signals(journeys_of(events_of(rows)), [mine, flags])
    assert table.occurrences()["blamed"].tolist() == ["browse", "cart", "cart"]
    assert table.severity.tolist() == [0.5, 2, 1]
    assert mine.units == pytest.approx(np.log(2))


def test_emotions_are_blamed_on_what_any_other_signal_is_blamed_on() -> None:
    """Also on signals of the user, whatever their order; two followers do not chase each other."""
    rows = [{"touchpoint": "browse"}, {"touchpoint": "cart"}, {"touchpoint": "pay", "emotion": -1.0}]
    anger = next(s for s in DEFAULT_SIGNALS if s.name == "negative_emotion")
    late = own(lambda visits: visits.touchpoint == 1, blame="previous")
    follower = own(lambda visits: visits.touchpoint == 2, name="follower", blame="last_signalled")
    for order in ([anger, late, follower], [follower, late, anger]):
        table = detect_signals(journeys_of(events_of(rows)), order)
        assert table.occurrences()["blamed"].tolist() == ["browse"] * 3


def test_what_is_benign_somewhere_is_no_signal_there() -> None:
    rows = [{"touchpoint": step} for step in ("browse", "cart", "browse", "cart")]
    calm = Signal(name="rework", kind="behaviour", weight=0.05, benign=frozenset({"browse"}))
    assert len(found_in(rows)) == 2
    assert found_in(rows, calm) == [("rework", 1.0)]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"weight": 1.0}, "`weight` must be .* less than 1, got 1"),
        ({"kind": "mood"}, "`kind` must be one of 'system', 'behaviour', got 'mood'"),
        ({"blame": "exit"}, "`blame` must be one of 'self', .*, got 'exit'"),
        ({"blame": "earlier"}, "`blame` must not be \"earlier\" for 'own': only a repeated contact"),
        ({"rule": None}, "`rule` must be given for a signal of your own, got None for 'own'"),
        ({"benign": "browse"}, "`benign` must be a set of touchpoints, got the text 'browse'"),
    ],
)
def test_signals_that_cannot_be_are_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(InvalidInputError, match=message):
        own(lambda visits: visits.contact, **changes)


@pytest.mark.parametrize(
    ("signals", "options", "message"),
    [
        (
            [own(lambda _: [1.0])],
            {},
            "`rule` of 'own' must give one severity a visit, got shape \\(1,\\) for 2",
        ),
        ([own(lambda _: [1.0, -1.0])], {}, "`rule of 'own'` must be .* at least 0, got -1 at position 1"),
        (
            [own(lambda _: [np.nan, 1])],
            {},
            "`rule of 'own'` must be a finite number .*, got nan at position 0",
        ),
        ([own(lambda _: ["a", "b"])], {}, "`rule of 'own'` must be numbers, got values of type text"),
        ([own(lambda v: v.contact)] * 2, {}, "`signals` must have different names, got \\['own', 'own'\\]"),
        (
            [own(lambda v: v.contact, benign=frozenset({"cat"}))],
            {},
            "`benign of 'own'` must be touchpoints of the log, got 'cat'; its touchpoints are 'cart', 'pay'",
        ),
        (DEFAULT_SIGNALS, {"steps": ("cart", "cat")}, "`steps` must be touchpoints of the log, got 'cat'"),
        (DEFAULT_SIGNALS, {"steps": ("cart", "cart")}, "`steps` must be different touchpoints"),
        (
            DEFAULT_SIGNALS,
            {"waits_at": "cart"},
            "`waits_at` must be several touchpoints, got the text 'cart'",
        ),
        (DEFAULT_SIGNALS, {"retry_within": timedelta(0)}, "`retry_within` must be a positive timedelta"),
        (DEFAULT_SIGNALS, {"repeat_within": 7}, "`repeat_within` must be a positive timedelta, got 7"),
        (DEFAULT_SIGNALS, {"answer_within": -DAY}, "`answer_within` must be a positive timedelta"),
        (DEFAULT_SIGNALS, {"price_scale": 0}, "`price_scale` must be .* greater than 0, got 0"),
    ],
)
def test_questions_that_cannot_be_answered_are_refused(
    signals: list[Signal], options: dict[str, Any], message: str
) -> None:
    with pytest.raises(InvalidInputError, match=message):
        detect_signals(journeys_of(events_of([{}, {"touchpoint": "pay"}])), signals, **options)

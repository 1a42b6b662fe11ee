"""How journeys ended, and what must not change it."""

from __future__ import annotations

import datetime as dt
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import customer_centric as cc
from customer_centric import EventSchema, Journeys, detect_signals, find_journeys, friction_score, prepare_log
from effort import examples
from journey._engines import ENGINES, as_engine
from journey._logs import CONTACTS, GOAL, event_logs

START = pd.Timestamp("2026-03-01 10:00")


def table(*journeys: str, outcome: dict[str, str] | None = None) -> pd.DataFrame:
    """Journeys as words, an event a minute; the first begins first."""
    rows = [
        (f"j{i}", step, START + pd.Timedelta(hours=i, minutes=minute), (outcome or {}).get(step, "ok"))
        for i, words in enumerate(journeys)
        for minute, step in enumerate(words.split())
    ]
    return pd.DataFrame(rows, columns=["case_id", "touchpoint", "timestamp", "outcome"])


def status(found: Journeys) -> list[str]:
    """The status of each journey."""
    return found.to_frame()["status"].tolist()


@pytest.mark.parametrize("engine", ENGINES)
def test_status_is_never_told_by_the_last_event_alone(engine: str) -> None:
    """Converted before all else; silence is open until it is closed; who called last escalated."""
    events = table("cart pay buy", "cart", "cart call", "cart bye", "pay buy", "cart buy call bye", "cart")
    log = prepare_log(as_engine(events, engine))
    words: dict[str, Any] = {"goal": "buy", "contact": "call", "lost": "bye", "entry": "cart"}
    found = find_journeys(log, **words)
    expected = ["converted", "open", "open", "abandoned", "left_truncated", "converted", "open"]
    assert status(found) == expected
    closed = find_journeys(log, **words, closed_after=dt.timedelta(hours=2), end=START + pd.Timedelta("6h"))
    expected[1:3] = ["abandoned", "escalated"]
    assert status(closed) == expected
    assert closed.outcome.tolist() == pytest.approx([1, 0, 0, 0, np.nan, 1, np.nan], nan_ok=True)
    assert closed.visits.after_goal.tolist()[-3:-1] == [True, True]
    assert closed.log_end == np.datetime64("2026-03-01T16:00")


def test_a_goal_that_fails_is_not_reached() -> None:
    """An error at the goal is none; a missing outcome is not a failure; the first success counts."""
    events = table("cart buy", "cart buy buy buy")
    events["outcome"] = ["ok", "error", "ok", "declined", None, "ok"]
    found = find_journeys(prepare_log(events, EventSchema(outcome="outcome")), goal="buy")
    assert status(found) == ["open", "converted"]
    assert found.goal_visit.tolist() == [-1, 4]
    assert found.visits.after_goal.tolist() == [False] * 5 + [True]


def test_zones_come_back_as_moments_of_utc() -> None:
    """Gaps are those of real time, whatever the clocks showed; the end has a zone as the log has."""
    events = table("cart buy")
    events["timestamp"] = events["timestamp"].dt.tz_localize("Europe/Berlin")
    log = prepare_log(events)
    found = find_journeys(log, goal="buy", end="2026-03-01 12:00+01:00")
    assert found.log_end == np.datetime64("2026-03-01T11:00")
    assert found.to_frame()["start"].tolist() == [pd.Timestamp("2026-03-01 09:00", tz="UTC")]
    with pytest.raises(cc.InvalidInputError, match="`end` must be with a time zone as the log is"):
        find_journeys(log, goal="buy", end="2026-03-01 12:00")


def test_wrong_arguments_are_refused() -> None:
    """Unknown touchpoints, one with two meanings, and an end before that of the log."""
    log = prepare_log(table("cart buy", "cart bye"))
    with pytest.raises(
        cc.InvalidInputError, match="`goal` must be touchpoints of the log, got 'by'; its touc"
    ):
        find_journeys(log, goal="by")
    with pytest.raises(
        cc.InvalidInputError, match="`lost` must not share touchpoints with `goal`, got 'buy'"
    ):
        find_journeys(log, goal="buy", lost=["bye", "buy"])
    with pytest.raises(cc.InvalidInputError, match="`end` must not be before the last event"):
        find_journeys(log, goal="buy", end=START)
    with pytest.raises(cc.InvalidInputError, match="`closed_after` must be positive, got 0:00:00"):
        find_journeys(log, goal="buy", closed_after=dt.timedelta(0))


def results(events: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Journeys without their names, and the score of each, in the order of their begins."""
    named = {name: name for name in events.columns if name not in {"case_id", "touchpoint", "timestamp"}}
    log = prepare_log(events, EventSchema(**named), duplicates="keep")
    known = set(log.touchpoints)
    goal = [step for step in (GOAL, GOAL.upper()) if step in known]
    contact = [step for step in (*CONTACTS, *map(str.upper, CONTACTS)) if step in known]
    found = find_journeys(log, goal=goal, contact=contact, closed_after=dt.timedelta(days=7))
    score = friction_score(detect_signals(found), by="journey").to_frame()
    return found.to_frame(), score


@examples(25)
@given(event_logs(), st.integers(0, 2**31))
def test_rows_names_shifts_and_units_do_not_matter(events: pd.DataFrame, seed: int) -> None:
    """Shuffled rows with an order, other ids and steps, later years and finer clocks: the same answer."""
    events = events.assign(order=np.arange(len(events)))
    journeys, score = results(events)
    renamed = events.assign(
        case_id="x" + events["case_id"], touchpoint=events["touchpoint"].str.upper()
    ).sample(frac=1.0, random_state=seed)
    shift = pd.Timedelta(days=400)
    later = renamed.assign(timestamp=(renamed["timestamp"] + shift).astype("datetime64[ns]"))
    moved, moved_score = results(later)
    for name in ("status", "outcome", "n_visits"):
        pd.testing.assert_series_equal(journeys[name], moved[name])
    for name in ("start", "end"):
        assert (moved[name] - journeys[name] == shift).all()
    numbers = score.select_dtypes("number")
    pd.testing.assert_frame_equal(numbers, moved_score[numbers.columns])

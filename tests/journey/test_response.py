"""Response time: by hand, the waiting ones, what is left out, and refusals."""

from __future__ import annotations

import math
from datetime import timedelta

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from customer_centric.errors import InvalidInputError
from customer_centric.intervals import wilson_interval
from customer_centric.journey import (
    EventSchema,
    Journeys,
    ResponseTime,
    find_journeys,
    prepare_log,
    response_time,
)
from customer_centric.simulate import hotel_story
from effort import examples

START = pd.Timestamp("2026-01-05")


def journeys_of(
    waits: list[tuple[float, float | None]], *, end: float, customers: int | None = None
) -> Journeys:
    """Messages at an hour, and the hours until the answer, None without one."""
    rows: list[tuple[str, str, pd.Timestamp, str]] = []
    for k, (asked, wait) in enumerate(waits):
        who = f"c{k if customers is None else k % customers}"
        rows.append((f"j{k}", who, START + timedelta(hours=asked), "customer"))
        if wait is not None:
            rows.append((f"j{k}", who, START + timedelta(hours=asked + wait), "company"))
    events = pd.DataFrame(rows, columns=["case_id", "customer_id", "timestamp", "actor"])
    events["touchpoint"] = "mail"
    log = prepare_log(events, EventSchema(customer_id="customer_id", actor="actor"))
    return find_journeys(log, goal=(), contact="mail", end=START + timedelta(hours=end))


def hours(
    waits: list[tuple[float, float | None]], *, end: float, promise: float | None = None
) -> ResponseTime:
    return response_time(
        journeys_of(waits, end=end),
        unit="hour",
        promise=None if promise is None else timedelta(hours=promise),
    )


def test_who_still_waits_is_not_missing() -> None:
    """Answers after 1 and 2 hours, two messages without: the median is 2, not the 1.5 of those answered."""
    found = hours([(0, 1), (0, 2), (0, None), (9, None)], end=10)
    assert (found.n, found.n_answered) == (4, 2)
    # At 1 hour 4 wait, one of them is last seen there; at 2 hours two wait.
    assert found.share_answered == pytest.approx([0.25, 0.625, 0.625])
    assert found.median == 2.0
    assert found.interval.upper == math.inf
    assert found.quantile(0.25)[0] == 1.0
    assert math.isnan(found.quantile(0.9)[0])
    assert found.at(1.5)[0] == pytest.approx(0.25)
    assert found.to_frame()["at_risk"].tolist() == [4, 2, 1]
    assert "4 messages, 2 still waiting: half are answered within 2 hours" in found._repr_html_()


def test_share_in_time_asks_those_who_were_watched_as_long() -> None:
    """Of four, one waits too short to be late: two of three are answered within an hour."""
    found = hours([(0, 1), (0, 0.5), (0, None), (9.5, None)], end=10, promise=1)
    assert (found.n_due, found.n_kept) == (3, 2)
    assert found.share == pytest.approx(2 / 3)
    lower, upper = wilson_interval(2, 3)
    assert found.share_interval is not None
    assert found.share_interval.lower == pytest.approx(float(lower))
    assert found.share_interval.upper == pytest.approx(float(upper))
    assert "66.7 % in time" in str(found)


@examples(25)
@given(
    st.lists(st.tuples(st.integers(0, 20), st.none() | st.integers(1, 15)), min_size=1, max_size=20),
    st.integers(1, 10),
)
def test_slow_twin(waits: list[tuple[int, int | None]], promise: int) -> None:
    """A loop over messages and times finds the same curve and share; shares are between 0 and 1."""
    end = 40
    found = hours([(float(a), w) for a, w in waits], end=end, promise=promise)
    seen = [(end - a if w is None else w, w is not None) for a, w in waits]
    left = 1.0
    for place, t in enumerate(sorted({d for d, _ in seen})):
        at_risk = sum(d >= t for d, _ in seen)
        left *= 1 - sum(d == t and done for d, done in seen) / at_risk
        assert found.share_answered[place] == pytest.approx(1 - left)
    due = [(a, w) for a, w in waits if w is not None or end - a >= promise]
    assert found.n_due == len(due)
    assert found.n_kept == sum(w is not None and w <= promise for _, w in due)
    assert np.all(
        (found.lower <= found.share_answered + 1e-12) & (found.share_answered <= found.upper + 1e-12)
    )


def test_units_are_the_same_curve() -> None:
    journeys = journeys_of([(0, 1), (0, 2), (1, 3)], end=10)
    slow, quick = (response_time(journeys, unit=unit) for unit in ("hour", "minute"))
    assert quick.median == 60 * slow.median
    assert quick.duration == pytest.approx(60 * slow.duration)


def test_messages_of_one_customer_tell_less() -> None:
    """Thirty messages of three customers, two of whom are answered at once, have wider bounds."""
    waits = [(0.0, 30.0 + k if k % 3 else 1.0 + k) for k in range(30)]
    alone = response_time(journeys_of(waits, end=100), unit="hour")
    few = response_time(journeys_of(waits, end=100, customers=3), unit="hour")
    assert few.median == alone.median
    assert few.interval.width > alone.interval.width


def test_the_wall_of_the_hotel_answers_soon_and_a_call_that_ended_well_is_untimed() -> None:
    """A closed call without an event of the company was answered, at a moment that nobody noted."""
    story = hotel_story()
    journeys = find_journeys(prepare_log(story, EventSchema.full()), goal=(), contact="call_centre")
    found = response_time(journeys, unit="minute", promise=timedelta(minutes=1))
    assert (found.median, found.n_kept, found.n_due) == (2.0, 0, 1)
    call = story.head(5).assign(outcome="ok")
    journeys = find_journeys(prepare_log(call, EventSchema.full()), goal=(), contact="call_centre")
    quiet = response_time(journeys, unit="minute", promise=timedelta(minutes=1))
    assert (quiet.n, quiet.n_untimed) == (0, 1)
    assert quiet.reason == "no customer asked for anything"
    assert math.isnan(quiet.share)
    assert math.isnan(quiet.median)
    other = response_time(journeys, unit="minute", touchpoints="payment")
    assert (other.n, other.n_untimed) == (0, 1)


def test_nobody_is_answered() -> None:
    found = hours([(0, None), (5, None)], end=10, promise=20)
    assert math.isnan(found.median)
    assert found.reason == "no message was answered or watched for as long as the promise"
    assert "fewer than half are known to be answered ever" in str(found)
    assert hours([(0, None)], end=10).reason == "fewer than half of the messages are known to be answered"


def test_refusals() -> None:
    journeys = journeys_of([(0, 1)], end=10)
    with pytest.raises(InvalidInputError, match="`unit` must be one of 'second'"):
        response_time(journeys, unit="week")  # type: ignore[arg-type]
    with pytest.raises(InvalidInputError, match="`promise` must be a positive timedelta, got 5"):
        response_time(journeys, unit="hour", promise=5)  # type: ignore[arg-type]
    with pytest.raises(InvalidInputError, match="`touchpoints` must be one of 'mail', got 'fax'"):
        response_time(journeys, unit="hour", touchpoints="fax")
    log = prepare_log(hotel_story(), EventSchema.full())
    with pytest.raises(InvalidInputError, match="`touchpoints` must be given where the journeys have no"):
        response_time(find_journeys(log, goal=()), unit="hour")
    plain = prepare_log(hotel_story(), EventSchema())
    with pytest.raises(InvalidInputError, match="got a log without an `actor`"):
        response_time(find_journeys(plain, goal=(), contact="call_centre"), unit="hour")

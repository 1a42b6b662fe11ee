"""Gaps and silences of a log, by hand, and what they say of a world whose truth is known."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from customer_centric.errors import InvalidInputError
from customer_centric.journey import (
    Journeys,
    find_first_outcomes,
    find_journeys,
    find_silences,
    outcome_incidence,
    prepare_log,
    soft_abandonment,
)


def journeys_of(rows: list[tuple[str, str, str]], end: str, **options: Any) -> Journeys:
    case, touchpoint, clock = zip(*rows, strict=True)
    at = pd.to_datetime([f"2026-03-01 {moment}" for moment in clock])
    log = prepare_log(pd.DataFrame({"case_id": case, "touchpoint": touchpoint, "timestamp": at}))
    return find_journeys(log, goal="done", lost="exit", end=f"2026-03-01 {end}", **options)


def test_gaps_end_at_the_goal_and_silences_at_the_end_of_the_log() -> None:
    """a converts and comes back after it, b is open since 10:30, c leaves, d has two events at one moment."""
    journeys = journeys_of(
        [
            *(("a", "cart", "10:00"), ("a", "done", "10:06"), ("a", "cart", "10:20")),
            *(("b", "cart", "10:00"), ("b", "pay", "10:30")),
            *(("c", "cart", "10:00"), ("c", "exit", "10:01")),
            *(("d", "cart", "10:10"), ("d", "pay", "10:10")),
        ],
        "12:00",
    )
    found = find_silences(journeys, unit="minute")
    assert sorted(found.gaps.tolist()) == [1, 6, 30]
    assert found.silences.tolist() == [90, 110]
    assert found.open.tolist() == [False, True, False, True]
    assert found.n_instant == 1
    hours = find_silences(journeys, unit="hour", at="pay")
    assert (hours.gaps.tolist(), hours.silences.tolist()) == ([], pytest.approx([1.5, 110 / 60]))
    assert find_silences(journeys, unit="day", at=["cart"]).silences.size == 0


def test_the_mixture_of_a_log_finds_who_is_gone() -> None:
    """Carts over 30 days, of which 60 % are paid after a day or so: the others never are."""
    rng = np.random.default_rng(1)
    n = 1500
    start = pd.Timestamp("2026-03-01") + pd.to_timedelta(np.round(rng.uniform(0, 30, n) * 86400), unit="s")
    later = start + pd.to_timedelta(np.ceil(rng.lognormal(0.0, 1.5, n) * 86400), unit="s")
    paid = (rng.random(n) < 0.6) & (later <= pd.Timestamp("2026-03-31"))
    case = np.arange(n)
    events = pd.DataFrame(
        {
            "case_id": np.concatenate([case, case[paid]]),
            "touchpoint": ["cart"] * n + ["done"] * int(paid.sum()),
            "timestamp": start.append(later[paid]),
        }
    )
    journeys = find_journeys(prepare_log(events), goal="done", end="2026-03-31")
    found = find_silences(journeys, unit="day")
    fit = soft_abandonment(found.gaps, found.silences, unit=found.unit)
    assert fit.interval.contains(0.6)
    assert (fit.n_returned, fit.n_silent) == (paid.sum(), (~paid).sum())


def test_what_came_first_ends_the_race() -> None:
    """a converts, b calls before it converts, c leaves, d is open, e began before the log."""
    journeys = journeys_of(
        [
            *(("a", "cart", "10:00"), ("a", "done", "10:06"), ("a", "call", "10:20")),
            *(("b", "cart", "10:00"), ("b", "call", "10:10"), ("b", "done", "10:30")),
            *(("c", "cart", "10:00"), ("c", "exit", "10:01")),
            ("d", "cart", "10:30"),
            *(("e", "pay", "10:00"), ("e", "done", "10:01")),
        ],
        "12:00",
        contact="call",
        entry="cart",
    )
    found = find_first_outcomes(journeys, unit="minute")
    assert found.outcome.tolist() == ["convert", "contact", "leave", None]
    assert found.duration.tolist() == [6, 10, 1, 90]
    assert found.n_left_out == 1
    race = outcome_incidence(found.duration, found.outcome, unit=found.unit)
    assert race.open[-1] == pytest.approx(0.25)
    assert [race.at(name, 30)[0] for name in race.outcomes] == pytest.approx([0.25, 0.25, 0.25])


def test_refusals() -> None:
    journeys = journeys_of([("a", "cart", "10:00"), ("a", "done", "10:06"), ("b", "exit", "10:00")], "12:00")
    with pytest.raises(InvalidInputError, match="`at` must be touchpoints of the log, got 'till'; its"):
        find_silences(journeys, unit="day", at="till")
    with pytest.raises(InvalidInputError, match=r"`unit` must be one of 'second', .*, got 'week'"):
        find_silences(journeys, unit="week")  # type: ignore[arg-type]
    with pytest.raises(InvalidInputError, match=r"`unit` must be one of 'second', .*, got 'week'"):
        find_first_outcomes(journeys, unit="week")  # type: ignore[arg-type]

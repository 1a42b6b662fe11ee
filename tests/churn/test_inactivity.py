"""A silence after which customers are lost, with the stated share of false alarms."""

from __future__ import annotations

import math
from datetime import date, timedelta
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from churn._engines import LAZY, engines, in_engine
from customer_centric.churn import InactivityThreshold, inactivity_threshold
from customer_centric.churn._gaps import gaps_of
from customer_centric.errors import InvalidInputError, MissingColumnError

FIRST = date(2024, 1, 1)
LOG = {"customer": "id", "date": "when"}
EVENTS = st.lists(st.tuples(st.integers(1, 5), st.integers(0, 99)), min_size=1, max_size=40)


def log_of(events: list[tuple[int, int]]) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "id": pd.Series([event[0] for event in events], dtype="int64"),
            "when": pd.Series(
                [pd.Timestamp(FIRST + timedelta(days=event[1])) for event in events], dtype="datetime64[us]"
            ),
        }
    )


def threshold(events: list[tuple[int, int]], share: float, engine: str = "pandas") -> InactivityThreshold:
    return inactivity_threshold(
        in_engine(log_of(events), engine),
        **LOG,
        end=FIRST + timedelta(days=120),
        unit="day",
        false_churn=share,
    )


def slow_gaps(events: list[tuple[int, int]], last: int) -> list[tuple[int, bool, float]]:
    """Length, whether it ended, and weight of each gap, customer by customer."""
    gaps: list[tuple[int, bool, float]] = []
    for customer in {c for c, _ in events}:
        days = sorted({day for c, day in events if c == customer and day <= last})
        if days:
            mine = [(b - a, True) for a, b in pairwise(days)] + [(last - days[-1], False)]
            gaps += [(length, ended, 1 / len(mine)) for length, ended in mine]
    return sorted(gaps)


@given(EVENTS, st.integers(0, 110))
def test_gaps_are_those_of_looking_at_each_customer(events: list[tuple[int, int]], last: int) -> None:
    day = (FIRST - date(1970, 1, 1)).days + last
    gaps = gaps_of(log_of(events), customer="id", date="when", last=day, time_zone=None)
    slow = slow_gaps(events, last)
    assert gaps.n.sum() == len(slow)
    for days, ended, n, weight in zip(gaps.days, gaps.ended, gaps.n, gaps.weight, strict=True):
        same = [gap for gap in slow if (gap[0], gap[1]) == (days, ended)]
        assert len(same) == n
        assert sum(gap[2] for gap in same) == pytest.approx(weight)
    assert gaps.n_customers == round(gaps.weight.sum())
    assert gaps.n_later == sum(event[1] > last for event in events)


@given(EVENTS, st.floats(0.02, 0.6))
def test_the_share_is_kept_and_the_threshold_is_the_shortest_that_does(
    events: list[tuple[int, int]], share: float
) -> None:
    if not any(ended for _, ended, _ in slow_gaps(events, 120)):
        with pytest.raises(
            InvalidInputError, match="`log` must have customers who bought on more than one day"
        ):
            threshold(events, share)
        return
    found = threshold(events, share)
    assert found.false_churn <= share
    assert found.interval.contains(found.false_churn)
    assert found.interval.width > 0
    assert found.declared - found.recovered == found.net
    assert found.net <= found.n_customers
    assert (found.recovered_interval is None) == (found.declared == 0)
    assert threshold(events, min(share + 0.2, 0.9)).threshold <= found.threshold


@engines
def test_every_engine_has_the_same_threshold(engine: str) -> None:
    rng = np.random.default_rng(1)
    events = [
        (int(c), int(d)) for c, d in zip(rng.integers(0, 60, 500), rng.integers(0, 100, 500), strict=True)
    ]
    found, expected = threshold(events, 0.1, engine), threshold(events, 0.1)
    # Engines add the weights in different orders.
    for name in ("threshold", "false_churn"):
        assert getattr(found, name) == pytest.approx(getattr(expected, name), rel=1e-12)
    for name in ("declared", "recovered", "net", "n_customers", "n_later"):
        assert getattr(found, name) == getattr(expected, name)


def test_customers_who_left_do_not_lengthen_the_threshold() -> None:
    """Gaps of those who stay are exponential with mean 5; half of the customers are gone for good."""
    rng = np.random.default_rng(2)
    events: list[tuple[int, int]] = []
    for customer in range(600):
        gone = rng.integers(5, 40) if customer % 2 else 1000
        day = int(rng.integers(0, 10))
        while day < min(gone, 119):
            events.append((customer, day))
            day += 1 + int(rng.exponential(5))
    found = threshold(events, 0.1)
    expected = 1 + 5 * math.log(10)
    assert found.threshold == pytest.approx(expected, abs=3)
    assert "lost after" in str(found)
    assert "declared" in found._repr_html_()


def test_units_are_those_asked_for() -> None:
    events = [(1, 0), (1, 14), (2, 0), (2, 7)]
    arguments = {**LOG, "end": "2024-04-30", "false_churn": 0.1}
    day = inactivity_threshold(log_of(events), **arguments, unit="day")
    week = inactivity_threshold(log_of(events), **arguments, unit="week")
    assert (day.threshold, week.threshold, week.detection_delay) == (14.0, 2.0, 2.0)


@pytest.mark.parametrize("engine", ["pandas", *LAZY])
def test_refusals(engine: str) -> None:
    log = in_engine(log_of([(1, 0), (1, 5)]), engine)
    with pytest.raises(InvalidInputError, match=r"`false_churn` must be .* less than 1, got 1"):
        inactivity_threshold(log, **LOG, end="2024-03-01", unit="day", false_churn=1.0)
    with pytest.raises(MissingColumnError, match="`customer` must be a column"):
        inactivity_threshold(log, customer="who", date="when", end="2024-03-01", unit="day")
    with pytest.raises(InvalidInputError, match="`unit` must be one of"):
        inactivity_threshold(log, **LOG, end="2024-03-01", unit="year")  # type: ignore[arg-type]
    bad = in_engine(pd.DataFrame({"id": ["a", None], "when": ["2024-01-01"] * 2}), engine)
    with pytest.raises(InvalidInputError, match=r"`customer` \(column 'id'\) must be present in every row"):
        inactivity_threshold(bad, **LOG, end="2024-03-01", unit="day")
    empty = in_engine(log_of([(1, 0)]).head(0), engine)
    with pytest.raises(InvalidInputError, match="got none of 0"):
        inactivity_threshold(empty, **LOG, end="2024-03-01", unit="day")

"""The feedback loop: by hand, in every engine in memory, laws, and what is refused."""

from __future__ import annotations

import math
from datetime import timedelta
from typing import Any

import pandas as pd
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from customer_centric.errors import InvalidInputError, MissingColumnError
from customer_centric.intervals import wilson_interval
from customer_centric.journey import FeedbackLoop, feedback_loop
from effort import examples

MONTH = timedelta(days=30)
START = pd.Timestamp("2026-01-01")
END = START + timedelta(days=100)


def table(rows: list[tuple[float, float | None, float | None, float | None]]) -> pd.DataFrame:
    """Days of arrival, routing, action and closure."""
    columns = ["received", "routed", "actioned", "closed"]
    days = pd.DataFrame(rows, columns=columns, dtype=float)
    return days.apply(lambda day: (START + pd.to_timedelta(day, unit="D")).astype("datetime64[us]"))


def loop(frame: Any, **options: Any) -> FeedbackLoop:
    names = {name: name for name in ("received", "routed", "actioned", "closed")}
    return feedback_loop(frame, **{**names, "end": END, "horizon": MONTH, **options})


ROWS = table(
    [
        (0, 1, 5, 10),
        (10, 12, None, 12),  # closed without an action
        (20, 21, 30, None),
        (30, None, None, None),
        (80, 81, 82, 90),  # too young to be asked
        (99, None, None, None),
    ]
)


def test_by_hand() -> None:
    found = loop(ROWS)
    assert (found.n, found.n_old, found.n_closed) == (6, 4, 3)
    assert found.stages == ("routed", "actioned", "closed")
    assert found.reached.tolist() == [3, 2, 2]
    assert found.closure_rate == 0.5
    lower, upper = wilson_interval(2, 4)
    assert found.interval is not None
    assert (found.interval.lower, found.interval.upper) == (float(lower), float(upper))
    # Closed after 2, 10 and 10 days; the last one is watched for one day only: 5 at risk, then 4.
    assert found.closed_within(5)[0] == pytest.approx(0.2)
    assert found.closed_within(10)[0] == pytest.approx(1 - 0.8 * 0.5)
    assert found.days_to_close()[0] == 10.0
    assert found.to_frame()["stage"].tolist() == ["routed", "actioned", "closed"]
    assert "50.0 % closed" in found._repr_html_()


@pytest.mark.parametrize("engine", ["polars", "pyarrow"])
def test_every_engine_in_memory_agrees(engine: str) -> None:
    frame = pl.from_pandas(ROWS)
    same = loop(frame if engine == "polars" else frame.to_arrow())
    pd.testing.assert_frame_equal(same.to_frame(), loop(ROWS).to_frame())
    with pytest.raises(InvalidInputError, match="`feedback` must be in memory, got a lazy frame"):
        loop(frame.lazy())


@examples(25)
@given(
    st.lists(st.tuples(st.integers(0, 100), st.none() | st.integers(0, 50)), min_size=1, max_size=20),
    st.integers(0, 60),
)
def test_slow_twin(rows: list[tuple[int, int | None]], horizon: int) -> None:
    """A loop over rows finds the same; the order of rows does not matter."""
    made = [(day, None if wait is None or day + wait > 100 else day + wait) for day, wait in rows]
    frame = table([(day, None, None, closed) for day, closed in made])
    found = loop(frame, horizon=timedelta(days=horizon))
    old = [closed for day, closed in made if 100 - day >= horizon]
    assert found.n_old == len(old)
    if old:
        assert found.closure_rate == pytest.approx(sum(c is not None for c in old) / len(old))
    turned = loop(frame.iloc[::-1], horizon=timedelta(days=horizon))
    pd.testing.assert_frame_equal(turned.to_frame(), found.to_frame())


def test_nothing_old_and_nothing_closed() -> None:
    young = loop(ROWS, horizon=timedelta(days=400))
    assert math.isnan(young.closure_rate)
    assert young.interval is None
    assert "no closure rate: no feedback is as old as the horizon" in str(young)
    never = loop(table([(0, None, None, None), (1, None, None, None)]))
    assert never.closure_rate == 0.0
    assert never.interval is not None
    assert never.interval.upper > 0.6
    assert math.isnan(never.days_to_close()[0])
    assert never.days_to_close()[1].upper == math.inf
    # Nobody was told within 100 days: it takes longer than that.
    many = loop(table([(0, None, None, None)] * 30)).days_to_close()[1]
    assert (many.lower, many.upper) == (100.0, math.inf)
    zone = ROWS.apply(lambda column: column.dt.tz_localize("UTC"))
    alone = loop(zone, routed=None, actioned=None, end="2026-04-11T00:00Z")
    assert alone.stages == ("closed",)
    assert alone.closure_rate == 0.5


def test_refusals() -> None:
    """Nothing is repaired or dropped: the row is named."""
    wrong = ROWS.copy()
    wrong.loc[1, "closed"] = START
    with pytest.raises(
        InvalidInputError,
        match=r"`closed` \(column 'closed'\) must be at or after `received`, got 2026-01-01T00:00:00 at "
        r"position 1 \(1 of 6 values\)",
    ):
        loop(wrong)
    with pytest.raises(InvalidInputError, match=r"must be at or before `end`, got .* at position 5"):
        loop(ROWS, end="2026-04-09")
    missing = ROWS.copy()
    missing.loc[2, "received"] = pd.NaT
    with pytest.raises(InvalidInputError, match=r"`received` .* got null at position 2"):
        loop(missing)
    with pytest.raises(InvalidInputError, match="`feedback` must have at least one row, got none"):
        loop(ROWS.head(0))
    with pytest.raises(InvalidInputError, match="`horizon` must be a timedelta of 0 or more, got 30"):
        loop(ROWS, horizon=30)
    with pytest.raises(InvalidInputError, match="`end` must be without a time zone as `received` is"):
        loop(ROWS, end="2026-05-01T00:00Z")
    with pytest.raises(InvalidInputError, match="must be without a time zone as `received` is"):
        loop(ROWS.assign(closed=ROWS["closed"].dt.tz_localize("UTC")))
    with pytest.raises(InvalidInputError, match=r"`closed` .* must be datetimes"):
        loop(ROWS.assign(closed="yesterday"))
    with pytest.raises(MissingColumnError):
        loop(ROWS, closed="told")
    with pytest.raises(InvalidInputError, match=r"`share` must be .* less than 1"):
        loop(ROWS).days_to_close(1.0)

"""Tables of events as logs: what is refused, what is counted, in every engine."""

from __future__ import annotations

import datetime as dt
from typing import Any

import narwhals.exceptions as nw_errors
import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

import customer_centric as cc
from customer_centric import EventSchema, check_log, find_journeys, prepare_log
from customer_centric.journey._order import arrange
from customer_centric.simulate import simulate_journeys
from effort import examples
from journey._engines import ENGINES, as_engine

START = pd.Timestamp("2026-03-01 10:00")


def events(**columns: Any) -> pd.DataFrame:
    """Three events of two journeys, some columns replaced."""
    minutes = [START, START + pd.Timedelta("1min"), START]
    plain: dict[str, Any] = {
        "case_id": ["a", "a", "b"],
        "touchpoint": ["cart", "buy", "cart"],
        "timestamp": minutes,
    }
    return pd.DataFrame(plain | columns)


@pytest.mark.parametrize("engine", ["pandas", "pyarrow", "polars lazy", "duckdb"])
@pytest.mark.parametrize(
    ("columns", "roles", "message"),
    [
        ({"timestamp": [START, pd.NaT, START]}, {}, "`timestamp`.*present in every row, got null.*1 of 3"),
        (
            {"timestamp": ["2026-03-01"] * 3},
            {},
            "`timestamp`.*must be datetimes, got a column of type String",
        ),
        ({"timestamp": [1, 2, 3]}, {}, "`timestamp`.*must be datetimes.*convert it to datetimes first"),
        (
            {"touchpoint": ["cart", None, "cart"]},
            {},
            "`touchpoint`.*present in every row.*name the touchpoint",
        ),
        ({"touchpoint": pd.Categorical(["cart", None, "cart"])}, {}, "`touchpoint`.*present in every row"),
        ({"touchpoint": [True, False, True]}, {}, "`touchpoint`.*must be text, whole numbers or categories"),
        ({"case_id": ["a", None, "b"]}, {}, "`case_id`.*present in every row"),
        ({"case_id": [1.0, 1.0, 2.0]}, {}, "`case_id`.*must be text, whole numbers or categories"),
        ({"of": ["x", "y", "x"]}, {"customer_id": "of"}, "`customer_id`.*same in all events of a journey"),
        ({"how": ["ok", "fine", None]}, {"outcome": "how"}, "`outcome`.*one of 'ok', 'error'.*translate"),
        ({"who": ["customer", "me", None]}, {"actor": "who"}, "`actor`.*one of 'customer', 'company'"),
        ({"mood": [0.0, 2.0, np.nan]}, {"emotion": "mood"}, "`emotion`.*must be between -1 and 1"),
        ({"cost": [0.0, np.inf, 1.0]}, {"price": "cost"}, "`price`.*must be finite and 0 or more"),
        ({"cost": [0.0, -1.0, 1.0]}, {"amount": "cost"}, "`amount`.*must be finite and 0 or more"),
        (
            {"cost": ["1", "2", "3"]},
            {"price": "cost"},
            "`price`.*must be numbers, got a column of type String",
        ),
        ({"i": [0.0, np.nan, 1.0]}, {"order": "i"}, "`order`.*must be finite numbers, got null"),
        ({"bot": [0, 2, 1]}, {"is_bot": "bot"}, "`is_bot`.*must be 0 or 1"),
    ],
)
def test_bad_values_are_refused_in_every_engine(
    engine: str, columns: dict[str, Any], roles: dict[str, str], message: str
) -> None:
    """What cannot be meant is said, with rule, count and remedy; nothing is dropped or repaired."""
    frame = as_engine(events(**columns), engine)
    with pytest.raises(cc.InvalidInputError, match=message):
        find_journeys(prepare_log(frame, EventSchema(**roles)), goal="buy")


def test_datetimes_with_and_without_a_zone_do_not_mix() -> None:
    """One column has one kind of clock; several zones are one clock, in UTC."""
    mixed = events(timestamp=pd.Series([START.tz_localize("UTC"), START, START], dtype=object))
    with pytest.raises(cc.InvalidInputError, match=r"`timestamp`.*mixed time zones"):
        prepare_log(mixed)
    zones = ["Europe/Berlin", "America/New_York", "UTC"]
    several = events(timestamp=pd.Series([START.tz_localize(zone) for zone in zones], dtype=object))
    found = find_journeys(prepare_log(several), goal="buy").visits
    hours = (found.begin // found.clock.ticks_per_second // 3600 % 24).tolist()
    assert hours == [9, 15, 10]


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns", "date", "zone", "autumn"])
def test_every_clock_is_read(engine: str, unit: str) -> None:
    """Seconds to nanoseconds, dates, and zones; the hour that autumn has twice keeps its order."""
    moments = pd.Series([START, START + pd.Timedelta("1D"), START + pd.Timedelta("2D")])
    gap = 86_400
    if unit == "date":
        column: Any = moments.dt.date
    elif unit == "zone":
        column = moments.dt.tz_localize("Europe/Berlin")
    elif unit == "autumn":
        utc = pd.Timestamp("2026-10-24 23:30", tz="UTC") + pd.to_timedelta([0, 1, 2], unit="h")
        column, gap = pd.Series(utc.tz_convert("Europe/Berlin")), 3600
    else:
        column = moments.astype(f"datetime64[{unit}]")
    visits = find_journeys(
        prepare_log(as_engine(events(timestamp=column, case_id=1), engine)), goal="buy"
    ).visits
    assert (np.diff(visits.begin) // visits.clock.ticks_per_second).tolist() == [gap, gap]


@pytest.mark.parametrize("engine", ENGINES)
def test_duplicates_ties_and_machines_are_counted_in_every_engine(engine: str) -> None:
    """Rows that agree in every column are one event; marked rows go if asked; ties need an order."""
    frame = events(timestamp=START, bot=[False, False, True], i=[2, 1, 1])
    twice = as_engine(pd.concat([frame, frame]), engine)
    log = check_log(prepare_log(twice, EventSchema(is_bot="bot")))
    assert (log.n_rows, log.n_events, log.n_duplicates, log.n_ties) == (6, 3, 3, 1)
    assert (log.n_bots, log.n_journeys, log.smallest_step) == (2, 2, pytest.approx(np.nan, nan_ok=True))
    kept = check_log(prepare_log(twice, EventSchema(is_bot="bot"), duplicates="keep", bots="drop"))
    assert (kept.n_events, kept.n_duplicates, kept.n_bots, kept.n_journeys) == (4, 2, 2, 1)
    ordered = prepare_log(twice, EventSchema(order="i"))
    assert (ordered.n_ties, ordered.touchpoints) == (0, ("buy", "cart"))
    visits = find_journeys(ordered, goal="buy").visits
    assert [visits.touchpoints[code] for code in visits.touchpoint] == ["buy", "cart", "cart"]


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("n", [0, 1])
def test_none_and_one_event_are_logs(engine: str, n: int) -> None:
    """An empty table is an empty log, one event a journey of one visit."""
    log = prepare_log(as_engine(events().head(n), engine))
    found = find_journeys(log, goal="buy" if n == 0 else ())
    assert (log.n_events, found.n_journeys, found.visits.n_visits) == (n, n, n)
    assert len(found.to_frame()) == n
    assert found.counts()["open"] == n
    assert check_log(log, journeys=found).n_events == n


@pytest.mark.parametrize("engine", ENGINES)
def test_whole_numbers_and_categories_are_touchpoints(engine: str) -> None:
    """Labels ascend as text; categories that do not occur are none; ids keep their type."""
    numbered = prepare_log(as_engine(events(touchpoint=[2, 1, 10], case_id=[7, 7, -3]), engine))
    assert numbered.touchpoints == ("1", "10", "2")
    assert find_journeys(numbered, goal="2").to_frame()["case_id"].tolist() == [-3, 7]
    steps = pd.Categorical(["cart", "buy", "cart"], categories=["unused", "cart", "buy"])
    frame = events(touchpoint=steps, case_id=pd.Categorical(["b", "b", "a"]))
    named = prepare_log(as_engine(frame, engine))
    assert named.touchpoints == ("buy", "cart")
    assert find_journeys(named, goal="buy").to_frame()["case_id"].tolist() == ["a", "b"]


def test_preparing_a_lazy_frame_computes_nothing() -> None:
    """A query that would fail is not run; its types alone are looked at."""

    def fail(_: pl.DataFrame) -> pl.DataFrame:
        raise AssertionError("computed")

    schema = pl.from_pandas(events()).schema
    lazy = pl.from_pandas(events()).lazy().map_batches(fail, schema=schema)
    log = prepare_log(lazy)
    assert log.is_lazy
    assert str(log) == "a log whose events stay in polars lazy"
    with pytest.raises(
        (AssertionError, pl.exceptions.ComputeError, nw_errors.ComputeError), match="computed"
    ):
        find_journeys(log, goal="buy")


@pytest.mark.parametrize("engine", ENGINES[1:])
def test_engines_agree_from_events_to_the_score(engine: str) -> None:
    """Signals and scores of shuffled rows are those of pandas, and nothing of the table is changed."""
    world = simulate_journeys(200, rng=np.random.default_rng(6)).log.sample(frac=1.0, random_state=6)

    def results(kind: str) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
        log = prepare_log(as_engine(world, kind), EventSchema.full())
        found = find_journeys(log, goal="purchase", contact="support", closed_after=dt.timedelta(days=1))
        signals = cc.detect_signals(found)
        quality = check_log(log, journeys=found, prerequisites={"purchase": "payment"})
        return (
            signals.occurrences(),
            cc.friction_score(signals, by="touchpoint").to_frame(),
            quality.to_frame(),
        )

    for ours, theirs in zip(results("pandas"), results(engine), strict=True):
        pd.testing.assert_frame_equal(ours, theirs, check_dtype=False)
    assert world.equals(
        simulate_journeys(200, rng=np.random.default_rng(6)).log.sample(frac=1.0, random_state=6)
    )


@examples(60)
@given(
    st.integers(1, 40), st.integers(1, 6), st.sampled_from([3, 60, 2**40, 2**61]), st.integers(0, 2**32 - 1)
)
def test_events_are_in_one_total_order(n: int, n_journeys: int, span: int, seed: int) -> None:
    """By journey, time, order, then row: whatever order the rows have, and for any span of time."""
    rng = np.random.default_rng(seed)
    columns: dict[str, Any] = {
        "journey": rng.integers(0, n_journeys, n).astype(np.int32),
        "ticks": rng.integers(0, span, n) * rng.integers(1, 3),
        "wide": rng.random(n),
    }
    columns |= {f"narrow{i}": rng.integers(-1, 9, n).astype(np.int8) for i in range(rng.integers(0, 6))}
    for name in ("journey", "ticks"):
        if rng.random() < 0.3:
            columns[name] = np.sort(columns[name])
    if rng.random() < 0.5:
        columns["order"] = rng.integers(0, 3, n).astype(np.float64)
    keys = (np.arange(n), columns.get("order", np.zeros(n)), columns["ticks"], columns["journey"])
    rows = np.lexsort(keys)
    arranged = arrange(columns, n_journeys)
    assert all(np.array_equal(arranged[name], values[rows]) for name, values in columns.items())

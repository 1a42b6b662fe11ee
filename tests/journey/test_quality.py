"""Whether a log can be trusted."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd
import pytest

import customer_centric as cc
from customer_centric import EventSchema, check_log, find_journeys, prepare_log
from customer_centric.simulate import simulate_journeys
from journey._engines import ENGINES, as_engine

START = pd.Timestamp("2026-03-01 10:00")


def shop(n: int, rng: np.random.Generator, *, broken: bool) -> pd.DataFrame:
    """Carts that are paid and bought; a broken generator multiplies each gap by its index, then sorts."""
    gaps = rng.exponential(60.0, (n, 3))
    after = gaps * np.arange(3) if broken else np.cumsum(gaps, axis=1)
    frame = pd.DataFrame(
        {
            "case_id": np.repeat(np.arange(n), 3),
            "touchpoint": np.tile(["cart", "payment", "purchase"], n),
            "timestamp": START + pd.to_timedelta(after.ravel(), unit="s"),
        }
    )
    return frame.sort_values(["case_id", "timestamp"], ignore_index=True)


@pytest.mark.parametrize("engine", ["pandas", "polars lazy", "duckdb"])
def test_purchases_before_their_payment_are_found(engine: str) -> None:
    """A third of them, where gaps are multiplied by their index: P(2a < b) of exponential gaps."""
    broken = shop(600, np.random.default_rng(1), broken=True)
    moments = broken.pivot_table(index="case_id", columns="touchpoint", values="timestamp")
    early = moments.index[moments["purchase"] < moments["payment"]]
    quality = check_log(prepare_log(as_engine(broken, engine)), prerequisites={"purchase": "payment"})
    found = quality.violations[0]
    assert (found.n_visits, found.n_before, found.n_without) == (600, early.size, 0)
    assert early.size == pytest.approx(200, abs=40)
    assert (found.n_journeys, found.examples) == (early.size, tuple(early[:3]))
    assert quality.problems[0].startswith(
        f"{early.size} of 600 visits to 'purchase' precede 'payment', for in"
    )


def test_a_sound_log_has_no_problems() -> None:
    """Nothing is said where nothing is wrong, and the numbers are there all the same."""
    events = shop(2000, np.random.default_rng(2), broken=False)
    before = events.copy()
    log = prepare_log(events)
    found = find_journeys(log, goal="purchase", entry="cart")
    quality = check_log(log, prerequisites={"purchase": "payment"}, journeys=found)
    assert quality.problems == ()
    assert str(quality) == "6,000 events of 2,000 journeys: nothing wrong was found"
    frame = quality.to_frame()
    assert frame["count"].sum() == 0
    assert frame["check"].tolist()[-2:] == ["purchase_before_payment", "purchase_without_payment"]
    pd.testing.assert_frame_equal(events, before)
    assert "nothing wrong" in quality._repr_html_()


def test_visits_without_their_prerequisite_are_told_apart() -> None:
    """Never, later and at the same moment are three things; the last is no violation."""
    minutes = {"late": [1, 0], "never": [0], "tie": [0, 0], "fine": [0, 1]}
    events = pd.DataFrame(
        [
            (case, step, START + pd.Timedelta(minutes=minute))
            for case, moments in minutes.items()
            for step, minute in zip(["payment", "purchase"][-len(moments) :], moments, strict=True)
        ],
        columns=["case_id", "touchpoint", "timestamp"],
    )
    quality = check_log(prepare_log(events), prerequisites={"purchase": "payment"})
    found = quality.violations[0]
    assert (found.n_visits, found.n_before, found.n_without, found.n_journeys) == (4, 1, 1, 2)
    assert found.examples == ("late", "never")
    assert "1 of 4 visits to 'purchase' is in journeys without 'payment'" in " ".join(quality.problems)
    assert quality.n_ties == 1
    assert "have the moment of the one before (the clock shows steps of 60 s)" in str(quality)


@pytest.mark.parametrize("engine", ["pandas", "polars", "polars lazy", "duckdb"])
def test_machines_are_told_by_their_gaps(engine: str) -> None:
    """Regular gaps below a second are a machine's; fast people are not regular, slow machines not fast."""
    rng = np.random.default_rng(3)
    gaps = {
        "machine": np.full(30, 0.25),
        "people": rng.exponential(0.5, 30),
        "slow": np.full(30, 5.0),
        "short": np.full(8, 0.1),
    }
    events = pd.concat(
        pd.DataFrame(
            {
                "case_id": case,
                "touchpoint": "page",
                "timestamp": (START + pd.to_timedelta(np.cumsum(np.append(0.0, gap)), unit="s")).as_unit(
                    "us"
                ),
            }
        )
        for case, gap in gaps.items()
    )
    log = prepare_log(as_engine(events, engine))
    quality = check_log(log)
    assert quality.fast_journeys.tolist() == [0]
    assert (quality.longest_loop, quality.n_looping) == (31, 3)
    assert quality.smallest_step == pytest.approx(min(np.round(g, 6).min() for g in gaps.values()), abs=1e-6)
    assert any("look like a machine's" in problem for problem in quality.problems)
    assert any("up to 31 times" in problem for problem in quality.problems)


def test_the_longest_of_many_journeys_are_named() -> None:
    """More events than 99.9 % of all, and ten typical journeys: not simply the longest one."""
    n = np.append(np.full(1999, 5), 60)
    events = pd.DataFrame({"case_id": np.repeat(np.arange(n.size), n), "touchpoint": "page"})
    events["timestamp"] = START + pd.to_timedelta(np.arange(len(events)), unit="h")
    assert check_log(prepare_log(events)).long_journeys.tolist() == [1999]
    assert check_log(prepare_log(events[events["case_id"] < 1999])).long_journeys.size == 0


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize(
    ("step", "resolution"), [("1D", 86_400.0), ("1min", 60.0), ("1s", 1.0), ("100ms", 0.1), ("1us", 1e-6)]
)
def test_the_clock_is_as_fine_as_its_finest_moment(engine: str, step: str, resolution: float) -> None:
    """The coarsest usual clock that shows every moment, and the smallest step there is."""
    moments = pd.Timestamp("2026-03-01") + pd.to_timedelta([step] * 3) * np.array([0, 1, 3])
    events = pd.DataFrame({"case_id": 1, "touchpoint": "page", "timestamp": moments.as_unit("us")})
    quality = check_log(prepare_log(as_engine(events, engine)))
    assert (quality.resolution, quality.smallest_step) == pytest.approx((resolution, resolution))


@pytest.mark.parametrize("engine", ["pandas", "duckdb"])
def test_open_journeys_and_missing_outcomes_are_said(engine: str) -> None:
    """What is not seen whole is not lost; missing is not ok."""
    world = simulate_journeys(200, rng=np.random.default_rng(4))
    blank = world.log.assign(outcome=world.log["outcome"].where(world.log.index % 10 > 0))
    schema = EventSchema(outcome="outcome", order="order")
    log = prepare_log(as_engine(blank, engine), schema)
    found = find_journeys(log, goal="purchase", entry="landing", closed_after=dt.timedelta(days=9))
    quality = check_log(log, journeys=found)
    assert quality.n_missing_outcome == blank["outcome"].isna().sum()
    assert (quality.n_open, quality.n_left_truncated) == (
        found.counts()["open"],
        found.counts()["left_truncated"],
    )
    assert any("have no outcome, which is not the same as having gone well" in p for p in quality.problems)
    assert any("still open: they are not lost" in p for p in quality.problems) == (quality.n_open > 0)


def test_wrong_arguments_are_refused() -> None:
    """Unknown touchpoints and journeys of another log are named."""
    log = prepare_log(shop(3, np.random.default_rng(1), broken=False))
    with pytest.raises(
        cc.InvalidInputError, match="`prerequisites` must be touchpoints of the log, got 'pay'"
    ):
        check_log(log, prerequisites={"purchase": "pay"})
    other = find_journeys(prepare_log(shop(2, np.random.default_rng(1), broken=False)), goal="purchase")
    with pytest.raises(
        cc.InvalidInputError, match="`journeys` must be those of the log, got 2 journeys for 3"
    ):
        check_log(log, journeys=other)

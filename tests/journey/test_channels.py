"""Channels: standardised by hand, the best by luck, and prices that agree or not."""

from __future__ import annotations

import math
from datetime import timedelta

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from customer_centric.errors import InvalidInputError
from customer_centric.journey import (
    EventSchema,
    Journeys,
    channel_consistency,
    channel_gap,
    detect_signals,
    find_journeys,
    prepare_log,
)
from effort import examples
from journey._paths import journeys_of, signals_of


def test_one_mix_for_all() -> None:
    """Half of the carts and nine of ten payments convert in both: no gap, though one has more carts."""
    deep = ["pay buy"] * 81 + ["pay bye"] * 9
    early = ["cart buy"] * 5 + ["cart bye"] * 5
    paths = [*deep, *early, *(["pay buy"] * 9 + ["pay bye"]), *(["cart buy"] * 45 + ["cart bye"] * 45)]
    table = signals_of(paths, channel=["app"] * 100 + ["web"] * 100)
    found = channel_gap(table, channels=["app", "web"])
    by = found.to_frame().set_index("channel")
    places = dict(zip(found.touchpoints, found.weights, strict=True))
    mean = sum(w * {"cart": 0.5, "pay": 0.9}[p] for p, w in places.items())
    assert by["p_clean"].tolist() == pytest.approx([mean, mean])
    assert abs(by["crude"]["app"] - by["crude"]["web"]) > 0.1
    assert by["gap"].tolist() == pytest.approx([0.0, 0.0])
    assert np.all(by["gap_upper"] > 0)
    assert found.left_out == ()
    assert "points less than" in found._repr_html_()


def test_flagged_visits_and_contacts_are_not_compared() -> None:
    """The phone is where customers call; it is no channel of theirs unless it is named."""
    paths = ["cart buy", "cart! bye", "cart bye", "cart buy", "help bye"]
    journeys = journeys_of(paths, channel=["a", "a", "b", "b", "phone"], contact="help")
    found = channel_gap(detect_signals(journeys))
    assert set(found.channels) == {"a", "b"}
    assert found.touchpoints == ("cart",)
    assert found.gap.min() == 0.0


def test_gaps_to_the_best_cover_although_the_best_is_chosen() -> None:
    """Three equal channels and a worse one: each gap is within its limits at least 95 of 100 times."""
    rng, truth = np.random.default_rng(1), np.array([0.0, 0.0, 0.0, 0.2])
    hits = np.zeros(4)
    for _ in range(60):
        wins = rng.random((4, 60)) < 0.6 - truth[:, None]
        paths = ["cart" if win else "cart bye" for win in wins.ravel()]
        table = signals_of([*paths], channel=np.repeat(list("abcd"), 60).tolist())
        found = channel_gap(table, outcome=wins.ravel().astype(float), channels=list("abcd"))
        order = ["abcd".index(name) for name in found.channels]
        hits[order] += (found.gap_lower <= truth[order] + 1e-12) & (truth[order] <= found.gap_upper)
    assert np.all(hits / 60 >= 0.90)


@pytest.mark.parametrize(
    ("channel", "options", "message"),
    [
        (None, {}, "`signals` must come from a log with channels"),
        (["a", "a"], {}, "`channels` must be at least two to compare, got 1"),
        (["a", "b"], {"channels": ["a", "c"]}, "`channels` must be channels of the log, got 'c'"),
        (["a", "b"], {"outcome": [np.nan, np.nan]}, "`outcome` must be known for at least one journey"),
    ],
)
def test_refusals(channel: list[str] | None, options: dict[str, object], message: str) -> None:
    with pytest.raises(InvalidInputError, match=message):
        channel_gap(signals_of(["cart bye", "cart bye"], channel=channel), **options)  # type: ignore[arg-type]


def test_channels_without_a_common_place_are_refused() -> None:
    with pytest.raises(InvalidInputError, match=r"must have a touchpoint in common .* none for 'a', 'b'"):
        channel_gap(signals_of(["cart", "pay"], channel=["a", "b"]), outcome=[1.0, 0.0])


def quotes(rows: list[tuple[int, str, str, float]]) -> Journeys:
    """Minute, item, channel and price of each quote."""
    events = pd.DataFrame(rows, columns=["minute", "item", "channel", "price"])
    events["timestamp"] = pd.Timestamp("2026-03-01") + pd.to_timedelta(events["minute"], unit="min")
    events = events.assign(case_id=np.arange(len(rows)), touchpoint="quote")
    schema = EventSchema(item="item", channel="channel", price="price")
    return find_journeys(prepare_log(events, schema), goal=())


@given(
    st.lists(
        st.tuples(
            st.integers(0, 40), st.sampled_from(["x", "y"]), st.sampled_from(["a", "b", "c"]),
            st.sampled_from([100.0, 110.0, 200.0]),
        ),
        min_size=1,
        max_size=25,
    )
)  # fmt: skip
@examples(30)
def test_windows_are_those_of_a_slow_twin(rows: list[tuple[int, str, str, float]]) -> None:
    """A price that could be had in all channels of a window is one price."""
    found = channel_consistency(quotes(rows), within=timedelta(minutes=10))
    start = min(minute for minute, *_ in rows)
    cells: dict[tuple[str, int], dict[str, list[float]]] = {}
    for minute, item, channel, price in rows:
        cells.setdefault((item, (minute - start) // 10), {}).setdefault(channel, []).append(price)
    some = [list(cell.values()) for cell in cells.values() if len(cell) > 1]
    gaps = [max(0.0, max(map(min, cell)) / min(map(max, cell)) - 1) for cell in some]
    assert (found.n_windows, found.n_alone) == (len(some), len(cells) - len(some))
    if some:
        assert found.share == pytest.approx(sum(gap == 0 for gap in gaps) / len(gaps))
        assert found.largest_gap == pytest.approx(max(gaps))
        assert found.interval.contains(found.share)
    else:
        assert math.isnan(found.share)
        assert found.reason == "no item was quoted by two channels within one window"


def test_a_change_that_all_follow_is_no_gap_and_a_tolerance_is_one_price() -> None:
    both = quotes([(0, "x", "a", 100), (1, "x", "b", 100), (2, "x", "a", 120), (3, "x", "b", 120)])
    assert channel_consistency(both, within=timedelta(hours=1)).share == 1.0
    near = quotes([(0, "x", "a", 100), (1, "x", "b", 101)])
    assert channel_consistency(near, within=timedelta(hours=1)).share == 0.0
    found = channel_consistency(near, within=timedelta(hours=1), tolerance=0.01)
    assert found.share == 1.0
    # One item says little of others.
    assert found.interval.lower < 0.3
    assert "largest gap is 1.0 %" in found._repr_html_()
    assert found.to_frame()["item"].tolist() == ["x"]


def test_answers_agree_if_all_gave_one() -> None:
    same = quotes([(0, "x", "a", 100), (1, "x", "b", 100), (20, "x", "a", 100), (21, "x", "b", 100)])
    found = channel_consistency(same, within=timedelta(minutes=10), answers=["yes", "no", "no", "no"])
    assert found.share == 0.5
    told = channel_consistency(
        same, within=timedelta(minutes=10), answers=np.array(["yes", None, np.nan, "no"], dtype=object)
    )
    assert told.share == 1.0


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"within": timedelta(0)}, "`within` must be positive"),
        ({"tolerance": -0.1}, "`tolerance` must be .* at least 0"),
        ({"answers": ["yes"]}, r"`answers` must have one entry a visit, got shape \(1,\) for 2 visits"),
    ],
)
def test_refusals_of_consistency(options: dict[str, object], message: str) -> None:
    arguments: dict[str, object] = {"within": timedelta(hours=1), **options}
    with pytest.raises(InvalidInputError, match=message):
        channel_consistency(quotes([(0, "x", "a", 1), (0, "x", "b", 1)]), **arguments)  # type: ignore[arg-type]
    with pytest.raises(InvalidInputError, match="must come from a log with channels, items and prices"):
        channel_consistency(journeys_of(["cart"]), within=timedelta(hours=1))

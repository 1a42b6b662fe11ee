"""Paths: straightness and rework against slow twins, at the edges, and limits in many samples."""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from hypothesis import given

from customer_centric.errors import InvalidInputError
from customer_centric.intervals import wilson_interval
from customer_centric.journey import EventSchema, find_journeys, path_efficiency, prepare_log, rework_rate
from effort import examples
from journey._paths import journeys_of, random_paths


@given(random_paths())
@examples(30)
def test_efficiency_is_that_of_a_slow_twin(paths: list[str]) -> None:
    paths = [*paths, "cart pay buy", "pay bye"]
    found = path_efficiency(journeys_of(paths))
    words = [[word.rstrip("!") for word in path.split()] for path in paths]
    bought = [path for path in words if path[-1] == "buy"]
    shortest = min(map(len, bought))
    expected = [shortest / len(path) if path[-1] == "buy" else math.nan for path in words]
    assert found.efficiency == pytest.approx(np.array(expected), nan_ok=True)
    far = {p: min((len(w) - 1 - i for w in bought for i, x in enumerate(w) if x == p), default=math.nan)
           for p in ("cart", "pay", "help")}  # fmt: skip
    left = [far[path[-2]] if path[-1] == "bye" else math.nan for path in words]
    assert found.remaining == pytest.approx(np.array(left), nan_ok=True)
    assert 0 < found.mean <= 1
    assert found.interval.contains(found.mean)
    assert found.n_unknown == sum(path[-1] not in {"buy", "bye"} for path in words)


def test_alike_paths_leave_doubt_and_no_arrival_is_nan() -> None:
    """Three straight paths do not prove that all are; without any nothing is known."""
    straight = path_efficiency(journeys_of(["cart buy"] * 3))
    assert (straight.mean, straight.interval.upper) == (1.0, 1.0)
    assert 0 < straight.interval.lower < 0.9
    none = path_efficiency(journeys_of(["cart bye", "cart bye"]))
    assert math.isnan(none.mean)
    assert math.isnan(none.mean_remaining)
    assert (none.interval.lower, none.interval.upper) == (0.0, 1.0)
    assert str(none) == "path efficiency: no journey reached the goal"
    both = path_efficiency(journeys_of(["cart pay buy", "cart bye"]))
    assert "the shortest in 3 visits; 1 journey stopped 2.0 visits short" in both._repr_html_()
    one = path_efficiency(journeys_of(["cart pay buy", "cart bye"]), subset=[False, True])
    assert math.isnan(one.mean_remaining)


@given(random_paths())
@examples(30)
def test_rework_is_visits_less_distinct_places(paths: list[str]) -> None:
    """And the sum of its parts, whatever is benign."""
    found = rework_rate(journeys_of(paths))
    words = [[word.rstrip("!") for word in path.split()] for path in paths]
    visits = sum(map(len, words))
    again = visits - sum(len(set(path)) for path in words)
    loops = sum(a == b for path in words for a, b in pairwise(path))
    assert found.n_visits == visits
    assert found.overall == pytest.approx(again / visits)
    assert found.self_loop_rate == pytest.approx(loops / visits)
    assert found.overall == pytest.approx(found.self_loop_rate + found.repetition_rate)
    assert found.interval.contains(found.overall)
    places = {word for path in words for word in path}
    if "pay" in places:
        less = rework_rate(journeys_of(paths), benign=["pay"])
        assert less.n_visits == sum(word != "pay" for path in words for word in path)
        assert "pay" not in less.touchpoints


def test_redo_is_by_the_other_side() -> None:
    """As bupaR says it: a redo is done by another, a repeat by the same."""
    rows = ["form customer", "check company", "form customer", "check company", "form company"]
    events = pd.DataFrame([row.split() for row in rows], columns=["touchpoint", "actor"])
    events = events.assign(case_id="a", timestamp=pd.date_range("2026-03-01", periods=5, freq="h"))
    found = rework_rate(find_journeys(prepare_log(events, EventSchema(actor="actor")), goal=()))
    by = found.to_frame().set_index("touchpoint")
    assert by.loc["form", ["n_redo", "n_repeat"]].tolist() == [1, 1]
    assert by.loc["check", ["n_redo", "n_repeat"]].tolist() == [0, 1]
    assert rework_rate(journeys_of(["cart cart buy"])).n_redo is None
    none = rework_rate(journeys_of(["cart"]), benign="cart")
    assert str(none) == "rework rate: no visit counts"
    assert math.isnan(none.overall)


def test_limits_allow_for_customers() -> None:
    """Without rework ten journeys of one customer say as little as one visit."""
    many = rework_rate(journeys_of(["cart"] * 10))
    one = rework_rate(journeys_of(["cart"] * 10, customer=[1] * 10))
    assert many.interval.upper == pytest.approx(wilson_interval(0, 10)[1])
    assert one.interval.upper == pytest.approx(wilson_interval(0, 1)[1])
    assert "rework rate 0.0 %" in many._repr_html_()


def test_limits_of_rework_cover_where_customers_are_alike() -> None:
    """Customers who loop often or seldom, five journeys each: Wilson's limits alone miss more."""
    rng, hits, naive = np.random.default_rng(1), 0, 0
    for _ in range(60):
        often = np.repeat(rng.beta(0.5, 0.5, size=40), 5)
        paths = ["cart cart" if loops else "cart pay" for loops in rng.random(200) < often]
        found = rework_rate(journeys_of(paths, customer=np.repeat(np.arange(40), 5).tolist()))
        hits += found.interval.contains(0.25)
        low, high = wilson_interval(found.overall * 400, 400)
        naive += bool(low <= 0.25 <= high)
    assert hits / 60 >= 0.90
    assert hits > naive


@pytest.mark.parametrize("benign", ["shop", ["cart", "shop"]])
def test_refusals(benign: object) -> None:
    with pytest.raises(InvalidInputError, match="`benign` must be touchpoints of the log, got 'shop'"):
        rework_rate(journeys_of(["cart buy"]), benign=benign)  # type: ignore[arg-type]
    with pytest.raises(InvalidInputError, match="`subset` must have True or False for each of 1 journey"):
        path_efficiency(journeys_of(["cart buy"]), subset=[1])

"""Funnels: by hand, against a slow twin, and what counts as dropped."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given

from customer_centric.errors import InvalidInputError
from customer_centric.intervals import wilson_interval
from customer_centric.journey import funnel
from effort import examples
from journey._paths import journeys_of, random_paths

STEPS = ("cart", "pay", "buy")


def slow(paths: list[str], steps: tuple[str, ...], method: str) -> tuple[list[int], list[int], list[float]]:
    """Reached, in progress and decided, journey by journey."""
    depths, is_open = [], []
    for path in paths:
        visits = [word.rstrip("!") for word in path.split()]
        depth, rest = 0, visits
        for step in steps:
            if step not in rest:
                break
            depth += 1
            rest = rest[rest.index(step) + 1 :] if method == "ordered" else visits
        depths.append(depth)
        is_open.append(visits[-1] not in {"buy", "bye"})
    n = range(1, len(steps) + 1)
    waiting = [sum(o and d == k for d, o in zip(depths, is_open, strict=True)) for k in range(len(steps) + 1)]
    reached = [sum(d >= k for d in depths) for k in range(len(steps) + 1)]
    return reached[1:], waiting[1:], [reached[k - 1] - waiting[k - 1] for k in n]


@given(random_paths())
@examples(30)
def test_counts_are_those_of_a_slow_twin(paths: list[str]) -> None:
    """Ordered and unordered, journey by journey; rates are in their limits, and the parts add up."""
    journeys = journeys_of([*paths, "cart pay buy", "bye"])
    for method in ("ordered", "unordered"):
        found = funnel(journeys, STEPS, method=method)  # type: ignore[arg-type]
        reached, waiting, decided = slow([*paths, "cart pay buy", "bye"], STEPS, method)
        assert found.reached.tolist() == reached
        assert found.in_progress.tolist() == waiting
        assert found.decided.tolist() == decided
        assert np.all(np.diff(found.reached) <= 0)
        assert np.all(found.reached <= found.visited)
        known = ~np.isnan(found.rate)
        assert np.all((found.lower <= found.rate)[known] & (found.rate <= found.upper)[known])
        assert np.all(found.dropped >= 0)


def test_order_is_another_question() -> None:
    """Who paid before the cart came to all the places, and not through the steps."""
    journeys = journeys_of(["pay cart buy", "cart pay buy"])
    assert funnel(journeys, STEPS).reached.tolist() == [2, 1, 1]
    anyhow = funnel(journeys, STEPS, method="unordered")
    assert anyhow.reached.tolist() == [2, 2, 2]
    assert anyhow.visited.tolist() == [2, 2, 2]
    assert funnel(journeys_of(["cart pay cart buy"]), ["cart", "pay", "cart"]).reached.tolist() == [1, 1, 1]


def test_open_journeys_are_neither_lost_nor_won() -> None:
    """Apart without probabilities; by their weight with them; all lost where all are over."""
    journeys = journeys_of(["cart pay buy", "cart", "cart", "cart bye"])
    apart = funnel(journeys, ["cart", "pay"])
    assert apart.to_frame()["rate"].tolist() == [1.0, 0.5]
    assert apart.in_progress.tolist() == [2, 0]
    low, high = wilson_interval(1, 2)
    assert (apart.lower[1], apart.upper[1]) == (low, high)
    weighed = funnel(journeys, ["cart", "pay"], probability_over=[np.nan, 0.5, 1.0, np.nan])
    assert weighed.decided.tolist() == [4.0, 3.5]
    over = funnel(journeys, ["cart", "pay"], probability_over=np.ones(4))
    assert over.rate[1] == 0.25
    assert over.overall == 0.25
    assert funnel(journeys, ["cart", "pay"], subset=np.arange(4) > 2).rate[1] == 0.0


def test_a_goal_that_failed_is_not_reached() -> None:
    assert funnel(journeys_of(["cart buy!", "cart buy"]), ["cart", "buy"]).reached.tolist() == [2, 1]


def test_edges_are_explained() -> None:
    """A step that nobody could reach has no rate; where nobody is known to have left, that is said."""
    none = funnel(journeys_of(["cart bye", "pay bye"]), ["pay", "cart", "bye"])
    assert math.isnan(none.rate[2])
    assert (none.lower[2], none.upper[2]) == (0.0, 1.0)
    waiting = funnel(journeys_of(["cart", "cart buy"]), ["cart", "buy"])
    assert "no journey is known to have ended short of the goal" in waiting.warnings[0]
    assert "came through 2 steps (ordered): 100.0 %" in waiting._repr_html_()
    one = funnel(journeys_of(["cart"]), ["cart"])
    assert one.overall == 1.0


@pytest.mark.parametrize(
    ("steps", "options", "message"),
    [
        ([], {}, "`steps` must be a sequence of at least one touchpoint"),
        ("cart", {}, "`steps` must be a sequence of at least one touchpoint, got 'cart'"),
        (
            ["card"],
            {},
            "`steps` must be touchpoints of the log, got 'card'; its touchpoints are 'bye', 'cart'",
        ),
        (["cart", "cart"], {"method": "unordered"}, "`steps` must be different where they are unordered"),
        (["cart"], {"method": "closed"}, "`method` must be one of 'ordered', 'unordered', got 'closed'"),
        (["cart"], {"subset": [1, 0]}, "`subset` must have True or False for each of 2 journeys"),
        (["cart"], {"probability_over": [0.5]}, r"must have one number a journey, got shape \(1,\)"),
        (["cart"], {"probability_over": [0.5, np.nan]}, "between 0 and 1 for open journeys, got nan"),
    ],
)
def test_refusals(steps: list[str], options: dict[str, object], message: str) -> None:
    with pytest.raises(InvalidInputError, match=message):
        funnel(journeys_of(["cart bye", "cart"]), steps, **options)  # type: ignore[arg-type]

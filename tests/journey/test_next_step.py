"""Next steps: against a slow twin, Goodman's limits, and customers who come often."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from hypothesis import given

from customer_centric.errors import InvalidInputError
from customer_centric.intervals import wilson_interval
from customer_centric.journey import next_step
from effort import examples
from journey._paths import journeys_of, random_paths


@given(random_paths())
@examples(30)
def test_counts_are_those_of_a_slow_twin(paths: list[str]) -> None:
    paths = [*paths, "cart pay buy", "cart pay bye"]
    found = next_step(journeys_of(paths), ["cart", "pay"])
    count, waiting = Counter[str](), 0
    for path in paths:
        words = [word.rstrip("!") for word in path.split()]
        for i in range(1, len(words)):
            if words[i - 1 : i + 1] == ["cart", "pay"]:
                if i + 1 == len(words):
                    waiting += 1
                else:
                    count[words[i + 1]] += 1
    assert dict(zip(found.steps, found.counts.tolist(), strict=True)) == dict(count)
    assert (found.n, found.n_open) == (sum(count.values()), waiting)
    assert found.share.sum() == pytest.approx(1.0)
    assert np.all((found.lower <= found.share) & (found.share <= found.upper))
    assert np.all(np.diff(found.counts) <= 0)


def test_limits_that_hold_together_are_goodmans() -> None:
    """Wilson's at one less the level over the number of steps (Goodman 1965); one at a time, Wilson's."""
    journeys = journeys_of(["cart buy"] * 6 + ["cart pay bye"] * 3 + ["cart bye"])
    both = next_step(journeys, ["cart"])
    low, high = wilson_interval([6, 3, 1], 10, confidence_level=1 - 0.05 / 3)
    assert both.lower == pytest.approx(low)
    assert both.upper == pytest.approx(high)
    alone = next_step(journeys, ["cart"], method="each")
    assert alone.lower == pytest.approx(wilson_interval([6, 3, 1], 10)[0])
    assert str(both) == "after cart: buy 60.0 %, pay 30.0 %, bye 10.0 %; from 10 visits"


def test_who_is_silent_for_good_has_left_and_who_is_open_waits() -> None:
    """A last visit to the end is "(left)"; the goal ends a journey and leads nowhere."""
    journeys = journeys_of(["cart bye", "cart", "cart buy pay"])
    assert next_step(journeys, ["bye"]).steps == ("(left)",)
    assert (next_step(journeys, ["cart"]).n_open, next_step(journeys, ["buy"]).n) == (1, 0)
    assert str(next_step(journeys, ["buy"])) == "after buy: nothing known"
    assert next_step(journeys, ["cart"], subset=[True, False, False]).steps == ("bye",)


def test_one_customer_says_less_than_many() -> None:
    """Ten visits of one customer count for one; limits stay honest where all went the same way."""
    paths = ["cart buy"] * 10
    many, one = (next_step(journeys_of(paths, customer=who), ["cart"]) for who in (list(range(10)), [1] * 10))
    assert many.lower[0] == pytest.approx(wilson_interval(10, 10)[0])
    assert one.lower[0] == pytest.approx(wilson_interval(1, 1)[0])
    assert "buy" in many._repr_html_()


def test_limits_together_cover() -> None:
    """All of five shares at once, in about 95 of 100 samples."""
    rng, p = np.random.default_rng(1), np.array([0.5, 0.2, 0.15, 0.1, 0.05])
    hits = 0
    for n in rng.multinomial(60, p, size=400):
        low, high = wilson_interval(n, 60, confidence_level=1 - 0.05 / 5)
        hits += bool(np.all((low <= p) & (p <= high)))
    assert hits / 400 >= 0.94


@pytest.mark.parametrize(
    ("after", "options", "message"),
    [
        ([], {}, "`steps` must be a sequence of at least one touchpoint"),
        (["shop"], {}, "must be touchpoints of the log, got 'shop'"),
        (["cart"], {"method": "all"}, "`method` must be one of 'together', 'each', got 'all'"),
    ],
)
def test_refusals(after: list[str], options: dict[str, object], message: str) -> None:
    with pytest.raises(InvalidInputError, match=message):
        next_step(journeys_of(["cart buy"]), after, **options)  # type: ignore[arg-type]

"""Time to complete: by hand, against competing outcomes and a slow twin, and its limits in many samples."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from customer_centric.errors import InvalidInputError
from customer_centric.journey import outcome_incidence, time_to_complete
from effort import examples
from journey._paths import journeys_of


@given(
    st.lists(st.tuples(st.integers(0, 9), st.integers(1, 9), st.sampled_from(["buy", "bye", ""])), min_size=1)
)
@examples(30)
def test_the_curve_is_that_of_a_slow_twin(rows: list[tuple[int, int, str]]) -> None:
    """Those who left stay at risk until the log ends; the curve is the product over conversions."""
    rows = [*rows, (0, 3, "buy")]
    minutes = [at for begin, length, end in rows for at in ((begin, begin + length) if end else (begin,))]
    journeys = journeys_of([f"cart {end}".strip() for _, _, end in rows], minutes=minutes)
    found = time_to_complete(journeys, unit="minute")
    last = max(minutes)
    spans = [(length, True) if end == "buy" else (last - begin, False) for begin, length, end in rows]
    left, curve = 1.0, {}
    for t in sorted({span for span, _ in spans}):
        at_risk = sum(span >= t for span, _ in spans)
        left *= 1 - sum(span == t and bought for span, bought in spans) / at_risk
        curve[float(t)] = 1 - left
    assert found.duration.tolist() == list(curve)
    assert found.completed == pytest.approx(list(curve.values()), abs=1e-12)
    assert np.all(found.lower <= found.completed + 1e-12)
    assert np.all(found.completed <= found.upper + 1e-12)


def test_it_is_the_incidence_of_converting_where_leaving_competes() -> None:
    """Without censoring the same numbers as Aalen and Johansen's, and a median of all who set out."""
    paths, minutes = [], []
    for length, end in ((1, "buy"), (2, "bye"), (3, "buy"), (4, "bye"), (90, "buy")):
        paths.append(f"cart {end}")
        minutes += [0, length]
    found = time_to_complete(journeys_of(paths, minutes=minutes), unit="minute")
    both = outcome_incidence(
        [1, 2, 3, 4, 90], ["convert", "leave", "convert", "leave", "convert"], unit="minute"
    )
    for at in (1.0, 3.0, 90.0):
        assert found.at(at)[0] == pytest.approx(both.at("convert", at)[0])
    assert found.median == 90.0
    assert found.median_of_completed == 3.0
    assert found.time_until(0.4)[0] == 3.0


def test_no_median_below_a_half() -> None:
    """One of three converts: no median, whatever the mean over converters says."""
    found = time_to_complete(
        journeys_of(["cart buy", "cart bye", "cart"], minutes=[0, 5, 0, 1, 0]), unit="minute"
    )
    assert math.isnan(found.median)
    assert found.reason == "only 33.3 % complete within the time watched"
    assert found.median_interval.upper == math.inf
    assert found.median_of_completed == 5.0
    assert "no median: only 33.3 %" in found._repr_html_()
    assert found.to_frame()["at_risk"].tolist() == [3.0]


def test_the_clock_may_start_later_and_in_other_units() -> None:
    journeys = journeys_of(["cart pay buy", "cart bye"], minutes=[0, 60, 180, 0, 1])
    found = time_to_complete(journeys, unit="hour", since="pay")
    assert (found.median, found.n_journeys, found.n_left_out) == (2.0, 1, 1)
    assert time_to_complete(journeys, unit="second", subset=[True, False]).median == 10800.0


def test_limits_of_the_median_cover() -> None:
    """Exponential times, seven in ten convert: the median is within its limits about 95 of 100 times."""
    rng = np.random.default_rng(1)
    truth, hits = -math.log(1 - 0.5 / 0.7) * 10, 0
    for _ in range(60):
        n = 120
        begin, will = rng.uniform(0, 30, n).round(3), rng.random(n) < 0.7
        length = rng.exponential(10, n).round(3)
        buys = will & (begin + length < 60)
        minutes = [
            x for b, d, y in zip(begin, length, buys, strict=True) for x in ((b, b + d) if y else (b,))
        ]
        journeys = journeys_of(["cart buy" if y else "cart" for y in buys], minutes=[*minutes, 0.0][:-1])
        hits += time_to_complete(journeys, unit="minute").median_interval.contains(truth)
    assert hits / 60 >= 0.88


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"unit": "week"}, "`unit` must be one of 'second', 'minute', 'hour', 'day', got 'week'"),
        ({"since": "shop"}, "`since` must be one of .*, got 'shop'"),
        ({"subset": [False]}, "`journeys` must have at least one that counts, got none"),
    ],
)
def test_refusals(options: dict[str, object], message: str) -> None:
    with pytest.raises(InvalidInputError, match=message):
        time_to_complete(journeys_of(["cart buy"]), **{"unit": "day", **options})  # type: ignore[arg-type]
    with pytest.raises(InvalidInputError, match=r"`duration` must be .* at least 0"):
        time_to_complete(journeys_of(["cart buy"]), unit="day").at(-1.0)

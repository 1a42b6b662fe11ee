"""Effort: everybody counts, against a slow twin; and answers against friction."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from customer_centric.errors import InvalidInputError
from customer_centric.journey import calibrate_effort, effort_per_step
from effort import examples
from journey._paths import journeys_of, random_paths


@given(random_paths())
@examples(30)
def test_the_mean_is_that_of_a_slow_twin(paths: list[str]) -> None:
    """Interactions of the first stay, with those still there counted as far as they came."""
    paths = ["pay bye", *paths]
    found = effort_per_step(journeys_of(paths), steps=["pay"])
    stays: list[tuple[int, str]] = []
    for path in paths:
        words = [word.rstrip("!") for word in path.split()]
        end = "left" if words[-1] == "bye" else "open" if words[-1] != "buy" else "advanced"
        words = [word for word in words if word != "bye"]
        if "pay" not in words:
            continue
        first = words.index("pay")
        last = first
        while last < len(words) and words[last] == "pay":
            last += 1
        stays.append((last - first, end if last == len(words) else "advanced"))
    kinds = [sum(kind == name for _, name in stays) for kind in ("advanced", "left", "open")]
    assert [found.n_advanced[0], found.n_left[0], found.n_open[0]] == kinds
    survival, mean = 1.0, 0.0
    for tries in range(max(amount for amount, _ in stays)):
        mean += survival
        at_risk = sum(amount >= tries + 1 for amount, _ in stays)
        done = sum(amount == tries + 1 and kind != "open" for amount, kind in stays)
        survival *= 1 - done / at_risk
    assert found.mean[0] == pytest.approx(mean)
    assert 1 <= found.lower[0] <= found.mean[0] <= found.upper[0]


def test_those_who_went_on_make_a_hard_step_look_easy() -> None:
    """Two tries and on, six tries and gone: four on average, not two."""
    found = effort_per_step(journeys_of(["pay pay buy", "pay pay pay pay pay pay bye"]))
    assert found.steps == ("pay",)
    assert (found.mean[0], found.mean_of_advanced[0], found.median[0]) == (4.0, 2.0, 2.0)
    assert "most effort at pay: 4.00 interactions" in found._repr_html_()


def test_open_journeys_and_empty_steps() -> None:
    """Nobody has finished: no median, no upper limit. Nobody came: nothing known."""
    found = effort_per_step(journeys_of(["pay pay", "pay", "cart buy"]), steps=["pay"])
    assert math.isnan(found.median[0])
    assert found.upper[0] == math.inf
    gone = effort_per_step(journeys_of(["pay", "cart bye"]), steps=["pay"], subset=[False, True])
    assert (gone.n[0], gone.upper[0]) == (0, math.inf)
    assert math.isnan(gone.mean[0])
    assert str(gone) == "effort per step: no journey came to any"
    one = effort_per_step(journeys_of(["cart bye"] * 9))
    assert one.mean[0] == 1.0


def test_limits_of_the_mean_cover() -> None:
    """Geometric tries: the mean is within its limits about 95 of 100 times."""
    rng, hits = np.random.default_rng(1), 0
    for _ in range(60):
        tries = rng.geometric(0.4, size=80)
        found = effort_per_step(journeys_of([" ".join(["pay"] * k) + " bye" for k in tries]))
        hits += found.lower[0] <= 2.5 <= found.upper[0]
    assert hits / 60 >= 0.88


def _falling_twin(answers: list[float]) -> list[float]:
    """Pool adjacent violators, one block after another."""
    blocks: list[list[float]] = []
    for answer in answers:
        blocks.append([answer])
        while len(blocks) > 1 and np.mean(blocks[-2]) < np.mean(blocks[-1]):
            blocks[-2:] = [blocks[-2] + blocks[-1]]
    return [float(np.mean(block)) for block in blocks for _ in block]


@given(st.lists(st.integers(1, 7), min_size=1, max_size=12))
@examples(30)
def test_expected_answers_fall_and_are_closest(answers: list[int]) -> None:
    units = np.arange(len(answers)) / 4
    found = calibrate_effort(answers, units, rng=np.random.default_rng(1), n_resamples=5)
    assert found.expected.tolist() == pytest.approx(_falling_twin([float(a) for a in answers]))
    assert np.all(np.diff(found.expected) <= 1e-12)
    assert found.mean == pytest.approx(np.mean(answers))
    assert found.interval.contains(found.mean)


def test_the_silent_are_predicted_from_their_friction() -> None:
    """Those with more friction answered less: the answers are better than the journeys."""
    rng = np.random.default_rng(1)
    units = rng.exponential(1.0, 3000)
    truth = 7 - 1.2 * np.minimum(units, 4)
    answers = np.clip(np.rint(truth + rng.normal(0, 1, 3000)), 1, 7)
    answers[rng.random(3000) > np.exp(-units)] = np.nan
    found = calibrate_effort(answers, units, rng=rng, n_resamples=50)
    assert found.mean_answered - truth.mean() > 0.3
    assert abs(found.mean - truth.mean()) < 0.2
    assert found.response_rate == pytest.approx(0.5, abs=0.05)
    assert found.predict([0.0, 99.0])[0] > found.predict(99.0)
    assert "among the" in found._repr_html_()
    assert len(found.to_frame()) == found.n_answers


def test_answers_that_are_all_alike_leave_doubt() -> None:
    found = calibrate_effort([7, 7, np.nan], [0, 1, 2], rng=np.random.default_rng(1), n_resamples=5)
    assert found.mean == 7.0
    assert found.interval.lower < 6


@pytest.mark.parametrize(
    ("answers", "units", "message"),
    [
        ([np.nan], [1], "`answers` must have at least one, got none of 1"),
        ([8], [1], "`answers` must be from 1 to 7, or NaN, got 8"),
        ([7], [1, 2], "must have one number a journey"),
        ([7], [-1], "`units` must be .* at least 0"),
    ],
)
def test_refusals(answers: list[float], units: list[float], message: str) -> None:
    with pytest.raises(InvalidInputError, match=message):
        calibrate_effort(answers, units, rng=np.random.default_rng(1))
    with pytest.raises(InvalidInputError, match="must be touchpoints of the log, got 'shop'"):
        effort_per_step(journeys_of(["cart buy"]), steps=["shop"])

"""The percentile bootstrap: cases whose distribution is known, strata, clusters, and statistics that fail."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from customer_centric.errors import InvalidInputError
from customer_centric.intervals import bootstrap_interval
from customer_centric.typing import FloatArray
from effort import examples


def mean_of(values: FloatArray) -> Callable[[FloatArray], FloatArray]:
    return lambda drawn: np.asarray(drawn @ values / drawn.sum())


def rng() -> np.random.Generator:
    return np.random.default_rng(11)


def test_two_units_are_drawn_both_alike_half_of_the_time() -> None:
    """The mean of 0 and 1 is 0, a half or 1 with chances 1/4, 1/2 and 1/4."""
    mean = mean_of(np.array([0.0, 1.0]))
    lower, upper = bootstrap_interval(mean, 2, rng=rng())
    assert (lower, upper) == (0.0, 1.0)
    lower, upper = bootstrap_interval(mean, 2, rng=rng(), confidence_level=0.4)
    assert (lower, upper) == (0.5, 0.5)


def test_share_of_many_units_has_binomial_quantiles() -> None:
    answers = np.repeat([1.0, 0.0], [30, 70])
    lower, upper = bootstrap_interval(
        mean_of(answers), 100, rng=rng(), n_resamples=8000, confidence_level=0.9
    )
    expected = stats.binom.ppf([0.05, 0.95], 100, 0.3) / 100
    assert (lower, upper) == pytest.approx(tuple(expected), abs=0.0101)


def test_units_stay_in_their_stratum() -> None:
    """As many as there are, whatever the labels are; a stratum of one unit is always drawn."""
    labels = np.array(["b", "a", "b", "c", "a", "b"], dtype=object)

    def sizes(drawn: FloatArray) -> FloatArray:
        assert drawn.sum() == 6
        return np.array([drawn[labels == label].sum() for label in "abc"])

    lower, upper = bootstrap_interval(sizes, 6, rng=rng(), n_resamples=50, strata=labels)
    assert lower.tolist() == upper.tolist() == [2.0, 3.0, 1.0]
    mean = mean_of(np.array([1.0, 5.0, 2.0]))
    lower, upper = bootstrap_interval(mean, 3, rng=rng(), strata=[1, 2, 3])
    assert lower == upper == pytest.approx(8 / 3)


def test_strata_that_differ_narrow_the_interval() -> None:
    values = np.repeat([0.0, 10.0], 30) + np.tile(np.arange(30.0) / 30, 2)
    loose = bootstrap_interval(mean_of(values), 60, rng=rng(), n_resamples=400)
    tight = bootstrap_interval(mean_of(values), 60, rng=rng(), n_resamples=400, strata=np.repeat([0, 1], 30))
    assert tight[1] - tight[0] < 0.2 * (loose[1] - loose[0])


def test_clusters_are_units_with_their_sums() -> None:
    """Ten accounts of ten alike answers say as much as ten answers."""
    answers = np.array([1.0, -1.0, 1.0, 0.0, 1.0, 1.0, -1.0, 0.0, 1.0, 1.0])
    whole = bootstrap_interval(
        lambda drawn: drawn @ (10 * answers) / (drawn @ np.full(10, 10.0)), 10, rng=rng(), n_resamples=300
    )
    assert whole == bootstrap_interval(mean_of(answers), 10, rng=rng(), n_resamples=300)


@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=12), st.floats(0.1, 0.99))
@examples(30)
def test_the_interval_of_a_mean_lies_within_its_values(values: list[float], level: float) -> None:
    lower, upper = bootstrap_interval(
        mean_of(np.array(values)), len(values), rng=rng(), n_resamples=30, confidence_level=level
    )
    slack = 1e-9 * max(map(abs, values))
    assert min(values) - slack <= lower <= upper <= max(values) + slack


def test_one_unit_and_one_draw() -> None:
    lower, upper = bootstrap_interval(mean_of(np.array([7.0])), 1, rng=rng(), n_resamples=1)
    assert lower == upper == 7.0


def test_the_same_generator_gives_the_same_interval() -> None:
    mean = mean_of(np.arange(20.0))
    one, other = (bootstrap_interval(mean, 20, rng=rng(), n_resamples=50) for _ in range(2))
    assert one == other


@pytest.mark.parametrize(
    ("terms", "message"),
    [
        ({"n_units": 0}, "`n_units` must be a whole number at least 1, got 0"),
        ({"n_units": 2.5}, "`n_units` must be a whole number at least 1, got 2.5"),
        ({"n_resamples": 0}, "`n_resamples` must be a whole number at least 1, got 0"),
        (
            {"rng": 1},
            r"`rng` must be a NumPy random generator, got 1; pass for instance np.random.default_rng\(1\)",
        ),
        ({"strata": [1, 2]}, r"`strata` must have one label a unit, got shape \(2,\) for 3 units"),
        (
            {"strata": [1.0, math.nan, math.nan]},
            r"`strata` must be present for every unit, got a missing one at position 1 \(2 of 3 units\)",
        ),
        ({"strata": ["a", None, "b"]}, r"missing one at position 1 \(1 of 3 units\)"),
        (
            {"confidence_level": 1.0},
            "`confidence_level` must be a finite number greater than 0 and less than 1, got 1",
        ),
        (
            {"statistic": lambda drawn: [1.0, math.nan if drawn[0] else 2.0]},
            r"`statistic` must be finite in every draw, got nan in draw \d+ \(\d+ of 40 draws\)",
        ),
        (
            {"statistic": lambda drawn: np.ones(int(drawn[0]))},
            r"`statistic` must return the same shape in every draw, got \(\d,\) in draw \d+ after",
        ),
        ({"statistic": lambda _: "much"}, "`statistic` must be numbers, got values of type text"),
    ],
)
def test_what_cannot_be_drawn_is_refused(terms: dict[str, object], message: str) -> None:
    call: dict[str, object] = {
        "statistic": lambda drawn: drawn.sum(),
        "n_units": 3,
        "rng": rng(),
        "n_resamples": 40,
        **terms,
    }
    with pytest.raises(InvalidInputError, match=message):
        bootstrap_interval(**call)  # type: ignore[arg-type]

"""Agreement of segmentations, counted pair by pair, and drift at fixed thresholds."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from customer_centric.errors import InvalidInputError
from customer_centric.intervals import wilson_interval
from customer_centric.segments import adjusted_rand, segment_stability, tier_drift, value_tiers
from customer_centric.typing import IntArray
from effort import examples

SEGMENTS = st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), min_size=2, max_size=25)


def test_scikit_learn_adjusted_rand_numbers() -> None:
    """The examples in the documentation of scikit-learn's adjusted_rand_score."""
    assert adjusted_rand([0, 0, 1, 1], [0, 0, 1, 1]) == 1
    assert adjusted_rand([0, 0, 1, 1], [1, 1, 0, 0]) == 1
    assert adjusted_rand([0, 0, 1, 2], [0, 0, 1, 1]) == pytest.approx(4 / 7)
    assert adjusted_rand([0, 0, 1, 1], [0, 1, 0, 1]) == pytest.approx(-0.5)
    assert adjusted_rand([0, 0, 0, 0], [0, 1, 2, 3]) == 0


@given(SEGMENTS)
@examples(60)
def test_adjusted_rand_counts_pairs(rows: list[tuple[int, int]]) -> None:
    first, second = zip(*rows, strict=True)
    pairs = list(combinations(range(len(rows)), 2))
    same_first = np.array([first[i] == first[j] for i, j in pairs], dtype=float)
    same_second = np.array([second[i] == second[j] for i, j in pairs], dtype=float)
    chance = same_first.sum() * same_second.sum() / len(pairs)
    most = (same_first.sum() + same_second.sum()) / 2
    expected = 1.0 if most == chance else ((same_first * same_second).sum() - chance) / (most - chance)
    assert adjusted_rand(first, second) == pytest.approx(expected)
    assert adjusted_rand(second, first) == pytest.approx(expected)
    assert adjusted_rand([f"s{9 - label}" for label in first], second) == pytest.approx(expected)


def test_fixed_thresholds_are_perfectly_stable_and_quantiles_are_not() -> None:
    value = np.random.default_rng(1).lognormal(3, 1, 300)

    def fixed(drawn: IntArray) -> IntArray:
        return value_tiers(value, [20, 60]).tier

    def moving(drawn: IntArray) -> IntArray:
        return value_tiers(value, np.quantile(value[drawn], [0.5, 0.9])).tier

    stable = segment_stability(fixed, 300, rng=np.random.default_rng(2), n_resamples=20)
    assert stable.adjusted_rand == 1
    assert (stable.jaccard == 1).all()
    loose = segment_stability(moving, 300, rng=np.random.default_rng(2), n_resamples=50)
    assert 0.5 < loose.interval.lower < loose.interval.upper < 1
    assert (loose.jaccard_lower < loose.jaccard_upper).all()
    assert "least stable: 2" in str(loose), "few customers are near the lower threshold, by share"
    assert "<table" in loose._repr_html_()


def test_labels_that_switch_are_matched_by_overlap() -> None:
    rng = np.random.default_rng(3)

    def switching(drawn: IntArray) -> list[str]:
        names = ["a", "b"] if rng.random() < 0.5 else ["b", "a"]
        return [names[i % 2] for i in range(10)]

    found = segment_stability(switching, 10, rng=rng, n_resamples=20, match="overlap")
    assert found.jaccard.tolist() == [1, 1]
    assert segment_stability(switching, 10, rng=rng, n_resamples=20).jaccard.max() < 1


def test_drift_of_equal_and_of_shifted_values() -> None:
    rng = np.random.default_rng(4)
    before, same, richer = (value_tiers(rng.lognormal(m, 1, 3000), [20, 60]) for m in (3, 3, 3.3))
    assert not tier_drift(before, same).has_drifted
    moved = tier_drift(before, richer)
    assert moved.has_drifted
    assert moved.table["lower"].iloc[2] > 0
    p, q = before.customer_share, richer.customer_share
    assert moved.stability_index == pytest.approx(((q - p) * np.log(q / p)).sum())
    assert "more than chance explains" in str(moved)
    assert "<table" in moved._repr_html_()


def test_newcombe_1998_method_10() -> None:
    """56 of 70 against 48 of 80: 0.0524 to 0.3339, table II (a) of the paper."""
    tables = [value_tiers(np.repeat([0.0, 9.0], [n - k, k]), [5]) for k, n in ((48, 80), (56, 70))]
    row = tier_drift(tables[0], tables[1]).to_frame().iloc[1]
    assert (round(row["lower"], 4), round(row["upper"], 4)) == (0.0524, 0.3339)


def test_a_tier_of_one_period_only() -> None:
    found = tier_drift(value_tiers([1.0] * 50, [5]), value_tiers([1.0] * 49 + [9.0], [5]))
    assert found.stability_index == np.inf
    nothing = tier_drift(value_tiers([1.0] * 50, [5]), value_tiers([1.0] * 50, [5]))
    assert nothing.stability_index == 0
    high = float(wilson_interval(0, 50)[1])
    assert nothing.table["upper"].iloc[1] == pytest.approx(high)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: adjusted_rand([], []), "`first` must give one segment a customer, at least one"),
        (lambda: adjusted_rand([1, 2], [1]), "`second` must give one segment a customer"),
        (
            lambda: segment_stability(lambda _: [1], 2, rng=np.random.default_rng(1)),
            "`assign` must give one segment a customer",
        ),
        (lambda: segment_stability(lambda _: [1], 1, rng=1), "`rng` must be a NumPy random generator"),  # type: ignore[arg-type]
        (
            lambda: tier_drift(value_tiers([1], [5]), value_tiers([1], [6])),
            "`before` and `after` must have the same thresholds and labels",
        ),
        (
            lambda: tier_drift(value_tiers([], [5]), value_tiers([1], [5])),
            "`before` and `after` must have customers, got 0 and 1",
        ),
    ],
)
def test_refusals(call: object, message: str) -> None:
    with pytest.raises(InvalidInputError, match=message):
        call()  # type: ignore[operator]

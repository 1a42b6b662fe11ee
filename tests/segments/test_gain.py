"""What segments earn in worlds whose truth is known."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from customer_centric.errors import InvalidInputError
from customer_centric.segments import SegmentGain, segment_gain
from customer_centric.typing import FloatArray, IntArray
from effort import examples


def world(rng: np.random.Generator, n: int) -> tuple[FloatArray, IntArray, dict[str, IntArray]]:
    """Two segments that want opposite things, worth 2 a customer; halves of them are all the same."""
    two = rng.integers(0, 2, n)
    four = 2 * two + rng.integers(0, 2, n)
    policy = rng.integers(0, 2, n)
    profit = 10 + 2.0 * (policy == two) - 2.0 * (policy != two) + 0.5 * (policy == 1) + rng.normal(0, 4, n)
    return profit, policy, {"two": two, "four": four}


def test_the_gain_is_that_of_the_truth() -> None:
    """Right for the half that the single policy serves wrongly: 4 less 0.5 for half of the customers."""
    found = []
    for state in range(30):
        rng = np.random.default_rng(state)
        found.append(segment_gain(*world(rng, 1500), rng=rng, n_customers=1.0).table.iloc[0])
    gains = np.array([row["gain"] for row in found])
    errors = np.array([row["standard_error"] for row in found])
    assert gains.mean() == pytest.approx(1.75, abs=4 * gains.std() / np.sqrt(30))
    assert errors.mean() == pytest.approx(gains.std(ddof=1), rel=0.4)


def test_steps_stop_where_segments_no_longer_pay() -> None:
    rng = np.random.default_rng(1)
    found = segment_gain(*world(rng, 6000), rng=rng, policy_cost=2000)
    assert found.best == "two"
    assert found.table["pays"].tolist() == ["yes", "no"]
    assert found.table["folds_agree"].tolist() == [True, True]
    assert found.table["step_cost"].tolist() == [2000, 4000]
    assert found.table["gain"].iloc[0] == found.table["step"].iloc[0]
    assert str(found).startswith("two earns ")
    assert "<table" in found._repr_html_()
    dear = segment_gain(*world(rng, 6000), rng=rng, policy_cost=1e6)
    assert dear.best is None
    assert str(dear).startswith("one policy for all (")


def test_segments_that_choose_the_same_policy_gain_nothing() -> None:
    """Who buys what is one thing, what pays for them another."""
    rng = np.random.default_rng(2)
    policy = rng.integers(0, 2, 2000)
    segment = rng.integers(0, 2, 2000)
    profit = 5.0 * policy + 3.0 * segment + rng.normal(0, 1, 2000)
    found = segment_gain(profit, policy, {"taste": segment}, rng=rng, policy_cost=1)
    assert found.single_policy == "1"
    assert found.table["gain"].tolist() == [0]
    assert found.table["pays"].tolist() == ["no"]


def test_folds_that_disagree_are_told() -> None:
    """Policies that are all the same are chosen by chance, and another one in another part."""
    rng = np.random.default_rng(3)
    policy, segment = rng.integers(0, 2, (2, 300))
    found = segment_gain(rng.normal(0, 1, 300), policy, {"s": segment}, rng=rng, n_folds=10)
    assert found.table["folds_agree"].tolist() == [False]


def run(profit: FloatArray, policy: IntArray, segments: dict[str, IntArray]) -> SegmentGain:
    return segment_gain(profit, policy, segments, rng=np.random.default_rng(5))


@given(st.integers(0, 2**32 - 1), st.floats(-1e3, 1e3), st.floats(0.1, 100))
@examples(15)
def test_money_may_be_counted_in_any_unit(state: int, shift: float, scale: float) -> None:
    """Names of segments mean nothing, and what everybody earns anyway is no gain."""
    profit, policy, segments = world(np.random.default_rng(state), 300)
    one = run(profit, policy, segments).table
    other = run(scale * profit + shift, policy, {k: 7 - s for k, s in segments.items()}).table
    assert other["gain"].to_numpy() == pytest.approx(scale * one["gain"].to_numpy(), rel=1e-6, abs=1e-6)
    assert other["standard_error"].to_numpy() == pytest.approx(
        scale * one["standard_error"].to_numpy(), rel=1e-6, abs=1e-6
    )


ARGUMENTS = {
    "profit": np.arange(20.0),
    "policy": np.arange(20) % 2,
    "segmentations": {"s": np.arange(20) % 3},
    "rng": np.random.default_rng(1),
}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"profit": [1.0]}, "`profit` and `policy` must have one value a customer"),
        ({"policy": np.zeros(20)}, "`policy` must have at least two policies, got only '0.0'"),
        (
            {"policy": np.arange(20) // 17},
            "`policy` must have at least `n_folds` customers of each policy, got 3",
        ),
        ({"segmentations": {}}, "`segmentations` must name at least one"),
        ({"segmentations": {"s": [1]}}, r"`segmentations\['s'\]` must have one segment a customer"),
        ({"probability": [0.5]}, "`probability` must have one value a customer"),
        ({"n_folds": 1}, "`n_folds` must be a whole number at least 2, got 1"),
        ({"rng": 1}, "`rng` must be a NumPy random generator"),
    ],
)
def test_refusals(change: dict[str, object], message: str) -> None:
    with pytest.raises(InvalidInputError, match=message):
        segment_gain(**ARGUMENTS | change)  # type: ignore[arg-type]

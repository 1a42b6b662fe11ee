"""What an offer does, from customers who got it at random."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from customer_centric.churn import RetentionUplift, retention_uplift
from customer_centric.errors import InvalidInputError
from effort import examples


def world(seed: int, n: int = 4000) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Outcomes, treatment and gain: the offer keeps between 0 and 20 % of customers."""
    rng = np.random.default_rng(seed)
    offer, gain = rng.random(n) < 0.5, rng.uniform(0, 0.2, n)
    return rng.random(n) < 0.4 - gain * offer, offer, gain


def uplift_of(seed: int, predicted: object = None, n: int = 4000) -> RetentionUplift:
    left, offer, gain = world(seed, n)
    score = gain if predicted is None else predicted
    return retention_uplift(left, offer, score, rng=np.random.default_rng(seed), n_resamples=60)  # type: ignore[arg-type]


def test_the_uplift_of_everybody_is_a_difference_of_shares() -> None:
    left, offer, _ = world(1)
    found = uplift_of(1)
    assert found.uplift == pytest.approx(left[~offer].mean() - left[offer].mean())
    assert found.interval.contains(0.1)
    assert (found.n_treated, found.n_control) == (int(offer.sum()), int((~offer).sum()))
    assert found.curve["kept"].iloc[-1] == pytest.approx(found.uplift)
    assert found.curve["uplift"].iloc[0] > found.uplift


def test_a_good_order_is_worth_something_and_a_random_one_is_not() -> None:
    good = uplift_of(2, n=20_000)
    noise = uplift_of(2, predicted=np.random.default_rng(9).random(20_000), n=20_000)
    assert good.qini_interval is not None
    assert noise.qini_interval is not None
    assert good.qini_interval.lower > 0
    assert good.qini == pytest.approx(0.2 / 12, abs=0.006), "a gain uniform on (0, 0.2)"
    assert noise.qini_interval.contains(0.0)


def test_customers_with_equal_predictions_come_in_no_order() -> None:
    """The order of the rows says nothing, and one prediction for all is worth nothing."""
    left, offer, gain = world(3, 400)
    coarse, rows = np.round(gain, 1), np.random.default_rng(1).permutation(400)
    here, there = (
        retention_uplift(*arrays, rng=np.random.default_rng(1), n_resamples=5)
        for arrays in ((left, offer, coarse), (left[rows], offer[rows], coarse[rows]))
    )
    assert here.qini == pytest.approx(there.qini, abs=1e-12)
    assert here.curve["uplift"].to_numpy() == pytest.approx(there.curve["uplift"].to_numpy(), abs=1e-12)
    same = retention_uplift(left, offer, np.ones(400), rng=np.random.default_rng(1), n_resamples=5)
    assert same.qini == 0.0
    assert same.qini_interval is None
    assert "no spread" in str(same.reason)
    assert "no spread" in str(same)
    assert "Qini" in here._repr_html_()
    assert same.curve["uplift"].to_numpy() == pytest.approx(same.uplift)


@given(st.integers(0, 1000), st.floats(0.1, 5))
@examples(10)
def test_only_the_order_counts(seed: int, power: float) -> None:
    left, offer, gain = world(seed, 300)
    here, there = (
        retention_uplift(left, offer, score, rng=np.random.default_rng(1), n_resamples=5)
        for score in (gain, gain**power)
    )
    assert here.qini == pytest.approx(there.qini)
    assert here.curve["uplift"].equals(there.curve["uplift"])


def test_intervals_hold_what_they_promise() -> None:
    held = sum(uplift_of(seed, n=400).interval.contains(0.1) for seed in range(100))
    assert held >= 90


@pytest.mark.parametrize(
    ("left", "offer", "score", "message"),
    [
        ([1, 0], [1, 1], [0.1, 0.2], "`treated` must have customers with and without the offer, got 2 and 0"),
        ([1, 0], [1, 2], [0.1, 0.2], "`treated` must be a whole number at least 0 and at most 1, got 2"),
        ([1, 2], [1, 0], [0.1, 0.2], "`churned` must be .* got 2"),
        ([1, 0], [1, 0], [0.1], "must have one value a customer, got shapes"),
        ([1, 0], [1, 0], [0.1, np.nan], "`predicted_uplift` must be a finite number, got nan"),
    ],
)
def test_refusals(left: list[int], offer: list[int], score: list[float], message: str) -> None:
    with pytest.raises(InvalidInputError, match=message):
        retention_uplift(left, offer, score, rng=np.random.default_rng(1))

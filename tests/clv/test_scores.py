"""The tables of a score, worked out by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import kstest

from customer_centric import HoldoutCounts, HoldoutScore, Nbd, backtest
from customer_centric.clv._holdout import HoldoutForecast, count_interval
from customer_centric.clv._scoring import lift_curve, pit_draws, pit_histogram, reliability
from customer_centric.intervals import wilson_interval
from effort import examples


def holdout(later: list[float], weight: list[float] | None = None) -> HoldoutCounts:
    rows = np.ones(len(later))
    weights = rows if weight is None else np.asarray(weight)
    return HoldoutCounts(rows, rows, 2 * rows, np.asarray(later, dtype=float), rows, weights, "week")


def score(later: list[float]) -> HoldoutScore:
    model = Nbd(r=1.0, alpha=2.0, unit="week")
    return backtest(holdout(later), {"NBD": model}, rng=np.random.default_rng(1)).score()


def test_lift_by_hand() -> None:
    """The first tenth makes all purchases, and is expected to make half of them."""
    actual = [9.0, *[0.0] * 9]
    expected = np.array([5.0, *[5 / 9] * 9])
    curve = lift_curve(expected, holdout(actual))
    assert curve.lift.tolist() == [10.0, *[0.0] * 9]
    assert curve.cumulative_share.tolist() == [1.0] * 10
    assert curve.actual[0] == 9
    np.testing.assert_allclose(curve.expected, expected)
    assert curve.gini == 1


def test_a_perfect_order_a_reversed_one_and_none() -> None:
    later = [float(k) for k in range(10)]
    assert lift_curve(np.arange(10.0), holdout(later)).gini == 1
    assert lift_curve(-np.arange(10.0), holdout(later)).gini == -1
    tied = lift_curve(np.ones(10), holdout(later))
    assert tied.gini == pytest.approx(0, abs=1e-12)
    np.testing.assert_allclose(tied.lift, 1)
    assert math.isnan(lift_curve(np.arange(10.0), holdout([2.0] * 10)).gini)


def test_a_tenth_cuts_a_row_in_proportion() -> None:
    """Four customers with one purchase each and six without: tenths are single customers."""
    curve = lift_curve(np.array([2.0, 1.0]), holdout([1.0, 0.0], [4.0, 6.0]))
    np.testing.assert_allclose(curve.actual, [1, 1, 1, 1, 0, 0, 0, 0, 0, 0], atol=1e-12)


def test_reliability_by_hand() -> None:
    """Probabilities of 0 and 1 have a bin too, and a bin says how sure it is."""
    curve = reliability(np.array([0.0, 0.05, 0.31, 0.39, 1.0]), holdout([0, 1, 0, 2, 1]), 0.95)
    assert curve.bin_start.tolist() == [0.0, 0.3, 0.9]
    assert curve.bin_end.tolist() == [0.1, 0.4, 1.0]
    assert curve.n_customers.tolist() == [2, 2, 1]
    np.testing.assert_allclose(curve.predicted, [0.025, 0.35, 1.0])
    assert curve.actual.tolist() == [0.5, 0.5, 1.0]
    lower, upper = wilson_interval([1, 1, 1], [2, 2, 1])
    np.testing.assert_allclose(curve.lower, lower)
    np.testing.assert_allclose(curve.upper, upper)


def test_pit_is_that_of_the_definition() -> None:
    """A forecast of 0 purchases with probability 0.2, and more with 0.8, of customers who bought none."""
    n = 500
    zeros = np.zeros(n)
    forecast = HoldoutForecast(
        expected=zeros,
        variance=zeros,
        log_probability=np.full(n, math.log(0.2)),
        below=zeros,
        active=zeros + 0.8,
        alive=None,
        class_uncertainty=np.zeros(9),
    )
    draws = pit_draws(np.ones(n), np.random.default_rng(1))
    pit = pit_histogram(forecast, draws)
    assert pit.share[:2].sum() == 1
    assert pit.distance == pytest.approx(kstest(draws[1] * 0.2, "uniform").statistic)
    assert pit.p_value < 1e-9


def test_distance_and_p_value_of_uniform_numbers() -> None:
    n = 2000
    forecast = HoldoutForecast(
        expected=np.zeros(n),
        variance=np.zeros(n),
        log_probability=np.zeros(n),
        below=np.zeros(n),
        active=np.ones(n),
        alive=None,
        class_uncertainty=np.zeros(9),
    )
    draws = pit_draws(np.ones(n), np.random.default_rng(5))
    pit, exact = pit_histogram(forecast, draws), kstest(draws[1], "uniform")
    assert pit.distance == pytest.approx(exact.statistic)
    assert pit.p_value == pytest.approx(exact.pvalue, abs=2e-3)


@examples(50)
@given(st.floats(0.0, 1e5), st.floats(0.0, 1e6), st.floats(0.5, 0.99))
def test_intervals_of_counts_are_whole_and_hold_their_mean(
    mean: float, variance: float, level: float
) -> None:
    lower, upper = count_interval(np.asarray(mean), np.asarray(variance), level)
    assert 0 <= lower <= upper
    assert lower == np.floor(lower)
    assert upper == np.ceil(upper)
    assert lower <= mean <= upper


def test_frames_have_a_row_a_class_a_bin_and_a_tenth() -> None:
    result = score([0, 1, 2, 5])
    assert result.classes.to_frame()["frequency"].tolist() == ["1"]
    assert result.classes.to_frame()["n_customers"].tolist() == [4]
    assert list(result.active.to_frame()) == [
        "bin_start", "bin_end", "n_customers", "predicted", "actual", "lower", "upper",
    ]  # fmt: skip
    assert result.lift.to_frame()["tenth"].tolist() == list(range(1, 11))
    assert result.pit.to_frame()["share"].sum() == pytest.approx(1)
    assert result.gini == result.lift.gini


def test_classes_above_six_are_one() -> None:
    rows = np.ones(3)
    counts = HoldoutCounts(
        np.array([0.0, 7.0, 30.0]), np.array([0.0, 5.0, 9.0]), 10 * rows, rows, rows, rows, "week"
    )
    classes = (
        backtest(counts, {"NBD": Nbd(r=1.0, alpha=2.0, unit="week")}, rng=np.random.default_rng(1))
        .score()
        .classes
    )
    assert classes.labels == ("0", "7+")
    assert classes.n_customers.tolist() == [1, 2]

"""Measures of a churn forecast against slow twins, SciPy and arithmetic by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from scipy import optimize, stats

from customer_centric.churn import score_churn_forecast
from customer_centric.errors import InvalidInputError

LEFT = [1, 0, 1, 0, 0, 1, 0, 0, 0, 0]
RISK = [0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3, 0.2, 0.1, 0.05]
CUSTOMERS = st.lists(
    st.tuples(st.booleans(), st.integers(1, 99).map(lambda p: p / 100)), min_size=1, max_size=40
)


def columns(customers: list[tuple[bool, float]]) -> tuple[np.ndarray, np.ndarray]:
    left, risk = zip(*customers, strict=True)
    return np.array(left, dtype=float), np.array(risk)


@given(CUSTOMERS)
def test_measures_are_those_of_slow_twins(customers: list[tuple[bool, float]]) -> None:
    y, p = columns(customers)
    score = score_churn_forecast(y, p)
    assert score.brier.value == pytest.approx(sum((a - b) ** 2 for a, b in zip(y, p, strict=True)) / y.size)
    loss = -sum(math.log(b if a else 1 - b) for a, b in zip(y, p, strict=True)) / y.size
    assert score.log_loss.value == pytest.approx(loss)
    pairs = [
        (b > d) + 0.5 * (b == d)
        for a, b in zip(y, p, strict=True)
        if a
        for c, d in zip(y, p, strict=True)
        if not c
    ]
    if pairs:
        assert score.auc.value == pytest.approx(np.mean(pairs))
        share = y.mean()
        assert score.brier_skill.value == pytest.approx(1 - score.brier.value / (share * (1 - share)))
    else:
        assert math.isnan(score.auc.value)
        assert "all customers left, or none did" in str(score.auc.reason)
    assert score.calibration_in_the_large.value == pytest.approx(y.sum() / p.sum())


@given(CUSTOMERS)
def test_intervals_hold_their_measure_and_have_a_width(customers: list[tuple[bool, float]]) -> None:
    score = score_churn_forecast(*columns(customers))
    for name in ("brier", "brier_skill", "log_loss", "auc", "calibration_in_the_large"):
        measure = getattr(score, name)
        assert (measure.interval is None) == (measure.reason is not None), name
        if measure.interval is not None:
            assert measure.interval.contains(measure.value), name
            assert measure.interval.width > 0, name


@given(CUSTOMERS, st.integers(1, 10))
@example(customers=[(False, 0.01), (True, 0.01)], power=4)
def test_only_the_order_counts_for_ranking(customers: list[tuple[bool, float]], power: int) -> None:
    y, p = columns(customers)
    here, there = score_churn_forecast(y, p), score_churn_forecast(y, 0.5 * p**power)
    if not math.isnan(here.auc.value):
        assert there.auc.value == pytest.approx(here.auc.value)
        assert there.lift["churned"].to_numpy() == pytest.approx(here.lift["churned"].to_numpy())


def test_numbers_by_hand() -> None:
    score = score_churn_forecast(LEFT, RISK)
    assert score.brier.value == pytest.approx(0.18525)
    assert score.auc.value == pytest.approx(17 / 21)
    assert score.lift["lift"].iloc[0] == pytest.approx(1 / 0.3)
    assert score.lift["churned"].tolist() == [1, 1, 2, 2, 2, 3, 3, 3, 3, 3]
    assert (score.n, score.n_churned) == (10, 3)
    assert score.reliability["n"].sum() == 10
    assert score.to_frame().loc["auc", "value"] == score.auc.value
    assert "10 customers, 3 of them left" in score._repr_html_()


def test_recalibration_is_a_logistic_regression() -> None:
    """By SciPy's optimiser on the likelihood written out."""
    rng = np.random.default_rng(3)
    p = rng.uniform(0.02, 0.9, 500)
    y = (rng.random(500) < 1 / (1 + np.exp(-(0.3 + 0.6 * np.log(p / (1 - p)))))).astype(float)
    z = np.log(p / (1 - p))
    best = optimize.minimize(
        lambda t: (np.logaddexp(0, t[0] + t[1] * z) - y * (t[0] + t[1] * z)).sum(), [0, 1]
    )
    score = score_churn_forecast(y, p)
    assert score.calibration_slope.value == pytest.approx(best.x[1], abs=1e-4)
    assert score.calibration_slope.interval is not None
    error = (score.calibration_slope.interval.upper - best.x[1]) / 1.959964
    assert error == pytest.approx(math.sqrt(best.hess_inv[1, 1]), rel=0.05)
    shift = optimize.brentq(lambda a: (1 / (1 + np.exp(-(a + z))) - y).sum(), -5, 5)
    assert score.calibration_intercept.value == pytest.approx(shift, abs=1e-8)


def test_delong_agrees_with_the_bootstrap() -> None:
    rng = np.random.default_rng(4)
    y = rng.random(400) < 0.3
    p = stats.norm.cdf(rng.standard_normal(400) + 0.8 * y)
    auc = score_churn_forecast(y, p).auc
    draws = []
    for _ in range(400):
        at = rng.integers(0, 400, 400)
        draws.append(score_churn_forecast(y[at], p[at]).auc.value)
    assert auc.interval is not None
    assert auc.interval.width == pytest.approx(2 * 1.96 * np.std(draws), rel=0.12)


def test_edges_are_explained() -> None:
    certain = score_churn_forecast([1, 0, 0], [0.0, 0.2, 0.4])
    assert certain.log_loss.value == math.inf
    assert "probability 0" in str(certain.log_loss.reason)
    assert "exactly 0 or 1" in str(certain.calibration_slope.reason)
    apart = score_churn_forecast([1, 1, 0, 0], [0.9, 0.8, 0.2, 0.1])
    assert apart.auc.value == 1.0
    assert apart.auc.interval is not None
    assert apart.auc.interval.lower < 0.5, "two of each are not many"
    assert "separate" in str(apart.calibration_slope.reason)
    equal = score_churn_forecast([1, 0], [0.5, 0.5])
    assert "equal" in str(equal.calibration_slope.reason)
    assert score_churn_forecast([0, 0], [0.1, 0.2]).lift["lift"].isna().all()
    assert math.isnan(score_churn_forecast([0, 1], [0.0, 0.0]).calibration_in_the_large.value)
    one = score_churn_forecast([1], [0.5])
    assert one.brier.interval is None


@pytest.mark.parametrize(
    ("left", "risk", "message"),
    [
        (
            [1, 2],
            [0.1, 0.2],
            "`churned` must be a whole number at least 0 and at most 1, got 2 at position 1",
        ),
        ([1, 0], [0.1, 1.2], "`probability` must be .* at most 1, got 1.2 at position 1"),
        ([1, 0], [0.1], "must have one value a customer, got shapes .2,. and .1,."),
        ([], [], "`churned` must have at least one customer, got none"),
    ],
)
def test_refusals(left: list[float], risk: list[float], message: str) -> None:
    with pytest.raises(InvalidInputError, match=message):
        score_churn_forecast(left, risk)

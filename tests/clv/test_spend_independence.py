"""The check of the Gamma-Gamma model's assumption; Fader, Hardie and Lee's numbers are in published/."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import minimize
from scipy.stats import kendalltau, pearsonr, spearmanr

import cdnow
from customer_centric import GammaGamma, InvalidInputError, SpendCounts, check_spend_independence
from customer_centric.clv import _spend_likelihood
from effort import examples


def counts(x: object, mean_spend: object, weight: object = None) -> SpendCounts:
    x, mean_spend = np.asarray(x, dtype=float), np.asarray(mean_spend, dtype=float)
    return SpendCounts(x, mean_spend, np.ones(x.size) if weight is None else np.asarray(weight, dtype=float))


def simulated(elasticity: float, *, seed: int = 0, n: int = 1500) -> SpendCounts:
    rng = np.random.default_rng(seed)
    x = rng.integers(1, 12, n).astype(float)
    mean_spend = GammaGamma(p=6, q=4, gamma=15).simulate(x, rng=rng)
    return counts(x, mean_spend * x**elasticity)


def test_correlations_are_those_of_scipy() -> None:
    spend = simulated(0.1)
    found = check_spend_independence(spend)
    for ours, scipys in (
        (found.pearson, pearsonr(spend.frequency, spend.mean_spend)),
        (found.spearman, spearmanr(spend.frequency, spend.mean_spend)),
        (found.kendall, kendalltau(spend.frequency, spend.mean_spend)),
    ):
        assert (ours.estimate, ours.p_value) == pytest.approx((scipys.statistic, scipys.pvalue))


def test_the_score_test_recovers_an_elasticity() -> None:
    """One step from independence lands within three standard errors of a small elasticity."""
    for elasticity in (-0.1, 0.0, 0.1):
        found = check_spend_independence(simulated(elasticity)).score_test
        assert found.estimate == pytest.approx(elasticity, abs=0.08)
        assert (found.p_value < 0.01) == (elasticity != 0)


def test_the_score_test_agrees_with_the_likelihood_ratio() -> None:
    """Twice the gain of fitting gamma x^theta is near the score statistic where theta is small."""
    spend = simulated(0.03)

    def loss(theta: np.ndarray) -> float:
        p, q_less_1, gamma = np.exp(theta[:3])
        scale = gamma * spend.frequency ** theta[3]
        rows = _spend_likelihood.log_density(p, 1 + q_less_1, scale, spend.frequency, spend.mean_spend)  # type: ignore[arg-type]
        return -float(rows.sum())

    start = np.append(np.log([6, 3, 15]), 0.0)
    free = minimize(loss, start, method="BFGS")
    tied = minimize(lambda t: loss(np.append(t, 0.0)), start[:3], method="BFGS")
    found = check_spend_independence(spend).score_test
    from scipy.stats import chi2

    assert chi2.isf(found.p_value, 1) == pytest.approx(2 * (tied.fun - free.fun), rel=0.05)
    assert found.estimate == pytest.approx(free.x[3], rel=0.1)


def test_the_score_test_is_level_under_independence() -> None:
    """100 worlds: about 5 of 100 p-values below .05."""
    p_values = [check_spend_independence(simulated(0, seed=s, n=300)).score_test.p_value for s in range(100)]
    assert 1 <= np.sum(np.array(p_values) < 0.05) <= 11


@given(st.integers(0, 10_000))
@examples(20)
def test_the_most_influential_customer_is_found_by_leaving_each_out(seed: int) -> None:
    rng = np.random.default_rng(seed)
    x, spend = rng.integers(1, 9, 12).astype(float), rng.gamma(2, 10, 12)
    found = check_spend_independence(counts(x, spend))
    whole = pearsonr(x, spend).statistic
    without = []
    for left_out in range(12):
        kept = np.arange(12) != left_out
        defined = np.ptp(x[kept]) > 0
        without.append(pearsonr(x[kept], spend[kept]).statistic if defined else 0.0)
    worst = int(np.argmax(np.abs(np.array(without) - whole)))
    assert (found.influential_frequency, found.influential_mean_spend) == (x[worst], spend[worst])
    if np.ptp(np.delete(x, worst)) > 0:
        assert found.pearson_without.estimate == pytest.approx(without[worst], abs=1e-12)


def test_weights_are_copies() -> None:
    x, spend, weight = [1, 2, 5], [10.0, 30.0, 20.0], [3, 2, 4]
    one = check_spend_independence(counts(x, spend, weight))
    other = check_spend_independence(counts(np.repeat(x, weight), np.repeat(spend, weight)))
    assert one.pearson == other.pearson
    assert one.n_customers == other.n_customers == 9
    assert one.score_test.estimate == pytest.approx(other.score_test.estimate, rel=1e-6)


def test_verdicts_say_what_to_do() -> None:
    verdicts = [
        check_spend_independence(spend).verdict
        for spend in (
            simulated(0.0),
            cdnow.histories().spend_statistics(),
            simulated(0.5),
            simulated(-0.5),
            counts([*np.tile([1, 2, 3], 20), 30], [*np.tile([10.0, 12.0, 11.0, 9.0], 15), 500.0]),
        )
    ]
    assert verdicts[0].startswith("Nothing says that spend depends on frequency (correlation ")
    assert verdicts[1].startswith("Spend depends on frequency, but so weakly (correlation 0.11, 0.06 without")
    assert verdicts[2].startswith("Customers who buy often spend more a purchase")
    assert verdicts[3].startswith("Customers who buy often spend less a purchase")
    assert verdicts[4].startswith("One customer makes spend look dependent on frequency")


@pytest.mark.parametrize(
    ("x", "spend", "reason"),
    [
        ([1, 2], [5, 6], "2 customers with repeat purchases are too few"),
        ([2, 2, 2], [5, 6, 7], "all customers have the same frequency (2)"),
        ([1, 2, 3], [5, 5, 5], "all customers have the same mean spend (5)"),
    ],
)
def test_what_cannot_be_told_is_said(x: list[float], spend: list[float], reason: str) -> None:
    found = check_spend_independence(counts(x, spend))
    assert found.reason == reason
    assert math.isnan(found.pearson.estimate)
    assert math.isnan(found.score_test.p_value)
    assert reason in found.verdict


def test_one_customer_apart_from_equals() -> None:
    """Without the only one who differs there is no correlation to speak of: NaN, not a crash."""
    found = check_spend_independence(counts([1, 1, 1, 4], [5.0, 6.0, 7.0, 20.0]))
    assert found.influential_frequency == 4
    assert math.isnan(found.pearson_without.estimate)
    assert found.verdict


def test_fractional_customers_have_no_ranks() -> None:
    with pytest.raises(InvalidInputError, match=r"`weight` must be whole numbers of customers .* got 0\.5"):
        check_spend_independence(counts([1, 2, 3], [5, 6, 7], [1, 0.5, 1]))


def test_nobody_with_repeat_purchases_is_refused() -> None:
    with pytest.raises(
        InvalidInputError, match="must have customers with repeat purchases of a known amount"
    ):
        check_spend_independence(counts([], []))

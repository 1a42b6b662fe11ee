"""Draws from a model have its distribution, and a fit of them finds its parameters."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import chi2

from clv._models import Family, every_family
from customer_centric import BgNbd, GammaGamma, fit_gamma_gamma

TRUTH = {
    "BG/NBD": (0.6, 5.0, 0.8, 2.5),
    "MBG/NBD": (0.9, 6.0, 0.9, 2.0),
    "Pareto/NBD": (0.8, 8.0, 0.9, 12.0),
    "NBD": (0.6, 8.0),
}


@every_family
def test_a_fit_recovers_the_parameters(family: Family) -> None:
    """Within three standard errors jointly: the Wald statistic is chi-squared with k degrees of freedom."""
    rng = np.random.default_rng(20)
    model = family.build(*TRUTH[family.name])
    histories = model.simulate(rng.uniform(20, 60, 6000), rng=rng)
    found = family.fit(histories.sufficient_statistics())
    assert found.boundary is None
    off = np.log(found.model.parameters) - np.log(model.parameters)
    assert off @ np.linalg.solve(found.covariance, off) < chi2.ppf(0.999, off.size)


@every_family
def test_histories_and_holdout_agree_with_the_forecasts(family: Family) -> None:
    """Mean frequency, and the mean of what comes after, within four standard errors."""
    rng = np.random.default_rng(3)
    model = family.build(*TRUTH[family.name])
    n = 20_000
    frame = model.simulate(np.full(n, 30.0), holdout=20, rng=rng).frame
    expected = model.new_customer().expected_purchases(horizon=30)
    x = frame["frequency"].to_numpy()
    assert abs(x.mean() - expected) < 4 * x.std() / np.sqrt(n)
    columns = [frame[name].to_numpy() for name in ("frequency", "recency", "age")]
    surprise = frame["frequency_holdout"].to_numpy() - model.expected_purchases(*columns, horizon=20)
    assert abs(surprise.mean()) < 4 * surprise.std() / np.sqrt(n)
    # Where there was no repeat purchase, too: conditional forecasts, not only their mean.
    once = surprise[x == 0]
    assert abs(once.mean()) < 4 * once.std() / np.sqrt(once.size)


@every_family
def test_counts_follow_the_pmf(family: Family) -> None:
    """Chi-squared test of the frequencies of 0, 1, ..., 7 and more repeat purchases."""
    rng = np.random.default_rng(12)
    model = family.build(*TRUTH[family.name])
    n = 20_000
    x = model.simulate(np.full(n, 30.0), rng=rng).frame["frequency"].to_numpy()
    seen = np.bincount(np.minimum(x, 7).astype(int), minlength=8)
    new = model.new_customer()
    share = new.purchase_pmf(np.arange(8), horizon=30)
    share[7] = 1 - share[:7].sum()
    assert float(((seen - n * share) ** 2 / (n * share)).sum()) < chi2.ppf(0.9999, 7)


@every_family
def test_draws_are_a_function_of_the_seed(family: Family) -> None:
    model = family.build(*TRUTH[family.name])
    ages = np.full(50, 30.0)
    one, again, other = (model.simulate(ages, rng=np.random.default_rng(seed)).frame for seed in (1, 1, 2))
    assert one.equals(again)
    assert not one.equals(other)


@every_family
def test_edges_of_simulation(family: Family) -> None:
    """No time, no purchases; rates and lifetimes at the ends of the supported range."""
    rng = np.random.default_rng(1)
    model = family.build(*TRUTH[family.name])
    assert (model.simulate([0.0, 0.0], rng=rng).frame["frequency"] == 0).all()
    extreme = family.build(*np.full(len(family.names), 1e-4))
    frame = extreme.simulate(np.full(200, 5.0), holdout=3, rng=rng).frame
    assert np.isfinite(frame["recency"]).all()
    with pytest.raises(ValueError, match="`age` must be a finite number at least 0, got -1 at position 1"):
        model.simulate([1.0, -1.0], rng=rng)
    with pytest.raises(ValueError, match="`holdout` must be a finite number at least 0"):
        model.simulate([1.0], holdout=np.inf, rng=rng)


def test_weeks_lose_no_purchases_that_lifetimes_simulators_lose() -> None:
    """lifetimes counts distinct whole numbers of time: in weeks, several purchases of one week are one."""
    model = BgNbd(r=5, alpha=1, a=0.05, b=5, unit="week")
    rng = np.random.default_rng(6)
    x = model.simulate(np.full(5000, 10.0), rng=rng).frame["frequency"].to_numpy()
    expected = model.new_customer().expected_purchases(horizon=10)
    assert abs(x.mean() - expected) < 4 * x.std() / np.sqrt(5000)


def test_a_fit_of_spend_recovers_the_parameters() -> None:
    rng = np.random.default_rng(14)
    truth = GammaGamma(p=6, q=4, gamma=15)
    x = rng.integers(0, 9, 6000).astype(float)
    mean_spend = truth.simulate(x, rng=rng)
    assert np.isnan(mean_spend[x == 0]).all()
    from customer_centric import SpendCounts

    seen = x > 0
    found = fit_gamma_gamma(SpendCounts(x[seen], mean_spend[seen], np.ones(int(seen.sum()))))
    off = np.log(found.model.parameters) - np.log(truth.parameters)
    assert off @ np.linalg.solve(found.covariance, off) < chi2.ppf(0.999, 3)

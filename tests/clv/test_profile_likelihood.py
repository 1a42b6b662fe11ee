"""Intervals that follow the likelihood: where the profile crosses, and what becomes of limits."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy.optimize import minimize
from scipy.stats import chi2

import cdnow
from customer_centric import (
    GammaGamma,
    InvalidInputError,
    PurchaseHistories,
    fit_gamma_gamma,
    fit_nbd,
    likelihood_intervals,
)

FITS = {
    "BG/NBD": cdnow.bg_nbd,
    "MBG/NBD": cdnow.mbg_nbd,
    "Pareto/NBD": cdnow.pareto_nbd,
    "NBD": cdnow.nbd,
    "Gamma-Gamma": cdnow.gamma_gamma,
}


@pytest.mark.parametrize("name", FITS)
def test_intervals_hold_the_estimate_and_lie_near_the_symmetric_ones(name: str) -> None:
    """On 2,357 customers the two kinds differ by skewness, not by their size."""
    fit: Any = FITS[name]()
    table, wald = likelihood_intervals(fit, cdnow.histories()), fit.summary()
    assert list(table.index) == list(fit.model.parameter_names)
    assert ((table["lower"] < table["estimate"]) & (table["estimate"] < table["upper"])).all()
    ratio = np.log(table["upper"] / table["lower"]) / np.log(wald["upper"] / wald["lower"])
    assert ratio.between(0.8, 1.4).all()


def test_bounds_are_where_an_independent_search_finds_them() -> None:
    """The highest log-likelihood with the bound held is half a chi-square quantile below the optimum."""
    fit, counts = cdnow.mbg_nbd(), cdnow.histories().sufficient_statistics()
    columns = (counts.frequency, counts.recency, counts.age)
    table = likelihood_intervals(fit, counts, confidence_level=0.9)
    theta = np.log(fit.model.parameters)
    for index in (0, 3):
        for side in ("lower", "upper"):
            held = np.log(table[side].iloc[index])

            def loss(others: np.ndarray[Any, Any], index: int = index, held: float = held) -> float:
                model = fit.model.with_parameters(np.exp(np.insert(others, index, held)))
                return -float(counts.weight @ model.log_likelihood(*columns))

            best = minimize(loss, np.delete(theta, index), method="BFGS", options={"gtol": 1e-4})
            assert 2 * (fit.log_likelihood + best.fun) == pytest.approx(chi2.ppf(0.9, 1), abs=1e-4)


def test_wider_for_more_confidence() -> None:
    narrow, wide = (
        likelihood_intervals(cdnow.nbd(), cdnow.histories(), confidence_level=level) for level in (0.5, 0.99)
    )
    assert ((wide["lower"] < narrow["lower"]) & (narrow["upper"] < wide["upper"])).all()


def test_a_limit_leaves_a_side_open() -> None:
    """Purchases less scattered than chance: rates may be equal, and nothing bounds r from above."""
    histories = PurchaseHistories.from_arrays([3, 4, 3, 4], [20, 22, 25, 30], [40, 40, 40, 40], unit="week")
    fit = fit_nbd(histories)
    assert fit.boundary == "equal purchase rates"
    table = likelihood_intervals(fit, histories)
    assert np.isinf(table["upper"]).all()
    assert (table["lower"] > 0).all()


def test_q_stays_above_1() -> None:
    rng = np.random.default_rng(5)
    frequency = 1.0 + rng.poisson(1.0, 60)
    mean = GammaGamma(p=2.0, q=1.05, gamma=10.0).simulate(frequency, rng=rng)
    histories = PurchaseHistories.from_arrays(
        frequency, np.full(60, 5.0), np.full(60, 9.0), mean, unit="week"
    )
    table = likelihood_intervals(fit_gamma_gamma(histories), histories)
    assert table.loc["q", "lower"] >= 1


def test_other_histories_are_refused() -> None:
    other = PurchaseHistories.from_arrays([1, 0], [2, 0], [9, 9], unit="week")
    with pytest.raises(
        InvalidInputError, match=r"^`histories` must be those of the fit, with log-likelihood -95"
    ):
        likelihood_intervals(cdnow.mbg_nbd(), other)
    spend: Any = cdnow.histories().spend_statistics()
    with pytest.raises(
        InvalidInputError, match=r"^`histories` must be purchase histories, got SpendCounts; `summ"
    ):
        likelihood_intervals(cdnow.mbg_nbd(), spend)


def test_other_models_are_refused() -> None:
    class Own:
        unit = "week"

    fit: Any = cdnow.nbd()
    own: Any = type(fit)(Own(), -1.0, fit.covariance, 10.0, 1)
    with pytest.raises(
        InvalidInputError, match=r"^`fit` must be of a model of this package, got Own; use its `summ"
    ):
        likelihood_intervals(own, cdnow.histories())

"""What a fit says of itself."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from scipy.stats import norm

import cdnow
from customer_centric import Fit, HistoryCounts, InvalidInputError, Nbd, fit_nbd


def fit_of(covariance: np.ndarray, **changes: object) -> Fit[Nbd]:
    fit = Fit(
        model=Nbd(r=0.5, alpha=8.0, unit="week"),
        log_likelihood=-100.0,
        covariance=covariance,
        n_customers=50.0,
        n_iterations=4,
    )
    return dataclasses.replace(fit, **changes)


COVARIANCE = np.array([[0.04, 0.01], [0.01, 0.09]])


def test_information_criteria() -> None:
    fit = fit_of(COVARIANCE)
    assert fit.aic == 204
    assert fit.bic == pytest.approx(200 + 2 * np.log(50))


def test_standard_errors_are_those_of_the_parameters() -> None:
    """The delta method: parameter times the standard error of its logarithm."""
    np.testing.assert_allclose(fit_of(COVARIANCE).standard_errors, [0.5 * 0.2, 8 * 0.3])


def test_intervals_are_symmetric_in_the_logarithm() -> None:
    for level in (0.5, 0.95):
        table = fit_of(COVARIANCE).summary(confidence_level=level)
        reach = np.exp(norm.isf((1 - level) / 2) * np.array([0.2, 0.3]))
        np.testing.assert_allclose(table["lower"], [0.5, 8.0] / reach)
        np.testing.assert_allclose(table["upper"], [0.5, 8.0] * reach)
        assert table.index.tolist() == ["r", "alpha"]
        assert table.index.name == "parameter"


@pytest.mark.parametrize("level", [0.0, 1.0, 95.0, np.nan])
def test_impossible_levels_are_refused(level: float) -> None:
    with pytest.raises(InvalidInputError, match="`confidence_level` must be a finite number greater than 0"):
        fit_of(COVARIANCE).summary(confidence_level=level)


def test_the_covariance_is_symmetric_and_in_the_right_units() -> None:
    """lifetimes scales its inverse Hessian by the square of one parameter, which is not symmetric."""
    for fit in (cdnow.bg_nbd(), cdnow.mbg_nbd(), cdnow.pareto_nbd(), cdnow.nbd(), cdnow.gamma_gamma()):
        np.testing.assert_array_equal(fit.covariance, fit.covariance.T)
        assert np.linalg.eigvalsh(fit.covariance).min() > 0


def test_fits_do_not_depend_on_the_unit() -> None:
    """lifetimes' penalty does; here days give the same model as weeks, alpha seven times as large."""
    counts = cdnow.histories().sufficient_statistics()
    daily = HistoryCounts.from_arrays(
        counts.frequency,
        np.rint(7 * counts.recency),
        np.rint(7 * counts.age),
        unit="day",
        weights=counts.weight,
    )
    weekly, found = cdnow.nbd(), fit_nbd(daily)
    np.testing.assert_allclose(found.model.parameters, weekly.model.parameters * [1, 7], rtol=1e-8)
    np.testing.assert_allclose(found.covariance, weekly.covariance, rtol=1e-6)


def test_notebooks_show_the_estimates_and_the_limit() -> None:
    shown = fit_of(COVARIANCE, boundary="equal purchase rates")._repr_html_()
    assert "<strong>Nbd</strong>: log-likelihood -100.0000, AIC 204.00, 50 customers" in shown
    assert "At a limit: equal purchase rates." in shown
    assert "At a limit" not in fit_of(COVARIANCE)._repr_html_()

"""Published numbers of the Gamma-Gamma model, each test named after where the numbers stand."""

from __future__ import annotations

import numpy as np
import pytest

import cdnow
from customer_centric import check_spend_independence


def test_parameters_and_standard_errors_of_clvtools_test_correctness_gg() -> None:
    fit = cdnow.gamma_gamma()
    np.testing.assert_allclose(fit.model.parameters, [6.24957, 3.74422, 15.44352], rtol=1e-3)
    np.testing.assert_allclose(fit.standard_errors, [1.190, 0.2901, 4.159], rtol=1e-3)
    assert fit.log_likelihood == pytest.approx(-4055.9177, abs=1e-3)
    assert fit.n_customers == 946


def test_expected_spend_of_btyd() -> None:
    expected = cdnow.gamma_gamma().model.expected_spend([2, 1, 0], [22.35, 11.77, np.nan])
    np.testing.assert_allclose(expected, [24.65802, 18.91002, 35.17037], rtol=2e-4)


def test_first_ten_customers_of_lifetimes_test_estimation() -> None:
    first = cdnow.histories().frame.sort_values("customer").head(10)
    expected = cdnow.gamma_gamma().model.expected_spend(first["frequency"], first["mean_spend"])
    np.testing.assert_allclose(
        expected,
        [24.65, 18.91, 35.17, 35.17, 35.17, 71.46, 18.91, 35.17, 27.28, 35.17],
        atol=0.02,
    )


def test_correlation_of_fader_hardie_lee_2005() -> None:
    """Page 421: .11 over 946 customers, .06 without one outlier, which is a customer of 300 a purchase."""
    found = check_spend_independence(cdnow.histories())
    assert found.pearson.estimate == pytest.approx(0.1139, abs=5e-5)
    assert found.pearson_without.estimate == pytest.approx(0.06, abs=5e-3)
    assert found.n_customers == 946

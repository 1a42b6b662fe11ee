"""Published numbers of the BG/NBD and the MBG/NBD, each test named after where the numbers stand."""

from __future__ import annotations

import numpy as np
import pytest

import cdnow
from customer_centric import BgNbd, DiscountRate

# Parameters as printed by Fader, Hardie and Lee (2005), with which BTYD's documentation computes.
PRINTED = BgNbd(r=0.243, alpha=4.414, a=0.793, b=2.426, unit="week")
WEEKLY = DiscountRate.continuous(0.0027, per="week")


def test_parameters_of_fader_hardie_lee_2005_table_2() -> None:
    fit = cdnow.bg_nbd()
    np.testing.assert_allclose(fit.model.parameters, [0.243, 4.414, 0.793, 2.426], atol=5e-4)
    assert fit.log_likelihood == pytest.approx(-9582.4, abs=0.05)


def test_parameters_and_standard_errors_of_clvtools_test_correctness_bgnbd() -> None:
    fit = cdnow.bg_nbd()
    np.testing.assert_allclose(fit.model.parameters, [0.2425945, 4.413602, 0.792922, 2.425907], rtol=1e-3)
    np.testing.assert_allclose(fit.standard_errors, [0.01256, 0.37822, 0.18573, 0.70541], rtol=1e-3)
    assert fit.log_likelihood == pytest.approx(-9582.4292, abs=1e-3)
    assert fit.boundary is None


def test_mbg_nbd_parameters_of_lifetimes_test_estimation() -> None:
    fit = cdnow.mbg_nbd()
    np.testing.assert_allclose(fit.model.parameters, [0.525, 6.183, 0.891, 1.614], atol=5e-4)
    np.testing.assert_allclose(fit.model.parameters, [0.524843, 6.183086, 0.891359, 1.614002], rtol=1e-3)
    np.testing.assert_allclose(fit.standard_errors, [0.0833, 0.6956, 0.1548, 0.5375], rtol=1e-3)
    assert fit.log_likelihood == pytest.approx(-9582.1357, abs=1e-3)


def test_likelihood_in_days_is_lower_by_the_log_of_seven_a_purchase() -> None:
    """Densities per day: Σx ln 7 = 4781.10 less than per week."""
    frame = cdnow.histories().frame
    x, t_x, age = frame[["frequency", "recency", "age"]].to_numpy().T
    r, alpha, a, b = cdnow.bg_nbd().model.parameters
    daily = BgNbd(r=r, alpha=7 * alpha, a=a, b=b, unit="day")
    total = daily.log_likelihood(x, 7 * t_x, 7 * age).sum()
    assert total == pytest.approx(cdnow.bg_nbd().log_likelihood - 4781.10, abs=5e-3)


def test_cdnow_counts_of_fader_hardie_lee_2005() -> None:
    histories = cdnow.histories()
    totals = histories.frame[["frequency", "recency", "age", "frequency_holdout"]].sum()
    assert len(histories.frame) == 2357
    assert totals.tolist() == pytest.approx([2457, 16135.5714, 77111.2857, 1882], abs=1e-4)
    assert int((histories.frame["frequency"] > 0).sum()) == 946
    assert histories.sufficient_statistics().frequency.size == 1016


def test_expected_purchases_of_btyd() -> None:
    np.testing.assert_allclose(PRINTED.expected_purchases(2, 30.43, 38.86, horizon=39), 1.22602817, rtol=1e-6)
    np.testing.assert_allclose(
        PRINTED.expected_purchases(26, 30.857143, 31, horizon=52), 25.7564922, rtol=1e-6
    )


def test_probability_alive_of_btyd() -> None:
    np.testing.assert_allclose(
        PRINTED.probability_alive([2, 26], [30.43, 30.857143], [38.86, 31]),
        [0.726578570, 0.968851563],
        rtol=1e-6,
    )


def test_unconditional_expectation_of_btyd() -> None:
    new = PRINTED.new_customer()
    expected = [new.expected_purchases(horizon=t) for t in (2, 39, 52)]
    np.testing.assert_allclose(expected, [0.103389740, 1.19672319, 1.44605060], rtol=1e-6)


def test_unconditional_pmf_of_btyd() -> None:
    new = PRINTED.new_customer()
    np.testing.assert_allclose(
        new.purchase_pmf([0, 1, 2, 3], horizon=39),
        [0.573786352, 0.199395281, 0.085429760, 0.045860354],
        rtol=1e-6,
    )
    np.testing.assert_allclose(new.purchase_pmf(10, horizon=2), 1.07868964e-7, rtol=1e-6)


def test_log_likelihood_of_btyd() -> None:
    np.testing.assert_allclose(PRINTED.log_likelihood(3, 4, 6), -7.97738121, rtol=1e-6)


def test_holdout_total_of_fader_hardie_lee_2005() -> None:
    x, t_x, age = cdnow.histories().frame[["frequency", "recency", "age"]].to_numpy().T
    model = cdnow.bg_nbd().model
    assert model.expected_purchases(x, t_x, age, horizon=39).sum() == pytest.approx(1653.409, abs=1e-2)
    assert model.probability_alive(x, t_x, age).sum() == pytest.approx(1917.278, abs=1e-2)
    mbg = cdnow.mbg_nbd().model
    assert mbg.expected_purchases(x, t_x, age, horizon=39).sum() == pytest.approx(1576.728, abs=1e-2)


# No package computes these; they were integrated at 50 digits.
THREE = tuple(np.array(column) for column in zip(cdnow.NEVER, cdnow.TWICE, cdnow.OFTEN, strict=True))


def test_discounted_residual_purchases_at_50_digits() -> None:
    bg, mbg = cdnow.bg_nbd().model, cdnow.mbg_nbd().model
    np.testing.assert_allclose(
        bg.discounted_purchases(*THREE, discount_rate=WEEKLY),
        [1.014257302, 5.156631408, 70.909095204],
        rtol=2e-6,
    )
    np.testing.assert_allclose(
        mbg.discounted_purchases(*THREE, discount_rate=WEEKLY),
        [0.722507895, 4.911008791, 61.382999765],
        rtol=2e-6,
    )


def test_probability_alive_39_weeks_later_at_50_digits() -> None:
    later = cdnow.bg_nbd().model.probability_alive(*THREE, after=39)
    np.testing.assert_allclose(later, [0.955715185, 0.567194363, 0.562008297], rtol=2e-6)


def test_conditional_pmf_at_50_digits() -> None:
    pmf = cdnow.bg_nbd().model.purchase_pmf([0, 1, 2, 3], *cdnow.TWICE, horizon=39)
    np.testing.assert_allclose(pmf, [0.445372052, 0.239330365, 0.144182493, 0.080846735], rtol=2e-6)


def test_mbg_nbd_forecasts_at_50_digits() -> None:
    model = cdnow.mbg_nbd().model
    np.testing.assert_allclose(
        model.probability_alive(*THREE), [0.389722970, 0.706138512, 0.965484658], rtol=1e-6
    )
    np.testing.assert_allclose(
        model.expected_purchases(*THREE, horizon=39), [0.153966028, 1.262758954, 19.446609518], rtol=1e-6
    )


def test_no_purchase_of_a_one_time_buyer_that_pymc_marketing_gets_wrong() -> None:
    """`expected_probability_no_purchase` of pymc-marketing 1.3.0 says .9116 for (0, 0, 39) and 52 weeks."""
    pmf = cdnow.bg_nbd().model.purchase_pmf(0, 0, 0, 39, horizon=52)
    assert float(pmf) == pytest.approx(0.8261, abs=5e-5)


def test_expected_purchases_where_the_published_form_overflows() -> None:
    """At 1,000 purchases (and at a = 1) pymc-marketing, CLVTools, BTYD and lifetimes' MBG return NaN."""
    for a in (0.793, 1.0):
        model = BgNbd(r=0.243, alpha=4.414, a=a, b=2.426, unit="week")
        np.testing.assert_array_less(0, model.expected_purchases([0, 1000], [0, 300], [300, 300], horizon=52))
        near = BgNbd(r=0.243, alpha=4.414, a=a + 1e-9, b=2.426, unit="week")
        np.testing.assert_allclose(
            model.expected_purchases([0, 1000], [0, 300], [300, 300], horizon=52),
            near.expected_purchases([0, 1000], [0, 300], [300, 300], horizon=52),
            rtol=1e-7,
        )

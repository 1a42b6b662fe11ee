"""Published Net Promoter Scores, each test named after where the numbers stand."""

from __future__ import annotations

import numpy as np
import pytest

from customer_centric._core.ratings import Ratings
from customer_centric._methods.survey_design import design_means
from customer_centric.nps import net_promoter_score, net_promoter_score_from_counts
from customer_centric.nps._estimates import Method
from customer_centric.nps._sample import sample_of

# Shares of the answers 0 to 10 in the documentation of the R package NPS.
R_NPS = (0.02, 0.01, 0.01, 0.01, 0.01, 0.03, 0.03, 0.09, 0.22, 0.22, 0.35)


def ratings_of(promoters: int, passives: int, detractors: int) -> list[int]:
    return [9] * promoters + [7] * passives + [3] * detractors


def bounds(counts: tuple[int, int, int], method: Method) -> list[float]:
    interval = net_promoter_score_from_counts(*counts, method=method).interval
    return [interval.lower, interval.upper]


def test_reichheld_2003_promoters_less_detractors() -> None:
    """9 and 10 are promoters, 7 and 8 passives, 0 to 6 detractors: one of each answer is 2 - 7 of 11."""
    nps = net_promoter_score(np.arange(11))
    assert (nps.promoters, nps.passives, nps.detractors) == (2, 2, 7)
    assert nps.score == pytest.approx(100 * (2 - 7) / 11)


def test_r_package_nps_documentation_score_45_and_variance_4875() -> None:
    ratings = np.repeat(np.arange(11), np.rint(100 * np.array(R_NPS)).astype(int))
    nps = net_promoter_score(ratings)
    assert nps.score == pytest.approx(45.0)
    assert nps.standard_error == pytest.approx(100 * np.sqrt(0.4875 / 100))


def test_r_package_nps_is_walds_interval() -> None:
    nps = net_promoter_score(ratings_of(50, 30, 20), method="wald")
    assert nps.standard_error == pytest.approx(7.8102, abs=5e-5)
    assert [nps.interval.lower, nps.interval.upper] == pytest.approx([14.692, 45.308], abs=5e-4)


def test_whuber_on_cross_validated_a_third_with_variance_five_ninths() -> None:
    nps = net_promoter_score_from_counts(3, 2, 1)
    assert nps.score / 100 == pytest.approx(1 / 3)
    assert nps.n * (nps.standard_error / 100) ** 2 == pytest.approx(5 / 9)


@pytest.mark.parametrize(
    ("counts", "score", "wald", "adjusted", "tango"),
    [
        ((50, 30, 20), 30.0, [14.692, 45.308], [14.051, 44.201], [13.955, 44.339]),
        ((18, 11, 2), 51.6129, [29.948, 73.278], [25.512, 68.605], [26.092, 69.916]),
        ((7, 2, 1), 60.0, [18.887, 101.113], [7.039, 85.268], [4.892, 85.886]),
        ((10, 0, 0), 100.0, [100.0, 100.0], [47.504, 106.343], [44.493, 100.0]),
        ((0, 5, 0), 0.0, [0.0, 0.0], [-30.006, 30.006], [-43.448, 43.448]),
        ((400, 350, 250), 15.0, [10.090, 19.910], [10.054, 19.856], [10.053, 19.864]),
    ],
)
def test_counts_to_score_and_intervals(
    counts: tuple[int, int, int], score: float, wald: list[float], adjusted: list[float], tango: list[float]
) -> None:
    """Wald as in R's NPS, adjusted Wald as in Rocks (2016), score as in Tango (1998)."""
    nps = net_promoter_score_from_counts(*counts)
    assert nps.score == pytest.approx(score, abs=5e-5)
    assert [nps.interval.lower, nps.interval.upper] == pytest.approx(tango, abs=5e-4)
    assert bounds(counts, "wald") == pytest.approx(wald, abs=5e-4)
    assert bounds(counts, "adjusted_wald") == pytest.approx(adjusted, abs=5e-4)
    assert net_promoter_score(ratings_of(*counts)).interval.lower == pytest.approx(tango[0], abs=5e-4)


def test_jeffreys_prior_by_quadrature() -> None:
    assert bounds((50, 30, 20), "jeffreys") == pytest.approx([14.0167, 44.2727], abs=5e-5)


def test_contingencytables_score_interval_of_three_promoters() -> None:
    """R package contingencytables: -.1230 to 1 where all three pairs differ the same way."""
    assert bounds((3, 0, 0), "score") == pytest.approx([-12.30, 100.0], abs=5e-3)


def test_contingencytables_score_interval_of_bentur_et_al_2009() -> None:
    """One positive and seven negative changes among 21 pairs: -.51723 to -.02600."""
    assert bounds((1, 13, 7), "score") == pytest.approx([-51.723, -2.600], abs=5e-4)


def test_weighted_score_with_linearised_standard_error() -> None:
    """Ten answers with weights: 21.428571 with standard error 33.396528, as survey packages compute it."""
    classes = [1, 1, 0, -1, 1, 0, -1, 1, 1, 0]
    weights = [1, 2, 1, 0.5, 1.5, 1, 3, 0.8, 1.2, 2]
    nps = net_promoter_score([{1: 10, 0: 8, -1: 2}[value] for value in classes], weights=weights)
    assert nps.score == pytest.approx(21.428571, abs=5e-7)
    assert nps.standard_error == pytest.approx(33.396528, abs=5e-7)
    values = np.array(classes, dtype=np.float64)
    means = design_means(sample_of(Ratings(values, 0, 0), values, weights=weights))
    assert float(means.weighted_n[0]) == pytest.approx(7.973963, abs=5e-7)

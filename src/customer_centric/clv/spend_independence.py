"""Do customers who buy more often spend more a purchase? The Gamma-Gamma model says no; data may disagree."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy.stats import chi2, kendalltau, pearsonr, spearmanr

from customer_centric.clv._counted import HasSpend, spend_counts
from customer_centric.clv.counts import SpendCounts
from customer_centric.clv.gamma_gamma import fit_gamma_gamma
from customer_centric.errors import InvalidInputError
from customer_centric.typing import FloatArray

__all__ = ["Association", "SpendIndependence", "check_spend_independence"]

# Above this correlation a forecast of value is off by more than the noise of most spend data.
_NOTICEABLE: Final = 0.2
_SIGNIFICANT: Final = 0.05
_FEWEST: Final = 3


@dataclass(frozen=True, slots=True)
class Association:
    """How strongly two things go together, and how easily chance alone would do that.

    Parameters
    ----------
    estimate : float
        0 where there is no association; NaN where it is undefined.
    p_value : float
        Two-sided, in [0, 1]; NaN where the estimate is.
    """

    estimate: float
    p_value: float


_UNDEFINED: Final = (math.nan, math.nan)


@dataclass(frozen=True, slots=True)
class SpendIndependence:
    r"""Whether spend a purchase depends on how often a customer buys.

    Parameters
    ----------
    pearson, spearman, kendall : Association
        Correlations of frequency and mean spend, in [-1, 1], over customers with repeat purchases.
    score_test : Association
        Elasticity \(\theta\) of spend in frequency, by one scoring step from independence, and the p-value
        of the score test of \(\theta = 0\).
    pearson_without, spearman_without, kendall_without : Association
        The correlations without the one customer who moves Pearson's the most.
    influential_frequency, influential_mean_spend : float
        That customer's frequency and mean spend.
    n_customers : int
        Customers with repeat purchases.
    reason : str or None
        Why estimates are NaN, None where they are not.
    """

    pearson: Association
    spearman: Association
    kendall: Association
    score_test: Association
    pearson_without: Association
    spearman_without: Association
    kendall_without: Association
    influential_frequency: float
    influential_mean_spend: float
    n_customers: int
    reason: str | None

    @property
    def verdict(self) -> str:
        """What that means for a Gamma-Gamma model, in a sentence or two."""
        if self.reason is not None:
            return f"Whether spend depends on frequency cannot be told: {self.reason}."
        r, without = self.pearson.estimate, self.pearson_without.estimate
        found = f"correlation {r:.2f}, {without:.2f} without the most influential customer"
        if abs(r) >= _NOTICEABLE and abs(without) < _NOTICEABLE:
            return f"One customer makes spend look dependent on frequency ({found}); look there first."
        if abs(without) >= _NOTICEABLE:
            more = "more" if without > 0 else "less"
            return (
                f"Customers who buy often spend {more} a purchase ({found}); the Gamma-Gamma model assumes "
                "they do not, so value segments of frequency separately."
            )
        if self.score_test.p_value < _SIGNIFICANT:
            return (
                f"Spend depends on frequency, but so weakly ({found}) that the Gamma-Gamma model remains "
                "a fair approximation."
            )
        return f"Nothing says that spend depends on frequency ({found}), as the Gamma-Gamma model assumes."


def check_spend_independence(histories: HasSpend) -> SpendIndependence:
    r"""Test the assumption of the Gamma-Gamma model that spend does not depend on frequency.

    Parameters
    ----------
    histories : PurchaseHistories or SpendCounts
        Histories with amounts; customers without repeat purchases say nothing of spend and are left out.

    Returns
    -------
    SpendIndependence
        Three correlations, with and without the most influential customer, a score test, and a verdict.

    Raises
    ------
    InvalidInputError
        If nobody made a repeat purchase of known amount, or customers have fractional weights, which have
        no ranks.

    Notes
    -----
    The score test extends the Gamma-Gamma model to \(\gamma_i = \gamma x_i^\theta\), so that the mean spend
    of customers moves by \(\theta\) per cent with each per cent of frequency. With \(S\) the derivative of
    the log-likelihood by \(\theta\) at 0 and \(V\) its variance, from the observed information and net of
    the other parameters, \(S^2 / V\) is \(\chi^2_1\) under independence.

    References
    ----------
    Fader, P. S., Hardie, B. G. S. and Lee, K. L. (2005). RFM and CLV: using iso-value curves for customer
    base analysis. Journal of Marketing Research 42(4), 415-430. DOI 10.1509/jmkr.2005.42.4.415. They find
    a correlation of .11 for CDNOW, .06 without one customer.

    Examples
    --------
    >>> from customer_centric import check_spend_independence, summarise_transactions
    >>> from customer_centric.datasets import load_cdnow_sample
    >>> histories = summarise_transactions(
    ...     load_cdnow_sample(),
    ...     customer="customer",
    ...     date="date",
    ...     amount="amount",
    ...     end="1997-09-30",
    ...     unit="week",
    ... )
    >>> found = check_spend_independence(histories)
    >>> round(found.pearson.estimate, 4), round(found.pearson_without.estimate, 2)
    (0.1139, 0.06)
    """
    counts = spend_counts(histories)
    frequency, spend = _one_row_a_customer(counts)
    reason = _why_undefined(frequency, spend)
    if reason is not None:
        no = Association(*_UNDEFINED)
        return SpendIndependence(no, no, no, no, no, no, no, math.nan, math.nan, frequency.size, reason)
    outlier = _most_influential(frequency, spend)
    others = np.arange(frequency.size) != outlier
    return SpendIndependence(
        *_correlations(frequency, spend),
        _score_test(counts),
        *_correlations(frequency[others], spend[others]),
        float(frequency[outlier]),
        float(spend[outlier]),
        frequency.size,
        None,
    )


def _one_row_a_customer(counts: SpendCounts) -> tuple[FloatArray, FloatArray]:
    weight = counts.weight
    if np.any(weight != np.rint(weight)):
        raise InvalidInputError(
            "`weight` must be whole numbers of customers for correlations of ranks, "
            f"got {float(weight[weight != np.rint(weight)][0]):g}"
        )
    times = weight.astype(np.int64)
    return np.repeat(counts.frequency, times), np.repeat(counts.mean_spend, times)


def _why_undefined(frequency: FloatArray, spend: FloatArray) -> str | None:
    if frequency.size < _FEWEST:
        return f"{frequency.size} customers with repeat purchases are too few"
    if np.ptp(frequency) == 0:
        return f"all customers have the same frequency ({frequency[0]:g})"
    if np.ptp(spend) <= 1e-5 * spend.mean():
        return f"all customers have the same mean spend ({spend[0]:g})"
    return None


def _most_influential(frequency: FloatArray, spend: FloatArray) -> int:
    """The customer without whom Pearson's correlation differs most from what it is."""
    n = frequency.size
    x, y = frequency - frequency.mean(), spend - spend.mean()
    # Leaving out a point at a distance d from the mean takes n / (n - 1) d^2 from a sum of squares.
    share = n / (n - 1)
    xx, yy, xy = x @ x - share * x**2, y @ y - share * y**2, x @ y - share * x * y
    product = xx * yy
    defined = product > 1e-12 * (x @ x) * (y @ y)
    without = np.where(defined, xy / np.sqrt(np.where(defined, product, 1.0)), 0.0)
    return int(np.argmax(np.abs(without - x @ y / math.sqrt((x @ x) * (y @ y)))))


def _correlations(frequency: FloatArray, spend: FloatArray) -> tuple[Association, Association, Association]:
    if frequency.size < _FEWEST or np.ptp(frequency) == 0 or np.ptp(spend) == 0:
        no = Association(*_UNDEFINED)
        return no, no, no
    pearson, spearman = pearsonr(frequency, spend), spearmanr(frequency, spend)
    kendall = kendalltau(frequency, spend)
    return (
        Association(float(pearson.statistic), float(pearson.pvalue)),
        Association(float(spearman.statistic), float(spearman.pvalue)),
        Association(float(kendall.statistic), float(kendall.pvalue)),
    )


def _score_test(counts: SpendCounts) -> Association:
    fit = fit_gamma_gamma(counts)
    p, q, gamma = fit.model.parameters.tolist()
    x, weight = counts.frequency, counts.weight
    share = gamma / (gamma + x * counts.mean_spend)
    by_log_gamma = q - (p * x + q) * share
    # Second derivatives of each row by ln gamma and each of (ln p, ln q, ln gamma).
    curvature = np.stack([-p * x * share, q * (1 - share), -(p * x + q) * share * (1 - share)])
    log_x = np.log(x)
    slope = float(weight @ (log_x * by_log_gamma))
    cross = curvature @ (weight * log_x)
    variance = float(-(weight * log_x**2) @ curvature[2] - cross @ fit.covariance @ cross)
    if variance <= 0:
        return Association(*_UNDEFINED)
    return Association(slope / variance, float(chi2.sf(slope**2 / variance, 1)))

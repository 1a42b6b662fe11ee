"""Gamma-Gamma: what a purchase of each customer is worth."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar, Final, Self

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import gammaincinv

from customer_centric._core.checks import check_array, check_number, check_same_shape
from customer_centric._core.likelihood import maximise
from customer_centric.clv import _spend_likelihood
from customer_centric.clv._counted import HasSpend, spend_counts, weighted_sum
from customer_centric.errors import InvalidInputError
from customer_centric.fitting import Fit, parameter_values
from customer_centric.typing import FloatArray

__all__ = ["GammaGamma", "fit_gamma_gamma"]

# Directions, in the logarithms of (p, q - 1, gamma), in which the model tends to a simpler one.
_LIMITS: Final = {
    "equal purchases within a customer": np.array([1.0, 0.0, -1.0]),
    "equal customers": np.array([0.0, 1.0, 1.0]),
    "no finite mean over customers": np.array([0.0, -1.0, 0.0]),
}
# Below this spread the likelihood, in terms of 1e10 and more that cancel, is rounding.
_EQUAL: Final = 1e-5


@dataclass(frozen=True, slots=True, kw_only=True)
class GammaGamma:
    r"""The Gamma-Gamma model of spend: purchases vary around a customer's mean, and the means over customers.

    Parameters
    ----------
    p : float
        Shape of the gamma distribution of a customer's purchases, greater than 0.
    q : float
        Shape of the gamma distribution of customers' rates, greater than 1, so that the mean over
        customers exists.
    gamma : float
        Rate of the gamma distribution of customers' rates, in money, greater than 0.

    Notes
    -----
    A purchase is worth \(z \sim \mathrm{Gamma}(p, \nu)\) with \(\nu \sim \mathrm{Gamma}(q, \gamma)\)
    differing between customers and independent of how often they buy. The mean over customers is
    \(p \gamma / (q - 1)\).

    References
    ----------
    Fader, P. S., Hardie, B. G. S. and Lee, K. L. (2005). RFM and CLV: using iso-value curves for customer
    base analysis. Journal of Marketing Research 42(4), 415-430. DOI 10.1509/jmkr.2005.42.4.415.

    Examples
    --------
    >>> from customer_centric import GammaGamma
    >>> round(GammaGamma(p=6.25, q=3.74, gamma=15.44).population_mean, 4)
    35.219
    """

    parameter_names: ClassVar[tuple[str, ...]] = ("p", "q", "gamma")

    p: float
    q: float
    gamma: float

    def __post_init__(self) -> None:
        check_number("p", self.p, minimum=0.0, open_minimum=True)
        check_number(
            "q",
            self.q,
            minimum=1.0,
            open_minimum=True,
            remedy="with q <= 1 the mean spend over customers is infinite",
        )
        check_number("gamma", self.gamma, minimum=0.0, open_minimum=True)

    @property
    def parameters(self) -> FloatArray:
        """(p, q, gamma)."""
        return np.array([self.p, self.q, self.gamma], dtype=np.float64)

    def with_parameters(self, parameters: ArrayLike) -> Self:
        """The same model with other parameters in the order of `parameter_names`."""
        p, q, gamma = parameter_values(self.parameter_names, parameters)
        return replace(self, p=p, q=q, gamma=gamma)

    @property
    def population_mean(self) -> float:
        r"""Mean value of a purchase over customers, \(p \gamma / (q - 1)\), in money."""
        return self.p * self.gamma / (self.q - 1)

    @property
    def squared_variation(self) -> float:
        r"""Squared coefficient of variation of a customer's purchases around their mean, \(1 / p\)."""
        return 1 / self.p

    def log_likelihood(self, frequency: ArrayLike, mean_spend: ArrayLike) -> FloatArray:
        r"""Log density of the mean value of each customer's repeat purchases.

        Parameters
        ----------
        frequency : array_like
            Repeat purchases, whole numbers, 1 or more.
        mean_spend : array_like
            Their mean value, in money, greater than 0.

        Returns
        -------
        ndarray
            Log density per unit of money.

        Raises
        ------
        InvalidInputError
            If a frequency is below 1 or fractional, or a mean is not greater than 0.

        Notes
        -----
        \[ \ln \frac{\Gamma(px + q)}{\Gamma(px) \Gamma(q)} + q \ln \gamma + (px - 1) \ln \bar m + px \ln x
        - (px + q) \ln(\gamma + x \bar m) , \]

        equation 1a of Fader and Hardie (2013), "The Gamma-Gamma Model of Monetary Value".

        Examples
        --------
        >>> GammaGamma(p=6.25, q=3.74, gamma=15.44).log_likelihood([2], [22.35]).round(4)
        array([-3.5513])
        """
        x = check_array("frequency", frequency, minimum=1.0, whole=True)
        mean = check_array("mean_spend", mean_spend, minimum=0.0, open_minimum=True)
        x, mean = check_same_shape({"frequency": x, "mean_spend": mean})
        return _spend_likelihood.log_density(self.p, self.q, self.gamma, x, mean)

    def expected_spend(self, frequency: ArrayLike, mean_spend: ArrayLike) -> FloatArray:
        r"""Expected value of a customer's next purchase, given the repeat purchases seen.

        Parameters
        ----------
        frequency : array_like
            Repeat purchases, whole numbers, 0 or more.
        mean_spend : array_like
            Their mean value, in money, 0 or more; not read where the frequency is 0.

        Returns
        -------
        ndarray
            Money, greater than 0: between the customer's own mean and the mean over customers.

        Raises
        ------
        InvalidInputError
            If a frequency is negative or fractional, or the mean of a customer with repeat purchases is
            missing, negative or infinite.

        Notes
        -----
        \[ E[M \mid x, \bar m] = \frac{p (\gamma + x \bar m)}{p x + q - 1} , \]

        equation 5 of Fader and Hardie (2013).

        Examples
        --------
        >>> GammaGamma(p=6.25, q=3.74, gamma=15.44).expected_spend([0, 2], [0, 22.35]).round(4)
        array([35.219 , 24.6637])
        """
        x, total = _check_spend(frequency, mean_spend)
        return self.p * (self.gamma + total) / (self.p * x + self.q - 1)

    def spend_variance(self, frequency: ArrayLike, mean_spend: ArrayLike) -> FloatArray:
        r"""Variance of what a customer's purchases are worth on average, given those seen.

        Parameters
        ----------
        frequency : array_like
            Repeat purchases, whole numbers, 0 or more.
        mean_spend : array_like
            Their mean value, in money, 0 or more; not read where the frequency is 0.

        Returns
        -------
        ndarray
            Squared money, greater than 0; infinite where \(p x + q \le 2\).

        Raises
        ------
        InvalidInputError
            As for `expected_spend`.

        Notes
        -----
        \[ \mathrm{Var}(M \mid x, \bar m) =
        \frac{p^2 (\gamma + x \bar m)^2}{(p x + q - 1)^2 (p x + q - 2)} . \]

        Examples
        --------
        >>> GammaGamma(p=6.25, q=3.74, gamma=15.44).spend_variance([0, 2], [0, 22.35]).round(4)
        array([712.86  ,  42.7176])
        """
        x, total = _check_spend(frequency, mean_spend)
        shape = self.p * x + self.q
        mean = self.p * (self.gamma + total) / (shape - 1)
        return np.where(shape > 2, mean**2 / np.where(shape > 2, shape - 2, 1.0), np.inf)

    def spend_shape(self, frequency: ArrayLike) -> FloatArray:
        r"""Shape of the gamma distribution of one over a customer's mean spend, given the purchases seen.

        Parameters
        ----------
        frequency : array_like
            Repeat purchases, whole numbers, 0 or more.

        Returns
        -------
        ndarray
            \(p x + q\), greater than 1: the larger, the surer the customer's mean; at 2 and below its
            variance is infinite.

        Raises
        ------
        InvalidInputError
            If a frequency is negative or fractional.

        Examples
        --------
        >>> GammaGamma(p=6.25, q=3.75, gamma=15.44).spend_shape([0, 2]).round(2).tolist()
        [3.75, 16.25]
        """
        return self.p * check_array("frequency", frequency, minimum=0.0, whole=True) + self.q

    def spend_elasticities(self, frequency: ArrayLike, mean_spend: ArrayLike) -> FloatArray:
        r"""Per cent by which the expected spend moves when a parameter moves by one per cent.

        Parameters
        ----------
        frequency : array_like
            Repeat purchases, whole numbers, 0 or more.
        mean_spend : array_like
            Their mean value, in money, 0 or more; not read where the frequency is 0.

        Returns
        -------
        ndarray of shape (3, n_customers)
            Derivatives of \(\ln E[M \mid x, \bar m]\) by \(\ln p\), \(\ln q\) and \(\ln \gamma\); what the
            delta method needs.

        Raises
        ------
        InvalidInputError
            As for `expected_spend`.

        Notes
        -----
        \[ 1 - \frac{p x}{p x + q - 1} , \qquad -\frac{q}{p x + q - 1} , \qquad
        \frac{\gamma}{\gamma + x \bar m} . \]

        Examples
        --------
        >>> GammaGamma(p=6.25, q=3.74, gamma=15.44).spend_elasticities([2], [22.35]).round(
        ...     4
        ... ).tolist()
        [[0.1798], [-0.2454], [0.2567]]
        """
        x, total = _check_spend(frequency, mean_spend)
        beyond = self.p * x + self.q - 1
        return np.stack([1 - self.p * x / beyond, -self.q / beyond, self.gamma / (self.gamma + total)])

    def spend_quantile(
        self, probability: ArrayLike, frequency: ArrayLike, mean_spend: ArrayLike
    ) -> FloatArray:
        r"""Quantile of what a customer's purchases are worth on average, given those seen.

        Parameters
        ----------
        probability : array_like
            Probabilities strictly between 0 and 1; broadcast against the customers.
        frequency : array_like
            Repeat purchases, whole numbers, 0 or more.
        mean_spend : array_like
            Their mean value, in money, 0 or more; not read where the frequency is 0.

        Returns
        -------
        ndarray
            Money, greater than 0.

        Raises
        ------
        InvalidInputError
            As for `expected_spend`, or if a probability is outside (0, 1).

        Notes
        -----
        \(M = p / \nu\) with \(\nu \mid x, \bar m \sim \mathrm{Gamma}(p x + q, \gamma + x \bar m)\),
        equation 4 of Fader and Hardie (2013).

        Examples
        --------
        >>> GammaGamma(p=6.25, q=3.74, gamma=15.44).spend_quantile([0.05, 0.95], 2, 22.35).round(2)
        array([16.07, 36.76])
        """
        level = check_array(
            "probability", probability, minimum=0.0, maximum=1.0, open_minimum=True, open_maximum=True
        )
        x, total = _check_spend(frequency, mean_spend)
        level, x, total = check_same_shape({"probability": level, "frequency": x, "mean_spend": total})
        return np.asarray(self.p * (self.gamma + total) / gammaincinv(self.p * x + self.q, 1 - level))

    def simulate(self, frequency: ArrayLike, *, rng: np.random.Generator) -> FloatArray:
        """Mean value of the given numbers of purchases, of customers drawn from the model.

        Parameters
        ----------
        frequency : array_like of shape (n_customers,)
            Purchases of each customer, whole numbers, 0 or more.
        rng : numpy.random.Generator
            Source of randomness.

        Returns
        -------
        ndarray of shape (n_customers,)
            Money; NaN where there is no purchase.

        Raises
        ------
        InvalidInputError
            If a frequency is negative or fractional.

        Examples
        --------
        >>> import numpy as np
        >>> model = GammaGamma(p=6.25, q=3.74, gamma=15.44)
        >>> bool(model.simulate([1, 5], rng=np.random.default_rng(1)).min() > 0)
        True
        """
        x = check_array("frequency", frequency, minimum=0.0, whole=True)
        rate = rng.gamma(self.q, 1 / self.gamma, x.shape)
        total = rng.gamma(self.p * np.maximum(x, 1.0)) / rate
        return np.where(x > 0, total / np.maximum(x, 1.0), np.nan)


def _check_spend(frequency: ArrayLike, mean_spend: ArrayLike) -> tuple[FloatArray, FloatArray]:
    """Frequency and the total of the repeat purchases, 0 where there are none."""
    x = check_array("frequency", frequency, minimum=0.0, whole=True)
    mean = np.asarray(mean_spend, dtype=np.float64)
    x, mean = check_same_shape({"frequency": x, "mean_spend": mean})
    mean = np.where(x > 0, mean, 0.0)
    check_array("mean_spend", mean, minimum=0.0, remedy="only customers without repeat purchases may lack it")
    return x, x * mean


def fit_gamma_gamma(histories: HasSpend) -> Fit[GammaGamma]:
    r"""Fit the Gamma-Gamma model by maximum likelihood.

    Parameters
    ----------
    histories : PurchaseHistories or SpendCounts
        Histories with amounts; customers without repeat purchases say nothing of spend and are left out.

    Returns
    -------
    Fit[GammaGamma]
        The model at the maximum; `n_customers` counts those with repeat purchases.

    Raises
    ------
    InvalidInputError
        If nobody made a repeat purchase of known amount, or all means are equal: there is no spread to fit.
    ConvergenceError
        If no optimum is found; the message carries the last point.

    Notes
    -----
    Newton steps in the logarithms of p, q - 1 and gamma with analytic gradient and Hessian: q stays
    greater than 1, so no forecast is ever negative. Where the likelihood is highest at infinity,
    `Fit.boundary` names the limit: equal purchases within a customer, equal customers, or no finite mean.

    Examples
    --------
    >>> from customer_centric import fit_gamma_gamma, summarise_transactions
    >>> from customer_centric.datasets import load_cdnow_sample
    >>> histories = summarise_transactions(
    ...     load_cdnow_sample(),
    ...     customer="customer",
    ...     date="date",
    ...     amount="amount",
    ...     end="1997-09-30",
    ...     unit="week",
    ... )
    >>> fit = fit_gamma_gamma(histories)
    >>> round(fit.log_likelihood, 4)
    -4055.9177
    >>> fit.summary()[["estimate", "standard_error"]].round(4)
               estimate  standard_error
    parameter
    p            6.2496          1.1901
    q            3.7442          0.2901
    gamma       15.4435          4.1594
    """
    counts = spend_counts(histories)
    mean = weighted_sum(counts.weight, counts.mean_spend) / counts.n_customers
    if np.ptp(counts.mean_spend) <= _EQUAL * mean:
        raise InvalidInputError(
            f"`mean_spend` must differ between customers, got {mean:g} for all {counts.n_customers:,.0f}; "
            "value purchases with `spend=None` and put the price into `margin`"
        )
    optimum = maximise(
        lambda parameters, stride: _spend_likelihood.score(parameters, counts, stride),
        np.array([2.0, 3.0, mean]),
        n_rows=counts.frequency.size,
        limits=_LIMITS,
        offset=np.array([0.0, 1.0, 0.0]),
    )
    p, q, gamma = optimum.parameters.tolist()
    # From the logarithm of q - 1 to that of q.
    scale = np.array([1.0, (q - 1) / q, 1.0])
    return Fit(
        model=GammaGamma(p=p, q=q, gamma=gamma),
        log_likelihood=optimum.value,
        covariance=optimum.covariance * np.outer(scale, scale),
        n_customers=counts.n_customers,
        n_iterations=optimum.n_iterations,
        boundary=optimum.boundary,
    )

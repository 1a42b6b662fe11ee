"""The beta-discrete-Weibull model: churn that also changes with a customer's own tenure."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar, Final, Self

import numpy as np
from numpy.typing import ArrayLike

from customer_centric._core.checks import check_number
from customer_centric._core.likelihood import maximise
from customer_centric.churn._contract import conditional_survival, discounted_sum, retention_rates
from customer_centric.churn._renewal_likelihood import log_survival, score
from customer_centric.churn.renewals import RenewalCounts
from customer_centric.churn.sbg import fit_sbg, start_values
from customer_centric.fitting import Fit, check_parameters, parameter_values
from customer_centric.typing import FloatArray

__all__ = ["Bdw", "fit_bdw"]

_LIMITS: Final = {"equal churn probabilities": np.array([1.0, 1.0, 0.0])}


@dataclass(frozen=True, slots=True, kw_only=True)
class Bdw:
    r"""The beta-discrete-Weibull model of renewals.

    Parameters
    ----------
    alpha, beta : float
        Parameters of the beta distribution of churn probabilities at the first renewal, each greater than 0.
    shape : float
        How the churn of one customer changes with tenure, greater than 0: it rises above 1, falls below 1,
        and at 1 does not change, which is the sBG model.

    Notes
    -----
    A customer with churn probability \(\theta\) at the first renewal makes \(t\) renewals with probability
    \((1 - \theta)^{t^c}\), \(c\) the shape, and \(\theta \sim \mathrm{Beta}(\alpha, \beta)\) over
    customers:

    \[ S(t) = \frac{B(\alpha, \beta + t^c)}{B(\alpha, \beta)} . \]

    Three parameters follow short curves closely; from four or five points what lies far ahead is mostly
    the shape, which is then hardly known.

    References
    ----------
    Fader, P. S., Hardie, B. G. S., Liu, Y., Davin, J. and Steenburgh, T. (2018), "How to project customer
    retention" revisited: the role of duration dependence, equation 5. Journal of Interactive Marketing 43.
    [doi:10.1016/j.intmar.2018.01.002](https://doi.org/10.1016/j.intmar.2018.01.002).

    Examples
    --------
    >>> model = Bdw(alpha=0.259, beta=1.723, shape=1.584)
    >>> model.survival([1, 2, 12]).round(3).tolist()
    [0.869, 0.742, 0.389]
    """

    parameter_names: ClassVar[tuple[str, ...]] = ("alpha", "beta", "shape")

    alpha: float
    beta: float
    shape: float

    def __post_init__(self) -> None:
        check_parameters(self.parameter_names, self.parameters)

    @classmethod
    def from_mean(cls, *, mean_churn: float, polarisation: float, shape: float) -> Self:
        r"""The model with a mean churn probability and a polarisation.

        Parameters
        ----------
        mean_churn : float
            Mean churn probability at the first renewal, strictly between 0 and 1.
        polarisation : float
            How much customers differ, strictly between 0 (not at all) and 1 (each leaves at once or never).
        shape : float
            How the churn of one customer changes with tenure, greater than 0.

        Returns
        -------
        Bdw
            With \(\alpha = \mu (1/\varphi - 1)\) and \(\beta = (1 - \mu)(1/\varphi - 1)\).

        Raises
        ------
        InvalidInputError
            If a number is not strictly between 0 and 1.
        """
        mean = check_number(
            "mean_churn", mean_churn, minimum=0.0, maximum=1.0, open_minimum=True, open_maximum=True
        )
        spread = check_number(
            "polarisation", polarisation, minimum=0.0, maximum=1.0, open_minimum=True, open_maximum=True
        )
        total = 1.0 / spread - 1.0
        return cls(alpha=mean * total, beta=(1.0 - mean) * total, shape=shape)

    @property
    def parameters(self) -> FloatArray:
        """(alpha, beta, shape)."""
        return np.array([self.alpha, self.beta, self.shape], dtype=np.float64)

    def with_parameters(self, parameters: ArrayLike) -> Self:
        """The same model with other parameters in the order of `parameter_names`."""
        alpha, beta, shape = parameter_values(self.parameter_names, parameters)
        return replace(self, alpha=alpha, beta=beta, shape=shape)

    @property
    def mean_churn(self) -> float:
        r"""Mean churn probability at the first renewal, \(\alpha / (\alpha + \beta)\)."""
        return self.alpha / (self.alpha + self.beta)

    @property
    def polarisation(self) -> float:
        r"""How much customers differ, \(1 / (1 + \alpha + \beta)\): 0 not at all, 1 completely."""
        return 1.0 / (1.0 + self.alpha + self.beta)

    def log_likelihood(self, counts: RenewalCounts) -> float:
        """Log-likelihood of customers by the renewal at which they were lost."""
        return score(self.parameters, counts).value

    def survival(self, periods: ArrayLike, *, tenure: ArrayLike = 0) -> FloatArray:
        r"""Share of customers who are left after so many more renewals.

        Parameters
        ----------
        periods : array_like
            Renewals from now, 0 or more.
        tenure : array_like, default 0
            Renewals that these customers made already. Broadcast against `periods`.

        Returns
        -------
        ndarray of float64
            \(S(k + t) / S(k)\) in [0, 1], k the tenure and t the periods.

        Raises
        ------
        InvalidInputError
            If a number is negative or not finite.
        """
        return conditional_survival(self._log_survival, periods, tenure)

    def retention_rate(self, renewal: ArrayLike) -> FloatArray:
        """Share of the customers up for a renewal who renew; 1 is the first renewal.

        Parameters
        ----------
        renewal : array_like
            Which renewal: whole numbers from 1.

        Returns
        -------
        ndarray of float64
            Retention rates in [0, 1].

        Raises
        ------
        InvalidInputError
            If a number is not whole or less than 1.
        """
        return retention_rates(self._log_survival, renewal)

    def discounted_lifetime(
        self, *, discount_rate_per_period: float, tenure: float = 0, horizon: float | None = None
    ) -> float:
        r"""Expected periods that a customer still pays for, discounted; the current one counts 1.

        Parameters
        ----------
        discount_rate_per_period : float
            Effective rate per period, 0 or more; greater than 0 where there is no horizon.
        tenure : float, default 0
            Renewals made so far: 0 for a new customer, who has just paid for the first period.
        horizon : float, optional
            Number of periods that count, at least 1; all by default.

        Returns
        -------
        float
            Periods; times the margin of a period it is the lifetime value.

        Raises
        ------
        InvalidInputError
            If a number is out of range, or nothing makes the sum finite.

        Notes
        -----
        With \(k\) renewals made, \(\sum_{j \ge 0} \frac{S(k + j)}{S(k)} (1 + d)^{-j}\). What is left grows
        with tenure. Just before the next renewal it is \((1 + d)\) times this, less \(1 + d\).

        Examples
        --------
        >>> model = Bdw(alpha=0.259, beta=1.723, shape=1.584)
        >>> round(model.discounted_lifetime(discount_rate_per_period=0.1), 4)
        5.9993
        """
        return discounted_sum(
            self._log_survival,
            discount_rate_per_period=discount_rate_per_period,
            tenure=tenure,
            horizon=horizon,
        )

    def _log_survival(self, tenure: FloatArray) -> FloatArray:
        return log_survival(self.alpha, self.beta, self.shape, tenure)


def fit_bdw(counts: RenewalCounts) -> Fit[Bdw]:
    r"""Fit the beta-discrete-Weibull model by maximum likelihood.

    Parameters
    ----------
    counts : RenewalCounts
        Customers by the renewal at which they were lost, of one or more cohorts.

    Returns
    -------
    Fit[Bdw]
        The model at the maximum, with the covariance of its log-parameters. Where all customers look alike
        the maximum is at infinity and `boundary` is "equal churn probabilities".

    Raises
    ------
    InvalidInputError
        If nobody was lost, everybody was lost at the first renewal, or fewer than three renewals were
        observed: three parameters cannot be learnt then.
    ConvergenceError
        If no optimum is found; the message carries the last point.

    Notes
    -----
    The likelihood is that of `fit_sbg` with \(S(t) = B(\alpha, \beta + t^c) / B(\alpha, \beta)\). Twice the
    gain over the sBG model is chi-squared with one degree of freedom where the shape is 1.

    References
    ----------
    Fader, P. S., Hardie, B. G. S., Liu, Y., Davin, J. and Steenburgh, T. (2018), "How to project customer
    retention" revisited: the role of duration dependence. Journal of Interactive Marketing 43.
    [doi:10.1016/j.intmar.2018.01.002](https://doi.org/10.1016/j.intmar.2018.01.002).

    Examples
    --------
    >>> from customer_centric import RenewalCounts
    >>> high_end = RenewalCounts.from_survivors([1000, 869, 743, 653, 593])
    >>> fit = fit_bdw(high_end)
    >>> fit.model.parameters.round(3).tolist(), round(fit.log_likelihood, 3)
    ([0.259, 1.723, 1.584], -1222.749)
    """
    start_values(counts, n_renewals=3, model="BdW")
    start = np.append(fit_sbg(counts).model.parameters, 1.0)
    optimum = maximise(lambda parameters, _: score(parameters, counts), start, n_rows=1, limits=_LIMITS)
    alpha, beta, shape = optimum.parameters.tolist()
    return Fit(
        model=Bdw(alpha=alpha, beta=beta, shape=shape),
        log_likelihood=optimum.value,
        covariance=optimum.covariance,
        n_customers=counts.n_customers,
        n_iterations=optimum.n_iterations,
        boundary=optimum.boundary,
    )

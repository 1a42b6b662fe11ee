"""The shifted beta-geometric model: customers with contracts, each with a churn probability of their own."""

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
from customer_centric.errors import InvalidInputError
from customer_centric.fitting import Fit, check_parameters, parameter_values
from customer_centric.typing import FloatArray

__all__ = ["Sbg", "fit_sbg"]

_LIMITS: Final = {"equal churn probabilities": np.array([1.0, 1.0])}


@dataclass(frozen=True, slots=True, kw_only=True)
class Sbg:
    r"""The shifted beta-geometric model of renewals.

    Parameters
    ----------
    alpha, beta : float
        Parameters of the beta distribution of churn probabilities over customers, each greater than 0.

    Notes
    -----
    At each renewal a customer leaves with probability \(\theta\), the same at every renewal, which differs
    between customers as \(\theta \sim \mathrm{Beta}(\alpha, \beta)\). Of a cohort,

    \[ S(t) = \frac{B(\alpha, \beta + t)}{B(\alpha, \beta)}, \qquad
       r_t = \frac{S(t)}{S(t - 1)} = \frac{\beta + t - 1}{\alpha + \beta + t - 1} \]

    are left after, and renew at, the \(t\)-th renewal. Retention rises with tenure although no customer
    changes: those who leave easily are gone first.

    References
    ----------
    Fader, P. S. and Hardie, B. G. S. (2007), How to project customer retention, equations 5 to 7. Journal
    of Interactive Marketing 21(1). [doi:10.1002/dir.20074](https://doi.org/10.1002/dir.20074).

    Examples
    --------
    >>> model = Sbg(alpha=0.704, beta=1.182)
    >>> model.survival([1, 2, 12]).round(3).tolist()
    [0.627, 0.474, 0.17]
    >>> model.retention_rate([1, 2, 7]).round(3).tolist()
    [0.627, 0.756, 0.911]
    """

    parameter_names: ClassVar[tuple[str, ...]] = ("alpha", "beta")

    alpha: float
    beta: float

    def __post_init__(self) -> None:
        check_parameters(self.parameter_names, self.parameters)

    @classmethod
    def from_mean(cls, *, mean_churn: float, polarisation: float) -> Self:
        r"""The model with a mean churn probability and a polarisation.

        Parameters
        ----------
        mean_churn : float
            Mean churn probability at the first renewal, strictly between 0 and 1.
        polarisation : float
            How much customers differ, strictly between 0 (not at all) and 1 (each leaves at once or never).

        Returns
        -------
        Sbg
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
        return cls(alpha=mean * total, beta=(1.0 - mean) * total)

    @property
    def parameters(self) -> FloatArray:
        """(alpha, beta)."""
        return np.array([self.alpha, self.beta], dtype=np.float64)

    def with_parameters(self, parameters: ArrayLike) -> Self:
        """The same model with other parameters in the order of `parameter_names`."""
        alpha, beta = parameter_values(self.parameter_names, parameters)
        return replace(self, alpha=alpha, beta=beta)

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

        References
        ----------
        Fader, P. S. and Hardie, B. G. S. (2010), Customer-base valuation in a contractual setting,
        equation 6. [doi:10.1287/mksc.1080.0482](https://doi.org/10.1287/mksc.1080.0482).

        Examples
        --------
        >>> model = Sbg(alpha=0.704, beta=1.182)
        >>> round(model.discounted_lifetime(discount_rate_per_period=0.1), 4)
        3.6951
        """
        return discounted_sum(
            self._log_survival,
            discount_rate_per_period=discount_rate_per_period,
            tenure=tenure,
            horizon=horizon,
        )

    @property
    def expected_lifetime(self) -> float:
        r"""Expected renewal at which a new customer leaves; infinite where alpha is at most 1.

        \((\alpha + \beta - 1) / (\alpha - 1)\). A few customers who never leave make it infinite: discount
        it, or state a horizon.
        """
        return (self.alpha + self.beta - 1.0) / (self.alpha - 1.0) if self.alpha > 1.0 else float("inf")

    def _log_survival(self, tenure: FloatArray) -> FloatArray:
        return log_survival(self.alpha, self.beta, 1.0, tenure)


def fit_sbg(counts: RenewalCounts) -> Fit[Sbg]:
    r"""Fit the shifted beta-geometric model by maximum likelihood.

    Parameters
    ----------
    counts : RenewalCounts
        Customers by the renewal at which they were lost, of one or more cohorts.

    Returns
    -------
    Fit[Sbg]
        The model at the maximum, with the covariance of its log-parameters. Where all customers look alike
        the maximum is at infinity and `boundary` is "equal churn probabilities".

    Raises
    ------
    InvalidInputError
        If nobody was lost, everybody was lost at the first renewal, or only one renewal was observed: the
        spread between customers cannot be learnt then.
    ConvergenceError
        If no optimum is found; the message carries the last point.

    Notes
    -----
    With \(n_t\) customers lost at renewal \(t\) and \(a_t\) still there after it,

    \[ \ell = \sum_t n_t \ln\bigl(S(t - 1) - S(t)\bigr) + \sum_t a_t \ln S(t), \]

    each divided by the survival up to `entry_tenure`.

    References
    ----------
    Fader, P. S. and Hardie, B. G. S. (2007), How to project customer retention, appendix B. Journal of
    Interactive Marketing 21(1). [doi:10.1002/dir.20074](https://doi.org/10.1002/dir.20074).

    Examples
    --------
    >>> from customer_centric import RenewalCounts
    >>> regular = RenewalCounts.from_survivors([1000, 631, 468, 382, 326, 289, 262, 241])
    >>> fit = fit_sbg(regular)
    >>> fit.model.parameters.round(3).tolist(), round(fit.log_likelihood, 3)
    ([0.704, 1.182], -1680.265)
    """
    start = start_values(counts, n_renewals=2, model="sBG")
    optimum = maximise(lambda parameters, _: score(parameters, counts), start, n_rows=1, limits=_LIMITS)
    alpha, beta = optimum.parameters.tolist()
    return Fit(
        model=Sbg(alpha=alpha, beta=beta),
        log_likelihood=optimum.value,
        covariance=optimum.covariance,
        n_customers=counts.n_customers,
        n_iterations=optimum.n_iterations,
        boundary=optimum.boundary,
    )


def start_values(counts: RenewalCounts, *, n_renewals: int, model: str) -> FloatArray:
    """Alpha and beta near the mean churn seen, or an error where these counts cannot tell them."""
    if counts.n_lost == 0:
        raise InvalidInputError(
            f"`counts` must have at least one lost customer, got none of {counts.n_customers:g}; "
            "how soon customers leave cannot be learnt before one does"
        )
    periods = counts.tenure - counts.entry_tenure
    renewals_made = np.where(counts.lost, periods - 1.0, periods)
    if not (renewals_made * counts.weight).any():
        raise InvalidInputError(
            "`counts` must have at least one renewal, got none: everybody was lost at the first one"
        )
    seen = _risked(counts)
    if seen.size < n_renewals:
        raise InvalidInputError(
            f"`counts` must cover at least {n_renewals} different renewals for the {model} model, got "
            f"{seen.size}; observe longer, or use the churn rate of the renewals seen"
        )
    lost = counts.n_lost
    mean = lost / (lost + float(renewals_made @ counts.weight))
    return np.array([2.0 * mean, 2.0 * (1.0 - mean)])


def _risked(counts: RenewalCounts) -> FloatArray:
    """Renewals at which somebody was at risk, whether lost or not."""
    longest = int(counts.tenure.max())
    first = int(counts.entry_tenure.min())
    every = np.arange(first + 1, longest + 1, dtype=np.float64)
    at_risk = [
        bool((counts.weight[(counts.entry_tenure < t) & (counts.tenure >= t)] > 0).any()) for t in every
    ]
    return every[np.array(at_risk, dtype=np.bool_)] if every.size else every

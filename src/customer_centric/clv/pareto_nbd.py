"""Pareto/NBD: purchases at a gamma-mixed rate, until an unseen death at a gamma-mixed rate."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, ClassVar, Final, Self

import numpy as np
from numpy.typing import ArrayLike

from customer_centric._core.likelihood import maximise
from customer_centric.clv import _latent_death, _pareto
from customer_centric.clv._counted import HasHistories, history_counts, mean_age, repeat_rate
from customer_centric.clv._simulated import simulated_histories
from customer_centric.clv._simulation import check_ages, draw_death_in_time
from customer_centric.clv.forecast import Forecast
from customer_centric.clv.new_customer import NewCustomer
from customer_centric.fitting import Fit, check_parameters, parameter_values
from customer_centric.typing import FloatArray, TimeUnit
from customer_centric.units import DiscountRate, Horizon, check_discount_rate, check_unit, horizon_in_unit

if TYPE_CHECKING:
    import pandas as pd

    from customer_centric.clv.histories import PurchaseHistories

__all__ = ["ParetoNbd", "fit_pareto_nbd"]


# Directions, in the logarithms of the parameters, in which the model tends to a simpler one.
_LIMITS: Final = {
    "no dropout": np.array([0.0, 0.0, -1.0, 0.0]),
    "no dropout (beta without bound)": np.array([0.0, 0.0, 0.0, 1.0]),
    "equal purchase rates": np.array([1.0, 1.0, 0.0, 0.0]),
    "equal dropout rates": np.array([0.0, 0.0, 1.0, 1.0]),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ParetoNbd:
    r"""The Pareto/NBD model: customers buy at random until, at random, they leave unseen.

    Parameters
    ----------
    r : float
        Shape of the gamma distribution of purchase rates, greater than 0.
    alpha : float
        Rate of the gamma distribution of purchase rates, in `unit`, greater than 0; the mean purchase
        rate is r / alpha.
    s : float
        Shape of the gamma distribution of dropout rates, greater than 0.
    beta : float
        Rate of the gamma distribution of dropout rates, in `unit`, greater than 0; the mean dropout
        rate is s / beta.
    unit : {"day", "week", "month"}
        Unit of recency, age and horizon, in which the parameters are stated.

    Notes
    -----
    While active, a customer buys at rate \(\lambda \sim \mathrm{Gamma}(r, \alpha)\); the time active since
    the first purchase is exponential with rate \(\mu \sim \mathrm{Gamma}(s, \beta)\), independent of
    \(\lambda\). The latent time of death is integrated out by quadrature, so no case
    (\(\alpha = \beta\), \(s = 1\), \(t_x = T\)) is special.

    References
    ----------
    Schmittlein, D. C., Morrison, D. G. and Colombo, R. (1987). Counting your customers: who are they and
    what will they do next? Management Science 33(1), 1-24. DOI 10.1287/mnsc.33.1.1.

    Fader, P. S., Hardie, B. G. S. and Lee, K. L. (2005). RFM and CLV: using iso-value curves for customer
    base analysis. Journal of Marketing Research 42(4), 415-430. DOI 10.1509/jmkr.2005.42.4.415.

    Examples
    --------
    >>> from customer_centric import ParetoNbd
    >>> model = ParetoNbd(r=0.553, alpha=10.578, s=0.606, beta=11.669, unit="week")
    >>> [round(p, 4) for p in model.probability_alive([0, 2], [0, 30.43], [39, 38.86]).tolist()]
    [0.2945, 0.8692]
    """

    parameter_names: ClassVar[tuple[str, ...]] = ("r", "alpha", "s", "beta")

    r: float
    alpha: float
    s: float
    beta: float
    unit: TimeUnit

    def __post_init__(self) -> None:
        check_parameters(self.parameter_names, self.parameters)
        check_unit("unit", self.unit)

    @property
    def parameters(self) -> FloatArray:
        """(r, alpha, s, beta)."""
        return np.array([self.r, self.alpha, self.s, self.beta], dtype=np.float64)

    def with_parameters(self, parameters: ArrayLike) -> Self:
        """The same model, in the same unit, with other parameters in the order of `parameter_names`."""
        r, alpha, s, beta = parameter_values(self.parameter_names, parameters)
        return replace(self, r=r, alpha=alpha, s=s, beta=beta)

    def log_likelihood(self, frequency: ArrayLike, recency: ArrayLike, age: ArrayLike) -> FloatArray:
        r"""Log-likelihood of each history: a density per `unit` for each repeat purchase.

        Parameters
        ----------
        frequency, recency, age : array_like
            Histories, of one shape or broadcast: whole frequency; recency and age in `unit`.

        Returns
        -------
        ndarray
            Log density of the purchase times; in another unit it differs by frequency times the log of
            the ratio of the units.

        Raises
        ------
        InvalidInputError
            If a history is impossible: a negative or fractional frequency, recency greater than age,
            recency greater than 0 without repeat purchases.

        Notes
        -----
        \[ L = \frac{\Gamma(r + x) \alpha^r \beta^s}{\Gamma(r)} \left\{
        (\alpha + T)^{-(r + x)} (\beta + T)^{-s} +
        \int_{t_x}^T s (\alpha + y)^{-(r + x)} (\beta + y)^{-(s + 1)} dy \right\} : \]

        alive at the end of observation, or dead at some time y since the last purchase
        (Schmittlein, Morrison and Colombo 1987).

        Examples
        --------
        >>> model = ParetoNbd(r=0.553, alpha=10.578, s=0.606, beta=11.669, unit="week")
        >>> model.log_likelihood([3], [4], [6]).round(4)
        array([-8.0474])
        """
        return _latent_death.log_likelihood(self._kernel, frequency, recency, age)

    def probability_alive(
        self, frequency: ArrayLike, recency: ArrayLike, age: ArrayLike, *, after: float | Horizon = 0.0
    ) -> FloatArray:
        r"""Probability that the customer is active at the end of observation, or later.

        Parameters
        ----------
        frequency, recency, age : array_like
            Histories, of one shape or broadcast: whole frequency; recency and age in `unit`.
        after : float or Horizon, default 0
            Time from the end of observation to the moment asked about, in `unit`.

        Returns
        -------
        ndarray
            Probabilities in [0, 1], non-increasing in `after`.

        Raises
        ------
        InvalidInputError
            If a history is impossible or `after` is negative.

        Notes
        -----
        The share of the first term in the braces of `log_likelihood`, and later times
        \(\{(\beta + T) / (\beta + T + t)\}^s\).

        Examples
        --------
        >>> model = ParetoNbd(r=0.553, alpha=10.578, s=0.606, beta=11.669, unit="week")
        >>> model.probability_alive([0, 2, 26], [0, 30.43, 30.86], [39, 38.86, 31]).round(4)
        array([0.2945, 0.8692, 0.9979])
        """
        return _latent_death.probability_alive(self._kernel, self.unit, frequency, recency, age, after)

    def expected_purchases(
        self, frequency: ArrayLike, recency: ArrayLike, age: ArrayLike, *, horizon: float | Horizon
    ) -> FloatArray:
        r"""Expected purchases in the horizon after the end of observation, given the history.

        Parameters
        ----------
        frequency, recency, age : array_like
            Histories, of one shape or broadcast: whole frequency; recency and age in `unit`.
        horizon : float or Horizon
            Length of the forecast window, in `unit`; may be infinite.

        Returns
        -------
        ndarray
            Counts, 0 or more; infinite where the horizon is and s <= 1.

        Raises
        ------
        InvalidInputError
            If a history is impossible or the horizon is negative.

        Notes
        -----
        With \(\rho = (\beta + T) / (\beta + T + t)\),

        \[ P(\text{alive}) \; \frac{(r + x)(\beta + T)}{\alpha + T} \; \frac{1 - \rho^{s - 1}}{s - 1} , \]

        and its limit \(-\ln \rho\) in place of the last factor at \(s = 1\) (Schmittlein, Morrison and
        Colombo 1987, equation 22).

        Examples
        --------
        >>> model = ParetoNbd(r=0.553, alpha=10.578, s=0.606, beta=11.669, unit="week")
        >>> model.expected_purchases(
        ...     [0, 2, 26], [0, 30.43, 30.86], [39, 38.86, 31], horizon=39
        ... ).round(4)
        array([ 0.1065,  1.4551, 20.117 ])
        """
        return _latent_death.expected_purchases(self._kernel, self.unit, frequency, recency, age, horizon)

    def discounted_purchases(
        self,
        frequency: ArrayLike,
        recency: ArrayLike,
        age: ArrayLike,
        *,
        discount_rate: DiscountRate,
        horizon: float | Horizon = np.inf,
    ) -> FloatArray:
        r"""Expected purchases in the horizon, each discounted from when it happens to the end of observation.

        With an infinite horizon this is the discounted expected residual transactions (DERT) of the
        literature; with a finite one DECT; with a discount rate of 0 the expected purchases.

        Parameters
        ----------
        frequency, recency, age : array_like
            Histories, of one shape or broadcast: whole frequency; recency and age in `unit`.
        discount_rate : DiscountRate
            Converted to a continuous rate \(\delta\) per `unit`.
        horizon : float or Horizon, default inf
            Length of the forecast window, in `unit`.

        Returns
        -------
        ndarray
            Discounted counts, 0 or more; infinite only where the horizon is, the discount rate is 0 and
            s <= 1.

        Raises
        ------
        InvalidInputError
            If a history is impossible or the horizon is negative.

        Notes
        -----
        \[ P(\text{alive}) \; \frac{r + x}{\alpha + T} \int_0^t e^{-\delta v}
        \left( \frac{\beta + T}{\beta + T + v} \right)^s dv , \]

        which for an infinite horizon equals equation 2 of Fader, Hardie and Lee (2005), there in terms of the
        confluent hypergeometric function.

        Examples
        --------
        >>> from customer_centric import DiscountRate
        >>> model = ParetoNbd(r=0.553, alpha=10.578, s=0.606, beta=11.669, unit="week")
        >>> weekly = DiscountRate.continuous(0.0027, per="week")
        >>> model.discounted_purchases(
        ...     [0, 2, 26], [0, 30.43, 30.86], [39, 38.86, 31], discount_rate=weekly
        ... ).round(4)
        array([ 0.475 ,  6.4838, 86.0565])
        """
        return _latent_death.expected_purchases(
            self._kernel,
            self.unit,
            frequency,
            recency,
            age,
            horizon,
            check_discount_rate(discount_rate).per(self.unit),
        )

    def forecast(
        self,
        frequency: ArrayLike,
        recency: ArrayLike,
        age: ArrayLike,
        *,
        horizon: float | Horizon,
        discount_rate: DiscountRate,
    ) -> Forecast:
        """`probability_alive`, `expected_purchases` and `discounted_purchases` at once, for less work.

        Parameters
        ----------
        frequency, recency, age : array_like
            Histories, of one shape or broadcast: whole frequency; recency and age in `unit`.
        horizon : float or Horizon
            Length of the forecast window, in `unit`; may be infinite.
        discount_rate : DiscountRate
            Converted to a continuous rate per `unit`.

        Returns
        -------
        Forecast
            The three arrays.

        Raises
        ------
        InvalidInputError
            If a history is impossible or the horizon is negative.
        """
        return _latent_death.forecast(
            self._kernel, self.unit, frequency, recency, age, horizon, discount_rate
        )

    def purchase_variance(
        self,
        frequency: ArrayLike,
        recency: ArrayLike,
        age: ArrayLike,
        *,
        discount_rate: DiscountRate,
        horizon: float | Horizon = np.inf,
    ) -> FloatArray:
        r"""Variance of the discounted number of purchases in the horizon, given the history.

        Parameters
        ----------
        frequency, recency, age : array_like
            Histories, of one shape or broadcast: whole frequency; recency and age in `unit`.
        discount_rate : DiscountRate
            Converted to a continuous rate \(\delta\) per `unit`.
        horizon : float or Horizon, default inf
            Length of the forecast window, in `unit`.

        Returns
        -------
        ndarray
            Squared counts, 0 or more; infinite only where the horizon is, the discount rate is 0 and s <= 2.

        Raises
        ------
        InvalidInputError
            If a history is impossible or the horizon is negative.

        Notes
        -----
        For purchases at times \(t_i\), the second moment of \(\sum_i e^{-\delta t_i}\) is the expectation of
        \(\sum_i e^{-2 \delta t_i}\) plus that of the ordered pairs, with

        \[ P(\text{alive}) \; \frac{(r + x)(r + x + 1)}{(\alpha + T)^2} \int_0^t e^{-\delta v} \; 2 \,
        \frac{1 - e^{-\delta v}}{\delta} \left( \frac{\beta + T}{\beta + T + v} \right)^s dv . \]

        Examples
        --------
        >>> from customer_centric import DiscountRate
        >>> model = ParetoNbd(r=0.553, alpha=10.578, s=0.606, beta=11.669, unit="week")
        >>> model.purchase_variance(
        ...     [2], [30.43], [38.86], discount_rate=DiscountRate.annual(0.1), horizon=52
        ... ).round(4)
        array([4.4266])
        """
        return _latent_death.purchase_variance(
            self._kernel, self.unit, frequency, recency, age, horizon, discount_rate
        )

    def purchase_pmf(
        self,
        n: ArrayLike,
        frequency: ArrayLike,
        recency: ArrayLike,
        age: ArrayLike,
        *,
        horizon: float | Horizon,
    ) -> FloatArray:
        r"""Probability of exactly `n` purchases in the horizon, given the history.

        Parameters
        ----------
        n : array_like
            Whole numbers, 0 or more; broadcast against the histories.
        frequency, recency, age : array_like
            Histories, of one shape or broadcast: whole frequency; recency and age in `unit`.
        horizon : float or Horizon
            Length of the forecast window, in `unit`; finite.

        Returns
        -------
        ndarray
            Probabilities in [0, 1] that sum to 1 over n.

        Raises
        ------
        InvalidInputError
            If `n` is negative or fractional, a history is impossible, or the horizon is negative or infinite.

        Notes
        -----
        Given alive, with \(M = \alpha + T\), \(N = \beta + T\) and \(\mathrm{NB}(n; y)\) the negative
        binomial probability of n purchases in a time y,

        \[ \mathrm{NB}(n; t) \left( \frac{N}{N + t} \right)^s + \int_0^t \mathrm{NB}(n; y) \,
        \frac{s N^s}{(N + y)^{s + 1}} \, dy : \]

        alive until the end of the horizon, or dead at y. Both terms are positive, unlike in the published
        closed form, which loses all digits for large n.

        Examples
        --------
        >>> model = ParetoNbd(r=0.553, alpha=10.578, s=0.606, beta=11.669, unit="week")
        >>> model.purchase_pmf([0, 1, 2, 3], 2, 30.43, 38.86, horizon=39).round(4)
        array([0.4081, 0.2193, 0.1518, 0.0957])
        """
        return _latent_death.purchase_pmf(self._kernel, self.unit, n, frequency, recency, age, horizon)

    def purchase_tail(
        self,
        n: ArrayLike,
        frequency: ArrayLike,
        recency: ArrayLike,
        age: ArrayLike,
        *,
        horizon: float | Horizon,
    ) -> FloatArray:
        r"""Probability of at least `n` purchases in the horizon, given the history.

        Parameters
        ----------
        n : array_like
            Whole numbers, 0 or more; broadcast against the histories.
        frequency, recency, age : array_like
            Histories, of one shape or broadcast: whole frequency; recency and age in `unit`.
        horizon : float or Horizon
            Length of the forecast window, in `unit`; finite.

        Returns
        -------
        ndarray
            Probabilities in [0, 1], 1 at n = 0, non-increasing in n; their sum over n from 1 is
            `expected_purchases`.

        Raises
        ------
        InvalidInputError
            If `n` is negative or fractional, a history is impossible, or the horizon is negative or infinite.

        Notes
        -----
        Given alive, the n-th purchase comes at some time y before t, the customer still alive then:

        \[ \int_0^t \frac{y^{n - 1} M^{r + x}}{B(n, r + x) (M + y)^{r + x + n}}
        \left( \frac{N}{N + y} \right)^s dy . \]

        Examples
        --------
        >>> model = ParetoNbd(r=0.553, alpha=10.578, s=0.606, beta=11.669, unit="week")
        >>> model.purchase_tail([0, 1, 2], 2, 30.43, 38.86, horizon=39).round(4)
        array([1.    , 0.5919, 0.3726])
        """
        return _latent_death.purchase_tail(self._kernel, self.unit, n, frequency, recency, age, horizon)

    def new_customer(self) -> NewCustomer:
        """The same forecasts for a customer on the day of the first purchase.

        Returns
        -------
        NewCustomer
            Its methods equal those of the model for the history (0, 0, 0).

        Examples
        --------
        >>> model = ParetoNbd(r=0.553, alpha=10.578, s=0.606, beta=11.669, unit="week")
        >>> round(model.new_customer().expected_purchases(horizon=52), 4)
        1.473
        """
        return NewCustomer(self)

    def simulate(
        self, age: ArrayLike, *, holdout: float | Horizon = 0.0, rng: np.random.Generator
    ) -> PurchaseHistories[pd.DataFrame]:
        r"""Customers drawn from the model.

        Parameters
        ----------
        age : array_like of shape (n_customers,)
            First purchase to the end of observation of each customer, in `unit`.
        holdout : float or Horizon, default 0
            Time after the end of observation in which purchases are counted too; 0 for none.
        rng : numpy.random.Generator
            Source of randomness.

        Returns
        -------
        PurchaseHistories
            A row a customer; with a holdout also the purchases in it.

        Raises
        ------
        InvalidInputError
            If an age or the holdout is negative or not finite.

        Examples
        --------
        >>> import numpy as np
        >>> model = ParetoNbd(r=0.553, alpha=10.578, s=0.606, beta=11.669, unit="week")
        >>> histories = model.simulate(np.full(1000, 39.0), rng=np.random.default_rng(1))
        >>> float(histories.frame["frequency"].mean()) < 3.0
        True
        """
        length = horizon_in_unit(holdout, self.unit)
        ages = check_ages(age, length)
        rate = rng.gamma(self.r, 1 / self.alpha, ages.size)
        with np.errstate(divide="ignore"):
            lifetime = rng.exponential(size=ages.size) / rng.gamma(self.s, 1 / self.beta, ages.size)
        drawn = draw_death_in_time(rate, lifetime, ages, length, rng=rng)
        return simulated_histories(drawn, unit=self.unit, holdout=length)

    @property
    def _kernel(self) -> _pareto.Pareto:
        return _pareto.Pareto(self.r, self.alpha, self.s, self.beta)


def fit_pareto_nbd(histories: HasHistories) -> Fit[ParetoNbd]:
    r"""Fit the Pareto/NBD by maximum likelihood.

    Parameters
    ----------
    histories : PurchaseHistories or HistoryCounts
        Purchase histories; customers with no repeat purchase belong in.

    Returns
    -------
    Fit[ParetoNbd]
        The model at the maximum, with the covariance of its log-parameters.

    Raises
    ------
    InvalidInputError
        If nobody made a repeat purchase, or nobody was observed for any time: the rate of purchases
        cannot be learnt.
    ConvergenceError
        If no optimum is found; the message carries the last point.

    Notes
    -----
    Newton steps in the logarithms of the parameters with analytic gradient and Hessian. Where the likelihood
    is highest at infinity, `Fit.boundary` names the limit: equal purchase rates, no dropout, or equal
    dropout rates.

    Examples
    --------
    >>> from customer_centric import fit_pareto_nbd, summarise_transactions
    >>> from customer_centric.datasets import load_cdnow_sample
    >>> histories = summarise_transactions(
    ...     load_cdnow_sample(),
    ...     customer="customer",
    ...     date="date",
    ...     amount="amount",
    ...     end="1997-09-30",
    ...     unit="week",
    ... )
    >>> fit = fit_pareto_nbd(histories)
    >>> round(fit.log_likelihood, 4)
    -9594.9762
    >>> fit.summary()[["estimate", "standard_error"]].round(4)
               estimate  standard_error
    parameter
    r            0.5533          0.0476
    alpha       10.5777          0.8427
    s            0.6062          0.1873
    beta        11.6687          6.2111
    """
    counts = history_counts(histories)
    optimum = maximise(
        lambda parameters, stride: _pareto.score(parameters, counts, stride),
        np.array([0.5, 0.4 / repeat_rate(counts), 0.5, mean_age(counts) / 2]),
        n_rows=counts.frequency.size,
        limits=_LIMITS,
    )
    r, alpha, s, beta = optimum.parameters.tolist()
    return Fit(
        model=ParetoNbd(r=r, alpha=alpha, s=s, beta=beta, unit=counts.unit),
        log_likelihood=optimum.value,
        covariance=optimum.covariance,
        n_customers=counts.n_customers,
        n_iterations=optimum.n_iterations,
        boundary=optimum.boundary,
    )

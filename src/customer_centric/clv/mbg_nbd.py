"""MBG/NBD: purchases at a gamma-mixed rate; each purchase, the first included, may be the last."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, ClassVar, Final, Self

import numpy as np
from numpy.typing import ArrayLike

from customer_centric._core.likelihood import maximise
from customer_centric.clv import _beta_geometric, _latent_death
from customer_centric.clv._counted import HasHistories, history_counts, repeat_rate
from customer_centric.clv._simulated import simulated_histories
from customer_centric.clv._simulation import check_ages, draw_death_at_purchases
from customer_centric.clv.forecast import Forecast
from customer_centric.clv.new_customer import NewCustomer
from customer_centric.fitting import Fit, check_parameters, parameter_values
from customer_centric.typing import FloatArray, TimeUnit
from customer_centric.units import DiscountRate, Horizon, check_discount_rate, check_unit, horizon_in_unit

if TYPE_CHECKING:
    import pandas as pd

    from customer_centric.clv.histories import PurchaseHistories

__all__ = ["MbgNbd", "fit_mbg_nbd"]


# Directions, in the logarithms of the parameters, in which the model tends to a simpler one.
_LIMITS: Final = {
    "no dropout": np.array([0.0, 0.0, -1.0, 0.0]),
    "no dropout (b without bound)": np.array([0.0, 0.0, 0.0, 1.0]),
    "equal purchase rates": np.array([1.0, 1.0, 0.0, 0.0]),
    "equal dropout probabilities": np.array([0.0, 0.0, 1.0, 1.0]),
    "dropout certain or impossible": np.array([0.0, 0.0, -1.0, -1.0]),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class MbgNbd:
    r"""The MBG/NBD model: customers buy at random, and may leave after every purchase, the first included.

    Parameters
    ----------
    r : float
        Shape of the gamma distribution of purchase rates, greater than 0.
    alpha : float
        Rate of the gamma distribution of purchase rates, in `unit`, greater than 0; the mean purchase
        rate is r / alpha.
    a, b : float
        Parameters of the beta distribution of dropout probabilities, greater than 0; the mean is
        a / (a + b).
    unit : {"day", "week", "month"}
        Unit of recency, age and horizon, in which the parameters are stated.

    Notes
    -----
    While active, a customer buys at rate \(\lambda \sim \mathrm{Gamma}(r, \alpha)\); after each purchase, the
    first included, the customer leaves with probability \(p \sim \mathrm{Beta}(a, b)\), independent of
    \(\lambda\). A customer with a single purchase may thus have left, which the BG/NBD denies.

    References
    ----------
    Batislam, E. P., Denizel, M. and Filiztekin, A. (2007). Empirical validation and comparison of models
    for customer base analysis. International Journal of Research in Marketing 24(3), 201-209.
    DOI 10.1016/j.ijresmar.2006.12.005.

    Hoppe, D. and Wagner, U. (2007). Customer base analysis: the case for a central variant of the
    betageometric/NBD model. Marketing ZFP 29(JRM 2), 75-90. DOI 10.15358/0344-1369-2007-JRM-2-75.

    Examples
    --------
    >>> from customer_centric import MbgNbd
    >>> model = MbgNbd(r=0.525, alpha=6.183, a=0.891, b=1.614, unit="week")
    >>> [round(p, 4) for p in model.probability_alive([0, 2], [0, 30.43], [39, 38.86]).tolist()]
    [0.3893, 0.7062]
    """

    parameter_names: ClassVar[tuple[str, ...]] = ("r", "alpha", "a", "b")

    r: float
    alpha: float
    a: float
    b: float
    unit: TimeUnit

    def __post_init__(self) -> None:
        check_parameters(self.parameter_names, self.parameters)
        check_unit("unit", self.unit)

    @property
    def parameters(self) -> FloatArray:
        """(r, alpha, a, b)."""
        return np.array([self.r, self.alpha, self.a, self.b], dtype=np.float64)

    def with_parameters(self, parameters: ArrayLike) -> Self:
        """The same model, in the same unit, with other parameters in the order of `parameter_names`."""
        r, alpha, a, b = parameter_values(self.parameter_names, parameters)
        return replace(self, r=r, alpha=alpha, a=a, b=b)

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
        With \(B\) the beta function and \(n = x + 1\),

        \[ L = \frac{B(a, b + n)}{B(a, b)} \frac{\Gamma(r + x) \alpha^r}{\Gamma(r)} \left\{
        (\alpha + T)^{-(r + x)} +  \frac{a}{b + n - 1} (\alpha + t_x)^{-(r + x)} \right\} , \]

        after Batislam, Denizel and Filiztekin (2007), and Hoppe and Wagner (2007).

        Examples
        --------
        >>> model = MbgNbd(r=0.525, alpha=6.183, a=0.891, b=1.614, unit="week")
        >>> model.log_likelihood([3], [4], [6]).round(4)
        array([-7.9722])
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
        \[ P(\text{alive}) = \left\{ 1 +  \frac{a}{b + n - 1}
        \left( \frac{\alpha + T}{\alpha + t_x} \right)^{r + x} \right\}^{-1} , \qquad n = x + 1 , \]

        and later, with \(p \sim \mathrm{Beta}(a, b + n)\) and \(u = t / (\alpha + T)\), times
        \(E[(1 + p u)^{-(r + x)}]\).

        Examples
        --------
        >>> model = MbgNbd(r=0.525, alpha=6.183, a=0.891, b=1.614, unit="week")
        >>> model.probability_alive([0, 2, 26], [0, 30.43, 30.86], [39, 38.86, 31]).round(4)
        array([0.3893, 0.7062, 0.9656])
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
            Counts, 0 or more; infinite where the horizon is and a <= 1.

        Raises
        ------
        InvalidInputError
            If a history is impossible or the horizon is negative.

        Notes
        -----
        With \(p \sim \mathrm{Beta}(a, b + n)\), \(n = x + 1\), and \(u = t / (\alpha + T)\),

        \[ P(\text{alive}) \; E \left[ \frac{1 - (1 + p u)^{-(r + x)}}{p} \right] , \]

        taken by quadrature over the logit of p. It equals the published form in \({}_2F_1\) where that
        can be computed, and is smooth at \(a = 1\), where that one divides by zero.

        Examples
        --------
        >>> model = MbgNbd(r=0.525, alpha=6.183, a=0.891, b=1.614, unit="week")
        >>> model.expected_purchases(
        ...     [0, 2, 26], [0, 30.43, 30.86], [39, 38.86, 31], horizon=39
        ... ).round(4)
        array([ 0.1534,  1.263 , 19.4507])
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
            a <= 1.

        Raises
        ------
        InvalidInputError
            If a history is impossible or the horizon is negative.

        Notes
        -----
        With \(p \sim \mathrm{Beta}(a, b + n)\), \(n = x + 1\), and \(M = \alpha + T\),

        \[ P(\text{alive}) \; (r + x) \int_0^{t / M} e^{-\delta M v} \;
        E \left[ (1 + p v)^{-(r + x + 1)} \right] dv . \]

        Examples
        --------
        >>> from customer_centric import DiscountRate
        >>> model = MbgNbd(r=0.525, alpha=6.183, a=0.891, b=1.614, unit="week")
        >>> weekly = DiscountRate.continuous(0.0027, per="week")
        >>> model.discounted_purchases(
        ...     [0, 2, 26], [0, 30.43, 30.86], [39, 38.86, 31], discount_rate=weekly
        ... ).round(4)
        array([ 0.7208,  4.913 , 61.4157])
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
            Squared counts, 0 or more; infinite only where the horizon is, the discount rate is 0 and a <= 2.

        Raises
        ------
        InvalidInputError
            If a history is impossible or the horizon is negative.

        Notes
        -----
        For purchases at times \(t_i\), the second moment of \(\sum_i e^{-\delta t_i}\) is the expectation of
        \(\sum_i e^{-2 \delta t_i}\) plus that of the ordered pairs, with

        \[ P(\text{alive}) \; (r + x)(r + x + 1) \int_0^{t / M} e^{-\delta M v} \; 2 \,
        \frac{1 - e^{-\delta M v}}{\delta M} \; E \left[ (1 - p) (1 + p v)^{-(r + x + 2)} \right] dv . \]

        Examples
        --------
        >>> from customer_centric import DiscountRate
        >>> model = MbgNbd(r=0.525, alpha=6.183, a=0.891, b=1.614, unit="week")
        >>> model.purchase_variance(
        ...     [2], [30.43], [38.86], discount_rate=DiscountRate.annual(0.1), horizon=52
        ... ).round(4)
        array([3.5939])
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
        Given alive, with \(b' = b + x + 1\) and \(\zeta = t / (\alpha + T + t)\),

        \[ \frac{B(a, b' + n)}{B(a, b')} \mathrm{NB}(n; r + x, \zeta) + \mathbf 1_{n \ge 1}
        \frac{B(a + 1, b' + n - 1)}{B(a, b')} I_\zeta(n, r + x) : \]

        all n purchases were survived, or the n-th was the last. \(I\) is the regularised incomplete beta
        function.

        Examples
        --------
        >>> model = MbgNbd(r=0.525, alpha=6.183, a=0.891, b=1.614, unit="week")
        >>> model.purchase_pmf([0, 1, 2, 3], 2, 30.43, 38.86, horizon=39).round(4)
        array([0.44  , 0.2342, 0.146 , 0.0839])
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
        Given alive, \(\frac{B(a, b' + n - 1)}{B(a, b')} I_\zeta(n, r + x)\): the first n - 1 purchases were
        survived, and the time was enough for n; letters as in `purchase_pmf`.

        Examples
        --------
        >>> model = MbgNbd(r=0.525, alpha=6.183, a=0.891, b=1.614, unit="week")
        >>> model.purchase_tail([0, 1, 2], 2, 30.43, 38.86, horizon=39).round(4)
        array([1.    , 0.56  , 0.3258])
        """
        return _latent_death.purchase_tail(self._kernel, self.unit, n, frequency, recency, age, horizon)

    def next_purchase_quantile(
        self, probability: ArrayLike, frequency: ArrayLike, recency: ArrayLike, age: ArrayLike
    ) -> FloatArray:
        r"""Time by which the next purchase has come with the given probability.

        Parameters
        ----------
        probability : array_like
            Probabilities in [0, 1); broadcast against the histories.
        frequency, recency, age : array_like
            Histories, of one shape or broadcast: whole frequency; recency and age in `unit`.

        Returns
        -------
        ndarray
            Times from the end of observation, in `unit`; inf where the customer may never buy again with at
            least the remaining probability.

        Raises
        ------
        InvalidInputError
            If a history is impossible or a probability is outside [0, 1).

        Notes
        -----
        Nobody leaves between purchases, so with
        \(P(\text{next by } t) = P(\text{alive}) \{1 - (1 + u)^{-(r + x)}\}\) and
        \(u = t / (\alpha + T)\), which is solved for t.

        Examples
        --------
        >>> model = MbgNbd(r=0.525, alpha=6.183, a=0.891, b=1.614, unit="week")
        >>> model.next_purchase_quantile([0.25, 0.5, 0.9], 2, 30.43, 38.86).round(2)
        array([ 8.51, 28.3 ,   inf])
        """
        return _latent_death.next_purchase_quantile(
            self._kernel, np.asarray(self.r), np.asarray(self.alpha), probability, frequency, recency, age
        )

    def new_customer(self) -> NewCustomer:
        """The same forecasts for a customer on the day of the first purchase.

        Returns
        -------
        NewCustomer
            Its methods equal those of the model for the history (0, 0, 0), the risk of leaving at the first
            purchase included.

        Examples
        --------
        >>> model = MbgNbd(r=0.525, alpha=6.183, a=0.891, b=1.614, unit="week")
        >>> round(model.new_customer().expected_purchases(horizon=52), 4)
        1.4197
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
        >>> model = MbgNbd(r=0.525, alpha=6.183, a=0.891, b=1.614, unit="week")
        >>> histories = model.simulate(np.full(1000, 39.0), rng=np.random.default_rng(1))
        >>> float(histories.frame["frequency"].mean()) < 3.0
        True
        """
        length = horizon_in_unit(holdout, self.unit)
        ages = check_ages(age, length)
        rate = rng.gamma(self.r, 1 / self.alpha, ages.size)
        dropout = rng.beta(self.a, self.b, ages.size)
        drawn = draw_death_at_purchases(rate, dropout, ages, length, at_first=True, rng=rng)
        return simulated_histories(drawn, unit=self.unit, holdout=length)

    @property
    def _kernel(self) -> _beta_geometric.BetaGeometric:
        return _beta_geometric.BetaGeometric(self.r, self.alpha, self.a, self.b, 1)


def fit_mbg_nbd(histories: HasHistories) -> Fit[MbgNbd]:
    r"""Fit the MBG/NBD by maximum likelihood.

    Parameters
    ----------
    histories : PurchaseHistories or HistoryCounts
        Purchase histories; customers with no repeat purchase belong in.

    Returns
    -------
    Fit[MbgNbd]
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
    is highest at infinity, `Fit.boundary` names the limit: equal purchase rates, no dropout, equal dropout
    probabilities, or dropout certain for some and impossible for others.

    Examples
    --------
    >>> from customer_centric import fit_mbg_nbd, summarise_transactions
    >>> from customer_centric.datasets import load_cdnow_sample
    >>> histories = summarise_transactions(
    ...     load_cdnow_sample(),
    ...     customer="customer",
    ...     date="date",
    ...     amount="amount",
    ...     end="1997-09-30",
    ...     unit="week",
    ... )
    >>> fit = fit_mbg_nbd(histories)
    >>> round(fit.log_likelihood, 4)
    -9582.1357
    >>> fit.summary()[["estimate", "standard_error"]].round(4)
               estimate  standard_error
    parameter
    r            0.5248          0.0833
    alpha        6.1831          0.6956
    a            0.8914          0.1548
    b            1.6140          0.5375
    """
    counts = history_counts(histories)
    optimum = maximise(
        lambda parameters, stride: _beta_geometric.score(parameters, counts, stride, z=1),
        np.array([0.5, 0.5 / repeat_rate(counts), 1.0, 2.5]),
        n_rows=counts.frequency.size,
        limits=_LIMITS,
    )
    r, alpha, a, b = optimum.parameters.tolist()
    return Fit(
        model=MbgNbd(r=r, alpha=alpha, a=a, b=b, unit=counts.unit),
        log_likelihood=optimum.value,
        covariance=optimum.covariance,
        n_customers=counts.n_customers,
        n_iterations=optimum.n_iterations,
        boundary=optimum.boundary,
    )

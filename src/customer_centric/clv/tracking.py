"""Do forecasts follow reality? Purchases of a cohort over time, expected and actual."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Final, Protocol

import numpy as np

from customer_centric._core.checks import check_confidence_level, check_number, check_offers
from customer_centric.clv._holdout import (
    FittedModel,
    check_model_unit,
    count_interval,
    is_fitted,
    parameter_variance,
)
from customer_centric.clv.coverage import PurchaseTiming
from customer_centric.errors import InvalidInputError
from customer_centric.typing import FloatArray, IntArray, TimeUnit, TransactionModel
from customer_centric.units import DAYS_PER_UNIT, DiscountRate

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Tracking", "tracking"]

# Where more ages than this are needed, a forecast is computed at this many and interpolated between.
_NODES: Final = 32
_VARIANCE_NODES: Final = 16
_GRADIENT_NODES: Final = 10


class HasTiming(Protocol):
    """Anything that knows when its customers bought."""

    @property
    def unit(self) -> TimeUnit:
        """Unit of recency and age."""
        ...

    def timing(self) -> PurchaseTiming:
        """First and repeat purchases by period."""
        ...


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Tracking:
    """Repeat purchases of all customers together, step by step, expected and actual.

    Parameters
    ----------
    start : date
        First day of the first step.
    period : {"day", "week", "month"}
        Period that purchases are counted in.
    periods_per_step : int
        Periods in a step: 7 days make a week.
    calibration_steps : float
        Length of the calibration, in steps; the holdout follows.
    n_left_over : int
        Periods after the last whole step, which belong to no step.
    actual, expected, lower, upper : ndarray of shape (n_steps,)
        Repeat purchases in each step; whole numbers between which the actual ones should fall.
    cumulative_actual, cumulative_expected, cumulative_lower, cumulative_upper : ndarray of shape (n_steps,)
        Repeat purchases up to the end of each step.
    confidence_level : float
        Nominal coverage of the intervals, each taken for itself.
    """

    start: date
    period: TimeUnit
    periods_per_step: int
    calibration_steps: float
    n_left_over: int
    actual: FloatArray
    expected: FloatArray
    lower: FloatArray
    upper: FloatArray
    cumulative_actual: FloatArray
    cumulative_expected: FloatArray
    cumulative_lower: FloatArray
    cumulative_upper: FloatArray
    confidence_level: float

    @property
    def step_name(self) -> str:
        """What a step is called: "week", "day", "4 weeks"."""
        if self.period == "day" and self.periods_per_step % 7 == 0:
            count, name = self.periods_per_step // 7, "week"
        else:
            count, name = self.periods_per_step, str(self.period)
        return name if count == 1 else f"{count} {name}s"

    def to_frame(self) -> pd.DataFrame:
        """One row a step, numbered from 1; `holdout` where the step ends after the calibration."""
        import pandas as pd

        step = np.arange(1, self.actual.size + 1)
        return pd.DataFrame(
            {
                "step": step,
                "start": self._starts(),
                "holdout": step > self.calibration_steps,
                "actual": self.actual,
                "expected": self.expected,
                "lower": self.lower,
                "upper": self.upper,
                "cumulative_actual": self.cumulative_actual,
                "cumulative_expected": self.cumulative_expected,
                "cumulative_lower": self.cumulative_lower,
                "cumulative_upper": self.cumulative_upper,
            }
        )

    def _starts(self) -> list[date]:
        counts = range(0, self.actual.size * self.periods_per_step, self.periods_per_step)
        if self.period == "month":
            months = [self.start.year * 12 + self.start.month - 1 + count for count in counts]
            return [date(month // 12, month % 12 + 1, 1) for month in months]
        days = 7 if self.period == "week" else 1
        return [self.start + timedelta(days=days * count) for count in counts]

    def _repr_html_(self) -> str:
        table = self.to_frame().to_html(index=False, float_format="{:,.1f}".format, border=0, max_rows=20)
        return f"<p>Repeat purchases by {self.step_name}, from {self.start}</p>{table}"


def tracking(
    histories: HasTiming,
    purchases: FittedModel | TransactionModel,
    *,
    periods_per_step: int | None = None,
    confidence_level: float = 0.95,
) -> Tracking:
    r"""Repeat purchases of a cohort over time: what a model expects, and what happened.

    Parameters
    ----------
    histories : PurchaseHistories
        Made from a log by `summarise_transactions`; with a `calibration_end`, the holdout is drawn too.
    purchases : Fit or TransactionModel
        How they buy. A `Fit` adds the uncertainty of its parameters to the intervals; a bare model has none.
    periods_per_step : int, optional
        Periods that are added up to a step, 1 or more; by default 7 where the period is a day (weeks from
        the first purchase of the log), else 1.
    confidence_level : float, default 0.95
        Nominal coverage of the intervals, strictly between 0 and 1.

    Returns
    -------
    Tracking
        Purchases in each step and up to its end, actual, expected, and the bounds between which the actual
        ones should fall.

    Raises
    ------
    InvalidInputError
        If the histories come from arrays, the model is in another unit, or the log is shorter than a step.

    Notes
    -----
    With \(n_j\) customers whose first purchase is in period \(j = 0, 1, \dots\), the expected repeat
    purchases before period \(m\) are

    \[ C(m) = \sum_{j < m} n_j \, E[X(m - j)], \]

    where \(E[X(t)]\) is that of a customer on the day of the first purchase: nothing but the model and
    the days of entry goes in. Step \(k\) of \(p\) periods expects \(C(kp) - C((k-1)p)\).

    The interval holds the spread of the process and, for a fit, that of the parameters (delta method). In all
    models here customers buy at random while active, so that the density of a purchase at \(s\) and another
    at \(t > s\) depends on \(t\) alone; call it \(g(t)\). Then
    \(\mathrm{Var}\{X(b) - X(a)\} = m + 2 \int_a^b (t - a)\, g(t)\, dt - m^2\) with \(m = E[X(b) - X(a)]\),
    and \(g\) follows from \(\mathrm{Var}\, X(t)\). The bounds are quantiles of the gamma distribution with
    that mean and variance, rounded outwards to whole purchases.

    References
    ----------
    Fader, P. S., Hardie, B. G. S. and Lee, K. L. (2005). "Counting your customers" the easy way: an
    alternative to the Pareto/NBD model. Marketing Science 24(2), 275-284, figures 3 and 4.
    DOI 10.1287/mksc.1040.0098.

    Examples
    --------
    >>> from customer_centric import fit_bg_nbd, summarise_transactions, tracking
    >>> from customer_centric.datasets import load_cdnow_sample
    >>> histories = summarise_transactions(
    ...     load_cdnow_sample(),
    ...     customer="customer",
    ...     date="date",
    ...     end="1998-06-30",
    ...     calibration_end="1997-09-30",
    ...     unit="week",
    ... )
    >>> weeks = tracking(histories, fit_bg_nbd(histories)).to_frame()
    >>> weeks.loc[19:22, ["step", "actual", "expected", "lower", "upper"]].round(1)
        step  actual  expected  lower  upper
    19    20    73.0      76.9   58.0   98.0
    20    21    55.0      74.9   56.0   96.0
    21    22    70.0      73.0   55.0   94.0
    22    23    33.0      71.3   53.0   92.0
    """
    check_confidence_level(confidence_level)
    check_offers(
        "histories",
        histories,
        ("timing",),
        rule="purchase histories of a log",
        remedy="`summarise_transactions` makes them",
    )
    model, covariance = _take_apart(purchases)
    check_model_unit("purchases", model, histories.unit)
    timing = histories.timing()
    size = _check_step(timing, periods_per_step)
    cohort = _Cohort.of(timing, size, histories.unit)

    by_age = cohort.expected_by_age(model, _NODES)
    mean = cohort.total(by_age)
    step_mean = np.diff(mean, prepend=0.0)
    step_process, total_process = cohort.process_variance(model, by_age)

    def coarse(model: TransactionModel) -> FloatArray:
        total = cohort.total(cohort.expected_by_age(model, _GRADIENT_NODES))
        return np.concatenate([total, np.diff(total, prepend=0.0)])

    total_spread, step_spread = np.split(parameter_variance(model, covariance, coarse), 2)
    lower, upper = count_interval(step_mean, step_process + step_spread, confidence_level)
    total_lower, total_upper = count_interval(mean, total_process + total_spread, confidence_level)
    n_steps = mean.size
    repeats = timing.repeat_purchases[: n_steps * size].astype(np.float64)
    actual = repeats.reshape(n_steps, size).sum(axis=1)
    return Tracking(
        start=timing.first_period,
        period=timing.period,
        periods_per_step=size,
        calibration_steps=timing.n_calibration / size,
        n_left_over=timing.repeat_purchases.size - n_steps * size,
        actual=actual,
        expected=step_mean,
        lower=lower,
        upper=upper,
        cumulative_actual=np.cumsum(actual),
        cumulative_expected=mean,
        cumulative_lower=total_lower,
        cumulative_upper=total_upper,
        confidence_level=confidence_level,
    )


def _take_apart(purchases: FittedModel | TransactionModel) -> tuple[TransactionModel, FloatArray | None]:
    if is_fitted(purchases):
        return purchases.model, purchases.covariance
    return purchases, None


def _check_step(timing: PurchaseTiming, periods_per_step: int | None) -> int:
    default = 7 if timing.period == "day" else 1
    wanted = default if periods_per_step is None else periods_per_step
    size = int(check_number("periods_per_step", wanted, minimum=1.0, whole=True))
    if timing.repeat_purchases.size < size:
        raise InvalidInputError(
            f"`periods_per_step` must be at most the length of the log ({timing.repeat_purchases.size}), "
            f"got {size}"
        )
    return size


@dataclass(frozen=True, slots=True, eq=False)
class _Cohort:
    """Customers by the period of their first purchase, and the ends of the steps, in periods."""

    entry: IntArray
    n_customers: FloatArray
    ends: IntArray
    length: float  # of a period, in the unit of the model

    @classmethod
    def of(cls, timing: PurchaseTiming, size: int, unit: TimeUnit) -> _Cohort:
        entry = np.flatnonzero(timing.first_purchases)
        n_steps = timing.repeat_purchases.size // size
        return cls(
            entry,
            timing.first_purchases[entry].astype(np.float64),
            size * np.arange(1, n_steps + 1),
            1 / DAYS_PER_UNIT[unit] if timing.period == "day" else 1.0,
        )

    def ages(self, periods: IntArray) -> IntArray:
        """Age of those who entered in each period (columns) at each time (rows), 0 before they did."""
        return np.asarray(np.maximum(periods[:, None] - self.entry, 0), dtype=np.int64)

    def expected_by_age(self, model: TransactionModel, n_nodes: int) -> FloatArray:
        """Expected repeat purchases of a customer up to each age."""
        return self._by_age(lambda t: float(model.expected_purchases(0, 0, 0, horizon=t)), n_nodes)

    def total(self, by_age: FloatArray) -> FloatArray:
        """What all customers add up to at the end of each step."""
        return by_age[self.ages(self.ends)] @ self.n_customers

    def process_variance(self, model: TransactionModel, mean: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Variance of the repeat purchases in each step, and up to its end, at known parameters."""
        undiscounted = DiscountRate(0.0)
        variance = self._by_age(
            lambda t: float(model.purchase_variance(0, 0, 0, discount_rate=undiscounted, horizon=t)),
            _VARIANCE_NODES,
        )
        pairs = variance + mean**2 - mean
        # pairs(t) is twice the integral of u g(u): over one period g is an average, and twice its
        # integral adds up to `inner`.
        inner = np.concatenate([[0.0], np.cumsum(np.diff(pairs) / (np.arange(1, pairs.size) - 0.5))])
        end, start = self.ages(self.ends), self.ages(np.concatenate([[0], self.ends[:-1]]))
        within = mean[end] - mean[start]
        both = pairs[end] - pairs[start] - start * (inner[end] - inner[start])
        step = np.maximum(within + both - within**2, 0.0)
        return step @ self.n_customers, np.maximum(variance[end], 0.0) @ self.n_customers

    def _by_age(self, forecast: Callable[[float], float], n_nodes: int) -> FloatArray:
        """A forecast for every age in periods up to the oldest, which is 0 at age 0.

        Forecasts are analytic in the age off the negative axis, so polynomials in its logarithm converge
        geometrically: over a thousand periods 32 nodes are good to some 1e-12, 16 to 1e-6, 10 to 1e-4.
        """
        oldest = int(self.ends[-1] - self.entry[0])
        wanted = np.arange(1, oldest + 1)
        if oldest <= n_nodes:
            return np.array([0.0, *(forecast(age * self.length) for age in wanted.tolist())])
        logs = np.log(wanted)
        polynomial = np.polynomial.Chebyshev.interpolate(
            lambda nodes: np.array([forecast(float(np.exp(node)) * self.length) for node in nodes]),
            n_nodes - 1,
            domain=[0.0, float(logs[-1])],
        )
        return np.concatenate([[0.0], np.asarray(polynomial(logs), dtype=np.float64)])

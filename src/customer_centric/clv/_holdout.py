"""What a contestant says about the holdout: one forecast, and one way to ask for it, for every kind."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Protocol

import numpy as np
from scipy.special import gammaincinv, gammaln, pdtr
from typing_extensions import TypeIs

from customer_centric._core.checks import check_array, raise_broken
from customer_centric.clv.counts import HoldoutCounts
from customer_centric.errors import InvalidInputError
from customer_centric.typing import FloatArray, TimeUnit, TransactionModel
from customer_centric.units import DiscountRate

# Of the order of the cube root of the rounding error: central differences are then good to some 1e-9.
_STEP: Final = 1e-4
N_CLASSES: Final = 8
_SMALLEST: Final = float(np.finfo(np.float64).tiny)


class HasHoldout(Protocol):
    """Anything that can be reduced to distinct histories with what came after them."""

    def holdout_statistics(self) -> HoldoutCounts:
        """Distinct pairs of a history and a holdout with the number of customers of each."""
        ...


class FittedModel(Protocol):
    """What a `Fit` of a transaction model holds."""

    @property
    def model(self) -> TransactionModel:
        """The model."""
        ...

    @property
    def log_likelihood(self) -> float:
        """Weighted log-likelihood at the optimum."""
        ...

    @property
    def covariance(self) -> FloatArray:
        """Covariance of the logarithms of the parameters."""
        ...

    @property
    def boundary(self) -> str | None:
        """Name of the limit model, None at an ordinary optimum."""
        ...


def is_fitted(contestant: object) -> TypeIs[FittedModel]:
    """Whether this is a fit, or something with the same attributes."""
    return hasattr(contestant, "covariance") and hasattr(contestant, "model")


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class HoldoutForecast:
    """What is forecast for each row of the holdout, an array element a row.

    `log_probability` is that of the actual count, `below` the probability of a smaller count, `active` that
    of any purchase; `alive` is None where a forecast knows no death. `variance` is that of the count of
    one customer; `class_uncertainty` the variance of the expected purchases of each frequency class, and
    then of all customers, that comes from not knowing the parameters.
    """

    expected: FloatArray
    variance: FloatArray
    log_probability: FloatArray
    below: FloatArray
    active: FloatArray
    alive: FloatArray | None
    class_uncertainty: FloatArray


def holdout_counts(histories: HasHoldout | HoldoutCounts) -> HoldoutCounts:
    """The distinct histories with their holdout, refused where there is nothing to compare with."""
    if isinstance(histories, HoldoutCounts):
        counts = histories
    elif hasattr(histories, "holdout_statistics"):
        counts = histories.holdout_statistics()
    else:
        raise InvalidInputError(
            f"`histories` must know their holdout, got {type(histories).__name__}; "
            "split the log with `summarise_transactions(..., calibration_end=...)`"
        )
    if counts.frequency.size == 0:
        raise InvalidInputError("`histories` must have at least one customer, got none")
    check_array("age_holdout", counts.age_holdout, minimum=0.0, open_minimum=True)
    raise_broken(
        "age",
        "greater than 0 for at least one customer",
        counts.age,
        np.full(counts.age.shape, not np.any(counts.age > 0)),
        "observe the customers for some time before the holdout",
    )
    return counts


def model_forecast(
    model: TransactionModel, covariance: FloatArray | None, holdout: HoldoutCounts
) -> HoldoutForecast:
    """The forecast of a transaction model; with a covariance its total is uncertain for that reason too."""
    x, t_x, age, n = (holdout.frequency, holdout.recency, holdout.age, holdout.frequency_holdout)
    undiscounted = DiscountRate(0.0)

    def by_length(
        ask: Callable[[FloatArray, FloatArray, FloatArray, FloatArray, float], FloatArray],
    ) -> FloatArray:
        answer = np.empty(x.shape)
        for length in np.unique(holdout.age_holdout).tolist():
            rows = holdout.age_holdout == length
            answer[rows] = ask(n[rows], x[rows], t_x[rows], age[rows], length)
        return answer

    def expected(model: TransactionModel) -> FloatArray:
        return by_length(lambda _, x, t_x, age, h: model.expected_purchases(x, t_x, age, horizon=h))

    def sums(model: TransactionModel) -> FloatArray:
        each = class_sums(holdout, expected(model))
        return np.append(each, each.sum())

    variance = by_length(
        lambda _, x, t_x, age, h: model.purchase_variance(x, t_x, age, discount_rate=undiscounted, horizon=h)
    )
    probability = by_length(lambda n, x, t_x, age, h: model.purchase_pmf(n, x, t_x, age, horizon=h))
    at_least = by_length(lambda n, x, t_x, age, h: model.purchase_tail(n, x, t_x, age, horizon=h))
    return HoldoutForecast(
        expected=expected(model),
        variance=variance,
        log_probability=np.log(np.maximum(probability, _SMALLEST)),
        below=1 - at_least,
        active=by_length(lambda _, x, t_x, age, h: model.purchase_tail(1, x, t_x, age, horizon=h)),
        alive=model.probability_alive(x, t_x, age),
        class_uncertainty=parameter_variance(model, covariance, sums),
    )


def naive_forecast(holdout: HoldoutCounts) -> HoldoutForecast:
    """Everybody buys on at the rate of before: no model, and what every model must beat."""
    x, age, length, n = (holdout.frequency, holdout.age, holdout.age_holdout, holdout.frequency_holdout)
    average = (holdout.weight @ x + 0.5) / (holdout.weight @ age)
    watched = age > 0
    rate = np.where(watched, x / np.where(watched, age, 1.0), average)
    # A rate of 0 would call every later purchase impossible: half a purchase at the average rate is added.
    mean = (x + 0.5) / (age + 0.5 / average) * length
    log_probability = n * np.log(mean) - mean - gammaln(n + 1)
    return HoldoutForecast(
        expected=rate * length,
        variance=rate * length,
        log_probability=np.maximum(log_probability, np.log(_SMALLEST)),
        below=np.where(n > 0, pdtr(np.maximum(n - 1, 0.0), mean), 0.0),
        active=-np.expm1(-mean),
        alive=None,
        class_uncertainty=np.zeros(N_CLASSES + 1),
    )


def class_sums(holdout: HoldoutCounts, column: FloatArray) -> FloatArray:
    """The weighted column summed by repeat purchases before the holdout: 0, 1, ..., 7 and more."""
    member = np.minimum(holdout.frequency, N_CLASSES - 1).astype(np.int64)
    sums = np.bincount(member, weights=holdout.weight * column, minlength=N_CLASSES)
    return np.asarray(sums, dtype=np.float64)


def parameter_variance(
    model: TransactionModel,
    covariance: FloatArray | None,
    forecast: Callable[[TransactionModel], FloatArray],
) -> FloatArray:
    """Delta-method variance of a forecast of one dimension; a bare model knows no uncertainty: 0."""
    if covariance is None:
        return np.zeros(forecast(model).shape)
    rows: list[FloatArray] = []
    for index in range(len(model.parameter_names)):
        up, down = (forecast(_shifted(model, index, step)) for step in (_STEP, -_STEP))
        rows.append((up - down) / (2 * _STEP))
    gradient = np.stack(rows)
    return np.asarray(np.maximum(((covariance @ gradient) * gradient).sum(axis=0), 0.0), dtype=np.float64)


def count_interval(
    mean: FloatArray, variance: FloatArray, confidence_level: float
) -> tuple[FloatArray, FloatArray]:
    """Where a count with this mean and variance falls: quantiles of a gamma, outwards to whole numbers."""
    some = (mean > 0) & (variance > 0)
    with np.errstate(over="ignore", under="ignore"):
        relative = np.where(some, mean, 1.0) ** 2 / np.where(some, variance, 1.0)
    # Beyond these shapes the quantiles are 0, or the mean, to all digits of a count.
    shape = np.clip(relative, 1e-3, 1e15)
    tail = (1 - confidence_level) / 2
    lower, upper = (np.where(some, gammaincinv(shape, p) / shape, 1.0) * mean for p in (tail, 1 - tail))
    return np.floor(np.minimum(lower, mean)), np.ceil(np.maximum(upper, mean))


def check_model_unit(name: str, model: TransactionModel, unit: TimeUnit) -> None:
    """Refuse a model whose parameters are in another unit than the histories."""
    if model.unit != unit:
        raise InvalidInputError(
            f"`{name}` must be in the unit of `histories` ({unit!r}), got a model in {model.unit!r}; "
            "fit it to these histories, or summarise the transactions with that unit"
        )


def _shifted(model: TransactionModel, index: int, step: float) -> TransactionModel:
    parameters = model.parameters
    parameters[index] *= np.exp(step)
    return model.with_parameters(parameters)

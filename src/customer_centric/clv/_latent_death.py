r"""The engine every transaction model shares: a customer is alive or dead, and nobody says which.

A model supplies a kernel: the log odds of being alive given the history, and forecasts given alive.
Everything a user asks for follows from these in the same way, so it is written once, here.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import ClassVar, Final, Protocol

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import expit

from customer_centric._core.checks import check_array, check_histories, check_number, check_same_shape
from customer_centric._core.tabulate import on_distinct_rows
from customer_centric.clv.forecast import Forecast
from customer_centric.fitting import LARGEST
from customer_centric.typing import FloatArray, TimeUnit
from customer_centric.units import DiscountRate, Horizon, check_discount_rate, horizon_in_unit

# The working arrays of so many rows stay in the cache.
_ROWS_A_PASS: Final = 1 << 14


class LatentDeath(Protocol):
    """What a model knows.

    Arrays are 1-d of one length; `horizon` and `age` share a unit; `delta` is per that unit.
    """

    integrates_death: ClassVar[bool]
    """Whether the odds of being alive take an integral, worth doing once for each distinct history."""

    def log_odds_alive(self, x: FloatArray, t_x: FloatArray, age: FloatArray) -> FloatArray:
        """Log odds of being alive at the end of observation; inf where death is impossible."""
        ...

    def log_likelihood(self, x: FloatArray, t_x: FloatArray, age: FloatArray) -> FloatArray:
        """Log-likelihood of each history."""
        ...

    def survival(self, x: FloatArray, age: FloatArray, horizon: float) -> FloatArray:
        """Probability of being alive at the end of the horizon, given alive at its start."""
        ...

    def purchases(self, x: FloatArray, age: FloatArray, horizon: float, delta: float) -> FloatArray:
        """Expected purchases in the horizon, discounted at `delta`, given alive at its start."""
        ...

    def pairs(self, x: FloatArray, age: FloatArray, horizon: float, delta: float) -> FloatArray:
        """Expected ordered pairs of different purchases, both discounted, given alive at the start."""
        ...

    def pmf(self, n: FloatArray, x: FloatArray, age: FloatArray, horizon: float) -> FloatArray:
        """Probability of exactly n purchases in a horizon greater than 0, given alive at its start."""
        ...

    def tail(self, n: FloatArray, x: FloatArray, age: FloatArray, horizon: float) -> FloatArray:
        """Probability of at least n >= 1 purchases in a horizon greater than 0, given alive at its start."""
        ...


def _check(
    frequency: ArrayLike, recency: ArrayLike, age: ArrayLike
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Possible histories, within the range in which nothing overflows."""
    x, t_x, age_ = check_histories(frequency, recency, age)
    check_array("frequency", x, maximum=LARGEST)
    check_array("age", age_, maximum=LARGEST, remedy="a coarser `unit` makes ages smaller")
    return x, t_x, age_


def _check_length(name: str, horizon: float | Horizon, unit: TimeUnit) -> float:
    """Length in `unit`: 0, infinite, or within the range in which nothing overflows."""
    if not isinstance(horizon, Horizon):
        check_number(name, horizon, minimum=0.0, finite=False)
    length = horizon_in_unit(horizon, unit)
    if length > 0 and length != np.inf:
        remedy = "0 and infinite horizons have no such limits"
        check_number(name, length, minimum=1 / LARGEST, maximum=LARGEST, remedy=remedy)
    return length


def log_likelihood(
    kernel: LatentDeath, frequency: ArrayLike, recency: ArrayLike, age: ArrayLike
) -> FloatArray:
    """Log-likelihood of each history."""
    x, t_x, age_ = _check(frequency, recency, age)
    return kernel.log_likelihood(x.ravel(), t_x.ravel(), age_.ravel()).reshape(x.shape)


def probability_alive(
    kernel: LatentDeath,
    unit: TimeUnit,
    frequency: ArrayLike,
    recency: ArrayLike,
    age: ArrayLike,
    after: float | Horizon,
) -> FloatArray:
    """Probability of being alive `after` the end of observation."""
    x, t_x, age_ = _check(frequency, recency, age)
    length = _check_length("after", after, unit)
    alive = _alive(kernel, x, t_x, age_)
    if length == 0:
        return alive
    return alive * _on_pairs(partial(kernel.survival, horizon=length), x, age_)


def expected_purchases(
    kernel: LatentDeath,
    unit: TimeUnit,
    frequency: ArrayLike,
    recency: ArrayLike,
    age: ArrayLike,
    horizon: float | Horizon,
    delta: float = 0.0,
) -> FloatArray:
    """Expected purchases in the horizon, discounted at `delta` per unit."""
    x, t_x, age_ = _check(frequency, recency, age)
    length = _check_length("horizon", horizon, unit)
    if length == 0:
        return np.zeros(x.shape)
    alive = _alive(kernel, x, t_x, age_)
    given_alive = _on_pairs(partial(kernel.purchases, horizon=length, delta=delta), x, age_)
    return _times_alive(alive, given_alive)


def forecast(
    kernel: LatentDeath,
    unit: TimeUnit,
    frequency: ArrayLike,
    recency: ArrayLike,
    age: ArrayLike,
    horizon: float | Horizon,
    discount_rate: DiscountRate,
) -> Forecast:
    """What is expected of each customer, with the probability of being alive worked out once."""
    x, t_x, age_ = _check(frequency, recency, age)
    length, delta = _check_length("horizon", horizon, unit), check_discount_rate(discount_rate).per(unit)
    alive = _alive(kernel, x, t_x, age_)
    if length == 0:
        return Forecast(alive, np.zeros(x.shape), np.zeros(x.shape))
    expect = partial(kernel.purchases, horizon=length)
    expected = _times_alive(alive, _on_pairs(partial(expect, delta=0.0), x, age_))
    if delta == 0:
        return Forecast(alive, expected, expected)
    discounted = _times_alive(alive, _on_pairs(partial(expect, delta=delta), x, age_))
    return Forecast(alive, expected, discounted)


def purchase_variance(
    kernel: LatentDeath,
    unit: TimeUnit,
    frequency: ArrayLike,
    recency: ArrayLike,
    age: ArrayLike,
    horizon: float | Horizon,
    discount_rate: DiscountRate,
) -> FloatArray:
    r"""Variance of the discounted number of purchases: squares, plus pairs, less the squared mean."""
    x, t_x, age_ = _check(frequency, recency, age)
    length, delta = _check_length("horizon", horizon, unit), check_discount_rate(discount_rate).per(unit)
    if length == 0:
        return np.zeros(x.shape)
    alive = _alive(kernel, x, t_x, age_)

    def second_moment(x: FloatArray, age: FloatArray) -> FloatArray:
        return kernel.purchases(x, age, length, 2 * delta) + kernel.pairs(x, age, length, delta)

    mean = alive * _on_pairs(partial(kernel.purchases, horizon=length, delta=delta), x, age_)
    square = _times_alive(alive, _on_pairs(second_moment, x, age_))
    finite = np.isfinite(square)
    return np.where(finite, np.maximum(square - np.where(finite, mean, 0.0) ** 2, 0.0), np.inf)


def purchase_pmf(
    kernel: LatentDeath,
    unit: TimeUnit,
    n: ArrayLike,
    frequency: ArrayLike,
    recency: ArrayLike,
    age: ArrayLike,
    horizon: float | Horizon,
) -> FloatArray:
    """Probability of exactly n purchases in the horizon."""
    count, x, alive, age_, length = _counts(kernel, unit, n, frequency, recency, age, horizon)
    if length == 0:
        return np.where(count == 0, 1.0, 0.0)
    given_alive = _on_pairs(partial(kernel.pmf, horizon=length), count, x, age_)
    return alive * given_alive + np.where(count == 0, 1.0 - alive, 0.0)


def purchase_tail(
    kernel: LatentDeath,
    unit: TimeUnit,
    n: ArrayLike,
    frequency: ArrayLike,
    recency: ArrayLike,
    age: ArrayLike,
    horizon: float | Horizon,
) -> FloatArray:
    """Probability of at least n purchases in the horizon."""
    count, x, alive, age_, length = _counts(kernel, unit, n, frequency, recency, age, horizon)
    if length == 0:
        return np.where(count == 0, 1.0, 0.0)
    at_least_one = np.maximum(count, 1.0)
    given_alive = _on_pairs(partial(kernel.tail, horizon=length), at_least_one, x, age_)
    return np.where(count == 0, 1.0, alive * given_alive)


def next_purchase_quantile(
    kernel: LatentDeath,
    shape: FloatArray,
    rate: FloatArray,
    probability: ArrayLike,
    frequency: ArrayLike,
    recency: ArrayLike,
    age: ArrayLike,
) -> FloatArray:
    r"""Time by which the next purchase comes with the given probability; inf where it may never come.

    For models in which nobody dies between purchases:
    \(P(\text{next by } t) = P(\text{alive}) (1 - (1 + t/M)^{-R})\).
    """
    x, t_x, age_ = _check(frequency, recency, age)
    level = check_array("probability", probability, minimum=0.0, maximum=1.0, open_maximum=True)
    level, x, t_x, age_ = check_same_shape(
        {"probability": level, "frequency": x, "recency": t_x, "age": age_}
    )
    alive = _alive(kernel, x, t_x, age_)
    reached = level < alive
    share = np.where(reached, level / np.where(reached, alive, 1.0), 0.0)
    with np.errstate(over="ignore"):
        wait = (rate + age_) * np.expm1(-np.log1p(-share) / (shape + x))
    return np.where(reached, wait, np.inf)


def _alive(kernel: LatentDeath, x: FloatArray, t_x: FloatArray, age: FloatArray) -> FloatArray:
    columns = tuple(column.ravel() for column in (x, t_x, age))
    if kernel.integrates_death:
        log_odds = on_distinct_rows(kernel.log_odds_alive, *columns, only_whole=True)
        return np.asarray(expit(log_odds)).reshape(x.shape)
    alive = np.empty(x.size)
    for first in range(0, x.size, _ROWS_A_PASS):
        rows = slice(first, first + _ROWS_A_PASS)
        alive[rows] = expit(kernel.log_odds_alive(*(column[rows] for column in columns)))
    return alive.reshape(x.shape)


def _times_alive(alive: FloatArray, given_alive: FloatArray) -> FloatArray:
    """An expectation; where it is infinite given alive, it is so however unlikely that is."""
    finite = np.isfinite(given_alive)
    return np.where(finite, alive * np.where(finite, given_alive, 0.0), np.inf)


def _on_pairs(function: Callable[..., FloatArray], *columns: FloatArray) -> FloatArray:
    return on_distinct_rows(function, *(column.ravel() for column in columns)).reshape(columns[0].shape)


def _counts(
    kernel: LatentDeath,
    unit: TimeUnit,
    n: ArrayLike,
    frequency: ArrayLike,
    recency: ArrayLike,
    age: ArrayLike,
    horizon: float | Horizon,
) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray, float]:
    x, t_x, age_ = _check(frequency, recency, age)
    length = check_number("horizon", _check_length("horizon", horizon, unit), minimum=0.0)
    count = check_array("n", n, minimum=0.0, whole=True)
    alive = _alive(kernel, x, t_x, age_)
    count, x, alive, age_ = check_same_shape({"n": count, "frequency": x, "recency": alive, "age": age_})
    return count, x, alive, age_, length

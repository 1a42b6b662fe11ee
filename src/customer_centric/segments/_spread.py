"""How unequal sorted values are, what each customer adds to that, and intervals from either."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, Literal, TypeAlias

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import expit, logit, stdtrit

from customer_centric._core.checks import as_floats, check_choice, check_confidence_level, raise_broken
from customer_centric.errors import InvalidInputError
from customer_centric.intervals import bootstrap_interval
from customer_centric.typing import FloatArray

IntervalMethod: TypeAlias = Literal["linearised", "bootstrap"]
METHODS: Final[tuple[IntervalMethod, ...]] = ("linearised", "bootstrap")
ONE_CUSTOMER: Final = "one customer shows nothing about others"
ALL_ALIKE: Final = "all customers are alike, so nothing shows how much others may differ"
# What is left of equal numbers after rounding is no spread.
_NO_SPREAD: Final = 1e-12


def check_values(name: str, values: ArrayLike) -> FloatArray:
    """One finite value a customer, of at least one customer."""
    array = as_floats(name, values)
    if array.ndim != 1:
        raise InvalidInputError(f"`{name}` must be one value a customer, got an array of shape {array.shape}")
    if array.size == 0:
        raise InvalidInputError(f"`{name}` must have at least one customer, got none")
    # The extremes alone tell whether all is well: NaN spreads through them.
    if not (np.isfinite(array.min()) and np.isfinite(array.max())):
        remedy = "leave out customers whose value is not known, and say how many they are"
        raise_broken(name, "finite numbers", array, ~np.isfinite(array), remedy)
    return array


def check_interval(interval: IntervalMethod, confidence_level: float) -> None:
    """How intervals are made, and how sure they are."""
    check_choice("interval", interval, METHODS)
    check_confidence_level(confidence_level)


def mean_difference(ascending: FloatArray, weight: FloatArray | None = None) -> float:
    """Mean absolute difference over all pairs of customers, those of a customer with himself included."""
    # Differences do not see where the middle is, and rounding does.
    x = ascending - ascending[ascending.size // 2]
    if weight is None:
        n = float(x.size)
        return float(2.0 / n * (x @ (np.arange(1.0 - n, n, 2.0) / n)))
    before = np.cumsum(weight)
    n = float(before[-1])
    return float(2.0 / n * ((weight * x) @ ((2.0 * before - weight - n) / n)))


def distances(ascending: FloatArray) -> FloatArray:
    """How far each customer is from the others, on average."""
    n = ascending.size
    x = ascending - ascending[n // 2]
    sums = np.cumsum(x)
    return np.asarray((x * np.arange(2.0 - n, n + 1.0, 2.0) - 2.0 * sums + sums[-1]) / n)


def standard_error(influence: FloatArray, size: float) -> float:
    """Standard error of an estimate of this size, from what each customer adds to it."""
    n = influence.size
    centred = influence - influence.mean()
    error = float(np.sqrt(centred @ centred / (n - 1.0) / n))
    return error if error > _NO_SPREAD * size else 0.0


def reach(error: float, n: int, confidence_level: float) -> float:
    """How far the bounds are from an estimate of `n` customers."""
    return -float(stdtrit(n - 1.0, 0.5 * (1.0 - confidence_level))) * error


def share_bounds(share: float, error: float, n: int, confidence_level: float) -> tuple[float, float]:
    """Bounds of a share strictly between 0 and 1, which stay there."""
    far = reach(error / (share * (1.0 - share)), n, confidence_level)
    lower, upper = expit(logit(share) + np.array([-far, far]))
    return float(lower), float(upper)


def drawn_bounds(
    statistic: Callable[[FloatArray], float],
    n: int,
    *,
    rng: np.random.Generator | None,
    n_resamples: int,
    confidence_level: float,
) -> tuple[float, float]:
    """Bounds from drawing the customers again; `statistic` takes how often each was drawn."""
    if rng is None:
        raise InvalidInputError(
            '`rng` must be given for `interval` "bootstrap"; pass for instance np.random.default_rng(1)'
        )
    lower, upper = bootstrap_interval(
        statistic, n, rng=rng, n_resamples=n_resamples, confidence_level=confidence_level
    )
    return float(lower), float(upper)

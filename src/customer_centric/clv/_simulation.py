"""Draws of purchase histories: times given counts are order statistics, so nothing has to be looped over."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from customer_centric._core.checks import check_array, check_number
from customer_centric.typing import FloatArray


@dataclass(frozen=True, slots=True, eq=False)
class Drawn:
    """Histories of simulated customers, and their purchases in the holdout."""

    frequency: FloatArray
    recency: FloatArray
    age: FloatArray
    frequency_holdout: FloatArray


def check_ages(age: ArrayLike, holdout: float) -> FloatArray:
    """Ages and holdout that can be simulated."""
    check_number("holdout", holdout, minimum=0.0)
    return np.atleast_1d(check_array("age", age, minimum=0.0))


def draw_death_at_purchases(
    rate: FloatArray,
    dropout: FloatArray,
    age: FloatArray,
    holdout: float,
    *,
    at_first: bool,
    rng: np.random.Generator,
) -> Drawn:
    """Customers who may leave after each purchase (`at_first`: the first included), with a probability."""
    with np.errstate(divide="ignore"):
        survived = np.floor(np.log(rng.random(age.size)) / np.log1p(-dropout))
    last = survived if at_first else survived + 1
    seen = rng.poisson(rate * age).astype(np.float64)
    later = rng.poisson(rate * holdout).astype(np.float64)
    alive = seen < last
    x = np.where(alive, seen, last)
    # Given their number, arrivals are uniform: the k-th of n is Beta(k, n - k + 1) of the age.
    ordered = rng.beta(np.maximum(x, 1.0), np.maximum(seen - x, 0.0) + 1.0)
    recency = np.where(x > 0, age * ordered, 0.0)
    return Drawn(x, recency, age, np.where(alive, np.minimum(later, last - seen), 0.0))


def draw_death_in_time(
    rate: FloatArray, lifetime: FloatArray, age: FloatArray, holdout: float, *, rng: np.random.Generator
) -> Drawn:
    """Customers who buy until `lifetime` has passed since the first purchase."""
    active = np.minimum(lifetime, age)
    x = rng.poisson(rate * active).astype(np.float64)
    recency = np.where(x > 0, active * rng.beta(np.maximum(x, 1.0), 1.0), 0.0)
    later = rng.poisson(rate * np.clip(lifetime - age, 0.0, holdout)).astype(np.float64)
    return Drawn(x, recency, age, later)

"""What follows from a survival curve over renewals: retention, lifetimes, and their sums."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Final

import numpy as np
from numpy.typing import ArrayLike

from customer_centric._core.checks import check_array, check_number, check_same_shape
from customer_centric.errors import InvalidInputError
from customer_centric.fitting import LARGEST
from customer_centric.typing import FloatArray

LogSurvival = Callable[[FloatArray], FloatArray]

# e^-40 = 4e-18: what a discounted sum leaves out is below its last bit.
_NEGLIGIBLE: Final = 40.0
# Terms of a discounted sum that are added one by one; beyond it an integral takes over.
_MOST_TERMS: Final = 200_000


def conditional_survival(log_survival: LogSurvival, periods: ArrayLike, tenure: ArrayLike) -> FloatArray:
    """Share of the customers with a tenure who stay so many periods more."""
    ahead, so_far = check_same_shape(
        {
            "periods": check_array("periods", periods, minimum=0.0, maximum=LARGEST),
            "tenure": check_array("tenure", tenure, minimum=0.0, maximum=LARGEST),
        }
    )
    return _share(log_survival(so_far + ahead) - log_survival(so_far))


def retention_rates(log_survival: LogSurvival, renewal: ArrayLike) -> FloatArray:
    """Share of the customers up for a renewal who renew."""
    t = check_array("renewal", renewal, minimum=1.0, maximum=LARGEST, whole=True)
    return _share(log_survival(t) - log_survival(t - 1.0))


def _share(log_share: FloatArray) -> FloatArray:
    """At most 1, which the last bit of a logarithm may miss."""
    return np.asarray(np.exp(np.minimum(log_share, 0.0)))


def discounted_sum(
    log_survival: LogSurvival, *, discount_rate_per_period: float, tenure: float, horizon: float | None
) -> float:
    """Sum over periods of survival, given the tenure, times the discount factor; the first is 1."""
    rate = check_number("discount_rate_per_period", discount_rate_per_period, minimum=0.0)
    start = check_number("tenure", tenure, minimum=0.0, maximum=LARGEST)
    if horizon is None and rate == 0:
        raise InvalidInputError(
            "`discount_rate_per_period` must be greater than 0 where `horizon` is None, got 0; the sum "
            "may have no end: discount it, or state a horizon"
        )
    last = LARGEST
    if horizon is not None:
        last = check_number("horizon", horizon, minimum=1.0, maximum=LARGEST, whole=True)
    decay = math.log1p(rate)
    if horizon is None and decay * last < _NEGLIGIBLE:
        raise InvalidInputError(
            f"`discount_rate_per_period` must be at least {_NEGLIGIBLE / last:g} where `horizon` is None, "
            f"got {rate:g}; state a horizon"
        )
    needed = last if decay * last < _NEGLIGIBLE else math.ceil(_NEGLIGIBLE / decay) + 1
    terms = np.arange(min(needed, _MOST_TERMS), dtype=np.float64)
    base = log_survival(np.array([start]))[0]
    total = float(_share(log_survival(start + terms) - base - decay * terms).sum())
    if needed > _MOST_TERMS:
        total += _tail(log_survival, start, base, decay, float(_MOST_TERMS), float(needed))
    return total


def _tail(
    log_survival: LogSurvival, start: float, base: float, decay: float, first: float, last: float
) -> float:
    """The sum from `first` to just before `last`, by Euler and Maclaurin's formula."""
    from scipy.integrate import quad

    def term(t: float) -> float:
        return math.exp(min(float(log_survival(np.array([start + t]))[0] - base) - decay * t, 0.0))

    # In the logarithm of time, in which the terms change slowly.
    integral, _ = quad(lambda s: term(math.exp(s)) * math.exp(s), math.log(first), math.log(last), limit=500)
    return float(integral) + 0.5 * (term(first) - term(last))

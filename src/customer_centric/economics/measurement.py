"""A number with what it means, how sure it is and how many it was counted on, ours or somebody else's."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Self

from scipy.special import betaincinv, stdtrit

from customer_centric._core.checks import check_confidence_level, check_number
from customer_centric.errors import InvalidInputError
from customer_centric.intervals import Interval, garwood_interval, wilson_interval

__all__ = ["Measurement"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Measurement:
    """A number, what it is defined as, and its interval: one of ours, or a benchmark.

    Parameters
    ----------
    value : float
        The number, in its own unit; shares as fractions, 0.66 and not 66.
    definition : str
        What is counted, among whom, over what: "lost in 12 months over customers on average". Two numbers are
        compared only if they say the same.
    interval : Interval or None, default None
        Bounds of the value; None where nobody says how sure it is, as of most published benchmarks.
    n : float or None, default None
        Customers, answers or companies it was computed from, where known.
    successes : float or None, default None
        The numerator of a share, where it is one: `of_share` sets it.

    Raises
    ------
    InvalidInputError
        If the value is not finite, the definition is empty, the interval lies elsewhere, or `n` or
        `successes` do not fit.

    Examples
    --------
    >>> Measurement(value=31.0, interval=Interval(27.5, 34.4, 0.95), definition="NPS of buyers")
    Measurement(value=31.0, definition='NPS of buyers', interval=Interval(lower=27.5, ...
    >>> ours = Measurement.of_share(830, 1_000, definition="kept for 12 months")
    >>> ours.value, round(ours.interval.lower, 3), round(ours.interval.upper, 3)
    (0.83, 0.805, 0.852)
    """

    value: float
    definition: str
    interval: Interval | None = None
    n: float | None = None
    successes: float | None = None

    def __post_init__(self) -> None:
        check_number("value", self.value)
        if not isinstance(self.definition, str) or not self.definition.strip():
            raise InvalidInputError(
                f"`definition` must be words, got {self.definition!r}; say what is counted, among whom"
            )
        if self.interval is not None:
            _check_near(self.value, self.interval)
        if self.n is not None:
            check_number("n", self.n, minimum=0.0, open_minimum=True)
        if self.successes is not None:
            if self.n is None:
                raise InvalidInputError("`n` must be given with `successes`, got None; use of_share")
            check_number("successes", self.successes, minimum=0.0, maximum=self.n)

    @classmethod
    def of_share(cls, successes: float, n: float, *, definition: str, confidence_level: float = 0.95) -> Self:
        """A share, so many of so many, with Wilson's interval.

        A published share times its `n` will do for `successes`: it need not be whole.
        """
        check_number("n", n, minimum=0.0, open_minimum=True)
        check_number("successes", successes, minimum=0.0, maximum=n)
        lower, upper = wilson_interval(successes, n, confidence_level=confidence_level)
        return cls(
            value=successes / n,
            definition=definition,
            interval=Interval(float(lower), float(upper), confidence_level),
            n=n,
            successes=successes,
        )

    @classmethod
    def of_rate(
        cls, events: float, exposure: float, *, definition: str, confidence_level: float = 0.95
    ) -> Self:
        """Whole events over exposure, such as losses a customer and year, with Garwood's exact interval."""
        check_number("events", events, minimum=0.0, whole=True)
        check_number("exposure", exposure, minimum=0.0, open_minimum=True)
        lower, upper = garwood_interval(events, exposure=exposure, confidence_level=confidence_level)
        return cls(
            value=events / exposure,
            definition=definition,
            interval=Interval(float(lower), float(upper), confidence_level),
        )

    @classmethod
    def of_mean(
        cls,
        mean: float,
        *,
        standard_deviation: float,
        n: int,
        definition: str,
        confidence_level: float = 0.95,
    ) -> Self:
        """A mean of `n` values with their standard deviation, greater than 0, and Student's interval."""
        check_confidence_level(confidence_level)
        centre = check_number("mean", mean)
        check_number("n", n, minimum=2.0, whole=True, remedy="one value does not show how much they differ")
        spread = check_number(
            "standard_deviation",
            standard_deviation,
            minimum=0.0,
            open_minimum=True,
            remedy="where all values are alike, nothing shows how far the next one is off",
        )
        reach = float(stdtrit(n - 1, 0.5 * (1.0 + confidence_level))) * spread / math.sqrt(n)
        return cls(
            value=centre,
            definition=definition,
            interval=Interval(centre - reach, centre + reach, confidence_level),
            n=n,
        )


def _check_near(value: float, interval: object) -> None:
    """Bounds of a resampled interval may miss the estimate, but not by far: then the units differ."""
    if not isinstance(interval, Interval):
        raise InvalidInputError(f"`interval` must be an Interval, got {type(interval).__name__}")
    if max(interval.lower - value, value - interval.upper) > interval.width + 1e-9 * abs(value):
        raise InvalidInputError(
            f"`interval` must be of `value`, got {value:g} far from {interval.lower:g} to "
            f"{interval.upper:g}; give both in one unit, shares as fractions"
        )


def check_measurement(name: str, value: object) -> Measurement:
    """A `Measurement`, and not a bare number."""
    if not isinstance(value, Measurement):
        raise InvalidInputError(
            f"`{name}` must be a Measurement, got {type(value).__name__}; say what the number means with "
            "Measurement(value=..., definition=..., interval=...) or Measurement.of_share"
        )
    return value


def exact_share_interval(successes: float, n: float, confidence_level: float) -> Interval:
    """Clopper and Pearson's interval: it holds at least as often as it says, for every share and n."""
    tail = 0.5 * (1.0 - confidence_level)
    lower = float(betaincinv(successes, n - successes + 1.0, tail)) if successes > 0 else 0.0
    upper = float(betaincinv(successes + 1.0, n - successes, 1.0 - tail)) if successes < n else 1.0
    return Interval(lower, upper, confidence_level)

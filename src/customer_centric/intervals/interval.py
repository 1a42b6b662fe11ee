"""Two bounds, and the coverage that they are meant to have."""

from __future__ import annotations

from dataclasses import dataclass

from customer_centric._core.checks import check_confidence_level, check_number
from customer_centric.errors import InvalidInputError

__all__ = ["Interval"]


@dataclass(frozen=True, slots=True)
class Interval:
    """Two bounds and the coverage they are meant to have.

    Parameters
    ----------
    lower, upper : float
        The bounds, `lower` at most `upper`; infinite where nothing limits that side.
    confidence_level : float
        Nominal coverage, strictly between 0 and 1.

    Raises
    ------
    InvalidInputError
        If a bound is NaN, the bounds are in the wrong order, or the level is not inside (0, 1).

    Examples
    --------
    >>> interval = Interval(2.0, 5.0, 0.95)
    >>> interval.contains(3.0), interval.width
    (True, 3.0)
    """

    lower: float
    upper: float
    confidence_level: float

    def __post_init__(self) -> None:
        check_number("lower", self.lower, finite=False)
        check_number("upper", self.upper, finite=False)
        check_confidence_level(self.confidence_level)
        if self.lower > self.upper:
            raise InvalidInputError(f"`lower` must be at most `upper`, got {self.lower:g} and {self.upper:g}")

    @property
    def width(self) -> float:
        """Distance between the bounds."""
        return 0.0 if self.lower == self.upper else self.upper - self.lower

    def contains(self, value: float) -> bool:
        """Whether `value` lies between the bounds, both included."""
        return self.lower <= value <= self.upper

"""Rating scales: which answers there are, and which are promoters and detractors."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from customer_centric._core.checks import check_number
from customer_centric.errors import InvalidInputError
from customer_centric.typing import FloatArray

__all__ = ["NPS_SCALE", "RatingScale"]


@dataclass(frozen=True, slots=True, kw_only=True)
class RatingScale:
    """The answers that a question allows, and where detractors end and promoters begin.

    The default is the scale of the Net Promoter Score: 0 to 10, detractors up to 6, promoters from 9.
    Scores on different scales are not comparable, and nothing here converts one into another.

    Parameters
    ----------
    minimum, maximum : int
        Lowest and highest answer.
    detractor_max : int
        Highest answer of a detractor, at least `minimum`.
    promoter_min : int
        Lowest answer of a promoter, greater than `detractor_max`, at most `maximum`. What lies between
        the two is passive.

    Raises
    ------
    InvalidInputError
        If a number is not whole, or they are not in this order.

    Examples
    --------
    >>> five_stars = RatingScale(minimum=1, maximum=5, detractor_max=3, promoter_min=5)
    >>> five_stars.values
    (1, 2, 3, 4, 5)
    """

    minimum: int = 0
    maximum: int = 10
    detractor_max: int = 6
    promoter_min: int = 9

    def __post_init__(self) -> None:
        for name in ("minimum", "maximum", "detractor_max", "promoter_min"):
            check_number(name, getattr(self, name), whole=True)
        if not self.minimum <= self.detractor_max < self.promoter_min <= self.maximum:
            raise InvalidInputError(
                "`minimum` <= `detractor_max` < `promoter_min` <= `maximum` must hold, got "
                f"{self.minimum}, {self.detractor_max}, {self.promoter_min}, {self.maximum}"
            )

    @property
    def values(self) -> tuple[int, ...]:
        """All answers that the question allows, in ascending order."""
        return tuple(range(int(self.minimum), int(self.maximum) + 1))

    def net_values(self, ratings: FloatArray) -> FloatArray:
        """1 for promoters, 0 for passives, -1 for detractors; NaN where there is no answer."""
        promoters = (ratings >= self.promoter_min).astype(float)
        detractors = (ratings <= self.detractor_max).astype(float)
        # NaN compares false both times; adding 0 times itself keeps it missing.
        return np.asarray(promoters - detractors + 0.0 * ratings)


def check_scale(scale: object) -> None:
    """A rating scale, and not the numbers of one."""
    if not isinstance(scale, RatingScale):
        raise InvalidInputError(
            f"`scale` must be a RatingScale, got {scale!r}; write for instance "
            "RatingScale(minimum=1, maximum=5, detractor_max=3, promoter_min=5)"
        )


NPS_SCALE: Final = RatingScale()
"""0 to 10: detractors 0-6, passives 7-8, promoters 9-10."""

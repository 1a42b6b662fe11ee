"""The Customer Effort Score, whose two versions run in opposite directions."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from numpy.typing import ArrayLike

from customer_centric._core.checks import check_choice
from customer_centric._core.ratings import Invalid, check_ratings
from customer_centric._core.words import as_html
from customer_centric.nps.mean_rating import MeanRating, mean_of
from customer_centric.nps.top_box import TopBox, check_boxes, check_scale, share_in_boxes

__all__ = ["CustomerEffort", "customer_effort_score"]

Direction: TypeAlias = Literal["low_is_easy", "high_is_easy"]
_DIRECTIONS: Final[tuple[Direction, ...]] = ("low_is_easy", "high_is_easy")


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomerEffort:
    """How easy customers found it: the mean answer, and the share who found it easy.

    Parameters
    ----------
    mean : MeanRating
        Mean answer on the scale of the question, with its interval; which end is good depends on
        `direction`.
    easy : TopBox
        Share of the answers on the easy side, in percent, with its interval; more is better.
    direction : {"low_is_easy", "high_is_easy"}
        Which end of the scale is easy.
    """

    mean: MeanRating
    easy: TopBox
    direction: Direction

    def __str__(self) -> str:
        end = "less" if self.direction == "low_is_easy" else "more"
        return f"{self.mean} ({end} is easier); {self.easy}"

    def _repr_html_(self) -> str:
        return as_html(self)


def customer_effort_score(
    ratings: ArrayLike,
    *,
    direction: Direction,
    minimum: int,
    maximum: int,
    boxes: int | None = None,
    weights: ArrayLike | None = None,
    clusters: ArrayLike | None = None,
    strata: ArrayLike | None = None,
    population: float | Mapping[Hashable, float] | None = None,
    invalid: Invalid = "raise",
    confidence_level: float = 0.95,
) -> CustomerEffort:
    r"""Customer Effort Score: the mean answer and the share who found it easy, each with an interval.

    Parameters
    ----------
    ratings : array_like of shape (n_rows,)
        Answers: whole numbers from `minimum` to `maximum`. Missing ones are left out and counted.
    direction : {"low_is_easy", "high_is_easy"}
        Which end of the scale is easy. "How much effort did you have to put forth?" (2010) is
        `"low_is_easy"`; "the company made it easy for me to handle my issue" (2013) is `"high_is_easy"`.
        It has no default, because a score that is read upside down looks like any other.
    minimum, maximum : int
        Lowest and highest answer that the question allows: 1 and 5 in 2010, 1 and 7 in 2013.
    boxes : int, optional
        How many answers from the easy end count as easy; those beyond the middle by default, which are 3
        of 7 and 2 of 5.
    weights : array_like of shape (n_rows,), optional
        How many customers each answer stands for, 0 or more, up to a constant.
    clusters : array_like of shape (n_rows,), optional
        What each answer belongs to (an account, a household): answers of one cluster are not independent.
    strata : array_like of shape (n_rows,), optional
        Groups that were sampled separately, each with at least two answers, or clusters.
    population : float or mapping, optional
        Customers, or clusters, in the whole finite population; by stratum where there are strata.
    invalid : {"raise", "missing"}, default "raise"
        What happens to answers off the scale: an error, or they are left out and counted.
    confidence_level : float, default 0.95
        Nominal coverage of the intervals, strictly between 0 and 1.

    Returns
    -------
    CustomerEffort
        Mean and share, each with its interval and its counts.

    Raises
    ------
    InvalidInputError
        If the direction is unknown, an answer is a fraction, off the scale, text or a boolean (the first
        one is named), nobody answered, or the design does not fit the answers.

    Notes
    -----
    With \(k\) boxes on a scale from \(m\) to \(M\), easy are the answers \(r < m + k\) where low is easy, and
    \(r > M - k\) where high is.

    References
    ----------
    Dixon, M., Freeman, K. and Toman, N. (2010), Stop trying to delight your customers. Harvard Business
    Review 88(7/8), 116-122.

    Dixon, M., Toman, N. and DeLisi, R. (2013), The effortless experience. Portfolio/Penguin. It has the
    second version.

    Examples
    --------
    >>> effort = customer_effort_score(
    ...     [7, 6, 5, 7, 2, 4, 6, None], direction="high_is_easy", minimum=1, maximum=7
    ... )
    >>> print(effort.easy)
    71.4 % (95 % interval 35.9 to 91.8) of 7 answers are 5 to 7
    """
    check_choice("direction", direction, _DIRECTIONS)
    values = check_scale(minimum, maximum)
    checked = check_ratings("ratings", ratings, minimum=values[0], maximum=values[-1], invalid=invalid)
    count = len(values) // 2 if boxes is None else check_boxes(boxes, values)
    easy = values[:count] if direction == "low_is_easy" else values[-count:]
    mean = mean_of(
        checked,
        values,
        weights=weights,
        clusters=clusters,
        strata=strata,
        population=population,
        confidence_level=confidence_level,
    )
    share = share_in_boxes(
        checked,
        easy,
        weights=weights,
        clusters=clusters,
        strata=strata,
        population=population,
        confidence_level=confidence_level,
    )
    return CustomerEffort(mean=mean, easy=share, direction=direction)

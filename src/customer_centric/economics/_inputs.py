"""What the formulas of lifetime value share: checks of their inputs, timings, and a bounded result."""

from __future__ import annotations

import math
from typing import Literal, TypeAlias, cast

import numpy as np
from numpy.typing import ArrayLike

from customer_centric._core.checks import check_array, check_number, check_same_shape, raise_broken
from customer_centric.errors import InvalidInputError
from customer_centric.typing import FloatArray, SurvivalModel, Timing

RetentionTiming: TypeAlias = Literal["start", "end", "after_renewal"]

SHIFTS: dict[Timing, float] = {"start": 0.0, "mid": 0.5, "end": 1.0, "continuous": 0.0}
RETENTION_TIMINGS: tuple[RetentionTiming, ...] = ("start", "end", "after_renewal")
COST_REMEDY = "a cost is written as a positive number"


def curve_of(survival: ArrayLike | SurvivalModel, periods: int | None, tenure: float) -> ArrayLike:
    """The curve itself, or so many periods of a model."""
    if not callable(getattr(survival, "survival", None)):
        if periods is not None or tenure != 0:
            raise InvalidInputError(
                "`periods` and `tenure` must be left out where `survival` is a curve: its length and its "
                "start say both"
            )
        return cast("ArrayLike", survival)
    if periods is None:
        raise InvalidInputError(
            "`periods` must be given where `survival` is a model, got None; say how many periods count"
        )
    n = int(check_number("periods", periods, minimum=1.0, whole=True))
    return cast("SurvivalModel", survival).survival(np.arange(n, dtype=np.float64), tenure=tenure)


def check_curve(survival: ArrayLike, margin: ArrayLike) -> tuple[FloatArray, FloatArray]:
    """Survival that starts at 1 and never rises, and a margin for each of its periods."""
    share = check_array("survival", survival, minimum=0.0, maximum=1.0)
    if share.ndim != 1 or share.size == 0:
        raise InvalidInputError(f"`survival` must be one row of at least one period, got shape {share.shape}")
    if share[0] != 1.0:
        raise InvalidInputError(
            f"`survival` must start at 1, got {share[0]:g}; everybody is a customer at the start of period 0"
        )
    rises = np.diff(share, prepend=1.0) > 0
    raise_broken(
        "survival", "nowhere increasing", share, np.asarray(rises), "customers who have left do not return"
    )
    money = check_array("margin", margin)
    if money.ndim > 1 or money.size not in (1, share.size):
        raise InvalidInputError(
            f"`margin` must be one number or one a period, got shape {money.shape} for {share.size} periods"
        )
    share, money = check_same_shape({"survival": share, "margin": money})
    return share, money


def remedy_share(value: object) -> str:
    """What to do about a share above 1, which is most likely a percentage."""
    return "40 % is written 0.4" if isinstance(value, (int, float)) and value > 1 else ""


def check_gap(retention_rate: float, discount_rate: float) -> float:
    """1 + d - r, refused where it is not positive: an endless life would be worth infinitely much."""
    gap = discount_rate + (1.0 - retention_rate)
    if gap <= 0.0:
        raise InvalidInputError(
            f"`retention_rate` / (1 + `discount_rate`) must be less than 1, got {retention_rate:g} / "
            f"{1.0 + discount_rate:g}; the sum diverges: use `clv_annuity` with a limited number of periods, "
            "or a higher discount rate"
        )
    return gap


def check_retention_rate(retention_rate: float) -> float:
    """A probability of staying from one period to the next."""
    return check_number(
        "retention_rate", retention_rate, minimum=0.0, maximum=1.0, remedy=remedy_share(retention_rate)
    )


def check_rate(discount_rate: float) -> float:
    """An effective rate per period, greater than -1."""
    return check_number(
        "discount_rate", discount_rate, minimum=-1.0, open_minimum=True, remedy="10 % is written 0.1"
    )


def log_factor(discount_rate: float) -> float:
    """ln(1 + d), the continuous rate per period."""
    return math.log1p(check_rate(discount_rate))


def discounted_length(length: float, delta: float) -> float:
    """Integral of exp(-delta t) from 0 to `length`."""
    exponent = delta * length
    # Below this the answer is the length to the last bit, and the division would lose digits or fail.
    if abs(exponent) < 1e-17:
        return length
    try:
        return length * (-math.expm1(-exponent) / exponent)
    except OverflowError:
        return math.inf


def net_of(gross: float, acquisition_cost: float) -> float:
    """The value less the cost, refused where a float cannot hold it."""
    cost = check_number("acquisition_cost", acquisition_cost, minimum=0.0, remedy=COST_REMEDY)
    if not math.isfinite(gross - cost):
        raise InvalidInputError(
            "the value must be within the range of a float, got one that is too large; "
            "check the units of the margin, the periods and the discount rate"
        )
    return gross - cost

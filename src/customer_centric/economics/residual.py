"""What a customer whom a company already has is still worth."""

from __future__ import annotations

from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import ArrayLike

from customer_centric._core.checks import check_choice, check_number
from customer_centric.economics._inputs import check_curve, curve_of
from customer_centric.economics.lifetime import clv_from_survival
from customer_centric.errors import InvalidInputError
from customer_centric.typing import FloatArray, SurvivalModel, Timing

__all__ = ["residual_clv"]

ResidualTiming: TypeAlias = Literal["start", "mid", "end", "continuous", "after_renewal"]

_TIMINGS: tuple[ResidualTiming, ...] = ("start", "mid", "end", "continuous", "after_renewal")


def residual_clv(
    survival: ArrayLike | SurvivalModel,
    margin: ArrayLike,
    *,
    tenure: float,
    discount_rate: float,
    timing: ResidualTiming,
    periods: int | None = None,
) -> float:
    r"""Value of an existing customer from now on: what winning the customer has cost is sunk and left out.

    Parameters
    ----------
    survival : array_like of shape (n_periods,) or SurvivalModel
        Probability that a **new** customer is still one at the start of period 0, 1, ...: 1 first, never
        increasing, in [0, 1]. Or a model of retention, such as the `model` of a fit, which gives `periods`
        of it.
    margin : array_like of shape (n_periods,) or scalar
        Margin of a surviving customer in each period, in money: with a curve counted from the start of the
        curve, with a model from now.
    tenure : float
        Renewals that the customer made already, 0 or more; a whole number shorter than a curve.
    discount_rate : float
        Effective rate per period, greater than -1.
    timing : {"start", "mid", "end", "continuous", "after_renewal"}
        When the margin of a period arrives. "after_renewal" is the moment just after a payment: the current
        period is paid for, and the next margin comes a period from now if the customer renews.
    periods : int, optional
        Number of periods that count from now, at least 1; required for a model, refused for a curve.

    Returns
    -------
    float
        Expected discounted value in money at the start of the current period.

    Raises
    ------
    InvalidInputError
        If the curve does not start at 1, increases or leaves [0, 1]; if nobody gets to that tenure; if an
        argument is not finite or outside its range; if the lengths differ.

    Notes
    -----
    With tenure \(k\) and the letters of `clv_from_survival`, the customer's own curve is
    \(S(k + t) / S(k)\), so that

    \[ \sum_{t=0}^{n-k-1} \frac{S(k+t)}{S(k)} \frac{m(k+t)}{(1+d)^{t+s}} \]

    with the shift \(s\) of the timing; "after_renewal" has \(s = 0\) and leaves \(t = 0\) out. Where
    customers differ this grows with tenure, although every one of them has a constant rate: who is left is
    the better one. Just before the next renewal, a period later, it is \(1 + d\) times as much.

    There is no acquisition cost to give. To decide about a prospect use `clv_from_survival` with
    `acquisition_cost`.

    References
    ----------
    Fader, P. S. and Hardie, B. G. S. (2010), Customer-base valuation in a contractual setting: the perils
    of ignoring heterogeneity. [doi:10.1287/mksc.1080.0482](https://doi.org/10.1287/mksc.1080.0482).

    Examples
    --------
    Of 100 customers 60 renew, then 50 of them, then 45: who has renewed twice is worth more than a new one.

    >>> curve = [1.0, 0.6, 0.5, 0.45]
    >>> new = residual_clv(curve[:2], 100, tenure=0, discount_rate=0.1, timing="start")
    >>> loyal = residual_clv(curve, 100, tenure=2, discount_rate=0.1, timing="start")
    >>> round(new, 2), round(loyal, 2)
    (154.55, 181.82)
    """
    check_choice("timing", timing, _TIMINGS)
    share, money = _from_now(survival, margin, tenure, periods)
    when: Timing
    if timing == "after_renewal":
        money, when = np.where(np.arange(money.size) == 0, 0.0, money), "start"
    else:
        when = timing
    return clv_from_survival(share, money, discount_rate=discount_rate, timing=when)


def _from_now(
    survival: ArrayLike | SurvivalModel, margin: ArrayLike, tenure: float, periods: int | None
) -> tuple[FloatArray, FloatArray]:
    """The curve and the margins of a customer of that tenure."""
    if callable(getattr(survival, "survival", None)):
        return check_curve(curve_of(survival, periods, tenure), margin)
    done = int(check_number("tenure", tenure, minimum=0.0, whole=True))
    share, money = check_curve(curve_of(survival, periods, 0), margin)
    if done >= share.size or share[done] == 0.0:
        alive = int(np.flatnonzero(share)[-1])
        raise InvalidInputError(
            f"`tenure` must be one that customers get to, got {done}; the curve ends at {alive}"
        )
    return share[done:] / share[done], money[done:]

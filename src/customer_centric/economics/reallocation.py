"""The same budget, spent where it brings most."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike
from scipy.optimize import brentq
from scipy.special import lambertw

from customer_centric._core.checks import check_array, check_confidence_level, check_number
from customer_centric._core.words import as_html
from customer_centric.economics.budget import SpendResponse
from customer_centric.errors import InvalidInputError
from customer_centric.intervals import Interval
from customer_centric.typing import FloatArray

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Reallocation", "reallocate_budget"]


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Reallocation:
    """A budget spread so that the last unit of money brings the same everywhere.

    Parameters
    ----------
    names : tuple of str
        Segments or channels.
    spend : ndarray of shape (n,)
        Money for each; sums to `total`.
    returns : ndarray of shape (n,)
        What each brings, in money: value times response.
    marginal_returns : ndarray of shape (n,)
        What one more unit of money would bring in each. Equal wherever no floor or cap binds.
    marginal_return : float
        What one more unit of the whole budget would bring; below 1 the last unit costs more than it brings.
        nan where floors and caps leave no choice.
    total : float
        The budget.
    present : ndarray of shape (n,) or None
        How it is spent now.
    gain : float
        Return of the new spread less that of the present one; nan without `present`.
    equal_average_spend : ndarray of shape (n,)
        The budget spread so that the *average* return is equal, the usual mistake.
    equal_average_loss : float
        What that spread brings less, in money, 0 or more.
    responses : tuple of SpendResponse
        The curves.
    values : ndarray of shape (n,)
        Money per unit of response.
    reason : str
        What to know before acting; empty where nothing stands out.
    """

    names: tuple[str, ...]
    spend: FloatArray
    returns: FloatArray
    marginal_returns: FloatArray
    marginal_return: float
    total: float
    present: FloatArray | None
    gain: float
    equal_average_spend: FloatArray
    equal_average_loss: float
    responses: tuple[SpendResponse, ...]
    values: FloatArray
    reason: str = ""

    def gain_interval(
        self, draws: Sequence[Sequence[SpendResponse]], *, confidence_level: float = 0.90
    ) -> Interval:
        """Where the gain over the present spread lies if the curves are not known.

        `draws` holds at least two sets of curves, such as the answers of several managers or draws from their
        uncertainty (`draw_responses`). This spread and the present one are compared under each; the bounds
        are the outer quantiles, so that those of few sets are the lowest and the highest.
        """
        if self.present is None:
            raise InvalidInputError("`present` must be given to `reallocate_budget` to speak of a gain")
        check_confidence_level(confidence_level)
        if len(draws) < 2:
            raise InvalidInputError(
                f"`draws` must hold at least two sets of curves, got {len(draws)}; one says nothing on "
                "the spread"
            )
        gains = [
            float(np.sum(_returns(curves, self.values, self.spend)))
            - float(np.sum(_returns(curves, self.values, self.present)))
            for curves in (_check_responses(f"draws[{i}]", c, self.spend.size) for i, c in enumerate(draws))
        ]
        tail = (1.0 - confidence_level) / 2.0
        lower = float(np.quantile(gains, tail, method="lower"))
        upper = float(np.quantile(gains, 1.0 - tail, method="higher"))
        return Interval(lower, upper, confidence_level)

    def to_frame(self) -> pd.DataFrame:
        """One row a segment or channel: the spend, what it brings, and both other spreads."""
        import pandas as pd

        columns: dict[str, object] = {"name": list(self.names), "spend": self.spend}
        if self.present is not None:
            columns |= {"present": self.present, "change": self.spend - self.present}
        columns |= {
            "returns": self.returns,
            "marginal_return": self.marginal_returns,
            "equal_average_spend": self.equal_average_spend,
        }
        return pd.DataFrame(columns)

    def __str__(self) -> str:
        """The gain in a sentence."""
        sentence = f"{self.total:,.2f} brings {float(np.sum(self.returns)):,.2f}"
        if self.present is not None:
            sentence += f", {self.gain:+,.2f} against the present spread of the same money"
        sentence += f"; one more unit would bring {self.marginal_return:,.2f}"
        return f"{sentence} ({self.reason})" if self.reason else sentence

    def _repr_html_(self) -> str:
        return as_html(self, frame=self.to_frame())


def reallocate_budget(
    responses: Sequence[SpendResponse],
    values: ArrayLike,
    *,
    total: float | None = None,
    present: ArrayLike | None = None,
    floors: ArrayLike = 0.0,
    caps: ArrayLike = np.inf,
    names: Sequence[str] | None = None,
) -> Reallocation:
    r"""Spread a fixed budget so that the last unit of money brings the same in every segment or channel.

    Parameters
    ----------
    responses : sequence of SpendResponse
        What spending brings in each segment or channel: sales, customers, in any unit.
    values : array_like of shape (n,) or scalar
        Money per unit of response, 0 or more, at least one greater than 0: a lifetime value times the number
        of prospects where the response is a share.
    total : float, optional
        The budget, 0 or more; the sum of `present` by default.
    present : array_like of shape (n,), optional
        How the money is spent now; the gain is counted against it. Its sum must be the budget, so that money
        moves and none is added.
    floors, caps : array_like of shape (n,) or scalar, default 0 and infinity
        Least and most money for each; contracts, or the number of contacts that a customer bears.
    names : sequence of str, optional
        Names of the rows; numbers by default.

    Returns
    -------
    Reallocation
        Spend, returns, the marginal return, and the gain.

    Raises
    ------
    InvalidInputError
        If there is no response, a number is out of range, lengths differ, or floors and caps do not leave
        room for exactly the budget.

    Notes
    -----
    With values \(v_i\) and curves \(f_i\), \(\sum_i v_i f_i(x_i)\) under \(\sum_i x_i = B\) is highest where
    \(v_i f_i'(x_i) = \lambda\) for all, except where a floor or a cap holds:

    \[ x_i = \min\Bigl(u_i, \max\Bigl(l_i,\
       \frac{\ln(v_i (c_i - b_i) k_i) - \ln \lambda}{k_i}\Bigr)\Bigr) . \]

    The sum is piecewise linear in \(\ln\lambda\), so the multiplier is found exactly, from the sorted places
    where an \(x_i\) reaches a bound. All curves are concave: the optimum is the only one.

    Examples
    --------
    Equal money on two channels, one of which is worn out:

    >>> plan = reallocate_budget(
    ...     [SpendResponse(1000, 0.002), SpendResponse(1000, 0.0005)],
    ...     values=10,
    ...     present=[1500, 1500],
    ...     names=["search", "partners"],
    ... )
    >>> plan.spend.round(1).tolist(), round(plan.gain, 1), round(plan.marginal_return, 2)
    ([1154.5, 1845.5], 253.7, 1.99)
    """
    curves = _check_responses("responses", responses)
    n = len(curves)
    value = check_each("values", values, n)
    lower, upper = check_each("floors", floors, n), check_each("caps", caps, n, finite=False)
    now = None if present is None else check_each("present", present, n)
    budget = _check_total(total, now, lower, upper)
    labels = _check_names(names, n)
    steepest = _log_steepest(curves, value)
    rate = np.array([curve.k for curve in curves])
    spend, log_multiplier = _water_fill(steepest, rate, lower, upper, budget)
    returns = _returns(curves, value, spend)
    average = _equal_average(steepest, rate, lower, upper, budget)
    multiplier = float(np.exp(log_multiplier))
    return Reallocation(
        names=labels,
        spend=spend,
        returns=returns,
        marginal_returns=np.exp(steepest - rate * spend),
        marginal_return=multiplier,
        total=budget,
        present=now,
        gain=float("nan") if now is None else float(np.sum(returns - _returns(curves, value, now))),
        equal_average_spend=average,
        equal_average_loss=max(float(np.sum(returns - _returns(curves, value, average))), 0.0),
        responses=curves,
        values=value,
        reason=_reason(multiplier),
    )


def _reason(multiplier: float) -> str:
    if np.isnan(multiplier):
        return "floors and caps leave no choice"
    if multiplier < 1.0:
        return "the last unit brings less than it costs: a smaller budget would earn more"
    return ""


def check_each(name: str, given: ArrayLike, n: int, *, finite: bool = True) -> FloatArray:
    """One number of 0 or more, or one for each of `n`."""
    array = check_array(name, given, minimum=0.0, finite=finite)
    if array.shape not in {(), (n,)}:
        raise InvalidInputError(
            f"`{name}` must be one number or one a response, got shape {array.shape} for {n} responses"
        )
    return np.broadcast_to(array, (n,)).copy()


def _check_responses(
    name: str, responses: Sequence[SpendResponse], size: int | None = None
) -> tuple[SpendResponse, ...]:
    curves = tuple(responses)
    if not curves or (size is not None and len(curves) != size):
        wanted = "at least one" if size is None else str(size)
        raise InvalidInputError(f"`{name}` must hold {wanted} SpendResponse, got {len(curves)}")
    for position, curve in enumerate(curves):
        if not isinstance(curve, SpendResponse):
            raise InvalidInputError(
                f"`{name}` must be SpendResponse, got {type(curve).__name__} at position {position}"
            )
    return curves


def _check_total(
    total: float | None, present: FloatArray | None, lower: FloatArray, upper: FloatArray
) -> float:
    if total is None and present is None:
        raise InvalidInputError("`total` must be given where `present` is not, got None")
    spent = None if present is None else float(np.sum(present))
    budget = check_number("total", spent if total is None else total, minimum=0.0)  # type: ignore[arg-type]  # one of both is a number
    if spent is not None and abs(spent - budget) > 1e-9 * max(spent, budget):
        raise InvalidInputError(
            f"`present` must sum to `total`, got {spent:g} and {budget:g}; money moves, and none is added"
        )
    if np.any(lower > upper):
        position = int(np.flatnonzero(lower > upper)[0])
        raise InvalidInputError(
            f"`floors` must be at most `caps`, got {lower[position]:g} and {upper[position]:g} at position "
            f"{position}"
        )
    least, most = float(np.sum(lower)), float(np.sum(upper))
    slack = 1e-12 * budget
    if not least - slack <= budget <= most + slack:
        raise InvalidInputError(
            f"`total` must be within what floors and caps allow, {least:g} to {most:g}, got {budget:g}"
        )
    return budget


def _check_names(names: Sequence[str] | None, n: int) -> tuple[str, ...]:
    labels = tuple(str(i) for i in range(n)) if names is None else tuple(names)
    if len(labels) != n or len(set(labels)) != n:
        raise InvalidInputError(
            f"`names` must be {n} different names, got {len(labels)}, {len(set(labels))} of them different"
        )
    return labels


def _log_steepest(curves: tuple[SpendResponse, ...], values: FloatArray) -> FloatArray:
    """Log of the return of the first unit of money; minus infinity where a response is worth nothing."""
    if not np.any(values > 0):
        raise InvalidInputError(
            "`values` must hold a value greater than 0, got none; no spread brings anything"
        )
    logs = np.array([np.log(curve.ceiling - curve.base) + np.log(curve.k) for curve in curves])
    with np.errstate(divide="ignore"):
        return np.asarray(np.log(values) + logs)


def _returns(curves: Sequence[SpendResponse], values: FloatArray, spend: FloatArray) -> FloatArray:
    found = [float(curve.response(x)) for curve, x in zip(curves, spend, strict=True)]
    return np.asarray(values * np.array(found))


def _water_fill(
    steepest: FloatArray, rate: FloatArray, lower: FloatArray, upper: FloatArray, total: float
) -> tuple[FloatArray, float]:
    """Spend and log of the multiplier: the budget is piecewise linear in it, so its root is exact."""
    useful = np.isfinite(steepest)
    free = useful & (upper > lower)

    def spend_at(log_multiplier: float) -> FloatArray:
        wanted = np.where(useful, (np.where(useful, steepest, 0.0) - log_multiplier) / rate, -np.inf)
        return np.minimum(np.maximum(wanted, lower), upper)

    room = total - float(np.sum(np.where(useful, upper, lower)))
    if room > 1e-12 * total:
        raise InvalidInputError(
            f"`caps` must leave room for the budget where a response is worth something, got {room:g} of "
            "money without use; raise the caps or lower the budget"
        )
    if not free.any():
        return spend_at(0.0), float("nan")
    tops = (steepest - rate * lower)[free]
    bottoms = (steepest - rate * upper)[free]
    edges = np.unique(np.concatenate([tops, bottoms[np.isfinite(bottoms)]]))
    sums = np.array([float(np.sum(spend_at(edge))) for edge in edges])
    # The last edge from above at which the budget is not yet exceeded; below it the sum is linear.
    first = int(np.flatnonzero(sums <= total * (1 + 1e-15))[0]) if np.any(sums <= total) else edges.size - 1
    edge = float(edges[first])
    middle = edge - 1.0 if first == 0 else (edge + float(edges[first - 1])) / 2.0
    moving = free & (steepest - rate * lower > middle) & (steepest - rate * upper < middle)
    slope = float(np.sum(1.0 / rate[moving]))
    root = edge - (total - float(sums[first])) / slope if slope > 0 else edge
    spend = spend_at(root)
    # The last bits of the budget go where they are small.
    largest = int(np.argmax(np.where(moving, spend, -1.0)))
    spend[largest] = np.clip(spend[largest] + (total - float(np.sum(spend))), lower[largest], upper[largest])
    return spend, root


def _equal_average(
    steepest: FloatArray, rate: FloatArray, lower: FloatArray, upper: FloatArray, total: float
) -> FloatArray:
    """The spread with equal average returns of the money spent, within the same floors and caps."""
    useful = np.isfinite(steepest)

    def spend_at(log_average: float) -> FloatArray:
        # (1 - e^-z) / z = 1/a has the root z = a + W(-a e^-a), where a is above 1; a series beside 1, where
        # the digits of W run out.
        a = np.exp(np.clip(steepest - log_average, 0.0, 700.0))
        beyond = a - 1.0
        far = beyond > 1e-5
        b = np.where(far, a, 2.0)
        z = np.where(far, b + np.real(lambertw(-b * np.exp(-b), 0)), 2.0 * beyond - beyond**2 * (2.0 / 3.0))
        return np.minimum(np.maximum(np.where(useful, z / rate, 0.0), lower), upper)

    def excess(log_average: float) -> float:
        return float(np.sum(spend_at(log_average))) - total

    return spend_at(_root(excess, float(np.max(steepest))))


def _root(decreasing: Callable[[float], float], high: float) -> float:
    """Where a decreasing function that is at most 0 at `high` crosses 0."""
    low = high - 1.0
    while decreasing(low) < 0.0 and high - low < 1e3:
        low = high - 2.0 * (high - low)
    if decreasing(high) >= 0.0 or decreasing(low) < 0.0:
        return high if decreasing(high) >= 0.0 else low
    return float(brentq(decreasing, low, high, xtol=1e-13, rtol=1e-13))

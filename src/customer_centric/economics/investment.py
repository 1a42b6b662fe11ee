"""Marketing as an investment: net present value, internal rates of return, payback, profitability."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from customer_centric._core.checks import check_array, check_confidence_level
from customer_centric._core.words import as_html, counted
from customer_centric.economics._inputs import log_factor
from customer_centric.economics._roots import log_roots, one_log_root, sign_changes
from customer_centric.errors import InvalidInputError
from customer_centric.intervals import Interval
from customer_centric.typing import FloatArray

__all__ = ["InvestmentCase", "investment_case"]

# Flows that sum to a last bit less than zero have paid back.
_LAST_BITS = 1e-12


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class InvestmentCase:
    """What an investment is worth, what it yields, and when it is paid back.

    Parameters
    ----------
    npv : float
        Net present value: all flows, discounted to period 0, in money. With draws their mean.
    npv_interval : Interval or None
        Bounds of `npv`; None without draws.
    irr : float
        The internal rate of return per period, where there is exactly one; NaN otherwise, see `reason`.
    irrs : ndarray of shape (n_rates,)
        All rates above -1 at which the net present value is 0, ascending.
    irr_interval : Interval or None
        Bounds of `irr`; None without draws, or where a draw has not exactly one.
    payback, discounted_payback : float
        Period from which the flows so far never again sum to less than zero; infinite if there is none.
    payback_interval, discounted_payback_interval : Interval or None
        Their bounds, which may be infinite; None without draws.
    profitability : float
        Present value of what comes in over that of what goes out: above 1 the case pays. Infinite where
        nothing goes out.
    profitability_interval : Interval or None
        Its bounds; None without draws, or where it is NaN in one.
    probability_of_profit : float or None
        Share of the draws with a positive net present value; None without draws.
    discount_rate : float
        Effective rate per period.
    n_draws : int
        Draws; 0 where the flows were one row.
    reason : str or None
        Why `irr`, `profitability` or an interval is missing; None where nothing is.
    """

    npv: float
    npv_interval: Interval | None
    irr: float
    irrs: FloatArray
    irr_interval: Interval | None
    payback: float
    discounted_payback: float
    payback_interval: Interval | None
    discounted_payback_interval: Interval | None
    profitability: float
    profitability_interval: Interval | None
    probability_of_profit: float | None
    discount_rate: float
    n_draws: int
    reason: str | None = None

    def __str__(self) -> str:
        bounds = self.npv_interval
        sure = (
            ""
            if bounds is None
            else f" ({100 * bounds.confidence_level:g} % interval {bounds.lower:,.2f} to {bounds.upper:,.2f})"
        )
        rates = ", ".join(f"{rate:.1%}" for rate in self.irrs) or "none"
        back = [
            "never" if math.isinf(periods) else f"after {counted(periods, 'period')}"
            for periods in (self.payback, self.discounted_payback)
        ]
        why = f"; {self.reason}" if self.reason else ""
        return (
            f"NPV {self.npv:,.2f}{sure} at {100 * self.discount_rate:g} %, IRR {rates}, paid back {back[0]} "
            f"(discounted {back[1]}), profitability {self.profitability:.2f}{why}"
        )

    def _repr_html_(self) -> str:
        return as_html(self)


def investment_case(
    cashflows: ArrayLike, *, discount_rate: float, confidence_level: float = 0.90
) -> InvestmentCase:
    r"""Net present value, every internal rate of return, payback and profitability of a row of cash flows.

    Parameters
    ----------
    cashflows : array_like of shape (n_periods + 1,) or (n_draws, n_periods + 1)
        Money in (positive) and out (negative) now, after one period, after two and so on. Several rows are
        draws of the same case, from a posterior, a bootstrap or scenarios.
    discount_rate : float
        Effective rate per period, greater than -1.
    confidence_level : float, default 0.90
        Nominal coverage of the intervals from draws, strictly between 0 and 1.

    Returns
    -------
    InvestmentCase
        The measures, with intervals where there are draws.

    Raises
    ------
    InvalidInputError
        If a flow is missing or infinite, there are none, or the rate is not greater than -1.

    Notes
    -----
    With flows \(c_0, c_1, \dots\) and discount rate \(d\),

    \[ \mathrm{NPV} = \sum_t \frac{c_t}{(1+d)^t}, \qquad
       \text{profitability} = \frac{\sum_t \max(c_t, 0)\,(1+d)^{-t}}{\sum_t \max(-c_t, 0)\,(1+d)^{-t}} , \]

    and an internal rate of return is a \(d\) with \(\mathrm{NPV} = 0\). There is none where all flows have
    one sign; exactly one where the sign changes once; at most as many as there are changes. All are
    found: between two changes of sign a multiple of the NPV has a derivative with one change less, whose
    zeros separate those of the NPV. With several, none of them says whether the case pays: the NPV does.

    With draws, the measures are those of the mean flows, and the intervals are quantiles over the draws.
    One row is taken as known and has no interval.

    Examples
    --------
    1,000 to win a customer who brings 500 at the end of each of ten years:

    >>> case = investment_case([-1000] + [500] * 10, discount_rate=0.1)
    >>> round(case.npv, 2), round(case.irr, 3), case.payback, case.discounted_payback
    (2072.28, 0.491, 2.0, 3.0)

    A mine that must be closed in the end has two rates, between which it pays:

    >>> investment_case([-100, 230, -132], discount_rate=0.15).irrs.round(6)
    array([0.1, 0.2])
    """
    flows = check_array("cashflows", cashflows)
    delta = log_factor(discount_rate)
    check_confidence_level(confidence_level)
    if flows.ndim not in (1, 2) or flows.size == 0:
        raise InvalidInputError(
            f"`cashflows` must be one row of flows, or one row a draw, got shape {flows.shape}"
        )
    mean = flows if flows.ndim == 1 else flows.mean(axis=0)
    draws = np.zeros((0, mean.size)) if flows.ndim == 1 else flows
    point, spread = _measures(mean[None, :], delta), _measures(draws, delta)
    with np.errstate(over="ignore"):
        irrs = np.expm1(-np.array(log_roots(mean))[::-1]) + 0.0  # no negative zero
    rates = _single_rates(draws)
    bounds = [_quantiles(values, confidence_level) for values in spread]
    return InvestmentCase(
        npv=float(point[0][0]),
        npv_interval=bounds[0],
        irr=float(irrs[0]) if irrs.size == 1 else math.nan,
        irrs=irrs,
        irr_interval=_quantiles(rates, confidence_level),
        payback=float(point[1][0]),
        discounted_payback=float(point[2][0]),
        payback_interval=bounds[1],
        discounted_payback_interval=bounds[2],
        profitability=float(point[3][0]),
        profitability_interval=bounds[3],
        probability_of_profit=float(np.mean(spread[0] > 0)) if draws.size else None,
        discount_rate=float(discount_rate),
        n_draws=len(draws),
        reason=_reason(mean, irrs, rates),
    )


def _measures(flows: FloatArray, delta: float) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
    """Net present value, payback, discounted payback and profitability of each row."""
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        present = np.where(
            flows == 0, 0.0, flows * np.exp(-delta * np.arange(flows.shape[1], dtype=np.float64))
        )
        comes, goes = np.maximum(present, 0.0).sum(axis=1), np.maximum(-present, 0.0).sum(axis=1)
        npv = present.sum(axis=1)
        if not np.isfinite(npv).all():
            raise InvalidInputError(
                "the net present value must be within the range of a float, got one that is too large; "
                "check the units of the flows and the discount rate"
            )
        return npv, _payback(flows), _payback(present), comes / goes


def _payback(flows: FloatArray) -> FloatArray:
    """First period from which the sum so far stays at zero or above."""
    so_far = np.cumsum(flows, axis=1)
    under = so_far < -_LAST_BITS * np.cumsum(np.abs(flows), axis=1)
    last_under = np.where(under.any(axis=1), flows.shape[1] - under[:, ::-1].argmax(axis=1), 0)
    return np.where(last_under == flows.shape[1], np.inf, last_under.astype(np.float64))


def _single_rates(draws: FloatArray) -> FloatArray:
    """The internal rate of each draw; NaN where it has none or several."""
    rates = np.full(len(draws), np.nan)
    if not rates.size:
        return rates
    changes = sign_changes(draws)
    once = changes == 1
    with np.errstate(over="ignore"):
        rates[once] = np.expm1(-one_log_root(draws[once]))
        for i in np.flatnonzero(changes > 1):
            roots = log_roots(draws[i])
            if len(roots) == 1:
                rates[i] = np.expm1(-roots[0])
    return rates


def _quantiles(values: FloatArray, confidence_level: float) -> Interval | None:
    if values.size == 0 or np.isnan(values).any():
        return None
    tail = 0.5 * (1.0 - confidence_level)
    # Quantiles that are draws: one between two infinite paybacks would be NaN.
    low, high = np.quantile(values, [tail, 1.0 - tail], method="inverted_cdf")
    return Interval(float(low), float(high), confidence_level)


def _reason(mean: FloatArray, irrs: FloatArray, rates: FloatArray) -> str | None:
    """What is missing and why, given the single rate of each draw."""
    reasons: list[str] = []
    if not mean.any():
        reasons.append("all flows are 0")
    elif irrs.size == 0 and (mean > 0).any() and (mean < 0).any():
        reasons.append("the net present value is 0 at no rate")
    elif irrs.size == 0:
        reasons.append("no internal rate of return: the flows never change sign")
    elif irrs.size > 1:
        reasons.append(f"{irrs.size} internal rates of return: decide by the net present value")
    odd = int(np.isnan(rates).sum())
    if odd:
        reasons.append(f"{odd} of {rates.size} draws have not exactly one internal rate of return")
    return "; ".join(reasons) or None

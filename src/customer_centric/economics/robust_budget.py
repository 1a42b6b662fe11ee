"""The best budget where nobody knows the curves: several answers, or draws from what is uncertain."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from customer_centric._core.checks import check_confidence_level, check_number
from customer_centric._core.words import as_html
from customer_centric.economics.budget import BudgetPlan, SpendResponse, customer_value, optimal_budget
from customer_centric.errors import InvalidInputError
from customer_centric.intervals import Interval
from customer_centric.typing import FloatArray

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["RobustBudget", "draw_responses", "robust_budget"]


@dataclass(frozen=True, slots=True, kw_only=True)
class RobustBudget:
    """One spending for many possible curves, and how much their uncertainty matters.

    Parameters
    ----------
    acquisition_spend : float
        Money per prospect.
    retention_spend : float
        Money per customer and period.
    equity_per_prospect : float
        Mean value of a prospect over the curves, at this spending.
    interval : Interval
        Where the value of a prospect lies at this spending.
    acquisition_interval, retention_interval : Interval
        Where the best spending lies, curve by curve.
    regret : float
        Mean loss against knowing the curves: the most that an experiment which reveals them is worth, per
        prospect. 0 or more.
    n_draws : int
        Pairs of curves.
    """

    acquisition_spend: float
    retention_spend: float
    equity_per_prospect: float
    interval: Interval
    acquisition_interval: Interval
    retention_interval: Interval
    regret: float
    n_draws: int

    def to_frame(self) -> pd.DataFrame:
        """One row each for acquisition, retention and the equity of a prospect."""
        import pandas as pd

        rows = (
            ("acquisition_spend", self.acquisition_spend, self.acquisition_interval),
            ("retention_spend", self.retention_spend, self.retention_interval),
            ("equity_per_prospect", self.equity_per_prospect, self.interval),
        )
        return pd.DataFrame(
            [(name, value, bounds.lower, bounds.upper) for name, value, bounds in rows],
            columns=["quantity", "value", "lower", "upper"],
        )

    def __str__(self) -> str:
        """The plan in a sentence."""
        return (
            f"Spend {self.acquisition_spend:,.2f} a prospect and {self.retention_spend:,.2f} a customer and "
            f"period: a prospect is worth {self.equity_per_prospect:,.2f} "
            f"({self.interval.confidence_level:.0%} interval {self.interval.lower:,.2f} to "
            f"{self.interval.upper:,.2f}), and knowing the curves would be worth {self.regret:,.2f} more"
        )

    def _repr_html_(self) -> str:
        return as_html(self, frame=self.to_frame())


def robust_budget(
    acquisition: Sequence[SpendResponse],
    retention: Sequence[SpendResponse],
    *,
    margin: float,
    discount_rate: float,
    confidence_level: float = 0.90,
) -> RobustBudget:
    r"""One budget for many possible curves: best on average over the answers of managers, or over draws.

    Parameters
    ----------
    acquisition, retention : sequence of SpendResponse
        At least two curves each, as many of one as of the other: pair `i` is what manager `i` says, or one
        draw (`draw_responses`). All pairs count the same.
    margin : float
        Margin of a customer in each period, in money, before the spending on retention.
    discount_rate : float
        Effective rate per period, as in `optimal_budget`.
    confidence_level : float, default 0.90
        Nominal coverage of the intervals, strictly between 0 and 1.

    Returns
    -------
    RobustBudget
        The spending, its intervals, and what knowing the curves would be worth.

    Raises
    ------
    InvalidInputError
        If there are fewer than two pairs or the numbers differ, or as in `optimal_budget`.

    Notes
    -----
    With pairs \(i = 1, \dots, n\) the spending maximises

    \[ E(A, R) = \frac{1}{n} \sum_i a_i(A)\,V_i(R) - A , \qquad
       \text{regret} = \frac{1}{n} \sum_i \max_{A,R} \bigl(a_i(A) V_i(R) - A\bigr) - \max_{A,R} E(A, R) . \]

    Every \(V_i\) rises up to its own best \(R\) and falls behind it, so the best common \(R\) lies between
    the lowest and the highest of them; it is searched there on a grid that narrows, and \(A\), in which \(E\)
    is concave, by bisection. The bounds are outer quantiles: those of a handful of managers are the lowest
    and the highest answer, and cover no more than these.

    Examples
    --------
    Three managers agree on what is spent and won now, and not on what more money would win:

    >>> winning = [SpendResponse.from_point(20, 0.18, ceiling=c) for c in (0.3, 0.4, 0.6)]
    >>> keeping = [SpendResponse.from_point(40, 0.78, ceiling=c) for c in (0.85, 0.9, 0.95)]
    >>> plan = robust_budget(winning, keeping, margin=100, discount_rate=0.1)
    >>> round(plan.acquisition_spend, 1), round(plan.retention_spend, 1), round(plan.regret, 1)
    (32.9, 45.9, 2.2)
    """
    check_confidence_level(confidence_level)
    n = len(acquisition)
    if n < 2 or len(retention) != n:
        raise InvalidInputError(
            f"`acquisition` and `retention` must hold at least two curves, and as many of one as of the "
            f"other, got {n} and {len(retention)}; for one pair use `optimal_budget`"
        )
    plans = [
        optimal_budget(won, kept, margin=margin, discount_rate=discount_rate)
        for won, kept in zip(acquisition, retention, strict=True)
    ]
    spends = [[plan.acquisition_spend for plan in plans], [plan.retention_spend for plan in plans]]
    A, R = _best_common(plans, spends[1])
    reached = np.array([float(plan.equity_at(A, R)) for plan in plans])
    best = np.array([plan.equity_per_prospect for plan in plans])
    return RobustBudget(
        acquisition_spend=A,
        retention_spend=R,
        equity_per_prospect=float(reached.mean()),
        interval=_outer(reached, confidence_level),
        acquisition_interval=_outer(np.array(spends[0]), confidence_level),
        retention_interval=_outer(np.array(spends[1]), confidence_level),
        regret=max(float(np.mean(best - reached)), 0.0),
        n_draws=n,
    )


def _best_common(plans: Sequence[BudgetPlan], retention_spends: Sequence[float]) -> tuple[float, float]:
    """The spending with the highest mean equity, from a grid of retention that narrows around its best."""
    reach = np.array([[plan.acquisition.ceiling - plan.acquisition.base] for plan in plans])
    k = np.array([[plan.acquisition.k] for plan in plans])
    base = np.array([[plan.acquisition.base] for plan in plans])

    def equity(retention: FloatArray) -> tuple[FloatArray, FloatArray]:
        values = np.array([_values(plan, retention) for plan in plans])
        spend = _best_acquisition(values, reach, k)
        won = base - reach * np.expm1(-k * spend)
        return np.asarray(np.mean(won * values, axis=0) - spend), spend

    low, high = min(retention_spends), max(retention_spends)
    for _ in range(8):
        grid = np.linspace(low, high, 65)
        best = int(np.argmax(equity(grid)[0]))
        low, high = float(grid[max(best - 1, 0)]), float(grid[min(best + 1, 64)])
    middle = (low + high) / 2.0
    return float(equity(np.array([middle]))[1][0]), middle


def _values(plan: BudgetPlan, retention: FloatArray) -> FloatArray:
    """Lifetime value at each spending on retention."""
    return customer_value(plan.retention, retention, plan.margin, plan.discount_rate)


def _best_acquisition(values: FloatArray, reach: FloatArray, k: FloatArray) -> FloatArray:
    """Where one more unit of money brings one on average, for each column of values; else 0."""
    slope = values * reach * k
    high = np.asarray(np.max(np.log(np.maximum(slope, 1.0)) / k, axis=0), dtype=np.float64)
    low = np.zeros(high.shape)
    for _ in range(60):
        middle = (low + high) / 2.0
        more = np.mean(slope * np.exp(-k * middle), axis=0) > 1.0
        low, high = np.where(more, middle, low), np.where(more, high, middle)
    return np.where(np.mean(slope, axis=0) > 1.0, (low + high) / 2.0, 0.0)


def _outer(values: FloatArray, confidence_level: float) -> Interval:
    tail = (1.0 - confidence_level) / 2.0
    lower = float(np.quantile(values, tail, method="lower"))
    return Interval(lower, float(np.quantile(values, 1.0 - tail, method="higher")), confidence_level)


def draw_responses(
    spend: float,
    response: float,
    *,
    ceiling: float,
    response_error: float,
    ceiling_error: float,
    n_draws: int,
    rng: np.random.Generator,
) -> tuple[SpendResponse, ...]:
    r"""Possible curves of a share, from what is measured and judged and how sure both are.

    Parameters
    ----------
    spend : float
        What is spent now on each, in money, greater than 0.
    response : float
        Share that it wins or keeps, strictly between 0 and 1.
    ceiling : float
        Share that no spending exceeds, greater than `response` and less than 1.
    response_error, ceiling_error : float
        Standard errors of both, 0 or more; 0 holds a number fixed.
    n_draws : int
        Curves to draw, at least 1.
    rng : numpy.random.Generator
        Where the draws come from.

    Returns
    -------
    tuple of SpendResponse
        The curves, each of which passes below its ceiling.

    Raises
    ------
    InvalidInputError
        If a number is out of its range, or an error is larger than a share can have.

    Notes
    -----
    The response is drawn from the beta distribution with this mean and standard deviation; so is the part of
    the way from the response to 1 at which the ceiling stands. The ceiling is always above the response, and
    no draw is thrown away.

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> curves = draw_responses(
    ...     20,
    ...     0.18,
    ...     ceiling=0.4,
    ...     response_error=0.01,
    ...     ceiling_error=0.05,
    ...     n_draws=500,
    ...     rng=rng,
    ... )
    >>> ceilings = [curve.ceiling for curve in curves]
    >>> round(float(np.mean(ceilings)), 2), round(float(np.std(ceilings)), 2)
    (0.4, 0.05)
    """
    x = check_number("spend", spend, minimum=0.0, open_minimum=True)
    y = check_number("response", response, minimum=0.0, maximum=1.0, open_minimum=True, open_maximum=True)
    c = check_number("ceiling", ceiling, minimum=y, maximum=1.0, open_minimum=True, open_maximum=True)
    n = int(check_number("n_draws", n_draws, minimum=1.0, whole=True))
    y_error = check_number("response_error", response_error, minimum=0.0)
    c_error = check_number("ceiling_error", ceiling_error, minimum=0.0)
    answers = _draw_share("response_error", y, y_error, n, rng)
    room = _draw_share("ceiling_error", (c - y) / (1.0 - y), c_error / (1.0 - y), n, rng)
    return tuple(
        SpendResponse(
            ceiling=float(y_i + (1.0 - y_i) * u_i),
            k=-math.log1p(-y_i / (y_i + (1.0 - y_i) * u_i)) / x,
        )
        for y_i, u_i in zip(answers, room, strict=True)
    )


def _draw_share(name: str, mean: float, error: float, n: int, rng: np.random.Generator) -> FloatArray:
    """Draws from the beta distribution with this mean and standard deviation."""
    if error == 0.0:
        return np.full(n, mean)
    size = mean * (1.0 - mean) / error**2 - 1.0
    # Below, the distribution piles up at its ends: that is not what a standard error says.
    if size * min(mean, 1.0 - mean) < 1.0:
        raise InvalidInputError(
            f"`{name}` must be small enough for a share with one peak, got {error:g} around {mean:g} of "
            "the way; several answers may be given to `robust_budget` as they are"
        )
    return rng.beta(mean * size, (1.0 - mean) * size, n)

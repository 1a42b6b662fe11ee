"""How much to spend on winning customers, and how much on keeping them."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Self

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import wrightomega

from customer_centric._core.checks import check_array, check_number
from customer_centric._core.words import as_html
from customer_centric.errors import InvalidInputError
from customer_centric.typing import FloatArray

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["BudgetPlan", "SpendResponse", "optimal_budget"]

_TOO_LARGE: Final = "the value must be within the range of a float; use a larger unit of money"


@dataclass(frozen=True, slots=True)
class SpendResponse:
    r"""What spending brings: much at first, less and less, and never more than a ceiling.

    Parameters
    ----------
    ceiling : float
        Response that no spending exceeds, greater than `base`: a share of prospects or customers, or a
        number of sales.
    k : float
        How fast the ceiling is approached, per unit of money, greater than 0: `math.log(2) / k` of money
        covers half of the way.
    base : float, default 0
        Response without any spending, 0 or more.

    Raises
    ------
    InvalidInputError
        If a number is out of its range.

    Notes
    -----
    With ceiling \(c\), base \(b\) and spending \(x\),

    \[ f(x) = b + (c - b)\,(1 - e^{-k x}), \qquad f'(x) = (c - b)\,k\,e^{-k x} . \]

    References
    ----------
    Blattberg, R. C. and Deighton, J. (1996), Manage marketing by the customer equity test, Harvard Business
    Review 74(4), where the base is 0.

    Examples
    --------
    A manager says: "5 a prospect wins 3 % of them; whatever we spend, never more than 10 %."

    >>> response = SpendResponse.from_point(5.0, 0.03, ceiling=0.1)
    >>> round(response.k, 4), round(float(response.response(10.0)), 4)
    (0.0713, 0.051)
    >>> print(f"{response.marginal_cost(5.0):.0f} for one more, {5 / 0.03:.0f} on average")
    200 for one more, 167 on average
    """

    ceiling: float
    k: float
    base: float = 0.0

    def __post_init__(self) -> None:
        base = check_number("base", self.base, minimum=0.0)
        check_number(
            "ceiling",
            self.ceiling,
            minimum=base,
            open_minimum=True,
            remedy="the ceiling is what no spending exceeds, and more than comes without spending",
        )
        check_number("k", self.k, minimum=0.0, open_minimum=True)

    @classmethod
    def from_point(cls, spend: float, response: float, *, ceiling: float, base: float = 0.0) -> Self:
        """The curve through what is spent now and brings, under the ceiling that no spending exceeds."""
        x = check_number("spend", spend, minimum=0.0, open_minimum=True)
        b = check_number("base", base, minimum=0.0)
        c = check_number("ceiling", ceiling, minimum=b, open_minimum=True)
        y = check_number(
            "response",
            response,
            minimum=b,
            maximum=c,
            open_minimum=True,
            open_maximum=True,
            remedy="what is spent now brings more than the base and less than the ceiling",
        )
        return cls(ceiling=c, k=-math.log1p(-(y - b) / (c - b)) / x, base=b)

    def response(self, spend: ArrayLike) -> FloatArray:
        """What the spending brings, from `base` to `ceiling`, of the shape of `spend`."""
        x = check_array("spend", spend, minimum=0.0)
        return np.asarray(self.base - (self.ceiling - self.base) * np.expm1(-self.k * x))

    def marginal_response(self, spend: ArrayLike) -> FloatArray:
        """What one more unit of money brings."""
        x = check_array("spend", spend, minimum=0.0)
        return np.asarray((self.ceiling - self.base) * self.k * np.exp(-self.k * x))

    def marginal_cost(self, spend: ArrayLike) -> FloatArray:
        """Money for one more unit of response; infinite where no money brings one."""
        x = check_array("spend", spend, minimum=0.0)
        with np.errstate(over="ignore"):
            return np.asarray(np.exp(self.k * x) / ((self.ceiling - self.base) * self.k))


@dataclass(frozen=True, slots=True, kw_only=True)
class BudgetPlan:
    """The spending that makes customers worth most, and what it brings.

    Parameters
    ----------
    acquisition_spend : float
        Money per prospect.
    retention_spend : float
        Money per customer and period.
    acquisition_rate, retention_rate : float
        Share of prospects won and share of customers kept from one period to the next, in [0, 1].
    lifetime_value : float
        Discounted margin of a customer won, less what is spent on keeping it, before the cost of winning it.
    equity_per_prospect : float
        Value of the customers won, less the cost of winning them, per prospect.
    marginal_acquisition_cost, marginal_retention_cost : float
        Money for one more customer won, and for one more kept. Both are the lifetime value at a plan within
        its bounds.
    average_acquisition_cost, average_retention_cost : float
        Money spent per customer won, and per customer kept; nan where there is none.
    acquisition, retention : SpendResponse
        The curves of the plan.
    margin, discount_rate : float
        Margin of a customer and period, in money, and rate per period.
    reason : str
        Why a spending is 0; empty where both are greater.
    """

    acquisition_spend: float
    retention_spend: float
    acquisition_rate: float
    retention_rate: float
    lifetime_value: float
    equity_per_prospect: float
    marginal_acquisition_cost: float
    marginal_retention_cost: float
    average_acquisition_cost: float
    average_retention_cost: float
    acquisition: SpendResponse
    retention: SpendResponse
    margin: float
    discount_rate: float
    reason: str = ""

    def equity_at(self, acquisition_spend: ArrayLike, retention_spend: ArrayLike) -> FloatArray:
        """Equity per prospect of another spending, in money: what is lost by missing the plan."""
        a = check_array("acquisition_spend", acquisition_spend, minimum=0.0)
        value = customer_value(
            self.retention,
            check_array("retention_spend", retention_spend, minimum=0.0),
            self.margin,
            self.discount_rate,
        )
        return np.asarray(self.acquisition.response(a) * value - a)

    def to_frame(self) -> pd.DataFrame:
        """One row each for acquisition and retention: spend, rate, marginal and average cost."""
        import pandas as pd

        return pd.DataFrame(
            {
                "budget": ["acquisition", "retention"],
                "spend": [self.acquisition_spend, self.retention_spend],
                "rate": [self.acquisition_rate, self.retention_rate],
                "marginal_cost": [self.marginal_acquisition_cost, self.marginal_retention_cost],
                "average_cost": [self.average_acquisition_cost, self.average_retention_cost],
            }
        )

    def __str__(self) -> str:
        """The plan in a sentence."""
        sentence = (
            f"Spend {self.acquisition_spend:,.2f} a prospect and {self.retention_spend:,.2f} a customer and "
            f"period: it wins {self.acquisition_rate:.1%} and keeps {self.retention_rate:.1%}; a customer "
            f"won is worth {self.lifetime_value:,.2f}, a prospect {self.equity_per_prospect:,.2f}"
        )
        return f"{sentence} ({self.reason})" if self.reason else sentence

    def _repr_html_(self) -> str:
        return as_html(self, frame=self.to_frame())


def optimal_budget(
    acquisition: SpendResponse, retention: SpendResponse, *, margin: float, discount_rate: float
) -> BudgetPlan:
    r"""What to spend on winning and on keeping customers: until one more costs what one is worth.

    Parameters
    ----------
    acquisition : SpendResponse
        Share of prospects won by the money spent on each of them, once.
    retention : SpendResponse
        Share of customers kept from one period to the next by the money spent on each of them, each period.
    margin : float
        Margin of a customer in each period, in money, before the spending on retention.
    discount_rate : float
        Effective rate per period, greater than -1, and such that customers kept at the ceiling are worth a
        finite amount: at least `retention.ceiling` - 1.

    Returns
    -------
    BudgetPlan
        The best spending: the only one, not the best of those tried.

    Raises
    ------
    InvalidInputError
        If a ceiling is above 1, a number is not finite or out of its range, or the value has no bound.

    Notes
    -----
    A customer brings \(m\) at once; at the end of each period the company spends \(R\) on everybody it has,
    and keeps the share \(r(R)\), who bring \(m\) again. With \(r' = r / (1 + d)\) a customer won is worth

    \[ V(R) = m + \Bigl(m - \frac{R}{r}\Bigr) \frac{r'}{1 - r'} = \frac{m (1 + d) - R}{1 + d - r(R)} , \]

    and that of a prospect \(a(A)\,V(R) - A\). Both derivatives are zero where one more customer costs what
    it is worth:

    \[ \frac{dA}{da} = V = \frac{dR}{dr} . \]

    The sign of \(dV/dR\) is that of \(g(R) = (m(1+d) - R)\,dr/dR - (1 + d - r)\), whose own derivative,
    \((m(1+d) - R)\,d^2r/dR^2\), is negative as long as \(R < m(1+d)\); beyond, \(g\) is negative. So \(V\)
    rises to one peak and falls: there is no second one to miss. With ceiling \(c\), base \(b\) and \(k\) of
    retention the peak is

    \[ R^* = \tfrac{1}{k} \ln \frac{(c - b)\,\omega}{1 + d - c}, \qquad
       \omega + \ln \omega = \ln\frac{1 + d - c}{c - b} + k\,m(1 + d) - 1, \]

    or 0 where \(g(0) \le 0\); and \(A^* = \ln(k\,(c - b)\,V) / k\) with the constants of acquisition, or 0.

    References
    ----------
    Blattberg, R. C. and Deighton, J. (1996), Manage marketing by the customer equity test, Harvard Business
    Review 74(4).

    Examples
    --------
    >>> plan = optimal_budget(
    ...     SpendResponse(0.4, 0.03), SpendResponse(0.9, 0.05), margin=100, discount_rate=0.1
    ... )
    >>> round(plan.acquisition_spend, 3), round(plan.retention_spend, 3)
    (32.437, 45.897)
    >>> round(plan.marginal_acquisition_cost, 1), round(plan.marginal_retention_cost, 1)
    (220.5, 220.5)
    >>> round(plan.average_acquisition_cost, 1), round(plan.average_retention_cost, 1)
    (130.4, 56.7)
    """
    m, d = check_economy(acquisition, retention, margin, discount_rate)
    R = _best_retention(retention, m, d)
    r = float(retention.response(R))
    V = float(customer_value(retention, R, m, d))
    steepest = float(acquisition.marginal_response(0.0)) * V
    A = math.log(steepest) / acquisition.k if steepest > 1.0 else 0.0
    if not math.isfinite(steepest):
        raise InvalidInputError(_TOO_LARGE)
    a = float(acquisition.response(A))
    return BudgetPlan(
        acquisition_spend=A,
        retention_spend=R,
        acquisition_rate=a,
        retention_rate=r,
        lifetime_value=V,
        equity_per_prospect=a * V - A,
        marginal_acquisition_cost=float(acquisition.marginal_cost(A)),
        marginal_retention_cost=float(retention.marginal_cost(R)),
        average_acquisition_cost=A / a if a > 0 else math.nan,
        average_retention_cost=R / r if r > 0 else math.nan,
        acquisition=acquisition,
        retention=retention,
        margin=m,
        discount_rate=d,
        reason=_reason(acquisition, retention, A, R, V),
    )


def customer_value(
    retention: SpendResponse, spend: ArrayLike, margin: float, discount_rate: float
) -> FloatArray:
    """Value of a customer won, V(R), written so that nothing is divided by a retention of 0."""
    R = np.asarray(spend, dtype=np.float64)
    # 1 + d - r, from its parts: nothing is left of it by rounding where the ceiling is 1 + d.
    left = (1.0 + discount_rate - retention.ceiling) + (retention.ceiling - retention.base) * np.exp(
        -retention.k * R
    )
    with np.errstate(over="ignore", divide="ignore"):
        return np.asarray((margin * (1.0 + discount_rate) - R) / left)


def check_economy(
    acquisition: SpendResponse, retention: SpendResponse, margin: float, discount_rate: float
) -> tuple[float, float]:
    """Margin and discount rate, with curves that are shares and a value that has a bound."""
    for name, response in (("acquisition", acquisition), ("retention", retention)):
        if not isinstance(response, SpendResponse):
            raise InvalidInputError(
                f"`{name}` must be a SpendResponse, got {type(response).__name__}; "
                "`SpendResponse.from_point` makes one from what is spent now and what it brings"
            )
        check_number(f"{name}.ceiling", response.ceiling, maximum=1.0, remedy="40 % is written 0.4")
    d = check_number(
        "discount_rate", discount_rate, minimum=-1.0, open_minimum=True, remedy="10 % is written 0.1"
    )
    if retention.ceiling > 1.0 + d:
        raise InvalidInputError(
            f"`retention.ceiling` must be at most 1 + `discount_rate`, got {retention.ceiling:g} and "
            f"{1.0 + d:g}; the value of a customer has no bound"
        )
    m = check_number("margin", margin)
    if not math.isfinite(m * (1.0 + d) * retention.k):
        raise InvalidInputError(_TOO_LARGE)
    return m, d


def _best_retention(retention: SpendResponse, margin: float, discount_rate: float) -> float:
    """The peak of V, from the equation of its Notes."""
    reach, k = retention.ceiling - retention.base, retention.k
    money = margin * (1.0 + discount_rate)
    if money * reach * k <= 1.0 + discount_rate - retention.base:
        return 0.0
    gap = 1.0 + discount_rate - retention.ceiling
    exponent = (math.log(gap / reach) if gap > 0.0 else -math.inf) + k * money - 1.0
    omega = float(wrightomega(exponent)) if exponent > -math.inf else 0.0
    # Two ways to write one number: each where it does not subtract what is nearly equal.
    scaled = k * money - 1.0 - omega if exponent < 0.0 else math.log(omega * reach / gap)
    return max(scaled, 0.0) / k


def _reason(
    acquisition: SpendResponse, retention: SpendResponse, spent: float, kept: float, value: float
) -> str:
    """Why a spending is 0."""
    reasons: list[str] = []
    for name, response, spend in (("winning", acquisition, spent), ("keeping", retention, kept)):
        if spend == 0.0:
            cost = float(response.marginal_cost(0.0))
            reasons.append(
                f"nothing on {name} customers: the first one costs {cost:,.2f}, and one is worth {value:,.2f}"
            )
    return "; ".join(reasons)

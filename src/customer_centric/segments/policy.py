"""Which policy for whom: the largest expected profit that capacity allows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import ArrayLike

from customer_centric._core.checks import check_array, check_confidence_level, check_number
from customer_centric._core.words import as_html, counted
from customer_centric.errors import InvalidInputError
from customer_centric.intervals import Interval, normal_interval
from customer_centric.segments._budget import solve_budget
from customer_centric.segments._transport import solve_transport
from customer_centric.typing import FloatArray, IntArray

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["PolicyAssignment", "assign_policy"]

NONE: Final = "none"
_NO_SPREAD: Final = "an interval needs `standard_error` or `draws`"


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class PolicyAssignment:
    """Who gets which policy, and what that is expected to earn.

    Parameters
    ----------
    policies : tuple of str
        "none" first, then the policies in the order given.
    assigned : ndarray of int64 of shape (n_customers,)
        Policy of each customer, a place in `policies`; 0 for none.
    margin : ndarray of shape (n_customers,)
        By how much the expected profit of the assigned policy may fall before another choice is as good,
        at the shadow prices: 0 for who is on the border.
    total : float
        Expected profit of all customers over doing nothing, in money.
    interval : Interval or None
        Bounds of the total for this assignment; None where `reason` says why.
    customers, profit : ndarray of shape (n_policies + 1,)
        Customers of each of `policies`, and their expected profit.
    shadow_price : ndarray of shape (n_policies + 1,)
        What one more place in each policy would bring at most, in money; 0 where there is room to spare.
    budget_price : float or None
        What one more unit of the budget would bring; None without a budget.
    upper_bound : float
        No assignment within the capacity earns more: the value of the dual problem.
    n_tied : int
        Customers whose choices were equally good at the border, and of whom only some got each.
    reason : str or None
        Why something is missing.
    """

    policies: tuple[str, ...]
    assigned: IntArray
    margin: FloatArray
    total: float
    interval: Interval | None
    customers: IntArray
    profit: FloatArray
    shadow_price: FloatArray
    budget_price: float | None
    upper_bound: float
    n_tied: int
    reason: str | None = None

    @property
    def duality_gap(self) -> float:
        """What the total may be short of the best one, in money: 0 up to rounding with capacities."""
        return max(self.upper_bound - self.total, 0.0)

    def names(self) -> np.ndarray[tuple[int, ...], np.dtype[np.str_]]:
        """Name of the policy of each customer."""
        return np.array(self.policies, dtype=np.str_)[self.assigned]

    def to_frame(self) -> pd.DataFrame:
        """A row a policy: customers, expected profit, shadow price."""
        import pandas as pd

        return pd.DataFrame(
            {
                "policy": self.policies,
                "customers": self.customers,
                "profit": self.profit,
                "shadow_price": self.shadow_price,
            }
        )

    def __str__(self) -> str:
        treated = int(self.customers[1:].sum())
        text = (
            f"{treated:,} of {counted(self.assigned.size, 'customer')} get a policy: expected profit "
            f"{self.total:,.2f}"
        )
        if self.interval is None:
            return text
        level = self.interval.confidence_level
        return f"{text} ({level:.0%} interval {self.interval.lower:,.2f} to {self.interval.upper:,.2f})"

    def _repr_html_(self) -> str:
        return as_html(self, frame=self.to_frame())


def assign_policy(
    expected_profit: ArrayLike | Mapping[str, ArrayLike],
    *,
    policies: Sequence[str] | None = None,
    capacity: ArrayLike | Mapping[str, float] | None = None,
    use: ArrayLike | None = None,
    budget: float | None = None,
    customer: ArrayLike | None = None,
    standard_error: ArrayLike | None = None,
    draws: ArrayLike | None = None,
    confidence_level: float = 0.95,
) -> PolicyAssignment:
    r"""Policy of each customer with the largest expected profit that capacity or a budget allows.

    Parameters
    ----------
    expected_profit : array_like of shape (n_customers, n_policies), or mapping
        Expected profit of each policy for each customer *over doing nothing*, in money, after its costs; or a
        mapping from the name of a policy to one number a customer, such as `dict(frame)`. Doing
        nothing is always possible and earns 0.
    policies : sequence of str, optional
        Names of the columns, none of them "none"; by default "policy 1" and so on.
    capacity : array_like of shape (n_policies,) or mapping, optional
        Customers that each policy can serve: whole numbers, 0 or more, or infinite. A mapping may
        leave out policies without a limit.
    use : array_like of shape (n_policies,) or (n_customers, n_policies), optional
        Units of `budget` that a policy uses for a customer, 0 or more.
    budget : float, optional
        Units of the one resource (money, hours, calls) that all policies share. Not with `capacity`.
    customer : array_like of shape (n_customers,), optional
        Ids, all different, that can be sorted: who comes first where customers are equal. By default the row.
    standard_error : array_like of shape (n_customers, n_policies), optional
        Standard errors of the expected profits, independent between customers.
    draws : array_like of shape (n_draws, n_customers, n_policies), optional
        Draws of the expected profits from a posterior or a bootstrap, where they move together.
    confidence_level : float, default 0.95
        Nominal coverage of the interval of the total, strictly between 0 and 1.

    Returns
    -------
    PolicyAssignment
        Policy of each customer, total, shadow prices, and a bound that no assignment exceeds.

    Raises
    ------
    InvalidInputError
        If a number is out of its range, shapes or names do not fit, or there are a capacity and a budget.
    ConvergenceError
        If the shadow prices do not settle.

    Notes
    -----
    \[ \max_x \sum_{i,j} x_{ij}\, e_{ij} \quad\text{with}\quad \sum_j x_{ij} \le 1, \quad
       \sum_i x_{ij} \le C_j, \quad x_{ij} \in \{0, 1\} . \]

    It is a transportation problem, whose linear relaxation has whole solutions. With shadow prices
    \(\lambda_j\), every customer gets what is best after prices, \(\max(0, \max_j e_{ij} - \lambda_j)\), and
    the dual value \(\sum_j \lambda_j C_j + \sum_i \max(0, \max_j e_{ij} - \lambda_j)\) is an upper bound of
    the total that is reached. With a budget the same holds for one price \(\mu\) and
    \(e_{ij} - \mu u_{ij}\), but for the last customer, who may not fit into what is left.

    Profits that differ by less than \(10^{-12}\) of the largest one are ties. Between policies the earlier
    one wins, "none" first of all; between customers who compete for a place, the one with the higher profits
    (first column first), then the smaller id.

    The interval is for the total of the policies assigned. Profits that were estimated are picked because
    they are high, so the total promises too much; a held-out experiment says what it is worth
    (`segment_gain`).

    References
    ----------
    Kuhn, H. W. (1955), The Hungarian method for the assignment problem. Naval Research Logistics Quarterly
    2(1-2), 83-97. [doi:10.1002/nav.3800020109](https://doi.org/10.1002/nav.3800020109).

    Examples
    --------
    >>> profit = {"call": [50, 40, -5, 20], "gift": [30, 35, 10, 15]}
    >>> plan = assign_policy(profit, capacity={"call": 1})
    >>> plan.names().tolist(), plan.total
    (['call', 'gift', 'gift', 'gift'], 110.0)
    >>> float(plan.shadow_price[1])
    5.0
    """
    check_confidence_level(confidence_level)
    names, given = _profits(expected_profit, policies)
    n, m = given.shape
    profit = np.column_stack([np.zeros(n), given])
    rooms = _capacity(capacity, names, n)
    if capacity is not None and (use is not None or budget is not None):
        raise InvalidInputError(
            "`capacity` and `budget` must not be given together; a place may be counted as a use of 1"
        )
    order = _turns(profit, customer)
    price, budget_price, n_tied = np.zeros(m + 1), None, 0
    if budget is not None or use is not None:
        uses, limit = _uses(use, budget, given.shape)
        sorted_choice, budget_price = solve_budget(profit[order], uses[order], limit)
        net = profit - budget_price * uses
        bound = limit * budget_price + float(net.max(axis=1).sum())
    else:
        found = solve_transport(profit[order], rooms)
        sorted_choice, price, n_tied = found.choice, found.price, found.n_tied
        net = profit - price
        bound = float(price @ np.where(price > 0, rooms, 0.0)) + float(net.max(axis=1).sum())
    assigned = np.empty(n, dtype=np.int64)
    assigned[order] = sorted_choice
    earned = profit[np.arange(n), assigned]
    interval = _interval(float(earned.sum()), assigned, given.shape, standard_error, draws, confidence_level)
    return PolicyAssignment(
        policies=(NONE, *names),
        assigned=assigned,
        margin=_margin(net, assigned),
        total=float(earned.sum()),
        interval=interval,
        customers=np.bincount(assigned, minlength=m + 1),
        profit=np.bincount(assigned, weights=earned, minlength=m + 1).astype(np.float64),
        shadow_price=price,
        budget_price=budget_price,
        upper_bound=bound,
        n_tied=n_tied,
        reason=_NO_SPREAD if interval is None else None,
    )


def _profits(
    expected_profit: ArrayLike | Mapping[str, ArrayLike], policies: Sequence[str] | None
) -> tuple[tuple[str, ...], FloatArray]:
    """Names and profits of the policies, checked."""
    if isinstance(expected_profit, Mapping):
        if policies is not None:
            raise InvalidInputError("`policies` must be left out where `expected_profit` names its columns")
        names = tuple(str(name) for name in expected_profit)
        columns = [check_array(f"expected_profit[{n!r}]", c) for n, c in expected_profit.items()]
        if not columns or columns[0].ndim != 1 or any(c.shape != columns[0].shape for c in columns):
            raise InvalidInputError(
                "`expected_profit` must have one number a customer for each policy, got shapes "
                f"{[c.shape for c in columns]}"
            )
        profit = np.column_stack(columns)
    else:
        profit = check_array("expected_profit", expected_profit)
        if profit.ndim != 2 or profit.shape[1] == 0:
            raise InvalidInputError(
                "`expected_profit` must have a row a customer and a column a policy, got shape "
                f"{profit.shape}"
            )
        names = tuple(
            (f"policy {j + 1}" for j in range(profit.shape[1])) if policies is None else map(str, policies)
        )
    if len(names) != profit.shape[1] or len(set(names)) != len(names) or NONE in names:
        raise InvalidInputError(
            f"`policies` must be {profit.shape[1]} different names other than {NONE!r}, got {list(names)!r}"
        )
    return names, profit


def _capacity(capacity: ArrayLike | Mapping[str, float] | None, names: tuple[str, ...], n: int) -> FloatArray:
    """Places of each column, "none" first; no more than there are customers."""
    if capacity is None:
        return np.full(len(names) + 1, float(n))
    if isinstance(capacity, Mapping):
        unknown = [name for name in capacity if name not in names]
        if unknown:
            raise InvalidInputError(
                f"`capacity` must name policies, got {unknown[0]!r}; the policies are {', '.join(names)}"
            )
        capacity = [capacity.get(name, np.inf) for name in names]
    rooms = check_array("capacity", capacity, minimum=0.0, finite=False)
    if rooms.shape != (len(names),):
        raise InvalidInputError(
            f"`capacity` must have one number a policy, got shape {rooms.shape} for {', '.join(names)}"
        )
    limited = np.minimum(rooms, float(n))
    check_array("capacity", limited, whole=True)
    return np.append(float(n), limited)


def _uses(use: ArrayLike | None, budget: float | None, shape: tuple[int, ...]) -> tuple[FloatArray, float]:
    if use is None or budget is None:
        raise InvalidInputError("`use` and `budget` must be given together")
    limit = check_number("budget", budget, minimum=0.0)
    units = check_array("use", use, minimum=0.0)
    if units.shape not in {shape, shape[1:]}:
        raise InvalidInputError(
            "`use` must have one number a policy, or a row of them for each customer, got shape "
            f"{units.shape}"
        )
    return np.column_stack([np.zeros(shape[0]), np.broadcast_to(units, shape)]), limit


def _turns(profit: FloatArray, customer: ArrayLike | None) -> IntArray:
    """The rows in an order that does not depend on theirs: by profits, highest first, then by id."""
    keys: list[np.ndarray[tuple[int, ...], np.dtype[np.generic]]] = []
    if customer is not None:
        ids = np.asarray(customer)
        found, first = np.unique(ids, return_inverse=True)
        if ids.shape != (len(profit),) or found.size != len(profit):
            raise InvalidInputError(
                f"`customer` must have one id a customer, all different, got {found.size} different ids of "
                f"shape {ids.shape} for {counted(len(profit), 'customer')}"
            )
        keys.append(first)
    keys += [-profit[:, j] for j in range(profit.shape[1] - 1, 0, -1)]
    return np.lexsort(keys)


def _margin(net: FloatArray, assigned: IntArray) -> FloatArray:
    """By how much the choice of each customer beats the next best one after prices."""
    rows = np.arange(len(net))
    own = net[rows, assigned]
    others = net.copy()
    others[rows, assigned] = -np.inf
    return np.asarray(np.maximum(own - others.max(axis=1), 0.0))


def _interval(
    total: float,
    assigned: IntArray,
    shape: tuple[int, ...],
    standard_error: ArrayLike | None,
    draws: ArrayLike | None,
    confidence_level: float,
) -> Interval | None:
    if standard_error is not None and draws is not None:
        raise InvalidInputError("`standard_error` and `draws` must not be given together")
    rows = np.flatnonzero(assigned)
    if standard_error is not None:
        errors = check_array("standard_error", standard_error, minimum=0.0)
        if errors.shape != shape:
            raise InvalidInputError(
                f"`standard_error` must have the shape of `expected_profit`, got {errors.shape} and {shape}"
            )
        error = float(np.sqrt((errors[rows, assigned[rows] - 1] ** 2).sum()))
        lower, upper = normal_interval(total, error, confidence_level=confidence_level)
        return Interval(float(lower), float(upper), confidence_level)
    if draws is not None:
        drawn = check_array("draws", draws)
        if drawn.ndim != 3 or drawn.shape[1:] != shape or drawn.shape[0] == 0:
            raise InvalidInputError(
                "`draws` must have one table of the shape of `expected_profit` a draw, got shape "
                f"{drawn.shape} for {shape}"
            )
        totals = drawn[:, rows, assigned[rows] - 1].sum(axis=1)
        tail = 0.5 * (1.0 - confidence_level)
        lower, upper = np.quantile(totals, [tail, 1.0 - tail])
        return Interval(float(lower), float(upper), confidence_level)
    return None

"""Profit of each customer: revenue less everything that the customer costs, acquisition apart."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from customer_centric._core.checks import check_number
from customer_centric._core.frames import LazyFrame, MemoryFrame, check_columns, engine_of, open_frame
from customer_centric.errors import InvalidInputError
from customer_centric.segments._profit_lazy import profit_in_engine
from customer_centric.segments._profit_memory import profit_in_memory
from customer_centric.segments._profit_rules import ProfitRules
from customer_centric.typing import FrameT

__all__ = ["customer_profit"]


def customer_profit(
    transactions: FrameT,
    *,
    customer: str,
    amount: str,
    cost: str | None = None,
    margin_rate: float | None = None,
    returns: str | None = None,
    concessions: str | Sequence[str] = (),
    acquisition_cost: str | None = None,
    contacts: FrameT | None = None,
    contact_customer: str | None = None,
    activity: str | None = None,
    quantity: str | None = None,
    unit_costs: Mapping[str, float] | None = None,
) -> FrameT:
    r"""Profit of each customer: revenue less product cost, returns, concessions and cost to serve.

    Parameters
    ----------
    transactions : data frame
        One row a sale: pandas, Polars (eager or lazy), PyArrow or DuckDB.
    customer : str
        Column of customer ids: text, whole numbers or categories; none missing.
    amount : str
        Column of revenue, in money, before returns and concessions that have columns of their own.
    cost : str, optional
        Column of what the goods cost, in money, of the whole row. This or `margin_rate` is required.
    margin_rate : float, optional
        Share of `amount` that the goods leave, at most 1: 40 % is 0.4. Amounts are 0 or more then, because
        the margin of a refund is not a share of it.
    returns : str, optional
        Column of money paid back, 0 or more. What goods that came back are still worth is less `cost`.
    concessions : str or sequence of str, default ()
        Columns of discounts, credits and gifts that `amount` does not know of, 0 or more.
    acquisition_cost : str, optional
        Column of what was spent to win the customer, 0 or more, in the row where it was spent. Shown apart.
    contacts : data frame, optional
        One row a contact or activity, of the same engine: calls, visits, deliveries.
    contact_customer : str, optional
        Column of customer ids there; `customer` by default.
    activity : str, optional
        Column of the kind of activity, as text. Required with `contacts`.
    quantity : str, optional
        Column of units in the row, 0 or more: minutes, kilometres, parcels. Each row is one by default.
    unit_costs : mapping of str to float, optional
        Money a unit for each activity, 0 or more. Required with `contacts`.

    Returns
    -------
    data frame
        Of the same kind, a row a customer by ascending `customer`: `revenue`, `product_cost`, `returns`,
        `concessions`, `cost_to_serve`, `profit`, `acquisition_cost`, in money, `n_transactions` and
        `n_contacts`. Who was served and bought nothing is there, with `n_transactions` 0. Lazy frames stay
        lazy: of the rows, only the checks are computed at once, in the engine.

    Raises
    ------
    MissingColumnError
        If a column is not in its frame.
    InvalidInputError
        If neither or both of `cost` and `margin_rate` are given, an activity has no unit cost, or a value is
        missing, not finite, or negative where it cannot be. Nothing that is missing counts as 0.

    Notes
    -----
    With the sums of the rows of customer \(i\), and \(u_a\) the money a unit of activity \(a\), of which the
    customer took \(q_{ia}\),

    \[ \pi_i = \text{revenue}_i - \text{product cost}_i - \text{returns}_i - \text{concessions}_i
       - \sum_a u_a q_{ia} . \]

    The cost of acquisition is no part of it: it is spent once, whatever period the profit is of.

    References
    ----------
    Cooper, R. and Kaplan, R. S. (1991), Profit priorities from activity-based costing. Harvard Business
    Review 69(3).

    Examples
    --------
    >>> import pandas as pd
    >>> sales = pd.DataFrame({"id": ["a", "a", "b"], "paid": [600.0, 400.0, 300.0]})
    >>> calls = pd.DataFrame(
    ...     {"id": ["a", "c"], "kind": ["call", "call"], "minutes": [250.0, 10.0]}
    ... )
    >>> profit = customer_profit(
    ...     sales,
    ...     customer="id",
    ...     amount="paid",
    ...     margin_rate=0.4,
    ...     contacts=calls,
    ...     activity="kind",
    ...     quantity="minutes",
    ...     unit_costs={"call": 1.5},
    ... )
    >>> profit[["customer", "revenue", "cost_to_serve", "profit"]].to_numpy().tolist()
    [['a', 1000.0, 375.0, 25.0], ['b', 300.0, 0.0, 120.0], ['c', 0.0, 15.0, -15.0]]
    """
    listed = (concessions,) if isinstance(concessions, str) else tuple(concessions)
    rules = ProfitRules(
        customer=customer,
        amount=amount,
        cost=cost,
        margin_rate=_check_margin(cost, margin_rate),
        returns=returns,
        concessions=listed,
        acquisition_cost=acquisition_cost,
        contact_customer=contact_customer or customer,
        activity=activity,
        quantity=quantity,
        unit_costs=_check_contacts(contacts, contact_customer, activity, quantity, unit_costs),
    )
    sales = open_frame("transactions", transactions)
    check_columns(sales.columns, rules.columns_of_sales())
    served = None if contacts is None else _open_contacts(transactions, contacts, rules)
    if isinstance(sales, LazyFrame):
        return profit_in_engine(sales, served if isinstance(served, LazyFrame) else None, rules)
    return profit_in_memory(sales, served if isinstance(served, MemoryFrame) else None, rules)


def _check_margin(cost: str | None, margin_rate: float | None) -> float | None:
    if cost is None and margin_rate is None:
        raise InvalidInputError(
            "`cost` or `margin_rate` must be given, got neither; revenue is not profit, and goods that cost "
            "nothing have `margin_rate=1`"
        )
    if margin_rate is None:
        return None
    if cost is not None:
        raise InvalidInputError("`margin_rate` must be left out where `cost` is given, got both")
    remedy = "40 % is 0.4" if isinstance(margin_rate, int | float) and margin_rate > 1 else ""
    return check_number("margin_rate", margin_rate, maximum=1.0, remedy=remedy)


def _check_contacts(
    contacts: object,
    contact_customer: str | None,
    activity: str | None,
    quantity: str | None,
    unit_costs: Mapping[str, float] | None,
) -> dict[str, float]:
    given = {
        "contact_customer": contact_customer,
        "activity": activity,
        "quantity": quantity,
        "unit_costs": unit_costs,
    }
    if contacts is None:
        for name, value in given.items():
            if value is not None:
                raise InvalidInputError(f"`contacts` must be given with `{name}`, got none")
        return {}
    for name in ("activity", "unit_costs"):
        if given[name] is None:
            raise InvalidInputError(f"`{name}` must be given with `contacts`, got none")
    costs = dict(unit_costs or {})
    for name, money in costs.items():
        if not isinstance(name, str):
            raise InvalidInputError(f"`unit_costs` must have names of activities, got {name!r}")
        check_number(f"unit_costs[{name!r}]", money, minimum=0.0)
    return {name: float(money) for name, money in costs.items()}


def _open_contacts(
    transactions: FrameT, contacts: FrameT, rules: ProfitRules
) -> MemoryFrame[FrameT] | LazyFrame[FrameT]:
    engines = engine_of("transactions", transactions), engine_of("contacts", contacts)
    if engines[0] != engines[1]:
        raise InvalidInputError(
            f"`contacts` must be of the same engine as `transactions`, got {engines[1]} and {engines[0]}; "
            "convert one of them"
        )
    served = open_frame("contacts", contacts)
    check_columns(served.columns, rules.columns_of_contacts())
    return served

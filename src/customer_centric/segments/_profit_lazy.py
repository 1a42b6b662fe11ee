"""Profit of customers from rows that stay in their engine: one group-by over sales and contacts."""

from __future__ import annotations

from typing import Any, cast

import narwhals.stable.v2 as nw

from customer_centric._core.frames import LazyFrame
from customer_centric._core.frames.lazy import AnyLazyFrame, sort_by
from customer_centric._core.frames.lazy_checks import Broken, no_id, not_finite, refuse_broken
from customer_centric._core.frames.problems import in_column, raise_rows
from customer_centric.segments._profit_rules import (
    COLUMNS,
    COSTS,
    FINITE,
    NO_UNIT_COST,
    NOT_NEGATIVE,
    QUANTITY_REMEDY,
    UNIT_COST_REMEDY,
    ProfitRules,
    no_unit_cost,
    refuse_other_ids,
    result_of,
)
from customer_centric.typing import FrameT

_COUNTS = ("n_transactions", "n_contacts")


def profit_in_engine(
    sales: LazyFrame[FrameT], contacts: LazyFrame[FrameT] | None, rules: ProfitRules
) -> FrameT:
    """A row a customer, by ascending id, still lazy; the rows are checked at once."""
    _check_sales(sales, rules)
    rows = _sales_rows(sales, rules)
    money = [name for name in rows.collect_schema() if name not in {"customer", *_COUNTS}]
    counts = list(_COUNTS[:1])
    if contacts is not None:
        _check_contacts(contacts, rules)
        refuse_other_ids(
            sales.schema[rules.customer], contacts.schema[rules.contact_customer], rules.contact_customer
        )
        served = _contact_rows(contacts, rules)
        none = nw.lit(0.0)
        kinds = rows.collect_schema()["customer"], served.collect_schema()["customer"]
        if kinds[0] != kinds[1]:
            same = nw.col("customer").cast(nw.Int64 if kinds[0].is_integer() else nw.String)
            rows, served = rows.with_columns(same), served.with_columns(same)
        rows = nw.concat(
            [
                rows.with_columns(cost_to_serve=none, n_contacts=nw.lit(0).cast(nw.Int64)),
                served.select(
                    "customer",
                    **dict.fromkeys(money, none),
                    n_transactions=nw.lit(0).cast(nw.Int64),
                    cost_to_serve=nw.col("cost_to_serve"),
                    n_contacts=nw.lit(1).cast(nw.Int64),
                ),
            ]
        )
        money.append("cost_to_serve")
        counts = list(_COUNTS)
    sums = rows.group_by("customer").agg(*(nw.col(name).sum() for name in (*money, *counts)))
    if rules.margin_rate is not None:
        sums = sums.with_columns(product_cost=nw.col("revenue") * (1.0 - rules.margin_rate))
        money.append("product_cost")
    profit = nw.col("revenue")
    for name in COSTS:
        if name in money:
            profit = profit - nw.col(name)
    # Sums of whole numbers are of a wider type in some engines.
    sums = sums.with_columns(*(nw.col(name).cast(nw.Int64) for name in counts), profit=profit)
    listed = [name for name in COLUMNS if name in {*money, "profit"}]
    return cast("FrameT", sort_by(sums.select("customer", *listed, *counts), "customer").to_native())


def _sales_rows(sales: LazyFrame[Any], rules: ProfitRules) -> AnyLazyFrame:
    money: dict[str, nw.Expr] = {}
    for role, column, _, _ in rules.money():
        value, name = nw.col(column).cast(nw.Float64), result_of(role)
        money[name] = money[name] + value if name in money else value
    return sales.frame.select(
        customer=nw.col(rules.customer), **money, n_transactions=nw.lit(1).cast(nw.Int64)
    )


def _contact_rows(contacts: LazyFrame[Any], rules: ProfitRules) -> AnyLazyFrame:
    unit_cost = nw.lit(0.0)
    for name, money in rules.unit_costs.items():
        is_name = nw.col(rules.activity or "").cast(nw.String) == nw.lit(name)
        unit_cost = nw.when(is_name).then(nw.lit(money)).otherwise(unit_cost)
    units = nw.lit(1.0) if rules.quantity is None else nw.col(rules.quantity).cast(nw.Float64)
    return contacts.frame.select(customer=nw.col(rules.contact_customer), cost_to_serve=unit_cost * units)


def _check_sales(sales: LazyFrame[Any], rules: ProfitRules) -> None:
    sales.check_ids(rules.customer, "customer")
    broken = [no_id("customer", rules.customer)]
    for role, column, may_be_negative, remedy in rules.money():
        sales.check_numbers(column, role)
        broken.append(_no_number(role, column, remedy, may_be_negative=may_be_negative))
    refuse_broken(sales, broken)


def _check_contacts(contacts: LazyFrame[Any], rules: ProfitRules) -> None:
    activity = rules.activity or ""
    contacts.check_ids(rules.contact_customer, "contact_customer")
    contacts.check_ids(activity, "activity")
    broken = [no_id("contact_customer", rules.contact_customer), no_id("activity", activity)]
    if rules.quantity is not None:
        contacts.check_numbers(rules.quantity, "quantity")
        broken.append(_no_number("quantity", rules.quantity, QUANTITY_REMEDY, may_be_negative=False))
    n, _ = refuse_broken(contacts, broken)
    names = contacts.frame.select(name=nw.col(activity).cast(nw.String))
    known = list(rules.unit_costs)
    unpriced = names.filter(~nw.col("name").is_in(known)).group_by("name").agg(n=nw.len()).sort("name")
    # One name says it, and its column may have millions.
    total = contacts.collect_arrays(unpriced.select(nw.col("n").sum(), names=nw.len()))
    if total["names"][0]:
        raise_rows(
            in_column("activity", activity),
            NO_UNIT_COST,
            value=no_unit_cost(contacts.collect(unpriced.head(1)).value("name"), int(total["names"][0])),
            count=int(total["n"][0]),
            total=n,
            remedy=UNIT_COST_REMEDY,
        )


def _no_number(role: str, column: str, remedy: str, *, may_be_negative: bool) -> Broken:
    value = nw.col(column).cast(nw.Float64)
    odd = not_finite(value)
    if not may_be_negative:
        odd = odd | (value < 0)
    return Broken(role, column, odd, FINITE if may_be_negative else NOT_NEGATIVE, "something else", remedy)

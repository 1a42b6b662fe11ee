"""Profit of customers from rows in memory: a sum a column, by the code of the customer."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import narwhals.stable.v2 as nw
import numpy as np
from numpy.typing import NDArray

from customer_centric._core.frames import MemoryFrame
from customer_centric._core.frames.codes import (
    MISSING_ID_REMEDY,
    Codes,
    as_series,
    encode_ids,
    refuse_missing,
)
from customer_centric._core.frames.problems import in_column, raise_rows, raise_where
from customer_centric._core.tabulate import sum_by
from customer_centric.segments._profit_rules import (
    COLUMNS,
    COSTS,
    NO_UNIT_COST,
    NOT_NEGATIVE,
    QUANTITY_REMEDY,
    UNIT_COST_REMEDY,
    ProfitRules,
    no_unit_cost,
    refuse_other_ids,
    result_of,
)
from customer_centric.typing import FloatArray, FrameT, IntArray


def profit_in_memory(
    sales: MemoryFrame[FrameT], contacts: MemoryFrame[FrameT] | None, rules: ProfitRules
) -> FrameT:
    """A row a customer, by ascending id."""
    ids, bought, served = _codes(sales, contacts, rules)
    sums: dict[str, FloatArray] = {}
    for role, values in _money(sales, rules):
        total = sum_by(bought, values, ids.size)
        sums[role] = sums[role] + total if role in sums else total
    if rules.margin_rate is not None:
        sums["product_cost"] = (1.0 - rules.margin_rate) * sums["revenue"]
    n_sales = np.bincount(bought, minlength=ids.size)
    counts = {"n_transactions": n_sales}
    if contacts is not None:
        sums["cost_to_serve"] = sum_by(served, _service(contacts, rules), ids.size)
        counts["n_contacts"] = np.bincount(served, minlength=ids.size)
    sums["profit"] = sums["revenue"].copy()
    for role in COSTS:
        if role in sums:
            sums["profit"] -= sums[role]
    arrays: dict[str, NDArray[Any]] = {role: sums[role] for role in COLUMNS if role in sums} | counts
    present = np.flatnonzero(sum(counts.values()))
    if present.size < ids.size:
        arrays = {name: values[present] for name, values in arrays.items()}
    return sales.build(labels={"customer": ids.labels(present)}, arrays=arrays, missing={})


def _codes(
    sales: MemoryFrame[FrameT], contacts: MemoryFrame[FrameT] | None, rules: ProfitRules
) -> tuple[Codes, IntArray, IntArray]:
    """The ids of both frames as codes of one kind."""
    if contacts is None:
        ids = sales.ids(rules.customer, "customer")
        return ids, ids.codes.astype(np.intp), np.zeros(0, dtype=np.intp)
    both = [sales.series(rules.customer), contacts.series(rules.contact_customer)]
    first, second = (series.dtype for series in both)
    refuse_other_ids(first, second, rules.contact_customer)
    if first != second:
        both = [series.cast(nw.Int64 if first.is_integer() else nw.String) for series in both]
    # Each is looked at alone first: its own name and position belong in messages.
    roles = {"customer": rules.customer, "contact_customer": rules.contact_customer}
    for (role, column), series in zip(roles.items(), both, strict=True):
        refuse_missing(in_column(role, column), series, MISSING_ID_REMEDY)
    joined = nw.concat([series.alias(rules.customer).to_frame() for series in both])
    ids = encode_ids(joined[rules.customer], engine=sales.engine, role="customer")
    codes = ids.codes.astype(np.intp)
    return ids, codes[: sales.n_rows], codes[sales.n_rows :]


def _money(sales: MemoryFrame[FrameT], rules: ProfitRules) -> Iterator[tuple[str, FloatArray]]:
    """The money of each row, by the column of the result that it is added to."""
    for role, column, may_be_negative, remedy in rules.money():
        values = sales.amounts(column, role)
        if not may_be_negative:
            _refuse_negative(in_column(role, column), values, remedy)
        yield result_of(role), values


def _service(contacts: MemoryFrame[FrameT], rules: ProfitRules) -> FloatArray:
    """What each contact costs."""
    activity = contacts.ids(rules.activity or "", "activity")
    found = np.bincount(activity.codes, minlength=activity.size)
    codes = np.flatnonzero(found)
    names: list[object] = as_series(activity.labels(codes)).to_list()
    unknown = [place for place, name in enumerate(names) if name not in rules.unit_costs]
    if unknown:
        raise_rows(
            in_column("activity", rules.activity or ""),
            NO_UNIT_COST,
            value=no_unit_cost(names[unknown[0]], len(unknown)),
            count=int(found[codes[unknown]].sum()),
            total=contacts.n_rows,
            remedy=UNIT_COST_REMEDY,
        )
    unit_cost = np.zeros(activity.size)
    unit_cost[codes] = [rules.unit_costs[str(name)] for name in names]
    money = unit_cost[activity.codes]
    if rules.quantity is not None:
        quantity = contacts.amounts(rules.quantity, "quantity")
        _refuse_negative(in_column("quantity", rules.quantity), quantity, QUANTITY_REMEDY)
        money *= quantity
    return money


def _refuse_negative(name: str, values: FloatArray, remedy: str) -> None:
    raise_where(name, NOT_NEGATIVE, values < 0, values, remedy=remedy)

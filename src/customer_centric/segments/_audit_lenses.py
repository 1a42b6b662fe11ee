"""The five lenses of a customer-base audit, from cells of cohorts and periods."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from customer_centric._core.frames import Period
from customer_centric._core.frames.periods import first_days
from customer_centric._core.tabulate import sum_by
from customer_centric.intervals import wilson_interval
from customer_centric.segments._audit_rows import SUMS, AuditRows
from customer_centric.typing import FloatArray, IntArray

if TYPE_CHECKING:
    import pandas as pd

_ROUNDING: Final = 1e-12
MOVES: Final = ("new", "returned", "up", "level", "down", "lost")


def one_period(rows: AuditRows, n_groups: int) -> pd.DataFrame:
    """Customers of the last period from the best to the worst, in groups of equal size."""
    import pandas as pd

    there = rows.after["purchases"] > 0
    values = {name: rows.after[name][there] for name in SUMS}
    # Ties are broken by what is shown, never by ids.
    order = np.lexsort((-values["margin"], -values["purchases"], -values["amount"]))
    n = order.size
    k = min(n_groups, n)
    group = np.arange(n) * k // max(n, 1)
    sums = {name: sum_by(group, values[name][order], k) for name in SUMS}
    customers = np.bincount(group, minlength=k)
    total = sums["amount"].sum()
    return pd.DataFrame(
        {
            "group": np.arange(1, k + 1),
            "customers": customers,
            **sums,
            "share_of_amount": _over(sums["amount"], total),
            "cumulative_share": _over(np.cumsum(sums["amount"]), total),
            **_factors(customers, sums),
        }
    )


def two_periods(rows: AuditRows) -> pd.DataFrame:
    """Customers of the last two periods by what became of them; `change` adds up to that of the whole."""
    import pandas as pd

    before, after = rows.before, rows.after
    was, there = before["purchases"] > 0, after["purchases"] > 0
    change = after["amount"] - before["amount"]
    # Engines add in different orders: what differs by rounding is level.
    rounding = _ROUNDING * (np.abs(before["amount"]) + np.abs(after["amount"]))
    up, down = change > rounding, change < -rounding
    who = {
        "new": ~was & (rows.born == rows.whole),
        "returned": ~was & (rows.born < rows.whole),
        "up": was & there & up,
        "level": was & there & ~up & ~down,
        "down": was & there & down,
        "lost": was & ~there,
    }
    table: dict[str, object] = {
        "group": list(MOVES),
        "customers": [int(who[name].sum()) for name in MOVES],
    }
    for name in SUMS:
        for side, values in (("before", before), ("after", after)):
            table[f"{name}_{side}"] = [float(values[name][who[move]].sum()) for move in MOVES]
    frame = pd.DataFrame(table)
    return frame.assign(change=frame["amount_after"] - frame["amount_before"])


def by_age(rows: AuditRows, period: Period, confidence_level: float) -> pd.DataFrame:
    """Every cohort at every age up to the last period: who is still active, and what they brought."""
    import pandas as pd

    first = int(rows.cohort.min(initial=rows.whole + 1))
    n = rows.whole - first + 1
    # Only periods in which somebody came for the first time are cohorts.
    born = np.unique(rows.cohort)
    length = rows.whole - born + 1
    cohort = np.repeat(born, length)
    age = np.arange(cohort.size) - np.repeat(np.cumsum(length) - length, length)
    at, cell = (cohort - first) * n + age, (rows.cohort - first) * n + (rows.slot - rows.cohort)
    active = _filled(cell, rows.active, n, at)
    sums = {name: _filled(cell, values, n, at) for name, values in rows.cells.items()}
    acquired = _filled(cell, rows.active, n, (cohort - first) * n)
    lower, upper = wilson_interval(active, acquired, confidence_level=confidence_level)
    table = np.zeros((max(n, 0), max(n, 0)))
    table.ravel()[cell] = rows.cells["amount"]
    so_far = np.cumsum(table, axis=1).ravel()[at]
    return pd.DataFrame(
        {
            "cohort": _dates(cohort, period),
            "age": age,
            "period": _dates(cohort + age, period),
            "acquired": acquired.astype(np.int64),
            "active": active.astype(np.int64),
            "active_share": _over(active, acquired),
            # At age 0 everybody is there, by definition.
            "lower": np.where(age == 0, 1.0, lower),
            "upper": upper,
            **sums,
            **_factors(active, sums),
            "amount_per_acquired": _over(sums["amount"], acquired),
            "cumulative_per_acquired": _over(so_far, acquired),
        }
    )


def whole_base(ages: pd.DataFrame) -> pd.DataFrame:
    """The base of each period as a stack of its cohorts."""
    names = ["period", "cohort", "active", *SUMS]
    table = ages[ages["active"] > 0][names].sort_values(["period", "cohort"], ignore_index=True)
    total = table.groupby("period")["amount"].transform("sum").to_numpy(np.float64)
    return table.assign(share_of_amount=_over(table["amount"].to_numpy(np.float64), total))


def _factors(customers: IntArray | FloatArray, sums: dict[str, FloatArray]) -> dict[str, FloatArray]:
    """What an amount is the product of, and the margin on it."""
    return {
        "purchases_per_customer": _over(sums["purchases"], customers),
        "amount_per_purchase": _over(sums["amount"], sums["purchases"]),
        "margin_rate": _over(sums["margin"], sums["amount"]),
    }


def _filled(cell: IntArray, values: FloatArray, n: int, at: IntArray) -> FloatArray:
    """Values of the cells at the places asked for; 0 where there is no cell."""
    dense = np.zeros(max(n, 0) ** 2)
    dense[cell] = values
    return dense[at]


def _over(values: FloatArray, base: FloatArray | IntArray | float) -> FloatArray:
    """A ratio, NaN where the base is 0 or less: a share of a loss means nothing."""
    bases = np.broadcast_to(np.asarray(base, dtype=np.float64), values.shape)
    found = np.full(values.shape, np.nan)
    np.divide(values, bases, out=found, where=bases > 0)
    return found


def _dates(ordinals: IntArray, period: Period) -> object:
    return first_days(ordinals, period).astype("datetime64[D]").astype("datetime64[s]")

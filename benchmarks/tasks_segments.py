"""What is measured of segments: this package, and the same by plain pandas."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np

Task: TypeAlias = tuple[Callable[[], Any], Callable[[Any], dict[str, Any]]]
Options: TypeAlias = dict[str, Any]

SALES_INPUT = "sales-"
# Money between the tiers: losses, small, middling and large profits.
TIERS = (0.0, 10.0, 50.0)
K = 5


def write_sales(n_rows: int, path: Path) -> None:
    """Two sales a customer on average, at least one, in no order; a quarter of the sales at a loss."""
    rng = np.random.default_rng(9)
    n = n_rows // 2
    customer = np.concatenate([rng.permutation(n), rng.integers(0, n, n_rows - n)])
    paid = rng.lognormal(3.0, 1.0, n_rows)
    np.savez(
        path,
        allow_pickle=False,
        customer=customer,
        paid=paid,
        cost=paid * rng.uniform(0.3, 1.25, n_rows),
        time_since_last=rng.integers(0, 900, n),
        frequency=np.bincount(customer, minlength=n),
    )


class _Inputs:
    """Sales, and what is known of each customer, in the order of their ids."""

    def __init__(self, path: str) -> None:
        import pandas as pd

        with np.load(path) as columns:
            self.sales = pd.DataFrame({name: columns[name] for name in ("customer", "paid", "cost")})
            self.customers = pd.DataFrame({name: columns[name] for name in ("time_since_last", "frequency")})
        net = self.sales["paid"] - self.sales["cost"]
        n = len(self.customers)
        self.profit = np.bincount(self.sales["customer"], net, n)
        self.customers["spend"] = np.bincount(self.sales["customer"], self.sales["paid"], n)


def ours(path: str, options: Options) -> Task:
    """One step, or all of them one after another."""
    import customer_centric as cc

    given = _Inputs(path)

    def profit() -> Any:
        return cc.customer_profit(given.sales, customer="customer", amount="paid", cost="cost")

    def chain() -> Any:
        table = profit()
        money = table["profit"].to_numpy()
        customers = given.customers.assign(spend=table["revenue"])
        return money.sum(), cc.whale_curve(money), cc.rfm_scores(customers), cc.value_tiers(money, TIERS)

    steps: dict[str, Task] = {
        "profit": (profit, lambda table: {"profit": float(table["profit"].sum())}),
        "whale": (lambda: cc.whale_curve(given.profit), lambda whale: {"peak": whale.peak}),
        "rfm": (lambda: cc.rfm_scores(given.customers), lambda rfm: _told_scores(rfm.frame)),
        "tiers": (lambda: cc.value_tiers(given.profit, TIERS), lambda _: {}),
        "chain": (chain, lambda all_of_it: {"profit": float(all_of_it[0]), "peak": all_of_it[1].peak}),
    }
    return steps[options["step"]]


def by_pandas(path: str, options: Options) -> Task:
    """The queries that people write: a group-by, a sort, mid-ranks, a cut."""
    import pandas as pd

    given = _Inputs(path)

    def profit() -> Any:
        sums = given.sales.groupby("customer")[["paid", "cost"]].sum()
        return sums.assign(profit=sums["paid"] - sums["cost"])

    def whale(money: Any) -> Any:
        curve = money.sort_values(ascending=False).cumsum() / money.sum()
        return curve, float(curve.max())

    def rfm(customers: Any) -> Any:
        scores = {}
        for name, letter in (("time_since_last", "r"), ("frequency", "f"), ("spend", "m")):
            rank = customers[name].rank(method="average", ascending=letter != "r")
            scores[f"{letter}_score"] = np.ceil(K * (rank - 0.5) / len(customers)).astype(np.int64)
        return customers.assign(**scores)

    def tiers(money: Any) -> Any:
        return pd.cut(money, [-np.inf, *TIERS, np.inf], right=False)

    def chain() -> Any:
        sums = profit()
        money = sums["profit"]
        found = whale(money), rfm(given.customers.assign(spend=sums["paid"])), tiers(money)
        return money.sum(), *found

    money = pd.Series(given.profit)
    steps: dict[str, Task] = {
        "profit": (profit, lambda table: {"profit": float(table["profit"].sum())}),
        "whale": (lambda: whale(money), lambda found: {"peak": found[1]}),
        "rfm": (lambda: rfm(given.customers), _told_scores),
        "tiers": (lambda: tiers(money), lambda _: {}),
        "chain": (chain, lambda all_of_it: {"profit": float(all_of_it[0]), "peak": all_of_it[1][1]}),
    }
    return steps[options["step"]]


def _told_scores(frame: Any) -> dict[str, Any]:
    return {letter: int(frame[f"{letter}_score"].sum()) for letter in "rfm"}


TASKS = {"segments": ours, "segments pandas": by_pandas}

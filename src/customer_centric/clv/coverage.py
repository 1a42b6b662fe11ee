"""What became of every transaction and every customer of a log: nothing is left out uncounted."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Literal, TypeAlias

from customer_centric.typing import IntArray, TimeUnit

__all__ = ["Coverage", "PurchaseTiming"]

RefundPolicy: TypeAlias = Literal["raise", "net", "drop"]
ZeroPolicy: TypeAlias = Literal["keep", "drop"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Coverage:
    """Rows and customers of a log: read, merged, left out, and why.

    Every row is in one of `n_rows_after_end`, `n_refunds_dropped`, `n_zero_amounts_dropped` and
    `n_rows_used`; the rows used are merged into `n_purchases`, of which `n_purchases_refunded` are taken
    away again. Every customer is in one of `n_customers_after_end`, `n_customers_without_purchase`,
    `n_customers_after_calibration` and `n_customers`.

    Parameters
    ----------
    end, calibration_end : date or None
        Last day of observation, and of calibration where the log was split.
    period : {"day", "week", "month"}
        Transactions of a customer in one period are one purchase.
    refunds : {"raise", "net", "drop"}
        What negative amounts meant.
    zero_amounts : {"keep", "drop"}
        Whether amounts of zero were purchases.
    n_rows : int
        Transactions read.
    n_rows_after_end : int
        Transactions after `end`, left out.
    n_rows_used : int
        Transactions that became part of a purchase.
    n_purchases : int
        Purchases: customers times periods with a transaction.
    n_refunds, n_refunds_dropped : int
        Negative amounts up to `end`; those left out (`refunds="drop"`).
    n_purchases_refunded : int
        Purchases of which refunds left nothing (`refunds="net"`), left out.
    n_zero_amounts, n_zero_amounts_dropped : int
        Amounts of zero up to `end`; those left out (`zero_amounts="drop"`).
    n_customers_read : int
        Customers of the log.
    n_customers : int
        Customers with a history, each a row of the result.
    n_customers_after_end : int
        Customers all of whose transactions are after `end`, left out.
    n_customers_without_purchase : int
        Customers of whose transactions refunds and zero amounts left no purchase, left out.
    n_customers_after_calibration : int
        Customers whose first purchase is after `calibration_end`, left out.
    n_repeat_customers : int
        Customers with a frequency of 1 or more.
    n_customers_zero_spend : int
        Repeat customers whose repeat purchases are worth nothing, left out of the spend statistics.
    """

    end: date
    calibration_end: date | None
    period: TimeUnit
    refunds: RefundPolicy
    zero_amounts: ZeroPolicy
    n_rows: int
    n_rows_after_end: int
    n_rows_used: int
    n_purchases: int
    n_refunds: int
    n_refunds_dropped: int
    n_purchases_refunded: int
    n_zero_amounts: int
    n_zero_amounts_dropped: int
    n_customers_read: int
    n_customers: int
    n_customers_after_end: int
    n_customers_without_purchase: int
    n_customers_after_calibration: int
    n_repeat_customers: int
    n_customers_zero_spend: int

    @property
    def n_rows_merged(self) -> int:
        """Transactions beyond the first of their purchase."""
        return self.n_rows_used - self.n_purchases

    def rows(self) -> list[tuple[str, int]]:
        """What happened and how often, in words; what did not happen is left out."""
        lines = [
            ("transactions read", self.n_rows, True),
            (f"after {self.end}, left out", self.n_rows_after_end, False),
            ("refunds, left out", self.n_refunds_dropped, False),
            ("refunds, netted within their purchase", self.n_refunds - self.n_refunds_dropped, False),
            ("amounts of zero, left out", self.n_zero_amounts_dropped, False),
            ("amounts of zero, kept as purchases", self.n_zero_amounts - self.n_zero_amounts_dropped, False),
            (f"merged into a purchase of the same {self.period}", self.n_rows_merged, False),
            ("purchases", self.n_purchases, True),
            ("purchases of which refunds left nothing, left out", self.n_purchases_refunded, False),
            ("customers read", self.n_customers_read, True),
            (f"customers first seen after {self.end}, left out", self.n_customers_after_end, False),
            ("customers left without a purchase, left out", self.n_customers_without_purchase, False),
            (
                f"customers first seen after calibration ({self.calibration_end}), left out",
                self.n_customers_after_calibration,
                False,
            ),
            ("customers with a history", self.n_customers, True),
            ("of them with a repeat purchase", self.n_repeat_customers, True),
            ("of these with nothing spent on it, not used for spend", self.n_customers_zero_spend, False),
        ]
        return [(words, count) for words, count, always in lines if always or count]

    def __repr__(self) -> str:
        rows = self.rows()
        width = max(len(f"{count:,}") for _, count in rows)
        return "\n".join(["Coverage", *(f"  {count:>{width},}  {words}" for words, count in rows)])


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class PurchaseTiming:
    """When the customers of a set of histories bought: what a tracking curve is drawn from.

    Parameters
    ----------
    first_period : date
        First day of the period with index 0, that of the first purchase of the log.
    period : {"day", "week", "month"}
        What one step of the arrays is.
    first_purchases : ndarray of int of shape (n_periods,)
        Customers whose first purchase is in the period. The last period is that of `end`.
    repeat_purchases : ndarray of int of shape (n_periods,)
        Later purchases of these customers in the period, those of the holdout included.
    n_calibration : int
        Number of periods up to and with that of `calibration_end` (of `end` where there is none).
    """

    first_period: date
    period: TimeUnit
    first_purchases: IntArray
    repeat_purchases: IntArray
    n_calibration: int

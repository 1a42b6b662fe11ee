"""What is a customer worth? Purchase histories, buy-till-you-die models, spend, discounted value."""

from __future__ import annotations

from customer_centric.clv.counts import HistoryCounts, HoldoutCounts, SpendCounts
from customer_centric.clv.coverage import Coverage, PurchaseTiming
from customer_centric.clv.histories import PurchaseHistories, summarise_transactions

__all__ = [
    "Coverage",
    "HistoryCounts",
    "HoldoutCounts",
    "PurchaseHistories",
    "PurchaseTiming",
    "SpendCounts",
    "summarise_transactions",
]

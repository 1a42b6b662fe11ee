"""What is a customer worth? Purchase histories, buy-till-you-die models, spend, discounted value."""

from __future__ import annotations

from customer_centric.clv.counts import HistoryCounts, SpendCounts

__all__ = [
    "HistoryCounts",
    "SpendCounts",
]

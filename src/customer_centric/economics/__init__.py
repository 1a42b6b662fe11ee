"""What should we spend? The ladder of customer lifetime value."""

from __future__ import annotations

from customer_centric.economics.lifetime import (
    clv_annuity,
    clv_from_survival,
    clv_ladder,
    clv_retention,
    clv_simple,
)

__all__ = ["clv_annuity", "clv_from_survival", "clv_ladder", "clv_retention", "clv_simple"]

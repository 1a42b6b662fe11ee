"""Who matters most, and what do we do for them? Profit, concentration, RFM, tiers, migration, policies."""

from __future__ import annotations

__all__: list[str] = []

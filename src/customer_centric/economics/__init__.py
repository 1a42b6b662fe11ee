"""What should we spend? The ladder of customer lifetime value."""

from __future__ import annotations

__all__: list[str] = []

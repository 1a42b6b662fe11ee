"""Where does it hurt, and what does that cost? Event logs, friction signals, score, loss and what-if."""

from __future__ import annotations

__all__: list[str] = []

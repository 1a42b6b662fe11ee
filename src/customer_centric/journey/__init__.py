"""Where does it hurt, and what does that cost? Event logs, friction signals, score, loss and what-if."""

from __future__ import annotations

from customer_centric.journey.chain import (
    JourneyChain,
    without_friction,
)
from customer_centric.journey.what_if import (
    ChainLoss,
    SingleFixGain,
    decompose_loss,
    single_fix_gain,
)

__all__ = [
    "ChainLoss",
    "JourneyChain",
    "SingleFixGain",
    "decompose_loss",
    "single_fix_gain",
    "without_friction",
]

"""The chain of a hotel's bookings: five states, two of them flagged."""

from __future__ import annotations

import numpy as np

from customer_centric.journey import JourneyChain

TOUCHPOINTS = ("cart", "pay", "pay", "pay", "contact")
SIGNALS = (None, None, "error", "price_up", None)
MOVES = np.array(
    [
        [0, 0.70, 0.12, 0.06, 0],
        [0.02, 0, 0, 0, 0],
        [0.05, 0.40, 0.05, 0.10, 0.10],
        [0.10, 0, 0, 0, 0.15],
        [0, 0.20, 0, 0, 0],
    ]
)
CONVERTS = np.array([0, 0.93, 0, 0.30, 0.10])
START = np.array([1.0, 0, 0, 0, 0])


def hotel() -> JourneyChain:
    return JourneyChain(touchpoints=TOUCHPOINTS, signals=SIGNALS, start=START, moves=MOVES, converts=CONVERTS)

"""What a model expects of each customer, in one piece."""

from __future__ import annotations

from dataclasses import dataclass

from customer_centric.typing import FloatArray

__all__ = ["Forecast"]


@dataclass(frozen=True, slots=True, eq=False)
class Forecast:
    """Expectations of each customer, of the shape of the histories asked about.

    Parameters
    ----------
    probability_alive : ndarray
        Probability of being active at the end of observation, in [0, 1].
    expected_purchases : ndarray
        Expected purchases in the horizon, 0 or more.
    discounted_purchases : ndarray
        The same, each purchase discounted to the end of observation.
    """

    probability_alive: FloatArray
    expected_purchases: FloatArray
    discounted_purchases: FloatArray

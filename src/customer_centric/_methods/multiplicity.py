"""Many tests at once: p-values adjusted for one another."""

from __future__ import annotations

import numpy as np

from customer_centric.typing import FloatArray


def holm(p_value: FloatArray) -> FloatArray:
    """Holm's adjusted p-values: the level at which each of many tests is the first to fail."""
    order = np.argsort(p_value, kind="stable")
    factor = np.arange(p_value.size, 0, -1, dtype=np.float64)
    adjusted: FloatArray = np.empty_like(p_value)
    adjusted[order] = np.minimum(np.maximum.accumulate(p_value[order] * factor), 1.0)
    return adjusted


def benjamini_hochberg(p_value: FloatArray) -> FloatArray:
    """Benjamini and Hochberg's: the share of false ones expected where each test is the last to fail."""
    order = np.argsort(p_value, kind="stable")[::-1]
    factor = p_value.size / np.arange(p_value.size, 0, -1, dtype=np.float64)
    adjusted: FloatArray = np.empty_like(p_value)
    adjusted[order] = np.minimum(np.minimum.accumulate(p_value[order] * factor), 1.0)
    return adjusted

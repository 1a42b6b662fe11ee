"""Adjusted p-values: against SciPy and the textbook, and the order that they keep."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import false_discovery_control

from customer_centric._methods.multiplicity import benjamini_hochberg, holm

P_VALUES = st.lists(st.floats(0, 1), min_size=0, max_size=30).map(np.array)


def test_by_hand() -> None:
    """Holm multiplies 0.01, 0.02, 0.04 by 3, 2, 1; Benjamini and Hochberg by 3, 3/2, 1."""
    p = np.array([0.04, 0.01, 0.02])
    assert holm(p) == pytest.approx([0.04, 0.03, 0.04])
    assert benjamini_hochberg(p) == pytest.approx([0.04, 0.03, 0.03])


@given(P_VALUES)
def test_false_discoveries_are_those_of_scipy_and_holm_is_stricter(p: np.ndarray) -> None:
    if p.size:
        assert benjamini_hochberg(p) == pytest.approx(false_discovery_control(p))
    assert np.all(holm(p) >= benjamini_hochberg(p) - 1e-12)
    assert np.all(benjamini_hochberg(p) >= p - 1e-12)

"""Where a monotone function crosses, for many bounds at once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import numpy as np

from customer_centric.typing import BoolArray, FloatArray, IntArray

# Halvings of an interval of length 2 down to the last bit of a double.
_HALVINGS: Final = 54
# Bisection alone would be done by then.
_MOST_STEPS: Final = 128


def bisect(holds_at: Callable[[FloatArray], BoolArray], low: FloatArray, high: FloatArray) -> FloatArray:
    """Where a condition that holds at `low` and not at `high` stops to hold."""
    for _ in range(_HALVINGS):
        middle = 0.5 * (low + high)
        holds = holds_at(middle)
        low, high = np.where(holds, middle, low), np.where(holds, high, middle)
    return 0.5 * (low + high)


def crossing(
    function: Callable[[FloatArray, IntArray], FloatArray], low: FloatArray, high: FloatArray
) -> FloatArray:
    """Where a function that is negative at `low` and positive at `high` is 0, by few evaluations.

    Chandrupatla (1997), doi:10.1016/S0965-9978(96)00051-8: inverse quadratic interpolation where it is
    safe, bisection where it is not. The function takes the points and the rows that they belong to, of
    arrays of one dimension.
    """
    root: FloatArray = 0.5 * (low + high)
    rows = np.arange(low.size)
    a, b = low.copy(), high.copy()
    fa, fb = function(a, rows), function(b, rows)
    step = np.full(low.shape, 0.5)
    for _ in range(_MOST_STEPS):
        x = a + step * (b - a)
        fx = function(x, rows)
        same = (fx > 0) == (fa > 0)
        c, fc = np.where(same, a, b), np.where(same, fa, fb)
        b, fb = np.where(same, b, a), np.where(same, fb, fa)
        a, fa = x, fx
        root[rows] = np.where(np.abs(fa) < np.abs(fb), a, b)
        least = 2.0**-54 + 2.0**-52 * np.abs(root[rows])
        going = (np.abs(b - a) > 2.0 * least) & (fa != 0)
        if not going.any():
            break
        rows = rows[going]
        a, b, c, fa, fb, fc = np.stack([a, b, c, fa, fb, fc])[:, going]
        step = _step(a, b, c, fa, fb, fc, least[going] / np.abs(b - a))
    return root


def _step(
    a: FloatArray,
    b: FloatArray,
    c: FloatArray,
    fa: FloatArray,
    fb: FloatArray,
    fc: FloatArray,
    least: FloatArray,
) -> FloatArray:
    """Next point, as a part of the way from `a` to `b`."""
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        xi, phi = (a - b) / (c - b), (fa - fb) / (fc - fb)
        safe = (phi**2 < xi) & ((1.0 - phi) ** 2 < 1.0 - xi)
        to_c = (c - a) / (b - a)
        step = fa / (fb - fa) * fc / (fb - fc) + to_c * fa / (fc - fa) * fb / (fc - fb)
    step = np.where(safe & np.isfinite(step), step, 0.5)
    return np.asarray(np.clip(step, least, 1.0 - least))

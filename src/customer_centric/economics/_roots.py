"""All positive roots of a sum of cash flows in the discount factor."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from scipy.optimize import brentq

from customer_centric.typing import FloatArray, IntArray

# A turning point this close to zero, relative to the sizes of its terms, touches it.
_TOUCHES = 1e-13
# Halvings from a bracket of a few hundred to the last bit.
_HALVINGS = 64


def sign_changes(flows: FloatArray) -> IntArray:
    """How often the flows of each row change sign, zeros left out: at most so many roots (Descartes)."""
    sign: FloatArray = np.sign(flows)
    # A zero takes the sign before it.
    own: IntArray = np.where(sign != 0, np.arange(sign.shape[1], dtype=np.int64), 0)
    last = np.maximum.accumulate(own, axis=1)
    carried = np.take_along_axis(sign, last, axis=1)
    return np.asarray(((carried[:, 1:] * carried[:, :-1]) < 0).sum(axis=1), dtype=np.int64)


def log_roots(flows: FloatArray) -> list[float]:
    r"""All \(u\) with \(\sum_t c_t e^{u t} = 0\), ascending; one that is only touched counts once.

    Between two changes of sign, at \(k\), the derivative of \(e^{-ku} f(u)\) has the coefficients
    \((t - k) c_t\), which change sign once less. By Rolle its zeros separate those of \(f\).
    """
    times = np.flatnonzero(flows).astype(np.float64)
    money = flows[flows != 0]
    if not (np.sign(money) != np.sign(money[:1])).any():
        return []
    turn = int(np.flatnonzero(money[1:] * np.sign(money[:-1]) < 0)[0])
    middle = 0.5 * (times[turn] + times[turn + 1])
    slope = np.zeros(flows.size)
    slope[times.astype(np.int64)] = (times - middle) * (money / np.abs(money).max())
    turns = log_roots(slope)

    def scaled(u: float) -> float:
        return _scaled(u, times, money)

    # Between two turning points there is at most one root. A point that touches zero is a root itself.
    values = [0.0 if abs(value := scaled(u)) <= _TOUCHES else value for u in turns]
    ends = [-math.inf, *turns, math.inf]
    signs = [float(np.sign(money[0])), *np.sign(values).tolist(), float(np.sign(money[-1]))]
    found = [u for u, value in zip(turns, values, strict=True) if value == 0.0]
    found += [
        _between(scaled, ends[i], ends[i + 1], signs[i])
        for i in range(len(ends) - 1)
        if signs[i] * signs[i + 1] < 0
    ]
    return sorted(found)


def one_log_root(flows: FloatArray) -> FloatArray:
    """The root of each row, all of which change sign exactly once."""
    times = np.arange(flows.shape[1], dtype=np.float64)
    rising = np.sign(_last(flows))
    # Far enough out the first, or the last, flow outweighs the sum of all others.
    size = np.abs(flows)
    with np.errstate(divide="ignore"):
        spread: FloatArray = np.log(size.sum(axis=1)) - np.log(np.where(size > 0, size, np.inf).min(axis=1))
    high: FloatArray = spread + 1.0
    low: FloatArray = -high
    for _ in range(_HALVINGS):
        u: FloatArray = 0.5 * (low + high)
        exponent = u[:, None] * times
        terms = flows * np.exp(exponent - _peak(exponent, flows))
        above = terms.sum(axis=1) * rising > 0
        low, high = np.where(above, low, u), np.where(above, u, high)
    return np.asarray(0.5 * (low + high))


def _last(flows: FloatArray) -> FloatArray:
    """The last flow of each row that is not zero."""
    backwards = flows[:, ::-1]
    return np.asarray(np.take_along_axis(backwards, (backwards != 0).argmax(axis=1)[:, None], axis=1)[:, 0])


def _peak(exponent: FloatArray, flows: FloatArray) -> FloatArray:
    """The largest exponent of a flow that is not zero, by row."""
    return np.asarray(np.where(flows != 0, exponent, -np.inf).max(axis=1, keepdims=True))


def _scaled(u: float, times: FloatArray, money: FloatArray) -> float:
    """The sum at u over the sum of the sizes of its terms, which cannot overflow."""
    exponent = np.log(np.abs(money)) + u * times
    weight = np.exp(exponent - exponent.max())
    return float((np.sign(money) * weight).sum() / weight.sum())


def _between(scaled: Callable[[float], float], low: float, high: float, sign_low: float) -> float:
    """The root between two points, either of which may be infinite, given the sign at the lower one."""
    start = low if math.isfinite(low) else high if math.isfinite(high) else 0.0
    left, right, step = low, high, 1.0
    if not math.isfinite(low):
        left = start
        while scaled(left) * sign_low <= 0:
            left, step = left - step, 2.0 * step
    step = 1.0
    if not math.isfinite(high):
        right = start
        while scaled(right) * sign_low >= 0:
            right, step = right + step, 2.0 * step
    return float(brentq(scaled, left, right, xtol=1e-15, rtol=1e-15, maxiter=500))

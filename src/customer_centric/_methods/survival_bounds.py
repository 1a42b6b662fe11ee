"""Bounds of a survival curve on the scale where they keep their promise."""

from __future__ import annotations

from typing import Final, Literal, TypeAlias

import numpy as np

from customer_centric.intervals.normal import normal_quantile
from customer_centric.typing import FloatArray

Transform: TypeAlias = Literal["log-log", "log", "logit", "arcsin", "plain"]
TRANSFORMS: tuple[Transform, ...] = ("log-log", "log", "logit", "arcsin", "plain")
# Durations that are worked on at a time: what is computed for them stays in the cache.
_BLOCK: Final = 1 << 14


def survival_bounds(
    survival: FloatArray,
    greenwood: FloatArray,
    after: FloatArray,
    *,
    confidence_level: float,
    transform: Transform,
) -> tuple[FloatArray, FloatArray]:
    r"""Bounds from survival, Greenwood's sum and the number at risk just after each duration.

    While nobody was lost they are \([(\alpha/2)^{1/n}, 1]\) for every transform; once nobody is left 0 and
    the last upper bound. Survival never rises.
    """
    z = normal_quantile(confidence_level)
    first = survival.size - int(np.searchsorted(survival[::-1], 1.0, side="left"))
    end = n_above(survival, 0.0)
    lower, upper = np.zeros(survival.size), np.empty(survival.size)
    lower[:first], upper[:first] = no_event_bounds(after[:first], confidence_level), 1.0
    with np.errstate(over="ignore"):
        for begin in range(first, end, _BLOCK):
            block = slice(begin, min(begin + _BLOCK, end))
            low, high = _inside(survival[block], z * np.sqrt(greenwood[block]), transform)
            np.maximum(low, 0.0, out=lower[block])
            np.minimum(high, 1.0, out=upper[block])
    # Once nobody is left the last upper bound before stays: 1 if nobody had been lost until then.
    upper[end:] = upper[end - 1] if end else 1.0
    return lower, upper


def n_above(falling: FloatArray, value: float) -> int:
    """How many values of a curve that never rises are above the value."""
    return falling.size - int(np.searchsorted(falling[::-1], value, side="right"))


def no_event_bounds(at_risk: FloatArray, confidence_level: float) -> FloatArray:
    """Least survival that would lose none of so many customers often enough; 0 without customers."""
    inverse = np.full(at_risk.shape, np.inf)
    np.divide(1.0, at_risk, out=inverse, where=at_risk > 0)
    return np.asarray((0.5 * (1.0 - confidence_level)) ** inverse)


def _inside(s: FloatArray, reach: FloatArray, transform: Transform) -> tuple[FloatArray, FloatArray]:
    if transform == "plain":
        return s * (1.0 - reach), s * (1.0 + reach)
    if transform == "log":
        return s * np.exp(-reach), s * np.exp(reach)
    if transform == "logit":
        odds = np.exp(reach / (1.0 - s))
        return s / (s + (1.0 - s) * odds), s / (s + (1.0 - s) / odds)
    if transform == "arcsin":
        angle, step = np.arcsin(np.sqrt(s)), 0.5 * reach * np.sqrt(s / (1.0 - s))
        low, high = np.clip(angle - step, 0.0, None), np.clip(angle + step, None, 0.5 * np.pi)
        return np.sin(low) ** 2, np.sin(high) ** 2
    log_survival = np.log(s)
    power = np.exp(-reach / log_survival)
    return np.exp(log_survival * power), np.exp(log_survival / power)

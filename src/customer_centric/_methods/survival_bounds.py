"""Bounds of a survival curve on the scale where they keep their promise."""

from __future__ import annotations

from typing import Literal, TypeAlias

import numpy as np

from customer_centric.intervals.normal import normal_quantile
from customer_centric.typing import FloatArray

Transform: TypeAlias = Literal["log-log", "log", "logit", "arcsin", "plain"]
TRANSFORMS: tuple[Transform, ...] = ("log-log", "log", "logit", "arcsin", "plain")


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
    the last upper bound.
    """
    z = normal_quantile(confidence_level)
    inside = (survival > 0) & (survival < 1)
    s = np.where(inside, survival, 0.5)
    reach = z * np.sqrt(np.where(inside, greenwood, 0.0))
    with np.errstate(over="ignore"):
        lower, upper = _inside(s, reach, transform)
    alone = np.full(after.shape, np.inf)
    np.divide(1.0, after, out=alone, where=after > 0)
    none_lost = (0.5 * (1.0 - confidence_level)) ** alone
    lower = np.where(inside, np.clip(lower, 0.0, 1.0), np.where(survival >= 1, none_lost, 0.0))
    upper = np.where(inside, np.clip(upper, 0.0, 1.0), 1.0)
    gone = np.flatnonzero(survival <= 0)
    if gone.size:
        first = int(gone[0])
        upper[first:] = upper[first - 1] if first else 1.0
    return lower, upper


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
    power = np.exp(-reach / np.log(s))
    return s**power, s ** (1.0 / power)

"""The plan of a simulated survey: what the caller asked for, checked, as arrays."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import numpy as np
import pandas as pd

from customer_centric._core.checks import check_number
from customer_centric.errors import InvalidInputError
from customer_centric.typing import FloatArray

CLASSES: Final = ("detractor", "passive", "promoter")
DAYS_A_YEAR: Final = 365.25


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Plan:
    """The world as arrays: segments and waves by classes, drivers and themes."""

    segments: list[str]
    shares: FloatArray
    means: FloatArray
    dates: tuple[pd.Timestamp, ...]
    drivers: list[str]
    beta: FloatArray
    halo: float
    themes: list[str]
    mentions: FloatArray
    gamma: FloatArray
    sds: tuple[float, float, float]
    variance: float
    response: FloatArray


def plan_of(
    *,
    segments: Mapping[str, tuple[float, float]],
    drivers: Mapping[str, float],
    themes: Mapping[str, tuple[float, float]],
    waves: Sequence[str],
    trend: float,
    sds: tuple[float, float, float],
    halo: float,
    response_rates: float | Mapping[str, float],
    segment_response: Mapping[str, float] | None,
) -> Plan:
    for name, sd in zip(("account_sd", "customer_sd", "noise_sd"), sds, strict=True):
        check_number(name, sd, minimum=0.0)
    check_number("halo", halo, minimum=0.0, maximum=1.0, open_maximum=True)
    shares = np.array([check_number("segments", share, minimum=0.0) for share, _ in segments.values()])
    if not shares.any():
        raise InvalidInputError("`segments` must have at least one with a positive share, got none")
    attitudes = np.array([check_number("segments", attitude) for _, attitude in segments.values()])
    dates = _check_waves(waves)
    years = np.array([(day - dates[0]).days / DAYS_A_YEAR for day in dates])
    beta = np.array([check_number("drivers", weight) for weight in drivers.values()])
    mentions = [
        check_number("themes", p, minimum=0.0, maximum=1.0, open_maximum=True) for p, _ in themes.values()
    ]
    gamma = np.array([check_number("themes", effect) for _, effect in themes.values()])
    variance = float((np.array(sds) ** 2).sum() + (1.0 - halo) * (beta**2).sum() + halo * beta.sum() ** 2)
    if variance == 0:
        raise InvalidInputError(
            "`account_sd`, `customer_sd`, `noise_sd` and `drivers` must make customers differ, got only 0"
        )
    return Plan(
        segments=list(segments),
        shares=shares / shares.sum(),
        means=attitudes[:, None] + check_number("trend", trend) * years,
        dates=dates,
        drivers=list(drivers),
        beta=beta,
        halo=halo,
        themes=list(themes),
        mentions=np.array(mentions),
        gamma=gamma,
        sds=sds,
        variance=variance,
        response=_response(response_rates, segment_response, list(segments)),
    )


def check_rng(rng: object) -> None:
    if not isinstance(rng, np.random.Generator):
        raise InvalidInputError(
            f"`rng` must be a NumPy random generator, got {rng!r}; "
            "pass for instance rng=np.random.default_rng(1)"
        )


def _check_waves(waves: Sequence[str]) -> tuple[pd.Timestamp, ...]:
    dates = [pd.Timestamp(day) for day in waves]
    if not dates or any(later <= earlier for earlier, later in pairwise(dates)):
        raise InvalidInputError(f"`waves` must be days in ascending order, at least one, got {list(waves)}")
    return tuple(dates)


def by_class(name: str, value: float | Mapping[str, float], maximum: float | None = None) -> FloatArray:
    """One number a class, in the order of `CLASSES`."""
    if not isinstance(value, Mapping):
        return np.full(3, check_number(name, value, minimum=0.0, maximum=maximum))
    if set(value) != set(CLASSES):
        raise InvalidInputError(f"`{name}` must have a number for each of {CLASSES}, got {sorted(value)}")
    return np.array([check_number(name, value[label], minimum=0.0, maximum=maximum) for label in CLASSES])


def _response(
    rates: float | Mapping[str, float], factors: Mapping[str, float] | None, segments: list[str]
) -> FloatArray:
    """Probability of an answer by segment and class."""
    per_class = by_class("response_rates", rates, 1.0)
    unknown = sorted(set(factors or {}) - set(segments))
    if unknown:
        raise InvalidInputError(f"`segment_response` must name segments, got {unknown[0]!r}")
    factor = [check_number("segment_response", (factors or {}).get(s, 1.0), minimum=0.0) for s in segments]
    response: FloatArray = np.array(factor)[:, None] * per_class
    if (response > 1).any():
        raise InvalidInputError(
            f"`response_rates` times `segment_response` must be at most 1, got {response.max():g}"
        )
    return response

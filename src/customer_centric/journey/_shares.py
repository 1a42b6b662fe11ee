"""Shares and rates whose units are not independent: journeys and contacts of one customer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammainccinv, gammaincinv

from customer_centric._core.tabulate import sum_by
from customer_centric._methods.survival import KaplanMeier, kaplan_meier
from customer_centric.errors import InvalidInputError
from customer_centric.intervals import Interval
from customer_centric.journey._clusters import clustered_shares
from customer_centric.journey.journeys import Journeys
from customer_centric.journey.visits import Visits
from customer_centric.typing import BoolArray, FloatArray, IntArray

_T = TypeVar("_T")


def one_share(
    hit: BoolArray, customer: NDArray[Any], confidence_level: float
) -> tuple[float, Interval | None]:
    """Share of hits among all rows, with its interval; NaN and None without rows."""
    if not hit.size:
        return float("nan"), None
    row = np.zeros(hit.size, dtype=np.int64)
    found = clustered_shares(hit, row, 1, customer, confidence_level=confidence_level)
    return float(found.share[0]), Interval(float(found.lower[0]), float(found.upper[0]), confidence_level)


def clustered_rates(
    group: IntArray, n_groups: int, customer: NDArray[Any], exposure: float, confidence_level: float
) -> tuple[FloatArray, FloatArray, FloatArray]:
    r"""Events of each group over the exposure, with bounds that allow for several of one customer.

    With \(c_i\) events of customer \(i\), \(y = \sum c_i\) and \(v = \sum c_i^2\), the bounds are Garwood's
    for \(y^2 / v\) events, each of which counts \(v / y\).
    """
    _, code = np.unique(customer, return_inverse=True)
    pair = group.astype(np.int64) * (int(code.max(initial=0)) + 1) + code
    first, size = np.unique(pair, return_counts=True)
    owner = first // (int(code.max(initial=0)) + 1)
    times = size.astype(np.float64)
    total, squares = sum_by(owner, times, n_groups), sum_by(owner, times**2, n_groups)
    some = total > 0
    worth = np.where(some, squares / np.where(some, total, 1.0), 1.0)
    tail = 0.5 * (1.0 - confidence_level)
    lower = np.where(some, gammaincinv(np.where(some, total / worth, 1.0), tail), 0.0) * worth
    upper: FloatArray = np.asarray(gammainccinv(total / worth + 1.0, tail) * worth, dtype=np.float64)
    return total / exposure, lower / exposure, upper / exposure


def contacts_of(journeys: Journeys) -> IntArray:
    """The visits that are contacts."""
    if not journeys.contact:
        raise InvalidInputError(
            "`journeys` must have contacts, got none; name the touchpoints where customers turn to the "
            "company in `find_journeys(..., contact=...)`"
        )
    return np.asarray(np.flatnonzero(journeys.visits.contact), dtype=np.int64)


def reasons_of(visits: Visits, which: IntArray) -> tuple[IntArray, tuple[str | None, ...]]:
    """Code of the reason of each of these visits, and what the codes mean; the last one is no reason."""
    if visits.intent is None:
        return np.zeros(which.size, dtype=np.int64), (None,)
    names: tuple[str | None, ...] = (*visits.intent.names, None)
    codes = visits.intent.codes[which].astype(np.int64)
    return np.where(codes < 0, len(names) - 1, codes), names


def clustered_curve(
    duration: FloatArray,
    happened: BoolArray,
    customer: NDArray[Any],
    share_left: float,
    confidence_level: float,
) -> KaplanMeier:
    """Kaplan-Meier's curve of durations some of which are of one customer.

    Its bounds are those of fewer rows: as many as the customers are worth where `share_left` is left.
    """
    plain = kaplan_meier(duration, happened, confidence_level=confidence_level)
    at = duration_of(plain, share_left)[0]
    if np.isnan(at):
        at = float(duration[happened].max(initial=0.0))
    effect = _design_effect(plain, duration, happened, customer, at)
    if effect <= 1.0:
        return plain
    weights = np.full(duration.size, 1.0 / effect)
    return kaplan_meier(duration, happened, weights=weights, confidence_level=confidence_level)


def _design_effect(
    curve: KaplanMeier, duration: FloatArray, happened: BoolArray, customer: NDArray[Any], at: float
) -> float:
    """Variance of the cumulative hazard between customers over that between rows."""
    if not duration.size:
        return 1.0
    place = np.searchsorted(curve.duration, duration)
    seen = curve.duration <= at
    hazard = np.where(seen, curve.lost / curve.at_risk**2, 0.0)
    own = np.where(happened & (duration <= at), 1.0 / curve.at_risk[place], 0.0)
    influence = own - np.cumsum(hazard)[place]
    _, cluster = np.unique(customer, return_inverse=True)
    between = float((np.bincount(cluster, influence) ** 2).sum())
    single = float((influence**2).sum())
    return between / single if single > 0 else 1.0


def pick(names: Sequence[_T], codes: NDArray[Any]) -> tuple[_T, ...]:
    """The names of codes."""
    listed: list[int] = codes.tolist()
    return tuple(names[code] for code in listed)


def duration_of(curve: KaplanMeier, share_left: float) -> tuple[float, Interval]:
    """First duration at which no more than a share is left, and where the bounds of the curve are.

    NaN where the curve never falls so far; the upper bound is infinite then. Where even the lower bound of
    the curve does not, all that is known is that it takes longer than anybody was watched.
    """

    def first(bound: FloatArray) -> float:
        # Products of shares may miss the share by the last bit.
        at = np.flatnonzero(bound <= share_left * (1 + 1e-12))
        return float(curve.duration[at[0]]) if at.size else float("inf")

    found = first(curve.survival)
    value = found if np.isfinite(found) else float("nan")
    low = min(first(curve.lower), float(curve.duration[-1]) if curve.duration.size else 0.0)
    return value, Interval(low, first(curve.upper), curve.confidence_level)

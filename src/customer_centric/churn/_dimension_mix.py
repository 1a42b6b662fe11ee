"""What each of several dimensions adds to the mix of a change, whatever their order."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import combinations
from typing import Any

import numpy as np

from customer_centric._core.tabulate import distinct_rows, sum_by
from customer_centric._methods.decomposition import decompose_change
from customer_centric._methods.decomposition_errors import GroupedSide, ratio
from customer_centric.typing import FloatArray, IntArray


def group_codes(names: Sequence[tuple[Any, ...]], n_keys: int) -> list[IntArray]:
    """For each dimension, a code of its value in every group."""
    columns: list[IntArray] = []
    for i in range(n_keys):
        code: dict[Any, int] = {}
        columns.append(np.array([code.setdefault(name[i], len(code)) for name in names], dtype=np.int64))
    return columns


def dimension_mix(
    sides: list[GroupedSide], within: list[FloatArray], codes: list[IntArray]
) -> tuple[FloatArray, FloatArray]:
    """What each dimension adds to the mix, and its variance."""
    n, size = len(codes), sides[0].share.size
    value, variance = np.zeros(n), np.zeros(n)
    of_shares, of_churn = np.zeros((2, n, size)), np.zeros((2, n, size))
    for k in range(1, n + 1):
        for chosen in combinations(range(n), k):
            place = _joined([codes[i] for i in chosen])
            mix, by_share, by_churn = _mix_and_slopes(sides, place)
            member = np.isin(np.arange(n), chosen)
            count = math.factorial(n)
            enters = math.factorial(k - 1) * math.factorial(n - k) / count
            leaves = math.factorial(k) * math.factorial(n - k - 1) / count if k < n else 0.0
            weight = np.where(member, enters, -leaves)
            value += weight * mix
            of_shares += weight[:, np.newaxis] * by_share[:, np.newaxis, :]
            of_churn += weight[:, np.newaxis] * by_churn[:, np.newaxis, :]
    for i in range(n):
        variance[i] = _curvature(sides, within, codes[i])
        for side, spread, shares, churn in zip(sides, within, of_shares, of_churn, strict=True):
            variance[i] += side.combined_variance(shares[i]) + churn[i] ** 2 @ spread
    return value, variance


def _joined(codes: list[IntArray]) -> IntArray:
    """One code for each combination."""
    return distinct_rows(*(code.astype(np.float64) for code in codes))[1]


def _mix_and_slopes(sides: list[GroupedSide], place: IntArray) -> tuple[float, FloatArray, FloatArray]:
    """Mix of the groups joined by `place`; its slopes in shares and churn of the groups, by side."""
    size = int(place.max()) + 1
    share = [sum_by(place, side.share, size) for side in sides]
    lost = [sum_by(place, side.share * np.nan_to_num(side.value), size) for side in sides]
    churn = [ratio(d, w, nothing=np.nan) for d, w in zip(lost, share, strict=True)]
    mix = decompose_change(share[0], churn[0], share[1], churn[1]).mix
    one_sided = np.isnan(churn[0]) | np.isnan(churn[1])
    gain, middle = share[1] - share[0], 0.5 * (churn[0] + churn[1])
    by_share, by_churn = np.zeros((2, place.size)), np.zeros((2, place.size))
    for s, (side, other) in enumerate(((sides[0], sides[1]), (sides[1], sides[0]))):
        sign = 2.0 * s - 1.0
        by_lost = np.where(one_sided, sign, 0.5 * ratio(gain, share[s]))
        of_rest = 0.5 * ratio(gain * np.nan_to_num(churn[s]), share[s])
        by_joined = np.where(one_sided, 0.0, sign * middle - of_rest)
        own = np.nan_to_num(np.where(np.isnan(side.value), other.value, side.value))
        by_share[s] = by_joined[place] + by_lost[place] * own
        by_churn[s] = by_lost[place] * side.share
    return mix, by_share, by_churn


def _curvature(sides: list[GroupedSide], within: list[FloatArray], place: IntArray) -> float:
    """What the slopes leave out: shares and churn that are both unsure, where neither moved."""
    size = int(place.max()) + 1
    shares, centre = np.zeros(size), np.zeros(size)
    for side, spread in zip(sides, within, strict=True):
        joined = GroupedSide(
            n=sum_by(place, side.n, size),
            weight=sum_by(place, side.weight, size),
            squared_weight=sum_by(place, side.squared_weight, size),
            value=np.zeros(size),
            spread=np.zeros(size),
        )
        shares += joined.share_variance()
        centre += 0.25 * ratio(sum_by(place, side.share**2 * spread, size), joined.share**2)
    return float(shares @ centre)

"""The same customers asked twice, all of them or some."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from customer_centric._core.checks import check_confidence_level
from customer_centric._core.ratings import Invalid, Ratings, check_ratings
from customer_centric._core.tabulate import sum_by
from customer_centric.errors import InvalidInputError
from customer_centric.intervals import mover_interval, multinomial_score_interval, tango_interval
from customer_centric.nps._estimates import ADDED
from customer_centric.nps.comparison import NpsDifference, check_power, difference_of
from customer_centric.nps.scale import NPS_SCALE, RatingScale, check_scale
from customer_centric.typing import FloatArray, IntArray

__all__ = ["compare_nps_panel"]


@dataclass(frozen=True, slots=True, eq=False)
class _Panel:
    """Answers as -1, 0 or 1: counts of pairs by both answers, and of single answers."""

    pairs: FloatArray  # 3 x 3, first answer down, second across, promoters first
    first_only: FloatArray
    second_only: FloatArray

    @property
    def sizes(self) -> tuple[int, int, int]:
        return int(self.pairs.sum()), int(self.first_only.sum()), int(self.second_only.sum())


_NET = (1.0, 0.0, -1.0)


def compare_nps_panel(
    first_ratings: ArrayLike,
    second_ratings: ArrayLike,
    *,
    first_customers: ArrayLike,
    second_customers: ArrayLike,
    scale: RatingScale = NPS_SCALE,
    invalid: Invalid = "raise",
    confidence_level: float = 0.95,
    power: float = 0.8,
) -> NpsDifference:
    r"""Whether the score of two waves differs where some or all customers answered both times.

    Parameters
    ----------
    first_ratings, second_ratings : array_like of shape (n_first,), (n_second,)
        Answers of each wave: whole numbers on the scale. Missing answers are left out and counted; a
        customer who then answered once is a single answer.
    first_customers, second_customers : array_like of shape (n_first,), (n_second,)
        Who gave each answer; no customer twice in a wave.
    scale : RatingScale, default 0 to 10
        The answers that the question allows, and where the classes end.
    invalid : {"raise", "missing"}, default "raise"
        What happens to answers off the scale: an error, or they are left out and counted.
    confidence_level : float, default 0.95
        Nominal coverage of the interval, strictly between 0 and 1.
    power : float, default 0.8
        Probability with which `detectable` is to be found, strictly between 0 and 1.

    Returns
    -------
    NpsDifference
        First less second, in points, with interval, test, the smallest difference that such waves find, and
        the numbers of customers in both waves and in one.

    Raises
    ------
    InvalidInputError
        If nobody answered in a wave, a customer is twice in one, an answer has no customer, the ids of the
        two waves are of different kinds, or a rating is off the scale.

    Notes
    -----
    With \(n_b\) customers in both waves, \(n_1\) and \(n_2\) in one only, \(a = n_b / (n_b + n_1)\) and
    \(b = n_b / (n_b + n_2)\), the difference of the two scores is a sum of three independent parts,

    \[ \bar x_1 - \bar x_2 = \overline{(a x_1 - b x_2)}_{\text{both}}
       + (1 - a)\,\bar x_{1,\text{first only}} - (1 - b)\,\bar x_{2,\text{second only}} , \]

    with \(x\) 1, 0 or -1. The first is the mean of at most nine values and has a multinomial score interval,
    the others have Tango's; together they give the interval of the sum (MOVER). It has a width even where
    nobody changed. Without overlap it is that of `compare_nps`.

    The test divides the difference by its standard error from the sums of influence by customer, after
    3 answers were added to each wave as in `compare_nps`, paired in the proportion
    \(n_b / (n_b + n_1 + n_2)\).

    References
    ----------
    Zou, G. Y. and Donner, A. (2008), Construction of confidence limits about effect measures: a general
    approach. [doi:10.1002/sim.3095](https://doi.org/10.1002/sim.3095).

    Tango, T. (1998), Equivalence test and confidence interval for the difference in proportions for the
    paired-sample design. Statistics in Medicine 17(8).
    [doi:10.1002/(SICI)1097-0258(19980430)17:8<891::AID-SIM780>3.0.CO;2-B](https://doi.org/10.1002/%28SICI%291097-0258%2819980430%2917%3A8%3C891%3A%3AAID-SIM780%3E3.0.CO%3B2-B).

    Examples
    --------
    Customers c and d answered both times:

    >>> result = compare_nps_panel(
    ...     [10, 9, 7, 3],
    ...     [8, 2, 10],
    ...     first_customers=["a", "b", "c", "d"],
    ...     second_customers=["c", "d", "e"],
    ... )
    >>> round(result.difference, 1), result.n_pairs, result.n_first_only, result.n_second_only
    (25.0, 2, 2, 1)
    """
    check_scale(scale)
    check_confidence_level(confidence_level)
    check_power(power)
    waves = [
        check_ratings(name, ratings, minimum=scale.minimum, maximum=scale.maximum, invalid=invalid)
        for name, ratings in (("first_ratings", first_ratings), ("second_ratings", second_ratings))
    ]
    panel = _split(waves, (first_customers, second_customers), scale)
    sizes = panel.sizes
    lower, upper = _bounds(panel, confidence_level)
    scores = _scores(panel.pairs, panel.first_only, panel.second_only)
    adjusted, standard_error = _adjusted(panel)
    return difference_of(
        scores=(100.0 * scores[0], 100.0 * scores[1]),
        bounds=(100.0 * lower, 100.0 * upper),
        adjusted=100.0 * adjusted,
        standard_error=100.0 * standard_error,
        confidence_level=confidence_level,
        power=power,
        counts=sizes,
        n_missing=sum(wave.n_missing for wave in waves),
        n_invalid=sum(wave.n_invalid for wave in waves),
    )


def _split(waves: list[Ratings], customers: tuple[ArrayLike, ArrayLike], scale: RatingScale) -> _Panel:
    ids: list[NDArray[Any]] = []
    classes: list[IntArray] = []
    for name, wave, labels in zip(("first", "second"), waves, customers, strict=True):
        kept = wave.answered
        if not kept.any():
            raise InvalidInputError(
                f"`{name}_ratings` must have at least one answer, got {kept.size} rows without one"
            )
        ids.append(_ids(f"{name}_customers", labels, kept))
        classes.append(np.asarray(1.0 - scale.net_values(wave.values[kept]), dtype=np.int64))
    codes = _shared_codes(ids)
    width = int(max(code.max() for code in codes)) + 1
    # 3 stands for no answer in that wave.
    answers = np.full((2, width), 3, dtype=np.int64)
    for wave_number, (code, given) in enumerate(zip(codes, classes, strict=True)):
        answers[wave_number, code] = given
    table = sum_by(answers[0] * 4 + answers[1], np.ones(width), 16).reshape(4, 4)
    return _Panel(table[:3, :3], table[:3, 3], table[3, :3])


def _ids(name: str, labels: ArrayLike, kept: NDArray[np.bool_]) -> NDArray[Any]:
    """Ids of the answers as objects: present, and each once."""
    import pandas as pd

    array: NDArray[Any] = np.asarray(labels)
    if array.shape != kept.shape:
        raise InvalidInputError(
            f"`{name}` must have one value a rating, got shape {array.shape} for {kept.size} ratings"
        )
    ids = array[kept].astype(object)
    positions = np.flatnonzero(kept)
    missing = np.asarray(pd.isna(ids))
    if missing.any():
        raise InvalidInputError(
            f"`{name}` must be present for every answer, got a missing one at position "
            f"{positions[missing][0]} ({int(missing.sum())} of {ids.size} answers); remove these answers or "
            "compare the two waves as different people with compare_nps"
        )
    again = np.asarray(pd.Series(ids).duplicated())
    if again.any():
        raise InvalidInputError(
            f"`{name}` must name each customer once, got {ids[again][0]!r} again at position "
            f"{positions[again][0]} ({int(again.sum())} of {ids.size} answers); keep one answer a customer, "
            "the latest for instance"
        )
    return ids


def _shared_codes(ids: list[NDArray[Any]]) -> list[IntArray]:
    """One code a customer in both waves."""
    import pandas as pd

    codes, _ = pd.factorize(np.concatenate(ids))
    kinds = [pd.api.types.infer_dtype(wave) for wave in ids]
    first, second = codes[: ids[0].size], codes[ids[0].size :]
    textual = [kind == "string" for kind in kinds]
    if textual[0] != textual[1] and not np.isin(second, first).any():
        raise InvalidInputError(
            "`first_customers` and `second_customers` must be ids of one kind, got "
            f"{kinds[0]} and {kinds[1]} values, of which none agree; convert both to text"
        )
    return [np.asarray(first, dtype=np.int64), np.asarray(second, dtype=np.int64)]


def _overlaps(n_pairs: float, n_first_only: float, n_second_only: float) -> tuple[float, float]:
    """Shares of the answers of each wave that are in a pair."""
    return n_pairs / (n_pairs + n_first_only), n_pairs / (n_pairs + n_second_only)


def _scores(pairs: FloatArray, first_only: FloatArray, second_only: FloatArray) -> tuple[float, float]:
    """Scores of the two waves as fractions."""
    first, second = pairs.sum(axis=1) + first_only, pairs.sum(axis=0) + second_only
    return float(first @ _NET / first.sum()), float(second @ _NET / second.sum())


def _bounds(panel: _Panel, confidence_level: float) -> tuple[float, float]:
    """Interval of the difference, from the intervals of its independent parts."""
    n_pairs, n_first_only, n_second_only = panel.sizes
    a, b = _overlaps(n_pairs, n_first_only, n_second_only)
    estimates, lowers, uppers, coefficients = [], [], [], []
    if n_pairs:
        values = (a * np.array(_NET)[:, None] - b * np.array(_NET)).ravel()
        counts = panel.pairs.ravel()
        lower, upper = multinomial_score_interval(counts, values, confidence_level=confidence_level)
        mean = float(np.clip(counts @ values / n_pairs, lower, upper))
        estimates, lowers, uppers, coefficients = [mean], [float(lower)], [float(upper)], [1.0]
    for counts, coefficient in ((panel.first_only, 1.0 - a), (panel.second_only, b - 1.0)):
        if not counts.any():
            continue
        lower, upper = tango_interval(counts[0], counts[2], counts.sum(), confidence_level=confidence_level)
        estimates.append(float((counts[0] - counts[2]) / counts.sum()))
        lowers.append(float(lower))
        uppers.append(float(upper))
        coefficients.append(coefficient)
    low, high = mover_interval(estimates, lowers, uppers, coefficients=coefficients)
    return float(low), float(high)


def _adjusted(panel: _Panel) -> tuple[float, float]:
    """Difference and its standard error with the answers of the adjusted Wald test added, as fractions."""
    added = np.array(ADDED)
    n_pairs, n_first_only, n_second_only = panel.sizes
    overlap = n_pairs / (n_pairs + n_first_only + n_second_only)
    # Added pairs are independent: they say nothing about how alike the two answers of a customer are.
    pairs = panel.pairs + overlap * np.outer(added, added) / added.sum()
    first_only = panel.first_only + (1.0 - overlap) * added
    second_only = panel.second_only + (1.0 - overlap) * added
    e1, e2 = _scores(pairs, first_only, second_only)
    net = np.array(_NET)
    u1 = (net - e1) / (pairs.sum() + first_only.sum())
    u2 = (net - e2) / (pairs.sum() + second_only.sum())
    variance = (pairs * (u1[:, None] - u2) ** 2).sum() + first_only @ u1**2 + second_only @ u2**2
    return e1 - e2, math.sqrt(variance)

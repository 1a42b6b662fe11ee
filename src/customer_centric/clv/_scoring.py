"""From forecasts and what happened to tables: every sum is over distinct rows with weights."""

from __future__ import annotations

import math
from typing import Final

import numpy as np
from scipy.special import kolmogorov

from customer_centric._core.tabulate import distinct_rows
from customer_centric.clv._holdout import N_CLASSES, HoldoutForecast, class_sums, count_interval
from customer_centric.clv.counts import HoldoutCounts
from customer_centric.clv.scores import (
    FrequencyClasses,
    HoldoutScore,
    LiftCurve,
    PitHistogram,
    ReliabilityCurve,
)
from customer_centric.intervals import Interval, wilson_interval
from customer_centric.typing import FloatArray, IntArray, TransactionModel

_N_BINS: Final = 10


def mean_and_error(values: FloatArray, weight: FloatArray) -> tuple[float, float]:
    """Weighted mean and its standard error; one customer leaves the error without bound."""
    n = float(weight.sum())
    mean = float(weight @ values) / n
    spread = float(weight @ (values - mean) ** 2)
    return mean, math.sqrt(spread / (n - 1) / n) if n > 1 else math.inf


def holdout_score(
    name: str,
    forecast: HoldoutForecast,
    holdout: HoldoutCounts,
    *,
    model: TransactionModel | None,
    boundary: str | None,
    best: FloatArray,
    draws: tuple[IntArray, FloatArray, FloatArray],
    confidence_level: float,
) -> HoldoutScore:
    """Everything about one forecast; `best` are the log-probabilities that it is compared with."""
    weight, n = holdout.weight, float(holdout.weight.sum())
    error = forecast.expected - holdout.frequency_holdout
    actual, expected = float(weight @ holdout.frequency_holdout), float(weight @ forecast.expected)
    log_score, log_score_error = mean_and_error(forecast.log_probability, weight)
    behind, behind_error = mean_and_error(best - forecast.log_probability, weight)
    log_likelihood = math.nan if model is None else calibration_log_likelihood(model, holdout)
    k = 0 if model is None else len(model.parameter_names)
    spread = np.asarray(weight @ forecast.variance + forecast.class_uncertainty[-1])
    lower, upper = count_interval(np.asarray(expected), spread, confidence_level)
    alive = forecast.alive
    return HoldoutScore(
        name=name,
        model=model,
        n_parameters=k,
        boundary=boundary,
        log_likelihood=log_likelihood,
        aic=2 * k - 2 * log_likelihood,
        bic=k * math.log(n) - 2 * log_likelihood,
        log_score=log_score,
        log_score_error=log_score_error,
        behind=behind,
        behind_error=behind_error,
        actual_total=actual,
        expected_total=expected,
        total_interval=Interval(float(lower), float(upper), confidence_level),
        total_error=expected / actual - 1 if actual > 0 else math.nan,
        mean_absolute_error=float(weight @ np.abs(error)) / n,
        bias=float(weight @ error) / n,
        root_mean_squared_error=math.sqrt(float(weight @ error**2) / n),
        classes=frequency_classes(forecast, holdout, confidence_level),
        active=reliability(forecast.active, holdout, confidence_level),
        alive=None if alive is None else reliability(alive, holdout, confidence_level),
        lift=lift_curve(forecast.expected, holdout),
        pit=pit_histogram(forecast, draws),
        log_probabilities=forecast.log_probability,
    )


def calibration_log_likelihood(model: TransactionModel, holdout: HoldoutCounts) -> float:
    """Of the histories before the holdout."""
    return float(holdout.weight @ model.log_likelihood(holdout.frequency, holdout.recency, holdout.age))


def frequency_classes(
    forecast: HoldoutForecast, holdout: HoldoutCounts, confidence_level: float
) -> FrequencyClasses:
    """Mean purchases by repeat purchases before the holdout, the last class open."""
    size = class_sums(holdout, np.ones(holdout.weight.shape))
    some = np.flatnonzero(size > 0)
    n = size[some]
    actual, expected, variance = (
        class_sums(holdout, column)[some]
        for column in (holdout.frequency_holdout, forecast.expected, forecast.variance)
    )
    lower, upper = count_interval(expected, variance + forecast.class_uncertainty[some], confidence_level)
    return FrequencyClasses(
        labels=tuple(f"{k}+" if k == N_CLASSES - 1 else str(k) for k in some.tolist()),
        n_customers=n,
        actual=actual / n,
        expected=expected / n,
        lower=lower / n,
        upper=upper / n,
        confidence_level=confidence_level,
    )


def reliability(probability: FloatArray, holdout: HoldoutCounts, confidence_level: float) -> ReliabilityCurve:
    """Share of customers who bought, in ten bins of the predicted probability."""
    member = np.clip((probability * _N_BINS).astype(np.int64), 0, _N_BINS - 1)
    bought = holdout.frequency_holdout > 0
    size, hits, predicted = (
        _sums(member, column, _N_BINS)
        for column in (holdout.weight, holdout.weight * bought, holdout.weight * probability)
    )
    some = np.flatnonzero(size > 0)
    lower, upper = wilson_interval(
        np.minimum(hits[some], size[some]), size[some], confidence_level=confidence_level
    )
    return ReliabilityCurve(
        bin_start=some / _N_BINS,
        bin_end=(some + 1) / _N_BINS,
        n_customers=size[some],
        predicted=predicted[some] / size[some],
        actual=hits[some] / size[some],
        lower=lower,
        upper=upper,
        confidence_level=confidence_level,
    )


def lift_curve(expected: FloatArray, holdout: HoldoutCounts) -> LiftCurve:
    """Tenths of the customers by expected purchases; ties are one group, cut in proportion."""
    weight, bought = holdout.weight, holdout.frequency_holdout
    n, total = float(weight.sum()), float(weight @ bought)
    customers, found = _ranked(expected, weight, weight * bought)
    _, foreseen = _ranked(expected, weight, weight * expected)
    cuts = np.linspace(0.0, n, _N_BINS + 1)
    actual, predicted = np.interp(cuts, customers, found), np.interp(cuts, customers, foreseen)
    size = n / _N_BINS
    share = actual[1:] / total if total > 0 else np.full(_N_BINS, math.nan)
    best = _area(*_ranked(bought, weight, weight * bought))
    even = n * total / 2
    return LiftCurve(
        n_customers=np.full(_N_BINS, size),
        expected=np.diff(predicted) / size,
        actual=np.diff(actual) / size,
        lift=np.diff(share, prepend=0.0) * _N_BINS,
        cumulative_share=share,
        # A perfect order that gains nothing over chance leaves only rounding to divide by.
        gini=(_area(customers, found) - even) / (best - even) if best - even > 1e-12 * even else math.nan,
    )


def _ranked(key: FloatArray, weight: FloatArray, amount: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Cumulative customers and amounts in descending order of the key, from (0, 0); ties are one step."""
    _, group = distinct_rows(-key)
    n_groups = int(group.max()) + 1
    steps = (_sums(group, weight, n_groups), _sums(group, amount, n_groups))
    customers, amounts = (np.concatenate([[0.0], np.cumsum(step)]) for step in steps)
    return customers, amounts


def _sums(member: IntArray, column: FloatArray, n_groups: int) -> FloatArray:
    """Sum of the column in each group."""
    return np.asarray(np.bincount(member, weights=column, minlength=n_groups), dtype=np.float64)


def _area(x: FloatArray, y: FloatArray) -> float:
    return float(np.diff(x) @ (y[1:] + y[:-1])) / 2


def pit_draws(weight: FloatArray, rng: np.random.Generator) -> tuple[IntArray, FloatArray, FloatArray]:
    """One uniform number a customer: the row it belongs to, the number, and the part of a customer it is.

    Every forecast meets the same numbers, so that their histograms differ by the forecasts alone.
    """
    copies = np.ceil(weight).astype(np.int64)
    row = np.repeat(np.arange(weight.size, dtype=np.int64), copies)
    part = np.ones(row.size)
    last = np.cumsum(copies) - 1
    part[last] = weight - copies + 1
    return row, rng.random(row.size), part


def pit_histogram(forecast: HoldoutForecast, draws: tuple[IntArray, FloatArray, FloatArray]) -> PitHistogram:
    """Randomised probability integral transforms, and their distance from uniform."""
    row, uniform, part = draws
    transform = np.clip(forecast.below[row] + uniform * np.exp(forecast.log_probability)[row], 0.0, 1.0)
    n = float(part.sum())
    member = np.minimum((transform * _N_BINS).astype(np.int64), _N_BINS - 1)
    if part.min() == 1:  # whole customers, of whom a million sort ten times faster than their positions
        ordered, size = np.sort(transform), part
    else:
        order = np.argsort(transform)
        ordered, size = transform[order], part[order]
    reached = np.cumsum(size) / n
    distance = float(max(np.max(reached - ordered), np.max(ordered - (reached - size / n))))
    # Stephens (1970): the asymptotic distribution, corrected for few observations.
    root = math.sqrt(n**2 / float(part @ part))
    edges = np.arange(_N_BINS + 1) / _N_BINS
    return PitHistogram(
        bin_start=edges[:-1],
        bin_end=edges[1:],
        share=_sums(member, part, _N_BINS) / n,
        distance=distance,
        p_value=float(kolmogorov((root + 0.12 + 0.11 / root) * distance)),
    )

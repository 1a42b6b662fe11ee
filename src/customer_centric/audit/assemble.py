"""From the results of the topics to the parts of a report."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Mapping
from typing import Final

import numpy as np

from customer_centric.audit.plain import Estimate, LogCount
from customer_centric.audit.report import (
    CustomerValue,
    FittedModel,
    FrequencyClass,
    Holdout,
    ModelScore,
    Parameter,
    Portfolio,
    ValueGroup,
)
from customer_centric.audit.values import Column
from customer_centric.clv.backtest import Backtest
from customer_centric.clv.coverage import Coverage
from customer_centric.clv.portfolio import PortfolioValue
from customer_centric.clv.scores import HoldoutScore
from customer_centric.fitting import Fit, M
from customer_centric.intervals import Interval, normal_interval
from customer_centric.typing import FloatArray

__all__: list[str] = []

N_GROUPS: Final = 10


def log_counts(coverage: Coverage) -> tuple[LogCount, ...]:
    """What became of every row and every customer."""
    return tuple(LogCount(what, count) for what, count in coverage.rows())


def fitted_model(name: str, fit: Fit[M], confidence_level: float) -> FittedModel:
    """A fit in plain numbers; at a limit only combinations of the parameters have a standard error."""
    estimates, errors = fit.model.parameters, fit.standard_errors
    known = fit.boundary is None
    lower, upper = normal_interval(estimates, errors, scale="log", confidence_level=confidence_level)
    return FittedModel(
        name=name,
        parameters=tuple(
            Parameter(
                parameter,
                Estimate(float(estimates[i]), *((float(lower[i]), float(upper[i])) if known else ())),
                float(errors[i]) if known else None,
            )
            for i, parameter in enumerate(fit.model.parameter_names)
        ),
        log_likelihood=fit.log_likelihood,
        customers=round(fit.n_customers),
        boundary=fit.boundary,
    )


def _between(value: float, interval: Interval) -> Estimate:
    """With the bounds that are finite."""
    lower, upper = (bound if math.isfinite(bound) else None for bound in (interval.lower, interval.upper))
    return Estimate(value, lower, upper)


def portfolio(total: PortfolioValue) -> Portfolio:
    """All customers together in plain numbers."""
    endless = not math.isfinite(total.expected_purchases)
    return Portfolio(
        value=_between(total.lifetime_value, total.interval),
        purchases=None if endless else _between(total.expected_purchases, total.purchases_interval),
        parameter_error=total.parameter_standard_error,
        process_error=total.process_standard_error,
    )


def holdout(judged: Backtest, *, calibration_end: dt.date, length: float) -> Holdout:
    """The test in plain numbers: the models, best first, and the baseline."""
    chosen = judged.score()
    classes = chosen.classes
    return Holdout(
        calibration_end=calibration_end,
        length=length,
        customers=round(judged.holdout.n_customers),
        actual=round(chosen.actual_total),
        expected=_between(chosen.expected_total, chosen.total_interval),
        scores=(*map(_model_score, judged.scores), _model_score(judged.baseline)),
        classes=tuple(
            FrequencyClass(label, round(float(n)), float(actual), float(expected))
            for label, n, actual, expected in zip(
                classes.labels, classes.n_customers, classes.actual, classes.expected, strict=True
            )
        ),
    )


def _model_score(score: HoldoutScore) -> ModelScore:
    return ModelScore(
        name=score.name,
        n_parameters=score.n_parameters,
        log_likelihood=_finite(score.log_likelihood),
        log_score=score.log_score,
        behind=score.behind,
        behind_error=_finite(score.behind_error),
        expected=score.expected_total,
        total_error=_finite(score.total_error),
        mean_absolute_error=score.mean_absolute_error,
        boundary=score.boundary,
    )


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None


def value_groups(values: FloatArray) -> tuple[ValueGroup, ...]:
    """Tenths of the customers by value, most valuable first; fewer customers make fewer groups."""
    parts = np.array_split(np.sort(values)[::-1], min(N_GROUPS, values.size))
    total = math.fsum(values.tolist())
    groups: list[ValueGroup] = []
    together = 0.0
    for i, part in enumerate(parts):
        held = math.fsum(part.tolist())
        together += held
        groups.append(
            ValueGroup(
                label=_group_label(i, len(parts)),
                customers=part.size,
                value=held,
                share=held / total if total > 0 else None,
                cumulative_share=min(together / total, 1.0) if total > 0 else None,
            )
        )
    return tuple(groups)


def _group_label(i: int, n: int) -> str:
    kind = "tenth" if n == N_GROUPS else "customer"
    return f"The most valuable {kind}" if i == 0 else f"{kind.capitalize()} {i + 1}"


def top_customers(columns: Mapping[str, Column]) -> tuple[CustomerValue, ...]:
    """The customers of a table with everything about each."""
    return tuple(_customer(columns, i) for i in range(len(columns["customer"])))


def _customer(columns: Mapping[str, Column], i: int) -> CustomerValue:
    mean_spend, expected_spend = _number(columns, "mean_spend", i), _number(columns, "expected_spend", i)
    return CustomerValue(
        customer=str(columns["customer"][i]),
        frequency=round(float(columns["frequency"][i])),
        recency=float(columns["recency"][i]),
        age=float(columns["age"][i]),
        mean_spend=mean_spend,
        probability_alive=_estimate(columns, "probability_alive", i),
        expected_purchases=_estimate(columns, "expected_purchases", i),
        expected_spend=None if expected_spend is None else _estimate(columns, "expected_spend", i),
        lifetime_value=_estimate(columns, "lifetime_value", i),
        predicted_value=_estimate(columns, "lifetime_value", i, "predicted_value"),
    )


def _estimate(columns: Mapping[str, Column], name: str, i: int, bounds: str | None = None) -> Estimate:
    lower, upper = (_number(columns, f"{bounds or name}_{side}", i) for side in ("lower", "upper"))
    return Estimate(float(columns[name][i]), lower, upper)


def _number(columns: Mapping[str, Column], name: str, i: int) -> float | None:
    return _finite(float(columns[name][i])) if name in columns else None

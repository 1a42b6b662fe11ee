"""From the results of the topics to the parts of a report."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from customer_centric.audit.report import (
    CustomerValue,
    Estimate,
    FittedModel,
    LogCount,
    Parameter,
    ValueGroup,
)
from customer_centric.clv.coverage import Coverage
from customer_centric.fitting import Fit, HasParameters
from customer_centric.intervals import normal_interval
from customer_centric.typing import FloatArray

__all__: list[str] = []

Column: TypeAlias = NDArray[Any]  # of numbers, or of ids of whatever type the log has

N_GROUPS: Final = 10
N_TOP: Final = 10


def log_counts(coverage: Coverage) -> tuple[LogCount, ...]:
    """What became of every row and every customer."""
    return tuple(LogCount(what, count) for what, count in coverage.rows())


def fitted_model(name: str, fit: Fit[HasParameters], confidence_level: float) -> FittedModel:
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
    """The most valuable customers; the first in the table where values are equal."""
    order = np.argsort(-columns["lifetime_value"].astype(np.float64), kind="stable")[:N_TOP]
    return tuple(_customer(columns, i) for i in order.tolist())


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
    )


def _estimate(columns: Mapping[str, Column], name: str, i: int) -> Estimate:
    bounds = (_number(columns, f"{name}_lower", i), _number(columns, f"{name}_upper", i))
    return Estimate(float(columns[name][i]), *bounds)


def _number(columns: Mapping[str, Column], name: str, i: int) -> float | None:
    value = float(columns[name][i]) if name in columns else math.nan
    return value if math.isfinite(value) else None

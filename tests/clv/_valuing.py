"""What the tests of values share: published models, fits of CDNOW, and a log in every engine."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import lru_cache
from typing import Any

import numpy as np
import pandas as pd
import polars as pl

from clv._logs import ENGINES
from customer_centric import (
    BgNbd,
    DiscountRate,
    GammaGamma,
    MbgNbd,
    Nbd,
    ParetoNbd,
    PurchaseHistories,
    fit_bg_nbd,
    fit_gamma_gamma,
    fit_mbg_nbd,
    fit_nbd,
    fit_pareto_nbd,
    summarise_transactions,
)
from customer_centric.datasets import load_cdnow_sample
from customer_centric.fitting import Fit
from customer_centric.typing import FloatArray, TimeUnit

BG = BgNbd(r=0.243, alpha=4.414, a=0.793, b=2.426, unit="week")
MBG = MbgNbd(r=0.525, alpha=6.183, a=0.891, b=1.614, unit="week")
PARETO = ParetoNbd(r=0.553, alpha=10.578, s=0.606, beta=11.669, unit="week")
NBD = Nbd(r=0.385, alpha=12.07, unit="week")
MODELS = {"BG/NBD": BG, "MBG/NBD": MBG, "Pareto/NBD": PARETO, "NBD": NBD}
SPEND = GammaGamma(p=6.25, q=3.74, gamma=15.44)
WEEKLY = DiscountRate.continuous(0.0027, per="week")
TENTH = DiscountRate.annual(0.1)

# Customers 0001, 0002 and 0003 of the CDNOW sample at the end of September 1997, and its most frequent one.
HISTORIES = ([2.0, 1.0, 0.0, 26.0], [213 / 7, 12 / 7, 0.0, 216 / 7], [272 / 7, 272 / 7, 272 / 7, 31.0])
MEAN_SPEND = [22.35, 11.77, 0.0, 60.0]
ESTIMATES = ("probability_alive", "expected_purchases", "expected_spend", "lifetime_value")
PREDICTIONS = ("predicted_purchases", "predicted_value")
COLUMNS = ["customer", *ESTIMATES]
ALL_COLUMNS = COLUMNS + [f"{n}_{side}" for n in (*ESTIMATES, *PREDICTIONS) for side in ("lower", "upper")]


def as_fit(model: Any, errors: Any = 0.1) -> Any:
    """The model as if fitted, with the same or given standard errors of its log-parameters."""
    variances = np.broadcast_to(np.square(errors), len(model.parameter_names))
    return Fit(model, -1.0, np.diag(variances), 100.0, 1)


def in_weeks(
    histories: tuple[Any, Any, Any] = HISTORIES,
    mean_spend: Any = MEAN_SPEND,
    weights: Any = None,
    unit: TimeUnit = "week",
) -> PurchaseHistories[pd.DataFrame]:
    """Histories from arrays."""
    return PurchaseHistories.from_arrays(*histories, mean_spend, unit=unit, weights=weights)


@lru_cache
def cdnow() -> PurchaseHistories[pd.DataFrame]:
    """The calibration span of the published numbers."""
    return summarise_transactions(
        load_cdnow_sample(), customer="customer", date="date", amount="amount", end="1997-09-30", unit="week"
    )


@lru_cache
def cdnow_fit(name: str) -> Any:
    """A model of CDNOW at its maximum likelihood."""
    fits = {"BG/NBD": fit_bg_nbd, "MBG/NBD": fit_mbg_nbd, "Pareto/NBD": fit_pareto_nbd, "NBD": fit_nbd}
    return fit_gamma_gamma(cdnow()) if name == "spend" else fits[name](cdnow())


def small_log() -> pl.DataFrame:
    """Some 90 transactions of 40 customers whose ids are out of order in every sense."""
    rng = np.random.default_rng(11)
    ids = np.array([30, 10, 20, *rng.permutation(np.arange(100, 137))])
    bought = np.repeat(ids, 1 + rng.poisson(rng.gamma(0.6, 2.0, ids.size)))
    days = rng.integers(0, 300, bought.size)
    return pl.DataFrame(
        {
            "id": bought,
            "when": np.datetime64("2023-01-02", "D") + days,
            "paid": np.round(rng.gamma(4.0, 6.0, bought.size), 2) + 1.0,
        }
    ).sample(fraction=1.0, shuffle=True, seed=3)


def small_histories(engine: str, log: pl.DataFrame | None = None) -> PurchaseHistories[Any]:
    """The histories of a log, by an engine."""
    return summarise_transactions(
        ENGINES[engine](small_log() if log is None else log),
        customer="id",
        date="when",
        amount="paid",
        end="2023-12-31",
        unit="week",
    )


def spread_of(outcome: Callable[[Any], FloatArray], fit: Any) -> FloatArray:
    """Standard error of an outcome of a model: it moves along the axes of the covariance, one after another.

    Exact where the outcome is linear in the log-parameters, as it is when they are almost known.
    """
    parameters = fit.model.parameters
    variance: Any = 0.0
    for axis in np.linalg.cholesky(fit.covariance).T:
        up, down = (outcome(fit.model.with_parameters(parameters * np.exp(s * axis))) for s in (1, -1))
        variance = variance + ((up - down) / 2) ** 2
    return np.asarray(np.sqrt(variance))


def correlated(fit: Any) -> Any:
    """The same fit with correlated errors of its log-parameters."""
    errors = np.sqrt(np.diag(fit.covariance))
    distance = np.abs(np.subtract.outer(np.arange(errors.size), np.arange(errors.size)))
    return replace(fit, covariance=np.outer(errors, errors) * 0.8**distance)

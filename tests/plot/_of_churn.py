"""Every drawing of who leaves, of a few small cohorts."""

from __future__ import annotations

from functools import cache

import numpy as np
import pandas as pd

from customer_centric import plot
from customer_centric.churn import (
    RenewalCounts,
    RetentionTriangle,
    SurvivalCurve,
    fit_sbg,
    project_retention,
    retention_triangle,
    survival_curve,
    survived_triangle,
)

SURVIVORS = [1000, 631, 468, 382, 326, 289, 262, 241]


@cache
def contracts() -> pd.DataFrame:
    """Customers of 2024, a tenth of whom leave each month."""
    rng = np.random.default_rng(2)
    begin = pd.Timestamp("2024-01-01") + pd.to_timedelta(rng.integers(0, 366, 300), unit="D")
    end = begin + pd.to_timedelta(30 * rng.geometric(0.1, 300) + 3, unit="D")
    return pd.DataFrame(
        {"id": np.arange(300), "from": begin, "until": end.where(end <= pd.Timestamp("2024-12-31"))}
    )


@cache
def survived() -> RetentionTriangle:
    return survived_triangle(
        contracts(), customer="id", begins="from", ends="until", period="month", as_of="2024-12-31"
    )


@cache
def active() -> RetentionTriangle:
    """One customer stays away for a month, nobody joins in March."""
    days = ["2024-01-05", "2024-03-05", "2024-01-09", "2024-02-03", "2024-04-02"]
    log = pd.DataFrame({"id": [1, 1, 2, 3, 4], "day": days})
    return retention_triangle(log, customer="id", date="day", period="month", as_of="2024-05-31")


@cache
def curve() -> SurvivalCurve:
    rows = contracts()
    stayed = (rows["until"].fillna(pd.Timestamp("2024-12-31")) - rows["from"]).dt.days
    return survival_curve(stayed, rows["until"].notna(), unit="day")


@cache
def projected() -> pd.DataFrame:
    fit = fit_sbg(RenewalCounts.from_survivors(SURVIVORS))
    return project_retention(fit, 241, 6, tenure=7, rng=np.random.default_rng(1))


DRAWINGS = {
    "triangle": lambda ax=None: plot.plot_triangle(survived(), ax=ax),
    "cohorts": lambda ax=None: plot.plot_cohort_curves(survived(), ax=ax),
    "survival": lambda ax=None: plot.plot_survival(curve(), ax=ax),
    "projection": lambda ax=None: plot.plot_projection(SURVIVORS, projected(), renewals=7, ax=ax),
}

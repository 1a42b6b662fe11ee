"""Who leaves, how fast, and why? Rates, revenue, cohorts, survival, contracts."""

from __future__ import annotations

from customer_centric.churn.bdw import Bdw, fit_bdw
from customer_centric.churn.rates import (
    average_customers,
    churn_rate,
    churn_rate_interval,
    probability_over_periods,
    probability_to_rate,
    rate_to_probability,
)
from customer_centric.churn.renewals import RenewalCounts
from customer_centric.churn.sbg import Sbg, fit_sbg

__all__ = [
    "Bdw",
    "RenewalCounts",
    "Sbg",
    "average_customers",
    "churn_rate",
    "churn_rate_interval",
    "fit_bdw",
    "fit_sbg",
    "probability_over_periods",
    "probability_to_rate",
    "rate_to_probability",
]

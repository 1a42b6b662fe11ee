"""Who leaves, how fast, and why: rates, revenue, cohorts, survival, contracts, and what it is worth to know."""

from __future__ import annotations

from customer_centric.churn.bdw import (
    Bdw,
    fit_bdw,
)
from customer_centric.churn.chain_ladder import (
    complete_triangle,
)
from customer_centric.churn.period import (
    ChurnRate,
    churn_by_period,
    period_churn,
)
from customer_centric.churn.rates import (
    average_customers,
    churn_rate,
    churn_rate_interval,
    probability_over_periods,
    probability_to_rate,
    rate_to_probability,
)
from customer_centric.churn.reconcile import (
    ChurnBridge,
    ChurnDefinition,
    ChurnReconciliation,
    reconcile_churn,
)
from customer_centric.churn.renewals import (
    RenewalCounts,
)
from customer_centric.churn.revenue import (
    RevenueMovement,
    revenue_movement,
)
from customer_centric.churn.sbg import (
    Sbg,
    fit_sbg,
)
from customer_centric.churn.survival import (
    RestrictedMean,
    RestrictedMeanDifference,
    SurvivalCurve,
    restricted_mean_difference,
    survival_curve,
)
from customer_centric.churn.triangle import (
    RetentionTriangle,
    retention_triangle,
    revenue_triangle,
    survived_triangle,
)

__all__ = [
    "Bdw",
    "ChurnBridge",
    "ChurnDefinition",
    "ChurnRate",
    "ChurnReconciliation",
    "RenewalCounts",
    "RestrictedMean",
    "RestrictedMeanDifference",
    "RetentionTriangle",
    "RevenueMovement",
    "Sbg",
    "SurvivalCurve",
    "average_customers",
    "churn_by_period",
    "churn_rate",
    "churn_rate_interval",
    "complete_triangle",
    "fit_bdw",
    "fit_sbg",
    "period_churn",
    "probability_over_periods",
    "probability_to_rate",
    "rate_to_probability",
    "reconcile_churn",
    "restricted_mean_difference",
    "retention_triangle",
    "revenue_movement",
    "revenue_triangle",
    "survival_curve",
    "survived_triangle",
]

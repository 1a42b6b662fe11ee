"""Who leaves, how fast, and why: rates, revenue, cohorts, survival and contracts."""

from __future__ import annotations

from customer_centric.churn.alive import (
    ActiveCustomers,
    active_customers,
)
from customer_centric.churn.attribution import (
    AttributableChurn,
    StatedCause,
    attributable_churn,
    stated_cause,
)
from customer_centric.churn.bdw import (
    Bdw,
    fit_bdw,
)
from customer_centric.churn.campaign import (
    CampaignProfit,
    campaign_profit,
)
from customer_centric.churn.chain_ladder import (
    complete_triangle,
)
from customer_centric.churn.change import (
    ChurnChange,
    decompose_churn_change,
)
from customer_centric.churn.forecast_score import (
    ChurnForecastScore,
    ForecastMeasure,
    score_churn_forecast,
)
from customer_centric.churn.hazard import (
    ChurnHazard,
    fit_churn_hazard,
)
from customer_centric.churn.inactivity import (
    InactivityThreshold,
    inactivity_threshold,
)
from customer_centric.churn.period import (
    ChurnRate,
    churn_by_period,
    period_churn,
)
from customer_centric.churn.projection import (
    project_retention,
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
from customer_centric.churn.retention_value import (
    RetentionValue,
    retention_value,
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
from customer_centric.churn.uplift import (
    RetentionUplift,
    retention_uplift,
)

__all__ = [
    "ActiveCustomers",
    "AttributableChurn",
    "Bdw",
    "CampaignProfit",
    "ChurnBridge",
    "ChurnChange",
    "ChurnDefinition",
    "ChurnForecastScore",
    "ChurnHazard",
    "ChurnRate",
    "ChurnReconciliation",
    "ForecastMeasure",
    "InactivityThreshold",
    "RenewalCounts",
    "RestrictedMean",
    "RestrictedMeanDifference",
    "RetentionTriangle",
    "RetentionUplift",
    "RetentionValue",
    "RevenueMovement",
    "Sbg",
    "StatedCause",
    "SurvivalCurve",
    "active_customers",
    "attributable_churn",
    "average_customers",
    "campaign_profit",
    "churn_by_period",
    "churn_rate",
    "churn_rate_interval",
    "complete_triangle",
    "decompose_churn_change",
    "fit_bdw",
    "fit_churn_hazard",
    "fit_sbg",
    "inactivity_threshold",
    "period_churn",
    "probability_over_periods",
    "probability_to_rate",
    "project_retention",
    "rate_to_probability",
    "reconcile_churn",
    "restricted_mean_difference",
    "retention_triangle",
    "retention_uplift",
    "retention_value",
    "revenue_movement",
    "revenue_triangle",
    "score_churn_forecast",
    "stated_cause",
    "survival_curve",
    "survived_triangle",
]

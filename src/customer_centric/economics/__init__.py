"""What should we spend? The ladder of customer lifetime value."""

from __future__ import annotations

from customer_centric.economics.acquisition import (
    AcquisitionCost,
    LtvToCac,
    customer_acquisition_cost,
    ltv_to_cac,
)
from customer_centric.economics.benchmark import BenchmarkGap, benchmark_gap
from customer_centric.economics.budget import BudgetPlan, SpendResponse, optimal_budget
from customer_centric.economics.claims import CLAIMS, Claim, ClaimCheck, check_claim
from customer_centric.economics.cost_ratio import CostRatio, acquisition_retention_ratio, response_cost_ratio
from customer_centric.economics.elasticity import ClvElasticities, clv_elasticities, retention_elasticity
from customer_centric.economics.investment import InvestmentCase, investment_case
from customer_centric.economics.lifetime import (
    clv_annuity,
    clv_from_survival,
    clv_ladder,
    clv_retention,
    clv_simple,
)
from customer_centric.economics.measurement import Measurement
from customer_centric.economics.payback import payback_from_survival, payback_period
from customer_centric.economics.perceived_value import (
    CostPrices,
    PerceivedValue,
    PerceivedValueChange,
    compare_perceived_value,
    perceived_value,
)
from customer_centric.economics.reallocation import Reallocation, reallocate_budget
from customer_centric.economics.referral import CustomerEquity, ReferralValue, customer_equity, referral_value
from customer_centric.economics.residual import residual_clv
from customer_centric.economics.retention_roi import RetentionRoi, retention_roi
from customer_centric.economics.robust_budget import RobustBudget, draw_responses, robust_budget
from customer_centric.economics.scorecard import (
    FIVE_PROCESSES,
    Metric,
    MoneyLink,
    Scorecard,
    WeightedTotal,
    scorecard,
)

__all__ = [
    "CLAIMS",
    "FIVE_PROCESSES",
    "AcquisitionCost",
    "BenchmarkGap",
    "BudgetPlan",
    "Claim",
    "ClaimCheck",
    "ClvElasticities",
    "CostPrices",
    "CostRatio",
    "CustomerEquity",
    "InvestmentCase",
    "LtvToCac",
    "Measurement",
    "Metric",
    "MoneyLink",
    "PerceivedValue",
    "PerceivedValueChange",
    "Reallocation",
    "ReferralValue",
    "RetentionRoi",
    "RobustBudget",
    "Scorecard",
    "SpendResponse",
    "WeightedTotal",
    "acquisition_retention_ratio",
    "benchmark_gap",
    "check_claim",
    "clv_annuity",
    "clv_elasticities",
    "clv_from_survival",
    "clv_ladder",
    "clv_retention",
    "clv_simple",
    "compare_perceived_value",
    "customer_acquisition_cost",
    "customer_equity",
    "draw_responses",
    "investment_case",
    "ltv_to_cac",
    "optimal_budget",
    "payback_from_survival",
    "payback_period",
    "perceived_value",
    "reallocate_budget",
    "referral_value",
    "residual_clv",
    "response_cost_ratio",
    "retention_elasticity",
    "retention_roi",
    "robust_budget",
    "scorecard",
]

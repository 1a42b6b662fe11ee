"""What should we spend? The ladder of customer lifetime value."""

from __future__ import annotations

from customer_centric.economics.benchmark import BenchmarkGap, benchmark_gap
from customer_centric.economics.budget import BudgetPlan, SpendResponse, optimal_budget
from customer_centric.economics.claims import CLAIMS, Claim, ClaimCheck, check_claim
from customer_centric.economics.lifetime import (
    clv_annuity,
    clv_from_survival,
    clv_ladder,
    clv_retention,
    clv_simple,
)
from customer_centric.economics.measurement import Measurement
from customer_centric.economics.perceived_value import (
    CostPrices,
    PerceivedValue,
    PerceivedValueChange,
    compare_perceived_value,
    perceived_value,
)
from customer_centric.economics.reallocation import Reallocation, reallocate_budget
from customer_centric.economics.referral import CustomerEquity, ReferralValue, customer_equity, referral_value
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
    "BenchmarkGap",
    "BudgetPlan",
    "Claim",
    "ClaimCheck",
    "CostPrices",
    "CustomerEquity",
    "Measurement",
    "Metric",
    "MoneyLink",
    "PerceivedValue",
    "PerceivedValueChange",
    "Reallocation",
    "ReferralValue",
    "Scorecard",
    "SpendResponse",
    "WeightedTotal",
    "benchmark_gap",
    "check_claim",
    "clv_annuity",
    "clv_from_survival",
    "clv_ladder",
    "clv_retention",
    "clv_simple",
    "compare_perceived_value",
    "customer_equity",
    "optimal_budget",
    "perceived_value",
    "reallocate_budget",
    "referral_value",
    "scorecard",
]

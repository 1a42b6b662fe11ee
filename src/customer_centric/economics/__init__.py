"""What should we spend? The ladder of customer lifetime value."""

from __future__ import annotations

from customer_centric.economics.benchmark import BenchmarkGap, benchmark_gap
from customer_centric.economics.claims import CLAIMS, Claim, ClaimCheck, check_claim
from customer_centric.economics.lifetime import (
    clv_annuity,
    clv_from_survival,
    clv_ladder,
    clv_retention,
    clv_simple,
)
from customer_centric.economics.measurement import Measurement
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
    "Claim",
    "ClaimCheck",
    "Measurement",
    "Metric",
    "MoneyLink",
    "Scorecard",
    "WeightedTotal",
    "benchmark_gap",
    "check_claim",
    "clv_annuity",
    "clv_from_survival",
    "clv_ladder",
    "clv_retention",
    "clv_simple",
    "scorecard",
]

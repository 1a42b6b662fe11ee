"""Who matters most, and what do we do for them? Profit, concentration, RFM, tiers, migration, policies."""

from __future__ import annotations

from customer_centric.segments.base_audit import BaseAudit, base_audit
from customer_centric.segments.markov import MarkovValue, clv_markov
from customer_centric.segments.migration import Migration, migration_matrix
from customer_centric.segments.regression import RegressionToMean, regression_to_mean

__all__ = [
    "BaseAudit",
    "MarkovValue",
    "Migration",
    "RegressionToMean",
    "base_audit",
    "clv_markov",
    "migration_matrix",
    "regression_to_mean",
]

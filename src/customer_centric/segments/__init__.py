"""Who matters most, and what do we do for them? Profit, concentration, RFM, tiers, migration, policies."""

from __future__ import annotations

from customer_centric.segments.base_audit import BaseAudit, base_audit
from customer_centric.segments.concentration import Gini, LorenzCurve, gini, lorenz_curve
from customer_centric.segments.cross_sell import (
    CrossSellMargin,
    CrossSellOdds,
    cross_sell_margin,
    cross_sell_odds,
)
from customer_centric.segments.deciles import AbcClasses, DecileTable, abc_classes, decile_table
from customer_centric.segments.frequency import OptimalFrequency, optimal_frequency, relative_frequency
from customer_centric.segments.gain import SegmentGain, segment_gain
from customer_centric.segments.ladder import LoyaltyLadder, loyalty_ladder
from customer_centric.segments.loyalty import (
    LoyalShare,
    ValueRatio,
    clv_equivalence,
    clv_multiple,
    loyal_share,
)
from customer_centric.segments.markov import MarkovValue, clv_markov
from customer_centric.segments.matrix import CustomerMatrix, clv_crv_matrix, loyalty_profit_matrix
from customer_centric.segments.membership import (
    TierProbabilities,
    tier_probability,
    tier_probability_from_distribution,
    tier_probability_from_quantiles,
)
from customer_centric.segments.migration import Migration, migration_matrix
from customer_centric.segments.policy import PolicyAssignment, assign_policy
from customer_centric.segments.profile import ValueProfile, value_profile
from customer_centric.segments.profit import customer_profit
from customer_centric.segments.rank import RankReversal, rank_reversal
from customer_centric.segments.regression import RegressionToMean, regression_to_mean
from customer_centric.segments.rfm import RfmScores, RfmThresholds, rfm_scores, rfm_segments
from customer_centric.segments.service import ServiceLevel, ServicePlan, service_levels
from customer_centric.segments.stability import (
    SegmentStability,
    TierDrift,
    adjusted_rand,
    segment_stability,
    tier_drift,
)
from customer_centric.segments.threshold import (
    ServiceThreshold,
    decision_threshold,
    incremental_profit,
    offer_profit,
    service_threshold,
)
from customer_centric.segments.tiers import TierTable, quantile_thresholds, value_tiers
from customer_centric.segments.whale import WhaleCurve, whale_curve

__all__ = [
    "AbcClasses",
    "BaseAudit",
    "CrossSellMargin",
    "CrossSellOdds",
    "CustomerMatrix",
    "DecileTable",
    "Gini",
    "LorenzCurve",
    "LoyalShare",
    "LoyaltyLadder",
    "MarkovValue",
    "Migration",
    "OptimalFrequency",
    "PolicyAssignment",
    "RankReversal",
    "RegressionToMean",
    "RfmScores",
    "RfmThresholds",
    "SegmentGain",
    "SegmentStability",
    "ServiceLevel",
    "ServicePlan",
    "ServiceThreshold",
    "TierDrift",
    "TierProbabilities",
    "TierTable",
    "ValueProfile",
    "ValueRatio",
    "WhaleCurve",
    "abc_classes",
    "adjusted_rand",
    "assign_policy",
    "base_audit",
    "clv_crv_matrix",
    "clv_equivalence",
    "clv_markov",
    "clv_multiple",
    "cross_sell_margin",
    "cross_sell_odds",
    "customer_profit",
    "decile_table",
    "decision_threshold",
    "gini",
    "incremental_profit",
    "lorenz_curve",
    "loyal_share",
    "loyalty_ladder",
    "loyalty_profit_matrix",
    "migration_matrix",
    "offer_profit",
    "optimal_frequency",
    "quantile_thresholds",
    "rank_reversal",
    "regression_to_mean",
    "relative_frequency",
    "rfm_scores",
    "rfm_segments",
    "segment_gain",
    "segment_stability",
    "service_levels",
    "service_threshold",
    "tier_drift",
    "tier_probability",
    "tier_probability_from_distribution",
    "tier_probability_from_quantiles",
    "value_profile",
    "value_tiers",
    "whale_curve",
]

"""Who matters most, and what do we do for them? Profit, concentration, RFM, tiers, migration, policies."""

from __future__ import annotations

from customer_centric.segments.base_audit import BaseAudit, base_audit
from customer_centric.segments.concentration import Gini, LorenzCurve, gini, lorenz_curve
from customer_centric.segments.deciles import AbcClasses, DecileTable, abc_classes, decile_table
from customer_centric.segments.markov import MarkovValue, clv_markov
from customer_centric.segments.migration import Migration, migration_matrix
from customer_centric.segments.profit import customer_profit
from customer_centric.segments.rank import RankReversal, rank_reversal
from customer_centric.segments.regression import RegressionToMean, regression_to_mean
from customer_centric.segments.rfm import RfmScores, RfmThresholds, rfm_scores, rfm_segments
from customer_centric.segments.whale import WhaleCurve, whale_curve

__all__ = [
    "AbcClasses",
    "BaseAudit",
    "DecileTable",
    "Gini",
    "LorenzCurve",
    "MarkovValue",
    "Migration",
    "RankReversal",
    "RegressionToMean",
    "RfmScores",
    "RfmThresholds",
    "WhaleCurve",
    "abc_classes",
    "base_audit",
    "clv_markov",
    "customer_profit",
    "decile_table",
    "gini",
    "lorenz_curve",
    "migration_matrix",
    "rank_reversal",
    "regression_to_mean",
    "rfm_scores",
    "rfm_segments",
    "whale_curve",
]

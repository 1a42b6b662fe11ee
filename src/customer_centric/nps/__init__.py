"""What do customers say? Promoters, passives and detractors, and how sure their scores are."""

from __future__ import annotations

from customer_centric.nps.change import (
    ChangeDecomposition,
    NpsChange,
    decompose_change,
    decompose_nps_change,
)
from customer_centric.nps.churn_link import ChurnAfterSurvey, churn_after_survey
from customer_centric.nps.classify import classify
from customer_centric.nps.comparison import NpsDifference, compare_nps
from customer_centric.nps.drivers import DriverImportance, driver_importance
from customer_centric.nps.earned_growth import EarnedGrowth, earned_growth_rate
from customer_centric.nps.effort import CustomerEffort, customer_effort_score
from customer_centric.nps.groups import NpsByGroup, nps_by
from customer_centric.nps.mean_rating import MeanRating, mean_rating
from customer_centric.nps.nonresponse import NonresponseBounds, nonresponse_bounds
from customer_centric.nps.panel import compare_nps_panel
from customer_centric.nps.planning import (
    SampleSize,
    nps_comparison_size,
    nps_detectable_difference,
    nps_sample_size,
)
from customer_centric.nps.price_premium import PricePremium, price_premium
from customer_centric.nps.raking import RakedWeights, rake
from customer_centric.nps.scale import NPS_SCALE, RatingScale
from customer_centric.nps.score import (
    NetPromoterScore,
    net_promoter_score,
    net_promoter_score_from_counts,
)
from customer_centric.nps.shrinkage import ShrunkenNps, shrink_nps
from customer_centric.nps.spend_link import SpendAfterSurvey, spend_after_survey
from customer_centric.nps.themes import ThemeImpact, theme_impact
from customer_centric.nps.top_box import TopBox, top_box_score
from customer_centric.nps.trend import NpsTrend, nps_trend
from customer_centric.nps.value_gap import NpsValueGap, nps_value_gap

__all__ = [
    "NPS_SCALE",
    "ChangeDecomposition",
    "ChurnAfterSurvey",
    "CustomerEffort",
    "DriverImportance",
    "EarnedGrowth",
    "MeanRating",
    "NetPromoterScore",
    "NonresponseBounds",
    "NpsByGroup",
    "NpsChange",
    "NpsDifference",
    "NpsTrend",
    "NpsValueGap",
    "PricePremium",
    "RakedWeights",
    "RatingScale",
    "SampleSize",
    "ShrunkenNps",
    "SpendAfterSurvey",
    "ThemeImpact",
    "TopBox",
    "churn_after_survey",
    "classify",
    "compare_nps",
    "compare_nps_panel",
    "customer_effort_score",
    "decompose_change",
    "decompose_nps_change",
    "driver_importance",
    "earned_growth_rate",
    "mean_rating",
    "net_promoter_score",
    "net_promoter_score_from_counts",
    "nonresponse_bounds",
    "nps_by",
    "nps_comparison_size",
    "nps_detectable_difference",
    "nps_sample_size",
    "nps_trend",
    "nps_value_gap",
    "price_premium",
    "rake",
    "shrink_nps",
    "spend_after_survey",
    "theme_impact",
    "top_box_score",
]

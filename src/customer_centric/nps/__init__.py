"""What do customers say? Promoters, passives and detractors, and how sure their scores are."""

from __future__ import annotations

from customer_centric.nps.classify import classify
from customer_centric.nps.effort import CustomerEffort, customer_effort_score
from customer_centric.nps.groups import NpsByGroup, nps_by
from customer_centric.nps.mean_rating import MeanRating, mean_rating
from customer_centric.nps.nonresponse import NonresponseBounds, nonresponse_bounds
from customer_centric.nps.planning import (
    SampleSize,
    nps_comparison_size,
    nps_detectable_difference,
    nps_sample_size,
)
from customer_centric.nps.raking import RakedWeights, rake
from customer_centric.nps.scale import NPS_SCALE, RatingScale
from customer_centric.nps.score import (
    NetPromoterScore,
    net_promoter_score,
    net_promoter_score_from_counts,
)
from customer_centric.nps.shrinkage import ShrunkenNps, shrink_nps
from customer_centric.nps.top_box import TopBox, top_box_score

__all__ = [
    "NPS_SCALE",
    "CustomerEffort",
    "MeanRating",
    "NetPromoterScore",
    "NonresponseBounds",
    "NpsByGroup",
    "RakedWeights",
    "RatingScale",
    "SampleSize",
    "ShrunkenNps",
    "TopBox",
    "classify",
    "customer_effort_score",
    "mean_rating",
    "net_promoter_score",
    "net_promoter_score_from_counts",
    "nonresponse_bounds",
    "nps_by",
    "nps_comparison_size",
    "nps_detectable_difference",
    "nps_sample_size",
    "rake",
    "shrink_nps",
    "top_box_score",
]

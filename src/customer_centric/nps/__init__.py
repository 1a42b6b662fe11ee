"""What do customers say? Promoters, passives and detractors, and how sure their scores are."""

from __future__ import annotations

from customer_centric.nps.classify import classify
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

__all__ = [
    "NPS_SCALE",
    "NetPromoterScore",
    "NonresponseBounds",
    "RakedWeights",
    "RatingScale",
    "SampleSize",
    "classify",
    "net_promoter_score",
    "net_promoter_score_from_counts",
    "nonresponse_bounds",
    "nps_comparison_size",
    "nps_detectable_difference",
    "nps_sample_size",
    "rake",
]

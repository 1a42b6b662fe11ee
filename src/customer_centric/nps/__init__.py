"""What do customers say? Promoters, passives and detractors, and how sure their scores are."""

from __future__ import annotations

from customer_centric.nps.classify import classify
from customer_centric.nps.scale import NPS_SCALE, RatingScale
from customer_centric.nps.score import (
    NetPromoterScore,
    net_promoter_score,
    net_promoter_score_from_counts,
)

__all__ = [
    "NPS_SCALE",
    "NetPromoterScore",
    "RatingScale",
    "classify",
    "net_promoter_score",
    "net_promoter_score_from_counts",
]

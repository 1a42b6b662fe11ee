"""A scale says which answers there are, and where the classes end; it converts nothing."""

from __future__ import annotations

from dataclasses import FrozenInstanceError

import numpy as np
import pytest

from customer_centric.errors import InvalidInputError
from customer_centric.nps import NPS_SCALE, RatingScale, net_promoter_score


def test_the_founding_scale_is_0_to_10_with_cuts_at_6_and_9() -> None:
    assert RatingScale() == NPS_SCALE
    assert NPS_SCALE.values == tuple(range(11))
    classes = NPS_SCALE.net_values(np.arange(11.0)).tolist()
    assert classes == [-1.0] * 7 + [0.0] * 2 + [1.0] * 2
    with pytest.raises(FrozenInstanceError):
        NPS_SCALE.minimum = 1  # type: ignore[misc]


def test_missing_answers_have_no_class() -> None:
    assert np.isnan(NPS_SCALE.net_values(np.array([np.nan]))).all()


def test_a_scale_may_have_no_passives() -> None:
    thumbs = RatingScale(minimum=0, maximum=1, detractor_max=0, promoter_min=1)
    assert net_promoter_score([1, 1, 1, 0], scale=thumbs).score == pytest.approx(50.0)


def test_scores_of_other_scales_are_those_of_their_own_cuts() -> None:
    """The same ratings under the cuts of another scale would all be detractors."""
    five = RatingScale(minimum=1, maximum=5, detractor_max=3, promoter_min=5)
    assert net_promoter_score([5, 5, 4, 3], scale=five).score == pytest.approx(25.0)
    assert net_promoter_score([5, 5, 4, 3]).score == -100.0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"detractor_max": 9}, r"`minimum` <= `detractor_max` < `promoter_min` <= `maximum` .* 0, 9, 9, 10"),
        ({"minimum": 7}, "must hold, got 7, 6, 9, 10"),
        ({"maximum": 8}, "must hold, got 0, 6, 9, 8"),
        ({"detractor_max": 6.5}, "`detractor_max` must be a whole number, got 6.5"),
        ({"promoter_min": float("nan")}, "`promoter_min` must be a whole number, got nan"),
        ({"minimum": "0"}, "`minimum` must be numbers, got values of type text"),
    ],
)
def test_refuses(arguments: dict[str, int], message: str) -> None:
    with pytest.raises(InvalidInputError, match=message):
        RatingScale(**arguments)


def test_the_numbers_of_a_scale_are_no_scale() -> None:
    with pytest.raises(InvalidInputError, match=r"^`scale` must be a RatingScale, got \(0, 10\); write for"):
        net_promoter_score([9, 3], scale=(0, 10))  # type: ignore[arg-type]

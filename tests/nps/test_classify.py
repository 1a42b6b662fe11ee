"""Detractors answer 0 to 6, passives 7 or 8, promoters 9 or 10; nobody else has a class."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from customer_centric.errors import InvalidInputError
from customer_centric.nps import RatingScale, classify, net_promoter_score


def test_the_founding_definition() -> None:
    assert classify(range(11)).tolist() == ["detractor"] * 7 + ["passive"] * 2 + ["promoter"] * 2  # type: ignore[arg-type]


def test_npc_of_minus_2_to_12() -> None:
    """The R package NPS documents `npc(-2:12)`: NA, NA, 7 detractors, 2 passives, 2 promoters, NA, NA."""
    found = classify(np.arange(-2, 13), invalid="missing").tolist()
    expected = [None, None, *["detractor"] * 7, *["passive"] * 2, *["promoter"] * 2, None, None]
    assert found == expected


def test_missing_answers_are_never_passives() -> None:
    assert classify([None, np.nan, pd.NA, 8]).tolist() == [None, None, None, "passive"]
    assert classify([]).tolist() == []


@pytest.mark.parametrize("answer", [6.5, 8.5, 11, -1, True, "9"])
def test_no_answer_between_or_beyond_gets_a_class(answer: object) -> None:
    with pytest.raises(InvalidInputError, match=r"at position 1 \(1 of 2 values\)"):
        classify([9, answer])
    assert classify([9, answer], invalid="missing").tolist() == ["promoter", None]


def test_classes_and_score_agree_on_who_is_in() -> None:
    ratings = [0, 6.5, 7, None, 10, 12, 9]
    classes = classify(ratings, invalid="missing").tolist()
    nps = net_promoter_score(ratings, invalid="missing")
    assert (nps.promoters, nps.passives, nps.detractors) == tuple(
        classes.count(name) for name in ("promoter", "passive", "detractor")
    )
    assert (nps.n, nps.n_missing, nps.n_invalid) == (4, 1, 2)


def test_another_scale_has_its_own_cuts() -> None:
    five = RatingScale(minimum=1, maximum=5, detractor_max=3, promoter_min=5)
    assert classify([1, 3, 4, 5], scale=five).tolist() == ["detractor", "detractor", "passive", "promoter"]
    with pytest.raises(InvalidInputError, match="`ratings` must be whole numbers from 1 to 5, got 0"):
        classify([0], scale=five)

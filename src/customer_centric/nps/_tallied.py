"""From the cells of a tally to answers by group."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from customer_centric._core.frames import Tally
from customer_centric._core.frames.tally_groups import groups_of
from customer_centric._core.tabulate import sum_by
from customer_centric._methods.survey_design import Answers
from customer_centric.nps.scale import RatingScale
from customer_centric.typing import FloatArray, IntArray


@dataclass(frozen=True, slots=True, eq=False)
class GroupedAnswers:
    """Answers by group, and what the groups are called.

    Parameters
    ----------
    answers : Answers
        Values 1, 0 and -1; every group of the survey is there, those without answers too.
    codes : tuple of ndarray of shape (n_groups,)
        Codes of the keys that name each group, in ascending order.
    n_missing : ndarray of shape (n_groups,)
        Rows of each group without an answer on the scale.
    """

    answers: Answers
    codes: tuple[IntArray, ...]
    n_missing: FloatArray

    def everybody(self) -> Answers:
        """The same answers as one group."""
        cells = self.answers
        return Answers(
            value=cells.value,
            n=cells.n,
            weight=cells.weight,
            squared_weight=cells.squared_weight,
            group=np.zeros_like(cells.group),
            n_groups=1,
            cluster=cells.cluster,
        )


def group_answers(counted: Tally[Any], scale: RatingScale, *, n_by: int, clustered: bool) -> GroupedAnswers:
    """The answers of a tally whose first `n_by` keys name groups and whose next one may name clusters."""
    codes, group, n_groups = groups_of(counted, n_by)
    kept = counted.answered
    answers = Answers(
        value=scale.net_values(counted.rating[kept]),
        n=counted.n[kept],
        weight=counted.weight[kept],
        squared_weight=counted.squared_weight[kept],
        group=group[kept],
        n_groups=n_groups,
        cluster=counted.keys[n_by][kept] if clustered else None,
    )
    return GroupedAnswers(answers, codes, sum_by(group, np.where(kept, 0.0, counted.n), n_groups))

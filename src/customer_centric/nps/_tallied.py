"""From the cells of a tally to answers by group."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from customer_centric._core.frames import Key, Tally
from customer_centric._core.tabulate import sum_by
from customer_centric._methods.survey_design import Answers
from customer_centric.errors import InvalidInputError
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
    codes, group, n_groups = _groups(counted, n_by)
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


def _groups(counted: Tally[Any], n_by: int) -> tuple[tuple[IntArray, ...], IntArray, int]:
    """Codes of the keys of each group, the group of each cell, and the number of groups."""
    if n_by == 0:
        # Everybody is one group, even where nobody is.
        return (), np.zeros(counted.n.shape, dtype=np.int64), 1
    keys = counted.keys[:n_by]
    starts = np.ones(counted.n.shape, dtype=np.bool_)
    starts[1:] = np.logical_or.reduce([codes[1:] != codes[:-1] for codes in keys])
    return tuple(codes[starts] for codes in keys), np.cumsum(starts) - 1, int(starts.sum())


def by_keys(by: str | Sequence[str], cluster: str | None) -> list[Key]:
    """The keys of groups, each with a role of its own, and of clusters."""
    columns = [by] if isinstance(by, str) else by
    if not isinstance(columns, Sequence) or not all(isinstance(column, str) for column in columns):
        raise InvalidInputError(f"`by` must be the name of a column or several of them, got {by!r}")
    roles = ["by"] if len(columns) == 1 else [f"by[{i}]" for i in range(len(columns))]
    keys = [Key(column, role) for column, role in zip(columns, roles, strict=True)]
    return keys if cluster is None else [*keys, Key(cluster, "cluster")]

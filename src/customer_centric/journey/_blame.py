"""Which visit is to blame for a signal."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from customer_centric.journey._rules import Sparse, steps_before
from customer_centric.journey.visits import Visits
from customer_centric.typing import IntArray


def blame_visits(blame: str, hits: Sparse, visits: Visits, others: Sequence[Sparse]) -> Sparse:
    """The occurrences with the visits that are to blame; where there is none, it is the visit itself."""
    if blame == "earlier" or hits.visit.size == 0:
        return hits
    if blame == "self":
        return replace(hits, blamed=None)
    if blame == "previous":
        first = visits.starts[visits.journey[hits.visit]]
        return replace(hits, blamed=np.maximum(hits.visit - 1, first))
    if blame == "cause":
        return replace(hits, blamed=steps_before(visits, hits.visit))
    return replace(hits, blamed=_last_signalled(hits, visits, others))


def _last_signalled(hits: Sparse, visits: Visits, others: Sequence[Sparse]) -> IntArray:
    """What the last visit with another signal, up to this one, was caused by."""
    seen = np.concatenate([other.visit for other in others] + [np.zeros(0, dtype=np.int64)])
    cause = np.concatenate(
        [other.visit if other.blamed is None else other.blamed for other in others]
        + [np.zeros(0, dtype=np.int64)]
    )
    order = np.lexsort((cause, seen))
    seen, cause = seen[order], cause[order]
    # Of several causes the latest: a visit that is blamed itself is the last.
    place = np.searchsorted(seen, hits.visit, side="right") - 1
    first = visits.starts[visits.journey[hits.visit]]
    known = place >= 0
    known[known] = seen[place[known]] >= first[known]
    return np.where(known, cause[np.maximum(place, 0)] if cause.size else hits.visit, hits.visit)

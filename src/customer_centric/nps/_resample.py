"""The score when the answers, or their clusters, are drawn again."""

from __future__ import annotations

import numpy as np

from customer_centric._core.tabulate import sum_by
from customer_centric._methods.survey_design import Answers
from customer_centric.errors import InvalidInputError
from customer_centric.intervals.bootstrap import bootstrap_interval
from customer_centric.typing import FloatArray


def resampled_net(
    answers: Answers, rng: np.random.Generator | None, n_resamples: int, confidence_level: float
) -> tuple[float, float]:
    """Bounds of the net share of one group as a fraction, by the percentile bootstrap."""
    if not isinstance(rng, np.random.Generator):
        raise InvalidInputError(
            '`rng` must be a NumPy random generator where `method` is "bootstrap", got '
            f"{rng!r}; pass for instance rng=np.random.default_rng(1)"
        )
    n = answers.n.astype(np.int64)
    index = np.repeat(np.arange(n.size), n)
    per_answer = np.divide(answers.weight, answers.n, out=np.zeros_like(answers.weight), where=answers.n > 0)
    weight, value = per_answer[index], answers.value[index]
    strata = None if answers.stratum is None else answers.stratum[index]
    if answers.cluster is not None:
        clusters = answers.cluster[index]
        if strata is not None:
            clusters = strata * (int(clusters.max()) + 1) + clusters
        _, first, unit = np.unique(clusters, return_index=True, return_inverse=True)
        strata = None if strata is None else strata[first]
        value_sums = sum_by(unit, weight * value, first.size)
        weight_sums = sum_by(unit, weight, first.size)
    else:
        value_sums, weight_sums = weight * value, weight

    def statistic(drawn: FloatArray) -> float:
        return float(drawn @ value_sums / (drawn @ weight_sums))

    lower, upper = bootstrap_interval(
        statistic,
        value_sums.size,
        rng=rng,
        n_resamples=n_resamples,
        strata=strata,
        confidence_level=confidence_level,
    )
    return float(lower), float(upper)

"""The answers of a survey and how they were drawn, from arrays."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from typing import Any, cast

import numpy as np
from numpy.typing import ArrayLike, NDArray

from customer_centric._core.checks import as_floats, check_array, check_number
from customer_centric._core.ratings import Ratings
from customer_centric._methods.survey_design import Answers
from customer_centric.errors import InvalidInputError
from customer_centric.typing import FloatArray, IntArray


def sample_of(
    checked: Ratings,
    value: FloatArray,
    *,
    weights: ArrayLike | None = None,
    clusters: ArrayLike | None = None,
    strata: ArrayLike | None = None,
    population: float | Mapping[Hashable, float] | None = None,
) -> Answers:
    """One group of answers with their design; rows without an answer are left out."""
    kept = checked.answered
    if not kept.any():
        raise InvalidInputError(
            f"`ratings` must have at least one answer, got {kept.size} rows without one"
            if kept.size
            else "`ratings` must have at least one answer, got none"
        )
    n = int(kept.sum())
    weight = _weights(weights, kept)
    cluster = _labelled("clusters", clusters, kept)
    stratum = _labelled("strata", strata, kept)
    codes = None if stratum is None else stratum[0]
    units = None if cluster is None else cluster[0]
    sizes = _unit_counts(codes, units, n)
    if stratum is not None:
        _refuse_lonely(sizes, stratum[1])
    return Answers(
        value=value[kept],
        n=np.ones(n),
        weight=weight,
        squared_weight=weight**2,
        group=np.zeros(n, dtype=np.int64),
        n_groups=1,
        cluster=units,
        stratum=codes,
        population=_population(population, sizes, None if stratum is None else stratum[1]),
    )


def _weights(weights: ArrayLike | None, kept: NDArray[np.bool_]) -> FloatArray:
    if weights is None:
        return np.ones(int(kept.sum()))
    array = as_floats("weights", weights)
    _same_length("weights", array.shape, kept.size)
    # The weight of a row without an answer says nothing, and may be missing.
    used = check_array("weights", np.where(kept, array, 0.0), minimum=0.0)[kept]
    if not used.any():
        raise InvalidInputError("`weights` must be greater than 0 for at least one answer, got only 0")
    return used


def _labelled(
    name: str, labels: ArrayLike | None, kept: NDArray[np.bool_]
) -> tuple[IntArray, list[Hashable]] | None:
    if labels is None:
        return None
    import pandas as pd

    array = _as_labels(labels)
    _same_length(name, array.shape, kept.size)
    codes, distinct = pd.factorize(array[kept])
    if (codes < 0).any():
        position = int(np.flatnonzero(kept)[np.flatnonzero(codes < 0)[0]])
        raise InvalidInputError(
            f"`{name}` must be present for every answer, got a missing one at position {position} "
            f"({int((codes < 0).sum())} of {codes.size} answers); remove these answers or label them"
        )
    return np.asarray(codes, dtype=np.int64), list(np.asarray(distinct).tolist())


def _as_labels(labels: ArrayLike) -> NDArray[Any]:
    # NumPy would make text of a missing label next to text, and of 1 next to "1".
    if isinstance(labels, list | tuple):
        items = cast("Sequence[object]", labels)
        return np.fromiter(items, dtype=np.dtype(object), count=len(items))
    return np.asarray(labels)


def _same_length(name: str, shape: tuple[int, ...], size: int) -> None:
    if shape != (size,):
        raise InvalidInputError(
            f"`{name}` must have one value a rating, got shape {shape} for {size} ratings"
        )


def _unit_counts(stratum: IntArray | None, cluster: IntArray | None, n: int) -> FloatArray:
    """Sampling units in each stratum."""
    codes = np.zeros(n, dtype=np.int64) if stratum is None else stratum
    if cluster is not None:
        width = int(cluster.max()) + 1
        codes = np.unique(codes * width + cluster) // width
    return np.bincount(codes).astype(np.float64)


def _refuse_lonely(sizes: FloatArray, labels: list[Hashable]) -> None:
    alone = np.flatnonzero(sizes < 2)
    if alone.size:
        raise InvalidInputError(
            f"`strata` must have at least two units each, got one in stratum {labels[int(alone[0])]!r} "
            f"({alone.size} of {sizes.size} strata); merge it with a stratum that is like it"
        )


def _population(
    population: float | Mapping[Hashable, float] | None, sizes: FloatArray, labels: list[Hashable] | None
) -> FloatArray | None:
    if population is None:
        return None
    if isinstance(population, Mapping):
        if labels is None:
            raise InvalidInputError(
                "`population` must be one number unless `strata` are given, got a mapping"
            )
        absent = [label for label in labels if label not in population]
        if absent:
            raise InvalidInputError(
                f"`population` must have a size for each stratum, got none for {absent[0]!r} "
                f"({len(absent)} of {len(labels)} strata)"
            )
        total = np.array([check_number("population", population[label], minimum=1.0) for label in labels])
    elif labels is not None and len(labels) > 1:
        raise InvalidInputError(
            "`population` must be a mapping from stratum to size where there are strata, got one number"
        )
    else:
        total = np.array([check_number("population", population, minimum=1.0)])
    if (total < sizes).any():
        position = int(np.flatnonzero(total < sizes)[0])
        raise InvalidInputError(
            f"`population` must be at least the number of units that answered, got {total[position]:g} for "
            f"{sizes[position]:g} units; it counts clusters where there are clusters"
        )
    return total

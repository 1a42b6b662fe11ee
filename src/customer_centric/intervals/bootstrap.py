"""Bootstrap intervals: how much a statistic moves when its units are drawn again."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import ArrayLike, NDArray

from customer_centric._core.checks import as_floats, check_confidence_level, check_number
from customer_centric.errors import InvalidInputError
from customer_centric.typing import FloatArray, IntArray

__all__ = ["bootstrap_interval"]


def bootstrap_interval(
    statistic: Callable[[FloatArray], ArrayLike],
    n_units: int,
    *,
    rng: np.random.Generator,
    n_resamples: int = 2000,
    strata: ArrayLike | None = None,
    confidence_level: float = 0.95,
) -> tuple[FloatArray, FloatArray]:
    r"""Percentile interval of any statistic, by drawing its units again.

    Parameters
    ----------
    statistic : callable
        Takes how often each unit was drawn, an array of shape `(n_units,)` whose sum is `n_units`, and
        returns a number or an array of numbers: a statistic with weights. All ones give the estimate.
    n_units : int
        Independent units: customers, or clusters where answers of one cluster belong together. At least 1.
    rng : numpy.random.Generator
        Where the draws come from.
    n_resamples : int, default 2000
        Number of draws, at least 1.
    strata : array_like of shape (n_units,), optional
        Stratum of each unit: units are drawn within their stratum.
    confidence_level : float, default 0.95
        Nominal coverage, strictly between 0 and 1.

    Returns
    -------
    lower, upper : ndarray of float64
        Quantiles of the statistic over the draws, of its shape. Of width zero where no draw differs.

    Raises
    ------
    InvalidInputError
        If an argument breaks its rule, or the statistic is not a finite number in a draw.

    Notes
    -----
    With \(\theta^*_1, \dots, \theta^*_B\) the statistic in \(B\) draws with replacement and \(\alpha\)
    one minus the level, the bounds are their \(\alpha/2\) and \(1 - \alpha/2\) quantiles.

    References
    ----------
    Efron, B. (1979), Bootstrap methods: another look at the jackknife. The Annals of Statistics 7(1).
    [doi:10.1214/aos/1176344552](https://doi.org/10.1214/aos/1176344552).

    Examples
    --------
    >>> import numpy as np
    >>> spend = np.array([10.0, 20.0, 30.0, 100.0])
    >>> lower, upper = bootstrap_interval(
    ...     lambda drawn: drawn @ spend / drawn.sum(), 4, rng=np.random.default_rng(1)
    ... )
    >>> float(lower), float(upper)
    (15.0, 80.0)
    """
    check_confidence_level(confidence_level)
    size = int(check_number("n_units", n_units, minimum=1.0, whole=True))
    draws = int(check_number("n_resamples", n_resamples, minimum=1.0, whole=True))
    if not isinstance(rng, np.random.Generator):
        raise InvalidInputError(
            f"`rng` must be a NumPy random generator, got {rng!r}; pass for instance np.random.default_rng(1)"
        )
    groups = _groups(strata, size)
    values = _values(statistic, (_draw(groups, size, rng) for _ in range(draws)))
    tail = 0.5 * (1.0 - confidence_level)
    lower, upper = np.quantile(values, [tail, 1.0 - tail], axis=0)
    return np.asarray(lower), np.asarray(upper)


def _values(statistic: Callable[[FloatArray], ArrayLike], draws: Iterator[FloatArray]) -> FloatArray:
    """The statistic in each draw: finite, and always of one shape."""
    found: list[FloatArray] = []
    for drawn in draws:
        value = as_floats("statistic", statistic(drawn))
        if found and value.shape != found[0].shape:
            raise InvalidInputError(
                f"`statistic` must return the same shape in every draw, got {value.shape} in draw "
                f"{len(found)} after {found[0].shape}"
            )
        found.append(value)
    values = np.stack(found)
    bad = ~np.isfinite(values).reshape(len(found), -1).all(axis=1)
    if bad.any():
        first = values[bad][0]
        raise InvalidInputError(
            f"`statistic` must be finite in every draw, got {first[~np.isfinite(first)].flat[0]:g} in draw "
            f"{int(np.flatnonzero(bad)[0])} ({int(bad.sum())} of {len(found)} draws); units may be missing "
            "from a draw altogether"
        )
    return values


def _groups(strata: ArrayLike | None, size: int) -> list[IntArray]:
    if strata is None:
        return [np.arange(size)]
    labels: NDArray[np.generic] = np.asarray(strata)
    if labels.shape != (size,):
        raise InvalidInputError(
            f"`strata` must have one label a unit, got shape {labels.shape} for {size} units"
        )
    listed: list[object] = labels.tolist()
    # What is not equal to itself is missing: NaN, or a date that is none.
    missing = [label is None or label != label for label in listed]  # noqa: PLR0124 (see above)
    if any(missing):
        raise InvalidInputError(
            f"`strata` must be present for every unit, got a missing one at position {missing.index(True)} "
            f"({sum(missing)} of {size} units)"
        )
    codes: dict[object, int] = {}
    code = np.array([codes.setdefault(label, len(codes)) for label in listed])
    return [np.flatnonzero(code == one) for one in range(len(codes))]


def _draw(groups: list[IntArray], size: int, rng: np.random.Generator) -> FloatArray:
    counts: FloatArray = np.zeros(size)
    for members in groups:
        picked = rng.integers(members.size, size=members.size)
        counts[members] = np.bincount(picked, minlength=members.size)
    return counts

"""What becomes of customers, and how soon: they convert, leave, or call, whichever comes first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from customer_centric._core.checks import check_array, check_choice, check_number
from customer_centric._core.words import as_html, counted
from customer_centric._methods.incidence import Incidence, aalen_johansen
from customer_centric.errors import InvalidInputError
from customer_centric.intervals import Interval
from customer_centric.typing import FloatArray, IntArray

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["OutcomeIncidence", "outcome_incidence"]


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class OutcomeIncidence:
    """Share of journeys that have come to each outcome, by the time since they began.

    Parameters
    ----------
    outcomes : tuple of str
        The competing outcomes.
    duration : ndarray of shape (n_times,)
        Distinct durations at which an outcome came, or a journey was last seen, ascending, in `unit`.
    at_risk, censored, open : ndarray of shape (n_times,)
        Journeys without an outcome just before, those last seen at it, and the share that is still without
        one after it.
    incidence, standard_error, lower, upper : ndarray of shape (n_outcomes, n_times)
        Share that has come to each outcome by then, with its standard error and bounds.
    unit : str
        Unit of the durations, in words.
    confidence_level : float
        Nominal coverage of the bounds, for one outcome at one duration.
    """

    outcomes: tuple[str, ...]
    duration: FloatArray
    at_risk: FloatArray
    censored: FloatArray
    open: FloatArray
    incidence: FloatArray
    standard_error: FloatArray
    lower: FloatArray
    upper: FloatArray
    unit: str
    confidence_level: float

    def at(self, outcome: str, duration: float) -> tuple[float, Interval]:
        """Share that has come to an outcome by a duration.

        Parameters
        ----------
        outcome : str
            One of `outcomes`.
        duration : float
            0 or more, in `unit`.

        Returns
        -------
        float
            NaN beyond the longest duration watched, unless no journey is open there.
        Interval
            Its bounds; beyond the longest duration from the last lower bound to 1.

        Raises
        ------
        InvalidInputError
            If the outcome is unknown, or the duration negative.
        """
        row = self._row(outcome)
        asked = check_number("duration", duration, minimum=0.0)
        step = int(np.searchsorted(self.duration, asked, side="right")) - 1
        if step < 0:
            return 0.0, Interval(0.0, float(self.upper[row, 0]), self.confidence_level)
        low, high = float(self.lower[row, step]), float(self.upper[row, step])
        if asked > self.duration[-1] and self.open[-1] > 0:
            return np.nan, Interval(low, 1.0, self.confidence_level)
        return float(self.incidence[row, step]), Interval(low, high, self.confidence_level)

    def time_until(self, outcome: str, share: float = 0.5) -> float:
        """Duration by which a share of all journeys has come to an outcome; the half by default.

        Parameters
        ----------
        outcome : str
            One of `outcomes`.
        share : float, default 0.5
            Share of all journeys, strictly between 0 and 1: not of those that come to this outcome.

        Returns
        -------
        float
            First duration at which the incidence is at least the share; NaN where it never is.

        Raises
        ------
        InvalidInputError
            If the outcome is unknown, or the share not strictly between 0 and 1.
        """
        wanted = check_number("share", share, minimum=0.0, maximum=1.0, open_minimum=True, open_maximum=True)
        # Sums of shares may miss a half by the last bit.
        reached = np.flatnonzero(self.incidence[self._row(outcome)] >= wanted * (1 - 1e-12))
        return float(self.duration[reached[0]]) if reached.size else float("nan")

    def _row(self, outcome: str) -> int:
        return self.outcomes.index(check_choice("outcome", outcome, self.outcomes))

    def to_frame(self) -> pd.DataFrame:
        """A row for each outcome and duration at which anything happened."""
        import pandas as pd

        n = self.duration.size
        return pd.DataFrame(
            {
                "outcome": np.repeat(np.array(self.outcomes, dtype=object), n),
                "duration": np.tile(self.duration, len(self.outcomes)),
                "at_risk": np.tile(self.at_risk, len(self.outcomes)),
                "incidence": self.incidence.ravel(),
                "standard_error": self.standard_error.ravel(),
                "lower": self.lower.ravel(),
                "upper": self.upper.ravel(),
            }
        )

    def __str__(self) -> str:
        last = [f"{name} {100 * self.incidence[k, -1]:.1f} %" for k, name in enumerate(self.outcomes)]
        return (
            f"after {self.duration[-1]:g} {self.unit}s: {', '.join(last)}, open {100 * self.open[-1]:.1f} %; "
            f"from {counted(float(self.at_risk[0]), 'journey')}"
        )

    def _repr_html_(self) -> str:
        return as_html(self)


def outcome_incidence(
    duration: ArrayLike,
    outcome: Sequence[str | None] | NDArray[np.object_] | NDArray[np.str_],
    *,
    unit: str,
    weights: ArrayLike | None = None,
    confidence_level: float = 0.95,
) -> OutcomeIncidence:
    r"""Share of journeys that convert, leave or call by each time, where one outcome rules out the others.

    Parameters
    ----------
    duration : array_like of shape (n_journeys,)
        Time from the beginning to the first outcome, or until last seen: 0 or more, in `unit`.
    outcome : sequence of str or None, of length n_journeys
        What came first: "convert", "leave", "contact", or any other words. None (or NaN) where the journey is
        still open. Outcomes are in the order of the alphabet.
    unit : str
        Unit of the durations, in words: "minute", "day".
    weights : array_like of shape (n_journeys,), optional
        Journeys that each row stands for, 0 or more.
    confidence_level : float, default 0.95
        Nominal coverage of the bounds, strictly between 0 and 1.

    Returns
    -------
    OutcomeIncidence
        Incidence of each outcome with bounds at each duration; with the share still open they sum to 1.

    Raises
    ------
    InvalidInputError
        If there are no journeys or no outcomes, a duration is negative, or the lengths differ.

    Notes
    -----
    With \(n_j\) journeys open just before \(t_j\), \(d_{kj}\) that come to outcome \(k\) there, and \(S\) the
    share without an outcome,

    \[ F_k(t) = \sum_{t_j \le t} S(t_{j-1}) \frac{d_{kj}}{n_j} , \qquad \sum_k F_k(t) + S(t) = 1 . \]

    One less the Kaplan-Meier curve of one outcome, with the others taken for censored, is another number, and
    always larger: the share that would come to it in a world where the others do not exist.

    References
    ----------
    Aalen, O. O. and Johansen, S. (1978), An empirical transition matrix for non-homogeneous Markov chains
    based on censored observations. Scandinavian Journal of Statistics 5(3).

    Putter, H., Fiocco, M. and Geskus, R. B. (2007), Tutorial in biostatistics: competing risks and
    multi-state models. Statistics in Medicine 26(11).
    [doi:10.1002/sim.2712](https://doi.org/10.1002/sim.2712).

    Examples
    --------
    >>> found = outcome_incidence(
    ...     [1, 2, 3, 4, 5], ["convert", "leave", "convert", None, "leave"], unit="minute"
    ... )
    >>> print(found)
    after 5 minutes: convert 40.0 %, leave 60.0 %, open 0.0 %; from 5 journeys
    """
    days, names, cause = _coded(duration, outcome)
    found: Incidence = aalen_johansen(
        days, cause, n_causes=len(names), weights=weights, confidence_level=confidence_level
    )
    if not found.duration.size:
        raise InvalidInputError("`weights` must have at least one greater than 0, got none")
    return OutcomeIncidence(
        outcomes=names,
        duration=found.duration,
        at_risk=found.at_risk,
        censored=found.censored,
        open=found.survival,
        incidence=found.incidence,
        standard_error=found.standard_error,
        lower=found.lower,
        upper=found.upper,
        unit=unit,
        confidence_level=confidence_level,
    )


def _coded(
    duration: ArrayLike, outcome: Sequence[str | None] | NDArray[np.object_] | NDArray[np.str_]
) -> tuple[FloatArray, tuple[str, ...], IntArray]:
    """Durations, names of the outcomes, and the code of each; -1 where there is none yet."""
    days = check_array("duration", duration, minimum=0.0)
    labels: list[str | None] = [
        None if label is None or label != label else str(label)  # noqa: PLR0124 (NaN is not itself)
        for label in list(outcome)
    ]
    if days.ndim != 1 or len(labels) != days.size or not labels:
        raise InvalidInputError(
            "`duration` and `outcome` must have one entry a journey, and at least one, got shape "
            f"{days.shape} and {len(labels)} outcomes"
        )
    names = tuple(sorted({label for label in labels if label is not None}))
    if not names:
        raise InvalidInputError(
            "`outcome` must have at least one that is not missing, got none: all journeys are still open"
        )
    code = {name: k for k, name in enumerate(names)}
    cause = np.array([-1 if label is None else code[label] for label in labels], dtype=np.int64)
    return days, names, cause

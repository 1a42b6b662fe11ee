"""What friction costs by a chain of visits, and what each single fix would bring."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

import numpy as np

from customer_centric._core.checks import check_choice, check_confidence_level, check_number
from customer_centric._core.words import as_html
from customer_centric.errors import InvalidInputError
from customer_centric.intervals import Interval
from customer_centric.journey._chain_math import Solved, contributions, gain_of_fixing
from customer_centric.journey.chain import JourneyChain, solved, twins
from customer_centric.typing import FloatArray, IntArray

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["ChainLoss", "SingleFixGain", "decompose_loss", "single_fix_gain"]

By: TypeAlias = Literal["state", "touchpoint", "signal"]
Drawn: TypeAlias = Literal["customers", "rows", "nothing"]

_NO_COUNTS: Final = "probabilities were stated, not counted: there is nothing to draw again"


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class ChainLoss:
    """Conversion lost to friction, and the exact part of each flagged state.

    Parameters
    ----------
    conversion, frictionless_conversion : float
        Share of journeys that convert, and that would if flagged visits were clean ones.
    loss : float
        Their difference, as a share of journeys; negative where flagged visits do better than clean ones.
    loss_interval : Interval or None
        Its bounds; None for a chain of stated probabilities.
    index : float
        Percent of the conversions without friction that are lost: 100 times the loss over
        `frictionless_conversion`. NaN where nobody would convert.
    index_interval : Interval or None
        Its bounds.
    n_journeys : float or None
        Journeys that were counted.
    touchpoints, signals : tuple of str
        Of each flagged state.
    visits : ndarray of shape (n_flagged,)
        Expected visits of a journey to each flagged state.
    contribution : ndarray of shape (n_flagged,)
        Its part of the loss: visits that happen times the value lost in each, if all else were fixed. The
        parts add up to the loss.
    dual : ndarray of shape (n_flagged,)
        The other exact form: visits that would happen if all else were fixed, times the value lost today.
    mean : ndarray of shape (n_flagged,)
        Mean of the two, close to the Shapley value; adds up to the loss as well.
    without_twin : tuple of str
        Touchpoints left as they are, because they have no clean visit.
    drawn : {"customers", "rows", "nothing"}
        What the intervals draw again.
    reason : str or None
        Why there are no intervals, or no index.
    confidence_level : float
        Nominal coverage of the intervals.
    """

    conversion: float
    frictionless_conversion: float
    loss: float
    loss_interval: Interval | None
    index: float
    index_interval: Interval | None
    n_journeys: float | None
    touchpoints: tuple[str, ...]
    signals: tuple[str, ...]
    visits: FloatArray
    contribution: FloatArray
    dual: FloatArray
    mean: FloatArray
    without_twin: tuple[str, ...]
    drawn: Drawn
    reason: str | None
    confidence_level: float
    _draws: FloatArray = field(repr=False)

    @property
    def lost(self) -> float:
        """Journeys lost: the loss times the journeys counted; NaN where they were not."""
        return self.loss * (math.nan if self.n_journeys is None else self.n_journeys)

    def markov_gap(self, lost: float) -> float:
        """Journeys lost by another estimate, less those lost by this chain.

        Parameters
        ----------
        lost : float
            Journeys lost by an estimate that does not assume a chain.

        Returns
        -------
        float
            Far from 0, as seen against the intervals of both, where what comes next depends on more than
            the present state. NaN where journeys were not counted.

        Raises
        ------
        InvalidInputError
            If it is not a finite number.
        """
        return check_number("lost", lost) - self.lost

    def by(self, group: By) -> pd.DataFrame:
        """The loss by state, touchpoint or signal.

        Parameters
        ----------
        group : {"state", "touchpoint", "signal"}
            What to add up over.

        Returns
        -------
        pandas.DataFrame
            Largest contribution first: the names, `visits`, `contribution`, `lower`, `upper` (bounds of the
            contribution; missing without counts), `dual`, `mean`, and `lost` in journeys where they were
            counted. Contributions add up to the loss.

        Raises
        ------
        InvalidInputError
            If the group is none of the three.
        """
        import pandas as pd

        names, members = _groups(group, self.touchpoints, self.signals)
        total = [_add_up(members, part) for part in (self.visits, self.contribution, self.dual, self.mean)]
        lower, upper = _bounds(_add_up(members, self._draws), total[1], self.confidence_level)
        table = pd.DataFrame(
            {
                **names,
                "visits": total[0],
                "contribution": total[1],
                "lower": lower,
                "upper": upper,
                "dual": total[2],
                "mean": total[3],
            }
        )
        if self.n_journeys is not None:
            table["lost"] = total[1] * self.n_journeys
        return table.sort_values("contribution", ascending=False, kind="stable", ignore_index=True)

    def to_frame(self) -> pd.DataFrame:
        """A row a flagged state: `by("state")`."""
        return self.by("state")

    def __str__(self) -> str:
        bounds = self.loss_interval
        between = "" if bounds is None else f" ({100 * bounds.lower:.2f} to {100 * bounds.upper:.2f})"
        lost = "" if self.n_journeys is None else f", {self.lost:,.1f} of {self.n_journeys:,.0f} journeys"
        return (
            f"{100 * self.conversion:.2f} % convert, {100 * self.frictionless_conversion:.2f} % would without"
            f" friction: {100 * self.loss:.2f} points lost{between}{lost}"
        )

    def _repr_html_(self) -> str:
        return as_html(self, frame=self.to_frame())


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class SingleFixGain:
    """Conversion gained by each fix alone, everything else left as it is.

    Parameters
    ----------
    conversion : float
        Share of journeys that convert today.
    n_journeys : float or None
        Journeys that were counted.
    touchpoints, signals : tuple of str
        Of each flagged state.
    drawn : {"customers", "rows", "nothing"}
        What the intervals draw again.
    reason : str or None
        Why there are no intervals.
    confidence_level : float
        Nominal coverage of the intervals.
    """

    conversion: float
    n_journeys: float | None
    touchpoints: tuple[str, ...]
    signals: tuple[str, ...]
    drawn: Drawn
    reason: str | None
    confidence_level: float
    _gains: dict[By, FloatArray] = field(repr=False)
    _draws: dict[By, FloatArray] = field(repr=False)

    def by(self, group: By) -> pd.DataFrame:
        """Gain of fixing each state, each touchpoint or each signal alone.

        Parameters
        ----------
        group : {"state", "touchpoint", "signal"}
            What is fixed in one go.

        Returns
        -------
        pandas.DataFrame
            Largest gain first: the names, `gain` (share of journeys), `lower`, `upper`, and `journeys` gained
            where they were counted. Gains of different fixes do not add up.

        Raises
        ------
        InvalidInputError
            If the group is none of the three.
        """
        import pandas as pd

        names, _ = _groups(group, self.touchpoints, self.signals)
        gain = self._gains[group]
        lower, upper = _bounds(self._draws[group], gain, self.confidence_level)
        table = pd.DataFrame({**names, "gain": gain, "lower": lower, "upper": upper})
        if self.n_journeys is not None:
            table["journeys"] = gain * self.n_journeys
        return table.sort_values("gain", ascending=False, kind="stable", ignore_index=True)

    def to_frame(self) -> pd.DataFrame:
        """A row a flagged state: `by("state")`."""
        return self.by("state")

    def __str__(self) -> str:
        best = self.to_frame().head(1)
        if not len(best):
            return "no friction to fix"
        signal, place, gain = best["signal"][0], best["touchpoint"][0], best["gain"][0]
        return f"the fix that brings most: {signal!r} at {place!r}, {100 * gain:+.2f} points of conversion"

    def _repr_html_(self) -> str:
        return as_html(self, frame=self.to_frame())


def decompose_loss(
    chain: JourneyChain,
    *,
    signals: Sequence[str] | None = None,
    touchpoints: Sequence[str] | None = None,
    rng: np.random.Generator | None = None,
    n_resamples: int = 500,
    confidence_level: float = 0.90,
) -> ChainLoss:
    r"""How much conversion friction costs, taken apart exactly by touchpoint and signal.

    Parameters
    ----------
    chain : JourneyChain
        The journeys.
    signals : sequence of str, optional
        Signals to look at; all by default.
    touchpoints : sequence of str, optional
        Touchpoints to look at; all by default.
    rng : numpy.random.Generator, optional
        Where the draws of the intervals come from; required for a chain of counts.
    n_resamples : int, default 500
        Draws, at least 1.
    confidence_level : float, default 0.90
        Nominal coverage of the intervals, strictly between 0 and 1.

    Returns
    -------
    ChainLoss
        The loss, its interval, and the parts.

    Raises
    ------
    InvalidInputError
        If a name is not in the chain, `rng` is missing for a chain of counts, or a number is out of range.

    Notes
    -----
    With \(\nu_f\) the visits to flagged state \(f\) today, \(c\) its clean twin and \(b_0\) the values of
    the frictionless chain,

    \[ C_0 - C = \sum_f \nu_f \, (b_{0,c} - b_{0,f}) , \]

    which follows from \(b_0 - b = Q\,(b_0 - b) + (Q_0 - Q)\, b_0\). Exchanging the two chains gives the dual
    form, \(\sum_f (\pi_f + \sum_s \nu_{0,s} Q_{sf})(b_c - b_f)\). The part of a state belongs to the
    touchpoint where the friction is met, not to the step before.

    Intervals draw customers with exponential weights where the counts know them, and otherwise each row of
    counts from its Dirichlet distribution, which takes visits for independent. In the draws half a conversion
    and half a loss are added to each state, so that what was never seen is not taken for impossible.

    References
    ----------
    Cao, X.-R. (2007), Stochastic learning and optimization: a sensitivity-based approach, chapter 2, for
    the difference of two chains. Springer.

    Rubin, D. B. (1981), The Bayesian bootstrap. The Annals of Statistics 9(1).
    [doi:10.1214/aos/1176345338](https://doi.org/10.1214/aos/1176345338).

    Examples
    --------
    >>> chain = JourneyChain(
    ...     touchpoints=["pay", "pay"],
    ...     signals=[None, "error"],
    ...     start=[0.8, 0.2],
    ...     moves=[[0.0, 0.0], [0.5, 0.0]],
    ...     converts=[0.9, 0.0],
    ... )
    >>> print(decompose_loss(chain))
    81.00 % convert, 90.00 % would without friction: 9.00 points lost
    """
    flagged, clean = twins(chain, signals, touchpoints)
    actual = solved(chain)
    primal, dual, ideal = contributions(actual, flagged, clean)

    def parts(drawn: Solved) -> FloatArray:
        found, _, best = contributions(drawn, flagged, clean)
        ends = np.stack([best.conversion - drawn.conversion, best.conversion], axis=-1)
        return np.concatenate([found, ends], axis=-1)

    draws, drawn = _drawn(chain, parts, flagged.size + 2, rng, n_resamples, confidence_level)
    places, kinds = _names(chain, flagged)
    loss, best = float(ideal.conversion - actual.conversion), float(ideal.conversion)
    index, no_index = _index(np.array([loss]), np.array([best]))
    index_draws, _ = _index(draws[:, -2], draws[:, -1])
    return ChainLoss(
        conversion=chain.conversion,
        frictionless_conversion=best,
        loss=loss,
        loss_interval=_interval(draws[:, -2], loss, confidence_level),
        index=float(index[0]),
        index_interval=_interval(index_draws, float(index[0]), confidence_level),
        n_journeys=chain.n_journeys,
        touchpoints=places,
        signals=kinds,
        visits=actual.visits[flagged],
        contribution=primal,
        dual=dual,
        mean=0.5 * (primal + dual),
        without_twin=chain.without_twin,
        drawn=drawn,
        reason=no_index or (_NO_COUNTS if drawn == "nothing" else None),
        confidence_level=confidence_level,
        _draws=draws[:, :-2],
    )


def single_fix_gain(
    chain: JourneyChain,
    *,
    rng: np.random.Generator | None = None,
    n_resamples: int = 500,
    confidence_level: float = 0.90,
) -> SingleFixGain:
    r"""What each fix alone would bring, all of them exact and from one inverse.

    Parameters
    ----------
    chain : JourneyChain
        The journeys.
    rng : numpy.random.Generator, optional
        Where the draws of the intervals come from; required for a chain of counts.
    n_resamples : int, default 500
        Draws, at least 1.
    confidence_level : float, default 0.90
        Nominal coverage of the intervals, strictly between 0 and 1.

    Returns
    -------
    SingleFixGain
        Gains by state, by touchpoint and by signal. They do not add up to the loss: customers saved from one
        friction meet the next.

    Raises
    ------
    InvalidInputError
        If `rng` is missing for a chain of counts, or a number is out of range.

    Notes
    -----
    A fix sends every arrow into flagged state \(f\) to its clean twin \(c\). With \(N = (I - Q)^{-1}\),
    visits \(\nu\) and values \(b\) of today,

    \[ \Delta_f = \frac{\nu_f\,(b_c - b_f)}{N_{ff} - N_{cf}}, \qquad
       \Delta_F = \nu_F^\top \bigl(N_{FF} - N_{cF}\bigr)^{-1} (b_c - b_F) \]

    for one state and for several at once; \(N_{cF}\) holds the rows of their twins. It is the
    Sherman-Morrison-Woodbury formula, simplified by \(N Q = N - I\).

    References
    ----------
    Sherman, J. and Morrison, W. J. (1950), Adjustment of an inverse matrix corresponding to a change in one
    element of a given matrix. The Annals of Mathematical Statistics 21(1).
    [doi:10.1214/aoms/1177729893](https://doi.org/10.1214/aoms/1177729893).

    Examples
    --------
    >>> chain = JourneyChain(
    ...     touchpoints=["pay", "pay"],
    ...     signals=[None, "error"],
    ...     start=[0.8, 0.2],
    ...     moves=[[0.0, 0.0], [0.5, 0.0]],
    ...     converts=[0.9, 0.0],
    ... )
    >>> print(single_fix_gain(chain))
    the fix that brings most: 'error' at 'pay', +9.00 points of conversion
    """
    flagged, clean = twins(chain)
    places, kinds = _names(chain, flagged)
    gains: dict[By, FloatArray] = {}
    draws: dict[By, FloatArray] = {}
    kinds_of_fix: tuple[By, ...] = ("state", "touchpoint", "signal")
    groups = {group: _groups(group, places, kinds)[1] for group in kinds_of_fix}

    def all_gains(drawn: Solved) -> FloatArray:
        found = [
            gain_of_fixing(drawn, flagged[group == one], clean[group == one])
            for group in groups.values()
            for one in range(int(group.max(initial=-1)) + 1)
        ]
        return np.stack(found, axis=-1) if found else np.zeros((*drawn.start.shape[:-1], 0))

    found = all_gains(solved(chain))
    redrawn, drawn = _drawn(chain, all_gains, found.size, rng, n_resamples, confidence_level)
    begin = 0
    for name in kinds_of_fix:
        end = begin + int(groups[name].max(initial=-1)) + 1
        gains[name], draws[name] = found[begin:end], redrawn[:, begin:end]
        begin = end
    return SingleFixGain(
        conversion=chain.conversion,
        n_journeys=chain.n_journeys,
        touchpoints=places,
        signals=kinds,
        drawn=drawn,
        reason=_NO_COUNTS if drawn == "nothing" else None,
        confidence_level=confidence_level,
        _gains=gains,
        _draws=draws,
    )


def _drawn(
    chain: JourneyChain,
    statistic: Callable[[Solved], FloatArray],
    size: int,
    rng: np.random.Generator | None,
    n_resamples: int,
    confidence_level: float,
) -> tuple[FloatArray, Drawn]:
    """The statistic, of a size, of each draw of the chain; of a stated chain there is none."""
    check_confidence_level(confidence_level)
    draws = int(check_number("n_resamples", n_resamples, minimum=1.0, whole=True))
    counts = chain.counts
    if counts is None:
        return np.zeros((0, size)), "nothing"
    if not isinstance(rng, np.random.Generator):
        raise InvalidInputError(
            f"`rng` must be a NumPy random generator for a chain of counts, got {rng!r}; "
            "pass for instance np.random.default_rng(1)"
        )
    found = [statistic(chains) for chains in counts.draws(draws, rng)]
    return np.concatenate(found), counts.drawn


def _names(chain: JourneyChain, flagged: IntArray) -> tuple[tuple[str, ...], tuple[str, ...]]:
    states: list[int] = flagged.tolist()
    return (
        tuple(chain.touchpoints[state] for state in states),
        tuple(str(chain.signals[state]) for state in states),
    )


def _groups(
    group: By, touchpoints: tuple[str, ...], signals: tuple[str, ...]
) -> tuple[dict[str, list[str]], IntArray]:
    """Names of the groups, and the group of each flagged state."""
    check_choice("group", group, ("state", "touchpoint", "signal"))
    if group == "state":
        return {"touchpoint": list(touchpoints), "signal": list(signals)}, np.arange(len(signals))
    labels = touchpoints if group == "touchpoint" else signals
    order = {label: code for code, label in enumerate(dict.fromkeys(labels))}
    return {group: list(order)}, np.array([order[label] for label in labels], dtype=np.int64)


def _add_up(group: IntArray, values: FloatArray) -> FloatArray:
    """Sums over the last axis by group."""
    member = np.zeros((group.size, int(group.max(initial=-1)) + 1))
    member[np.arange(group.size), group] = 1.0
    return np.asarray(values @ member)


def _bounds(
    draws: FloatArray, estimate: FloatArray, confidence_level: float
) -> tuple[FloatArray, FloatArray]:
    """Quantiles of the draws, no farther in than the estimate; NaN without draws."""
    if not draws.shape[0]:
        return np.full(estimate.shape, np.nan), np.full(estimate.shape, np.nan)
    tail = 0.5 * (1.0 - confidence_level)
    lower, upper = np.quantile(draws, [tail, 1.0 - tail], axis=0)
    return np.minimum(lower, estimate), np.maximum(upper, estimate)


def _interval(draws: FloatArray, estimate: float, confidence_level: float) -> Interval | None:
    if not draws.size or math.isnan(estimate):
        return None
    lower, upper = _bounds(draws[:, None], np.array([estimate]), confidence_level)
    return Interval(float(lower[0]), float(upper[0]), confidence_level)


def _index(loss: FloatArray, best: FloatArray) -> tuple[FloatArray, str | None]:
    index = np.divide(100.0 * loss, best, out=np.full(loss.shape, np.nan), where=best > 0)
    return index, "nobody would convert without friction either" if np.isnan(index).any() else None

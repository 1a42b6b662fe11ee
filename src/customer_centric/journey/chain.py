"""Journeys as an absorbing chain: how often each step is visited, what it is worth, and without friction."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import ArrayLike

from customer_centric._core.checks import as_floats, check_array, check_number, raise_broken
from customer_centric.errors import InvalidInputError
from customer_centric.journey._chain_counts import ChainCounts, states_with_an_end
from customer_centric.journey._chain_math import Solved, moved, solve_checked
from customer_centric.typing import FloatArray, IntArray

if TYPE_CHECKING:
    import pandas as pd
    from scipy.sparse import csr_array

__all__ = ["JourneyChain", "without_friction"]

# How far a sum of rounded probabilities may be from 1.
_TOLERANCE: Final = 1e-9


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class JourneyChain:
    r"""Journeys as a chain of visits that ends with a conversion, or with a customer who is lost.

    Parameters
    ----------
    touchpoints : sequence of str, of length n_states
        Touchpoint of each state.
    signals : sequence of str or None, of length n_states
        Main signal of the visits that are in the state; None where they are clean.
    start : array_like of shape (n_states,)
        Share of journeys that begin in each state; sums to 1.
    moves : array_like of shape (n_states, n_states)
        Probability that the next visit is in each state, given the state (row).
    converts : array_like of shape (n_states,)
        Probability that the journey converts next. What is missing to 1 in `moves` and `converts` is lost.
    left_out : tuple of str
        States of counted journeys from which no end was ever seen: they, and the moves into them, are not in
        the chain.
    counts : ChainCounts or None
        What was counted, set by `from_counts`; None for a chain of stated probabilities.

    Raises
    ------
    InvalidInputError
        If a probability is outside 0 to 1, a row sums to more than 1, the start does not sum to 1, a state is
        there twice, or there are states from which journeys never end.

    Notes
    -----
    With \(\pi\) the start, \(Q\) the moves, \(r\) the conversions and \(N = (I - Q)^{-1}\),

    \[ \nu = \pi^\top N, \qquad b = N r, \qquad C = \pi^\top b \]

    are the expected visits of a journey to each state, the probability to convert from each state on, and
    the share of journeys that convert. What comes next depends on the present state only; see
    `ChainLoss.markov_gap` for a check of that.

    References
    ----------
    Kemeny, J. G. and Snell, J. L. (1960), Finite Markov chains, chapter 3. Van Nostrand.

    Examples
    --------
    Half of the carts are paid at the first try; an error loses half of the others.

    >>> chain = JourneyChain(
    ...     touchpoints=["pay", "pay"],
    ...     signals=[None, "error"],
    ...     start=[0.8, 0.2],
    ...     moves=[[0.0, 0.0], [0.5, 0.0]],
    ...     converts=[0.9, 0.0],
    ... )
    >>> round(chain.conversion, 6), chain.visits.tolist(), chain.value.tolist()
    (0.81, [0.9, 0.2], [0.9, 0.45])
    """

    touchpoints: tuple[str, ...]
    signals: tuple[str | None, ...]
    start: FloatArray
    moves: FloatArray
    converts: FloatArray
    left_out: tuple[str, ...] = ()
    counts: ChainCounts | None = field(default=None, repr=False)
    _solved: Solved = field(init=False, repr=False)

    def __post_init__(self) -> None:
        touchpoints, signals = _states(self.touchpoints, self.signals)
        n = len(touchpoints)
        start = check_array("start", self.start, minimum=0.0, maximum=1.0 + _TOLERANCE)
        moves = check_array("moves", self.moves, minimum=0.0, maximum=1.0 + _TOLERANCE)
        converts = check_array("converts", self.converts, minimum=0.0, maximum=1.0 + _TOLERANCE)
        for name, array, shape in (
            ("start", start, (n,)),
            ("moves", moves, (n, n)),
            ("converts", converts, (n,)),
        ):
            if array.shape != shape:
                raise InvalidInputError(
                    f"`{name}` must have shape {shape} for {n} states, got shape {array.shape}"
                )
        if abs(float(start.sum()) - 1.0) > _TOLERANCE:
            raise InvalidInputError(f"`start` must sum to 1, got a sum of {start.sum():.12g}")
        total = moves.sum(axis=1) + converts
        raise_broken(
            "moves",
            "probabilities whose rows, with `converts`, sum to at most 1",
            total,
            np.asarray(total > 1.0 + _TOLERANCE),
        )
        names = [_named(place, signal) for place, signal in zip(touchpoints, signals, strict=True)]
        for name, value in (
            ("touchpoints", touchpoints),
            ("signals", signals),
            ("start", start),
            ("moves", moves),
            ("converts", converts),
            ("_solved", solve_checked(start, moves, converts, names)),
        ):
            object.__setattr__(self, name, value)

    @staticmethod
    def from_counts(
        moves: ArrayLike,
        *,
        start: ArrayLike,
        touchpoints: Sequence[str],
        signals: Sequence[str | None],
        prior: float = 0.5,
    ) -> JourneyChain:
        r"""The chain of counted moves.

        Parameters
        ----------
        moves : array_like of shape (n_states, n_states + 2)
            Visits by the state they are in (row) and what came next: a visit in each of the states, a
            conversion, or the customer's leaving. Of journeys that are still open, the visits of which the
            next is known.
        start : array_like of shape (n_states,)
            Journeys by the state of their first visit.
        touchpoints : sequence of str
            Touchpoint of each state.
        signals : sequence of str or None
            Main signal of each state; None for clean visits.
        prior : float, default 0.5
            Visits added to each state, spread as all visits at the same touchpoint go on: a rare signal is
            taken to change little until it is seen often. 0 for shares as they were counted.

        Returns
        -------
        JourneyChain
            With the counts, so that results have intervals.

        Raises
        ------
        InvalidInputError
            If a count is negative, shapes do not fit, or no journey ended.

        Notes
        -----
        With \(n_{sj}\) moves from state \(s\) to \(j\), \(n_s = \sum_j n_{sj}\), \(m_{j}\) the share of all
        visits at the touchpoint of \(s\) that go on to \(j\), and \(a\) the prior,

        \[ P_{sj} = \frac{n_{sj} + a\, m_{j}}{n_s + a} . \]

        Without a prior, and without open journeys, the conversion and the visits of the chain are those
        that were counted. States from which nobody was ever seen to come to an end are left out together
        with the moves into them, and named in `left_out`.
        """
        return chain_of_counts(moves, start, touchpoints, signals, prior)

    @property
    def n_journeys(self) -> float | None:
        """Journeys that were counted; None for a chain of stated probabilities."""
        return None if self.counts is None else float(self.counts.start.sum())

    @property
    def conversion(self) -> float:
        """Share of journeys that convert, in [0, 1]."""
        return float(self._solved.conversion)

    @property
    def visits_from(self) -> FloatArray:
        """Expected visits to each state (column) from each state (row) on, the present one included."""
        return self._solved.inverse

    @property
    def visits(self) -> FloatArray:
        """Expected visits of a journey to each state."""
        return self._solved.visits

    @property
    def value(self) -> FloatArray:
        """Probability to convert from each state on."""
        return self._solved.value

    @property
    def without_twin(self) -> tuple[str, ...]:
        """Touchpoints with flagged visits only: there is no clean visit to say what they would be."""
        clean = {
            place for place, signal in zip(self.touchpoints, self.signals, strict=True) if signal is None
        }
        return tuple(dict.fromkeys(place for place in self.touchpoints if place not in clean))

    def to_frame(self) -> pd.DataFrame:
        """A row a state: names, `start`, `visits`, `converts`, `value`; `n_visits` if they were counted."""
        import pandas as pd

        frame = pd.DataFrame(
            {
                "touchpoint": list(self.touchpoints),
                "signal": list(self.signals),
                "start": self.start,
                "visits": self.visits,
                "converts": self.converts,
                "value": self.value,
            }
        )
        if self.counts is not None:
            frame["n_visits"] = self.counts.moves.sum(axis=1)
        return frame

    def __str__(self) -> str:
        n = self.n_journeys
        counted = "" if n is None else f", from {n:,.0f} journeys"
        return f"{len(self.touchpoints)} states, {100 * self.conversion:.2f} % of journeys convert{counted}"

    def _repr_html_(self) -> str:
        from customer_centric._core.words import as_html

        return as_html(self, frame=self.to_frame())


def chain_of_counts(
    moves: ArrayLike,
    start: ArrayLike,
    touchpoints: Sequence[str],
    signals: Sequence[str | None],
    prior: float,
    customers: csr_array | None = None,
) -> JourneyChain:
    """The chain of counts, with those of each customer where they are known."""
    places, kinds = _states(touchpoints, signals)
    n = len(places)
    counted, first = _counted(moves, start, n)
    check_number("prior", prior, minimum=0.0)
    order = {place: code for code, place in enumerate(dict.fromkeys(places))}
    codes = np.array([order[place] for place in places], dtype=np.int64)
    kept = states_with_an_end(counted, codes)
    if not (first * kept).any():
        raise InvalidInputError(
            "`start` must have at least one journey of a state from which some come to an end, got none; "
            "journeys that are all open say nothing of conversion"
        )
    columns = np.append(kept, [True, True])
    table = None
    if customers is not None:
        cells = np.append(kept, (kept[:, None] & columns).ravel())
        table = customers[:, np.flatnonzero(cells)]
    _, packed = np.unique(codes[kept], return_inverse=True)
    counts = ChainCounts(
        start=first[kept],
        moves=np.ascontiguousarray(counted[np.ix_(kept, columns)]),
        touchpoint=packed.astype(np.int64),
        prior=float(prior),
        customers=table,
    )
    pi, q, r = counts.probabilities()
    return JourneyChain(
        touchpoints=tuple(place for place, keep in zip(places, kept, strict=True) if keep),
        signals=tuple(kind for kind, keep in zip(kinds, kept, strict=True) if keep),
        start=pi,
        moves=q,
        converts=r,
        left_out=tuple(
            _named(place, kind) for place, kind, keep in zip(places, kinds, kept, strict=True) if not keep
        ),
        counts=counts,
    )


def without_friction(
    chain: JourneyChain,
    *,
    signals: Sequence[str] | None = None,
    touchpoints: Sequence[str] | None = None,
) -> JourneyChain:
    r"""The same journeys without friction: every flagged visit is a clean one to the same touchpoint.

    Parameters
    ----------
    chain : JourneyChain
        The journeys.
    signals : sequence of str, optional
        Signals to take away; all by default.
    touchpoints : sequence of str, optional
        Touchpoints at which they are taken away; all by default.

    Returns
    -------
    JourneyChain
        Of the same states. Touchpoints without a clean visit are left as they are (`without_twin`).

    Raises
    ------
    InvalidInputError
        If the chain has no such signal or touchpoint.

    Notes
    -----
    In every row of \(Q\), and in \(\pi\), the probability of each flagged state \(f\) is moved to the clean
    state \(c\) of its touchpoint. Rows are not scaled up instead: that would send customers who met an error
    at the payment back to the catalogue too. What follows a flagged visit stays as it is, and matters no
    more, as nobody comes there.

    Examples
    --------
    >>> chain = JourneyChain(
    ...     touchpoints=["pay", "pay"],
    ...     signals=[None, "error"],
    ...     start=[0.8, 0.2],
    ...     moves=[[0.0, 0.0], [0.5, 0.0]],
    ...     converts=[0.9, 0.0],
    ... )
    >>> round(without_friction(chain).conversion, 6)
    0.9
    """
    flagged, clean = twins(chain, signals, touchpoints)
    start, moves = moved(chain.start, chain.moves, flagged, clean)
    return JourneyChain(
        touchpoints=chain.touchpoints,
        signals=chain.signals,
        start=start,
        moves=moves,
        converts=chain.converts,
        left_out=chain.left_out,
    )


def solved(chain: JourneyChain) -> Solved:
    """The chain as arrays, with its inverse."""
    return Solved(chain.start, chain.moves, chain.converts, chain.visits_from, chain.visits, chain.value)


def twins(
    chain: JourneyChain, signals: Sequence[str] | None = None, touchpoints: Sequence[str] | None = None
) -> tuple[IntArray, IntArray]:
    """Flagged states with a clean state at the same touchpoint, and that state."""
    for name, wanted, known in (
        ("signals", signals, {signal for signal in chain.signals if signal is not None}),
        ("touchpoints", touchpoints, set(chain.touchpoints)),
    ):
        if isinstance(wanted, str):
            raise InvalidInputError(f"`{name}` must be a sequence of names, got the text {wanted!r}")
        unknown = [one for one in wanted or () if one not in known]
        if unknown:
            raise InvalidInputError(
                f"`{name}` must be among those of the chain, got {unknown[0]!r}; it has "
                f"{', '.join(repr(one) for one in sorted(known)) or 'none'}"
            )
    clean = {
        place: state
        for state, (place, signal) in enumerate(zip(chain.touchpoints, chain.signals, strict=True))
        if signal is None
    }
    found = [
        (state, clean[place])
        for state, (place, signal) in enumerate(zip(chain.touchpoints, chain.signals, strict=True))
        if signal is not None
        and place in clean
        and (signals is None or signal in signals)
        and (touchpoints is None or place in touchpoints)
    ]
    pairs = np.array(found, dtype=np.int64).reshape(-1, 2)
    return pairs[:, 0], pairs[:, 1]


def _states(
    touchpoints: Sequence[str], signals: Sequence[str | None]
) -> tuple[tuple[str, ...], tuple[str | None, ...]]:
    """The states, each there once."""
    if not len(touchpoints) or len(touchpoints) != len(signals):
        raise InvalidInputError(
            "`touchpoints` and `signals` must have one entry a state, and at least one, got "
            f"{len(touchpoints)} and {len(signals)}"
        )
    seen: set[tuple[str, str | None]] = set()
    for state in zip(touchpoints, signals, strict=True):
        if state in seen:
            raise InvalidInputError(
                f"`touchpoints` and `signals` must name each state once, got {_named(*state)} twice"
            )
        seen.add(state)
    return tuple(touchpoints), tuple(signals)


def _counted(moves: ArrayLike, start: ArrayLike, n: int) -> tuple[FloatArray, FloatArray]:
    counted = check_array("moves", as_floats("moves", moves), minimum=0.0)
    first = check_array("start", start, minimum=0.0)
    if counted.shape != (n, n + 2):
        raise InvalidInputError(
            f"`moves` must have shape {(n, n + 2)} for {n} states, converted and lost, got {counted.shape}"
        )
    if first.shape != (n,):
        raise InvalidInputError(f"`start` must have shape {(n,)} for {n} states, got {first.shape}")
    return counted, first


def _named(touchpoint: str, signal: str | None) -> str:
    return f"{touchpoint!r}" if signal is None else f"{touchpoint!r} with {signal!r}"

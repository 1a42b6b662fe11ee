"""Signals of friction: where each was seen, and which touchpoint is to blame."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from customer_centric._core.checks import check_array, check_choice, check_number
from customer_centric.errors import InvalidInputError
from customer_centric.journey._blame import blame_visits
from customer_centric.journey._rules import RULES, STAGES, Settings, Sparse, check_touchpoints
from customer_centric.journey.journeys import Journeys
from customer_centric.journey.visits import Visits
from customer_centric.typing import FloatArray, IntArray

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["DEFAULT_SIGNALS", "Signal", "SignalTable", "detect_signals"]

Blame: TypeAlias = Literal["self", "previous", "cause", "earlier", "last_signalled"]
_BLAMES: Final = ("self", "previous", "cause", "earlier", "last_signalled")


@dataclass(frozen=True, slots=True, kw_only=True)
class Signal:
    r"""Evidence of friction at a visit.

    Parameters
    ----------
    name : str
        What it is called; the names of `DEFAULT_SIGNALS` have rules of their own.
    kind : {"system", "behaviour"}
        "system": done to the customer, so that what follows may be read as loss. "behaviour": done by the
        customer, a symptom.
    weight : float
        Probability, in [0, 1), that one occurrence of full severity, alone, loses a customer who would have
        converted otherwise.
    blame : {"self", "previous", "cause", "earlier", "last_signalled"}, default "self"
        Which visit is to blame: where the signal is seen; the one before in the journey; the last one before
        that is not a contact; the contact that is repeated; or what the last visit with another signal, up
        to this one, is blamed on. The visit itself where there is none.
    rule : callable, optional
        From `Visits` to the severity of each visit, 0 or more: what a signal of your own is.
    benign : frozenset of str, default frozenset()
        Touchpoints at which it is no friction, such as pages that are browsed back and forth.

    Raises
    ------
    InvalidInputError
        If the weight is outside [0, 1), kind or blame is unknown, a signal of your own has no rule, or
        `benign` is a text.

    Examples
    --------
    A signal of your own: more than five events in one visit.

    >>> restless = Signal(
    ...     name="restless",
    ...     kind="behaviour",
    ...     weight=0.05,
    ...     rule=lambda visits: visits.n_events > 5,
    ... )
    >>> round(restless.units, 4)
    0.0513
    """

    name: str
    kind: Literal["system", "behaviour"]
    weight: float
    blame: Blame = "self"
    rule: Callable[[Visits], ArrayLike] | None = field(default=None, repr=False)
    benign: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        check_number("weight", self.weight, minimum=0.0, maximum=1.0, open_maximum=True)
        check_choice("kind", self.kind, ("system", "behaviour"))
        check_choice("blame", self.blame, _BLAMES)
        if self.rule is None and self.name not in RULES:
            raise InvalidInputError(
                f"`rule` must be given for a signal of your own, got None for {self.name!r}; those that have "
                f"one are {', '.join(RULES)}"
            )
        if self.blame == "earlier" and (self.rule is not None or self.name != "repeat_contact"):
            raise InvalidInputError(
                f'`blame` must not be "earlier" for {self.name!r}: only a repeated contact has an earlier one'
            )
        benign: object = self.benign
        if isinstance(benign, str):
            raise InvalidInputError(
                f"`benign` must be a set of touchpoints, got the text {benign!r}; write "
                f"frozenset({{{benign!r}}})"
            )

    @property
    def units(self) -> float:
        """Friction units of one occurrence: -ln(1 - weight)."""
        return float(-np.log1p(-self.weight))


DEFAULT_SIGNALS: Final[tuple[Signal, ...]] = (
    Signal(name="error", kind="system", weight=0.15),
    Signal(name="retry", kind="behaviour", weight=0.10, blame="previous"),
    Signal(name="rework", kind="behaviour", weight=0.05),
    Signal(name="backtrack", kind="behaviour", weight=0.05, blame="previous"),
    Signal(name="wait", kind="system", weight=0.15),
    Signal(name="effort", kind="behaviour", weight=0.10),
    Signal(name="price_change", kind="system", weight=0.50),
    Signal(name="availability_loss", kind="system", weight=0.60),
    Signal(name="channel_switch", kind="behaviour", weight=0.10, blame="previous"),
    Signal(name="contact", kind="behaviour", weight=0.20, blame="cause"),
    Signal(name="repeat_contact", kind="behaviour", weight=0.25, blame="earlier"),
    Signal(name="unresolved", kind="system", weight=0.45),
    Signal(name="info_request", kind="system", weight=0.10),
    Signal(name="missing_response", kind="system", weight=0.30),
    Signal(name="negative_emotion", kind="behaviour", weight=0.15, blame="last_signalled"),
)
"""Signals with rules of their own. The weights are guesses of an expert, which `fit_weights` replaces."""


@dataclass(frozen=True, slots=True, eq=False)
class SignalTable:
    r"""Occurrences of signals: where each was seen, and which visit is to blame.

    Parameters
    ----------
    journeys : Journeys
        The journeys that were looked at.
    signals : tuple of Signal
        What was looked for.
    visit, blamed : ndarray of int of shape (n_occurrences,)
        The visit where a signal was seen, and the one that is to blame; ascending by `visit`.
    signal : ndarray of int of shape (n_occurrences,)
        Position in `signals`.
    severity : ndarray of shape (n_occurrences,)
        Sum of the severities of the signal's occurrences in the visit; above 0.
    absent : mapping from str to str
        Signals that could not be looked for, and what was missing.
    """

    journeys: Journeys
    signals: tuple[Signal, ...]
    visit: IntArray
    blamed: IntArray
    signal: NDArray[Any]
    severity: FloatArray
    absent: Mapping[str, str]

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the signals."""
        return tuple(signal.name for signal in self.signals)

    @property
    def weights(self) -> FloatArray:
        """Weight of each signal."""
        return np.array([signal.weight for signal in self.signals])

    def dense(self) -> FloatArray:
        """Severity of each signal at each visit, of shape (n_visits, n_signals)."""
        n = len(self.signals)
        cell = self.visit.astype(np.int64) * n + self.signal
        size = self.journeys.visits.n_visits * n
        return np.asarray(np.bincount(cell, self.severity, size), dtype=np.float64).reshape(-1, n)

    def to_frame(self) -> pd.DataFrame:
        """One row a visit: journey, touchpoint, moment, outcome, then the severity of each signal."""
        import pandas as pd

        v = self.journeys.visits
        frame = pd.DataFrame(
            {
                "case_id": np.asarray(self.journeys.ids(v.journey.astype(np.int64))),
                "touchpoint": np.array(v.touchpoints, dtype=object)[v.touchpoint],
                "timestamp": v.begin.view(f"datetime64[{v.clock.unit}]"),
                "after_goal": v.after_goal,
            }
        )
        return frame.assign(**dict(zip(self.names, self.dense().T, strict=True)))

    def occurrences(self) -> pd.DataFrame:
        """One row an occurrence: signal, severity, and the touchpoints where it was seen and is blamed."""
        import pandas as pd

        v = self.journeys.visits
        names = np.array(v.touchpoints, dtype=object)
        return pd.DataFrame(
            {
                "case_id": np.asarray(self.journeys.ids(v.journey[self.visit].astype(np.int64))),
                "signal": np.array(self.names, dtype=object)[self.signal],
                "severity": self.severity,
                "seen": names[v.touchpoint[self.visit]],
                "blamed": names[v.touchpoint[self.blamed]],
            }
        )


def detect_signals(
    journeys: Journeys,
    signals: Sequence[Signal] = DEFAULT_SIGNALS,
    *,
    retry_within: timedelta = timedelta(minutes=10),
    repeat_within: timedelta = timedelta(days=7),
    price_scale: float = 1.0,
    answer_within: timedelta | None = None,
    steps: Sequence[str] = (),
    waits_at: Collection[str] = (),
) -> SignalTable:
    r"""Signals of friction at each visit, where they are seen and where they are blamed.

    Parameters
    ----------
    journeys : Journeys
        From `find_journeys`.
    signals : sequence of Signal, default DEFAULT_SIGNALS
        What to look for.
    retry_within : timedelta, default 10 minutes
        A second try is a retry for so long after the first.
    repeat_within : timedelta, default 7 days
        A contact for the same reason is a repeated one for so long after the first was closed.
    price_scale : float, default 1.0
        Rise of a price that has full severity, as a share of the first price: 1 is a doubling.
    answer_within : timedelta, optional
        How soon the company promises to answer; no `missing_response` without it.
    steps : sequence of str, default ()
        Touchpoints in the order in which they are meant to be passed; no `backtrack` without it.
    waits_at : collection of str, default ()
        Touchpoints where the customer waits for the company, for logs without an `actor`.

    Returns
    -------
    SignalTable
        Occurrences, and the signals that could not be looked for with the reason.

    Raises
    ------
    InvalidInputError
        If two signals have one name, a time is not positive, a touchpoint is not in the log, or a rule of
        your own gives other than one finite severity of 0 or more for each visit.

    Notes
    -----
    What each signal is, where it is blamed, and what it needs, is a table on the page about signals.

    Examples
    --------
    The story of a hotel room whose price doubled while the card was found; the goal, a stay, is not in the
    log because it was never reached:

    >>> from customer_centric import EventSchema, find_journeys, prepare_log
    >>> from customer_centric.simulate import hotel_story
    >>> log = prepare_log(hotel_story(), EventSchema.full())
    >>> journeys = find_journeys(log, goal=(), contact="call_centre")
    >>> detect_signals(journeys).occurrences()["signal"].tolist()
    ['error', 'retry', 'price_change', 'contact', 'unresolved', 'info_request', 'negative_emotion']
    """
    names = [signal.name for signal in signals]
    if len(set(names)) < len(names):
        raise InvalidInputError(f"`signals` must have different names, got {names}")
    settings = Settings.of(
        journeys.visits,
        retry_within=retry_within,
        repeat_within=repeat_within,
        price_scale=price_scale,
        answer_within=answer_within,
        steps=steps,
        waits_at=waits_at,
    )
    for signal in signals:
        check_touchpoints(f"benign of {signal.name!r}", signal.benign, journeys.visits)
    found, absent = _find(journeys.visits, signals, settings)
    return _table(journeys, tuple(signals), _blamed(journeys.visits, signals, found), absent)


def _find(
    visits: Visits, signals: Sequence[Signal], settings: Settings
) -> tuple[dict[int, Sparse], dict[str, str]]:
    """Occurrences of each signal, those that look at others last."""
    found: dict[int, Sparse] = {}
    absent: dict[str, str] = {}
    stage = [0 if s.rule is not None else STAGES.get(s.name, 0) for s in signals]
    for i in sorted(range(len(signals)), key=stage.__getitem__):
        signal = signals[i]
        if signal.rule is not None:
            hits: Sparse | str = _severities_of(signal.name, signal.rule(visits), visits)
        else:
            # What is usual for waits and efforts is what visits without any other signal show.
            earlier = [found[j] for j in found if stage[j] < stage[i]]
            hits = RULES[signal.name](visits, settings, earlier)
        if isinstance(hits, str):
            absent[signal.name] = hits
            continue
        if signal.benign:
            hits = hits.where(~visits.codes_of(signal.benign)[visits.touchpoint[hits.visit]])
        found[i] = hits
    return found, absent


def _blamed(visits: Visits, signals: Sequence[Signal], found: Mapping[int, Sparse]) -> dict[int, Sparse]:
    """The occurrences with the visits that are to blame."""
    last = {i for i in found if signals[i].blame == "last_signalled"}
    sure = {i: blame_visits(signals[i].blame, hits, visits, ()) for i, hits in found.items() if i not in last}
    # Those that follow the others' blame follow all of them, and not one another.
    others = list(sure.values())
    return sure | {i: blame_visits("last_signalled", found[i], visits, others) for i in last}


def _severities_of(name: str, given: ArrayLike, visits: Visits) -> Sparse:
    values = np.asarray(given)
    if values.dtype == np.bool_:
        values = values.astype(np.float64)
    severity = check_array(f"rule of {name!r}", values, minimum=0.0)
    if severity.shape != (visits.n_visits,):
        raise InvalidInputError(
            f"`rule` of {name!r} must give one severity a visit, got shape {severity.shape} for "
            f"{visits.n_visits} visits"
        )
    hits = np.flatnonzero(severity)
    return Sparse(hits, severity[hits])


def _table(
    journeys: Journeys, signals: tuple[Signal, ...], found: Mapping[int, Sparse], absent: Mapping[str, str]
) -> SignalTable:
    which = sorted(found)
    visit = np.concatenate([found[i].visit for i in which]) if which else np.zeros(0, dtype=np.int64)
    signal = np.repeat(np.array(which, dtype=np.int16), [found[i].visit.size for i in which])
    # Each signal's visits ascend, so that merging them takes little time.
    order = np.argsort(visit, kind="stable")
    severity = np.concatenate([found[i].severity for i in which]) if which else np.zeros(0)
    blamed = [found[i].cause for i in which]
    return SignalTable(
        journeys=journeys,
        signals=signals,
        visit=visit[order],
        blamed=np.concatenate(blamed)[order] if which else visit,
        signal=signal[order],
        severity=severity[order],
        absent=dict(absent),
    )

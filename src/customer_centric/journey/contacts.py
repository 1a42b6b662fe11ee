"""Contacts with the company: whether one was enough, how many there are, and who leaves without one."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Final, Literal

import numpy as np

from customer_centric._core.checks import check_choice, check_confidence_level
from customer_centric._core.words import as_html, counted
from customer_centric.errors import InvalidInputError
from customer_centric.intervals import Interval
from customer_centric.journey._clusters import clustered_shares
from customer_centric.journey._rules import steps_before
from customer_centric.journey._shares import (
    clustered_rates,
    contacts_of,
    one_share,
    pick,
    reasons_of,
)
from customer_centric.journey.journeys import LEFT_TRUNCATED, Journeys
from customer_centric.journey.log import OUTCOMES
from customer_centric.journey.loss import studied_signals
from customer_centric.journey.signals import SignalTable
from customer_centric.journey.visits import Visits
from customer_centric.typing import BoolArray, FloatArray, IntArray

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "ContactRate",
    "FirstContactResolution",
    "VoiceExitRatio",
    "contact_rate",
    "first_contact_resolution",
    "voice_exit_ratio",
]

_PENDING: Final = OUTCOMES.index("pending")
_UNRESOLVED: Final = OUTCOMES.index("unresolved")


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class FirstContactResolution:
    """Share of closed contacts that were the last word on their matter.

    Parameters
    ----------
    rate : float
        Share in [0, 1]; NaN without closed contacts that were followed for long enough.
    interval : Interval or None
        Wilson's bounds for as many contacts as the customers are worth; None where `rate` is NaN.
    n, resolved : int
        Closed contacts that were followed for long enough, and those that needed no other.
    repeated, unresolved : int
        Those after which the same customer came back for the same reason in time, and those that were closed
        without an answer and not repeated.
    n_open, n_too_recent, n_without_reason : int
        Contacts that are left out: not closed; closed less than `within` before the end of the log; closed,
        but with no reason by which to know another one for the same.
    within : timedelta
        For how long a contact for the same reason is a repeated one.
    reasons : tuple of str or None
        The reasons of contacts; None alone where the log has none, and any contact counts as the same.
    counts : ndarray of int of shape (n_reasons, 4)
        By reason: contacts, resolved, repeated, unresolved.
    share, lower, upper : ndarray of shape (n_reasons,)
        Rate of each reason and its bounds.
    reason : str or None
        Why the rate is missing.
    """

    rate: float
    interval: Interval | None
    n: int
    resolved: int
    repeated: int
    unresolved: int
    n_open: int
    n_too_recent: int
    n_without_reason: int
    within: timedelta
    reasons: tuple[str | None, ...]
    counts: IntArray
    share: FloatArray
    lower: FloatArray
    upper: FloatArray
    reason: str | None = None

    def to_frame(self) -> pd.DataFrame:
        """One row a reason: contacts, resolved, repeated, unresolved, rate and bounds."""
        import pandas as pd

        names = ("contacts", "resolved", "repeated", "unresolved")
        columns = dict(zip(names, self.counts.T, strict=True))
        frame = pd.DataFrame({"reason": np.array(self.reasons, dtype=object), **columns})
        return frame.assign(rate=self.share, lower=self.lower, upper=self.upper)

    def __str__(self) -> str:
        if self.interval is None:
            return f"no rate of first contact resolution: {self.reason}"
        return (
            f"{100 * self.rate:.1f} % of {counted(self.n, 'contact')} needed no other within "
            f"{self.within.total_seconds() / 86400:g} days ({_bounds(self.interval, 100)})"
        )

    def _repr_html_(self) -> str:
        return as_html(self, frame=self.to_frame())


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class ContactRate:
    """Contacts per 100 journeys or orders, by the touchpoint to blame and the reason.

    Parameters
    ----------
    rate : float
        Contacts per 100 of the base; NaN where the base is 0.
    interval : Interval or None
        Its bounds; None where `rate` is NaN.
    n, n_customers : int
        Contacts, and customers who made them.
    base : int
        Journeys, or those that reached the goal.
    per : {"journeys", "orders"}
        What the base is.
    touchpoints : tuple of str
        The touchpoint to blame, of each row: the last step before the contact, or the contact itself where
        nothing came before it.
    reasons : tuple of str or None
        Reason of each row; None where the log has none.
    contacts : ndarray of int of shape (n_rows,)
        Contacts of each row.
    rates, lower, upper : ndarray of shape (n_rows,)
        Contacts of the row per 100 of the base, and bounds. The rates sum to `rate`.
    reason : str or None
        Why the rate is missing.
    """

    rate: float
    interval: Interval | None
    n: int
    n_customers: int
    base: int
    per: Literal["journeys", "orders"]
    touchpoints: tuple[str, ...]
    reasons: tuple[str | None, ...]
    contacts: IntArray
    rates: FloatArray
    lower: FloatArray
    upper: FloatArray
    reason: str | None = None

    def to_frame(self) -> pd.DataFrame:
        """One row a touchpoint and reason, most contacts first."""
        import pandas as pd

        return pd.DataFrame(
            {
                "touchpoint": np.array(self.touchpoints, dtype=object),
                "reason": np.array(self.reasons, dtype=object),
                "contacts": self.contacts,
                "rate": self.rates,
                "lower": self.lower,
                "upper": self.upper,
            }
        )

    def __str__(self) -> str:
        if self.interval is None:
            return f"no contact rate: {self.reason}"
        return (
            f"{self.rate:.1f} contacts per 100 {self.per} ({_bounds(self.interval, 1)}): "
            f"{counted(self.n, 'contact')} of {counted(self.n_customers, 'customer')}"
        )

    def _repr_html_(self) -> str:
        return as_html(self, frame=self.to_frame())


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class VoiceExitRatio:
    """Of those who met friction and complained or left silently: the share who complained.

    Parameters
    ----------
    ratio : float
        Share in [0, 1] over all touchpoints, each journey once; NaN where nobody did either.
    interval : Interval or None
        Wilson's bounds for as many journeys as the customers are worth; None where `ratio` is NaN.
    flagged, complaints, silent : int
        Journeys that met friction; those that turned to the company afterwards; those that were lost without.
    n_converted, n_open, n_left_truncated : int
        Flagged journeys that are neither: silent and converted all the same, silent and still open, and
        those that began before the log.
    studied : tuple of str
        The signals that flag a journey.
    touchpoints : tuple of str
        Touchpoints with flagged journeys.
    counts : ndarray of int of shape (n_touchpoints, 5)
        By touchpoint: flagged journeys, complaints, silent leavers, converted, open.
    ratios, lower, upper : ndarray of shape (n_touchpoints,)
        Ratio of each touchpoint and its bounds.
    reason : str or None
        Why the ratio is missing.
    """

    ratio: float
    interval: Interval | None
    flagged: int
    complaints: int
    silent: int
    n_converted: int
    n_open: int
    n_left_truncated: int
    studied: tuple[str, ...]
    touchpoints: tuple[str, ...]
    counts: IntArray
    ratios: FloatArray
    lower: FloatArray
    upper: FloatArray
    reason: str | None = None

    def to_frame(self) -> pd.DataFrame:
        """One row a touchpoint, the most silent leavers first."""
        import pandas as pd

        names = ("flagged", "complaints", "silent", "converted", "open")
        columns = dict(zip(names, self.counts.T, strict=True))
        frame = pd.DataFrame({"touchpoint": np.array(self.touchpoints, dtype=object), **columns})
        return frame.assign(ratio=self.ratios, lower=self.lower, upper=self.upper)

    def __str__(self) -> str:
        if self.interval is None:
            return f"no voice/exit ratio: {self.reason}"
        return (
            f"{100 * self.ratio:.1f} % spoke up ({_bounds(self.interval, 100)}): "
            f"{counted(self.complaints, 'complaint')}, {counted(self.silent, 'silent leaver')}"
        )

    def _repr_html_(self) -> str:
        return as_html(self, frame=self.to_frame())


def _bounds(interval: Interval, scale: float) -> str:
    level = f"{100 * interval.confidence_level:g} % interval"
    return f"{level} {scale * interval.lower:.1f} to {scale * interval.upper:.1f}"


def first_contact_resolution(
    journeys: Journeys,
    *,
    within: timedelta = timedelta(days=7),
    unresolved: Literal["failed", "closed"] = "failed",
    confidence_level: float = 0.95,
) -> FirstContactResolution:
    r"""Share of closed contacts after which the customer had no need to come back.

    Parameters
    ----------
    journeys : Journeys
        From `find_journeys`, with its `contact` touchpoints.
    within : timedelta, default 7 days
        A contact of the same customer for the same reason is a repeated one for so long after the first was
        closed. Contacts that were closed later than this before the end of the log are left out.
    unresolved : {"failed", "closed"}, default "failed"
        What a contact is that was closed without an answer and not repeated: not resolved, or, for
        "closed", resolved, because nobody came back.
    confidence_level : float, default 0.95
        Nominal coverage of the intervals, strictly between 0 and 1.

    Returns
    -------
    FirstContactResolution
        Rate with interval, in all and by reason, and what was left out.

    Raises
    ------
    InvalidInputError
        If no touchpoint is a contact, `within` is not positive, or a choice is unknown.

    Notes
    -----
    \[ 1 - \frac{\text{closed contacts that were repeated within 7 days, or not resolved}}
       {\text{closed contacts that were followed for at least 7 days}} . \]

    A contact that is repeated soon is left out too where it was not followed for long enough: whoever keeps
    the failures of last week and waits for its successes counts too few of these.

    Examples
    --------
    >>> import numpy as np
    >>> from customer_centric import EventSchema, find_journeys, prepare_log
    >>> from customer_centric.simulate import simulate_journeys
    >>> world = simulate_journeys(4000, rng=np.random.default_rng(1))
    >>> journeys = find_journeys(
    ...     prepare_log(world.log, EventSchema.full()), goal="purchase", contact="support"
    ... )
    >>> print(first_contact_resolution(journeys))
    68.1 % of 392 contacts needed no other within 7 days (95 % interval 63.3 to 72.5)
    """
    check_confidence_level(confidence_level)
    check_choice("unresolved", unresolved, ("failed", "closed"))
    v = journeys.visits
    calls = contacts_of(journeys)
    horizon = _ticks("within", within, v)
    code, names = reasons_of(v, calls)
    closed = np.ones(calls.size, dtype=np.bool_) if v.outcome is None else v.outcome[calls] != _PENDING
    known = (code < len(names) - 1) | (v.intent is None)
    followed = v.end - v.finish[calls] >= horizon
    asked = closed & known & followed
    again = _repeated(journeys, calls, code, horizon)[asked]
    wall = np.zeros(calls.size, dtype=np.bool_)
    if v.outcome is not None:
        wall = v.outcome[calls] == _UNRESOLVED
    wall = wall[asked] & ~again
    good = ~again if unresolved == "closed" else ~(again | wall)
    customer = journeys.customer[v.journey[calls[asked]]]
    rate, interval = one_share(good, customer, confidence_level)
    groups, row = np.unique(code[asked], return_inverse=True)
    shares = clustered_shares(good, row, groups.size, customer, confidence_level=confidence_level)
    parts = (np.ones(good.size, dtype=np.bool_), good, again, wall)
    counts = np.array([np.bincount(row[part], minlength=groups.size) for part in parts]).T
    return FirstContactResolution(
        rate=rate,
        interval=interval,
        n=good.size,
        resolved=int(good.sum()),
        repeated=int(again.sum()),
        unresolved=int(wall.sum()),
        n_open=int((~closed).sum()),
        n_too_recent=int((closed & known & ~followed).sum()),
        n_without_reason=int((closed & ~known).sum()),
        within=within,
        reasons=pick(names, groups),
        counts=counts,
        share=shares.share,
        lower=shares.lower,
        upper=shares.upper,
        reason=None if good.size else "no closed contact with a reason was followed for long enough",
    )


def _ticks(name: str, value: timedelta, visits: Visits) -> float:
    if not isinstance(value, timedelta) or not value.total_seconds() > 0:
        raise InvalidInputError(f"`{name}` must be a positive timedelta, got {value!r}")
    return value.total_seconds() * visits.clock.ticks_per_second


def _repeated(journeys: Journeys, calls: IntArray, code: IntArray, horizon: float) -> BoolArray:
    """Whether the customer's next contact for the same reason, in any journey, came in time."""
    v = journeys.visits
    customer = journeys.customer[v.journey[calls]]
    order = np.lexsort((calls, v.begin[calls], code, customer))
    now, later = order[:-1], order[1:]
    same = (customer[now] == customer[later]) & (code[now] == code[later])
    same &= v.begin[calls[later]] - v.finish[calls[now]] <= horizon
    again = np.zeros(calls.size, dtype=np.bool_)
    again[now] = same
    return again


def contact_rate(
    journeys: Journeys,
    *,
    per: Literal["journeys", "orders"] = "journeys",
    confidence_level: float = 0.95,
) -> ContactRate:
    r"""Contacts per 100 journeys or orders, by the touchpoint that caused them and the reason.

    Parameters
    ----------
    journeys : Journeys
        From `find_journeys`, with its `contact` touchpoints.
    per : {"journeys", "orders"}, default "journeys"
        Whether the base is all journeys, or those that reached the goal.
    confidence_level : float, default 0.95
        Nominal coverage of the intervals, strictly between 0 and 1.

    Returns
    -------
    ContactRate
        Rate with interval, in all and by touchpoint and reason.

    Raises
    ------
    InvalidInputError
        If no touchpoint is a contact, or a choice is unknown.

    Notes
    -----
    The touchpoint to blame is the last step of the journey before the contact that is no contact itself. With
    \(y\) contacts, \(c_i\) of them of customer \(i\), and the base \(B\),

    \[ 100\, \frac{y}{B} , \qquad v = \sum_i c_i^2 , \]

    and the bounds are Garwood's exact ones for \(y^2 / v\) contacts, each of which counts \(v / y\): those of
    a Poisson count where nobody calls twice, and wider where few customers make most of the calls. Fay and
    Feuer's interval differs from it in the upper bound, which takes the largest \(c_i\) for \(v / y\).

    References
    ----------
    Garwood, F. (1936), Fiducial limits for the Poisson distribution.
    [doi:10.1093/biomet/28.3-4.437](https://doi.org/10.1093/biomet/28.3-4.437).

    Fay, M. P. and Feuer, E. J. (1997), Confidence intervals for directly standardized rates: a method based
    on the gamma distribution. Statistics in Medicine 16(7), 791-801.

    Examples
    --------
    >>> from customer_centric import EventSchema, find_journeys, prepare_log
    >>> from customer_centric.simulate import hotel_story
    >>> log = prepare_log(hotel_story(), EventSchema.full())
    >>> found = contact_rate(find_journeys(log, goal=(), contact="call_centre"))
    >>> found.to_frame()[["touchpoint", "reason", "rate"]].to_numpy().tolist()
    [['payment', 'complaint', 100.0]]
    """
    check_confidence_level(confidence_level)
    check_choice("per", per, ("journeys", "orders"))
    v = journeys.visits
    calls = contacts_of(journeys)
    base = journeys.n_journeys if per == "journeys" else int((journeys.goal_visit >= 0).sum())
    code, names = reasons_of(v, calls)
    blamed = v.touchpoint[steps_before(v, calls)].astype(np.int64)
    cells, row = np.unique(blamed * len(names) + code, return_inverse=True)
    customer = journeys.customer[v.journey[calls]]
    exposure = base / 100 if base else np.nan
    zeros = np.zeros(calls.size, dtype=np.int64)
    total, low, high = clustered_rates(zeros, 1, customer, exposure, confidence_level)
    rates, lower, upper = clustered_rates(row, cells.size, customer, exposure, confidence_level)
    contacts = np.bincount(row, minlength=cells.size)
    order = np.lexsort((cells, -contacts))
    return ContactRate(
        rate=float(total[0]),
        interval=Interval(float(low[0]), float(high[0]), confidence_level) if base else None,
        n=calls.size,
        n_customers=np.unique(customer).size,
        base=base,
        per=per,
        touchpoints=pick(v.touchpoints, cells[order] // len(names)),
        reasons=pick(names, cells[order] % len(names)),
        contacts=contacts[order],
        rates=rates[order],
        lower=lower[order],
        upper=upper[order],
        reason=None if base else f"there are no {per}",
    )


def voice_exit_ratio(
    table: SignalTable,
    *,
    studied: Collection[str] | None = None,
    reasons: Collection[str] | None = None,
    confidence_level: float = 0.95,
) -> VoiceExitRatio:
    r"""Share who complained among those who met friction and complained or left silently, by touchpoint.

    Parameters
    ----------
    table : SignalTable
        From `detect_signals`, of journeys with `contact` touchpoints.
    studied : collection of str, optional
        Signals that say that a journey met friction; system signals by default.
    reasons : collection of str, optional
        Reasons (intents) that make a contact a complaint; any contact after the friction by default.
    confidence_level : float, default 0.95
        Nominal coverage of the intervals, strictly between 0 and 1.

    Returns
    -------
    VoiceExitRatio
        Ratio with interval, in all and by touchpoint; low where customer care hears nothing.

    Raises
    ------
    InvalidInputError
        If no touchpoint is a contact, or a signal or reason is unknown.

    Notes
    -----
    \[ \frac{\text{complaints}}{\text{complaints} + \text{silent leavers}} . \]

    A journey counts once at each touchpoint that is to blame for a signal before the goal. It is a complaint
    if a contact follows the first of these, before or after the goal; a silent leaver if none does and the
    journey is lost. Journeys that go on to the goal in silence, and open ones, are neither.

    References
    ----------
    Hirschman, A. O. (1970), Exit, Voice, and Loyalty. Harvard University Press.

    Examples
    --------
    The guest whose price doubled called. After the wall he did not call again: who asks the call centre alone
    never hears of it.

    >>> from datetime import timedelta
    >>> from customer_centric import EventSchema, detect_signals, find_journeys, prepare_log
    >>> from customer_centric.simulate import hotel_story
    >>> log = prepare_log(hotel_story(), EventSchema.full())
    >>> journeys = find_journeys(
    ...     log,
    ...     goal=(),
    ...     contact="call_centre",
    ...     end="2026-03-09",
    ...     closed_after=timedelta(days=1),
    ... )
    >>> found = voice_exit_ratio(detect_signals(journeys)).to_frame()
    >>> found[["touchpoint", "complaints", "silent"]].to_numpy().tolist()
    [['call_centre', 0, 1], ['card_entry', 1, 0], ['payment', 1, 0]]
    """
    check_confidence_level(confidence_level)
    journeys, v = table.journeys, table.journeys.visits
    calls = _complaints(journeys, contacts_of(journeys), reasons)
    kinds = studied_signals(table, studied, has_strata=True)
    hits = np.flatnonzero(kinds[table.signal] & ~v.after_goal[table.visit])
    journey = v.journey[table.visit[hits]].astype(np.int64)
    begun = journeys.status[journey] != LEFT_TRUNCATED
    n_cut = np.unique(journey[~begun]).size
    hits, journey = hits[begun], journey[begun]
    last_call = _last_calls(journeys, calls)
    place = v.touchpoint[table.blamed[hits]].astype(np.int64)
    n_steps = len(v.touchpoints)
    pair, first = np.unique(journey * n_steps + place, return_index=True)
    at, row = np.unique(pair % n_steps, return_inverse=True)
    counts, ratios, lower, upper = _voices(
        journeys, table.visit[hits][first], last_call, row, at.size, confidence_level
    )
    _, first_ever = np.unique(journey, return_index=True)
    zeros = np.zeros(first_ever.size, dtype=np.int64)
    total, ratio, low, high = _voices(
        journeys, table.visit[hits][first_ever], last_call, zeros, 1, confidence_level
    )
    order = np.lexsort((at, -counts[:, 2]))
    heard = total[0, 1] + total[0, 2] > 0
    return VoiceExitRatio(
        ratio=float(ratio[0]) if heard else float("nan"),
        interval=Interval(float(low[0]), float(high[0]), confidence_level) if heard else None,
        flagged=int(total[0, 0]),
        complaints=int(total[0, 1]),
        silent=int(total[0, 2]),
        n_converted=int(total[0, 3]),
        n_open=int(total[0, 4]),
        n_left_truncated=n_cut,
        studied=tuple(name for name, used in zip(table.names, kinds, strict=True) if used),
        touchpoints=pick(v.touchpoints, at[order]),
        counts=counts[order],
        ratios=ratios[order],
        lower=lower[order],
        upper=upper[order],
        reason=None if heard else "nobody who met friction complained or was lost",
    )


def _complaints(journeys: Journeys, calls: IntArray, reasons: Collection[str] | None) -> IntArray:
    if reasons is None:
        return calls
    wanted = (reasons,) if isinstance(reasons, str) else tuple(reasons)
    code, names = reasons_of(journeys.visits, calls)
    for name in wanted:
        if name not in names:
            listed = ", ".join(repr(known) for known in names if known is not None)
            raise InvalidInputError(
                f"`reasons` must be intents of the log, got {name!r}; it has {listed or 'none'}"
            )
    spoken: BoolArray = np.array([name in wanted for name in names], dtype=np.bool_)[code]
    return np.asarray(calls[spoken], dtype=np.int64)


def _last_calls(journeys: Journeys, calls: IntArray) -> IntArray:
    """The last of these visits in each journey; -1 without one."""
    last = np.full(journeys.n_journeys, -1, dtype=np.int64)
    # In order, so that the last one stays.
    last[journeys.visits.journey[calls]] = calls
    return last


def _voices(
    journeys: Journeys,
    flagged: IntArray,
    last_call: IntArray,
    row: IntArray,
    n_rows: int,
    confidence_level: float,
) -> tuple[IntArray, FloatArray, FloatArray, FloatArray]:
    """What became of flagged journeys, by row: counts, and the share who spoke up with its bounds."""
    journey = journeys.visits.journey[flagged]
    outcome = journeys.outcome[journey]
    spoke = last_call[journey] > flagged
    silent = ~spoke & (outcome == 0)
    parts = (spoke | True, spoke, silent, ~spoke & (outcome == 1), ~spoke & np.isnan(outcome))
    counts = np.array([np.bincount(row[part], minlength=n_rows) for part in parts]).T
    told = spoke | silent
    who = journeys.customer[journey[told]]
    shares = clustered_shares(spoke[told], row[told], n_rows, who, confidence_level=confidence_level)
    return counts, shares.share, shares.lower, shares.upper

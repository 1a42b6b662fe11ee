"""Prices that were promised: whether they hold, and for how long they should."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from customer_centric._core.checks import check_choice, check_confidence_level, check_number
from customer_centric._core.frames.labels import Labels
from customer_centric._core.words import as_html, counted
from customer_centric.errors import InvalidInputError
from customer_centric.intervals import Interval
from customer_centric.journey._clusters import clustered_shares
from customer_centric.journey._shares import clustered_curve, duration_of, one_share, pick
from customer_centric.journey.journeys import Journeys
from customer_centric.journey.log import OUTCOMES
from customer_centric.journey.loss import studied_signals
from customer_centric.journey.response import SECONDS, ClockUnit
from customer_centric.journey.signals import SignalTable
from customer_centric.typing import BoolArray, FloatArray, IntArray

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["PriceHold", "QuoteTimeToLive", "price_hold_rate", "recommended_quote_ttl"]

_FAILED: Final = (OUTCOMES.index("error"), OUTCOMES.index("declined"))


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class PriceHold:
    """Share of charges that kept to a price quoted shortly before.

    Parameters
    ----------
    rate : float
        Share in [0, 1]; NaN where no charge came within the time to live of a quote.
    interval : Interval or None
        Wilson's bounds for as many charges as the customers are worth; None where `rate` is NaN.
    n, held : int
        Charges within the time to live of a quote, and those of them that kept to it.
    n_expired, n_unquoted, n_without_item : int
        Charges that are left out: the last quote was older; nothing was quoted before; the log does not say
        for what.
    highest_rise : float
        The charge furthest above its quote, as a share of the quote; NaN where `rate` is, 0 where no charge
        is above its quote.
    time_to_live : timedelta
        For how long a quote is a promise.
    tolerance : float
        Share by which a charge may exceed the quote.
    touchpoints : tuple of str
        Where charges were made.
    counts : ndarray of int of shape (n_touchpoints, 2)
        By touchpoint: charges, and those that held.
    rates, lower, upper : ndarray of shape (n_touchpoints,)
        Rate of each touchpoint and its bounds.
    reason : str or None
        Why the rate is missing.
    """

    rate: float
    interval: Interval | None
    n: int
    held: int
    n_expired: int
    n_unquoted: int
    n_without_item: int
    highest_rise: float
    time_to_live: timedelta
    tolerance: float
    touchpoints: tuple[str, ...]
    counts: IntArray
    rates: FloatArray
    lower: FloatArray
    upper: FloatArray
    reason: str | None = None

    def to_frame(self) -> pd.DataFrame:
        """One row a touchpoint where charges were made."""
        import pandas as pd

        columns = dict(zip(("charges", "held"), self.counts.T, strict=True))
        frame = pd.DataFrame({"touchpoint": np.array(self.touchpoints, dtype=object), **columns})
        return frame.assign(rate=self.rates, lower=self.lower, upper=self.upper)

    def __str__(self) -> str:
        if self.interval is None:
            return f"no price-hold rate: {self.reason}"
        level = f"{100 * self.interval.confidence_level:g} % interval"
        return (
            f"{100 * self.rate:.1f} % of {counted(self.n, 'charge')} within {self.time_to_live} of a quote "
            f"kept to it ({level} {100 * self.interval.lower:.1f} to {100 * self.interval.upper:.1f})"
        )

    def _repr_html_(self) -> str:
        return as_html(self, frame=self.to_frame())


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class QuoteTimeToLive:
    """For how long a quote should hold so that most customers can pay before it ends.

    Parameters
    ----------
    duration : float
        Time from quote to payment that only a few exceed, in `unit`; NaN where the payments do not tell.
    interval : Interval
        Its bounds; the upper one is infinite where customers were not watched for long enough.
    share : float
        Share of customers who would have paid by then, were none to leave.
    n, n_paid : int
        Quotes of clean journeys, and those that were paid while nothing had gone wrong.
    n_flagged : int
        Quotes that are left out because something had gone wrong by then.
    elapsed, share_paid, lower, upper : ndarray of shape (n_times,)
        The curve: durations in `unit`, and the share that has paid by then with its bounds.
    unit : {"second", "minute", "hour", "day"}
        Unit of the durations.
    reason : str or None
        Why the duration is missing.
    """

    duration: float
    interval: Interval
    share: float
    n: int
    n_paid: int
    n_flagged: int
    elapsed: FloatArray
    share_paid: FloatArray
    lower: FloatArray
    upper: FloatArray
    unit: ClockUnit
    reason: str | None = None

    @property
    def time_to_live(self) -> timedelta | None:
        """The duration as `price_hold_rate` takes it; None where it is missing."""
        return None if np.isnan(self.duration) else timedelta(seconds=self.duration * SECONDS[self.unit])

    def to_frame(self) -> pd.DataFrame:
        """One row a duration: the share that has paid by then, with its bounds."""
        import pandas as pd

        return pd.DataFrame(
            {
                "duration": self.elapsed,
                "share_paid": self.share_paid,
                "lower": self.lower,
                "upper": self.upper,
            }
        )

    def __str__(self) -> str:
        if np.isnan(self.duration):
            return f"no time to live: {self.reason}"
        level = f"{100 * self.interval.confidence_level:g} % interval"
        return (
            f"{100 * self.share:g} % of customers pay within {self.duration:.3g} {self.unit}s of the quote "
            f"({level} {self.interval.lower:.3g} to {self.interval.upper:.3g}), from {self.n_paid:,} "
            f"payments of {counted(self.n, 'quote')}"
        )

    def _repr_html_(self) -> str:
        return as_html(self)


@dataclass(frozen=True, slots=True, eq=False)
class _Money:
    """Visits with a quote, and visits with a charge: each of one item of one journey."""

    quotes: IntArray
    quote_owner: IntArray
    charges: IntArray
    charge_owner: IntArray
    n_without_item: int


def _money_of(journeys: Journeys) -> _Money:
    v = journeys.visits
    if v.charged is None or v.price is None or v.item is None:
        missing = [name for name, has in (("item", v.item), ("amount", v.charged)) if has is None]
        raise InvalidInputError(
            f"`journeys` must know prices, got a log without {' and '.join(missing)}; name the columns in "
            "the schema"
        )
    item: Labels = v.item
    paid = ~np.isnan(v.charged)
    if v.outcome is not None:
        paid &= ~np.isin(v.outcome, _FAILED)
    named = item.codes >= 0
    quotes = np.flatnonzero(~np.isnan(v.price) & ~paid & named)
    charges = np.flatnonzero(paid & named)
    every = np.concatenate([quotes, charges])
    cell = v.journey[every].astype(np.int64) * len(item.names) + item.codes[every]
    _, owner = np.unique(cell, return_inverse=True)
    order = np.lexsort((quotes, owner[: quotes.size]))
    return _Money(
        quotes=quotes[order],
        quote_owner=owner[: quotes.size][order],
        charges=charges,
        charge_owner=owner[quotes.size :],
        n_without_item=int((paid & ~named).sum()),
    )


def price_hold_rate(
    journeys: Journeys,
    *,
    time_to_live: timedelta,
    tolerance: float = 0.0,
    confidence_level: float = 0.95,
) -> PriceHold:
    r"""Share of charges that are no higher than the price that was quoted shortly before.

    Parameters
    ----------
    journeys : Journeys
        From `find_journeys`; the log must have an `item`, and the `amount` charged.
    time_to_live : timedelta
        For how long a quote is a promise.
    tolerance : float, default 0
        Share by which a charge may exceed the quote, 0 or more: 0.01 for one percent.
    confidence_level : float, default 0.95
        Nominal coverage of the intervals, strictly between 0 and 1.

    Returns
    -------
    PriceHold
        Rate with interval, in all and by touchpoint, and what was left out.

    Raises
    ------
    InvalidInputError
        If the log has no `item` or `amount`, the time to live is not positive, or the tolerance negative.

    Notes
    -----
    \[ \frac{\text{charges} \le q\,(1 + \text{tolerance})}
       {\text{charges within the time to live of a quote}} , \]

    with \(q\) the lowest price of the same item, in the same currency, that an earlier visit of the journey
    quoted within the time to live: each of these quotes is still a promise. An amount at a visit that ended
    in an error, or was declined, has not been charged; it is a quote like the others.

    Examples
    --------
    The room cost 120 when the guest took out his card, and 240 when he had paid, 80 seconds later:

    >>> from datetime import timedelta
    >>> from customer_centric import EventSchema, find_journeys, prepare_log
    >>> from customer_centric.simulate import hotel_story
    >>> journeys = find_journeys(prepare_log(hotel_story(), EventSchema.full()), goal=())
    >>> found = price_hold_rate(journeys, time_to_live=timedelta(minutes=15))
    >>> found.held, found.n, found.highest_rise
    (0, 1, 1.0)
    """
    check_confidence_level(confidence_level)
    spare = check_number("tolerance", tolerance, minimum=0.0)
    if not isinstance(time_to_live, timedelta) or not time_to_live.total_seconds() > 0:
        raise InvalidInputError(f"`time_to_live` must be a positive timedelta, got {time_to_live!r}")
    v = journeys.visits
    money = _money_of(journeys)
    lifetime = time_to_live.total_seconds() * v.clock.ticks_per_second
    promised, quoted = _living_quotes(journeys, money, lifetime)
    within = ~np.isnan(promised)
    charges = money.charges[within]
    quote, charge = promised[within], _floats(v.charged)[charges]
    # Prices that were computed in two ways may differ in the last bit.
    held = charge <= quote * (1.0 + spare) * (1.0 + 1e-12)
    with np.errstate(divide="ignore", invalid="ignore"):
        rise = np.where(charge > quote, charge / quote - 1.0, 0.0)
    customer = journeys.customer[v.journey[charges]]
    rate, interval = one_share(held, customer, confidence_level)
    at, row = np.unique(v.touchpoint[charges], return_inverse=True)
    shares = clustered_shares(held, row, at.size, customer, confidence_level=confidence_level)
    counts = np.array([np.bincount(row[part], minlength=at.size) for part in (held | True, held)]).T
    return PriceHold(
        rate=rate,
        interval=interval,
        n=held.size,
        held=int(held.sum()),
        n_expired=int((quoted & ~within).sum()),
        n_unquoted=int((~quoted).sum()),
        n_without_item=money.n_without_item,
        highest_rise=float(rise.max()) if rise.size else float("nan"),
        time_to_live=time_to_live,
        tolerance=spare,
        touchpoints=pick(v.touchpoints, at),
        counts=counts,
        rates=shares.share,
        lower=shares.lower,
        upper=shares.upper,
        reason=None if held.size else "no charge came within the time to live of a quote",
    )


def _floats(values: FloatArray | None) -> FloatArray:
    return np.zeros(0) if values is None else values


def _living_quotes(journeys: Journeys, money: _Money, lifetime: float) -> tuple[FloatArray, BoolArray]:
    """For each charge the lowest quote that is still a promise, NaN without, and whether any came before."""
    v = journeys.visits
    quotes, charges = money.quotes, money.charges
    # Owner, then visit: visits of a journey are in the order of time.
    key = money.quote_owner * v.n_visits + quotes
    stop = np.searchsorted(key, money.charge_owner * v.n_visits + charges)
    first = np.searchsorted(money.quote_owner, money.charge_owner)
    # Ranks of moments, because an owner and a moment in ticks do not fit into one number.
    moments = np.sort(v.begin[quotes])
    by_moment = money.quote_owner * (moments.size + 1) + np.searchsorted(moments, v.begin[quotes])
    oldest = np.searchsorted(moments, v.begin[charges] - lifetime)
    start = np.searchsorted(by_moment, money.charge_owner * (moments.size + 1) + oldest)
    lowest = np.full(charges.size, np.nan)
    alive = np.flatnonzero(start < stop)
    if alive.size:
        prices = np.append(_floats(v.price)[quotes], np.inf)
        edges = np.column_stack([start[alive], stop[alive]]).ravel()
        lowest[alive] = np.minimum.reduceat(prices, edges)[::2]
    return lowest, first < stop


def recommended_quote_ttl(
    table: SignalTable,
    *,
    unit: ClockUnit,
    share: float = 0.95,
    quoted_at: str | Collection[str] = (),
    studied: str | Collection[str] | None = None,
    confidence_level: float = 0.95,
) -> QuoteTimeToLive:
    r"""For how long a quote should hold: the time in which 95 % of customers would pay if nothing went wrong.

    Parameters
    ----------
    table : SignalTable
        From `detect_signals`, of a log with an `item`, and the `amount` charged.
    unit : {"second", "minute", "hour", "day"}
        Unit of the durations.
    share : float, default 0.95
        Share of customers who can pay in time, strictly between 0 and 1.
    quoted_at : str or collection of str, default ()
        Touchpoints whose quotes are promises, such as the cart; any by default.
    studied : str or collection of str, optional
        Signals that say that something went wrong; system signals by default.
    confidence_level : float, default 0.95
        Nominal coverage of the interval, strictly between 0 and 1.

    Returns
    -------
    QuoteTimeToLive
        Duration with interval, and the curve behind it.

    Raises
    ------
    InvalidInputError
        If the log has no `item` or `amount`, a touchpoint or signal is unknown, or the share is out of range.

    Notes
    -----
    With \(F\) the distribution of the time from the first quote of an item in a journey to its first charge,
    by Kaplan and Meier, it is the first \(t\) with \(F(t) \ge 0.95\). Who leaves is watched until the last
    event of the journey, and who meets friction until then: both say that it takes longer than that, and no
    more. The bounds are Brookmeyer and Crowley's, where the bounds of the curve reach the share, and allow
    for several journeys of one customer.

    References
    ----------
    Brookmeyer, R. and Crowley, J. (1982), A confidence interval for the median survival time. Biometrics
    38(1). [doi:10.2307/2530286](https://doi.org/10.2307/2530286).

    Examples
    --------
    >>> import numpy as np
    >>> from customer_centric import EventSchema, detect_signals, find_journeys, prepare_log
    >>> from customer_centric.simulate import simulate_journeys
    >>> world = simulate_journeys(3000, rng=np.random.default_rng(1))
    >>> journeys = find_journeys(
    ...     prepare_log(world.log, EventSchema.full()), goal="purchase", contact="support"
    ... )
    >>> found = recommended_quote_ttl(detect_signals(journeys), unit="minute", quoted_at="cart")
    >>> round(found.duration, 2), found.n, found.n_paid
    (5.23, 1904, 989)
    """
    check_confidence_level(confidence_level)
    check_choice("unit", unit, tuple(SECONDS))
    wanted = check_number("share", share, minimum=0.0, maximum=1.0, open_minimum=True, open_maximum=True)
    kinds = studied_signals(table, studied, has_strata=True)
    journeys, v = table.journeys, table.journeys.visits
    names = (quoted_at,) if isinstance(quoted_at, str) else tuple(quoted_at)
    for name in names:
        check_choice("quoted_at", name, v.touchpoints)
    money = _money_of(journeys)
    quote, charge = _first_quotes(journeys, money, v.codes_of(names) if names else None)
    journey = v.journey[quote]
    trouble = _first_flags(journeys, table.visit[kinds[table.signal]])[journey]
    clean = trouble > quote
    paid = (charge < v.n_visits) & (charge <= trouble)
    last = v.starts[1:][journey] - 1
    until = np.where(paid, v.begin[np.minimum(charge, last)], v.finish[last])
    until = np.where(~paid & (trouble <= last), v.begin[np.minimum(trouble, last)], until)
    scale = SECONDS[unit] * v.clock.ticks_per_second
    elapsed = (until - v.begin[quote])[clean] / scale
    curve = clustered_curve(
        elapsed, paid[clean], journeys.customer[journey[clean]], 1.0 - wanted, confidence_level
    )
    duration, interval = duration_of(curve, 1.0 - wanted)
    return QuoteTimeToLive(
        duration=duration,
        interval=interval,
        share=wanted,
        n=elapsed.size,
        n_paid=int(paid[clean].sum()),
        n_flagged=int((~clean).sum()),
        elapsed=curve.duration,
        share_paid=1.0 - curve.survival,
        lower=1.0 - curve.upper,
        upper=1.0 - curve.lower,
        unit=unit,
        reason=_reason(elapsed.size, duration, curve.survival, wanted),
    )


def _first_flags(journeys: Journeys, flagged: IntArray) -> IntArray:
    """The first of these visits in each journey: `n_visits` without one."""
    v = journeys.visits
    first = np.full(journeys.n_journeys, v.n_visits, dtype=np.int64)
    # Backwards, so that the first one stays.
    first[v.journey[flagged[::-1]]] = flagged[::-1]
    return first


def _reason(n: int, duration: float, survival: FloatArray, share: float) -> str | None:
    if n == 0:
        return "nothing was quoted in a clean journey"
    if np.isnan(duration):
        reached = 100 * (1 - float(survival[-1]))
        return f"the curve of payments ends at {reached:.3g} %, short of {100 * share:g} %"
    return None


def _first_quotes(journeys: Journeys, money: _Money, here: NDArray[Any] | None) -> tuple[IntArray, IntArray]:
    """First quote of each item in each journey, and the first charge after it: `n_visits` without one."""
    v = journeys.visits
    kept = np.ones(money.quotes.size, dtype=np.bool_) if here is None else here[v.touchpoint[money.quotes]]
    owner, first = np.unique(money.quote_owner[kept], return_index=True)
    quote = money.quotes[kept][first]
    order = np.lexsort((money.charges, money.charge_owner))
    key = money.charge_owner[order] * v.n_visits + money.charges[order]
    place = np.searchsorted(key, owner * v.n_visits + quote, side="right")
    owners = np.append(money.charge_owner[order], -1)
    charges = np.append(money.charges[order], v.n_visits)
    return quote, np.where(owners[place] == owner, charges[place], v.n_visits)

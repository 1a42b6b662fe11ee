"""Channels: how well each serves the same customers, and whether all say the same."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from customer_centric._core.checks import check_confidence_level, check_number
from customer_centric._core.words import as_html, counted
from customer_centric.errors import InvalidInputError
from customer_centric.intervals import Interval, mover_interval, wilson_interval
from customer_centric.journey._clusters import clustered_shares
from customer_centric.journey._first_visits import FirstVisits, first_visits
from customer_centric.journey.journeys import Journeys
from customer_centric.journey.signals import SignalTable
from customer_centric.typing import BoolArray, FloatArray, IntArray

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["ChannelConsistency", "ChannelGap", "channel_consistency", "channel_gap"]


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class ChannelGap:
    r"""Share of journeys that convert after a clean visit, by channel, for one mix of touchpoints.

    Parameters
    ----------
    channels : tuple of str
        Channels, the best first.
    n : ndarray of int of shape (n_channels,)
        Clean first visits.
    crude : ndarray of shape (n_channels,)
        Share that converts, with each channel's own mix.
    p_clean, lower, upper : ndarray of shape (n_channels,)
        Share that would convert with the mix of all channels, and its limits.
    gap, gap_lower, gap_upper : ndarray of shape (n_channels,)
        How far it is below the best of the other channels, or 0, and its limits, 0 or more.
    touchpoints : tuple of str
        Touchpoints of the mix: those at which every channel has a clean visit.
    weights : ndarray of shape (n_touchpoints,)
        Their shares of the mix.
    left_out : tuple of str
        Touchpoints that are not in the mix.
    confidence_level : float
        Nominal coverage of the limits.
    """

    channels: tuple[str, ...]
    n: IntArray
    crude: FloatArray
    p_clean: FloatArray
    lower: FloatArray
    upper: FloatArray
    gap: FloatArray
    gap_lower: FloatArray
    gap_upper: FloatArray
    touchpoints: tuple[str, ...]
    weights: FloatArray
    left_out: tuple[str, ...]
    confidence_level: float

    def to_frame(self) -> pd.DataFrame:
        """One row a channel, the best first."""
        import pandas as pd

        names = ["n", "crude", "p_clean", "lower", "upper", "gap", "gap_lower", "gap_upper"]
        return pd.DataFrame({"channel": list(self.channels), **{name: getattr(self, name) for name in names}})

    def __str__(self) -> str:
        return (
            f"{self.channels[-1]} converts {100 * self.gap[-1]:.1f} points less than {self.channels[0]} on "
            f"the same mix ({100 * self.confidence_level:g} % interval {100 * self.gap_lower[-1]:.1f} to "
            f"{100 * self.gap_upper[-1]:.1f})"
        )

    def _repr_html_(self) -> str:
        return as_html(self, frame=self.to_frame())


def channel_gap(
    signals: SignalTable,
    *,
    channels: Collection[str] | None = None,
    studied: Collection[str] | None = None,
    outcome: ArrayLike | None = None,
    confidence_level: float = 0.95,
) -> ChannelGap:
    r"""How far each channel is behind the best one, where nothing went wrong and for the same mix of visits.

    Parameters
    ----------
    signals : SignalTable
        From `detect_signals`, of a log with channels.
    channels : collection of str, optional
        Channels to compare, at least two; by default those with a clean visit to a touchpoint that is not a
        contact. Goals and ends without one are no touchpoints here.
    studied : collection of str, optional
        Signals that make a visit other than clean; all system signals by default.
    outcome : array_like of shape (n_journeys,), optional
        Whether each journey converted: 1, 0 or a probability; NaN where it is not known. By default
        `journeys.outcome`.
    confidence_level : float, default 0.95
        Nominal coverage of the limits of each channel, strictly between 0 and 1.

    Returns
    -------
    ChannelGap
        Channels, the best first.

    Raises
    ------
    InvalidInputError
        If the log has no channels, fewer than two can be compared, one is unknown, they have no touchpoint in
        common, or no outcome is known.

    Notes
    -----
    Over the first visit of each journey to each touchpoint \(s\), where it is clean, with \(p_{cs}\) the
    share of journeys that convert after one in channel \(c\),

    \[ p_c = \sum_s w_s\, p_{cs}, \qquad \text{gap}_c = \max\bigl(0, \max_{d \ne c} p_d - p_c\bigr), \]

    where \(w_s\) is the share of \(s\) among these visits in all channels (direct standardisation). Limits of
    \(p_c\) are Wilson's at the effective number of journeys, from the variance over customers. Those of the
    gap compare with each other channel at level \(1 - \alpha / (C - 1)\) and take the largest: they allow for
    the best one being chosen by its luck.

    The mix of touchpoints is what is held fixed. Customers who prefer a channel differ in more than that.

    References
    ----------
    Hsu, J. C. (1981), Simultaneous confidence intervals for all distances from the "best". The Annals of
    Statistics 9(5). [doi:10.1214/aos/1176345582](https://doi.org/10.1214/aos/1176345582).

    Examples
    --------
    >>> from datetime import timedelta
    >>> import numpy as np
    >>> from customer_centric import EventSchema, detect_signals, find_journeys, prepare_log
    >>> from customer_centric.simulate import simulate_journeys
    >>> world = simulate_journeys(5000, rng=np.random.default_rng(1))
    >>> log = prepare_log(world.log, EventSchema.full())
    >>> journeys = find_journeys(
    ...     log,
    ...     goal="purchase",
    ...     contact="support",
    ...     end=world.end,
    ...     closed_after=timedelta(hours=2),
    ... )
    >>> found = channel_gap(detect_signals(journeys))
    >>> found.channels
    ('web', 'app')
    """
    level = check_confidence_level(confidence_level)
    v = signals.journeys.visits
    if v.channel is None:
        raise InvalidInputError("`signals` must come from a log with channels; name the column in the schema")
    rows = first_visits(signals, studied, outcome)
    # Where a journey ends, all of it is decided, in every channel.
    ends = v.codes_of((*signals.journeys.goal, *signals.journeys.lost))
    clean = ~rows.flagged & ~ends[rows.touchpoint]
    codes = _channels(rows, clean, channels, v.codes_of(signals.journeys.contact))
    n_codes = len(v.touchpoints)
    kept = clean & np.isin(rows.channel, codes)
    place = np.searchsorted(codes, rows.channel[kept])
    counts = np.bincount(place * n_codes + rows.touchpoint[kept], minlength=codes.size * n_codes)
    counts = counts.reshape(codes.size, n_codes)
    common: BoolArray = np.all(counts > 0, axis=0)
    if not common.any():
        raise InvalidInputError(
            "`channels` must have a touchpoint in common with a clean visit in each, got none for "
            + ", ".join(repr(rows.channels[int(c)]) for c in codes)
        )
    used = np.flatnonzero(kept)[common[rows.touchpoint[kept]]]
    weight = np.where(common, counts.sum(axis=0), 0) / counts[:, common].sum()
    found = [_standardised(rows, used[rows.channel[used] == c], weight) for c in codes.tolist()]
    share, effective, crude, n = (np.array(column) for column in zip(*found, strict=True))
    return _gaps(
        np.array(rows.channels, dtype=object)[codes],
        (share, effective, crude, n.astype(np.int64)),
        (v.touchpoints, weight, common, counts.sum(axis=0) > 0),
        level,
    )


def _channels(
    rows: FirstVisits, clean: BoolArray, asked: Collection[str] | None, contact: BoolArray
) -> IntArray:
    if asked is None:
        codes = np.unique(rows.channel[clean & ~contact[rows.touchpoint]])
    else:
        for name in asked:
            if name not in rows.channels:
                listed = ", ".join(repr(known) for known in rows.channels)
                raise InvalidInputError(
                    f"`channels` must be channels of the log, got {name!r}; they are {listed}"
                )
        codes = np.unique([rows.channels.index(name) for name in asked])
    if codes.size < 2:
        raise InvalidInputError(f"`channels` must be at least two to compare, got {codes.size}")
    return codes


def _standardised(rows: FirstVisits, at: IntArray, weight: FloatArray) -> tuple[float, float, float, int]:
    """Standardised share of a channel, the effective number of journeys, the crude share and visits."""
    where, y = rows.touchpoint[at], rows.outcome[at]
    n = np.bincount(where, minlength=weight.size)
    total = np.bincount(where, y, weight.size)
    p = np.divide(total, n, out=np.zeros(weight.size), where=n > 0)
    share = min(float(weight @ p), 1.0)
    off = weight[where] * (y - p[where]) / n[where]
    _, owner = np.unique(rows.customer[at], return_inverse=True)
    of_owner = np.bincount(owner, off)
    n_owners = of_owner.size
    variance = float((of_owner**2).sum()) * (n_owners / (n_owners - 1) if n_owners > 1 else 1.0)
    # A cell of few or of one kind has a variance that its visits do not show.
    guess = (total + 1.0) / (n + 2.0)
    some = weight > 0
    floor = float((weight[some] ** 2 * (guess * (1 - guess))[some] / n[some]).sum())
    middle = share if 0 < share < 1 else float(weight @ guess)
    return share, min(middle * (1 - middle) / max(variance, floor), n_owners), float(y.mean()), at.size


def _gaps(
    names: NDArray[Any],
    found: tuple[FloatArray, FloatArray, FloatArray, IntArray],
    mix: tuple[tuple[str, ...], FloatArray, BoolArray, BoolArray],
    level: float,
) -> ChannelGap:
    order = np.argsort(-found[0], kind="stable")
    share, effective, crude, n = found[0][order], found[1][order], found[2][order], found[3][order]
    lower, upper = wilson_interval(share * effective, effective, confidence_level=level)
    at = 1.0 - (1.0 - level) / (share.size - 1)
    low, high = wilson_interval(share * effective, effective, confidence_level=at)
    low, high = np.minimum(low, share), np.maximum(high, share)
    # Each channel (columns) against each other one (rows).
    pair = [np.stack(np.broadcast_arrays(x[:, None], x[None, :])) for x in (share, low, high)]
    below, above = mover_interval(*pair)
    np.fill_diagonal(below, -np.inf)
    np.fill_diagonal(above, -np.inf)
    behind = share[:, None] - share[None, :]
    np.fill_diagonal(behind, -np.inf)
    touchpoints, weight, common, seen = mix
    return ChannelGap(
        channels=tuple(names[order].tolist()),
        n=n,
        crude=crude,
        p_clean=share,
        lower=np.minimum(lower, share),
        upper=np.maximum(upper, share),
        gap=np.maximum(behind.max(axis=0), 0.0),
        gap_lower=np.maximum(below.max(axis=0), 0.0),
        gap_upper=np.maximum(above.max(axis=0), 0.0),
        touchpoints=tuple(name for name, used in zip(touchpoints, common.tolist(), strict=True) if used),
        weights=weight[common],
        left_out=tuple(
            name for name, used in zip(touchpoints, (seen & ~common).tolist(), strict=True) if used
        ),
        confidence_level=level,
    )


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class ChannelConsistency:
    r"""Whether channels that quoted the same item at the same time quoted the same price.

    Parameters
    ----------
    share : float
        Share of items and windows of time in which channels agreed; NaN without any that can be compared.
    interval : Interval
        Its limits.
    items : tuple of str
        Items that can be compared, those that disagree most often first.
    n, n_consistent : ndarray of int of shape (n_items,)
        Windows of each item with at least two channels, and those in which they agreed.
    gap : ndarray of shape (n_items,)
        The largest difference between channels, as a share of the lower price; 0 where there was none.
    largest_gap : float
        The largest of all; NaN without any window.
    within : timedelta
        Length of a window.
    n_windows, n_alone : int
        Windows that can be compared, and those in which one channel was alone.
    reason : str or None
        Why the share is missing.
    """

    share: float
    interval: Interval
    items: tuple[str, ...]
    n: IntArray
    n_consistent: IntArray
    gap: FloatArray
    largest_gap: float
    within: timedelta
    n_windows: int
    n_alone: int
    reason: str | None

    def to_frame(self) -> pd.DataFrame:
        """One row an item, the one that disagrees most often first."""
        import pandas as pd

        return pd.DataFrame(
            {"item": list(self.items), "n": self.n, "n_consistent": self.n_consistent, "gap": self.gap}
        )

    def __str__(self) -> str:
        if self.reason is not None:
            return f"channel consistency: {self.reason}"
        bounds = self.interval
        return (
            f"channels agree in {100 * self.share:.1f} % ({100 * bounds.confidence_level:g} % interval "
            f"{100 * bounds.lower:.1f} to {100 * bounds.upper:.1f}) of {counted(self.n_windows, 'window')}; "
            f"the largest gap is {100 * self.largest_gap:.1f} % of the price"
        )

    def _repr_html_(self) -> str:
        return as_html(self, frame=self.to_frame())


def channel_consistency(
    journeys: Journeys,
    *,
    within: timedelta,
    tolerance: float = 0.0,
    answers: ArrayLike | None = None,
    confidence_level: float = 0.95,
) -> ChannelConsistency:
    r"""How often all channels give the same price, and the same answer, for the same item at the same time.

    Parameters
    ----------
    journeys : Journeys
        From `find_journeys`, of a log with channels, items and prices.
    within : timedelta
        How long a quote holds: prices of an item are compared within windows of this length.
    tolerance : float, default 0
        Difference, as a share of the lower price, that still is the same price.
    answers : array_like of shape (n_visits,), optional
        What each visit was told, as text or numbers; None (or NaN) where it was told nothing. Channels
        agree if some answer was given by all that gave one, and the prices agree.
    confidence_level : float, default 0.95
        Nominal coverage of the interval, strictly between 0 and 1.

    Returns
    -------
    ChannelConsistency
        Share of windows in which channels agree, and the largest gap.

    Raises
    ------
    InvalidInputError
        If the log has no channels, items or prices, `within` is not positive, `tolerance` is negative, or
        `answers` has the wrong length.

    Notes
    -----
    Within a window a channel \(c\) quotes prices from \(l_c\) to \(h_c\). Channels agree if one price could
    have been had in all of them, up to the tolerance:

    \[ \text{gap} = \max\Bigl(0, \frac{\max_c l_c}{\min_c h_c} - 1\Bigr) \le \text{tolerance} . \]

    So a price that changes within the window, in all channels, is no inconsistency. Windows begin at the
    first quote of the log; two quotes that are close but fall into two windows are not compared. Windows
    in which one channel was alone say nothing and are counted apart. Limits are Wilson's at the effective
    number of windows, as windows of an item are alike. Items are told apart by currency too, if there is one.

    Examples
    --------
    A room costs 120 on the web and, five minutes later, 140 on the phone; the next day 130 in both:

    >>> from datetime import timedelta
    >>> import pandas as pd
    >>> from customer_centric import EventSchema, find_journeys, prepare_log
    >>> at = ["2026-03-01 10:00", "2026-03-01 10:05", "2026-03-02 10:00", "2026-03-02 10:05"]
    >>> events = pd.DataFrame(
    ...     {
    ...         "case_id": [1, 2, 3, 4],
    ...         "touchpoint": "quote",
    ...         "timestamp": pd.to_datetime(at),
    ...         "channel": ["web", "phone", "web", "phone"],
    ...         "item": "room",
    ...         "price": [120.0, 140.0, 130.0, 130.0],
    ...     }
    ... )
    >>> log = prepare_log(events, EventSchema(channel="channel", item="item", price="price"))
    >>> found = channel_consistency(find_journeys(log, goal=()), within=timedelta(minutes=15))
    >>> found.share, round(found.largest_gap, 3)
    (0.5, 0.167)
    """
    level = check_confidence_level(confidence_level)
    allowed = check_number("tolerance", tolerance, minimum=0.0)
    v = journeys.visits
    if v.channel is None or v.item is None or v.price is None:
        raise InvalidInputError(
            "`journeys` must come from a log with channels, items and prices; name the columns in the schema"
        )
    if not within.total_seconds() > 0:
        raise InvalidInputError(f"`within` must be positive, got {within}")
    told = _answer_codes(answers, v.n_visits)
    quoted = np.flatnonzero((v.channel.codes >= 0) & (v.item.codes >= 0) & (~np.isnan(v.price) | (told >= 0)))
    ticks = v.begin[quoted]
    length = within.total_seconds() * v.clock.ticks_per_second
    window = ((ticks - ticks.min(initial=np.iinfo(np.int64).max)) // length).astype(np.int64)
    pairs = np.stack([v.item.codes[quoted].astype(np.int64), window], axis=1)
    where, place = np.unique(pairs, axis=0, return_inverse=True)
    place = place.ravel()
    channel = v.channel.codes[quoted].astype(np.int64)
    gap, prices = _price_gaps(place, channel, v.price[quoted], where.shape[0])
    agree, answered = _answers_agree(place, channel, told[quoted], where.shape[0])
    compared = np.flatnonzero((prices > 1) | (answered > 1))
    return _consistency(
        v.item.names,
        where[compared, 0],
        gap[compared],
        (gap[compared] <= allowed * (1 + 1e-12)) & agree[compared],
        (within, where.shape[0] - compared.size, level),
    )


def _answer_codes(answers: ArrayLike | None, n: int) -> IntArray:
    """A number for each different answer; -1 where there is none."""
    if answers is None:
        return np.full(n, -1, dtype=np.int64)
    given: NDArray[Any] = np.asarray(answers, dtype=object)
    if given.shape != (n,):
        raise InvalidInputError(
            f"`answers` must have one entry a visit, got shape {given.shape} for {n} visits"
        )
    codes: dict[object, int] = {}
    return np.array(
        # What is not equal to itself is missing.
        [-1 if a is None or a != a else codes.setdefault(a, len(codes)) for a in given.tolist()],  # noqa: PLR0124
        dtype=np.int64,
    )


def _price_gaps(place: IntArray, channel: IntArray, price: FloatArray, n: int) -> tuple[FloatArray, IntArray]:
    """The gap between channels in each window, and how many quoted a price."""
    some = ~np.isnan(price)
    cells, of_row = np.unique(place[some] * (channel.max(initial=0) + 1) + channel[some], return_inverse=True)
    lowest, highest = np.full(cells.size, np.inf), np.full(cells.size, -np.inf)
    np.minimum.at(lowest, of_row, price[some])
    np.maximum.at(highest, of_row, price[some])
    of_cell = cells // (channel.max(initial=0) + 1)
    most, least = np.full(n, -np.inf), np.full(n, np.inf)
    np.maximum.at(most, of_cell, lowest)
    np.minimum.at(least, of_cell, highest)
    gap = np.zeros(n)
    apart = most > least
    with np.errstate(divide="ignore"):
        gap[apart] = most[apart] / least[apart] - 1.0
    return gap, np.bincount(of_cell, minlength=n)


def _answers_agree(place: IntArray, channel: IntArray, told: IntArray, n: int) -> tuple[BoolArray, IntArray]:
    """Whether some answer was given by all channels of a window that gave one, and how many did."""
    some = told >= 0
    if not some.any():
        return np.ones(n, dtype=np.bool_), np.zeros(n, dtype=np.int64)
    spoke = np.unique(np.stack([place[some], channel[some]], axis=1), axis=0)
    answered = np.bincount(spoke[:, 0], minlength=n)
    said = np.unique(np.stack([place[some], told[some], channel[some]], axis=1), axis=0)
    answer, by = np.unique(said[:, :2], axis=0, return_counts=True)
    most = np.zeros(n, dtype=np.int64)
    np.maximum.at(most, answer[:, 0], by)
    return most == answered, answered


def _consistency(
    names: tuple[str, ...],
    item: IntArray,
    gap: FloatArray,
    consistent: BoolArray,
    about: tuple[timedelta, int, float],
) -> ChannelConsistency:
    within, n_alone, level = about
    one = clustered_shares(consistent, np.zeros(item.size, dtype=np.int64), 1, item, confidence_level=level)
    n = np.bincount(item, minlength=len(names))
    good = np.bincount(item[consistent], minlength=len(names))
    largest = np.zeros(len(names))
    np.maximum.at(largest, item, gap)
    seen = np.flatnonzero(n)
    order = seen[np.argsort(good[seen] / n[seen], kind="stable")]
    listed: list[int] = order.tolist()
    return ChannelConsistency(
        share=float(one.share[0]),
        interval=Interval(float(one.lower[0]), float(one.upper[0]), level),
        items=tuple(names[k] for k in listed),
        n=n[order],
        n_consistent=good[order],
        gap=largest[order],
        largest_gap=float(gap.max()) if gap.size else np.nan,
        within=within,
        n_windows=item.size,
        n_alone=n_alone,
        reason=None if item.size else "no item was quoted by two channels within one window",
    )

"""Drawings of purchase histories, models and their tests."""

# Matplotlib's own annotations leave keyword arguments open.
# pyright: reportUnknownMemberType=false

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import TYPE_CHECKING, Literal, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from customer_centric._core.checks import check_array, check_choice, check_number
from customer_centric.errors import InvalidInputError
from customer_centric.plot._drawing import (
    BAND,
    LABELLED,
    MODEL,
    MUTED,
    SMALL,
    date_axis,
    end_labels,
    new_axes,
    percent,
)
from customer_centric.typing import FloatArray, TransactionModel
from customer_centric.units import DAYS_PER_UNIT, Horizon, horizon_in_unit

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from customer_centric.clv.backtest import Backtest
    from customer_centric.clv.tracking import Tracking

__all__ = [
    "plot_calibration",
    "plot_concentration",
    "plot_frequency",
    "plot_probability_alive",
    "plot_tracking",
]


def plot_probability_alive(
    model: TransactionModel,
    purchases: ArrayLike | Sequence[date] | Sequence[str],
    *,
    end: date | str,
    horizon: float | Horizon = 0.0,
    ax: Axes | None = None,
) -> Axes:
    """How sure one could be that a customer was still active, day by day.

    Parameters
    ----------
    model : TransactionModel
        How customers buy and leave.
    purchases : array_like of dates
        Days of all purchases of one customer, the first one included, in any order: dates, `datetime64` or
        ISO text. Purchases on one day are one.
    end : date or str
        Last day of observation, not before the last purchase.
    horizon : float or Horizon, default 0
        How far to look past `end`, in the unit of the model, as if there were no purchase.
    ax : Axes, optional
        Where to draw; a figure of its own by default.

    Returns
    -------
    Axes
        P(alive) over time; ticks at the foot mark the purchases.

    Examples
    --------
    >>> from customer_centric import BgNbd
    >>> model = BgNbd(r=0.243, alpha=4.414, a=0.793, b=2.426, unit="week")
    >>> bought = ["1997-01-01", "1997-01-18", "1997-08-02"]
    >>> ax = plot_probability_alive(model, bought, end="1997-09-30")
    >>> ax.get_ylabel()
    'probability of being active'
    """
    days = _check_days(purchases)
    last = _check_end(end, days)
    ahead = horizon_in_unit(horizon, model.unit)
    check_number("horizon", ahead, minimum=0.0)
    axes, ink = new_axes(ax)
    times, alive = _alive_path(model, days, last)
    start = days[0]
    axes.fill_between(_dates(start, times), alive, color=MODEL, alpha=BAND, linewidth=0)
    axes.plot(_dates(start, times), alive, color=MODEL, linewidth=2, solid_joinstyle="round")
    if ahead > 0:
        _draw_ahead(axes, model, days, last, ahead, ink)
    axes.plot(days, np.full(days.size, 0.02), linestyle="none", marker="|", color=ink, markersize=9)
    axes.annotate(
        "purchases",
        (_day_number(days[-1]), 0.02),
        xytext=(7, 1),
        textcoords="offset points",
        color=ink,
        fontsize=SMALL,
        alpha=MUTED,
        va="center",
    )
    axes.set_ylim(0, 1.1 if ahead > 0 else 1.0)
    axes.set_yticks(np.linspace(0, 1, 6))
    axes.set_ylabel("probability of being active")
    date_axis(axes)
    percent(axes, "y")
    return axes


def plot_frequency(backtest: Backtest, *, model: str | None = None, ax: Axes | None = None) -> Axes:
    """Purchases in the holdout by purchases before it: expected and actual.

    Parameters
    ----------
    backtest : Backtest
        What `backtest` returned.
    model : str, optional
        Name of the model; the preferred one by default.
    ax : Axes, optional
        Where to draw; a figure of its own by default.

    Returns
    -------
    Axes
        A point a class for what happened, on the expectation with its interval.

    Examples
    --------
    >>> import numpy as np
    >>> from customer_centric import Nbd, backtest
    >>> world = Nbd(r=0.5, alpha=5.0, unit="week")
    >>> rng = np.random.default_rng(1)
    >>> histories = world.simulate(np.full(500, 30.0), holdout=30, rng=rng)
    >>> ax = plot_frequency(backtest(histories, {"NBD": world}, rng=rng))
    >>> ax.get_ylabel()
    'purchases a customer in the holdout'
    """
    score = backtest.score(model)
    classes = score.classes
    axes, ink = new_axes(ax, right=LABELLED)
    place = np.arange(len(classes.labels), dtype=np.float64)
    axes.vlines(place, classes.lower, classes.upper, color=MODEL, alpha=2 * BAND, linewidth=9)
    axes.plot(place, classes.expected, color=MODEL, linewidth=2, marker="o", markersize=4)
    axes.plot(place, classes.actual, color=ink, linestyle="none", marker="o", markersize=6.5)
    axes.set_xticks(place, _with_sizes(classes.labels, classes.n_customers))
    axes.set_xlim(-0.5, place[-1] + 0.5)
    axes.set_ylim(0, 1.06 * max(float(classes.upper.max()), float(classes.actual.max()), 0.01))
    axes.set_xlabel("repeat purchases before the holdout (customers in brackets)")
    axes.set_ylabel("purchases a customer in the holdout")
    end_labels(
        axes,
        float(place[-1]) + 0.15,
        [(classes.actual[-1], "actual", ink), (classes.expected[-1], score.name, MODEL)],
    )
    return axes


def plot_tracking(
    tracking: Tracking, *, kind: Literal["step", "cumulative"] = "step", ax: Axes | None = None
) -> Axes:
    """Repeat purchases of all customers over time: expected with its interval, and actual.

    Parameters
    ----------
    tracking : Tracking
        What `tracking` returned.
    kind : {"step", "cumulative"}, default "step"
        Purchases in each step, or up to its end.
    ax : Axes, optional
        Where to draw; a figure of its own by default.

    Returns
    -------
    Axes
        Two lines and a band; a line across where the calibration ends, if there is a holdout.

    Examples
    --------
    >>> from customer_centric import MbgNbd, summarise_transactions, tracking
    >>> from customer_centric.datasets import load_cdnow_sample
    >>> histories = summarise_transactions(
    ...     load_cdnow_sample(),
    ...     customer="customer",
    ...     date="date",
    ...     end="1998-06-30",
    ...     calibration_end="1997-09-30",
    ...     unit="week",
    ... )
    >>> model = MbgNbd(r=0.525, alpha=6.183, a=0.891, b=1.614, unit="week")
    >>> ax = plot_tracking(tracking(histories, model))
    >>> ax.get_ylabel()
    'repeat purchases a week'
    """
    check_choice("kind", kind, ("step", "cumulative"))
    axes, ink = new_axes(ax, right=LABELLED)
    actual, expected, lower, upper = (
        (tracking.actual, tracking.expected, tracking.lower, tracking.upper)
        if kind == "step"
        else (
            tracking.cumulative_actual,
            tracking.cumulative_expected,
            tracking.cumulative_lower,
            tracking.cumulative_upper,
        )
    )
    step = np.arange(1.0, actual.size + 1)
    axes.fill_between(step, lower, upper, color=MODEL, alpha=BAND, linewidth=0)
    axes.plot(step, expected, color=MODEL, linewidth=2)
    axes.plot(step, actual, color=ink, linewidth=1.2)
    axes.set_xlim(1, max(float(step[-1]), 2))
    axes.set_ylim(0, 1.1 * max(float(upper.max()), float(actual.max()), 1.0))
    axes.yaxis.set_major_formatter("{x:,.0f}")
    name = tracking.step_name
    many = name[0].isdigit()
    axes.set_xlabel(f"steps of {name}" if many else f"{name}s since the first purchase")
    axes.set_ylabel(
        f"repeat purchases in {name}"
        if many
        else f"repeat purchases a {name}"
        if kind == "step"
        else "repeat purchases so far"
    )
    if tracking.calibration_steps < step[-1]:
        _mark_split(axes, tracking.calibration_steps + 0.5, ink)
    end_labels(axes, float(step[-1]), [(actual[-1], "actual", ink), (expected[-1], "expected", MODEL)])
    return axes


def plot_concentration(values: ArrayLike, *, ax: Axes | None = None) -> Axes:
    """How much of the value the most valuable customers hold.

    Parameters
    ----------
    values : array_like of shape (n_customers,)
        Value of each customer, for instance `lifetime_value`; finite, with a sum greater than 0.
    ax : Axes, optional
        Where to draw; a figure of its own by default.

    Returns
    -------
    Axes
        Share of the value against share of the customers, most valuable first; a thin line where all are
        worth the same.

    Examples
    --------
    >>> ax = plot_concentration([8, 1, 1, 0])
    >>> ax.get_xlabel()
    'share of customers, most valuable first'
    """
    worth = np.sort(np.atleast_1d(check_array("values", values)).ravel())[::-1]
    total = float(worth.sum())
    if not total > 0:
        raise InvalidInputError(f"`values` must have a sum greater than 0, got {total:g}")
    axes, ink = new_axes(ax)
    customers = np.linspace(0.0, 1.0, worth.size + 1)
    share = np.concatenate([[0.0], np.cumsum(worth) / total])
    # A line of a million points looks like one of a thousand.
    at = np.unique(np.linspace(0, worth.size, min(worth.size, 1000) + 1).astype(np.int64))
    axes.fill_between(customers[at], customers[at], share[at], color=MODEL, alpha=BAND, linewidth=0)
    axes.plot([0, 1], [0, 1], color=ink, linewidth=0.8, alpha=MUTED, linestyle=(0, (4, 3)))
    axes.plot(customers[at], share[at], color=MODEL, linewidth=2)
    axes.annotate(
        "all worth the same",
        (0.6, 0.6),
        xytext=(6, -8),
        textcoords="offset points",
        va="top",
        color=ink,
        alpha=MUTED,
        fontsize=SMALL,
    )
    top = 0.2
    held = float(np.interp(top, customers, share))
    axes.plot([top], [held], color=MODEL, marker="o", markersize=6)
    axes.annotate(
        f"{top:.0%} of the customers\nhold {held:.0%} of the value".replace("%", " %"),
        (top, held),
        xytext=(11, -2),
        textcoords="offset points",
        va="top",
        color=ink,
    )
    axes.set_xlim(0, 1)
    axes.set_ylim(min(0.0, float(share.min())), max(1.0, float(share.max())) * 1.01)
    axes.set_xlabel("share of customers, most valuable first")
    axes.set_ylabel("share of value")
    percent(axes, "x")
    percent(axes, "y")
    return axes


def plot_calibration(
    backtest: Backtest,
    *,
    model: str | None = None,
    of: Literal["active", "alive"] = "active",
    ax: Axes | None = None,
) -> Axes:
    """Whether probabilities keep their word: predicted against observed share of customers who buy.

    Parameters
    ----------
    backtest : Backtest
        What `backtest` returned.
    model : str, optional
        Name of the model; the preferred one by default.
    of : {"active", "alive"}, default "active"
        Probability of at least one purchase in the holdout, or of being alive at its start; those alive need
        not buy, so that the second curve lies below the diagonal.
    ax : Axes, optional
        Where to draw; a figure of its own by default.

    Returns
    -------
    Axes
        A point a bin of the predicted probability, its area in proportion to its customers, with the
        interval of the observed share.

    Examples
    --------
    >>> import numpy as np
    >>> from customer_centric import Nbd, backtest
    >>> world = Nbd(r=0.5, alpha=5.0, unit="week")
    >>> rng = np.random.default_rng(1)
    >>> histories = world.simulate(np.full(500, 30.0), holdout=30, rng=rng)
    >>> ax = plot_calibration(backtest(histories, {"NBD": world}, rng=rng))
    >>> ax.get_ylabel()
    'share who bought in the holdout'
    """
    check_choice("of", of, ("active", "alive"))
    score = backtest.score(model)
    curve = score.active if of == "active" else score.alive
    if curve is None:
        raise InvalidInputError(f"`model` must know who is alive, got {score.name!r}; draw it of='active'")
    axes, ink = new_axes(ax)
    axes.plot([0, 1], [0, 1], color=ink, linewidth=0.8, alpha=MUTED, linestyle=(0, (4, 3)))
    axes.annotate(
        "as predicted",
        (0.7, 0.7),
        xytext=(8, -8) if of == "active" else (-8, 6),
        textcoords="offset points",
        ha="left" if of == "active" else "right",
        va="top" if of == "active" else "bottom",
        color=ink,
        alpha=MUTED,
        fontsize=SMALL,
    )
    axes.vlines(curve.predicted, curve.lower, curve.upper, color=MODEL, linewidth=1.4)
    area = 14 + 130 * curve.n_customers / float(curve.n_customers.max())
    axes.scatter(curve.predicted, curve.actual, s=area, color=MODEL, linewidth=0, zorder=3)
    axes.set_xlim(0, 1)
    axes.set_ylim(0, 1)
    what = "buying in the holdout" if of == "active" else "being alive at its start"
    axes.set_xlabel(f"predicted probability of {what} ({score.name})")
    axes.set_ylabel("share who bought in the holdout")
    percent(axes, "x")
    percent(axes, "y")
    return axes


def _mark_split(axes: Axes, x: float, ink: str) -> None:
    """Where calibration ends and the holdout starts."""
    axes.axvline(x, color=ink, alpha=MUTED, linewidth=0.8, linestyle=(0, (4, 3)))
    for text, side, offset in (("calibration", "right", -6), ("holdout", "left", 6)):
        axes.annotate(
            text,
            (x, 1),
            xycoords=("data", "axes fraction"),
            xytext=(offset, -2),
            textcoords="offset points",
            ha=side,
            va="top",
            color=ink,
            alpha=MUTED,
            fontsize=SMALL,
        )


def _with_sizes(labels: Sequence[str], sizes: FloatArray) -> list[str]:
    return [f"{label}\n({size:,.0f})" for label, size in zip(labels, sizes.tolist(), strict=True)]


Days: TypeAlias = NDArray[np.datetime64]


def _check_days(purchases: ArrayLike | Sequence[date] | Sequence[str]) -> Days:
    try:
        days = np.asarray(purchases, dtype="datetime64[D]").ravel()
    except (TypeError, ValueError) as error:
        raise InvalidInputError(f"`purchases` must be dates, got {purchases!r}") from error
    if days.size == 0 or np.isnat(days).any():
        raise InvalidInputError("`purchases` must be at least one date, none missing")
    return np.unique(days)


def _check_end(end: date | str, days: Days) -> np.datetime64:
    try:
        last = np.datetime64(end, "D")
    except ValueError as error:
        raise InvalidInputError(f"`end` must be a date, got {end!r}") from error
    if last < days[-1]:
        raise InvalidInputError(f"`end` must not be before the last purchase ({days[-1]}), got {last}")
    return last


def _alive_path(model: TransactionModel, days: Days, last: np.datetime64) -> tuple[FloatArray, FloatArray]:
    """Days since the first purchase, and P(alive) given what was known on each; a purchase is a step."""
    bought = (days - days[0]).astype(np.float64)
    end = float((last - days[0]).astype(np.float64))
    stops = np.append(bought, end)
    points = 40
    times = np.linspace(stops[:-1], stops[1:], points).T.ravel()
    x = np.repeat(np.arange(bought.size, dtype=np.float64), points)
    t_x = np.repeat(bought, points)
    length = DAYS_PER_UNIT[model.unit]
    return times, model.probability_alive(x, t_x / length, times / length)


def _draw_ahead(
    axes: Axes, model: TransactionModel, days: Days, last: np.datetime64, ahead: float, ink: str
) -> None:
    """The rest of the curve, if nothing more is bought or known."""
    length = DAYS_PER_UNIT[model.unit]
    recency = float((days[-1] - days[0]).astype(np.float64)) / length
    age = float((last - days[0]).astype(np.float64)) / length
    later = np.linspace(0.0, ahead, 40)
    alive = np.array(
        [float(model.probability_alive(days.size - 1, recency, age, after=t)) for t in later.tolist()]
    )
    axes.plot(_dates(last, later * length), alive, color=MODEL, linewidth=2, linestyle=(0, (1.5, 1.2)))
    _mark(axes, last, "observed until here", ink)


def _mark(axes: Axes, day: np.datetime64, text: str, ink: str) -> None:
    x = _day_number(day)
    axes.axvline(x, color=ink, alpha=MUTED, linewidth=0.8, linestyle=(0, (4, 3)))
    axes.annotate(
        text,
        (x, 1),
        xycoords=("data", "axes fraction"),
        xytext=(-6, -2),
        textcoords="offset points",
        ha="right",
        va="top",
        color=ink,
        alpha=MUTED,
        fontsize=SMALL,
    )


def _dates(start: np.datetime64, days: FloatArray) -> NDArray[np.datetime64]:
    """Moments so many days after the start."""
    seconds = np.rint(days * 86400).astype("timedelta64[s]")
    return np.asarray(start.astype("datetime64[s]") + seconds, dtype="datetime64[s]")


def _day_number(day: np.datetime64) -> float:
    """The number by which Matplotlib counts days."""
    return float(day.astype("datetime64[D]").astype(np.float64))

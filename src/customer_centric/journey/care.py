"""Customer care as a sensor: which touchpoint makes more customers call than it used to, and why."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final, Literal

import numpy as np
from numpy.typing import NDArray
from scipy.special import betainc, betaincinv

from customer_centric._core.checks import check_choice, check_confidence_level, check_number
from customer_centric._core.words import as_html, counted
from customer_centric._methods.multiplicity import benjamini_hochberg, holm
from customer_centric.journey._rules import steps_before
from customer_centric.journey._shares import contacts_of, pick, reasons_of
from customer_centric.journey.journeys import Journeys
from customer_centric.journey.visits import Visits
from customer_centric.typing import BoolArray, FloatArray, IntArray

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["CareSensor", "care_sensor"]

# 1970-01-01 was a Thursday; weeks begin on Mondays.
_THURSDAY: Final = 3
_DAY: Final = 86400
# Expected customers from which a cell tells how much weeks scatter.
_ENOUGH: Final = 1.0
# Scatter over that of chance from which the promise about false alarms does not hold: with twice the
# scatter two of three quiet logs have one.
_WILD: Final = 1.5


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class CareSensor:
    """Contacts by touchpoint, reason and week, each week against those before, with alarms.

    Parameters
    ----------
    touchpoint, reason : tuple of str, tuple of str or None
        Of each row: the touchpoint to blame, and the reason of the contacts; None where the log has none.
    week : ndarray of datetime64[D] of shape (n_rows,)
        Monday of the week; of UTC where the log has a time zone.
    contacts, customers, visits : ndarray of int of shape (n_rows,)
        Contacts, customers who made them, and visits of the touchpoint in the week.
    baseline_customers, baseline_visits : ndarray of int of shape (n_rows,)
        Their sums over the weeks before; 0 where too few of these are in the log.
    ratio, lower, upper : ndarray of shape (n_rows,)
        Customers per visit over that of the weeks before, with exact bounds; NaN, 0 and infinite where there
        is nothing to compare.
    p_value, p_adjusted : ndarray of shape (n_rows,)
        Exact two-sided test of no change, alone and adjusted for all rows tested; NaN where not tested.
    alarm : ndarray of bool of shape (n_rows,)
        Whether the adjusted value is at most `false_alarm_rate`.
    emotion : ndarray of shape (n_rows,)
        Mean emotion of the contacts that have one, in [-1, 1]; NaN without any.
    n_tested : int
        Rows tested.
    first_alarm : date or None
        Monday of the first week with an alarm of more contacts than before.
    lead_time : timedelta or None
        From the end of that week, when the alarm can be known, to the day the loss was seen.
    dispersion : float
        Scatter of touchpoints and reasons without any alarm over that of chance alone: about 1, and well
        above 1 where weeks differ for reasons of their own, so that alarms are too many. NaN where all rows
        are too small.
    unsteady : bool
        Whether that scatter is beyond what chance can do, and at least 1.5: then alarms are too many.
    baseline_weeks : int
        Weeks that each week is compared with.
    control : {"holm", "benjamini_hochberg"}
        What the adjustment promises.
    false_alarm_rate : float
        Holm: chance of any false alarm. Benjamini-Hochberg: share of alarms that are false, on average.
    confidence_level : float
        Nominal coverage of the bounds of each ratio, alone.
    failed : str or None
        Why no row was tested.
    """

    touchpoint: tuple[str, ...]
    reason: tuple[str | None, ...]
    week: NDArray[np.datetime64]
    contacts: IntArray
    customers: IntArray
    visits: IntArray
    baseline_customers: IntArray
    baseline_visits: IntArray
    ratio: FloatArray
    lower: FloatArray
    upper: FloatArray
    p_value: FloatArray
    p_adjusted: FloatArray
    alarm: BoolArray
    emotion: FloatArray
    n_tested: int
    first_alarm: date | None
    lead_time: timedelta | None
    dispersion: float
    unsteady: bool
    baseline_weeks: int
    control: Literal["holm", "benjamini_hochberg"]
    false_alarm_rate: float
    confidence_level: float
    failed: str | None = None

    def alarms(self) -> pd.DataFrame:
        """The rows with an alarm, in the order of time."""
        frame = self.to_frame()
        return frame[frame["alarm"]].sort_values("week", kind="stable").reset_index(drop=True)

    def to_frame(self) -> pd.DataFrame:
        """One row a touchpoint, reason and week."""
        import pandas as pd

        texts = {
            "touchpoint": np.array(self.touchpoint, dtype=object),
            "reason": np.array(self.reason, dtype=object),
            "week": self.week.astype("datetime64[s]"),
        }
        names = (
            "contacts", "customers", "visits", "baseline_customers", "baseline_visits", "ratio", "lower",
            "upper", "p_value", "p_adjusted", "alarm", "emotion",
        )  # fmt: skip
        return pd.DataFrame({**texts, **{name: getattr(self, name) for name in names}})

    def __str__(self) -> str:
        if self.failed is not None:
            return f"no alarm is possible: {self.failed}"
        if not self.alarm.any():
            return f"no alarm in {counted(self.n_tested, 'test')}"
        wild = ""
        if self.unsteady:
            wild = f"; other rows scatter {self.dispersion:.1f} times as much as by chance: too many alarms"
        rows = np.flatnonzero(self.alarm & (self.week == self.week[self.alarm].min()))
        row = int(rows[np.argmin(self.p_value[rows])])
        why = self.reason[row] or "no reason"
        ahead = "" if self.lead_time is None else f", {self.lead_time.days} days before the loss was seen"
        return (
            f"{counted(int(self.alarm.sum()), 'alarm')} in {counted(self.n_tested, 'test')}, the first in "
            f"the week of {self.week[row]}: {self.touchpoint[row]}, {why}, {self.ratio[row]:.1f} times as "
            f"many ({self.lower[row]:.1f} to {self.upper[row]:.1f}){ahead}{wild}"
        )

    def _repr_html_(self) -> str:
        return as_html(self, frame=self.alarms())


def care_sensor(
    journeys: Journeys,
    *,
    baseline_weeks: int = 8,
    control: Literal["holm", "benjamini_hochberg"] = "holm",
    family: Literal["log", "week"] = "log",
    false_alarm_rate: float = 0.05,
    loss_seen: date | str | None = None,
    confidence_level: float = 0.95,
) -> CareSensor:
    r"""Weeks in which a touchpoint makes more, or fewer, customers call than in the weeks before.

    Parameters
    ----------
    journeys : Journeys
        From `find_journeys`, with its `contact` touchpoints. Reasons are the intents of the log.
    baseline_weeks : int, default 8
        Each week is compared with so many weeks before it; the first weeks of a log are not tested.
    control : {"holm", "benjamini_hochberg"}, default "holm"
        What is kept below `false_alarm_rate`: the chance of any false alarm, or the share of alarms that are
        false on average, which finds more and finds it sooner.
    family : {"log", "week"}, default "log"
        Which tests are controlled together: all of touchpoint, reason and week, or those of each week alone.
        For a sensor that is read every week, "week": alarms do not change as later weeks come in, and what
        is kept below the rate, is so in each week.
    false_alarm_rate : float, default 0.05
        Strictly between 0 and 1.
    loss_seen : date or str, optional
        Day on which the loss showed, in a report for instance: gives the lead time of the sensor.
    confidence_level : float, default 0.95
        Nominal coverage of the bounds of each ratio, strictly between 0 and 1.

    Returns
    -------
    CareSensor
        Counts, exposure, ratio, tests and alarms by touchpoint, reason and week.

    Raises
    ------
    InvalidInputError
        If no touchpoint is a contact, a number is out of its range, or a choice is unknown.

    Notes
    -----
    A contact counts in its own week, at the last step before it that is no contact itself. The exposure is
    the visits of that step in the week; of a contact that nothing came before, the visits of all steps.
    Several contacts of a customer in a week, for one reason, are one. With \(x\) customers in \(E\) visits
    this week, \(x_0\) in \(E_0\) visits of the weeks before, and no change,

    \[ x \mid x + x_0 \;\sim\; \mathrm{Binomial}\Bigl(x + x_0,\; \frac{E}{E + E_0}\Bigr) , \]

    and the two-sided p-value is twice the smaller tail. The bounds of the ratio are Clopper and Pearson's of
    this binomial: they leave out 1 if and only if the p-value is below one minus the level.

    References
    ----------
    Przyborowski, J. and Wilenski, H. (1940), Homogeneity of results in testing samples from Poisson series.
    Biometrika 31(3-4). [doi:10.1093/biomet/31.3-4.313](https://doi.org/10.1093/biomet/31.3-4.313).

    Holm, S. (1979), A simple sequentially rejective multiple test procedure. Scandinavian Journal of
    Statistics 6(2), 65-70.

    Benjamini, Y. and Hochberg, Y. (1995), Controlling the false discovery rate. Journal of the Royal
    Statistical Society B 57(1).
    [doi:10.1111/j.2517-6161.1995.tb02031.x](https://doi.org/10.1111/j.2517-6161.1995.tb02031.x).

    Examples
    --------
    One call about the price in each of nine weeks, of 100 visits to the payment, and ten in the last:

    >>> import pandas as pd
    >>> from customer_centric import EventSchema, find_journeys, prepare_log
    >>> rows = [
    ...     (
    ...         f"{week}-{k}",
    ...         step,
    ...         pd.Timestamp("2026-01-05") + pd.Timedelta(days=7 * week, minutes=place),
    ...         why,
    ...     )
    ...     for week in range(10)
    ...     for k in range(100)
    ...     for place, (step, why) in enumerate([("payment", None), ("call", "price")])
    ...     if step == "payment" or k < (10 if week == 9 else 1)
    ... ]
    >>> events = pd.DataFrame(rows, columns=["case_id", "touchpoint", "timestamp", "intent"])
    >>> log = prepare_log(events, EventSchema(intent="intent"))
    >>> print(care_sensor(find_journeys(log, goal=(), contact="call")))
    1 alarm in 2 tests, the first in the week of 2026-03-09: payment, price, 10.0 times as many (3.6 to 29.2)
    """
    check_confidence_level(confidence_level)
    span = int(check_number("baseline_weeks", baseline_weeks, minimum=1.0, whole=True))
    _check_promise(control, family, false_alarm_rate)
    counts = _count(journeys)
    before, visits_before = (_trailing(values, span) for values in (counts.customers, counts.visits))
    x, e, x0, e0 = (
        values.ravel().astype(np.float64)
        for values in (counts.customers, counts.visits, before, visits_before)
    )
    tested = (e > 0) & (e0 > 0) & (x + x0 > 0)
    p = np.where(tested, _two_sided(x, x + x0, e, e0), np.nan)
    ratio, lower, upper = _ratios(x, x0, e, e0, tested, confidence_level)
    n_cells, n_weeks = counts.customers.shape
    week = np.tile(counts.weeks, n_cells)
    groups = np.tile(np.arange(n_weeks, dtype=np.int64), n_cells) * (family == "week")
    adjusted = _adjusted(p, tested, groups, control)
    alarm = tested & (np.nan_to_num(adjusted, nan=1.0) <= false_alarm_rate)
    # A rate that has changed scatters for a reason: only touchpoints and reasons without an alarm tell.
    dispersion, unsteady = _dispersion(x, x + x0, e, e0, tested & ~_of_cells(alarm, n_cells))
    first = week[alarm & (ratio > 1)]
    first_alarm: date | None = first.min().astype(object) if first.size else None
    return CareSensor(
        touchpoint=tuple(name for name in counts.touchpoint for _ in range(n_weeks)),
        reason=tuple(name for name in counts.reason for _ in range(n_weeks)),
        week=week,
        contacts=counts.contacts.ravel(),
        customers=counts.customers.ravel(),
        visits=counts.visits.ravel(),
        baseline_customers=before.ravel(),
        baseline_visits=visits_before.ravel(),
        ratio=ratio,
        lower=lower,
        upper=upper,
        p_value=p,
        p_adjusted=adjusted,
        alarm=alarm,
        emotion=counts.emotion.ravel(),
        n_tested=int(tested.sum()),
        first_alarm=first_alarm,
        lead_time=_lead_time(first_alarm, loss_seen),
        dispersion=dispersion,
        unsteady=unsteady,
        baseline_weeks=span,
        control=control,
        false_alarm_rate=false_alarm_rate,
        confidence_level=confidence_level,
        failed=None if tested.any() else _why(n_cells, n_weeks, span),
    )


def _check_promise(control: str, family: str, false_alarm_rate: float) -> None:
    check_choice("control", control, ("holm", "benjamini_hochberg"))
    check_choice("family", family, ("log", "week"))
    check_number(
        "false_alarm_rate", false_alarm_rate, minimum=0.0, maximum=1.0, open_minimum=True, open_maximum=True
    )


def _adjusted(p: FloatArray, tested: BoolArray, groups: IntArray, control: str) -> FloatArray:
    """P-values adjusted for the others of their group; NaN where not tested."""
    adjust = {"holm": holm, "benjamini_hochberg": benjamini_hochberg}[control]
    adjusted = np.full(p.size, np.nan)
    for group in np.unique(groups[tested]):
        rows = np.flatnonzero(tested & (groups == group))
        adjusted[rows] = adjust(p[rows])
    return adjusted


def _why(n_cells: int, n_weeks: int, span: int) -> str:
    if n_cells == 0:
        return "there are no contacts"
    if n_weeks <= span:
        return f"the log has {counted(n_weeks, 'week')}, and each is compared with {span} before it"
    return "no week has visits, and visits before it"


@dataclass(frozen=True, slots=True, eq=False)
class _Counts:
    """Contacts, customers and visits by cell (touchpoint and reason) and week."""

    touchpoint: tuple[str, ...]
    reason: tuple[str | None, ...]
    weeks: NDArray[np.datetime64]
    contacts: IntArray
    customers: IntArray
    visits: IntArray
    emotion: FloatArray


def _count(journeys: Journeys) -> _Counts:
    v = journeys.visits
    calls = contacts_of(journeys)
    number = (v.begin // (v.clock.ticks_per_second * _DAY) + _THURSDAY) // 7
    origin = int(number.min()) if number.size else 0
    week = number - origin
    n_weeks = int(week.max()) + 1 if week.size else 0
    code, names = reasons_of(v, calls)
    blamed = v.touchpoint[steps_before(v, calls)].astype(np.int64)
    cells, cell = np.unique(blamed * len(names) + code, return_inverse=True)
    place = cell * n_weeks + week[calls]
    shape, size = (cells.size, n_weeks), cells.size * n_weeks
    # A customer who calls ten times about one thing is one customer.
    who = journeys.customer[v.journey[calls]].astype(np.int64)
    _, first = np.unique(np.column_stack([place, who]), axis=0, return_index=True)
    return _Counts(
        touchpoint=pick(v.touchpoints, cells // len(names)),
        reason=pick(names, cells % len(names)),
        weeks=(7 * (np.arange(n_weeks) + origin) - _THURSDAY).astype("datetime64[D]"),
        contacts=np.bincount(place, minlength=size).reshape(shape),
        customers=np.bincount(place[first], minlength=size).reshape(shape),
        visits=_exposure(v, week, n_weeks)[cells // len(names)],
        emotion=_mean_emotion(v, calls, place, size).reshape(shape),
    )


def _exposure(visits: Visits, week: IntArray, n_weeks: int) -> IntArray:
    """Visits by touchpoint and week; at contacts those of all steps that are none."""
    n_steps = len(visits.touchpoints)
    steps = np.flatnonzero(~visits.contact)
    place = visits.touchpoint[steps].astype(np.int64) * n_weeks + week[steps]
    found = np.bincount(place, minlength=n_steps * n_weeks).reshape(n_steps, n_weeks)
    contact = np.zeros(n_steps, dtype=np.bool_)
    contact[visits.touchpoint[visits.contact]] = True
    return np.where(contact[:, None], found.sum(axis=0)[None, :], found)


def _mean_emotion(visits: Visits, calls: IntArray, place: IntArray, size: int) -> FloatArray:
    if visits.emotion is None:
        return np.full(size, np.nan)
    felt = ~np.isnan(visits.emotion[calls])
    n = np.bincount(place[felt], minlength=size)
    total = np.bincount(place[felt], visits.emotion[calls][felt], minlength=size)
    return np.where(n > 0, total / np.maximum(n, 1), np.nan)


def _trailing(values: IntArray, span: int) -> IntArray:
    """Sums over so many weeks before each; 0 where the log does not have all of them."""
    total = np.concatenate(
        [np.zeros((values.shape[0], 1), dtype=np.int64), np.cumsum(values, axis=1)], axis=1
    )
    found = np.zeros_like(values)
    if values.shape[1] > span:
        found[:, span:] = total[:, span:-1] - total[:, : -span - 1]
    return found


def _two_sided(x: FloatArray, n: FloatArray, e: FloatArray, e0: FloatArray) -> FloatArray:
    """Twice the smaller tail of the binomial, at most 1."""
    some = np.where(e + e0 > 0, e + e0, 1.0)
    here, before = e / some, e0 / some
    at_least = np.where(x > 0, betainc(np.maximum(x, 1.0), n - x + 1.0, here), 1.0)
    at_most = np.where(x < n, betainc(np.maximum(n - x, 1.0), x + 1.0, before), 1.0)
    return np.asarray(np.minimum(1.0, 2.0 * np.minimum(at_least, at_most)))


def _ratios(
    x: FloatArray,
    x0: FloatArray,
    e: FloatArray,
    e0: FloatArray,
    tested: BoolArray,
    confidence_level: float,
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Ratio of the rates with Clopper and Pearson's bounds; none, 0 and infinite where not tested."""
    tail = 0.5 * (1.0 - confidence_level)
    scale = np.where(tested, e0 / np.where(tested, e, 1.0), np.nan)
    low = np.where(x > 0, betaincinv(np.maximum(x, 1.0), x0 + 1.0, tail), 0.0)
    high = np.where(x0 > 0, betaincinv(x + 1.0, np.maximum(x0, 1.0), 1.0 - tail), 1.0)
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio, lower, upper = scale * x / x0, scale * low / (1.0 - low), scale * high / (1.0 - high)
    return (
        np.where(tested, ratio, np.nan),
        np.where(tested, lower, 0.0),
        np.where(tested, upper, np.inf),
    )


def _of_cells(alarm: BoolArray, n_cells: int) -> BoolArray:
    """Whether each row is of a cell with an alarm."""
    if n_cells == 0:
        return alarm
    by_cell = alarm.reshape(n_cells, -1)
    return np.asarray(np.repeat(by_cell.any(axis=1), by_cell.shape[1]), dtype=np.bool_)


def _dispersion(
    x: FloatArray, n: FloatArray, e: FloatArray, e0: FloatArray, quiet: BoolArray
) -> tuple[float, bool]:
    """Mean of Pearson's statistic over rows that are large enough to have one, and whether it is too high."""
    share = np.divide(e, e + e0, out=np.zeros_like(e), where=quiet)
    expected = n * share
    large = quiet & (expected >= _ENOUGH)
    if not large.any():
        return float("nan"), False
    found = float(np.mean((x - expected)[large] ** 2 / (expected * (1.0 - share))[large]))
    # Its variance is 2 a row by chance alone, and more where rows share the weeks before them.
    return found, bool(found > max(_WILD, 1.0 + 4.0 * np.sqrt(2.0 / np.count_nonzero(large))))


def _lead_time(first_alarm: date | None, loss_seen: date | str | None) -> timedelta | None:
    if first_alarm is None or loss_seen is None:
        return None
    from customer_centric._core.frames import check_day

    seen: Any = loss_seen.date() if isinstance(loss_seen, datetime) else loss_seen
    return check_day("loss_seen", seen) - (first_alarm + timedelta(days=7))

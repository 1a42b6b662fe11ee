"""How long a customer must be silent to be called lost, where nobody says goodbye."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np

from customer_centric._core.checks import check_confidence_level, check_number
from customer_centric._core.frames import check_day, day_number
from customer_centric._methods.survival import kaplan_meier
from customer_centric.churn._gaps import Gaps, gaps_of
from customer_centric.errors import InvalidInputError
from customer_centric.intervals import Interval, wilson_interval
from customer_centric.typing import FloatArray, FrameT, TimeUnit
from customer_centric.units import DAYS_PER_UNIT, check_unit

__all__ = ["InactivityThreshold", "inactivity_threshold"]


@dataclass(frozen=True, slots=True, kw_only=True)
class InactivityThreshold:
    """A silence after which customers are called lost, and how often that is wrong.

    Parameters
    ----------
    threshold : float
        Silence in `unit`.
    false_churn : float
        Share of the gaps of customers who do come back that are longer, each customer counting the same.
    interval : Interval
        Bounds of it.
    detection_delay : float
        Time between the last purchase and the day on which a customer is called lost, in `unit`: the
        threshold itself. A lower rate of false churn is paid for with a longer delay.
    declared, recovered, net : int
        Times customers were silent for longer within the log, times one of them came back, and the
        difference: customers called lost at the end.
    recovered_share : float
        Recovered over declared; NaN where nobody was declared. It grows while the log does, because
        who came back later is not in it.
    recovered_interval : Interval or None
        Wilson's bounds of it.
    n_customers, n_later : int
        Customers, and rows after the end, which are left out.
    unit : {"day", "week", "month"}
        Unit of threshold and delay.
    """

    threshold: float
    false_churn: float
    interval: Interval
    detection_delay: float
    declared: int
    recovered: int
    net: int
    recovered_share: float
    recovered_interval: Interval | None
    n_customers: int
    n_later: int
    unit: TimeUnit

    def __str__(self) -> str:
        return (
            f"lost after {self.threshold:.4g} {self.unit}s of silence: wrong for {self.false_churn:.1%} of "
            f"the gaps of customers who come back ({self.interval.lower:.1%} to {self.interval.upper:.1%}); "
            f"{self.declared:,} declared, {self.recovered:,} recovered"
        )

    def _repr_html_(self) -> str:
        return f"<p>{self}</p>"


def inactivity_threshold(
    log: FrameT,
    *,
    customer: str,
    date: str,
    end: date | str,
    unit: TimeUnit,
    false_churn: float = 0.10,
    time_zone: str | None = None,
    confidence_level: float = 0.95,
) -> InactivityThreshold:
    r"""The silence after which a customer is lost, with a stated rate of false alarms.

    Parameters
    ----------
    log : data frame
        One row a transaction, of any engine. Transactions of a customer on one day are one purchase.
    customer, date : str
        Columns of customer ids and dates; none missing.
    end : date or str
        Last day that the log covers; later rows are left out and counted.
    unit : {"day", "week", "month"}
        Unit of the result.
    false_churn : float, default 0.10
        Largest share of the gaps of returning customers that may be longer, strictly between 0 and 1.
    time_zone : str, optional
        Zone in which days are counted, for datetimes with a time zone.
    confidence_level : float, default 0.95
        Nominal coverage of the intervals, strictly between 0 and 1.

    Returns
    -------
    InactivityThreshold
        Threshold, its error rate, and what it would have done in this log.

    Raises
    ------
    MissingColumnError
        If a column is not in the log.
    InvalidInputError
        If nobody bought twice, or a value is missing or of the wrong type.

    Notes
    -----
    With \(S(t)\) the Kaplan-Meier curve of the gaps, in which the gap that is still running at the end is
    censored and each customer has the weight 1, and \(\tau\) the longest gap seen,

    \[ \varepsilon(t) = \frac{S(t) - S(\tau)}{1 - S(\tau)} \]

    is the share of longer gaps among those that end; \(S(\tau)\) is the share that never does, of customers
    who are gone. The threshold is the shortest gap with \(\varepsilon(t)\) at most `false_churn`. Leaving the
    running gaps out would make it too short, and counting gaps instead of customers one for frequent buyers.

    References
    ----------
    Maller, R. A. and Zhou, S. (1992), Estimating the proportion of immunes in a censored sample.
    [doi:10.1093/biomet/79.4.731](https://doi.org/10.1093/biomet/79.4.731).

    Examples
    --------
    >>> from customer_centric.datasets import load_cdnow_sample
    >>> found = inactivity_threshold(
    ...     load_cdnow_sample(), customer="customer", date="date", end="1998-06-30", unit="week"
    ... )
    >>> found.declared - found.recovered == found.net
    True
    """
    check_unit("unit", unit)
    check_confidence_level(confidence_level)
    most = check_number(
        "false_churn", false_churn, minimum=0.0, maximum=1.0, open_minimum=True, open_maximum=True
    )
    gaps = gaps_of(
        log, customer=customer, date=date, last=day_number(check_day("end", end)), time_zone=time_zone
    )
    if not gaps.ended.any():
        raise InvalidInputError(
            f"`log` must have customers who bought on more than one day, got none of {gaps.n_customers}; "
            "silence has no meaning before somebody came back"
        )
    times, longer = _longer_gaps(gaps)
    place = int(np.flatnonzero(longer <= most)[0])
    threshold, share = float(times[place]), float(longer[place])
    # As if each customer with a gap that ended had contributed one.
    returning = float(gaps.weight[gaps.ended].sum())
    lower, upper = wilson_interval(share * returning, returning, confidence_level=confidence_level)
    past = gaps.days > threshold
    declared, recovered = int(gaps.n[past].sum()), int(gaps.n[past & gaps.ended].sum())
    back = None
    if declared:
        low, high = wilson_interval(recovered, declared, confidence_level=confidence_level)
        back = Interval(float(low), float(high), confidence_level)
    in_unit = threshold / DAYS_PER_UNIT[unit]
    return InactivityThreshold(
        threshold=in_unit,
        false_churn=share,
        interval=Interval(float(lower), float(upper), confidence_level),
        detection_delay=in_unit,
        declared=declared,
        recovered=recovered,
        net=declared - recovered,
        recovered_share=recovered / declared if declared else float("nan"),
        recovered_interval=back,
        n_customers=gaps.n_customers,
        n_later=gaps.n_later,
        unit=unit,
    )


def _longer_gaps(gaps: Gaps) -> tuple[FloatArray, FloatArray]:
    """Distinct gaps that ended, and the share of longer ones among the gaps that end."""
    curve = kaplan_meier(gaps.days, gaps.ended, weights=gaps.weight)
    at = curve.lost > 0
    survival = curve.survival[at]
    never = survival[-1]
    return curve.duration[at], (survival - never) / (1.0 - never)

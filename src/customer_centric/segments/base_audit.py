"""The customer-base audit: five looks at the same purchases."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import date as Date  # noqa: N812 (a column is called date)
from html import escape
from typing import TYPE_CHECKING, Final

import numpy as np

from customer_centric._core.checks import check_confidence_level, check_number
from customer_centric._core.frames import Period, check_day, check_period, day_number, day_of_number
from customer_centric._core.frames.periods import first_days, periods_of
from customer_centric._core.words import counted
from customer_centric.errors import InvalidInputError
from customer_centric.intervals import Interval, wilson_interval
from customer_centric.segments._audit_lenses import by_age, one_period, two_periods, whole_base
from customer_centric.segments._audit_rows import AuditRows, audit_rows
from customer_centric.typing import FrameT

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["BaseAudit", "base_audit"]

_MARGINS: Final = ("margin", "margin_rate", "margin_before", "margin_after")


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class BaseAudit:
    """Five tables that add up to the same purchases.

    Parameters
    ----------
    one_period : pandas.DataFrame
        Lens 1, how the customers of the last period differ: `group` (1 is the best), `customers`,
        `purchases`, `amount`, `share_of_amount`, `cumulative_share`, `purchases_per_customer`,
        `amount_per_purchase`.
    two_periods : pandas.DataFrame
        Lens 2, what changed since the period before: `group` ("new", "returned", "up", "level", "down",
        "lost"), `customers`, `purchases_before`, `purchases_after`, `amount_before`, `amount_after`,
        `change`.
    one_cohort : pandas.DataFrame
        Lens 3, what became of the customers who came in one period: the columns of lens 4, for this cohort.
    same_age : pandas.DataFrame
        Lens 4, whether newer customers are better or worse than older ones were at their age: `cohort`,
        `age`, `period`, `acquired`, `active`, `active_share` with `lower` and `upper`, `purchases`,
        `amount`, `purchases_per_customer` (of the active), `amount_per_purchase`, `amount_per_acquired`,
        `cumulative_per_acquired`.
    whole_base : pandas.DataFrame
        Lens 5, of which cohorts each period is made: `period`, `cohort`, `active`, `purchases`, `amount`,
        `share_of_amount`.
    period : {"day", "week", "month", "quarter", "year"}
        What periods, cohorts and ages are counted in.
    start, end : date
        First day of the last period, and its last day.
    n_customers : int
        Customers who ever bought up to `end`.
    n_later : int
        Rows after `end`, which are left out.
    kept_share : float
        Share of the customers of the period before who bought again in the last one.
    kept_interval : Interval or None
        Wilson's interval of that share.
    reason : str or None
        Why there is no such share.

    Notes
    -----
    With a column of margins, each table has `margin` beside its amounts (`margin_before` and `margin_after`
    in lens 2) and `margin_rate`. The sum of amounts is the same in lens 1, in `amount_after` of lens 2, and
    in the last period of lens 5; and the same in lens 4 as in lens 5.
    """

    one_period: pd.DataFrame
    two_periods: pd.DataFrame
    one_cohort: pd.DataFrame
    same_age: pd.DataFrame
    whole_base: pd.DataFrame
    period: Period
    start: Date
    end: Date
    n_customers: int
    n_later: int
    kept_share: float
    kept_interval: Interval | None
    reason: str | None = None

    def lenses(self) -> dict[str, pd.DataFrame]:
        """The five tables by name, in order."""
        return {
            "one period": self.one_period,
            "two periods": self.two_periods,
            "one cohort": self.one_cohort,
            "cohorts at the same age": self.same_age,
            "the whole base": self.whole_base,
        }

    def __str__(self) -> str:
        amount = float(self.one_period["amount"].sum())
        n = int(self.one_period["customers"].sum())
        kept = (
            self.reason
            if self.kept_interval is None
            else f"{self.kept_share:.1%} of those of the {self.period} before are among them"
        )
        return (
            f"{counted(n, 'customer')} bought for {amount:,.2f} in the {self.period} from {self.start} to "
            f"{self.end}; {kept}"
        )

    def _repr_html_(self) -> str:
        tables = "".join(
            f"<h4>{escape(name)}</h4>{table.to_html(index=False, max_rows=12)}"
            for name, table in self.lenses().items()
        )
        return f"<p>{escape(str(self))}</p>{tables}"


def base_audit(
    transactions: FrameT,
    *,
    customer: str,
    date: str,
    amount: str,
    end: Date | str,
    period: Period = "year",
    margin: str | None = None,
    cohort: Date | str | None = None,
    n_groups: int = 10,
    time_zone: str | None = None,
    confidence_level: float = 0.95,
) -> BaseAudit:
    r"""Five looks at a customer base: how customers differ, and how that changes.

    Parameters
    ----------
    transactions : data frame
        One row a transaction: pandas, Polars (eager or lazy), PyArrow or DuckDB. Rows of a customer on one
        day are one purchase.
    customer, date, amount : str
        Columns of customer ids, dates, and finite amounts; returns are negative.
    end : date or str
        Last day that the data cover completely. The last period is the last one that is over on it; later
        rows are left out and counted.
    period : {"day", "week", "month", "quarter", "year"}, default "year"
        Calendar periods that are compared.
    margin : str, optional
        Column of what is left of each amount, in money.
    cohort : date or str, optional
        A day of the period whose new customers are followed in lens 3; by default the first period of the
        data, which is the wrong one where the data begin long after the company did.
    n_groups : int, default 10
        Groups of lens 1.
    time_zone : str, optional
        Zone in which days are counted, for datetimes with a time zone.
    confidence_level : float, default 0.95
        Nominal coverage of the intervals, strictly between 0 and 1.

    Returns
    -------
    BaseAudit
        Five pandas tables, whichever engine the rows are in, and the share of customers kept.

    Raises
    ------
    MissingColumnError
        If a column is not in the frame.
    InvalidInputError
        If a value is missing or of the wrong type, no period is over on `end`, or nobody came in the period
        of `cohort`.

    Notes
    -----
    The amount of any group of customers is a product, and each factor has its own remedies:

    \[ \text{amount} = \text{customers} \times \frac{\text{purchases}}{\text{customers}} \times
       \frac{\text{amount}}{\text{purchases}}, \qquad
       \text{margin} = \text{amount} \times \text{margin rate} . \]

    A customer belongs to the cohort of the first purchase *in the data*. Where they begin after the company
    did, the first cohorts are full of old customers.

    The amounts are those of all customers, not of a sample, and have no intervals. The shares that stay
    active have Wilson's, as what they say about the next cohort is what one wants to know.

    References
    ----------
    Fader, P. S., Hardie, B. G. S. and Ross, M. (2022), The Customer-Base Audit: The First Step on the Journey
    to Customer Centricity. Wharton School Press: the five lenses.

    Examples
    --------
    >>> import pandas as pd
    >>> log = pd.DataFrame(
    ...     {
    ...         "id": ["a", "a", "b", "c", "a", "c", "d"],
    ...         "day": ["2022-03-01", "2022-09-01", "2022-05-05", "2022-07-01"]
    ...         + ["2023-02-02", "2023-03-03", "2023-04-04"],
    ...         "paid": [10.0, 20, 40, 5, 50, 5, 8],
    ...     }
    ... )
    >>> audit = base_audit(log, customer="id", date="day", amount="paid", end="2023-12-31")
    >>> audit.two_periods.loc[
    ...     lambda t: t["customers"] > 0, ["group", "customers", "change"]
    ... ].values.tolist()
    [['new', 1, 8.0], ['up', 1, 20.0], ['level', 1, 0.0], ['lost', 1, -40.0]]
    >>> print(str(audit).partition("; ")[0])
    3 customers bought for 63.00 in the year from 2023-01-01 to 2023-12-31
    >>> round(audit.kept_share, 3)
    0.667
    """
    check_period("period", period)
    check_confidence_level(confidence_level)
    groups = int(check_number("n_groups", n_groups, minimum=1.0, whole=True))
    last = day_number(check_day("end", end))
    rows = audit_rows(
        transactions,
        customer=customer,
        date=date,
        amount=amount,
        margin=margin,
        period=period,
        last=last,
        time_zone=time_zone,
    )
    if rows.cohort.size == 0 and rows.n_later > 0:
        raise InvalidInputError(
            f"`end` must be after the end of the first {period} with customers, got {day_of_number(last)}; a "
            f"{period} that is not over says nothing yet"
        )
    ages = by_age(rows, period, confidence_level)
    lenses: tuple[pd.DataFrame, ...] = (
        one_period(rows, groups),
        two_periods(rows),
        _followed(ages, rows, period, cohort),
        ages,
        whole_base(ages),
    )
    if margin is None:
        lenses = tuple(table[[c for c in table if c not in _MARGINS]] for table in lenses)
    return _audit(rows, lenses, period, confidence_level)


def _followed(ages: pd.DataFrame, rows: AuditRows, period: Period, cohort: Date | str | None) -> pd.DataFrame:
    """The rows of one cohort."""
    if cohort is None:
        return _cohort(ages, ages["cohort"].min())
    day = check_day("cohort", cohort)
    chosen = int(periods_of(np.array([day_number(day)]), period)[0])
    if chosen not in rows.cohort:
        raise InvalidInputError(
            f"`cohort` must be a day of a {period} in which customers came, got {day}; "
            "the column `cohort` of lens 4 has them all"
        )
    start = np.datetime64(int(first_days(np.array([chosen]), period)[0]), "D")
    return _cohort(ages, start)


def _cohort(ages: pd.DataFrame, start: object) -> pd.DataFrame:
    found: pd.DataFrame = ages.loc[ages["cohort"] == start].reset_index(drop=True)
    return found


def _audit(
    rows: AuditRows, lenses: tuple[pd.DataFrame, ...], period: Period, confidence_level: float
) -> BaseAudit:
    was = rows.before["purchases"] > 0
    n, kept = int(was.sum()), int((was & (rows.after["purchases"] > 0)).sum())
    bounds = wilson_interval(kept, n, confidence_level=confidence_level)
    start, stop = first_days(np.array([rows.whole, rows.whole + 1]), period)
    return BaseAudit(
        one_period=lenses[0],
        two_periods=lenses[1],
        one_cohort=lenses[2],
        same_age=lenses[3],
        whole_base=lenses[4],
        period=period,
        start=day_of_number(int(start)),
        end=day_of_number(int(stop) - 1),
        n_customers=int(rows.active[rows.cohort == rows.slot].sum()),
        n_later=rows.n_later,
        kept_share=kept / n if n else math.nan,
        kept_interval=Interval(float(bounds[0]), float(bounds[1]), confidence_level) if n else None,
        reason=None if n else f"nobody bought in the {period} before",
    )

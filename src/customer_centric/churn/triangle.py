"""Cohorts over time: who is still there, period by period, and what was not seen yet."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from customer_centric._core.checks import check_array, check_confidence_level
from customer_centric._core.frames import check_day, day_number, day_of_number
from customer_centric._core.frames.periods import (
    Period,
    check_period,
    check_width,
    first_days,
    periods_of,
)
from customer_centric._methods.survival_bounds import survival_bounds
from customer_centric.churn._cohorts import CohortCells, activity_of, contracts_of
from customer_centric.churn.renewals import RenewalCounts
from customer_centric.errors import InvalidInputError
from customer_centric.typing import FloatArray, FrameT

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["RetentionTriangle", "retention_triangle", "revenue_triangle", "survived_triangle"]


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class RetentionTriangle:
    """Cohorts by age: a number for each cell that was observed whole, NaN for the others.

    Parameters
    ----------
    cohorts : tuple of date
        First day of the period in which each cohort began, ascending.
    values : ndarray of shape (n_cohorts, n_ages)
        Customers, or revenue, of each cohort so many periods after its first; NaN where the period was not
        over on `as_of`, 0 where it was and nobody was there.
    kind : {"active", "survived", "revenue"}
        Customers with activity in the period; customers who never left until it; money in the period.
    period : {"day", "week", "month", "quarter", "year"}
        What cohorts and ages are counted in.
    as_of : date
        Last day of observation.
    n_later : int
        Rows after `as_of`, which are left out.
    confidence_level : float
        Nominal coverage of the bounds in `pooled`.
    """

    cohorts: tuple[date, ...]
    values: FloatArray
    kind: Literal["active", "survived", "revenue"]
    period: Period
    as_of: date
    n_later: int
    confidence_level: float = 0.95

    @property
    def rates(self) -> FloatArray:
        """Values over those of the cohort in its first period; NaN where not observed, or over nothing."""
        start = self.values[:, :1] if self.values.size else self.values
        return np.divide(self.values, start, out=np.full_like(self.values, np.nan), where=start > 0)

    @property
    def pooled(self) -> pd.DataFrame:
        r"""The ages of all cohorts together, as a pandas frame.

        A row an age: `at_risk`, the sum over the cohorts that were observed at this age of what they were an
        age before; `retained`, what they are at it; `factor`, the ratio; `survival`, the product of the
        factors so far, with `lower` and `upper` where the triangle counts customers who never left: it is
        the Kaplan-Meier curve then. For other kinds the product is an index, and may rise.
        """
        return _pooled(self)

    def to_frame(self, *, rates: bool = False) -> pd.DataFrame:
        """Cohorts by ages as a pandas frame: values, or rates.

        Parameters
        ----------
        rates : bool, default False
            Whether values are divided by those of the cohort in its first period.

        Returns
        -------
        pandas.DataFrame
            A row a cohort, a column an age; NaN where not observed.
        """
        import pandas as pd

        cells = self.rates if rates else self.values
        index = pd.Index([str(cohort) for cohort in self.cohorts], name="cohort")
        return pd.DataFrame(cells, index=index, columns=pd.RangeIndex(cells.shape[1], name="age"))

    def renewal_counts(self) -> RenewalCounts:
        """The customers of a triangle of kind "survived" by when they were lost, for the retention models.

        Returns
        -------
        RenewalCounts
            One renewal a period.

        Raises
        ------
        InvalidInputError
            If the triangle counts something else than customers who never left.
        """
        if self.kind != "survived":
            raise InvalidInputError(
                f'`kind` must be "survived" for counts of renewals, got {self.kind!r}; customers who come '
                "and go have no contracts to renew"
            )
        seen = ~np.isnan(self.values[:, 0]) if self.values.size else np.zeros(0, dtype=np.bool_)
        return RenewalCounts.from_survivors(self.values[seen])

    def _repr_html_(self) -> str:
        shown = self.to_frame(rates=self.kind != "revenue")
        style = "{:.0%}".format if self.kind != "revenue" else "{:,.0f}".format
        return str(shown.to_html(float_format=style, na_rep="", border=0))


def retention_triangle(
    activity: FrameT,
    *,
    customer: str,
    date: str,
    period: Period,
    as_of: date | str,
    time_zone: str | None = None,
) -> RetentionTriangle:
    r"""Customers who are active, by the period of their first activity and periods since.

    Parameters
    ----------
    activity : data frame
        One row a transaction, login or visit, of any engine.
    customer : str
        Column of customer ids: text, whole numbers or categories; none missing.
    date : str
        Column of dates, datetimes or ISO text; none missing.
    period : {"day", "week", "month", "quarter", "year"}
        What cohorts and ages are counted in.
    as_of : date or str
        Last day that the data cover completely. A period that is not over on it is not observed. Later
        rows are left out and counted.
    time_zone : str, optional
        Zone in which days are counted, for datetimes with a time zone.

    Returns
    -------
    RetentionTriangle
        Of kind "active". Customers may be active again after a pause, so this is no survival curve.

    Raises
    ------
    MissingColumnError
        If a column is not in the frame.
    InvalidInputError
        If a value is missing or of the wrong type, or no period is over on `as_of`.

    Notes
    -----
    \(N_{c,k}\) customers of cohort \(c\) are active in the \(k\)-th period after the one of their first
    activity, \(N_{c,0}\) the size of the cohort. The pooled factor of an age is
    \(f_k = \sum_c N_{c,k} / \sum_c N_{c,k-1}\) over the cohorts observed at \(k\).

    References
    ----------
    Mack, T. (1993), Distribution-free calculation of the standard error of chain ladder reserve estimates.
    ASTIN Bulletin 23(2). [doi:10.2143/AST.23.2.2005092](https://doi.org/10.2143/AST.23.2.2005092).

    Examples
    --------
    >>> import pandas as pd
    >>> log = pd.DataFrame(
    ...     {
    ...         "id": [1, 1, 2, 2, 3],
    ...         "day": ["2024-01-05", "2024-02-10", "2024-01-20", "2024-03-02", "2024-02-11"],
    ...     }
    ... )
    >>> triangle = retention_triangle(
    ...     log, customer="id", date="day", period="month", as_of="2024-03-31"
    ... )
    >>> triangle.values.tolist()
    [[2.0, 1.0, 1.0], [1.0, 0.0, nan], [0.0, nan, nan]]
    """
    last = day_number(check_day("as_of", as_of))
    cells = activity_of(
        activity, customer=customer, date=date, amount=None, period=period, last=last, time_zone=time_zone
    )
    return _triangle(cells, "active", check_period("period", period), last)


def revenue_triangle(
    log: FrameT,
    *,
    customer: str,
    date: str,
    amount: str,
    period: Period,
    as_of: date | str,
    time_zone: str | None = None,
) -> RetentionTriangle:
    r"""Revenue by the period of the customers' first transaction and periods since.

    Parameters
    ----------
    log : data frame
        One row a transaction, of any engine.
    customer, date, amount : str
        Columns of customer ids, dates, and finite amounts.
    period : {"day", "week", "month", "quarter", "year"}
        What cohorts and ages are counted in.
    as_of : date or str
        Last day that the data cover completely; later rows are left out and counted.
    time_zone : str, optional
        Zone in which days are counted, for datetimes with a time zone.

    Returns
    -------
    RetentionTriangle
        Of kind "revenue". Rates may exceed 1.

    Raises
    ------
    MissingColumnError
        If a column is not in the frame.
    InvalidInputError
        If a value is missing or of the wrong type, or no period is over on `as_of`.

    Notes
    -----
    As `retention_triangle`, with \(N_{c,k}\) the sum of the amounts.

    References
    ----------
    Mack, T. (1993), Distribution-free calculation of the standard error of chain ladder reserve estimates.
    [doi:10.2143/AST.23.2.2005092](https://doi.org/10.2143/AST.23.2.2005092).

    Examples
    --------
    >>> import pandas as pd
    >>> log = pd.DataFrame(
    ...     {
    ...         "id": [1, 1, 2],
    ...         "day": ["2024-01-05", "2024-02-10", "2024-01-20"],
    ...         "paid": [10.0, 30.0, 10.0],
    ...     }
    ... )
    >>> triangle = revenue_triangle(
    ...     log, customer="id", date="day", amount="paid", period="month", as_of="2024-02-29"
    ... )
    >>> triangle.rates[0].tolist()
    [1.0, 1.5]
    """
    last = day_number(check_day("as_of", as_of))
    cells = activity_of(
        log, customer=customer, date=date, amount=amount, period=period, last=last, time_zone=time_zone
    )
    return _triangle(cells, "revenue", check_period("period", period), last)


def survived_triangle(
    subscriptions: FrameT,
    *,
    customer: str,
    begins: str,
    ends: str,
    period: Period,
    as_of: date | str,
    grace_days: int = 0,
    time_zone: str | None = None,
    confidence_level: float = 0.95,
) -> RetentionTriangle:
    r"""Customers who never left, by the period in which they joined and periods since.

    Parameters
    ----------
    subscriptions : data frame
        One row a subscription, of any engine. Subscriptions of a customer that overlap or follow one another
        are one; a customer who comes back after leaving has been lost, and is not in the triangle again.
    customer : str
        Column of customer ids.
    begins, ends : str
        Columns of the first day of a subscription, and of the first day without it; a missing end is a
        subscription that goes on.
    period : {"day", "week", "month", "quarter", "year"}
        What cohorts and ages are counted in.
    as_of : date or str
        Last day that the data cover completely. Customers who joined later are left out and counted; ends
        after it are not known yet.
    grace_days : int, default 0
        Gaps of at most so many days between subscriptions of a customer are no churn.
    time_zone : str, optional
        Zone in which days are counted, for datetimes with a time zone.
    confidence_level : float, default 0.95
        Nominal coverage of the bounds in `pooled`, strictly between 0 and 1.

    Returns
    -------
    RetentionTriangle
        Of kind "survived": it never rises, and `pooled` is a survival curve.

    Raises
    ------
    MissingColumnError
        If a column is not in the table.
    InvalidInputError
        If the table breaks a rule, or no period is over on `as_of`.

    Notes
    -----
    A customer counts at age \(k\) who was not lost before the \(k\)-th period after the one of joining
    began. With \(f_k\) the pooled factors, \(S_k = \prod_{j \le k} f_j\) is the Kaplan-Meier estimate on the
    grid of periods, and its bounds are Greenwood's on the log-log scale.

    References
    ----------
    Kaplan, E. L. and Meier, P. (1958), Nonparametric estimation from incomplete observations.
    [doi:10.1080/01621459.1958.10501452](https://doi.org/10.1080/01621459.1958.10501452).

    Examples
    --------
    >>> import pandas as pd
    >>> contracts = pd.DataFrame(
    ...     {
    ...         "id": [1, 2, 3, 4],
    ...         "from": ["2024-01-05", "2024-01-20", "2024-02-11", "2024-02-12"],
    ...         "until": ["2024-02-10", None, "2024-03-01", None],
    ...     }
    ... )
    >>> triangle = survived_triangle(
    ...     contracts,
    ...     customer="id",
    ...     begins="from",
    ...     ends="until",
    ...     period="month",
    ...     as_of="2024-03-31",
    ... )
    >>> triangle.pooled["survival"].round(3).tolist()
    [1.0, 0.75, 0.375]
    """
    check_confidence_level(confidence_level)
    last = day_number(check_day("as_of", as_of))
    cells = contracts_of(
        subscriptions,
        customer=customer,
        begins=begins,
        ends=ends,
        period=period,
        last=last,
        grace_days=grace_days,
        time_zone=time_zone,
    )
    triangle = _triangle(cells, "survived", check_period("period", period), last)
    return replace(triangle, confidence_level=confidence_level)


def _triangle(
    cells: CohortCells, kind: Literal["active", "survived", "revenue"], period: Period, last: int
) -> RetentionTriangle:
    """Cells of cohorts and ages that were observed whole; the rest is NaN."""
    # The last period that is over on the last day: the one before that of the day after.
    whole = int(periods_of(np.array([last + 1]), period)[0]) - 1
    if cells.cohort.size == 0:
        first, n = whole + 1, 0
    else:
        first = int(cells.cohort.min())
        n = whole - first + 1
        if n < 1:
            raise InvalidInputError(
                f"`as_of` must be after the end of the first {period} with customers, got "
                f"{day_of_number(last)} within it; a {period} that is not over says nothing yet"
            )
        check_width(n, period)
    values = np.zeros((max(n, 0), max(n, 0)))
    inside = cells.cohort + cells.age <= whole
    np.add.at(values, (cells.cohort[inside] - first, cells.age[inside]), cells.value[inside])
    row, age = np.indices(values.shape)
    values[row + age >= n] = np.nan
    starts = first_days(np.arange(first, first + max(n, 0)), period)
    return RetentionTriangle(
        cohorts=tuple(day_of_number(int(day)) for day in starts),
        values=values,
        kind=kind,
        period=period,
        as_of=day_of_number(last),
        n_later=cells.n_later,
    )


def _pooled(triangle: RetentionTriangle) -> pd.DataFrame:
    import pandas as pd

    values = triangle.values
    n_ages = values.shape[1]
    at_risk, retained = np.zeros(n_ages), np.zeros(n_ages)
    for age in range(n_ages):
        seen = ~np.isnan(values[:, age])
        retained[age] = values[seen, age].sum()
        at_risk[age] = values[seen, max(age - 1, 0)].sum()
    factor = np.full(n_ages, np.nan)
    np.divide(retained, at_risk, out=factor, where=at_risk > 0)
    survival: FloatArray = np.cumprod(factor, dtype=np.float64)
    table: dict[str, NDArray[Any]] = {
        "at_risk": at_risk,
        "retained": retained,
        "factor": factor,
        "survival": survival,
    }
    if triangle.kind == "survived":
        table["lower"], table["upper"] = _bounds(at_risk, retained, survival, triangle.confidence_level)
    return pd.DataFrame(table, index=pd.RangeIndex(n_ages, name="age"))


def _bounds(
    at_risk: FloatArray, retained: FloatArray, survival: FloatArray, confidence_level: float
) -> tuple[FloatArray, FloatArray]:
    check_array("survival", survival[~np.isnan(survival)], minimum=0.0, maximum=1.0)
    lost = at_risk - retained
    hazard = np.where(lost > 0, np.inf, 0.0)
    np.divide(lost, at_risk * retained, out=hazard, where=(lost > 0) & (retained > 0))
    lower, upper = survival_bounds(
        np.nan_to_num(survival),
        np.cumsum(hazard),
        retained,
        confidence_level=confidence_level,
        transform="log-log",
    )
    known = ~np.isnan(survival)
    lower, upper = np.where(known, lower, np.nan), np.where(known, upper, np.nan)
    # All customers are there in their first period, by definition.
    lower[:1], upper[:1] = survival[:1], survival[:1]
    return lower, upper

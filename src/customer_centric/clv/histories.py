"""Purchase histories: what is known of each customer, reduced from a log of transactions."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date as Date  # noqa: N812  # `date` names a column here
from typing import TYPE_CHECKING, Generic, Literal, Protocol, TypeVar

from numpy.typing import ArrayLike

from customer_centric._core.frames import LazyFrame, MemoryFrame, check_columns, engine_of, is_lazy
from customer_centric.clv._arrays import ArraySource, check_table
from customer_centric.clv._reduce_lazy import plan_lazy
from customer_centric.clv._reduce_memory import reduce_memory
from customer_centric.clv._rules import check_rules, warn_unless_poisson
from customer_centric.clv._table import NO_CUSTOMER
from customer_centric.clv.counts import HistoryCounts, HoldoutCounts, SpendCounts
from customer_centric.clv.coverage import Coverage, PurchaseTiming
from customer_centric.errors import InvalidInputError
from customer_centric.typing import FrameT, TimeUnit

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["PurchaseHistories", "summarise_transactions"]

FrameT_co = TypeVar("FrameT_co", covariant=True)


class _Source(Protocol[FrameT_co]):
    """Where histories come from: a log in memory, a lazy log, or arrays."""

    @property
    def has_amounts(self) -> bool: ...
    def frame(self) -> FrameT_co: ...
    def history_counts(self) -> HistoryCounts: ...
    def holdout_counts(self) -> HoldoutCounts: ...
    def spend_counts(self) -> SpendCounts: ...
    def timing(self) -> PurchaseTiming: ...
    def coverage(self) -> Coverage: ...
    def explain(self, customer: int | str) -> str: ...


@dataclass(frozen=True, slots=True, eq=False)
class PurchaseHistories(Generic[FrameT]):
    r"""One row a customer: how often, how long ago and for how much; with what a bare frame would lose.

    Made by `summarise_transactions` from a log, or by `PurchaseHistories.from_arrays`.

    Parameters
    ----------
    unit : {"day", "week", "month"}
        Unit of recency and age.
    period : {"day", "week", "month"}
        Transactions of a customer in one period are one purchase.
    end : date or None
        Last day of observation, counted in; None for histories from arrays.
    calibration_end : date or None
        Last day of calibration where the log was split: frequency, recency and age see nothing later.

    Notes
    -----
    `frame` has these columns, one row a customer, by ascending `customer` (text by code point):

    | column | meaning | unit |
    |---|---|---|
    | `customer` | the id, in the type of the log | |
    | `frequency` | purchases after the first | count |
    | `recency` | first to last purchase, 0 where `frequency` is 0 | `unit` |
    | `age` | first purchase to the end of observation (of calibration) | `unit` |
    | `mean_spend` | mean value of the purchases after the first, missing where there is none | money |
    | `weight` | customers the row stands for | count |
    | `frequency_holdout` | purchases after the end of calibration, where there is one | count |
    | `age_holdout` | length of the holdout | `unit` |
    | `mean_spend_holdout` | mean value of the purchases of the holdout, missing where there is none | money |

    Examples
    --------
    >>> histories = PurchaseHistories.from_arrays(
    ...     [2, 0], [30.43, 0], [38.86, 38.86], unit="week"
    ... )
    >>> histories.sufficient_statistics().n_customers
    2.0
    """

    unit: TimeUnit
    period: TimeUnit
    end: Date | None
    calibration_end: Date | None
    _source: _Source[FrameT] = field(repr=False)

    @property
    def frame(self) -> FrameT:
        """One row a customer, a frame of the kind that came in; lazy stays lazy.

        Asking for the frame of a lazy log runs the checks of the data, unless a result has run them
        already; the rows stay in the engine.
        """
        return self._source.frame()

    def sufficient_statistics(self) -> HistoryCounts:
        """The distinct histories in ascending order with their counts: all that a counting model needs.

        Returns
        -------
        HistoryCounts
            Frequency, recency, age and weight of each distinct history.

        Raises
        ------
        InvalidInputError
            If there is no customer, or the data of a lazy log break a rule.
        """
        counts = self._source.history_counts()
        if counts.frequency.size == 0:
            raise InvalidInputError(NO_CUSTOMER)
        return counts

    def spend_statistics(self) -> SpendCounts:
        """Repeat purchases and their mean value, of the customers who have any worth more than 0.

        Returns
        -------
        SpendCounts
            Frequency, mean spend and weight, in ascending order. `coverage().n_customers_zero_spend`
            counts the repeat customers that are left out because their repeat purchases are worth 0.

        Raises
        ------
        InvalidInputError
            If there are no amounts, or no customer has such purchases.
        """
        return self._source.spend_counts()

    def holdout_statistics(self) -> HoldoutCounts:
        """The distinct pairs of a history and what came after calibration, with their counts.

        Returns
        -------
        HoldoutCounts
            The history, the purchases and the length of the holdout, and the weight of each pair.

        Raises
        ------
        InvalidInputError
            If the log was not split at a `calibration_end`, or there is no customer.
        """
        return self._source.holdout_counts()

    def timing(self) -> PurchaseTiming:
        """First and repeat purchases of these customers in each period, the holdout included.

        Returns
        -------
        PurchaseTiming
            Counts by period, from the first purchase of the log to `end`.

        Raises
        ------
        InvalidInputError
            If the histories come from arrays, which know no dates.
        """
        return self._source.timing()

    def coverage(self) -> Coverage:
        """Rows and customers read, merged, refunded and left out, and why.

        Returns
        -------
        Coverage
            Counts that add up to the rows and customers of the log.

        Raises
        ------
        InvalidInputError
            If the histories come from arrays, which have no transactions.
        """
        return self._source.coverage()

    def explain(self, customer: int | str) -> str:
        """How the numbers of one customer come from the transactions, as text.

        Parameters
        ----------
        customer : int or str
            An id of the log.

        Returns
        -------
        str
            The transactions, what became of each, and the numbers that follow.

        Raises
        ------
        InvalidInputError
            If the log has no such customer, or the histories come from arrays.
        """
        return self._source.explain(customer)

    @classmethod
    def from_arrays(
        cls,
        frequency: ArrayLike,
        recency: ArrayLike,
        age: ArrayLike,
        mean_spend: ArrayLike | None = None,
        *,
        unit: TimeUnit,
        weights: ArrayLike | None = None,
        frequency_holdout: ArrayLike | None = None,
        age_holdout: ArrayLike | None = None,
        mean_spend_holdout: ArrayLike | None = None,
    ) -> PurchaseHistories[pd.DataFrame]:
        """Histories that were counted elsewhere.

        Parameters
        ----------
        frequency : array_like of shape (n_customers,)
            Purchases after the first: whole numbers, 0 or more.
        recency : array_like of shape (n_customers,)
            First to last purchase in `unit`: from 0 to `age`, 0 where `frequency` is 0.
        age : array_like of shape (n_customers,)
            First purchase to the end of observation in `unit`, 0 or more.
        mean_spend : array_like of shape (n_customers,), optional
            Mean value of the purchases after the first, 0 or more; not read where `frequency` is 0.
        unit : {"day", "week", "month"}
            Unit of recency and age.
        weights : array_like of shape (n_customers,), optional
            Customers each row stands for, 0 or more; 1 by default.
        frequency_holdout, age_holdout : array_like of shape (n_customers,), optional
            Purchases in a time that follows, and its length in `unit`; both or neither.
        mean_spend_holdout : array_like of shape (n_customers,), optional
            Mean value of these purchases; not read where there is none.

        Returns
        -------
        PurchaseHistories
            With a pandas frame; `customer` numbers the rows from 0.

        Raises
        ------
        InvalidInputError
            If a history is impossible: a fraction of a purchase, a recency greater than the age, a recency
            without a repeat purchase, a repeat purchase without a mean.

        Examples
        --------
        >>> histories = PurchaseHistories.from_arrays([2, 0], [30, 0], [38, 38], unit="week")
        >>> histories.frame["frequency"].tolist()
        [2, 0]
        """
        table = check_table(
            frequency,
            recency,
            age,
            mean_spend,
            unit=unit,
            weights=weights,
            frequency_holdout=frequency_holdout,
            age_holdout=age_holdout,
            mean_spend_holdout=mean_spend_holdout,
        )
        return PurchaseHistories(unit, unit, None, None, ArraySource(table))


def distinct_histories(histories: PurchaseHistories[FrameT]) -> HistoryCounts:
    """The distinct histories; none, and no error, where there is no customer: a forecast needs none."""
    return histories._source.history_counts()  # pyright: ignore[reportPrivateUsage]  # of this module


def has_amounts(histories: PurchaseHistories[FrameT]) -> bool:
    """Whether the spend of the customers with repeat purchases is known."""
    return histories._source.has_amounts  # pyright: ignore[reportPrivateUsage]  # of this module


def summarise_transactions(
    log: FrameT,
    *,
    customer: str,
    date: str,
    amount: str | None = None,
    end: Date | str,
    unit: TimeUnit,
    period: TimeUnit = "day",
    calibration_end: Date | str | None = None,
    refunds: Literal["raise", "net", "drop"] = "raise",
    zero_amounts: Literal["keep", "drop"] = "keep",
    time_zone: str | None = None,
) -> PurchaseHistories[FrameT]:
    r"""Purchase histories of the customers of a transaction log.

    Parameters
    ----------
    log : data frame
        One row a transaction: pandas, Polars (eager or lazy), PyArrow or DuckDB. Lazy frames stay in their
        engine: nothing is computed until a result is asked for, and only sufficient statistics leave it.
    customer : str
        Column of customer ids: text, whole numbers or categories; none missing.
    date : str
        Column of dates, datetimes or ISO text (`2024-12-31`, `20241231`, `2024-12-31T18:30:00`); none
        missing.
    amount : str, optional
        Column of the value of each transaction: finite numbers. Without it spend is unknown.
    end : date or str
        Last day of observation, counted in. Later transactions are left out and counted. Not before the
        first purchase.
    unit : {"day", "week", "month"}
        Unit of recency and age.
    period : {"day", "week", "month"}, default "day"
        Transactions of a customer in one period are one purchase, their amounts summed. Weeks start on
        Monday. Other periods than the day must equal `unit`.
    calibration_end : date or str, optional
        Last day that frequency, recency, age and mean spend see; what follows, up to `end`, is the holdout.
        Customers first seen later are left out and counted. A period that it cuts is a purchase on each
        side where there are transactions on both.
    refunds : {"raise", "net", "drop"}, default "raise"
        What negative amounts mean: an error; summed within their purchase, which is left out and counted
        where nothing is left; or left out and counted.
    zero_amounts : {"keep", "drop"}, default "keep"
        Whether transactions of amount 0 are purchases. They are counted either way.
    time_zone : str, optional
        Zone in which days are counted. Required for datetimes with a time zone and text with an offset,
        refused for others.

    Returns
    -------
    PurchaseHistories
        `frame`, of the kind of `log`, has one row a customer by ascending id.

    Raises
    ------
    MissingColumnError
        If a column is not in the log.
    InvalidInputError
        If an argument or the data break a rule: names the value, the count, and the position for frames in
        memory.

    Warns
    -----
    DataWarning
        If customers buy in more than 0.3 of their periods: merged counts are not Poisson then.

    Notes
    -----
    With \(d_0 < d_1 < \dots < d_x\) the ordinals of the periods in which a customer bought and \(d_T\)
    that of the last day, all in periods,

    \[ x = \text{number of periods} - 1, \quad t_x = d_x - d_0, \quad T = d_T - d_0, \]

    and the mean spend is \(\bar m = \frac{1}{x} \sum_{j=1}^{x} v_j\) with \(v_j\) the sum of the amounts
    of period \(j\): the first purchase is in no mean. Day periods are divided by 7 for weeks and by
    365.25 / 12 for months.

    References
    ----------
    Fader, Hardie and Lee (2005), "Counting Your Customers" the Easy Way, Marketing Science 24(2), section 2.
    <https://doi.org/10.1287/mksc.1040.0098>

    Examples
    --------
    >>> import pandas as pd
    >>> log = pd.DataFrame(
    ...     {
    ...         "id": ["b", "a", "a", "a"],
    ...         "when": ["2024-01-05", "2024-01-01", "2024-01-15", "2024-01-15"],
    ...         "paid": [5.0, 10.0, 7.0, 1.0],
    ...     }
    ... )
    >>> histories = summarise_transactions(
    ...     log, customer="id", date="when", amount="paid", end="2024-01-29", unit="week"
    ... )
    >>> print(histories.frame.drop(columns="weight").to_string(index=False))
    customer  frequency  recency      age  mean_spend
           a          1      2.0 4.000000         8.0
           b          0      0.0 3.428571         NaN
    """
    rules = check_rules(
        customer=customer,
        date_column=date,
        amount=amount,
        end=end,
        unit=unit,
        period=period,
        calibration_end=calibration_end,
        refunds=refunds,
        zero_amounts=zero_amounts,
        time_zone=time_zone,
    )
    engine = engine_of("log", log)
    frame = LazyFrame(log, engine) if is_lazy(engine) else MemoryFrame(log, engine)
    check_columns(frame.columns, {"customer": customer, "date": date, "amount": amount})
    source: _Source[FrameT]
    if isinstance(frame, LazyFrame):
        source = plan_lazy(frame, rules)
    else:
        source = reduce_memory(frame, rules)
        frequency, age = source.table.frequency.sum(), source.table.age.sum()
        warn_unless_poisson(float(frequency), float(age), rules)
    return PurchaseHistories(unit, period, rules.end_date, rules.calibration_date, source)

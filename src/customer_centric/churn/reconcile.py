"""Every published churn rate of one period, from one ledger, and what makes two of them differ."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

import numpy as np

from customer_centric._core.checks import check_choice
from customer_centric._core.frames import day_of_number
from customer_centric.churn._ledger import customers_on, ledger_of, lost_on
from customer_centric.churn._spells import Spells, spells_of
from customer_centric.churn.period import check_period
from customer_centric.typing import FloatArray, FrameT

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["ChurnBridge", "ChurnDefinition", "ChurnReconciliation", "reconcile_churn"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ChurnDefinition:
    """One published churn rate: what is counted, per what, and where it comes from.

    Parameters
    ----------
    name : str
        Short name.
    numerator, denominator : str
        What is counted, and per what, in words.
    lost, base : float
        The two numbers.
    kind : {"rate", "probability", "ratio"}
        A rate per customer and period; the share of a fixed group that leaves; or neither, so that it
        moves with growth while nobody behaves differently.
    source : str
        Who publishes it.
    """

    name: str
    numerator: str
    denominator: str
    lost: float
    base: float
    kind: str
    source: str

    @property
    def value(self) -> float:
        """Lost over base; NaN where the base is 0."""
        return self.lost / self.base if self.base > 0 else float("nan")


@dataclass(frozen=True, slots=True)
class ChurnBridge:
    """What makes one churn rate another; the two parts add up to the difference.

    Parameters
    ----------
    difference : float
        Second rate less the first.
    from_numerator, from_base : float
        Part of it that is due to who is counted as lost, and part due to what it is divided by: each is
        the change with the other held, on average over the first and the second definition.
    """

    difference: float
    from_numerator: float
    from_base: float


@dataclass(frozen=True, slots=True, eq=False)
class ChurnReconciliation:
    """Published churn rates of one period side by side.

    Parameters
    ----------
    definitions : tuple of ChurnDefinition
        The founding definition first.
    start, end : date
        The period.
    """

    definitions: tuple[ChurnDefinition, ...]
    start: date
    end: date

    def __getitem__(self, name: str) -> ChurnDefinition:
        """The definition of that name."""
        check_choice("name", name, [definition.name for definition in self.definitions])
        return next(definition for definition in self.definitions if definition.name == name)

    def bridge(self, first: str, second: str) -> ChurnBridge:
        """What makes one definition another.

        Parameters
        ----------
        first, second : str
            Names of two definitions.

        Returns
        -------
        ChurnBridge
            The difference, second less first, in two parts that add up to it.

        Raises
        ------
        InvalidInputError
            If there is no definition of that name.
        """
        a, b = self[first], self[second]
        if not (a.base > 0 and b.base > 0):
            return ChurnBridge(float("nan"), float("nan"), float("nan"))
        from_numerator = 0.5 * (b.lost - a.lost) * (1.0 / a.base + 1.0 / b.base)
        from_base = 0.5 * (1.0 / b.base - 1.0 / a.base) * (a.lost + b.lost)
        return ChurnBridge(b.value - a.value, from_numerator, from_base)

    def to_frame(self) -> pd.DataFrame:
        """A row a definition, as a pandas frame."""
        import pandas as pd

        columns = ("name", "value", "lost", "base", "kind", "numerator", "denominator", "source")
        rows = [[getattr(row, column) for column in columns] for row in self.definitions]
        return pd.DataFrame(rows, columns=list(columns))

    def _repr_html_(self) -> str:
        return str(self.to_frame().to_html(index=False, float_format="{:.4f}".format, border=0))


def reconcile_churn(
    subscriptions: FrameT,
    start: date | str,
    end: date | str,
    *,
    customer: str,
    begins: str,
    ends: str,
    grace_days: int = 0,
    time_zone: str | None = None,
) -> ChurnReconciliation:
    r"""Every published churn rate of one period, from one ledger.

    Parameters
    ----------
    subscriptions : data frame
        One row a subscription, of any engine.
    start, end : date or str
        The period: who is active on `start` opens it, who is active on `end` closes it.
    customer : str
        Column of customer ids.
    begins, ends : str
        Columns of the first day of a subscription, and of the first day without it; a missing end is a
        subscription that goes on.
    grace_days : int, default 0
        Gaps of at most so many days between subscriptions of a customer are no churn.
    time_zone : str, optional
        Zone in which days are counted, for datetimes with a time zone.

    Returns
    -------
    ChurnReconciliation
        Definitions with numerator, base and value; `bridge` explains the difference of any two.

    Raises
    ------
    MissingColumnError
        If a column is not in the table.
    InvalidInputError
        If the period is empty or the table breaks a rule.

    Notes
    -----
    All of them are "churn rates" of the same customers in the same period. With \(d_1\) of \(b_1\) and
    \(d_2\) of \(b_2\) the difference of two is

    \[ \frac{d_2}{b_2} - \frac{d_1}{b_1} = \frac{d_2 - d_1}{2} \Bigl( \frac{1}{b_1} + \frac{1}{b_2} \Bigr)
       + \frac{d_1 + d_2}{2} \Bigl( \frac{1}{b_2} - \frac{1}{b_1} \Bigr) . \]

    References
    ----------
    The names of companies stand for the definitions in their public documentation: Stripe Billing
    (subscriber churn rate), Recurly (subscriber churn), ChartMogul (customer churn rate, standard and daily),
    ProfitWell (customers who join and leave within a month are left out, as in ChartMogul's standard).

    Examples
    --------
    Of 100 customers 10 leave; 50 join, of whom 5 leave in the same year:

    >>> import pandas as pd
    >>> begins = ["2020-01-01"] * 100 + ["2024-06-01"] * 50
    >>> ends = ["2024-07-01"] * 10 + [None] * 90 + ["2024-09-01"] * 5 + [None] * 45
    >>> log = pd.DataFrame({"id": range(150), "from": begins, "until": ends})
    >>> table = reconcile_churn(
    ...     log, "2024-01-01", "2025-01-01", customer="id", begins="from", ends="until"
    ... )
    >>> for name in ("start, all losses", "start, opening customers", "two-point average"):
    ...     print(f"{name}: {table[name].value:.3%}")
    start, all losses: 15.000%
    start, opening customers: 10.000%
    two-point average: 12.766%
    """
    first, last = check_period(start, end)
    spells = spells_of(
        subscriptions,
        customer=customer,
        begins=begins,
        ends=ends,
        grace_days=grace_days,
        time_zone=time_zone,
    )
    return ChurnReconciliation(_definitions(spells, first, last), day_of_number(first), day_of_number(last))


def _definitions(spells: Spells, first: int, last: int) -> tuple[ChurnDefinition, ...]:
    ledger = ledger_of(spells, first, last)
    opening, closing = float(ledger.opening), float(ledger.closing)
    lost, lost_opening = float(ledger.lost), float(ledger.lost_opening)
    counts = customers_on(spells, np.rint(np.linspace(first, last, 13)))
    come = float(ledger.gained + ledger.reactivated)
    everybody, of_opening = "all customers lost", "customers of the start who were lost"
    founding = "the founding definition"
    daily = _daily(spells, first, last)

    def row(name: str, who: str, per: str, d: float, b: float, kind: str, source: str) -> ChurnDefinition:
        return ChurnDefinition(
            name=name, numerator=who, denominator=per, lost=d, base=b, kind=kind, source=source
        )

    average = "customers on average"
    exposure = ledger.exposure / ledger.days
    trapezoid = float((0.5 * (counts[0] + counts[-1]) + counts[1:-1].sum()) / 12)
    return (
        row("exposure", everybody, f"{average}, over all days", lost, exposure, "rate", founding),
        row("13 counts", everybody, f"{average}, over 13 counts", lost, trapezoid, "rate", founding),
        row(
            "two-point average",
            everybody,
            f"{average} of start and end",
            lost,
            0.5 * (opening + closing),
            "ratio",
            "textbooks",
        ),
        row(
            "daily sum", "lost each day over customers that day", "1", daily, 1.0, "rate", "ChartMogul, daily"
        ),
        row(
            "start, all losses",
            everybody,
            "customers at the start",
            lost,
            opening,
            "ratio",
            "Recurly",
        ),
        row(
            "start, opening customers",
            of_opening,
            "customers at the start",
            lost_opening,
            opening,
            "probability",
            "ChartMogul; ProfitWell",
        ),
        row(
            "start and new",
            everybody,
            "customers at the start and all who came",
            lost,
            opening + come,
            "ratio",
            "Stripe",
        ),
        row("end", everybody, "customers at the end", lost, closing, "ratio", "textbooks"),
    )


def _daily(spells: Spells, first: int, last: int) -> float:
    """Sum over days of customers lost over customers there that day."""
    days: FloatArray = np.arange(first, last, dtype=np.float64)
    there = customers_on(spells, days)
    gone = lost_on(spells, days + 1.0)
    return float(np.divide(gone, there, out=np.zeros_like(gone), where=there > 0).sum())

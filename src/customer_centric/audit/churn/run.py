"""Subscriptions from their rows to a report."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from customer_centric.audit.churn.charts import draw_contract_charts
from customer_centric.audit.churn.contracts import answer_contracts
from customer_centric.audit.churn.question import ContractQuestion
from customer_centric.audit.churn.report import ContractReport
from customer_centric.audit.page import Chart, charts_or_reason, unwatched

__all__ = ["ChurnAudit", "run_churn"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ChurnAudit:
    """Who leaves, and its drawings.

    Parameters
    ----------
    report : ContractReport
        The numbers and words.
    charts : tuple of Chart
        The drawings; none without Matplotlib.
    missing_charts : str
        Why there are no drawings and how to get them, empty where there are.
    """

    report: ContractReport
    charts: tuple[Chart, ...]
    missing_charts: str


def run_churn(
    question: ContractQuestion, *, command: str = "", progress: Callable[[str], None] | None = None
) -> ChurnAudit:
    """Who leaves: the churn rate of 12 months, by every definition, month by month, and how long they stay.

    Parameters
    ----------
    question : ContractQuestion
        The subscriptions, and what is asked of them.
    command : str, default ""
        How the report says that it can be repeated.
    progress : callable, optional
        Told in a few words what is being done.

    Returns
    -------
    ChurnAudit
        The report and its charts.

    Raises
    ------
    InvalidInputError
        If a column is missing, a subscription ends before it begins, or none begins before the last day.

    Examples
    --------
    >>> import pandas as pd
    >>> from customer_centric.audit import ContractQuestion, run_churn
    >>> contracts = pd.DataFrame(
    ...     {
    ...         "id": ["a", "b", "c"],
    ...         "from": ["2023-06-01", "2023-03-01", "2024-01-01"],
    ...         "until": [None, "2024-09-01", None],
    ...     }
    ... )
    >>> audit = run_churn(
    ...     ContractQuestion(
    ...         subscriptions=contracts,
    ...         customer="id",
    ...         begins="from",
    ...         ends="until",
    ...         end="2024-12-31",
    ...     )
    ... )
    >>> audit.report.year.lost, round(audit.report.year.base, 2)
    (1, 2.67)
    """
    tell = progress or unwatched
    tell("Counting who left")
    found = answer_contracts(question, command=command)
    tell("Drawing the charts")
    charts, missing = charts_or_reason(lambda: draw_contract_charts(found))
    return ChurnAudit(report=found.report, charts=charts, missing_charts=missing)

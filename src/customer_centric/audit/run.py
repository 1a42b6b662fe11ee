"""The audit itself: from a log to what its customers are worth."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date as Date  # noqa: N812 (`date` is the column)
from typing import Literal

from customer_centric.audit.html import Chart
from customer_centric.audit.report import AuditReport
from customer_centric.typing import TimeUnit

__all__ = ["Audit", "run_audit"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Audit:
    """What an audit found, and its drawings.

    Parameters
    ----------
    report : AuditReport
        The numbers and words.
    charts : tuple of Chart
        The drawings; none without Matplotlib.
    missing_charts : str
        Why there are no drawings and how to get them, empty where there are.
    """

    report: AuditReport
    charts: tuple[Chart, ...]
    missing_charts: str


def run_audit(
    log: object,
    *,
    customer: str,
    date: str,
    amount: str | None = None,
    end: Date | str,
    unit: TimeUnit,
    margin: float,
    discount_rate: float,
    calibration_end: Date | str | None = None,
    horizon: float | None = None,
    refunds: Literal["raise", "net", "drop"] = "raise",
    zero_amounts: Literal["keep", "drop"] = "keep",
    time_zone: str | None = None,
    source: str = "a data frame",
    command: str = "",
    progress: Callable[[str], None] | None = None,
) -> Audit:
    raise RuntimeError

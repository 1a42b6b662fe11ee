"""Events from their rows to a report."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from customer_centric.audit.journey.answer import answer_journeys
from customer_centric.audit.journey.charts import draw_journey_charts
from customer_centric.audit.journey.question import JourneyQuestion
from customer_centric.audit.journey.report import JourneyReport
from customer_centric.audit.page import Chart, charts_or_reason, unwatched

__all__ = ["JourneyAudit", "run_journey"]


@dataclass(frozen=True, slots=True, kw_only=True)
class JourneyAudit:
    """Where it hurts, and its drawings.

    Parameters
    ----------
    report : JourneyReport
        The numbers and words.
    charts : tuple of Chart
        The drawings; none without Matplotlib.
    missing_charts : str
        Why there are no drawings and how to get them, empty where there are.
    """

    report: JourneyReport
    charts: tuple[Chart, ...]
    missing_charts: str


def run_journey(
    question: JourneyQuestion, *, command: str = "", progress: Callable[[str], None] | None = None
) -> JourneyAudit:
    """Where it hurts: whether the log can be trusted, friction by touchpoint, what it costs, what to fix.

    Parameters
    ----------
    question : JourneyQuestion
        The events, and what is asked of them.
    command : str, default ""
        How the report says that it can be repeated.
    progress : callable, optional
        Told in a few words what is being done.

    Returns
    -------
    JourneyAudit
        The report and its charts.

    Raises
    ------
    InvalidInputError
        If there is no event, a touchpoint is not in the log, or a column breaks a rule of `prepare_log`.

    Examples
    --------
    >>> from datetime import timedelta
    >>> import numpy as np
    >>> from customer_centric import EventSchema
    >>> from customer_centric.audit import JourneyQuestion, run_journey
    >>> from customer_centric.simulate import simulate_journeys
    >>> world = simulate_journeys(1_000, rng=np.random.default_rng(1))
    >>> audit = run_journey(
    ...     JourneyQuestion(
    ...         events=world.log,
    ...         schema=EventSchema.full(),
    ...         goal=("purchase",),
    ...         contact=("support",),
    ...         end=world.end,
    ...         closed_after=timedelta(hours=1),
    ...         n_resamples=50,
    ...     )
    ... )
    >>> audit.report.losses.best_fix
    'payment'
    """
    tell = progress or unwatched
    tell("Following the journeys")
    found = answer_journeys(question, command=command)
    tell("Drawing the charts")
    charts, missing = charts_or_reason(lambda: draw_journey_charts(found))
    return JourneyAudit(report=found.report, charts=charts, missing_charts=missing)

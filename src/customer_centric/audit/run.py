"""The audit itself: from a log to what its customers are worth."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from customer_centric._core.checks import check_confidence_level, check_number
from customer_centric.audit import assemble
from customer_centric.audit.charts import draw_charts
from customer_centric.audit.churn.charts import draw_contract_charts, draw_return_charts
from customer_centric.audit.churn.contracts import answer_contracts
from customer_centric.audit.churn.question import ContractQuestion
from customer_centric.audit.churn.report import ContractReport, ReturnReport
from customer_centric.audit.churn.returning import answer_returning
from customer_centric.audit.journey.answer import answer_journeys
from customer_centric.audit.journey.charts import draw_journey_charts
from customer_centric.audit.journey.question import JourneyQuestion
from customer_centric.audit.journey.report import JourneyReport
from customer_centric.audit.page import Chart, charts_or_reason, unwatched
from customer_centric.audit.report import AuditReport, CustomerBase, Settings
from customer_centric.audit.segments.find import answer_segments
from customer_centric.audit.segments.report import SegmentReport
from customer_centric.audit.steps import Answer, Day, Question, answer
from customer_centric.audit.survey.charts import draw_survey_charts
from customer_centric.audit.survey.question import SurveyQuestion
from customer_centric.audit.survey.report import SurveyReport
from customer_centric.audit.survey.run import answer_survey
from customer_centric.audit.survey.worth import Worth
from customer_centric.audit.version import package_version
from customer_centric.errors import DataWarning, ModelWarning
from customer_centric.segments.tiers import check_thresholds
from customer_centric.typing import FrameT, TimeUnit
from customer_centric.units import DAYS_PER_UNIT, DiscountRate

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
    log: FrameT,
    *,
    customer: str,
    date: str,
    amount: str | None = None,
    end: Day,
    unit: TimeUnit,
    margin: float,
    discount_rate: float,
    calibration_end: Day | None = None,
    horizon: float | None = None,
    refunds: Literal["raise", "net", "drop"] = "raise",
    zero_amounts: Literal["keep", "drop"] = "keep",
    time_zone: str | None = None,
    confidence_level: float = 0.90,
    tiers: Sequence[float] | None = None,
    acquisition_cost: float | None = None,
    contracts: ContractQuestion | None = None,
    survey: SurveyQuestion | None = None,
    journeys: JourneyQuestion | None = None,
    source: str = "a data frame",
    command: str = "",
    progress: Callable[[str], None] | None = None,
) -> Audit:
    """Audit a transaction log: test the models, choose one, and value every customer with it.

    Parameters
    ----------
    log : data frame
        One row a transaction, of any kind that `summarise_transactions` takes.
    customer, date : str
        Columns of customer ids and of dates.
    amount : str, optional
        Column of amounts; without it every purchase counts the same.
    end : date or str
        Last day that the log covers completely.
    unit : {"day", "week", "month"}
        Unit of recency, age and horizon.
    margin : float
        Margin as a share of the amount; without `amount`, money per purchase. 0 or more.
    discount_rate : float
        Effective rate per year, 0 or more; greater than 0 where the whole future counts.
    calibration_end : date or str, optional
        Last day that the models are fitted on before they are tested on the rest; two thirds of the
        observed span by default.
    horizon : float, optional
        Length of the future that counts, in `unit`, greater than 0; the whole future by default.
    refunds : {"raise", "net", "drop"}, default "raise"
        What negative amounts mean.
    zero_amounts : {"keep", "drop"}, default "keep"
        Whether transactions of amount 0 are purchases.
    time_zone : str, optional
        Zone in which days are counted, for instants.
    confidence_level : float, default 0.90
        Nominal coverage of every interval but those of contracts, the survey and journeys, strictly between
        0 and 1.
    tiers : sequence of float, optional
        Where tiers of lifetime value begin, in money, ascending; by default the values from which the better
        half, fifth and twentieth of these customers begin, to two digits.
    acquisition_cost : float, optional
        What it costs to win a customer, in money, 0 or more: adds what a new one is worth beside it.
    contracts : ContractQuestion, optional
        Subscriptions of customers, and what is asked of them.
    survey : SurveyQuestion, optional
        Ratings of customers, and what is asked of them.
    journeys : JourneyQuestion, optional
        Events of customers' journeys, and what is asked of them.
    source : str, default "a data frame"
        What the report calls the log.
    command : str, default ""
        How the report says that it can be repeated.
    progress : callable, optional
        Told in a few words what is being done.

    Returns
    -------
    Audit
        The report and its charts.

    Raises
    ------
    InvalidInputError
        If an argument or the data break a rule of `summarise_transactions` or `value_customers`.
    ConvergenceError
        If no model could be fitted.

    Notes
    -----
    Everything is as in `summarise_transactions`, `backtest`, `value_customers` and `value_portfolio`;
    warnings about the data and the models become notes of the report. Where all customers pay one price,
    there is no model of spend, and a purchase counts that price.

    Examples
    --------
    >>> from customer_centric.audit import run_audit
    >>> from customer_centric.datasets import load_cdnow_sample
    >>> audit = run_audit(
    ...     load_cdnow_sample(),
    ...     customer="customer",
    ...     date="date",
    ...     amount="amount",
    ...     end="1998-06-30",
    ...     calibration_end="1997-09-30",
    ...     unit="week",
    ...     margin=0.3,
    ...     discount_rate=0.1,
    ... )
    >>> audit.report.purchases.name
    'MBG/NBD'
    """
    check_confidence_level(confidence_level)
    if horizon is not None:
        check_number("horizon", horizon, minimum=0.0, open_minimum=True)
    if tiers is not None:
        check_thresholds(tiers)
    if acquisition_cost is not None:
        check_number("acquisition_cost", acquisition_cost, minimum=0.0)
    tell = progress or unwatched
    question = Question(
        log=log,
        customer=customer,
        date=date,
        amount=amount,
        end=end,
        unit=unit,
        refunds=refunds,
        zero_amounts=zero_amounts,
        time_zone=time_zone,
        margin=margin,
        discount_rate=DiscountRate.annual(discount_rate),
        horizon=math.inf if horizon is None else horizon,
        confidence_level=confidence_level,
        progress=tell,
    )
    notes: list[str] = []
    with warnings.catch_warnings(record=True, action="always") as caught:
        found = answer(question, calibration_end, notes)
        back = answer_returning(question, found)
        segments = answer_segments(question, found, tiers=tiers, acquisition_cost=acquisition_cost)
    notes.extend(_notes(caught))
    settings = Settings(
        source=source,
        customer=customer,
        date_column=date,
        amount=amount,
        end=found.end,
        unit=unit,
        period=found.histories.period,
        margin=margin,
        discount_rate=discount_rate,
        horizon=horizon,
        confidence_level=confidence_level,
        refunds=refunds,
        zero_amounts=zero_amounts,
        time_zone=time_zone,
        version=package_version(),
        command=command,
    )
    left = None
    if contracts is not None:
        tell("Counting who left")
        left = answer_contracts(contracts)
    said = None
    if survey is not None:
        tell("Scoring the ratings")
        said = answer_survey(survey, Worth(found.values.customer, found.values.lifetime_value))
    hurt = None
    if journeys is not None:
        tell("Following the journeys")
        hurt = answer_journeys(journeys)
    report = _report(
        found,
        settings,
        tuple(dict.fromkeys(notes)),
        returns=back.report,
        segments=segments,
        contracts=None if left is None else left.report,
        survey=None if said is None else said.report,
        journeys=None if hurt is None else hurt.report,
    )
    tell("Drawing the charts")
    charts, missing = charts_or_reason(
        lambda: [
            *draw_charts(found),
            *draw_return_charts(back),
            *(() if left is None else draw_contract_charts(left)),
            *(() if said is None else draw_survey_charts(said)),
            *(() if hurt is None else draw_journey_charts(hurt)),
        ]
    )
    return Audit(report=report, charts=charts, missing_charts=missing)


def _report(
    found: Answer[FrameT],
    settings: Settings,
    notes: tuple[str, ...],
    *,
    returns: ReturnReport,
    segments: SegmentReport,
    contracts: ContractReport | None,
    survey: SurveyReport | None,
    journeys: JourneyReport | None,
) -> AuditReport:
    level, test = settings.confidence_level, found.test
    return AuditReport(
        settings=settings,
        log=assemble.log_counts(found.histories.coverage()),
        base=_base(found, with_spend=settings.amount is not None),
        holdout=None
        if test is None
        else assemble.holdout(
            test.judged,
            calibration_end=test.calibration_end,
            length=(found.end - test.calibration_end).days / DAYS_PER_UNIT[settings.unit],
        ),
        reason=found.reason,
        purchases=assemble.fitted_model(found.name, found.purchases, level),
        spend=None if found.spend is None else assemble.fitted_model("Gamma-Gamma", found.spend, level),
        spend_verdict=found.spend_verdict,
        lifetime=assemble.portfolio(found.lifetime),
        next_year=assemble.portfolio(found.next_year),
        groups=assemble.value_groups(found.values.lifetime_value),
        top=assemble.top_customers(found.values.top),
        returns=returns,
        segments=segments,
        contracts=contracts,
        survey=survey,
        journeys=journeys,
        notes=notes,
    )


def _base(found: Answer[FrameT], *, with_spend: bool) -> CustomerBase:
    coverage = found.histories.coverage()
    frequency = found.values.frequency
    bought = frequency > 0
    spent = frequency[bought] @ found.values.mean_spend[bought] if with_spend else None
    return CustomerBase(
        customers=coverage.n_customers,
        repeat_customers=coverage.n_repeat_customers,
        purchases=coverage.n_customers + round(float(frequency.sum())),
        repeat_spend=None if spent is None else float(spent),
        first_day=found.first_day,
        alive=found.lifetime.expected_alive,
    )


def _notes(caught: list[warnings.WarningMessage]) -> list[str]:
    """Warnings about data and models as notes; others go on to whoever listens."""
    notes: list[str] = []
    for warning in caught:
        if issubclass(warning.category, (DataWarning, ModelWarning)):
            notes.append(str(warning.message))
        else:
            warnings.warn_explicit(warning.message, warning.category, warning.filename, warning.lineno)
    return notes

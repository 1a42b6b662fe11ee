"""The steps of an audit: histories, a test of the models, the fits, the values."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Generic, Literal, TypeAlias, cast

import numpy as np

from customer_centric.audit.values import Terms, Values
from customer_centric.clv._counted import HasHistories
from customer_centric.clv.backtest import Backtest, backtest
from customer_centric.clv.bg_nbd import BgNbd, fit_bg_nbd
from customer_centric.clv.gamma_gamma import GammaGamma, fit_gamma_gamma
from customer_centric.clv.histories import PurchaseHistories, summarise_transactions
from customer_centric.clv.mbg_nbd import MbgNbd, fit_mbg_nbd
from customer_centric.clv.nbd import Nbd, fit_nbd
from customer_centric.clv.pareto_nbd import ParetoNbd, fit_pareto_nbd
from customer_centric.clv.portfolio import PortfolioValue
from customer_centric.clv.spend_independence import check_spend_independence
from customer_centric.fitting import Fit
from customer_centric.typing import FrameT, TimeUnit, TransactionModel
from customer_centric.units import DAYS_PER_UNIT, UNITS_PER_YEAR, DiscountRate

__all__: list[str] = []

Day: TypeAlias = dt.date | str

_Fit: TypeAlias = Fit[BgNbd] | Fit[MbgNbd] | Fit[ParetoNbd] | Fit[Nbd]

MODELS: Final[dict[str, Callable[[HasHistories], _Fit]]] = {
    "BG/NBD": fit_bg_nbd,
    "MBG/NBD": fit_mbg_nbd,
    "Pareto/NBD": fit_pareto_nbd,
    "NBD": fit_nbd,
}
UNTESTED: Final = "MBG/NBD"
_WHY_UNTESTED: Final = (
    "Nothing chose between the models, for want of a test. MBG/NBD values the customers: it lets a customer "
    "leave after every purchase, the first one included."
)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Question(Generic[FrameT]):
    """What is asked."""

    log: FrameT
    customer: str
    date: str
    amount: str | None
    end: Day
    unit: TimeUnit
    refunds: Literal["raise", "net", "drop"]
    zero_amounts: Literal["keep", "drop"]
    time_zone: str | None
    margin: float
    discount_rate: DiscountRate
    horizon: float
    confidence_level: float
    progress: Callable[[str], None]

    @property
    def near(self) -> float:
        """The next year, or the horizon where that is shorter."""
        return min(self.horizon, UNITS_PER_YEAR[self.unit])

    def histories(self, calibration_end: Day | None = None) -> PurchaseHistories[FrameT]:
        """The histories of the log."""
        return summarise_transactions(
            self.log,
            customer=self.customer,
            date=self.date,
            amount=self.amount,
            end=self.end,
            unit=self.unit,
            calibration_end=calibration_end,
            refunds=self.refunds,
            zero_amounts=self.zero_amounts,
            time_zone=self.time_zone,
        )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Test(Generic[FrameT]):
    """The histories up to the split, and how the models did on what came after."""

    histories: PurchaseHistories[FrameT]
    calibration_end: dt.date
    judged: Backtest


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Answer(Generic[FrameT]):
    """Everything that was found."""

    histories: PurchaseHistories[FrameT]
    end: dt.date
    first_day: dt.date
    test: Test[FrameT] | None
    name: str
    reason: str
    purchases: Fit[TransactionModel]
    spend: Fit[GammaGamma] | None
    spend_verdict: str | None
    terms: Terms
    values: Values
    lifetime: PortfolioValue
    next_year: PortfolioValue


def fit(name: str, histories: PurchaseHistories[FrameT]) -> Fit[TransactionModel]:
    """The model of that name, fitted."""
    # A fit of one model is a fit of a model; the type of `Fit` does not say so.
    return cast("Fit[TransactionModel]", MODELS[name](histories))


def answer(question: Question[FrameT], calibration_end: Day | None, notes: list[str]) -> Answer[FrameT]:
    """From the log to the values; what limits them is added to `notes`."""
    tell = question.progress
    tell("Reducing the log to histories")
    histories = question.histories()
    first_day = histories.timing().first_period
    end = cast("dt.date", histories.end)
    test = _test(question, first_day, end, calibration_end, notes)
    name, reason = (UNTESTED, _WHY_UNTESTED) if test is None else (test.judged.preferred, test.judged.reason)
    tell(f"Fitting {name} to everything")
    purchases = fit(name, histories)
    spend, margin = _spend(question, histories, notes)
    tell("Valuing the customers")
    _note_extrapolation(question, (end - first_day).days, notes)
    terms = Terms(purchases, spend, margin, question.discount_rate, question.confidence_level)
    return Answer(
        histories=histories,
        end=end,
        first_day=first_day,
        test=test,
        name=name,
        reason=reason,
        purchases=purchases,
        spend=spend,
        spend_verdict=None if spend is None else check_spend_independence(histories).verdict,
        terms=terms,
        values=terms.values(histories, question.horizon, question.near),
        lifetime=terms.portfolio(histories, question.horizon),
        next_year=terms.portfolio(histories, question.near),
    )


def _spend(
    question: Question[FrameT], histories: PurchaseHistories[FrameT], notes: list[str]
) -> tuple[Fit[GammaGamma] | None, float]:
    """The model of spend, and the margin that goes with it: where all pay one price, there is no model."""
    if question.amount is None:
        return None, question.margin
    paid = histories.spend_statistics().mean_spend
    price = float(paid[0])
    if not np.all(paid == price):
        return fit_gamma_gamma(histories), question.margin
    notes.append(f"Every customer pays {price:g} for a purchase: no spend to model beyond that price.")
    return None, question.margin * price


def _test(
    question: Question[FrameT],
    first_day: dt.date,
    end: dt.date,
    calibration_end: Day | None,
    notes: list[str],
) -> Test[FrameT] | None:
    split: Day = first_day + (end - first_day) * 2 // 3
    if calibration_end is not None:
        split = calibration_end
    elif (end - first_day).days < 3 * DAYS_PER_UNIT[question.unit]:
        notes.append(f"The log covers less than three {question.unit}s: too short for a test of the models.")
        return None
    histories = question.histories(split)
    if histories.coverage().n_repeat_customers == 0:
        notes.append(
            "Nobody bought again before the split, so there was nothing to fit and test the models on."
        )
        return None
    question.progress("Testing the models")
    # The generator feeds the randomised PIT only, of which the report says nothing.
    judged = backtest(
        histories,
        MODELS,
        rng=np.random.Generator(np.random.PCG64(0)),
        confidence_level=question.confidence_level,
    )
    late = histories.coverage().n_customers_after_calibration
    if late:
        notes.append(
            f"{late:,} customers first bought after the split: they are valued, but the test is without them."
        )
    notes.extend(f"{name} was left out of the test: {why}." for name, why in judged.failures)
    return Test(
        histories=histories, calibration_end=cast("dt.date", histories.calibration_end), judged=judged
    )


def _note_extrapolation(question: Question[FrameT], days: int, notes: list[str]) -> None:
    span = days / DAYS_PER_UNIT[question.unit]
    if question.horizon <= span:
        return
    ahead = "the whole future" if math.isinf(question.horizon) else f"{question.horizon:g} {question.unit}s"
    notes.append(
        f"The value counts {ahead}, and the log looks back {span:.0f} {question.unit}s: what lies further "
        "ahead than that is extrapolated by the model, and no test can speak for it. A shorter horizon "
        "leaves it out."
    )

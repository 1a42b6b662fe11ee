"""What a new customer is worth, beside what it costs to win one."""

from __future__ import annotations

import math
from typing import Final

from customer_centric.audit.plain import Estimate
from customer_centric.audit.segments.report import NewCustomer
from customer_centric.audit.steps import Answer, Question
from customer_centric.clv.new_customer_value import NewCustomerValue, value_new_customer
from customer_centric.typing import FrameT
from customer_centric.units import UNITS_PER_YEAR

__all__: list[str] = []

# Nobody waits longer for the money back, and no model can be asked about it.
_YEARS: Final = 20


def new_customer(question: Question[FrameT], found: Answer[FrameT], acquisition_cost: float) -> NewCustomer:
    """Value before the cost, value over cost, and when the cost is paid back."""
    worth = value_new_customer(
        found.purchases,
        found.spend,
        horizon=question.horizon,
        discount_rate=question.discount_rate,
        margin=found.terms.margin,
        confidence_level=question.confidence_level,
    )
    bounds = worth.interval
    value = Estimate(worth.lifetime_value, bounds.lower, bounds.upper)
    ratio = None
    if acquisition_cost > 0:
        ratio = Estimate(*(x / acquisition_cost for x in (value.value, bounds.lower, bounds.upper)))
    return NewCustomer(
        acquisition_cost=acquisition_cost,
        lifetime_value=value,
        first_purchase=worth.first_purchase,
        ratio=ratio,
        payback=_payback(question, found, acquisition_cost, worth),
        unit=question.unit,
    )


def _value_within(question: Question[FrameT], found: Answer[FrameT], horizon: int) -> float:
    """The expected margin alone, without its interval, which takes most of the time."""
    return value_new_customer(
        found.purchases.model,
        None if found.spend is None else found.spend.model,
        horizon=float(horizon),
        discount_rate=question.discount_rate,
        margin=found.terms.margin,
    ).lifetime_value


def _payback(
    question: Question[FrameT], found: Answer[FrameT], cost: float, worth: NewCustomerValue
) -> int | None:
    """The smallest whole number of units within which the margin reaches the cost."""
    if worth.first_purchase >= cost:
        return 0
    most = math.floor(min(question.horizon, _YEARS * UNITS_PER_YEAR[question.unit]))
    if most < 1 or _value_within(question, found, most) < cost:
        return None
    short, enough = 0, most
    while enough - short > 1:
        middle = (short + enough) // 2
        reached = _value_within(question, found, middle) >= cost
        short, enough = (short, middle) if reached else (middle, enough)
    return enough

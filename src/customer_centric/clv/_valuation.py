"""What a valuation needs of its models: the model, its covariance if it was fitted, and the terms."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from typing_extensions import TypeVar

from customer_centric._core.checks import check_confidence_level, check_number, check_offers
from customer_centric.clv._expectations import Terms
from customer_centric.errors import InvalidInputError
from customer_centric.fitting import Fit
from customer_centric.typing import FloatArray, SpendModel, TimeUnit, TransactionModel
from customer_centric.units import DiscountRate, Horizon, check_discount_rate, horizon_in_unit

M = TypeVar("M", bound=TransactionModel, default=TransactionModel)
S = TypeVar("S", bound=SpendModel, default=SpendModel)
Purchases: TypeAlias = Fit[M] | M
Spend: TypeAlias = Fit[S] | S | None


@dataclass(frozen=True, slots=True, eq=False)
class Valuation:
    """Models and terms, checked.

    The covariances are None for bare models, which know no uncertainty; a `spend` of None counts each
    purchase as 1.
    """

    purchases: TransactionModel
    purchases_covariance: FloatArray | None
    spend: SpendModel | None
    spend_covariance: FloatArray | None
    terms: Terms
    margin: float
    confidence_level: float

    @property
    def has_intervals(self) -> bool:
        """Whether every model involved was fitted."""
        fitted_spend = self.spend is None or self.spend_covariance is not None
        return self.purchases_covariance is not None and fitted_spend


def check_valuation(
    unit: TimeUnit | None,
    purchases: Purchases[M],
    spend: Spend[S],
    *,
    horizon: float | Horizon,
    discount_rate: DiscountRate,
    margin: float,
    confidence_level: float,
) -> Valuation:
    """Take fits apart, convert the horizon once, and refuse what has no finite value."""
    model, covariance = (
        (purchases.model, purchases.covariance) if isinstance(purchases, Fit) else (purchases, None)
    )
    spend_model, spend_covariance = (
        (spend.model, spend.covariance) if isinstance(spend, Fit) else (spend, None)
    )
    check_offers(
        "purchases",
        model,
        ("purchase_tail", "unit"),
        rule="a transaction model, or its Fit",
        remedy="pass what `fit_mbg_nbd` or another model of purchases returns",
    )
    if spend_model is not None:
        check_offers(
            "spend",
            spend_model,
            ("expected_spend",),
            rule="a spend model, its Fit, or None",
            remedy="pass what `fit_gamma_gamma` returns",
        )
    if unit is not None and model.unit != unit:
        raise InvalidInputError(
            f"`purchases` must be in the unit of `histories` ({unit!r}), got a model in {model.unit!r}; "
            "fit it to these histories, or summarise the transactions with that unit"
        )
    check_discount_rate(discount_rate)
    length = horizon_in_unit(horizon, model.unit)
    if np.isinf(length) and discount_rate.log_annual_factor == 0:
        raise InvalidInputError(
            "`discount_rate` must be greater than 0 where `horizon` is infinite, got 0; "
            "the undiscounted value of the whole future may be infinite"
        )
    return Valuation(
        model,
        covariance,
        spend_model,
        spend_covariance,
        Terms(length, discount_rate),
        check_number("margin", margin, minimum=0.0),
        check_confidence_level(confidence_level),
    )

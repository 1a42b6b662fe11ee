"""What is a customer worth? Purchase histories, buy-till-you-die models, spend, discounted value."""

from __future__ import annotations

from customer_centric.clv.backtest import Backtest, ScoreDifference, backtest
from customer_centric.clv.bg_nbd import BgNbd, fit_bg_nbd
from customer_centric.clv.counts import HistoryCounts, HoldoutCounts, SpendCounts
from customer_centric.clv.coverage import Coverage, PurchaseTiming
from customer_centric.clv.forecast import Forecast
from customer_centric.clv.gamma_gamma import GammaGamma, fit_gamma_gamma
from customer_centric.clv.histories import PurchaseHistories, summarise_transactions
from customer_centric.clv.mbg_nbd import MbgNbd, fit_mbg_nbd
from customer_centric.clv.nbd import Nbd, fit_nbd
from customer_centric.clv.new_customer import NewCustomer
from customer_centric.clv.new_customer_value import NewCustomerValue, value_new_customer
from customer_centric.clv.pareto_nbd import ParetoNbd, fit_pareto_nbd
from customer_centric.clv.portfolio import PortfolioValue, value_portfolio
from customer_centric.clv.profile_likelihood import likelihood_intervals
from customer_centric.clv.scores import (
    FrequencyClasses,
    HoldoutScore,
    LiftCurve,
    PitHistogram,
    ReliabilityCurve,
)
from customer_centric.clv.spend_independence import Association, SpendIndependence, check_spend_independence
from customer_centric.clv.tracking import Tracking, tracking
from customer_centric.clv.value import value_customers

__all__ = [
    "Association",
    "Backtest",
    "BgNbd",
    "Coverage",
    "Forecast",
    "FrequencyClasses",
    "GammaGamma",
    "HistoryCounts",
    "HoldoutCounts",
    "HoldoutScore",
    "LiftCurve",
    "MbgNbd",
    "Nbd",
    "NewCustomer",
    "NewCustomerValue",
    "ParetoNbd",
    "PitHistogram",
    "PortfolioValue",
    "PurchaseHistories",
    "PurchaseTiming",
    "ReliabilityCurve",
    "ScoreDifference",
    "SpendCounts",
    "SpendIndependence",
    "Tracking",
    "backtest",
    "check_spend_independence",
    "fit_bg_nbd",
    "fit_gamma_gamma",
    "fit_mbg_nbd",
    "fit_nbd",
    "fit_pareto_nbd",
    "likelihood_intervals",
    "summarise_transactions",
    "tracking",
    "value_customers",
    "value_new_customer",
    "value_portfolio",
]

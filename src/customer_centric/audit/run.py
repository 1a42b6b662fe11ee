"""The audit itself: from a log to what its customers are worth."""

from __future__ import annotations

import datetime as dt
import math
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from importlib import import_module
from typing import Final, Generic, Literal, TypeAlias

import narwhals.stable.v2 as nw
import numpy as np

from customer_centric._core.checks import check_confidence_level, check_number
from customer_centric.audit import assemble
from customer_centric.audit.assemble import Column
from customer_centric.audit.charts import draw_charts
from customer_centric.audit.html import Chart
from customer_centric.audit.report import AuditReport, CustomerBase, Holdout, Portfolio, Settings
from customer_centric.clv.backtest import Backtest, backtest
from customer_centric.clv.bg_nbd import BgNbd, fit_bg_nbd
from customer_centric.clv.gamma_gamma import GammaGamma, fit_gamma_gamma
from customer_centric.clv.histories import PurchaseHistories, summarise_transactions
from customer_centric.clv.mbg_nbd import MbgNbd, fit_mbg_nbd
from customer_centric.clv.nbd import Nbd, fit_nbd
from customer_centric.clv.pareto_nbd import ParetoNbd, fit_pareto_nbd
from customer_centric.clv.portfolio import PortfolioValue, value_portfolio
from customer_centric.clv.value import value_customers
from customer_centric.errors import DataWarning, MissingDependencyError, ModelWarning
from customer_centric.fitting import Fit
from customer_centric.typing import FrameT, TimeUnit
from customer_centric.units import DAYS_PER_UNIT, UNITS_PER_YEAR, DiscountRate

__all__ = ["Audit", "run_audit"]

_Model: TypeAlias = BgNbd | MbgNbd | ParetoNbd | Nbd
_Fit: TypeAlias = Fit[BgNbd] | Fit[MbgNbd] | Fit[ParetoNbd] | Fit[Nbd]

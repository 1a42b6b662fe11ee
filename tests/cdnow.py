"""The CDNOW sample as the papers use it, and the models fitted to it, once a process."""

from __future__ import annotations

from functools import cache

import pandas as pd

from customer_centric import (
    BgNbd,
    Fit,
    GammaGamma,
    MbgNbd,
    Nbd,
    ParetoNbd,
    PurchaseHistories,
    fit_bg_nbd,
    fit_gamma_gamma,
    fit_mbg_nbd,
    fit_nbd,
    fit_pareto_nbd,
    summarise_transactions,
)
from customer_centric.datasets import load_cdnow_sample

# The three histories that the literature asks about: never came back, came twice, came all the time.
NEVER, TWICE, OFTEN = (0, 0.0, 272 / 7), (2, 213 / 7, 272 / 7), (26, 216 / 7, 31.0)


@cache
def histories() -> PurchaseHistories[pd.DataFrame]:
    """Weeks as days / 7, calibrated until 1997-09-30, 39 weeks of holdout."""
    return summarise_transactions(
        load_cdnow_sample(),
        customer="customer",
        date="date",
        amount="amount",
        end="1998-06-30",
        calibration_end="1997-09-30",
        unit="week",
    )


@cache
def bg_nbd() -> Fit[BgNbd]:
    return fit_bg_nbd(histories())


@cache
def mbg_nbd() -> Fit[MbgNbd]:
    return fit_mbg_nbd(histories())


@cache
def pareto_nbd() -> Fit[ParetoNbd]:
    return fit_pareto_nbd(histories())


@cache
def nbd() -> Fit[Nbd]:
    return fit_nbd(histories())


@cache
def gamma_gamma() -> Fit[GammaGamma]:
    return fit_gamma_gamma(histories())

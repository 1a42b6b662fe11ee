"""Arguments of the wrong kind are refused by name, with the remedy, before anything is computed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pandas as pd
import pytest

import cdnow
from customer_centric import (
    DiscountRate,
    InvalidInputError,
    fit_bg_nbd,
    fit_gamma_gamma,
    tracking,
    value_customers,
    value_new_customer,
    value_portfolio,
)

TERMS: dict[str, Any] = {"horizon": 52, "discount_rate": DiscountRate.annual(0.1)}
FRAME: Any = pd.DataFrame({"frequency": [1]})


@pytest.mark.parametrize("function", [fit_bg_nbd, fit_gamma_gamma])
def test_a_bare_frame_is_no_histories_to_a_fit(function: Callable[[Any], object]) -> None:
    with pytest.raises(
        InvalidInputError, match=r"^`histories` must be purchase histories, got DataFrame; `summ"
    ):
        function(FRAME)


@pytest.mark.parametrize("function", [value_customers, value_portfolio])
def test_a_bare_frame_is_no_histories_to_a_valuation(function: Callable[..., object]) -> None:
    with pytest.raises(
        InvalidInputError, match=r"^`histories` must be purchase histories, got DataFrame; `summ"
    ):
        function(FRAME, cdnow.mbg_nbd(), **TERMS)


def test_a_bare_frame_cannot_be_tracked() -> None:
    with pytest.raises(
        InvalidInputError, match=r"^`histories` must be purchase histories of a log, got DataFr"
    ):
        tracking(FRAME, cdnow.mbg_nbd())


def test_purchases_and_spend_that_changed_places_are_told_apart() -> None:
    purchases: Any = cdnow.mbg_nbd()
    spend: Any = cdnow.gamma_gamma()
    with pytest.raises(
        InvalidInputError, match=r"^`purchases` must be a transaction model, or its Fit, got Gamma"
    ):
        value_new_customer(spend, purchases, **TERMS)
    with pytest.raises(
        InvalidInputError, match=r"^`spend` must be a spend model, its Fit, or None, got MbgNbd; p"
    ):
        value_new_customer(purchases, purchases, **TERMS)


def test_a_bare_rate_is_refused_by_a_model_too() -> None:
    rate: Any = 0.1
    with pytest.raises(
        InvalidInputError, match=r"^`discount_rate` must be a DiscountRate, got 0.1; 10 % a year"
    ):
        cdnow.mbg_nbd().model.discounted_purchases(2, 30, 38, discount_rate=rate)

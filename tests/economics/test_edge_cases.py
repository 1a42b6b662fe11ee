"""Nothing, one, all alike, and what is undefined: what every topic answers, in one table.

The rows on journeys are held where journeys are.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest

import customer_centric as cc
from customer_centric.errors import InvalidInputError

RATE: dict[str, Any] = {"discount_rate": 0.1}
CONTRACTS = {"customer": "customer", "begins": "begins", "ends": "ends"}


# ── An empty log or frame ───────────────────────────────────────────────────────────────────────────


def empty_log() -> pd.DataFrame:
    ids, amounts = pd.Series([], dtype="int64"), pd.Series([], dtype="float64")
    return pd.DataFrame({"customer": ids, "date": pd.to_datetime([]), "amount": amounts})


def histories(log: pd.DataFrame) -> cc.PurchaseHistories:
    return cc.summarise_transactions(
        log, customer="customer", date="date", amount="amount", end="2025-01-01", unit="week"
    )


def test_an_empty_log_reduces_to_an_empty_frame_with_the_columns() -> None:
    log = empty_log()
    found = histories(log).frame
    assert len(found) == 0
    assert {"frequency", "recency", "age"} <= set(found.columns)
    profit = cc.customer_profit(
        log[["customer", "amount"]], customer="customer", amount="amount", margin_rate=0.4
    )
    assert len(profit) == 0
    assert {"customer", "profit"} <= set(profit.columns)


@pytest.mark.parametrize(
    "score",
    [
        lambda: cc.net_promoter_score([]),
        lambda: cc.fit_bg_nbd(histories(empty_log())),
        lambda: cc.gini([]),
        lambda: cc.whale_curve([]),
        lambda: cc.investment_case([], discount_rate=0.1),
        lambda: cc.retention_roi([], 0.01, margin=1, cost=1, discount_rate=0.1),
        lambda: cc.clv_from_survival([], 1, discount_rate=0.1, timing="end"),
    ],
    ids=["nps", "fit", "gini", "whale", "investment", "roi", "survival"],
)
def test_a_score_or_a_fit_of_nothing_is_refused(score: Callable[[], object]) -> None:
    with pytest.raises(InvalidInputError):
        score()


# ── All alike, one customer, no profit ──────────────────────────────────────────────────────────────


@pytest.mark.parametrize("profits", [[5.0], [5.0] * 7])
def test_equal_profits_have_a_gini_of_0_and_a_whale_that_peaks_at_1(profits: list[float]) -> None:
    assert cc.gini(profits).coefficient == 0.0
    assert cc.whale_curve(profits).peak == 1.0


def test_deciles_of_fewer_customers_have_as_many_groups_and_say_so() -> None:
    table = cc.decile_table([30.0, 20.0, 10.0])
    assert len(table.to_frame()) == 3
    assert table.reason is not None


@pytest.mark.parametrize("profits", [[10.0, -10.0], [5.0, -20.0], [0.0, 0.0]])
def test_without_a_total_profit_the_whale_is_in_money_only(profits: list[float]) -> None:
    whale = cc.whale_curve(profits)
    assert math.isnan(whale.peak)
    assert whale.reason
    assert np.isnan(whale.share_of_profit(0.5)).all()
    assert (whale.gained, whale.destroyed) == (max(profits[0], 0.0), -min(profits[1], 0.0))
    assert np.isfinite(whale.cumulative).all()


# ── A negative margin ───────────────────────────────────────────────────────────────────────────────


def test_a_negative_margin_has_a_negative_value_and_is_never_paid_back() -> None:
    for value in (
        cc.clv_simple(-5, 10),
        cc.clv_annuity(-5, 10, **RATE, timing="end"),
        cc.clv_retention(-5, 0.9, **RATE, timing="start"),
        cc.clv_from_survival([1, 0.5], -5, **RATE, timing="mid"),
        cc.residual_clv([1, 0.5], -5, tenure=1, **RATE, timing="end"),
    ):
        assert value < 0
    assert cc.payback_period(-5, 10, timing="start") == math.inf
    assert cc.payback_from_survival([1, 0.5], -5, 10, timing="start") == math.inf
    ratio = cc.ltv_to_cac(-5, 10, horizon=3, timing="end", **RATE)
    assert ratio.ratio < 0
    assert ratio.payback == math.inf


def test_a_negative_margin_keeps_the_sign_of_the_elasticity() -> None:
    loss = cc.clv_elasticities(-5, 0.9, **RATE, timing="start")
    gain = cc.clv_elasticities(5, 0.9, **RATE, timing="start")
    assert loss.retention_rate == gain.retention_rate == pytest.approx(4.5)


# ── Numbers out of their range ──────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: cc.clv_retention(5, 1.2, **RATE, timing="end"), r"`retention_rate` .* got 1\.2"),
        (lambda: cc.clv_retention(5, -0.1, **RATE, timing="end"), r"`retention_rate` .* got -0\.1"),
        (lambda: cc.retention_elasticity(2, discount_rate=0.1), "`retention_rate` .* got 2"),
        (lambda: cc.payback_period(5, 1, timing="end", retention_rate=2), "`retention_rate` .* got 2"),
        (
            lambda: cc.retention_roi([0.5, 1.5], 0.0, margin=1, cost=1, **RATE),
            r"`retention_rate` .* got 1\.5 at position 1 \(1 of 2 values\)",
        ),
        (lambda: cc.clv_annuity(5, 2, discount_rate=-1, timing="end"), "`discount_rate` .* got -1"),
        (lambda: cc.payback_period(5, 1, timing="end", discount_rate=-2), "`discount_rate` .* got -2"),
        (lambda: cc.investment_case([1], discount_rate=-1), "`discount_rate` .* got -1"),
        (lambda: cc.clv_simple(5, -1), "`periods` .* got -1"),
        (lambda: cc.clv_annuity(5, -1, **RATE, timing="end"), "`periods` .* got -1"),
        (
            lambda: cc.clv_from_survival([1, 1], [5, math.nan], **RATE, timing="end"),
            r"`margin` .* got nan at position 1 \(1 of 2 values\)",
        ),
        (
            lambda: cc.investment_case([-5, math.nan, math.nan], **RATE),
            r"`cashflows` .* got nan at position 1 \(2 of 3 values\)",
        ),
        (lambda: cc.clv_simple(math.nan, 1), "`revenue_per_period` .* got nan"),
    ],
)
def test_a_number_out_of_range_is_named_with_its_value_and_position(
    call: Callable[[], object], message: str
) -> None:
    with pytest.raises(InvalidInputError, match=message):
        call()
    with pytest.raises(ValueError, match=message):
        call()


# ── No discount ─────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("timing", ["start", "mid", "end", "continuous"])
def test_without_a_discount_an_annuity_is_margin_times_periods(timing: Any) -> None:
    assert cc.clv_annuity(500, 10, discount_rate=0, timing=timing) == 5000.0
    assert cc.clv_annuity(500, 2.5, discount_rate=0, timing=timing) == 1250.0


def test_without_a_discount_a_geometric_life_is_its_mean_and_an_endless_one_diverges() -> None:
    assert cc.clv_retention(500, 0.9, discount_rate=0, timing="start") == pytest.approx(500 / 0.1)
    assert cc.retention_elasticity(0.9, discount_rate=0) == pytest.approx(9)
    for call in (
        lambda: cc.clv_retention(500, 1, discount_rate=0, timing="start"),
        lambda: cc.retention_elasticity(1, discount_rate=0),
        lambda: cc.ltv_to_cac(5, 1, horizon=math.inf, timing="end", discount_rate=0),
    ):
        with pytest.raises(InvalidInputError, match="the sum diverges"):
            call()


def test_a_partial_last_period_earns_its_part_and_the_continuous_formula_is_exact() -> None:
    """2.5 years at year end: 2 whole margins, and half of one a year later. A flow is its integral."""
    expected = 500 / 1.1 + 500 / 1.1**2 + 250 / 1.1**3
    assert cc.clv_annuity(500, 2.5, **RATE, timing="end") == pytest.approx(expected)
    delta = math.log(1.1)
    flow = 500 * (1 - math.exp(-2.5 * delta)) / delta
    assert cc.clv_annuity(500, 2.5, **RATE, timing="continuous") == pytest.approx(flow)


# ── Bases of zero ───────────────────────────────────────────────────────────────────────────────────


def test_an_acquisition_cost_of_0_is_paid_back_at_once_at_an_infinite_ratio() -> None:
    for timing in ("start", "mid", "end", "continuous", "after_renewal"):
        assert cc.payback_period(5, 0, timing=timing) == 0.0
    found = cc.ltv_to_cac(5, 0, horizon=3, timing="end", **RATE)
    assert (found.ratio, found.payback) == (math.inf, 0.0)


def test_a_churn_rate_of_no_customers_is_nan() -> None:
    assert math.isnan(cc.churn_rate(0, 0))
    contracts = pd.DataFrame({"customer": ["a"], "begins": ["2030-01-01"], "ends": [None]})
    found = cc.period_churn(contracts, "2024-01-01", "2025-01-01", **CONTRACTS)
    assert math.isnan(found.rate)
    assert found.reason


def test_an_action_that_brings_and_costs_nothing_has_a_surplus_of_0_and_no_ratio() -> None:
    found = cc.perceived_value(0.0, 0.0)
    assert found.surplus == 0.0
    assert math.isnan(found.ratio)
    assert found.reason

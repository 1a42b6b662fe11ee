"""Who matters and how the base changes: numbers as the topics give them, or reasons."""

from __future__ import annotations

import duckdb
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from customer_centric.audit import Audit, run_audit
from customer_centric.audit.segments.report import SegmentReport
from customer_centric.clv import (
    fit_gamma_gamma,
    fit_mbg_nbd,
    summarise_transactions,
    value_customers,
    value_new_customer,
)
from customer_centric.datasets import load_cdnow_sample
from customer_centric.errors import InvalidInputError
from customer_centric.segments import base_audit, decile_table, gini, rfm_scores, rfm_segments, value_tiers
from customer_centric.units import DiscountRate

COLUMNS = {"customer": "customer", "date": "date", "amount": "amount"}


@pytest.fixture(autouse=True)
def undrawn(monkeypatch: pytest.MonkeyPatch) -> None:
    """Drawing takes longer than everything else."""
    monkeypatch.setattr("customer_centric.audit.run.draw_charts", lambda _: ())
    monkeypatch.setattr("customer_centric.audit.run.draw_return_charts", lambda _: ())


def ask(log: object, **changes: object) -> SegmentReport:
    question = {
        **COLUMNS,
        "end": "2024-12-31",
        "unit": "week",
        "margin": 0.3,
        "discount_rate": 0.1,
        **changes,
    }
    audit: Audit = run_audit(log, **question)  # type: ignore[arg-type]
    assert audit.report.segments is not None
    return audit.report.segments


def small_log(n: int = 60, days: int = 400) -> pd.DataFrame:
    """Customers who all buy in the first months of 2024, and some of them again."""
    rng = np.random.default_rng(3)
    rows = [
        (f"c{i:03d}", pd.Timestamp("2024-01-01") + pd.Timedelta(days=int(start) + gap), 10.0 + i % 7)
        for i, start in enumerate(rng.integers(0, min(91, days), n))
        for gap in sorted({0, *rng.integers(0, max(days - 91, 8), rng.poisson(2.0)).tolist()})
    ]
    return pd.DataFrame(rows, columns=["customer", "date", "amount"])


@pytest.fixture(scope="module")
def sample() -> SegmentReport:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("customer_centric.audit.run.draw_charts", lambda _: ())
        return ask(load_cdnow_sample(), end="1998-06-30", calibration_end="1997-09-30", acquisition_cost=25.0)


def test_the_sample_has_the_numbers_of_the_topics(sample: SegmentReport) -> None:
    log = load_cdnow_sample()
    histories = summarise_transactions(log, **COLUMNS, end="1998-06-30", unit="week")
    purchases, spend = fit_mbg_nbd(histories), fit_gamma_gamma(histories)
    terms = {"horizon": np.inf, "discount_rate": DiscountRate.annual(0.1), "margin": 0.3}
    worth = value_customers(histories, purchases.model, spend.model, **terms)["lifetime_value"].to_numpy()  # type: ignore[arg-type]
    share, uneven = sample.concentration.share, sample.concentration.gini
    assert share is not None
    assert uneven is not None
    assert share.value == pytest.approx(decile_table(worth, n_groups=5).table["share_of_total"].iloc[0])
    assert uneven.value == pytest.approx(gini(worth).coefficient)
    cuts = [tier.at_least for tier in reversed(sample.tiers) if tier.at_least is not None]
    tiers = value_tiers(worth, cuts)
    assert [tier.customers for tier in reversed(sample.tiers)] == tiers.customers.tolist()
    assert [tier.value for tier in reversed(sample.tiers)] == pytest.approx(tiers.value.tolist())
    new = value_new_customer(purchases, spend, confidence_level=0.9, **terms)  # type: ignore[arg-type]
    found = sample.new_customer
    assert found is not None
    assert found.lifetime_value.value == pytest.approx(new.lifetime_value)
    assert found.ratio is not None
    assert found.ratio.upper == pytest.approx(new.interval.upper / 25.0)


def test_tiers_begin_at_amounts_one_can_remember_and_hold_everybody(sample: SegmentReport) -> None:
    assert [tier.at_least for tier in sample.tiers] == [220.0, 54.0, 7.9, None]
    assert sum(tier.customers for tier in sample.tiers) == 2357
    expected = [tier.expected for tier in sample.tiers]
    assert sum(row.value for row in expected if row is not None) == pytest.approx(2357)
    shares = [tier.value_share for tier in sample.tiers]
    assert sum(row.value for row in shares if row is not None) == pytest.approx(1.0)


def test_names_are_those_of_the_scores(sample: SegmentReport) -> None:
    log = load_cdnow_sample()
    frame = summarise_transactions(log, **COLUMNS, end="1998-06-30", unit="week").frame
    # Weeks are sevenths: equal days must stay equal.
    since = ((frame["age"] - frame["recency"]) * 7).round()
    seen = pd.DataFrame({"time_since_last": since, "frequency": frame["frequency"], "spend": 1.0})
    scored = rfm_scores(seen).frame
    counts = pd.Series(rfm_segments(scored["r_score"], scored["f_score"])).value_counts().to_dict()
    assert {row.name: row.customers for row in sample.rfm} == counts
    assert [row.value for row in sample.rfm] == sorted((row.value for row in sample.rfm), reverse=True)


def test_the_change_is_that_of_the_lenses(sample: SegmentReport) -> None:
    lenses = base_audit(
        load_cdnow_sample(), **COLUMNS, end="1998-06-30", period="month", confidence_level=0.9
    )
    found = sample.change
    assert found is not None
    assert found.kept is not None
    assert (found.customers, found.kept.value) == (138, lenses.kept_share)
    assert [move.customers for move in found.movements] == lenses.two_periods["customers"].tolist()
    assert sum(move.after for move in found.movements) == pytest.approx(found.amount)
    at = lenses.same_age.set_index(["cohort", "age"])["cumulative_per_acquired"]
    assert [row.amount_per_acquired for row in found.cohorts] == pytest.approx(
        [at[pd.Timestamp("1997-01-01"), 15], at[pd.Timestamp("1997-03-01"), 15]]
    )
    assert found.newcomers == 0.0


def test_payback_is_the_first_whole_week_whose_margin_reaches_the_cost(sample: SegmentReport) -> None:
    histories = summarise_transactions(load_cdnow_sample(), **COLUMNS, end="1998-06-30", unit="week")
    models = fit_mbg_nbd(histories).model, fit_gamma_gamma(histories).model
    found = sample.new_customer
    assert found is not None
    assert found.payback is not None
    before, after = (
        value_new_customer(
            *models, horizon=float(weeks), discount_rate=DiscountRate.annual(0.1), margin=0.3
        ).lifetime_value
        for weeks in (found.payback - 1, found.payback)
    )
    assert before < 25.0 <= after


def test_a_small_cost_is_paid_back_at_once_and_a_large_one_never() -> None:
    cheap, dear, free = (ask(small_log(), acquisition_cost=cost).new_customer for cost in (0.01, 1e6, 0.0))
    assert cheap is not None
    assert dear is not None
    assert free is not None
    assert (cheap.payback, dear.payback, free.payback, free.ratio) == (0, None, 0, None)
    short = ask(small_log(), acquisition_cost=1e6, horizon=0.5, discount_rate=0.0).new_customer
    assert short is not None
    assert short.payback is None


def test_every_engine_gives_the_same_report() -> None:
    log = small_log()
    ours = ask(log, tiers=[5.0, 20.0])
    for other in (pl.from_pandas(log).lazy(), duckdb.from_arrow(pa.Table.from_pandas(log))):
        theirs = ask(other, tiers=[5.0, 20.0])
        assert [tier.customers for tier in theirs.tiers] == [tier.customers for tier in ours.tiers]
        assert [(row.name, row.customers) for row in theirs.rfm] == [
            (row.name, row.customers) for row in ours.rfm
        ]
        assert theirs.change is not None
        assert ours.change is not None
        assert theirs.change.cohorts == ours.change.cohorts
        assert [move.customers for move in theirs.change.movements] == [
            move.customers for move in ours.change.movements
        ]


def test_without_amounts_there_is_no_money_to_compare() -> None:
    report = ask(small_log(), amount=None, margin=2.5)
    assert report.change is None
    assert report.change_reason == "The log has no amounts, so there is no money to compare."
    assert report.tiers
    assert report.rfm


def test_a_first_month_that_is_not_over_is_no_period() -> None:
    log = small_log(days=18)
    report = ask(log[log["date"] < "2024-01-04"], end="2024-01-05")
    assert report.change is None
    assert report.change_reason.startswith("The first week with customers is not over")


def test_a_last_month_without_purchases_has_nobody_to_look_at() -> None:
    report = ask(small_log(), end="2025-02-03")
    assert report.change is None
    assert report.change_reason == "Nobody bought in the last month that is over."


def test_refunds_and_zeros_follow_the_policy() -> None:
    log = small_log()
    log.loc[log.index[:3], "amount"] = [-1.0, 0.0, 0.0]
    dropped, netted = (ask(log, refunds=refunds, zero_amounts="drop").change for refunds in ("drop", "net"))
    assert dropped is not None
    assert netted is not None
    assert dropped.movements == netted.movements
    assert dropped.kept == netted.kept


def test_no_margin_is_no_value() -> None:
    report = ask(small_log(), margin=0.0, acquisition_cost=10.0)
    assert report.tiers == ()
    assert report.tier_reason.startswith("Nobody is worth anything")
    assert report.concentration.share is None
    assert report.concentration.gini is None
    assert report.new_customer is not None
    assert report.new_customer.payback is None


def test_too_many_customers_are_not_asked_how_sure_they_are(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("customer_centric.audit.segments.find._MOST_ASKED", 10)
    assert {(tier.expected, tier.sure) for tier in ask(small_log()).tiers} == {(None, None)}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"tiers": [5.0, 2.0]}, "`thresholds` must ascend, got 2 after 5"),
        ({"acquisition_cost": -1.0}, "`acquisition_cost` must be a finite number at least 0, got -1"),
    ],
)
def test_wrong_questions_are_refused(changes: dict[str, object], message: str) -> None:
    with pytest.raises(InvalidInputError, match=message):
        ask(small_log(), **changes)

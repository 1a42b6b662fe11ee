"""From a log to a report: numbers as the topics give them, and for every log an answer or a reason."""

from __future__ import annotations

import dataclasses
import json
import os
import subprocess
import sys
import warnings
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from customer_centric.audit import Audit, render_html, render_text, report_mapping, run_audit, steps
from customer_centric.audit.cli import main
from customer_centric.clv import (
    fit_gamma_gamma,
    fit_mbg_nbd,
    summarise_transactions,
    value_customers,
    value_portfolio,
)
from customer_centric.datasets import load_cdnow_sample
from customer_centric.errors import InvalidInputError, ModelWarning
from customer_centric.units import DiscountRate

COLUMNS = {"customer": "customer", "date": "date", "amount": "amount"}
SAMPLE = {**COLUMNS, "end": "1998-06-30", "unit": "week", "margin": 0.3, "discount_rate": 0.1}


@pytest.fixture(scope="module")
def audit() -> Audit:
    return run_audit(load_cdnow_sample(), calibration_end="1997-09-30", **SAMPLE)  # type: ignore[arg-type]


@pytest.fixture(autouse=True)
def undrawn(audit: Audit, monkeypatch: pytest.MonkeyPatch) -> None:
    """Drawing takes longer than everything else: only the audit of the sample does it."""
    monkeypatch.setattr("customer_centric.audit.run.draw_charts", lambda _: ())


def small_log(n: int = 60, days: int = 400) -> pd.DataFrame:
    """Customers who all buy in January 2024, and some of them again."""
    rng = np.random.default_rng(3)
    rows = [
        (f"c{i:03d}", pd.Timestamp("2024-01-01") + pd.Timedelta(days=int(start) + gap), 10.0 + i % 7)
        for i, start in enumerate(rng.integers(0, min(31, days), n))
        for gap in sorted({0, *rng.integers(0, max(days - 40, 8), rng.poisson(1.5)).tolist()})
    ]
    return pd.DataFrame(rows, columns=["customer", "date", "amount"])


def ask(log: object, **changes: object) -> Audit:
    question = {
        **COLUMNS,
        "end": "2025-02-03",
        "unit": "week",
        "margin": 0.3,
        "discount_rate": 0.1,
        **changes,
    }
    return run_audit(log, **question)  # type: ignore[arg-type]


# ── The sample ──────────────────────────────────────────────────────────────────────────────────────


def test_the_test_of_the_sample_has_the_published_numbers(audit: Audit) -> None:
    """1,882 purchases in 39 weeks; each model expects what its maximum-likelihood fit expects."""
    holdout = audit.report.holdout
    assert holdout is not None
    assert (holdout.customers, holdout.actual, holdout.length) == (2357, 1882, 39.0)
    assert str(holdout.calibration_end) == "1997-09-30"
    expected = {score.name: score.expected for score in holdout.scores}
    assert expected["Pareto/NBD"] == pytest.approx(1665.513, abs=5e-3)
    assert expected["BG/NBD"] == pytest.approx(1653.409, abs=5e-3)
    assert expected["MBG/NBD"] == pytest.approx(1576.728, abs=5e-3)
    likelihood = {score.name: score.log_likelihood for score in holdout.scores}
    assert likelihood["BG/NBD"] == pytest.approx(-9582.4292, abs=1e-3)
    assert sum(row.customers for row in holdout.classes) == 2357


def test_the_model_is_the_one_that_the_holdout_prefers(audit: Audit) -> None:
    holdout = audit.report.holdout
    assert holdout is not None
    scores = [score for score in holdout.scores if score.n_parameters]
    best = max(scores, key=lambda score: score.log_score or -np.inf)
    assert scores[0] is best
    assert audit.report.purchases.name in {
        score.name for score in scores if (score.behind or 0.0) <= (score.behind_error or 0.0)
    }
    assert audit.report.purchases.name in audit.report.reason


def test_the_values_are_those_of_the_topics(audit: Audit) -> None:
    report = audit.report
    histories = summarise_transactions(load_cdnow_sample(), **COLUMNS, end="1998-06-30", unit="week")
    purchases, spend = fit_mbg_nbd(histories), fit_gamma_gamma(histories)
    terms = {"discount_rate": DiscountRate.annual(0.1), "margin": 0.3, "confidence_level": 0.9}
    total = value_portfolio(histories, purchases, spend, horizon=np.inf, **terms)  # type: ignore[arg-type]
    assert report.lifetime.value.value == total.lifetime_value
    assert report.lifetime.value.lower == total.interval.lower
    assert report.lifetime.purchases is None
    year = value_portfolio(histories, purchases, spend, horizon=365.25 / 7, **terms)  # type: ignore[arg-type]
    assert report.next_year.value.value == year.lifetime_value
    assert report.next_year.purchases is not None
    assert report.next_year.purchases.value == year.expected_purchases
    values = value_customers(histories, purchases, spend, horizon=np.inf, **terms)  # type: ignore[arg-type]
    ranked = values.sort_values("lifetime_value", ascending=False)
    assert [row.customer for row in report.top] == ranked["customer"].head(10).tolist()
    best = ranked.iloc[0]
    assert report.top[0].lifetime_value.value == pytest.approx(best["lifetime_value"])
    assert report.top[0].lifetime_value.upper == pytest.approx(best["lifetime_value_upper"])
    assert report.top[0].predicted_value.upper == pytest.approx(best["predicted_value_upper"])
    assert sum(group.value for group in report.groups) == pytest.approx(total.lifetime_value)
    assert report.base.repeat_customers == 1139
    assert report.base.purchases == 6696
    assert report.base.alive == pytest.approx(float(values["probability_alive"].sum()))


def test_the_spend_assumption_is_judged(audit: Audit) -> None:
    assert audit.report.spend_verdict is not None
    assert "spend depends on frequency" in audit.report.spend_verdict.lower()


def test_what_lies_beyond_the_log_is_said_to_be_extrapolated(audit: Audit) -> None:
    assert any("extrapolated by the model" in note for note in audit.report.notes)


def test_the_report_renders(audit: Audit) -> None:
    assert max(map(len, render_text(audit.report).splitlines()[:-1])) <= 100
    assert render_html(audit.report, audit.charts).count("</section>") == 10
    json.dumps(report_mapping(audit.report), allow_nan=False)


# ── Every kind of log ───────────────────────────────────────────────────────────────────────────────


def test_every_engine_gives_the_same_report() -> None:
    log = small_log()
    ours = report_mapping(ask(log).report)
    others = {
        "polars": pl.from_pandas(log),
        "lazy polars": pl.from_pandas(log).lazy(),
        "pyarrow": pa.Table.from_pandas(log),
        "duckdb": duckdb.from_arrow(pa.Table.from_pandas(log)),
    }
    for name, other in others.items():
        theirs = report_mapping(ask(other).report)
        assert json.dumps(theirs["base"]) == json.dumps(ours["base"]), name
        assert theirs["reason"] == ours["reason"], name
        lifetime, same = theirs["lifetime"], ours["lifetime"]
        assert isinstance(lifetime, dict)
        assert isinstance(same, dict)
        assert lifetime["parameter_error"] == pytest.approx(same["parameter_error"], rel=1e-6), name
        top = theirs["top"]
        assert isinstance(top, list)
        assert len(top) == 10


def test_two_thirds_of_the_span_are_the_calibration() -> None:
    log = small_log()
    holdout = ask(log).report.holdout
    assert holdout is not None
    first, end = log["date"].min(), pd.Timestamp("2025-02-03")
    assert (holdout.calibration_end - first.date()).days == (end - first).days * 2 // 3


def test_a_short_log_is_valued_without_a_test() -> None:
    log = small_log(days=18)
    report = ask(log, end="2024-01-20").report
    assert report.holdout is None
    assert report.purchases.name == "MBG/NBD"
    assert "for want of a test" in report.reason
    assert "The log covers less than three weeks: too short for a test of the models." in report.notes
    assert "nothing here has been tested" in render_text(report)
    render_html(report)


def test_no_repeat_purchase_before_the_split_leaves_no_test() -> None:
    log = pd.DataFrame(
        {
            "customer": [f"c{i}" for i in range(20)] + ["c1", "c2", "c3"],
            "date": ["2024-01-01"] * 20 + ["2024-12-01", "2024-12-11", "2024-12-21"],
            "amount": 5.0,
        }
    )
    report = ask(log, end="2024-12-31").report
    assert report.holdout is None
    assert any("Nobody bought again before the split" in note for note in report.notes)


def test_customers_who_come_after_the_split_are_counted() -> None:
    log = small_log()
    late = pd.DataFrame({"customer": ["z1", "z2"], "date": pd.to_datetime(["2024-12-24"] * 2), "amount": 9.0})
    report = ask(pd.concat([log, late])).report
    assert any(note.startswith("2 customers first bought after the split") for note in report.notes)
    assert report.base.customers == report.holdout.customers + 2  # type: ignore[union-attr]


def test_without_amounts_a_purchase_is_worth_the_margin() -> None:
    report = ask(small_log(), amount=None, margin=2.5).report
    assert report.spend is None
    assert report.base.repeat_spend is None
    assert {row.mean_spend for row in report.top} == {None}
    doubled = ask(small_log(), amount=None, margin=5.0).report
    assert doubled.lifetime.value.value == pytest.approx(2 * report.lifetime.value.value)
    assert "2.50 a purchase" in render_text(report)


def test_a_short_horizon_is_the_whole_answer() -> None:
    report = ask(small_log(), horizon=26.0, discount_rate=0.0).report
    assert report.lifetime == report.next_year
    assert report.lifetime.purchases is not None
    assert "the next 26 weeks" in render_text(report)


def test_equal_amounts_and_months_are_ordinary() -> None:
    log = small_log()
    report = ask(log.assign(amount=10.0), unit="month").report
    assert report.spend is None
    assert any(note.startswith("Every customer pays 10 for a purchase") for note in report.notes)
    counted = ask(log, amount=None, margin=3.0, unit="month").report
    assert report.lifetime.value.value == pytest.approx(counted.lifetime.value.value)
    render_html(report)


def test_refunds_and_zeros_follow_the_policy() -> None:
    log = small_log()
    log.loc[log.index[:3], "amount"] = [-1.0, 0.0, 0.0]
    with pytest.raises(InvalidInputError, match="refunds"):
        ask(log)
    report = ask(log, refunds="drop", zero_amounts="drop").report
    said = {item.what: item.count for item in report.log}
    assert said["refunds, left out"] == 1
    assert said["amounts of zero, left out"] == 2
    assert (report.settings.refunds, report.settings.zero_amounts) == ("drop", "drop")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"discount_rate": 0.0}, "`discount_rate` must be greater than 0 where `horizon` is infinite"),
        ({"discount_rate": -0.1}, "at least 0, got -0.1"),
        ({"margin": -0.3}, "`margin` must be a finite number at least 0, got -0.3"),
        ({"horizon": 0.0}, "`horizon` must be a finite number greater than 0, got 0"),
        ({"confidence_level": 90}, "`confidence_level` must be"),
        ({"customer": "who"}, "who"),
        ({"end": "2023-12-31"}, "`end`"),
        ({"calibration_end": "2025-02-03"}, "`calibration_end`"),
    ],
)
def test_wrong_questions_are_refused(changes: dict[str, object], message: str) -> None:
    with pytest.raises(InvalidInputError, match=message):
        ask(small_log(), **changes)


def test_logs_that_nothing_can_be_learnt_from_say_why() -> None:
    one = small_log().drop_duplicates("customer")
    with pytest.raises(InvalidInputError, match="`histories` must have repeat purchases, got none among 60"):
        ask(one)
    with pytest.raises(InvalidInputError, match="at least one customer, got none"):
        ask(one.iloc[:0])


# ── What goes on around it ──────────────────────────────────────────────────────────────────────────


def test_warnings_become_notes_and_others_go_on(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = steps.answer

    def warning(*arguments: object) -> object:
        warnings.warn("the model looks wrong", ModelWarning, stacklevel=1)
        warnings.warn("something else", UserWarning, stacklevel=1)
        return whole(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr("customer_centric.audit.run.answer", warning)
    with pytest.warns(UserWarning, match="something else") as caught:
        report = ask(small_log()).report
    assert [str(warning.message) for warning in caught] == ["something else"]
    assert "the model looks wrong" in report.notes


def test_progress_is_told_step_by_step() -> None:
    told: list[str] = []
    ask(small_log(), progress=told.append)
    assert told[0] == "Reducing the log to histories"
    assert "Testing the models" in told
    assert told[-1] == "Drawing the charts"


# ── The command, for real ───────────────────────────────────────────────────────────────────────────


def command(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "customer_centric", *arguments],
        cwd=folder,
        # Where the suite runs with warnings allowed, old dependencies may warn of one another.
        env={**os.environ, "PYTHONWARNINGS": "ignore" if "PYTHONWARNINGS" in os.environ else "error"},
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_command_audits_the_sample(tmp_path: Path) -> None:
    done = command(tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert "2,357 customers, seen until 30 June 1998" in done.stdout
    assert done.stdout.endswith(f"The page is in {tmp_path / 'customer_audit.html'}\n")
    assert (tmp_path / "customer_audit.html").stat().st_size > 20_000


def test_csv_and_parquet_give_the_same_numbers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    log = small_log().rename(columns={"customer": "id", "date": "when", "amount": "paid"})
    log.to_csv("log.csv", index=False)
    log.to_parquet("log.parquet")
    asked = [
        "--customer",
        "id",
        "--date",
        "when",
        "--amount",
        "paid",
        "--end",
        "2025-02-03",
        "--unit",
        "week",
    ]
    said = []
    for name in ("log.csv", "log.parquet"):
        assert main(["audit", name, *asked, "--margin", "0.3", "--discount-rate", "0.1", "--json"]) == 0
        said.append(json.loads(capsys.readouterr().out))
    assert said[0]["lifetime"] == said[1]["lifetime"]
    assert said[0]["top"] == said[1]["top"]


def test_reports_compare_by_value(audit: Audit) -> None:
    assert dataclasses.replace(audit.report) == audit.report

"""Who leaves and who comes back, from subscriptions and logs: numbers as the topic gives them, or reasons."""

from __future__ import annotations

import json
import sys
from datetime import date
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from customer_centric.audit import (
    Audit,
    ContractQuestion,
    ContractReport,
    cli,
    contract_mapping,
    render_churn_html,
    render_churn_text,
    render_text,
    run_audit,
    run_churn,
)
from customer_centric.audit.churn.contracts import answer_contracts, month_ends
from customer_centric.audit.read import read_subscriptions
from customer_centric.churn import (
    active_customers,
    churn_by_period,
    inactivity_threshold,
    period_churn,
    reconcile_churn,
    retention_triangle,
    survival_curve,
)
from customer_centric.clv import fit_mbg_nbd, summarise_transactions
from customer_centric.datasets import load_cdnow_sample
from customer_centric.errors import InvalidInputError, MissingColumnError

COLUMNS = {"customer": "id", "begins": "from", "ends": "until"}
END = date(2024, 12, 31)


def contracts(n: int = 300) -> pd.DataFrame:
    """Two and a half years of customers, some of whom come back."""
    rng = np.random.default_rng(11)
    begin = pd.Timestamp("2022-06-01") + pd.to_timedelta(rng.integers(0, 900, n), unit="D")
    end = begin + pd.to_timedelta(30 * rng.geometric(0.08, n) + 2, unit="D")
    known = end.where(end <= pd.Timestamp("2025-02-01"))
    return pd.DataFrame({"id": rng.integers(0, 250, n).astype(str), "from": begin, "until": known})


def ask(frame: object, **options: object) -> ContractReport:
    return answer_contracts(
        ContractQuestion(subscriptions=frame, end=options.pop("end", END), **COLUMNS, **options)  # type: ignore[arg-type]
    ).report


# ── Contracts ───────────────────────────────────────────────────────────────────────────────────────


def test_the_year_is_that_of_the_topic() -> None:
    found, year = period_churn(contracts(), "2023-12-31", END, **COLUMNS), ask(contracts()).year
    assert year.rate is not None
    assert found.interval is not None
    assert (year.rate.value, year.rate.lower, year.rate.upper) == (
        found.rate,
        found.interval.lower,
        found.interval.upper,
    )
    assert (year.start, year.end, year.base) == (date(2023, 12, 31), END, found.base)
    assert year.opening + year.gained + year.reactivated - year.lost == year.closing
    assert (year.lost, year.lost_opening, year.reactivated) == (
        found.lost,
        found.lost_opening,
        found.reactivated,
    )
    assert year.reactivated > 0


def test_months_and_definitions_are_those_of_the_topic() -> None:
    report = ask(contracts(), grace_days=5)
    months = churn_by_period(contracts(), month_ends(END, 12), grace_days=5, **COLUMNS)
    assert [item.lost for item in report.months] == months["lost"].tolist()
    assert [item.rate and item.rate.upper for item in report.months] == months["upper"].tolist()
    assert sum(item.lost for item in report.months) == report.year.lost
    found = reconcile_churn(contracts(), "2023-12-31", END, grace_days=5, **COLUMNS)
    assert [(item.name, item.rate) for item in report.definitions] == [
        (item.name, item.value) for item in found.definitions
    ]
    assert report.year.rate is not None
    assert report.definitions[0].rate == pytest.approx(report.year.rate.value)


def test_stays_are_those_of_customers_who_never_left() -> None:
    frame = contracts().drop_duplicates("id")
    report = ask(frame)
    known = frame["until"].where(frame["until"] <= pd.Timestamp(END))
    stayed = (known.fillna(pd.Timestamp(END)) - frame["from"]).dt.days * 12 / 365.25
    curve = survival_curve(stayed, known.notna(), unit="month")
    assert report.stays is not None
    assert report.stays.median is not None
    assert (report.stays.customers, report.stays.lost) == (len(frame), known.notna().sum())
    assert report.stays.median.value == pytest.approx(curve.quantile()[0])
    for stay in report.stays.stays:
        assert stay.share.value == pytest.approx(float(curve.at(stay.months)))
        assert stay.at_risk == (stayed > stay.months).sum()


@pytest.mark.parametrize(
    ("end", "first", "second"),
    [
        (date(2024, 12, 31), date(2023, 12, 31), date(2024, 1, 31)),
        (date(2024, 2, 29), date(2023, 2, 28), date(2023, 3, 31)),
        (date(2024, 2, 28), date(2023, 2, 28), date(2023, 3, 28)),
        (date(2024, 1, 30), date(2023, 1, 30), date(2023, 2, 28)),
    ],
)
def test_months_end_on_the_day_of_the_end_or_the_last_of_theirs(end: date, first: date, second: date) -> None:
    days = month_ends(end, 12)
    assert (days[0], days[1], days[-1], len(days)) == (first, second, end, 13)
    assert days == sorted(set(days))


def test_who_leaves_after_the_end_has_not_left() -> None:
    frame = contracts()
    known = frame.assign(until=frame["until"].where(frame["until"] <= pd.Timestamp(END)))
    report, blind = ask(frame), ask(known)
    assert (report.year, report.stays, report.months) == (blind.year, blind.stays, blind.months)
    assert any("will end after 31 December 2024" in note for note in report.notes)
    assert not blind.notes


def test_a_table_of_less_than_a_year_says_so() -> None:
    report = ask(contracts(), end=date(2022, 12, 31))
    assert any("less than 12 months before the last day" in note for note in report.notes)


@pytest.mark.parametrize("convert", [pl.from_pandas, pa.Table.from_pandas, duckdb.from_df])
def test_frames_of_another_kind_say_the_same(convert: object) -> None:
    frame = contracts().astype({"from": "datetime64[us]", "until": "datetime64[us]"})
    assert ask(convert(frame)).year == ask(frame).year  # type: ignore[operator]


@pytest.mark.parametrize("until", [None, "2024-06-01"])
def test_one_customer_has_a_report(until: str | None) -> None:
    frame = pd.DataFrame({"id": ["a"], "from": ["2024-02-01"], "until": [until]})
    audit = run_churn(ContractQuestion(subscriptions=frame, end=END, **COLUMNS))
    json.dumps(contract_mapping(audit.report), allow_nan=False)
    assert render_churn_html(audit.report, audit.charts).count("<svg role") == 2
    assert max(map(len, render_churn_text(audit.report).splitlines())) <= 100


def test_customers_of_the_last_day_only_have_no_stay() -> None:
    audit = run_churn(
        ContractQuestion(
            subscriptions=pd.DataFrame({"id": [1], "from": ["2024-12-31"], "until": [None]}),
            end=END,
            **COLUMNS,
        )
    )
    assert audit.report.stays is None
    assert audit.report.year.rate is None
    assert "There is no churn rate" in render_churn_text(audit.report)


def test_wrong_tables_are_refused() -> None:
    frame = contracts()
    with pytest.raises(MissingColumnError, match="'gone'"):
        run_churn(ContractQuestion(subscriptions=frame, customer="id", begins="from", ends="gone", end=END))
    with pytest.raises(InvalidInputError, match="`subscriptions` must have at least one row, got none"):
        ask(frame[:0])
    with pytest.raises(InvalidInputError, match="`end` must be on or after the day"):
        ask(frame, end=date(2022, 5, 31))
    with pytest.raises(InvalidInputError, match=r"`ends` .* must be after the begin"):
        ask(frame.assign(until=pd.Timestamp("2020-01-01")))
    with pytest.raises(InvalidInputError, match="`grace_days`"):
        ask(frame, grace_days=-1)


def test_without_matplotlib_it_says_how_to_get_charts(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in sys.modules if name.partition(".")[0] == "matplotlib"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    audit = run_churn(ContractQuestion(subscriptions=contracts(), end=END, **COLUMNS))
    assert audit.charts == ()
    assert "pip install 'customer_centric[plot]'" in audit.missing_charts


# ── Transactions ────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture(scope="module")
def log() -> pd.DataFrame:
    sample = load_cdnow_sample()
    return sample[sample["customer"] < "0400"].reset_index(drop=True)


def audit_of(log: object, **options: object) -> Audit:
    stated: dict[str, object] = {
        "customer": "customer",
        "date": "date",
        "amount": "amount",
        "end": "1998-06-30",
        "unit": "week",
        "margin": 0.3,
        "discount_rate": 0.1,
    }
    return run_audit(log, **{**stated, **options})  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def audit() -> Audit:
    subscribed = pd.DataFrame(
        {"id": ["0001", "0002"], "from": ["1997-02-01", "1997-09-01"], "until": ["1998-01-15", None]}
    )
    return audit_of(
        load_cdnow_sample(),
        calibration_end="1997-09-30",
        contracts=ContractQuestion(subscriptions=subscribed, end="1998-06-30", **COLUMNS),
    )


def test_who_comes_back_is_that_of_the_topic(audit: Audit) -> None:
    log = load_cdnow_sample()
    report = audit.report.returns
    assert report is not None
    triangle = retention_triangle(log, customer="customer", date="date", period="month", as_of="1998-06-30")
    assert report.retention is not None
    assert report.retention.cohorts == 3
    for row in report.retention.ages:
        seen = ~np.isnan(triangle.values[:, row.age]) & (triangle.values[:, 0] > 0)
        assert row.customers == triangle.values[seen, 0].sum()
        assert row.active == triangle.values[seen, row.age].sum()
        assert row.share.lower is not None
        assert row.share.lower <= row.active / row.customers
    found = inactivity_threshold(
        log, customer="customer", date="date", end="1998-06-30", unit="week", confidence_level=0.9
    )
    assert report.silence is not None
    assert (report.silence.threshold, report.silence.declared, report.silence.recovered) == (
        found.threshold,
        found.declared,
        found.recovered,
    )


def test_the_active_are_those_of_the_model(audit: Audit) -> None:
    log = load_cdnow_sample()
    report = audit.report.returns
    assert report is not None
    assert report.activity.model == "MBG/NBD"
    assert report.activity.expected.value == pytest.approx(audit.report.base.alive)
    histories = summarise_transactions(
        log, customer="customer", date="date", amount="amount", end="1998-06-30", unit="week"
    )
    counts = histories.sufficient_statistics()
    year = 365.25 / 7
    found = active_customers(
        fit_mbg_nbd(histories),
        counts.frequency,
        counts.recency,
        counts.age,
        weights=counts.weight,
        horizon=year,
        confidence_level=0.9,
    )
    assert report.activity.rate is not None
    assert report.activity.rate.value == pytest.approx(year * found.rate)
    assert found.rate_interval is not None
    assert report.activity.rate.upper == pytest.approx(year * found.rate_interval.upper)


def test_an_audit_holds_contracts_and_charts(audit: Audit) -> None:
    assert audit.report.contracts is not None
    assert audit.report.contracts.year.lost == 1
    assert [chart.section for chart in audit.charts][4:] == ["back", "leave", "leave"]
    text = render_text(audit.report)
    assert text.index("Who comes back\n") < text.index("Who leaves\n") < text.index("How certain\n")
    assert max(map(len, text.splitlines())) <= 100


def test_a_short_log_is_followed_by_week_and_a_shorter_one_has_a_reason(log: pd.DataFrame) -> None:
    short = audit_of(log, end="1997-04-20").report.returns
    assert short is not None
    assert short.retention is not None
    assert short.retention.period == "week"
    shorter = audit_of(log, end="1997-01-08", unit="day").report.returns
    assert shorter is not None
    assert shorter.retention is None
    assert "no whole week after one in which somebody first bought" in shorter.retention_reason


def test_refunds_are_no_purchases(log: pd.DataFrame) -> None:
    back = log.groupby("customer").head(1).assign(date="1998-05-05", amount=-1.0)
    with_refunds = pd.concat([log.astype({"date": "str"}), back], ignore_index=True)
    found = audit_of(with_refunds, refunds="drop").report.returns
    expected = audit_of(log).report.returns
    assert found is not None
    assert expected is not None
    assert (found.retention, found.silence) == (expected.retention, expected.silence)


def test_lazy_logs_say_the_same(log: pd.DataFrame) -> None:
    found = audit_of(pl.from_pandas(log).lazy(), zero_amounts="drop").report.returns
    eager = audit_of(log, zero_amounts="drop").report.returns
    assert found is not None
    assert found.silence is not None
    assert eager is not None
    assert eager.silence is not None
    assert found.retention == eager.retention
    assert found.silence.threshold == eager.silence.threshold
    assert (found.silence.declared, found.silence.recovered) == (
        eager.silence.declared,
        eager.silence.recovered,
    )


# ── The command line ────────────────────────────────────────────────────────────────────────────────

ROWS = "id,from,until\n0001,2023-02-01,\n0002,2023-05-01,2024-03-01\n0003,2024-02-01,2025-06-01\n"
CHURN = ["--customer", "id", "--begins", "from", "--ends", "until", "--end", "2024-12-31"]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "contracts.csv").write_text(ROWS)
    return tmp_path


def test_churn_has_a_command_of_its_own(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    import shlex

    assert cli.main(["churn", "contracts.csv", *CHURN, "--grace-days", "3", "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert (said["year"]["lost"], said["settings"]["grace_days"]) == (1, 3)
    assert said["page"] == str(folder / "churn_report.html")
    assert "<h1>Churn rate of the last 12 months</h1>" in (folder / "churn_report.html").read_text()
    again = shlex.split(said["settings"]["command"])
    assert cli.main([*again[3:], "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == said
    assert cli.main(["churn", "contracts.csv", *CHURN, "--output", "c.html"]) == 0
    assert capsys.readouterr().out.startswith("CHURN\ncontracts.csv\n")


def test_subscriptions_are_a_part_of_the_audit(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    import shlex

    load_cdnow_sample().head(600).to_csv(folder / "log.csv", index=False)
    asked = ["audit", "log.csv", "--customer", "customer", "--date", "date", "--end", "1998-06-30"]
    asked += ["--unit", "week", "--margin", "1", "--discount-rate", "0.1", "--subscriptions", "old.csv"]
    asked += ["--begins", "from", "--ends", "until", "--subscription-customer", "id", "--grace-days", "2"]
    (folder / "old.csv").write_text("id,from,until\n0001,1997-02-01,\n0002,1997-05-01,1998-03-01\n")
    assert cli.main([*asked, "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert said["contracts"]["year"]["lost"] == 1
    assert said["returns"]["retention"]["period"] == "month"
    again = shlex.split(said["settings"]["command"])
    assert cli.main([*again[3:], "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == said


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ("id,from,until\na,2024-01-01,2023-01-01\n", "must be after the begin of the subscription"),
        ("id,from,until\na,2024-13-01,\n", "must be ISO dates such as 2024-12-31"),
        ("id,from,until\na,2024-01-01,soon\n", "must be ISO dates such as 2024-12-31"),
        ("id,from,until\n,2024-01-01,\n", "must be present in every row"),
        ("id,from,until\na,,2024-01-01\n", "`begins` (column 'from') must be"),
        ("id,from,until\n", "must have a header and rows, got no rows"),
        ("", "must have a header and rows, got an empty file"),
        ("id,from\na,2024-01-01\n", "column 'until' must be in the file, which has 'id', 'from'"),
        ("id,from,until\na,2025-01-01,\n", "`end` must be on or after the day on which the first"),
    ],
)
def test_wrong_files_end_with_code_2_and_one_line(
    folder: Path, rows: str, message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "contracts.csv").write_text(rows)
    assert cli.main(["churn", "contracts.csv", *CHURN]) == 2
    printed = capsys.readouterr()
    assert message in printed.err
    assert printed.err.count("\n") == 1
    assert not list(folder.glob("*.html"))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--begins", "from"], "--begins: asks about subscriptions, and there are none"),
        (["--subscriptions", "contracts.csv"], "required with --subscriptions: --begins, --ends"),
        (
            ["--subscriptions", "contracts.csv", "--begins", "from", "--ends", "from"],
            "--begins, --ends: must be different columns, got 'from' for both",
        ),
        (
            ["--subscriptions", "contracts.csv", "--begins", "from", "--ends", "until"],
            "column 'customer' must be in the file",
        ),
        (["churn", "nowhere.csv", *CHURN], "the subscriptions must be in a file, got 'nowhere.csv'"),
        (["churn", "contracts.csv", *CHURN, "--grace-days", "-1"], "must be a whole number of days"),
        (["churn", "contracts.csv", *CHURN[:-2]], "required: --end"),
        (["churn", "contracts.csv", *CHURN, "--ends", "id"], "--customer, --ends: must be different"),
    ],
)
def test_options_that_do_not_go_together_are_refused(
    folder: Path, arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(arguments) == 2
    printed = capsys.readouterr()
    assert message in printed.err
    assert printed.err.count("\n") == 1
    assert not list(folder.glob("*.html"))


def test_subscriptions_are_read_as_text_or_from_parquet(tmp_path: Path) -> None:
    (tmp_path / "c.csv").write_text("until;id;from\n;007;2024-01-01\n2024-02-01;8;2024-01-01\n")
    frame = read_subscriptions(tmp_path / "c.csv", **COLUMNS)
    assert list(frame.columns) == ["id", "from", "until"]
    assert frame["id"].tolist() == ["007", "8"]
    assert frame["until"].isna().tolist() == [True, False]
    path = tmp_path / "c.parquet"
    contracts().to_parquet(path)
    assert ask(read_subscriptions(path, **COLUMNS)).year == ask(contracts()).year

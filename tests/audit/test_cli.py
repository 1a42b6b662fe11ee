"""The command line: what it asks, what it prints, what it writes, and how it refuses."""

from __future__ import annotations

import io
import json
import os
import sys
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from audit.example_report import example_report
from customer_centric.audit import SurveyQuestion, cli
from customer_centric.audit.run import Audit
from customer_centric.errors import ConvergenceError, InvalidInputError

OWN = ["--customer", "id", "--date", "when", "--amount", "paid", "--end", "2024-12-31", "--unit", "week"]
OWN += ["--margin", "0.3", "--discount-rate", "0.1"]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "log.csv").write_text("id,when,paid\n1,2024-01-05,10\n")
    return tmp_path


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, object]]:
    """Replaces the audit by a ready report; holds what it was asked."""
    calls: list[dict[str, object]] = []

    def ready(log: object, **options: object) -> Audit:
        calls.append({"log": log, **options})
        progress = options["progress"]
        assert callable(progress)
        progress("Thinking")
        return Audit(report=example_report(), charts=(), missing_charts="No charts.")

    monkeypatch.setattr(cli, "run_audit", ready)
    return calls


def failing(error: BaseException) -> Callable[..., Audit]:
    def fail(*_: object, **__: object) -> Audit:
        raise error

    return fail


# ── What is asked ───────────────────────────────────────────────────────────────────────────────────


def test_no_arguments_audit_the_sample(
    folder: Path, asked: list[dict[str, object]], capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main([]) == 0
    (options,) = asked
    assert {
        name: str(options[name]) for name in ("end", "calibration_end", "unit", "margin", "discount_rate")
    } == {
        "end": "1998-06-30",
        "calibration_end": "1997-09-30",
        "unit": "week",
        "margin": "0.3",
        "discount_rate": "0.1",
    }
    assert options["horizon"] is None
    printed = capsys.readouterr()
    assert printed.out.startswith("CUSTOMER AUDIT\n")
    assert printed.out.endswith(f"The page is in {folder / 'customer_audit.html'}\n")
    assert "\nNo charts.\n" in printed.out
    assert printed.err == ""
    assert (folder / "customer_audit.html").read_text(encoding="utf-8").startswith("<!DOCTYPE html>")


def test_a_file_of_ones_own_is_asked_as_it_is_said(folder: Path, asked: list[dict[str, object]]) -> None:
    more = [
        "--calibration-end",
        "2024-08-31",
        "--horizon",
        "52",
        "--refunds",
        "net",
        "--zero-amounts",
        "drop",
    ]
    more += ["--time-zone", "Europe/Berlin", "--output", "page of mine.html", "--quiet"]
    assert cli.main(["audit", "log.csv", *OWN, *more]) == 0
    (options,) = asked
    assert (options["customer"], options["date"], options["amount"]) == ("id", "when", "paid")
    assert str(options["calibration_end"]) == "2024-08-31"
    assert options["horizon"] == 52.0
    assert (options["refunds"], options["zero_amounts"]) == ("net", "drop")
    assert options["time_zone"] == "Europe/Berlin"
    assert options["source"] == "log.csv"
    assert (folder / "page of mine.html").exists()


def test_the_command_of_the_report_asks_the_same_again(folder: Path, asked: list[dict[str, object]]) -> None:
    """The quoted command leads to the same question, also with blanks in names."""
    import shlex

    (folder / "my log.csv").write_text("customer id,when\n1,2024-01-05\n")
    first = ["audit", "my log.csv", "--customer", "customer id", "--date", "when", "--end", "2024-12-31"]
    first += ["--unit", "month", "--margin", "2.5", "--discount-rate", "0", "--quiet"]
    assert cli.main(first) == 0
    again = shlex.split(str(asked[0]["command"]))
    assert again[:3] == ["python", "-m", "customer_centric"]
    assert cli.main([*again[3:], "--quiet"]) == 0
    skip = {"log", "progress"}
    assert {k: v for k, v in asked[0].items() if k not in skip} == {
        k: v for k, v in asked[1].items() if k not in skip
    }


def test_another_end_of_the_sample_has_no_stated_split(folder: Path, asked: list[dict[str, object]]) -> None:
    assert cli.main(["--end", "1998-03-31", "--quiet", "--horizon", "infinite"]) == 0
    assert asked[0]["calibration_end"] is None


# ── What customers say ──────────────────────────────────────────────────────────────────────────────

SURVEY = "who,score,when,plan,id\n1,10,2024-01-05,a,007\n2,,,b,8\n3,7,2024-02-05,a,9\n"
ABOUT = ["--rating", "score", "--answered", "when", "--rating-group", "plan", "--wave", "quarter"]


def question(options: dict[str, object]) -> SurveyQuestion:
    assert isinstance(options["survey"], SurveyQuestion)
    return options["survey"]


def test_ratings_are_asked_as_they_are_said(folder: Path, asked: list[dict[str, object]]) -> None:
    (folder / "survey.csv").write_text(SURVEY)
    assert cli.main(["audit", "log.csv", *OWN, "--ratings", "survey.csv", *ABOUT, "--quiet"]) == 0
    survey = question(asked[0])
    assert (survey.rating, survey.answered, survey.group, survey.wave) == ("score", "when", "plan", "quarter")
    assert survey.source == "survey.csv"
    assert survey.customer == "id", "the name that customers have in the log"
    rows = survey.rows()
    assert rows["id"].tolist() == ["007", "8", "9"]
    assert rows["score"].isna().tolist() == [False, True, False]


def test_customers_may_have_another_name_in_the_ratings_or_none(
    folder: Path, asked: list[dict[str, object]]
) -> None:
    (folder / "survey.csv").write_text(SURVEY)
    ratings = ["--ratings", "survey.csv", "--rating", "score", "--quiet"]
    assert cli.main([*ratings, "--rating-customer", "who"]) == 0
    assert cli.main(ratings) == 0
    assert [question(options).customer for options in asked] == ["who", None]
    assert cli.main(["--quiet"]) == 0
    assert asked[2]["survey"] is None


def test_the_command_of_the_report_asks_about_the_ratings_again(
    folder: Path, asked: list[dict[str, object]]
) -> None:
    import shlex

    (folder / "my survey.csv").write_text(SURVEY)
    first = ["--ratings", "my survey.csv", *ABOUT, "--rating-customer", "who", "--rating-time-zone", "UTC"]
    first += ["--quiet"]
    assert cli.main(first) == 0
    again = shlex.split(str(asked[0]["command"]))
    assert cli.main([*again[3:], "--quiet"]) == 0
    one, two = (question(options) for options in asked)
    for name in ("rating", "answered", "group", "customer", "wave", "source", "time_zone"):
        assert getattr(one, name) == getattr(two, name)
    assert asked[0]["command"] == asked[1]["command"]


def test_ratings_alone_need_no_transactions(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "survey.csv").write_text(SURVEY)
    assert cli.main(["nps", "survey.csv", "--rating", "score", "--rating-customer", "id"]) == 0
    printed = capsys.readouterr()
    assert printed.out.startswith("NET PROMOTER SCORE\nsurvey.csv\n")
    assert "Net Promoter Score 50.0 (95 % interval" in printed.out
    assert "nps survey.csv --rating score --rating-customer id\n" in printed.out
    assert printed.out.endswith(f"The page is in {folder / 'nps_report.html'}\n")
    assert printed.err == ""
    page = (folder / "nps_report.html").read_text(encoding="utf-8")
    assert page.startswith("<!DOCTYPE html>")
    assert "How certain" in page


def test_ratings_alone_as_json_are_strict(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "survey.csv").write_text(SURVEY)
    assert cli.main(["nps", "survey.csv", *ABOUT, "--json", "--output", "other.html"]) == 0

    def refuse(constant: str) -> object:
        raise AssertionError(constant)

    numbers = json.loads(capsys.readouterr().out, parse_constant=refuse)
    assert numbers["score"]["answers"] == 2
    assert numbers["settings"]["group"] == "plan"
    assert numbers["page"] == str(folder / "other.html")
    assert (folder / "other.html").exists()


def test_csv_and_parquet_ratings_give_the_same_numbers(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "survey.csv").write_text(SURVEY)
    frame = pd.DataFrame(
        {
            "score": [10, None, 7],
            "when": pd.to_datetime(["2024-01-05", None, "2024-02-05"]),
            "plan": ["a", "b", "a"],
        }
    )
    frame.to_parquet(folder / "survey.parquet")
    said = []
    for name in ("survey.csv", "survey.parquet"):
        assert cli.main(["nps", name, "--rating", "score", *ABOUT[2:6], "--json"]) == 0
        said.append(json.loads(capsys.readouterr().out))
    for part in ("score", "trend", "groups", "log"):
        assert said[0][part] == said[1][part]


# ── What comes out ──────────────────────────────────────────────────────────────────────────────────


def test_json_is_strict_and_alone_on_stdout(
    folder: Path, asked: list[dict[str, object]], capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["--json"]) == 0
    printed = capsys.readouterr()

    def refuse(constant: str) -> object:
        raise AssertionError(constant)

    numbers = json.loads(printed.out, parse_constant=refuse)
    assert numbers["base"]["customers"] == 2357
    assert numbers["page"] == str(folder / "customer_audit.html")
    assert printed.err == ""


def test_quiet_prints_nothing(
    folder: Path, asked: list[dict[str, object]], capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["audit", "--quiet"]) == 0
    assert capsys.readouterr() == ("", "")


def test_progress_shows_on_a_terminal_only(
    folder: Path, asked: list[dict[str, object]], monkeypatch: pytest.MonkeyPatch
) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    for stream, shown in ((Terminal(), True), (io.StringIO(), False)):
        monkeypatch.setattr(sys, "stderr", stream)
        assert cli.main([]) == 0
        assert ("Thinking ..." in stream.getvalue()) is shown
        assert stream.getvalue().endswith("\x1b[K") is shown
    quiet = Terminal()
    monkeypatch.setattr(sys, "stderr", quiet)
    assert cli.main(["--quiet"]) == 0
    assert quiet.getvalue() == ""


def test_output_has_characters_the_stream_lacks_escaped(
    folder: Path, asked: list[dict[str, object]], monkeypatch: pytest.MonkeyPatch
) -> None:
    raw = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(raw, encoding="ascii"))
    (folder / "ü").mkdir()
    assert cli.main(["--output", "ü/page.html"]) == 0
    assert rb"\xfc/page.html" in raw.getvalue()


@pytest.mark.parametrize("arguments", [["--help"], ["audit", "--help"], ["nps", "--help"], ["--version"]])
def test_help_reads_well(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(arguments) == 0
    text = capsys.readouterr().out
    assert max(map(len, text.splitlines())) <= 100
    if "audit" in arguments:
        for option in (
            "--customer",
            "--calibration-end",
            "--json",
            "customer_audit.html",
            "exit codes",
            "1998-06-30",
        ):
            assert option in text


# ── How it refuses ──────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ["audit", "log.csv"],
            "required with a file of your own: --customer, --date, --end, --unit, --margin",
        ),
        (
            ["audit", "log.csv", *OWN[:8]],
            "required with a file of your own: --unit, --margin, --discount-rate",
        ),
        (
            ["--customer", "id"],
            "--customer: names a column of FILE, and there is none; the sample has its own",
        ),
        (["--end", "31.12.2024"], "argument --end: must be a day written as 2024-12-31, got '31.12.2024'"),
        (["--margin", "30%"], "argument --margin: must be a number, got '30%'; 10 % is written 0.1"),
        (["--margin", "nan"], "argument --margin: must be a number, got 'nan'"),
        (["--horizon", "0"], "argument --horizon: must be greater than 0, or infinite, got '0'"),
        (["--unit", "year"], "argument --unit: invalid choice: 'year'"),
        (["--json", "--quiet"], "--json prints the numbers and --quiet prints nothing: give one of them"),
        (["--outptu=x"], "unrecognized arguments: --outptu=x; --help shows the options"),
        (["sing"], "invalid choice: 'sing'"),
        (["audit", "nowhere.csv", *OWN], "the transactions must be in a file, got 'nowhere.csv'"),
        (
            ["audit", "log.csv", *OWN[2:], "--customer", "who"],
            "column 'who' must be in the file, which has 'id'",
        ),
        (["nps"], "the following arguments are required: FILE, --rating"),
        (["nps", "nowhere.csv", "--rating", "score"], "the ratings must be in a file, got 'nowhere.csv'"),
        (["nps", "log.csv", "--rating", "score"], "column 'score' must be in the file, which has 'id'"),
        (
            ["nps", "log.csv", "--rating", "when"],
            "ratings must be whole numbers from 0 to 10, got '2024-01-05'",
        ),
        (["--ratings", "log.csv"], "required with --ratings: --rating, the column of the answers"),
        (["--ratings", "nowhere.csv", "--rating", "x"], "the ratings must be in a file, got 'nowhere.csv'"),
        (["--rating", "x", "--wave", "month"], "--rating, --wave: asks about answers, and there are none"),
        (
            ["nps", "log.csv", "--rating", "paid", "--wave", "month"],
            "required with --wave: --answered, the column of the days of the answers",
        ),
        (
            ["nps", "log.csv", "--rating", "paid", "--rating-time-zone", "UTC"],
            "required with --rating-time-zone: --answered, the column of the days of the answers",
        ),
        (
            ["nps", "log.csv", "--rating", "paid", "--rating-group", "paid"],
            "--rating, --rating-group: must be different columns, got 'paid' for both",
        ),
        (["nps", "log.csv", "--rating", "paid", "--end", "2024-01-01"], "unrecognized arguments: --end"),
        (["--output", "."], "--output must be a file, got the folder"),
        (["--output", "no/where/page.html"], "--output must be in a folder that exists, got"),
    ],
)
def test_mistakes_end_with_code_2_and_no_traceback(
    folder: Path,
    asked: list[dict[str, object]],
    arguments: list[str],
    message: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert cli.main(arguments) == 2
    printed = capsys.readouterr()
    assert message in printed.err
    assert printed.err.startswith("python -m customer_centric: error: ")
    assert printed.err.count("\n") == 1
    assert printed.out == ""
    assert not asked
    assert not list(folder.glob("*.html"))


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (InvalidInputError("`end` must be\nlater"), 2),
        (ConvergenceError("no optimum"), 1),
        (PermissionError(13, "Permission denied"), 1),
        (KeyboardInterrupt(), 130),
    ],
)
def test_failures_are_one_line(
    folder: Path,
    error: BaseException,
    code: int,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(cli, "run_audit", failing(error))
    assert cli.main([]) == code
    printed = capsys.readouterr()
    assert printed.err.startswith("python -m customer_centric: error: ")
    assert printed.err.count("\n") == 1
    assert not list(folder.glob("*.html"))


def test_a_reader_who_leaves_early_is_no_error(
    folder: Path, asked: list[dict[str, object]], monkeypatch: pytest.MonkeyPatch
) -> None:
    read_end, write_end = os.pipe()
    os.close(read_end)
    with os.fdopen(write_end, "w", encoding="utf-8") as pipe:
        monkeypatch.setattr(sys, "stdout", pipe)
        assert cli.main([]) == 0
    assert (folder / "customer_audit.html").exists()


# ── The page is whole or old ────────────────────────────────────────────────────────────────────────


def test_a_write_that_fails_leaves_the_old_page_whole(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whether the disk is full or the last step fails, the old page stands and no draft is left."""
    page = folder / "page.html"
    page.write_text("old")

    def full(self: Path, *args: object, **kwargs: object) -> object:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(OSError, match="No space left"):
        cli.write_whole(page, "new")
    monkeypatch.undo()
    with pytest.raises(TypeError):
        cli.write_whole(page, None)  # type: ignore[arg-type]
    assert page.read_text() == "old"
    assert {path.name for path in folder.iterdir()} == {"page.html", "log.csv"}


def test_a_write_follows_links_and_replaces_the_page(folder: Path) -> None:
    page = folder / "page.html"
    page.write_text("old")
    link = folder / "link.html"
    link.symlink_to(page)
    cli.write_whole(link, "new\udce9")
    assert link.is_symlink()
    assert page.read_text() == "new\\udce9"

"""The command line: what it asks, what it prints, what it writes, and how it refuses."""

from __future__ import annotations

import io
import json
import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from audit.example_report import example_report
from customer_centric.audit import cli
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


@pytest.mark.parametrize("arguments", [["--help"], ["audit", "--help"], ["--version"]])
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

"""Where it hurts, from events: numbers as the topic gives them, or reasons; and the command line."""

from __future__ import annotations

import dataclasses
import json
import shlex
import sys
from datetime import timedelta
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import polars as pl
import pytest

from customer_centric.audit import (
    JourneyQuestion,
    JourneyReport,
    cli,
    render_journey_html,
    render_journey_text,
    run_journey,
)
from customer_centric.audit.journey.answer import answer_journeys
from customer_centric.audit.journey.lengths import length_of, length_text
from customer_centric.audit.journey.options import schema_of
from customer_centric.audit.options import parse
from customer_centric.audit.read import read_events
from customer_centric.datasets import load_cdnow_sample
from customer_centric.errors import InvalidInputError, MissingColumnError
from customer_centric.journey import EventSchema, friction_report, prepare_log
from customer_centric.simulate import SimulatedJourneys, simulate_journeys


@cache
def world() -> SimulatedJourneys:
    return simulate_journeys(600, rng=np.random.default_rng(7))


def question(**changes: object) -> JourneyQuestion:
    asked = JourneyQuestion(
        events=world().log,
        schema=EventSchema.full(),
        goal=("purchase",),
        contact=("support",),
        closed_after=timedelta(hours=24),
        end=world().end,
        steps=("landing", "cart", "payment", "purchase"),
        prerequisites={"purchase": "payment"},
        value=90.0,
        n_resamples=40,
    )
    return dataclasses.replace(asked, **changes)  # type: ignore[arg-type]


@cache
def report() -> JourneyReport:
    return answer_journeys(question()).report


def test_numbers_are_those_of_the_topic() -> None:
    found = friction_report(
        prepare_log(world().log, EventSchema.full()),
        goal="purchase",
        contact="support",
        closed_after=timedelta(hours=24),
        end=world().end,
        steps=("landing", "cart", "payment", "purchase"),
        value=90.0,
        n_resamples=40,
        rng=np.random.default_rng(1),
    )
    losses = report().losses
    assert losses is not None
    assert losses.total is not None
    assert losses.money is not None
    assert (losses.total.value, losses.total.lower) == (found.loss.total, found.loss.interval.lower)
    assert losses.money.value == found.loss.clv_total
    assert losses.best_fix == found.best_fix == "payment"
    assert [row.name for row in losses.touchpoints] == list(found.loss.touchpoints)
    gains = [found.gains[row.name].total for row in losses.touchpoints]
    assert [row.gain and row.gain.value for row in losses.touchpoints] == gains
    assert report().score.value == found.score.overall
    assert sum(row.share for row in report().scores) == pytest.approx(found.score.overall)
    outcomes = found.journeys.counts()
    assert (report().outcomes.converted, report().outcomes.open) == (outcomes["converted"], outcomes["open"])
    assert report().funnel[-1].reached == outcomes["converted"]


def test_the_same_events_give_the_same_report_in_another_frame() -> None:
    shuffled = world().log.sample(frac=1.0, random_state=3)
    again = answer_journeys(question(events=pl.from_pandas(shuffled))).report
    assert again == report()


def test_charts_are_drawn_of_it() -> None:
    audit = run_journey(question())
    assert [chart.section for chart in audit.charts] == ["hurt", "hurt", "follow", "follow"]
    assert all("<svg" in chart.svg for chart in audit.charts)
    assert not audit.missing_charts


def test_without_matplotlib_there_are_words(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    audit = run_journey(question())
    assert audit.charts == ()
    assert "pip install" in audit.missing_charts


def test_without_an_end_of_journeys_no_loss_is_told() -> None:
    """Who has not come back yet is not lost, so there is nothing to compare with: said, not guessed."""
    audit = run_journey(question(closed_after=None))
    assert audit.report.losses is None
    assert "--closed-after" in audit.report.losses_reason
    assert audit.report.outcomes.open == audit.report.outcomes.journeys - audit.report.outcomes.converted
    assert [chart.title for chart in audit.charts] == ["From step to step"]
    assert audit.report.scores[0].name == "payment"


def log(**columns: object) -> pd.DataFrame:
    """Two journeys to the goal and one that is given up."""
    return pd.DataFrame(
        {
            "case_id": ["a", "a", "b", "b", "c", "c"],
            "touchpoint": ["cart", "purchase", "cart", "purchase", "cart", "goodbye"],
            "timestamp": pd.to_datetime("2026-03-01") + pd.to_timedelta(range(6), unit="min"),
            **columns,
        }
    )


def small(events: object, **changes: object) -> JourneyReport:
    asked = JourneyQuestion(events=events, goal=("purchase",), lost=("goodbye",), n_resamples=5)
    return answer_journeys(dataclasses.replace(asked, **changes)).report  # type: ignore[arg-type]


def test_a_log_without_signals_loses_nothing_and_says_what_it_cannot_show() -> None:
    found = small(log())
    assert found.losses is not None
    assert found.losses.touchpoints == ()
    assert any("outcome" in reason for reason in found.not_looked_for)
    for text in (render_journey_text(found), render_journey_html(found)):
        assert "No system signal was seen before purchase" in " ".join(text.split())


def test_a_goal_that_nobody_reached_has_nothing_to_compare() -> None:
    outcome = ["ok", "error", "ok", "error", "ok", "ok"]
    found = small(
        log(outcome=outcome), schema=EventSchema(outcome="outcome"), closed_after=timedelta(seconds=1)
    )
    assert found.losses is None
    assert found.losses_reason.startswith("No journey reached the goal")


def test_events_out_of_order_are_said() -> None:
    found = small(log(), prerequisites={"cart": "goodbye"})
    assert any("precede" in problem or "without" in problem for problem in found.problems)


def test_what_cannot_be_asked_is_refused() -> None:
    with pytest.raises(InvalidInputError, match=r"^`goal` must name at least one touchpoint, got none$"):
        small(log(), goal=())
    with pytest.raises(InvalidInputError, match=r"^`events` must have at least one row, got none$"):
        small(log().head(0))
    with pytest.raises(InvalidInputError, match="'checkout'"):
        small(log(), goal=("checkout",))


# ── Reading ─────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("written", "length", "said"),
    [("24h", 86_400, "1d"), ("90min", 5_400, "90min"), ("7d", 604_800, "7d"), ("1.5 s", 1.5, "1.5s")],
)
def test_lengths_are_read_and_written(written: str, length: float, said: str) -> None:
    found = length_of(written)
    assert found == timedelta(seconds=length)
    assert length_text(found) == said
    assert length_of(said) == found


@pytest.mark.parametrize("wrong", ["", "24", "h", "-1h", "0min", "1 week", "999999999d"])
def test_what_is_no_length_is_none(wrong: str) -> None:
    assert length_of(wrong) is None


def test_columns_are_found_by_their_names_or_as_said() -> None:
    columns = ["case_id", "page", "timestamp", "order", "resource", "actor", "other"]
    schema = schema_of(columns, [("touchpoint", "page"), ("order", "")])
    assert schema == EventSchema(touchpoint="page", actor="actor")


def test_events_are_read_with_their_moments(tmp_path: Path) -> None:
    (tmp_path / "e.csv").write_text(
        "timestamp;case_id;touchpoint;price\n2026-03-01T10:00:00+01:00;007;cart;1.5\n2026-03-29T10:00Z;8;cart;\n"
    )
    frame = read_events(tmp_path / "e.csv", {**EventSchema().named(), "price": "price"})
    assert frame["case_id"].tolist() == ["007", "8"]
    assert frame["timestamp"].tolist() == [
        pd.Timestamp("2026-03-01 09:00", tz="UTC"),
        pd.Timestamp("2026-03-29 10:00", tz="UTC"),
    ]
    assert frame["price"].isna().tolist() == [False, True]
    path = tmp_path / "e.parquet"
    world().log.to_parquet(path)
    read = read_events(path, EventSchema.full().named())
    assert answer_journeys(question(events=read)).report == report()
    with pytest.raises(MissingColumnError, match="column 'page' must be in the file"):
        read_events(path, EventSchema(touchpoint="page").named())


# ── The command line ────────────────────────────────────────────────────────────────────────────────

ASKED = ["--goal", "purchase", "--contact", "support", "--closed-after", "24h"]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    world().log.rename(columns={"case_id": "session"}).to_csv(tmp_path / "events.csv", index=False)
    return tmp_path


def test_journeys_have_a_command_of_their_own(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    columns = ["--event-columns", "case_id=session", "emotion=", "--end", "2026-05-01T00:00"]
    more = ["--steps", "cart", "purchase", "--prerequisites", "purchase=payment", "--value", "90"]
    asked = ["journey", "events.csv", *ASKED, *columns, *more]
    assert cli.main([*asked, "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert said["losses"]["best_fix"] == "payment"
    assert said["settings"]["columns"][:2] == ["case_id=session", "touchpoint"]
    assert "emotion" not in said["settings"]["columns"]
    assert (said["settings"]["closed_after"], said["settings"]["end"]) == ("1d", "2026-05-01T00:00:00")
    assert said["page"] == str(folder / "journey_report.html")
    assert "<h1>Journeys lost to friction</h1>" in (folder / "journey_report.html").read_text()
    again = shlex.split(said["settings"]["command"])
    assert vars(parse(again[3:])) == vars(parse(asked))


def test_journeys_are_a_part_of_the_audit(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    load_cdnow_sample().head(600).to_csv(folder / "log.csv", index=False)
    asked = ["audit", "log.csv", "--customer", "customer", "--date", "date", "--end", "1998-06-30"]
    asked += ["--unit", "week", "--margin", "1", "--discount-rate", "0.1", "--events", "events.csv", *ASKED]
    assert cli.main([*asked, "--event-columns", "case_id=session", "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert said["journeys"]["losses"]["best_fix"] == "payment"
    again = shlex.split(said["settings"]["command"])
    assert vars(parse(again[3:])) == vars(parse([*asked, "--event-columns", "case_id=session"]))
    page = (folder / "customer_audit.html").read_text()
    assert "Where it hurts" in page
    assert "From the journeys that reached the goal" in page


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ("case_id,touchpoint,timestamp\na,cart,soon\n", "must be written as 2024-12-31T23:59:58, got 'soon'"),
        ("case_id,touchpoint,timestamp\na,cart,\n", "in row 1 of column 'timestamp' (1 of 1 rows)"),
        (
            "case_id,touchpoint,timestamp\na,cart,2026-03-01T10:00Z\na,cart,2026-03-01T10:00\n",
            "must be all with an offset or all without, got 1 of 2 rows",
        ),
        ("case_id,touchpoint,timestamp\n", "must have a header and rows, got no rows"),
        ("case_id,timestamp\na,2026-03-01\n", "column 'touchpoint' must be in the file"),
        ("case_id,touchpoint,timestamp\na,cart,2026-03-01\n", "'purchase'"),
    ],
)
def test_wrong_files_end_with_code_2_and_one_line(
    folder: Path, rows: str, message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "events.csv").write_text(rows)
    assert cli.main(["journey", "events.csv", "--goal", "purchase"]) == 2
    printed = capsys.readouterr()
    assert message in printed.err
    assert printed.err.count("\n") == 1
    assert not list(folder.glob("*.html"))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--goal", "purchase"], "--goal: asks about events, and there are none; --events FILE has them"),
        (["--events", "events.csv"], "required with --events: --goal"),
        (["journey", "events.csv"], "required: --goal"),
        (["journey", "nowhere.csv", *ASKED], "the events must be in a file, got 'nowhere.csv'"),
        (["journey", "events.csv", *ASKED, "--closed-after", "soon"], "must be a length such as 30min"),
        (["journey", "events.csv", *ASKED, "--end", "soon"], "must be a moment written as"),
        (["journey", "events.csv", *ASKED, "--value", "-1"], "must be a number greater than 0"),
        (
            ["journey", "events.csv", *ASKED, "--prerequisites", "a="],
            "must be two touchpoints as STEP=EARLIER",
        ),
        (
            ["journey", "events.csv", *ASKED, "--event-columns", "step=a"],
            "must be ROLE=COLUMN with a role of",
        ),
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

"""Where it hurts as text, page and JSON: everything is in it, and no name can break it."""

from __future__ import annotations

import dataclasses
import json

import pytest

from audit.example_report import HOSTILE, example_report
from audit.journey.example import example_journeys
from audit.reading import Page
from customer_centric.audit import (
    journey_mapping,
    render_html,
    render_journey_html,
    render_journey_text,
    render_text,
    report_mapping,
)
from customer_centric.audit.journey import tables, words
from customer_centric.audit.journey.report import JourneyReport, Losses
from customer_centric.audit.page import Chart
from customer_centric.audit.plain import Estimate
from customer_centric.audit.report import AuditReport
from customer_centric.audit.words import MISSING


def one_line(text: str) -> str:
    return " ".join(text.split())


def audited() -> AuditReport:
    return dataclasses.replace(example_report(), journeys=example_journeys())


def losses(report: JourneyReport | None = None) -> Losses:
    found = (report or example_journeys()).losses
    assert found is not None
    return found


def with_losses(**changes: object) -> JourneyReport:
    return dataclasses.replace(
        example_journeys(),
        losses=dataclasses.replace(losses(), **changes),  # type: ignore[arg-type]
    )


def test_page_and_text_hold_every_table_and_finding() -> None:
    report = example_journeys()
    pages = [Page(render_journey_html(report)).text, Page(render_html(audited())).text]
    texts = [one_line(render_journey_text(report)), one_line(render_text(audited()))]
    for place in (*pages, *texts):
        for sentence in (
            words.worst(report),
            words.fix(report),
            words.scored(report),
            words.passed(report),
            words.ended(report),
            *words.quality(report),
            report.notes[0],
        ):
            assert sentence in place
        for table in tables.journey_tables(report):
            for cell in (cell for row in table.rows for cell in row if cell != MISSING):
                assert cell in place, cell
    assert words.headline(report) in texts[0]
    assert words.headline(report) in pages[1]
    assert words.meaning(report) in pages[0]


def test_names_of_users_are_text() -> None:
    report = example_journeys(HOSTILE)
    page = Page(render_journey_html(report))
    assert page.text.count(" ".join(HOSTILE.split())) >= 3
    assert "script" not in page.tags
    assert len(page.ids) == len(set(page.ids))
    assert "\x1b" not in render_journey_text(report)


@pytest.mark.parametrize("text", [render_journey_text(example_journeys()), render_text(audited())])
def test_text_fits_a_terminal_and_is_plain(text: str) -> None:
    lines = text.splitlines()
    assert max(map(len, lines)) <= 100
    assert text.isascii()
    assert not [line for line in lines if line != line.rstrip()]


def test_charts_stand_in_their_section() -> None:
    drawn = [Chart("hurt", "a", "b", "<svg><a/></svg>"), Chart("follow", "c", "d", "<svg><c/></svg>")]
    page = render_html(audited(), drawn)
    start, end = (page.index(f'<section id="{key}"') for key in ("hurt", "certainty"))
    assert start < page.index(drawn[0].svg) < page.index(drawn[1].svg) < end
    alone = render_journey_html(example_journeys(), drawn)
    start, end = (alone.index(f'<section id="{key}"') for key in ("hurt", "fix"))
    assert start < alone.index(drawn[0].svg) < end < alone.index(drawn[1].svg)
    assert "No charts" in render_journey_html(example_journeys(), missing_charts="No charts here")


def test_json_is_strict() -> None:
    read = json.loads(json.dumps(report_mapping(audited()), allow_nan=False))
    assert read["journeys"]["losses"]["total"] == {"value": 260.2, "lower": 229.1, "upper": 289.4}
    assert read["journeys"]["losses"]["touchpoints"][1]["lost"] is None
    assert read["journeys"]["settings"]["end"] == "2026-04-05T23:18:00"
    assert journey_mapping(example_journeys()) == read["journeys"]


# ── Words ───────────────────────────────────────────────────────────────────────────────────────────


def test_the_headline_names_journeys_interval_and_share() -> None:
    assert words.headline(example_journeys()) == (
        "Friction goes with 260 lost journeys (90 % interval 229 to 289): 12.9 % (11.4 to 14.2 %) of those "
        "that could have reached purchase."
    )


def test_the_best_fix_is_named_with_what_it_brings() -> None:
    assert words.fix(example_journeys()).startswith(
        "Fix payment first: 213 more journeys would reach purchase (186 to 237), worth 19,208, everything"
    )
    assert words.key_figures(example_journeys())[2] == (
        "Fix first",
        "payment",
        "213 journeys, 186 to 237",
    )
    none = with_losses(best_fix=None)
    assert words.fix(none) == "No single fix is expected to bring more journeys to the goal."
    assert "Fix first" not in {label for label, *_ in words.key_figures(none)}


def test_a_fix_that_may_bring_nothing_is_said_to() -> None:
    first = dataclasses.replace(losses().touchpoints[0], gain=Estimate(3.25, -1.0, 8.0), gain_money=None)
    doubtful = with_losses(touchpoints=(first,), money=None)
    assert "3.2 more journeys would reach purchase (-1.0 to 8.0), everything" in words.fix(doubtful)
    assert words.fix(doubtful).endswith("it may bring nothing.")
    table = tables.loss_table(doubtful)
    assert table is not None
    assert "money" not in table.head


def test_a_loss_below_zero_is_no_loss() -> None:
    first = dataclasses.replace(losses().touchpoints[0], lost=Estimate(-5.0, -9.0, -1.0))
    assert words.worst(with_losses(touchpoints=(first,))).startswith("No touchpoint loses more journeys")


def test_what_cannot_be_said_has_a_reason() -> None:
    none = dataclasses.replace(example_journeys(), losses=None, losses_reason="Nobody left.", funnel=())
    assert words.headline(none) == "Nobody left."
    assert "Nobody left." in Page(render_journey_html(none)).text
    text = render_journey_text(none)
    assert "Nobody left." in text
    assert "Fix" not in text
    assert words.key_figure(none) == ("Journeys lost to friction", MISSING, MISSING)
    assert tables.loss_table(none) is None


def test_no_friction_and_friction_everywhere_are_told_apart() -> None:
    clean = with_losses(touchpoints=(), total=Estimate(0.0, 0.0, 3.0))
    assert words.headline(clean).startswith("No system signal was seen before purchase")
    assert "What to fix first" not in Page(render_journey_html(clean)).text
    everywhere = with_losses(total=None, index=None)
    assert "nothing to compare with" in words.headline(everywhere)
    assert words.meaning(everywhere) == words.headline(everywhere)


def test_a_clean_log_is_called_one() -> None:
    clean = dataclasses.replace(example_journeys(), problems=(), not_looked_for=())
    (said,) = words.quality(clean)
    assert said.startswith("Nothing was found wrong with the log")


def test_many_touchpoints_are_cut_with_a_word() -> None:
    first = losses().touchpoints[0]
    many = with_losses(touchpoints=tuple(dataclasses.replace(first, name=f"step {i}") for i in range(40)))
    table = tables.loss_table(many)
    assert table is not None
    assert len(table.rows) == 15
    assert table.title.endswith("the first 15 of 40")

"""The report as text, page and JSON: everything is in it, and nothing that users write can break it."""

from __future__ import annotations

import dataclasses
import json
import math
import re
from datetime import date

import pytest

from audit.example_report import HOSTILE, example_report
from audit.reading import Page
from audit.survey.example import example_survey
from customer_centric.audit import words
from customer_centric.audit.html import render_html
from customer_centric.audit.page import Chart
from customer_centric.audit.plain import Estimate
from customer_centric.audit.report import AuditReport, CustomerBase, report_mapping
from customer_centric.audit.tables import all_tables
from customer_centric.audit.text import render_text
from customer_centric.errors import InvalidInputError

CHART = Chart("test", 'Expected & "actual"', "Two lines.", '<svg role="img"><rect width="1"/></svg>')


def bare_report() -> AuditReport:
    """A log without amounts that is too short to split."""
    full = example_report()
    return dataclasses.replace(
        full,
        settings=dataclasses.replace(full.settings, amount=None, margin=2.5, horizon=26.0, command=""),
        base=dataclasses.replace(full.base, repeat_spend=None),
        holdout=None,
        spend=None,
        spend_verdict=None,
        groups=tuple(
            dataclasses.replace(group, share=None, cumulative_share=None, value=0.0) for group in full.groups
        ),
        top=tuple(
            dataclasses.replace(row, mean_spend=None, expected_spend=None, lifetime_value=Estimate(0.0))
            for row in full.top
        ),
        notes=(),
    )


def surveyed_report() -> AuditReport:
    return dataclasses.replace(example_report(), survey=example_survey())


def hostile_report() -> AuditReport:
    full = dataclasses.replace(example_report(customer=HOSTILE), survey=example_survey(HOSTILE))
    return dataclasses.replace(
        full,
        settings=dataclasses.replace(full.settings, source=HOSTILE, customer=HOSTILE, command=HOSTILE),
        notes=(HOSTILE,),
        reason=HOSTILE,
    )


# ── The page ────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("report", [example_report(), bare_report(), surveyed_report(), hostile_report()])
def test_page_is_well_formed_and_alone(report: AuditReport) -> None:
    """Every element closes, ids are unique, links inside lead somewhere, nothing is loaded or run."""
    text = render_html(report, [CHART])
    page = Page(text)
    assert text.startswith("<!DOCTYPE html>")
    assert '<html lang="en">' in text
    assert len(page.ids) == len(set(page.ids))
    assert {link[1:] for link in page.links if link.startswith("#")} <= set(page.ids)
    assert all(link.startswith(("#", "https://doi.org/")) for link in page.links)
    assert not page.tags & {"script", "link", "img", "iframe", "object", "embed", "form"}
    assert not {name for name in page.attributes if name.startswith("on")} | page.attributes & {"src"}
    assert "default-src 'none'" in text
    assert not re.search(r"@import|url\(", text)
    assert "prefers-color-scheme: dark" in text
    assert "@media print" in text


def test_page_shows_the_text_of_users_as_text() -> None:
    page = Page(render_html(hostile_report()))
    shown = " ".join(HOSTILE.split())
    assert page.text.count(shown) >= 5
    assert "script" not in page.tags


@pytest.mark.parametrize("report", [example_report(), bare_report()])
def test_page_and_text_hold_every_table_and_finding(report: AuditReport) -> None:
    page, text = Page(render_html(report)).text, " ".join(render_text(report).split())
    for sentence in (
        words.tested(report),
        words.seen(report),
        words.spread(report),
        report.reason,
        report.spend_verdict or "",
    ):
        assert sentence in page
        assert sentence in text
    for table in all_tables(report):
        for row in table.rows:
            for cell in filter(lambda cell: cell != words.MISSING, row):
                assert cell.replace("+/-", "±") in page, cell
                assert cell in text, cell


def test_charts_stand_in_their_section_with_their_words() -> None:
    text = render_html(example_report(), [CHART])
    section = text[text.index('<section id="test"') : text.index('<section id="value"')]
    assert CHART.svg in section
    assert "Expected &amp; &quot;actual&quot;" in section
    assert "Two lines." in section


def test_missing_charts_are_said() -> None:
    text = render_html(example_report(), missing_charts="No charts: pip install 'customer_centric[plot]'")
    assert "No charts: pip install &#x27;customer_centric[plot]&#x27;" in text
    assert '<div class="charts">' not in text


def test_every_table_has_a_caption_and_headers() -> None:
    text = render_html(example_report())
    assert text.count("<table>") == text.count("<caption>") == text.count("<thead>") == 7
    assert text.count('scope="col"') > 20
    assert text.count('scope="row"') > 20


# ── The text ────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("report", [example_report(), bare_report(), surveyed_report()])
def test_text_fits_a_terminal_and_is_plain(report: AuditReport) -> None:
    text = render_text(report)
    assert max(map(len, text.splitlines())) <= 100
    assert text.isascii()
    assert text.endswith("\n")
    assert not [line for line in text.splitlines() if line != line.rstrip()]


def test_text_cannot_drive_the_terminal() -> None:
    text = render_text(example_report(customer="\x1b[2Jid\r\nnext"))
    assert "\x1b" not in text
    assert "\r" not in text
    assert "[2Jid" in text


def test_text_cuts_long_ids_visibly() -> None:
    assert "aaaaaaaaaaa..." in render_text(example_report(customer="a" * 500))


def test_the_chosen_model_is_marked() -> None:
    assert re.search(r"^> MBG/NBD ", render_text(example_report()), flags=re.MULTILINE)
    assert '<tr class="marked"><th scope="row" class="word">MBG/NBD</th>' in render_html(example_report())


# ── JSON ────────────────────────────────────────────────────────────────────────────────────────────


def test_mapping_is_strict_json_with_every_number() -> None:
    report = dataclasses.replace(
        example_report(),
        lifetime=dataclasses.replace(example_report().lifetime, value=Estimate(1.5, 0.0, math.inf)),
    )
    mapping = json.loads(json.dumps(report_mapping(report), allow_nan=False))
    assert mapping.keys() == {field.name for field in dataclasses.fields(AuditReport)}
    assert mapping["lifetime"]["value"] == {"value": 1.5, "lower": 0.0, "upper": None}
    assert mapping["settings"]["end"] == "1998-06-30"
    assert mapping["holdout"]["scores"][1]["log_score"] == -0.9874
    assert len(mapping["top"]) == 10


def test_mapping_refuses_what_json_cannot_hold() -> None:
    report = dataclasses.replace(example_report(), notes=(object(),))  # type: ignore[arg-type]
    with pytest.raises(InvalidInputError, match="a report must hold plain values, got object"):
        report_mapping(report)


# ── Words ───────────────────────────────────────────────────────────────────────────────────────────


def test_numbers_read_well() -> None:
    assert words.day(date(2024, 2, 3)) == "3 February 2024"
    assert [words.amount(x) for x in (1234567.8, 999.94, 12.345, -0.001, -5.0)] == [
        "1,234,568",
        "999.9",
        "12.35",
        "0.00",
        "-5.00",
    ]
    assert words.share(None) == words.interval(Estimate(1.0)) == words.MISSING
    assert words.interval(Estimate(5000.0, 4000.4, None)) == "at least 4,000"
    assert words.signed_share(-0.1623) == "-16.2 %"
    assert [words.units(x, "week") for x in (1.0, 39.0, 26.5)] == ["1 week", "39 weeks", "26.5 weeks"]


def test_a_short_horizon_is_named_everywhere() -> None:
    assert words.far(bare_report()) == words.near(bare_report()) == "the next 26 weeks"
    assert words.far(example_report()) == "the whole future"
    assert words.near(example_report()) == "the next year"


def test_a_spread_without_bound_is_said_in_words() -> None:
    report = example_report()
    wild = dataclasses.replace(report, lifetime=dataclasses.replace(report.lifetime, process_error=math.inf))
    assert "could move the total without bound" in words.spread(wild)
    endless = dataclasses.replace(report, next_year=dataclasses.replace(report.next_year, purchases=None))
    assert len(words.key_figures(endless)) == len(words.key_figures(report)) - 1


def test_a_holdout_without_purchases_has_no_relative_error() -> None:
    report = example_report()
    assert report.holdout is not None
    quiet = dataclasses.replace(report, holdout=dataclasses.replace(report.holdout, actual=0))
    assert "There were 0; the 90 % interval was 1,440 to 1,713." in words.tested(quiet)


def test_one_customer_is_enough() -> None:
    base = CustomerBase(
        customers=1, repeat_customers=0, purchases=1, repeat_spend=0.0, first_day=date(2024, 1, 1), alive=0.5
    )
    report = dataclasses.replace(example_report(), base=base, groups=(), top=())
    assert "1 customer made 1 purchase. 0 of them" in render_text(report)
    Page(render_html(report))

"""A survey as text, page and JSON: everything is in it, and nothing that users write can break it."""

from __future__ import annotations

import dataclasses
import json
import re
from datetime import date

import pytest

from audit.example_report import HOSTILE, example_report
from audit.reading import Page
from audit.survey.example import example_survey
from customer_centric.audit import (
    render_html,
    render_survey_html,
    render_survey_text,
    report_mapping,
    survey_mapping,
)
from customer_centric.audit.page import Chart
from customer_centric.audit.plain import Estimate
from customer_centric.audit.survey import words
from customer_centric.audit.survey.report import SurveyReport
from customer_centric.audit.survey.tables import all_tables
from customer_centric.audit.text import render_text
from customer_centric.audit.words import MISSING


def alone(report: SurveyReport) -> SurveyReport:
    """On a page of its own nothing is known of value."""
    command = "python -m customer_centric nps survey.csv --rating score"
    return dataclasses.replace(
        report, settings=dataclasses.replace(report.settings, command=command), value=None
    )


def bare_survey() -> SurveyReport:
    """Only ratings."""
    full = example_survey()
    return dataclasses.replace(
        full,
        settings=dataclasses.replace(
            full.settings, answered=None, group=None, customer=None, wave=None, command=""
        ),
        score=dataclasses.replace(
            full.score, customers=None, missing=0, everybody=None, detectable=None, standard_error=None
        ),
        trend=None,
        groups=None,
        value=None,
        notes=(),
    )


CHARTS = [
    Chart("trend", "Score by month", "Points.", '<svg role="img"><rect width="1"/></svg>'),
    Chart("groups", "Answers by region", "Bars.", '<svg role="img"><rect width="2"/></svg>'),
]


@pytest.mark.parametrize("report", [alone(example_survey()), bare_survey(), alone(example_survey(HOSTILE))])
def test_page_is_well_formed_and_alone(report: SurveyReport) -> None:
    text = render_survey_html(report, CHARTS)
    page = Page(text)
    assert len(page.ids) == len(set(page.ids))
    assert {link[1:] for link in page.links if link.startswith("#")} <= set(page.ids)
    assert all(link.startswith(("#", "https://doi.org/")) for link in page.links)
    assert not page.tags & {"script", "link", "img", "iframe", "object", "embed", "form"}
    assert text.startswith("<!DOCTYPE html>")


def test_page_shows_the_text_of_users_as_text() -> None:
    page = Page(render_survey_html(alone(example_survey(HOSTILE))))
    assert page.text.count(" ".join(HOSTILE.split())) >= 5


@pytest.mark.parametrize("report", [alone(example_survey()), bare_survey()])
def test_page_and_text_hold_every_table_and_finding(report: SurveyReport) -> None:
    page = Page(render_survey_html(report)).text
    text = " ".join(render_survey_text(report).split())
    for sentence in (
        words.shares(report),
        *words.findings(report),
        words.trend(report),
        words.groups(report),
    ):
        assert sentence in page
        assert sentence in text
    for table in all_tables(report):
        for row in table.rows:
            for cell in filter(lambda cell: cell not in {MISSING, ""}, row):
                assert cell in page, cell
                assert cell in text, cell


def test_the_audit_holds_all_of_it() -> None:
    """Its own findings, the survey's, the link between them, notes, sources and settings of both."""
    survey = example_survey()
    report = dataclasses.replace(example_report(), survey=survey)
    page, text = Page(render_html(report, CHARTS)).text, " ".join(render_text(report).split())
    for sentence in (
        words.headline(survey),
        words.shares(survey),
        *words.findings(survey),
        words.trend(survey),
        words.value(survey),
        "A note on region.",
        "survey.csv",
    ):
        assert sentence in page
        assert sentence in text
    assert "Net Promoter Score 44.8 39.6 to 49.7" in text
    assert "Hall (1992)" in page
    assert 'width="2"' in render_html(report, CHARTS)
    without = Page(render_html(example_report(), CHARTS)).text
    assert "Promoter" not in without
    assert "Tango" not in without


def test_charts_stand_in_their_part_and_missing_ones_are_said() -> None:
    text = render_survey_html(alone(example_survey()), CHARTS, missing_charts="No charts: get them.")
    trend, groups = text.index('<section id="trend"'), text.index('<section id="groups"')
    assert trend < text.index(CHARTS[0].svg) < groups < text.index(CHARTS[1].svg)
    assert "No charts: get them." in text


@pytest.mark.parametrize("report", [alone(example_survey()), bare_survey(), alone(example_survey("x" * 300))])
def test_text_fits_a_narrow_terminal_and_is_plain(report: SurveyReport) -> None:
    text = render_survey_text(report)
    lines = text[: text.index("How it was asked")].splitlines()
    assert not [line for line in lines if len(line) > 80 and "x" * 40 not in line]
    assert text.isascii()
    assert text.endswith("\n")
    assert not [line for line in text.splitlines() if line != line.rstrip()]
    assert not re.search(r"^ *%", text, flags=re.MULTILINE)


def test_text_cannot_drive_the_terminal() -> None:
    text = render_survey_text(alone(example_survey("\x1b[2Jid\r\nnext")))
    assert "\x1b" not in text
    assert "\r" not in text


def test_mapping_is_strict_json_with_every_number() -> None:
    survey = example_survey()
    mapping = json.loads(json.dumps(survey_mapping(survey), allow_nan=False))
    assert mapping.keys() == {field.name for field in dataclasses.fields(SurveyReport)}
    assert mapping["score"]["score"] == {"value": 44.8, "lower": 39.6, "upper": 49.7}
    assert mapping["trend"]["waves"][2]["first_day"] == "2024-03-01"
    assert mapping["groups"]["groups"][3]["score"] is None
    whole = report_mapping(dataclasses.replace(example_report(), survey=survey))
    assert json.loads(json.dumps(whole, allow_nan=False))["survey"] == mapping
    assert report_mapping(example_report())["survey"] is None


# ── Words ───────────────────────────────────────────────────────────────────────────────────────────


def scored(lower: float, upper: float) -> SurveyReport:
    full = example_survey()
    return dataclasses.replace(
        full, score=dataclasses.replace(full.score, score=Estimate((lower + upper) / 2, lower, upper))
    )


def test_the_interval_is_said_in_words() -> None:
    assert "lies above 0, so promoters are more" in words.certainty(scored(1, 9))
    assert "lies below 0, so detractors are more" in words.certainty(scored(-9, -1))
    assert "holds 0, so these answers do not tell" in words.certainty(scored(-9, 9))
    full = example_survey()
    fine = dataclasses.replace(full, settings=dataclasses.replace(full.settings, confidence_level=0.995))
    assert "The 99.5 % interval is from 39.6 to 49.7: in 99.5 of 100 surveys" in words.certainty(fine)


def test_too_few_answers_find_nothing() -> None:
    assert words.reach(bare_survey()) == "As few answers as these could find no change at all the next time."


def test_answers_that_count_for_fewer_are_said() -> None:
    assert "of 625 customers" in words.design(example_survey())
    assert "worth 691 answers of different ones" in words.design(example_survey())
    full = example_survey()
    more = dataclasses.replace(full, score=dataclasses.replace(full.score, effective_answers=800.0))
    assert "worth" not in words.design(more)
    once = dataclasses.replace(full, score=dataclasses.replace(full.score, customers=745))
    assert words.design(once) == words.design(bare_survey()) == ""


def test_slopes_are_as_sure_as_they_are() -> None:
    survey = example_survey()
    assert survey.trend is not None
    assert "rose by 8.3 points a year" in words.trend(survey)
    assert "which chance alone could explain. A slope of 17.7 points a year would" in words.trend(survey)
    assert "1 month lies outside the control limits" in words.trend(survey)
    assert "March 2024 (67.6)" in words.trend(survey)
    falling = dataclasses.replace(
        survey.trend,
        slope=Estimate(-30.0, -40.0, -20.0),
        p_value=1e-9,
        waves=tuple(dataclasses.replace(wave, outside=False) for wave in survey.trend.waves),
    )
    said = words.trend(dataclasses.replace(survey, trend=falling))
    assert "fell by 30.0 points a year" in said
    assert "(95 % interval of the slope -40.0 to -20.0, p < 0.001), more than chance explains." in said
    assert "No month lies outside its control limits" in said
    many = dataclasses.replace(
        falling, waves=tuple(dataclasses.replace(wave, outside=True) for wave in survey.trend.waves * 3)
    )
    assert "9 months lie outside" in words.trend(dataclasses.replace(survey, trend=many))
    assert "and 4 more." in words.trend(dataclasses.replace(survey, trend=many))


def test_groups_that_chance_explains_are_not_ranked_in_words() -> None:
    survey = example_survey()
    assert survey.groups is not None
    assert words.groups(survey).startswith("The groups differ by more than chance explains (p < 0.001).")
    alike = dataclasses.replace(survey, groups=dataclasses.replace(survey.groups, p_value=0.41))
    assert words.groups(alike).startswith("Chance alone could make groups differ as much")
    one = dataclasses.replace(
        survey, groups=dataclasses.replace(survey.groups, groups=survey.groups.groups[2:], p_value=None)
    )
    assert words.groups(one) == "There are too few groups with answers to compare."


def test_value_is_an_association() -> None:
    survey = example_survey()
    assert survey.value is not None
    assert "worth 54.43 more than detractors" in words.value(survey)
    assert "558 are in the log" in words.value(survey)
    assert "That is an association" in words.value(survey)
    less = dataclasses.replace(survey.value, gap=Estimate(-3.0, -9.0, 3.5))
    assert "3.00 less than detractors" in words.value(dataclasses.replace(survey, value=less))
    assert "which holds 0: it may be chance" in words.value(dataclasses.replace(survey, value=less))
    none = dataclasses.replace(survey.value, gap=None)
    assert "nothing to compare" in words.value(dataclasses.replace(survey, value=none))
    open_ended = dataclasses.replace(survey.value, gap=Estimate(3.0, None, None))
    assert "nothing limits" in words.value(dataclasses.replace(survey, value=open_ended))


def test_waves_have_names() -> None:
    day = date(2024, 4, 1)
    assert [words.wave(day, kind) for kind in ("day", "week", "month", "quarter", "year")] == [
        "1 April 2024",
        "week of 1 April 2024",
        "April 2024",
        "Q2 2024",
        "2024",
    ]

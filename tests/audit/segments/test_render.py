"""Who matters and how the base changes as text, page and JSON: everything is in it, in plain words."""

from __future__ import annotations

import dataclasses
import json

import pytest

from audit.example_report import example_report
from audit.reading import Page
from audit.segments.example import example_segments
from customer_centric.audit import report_mapping
from customer_centric.audit.html import render_html
from customer_centric.audit.report import AuditReport
from customer_centric.audit.segments import tables, words
from customer_centric.audit.segments.report import BaseChange, NewCustomer, SegmentReport
from customer_centric.audit.text import render_text
from customer_centric.audit.words import MISSING


def audited(report: SegmentReport | None = None) -> AuditReport:
    return dataclasses.replace(example_report(), segments=report or example_segments())


def one_line(text: str) -> str:
    return " ".join(text.split())


def change(**changes: object) -> BaseChange:
    found = example_segments().change
    assert found is not None
    return dataclasses.replace(found, **changes)  # type: ignore[arg-type]


def told(found: BaseChange) -> list[str]:
    return words.change(dataclasses.replace(example_segments(), change=found))


def test_page_and_text_hold_every_table_and_finding() -> None:
    report = example_segments()
    assert report.new_customer is not None
    places = (
        Page(render_html(audited())).text.replace("\N{MINUS SIGN}", "-"),
        one_line(render_text(audited())),
    )
    for place in places:
        for sentence in (
            words.concentration(report),
            words.tiers(report),
            words.rfm(report),
            *words.change(report),
            words.new_customer(report.new_customer, "90 %", "the whole future"),
            *words.method(report)[:1],
        ):
            assert sentence in place or sentence in words.method(report)
        for table in tables.segment_tables(report, "week"):
            for cell in (cell for row in table.rows for cell in row if cell != MISSING):
                assert cell in place, cell
    assert words.method(report)[0] in places[0]


def test_text_fits_a_terminal_and_is_plain() -> None:
    lines = render_text(audited()).splitlines()
    assert max(map(len, lines)) <= 100
    assert render_text(audited()).isascii()
    assert not [line for line in lines if line != line.rstrip()]


def test_json_is_strict() -> None:
    read = json.loads(json.dumps(report_mapping(audited()), allow_nan=False))["segments"]
    assert read["concentration"]["share"]["value"] == 0.8
    assert [tier["at_least"] for tier in read["tiers"]] == [54.0, None]
    assert read["change"]["cohorts"][1]["first_day"] == "1997-03-01"
    assert read["new_customer"]["payback"] == 48


def test_sections_are_there_only_where_there_is_something() -> None:
    page = Page(render_html(audited()))
    assert {"value", "cost", "base"} <= set(page.ids)
    without = Page(render_html(audited(dataclasses.replace(example_segments(), new_customer=None))))
    assert "cost" not in without.ids
    assert "base" in without.ids
    nothing = dataclasses.replace(example_report(), segments=None)
    assert {"cost", "base"}.isdisjoint(Page(render_html(nothing)).ids)
    assert "How the base changes" not in render_text(nothing)


# ── Words ───────────────────────────────────────────────────────────────────────────────────────────


def test_the_best_customers_have_a_share_with_an_interval() -> None:
    assert words.concentration(example_segments()) == (
        "The best 20 % of the customers, 471, hold 80.0 % of the value (90 % interval 78.6 to 81.4 %). The "
        "Gini coefficient is 0.73 (90 % interval 0.72 to 0.74): 0 is the same value for all, 1 all of it in "
        "one hand."
    )
    nothing = dataclasses.replace(example_segments().concentration, share=None, gini=None)
    report = dataclasses.replace(example_segments(), concentration=nothing)
    assert words.concentration(report) == "Nobody is worth anything, so nothing is concentrated."


def test_tiers_say_where_they_begin_and_how_sure_they_are() -> None:
    report = example_segments()
    assert words.tiers(report).startswith("Tiers of lifetime value begin at 54, where the better half")
    assert words.tiers(report).endswith(
        "1,503 of 2,357 customers will end in one tier with a probability of at least 80 %; where the others "
        "will is open."
    )
    given = dataclasses.replace(
        report,
        tiers_given=True,
        tiers=tuple(dataclasses.replace(tier, sure=None, expected=None) for tier in report.tiers),
    )
    assert words.tiers(given) == "Tiers of lifetime value begin at 54, as asked."
    assert ("Tiers begin at", "54") in words.settings_rows(given)
    table = tables.tier_table(given)
    assert table is not None
    assert table.head[-1] == "90 % between"
    none = dataclasses.replace(report, tiers=(), tier_reason="Nobody is worth anything.")
    assert words.tiers(none) == "Nobody is worth anything."
    assert tables.tier_table(none) is None


def test_the_change_between_two_periods_is_taken_apart() -> None:
    assert told(change()) == [
        (
            "In June 1998, 138 customers made 168 purchases for 5,591. The best tenth of them brought 28.5 % "
            "of it."
        ),
        (
            "Of those who bought in the month before, 30.6 % bought again (90 % interval 24.5 to 37.5 %). "
            "The amount went from 6,378 to 5,591: 4,258 more from some customers, 5,046 less from others."
        ),
        (
            "Customers who first bought in January 1997 had brought 97.36 each 15 months after that month; "
            "those of March 1997 at the same age, 103.7."
        ),
        (
            "Of the amount of June 1998, 12.5 % came from customers who first bought in the last 4 months, "
            "the rest from older ones."
        ),
    ]


def test_what_is_missing_has_a_reason_or_is_left_out() -> None:
    alone = change(kept=None, kept_reason="nobody bought in the month before", age=None, cohorts=())
    assert told(alone)[1] == "There is nothing to compare it with: nobody bought in the month before."
    assert len(told(alone)) == 3
    assert tables.move_table(dataclasses.replace(example_segments(), change=alone)) is None
    assert told(change(newcomers=0.0))[-1].endswith("in the last 4 months: older ones brought it all.")
    assert len(told(change(newcomers=None, top_share=None))) == 3
    none = dataclasses.replace(example_segments(), change=None, change_reason="The log has no amounts.")
    assert words.change(none) == ["The log has no amounts."]
    assert "The log has no amounts." in render_text(audited(none))


@pytest.mark.parametrize(
    ("period", "name"),
    [
        ("week", "the week to 30 June 1998"),
        ("quarter", "the quarter from 1 June 1998 to 30 June 1998"),
        ("year", "1998"),
    ],
)
def test_periods_have_their_names(period: str, name: str) -> None:
    assert told(change(period=period))[0].startswith(f"In {name}, 138 customers")


def test_a_cost_is_paid_back_at_once_later_or_never() -> None:
    found = example_segments().new_customer
    assert found is not None

    def said(**changes: object) -> str:
        changed: NewCustomer = dataclasses.replace(found, **changes)  # type: ignore[arg-type, type-var]
        return words.new_customer(changed, "90 %", "the whole future")

    assert said() == (
        "A new customer is worth 72.41 on the day of the first purchase (90 % interval 64.08 to 81.82): "
        "10.74 with that purchase, the rest expected of the whole future, discounted. Winning one costs "
        "25.00, so each unit of money brings 2.90 (90 % interval 2.56 to 3.27). It is paid back after 48 "
        "weeks."
    )
    assert said(payback=0).endswith("The first purchase pays it back.")
    assert said(payback=None).endswith("The margin expected of one customer does not reach that.")
    assert said(acquisition_cost=0.0, ratio=None).endswith("Winning one costs nothing.")

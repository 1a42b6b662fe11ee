"""Who comes back and who leaves as text, page and JSON: everything is in it, and no name can break it."""

from __future__ import annotations

import dataclasses
import json
from datetime import date

import pytest

from audit.churn.example import example_contracts, example_returns
from audit.example_report import HOSTILE, example_report
from audit.reading import Page
from customer_centric.audit import contract_mapping, render_churn_html, render_churn_text, report_mapping
from customer_centric.audit.churn import tables, words
from customer_centric.audit.churn.report import ChurnPeriod, ContractReport
from customer_centric.audit.html import render_html
from customer_centric.audit.page import Chart
from customer_centric.audit.plain import Estimate
from customer_centric.audit.report import AuditReport
from customer_centric.audit.text import render_text
from customer_centric.audit.words import MISSING

END = date(2024, 12, 31)


def one_line(text: str) -> str:
    return " ".join(text.split())


def hyphened(text: str) -> str:
    """With the sign that a number below 0 has in the text, in place of that of the page."""
    return text.replace("\N{MINUS SIGN}", "-")


def audited() -> AuditReport:
    return dataclasses.replace(example_report(), returns=example_returns(), contracts=example_contracts())


def test_page_and_text_hold_every_table_and_finding() -> None:
    report = example_contracts()
    pages = [Page(render_churn_html(report)).text, Page(render_html(audited())).text]
    texts = [one_line(render_churn_text(report)), one_line(render_text(audited()))]
    for place in map(hyphened, (*pages, *texts)):
        for sentence in (
            words.ledger(report),
            words.definitions(report),
            words.months(report),
            words.stays(report),
            report.notes[0],
        ):
            assert hyphened(sentence) in place
        for table in tables.contract_tables(report):
            for cell in (cell for row in table.rows for cell in row if cell != MISSING):
                assert hyphened(cell) in place, cell
    assert words.headline(report) in texts[0]
    assert words.headline(report) in pages[1]


def test_an_audit_says_who_comes_back() -> None:
    report = example_returns()
    page, text = Page(render_html(audited())).text, one_line(render_text(audited()))
    for sentence in words.returns(report, audited().settings.end):
        assert sentence in page
        assert sentence in text
    table = tables.retention_table(report)
    assert table is not None
    for cell in (cell for row in table.rows for cell in row):
        assert cell in page
        assert cell in text


def test_names_of_users_are_text() -> None:
    report = example_contracts(HOSTILE)
    page = Page(render_churn_html(report))
    assert page.text.count(" ".join(HOSTILE.split())) >= 3
    assert "script" not in page.tags
    assert len(page.ids) == len(set(page.ids))
    printed = render_churn_text(report)
    assert "\x1b" not in printed


@pytest.mark.parametrize("text", [render_churn_text(example_contracts()), render_text(audited())])
def test_text_fits_a_terminal_and_is_plain(text: str) -> None:
    lines = text.splitlines()
    assert max(map(len, lines)) <= 100
    assert text.isascii()
    assert not [line for line in lines if line != line.rstrip()]


def test_charts_stand_in_their_section() -> None:
    back, leave = (Chart(name, name, "What there is.", f"<svg><{name}/></svg>") for name in ("back", "leave"))  # type: ignore[arg-type]
    page = render_html(audited(), [back, leave])
    start, middle, end = (page.index(f'<section id="{key}"') for key in ("back", "leave", "certainty"))
    assert start < page.index(back.svg) < middle < page.index(leave.svg) < end
    assert leave.svg in render_churn_html(example_contracts(), [leave])
    assert "No charts" in render_churn_html(example_contracts(), missing_charts="No charts here")


def test_json_is_strict() -> None:
    mapping = report_mapping(audited())
    read = json.loads(json.dumps(mapping, allow_nan=False))
    assert read["contracts"]["year"]["rate"]["value"] == 0.923
    assert read["contracts"]["definitions"][2]["rate"] is None
    assert read["contracts"]["stays"]["median"]["upper"] is None
    assert read["returns"]["retention"]["ages"][0]["active"] == 345
    assert contract_mapping(example_contracts()) == read["contracts"]


# ── Words ───────────────────────────────────────────────────────────────────────────────────────────


def test_the_headline_names_counts_rate_and_interval() -> None:
    assert words.headline(example_contracts()) == (
        "Churn rate of the 12 months to 31 December 2024: 92.3 % (95 % interval 87.5 to 97.3 %): "
        "1,396 customers lost, of 1,512.1 on average."
    )


def test_without_customers_there_is_a_reason() -> None:
    report = example_contracts()
    empty = dataclasses.replace(report.year, rate=None, reason="there are no customers", lost=1)
    without = dataclasses.replace(report, year=empty, stays=None, months=report.months[2:])
    assert words.headline(without) == (
        "There is no churn rate of the 12 months to 31 December 2024: there are no customers. "
        "1 customer lost."
    )
    assert "there are no customers" in render_churn_html(without)
    assert words.months(without) == "No month has customers on average."
    assert "How long customers stay" not in render_churn_text(without)


def months_of(*rates: tuple[float, float, float]) -> ContractReport:
    report = example_contracts()
    months = [dataclasses.replace(report.months[i], rate=Estimate(*rate)) for i, rate in enumerate(rates)]
    return dataclasses.replace(report, months=tuple(months))


def test_months_differ_or_not() -> None:
    assert words.months(months_of((0.07, 0.06, 0.08), (0.13, 0.09, 0.15))) == (
        "Churn a month was highest in February 2024 (13.0 %) and lowest in January 2024 (7.0 %). "
        "Their intervals do not meet."
    )
    assert "may have set them apart" in words.months(months_of((0.07, 0.06, 0.1), (0.13, 0.09, 0.15)))
    assert words.months(months_of((0.0, 0.0, 0.1), (0.0, 0.0, 0.2))) == "Churn was 0.0 % in every month."


def test_months_that_end_within_a_month_are_named_by_their_last_day() -> None:
    month: ChurnPeriod = dataclasses.replace(example_contracts().months[0], end=date(2024, 3, 15))
    assert words.month(month) == "the month to 15 March 2024"
    report = dataclasses.replace(example_contracts(), months=(month,))
    table = tables.month_table(report)
    assert (table.head[0], table.rows[0][0]) == ("month to", "15 March 2024")


def test_stays_without_a_median_say_so() -> None:
    report = example_contracts()
    assert report.stays is not None
    assert words.stays(report).endswith("after 7.4 months (95 % interval at least 7.0).")
    forever = dataclasses.replace(report, stays=dataclasses.replace(report.stays, median=None))
    assert words.stays(forever).endswith("more than half are left for as long as they were watched.")


def test_definitions_without_customers_give_no_rate() -> None:
    report = example_contracts()
    none = dataclasses.replace(
        report, definitions=tuple(dataclasses.replace(item, rate=None) for item in report.definitions)
    )
    assert words.definitions(none).startswith("No published definition gives a rate")


def test_a_model_in_which_nobody_leaves_has_no_rate() -> None:
    report = example_returns()
    nobody = dataclasses.replace(
        report, activity=dataclasses.replace(report.activity, model="NBD", rate=None)
    )
    assert words.activity(nobody, END).startswith("NBD takes every customer for active, now and for ever")


def test_silences_are_counted_in_words() -> None:
    report = example_returns()
    assert report.silence is not None
    assert "called a customer lost 1,800 times, and been wrong 173 times so far (9.6 %" in words.silence(
        report
    )
    none = dataclasses.replace(report.silence, declared=0, recovered=0, recovered_share=None)
    assert "nobody would have been called lost" in words.silence(dataclasses.replace(report, silence=none))
    once = dataclasses.replace(report.silence, declared=1, recovered=0)
    assert "lost once, and been wrong 0 times" in words.silence(dataclasses.replace(report, silence=once))


def test_what_cannot_be_said_has_a_reason() -> None:
    report = dataclasses.replace(
        example_returns(),
        retention=None,
        retention_reason="No cohorts.",
        silence=None,
        silence_reason="No pauses.",
    )
    assert words.returns(report, END)[1:] == ["No pauses.", "No cohorts."]
    assert tables.retention_table(report) is None
    text = render_text(dataclasses.replace(example_report(), returns=report))
    assert "No cohorts." in text

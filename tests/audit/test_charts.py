"""The charts of an audit are part of its page, and their absence is explained."""

from __future__ import annotations

import re
import sys

import pandas as pd
import pytest

from customer_centric.audit import Audit, render_html, run_audit
from customer_centric.datasets import load_cdnow_sample


@pytest.fixture(scope="module")
def log() -> pd.DataFrame:
    sample = load_cdnow_sample()
    return sample[sample["customer"] < "0300"]


def ask(log: pd.DataFrame, margin: float = 0.3) -> Audit:
    return run_audit(
        log,
        customer="customer",
        date="date",
        amount="amount",
        end="1998-06-30",
        unit="week",
        margin=margin,
        discount_rate=0.1,
    )


def test_charts_are_drawn_into_the_page(log: pd.DataFrame) -> None:
    audit = ask(log)
    assert [chart.section for chart in audit.charts] == ["test", "test", "test", "value", "back"]
    assert audit.missing_charts == ""
    page = render_html(audit.report, audit.charts)
    ids = re.findall(r'\bid="([^"]+)"', page)
    assert len(ids) == len(set(ids))
    assert set(re.findall(r"url\(#([^)]+)\)", page)) <= set(ids)
    assert set(re.findall(r'href="#([^"]+)"', page)) <= set(ids)
    for chart in audit.charts:
        assert chart.svg.startswith('<svg role="img" aria-label="')
        assert chart.svg in page


def test_nothing_worth_anything_has_no_concentration(log: pd.DataFrame) -> None:
    audit = ask(log, margin=0.0)
    assert [chart.section for chart in audit.charts] == ["test", "test", "test", "back"]
    assert "shares of it mean nothing" in render_html(audit.report, audit.charts)


def test_without_matplotlib_the_page_says_how_to_get_charts(
    log: pd.DataFrame, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in [name for name in sys.modules if name.partition(".")[0] == "matplotlib"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    audit = ask(log)
    assert audit.charts == ()
    assert "pip install 'customer_centric[plot]'" in audit.missing_charts
    page = render_html(audit.report, audit.charts, missing_charts=audit.missing_charts)
    assert "pip install &#x27;customer_centric[plot]&#x27;" in page

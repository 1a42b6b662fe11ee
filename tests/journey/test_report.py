"""The report says what its parts say, and names the fix that pays."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import numpy as np
import pandas as pd
import pytest

from customer_centric import (
    EventSchema,
    FrictionReport,
    InvalidInputError,
    fix_gain,
    friction_report,
    prepare_log,
)
from customer_centric.simulate import simulate_journeys

WORLD = simulate_journeys(2_000, rng=np.random.default_rng(5))
LOG = prepare_log(WORLD.log, EventSchema.full())


def report_of(**changes: Any) -> FrictionReport:
    given: dict[str, Any] = {
        "goal": "purchase",
        "contact": "support",
        "end": WORLD.end,
        "closed_after": timedelta(hours=1),
        "n_resamples": 40,
        "rng": np.random.default_rng(1),
    }
    return friction_report(LOG, **given | changes)


@pytest.fixture(scope="module")
def report() -> FrictionReport:
    return report_of(value=90.0, costs={"payment": 1_000.0})


def test_the_planted_friction_is_found(report: FrictionReport) -> None:
    """Payment fails most often and loses most; the simulator knows how much."""
    assert report.best_fix == report.loss.touchpoints[0] == "payment"
    assert report.loss.interval.contains(WORLD.lost)
    assert report.gains["payment"].interval.contains(WORLD.fix_gain["payment"])


def test_the_fixes_are_those_of_fix_gain(report: FrictionReport) -> None:
    alone = fix_gain(
        report.signals, "payment", value=np.full(2_000, 90.0), n_resamples=1, rng=np.random.default_rng(1)
    )
    assert report.gains["payment"].total == alone.total
    assert report.gains["payment"].clv_total == pytest.approx(90 * alone.total, rel=1e-12)


def test_the_table_has_the_numbers_of_its_parts(report: FrictionReport) -> None:
    table = report.to_frame().set_index("touchpoint")
    assert table["lost"].sum() == pytest.approx(report.loss.total, rel=1e-12)
    assert table.loc["payment", "fix_cost"] == 1_000
    scores = dict(zip(report.score.names, report.score.score, strict=True))
    assert table["score"].to_dict() == {name: scores[name] for name in table.index}


def test_the_sentences_hold_the_numbers(report: FrictionReport) -> None:
    said = str(report)
    gain = report.gains["payment"]
    assert f"Fix payment first: {gain.total:,.0f} more journeys" in said
    assert f"worth {gain.clv_total:,.0f}, {gain.clv_total - 1_000:,.0f} after its cost" in said
    assert said.replace(">", "&gt;") in report._repr_html_()


def test_what_is_wrong_with_the_log_is_noted() -> None:
    """A purchase before its payment is said with the answers."""
    asked = report_of(prerequisites={"payment": "purchase"})
    assert asked.quality.violations[0].n_journeys > 0
    assert asked.summary[-1].startswith("Note: ")
    assert ".." not in str(asked)


def test_a_fix_that_costs_more_than_it_brings_is_not_the_best() -> None:
    every = dict.fromkeys(("payment", "details", "support"), 1e6)
    assert report_of(value=90.0, costs=every).best_fix is None


def test_without_values_the_most_journeys_decide() -> None:
    plain = report_of()
    assert plain.best_fix == "payment"
    assert not plain.has_value
    assert "worth" not in str(plain)


def test_a_log_without_friction_says_so() -> None:
    calm = pd.DataFrame(
        {
            "case_id": [1, 1, 2],
            "touchpoint": ["cart", "purchase", "cart"],
            "timestamp": pd.to_datetime(["2026-01-01", "2026-01-02", "2026-01-01"]),
            "outcome": "ok",
        }
    )
    found = friction_report(
        prepare_log(calm, EventSchema(outcome="outcome")),
        goal="purchase",
        closed_after=timedelta(hours=1),
        n_resamples=5,
        rng=np.random.default_rng(1),
    )
    assert found.best_fix is None
    assert found.loss.total == 0
    assert "nothing is lost to friction" in str(found)
    assert found.to_frame().empty


def test_journeys_that_may_go_on_are_left_out_and_counted() -> None:
    assert report_of(closed_after=None).loss.n_unknown > 0


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"costs": {"payment": 1.0}}, "`costs` must come with `value`"),
        ({"value": 1.0, "costs": {"till": 1.0}}, "`costs` must name touchpoints of the log, got 'till'"),
        (
            {"value": 1.0, "costs": {"payment": -1.0}},
            r"`costs\['payment'\]` must be a finite number at least 0, got -1",
        ),
        ({"value": float("nan")}, "`value` must be a finite number"),
    ],
)
def test_wrong_questions_are_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(InvalidInputError, match=message):
        report_of(**changes)

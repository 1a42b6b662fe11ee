"""Published churn rates of one ledger, and bridges between any two of them."""

from __future__ import annotations

import math
from datetime import date, timedelta
from itertools import product

import pytest
from hypothesis import given

from churn._engines import engines, in_engine
from churn.test_period import COLUMNS, FIRST, Row, rows_strategy, table
from customer_centric.churn import ChurnReconciliation, period_churn, reconcile_churn
from customer_centric.errors import InvalidInputError
from effort import examples

END = FIRST + timedelta(days=30)
NAMES = (
    "exposure",
    "13 counts",
    "two-point average",
    "daily sum",
    "start, all losses",
    "start, opening customers",
    "start and new",
    "end",
)


def reconcile(rows: list[Row], engine: str = "pandas") -> ChurnReconciliation:
    return reconcile_churn(in_engine(table(rows), engine), FIRST, END, **COLUMNS)


@given(rows_strategy())
@examples(50)
def test_bridges_lead_from_any_rate_to_any_other(rows: list[Row]) -> None:
    """The two parts add up to the difference, and the way back is the way there."""
    found = reconcile(rows)
    for first, second in product(NAMES, NAMES):
        bridge, back = found.bridge(first, second), found.bridge(second, first)
        if not (found[first].base > 0 and found[second].base > 0):
            assert math.isnan(bridge.difference)
            continue
        assert bridge.difference == pytest.approx(found[second].value - found[first].value)
        assert bridge.from_numerator + bridge.from_base == pytest.approx(bridge.difference)
        assert back.from_base == pytest.approx(-bridge.from_base)


@given(rows_strategy())
@examples(50)
def test_bases_are_those_of_one_period(rows: list[Row]) -> None:
    """Each rate that `period_churn` knows is the same there."""
    found = reconcile(rows)
    for base, name in (
        ("exposure", "exposure"),
        ("two_point", "two-point average"),
        ("start", "start, opening customers"),
        ("start_plus_new", "start and new"),
        ("end", "end"),
    ):
        churn = period_churn(table(rows), FIRST, END, **COLUMNS, base=base)
        assert found[name].value == pytest.approx(churn.rate, nan_ok=True)


def test_a_steady_base_has_one_rate() -> None:
    """Where as many come as leave, all rates but the probability and the one per all comers agree."""
    rows = [Row(i, -40 + i, 1 + i) for i in range(30)] + [Row(100 + i, 1 + i, None) for i in range(30)]
    found = reconcile(rows)
    same = [found[name].value for name in NAMES if name != "start and new"]
    assert same == pytest.approx([1.0] * len(same), rel=0.02)


def test_daily_sum_is_the_sum_over_days() -> None:
    """One of ten on the first day, one of nine on another: 1/10 + 1/9."""
    rows = [Row(i, -9, {0: 1, 1: 20}.get(i)) for i in range(10)]
    assert reconcile(rows)["daily sum"].value == pytest.approx(1 / 10 + 1 / 9)


@engines
def test_every_engine_has_the_same_table(engine: str) -> None:
    rows = [Row(1, -5, 8), Row(1, 12, None), Row(2, -9, 3), Row(3, 4, 9), Row(4, -9, None)]
    found, expected = reconcile(rows, engine), reconcile(rows)
    assert found.definitions == expected.definitions
    assert (found.start, found.end) == (FIRST, END)


def test_results_can_be_looked_at() -> None:
    found = reconcile([Row(1, -5, 8), Row(2, -9, None)])
    frame = found.to_frame()
    assert tuple(frame["name"]) == NAMES
    assert set(frame["kind"]) == {"rate", "ratio", "probability"}
    assert "ChartMogul" in found._repr_html_()


def test_refusals() -> None:
    found = reconcile([Row(1, -5, 8)])
    with pytest.raises(InvalidInputError, match="`name` must be one of 'exposure', '13 counts'"):
        found.bridge("exposure", "churn")
    with pytest.raises(InvalidInputError, match="`end` must be after `start`"):
        reconcile_churn(table([Row(1, 0, None)]), END, date(2024, 1, 1), **COLUMNS)

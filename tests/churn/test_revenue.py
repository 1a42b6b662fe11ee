"""Movements of recurring revenue add up to the cent, and retention has honest bounds."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from scipy import stats

from churn._engines import LAZY, engines, in_engine
from customer_centric.churn import RevenueMovement, revenue_movement
from customer_centric.errors import InvalidInputError, MissingColumnError
from effort import examples

CENTS = st.one_of(st.just(0), st.integers(0, 10**7))
ACCOUNTS = st.lists(st.tuples(CENTS, CENTS, st.booleans()), max_size=25)


def frame(accounts: list[tuple[int, int, bool]]) -> pd.DataFrame:
    """Revenue in cents, so that sums are exact."""
    return pd.DataFrame(
        {
            "open": [float(row[0]) for row in accounts],
            "close": [float(row[1]) for row in accounts],
            "known": pd.Series([row[2] for row in accounts], dtype=bool),
        }
    )


def move(accounts: list[tuple[int, int, bool]], engine: str = "pandas") -> RevenueMovement:
    return revenue_movement(
        in_engine(frame(accounts), engine), opening="open", closing="close", paid_before="known"
    )


@given(ACCOUNTS)
@example([])
@example([(0, 0, False)])
@example([(100, 100, False)])
def test_movements_add_up_to_the_cent(accounts: list[tuple[int, int, bool]]) -> None:
    moved = move(accounts)
    gained = moved.new + moved.reactivation + moved.expansion
    assert moved.opening + gained - moved.contraction - moved.churn == moved.closing
    assert min(moved.new, moved.reactivation, moved.expansion, moved.contraction, moved.churn) >= 0
    assert moved.n_opening == sum(row[0] > 0 for row in accounts)


@given(ACCOUNTS)
def test_gross_retention_is_at_most_one_and_at_most_net(accounts: list[tuple[int, int, bool]]) -> None:
    moved = move(accounts)
    if moved.opening == 0:
        assert math.isnan(moved.gross_retention)
        assert moved.reason == "there is no revenue at the start"
        assert moved.gross_interval is None
        return
    assert 0 <= moved.gross_retention <= min(1.0, moved.net_retention) + 1e-12
    interval = moved.gross_interval
    assert interval is not None
    assert 0 <= interval.lower <= moved.gross_retention <= interval.upper <= 1
    assert interval.width > 0
    assert 1 - 1e-9 <= moved.effective_accounts <= moved.n_opening + 1e-9
    if moved.net_interval is not None:
        assert moved.net_interval.contains(moved.net_retention)
        assert moved.net_interval.width > 0


@given(ACCOUNTS, st.randoms(use_true_random=False))
@examples(40)
def test_the_order_of_customers_does_not_matter(
    accounts: list[tuple[int, int, bool]], shuffle: object
) -> None:
    mixed = list(accounts)
    shuffle.shuffle(mixed)  # type: ignore[attr-defined]
    here, there = move(accounts), move(mixed)
    assert here.opening == there.opening
    assert here.net_retention == pytest.approx(there.net_retention, rel=1e-12, nan_ok=True)


@given(ACCOUNTS)
@examples(40)
def test_the_currency_does_not_matter(accounts: list[tuple[int, int, bool]]) -> None:
    """Twice the money is the same retention."""
    doubled = [(2 * a, 2 * b, known) for a, b, known in accounts]
    here, there = move(accounts), move(doubled)
    assert there.closing == 2 * here.closing
    assert here.gross_retention == pytest.approx(there.gross_retention, nan_ok=True)
    assert here.gross_interval == there.gross_interval


@engines
def test_every_engine_has_the_same_movements(engine: str) -> None:
    rng = np.random.default_rng(1)
    accounts = [
        (int(a), int(b), bool(known))
        for a, b, known in zip(
            rng.integers(0, 5, 200) * rng.integers(1, 9999, 200),
            rng.integers(0, 5, 200) * rng.integers(1, 9999, 200),
            rng.random(200) < 0.3,
            strict=True,
        )
    ]
    found, expected = move(accounts, engine), move(accounts)
    for name in ("opening", "new", "reactivation", "expansion", "contraction", "churn", "closing", "n_lost"):
        assert getattr(found, name) == getattr(expected, name), name
    assert found.net_retention == pytest.approx(expected.net_retention, rel=1e-12)
    assert found.net_interval is not None
    assert expected.net_interval is not None
    assert found.net_interval.lower == pytest.approx(expected.net_interval.lower, rel=1e-9)


def test_net_retention_has_the_error_of_a_ratio() -> None:
    """Cochran's formula, written out: four customers of equal size have three degrees of freedom."""
    x, y = np.array([50.0, 50, 50, 50]), np.array([70.0, 50, 0, 60])
    moved = revenue_movement(pd.DataFrame({"x": x, "y": y}), opening="x", closing="y")
    ratio = y.sum() / x.sum()
    error = math.sqrt(4 / 3 * ((y - ratio * x) ** 2).sum()) / x.sum()
    assert moved.net_retention == ratio
    assert moved.net_interval is not None
    assert moved.net_interval.upper - ratio == pytest.approx(3.182446 * error, rel=1e-6)


def test_few_large_customers_count_as_few() -> None:
    """Effective accounts take the place of the accounts: 200² / 13,800 of them here, at 1.8986 degrees."""
    x, y = np.array([100.0, 50, 30, 20]), np.array([120.0, 50, 0, 30])
    moved = revenue_movement(pd.DataFrame({"x": x, "y": y}), opening="x", closing="y")
    ratio, n = y.sum() / x.sum(), 200**2 / 13_800
    error = math.sqrt(n / (n - 1) * ((y - ratio * x) ** 2).sum()) / x.sum()
    assert moved.effective_accounts == pytest.approx(n)
    assert moved.net_interval is not None
    assert moved.net_interval.upper - ratio == pytest.approx(stats.t.ppf(0.975, n - 1) * error, rel=1e-6)
    assert "concentrated" in str(moved.reason)
    assert moved.net_churn == 1 - ratio
    assert "net retention" in moved._repr_html_()


def test_nobody_who_leaves_is_no_promise() -> None:
    """Ten customers who all stayed alike: gross retention has a lower bound below 1, net has no interval."""
    moved = move([(100, 100, False)] * 10)
    assert moved.gross_interval is not None
    assert moved.gross_interval.upper == 1.0
    assert moved.gross_interval.lower == pytest.approx(0.7225, abs=5e-5), "Wilson's, of 10 of 10"
    assert moved.net_interval is None
    assert "moved alike" in str(moved.reason)
    assert math.isnan(moved.quick_ratio), "nothing over nothing"
    assert move([(100, 200, False)] * 2).quick_ratio == math.inf
    assert move([(100, 50, False)]).reason == "one customer shows nothing about others"


def test_reactivation_counts_in_net_retention_where_asked() -> None:
    accounts = frame([(100, 100, False), (100, 0, False), (0, 50, True)])
    arguments = {"opening": "open", "closing": "close", "paid_before": "known"}
    assert revenue_movement(accounts, **arguments).net_retention == 0.5
    assert revenue_movement(accounts, **arguments, reactivation="include").net_retention == 0.75


@engines
@pytest.mark.parametrize("bad", [-1.0, math.inf, None])
def test_revenue_is_finite_and_not_negative(engine: str, bad: float | None) -> None:
    accounts = pd.DataFrame({"open": [1.0, 2.0], "close": [2.0, bad]})
    rule = "finite numbers"
    with pytest.raises(
        InvalidInputError, match=rf"`closing` \(column 'close'\) must be {rule}.* of 2 values"
    ):
        revenue_movement(in_engine(accounts, engine), opening="open", closing="close")


@pytest.mark.parametrize("engine", ["pandas", *LAZY])
def test_wrong_columns_are_refused(engine: str) -> None:
    accounts = in_engine(pd.DataFrame({"open": [1.0], "close": ["2"], "known": [3]}), engine)
    with pytest.raises(InvalidInputError, match=r"`closing` \(column 'close'\) must be numbers"):
        revenue_movement(accounts, opening="open", closing="close")
    with pytest.raises(MissingColumnError, match="`opening` must be a column of the frame, got 'mrr'"):
        revenue_movement(accounts, opening="mrr", closing="close")


@engines
def test_who_paid_before_is_yes_or_no(engine: str) -> None:
    accounts = in_engine(pd.DataFrame({"open": [1.0], "close": [2.0], "known": [3]}), engine)
    with pytest.raises(InvalidInputError, match=r"`paid_before` \(column 'known'\) must be 0 or 1"):
        revenue_movement(accounts, opening="open", closing="close", paid_before="known")


def test_choices_are_checked() -> None:
    accounts = pd.DataFrame({"open": [1.0], "close": [2.0]})
    with pytest.raises(InvalidInputError, match="`reactivation` must be one of 'exclude', 'include'"):
        revenue_movement(accounts, opening="open", closing="close", reactivation="maybe")  # type: ignore[arg-type]
    with pytest.raises(InvalidInputError, match=r"95 % is written 0\.95"):
        revenue_movement(accounts, opening="open", closing="close", confidence_level=95)


def test_intervals_hold_what_they_promise() -> None:
    """300 worlds of 60 customers of very unequal size, a tenth of whom leave: 90 % of intervals hold."""
    rng = np.random.default_rng(3)
    held = np.zeros(2)
    for _ in range(300):
        x = rng.lognormal(3.0, 1.5, 60)
        y = np.where(rng.random(60) < 0.1, 0.0, x * rng.choice([0.8, 1.0, 1.2], 60))
        moved = revenue_movement(pd.DataFrame({"x": x, "y": y}), opening="x", closing="y")
        assert moved.gross_interval is not None
        assert moved.net_interval is not None
        held += [moved.gross_interval.contains(0.9 * (0.8 + 2) / 3), moved.net_interval.contains(0.9)]
    assert (held / 300 >= 0.90).all(), held / 300

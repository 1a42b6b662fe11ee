"""Loyal customers and other products: odds that agree with the tests they invert, margins in every engine."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy.stats import chi2_contingency
from scipy.stats.contingency import odds_ratio

from churn._engines import engines, in_engine
from customer_centric.errors import InvalidInputError, MissingColumnError
from customer_centric.intervals import wilson_interval
from customer_centric.segments import CrossSellMargin, cross_sell_margin, cross_sell_odds
from effort import examples

GROUP = st.integers(1, 60).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))


def test_twice_as_likely_is_an_odds_ratio_of_six() -> None:
    """80 % against 40 %; and SciPy's exact conditional interval, 3.05 to 11.93, is a little wider."""
    found = cross_sell_odds(80, 100, 40, 100)
    assert (found.risk_ratio, found.odds_ratio) == (2.0, 6.0)
    exact = odds_ratio(np.array([[80, 20], [40, 60]])).confidence_interval()
    assert exact.low < found.odds_interval.lower < found.odds_interval.upper < exact.high
    assert found.odds_interval.lower == pytest.approx(exact.low, rel=0.06)
    assert found.odds_interval.upper == pytest.approx(exact.high, rel=0.06)
    assert "2.00 times as likely" in found._repr_html_()


def test_the_often_quoted_five_times_likelier() -> None:
    """ "Five times likelier to buy other products": 25 % against 5 %, an odds ratio of 6.33."""
    found = cross_sell_odds(250, 1000, 50, 1000)
    assert found.risk_ratio == pytest.approx(5)
    assert found.odds_ratio == pytest.approx(19 / 3)
    assert found.risk_interval.contains(5)


@given(GROUP, GROUP)
@examples(80)
def test_the_interval_leaves_1_out_exactly_where_pearsons_test_does(
    loyal: tuple[int, int], others: tuple[int, int]
) -> None:
    (a, n), (c, m) = loyal, others
    found = cross_sell_odds(a, n, c, m)
    assert 0 <= found.odds_interval.lower <= found.odds_interval.upper
    if 0 < a + c < n + m:
        p = float(chi2_contingency([[a, n - a], [c, m - c]], correction=False)[1])
        assume(abs(p - 0.05) > 1e-9)
        assert found.odds_interval.contains(1.0) == (p > 0.05)
        assert found.odds_interval.contains(found.odds_ratio)
        assert found.odds_interval.width > 0
    else:
        assert np.isnan(found.odds_ratio)
        assert (found.odds_interval.lower, found.odds_interval.upper) == (0, np.inf)
        assert found.reason is not None
    if a + c > 0:
        assert found.risk_interval.lower <= found.risk_ratio <= found.risk_interval.upper
    assert (found.loyal_interval.lower, found.loyal_interval.upper) == wilson_interval(a, n)


@given(GROUP, GROUP)
@examples(40)
def test_turning_the_table_turns_the_ratio(loyal: tuple[int, int], others: tuple[int, int]) -> None:
    """Not buying in place of buying, and the groups exchanged: one over the odds ratio."""
    (a, n), (c, m) = loyal, others
    found = cross_sell_odds(a, n, c, m).odds_interval
    for other in (cross_sell_odds(n - a, n, m - c, m), cross_sell_odds(c, m, a, n)):
        bounds = other.odds_interval
        assert found.lower == pytest.approx(1 / bounds.upper if bounds.upper else np.inf, rel=1e-6)
        assert found.upper == pytest.approx(1 / bounds.lower if bounds.lower else np.inf, rel=1e-6)


def test_empty_cells_have_honest_bounds() -> None:
    none = cross_sell_odds(0, 10, 5, 20)
    assert none.odds_ratio == none.risk_ratio == none.odds_interval.lower == 0
    assert 1 < none.odds_interval.upper < 5
    only = cross_sell_odds(5, 10, 0, 20)
    assert only.odds_ratio == only.risk_ratio == only.odds_interval.upper == np.inf
    assert only.odds_interval.lower > 1
    nobody = cross_sell_odds(0, 3, 0, 3)
    assert np.isnan(nobody.risk_ratio)
    assert nobody.reason == "nobody bought"
    assert cross_sell_odds(3, 3, 2, 2).risk_ratio == 1


@pytest.mark.parametrize(
    ("counts", "message"),
    [
        ((5, 4, 1, 2), "`loyal_buyers` must be at most `n_loyal`, got 5 of 4"),
        ((1, 4, 0, 0), "`n_others` must be a whole number at least 1"),
        ((-1, 4, 0, 1), "`loyal_buyers` must be a whole number at least 0"),
        ((0.5, 4, 0, 1), "`loyal_buyers` must be a whole number"),
    ],
)
def test_refusals_of_odds(counts: tuple[int, int, int, int], message: str) -> None:
    with pytest.raises(InvalidInputError, match=message):
        cross_sell_odds(*counts)


def sales_of(rng: np.random.Generator, n: int) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "id": rng.integers(1, 30, n),
            "product": rng.choice(["phone", "case", "cable", "plan"], n),
            "margin": rng.integers(-200, 2000, n) / 100,
        }
    )


CALL: dict[str, Any] = {"customer": "id", "product": "product", "margin": "margin", "core": ["phone"]}


@engines
def test_every_engine_finds_what_a_look_at_each_customer_does(engine: str) -> None:
    sales = sales_of(np.random.default_rng(2), 200)
    found = cross_sell_margin(in_engine(sales, engine), **CALL)
    other = sales[sales["product"] != "phone"]["margin"].sum()
    assert found.share == pytest.approx(other / sales["margin"].sum())
    assert found.core_margin + found.other_margin == pytest.approx(sales["margin"].sum())
    breadth = sales.groupby("id")["product"].nunique()
    assert found.breadth == pytest.approx(breadth.mean())
    assert found.n_customers == breadth.size
    assert found.interval is not None
    assert found.breadth_interval is not None
    assert found.breadth_interval.width == pytest.approx(2 * 2.048 * breadth.sem(), rel=0.01)
    everything = cross_sell_margin(
        in_engine(sales, engine), **{**CALL, "core": ["phone", "case", "cable", "plan"]}
    )
    assert everything.share == pytest.approx(0)
    assert cross_sell_margin(in_engine(sales, engine), **{**CALL, "core": ["car", 3]}).share == pytest.approx(
        1
    )


@given(st.integers(0, 99), st.floats(0.1, 10))
@examples(15)
def test_neither_ids_nor_currency_matter(chance: int, rate: float) -> None:
    rng = np.random.default_rng(chance)
    sales = sales_of(rng, 60)
    sales["margin"] += 3.0
    again = sales.assign(id=100 - sales["id"], margin=rate * sales["margin"]).sample(frac=1, random_state=1)
    found, other = cross_sell_margin(sales, **CALL), cross_sell_margin(again, **CALL)
    assert other.share == pytest.approx(found.share)
    assert found.interval is not None
    assert other.interval is not None
    assert other.interval.lower == pytest.approx(found.interval.lower, rel=1e-6)
    assert found.interval.contains(found.share)


def test_one_customer_losses_and_equals_have_a_reason() -> None:
    def margin(rows: list[tuple[int, str, float]]) -> CrossSellMargin:
        return cross_sell_margin(pd.DataFrame(rows, columns=["id", "product", "margin"]), **CALL)

    one = margin([(1, "phone", 3.0), (1, "case", 1.0)])
    assert (one.share, one.interval, one.breadth) == (0.25, None, 2.0)
    assert one.reason == "one customer shows nothing about others"
    loss = margin([(1, "phone", -3.0), (2, "case", 1.0)])
    assert np.isnan(loss.share)
    assert loss.reason == "the whole margin is not greater than 0"
    alike = margin([(i, p, m) for i in (1, 2, 3) for p, m in (("phone", 3.0), ("case", 1.0))])
    assert (alike.share, alike.interval, alike.breadth_interval) == (0.25, None, None)
    assert "25.0% of the margin of 3 customers" in alike._repr_html_()


@engines
def test_refusals_of_margins(engine: str) -> None:
    sales = sales_of(np.random.default_rng(2), 5)
    with pytest.raises(MissingColumnError):
        cross_sell_margin(in_engine(sales, engine), **{**CALL, "margin": "profit"})
    with pytest.raises(InvalidInputError, match=r"`margin` \(column 'margin'\) must be finite numbers"):
        cross_sell_margin(in_engine(sales.assign(margin=np.inf), engine), **CALL)
    with pytest.raises(InvalidInputError, match="`sales` must have at least one row, got none"):
        cross_sell_margin(in_engine(sales.head(0), engine), **CALL)
    with pytest.raises(InvalidInputError, match="`core` must be a sequence of products"):
        cross_sell_margin(in_engine(sales, engine), **{**CALL, "core": "phone"})

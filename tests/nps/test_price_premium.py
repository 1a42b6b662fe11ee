"""Prices paid and price elasticities by class: against Welch and SciPy, laws, edges, refusals."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from customer_centric.errors import InvalidInputError, MissingColumnError
from customer_centric.nps import RatingScale
from effort import examples
from nps._links import bounds, day, premium, survey_frame

SEED = st.integers(0, 10_000)


def purchases_frame(
    customers: Any, prices: Any, *, items: Any = None, quantities: Any = None, days: Any = None
) -> pd.DataFrame:
    n = len(prices)
    frame = pd.DataFrame(
        {
            "id": pd.Series([f"c{i:03}" for i in customers], dtype=object),
            "when": pd.to_datetime([day(number) for number in ([5] * n if days is None else days)]),
            "price": np.array(prices, dtype=float),
        }
    )
    if items is not None:
        frame["item"] = [f"item {i}" for i in items]
    if quantities is not None:
        frame["units"] = np.array(quantities, dtype=float)
    return frame


def world(
    seed: int, *, n: int = 40, rows: int = 160, effect: float = 0.1
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Promoters buy dearer items, pay a little more for each, and mind the price less."""
    rng = np.random.default_rng(seed)
    ratings = rng.permutation(np.repeat([10, 3, 7], [n // 4, n // 2, n - n // 4 - n // 2]))
    who = rng.integers(0, n, rows)
    promoter = ratings[who] == 10
    item = np.minimum(rng.integers(0, 4, rows) + promoter, 4)
    price = np.exp(0.5 * item + effect * promoter + rng.normal(0, 0.1, n)[who] + rng.normal(0, 0.1, rows))
    units = np.exp((-1.5 + 0.5 * promoter) * np.log(price) + rng.normal(0, 0.2, rows))
    return survey_frame(ratings.tolist()), purchases_frame(who, price, items=item, quantities=units)


# ── Numbers from others ─────────────────────────────────────────────────────────────────────────────


def test_one_purchase_a_customer_and_no_items_is_welchs_test_of_the_logarithms() -> None:
    rng = np.random.default_rng(1)
    ratings = np.repeat([10, 2], [12, 25])
    prices = np.exp(rng.normal(3, np.where(ratings == 10, 0.4, 0.1)))
    found = premium(survey_frame(ratings.tolist()), purchases_frame(range(37), prices))
    logs = np.log(prices)
    test = stats.ttest_ind(logs[:12], logs[12:], equal_var=False).confidence_interval(0.95)
    assert found.difference == pytest.approx(100 * np.expm1(logs[:12].mean() - logs[12:].mean()))
    assert bounds(found.difference_interval) == pytest.approx(
        (100 * math.expm1(test.low), 100 * math.expm1(test.high))
    )


def test_premiums_within_items_are_least_squares_with_an_intercept_an_item() -> None:
    survey, purchases = world(4)
    ratings = survey.set_index("id")["rating"].astype(float)
    label = purchases["id"].map(ratings).to_numpy()
    design = np.column_stack(
        [label == 7, label == 10, *(purchases["item"] == item for item in sorted(set(purchases["item"])))]
    ).astype(float)
    fitted = np.linalg.lstsq(design, np.log(purchases["price"].to_numpy()), rcond=None)[0]
    found = premium(survey, purchases, item="item")
    assert found.frame["premium"].tolist()[1:] == pytest.approx((100 * np.expm1(fitted[:2])).tolist())
    assert math.isnan(found.frame["premium"].tolist()[0])
    # Promoters buy other things: without items the mix is taken for a price.
    assert premium(survey, purchases).difference > 2 * found.difference


def test_elasticity_of_one_class_and_item_is_a_straight_line_through_the_logarithms() -> None:
    rng = np.random.default_rng(3)
    price = np.exp(rng.normal(0, 0.3, 30))
    units = price**-1.3 * np.exp(rng.normal(0, 0.1, 30))
    purchases = purchases_frame(range(30), price, quantities=units)
    found = premium(survey_frame([10] * 15 + [3] * 15), purchases, quantity="units", method="elasticity")
    for place, rows in ((2, slice(0, 15)), (0, slice(15, 30))):
        line = stats.linregress(np.log(price[rows]), np.log(units[rows]))
        assert found.frame["elasticity"].tolist()[place] == pytest.approx(line.slope)
    assert found.difference == pytest.approx(found.frame["elasticity"][2] - found.frame["elasticity"][0])


def test_intervals_hold_what_was_planted() -> None:
    hits = np.zeros(2)
    runs = 20
    for seed in range(runs):
        survey, purchases = world(seed)
        paid = premium(survey, purchases, item="item")
        felt = premium(survey, purchases, item="item", quantity="units", method="elasticity")
        hits += [
            paid.difference_interval.contains(100 * math.expm1(0.1)),
            felt.difference_interval.contains(0.5),
        ]
    assert (hits / runs >= 0.8).all()


def test_customers_who_buy_often_are_not_as_many_customers() -> None:
    """Each purchase a hundred times over tells nothing new."""
    survey, purchases = world(5)
    once = premium(survey, purchases, item="item")
    often = premium(survey, pd.concat([purchases] * 5, ignore_index=True), item="item")
    assert often.difference == pytest.approx(once.difference)
    assert bounds(often.difference_interval) == pytest.approx(bounds(once.difference_interval))
    assert often.n == once.n


# ── Laws ────────────────────────────────────────────────────────────────────────────────────────────


@given(SEED, st.sampled_from([0.01, 7.5, 1e6]))
@examples(3)
def test_the_currency_changes_nothing(seed: int, rate: float) -> None:
    survey, purchases = world(seed, n=12, rows=40)
    dearer = purchases.assign(price=purchases["price"] * rate)
    for changes in ({"item": "item"}, {"item": "item", "quantity": "units", "method": "elasticity"}):
        first, second = premium(survey, purchases, **changes), premium(survey, dearer, **changes)
        assert second.difference == pytest.approx(first.difference, rel=1e-6, nan_ok=True)
        assert bounds(second.difference_interval) == pytest.approx(
            bounds(first.difference_interval), rel=1e-6
        )


@given(SEED)
@examples(4)
def test_a_mirrored_scale_turns_the_premium_around(seed: int) -> None:
    survey, purchases = world(seed, n=16, rows=60)
    mirrored = survey.assign(rating=10 - survey["rating"])
    first = premium(survey, purchases, item="item")
    second = premium(mirrored, purchases, item="item", scale=RatingScale(detractor_max=1, promoter_min=4))
    ratio = 1 + first.difference / 100
    assert 1 + second.difference / 100 == pytest.approx(1 / ratio)
    assert first.difference_interval.contains(first.difference)


def test_purchases_up_to_the_answer_and_of_others_do_not_count() -> None:
    survey = survey_frame([10, 3, None, 9], days=[10, 10, 10, 20], customers=["c000", "c001", "c002", "c000"])
    purchases = purchases_frame(
        [0, 0, 1, 1, 2, 7], [1.0, 5.0, 1.0, 4.0, 9.0, 9.0], days=[10, 11, 9, 12, 30, 30]
    )
    found = premium(survey, purchases)
    assert (found.n, found.n_purchases, found.n_purchases_used) == (2, 6, 2)
    assert (found.n_repeated, found.n_missing) == (1, 1)
    assert found.difference == pytest.approx(25.0)


# ── Edges ───────────────────────────────────────────────────────────────────────────────────────────


def test_one_customer_a_class_tells_a_difference_and_no_limits() -> None:
    found = premium(survey_frame([10, 3]), purchases_frame([0, 0, 1], [2.0, 2.2, 2.0]))
    assert bounds(found.difference_interval) == (-100.0, math.inf)
    assert (
        found.reason
        == "only one detractor bought after the answer; only one promoter bought after the answer"
    )


def test_an_empty_class_tells_nothing() -> None:
    found = premium(survey_frame([10, 9]), purchases_frame([0, 1], [2.0, 3.0]))
    assert math.isnan(found.difference)
    assert bounds(found.difference_interval) == (-100.0, math.inf)
    assert found.reason == "no detractor bought after the answer"
    felt = premium(
        survey_frame([10, 9]),
        purchases_frame([0, 1], [2.0, 3.0], quantities=[1, 2]),
        quantity="units",
        method="elasticity",
    )
    assert math.isnan(felt.difference)
    assert bounds(felt.difference_interval) == (-math.inf, math.inf)


def test_classes_without_a_common_item_cannot_be_compared() -> None:
    found = premium(
        survey_frame([10, 9, 3, 2]),
        purchases_frame(range(4), [2.0, 3.0, 4.0, 5.0], items=[1, 1, 2, 2]),
        item="item",
    )
    assert math.isnan(found.difference)
    assert found.reason == "promoters and detractors have no item in common"


def test_a_price_list_that_everybody_pays_shows_no_limits() -> None:
    found = premium(
        survey_frame([10, 9, 3, 2]),
        purchases_frame(range(4), [2.0, 3.0, 2.0, 3.0], items=[1, 2, 1, 2]),
        item="item",
    )
    assert found.difference == pytest.approx(0.0, abs=1e-9)
    assert bounds(found.difference_interval) == (-100.0, math.inf)
    assert found.reason == "no price of an item differs, so that nothing shows by how much one could"
    felt = premium(
        survey_frame([10, 9, 3, 2]),
        purchases_frame(range(4), [2.0, 2.0, 2.0, 2.0], quantities=[1, 2, 3, 4]),
        quantity="units",
        method="elasticity",
    )
    assert felt.frame["elasticity"].isna().all()
    assert "no price of an item differs among purchases of promoters" in str(felt.reason)


def test_one_customer_who_alone_can_be_compared_tells_no_limits() -> None:
    found = premium(
        survey_frame([10, 9, 3, 2]),
        purchases_frame([0, 1, 2, 3, 2], [2.0, 3.0, 2.2, 3.1, 2.1], items=[1, 9, 1, 1, 1]),
        item="item",
    )
    assert bounds(found.difference_interval) == (-100.0, math.inf)
    assert found.reason == "one customer alone bought all that can be compared"


def test_the_results_read_as_associations() -> None:
    survey, purchases = world(6)
    assert str(premium(survey, purchases, item="item")).startswith("Promoters pay +")
    text = str(premium(survey, purchases, item="item", quantity="units", method="elasticity"))
    assert text.startswith("Elasticity of promoters less that of detractors: +")
    assert "an association among those who answered" in text


# ── What is refused ─────────────────────────────────────────────────────────────────────────────────

SURVEY = survey_frame([10, 3])
PURCHASES = purchases_frame([0, 1], [2.0, 3.0], quantities=[1, 2])


@pytest.mark.parametrize(
    ("purchases", "changes", "message"),
    [
        (
            PURCHASES.assign(price=[2.0, 0.0]),
            {},
            (
                r"`price` \(column 'price'\) must be a finite number greater than 0, got 0 at position 1 "
                r"\(1 of 2 values\); leave out gifts and refunds"
            ),
        ),
        (
            PURCHASES.assign(units=[-1.0, 2.0]),
            {"quantity": "units", "method": "elasticity"},
            r"`quantity` \(column 'units'\) must be a finite number greater than 0, got -1 at position 0",
        ),
        (PURCHASES, {"method": "elasticity"}, '`quantity` must name a column where `method` is "elasticity"'),
        (PURCHASES, {"quantity": "units"}, "`quantity` must be None where `method` is \"paid\", got 'units'"),
        (PURCHASES, {"method": "willingness"}, "`method` must be one of 'paid', 'elasticity'"),
        (
            PURCHASES.assign(when=pd.Timestamp("2020-01-01")),
            {},
            "at least one answer of a customer who buys later",
        ),
        (
            PURCHASES.assign(item=["a", None]),
            {"item": "item"},
            r"`item` \(column 'item'\) must be present in every",
        ),
        (PURCHASES, {"confidence_level": 2}, "`confidence_level` must be"),
    ],
)
def test_what_cannot_be_is_refused(purchases: Any, changes: dict[str, Any], message: str) -> None:
    with pytest.raises(InvalidInputError, match=message):
        premium(SURVEY, purchases, **changes)


def test_a_missing_column_is_named() -> None:
    with pytest.raises(MissingColumnError, match="`item` must be a column of the frame, got 'sku'"):
        premium(SURVEY, PURCHASES, item="sku")

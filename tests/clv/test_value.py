"""Values of customers: compositions by hand, published numbers, laws, every engine, and honest intervals."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import Any

import duckdb
import mpmath as mp
import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from scipy.stats import gamma

from clv._futures import draw_futures
from clv._logs import EAGER, ENGINES, LAZY, columns_of
from clv._valuing import (
    ALL_COLUMNS,
    BG,
    COLUMNS,
    ESTIMATES,
    HISTORIES,
    MBG,
    MEAN_SPEND,
    MODELS,
    NBD,
    PARETO,
    PREDICTIONS,
    SPEND,
    TENTH,
    WEEKLY,
    as_fit,
    cdnow,
    cdnow_fit,
    correlated,
    in_weeks,
    small_histories,
    small_log,
    spread_of,
)
from customer_centric import (
    BgNbd,
    DiscountRate,
    GammaGamma,
    Horizon,
    MbgNbd,
    Nbd,
    ParetoNbd,
    PurchaseHistories,
    fit_bg_nbd,
    fit_gamma_gamma,
    fit_nbd,
    summarise_transactions,
    value_customers,
)
from customer_centric.errors import InvalidInputError
from effort import examples

models = pytest.mark.parametrize("name", MODELS)
engines = pytest.mark.parametrize("engine", ENGINES)
TERMS: dict[str, Any] = {"horizon": 52.0, "discount_rate": TENTH}


def value(purchases: Any, spend: Any = SPEND, histories: Any = None, **terms: Any) -> pd.DataFrame:
    return value_customers(
        in_weeks() if histories is None else histories, purchases, spend, **(TERMS | terms)
    )


def assert_same_values(one: dict[str, list[Any]], other: dict[str, list[Any]]) -> None:
    """Names, order and ids alike; numbers to 1e-9."""
    assert list(one) == list(other)
    for name, expected in other.items():
        if name == "customer":
            assert one[name] == expected
        else:
            np.testing.assert_allclose(one[name], expected, rtol=1e-9, atol=1e-300, err_msg=name)


# ── Published numbers and compositions by hand ──────────────────────────────────────────────────────


def test_expected_spend_of_the_first_ten_cdnow_customers_is_that_of_lifetimes_and_btyd() -> None:
    values = value(cdnow_fit("Pareto/NBD"), cdnow_fit("spend"), cdnow())
    published = [24.65, 18.91, 35.17, 35.17, 35.17, 71.46, 18.91, 35.17, 27.28, 35.17]
    assert values["expected_spend"][:10].tolist() == pytest.approx(published, abs=6e-3)
    assert values["expected_spend"][:3].tolist() == pytest.approx([24.65802, 18.91002, 35.17037], rel=2e-4)


@pytest.mark.parametrize(
    ("name", "published"),
    [
        ("Pareto/NBD", [0.476959544, 6.482402490, 86.024366]),
        ("BG/NBD", [1.014257302, 5.156631408, 70.909095204]),
        ("MBG/NBD", [0.722507895, 4.911008791, 61.382999765]),
    ],
)
def test_value_of_the_whole_future_is_dert_times_spend_times_margin(
    name: str, published: list[float]
) -> None:
    """DERT of BTYD (Pareto/NBD) and of 50-digit arithmetic (BG and MBG/NBD), at .0027 a week."""
    three = in_weeks(([0, 2, 26], [0, 213 / 7, 216 / 7], [272 / 7, 272 / 7, 31]), [0, 22.35, 50])
    terms: dict[str, Any] = {"horizon": np.inf, "discount_rate": WEEKLY}
    fit = cdnow_fit(name)
    alone = value(fit, None, three, **terms)
    assert alone["lifetime_value"].tolist() == pytest.approx(published, rel=2e-6)
    spent = value(fit, SPEND, three, margin=0.3, **terms)
    by_hand = [6.25 * 15.44 / 2.74, 6.25 * (15.44 + 44.7) / (12.5 + 2.74), 6.25 * (15.44 + 1300) / 165.24]
    assert spent["expected_spend"].tolist() == pytest.approx(by_hand, rel=1e-12)
    products = [0.3 * spend * dert for spend, dert in zip(by_hand, published, strict=True)]
    assert spent["lifetime_value"].tolist() == pytest.approx(products, rel=2e-6)


def test_dert_of_the_example_of_btyd() -> None:
    model = ParetoNbd(r=0.5629966, alpha=12.559037, s=0.4081095, beta=10.5148048, unit="week")
    rate = DiscountRate.continuous(0.0027, per="week")
    one = value(model, None, in_weeks(([7], [35], [77.86]), None), horizon=np.inf, discount_rate=rate)
    assert one["lifetime_value"][0] == pytest.approx(1.86418333, rel=1e-8)


@models
def test_columns_are_the_methods_of_the_models_put_together(name: str) -> None:
    model = MODELS[name]
    values = value(model, margin=0.25)
    assert list(values.columns) == COLUMNS
    spend = SPEND.expected_spend(HISTORIES[0], MEAN_SPEND)
    discounted = model.discounted_purchases(*HISTORIES, discount_rate=TENTH, horizon=52)
    expected = {
        "probability_alive": model.probability_alive(*HISTORIES),
        "expected_purchases": model.expected_purchases(*HISTORIES, horizon=52),
        "expected_spend": spend,
        "lifetime_value": 0.25 * spend * discounted,
    }
    for column, numbers in expected.items():
        np.testing.assert_allclose(values[column], numbers, rtol=1e-12, err_msg=column)


def test_without_spend_each_purchase_counts_one() -> None:
    values = value(as_fit(MBG), None, margin=12.0, discount_rate=DiscountRate.annual(0))
    assert (values[["expected_spend", "expected_spend_lower", "expected_spend_upper"]] == 1).all(axis=None)
    np.testing.assert_allclose(values["lifetime_value"], 12 * values["expected_purchases"], rtol=1e-14)
    for side in ("lower", "upper"):
        np.testing.assert_allclose(
            values[f"lifetime_value_{side}"], 12 * values[f"expected_purchases_{side}"], rtol=1e-12
        )


# ── The right value for the right customer, in every engine ─────────────────────────────────────────


@engines
def test_values_belong_to_their_customers(engine: str) -> None:
    """Ids 30, 10, 20 in this order: each gets the value of its own transactions."""
    fit, spend = as_fit(PARETO), as_fit(SPEND)
    together = columns_of(value(fit, spend, small_histories(engine), margin=0.3))
    assert together["customer"] == sorted(set(small_log()["id"].to_list()))
    for customer in (10, 20, 30):
        own = small_log().filter(pl.col("id") == customer)
        alone = columns_of(value(fit, spend, small_histories("Polars", own), margin=0.3))
        row = together["customer"].index(customer)
        assert_same_values({name: [column[row]] for name, column in together.items()}, alone)


KINDS = {"fits": (as_fit(MBG), as_fit(SPEND)), "bare": (PARETO, SPEND), "no spend": (as_fit(BG), None)}


@lru_cache
def values_by_pandas(kind: str) -> dict[str, list[Any]]:
    return columns_of(value(*KINDS[kind], small_histories("pandas")))


@engines
@pytest.mark.parametrize("kind", KINDS)
def test_engines_agree(engine: str, kind: str) -> None:
    got = columns_of(value(*KINDS[kind], small_histories(engine)))
    assert_same_values(got, values_by_pandas(kind))
    assert list(got) == (COLUMNS if kind == "bare" else ALL_COLUMNS)


@engines
def test_the_frame_is_of_the_kind_of_the_log(engine: str) -> None:
    kind = type(ENGINES[engine](small_log()))
    assert isinstance(value(as_fit(PARETO), as_fit(SPEND), small_histories(engine)), kind)


def test_a_relation_on_a_connection_of_its_own_is_valued_there() -> None:
    with duckdb.connect() as connection:
        connection.register("log", small_log().to_arrow())
        relation = connection.sql("select * from log")
        histories = small_histories("PyArrow")
        own = value(as_fit(MBG), as_fit(SPEND), histories)
        lazy = summarise_transactions(
            relation, customer="id", date="when", amount="paid", end="2023-12-31", unit="week"
        )
        assert_same_values(columns_of(value(as_fit(MBG), as_fit(SPEND), lazy)), columns_of(own))


@pytest.mark.parametrize("engine", LAZY)
def test_text_ids_come_back_by_code_point(engine: str) -> None:
    log = small_log().with_columns(pl.col("id").cast(pl.String))
    values = columns_of(value(PARETO, SPEND, small_histories(engine, log)))
    assert values["customer"] == sorted(set(log["id"].to_list()))
    assert_same_values(values, columns_of(value(PARETO, SPEND, small_histories("pandas", log))))


@pytest.mark.parametrize("engine", ENGINES)
def test_nobody_is_valued_by_an_empty_frame(engine: str) -> None:
    """An empty log gives no row and the same columns."""
    none = small_histories(engine, small_log().clear())
    assert columns_of(value(as_fit(MBG), as_fit(SPEND), none)) == {name: [] for name in ALL_COLUMNS}
    assert columns_of(value(MBG, None, none)) == {name: [] for name in COLUMNS}


def test_order_of_rows_is_irrelevant() -> None:
    order = [2, 0, 3, 1]
    shuffled = in_weeks(
        tuple([column[i] for i in order] for column in HISTORIES), [MEAN_SPEND[i] for i in order]
    )
    one, other = value(as_fit(BG), as_fit(SPEND)), value(as_fit(BG), as_fit(SPEND), shuffled)
    for name in ALL_COLUMNS[1:]:
        assert other[name].tolist() == one[name][order].tolist()


def test_weights_change_no_customer() -> None:
    weighted = in_weeks(weights=[0, 1, 2.5, 7])
    pd.testing.assert_frame_equal(
        value(as_fit(BG), as_fit(SPEND), weighted), value(as_fit(BG), as_fit(SPEND))
    )


# ── Laws ────────────────────────────────────────────────────────────────────────────────────────────


@models
def test_the_unit_of_time_is_a_matter_of_notation(name: str) -> None:
    """Histories in days and a model whose rates are per day give the same values as weeks."""
    model = MODELS[name]
    daily = {
        "BG/NBD": lambda: BgNbd(r=BG.r, alpha=7 * BG.alpha, a=BG.a, b=BG.b, unit="day"),
        "MBG/NBD": lambda: MbgNbd(r=MBG.r, alpha=7 * MBG.alpha, a=MBG.a, b=MBG.b, unit="day"),
        "Pareto/NBD": lambda: ParetoNbd(
            r=PARETO.r, alpha=7 * PARETO.alpha, s=PARETO.s, beta=7 * PARETO.beta, unit="day"
        ),
        "NBD": lambda: Nbd(r=NBD.r, alpha=7 * NBD.alpha, unit="day"),
    }[name]()
    x, t_x, age = HISTORIES
    in_days = in_weeks((x, 7 * np.asarray(t_x), 7 * np.asarray(age)), unit="day")
    for horizon in (Horizon(1, "month"), Horizon.infinite()):
        weeks = value(as_fit(model), as_fit(SPEND), horizon=horizon)
        days = value(as_fit(daily), as_fit(SPEND), in_days, horizon=horizon)
        pd.testing.assert_frame_equal(days, weeks, rtol=1e-7, atol=0)


@models
def test_money_scales(name: str) -> None:
    """Twice the margin, twice the value and its bounds; nothing else moves."""
    once, twice = (value(as_fit(MODELS[name]), as_fit(SPEND), margin=margin) for margin in (0.2, 0.4))
    for column in ALL_COLUMNS[1:]:
        factor = 2 if "value" in column else 1
        np.testing.assert_allclose(twice[column], factor * once[column], rtol=1e-14)
    free = value(as_fit(MODELS[name]), as_fit(SPEND), margin=0)
    assert (free[[column for column in ALL_COLUMNS if "value" in column]] == 0).all(axis=None)


@models
def test_later_money_is_worth_less_and_longer_futures_more(name: str) -> None:
    rates = [0.0, 0.05, 0.1, 0.5, 5.0]
    by_rate = [value(MODELS[name], discount_rate=DiscountRate.annual(rate)) for rate in rates]
    for dear, cheap in pairwise(by_rate):
        assert (dear["lifetime_value"] > cheap["lifetime_value"]).all()
        assert (dear["expected_purchases"] == cheap["expected_purchases"]).all()
    horizons = [0.0, 1.0, 13.0, 52.0, 520.0, np.inf]
    by_horizon = [value(MODELS[name], horizon=horizon) for horizon in horizons]
    for short, long in pairwise(by_horizon):
        assert (short["lifetime_value"] < long["lifetime_value"]).all()
        assert (short["expected_purchases"] < long["expected_purchases"]).all()


@models
def test_horizon_zero_is_worth_nothing_for_certain(name: str) -> None:
    values = value(as_fit(MODELS[name]), as_fit(SPEND), horizon=0)
    nothing = [c for c in ALL_COLUMNS if "purchases" in c or "value" in c]
    assert (values[nothing] == 0).all(axis=None)
    assert np.isfinite(values[ALL_COLUMNS[1:]]).all(axis=None)
    assert (values["probability_alive"] > 0).all()


@models
def test_an_infinite_horizon_is_the_limit_of_long_ones(name: str) -> None:
    endless, long = (value(as_fit(MODELS[name]), as_fit(SPEND), horizon=h) for h in (np.inf, 52.0 * 500))
    np.testing.assert_allclose(endless["lifetime_value"], long["lifetime_value"], rtol=1e-12)
    np.testing.assert_allclose(endless["lifetime_value_upper"], long["lifetime_value_upper"], rtol=1e-6)
    for column in ("predicted_value_lower", "predicted_value_upper"):
        # Whoever buys once in 500 years counts among those who buy.
        np.testing.assert_allclose(endless[column], long[column], rtol=2e-3)


@pytest.mark.parametrize("weeks", [0.0, 4.0, 52.0, np.inf])
def test_a_typed_horizon_is_the_number_in_the_unit_of_the_histories(weeks: float) -> None:
    typed = value(as_fit(PARETO), as_fit(SPEND), horizon=Horizon(weeks * 7, "day"))
    pd.testing.assert_frame_equal(typed, value(as_fit(PARETO), as_fit(SPEND), horizon=weeks))


def test_repeat_purchases_worth_nothing_are_an_answer() -> None:
    values = value(as_fit(MBG), as_fit(SPEND), in_weeks(([3], [20], [38]), [0.0]))
    assert values["expected_spend"][0] == pytest.approx(6.25 * 15.44 / (3 * 6.25 + 2.74))


def test_newcomers_need_no_amounts() -> None:
    histories = PurchaseHistories.from_arrays([0, 0], [0, 0], [5, 9], unit="week")
    assert value(MBG, SPEND, histories)["expected_spend"].tolist() == [SPEND.population_mean] * 2


# ── Intervals of expectations ───────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("purchases", "spend"),
    [(PARETO, SPEND), (as_fit(PARETO), SPEND), (PARETO, as_fit(SPEND)), (PARETO, None)],
)
def test_a_bare_model_brings_no_interval(purchases: Any, spend: Any) -> None:
    assert list(value(purchases, spend).columns) == COLUMNS


@models
def test_intervals_hold_the_estimate_and_grow_with_the_level(name: str) -> None:
    narrow, wide = (
        value(as_fit(MODELS[name]), as_fit(SPEND), confidence_level=level) for level in (0.5, 0.99)
    )
    assert list(narrow.columns) == ALL_COLUMNS
    for column in ESTIMATES:
        low, estimate, high = (narrow[f"{column}{end}"] for end in ("_lower", "", "_upper"))
        assert ((low <= estimate) & (estimate <= high)).all()
        moved = high > low
        assert moved.all() or column == "probability_alive"
        assert (wide[f"{column}_lower"] < low)[moved].all()
        assert (wide[f"{column}_upper"] > high)[moved].all()
    for column in PREDICTIONS:
        assert (wide[f"{column}_lower"] <= narrow[f"{column}_lower"]).all()
        assert (wide[f"{column}_upper"] > narrow[f"{column}_upper"]).all()
    np.testing.assert_allclose(  # symmetric in the logarithm
        narrow["lifetime_value_lower"] * narrow["lifetime_value_upper"], narrow["lifetime_value"] ** 2
    )


def _bg_by_formula(log_parameters: Any, x: int, t_x: float, age: float, horizon: float) -> tuple[Any, Any]:
    """P(alive) and conditional expectation of the BG/NBD: Fader, Hardie and Lee (2005)."""
    r, alpha, a, b = (mp.exp(one) for one in log_parameters)
    alive = 1 / (1 + a / (b + x - 1) * ((alpha + age) / (alpha + t_x)) ** (r + x)) if x else mp.mpf(1)
    growth = ((alpha + age) / (alpha + age + horizon)) ** (r + x)
    hyper = mp.hyp2f1(r + x, b + x, a + b + x - 1, horizon / (alpha + age + horizon))
    return alive, (a + b + x - 1) / (a - 1) * (1 - growth * hyper) * alive


@pytest.mark.parametrize("history", [(2, 213 / 7, 272 / 7), (1, 12 / 7, 272 / 7), (26, 216 / 7, 31.0)])
def test_delta_method_intervals_are_those_of_exact_derivatives(history: tuple[int, float, float]) -> None:
    """Standard errors on the logit and log scales from derivatives at 30 digits, with correlations."""
    fit = cdnow_fit("BG/NBD")
    table = value(fit, None, in_weeks(tuple([h] for h in history), None))
    with mp.workdps(30):
        point = [mp.log(p) for p in fit.model.parameters]
        gradients = []
        for which in (0, 1):

            def formula(*logs: Any, which: int = which) -> Any:
                found = _bg_by_formula(logs, *history, 52.0)[which]
                return mp.log(found / (1 - found)) if which == 0 else mp.log(found)

            orders = [tuple(int(i == j) for j in range(4)) for i in range(4)]
            gradients.append(np.array([float(mp.diff(formula, point, order)) for order in orders]))
    for column, gradient in zip(("probability_alive", "expected_purchases"), gradients, strict=True):
        reach = 1.6448536269514722 * np.sqrt(gradient @ fit.covariance @ gradient)
        low, high = table[f"{column}_lower"][0], table[f"{column}_upper"][0]
        width = np.log(high / low)
        if column == "probability_alive":
            width += np.log((1 - low) / (1 - high))
        assert width == pytest.approx(2 * reach, rel=1e-6)


@models
def test_delta_method_intervals_are_how_far_values_move_with_the_parameters(name: str) -> None:
    fit, spend = correlated(as_fit(MODELS[name], 1e-3)), correlated(as_fit(SPEND, [2e-3, 1e-3, 3e-3]))
    values = value(fit, spend)
    by_purchases = spread_of(lambda model: value(model)[list(ESTIMATES)].to_numpy(), fit)
    by_spend = spread_of(lambda model: value(fit.model, model)[list(ESTIMATES)].to_numpy(), spend)
    for column, expected in zip(ESTIMATES, np.hypot(by_purchases, by_spend).T, strict=True):
        width = (values[f"{column}_upper"] - values[f"{column}_lower"]) / (2 * 1.6448536)
        np.testing.assert_allclose(width, expected, rtol=1e-4, atol=1e-12)


def test_fits_at_a_limit_have_finite_intervals() -> None:
    """A cohort that never leaves: BG/NBD and MBG/NBD tend to the NBD, and say how sure they are."""
    rng = np.random.default_rng(2)
    cohort = Nbd(r=1.5, alpha=8.0, unit="week").simulate(np.full(400, 60.0), rng=rng)
    fit = fit_bg_nbd(cohort)
    assert fit.boundary is not None
    at_limit = value_customers(cohort, fit, None, **TERMS)
    assert np.isfinite(at_limit[ALL_COLUMNS[1:]]).all(axis=None)
    plain = value_customers(cohort, fit_nbd(cohort), None, **TERMS)
    for column in ("lifetime_value", "lifetime_value_lower", "predicted_value_upper"):
        np.testing.assert_allclose(at_limit[column], plain[column], rtol=0.02)


def test_spend_at_a_limit_has_finite_intervals() -> None:
    """Customers who always pay their own price: nothing varies within a customer."""
    prices = 100 / gamma.ppf((np.arange(30) + 0.5) / 30, 4.0)
    x, mean = np.repeat([1.0, 4.0, 9.0], 30), np.tile(prices, 3)
    histories = in_weeks((x, np.full(90, 20.0), np.full(90, 39.0)), mean)
    fit = fit_gamma_gamma(histories)
    assert fit.boundary is not None
    values = value(as_fit(MBG), fit, histories)
    assert np.isfinite(values[ALL_COLUMNS[1:]]).all(axis=None)
    np.testing.assert_allclose(values["expected_spend"], mean, rtol=0.05)


# ── Predictions ─────────────────────────────────────────────────────────────────────────────────────


@models
@pytest.mark.parametrize("level", [0.5, 0.9, 0.99])
def test_predicted_purchases_are_quantiles_of_the_summed_pmf(name: str, level: float) -> None:
    model = MODELS[name]
    values = value(as_fit(model), None, horizon=39, confidence_level=level)
    n = np.arange(400)
    for row, history in enumerate(zip(*HISTORIES, strict=True)):
        cumulative = np.cumsum(model.purchase_pmf(n, *history, horizon=39))
        for side, probability in (("lower", (1 - level) / 2), ("upper", (1 + level) / 2)):
            quantile = int(np.flatnonzero(cumulative >= probability)[0])
            assert values[f"predicted_purchases_{side}"][row] == quantile


@dataclass(frozen=True)
class Case:
    name: str
    history: tuple[int, float, float]
    mean_spend: float
    horizon: float


CASES = [
    Case(name, history, mean, horizon)
    for name in MODELS
    for history, mean, horizon in (
        ((0, 0.0, 272 / 7), 0.0, 52.0),
        ((2, 213 / 7, 272 / 7), 22.35, 52.0),
        ((2, 213 / 7, 272 / 7), 22.35, 520.0),
        ((7, 35.0, 39.0), 40.0, 520.0),
    )
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_predicted_value_covers_what_customers_do(case: Case) -> None:
    """Of futures drawn arrival by arrival, 5 % fall above a 90 % interval, and at most as many below."""
    model, n = MODELS[case.name], 4000
    futures = draw_futures(
        model,
        case.history,
        horizon=case.horizon,
        delta=TENTH.per("week"),
        n=n,
        rng=np.random.default_rng(8),
        spend=SPEND,
        mean_spend=case.mean_spend,
    )
    histories = in_weeks(tuple([h] for h in case.history), [case.mean_spend])
    # Four standard errors of a share of 5 %, and the error of the gamma that stands for the value.
    reach = 4 * np.sqrt(0.05 * 0.95 / n) + 0.012
    for spend, drawn in ((as_fit(SPEND), futures.value), (None, futures.discounted)):
        values = value(as_fit(model), spend, histories, horizon=case.horizon).iloc[0]
        assert np.mean(drawn > values["predicted_value_upper"]) == pytest.approx(0.05, abs=reach)
        assert np.mean(drawn < values["predicted_value_lower"]) <= 0.05 + reach + 0.012
        assert values["lifetime_value"] == pytest.approx(drawn.mean(), abs=5 * drawn.std() / n**0.5)


@pytest.mark.parametrize("name", ["BG/NBD", "MBG/NBD", "Pareto/NBD"])
def test_predicted_value_covers_frequent_buyers_who_may_leave_soon(name: str) -> None:
    """Gone soon or here for long: two humps, of which the lower one must not be missed."""
    history, n = (26, 216 / 7, 31.0), 4000
    futures = draw_futures(
        MODELS[name],
        history,
        horizon=52.0,
        delta=TENTH.per("week"),
        n=n,
        rng=np.random.default_rng(9),
        spend=SPEND,
        mean_spend=60.0,
    )
    histories = in_weeks(tuple([h] for h in history), [60.0])
    for spend, drawn in ((as_fit(SPEND), futures.value), (None, futures.discounted)):
        values = value(as_fit(MODELS[name]), spend, histories).iloc[0]
        below = np.mean(drawn < values["predicted_value_lower"])
        above = np.mean(drawn > values["predicted_value_upper"])
        assert below == pytest.approx(0.05, abs=0.03)
        assert above <= 0.065
        assert 1 - below - above >= 0.88


@models
def test_the_fewest_purchases_bound_the_value_from_below(name: str) -> None:
    """However sure the spend: who makes no more than so many purchases brings no more than their worth."""
    values = value(as_fit(MODELS[name]), as_fit(SPEND), horizon=260.0, confidence_level=0.5)
    fewest = values["predicted_purchases_lower"] * values["expected_spend"]
    assert (values["predicted_value_lower"] <= fewest * (1 + 1e-12)).all()
    assert values["predicted_value_lower"].iloc[3] > 0


def test_spend_without_a_variance_has_finite_quantiles() -> None:
    heavy = GammaGamma(p=6.0, q=1.5, gamma=15.0)
    values = value(as_fit(MBG), as_fit(heavy), confidence_level=0.98)
    assert np.isinf(heavy.spend_variance(0, 0))
    assert np.isfinite(values[ALL_COLUMNS[1:]]).all(axis=None)
    assert (values["predicted_value_upper"] > values["lifetime_value"]).all()


# ── Never NaN ───────────────────────────────────────────────────────────────────────────────────────

wide = st.floats(-2.0, 2.0).map(lambda power: float(10**power))


@st.composite
def histories_in_range(draw: st.DrawFn) -> tuple[list[float], list[float], list[float], list[float]]:
    size = draw(st.integers(1, 4))
    x = draw(st.lists(st.integers(0, 1000), min_size=size, max_size=size))
    age = draw(st.lists(st.floats(0.1, 1000), min_size=size, max_size=size))
    share = draw(st.lists(st.floats(0, 1), min_size=size, max_size=size))
    mean = draw(st.lists(st.floats(0, 1e5), min_size=size, max_size=size))
    recency = [t * s if n else 0.0 for n, t, s in zip(x, age, share, strict=True)]
    return [float(n) for n in x], recency, age, mean


@examples(25)
@given(
    histories_in_range(),
    st.sampled_from([BG, MBG, PARETO, NBD]),
    st.tuples(wide, wide, wide, wide),
    st.tuples(wide, st.floats(1.01, 50), wide),
    st.one_of(st.just(0.0), wide, st.just(np.inf)),
)
@example(
    histories=([543.0], [2.3510004565880833e-38], [2.00001], [1.1754943508222875e-38]),
    like=BG,
    parameters=(1.0, 1.0, 1.0000002744895709, 1.0),
    spend=(1.0, 2.0, 1.0),
    horizon=np.inf,
)
def test_values_are_numbers_in_range(
    histories: Any, like: Any, parameters: Any, spend: Any, horizon: float
) -> None:
    model = like.with_parameters(parameters[: len(like.parameter_names)])
    *history, mean = histories
    values = value(
        as_fit(model), as_fit(SPEND.with_parameters(spend)), in_weeks(tuple(history), mean), horizon=horizon
    )
    numbers = values[ALL_COLUMNS[1:]]
    assert not numbers.isna().any(axis=None)
    assert (numbers >= 0).all(axis=None)
    assert (values["probability_alive_upper"] <= 1).all()
    assert np.isfinite(values["lifetime_value_upper"]).all()
    if np.isfinite(horizon):
        assert np.isfinite(numbers).all(axis=None)
    for name in ESTIMATES:
        assert (values[f"{name}_lower"] <= values[name]).all()
        assert (values[name] <= values[f"{name}_upper"]).all()
    for name in PREDICTIONS:
        assert (values[f"{name}_lower"] <= values[f"{name}_upper"]).all()


# ── Refusals ────────────────────────────────────────────────────────────────────────────────────────


def refusal(message: str) -> Any:
    return pytest.raises(InvalidInputError, match=f"^{re.escape(message)}$")


def test_a_model_in_another_unit_is_refused() -> None:
    message = (
        "`purchases` must be in the unit of `histories` ('week'), got a model in 'day'; "
        "fit it to these histories, or summarise the transactions with that unit"
    )
    with refusal(message):
        value(Nbd(r=1, alpha=1, unit="day"))


@engines
def test_a_spend_model_needs_amounts(engine: str) -> None:
    histories = summarise_transactions(
        ENGINES[engine](small_log()), customer="id", date="when", end="2023-12-31", unit="week"
    )
    message = (
        "`histories` must have amounts for a spend model, got none; name the `amount` column when you "
        "summarise the transactions, or value purchases with `spend=None`"
    )
    with refusal(message):
        value(PARETO, SPEND, histories)
    assert len(columns_of(value(PARETO, None, histories))["customer"]) == 40


@pytest.mark.parametrize(
    ("terms", "message"),
    [
        ({"margin": -0.1}, "`margin` must be a finite number at least 0, got -0.1"),
        ({"margin": np.nan}, "`margin` must be a finite number at least 0, got nan"),
        ({"horizon": -1.0}, "`horizon` must be a number at least 0, got -1"),
        ({"horizon": np.nan}, "`horizon` must be a number at least 0, got nan"),
        (
            {"horizon": np.inf, "discount_rate": DiscountRate.annual(0)},
            (
                "`discount_rate` must be greater than 0 where `horizon` is infinite, got 0; "
                "the undiscounted value of the whole future may be infinite"
            ),
        ),
        (
            {"discount_rate": 0.1},
            (
                "`discount_rate` must be a DiscountRate, got 0.1; "
                "10 % a year is written DiscountRate.annual(0.1)"
            ),
        ),
        (
            {"confidence_level": 90},
            (
                "`confidence_level` must be a finite number greater than 0 and less than 1, got 90; "
                "95 % is written 0.95"
            ),
        ),
        (
            {"confidence_level": 0.0},
            "`confidence_level` must be a finite number greater than 0 and less than 1, got 0",
        ),
    ],
)
def test_terms_that_mean_nothing_are_refused(terms: dict[str, Any], message: str) -> None:
    with refusal(message):
        value(PARETO, **terms)


@dataclass(frozen=True)
class OnePrice:
    """A spend model of one's own: everything costs the same."""

    parameter_names = ("price",)
    price: float
    squared_variation: float = 0.0

    @property
    def parameters(self) -> Any:
        return np.array([self.price])

    def with_parameters(self, parameters: Any) -> OnePrice:
        return OnePrice(*parameters)

    def expected_spend(self, frequency: Any, mean_spend: Any) -> Any:
        return np.full(np.shape(frequency), self.price)

    def spend_variance(self, frequency: Any, mean_spend: Any) -> Any:
        return np.zeros(np.shape(frequency))

    def spend_shape(self, frequency: Any) -> Any:
        return np.full(np.shape(frequency), 1e9)

    def spend_elasticities(self, frequency: Any, mean_spend: Any) -> Any:
        return np.ones((1, *np.shape(frequency)))


@pytest.mark.parametrize("engine", EAGER)
def test_any_spend_model_values_customers_in_memory(engine: str) -> None:
    own = columns_of(value(as_fit(PARETO), as_fit(OnePrice(9.0), 0.0), small_histories(engine)))
    price = columns_of(value(as_fit(PARETO), None, small_histories(engine), margin=9.0))
    for name in ("lifetime_value", "lifetime_value_lower", "predicted_value_upper"):
        np.testing.assert_allclose(own[name], price[name], rtol=1e-3)


@pytest.mark.parametrize("engine", LAZY)
def test_a_lazy_engine_knows_the_gamma_gamma_formulas_only(engine: str) -> None:
    message = (
        "`spend` must be a Gamma-Gamma model for lazy histories, got OnePrice; "
        "collect the transactions into memory first"
    )
    with refusal(message):
        value(PARETO, OnePrice(9.0), small_histories(engine))

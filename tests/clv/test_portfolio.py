"""Values of whole customer bases: sums, published totals, both sources of spread, every engine."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

import numpy as np
import polars as pl
import pytest

from clv._futures import draw_futures
from clv._logs import ENGINES
from clv._valuing import (
    HISTORIES,
    MBG,
    MEAN_SPEND,
    MODELS,
    PARETO,
    SPEND,
    TENTH,
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
    DiscountRate,
    GammaGamma,
    Horizon,
    Nbd,
    PurchaseHistories,
    fit_gamma_gamma,
    fit_mbg_nbd,
    summarise_transactions,
    value_customers,
    value_portfolio,
)
from customer_centric.clv import PortfolioValue
from customer_centric.errors import InvalidInputError

models = pytest.mark.parametrize("name", MODELS)
engines = pytest.mark.parametrize("engine", ENGINES)
TERMS: dict[str, Any] = {"horizon": 52.0, "discount_rate": TENTH}
UNDISCOUNTED = DiscountRate.annual(0)
NUMBERS = (
    "lifetime_value",
    "parameter_standard_error",
    "process_standard_error",
    "n_customers",
    "expected_alive",
    "expected_purchases",
)


def total(purchases: Any, spend: Any = SPEND, histories: Any = None, **terms: Any) -> PortfolioValue:
    return value_portfolio(
        in_weeks() if histories is None else histories, purchases, spend, **(TERMS | terms)
    )


def assert_same_totals(one: PortfolioValue, other: PortfolioValue, *, tolerance: float = 1e-9) -> None:
    for name in NUMBERS:
        assert getattr(one, name) == pytest.approx(getattr(other, name), rel=tolerance), name
    for name in ("interval", "purchases_interval"):
        for side in ("lower", "upper"):
            expected = getattr(getattr(other, name), side)
            assert getattr(getattr(one, name), side) == pytest.approx(expected, rel=tolerance), name


# ── Totals ──────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("name", "alive", "purchases"),
    [("Pareto/NBD", 1051.875, 1665.513), ("BG/NBD", 1917.278, 1653.409), ("MBG/NBD", None, 1576.728)],
)
def test_totals_of_cdnow_in_the_holdout(name: str, alive: float | None, purchases: float) -> None:
    """Expected purchases of the next 39 weeks; 1,882 came. CLVTools stops at 1,665.69 for the Pareto/NBD."""
    found = total(cdnow_fit(name), None, cdnow(), horizon=39, discount_rate=UNDISCOUNTED)
    assert found.expected_purchases == pytest.approx(purchases, abs=1.1e-3)
    assert found.lifetime_value == pytest.approx(found.expected_purchases, rel=1e-12)
    assert alive is None or found.expected_alive == pytest.approx(alive, abs=1.1e-3)
    assert found.n_customers == 2357


@models
def test_the_total_is_the_sum_of_the_customers(name: str) -> None:
    weights = [1.0, 2.5, 4.0, 0.0]
    histories = in_weeks(weights=weights)
    fit = as_fit(MODELS[name])
    values = value_customers(histories, fit, as_fit(SPEND), margin=0.3, **TERMS)
    found = total(fit, as_fit(SPEND), histories, margin=0.3)
    assert found.lifetime_value == pytest.approx(weights @ values["lifetime_value"], rel=1e-12)
    assert found.expected_alive == pytest.approx(weights @ values["probability_alive"], rel=1e-12)
    assert found.expected_purchases == pytest.approx(weights @ values["expected_purchases"], rel=1e-12)
    assert found.n_customers == 7.5


@models
def test_weight_k_is_k_copies(name: str) -> None:
    weights = np.array([1, 3, 0, 2])
    fits = as_fit(MODELS[name]), as_fit(SPEND)
    copies = [np.repeat(column, weights) for column in (*HISTORIES, MEAN_SPEND)]
    copied = total(*fits, in_weeks(tuple(copies[:3]), copies[3]))
    assert_same_totals(total(*fits, in_weeks(weights=weights)), copied, tolerance=1e-11)


def test_order_of_rows_is_irrelevant() -> None:
    order = [2, 0, 3, 1]
    columns = [np.asarray(column)[order] for column in (*HISTORIES, MEAN_SPEND)]
    fits = as_fit(PARETO), as_fit(SPEND)
    assert_same_totals(total(*fits, in_weeks(tuple(columns[:3]), columns[3])), total(*fits), tolerance=1e-12)


KINDS = {
    "fits": (as_fit(MBG), as_fit(SPEND)),
    "no spend": (as_fit(PARETO), None),
    "spend without variance": (MBG, GammaGamma(p=6, q=1.5, gamma=15)),
}


@lru_cache
def total_by_pandas(kind: str) -> PortfolioValue:
    return total(*KINDS[kind], small_histories("pandas"))


@engines
@pytest.mark.parametrize("kind", KINDS)
def test_engines_agree(engine: str, kind: str) -> None:
    assert_same_totals(total(*KINDS[kind], small_histories(engine)), total_by_pandas(kind))


def test_the_unit_of_time_is_a_matter_of_notation() -> None:
    x, t_x, age = HISTORIES
    in_days = in_weeks((x, 7 * np.asarray(t_x), 7 * np.asarray(age)), unit="day")
    daily = Nbd(r=0.4, alpha=84.0, unit="day")
    weekly = Nbd(r=0.4, alpha=12.0, unit="week")
    horizon = Horizon.years(2)
    assert_same_totals(
        total(as_fit(daily), SPEND, in_days, horizon=horizon),
        total(as_fit(weekly), SPEND, horizon=horizon),
    )


# ── Spread from the parameters ──────────────────────────────────────────────────────────────────────


@models
def test_parameter_spread_is_how_far_the_total_moves_with_the_parameters(name: str) -> None:
    fit, spend = correlated(as_fit(MODELS[name], 1e-3)), correlated(as_fit(SPEND, [2e-3, 1e-3, 3e-3]))
    found = total(fit, spend, margin=0.3)
    by_purchases = spread_of(lambda m: np.array(total(m, margin=0.3).lifetime_value), fit)
    by_spend = spread_of(lambda m: np.array(total(fit.model, m, margin=0.3).lifetime_value), spend)
    assert found.parameter_standard_error == pytest.approx(np.hypot(by_purchases, by_spend), rel=1e-4)


def test_a_bare_model_claims_to_know_its_parameters() -> None:
    """Each fitted model adds its part, whichever of the two it is."""
    fit, spend = as_fit(PARETO), as_fit(SPEND)
    assert total(PARETO, SPEND).parameter_standard_error == 0
    by_purchases, by_spend, by_both = (
        total(*pair).parameter_standard_error for pair in ((fit, SPEND), (PARETO, spend), (fit, spend))
    )
    assert min(by_purchases, by_spend) > 0
    assert by_both == pytest.approx(np.hypot(by_purchases, by_spend), rel=1e-12)


def test_chance_averages_out_and_ignorance_does_not() -> None:
    one = total(as_fit(MBG), as_fit(SPEND))
    hundred = total(as_fit(MBG), as_fit(SPEND), in_weeks(weights=[100] * 4))
    assert hundred.process_standard_error == pytest.approx(10 * one.process_standard_error)
    assert hundred.parameter_standard_error == pytest.approx(100 * one.parameter_standard_error)


# ── Spread from chance ──────────────────────────────────────────────────────────────────────────────


@models
def test_process_spread_is_that_of_drawn_futures(name: str) -> None:
    """Purchases, their values, and the customer's own mean, drawn arrival by arrival."""
    rng, n, model = np.random.default_rng(4), 6000, MODELS[name]
    history, mean = (7, 35.0, 39.0), 40.0
    draws = draw_futures(
        model,
        history,
        horizon=104.0,
        delta=TENTH.per("week"),
        n=n,
        rng=rng,
        spend=SPEND,
        mean_spend=mean,
    )
    for spend, drawn in ((SPEND, draws.value), (None, draws.discounted)):
        found = total(model, spend, in_weeks(tuple([h] for h in history), [mean]), horizon=104.0)
        assert found.lifetime_value == pytest.approx(drawn.mean(), abs=5 * drawn.std() / np.sqrt(n))
        # Five standard errors of a standard deviation, by its fourth moment.
        kurtosis = np.mean((drawn - drawn.mean()) ** 4) / drawn.var() ** 2
        reach = 5 * np.sqrt((kurtosis - 1) / (4 * n))
        assert found.process_standard_error == pytest.approx(drawn.std(), rel=reach)


def test_process_spread_of_the_nbd_is_its_textbook_variance() -> None:
    """A negative binomial count: mean m has variance m + m^2 / (r + x), and spend adds its own."""
    model, horizon = Nbd(r=2.0, alpha=10.0, unit="week"), 30.0
    found = total(model, None, in_weeks(([3], [5], [20]), None), horizon=horizon, discount_rate=UNDISCOUNTED)
    mean = (2 + 3) / (10 + 20) * horizon
    assert found.lifetime_value == pytest.approx(mean)
    assert found.process_standard_error**2 == pytest.approx(mean + mean**2 / 5)
    spent = total(
        model, SPEND, in_weeks(([3], [5], [20]), [30.0]), horizon=horizon, discount_rate=UNDISCOUNTED
    )
    own, variance = (float(f(3, 30.0)) for f in (SPEND.expected_spend, SPEND.spend_variance))
    second = (own**2 + variance) * (mean + mean**2 / 5 + mean**2 + mean / SPEND.p)
    assert spent.process_standard_error**2 == pytest.approx(second - (own * mean) ** 2)


@models
def test_the_interval_joins_both_spreads_on_the_log_scale(name: str) -> None:
    found = total(as_fit(MODELS[name]), as_fit(SPEND), cdnow(), confidence_level=0.8)
    error = np.hypot(found.parameter_standard_error, found.process_standard_error)
    reach = np.exp(1.2815515655446004 * error / found.lifetime_value)
    assert found.interval.upper == pytest.approx(found.lifetime_value * reach)
    assert found.interval.lower == pytest.approx(found.lifetime_value / reach)
    assert found.interval.confidence_level == found.purchases_interval.confidence_level == 0.8
    assert found.purchases_interval.contains(found.expected_purchases)


def test_intervals_cover_what_customers_spend_afterwards() -> None:
    """Thirty worlds of 400 customers, fitted and then watched: nine in ten intervals hold the total.

    A modest twin of the published coverage: at least 22 of 30 hit with a probability of 99.5 %.
    """
    rng = np.random.default_rng(19)
    hits = hits_of_counts = 0
    for _ in range(30):
        seen = MBG.simulate(rng.uniform(30, 60, 400), holdout=26.0, rng=rng).frame
        rate = rng.gamma(SPEND.q, 1 / SPEND.gamma, 400)
        x, later = seen["frequency"].to_numpy(), seen["frequency_holdout"].to_numpy()
        mean = rng.gamma(SPEND.p * np.maximum(x, 1)) / rate / np.maximum(x, 1)
        spent = np.sum(np.where(later > 0, rng.gamma(SPEND.p * np.maximum(later, 1)) / rate, 0.0))
        histories = PurchaseHistories.from_arrays(x, seen["recency"], seen["age"], mean, unit="week")
        found = value_portfolio(
            histories,
            fit_mbg_nbd(histories),
            fit_gamma_gamma(histories),
            horizon=26.0,
            discount_rate=UNDISCOUNTED,
        )
        hits += found.interval.contains(spent)
        hits_of_counts += found.purchases_interval.contains(later.sum())
    assert hits >= 22
    assert hits_of_counts >= 22


# ── Edges ───────────────────────────────────────────────────────────────────────────────────────────


def test_spend_without_a_variance_leaves_the_total_without_an_upper_bound() -> None:
    """A newcomer of a model with q <= 2 may spend anything: the interval says so, the estimate stands."""
    heavy = as_fit(GammaGamma(p=6.0, q=1.5, gamma=15.0))
    found = total(as_fit(MBG), heavy)
    assert np.isfinite(found.lifetime_value)
    assert found.process_standard_error == np.inf
    assert np.isfinite(found.parameter_standard_error)
    assert (found.interval.lower, found.interval.upper) == (0.0, np.inf)
    assert np.isfinite(found.purchases_interval.upper)
    assert np.isfinite(total(as_fit(MBG), heavy, in_weeks(weights=[1, 1, 0, 1])).interval.upper)
    assert total(as_fit(MBG), heavy, horizon=0).interval.upper == 0


def test_an_infinite_horizon_has_a_finite_value() -> None:
    found = total(as_fit(PARETO), as_fit(SPEND), horizon=np.inf)
    assert np.isfinite([found.lifetime_value, found.process_standard_error, found.interval.upper]).all()
    assert found.expected_purchases == np.inf
    assert (found.purchases_interval.lower, found.purchases_interval.upper) == (0.0, np.inf)
    assert_same_totals(
        total(as_fit(PARETO), horizon=Horizon.infinite()), total(as_fit(PARETO), horizon=np.inf)
    )
    without = total(as_fit(PARETO), None, in_weeks(weights=[1, 0, 1, 1]), horizon=np.inf)
    assert np.isfinite(without.lifetime_value)


@models
def test_horizon_zero_is_worth_nothing_for_certain(name: str) -> None:
    found = total(as_fit(MODELS[name]), as_fit(SPEND), horizon=0)
    assert (found.lifetime_value, found.expected_purchases, found.process_standard_error) == (0, 0, 0)
    assert (found.interval.lower, found.interval.upper) == (0, 0)
    assert found.expected_alive > 0


def test_money_scales() -> None:
    once, thrice = (total(as_fit(MBG), as_fit(SPEND), margin=margin) for margin in (0.2, 0.6))
    for name in ("lifetime_value", "parameter_standard_error", "process_standard_error"):
        assert getattr(thrice, name) == pytest.approx(3 * getattr(once, name))
    assert thrice.interval.upper == pytest.approx(3 * once.interval.upper)
    assert thrice.purchases_interval == once.purchases_interval
    assert total(as_fit(MBG), as_fit(SPEND), margin=0).interval.upper == 0


def test_the_result_reads_well() -> None:
    found = total(as_fit(MBG), as_fit(SPEND), cdnow(), margin=0.3)
    frame = found.to_frame()
    assert list(frame.columns) == ["value"]
    assert frame.loc["lifetime_value", "value"] == found.lifetime_value
    assert frame.loc["expected_purchases_upper", "value"] == found.purchases_interval.upper
    assert len(frame) == 10
    html = found._repr_html_()
    assert f"<strong>{found.lifetime_value:,.2f}</strong> (90% interval" in html
    assert "from 2,357 customers" in html


# ── Refusals ────────────────────────────────────────────────────────────────────────────────────────


def refusal(message: str) -> Any:
    return pytest.raises(InvalidInputError, match=f"^{re.escape(message)}$")


@engines
def test_a_portfolio_of_nobody_is_refused(engine: str) -> None:
    with refusal("the histories must have at least one customer, got none"):
        total(MBG, SPEND, small_histories(engine, small_log().clear()))


def test_a_portfolio_of_weights_of_zero_is_refused() -> None:
    with refusal("the histories must have at least one customer, got none"):
        total(MBG, SPEND, in_weeks(weights=[0, 0, 0, 0]))


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
        total(PARETO, SPEND, histories)
    assert total(PARETO, None, histories).n_customers == small_log()["id"].n_unique()


@pytest.mark.parametrize(
    ("terms", "message"),
    [
        ({"margin": -1}, "`margin` must be a finite number at least 0, got -1"),
        ({"horizon": -1}, "`horizon` must be a number at least 0, got -1"),
        (
            {"horizon": Horizon.infinite(), "discount_rate": UNDISCOUNTED},
            (
                "`discount_rate` must be greater than 0 where `horizon` is infinite, got 0; "
                "the undiscounted value of the whole future may be infinite"
            ),
        ),
        (
            {"confidence_level": 1.0},
            "`confidence_level` must be a finite number greater than 0 and less than 1, got 1",
        ),
    ],
)
def test_terms_that_mean_nothing_are_refused(terms: dict[str, Any], message: str) -> None:
    with refusal(message):
        total(PARETO, **terms)


def test_a_model_in_another_unit_is_refused() -> None:
    with pytest.raises(
        InvalidInputError, match=r"^`purchases` must be in the unit of `histories` \('week'\)"
    ):
        total(Nbd(r=1, alpha=1, unit="month"))


@pytest.mark.parametrize("engine", ["Polars lazy", "DuckDB"])
def test_a_lazy_engine_gives_plain_numbers(engine: str) -> None:
    log = small_log().with_columns(pl.col("id").cast(pl.String))
    found = total(as_fit(MBG), as_fit(SPEND), small_histories(engine, log))
    assert all(isinstance(getattr(found, name), float) for name in NUMBERS)

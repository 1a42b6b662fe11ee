"""Churn, survival and retention, held to numbers that others published."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
from scipy.optimize import minimize
from scipy.stats import chi2

from customer_centric.churn import (
    Bdw,
    Sbg,
    average_customers,
    campaign_profit,
    churn_rate,
    churn_rate_interval,
    complete_triangle,
    decompose_churn_change,
    fit_bdw,
    fit_sbg,
    period_churn,
    probability_over_periods,
    probability_to_rate,
    rate_to_probability,
    reconcile_churn,
    retention_value,
    revenue_movement,
    survival_curve,
)
from customer_centric.churn.renewals import RenewalCounts
from customer_centric.churn.triangle import RetentionTriangle
from customer_centric.intervals import wilson_interval

# ── Rates ───────────────────────────────────────────────────────────────────────────────────────────


def test_founding_definition() -> None:
    """180 customers lost in 12 months of on average 1,500."""
    assert churn_rate(180, 1500) == 0.12
    assert float(rate_to_probability(0.12)) == pytest.approx(0.113079563, abs=1e-9)
    assert 1 / churn_rate(180, 1500) == pytest.approx(8.3333, abs=5e-5), "years that a customer stays"


def test_garwood_interval_of_statsmodels() -> None:
    """`confint_poisson(180, 1500, method="exact-c")` of statsmodels."""
    interval = churn_rate_interval(180, 1500)
    assert (interval.lower, interval.upper) == pytest.approx((0.103109267, 0.138868418), abs=1e-9)


def test_wilson_interval_of_statsmodels() -> None:
    """`proportion_confint(..., method="wilson")` of statsmodels 0.15, for 15 of 100 and 0 of 40."""
    lower, upper = wilson_interval([15, 0], [100, 40])
    assert lower == pytest.approx([0.093060, 0], abs=5e-7)
    assert upper == pytest.approx([0.232836, 0.087622], abs=5e-7)


def test_actuarial_probability() -> None:
    """2 m / (2 + m) of the rate over the two-point average is the share of the start: 0.113207547."""
    rate = 0.12
    lost = 1500 * 2 * rate / (2 + rate)
    average = average_customers([1500, 1500 - lost], method="two_point")
    assert churn_rate(lost, average) == pytest.approx(rate)
    assert lost / 1500 == pytest.approx(0.113207547, abs=5e-10)


def test_compounding() -> None:
    """5 % a month is 45.96 % a year, not 60 %; 20 % a year is 1.842 % a month."""
    assert float(probability_over_periods(0.05, periods=12)) == pytest.approx(0.4596, abs=5e-5)
    assert float(probability_over_periods(0.2, periods=1 / 12)) == pytest.approx(0.01842, abs=5e-6)
    assert float(12 * probability_to_rate(probability_over_periods(0.05, periods=1))) == pytest.approx(
        0.6155, abs=5e-5
    )


def subscriptions() -> pd.DataFrame:
    """100 customers of whom 10 leave; 50 join within the year, 5 of whom leave in it."""
    begins = ["2020-01-01"] * 100 + ["2024-06-01"] * 50
    ends = ["2024-07-01"] * 10 + [None] * 90 + ["2024-09-01"] * 5 + [None] * 45
    return pd.DataFrame({"id": range(150), "from": begins, "until": ends})


def test_one_ledger_many_rates() -> None:
    """Open 100, lose 10 of them, gain 50, lose 5 of those: 135 at the end."""
    table = reconcile_churn(
        subscriptions(), "2024-01-01", "2025-01-01", customer="id", begins="from", ends="until"
    )
    values = {definition.name: definition.value for definition in table.definitions}
    assert values["start, all losses"] == pytest.approx(0.15)
    assert values["start, opening customers"] == pytest.approx(0.10)
    assert values["two-point average"] == pytest.approx(0.12766, abs=5e-6)
    assert values["start and new"] == pytest.approx(0.10)
    assert values["end"] == pytest.approx(0.1111, abs=5e-5)


GROWTH_TABLE = {
    # monthly growth: start, two points, 13 counts, exposure, start and new, cohort, end
    -0.02: (0.533, 0.597, 0.600, 0.600, 0.404, 0.451, 0.679),
    0.0: (0.600, 0.600, 0.600, 0.600, 0.375, 0.451, 0.600),
    0.03: (0.720, 0.594, 0.600, 0.600, 0.336, 0.451, 0.505),
    0.10: (1.122, 0.542, 0.600, 0.600, 0.263, 0.451, 0.357),
}


@pytest.mark.parametrize("growth", GROWTH_TABLE)
def test_growth_moves_every_rate_but_two(growth: float) -> None:
    """All customers leave at 0.60 a year; by integrals of N(t) = (1 + g)^(12 t)."""
    expected = GROWTH_TABLE[growth]
    fine = (1 + growth) ** np.linspace(0, 12, 100_001)
    mean = float(((fine[:-1] + fine[1:]) / 2).mean())
    start, end, lost = 1.0, float(fine[-1]), 0.60 * mean
    new = end - start + lost
    months = (1 + growth) ** np.arange(13.0)
    rates = (
        lost / start,
        churn_rate(lost, average_customers([start, end], method="two_point")),
        churn_rate(lost, average_customers(months)),
        churn_rate(lost, mean),
        lost / (start + new),
        float(rate_to_probability(0.60)),
        lost / end,
    )
    assert rates == pytest.approx(expected, abs=6e-4)


def test_revenue_waterfall() -> None:
    """Open 1000, new 200, expansion 80, reactivation 20, contraction 30, churn 50: close 1220."""
    accounts = pd.DataFrame(
        {
            "open": [400.0, 300, 250, 50, 0, 0],
            "close": [480.0, 270, 250, 0, 200, 20],
            "before": [1, 1, 1, 1, 0, 1],
        }
    )
    moved = revenue_movement(accounts, opening="open", closing="close", paid_before="before")
    assert moved.closing == 1220
    assert moved.gross_retention == pytest.approx(0.92)
    assert moved.net_retention == pytest.approx(1.00)
    assert moved.quick_ratio == pytest.approx(3.75)
    included = revenue_movement(
        accounts, opening="open", closing="close", paid_before="before", reactivation="include"
    )
    assert included.net_churn == pytest.approx(-0.02), "ChartMogul's net churn rate counts what came back"


def test_chartmogul_example() -> None:
    """Open 100, churn 10, contraction 10, expansion 10: gross churn 20 %, net churn 10 %."""
    accounts = pd.DataFrame({"open": [10.0, 30, 30, 30], "close": [0.0, 20, 40, 30]})
    moved = revenue_movement(accounts, opening="open", closing="close")
    assert moved.gross_churn == pytest.approx(0.20)
    assert moved.net_churn == pytest.approx(0.10)


# ── Survival ────────────────────────────────────────────────────────────────────────────────────────

# 6-mercaptopurine arm of Freireich et al. (1963), weeks in remission.
WEEKS = [6, 6, 6, 6, 7, 9, 10, 10, 11, 13, 16, 17, 19, 20, 22, 23, 25, 32, 32, 34, 35]
RELAPSED = [1, 1, 1, 0, 1, 0, 1, 0, 0, 1, 1, 0, 0, 0, 1, 1, 0, 0, 0, 0, 0]


@pytest.mark.parametrize(
    ("transform", "at_6", "at_23", "median_from"),
    [
        ("log-log", (0.6197, 0.9516), (0.1881, 0.6801), 13),
        ("log", (0.7198, 1.0), (0.2488, 0.8074), 16),
        ("plain", (0.7075, 1.0), None, None),
    ],
)
def test_remission_times_of_freireich(
    transform: str, at_6: tuple[float, float], at_23: tuple[float, float] | None, median_from: float | None
) -> None:
    """Survival, standard error and bounds as R's survival and lifelines print them."""
    curve = survival_curve(WEEKS, RELAPSED, unit="week", transform=transform)
    rows = curve.to_frame().set_index("duration")
    assert rows.loc[6, "survival"] == pytest.approx(0.857143, abs=5e-7)
    assert rows.loc[6, "standard_error"] == pytest.approx(0.0764, abs=5e-5)
    assert tuple(rows.loc[6, ["lower", "upper"]]) == pytest.approx(at_6, abs=5e-5)
    assert rows.loc[10, "survival"] == pytest.approx(0.752941, abs=5e-7)
    if transform == "log-log":
        assert tuple(rows.loc[10, ["lower", "upper"]]) == pytest.approx((0.5032, 0.8894), abs=5e-5)
    assert rows.loc[23, "survival"] == pytest.approx(0.448179, abs=5e-7)
    assert rows.loc[23, "standard_error"] == pytest.approx(0.1346, abs=5e-5)
    if at_23:
        assert tuple(rows.loc[23, ["lower", "upper"]]) == pytest.approx(at_23, abs=5e-5)
    median, bounds = curve.quantile()
    assert median == 23
    if median_from:
        assert (bounds.lower, bounds.upper) == (median_from, math.inf)


@pytest.mark.parametrize(("horizon", "mean", "error"), [(35, 23.287395, 2.827468), (23, 17.909244, 1.553190)])
def test_restricted_means_of_freireich(horizon: float, mean: float, error: float) -> None:
    """Points as lifelines, greenwood and statsmodels have them, the error by Greenwood's formula."""
    found = survival_curve(WEEKS, RELAPSED, unit="week").restricted_mean(horizon)
    assert (found.mean, found.standard_error) == pytest.approx((mean, error), abs=5e-7)


@pytest.mark.parametrize(
    ("entry", "survival"),
    [
        ([1.9, 0, 0, 0, 0], [0.8, 0.6, 0.4, 0.2, 0.0]),
        ([1, 2, 4, 0, 0], [2 / 3, 4 / 9, 2 / 9, 1 / 9, 0.0]),
    ],
)
def test_late_entry_of_lifelines(entry: list[float], survival: list[float]) -> None:
    """Five customers, all lost, some of them watched only from some time on."""
    curve = survival_curve([2, 10, 5, 4, 3], [True] * 5, entry=entry, unit="month")
    assert curve.survival == pytest.approx(survival)


# ── Contracts: Fader and Hardie (2007) and Fader et al. (2018) ──────────────────────────────────────

REGULAR = [1000, 631, 468, 382, 326, 289, 262, 241]
HIGH_END = [1000, 869, 743, 653, 593, 551, 517, 491]


@pytest.mark.parametrize(
    ("survivors", "parameters", "log_likelihood", "year_12"),
    [
        (REGULAR, (0.70408, 1.18204), -1680.2652, 0.1700),
        (HIGH_END, (0.66809, 3.80609), -1611.1581, 0.3780),
        (REGULAR[:5], (0.76367, 1.29583), -1401.5594, None),
        (HIGH_END[:5], (1.28098, 7.79038), -1225.1349, None),
    ],
)
def test_shifted_beta_geometric_fits(
    survivors: list[int], parameters: tuple[float, float], log_likelihood: float, year_12: float | None
) -> None:
    fit = fit_sbg(RenewalCounts.from_survivors(survivors))
    assert fit.model.parameters == pytest.approx(parameters, abs=6e-6)
    assert fit.log_likelihood == pytest.approx(log_likelihood, abs=6e-5)
    if year_12:
        assert float(fit.model.survival(12)) == pytest.approx(year_12, abs=5e-5)


@pytest.mark.parametrize(
    ("survivors", "parameters", "log_likelihood", "year_12"),
    [
        (REGULAR, (0.45561, 0.77933, 1.28345), -1679.6028, 0.1773),
        (HIGH_END, (0.21425, 1.42657, 1.72356), -1605.3142, 0.4039),
        (REGULAR[:5], (0.52303, 0.89428, 1.1964), -1401.3831, None),
        (HIGH_END[:5], (0.25934, 1.72255, 1.58436), -1222.7493, None),
    ],
)
def test_beta_discrete_weibull_fits(
    survivors: list[int],
    parameters: tuple[float, float, float],
    log_likelihood: float,
    year_12: float | None,
) -> None:
    fit = fit_bdw(RenewalCounts.from_survivors(survivors))
    assert fit.model.parameters == pytest.approx(parameters, abs=6e-6)
    assert fit.log_likelihood == pytest.approx(log_likelihood, abs=6e-5)
    if year_12:
        assert float(fit.model.survival(12)) == pytest.approx(year_12, abs=6e-5)


@pytest.mark.parametrize(
    ("survivors", "twice_the_gain", "p_value"), [(HIGH_END[:5], 4.77, 0.029), (REGULAR[:5], 0.35, None)]
)
def test_likelihood_ratios_of_fader_et_al(
    survivors: list[int], twice_the_gain: float, p_value: float | None
) -> None:
    """BdW against sBG on the years 0 to 4 (2018)."""
    counts = RenewalCounts.from_survivors(survivors)
    ratio = 2 * (fit_bdw(counts).log_likelihood - fit_sbg(counts).log_likelihood)
    assert ratio == pytest.approx(twice_the_gain, abs=6e-3)
    if p_value:
        assert chi2.sf(ratio, 1) == pytest.approx(p_value, abs=5e-4)


@pytest.mark.parametrize(
    ("survivors", "discrete_weibull", "geometric"),
    [(HIGH_END, -1619.9265, -1637.0928), (REGULAR, -1688.5202, -1794.6209)],
)
def test_limits_without_polarisation(survivors: list[int], discrete_weibull: float, geometric: float) -> None:
    """Customers who are alike leave by a discrete Weibull, and at shape 1 by a geometric law."""
    counts = RenewalCounts.from_survivors(survivors)
    lost, at_risk = survivors[0] - survivors[-1], sum(survivors[:-1])
    alike = Sbg.from_mean(mean_churn=lost / at_risk, polarisation=1e-9)
    assert alike.log_likelihood(counts) == pytest.approx(geometric, abs=6e-5)

    def loss(x: np.ndarray) -> float:
        mean, shape = 1 / (1 + math.exp(-x[0])), math.exp(x[1])
        return -Bdw.from_mean(mean_churn=mean, polarisation=1e-9, shape=shape).log_likelihood(counts)

    best = minimize(loss, [-1.5, -0.3], method="Nelder-Mead", options={"xatol": 1e-7, "fatol": 1e-8})
    assert -best.fun == pytest.approx(discrete_weibull, abs=6e-5)


def test_projections_of_foretell() -> None:
    """R package foretell on 100, 86.9, 74.3, 65.3, 59.3: years 5 to 10, and 5 to 7 by the BdW."""
    counts = RenewalCounts.from_survivors(HIGH_END[:5])
    sbg = 100 * fit_sbg(counts).model.survival(np.arange(5, 11))
    assert sbg == pytest.approx([53.443, 48.578, 44.449, 40.906, 37.837, 35.155], abs=6e-4)
    bdw = 100 * fit_bdw(counts).model.survival(np.arange(5, 8))
    assert bdw == pytest.approx([54.661, 51.037, 48.104], abs=6e-4)


def test_retention_rates_of_the_regular_segment() -> None:
    model = Sbg(alpha=0.704, beta=1.182)
    expected = [0.627, 0.756, 0.819, 0.856, 0.880, 0.898, 0.911]
    assert model.retention_rate(np.arange(1, 8)) == pytest.approx(expected, abs=6e-4)


def test_discounted_lifetimes_of_fader_and_hardie() -> None:
    """DEL at 10 %, and DERL just before the first and the fifth renewal (2010, equation 6)."""
    model = Sbg(alpha=0.704, beta=1.182)
    left = [model.discounted_lifetime(discount_rate_per_period=0.1, tenure=k) for k in (0, 1, 2, 4, 7)]
    assert left[0] == pytest.approx(3.695147, abs=5e-7)
    assert left == pytest.approx([3.695, 4.730, 5.427, 6.359, 7.221], abs=6e-4)
    assert 1.1 * (left[0] - 1) == pytest.approx(2.964662, abs=5e-7)
    assert 1.1 * (left[3] - 1) == pytest.approx(5.894423, abs=5e-7)


@pytest.mark.parametrize(
    ("model", "new", "before_renewal"),
    [
        (Sbg(alpha=0.668, beta=3.806), 5.9225964, {1: 5.4148560, 2: 5.9017532, 5: 6.8970574}),
        (Sbg(alpha=0.704, beta=1.182), 3.6951474, {1: 2.9646621, 2: 4.1034586, 5: 5.8944229}),
    ],
)
def test_residual_lifetimes_of_fader_and_hardie(
    model: Sbg, new: float, before_renewal: dict[int, float]
) -> None:
    """DEL of a new customer, and DERL just before a renewal, both segments at 10 % (2010)."""
    assert model.discounted_lifetime(discount_rate_per_period=0.1) == pytest.approx(new, abs=5e-8)
    for n, expected in before_renewal.items():
        left = model.discounted_lifetime(discount_rate_per_period=0.1, tenure=n - 1)
        assert 1.1 * (left - 1) == pytest.approx(expected, abs=2e-7)


@pytest.mark.parametrize(
    ("rate", "value"),
    [(REGULAR[1] / REGULAR[0], 2.345), (sum(REGULAR[1:]) / sum(REGULAR[:-1]), 3.374)],
)
def test_one_rate_for_all_understates_lifetimes(rate: float, value: float) -> None:
    """Regular segment: by the retention of the first year, and of seven years together, against 3.695."""
    found = retention_value(rate, discount_rate_per_period=0.1).lifetime_value
    assert found == pytest.approx(value, abs=6e-4)


@pytest.mark.parametrize(("rate", "gain"), [(0.6, 0.020), (0.8, 0.034), (0.9, 0.053), (0.95, 0.071)])
def test_a_point_of_retention(rate: float, gain: float) -> None:
    """What a point adds to the lifetime value at 10 %."""
    value = retention_value(rate, discount_rate_per_period=0.1)
    assert value.per_point_share == pytest.approx(gain, abs=6e-4)


# ── Others ──────────────────────────────────────────────────────────────────────────────────────────


def test_profit_of_a_campaign_of_the_r_package_emp() -> None:
    """Defaults of EMP, ten customers: MPC 13.5 at 0.6, EMPC 13.5085462 at 0.59352."""
    profit = campaign_profit(
        [1, 0, 1, 0, 0, 1, 0, 0, 0, 0],
        [0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3, 0.2, 0.1, 0.05],
        lifetime_value=200,
        offer_cost=10,
        contact_cost=1,
    )
    assert (profit.max_profit, profit.target_fraction) == (pytest.approx(13.5), 0.6)
    assert profit.expected_max_profit == pytest.approx(13.5085462, abs=5e-8)
    assert profit.expected_target_fraction == pytest.approx(0.59352, abs=5e-6)


def test_decomposition_of_kitagawa() -> None:
    """Shares .6, .4 to .4, .6 and rates .10, .30 to .09, .28: +0.024 is +0.039 mix and -0.015 rate."""
    before, after = (
        pd.DataFrame({"plan": np.repeat(["a", "a", "b", "b"], n), "left": np.repeat([1, 0, 1, 0], n)})
        for n in ([60, 540, 120, 280], [36, 364, 168, 432])
    )
    change = decompose_churn_change(before, after, lost="left", by=["plan"])
    parts = (change.total, change.mix, change.rate)
    assert parts == pytest.approx((0.024, 0.039, -0.015), abs=1e-12)


# Incremental claims of Taylor and Ashe (1983), as in Mack (1993), table 1.
CLAIMS = """
357848 766940 610542 482940 527326 574398 146342 139950 227229 67948
352118 884021 933894 1183289 445745 320996 527804 266172 425046
290507 1001799 926219 1016654 750816 146923 495992 280405
310608 1108250 776189 1562400 272482 352053 206286
443160 693190 991983 769488 504851 470639
396132 937085 847498 805037 705960
440832 847631 1131398 1063269
359480 1061648 1443370
376686 986608
344014
"""


def test_chain_ladder_of_mack() -> None:
    """Reserves and standard errors of table 1 of Mack (1993)."""
    values = np.full((10, 10), np.nan)
    for row, line in enumerate(CLAIMS.split("\n")[1:-1]):
        seen = np.cumsum([float(number) for number in line.split()])
        values[row, : seen.size] = seen
    start = pd.Timestamp("2000-01-01").date()
    triangle = RetentionTriangle(
        cohorts=tuple(start.replace(year=2000 + row) for row in range(10)),
        values=values,
        kind="revenue",
        period="year",
        as_of=start.replace(year=2010),
        n_later=0,
    )
    final = complete_triangle(triangle).query("age == 9")
    latest = np.array([values[row, 9 - row] for row in range(1, 10)])
    reserves = final["expected"].to_numpy() - latest
    assert reserves == pytest.approx(
        [94634, 469511, 709638, 984889, 1419459, 2177641, 3920301, 4278972, 4625811], abs=0.6
    )
    assert final["standard_error"].to_numpy() == pytest.approx(
        [75535, 121699, 133549, 261406, 411010, 558317, 875328, 971258, 1363155], abs=0.6
    )


def test_period_churn_of_the_ledger() -> None:
    """The same customers by exposure: 15 lost, with Garwood's interval."""
    churn = period_churn(
        subscriptions(), "2024-01-01", "2025-01-01", customer="id", begins="from", ends="until"
    )
    assert (churn.opening, churn.gained, churn.lost, churn.lost_opening, churn.closing) == (
        100,
        50,
        15,
        10,
        135,
    )
    assert churn.rate == pytest.approx(churn_rate(15, churn.base))

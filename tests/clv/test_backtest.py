"""Judging models on a holdout: published totals, proper scores, the choice, and its edges."""

from __future__ import annotations

import math
from functools import cache

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import poisson

from customer_centric import (
    Backtest,
    BgNbd,
    ConvergenceError,
    HistoryCounts,
    HoldoutCounts,
    InvalidInputError,
    MbgNbd,
    ModelWarning,
    Nbd,
    ParetoNbd,
    PurchaseHistories,
    backtest,
    fit_bg_nbd,
    fit_mbg_nbd,
    fit_nbd,
    fit_pareto_nbd,
    summarise_transactions,
)
from customer_centric.datasets import load_cdnow_sample
from effort import examples

BASELINE = "buys as before"
WORLDS = {
    "BG/NBD": BgNbd(r=0.6, alpha=6.0, a=0.8, b=2.4, unit="week"),
    "MBG/NBD": MbgNbd(r=0.8, alpha=6.0, a=0.9, b=1.6, unit="week"),
    "Pareto/NBD": ParetoNbd(r=0.8, alpha=8.0, s=0.6, beta=12.0, unit="week"),
    "NBD": Nbd(r=0.5, alpha=10.0, unit="week"),
}


def rng(seed: int = 1) -> np.random.Generator:
    return np.random.default_rng(seed)


def cdnow(end: str = "1998-06-30", calibration_end: str | None = "1997-09-30") -> PurchaseHistories:
    return summarise_transactions(
        load_cdnow_sample(),
        customer="customer",
        date="date",
        end=end,
        calibration_end=calibration_end,
        unit="week",
    )


@cache
def judged() -> Backtest:
    return backtest(cdnow(), rng=rng())


def arrays(
    frequency: list[float],
    recency: list[float],
    age: list[float],
    later: list[float],
    *,
    length: list[float] | float = 30.0,
    weights: list[float] | None = None,
) -> PurchaseHistories:
    return PurchaseHistories.from_arrays(
        frequency,
        recency,
        age,
        unit="week",
        weights=weights,
        frequency_holdout=later,
        age_holdout=np.broadcast_to(np.asarray(length), np.shape(age)),
    )


def few() -> PurchaseHistories:
    return arrays([0, 1, 3, 2], [0, 5, 20, 3], [30, 28, 26, 30], [0, 1, 4, 0])


# Published and independent numbers


@pytest.mark.parametrize(
    ("name", "total", "log_likelihood"),
    [
        ("Pareto/NBD", 1665.513, -9594.97618),
        ("BG/NBD", 1653.409, -9582.4292),
        ("MBG/NBD", 1576.728, -9582.1357),
    ],
)
def test_cdnow_holdout_totals(name: str, total: float, log_likelihood: float) -> None:
    """Expected purchases of the published fits in 39 weeks, of 1,882 that were made."""
    score = judged().score(name)
    assert score.expected_total == pytest.approx(total, abs=5e-3)
    assert score.actual_total == 1882
    assert score.log_likelihood == pytest.approx(log_likelihood, abs=1e-3)
    assert score.total_error == pytest.approx(total / 1882 - 1, abs=1e-5)
    assert score.bias == pytest.approx((total - 1882) / 2357, abs=1e-5)


@pytest.mark.parametrize(("name", "alive"), [("Pareto/NBD", 1051.875), ("BG/NBD", 1917.278)])
def test_cdnow_customers_alive(name: str, alive: float) -> None:
    curve = judged().score(name).alive
    assert curve is not None
    assert curve.predicted @ curve.n_customers == pytest.approx(alive, abs=5e-3)


def test_cdnow_table() -> None:
    """MBG/NBD gave the holdout the highest probability; the NBD, in which nobody leaves, expects too much."""
    frame = judged().to_frame()
    assert frame["name"].tolist() == ["MBG/NBD", "BG/NBD", "Pareto/NBD", "NBD", BASELINE]
    np.testing.assert_allclose(
        frame["log_score"], [-0.98211, -0.98446, -0.98719, -1.06359, -1.25930], atol=1e-5
    )
    np.testing.assert_allclose(frame["behind"], frame["log_score"][0] - frame["log_score"], atol=1e-12)
    assert judged().preferred == "MBG/NBD"
    assert frame.set_index("name").loc["NBD", "expected_total"] > 2900
    assert "It beats the naive forecast" in judged().reason
    assert "MBG/NBD" in judged()._repr_html_()


def test_scores_are_what_they_say() -> None:
    """Every number of a score from its definition, one customer after the other."""
    model = WORLDS["MBG/NBD"]
    table = backtest(few(), {"model": model}, rng=rng())
    score, frame = table.score("model"), few().frame
    history = (frame["frequency"], frame["recency"], frame["age"])
    later = frame["frequency_holdout"].to_numpy()
    log_p = np.log(model.purchase_pmf(later, *history, horizon=30))
    error = model.expected_purchases(*history, horizon=30) - later
    assert score.log_score == pytest.approx(log_p.mean())
    assert score.log_score_error == pytest.approx(log_p.std(ddof=1) / 2)
    assert score.mean_absolute_error == pytest.approx(np.abs(error).mean())
    assert score.root_mean_squared_error == pytest.approx(np.sqrt((error**2).mean()))
    likelihood = model.log_likelihood(*history).sum()
    assert score.log_likelihood == pytest.approx(likelihood)
    assert score.aic == pytest.approx(8 - 2 * likelihood)
    assert score.bic == pytest.approx(4 * math.log(4) - 2 * likelihood)
    naive = (frame["frequency"] + 0.5) / (frame["age"] + 0.5 * 114 / 6.5) * 30
    baseline = poisson.logpmf(later, naive)
    assert table.baseline.log_score == pytest.approx(baseline.mean())
    gain = table.compare("model", BASELINE)
    assert gain.difference == pytest.approx((log_p - baseline).mean())
    assert gain.standard_error == pytest.approx((log_p - baseline).std(ddof=1) / 2)
    assert table.baseline.expected_total == pytest.approx((frame["frequency"] / frame["age"] * 30).sum())
    assert table.baseline.bias == pytest.approx((frame["frequency"] / frame["age"] * 30 - later).mean())


def test_a_customer_just_won_buys_at_the_average_rate() -> None:
    table = backtest(arrays([0, 2], [0, 5], [0, 10], [1, 2]), {"NBD": WORLDS["NBD"]}, rng=rng())
    assert table.baseline.classes.expected.tolist() == pytest.approx([2.5 / 10 * 30, 2 / 10 * 30])


def test_holdouts_of_several_lengths_are_forecast_apart() -> None:
    model = WORLDS["Pareto/NBD"]
    both = backtest(arrays([2, 2], [5, 5], [20, 20], [1, 3], length=[10, 40]), {"m": model}, rng=rng())
    expected = [float(model.expected_purchases(2, 5, 20, horizon=h)) for h in (10, 40)]
    assert both.score().expected_total == pytest.approx(sum(expected))


# Laws

positive = st.floats(0.05, 5.0)


@examples(30)
@given(positive, positive, positive, positive, st.integers(0, 6), st.floats(0.0, 20.0))
def test_no_forecast_beats_the_truth(
    r: float, alpha: float, r_other: float, alpha_other: float, x: int, age: float
) -> None:
    """Holdout counts as frequent as the true model says: its log-score is the highest there is (Gibbs)."""
    truth = Nbd(r=r, alpha=alpha, unit="week")
    n = np.arange(400.0)
    share = truth.purchase_pmf(n, x, 0.0 if x == 0 else age / 2, age, horizon=4.0)
    kept = share > 1e-14
    count = int(kept.sum())
    rows = np.ones(count)
    holdout = HoldoutCounts(
        x * rows,
        (0.0 if x == 0 else age / 2) * rows,
        age * rows + 0.1,
        n[kept],
        4 * rows,
        share[kept],
        "week",
    )
    truth_scores = truth.purchase_pmf(n[kept], holdout.frequency, holdout.recency, holdout.age, horizon=4.0)
    holdout = HoldoutCounts(
        holdout.frequency,
        holdout.recency,
        holdout.age,
        holdout.frequency_holdout,
        holdout.age_holdout,
        truth_scores,
        "week",
    )
    other = Nbd(r=r_other, alpha=alpha_other, unit="week")
    table = backtest(holdout, {"other": other, "truth": truth}, rng=rng())
    assert table.score("truth").log_score >= table.score("other").log_score - 1e-9


@pytest.mark.parametrize("name", WORLDS)
def test_the_model_that_made_the_data_wins(name: str) -> None:
    """Of four models with their true or wrong parameters; its intervals and its PIT hold too."""
    world = WORLDS[name]
    histories = world.simulate(np.linspace(20, 40, 4000), holdout=40, rng=rng(7))
    slower = world.with_parameters(world.parameters * [1.0, 3.0, *np.ones(world.parameters.size - 2)])
    table = backtest(histories, {**WORLDS, "slower": slower}, rng=rng(8))
    assert table.scores[0].name == name
    assert table.preferred == name
    best = table.score(name)
    assert best.pit.p_value > 0.01
    assert best.total_interval.contains(best.actual_total)
    curve, classes = best.active, best.classes
    assert np.mean((curve.lower <= curve.predicted) & (curve.predicted <= curve.upper)) > 0.7
    assert np.mean((classes.lower <= classes.actual) & (classes.actual <= classes.upper)) > 0.7
    assert table.score("slower").pit.p_value < 0.05
    assert table.score("slower").pit.distance > best.pit.distance
    assert best.behind == best.behind_error == 0
    assert table.score("slower").behind > table.score("slower").behind_error


customers = st.lists(
    st.tuples(st.integers(0, 9), st.floats(0.0, 1.0), st.sampled_from([20.0, 26.0, 30.0]), st.integers(0, 9)),
    min_size=1,
    max_size=8,
)


def columns(rows: list[tuple[int, float, float, int]]) -> tuple[list[float], ...]:
    x, share, age, later = zip(*rows, strict=True)
    recency = [0.0 if f == 0 else s * t for f, s, t in zip(x, share, age, strict=True)]
    return list(map(float, x)), recency, list(age), list(map(float, later))


@examples(25)
@given(customers, st.randoms(use_true_random=False), st.integers(1, 5))
def test_order_is_irrelevant_and_a_weight_is_that_many_copies(
    rows: list[tuple[int, float, float, int]], shuffler: object, copies: int
) -> None:
    models = {"MBG/NBD": WORLDS["MBG/NBD"], "NBD": WORLDS["NBD"]}
    repeated = rows * copies
    shuffler.shuffle(repeated)  # type: ignore[attr-defined]
    weighted = backtest(arrays(*columns(rows), weights=[float(copies)] * len(rows)), models, rng=rng())
    copied = backtest(arrays(*columns(repeated)), models, rng=rng())
    pd.testing.assert_frame_equal(weighted.to_frame(), copied.to_frame(), rtol=1e-12, atol=1e-12)
    assert weighted.reason == copied.reason
    score = weighted.score()
    assert score.classes.n_customers.sum() == score.active.n_customers.sum() == len(repeated)
    assert score.lift.n_customers.sum() == pytest.approx(len(repeated))
    assert score.pit.share.sum() == pytest.approx(1)
    assert score.total_interval.lower <= score.expected_total <= score.total_interval.upper


def test_the_total_falls_into_its_interval_as_often_as_promised() -> None:
    """At known parameters; whole numbers cover a little more than they say."""
    world = WORLDS["Pareto/NBD"]
    inside = 0
    for seed in range(60):
        histories = world.simulate(np.full(200, 30.0), holdout=20, rng=rng(seed))
        score = backtest(histories, {"m": world}, rng=rng(), confidence_level=0.8).score()
        inside += score.total_interval.contains(score.actual_total)
    assert 40 <= inside <= 56


def test_a_fit_is_less_sure_of_the_total_than_its_model() -> None:
    fit = fit_mbg_nbd(cdnow().holdout_statistics().calibration)
    table = backtest(cdnow(), {"fit": fit, "model": fit.model, "function": fit_mbg_nbd}, rng=rng())
    widths = {name: table.score(name).total_interval.width for name in ("fit", "model", "function")}
    assert widths["fit"] == widths["function"] > 1.2 * widths["model"]
    assert table.preferred == "fit"


# The choice


def test_fewer_parameters_win_within_one_standard_error() -> None:
    """A Pareto/NBD without dropout is an NBD with two parameters too many."""
    world = WORLDS["NBD"]
    histories = world.simulate(np.full(800, 30.0), holdout=30, rng=rng(3))
    table = backtest(histories, {"Pareto/NBD": fit_pareto_nbd, "NBD": fit_nbd}, rng=rng())
    assert table.preferred == "NBD"
    assert table.score("NBD").behind <= table.score("NBD").behind_error
    assert table.score("Pareto/NBD").log_score == pytest.approx(table.score("NBD").log_score, abs=2e-3)


def test_reason_for_a_simpler_model() -> None:
    close = ParetoNbd(r=0.5, alpha=10.0, s=1e-4, beta=10.0, unit="week")
    histories = arrays([0, 1, 0], [0, 5, 0], [30, 28, 30], [0, 0, 2])
    table = backtest(histories, {"Pareto/NBD": close, "NBD": WORLDS["NBD"]}, rng=rng())
    assert table.scores[0].name == "Pareto/NBD"
    assert table.preferred == "NBD"
    assert table.reason.startswith("Pareto/NBD has the best log-score (")
    assert "and has fewer parameters (2 against 4)." in table.reason


def test_a_model_worse_than_naive_is_said_to_be() -> None:
    wrong = Nbd(r=50.0, alpha=1.0, unit="week")
    table = backtest(few(), {"wrong": wrong}, rng=rng())
    assert table.reason.startswith("Wrong is the only model")
    assert "It does not beat the naive forecast" in table.reason


def test_one_customer_cannot_tell_models_apart() -> None:
    table = backtest(arrays([2], [10], [30], [1]), WORLDS, rng=rng())
    assert table.preferred == "NBD"
    assert table.score("NBD").log_score_error == math.inf
    assert np.isfinite(table.score("NBD").log_score)


def test_a_fit_without_optimum_is_listed() -> None:
    def stuck(counts: HistoryCounts) -> object:
        raise ConvergenceError("no optimum after 100 steps")

    table = backtest(few(), {"NBD": WORLDS["NBD"], "stuck": stuck}, rng=rng())
    assert table.failures == (("stuck", "no optimum after 100 steps"),)
    with pytest.raises(
        ConvergenceError, match=r"^no model could be fitted to the calibration: stuck: no opt"
    ):
        backtest(few(), {"stuck": stuck}, rng=rng())


# Edges and errors


def test_a_holdout_without_purchases() -> None:
    table = backtest(arrays([0, 1, 2], [0, 5, 9], [30, 30, 30], [0, 0, 0]), WORLDS, rng=rng())
    for name in table.names:
        score = table.score(name)
        assert math.isnan(score.total_error)
        assert math.isnan(score.gini)
        assert np.all(score.active.actual == 0)
        assert np.all(score.active.upper > 0)
        assert np.isfinite(score.log_score)


def test_counts_beyond_all_expectation_keep_scores_finite() -> None:
    table = backtest(arrays([0, 1], [0, 1], [30, 30], [1e5, 0]), {"NBD": WORLDS["NBD"]}, rng=rng())
    assert table.baseline.log_score == pytest.approx(
        (math.log(np.finfo(float).tiny) + poisson.logpmf(0, 30 * 1.5 / 50)) / 2
    )


def test_fractions_of_customers() -> None:
    table = backtest(
        arrays([0, 1], [0, 5], [30, 30], [0, 2], weights=[1.5, 0.25]), {"NBD": WORLDS["NBD"]}, rng=rng()
    )
    assert table.holdout.n_customers == 1.75
    assert table.score().pit.share.sum() == pytest.approx(1)


def test_without_a_holdout() -> None:
    with pytest.raises(InvalidInputError, match="calibration_end"):
        backtest(cdnow(calibration_end=None), rng=rng())
    with pytest.raises(
        InvalidInputError, match=r"^`histories` must know their holdout, got HistoryCounts; split"
    ):
        backtest(cdnow().sufficient_statistics(), rng=rng())  # type: ignore[arg-type]
    with pytest.raises(
        InvalidInputError, match=r"^`age_holdout` must be .* greater than 0, got 0 at position"
    ):
        backtest(arrays([1], [1], [5], [0], length=0.0), {"NBD": WORLDS["NBD"]}, rng=rng())


def test_without_any_time_before_the_holdout() -> None:
    with pytest.raises(InvalidInputError, match=r"^`age` must be greater than 0 for at least one customer"):
        backtest(arrays([0, 0], [0, 0], [0, 0], [1, 0]), {"NBD": WORLDS["NBD"]}, rng=rng())


def test_without_customers() -> None:
    none = np.zeros(0)
    with pytest.raises(InvalidInputError, match=r"^`histories` must have at least one customer, got none"):
        backtest(HoldoutCounts(none, none, none, none, none, none, "week"), rng=rng())


@pytest.mark.parametrize(
    ("models", "message"),
    [
        ({}, r"^`models` must be a mapping of at least one name"),
        ([fit_nbd], r"^`models` must be a mapping of at least one name"),
        ({BASELINE: fit_nbd}, r"^`models` must not use the name of the baseline, got 'buys as before'"),
        ({"x": 3}, r"^`models\['x'\]` must be a transaction model, a fit or a fit function, got int"),
        ({"x": Nbd(r=1, alpha=1, unit="day")}, r"^`models\['x'\]` must be in the unit of `histories`"),
    ],
)
def test_bad_models(models: object, message: str) -> None:
    with pytest.raises(InvalidInputError, match=message):
        backtest(few(), models, rng=rng())  # type: ignore[arg-type]


def test_a_fit_in_another_unit() -> None:
    days = HistoryCounts.from_arrays([1, 0], [10, 0], [30, 30], unit="day")
    with pytest.raises(
        InvalidInputError, match=r"must be in the unit of `histories` \('week'\), got .* 'day'"
    ):
        backtest(few(), {"x": fit_nbd(days)}, rng=rng())


def test_a_fit_that_has_seen_the_holdout_is_noticed() -> None:
    seen = fit_bg_nbd(cdnow(calibration_end=None))
    with pytest.warns(
        ModelWarning, match=r"^`models\['BG/NBD'\]` was fitted to other histories .* may have seen"
    ):
        backtest(cdnow(), {"BG/NBD": seen}, rng=rng())


def test_bad_names_and_levels() -> None:
    with pytest.raises(InvalidInputError, match=r"^`name` must be one of 'MBG/NBD', .*, got 'bg'"):
        judged().score("bg")
    with pytest.raises(InvalidInputError, match=r"^`confidence_level` must be"):
        backtest(few(), rng=rng(), confidence_level=95)

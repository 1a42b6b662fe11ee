"""Optima at infinity: the limit by its name, its log-likelihood and its forecasts; and starts anywhere."""

from __future__ import annotations

import numpy as np
import pytest

import cdnow
from clv._models import FAMILIES, Family, every_family
from customer_centric import Fit, HistoryCounts, Nbd, fit_bg_nbd, fit_mbg_nbd, fit_nbd, fit_pareto_nbd
from customer_centric._core.likelihood import maximise
from customer_centric.clv import bg_nbd, mbg_nbd, pareto_nbd
from customer_centric.clv._simulation import draw_death_at_purchases, draw_death_in_time
from customer_centric.clv.nbd import _LIMITS as NBD_LIMITS

DROPOUT = [fit_bg_nbd, fit_mbg_nbd, fit_pareto_nbd]
LIMITS = {
    "BG/NBD": bg_nbd._LIMITS,
    "MBG/NBD": mbg_nbd._LIMITS,
    "Pareto/NBD": pareto_nbd._LIMITS,
    "NBD": NBD_LIMITS,
}
ASKED = np.array([0.0, 1.0, 8.0]), np.array([0.0, 3.0, 20.0]), np.array([30.0, 30.0, 24.0])


def regular(n: int) -> HistoryCounts:
    """Customers who are all alive: everybody's last purchase is recent, however often they buy."""
    rng = np.random.default_rng(5)
    rate, age = rng.gamma(2.0, 0.3, n), np.full(n, 40.0)
    x = np.maximum(rng.poisson(rate * age), 1.0)
    return HistoryCounts.from_arrays(x, age * x / (x + 0.3), age, unit="week")


@pytest.mark.parametrize("fit", DROPOUT)
def test_customers_who_never_leave_are_an_nbd(fit) -> None:
    """No dropout: the log-likelihood and the forecasts of the NBD."""
    histories = regular(400)
    baseline, found = fit_nbd(histories), fit(histories)
    assert found.boundary is not None
    assert found.boundary.startswith("no dropout")
    assert found.log_likelihood == pytest.approx(baseline.log_likelihood, abs=1e-5)
    np.testing.assert_allclose(
        found.model.expected_purchases(*ASKED, horizon=39),
        baseline.model.expected_purchases(*ASKED, horizon=39),
        rtol=1e-4,
    )
    assert np.isfinite(found.covariance).all()
    assert np.isfinite(found.summary().to_numpy()).all()


@pytest.mark.parametrize("fit", [fit_nbd, *DROPOUT])
def test_one_rate_for_all(fit) -> None:
    """Equal purchase rates: r and alpha run off together, r / alpha is what everybody buys at."""
    rng = np.random.default_rng(2)
    # Under-dispersed on purpose: more alike than chance allows.
    x = np.tile([8.0, 9.0, 10.0], 100)
    histories = HistoryCounts.from_arrays(x, 30 * rng.uniform(0.9, 1, 300), np.full(300, 30.0), unit="week")
    found = fit(histories)
    assert found.boundary is not None
    model = found.model
    mean_rate = model.r / model.alpha
    assert model.r > 1e5
    alive = model.probability_alive(*ASKED)
    short = model.expected_purchases(*ASKED, horizon=1e-3)
    np.testing.assert_allclose(short, alive * mean_rate * 1e-3, rtol=1e-3)


def test_one_dropout_rate_for_all_in_the_pareto_nbd() -> None:
    """Equal dropout rates: the lifetimes are exponential with the rate s / beta."""
    rng = np.random.default_rng(4)
    n = 3000
    lifetime = np.quantile(rng.exponential(20.0, 10**5), (np.arange(n) + 0.5) / n)
    drawn = draw_death_in_time(
        rng.gamma(1.5, 1.0, n), np.minimum(lifetime, 60.0), np.full(n, 50.0), 0.0, rng=rng
    )
    found = fit_pareto_nbd(HistoryCounts.from_arrays(drawn.frequency, drawn.recency, drawn.age, unit="week"))
    assert found.boundary == "equal dropout rates"
    rate = found.model.s / found.model.beta
    assert rate == pytest.approx(1 / 20, rel=0.15)
    later = found.model.probability_alive(*ASKED, after=10) / found.model.probability_alive(*ASKED)
    np.testing.assert_allclose(later, np.exp(-10 * rate), rtol=1e-4)


@pytest.mark.parametrize(("fit", "at_first"), [(fit_bg_nbd, False), (fit_mbg_nbd, True)])
def test_one_dropout_probability_for_all(fit, at_first) -> None:
    """Equal dropout probabilities: a and b run off together, a / (a + b) is everybody's."""
    rng = np.random.default_rng(0)
    n = 3000
    drawn = draw_death_at_purchases(
        rng.gamma(1.0, 1.0, n), np.full(n, 0.2), np.full(n, 30.0), 0.0, at_first=at_first, rng=rng
    )
    found = fit(HistoryCounts.from_arrays(drawn.frequency, drawn.recency, drawn.age, unit="week"))
    a, b = found.model.a, found.model.b
    assert a / (a + b) == pytest.approx(0.2, rel=0.1)
    if found.boundary is not None:
        assert found.boundary == "equal dropout probabilities"
        assert np.isfinite(found.model.expected_purchases(*ASKED, horizon=np.inf)).all()
    else:
        assert a + b > 20


def test_dropout_certain_for_some_and_impossible_for_others() -> None:
    """Half leave at once, half never: a and b shrink together, and the mixture of two is the limit."""
    rng = np.random.default_rng(8)
    n = 2000
    dropout = np.where(np.arange(n) % 2 == 0, 1 - 1e-12, 1e-12)
    drawn = draw_death_at_purchases(
        rng.gamma(2.0, 0.5, n), dropout, np.full(n, 30.0), 0.0, at_first=False, rng=rng
    )
    found = fit_bg_nbd(HistoryCounts.from_arrays(drawn.frequency, drawn.recency, drawn.age, unit="week"))
    assert found.boundary == "dropout certain or impossible"
    assert found.model.a / (found.model.a + found.model.b) == pytest.approx(0.5, abs=0.05)
    assert np.isfinite(found.model.expected_purchases(*ASKED, horizon=39)).all()


@every_family
@pytest.mark.parametrize("weight", [1.0, 1e6])
@pytest.mark.parametrize("history", [(3.0, 10.0, 20.0), (1.0, 20.0, 20.0), (2.0, 1e-3, 20.0)])
def test_a_single_history_is_fitted(family: Family, history, weight: float) -> None:
    """One customer, or a million identical rows: a limit by its name, and forecasts that are numbers."""
    x, t_x, age = ([value] for value in history)
    found = family.fit(HistoryCounts.from_arrays(x, t_x, age, unit="week", weights=[weight]))
    assert found.boundary is not None
    assert np.isfinite(found.log_likelihood)
    assert np.isfinite(found.covariance).all()
    expected = found.model.expected_purchases(*ASKED, horizon=39)
    assert np.isfinite(expected).all()
    assert (expected >= 0).all()


@every_family
def test_nobody_came_back(family: Family) -> None:
    histories = HistoryCounts.from_arrays([0, 0], [0, 0], [5, 3], unit="week")
    with pytest.raises(ValueError, match="must have repeat purchases, got none among 2 customers; observe"):
        family.fit(histories)


@every_family
def test_nobody_was_observed(family: Family) -> None:
    histories = HistoryCounts.from_arrays([1, 0], [0, 0], [0, 0], unit="week")
    with pytest.raises(ValueError, match="must have an age greater than 0, got 0 for all 2 customers"):
        family.fit(histories)


@every_family
def test_all_purchases_at_one_instant(family: Family) -> None:
    """The likelihood grows without bound as the rate does."""
    histories = HistoryCounts.from_arrays([1, 0], [0, 0], [20, 20], unit="week")
    with pytest.raises(ValueError, match=r"must have a recency greater than 0 .* purchases at one instant"):
        family.fit(histories)


@every_family
def test_no_customers(family: Family) -> None:
    nothing = np.zeros(0)
    with pytest.raises(ValueError, match="must have at least one customer, got none"):
        family.fit(HistoryCounts(nothing, nothing, nothing, nothing, "week"))


# Factors on the estimates of CDNOW: no guess that a person or a program would make is that far off.
ABSURD = [
    (1e-3, 1e3, 1e3, 1e-3),
    (1e3, 1e-2, 1e-3, 1e3),
    (50.0, 50.0, 50.0, 50.0),
    (1e-3, 1e-3, 1e-3, 1e-3),
    (1e-2, 1e3, 1e-3, 1e-2),
]


@every_family
@pytest.mark.parametrize("factors", ABSURD)
def test_five_absurd_starts_reach_the_same_optimum(family: Family, factors) -> None:
    counts = cdnow.histories().sufficient_statistics()
    fits: dict[str, Fit] = dict(
        zip(
            [f.name for f in FAMILIES],
            [cdnow.bg_nbd(), cdnow.mbg_nbd(), cdnow.pareto_nbd(), cdnow.nbd()],
            strict=True,
        )
    )
    best = fits[family.name]
    parameters = best.model.parameters
    found = maximise(
        lambda theta, stride: family.score(theta, counts, stride),
        parameters * np.array(factors[: parameters.size]),
        n_rows=counts.frequency.size,
        limits=LIMITS[family.name],
    )
    assert found.value == pytest.approx(best.log_likelihood, abs=1e-8)
    np.testing.assert_allclose(found.parameters, parameters, rtol=1e-5)
    assert found.boundary is None


def test_nobody_leaves_in_a_simulated_nbd() -> None:
    """Chance may favour a little dropout, never less likelihood than the NBD's."""
    rng = np.random.default_rng(1)
    histories = Nbd(r=0.8, alpha=10, unit="week").simulate(np.full(800, 39.0), rng=rng)
    baseline = fit_nbd(histories)
    for fit in DROPOUT:
        assert fit(histories).log_likelihood >= baseline.log_likelihood - 1e-6

"""Gone or silent: exact weights, the same point by expectation-maximisation, worlds whose truth is known."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import expit, logit
from scipy.stats import norm, weibull_min

from customer_centric.errors import InvalidInputError
from customer_centric.journey import SoftAbandonment, soft_abandonment
from customer_centric.journey._cure import Data
from customer_centric.typing import FloatArray
from effort import examples

HOUR = 1 / 24


def world(
    n: int, seed: int, *, watched: float = 30.0, p: float = 0.6, sigma: float = 1.5
) -> tuple[FloatArray, FloatArray]:
    """Gaps and silences of customers who started at any time of a window: median gap of a day."""
    rng = np.random.default_rng(seed)
    gap = np.where(rng.random(n) < p, rng.lognormal(0.0, sigma, n), np.inf)
    seen = rng.uniform(0, watched, n)
    return gap[gap <= seen], seen[gap > seen]


def mixture_likelihood(gaps: FloatArray, silences: FloatArray, p: float, mu: float, sigma: float) -> float:
    density = norm.logpdf(np.log(gaps), mu, sigma) - np.log(gaps)
    return float((math.log(p) + density).sum() + np.log(1 - p * norm.cdf(np.log(silences), mu, sigma)).sum())


def expectation_maximisation(
    gaps: FloatArray, silences: FloatArray
) -> tuple[tuple[float, float, float], list[float]]:
    """The mixture one step after the other, with the log-likelihood at each."""
    x, y = np.log(gaps), np.log(silences)
    p, mu, sigma = 0.5, float(x.mean()), float(x.std())
    climbed = []
    for _ in range(1500):
        climbed.append(mixture_likelihood(gaps, silences, p, mu, sigma))
        z = (y - mu) / sigma
        tau = p * norm.sf(z) / (1 - p * norm.cdf(z))
        lam = norm.pdf(z) / norm.sf(z)
        expected, square = mu + sigma * lam, sigma**2 * (1 + z * lam)
        total = x.size + tau.sum()
        p = total / (x.size + y.size)
        new = (x.sum() + (tau * expected).sum()) / total
        sigma = math.sqrt((((x - mu) ** 2).sum() + (tau * square).sum()) / total - (new - mu) ** 2)
        mu = new
    return (p, mu, sigma), climbed


def test_weights_of_a_known_model() -> None:
    """Six of ten return, half of them within a day, logarithms spread by 1.5."""
    model = SoftAbandonment(probability_return=0.6, location=0.0, spread=1.5)
    found = model.probability_abandoned([HOUR, 1, 7, 30])
    assert found == pytest.approx([0.404136, 0.571429, 0.872674, 0.982780], abs=5e-7)
    assert float(model.probability_abandoned(0)) == pytest.approx(0.4)


def test_the_optimum_is_where_expectation_maximisation_climbs_to() -> None:
    gaps, silences = world(300, 1)
    (p, mu, sigma), climbed = expectation_maximisation(gaps, silences)
    assert (np.diff(climbed) >= -1e-9).all()
    fit = soft_abandonment(gaps, silences, unit="day")
    model = fit.model
    assert (model.probability_return, model.location, model.spread) == pytest.approx((p, mu, sigma), abs=1e-4)
    assert fit.log_likelihood == pytest.approx(climbed[-1], abs=1e-6)


@pytest.mark.parametrize("law", ["lognormal", "weibull"])
def test_the_gradient_is_that_of_the_likelihood(law: str) -> None:
    gaps, silences = world(60, 3)
    data = Data.of(law, gaps, np.append(silences, 0.0))  # type: ignore[arg-type]
    theta = np.array([0.3, 0.2, 0.4])
    p, sigma = float(expit(0.3)), math.exp(0.4)
    if law == "lognormal":
        expected = mixture_likelihood(gaps, silences, p, 0.2, sigma)
    else:
        twin = weibull_min(1 / sigma, scale=math.exp(0.2))
        expected = (math.log(p) + twin.logpdf(gaps)).sum() + np.log(1 - p * twin.cdf(silences)).sum()
    value, gradient = data.score(theta)
    assert value == pytest.approx(expected)
    steps = [(data.score(theta + 1e-6 * e)[0] - data.score(theta - 1e-6 * e)[0]) / 2e-6 for e in np.eye(3)]
    assert gradient == pytest.approx(steps, rel=1e-5)


def test_timeouts_say_anything_and_the_mixture_the_truth() -> None:
    """Of 4,000 customers watched for 30 days 40 % are gone; timeouts call 45 to 100 of 100 gone."""
    rng = np.random.default_rng(5)
    gap = np.where(rng.random(4000) < 0.6, rng.lognormal(0.0, 1.5, 4000), np.inf)
    truth = float(np.isinf(gap).mean())
    found = [float((gap > timeout).mean()) for timeout in (HOUR / 2, 1, 3, 7)]
    assert found == pytest.approx([0.996, 0.698, 0.539, 0.467], abs=0.02)
    watched = rng.uniform(0, 30, 4000)
    back = gap <= watched
    assert 1 - back.mean() > truth + 0.03
    fit = soft_abandonment(gap[back], watched[~back], unit="day")
    assert fit.abandoned == pytest.approx(truth, abs=0.02)
    assert fit.interval.contains(0.6)
    assert fit.identified
    assert fit.reason is None


def test_intervals_hold_the_truth_as_often_as_they_say() -> None:
    """90 % intervals of the share and of the weight of a silent day, in 40 worlds of 150 customers."""
    truth = float(SoftAbandonment(probability_return=0.6, location=0, spread=1.5).probability_abandoned(1.0))
    held = np.zeros(2)
    for seed in range(40):
        fit = soft_abandonment(*world(150, seed), unit="day", confidence_level=0.90)
        lower, upper = fit.weight_interval(1.0)
        held += [fit.interval.contains(0.6), lower <= truth <= upper]
    assert (held >= 40 * 0.9 - 2.5 * math.sqrt(40 * 0.09)).all()


def test_too_short_a_window_is_said() -> None:
    fit = soft_abandonment(*world(600, 4, watched=1.0), unit="day")
    assert not fit.identified
    assert "hardly identified" in str(fit)
    assert fit.interval.width > 0.25


def test_nobody_silent_is_not_nobody_gone() -> None:
    """Four returns and no silence: the probability to return has the exact profile bound."""
    fit = soft_abandonment([1, 2, 3, 5], [], unit="day")
    assert fit.model.probability_return == 1.0
    assert fit.interval.lower == pytest.approx(math.exp(-0.5 * 3.841459 / 4), abs=1e-4)
    assert fit.interval.upper == 1.0
    assert fit.abandoned == 0.0
    assert fit.probability_abandoned([0, 10]).tolist() == [0, 0]
    lower, upper = fit.weight_interval([0, 10])
    assert lower.tolist() == [0, 0]
    assert upper[0] == pytest.approx(1 - fit.interval.lower)
    assert np.isnan(fit.covariance).all()
    frame = fit.to_frame()
    assert frame.loc["probability_return", "upper"] == 1.0


def test_all_back_long_ago_shows_no_sign_of_leaving() -> None:
    """Only short silences: the law of gaps explains them all."""
    fit = soft_abandonment([1, 2, 3, 4, 5, 6], [0.1, 0.2, 30], unit="day")
    assert fit.abandoned > 0.05
    fit = soft_abandonment(np.exp(np.linspace(-1, 1, 50)), [2.7], unit="day")
    assert fit.reason == "no sign that anybody is gone for good"
    assert fit._repr_html_().startswith("<p>0.0 % never return (0.0 to ")


@given(
    st.floats(0.05, 1.0),
    st.floats(-5, 5),
    st.floats(0.05, 4),
    st.sampled_from(["lognormal", "weibull"]),
    st.lists(st.floats(0, 1e6), min_size=2, max_size=5),
)
@examples(80)
def test_weights_are_bounded_and_rise_with_silence(
    p: float, location: float, spread: float, law: str, silences: list[float]
) -> None:
    model = SoftAbandonment(probability_return=p, location=location, spread=spread, law=law)  # type: ignore[arg-type]
    found = model.probability_abandoned(sorted(silences))
    assert ((found >= 0) & (found <= 1)).all()
    assert (np.diff(found) >= -1e-12).all()
    assert float(model.probability_abandoned(0.0)) == pytest.approx(1 - p)
    returned = model.share_returned(sorted(silences))
    with np.errstate(divide="ignore"):
        assert found == pytest.approx((1 - p) / np.maximum(1 - p * returned, 1e-300), abs=1e-9)


@given(st.integers(0, 10_000), st.floats(0.01, 1000))
@examples(5)
def test_the_unit_of_time_does_not_matter(seed: int, factor: float) -> None:
    gaps, silences = world(100, seed)
    days, other = (soft_abandonment(gaps * f, silences * f, unit="day") for f in (1.0, factor))
    assert other.model.probability_return == pytest.approx(days.model.probability_return, abs=1e-4)
    assert other.model.location == pytest.approx(days.model.location + math.log(factor), abs=1e-3)
    assert logit(other.interval.lower) == pytest.approx(logit(days.interval.lower), abs=1e-2)


@pytest.mark.parametrize(
    ("gaps", "silences", "message"),
    [
        ([1.0], [2.0], "`gaps` must have at least two different values, got 1"),
        ([], [2.0], "`gaps` must have at least two different values, got 0"),
        ([1.0, 0.0], [], "`gaps` must be .* greater than 0, got 0 at position 1"),
        ([1.0, 2.0], [-1.0], "`silences` must be .* at least 0, got -1"),
    ],
)
def test_times_that_cannot_be_are_refused(gaps: list[float], silences: list[float], message: str) -> None:
    with pytest.raises(InvalidInputError, match=message):
        soft_abandonment(gaps, silences, unit="day")


def test_a_law_that_is_unknown_is_refused() -> None:
    with pytest.raises(InvalidInputError, match="`law` must be one of 'lognormal', 'weibull', got 'normal'"):
        soft_abandonment([1, 2], [3], unit="day", law="normal")  # type: ignore[arg-type]
    with pytest.raises(InvalidInputError, match=r"`probability_return` must be .* at most 1, got 0"):
        SoftAbandonment(probability_return=0.0, location=0.0, spread=1.0)

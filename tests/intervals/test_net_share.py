"""Intervals of a net share hold the estimate, turn round with the answers, and narrow with their number."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import integrate, optimize, stats
from scipy.special import betainc

from customer_centric.errors import InvalidInputError
from customer_centric.intervals import jeffreys_net_interval, tango_interval, wald_net_interval
from customer_centric.typing import FloatArray
from effort import examples

Z = 1.959963984540054
METHODS = (tango_interval, wald_net_interval, jeffreys_net_interval)
LEVEL = st.floats(0.01, 0.999999)
WHOLE = st.integers(0, 10_000).map(float)
COUNT = st.one_of(WHOLE, st.sampled_from([0.0, 0.0, 1.0]), st.floats(1e-9, 1e9))
COUNTS = st.tuples(COUNT, COUNT, COUNT).filter(lambda counts: sum(counts) > 0)


def bounds(
    method: Callable[..., tuple[FloatArray, FloatArray]], *counts: float, level: float = 0.95
) -> list[float]:
    """Of promoters, passives and detractors."""
    p, q, d = counts
    return [float(bound) for bound in method(p, d, p + q + d, confidence_level=level)]


# ── Tango's score interval ──────────────────────────────────────────────────────────────────────────


@given(COUNTS, LEVEL)
@examples(60)
def test_score_interval_stays_on_the_scale_with_a_width_around_the_estimate(
    counts: tuple[float, float, float], level: float
) -> None:
    lower, upper = bounds(tango_interval, *counts, level=level)
    p, q, d = counts
    assert -1 <= lower < upper <= 1
    assert lower - 1e-15 <= (p - d) / (p + q + d) <= upper + 1e-15


@given(COUNTS, LEVEL)
@examples(60)
def test_detractors_for_promoters_turns_the_score_interval_round(
    counts: tuple[float, float, float], level: float
) -> None:
    lower, upper = bounds(tango_interval, *counts, level=level)
    assert bounds(tango_interval, *counts[::-1], level=level) == pytest.approx([-upper, -lower], abs=1e-13)


@given(COUNTS, st.floats(1, 1000), LEVEL)
@examples(60)
def test_the_same_answers_again_narrow_the_score_interval(
    counts: tuple[float, float, float], times: float, level: float
) -> None:
    lower, upper = bounds(tango_interval, *counts, level=level)
    inner = bounds(tango_interval, *(times * count for count in counts), level=level)
    assert lower - 1e-13 <= inner[0]
    assert inner[1] <= upper + 1e-13


@given(COUNTS, LEVEL, LEVEL)
@examples(60)
def test_more_confidence_never_narrows_the_score_interval(
    counts: tuple[float, float, float], one: float, other: float
) -> None:
    narrow = bounds(tango_interval, *counts, level=min(one, other))
    wide = bounds(tango_interval, *counts, level=max(one, other))
    assert wide[0] <= narrow[0] + 1e-13
    assert narrow[1] <= wide[1] + 1e-13


def constrained_statistic(p: float, q: float, d: float, difference: float) -> float:
    """The score statistic, its nuisance share found by maximising the likelihood of the three shares."""
    n = p + q + d

    def minus_log_likelihood(negative: float) -> float:
        shares = (negative + difference, 1 - 2 * negative - difference, negative)
        return -sum(
            count * math.log(max(share, 1e-300))
            for count, share in zip((p, q, d), shares, strict=True)
            if count
        )

    least, most = max(0.0, -difference), (1 - difference) / 2
    found = optimize.minimize_scalar(
        minus_log_likelihood, bounds=(least, most), method="bounded", options={"xatol": 1e-13}
    ).x
    negative = min((least, float(found), most), key=minus_log_likelihood)
    variance = (negative + difference) + negative - difference**2
    return (p - d - n * difference) / math.sqrt(n * variance)


@pytest.mark.parametrize(
    "counts",
    [
        (50, 30, 20),
        (7, 2, 1),
        (1, 13, 7),
        (10, 0, 0),
        (0, 5, 0),
        (3, 0, 4),
        (2.5, 1.25, 0),
        (0.3, 0.2, 0.1),
        (900, 99, 1),
    ],
)
@pytest.mark.parametrize("level", [0.5, 0.95, 0.9999])
def test_score_interval_inverts_the_constrained_likelihood_of_a_slow_twin(
    counts: tuple[float, float, float], level: float
) -> None:
    z, (p, q, d) = stats.norm.isf((1 - level) / 2), counts
    estimate, found = (p - d) / (p + q + d), bounds(tango_interval, *counts, level=level)
    for bound, end, sign in ((found[0], -1.0, 1.0), (found[1], 1.0, -1.0)):
        if estimate == end:
            assert bound == end
            continue
        twin = optimize.brentq(
            lambda x, sign=sign: constrained_statistic(p, q, d, x) - sign * z,
            estimate + 1e-12 * (end - estimate),
            end - 1e-9 * (end - estimate),
        )
        assert bound == pytest.approx(twin, abs=2e-6)


def coverage(method: Callable[..., tuple[FloatArray, FloatArray]], n: int, step: float) -> FloatArray:
    """Probability that the interval holds the truth: every outcome, at each point of a grid of shares."""
    p, d = (side.ravel() for side in np.meshgrid(np.arange(n + 1.0), np.arange(n + 1.0)))
    p, d = p[p + d <= n], d[p + d <= n]
    lower, upper = method(p, d, n)
    grid = np.arange(step / 2, 1, step)
    found = []
    for share in grid:
        for other in grid[grid < 1 - share - step / 4]:
            chance = stats.multinomial.pmf(
                np.stack([p, n - p - d, d], axis=1), n, [share, 1 - share - other, other]
            )
            net = share - other
            found.append(chance @ ((lower <= net + 1e-12) & (net - 1e-12 <= upper)))
    return np.array(found)


@pytest.mark.parametrize(
    ("n", "mean", "lowest"),
    [(1, 0.98, 0.83), (2, 0.98, 0.90), (5, 0.97, 0.92), (10, 0.96, 0.935), (20, 0.955, 0.94)],
)
def test_score_interval_holds_what_it_promises_by_counting_every_outcome(
    n: int, mean: float, lowest: float
) -> None:
    """On average over all populations at least 95 %, and nowhere far below; Wald's fails at both."""
    held = coverage(tango_interval, n, 1 / 21)
    assert mean <= held.mean() <= 0.99
    assert held.min() >= lowest
    plain = coverage(wald_net_interval, n, 1 / 21)
    assert plain.mean() < 0.92
    assert plain.min() < 0.77


@pytest.mark.parametrize("level", [0.5, 0.95, 0.999999])
def test_score_interval_of_a_billion_and_of_next_to_nothing(level: float) -> None:
    """The width follows n over eighteen orders of magnitude, without a warning."""
    z = stats.norm.isf((1 - level) / 2)
    for p, d, n in ((5e8, 2e8, 1e9), (1e9, 0, 1e9), (1, 0, 1e9), (0, 0, 1e9), (5e299, 2e299, 1e300)):
        lower, upper = (float(bound) for bound in tango_interval(p, d, n, confidence_level=level))
        net, share = (p - d) / n, (p + d) / n
        normal = 2 * z * math.sqrt(max(share - net**2, 0) / n)
        assert upper - lower == pytest.approx(normal, rel=1e-3, abs=3 * z**2 / n + 1e-15)
    for p, d, n in ((5e-9, 2e-9, 1e-8), (1e-9, 0, 1e-9), (0, 0, 1e-9)):
        lower, upper = (float(bound) for bound in tango_interval(p, d, n, confidence_level=level))
        assert lower < -0.9999
        assert upper > 0.9999


# ── Wald, plain and adjusted ────────────────────────────────────────────────────────────────────────


@given(COUNTS, st.tuples(*3 * [st.floats(0, 5)]), LEVEL)
def test_added_answers_are_answers(
    counts: tuple[float, float, float], added: tuple[float, float, float], level: float
) -> None:
    """Adding them gives the plain interval of what was seen and added together."""
    p, q, d = counts
    adjusted = wald_net_interval(p, d, p + q + d, added=added, confidence_level=level)
    together = bounds(
        wald_net_interval, *(seen + more for seen, more in zip(counts, added, strict=True)), level=level
    )
    assert [float(bound) for bound in adjusted] == pytest.approx(together, rel=1e-9, abs=1e-9)


def test_wald_is_returned_as_the_formula_gives_it() -> None:
    lower, upper = wald_net_interval([7, 10, 0], [1, 0, 0], [10, 10, 5])
    assert upper[0] > 1
    assert (lower[1:] == upper[1:]).all()
    assert [float(bound) for bound in wald_net_interval(0, 0, 0)] == [-1, 1]


# ── Jeffreys ────────────────────────────────────────────────────────────────────────────────────────


def posterior(x: float, p: float, q: float, d: float) -> float:
    """P(net share <= x): the density of the share that is not neutral, integrated by SciPy."""
    share = stats.beta(p + d + 1, q + 0.5)
    ends = [*share.ppf([1e-15, 0.001, 0.05, 0.5, 0.95, 0.999]), share.isf(1e-15)]
    ends = sorted({*ends, min(max(abs(x), ends[0]), ends[-1])})
    return sum(
        integrate.quad(
            lambda s: share.pdf(s) * betainc(p + 0.5, d + 0.5, min(max((1 + x / s) / 2, 0), 1)),
            *pair,
            epsabs=1e-13,
            limit=500,
        )[0]
        for pair in itertools.pairwise(ends)
    )


@pytest.mark.filterwarnings("ignore::scipy.integrate.IntegrationWarning")
@pytest.mark.parametrize(
    "counts",
    [(50, 30, 20), (0, 0, 0), (10, 0, 0), (0, 5, 0), (0, 1000, 0), (2, 0, 3), (0, 3, 1), (0.2, 0.1, 0.3)],
)
@pytest.mark.parametrize("level", [0.5, 0.95, 0.9999])
def test_jeffreys_leaves_half_the_error_on_each_side(
    counts: tuple[float, float, float], level: float
) -> None:
    lower, upper = bounds(jeffreys_net_interval, *counts, level=level)
    tail = (1 - level) / 2
    assert posterior(lower, *counts) == pytest.approx(tail, rel=2e-6)
    # The tail above is the one below of the answers turned round.
    assert posterior(-upper, *counts[::-1]) == pytest.approx(tail, rel=2e-6)


@given(COUNTS, LEVEL)
@examples(20)
def test_jeffreys_stays_on_the_scale_and_turns_round(
    counts: tuple[float, float, float], level: float
) -> None:
    lower, upper = bounds(jeffreys_net_interval, *counts, level=level)
    assert -1 <= lower < upper <= 1
    turned = bounds(jeffreys_net_interval, *counts[::-1], level=level)
    assert turned == pytest.approx([-upper, -lower], abs=1e-12)


def test_jeffreys_of_a_billion_answers_is_normal() -> None:
    lower, upper = (float(bound) for bound in jeffreys_net_interval(5e8, 2e8, 1e9))
    error = math.sqrt((0.7 - 0.09) / 1e9)
    assert (lower, upper) == pytest.approx((0.3 - Z * error, 0.3 + Z * error), abs=1e-9)


# ── All of them ─────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("method", METHODS)
def test_arrays_are_broadcast_and_agree_with_one_by_one(
    method: Callable[..., tuple[FloatArray, FloatArray]],
) -> None:
    p, d, n = np.array([[5.0], [0.0], [2.5]]), np.array([1.0, 3.0]), 8
    lower, upper = method(p, d, n)
    assert lower.shape == upper.shape == (3, 2)
    for index in np.ndindex(3, 2):
        alone = method(p[index[0], 0], d[index[1]], n)
        assert (lower[index], upper[index]) == pytest.approx([float(bound) for bound in alone], abs=1e-12)
    assert all(bound.shape == (0,) for bound in method([], [], []))


@pytest.mark.parametrize("method", METHODS)
def test_no_answers_say_nothing(method: Callable[..., tuple[FloatArray, FloatArray]]) -> None:
    """Or what the prior says, which is a little less than everything."""
    lower, upper = (float(bound) for bound in method(0, 0, 0))
    assert lower == pytest.approx(-1, abs=0.07)
    assert upper == pytest.approx(1, abs=0.07)


def test_sums_of_weights_may_miss_their_total_by_the_last_bits() -> None:
    parts = [0.1] * 3
    assert sum(parts) > 0.3
    lower, upper = tango_interval(sum(parts), 0.0, 0.3)
    assert float(upper) == 1.0
    assert float(lower) < 1.0


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize(
    ("counts", "message"),
    [
        ((-1, 0, 5), "`positive` must be a finite number at least 0, got -1"),
        ((1, math.nan, 5), "`negative` must be a finite number at least 0, got nan"),
        ((1, 1, math.inf), "`n` must be a finite number at least 0, got inf"),
        ((3, 3, 5), "`n` must be at least `positive [+] negative`, got 5"),
        (([1, 3, 4], 2, [5, 5, 5]), r"got 5 at position 2 \(1 of 3 values\)"),
        (([1, 3], [1, 2, 3], 9), "lengths must agree or be 1, got `positive`"),
        (("many", 1, 5), "`positive` must be numbers, got values of type text; convert them first"),
        ((True, 0, 5), "`positive` must be numbers, got values of type bool"),
    ],
)
def test_counts_that_cannot_be_are_refused(
    method: Callable[..., tuple[FloatArray, FloatArray]], counts: tuple[float, float, float], message: str
) -> None:
    with pytest.raises(InvalidInputError, match=message):
        method(*counts)


@pytest.mark.parametrize("method", METHODS)
def test_a_level_in_percent_is_refused(method: Callable[..., tuple[FloatArray, FloatArray]]) -> None:
    with pytest.raises(
        InvalidInputError, match=r"`confidence_level` must be .* got 95; 95 % is written 0.95"
    ):
        method(1, 1, 5, confidence_level=95)


@pytest.mark.parametrize(
    ("added", "message"),
    [
        ((1.0, -1.0, 1.0), r"`added` must be a finite number at least 0, got -1 at position 1 \(1 of 3"),
        ((1.0, 1.0), r"`added` must be three numbers, got an array of shape \(2,\)"),
    ],
)
def test_added_answers_that_cannot_be_are_refused(added: tuple[float, ...], message: str) -> None:
    with pytest.raises(InvalidInputError, match=message):
        wald_net_interval(1, 1, 5, added=added)  # type: ignore[arg-type]

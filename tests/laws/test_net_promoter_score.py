"""Laws that every Net Promoter Score obeys, whatever the answers, the design and the method."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from customer_centric.nps import (
    NetPromoterScore,
    RatingScale,
    net_promoter_score,
    net_promoter_score_from_counts,
)
from customer_centric.nps._estimates import CountMethod
from effort import examples

ANSWERS = st.lists(st.integers(0, 10), min_size=1, max_size=30)
ROWS = st.lists(st.one_of(st.integers(0, 10), st.none()), min_size=1, max_size=30).filter(
    lambda rows: any(row is not None for row in rows)
)
METHODS = st.sampled_from(("score", "adjusted_wald", "wald", "jeffreys"))
# The scale read from the other end: who was a promoter is a detractor.
MIRRORED = RatingScale(detractor_max=1, promoter_min=4)


def designs(n: int) -> st.SearchStrategy[dict[str, Any]]:
    """Weights, clusters, both, or neither; one value a row."""
    weights = st.lists(st.floats(0.1, 20), min_size=n, max_size=n)
    clusters = st.lists(st.integers(0, 5), min_size=n, max_size=n)
    return st.fixed_dictionaries({}, optional={"weights": weights, "clusters": clusters})


def bounds(nps: NetPromoterScore) -> list[float]:
    return [nps.interval.lower, nps.interval.upper]


def everything(nps: NetPromoterScore) -> list[float]:
    return [
        *(nps.score, *bounds(nps), nps.promoter_share, nps.passive_share, nps.detractor_share),
        *(nps.standard_error, nps.effective_n, nps.design_effect, nps.interval_n),
    ]


@given(ROWS, st.data())
def test_the_interval_is_honest_for_any_answers_and_design(rows: list[int | None], data: Any) -> None:
    """Inside -100 to 100, the score inside it, never of width zero; shares sum to 1; rows add up."""
    design = data.draw(designs(len(rows)))
    nps = net_promoter_score(rows, **design)
    assert -100 <= nps.interval.lower <= nps.score <= nps.interval.upper <= 100
    assert nps.interval.width > 0
    assert nps.promoter_share + nps.passive_share + nps.detractor_share == pytest.approx(1.0)
    assert nps.score == pytest.approx(100 * (nps.promoter_share - nps.detractor_share))
    assert nps.n + nps.n_missing == len(rows)
    assert 0 < nps.interval_n <= nps.n * (1 + 1e-9)


@examples(60)
@given(ANSWERS, METHODS, st.data())
def test_the_scale_read_backwards_negates_score_and_interval(
    ratings: list[int], method: CountMethod, data: Any
) -> None:
    design = data.draw(designs(len(ratings)))
    nps = net_promoter_score(ratings, method=method, **design)
    turned = net_promoter_score([10 - rating for rating in ratings], scale=MIRRORED, method=method, **design)
    assert turned.score == pytest.approx(-nps.score, abs=1e-9)
    assert bounds(turned) == pytest.approx([-nps.interval.upper, -nps.interval.lower], abs=1e-6)
    assert turned.standard_error == pytest.approx(nps.standard_error, abs=1e-9, nan_ok=True)


@examples(60)
@given(ANSWERS, st.integers(2, 6))
def test_more_answers_of_the_same_kinds_narrow_the_interval(ratings: list[int], times: int) -> None:
    few, many = net_promoter_score(ratings), net_promoter_score(ratings * times)
    assert many.score == pytest.approx(few.score)
    assert few.interval.lower <= many.interval.lower + 1e-9
    assert many.interval.upper <= few.interval.upper + 1e-9


@examples(60)
@given(ANSWERS, METHODS, st.floats(1e-3, 1e3))
def test_a_design_that_is_none_changes_nothing(
    ratings: list[int], method: CountMethod, weight: float
) -> None:
    """Equal weights, clusters of one, a single stratum: a simple random sample."""
    plain = everything(net_promoter_score(ratings, method=method))
    n = len(ratings)
    same: list[dict[str, Any]] = [{"weights": [weight] * n}, {"clusters": range(n)}]
    same += [{"strata": ["all"] * n}] * (n > 1) + [{"weights": np.ones(n), "clusters": range(n)}]
    for design in same:
        found = everything(net_promoter_score(ratings, method=method, **design))
        assert found == pytest.approx(plain, rel=1e-9, abs=1e-9, nan_ok=True)


@examples(60)
@given(ANSWERS, st.floats(1e-3, 1e3), st.data())
def test_weights_count_up_to_a_constant(ratings: list[int], factor: float, data: Any) -> None:
    weights = np.array(data.draw(st.lists(st.floats(0.1, 20), min_size=len(ratings), max_size=len(ratings))))
    nps = net_promoter_score(ratings, weights=weights)
    scaled = net_promoter_score(ratings, weights=factor * weights)
    assert everything(scaled) == pytest.approx(everything(nps), rel=1e-7, abs=1e-7, nan_ok=True)


@examples(60)
@given(ROWS, st.data())
def test_the_order_of_rows_and_rows_without_an_answer_change_nothing(
    rows: list[int | None], data: Any
) -> None:
    design = data.draw(designs(len(rows)))
    order = data.draw(st.permutations(range(len(rows))))
    nps = net_promoter_score(rows, **design)
    shuffled = net_promoter_score(
        [rows[i] for i in order], **{name: [values[i] for i in order] for name, values in design.items()}
    )
    answered = [i for i, row in enumerate(rows) if row is not None]
    alone = net_promoter_score(
        [rows[i] for i in answered],
        **{name: [values[i] for i in answered] for name, values in design.items()},
    )
    for other in (shuffled, alone):
        assert everything(other) == pytest.approx(everything(nps), rel=1e-7, abs=1e-7, nan_ok=True)


@examples(60)
@given(st.tuples(*[st.integers(0, 2000)] * 3).filter(any), METHODS)
def test_counts_are_all_that_matters(counts: tuple[int, int, int], method: CountMethod) -> None:
    promoters, passives, detractors = counts
    ratings = np.repeat([10, 8, 0], counts)
    counted = net_promoter_score_from_counts(promoters, passives, detractors, method=method)
    answered = net_promoter_score(ratings, method=method)
    assert everything(answered) == pytest.approx(everything(counted), rel=1e-9, abs=1e-9)
    assert answered.n == counted.n == sum(counts)


@examples(60)
@given(ANSWERS, st.data())
def test_a_happier_customer_never_lowers_the_score_or_its_bounds(ratings: list[int], data: Any) -> None:
    position = data.draw(st.integers(0, len(ratings) - 1))
    better = [*ratings]
    better[position] = data.draw(st.integers(ratings[position], 10))
    before, after = net_promoter_score(ratings), net_promoter_score(better)
    assert after.score >= before.score - 1e-9
    assert after.interval.lower >= before.interval.lower - 1e-6
    assert after.interval.upper >= before.interval.upper - 1e-6


@examples(60)
@given(ANSWERS, METHODS, st.floats(0.05, 0.99), st.floats(0.05, 0.99))
def test_more_confidence_takes_a_wider_interval(
    ratings: list[int], method: CountMethod, one: float, other: float
) -> None:
    low, high = sorted((one, other))
    inner = net_promoter_score(ratings, method=method, confidence_level=low)
    outer = net_promoter_score(ratings, method=method, confidence_level=high)
    assert outer.interval.lower <= inner.interval.lower + 1e-6
    assert inner.interval.upper <= outer.interval.upper + 1e-6


@examples(60)
@given(ANSWERS, st.floats(1, 50))
def test_a_finite_population_narrows_the_interval_down_to_nothing(ratings: list[int], times: float) -> None:
    n = len(ratings)
    sample, part = net_promoter_score(ratings), net_promoter_score(ratings, population=times * n)
    assert sample.interval.lower <= part.interval.lower + 1e-6
    assert part.interval.upper <= sample.interval.upper + 1e-6
    census = net_promoter_score(ratings, population=n)
    assert bounds(census) == pytest.approx([sample.score] * 2)


@examples(40)
@given(ANSWERS, st.integers(2, 4))
def test_copies_of_a_cluster_member_say_nothing_new(ratings: list[int], copies: int) -> None:
    """An account whose people all answer alike is one answer, however many people it has."""
    n = len(ratings)
    assume(n > 1)
    one = net_promoter_score(ratings)
    many = net_promoter_score(np.repeat(ratings, copies), clusters=np.repeat(np.arange(n), copies))
    assert many.score == pytest.approx(one.score)
    assert many.standard_error == pytest.approx(one.standard_error * np.sqrt(n / (n - 1)))
    assert many.interval_n <= n * (1 + 1e-9)
    assert many.interval.width >= one.interval.width - 1e-6

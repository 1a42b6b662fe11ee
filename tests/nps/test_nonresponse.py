"""What the silent could change is bounded by what they can be."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from customer_centric import net_promoter_score, net_promoter_score_from_counts
from customer_centric.errors import InvalidInputError
from customer_centric.nps import NetPromoterScore, nonresponse_bounds
from effort import examples

COUNTS = st.tuples(st.integers(0, 40), st.integers(0, 40), st.integers(0, 40)).filter(any)
SILENT = st.integers(0, 300)
TARGETS = st.sampled_from([-100.0, -30.0, 0.0, 12.5, 100.0])


def scored(counts: tuple[int, int, int], silent: int) -> NetPromoterScore:
    return net_promoter_score_from_counts(*counts, invited=sum(counts) + silent)


# ── Independent numbers ─────────────────────────────────────────────────────────────────────────────


def test_counting_everybody_in() -> None:
    """50 promoters, 30 passives and 20 detractors of 250 asked: 150 more of either kind."""
    bounds = nonresponse_bounds(scored((50, 30, 20), 150))
    assert bounds.response_rate == 0.4
    assert bounds.lowest == pytest.approx(100 * (50 - 170) / 250)
    assert bounds.highest == pytest.approx(100 * (200 - 20) / 250)
    assert bounds.tipping_point == pytest.approx(-20.0)
    assert str(bounds) == (
        "NPS 30.0 at a response rate of 40.0 %: that of all who were asked lies between -48.0 and 72.0; it "
        "is 0 if the silent ones score -20.0"
    )


@examples(40)
@given(COUNTS, SILENT)
def test_bounds_are_the_scores_with_the_silent_ones_added_to_either_side(
    counts: tuple[int, int, int], silent: int
) -> None:
    promoters, passives, detractors = counts
    bounds = nonresponse_bounds(scored(counts, silent))
    low = net_promoter_score_from_counts(promoters, passives, detractors + silent)
    high = net_promoter_score_from_counts(promoters + silent, passives, detractors)
    assert bounds.lowest == pytest.approx(low.score, abs=1e-9)
    assert bounds.highest == pytest.approx(high.score, abs=1e-9)


# ── Laws ────────────────────────────────────────────────────────────────────────────────────────────


@examples(40)
@given(COUNTS, SILENT)
def test_the_width_depends_on_the_response_rate_alone(counts: tuple[int, int, int], silent: int) -> None:
    bounds = nonresponse_bounds(scored(counts, silent))
    assert bounds.highest - bounds.lowest == pytest.approx(200 * (1 - bounds.response_rate), abs=1e-9)
    assert bounds.interval.lower <= bounds.lowest <= bounds.score <= bounds.highest
    assert bounds.highest <= bounds.interval.upper
    assert bounds.interval.lower >= -100 - 1e-9
    assert bounds.interval.upper <= 100 + 1e-9


@examples(40)
@given(COUNTS, SILENT, TARGETS)
def test_at_the_tipping_point_the_whole_is_the_target(
    counts: tuple[int, int, int], silent: int, target: float
) -> None:
    bounds = nonresponse_bounds(scored(counts, silent), target=target)
    within = bounds.lowest - 1e-9 <= target <= bounds.highest + 1e-9 and silent > 0
    assert math.isnan(bounds.tipping_point) is not within
    assert (bounds.reason is None) is within
    if within:
        assert -100 <= bounds.tipping_point <= 100
        rate = bounds.response_rate
        whole = rate * bounds.score + (1 - rate) * bounds.tipping_point
        assert whole == pytest.approx(target, abs=1e-6)


@examples(40)
@given(COUNTS, SILENT, TARGETS)
def test_turning_the_scale_around_turns_everything_around(
    counts: tuple[int, int, int], silent: int, target: float
) -> None:
    here = nonresponse_bounds(scored(counts, silent), target=target)
    there = nonresponse_bounds(scored(counts[::-1], silent), target=-target)
    assert (there.lowest, there.highest) == pytest.approx((-here.highest, -here.lowest))
    assert there.tipping_point == pytest.approx(-here.tipping_point, nan_ok=True)
    assert there.interval.lower == pytest.approx(-here.interval.upper, abs=1e-6)


@examples(40)
@given(COUNTS, st.integers(1, 300), st.integers(1, 300))
def test_fewer_silent_ones_change_less(counts: tuple[int, int, int], silent: int, other: int) -> None:
    assume(silent < other)
    fewer, more = (nonresponse_bounds(scored(counts, n)) for n in (silent, other))
    assert more.lowest <= fewer.lowest + 1e-9
    assert fewer.highest <= more.highest + 1e-9


def test_the_interval_holds_the_whole_range_as_often_as_it_should() -> None:
    """All samples of 12 from a large population of which half would answer: the range of its score."""
    outcomes = [(p, 12 - p - d, d) for p in range(13) for d in range(13 - p)]
    intervals = [nonresponse_bounds(scored(counts, 12)).interval for counts in outcomes]
    for promoter, detractor in ((0.5, 0.2), (0.8, 0.05), (0.3, 0.3)):
        lowest, highest = (0.5 * 100 * (promoter - detractor) + side * 50 for side in (-1, 1))
        held = 0.0
        for (p, q, d), interval in zip(outcomes, intervals, strict=True):
            chance = math.comb(12, p) * math.comb(12 - p, d) * promoter**p * detractor**d
            inside = interval.lower <= lowest + 1e-9 and highest - 1e-9 <= interval.upper
            held += chance * (1 - promoter - detractor) ** q * inside
        assert held >= 0.925


# ── Edges and errors ────────────────────────────────────────────────────────────────────────────────


def test_everybody_answered() -> None:
    nps = scored((5, 3, 2), 0)
    bounds = nonresponse_bounds(nps)
    assert bounds.lowest == bounds.highest == bounds.score == 30.0
    assert bounds.interval == nps.interval
    assert math.isnan(bounds.tipping_point)
    assert bounds.reason == "everybody who was asked answered"
    assert str(bounds).endswith("no tipping point: everybody who was asked answered")


def test_nothing_the_silent_ones_think_turns_it_around() -> None:
    above = nonresponse_bounds(scored((90, 5, 5), 10))
    assert math.isnan(above.tipping_point)
    assert above.reason == "whatever the silent ones think, the score of all stays above 0"
    below = nonresponse_bounds(scored((5, 5, 90), 10), target=20)
    assert below.reason == "whatever the silent ones think, the score of all stays below 20"


def test_one_answer_of_many_asked() -> None:
    bounds = nonresponse_bounds(scored((1, 0, 0), 999))
    assert (bounds.lowest, bounds.highest) == pytest.approx((-99.8, 100.0))
    assert bounds.tipping_point == pytest.approx(-100 / 999)


def test_a_tipping_point_at_the_very_end() -> None:
    """As many silent ones as a unanimous answer needs to be turned around exactly."""
    bounds = nonresponse_bounds(scored((7, 0, 0), 7))
    assert bounds.tipping_point == -100.0
    assert bounds.reason is None


def test_ratings_that_are_missing_are_no_answers() -> None:
    nps = net_promoter_score([10, 9, 3, np.nan], invited=4)
    assert nonresponse_bounds(nps).response_rate == 0.75


def test_a_number_is_no_score() -> None:
    with pytest.raises(InvalidInputError, match=r"^`nps` must be a NetPromoterScore, got 30; score"):
        nonresponse_bounds(30)  # type: ignore[arg-type]


def test_the_number_of_invitations_must_be_known() -> None:
    nps = net_promoter_score([10, 9, 3])
    with pytest.raises(InvalidInputError, match=r"`nps` must know how many.*pass `invited` to `net_promoter"):
        nonresponse_bounds(nps)


@pytest.mark.parametrize("target", [-101.0, 100.5, math.nan])
def test_targets_off_the_scale_are_refused(target: float) -> None:
    with pytest.raises(InvalidInputError, match="`target` must be a finite number at least -100 and at"):
        nonresponse_bounds(scored((1, 1, 1), 1), target=target)

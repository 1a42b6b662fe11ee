"""The same customers asked twice, all of them or some."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from customer_centric.errors import InvalidInputError
from customer_centric.nps import (
    NPS_SCALE,
    NpsDifference,
    RatingScale,
    compare_nps,
    compare_nps_panel,
    net_promoter_score,
)
from effort import examples

RATING = {"promoter": 10, "passive": 7, "detractor": 0}
# Each customer: the answer in either wave, or none in it.
ANSWER = st.sampled_from([10, 7, 0, None])
CUSTOMERS = st.lists(st.tuples(ANSWER, ANSWER), min_size=1, max_size=40).filter(
    lambda rows: any(a is not None for a, _ in rows) and any(b is not None for _, b in rows)
)


def compared(rows: list[tuple[int | None, int | None]], **options: Any) -> NpsDifference:
    """Both answers of customers 0, 1, ...; those without an answer are not in the wave at all."""
    first = [(i, a) for i, (a, _) in enumerate(rows) if a is not None]
    second = [(i, b) for i, (_, b) in enumerate(rows) if b is not None]
    return compare_nps_panel(
        [a for _, a in first],
        [b for _, b in second],
        first_customers=[i for i, _ in first],
        second_customers=[i for i, _ in second],
        **options,
    )


# ── Published and independent numbers ───────────────────────────────────────────────────────────────


def test_the_published_matched_pairs_are_reproduced() -> None:
    """Bentur et al. (2009), 21 children before and after: 1 changed one way, 7 the other, 13 not at all.

    Fagerland, Lydersen and Laake print Tango's interval of the difference of proportions as -.51723 to
    -.02600; from detractor to promoter is twice that difference.
    """
    rows: list[tuple[int | None, int | None]] = [(10, 0), *[(0, 10)] * 7, *[(10, 10)] * 6, *[(0, 0)] * 7]
    found = compared(rows)
    assert found.difference == pytest.approx(-600 * 2 / 21)
    assert (found.interval.lower, found.interval.upper) == pytest.approx((-103.446, -5.200), abs=2e-3)


def test_a_wave_of_passives_leaves_the_published_interval_of_one_score() -> None:
    """50 promoters, 30 passives, 20 detractors: 13.955 to 44.339."""
    found = compared([*[(10, 7)] * 50, *[(7, 7)] * 30, *[(0, 7)] * 20])
    assert (found.interval.lower, found.interval.upper) == pytest.approx((13.955, 44.339), abs=5e-4)


def test_the_standard_error_of_pairs_is_that_of_their_changes() -> None:
    rng = np.random.default_rng(7)
    first = rng.choice([10, 7, 0], 2000, p=[0.5, 0.3, 0.2])
    second = np.where(rng.random(2000) < 0.6, first, rng.choice([10, 7, 0], 2000))
    found = compared(list(zip(first.tolist(), second.tolist(), strict=True)))
    change = NPS_SCALE.net_values(first.astype(float)) - NPS_SCALE.net_values(second.astype(float))
    assert found.standard_error == pytest.approx(100 * change.std(ddof=1) / math.sqrt(2000), rel=2e-3)
    assert found.difference == pytest.approx(100 * change.mean())


def test_pairs_tell_more_than_as_many_different_people() -> None:
    """A copula panel with correlation .5: standard errors are three quarters of those of strangers."""
    rng = np.random.default_rng(11)
    latent = rng.multivariate_normal([0, 0], [[1, 0.5], [0.5, 1]], 5000)
    ratings = np.where(latent > 0.2, 10, np.where(latent > -0.8, 7, 0))
    ids = np.arange(5000)
    panel = compare_nps_panel(ratings[:, 0], ratings[:, 1], first_customers=ids, second_customers=ids)
    apart = compare_nps(net_promoter_score(ratings[:, 0]), net_promoter_score(ratings[:, 1]))
    assert panel.standard_error / apart.standard_error == pytest.approx(0.765, abs=0.02)
    assert panel.detectable < 0.8 * apart.detectable


# ── Laws ────────────────────────────────────────────────────────────────────────────────────────────


@given(CUSTOMERS)
@examples(40)
def test_exchanging_the_waves_changes_the_sign(rows: list[tuple[int | None, int | None]]) -> None:
    there, back = compared(rows), compared([(b, a) for a, b in rows])
    assert back.difference == pytest.approx(-there.difference)
    assert (back.interval.lower, back.interval.upper) == pytest.approx(
        (-there.interval.upper, -there.interval.lower), abs=1e-6
    )
    assert back.z == pytest.approx(-there.z)
    assert (back.n_first_only, back.n_second_only) == (there.n_second_only, there.n_first_only)


@given(CUSTOMERS)
@examples(40)
def test_bounds_are_honest_for_any_overlap(rows: list[tuple[int | None, int | None]]) -> None:
    found = compared(rows)
    assert -200 - 1e-6 <= found.interval.lower <= found.difference + 1e-9
    assert found.difference - 1e-9 <= found.interval.upper <= 200 + 1e-6
    assert found.interval.width > 1
    assert found.standard_error > 0
    assert 0 <= found.p_value <= 1
    assert found.n_first + found.n_second == 2 * found.n_pairs + found.n_first_only + found.n_second_only


@given(CUSTOMERS)
@examples(40)
def test_without_overlap_it_is_the_comparison_of_two_groups(
    rows: list[tuple[int | None, int | None]],
) -> None:
    first, second = [a for a, _ in rows if a is not None], [b for _, b in rows if b is not None]
    ids = [f"a{i}" for i in range(len(first))], [f"b{i}" for i in range(len(second))]
    panel = compare_nps_panel(first, second, first_customers=ids[0], second_customers=ids[1])
    groups = compare_nps(net_promoter_score(first), net_promoter_score(second))
    assert panel.difference == pytest.approx(groups.difference)
    assert (panel.interval.lower, panel.interval.upper) == pytest.approx(
        (groups.interval.lower, groups.interval.upper)
    )
    assert panel.z == pytest.approx(groups.z)
    assert panel.detectable == pytest.approx(groups.detectable)
    assert not panel.paired


@given(CUSTOMERS, st.randoms(use_true_random=False))
@examples(20)
def test_the_order_of_rows_changes_nothing(rows: list[tuple[int | None, int | None]], random: Any) -> None:
    shuffled = rows.copy()
    random.shuffle(shuffled)
    assert compared(shuffled) == compared(rows)


# ── Edges ───────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("answer", [10, 7, 0])
@pytest.mark.parametrize("n", [1, 10, 500])
def test_customers_who_all_answer_alike_twice_still_leave_doubt(answer: int, n: int) -> None:
    found = compared([(answer, answer)] * n)
    assert found.difference == 0
    assert found.interval.lower < 0 < found.interval.upper
    assert found.p_value == pytest.approx(1)
    assert found.detectable > 0


def test_one_customer_who_turned_from_detractor_to_promoter_proves_nothing() -> None:
    found = compared([(0, 10)])
    assert found.difference == -200
    assert found.interval.upper > 0
    assert found.p_value > 0.2


def test_a_missing_answer_makes_a_single_of_a_pair() -> None:
    found = compare_nps_panel(
        [10, None, 9, 42],
        [7, 8, np.nan],
        first_customers=["a", "b", "c", "d"],
        second_customers=["a", "b", "c"],
        invalid="missing",
    )
    assert (found.n_pairs, found.n_first_only, found.n_second_only) == (1, 1, 1)
    assert (found.n_missing, found.n_invalid) == (2, 1)
    assert found.paired


def test_ids_of_any_kind_are_matched_by_value() -> None:
    whole = compare_nps_panel([10, 3], [9, 8], first_customers=[7, 8], second_customers=[8.0, 7.0])
    assert whole.n_pairs == 2
    text = compare_nps_panel(
        [10, 3],
        [9, 8],
        first_customers=pd.Series(["x", "y"], dtype="category"),
        second_customers=np.array(["y", "z"]),
    )
    assert text.n_pairs == 1


def test_another_scale_sets_other_classes() -> None:
    stars = RatingScale(minimum=1, maximum=5, detractor_max=3, promoter_min=5)
    found = compare_nps_panel(
        [5, 5, 4], [3, 4, 5], first_customers=[1, 2, 3], second_customers=[1, 2, 3], scale=stars
    )
    assert found.difference == pytest.approx(200 / 3)


def test_the_sentence_counts_the_customers_in_both_waves() -> None:
    assert "from 3 and 3 answers, 3 customers in both; smallest difference found with 80 % power" in str(
        compared([(10, 7), (9, 9), (0, 10)])
    )


# ── Refusals ────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            {"first_customers": ["a", "b", "a"]},
            (
                "`first_customers` must name each customer once, got 'a' again at position 2 (1 of 3 "
                "answers); keep one answer a customer, the latest for instance"
            ),
        ),
        (
            {"second_customers": ["a", None, "c"]},
            (
                "`second_customers` must be present for every answer, got a missing one at position 1 (1 of "
                "3 answers); remove these answers or compare the two waves as different people with "
                "compare_nps"
            ),
        ),
        (
            {"second_customers": ["a", "b"]},
            "`second_customers` must have one value a rating, got shape (2,) for 3 ratings",
        ),
        (
            {"second_customers": [1, 2, 3]},
            (
                "`first_customers` and `second_customers` must be ids of one kind, got string and integer "
                "values, of which none agree; convert both to text"
            ),
        ),
        (
            {"first_ratings": [None, None, None]},
            "`first_ratings` must have at least one answer, got 3 rows without one",
        ),
        (
            {"second_ratings": [9, 8, 11]},
            "`second_ratings` must be whole numbers from 0 to 10, got 11 at position 2 (1 of 3 values)",
        ),
        ({"power": 1.5}, "`power` must be a finite number greater than 0 and less than 1, got 1.5"),
        (
            {"confidence_level": 95},
            (
                "`confidence_level` must be a finite number greater than 0 and less than 1, got 95; 95 % is "
                "written 0.95"
            ),
        ),
    ],
)
def test_what_is_no_panel_is_refused(change: dict[str, Any], message: str) -> None:
    arguments: dict[str, Any] = {
        "first_ratings": [10, 9, 3],
        "second_ratings": [9, 8, 7],
        "first_customers": ["a", "b", "c"],
        "second_customers": ["a", "b", "c"],
    } | change
    first, second = arguments.pop("first_ratings"), arguments.pop("second_ratings")
    with pytest.raises(InvalidInputError) as error:
        compare_nps_panel(first, second, **arguments)
    assert str(error.value).startswith(message)

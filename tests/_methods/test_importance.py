"""Parts of R squared: published numbers, laws, a slow twin, and how they move with the data."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from customer_centric._methods.importance import (
    Importance,
    full_matrix,
    relative_importance,
    relative_weights,
    shapley_importance,
    shapley_r_squared,
    slopes_of,
)
from customer_centric.typing import FloatArray
from effort import examples

# Three drivers whose parts were computed by hand from the definition.
THREE = (np.array([[1.0, 0.6, 0.4], [0.6, 1.0, 0.5], [0.4, 0.5, 1.0]]), np.array([0.5, 0.45, 0.3]))
# Correlations of X, M, Ybin and Y in the 100 rows of the mediation example of pingouin 0.5.5, whose
# documentation prints the parts below, equal to those of R's relaimpo.
MEDIATION = np.array(
    [
        [1.0, 0.5143810696546239, -0.16711122926073113, 0.33869891283150894],
        [0.5143810696546239, 1.0, -0.09085203297332438, 0.6100458745919254],
        [-0.16711122926073113, -0.09085203297332438, 1.0, 0.06724570333426053],
        [0.33869891283150894, 0.6100458745919254, 0.06724570333426053, 1.0],
    ]
)


def slow_shapley(rows: FloatArray, outcome: FloatArray) -> FloatArray:
    """Increments of R squared over all orders, each regression on its own."""
    p = rows.shape[1]
    total = np.zeros(p)
    centred = outcome - outcome.mean()
    orders = list(itertools.permutations(range(p)))
    for order in orders:
        before = 0.0
        for j in range(p):
            chosen = rows[:, order[: j + 1]]
            chosen = chosen - chosen.mean(axis=0)
            residual = centred - chosen @ np.linalg.lstsq(chosen, centred, rcond=1e-9)[0]
            now = 1.0 - residual @ residual / (centred @ centred)
            total[order[j]] += now - before
            before = now
    return total / len(orders)


def correlations_of(rows: FloatArray) -> FloatArray:
    centred = rows - rows.mean(axis=0)
    covariance = centred.T @ centred
    spread = np.sqrt(np.diag(covariance))
    # A column of equal numbers misses its mean by the last bit.
    spread[spread < 1e-9] = np.inf
    return np.asarray(covariance / np.outer(spread, spread))


def parts_of(full: FloatArray) -> FloatArray:
    return shapley_r_squared(full[:-1, :-1], full[:-1, -1])


def some_rows(seed: int, p: int, n: int = 40) -> FloatArray:
    rng = np.random.default_rng(seed)
    halo = rng.normal(size=(n, 1))
    return rng.normal(size=(n, p + 1)) + rng.uniform(0, 2) * halo


SEEDS = st.integers(0, 2**32 - 1)


# ── Published and stated numbers ────────────────────────────────────────────────────────────────────


def test_three_drivers() -> None:
    assert shapley_r_squared(*THREE) == pytest.approx([0.151505, 0.101802, 0.033927], abs=5e-7)
    assert relative_weights(*THREE) == pytest.approx([0.152158, 0.100488, 0.034588], abs=5e-7)
    assert shapley_r_squared(*THREE).sum() == pytest.approx(0.287234, abs=5e-7)


def test_two_drivers_as_published_by_pingouin_and_relaimpo() -> None:
    """With two drivers Shapley values and relative weights are the same."""
    drivers, with_outcome = MEDIATION[:2, :2], MEDIATION[:2, 3]
    expected = pytest.approx([0.05778011, 0.31521913], abs=5e-9)
    assert shapley_r_squared(drivers, with_outcome) == expected
    assert relative_weights(drivers, with_outcome) == expected
    assert shapley_r_squared(drivers, with_outcome).sum() == pytest.approx(0.37299924, abs=5e-9)


def test_three_drivers_as_published_by_pingouin() -> None:
    drivers, with_outcome = MEDIATION[:3, :3], MEDIATION[:3, 3]
    parts, weights = shapley_r_squared(drivers, with_outcome), relative_weights(drivers, with_outcome)
    assert parts == pytest.approx([0.06010737, 0.31724368, 0.01217479], abs=5e-9)
    assert weights == pytest.approx([0.06102694, 0.31699678, 0.01150212], abs=5e-9)
    assert parts.sum() == pytest.approx(0.38952584, abs=1e-8)


# ── Laws ────────────────────────────────────────────────────────────────────────────────────────────


@examples(30)
@given(SEEDS, st.integers(1, 5), st.sampled_from(["as they are", "a copy", "a sum", "a constant"]))
def test_the_tree_is_the_mean_over_all_orders(seed: int, p: int, twist: str) -> None:
    """As regressions one by one, collinear drivers and those that never vary included."""
    rows = some_rows(seed, p)
    if p > 1 and twist == "a copy":
        rows[:, 0] = -3.0 * rows[:, 1] + 7.0
    if p > 2 and twist == "a sum":
        rows[:, 0] = rows[:, 1] + 2.0 * rows[:, 2]
    if twist == "a constant":
        rows[:, 0] = 0.1
    expected = slow_shapley(rows[:, :-1], rows[:, -1])
    full = correlations_of(rows)
    assert parts_of(full) == pytest.approx(expected, abs=1e-9)
    assert shapley_importance(full).parts == pytest.approx(expected, abs=1e-9)


@examples(50)
@given(SEEDS, st.integers(1, 8))
def test_parts_sum_to_r_squared_and_are_never_negative(seed: int, p: int) -> None:
    full = correlations_of(some_rows(seed, p))
    r_squared = full[:-1, -1] @ slopes_of(full)
    for parts in (parts_of(full), relative_weights(full[:-1, :-1], full[:-1, -1])):
        assert parts.sum() == pytest.approx(r_squared, abs=1e-10)
        assert (parts >= 0).all()


@examples(50)
@given(SEEDS, st.permutations(range(5)))
def test_the_order_of_drivers_changes_nothing(seed: int, order: list[int]) -> None:
    full = correlations_of(some_rows(seed, 5))
    turned = full[np.ix_([*order, 5], [*order, 5])]
    assert parts_of(turned) == pytest.approx(parts_of(full)[order], abs=1e-12)
    assert relative_importance(turned).parts == pytest.approx(
        relative_importance(full).parts[order], abs=1e-10
    )


@examples(30)
@given(SEEDS)
def test_copies_share_equally(seed: int) -> None:
    rows = some_rows(seed, 4)
    rows[:, 0] = rows[:, 1]
    full = correlations_of(rows)
    for parts in (parts_of(full), relative_importance(full).parts):
        assert parts[0] == pytest.approx(parts[1], abs=1e-9)


@examples(30)
@given(SEEDS)
def test_a_driver_that_has_nothing_to_do_with_the_others_gets_its_squared_correlation(seed: int) -> None:
    """And 0 where it has nothing to do with the outcome either."""
    full = correlations_of(some_rows(seed, 4))
    full[0, 1:4] = full[1:4, 0] = 0.0
    full[0, 4] = full[4, 0] = 0.1
    for own in (0.1, 0.0):
        full[0, 4] = full[4, 0] = own
        assert parts_of(full)[0] == pytest.approx(own**2, abs=1e-12)
        assert relative_importance(full).parts[0] == pytest.approx(own**2, abs=1e-10)


def test_many_matrices_at_once_are_each_as_alone() -> None:
    """Chunks and shapes of the batch are of no consequence."""
    full = np.stack([correlations_of(some_rows(seed, 12)) for seed in range(60)]).reshape(3, 20, 13, 13)
    together = shapley_r_squared(full[..., :12, :12], full[..., :12, 12])
    assert together.shape == (3, 20, 12)
    assert together[1, 5] == pytest.approx(parts_of(full[1, 5]), abs=1e-14)
    assert together[2, 19] == pytest.approx(parts_of(full[2, 19]), abs=1e-14)
    weights = relative_weights(full[..., :12, :12], full[..., :12, 12])
    assert weights[1, 5] == pytest.approx(relative_importance(full[1, 5]).parts, abs=1e-12)


def test_one_driver_gets_its_squared_correlation() -> None:
    assert shapley_r_squared(np.ones((1, 1)), np.array([-0.4])) == pytest.approx([0.16])
    assert relative_weights(np.ones((1, 1)), np.array([-0.4])) == pytest.approx([0.16])


def test_drivers_that_never_vary_get_nothing() -> None:
    assert shapley_r_squared(np.zeros((2, 2)), np.zeros(2)).tolist() == [0.0, 0.0]
    assert relative_weights(np.zeros((2, 2)), np.zeros(2)).tolist() == [0.0, 0.0]


def test_fifteen_drivers_go_through_all_32768_subsets() -> None:
    """Equal correlations: all drivers get the same, and R squared has a closed form."""
    p, own, halo = 15, 0.4, 0.5
    drivers = np.full((p, p), halo)
    np.fill_diagonal(drivers, 1.0)
    parts = shapley_r_squared(drivers, np.full(p, own))
    assert parts == pytest.approx(np.full(p, own**2 / (1 + (p - 1) * halo)), rel=1e-10)


# ── Drawn orders ────────────────────────────────────────────────────────────────────────────────────


def test_all_orders_in_turn_are_all_subsets() -> None:
    full = correlations_of(some_rows(3, 4))
    drawn = shapley_importance(full, order=np.array(list(itertools.permutations(range(4)))))
    exact = shapley_importance(full)
    assert drawn.parts == pytest.approx(exact.parts, abs=1e-13)
    assert drawn.forms == pytest.approx(exact.forms, abs=1e-12)


def test_increments_along_an_order_are_squares_of_a_cholesky_factor() -> None:
    """The last row of the factor, the outcome last."""
    full = correlations_of(some_rows(4, 6))
    order = np.array([[3, 1, 5, 0, 2, 4], [0, 1, 2, 3, 4, 5]])
    expected = np.zeros(6)
    for one in (*order, *order[:, ::-1]):
        turned = full[np.ix_([*one, 6], [*one, 6])]
        expected[one] += np.linalg.cholesky(turned)[-1, :-1] ** 2 / 4
    assert shapley_importance(full, order=order).parts == pytest.approx(expected, abs=1e-12)


def test_drawn_orders_are_off_by_their_standard_error() -> None:
    rng = np.random.default_rng(5)
    full = correlations_of(some_rows(5, 8))
    exact = parts_of(full)
    away = []
    for _ in range(60):
        drawn = shapley_importance(full, order=np.array([rng.permutation(8) for _ in range(50)]))
        assert drawn.parts.sum() == pytest.approx(exact.sum(), abs=1e-10)
        away.append((drawn.parts - exact) / drawn.sampling_errors)
    assert np.sqrt(np.mean(np.square(away))) == pytest.approx(1.0, abs=0.15)


# ── Influence ───────────────────────────────────────────────────────────────────────────────────────


def influence(rows: FloatArray, importance: Importance) -> FloatArray:
    standardised = (rows - rows.mean(axis=0)) / rows.std(axis=0)
    return np.einsum("ia,kab,ib->ik", standardised, importance.forms, standardised)


@pytest.mark.parametrize("measure", [shapley_importance, relative_importance])
@pytest.mark.parametrize("collinear", [False, True])
def test_influence_is_what_a_little_more_weight_on_a_row_does(measure: object, collinear: bool) -> None:
    rows = some_rows(7, 4, n=30)
    if collinear:
        rows[:, 0] = 2.0 * rows[:, 2]

    def at(weight: FloatArray) -> FloatArray:
        weight = weight / weight.sum()
        centred = rows - weight @ rows
        covariance = (centred * weight[:, None]).T @ centred
        spread = np.sqrt(np.diag(covariance))
        full = covariance / np.outer(spread, spread)
        return np.asarray(measure(full).parts)  # type: ignore[operator]

    found = influence(rows, measure(correlations_of(rows)))  # type: ignore[operator]
    assert found.sum(axis=0) == pytest.approx(np.zeros(4), abs=1e-10)
    for i in (0, 11, 29):
        nudge = np.zeros(30)
        nudge[i] = 1e-4
        slope = (at(np.ones(30) + nudge) - at(np.ones(30) - nudge)) / 2e-4
        assert found[i] / 30 == pytest.approx(slope, abs=1e-7)


def test_the_full_matrix_has_the_outcome_last() -> None:
    full = full_matrix(*THREE)
    assert full.shape == (4, 4)
    assert full[3].tolist() == [0.5, 0.45, 0.3, 1.0]
    assert np.array_equal(full, full.T)
